"""Reads a Responses request: its rules, and its translation into a `Task`."""

from collections import Counter
from collections.abc import Callable, Mapping
from dataclasses import dataclass
from typing import Any

from conformance.hub import fields
from conformance.hub.app import Call as Request
from conformance.hub.content import decoded, size_behind
from conformance.hub.errors import invalid, missing
from conformance.hub.fields import Check, anything, flag, integer, listing, mapping, number, text, thing, word
from conformance.hub.generate import ANY_OBJECT, IMAGE_TOKENS, Task, Tool
from conformance.hub.intake import take_in
from conformance.hub.schemas import is_schema
from conformance.hub.text import Turn

BYTES_PER_PICTURE_TOKEN = 100_000
BYTES_PER_FILE_TOKEN = 1_000
FILE_TOKENS = 10
MOST_METADATA, LONGEST_KEY, LONGEST_VALUE = 16, 64, 512
INCLUDABLE = (
    "message.output_text.logprobs",
    "reasoning.encrypted_content",
    "message.input_image.image_url",
    "file_search_call.results",
    "web_search_call.results",
    "web_search_call.action.sources",
    "computer_call_output.output.image_url",
    "code_interpreter_call.outputs",
)
"""What `include` may name; most of it belongs to tools that this hub does not have, so that nothing is added."""


@dataclass(frozen=True)
class Past:
    """What a conversation holds before this request: its turns, and the ids of the calls in it."""

    turns: tuple[Turn, ...] = ()
    calls: frozenset[str] = frozenset()


def _input(value: Any, name: str) -> Any:
    if isinstance(value, str):
        return value
    if not isinstance(value, list):
        raise invalid(f"Invalid type for '{name}': expected a string or a list.", name, "invalid_type")
    return listing(thing, least=1)(value, name)


def metadata(value: Any, name: str) -> dict[str, str]:
    """A few short texts under short names."""
    found: dict[str, str] = mapping(text())(value, name)
    if len(found) > MOST_METADATA:
        raise invalid(f"'{name}' must have at most {MOST_METADATA} entries.", name)
    for key, entry in found.items():
        if len(key) > LONGEST_KEY or len(entry) > LONGEST_VALUE:
            raise invalid(f"A key or a value in '{name}' is too long.", name)
    return found


def _no(value: Any, name: str) -> Any:
    raise invalid(f"This hub does not offer '{name}'.", name, "unsupported_parameter")


def _in_time(value: Any, name: str) -> bool:
    if flag(value, name):
        raise invalid("This hub answers at once and not in the background.", name, "unsupported_value")
    return False


def _tool_choice(value: Any, name: str) -> Any:
    if isinstance(value, str):
        return word("none", "auto", "required")(value, name)
    chosen = thing(value, name)
    kind = word("function", "allowed_tools")(chosen.get("type"), f"{name}.type")
    if kind == "function":
        return fields.read(chosen, {"name": text(empty=False)}, ("name",))
    mode = word("auto", "required")
    return fields.read(chosen, {"mode": mode, "tools": listing(thing, least=1)}, ("mode", "tools"))


CHECKS: Mapping[str, Check] = {
    "model": text(empty=False),
    "input": _input,
    "instructions": text(),
    "max_output_tokens": integer(1),
    "temperature": number(0, 2),
    "top_p": number(0, 1),
    "top_logprobs": integer(0, 20),
    "stream": flag,
    "stream_options": thing,
    "tools": listing(thing, most=128),
    "tool_choice": _tool_choice,
    "parallel_tool_calls": flag,
    "max_tool_calls": integer(1),
    "reasoning": thing,
    "previous_response_id": text(empty=False),
    "truncation": word("auto", "disabled"),
    "text": thing,
    "metadata": metadata,
    "store": flag,
    "include": listing(word(*INCLUDABLE)),
    "user": text(),
    "safety_identifier": text(),
    "prompt_cache_key": text(),
    "service_tier": word("auto", "default", "flex", "priority"),
    "background": _in_time,
    "conversation": _no,
    "prompt": _no,
}


