"""Reads evidence of Realtime: the events of a session, what was answered to which of ours, and the answers in it.

The two generations of event names are read alike: a `Step` has the name that the present generation gives it, so that a
hub of the other one is blamed for that once, and judged on everything else.
"""

from __future__ import annotations

from collections.abc import Iterator, Sequence
from dataclasses import dataclass, field
from functools import lru_cache
from typing import Any

from conformance.engine.contract import Violation, load_contract
from conformance.engine.judge import NotOffered, Words, expect, knows_no_websocket, not_testable, refusal_of
from conformance.engine.kit.costs import ABSENT
from conformance.engine.kit.replies import Places, part_of
from conformance.families.realtime.views import Event, Item, Part
from conformance.wire import strictjson
from conformance.wire.exchange import Exchange, remembered
from conformance.wire.frames import Frame, Kind, Message, messages_in

Evidence = tuple[Exchange, ...]
PRESENT_NAMES = {
    "conversation.item.created": "conversation.item.added",
    "response.text.delta": "response.output_text.delta",
    "response.text.done": "response.output_text.done",
    "response.audio.delta": "response.output_audio.delta",
    "response.audio.done": "response.output_audio.done",
    "response.audio_transcript.delta": "response.output_audio_transcript.delta",
    "response.audio_transcript.done": "response.output_audio_transcript.done",
}
"""The names of the beta generation that have another one today."""
ONLY_PRESENT = frozenset({*PRESENT_NAMES.values(), "conversation.item.done"})
SHARED = frozenset({"conversation.item.created"})
"""Names of the beta generation that the vendor's present events still have among them."""
LARGE = 2**14
"""Bytes of a message beyond which it is read anew each time instead of being kept."""
TERMINAL = ("completed", "incomplete", "failed", "cancelled")
WHOLE = ("completed", "incomplete")
"""Statuses of answers that came to an end of their own."""
PART_ADDED, PART_DONE = "response.content_part.added", "response.content_part.done"
TEXT, SOUND, TRANSCRIPT, ARGUMENTS = "output_text", "output_audio", "output_audio_transcript", "function_call_arguments"
PLACES: Places = (
    ("error", r"/error\b.*"),
    ("usage", r"/response/usage\b.*"),
    ("id", r"/event_id"),
    ("place", r"/(response_id|item_id|output_index|content_index)"),
    ("event", r".*"),
)
"""Parts of an event, each with the places (JSON pointers) in it; the first that matches counts."""


@dataclass(frozen=True)
class Step:
    """One event of either side that is a JSON object. `type` is its name in the present generation."""

    number: int
    sent: bool
    when: float
    value: dict[str, Any]
    view: Event
    data: bytes

    @property
    def at(self) -> str:
        return f"frame {self.number}"

    @property
    def type(self) -> str:
        return PRESENT_NAMES.get(self.view.type, self.view.type)

    def place(self, pointer: str) -> str:
        """A place in it, for a finding."""
        return f"{self.at} {pointer}"


@remembered
def messages(exchange: Exchange) -> tuple[Message, ...]:
    """The messages of both sides.

    Raises:
        NotOffered: the hub cleanly refused the handshake.
        NotTestable: there is no session for another reason.
    """
    if not exchange.switched:
        refusal = refusal_of(exchange)
        if refusal:
            raise NotOffered(f"the hub does not serve this handshake: {refusal}")
        not_testable("there is no WebSocket session here")
    return messages_in(exchange.frames)


@remembered
def dialogue(exchange: Exchange) -> tuple[Step, ...]:
    """The events of both sides in their order; what is no JSON object is left out."""
    return tuple(_steps(messages(exchange)))


def _steps(found: Sequence[Message]) -> Iterator[Step]:
    for message in found:
        value = _read(message.data)
        if value is not None:
            yield Step(message.number, message.sent, message.at, value, Event.read(value), message.data)


def _read(data: bytes) -> dict[str, Any] | None:
    return _read_once(data) if len(data) <= LARGE else _parsed(data)


