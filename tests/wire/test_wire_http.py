"""The client against hubs that behave badly: everything becomes an exchange, soon, and nothing is raised."""

from __future__ import annotations

import asyncio
import gzip
import json
import logging
import socket
import time
from collections.abc import Callable
from contextlib import AbstractAsyncContextManager
from dataclasses import replace
from typing import Any

import httpx
import pytest

from conformance import __version__
from conformance.wire.exchange import End, Exchange
from conformance.wire.http import Client
from conformance.wire.limits import Limits
from conformance.wire.redact import Redactor, marker_in

TOKEN = "sk-0123456789abcdef"
OK = b"HTTP/1.1 200 OK\r\nContent-Type: application/json\r\n"
STREAM = b"HTTP/1.1 200 OK\r\nContent-Type: text/event-stream\r\nTransfer-Encoding: chunked\r\n\r\n"
HOLD, RESET = "hold", "reset"
QUICK = Limits(connect=0.5, first_byte=0.3, between_bytes=0.3, whole=1.0, body_bytes=64 * 2**10, pieces=400)
PATIENT = replace(QUICK, first_byte=10, between_bytes=10, whole=20)
"""For answers that strike another limit than that of time, on a machine with other work."""

Play = Callable[..., Exchange]
Serving = Callable[..., AbstractAsyncContextManager[Any]]


def chunk(data: bytes) -> bytes:
    return b"%x\r\n%b\r\n" % (len(data), data)


def test_a_plain_answer_is_recorded_as_it_came(play: Play) -> None:
    exchange = play(b"HTTP/1.1 201 Made It\r\nX-A: 1\r\nx-a: 2\r\nX-Odd: \xe9\r\nContent-Length: 2\r\n\r\n{}")
    assert (exchange.status, exchange.reason, exchange.http_version) == (201, "Made It", "HTTP/1.1")
    assert exchange.headers == (("X-A", "1"), ("x-a", "2"), ("X-Odd", "\xe9"), ("Content-Length", "2"))
    assert (exchange.end, exchange.problem, exchange.json) == (End.complete, "", {})
    assert exchange.headers_at is not None
    assert exchange.ended_at is not None
    assert 0 < exchange.headers_at <= exchange.pieces[0].at <= exchange.ended_at < 0.4
    assert abs(exchange.started - time.time()) < 60


def test_every_chunk_is_a_piece_with_its_time(play: Play) -> None:
    exchange = play(STREAM, chunk(b"data: a\n\nda"), 0.05, chunk(b"ta: b\n\n"), b"0\r\n\r\n")
    assert [piece.data for piece in exchange.pieces] == [b"data: a\n\nda", b"ta: b\n\n"]
    assert exchange.pieces[1].at - exchange.pieces[0].at > 0.03
    assert [event.data for event in exchange.events] == ["a", "b"]
    assert Exchange.from_dict(json.loads(json.dumps(exchange.to_dict()))) == exchange


def test_a_body_in_chunks_has_no_length(serving: Serving) -> None:
    async def talk() -> tuple[Exchange, bytes]:
        async with serving([OK, b"Content-Length: 2\r\n\r\n{}"]) as server, Client() as client:
            chunked = [("Transfer-Encoding", "chunked")]
            exchange = await client.send("POST", f"{server.url}/v1/x", chunked, b'{"a":1}')
            return exchange, server.requests[0]

    exchange, sent = asyncio.run(talk())
    assert exchange.end is End.complete
    head, _, body = sent.partition(b"\r\n\r\n")
    assert b"content-length" not in head.lower()
    assert b"transfer-encoding: chunked" in head.lower()
    assert exchange.request.header("content-length") is None
    assert exchange.request.body == b'{"a":1}'
    assert body == b'7\r\n{"a":1}\r\n0\r\n\r\n'


