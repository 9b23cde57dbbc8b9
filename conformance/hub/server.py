"""Serves the hub on a socket of its own, and stops when it is told to."""

import os
import signal
import socket
import sys
import threading
from collections.abc import Generator
from contextlib import contextmanager
from types import FrameType
from typing import Any

import uvicorn

from conformance.hub.app import TASK_SECONDS, create_app
from conformance.hub.latency import NO_LATENCY, Latency
from conformance.hub.schemas import warm_up
from conformance.hub.sockets import SocketProtocol

GRACE = 1
"""Seconds that open connections get when the server stops."""


class _Server(uvicorn.Server):
    """Prints the base URL when ready, and ends with status 0 on SIGTERM and SIGINT."""

    def __init__(self, config: uvicorn.Config, url: str) -> None:
        super().__init__(config)
        self.url = url

    async def startup(self, sockets: list[socket.socket] | None = None) -> None:
        await super().startup(sockets)
        print(self.url, flush=True)
        # The first validation needs an import that is too slow for the start.
        threading.Thread(target=warm_up, daemon=True).start()

    @contextmanager
    def capture_signals(self) -> Generator[None, None, None]:
        for number in (signal.SIGTERM, signal.SIGINT):
            signal.signal(number, self._stop)
        yield

    def _stop(self, _number: int, _frame: FrameType | None) -> None:
        self.force_exit = self.should_exit
        self.should_exit = True


def listen(host: str, port: int) -> socket.socket:
    """A listening socket; raises `OSError` when the address cannot be had. Port 0 takes any free one."""
    family = socket.AF_INET6 if ":" in host else socket.AF_INET
    # asyncio switches Nagle's algorithm off only on sockets that say they are TCP.
    sock = socket.socket(family, socket.SOCK_STREAM, socket.IPPROTO_TCP)
    try:
        if os.name == "posix":
            sock.setsockopt(socket.SOL_SOCKET, socket.SO_REUSEADDR, 1)
        sock.setsockopt(socket.IPPROTO_TCP, socket.TCP_NODELAY, 1)
        sock.bind((host, port))
        sock.listen(1024)
    except OSError:
        sock.close()
        raise
    return sock


def base_url(sock: socket.socket) -> str:
    """The URL of a listening socket, without a slash at its end."""
    host, port = sock.getsockname()[:2]
    return f"http://[{host}]:{port}" if ":" in host else f"http://{host}:{port}"


def serve(
    host: str = "127.0.0.1",
    port: int = 0,
    token: str = "sk-embedded-hub",
    latency: Latency = NO_LATENCY,
    sock: socket.socket | None = None,
    fault: str | None = None,
    until_stdin_closes: bool = False,
    task_seconds: float = TASK_SECONDS,
    second_token: str = "",
) -> None:
    """Serves until a signal comes (or, if wished, until standard input closes); prints the base URL first.

    `sock` is a listening socket to be used instead of binding `host` and `port`. `fault` names a spoiled promise.
    A task takes `task_seconds`, or a few look-ups where that is 0; `second_token` belongs to another account. Raises
    `OSError` when the address is in use, `KeyError` for an unknown fault.
    """
    app: Any = create_app(token, latency, task_seconds=task_seconds, second_token=second_token)
    if fault is not None:
        from conformance.hub.faults import FaultyHub, load_faults

        app = FaultyHub(app, load_faults()[fault])
    listening = sock or listen(host, port)
    config = uvicorn.Config(
        app,
        http="h11",
        ws=SocketProtocol,
        loop="asyncio",
        lifespan="off",
        log_config=None,
        log_level="critical",
        access_log=False,
        server_header=False,
        proxy_headers=False,
        timeout_keep_alive=75,
        timeout_graceful_shutdown=GRACE,
    )
    server = _Server(config, base_url(listening))
    if until_stdin_closes:
        threading.Thread(target=_stop_at_end_of_input, args=(server,), daemon=True).start()
    server.run(sockets=[listening])


def _stop_at_end_of_input(server: uvicorn.Server) -> None:
    # os.read instead of sys.stdin: a thread that waits inside a buffered reader blocks the interpreter's own end.
    while os.read(sys.stdin.fileno(), 4096):
        pass
    server.should_exit = True
