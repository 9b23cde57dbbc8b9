"""Reads evidence of Responses: answers, and streams as the items, parts and texts that a client builds from them."""

from __future__ import annotations

from collections import Counter
from collections.abc import Callable, Iterator, Sequence
from dataclasses import dataclass, field
from typing import Any

from conformance.engine.judge import Words, expect, not_testable, parsed
from conformance.engine.kit.reading import all_served, asked, need_end, served
from conformance.engine.kit.replies import misshapen, streamed
from conformance.engine.kit.streams import value_of
from conformance.families.responses.views import Answer, Event, Item, Usage
from conformance.wire.exchange import Exchange, remembered

Evidence = Sequence[Exchange]
TERMINAL = {f"response.{status}": status for status in ("completed", "incomplete", "failed")}
LIFECYCLE = ("response.created", "response.queued", "response.in_progress", *TERMINAL)
ITEM_EVENTS = ("response.output_item.added", "response.output_item.done")
PART_EVENTS = ("response.content_part.added", "response.content_part.done")
TEXT_EVENTS = (
    "response.output_text.delta",
    "response.output_text.done",
    "response.refusal.delta",
    "response.refusal.done",
)
CALL_EVENTS = ("response.function_call_arguments.delta", "response.function_call_arguments.done")
SUMMARY_EVENTS = (
    "response.reasoning_summary_part.added",
    "response.reasoning_summary_text.delta",
    "response.reasoning_summary_text.done",
    "response.reasoning_summary_part.done",
)
ANSWER_PLACES = (
    ("usage", r"/usage\b.*"),
    ("status", r"/status"),
    ("items", r"/output/\d+\b.*"),
    ("envelope", r".*"),
)
EVENT_PLACES = (
    ("response", r"/response/.*"),
    ("item", r"/item/.*"),
    ("sequence", r"/sequence_number"),
    ("place", r"/(output|content|summary)_index"),
    ("event", r".*"),
)
"""Parts of an answer or event, each with the places (JSON pointers) in it; the first that matches counts."""


@dataclass(frozen=True)
class Step:
    """One event of a stream whose data is a JSON object. `name` is that of its `event:` line."""

    number: int
    name: str | None
    value: dict[str, Any]
    view: Event

    @property
    def at(self) -> str:
        return f"event {self.number}"

    @property
    def type(self) -> str:
        return self.view.type

    def place(self, pointer: str) -> str:
        """A place in it, for a finding."""
        return f"{self.at} {pointer}"


@remembered
def steps(exchange: Exchange) -> tuple[Step, ...]:
    """The events of a stream.

    Raises:
        NotTestable: there is none with an object in it; `transport` judges what a stream is made of.
    """
    served(exchange)
    values = ((event, value_of(event)) for event in exchange.events if event.complete)
    found = [
        Step(event.number, event.event, value, Event.read(value)) for event, value in values if isinstance(value, dict)
    ]
    return tuple(found) or not_testable("there is no event with a JSON object in this stream")


def whole_stream(exchange: Exchange) -> tuple[Step, ...]:
    """The events of a stream that arrived to its end.

    Raises:
        NotTestable: the connection broke or was slow, so that its end is not known.
    """
    found = steps(exchange)
    need_end(exchange)
    return found


def is_error(step: Step) -> bool:
    """Whether an event reports an error, in this API's form or in another."""
    return step.type == "error" or step.name == "error" or (not step.type and step.value.get("error") is not None)


@dataclass(frozen=True)
class Said:
    """A response object: the whole answer, or that of a stream's last event. `at` is where it stands."""

    value: Any
    view: Answer
    at: str = ""

    def place(self, pointer: str) -> str:
        """A place in it, for a finding."""
        return f"{self.at}{pointer}" if self.at else pointer


@remembered
def said(exchange: Exchange) -> Said:
    """The answer.

    Raises:
        NotTestable: there is no JSON, or no event that ends the stream with a response; other sentences judge that.
    """
    served(exchange)
    if not streamed(exchange):
        value = parsed(exchange)
        return Said(value, Answer.read(value) if isinstance(value, dict) else Answer())
    ends = [step for step in steps(exchange) if step.type in TERMINAL]
    if not ends:
        not_testable("no event ends this stream with a response, which another sentence judges")
    value = ends[-1].value.get("response")
    if not isinstance(value, dict):
        not_testable("the last event holds no response, which another sentence judges")
    return Said(value, Answer.read(value), ends[-1].place("/response"))


