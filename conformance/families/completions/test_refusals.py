"""Requests for a continuation that no hub can serve as they stand."""

from __future__ import annotations

from conformance.engine.kit.reading import expect_client_error
from conformance.engine.kit.refusals import expect_params, reply_to
from conformance.engine.requirement import requirement
from conformance.families.completions.probes import WRONG_TYPES, WRONG_VALUES
from conformance.wire.exchange import Exchange

Conversation = tuple[Exchange, ...]


@requirement("completions.refusal.prompt-missing")
def test_missing_prompt_is_refused(completions_wrong_types: Conversation) -> None:
    expect_client_error(reply_to(completions_wrong_types, WRONG_TYPES, "prompt"))


@requirement("completions.refusal.prompt-type")
def test_a_number_as_prompt_is_refused(completions_wrong_types: Conversation) -> None:
    expect_client_error(reply_to(completions_wrong_types, WRONG_TYPES, "prompt as number"))


@requirement("completions.refusal.stream-type")
def test_text_as_stream_is_refused(completions_wrong_types: Conversation) -> None:
    expect_client_error(reply_to(completions_wrong_types, WRONG_TYPES, "stream"))


@requirement("completions.refusal.max-tokens-type")
def test_text_as_max_tokens_is_refused(completions_wrong_types: Conversation) -> None:
    expect_client_error(reply_to(completions_wrong_types, WRONG_TYPES, "max_tokens"))


@requirement("completions.refusal.temperature-type")
def test_text_as_temperature_is_refused(completions_wrong_types: Conversation) -> None:
    expect_client_error(reply_to(completions_wrong_types, WRONG_TYPES, "temperature"))


@requirement("completions.refusal.n-zero")
def test_no_choice_at_all_is_refused(completions_wrong_values: Conversation) -> None:
    expect_client_error(reply_to(completions_wrong_values, WRONG_VALUES, "n"))


@requirement("completions.refusal.temperature-range")
def test_temperature_of_99_is_refused(completions_wrong_values: Conversation) -> None:
    expect_client_error(reply_to(completions_wrong_values, WRONG_VALUES, "temperature"))


@requirement("completions.refusal.max-tokens-negative")
def test_negative_max_tokens_is_refused(completions_wrong_values: Conversation) -> None:
    expect_client_error(reply_to(completions_wrong_values, WRONG_VALUES, "max_tokens"))


@requirement("completions.refusal.logprobs-range")
def test_99_alternatives_are_refused(completions_wrong_values: Conversation) -> None:
    expect_client_error(reply_to(completions_wrong_values, WRONG_VALUES, "logprobs"))


@requirement("completions.refusal.param")
def test_refusal_names_the_type_field(completions_wrong_types: Conversation) -> None:
    expect_params(completions_wrong_types, WRONG_TYPES)


@requirement("completions.refusal.param")
def test_refusal_names_the_value_field(completions_wrong_values: Conversation) -> None:
    expect_params(completions_wrong_values, WRONG_VALUES)
