"""Judges of Responses on evidence that real servers gave, and on evidence that nobody should give."""

from __future__ import annotations

import inspect
import json
from collections.abc import Callable
from dataclasses import replace
from typing import Any

import pytest

from conformance.engine.contract import load_contract
from conformance.engine.judge import Broken, Inconclusive, NotOffered, NotTestable, load_judges
from conformance.engine.probe import Registry, load_registry
from conformance.engine.requirement import requirement_ids
from conformance.families.responses import test_memory, test_stream, test_stream_items, test_tools
from conformance.wire.exchange import Exchange
from tests.support import answer

JUDGES = [judge for judge in load_judges() if judge.__module__.startswith("conformance.families.responses.")]
ASKED = {"model": "m", "input": "Say hello.", "max_output_tokens": 16, "tools": [], "tool_choice": {"name": "get_time"}}


def exchange(value: Any, *, status: int = 200, **asked: Any) -> Exchange:
    """An exchange of this operation; a list becomes an event stream, whose events are named when they have a type."""
    streams = isinstance(value, list)
    body = b"".join(framed(event) for event in value) if streams else json.dumps(value).encode()
    made = answer(body=body, status=status, media_type="text/event-stream" if streams else "application/json")
    request = replace(made.request, body=json.dumps({**ASKED, "stream": streams, **asked}).encode())
    return replace(made, request=replace(request, operation="responses-create"), started=1_760_000_000.0)


def framed(event: Any) -> bytes:
    kind = event.get("type") if isinstance(event, dict) else None
    return (f"event: {kind}\n" if kind else "").encode() + b"data: " + json.dumps(event).encode() + b"\n\n"


def message(text: str, status: str = "completed") -> dict[str, Any]:
    content = [{"type": "output_text", "text": text, "annotations": []}] if text else []
    return {"id": "msg_1", "type": "message", "role": "assistant", "status": status, "content": content}


def response(*output: Any, status: str = "completed", **rest: Any) -> dict[str, Any]:
    usage = {"input_tokens": 9, "output_tokens": 16, "total_tokens": 25}
    head = {"id": "resp_1", "object": "response", "created_at": 1_760_000_000, "model": "m"}
    return {**head, "status": status, "output": list(output), "usage": usage, **rest}


# A stream as an inference server sends it: no numbers, no indexes, and a first response that is hardly one.
BARE = [
    {"type": "response.created", "response": {"id": "resp_1", "object": "response", "status": "in_progress"}},
    {"type": "response.output_item.added", "item": message("", "in_progress")},
    {"type": "response.content_part.added", "item_id": "msg_1", "part": {"type": "output_text", "text": ""}},
    {"type": "response.output_text.delta", "item_id": "msg_1", "delta": "Hel"},
    {"type": "response.output_text.delta", "item_id": "msg_1", "delta": "lo"},
    {"type": "response.output_text.done", "item_id": "msg_1", "text": "Hello"},
    {"type": "response.content_part.done", "item_id": "msg_1", "part": {"type": "output_text", "text": "Hello"}},
    {"type": "response.output_item.done", "item": message("Hello")},
    {"type": "response.completed", "response": response(message("Hello"))},
]


def test_missing_numbers_and_indexes_are_said_once() -> None:
    broken = set()
    for module in (test_stream, test_stream_items):
        for judge in (value for value in vars(module).values() if requirement_ids(value)):
            if list(inspect.signature(judge).parameters) == ["any_responses_stream"]:
                try:
                    judge((exchange(BARE),))
                except Broken:
                    broken |= set(requirement_ids(judge))
                except NotTestable:
                    continue
    names = ("sequence-present", "place", "created-whole", "whole-responses", "logprobs-list")
    assert broken == {f"responses.stream.{name}" for name in names}


def test_an_answer_at_its_limit_may_be_cut_whatever_it_claims() -> None:
    first = exchange(response(message("and so on")), tool_choice="required")
    with pytest.raises(NotTestable, match="may be cut"):
        test_tools.test_some_tool_is_called_when_required((first,))


def test_a_hub_without_the_route_of_stored_answers_is_not_blamed() -> None:
    missing = exchange({"detail": "Not Found"}, status=404)
    talk = exchange(response(message("ok")))
    with pytest.raises(NotOffered):
        test_memory.test_stored_answer_is_the_same((talk, talk, missing))


def test_a_refused_past_is_as_good_as_a_kept_one() -> None:
    talk, refusal = exchange(response(message("ok"))), exchange({"error": {"message": "no"}}, status=400)
    test_memory.test_conversation_is_continued((talk, refusal))


ODD: list[Any] = [
    *(None, 7, "text", [], {}, [None, 7, "text", [], {}], {"output": 7}, {"output": [None, 7, {}, [[]]]}),
    {"output": [{"type": 7, "id": [], "content": [None, {"type": "output_text", "text": 7}], "summary": {}}]},
    {"status": "incomplete", "incomplete_details": 7, "usage": {"input_tokens": -1, "output_tokens": 10**40}},
    {"status": "completed", "error": [], "created_at": 10**40, "completed_at": -1.5, "model": ["m"], "tools": [7]},
    response({"type": "function_call", "call_id": 7, "name": [], "arguments": {}}, message("x")),
    [{"type": "response.created", "response": None}, {"type": "response.completed", "response": response(7, None)}],
    [{"type": ["a"], "sequence_number": "7"}, {"type": "error", "error": 7}, {"error": {"message": []}}],
    [
        {"type": "response.output_item.added", "output_index": -5, "item": 7, "sequence_number": -1},
        {"type": "response.content_part.added", "output_index": 10**30, "content_index": -1, "part": []},
        {"type": "response.output_text.delta", "output_index": 0, "content_index": 10**30, "delta": None},
        {"type": "response.function_call_arguments.done", "item_id": {}, "arguments": 7},
        {"type": "response.reasoning_summary_text.done", "summary_index": -7, "text": None},
        {"type": "response.output_item.done", "output_index": 3, "item": {"type": "message", "content": 7}},
        {"type": "response.completed", "response": response(status="failed", usage=None)},
        {"type": "response.created", "response": response()},
    ],
]


@pytest.fixture(scope="module")
def registry() -> Registry:
    return load_registry(load_contract())


@pytest.mark.parametrize("judge", JUDGES, ids=lambda judge: judge.__name__)
def test_a_judge_survives_whatever_a_hub_sends(judge: Callable[..., None], registry: Registry) -> None:
    plain = exchange(response(message("Hello")))
    slots = [registry.slots(name)[0] for name in inspect.signature(judge).parameters]
    for odd in ODD:
        strange = exchange(odd)
        given = [(strange,) * 5 if (slot.flat or slot.probe.many) and not slot.alone else strange for slot in slots]
        for evidence in (given, [*given[:-1], (plain,) * 5 if isinstance(given[-1], tuple) else plain]):
            try:
                judge(*evidence)
            except (Broken, NotTestable, NotOffered, Inconclusive):
                continue
