"""Anthropic Messages of the embedded hub: answers, blocks, ends, thoughts, streams, counts, pages, refusals."""

from __future__ import annotations

import json
from typing import Any

import pytest

from conformance.hub.catalogue import ENTRIES
from tests.hub.conftest import BEARER, Api

MODEL = "claude-3-5-haiku"
VERSION = {"anthropic-version": "2023-06-01"}
HEADERS = {**BEARER, **VERSION}
PIXEL = "iVBORw0KGgoAAAANSUhEUgAAAAEAAAABCAQAAAC1HAwCAAAAC0lEQVR42mNkYAAAAAYAAjCB0C8AAAAASUVORK5CYII="
WEATHER = {
    "name": "get_weather",
    "input_schema": {"type": "object", "properties": {"city": {"type": "string"}}, "required": ["city"]},
}
BATTERY = {"name": "get_battery", "input_schema": {"type": "object", "properties": {}}}
COUNT = "Count from 1 to 9, the digits separated by a comma and a space."
THINKING = {"thinking": {"type": "enabled", "budget_tokens": 1024}, "max_tokens": 2000}


def user(content: Any) -> list[dict[str, Any]]:
    return [{"role": "user", "content": content}]


def post(api: Api, content: Any = "Say hello.", **fields: Any) -> Any:
    body = {"model": MODEL, "max_tokens": 100, "messages": user(content), **fields}
    body = {name: value for name, value in body.items() if value is not ...}
    return api.ask("POST", "/v1/messages", HEADERS, json=body)


def ask(api: Api, content: Any = "Say hello.", **fields: Any) -> Any:
    response = post(api, content, **fields)
    assert response.status_code == 200, response.text
    return response.json()


def stream(api: Api, content: Any = "Say hello.", **fields: Any) -> list[dict[str, Any]]:
    response = post(api, content, stream=True, **fields)
    assert response.headers["content-type"] == "text/event-stream"
    *blocks, rest = response.content.decode().split("\n\n")
    assert rest == ""
    found = []
    for block in blocks:
        name, data = block.split("\n")
        found.append(json.loads(data.removeprefix("data: ")))
        assert name == f"event: {found[-1]['type']}"
    return found


def refusal(api: Api, content: Any = "Say hello.", status: int = 400, **fields: Any) -> str:
    """The message of a refusal, whose envelope is checked on the way; the same with and without a stream."""
    responses = [post(api, content, **fields), post(api, content, **{"stream": True, **fields})]
    for response in responses:
        assert response.status_code == status, response.text
        assert response.json()["request_id"] == response.headers["request-id"]
        assert response.json()["type"] == "error"
    kind = {400: "invalid_request_error", 404: "not_found_error"}[status]
    assert responses[0].json()["error"]["type"] == kind
    return str(responses[0].json()["error"]["message"])


def test_an_answer(api: Api) -> None:
    answer = ask(api)
    assert answer.pop("id").startswith("msg_")
    assert answer == {
        "type": "message",
        "role": "assistant",
        "model": MODEL,
        "content": [{"type": "text", "text": "hello"}],
        "stop_reason": "end_turn",
        "stop_sequence": None,
        "usage": {
            "input_tokens": 8,
            "cache_creation_input_tokens": 0,
            "cache_read_input_tokens": 0,
            "output_tokens": 2,
        },
    }


def test_texts_and_blocks_are_the_same_prompt(api: Api) -> None:
    plain = ask(api, "Say 漢字 🚀", system="Be brief.")
    blocks = ask(api, [{"type": "text", "text": "Say 漢字 🚀"}], system=[{"type": "text", "text": "Be brief."}])
    assert plain["content"] == blocks["content"] == [{"type": "text", "text": "漢字 🚀"}]
    assert plain["usage"] == blocks["usage"]


def test_the_limit_ends_an_answer(api: Api) -> None:
    answer = ask(api, COUNT, max_tokens=5)
    assert (answer["stop_reason"], answer["stop_sequence"], answer["usage"]["output_tokens"]) == ("max_tokens", None, 5)


def test_a_stop_sequence_ends_an_answer_and_is_named(api: Api) -> None:
    answer = ask(api, COUNT, stop_sequences=["9", "5, 6"])
    assert (answer["stop_reason"], answer["stop_sequence"]) == ("stop_sequence", "5, 6")
    assert answer["content"][0]["text"] == "1, 2, 3, 4, "
    last = stream(api, COUNT, stop_sequences=["9", "5, 6"])[-2]
    assert last["delta"] == {"stop_reason": "stop_sequence", "stop_sequence": "5, 6"}


