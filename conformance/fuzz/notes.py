"""What a fuzz run says of one operation: how much was asked, and what was found."""

from __future__ import annotations

from collections import Counter
from collections.abc import Mapping
from dataclasses import asdict, dataclass, field
from typing import Any, Self

from conformance.engine.evidence import Record

_COUNTERS = ("sent", "withheld", "ran")


@dataclass(frozen=True)
class Noted:
    """A finding with the exchange that shows it: an index into the record's exchanges."""

    check: str
    code: str
    expected: str
    got: str
    at: str
    exchange: int
    what: str
    """What was odd about the request, in words."""
    phase: str
    seen: int = 1
    """Requests that showed it."""
    first: int = 0
    """How many requests had been sent when it was first seen."""
    first_at: float = 0.0
    """When the answer that first showed it was complete, in Unix seconds."""
    minimal: bool = False
    """Whether smaller requests were tried, and none of them showed it."""


@dataclass
class Notes:
    """`ran` counts the requests on which a check had something to say. `unserved` is why nothing could be judged."""

    seed: int
    level: str
    requests: int = 0
    billable: int = 0
    sent: Counter[str] = field(default_factory=Counter)
    withheld: Counter[str] = field(default_factory=Counter)
    """Why requests were not sent, with their number."""
    ran: Counter[str] = field(default_factory=Counter)
    findings: list[Noted] = field(default_factory=list)
    unserved: str = ""
    stop: str = ""
    """Why the run ended before its time; empty when it did not."""
    given_up: bool = False
    """Whether it ended early for want of time or of answers."""
    digest: str = ""
    """Of the requests that were sent, in their order, those left out that follow from an answer: the same for the same
    seed, document, models and hub."""

    def to_dict(self) -> dict[str, Any]:
        counters = {name: dict(getattr(self, name)) for name in _COUNTERS}
        return {**vars(self), **counters, "findings": [asdict(noted) for noted in self.findings]}

    @classmethod
    def of(cls, record: Record) -> Self:
        """Read the notes of a record; raises ValueError when it has none."""
        if record.notes is None:
            raise ValueError(f"{record.key} has no notes of a fuzz run")
        return cls.from_dict(record.notes)

    @classmethod
    def from_dict(cls, data: Mapping[str, Any]) -> Self:
        counters = {name: Counter(data[name]) for name in _COUNTERS}
        return cls(**{**data, **counters, "findings": [Noted(**item) for item in data["findings"]]})
