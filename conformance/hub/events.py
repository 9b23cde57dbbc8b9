"""Event streams: one write per event, with a real pause before each, so that clients can see them arrive."""

import asyncio
import json
from collections.abc import Iterable
from typing import Any

from starlette.responses import Response
from starlette.types import Receive, Scope, Send

DONE = b"data: [DONE]\n\n"


def data_event(value: Any, name: str | None = None) -> bytes:
    """One event: an optional `event:` line, one `data:` line with compact JSON, a blank line."""
    payload = json.dumps(value, ensure_ascii=False, separators=(",", ":"), allow_nan=False)
    return (f"event: {name}\n" if name else "").encode() + f"data: {payload}\n\n".encode()


class EventStream(Response):
    """Sends `events`, each a pair (seconds to wait before it, its bytes)."""

    def __init__(self, events: Iterable[tuple[float, bytes]]) -> None:
        self.events = tuple(events)
        self.status_code = 200
        self.background = None
        self.body = b""
        self.init_headers({"content-type": "text/event-stream", "cache-control": "no-cache", "x-accel-buffering": "no"})

    def init_headers(self, headers: Any = None) -> None:
        self.raw_headers = [(name.encode(), value.encode()) for name, value in headers.items()]

    async def __call__(self, scope: Scope, receive: Receive, send: Send) -> None:
        await send({"type": "http.response.start", "status": self.status_code, "headers": self.raw_headers})
        for pause, event in self.events:
            await asyncio.sleep(pause)
            await send({"type": "http.response.body", "body": event, "more_body": True})
        await send({"type": "http.response.body", "body": b"", "more_body": False})
