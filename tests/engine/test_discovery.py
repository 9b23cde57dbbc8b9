"""What the model list tells, and what the first answers make of a target."""

from __future__ import annotations

import json
import re
from pathlib import Path
from typing import Any

import pytest

from conformance.engine.discovery import choose_models, told
from conformance.engine.evidence import Record
from conformance.engine.firstfile import written
from conformance.engine.hubfile import read
from conformance.engine.target import Target, TargetError, clean_base_url
from conformance.wire.exchange import Exchange, Piece, Request


def entries(*names: str) -> list[dict[str, Any]]:
    return [{"id": name} for name in names]


@pytest.mark.parametrize(
    ("names", "chat"),
    [
        (("gpt-4o", "gpt-4o-mini", "text-embedding-3-small"), "gpt-4o-mini"),
        (("claude-opus-4", "claude-3-5-haiku"), "claude-3-5-haiku"),
        (("gpt-4o-mini-tts", "gpt-4o-mini-transcribe", "gpt-5-nano"), "gpt-5-nano"),
        (("tiny-embed", "tiny-rerank"), "tiny-embed"),
        (("some/model",), "some/model"),
    ],
)
def test_a_small_talking_model_is_chosen(names: tuple[str, ...], chat: str) -> None:
    assert choose_models(entries(*names))["chat"] == chat


def test_each_kind_of_work_gets_its_model() -> None:
    chosen = choose_models(
        entries(
            "gpt-4o", "claude-3-5-haiku", "gemini-2.0-flash", "bge-rerank", "text-embedding-ada", "whisper-1", "tts-1"
        )
    )
    assert chosen["claude"] == "claude-3-5-haiku"
    assert chosen["gemini"] == "gemini-2.0-flash"
    assert chosen["rerank"] == "bge-rerank"
    assert chosen["embeddings"] == "text-embedding-ada"
    assert chosen["transcription"] == "whisper-1"
    assert chosen["speech"] == "tts-1"


def test_endpoint_types_decide_where_names_say_nothing() -> None:
    listed: list[dict[str, Any]] = [
        {"id": "m0", "supported_endpoint_types": [{}, ["anthropic"]]},
        {"id": "m1", "supported_endpoint_types": ["anthropic"]},
        {"id": "m2", "supported_endpoint_types": None},
    ]
    assert choose_models(listed)["claude"] == "m1"


def test_a_run_says_what_it_chose_and_why() -> None:
    listed = [*entries("gpt-4o-mini", "whisper-1"), {"id": "m1", "supported_endpoint_types": ["anthropic"]}]
    body = json.dumps({"data": listed}).encode()
    request = Request("GET", "http://127.0.0.1/v1/models")
    listing = Record("models_list", (Exchange(request, status=200, pieces=(Piece(0.1, body),)),))
    lines = told(Target("http://127.0.0.1"), listing, {"embeddings": "mine"})
    assert "models, as told: embeddings mine" in lines
    assert any(line.startswith("models, by its name: chat gpt-4o-mini") for line in lines)
    assert "models, by its endpoint types: claude m1" in lines
    assert "hub.toml" in lines[-1]
    assert "lists none" in told(Target("http://127.0.0.1"), None, {})[0]


def test_the_first_file_is_one_that_the_suite_reads(tmp_path: Path) -> None:
    listed: list[dict[str, Any]] = [
        {"id": 'odd "name" \\ ü 😀', "supported_endpoint_types": ["openai", "anthropic"]},
        {"id": "a\nb"},
        {"id": 3},
    ]
    (tmp_path / "hub.toml").write_text(written("https://hub.example.com", "MY_TOKEN", listed), encoding="utf-8")
    file = read(tmp_path / "hub.toml")
    assert (file.hub.base_url, file.hub.token_env) == ("https://hub.example.com", "MY_TOKEN")
    assert file.models["claude"] == 'odd "name" \\ ü 😀'
    assert file.budget.allow_expensive is False


def test_every_line_that_the_first_file_suggests_is_one_that_the_suite_reads(tmp_path: Path) -> None:
    text = written("https://hub.example.com", "MY_TOKEN", [{"id": "m", "supported_endpoint_types": ["gemini"]}])
    bare = (
        re.sub(r"^# (?=[\w-]+ = )", "", text, flags=re.M).replace("# verify = false", "").replace("GATEWAY_KEY", "PATH")
    )
    without = [line for line in bare.splitlines() if not line.startswith(("verify", "serial", "not-offered"))]
    (tmp_path / "our-ca.pem").touch()
    (tmp_path / "hub.toml").write_text("\n".join(without), encoding="utf-8")
    assert read(tmp_path / "hub.toml").hub.claims == ("gemini",)


def test_odd_entries_are_passed_over() -> None:
    odd: list[Any] = [None, {}, {"id": 3}, {"id": ""}, "x", {"id": "gpt-4o-mini"}]
    assert choose_models(odd)["chat"] == "gpt-4o-mini"
    assert choose_models([]) == {}


@pytest.mark.parametrize(
    ("given", "clean"),
    [
        ("https://api.example.com", "https://api.example.com"),
        ("https://api.example.com/", "https://api.example.com"),
        ("https://api.example.com/v1", "https://api.example.com"),
        ("http://127.0.0.1:8000/gateway/v1/", "http://127.0.0.1:8000/gateway"),
        (" http://[::1]:8000 ", "http://[::1]:8000"),
    ],
)
def test_base_urls_are_brought_into_one_form(given: str, clean: str) -> None:
    assert clean_base_url(given) == clean


@pytest.mark.parametrize(
    "given",
    [
        "",
        "api.example.com",
        "ftp://x",
        "http://",
        "http://x:99999",
        "http://u:p@x",
        "http://x?key=1",
        "http://x#a",
        "h t",
    ],
)
def test_what_is_no_base_url_is_refused_with_advice(given: str) -> None:
    with pytest.raises(TargetError, match=r"--base-url"):
        clean_base_url(given)
