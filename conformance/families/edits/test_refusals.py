"""Requests for an edit that no hub can serve as they stand."""

from __future__ import annotations

from conformance.engine.kit.reading import expect_client_error
from conformance.engine.kit.refusals import expect_params, reply_to
from conformance.engine.requirement import requirement
from conformance.families.edits.probes import WRONG_TYPES, WRONG_VALUES
from conformance.wire.exchange import Exchange

Conversation = tuple[Exchange, ...]


@requirement("edits.refusal.instruction-missing")
def test_missing_instruction_is_refused(edits_wrong_types: Conversation) -> None:
    expect_client_error(reply_to(edits_wrong_types, WRONG_TYPES, "instruction"))


@requirement("edits.refusal.instruction-type")
def test_a_list_as_instruction_is_refused(edits_wrong_types: Conversation) -> None:
    expect_client_error(reply_to(edits_wrong_types, WRONG_TYPES, "instruction as list"))


@requirement("edits.refusal.input-type")
def test_a_number_as_input_is_refused(edits_wrong_types: Conversation) -> None:
    expect_client_error(reply_to(edits_wrong_types, WRONG_TYPES, "input"))


@requirement("edits.refusal.n-type")
def test_text_as_n_is_refused(edits_wrong_types: Conversation) -> None:
    expect_client_error(reply_to(edits_wrong_types, WRONG_TYPES, "n"))


@requirement("edits.refusal.temperature-type")
def test_text_as_temperature_is_refused(edits_wrong_types: Conversation) -> None:
    expect_client_error(reply_to(edits_wrong_types, WRONG_TYPES, "temperature"))


@requirement("edits.refusal.n-zero")
def test_no_choice_at_all_is_refused(edits_wrong_values: Conversation) -> None:
    expect_client_error(reply_to(edits_wrong_values, WRONG_VALUES, "n"))


@requirement("edits.refusal.temperature-range")
def test_temperature_of_99_is_refused(edits_wrong_values: Conversation) -> None:
    expect_client_error(reply_to(edits_wrong_values, WRONG_VALUES, "temperature"))


@requirement("edits.refusal.param")
def test_refusal_names_the_type_field(edits_wrong_types: Conversation) -> None:
    expect_params(edits_wrong_types, WRONG_TYPES)


@requirement("edits.refusal.param")
def test_refusal_names_the_value_field(edits_wrong_values: Conversation) -> None:
    expect_params(edits_wrong_values, WRONG_VALUES)
