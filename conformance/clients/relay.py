"""A relay on this machine between a client and the hub: each request is sent on, recorded, and answered as the hub did.

The client is given a key that nobody else knows; only here the hub's token takes its place, so that the token reaches
no client, no process of a client, and nothing that a client writes.
"""

from __future__ import annotations

import asyncio
import contextlib
from collections.abc import Awaitable, Callable, Generator, Iterable, MutableMapping
from typing import Any

from conformance.engine.probe import Hub
from conformance.wire.exchange import End, Exchange

KEY = "sk-KeyOfTheClientsOfHubConformance"
"""What the clients are given as their key."""
_OURS = frozenset({"host", "content-length", "connection", "transfer-encoding", "accept-encoding"})
_HOP_BY_HOP = frozenset({"connection", "keep-alive", "transfer-encoding", "upgrade", "trailer"})
_READABLE = ("accept-encoding", "gzip, deflate")
Message = MutableMapping[str, Any]
Receive = Callable[[], Awaitable[Message]]
Send = Callable[[Message], Awaitable[None]]


class HubGone(Exception):
    """The hub gave no whole answer, and so the client gets none."""


class Relay:
    """An HTTP server on 127.0.0.1. `hub` and `operation` are those of the scene."""

    def __init__(self) -> None:
        self.hub: Hub | None = None
        self.operation = ""
        self.problem: Exception | None = None
        """Why the hub was not asked: the budget, or a mistake of ours."""
        self._busy = 0
        self._touched = 0.0
        self._task: asyncio.Task[None] | None = None
        self._port = 0

    @property
    def base_url(self) -> str:
        return f"http://127.0.0.1:{self._port}"

    @property
    def idle(self) -> float:
        """Seconds since the client was last seen to do something; none while the hub is asked."""
        return 0.0 if self._busy else asyncio.get_running_loop().time() - self._touched

    def touch(self) -> None:
        """Let the idle time begin anew."""
        self._touched = asyncio.get_running_loop().time()

    async def start(self) -> None:
        """Listen on a free port."""
        import socket

        import uvicorn

        class Server(uvicorn.Server):
            @contextlib.contextmanager
            def capture_signals(self) -> Generator[None, None, None]:
                yield  # signals are the process's own business

        listening = socket.create_server(("127.0.0.1", 0))
        self._port = listening.getsockname()[1]
        config = uvicorn.Config(
            self._answer,
            http="h11",
            ws="none",
            lifespan="off",
            interface="asgi3",
            log_config=None,
            log_level="critical",
            access_log=False,
            server_header=False,
            date_header=False,
        )
        server = Server(config)
        self._task = asyncio.create_task(server.serve([listening]))
        while not server.started:
            await asyncio.sleep(0.005)

    async def close(self) -> None:
        """Stop listening."""
        if self._task is not None:
            self._task.cancel()
            with contextlib.suppress(asyncio.CancelledError):
                await self._task

    async def _answer(self, scope: Message, receive: Receive, send: Send) -> None:
        body = await _body(receive)
        if self.hub is None:
            raise HubGone("no scene is being played")
        self._busy += 1
        try:
            exchange = await self._ask(self.hub, scope, body)
        except Exception as problem:
            self.problem = problem
            raise HubGone(str(problem)) from None
        finally:
            self._busy -= 1
            self.touch()
        await _reply(exchange, send)

    async def _ask(self, hub: Hub, scope: Message, body: bytes) -> Exchange:
        token = hub.target.token.reveal() if hub.target.token else ""
        query = scope["query_string"].decode("latin-1")
        path = scope["raw_path"].decode("latin-1") + (f"?{query}" if query else "")
        return await hub.send(
            self.operation,
            method=scope["method"],
            path=path.replace(KEY, token),
            headers=[*_sent_on(scope["headers"], token), _READABLE],
            body=body,
            auth=None,
        )


async def _body(receive: Receive) -> bytes:
    body = bytearray()
    while True:
        message = await receive()
        body += message.get("body", b"")
        if not message.get("more_body"):
            return bytes(body)


def _sent_on(headers: Iterable[tuple[bytes, bytes]], token: str) -> list[tuple[str, str]]:
    """The client's headers with the hub's token in the place of the client's key; a key for no token is left out."""
    told = [(name.decode("latin-1"), value.decode("latin-1")) for name, value in headers]
    kept = [(name, value) for name, value in told if name not in _OURS and (token or KEY not in value)]
    return [(name, value.replace(KEY, token)) for name, value in kept]


async def _reply(exchange: Exchange, send: Send) -> None:
    """Say to the client what the hub has said, and break off where the hub did."""
    if exchange.status is None:
        raise HubGone(exchange.problem)
    headers = [(k.lower().encode("latin-1"), v.encode("latin-1")) for k, v in exchange.headers]
    kept = [(name, value) for name, value in headers if name.decode("latin-1") not in _HOP_BY_HOP]
    await send({"type": "http.response.start", "status": exchange.status, "headers": kept})
    for piece in exchange.pieces:
        await send({"type": "http.response.body", "body": piece.data, "more_body": True})
    if exchange.end is not End.complete:
        raise HubGone(exchange.problem)
    await send({"type": "http.response.body", "body": b""})
