"""Judges of what the playground answers."""

from __future__ import annotations

from collections.abc import Iterator
from typing import Any

from conformance.engine.contract import load_contract
from conformance.engine.judge import Words, expect, not_testable
from conformance.engine.kit.chunks import Part, parts, whole_stream
from conformance.engine.kit.echo import expect_survival
from conformance.engine.kit.replies import expect_counts
from conformance.engine.kit.streams import event_data_schema
from conformance.engine.requirement import requirement
from conformance.families.playground.probes import PLAYGROUND
from conformance.wire.exchange import Exchange


@requirement("playground.answer.envelope")
def test_an_answer_is_a_chat_completion(playground_answer: Exchange) -> None:
    schema = load_contract().operation(PLAYGROUND).response_schema(200)
    assert schema is not None
    _expect_shape(playground_answer, schema)


@requirement("playground.stream.chunks")
def test_a_stream_is_made_of_chunks(playground_stream: Exchange) -> None:
    contract = load_contract()
    schema = event_data_schema(contract, contract.operation(PLAYGROUND))
    assert schema is not None
    _expect_shape(playground_stream, schema)


def _expect_shape(exchange: Exchange, schema: str) -> None:
    for part in parts(exchange):
        for one in load_contract().violations(schema, part.value):
            expect(False, "what the contract's schema says", Words(one.message), part.place(one.pointer), exchange)


@requirement("playground.answer.text")
def test_characters_survive(any_playground_reply: Exchange) -> None:
    pieces = [(part.place("/choices"), text) for part in parts(any_playground_reply) for text in _texts(part)]
    expect_survival(pieces, "".join(text for _, text in pieces), "/choices")


def _texts(part: Part) -> Iterator[str]:
    for choice in part.choices:
        spoken: Any = choice.get("message") or choice.get("delta")
        if isinstance(spoken, dict) and isinstance(spoken.get("content"), str):
            yield spoken["content"]


@requirement("playground.answer.ids")
def test_ids_tell_answers_apart(playground_answer: Exchange, playground_stream: Exchange) -> None:
    (answer,), chunks = _ids(playground_answer), _ids(playground_stream)
    expect(len(set(chunks)) == 1, "one id in all chunks", chunks[-1], "/id", playground_stream)
    expect(answer != chunks[0], "an id of its own for every answer", answer, "/id", playground_stream)


def _ids(exchange: Exchange) -> list[str]:
    found = [part.value.get("id") if isinstance(part.value, dict) else None for part in parts(exchange)]
    if not all(isinstance(one, str) and one for one in found):
        not_testable("there is no id, which another sentence judges")
    return [str(one) for one in found]


@requirement("playground.usage.total")
def test_the_usage_adds_up(playground_answer: Exchange) -> None:
    usage = parts(playground_answer)[0].usage
    expect(isinstance(usage, dict), "a usage object", usage, "/usage")
    expect_counts(usage, playground_answer)


@requirement("playground.stream.same-usage")
def test_a_stream_costs_the_same(playground_answer: Exchange, playground_stream: Exchange) -> None:
    plain, told = parts(playground_answer)[0].usage, [part.usage for part in whole_stream(playground_stream)]
    streamed = next((usage for usage in reversed(told) if isinstance(usage, dict)), None)
    expect(streamed is not None, "a usage object in the stream", Words("none"), "", playground_stream)
    if not isinstance(plain, dict) or _text(playground_answer) != _text(playground_stream):
        not_testable("the two answers differ, or the first one has no usage")
    for name in ("prompt_tokens", "completion_tokens"):
        wanted, got = plain.get(name), (streamed or {}).get(name)
        expect(got == wanted, f"{wanted} as without a stream", got, f"/usage/{name}", playground_stream)


def _text(exchange: Exchange) -> str:
    return "".join(text for part in parts(exchange) for text in _texts(part))
