"""Requests that no hub can serve as they stand."""

from __future__ import annotations

from conformance.engine.judge import Words, expect, inconclusive, not_testable
from conformance.engine.requirement import requirement
from conformance.families.chat.probes import WRONG_TYPES, WRONG_VALUES
from conformance.families.chat.reading import told
from conformance.wire.exchange import Exchange

Conversation = tuple[Exchange, ...]


@requirement("chat.refusal.messages-missing")
def test_missing_messages_are_refused(chat_wrong_types: Conversation) -> None:
    _expect_refusal(chat_wrong_types, list(WRONG_TYPES).index("messages"))


@requirement("chat.refusal.messages-type")
def test_text_as_messages_is_refused(chat_wrong_types: Conversation) -> None:
    _expect_refusal(chat_wrong_types, list(WRONG_TYPES).index("messages as text"))


@requirement("chat.refusal.stream-type")
def test_text_as_stream_is_refused(chat_wrong_types: Conversation) -> None:
    _expect_refusal(chat_wrong_types, list(WRONG_TYPES).index("stream"))


@requirement("chat.refusal.max-tokens-type")
def test_text_as_max_tokens_is_refused(chat_wrong_types: Conversation) -> None:
    _expect_refusal(chat_wrong_types, list(WRONG_TYPES).index("max_tokens"))


@requirement("chat.refusal.temperature-type")
def test_text_as_temperature_is_refused(chat_wrong_types: Conversation) -> None:
    _expect_refusal(chat_wrong_types, list(WRONG_TYPES).index("temperature"))


@requirement("chat.refusal.messages-empty")
def test_empty_messages_are_refused(chat_wrong_values: Conversation) -> None:
    _expect_refusal(chat_wrong_values, list(WRONG_VALUES).index("messages"))


@requirement("chat.refusal.n-zero")
def test_no_choice_at_all_is_refused(chat_wrong_values: Conversation) -> None:
    _expect_refusal(chat_wrong_values, list(WRONG_VALUES).index("n"))


@requirement("chat.refusal.temperature-range")
def test_temperature_of_99_is_refused(chat_wrong_values: Conversation) -> None:
    _expect_refusal(chat_wrong_values, list(WRONG_VALUES).index("temperature"))


@requirement("chat.refusal.max-tokens-negative")
def test_negative_max_tokens_is_refused(chat_wrong_values: Conversation) -> None:
    _expect_refusal(chat_wrong_values, list(WRONG_VALUES).index("max_tokens"))


@requirement("chat.refusal.max-tokens-zero")
def test_max_tokens_of_zero_gives_no_text(chat_wrong_values: Conversation) -> None:
    exchange = _reply(chat_wrong_values, list(WRONG_VALUES).index("max_tokens of nothing"))
    if not exchange.ok:
        _expect_client_error(exchange)
        return
    for choice in told(exchange):
        expect(not choice.text, "a refusal, or no text at all", choice.text, f"/choices/{choice.index}", exchange)


@requirement("chat.refusal.param")
def test_refusal_names_the_type_field(chat_wrong_types: Conversation) -> None:
    _expect_param(chat_wrong_types, list(WRONG_TYPES))


@requirement("chat.refusal.param")
def test_refusal_names_the_value_field(chat_wrong_values: Conversation) -> None:
    _expect_param(chat_wrong_values, list(WRONG_VALUES))


def _reply(conversation: Conversation, number: int) -> Exchange:
    if number >= len(conversation):
        inconclusive("this request was not sent: the run ended before")
    return conversation[number]


def _expect_refusal(conversation: Conversation, number: int) -> None:
    _expect_client_error(_reply(conversation, number))


def _expect_client_error(exchange: Exchange) -> None:
    refused = exchange.status is not None and 400 <= exchange.status < 500
    said = Words(f"HTTP {exchange.status}: {exchange.text[:200]}")
    expect(refused, "a refusal with a 4xx status", said, "", exchange)


def _expect_param(conversation: Conversation, words: list[str]) -> None:
    judged = 0
    for exchange, word in zip(conversation, words, strict=False):
        error = _error_of(exchange)
        if error is None:
            continue
        judged += 1
        field, param = word.partition(" ")[0], error.get("param")
        named = isinstance(param, str) and field in param
        expect(named, f"a param that names {field}", param, "/error/param", exchange)
    if not judged:
        not_testable("no request was refused with an error object")


def _error_of(exchange: Exchange) -> dict[str, object] | None:
    """The error object of a refusal, None when there is none."""
    if exchange.ok or not exchange.is_json or not isinstance(exchange.json, dict):
        return None
    error = exchange.json.get("error")
    return error if isinstance(error, dict) else None
