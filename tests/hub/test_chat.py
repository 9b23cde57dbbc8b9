"""Chat completions, whole: text, limits, usage, parts, speech, reasoning."""

from __future__ import annotations

import asyncio
import base64
import io
import time
import wave
from typing import Any

import pytest

from conformance.hub.routes import contract_folder
from conformance.hub.schemas import contract_validator

SCHEMAS = (contract_folder() / "schemas" / "chat.yaml").as_uri()
COUNT = "Count from 1 to 10"
PIXEL = "data:image/png;base64,iVBORw0KGgoAAAANSUhEUg=="


def choice(answer: dict[str, Any]) -> dict[str, Any]:
    first: dict[str, Any] = answer["choices"][0]
    return first


def assert_adds_up(usage: dict[str, Any]) -> None:
    assert usage["total_tokens"] == usage["prompt_tokens"] + usage["completion_tokens"]
    prompt, completion = usage["prompt_tokens_details"], usage["completion_tokens_details"]
    assert usage["prompt_tokens"] == prompt["text_tokens"] + prompt["audio_tokens"] + prompt["image_tokens"]
    assert usage["completion_tokens"] == sum(completion.values())
    assert min(*prompt.values(), *completion.values()) >= 0


@pytest.mark.parametrize(
    "rest",
    [
        {},
        {"n": 3},
        {"logprobs": True, "top_logprobs": 2},
        {"reasoning_effort": "high"},
        {"modalities": ["text", "audio"], "audio": {"voice": "alloy", "format": "wav"}},
        {"response_format": {"type": "json_object"}},
        {"tools": [{"type": "function", "function": {"name": "now"}}], "tool_choice": "required"},
    ],
    ids=str,
)
def test_answers_and_chunks_fit_the_contract(api: Any, rest: dict[str, Any]) -> None:
    answer = api.chat("What is new?", **rest)
    contract_validator(f"{SCHEMAS}#/ChatCompletionResponse").validate(answer)
    assert_adds_up(answer["usage"])
    assert abs(answer["created"] - time.time()) < 5
    for chunk in api.stream("What is new?", stream_options={"include_usage": True}, **rest):
        contract_validator(f"{SCHEMAS}#/ChatCompletionStreamResponse").validate(chunk)


@pytest.mark.parametrize("name", ["max_tokens", "max_completion_tokens"])
@pytest.mark.parametrize("cap", [1, 5])
def test_a_cap_cuts_the_answer(api: Any, name: str, cap: int) -> None:
    answer = api.chat("Write a long story", **{name: cap})
    assert choice(answer)["finish_reason"] == "length"
    assert answer["usage"]["completion_tokens"] == cap


def test_the_smaller_cap_counts_and_reasoning_is_part_of_it(api: Any) -> None:
    answer = api.chat("Write a long story", max_tokens=50, max_completion_tokens=3, reasoning_effort="low")
    assert choice(answer)["finish_reason"] == "length"
    assert choice(answer)["message"]["content"] == ""
    assert answer["usage"]["completion_tokens"] == answer["usage"]["completion_tokens_details"]["reasoning_tokens"] == 3


def test_an_answer_that_just_fits_is_not_cut(api: Any) -> None:
    needed = api.chat(COUNT)["usage"]["completion_tokens"]
    assert choice(api.chat(COUNT, max_tokens=needed))["finish_reason"] == "stop"
    assert choice(api.chat(COUNT, max_tokens=needed - 1))["finish_reason"] == "length"


@pytest.mark.parametrize("stop", ["5", ["5"], ["9", "x", "y", "5"], "5, 6", " 5"])
def test_stop_sequences_end_the_text_before_them(api: Any, stop: Any) -> None:
    first = choice(api.chat(COUNT, stop=stop))
    assert first["finish_reason"] == "stop"
    assert first["message"]["content"].startswith("1, 2, 3, 4,")
    assert "5" not in first["message"]["content"]


