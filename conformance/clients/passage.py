"""A client's WebSocket, passed on to the hub by messages: what one side says, and how it ends, the other side hears."""

from __future__ import annotations

import asyncio
import contextlib
from collections.abc import Awaitable, Callable, MutableMapping
from typing import Any

from conformance.wire.exchange import Exchange
from conformance.wire.frames import Assembler, Frame, Kind
from conformance.wire.redact import Redactor
from conformance.wire.websocket import Session

ASGIMessage = MutableMapping[str, Any]
Receive = Callable[[], Awaitable[ASGIMessage]]
Send = Callable[[ASGIMessage], Awaitable[None]]


class Passage:
    """One session between a client, spoken to by ASGI, and the hub.

    Args:
        patience: seconds without a frame from either side after which the session is ended.
        redactor: takes secrets out of what the hub says, before the client hears it.
    """

    def __init__(self, receive: Receive, send: Send, redactor: Redactor, patience: float) -> None:
        self._receive = receive
        self._send = send
        self._redactor = redactor
        self._patience = patience
        self._assembler = Assembler()
        self._accepted = False
        self._seen = 0

    async def hold(self, handshake: Exchange, session: Session) -> None:
        """Accept the client as the hub has accepted it, and pass on until one side ends the session or nobody speaks.

        The connection of a client breaks without a close frame where the hub's has.
        """
        with contextlib.suppress(OSError):  # the client has gone
            await self._accept(handshake)
            await self._until_one_ends(session)

    async def retell(self, exchange: Exchange) -> None:
        """Pass on a session that was over before it could be held."""
        if not self._accepted:
            with contextlib.suppress(OSError, UnicodeDecodeError):
                await self._accept(exchange)
                for frame in exchange.frames:
                    await self._tell(frame)

    async def _accept(self, handshake: Exchange) -> None:
        self._accepted = True
        headers = _passed_on(handshake)
        subprotocol = handshake.header("sec-websocket-protocol")
        await self._send({"type": "websocket.accept", "subprotocol": subprotocol, "headers": headers})

    async def _until_one_ends(self, session: Session) -> None:
        directions = [asyncio.create_task(way(session)) for way in (self._to_hub, self._to_client)]
        try:
            ended, _ = await asyncio.wait(directions, return_when=asyncio.FIRST_COMPLETED)
            for direction in ended:
                direction.result()
        finally:
            for direction in directions:
                direction.cancel()
            await asyncio.gather(*directions, return_exceptions=True)

    async def _to_hub(self, session: Session) -> None:
        while (message := await self._receive())["type"] == "websocket.receive":
            text = message.get("text")
            if text is None:
                await session.send(message["bytes"], Kind.binary)
            else:
                await session.send(text)
        code = message.get("code")
        await session.close(*((code, message.get("reason") or "") if _is_sendable(code) else (1000, "")))

    async def _to_client(self, session: Session) -> None:
        with contextlib.suppress(UnicodeDecodeError):  # no client could read this
            while await session.until(lambda: len(session.frames) > self._seen, self._patience):
                self._seen += 1
                await self._tell(session.frames[self._seen - 1])

    async def _tell(self, frame: Frame) -> None:
        """Pass on the message that a frame of the hub ends, or its closing.

        Where its code may not be sent, nothing is said, and the connection breaks at the end of the session.
        """
        message = self._assembler.add(frame)
        if message is not None and not message.sent:
            data = self._redactor.bytes(message.data)
            told = {"text": data.decode()} if message.is_text else {"bytes": data}
            await self._send({"type": "websocket.send", **told})
        elif frame.kind is Kind.close and not frame.sent:
            code = 1000 if frame.code is None else frame.code
            if _is_sendable(code):
                reason = self._redactor.bytes(frame.data).decode()
                await self._send({"type": "websocket.close", "code": code, "reason": reason})


def _passed_on(handshake: Exchange) -> list[tuple[bytes, bytes]]:
    """The headers of the hub's answer but those of this one connection."""
    told = [(name.lower(), value) for name, value in handshake.headers]
    return [
        (name.encode("latin-1"), value.encode("latin-1"))
        for name, value in told
        if name not in ("connection", "upgrade") and not name.startswith("sec-websocket-")
    ]


def _is_sendable(code: int | None) -> bool:
    """Whether a close frame may hold this code (RFC 6455 7.4)."""
    from websockets.exceptions import ProtocolError
    from websockets.frames import Close

    try:
        Close(code or 0, "").check()
    except ProtocolError:
        return False
    return True
