"""Ways to make a fault from a function that changes an answer, a chunk of a stream, or the fate of a request."""

import json
from collections.abc import Callable, Iterable, Iterator, Sequence
from typing import Any

from conformance.hub.faults.base import Ask, Frame, Reply, Spoil, Tell, event_bytes, event_frame

Body = dict[str, Any]
When = Callable[[Body], bool]
"""Whether a fault touches a request, by its JSON body."""


def always(_asked: Body) -> bool:
    """Every request."""
    return True


def has(*names: str) -> When:
    """Requests in which all these fields are given."""
    return lambda asked: all(asked.get(name) is not None for name in names)


def lacks(*names: str) -> When:
    """Requests in which none of these fields is given."""
    return lambda asked: all(asked.get(name) is None for name in names)


def on_answers(*operations: str, when: When = always) -> Callable[[Callable[[Body, Body], Any]], Spoil]:
    """Makes a fault of a function `(asked, answer)` that changes a whole JSON answer in place."""

    def wrap(change: Callable[[Body, Body], Any]) -> Spoil:
        def spoil(ask: Ask, reply: Reply) -> Reply:
            asked = ask.json
            if ask.operation not in operations or asked is None or not (reply.status == 200 and reply.is_json):
                return reply
            answer = reply.json
            before = json.dumps(answer)
            if when(asked):
                change(asked, answer)
            return reply if json.dumps(answer) == before else reply.with_json(answer)

        return spoil

    return wrap


def on_events(
    change: Callable[[Body], Any], *types: str, when: Callable[[Sequence[Frame]], bool] = lambda _before: True
) -> Tell:
    """Makes a fault of a function that changes events of a WebSocket, those of these types or, without any, all.

    `change` gives an event, a frame, a list of such, or None to leave it out; `when` is given the frames before.
    """

    def tell(_ask: Ask, before: Sequence[Frame], frame: Frame) -> list[Frame]:
        event = frame.json
        if event is None or (types and event.get("type") not in types) or not when(before):
            return [frame]
        made = change(event)
        several = made if isinstance(made, list) else [] if made is None else [made]
        return [one if isinstance(one, Frame) else event_frame(one) for one in several]

    return tell


def on_stream(
    *operations: str, when: When = always, done: Iterable[Any] = ("[DONE]",)
) -> Callable[[Callable[[Body, list[Body]], Iterable[Any]]], Spoil]:
    """Makes a fault of a function from `(asked, chunks)` of a stream to its events, to which `done` is added."""

    def wrap(rewrite: Callable[[Body, list[Body]], Iterable[Any]]) -> Spoil:
        def spoil(ask: Ask, reply: Reply) -> Reply:
            asked = ask.json
            if ask.operation not in operations or asked is None or not reply.is_stream or not when(asked):
                return reply
            chunks = [json.loads(data) for _, data in reply.events if data.startswith("{")]
            times = [at for at, _ in reply.events]
            return reply.with_events(timed([*rewrite(asked, chunks), *done], times), reply.end)

        return spoil

    return wrap


def on_chunks(*operations: str, when: When = always) -> Callable[[Callable[[Body, Body], Any]], Spoil]:
    """Makes a fault of a function `(asked, chunk)` that changes one chunk of a stream in place."""

    def wrap(change: Callable[[Body, Body], Any]) -> Spoil:
        def rewrite(asked: Body, chunks: list[Body]) -> list[Body]:
            for chunk in chunks:
                change(asked, chunk)
            return chunks

        return on_stream(*operations, when=when)(rewrite)

    return wrap


def timed(events: Iterable[Any], times: Sequence[float]) -> Iterator[tuple[float, Any]]:
    """Events at the times of those in whose places they stand; those beyond the last come with it."""
    for number, event in enumerate(events):
        yield times[min(number, len(times) - 1)], event


def named(event: Any, name: str | None = "") -> bytes:
    """An event of a stream whose events have names: that of its type unless another one or None is given.

    Text and bytes are written without a name.
    """
    word = str(event.get("type", "")) if name == "" and isinstance(event, dict) else name
    return (f"event: {word}\n".encode() if word else b"") + event_bytes(event)


def serves(operation: str, field: str, wrong: Callable[[Any], bool], answer: Body) -> Spoil:
    """A fault that answers requests whose field is wrong; a missing field is `...`."""

    def spoil(ask: Ask, reply: Reply) -> Reply:
        if ask.operation != operation or reply.status != 400 or ask.json is None:
            return reply
        return reply.with_status(200).with_json(answer) if wrong(ask.json.get(field, ...)) else reply

    return spoil


def refuses(
    *operations: str, when: When, status: int = 400, param: str | None = None, code: str = "invalid_value"
) -> Spoil:
    """A fault that refuses good requests."""

    def spoil(ask: Ask, reply: Reply) -> Reply:
        if ask.operation not in operations or reply.status != 200 or ask.json is None or not when(ask.json):
            return reply
        kind = "invalid_request_error" if status < 500 else "server_error"
        error = {"message": "The request cannot be served.", "type": kind, "param": param, "code": code}
        plain = reply.with_header("content-type", "application/json")
        return plain.with_status(status).with_json({"error": error})

    return spoil


def nameless(operation: str) -> Spoil:
    """A fault whose refusals name no field."""

    def spoil(ask: Ask, reply: Reply) -> Reply:
        if ask.operation != operation or reply.status != 400 or not reply.is_json:
            return reply
        answer = reply.json
        answer["error"]["param"] = None
        return reply.with_json(answer)

    return spoil
