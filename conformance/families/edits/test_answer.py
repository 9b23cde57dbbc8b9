"""What every answer with an edited text is made of."""

from __future__ import annotations

from conformance.engine.judge import Words, expect, not_testable
from conformance.engine.kit.reading import all_served, served
from conformance.engine.kit.replies import expect_counts, expect_fit, expect_now, is_count
from conformance.engine.requirement import requirement
from conformance.families.edits.probes import CHOICES
from conformance.families.edits.views import Answer
from conformance.wire.exchange import Exchange

PLACES = (
    ("usage", r"/usage\b.*"),
    ("index", r"/choices/\d+/index"),
    ("choices", r"/choices\b.*"),
    ("envelope", r".*"),
)
"""Parts of an answer, each with the places (JSON pointers) in it; the first that matches counts."""

Evidence = tuple[Exchange, ...]


def expect_shape(evidence: Evidence, *names: str) -> None:
    """Break when something in these parts of the answers is not what the contract's schema says."""
    for exchange in all_served(evidence):
        expect_fit("EditResponse", exchange, PLACES, names)


def _answer(exchange: Exchange) -> Answer:
    return Answer.of(served(exchange))


@requirement("edits.answer.envelope")
def test_answer_is_an_edit(any_edits_answer: Evidence) -> None:
    expect_shape(any_edits_answer, "envelope")


@requirement("edits.answer.choices")
def test_choices_hold_text(any_edits_answer: Evidence) -> None:
    expect_shape(any_edits_answer, "choices")


@requirement("edits.answer.indexes")
def test_choices_are_numbered_from_zero(any_edits_answer: Evidence) -> None:
    expect_shape(any_edits_answer, "index")
    for exchange in all_served(any_edits_answer):
        found = [choice.index for choice in _answer(exchange).choices]
        wanted = "indexes 0, 1, 2 and so on, in this order"
        expect(found == list(range(len(found))), wanted, found, "/choices", exchange)


@requirement("edits.answer.created-now")
def test_created_is_now_in_seconds(any_edits_answer: Evidence) -> None:
    for exchange in all_served(any_edits_answer):
        expect_now(_answer(exchange).created, exchange)


@requirement("edits.choices.count")
def test_as_many_choices_as_asked(edits_two: Exchange) -> None:
    found = len(_answer(edits_two).choices)
    expect(found == CHOICES, f"{CHOICES} choices, because n is {CHOICES}", Words(f"{found} of them"), "/choices")


@requirement("edits.usage.shape")
def test_usage_has_three_counts(any_edits_answer: Evidence) -> None:
    expect_shape(any_edits_answer, "usage")


@requirement("edits.usage.total")
def test_total_is_the_sum(any_edits_answer: Evidence) -> None:
    for exchange in all_served(any_edits_answer):
        expect_counts(_answer(exchange).usage, exchange)


@requirement("edits.usage.prompt-positive")
def test_instruction_costs_tokens(any_edits_answer: Evidence) -> None:
    for exchange in all_served(any_edits_answer):
        count = (_answer(exchange).usage or {}).get("prompt_tokens")
        counted = not is_count(count) or count > 0
        expect(counted, "more than 0, because there was an instruction", count, "/usage/prompt_tokens", exchange)


@requirement("edits.usage.completion-positive")
def test_text_costs_tokens(any_edits_answer: Evidence) -> None:
    for exchange in all_served(any_edits_answer):
        count = (_answer(exchange).usage or {}).get("completion_tokens")
        if not any(choice.text for choice in _answer(exchange).choices):
            not_testable("there is no text")
        counted = not is_count(count) or count > 0
        expect(counted, "more than 0, because there is text", count, "/usage/completion_tokens", exchange)
