"""Chat completions as an event stream."""

from __future__ import annotations

import asyncio
import time
from itertools import pairwise
from typing import Any

import pytest

from conformance.hub.app import create_app
from conformance.hub.latency import Latency

PROMPTS: list[tuple[str, dict[str, Any]]] = [
    ("Repeat exactly: a\n\nb 🙂 data: [DONE] 你好", {}),
    ("Count from 1 to 60", {"stop": "51, 52"}),
    ("Count from 1 to 60", {"max_tokens": 7}),
    ("Write a long story", {"reasoning_effort": "high"}),
    ("Write a story", {"logprobs": True, "top_logprobs": 2, "n": 2}),
    ("Alice is 30", {"response_format": {"type": "json_object"}}),
    (
        "weather in Paris and Rome",
        {
            "tools": [
                {
                    "type": "function",
                    "function": {
                        "name": "get_weather",
                        "parameters": {
                            "type": "object",
                            "properties": {"city": {"type": "string"}, "note": {"type": "string"}},
                            "required": ["city"],
                        },
                    },
                }
            ]
        },
    ),
]


def joined(chunks: list[dict[str, Any]]) -> list[dict[str, Any]]:
    """The choices that the chunks build up, the way a client does it."""
    built: dict[int, dict[str, Any]] = {}
    for part in (part for chunk in chunks for part in chunk["choices"]):
        one = built.setdefault(
            part["index"], {"content": None, "reasoning": "", "calls": [], "reason": None, "tokens": []}
        )
        delta = part["delta"]
        assert one["reason"] is None, "nothing follows the finish"
        if delta.get("content") is not None:
            one["content"] = (one["content"] or "") + delta["content"]
        one["reasoning"] += delta.get("reasoning_content", "")
        for piece in delta.get("tool_calls", ()):
            if piece["index"] == len(one["calls"]):
                assert piece["type"] == "function"
                one["calls"].append({"id": piece["id"], **piece["function"]})
            else:
                assert piece["index"] == len(one["calls"]) - 1
                assert not {"id", "type", "name"} & {*piece, *piece["function"]}
                one["calls"][-1]["arguments"] += piece["function"]["arguments"]
        one["tokens"] += (part["logprobs"] or {"content": []})["content"]
        one["reason"] = part["finish_reason"]
        if one["reason"]:
            assert delta == {}
    return [built[index] for index in sorted(built)]


@pytest.mark.parametrize(("prompt", "rest"), PROMPTS, ids=str)
def test_a_stream_tells_the_same_as_the_whole_answer(api: Any, prompt: str, rest: dict[str, Any]) -> None:
    whole = api.chat(prompt, **rest)
    chunks = api.stream(prompt, stream_options={"include_usage": True}, **rest)
    built = joined(chunks)
    assert len(built) == len(whole["choices"])
    for one, choice in zip(built, whole["choices"], strict=True):
        message = choice["message"]
        assert one["content"] == message["content"]
        assert one["reasoning"] == message.get("reasoning_content", "")
        assert one["reason"] == choice["finish_reason"]
        assert one["tokens"] == (choice["logprobs"] or {"content": []})["content"]
        calls = [call["function"] for call in message.get("tool_calls", ())]
        assert [{"name": call["name"], "arguments": call["arguments"]} for call in one["calls"]] == calls
    assert chunks[-1]["choices"] == []
    assert chunks[-1]["usage"] == whole["usage"]
    assert all(chunk["usage"] is None and chunk["choices"] for chunk in chunks[:-1])


def test_every_chunk_belongs_to_one_answer(api: Any) -> None:
    chunks = api.stream("Count to 30")
    for name in ("id", "created", "model", "system_fingerprint", "object"):
        assert len({chunk[name] for chunk in chunks}) == 1
    assert chunks[0]["object"] == "chat.completion.chunk"
    assert chunks[0]["choices"][0]["delta"] == {"role": "assistant", "content": ""}
    assert sum("role" in chunk["choices"][0]["delta"] for chunk in chunks) == 1
    assert "usage" not in chunks[0]


