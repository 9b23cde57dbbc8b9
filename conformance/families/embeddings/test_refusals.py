"""Requests for vectors that no hub can serve as they stand."""

from __future__ import annotations

from conformance.engine.kit.reading import expect_client_error
from conformance.engine.kit.refusals import expect_params, reply_to
from conformance.engine.probe import Conversation
from conformance.engine.requirement import requirement
from conformance.families.embeddings.probes import WRONGS


@requirement("embeddings.refusal.input-missing")
def test_missing_input_is_refused(embeddings_wrong: Conversation) -> None:
    expect_client_error(reply_to(embeddings_wrong, WRONGS, "input"))


@requirement("embeddings.refusal.encoding-unknown")
def test_an_unknown_encoding_is_refused(embeddings_wrong: Conversation) -> None:
    expect_client_error(reply_to(embeddings_wrong, WRONGS, "encoding_format"))


@requirement("embeddings.refusal.param")
def test_refusal_names_the_field(embeddings_wrong: Conversation) -> None:
    expect_params(embeddings_wrong, WRONGS)
