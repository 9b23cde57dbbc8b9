"""Requests for a verdict that no hub can serve as they stand."""

from __future__ import annotations

from conformance.engine.kit.reading import expect_client_error
from conformance.engine.kit.refusals import expect_params, reply_to
from conformance.engine.requirement import requirement
from conformance.families.moderations.probes import WRONG
from conformance.wire.exchange import Exchange

Conversation = tuple[Exchange, ...]


@requirement("moderations.refusal.input-missing")
def test_missing_input_is_refused(moderations_wrong: Conversation) -> None:
    expect_client_error(reply_to(moderations_wrong, WRONG, "input"))


@requirement("moderations.refusal.param")
def test_refusal_names_the_field(moderations_wrong: Conversation) -> None:
    expect_params(moderations_wrong, WRONG)
