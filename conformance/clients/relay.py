"""A relay on this machine between a client and the hub: each request is sent on, recorded, and answered as the hub did.

A WebSocket is asked for in the same way, and what each side says in it is passed on as it comes. The client is given a
key that nobody else knows; only here the hub's token takes its place, so that the token reaches no client, no process
of a client, and nothing that a client writes.
"""

from __future__ import annotations

import asyncio
import contextlib
import secrets
from collections.abc import Container, Generator, Iterable
from dataclasses import replace
from urllib.parse import urljoin

from conformance.clients.passage import ASGIMessage, Passage, Receive, Send
from conformance.engine.kit.links import MOST_BYTES
from conformance.engine.probe import WRONG_TOKEN, Hub, StopProbe
from conformance.wire.exchange import End, Exchange
from conformance.wire.limits import Limits
from conformance.wire.redact import Redactor

KEY = f"sk-{secrets.token_hex(16)}"
"""What the clients are given as their key: a new one in each process, which nothing else on this machine can guess."""
SESSION_GRACE = 10.0
"""Seconds beyond the longest silence of an answer after which a session is ended in which nobody speaks."""
SETTLE_SECONDS = 6.0
"""How long the end of what a client has begun is waited for: a hub's part in closing a WebSocket, above all."""
_OURS = frozenset({"host", "content-length", "connection", "transfer-encoding", "accept-encoding"})
_OF_A_HANDSHAKE = frozenset({"upgrade", "sec-websocket-key", "sec-websocket-version", "sec-websocket-extensions"})
_HOP_BY_HOP = frozenset({"connection", "keep-alive", "transfer-encoding", "upgrade", "trailer"})
_READABLE = ("accept-encoding", "gzip, deflate")


class HubGone(Exception):
    """The hub gave no whole answer, and so the client gets none."""


class Relay:
    """An HTTP server on 127.0.0.1. `hub` and `operation` are those of the scene."""

    def __init__(self) -> None:
        self.hub: Hub | None = None
        self.operation = ""
        self.problem: Exception | None = None
        """Why the hub was not asked: the budget, or a mistake of ours."""
        self.endless = False
        """Whether the client has sent more requests than a scene may."""
        self._most: int | None = None
        self._busy = 0
        self._quiet = asyncio.Event()
        self._quiet.set()
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

    def begin(self, hub: Hub, operation: str, most: int | None) -> None:
        """Let a scene be played that may send so many requests; None for any number, which the run's budget bounds."""
        self.hub, self.operation, self._most = hub, operation, most
        self.problem, self.endless = None, False

    async def settle(self) -> None:
        """Wait a moment until everything that the client has begun is recorded."""
        with contextlib.suppress(TimeoutError):
            async with asyncio.timeout(SETTLE_SECONDS):
                await self._quiet.wait()

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
            ws="websockets-sansio",
            ws_per_message_deflate=False,
            ws_ping_interval=None,
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

    async def _answer(self, scope: ASGIMessage, receive: Receive, send: Send) -> None:
        hub = self.hub
        if hub is None:
            raise HubGone("no scene is being played")
        self.endless = self._most is not None and len(hub.exchanges) >= self._most
        if self.endless:
            raise HubGone("the scene has sent all requests that it may")
        await (self._converse if scope["type"] == "websocket" else self._ask)(hub, scope, receive, send)

    async def _ask(self, hub: Hub, scope: ASGIMessage, receive: Receive, send: Send) -> None:
        body = await _body(receive)
        fetches = scope["method"] != hub.contract.operation(self.operation).method
        with self._asking():
            exchange = await hub.send(
                self.operation,
                method=scope["method"],
                path=_path(scope, _token(hub)),
                headers=[*_sent_on(scope["headers"], _token(hub), _OURS), _READABLE],
                body=body,
                auth=None,
                limits=_heavy(hub.target.limits) if fetches else None,
            )
            exchange = self._kept_here(hub, exchange)
        await _reply(exchange, send)

    def _kept_here(self, hub: Hub, exchange: Exchange) -> Exchange:
        """The answer with a redirection to the hub leading to this relay.

        Raises:
            StopProbe: it leads anywhere else, where no client is sent.
        """
        told = exchange.header("location")
        if told is None:
            return exchange
        location = urljoin(exchange.request.url, told)
        if not location.startswith(f"{hub.target.base_url}/"):
            raise StopProbe("the hub sends the client to another host, and the suite lets no client follow")
        here = self.base_url + location.removeprefix(hub.target.base_url)
        headers = [(name, here if name.lower() == "location" else value) for name, value in exchange.headers]
        return replace(exchange, headers=tuple(headers))

    async def _converse(self, hub: Hub, scope: ASGIMessage, receive: Receive, send: Send) -> None:
        await receive()  # that a connection is asked for
        redactor = Redactor(hub.target.secrets, shown=[WRONG_TOKEN])
        passage = Passage(receive, send, redactor, hub.target.limits.between_bytes + SESSION_GRACE)
        with self._asking():
            exchange = await hub.connect(
                self.operation,
                passage.hold,
                path=_path(scope, _token(hub)),
                headers=_sent_on(scope["headers"], _token(hub), _OURS | _OF_A_HANDSHAKE),
                auth=None,
            )
        if exchange.switched:
            await passage.retell(exchange)
        else:
            await _reply(exchange, send, "websocket.http")

    @contextlib.contextmanager
    def _asking(self) -> Generator[None, None, None]:
        """While the hub is asked. What keeps it from being asked is kept for the scene; the client gets no answer."""
        self._busy += 1
        self._quiet.clear()
        try:
            yield
        except Exception as problem:
            self.problem = problem
            raise HubGone(str(problem)) from None
        finally:
            self._busy -= 1
            self.touch()
            if not self._busy:
                self._quiet.set()


