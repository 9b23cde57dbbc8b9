"""Reads vectors, whichever way they are written, and measures them."""

from __future__ import annotations

import base64
import binascii
import math
import struct
from collections.abc import Sequence
from typing import Any

from conformance.engine.judge import not_testable, parsed
from conformance.engine.kit.reading import asked, served
from conformance.engine.kit.replies import is_finite
from conformance.families.embeddings.views import Answer
from conformance.wire.exchange import Exchange, remembered

BYTES_PER_NUMBER = 4
Vector = tuple[float, ...]
PLACES = (
    ("vector", r"/data/\d+/embedding\b.*"),
    ("index", r"/data/\d+/index"),
    ("usage", r"/usage\b.*"),
    ("envelope", r".*"),
)
"""Parts of an answer, each with the places (JSON pointers) in it; the first that matches counts."""


def answer(exchange: Exchange) -> Answer:
    """The answer of a served request."""
    return Answer.of(served(exchange))


def texts(exchange: Exchange) -> list[Any]:
    """The inputs of the request, one entry each."""
    given = asked(exchange).get("input")
    return given if isinstance(given, list) else [given]


def wants_base64(exchange: Exchange) -> bool:
    return asked(exchange).get("encoding_format") == "base64"


@remembered
def vectors(exchange: Exchange) -> tuple[Vector, ...]:
    """The vectors in the order of the list.

    Raises:
        NotTestable: there are none, or one of them cannot be read; other sentences judge that.
    """
    found = tuple(vector_of(entry.embedding) for entry in answer(exchange).data)
    if not found or not all(found):
        not_testable("the vectors cannot be read, which another sentence judges")
    return tuple(one or () for one in found)


def vector_of(value: Any) -> Vector | None:
    """A vector from a list of numbers, or from base64 of 32-bit floats in little-endian order; None from else."""
    if isinstance(value, list):
        numbers = [one for one in value if isinstance(one, int | float) and not isinstance(one, bool)]
        if len(numbers) != len(value):
            return None
        return tuple(float(one) if is_finite(one) else math.inf for one in numbers)
    data = unpacked(value)
    if data is None or len(data) % BYTES_PER_NUMBER:
        return None
    return struct.unpack(f"<{len(data) // BYTES_PER_NUMBER}f", data)


def unpacked(value: Any) -> bytes | None:
    """The bytes that base64 text stands for; None when it is none."""
    if not isinstance(value, str) or not value.isascii():
        return None
    try:
        return base64.b64decode(value, validate=True)
    except (binascii.Error, ValueError):
        return None


def first_length(exchange: Exchange) -> int:
    """How many numbers the first vector of an answer has; 0 when that is not known."""
    try:
        return len(vector_of(exchange.json["data"][0]["embedding"]) or ())
    except (ValueError, KeyError, IndexError, TypeError):
        return 0


def cosine(one: Vector, other: Vector) -> float:
    """Cosine of the angle between two vectors; 1 for the same direction.

    Raises:
        NotTestable: they cannot be compared; other sentences judge lengths and numbers.
    """
    if len(one) != len(other):
        not_testable("the vectors differ in length, which another sentence judges")
    sizes = norm(one) * norm(other)
    if not sizes or not math.isfinite(sizes):
        not_testable("a vector without a direction, which another sentence judges")
    return math.fsum(a * b for a, b in zip(one, other, strict=True)) / sizes


def norm(vector: Vector) -> float:
    """The length of a vector in space."""
    return math.hypot(*vector)


def nearest(vector: Vector, others: Sequence[Vector]) -> int:
    """The place of the vector that is nearest in angle."""
    near = [cosine(vector, other) for other in others]
    return near.index(max(near))


def raw_data(exchange: Exchange) -> list[Any]:
    """The entries as they came; empty when there is no list of them."""
    value = parsed(served(exchange))
    data = value.get("data") if isinstance(value, dict) else None
    return data if isinstance(data, list) else []
