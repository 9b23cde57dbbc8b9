"""Responses: answers, their streams, what is remembered of them, and what is refused."""

from __future__ import annotations

import json
from collections.abc import Iterator
from typing import Any

import pytest

from conformance.engine.contract import load_contract
from conformance.hub.memory import Memory
from tests.hub.conftest import Api

PATH = "/v1/responses"
WEATHER = {
    "type": "function",
    "name": "get_weather",
    "strict": True,
    "parameters": {"type": "object", "properties": {"city": {"type": "string"}}, "required": ["city"]},
}
BATTERY = {"type": "function", "name": "get_battery", "strict": True, "parameters": {"type": "object"}}
SHAPE = {"type": "object", "properties": {"verdict": {"enum": ["yes", "no"]}}, "required": ["verdict"]}


def post(api: Api, given: Any, **rest: Any) -> Any:
    return api.ask("POST", PATH, json={"model": "gpt-4o-mini", "input": given, **rest})


def answer(api: Api, given: Any, **rest: Any) -> dict[str, Any]:
    response = post(api, given, **rest)
    assert response.status_code == 200, response.text
    value: dict[str, Any] = response.json()
    assert load_contract().violations("ResponsesResponse", value) == []
    return value


def text_of(value: dict[str, Any]) -> str:
    parts = (part for item in value["output"] if item["type"] == "message" for part in item["content"])
    return "".join(part["text"] for part in parts)


def stream(api: Api, given: Any, **rest: Any) -> list[dict[str, Any]]:
    """The events of a stream, whose framing, names and numbers are checked on the way."""
    response = post(api, given, stream=True, **rest)
    assert response.headers["content-type"] == "text/event-stream"
    *blocks, end = response.content.decode().split("\n\n")
    assert end == ""
    events = []
    for number, block in enumerate(blocks):
        name, data = block.split("\n")
        event = json.loads(data.removeprefix("data: "))
        assert name == f"event: {event['type']}"
        assert event["sequence_number"] == number
        assert load_contract().violations("ResponsesStreamResponse", event) == []
        events.append(event)
    return events


def test_an_answer_holds_its_settings_and_counts(api: Api) -> None:
    value = answer(api, "Say hello.", instructions="Be brief.", temperature=0.5, metadata={"a": "b"}, tools=[WEATHER])
    assert text_of(value) == "hello"
    assert (value["status"], value["error"], value["incomplete_details"]) == ("completed", None, None)
    assert (value["instructions"], value["temperature"], value["metadata"]) == ("Be brief.", 0.5, {"a": "b"})
    assert value["tools"][0]["name"] == "get_weather"
    usage = value["usage"]
    assert usage["total_tokens"] == usage["input_tokens"] + usage["output_tokens"]


def test_a_string_equals_a_list_of_one_message(api: Api) -> None:
    parts = [{"type": "input_text", "text": "Say hello."}]
    forms = ["Say hello.", [{"role": "user", "content": "Say hello."}], [{"role": "user", "content": parts}]]
    answers = [answer(api, form) for form in forms]
    assert len({(text_of(value), value["usage"]["total_tokens"]) for value in answers}) == 1


def test_a_cut_answer_is_incomplete(api: Api) -> None:
    value = answer(api, "Count from 1 to 300", max_output_tokens=16)
    assert (value["status"], value["incomplete_details"]) == ("incomplete", {"reason": "max_output_tokens"})
    assert value["output"][-1]["status"] == "incomplete"
    assert value["usage"]["output_tokens"] == 16
    thinking = answer(api, "Is 97 prime?", model="o-reason-mini", max_output_tokens=3)
    assert [(item["type"], item["status"]) for item in thinking["output"]] == [("reasoning", "incomplete")]


