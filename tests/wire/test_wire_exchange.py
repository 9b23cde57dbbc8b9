"""Exchanges as plain data: reading, strict JSON, content codings, and the way to a file and back."""

from __future__ import annotations

import gzip
import json
import time
import zlib
from dataclasses import FrozenInstanceError, replace

import pytest
from hypothesis import given, settings
from hypothesis import strategies as st

from conformance.wire import coding
from conformance.wire.exchange import End, Exchange, Piece, Request, json_irregularities
from conformance.wire.limits import Limits

REQUEST = Request("POST", "https://hub.test/v1/x", (("A", "b"),), b'{"q": 1}', "chat-completions")


def packed_by_gzip(data: bytes) -> bytes:
    """Without the time, which would give the tests another name every second."""
    return gzip.compress(data, mtime=0)


def answer(*parts: bytes, headers: tuple[tuple[str, str], ...] = (), status: int = 200) -> Exchange:
    pieces = tuple(Piece(0.1 * (number + 1), part) for number, part in enumerate(parts))
    return Exchange(REQUEST, status=status, headers=headers, pieces=pieces, headers_at=0.05)


def test_headers_are_found_in_any_case_and_keep_their_order() -> None:
    exchange = answer(headers=(("X-A", "1"), ("x-a", "2"), ("Content-Type", 'Text/Event-Stream; Charset="UTF-8"')))
    assert exchange.header("X-a") == "1"
    assert exchange.header_all("x-A") == ("1", "2")
    assert exchange.header("none") is None
    assert (exchange.media_type, exchange.charset) == ("text/event-stream", "utf-8")
    assert (answer().media_type, answer().charset) == ("", None)


def test_status_in_words() -> None:
    assert (answer(status=204).ok, answer(status=301).ok) == (True, False)
    silent = Exchange(REQUEST, end=End.refused)
    assert (silent.ok, silent.answered, silent.body, silent.text) == (False, False, b"", "")


def test_elapsed_falls_back_on_what_arrived_last() -> None:
    assert replace(answer(b"a"), ended_at=2.5).elapsed == 2.5
    assert answer(b"a", b"b").elapsed == 0.2
    assert answer().elapsed == 0.05


def test_an_exchange_cannot_be_changed() -> None:
    with pytest.raises(FrozenInstanceError):
        answer().status = 500  # type: ignore[misc]


def test_a_spoiled_copy_is_read_anew() -> None:
    exchange = answer(b"[1]")
    assert exchange.json == [1]
    assert replace(exchange, pieces=(Piece(0.1, b"[2]"),)).json == [2]


def test_events_come_from_the_pieces() -> None:
    exchange = answer(b"data: a\n", b"\ndata: b\n\n")
    assert [(event.data, event.at) for event in exchange.events] == [("a", 0.2), ("b", 0.2)]


@pytest.mark.parametrize(
    ("body", "words"),
    [
        (b"", "got nothing"),
        (b" \n", "got nothing"),
        (b'\xef\xbb\xbf{"a": 1}', "byte order mark"),
        (b'{"a": NaN}', "NaN is not a JSON number"),
        (b"[-Infinity]", "-Infinity is not"),
        (b"{} {}", "more text after the JSON value, at character 2"),
        (b'{"a": "\xff"}', "not valid UTF-8 at byte 7"),
        ('{"a": 1}'.encode("utf-16"), "not valid UTF-8 at byte 0"),
        (b"<html>", "not JSON at character 0"),
        (b"{'a': 1}", "not JSON at character 1"),
        (b'{"a": "\n"}', "control character"),
        (b'{"a": 1,}', "not JSON at character"),
        pytest.param(b"[" * 100_000, "nested deeper", id="deep"),
        pytest.param(b"[" * 300 + b"]" * 300, "nested deeper than 256", id="deep and closed"),
        pytest.param(b'{"a":' * 100_000, "nested deeper", id="deep objects"),
        pytest.param(b"9" * 10_000, "not strict JSON", id="long number"),
    ],
)
def test_json_is_strict_and_says_why(body: bytes, words: str) -> None:
    exchange = answer(body)
    assert not exchange.is_json
    for _ in range(2):
        with pytest.raises(ValueError, match="not strict JSON") as caught:
            _ = exchange.json
        assert words.lower() in str(caught.value).lower()


def test_what_strict_json_lets_pass() -> None:
    deep = b"[" * 256 + b"]" * 256
    assert answer(deep).is_json
    assert answer(b' {"a": "[[[", "b": 1e3}\r\n').json == {"a": "[[[", "b": 1000.0}
    assert answer(b'"\\ud83d\\ude00"').json == "\U0001f600"


