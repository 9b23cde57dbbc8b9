"""Judges of what a browser makes of the hub's replies."""

from __future__ import annotations

from conformance.engine.judge import NotOffered, Words, expect, not_testable
from conformance.engine.probe import Conversation
from conformance.engine.requirement import requirement
from conformance.everywhere.cors.probes import SAFELISTED
from conformance.everywhere.isolation.probes import ORIGIN
from conformance.wire.exchange import Exchange

PREFIX = "access-control-"
ALLOW_ORIGIN = "access-control-allow-origin"
ALLOW_METHODS = "access-control-allow-methods"
ALLOW_HEADERS = "access-control-allow-headers"
REQUEST_IDS = ("x-request-id", "request-id")
RESULTS = ("choices", "output", "content", "candidates", "data", "results")
"""Members by which an answer of any format is known."""


def _shows_support(exchanges: Conversation) -> bool:
    return any(name.lower().startswith(PREFIX) for exchange in exchanges for name, _ in exchange.headers)


def _expect_support(*exchanges: Exchange) -> None:
    if not _shows_support(exchanges):
        not_testable("the hub shows no Access-Control header, and so does not claim to serve browsers")


def _tokens(exchange: Exchange, name: str) -> set[str]:
    values = ",".join(exchange.header_all(name))
    return {token.strip().lower() for token in values.split(",") if token.strip()}


def _header(exchange: Exchange, name: str) -> Words:
    return Words(", ".join(exchange.header_all(name)) or "no such header")


def _permission(preflight: Exchange, replies: Conversation) -> Exchange:
    """The answer to a request for permission, when it is one.

    Raises:
        NotTestable: the hub does not mean to serve browsers, or refuses.
        NotOffered: there is nothing at this path.
    """
    _expect_support(preflight, *replies)
    if preflight.status == 404:
        raise NotOffered("the hub answers 404, as if nothing were there")
    return preflight


def _granted(preflight: Exchange, replies: Conversation) -> Exchange:
    permission = _permission(preflight, replies)
    if not permission.ok:
        not_testable(f"the request for permission is answered with {permission.status}, which another sentence judges")
    return permission


@requirement("cors.preflight.ok")
def test_permission_is_given(cors_preflight: Exchange, isolation_sequence: Conversation) -> None:
    permission = _permission(cors_preflight, isolation_sequence)
    expect(permission.ok, "HTTP 2xx", Words(f"HTTP {permission.status}"))


@requirement("cors.preflight.origin")
def test_permission_is_for_this_page(cors_preflight: Exchange, isolation_sequence: Conversation) -> None:
    permission = _granted(cors_preflight, isolation_sequence)
    expect(_allows_page(permission), f"{ORIGIN} or *", _header(permission, ALLOW_ORIGIN), ALLOW_ORIGIN)


def _allows_page(exchange: Exchange) -> bool:
    return bool(_tokens(exchange, ALLOW_ORIGIN) & {"*", ORIGIN})


@requirement("cors.preflight.method")
def test_permission_is_for_this_method(cors_preflight: Exchange, isolation_sequence: Conversation) -> None:
    permission = _granted(cors_preflight, isolation_sequence)
    method = permission.request.header("access-control-request-method") or ""
    allowed = _tokens(permission, ALLOW_METHODS)
    fine = method in SAFELISTED or bool(allowed & {method.lower(), "*"})
    expect(fine, f"{method} or *", _header(permission, ALLOW_METHODS), ALLOW_METHODS)


@requirement("cors.preflight.authorization")
def test_permission_is_for_a_key(cors_preflight: Exchange, isolation_sequence: Conversation) -> None:
    permission = _granted(cors_preflight, isolation_sequence)
    named = "authorization" in _tokens(permission, ALLOW_HEADERS)
    expect(named, "a list with authorization", _header(permission, ALLOW_HEADERS), ALLOW_HEADERS)


@requirement("cors.preflight.headers")
def test_permission_is_for_other_headers(cors_preflight: Exchange, isolation_sequence: Conversation) -> None:
    permission = _granted(cors_preflight, isolation_sequence)
    allowed = _tokens(permission, ALLOW_HEADERS)
    asked = (permission.request.header("access-control-request-headers") or "").split(",")
    missing = [name for name in asked if name not in allowed and name != "authorization"]
    fine = not missing or "*" in allowed
    expect(fine, f"{', '.join(missing)} as well", _header(permission, ALLOW_HEADERS), ALLOW_HEADERS)


