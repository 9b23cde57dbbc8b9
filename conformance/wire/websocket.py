"""The WebSocket recorder of the suite: one handshake, one session, every frame of both directions, no policy.

It sits on the protocol of the library `websockets` without its I/O, so that every frame is seen with its time, frames
that no client would send can be sent, and a hub's liberties are recorded instead of raised. Nothing is raised for what
a hub does. No extension is offered, so that the bytes of a frame are those of the message.

``Limits`` count for a session as they do for an exchange: ``connect`` up to the open connection, ``first_byte`` for the
answer to the handshake, ``whole`` for handshake and session together, ``body_bytes`` for one frame and for all received
ones together, ``pieces`` for the number of frames. How long a session waits for a message is its caller's affair.
"""

from __future__ import annotations

import asyncio
import contextlib
import re
import secrets
import ssl
import time
from base64 import b64encode
from collections.abc import Awaitable, Callable, Iterable, Sequence
from urllib.parse import urlsplit

from websockets.client import ClientProtocol
from websockets.datastructures import Headers as WebSocketHeaders
from websockets.exceptions import InvalidStatus, PayloadTooBig, ProtocolError, SecurityError
from websockets.frames import Close, Opcode
from websockets.frames import Frame as RawFrame
from websockets.http11 import Request as HandshakeRequest
from websockets.http11 import Response
from websockets.protocol import State
from websockets.uri import WebSocketURI

from conformance.wire.exchange import End, Exchange, Headers, Piece, Request
from conformance.wire.frames import Frame, Kind
from conformance.wire.http import USER_AGENT, tls_context, why_refused
from conformance.wire.limits import Limits
from conformance.wire.redact import Redactor

__all__ = ["Session", "Socket", "open_socket"]

VERSION = "13"
"""Of the protocol (RFC 6455 4.1)."""
CLOSE_SECONDS = 2.0
"""How long the hub's close frame, and then the end of the connection, are waited for."""
READ_BYTES = 64 * 2**10
_KINDS = {
    Opcode.TEXT: Kind.text,
    Opcode.BINARY: Kind.binary,
    Opcode.CONT: Kind.continuation,
    Opcode.PING: Kind.ping,
    Opcode.PONG: Kind.pong,
    Opcode.CLOSE: Kind.close,
}
_OPCODES = {kind: opcode for opcode, kind in _KINDS.items()}
_UNSPEAKABLE = re.compile("[\r\n\0]")
_NO_LIMITS = Limits()
_NO_SECRETS = Redactor()


class _Protocol(ClientProtocol):
    """Notes every frame, and takes every answer with status 101 for a WebSocket: what is wrong with it, judges say."""

    def __init__(self, uri: WebSocketURI, key: str, largest: int, note: Callable[[bool, RawFrame], None]) -> None:
        super().__init__(uri, max_size=largest)
        self.key = key
        self._note = note

    def process_response(self, response: Response) -> None:
        if response.status_code != 101:
            raise InvalidStatus(response)

    def recv_frame(self, frame: RawFrame) -> None:
        self._note(False, frame)
        super().recv_frame(frame if frame.opcode is not Opcode.CLOSE or _is_legal(frame) else _CLOSE)

    def send_frame(self, frame: RawFrame) -> None:
        self._note(True, frame)
        super().send_frame(frame)


_CLOSE = RawFrame(Opcode.CLOSE, b"\x03\xe8")


def _is_legal(frame: RawFrame) -> bool:
    """Whether the library reads a close frame; one that it does not read closes the connection all the same."""
    try:
        Close.parse(bytes(frame.data))
    except (ProtocolError, UnicodeDecodeError):
        return False
    return True


