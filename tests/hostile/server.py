"""A hub that means harm: raw TCP in front of a good hub, so that a run finds both good answers and bad ones."""

from __future__ import annotations

import asyncio
import contextlib
import json
import re
import socket
import struct
import threading
from collections.abc import Awaitable, Callable
from dataclasses import dataclass, field, replace
from types import TracebackType
from typing import Any, Self
from urllib.parse import urlsplit

Headers = tuple[tuple[str, str], ...]
_FRAMING = frozenset({"content-length", "transfer-encoding", "connection", "content-encoding"})


@dataclass(frozen=True)
class Ask:
    """A request as it came. `number` counts the requests of the run from 1."""

    number: int
    method: str
    target: str
    head: bytes
    body: bytes

    @property
    def wants_stream(self) -> bool:
        return b'"stream": true' in self.body or "streamGenerateContent" in self.target

    def header(self, name: str) -> str:
        """The value of a header; empty when there is none."""
        found = re.search(rb"(?im)^" + name.encode() + rb":[ \t]*([^\r\n]*)", self.head)
        return found[1].decode("latin-1") if found else ""


@dataclass(frozen=True)
class Reply:
    """A whole answer without its framing."""

    status: int
    headers: Headers
    body: bytes

    @property
    def media_type(self) -> str:
        return next((value for name, value in self.headers if name.lower() == "content-type"), "").partition(";")[0]

    def with_values(self, change: Callable[[Any], Any]) -> Reply:
        """The reply with every JSON scalar of its body or its events changed; names of members stay."""
        if self.media_type == "application/json":
            return replace(self, body=_rewritten(self.body, change))
        if self.media_type == "text/event-stream":
            lines = self.body.split(b"\n")
            return replace(self, body=b"\n".join(_rewritten_line(line, change) for line in lines))
        return self

    def sent(self, *more: tuple[str, str], length: int | None = None) -> bytes:
        """The bytes of the reply. `length` lies about the length of the body."""
        headers = [pair for pair in self.headers if pair[0].lower() not in _FRAMING]
        headers += [("content-length", str(len(self.body) if length is None else length)), *more]
        lines = "".join(f"{name}: {value}\r\n" for name, value in headers)
        return f"HTTP/1.1 {self.status} Hm\r\n{lines}\r\n".encode("latin-1", "replace") + self.body


class Raw(str):
    """A JSON text that stands in a reply as it is."""


def _rewritten_line(line: bytes, change: Callable[[Any], Any]) -> bytes:
    data = line.removeprefix(b"data: ")
    return b"data: " + _rewritten(data, change) if data != line and data.startswith(b"{") else line


def _rewritten(body: bytes, change: Callable[[Any], Any]) -> bytes:
    try:
        return _written(_changed(json.loads(body), change)).encode("utf-8", "surrogatepass")
    except ValueError:
        return body


def _changed(value: Any, change: Callable[[Any], Any]) -> Any:
    if isinstance(value, dict):
        return {name: _changed(member, change) for name, member in value.items()}
    if isinstance(value, list):
        return [_changed(member, change) for member in value]
    return change(value)


def _written(value: Any) -> str:
    if isinstance(value, Raw):
        return str(value)
    if isinstance(value, dict):
        return "{" + ",".join(f"{json.dumps(name)}:{_written(member)}" for name, member in value.items()) + "}"
    if isinstance(value, list):
        return "[" + ",".join(map(_written, value)) + "]"
    return json.dumps(value)


@dataclass
class Line:
    """The connection to the suite while one request is answered."""

    writer: asyncio.StreamWriter

    async def send(self, *parts: bytes) -> None:
        for part in parts:
            self.writer.write(part)
            await self.writer.drain()

    async def hold(self) -> None:
        """Do nothing until the suite hangs up."""
        await asyncio.sleep(3600)

    def reset(self) -> None:
        """End the connection with RST instead of FIN."""
        linger = struct.pack("ii", 1, 0)
        self.writer.get_extra_info("socket").setsockopt(socket.SOL_SOCKET, socket.SO_LINGER, linger)
        self.writer.transport.abort()


Good = Callable[[], Awaitable[Reply]]
Answer = Callable[[Ask, Line, Good], Awaitable[None]]


async def honest(ask: Ask, line: Line, good: Good) -> None:
    """The good hub's answer."""
    await line.send((await good()).sent())


