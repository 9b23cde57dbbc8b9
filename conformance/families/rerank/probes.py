"""What is asked of rerank: one question about five documents, as text and as objects, in two orders, cut and whole."""

from __future__ import annotations

from typing import Any

from conformance.engine.kit.reading import offered
from conformance.engine.kit.refusals import ask_wrongly
from conformance.engine.kit.together import alone, ask_together
from conformance.engine.probe import Admit, Conversation, Hub, probe
from conformance.wire.exchange import Exchange

RERANK = "rerank"
QUERY = "Which river flows through the capital of France?"
DOCUMENTS = (
    "Invoice 2291 is overdue since March; please pay it within ten days.",
    "Berlin is the capital of Germany.",
    "The capital of France is Paris, and the river Seine flows through it.",
    "漢字かな naïve 🚀",
    "The Seine is a river in France.",
)
REVERSED = DOCUMENTS[::-1]
FEW = 2
MANY = 99

WRONG: dict[str, Any] = {"query": ...}
"""Values by words of which the first is the field; `...` leaves it out."""


@probe(RERANK, base=True)
async def rerank_answer(hub: Hub) -> Exchange:
    """The plainest question: no options."""
    return await hub.ask(RERANK, query=QUERY, documents=list(DOCUMENTS))


@probe(RERANK, admit=Admit.REPLY, together=True)
async def rerank_turned(hub: Hub) -> Conversation:
    """The documents in the reverse order, of which it is said in so many words that they shall not come back, and more
    results wished for than there are documents; each alone."""
    back = {"query": QUERY, "documents": list(REVERSED), "return_documents": False}
    many = {"query": QUERY, "documents": list(DOCUMENTS), "top_n": MANY}
    return await ask_together(hub, RERANK, {**back, "top_n": MANY}, back, many)


@probe(RERANK)
async def rerank_top(hub: Hub) -> Exchange:
    """The best two, with their documents."""
    return await hub.ask(RERANK, query=QUERY, documents=list(DOCUMENTS), top_n=FEW, return_documents=True)


@probe(RERANK)
async def rerank_objects(hub: Hub) -> Exchange:
    """The documents as objects, which shall come back."""
    documents = [{"text": text} for text in DOCUMENTS]
    return await hub.ask(RERANK, query=QUERY, documents=documents, return_documents=True)


@probe(RERANK, admit=Admit.REFUSAL)
async def rerank_wrong(hub: Hub) -> Conversation:
    """A request that lacks what it needs; see `WRONG`."""
    return await ask_wrongly(hub, RERANK, _plain(hub), WRONG)


def _plain(hub: Hub) -> dict[str, Any]:
    return {"model": hub.model(RERANK), "query": QUERY, "documents": list(DOCUMENTS)}


any_answer = offered("any_rerank_answer", rerank_answer, rerank_turned, rerank_top, rerank_objects)
reversed_order = alone("rerank_reversed", 1, rerank_turned)
many = alone("rerank_many", 2, rerank_turned)
any_silent = offered("any_rerank_without_documents", rerank_answer, rerank_turned)
any_shown = offered("any_rerank_with_documents", rerank_top, rerank_objects)
