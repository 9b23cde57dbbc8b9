"""Event streams at byte level (WHATWG HTML, section 9.2 "Server-sent events").

The decoder records and decides nothing. It dispatches what a browser would dispatch, and notes beside it everything
that some client is known to stumble over, so that a judge can say which of it matters for its family.

The same bytes give the same events and offsets however they are cut into pieces. Only the times, and the kinds
``frame-split`` and ``split-character``, tell of the pieces.
"""

from __future__ import annotations

import codecs
from collections import Counter
from collections.abc import Iterable, Iterator, Mapping
from dataclasses import dataclass, field
from enum import StrEnum
from functools import cached_property
from typing import TYPE_CHECKING, Any

from conformance.wire import strictjson

if TYPE_CHECKING:
    from conformance.wire.exchange import Piece

__all__ = ["Decoder", "Event", "EventStream", "Irregularity", "Kind", "decode"]

MAX_LINE = 4 * 2**20
MAX_EVENTS = 5_000
MAX_OF_KIND = 1_000
MAX_LINES = 50_000
_SLICE = 2**16
"""Bytes that are cut into lines at once: a list of all lines of a large body would take forty times its size."""


class Kind(StrEnum):
    """What is worth a note. Most kinds are legal; the word in brackets tells what a client of the standard does."""

    bom = "bom"
    """A byte order mark opens the stream (ignored)."""
    crlf = "crlf"
    """Lines end with CR LF (legal); noted once."""
    cr = "cr"
    """Lines end with CR alone (legal); noted once."""
    mixed_line_endings = "mixed-line-endings"
    """More than one kind of line ending (legal); noted once."""
    comment = "comment"
    """A line that starts with a colon (ignored)."""
    no_space_after_colon = "no-space-after-colon"
    """``data:x`` (legal)."""
    field_without_colon = "field-without-colon"
    """``data`` alone (legal, the value is empty)."""
    unknown_field = "unknown-field"
    """A field name that the standard does not know; names are case-sensitive (ignored)."""
    empty_data = "empty-data"
    """An event whose data is empty (dispatched)."""
    event_without_data = "event-without-data"
    """A block with an event name and no data (not dispatched)."""
    id_only = "id-only"
    """A block with an id and no data (not dispatched)."""
    retry_only = "retry-only"
    """A block with a retry time and no data (not dispatched)."""
    id_field = "id-field"
    """A line with an id (legal)."""
    nul_in_id = "nul-in-id"
    """An id with a NUL in it (the line is ignored)."""
    bad_retry = "bad-retry"
    """A retry time that is not made of ASCII digits (the line is ignored)."""
    invalid_utf8 = "invalid-utf8"
    """Bytes that are not UTF-8 (each replaced by U+FFFD)."""
    missing_final_newline = "missing-final-newline"
    """The body ends inside a line (the line is dropped)."""
    missing_final_blank_line = "missing-final-blank-line"
    """The body ends inside a block (the block is dropped)."""
    extra_blank_lines = "extra-blank-lines"
    """Blank lines that close nothing (ignored); a run of them is noted once."""
    line_too_long = "line-too-long"
    """A line longer than this decoder keeps; what is beyond was cut."""
    too_many_events = "too-many-events"
    """More events or lines than this decoder reads; the rest of the body was not read."""
    split_character = "split-character"
    """A piece ended inside a multi-byte character."""
    frame_split = "frame-split"
    """A piece ended inside a block (says nothing about the hub: networks do that)."""


@dataclass(frozen=True)
class Event:
    """One dispatched event, or the one that the end of the body cut off (``complete`` is False then)."""

    number: int
    """Position in the stream, from 0."""
    data: str
    """Values of the data lines, joined with LF."""
    raw: bytes
    """Its bytes, blank line included."""
    offset: int
    """Byte offset in the body of its first byte."""
    end: int
    """Byte offset in the body after its last byte."""
    at: float
    """Arrival, in seconds, of the piece that holds its last byte."""
    event: str | None = None
    """Event name; None when no line gives one."""
    id: str | None = None
    """Id given in this very event; ids of earlier events are not carried over."""
    retry: int | None = None
    """Reconnection time in milliseconds."""
    complete: bool = True
    """Whether a blank line closed it."""
    comments: tuple[str, ...] = ()
    """Comments between its lines."""
    line_endings: tuple[str, ...] = ("lf",)
    """The kinds of line ending in it, of lf, crlf and cr, in order of appearance."""

    @cached_property
    def json(self) -> Any:
        """The data as strict JSON; raises ValueError with a sentence that says what is wrong."""
        try:
            return strictjson.parse(self.data)
        except ValueError as error:
            raise ValueError(f"the data of event {self.number} is not strict JSON: {error}") from None


