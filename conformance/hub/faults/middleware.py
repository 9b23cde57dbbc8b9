"""Puts a fault between the clean hub and its callers."""

import asyncio
import itertools
import time
from collections.abc import Awaitable, Callable
from typing import Any, Protocol

from starlette.types import Message, Receive, Scope, Send

from conformance.hub.faults.base import Ask, Fault, Reply
from conformance.hub.faults.sockets import SocketSpoiler


class _RoutedApp(Protocol):
    def operation(self, method: str, path: str) -> str | None: ...

    def __call__(self, scope: Scope, receive: Receive, send: Send) -> Awaitable[None]: ...


class FaultyHub:
    """An ASGI application that lets `app` answer, spoils the whole reply and then sends it with its own timing.

    Handshakes and frames of WebSockets are spoiled one layer below: see `spoiler`.
    """

    def __init__(self, app: _RoutedApp, fault: Fault) -> None:
        self.app = app
        self.fault = fault
        self._spoil = fault.fresh()
        self._numbers = itertools.count(1)

    async def __call__(self, scope: Scope, receive: Receive, send: Send) -> None:
        if scope["type"] != "http":
            await self.app(scope, receive, send)
            return
        body = await _whole_body(receive)
        ask = self._ask(scope, body)
        recorder = _Recorder()
        await self.app(scope, _replay(body), recorder)
        spoiled = self._spoil(ask, recorder.reply())
        if spoiled.silent:
            await _until_gone(receive)
            return
        await play(spoiled, send)

    def spoiler(self, path: str, query: str, headers: tuple[tuple[str, str], ...]) -> SocketSpoiler:
        """What spoils one WebSocket that is asked for; for the protocol class of the server."""
        ask = Ask(self.app.operation("GET", path), "GET", path, query, headers, b"", next(self._numbers))
        return SocketSpoiler(ask, self._spoil, self.fault.tell() if self.fault.tell else None)

    def _ask(self, scope: Scope, body: bytes) -> Ask:
        return Ask(
            operation=self.app.operation(scope["method"], scope["path"]),
            method=scope["method"],
            path=scope["path"],
            query=scope["query_string"].decode("latin-1"),
            headers=tuple((name.decode("latin-1"), value.decode("latin-1")) for name, value in scope["headers"]),
            body=body,
            number=next(self._numbers),
        )


class _Recorder:
    def __init__(self) -> None:
        self.started = time.monotonic()
        self.start: Message = {"status": 500, "headers": []}
        self.pieces: list[tuple[float, bytes]] = []
        self.end = 0.0

    async def __call__(self, message: Message) -> None:
        at = time.monotonic() - self.started
        if message["type"] == "http.response.start":
            self.start = message
        elif message["type"] == "http.response.body":
            if message.get("body"):
                self.pieces.append((at, message["body"]))
            self.end = at

    def reply(self) -> Reply:
        headers = tuple((name.decode("latin-1"), value.decode("latin-1")) for name, value in self.start["headers"])
        return Reply(self.start["status"], headers, tuple(self.pieces), self.end)


async def _whole_body(receive: Receive) -> bytes:
    body, more = b"", True
    while more:
        message = await receive()
        body += message.get("body", b"")
        more = message.get("more_body", False)
    return body


async def _until_gone(receive: Receive) -> None:
    while (await receive())["type"] != "http.disconnect":
        pass


def _replay(body: bytes) -> Callable[[], Awaitable[Message]]:
    messages: list[dict[str, Any]] = [{"type": "http.request", "body": body, "more_body": False}]

    async def receive() -> Message:
        return messages.pop() if messages else {"type": "http.disconnect"}

    return receive


async def play(reply: Reply, send: Send) -> None:
    """Sends `reply`, every write at its time."""
    headers = [(name.lower().encode("latin-1"), value.encode("latin-1")) for name, value in reply.headers]
    started = time.monotonic()
    first = reply.pieces[0][0] if reply.pieces else reply.end
    await _wait_until(started + min(first, reply.end))
    await send({"type": "http.response.start", "status": reply.status, "headers": headers})
    for at, data in reply.pieces:
        await _wait_until(started + at)
        await send({"type": "http.response.body", "body": data, "more_body": True})
    await _wait_until(started + reply.end)
    if not reply.cut:
        await send({"type": "http.response.body", "body": b"", "more_body": False})


async def _wait_until(moment: float) -> None:
    await asyncio.sleep(max(0.0, moment - time.monotonic()))