@pytest.mark.parametrize(
    ("given", "rest"),
    [
        ("Repeat exactly: a\n\nb 🙂 data: [DONE] 你好", {}),
        ("Count from 1 to 300", {"max_output_tokens": 16}),
        ("Call get_weather for Paris and get_battery", {"tools": [WEATHER, BATTERY]}),
        ("Is 97 prime?", {"model": "o-reason-mini", "reasoning": {"effort": "high", "summary": "auto"}}),
        ("Count to 3", {"include": ["message.output_text.logprobs"], "top_logprobs": 2}),
        ("Decide.", {"text": {"format": {"type": "json_schema", "name": "v", "schema": SHAPE}}}),
    ],
)
def test_a_stream_builds_up_its_last_event(api: Api, given: str, rest: dict[str, Any]) -> None:
    events = stream(api, given, **rest)
    assert [event["type"] for event in events[:2]] == ["response.created", "response.in_progress"]
    final = events[-1]["response"]
    assert events[-1]["type"] == f"response.{final['status']}"
    assert list(built(events)) == final["output"]
    whole = answer(api, given, **rest)
    assert text_of(whole) == text_of(final)
    assert whole["usage"] == final["usage"]


def built(events: list[dict[str, Any]]) -> Iterator[dict[str, Any]]:
    """The items that a client puts together from the pieces alone; ids and status from the closing event."""
    closed = {event["output_index"]: event["item"] for event in events if event["type"] == "response.output_item.done"}
    for index, item in sorted(closed.items()):
        pieces = [event for event in events if event.get("output_index") == index]
        opened = pieces[0]["item"]
        assert (opened["id"], opened["status"]) == (item["id"], "in_progress")
        assert {event["item_id"] for event in pieces if "item_id" in event} <= {item["id"]}
        made = {**opened, "status": item["status"]}
        deltas = [event for event in pieces if event["type"].endswith(".delta")]
        joined = "".join(event["delta"] for event in deltas)
        if item["type"] == "function_call":
            made["arguments"] = joined
        elif item["type"] == "message":
            likelihoods = [entry for event in deltas for entry in event["logprobs"]]
            part = next(event["part"] for event in pieces if event["type"] == "response.content_part.added")
            made["content"] = [{**part, "text": joined, "logprobs": likelihoods}]
        else:
            made["summary"] = [
                {"type": "summary_text", "text": "".join(e["delta"] for e in deltas if e["summary_index"] == place)}
                for place in range(len(item["summary"]))
            ]
        yield made


def test_tools_are_chosen_as_asked(api: Api) -> None:
    def called(**rest: Any) -> list[str]:
        return [item["name"] for item in answer(api, "Say hello.", tools=[WEATHER, BATTERY], **rest)["output"][:9]]

    named = {"type": "function", "name": "get_battery"}
    allowed = {"type": "allowed_tools", "mode": "required", "tools": [named]}
    assert called(tool_choice=named) == ["get_battery"]
    assert called(tool_choice=allowed) == ["get_battery"]
    assert called(tool_choice="required") == ["get_weather"]
    none = answer(api, "Use get_weather for Paris.", tools=[WEATHER], tool_choice="none")
    assert [item["type"] for item in none["output"]] == ["message"]


def test_results_of_calls_are_taken_back(api: Api) -> None:
    first = answer(api, "Use get_battery.", tools=[BATTERY])
    results = [
        {"type": "function_call_output", "call_id": item["call_id"], "output": "81 percent"} for item in first["output"]
    ]
    replayed = answer(api, [{"role": "user", "content": "Use get_battery."}, *first["output"], *results])
    continued = answer(api, results, previous_response_id=first["id"])
    assert text_of(replayed) == text_of(continued) == "The tool returned: 81 percent"
    assert replayed["usage"] == continued["usage"]


def test_a_conversation_is_continued_without_its_instructions(api: Api) -> None:
    first = answer(api, "The code word is kx7.", instructions="Always answer with ok")
    assert text_of(first) == "ok"
    second = answer(api, "What is the code word?", previous_response_id=first["id"])
    assert text_of(second) == "The code word is kx7."
    assert second["previous_response_id"] == first["id"]


def test_stored_answers_are_read_and_deleted(api: Api) -> None:
    value = answer(api, "Say hello.")
    path = f"{PATH}/{value['id']}"
    assert api.ask("GET", path).json() == value
    assert api.ask("DELETE", path).json() == {"id": value["id"], "object": "response", "deleted": True}
    assert [api.ask(method, path).status_code for method in ("GET", "DELETE")] == [404, 404]
    streamed = stream(api, "Say hello.")[-1]["response"]
    assert api.ask("GET", f"{PATH}/{streamed['id']}").json() == streamed
    unkept = answer(api, "Say hello.", store=False)
    assert api.ask("GET", f"{PATH}/{unkept['id']}").status_code == 404


