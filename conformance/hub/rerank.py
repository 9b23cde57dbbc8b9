"""POST /v1/rerank: documents by the share of the question's words that they have, in the shapes of Cohere and Jina."""

import json
import re
from collections.abc import Mapping
from typing import Any

from starlette.responses import JSONResponse, Response

from conformance.hub.app import Call
from conformance.hub.errors import invalid
from conformance.hub.fields import flag, integer, listing, text
from conformance.hub.ids import unique
from conformance.hub.intake import take_in
from conformance.hub.text import count_tokens

MOST_DOCUMENTS = 1000
MOST_TOKENS = 300_000
WORDS_SHARE = 0.8
"""How much of a score the shared words make; the rest is made by shared runs of three characters."""


def _document(value: Any, name: str) -> Any:
    if not isinstance(value, str | dict):
        raise invalid(f"Invalid type for '{name}': expected a string or an object.", name, "invalid_type")
    return value


CHECKS = {
    "model": text(empty=False),
    "query": text(empty=False),
    "documents": listing(_document, 1, MOST_DOCUMENTS),
    "top_n": integer(1),
    "return_documents": flag,
}


async def create(call: Call) -> Response:
    """Answers one request for an order."""
    request = await take_in(call, CHECKS, ("model", "query", "documents"), ("rerank",))
    documents = request["documents"]
    tokens = _count(request["query"], documents)
    ranked = sorted(
        ((relevance(request["query"], text_of(one)), index) for index, one in enumerate(documents)),
        key=lambda pair: (-pair[0], pair[1]),
    )
    results = [
        {"index": index, "relevance_score": score, **_shown(documents[index], request)}
        for score, index in ranked[: request.get("top_n")]
    ]
    return JSONResponse(
        {
            "id": unique("rerank-"),
            "object": "list",
            "model": request["model"],
            "results": results,
            "usage": {"prompt_tokens": tokens, "total_tokens": tokens},
            "meta": {"api_version": {"version": "1"}, "billed_units": {"search_units": 1}},
        }
    )


def _count(query: str, documents: list[Any]) -> int:
    tokens = count_tokens(query) + sum(count_tokens(text_of(one)) for one in documents)
    if tokens > MOST_TOKENS:
        message = f"This model reads at most {MOST_TOKENS} tokens at once."
        raise invalid(message, "documents", "context_length_exceeded")
    return tokens


def _shown(document: Any, request: Mapping[str, Any]) -> dict[str, Any]:
    if not request.get("return_documents"):
        return {}
    return {"document": {"text": document} if isinstance(document, str) else document}


def text_of(document: Any) -> str:
    """The text that a document is judged by: itself, its member `text`, or else all of it as JSON."""
    if isinstance(document, str):
        return document
    inner = document.get("text")
    return inner if isinstance(inner, str) else json.dumps(document, ensure_ascii=False)


def relevance(query: str, document: str) -> float:
    """From 0 for nothing in common to 1; six decimals."""
    words, runs = _share(_words(query), _words(document)), _share(_runs(query), _runs(document))
    return round(WORDS_SHARE * words + (1 - WORDS_SHARE) * runs, 6)


def _share(wanted: set[str], found: set[str]) -> float:
    return len(wanted & found) / len(wanted) if wanted else 0.0


def _words(text: str) -> set[str]:
    return set(re.findall(r"\w+", text.lower()))


def _runs(text: str) -> set[str]:
    lowered = f" {text.lower()} "
    return {lowered[start : start + 3] for start in range(len(lowered) - 2)}


HANDLERS = {"rerank": create}
