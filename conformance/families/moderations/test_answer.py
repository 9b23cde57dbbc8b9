"""What every verdict is made of, and that its parts agree."""

from __future__ import annotations

from collections.abc import Iterator

from conformance.engine.judge import Words, expect, not_testable
from conformance.engine.kit.reading import all_served, asked, served
from conformance.engine.kit.replies import expect_fit, expect_model, expect_served, is_finite
from conformance.engine.requirement import requirement
from conformance.families.moderations.probes import BATCH
from conformance.families.moderations.views import Answer, Result
from conformance.wire.exchange import Exchange

PLACES = (
    ("flagged", r"/results/\d+/flagged"),
    ("categories", r"/results/\d+/categories\b.*"),
    ("scores", r"/results/\d+/category_scores\b.*"),
    ("envelope", r".*"),
)
"""Parts of an answer, each with the places (JSON pointers) in it; the first that matches counts."""
OLD_NAMES = (
    "harassment",
    "harassment/threatening",
    "hate",
    "hate/threatening",
    "self-harm",
    "self-harm/instructions",
    "self-harm/intent",
    "sexual",
    "sexual/minors",
    "violence",
    "violence/graphic",
)
NEW_NAMES = ("illicit", "illicit/violent")
"""Categories that the omni models added."""

Evidence = tuple[Exchange, ...]


def expect_shape(evidence: Evidence, *names: str) -> None:
    """Break when something in these parts of the answers is not what the contract's schema says."""
    for exchange in all_served(evidence):
        expect_fit("ModerationResponse", exchange, PLACES, names)


def _answer(exchange: Exchange) -> Answer:
    return Answer.of(served(exchange))


def _results(evidence: Evidence) -> Iterator[tuple[Exchange, str, Result]]:
    for exchange in all_served(evidence):
        for place, result in enumerate(_answer(exchange).results):
            yield exchange, f"/results/{place}", result


@requirement("moderations.answer.envelope")
def test_answer_has_its_envelope(any_moderations_answer: Evidence) -> None:
    expect_shape(any_moderations_answer, "envelope")


@requirement("moderations.answer.flagged")
def test_every_verdict_says_whether_it_flags(any_moderations_answer: Evidence) -> None:
    expect_shape(any_moderations_answer, "flagged")


@requirement("moderations.answer.categories")
def test_categories_are_true_or_false(any_moderations_answer: Evidence) -> None:
    expect_shape(any_moderations_answer, "categories")


@requirement("moderations.answer.scores")
def test_scores_are_numbers(any_moderations_answer: Evidence) -> None:
    expect_shape(any_moderations_answer, "scores")


@requirement("moderations.answer.id-unique")
def test_ids_are_unique(moderations_answer: Exchange, later_moderations_answer: Evidence) -> None:
    first = _answer(moderations_answer).id
    if not first:
        not_testable("the plain answer has no id, which another sentence judges")
    for exchange in all_served(later_moderations_answer):
        expect(_answer(exchange).id != first, "an id of its own for every answer", first, "/id", exchange)


@requirement("moderations.answer.model-named")
def test_model_is_the_one_asked_for(any_moderations_answer: Evidence) -> None:
    for exchange in all_served(any_moderations_answer):
        if "model" not in asked(exchange):
            not_testable("no model was named here")
        expect_model(exchange, _answer(exchange).model)


@requirement("moderations.input.list")
def test_a_list_has_a_verdict_for_each_text(moderations_batch: Exchange) -> None:
    found = len(_answer(moderations_batch).results)
    got = Words(f"{found} of them")
    expect(found == len(BATCH), f"{len(BATCH)} verdicts, one for each text", got, "/results")


@requirement("moderations.input.text")
def test_a_text_has_one_verdict(moderations_answer: Exchange) -> None:
    _expect_one(moderations_answer, "the text")


@requirement("moderations.input.parts")
def test_parts_have_one_verdict(moderations_parts: Exchange) -> None:
    _expect_one(moderations_parts, "all parts together")


def _expect_one(exchange: Exchange, what: str) -> None:
    found = len(_answer(exchange).results)
    expect(found == 1, f"one verdict for {what}", Words(f"{found} of them"), "/results")


@requirement("moderations.input.order")
def test_verdicts_come_in_the_order_of_the_texts(moderations_answer: Exchange, moderations_batch: Exchange) -> None:
    alone, batch = _answer(moderations_answer).results, _answer(moderations_batch).results
    if len(alone) != 1 or len(batch) != len(BATCH):
        not_testable("there is not one verdict for each text, which another sentence judges")
    if len({result.flagged for result in batch}) != 2 or alone[0].flagged:
        not_testable("the verdicts on these texts do not differ")
    flags = [result.flagged for result in batch]
    expect(not flags[-1], "the last text not flagged, as when it is sent alone", flags, "/results", moderations_batch)


@requirement("moderations.request.no-model")
def test_no_model_need_be_named(moderations_no_model: Exchange) -> None:
    expect_served(moderations_no_model)


@requirement("moderations.categories.names")
def test_the_eleven_names_are_there(any_moderations_answer: Evidence) -> None:
    _expect_names(any_moderations_answer, OLD_NAMES)


@requirement("moderations.categories.new-names")
def test_the_omni_models_have_two_more(any_moderations_answer: Evidence) -> None:
    for exchange in all_served(any_moderations_answer):
        if "omni-moderation" not in (_answer(exchange).model or ""):
            not_testable("this is no omni model")
    _expect_names(any_moderations_answer, NEW_NAMES)


def _expect_names(evidence: Evidence, names: tuple[str, ...]) -> None:
    for exchange, at, result in _results(evidence):
        if result.categories is not None:
            lost = [name for name in names if name not in result.categories]
            expect(not lost, f"the categories {', '.join(lost)}", list(result.categories), f"{at}/categories", exchange)


@requirement("moderations.scores.same-names")
def test_categories_and_scores_have_the_same_names(any_moderations_answer: Evidence) -> None:
    for exchange, at, result in _results(any_moderations_answer):
        if result.categories is None or result.category_scores is None:
            not_testable("categories or scores cannot be read, which another sentence judges")
        known = {name for name, value in result.categories.items() if value is not None}
        alone = sorted(known - set(result.category_scores)) + sorted(
            set(result.category_scores) - set(result.categories)
        )
        expect(not alone, "a score for each category, and nothing else", alone, f"{at}/category_scores", exchange)


@requirement("moderations.scores.range")
def test_scores_are_from_zero_to_one(any_moderations_answer: Evidence) -> None:
    for exchange, at, result in _results(any_moderations_answer):
        for name, score in (result.category_scores or {}).items():
            number = isinstance(score, int | float) and not isinstance(score, bool)
            right = not number or (is_finite(score) and 0 <= score <= 1)
            expect(right, "a number from 0 to 1", score, f"{at}/category_scores/{name}", exchange)


@requirement("moderations.flagged.any-category")
def test_flagged_is_that_some_category_is_true(any_moderations_answer: Evidence) -> None:
    for exchange, at, result in _results(any_moderations_answer):
        if result.flagged is None or result.categories is None:
            not_testable("the verdict cannot be read, which another sentence judges")
        true = sorted(name for name, value in result.categories.items() if value is True)
        wanted = f"true, because of {', '.join(true)}" if true else "false, because no category is true"
        expect(result.flagged == bool(true), wanted, result.flagged, f"{at}/flagged", exchange)
