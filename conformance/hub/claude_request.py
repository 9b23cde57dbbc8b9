"""Reads a request of the Anthropic format: its rules, and its translation into a `Task`."""

import json
import re
from collections.abc import Mapping
from typing import Any

from starlette.requests import HTTPConnection

from conformance.hub import fields
from conformance.hub.content import decoded, size_behind
from conformance.hub.errors import invalid, missing
from conformance.hub.fields import Check, flag, integer, listing, number, text, thing, word
from conformance.hub.generate import IMAGE_TOKENS, Task, Tool
from conformance.hub.intake import check_model
from conformance.hub.schemas import check_request, is_schema
from conformance.hub.text import Turn, count_tokens

VERSION = re.compile(r"\d{4}-\d{2}-\d{2}")
LEAST_BUDGET = 1024
MUCH_THOUGHT, SOME_THOUGHT = 16_384, 4_096
PICTURES = ("image/jpeg", "image/png", "image/gif", "image/webp")
BYTES_PER_TOKEN = 100_000
DOCUMENT_TOKENS = 100
Block = Mapping[str, Any]

CHECKS: Mapping[str, Check] = {
    "model": text(empty=False),
    "messages": listing(thing, least=1),
    "max_tokens": integer(1),
    "temperature": number(0, 1),
    "top_p": number(0, 1),
    "top_k": integer(0),
    "stream": flag,
    "stop_sequences": listing(text(empty=False)),
    "tools": listing(thing),
    "tool_choice": thing,
    "thinking": thing,
    "metadata": thing,
}


def check_version(request: HTTPConnection[Any]) -> None:
    """Raises 400 unless the caller says which generation of the format it reads."""
    version = request.headers.get("anthropic-version")
    if version is None:
        raise missing("anthropic-version")
    if not VERSION.fullmatch(version):
        raise invalid("'anthropic-version' must be a date such as 2023-06-01.", "anthropic-version")


def read_claude(body: Mapping[str, Any], contract: str | None, required: tuple[str, ...]) -> dict[str, Any]:
    """The checked request; raises 400 for what breaks a rule and 404 for an unknown model.

    `contract` refers to the schema of the contract, which has a say beside the rules here.
    """
    request = fields.read(body, CHECKS, required)
    request["messages"] = [_without_inner_nulls(message) for message in request["messages"]]
    if contract:
        check_request(contract, request)
    check_model(request["model"], ("chat",))
    return request


def _without_inner_nulls(message: dict[str, Any]) -> dict[str, Any]:
    """Replayed blocks carry null members, because the official clients read absent ones as None."""
    content = message.get("content")
    if not isinstance(content, list):
        return message
    return {**message, "content": [fields.without_nulls(b) if isinstance(b, dict) else b for b in content]}


def task_of(request: Mapping[str, Any]) -> Task:
    """What the request asks for."""
    turns = _system(request["system"]) if "system" in request else []
    known: set[str] = set()
    for place, message in enumerate(request["messages"]):
        turns += _turns(message, f"messages[{place}]", known)
    tools = _tools(request.get("tools", ()))
    choice = request.get("tool_choice", {"type": "auto"})
    parallel = fields.read(choice, {"disable_parallel_tool_use": flag}).get("disable_parallel_tool_use", False)
    return Task(
        model=request["model"],
        turns=tuple(turns),
        tools=tools,
        choice=_choice(choice, tools),
        parallel=not parallel,
        limit=request.get("max_tokens"),
        stops=tuple(request.get("stop_sequences", ())),
        effort=_effort(request),
    )


def _system(value: Any) -> list[Turn]:
    if isinstance(value, str):
        return [Turn("system", value)]
    if not isinstance(value, list):
        raise invalid("'system' must be text or a list of text blocks.", "system", "invalid_type")
    return [Turn("system", "\n".join(_text_of(block, f"system[{place}]") for place, block in enumerate(value)))]


def _text_of(block: Any, place: str) -> str:
    """What a block says that must be text."""
    read = thing(block, place)
    word("text")(_needed(read, "type", place), f"{place}.type")
    return str(text()(_needed(read, "text", place), f"{place}.text"))


def _needed(block: Block, name: str, place: str) -> Any:
    if name not in block:
        raise missing(f"{place}.{name}")
    return block[name]


def _turns(message: Mapping[str, Any], place: str, known: set[str]) -> list[Turn]:
    """The turns behind one message: results of tools first, then what its role says. `known` collects call ids."""
    content = message.get("content")
    if content is None:
        raise missing(f"{place}.content")
    blocks = [{"type": "text", "text": content}] if isinstance(content, str) else content
    results: list[Turn] = []
    texts: list[str] = []
    calls: list[str] = []
    pictures = 0
    for position, block in enumerate(blocks):
        at = f"{place}.content[{position}]"
        _check_role(block["type"], message["role"], at)
        match block["type"]:
            case "text":
                texts.append(_needed(block, "text", at))
            case "tool_use":
                calls.append(_call(block, at, known))
            case "tool_result":
                results.append(_result(block, at, known))
            case "thinking":
                _check_thoughts(block, at)
            case "image" | "document" as kind:
                pictures += _size(kind, _needed(block, "source", at), f"{at}.source")
    if results and not texts and not pictures:
        return results
    return [*results, Turn(message["role"], "\n".join(texts), images=pictures, calls=tuple(calls))]


