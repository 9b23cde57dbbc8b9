"""Reads rankings: which text got which score."""

from __future__ import annotations

from typing import Any

from conformance.engine.judge import not_testable
from conformance.engine.kit.reading import asked, served
from conformance.families.rerank.views import Answer
from conformance.wire.exchange import Exchange, remembered

PLACES = (
    ("index", r"/results/\d+/index"),
    ("results", r"(/results(/\d+(/relevance_score)?)?)?"),
    ("other", r".*"),
)
"""Parts of an answer, each with the places (JSON pointers) in it; the first that matches counts."""
CLEAR_GAP = 0.05
"""Share of the distance between the best and the worst score that two scores must be apart to be called different."""


def answer(exchange: Exchange) -> Answer:
    """The answer of a served request."""
    return Answer.of(served(exchange))


def texts(exchange: Exchange) -> list[str]:
    """The documents of the request as text."""
    given = asked(exchange).get("documents")
    listed = given if isinstance(given, list) else []
    return [one["text"] if isinstance(one, dict) else one for one in listed]


@remembered
def scores(exchange: Exchange) -> tuple[tuple[str, float], ...]:
    """The ranked texts with their scores, in the order of the answer.

    Raises:
        NotTestable: some result has no index of a document or no score; other sentences judge that.
    """
    documents = texts(exchange)
    found = []
    for result in answer(exchange).results:
        index, score = result.index, result.score
        if index is None or not 0 <= index < len(documents) or score is None:
            not_testable("the results cannot be read, which another sentence judges")
        found.append((documents[index], score))
    if len({text for text, _ in found}) != len(found):
        not_testable("a document stands there twice, which another sentence judges")
    return tuple(found)


def gap(exchange: Exchange) -> float:
    """How far apart two scores of a ranking must be to be called different.

    Raises:
        NotTestable: all documents have the same score.
    """
    values = [score for _, score in scores(exchange)]
    spread = max(values, default=0.0) - min(values, default=0.0)
    if not spread:
        not_testable("all documents have the same score")
    return spread * CLEAR_GAP


def text_of(document: Any) -> str | None:
    """The text of a document that came back, as text or as an object."""
    if isinstance(document, dict):
        document = document.get("text")
    return document if isinstance(document, str) else None
