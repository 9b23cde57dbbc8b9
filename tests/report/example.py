"""Hand-made runs for the tests of the faces: a small honest one, a hostile one, and a very large one."""

from __future__ import annotations

import json
from collections.abc import Iterable
from datetime import UTC, datetime, timedelta
from pathlib import Path

from conformance.engine.evidence import Record, Store
from conformance.engine.judge import Verdict
from conformance.engine.probing import Spend
from conformance.engine.requirement import Authority, Catalogue, Level, Requirement
from conformance.engine.target import Target
from conformance.report.result import FindingRow, Result, Row, Tally
from conformance.wire.exchange import End, Exchange, Piece, Request
from conformance.wire.frames import Frame, Kind

HOSTILE = (
    '</script><script>alert(1)</script><img src=x onerror=alert(2)>" onmouseover=\'alert(3)\' style="x" '
    "<!--`` `</code>` ![x](http://evil.example/x) [a](javascript:alert(4)) | **b** @everyone {{ 7*7 }} ]]> "
    "\x1b[2J\x1b]0;title\x07 \u202e\u2066 \x00 \ud800 &lt;b&gt; \r\n# heading\n</textarea></title></style></svg>"
)
"""Something of everything that a browser, a terminal, Markdown, XML or a template might obey."""


def sentence(identifier: str, level: Level = Level.MUST) -> Requirement:
    return Requirement(
        id=identifier,
        family=identifier.split(".")[0],
        level=level,
        authority=Authority.VENDOR,
        statement=f"What {identifier} says ends with `data: [DONE]` & is kept.",
        source="OpenAI API reference",
        why="A client that waits for the end hangs.",
        fix="Write `data: [DONE]` after the last chunk.",
    )


def catalogue(*ids: str) -> Catalogue:
    return Catalogue({identifier: sentence(identifier) for identifier in ids})


def row(
    requirement: str,
    verdict: Verdict,
    *,
    operation: str = "chat-completions",
    evidence: tuple[str, ...] = ("chat_stream",),
    got: str = "1",
    at: str = "",
    exchange: int = 0,
    reason: str = "because",
    expected: str = "a string",
    curl: str = "curl http://127.0.0.1:1/",
) -> Row:
    broken = verdict in (Verdict.FAIL, Verdict.WARN)
    return Row(
        requirement=requirement,
        level=Level.SHOULD if verdict is Verdict.WARN else Level.MUST,
        authority=Authority.VENDOR,
        family=requirement.split(".")[0],
        operation=operation,
        verdict=verdict,
        reason="" if verdict is Verdict.PASS else reason,
        test=f"conformance/families/chat/test_stream.py::test_{requirement}[{operation}]",
        evidence=evidence,
        finding=FindingRow(expected=expected, got=got, at=at, curl=curl, exchange=exchange) if broken else None,
    )


def result_of(
    rows: Iterable[Row], *, status: int = 1, base_url: str = "http://127.0.0.1:1", model: str = "m"
) -> Result:
    listed = list(rows)
    started = datetime(2026, 1, 1, tzinfo=UTC)
    target = Target(base_url, models={"chat": model}, claims=frozenset({"chat"}))
    found = Result.of(target, listed, Tally.of(listed), Spend(31, {"chat": 31}, 24), started, status)
    return found.model_copy(update={"finished": started + timedelta(seconds=2.34)})


def stream(chunks: Iterable[bytes], *, started: float = 0.0, headers: tuple[tuple[str, str], ...] = ()) -> Exchange:
    """An event stream whose chunks came 10 ms apart, the first one after 20 ms."""
    pieces = tuple(Piece(0.02 + 0.01 * number, data) for number, data in enumerate(chunks))
    return Exchange(
        request=Request("POST", "http://127.0.0.1:1/v1/chat/completions", body=b"{}", operation="chat-completions"),
        started=started,
        status=200,
        reason="OK",
        http_version="HTTP/1.1",
        headers=(("content-type", "text/event-stream"), *headers),
        headers_at=0.015,
        pieces=pieces,
        ended_at=pieces[-1].at + 0.001,
    )


def answer(
    value: object, *, url: str = "http://127.0.0.1:1/v1/x", started: float = 0.0, reason: str = "OK"
) -> Exchange:
    body = value if isinstance(value, bytes) else json.dumps(value).encode()
    return Exchange(
        request=Request("GET", url, (("accept", "*/*"),), operation="videos-retrieve"),
        started=started,
        status=200,
        reason=reason,
        http_version="HTTP/1.1",
        headers=(("content-type", "application/json"),),
        headers_at=0.01,
        pieces=(Piece(0.02, body),),
        ended_at=0.02,
    )


def task(*statuses: str, every: float = 1.0) -> tuple[Exchange, ...]:
    """The polls of a task, one for each status."""
    return tuple(
        answer({"id": "t", "data": {"task_status": word, "progress": number}}, started=100 + number * every)
        for number, word in enumerate(statuses)
    )


