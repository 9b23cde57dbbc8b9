"""Answers in pieces: which tokens come together, how long one waits for them, and how likely each of them was."""

import hashlib
from collections.abc import Iterator, Sequence
from typing import Any

from conformance.hub.app import Settings

FEW_CHUNKS, MANY_CHUNKS, LONG_ANSWER = 20, 48, 200
Event = dict[str, Any]


def groups(tokens: Sequence[str]) -> Iterator[Sequence[str]]:
    """The tokens in as many groups as there will be chunks: enough to see them arrive, few enough to be quick."""
    most = MANY_CHUNKS if len(tokens) > LONG_ANSWER else FEW_CHUNKS
    size = -(-len(tokens) // most) or 1
    return (tokens[start : start + size] for start in range(0, len(tokens), size))


def pauses_of(events: Sequence[Event], settings: Settings) -> list[float]:
    """The seconds to wait before each chunk of choices and before the end. The choices of one step come together."""
    steps = [settings.chunk_delay if [part["index"] for part in event["choices"]] == [0] else 0.0 for event in events]
    pauses = [0.0, *steps[1:], 0.0]
    pauses[1] += settings.first_delay
    return pauses


def logprobs(tokens: Sequence[str], top: int | None) -> Event | None:
    """How likely each token was, with `top` alternatives; None when nobody asked."""
    if top is None:
        return None
    return {"content": [_token(token, top) for token in tokens], "refusal": None}


def _token(token: str, top: int) -> Event:
    chance = -hashlib.sha256(token.encode()).digest()[0] / 512 - 0.001
    others = [_alternative(token, rank, chance) for rank in range(1, top)]
    best = _likelihood(token, chance)
    return {**best, "top_logprobs": [best, *others][:top]}


def _alternative(token: str, rank: int, chance: float) -> Event:
    return _likelihood(f"{token}{chr(96 + rank)}", chance - rank)


def _likelihood(token: str, chance: float) -> Event:
    return {"token": token, "logprob": round(chance, 6), "bytes": list(token.encode())}