def test_memory_is_bounded() -> None:
    memory: Memory[str] = Memory(most=3, heaviest=10)
    for key in "abcd":
        memory.keep(key, key, 1)
    assert [memory.find(key) for key in "abcd"] == [None, "b", "c", "d"]
    memory.keep("e", "e", 9)
    assert [memory.find(key) for key in "bcde"] == [None, None, "d", "e"]
    memory.keep("f", "f", 11)
    assert [memory.find(key) for key in "def"] == [None, None, None]
    assert not memory.forget("f")


@pytest.mark.parametrize(
    ("change", "param"),
    [
        ({"input": None}, "input"),
        ({"input": 7}, "input"),
        ({"input": []}, "input"),
        ({"input": [7]}, "input[0]"),
        ({"input": [{}]}, "input[0].type"),
        ({"input": [{"type": "crystal_ball"}]}, "input[0].type"),
        ({"input": [{"type": ["message"]}]}, "input[0].type"),
        ({"input": [{"role": "user"}]}, "input[0].content"),
        ({"input": [{"role": "robot", "content": "x"}]}, "input[0].role"),
        ({"input": [{"role": "user", "content": [{"type": "hologram"}]}]}, "input[0].content[0].type"),
        ({"input": [{"role": "user", "content": [{"type": "input_text"}]}]}, "input[0].content[0].text"),
        (
            {"input": [{"role": "user", "content": [{"type": "input_image", "image_url": "data:,x"}]}]},
            "input[0].content[0].image_url",
        ),
        ({"input": [{"type": "function_call_output", "call_id": "x", "output": "y"}]}, "input[0].call_id"),
        ({"input": [{"type": "function_call", "call_id": "x", "name": "y"}]}, "input[0].arguments"),
        ({"max_output_tokens": 0}, "max_output_tokens"),
        ({"max_output_tokens": 1.5}, "max_output_tokens"),
        ({"temperature": 99}, "temperature"),
        ({"stream": "yes"}, "stream"),
        ({"metadata": {"a": 1}}, "metadata.a"),
        ({"reasoning": {"effort": "huge"}}, "reasoning.effort"),
        ({"text": {"format": {"type": "xml"}}}, "text.format.type"),
        ({"text": {"format": {"type": "json_schema", "name": "x"}}}, "text.format.schema"),
        ({"text": {"format": {"type": "json_schema", "name": "x", "schema": {"type": 7}}}}, "text.format.schema"),
        ({"text": {"format": {"type": "json_schema", "name": "x", "schema": {"not": {}}}}}, "text.format.schema"),
        ({"tools": [{"type": "web_search"}]}, "tools[0].type"),
        ({"tools": [{"type": "function"}]}, "tools[0].name"),
        ({"tool_choice": "required"}, "tool_choice"),
        ({"tools": [WEATHER], "tool_choice": {"type": "function", "name": "other"}}, "tool_choice"),
        ({"tool_choice": {"type": ["function"]}}, "tool_choice.type"),
        ({"include": ["everything"]}, "include[0]"),
        ({"background": True}, "background"),
        ({"conversation": "conv_1"}, "conversation"),
        ({"previous_response_id": "resp_0"}, "previous_response_id"),
        ({"model": "rerank-v3"}, "model"),
    ],
)
def test_what_breaks_a_rule_is_refused_by_name(api: Api, change: dict[str, Any], param: str) -> None:
    body = {"model": "gpt-4o-mini", "input": "hi", **change}
    for extra in ({}, {"stream": True}):
        response = api.ask("POST", PATH, json={**extra, **body})
        assert response.status_code == 400, response.text
        assert response.json()["error"]["param"] == param


def test_odd_but_valid_requests_are_served(api: Api) -> None:
    nulls = ("instructions", "max_output_tokens", "stream", "tools", "tool_choice", "reasoning", "text", "metadata")
    assert answer(api, "Say hello.", **dict.fromkeys(nulls))["metadata"] == {}
    answer(api, "", max_output_tokens=16.0)
    answer(api, "a\x00b\u2028c", tools=[])
    answer(api, [{"role": "developer", "content": []}], reasoning={"effort": None}, unknown_member=[[]])
