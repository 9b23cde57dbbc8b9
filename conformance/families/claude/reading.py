"""Reads evidence of the Anthropic format: whole answers and streams alike, as what a client would make of them."""

from __future__ import annotations

from collections.abc import Iterator, Sequence
from dataclasses import dataclass, field
from typing import Any

from conformance.engine.contract import Violation
from conformance.engine.judge import Words, expect, not_testable, parsed
from conformance.engine.kit.reading import need_end, served
from conformance.engine.kit.replies import misshapen, stream_in, streamed, whole_answers
from conformance.engine.kit.streams import is_terminator, value_of
from conformance.families.claude.views import Block, Delta, Message, StreamEvent, Usage
from conformance.wire import strictjson
from conformance.wire.exchange import Exchange, remembered

Evidence = tuple[Exchange, ...]

ANSWER_PLACES = (
    ("usage", r"/usage\b.*"),
    ("stop-reason", r"/stop_reason"),
    ("stop-sequence", r"/stop_sequence"),
    ("blocks", r"/content/\d+.*"),
    ("head", r"(/(id|type|role|model|content))?"),
)
"""Parts of a whole answer, each with the places (JSON pointers) in it; the first that matches counts."""
EVENT_PLACES = (
    ("index", r"/index"),
    ("start", r"/message\b.*"),
    ("block", r"/content_block\b.*"),
    ("stop-reason", r"/delta/stop_reason"),
    ("delta", r"/delta\b.*"),
    ("usage", r"/usage\b.*"),
    ("error", r"/error\b.*"),
)
"""Parts of an event's data."""
CUT_SHORT = ("max_tokens", "refusal", "model_context_window_exceeded", "pause_turn")
"""Reasons for which an answer ends before the model has said what it wanted."""


@dataclass(frozen=True)
class Step:
    """One event of a stream with a JSON object in it; `name` is that of its `event:` line."""

    number: int
    name: str | None
    value: dict[str, Any]
    view: StreamEvent

    @property
    def type(self) -> str:
        return self.view.type or ""

    @property
    def index(self) -> int | None:
        return self.view.index

    @property
    def delta(self) -> Delta:
        return self.view.delta or Delta()

    @property
    def at(self) -> str:
        return f"event {self.number}"

    def place(self, pointer: str) -> str:
        """A place in it, for a finding."""
        return f"{self.at} {pointer}".strip()


@remembered
def all_steps(exchange: Exchange) -> tuple[Step, ...]:
    """The events of a stream that hold a JSON object, one that reports an error included.

    Raises:
        NotTestable: there is none; `transport` judges what a stream is made of.
    """
    served(exchange)
    values = ((event, value_of(event)) for event in exchange.events if event.complete)
    found = tuple(
        Step(event.number, event.event, value, StreamEvent.read(value))
        for event, value in values
        if isinstance(value, dict)
    )
    return found or not_testable("there is no event with a JSON object in this stream; `transport` judges that")


def steps(exchange: Exchange) -> tuple[Step, ...]:
    """The events of a stream that went well.

    Raises:
        NotTestable: it reports an error, or it is none.
    """
    found = all_steps(exchange)
    if any(is_error(step) for step in found):
        not_testable("the stream reports an error")
    return found


def is_error(step: Step) -> bool:
    """Whether an event reports an error, in whatever form."""
    return step.type == "error" or step.name == "error" or bool(step.value.get("error"))


def whole_stream(exchange: Exchange) -> tuple[Step, ...]:
    """The events of a stream that arrived to its end.

    Raises:
        NotTestable: the connection broke or was slow, so that its end is not known.
    """
    found = steps(exchange)
    need_end(exchange)
    return found


def terminators(exchange: Exchange) -> list[str]:
    """Where the terminator of another format stands."""
    return [f"event {event.number}" for event in served(exchange).events if is_terminator(event.data)]


@dataclass
class Said:
    """One block as a client puts it together. `input` is None when it is no JSON object; `pieces` are the deltas."""

    type: str
    position: int
    text: str = ""
    thinking: str = ""
    signature: str | None = None
    id: str = ""
    name: str = ""
    input: Any = None
    pieces: list[Step] = field(default_factory=list)

    @property
    def calls(self) -> bool:
        """Whether it is a call of a tool of the caller's."""
        return self.type == "tool_use"