@pytest.mark.parametrize(
    ("body", "expected"),
    [
        (b'{"a": [1]}', []),
        (b"", [("empty", "")]),
        (b"\xef\xbb\xbf{}", [("bom", "")]),
        (b'{"a": [1, {"b": NaN}]}', [("nan", "/a/1/b")]),
        (b'{"a": {"b/c": 1, "b/c": 2}, "a": 3}', [("duplicate-keys", "/a"), ("duplicate-keys", "/a/b~1c")]),
        (b'{"a": "\\ud800"}', [("lone-surrogate", "/a")]),
        (b'{"\\ud800": 1}', [("lone-surrogate", "")]),
        (b"{}x", [("trailing-data", "")]),
        (b'"\xff"', [("invalid-utf8", "")]),
        (b"<p>", [("not-json", "")]),
        pytest.param(b"[" * 100_000, [("too-deep", "")], id="deep"),
        pytest.param(b"[" * 300 + b"]" * 300, [("too-deep", "")], id="deep and closed"),
        (b'\xef\xbb\xbf["\xff", NaN]]', [("bom", ""), ("invalid-utf8", ""), ("trailing-data", ""), ("nan", "/1")]),
    ],
)
def test_irregularities_of_json_are_data(body: bytes, expected: list[tuple[str, str]]) -> None:
    assert [(found.kind, found.pointer) for found in json_irregularities(body)] == expected


@pytest.mark.parametrize(
    ("label", "packed"),
    [
        ("gzip", packed_by_gzip(b"data: a\n\ndata: b\n\n")),
        ("X-GZIP", packed_by_gzip(b"data: a\n\n") + packed_by_gzip(b"data: b\n\n")),
        ("deflate", zlib.compress(b"data: a\n\ndata: b\n\n")),
        ("deflate", zlib.compress(b"data: a\n\ndata: b\n\n", wbits=-15)),
    ],
)
def test_content_codings_are_undone_for_reading_only(label: str, packed: bytes) -> None:
    parts = [packed[start : start + 5] for start in range(0, len(packed), 5)]
    exchange = answer(*parts, headers=(("content-encoding", label),))
    assert exchange.body == packed
    assert exchange.decoded_body == b"data: a\n\ndata: b\n\n"
    assert exchange.coding_problem == ""
    assert [event.data for event in exchange.events] == ["a", "b"]


@pytest.mark.parametrize(
    ("label", "body", "words"),
    [
        ("gzip", packed_by_gzip(b"x" * 99)[:-9], "cut short"),
        ("gzip", b"{}", "cannot be inflated"),
        ("gzip", packed_by_gzip(b"{}") + b"junk", "cannot be inflated"),
        ("br", b"{}", "'br' was not asked for"),
        ("gzip, gzip", b"{}", "not asked for"),
    ],
)
def test_a_coding_that_fails_is_a_problem_and_no_exception(label: str, body: bytes, words: str) -> None:
    exchange = answer(body, headers=(("content-encoding", label),))
    assert words in exchange.coding_problem
    assert not exchange.is_json
    assert exchange.events is not None


def test_thousands_of_members_of_gzip_are_not_unpacked() -> None:
    members = packed_by_gzip(b"{}") * 1000
    assert coding.undo("gzip", [members])[1] == ""
    start = time.process_time()
    parts, problem = coding.undo("gzip", [members * 200, members])
    assert "more than 1000 pieces of gzip" in problem
    assert len(b"".join(parts)) < 2100
    assert time.process_time() - start < 5, "a tenth of a second is usual; copying what follows each takes minutes"


def test_a_bomb_swells_up_to_the_bound() -> None:
    packed = packed_by_gzip(b"\0" * 2**20)
    parts, problem = coding.undo("gzip", [packed, packed], bound=1000)
    assert (sum(map(len, parts)), problem) == (1000, "the body inflates to more than 1000 bytes")


def test_an_empty_body_has_no_coding_to_undo() -> None:
    assert answer(headers=(("content-encoding", "gzip"),)).coding_problem == ""


@settings(max_examples=50, deadline=None, derandomize=True, database=None)
@given(
    parts=st.lists(st.tuples(st.integers(0, 10**9), st.binary(max_size=20)), max_size=5),
    headers=st.lists(st.tuples(st.text("ab-C"), st.text(st.characters(max_codepoint=255))), max_size=4),
    end=st.sampled_from(End),
    status=st.none() | st.integers(100, 999),
)
def test_to_a_file_and_back(
    parts: list[tuple[int, bytes]], headers: list[tuple[str, str]], end: End, status: int | None
) -> None:
    exchange = Exchange(
        REQUEST,
        started=1_700_000_000.123456,
        status=status,
        reason="OK",
        http_version="HTTP/1.1",
        headers=tuple(headers),
        headers_at=0.000001,
        pieces=tuple(Piece(micro / 1e6, data) for micro, data in parts),
        ended_at=None,
        end=end,
        problem="p",
        attempts=2,
        waited=0.5,
        reused=True,
        stalled=0.25,
    )
    written = json.dumps(exchange.to_dict(), allow_nan=False)
    again = Exchange.from_dict(json.loads(written))
    assert again == exchange
    assert again.end is end
    assert json.dumps(again.to_dict()) == written


def test_bytes_are_written_readably_when_they_are_text() -> None:
    pieces = answer(b'{"a": "\xc3\xa9"}', b"\xc3", b"\0").to_dict()["pieces"]
    assert [data for _, data in pieces] == [{"utf8": '{"a": "\xe9"}'}, {"base64": "ww=="}, {"base64": "AA=="}]


def test_times_are_written_in_whole_microseconds() -> None:
    assert replace(answer(), waited=0.12345678, headers_at=1 / 3).to_dict()["headers_at"] == 0.333333


@pytest.mark.parametrize("value", [0, -1, float("nan")])
def test_limits_are_positive(value: float) -> None:
    with pytest.raises(ValueError, match=r"Limits\.whole must be greater than zero"):
        Limits(whole=value)