@dataclass
class HostileHub:
    """Serves on a free port of 127.0.0.1, in a thread, while the context lasts.

    `answer` plays every request for which `harmful` is true; any other is passed through to the good hub at `upstream`.
    """

    upstream: str
    answer: Answer
    harmful: Callable[[Ask], bool]
    strangers: int = 0
    """Connections that came for another host, where redirects point to."""
    requests: int = 0
    mistakes: list[str] = field(default_factory=list)
    """What went wrong in the play itself."""
    _loop: asyncio.AbstractEventLoop = field(default_factory=asyncio.new_event_loop)
    _ports: dict[str, int] = field(default_factory=dict)
    _servers: list[asyncio.Server] = field(default_factory=list)
    _tasks: set[asyncio.Task[None]] = field(default_factory=set)

    @property
    def url(self) -> str:
        return f"http://127.0.0.1:{self._ports['127.0.0.1']}"

    @property
    def other_url(self) -> str:
        return f"http://127.0.0.2:{self._ports['127.0.0.2']}"

    def __enter__(self) -> Self:
        self._run(self._listen("127.0.0.1", self._serve))
        self._run(self._listen("127.0.0.2", self._count_stranger))
        self._thread = threading.Thread(target=self._loop.run_forever, daemon=True)
        self._thread.start()
        return self

    def __exit__(
        self, kind: type[BaseException] | None, error: BaseException | None, trace: TracebackType | None
    ) -> None:
        asyncio.run_coroutine_threadsafe(self._close(), self._loop).result(10)
        self._loop.call_soon_threadsafe(self._loop.stop)
        self._thread.join(10)
        self._loop.close()

    def restart(self, seconds: float) -> None:
        """Drop everything, the request that leads to this included, and come back at the same address after a while."""
        # A task of its own: the one that calls is among those that are dropped.
        self._restart = self._loop.create_task(self._come_back(seconds))

    async def _come_back(self, seconds: float) -> None:
        port = self._ports["127.0.0.1"]
        server = self._servers.pop(0)
        server.close()
        for task in self._tasks:
            task.cancel()
        await asyncio.sleep(seconds)
        self._servers.insert(0, await asyncio.start_server(self._serve, "127.0.0.1", port))

    def _run(self, work: Any) -> None:
        self._loop.run_until_complete(work)

    async def _listen(self, host: str, serve: Any) -> None:
        server = await asyncio.start_server(serve, host, 0)
        self._servers.append(server)
        self._ports[host] = server.sockets[0].getsockname()[1]

    async def _close(self) -> None:
        for server in self._servers:
            server.close()
        tasks = list(self._tasks)
        for task in tasks:
            task.cancel()
        await asyncio.gather(*tasks, return_exceptions=True)

    async def _count_stranger(self, _: asyncio.StreamReader, writer: asyncio.StreamWriter) -> None:
        self.strangers += 1
        writer.close()

    async def _serve(self, reader: asyncio.StreamReader, writer: asyncio.StreamWriter) -> None:
        task = asyncio.current_task()
        assert task is not None
        self._tasks.add(task)
        # A cancelled task must end quietly: asyncio in Python 3.11 reports it as an error otherwise.
        with contextlib.suppress(OSError, asyncio.IncompleteReadError, asyncio.CancelledError):
            await self._reply_or_note(reader, writer)
        self._tasks.discard(task)
        writer.close()

    async def _reply_or_note(self, reader: asyncio.StreamReader, writer: asyncio.StreamWriter) -> None:
        try:
            await self._reply(reader, writer)
        except (OSError, asyncio.IncompleteReadError):
            raise
        except Exception as problem:
            self.mistakes.append(repr(problem))

    async def _reply(self, reader: asyncio.StreamReader, writer: asyncio.StreamWriter) -> None:
        head = await reader.readuntil(b"\r\n\r\n")
        length = re.search(rb"(?i)\r\ncontent-length:\s*(\d+)", head)
        body = await reader.readexactly(int(length[1]) if length else 0)
        method, target, _ = head.split(b"\r\n", 1)[0].decode("latin-1").split(" ")
        self.requests += 1
        ask = Ask(self.requests, method, target, head, body)
        if not self.harmful(ask):
            await self._pass(ask, writer)
            return

        async def good() -> Reply:
            return await self._ask_good_hub(ask)

        # Whoever hangs up ends the play: a handler that only waits would never learn of it.
        play = asyncio.ensure_future(self.answer(ask, Line(writer), good))
        gone = asyncio.ensure_future(reader.read())
        try:
            await asyncio.wait({play, gone}, return_when=asyncio.FIRST_COMPLETED)
            if play.done():
                play.result()
        finally:
            play.cancel()
            gone.cancel()

    async def _pass(self, ask: Ask, writer: asyncio.StreamWriter) -> None:
        upstream, sender = await self._connect(ask)
        with contextlib.closing(sender):
            while data := await upstream.read(65536):
                writer.write(data)
                await writer.drain()

    async def _connect(self, ask: Ask) -> tuple[asyncio.StreamReader, asyncio.StreamWriter]:
        parts = urlsplit(self.upstream)
        reader, writer = await asyncio.open_connection(parts.hostname, parts.port)
        kept = [line for line in ask.head.split(b"\r\n")[:-2] if not line.lower().startswith(b"connection:")]
        writer.write(b"\r\n".join([*kept, b"Connection: close", b"", b""]) + ask.body)
        return reader, writer

    async def _ask_good_hub(self, ask: Ask) -> Reply:
        reader, writer = await self._connect(ask)
        with contextlib.closing(writer):
            head, _, body = (await reader.read(-1)).partition(b"\r\n\r\n")
        first, *rest = head.decode("latin-1").split("\r\n")
        headers = tuple((name, value.strip()) for name, _, value in (line.partition(":") for line in rest))
        chunked = any(name.lower() == "transfer-encoding" for name, _ in headers)
        return Reply(int(first.split(" ")[1]), headers, _dechunked(body) if chunked else body)


def _dechunked(body: bytes) -> bytes:
    parts = []
    while body:
        size, _, body = body.partition(b"\r\n")
        parts.append(body[: int(size, 16)])
        body = body[int(size, 16) + 2 :]
    return b"".join(parts)
