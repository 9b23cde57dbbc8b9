"""What every ranking is made of: results with index and score, as many as asked for, and what the call cost."""

from __future__ import annotations

import re

from conformance.engine.judge import Words, expect, not_testable
from conformance.engine.kit.reading import all_served, asked
from conformance.engine.kit.replies import expect_counts, expect_fit, is_count, is_finite
from conformance.engine.requirement import requirement
from conformance.families.rerank.probes import FEW
from conformance.families.rerank.reading import PLACES, answer, text_of, texts
from conformance.wire.exchange import Exchange

COHERE = re.compile(r"^(cohere/)?rerank-(v\d|english|multilingual)", re.IGNORECASE)

Evidence = tuple[Exchange, ...]


def expect_shape(evidence: Evidence, *names: str) -> None:
    """Break when something in these parts of the answers is not what the contract's schema says."""
    for exchange in all_served(evidence):
        expect_fit("RerankResponse", exchange, PLACES, names)


@requirement("rerank.answer.results")
def test_answer_has_results_with_scores(any_rerank_answer: Evidence) -> None:
    expect_shape(any_rerank_answer, "results")


@requirement("rerank.answer.index")
def test_every_result_has_an_index(any_rerank_answer: Evidence) -> None:
    expect_shape(any_rerank_answer, "index")


@requirement("rerank.answer.other-fields")
def test_other_fields_fit_the_schema(any_rerank_answer: Evidence) -> None:
    expect_shape(any_rerank_answer, "other")


@requirement("rerank.answer.one-shape")
def test_answer_has_one_vendors_shape(any_rerank_answer: Evidence) -> None:
    for exchange in all_served(any_rerank_answer):
        view = answer(exchange)
        meta, usage = view.meta, view.usage or {}
        cohere = bool(view.id and meta and meta.api_version and meta.billed_units)
        jina = bool(view.model and is_count(usage.get("total_tokens")))
        wanted = "id and meta (api_version, billed_units), or model and usage (total_tokens)"
        expect(cohere or jina, wanted, Words(", ".join(sorted(view.model_fields_set))), "", exchange)


@requirement("rerank.index.in-range")
def test_indexes_are_places_of_documents(any_rerank_answer: Evidence) -> None:
    for exchange in all_served(any_rerank_answer):
        last = len(texts(exchange)) - 1
        for place, result in enumerate(answer(exchange).results):
            right = result.index is None or 0 <= result.index <= last
            expect(right, f"a number from 0 to {last}", result.index, f"/results/{place}/index", exchange)


@requirement("rerank.index.unique")
def test_no_document_is_named_twice(any_rerank_answer: Evidence) -> None:
    for exchange in all_served(any_rerank_answer):
        found = [result.index for result in answer(exchange).results if result.index is not None]
        expect(len(set(found)) == len(found), "every index once", found, "/results", exchange)


@requirement("rerank.score.finite")
def test_scores_are_finite(any_rerank_answer: Evidence) -> None:
    for exchange in all_served(any_rerank_answer):
        for place, result in enumerate(answer(exchange).results):
            score = result.relevance_score
            number = isinstance(score, int | float) and not isinstance(score, bool)
            at = f"/results/{place}/relevance_score"
            expect(not number or is_finite(score), "a finite number", score, at, exchange)


@requirement("rerank.score.range")
def test_scores_of_cohere_are_shares(any_rerank_answer: Evidence) -> None:
    for exchange in all_served(any_rerank_answer):
        if not COHERE.search(str(asked(exchange).get("model"))):
            not_testable("the vendor of this model does not promise a range")
        for place, result in enumerate(answer(exchange).results):
            score = result.score
            at = f"/results/{place}/relevance_score"
            expect(score is None or 0 <= score <= 1, "a number from 0 to 1", score, at, exchange)


@requirement("rerank.order.descending")
def test_the_best_comes_first(any_rerank_answer: Evidence) -> None:
    for exchange in all_served(any_rerank_answer):
        found = [result.score for result in answer(exchange).results]
        given = [score for score in found if score is not None]
        expect(given == sorted(given, reverse=True), "scores that never rise", given, "/results", exchange)


@requirement("rerank.count.all")
def test_all_documents_come_back_without_top_n(rerank_answer: Exchange) -> None:
    _expect_one_for_each_document(rerank_answer)


@requirement("rerank.count.top-n")
def test_as_many_results_as_asked_for(rerank_top: Exchange) -> None:
    found = len(answer(rerank_top).results)
    expect(found == FEW, f"{FEW} results, because top_n is {FEW}", Words(f"{found} of them"), "/results")


@requirement("rerank.count.beyond")
def test_no_more_results_than_documents(rerank_many: Exchange) -> None:
    _expect_one_for_each_document(rerank_many)


def _expect_one_for_each_document(exchange: Exchange) -> None:
    found, wanted = len(answer(exchange).results), len(texts(exchange))
    expect(found == wanted, f"{wanted} results, one for each document", Words(f"{found} of them"), "/results", exchange)


@requirement("rerank.document.returned")
def test_documents_come_back_as_they_were(any_rerank_with_documents: Evidence) -> None:
    for exchange in all_served(any_rerank_with_documents):
        documents = texts(exchange)
        for place, result in enumerate(answer(exchange).results):
            if result.index is None or not 0 <= result.index < len(documents):
                not_testable("the index is not one of a document, which another sentence judges")
            wanted, got = documents[result.index], result.document
            at = f"/results/{place}/document"
            expect(text_of(got) == wanted, f"the document {wanted!r}, because it was asked for", got, at, exchange)


@requirement("rerank.document.object")
def test_documents_come_back_as_objects(any_rerank_with_documents: Evidence) -> None:
    for exchange in all_served(any_rerank_with_documents):
        for place, result in enumerate(answer(exchange).results):
            right = result.document is None or isinstance(result.document, dict)
            expect(right, "an object with text", result.document, f"/results/{place}/document", exchange)


@requirement("rerank.document.unasked")
def test_documents_do_not_come_back_unasked(any_rerank_without_documents: Evidence) -> None:
    for exchange in all_served(any_rerank_without_documents):
        for place, result in enumerate(answer(exchange).results):
            absent = result.document is None
            expect(absent, "no document, because none was asked for", result.document, f"/results/{place}", exchange)


@requirement("rerank.document.null")
def test_documents_that_do_not_come_back_are_absent(any_rerank_without_documents: Evidence) -> None:
    for exchange in all_served(any_rerank_without_documents):
        for place, result in enumerate(answer(exchange).results):
            null = "document" in result.model_fields_set and result.document is None
            expect(not null, "no member document", None, f"/results/{place}/document", exchange)


@requirement("rerank.usage.total")
def test_total_is_what_the_texts_cost(any_rerank_answer: Evidence) -> None:
    for exchange in all_served(any_rerank_answer):
        expect_counts(answer(exchange).usage, exchange)


@requirement("rerank.usage.counted")
def test_the_call_is_counted(any_rerank_answer: Evidence) -> None:
    for exchange in all_served(any_rerank_answer):
        view = answer(exchange)
        units = view.meta.billed_units if view.meta else None
        total = (view.usage or {}).get("total_tokens")
        counts = [total, units and units.search_units, units and units.input_tokens]
        given = [count for count in counts if is_finite(count)]
        if not given:
            not_testable("the answer tells no count, which another sentence judges")
        expect(any(count > 0 for count in given), "tokens or search units above 0", given, "/usage", exchange)
