"""Likelihoods of tokens, in answers and in streams."""

from __future__ import annotations

import math
from collections.abc import Iterator
from typing import Any

from conformance.engine.judge import Words, expect, not_testable
from conformance.engine.kit.reading import asked
from conformance.engine.requirement import requirement
from conformance.families.chat.reading import Told, told
from conformance.families.chat.test_answer import expect_shape
from conformance.wire.exchange import Exchange

ROUNDING = 1e-4
"""By which a likelihood of one may come out above zero."""


@requirement("chat.logprobs.present")
def test_likelihoods_are_given_when_asked(any_chat_logprobs: Exchange) -> None:
    for choice in told(any_chat_logprobs):
        if choice.text:
            expect(choice.tokens, "likelihoods, because they were asked for", Words("none"), _at(choice))


@requirement("chat.logprobs.shape")
def test_likelihoods_have_their_shape(any_chat_logprobs: Exchange) -> None:
    expect_shape((any_chat_logprobs,), "logprobs")


@requirement("chat.logprobs.join")
def test_tokens_join_to_the_text(any_chat_logprobs: Exchange) -> None:
    for choice in _with_tokens(any_chat_logprobs):
        joined = _joined(choice.tokens)
        expect(joined.strip() == choice.text.strip(), f"tokens that join to {choice.text!r}", joined, _at(choice))


@requirement("chat.logprobs.values")
def test_likelihoods_are_not_above_zero(any_chat_logprobs: Exchange) -> None:
    for choice in _with_tokens(any_chat_logprobs):
        for place, value in _values(choice.tokens):
            expect(value <= ROUNDING and not math.isnan(value), "at most 0", value, f"{_at(choice)}/{place}")


@requirement("chat.logprobs.alternatives")
def test_as_many_alternatives_as_asked(chat_logprobs_stream: Exchange) -> None:
    most = asked(chat_logprobs_stream)["top_logprobs"]
    for choice in _with_tokens(chat_logprobs_stream):
        for place, token in enumerate(choice.tokens):
            given = token.get("top_logprobs")
            if isinstance(given, list):
                right = 1 <= len(given) <= most
                expect(right, f"one to {most} alternatives", Words(f"{len(given)} of them"), f"{_at(choice)}/{place}")


def _with_tokens(exchange: Exchange) -> Iterator[Told]:
    for choice in told(exchange):
        if not choice.tokens:
            not_testable("there are no likelihoods, which another sentence judges")
        yield choice


def _joined(tokens: list[dict[str, Any]]) -> str:
    """The text of the tokens: by their bytes when all have them, because a character may be cut over two tokens."""
    spelled = [token.get("bytes") for token in tokens]
    if all(isinstance(one, list) and all(_is_byte(number) for number in one) for one in spelled):
        return b"".join(bytes(one or ()) for one in spelled).decode("utf-8", "replace")
    return "".join(str(token.get("token", "")) for token in tokens)


def _is_byte(number: Any) -> bool:
    return isinstance(number, int) and 0 <= number <= 255


def _values(tokens: list[dict[str, Any]]) -> Iterator[tuple[str, float]]:
    for place, token in enumerate(tokens):
        listed = token.get("top_logprobs")
        others = [one for one in listed if isinstance(one, dict)] if isinstance(listed, list) else []
        for one in (token, *others):
            value = one.get("logprob")
            if isinstance(value, int | float) and not isinstance(value, bool):
                yield str(place), float(value)


def _at(choice: Told) -> str:
    return f"/choices/{choice.index}/logprobs/content"
