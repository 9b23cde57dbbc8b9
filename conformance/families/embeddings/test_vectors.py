"""The vectors themselves: numbers, encodings, lengths, and that each belongs to its text."""

from __future__ import annotations

import math
import re
from collections.abc import Sequence

from conformance.engine.judge import Words, expect, not_testable
from conformance.engine.kit.reading import all_served, asked, expect_client_error
from conformance.engine.requirement import requirement
from conformance.families.embeddings.probes import BATCH
from conformance.families.embeddings.reading import (
    BYTES_PER_NUMBER,
    Vector,
    answer,
    cosine,
    first_length,
    nearest,
    norm,
    raw_data,
    texts,
    unpacked,
    vectors,
)
from conformance.wire.exchange import Exchange

SAME_NUMBERS = 0.9
"""Cosine of two spellings of one vector. A wrong layout of bytes gives one near 0; a model that calculates a little
differently each time, by the company that a text has in its batch, is another sentence's affair."""
SAME_TEXT = 0.999
"""Cosine of two calculations for one text, alone and in a batch, at half precision."""
UNIT = 0.01
UNIT_MODELS = re.compile(r"text-embedding-(3|ada)", re.IGNORECASE)

Evidence = tuple[Exchange, ...]
Conversation = tuple[Exchange, ...]


@requirement("embeddings.vector.finite")
def test_numbers_are_finite(any_embeddings_answer: Evidence) -> None:
    for exchange in all_served(any_embeddings_answer):
        for place, vector in enumerate(vectors(exchange)):
            bad = [number for number in vector if not math.isfinite(number)]
            expect(not bad, "finite numbers only", Words(f"{bad[:1]}"), f"/data/{place}/embedding", exchange)


@requirement("embeddings.vector.not-zero")
def test_vectors_have_a_direction(any_embeddings_answer: Evidence) -> None:
    for exchange in all_served(any_embeddings_answer):
        for place, vector in enumerate(vectors(exchange)):
            got = Words(f"{len(vector)} zeros")
            expect(any(vector), "a number other than 0", got, f"/data/{place}/embedding", exchange)


@requirement("embeddings.vector.one-length")
def test_vectors_of_a_batch_have_one_length(any_embeddings_batch: Evidence) -> None:
    for exchange in all_served(any_embeddings_batch):
        lengths = sorted({len(vector) for vector in vectors(exchange)})
        expect(len(lengths) == 1, "vectors of one length", lengths, "/data", exchange)


@requirement("embeddings.vector.same-length")
def test_model_has_one_length(embeddings_answer: Exchange, embeddings_batch: Exchange) -> None:
    alone, among = len(vectors(embeddings_answer)[0]), len(vectors(embeddings_batch)[0])
    at = "/data/0/embedding"
    expect(among == alone, f"{alone} numbers, as for the text alone", Words(f"{among}"), at, embeddings_batch)


@requirement("embeddings.vector.unit")
def test_vectors_of_openai_have_length_one(any_embeddings_answer: Evidence) -> None:
    for exchange in all_served(any_embeddings_answer):
        if not UNIT_MODELS.search(str(asked(exchange).get("model"))):
            not_testable("the vendor of this model does not promise it")
        for place, vector in enumerate(vectors(exchange)):
            size = norm(vector)
            right = abs(size - 1) <= UNIT or not math.isfinite(size) or size == 0
            expect(right, "a vector of length 1", round(size, 4), f"/data/{place}/embedding", exchange)


@requirement("embeddings.vector.distinct")
def test_different_texts_have_different_vectors(embeddings_batch: Exchange) -> None:
    found = vectors(embeddings_batch)
    for place, vector in enumerate(found):
        twin = found.index(vector)
        expect(twin == place, f"a vector other than that of text {twin}", Words("the same"), f"/data/{place}/embedding")


@requirement("embeddings.batch.order")
def test_each_vector_belongs_to_its_text(
    embeddings_answer: Exchange, embeddings_batch: Exchange, embeddings_reversed: Exchange
) -> None:
    forth, back = vectors(embeddings_batch), vectors(embeddings_reversed)
    if not len(forth) == len(back) == len(BATCH) == len(set(forth)) == len(set(back)):
        not_testable("there is not one vector of its own for each text, which another sentence judges")
    found = nearest(vectors(embeddings_answer)[0], forth)
    expect(found == 0, "the vector of the first text at place 0", Words(f"place {found}"), "/data", embeddings_batch)
    for place, vector in enumerate(forth):
        mirrored, found = len(BATCH) - 1 - place, nearest(vector, back)
        if cosine(vector, back[found]) < SAME_NUMBERS:
            not_testable("the two batches have no vectors in common, which other sentences judge")
        got = Words(f"place {found}")
        wanted = f"the vector of this text at place {mirrored} of the reversed batch"
        expect(found == mirrored, wanted, got, f"/data/{place}", embeddings_reversed)


