"""Requests for a ranking that no hub can serve as they stand."""

from __future__ import annotations

from conformance.engine.kit.reading import expect_client_error
from conformance.engine.kit.refusals import expect_params, reply_to
from conformance.engine.requirement import requirement
from conformance.families.rerank.probes import WRONG
from conformance.wire.exchange import Exchange

Conversation = tuple[Exchange, ...]


@requirement("rerank.refusal.query-missing")
def test_missing_query_is_refused(rerank_wrong: Conversation) -> None:
    expect_client_error(reply_to(rerank_wrong, WRONG, "query"))


@requirement("rerank.refusal.param")
def test_refusal_names_the_field(rerank_wrong: Conversation) -> None:
    expect_params(rerank_wrong, WRONG)
