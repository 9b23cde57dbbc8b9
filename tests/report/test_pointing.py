"""Where a finding points: at an event, a frame, a header, or a value in a body."""

from __future__ import annotations

import json
from typing import Any

import pytest
from hypothesis import HealthCheck, given, settings
from hypothesis import strategies as st

from conformance.report.bytesview import view, visible
from conformance.report.pointing import LAST, Aim, aim, locate
from tests.report.example import answer, stream


@pytest.mark.parametrize(
    ("at", "expected"),
    [
        ("", Aim()),
        ("event 3", Aim(event=3)),
        ("the last event", Aim(event=LAST)),
        ("event 12 /choices/0", Aim(event=12, pointer="/choices/0")),
        ("event 12, /choices/0", Aim(event=12, pointer="/choices/0")),
        ("frame 2", Aim(frame=2)),
        ("/error/code", Aim(pointer="/error/code")),
        ("usage/total_tokens", Aim(pointer="/usage/total_tokens")),
        ("Content-Type", Aim(header="content-type")),
        ("between two of them", Aim()),
    ],
)
def test_reading_what_judges_write(at: str, expected: Aim) -> None:
    assert aim(at) == expected


JSON = st.recursive(
    st.none() | st.booleans() | st.integers() | st.text(),
    lambda inner: st.lists(inner, max_size=4) | st.dictionaries(st.text(), inner, max_size=4),
    max_leaves=20,
)


def pointers(value: Any, prefix: str = "") -> list[tuple[str, Any]]:
    found = [(prefix, value)]
    items = value.items() if isinstance(value, dict) else enumerate(value) if isinstance(value, list) else ()
    for name, inner in items:
        found += pointers(inner, f"{prefix}/{str(name).replace('~', '~0').replace('/', '~1')}")
    return found


@settings(deadline=None, derandomize=True, database=None, suppress_health_check=list(HealthCheck))
@given(JSON, st.sampled_from([None, 2]))
def test_every_value_is_found_where_it_stands(value: Any, indent: int | None) -> None:
    text = json.dumps(value, indent=indent)
    for pointer, wanted in pointers(value):
        span = locate(text, pointer)
        assert span is not None
        assert (span.found, json.loads(text[span.start : span.end])) == (pointer, wanted)


@pytest.mark.parametrize("text", ["", "{", '{"a"', "nope", "[" * 100_000])
def test_what_is_no_json_points_nowhere(text: str) -> None:
    assert locate(text, "/a/0/b") is None


def test_a_missing_member_points_at_its_parent() -> None:
    span = locate('{"error": {"code": 1}}', "/error/param")
    assert span is not None
    assert span.found == "/error"


def marked(segments: Any) -> list[str]:
    return [segment.text for segment in segments if segment.kind == "mark"]


def test_a_value_in_a_body_is_marked() -> None:
    shown = view(answer({"a": "x" * 20_000, "error": {"code": "here"}, "b": "y" * 20_000}), "/error/code")
    assert marked(shown.body) == ['"here"']
    assert sum(len(segment.text) for segment in shown.body) < 7_000
    assert next(segment.kind for segment in shown.body) == "cut"


def test_an_event_of_a_long_stream_is_marked_among_its_neighbours() -> None:
    exchange = stream([f'data: {{"n": {n}, "pad": "{"." * 300}"}}\n\n'.encode() for n in range(500)])
    shown = view(exchange, "event 250 /n")
    names = [block.name for block in shown.blocks]
    assert [block.name for block in shown.blocks if block.marked] == ["event 250"]
    assert marked(next(block.segments for block in shown.blocks if block.marked)) == ["250"]
    assert {"event 247", "event 253", "event 0", "event 499", ""} <= set(names)
    assert shown.size < 60_000
    assert shown.timeline is not None
    assert shown.timeline.mark is not None


def test_bytes_between_events_and_after_the_last_are_shown() -> None:
    shown = view(stream([b": hello\n\ndata: 1\n\n", b"data: cut off"]))
    assert (
        "".join(segment.text for block in shown.blocks for segment in block.segments) == ": hellodata: 1data: cut off"
    )


@pytest.mark.parametrize("at", ["event 99", "the last event", "/nowhere/at/all", "frame 7", "x-missing"])
def test_a_place_that_is_not_there_is_said_and_harms_nothing(at: str) -> None:
    assert view(answer({"a": 1}), at).note


def test_binary_bodies_are_shown_as_bytes() -> None:
    (first, note) = view(answer(bytes(range(256)) * 10)).body
    assert first.text.startswith("000000  00 01 02")
    assert note.text == "2,560 bytes in all"


def test_what_cannot_be_seen_is_escaped() -> None:
    assert visible("a\x1b[1m\r\n\u202eb\u00a0\ud800") == "a\\x1b[1m\\x0d\n\\u202eb\\xa0\\ud800"
