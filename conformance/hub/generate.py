"""What all text formats share: a conversation goes in, an outcome (text, tool calls, reasoning, usage) comes out.

The families translate their request into a `Task` and render the `Outcome` in their own shape, so that one prompt
counts and ends alike in all of them.
"""

import json
import re
from collections.abc import Mapping, Sequence
from dataclasses import dataclass, field
from typing import Any

from conformance.hub.errors import invalid
from conformance.hub.fill import PLACE_KEYS, Hints, fill
from conformance.hub.ids import unique
from conformance.hub.schemas import fits
from conformance.hub.text import (
    Turn,
    answer,
    count_tokens,
    dictated,
    last_request,
    quotations,
    tokens_of,
    tool_results,
    words,
)

TURN_OVERHEAD = 4
IMAGE_TOKENS = 85
EMPTY_KEYWORDS = frozenset(
    re.findall(
        r"\w+", "the and get set make run call use find fetch list create current lookup tool function info data"
    )
)
THOUGHTS = (
    "Let me look at what is wanted here.",
    "I go through it step by step and check each part before I settle on it.",
    "A second look confirms it, so this is what I will say.",
)
EFFORTS = {"low": 1, "medium": 2, "high": 3}
ANY_OBJECT: Mapping[str, Any] = {"type": "object"}


@dataclass(frozen=True)
class Tool:
    """A function on offer; `parameters` is its JSON Schema."""

    name: str
    parameters: Mapping[str, Any] = field(default_factory=dict)
    description: str = ""


@dataclass(frozen=True)
class Call:
    """A call of a function; `arguments` is JSON text."""

    name: str
    arguments: str
    id: str = field(default_factory=lambda: unique("call_"))


@dataclass(frozen=True)
class Task:
    """What a text family asks for. `choice` is auto, none, required or `=NAME` for one named function.

    `shape` is the JSON Schema that the text must fit (`ANY_OBJECT` for just any object), `limit` the cap in tokens
    over reasoning and text together, `effort` switches reasoning on.
    """

    model: str
    turns: tuple[Turn, ...]
    tools: tuple[Tool, ...] = ()
    choice: str = "auto"
    parallel: bool = True
    shape: Mapping[str, Any] | None = None
    limit: int | None = None
    stops: tuple[str, ...] = ()
    effort: str | None = None
    spoken: bool = False


@dataclass(frozen=True)
class Usage:
    """Tokens. `prompt` and `completion` are totals, the others parts of them."""

    prompt: int
    prompt_images: int
    prompt_audio: int
    completion: int
    reasoning: int
    audio: int = 0

    @property
    def total(self) -> int:
        return self.prompt + self.completion


@dataclass(frozen=True)
class Outcome:
    """One answer: thoughts and text as tokens, or calls. `reason` is stop, length or tool_calls, `stop` the stop
    sequence that ended the text, if one did."""

    thoughts: tuple[str, ...]
    tokens: tuple[str, ...]
    calls: tuple[Call, ...]
    reason: str
    usage: Usage
    stop: str | None = None

    @property
    def text(self) -> str:
        return "".join(self.tokens)


def work(task: Task, choices: int = 1) -> Outcome:
    """Answers the task. With several choices the usage counts all of them, which are alike but for their call ids."""
    thoughts = _thoughts(task)
    calls = choose_calls(task)
    text, stop = ("", None) if calls else _cut(_text(task), task.stops)
    tokens = tokens_of(text)
    reason = "tool_calls" if calls else "stop"
    used = len(thoughts) + _call_tokens(calls) + len(tokens)
    if task.limit is not None and used > task.limit:
        thoughts = thoughts[: task.limit]
        tokens, calls, reason, stop = tokens[: task.limit - len(thoughts)], (), "length", None
        used = len(thoughts) + len(tokens)
    prompt, images, audio = prompt_tokens(task)
    usage = Usage(
        prompt=prompt,
        prompt_images=images,
        prompt_audio=audio,
        completion=used * choices,
        reasoning=len(thoughts) * choices,
        audio=len(tokens) * choices if task.spoken else 0,
    )
    return Outcome(thoughts, tokens, calls, reason, usage, stop)


def prompt_tokens(task: Task) -> tuple[int, int, int]:
    """Tokens of the whole prompt, of its pictures, of its recordings."""
    images = sum(turn.images for turn in task.turns)
    audio = sum(turn.audio for turn in task.turns)
    texts = sum(TURN_OVERHEAD + _turn_tokens(turn) for turn in task.turns)
    tools = sum(_tool_tokens(tool) for tool in task.tools)
    shape = count_tokens(json.dumps(task.shape)) if task.shape else 0
    return texts + tools + shape + images + audio, images, audio


def _turn_tokens(turn: Turn) -> int:
    texts = (turn.text, turn.name, *turn.calls)
    return sum(count_tokens(text) for text in texts) + turn.files


def _tool_tokens(tool: Tool) -> int:
    return TURN_OVERHEAD + count_tokens(f"{tool.name} {tool.description} {json.dumps(tool.parameters)}")


def _call_tokens(calls: Sequence[Call]) -> int:
    return sum(count_tokens(call.name) + count_tokens(call.arguments) for call in calls)