async def read_responses(call: Request) -> dict[str, Any]:
    """The checked request; raises 400 for what breaks a rule and 404 for an unknown model."""
    request = await take_in(call, CHECKS, ("model", "input"), ("chat",))
    summary = word("auto", "concise", "detailed")
    request["reasoning"] = _inside(request, "reasoning", {"effort": word("low", "medium", "high"), "summary": summary})
    request["text"] = _inside(request, "text", {"format": thing, "verbosity": word("low", "medium", "high")})
    return request


def _inside(request: Mapping[str, Any], name: str, checks: Mapping[str, Check]) -> dict[str, Any]:
    """The checked members of one object of the request."""
    value = request.get(name, {})
    return {key: checks.get(key, anything)(entry, f"{name}.{key}") for key, entry in value.items()}


def task_of(request: Mapping[str, Any], past: Past) -> tuple[Task, Past]:
    """What the request asks for, and the conversation as it stands with it; the instructions are no part of that."""
    told = _conversation(request["input"], past)
    offered = [function_tool(tool, f"tools[{place}]") for place, tool in enumerate(request.get("tools", ()))]
    choice, tools = _choice(request.get("tool_choice", "auto"), offered)
    orders = (Turn("system", request["instructions"]),) if request.get("instructions") else ()
    return Task(
        model=request["model"],
        turns=(*orders, *told.turns),
        tools=tuple(tools),
        choice=choice,
        parallel=request.get("parallel_tool_calls", True),
        shape=_shape(request["text"].get("format", {})),
        limit=request.get("max_output_tokens"),
        effort=request["reasoning"].get("effort"),
    ), told


def function_tool(tool: Mapping[str, Any], place: str) -> Tool:
    """A function on offer, in the flat form that Responses and Realtime share."""
    if tool.get("type") != "function":
        raise invalid("This hub offers function tools only.", f"{place}.type")
    checks = {"name": text(empty=False), "description": text(), "parameters": thing, "strict": flag}
    for name, check in checks.items():
        if name in tool:
            check(tool[name], f"{place}.{name}")
    if "name" not in tool:
        raise missing(f"{place}.name")
    parameters = tool.get("parameters", {})
    if not is_schema(parameters):
        raise invalid("The parameters are not a JSON Schema.", f"{place}.parameters")
    return Tool(tool["name"], parameters, tool.get("description", ""))


def _choice(value: Any, tools: list[Tool]) -> tuple[str, list[Tool]]:
    """The choice in the words of `Task`, and the tools that it leaves."""
    if value in ("none", "auto"):
        return str(value), tools
    if not tools:
        raise invalid("'tool_choice' needs 'tools'.", "tool_choice")
    if value == "required":
        return "required", tools
    names = [value["name"]] if value["type"] == "function" else [tool.get("name") for tool in value["tools"]]
    left = [tool for tool in tools if tool.name in names]
    if {tool.name for tool in left} != {name for name in names if isinstance(name, str)} or not left:
        raise invalid("'tool_choice' names a function that 'tools' does not offer.", "tool_choice")
    return (f"={left[0].name}", tools) if value["type"] == "function" else (value["mode"], left)


def _shape(format: Mapping[str, Any]) -> Mapping[str, Any] | None:
    kind = word("text", "json_object", "json_schema")(format.get("type", "text"), "text.format.type")
    if kind == "text":
        return None
    if kind == "json_object":
        return ANY_OBJECT
    for name, check in {"name": text(empty=False), "schema": thing}.items():
        if name not in format:
            raise missing(f"text.format.{name}")
        check(format[name], f"text.format.{name}")
    if not is_schema(format["schema"]):
        raise invalid("This is not a JSON Schema.", "text.format.schema")
    schema: Mapping[str, Any] = format["schema"]
    return schema


def _conversation(given: Any, past: Past) -> Past:
    if isinstance(given, str):
        return Past((*past.turns, Turn("user", given)), past.calls)
    turns, calls = list(past.turns), set(past.calls)
    for position, item in enumerate(given):
        place = f"input[{position}]"
        kind = item.get("type", "message" if "role" in item else None)
        if not isinstance(kind, str) or kind not in _ITEMS:
            raise invalid("This hub does not know this type of item.", f"{place}.type")
        turns += _ITEMS[kind](item, place, calls)
    return Past(tuple(turns), frozenset(calls))


