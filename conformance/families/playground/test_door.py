"""Judges of who may use the playground, and of what it refuses."""

from __future__ import annotations

from conformance.engine.judge import NotOffered, Words, expect, not_testable, refusal_of
from conformance.engine.probe import Conversation
from conformance.engine.requirement import requirement
from conformance.wire.exchange import Exchange

CLOSED = (401, 403)
NOT_THERE = (404, 405, 410, 501)


def _needs_to_be_there(exchange: Exchange) -> None:
    if exchange.status in NOT_THERE or exchange.media_type == "text/html":
        raise NotOffered(f"the hub answers as if there were no playground: {refusal_of(exchange)}")


def _status(exchange: Exchange) -> Words:
    return Words(f"HTTP {exchange.status}: {exchange.text[:200]}")


@requirement("playground.session.opens")
def test_a_session_opens_it(playground_door: Exchange) -> None:
    expect(playground_door.status not in CLOSED, "an answer to the session", _status(playground_door))


@requirement("playground.request.group")
def test_a_group_may_be_named(playground_group: Exchange) -> None:
    if playground_group.status in CLOSED:
        not_testable("the session does not open it, which another sentence judges")
    expect(playground_group.ok, "an answer, as without a group", _status(playground_group))


@requirement("playground.api-key.closed")
def test_an_api_key_does_not_open_it(playground_by_key: Conversation) -> None:
    exchange = _with_key(playground_by_key)
    expect(not _answers(exchange), "a refusal", Words("an answer of the model"), exchange=exchange)


def _with_key(exchanges: Conversation) -> Exchange:
    """The reply to a key at the playground.

    Raises:
        NotOffered: there is no playground.
    """
    _needs_to_be_there(exchanges[0])
    if any(_answers(exchange) for exchange in exchanges[1:]):
        raise NotOffered("the hub answers as chat at any path that ends so: this is no playground")
    return exchanges[0]


def _answers(exchange: Exchange) -> bool:
    if not exchange.ok:
        return False
    value = exchange.json if exchange.is_json else None
    return bool(exchange.events) or (isinstance(value, dict) and isinstance(value.get("choices"), list))


@requirement("playground.api-key.status")
def test_an_api_key_is_refused_with_401(playground_by_key: Conversation) -> None:
    exchange = _with_key(playground_by_key)
    if exchange.ok:
        not_testable("the key was not refused by its status, which another sentence judges")
    expect(exchange.status in CLOSED, "HTTP 401 or 403", _status(exchange), exchange=exchange)