def test_a_limit_before_the_stop_sequence_is_the_reason(api: Api) -> None:
    answer = ask(api, COUNT, stop_sequences=["5"], max_tokens=2)
    assert (answer["stop_reason"], answer["stop_sequence"]) == ("max_tokens", None)


@pytest.mark.parametrize(
    ("choice", "names"),
    [
        ({"type": "auto"}, []),
        ({"type": "any"}, ["get_weather"]),
        ({"type": "tool", "name": "get_battery"}, ["get_battery"]),
        ({"type": "none"}, []),
    ],
)
def test_the_choice_of_tools_is_obeyed(api: Api, choice: dict[str, str], names: list[str]) -> None:
    answer = ask(api, tools=[WEATHER, BATTERY], tool_choice=choice)
    assert [block["name"] for block in answer["content"] if block["type"] == "tool_use"] == names
    assert (answer["stop_reason"] == "tool_use") is bool(names)


def test_no_parallel_calls_when_they_are_switched_off(api: Api) -> None:
    both = "Call get_weather for Paris, and call get_battery."
    two = ask(api, both, tools=[WEATHER, BATTERY])["content"]
    one = ask(api, both, tools=[WEATHER, BATTERY], tool_choice={"type": "auto", "disable_parallel_tool_use": True})
    assert [block["input"] for block in two] == [{"city": "Paris"}, {}]
    assert len({block["id"] for block in two}) == 2
    assert len(one["content"]) == 1


def test_a_tool_loop(api: Api) -> None:
    first = ask(api, "What is the weather in Paris?", tools=[WEATHER])
    (call,) = first["content"]
    result = {"type": "tool_result", "tool_use_id": call["id"], "content": [{"type": "text", "text": "18 degrees"}]}
    turns = [
        *user("What is the weather in Paris?"),
        {"role": "assistant", "content": first["content"]},
        *user([result]),
    ]
    second = ask(api, messages=turns, tools=[WEATHER])
    assert second["content"][0]["text"] == "The tool returned: 18 degrees"
    assert second["usage"]["input_tokens"] > first["usage"]["input_tokens"]


def test_thoughts_are_signed_and_taken_back(api: Api) -> None:
    first = ask(api, "Is 97 a prime number?", **THINKING)
    thoughts, said = first["content"]
    assert (thoughts["type"], said["type"]) == ("thinking", "text")
    assert thoughts["signature"]
    assert thoughts["thinking"]
    block = {**thoughts, "cache_control": None}
    turns = [*user("Is 97 a prime number?"), {"role": "assistant", "content": [block, said]}, *user("Say thanks.")]
    assert ask(api, messages=turns, **THINKING)["content"][-1]["text"] == "thanks"
    assert all(block["type"] == "text" for block in ask(api, thinking={"type": "disabled"})["content"])


@pytest.mark.parametrize(
    ("content", "fields"),
    [
        ("Say hello.", {}),
        (COUNT, {"max_tokens": 5}),
        ("Call get_weather for Paris, and call get_battery.", {"tools": [WEATHER, BATTERY]}),
        ("Is 97 a prime number?", THINKING),
        ("Say 漢字 🚀 𠮷", {"system": "Be brief."}),
    ],
)
def test_a_stream_tells_what_the_whole_answer_tells(api: Api, content: str, fields: dict[str, Any]) -> None:
    whole, found = ask(api, content, **fields), stream(api, content, **fields)
    message = gathered(found)
    for answer in (whole, message):
        answer.pop("id")
        for block in answer["content"]:
            block.pop("id", None)
    assert message == whole


def gathered(found: list[dict[str, Any]]) -> dict[str, Any]:
    """The message of a stream, put together as the official clients do; the order of the events is checked."""
    assert [event["type"] for event in found[:2]] == ["message_start", "ping"]
    assert [event["type"] for event in found[-2:]] == ["message_delta", "message_stop"]
    message: dict[str, Any] = found[0]["message"]
    assert (message["content"], message["stop_reason"]) == ([], None)
    joined = ""
    for event in found[2:-2]:
        if event["type"] == "content_block_start":
            assert event["index"] == len(message["content"])
            message["content"].append(event["content_block"])
            joined = ""
            continue
        assert event["index"] == len(message["content"]) - 1
        block = message["content"][-1]
        if event["type"] == "content_block_stop" and joined:
            block["input"] = json.loads(joined)
        joined += event.get("delta", {}).get("partial_json", "")
        for name in ("text", "thinking", "signature"):
            if name in event.get("delta", {}):
                block[name] += event["delta"][name]
    return {**message, **found[-2]["delta"], "usage": found[-2]["usage"]}