@lru_cache(maxsize=8192)
def _read_once(data: bytes) -> dict[str, Any] | None:
    return _parsed(data)


def _parsed(data: bytes) -> dict[str, Any] | None:
    try:
        value = strictjson.parse(data)
    except ValueError:
        return None
    return value if isinstance(value, dict) else None


def opened(exchanges: Evidence) -> list[Exchange]:
    """Those that became a WebSocket.

    Raises:
        NotOffered: there is none, because the hub answers as if it had no such path.
        NotTestable: there is none for another reason.
    """
    found = [exchange for exchange in exchanges if exchange.switched]
    for exchange in () if found else exchanges:
        if exchange.status in ABSENT or knows_no_websocket(exchange):
            raise NotOffered(f"the hub answers as if nothing were there: HTTP {exchange.status}")
    return found or not_testable("no WebSocket was opened here")


def closings(exchange: Exchange, *, sent: bool) -> list[tuple[int, Frame]]:
    """The close frames of one side with their numbers."""
    numbered = enumerate(exchange.frames, start=1)
    return [(number, frame) for number, frame in numbered if frame.kind is Kind.close and frame.sent is sent]


def hub_ended(exchange: Exchange) -> bool:
    """Whether it was the hub that ended the session, by a close frame or without one."""
    first = next((frame for frame in exchange.frames if frame.kind is Kind.close), None)
    return first is None or not first.sent


def events(exchange: Exchange) -> tuple[Step, ...]:
    """The events of the hub.

    Raises:
        NotTestable: there is none.
    """
    found = tuple(step for step in dialogue(exchange) if not step.sent)
    return found or not_testable("the hub sent no event, which another sentence judges")


def created(exchange: Exchange) -> Step:
    """The greeting.

    Raises:
        NotTestable: there is none.
    """
    found = next((step for step in events(exchange) if step.type == "session.created"), None)
    return found or not_testable("there is no session.created, which another sentence judges")


def told(exchange: Exchange, id: str) -> Message:
    """A message of ours by the id of its event.

    Raises:
        NotTestable: it was not sent.
    """
    mark = f'"{id}"'.encode()
    found = next((message for message in messages(exchange) if message.sent and mark in message.data), None)
    return found or not_testable("the session ended before this event was sent, which other sentences judge")


def reactions(exchange: Exchange, id: str) -> list[Step]:
    """What the hub sent between an event of ours and our next message."""
    start = told(exchange, id).number
    later = [message.number for message in messages(exchange) if message.sent and message.number > start]
    end = min(later, default=len(exchange.frames) + 1)
    return [step for step in dialogue(exchange) if not step.sent and start < step.number < end]


def reaction(exchange: Exchange, id: str, *types: str) -> Step | None:
    """The first of these among the reactions to an event of ours."""
    return next((step for step in reactions(exchange, id) if step.type in types), None)


def needed(exchange: Exchange, id: str, type: str) -> Step:
    """The reaction of this type to an event of ours.

    Raises:
        NotTestable: there is none, which another sentence judges.
    """
    found = reaction(exchange, id, type)
    return found or not_testable(f"the hub did not answer {type}, which another sentence judges")


def expect_reaction(exchange: Exchange, id: str, type: str) -> Step:
    """Break when none of the hub's answers to an event of ours is of this type; gives the first that is."""
    message = told(exchange, id)
    found = reaction(exchange, id, type)
    expect(found is not None, f"{type} in answer", heard_after(exchange, id), f"frame {message.number}", exchange)
    assert found is not None
    return found


def heard_after(exchange: Exchange, id: str) -> Words:
    """What came after an event of ours, in words."""
    found = reactions(exchange, id)
    if not found:
        return Words("the end of the connection" if ended_at(exchange, id) else "nothing")
    problems = [step.view.error.message for step in found if step.view.error and step.view.error.message]
    names = ", ".join(step.view.type or "an event without type" for step in found[:5])
    return Words(f"{names}: {problems[0][:200]}" if problems else names)


