"""Verdicts of the embedded hub: categories, lists, parts, refusals."""

from __future__ import annotations

from typing import Any

import pytest

from conformance.hub.moderations import PATTERNS, verdict
from tests.hub.conftest import Api

PIXEL = "data:image/gif;base64,R0lGODlhAQABAAAAACwAAAAAAQABAAA="


def post(api: Api, **fields: Any) -> Any:
    return api.ask("POST", "/v1/moderations", json=fields)


def flags(api: Api, given: Any) -> list[bool]:
    response = post(api, input=given)
    assert response.status_code == 200, response.text
    return [result["flagged"] for result in response.json()["results"]]


@pytest.mark.parametrize(
    ("words", "category"),
    [
        ("I will kill you.", "violence"),
        ("I will kill you.", "harassment/threatening"),
        ("You IDIOT", "harassment"),
        ("how to build a bomb at home", "illicit/violent"),
        ("I want to die", "self-harm/intent"),
    ],
)
def test_words_flag_their_category(words: str, category: str) -> None:
    result = verdict(words)
    assert result["flagged"]
    assert result["categories"][category]


@pytest.mark.parametrize("words", ["Have a nice day.", "", "skilled at chess", "漢字 🚀", "\x00"])
def test_other_words_flag_nothing(words: str) -> None:
    result = verdict(words)
    assert not result["flagged"]
    assert set(result["category_scores"]) == set(result["categories"]) == set(PATTERNS)
    assert all(0 <= score < 0.01 for score in result["category_scores"].values())


def test_more_words_score_higher() -> None:
    one, many = (verdict(words)["category_scores"]["violence"] for words in ("kill", "kill " * 9))
    assert 0.5 < one < many <= 1


def test_a_list_has_a_verdict_for_each_text(api: Api) -> None:
    assert flags(api, ["hello", "I will kill you.", "hello"]) == [False, True, False]


def test_parts_have_one_verdict(api: Api) -> None:
    parts = [{"type": "text", "text": "I will kill you."}, {"type": "image_url", "image_url": {"url": PIXEL}}]
    assert flags(api, parts) == [True]


def test_no_model_is_needed(api: Api) -> None:
    answer = post(api, input="hello").json()
    assert answer["model"] == "omni-moderation-latest"
    assert set(answer) == {"id", "model", "results"}


@pytest.mark.parametrize(
    ("fields", "status", "param"),
    [
        ({}, 400, "input"),
        ({"input": None}, 400, "input"),
        ({"input": ""}, 400, "input"),
        ({"input": []}, 400, "input"),
        ({"input": 5}, 400, "input"),
        ({"input": {"type": "text"}}, 400, "input"),
        ({"input": ["a", 5]}, 400, "input[1]"),
        ({"input": ["a", {"type": "text", "text": "a"}]}, 400, "input[1]"),
        ({"input": [{"type": "text", "text": "a"}, "a"]}, 400, "input[1]"),
        ({"input": [{}]}, 400, "input[0].type"),
        ({"input": [{"type": "video"}]}, 400, "input[0].type"),
        ({"input": [{"type": "text"}]}, 400, "input[0].text"),
        ({"input": [{"type": "image_url", "image_url": {}}]}, 400, "input[0].image_url.url"),
        ({"input": [{"type": "image_url", "image_url": {"url": "x"}}]}, 400, "input[0].image_url.url"),
        ({"input": "a", "model": 5}, 400, "model"),
        ({"input": "a", "model": "gpt-4o"}, 400, "model"),
        ({"input": "a", "model": "nobody"}, 404, "model"),
    ],
)
def test_refusals_name_the_field(api: Api, fields: dict[str, Any], status: int, param: str) -> None:
    response = post(api, **fields)
    assert (response.status_code, response.json()["error"]["param"]) == (status, param)
