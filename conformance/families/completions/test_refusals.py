"""Requests for a continuation that no hub can serve as they stand."""

from __future__ import annotations

from conformance.engine.kit.reading import expect_client_error
from conformance.engine.kit.refusals import expect_params, reply_to
from conformance.engine.probe import Conversation
from conformance.engine.requirement import requirement
from conformance.families.completions.probes import WRONGS


@requirement("completions.refusal.prompt-missing")
def test_missing_prompt_is_refused(completions_wrong: Conversation) -> None:
    expect_client_error(reply_to(completions_wrong, WRONGS, "prompt"))


@requirement("completions.refusal.max-tokens-type")
def test_text_as_max_tokens_is_refused(completions_wrong: Conversation) -> None:
    expect_client_error(reply_to(completions_wrong, WRONGS, "max_tokens"))


@requirement("completions.refusal.param")
def test_refusal_names_the_field(completions_wrong: Conversation) -> None:
    expect_params(completions_wrong, WRONGS)