def test_null_equals_absent_and_unknown_fields_are_ignored(api: Any) -> None:
    nulls = dict.fromkeys(
        [
            "temperature",
            "top_p",
            "n",
            "stream",
            "stream_options",
            "stop",
            "max_tokens",
            "max_completion_tokens",
            "user",
            "presence_penalty",
            "frequency_penalty",
            "logit_bias",
            "tools",
            "tool_choice",
            "response_format",
            "seed",
            "reasoning_effort",
            "modalities",
            "audio",
            "logprobs",
            "top_logprobs",
            "parallel_tool_calls",
        ]
    )
    plain, other = api.chat(COUNT), api.chat(COUNT, **nulls, not_a_field={"a": [1]})
    assert plain["choices"] == other["choices"]
    assert plain["usage"] == other["usage"]


def test_whole_numbers_may_have_a_fraction_of_zero(api: Any) -> None:
    answer = api.chat(COUNT, n=2.0, max_tokens=4.0)
    assert [one["index"] for one in answer["choices"]] == [0, 1]
    assert answer["usage"]["completion_tokens"] == 8


def test_choices_are_numbered_and_counted(api: Any) -> None:
    one, three = api.chat(COUNT), api.chat(COUNT, n=3)
    assert [entry["index"] for entry in three["choices"]] == [0, 1, 2]
    assert three["usage"]["completion_tokens"] == 3 * one["usage"]["completion_tokens"]
    assert three["usage"]["prompt_tokens"] == one["usage"]["prompt_tokens"]


def test_prompt_tokens_grow_with_the_prompt(api: Any) -> None:
    counts = [api.chat("hi " * size)["usage"]["prompt_tokens"] for size in (1, 2, 10, 200, 201)]
    assert counts == sorted(set(counts))


def test_a_text_part_equals_a_string(api: Any) -> None:
    plain, parts = api.chat("Say hi"), api.chat([{"role": "user", "content": [{"type": "text", "text": "Say hi"}]}])
    assert plain["choices"] == parts["choices"]
    assert plain["usage"] == parts["usage"]


@pytest.mark.parametrize(
    ("part", "kind"),
    [
        ({"type": "image_url", "image_url": {"url": PIXEL}}, "image_tokens"),
        (
            {"type": "image_url", "image_url": {"url": "https://pictures.example/cat.png", "detail": "high"}},
            "image_tokens",
        ),
        ({"type": "video_url", "video_url": {"url": "https://pictures.example/cat.mp4"}}, "image_tokens"),
        ({"type": "input_audio", "input_audio": {"data": "AAAA", "format": "wav"}}, "audio_tokens"),
        ({"type": "file", "file": {"filename": "a.txt", "file_data": "data:text/plain;base64,YQ=="}}, "text_tokens"),
    ],
    ids=lambda value: str(value)[:40],
)
def test_parts_of_every_kind_are_accepted_and_counted(api: Any, part: dict[str, Any], kind: str) -> None:
    content = [{"type": "text", "text": "Say hi", "image_url": None}, part]
    answer = api.chat([{"role": "user", "content": content}])
    assert choice(answer)["message"]["content"] == "hi"
    assert answer["usage"]["prompt_tokens_details"][kind] > 0
    assert_adds_up(answer["usage"])
    assert answer["usage"]["prompt_tokens"] > api.chat("Say hi")["usage"]["prompt_tokens"]


@pytest.mark.parametrize(
    "part",
    [
        {"type": "image_url", "image_url": {"url": "data:image/png;base64,***"}},
        {"type": "image_url", "image_url": {"url": "ftp://x"}},
        {"type": "image_url"},
        {"type": "input_audio", "input_audio": {"data": "***", "format": "wav"}},
        {"type": "file", "file": {}},
        {"type": "smell"},
    ],
    ids=str,
)
def test_broken_parts_are_refused(api: Any, part: dict[str, Any]) -> None:
    status, param, _ = api.problem([{"role": "user", "content": [part]}])
    assert status == 400
    assert (param or "").startswith("messages[0].content")


