"""Token counts."""

from __future__ import annotations

from collections.abc import Iterator

from conformance.engine.judge import Words, expect, not_testable, parsed
from conformance.engine.kit.reading import all_served
from conformance.engine.kit.replies import is_count
from conformance.engine.requirement import requirement
from conformance.families.gemini.reading import Evidence, blocks, expect_shape, final_usage, told, usages
from conformance.families.gemini.views import ModalityCount, Usage
from conformance.wire.exchange import Exchange

SAME_PROMPT_TOLERANCE = 1
"""Tokens by which two counts of one prompt may differ."""


@requirement("gemini.usage.present")
def test_answers_have_usage(any_gemini_reply: Evidence) -> None:
    for exchange in all_served(any_gemini_reply):
        if any(isinstance(block.value, dict) and "usage_metadata" in block.value for block in blocks(exchange)):
            not_testable("the name is in snake_case, which another sentence judges")
        last = blocks(exchange)[-1]
        given = any(isinstance(b.value, dict) and b.value.get("usageMetadata") is not None for b in blocks(exchange))
        expect(given, "a usageMetadata object", Words("none"), last.place("/usageMetadata"), exchange)


@requirement("gemini.usage.shape")
def test_counts_are_whole_numbers(any_gemini_reply: Evidence) -> None:
    expect_shape(any_gemini_reply, "usage")


@requirement("gemini.usage.total")
def test_total_is_the_sum(any_gemini_reply: Evidence) -> None:
    for exchange in all_served(any_gemini_reply):
        for at, usage in usages(exchange):
            if usage.promptTokenCount is None or usage.totalTokenCount is None:
                continue
            wanted = usage.promptTokenCount + _answered(usage) + (usage.toolUsePromptTokenCount or 0)
            expect(usage.totalTokenCount == wanted, f"{wanted}, the sum", usage.totalTokenCount, at, exchange)


def _answered(usage: Usage) -> int:
    return (usage.candidatesTokenCount or 0) + (usage.thoughtsTokenCount or 0)


@requirement("gemini.usage.details")
def test_modalities_add_up(any_gemini_reply: Evidence) -> None:
    for exchange in all_served(any_gemini_reply):
        for at, usage in usages(exchange):
            for name, total, details in _splits(usage):
                counted = sum(one.tokenCount or 0 for one in details)
                expect(counted == total, f"modalities that sum to {total}", counted, f"{at}/{name}", exchange)


def _splits(usage: Usage) -> Iterator[tuple[str, int, list[ModalityCount]]]:
    if usage.promptTokensDetails and usage.promptTokenCount is not None:
        yield "promptTokensDetails", usage.promptTokenCount, usage.promptTokensDetails
    if usage.candidatesTokensDetails and usage.candidatesTokenCount is not None:
        yield "candidatesTokensDetails", usage.candidatesTokenCount, usage.candidatesTokensDetails


@requirement("gemini.usage.prompt-positive")
def test_prompt_costs_tokens(any_gemini_reply: Evidence) -> None:
    for exchange in all_served(any_gemini_reply):
        for at, usage in usages(exchange)[-1:]:
            count = usage.promptTokenCount
            expect(count is None or count > 0, "more than 0, because there was a prompt", count, at, exchange)


@requirement("gemini.usage.answer-positive")
def test_answer_costs_tokens(any_gemini_reply: Evidence) -> None:
    for exchange in all_served(any_gemini_reply):
        said = any(one.text or one.thoughts or one.calls or one.media for one in told(exchange))
        for at, usage in usages(exchange)[-1:]:
            told_nothing = usage.candidatesTokenCount is None and usage.thoughtsTokenCount is None
            enough = not said or _answered(usage) > 0
            got = Words("no count") if told_nothing else _answered(usage)
            expect(enough, "more than 0, because there is an answer", got, at, exchange)


@requirement("gemini.usage.count-tokens")
def test_count_tokens_agrees(gemini_answer: Exchange, gemini_count: Exchange) -> None:
    told_so = final_usage(gemini_answer).promptTokenCount or 0
    value = parsed(gemini_count)
    counted = value.get("totalTokens") if isinstance(value, dict) else None
    fits = isinstance(counted, int) and is_count(counted) and abs(counted - told_so) <= SAME_PROMPT_TOLERANCE
    expect(fits, f"{told_so}, the promptTokenCount of the same question", counted, "/totalTokens", gemini_count)
