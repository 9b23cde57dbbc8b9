"""Evidence: what the probes recorded, kept as one compressed file a probe so that workers share it and nothing is lost.

The format is told in `docs/evidence.md`.
"""

from __future__ import annotations

import gzip
import json
import os
import re
import threading
import zlib
from collections.abc import Callable, Iterator
from dataclasses import dataclass
from pathlib import Path
from typing import Any, Literal, Self

from conformance.wire.coding import MAX_DECODED, MAX_RATIO
from conformance.wire.exchange import Exchange
from conformance.wire.sse import MAX_LINES

FORMAT = 1
"""Version of the evidence files; a reader refuses what it does not know."""
SUFFIX = ".json.gz"
MOST_TEXT = 256 * 2**20
"""Bytes of JSON in one evidence file; a file that unpacks to more is refused before it fills the memory."""
_LEVEL = 4
POLL = 0.01
"""Seconds between two looks for evidence that another process records."""

MOST_KEPT = 64 * 2**20
"""Bytes of memory that evidence takes which stays there, with all that judges make of it; a guess, from above."""
_PIECE = 256
"""Bytes of memory that a piece takes beside its data."""
_COPIES, _LINE, _VALUE, _DENSEST = 4, 400, 96, 24
"""How often a body is there besides, as text and parsed; the same bytes of an event for each of its lines, and of JSON
for each object, list, and comma; and the most for each byte."""

ProblemKind = Literal["inconclusive", "not-testable", "not-offered", "error"]


class EvidenceError(Exception):
    """Evidence that cannot be read; the text names the file and what to do."""


@dataclass(frozen=True)
class Record:
    """What one probe brought home.

    `many` says that the probe is a conversation, so that judges get a tuple even when it ended after one exchange.
    `problem` is the reason why the probe itself could not finish; then `exchanges` holds what it got so far.
    `notes` is what a probe says beside its exchanges, as JSON; its judges get the whole record. `cost` is what asking
    took, more exchanges than those kept included: requests, the billable ones of them, output tokens that came, output
    tokens that were allowed.
    """

    key: str
    exchanges: tuple[Exchange, ...] = ()
    many: bool = False
    problem: str = ""
    problem_kind: ProblemKind = "not-testable"
    notes: dict[str, Any] | None = None
    cost: tuple[int, int, int, int] = (0, 0, 0, 0)

    def to_dict(self) -> dict[str, Any]:
        return {
            "format": FORMAT,
            "key": self.key,
            "many": self.many,
            "problem": self.problem,
            "problem_kind": self.problem_kind,
            "exchanges": [exchange.to_dict() for exchange in self.exchanges],
            "notes": self.notes,
            "cost": self.cost,
        }

    @property
    def size(self) -> int:
        """About how many bytes of memory it takes."""
        return sum(_size(exchange) for exchange in self.exchanges)

    @classmethod
    def from_dict(cls, data: dict[str, Any]) -> Self:
        """Read what `to_dict` wrote.

        Raises:
            EvidenceError: the evidence has another format version.
        """
        if data.get("format") != FORMAT:
            raise EvidenceError(f"evidence of format {data.get('format')!r} cannot be read: this suite reads {FORMAT}")
        return cls(
            key=data["key"],
            exchanges=tuple(Exchange.from_dict(e) for e in data["exchanges"]),
            many=data["many"],
            problem=data["problem"],
            problem_kind=data["problem_kind"],
            notes=data.get("notes"),
            cost=tuple(data.get("cost", (0, 0, 0, 0))),
        )


def _size(exchange: Exchange) -> int:
    size = sum(_PIECE + len(piece.data) for piece in exchange.pieces)
    size += sum(_PIECE + len(frame.data) for frame in exchange.frames)
    size += sum(_made_of(piece.data) for piece in exchange.pieces) + sum(_made_of(f.data) for f in exchange.frames)
    if exchange.header("content-encoding"):
        size = _DENSEST * min(MAX_DECODED, MAX_RATIO * size)
    return len(exchange.request.body) + size


def _made_of(data: bytes) -> int:
    """Bytes of memory that a reader makes of some bytes: of three of JSON, a hundred."""
    values = data.count(b"{") + data.count(b"[") + data.count(b",")
    return _COPIES * len(data) + min(data.count(b"\n"), MAX_LINES) * _LINE + values * _VALUE


