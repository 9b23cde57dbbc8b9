"""Text completions of the embedded hub: prompts and choices, echo, likelihoods, streams, refusals."""

from __future__ import annotations

import json
from typing import Any

import pytest

from tests.hub.conftest import Api

MODEL = "gpt-3.5-turbo-instruct"
COUNT = "Count from 1 to 9, separated by a comma and a space."


def post(api: Api, **fields: Any) -> Any:
    return api.ask("POST", "/v1/completions", json={"model": MODEL, "prompt": "Say hello.", **fields})


def ask(api: Api, **fields: Any) -> Any:
    response = post(api, **fields)
    assert response.status_code == 200, response.text
    return response.json()


def texts(api: Api, **fields: Any) -> list[str]:
    return [choice["text"] for choice in ask(api, **fields)["choices"]]


def stream(api: Api, **fields: Any) -> list[dict[str, Any]]:
    response = post(api, stream=True, **fields)
    assert response.headers["content-type"] == "text/event-stream"
    *blocks, last, rest = response.content.decode().split("\n\n")
    assert (last, rest) == ("data: [DONE]", "")
    return [json.loads(block.removeprefix("data: ")) for block in blocks]


def test_an_answer(api: Api) -> None:
    answer = ask(api)
    assert answer["choices"] == [{"text": "hello", "index": 0, "logprobs": None, "finish_reason": "stop"}]
    assert answer["usage"] == {"prompt_tokens": 4, "completion_tokens": 2, "total_tokens": 6}


def test_sixteen_tokens_are_the_default_limit(api: Api) -> None:
    answer = ask(api, prompt="Count from 1 to 300.")
    assert answer["usage"]["completion_tokens"] == 16
    assert answer["choices"][0]["finish_reason"] == "length"


def test_each_prompt_is_continued_n_times(api: Api) -> None:
    answer = ask(api, prompt=["Say: one", "Say: two"], n=2)
    assert [choice["text"] for choice in answer["choices"]] == ["one", "one", "two", "two"]
    assert [choice["index"] for choice in answer["choices"]] == [0, 1, 2, 3]
    assert answer["usage"] == {"prompt_tokens": 6, "completion_tokens": 4, "total_tokens": 10}


def test_echo(api: Api) -> None:
    assert texts(api, prompt="Say: 漢字 🚀", echo=True) == ["Say: 漢字 🚀漢字 🚀"]
    assert texts(api, prompt="Say: x", echo=True, max_tokens=0) == ["Say: x"]


def test_stop_sequences(api: Api) -> None:
    assert texts(api, prompt=COUNT, max_tokens=64, stop="5") == ["1, 2, 3, 4, "]
    assert texts(api, prompt=COUNT, max_tokens=64, stop=["7", "5, 6"]) == ["1, 2, 3, 4, "]


def test_a_suffix_is_counted(api: Api) -> None:
    assert ask(api, suffix=" and goodbye.")["usage"]["prompt_tokens"] > 4


def test_token_numbers_stand_for_words(api: Api) -> None:
    assert texts(api, prompt=[1, 2], echo=True, max_tokens=0) == ["anchor autumn"]
    assert len(texts(api, prompt=[[1, 2], [3.0]])) == 2


def test_likelihoods(api: Api) -> None:
    known = ask(api, prompt="Say: ab cd", echo=True, logprobs=2)["choices"][0]["logprobs"]
    assert {len(entries) for entries in known.values()} == {6}
    assert known["tokens"] == ["Say", ":", " ab", " cd", "ab", " cd"]
    assert known["text_offset"] == [0, 3, 4, 7, 10, 12]
    assert known["token_logprobs"][0] is known["top_logprobs"][0] is None
    assert all(value < 0 for value in known["token_logprobs"][1:])
    assert {len(top) for top in known["top_logprobs"][1:]} == {2}


@pytest.mark.parametrize("fields", [{}, {"echo": True}, {"n": 2}, {"logprobs": 1}, {"prompt": ["Say: a", COUNT]}])
def test_a_stream_tells_the_same(api: Api, fields: dict[str, Any]) -> None:
    whole = ask(api, max_tokens=64, **fields)
    found = stream(api, max_tokens=64, stream_options={"include_usage": True}, **fields)
    assert {chunk["id"] for chunk in found} == {found[0]["id"]}
    assert found[-1]["usage"] == whole["usage"]
    assert found[-1]["choices"] == []
    for choice in whole["choices"]:
        lane = [part for chunk in found for part in chunk["choices"] if part["index"] == choice["index"]]
        assert "".join(part["text"] for part in lane) == choice["text"]
        assert [part["finish_reason"] for part in lane if part["finish_reason"]] == [choice["finish_reason"]]
        tokens = [token for part in lane for token in (part["logprobs"] or {"tokens": []})["tokens"]]
        assert tokens == (choice["logprobs"] or {"tokens": []})["tokens"]


@pytest.mark.parametrize(
    ("fields", "status", "param"),
    [
        ({"prompt": None}, 400, "prompt"),
        ({"prompt": ""}, 400, "prompt"),
        ({"prompt": []}, 400, "prompt"),
        ({"prompt": 5}, 400, "prompt"),
        ({"prompt": ["a", None]}, 400, "prompt[1]"),
        ({"prompt": [1, "a"]}, 400, "prompt[0]"),
        ({"prompt": [True]}, 400, "prompt[0]"),
        ({"prompt": [[]]}, 400, "prompt[0]"),
        ({"prompt": ["a"] * 65}, 400, "prompt"),
        ({"prompt": ["a"] * 64, "n": 3}, 400, "n"),
        ({"prompt": "long " * 5000}, 400, "prompt"),
        ({"prompt": "long " * 1000, "echo": True, "n": 128}, 400, "n"),
        ({"n": 0}, 400, "n"),
        ({"max_tokens": -1}, 400, "max_tokens"),
        ({"temperature": 99}, 400, "temperature"),
        ({"logprobs": 6}, 400, "logprobs"),
        ({"logprobs": True}, 400, "logprobs"),
        ({"stop": [""]}, 400, "stop[0]"),
        ({"stop": []}, 400, "stop"),
        ({"suffix": 1}, 400, "suffix"),
        ({"stream": "yes"}, 400, "stream"),
        ({"stream_options": {"include_usage": 1}}, 400, "stream_options.include_usage"),
        ({"model": "gpt-4o"}, 400, "model"),
        ({"model": "nobody"}, 404, "model"),
    ],
)
def test_refusals_name_the_field(api: Api, fields: dict[str, Any], status: int, param: str) -> None:
    for response in (post(api, **fields), post(api, **{"stream": True, **fields})):
        assert (response.status_code, response.json()["error"]["param"]) == (status, param)
