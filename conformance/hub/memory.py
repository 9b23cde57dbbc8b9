"""What the hub remembers between requests, bounded in number and in weight: the oldest goes first."""

import threading
from collections import OrderedDict
from contextvars import ContextVar
from dataclasses import dataclass
from typing import Generic, TypeVar

Kept = TypeVar("Kept")
ACCOUNT: ContextVar[int | None] = ContextVar("account", default=None)
"""Whose request is being answered; None where no credential is wanted."""


@dataclass(frozen=True)
class _Entry(Generic[Kept]):
    value: Kept
    weight: int
    owner: int | None

    @property
    def shown(self) -> bool:
        """Whether the present caller may know of it: its owner may, and whoever follows a link that wants no key."""
        return ACCOUNT.get() in (None, self.owner)


class Memory(Generic[Kept]):
    """Values by key, each known to its owner's account alone.

    `most` bounds their number, `heaviest` the sum of their weights (characters, say)."""

    def __init__(self, most: int = 512, heaviest: int = 32 * 1024 * 1024) -> None:
        self._most = most
        self._heaviest = heaviest
        self._kept: OrderedDict[object, _Entry[Kept]] = OrderedDict()
        self._weight = 0
        self._lock = threading.Lock()

    def keep(self, key: object, value: Kept, weight: int) -> None:
        """Remembers `value`, and forgets the oldest ones until all fit; a value too heavy for that is not kept."""
        with self._lock:
            self._drop(key)
            self._kept[key] = _Entry(value, weight, ACCOUNT.get())
            self._weight += weight
            while len(self._kept) > self._most or self._weight > self._heaviest:
                self._drop(next(iter(self._kept)))

    def find(self, key: object) -> Kept | None:
        """The value, None when it was never kept or is forgotten."""
        with self._lock:
            found = self._kept.get(key)
        return found.value if found and found.shown else None

    def forget(self, key: object) -> bool:
        """Whether there was such a value; there is none afterwards."""
        with self._lock:
            found = self._kept.get(key)
            return self._drop(key) if found and found.shown else False

    def _drop(self, key: object) -> bool:
        found = self._kept.pop(key, None)
        self._weight -= found.weight if found else 0
        return found is not None