def test_what_was_sent_is_what_is_recorded(serving: Serving) -> None:
    async def talk() -> tuple[Exchange, bytes]:
        async with serving([OK, b"Content-Length: 2\r\n\r\n{}"]) as server, Client() as client:
            headers = [("X-One", "1"), ("x-one", "2"), ("Authorization", f"Bearer {TOKEN}")]
            body = json.dumps({"user": TOKEN}).encode()
            exchange = await client.send(
                "POST",
                f"{server.url}/v1/x?key={TOKEN}",
                headers,
                body,
                operation="x",
                redactor=Redactor([TOKEN]),
                attempts=3,
                waited=1.5,
            )
            return exchange, server.requests[0]

    exchange, sent = asyncio.run(talk())
    mask = "[token]************"
    head, _, body = sent.replace(TOKEN.encode(), mask.encode()).partition(b"\r\n\r\n")
    lines = head.decode().split("\r\n")
    assert [f"{name}: {value}" for name, value in exchange.request.headers] == lines[1:]
    assert lines[0] == f"POST /v1/x?key={mask} HTTP/1.1"
    assert exchange.request.url.endswith(f"/v1/x?key={mask}")
    assert exchange.request.body == body == f'{{"user": "{mask}"}}'.encode()
    assert (exchange.request.operation, exchange.attempts, exchange.waited) == ("x", 3, 1.5)
    added = {name.lower() for name, _ in exchange.request.headers} - {"x-one", "authorization"}
    assert added == {"host", "content-length", "accept", "accept-encoding", "user-agent"}
    assert exchange.request.header("accept-encoding") == "identity"
    assert exchange.request.header("user-agent") == f"hub-conformance/{__version__}"


def test_given_headers_replace_the_usual_ones(play: Play) -> None:
    given = [("Accept", "text/event-stream"), ("User-Agent", "me"), ("accept-encoding", "gzip"), ("HOST", "hub.test")]
    exchange = play(OK, b"Content-Length: 0\r\n\r\n", headers=given)
    assert exchange.request.headers == (*given,)


def test_a_secret_in_the_answer_is_replaced_at_once(play: Play) -> None:
    whole = f"bad key {TOKEN}".encode()
    exchange = play(
        b"HTTP/1.1 401 No %b\r\nX-Key: %b\r\nTransfer-Encoding: chunked\r\n\r\n" % (TOKEN.encode(), TOKEN.encode()),
        *(chunk(whole[:12]), 0.02, chunk(whole[12:]), b"0\r\n\r\n"),
        redactor=Redactor([TOKEN]),
    )
    assert TOKEN not in json.dumps(exchange.to_dict())
    assert [len(piece.data) for piece in exchange.pieces] == [12, len(whole) - 12]
    assert marker_in(exchange.body)
    assert marker_in(exchange.header("x-key") or "")


