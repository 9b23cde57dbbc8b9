"""Text, id and counts, read alike from the answers of all text formats."""

from __future__ import annotations

import json
from dataclasses import replace
from typing import Any

import pytest

from conformance.engine.kit.answers import Counts, counts_of, id_of, text_of
from conformance.wire.exchange import Exchange
from tests.support import answer

CHAT: dict[str, Any] = {
    "id": "chatcmpl-1",
    "choices": [{"index": 0, "message": {"role": "assistant", "content": "Hello."}}],
    "usage": {"prompt_tokens": 7, "completion_tokens": 2, "total_tokens": 9},
}
RESPONSE: dict[str, Any] = {
    "id": "resp_1",
    "output": [{"type": "message", "content": [{"type": "output_text", "text": "Hello."}]}],
    "usage": {"input_tokens": 7, "output_tokens": 2, "total_tokens": 9},
}
MESSAGE: dict[str, Any] = {
    "id": "msg_1",
    "type": "message",
    "content": [{"type": "text", "text": "Hello."}],
    "usage": {"input_tokens": 4, "cache_read_input_tokens": 2, "cache_creation_input_tokens": 1, "output_tokens": 2},
}
CANDIDATES: dict[str, Any] = {
    "responseId": "abc",
    "candidates": [{"content": {"role": "model", "parts": [{"text": "Hel"}, {"text": "lo."}]}}],
    "usageMetadata": {"promptTokenCount": 7, "candidatesTokenCount": 1, "thoughtsTokenCount": 1},
}


def stream(*values: Any) -> Exchange:
    body = b"".join(b"data: " + json.dumps(value).encode() + b"\n\n" for value in values) + b"data: [DONE]\n\n"
    return answer(body=body, media_type="text/event-stream")


STREAMS = {
    "chat": stream(
        {"id": "chatcmpl-1", "choices": [{"index": 0, "delta": {"role": "assistant", "content": ""}}], "usage": None},
        {"id": "chatcmpl-1", "choices": [{"index": 0, "delta": {"content": "Hello."}}], "usage": None},
        {"id": "chatcmpl-1", "choices": [], "usage": CHAT["usage"]},
    ),
    "responses": stream(
        {"type": "response.created", "response": {"id": "resp_1", "output": [], "usage": None}},
        {"type": "response.output_text.delta", "item_id": "msg_1", "delta": "Hello."},
        {"type": "response.output_text.done", "item_id": "msg_1", "text": "Hello."},
        {"type": "response.completed", "response": RESPONSE},
    ),
    "claude": stream(
        {
            "type": "message_start",
            "message": {**MESSAGE, "content": [], "usage": {**MESSAGE["usage"], "output_tokens": 1}},
        },
        {"type": "content_block_delta", "index": 0, "delta": {"type": "text_delta", "text": "Hello."}},
        {"type": "message_delta", "delta": {"stop_reason": "end_turn"}, "usage": {"output_tokens": 2}},
    ),
    "gemini": stream(
        {**CANDIDATES, "usageMetadata": {"promptTokenCount": 7}},
        {"responseId": "abc", "candidates": [], "usageMetadata": CANDIDATES["usageMetadata"]},
    ),
}


@pytest.mark.parametrize("value", [CHAT, RESPONSE, MESSAGE, CANDIDATES, [CANDIDATES]])
def test_whole_answers(value: Any) -> None:
    exchange = answer(value)
    assert (text_of(exchange), counts_of(exchange)) == ("Hello.", Counts(7, 2))
    assert id_of(exchange) in ("chatcmpl-1", "resp_1", "msg_1", "abc")


@pytest.mark.parametrize("name", STREAMS)
def test_streams(name: str) -> None:
    exchange = STREAMS[name]
    assert (text_of(exchange), counts_of(exchange)) == ("Hello.", Counts(7, 2))
    assert id_of(exchange) in ("chatcmpl-1", "resp_1", "msg_1", "abc")


def test_text_completions() -> None:
    assert text_of(answer({"choices": [{"text": "Hello."}]})) == "Hello."


@pytest.mark.parametrize("usage", [None, [], {}, {"prompt_tokens": "7"}, {"prompt_tokens": True}, {"total_tokens": 9}])
def test_what_is_not_told_is_none(usage: Any) -> None:
    assert counts_of(answer({"usage": usage})) == Counts(None, None)


@pytest.mark.parametrize("value", [None, 5, "text", [], [None], {}, {"choices": 5}, {"choices": [{"message": [1]}]}])
def test_other_json_tells_nothing(value: Any) -> None:
    exchange = answer(value)
    assert (text_of(exchange), id_of(exchange), counts_of(exchange)) == ("", None, Counts(None, None))


def test_zero_is_told() -> None:
    assert counts_of(answer({"usage": {"prompt_tokens": 0, "completion_tokens": 0}})) == Counts(0, 0)


def test_a_body_that_is_no_json() -> None:
    exchange = replace(answer(body=b"<html>"), status=500)
    assert (text_of(exchange), id_of(exchange)) == ("", None)
