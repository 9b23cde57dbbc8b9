"""Requests that no hub can serve as they stand."""

from __future__ import annotations

from conformance.engine.kit.reading import expect_client_error
from conformance.engine.kit.refusals import expect_params, reply_to
from conformance.engine.probe import Conversation
from conformance.engine.requirement import requirement
from conformance.families.responses.probes import WRONGS


@requirement("responses.refusal.tool-type")
def test_unknown_tool_is_refused(responses_wrong: Conversation) -> None:
    expect_client_error(reply_to(responses_wrong, WRONGS, "tools of an unknown type"))


@requirement("responses.refusal.param")
def test_refusal_names_the_field(responses_wrong: Conversation) -> None:
    expect_params(responses_wrong, WRONGS)
