"""The handshake: how a WebSocket is opened, and how it is refused."""

from __future__ import annotations

import base64
import hashlib

from conformance.engine.judge import NotOffered, Words, expect, knows_no_websocket, not_testable, refusal_of
from conformance.engine.kit.costs import ABSENT
from conformance.engine.probe import Conversation
from conformance.engine.requirement import requirement
from conformance.engine.views import View
from conformance.families.realtime.probes import KEY_SUBPROTOCOL, SUBPROTOCOL
from conformance.families.realtime.reading import Evidence, closings, dialogue, opened
from conformance.wire.exchange import Exchange

ACCEPT_SALT = "258EAFA5-E914-47DA-95CA-C5AB0DC85B11"
"""RFC 6455 1.3."""


def accept_of(key: str) -> str:
    """What a server has to answer to a key (RFC 6455 4.2.2)."""
    return base64.b64encode(hashlib.sha1((key + ACCEPT_SALT).encode()).digest()).decode()


def status(exchange: Exchange) -> Words:
    if exchange.switched:
        return Words("HTTP 101, then a close frame" if closings(exchange, sent=False) else "HTTP 101")
    return Words(f"HTTP {exchange.status}: {exchange.text[:200]}")


def there(exchange: Exchange, plain: Evidence) -> Exchange:
    """The exchange, unless the hub answers as if it had no such path, to this or to the plain handshake."""
    if plain and knows_no_websocket(plain[0]):
        raise NotOffered(f"realtime is not served: {refusal_of(plain[0])}")
    if exchange.status in ABSENT or exchange.media_type == "text/html":
        raise NotOffered(f"the hub answers as if nothing were there: HTTP {exchange.status}")
    return exchange


def _tokens(exchange: Exchange, name: str) -> list[str]:
    return [part.strip().lower() for value in exchange.header_all(name) for part in value.split(",")]


@requirement("realtime.handshake.switched")
def test_the_answer_switches_protocols(any_realtime_socket: Evidence) -> None:
    for exchange in opened(any_realtime_socket):
        wanted = accept_of(exchange.request.header("sec-websocket-key") or "")
        got = ", ".join(exchange.header_all("sec-websocket-accept"))
        expect(got == wanted, wanted, got or Words("no such header"), "sec-websocket-accept", exchange)
        for name, word in (("upgrade", "websocket"), ("connection", "upgrade")):
            got = exchange.header(name) or ""
            expect(word in _tokens(exchange, name), word, got or Words("no such header"), name, exchange)


@requirement("realtime.handshake.no-extension")
def test_nothing_is_agreed_that_was_not_offered(any_realtime_socket: Evidence) -> None:
    for exchange in opened(any_realtime_socket):
        found = exchange.header("sec-websocket-extensions")
        expect(not found, "no extension, as none was offered", found, "sec-websocket-extensions", exchange)


@requirement("realtime.handshake.subprotocol-token")
def test_the_token_is_taken_from_the_subprotocols(realtime_session: Exchange, realtime_browser: Exchange) -> None:
    opened((realtime_session,))
    got = status(realtime_browser)
    expect(realtime_browser.switched, "HTTP 101, as with a header", got, "", realtime_browser)


@requirement("realtime.handshake.subprotocol")
def test_realtime_is_chosen_where_it_is_offered(realtime_browser: Exchange) -> None:
    opened((realtime_browser,))
    got = realtime_browser.header_all("sec-websocket-protocol")
    expect(got == (SUBPROTOCOL,), SUBPROTOCOL, ", ".join(got) or Words("no such header"), "sec-websocket-protocol")


@requirement("realtime.handshake.subprotocol-offered")
def test_only_what_was_offered_is_chosen(any_realtime_socket: Evidence) -> None:
    for exchange in opened(any_realtime_socket):
        offered = _offered(exchange)
        for chosen in exchange.header_all("sec-websocket-protocol"):
            right = chosen.strip() in offered and not chosen.strip().startswith(KEY_SUBPROTOCOL)
            wanted = f"one of {', '.join(offered)}" if offered else "no subprotocol, as none was offered"
            expect(right, wanted, chosen, "sec-websocket-protocol", exchange)


