"""Reads evidence of chat completions: whole answers and streams alike, as what a client would make of them."""

from __future__ import annotations

from collections.abc import Iterable, Iterator
from dataclasses import dataclass, field
from functools import cached_property
from typing import Any

from conformance.engine.judge import not_testable
from conformance.engine.kit import chunks
from conformance.engine.kit.replies import misshapen, streamed
from conformance.families.chat.views import Answer, ToolCall, Usage
from conformance.wire.exchange import Exchange, remembered

PLACES = (
    ("usage", r"/usage\b.*"),
    ("finish", r"/choices/\d+/finish_reason"),
    ("logprobs", r"/choices/\d+/logprobs\b.*"),
    ("audio", r"/choices/\d+/message/audio\b.*"),
    ("arguments", r"/choices/\d+/(message|delta)/tool_calls/\d+/function/arguments"),
    ("calls", r"/choices/\d+/(message|delta)/tool_calls\b.*"),
    ("index", r"/choices/\d+/index"),
    ("message", r"/choices/\d+(/(message|delta)\b.*)?"),
    ("choices", r"/choices"),
    ("object", r"/object"),
    ("head", r"(/(id|created|model))?"),
    ("other", r".*"),
)
"""Parts of an answer or chunk, each with the places (JSON pointers) in it; the first that matches counts."""


@dataclass(frozen=True)
class Part(chunks.Part):
    """A whole answer, or one chunk of a stream, with a view of it; the view of what is no object is empty."""

    @cached_property
    def view(self) -> Answer:
        return Answer.read(self.value) if isinstance(self.value, dict) else Answer()


@remembered
def parts(exchange: Exchange) -> tuple[Part, ...]:
    """The answer, or the chunks of the stream; raises like `chunks.parts`."""
    return tuple(Part(part.value, part.at) for part in chunks.parts(exchange))


def whole_stream(exchange: Exchange) -> tuple[Part, ...]:
    """The chunks of a stream that arrived to its end; raises like `chunks.whole_stream`."""
    chunks.whole_stream(exchange)
    return parts(exchange)


def broken_shapes(exchange: Exchange, *names: str) -> Iterator[tuple[str, str]]:
    """What breaks the contract's schema in some `PLACES` of the answer or of any chunk: its place, and in words."""
    schema = "ChatCompletionStreamResponse" if streamed(exchange) else "ChatCompletionResponse"
    for part in parts(exchange):
        for one in misshapen(schema, part.value, PLACES, names):
            yield part.place(one.pointer), one.message


def usages(exchange: Exchange) -> list[tuple[str, Usage]]:
    """Every usage object in the answer or the stream, with its place."""
    return [(part.place("/usage"), part.view.usage) for part in parts(exchange) if part.view.usage is not None]


def final_usage(exchange: Exchange) -> Usage:
    """The usage that a client takes for the whole exchange, complete.

    Raises:
        NotTestable: there is none, or one of its counts is missing; other sentences judge that.
    """
    found = usages(exchange)
    if not found:
        not_testable("there is no usage object, which another sentence judges")
    usage = found[-1][1]
    if None in (usage.prompt_tokens, usage.completion_tokens, usage.total_tokens):
        not_testable("the usage object is not complete, which another sentence judges")
    return usage


@dataclass
class Told:
    """One choice as a client puts it together.

    `calls` are whole calls, `tokens` the entries of its logprobs; `other` says that there is sound, or content that is
    no text.
    """

    index: int
    role: str = ""
    text: str = ""
    thoughts: str = ""
    refusal: str = ""
    finish: str = ""
    other: bool = False
    calls: list[Called] = field(default_factory=list)
    tokens: list[dict[str, Any]] = field(default_factory=list)

    @property
    def complete(self) -> bool:
        """Whether the model said all that it wanted to say."""
        return self.finish not in ("length", "content_filter") and not self.refusal


@dataclass
class Called:
    """One tool call; `position` is its index in a stream."""

    id: str
    name: str
    arguments: str = ""
    position: int = 0


@remembered
def told(exchange: Exchange) -> tuple[Told, ...]:
    """The choices by rising index, put together from the chunks of a stream."""
    found: dict[int, Told] = {}
    for part in parts(exchange):
        for place, choice in enumerate(part.view.choices):
            index = choice.index if choice.index is not None else (0 if streamed(exchange) else place)
            one = found.setdefault(index, Told(index))
            _add(one, choice.message or choice.delta, streamed(exchange))
            one.other = one.other or _says_otherwise(part.value["choices"], place)
            one.finish = choice.finish_reason or one.finish
            one.tokens += (choice.logprobs and choice.logprobs.content) or []
    return tuple(found[index] for index in sorted(found))


def _add(one: Told, news: Any, in_pieces: bool) -> None:
    if news is None:
        return
    one.role = one.role or news.role or ""
    one.text += news.content or ""
    one.thoughts += news.thoughts
    one.refusal += news.refusal or ""
    for call in news.tool_calls:
        _add_call(one.calls, call, in_pieces)


def _says_otherwise(choices: list[Any], place: int) -> bool:
    """Whether a choice holds sound, or content of another type than text."""
    choice = choices[place] if len(choices) > place and isinstance(choices[place], dict) else {}
    spoken = choice.get("message") or choice.get("delta")
    return isinstance(spoken, dict) and bool(spoken.get("audio") or isinstance(spoken.get("content"), list | dict))


def _add_call(calls: list[Called], piece: ToolCall, in_pieces: bool) -> None:
    """Add a fragment to the call that it belongs to: the one of its index, unless it brings a new id."""
    position = piece.index or 0
    known = [call for call in calls if call.position == position] if in_pieces else []
    if known and (not piece.id or piece.id == known[-1].id or not known[-1].id):
        known[-1].arguments += piece.arguments
        known[-1].name = known[-1].name or piece.name
        known[-1].id = known[-1].id or piece.id or ""
    else:
        calls.append(Called(piece.id or "", piece.name, piece.arguments, position))


@dataclass(frozen=True)
class Step:
    """One choice in one chunk."""

    part: Part
    index: int
    delta: Any
    finish: str
    raw: dict[str, Any]

    @property
    def at(self) -> str:
        return self.part.at


def steps(exchange: Exchange) -> list[Step]:
    """All choices of all chunks, in order of arrival; choices without an index are left out."""
    found = []
    for part in parts(exchange):
        for raw in part.choices:
            view = Answer.read({"choices": [raw]}).choices[0]
            if view.index is not None:
                found.append(Step(part, view.index, view.delta, view.finish_reason or "", raw))
    return found


def by_index(found: Iterable[Step]) -> dict[int, list[Step]]:
    """Steps by choice."""
    lanes: dict[int, list[Step]] = {}
    for step in found:
        lanes.setdefault(step.index, []).append(step)
    return lanes