@pytest.mark.parametrize(
    ("script", "end", "status", "words"),
    [
        pytest.param([HOLD], End.timeout, None, "no complete response header within 0.3 s", id="silent"),
        pytest.param([b"HTTP/1.1 200", HOLD], End.timeout, None, "response header", id="half a status line"),
        pytest.param(
            [b"HTTP/1.1 103 Early\r\n\r\n", 0.02] * 90, End.timeout, None, "response header", id="endless 103"
        ),
        pytest.param([OK, b"\r\nx", HOLD], End.timeout, 200, "paused for 0.3 s", id="silent in the body"),
        pytest.param([OK, b"\r\n", *[b"x", 0.02] * 90], End.timeout, 200, "not finished after 1 s", id="drip"),
        pytest.param([STREAM, *[chunk(b"x" * 9000)] * 99], End.too_large, 200, "larger than 65536", id="endless"),
        pytest.param([STREAM, *[chunk(b"x")] * 500], End.too_large, 200, "more than 400 pieces", id="crumbs"),
        pytest.param([OK, b"Content-Length: 9\r\n\r\nabc"], End.truncated, 200, "3 bytes: Content", id="short body"),
        pytest.param([STREAM, chunk(b"abc")], End.truncated, 200, "lacks its last chunk", id="no last chunk"),
        pytest.param([STREAM, b"5\r\nab"], End.truncated, 200, "after 2 bytes", id="cut chunk"),
        pytest.param([STREAM, b"zz\r\n"], End.malformed, 200, "illegal chunk header", id="bad chunk"),
        pytest.param([b"HTTP/1.1 OK\r\n\r\n"], End.malformed, None, "not HTTP/1.1", id="bad status line"),
        pytest.param([b"HTTP/1.1 099 X\r\n\r\n"], End.malformed, None, "not HTTP/1.1", id="bad status"),
        pytest.param([b"SSH-2.0-x\r\n\r\n"], End.malformed, None, "not HTTP/1.1", id="another protocol"),
        pytest.param([OK, b"x y: z\r\n\r\n"], End.malformed, None, "illegal header line", id="bad header name"),
        pytest.param(
            [OK, b"Content-Length: 2\r\nContent-Length: 3\r\n\r\n{}"], End.malformed, None, "conflicting", id="lengths"
        ),
        pytest.param([OK, b"Content-Length: -1\r\n\r\n"], End.malformed, None, "Content-Length", id="minus"),
        pytest.param([b"HTTP/1.1 101 Go\r\nUpgrade: x\r\n\r\n"], End.malformed, None, "not HTTP/1.1", id="upgrade"),
        pytest.param([OK, *[b"x-h: 1\r\n"] * 5000, b"\r\n"], End.complete, 200, "", id="5000 headers"),
        pytest.param(
            [OK, *[b"x-h: 12345678901\r\n"] * 4900, b"\r\n"], End.too_large, 200, "header section", id="70 KB"
        ),
        pytest.param([OK, b"x-h: ", b"1" * 300_000, b"\r\n\r\n"], End.too_large, None, "far too long", id="long line"),
        pytest.param([RESET], End.reset, None, "broke before an answer", id="reset"),
        pytest.param([OK, b"\r\nab", 0.05, RESET], End.reset, 200, "broke in the body, after 2", id="reset in body"),
        pytest.param([], End.reset, None, "closed the connection before an answer", id="closed"),
        pytest.param([OK], End.reset, None, "closed the connection before an answer", id="half a header"),
    ],
)
def test_hostile_hubs(play: Play, script: list[bytes | float | str], end: End, status: int | None, words: str) -> None:
    start = time.perf_counter()
    exchange = play(*script, limits=QUICK if end is End.timeout else PATIENT)
    assert time.perf_counter() - start < 10
    assert (exchange.end, exchange.status) == (end, status)
    assert words in exchange.problem
    assert (exchange.problem == "") == (end is End.complete)
    assert len(exchange.body) < 2 * QUICK.body_bytes + 64 * 2**10
    assert exchange.ended_at is not None
    assert Exchange.from_dict(json.loads(json.dumps(exchange.to_dict()))) == exchange


def test_a_protocol_error_does_not_show_the_secret(play: Play) -> None:
    exchange = play(f"HTTP/9.9 {TOKEN}\r\n\r\n".encode(), redactor=Redactor([TOKEN]))
    assert exchange.end is End.malformed
    assert TOKEN not in exchange.problem


def test_a_huge_body_is_left_at_the_bound(play: Play) -> None:
    exchange = play(OK, b"\r\n", *[b"x" * 2**16] * 1000)
    assert exchange.end is End.too_large
    assert 2**10 < len(exchange.body) <= 2**17
    assert exchange.elapsed < 0.5


@pytest.mark.parametrize("coding", ["gzip", "identity"])
def test_a_token_inside_a_packed_body_is_not_recorded(play: Play, coding: str) -> None:
    body = gzip.compress(TOKEN.encode()) if coding == "gzip" else TOKEN.encode()
    head = f"Content-Encoding: {coding}\r\nContent-Length: {len(body)}\r\n\r\n".encode()
    exchange = play(OK, head, body, redactor=Redactor([TOKEN]))
    assert TOKEN not in exchange.text
    assert exchange.body.startswith(b"[token]*")
    assert len(exchange.body) == len(body)


