"""The WebSocket recorder against servers that keep to nothing, and what it keeps of a good one."""

from __future__ import annotations

import asyncio
import struct
import time
from collections.abc import Awaitable, Callable, Sequence

import pytest

from conformance.wire.exchange import End, Exchange
from conformance.wire.frames import Frame, Kind, messages_in
from conformance.wire.limits import Limits
from conformance.wire.redact import Redactor
from conformance.wire.websocket import Session, open_socket
from tests.wire.conftest import HOLD, RESET, SHORT, Step, serving

TOKEN = "sk-a-token-that-nobody-may-see-7f3a"
SWITCH = (
    b"HTTP/1.1 101 Switching Protocols\r\nUpgrade: websocket\r\nConnection: Upgrade\r\n"
    b"Sec-WebSocket-Accept: whatever\r\n\r\n"
)
Talk = Callable[[Session], Awaitable[None]]


def frame(opcode: int, data: bytes, *, fin: bool = True, masked: bool = False, bits: int = 0) -> bytes:
    head = struct.pack("!B", (0x80 if fin else 0) | bits | opcode)
    size = len(data)
    length = bytes([size]) if size < 126 else b"\x7e" + struct.pack("!H", size) if size < 65536 else b""
    if not length:
        length = b"\x7f" + struct.pack("!Q", size)
    if masked:
        return head + bytes([length[0] | 0x80]) + length[1:] + bytes(4) + data
    return head + length + data


def close(code: int, reason: bytes = b"") -> bytes:
    return frame(8, struct.pack("!H", code) + reason)


def record(
    *script: Step,
    talk: Talk | None = None,
    limits: Limits = SHORT,
    headers: Sequence[tuple[str, str]] = (),
) -> Exchange:
    """What is recorded of a server that plays the script; without `talk` the session waits for its end."""

    async def wait(session: Session) -> None:
        await session.until(lambda: False, 0.3)

    async def run() -> Exchange:
        async with serving(script) as server:
            socket = await open_socket(
                server.url + "/v1/realtime?model=m", headers, limits=limits, redactor=Redactor([TOKEN])
            )
            await socket.run(talk or wait)
            return await socket.finish()

    return asyncio.run(run())


def received(exchange: Exchange) -> list[tuple[str, bytes, int | None]]:
    return [(str(one.kind), one.data, one.code) for one in exchange.frames if not one.sent]


def test_frames_come_with_direction_kind_time_and_code() -> None:
    exchange = record(SWITCH, frame(1, b"one"), 0.05, frame(2, b"\x00\xff"), frame(9, b"?"), close(1000, b"bye"), HOLD)
    assert (exchange.status, exchange.http_version, exchange.end) == (101, "HTTP/1.1", End.complete)
    assert exchange.switched
    assert exchange.ok
    assert received(exchange) == [
        ("text", b"one", None),
        ("binary", b"\x00\xff", None),
        ("ping", b"?", None),
        ("close", b"bye", 1000),
    ]
    assert [str(one.kind) for one in exchange.frames if one.sent] == ["pong", "close"]
    times = [one.at for one in exchange.frames if not one.sent]
    assert times == sorted(times)
    assert times[1] - times[0] > 0.03


def test_the_request_is_recorded_as_sent() -> None:
    exchange = record(SWITCH, close(1000), headers=[("Sec-WebSocket-Version", "12"), ("X-A", "b")])
    assert exchange.request.method == "GET"
    assert exchange.request.url.startswith("http://127.0.0.1:")
    assert exchange.request.header("upgrade") == "websocket"
    assert exchange.request.header("sec-websocket-version") == "12"
    assert exchange.request.header("x-a") == "b"
    assert len(exchange.request.header("sec-websocket-key") or "") == 24


def test_a_message_may_be_spread_over_frames() -> None:
    parts = frame(1, b"a", fin=False), frame(9, b"p"), frame(0, b"b", fin=False), frame(0, b"c"), frame(2, b"d")
    exchange = record(SWITCH, *parts, close(1000))
    found = [(message.kind, message.data, message.number) for message in messages_in(exchange.frames)]
    assert [(kind, data) for kind, data, _ in found] == [(Kind.text, b"abc"), (Kind.binary, b"d")]


