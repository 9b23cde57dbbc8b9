"""Judges of the Google format on evidence that real servers gave, and on evidence that nobody should give."""

from __future__ import annotations

import contextlib
import inspect
import json
from collections.abc import Callable
from dataclasses import replace
from typing import Any

import pytest

from conformance.engine.contract import load_contract
from conformance.engine.judge import Broken, Undecided, load_judges
from conformance.engine.probe import Registry, load_registry
from conformance.families.gemini import test_answer, test_request, test_stream, test_text, test_tools, test_usage
from conformance.wire.exchange import Exchange
from tests.support import answer

JUDGES = [judge for judge in load_judges() if judge.__module__.startswith("conformance.families.gemini.")]
GENERATE, STREAM = "generateContent", "streamGenerateContent"
USAGE = {"promptTokenCount": 9, "candidatesTokenCount": 4, "totalTokenCount": 13}
FREE = {"promptTokenCount": 0, "candidatesTokenCount": 0, "totalTokenCount": 0}


def asking(body: bytes, action: str, media_type: str = "application/json", **asked: Any) -> Exchange:
    """An exchange of this format; `asked` is the body of the request."""
    made = answer(body=body, media_type=media_type)
    url = f"http://127.0.0.1:1/v1beta/models/gemini-2.5-flash:{action}"
    operation = "gemini-stream-generate-content" if action.startswith(STREAM) else "gemini-generate-content"
    request = replace(made.request, url=url, body=json.dumps(asked).encode(), operation=operation)
    return replace(made, request=request)


def whole(value: Any, **asked: Any) -> Exchange:
    return asking(json.dumps(value).encode(), GENERATE, **asked)


def streamed(*values: Any, **asked: Any) -> Exchange:
    body = b"".join(b"data: " + json.dumps(value).encode() + b"\n\n" for value in values)
    return asking(body, f"{STREAM}?alt=sse", "text/event-stream", **asked)


def said(*texts: str, finish: str | None = "STOP", **rest: Any) -> dict[str, Any]:
    """A response object with one candidate, without the members that the vendor leaves out when they are zero."""
    candidate: dict[str, Any] = {"content": {"role": "model", "parts": [{"text": text} for text in texts]}}
    return {"candidates": [candidate | ({"finishReason": finish} if finish else {})], "usageMetadata": USAGE, **rest}


def is_undecided(judge: Callable[..., None], *evidence: Any) -> bool:
    """Whether a judge says that the evidence cannot decide its sentence."""
    try:
        judge(*evidence)
    except Undecided:
        return True
    return False


def test_an_answer_of_the_vendor_is_not_blamed() -> None:
    value = said("Hello", modelVersion="gemini-2.5-flash", responseId="r1")
    value["usageMetadata"] = {**USAGE, "thoughtsTokenCount": 20, "totalTokenCount": 33, "trafficType": "ON_DEMAND"}
    value["candidates"][0]["groundingMetadata"] = {"webSearchQueries": ["a_b"]}
    cut = said(finish="MAX_TOKENS")
    cut["candidates"][0]["content"] = {"role": "model"}
    cut["usageMetadata"] = {"promptTokenCount": 9, "thoughtsTokenCount": 16, "totalTokenCount": 25}
    evidence = (whole(value), whole(cut))
    for judge in (
        test_answer.test_there_are_candidates,
        test_answer.test_candidates_are_turns_of_the_model,
        test_answer.test_finished_candidates_have_parts,
        test_answer.test_finish_reasons_are_of_the_format,
        test_answer.test_names_are_in_camel_case,
        test_answer.test_candidates_are_numbered_from_zero,
        test_answer.test_finished_answer_says_something,
        test_usage.test_total_is_the_sum,
        test_usage.test_answer_costs_tokens,
        test_text.test_thought_marks_have_their_types,
    ):
        judge(evidence)


def test_a_blocked_prompt_needs_no_candidates() -> None:
    value = {
        "promptFeedback": {"blockReason": "SAFETY"},
        "usageMetadata": {"promptTokenCount": 5, "totalTokenCount": 5},
    }
    test_answer.test_there_are_candidates((whole(value),))
    test_stream.test_streams_are_not_empty((streamed(value),))
    with pytest.raises(Broken):
        test_answer.test_there_are_candidates((whole({"candidates": [], "usageMetadata": USAGE}),))


