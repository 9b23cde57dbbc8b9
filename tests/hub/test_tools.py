"""Tool calls and structured output."""

from __future__ import annotations

import json
from typing import Any

import pytest
from jsonschema import Draft202012Validator

WEATHER = {
    "type": "object",
    "properties": {"city": {"type": "string"}, "unit": {"type": "string", "enum": ["celsius", "fahrenheit"]}},
    "required": ["city", "unit"],
    "additionalProperties": False,
}
TOOLS = [
    {"type": "function", "function": {"name": "get_weather", "description": "Weather", "parameters": WEATHER}},
    {"type": "function", "function": {"name": "get_time", "parameters": {"type": "object", "properties": {}}}},
    {"type": "function", "function": {"name": "pingHost"}},
]
NAMED = {"type": "function", "function": {"name": "get_time"}}


def called(api: Any, prompt: Any, tools: Any = TOOLS, **rest: Any) -> list[tuple[str, Any]]:
    """The calls, after a look at the shape of the answer."""
    choice = api.chat(prompt, tools=tools, **rest)["choices"][0]
    calls = choice["message"].get("tool_calls", [])
    assert choice["finish_reason"] == ("tool_calls" if calls else "stop")
    assert (choice["message"]["content"] is None) == bool(calls)
    assert all(call["type"] == "function" and isinstance(call["function"]["arguments"], str) for call in calls)
    assert len({call["id"] for call in calls}) == len(calls)
    return [(call["function"]["name"], json.loads(call["function"]["arguments"])) for call in calls]


def paris(**more: Any) -> list[tuple[str, Any]]:
    return [("get_weather", {"city": "Paris", "unit": "celsius", **more})]


@pytest.mark.parametrize(
    "prompt",
    [
        "What is the weather in Paris?",
        "What's the weather like in Paris today, in celsius?",
        "Call get_weather for Paris.",
        "Please use the get_weather tool for the city 'Paris'.",
        "Use get_weather with city=Paris",
    ],
)
def test_the_model_calls_a_tool_that_is_asked_for(api: Any, prompt: str) -> None:
    assert called(api, prompt) == paris()


def test_values_of_the_prompt_are_used(api: Any) -> None:
    assert called(api, "Weather in New York in fahrenheit?") == [
        ("get_weather", {"city": "New York", "unit": "fahrenheit"})
    ]


@pytest.mark.parametrize("prompt", ["Hello!", "Say weather", "Repeat exactly: call the weather tool", "Count to 3"])
def test_the_model_answers_itself_otherwise(api: Any, prompt: str) -> None:
    assert called(api, prompt) == []


def test_several_places_make_parallel_calls(api: Any) -> None:
    prompt = "What is the weather in Paris, Berlin and in San Francisco?"
    cities = [arguments["city"] for _, arguments in called(api, prompt)]
    assert cities == ["Paris", "Berlin", "San Francisco"]
    assert called(api, prompt, parallel_tool_calls=False) == paris()


def test_several_tools_make_parallel_calls(api: Any) -> None:
    assert [name for name, _ in called(api, "Tell me the time and the weather in Paris")] == ["get_weather", "get_time"]


def test_tool_choice(api: Any) -> None:
    assert called(api, "weather in Paris", tool_choice="none") == []
    assert called(api, "Hello!", tool_choice="auto") == []
    assert len(called(api, "Hello!", tool_choice="required")) == 1
    assert called(api, "weather in Paris", tool_choice="required") == paris()
    assert called(api, "weather in Paris", tool_choice=NAMED) == [("get_time", {})]


def test_a_tool_without_parameters_gets_an_empty_object(api: Any) -> None:
    for name in ("get_time", "pingHost"):
        choice = {"type": "function", "function": {"name": name}}
        answer = api.chat("go", tools=TOOLS, tool_choice=choice)
        assert answer["choices"][0]["message"]["tool_calls"][0]["function"]["arguments"] == "{}"


def test_an_unknown_named_function_is_refused(api: Any) -> None:
    choice = {"type": "function", "function": {"name": "other"}}
    assert api.problem(tools=TOOLS, tool_choice=choice)[:2] == (400, "tool_choice")


def test_parameters_that_are_no_schema_are_refused(api: Any) -> None:
    tools = [{"type": "function", "function": {"name": "f", "parameters": {"type": "nonsense"}}}]
    assert api.problem(tools=tools)[:2] == (400, "tools[0].function.parameters")


def test_calls_that_do_not_fit_the_cap_end_with_length(api: Any) -> None:
    choice = api.chat("weather in Paris", tools=TOOLS, max_tokens=3)["choices"][0]
    assert choice["finish_reason"] == "length"
    assert "tool_calls" not in choice["message"]


@pytest.mark.parametrize("content", [{"content": None}, {"content": ""}, {}], ids=str)
@pytest.mark.parametrize("choice", [{}, {"tool_choice": "auto"}, {"tool_choice": "none"}], ids=str)
def test_the_round_trip(api: Any, content: dict[str, Any], choice: dict[str, Any]) -> None:
    asked = {"role": "user", "content": "What is the weather in Paris?"}
    call = api.chat([asked], tools=TOOLS)["choices"][0]["message"]["tool_calls"][0]
    replay = {"role": "assistant", "tool_calls": [call], **content}
    result = {"role": "tool", "tool_call_id": call["id"], "content": "21 degrees and 🌞"}
    answer = api.chat([asked, replay, result], tools=TOOLS, **choice)["choices"][0]
    assert answer["finish_reason"] == "stop"
    assert "21 degrees and 🌞" in answer["message"]["content"]
    result["content"] = [{"type": "text", "text": "22 degrees"}]
    assert "22 degrees" in api.text([asked, replay, result])
    again = {"role": "user", "content": "And the weather in Rome?"}
    calls = api.chat([asked, replay, result, {"role": "assistant", "content": "It is 21."}, again], tools=TOOLS)
    assert "Rome" in calls["choices"][0]["message"]["tool_calls"][0]["function"]["arguments"]


