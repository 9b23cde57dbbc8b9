"""The event-stream decoder: what it dispatches, where, and what it notes."""

from __future__ import annotations

import re
import time
import tracemalloc
from itertools import pairwise

import pytest
from hypothesis import HealthCheck, example, given, settings
from hypothesis import strategies as st

from conformance.wire.exchange import Piece
from conformance.wire.sse import Decoder, EventStream, Kind, decode


def read(*parts: bytes) -> EventStream:
    return decode(Piece(float(number), part) for number, part in enumerate(parts))


def kinds(stream: EventStream) -> list[str]:
    return [str(found.kind) for found in stream.irregularities]


def test_an_impeccable_stream_has_events_and_nothing_else() -> None:
    body = b'event: delta\ndata: {"a": 1}\n\ndata: [DONE]\n\n'
    stream = read(body)
    first, last = stream.events
    assert (first.number, first.event, first.json, first.raw) == (0, "delta", {"a": 1}, body[:29])
    assert (last.number, last.event, last.data, last.offset, last.end) == (1, None, "[DONE]", 29, len(body))
    assert first.complete
    assert last.complete
    assert stream.irregularities == ()
    assert stream.rest == b""
    assert stream.after(first) == last.raw
    assert stream.after(last) == b""


def test_an_empty_body_holds_nothing() -> None:
    assert read() == read(b"", b"")
    assert read().events == ()


@pytest.mark.parametrize(
    ("body", "data"),
    [
        (b"data: a\ndata: b\n\n", "a\nb"),
        (b"data\n\n", ""),
        (b"data:\ndata\n\n", "\n"),
        (b"data:x\n\n", "x"),
        (b"data:  x\n\n", " x"),
        (b"data: a:b\n\n", "a:b"),
        (b"data: a\r\n\r\n", "a"),
        (b"data: a\r\r", "a"),
        (b"\xef\xbb\xbfdata: a\n\n", "a"),
        (b"data: \xe2\x80\xa8\n\n", "\u2028"),
        (b"data: \x0b\x0c\x1c\x85\n\n", "\x0b\x0c\x1c\ufffd"),
        (b"data: a\xe2\x82\n\n", "a\ufffd"),
    ],
)
def test_data_reads_as_in_the_standard(body: bytes, data: str) -> None:
    assert [event.data for event in read(body).events] == [data]


@pytest.mark.parametrize(
    ("body", "expected"),
    [
        (b"\xef\xbb\xbfdata: a\n\n", ["bom"]),
        (b"data: a\r\n\r\n", ["crlf"]),
        (b"data: a\r\r", ["cr"]),
        (b"data: a\r\n\n", ["crlf", "mixed-line-endings"]),
        (b": ping\n\ndata: a\n\n", ["comment"]),
        (b"data:a\n\n", ["no-space-after-colon"]),
        (b"data\n\n", ["empty-data", "field-without-colon"]),
        (b"Data: a\ndata: a\n\n", ["unknown-field"]),
        (b' data: a\n{"x": 1}\ndata: a\n\n', ["unknown-field", "unknown-field"]),
        (b"data:\n\n", ["empty-data"]),
        (b"event: ping\n\n", ["event-without-data"]),
        (b"id: 1\n\n", ["id-field", "id-only"]),
        (b"retry: 10\n\n", ["retry-only"]),
        (b"retry: 1x\ndata: a\n\n", ["bad-retry"]),
        (b"retry: \xc2\xb2\ndata: a\n\n", ["bad-retry"]),
        (b"id: a\0b\ndata: a\n\n", ["id-field", "nul-in-id"]),
        (b"data: \xff\n\n", ["invalid-utf8"]),
        (b"data: a\n", ["missing-final-blank-line"]),
        (b"data: a", ["missing-final-newline", "missing-final-blank-line"]),
        (b"data: a\n\n\n\ndata: b\n\n", ["extra-blank-lines"]),
        (b"data: a\n\n\n", ["extra-blank-lines"]),
        (b"\n\n\n", ["extra-blank-lines"]),
    ],
)
def test_what_is_worth_a_note(body: bytes, expected: list[str]) -> None:
    assert sorted(kinds(read(body))) == sorted(expected)


