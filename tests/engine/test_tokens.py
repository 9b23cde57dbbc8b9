"""Output tokens: what requests allow, and what answers came to."""

from __future__ import annotations

import json
from dataclasses import replace

import pytest

from conformance.engine.tokens import UNLIMITED, Output, allowed, output
from conformance.wire.exchange import End, Exchange, Piece, Request
from conformance.wire.frames import Frame, Kind


def answer(*pieces: str, status: int = 200, end: End = End.complete) -> Exchange:
    taken = tuple(Piece(0.1, piece.encode()) for piece in pieces)
    request = Request("POST", "http://127.0.0.1/")
    return Exchange(request, status=status, pieces=taken, ended_at=0.2, end=end)


@pytest.mark.parametrize(
    ("body", "tokens"),
    [
        ({"max_tokens": 64}, 64),
        ({"max_completion_tokens": 32, "n": 3}, 96),
        ({"max_output_tokens": 16}, 16),
        ({"generationConfig": {"maxOutputTokens": 8, "candidateCount": 2}}, 16),
        ({"max_tokens": "64"}, UNLIMITED["chat"]),
        ({"max_tokens": True}, UNLIMITED["chat"]),
        ({"max_tokens": -1, "n": 2}, 2 * UNLIMITED["chat"]),
        ([1], UNLIMITED["chat"]),
    ],
)
def test_a_request_allows_its_limit_for_each_answer(body: object, tokens: int) -> None:
    assert allowed(json.dumps(body).encode(), "chat") == tokens


def test_what_is_no_text_or_asks_for_none_allows_nothing() -> None:
    assert allowed(b"{", "chat") == UNLIMITED["chat"]
    assert allowed(b"{}", "embeddings") == 0
    assert allowed(b"", "chat", "GET") == 0


@pytest.mark.parametrize(
    ("pieces", "tokens"),
    [
        (['{"usage":{"prompt_tokens":9,"completion_tokens":5,"completion_tokens_details":{"x":1}}}'], 5),
        (['{"usage":{"input_tokens":9,"output_tokens":7}}'], 7),
        (['{"usageMetadata":{"candidatesTokenCount":4,"thoughtsTokenCount":6}}'], 10),
        (['data: {"message":{"usage":{"output_tokens":1}}}\n\n', 'data: {"usage":{"output_tokens":12}}\n\n'], 12),
        (['data: {"usage":{"completion_to', 'kens":3}}\n\n'], 3),
    ],
)
def test_reported_usage_counts(pieces: list[str], tokens: int) -> None:
    assert output(answer(*pieces), 64) == Output(tokens, 0, 64)


def test_words_of_a_model_about_usage_are_no_usage() -> None:
    quoted = json.dumps({"content": json.dumps({"output_tokens": 50})})
    assert output(answer(quoted), 64).estimated > 0


def test_without_usage_the_text_is_estimated_up_to_the_limit() -> None:
    assert output(answer('{"content":"' + "a" * 40 + '"}'), 64) == Output(10, 10, 64)
    assert output(answer('{"content":"' + "a" * 4000 + '"}'), 64) == Output(64, 64, 64)


def test_a_refusal_costs_nothing_and_a_broken_answer_all_that_it_may() -> None:
    assert output(answer("{}", status=400), 64) == Output()
    assert output(answer('{"content":"a', end=End.timeout), 64) == Output(64, 64, 64)
    assert output(replace(answer(end=End.refused), status=None), 64) == Output()


def test_the_responses_of_a_session_add_up() -> None:
    said = [b'{"usage":{"output_tokens":3}}', b'{"type":"x"}', b'{"usage":{"output_tokens":4}}']
    frames = tuple(Frame(0.1, False, Kind.text, data) for data in said)
    request = Request("GET", "ws://127.0.0.1/", (("upgrade", "websocket"),))
    assert output(Exchange(request, status=101, frames=frames), 0) == Output(7)