def packed(record: Record) -> bytes:
    """A record as the bytes of its file; equal records give equal bytes."""
    return gzip.compress(json.dumps(record.to_dict(), ensure_ascii=True).encode("ascii"), _LEVEL, mtime=0)


def unpacked(content: bytes, name: str = "this file") -> bytes:
    """The JSON text of an evidence file.

    Raises:
        EvidenceError: it is not gzip, is damaged, has something behind its end, or unpacks to more than `MOST_TEXT`.
    """
    stream = zlib.decompressobj(wbits=31)
    try:
        text = stream.decompress(content, MOST_TEXT)
    except zlib.error as problem:
        raise EvidenceError(f"{name} is not evidence of this suite: {problem}") from None
    if not stream.eof and stream.unconsumed_tail:
        raise EvidenceError(f"{name} unpacks to more than {MOST_TEXT >> 20} MiB, which no evidence does")
    if not stream.eof or stream.unused_data:
        raise EvidenceError(
            f"{name} is not evidence of this suite: it is cut short, or something stands behind its end"
        )
    return text


def read_record(path: Path) -> Record:
    """The record of an evidence file.

    Raises:
        EvidenceError: the file is damaged, no evidence, or of a version that this suite does not know.
        OSError: it cannot be read.
    """
    text = unpacked(path.read_bytes(), str(path))
    try:
        return Record.from_dict(json.loads(text))
    except EvidenceError as problem:
        raise EvidenceError(f"{path}: {problem}") from None
    except (ValueError, KeyError, TypeError, AttributeError, RecursionError) as problem:
        raise EvidenceError(f"{path} is not evidence of this suite: {problem!r}") from problem


class Store:
    """Records by key, as files of a folder that several processes may share; those used last stay in memory."""

    def __init__(self, folder: Path) -> None:
        self.folder = folder
        self._records: dict[str, Record] = {}
        self._sizes: dict[str, int] = {}
        self._arrived = threading.Condition()

    def put(self, record: Record) -> None:
        """Keep a record, on disk first: whoever sees it in memory may rely on the file.

        Raises:
            OSError: it cannot be written.
        """
        path = self.path(record.key)
        path.parent.mkdir(parents=True, exist_ok=True)
        draft = path.with_suffix(f".{os.getpid()}.part")
        draft.write_bytes(packed(record))
        draft.replace(path)
        with self._arrived:
            self._keep(record)
            self._arrived.notify_all()

    def _keep(self, record: Record) -> None:
        """Hold a record in memory, and let go of the oldest when they are too much together."""
        self._records.pop(record.key, None)
        self._records[record.key] = record
        self._sizes[record.key] = record.size
        while len(self._records) > 1 and sum(self._sizes.values()) > MOST_KEPT:
            oldest = next(iter(self._records))
            del self._records[oldest], self._sizes[oldest]

    def get(self, key: str) -> Record | None:
        """The record, from memory or disk, or None when there is none yet."""
        with self._arrived:
            known = self._records.pop(key, None)
            if known is not None:
                self._records[key] = known
                return known
        path = self.path(key)
        if not path.exists():
            return None
        record = read_record(path)
        with self._arrived:
            self._keep(record)
        return record

    def wait(self, key: str, still_coming: Callable[[], bool]) -> Record | None:
        """Wait for a record while `still_coming()` is true; None when it will never come."""
        while True:
            coming = still_coming()
            record = self.get(key)
            if record is not None or not coming:
                return record
            with self._arrived:
                self._arrived.wait(POLL)

    def path(self, key: str) -> Path:
        """The file of a key; keys are probe names, with an operation's id in brackets where there are many."""
        return self.folder / (re.sub(r"[^A-Za-z0-9_.-]", "~", key) + SUFFIX)

    @property
    def files(self) -> list[Path]:
        """The files of all records, by name."""
        return sorted(self.folder.glob(f"*{SUFFIX}"))

    def __iter__(self) -> Iterator[Record]:
        for path in self.files:
            record = read_record(path)
            yield self._records.get(record.key, record)

    def clear(self) -> None:
        """Forget and delete all records, and what an interrupted run left half written."""
        self._records.clear()
        self._sizes.clear()
        for pattern in (f"*{SUFFIX}", "*.part"):
            for path in self.folder.glob(pattern):
                path.unlink(missing_ok=True)