def test_an_irregularity_names_its_place() -> None:
    (found,) = read(b"data: a\n\n", b"data: b\xffc\n\n").of_kind(Kind.invalid_utf8)
    assert (found.offset, found.at) == (16, 1.0)
    (blank,) = read(b"data: a\n\n\n\ndata: b\n\n").of_kind("extra-blank-lines")
    assert (blank.offset, blank.detail) == (9, "2 of them")


def test_fields_of_an_event() -> None:
    (event,) = read(b"retry: 250\nid: 7\n: first\nevent: a\nevent: b\ndata: x\n: second\n\n").events
    assert (event.retry, event.id, event.event, event.comments) == (250, "7", "b", ("first", "second"))


def test_ids_are_not_carried_over() -> None:
    assert [event.id for event in read(b"id: 7\ndata: x\n\ndata: y\n\nid\ndata: z\n\n").events] == ["7", None, ""]


def test_an_event_that_the_end_cuts_is_kept_and_marked() -> None:
    stream = read(b'data: {"a": 1}\n\ndata: {"b"')
    whole, cut = stream.events
    assert (whole.complete, cut.complete, cut.data) == (True, False, '{"b"')
    assert stream.rest == cut.raw == b'data: {"b"'


def test_bytes_after_the_terminator_are_found() -> None:
    stream = read(b"data: [DONE]\n\n: bye\n\n\n")
    assert stream.after(stream.events[-1]) == b": bye\n\n\n"


def test_an_event_arrives_with_its_last_byte() -> None:
    assert [event.at for event in read(b"data: a\n", b"\ndata: b\n\n").events] == [1.0, 1.0]
    assert [event.at for event in read(b"data: a\r\n\r", b"\ndata: b\r\n\r\n").events] == [1.0, 1.0]
    assert [event.at for event in read(b"data: a\r\r", b"data: b\r\r").events] == [0.0, 1.0]


def test_a_carriage_return_at_the_end_of_a_piece_waits_for_the_next_byte() -> None:
    decoder = Decoder()
    assert decoder.feed(0.0, b"data: a\r\r") == []
    assert [event.raw for event in decoder.feed(1.0, b"\n")] == [b"data: a\r\r\n"]
    assert decoder.finish() == []


def test_cut_characters_and_frames_are_noted() -> None:
    stream = read(b"data: \xe2\x82", b"\xac\n\n", b"data: b\n\n", b"data: ", b"c\n\n")
    assert [event.data for event in stream.events] == ["\u20ac", "b", "c"]
    assert [found.offset for found in stream.of_kind("split-character")] == [8]
    assert [found.offset for found in stream.of_kind("frame-split")] == [8, 26]


def test_a_long_line_is_cut_and_the_rest_of_the_stream_is_read() -> None:
    stream = decode([Piece(0.0, b"data: " + b"x" * 100 + b"\n\ndata: b\n\n")], max_line=16)
    assert [(event.data, event.offset, event.end) for event in stream.events] == [
        ("x" * 10, 0, 108),
        ("b", 108, 117),
    ]
    assert stream.of_kind("line-too-long")[0].detail == "106 bytes, read 16 of them"
    assert stream.after(stream.events[0]) == b"data: b\n\n"


def test_events_and_notes_are_bounded_and_counted() -> None:
    stream = decode([Piece(0.0, b"data:x\n\n" * 50)], max_events=20, max_of_kind=5)
    assert len(stream.events) == 20
    assert len(stream.of_kind("no-space-after-colon")) == 5
    assert stream.counts[Kind.no_space_after_colon] == 20
    assert stream.counts[Kind.too_many_events] == 1


def test_thousands_of_events_are_read_at_once() -> None:
    event = b'data: {"id":"c","object":"chat.completion.chunk","choices":[{"index":0,"delta":{"content":"x"}}]}\n\n'
    pieces = [Piece(0.0, event)] * 5_000
    best = min(_seconds(pieces) for _ in range(3))
    assert best < 0.3, "a twentieth of a second is usual; this much more means that something is not linear"


def test_a_line_in_single_bytes_takes_linear_time() -> None:
    assert _seconds([Piece(0.0, b"x")] * 200_000) < 3


