"""What every answer is made of, whole or streamed."""

from __future__ import annotations

from collections.abc import Iterator
from typing import Any

from conformance.engine.judge import Words, expect, not_testable
from conformance.engine.kit.chunks import parts
from conformance.engine.kit.reading import all_served, asked
from conformance.engine.kit.replies import expect_counts, expect_model, expect_now, is_count
from conformance.engine.requirement import requirement
from conformance.families.completions.reading import broken_shapes, heads, told, usages
from conformance.wire.exchange import Exchange

Evidence = tuple[Exchange, ...]


def expect_shape(evidence: Evidence, *names: str) -> None:
    """Break when something in these parts of the replies is not what the contract's schema says."""
    for exchange in all_served(evidence):
        for at, message in broken_shapes(exchange, *names):
            expect(False, "what the contract's schema says", Words(message), at, exchange)


@requirement("completions.answer.envelope")
def test_answer_has_its_envelope(any_completions_answer: Evidence) -> None:
    expect_shape(any_completions_answer, "head", "object", "choices")


@requirement("completions.answer.text")
def test_choices_hold_text(any_completions_answer: Evidence) -> None:
    expect_shape(any_completions_answer, "text")


@requirement("completions.answer.finish-reason")
def test_finish_reason_is_one_of_three(any_completions_answer: Evidence) -> None:
    expect_shape(any_completions_answer, "finish")


@requirement("completions.answer.indexes")
def test_choices_are_numbered_from_zero(any_completions_answer: Evidence) -> None:
    expect_shape(any_completions_answer, "index")
    for exchange in all_served(any_completions_answer):
        found = [choice.get("index") for choice in parts(exchange)[0].choices]
        wanted = "indexes 0, 1, 2 and so on, in this order"
        expect(found == list(range(len(found))), wanted, found, "/choices", exchange)


@requirement("completions.answer.logprobs-null")
def test_logprobs_are_null_unless_asked(any_completions_reply_without_logprobs: Evidence) -> None:
    for exchange in all_served(any_completions_reply_without_logprobs):
        for part in parts(exchange):
            for place, choice in enumerate(part.choices):
                null = "logprobs" in choice and choice["logprobs"] is None
                got = choice.get("logprobs", Words("nothing"))
                expect(null, "logprobs null", got, part.place(f"/choices/{place}/logprobs"), exchange)


@requirement("completions.answer.id-unique")
def test_ids_are_unique(completions_answer: Exchange, later_completions_reply: Evidence) -> None:
    first = _id_of(completions_answer)
    if not first:
        not_testable("the plain answer has no id, which another sentence judges")
    for exchange in all_served(later_completions_reply):
        expect(_id_of(exchange) != first, "an id of its own for every answer", first, "/id", exchange)


def _id_of(exchange: Exchange) -> str | None:
    return next((view.id for _, view in heads(exchange)), None)


@requirement("completions.answer.created-now")
def test_created_is_now_in_seconds(any_completions_reply: Evidence) -> None:
    for exchange in all_served(any_completions_reply):
        for part, _ in heads(exchange):
            expect_now(part.value.get("created"), exchange, part.place("/created"))


@requirement("completions.answer.model-named")
def test_model_is_the_one_asked_for(any_completions_reply: Evidence) -> None:
    for exchange in all_served(any_completions_reply):
        for part, view in heads(exchange):
            expect_model(exchange, view.model, part.place("/model"))


@requirement("completions.usage.present")
def test_answer_has_usage(any_completions_answer: Evidence) -> None:
    for exchange in all_served(any_completions_answer):
        given = parts(exchange)[0].usage
        expect(given is not None, "a usage object", Words("none"), "/usage", exchange)


@requirement("completions.usage.shape")
def test_usage_has_three_counts(any_completions_reply: Evidence) -> None:
    expect_shape(any_completions_reply, "usage")


@requirement("completions.usage.total")
def test_total_is_the_sum(any_completions_reply: Evidence) -> None:
    for exchange, at, usage in _usages(any_completions_reply):
        expect_counts(usage, exchange, at)


@requirement("completions.usage.prompt-positive")
def test_prompt_costs_tokens(any_completions_reply: Evidence) -> None:
    for exchange, at, usage in list(_usages(any_completions_reply))[-1:]:
        count = usage.get("prompt_tokens")
        counted = not is_count(count) or count > 0
        expect(counted, "more than 0, because there was a prompt", count, f"{at}/prompt_tokens", exchange)


@requirement("completions.usage.completion-positive")
def test_text_costs_tokens(any_completions_reply: Evidence) -> None:
    for exchange, at, usage in list(_usages(any_completions_reply))[-1:]:
        count = usage.get("completion_tokens")
        counted = not is_count(count) or count > 0
        said = any(choice.text for choice in told(exchange)) and not asked(exchange).get("echo")
        expect(counted or not said, "more than 0, because there is text", count, f"{at}/completion_tokens", exchange)


def _usages(evidence: Evidence) -> Iterator[tuple[Exchange, str, dict[str, Any]]]:
    for exchange in all_served(evidence):
        for at, usage in usages(exchange):
            yield exchange, at, usage
