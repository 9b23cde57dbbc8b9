"""The HTTP client of the suite: one request, one exchange, no policy.

It follows no redirect, keeps no cookie, reads no environment variable, undoes no content coding, and raises nothing for
what a hub does: every way to fail is an ``End`` with a sentence. It sits on the transport of httpx and not on its
client, so that none of this has to be switched off, and what was sent is exactly what is recorded.
"""

from __future__ import annotations

import asyncio
import contextlib
import importlib.util
import logging
import socket
import ssl
import sys
import time
from collections import deque
from collections.abc import AsyncIterator, Iterable, Iterator
from functools import cache
from itertools import accumulate
from types import TracebackType
from typing import Any

import httpx

from conformance import __version__
from conformance.wire.coding import undo
from conformance.wire.exchange import End, Exchange, Headers, Piece, Request
from conformance.wire.limits import Limits
from conformance.wire.redact import Redactor

__all__ = ["USER_AGENT", "Client", "tls_context", "why_refused"]

USER_AGENT = f"hub-conformance/{__version__}"

if importlib.util.find_spec("sniffio") is None:
    # httpcore tries this import five times a request; a search that fails costs a third of the whole exchange.
    sys.modules["sniffio"] = None  # type: ignore[assignment]

_DEFAULT_HEADERS = (("accept", "*/*"), ("accept-encoding", "identity"), ("user-agent", USER_AGENT))
# Servers close idle connections after 5 seconds and more; a request must not race against that.
_IDLE_SECONDS = 2.0
_CLOSE_SECONDS = 1.0
_TICK = 0.02
_STALLS_KEPT = 1000
_KEPT_OF_TOO_MUCH = 64 * 2**10
_PIECES_OF_TOO_MUCH = 1000
_NO_LIMITS = Limits()
_NO_SECRETS = Redactor()


class Client:
    """Sends requests over reused connections; use it as an async context manager, in one event loop.

    ``verify``: True for the usual certificate authorities, False for none, a path of a PEM file, or a TLS context.
    ``transport`` replaces the network, for tests.
    """

    def __init__(
        self, *, verify: bool | str | ssl.SSLContext = True, transport: httpx.AsyncBaseTransport | None = None
    ) -> None:
        _silence_logs()
        self._ticker = _Ticker()
        self._ticking: asyncio.Task[None] | None = None
        self._transport = transport or httpx.AsyncHTTPTransport(
            verify=verify if isinstance(verify, ssl.SSLContext) else tls_context(verify),
            trust_env=False,
            http2=False,
            limits=httpx.Limits(max_connections=None, max_keepalive_connections=None, keepalive_expiry=_IDLE_SECONDS),
        )

    async def __aenter__(self) -> Client:
        await self._transport.__aenter__()
        self._ticking = asyncio.create_task(self._ticker.run())
        return self

    async def __aexit__(
        self, kind: type[BaseException] | None, error: BaseException | None, trace: TracebackType | None
    ) -> None:
        if self._ticking is not None:
            self._ticking.cancel()
            with contextlib.suppress(asyncio.CancelledError):
                await self._ticking
        await self._transport.__aexit__(kind, error, trace)

    async def send(
        self,
        method: str,
        url: str,
        headers: Iterable[tuple[str, str]] = (),
        body: bytes = b"",
        *,
        operation: str | None = None,
        limits: Limits = _NO_LIMITS,
        redactor: Redactor = _NO_SECRETS,
        attempts: int = 1,
        waited: float = 0.0,
    ) -> Exchange:
        """Sends one request and records what comes back, within the limits and without the redactor's secrets.

        Host, Content-Length, Accept, Accept-Encoding (identity) and User-Agent are added where ``headers`` lack them;
        with ``Transfer-Encoding: chunked`` the body is sent in chunks instead, without a Content-Length.
        Raises ValueError for a request that HTTP cannot express (a URL without host, a newline in a header), and
        nothing else.
        """
        try:
            request = _built(method, url, headers, body)
        except (httpx.InvalidURL, UnicodeEncodeError) as error:
            what = "a header is not latin-1 text" if isinstance(error, UnicodeEncodeError) else str(error)
            raise ValueError(redactor.text(f"HTTP cannot express this request: {what}")) from None
        taking = _Taking(limits, self._ticker)
        try:
            async with asyncio.timeout(limits.whole):
                await self._take(request, taking)
        except TimeoutError:
            taking.stop(End.timeout, f"not finished after {limits.whole:g} s, {taking.size} bytes of body came")
        except _Stop as stop:
            taking.stop(stop.end, stop.problem)
        finally:
            await taking.close()
        recorded = Request(
            operation=operation,
            method=request.method,
            url=redactor.url(str(request.url)),
            headers=redactor.headers(_text(request.headers.raw)),
            body=redactor.bytes(body),
        )
        return taking.exchange(recorded, redactor, attempts, waited)

    async def _take(self, request: httpx.Request, taking: _Taking) -> None:
        limits = taking.limits
        with _failures_stop(taking):
            async with _within(
                limits.connect + limits.first_byte,
                f"no complete response header within {limits.first_byte:g} s of the request",
            ) as deadline:
                request.extensions = _extensions(taking, deadline)
                response = await self._transport.handle_async_request(request)
            taking.head(response)
            if sum(len(name) + len(value) for name, value in response.headers.raw) > limits.header_bytes:
                raise _Stop(End.too_large, f"the header section is larger than {limits.header_bytes} bytes")
            async with _within(limits.between_bytes, f"the body paused for {limits.between_bytes:g} s") as silence:
                await _read_body(response, taking, silence)


