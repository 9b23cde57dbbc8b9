"""Reads continuations: whole answers and streams alike, as what a client would make of them."""

from __future__ import annotations

from collections.abc import Iterator
from dataclasses import dataclass, field
from typing import Any

from conformance.engine.judge import not_testable
from conformance.engine.kit.chunks import Part, parts
from conformance.engine.kit.replies import is_count, misshapen, streamed
from conformance.families.completions.views import Answer, Choice, Likelihoods
from conformance.wire.exchange import Exchange, remembered

PLACES = (
    ("usage", r"/usage\b.*"),
    ("finish", r"/choices/\d+/finish_reason"),
    ("logprobs", r"/choices/\d+/logprobs\b.*"),
    ("index", r"/choices/\d+/index"),
    ("text", r"/choices/\d+(/text)?"),
    ("choices", r"/choices"),
    ("object", r"/object"),
    ("head", r".*"),
)
"""Parts of an answer or chunk, each with the places (JSON pointers) in it; the first that matches counts."""


def broken_shapes(exchange: Exchange, *names: str) -> Iterator[tuple[str, str]]:
    """What breaks the contract's schema in some `PLACES` of the answer or of any chunk: its place, and in words."""
    schema = "CompletionStreamResponse" if streamed(exchange) else "CompletionResponse"
    for part in parts(exchange):
        for one in misshapen(schema, part.value, PLACES, names):
            yield part.place(one.pointer), one.message


@dataclass(frozen=True)
class Step:
    """One choice in one chunk, or in a whole answer; `raw` is its JSON."""

    part: Part
    place: int
    index: int
    view: Choice
    raw: dict[str, Any]

    @property
    def at(self) -> str:
        return self.part.place(f"/choices/{self.place}")


@remembered
def steps(exchange: Exchange) -> tuple[Step, ...]:
    """All choices of all parts in order of arrival; those without an index are left out."""
    found = []
    for part in parts(exchange):
        for place, raw in enumerate(part.choices):
            view = Choice.read(raw)
            if view.index is not None:
                found.append(Step(part, place, view.index, view, raw))
    return tuple(found)


def lanes(exchange: Exchange) -> dict[int, list[Step]]:
    """The steps by choice."""
    found: dict[int, list[Step]] = {}
    for step in steps(exchange):
        found.setdefault(step.index, []).append(step)
    return found


@dataclass
class Told:
    """One choice as a client puts it together."""

    index: int
    text: str = ""
    finish: str = ""
    likelihoods: list[Likelihoods] = field(default_factory=list)

    @property
    def at(self) -> str:
        return f"/choices/{self.index}"


@remembered
def told(exchange: Exchange) -> tuple[Told, ...]:
    """The choices by rising index."""
    found = []
    for index, lane in sorted(lanes(exchange).items()):
        one = Told(index)
        for step in lane:
            one.text += step.view.text or ""
            one.finish = step.view.finish_reason or one.finish
            one.likelihoods += [step.view.logprobs] if step.view.logprobs else []
        found.append(one)
    return tuple(found) or not_testable("there is no choice with an index, which another sentence judges")


def heads(exchange: Exchange) -> Iterator[tuple[Part, Answer]]:
    """Every part with the view of it; those that are no objects are left out."""
    for part in parts(exchange):
        if isinstance(part.value, dict):
            yield part, Answer.read(part.value)


def usages(exchange: Exchange) -> list[tuple[str, dict[str, Any]]]:
    """Every usage object in the answer or the stream, with its place."""
    return [(part.place("/usage"), part.usage) for part in parts(exchange) if isinstance(part.usage, dict)]


def final_counts(exchange: Exchange) -> dict[str, int]:
    """The counts of the usage that a client takes for the whole exchange.

    Raises:
        NotTestable: there is none, or one of its counts is missing; other sentences judge that.
    """
    found = usages(exchange)
    if not found:
        not_testable("there is no usage object, which another sentence judges")
    names = ("prompt_tokens", "completion_tokens", "total_tokens")
    counts = {name: found[-1][1].get(name) for name in names}
    if not all(is_count(count) for count in counts.values()):
        not_testable("the usage object is not complete, which another sentence judges")
    return counts  # type: ignore[return-value]
