"""A conversation over a WebSocket as a probe holds it: it tells events, and waits for events of a type."""

from __future__ import annotations

import json
from collections.abc import Awaitable, Callable
from typing import Any

from conformance.wire.frames import Assembler, Kind, Message
from conformance.wire.websocket import Session

Event = dict[str, Any]


class Dialogue:
    """An open WebSocket on which both sides send JSON objects with a `type`, one a text message.

    Nothing here raises for what a hub does: what does not come is None.
    """

    def __init__(self, session: Session, patience: float) -> None:
        self._session = session
        self._patience = patience
        self._assembler = Assembler()
        self._seen = 0
        self._unheard: list[Event] = []

    @property
    def is_open(self) -> bool:
        """Whether neither side has closed the connection."""
        return self._session.is_open

    async def tell(self, event: Event | str) -> None:
        """Send one event; a text is sent as it is."""
        await self._session.send(event if isinstance(event, str) else json.dumps(event, ensure_ascii=False))

    async def tell_in_parts(self, event: Event, parts: int) -> None:
        """Send one event as a text message of several frames."""
        data = json.dumps(event, ensure_ascii=False).encode()
        size = -(-len(data) // parts)
        for number in range(parts):
            kind = Kind.continuation if number else Kind.text
            part = data[number * size : (number + 1) * size]
            await self._session.send(part, kind, fin=number == parts - 1)

    async def frame(self, kind: Kind, data: bytes) -> None:
        """Send one frame as it is given."""
        await self._session.send(data, kind)

    async def hear(self, *types: str, within: float | None = None) -> Event | None:
        """Wait for an event of one of the types; of any type when none is named.

        Events before it count as heard. None when it does not come within so many seconds (by default the longest
        silence that the target's limits allow) or before the connection closes; then nothing counts as heard.
        """
        found: list[Event] = []

        def arrived() -> bool:
            self._listen()
            for place, event in enumerate(self._unheard):
                if not types or event.get("type") in types:
                    found.append(event)
                    del self._unheard[: place + 1]
                    return True
            return False

        await self._session.until(arrived, self._patience if within is None else within)
        return found[0] if found else None

    async def hear_pong(self, data: bytes, within: float) -> bool:
        """Wait for the answer to a ping."""

        def arrived() -> bool:
            return any(f.kind is Kind.pong and f.data == data and not f.sent for f in self._session.frames)

        return await self._session.until(arrived, within)

    async def hear_end(self, within: float) -> bool:
        """Wait for the hub to end the connection, by a close frame or without one."""
        return await self._session.end(within)

    async def close(self, code: int = 1000, reason: str = "") -> None:
        """Close the connection, and wait a moment for the hub's part in that."""
        await self._session.close(code, reason)

    def _listen(self) -> None:
        for frame in self._session.frames[self._seen :]:
            self._seen += 1
            message = self._assembler.add(frame)
            event = None if message is None or message.sent else _event_in(message)
            if event is not None:
                self._unheard.append(event)


def _event_in(message: Message) -> Event | None:
    try:
        value = message.json
    except ValueError:
        return None
    return value if isinstance(value, dict) else None


Talk = Callable[[Dialogue], Awaitable[None]]
"""What a probe does with an open conversation."""