class Session:
    """An open WebSocket as a script sees it: it sends, and waits for what comes. Nothing here raises for the hub."""

    def __init__(self, socket: Socket) -> None:
        self._socket = socket

    @property
    def frames(self) -> Sequence[Frame]:
        """All frames so far."""
        return self._socket.frames

    @property
    def is_open(self) -> bool:
        """Whether neither side has closed the connection."""
        return self._socket.is_open

    async def send(self, data: str | bytes, kind: Kind = Kind.text, *, fin: bool = True) -> None:
        """Send one frame as it is given, masked. A text need not be UTF-8 when it is given as bytes."""
        payload = data.encode("utf-8", "surrogatepass") if isinstance(data, str) else data
        await self._socket.send(RawFrame(_OPCODES[kind], payload, fin))

    async def until(self, arrived: Callable[[], bool], seconds: float) -> bool:
        """Wait until `arrived()` is true, which is asked after every frame; False when it is not so in time.

        It also ends when nothing can arrive any more.
        """
        return await self._socket.until(arrived, seconds)

    async def end(self, seconds: float) -> bool:
        """Wait for the hub to end the connection; from now on it may do so without a close frame."""
        self._socket.may_end = True
        await self._socket.until(lambda: not self.is_open, seconds)
        return not self.is_open

    async def close(self, code: int = 1000, reason: str = "") -> None:
        """Begin to close the connection, and wait a moment for the hub's part."""
        await self._socket.close(code, reason)


Script = Callable[[Session], Awaitable[None]]


async def open_socket(
    url: str,
    headers: Iterable[tuple[str, str]] = (),
    *,
    operation: str | None = None,
    limits: Limits = _NO_LIMITS,
    redactor: Redactor = _NO_SECRETS,
    verify: bool | str | ssl.SSLContext = True,
) -> Socket:
    """Ask for a WebSocket at an http(s) URL. The caller must `finish` what comes back, open or refused.

    Host, Upgrade, Connection, User-Agent and the headers of the handshake are added where `headers` lack them.
    Raises ValueError for a request that HTTP cannot express, and nothing else.
    """
    socket = Socket(url, headers, operation, limits, redactor)
    await socket.open(verify)
    return socket