def small(folder: Path) -> tuple[Result, Catalogue]:
    """A run with one fail in two places, one warning, and everything else that a page may show."""
    store = Store(folder)
    chunks = [f'data: {{"choices": [{{"delta": {{"content": "{n}"}}}}]}}\n\n'.encode() for n in range(6)]
    store.put(Record("chat_stream", (stream(chunks),)))
    store.put(Record("chat_again", (answer({"ok": True}), stream(chunks)), many=True))
    store.put(Record("chat_json", (answer({"error": {"code": "x", "message": "no"}}),)))
    store.put(Record("videos_task", task("queued", "queued", "in_progress", "completed", "completed"), many=True))
    frames = (
        Frame(0.02, False, Kind.text, b'{"type": "session.created"}'),
        Frame(0.05, True, Kind.text, b"{}"),
        Frame(0.07, False, Kind.close, b"bye", 1000),
    )
    request = Request("GET", "http://127.0.0.1:1/v1/realtime", operation="realtime")
    socket = Exchange(request, 0.0, 101, headers_at=0.01, frames=frames, ended_at=0.08, end=End.complete)
    store.put(Record("realtime_session", (socket,)))
    rows = [
        row("chat.stream.done-last", Verdict.FAIL, got='{"a": 1}', at="event 5 /choices/0/delta"),
        row(
            "chat.stream.done-last",
            Verdict.FAIL,
            operation="completions-create",
            evidence=("chat_again",),
            got='{"b": 22}',
            at="event 4 /choices/0/delta",
            exchange=1,
        ),
        row("chat.error.param", Verdict.WARN, evidence=("chat_json",), got="nothing", at="/error/param"),
        row("realtime.close", Verdict.WARN, operation="realtime", evidence=("realtime_session",), at="frame 3"),
        row("chat.usage", Verdict.PASS),
        row("chat.cached", Verdict.NOT_TESTABLE, reason="no usage here"),
        row("auth.wrong", Verdict.NOT_OFFERED, operation="edits-create", reason="HTTP 404"),
        row("auth.late", Verdict.INCONCLUSIVE, operation="", reason="HTTP 429"),
    ]
    return result_of(rows), catalogue(*(one.requirement for one in rows))


def hostile(folder: Path) -> tuple[Result, Catalogue]:
    """A run in which every text that a hub can have a say in is hostile."""
    store = Store(folder)
    text = HOSTILE.encode("utf-8", "replace")
    line = HOSTILE.replace("\n", " ").replace("\r", " ").encode("utf-8", "replace")
    bad = (("x-bad", HOSTILE), (HOSTILE, "x"))
    chunks = [b"data: " + line + b"\n\n", b": " + line + b"\n\n", b"event: " + line + b"\ndata: 1\n\n"]
    store.put(Record("chat_stream", (stream(chunks, headers=bad),)))
    request = Request("POST", f"http://127.0.0.1:1/{HOSTILE}", bad, text, HOSTILE)
    broken = Exchange(request, 0.0, 200, HOSTILE, HOSTILE, bad, 0.1, (Piece(0.2, text),), 0.3, End.reset, HOSTILE)
    store.put(Record("chat_body", (broken,)))
    store.put(Record("chat_json", (answer({"error": {HOSTILE: HOSTILE}}, url=f"http://x/{HOSTILE}", reason=HOSTILE),)))
    store.put(Record("videos_task", task(HOSTILE, "running", HOSTILE, "done"), many=True))
    frame = Frame(0.1, False, Kind.text, text)
    store.put(Record("realtime_session", (Exchange(request, 0.0, 101, frames=(frame, frame), ended_at=0.2),)))
    keys = ("chat_stream", "chat_body", "chat_json", "realtime_session", HOSTILE)
    rows = [
        row(
            f"chat.sentence-{number}",
            verdict,
            evidence=(key,),
            operation=HOSTILE if number % 2 else "chat-completions",
            got=HOSTILE,
            at=("event 0", "/error", HOSTILE, "x-bad", "frame 1")[number % 5],
            reason=HOSTILE,
            expected=HOSTILE,
            curl=HOSTILE,
        )
        for number, (verdict, key) in enumerate((verdict, key) for verdict in Verdict for key in keys)
    ]
    known = catalogue(*(one.requirement for one in rows[::2]))
    return result_of(rows, base_url=f"http://x/{HOSTILE}", model=HOSTILE), known


def large(folder: Path) -> tuple[Result, Catalogue]:
    """A very bad hub: thousands of broken rows, long answers, long streams."""
    store = Store(folder)
    rows = []
    for number in range(400):
        key = f"probe_{number}"
        chunks = (
            [b"data: " + b"x" * 2_000 + b"\n\n"] * 200 if number % 40 == 0 else [b"data: " + b'"y' * 20_000 + b"\n\n"]
        )
        store.put(Record(key, (stream(chunks),)))
        rows += [
            row(
                f"chat.sentence-{number}",
                Verdict.FAIL,
                operation=f"operation-{place}",
                evidence=(key,) * 8,
                got="word " * 60 + '"' + "z" * 500,
                at="event 0",
                curl="curl " + '"' * 3_000,
            )
            for place in range(12)
        ]
    return result_of(rows), catalogue(*dict.fromkeys(one.requirement for one in rows))
