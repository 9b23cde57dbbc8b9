"""Requests that no hub can serve as they stand."""

from __future__ import annotations

from conformance.engine.kit.reading import expect_client_error
from conformance.engine.kit.refusals import expect_params, reply_to
from conformance.engine.probe import Conversation
from conformance.engine.requirement import requirement
from conformance.families.chat.probes import WRONGS


@requirement("chat.refusal.messages-missing")
def test_missing_messages_are_refused(chat_wrong: Conversation) -> None:
    expect_client_error(reply_to(chat_wrong, WRONGS, "messages"))


@requirement("chat.refusal.max-tokens-type")
def test_text_as_max_tokens_is_refused(chat_wrong: Conversation) -> None:
    expect_client_error(reply_to(chat_wrong, WRONGS, "max_tokens"))


@requirement("chat.refusal.param")
def test_refusal_names_the_field(chat_wrong: Conversation) -> None:
    expect_params(chat_wrong, WRONGS)