async def _read_body(response: httpx.Response, taking: _Taking, silence: asyncio.Timeout) -> None:
    loop = asyncio.get_running_loop()
    limits = taking.limits
    assert isinstance(response.stream, httpx.AsyncByteStream)
    async for data in response.stream:
        taking.body(data)
        if taking.size > limits.body_bytes:
            raise _Stop(End.too_large, f"the body is larger than {limits.body_bytes} bytes; the suite hung up")
        if taking.count > limits.pieces:
            raise _Stop(End.too_large, f"the body came in more than {limits.pieces} pieces; the suite hung up")
        silence.reschedule(loop.time() + limits.between_bytes)


class _Ticker:
    """Notices when the event loop does not get to run, because of other work in this process or on the machine."""

    def __init__(self) -> None:
        self._last: float | None = None
        self._stalls: deque[tuple[float, float]] = deque(maxlen=_STALLS_KEPT)

    async def run(self) -> None:
        """Tick until cancelled."""
        while True:
            self._last = time.perf_counter()
            await asyncio.sleep(_TICK)
            late = self._late()
            if late > _TICK:
                self._stalls.append((time.perf_counter(), late))

    def longest(self, since: float) -> float:
        """The longest stall, in seconds, that ended after a time of `time.perf_counter`, or goes on; 0 for none."""
        stalls = [late for at, late in self._stalls if at >= since]
        return max([late for late in (*stalls, self._late()) if late > _TICK], default=0.0)

    def _late(self) -> float:
        return 0.0 if self._last is None else time.perf_counter() - self._last - _TICK