def test_pictures_are_read_and_counted(api: Api) -> None:
    source = {"type": "base64", "media_type": "image/png", "data": PIXEL}
    pictured = ask(api, [{"type": "image", "source": source}, {"type": "text", "text": "Say hello."}])
    assert pictured["usage"]["input_tokens"] > ask(api)["usage"]["input_tokens"]
    ask(api, [{"type": "image", "source": {"type": "url", "url": "https://example.com/a.png"}}])
    assert "base64" in refusal(api, [{"type": "image", "source": {**source, "data": "no!"}}])
    assert "picture" in refusal(api, [{"type": "image", "source": {**source, "media_type": "image/tiff"}}])
    assert "url" in refusal(api, [{"type": "image", "source": {"type": "url"}}])


@pytest.mark.parametrize("version", ["2023-06-01", "2026-10-21"])
def test_published_versions_are_accepted(api: Api, version: str) -> None:
    body = {"model": MODEL, "max_tokens": 5, "messages": user("hi")}
    for key in ({"x-api-key": api.token}, BEARER):
        answer = api.ask("POST", "/v1/messages?beta=true", {**key, "anthropic-version": version}, json=body)
        assert answer.status_code == 200


@pytest.mark.parametrize("version", [{}, {"anthropic-version": ""}, {"anthropic-version": "new"}])
def test_other_versions_are_refused(api: Api, version: dict[str, str]) -> None:
    body = {"model": MODEL, "max_tokens": 5, "messages": user("hi")}
    answer = api.ask("POST", "/v1/messages", {**BEARER, **version}, json=body)
    assert answer.status_code == 400
    assert "anthropic-version" in answer.json()["error"]["message"]


@pytest.mark.parametrize(
    ("fields", "word"),
    [
        ({"max_tokens": ...}, "max_tokens"),
        ({"max_tokens": None}, "max_tokens"),
        ({"max_tokens": 0}, "max_tokens"),
        ({"max_tokens": "many"}, "max_tokens"),
        ({"messages": ...}, "messages"),
        ({"messages": []}, "messages"),
        ({"messages": "hi"}, "messages"),
        ({"messages": [{"role": "system", "content": "hi"}]}, "role"),
        ({"messages": [{"role": "user"}]}, "content"),
        ({"messages": user(None)}, "content"),
        ({"messages": user([None])}, "content"),
        ({"messages": user([{"type": "text"}])}, "text"),
        ({"messages": user([{"type": "tool_use", "id": "a", "name": "b", "input": {}}])}, "tool_use"),
        ({"messages": user([{"type": "tool_result", "tool_use_id": "never"}])}, "tool call"),
        ({"messages": [{"role": "assistant", "content": [{"type": "thinking", "thinking": "hm"}]}]}, "signature"),
        ({"system": 7}, "system"),
        ({"system": [{"type": "image"}]}, "system"),
        ({"temperature": 1.5}, "temperature"),
        ({"stop_sequences": [""]}, "stop_sequences"),
        ({"stream": "yes"}, "stream"),
        ({"tools": [{"input_schema": {}}]}, "name"),
        ({"tools": [{"name": "a", "input_schema": {"type": 7}}]}, "schema"),
        ({"tools": [WEATHER, WEATHER]}, "name"),
        ({"tool_choice": {"type": "any"}}, "tools"),
        ({"tools": [WEATHER], "tool_choice": {"type": "tool"}}, "name"),
        ({"tools": [WEATHER], "tool_choice": {"type": "tool", "name": "other"}}, "tool_choice"),
        ({"thinking": {"type": "enabled"}}, "budget_tokens"),
        ({"thinking": {"type": "enabled", "budget_tokens": 1024}}, "max_tokens"),
        ({"model": "text-embedding-3-small"}, "model"),
    ],
)
def test_wrong_requests_are_refused(api: Api, fields: dict[str, Any], word: str) -> None:
    assert word in refusal(api, **fields)


def test_an_unknown_model_is_not_found(api: Api) -> None:
    assert "nobody" in refusal(api, model="nobody", status=404)


def test_whole_floats_and_nulls_are_taken(api: Api) -> None:
    nulls = dict.fromkeys(("system", "temperature", "top_k", "tools", "tool_choice", "thinking", "stop_sequences"))
    answer = ask(api, max_tokens=5.0, metadata={"user_id": None}, **nulls)
    assert answer["stop_reason"] == "end_turn"


