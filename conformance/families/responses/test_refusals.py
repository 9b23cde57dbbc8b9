"""Requests that no hub can serve as they stand."""

from __future__ import annotations

from conformance.engine.kit.reading import expect_client_error
from conformance.engine.kit.refusals import expect_params, reply_to
from conformance.engine.probe import Conversation
from conformance.engine.requirement import requirement
from conformance.families.responses.probes import WRONG_TYPES, WRONG_VALUES


@requirement("responses.refusal.input-missing")
def test_missing_input_is_refused(responses_wrong_types: Conversation) -> None:
    expect_client_error(reply_to(responses_wrong_types, WRONG_TYPES, "input"))


@requirement("responses.refusal.input-type")
def test_number_as_input_is_refused(responses_wrong_types: Conversation) -> None:
    expect_client_error(reply_to(responses_wrong_types, WRONG_TYPES, "input as a number"))


@requirement("responses.refusal.stream-type")
def test_text_as_stream_is_refused(responses_wrong_types: Conversation) -> None:
    expect_client_error(reply_to(responses_wrong_types, WRONG_TYPES, "stream"))


@requirement("responses.refusal.limit-type")
def test_text_as_limit_is_refused(responses_wrong_types: Conversation) -> None:
    expect_client_error(reply_to(responses_wrong_types, WRONG_TYPES, "max_output_tokens"))


@requirement("responses.refusal.temperature-type")
def test_text_as_temperature_is_refused(responses_wrong_types: Conversation) -> None:
    expect_client_error(reply_to(responses_wrong_types, WRONG_TYPES, "temperature"))


@requirement("responses.refusal.limit-negative")
def test_negative_limit_is_refused(responses_wrong_values: Conversation) -> None:
    expect_client_error(reply_to(responses_wrong_values, WRONG_VALUES, "max_output_tokens"))


@requirement("responses.refusal.temperature-range")
def test_temperature_of_99_is_refused(responses_wrong_values: Conversation) -> None:
    expect_client_error(reply_to(responses_wrong_values, WRONG_VALUES, "temperature"))


@requirement("responses.refusal.item-type")
def test_unknown_item_is_refused(responses_wrong_values: Conversation) -> None:
    expect_client_error(reply_to(responses_wrong_values, WRONG_VALUES, "input of an unknown type"))


@requirement("responses.refusal.tool-type")
def test_unknown_tool_is_refused(responses_wrong_values: Conversation) -> None:
    expect_client_error(reply_to(responses_wrong_values, WRONG_VALUES, "tools of an unknown type"))


@requirement("responses.refusal.param")
def test_refusal_names_the_type_field(responses_wrong_types: Conversation) -> None:
    expect_params(responses_wrong_types, WRONG_TYPES)


@requirement("responses.refusal.param")
def test_refusal_names_the_value_field(responses_wrong_values: Conversation) -> None:
    expect_params(responses_wrong_values, WRONG_VALUES)
