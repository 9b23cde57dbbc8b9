"""What every answer is made of, whole or in a stream."""

from __future__ import annotations

import re
from collections.abc import Iterator
from typing import Any

from conformance.engine.judge import Words, expect, not_testable
from conformance.engine.kit.reading import all_served
from conformance.engine.kit.replies import same_model
from conformance.engine.kit.together import telling
from conformance.engine.requirement import requirement
from conformance.families.gemini.reading import (
    DATA,
    Evidence,
    blocked,
    blocks,
    configures,
    expect_shape,
    in_series,
    model_of,
    steps,
    told,
    wholes_in,
)
from conformance.wire.exchange import Exchange

SNAKE = re.compile(r"[a-z]+(_[a-z0-9]+)+")
OWN_WORDS = frozenset({"args", "response"})
"""Members whose content is the model's or the caller's own."""
PROBABILITIES = ("NEGLIGIBLE", "LOW", "MEDIUM", "HIGH", "HARM_PROBABILITY_UNSPECIFIED")


@requirement("gemini.answer.candidates")
def test_there_are_candidates(any_gemini_reply: Evidence) -> None:
    expect_shape(any_gemini_reply, "candidates")
    for exchange in all_served(any_gemini_reply):
        said = Words(exchange.text[:200])
        expect(steps(exchange) or blocked(exchange), "at least one candidate", said, "/candidates", exchange)


@requirement("gemini.answer.role")
def test_candidates_are_turns_of_the_model(any_gemini_reply: Evidence) -> None:
    for exchange in all_served(any_gemini_reply):
        for step in steps(exchange):
            if step.parts:
                role = step.raw["content"].get("role")
                expect(role == "model", "the role model", role, step.at("/content/role"), exchange)


@requirement("gemini.answer.parts")
def test_finished_candidates_have_parts(any_gemini_answer: Evidence) -> None:
    for exchange in wholes_in(any_gemini_answer):
        for step in steps(exchange):
            if step.candidate.finishReason in (None, "STOP"):
                at = step.at("/content/parts")
                expect(step.parts, "a list of parts", step.raw.get("content"), at, exchange)


@requirement("gemini.answer.part-data")
def test_each_part_has_one_kind_of_data(any_gemini_reply: Evidence) -> None:
    for exchange in all_served(any_gemini_reply):
        for step in steps(exchange):
            for raw, _, at in step.parts:
                kinds = [name for name in DATA if raw.get(name) is not None]
                expect(len(kinds) <= 1, "one kind of content in a part", kinds, at, exchange)


@requirement("gemini.answer.finish-present")
def test_whole_answers_say_why_they_end(any_gemini_answer: Evidence) -> None:
    for exchange in wholes_in(any_gemini_answer):
        for step in steps(exchange):
            if "finish_reason" in step.raw:
                not_testable("the name is in snake_case, which another sentence judges")
            reason = step.raw.get("finishReason")
            expect(reason is not None, "a finishReason", reason, step.at("/finishReason"), exchange)


@requirement("gemini.answer.finish-reason")
def test_finish_reasons_are_of_the_format(any_gemini_reply: Evidence) -> None:
    expect_shape(any_gemini_reply, "finish")


@requirement("gemini.answer.camel-case")
def test_names_are_in_camel_case(any_gemini_reply: Evidence) -> None:
    for exchange in all_served(any_gemini_reply):
        for block in blocks(exchange):
            for pointer, name in _snakes(block.value):
                expect(False, "names in lowerCamelCase", name, block.place(pointer), exchange)


def _snakes(value: Any, pointer: str = "") -> Iterator[tuple[str, str]]:
    if isinstance(value, list):
        for number, entry in enumerate(value):
            yield from _snakes(entry, f"{pointer}/{number}")
    if not isinstance(value, dict):
        return
    for name, entry in value.items():
        if SNAKE.fullmatch(name):
            yield f"{pointer}/{name}", name
        if name not in OWN_WORDS:
            yield from _snakes(entry, f"{pointer}/{name}")


@requirement("gemini.answer.other-fields")
def test_other_fields_fit_the_schema(any_gemini_reply: Evidence) -> None:
    expect_shape(any_gemini_reply, "other")


@requirement("gemini.answer.says-something")
def test_finished_answer_says_something(any_gemini_reply: Evidence) -> None:
    for exchange in all_served(any_gemini_reply):
        for one in told(exchange):
            if one.finish == "STOP" and not _ended_by_sequence(exchange):
                said = one.text or one.thoughts or one.calls or one.media
                expect(said, "text, a call or a medium", Words("nothing"), one.at, exchange)


def _ended_by_sequence(exchange: Exchange) -> bool:
    return b'"stopSequences"' in exchange.request.body


@requirement("gemini.answer.model-version")
def test_model_is_the_one_asked_for(any_gemini_reply: Evidence) -> None:
    for exchange in all_served(any_gemini_reply):
        wanted = model_of(exchange)
        for block in blocks(exchange):
            named = block.view.modelVersion
            if named:
                at = block.place("/modelVersion")
                bare = named.removeprefix("models/")
                expect(same_model(wanted, bare), f"{wanted} or a variant of it", named, at, exchange)


@requirement("gemini.answer.response-id")
def test_response_ids_are_unique(gemini_answer: Exchange, later_gemini_reply: Evidence) -> None:
    first = blocks(gemini_answer)[0].view.responseId
    for exchange in all_served(later_gemini_reply):
        if not first:
            not_testable("the plain answer has no responseId")
        block = blocks(exchange)[0]
        got = block.view.responseId
        expect(got != first, "a responseId of its own for every answer", got, block.place("/responseId"), exchange)


@requirement("gemini.answer.safety-ratings")
def test_safety_ratings_are_readable(any_gemini_reply: Evidence) -> None:
    expect_shape(any_gemini_reply, "ratings")
    seen = False
    for exchange in all_served(any_gemini_reply):
        for step in steps(exchange):
            rated = [rating.category for rating in step.candidate.safetyRatings]
            at = step.at("/safetyRatings")
            seen = seen or bool(rated)
            expect(len(set(rated)) == len(rated), "one rating for each category", rated, at, exchange)
            for rating in step.candidate.safetyRatings:
                category = rating.category or ""
                expect(category.startswith("HARM_CATEGORY_"), "a category of the format", category, at, exchange)
                word = rating.probability
                expect(word in PROBABILITIES, f"one of {', '.join(PROBABILITIES)}", word, at, exchange)
    if not seen:
        not_testable("there are no safety ratings")


@requirement("gemini.candidates.count")
def test_as_many_candidates_as_asked(gemini_form: Evidence) -> None:
    two = telling(gemini_form, configures("candidateCount"))
    found = len(steps(two))
    expect(found == 2, "two candidates, because candidateCount is 2", found, "/candidates", two)


@requirement("gemini.candidates.indexes")
def test_candidates_are_numbered_from_zero(any_gemini_reply: Evidence) -> None:
    for exchange in all_served(any_gemini_reply):
        for block in blocks(exchange):
            found = [step.index for step in steps(exchange) if step.block is block]
            right = sorted(found) == list(range(len(found))) if not in_series(exchange) else len({*found}) == len(found)
            expect(right, "indexes from 0, each once", found, block.place("/candidates"), exchange)
        if in_series(exchange):
            indexes = [one.index for one in told(exchange)]
            expect(indexes == list(range(len(indexes))), "indexes that start at 0", indexes, "", exchange)