def test_packed_bodies_stay_packed(play: Play) -> None:
    packed = gzip.compress(b"\0" * 10_000_000)
    exchange = play(OK, b"Content-Encoding: gzip\r\nContent-Length: %d\r\n\r\n" % len(packed), packed)
    assert (exchange.end, exchange.body) == (End.complete, packed)


def test_a_redirect_is_reported_and_not_followed(serving: Serving) -> None:
    async def talk() -> tuple[Exchange, list[bytes]]:
        async with serving([OK, b"\r\n"]) as other:
            there = f"HTTP/1.1 307 Away\r\nLocation: {other.url}/x\r\nContent-Length: 0\r\n\r\n".encode()
            async with serving([there]) as server, Client() as client:
                sent = await client.send("POST", server.url, [("x-api-key", TOKEN)], b"{}")
                return sent, other.requests

    exchange, seen = asyncio.run(talk())
    assert (exchange.status, exchange.end, seen) == (307, End.complete, [])


def test_connections_are_reused_and_cookies_are_not_kept(serving: Serving) -> None:
    answer = [OK, b"Set-Cookie: a=b\r\nContent-Length: 2\r\n\r\n{}", HOLD]

    async def talk() -> tuple[list[Exchange], Any]:
        async with serving(answer) as server, Client() as client:
            return [await client.send("GET", server.url) for _ in range(3)], server

    exchanges, server = asyncio.run(talk())
    assert [exchange.reused for exchange in exchanges] == [False, True, True]
    assert server.connections == 1
    assert not any(b"cookie" in request.lower() for request in server.requests)


def test_a_connection_that_broke_is_not_reused(serving: Serving) -> None:
    async def talk() -> list[Exchange]:
        scripts = [OK, b"Content-Length: 9\r\n\r\nab"], [OK, b"Content-Length: 2\r\n\r\n{}"]
        async with serving(*scripts) as server, Client() as client:
            return [await client.send("GET", server.url, limits=QUICK) for _ in range(2)]

    first, second = asyncio.run(talk())
    assert (first.end, second.end, second.reused) == (End.truncated, End.complete, False)


def test_user_information_in_the_url_is_not_sent(serving: Serving) -> None:
    async def talk() -> tuple[Exchange, bytes]:
        async with serving([OK, b"Content-Length: 0\r\n\r\n"]) as server, Client() as client:
            exchange = await client.send("GET", server.url.replace("//", "//user:password@"))
            return exchange, server.requests[0]

    exchange, sent = asyncio.run(talk())
    assert b"authorization" not in sent.lower()
    assert "password" not in json.dumps(exchange.to_dict())


@pytest.mark.parametrize(
    ("url", "words"), [("http://127.0.0.1:{port}", "was refused"), ("http://hub.invalid", "the host name is not known")]
)
def test_no_connection(url: str, words: str) -> None:
    async def talk() -> Exchange:
        async with Client() as client:
            return await client.send("GET", url.format(port=_free_port()), limits=Limits(whole=3))

    exchange = asyncio.run(talk())
    if exchange.end is End.timeout:
        pytest.skip("the resolver of this machine does not answer")
    assert (exchange.end, exchange.problem, exchange.status) == (End.refused, exchange.problem, None)
    assert words in exchange.problem


def test_tls_that_fails_is_no_connection(serving: Serving) -> None:
    async def talk() -> Exchange:
        async with serving([OK]) as server, Client(verify=False) as client:
            return await client.send("GET", server.url.replace("http:", "https:"), limits=QUICK)

    assert asyncio.run(talk()).end in (End.refused, End.timeout)


def test_a_hub_that_does_not_read_the_request(serving: Serving) -> None:
    async def stall(reader: asyncio.StreamReader, writer: asyncio.StreamWriter) -> None:
        await asyncio.sleep(2)

    async def talk() -> Exchange:
        listening = await asyncio.start_server(stall, "127.0.0.1", 0, limit=1024)
        url = f"http://127.0.0.1:{listening.sockets[0].getsockname()[1]}"
        async with Client() as client:
            exchange = await client.send("POST", url, (), b"x" * 2**25, limits=Limits(between_bytes=0.3, whole=1))
        listening.close()
        return exchange

    exchange = asyncio.run(talk())
    assert exchange.end is End.timeout
    assert "took no byte of the request for 0.3 s" in exchange.problem


