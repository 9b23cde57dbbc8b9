"""The count of a request's tokens, which the clients ask for although no document of the hub knows it."""

from __future__ import annotations

from conformance.engine.contract import load_contract
from conformance.engine.judge import Words, expect, not_testable, nothing_here, parsed
from conformance.engine.kit.reading import served
from conformance.engine.requirement import requirement
from conformance.families.claude.reading import told
from conformance.families.claude.views import Count
from conformance.wire.exchange import Exchange

SLACK, SHARE = 8, 0.05
"""By how many tokens, or by what share of them, a count may miss the bill."""


@requirement("claude.count.shape")
def test_count_is_a_positive_number(claude_count: Exchange) -> None:
    value = parsed(served(claude_count))
    got = value.get("input_tokens") if isinstance(value, dict) else value
    count = _count(claude_count)
    expect(count is not None and count > 0, "a whole number above 0", got, "/input_tokens")


@requirement("claude.count.grows")
def test_count_grows_with_the_prompt(claude_count: Exchange, claude_answer: Exchange) -> None:
    long, short = _needed_count(claude_count), _billed(claude_answer)
    expect(long > short, f"more than the {short} that a short prompt was billed", long, "/input_tokens", claude_count)


@requirement("claude.count.equals-usage")
def test_count_is_what_is_billed(claude_count: Exchange, claude_echo_whole: Exchange) -> None:
    count, billed = _needed_count(claude_count), _billed(claude_echo_whole)
    close = abs(count - billed) <= max(SLACK, SHARE * billed)
    expect(close, f"about {billed}, which the answer to it was billed", count, "/input_tokens", claude_count)


@requirement("claude.count.refused-cleanly")
def test_count_is_refused_in_the_envelope(claude_count: Exchange) -> None:
    if claude_count.ok:
        nothing_here("tokens are counted here")
    said = Words(f"HTTP {claude_count.status}: {claude_count.text[:200]}")
    clean = claude_count.is_json and not load_contract().violations("ClaudeErrorResponse", claude_count.json)
    expect(clean, "a refusal in the envelope of the format", said)


def _billed(exchange: Exchange) -> int:
    billed = told(exchange).usage.prompt
    return billed or not_testable("the answer does not tell its input tokens, which another sentence judges")


def _count(exchange: Exchange) -> int | None:
    value = parsed(served(exchange))
    return Count.read(value).input_tokens if isinstance(value, dict) else None


def _needed_count(exchange: Exchange) -> int:
    return _count(exchange) or not_testable("there is no count, which another sentence judges")