def test_a_refusal_is_an_answer() -> None:
    body = b'{"error": {"message": "no"}}'
    head = b"HTTP/1.1 401 Unauthorized\r\nContent-Type: application/json\r\nWWW-Authenticate: Bearer\r\n"
    exchange = record(head + b"Content-Length: %d\r\n\r\n" % len(body) + body, HOLD)
    assert (exchange.status, exchange.reason, exchange.end) == (401, "Unauthorized", End.complete)
    assert exchange.json == {"error": {"message": "no"}}
    assert exchange.header("www-authenticate") == "Bearer"
    assert not exchange.switched
    assert exchange.frames == ()


def test_a_refusal_may_be_chunked() -> None:
    exchange = record(b"HTTP/1.1 403 Forbidden\r\nTransfer-Encoding: chunked\r\n\r\n2\r\nno\r\n0\r\n\r\n", HOLD)
    assert (exchange.status, exchange.body) == (403, b"no")


@pytest.mark.parametrize(
    ("script", "end", "words"),
    [
        ((HOLD,), End.timeout, "no complete answer to the handshake within 0.4 s"),
        ((b"HTTP/1.1 101 Switch", HOLD), End.timeout, "no complete answer"),
        ((), End.reset, "closed the connection before an answer"),
        ((b"HTTP/1.1 101 Switching",), End.reset, "closed the connection before an answer"),
        ((RESET,), End.reset, "closed the connection before an answer"),
        ((b"SSH-2.0-OpenSSH_9\r\n\r\n", HOLD), End.malformed, "not HTTP/1.1"),
        ((b"HTTP/1.1 400 B\r\nContent-Length: 99999999\r\n\r\n", HOLD), End.too_large, "too large"),
    ],
)
def test_no_answer_to_the_handshake(script: Sequence[Step], end: End, words: str) -> None:
    exchange = record(*script)
    assert exchange.status is None
    assert exchange.end is end
    assert words in exchange.problem


@pytest.mark.parametrize(
    ("script", "end", "words"),
    [
        ((frame(1, b"x"),), End.reset, "the connection broke without a close frame"),
        ((frame(1, b"x"), RESET), End.reset, "the connection broke without a close frame"),
        ((frame(1, b"half of it")[:5],), End.reset, "the connection broke without a close frame"),
        ((frame(1, b"x", masked=True), HOLD), End.malformed, "incorrect masking"),
        ((frame(3, b"x"), HOLD), End.malformed, "invalid opcode"),
        ((frame(1, b"x", bits=0x40), HOLD), End.malformed, "reserved bits"),
        ((frame(0, b"x"), HOLD), End.malformed, "unexpected continuation"),
        ((frame(9, b"x" * 126), HOLD), End.malformed, "control frame too long"),
        ((frame(1, bytes(70_000)), HOLD), End.too_large, "a frame is larger than 65536 bytes"),
        ((frame(1, bytes(40_000)), frame(1, bytes(40_000)), HOLD), End.too_large, "too much in it"),
        ((b"\x00" * 3, HOLD), End.malformed, "unexpected continuation"),
    ],
)
def test_a_session_that_goes_wrong(script: Sequence[Step], end: End, words: str) -> None:
    exchange = record(SWITCH, *script)
    assert exchange.status == 101
    assert exchange.end is end
    assert words in exchange.problem


@pytest.mark.parametrize("data", [b"", b"\x03", struct.pack("!H", 1006), struct.pack("!H", 1000) + b"\xff"])
def test_any_close_frame_closes(data: bytes) -> None:
    exchange = record(SWITCH, frame(8, data), HOLD)
    assert exchange.end is End.complete
    code = int.from_bytes(data[:2], "big") if len(data) > 1 else None
    assert received(exchange) == [("close", data[2:] if code else data, code)]


def test_an_unanswered_close_frame_is_no_broken_connection() -> None:
    async def leave(session: Session) -> None:
        await session.close(3001, "enough")

    exchange = record(SWITCH, 0.1, talk=leave)
    assert exchange.end is End.complete
    assert [(one.code, one.data) for one in exchange.frames] == [(3001, b"enough")]