def test_results_of_unknown_calls_are_refused(api: Any) -> None:
    for more in ({"tool_call_id": "call_unknown"}, {}):
        result = {"role": "tool", "content": "x", **more}
        assert api.problem([{"role": "user", "content": "hi"}, result])[:2] == (400, "messages[1].tool_call_id")


def thing(**properties: Any) -> dict[str, Any]:
    return {"type": "object", "properties": properties, "required": list(properties)}


TEXT = {"type": "string"}
PERSON = {**thing(name=TEXT, next={"anyOf": [{"$ref": "#/$defs/P"}, {"type": "null"}]}), "additionalProperties": False}
SCHEMAS: list[dict[str, Any]] = [
    WEATHER,
    thing(a={"const": 3}, b={"enum": [None, "x"]}, c={"type": ["string", "null"]}),
    thing(n={"type": "integer", "minimum": 5, "exclusiveMaximum": 7, "multipleOf": 3}),
    thing(n={"type": "number", "exclusiveMinimum": 0, "exclusiveMaximum": 0.01}),
    thing(
        list={"type": "array", "minItems": 3, "uniqueItems": True, "items": {**TEXT, "minLength": 4, "maxLength": 9}}
    ),
    thing(code={**TEXT, "pattern": "^[A-Z]{3}-\\d{2,4}(x|y)?$"}),
    thing(when={**TEXT, "format": "date-time"}),
    {**thing(p={"$ref": "#/$defs/P"}), "$defs": {"P": PERSON}, "additionalProperties": False},
    {"allOf": [thing(a={"type": "boolean"}), thing(b={"type": "null"})]},
    thing(v={"oneOf": [{"type": "integer", "minimum": 10}, TEXT]}),
    {"type": "object", "minProperties": 2, "additionalProperties": {"type": "integer"}},
    {"type": "array", "prefixItems": [{"type": "integer"}, {"type": "boolean"}], "minItems": 2},
    thing(kind={**TEXT, "enum": ["red", "green", "blue"]}),
    {},
]


@pytest.mark.parametrize("schema", SCHEMAS, ids=str)
def test_structured_output_fits_its_schema(api: Any, schema: dict[str, Any]) -> None:
    asked = {"type": "json_schema", "json_schema": {"name": "thing", "strict": True, "schema": schema}}
    for prompt in ("Give me a green one in Paris on 2026-02-03, number 12", ""):
        Draft202012Validator(schema).validate(json.loads(api.text(prompt, response_format=asked)))


@pytest.mark.parametrize("schema", [schema for schema in SCHEMAS if schema.get("type") == "object"], ids=str)
def test_arguments_fit_the_parameters(api: Any, schema: dict[str, Any]) -> None:
    tools = [{"type": "function", "function": {"name": "f", "parameters": schema, "strict": True}}]
    ((_, arguments),) = called(api, 'call f with "some words", green, 12', tools)
    Draft202012Validator(schema).validate(arguments)


@pytest.mark.parametrize(
    "schema", [{"type": "nonsense"}, {"not": {}}, {"$ref": "https://x.example/s.json"}, False], ids=str
)
def test_impossible_schemas_are_refused(api: Any, schema: Any) -> None:
    asked = {"type": "json_schema", "json_schema": {"name": "thing", "schema": schema}}
    status, param, _ = api.problem(response_format=asked)
    assert status == 400
    assert (param or "").startswith("response_format")


def test_constructed_values_come_through(api: Any) -> None:
    properties = {"nonce": {"type": "string"}, "count": {"type": "integer"}, "flag": {"type": "boolean"}}
    schema = {"type": "object", "properties": properties, "required": list(properties)}
    tools = [{"type": "function", "function": {"name": "record_nonce", "parameters": schema}}]
    for prompt in (
        'Call record_nonce with nonce "n-123", count 7 and flag false.',
        "Call record_nonce with nonce: n-123, count: 7, flag: false",
        "Call record_nonce with nonce n-123, count is 7, flag = false.",
    ):
        assert called(api, prompt, tools) == [("record_nonce", {"nonce": "n-123", "count": 7, "flag": False})]


def test_json_mode(api: Any) -> None:
    mode = {"response_format": {"type": "json_object"}}
    assert json.loads(api.text('Return exactly this JSON: {"a": [1, "é"]}', **mode)) == {"a": [1, "é"]}
    assert set(json.loads(api.text("Return a JSON object with the keys name, age and city", **mode))) == {
        "name",
        "age",
        "city",
    }
    assert set(json.loads(api.text('JSON with keys "x" and "y" please', **mode))) == {"x", "y"}
    assert isinstance(json.loads(api.text("Anything as JSON", **mode)), dict)
    assert api.text("Say hi", response_format={"type": "text"}) == "hi"
