"""Output tokens: how many a request allows before it is sent, and how many its answer came to.

Usage is read with one pattern for all formats, streams and frames included: that is quick, and judges nothing.
"""

from __future__ import annotations

import json
import re
from dataclasses import dataclass
from typing import Any

from conformance.wire.exchange import End, Exchange

UNLIMITED = {
    **dict.fromkeys(("chat", "responses", "claude", "gemini", "completions", "edits", "playground"), 512),
    "realtime": 512,
    "images": 2048,
}
"""What a request without a limit of its own is taken to allow, by family; of other families, nothing."""
LIMITS = ("max_tokens", "max_completion_tokens", "max_output_tokens", "maxOutputTokens")
COUNTS = ("n", "candidateCount")
CHARACTERS_PER_TOKEN = 4
LARGEST = 2**20
"""Bytes of a request or an answer that are looked through."""

_USAGE = re.compile(
    rb'"(completion_tokens|output_tokens|candidatesTokenCount|thoughtsTokenCount)"\s*:\s*(\d{1,9})(?!\d)'
)
_WORDS = re.compile(
    rb'"(?:content|text|delta|arguments|partial_json|thinking|reasoning_content|transcript)"\s*:\s*"((?:[^"\\]|\\.)*)"'
)


@dataclass(frozen=True)
class Output:
    """What an exchange, or several, came to: output tokens, how many of them are an estimate of ours because the hub
    reported nothing, and how many the requests that were served had allowed."""

    tokens: int = 0
    estimated: int = 0
    allowed: int = 0

    def __add__(self, other: Output) -> Output:
        return Output(self.tokens + other.tokens, self.estimated + other.estimated, self.allowed + other.allowed)


def allowed(body: bytes, family: str, method: str = "POST") -> int:
    """Most output tokens that a request asks for: its limit, or its family's, times its number of answers."""
    if method != "POST":
        return 0
    try:
        given = json.loads(body) if len(body) <= LARGEST else None
    except (ValueError, RecursionError):
        given = None
    if not isinstance(given, dict):
        return UNLIMITED.get(family, 0)
    settings = given.get("generationConfig")
    fields: dict[str, Any] = {**given, **(settings if isinstance(settings, dict) else {})}
    limit = max((_whole(fields.get(name)) for name in LIMITS), default=0) or UNLIMITED.get(family, 0)
    return limit * max(1, *(_whole(fields.get(name)) for name in COUNTS))


def _whole(value: object) -> int:
    return value if isinstance(value, int) and not isinstance(value, bool) and 0 < value < 10**9 else 0


def output(exchange: Exchange, most: int) -> Output:
    """What an exchange came to.

    Args:
        most: what its request allowed, by `allowed`. An estimate does not go beyond it.
    """
    if exchange.switched:
        return Output(sum(_reported(frame.data) or 0 for frame in exchange.frames if not frame.sent))
    if exchange.answered and not exchange.ok:
        return Output()
    reported = _reported(exchange.body[:LARGEST]) if exchange.ok else None
    if reported is not None:
        return Output(reported, 0, most)
    if exchange.end is not End.complete:
        return Output(most, most, most) if exchange.end is not End.refused else Output()
    length = sum(len(found[1]) for found in _WORDS.finditer(exchange.body[:LARGEST])) if most else 0
    guess = min(most, -(-length // CHARACTERS_PER_TOKEN))
    return Output(guess, guess, most)


def _reported(data: bytes) -> int | None:
    """The usage in an answer: streams repeat it, the last and greatest number counts."""
    found: dict[bytes, int] = {}
    for match in _USAGE.finditer(data):
        found[match[1]] = max(found.get(match[1], 0), int(match[2]))
    if not found:
        return None
    thoughts = found.pop(b"thoughtsTokenCount", 0)
    return thoughts + max(found.values(), default=0)
