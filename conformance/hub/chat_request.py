"""Reads a chat request: its rules, and its translation into a `Task`."""

from collections import Counter
from collections.abc import Callable, Mapping
from typing import Any

from conformance.hub import fields
from conformance.hub.catalogue import BY_ID
from conformance.hub.content import decoded, size_behind
from conformance.hub.errors import invalid, missing, unknown_model
from conformance.hub.fields import Check, flag, integer, listing, mapping, number, stops, text, thing, word
from conformance.hub.generate import ANY_OBJECT, IMAGE_TOKENS, Task, Tool
from conformance.hub.schemas import check_request, is_schema
from conformance.hub.text import Turn

SPOKEN_FORMATS = ("wav", "pcm16")
BYTES_PER_AUDIO_TOKEN = 2_400
BYTES_PER_PICTURE_TOKEN = 100_000
BYTES_PER_FILE_TOKEN = 4
VIDEO_TOKENS = 258
FILE_TOKENS = 10


def _tool_choice(value: Any, name: str) -> Any:
    if isinstance(value, str):
        return word("none", "auto", "required")(value, name)
    chosen = fields.read(thing(value, name), {"type": word("function"), "function": thing}, ("type", "function"))
    fields.read(chosen["function"], {"name": text(empty=False)}, ("name",))
    return chosen


CHECKS: Mapping[str, Check] = {
    "model": text(empty=False),
    "messages": listing(thing, least=1),
    "temperature": number(0, 2),
    "top_p": number(0, 1),
    "n": integer(1, 128),
    "stream": flag,
    "stream_options": thing,
    "stop": stops,
    "max_tokens": integer(1),
    "max_completion_tokens": integer(1),
    "presence_penalty": number(-2, 2),
    "frequency_penalty": number(-2, 2),
    "logit_bias": mapping(number(-100, 100)),
    "logprobs": flag,
    "top_logprobs": integer(0, 20),
    "user": text(),
    "tools": listing(thing, least=1, most=128),
    "tool_choice": _tool_choice,
    "parallel_tool_calls": flag,
    "response_format": thing,
    "seed": integer(),
    "reasoning_effort": word("low", "medium", "high"),
    "modalities": listing(word("text", "audio"), least=1),
    "audio": thing,
}


def read_chat(body: Mapping[str, Any], contract: str | None) -> dict[str, Any]:
    """The checked request; raises 400 for what breaks a rule and 404 for an unknown model.

    `contract` refers to the schema of the contract, which has a say beside the rules here.
    """
    request = fields.read(body, CHECKS, ("model", "messages"))
    request["messages"] = [_without_inner_nulls(message) for message in request["messages"]]
    request["stream_options"] = fields.read(request.get("stream_options", {}), {"include_usage": flag})
    if contract:
        check_request(contract, {**request, "stop": list(request["stop"])} if "stop" in request else request)
    _check_logprobs(request)
    _check_speech(request)
    _check_model(request["model"])
    return request


def task_of(request: Mapping[str, Any]) -> Task:
    """What the request asks for."""
    tools = tuple(_tool(entry["function"], f"tools[{place}]") for place, entry in enumerate(request.get("tools", ())))
    caps = [request[name] for name in ("max_tokens", "max_completion_tokens") if name in request]
    turns = tuple(_turn(message, f"messages[{place}]") for place, message in enumerate(request["messages"]))
    _check_call_ids(request["messages"])
    return Task(
        model=request["model"],
        turns=turns,
        tools=tools,
        choice=_choice(request.get("tool_choice", "auto"), tools),
        parallel=request.get("parallel_tool_calls", True),
        shape=_shape(request.get("response_format", {})),
        limit=min(caps, default=None),
        stops=request.get("stop", ()),
        effort=request.get("reasoning_effort"),
        spoken="audio" in request.get("modalities", ()),
    )


def _without_inner_nulls(message: dict[str, Any]) -> dict[str, Any]:
    content = message.get("content")
    if isinstance(content, list):
        content = [fields.without_nulls(part) if isinstance(part, dict) else part for part in content]
        message = {**message, "content": content}
    if content is None and message.get("tool_calls"):
        message = {**message, "content": ""}
    return message


def _check_logprobs(request: Mapping[str, Any]) -> None:
    if request.get("top_logprobs") and not request.get("logprobs"):
        raise invalid("'top_logprobs' needs 'logprobs' to be true.", "top_logprobs")


def _check_speech(request: Mapping[str, Any]) -> None:
    if "audio" not in request.get("modalities", ()):
        return
    if "audio" not in request:
        raise missing("audio")
    audio = fields.read(request["audio"], {"voice": text(empty=False), "format": text()}, ("voice", "format"))
    if audio["format"] not in SPOKEN_FORMATS:
        allowed = " and ".join(SPOKEN_FORMATS)
        raise invalid(f"This hub speaks {allowed} only.", "audio.format", "unsupported_value")


