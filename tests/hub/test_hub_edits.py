"""Edits of the embedded hub: instructions, choices, refusals."""

from __future__ import annotations

from typing import Any

import pytest

from conformance.hub.edits import edit
from tests.hub.conftest import Api


def post(api: Api, **fields: Any) -> Any:
    body = {"model": "text-davinci-edit-001", "input": "teh wek", "instruction": "Fix the spelling.", **fields}
    return api.ask("POST", "/v1/edits", json=body)


@pytest.mark.parametrize(
    ("given", "instruction", "wanted"),
    [
        ("What day of the wek is it? Teh end.", "Fix the spelling mistakes.", "What day of the week is it? The end."),
        ("an apple", 'Replace "apple" with "pear".', "an pear"),
        ("an apple", "Change apple to pear", "an pear"),
        ("a, b", "Remove the text `, b`", "a"),
        ("one", "Append two", "one two"),
        ("naïve", "Make it upper case", "NAÏVE"),
        ("ABC", "Use lowercase letters", "abc"),
        ("abc", "Reverse it.", "cba"),
        ("abc", "Ponder.", "abc"),
        ("", "Say hello.", "hello"),
    ],
)
def test_instructions_are_carried_out(given: str, instruction: str, wanted: str) -> None:
    assert edit(given, instruction) == wanted


def test_an_answer(api: Api) -> None:
    answer = post(api, n=2).json()
    assert answer.pop("created") > 0
    assert answer == {
        "object": "edit",
        "choices": [{"text": "the week", "index": 0}, {"text": "the week", "index": 1}],
        "usage": {"prompt_tokens": 7, "completion_tokens": 4, "total_tokens": 11},
    }


def test_a_chat_model_edits_too(api: Api) -> None:
    assert post(api, model="gpt-4o-mini", input=None).status_code == 200


@pytest.mark.parametrize(
    ("fields", "status", "param"),
    [
        ({"instruction": None}, 400, "instruction"),
        ({"instruction": ""}, 400, "instruction"),
        ({"instruction": ["a"]}, 400, "instruction"),
        ({"input": 5}, 400, "input"),
        ({"input": "long " * 5000}, 400, "input"),
        ({"n": 0}, 400, "n"),
        ({"n": 21}, 400, "n"),
        ({"n": "two"}, 400, "n"),
        ({"temperature": 99}, 400, "temperature"),
        ({"top_p": -1}, 400, "top_p"),
        ({"model": None}, 400, "model"),
        ({"model": "rerank-v3"}, 400, "model"),
        ({"model": "nobody"}, 404, "model"),
    ],
)
def test_refusals_name_the_field(api: Api, fields: dict[str, Any], status: int, param: str) -> None:
    response = post(api, **fields)
    assert (response.status_code, response.json()["error"]["param"]) == (status, param)