@dataclass(frozen=True, slots=True)
class Irregularity:
    """Something worth a note, at a byte offset of the body."""

    kind: Kind
    offset: int
    at: float
    detail: str = ""


@dataclass(frozen=True)
class EventStream:
    """All that a body holds when it is read as an event stream."""

    body: bytes = field(repr=False)
    events: tuple[Event, ...]
    irregularities: tuple[Irregularity, ...]
    """In order of their offsets; at most 1000 of a kind."""
    rest: bytes
    """Bytes of the last block when no blank line closed it."""
    counts: Mapping[Kind, int]
    """How often each kind occurred, those beyond the 1000 included."""

    def after(self, event: Event) -> bytes:
        """Everything that follows the event in the body."""
        return self.body[event.end :]

    def of_kind(self, *kinds: Kind | str) -> tuple[Irregularity, ...]:
        """The irregularities of some kinds."""
        return tuple(found for found in self.irregularities if found.kind in kinds)


def decode(
    pieces: Iterable[Piece], *, max_line: int = MAX_LINE, max_events: int = MAX_EVENTS, max_of_kind: int = MAX_OF_KIND
) -> EventStream:
    """Reads a whole body. Takes linear time; the bounds are those of ``Decoder``."""
    decoder = Decoder(max_line=max_line, max_events=max_events, max_of_kind=max_of_kind)
    events: list[Event] = []
    parts = []
    for piece in pieces:
        parts.append(piece.data)
        events += decoder.feed(piece.at, piece.data)
    events += decoder.finish()
    irregularities = sorted(decoder.irregularities, key=lambda found: found.offset)
    return EventStream(b"".join(parts), tuple(events), tuple(irregularities), decoder.rest, decoder.counts)