class _Taking:
    """What has arrived so far."""

    def __init__(self, limits: Limits, ticker: _Ticker) -> None:
        self.limits = limits
        self._ticker = ticker
        self.size = 0
        self.connecting = False
        self.sending = False
        self._started = time.time()
        self._zero = time.perf_counter()
        self._response: httpx.Response | None = None
        self._headers_at: float | None = None
        self._ended_at: float | None = None
        self._stalled = 0.0
        self._pieces: list[Piece] = []
        self._end = End.complete
        self._problem = ""

    @property
    def answered(self) -> bool:
        return self._response is not None

    @property
    def count(self) -> int:
        return len(self._pieces)

    @property
    def reused(self) -> bool:
        return self.sending and not self.connecting

    def head(self, response: httpx.Response) -> None:
        self._response = response
        self._headers_at = self._now()

    def body(self, data: bytes) -> None:
        self._pieces.append(Piece(self._now(), data))
        self.size += len(data)

    def stop(self, end: End, problem: str) -> None:
        self._end, self._problem = end, problem

    async def close(self) -> None:
        self._ended_at = self._now()
        self._stalled = self._ticker.longest(self._zero)
        if self._response is None:
            return
        with contextlib.suppress(TimeoutError, httpx.HTTPError, OSError):
            async with asyncio.timeout(_CLOSE_SECONDS):
                await self._response.aclose()

    def exchange(self, request: Request, redactor: Redactor, attempts: int, waited: float) -> Exchange:
        status, reason, version = None, "", ""
        headers: Headers = ()
        if self._response is not None:
            status = self._response.status_code
            reason = _latin(self._response.extensions.get("reason_phrase", b""))
            version = _latin(self._response.extensions.get("http_version", b""))
            headers = redactor.headers(_text(self._response.headers.raw))
        return Exchange(
            request=request,
            started=round(self._started, 6),
            status=status,
            reason=redactor.text(reason),
            http_version=version,
            headers=headers,
            headers_at=self._headers_at,
            pieces=self._recorded(redactor),
            ended_at=self._ended_at,
            end=self._end,
            problem=redactor.text(self._problem),
            attempts=attempts,
            waited=round(waited, 6),
            reused=self.reused,
            stalled=round(self._stalled, 6),
        )

    def _recorded(self, redactor: Redactor) -> tuple[Piece, ...]:
        """All pieces, or the beginning of a body that is too large: nobody judges what it would have said."""
        pieces = redactor.pieces(self._pieces)
        coding = ", ".join(self._coding)
        if coding and redactor.hides(b"".join(undo(coding, [piece.data for piece in pieces])[0])):
            pieces = redactor.blanked(pieces)
        # What struck a limit lives in a cycle with its traceback; megabytes must not wait there for the collector.
        self._pieces, self._response = [], None
        if self._end is not End.too_large:
            return pieces
        sizes = accumulate(len(piece.data) for piece in pieces)
        kept = next((number for number, size in enumerate(sizes) if size > _KEPT_OF_TOO_MUCH), len(pieces))
        return pieces[: max(1, min(kept, _PIECES_OF_TOO_MUCH))]

    @property
    def _coding(self) -> list[str]:
        return self._response.headers.get_list("content-encoding") if self._response is not None else []

    def _now(self) -> float:
        return round(time.perf_counter() - self._zero, 6)


class _Stop(Exception):
    def __init__(self, end: End, problem: str) -> None:
        super().__init__(problem)
        self.end = end
        self.problem = problem


@contextlib.asynccontextmanager
async def _within(seconds: float, problem: str) -> AsyncIterator[asyncio.Timeout]:
    try:
        async with asyncio.timeout(seconds) as deadline:
            yield deadline
    except TimeoutError:
        raise _Stop(End.timeout, problem) from None


def _extensions(taking: _Taking, deadline: asyncio.Timeout) -> dict[str, Any]:
    limits = taking.limits
    loop = asyncio.get_running_loop()

    async def trace(name: str, info: object) -> None:
        if name == "connection.connect_tcp.started":
            taking.connecting = True
        elif name == "http11.send_request_headers.complete":
            taking.sending = True
            # Sending is bounded by its own limit; the hub's time begins when it has the whole request.
            deadline.reschedule(None)
        elif name == "http11.receive_response_headers.started":
            deadline.reschedule(loop.time() + limits.first_byte)

    seconds = {"connect": limits.connect, "write": limits.between_bytes, "read": None, "pool": None}
    return {"timeout": seconds, "trace": trace}


