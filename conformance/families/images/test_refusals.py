"""Requests for pictures that no hub can serve as they stand, and forms that look odd and are in order."""

from __future__ import annotations

from conformance.engine.judge import NotOffered, expect, not_testable
from conformance.engine.kit.costs import ABSENT, expect_refused
from conformance.engine.kit.refusals import error_of, expect_params, reply_to
from conformance.engine.kit.replies import expect_served
from conformance.engine.requirement import requirement
from conformance.families.images.probes import NO_PROMPT
from conformance.families.images.reading import Evidence
from conformance.wire.exchange import Exchange


@requirement("images.edit.list-field")
def test_a_list_of_pictures_is_taken(any_images_edit_list: Evidence) -> None:
    expect_served(any_images_edit_list[0])


@requirement("images.edit.list-field")
def test_a_picture_in_a_list_is_seen(images_edit_no_prompt: Exchange, images_edit: Exchange) -> None:
    refusal = error_of(images_edit_no_prompt)
    if refusal is None or not isinstance(refusal.get("param"), str):
        not_testable("the refusal does not say which field it is about")
    got = refusal["param"]
    blamed = got.startswith("image")  # the same picture as `image` is served
    expect(not blamed, "the prompt as the missing field", got, "/error/param", images_edit_no_prompt)


@requirement("images.edit.mask-read")
def test_a_mask_that_is_no_picture_is_refused(images_edit_bad_mask: Exchange) -> None:
    expect_refused(images_edit_bad_mask)


@requirement("images.refusal.prompt-missing")
def test_missing_prompt_is_refused(images_no_prompt: Evidence) -> None:
    expect_refused(reply_to(images_no_prompt, NO_PROMPT, "prompt"))


@requirement("images.refusal.edit-prompt-missing")
def test_a_form_without_prompt_is_refused(images_edit_no_prompt: Exchange) -> None:
    expect_refused(images_edit_no_prompt)


@requirement("images.refusal.no-picture")
def test_a_file_that_is_no_picture_is_refused(images_edit_no_picture: Exchange) -> None:
    expect_refused(images_edit_no_picture)


@requirement("images.refusal.param")
def test_refusal_names_the_prompt(images_no_prompt: Evidence) -> None:
    if all(exchange.status in ABSENT for exchange in images_no_prompt):
        raise NotOffered("the hub answers as if nothing were there")
    expect_params(images_no_prompt, NO_PROMPT)