def _check_model(model: str) -> None:
    if model not in BY_ID:
        raise unknown_model(model)
    if BY_ID[model].kind != "chat":
        raise invalid("This is not a chat model.", "model", "model_not_supported")


def _tool(function: Mapping[str, Any], place: str) -> Tool:
    parameters = function.get("parameters") or {}
    if not is_schema(parameters):
        raise invalid("The parameters are not a JSON Schema.", f"{place}.function.parameters")
    return Tool(function["name"], parameters, function.get("description") or "")


def _choice(value: Any, tools: tuple[Tool, ...]) -> str:
    if value in ("none", "auto"):
        return str(value)
    if not tools:
        raise invalid("'tool_choice' needs 'tools'.", "tool_choice")
    if value == "required":
        return "required"
    name = value["function"]["name"]
    if all(tool.name != name for tool in tools):
        raise invalid("'tool_choice' names a function that 'tools' does not offer.", "tool_choice")
    return f"={name}"


def _shape(response_format: Mapping[str, Any]) -> Mapping[str, Any] | None:
    kind = response_format.get("type", "text")
    if kind == "text":
        return None
    if kind == "json_object":
        return ANY_OBJECT
    if "json_schema" not in response_format:
        raise missing("response_format.json_schema")
    schema = response_format["json_schema"].get("schema")
    if schema is None:
        return ANY_OBJECT
    if not is_schema(schema) or not isinstance(schema, dict):
        raise invalid("This is not a JSON Schema.", "response_format.json_schema.schema")
    return schema


def _turn(message: Mapping[str, Any], place: str) -> Turn:
    role = "system" if message["role"] == "developer" else message["role"]
    content = message.get("content")
    if content is None and role != "assistant":
        raise missing(f"{place}.content")
    parts = [{"type": "text", "text": content or ""}] if not isinstance(content, list) else content
    weights: Counter[str] = Counter()
    for position, part in enumerate(parts):
        weights.update(_WEIGHTS[part["type"]](part, f"{place}.content[{position}]"))
    text = "\n".join(part["text"] for part in parts if part["type"] == "text")
    calls = tuple(_replayed(call) for call in message.get("tool_calls", ()))
    return Turn(role, text, message.get("name", ""), calls=calls, **weights)


def _replayed(call: Mapping[str, Any]) -> str:
    return f"{call['function']['name']}{call['function']['arguments']}"


def _check_call_ids(messages: list[dict[str, Any]]) -> None:
    """Every tool turn must answer a call that an earlier assistant turn made."""
    known: set[str] = set()
    for position, message in enumerate(messages):
        known |= {call["id"] for call in message.get("tool_calls", ())}
        place = f"messages[{position}].tool_call_id"
        if message["role"] == "tool" and "tool_call_id" not in message:
            raise missing(place)
        if message["role"] == "tool" and message["tool_call_id"] not in known:
            raise invalid("No earlier message holds a tool call with this id.", place)


Weights = dict[str, int]
"""Tokens by the field of `Turn` that counts them."""


def _text_weights(part: Mapping[str, Any], place: str) -> Weights:
    if "text" not in part:
        raise missing(f"{place}.text")
    return {}


def _image_weights(part: Mapping[str, Any], place: str) -> Weights:
    size = _size(part, "image_url", place)
    detail = 2 if part["image_url"].get("detail") == "high" else 1
    return {"images": IMAGE_TOKENS * detail + size // BYTES_PER_PICTURE_TOKEN}


def _video_weights(part: Mapping[str, Any], place: str) -> Weights:
    return {"images": VIDEO_TOKENS + _size(part, "video_url", place) // BYTES_PER_PICTURE_TOKEN}


def _audio_weights(part: Mapping[str, Any], place: str) -> Weights:
    audio = _inner(part, "input_audio", place)
    data = decoded(audio["data"], f"{place}.input_audio.data")
    return {"audio": 1 + len(data) // BYTES_PER_AUDIO_TOKEN}


def _file_weights(part: Mapping[str, Any], place: str) -> Weights:
    file = _inner(part, "file", place)
    if not file.get("file_data") and not file.get("file_id"):
        raise missing(f"{place}.file.file_data")
    return {"files": FILE_TOKENS + len(file.get("file_data", "")) // BYTES_PER_FILE_TOKEN}


_WEIGHTS: Mapping[str, Callable[[Mapping[str, Any], str], Weights]] = {
    "text": _text_weights,
    "image_url": _image_weights,
    "video_url": _video_weights,
    "input_audio": _audio_weights,
    "file": _file_weights,
}


def _inner(part: Mapping[str, Any], name: str, place: str) -> dict[str, Any]:
    if name not in part:
        raise missing(f"{place}.{name}")
    return thing(part[name], f"{place}.{name}")


def _size(part: Mapping[str, Any], name: str, place: str) -> int:
    return size_behind(_inner(part, name, place)["url"], f"{place}.{name}.url")