_OF_ROLE = {
    "tool_use": "assistant",
    "thinking": "assistant",
    "redacted_thinking": "assistant",
    "tool_result": "user",
    "image": "user",
    "document": "user",
}


def _check_role(kind: str, role: str, place: str) -> None:
    if _OF_ROLE.get(kind, role) != role:
        raise invalid(f"A block of type {kind} cannot stand in a turn of the role {role}.", f"{place}.type")


def _check_thoughts(block: Block, place: str) -> None:
    for name in ("thinking", "signature"):
        text()(_needed(block, name, place), f"{place}.{name}")


def _call(block: Block, place: str, known: set[str]) -> str:
    id, name = (text(empty=False)(_needed(block, key, place), f"{place}.{key}") for key in ("id", "name"))
    if id in known:
        raise invalid("Two tool calls have this id.", f"{place}.id")
    known.add(id)
    return f"{name}{json.dumps(_needed(block, 'input', place), ensure_ascii=False)}"


def _result(block: Block, place: str, known: set[str]) -> Turn:
    if _needed(block, "tool_use_id", place) not in known:
        raise invalid("No earlier message holds a tool call with this id.", f"{place}.tool_use_id")
    content = block.get("content", "")
    if isinstance(content, str):
        return Turn("tool", content)
    texts, pictures = [], 0
    for position, part in enumerate(content):
        at = f"{place}.content[{position}]"
        match word("text", "image", "document")(_needed(part, "type", at), f"{at}.type"):
            case "text":
                texts.append(text()(_needed(part, "text", at), f"{at}.text"))
            case kind:
                pictures += _size(kind, thing(_needed(part, "source", at), f"{at}.source"), f"{at}.source")
    return Turn("tool", "\n".join(texts), images=pictures)


def _size(kind: str, source: Mapping[str, Any], place: str) -> int:
    """Tokens of a picture or a document; what stands behind an address is never fetched."""
    least = IMAGE_TOKENS if kind == "image" else DOCUMENT_TOKENS
    match word("base64", "url", "text")(_needed(source, "type", place), f"{place}.type"):
        case "url":
            size_behind(text(empty=False)(_needed(source, "url", place), f"{place}.url"), f"{place}.url")
            return least
        case "text":
            return count_tokens(text()(_needed(source, "data", place), f"{place}.data"))
    media_type = text()(_needed(source, "media_type", place), f"{place}.media_type")
    if kind == "image" and media_type not in PICTURES:
        raise invalid(f"A picture must be one of {', '.join(PICTURES)}.", f"{place}.media_type")
    data = decoded(text(empty=False)(_needed(source, "data", place), f"{place}.data"), f"{place}.data")
    return least + len(data) // BYTES_PER_TOKEN


def _tools(given: Any) -> tuple[Tool, ...]:
    tools = tuple(_tool(tool, f"tools[{place}]") for place, tool in enumerate(given))
    names = [tool.name for tool in tools]
    twice = next((place for place, name in enumerate(names) if name in names[:place]), None)
    if twice is not None:
        raise invalid("Two tools have this name.", f"tools[{twice}].name")
    return tools


def _tool(given: Mapping[str, Any], place: str) -> Tool:
    parameters = given.get("input_schema", {})
    if not is_schema(parameters) or parameters.get("type", "object") != "object":
        raise invalid("The input schema is not a JSON Schema of an object.", f"{place}.input_schema")
    return Tool(given["name"], parameters, given.get("description", ""))


def _choice(value: Mapping[str, Any], tools: tuple[Tool, ...]) -> str:
    kind = value["type"]
    if kind in ("auto", "none"):
        return str(kind)
    if not tools:
        raise invalid("'tool_choice' needs 'tools'.", "tool_choice")
    if kind == "any":
        return "required"
    name = _needed(value, "name", "tool_choice")
    if all(tool.name != name for tool in tools):
        raise invalid("'tool_choice' names a tool that 'tools' does not offer.", "tool_choice.name")
    return f"={name}"


def _effort(request: Mapping[str, Any]) -> str | None:
    """How hard the model thinks; None when it is not asked to."""
    thinking = request.get("thinking", {"type": "disabled"})
    if thinking["type"] == "disabled":
        return None
    if thinking["type"] == "adaptive":
        return "low"
    budget = integer(LEAST_BUDGET)(_needed(thinking, "budget_tokens", "thinking"), "thinking.budget_tokens")
    if "max_tokens" in request and budget >= request["max_tokens"]:
        raise invalid("The budget must be less than 'max_tokens'.", "thinking.budget_tokens")
    return "high" if budget >= MUCH_THOUGHT else "medium" if budget >= SOME_THOUGHT else "low"