@requirement("cors.reply.success")
def test_an_answer_may_be_read(isolation_sequence: Conversation) -> None:
    listed = isolation_sequence[1]
    _expect_readable(isolation_sequence, listed, f"the list was not given: HTTP {listed.status}")


@requirement("cors.reply.stream")
def test_a_stream_may_be_read(isolation_after_drop: Exchange, isolation_sequence: Conversation) -> None:
    if not isolation_after_drop.events:
        not_testable("there is no event stream here")
    refused = f"the stream was not given: HTTP {isolation_after_drop.status}"
    _expect_readable((*isolation_sequence, isolation_after_drop), isolation_after_drop, refused)


def _expect_readable(replies: Conversation, exchange: Exchange, refused: str) -> None:
    _expect_support(*replies)
    if not exchange.ok:
        not_testable(refused)
    _expect_origin(exchange)


def _expect_origin(exchange: Exchange) -> None:
    expect(_allows_page(exchange), f"{ORIGIN} or *", _header(exchange, ALLOW_ORIGIN), ALLOW_ORIGIN, exchange)


@requirement("cors.reply.refusal")
def test_a_refusal_may_be_read(isolation_sequence: Conversation) -> None:
    _expect_support(*isolation_sequence)
    refused = [exchange for exchange in isolation_sequence if exchange.status is not None and exchange.status >= 400]
    if not refused:
        not_testable("nothing was refused here")
    for exchange in refused:
        _expect_origin(exchange)


def _allowing(exchanges: Conversation) -> list[Exchange]:
    found = [exchange for exchange in exchanges if exchange.header(ALLOW_ORIGIN)]
    if not found:
        not_testable("no reply here names an origin")
    return found


@requirement("cors.origin.once")
def test_one_origin_is_named(any_cors_reply: Conversation) -> None:
    for exchange in _allowing(any_cors_reply):
        values = ",".join(exchange.header_all(ALLOW_ORIGIN)).split(",")
        expect(len(values) == 1, "one value", _header(exchange, ALLOW_ORIGIN), ALLOW_ORIGIN, exchange)


@requirement("cors.origin.vary")
def test_a_repeated_origin_is_told_to_caches(any_cors_reply: Conversation) -> None:
    repeating = [exchange for exchange in _allowing(any_cors_reply) if ORIGIN in _tokens(exchange, ALLOW_ORIGIN)]
    for exchange in repeating:
        told = bool(_tokens(exchange, "vary") & {"origin", "*"})
        expect(told, "Origin in it", _header(exchange, "vary"), "vary", exchange)


@requirement("cors.exposed")
def test_the_request_id_may_be_read(isolation_sequence: Conversation) -> None:
    _expect_support(*isolation_sequence)
    for exchange in isolation_sequence:
        present = [name for name in REQUEST_IDS if exchange.header(name)]
        if not present or not exchange.ok:
            continue
        name = "access-control-expose-headers"
        exposed = bool(_tokens(exchange, name) & {*present, "*"})
        expect(exposed, f"a list with {present[0]}", _header(exchange, name), name, exchange)


@requirement("cors.credentials.no-star")
def test_no_star_for_cookies(any_cors_reply: Conversation) -> None:
    for exchange in _allowing(any_cors_reply):
        both = "*" in _tokens(exchange, ALLOW_ORIGIN) and exchange.header("access-control-allow-credentials")
        got = Words("both a star and credentials")
        expect(not both, "a star, or credentials with one origin", got, ALLOW_ORIGIN, exchange)


@requirement("cors.options.no-server-error")
def test_options_is_no_server_error(any_options: Conversation) -> None:
    for exchange in any_options:
        fine = (exchange.status or 0) < 500 or exchange.status == 501
        expect(fine, "HTTP 2xx or 4xx", Words(f"HTTP {exchange.status}"), exchange=exchange)


@requirement("cors.options.no-work")
def test_options_does_no_work(any_options: Conversation) -> None:
    for exchange in any_options:
        value = exchange.json if exchange.ok and exchange.is_json else None
        worked = isinstance(value, dict) and any(isinstance(value.get(name), list) for name in RESULTS)
        streamed = exchange.ok and bool(exchange.events)
        got = Words(f"an answer of the operation: {exchange.text[:120]!r}")
        expect(not (worked or streamed), "no answer of the operation", got, exchange=exchange)