def test_a_server_that_counts_nothing_is_blamed_once() -> None:
    free = {**said("Hello"), "usageMetadata": FREE}
    called = {**said(), "usageMetadata": FREE}
    called["candidates"][0]["content"]["parts"] = [{"functionCall": {"name": "get_time", "args": {}}}]
    plain, picture, loop = whole(free), whole(free, x=1), (whole(called), whole(free, x=2))
    assert is_undecided(test_request.test_picture_costs_tokens, plain, picture)
    assert is_undecided(test_request.test_snake_case_is_read, plain, picture)
    assert is_undecided(test_tools.test_history_costs_tokens, loop)
    with pytest.raises(Broken):
        test_usage.test_prompt_costs_tokens((plain,))


def test_a_dropped_instruction_is_told_from_a_disobedient_model() -> None:
    plain, same = whole(said("Hello")), whole(said("No news."), x=1)
    longer = whole({**said("No news."), "usageMetadata": {"promptTokenCount": 30, "totalTokenCount": 30}}, x=2)
    with pytest.raises(Broken):
        test_request.test_system_instruction_is_read(plain, same)
    assert is_undecided(test_request.test_system_instruction_is_read, plain, longer)
    test_request.test_system_instruction_is_read(plain, whole(said("KX? kx-4171."), x=3))


def test_a_server_that_answers_everything_is_blamed_for_that_alone() -> None:
    served = streamed(said("Hello"))
    assert is_undecided(test_stream.test_an_error_before_the_stream_has_its_status, served)
    with pytest.raises(Broken):
        test_stream.test_an_error_before_the_stream_has_its_status(streamed({"error": {"code": 400}}))
    with pytest.raises(Broken):
        test_stream.test_an_error_before_the_stream_has_its_status(streamed())


@pytest.mark.parametrize("pieces", [("haha", "haha", "haha"), ("10, 11", ", 12", ", 13"), ("A", "A b", "A b c")])
def test_honest_increments_are_not_blamed(pieces: tuple[str, ...]) -> None:
    test_stream.test_texts_are_increments((streamed(*(said(piece, finish=None) for piece in pieces)),))


@pytest.mark.parametrize(
    "pieces", [("The whole ", "The whole answer"), ("Hi", "Hi there, ", "Hi there, you", "Hi there, you all")]
)
def test_snapshots_are_noticed(pieces: tuple[str, ...]) -> None:
    with pytest.raises(Broken):
        test_stream.test_texts_are_increments((streamed(*(said(piece, finish=None) for piece in pieces)),))


def test_events_in_the_place_of_an_array_are_blamed_once() -> None:
    events = b"data: " + json.dumps(said("Hello")).encode() + b"\n\n"
    exchange = asking(events, STREAM, "text/event-stream")
    with pytest.raises(Broken):
        test_stream.test_without_alt_sse_it_is_an_array(exchange)
    assert is_undecided(test_stream.test_each_candidate_finishes, (exchange,))


@pytest.fixture(scope="module")
def registry() -> Registry:
    return load_registry(load_contract())


ODD: tuple[Any, ...] = (
    None,
    True,
    0,
    1e400,
    "",
    [],
    {},
    [None],
    {"candidates": None},
    {"candidates": [None, 5, {}]},
    {"candidates": [{"content": "text"}]},
    {"candidates": [{"content": {"role": 5, "parts": [None, {"text": 5}, {"functionCall": []}, {"thought": "yes"}]}}]},
    {
        "candidates": [
            {"content": {"parts": [{"functionCall": {"name": {}, "args": [1]}}, {"inlineData": {"data": 7}}]}}
        ]
    },
    {"candidates": [{"index": -1, "finishReason": 3, "safetyRatings": [{"category": []}]}], "usageMetadata": []},
    {"usageMetadata": {"promptTokenCount": 1.5, "totalTokenCount": "9", "promptTokensDetails": [{"tokenCount": []}]}},
    {"error": "text"},
    {"error": {"code": {}, "status": [], "details": [5]}},
    {"embedding": {"values": [None, "x", 10**400]}, "embeddings": [{"values": {}}]},
)


@pytest.mark.parametrize("judge", JUDGES, ids=lambda judge: judge.__name__)
def test_a_judge_survives_whatever_a_hub_sends(judge: Callable[..., None], registry: Registry) -> None:
    for value in ODD:
        text = json.dumps(value).replace("Infinity", "1e999").encode()
        events = asking(b"data: " + text + b"\n\n", f"{STREAM}?alt=sse", "text/event-stream")
        for made in (asking(text, GENERATE), events):
            for exchange in (made, replace(made, status=400)):
                given = {name: _as_wanted(exchange, registry, name) for name in inspect.signature(judge).parameters}
                with contextlib.suppress(AssertionError, Undecided):
                    judge(**given)


def _as_wanted(exchange: Exchange, registry: Registry, name: str) -> Any:
    slot = registry.slots(name)[0]
    return (exchange,) * 6 if (slot.flat or slot.probe.many) and not slot.alone else exchange
