"""Judges of what prompts are said to cost."""

from __future__ import annotations

import itertools
import json
from collections.abc import Iterable

from conformance.engine.judge import Words, expect, not_testable
from conformance.engine.kit.answers import counts_of
from conformance.engine.kit.reading import served
from conformance.engine.probe import Conversation
from conformance.engine.requirement import requirement
from conformance.everywhere.metering.probes import MORE_WORDS
from conformance.wire.exchange import Exchange

LEAST_TOKENS = 100
CLOSE_SHARE = 0.10
CLOSE_TOKENS = 12
AT = "the count of the prompt"


def _prompt(exchange: Exchange) -> int:
    count = counts_of(served(exchange)).prompt
    if not count:
        not_testable("the answer does not count its prompt, which the format's own sentences judge")
    return count


@requirement("metering.prompt.grows")
def test_more_words_count_more(metering_prompts: Conversation) -> None:
    short, long = metering_prompts
    less, more = _prompt(short), _prompt(long)
    expect(more > less, f"more than {less} with two hundred words more", more, AT, long)


@requirement("metering.prompt.plausible")
def test_words_count_as_tokens(metering_prompts: Conversation) -> None:
    short, long = metering_prompts
    added = _prompt(long) - _prompt(short)
    if added <= 0:
        not_testable("the count does not grow, which another sentence judges")
    most = len(long.request.body) - len(short.request.body)
    expect(LEAST_TOKENS <= added <= most, f"{LEAST_TOKENS} to {most} tokens for {WORDS} words", added, AT, long)


WORDS = len(MORE_WORDS.split())


@requirement("metering.prompt.same")
def test_the_same_counts_the_same(isolation_sequence: Conversation) -> None:
    pairs = [pair for pair in itertools.combinations(_answers(isolation_sequence), 2) if _same_request(*pair)]
    if not pairs:
        not_testable("no request was answered twice")
    for one, other in pairs:
        wanted, got = _prompt(one), _prompt(other)
        expect(got == wanted, f"{wanted} as before", got, AT, other)


def _answers(exchanges: Iterable[Exchange]) -> list[Exchange]:
    return [exchange for exchange in exchanges if exchange.ok and exchange.request.body]


def _same_request(one: Exchange, other: Exchange) -> bool:
    bodies = [json.dumps(exchange.request.json, sort_keys=True) for exchange in (one, other)]
    return one.request.url == other.request.url and bodies[0] == bodies[1]


@requirement("metering.formats.close")
def test_formats_with_one_model_count_alike(metering_other: Conversation, metering_chat: Conversation) -> None:
    models = [_model(conversation[1]) for conversation in (metering_other, metering_chat)]
    if models[0] != models[1]:
        not_testable(f"the formats have models of their own: {models[0]} and {models[1]}")
    _expect_close(metering_other[1], metering_chat[1])


@requirement("metering.formats.close")
def test_formats_count_the_model_of_chat_alike(metering_elsewhere: Exchange, metering_chat: Conversation) -> None:
    if not metering_elsewhere.ok:
        not_testable(f"this format does not serve the model of chat: HTTP {metering_elsewhere.status}")
    _expect_close(metering_elsewhere, metering_chat[1])


def _model(exchange: Exchange) -> str:
    body = exchange.request.json
    return str(body["model"]) if "model" in body else exchange.request.url.partition("/models/")[2].partition(":")[0]


def _expect_close(exchange: Exchange, chat: Exchange) -> None:
    wanted, got = _prompt(chat), _prompt(exchange)
    leeway = max(CLOSE_TOKENS, round(CLOSE_SHARE * wanted))
    expect(abs(got - wanted) <= leeway, Words(f"{wanted} as in chat, give or take {leeway}"), got, AT, exchange)