def ended_at(exchange: Exchange, id: str) -> bool:
    """Whether the hub ended the session after an event of ours, before our next one."""
    start = told(exchange, id).number
    rest = exchange.frames[start:]
    ours = next((place for place, frame in enumerate(rest) if frame.sent), len(rest))
    cut = bool(exchange.problem) and ours == len(rest)
    return cut or any(frame.kind is Kind.close for frame in rest[:ours])


@lru_cache(maxsize=8192)
def _violations_once(data: bytes) -> tuple[Violation, ...]:
    return _violations(data)


def _violations(data: bytes) -> tuple[Violation, ...]:
    return tuple(load_contract().violations("RealtimeServerEvent", _read(data)))


def misshapen(step: Step, *parts: str) -> Iterator[Violation]:
    """What breaks the contract's schema in the named parts of an event of the hub."""
    found = _violations_once(step.data) if len(step.data) <= LARGE else _violations(step.data)
    return (one for one in found if _part(step, one) in parts)


def _part(step: Step, violation: Violation) -> str:
    part = part_of(violation, PLACES)
    return "event" if part == "place" and not step.type.startswith("response.") else part


@dataclass
class Turn:
    """One answer: its events, of which `begun` is `response.created` and `done` the first `response.done`."""

    id: str
    begun: Step | None = None
    done: Step | None = None
    steps: list[Step] = field(default_factory=list)
    after: list[Step] = field(default_factory=list)
    """Events of it that came after its end."""

    def of(self, *types: str) -> list[Step]:
        """Its events of these types."""
        return [step for step in self.steps if step.type in types]

    @property
    def items(self) -> list[Thread]:
        """Its items in the order in which their first event came."""
        return [thread for thread in self._threads if thread.opened or thread.closed]

    @property
    def strangers(self) -> list[Thread]:
        """Events about items that it neither opens nor closes."""
        return [thread for thread in self._threads if not (thread.opened or thread.closed)]

    @property
    def _threads(self) -> list[Thread]:
        found: dict[str, Thread] = {}
        for step in self.steps:
            id = _item_of(step)
            if id is not None:
                found.setdefault(id, Thread(id)).steps.append(step)
        return list(found.values())

    @property
    def whole(self) -> bool:
        """Whether it came to an end of its own."""
        return self.status in WHOLE

    @property
    def status(self) -> str | None:
        """How it ended."""
        return self.done.view.response.status if self.done and self.done.view.response else None

    @property
    def at(self) -> str:
        """Where it begins, for a finding about something that is missing."""
        first = self.begun or (self.steps[0] if self.steps else None)
        return first.at if first else ""


@dataclass
class Thread:
    """The events about one item of an answer."""

    id: str
    steps: list[Step] = field(default_factory=list)

    def of(self, *types: str) -> list[Step]:
        return [step for step in self.steps if step.type in types]

    @property
    def opened(self) -> Step | None:
        return next(iter(self.of("response.output_item.added")), None)

    @property
    def closed(self) -> Step | None:
        return next(iter(self.of("response.output_item.done")), None)

    @property
    def parts(self) -> dict[int, list[Step]]:
        """Events of its parts by content index."""
        found: dict[int, list[Step]] = {}
        for step in self.steps:
            if step.view.content_index is not None and step.type.startswith("response."):
                found.setdefault(step.view.content_index, []).append(step)
        return found


def _item_of(step: Step) -> str | None:
    if step.type.startswith("response.output_item."):
        return step.view.item.id if step.view.item else None
    return step.view.item_id


def turns(exchange: Exchange) -> list[Turn]:
    """The answers of a session in the order of their first events: those that begin or end in it."""
    return [turn for turn in _turns(exchange) if turn.begun or turn.done]


def strangers(exchange: Exchange) -> list[Turn]:
    """Events about answers that neither begin nor end in the session."""
    return [turn for turn in _turns(exchange) if not (turn.begun or turn.done)]