@dataclass
class Told:
    """A message as a client puts it together."""

    id: str = ""
    model: str = ""
    blocks: list[Said] = field(default_factory=list)
    stop_reason: str = ""
    stop_sequence: str | None = None
    usage: Usage = field(default_factory=Usage)

    @property
    def text(self) -> str:
        return "".join(block.text for block in self.blocks)

    @property
    def calls(self) -> list[Said]:
        return [block for block in self.blocks if block.calls]

    @property
    def complete(self) -> bool:
        """Whether the model said all that it wanted to say."""
        return self.stop_reason not in CUT_SHORT


@remembered
def told(exchange: Exchange) -> Told:
    """The message, put together from the events of a stream.

    Raises:
        NotOffered, NotTestable: there is no JSON object to read it from, or the stream reports an error.
    """
    served(exchange)
    if streamed(exchange):
        return _gathered(steps(exchange))
    value = parsed(exchange)
    message = Message.read(value)
    content = value.get("content")
    raw = content if isinstance(content, list) else []
    blocks = [_said(Block.read(block), place) for place, block in enumerate(raw) if isinstance(block, dict)]
    return Told(
        message.id or "",
        message.model or "",
        blocks,
        message.stop_reason or "",
        message.stop_sequence,
        message.usage or Usage(),
    )


def _said(block: Block, position: int) -> Said:
    return Said(
        block.type or "",
        position,
        block.text or "",
        block.thinking or "",
        block.signature,
        block.id or "",
        block.name or "",
        block.input,
    )


def _gathered(found: Sequence[Step]) -> Told:
    one = Told()
    blocks: dict[int, Said] = {}
    counts: dict[str, int] = {}
    for step in found:
        usage = (step.view.message and step.view.message.usage) or step.view.usage
        counts |= {name: count for name, count in (usage or Usage()) if isinstance(count, int)}
        if step.type == "message_start" and step.view.message:
            one.id, one.model = step.view.message.id or "", step.view.message.model or ""
        elif step.type == "content_block_start" and step.index is not None:
            blocks.setdefault(step.index, _said(step.view.content_block or Block(), step.index))
        elif step.type == "content_block_delta" and step.index in blocks:
            _add(blocks[step.index], step)
        elif step.type == "message_delta":
            one.stop_reason = step.delta.stop_reason or one.stop_reason
            one.stop_sequence = step.delta.stop_sequence or one.stop_sequence
    one.blocks = [blocks[index] for index in sorted(blocks)]
    for block in one.blocks:
        _close(block)
    one.usage = Usage.read(counts)
    return one


def _add(block: Said, step: Step) -> None:
    delta = step.delta
    block.pieces.append(step)
    block.text += delta.text or ""
    block.thinking += delta.thinking or ""
    block.signature = delta.signature if delta.signature is not None else block.signature


def _close(block: Said) -> None:
    """Read a call's input from its pieces; without pieces it is what the block started with."""
    joined = json_of(block)
    if not joined:
        return
    try:
        block.input = strictjson.parse(joined)
    except ValueError:
        block.input = None


def json_of(block: Said) -> str:
    """What the pieces of a call's input join to."""
    return "".join(step.delta.partial_json or "" for step in block.pieces)


def expect_answer_shape(evidence: Evidence, *names: str) -> None:
    """Break when something in these parts of the whole answers is not what the contract's schema says."""
    for exchange in whole_answers(evidence):
        for violation in misshapen("ClaudeResponse", parsed(exchange), ANSWER_PLACES, names):
            _expect_none(violation, violation.pointer, exchange)


def expect_event_shape(evidence: Evidence, types: Sequence[str], *names: str) -> None:
    """Break when something in these parts of events of these types is not what the contract's schema says."""
    exchange = stream_in(evidence)
    for step in of_type(steps(exchange), *types):
        for violation in misshapen("ClaudeStreamResponse", step.value, EVENT_PLACES, names):
            _expect_none(violation, step.place(violation.pointer), exchange)


def _expect_none(violation: Violation, at: str, exchange: Exchange) -> None:
    expect(False, "what the contract's schema says", Words(violation.message), at, exchange)


def of_type(found: Sequence[Step], *types: str) -> Iterator[Step]:
    """The events of some types."""
    return (step for step in found if step.type in types)