@pytest.mark.parametrize(
    ("url", "headers"),
    [
        ("/v1/models", []),
        ("ftp://hub.test/", []),
        ("http://", []),
        ("http://127.0.0.1:1/\0", []),
        ("http://127.0.0.1:{port}/", [("x-key", f"a\n{TOKEN}")]),
        ("http://127.0.0.1:{port}/", [("x-key", "\u20ac")]),
    ],
)
def test_what_http_cannot_express_is_our_mistake(serving: Serving, url: str, headers: list[tuple[str, str]]) -> None:
    async def talk() -> None:
        async with serving([OK]) as server, Client() as client:
            await client.send("GET", url.replace("http://127.0.0.1:{port}", server.url), headers)

    with pytest.raises(ValueError, match="HTTP cannot express this request") as caught:
        asyncio.run(talk())
    assert TOKEN not in str(caught.value)


def test_a_cancelled_exchange_is_cancelled(serving: Serving) -> None:
    async def talk() -> None:
        async with serving([OK, b"\r\nx", HOLD]) as server, Client() as client:
            task = asyncio.create_task(client.send("GET", server.url))
            await asyncio.sleep(0.05)
            task.cancel()
            await task

    with pytest.raises(asyncio.CancelledError):
        asyncio.run(talk())


def test_nothing_of_a_request_is_logged(play: Play, caplog: pytest.LogCaptureFixture) -> None:
    with caplog.at_level(logging.DEBUG):
        play(OK, b"Content-Length: 0\r\n\r\n", path=f"/?key={TOKEN}")
    assert TOKEN not in caplog.text
    assert not [record for record in caplog.records if record.name.startswith(("httpx", "httpcore"))]


def test_an_application_can_stand_in_for_the_network() -> None:
    async def answer(request: httpx.Request) -> httpx.Response:
        return httpx.Response(200, json={"path": request.url.path})

    async def talk() -> Exchange:
        async with Client(transport=httpx.MockTransport(answer)) as client:
            return await client.send("GET", "http://hub.test/v1/models")

    assert asyncio.run(talk()).json == {"path": "/v1/models"}


def test_many_at_once(serving: Serving) -> None:
    async def talk() -> tuple[list[Exchange], float]:
        script = [STREAM, *[chunk(b"data: x\n\n")] * 20, b"0\r\n\r\n", HOLD]
        async with serving(script) as server, Client() as client:
            start = time.perf_counter()
            exchanges = await asyncio.gather(*(client.send("GET", server.url) for _ in range(50)))
            return exchanges, time.perf_counter() - start

    exchanges, seconds = asyncio.run(talk())
    assert all(exchange.end is End.complete and len(exchange.events) == 20 for exchange in exchanges)
    assert seconds < 3


def _free_port() -> int:
    with socket.socket() as taken:
        taken.bind(("127.0.0.1", 0))
        return int(taken.getsockname()[1])


@pytest.mark.parametrize(("busy", "least", "most"), [(0.0, 0.0, 0.25), (0.4, 0.3, 5.0)])
def test_the_suite_knows_when_it_was_not_there_to_read(
    serving: Serving, busy: float, least: float, most: float
) -> None:
    async def keep_busy() -> None:
        await asyncio.sleep(0.05)
        time.sleep(busy)

    async def talk() -> Exchange:
        script = [STREAM, chunk(b"data: a\n\n"), 0.1, chunk(b"data: b\n\n"), 0.1, b"0\r\n\r\n"]
        async with serving(script) as server, Client() as client:
            exchange, _ = await asyncio.gather(client.send("GET", server.url), keep_busy())
            return exchange

    exchange = asyncio.run(talk())
    assert exchange.end is End.complete
    assert least <= exchange.stalled < most
    assert Exchange.from_dict(exchange.to_dict()) == exchange