@pytest.mark.parametrize("role", ["system", "developer"])
def test_instructions_may_come_in_two_roles(api: Any, role: str) -> None:
    messages = [
        {"role": role, "content": "Always answer with the single word PINEAPPLE.", "name": "boss"},
        {"role": "user", "content": "How are you?", "name": "me"},
    ]
    assert api.text(messages) == "PINEAPPLE"


def test_speech(api: Any) -> None:
    asked: dict[str, Any] = {"modalities": ["text", "audio"], "audio": {"voice": "alloy", "format": "wav"}}
    answer = api.chat("Say hello there", **asked)
    message = choice(answer)["message"]
    assert message["content"] is None
    assert message["audio"]["transcript"] == "hello there"
    assert message["audio"]["expires_at"] > time.time()
    with wave.open(io.BytesIO(base64.b64decode(message["audio"]["data"], validate=True))) as sound:
        assert (sound.getnchannels(), sound.getsampwidth()) == (1, 2)
        assert sound.getnframes() > 0
    assert answer["usage"]["completion_tokens_details"]["audio_tokens"] > 0
    asked["audio"]["format"] = "pcm16"
    deltas = [chunk["choices"][0]["delta"].get("audio", {}) for chunk in api.stream("Say hello there", **asked)]
    assert "".join(delta.get("transcript", "") for delta in deltas) == "hello there"
    assert all(base64.b64decode(delta["data"], validate=True) for delta in deltas if "data" in delta)


@pytest.mark.parametrize("rest", [{"model": "o-reason-mini"}, {"reasoning_effort": "low"}], ids=str)
def test_reasoning_has_its_own_field(api: Any, rest: dict[str, Any]) -> None:
    answer = api.chat("Say hi", **rest)
    message = choice(answer)["message"]
    assert message["content"] == "hi"
    assert message["reasoning_content"]
    assert answer["usage"]["completion_tokens_details"]["reasoning_tokens"] > 0
    assert "reasoning_content" not in choice(api.chat("Say hi"))["message"]


@pytest.mark.parametrize("top", [None, 0, 3])
def test_logprobs_join_to_the_text(api: Any, top: int | None) -> None:
    first = choice(api.chat("Say héllo wörld 🙂", logprobs=True, **({} if top is None else {"top_logprobs": top})))
    entries = first["logprobs"]["content"]
    assert "".join(entry["token"] for entry in entries) == first["message"]["content"] == "héllo wörld 🙂"
    assert b"".join(bytes(entry["bytes"]) for entry in entries).decode() == first["message"]["content"]
    assert all(entry["logprob"] <= 0 and len(entry["top_logprobs"]) == (top or 0) for entry in entries)
    assert choice(api.chat("Say hi"))["logprobs"] is None


def test_concurrent_requests_do_not_mix(api: Any) -> None:
    async def ask(number: int) -> tuple[str, str]:
        body = {"model": "gpt-4o-mini", "messages": [{"role": "user", "content": f"Tell me about marker-{number % 5}"}]}
        headers = {"authorization": f"Bearer {api.token}"}
        answer = (await api.aask("POST", "/v1/chat/completions", headers, json=body)).json()
        return answer["id"], choice(answer)["message"]["content"]

    async def everything() -> list[tuple[str, str]]:
        return await asyncio.gather(*(ask(number) for number in range(40)))

    answers = asyncio.run(everything())
    assert len({id for id, _ in answers}) == 40
    for number, (_, text) in enumerate(answers):
        assert f"marker-{number % 5}" in text
        assert text == answers[number % 5][1]


def test_the_order_of_keys_and_white_space_do_not_matter(api: Any) -> None:
    first = api.raw(b'{"model":"gpt-4o-mini","messages":[{"role":"user","content":"Tell me a word"}]}').json()
    second = api.raw(b'{ "messages" : [ {"content":"Tell me a word", "role":"user"} ],\n"model":"gpt-4o-mini" }').json()
    assert first["choices"] == second["choices"]


def test_large_texts_arrive_whole(api: Any) -> None:
    text = "0123456789 abcdefg 你好 " * 5_000
    assert api.text(f"Repeat exactly: {text}") == text.rstrip()