class Socket:
    """One handshake, and the session after it if there is one."""

    def __init__(
        self, url: str, headers: Iterable[tuple[str, str]], operation: str | None, limits: Limits, redactor: Redactor
    ) -> None:
        self._parts = urlsplit(url)
        if self._parts.scheme not in ("http", "https") or not self._parts.hostname:
            raise ValueError("a WebSocket is asked for at an absolute URL, with http or https")
        self._url = url
        self._headers = _handshake(self._parts.netloc, tuple(headers))
        self._operation = operation
        self._limits = limits
        self._redactor = redactor
        key = next((value for name, value in self._headers if name.lower() == "sec-websocket-key"), "")
        self._protocol = _Protocol(_address(self._parts.hostname), key, limits.body_bytes, self._note)
        self._started = time.time()
        self._zero = time.perf_counter()
        self.frames: list[Frame] = []
        self.may_end = False
        """Whether the connection may break without that being a problem."""
        self._received = 0
        self._response: Response | None = None
        self._headers_at: float | None = None
        self._ended_at: float | None = None
        self._end = End.complete
        self._problem = ""
        self._reader: asyncio.StreamReader | None = None
        self._writer: asyncio.StreamWriter | None = None
        self._reading: asyncio.Task[None] | None = None
        self._moved = asyncio.Event()
        self._flushing = asyncio.Lock()
        self._gone = False
        self._deadline = 0.0

    @property
    def is_open(self) -> bool:
        return self._protocol.state is State.OPEN and not self._gone

    async def open(self, verify: bool | str | ssl.SSLContext) -> None:
        self._started, self._zero = time.time(), time.perf_counter()
        self._deadline = asyncio.get_running_loop().time() + self._limits.whole
        if not await self._connect(verify):
            return
        assert self._writer is not None
        path = self._parts._replace(scheme="", netloc="", fragment="").geturl() or "/"
        self._protocol.send_request(HandshakeRequest(path, WebSocketHeaders(self._headers)))
        self._reading = asyncio.create_task(self._read())
        await self._flush()
        seconds = min(self._limits.first_byte, self._limits.whole)
        if not await self.until(lambda: self._response is not None, seconds) and self._end is End.complete:
            if self._gone:
                self._stop(End.reset, "the hub closed the connection before an answer")
            else:
                self._stop(End.timeout, f"no complete answer to the handshake within {seconds:g} s")

    async def run(self, script: Script) -> None:
        """Let a script talk until it ends or the time for the whole session is over; passes on what it raises."""
        if not self.is_open:
            return
        try:
            async with asyncio.timeout_at(self._deadline) as bound:
                await script(Session(self))
        except TimeoutError:
            if not bound.expired():
                raise
            self._stop(End.timeout, f"the session was not finished after {self._limits.whole:g} s")

    async def finish(self) -> Exchange:
        """Close what is open, and tell all that happened."""
        if self.is_open:
            await self.close(1000, "")
        self._ended_at = self._now()
        if self._reading is not None:
            self._reading.cancel()
            with contextlib.suppress(asyncio.CancelledError):
                await self._reading
        await self._hang_up()
        return self.exchange()

    async def send(self, frame: RawFrame) -> None:
        if not self.is_open:
            return
        # The library asks for order in what it sends; a script may want to break it.
        self._protocol.send_frame(frame)
        await self._flush()

    async def until(self, arrived: Callable[[], bool], seconds: float) -> bool:
        try:
            async with asyncio.timeout(seconds) as bound:
                while not arrived():
                    if self._gone or self._protocol.close_rcvd is not None:
                        return False
                    self._moved.clear()
                    await self._moved.wait()
        except TimeoutError:
            if not bound.expired():
                raise
            return False
        return True

    async def close(self, code: int, reason: str) -> None:
        if self.is_open:
            self._protocol.send_close(code, reason)
            await self._flush()
        await self.until(lambda: self._protocol.close_rcvd is not None, CLOSE_SECONDS)

    async def _hang_up(self) -> None:
        if self._writer is None:
            return
        self._writer.close()
        with contextlib.suppress(OSError, TimeoutError):
            async with asyncio.timeout(CLOSE_SECONDS):
                await self._writer.wait_closed()
        self._writer.transport.abort()

    async def _connect(self, verify: bool | str | ssl.SSLContext) -> bool:
        host, secure = self._parts.hostname, self._parts.scheme == "https"
        context = (verify if isinstance(verify, ssl.SSLContext) else tls_context(verify)) if secure else None
        port = self._parts.port or (443 if secure else 80)
        try:
            async with asyncio.timeout(min(self._limits.connect, self._limits.whole)):
                self._reader, self._writer = await asyncio.open_connection(host, port, ssl=context)
        except TimeoutError:
            self._stop(End.timeout, f"no connection within {self._limits.connect:g} s")
        except OSError as error:
            self._stop(End.refused, why_refused(error))
        return self._writer is not None

    async def _read(self) -> None:
        """Feed the protocol until the connection ends."""
        assert self._reader is not None
        data = b"?"
        while data and not self._gone:
            try:
                data = await self._reader.read(READ_BYTES)
            except OSError:
                data = b""
            self._take(data)
            await self._flush()
        self._moved.set()

    def _take(self, data: bytes) -> None:
        protocol = self._protocol
        if data:
            protocol.receive_data(data)
        else:
            protocol.receive_eof()
        for event in protocol.events_received():
            if isinstance(event, Response) and self._response is None:
                self._response, self._headers_at = event, self._now()
        self._gone = self._gone or not data
        self._look_for_trouble(ended=not data)
        self._moved.set()

    def _look_for_trouble(self, *, ended: bool) -> None:
        protocol = self._protocol
        if self._response is None:
            if protocol.handshake_exc is not None:
                self._fail_handshake(protocol.handshake_exc)
            return
        if self._response.status_code != 101:
            return
        problem = protocol.parser_exc
        if isinstance(problem, PayloadTooBig):
            self._stop(End.too_large, f"a frame is larger than {self._limits.body_bytes} bytes; the suite hung up")
        elif isinstance(problem, ProtocolError | UnicodeDecodeError):
            self._stop(End.malformed, f"a frame that the protocol forbids: {problem}")
        elif self._received > self._limits.body_bytes or len(self.frames) > self._limits.pieces:
            self._stop(End.too_large, f"the session has too much in it: {self._received} bytes; the suite hung up")
        elif ended and protocol.close_rcvd is None and protocol.close_sent is None and not self.may_end:
            self._stop(End.reset, "the connection broke without a close frame")

    def _fail_handshake(self, problem: Exception) -> None:
        cause = problem.__cause__ or problem
        if isinstance(cause, EOFError):
            self._stop(End.reset, "the hub closed the connection before an answer")
        elif isinstance(cause, SecurityError):
            self._stop(End.too_large, f"the answer to the handshake is too large: {cause}")
        else:
            self._stop(End.malformed, f"not HTTP/1.1: {str(cause)[:200]}")

    async def _flush(self) -> None:
        """Write what the protocol has to say. That the connection is gone, the reading side learns and says."""
        if self._writer is None:
            return
        async with self._flushing:
            try:
                async with asyncio.timeout(self._limits.between_bytes) as bound:
                    self._writer.write(b"".join(self._protocol.data_to_send()))
                    await self._writer.drain()
            except TimeoutError:
                if not bound.expired():
                    raise
                self._stop(End.timeout, f"the hub took no byte for {self._limits.between_bytes:g} s")
            except OSError:
                return

    def _stop(self, end: End, problem: str) -> None:
        """Keep the first thing that went wrong."""
        if self._end is End.complete:
            self._end, self._problem = end, problem
        self._gone = True
        self._moved.set()

    def _note(self, sent: bool, raw: RawFrame) -> None:
        kind, data = _KINDS[raw.opcode], bytes(raw.data)
        code = None
        if kind is Kind.close and len(data) >= 2:
            code, data = int.from_bytes(data[:2], "big"), data[2:]
        self.frames.append(Frame(self._now(), sent, kind, data, code, raw.fin))
        self._received += 0 if sent else len(raw.data)

    def exchange(self) -> Exchange:
        """What there is so far, without secrets."""
        status, reason, body = None, "", b""
        headers: Headers = ()
        if self._response is not None:
            status, reason = self._response.status_code, self._response.reason_phrase
            headers = self._redactor.headers(self._response.headers.raw_items())
            body = bytes(self._response.body or b"")
        pieces = (Piece(self._headers_at or 0.0, body),) if body else ()
        request = Request(
            operation=self._operation,
            method="GET",
            url=self._redactor.url(self._url),
            headers=self._redactor.headers(self._headers),
        )
        return Exchange(
            request=request,
            started=round(self._started, 6),
            status=status,
            reason=self._redactor.text(reason),
            http_version="HTTP/1.1" if status is not None else "",
            headers=headers,
            headers_at=self._headers_at,
            pieces=self._redactor.pieces(pieces),
            ended_at=self._ended_at,
            end=self._end,
            problem=self._redactor.text(self._problem),
            frames=_redacted(self.frames, self._redactor),
        )

    def _now(self) -> float:
        return round(time.perf_counter() - self._zero, 6)


