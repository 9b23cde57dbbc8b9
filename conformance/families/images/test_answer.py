"""What every answer with pictures is made of: envelope, one entry for each picture, counts of tokens."""

from __future__ import annotations

from collections.abc import Iterator

from conformance.engine.judge import Words, expect, not_testable, nothing_here
from conformance.engine.kit.replies import expect_fit, expect_now, is_count
from conformance.engine.requirement import requirement
from conformance.families.images.probes import DALLE, GPT
from conformance.families.images.reading import PLACES, Evidence, answers, entries, pictures, wanted_count, wish
from conformance.families.images.views import Answer, Entry
from conformance.wire.exchange import Exchange

FORMS = ("url", "b64_json")


def expect_shape(evidence: Evidence, *names: str) -> None:
    """Break when something in these parts of the answers is not what the contract's schema says."""
    for exchange in answers(evidence):
        expect_fit("ImageGenerationResponse", exchange, PLACES, names)


@requirement("images.answer.envelope")
def test_answer_has_its_envelope(any_images_answer: Evidence) -> None:
    expect_shape(any_images_answer, "head")


@requirement("images.answer.entry")
def test_every_entry_holds_a_picture(any_images_answer: Evidence) -> None:
    expect_shape(any_images_answer, "entry")
    for exchange, at, entry in _entries(any_images_answer):
        expect(_forms_of(entry), "url or b64_json", Words("neither"), at, exchange)


@requirement("images.answer.one-form")
def test_no_entry_holds_its_picture_twice(any_images_answer: Evidence) -> None:
    for exchange, at, entry in _entries(any_images_answer):
        forms = _forms_of(entry)
        expect(len(forms) < 2, "either url or b64_json", Words("url and b64_json"), at, exchange)


@requirement("images.answer.other-fields")
def test_other_fields_fit_the_schema(any_images_answer: Evidence) -> None:
    expect_shape(any_images_answer, "other")


@requirement("images.answer.created-now")
def test_created_is_now(any_images_answer: Evidence) -> None:
    for exchange in answers(any_images_answer):
        expect_now(Answer.of(exchange).created, exchange)


@requirement("images.answer.count")
def test_there_are_as_many_pictures_as_asked(any_images_answer: Evidence) -> None:
    for exchange in answers(any_images_answer):
        found = len(Answer.of(exchange).data)
        if not found:
            not_testable("there is no entry at all, which another sentence judges")
        wanted = wanted_count(exchange)
        expect(found == wanted, f"{wanted} entries, as many as asked for", Words(f"{found} of them"), "/data", exchange)


@requirement("images.answer.different")
def test_pictures_of_one_answer_differ(any_images_several: Evidence) -> None:
    found = [one.data for one, _ in pictures(any_images_several)]
    if len(found) < 2:
        not_testable("there are no two pictures to compare")
    expect(len(set(found)) == len(found), "pictures that differ", Words("the same bytes twice"), "/data")


@requirement("images.answer.form")
def test_pictures_come_in_the_form_asked_for(any_images_form_choice: Evidence) -> None:
    exchange = answers(any_images_form_choice)[0]
    wanted = wish(exchange).get("response_format")
    if wanted not in FORMS:
        nothing_here("the form was left to the hub: models of this name have no choice")
    for _, at, entry in _entries(any_images_form_choice):
        forms = _forms_of(entry)
        if forms:
            got = Words(" and ".join(forms))
            expect(wanted in forms, f"{wanted}, because response_format asks for it", got, at, exchange)


@requirement("images.answer.default-form")
def test_models_answer_in_their_usual_form(images_answer: Exchange) -> None:
    model = str(wish(images_answer).get("model"))
    if not (GPT.search(model) or DALLE.search(model)):
        not_testable(f"vendors do not say in which form {model} answers by itself")
    wanted = "b64_json" if GPT.search(model) else "url"
    for _, at, entry in _entries((images_answer,)):
        forms = _forms_of(entry)
        if forms:
            expect(wanted in forms, f"{wanted}, as {model} answers by itself", Words(" and ".join(forms)), at)


def _entries(evidence: Evidence) -> Iterator[tuple[Exchange, str, Entry]]:
    for exchange in answers(evidence):
        for place, entry in enumerate(entries(exchange)):
            yield exchange, f"/data/{place}", entry


def _forms_of(entry: Entry) -> list[str]:
    """Which forms an entry holds; empty text is none."""
    return [name for name in FORMS if getattr(entry, name)]


@requirement("images.usage.shape")
def test_usage_fits_the_schema(any_images_answer: Evidence) -> None:
    expect_shape(any_images_answer, "usage")


@requirement("images.usage.total")
def test_total_is_the_sum_of_both_sides(any_images_answer: Evidence) -> None:
    for exchange, usage in _usages(any_images_answer):
        inward, outward, total = (usage.get(name) for name in ("input_tokens", "output_tokens", "total_tokens"))
        if not (is_count(inward) and is_count(outward) and is_count(total)):
            not_testable("the usage object is not complete")
        wanted = inward + outward
        expect(total == wanted, f"{inward} + {outward} = {wanted}", total, "/usage/total_tokens", exchange)


@requirement("images.usage.details")
def test_details_sum_to_the_input(any_images_answer: Evidence) -> None:
    for exchange, usage in _usages(any_images_answer):
        details = usage.get("input_tokens_details")
        parts = [details.get(name) for name in ("text_tokens", "image_tokens")] if isinstance(details, dict) else []
        if not parts or not all(is_count(part) for part in (*parts, usage.get("input_tokens"))):
            not_testable("the usage object has no complete details")
        wanted, at = sum(part for part in parts if part), "/usage/input_tokens"
        expect(
            usage["input_tokens"] == wanted, f"{wanted}, the sum of its details", usage["input_tokens"], at, exchange
        )


def _usages(evidence: Evidence) -> list[tuple[Exchange, dict[str, object]]]:
    found = [(exchange, Answer.of(exchange).usage) for exchange in answers(evidence)]
    told = [(exchange, usage) for exchange, usage in found if usage]
    return told or nothing_here("there is no usage object, which these models need not send")
