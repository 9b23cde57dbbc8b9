"""Reads evidence of chat completions: whole answers and streams alike, as what a client would make of them."""

from __future__ import annotations

import re
from collections.abc import Iterable, Iterator, Sequence
from dataclasses import dataclass, field
from functools import lru_cache
from typing import Any

from conformance.engine.contract import Violation, load_contract
from conformance.engine.judge import NO_ACCESS, NotOffered, inconclusive, not_testable, parsed, refusal_of
from conformance.families.chat.views import Answer, ToolCall, Usage
from conformance.wire import strictjson
from conformance.wire.exchange import End, Exchange

DONE = "[DONE]"
PARTS = (
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


def served(exchange: Exchange) -> Exchange:
    """The exchange, when the hub served the request.

    Raises:
        NotOffered: the hub refused it cleanly.
        NotTestable: it answered with some other error.
    """
    refusal = refusal_of(exchange)
    if refusal:
        raise NotOffered(f"the hub does not serve this request: {refusal}")
    if exchange.status in NO_ACCESS:
        inconclusive(f"the hub answered {exchange.status}: this token may not do that")
    if not exchange.ok:
        not_testable(f"the hub answered {exchange.status}; `errors.valid-request-served` judges that")
    return exchange


def all_served(evidence: Sequence[Exchange]) -> list[Exchange]:
    """Those exchanges of a probe that the hub served; raises like `served` when there are none."""
    found = [exchange for exchange in evidence if exchange.ok and not refusal_of(exchange)]
    return found or [served(evidence[0])]


def asked(exchange: Exchange) -> dict[str, Any]:
    """The JSON body of the request."""
    value = exchange.request.json
    return value if isinstance(value, dict) else {}


def streamed(exchange: Exchange) -> bool:
    """Whether a stream was asked for."""
    return asked(exchange).get("stream") is True


@dataclass(frozen=True)
class Part:
    """A whole answer, or one chunk of a stream: `at` is where it stands, empty for an answer."""

    value: Any
    view: Answer
    at: str = ""

    def place(self, pointer: str) -> str:
        """A place in it, for a finding."""
        return f"{self.at} {pointer}".strip()


@lru_cache(maxsize=256)
def parts(exchange: Exchange) -> tuple[Part, ...]:
    """The answer, or the chunks of the stream.

    Raises:
        NotTestable: there is no JSON in it, or the stream reports an error; other sentences judge that.
    """
    served(exchange)
    if not streamed(exchange):
        value = parsed(exchange)
        return (Part(value, _view(value)),)
    found = tuple(_chunks(exchange))
    if not found:
        not_testable("there is no chunk in this stream; `transport` judges what a stream is made of")
    if any(isinstance(part.value, dict) and "error" in part.value and not part.view.choices for part in found):
        not_testable("the stream reports an error")
    return found


def _chunks(exchange: Exchange) -> Iterator[Part]:
    for event in exchange.events:
        if event.data == DONE or not event.complete:
            continue
        try:
            value = strictjson.parse(event.data)
        except ValueError:
            continue
        yield Part(value, _view(value), f"event {event.number}")


def _view(value: Any) -> Answer:
    return Answer.read(value) if isinstance(value, dict) else Answer()


def misshapen(exchange: Exchange, *names: str) -> Iterator[tuple[str, Violation]]:
    """What breaks the contract's schema in some `PARTS` of the answer or of any chunk, with its place."""
    schema = "ChatCompletionStreamResponse" if streamed(exchange) else "ChatCompletionResponse"
    for part in parts(exchange):
        for violation in load_contract().violations(schema, part.value):
            if part_of(violation) in names:
                yield part.place(violation.pointer), violation


def part_of(violation: Violation) -> str:
    """The name of the part that a violation is in."""
    missing = violation.message.removesuffix(" is missing")
    place = violation.pointer + (f"/{missing}" if missing != violation.message else "")
    return next(name for name, pattern in PARTS if re.fullmatch(pattern, place))


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


@lru_cache(maxsize=256)
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


def whole_stream(exchange: Exchange) -> tuple[Part, ...]:
    """The chunks of a stream that arrived to its end.

    Raises:
        NotTestable: the connection broke or was slow, so that its end is not known.
    """
    found = parts(exchange)
    if exchange.end is not End.complete:
        not_testable(f"the stream was not received to its end ({exchange.problem}), which `transport` judges")
    return found


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
        for raw in _raw_choices(part.value):
            view = Answer.read({"choices": [raw]}).choices[0]
            if view.index is not None:
                found.append(Step(part, view.index, view.delta, view.finish_reason or "", raw))
    return found


def _raw_choices(value: Any) -> Iterable[dict[str, Any]]:
    choices = value.get("choices") if isinstance(value, dict) else None
    return [choice for choice in choices if isinstance(choice, dict)] if isinstance(choices, list) else []


def by_index(found: Iterable[Step]) -> dict[int, list[Step]]:
    """Steps by choice."""
    lanes: dict[int, list[Step]] = {}
    for step in found:
        lanes.setdefault(step.index, []).append(step)
    return lanes