def _offered(exchange: Exchange) -> list[str]:
    value = exchange.request.header("sec-websocket-protocol") or ""
    return [part.strip() for part in value.split(",") if part.strip()]


@requirement("realtime.handshake.stranger")
def test_a_stranger_is_refused(realtime_strangers: Conversation, plain_handshake: Evidence) -> None:
    stranger = there(realtime_strangers[0], plain_handshake)
    expect(stranger.status == 401, "HTTP 401 in the place of the upgrade", status(stranger), "", stranger)


@requirement("realtime.handshake.wrong-token")
def test_a_wrong_token_is_refused(realtime_strangers: Conversation, plain_handshake: Evidence) -> None:
    for exchange in realtime_strangers[1:]:
        there(exchange, plain_handshake)
        expect(exchange.status == 401, "HTTP 401 in the place of the upgrade", status(exchange), "", exchange)


class _Body(View):
    error: dict[str, object] | None = None


@requirement("realtime.handshake.refusal-body")
def test_a_refused_handshake_says_why(realtime_strangers: Conversation, plain_handshake: Evidence) -> None:
    refusals = [exchange for exchange in realtime_strangers if exchange.status == 401]
    if not refusals:
        there(realtime_strangers[0], plain_handshake)
        not_testable("nothing was refused with 401")
    for exchange in refusals:
        error = _Body.of(exchange).error if exchange.is_json and isinstance(exchange.json, dict) else None
        told = error is not None and isinstance(error.get("message"), str)
        expect(told, "an error object with a message", exchange.text[:200], "", exchange)


@requirement("realtime.handshake.plain-get")
def test_a_plain_get_is_refused(realtime_no_handshakes: Conversation) -> None:
    plain = realtime_no_handshakes[0]
    refused = plain.status is not None and 400 <= plain.status < 500
    expect(refused, "HTTP 400 or 426", status(plain), "", plain)


@requirement("realtime.handshake.plain-get-status")
def test_a_plain_get_is_told_to_upgrade(realtime_no_handshakes: Conversation, plain_handshake: Evidence) -> None:
    plain = there(realtime_no_handshakes[0], plain_handshake)
    if plain.status in (401, 403):
        not_testable("the hub refuses the credential first")
    expect(plain.status in (400, 426), "HTTP 400 or 426", status(plain), "", plain)


@requirement("realtime.handshake.version")
def test_another_version_is_refused(realtime_no_handshakes: Conversation, plain_handshake: Evidence) -> None:
    old = there(_second(realtime_no_handshakes), plain_handshake)
    refused = old.status is not None and 400 <= old.status < 500
    expect(refused, "HTTP 426 or 400", status(old), "", old)
    if old.status in (401, 403):
        not_testable("the hub refuses the credential first")
    known = _tokens(old, "sec-websocket-version")
    expect("13" in known, "the version that is spoken: 13", Words(", ".join(known) or "no such header"), _VERSION, old)


_VERSION = "sec-websocket-version"


def _second(exchanges: Conversation) -> Exchange:
    return exchanges[1] if len(exchanges) > 1 else not_testable("this was not sent: the run ended before")


@requirement("realtime.handshake.no-model")
def test_a_missing_model_is_no_trap(realtime_no_model: Exchange, plain_handshake: Evidence) -> None:
    nameless = there(realtime_no_model, plain_handshake)
    if not nameless.switched:
        refused = nameless.status is not None and 400 <= nameless.status < 500
        expect(refused, "a session, or HTTP 400", status(nameless), "", nameless)
        return
    heard = [step for step in dialogue(nameless) if not step.sent]
    told = bool(heard) and heard[0].type in ("session.created", "error")
    got = heard[0].value if heard else Words("no event")
    expect(told, "a session, HTTP 400, or an event that says what is wrong", got, "", nameless)
