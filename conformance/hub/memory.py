"""What the hub remembers between requests, bounded in number and in weight: the oldest goes first."""

import threading
from collections import OrderedDict
from typing import Generic, TypeVar

Kept = TypeVar("Kept")


class Memory(Generic[Kept]):
    """Values by key. `most` bounds their number, `heaviest` the sum of their weights (characters, say)."""

    def __init__(self, most: int = 512, heaviest: int = 32 * 1024 * 1024) -> None:
        self._most = most
        self._heaviest = heaviest
        self._kept: OrderedDict[object, tuple[Kept, int]] = OrderedDict()
        self._weight = 0
        self._lock = threading.Lock()

    def keep(self, key: object, value: Kept, weight: int) -> None:
        """Remembers `value`, and forgets the oldest ones until all fit; a value too heavy for that is not kept."""
        with self._lock:
            self._drop(key)
            self._kept[key] = value, weight
            self._weight += weight
            while len(self._kept) > self._most or self._weight > self._heaviest:
                self._drop(next(iter(self._kept)))

    def find(self, key: object) -> Kept | None:
        """The value, None when it was never kept or is forgotten."""
        with self._lock:
            found = self._kept.get(key)
        return found[0] if found else None

    def forget(self, key: object) -> bool:
        """Whether there was such a value; there is none afterwards."""
        with self._lock:
            return self._drop(key)

    def _drop(self, key: object) -> bool:
        found = self._kept.pop(key, None)
        self._weight -= found[1] if found else 0
        return found is not None
