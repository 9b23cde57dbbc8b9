"""Requests for a ranking that no hub can serve as they stand."""

from __future__ import annotations

from conformance.engine.kit.reading import expect_client_error
from conformance.engine.kit.refusals import expect_params, reply_to
from conformance.engine.requirement import requirement
from conformance.families.rerank.probes import WRONG_TYPES, WRONG_VALUES
from conformance.wire.exchange import Exchange

Conversation = tuple[Exchange, ...]


@requirement("rerank.refusal.query-missing")
def test_missing_query_is_refused(rerank_wrong_types: Conversation) -> None:
    expect_client_error(reply_to(rerank_wrong_types, WRONG_TYPES, "query"))


@requirement("rerank.refusal.query-type")
def test_a_number_as_query_is_refused(rerank_wrong_types: Conversation) -> None:
    expect_client_error(reply_to(rerank_wrong_types, WRONG_TYPES, "query as number"))


@requirement("rerank.refusal.documents-missing")
def test_missing_documents_are_refused(rerank_wrong_types: Conversation) -> None:
    expect_client_error(reply_to(rerank_wrong_types, WRONG_TYPES, "documents"))


@requirement("rerank.refusal.documents-type")
def test_text_as_documents_is_refused(rerank_wrong_types: Conversation) -> None:
    expect_client_error(reply_to(rerank_wrong_types, WRONG_TYPES, "documents as text"))


@requirement("rerank.refusal.top-n-type")
def test_text_as_top_n_is_refused(rerank_wrong_types: Conversation) -> None:
    expect_client_error(reply_to(rerank_wrong_types, WRONG_TYPES, "top_n"))


@requirement("rerank.refusal.return-documents-type")
def test_text_as_return_documents_is_refused(rerank_wrong_types: Conversation) -> None:
    expect_client_error(reply_to(rerank_wrong_types, WRONG_TYPES, "return_documents"))


@requirement("rerank.refusal.documents-empty")
def test_no_documents_at_all_are_refused(rerank_wrong_values: Conversation) -> None:
    expect_client_error(reply_to(rerank_wrong_values, WRONG_VALUES, "documents"))


@requirement("rerank.refusal.top-n-negative")
def test_negative_top_n_is_refused(rerank_wrong_values: Conversation) -> None:
    expect_client_error(reply_to(rerank_wrong_values, WRONG_VALUES, "top_n"))


@requirement("rerank.refusal.param")
def test_refusal_names_the_type_field(rerank_wrong_types: Conversation) -> None:
    expect_params(rerank_wrong_types, WRONG_TYPES)


@requirement("rerank.refusal.param")
def test_refusal_names_the_value_field(rerank_wrong_values: Conversation) -> None:
    expect_params(rerank_wrong_values, WRONG_VALUES)
