"""Judges of what prompts are said to cost."""

from __future__ import annotations

from conformance.engine.judge import Words, expect, not_testable
from conformance.engine.kit.answers import counts_of
from conformance.engine.kit.prompts import GREETING
from conformance.engine.kit.reading import body_of, served
from conformance.engine.probe import Conversation
from conformance.engine.requirement import requirement
from conformance.everywhere.errors.views import SPELLING, odd
from conformance.everywhere.metering.probes import TEXT
from conformance.wire.exchange import Exchange

BYTES_MORE = len(TEXT.encode()) - len(GREETING.encode())
LEAST_TOKENS = BYTES_MORE // 12
"""No tokeniser makes fewer of text in many scripts."""
CLOSE_SHARE = 0.10
CLOSE_TOKENS = 12
AT = "the count of the prompt"


def _prompt(exchange: Exchange) -> int:
    count = counts_of(served(exchange)).prompt
    if not count:
        not_testable("the answer does not count its prompt, which the format's own sentences judge")
    return count


@requirement("metering.prompt.grows")
def test_more_text_counts_more_in_chat(chat_answer: Exchange, chat_echo: Exchange) -> None:
    _expect_more(chat_answer, chat_echo)


@requirement("metering.prompt.grows")
def test_more_text_counts_more_in_responses(responses_answer: Exchange, metering_responses: Conversation) -> None:
    _expect_more(responses_answer, metering_responses[-1])


@requirement("metering.prompt.grows")
def test_more_text_counts_more_in_messages(claude_answer: Exchange, metering_claude: Conversation) -> None:
    _expect_more(claude_answer, metering_claude[-1])


@requirement("metering.prompt.grows")
def test_more_text_counts_more_in_contents(gemini_answer: Exchange, metering_gemini: Conversation) -> None:
    _expect_more(gemini_answer, metering_gemini[-1])


def _expect_more(short: Exchange, long: Exchange) -> None:
    less, more = _prompt(short), _prompt(long)
    expect(more > less, f"more than {less} with {BYTES_MORE} bytes of text more", more, AT, long)


@requirement("metering.prompt.plausible")
def test_text_counts_as_tokens_in_chat(chat_answer: Exchange, chat_echo: Exchange) -> None:
    _expect_plausible(chat_answer, chat_echo)


@requirement("metering.prompt.plausible")
def test_text_counts_as_tokens_in_responses(responses_answer: Exchange, metering_responses: Conversation) -> None:
    _expect_plausible(responses_answer, metering_responses[-1])


@requirement("metering.prompt.plausible")
def test_text_counts_as_tokens_in_messages(claude_answer: Exchange, metering_claude: Conversation) -> None:
    _expect_plausible(claude_answer, metering_claude[-1])


@requirement("metering.prompt.plausible")
def test_text_counts_as_tokens_in_contents(gemini_answer: Exchange, metering_gemini: Conversation) -> None:
    _expect_plausible(gemini_answer, metering_gemini[-1])


def _expect_plausible(short: Exchange, long: Exchange) -> None:
    added = _prompt(long) - _prompt(short)
    if added <= 0:
        not_testable("the count does not grow, which another sentence judges")
    fine = LEAST_TOKENS <= added <= BYTES_MORE
    expect(fine, f"{LEAST_TOKENS} to {BYTES_MORE} tokens for {BYTES_MORE} bytes of text more", added, AT, long)


@requirement("metering.prompt.same")
def test_the_same_counts_the_same(chat_answer: Exchange, errors_oddities: Conversation) -> None:
    otherwise = odd(errors_oddities, SPELLING)
    if body_of(otherwise.request).get("model") != body_of(chat_answer.request).get("model"):
        not_testable("the two requests name two models")
    wanted, got = _prompt(chat_answer), _prompt(otherwise)
    expect(got == wanted, f"{wanted} as for the plain spelling", got, AT, otherwise)


@requirement("metering.formats.close")
def test_responses_count_like_chat(metering_responses: Conversation, chat_echo: Exchange) -> None:
    _expect_close(metering_responses[0], chat_echo)


@requirement("metering.formats.close")
def test_messages_count_like_chat(metering_claude: Conversation, chat_echo: Exchange) -> None:
    _expect_close(metering_claude[0], chat_echo)


@requirement("metering.formats.close")
def test_contents_count_like_chat(metering_gemini: Conversation, chat_echo: Exchange) -> None:
    _expect_close(metering_gemini[0], chat_echo)


def _expect_close(exchange: Exchange, chat: Exchange) -> None:
    wanted, got = _prompt(chat), _prompt(exchange)
    leeway = max(CLOSE_TOKENS, round(CLOSE_SHARE * wanted))
    expect(abs(got - wanted) <= leeway, Words(f"{wanted} as in chat, give or take {leeway}"), got, AT, exchange)