BASES: list[dict[str, Any]] = [
    {"system": [{"type": "text", "text": "Be brief."}], "stop_sequences": ["zebra"], "top_k": 3, **THINKING},
    {"tools": [WEATHER, BATTERY], "tool_choice": {"type": "tool", "name": "get_weather"}},
    {
        "tools": [WEATHER],
        "messages": [
            *user([{"type": "image", "source": {"type": "base64", "media_type": "image/png", "data": PIXEL}}]),
            {
                "role": "assistant",
                "content": [
                    {"type": "thinking", "thinking": "hm", "signature": "x"},
                    {"type": "tool_use", "id": "toolu_1", "name": "get_weather", "input": {"city": "Paris"}},
                ],
            },
            *user([{"type": "tool_result", "tool_use_id": "toolu_1", "content": [{"type": "text", "text": "18"}]}]),
        ],
    },
]
ODD: list[Any] = [None, True, 0, -1, 4.0, 1e308, 2**70, "", "\x00", "\ud83d", [], [[]], {}, {"type": {}}, [None]]


def spots(value: Any, at: tuple[Any, ...] = ()) -> list[tuple[Any, ...]]:
    """The places of all values inside a value."""
    members = value.items() if isinstance(value, dict) else enumerate(value) if isinstance(value, list) else ()
    return [at, *(spot for name, inner in members for spot in spots(inner, (*at, name)))]


def changed(value: Any, at: tuple[Any, ...], new: Any) -> Any:
    if not at:
        return new
    copied = dict(value) if isinstance(value, dict) else list(value)
    copied[at[0]] = changed(value[at[0]], at[1:], new)
    return copied


@pytest.mark.parametrize(
    ("path", "fields"),
    [("/v1/messages/count_tokens", BASES[2]), *(("/v1/messages", fields) for fields in BASES)],
    ids=["count", "text", "tools", "history"],
)
def test_odd_values_never_crash_it(api: Api, path: str, fields: dict[str, Any]) -> None:
    body = {"model": MODEL, "max_tokens": 50, "messages": user("Say hello."), **fields}
    headers = {**HEADERS, "content-type": "application/json"}
    for spot in spots(body)[1:]:
        for odd in ODD:
            content = json.dumps(changed(body, spot, odd)).encode()
            answer = api.ask("POST", path, headers, content=content)
            assert answer.status_code in (200, 400, 404), (spot, odd, answer.text)
            assert answer.status_code == 200 or answer.json()["type"] == "error"


def test_tokens_are_counted_as_they_are_billed(api: Api) -> None:
    for fields in ({}, {"system": "Be brief."}, {"tools": [WEATHER]}, {**THINKING, "max_tokens": ...}):
        body = {"model": MODEL, "messages": user("Say hello."), **fields}
        body = {name: value for name, value in body.items() if value is not ...}
        counted = api.ask("POST", "/v1/messages/count_tokens?beta=true", HEADERS, json=body)
        assert counted.status_code == 200, counted.text
        billed = ask(api, **{"max_tokens": 2000, **body})["usage"]["input_tokens"]
        assert counted.json() == {"input_tokens": billed}


def page(api: Api, query: str = "") -> Any:
    return api.ask("GET", f"/v1/models{query}", HEADERS)


def test_the_model_list_has_pages(api: Api) -> None:
    ids = [entry.id for entry in ENTRIES]
    whole = page(api).json()
    assert ([row["id"] for row in whole["data"]], whole["has_more"]) == (ids, False)
    found: list[str] = []
    query = "?limit=4"
    for _ in range(len(ids)):
        part = page(api, query).json()
        found += [row["id"] for row in part["data"]]
        assert (part["first_id"], part["last_id"]) == (part["data"][0]["id"], part["data"][-1]["id"])
        if not part["has_more"]:
            break
        query = f"?limit=4&after_id={part['last_id']}"
    assert found == ids


def test_pages_go_backwards_too(api: Api) -> None:
    ids = [entry.id for entry in ENTRIES]
    part = page(api, f"?limit=3&before_id={ids[5]}").json()
    assert ([row["id"] for row in part["data"]], part["has_more"]) == (ids[2:5], True)
    part = page(api, f"?limit=3&before_id={ids[2]}").json()
    assert ([row["id"] for row in part["data"]], part["has_more"]) == (ids[:2], False)
    end = page(api, f"?after_id={ids[-1]}").json()
    assert end == {"data": [], "has_more": False, "first_id": None, "last_id": None}


@pytest.mark.parametrize("query", ["?limit=0", "?limit=many", "?limit=1001", "?limit=²", "?after_id=nobody"])
def test_wrong_pages_are_refused(api: Api, query: str) -> None:
    answer = page(api, query)
    assert answer.status_code == 400
    assert answer.json()["error"]["type"] == "invalid_request_error"
