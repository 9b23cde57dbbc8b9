"""Requests for pictures that no hub can serve as they stand, and forms that look odd and are in order."""

from __future__ import annotations

from conformance.engine.judge import NotOffered, expect, not_testable
from conformance.engine.kit.costs import ABSENT, expect_refused
from conformance.engine.kit.refusals import error_of, expect_params, reply_to
from conformance.engine.kit.replies import expect_served
from conformance.engine.requirement import requirement
from conformance.families.images.probes import NO_PROMPT, WRONG_VALUES
from conformance.families.images.reading import Evidence
from conformance.wire.exchange import Exchange


@requirement("images.edit.list-field")
def test_a_list_of_pictures_is_taken(any_images_edit_list: Evidence) -> None:
    expect_served(any_images_edit_list[0])


@requirement("images.edit.list-field")
def test_a_picture_in_a_list_is_seen(images_edit_no_prompt: Evidence) -> None:
    if len(images_edit_no_prompt) < 2:
        not_testable("the second form was not sent")
    plain, listed = (error_of(exchange) for exchange in images_edit_no_prompt)
    if plain is None or listed is None or not isinstance(listed.get("param"), str):
        not_testable("the refusals do not say which field they are about")
    blamed = str(listed["param"]).startswith("image") and not str(plain.get("param")).startswith("image")
    expect(not blamed, "the prompt as the missing field", listed["param"], "/error/param", images_edit_no_prompt[1])


@requirement("images.edit.mask-read")
def test_a_mask_that_is_no_picture_is_refused(images_edit_bad_mask: Exchange) -> None:
    expect_refused(images_edit_bad_mask)


@requirement("images.refusal.prompt-missing")
def test_missing_prompt_is_refused(images_no_prompt: Evidence) -> None:
    expect_refused(reply_to(images_no_prompt, NO_PROMPT, "prompt"))


@requirement("images.refusal.prompt-type")
def test_a_number_as_prompt_is_refused(images_no_prompt: Evidence) -> None:
    expect_refused(reply_to(images_no_prompt, NO_PROMPT, "prompt as number"))


@requirement("images.refusal.qwen-messages-missing")
def test_input_without_messages_is_refused(images_qwen_no_messages: Exchange) -> None:
    expect_refused(images_qwen_no_messages)


@requirement("images.refusal.image-missing")
def test_a_form_without_picture_is_refused(images_edit_no_image: Exchange) -> None:
    expect_refused(images_edit_no_image)


@requirement("images.refusal.edit-prompt-missing")
def test_a_form_without_prompt_is_refused(images_edit_no_prompt: Evidence) -> None:
    expect_refused(images_edit_no_prompt[0])


@requirement("images.refusal.broken-form")
def test_a_broken_form_is_refused(images_edit_broken: Exchange) -> None:
    expect_refused(images_edit_broken)


@requirement("images.refusal.no-picture")
def test_a_file_that_is_no_picture_is_refused(images_edit_no_picture: Exchange) -> None:
    expect_refused(images_edit_no_picture)


@requirement("images.refusal.n-zero")
def test_no_pictures_at_all_are_refused(images_wrong_values: Evidence) -> None:
    expect_refused(reply_to(images_wrong_values, WRONG_VALUES, "n"))


@requirement("images.refusal.size-unknown")
def test_an_impossible_size_is_refused(images_wrong_values: Evidence) -> None:
    expect_refused(reply_to(images_wrong_values, WRONG_VALUES, "size"))


@requirement("images.refusal.form-unknown")
def test_an_unknown_form_is_refused(images_wrong_values: Evidence) -> None:
    expect_refused(reply_to(images_wrong_values, WRONG_VALUES, "response_format"))


@requirement("images.refusal.param")
def test_refusal_names_the_prompt(images_no_prompt: Evidence) -> None:
    if all(exchange.status in ABSENT for exchange in images_no_prompt):
        raise NotOffered("the hub answers as if nothing were there")
    expect_params(images_no_prompt, NO_PROMPT)


@requirement("images.refusal.param")
def test_refusal_names_the_value_field(images_wrong_values: Evidence) -> None:
    expect_params(images_wrong_values, WRONG_VALUES)
