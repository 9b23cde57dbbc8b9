"""What every answer with vectors is made of: envelope, one entry for each text, counts of tokens."""

from __future__ import annotations

from conformance.engine.judge import Words, expect, not_testable
from conformance.engine.kit.reading import all_served, asked
from conformance.engine.kit.replies import expect_counts, expect_fit, expect_model, is_count
from conformance.engine.requirement import requirement
from conformance.families.embeddings.reading import PLACES, answer, raw_data, texts, wants_base64
from conformance.wire.exchange import Exchange

Evidence = tuple[Exchange, ...]


def expect_shape(evidence: Evidence, *names: str) -> None:
    """Break when something in these parts of the answers is not what the contract's schema says."""
    for exchange in all_served(evidence):
        expect_fit("EmbeddingResponse", exchange, PLACES, names)


@requirement("embeddings.answer.envelope")
def test_answer_has_its_envelope(any_embeddings_answer: Evidence) -> None:
    expect_shape(any_embeddings_answer, "envelope")


@requirement("embeddings.answer.vector")
def test_every_entry_holds_a_vector(any_embeddings_answer: Evidence) -> None:
    expect_shape(any_embeddings_answer, "vector")


@requirement("embeddings.answer.float-list")
def test_vectors_are_lists_unless_base64_is_asked(any_embeddings_answer: Evidence) -> None:
    for exchange in all_served(any_embeddings_answer):
        if wants_base64(exchange):
            continue
        wish = "because float was asked for" if "encoding_format" in asked(exchange) else "because float is the default"
        for place, entry in enumerate(answer(exchange).data):
            listed = not isinstance(entry.embedding, str)
            expect(listed, f"a list of numbers, {wish}", entry.embedding, f"/data/{place}/embedding", exchange)


@requirement("embeddings.answer.count")
def test_there_is_one_vector_for_each_text(any_embeddings_answer: Evidence) -> None:
    for exchange in all_served(any_embeddings_answer):
        wanted, found = len(texts(exchange)), len(raw_data(exchange))
        expect(found == wanted, f"{wanted} entries, one for each text", Words(f"{found} of them"), "/data", exchange)


@requirement("embeddings.answer.index")
def test_entries_are_numbered_in_order(any_embeddings_answer: Evidence) -> None:
    expect_shape(any_embeddings_answer, "index")
    for exchange in all_served(any_embeddings_answer):
        found = [entry.index for entry in answer(exchange).data]
        expect(found == list(range(len(found))), "indexes 0, 1, 2 and so on, in this order", found, "/data", exchange)


@requirement("embeddings.answer.model-named")
def test_model_is_the_one_asked_for(any_embeddings_answer: Evidence) -> None:
    for exchange in all_served(any_embeddings_answer):
        expect_model(exchange, answer(exchange).model)


@requirement("embeddings.usage.shape")
def test_usage_has_two_counts(any_embeddings_answer: Evidence) -> None:
    expect_shape(any_embeddings_answer, "usage")


@requirement("embeddings.usage.total")
def test_total_is_what_the_texts_cost(any_embeddings_answer: Evidence) -> None:
    for exchange in all_served(any_embeddings_answer):
        expect_counts(answer(exchange).usage, exchange)


@requirement("embeddings.usage.positive")
def test_texts_cost_tokens(any_embeddings_answer: Evidence) -> None:
    for exchange in all_served(any_embeddings_answer):
        count = (answer(exchange).usage or {}).get("prompt_tokens")
        counted = not is_count(count) or count > 0
        expect(counted, "more than 0, because there was a text", count, "/usage/prompt_tokens", exchange)


@requirement("embeddings.usage.grows")
def test_five_texts_cost_more_than_one_of_them(embeddings_answer: Exchange, embeddings_batch: Exchange) -> None:
    one, five = ((answer(e).usage or {}).get("prompt_tokens") for e in (embeddings_answer, embeddings_batch))
    if not (is_count(one) and is_count(five)):
        not_testable("the counts are not complete, which another sentence judges")
    expect(five > one, f"more than the {one} of the first text alone", five, "/usage/prompt_tokens", embeddings_batch)
