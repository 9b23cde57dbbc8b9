"""Requests that no hub can serve as they stand: how they are asked, and what their refusal has to be like."""

from __future__ import annotations

from collections.abc import Mapping, Sequence
from typing import Any

from conformance.engine.judge import expect, inconclusive, not_testable
from conformance.engine.probe import Conversation, Hub
from conformance.wire.exchange import Exchange

Wrongs = Mapping[str, Any]
"""Wrong values by words of which the first is the field: `{"n": 0, "n as text": "two"}`; `...` leaves a field out."""


async def ask_wrongly(hub: Hub, operation: str, plain: Mapping[str, Any], wrongs: Wrongs) -> Conversation:
    """Send a valid request once for each wrong value, with that value in it."""
    bodies = [{**plain, words.partition(" ")[0]: value} for words, value in wrongs.items()]
    return tuple([await hub.send(operation, json=_without_gaps(body)) for body in bodies])


def _without_gaps(body: dict[str, Any]) -> dict[str, Any]:
    return {name: value for name, value in body.items() if value is not ...}


def reply_to(conversation: Sequence[Exchange], wrongs: Wrongs, words: str) -> Exchange:
    """The reply to one wrong value.

    Raises:
        Inconclusive: it was not sent.
    """
    number = list(wrongs).index(words)
    if number >= len(conversation):
        inconclusive("this request was not sent: the run ended before")
    return conversation[number]


def expect_params(conversation: Sequence[Exchange], wrongs: Wrongs) -> None:
    """Break when a refusal has an error object that does not name the wrong field in `param`.

    Raises:
        NotTestable: no request was refused with an error object.
    """
    judged = 0
    for exchange, words in zip(conversation, wrongs, strict=False):
        error = error_of(exchange)
        if error is None:
            continue
        judged += 1
        field, param = words.partition(" ")[0], error.get("param")
        named = isinstance(param, str) and field in param
        expect(named, f"a param that names {field}", param, "/error/param", exchange)
    if not judged:
        not_testable("no request was refused with an error object")


def error_of(exchange: Exchange) -> dict[str, Any] | None:
    """The error object of a refusal in the OpenAI envelope, None when there is none."""
    if exchange.ok or not exchange.is_json or not isinstance(exchange.json, dict):
        return None
    error = exchange.json.get("error")
    return error if isinstance(error, dict) else None
