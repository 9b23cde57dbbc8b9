"""Requests for a verdict that no hub can serve as they stand."""

from __future__ import annotations

from conformance.engine.kit.reading import expect_client_error
from conformance.engine.kit.refusals import expect_params, reply_to
from conformance.engine.requirement import requirement
from conformance.families.moderations.probes import WRONG_TYPES, WRONG_VALUES
from conformance.wire.exchange import Exchange

Conversation = tuple[Exchange, ...]


@requirement("moderations.refusal.input-missing")
def test_missing_input_is_refused(moderations_wrong_types: Conversation) -> None:
    expect_client_error(reply_to(moderations_wrong_types, WRONG_TYPES, "input"))


@requirement("moderations.refusal.input-type")
def test_a_number_as_input_is_refused(moderations_wrong_types: Conversation) -> None:
    expect_client_error(reply_to(moderations_wrong_types, WRONG_TYPES, "input as number"))


@requirement("moderations.refusal.input-empty-list")
def test_an_empty_list_is_refused(moderations_wrong_values: Conversation) -> None:
    expect_client_error(reply_to(moderations_wrong_values, WRONG_VALUES, "input"))


@requirement("moderations.refusal.param")
def test_refusal_names_the_type_field(moderations_wrong_types: Conversation) -> None:
    expect_params(moderations_wrong_types, WRONG_TYPES)


@requirement("moderations.refusal.param")
def test_refusal_names_the_value_field(moderations_wrong_values: Conversation) -> None:
    expect_params(moderations_wrong_values, WRONG_VALUES)