class Decoder:
    """Reads a stream piece by piece: ``feed`` every piece, then ``finish`` once.

    Keeps no more than the block that is being read, ``max_line`` bytes of a line and ``max_of_kind`` irregularities of
    each kind. After ``max_events`` events or ``max_lines`` lines it reads no further.
    """

    def __init__(
        self,
        *,
        max_line: int = MAX_LINE,
        max_events: int = MAX_EVENTS,
        max_of_kind: int = MAX_OF_KIND,
        max_lines: int = MAX_LINES,
    ) -> None:
        self.irregularities: list[Irregularity] = []
        self.counts: Counter[Kind] = Counter()
        self.rest = b""
        self._max_line = max_line
        self._max_events = max_events
        self._max_of_kind = max_of_kind
        self._max_lines = self._lines_left = max_lines
        self._full = False
        self._number = 0
        self._at = 0.0
        self._last_bytes = b""
        self._received = 0
        # The line that is being read. A CR at the end of a piece is held back until it is known whether a LF follows.
        self._line = bytearray()
        self._cut = 0
        self._held_cr = False
        # `_next` is the offset of the first byte that belongs to no finished line.
        self._next = 0
        self._block = _Block(0)
        self._blank_since = -1
        self._blank_count = 0
        self._endings: dict[str, None] = {}
        self._dispatched: list[Event] = []

    def feed(self, at: float, data: bytes) -> list[Event]:
        """Takes the next bytes, which arrived at a time in seconds; returns the events that are now complete."""
        if not data or self._full:
            return []
        start = 0
        if self._held_cr:
            if data[0] == _LF:
                self._at = at
                self._close(b"\r\n")
                start = 1
            else:
                self._close(b"\r")
        self._note_boundary()
        self._received += len(data)
        self._at = at
        for line in _lines(data, start):
            if self._full:
                break
            if self._held_cr:
                self._close(b"\r")
            if line[-1] == _LF and not self._line and not self._cut and len(line) <= self._max_line:
                self._take(line, len(line))
            else:
                self._extend(line)
        self._last_bytes = (self._last_bytes + data[-3:])[-3:]
        return self._drain()

    def finish(self) -> list[Event]:
        """The body has ended; returns what this completes, and the event that it cut off, if any."""
        if self._full:
            return self._drain()
        if self._held_cr:
            self._close(b"\r")
        if self._line or self._cut:
            self._note(Kind.missing_final_newline, self._next)
            self._close(b"")
        self._end_of_blanks()
        if self._block.raw:
            self._cut_off()
        return self._drain()

    def _drain(self) -> list[Event]:
        events, self._dispatched = self._dispatched, []
        return events

    def _note_boundary(self) -> None:
        inside_line = bool(self._line or self._cut)
        if not inside_line and not self._block.raw:
            return
        self._note(Kind.frame_split, self._received)
        if inside_line and _ends_inside_character(self._last_bytes):
            self._note(Kind.split_character, self._received)

    def _extend(self, part: bytes) -> None:
        content = part.rstrip(b"\r\n")
        room = self._max_line - len(self._line)
        self._line += content[:room]
        self._cut += len(content) - len(content[:room])
        ending = part[len(content) :]
        if ending == b"\r":
            self._held_cr = True
        elif ending:
            self._close(ending)

    def _close(self, ending: bytes) -> None:
        line, cut = bytes(self._line), self._cut
        self._line.clear()
        self._cut = 0
        self._held_cr = False
        if cut:
            self._note(Kind.line_too_long, self._next, f"{len(line) + cut} bytes, read {len(line)} of them")
        self._take(line + ending, len(line) + cut + len(ending))

    def _take(self, line: bytes, length: int) -> None:
        offset = self._next
        self._next += length
        self._lines_left -= 1
        if self._lines_left < 0:
            self._stop(f"{self._max_lines} lines", offset)
            return
        content, ending = _without_ending(line)
        if ending not in self._endings and ending:
            self._new_ending(ending, offset)
        if offset == 0 and content.startswith(codecs.BOM_UTF8):
            self._note(Kind.bom, 0)
            content, line, offset = content[3:], line[3:], 3
        block = self._block
        if not block.raw:
            if not content:
                self._blank(offset, length if ending else 0)
                return
            self._end_of_blanks()
            block.offset = offset
        block.raw += line
        block.end = self._next
        if ending:
            block.endings[ending] = None
        if content:
            self._field(content, offset)
        elif ending:
            self._dispatch(block)

    def _new_ending(self, ending: str, offset: int) -> None:
        if ending != "lf":
            self._note(Kind(ending), offset)
        if len(self._endings) == 1:
            self._note(Kind.mixed_line_endings, offset, f"{ending} after {next(iter(self._endings))}")
        self._endings[ending] = None

    def _blank(self, offset: int, length: int) -> None:
        if length and self._blank_since < 0:
            self._blank_since = offset
        self._blank_count += bool(length)

    def _end_of_blanks(self) -> None:
        if self._blank_count:
            self._note(Kind.extra_blank_lines, self._blank_since, f"{self._blank_count} of them")
        self._blank_since, self._blank_count = -1, 0

    def _field(self, content: bytes, offset: int) -> None:
        try:
            text = content.decode("utf-8")
        except UnicodeDecodeError as error:
            bad = content[error.start : error.start + 4]
            self._note(Kind.invalid_utf8, offset + error.start, f"{bad!r} ({error.reason})")
            text = content.decode("utf-8", "replace")
        name, colon, value = text.partition(":")
        if value.startswith(" "):
            value = value[1:]
        elif value and name in _FIELDS:
            self._note(Kind.no_space_after_colon, offset, name)
        block = self._block
        if name == "data":
            block.data.append(value)
        elif name == "event":
            block.event = value
        elif name == "":
            block.comments.append(value)
            self._note(Kind.comment, offset, _short(value))
            return
        elif name == "id":
            self._id(value, offset)
        elif name == "retry":
            self._retry(value, offset)
        else:
            self._note(Kind.unknown_field, offset, _short(name))
        block.has_fields = True
        if not colon and name in _FIELDS:
            self._note(Kind.field_without_colon, offset, name)

    def _id(self, value: str, offset: int) -> None:
        self._note(Kind.id_field, offset, _short(value))
        if "\0" in value:
            self._note(Kind.nul_in_id, offset, _short(value))
        else:
            self._block.id = value

    def _retry(self, value: str, offset: int) -> None:
        if value.isascii() and value.isdigit() and len(value) <= 18:
            self._block.retry = int(value)
        else:
            self._note(Kind.bad_retry, offset, _short(value))

    def _dispatch(self, block: _Block) -> None:
        self._block = _Block(self._next)
        if block.data:
            self._emit(block, complete=True)
        elif block.event is not None:
            self._note(Kind.event_without_data, block.offset, _short(block.event))
        elif block.id is not None:
            self._note(Kind.id_only, block.offset, _short(block.id))
        elif block.retry is not None:
            self._note(Kind.retry_only, block.offset, str(block.retry))

    def _cut_off(self) -> None:
        block = self._block
        self.rest = bytes(block.raw)
        if block.has_fields:
            self._note(Kind.missing_final_blank_line, block.end)
        if block.data:
            self._emit(block, complete=False)

    def _emit(self, block: _Block, *, complete: bool) -> None:
        data = "\n".join(block.data) if len(block.data) > 1 else block.data[0]
        if not data:
            self._note(Kind.empty_data, block.offset, block.event or "")
        self._dispatched.append(
            Event(
                self._number,
                data,
                bytes(block.raw),
                block.offset,
                block.end,
                self._at,
                block.event,
                block.id,
                block.retry,
                complete,
                tuple(block.comments),
                tuple(block.endings),
            )
        )
        self._number += 1
        if self._number == self._max_events:
            self._stop(f"{self._max_events} events", block.end)

    def _stop(self, what: str, offset: int) -> None:
        self._full = True
        self._note(Kind.too_many_events, offset, f"stopped after {what}")

    def _note(self, kind: Kind, offset: int, detail: str = "") -> None:
        self.counts[kind] += 1
        if self.counts[kind] <= self._max_of_kind:
            self.irregularities.append(Irregularity(kind, offset, self._at, detail))


