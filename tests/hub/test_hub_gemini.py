"""The Google format of the reference hub: spellings, rules, streams, media, token counts, vectors."""

from __future__ import annotations

import base64
import json
import math
import struct
from typing import Any

import pytest

from conformance.hub.gemini_request import camelised, json_schema
from conformance.hub.routes import contract_folder
from conformance.hub.schemas import contract_validator

SCHEMA = f"{(contract_folder() / 'schemas' / 'gemini.yaml').as_uri()}#/GeminiResponse"
TIME = {
    "name": "get_time",
    "parameters": {"type": "OBJECT", "properties": {"zone": {"type": "STRING", "enum": ["UTC"]}}, "required": ["zone"]},
}
TOOLS = [{"functionDeclarations": [TIME, {"name": "get_battery"}]}]


def turn(text: str, role: str = "user") -> dict[str, Any]:
    return {"role": role, "parts": [{"text": text}]}


def post(api: Any, action: str, body: Any, model: str = "gemini-2.0-flash", version: str = "v1beta") -> Any:
    return api.ask("POST", f"/{version}/models/{model}:{action}", json=body)


def generate(api: Any, prompt: str = "Say hello", model: str = "gemini-2.0-flash", **rest: Any) -> dict[str, Any]:
    response = post(api, "generateContent", {"contents": [turn(prompt)], **rest}, model)
    assert response.status_code == 200, response.text
    answer: dict[str, Any] = response.json()
    contract_validator(SCHEMA).validate(answer)
    assert_adds_up(answer["usageMetadata"])
    return answer


def assert_adds_up(usage: dict[str, Any]) -> None:
    parts = [usage.get(name, 0) for name in ("promptTokenCount", "candidatesTokenCount", "thoughtsTokenCount")]
    assert usage["totalTokenCount"] == sum(parts)
    for name, total in (("promptTokensDetails", parts[0]), ("candidatesTokensDetails", parts[1])):
        assert sum(entry["tokenCount"] for entry in usage[name]) == total


def parts_of(answer: dict[str, Any], place: int = 0) -> list[dict[str, Any]]:
    found: list[dict[str, Any]] = answer["candidates"][place]["content"]["parts"]
    return found


def text_of(answer: dict[str, Any]) -> str:
    return "".join(part.get("text", "") for part in parts_of(answer) if not part.get("thought"))


def stream(api: Any, prompt: str, model: str = "gemini-2.0-flash", **rest: Any) -> list[dict[str, Any]]:
    response = post(api, "streamGenerateContent?alt=sse", {"contents": [turn(prompt)], **rest}, model)
    assert response.headers["content-type"] == "text/event-stream"
    *blocks, end = response.content.decode().split("\n\n")
    assert end == ""
    assert all(block.startswith("data: {") and len(block.splitlines()) == 1 for block in blocks)
    events = [json.loads(block[6:]) for block in blocks]
    for event in events:
        contract_validator(SCHEMA).validate(event)
        assert_adds_up(event["usageMetadata"])
    return events


def refusal(api: Any, body: Any, model: str = "gemini-2.0-flash") -> int:
    """The status of a refusal, which is the same for all actions that take such bodies."""
    actions = ("generateContent", "streamGenerateContent", "streamGenerateContent?alt=sse", "countTokens")
    answers = [post(api, action, body, model) for action in actions]
    (status,) = {answer.status_code for answer in answers}
    for answer in answers:
        assert answer.headers["content-type"] == "application/json"
        assert answer.json()["error"]["code"] == status
    assert isinstance(status, int)
    return status


@pytest.mark.parametrize("version", ["v1", "v1beta"])
def test_both_versions_answer(api: Any, version: str) -> None:
    answer = post(api, "generateContent", {"contents": [turn("Say hello")]}, version=version).json()
    assert text_of(answer) == "hello"
    assert answer["candidates"][0]["finishReason"] == "STOP"
    assert answer["modelVersion"] == "gemini-2.0-flash"


def test_both_spellings_are_read_alike(api: Any) -> None:
    camel = {"systemInstruction": {"parts": [{"text": "Always answer with kx"}]}}
    snake = {"system_instruction": {"parts": [{"text": "Always answer with kx"}]}}
    for rest in (camel, snake):
        assert text_of(generate(api, "What is new?", **rest)) == "kx"
    assert generate(api, "Write a story", generation_config={"max_output_tokens": 3})["candidates"][0][
        "finishReason"
    ] == ("MAX_TOKENS")
    assert refusal(api, {"contents": [turn("x")], "systemInstruction": {}, "system_instruction": {}}) == 400


