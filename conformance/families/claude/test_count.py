"""The count of a request's tokens, which the clients ask for although no document of the hub knows it."""

from __future__ import annotations

from conformance.engine.contract import load_contract
from conformance.engine.judge import Words, expect, not_testable, parsed
from conformance.engine.kit.reading import served
from conformance.engine.requirement import requirement
from conformance.families.claude.reading import Evidence, told
from conformance.families.claude.views import Count
from conformance.wire.exchange import Exchange

SLACK, SHARE = 8, 0.05
"""By how many tokens, or by what share of them, a count may miss the bill."""


@requirement("claude.count.shape")
def test_count_is_a_positive_number(claude_count: Evidence) -> None:
    for exchange in claude_count:
        value = parsed(served(exchange))
        got = value.get("input_tokens") if isinstance(value, dict) else value
        count = _count(exchange)
        expect(count is not None and count > 0, "a whole number above 0", got, "/input_tokens", exchange)


@requirement("claude.count.grows")
def test_count_grows_with_the_prompt(claude_count: Evidence) -> None:
    short, long = (_needed_count(exchange) for exchange in claude_count)
    expect(long > short, f"more than the {short} of the short prompt", long, "/input_tokens", claude_count[1])


@requirement("claude.count.equals-usage")
def test_count_is_what_is_billed(claude_count: Evidence, claude_answer: Exchange) -> None:
    count, billed = _needed_count(claude_count[0]), told(claude_answer).usage.prompt
    if billed is None:
        not_testable("the answer does not tell its input tokens, which another sentence judges")
    close = abs(count - billed) <= max(SLACK, SHARE * billed)
    expect(close, f"about {billed}, which the answer to it was billed", count, "/input_tokens", claude_count[0])


@requirement("claude.count.refused-cleanly")
def test_count_is_refused_in_the_envelope(claude_count: Evidence) -> None:
    for exchange in claude_count:
        if exchange.ok:
            not_testable("tokens are counted here")
        said = Words(f"HTTP {exchange.status}: {exchange.text[:200]}")
        clean = exchange.is_json and not load_contract().violations("ClaudeErrorResponse", exchange.json)
        expect(clean, "a refusal in the envelope of the format", said, "", exchange)


def _count(exchange: Exchange) -> int | None:
    value = parsed(served(exchange))
    return Count.read(value).input_tokens if isinstance(value, dict) else None


def _needed_count(exchange: Exchange) -> int:
    count = _count(exchange)
    return count if count is not None else not_testable("there is no count, which another sentence judges")
