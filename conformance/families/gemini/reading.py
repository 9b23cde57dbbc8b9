"""Reads evidence of the Google format: answers, event streams and arrays alike, as what a client makes of them."""

from __future__ import annotations

from collections.abc import Callable, Iterator
from dataclasses import dataclass, field
from typing import Any
from urllib.parse import parse_qs, urlsplit

from conformance.engine.contract import Violation
from conformance.engine.judge import Words, expect, not_testable, parsed
from conformance.engine.kit.reading import all_served, asked, need_end, served
from conformance.engine.kit.replies import misshapen
from conformance.families.gemini.views import Answer, Candidate, Part, Usage
from conformance.wire import strictjson
from conformance.wire.exchange import Exchange, remembered

SCHEMA = "GeminiResponse"
PLACES = (
    ("usage", r"/usageMetadata\b.*"),
    ("finish", r"/candidates/\d+/finishReason"),
    ("ratings", r"/candidates/\d+/safetyRatings\b.*"),
    ("calls", r"/candidates/\d+/content/parts/\d+/functionCall\b.*"),
    ("media", r"/candidates/\d+/content/parts/\d+/inlineData\b.*"),
    ("thoughts", r"/candidates/\d+/content/parts/\d+/thought(Signature)?"),
    ("candidates", r"(/(candidates\b.*)?)?"),
    ("other", r".*"),
)
"""Parts of an answer, each with the places (JSON pointers) in it; the first that matches counts."""
DATA = ("text", "inlineData", "functionCall", "functionResponse", "fileData", "executableCode", "codeExecutionResult")
CUT = ("MAX_TOKENS", "SAFETY", "RECITATION", "OTHER", "PROHIBITED_CONTENT", "BLOCKLIST", "SPII", "LANGUAGE")
"""Finish reasons of answers that are not what the model wanted to say."""

Evidence = tuple[Exchange, ...]


def by_events(exchange: Exchange) -> bool:
    """Whether an event stream was asked for."""
    return "sse" in parse_qs(urlsplit(exchange.request.url).query).get("alt", [])


def in_series(exchange: Exchange) -> bool:
    """Whether a series of objects was asked for, as events or as an array."""
    return by_events(exchange) or ":streamGenerateContent" in exchange.request.url.replace("%3A", ":")


def series_in(evidence: Evidence) -> Exchange:
    """The reply of a probe that was asked for as a series: the first that was served, if one was."""
    found = [exchange for exchange in evidence if in_series(exchange)]
    return next((one for one in (*(e for e in found if e.ok), *found)), evidence[0])


def wholes_in(evidence: Evidence) -> list[Exchange]:
    """Those replies of a probe that were asked for as one object, and served; raises like `served` when none was."""
    return all_served([exchange for exchange in evidence if not in_series(exchange)] or evidence)


def model_of(exchange: Exchange) -> str:
    """The model that the path names."""
    path = urlsplit(exchange.request.url).path
    return path.rpartition("/models/")[2].partition(":")[0].replace("%2F", "/")


def config_of(exchange: Exchange) -> dict[str, Any]:
    """The generationConfig of the request."""
    config = asked(exchange).get("generationConfig")
    return config if isinstance(config, dict) else {}


def configures(name: str) -> Callable[[dict[str, Any]], bool]:
    """Whether the body of a request has this setting in its generationConfig."""
    return lambda body: name in (body.get("generationConfig") or {})


@dataclass(frozen=True)
class Block:
    """A whole answer, or one object of a stream: `at` is where it stands, empty for an answer."""

    value: Any
    view: Answer
    at: str = ""

    def place(self, pointer: str) -> str:
        """A place in it, for a finding."""
        return f"{self.at} {pointer}".strip()


@remembered
def blocks(exchange: Exchange) -> tuple[Block, ...]:
    """The answer, or the objects of the stream.

    Raises:
        NotTestable: there is none, or the stream reports an error; other sentences judge that.
    """
    served(exchange)
    found = tuple(_events(exchange) if by_events(exchange) else _values(exchange))
    if not found:
        not_testable("there is no object in this stream, which another sentence judges")
    if any(isinstance(block.value, dict) and "error" in block.value for block in found):
        not_testable("the answer reports an error")
    return found


def _events(exchange: Exchange) -> Iterator[Block]:
    for event in exchange.events:
        try:
            value = strictjson.parse(event.data)
        except ValueError:
            continue
        if event.complete:
            yield Block(value, _view(value), f"event {event.number}")


def _values(exchange: Exchange) -> Iterator[Block]:
    value = parsed(exchange)
    if in_series(exchange) and isinstance(value, list):
        yield from (Block(one, _view(one), f"/{number}") for number, one in enumerate(value))
    else:
        yield Block(value, _view(value))


def _view(value: Any) -> Answer:
    return Answer.read(value) if isinstance(value, dict) else Answer()


def whole_series(exchange: Exchange) -> tuple[Block, ...]:
    """The objects of a stream that arrived to its end.

    Raises:
        NotTestable: the connection broke or was slow, so that its end is not known.
    """
    found = blocks(exchange)
    need_end(exchange)
    return found


def shape(exchange: Exchange, *names: str) -> Iterator[tuple[str, Violation]]:
    """What breaks the contract's schema in some `PLACES` of the answer or of any object, with its place."""
    for block in blocks(exchange):
        for violation in misshapen(SCHEMA, block.value, PLACES, names):
            yield block.place(violation.pointer), violation