def test_choices_appear_in_order(api: Any) -> None:
    order = [chunk["choices"][0]["index"] for chunk in api.stream("Count to 5", n=3)]
    assert list(dict.fromkeys(order)) == [0, 1, 2]


def test_reasoning_comes_before_the_content(api: Any) -> None:
    deltas = [chunk["choices"][0]["delta"] for chunk in api.stream("Say hello world", model="o-reason-mini")]
    thinking = [place for place, delta in enumerate(deltas) if "reasoning_content" in delta]
    speaking = [place for place, delta in enumerate(deltas) if delta.get("content")]
    assert max(thinking) < min(speaking)


def test_stream_false_is_no_stream(api: Any) -> None:
    for value in (False, None):
        answer = api.post({"model": "gpt-4o-mini", "messages": [{"role": "user", "content": "hi"}], "stream": value})
        assert answer.headers["content-type"] == "application/json"


def test_headers_of_a_stream(api: Any) -> None:
    answer = api.post({"model": "gpt-4o-mini", "messages": [{"role": "user", "content": "hi"}], "stream": True})
    assert answer.headers["cache-control"] == "no-cache"
    assert answer.headers["x-accel-buffering"] == "no"
    assert "content-length" not in answer.headers


async def writes_of(app: Any, body: bytes) -> list[tuple[float, bytes]]:
    """The writes of the hub to one chat request, with their times."""
    writes: list[tuple[float, bytes]] = []
    started = time.monotonic()

    async def receive() -> dict[str, Any]:
        return {"type": "http.request", "body": body, "more_body": False}

    async def send(message: Any) -> None:
        if message.get("body"):
            writes.append((time.monotonic() - started, message["body"]))

    headers = [(b"authorization", b"Bearer t"), (b"content-type", b"application/json")]
    path = "/v1/chat/completions"
    scope = {"type": "http", "method": "POST", "path": path, "query_string": b"", "headers": headers}
    await app(scope, receive, send)
    return writes


def test_one_write_per_event_spread_over_time() -> None:
    body = b'{"model":"gpt-4o-mini","messages":[{"role":"user","content":"Count to 50"}],"stream":true}'
    writes = asyncio.run(writes_of(create_app("t"), body))
    assert all(data.startswith(b"data: ") and data.count(b"\n\n") == 1 for _, data in writes)
    first, last = writes[1][0], writes[-1][0]
    assert len(writes) > 10
    assert 0.04 < last < 1.0
    assert first < last / 2


def test_many_choices_do_not_make_a_stream_slow() -> None:
    body = b'{"model":"gpt-4o-mini","messages":[{"role":"user","content":"Count to 50"}],"stream":true,"n":40}'
    assert asyncio.run(writes_of(create_app("t"), body))[-1][0] < 2


def test_latency_is_added() -> None:
    started = time.monotonic()
    asyncio.run(writes_of(create_app("t", latency=Latency(0.05)), b"{}"))
    assert time.monotonic() - started >= 0.05


def test_jitter_comes_between_the_pieces_of_a_stream() -> None:
    body = b'{"model":"gpt-4o-mini","messages":[{"role":"user","content":"Count to 50"}],"stream":true}'
    jitter = Latency(0.0, 0.02)
    writes = asyncio.run(writes_of(create_app("t", jitter, chunk_delay=0, first_delay=0), body))
    gaps = [later - earlier for (earlier, _), (later, _) in pairwise(writes)]
    assert min(gaps) < 0.01 < max(gaps)


@pytest.mark.parametrize(
    ("text", "latency"),
    [("0", Latency()), ("300", Latency(0.3)), ("300~100", Latency(0.3, 0.1)), ("0.5~2.5", Latency(0.0005, 0.0025))],
)
def test_latency_is_read_in_milliseconds(text: str, latency: Latency) -> None:
    assert Latency.parse(text) == latency


@pytest.mark.parametrize("text", ["", "-1", "1~", "~1", "inf", "1e3", "1~2~3", "300 ~ 100", "١"])
def test_what_is_no_latency_is_refused(text: str) -> None:
    with pytest.raises(ValueError, match="neither MS nor MS~JITTER"):
        Latency.parse(text)
