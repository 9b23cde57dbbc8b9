"""Requests for vectors that no hub can serve as they stand."""

from __future__ import annotations

from conformance.engine.kit.reading import expect_client_error
from conformance.engine.kit.refusals import expect_params, reply_to
from conformance.engine.requirement import requirement
from conformance.families.embeddings.probes import WRONG_TYPES, WRONG_VALUES
from conformance.wire.exchange import Exchange

Conversation = tuple[Exchange, ...]


@requirement("embeddings.refusal.input-missing")
def test_missing_input_is_refused(embeddings_wrong_types: Conversation) -> None:
    expect_client_error(reply_to(embeddings_wrong_types, WRONG_TYPES, "input"))


@requirement("embeddings.refusal.input-type")
def test_a_number_as_input_is_refused(embeddings_wrong_types: Conversation) -> None:
    expect_client_error(reply_to(embeddings_wrong_types, WRONG_TYPES, "input as number"))


@requirement("embeddings.refusal.encoding-type")
def test_a_number_as_encoding_is_refused(embeddings_wrong_types: Conversation) -> None:
    expect_client_error(reply_to(embeddings_wrong_types, WRONG_TYPES, "encoding_format"))


@requirement("embeddings.refusal.dimensions-type")
def test_text_as_dimensions_is_refused(embeddings_wrong_types: Conversation) -> None:
    expect_client_error(reply_to(embeddings_wrong_types, WRONG_TYPES, "dimensions"))


@requirement("embeddings.refusal.input-empty-list")
def test_an_empty_list_is_refused(embeddings_wrong_values: Conversation) -> None:
    expect_client_error(reply_to(embeddings_wrong_values, WRONG_VALUES, "input"))


@requirement("embeddings.refusal.input-empty-text")
def test_an_empty_text_is_refused(embeddings_wrong_values: Conversation) -> None:
    expect_client_error(reply_to(embeddings_wrong_values, WRONG_VALUES, "input as empty text"))


@requirement("embeddings.refusal.encoding-unknown")
def test_an_unknown_encoding_is_refused(embeddings_wrong_values: Conversation) -> None:
    expect_client_error(reply_to(embeddings_wrong_values, WRONG_VALUES, "encoding_format"))


@requirement("embeddings.refusal.dimensions-zero")
def test_vectors_of_no_length_are_refused(embeddings_wrong_values: Conversation) -> None:
    expect_client_error(reply_to(embeddings_wrong_values, WRONG_VALUES, "dimensions"))


@requirement("embeddings.refusal.param")
def test_refusal_names_the_type_field(embeddings_wrong_types: Conversation) -> None:
    expect_params(embeddings_wrong_types, WRONG_TYPES)


@requirement("embeddings.refusal.param")
def test_refusal_names_the_value_field(embeddings_wrong_values: Conversation) -> None:
    expect_params(embeddings_wrong_values, WRONG_VALUES)