def expect_shape(evidence: Evidence, *names: str) -> None:
    """Break when something in these parts of the replies is not what the contract's schema says."""
    for exchange in all_served(evidence):
        for at, violation in shape(exchange, *names):
            expect(False, "what the contract's schema says", Words(violation.message), at, exchange)


@dataclass(frozen=True)
class Step:
    """One candidate in one object; `place` is its position there."""

    block: Block
    place: int
    candidate: Candidate
    raw: dict[str, Any]

    @property
    def index(self) -> int:
        """The candidate's number; an absent one is 0 where there is one candidate, as ProtoJSON leaves out zeros."""
        return self.candidate.index if self.candidate.index is not None else 0

    def at(self, pointer: str = "") -> str:
        return self.block.place(f"/candidates/{self.place}{pointer}")

    @property
    def parts(self) -> list[tuple[dict[str, Any], Part, str]]:
        """The parts as they came, as views, and where they stand; what is no object is left out."""
        content = self.raw.get("content")
        listed = content.get("parts") if isinstance(content, dict) else None
        numbered = enumerate(listed if isinstance(listed, list) else [])
        return [
            (raw, Part.read(raw), self.at(f"/content/parts/{number}"))
            for number, raw in numbered
            if isinstance(raw, dict)
        ]


@remembered
def steps(exchange: Exchange) -> tuple[Step, ...]:
    """All candidates of all objects, in order of arrival."""
    return tuple(step for block in blocks(exchange) for step in _steps(block))


def _steps(block: Block) -> Iterator[Step]:
    listed = block.value.get("candidates") if isinstance(block.value, dict) else None
    for place, raw in enumerate(listed if isinstance(listed, list) else []):
        if isinstance(raw, dict):
            yield Step(block, place, Candidate.read(raw), raw)


@dataclass(frozen=True)
class Called:
    """One functionCall with its part, both as they came."""

    name: str
    args: Any
    raw: dict[str, Any]
    at: str


@dataclass(frozen=True)
class Medium:
    """One inlineData."""

    mime_type: str
    data: str
    at: str


@dataclass
class Told:
    """One candidate as a client puts it together."""

    index: int
    at: str
    text: str = ""
    thoughts: str = ""
    finish: str = ""
    finish_at: str = ""
    calls: list[Called] = field(default_factory=list)
    media: list[Medium] = field(default_factory=list)

    @property
    def complete(self) -> bool:
        """Whether the model said all that it wanted to say."""
        return self.finish not in CUT


@remembered
def told(exchange: Exchange) -> tuple[Told, ...]:
    """The candidates by rising index, put together from the objects of a stream."""
    found: dict[int, Told] = {}
    for step in steps(exchange):
        index = step.index if in_series(exchange) else step.place
        one = found.setdefault(index, Told(index, step.at()))
        if step.candidate.finishReason:
            one.finish, one.finish_at = step.candidate.finishReason, step.at("/finishReason")
        for raw, part, at in step.parts:
            _add(one, raw, part, at)
    return tuple(found[index] for index in sorted(found))


def _add(one: Told, raw: dict[str, Any], part: Part, at: str) -> None:
    if part.thought:
        one.thoughts += part.text or ""
    else:
        one.text += part.text or ""
    if part.functionCall is not None:
        call = raw["functionCall"]
        one.calls.append(Called(part.functionCall.name or "", call.get("args"), call, f"{at}/functionCall"))
    if part.inlineData is not None:
        blob = part.inlineData
        one.media.append(Medium(blob.mimeType or "", blob.data or "", f"{at}/inlineData"))


def usages(exchange: Exchange) -> list[tuple[str, Usage]]:
    """Every usageMetadata in the answer or the stream, with its place."""
    found = [(block.place("/usageMetadata"), block.view.usageMetadata) for block in blocks(exchange)]
    return [(at, usage) for at, usage in found if usage is not None]


def final_usage(exchange: Exchange) -> Usage:
    """The usage that a client takes for the whole exchange.

    Raises:
        NotTestable: there is none, or a count is missing that every answer has; other sentences judge that.
    """
    found = usages(exchange)
    if not found:
        not_testable("there is no usageMetadata, which another sentence judges")
    usage = found[-1][1]
    if usage.promptTokenCount is None or usage.totalTokenCount is None:
        not_testable("the usageMetadata is not complete, which another sentence judges")
    return usage


def counted_prompt(exchange: Exchange) -> int:
    """The tokens of the prompt.

    Raises:
        NotTestable: they are not counted, which other sentences judge.
    """
    return final_usage(exchange).promptTokenCount or not_testable("the prompt is not counted")


def blocked(exchange: Exchange) -> bool:
    """Whether the hub says that the prompt was blocked."""
    return any(block.view.promptFeedback and block.view.promptFeedback.blockReason for block in blocks(exchange))


def json_schema(schema: Any) -> Any:
    """A schema of the Google kind as JSON Schema, as far as our probes use the former."""
    if isinstance(schema, list):
        return [json_schema(entry) for entry in schema]
    if not isinstance(schema, dict):
        return schema
    return {name: value.lower() if name == "type" else json_schema(value) for name, value in schema.items()}
