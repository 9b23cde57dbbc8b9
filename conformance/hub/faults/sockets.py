"""Spoils a WebSocket between the hub's protocol and the network: the reply to the handshake, and every frame."""

from collections.abc import Iterator

from websockets.datastructures import Headers
from websockets.frames import Frame as RawFrame
from websockets.frames import Opcode
from websockets.http11 import Response

from conformance.hub.faults.base import CUT, Ask, Frame, Spoil, Tell
from conformance.hub.faults.base import Reply as Spoilable

OPCODES = {
    "text": Opcode.TEXT,
    "binary": Opcode.BINARY,
    "continuation": Opcode.CONT,
    "ping": Opcode.PING,
    "pong": Opcode.PONG,
    "close": Opcode.CLOSE,
}
KINDS = {opcode: kind for kind, opcode in OPCODES.items()}


class SocketSpoiler:
    """Spoils one handshake and the session after it. `cut` becomes true when the connection has to break."""

    def __init__(self, ask: Ask, spoil: Spoil, tell: Tell | None) -> None:
        self.ask = ask
        self.cut = False
        self._spoil = spoil
        self._tell = tell
        self._before: list[Frame] = []

    def response(self, clean: Response) -> tuple[Response, list[RawFrame]]:
        """The reply to the handshake, and frames that follow it at once."""
        headers = tuple((name.lower(), value) for name, value in clean.headers.raw_items())
        body = bytes(clean.body or b"")
        pieces = ((0.0, body),) if body else ()
        reply = self._spoil(self.ask, Spoilable(clean.status_code, headers, pieces))
        self.cut = reply.cut or reply.silent
        phrase = clean.reason_phrase if reply.status == clean.status_code else "Spoiled"
        spoiled = Response(reply.status, phrase, Headers(reply.headers), reply.body)
        return spoiled, [_raw(frame) for frame in reply.frames]

    def heard(self, frame: RawFrame) -> None:
        """Takes note of a frame of the client."""
        self._before.append(_plain(frame, mine=False))

    def said(self, frame: RawFrame) -> Iterator[RawFrame]:
        """What is sent in the place of a frame of the hub."""
        clean = _plain(frame, mine=True)
        told = [clean] if self._tell is None else list(self._tell(self.ask, tuple(self._before), clean))
        self._before.append(clean)
        for one in told:
            if one.kind == CUT:
                self.cut = True
                return
            yield _raw(one)


def _plain(frame: RawFrame, *, mine: bool) -> Frame:
    kind, data = KINDS[frame.opcode], bytes(frame.data)
    if kind == "close" and len(data) >= 2:
        return Frame(kind, data[2:], int.from_bytes(data[:2], "big"), mine, frame.fin)
    return Frame(kind, data, None, mine, frame.fin)


def _raw(frame: Frame) -> RawFrame:
    code = b"" if frame.code is None else frame.code.to_bytes(2, "big")
    return RawFrame(OPCODES[frame.kind], code + frame.data, frame.fin)
