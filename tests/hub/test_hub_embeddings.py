"""Vectors of the embedded hub: geometry, encodings, lengths, refusals."""

from __future__ import annotations

import base64
import math
import struct
from typing import Any

import pytest

from conformance.hub.embeddings import MOST_TOKENS, NATIVE_LENGTH, vector
from tests.hub.conftest import Api

MODEL = "text-embedding-3-small"


def ask(api: Api, path: str = "/v1/embeddings", **fields: Any) -> Any:
    response = api.ask("POST", path, json={"model": MODEL, **fields})
    assert response.status_code == 200, response.text
    return response.json()


def problem(api: Api, **fields: Any) -> tuple[int, str | None]:
    response = api.ask("POST", "/v1/embeddings", json={"model": MODEL, "input": "hello", **fields})
    return response.status_code, response.json()["error"]["param"]


def cosine(one: str, other: str) -> float:
    return math.fsum(a * b for a, b in zip(vector(one), vector(other), strict=True))


def test_related_texts_are_nearer_than_unrelated_ones() -> None:
    cat = "The cat sleeps on the warm sofa."
    assert (
        cosine(cat, "A cat is sleeping on a sofa.") > 0.3 > 0.1 > cosine(cat, "Quarterly revenue grew by four percent.")
    )
    assert cosine("东京的天气很好", "今天东京的天气") > cosine("东京的天气很好", "苹果派的做法")
    assert cosine("embedding", "embeddings") > cosine("embedding", "moderation")


@pytest.mark.parametrize("text", ["a", "!", "\x00", "漢", "🚀" * 3, "word " * 500, "\u200b"])
def test_every_text_has_a_vector_of_length_one(text: str) -> None:
    assert math.isclose(math.hypot(*vector(text)), 1, abs_tol=1e-6)
    assert math.isclose(math.hypot(*vector(text, 1)), 1, abs_tol=1e-6)


def test_a_batch_keeps_the_order(api: Api) -> None:
    answer = ask(api, input=["one", "two", "three"])
    assert [entry["index"] for entry in answer["data"]] == [0, 1, 2]
    assert [tuple(entry["embedding"]) for entry in answer["data"]] == [vector("one"), vector("two"), vector("three")]
    assert answer["usage"] == {"prompt_tokens": 4, "total_tokens": 4}


def test_base64_is_the_same_vector(api: Api) -> None:
    plain = ask(api, input="hello")["data"][0]["embedding"]
    packed = base64.b64decode(ask(api, input="hello", encoding_format="base64")["data"][0]["embedding"])
    assert struct.unpack(f"<{NATIVE_LENGTH}f", packed) == pytest.approx(plain, abs=1e-7)


@pytest.mark.parametrize("length", [1, 256, NATIVE_LENGTH, 4.0])
def test_vectors_have_the_length_asked_for(api: Api, length: float) -> None:
    assert len(ask(api, input="hello", dimensions=length)["data"][0]["embedding"]) == length


def test_tokens_are_read(api: Api) -> None:
    assert len(ask(api, input=[1, 2, 3])["data"]) == 1
    several = ask(api, input=[[1, 2, 3], [4]])
    assert len(several["data"]) == 2
    assert several["usage"]["prompt_tokens"] == 4


def test_the_model_of_the_path_counts(api: Api) -> None:
    path = f"/v1/engines/{MODEL}/embeddings"
    assert ask(api, path, model="no-such-model", input="hello")["data"] == ask(api, input="hello")["data"]
    assert api.ask("POST", "/v1/engines/nobody/embeddings", json={"model": MODEL, "input": "x"}).status_code == 404


@pytest.mark.parametrize(
    ("fields", "status", "param"),
    [
        ({"input": None}, 400, "input"),
        ({"input": ""}, 400, "input"),
        ({"input": []}, 400, "input"),
        ({"input": [[]]}, 400, "input[0]"),
        ({"input": ["a", 1]}, 400, "input[1]"),
        ({"input": [1, "a"]}, 400, "input[1]"),
        ({"input": [-1]}, 400, "input[0]"),
        ({"input": [1.5]}, 400, "input[0]"),
        ({"input": [None]}, 400, "input[0]"),
        ({"input": {"a": 1}}, 400, "input"),
        ({"input": True}, 400, "input"),
        ({"input": "x " * MOST_TOKENS}, 400, "input"),
        ({"input": ["x"] * 2049}, 400, "input"),
        ({"encoding_format": "hex"}, 400, "encoding_format"),
        ({"encoding_format": 7}, 400, "encoding_format"),
        ({"dimensions": 0}, 400, "dimensions"),
        ({"dimensions": NATIVE_LENGTH + 1}, 400, "dimensions"),
        ({"dimensions": "many"}, 400, "dimensions"),
        ({"model": None}, 400, "model"),
        ({"model": "nobody"}, 404, "model"),
        ({"model": "gpt-4o"}, 400, "model"),
    ],
)
def test_refusals_name_the_field(api: Api, fields: dict[str, Any], status: int, param: str) -> None:
    assert problem(api, **fields) == (status, param)


def test_null_is_absent(api: Api) -> None:
    assert ask(api, input="hello", encoding_format=None, dimensions=None, user=None)["data"]