def test_names_of_the_caller_are_left_alone() -> None:
    call = {"function_call": {"name": "a_b", "args": {"some_key": {"inner_key": 1}}}}
    assert camelised(call) == {"functionCall": {"name": "a_b", "args": {"some_key": {"inner_key": 1}}}}
    declared = {"function_declarations": [{"parameters": {"properties": {"my_key": {}}}}]}
    assert camelised(declared) == {"functionDeclarations": [{"parameters": {"properties": {"my_key": {}}}}]}
    assert camelised({"__a": 1, "A_b": 2}) == {"__a": 1, "A_b": 2}


def test_schemas_are_turned_into_json_schema() -> None:
    given = {
        "type": "OBJECT",
        "properties": {"type": {"type": "STRING", "nullable": True}, "n": {"type": "ARRAY", "min_items": "2"}},
        "propertyOrdering": ["n"],
        "any_of": [{"type": "OBJECT"}],
    }
    assert json_schema(given) == {
        "type": "object",
        "properties": {
            "type": {"anyOf": [{"type": "string"}, {"type": "null"}]},
            "n": {"type": "array", "minItems": 2},
        },
        "anyOf": [{"type": "object"}],
    }


def test_events_are_increments_with_running_counts(api: Any) -> None:
    events = stream(api, "Count from 1 to 30")
    assert "".join(text_of(event) for event in events) == ", ".join(map(str, range(1, 31)))
    totals = [event["usageMetadata"]["totalTokenCount"] for event in events]
    assert totals == sorted(totals)
    assert [event["candidates"][0].get("finishReason") for event in events] == [None] * (len(events) - 1) + ["STOP"]
    assert len({event["responseId"] for event in events}) == 1


def test_without_alt_a_stream_is_an_array(api: Any) -> None:
    body = {"contents": [turn("Count from 1 to 5")]}
    response = post(api, "streamGenerateContent", body)
    assert response.headers["content-type"] == "application/json"
    assert "".join(text_of(entry) for entry in response.json()) == "1, 2, 3, 4, 5"
    assert post(api, "generateContent?alt=sse", body).headers["content-type"] == "text/event-stream"
    assert post(api, "generateContent?alt=proto", body).status_code == 400


def test_line_ends_are_escaped_in_events(api: Any) -> None:
    said = "one\u2028two\u2029three\x85four"
    assert "".join(text_of(event) for event in stream(api, f"Repeat exactly: {said}")) == said


def test_several_candidates(api: Any) -> None:
    answer = generate(api, generationConfig={"candidateCount": 3})
    assert [one["index"] for one in answer["candidates"]] == [0, 1, 2]
    assert answer["usageMetadata"]["candidatesTokenCount"] == 6
    for event in stream(api, "Count to 5", generationConfig={"candidateCount": 2}):
        assert [one["index"] for one in event["candidates"]] == [0, 1]


def test_limits_and_stop_sequences(api: Any) -> None:
    cut = generate(api, "Count from 1 to 30", generationConfig={"maxOutputTokens": 4})
    assert cut["candidates"][0]["finishReason"] == "MAX_TOKENS"
    assert cut["usageMetadata"]["candidatesTokenCount"] == 4
    ended = generate(api, "Count from 1 to 9", generationConfig={"stopSequences": ["5, 6", "zebra"]})
    assert (text_of(ended), ended["candidates"][0]["finishReason"]) == ("1, 2, 3, 4, ", "STOP")


def test_thoughts_are_flagged_counted_and_signed(api: Any) -> None:
    asked = {"generationConfig": {"thinkingConfig": {"includeThoughts": True}}}
    shown = generate(api, "Say x", "o-reason-mini", **asked)
    assert [part.get("thought", False) for part in parts_of(shown)] == [True, False]
    assert shown["usageMetadata"]["thoughtsTokenCount"] > 0
    assert base64.b64decode(parts_of(shown)[1]["thoughtSignature"])
    hidden = generate(api, "Say x", "o-reason-mini")
    assert [part["text"] for part in parts_of(hidden)] == ["x"]
    assert hidden["usageMetadata"]["thoughtsTokenCount"] == shown["usageMetadata"]["thoughtsTokenCount"]


@pytest.mark.parametrize(
    ("config", "name"),
    [
        ({"mode": "ANY", "allowedFunctionNames": ["get_battery"]}, "get_battery"),
        ({"mode": "ANY"}, "get_time"),
        ({"mode": "NONE"}, None),
        ({}, "get_time"),
    ],
)
def test_function_calling_modes(api: Any, config: dict[str, Any], name: str | None) -> None:
    tool_config = {"functionCallingConfig": config}
    answer = generate(api, "Use get_time please", tools=TOOLS, toolConfig=tool_config)
    assert parts_of(answer)[0].get("functionCall", {}).get("name") == name


