"""The embedded hub with a fault and a memory: when requests came is served outside the counted paths.

Run as `python -m benchmarks.counting_hub FAULT`, with the token in HUB_TOKEN; an empty FAULT is the clean hub. Prints
its URL, and ends when its standard input closes.
"""

from __future__ import annotations

import json
import os
import sys
import threading
import time

import uvicorn
from starlette.types import Receive, Scope, Send

from conformance.hub.app import create_app
from conformance.hub.faults import FaultyHub, load_faults
from conformance.hub.server import base_url, listen

TIMES_PATH = "/times-of-requests"


class Remembering:
    """An ASGI application around another one; `times` are Unix times in seconds, one for each request."""

    def __init__(self, fault: str) -> None:
        app = create_app(os.environ["HUB_TOKEN"])
        self.app = FaultyHub(app, load_faults()[fault]) if fault else app
        self.times: list[float] = []

    async def __call__(self, scope: Scope, receive: Receive, send: Send) -> None:
        if scope["type"] == "http" and scope["path"] == TIMES_PATH:
            await send({"type": "http.response.start", "status": 200, "headers": []})
            await send({"type": "http.response.body", "body": json.dumps(self.times).encode()})
            return
        self.times.append(time.time())
        await self.app(scope, receive, send)


def main() -> None:
    """Serve until standard input closes."""
    sock = listen("127.0.0.1", 0)
    settings = uvicorn.Config(
        Remembering(sys.argv[1]), log_level="critical", access_log=False, lifespan="off", http="h11"
    )
    server = uvicorn.Server(settings)

    def watch() -> None:
        sys.stdin.read()
        server.should_exit = server.force_exit = True

    threading.Thread(target=watch, daemon=True).start()
    print(base_url(sock), flush=True)
    server.run(sockets=[sock])


if __name__ == "__main__":
    main()