def answers(evidence: Evidence) -> Iterator[tuple[Exchange, Said]]:
    """The answers of a probe that were served; what is read or deleted later is none."""
    for exchange in all_served([one for one in evidence if one.request.method == "POST"] or evidence):
        yield exchange, said(exchange)


def expect_shape(evidence: Evidence, name: str, covers: Callable[[Said, str], bool] | None = None) -> None:
    """Break when something in this part of the answers is not what the contract's schema says."""
    for exchange, one in answers(evidence):
        for wrong in misshapen("ResponsesResponse", one.value, ANSWER_PLACES, [name]):
            if covers is None or covers(one, wrong.pointer):
                expect(
                    False, "what the contract's schema says", Words(wrong.message), one.place(wrong.pointer), exchange
                )


@dataclass(frozen=True)
class Placed:
    """An output item as it stands in an answer or an event."""

    value: dict[str, Any]
    view: Item
    at: str


def items(exchange: Exchange) -> list[Placed]:
    """Every output item that the exchange shows: in the answer, and where a stream begins and ends one."""
    found = []
    if streamed(exchange):
        for step in steps(exchange):
            value = step.value.get("item")
            if step.type in ITEM_EVENTS and isinstance(value, dict):
                found.append(Placed(value, Item.read(value), step.place("/item")))
    return found + (output(said(exchange)) if not streamed(exchange) or _ends(exchange) else [])


def output(one: Said) -> list[Placed]:
    """The items of an answer that are objects."""
    listed = one.value.get("output") if isinstance(one.value, dict) else None
    return [
        Placed(value, Item.read(value), one.place(f"/output/{place}"))
        for place, value in enumerate(listed if isinstance(listed, list) else [])
        if isinstance(value, dict)
    ]


def _ends(exchange: Exchange) -> bool:
    return any(step.type in TERMINAL and isinstance(step.value.get("response"), dict) for step in steps(exchange))


def final_items(exchange: Exchange) -> list[Item]:
    """The items in the last event of a stream; empty when it does not end with a response."""
    return said(exchange).view.output if _ends(exchange) else []


def usage_of(exchange: Exchange) -> Usage:
    """The complete usage of an answer.

    Raises:
        NotTestable: there is none, or one of its counts is missing; other sentences judge that.
    """
    usage = said(exchange).view.usage
    if usage is None or usage.taken is None or usage.given is None:
        not_testable("there is no complete usage object, which another sentence judges")
    return usage


def finished(exchange: Exchange) -> Said:
    """The answer, when the model came to its own end, whatever the status claims.

    Raises:
        NotTestable: it was cut or failed.
    """
    one = said(exchange)
    if one.view.status in ("incomplete", "failed"):
        not_testable(f"the answer is {one.view.status}")
    limit = asked(exchange).get("max_output_tokens")
    if limit and one.view.usage and (one.view.usage.given or 0) >= limit:
        not_testable("the answer is as long as the limit allows, so that it may be cut")
    return one


def taken(exchange: Exchange) -> int:
    """Tokens of the prompt, above 0.

    Raises:
        NotTestable: they are not told, or told as 0; other sentences judge that.
    """
    return usage_of(exchange).taken or not_testable("the prompt is counted as 0 tokens, which another sentence judges")


@dataclass
class Lane:
    """What a stream tells about one part of an item: a text, a summary, or the arguments of a call."""

    opened: list[Step] = field(default_factory=list)
    deltas: list[Step] = field(default_factory=list)
    done: list[Step] = field(default_factory=list)
    closed: list[Step] = field(default_factory=list)

    @property
    def joined(self) -> str:
        return "".join(step.view.delta or "" for step in self.deltas)


@dataclass
class Thread:
    """All events of one output item, in order of arrival.

    `index` is its output_index as told, or as counted where none is told. `place` counts the items by appearance; where
    the two differ the told one is wrong, so that `place` leads to the item in the last event.
    """

    index: int
    place: int
    steps: list[Step] = field(default_factory=list)
    texts: dict[int, Lane] = field(default_factory=dict)
    summaries: dict[int, Lane] = field(default_factory=dict)
    arguments: Lane = field(default_factory=Lane)

    @property
    def opened(self) -> list[Step]:
        return [step for step in self.steps if step.type == ITEM_EVENTS[0]]

    @property
    def closed(self) -> list[Step]:
        return [step for step in self.steps if step.type == ITEM_EVENTS[1]]

    @property
    def first(self) -> Item:
        """The item as it was opened."""
        return next((step.view.item for step in self.opened if step.view.item), Item())

    @property
    def last(self) -> Item:
        """The item as it was closed."""
        return next((step.view.item for step in reversed(self.closed) if step.view.item), Item())


