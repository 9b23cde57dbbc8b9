"""The smallest part in which two answers differ."""

from __future__ import annotations

import json
from dataclasses import replace

import pytest

from conformance.hub.faults import load_faults
from conformance.report.difference import Difference, differences
from conformance.spoiling import clean_replies, spoil_records
from conformance.wire.exchange import End, Exchange, Piece, Request
from conformance.wire.frames import Frame, Kind
from tests.matrix import OVER_THE_WIRE, CleanRun


def answer(body: bytes, kind: str = "application/json", *headers: tuple[str, str], status: int = 200) -> Exchange:
    request = Request("POST", "http://127.0.0.1/")
    pieces = (Piece(0.1, body),) if body else ()
    return Exchange(request, status=status, headers=(("content-type", kind), *headers), pieces=pieces, ended_at=0.2)


def first(right: Exchange, wrong: Exchange) -> Difference:
    return next(iter(differences(right, wrong)))


@pytest.mark.parametrize(
    ("right", "wrong", "where", "sides"),
    [
        ({"a": {"b": [1, 2]}}, {"a": {"b": [1, 3]}}, "/a/b/1", ("2", "3")),
        ({"a": 1, "b": 2}, {"a": 1}, "body", ('{"b": 2}', "(nothing)")),
        ({"a/b": {"c": 1}}, {"a/b": {"c": None}}, "/a~1b/c", ("1", "null")),
        ({"n": 1}, {"n": 1.0}, "/n", ("1", "1.0")),
        ({"n": True}, {"n": 1}, "/n", ("true", "1")),
        ([1, 2], [1], "body", ("[1, 2]", "[1]")),
        ({"a": 1, "b": 2, "c": 3}, {"a": 5, "b": 6, "c": 3}, "body", ('{"a": 1, "b": 2}', '{"a": 5, "b": 6}')),
    ],
)
def test_values_are_compared_as_deep_as_one_member_differs(
    right: object, wrong: object, where: str, sides: tuple[str, str]
) -> None:
    found = first(answer(json.dumps(right).encode()), answer(json.dumps(wrong).encode()))
    assert (found.where, (found.right, found.wrong)) == (where, sides)


def test_events_are_compared_one_by_one() -> None:
    kind = "text/event-stream"
    whole = b'data: {"id":"a","n":1}\n\ndata: {"id":"a","n":2}\n\ndata: [DONE]\n\n'
    other = whole.replace(b'"a","n":2', b'"b","n":2')
    assert first(answer(whole, kind), answer(other, kind)) == Difference("event 1 /id", '"a"', '"b"')
    short = whole.replace(b"data: [DONE]\n\n", b"")
    assert first(answer(whole, kind), answer(short, kind)) == Difference("event 2", "data: [DONE]", "(nothing)")
    crlf = whole.replace(b"\n\n", b"\n\r\n", 1)
    assert first(answer(whole, kind), answer(crlf, kind)).where.startswith("byte ")


def test_status_headers_bytes_end_times_and_frames() -> None:
    plain = answer(b"\x89PNG....", "image/png")
    assert first(plain, replace(plain, status=500)) == Difference("status", "HTTP 200", "HTTP 500")
    assert first(plain, answer(b"\x89PNG....", "image/png", ("X-A", "1\x1b"))).wrong == "X-A: 1\\u001b"
    assert first(plain, answer(b"\x89PNX....", "image/png")).where == "byte 3"
    assert first(plain, replace(plain, end=End.truncated, problem="it broke")).wrong == "truncated: it broke"
    assert first(plain, replace(plain, pieces=(Piece(3.0, plain.body),))).right == "0.10 s"
    silent = replace(plain, status=None, pieces=(), end=End.timeout, problem="no answer")
    assert [one.wrong for one in differences(plain, silent)] == ["no answer (no answer)"]
    frames = tuple(Frame(0.1, False, Kind.text, b'{"type":"x","n":%d}' % n) for n in (1, 2))
    talked = replace(plain, frames=frames)
    assert first(talked, replace(talked, frames=frames[:1])).where == "frame 2"
    changed = (frames[0], replace(frames[1], data=b'{"type":"x","n":9}'))
    assert first(talked, replace(talked, frames=changed)) == Difference("frame 2 /n", "2", "9")


def test_a_frame_of_another_kind_is_shown_as_such() -> None:
    text = Frame(0.1, False, Kind.text, b'{"type":"x"}')
    talked = replace(answer(b""), frames=(text,))
    found = first(talked, replace(talked, frames=(replace(text, kind=Kind.binary),)))
    assert (found.where, found.right, found.wrong) == ("frame 1", 'text {"type":"x"}', 'binary {"type":"x"}')


def test_what_is_long_is_shortened() -> None:
    found = first(answer(b'{"a":"%s"}' % (b"x" * 5000)), answer(b'{"a":"y"}'))
    assert len(found.right) < 400


def test_every_fault_makes_a_difference_that_can_be_shown(clean_run: CleanRun) -> None:
    clean = clean_replies(clean_run.records)
    for fault in (fault for fault in load_faults().values() if fault.family not in OVER_THE_WIRE):
        spoiled = spoil_records(clean_run.records, clean, fault)
        for key, record in spoiled.items():
            pairs = zip(clean_run.records[key].exchanges, record.exchanges, strict=True)
            for right, wrong in (pair for pair in pairs if pair[0] is not pair[1]):
                found = list(differences(right, wrong))
                assert found, (fault.id, key)
                assert all(one.right != one.wrong or len(one.right) > 300 for one in found), (fault.id, found)
