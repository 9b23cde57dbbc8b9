"""Model lists in three shapes."""

from __future__ import annotations

from datetime import datetime
from typing import Any
from urllib.parse import quote

import pytest

from conformance.hub.catalogue import ENTRIES

SELECTORS: list[tuple[dict[str, str], str, str]] = [
    ({"authorization": "Bearer {}"}, "", "openai"),
    ({"x-api-key": "{}", "anthropic-version": "2023-06-01"}, "", "claude"),
    ({"authorization": "Bearer {}", "anthropic-version": "2026-10-21"}, "", "claude"),
    ({"x-goog-api-key": "{}"}, "", "gemini"),
    ({}, "?key={}", "gemini"),
    ({"authorization": "Bearer {}"}, "?key=other", "gemini"),
]


def listed(api: Any, path: str, headers: dict[str, str], query: str) -> Any:
    sent = {name: value.format(api.token) for name, value in headers.items()}
    return api.ask("GET", path + query.format(api.token), sent)


def shape(value: dict[str, Any]) -> str:
    if "models" in value or "supportedGenerationMethods" in value:
        return "gemini"
    return "claude" if "first_id" in value or value.get("type") == "model" else "openai"


@pytest.mark.parametrize(("headers", "query", "vendor"), SELECTORS)
def test_the_list_has_the_shape_of_the_caller(api: Any, headers: dict[str, str], query: str, vendor: str) -> None:
    answer = listed(api, "/v1/models", headers, query)
    assert answer.status_code == 200
    assert shape(answer.json()) == vendor


@pytest.mark.parametrize("entry", ENTRIES, ids=lambda entry: entry.id)
def test_one_model_equals_its_entry(api: Any, entry: Any) -> None:
    for headers, query, vendor in SELECTORS[:5]:
        whole = listed(api, "/v1/models", headers, query).json()
        by_name = {
            row.get("id", row.get("name", "").removeprefix("models/")): row
            for row in whole.get("data") or whole["models"]
        }
        for path in (f"/v1/models/{entry.id}", f"/v1/models/{quote(entry.id, safe='')}"):
            one = listed(api, path, headers, query).json()
            assert one == by_name[entry.id]
            assert shape(one) == vendor


def test_openai_shape(api: Any) -> None:
    answer = api.ask("GET", "/v1/models").json()
    assert answer["object"] == "list"
    for row in answer["data"]:
        assert row["object"] == "model"
        assert isinstance(row["created"], int)
        assert isinstance(row["supported_endpoint_types"], list)
    assert len({row["id"] for row in answer["data"]}) == len(ENTRIES)


def test_anthropic_shape(api: Any) -> None:
    answer = listed(api, "/v1/models", SELECTORS[1][0], "").json()
    assert answer["has_more"] is False
    assert (answer["first_id"], answer["last_id"]) == (answer["data"][0]["id"], answer["data"][-1]["id"])
    assert all(datetime.fromisoformat(row["created_at"]).tzinfo for row in answer["data"])


def test_google_shape(api: Any) -> None:
    answer = api.ask("GET", "/v1beta/models").json()
    assert set(answer) == {"models"}
    assert all(row["name"].startswith("models/") for row in answer["models"])
    assert api.ask("GET", "/v1beta/models/gemini-2.0-flash").json() in answer["models"]


def test_unknown_models_are_refused_in_the_shape_of_the_caller(api: Any) -> None:
    answers = [listed(api, "/v1/models/no/such:model", headers, query) for headers, query, _ in SELECTORS[:5]]
    assert {answer.status_code for answer in answers} == {404}
    errors = [answer.json()["error"] for answer in answers]
    assert errors[0]["code"] == "model_not_found"
    assert errors[1]["type"] == "not_found_error"
    assert errors[3]["status"] == "NOT_FOUND"
    assert api.ask("GET", "/v1beta/models/none").json()["error"]["status"] == "NOT_FOUND"


def test_other_methods_of_a_gemini_path_are_told_apart(api: Any) -> None:
    answer = api.ask("GET", "/v1beta/models/gemini-2.0-flash:generateContent")
    assert (answer.status_code, answer.headers["allow"]) == (405, "OPTIONS, POST")
