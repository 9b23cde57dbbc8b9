"""POST /v1/embeddings and /v1/engines/{model}/embeddings: vectors whose angles tell how many words texts share.

A vector counts the words of its text and the runs of three characters, each hashed to a place and a sign, and has the
length 1. Texts with much in common are near, the same text always has the same vector.
"""

import base64
import math
import re
import struct
import zlib
from collections.abc import Iterator, Sequence
from functools import lru_cache
from typing import Any

from starlette.responses import JSONResponse, Response

from conformance.hub.app import Call
from conformance.hub.errors import invalid
from conformance.hub.fields import integer, listing, text, word
from conformance.hub.intake import take_in
from conformance.hub.text import count_tokens

NATIVE_LENGTH = 1536
MOST_INPUTS = 2048
MOST_TOKENS = 8_192
"""Tokens of one input."""
MOST_TOKENS_AT_ONCE = 300_000
WORD_WEIGHT = 2.0
Input = str | tuple[int, ...]

_TOKEN = integer(0)


def _one(value: Any, name: str) -> Input:
    if isinstance(value, list):
        return tuple(listing(_TOKEN, 1)(value, name))
    given: str = text(empty=False)(value, name)
    return given


def _inputs(value: Any, name: str) -> list[Input]:
    """The texts, or lists of tokens; a list of numbers is one input."""
    if isinstance(value, str):
        return [_one(value, name)]
    entries: list[Any] = listing(lambda entry, _: entry, 1)(value, name)
    if not isinstance(entries[0], str | list):
        return [_one(entries, name)]
    inputs: list[Input] = listing(_one, 1, MOST_INPUTS)(entries, name)
    return inputs


CHECKS = {
    "model": text(empty=False),
    "input": _inputs,
    "encoding_format": word("float", "base64"),
    "dimensions": integer(1, NATIVE_LENGTH),
    "user": text(),
}


async def create(call: Call) -> Response:
    """Answers one request for vectors."""
    request = await take_in(call, CHECKS, ("model", "input"), ("embedding",))
    inputs: list[Input] = request["input"]
    tokens = _count(inputs)
    length = request.get("dimensions", NATIVE_LENGTH)
    shape = _packed if request.get("encoding_format") == "base64" else list
    data = [
        {"object": "embedding", "index": index, "embedding": shape(vector(one, length))}
        for index, one in enumerate(inputs)
    ]
    usage = {"prompt_tokens": tokens, "total_tokens": tokens}
    return JSONResponse({"object": "list", "data": data, "model": request["model"], "usage": usage})


def _count(inputs: Sequence[Input]) -> int:
    counts = [count_tokens(one) if isinstance(one, str) else len(one) for one in inputs]
    if max(counts) > MOST_TOKENS or sum(counts) > MOST_TOKENS_AT_ONCE:
        at_once = f"{MOST_TOKENS_AT_ONCE} tokens at once and {MOST_TOKENS} tokens of one input"
        raise invalid(f"This model reads at most {at_once}.", "input", "context_length_exceeded")
    return sum(counts)


def _packed(numbers: Sequence[float]) -> str:
    """Base64 of 32-bit floats in little-endian order."""
    return base64.b64encode(struct.pack(f"<{len(numbers)}f", *numbers)).decode()


@lru_cache(maxsize=512)
def vector(one: Input, length: int = NATIVE_LENGTH) -> tuple[float, ...]:
    """The vector of a text or a list of tokens, with eight decimals."""
    numbers = [0.0] * length
    for feature, weight in _features(one):
        place = zlib.crc32(feature)
        numbers[(place >> 1) % length] += weight if place & 1 else -weight
    if not any(numbers):
        numbers[0] = 1.0
    size = math.sqrt(math.fsum(number * number for number in numbers))
    return tuple(round(number / size, 8) for number in numbers)


def _features(one: Input) -> Iterator[tuple[bytes, float]]:
    if not isinstance(one, str):
        yield from ((b"#%d" % token, 1.0) for token in one)
        return
    lowered = f" {one.lower()} "
    for found in re.findall(r"\w+", lowered):
        yield f"w{found}".encode(), WORD_WEIGHT
    for start in range(len(lowered) - 2):
        yield lowered[start : start + 3].encode(), 1.0


HANDLERS = {"embeddings": create, "gemini-embeddings": create}
