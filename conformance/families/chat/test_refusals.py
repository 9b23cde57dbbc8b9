"""Requests that no hub can serve as they stand."""

from __future__ import annotations

from conformance.engine.judge import expect
from conformance.engine.kit.reading import expect_client_error
from conformance.engine.kit.refusals import expect_params, reply_to
from conformance.engine.probe import Conversation
from conformance.engine.requirement import requirement
from conformance.families.chat.probes import WRONG_TYPES, WRONG_VALUES
from conformance.families.chat.reading import told


@requirement("chat.refusal.messages-missing")
def test_missing_messages_are_refused(chat_wrong_types: Conversation) -> None:
    expect_client_error(reply_to(chat_wrong_types, WRONG_TYPES, "messages"))


@requirement("chat.refusal.messages-type")
def test_text_as_messages_is_refused(chat_wrong_types: Conversation) -> None:
    expect_client_error(reply_to(chat_wrong_types, WRONG_TYPES, "messages as text"))


@requirement("chat.refusal.stream-type")
def test_text_as_stream_is_refused(chat_wrong_types: Conversation) -> None:
    expect_client_error(reply_to(chat_wrong_types, WRONG_TYPES, "stream"))


@requirement("chat.refusal.max-tokens-type")
def test_text_as_max_tokens_is_refused(chat_wrong_types: Conversation) -> None:
    expect_client_error(reply_to(chat_wrong_types, WRONG_TYPES, "max_tokens"))


@requirement("chat.refusal.temperature-type")
def test_text_as_temperature_is_refused(chat_wrong_types: Conversation) -> None:
    expect_client_error(reply_to(chat_wrong_types, WRONG_TYPES, "temperature"))


@requirement("chat.refusal.messages-empty")
def test_empty_messages_are_refused(chat_wrong_values: Conversation) -> None:
    expect_client_error(reply_to(chat_wrong_values, WRONG_VALUES, "messages"))


@requirement("chat.refusal.n-zero")
def test_no_choice_at_all_is_refused(chat_wrong_values: Conversation) -> None:
    expect_client_error(reply_to(chat_wrong_values, WRONG_VALUES, "n"))


@requirement("chat.refusal.temperature-range")
def test_temperature_of_99_is_refused(chat_wrong_values: Conversation) -> None:
    expect_client_error(reply_to(chat_wrong_values, WRONG_VALUES, "temperature"))


@requirement("chat.refusal.max-tokens-negative")
def test_negative_max_tokens_is_refused(chat_wrong_values: Conversation) -> None:
    expect_client_error(reply_to(chat_wrong_values, WRONG_VALUES, "max_tokens"))


@requirement("chat.refusal.max-tokens-zero")
def test_max_tokens_of_zero_gives_no_text(chat_wrong_values: Conversation) -> None:
    exchange = reply_to(chat_wrong_values, WRONG_VALUES, "max_tokens of nothing")
    if not exchange.ok:
        expect_client_error(exchange)
        return
    for choice in told(exchange):
        expect(not choice.text, "a refusal, or no text at all", choice.text, f"/choices/{choice.index}", exchange)


@requirement("chat.refusal.param")
def test_refusal_names_the_type_field(chat_wrong_types: Conversation) -> None:
    expect_params(chat_wrong_types, WRONG_TYPES)


@requirement("chat.refusal.param")
def test_refusal_names_the_value_field(chat_wrong_values: Conversation) -> None:
    expect_params(chat_wrong_values, WRONG_VALUES)