class _Block:
    """The lines since the last blank one."""

    __slots__ = ("comments", "data", "end", "endings", "event", "has_fields", "id", "offset", "raw", "retry")

    def __init__(self, offset: int) -> None:
        self.offset = self.end = offset
        self.raw = bytearray()
        self.data: list[str] = []
        self.comments: list[str] = []
        self.endings: dict[str, None] = {}
        self.event: str | None = None
        self.id: str | None = None
        self.retry: int | None = None
        self.has_fields = False


_LF = 0x0A
_FIELDS = frozenset({"data", "event", "id", "retry"})


def _lines(data: bytes, start: int) -> Iterator[bytes]:
    """Lines with their endings; one that goes over the end of a slice comes in parts, yet never between CR and LF."""
    while start < len(data):
        end = start + _SLICE
        if data[end - 1 : end + 1] == b"\r\n":
            end += 1
        yield from data[start:end].splitlines(keepends=True)
        start = end


def _without_ending(line: bytes) -> tuple[bytes, str]:
    if line.endswith(b"\r\n"):
        return line[:-2], "crlf"
    if line.endswith(b"\n"):
        return line[:-1], "lf"
    if line.endswith(b"\r"):
        return line[:-1], "cr"
    return line, ""


def _ends_inside_character(data: bytes) -> bool:
    """Whether the bytes end with the beginning of a UTF-8 sequence; three bytes are enough to tell."""
    for length in range(1, min(3, len(data)) + 1):
        byte = data[-length]
        if byte >= 0xC0:
            needed = 2 if byte < 0xE0 else 3 if byte < 0xF0 else 4
            return length < needed
        if byte < 0x80:
            return False
    return False


def _short(text: str) -> str:
    return text if len(text) <= 60 else text[:57] + "..."