@contextlib.contextmanager
def _failures_stop(taking: _Taking) -> Iterator[None]:
    try:
        yield
    except httpx.ConnectTimeout:
        raise _Stop(End.timeout, f"no connection within {taking.limits.connect:g} s") from None
    except httpx.WriteTimeout:
        stalled = f"the hub took no byte of the request for {taking.limits.between_bytes:g} s"
        raise _Stop(End.timeout, stalled) from None
    except httpx.LocalProtocolError:
        if not taking.sending:
            forbidden = "the method or a header holds what HTTP/1.1 forbids"
            raise ValueError(f"HTTP cannot express this request: {forbidden}") from None
        raise _Stop(End.malformed, "the hub's answer does not fit the state of the connection") from None
    except httpx.RemoteProtocolError as error:
        raise _protocol_stop(str(error), taking) from None
    except httpx.ConnectError as error:
        raise _Stop(End.refused, why_refused(error)) from None
    except (httpx.TransportError, OSError):
        where = f"in the body, after {taking.size} bytes" if taking.answered else _before_answer(taking)
        raise _Stop(End.reset, f"the connection broke {where}") from None


def _before_answer(taking: _Taking) -> str:
    if taking.reused:
        return "before an answer; it had served an earlier exchange, and may have been closed while idle"
    return "before an answer"


def _protocol_stop(words: str, taking: _Taking) -> _Stop:
    if words.startswith("Server disconnected"):
        return _Stop(End.reset, f"the hub closed the connection {_before_answer(taking)}")
    if words.startswith("peer closed connection"):
        return _Stop(End.truncated, f"the body was cut after {taking.size} bytes: {_missing(words)}")
    if words.startswith("Receive buffer too long"):
        return _Stop(End.too_large, "a header section, or a line of the chunked coding, is far too long")
    return _Stop(End.malformed, f"not HTTP/1.1: {words[:200]}")


def _missing(words: str) -> str:
    if "chunked" in words:
        return "the chunked coding lacks its last chunk"
    return "Content-Length promises more"


def why_refused(error: BaseException) -> str:
    """Why no connection came about, in words."""
    for cause in _causes(error):
        if isinstance(cause, ssl.SSLCertVerificationError):
            return f"TLS failed: {cause.verify_message}"
        if isinstance(cause, ssl.SSLError):
            return f"TLS failed: {(cause.reason or 'the peer does not speak it').lower().replace('_', ' ')}"
        if isinstance(cause, socket.gaierror):
            return "the host name is not known"
        if isinstance(cause, ConnectionRefusedError):
            return "the connection was refused"
    return "no connection could be made"


def _causes(error: BaseException | None) -> Iterator[BaseException]:
    while error is not None:
        yield error
        if isinstance(error, BaseExceptionGroup):
            for member in error.exceptions:
                yield from _causes(member)
        error = error.__cause__ or error.__context__


def _built(method: str, url: str, headers: Iterable[tuple[str, str]], body: bytes) -> httpx.Request:
    given = tuple(headers)
    names = {name.lower() for name, _ in given}
    added = [pair for pair in _DEFAULT_HEADERS if pair[0] not in names]
    encoded = [(name.encode("latin-1"), value.encode("latin-1")) for name, value in (*given, *added)]
    request = httpx.Request(method, url, headers=encoded, content=body)
    if "transfer-encoding" in names and "content-length" not in names:
        # RFC 9112 6.2: never both; the library counts the body all the same.
        request.headers.pop("content-length", None)
    if request.url.scheme not in ("http", "https") or not request.url.host:
        raise httpx.InvalidURL("the URL must be absolute, with http or https")
    return request


@cache
def tls_context(verify: bool | str) -> ssl.SSLContext:
    """The context for `Client(verify=...)`. Building one takes some 20 ms, mostly for reading the authorities."""
    if isinstance(verify, str):
        return ssl.create_default_context(cafile=verify)
    return httpx.create_ssl_context(verify=verify, trust_env=False)


def _silence_logs() -> None:
    """httpx logs whole URLs at INFO, httpcore headers at DEBUG; either may hold a secret."""
    for name in ("httpx", "httpcore"):
        logger = logging.getLogger(name)
        if logger.level < logging.WARNING:
            logger.setLevel(logging.WARNING)


def _text(raw: Iterable[tuple[bytes, bytes]]) -> Headers:
    return tuple((_latin(name), _latin(value)) for name, value in raw)


def _latin(data: bytes) -> str:
    return data.decode("latin-1")