def test_an_end_that_is_waited_for_is_no_problem() -> None:
    async def wait(session: Session) -> None:
        assert await session.end(0.5)

    assert record(SWITCH, 0.05, talk=wait).end is End.complete


def test_endless_chatter_ends_with_the_time_for_the_whole() -> None:
    async def listen(session: Session) -> None:
        await session.until(lambda: False, 60)

    chatter: list[Step] = [frame(1, b"and"), 0.05]
    started = time.monotonic()
    exchange = record(SWITCH, *chatter * 40, talk=listen)
    assert exchange.end is End.timeout
    assert "not finished after 0.6 s" in exchange.problem
    assert time.monotonic() - started < 5
    assert len(exchange.frames) > 3


def test_any_frame_can_be_sent() -> None:
    async def talk(session: Session) -> None:
        await session.send(b"\xff\xfe")
        await session.send("one", fin=False)
        await session.send(b"", Kind.ping)
        await session.send("two", Kind.continuation)
        await session.close()
        await session.send("too late")

    exchange = record(SWITCH, HOLD, talk=talk)
    sent = [(str(one.kind), one.data, one.fin) for one in exchange.frames if one.sent]
    assert sent == [
        ("text", b"\xff\xfe", True),
        ("text", b"one", False),
        ("ping", b"", True),
        ("continuation", b"two", True),
        ("close", b"", True),
    ]


def test_secrets_are_nowhere() -> None:
    half = len(TOKEN) // 2

    async def talk(session: Session) -> None:
        await session.send(f"my token is {TOKEN}")
        await session.until(lambda: False, 0.2)

    said = frame(1, TOKEN[:half].encode(), fin=False), frame(0, TOKEN[half:].encode()), close(1008, TOKEN.encode())
    headers = [
        ("Sec-WebSocket-Protocol", f"realtime, openai-insecure-api-key.{TOKEN}"),
        ("Authorization", f"Bearer {TOKEN}"),
    ]
    switch = SWITCH[:-2] + f"Sec-WebSocket-Protocol: openai-insecure-api-key.{TOKEN}\r\n\r\n".encode()
    exchange = record(switch, *said, HOLD, talk=talk, headers=headers)
    kept = str(exchange.to_dict())
    assert TOKEN not in kept
    assert TOKEN[half:] not in kept
    assert TOKEN[:half] not in kept
    assert [len(one.data) for one in exchange.frames if not one.sent] == [half, len(TOKEN) - half, len(TOKEN)]


def test_exchanges_with_frames_survive_a_file() -> None:
    exchange = record(SWITCH, frame(1, "é".encode()), frame(2, b"\xff"), frame(1, b"x", fin=False), close(1000))
    assert Exchange.from_dict(exchange.to_dict()) == exchange
    without = {name: value for name, value in exchange.to_dict().items() if name != "frames"}
    assert Exchange.from_dict(without).frames == ()
    assert Frame.from_dict(Frame(0.5, True, Kind.close).to_dict()) == Frame(0.5, True, Kind.close)


@pytest.mark.parametrize("headers", [[("X-A", "b\r\nX-B: c")], [("X-A", "漢")], [("Ü", "b")]])
def test_what_http_cannot_say_is_our_mistake(headers: list[tuple[str, str]]) -> None:
    with pytest.raises(ValueError, match="HTTP cannot express"):
        record(SWITCH, headers=headers)


def test_nobody_is_there() -> None:
    async def run() -> Exchange:
        return await (await open_socket("http://127.0.0.1:1/v1/realtime", limits=SHORT)).finish()

    exchange = asyncio.run(run())
    assert (exchange.status, exchange.end, exchange.problem) == (None, End.refused, "the connection was refused")


def test_tls_where_there_is_none() -> None:
    async def run() -> Exchange:
        async with serving((SWITCH, HOLD)) as server:
            url = server.url.replace("http:", "https:")
            return await (await open_socket(url, limits=SHORT)).finish()

    exchange = asyncio.run(run())
    assert exchange.status is None
    assert exchange.end in (End.refused, End.timeout)
