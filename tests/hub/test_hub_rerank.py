"""Rankings of the embedded hub: order, documents, refusals."""

from __future__ import annotations

from typing import Any

import pytest

from conformance.hub.rerank import MOST_DOCUMENTS, relevance
from tests.hub.conftest import Api

QUERY = "capital of France"
DOCUMENTS = ["Berlin is in Germany.", "Paris is the capital of France.", "漢字", ""]


def ask(api: Api, **fields: Any) -> Any:
    body = {"model": "rerank-v3", "query": QUERY, "documents": DOCUMENTS, **fields}
    response = api.ask("POST", "/v1/rerank", json=body)
    assert response.status_code == 200, response.text
    return response.json()


def problem(api: Api, **fields: Any) -> tuple[int, str | None]:
    body = {"model": "rerank-v3", "query": QUERY, "documents": DOCUMENTS, **fields}
    response = api.ask("POST", "/v1/rerank", json=body)
    return response.status_code, response.json()["error"]["param"]


def test_shared_words_decide() -> None:
    assert relevance(QUERY, QUERY) == 1
    assert relevance(QUERY, "Paris is the capital of France.") > relevance(QUERY, "Berlin is in Germany.")
    assert relevance(QUERY, "") == relevance(QUERY, "漢字") == 0
    assert relevance("!!!", "!!!") > 0


def test_the_best_comes_first_and_ties_keep_their_order(api: Api) -> None:
    answer = ask(api)
    assert [result["index"] for result in answer["results"]] == [1, 0, 2, 3]
    assert all(set(result) == {"index", "relevance_score"} for result in answer["results"])
    assert answer["usage"]["total_tokens"] == answer["usage"]["prompt_tokens"] > 0


@pytest.mark.parametrize(("top_n", "found"), [(1, 1), (2.0, 2), (99, 4), (None, 4)])
def test_top_n(api: Api, top_n: float | None, found: int) -> None:
    assert len(ask(api, top_n=top_n)["results"]) == found


def test_documents_come_back(api: Api) -> None:
    documents = [{"text": "capital of France", "id": 7}, "Paris", {"title": "France"}]
    results = ask(api, documents=documents, return_documents=True)["results"]
    shown = {result["index"]: result["document"] for result in results}
    assert shown == {0: documents[0], 1: {"text": "Paris"}, 2: {"title": "France"}}


def test_objects_rank_by_their_text(api: Api) -> None:
    objects = [{"text": text} for text in DOCUMENTS]
    assert ask(api, documents=objects)["results"] == ask(api)["results"]


@pytest.mark.parametrize(
    ("fields", "status", "param"),
    [
        ({"query": None}, 400, "query"),
        ({"query": ""}, 400, "query"),
        ({"query": ["a"]}, 400, "query"),
        ({"documents": None}, 400, "documents"),
        ({"documents": []}, 400, "documents"),
        ({"documents": "text"}, 400, "documents"),
        ({"documents": [1]}, 400, "documents[0]"),
        ({"documents": [None]}, 400, "documents[0]"),
        ({"documents": ["a"] * (MOST_DOCUMENTS + 1)}, 400, "documents"),
        ({"top_n": 0}, 400, "top_n"),
        ({"top_n": 1.5}, 400, "top_n"),
        ({"top_n": True}, 400, "top_n"),
        ({"return_documents": 1}, 400, "return_documents"),
        ({"model": "gpt-4o"}, 400, "model"),
        ({"model": "nobody"}, 404, "model"),
    ],
)
def test_refusals_name_the_field(api: Api, fields: dict[str, Any], status: int, param: str) -> None:
    assert problem(api, **fields) == (status, param)