@requirement("embeddings.text.same-vector")
def test_a_text_has_the_same_vector_in_a_batch(embeddings_answer: Exchange, embeddings_batch: Exchange) -> None:
    near = cosine(vectors(embeddings_answer)[0], vectors(embeddings_batch)[0])
    _expect_near(near, SAME_TEXT, "as for the text alone", embeddings_batch)


@requirement("embeddings.engine.same-vector")
def test_the_path_with_the_model_gives_the_same(embeddings_answer: Exchange, embeddings_engine: Exchange) -> None:
    near = cosine(vectors(embeddings_answer)[0], vectors(embeddings_engine)[0])
    _expect_near(near, SAME_TEXT, "as at /v1/embeddings", embeddings_engine)


def _expect_near(near: float, least: float, what: str, exchange: Exchange, place: int = 0) -> None:
    got = Words(f"a cosine of {near:.6f}")
    expect(near >= least, f"the same vector {what}", got, f"/data/{place}/embedding", exchange)


@requirement("embeddings.base64.text")
def test_base64_is_text_when_asked_for(embeddings_base64: Exchange) -> None:
    for place, entry in enumerate(answer(embeddings_base64).data):
        packed = isinstance(entry.embedding, str)
        expect(packed, "base64 text, because base64 was asked for", entry.embedding, f"/data/{place}/embedding")


@requirement("embeddings.base64.readable")
def test_base64_holds_whole_numbers_of_four_bytes(embeddings_base64: Exchange) -> None:
    judged = 0
    for place, entry in enumerate(answer(embeddings_base64).data):
        if not isinstance(entry.embedding, str):
            continue
        judged, at = judged + 1, f"/data/{place}/embedding"
        data = unpacked(entry.embedding)
        expect(data, "base64 text with its padding", entry.embedding, at)
        over = len(data or b"") % BYTES_PER_NUMBER
        expect(not over, "a multiple of 4 bytes", Words(f"{len(data or b'')} bytes"), at)
    if not judged:
        not_testable("there is no base64, which another sentence judges")


@requirement("embeddings.base64.equal")
def test_both_encodings_tell_the_same_vectors(embeddings_batch: Exchange, embeddings_base64: Exchange) -> None:
    if any(not isinstance(entry.embedding, str) for entry in answer(embeddings_base64).data):
        not_testable("there is no base64, which another sentence judges")
    plain, told = vectors(embeddings_batch), vectors(embeddings_base64)
    if not len(plain) == len(told) == len(texts(embeddings_base64)):
        not_testable("there is not one vector for each text, which another sentence judges")
    for place, packed in enumerate(told):
        same = len(packed) == len(plain[0])
        got = Words(f"{len(packed)} of them")
        expect(same, f"{len(plain[0])} numbers of 32 bits", got, f"/data/{place}/embedding", embeddings_base64)
        if all(math.isfinite(number) for vector in plain for number in vector):
            what = "as in the list of numbers (32-bit floats, little-endian)"
            _expect_near(_nearness(packed, plain), SAME_NUMBERS, what, embeddings_base64, place)


def _nearness(packed: Vector, plain: Sequence[Vector]) -> float:
    """How near the nearest of some vectors is; which of them it is, the sentence on the order judges."""
    return max(cosine(packed, one) for one in plain) if all(map(math.isfinite, packed)) and norm(packed) else 0.0


@requirement("embeddings.dimensions.kept")
def test_vectors_have_the_length_asked_for(embeddings_short: Conversation) -> None:
    for exchange in all_served(embeddings_short):
        wanted, found = asked(exchange)["dimensions"], first_length(exchange)
        if not found:
            not_testable("the vector cannot be read, which another sentence judges")
        expect(found == wanted, f"{wanted} numbers", Words(f"{found}"), "/data/0/embedding", exchange)


@requirement("embeddings.dimensions.native")
def test_the_own_length_may_be_asked_for(embeddings_native: Exchange) -> None:
    wanted = asked(embeddings_native).get("dimensions")
    if wanted is None:
        not_testable("the model's own length is not known")
    said = Words(f"HTTP {embeddings_native.status}: {embeddings_native.text[:200]}")
    expect(embeddings_native.ok, f"an answer, because {wanted} is the model's own length", said)
    for entry in answer(embeddings_native).data[:1]:
        if isinstance(entry.embedding, list):
            found = len(entry.embedding)
            expect(found == wanted, f"{wanted} numbers", Words(f"{found}"), "/data/0/embedding")


@requirement("embeddings.tokens.served-or-refused")
def test_tokens_are_served_or_refused(embeddings_tokens: Exchange) -> None:
    if not embeddings_tokens.ok:
        expect_client_error(embeddings_tokens)


@requirement("embeddings.tokens.count")
def test_a_list_of_tokens_is_one_text(embeddings_tokens: Exchange) -> None:
    wanted, found = len(texts(embeddings_tokens)), len(raw_data(embeddings_tokens))
    got = Words(f"{found} of them")
    expect(found == wanted, f"{wanted} entries, one for each list of tokens", got, "/data")