def _heavy(limits: Limits) -> Limits:
    return replace(limits, body_bytes=max(MOST_BYTES, limits.body_bytes))


def _token(hub: Hub) -> str:
    return hub.target.token.reveal() if hub.target.token else ""


def _path(scope: ASGIMessage, token: str) -> str:
    query = scope["query_string"].decode("latin-1")
    path: str = scope["raw_path"].decode("latin-1")
    return (f"{path}?{query}" if query else path).replace(KEY, token)


async def _body(receive: Receive) -> bytes:
    body = bytearray()
    while True:
        message = await receive()
        body += message.get("body", b"")
        if not message.get("more_body"):
            return bytes(body)


def _sent_on(headers: Iterable[tuple[bytes, bytes]], token: str, ours: Container[str]) -> list[tuple[str, str]]:
    """The client's headers with the hub's token in the place of the client's key; a key for no token is left out."""
    told = [(name.decode("latin-1"), value.decode("latin-1")) for name, value in headers]
    kept = [(name, value) for name, value in told if name not in ours and (token or KEY not in value)]
    return [(name, value.replace(KEY, token)) for name, value in kept]


async def _reply(exchange: Exchange, send: Send, kind: str = "http") -> None:
    """Say to the client what the hub has said, and break off where the hub did."""
    if exchange.status is None:
        raise HubGone(exchange.problem)
    headers = [(k.lower().encode("latin-1"), v.encode("latin-1")) for k, v in exchange.headers]
    kept = [(name, value) for name, value in headers if name.decode("latin-1") not in _HOP_BY_HOP]
    await send({"type": f"{kind}.response.start", "status": exchange.status, "headers": kept})
    for piece in exchange.pieces:
        await send({"type": f"{kind}.response.body", "body": piece.data, "more_body": True})
    if exchange.end is not End.complete:
        raise HubGone(exchange.problem)
    await send({"type": f"{kind}.response.body", "body": b""})
