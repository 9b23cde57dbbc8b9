"""Requests for an edit that no hub can serve as they stand."""

from __future__ import annotations

from conformance.engine.kit.reading import expect_client_error
from conformance.engine.kit.refusals import expect_params, reply_to
from conformance.engine.requirement import requirement
from conformance.families.edits.probes import WRONG
from conformance.wire.exchange import Exchange

Conversation = tuple[Exchange, ...]


@requirement("edits.refusal.instruction-missing")
def test_missing_instruction_is_refused(edits_wrong: Conversation) -> None:
    expect_client_error(reply_to(edits_wrong, WRONG, "instruction"))


@requirement("edits.refusal.param")
def test_refusal_names_the_field(edits_wrong: Conversation) -> None:
    expect_params(edits_wrong, WRONG)
