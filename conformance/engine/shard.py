"""Sharding: one run in several parts, each in a job of its own, whose results add up to the result of the whole.

The unit is an operation with all its probes, so that every probe is asked by one shard alone and no row is torn apart;
operations whose evidence is judged together stay together. Who judges what follows from the selection and from the
numbers alone, so that shards need not know of each other.
"""

from __future__ import annotations

import re
from collections.abc import Callable, Iterable, Mapping, Sequence
from dataclasses import dataclass

from conformance.engine.discovery import LIST_OPERATION, TALK_OPERATION
from conformance.engine.judge import Case
from conformance.engine.probe import Registry, Slot
from conformance.engine.requirement import load_catalogue
from conformance.report.result import operation_of

_SHARD = re.compile(r"([1-9][0-9]{0,3})/([1-9][0-9]{0,3})")


class ShardError(Exception):
    """A shard that there cannot be; the text is one line."""


@dataclass(frozen=True)
class Shard:
    """The part with this number, counted from 1, of so many."""

    number: int
    of: int

    @classmethod
    def parse(cls, text: str) -> Shard:
        """Read `2/3`.

        Raises:
            ShardError: it is not of that form, or there is no such part.
        """
        found = _SHARD.fullmatch(text)
        if not found or int(found[1]) > int(found[2]):
            raise ShardError(f"--shard {text!r}: give the part and how many there are, from 1/3 to 3/3 for three")
        return cls(int(found[1]), int(found[2]))

    def __str__(self) -> str:
        return f"{self.number}/{self.of}"


def subject(case: Case) -> str:
    """What a case is about, as far as shards go: an operation, or those probes of a family that are about none."""
    return _rows_of(case)[0]


def _rows_of(case: Case) -> list[str]:
    """The subjects of a case's rows: of one test and one operation there is one row, and one shard writes it."""
    family = _subject(next(iter(case.slots.values())))
    return [operation_of(case, load_catalogue()[identifier]) or family for identifier in case.ids]


def _subject(slot: Slot) -> str:
    return slot.operation or f"family {slot.family}"


def shares(cases: Iterable[Case], registry: Registry, weight: Callable[[Slot], int], of: int) -> dict[str, int]:
    """The number of the shard, from 1, that judges each subject of the cases.

    The heaviest subjects are given away first, each to the shard that has least so far.

    Args:
        weight: about how much work a probe is.
    """
    listed = list(cases)
    groups = _together(listed, _asked_by_all(registry))
    weights = dict.fromkeys(groups.values(), 0)
    for slot in {slot.key: slot for case in listed for slot in case.slots.values()}.values():
        if _subject(slot) in groups:
            weights[groups[_subject(slot)]] += weight(slot)
    loads = dict.fromkeys(range(1, of + 1), 0)
    place: dict[str, int] = {}
    for group in sorted(weights, key=lambda name: (-weights[name], name)):
        place[group] = min(loads, key=lambda number: (loads[number], number))
        loads[place[group]] += weights[group]
    return {name: place[group] for name, group in groups.items()}


def _asked_by_all(registry: Registry) -> set[str]:
    """Keys of what every run asks before anything else, and therefore every shard."""
    return {base.key for name in (LIST_OPERATION, TALK_OPERATION) if (base := registry.base_of(name))}


def _together(cases: list[Case], shared: set[str]) -> dict[str, str]:
    """Subject to the name of its group: subjects are of one group when a case needs evidence of both."""
    leader: dict[str, str] = {}

    def find(name: str) -> str:
        leader.setdefault(name, name)
        while leader[name] != name:
            name = leader[name]
        return name

    for case in cases:
        own = subject(case)
        needed = {_subject(slot) for slot in case.slots.values() if slot.key not in shared}
        for other in sorted({own, *_rows_of(case), *needed}):
            first, second = sorted((find(own), find(other)))
            leader[second] = first
    return {name: find(name) for name in leader}


def weights_of(measured: Mapping[str, Sequence[int]], apart: int) -> Callable[[Slot], int]:
    """Weights of probes: the requests that they were measured to send, the first number of each.

    Args:
        apart: weight of those that are asked apart.
    """
    return lambda slot: apart if slot.probe.apart else measured.get(slot.key, (1,))[0]