def _redacted(frames: Sequence[Frame], redactor: Redactor) -> tuple[Frame, ...]:
    """The frames without secrets, those included that are spread over the frames of one direction."""
    clean: dict[int, bytes] = {}
    for sent in (True, False):
        places = [place for place, frame in enumerate(frames) if frame.sent is sent]
        pieces = redactor.pieces([Piece(frames[place].at, frames[place].data) for place in places])
        clean.update({place: piece.data for place, piece in zip(places, pieces, strict=True)})
    return tuple(
        Frame(frame.at, frame.sent, frame.kind, clean[place], frame.code, frame.fin)
        for place, frame in enumerate(frames)
    )


def _handshake(host: str, given: Sequence[tuple[str, str]]) -> Headers:
    """All headers of the request; one that is given replaces ours of the same name."""
    for name, value in given:
        if _UNSPEAKABLE.search(name + value) or not name.isascii():
            raise ValueError("HTTP cannot express this request: a header holds what HTTP/1.1 forbids")
        try:
            value.encode("latin-1")
        except UnicodeEncodeError:
            raise ValueError("HTTP cannot express this request: a header is not latin-1 text") from None
    own = (
        ("Host", host.rpartition("@")[2]),
        ("Upgrade", "websocket"),
        ("Connection", "Upgrade"),
        ("Sec-WebSocket-Key", b64encode(secrets.token_bytes(16)).decode()),
        ("Sec-WebSocket-Version", VERSION),
        ("User-Agent", USER_AGENT),
    )
    names = {name.lower() for name, _ in given}
    return (*(pair for pair in own if pair[0].lower() not in names), *given)


def _address(host: str) -> WebSocketURI:
    """What the library wants to know of the address; it is used for nothing here."""
    return WebSocketURI(secure=False, host=host, port=80, path="/", query="")
