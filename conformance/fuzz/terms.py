"""How much a fuzz run may ask, and of what."""

from __future__ import annotations

from collections.abc import Mapping
from dataclasses import asdict, dataclass
from typing import Any, Self

DEFAULT_SEED = 1
REMOTE_BUDGET = 300
"""Requests that a whole run may send to a deployment when nothing else was said."""


@dataclass(frozen=True)
class Terms:
    """Sizes are for one operation. `budget` is the most requests of the whole run, None for any number."""

    level: str
    cases: int
    """Cases of the coverage phase, drawn evenly over what they are about."""
    random: int
    """Random requests of each kind, valid and invalid."""
    smaller: int
    """Requests that may be spent on making one finding's request smaller."""
    seconds: float
    """After this time no new request is begun."""
    seed: int = DEFAULT_SEED
    budget: int | None = None
    save: str = ""
    """Folder of kept cases; empty for none."""
    storage: str = ""
    """Folder for made requests and for what the generator caches; empty to keep nothing."""

    def to_dict(self) -> dict[str, Any]:
        return asdict(self)

    @classmethod
    def from_dict(cls, data: Mapping[str, Any]) -> Self:
        return cls(**data)


LEVELS: Mapping[str, Terms] = {
    "quick": Terms("quick", cases=40, random=2, smaller=16, seconds=150),
    "standard": Terms("standard", cases=150, random=20, smaller=40, seconds=600),
    "deep": Terms("deep", cases=100_000, random=200, smaller=120, seconds=3600),
}
