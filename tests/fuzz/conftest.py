"""A local server that counts and keeps what it is asked."""

from __future__ import annotations

import json
import threading
from collections.abc import Callable, Iterator
from dataclasses import dataclass, field
from http.server import BaseHTTPRequestHandler, ThreadingHTTPServer

import pytest


@dataclass
class Counting:
    """`answer` gives status and JSON for a method, a path and a body; `seen` holds them all."""

    base_url: str
    answer: Callable[[str, str, bytes], tuple[int, object]]
    seen: list[tuple[str, str, dict[str, str], bytes]] = field(default_factory=list)
    close: Callable[[], None] = lambda: None
    """Takes no connections any more."""


def refuse(_method: str, _path: str, _body: bytes) -> tuple[int, object]:
    return 400, {"error": {"message": "no", "type": "invalid_request_error", "param": None, "code": None}}


@pytest.fixture
def counting() -> Iterator[Counting]:
    class Handler(BaseHTTPRequestHandler):
        protocol_version = "HTTP/1.1"

        def handle_one_request(self) -> None:
            self.raw_requestline = self.rfile.readline(65537)
            if not self.raw_requestline or not self.parse_request():
                self.close_connection = True
                return
            body = self.rfile.read(int(self.headers.get("content-length") or 0))
            state.seen.append((self.command, self.path, dict(self.headers), body))
            status, value = state.answer(self.command, self.path, body)
            content = json.dumps(value).encode()
            self.send_response(status)
            self.send_header("content-type", "application/json")
            self.send_header("content-length", str(len(content)))
            self.end_headers()
            if self.command != "HEAD":
                self.wfile.write(content)

        def log_message(self, *_: object) -> None:
            pass

    server = ThreadingHTTPServer(("127.0.0.1", 0), Handler)
    state = Counting(f"http://127.0.0.1:{server.server_address[1]}", refuse)
    state.close = server.socket.close
    thread = threading.Thread(target=server.serve_forever, daemon=True)
    thread.start()
    yield state
    server.shutdown()
    server.server_close()
