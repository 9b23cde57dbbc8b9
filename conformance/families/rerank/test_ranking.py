"""Rankings held against each other: other orders and forms of the same documents give the same."""

from __future__ import annotations

from collections.abc import Mapping

from conformance.engine.judge import Words, expect, not_testable
from conformance.engine.requirement import requirement
from conformance.families.rerank.reading import gap, scores
from conformance.wire.exchange import Exchange

SLACK = 0.01
"""By which the score of a text may differ between two calls, of the larger of the two and at least of 1."""


@requirement("rerank.index.refers")
def test_indexes_refer_to_the_documents(rerank_answer: Exchange, rerank_reversed: Exchange) -> None:
    forth, back = dict(scores(rerank_answer)), dict(scores(rerank_reversed))
    clear = max(gap(rerank_answer), gap(rerank_reversed))
    for better, worse in _clearly_ordered(forth, clear):
        if better in back and worse in back:
            turned = back[worse] - back[better] > clear
            got = Words(f"the opposite for {better[:30]!r} and {worse[:30]!r}")
            expect(not turned, "the same order of the same documents", got, "/results", rerank_reversed)


def _clearly_ordered(found: Mapping[str, float], clear: float) -> list[tuple[str, str]]:
    return [(one, other) for one in found for other in found if found[one] - found[other] > clear]


@requirement("rerank.score.same")
def test_scores_do_not_depend_on_the_order(rerank_answer: Exchange, rerank_reversed: Exchange) -> None:
    _expect_same_scores(rerank_answer, rerank_reversed, ", as in the other order")


@requirement("rerank.objects.same")
def test_objects_are_ranked_like_text(rerank_answer: Exchange, rerank_objects: Exchange) -> None:
    _expect_same_scores(rerank_answer, rerank_objects, ", as for the same document given as text")


def _expect_same_scores(one: Exchange, other: Exchange, what: str) -> None:
    before = dict(scores(one))
    for place, (text, score) in enumerate(scores(other)):
        if text not in before:
            not_testable("not all documents were ranked, which another sentence judges")
        close = abs(score - before[text]) <= SLACK * max(1.0, abs(score), abs(before[text]))
        expect(close, f"{before[text]}{what}", score, f"/results/{place}/relevance_score", other)


@requirement("rerank.count.best")
def test_the_results_asked_for_are_the_best(rerank_answer: Exchange, rerank_top: Exchange) -> None:
    whole, top = dict(scores(rerank_answer)), dict(scores(rerank_top))
    clear = gap(rerank_answer)
    for better, worse in _clearly_ordered(whole, clear):
        left_out = worse in top and better not in top
        got = Words(f"{worse[:40]!r} without {better[:40]!r}")
        expect(not left_out, "the best results of the whole ranking", got, "/results", rerank_top)