@pytest.mark.parametrize("model", ["gemini-2.0-flash", "o-reason-mini"])
def test_the_own_turn_can_be_sent_back(api: Any, model: str) -> None:
    called = generate(api, "Call get_time", model, tools=TOOLS)["candidates"][0]["content"]
    call = called["parts"][0]["functionCall"]
    assert call["args"] == {"zone": "UTC"}
    result = {"functionResponse": {"name": "get_time", "id": call["id"], "response": {"time": "12:00"}}}
    contents = [turn("Call get_time"), called, {"role": "user", "parts": [result]}]
    answer = post(api, "generateContent", {"contents": contents, "tools": TOOLS}, model).json()
    assert "12:00" in text_of(answer)
    result["functionResponse"]["id"] = "another"
    assert refusal(api, {"contents": contents, "tools": TOOLS}, model) == 400


def test_a_thinking_model_wants_its_signature_back(api: Any) -> None:
    called = generate(api, "Call get_time", "o-reason-mini", tools=TOOLS)["candidates"][0]["content"]
    called["parts"][0].pop("thoughtSignature")
    result = {"functionResponse": {"name": "get_time", "response": {}}}
    contents = [turn("Call get_time"), called, {"role": "user", "parts": [result]}]
    assert refusal(api, {"contents": contents, "tools": TOOLS}, "o-reason-mini") == 400


def test_json_fits_the_schema(api: Any) -> None:
    schema = {"type": "OBJECT", "properties": {"v": {"type": "STRING", "enum": ["a"]}}, "required": ["v"]}
    config = {"responseMimeType": "application/json", "responseSchema": schema}
    assert json.loads(text_of(generate(api, "Decide", generationConfig=config))) == {"v": "a"}
    word = {"responseMimeType": "text/x.enum", "responseSchema": {"type": "STRING", "enum": ["red"]}}
    assert text_of(generate(api, "Decide", generationConfig=word)) == "red"


@pytest.mark.parametrize(
    ("ratio", "size", "wanted"),
    [("1:1", "1K", (1024, 1024)), ("16:9", "2K", (2688, 1536)), ("9:16", "4K", (3072, 5376))],
)
def test_pictures_have_the_size_asked_for(api: Any, ratio: str, size: str, wanted: tuple[int, int]) -> None:
    form = {"responseModalities": ["TEXT", "IMAGE"], "imageConfig": {"aspectRatio": ratio, "imageSize": size}}
    answer = generate(api, "Draw", generationConfig=form)
    blob = parts_of(answer)[1]["inlineData"]
    assert blob["mimeType"] == "image/png"
    assert struct.unpack(">II", base64.b64decode(blob["data"])[16:24]) == wanted
    assert answer["usageMetadata"]["candidatesTokensDetails"][0]["modality"] == "IMAGE"


def test_speech_is_raw_samples_with_their_rate(api: Any) -> None:
    voice = {"voiceConfig": {"prebuiltVoiceConfig": {"voiceName": "Kore"}}}
    answer = generate(api, "Hello", generationConfig={"responseModalities": ["AUDIO"], "speechConfig": voice})
    (part,) = parts_of(answer)
    assert part["inlineData"]["mimeType"] == "audio/L16;codec=pcm;rate=24000"
    assert len(base64.b64decode(part["inlineData"]["data"])) % 2 == 0


def test_what_is_sent_along_costs_tokens(api: Any) -> None:
    def cost(*parts: dict[str, Any]) -> dict[str, Any]:
        body = {"contents": [{"parts": [{"text": "Hi"}, *parts]}]}
        counted: dict[str, Any] = post(api, "countTokens", body).json()
        usage = post(api, "generateContent", body).json()["usageMetadata"]
        assert usage["promptTokenCount"] == counted["totalTokens"]
        return counted

    plain = cost()["totalTokens"]
    for kind in ("image/png", "audio/wav", "video/mp4", "application/pdf"):
        blob = {"mimeType": kind, "data": "AAAA"}
        assert cost({"inlineData": blob})["totalTokens"] > plain
    url_safe = {"mime_type": "image/png", "data": "-_-_-w"}
    assert cost({"inline_data": url_safe})["promptTokensDetails"][1]["modality"] == "IMAGE"


@pytest.mark.parametrize(
    "body",
    [
        {},
        {"contents": None},
        {"contents": []},
        {"contents": "hello"},
        {"contents": [None]},
        {"contents": [{}]},
        {"contents": [{"parts": []}]},
        {"contents": [{"parts": [{}]}]},
        {"contents": [{"parts": [{"thought": True}]}]},
        {"contents": [{"role": "wizard", "parts": [{"text": "x"}]}]},
        {"contents": [{"parts": [{"text": 5}]}]},
        {"contents": [{"parts": [{"text": "x", "functionCall": {"name": "a"}}]}]},
        {"contents": [{"parts": [{"functionCall": {"name": "a"}}]}]},
        {"contents": [{"parts": [{"functionResponse": {"name": "a", "response": {}}}]}]},
        {"contents": [{"parts": [{"inlineData": {"mimeType": "image/png", "data": "data:image/png;base64,AAAA"}}]}]},
        {"contents": [{"parts": [{"inlineData": {"mimeType": "png", "data": "AAAA"}}]}]},
        {"contents": [{"parts": [{"fileData": {"fileUri": "file:///etc/passwd"}}]}]},
        {"contents": [{"parts": [{"executableCode": {}}]}]},
    ],
    ids=str,
)
def test_odd_contents_are_refused(api: Any, body: dict[str, Any]) -> None:
    assert refusal(api, body) == 400