def _turns(exchange: Exchange) -> list[Turn]:
    found: dict[str, Turn] = {}
    for step in events(exchange):
        if not step.type.startswith("response."):
            continue
        id = _response_of(step)
        if id is None:
            continue
        turn = found.setdefault(id, Turn(id))
        if turn.done is not None:
            turn.after.append(step)
            continue
        turn.steps.append(step)
        if step.type == "response.created" and turn.begun is None:
            turn.begun = step
        if step.type == "response.done":
            turn.done = step
    return list(found.values())


def all_turns(exchanges: Evidence) -> list[tuple[Exchange, Turn]]:
    """Every answer of the sessions.

    Raises:
        NotTestable: there is none.
    """
    found = [(exchange, turn) for exchange in exchanges for turn in turns(exchange)]
    return found or not_testable("there is no answer here, which another sentence judges")


def threads(exchanges: Evidence) -> list[tuple[Exchange, Turn, Thread]]:
    """Every item of every answer.

    Raises:
        NotTestable: there is none.
    """
    found = [(exchange, turn, thread) for exchange, turn in all_turns(exchanges) for thread in turn.items]
    return found or not_testable("there is no item in these answers")


def _response_of(step: Step) -> str | None:
    if step.view.response is not None:
        return step.view.response.id
    return step.view.response_id


def turn_of(exchange: Exchange, id: str) -> Turn:
    """The answer that an event of ours asked for.

    Raises:
        NotTestable: it was not begun.
    """
    begun = needed(exchange, id, "response.created")
    found = next(
        (turn for turn in turns(exchange) if turn.begun is not None and turn.begun.number == begun.number), None
    )
    return found or not_testable("this answer has no id, which another sentence judges")


def ended(turn: Turn) -> Step:
    """Its `response.done`.

    Raises:
        NotTestable: there is none.
    """
    return turn.done or not_testable("there is no response.done, which another sentence judges")


def output(turn: Turn) -> list[Item]:
    """The items in its `response.done`."""
    response = ended(turn).view.response
    return response.output if response else []


def joined(steps: Sequence[Step]) -> str:
    """The deltas of these events."""
    return "".join(step.view.delta or "" for step in steps)


def words_of(item: Item | None) -> str | None:
    """The words of an item that holds one part, None for any other."""
    return item.content[0].words if item and len(item.content) == 1 else None


def part_words(part: Part | None) -> str | None:
    """The words of a part, None when there are none in it."""
    return part.words if part else None


def expect_joined(exchanges: Evidence, name: str, member: str) -> None:
    """Break when the deltas of a kind do not join to what its done event says."""
    found = False
    for exchange, _turn, thread in threads(exchanges):
        for done in thread.of(f"response.{name}.done"):
            place = done.view.content_index
            deltas = [s for s in thread.of(f"response.{name}.delta") if s.view.content_index == place]
            whole = getattr(done.view, member)
            if whole is None:
                continue
            found = True
            wanted = f"{joined(deltas)!r}, as the deltas say"
            expect(joined(deltas) == whole, wanted, whole, done.place(f"/{member}"), exchange)
    if not found:
        not_testable(f"there is no response.{name}.done with a {member} here")


def expect_final(exchanges: Evidence, name: str, member: str) -> None:
    """Break when a part's done event, its item's, or the answer's holds other words than the done event of a kind."""
    found = False
    for exchange, turn, thread in threads(exchanges):
        done = thread.of(f"response.{name}.done")
        words = getattr(done[0].view, member) if len(done) == 1 else None
        if words is None:
            continue
        found = True
        for step in thread.of(PART_DONE):
            _expect_same(exchange, words, part_words(step.view.part), step.place("/part"), done[0])
        if thread.closed is not None:
            _expect_same(exchange, words, words_of(thread.closed.view.item), thread.closed.place("/item"), done[0])
        for item in output(turn) if turn.done else []:
            if item.id == thread.id:
                at = ended(turn).place("/response/output")
                _expect_same(exchange, words, words_of(item), at, done[0])
    if not found:
        not_testable(f"there is no response.{name}.done with a {member} here")


def _expect_same(exchange: Exchange, words: str, got: str | None, at: str, done: Step) -> None:
    expect(got == words, f"{words!r}, as in {done.at}", got, at, exchange)
