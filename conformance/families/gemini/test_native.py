"""Embeddings the way that the Google clients ask for them."""

from __future__ import annotations

import math

from conformance.engine.judge import expect, not_testable
from conformance.engine.kit.replies import is_finite
from conformance.engine.requirement import requirement
from conformance.families.gemini.probes import DIMENSIONS, EMBEDDED
from conformance.families.gemini.views import Embeddings, Vector
from conformance.wire.exchange import Exchange

SAME = 0.99
"""Cosine above which two vectors are those of one text."""


@requirement("gemini.embed.values")
def test_one_text_gives_one_vector(gemini_embed: Exchange) -> None:
    vector = Embeddings.of(gemini_embed).embedding
    values = vector.values if vector else []
    numbers = bool(values) and all(is_finite(value) for value in values) and any(values)
    expect(numbers, "a list of finite numbers, not all of them 0", values[:4], "/embedding/values")


@requirement("gemini.embed.batch")
def test_a_batch_gives_a_vector_each(gemini_embed_batch: Exchange) -> None:
    vectors = Embeddings.of(gemini_embed_batch).embeddings
    expect(len(vectors) == len(EMBEDDED), f"{len(EMBEDDED)} vectors", len(vectors), "/embeddings")
    for number, vector in enumerate(vectors):
        numbers = bool(vector.values) and all(is_finite(value) for value in vector.values)
        expect(numbers, "a list of finite numbers", vector.values[:4], f"/embeddings/{number}/values")


@requirement("gemini.embed.order")
def test_vectors_come_in_the_order_of_the_requests(gemini_embed: Exchange, gemini_embed_batch: Exchange) -> None:
    single, batch = Embeddings.of(gemini_embed).embedding, Embeddings.of(gemini_embed_batch).embeddings
    if single is None or len(batch) != len(EMBEDDED):
        not_testable("there is not a vector for every text, which another sentence judges")
    near = [round(_cosine(single, vector), 3) for vector in batch]
    if max(near) < SAME:
        not_testable("no vector of the batch is that of the single text")
    at = "/embeddings"
    expect(near[-1] >= SAME, "the vector of the last text in the last place", near, at, gemini_embed_batch)


@requirement("gemini.embed.dimensions")
def test_vectors_have_the_length_asked_for(any_gemini_embedding: Exchange) -> None:
    answer = Embeddings.of(any_gemini_embedding)
    vectors = [answer.embedding] if answer.embedding else answer.embeddings
    if not vectors:
        not_testable("there is no vector, which another sentence judges")
    for vector in vectors:
        expect(len(vector.values) == DIMENSIONS, f"{DIMENSIONS} numbers", len(vector.values), "/values")


def _cosine(one: Vector, other: Vector) -> float:
    left, right = one.values, other.values
    if not left or len(left) != len(right) or not all(is_finite(value) for value in (*left, *right)):
        not_testable("the vectors cannot be compared, which other sentences judge")
    try:
        sizes = math.sqrt(math.fsum(a * a for a in left)) * math.sqrt(math.fsum(b * b for b in right))
        return math.fsum(a * b for a, b in zip(left, right, strict=True)) / sizes if sizes else 0.0
    except (OverflowError, ValueError):
        not_testable("the numbers are too large to be compared")