@pytest.mark.parametrize(
    "config",
    [
        {"temperature": 99},
        {"topP": 2},
        {"topK": 0},
        {"maxOutputTokens": 0},
        {"maxOutputTokens": "many"},
        {"stopSequences": [""]},
        {"stopSequences": list("abcdef")},
        {"candidateCount": 9},
        {"responseMimeType": "text/html"},
        {"responseSchema": {"type": "OBJECT"}},
        {"responseMimeType": "application/json", "responseSchema": {"type": "WISH"}},
        {"responseMimeType": "text/x.enum"},
        {"responseModalities": []},
        {"responseModalities": ["AUDIO", "TEXT"]},
        {"responseModalities": ["IMAGE"], "responseMimeType": "application/json"},
        {"responseModalities": ["IMAGE"], "imageConfig": {"aspectRatio": "1:7"}},
        {"speechConfig": {}},
        {"responseLogprobs": True},
        {"thinkingConfig": {"thinkingLevel": "EXTREME"}},
    ],
    ids=str,
)
def test_odd_settings_are_refused(api: Any, config: dict[str, Any]) -> None:
    assert refusal(api, {"contents": [turn("x")], "generationConfig": config}) == 400


@pytest.mark.parametrize(
    "rest",
    [
        {"tools": [{"googleSearch": {}}]},
        {"tools": [{"functionDeclarations": [TIME, TIME]}]},
        {"tools": [{"functionDeclarations": [{"name": "not a name"}]}]},
        {"tools": [{"functionDeclarations": [{"name": "a", "parameters": {"type": 5}}]}]},
        {"toolConfig": {"functionCallingConfig": {"mode": "ANY"}}},
        {"tools": TOOLS, "toolConfig": {"functionCallingConfig": {"mode": "ANY", "allowedFunctionNames": ["x"]}}},
        {"tools": TOOLS, "toolConfig": {"functionCallingConfig": {"allowedFunctionNames": ["get_time"]}}},
        {"safetySettings": [{"category": "HARM_CATEGORY_HARASSMENT"}]},
        {"safetySettings": [{"category": "noise", "threshold": "OFF"}]},
        {"systemInstruction": {"parts": [{"inlineData": {"mimeType": "image/png", "data": "AAAA"}}]}},
    ],
    ids=str,
)
def test_odd_functions_and_rules_are_refused(api: Any, rest: dict[str, Any]) -> None:
    assert refusal(api, {"contents": [turn("x")], **rest}) == 400


@pytest.mark.parametrize(
    ("model", "status"), [("none", 404), ("text-embedding-3-small", 400), ("gpt-image-1", 400), ("whisper-1", 400)]
)
def test_models_that_do_not_talk_are_refused(api: Any, model: str, status: int) -> None:
    assert refusal(api, {"contents": [turn("x")]}, model) == status


def test_nulls_equal_leaving_out(api: Any) -> None:
    names = ("systemInstruction", "tools", "toolConfig", "safetySettings", "generationConfig")
    assert text_of(generate(api, **dict.fromkeys(names))) == "hello"
    config = dict.fromkeys(("temperature", "topK", "maxOutputTokens", "stopSequences", "responseSchema"))
    assert text_of(generate(api, generationConfig=config)) == "hello"


def test_vectors_are_asked_for_singly_and_in_batches(api: Any) -> None:
    def wish(text: str) -> dict[str, Any]:
        return {"content": {"parts": [{"text": text}]}, "outputDimensionality": 64}

    model = "text-embedding-3-small"
    single = post(api, "embedContent", wish("a cat"), model).json()["embedding"]["values"]
    batch = post(api, "batchEmbedContents", {"requests": [wish("7"), wish("a cat")]}, model).json()["embeddings"]
    assert [len(one["values"]) for one in batch] == [64, 64]
    assert batch[1]["values"] == single
    assert math.isclose(math.fsum(value * value for value in single), 1, rel_tol=1e-4)
    assert post(api, "embedContent", wish("a cat")).status_code == 400
    assert post(api, "batchEmbedContents", {"requests": []}, model).status_code == 400