@pytest.mark.parametrize("line", [b"\n", b"\r\n", b":\n", b"data\n", b"x\r"])
def test_a_large_body_of_tiny_lines_takes_little_time_and_memory(line: bytes) -> None:
    body = line * (4 * 2**20 // len(line))
    tracemalloc.start()
    stream = decode([Piece(0.0, body)])
    most = tracemalloc.get_traced_memory()[1]
    tracemalloc.stop()
    assert stream.of_kind("too-many-events")[0].detail == "stopped after 50000 lines"
    assert most < 50 * 2**20
    assert _seconds([Piece(0.0, body)]) < 2, "a quarter of a second is usual"


@pytest.mark.parametrize("size", [1, 2, 3])
def test_line_endings_between_slices_are_not_torn(size: int) -> None:
    """Slices are 64 KiB; a CR LF must come through on each side of their border."""
    filler = b": " + b"x" * (2**16 - 2 - size)
    stream = read(filler + b"\r\ndata: a\r\n\r\ndata: b\r\n\r\n")
    assert [event.data for event in stream.events] == ["a", "b"]
    assert stream.counts[Kind.crlf] == 1
    assert not stream.of_kind("cr", "lf", "mixed-line-endings", "frame-split")


def _seconds(pieces: list[Piece]) -> float:
    start = time.process_time()
    decode(pieces)
    return time.process_time() - start


# The oracle reads the whole body by one regular expression for blocks, which shares no idea with the decoder.

_BREAK = rb"(?:\r\n|\r(?!\n)|\n)"
_BLOCK = re.compile(rb"((?:[^\r\n]+%b)+)%b" % (_BREAK, _BREAK))


def oracle(body: bytes) -> list[tuple[str, str | None, int, int]]:
    """Data, event name, offset and end of every dispatched event."""
    start = 3 if body.startswith(b"\xef\xbb\xbf") else 0
    found = []
    for block in _BLOCK.finditer(body, start):
        text = block[1].decode("utf-8", "replace")
        lines = [line.split(":", 1) for line in re.split("\r\n|\r|\n", text)[:-1]]
        fields = [(line[0], line[1].removeprefix(" ") if len(line) > 1 else "") for line in lines]
        data = [value for name, value in fields if name == "data"]
        names = [value for name, value in fields if name == "event"]
        if data:
            found.append(("\n".join(data), names[-1] if names else None, block.start(), block.end()))
    return found


_WORDS = [
    *(b"data: ", b"data:", b"data", b"event: ", b"id: ", b"retry: ", b"1", b":", b": note", b" ", b"x", b"Data: y"),
    *(
        b"\n",
        b"\n",
        b"\n\n",
        b"\r",
        b"\r\n",
        b"\r\n\r\n",
        b"\xef\xbb\xbf",
        b"\xe2\x82\xac",
        b"\xe2\x82",
        b"\xff",
        b"\0",
    ),
]
_BODIES = st.lists(st.sampled_from(_WORDS), max_size=40).map(b"".join)


@settings(max_examples=150, deadline=None, derandomize=True, suppress_health_check=list(HealthCheck), database=None)
@given(body=_BODIES, cuts=st.lists(st.integers(0, 120), max_size=12))
@example(body=b"data: a\r\n\r\ndata: \xe2\x82\xac\r\r\n\n", cuts=list(range(30)))
def test_cutting_changes_no_event(body: bytes, cuts: list[int]) -> None:
    marks = sorted({0, len(body), *(cut for cut in cuts if cut < len(body))})
    parts = [body[start:end] for start, end in pairwise(marks)]
    cut, whole = read(*parts), read(body)
    dispatched = [event for event in cut.events if event.complete]
    assert [(event.data, event.event, event.offset, event.end) for event in dispatched] == oracle(body)
    assert all(event.raw == body[event.offset : event.end] for event in cut.events)
    assert all(marks[int(event.at)] < event.end <= marks[int(event.at) + 1] for event in cut.events)
    assert _without_times(cut) == _without_times(whole)
    assert (cut.rest, cut.body) == (whole.rest, body)


def _without_times(stream: EventStream) -> object:
    of_pieces = {Kind.frame_split, Kind.split_character}
    notes = [(f.kind, f.offset, f.detail) for f in stream.irregularities if f.kind not in of_pieces]
    fields = [(e.number, e.data, e.event, e.id, e.retry, e.complete, e.comments, e.line_endings) for e in stream.events]
    return notes, fields
