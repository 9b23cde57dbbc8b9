"""A TCP server which plays what a test tells it to, byte by byte."""

from __future__ import annotations

import asyncio
import contextlib
import socket
import struct
from collections.abc import AsyncIterator, Callable, Sequence
from dataclasses import dataclass, field

import pytest

from conformance.wire.exchange import Exchange
from conformance.wire.http import Client
from conformance.wire.limits import Limits
from conformance.wire.redact import Redactor

RESET = "reset"
HOLD = "hold"

Step = bytes | float | str
"""Bytes are sent, a number is a pause in seconds, RESET cuts the connection, HOLD keeps it open."""


@dataclass
class Server:
    """One script for each request; the last one is repeated."""

    scripts: Sequence[Sequence[Step]]
    requests: list[bytes] = field(default_factory=list)
    connections: int = 0
    url: str = ""
    tasks: set[asyncio.Task[None] | None] = field(default_factory=set)

    async def serve(self, reader: asyncio.StreamReader, writer: asyncio.StreamWriter) -> None:
        self.connections += 1
        self.tasks.add(asyncio.current_task())
        # A cancelled task must end quietly: asyncio in Python 3.11 reports it as an error otherwise.
        with contextlib.suppress(OSError, asyncio.IncompleteReadError, asyncio.CancelledError):
            while True:
                self.requests.append(await _request(reader))
                script = self.scripts[min(len(self.requests), len(self.scripts)) - 1]
                if not await _play(script, writer):
                    break
        writer.close()


async def _request(reader: asyncio.StreamReader) -> bytes:
    head = await reader.readuntil(b"\r\n\r\n")
    if b"\r\ntransfer-encoding: chunked\r\n" in head.lower():
        return head + await reader.readuntil(b"0\r\n\r\n")
    lengths = [line for line in head.lower().split(b"\r\n") if line.startswith(b"content-length:")]
    return head + await reader.readexactly(int(lengths[0][15:]) if lengths else 0)


async def _play(script: Sequence[Step], writer: asyncio.StreamWriter) -> bool:
    for step in script:
        if isinstance(step, bytes):
            writer.write(step)
            await writer.drain()
        elif isinstance(step, float):
            await asyncio.sleep(step)
        elif step == HOLD:
            return True
        elif step == RESET:
            linger = struct.pack("ii", 1, 0)
            writer.get_extra_info("socket").setsockopt(socket.SOL_SOCKET, socket.SO_LINGER, linger)
            writer.transport.abort()
            return False
    return False


@contextlib.asynccontextmanager
async def serving(*scripts: Sequence[Step]) -> AsyncIterator[Server]:
    server = Server(scripts)
    listening = await asyncio.start_server(server.serve, "127.0.0.1", 0)
    server.url = f"http://127.0.0.1:{listening.sockets[0].getsockname()[1]}"
    try:
        yield server
    finally:
        listening.close()
        for task in server.tasks:
            if task is not None:
                task.cancel()
        await asyncio.sleep(0)


SHORT = Limits(connect=0.5, first_byte=0.4, between_bytes=0.4, whole=0.6, body_bytes=64 * 2**10)

Play = Callable[..., Exchange]


@pytest.fixture
def play() -> Play:
    """Sends one request to a server which plays the script; extra arguments go to ``Client.send``."""

    def run(
        *script: Step,
        method: str = "GET",
        path: str = "/v1/models",
        limits: Limits = SHORT,
        redactor: Redactor | None = None,
        headers: Sequence[tuple[str, str]] = (),
        body: bytes = b"",
    ) -> Exchange:
        async def talk() -> Exchange:
            async with serving(script) as server, Client() as client:
                return await client.send(
                    method, server.url + path, headers, body, limits=limits, redactor=redactor or Redactor()
                )

        return asyncio.run(talk())

    return run


Serving = Callable[..., contextlib.AbstractAsyncContextManager[Server]]


@pytest.fixture(name="serving")
def serving_fixture() -> Serving:
    return serving
