"""The WebSocket protocol of the hub's server.

It is that of uvicorn, with two additions: a handshake of another version of the protocol is answered as RFC 6455 4.4
asks for, and an application that spoils WebSockets is let in between the protocol and the network.
"""

import asyncio
from email.utils import formatdate
from typing import Any, Protocol
from urllib.parse import unquote

from uvicorn.protocols.websockets.websockets_sansio_impl import WebSocketsSansIOProtocol
from websockets.datastructures import Headers
from websockets.frames import Close, Frame, Opcode
from websockets.http11 import Request, Response
from websockets.protocol import State
from websockets.server import ServerProtocol

from conformance.hub.errors import HubError, refusal
from conformance.hub.ids import unique

VERSION = "13"


class Spoiler(Protocol):
    """What an application's `spoiler(path, query, headers)` gives for one WebSocket."""

    cut: bool

    def response(self, clean: Response) -> tuple[Response, list[Frame]]: ...

    def heard(self, frame: Frame) -> None: ...

    def said(self, frame: Frame) -> Any: ...


class _Connection(ServerProtocol):
    """Sends what its spoiler makes of each reply and frame."""

    spoiler: Spoiler | None = None
    transport: asyncio.Transport | None = None
    swallowed = False
    """Whether a close frame was not sent."""

    def send_response(self, response: Response) -> None:
        if self.spoiler is None:
            super().send_response(response)
            return
        spoiled, frames = self.spoiler.response(response)
        super().send_response(spoiled)
        for frame in frames:
            super().send_frame(frame)
        self._maybe_cut()

    def recv_frame(self, frame: Frame) -> None:
        if self.spoiler is not None:
            self.spoiler.heard(frame)
        super().recv_frame(frame)

    def send_frame(self, frame: Frame) -> None:
        if self.spoiler is None:
            super().send_frame(frame)
            return
        several = list(self.spoiler.said(frame))
        for told in several:
            super().send_frame(told)
            if told.opcode is Opcode.CLOSE and frame.opcode is not Opcode.CLOSE:
                self.close_sent, self.state = Close(1000, ""), State.CLOSING
        self.swallowed = self.swallowed or (frame.opcode is Opcode.CLOSE and not several)
        self._maybe_cut()

    def _maybe_cut(self) -> None:
        if self.spoiler is not None and self.spoiler.cut and self.transport is not None:
            # What is to be sent before the end is written by the caller, after this.
            asyncio.get_running_loop().call_soon(self.transport.close)


class SocketProtocol(WebSocketsSansIOProtocol):
    """For `uvicorn.Config(ws=...)`."""

    def __init__(self, *args: Any, **kwargs: Any) -> None:
        super().__init__(*args, **kwargs)
        clean = self.conn
        self.conn = _Connection(
            extensions=clean.available_extensions, max_size=self.config.ws_max_size, logger=clean.logger
        )

    def handle_connect(self, event: Request) -> None:
        spoiler = getattr(self.config.loaded_app, "spoiler", None)
        if spoiler is not None and isinstance(self.conn, _Connection):
            path, _, query = event.path.partition("?")
            headers = tuple((name.lower(), value) for name, value in event.headers.raw_items())
            self.conn.spoiler, self.conn.transport = spoiler(unquote(path), query, headers), self.transport
        if [value.strip() for value in event.headers.get_all("Sec-WebSocket-Version")] != [VERSION]:
            self._refuse_version()
            return
        super().handle_connect(event)

    def handle_parser_exception(self) -> None:
        if not (isinstance(self.conn, _Connection) and self.conn.swallowed):
            super().handle_parser_exception()

    def _refuse_version(self) -> None:
        error = HubError(426, f"This hub speaks version {VERSION} of the WebSocket protocol.", "upgrade_required")
        request_id = unique("req_")
        reply = refusal(error, "openai", request_id)
        headers = Headers([*reply.headers.items(), ("Date", formatdate(usegmt=True)), ("x-request-id", request_id)])
        headers.update({"Upgrade": "websocket", "Connection": "Upgrade, close", "Sec-WebSocket-Version": VERSION})
        self.handshake_complete = self.close_sent = True
        self.conn.send_response(Response(error.status, "Upgrade Required", headers, bytes(reply.body)))
        self.transport.write(b"".join(self.conn.data_to_send()))
        self.transport.close()