def _message(item: Mapping[str, Any], place: str, _calls: set[str]) -> list[Turn]:
    if "role" not in item:
        raise missing(f"{place}.role")
    role = word("user", "assistant", "system", "developer")(item["role"], f"{place}.role")
    if "content" not in item:
        raise missing(f"{place}.content")
    return [_turn("system" if role == "developer" else role, item["content"], f"{place}.content")]


def _function_call(item: Mapping[str, Any], place: str, calls: set[str]) -> list[Turn]:
    texts = [_text_in(item, name, place) for name in ("call_id", "name", "arguments")]
    if not texts[0] or not texts[1]:
        raise invalid("A call needs an id and a name.", f"{place}.{'name' if texts[0] else 'call_id'}")
    calls.add(texts[0])
    return [Turn("assistant", "", calls=(texts[1] + texts[2],))]


def _function_output(item: Mapping[str, Any], place: str, calls: set[str]) -> list[Turn]:
    if _text_in(item, "call_id", place) not in calls:
        raise invalid("There is no call with this id before its output.", f"{place}.call_id")
    if "output" not in item:
        raise missing(f"{place}.output")
    return [_turn("tool", item["output"], f"{place}.output")]


def _reasoning(item: Mapping[str, Any], place: str, _calls: set[str]) -> list[Turn]:
    """Thoughts of an earlier answer, which are not read again."""
    listing(thing)(item.get("summary", []), f"{place}.summary")
    return []


_ITEMS: Mapping[str, Callable[[Mapping[str, Any], str, set[str]], list[Turn]]] = {
    "message": _message,
    "function_call": _function_call,
    "function_call_output": _function_output,
    "reasoning": _reasoning,
}


def _text_in(item: Mapping[str, Any], name: str, place: str) -> str:
    if name not in item:
        raise missing(f"{place}.{name}")
    found: str = text()(item[name], f"{place}.{name}")
    return found


Weights = dict[str, int]
"""Tokens by the field of `Turn` that counts them."""


def _turn(role: str, content: Any, place: str) -> Turn:
    """A turn with the words of a content, and the tokens of whatever else is in it."""
    if isinstance(content, str):
        return Turn(role, content)
    weights: Counter[str] = Counter()
    words = []
    for position, part in enumerate(listing(thing)(content, place)):
        kind = part.get("type")
        if not isinstance(kind, str) or kind not in _PARTS:
            raise invalid("This hub does not know this type of part.", f"{place}[{position}].type")
        found = _PARTS[kind](part, f"{place}[{position}]")
        if isinstance(found, str):
            words.append(found)
        else:
            weights.update(found)
    return Turn(role, "\n".join(words), images=weights["images"], files=weights["files"])


def _said(part: Mapping[str, Any], place: str) -> str:
    return _text_in(part, "text", place)


def _refused(part: Mapping[str, Any], place: str) -> str:
    return _text_in(part, "refusal", place)


def _picture(part: Mapping[str, Any], place: str) -> Weights:
    detail = 2 if part.get("detail") == "high" else 1
    if "file_id" in part:
        _text_in(part, "file_id", place)
        return {"images": IMAGE_TOKENS * detail}
    size = size_behind(_text_in(part, "image_url", place), f"{place}.image_url")
    return {"images": IMAGE_TOKENS * detail + size // BYTES_PER_PICTURE_TOKEN}


def _file(part: Mapping[str, Any], place: str) -> Weights:
    for name in ("file_id", "file_url"):
        if name in part:
            _text_in(part, name, place)
            return {"files": FILE_TOKENS}
    data = _text_in(part, "file_data", place)
    size = size_behind(data, f"{place}.file_data") if ":" in data else len(decoded(data, f"{place}.file_data"))
    return {"files": FILE_TOKENS + size // BYTES_PER_FILE_TOKEN}


_PARTS: Mapping[str, Callable[[Mapping[str, Any], str], str | Weights]] = {
    "input_text": _said,
    "output_text": _said,
    "text": _said,
    "refusal": _refused,
    "input_image": _picture,
    "input_file": _file,
}