@remembered
def threads(exchange: Exchange) -> tuple[Thread, ...]:
    """The items of a stream in order of appearance, each with its events.

    An event without an output_index goes to the item that it names, else to the one that was opened last.
    """
    found: list[Thread] = []
    for step in steps(exchange):
        if step.type in (*ITEM_EVENTS, *PART_EVENTS, *TEXT_EVENTS, *CALL_EVENTS, *SUMMARY_EVENTS):
            thread = _thread_of(step, found)
            thread.steps.append(step)
            _file(step, thread)
    return tuple(found)


def _thread_of(step: Step, found: list[Thread]) -> Thread:
    index, name = step.view.output_index, step.view.item_id or (step.view.item.id if step.view.item else None)
    if index is not None:
        known = [thread for thread in found if thread.index == index]
    elif step.type == ITEM_EVENTS[0]:
        known = []
    else:
        known = [thread for thread in found if name and thread.first.id == name] or found[-1:]
    if not known:
        known = [Thread(len(found) if index is None else index, len(found))]
        found.append(known[0])
    return known[0]


def _file(step: Step, thread: Thread) -> None:
    """Put an event into the lane of its part."""
    if step.type in (*PART_EVENTS, *TEXT_EVENTS):
        place = step.view.content_index
        lane = thread.texts.setdefault(max(thread.texts, default=0) if place is None else place, Lane())
    elif step.type in SUMMARY_EVENTS:
        lane = thread.summaries.setdefault(step.view.summary_index or 0, Lane())
    elif step.type in CALL_EVENTS:
        lane = thread.arguments
    else:
        return
    _slot(step, lane).append(step)


def _slot(step: Step, lane: Lane) -> list[Step]:
    if step.type.endswith("part.added"):
        return lane.opened
    if step.type.endswith("part.done"):
        return lane.closed
    return lane.deltas if step.type.endswith(".delta") else lane.done


@dataclass(frozen=True)
class Version:
    """One telling of a text: where it stands, and which sentence speaks of it."""

    source: str
    text: str
    at: str


def versions(exchange: Exchange) -> Iterator[list[Version]]:
    """Every text of a stream's messages as it is told: by deltas, at its end, by its part, its item and the answer."""
    final = final_items(exchange)
    for thread in threads(exchange):
        if (thread.last.type or thread.first.type) not in (None, "message"):
            continue
        whole = final[thread.place] if thread.place < len(final) else Item()
        for place in sorted({*thread.texts, *range(len(thread.last.content)), *range(len(whole.content))}):
            yield list(_versions(thread, place, whole, exchange))


def _versions(thread: Thread, place: int, whole: Item, exchange: Exchange) -> Iterator[Version]:
    lane = thread.texts.get(place, Lane())
    at = (lane.deltas or thread.steps)[-1].at
    yield Version("deltas", lane.joined, at)
    for step in lane.done:
        told = step.view.refusal if step.type == "response.refusal.done" else step.view.text
        if told is not None:
            yield Version("text", told, step.at)
    yield from (Version("part", step.view.part.words, step.at) for step in lane.closed if step.view.part)
    if 0 <= place < len(thread.last.content):
        yield Version("item", thread.last.content[place].words, thread.closed[-1].place(f"/item/content/{place}"))
    if 0 <= place < len(whole.content):
        pointer = f"/output/{thread.place}/content/{place}"
        yield Version("final", whole.content[place].words, said(exchange).place(pointer))


def expect_agreement(told: Sequence[Version], *sources: str) -> None:
    """Break when one of these tellings differs from what most of them say; when none prevails, the deltas are right."""
    counted = Counter(version.text for version in told)
    most = max(counted.values(), default=0)
    right = next((version.text for version in told if counted[version.text] == most), "")
    for version in told:
        if version.source in sources:
            expect(version.text == right, f"{right!r}, as the other events tell it", version.text, version.at)


def part_kind(lane: Lane) -> str | None:
    """The type of the part that a lane was opened with."""
    return next((step.view.part.type for step in lane.opened if step.view.part), None)