def thinks(model: str) -> bool:
    """Whether the model reasons without being asked to."""
    return "reason" in model


def _thoughts(task: Task) -> tuple[str, ...]:
    if task.effort is None and not thinks(task.model):
        return ()
    return tokens_of(" ".join(THOUGHTS[: EFFORTS.get(task.effort or "medium", 1)]))


def _text(task: Task) -> str:
    return answer(task.turns) if task.shape is None else _shaped(task.shape, task.turns)


def _cut(text: str, stops: Sequence[str]) -> tuple[str, str | None]:
    """The text before the first stop sequence in it, and which one that is."""
    cuts = [(text.find(stop), stop) for stop in stops if stop and stop in text]
    place, stop = min(cuts, default=(len(text), None), key=lambda cut: cut[0])
    return text[:place], stop


def _shaped(shape: Mapping[str, Any], turns: Sequence[Turn]) -> str:
    """JSON text that fits `shape`: an object from the prompt itself, else one made for it."""
    prompt = last_request(turns)
    for value in _objects_in(dictated(prompt) or prompt):
        if fits(value, shape):
            return _json(value)
    hints = Hints(prompt, answer(turns))
    if shape is ANY_OBJECT:
        return _json({key: hints.named(key) or _value_for(key, hints) for key in _wanted_keys(prompt)})
    found, value = fill(shape, hints)
    if not found:
        raise invalid("No value was found that fits the schema.", "response_format")
    return _json(value)


def _value_for(key: str, hints: Hints) -> str:
    return hints.answer if key == "answer" else words(f"{key} {hints.prompt}", 1)[0]


def _objects_in(text: str) -> list[Any]:
    found: list[Any] = []
    decoder = json.JSONDecoder()
    for start in [place.start() for place in re.finditer(r"\{", text)][:20]:
        try:
            found.append(decoder.raw_decode(text, start)[0])
        except (ValueError, RecursionError):
            continue
    return found


def _wanted_keys(prompt: str) -> list[str]:
    mentioned = re.search(r"\b(?:keys?|fields?|propert(?:y|ies)|members?|attributes?)\b[:\s]*(.{1,300})", prompt, re.S)
    if not mentioned:
        return ["answer"]
    if quoted := quotations(mentioned[1]):
        return quoted
    names = re.match(r"((?:named|called|are|of)\s+)?(\w+(?:(?:,?\s+and\s+|,\s*)\w+)*)", mentioned[1])
    return re.split(r",?\s+and\s+|,\s*", names[2]) if names else ["answer"]


def _json(value: Any) -> str:
    return json.dumps(value, ensure_ascii=False)


def choose_calls(task: Task) -> tuple[Call, ...]:
    """The calls that the model makes; none when the text should answer."""
    if not task.tools or task.choice == "none":
        return ()
    prompt = last_request(task.turns)
    if task.choice.startswith("="):
        chosen = [tool for tool in task.tools if tool.name == task.choice[1:]]
    else:
        chosen = [] if tool_results(task.turns) else asked_for(task.tools, prompt)
        if not chosen and task.choice == "required":
            chosen = [task.tools[0]]
    calls = [call for tool in chosen for call in _calls_of(tool, prompt)]
    return tuple(calls if task.parallel else calls[:1])


def asked_for(tools: Sequence[Tool], prompt: str) -> list[Tool]:
    """The tools that the prompt clearly asks for: by name, or else by a telling word of a name."""
    lowered = prompt.lower()
    by_name = [tool for tool in tools if re.search(rf"(?<![\w-]){re.escape(tool.name.lower())}(?![\w-])", lowered)]
    if by_name:
        return by_name
    if dictated(prompt) is not None:
        return []
    return [tool for tool in tools if any(re.search(rf"\b{word}", lowered) for word in _telling_words(tool.name))]


def _telling_words(name: str) -> list[str]:
    words = re.findall(r"[a-z]+|[A-Z][a-z]*", name)
    return [re.escape(word.lower()) for word in words if len(word) > 2 and word.lower() not in EMPTY_KEYWORDS]


def _calls_of(tool: Tool, prompt: str) -> list[Call]:
    """One call, or one for each place when the function takes a single place and the prompt names several."""
    properties = tool.parameters.get("properties", {})
    place_keys = [key for key, rule in properties.items() if PLACE_KEYS.search(key) and _takes_text(rule)]
    places = Hints(prompt).places if len(place_keys) == 1 else []
    if len(places) < 2:
        return [Call(tool.name, _arguments(tool, Hints(prompt)))]
    return [Call(tool.name, _arguments(tool, _hints_for(place, prompt))) for place in places]


def _takes_text(rule: Any) -> bool:
    return isinstance(rule, dict) and rule.get("type", "string") == "string"


def _hints_for(place: str, prompt: str) -> Hints:
    hints = Hints(prompt)
    hints.places = [place]
    return hints


def _arguments(tool: Tool, hints: Hints) -> str:
    if not tool.parameters:
        return "{}"
    found, value = fill({"type": "object", **tool.parameters}, hints)
    if not found or not isinstance(value, dict):
        raise invalid(f"No arguments were found that fit the parameters of '{tool.name}'.", "tools")
    return _json(value)
