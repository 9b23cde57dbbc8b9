"""An exchange as text that a person can read: what was sent, what came back, and when."""

from __future__ import annotations

from collections.abc import Iterator

from conformance.wire.exchange import Exchange
from conformance.wire.frames import Frame

LONGEST_BODY = 20_000
"""Bytes of a body that are shown; the rest is counted."""
LONGEST_FRAME = 2_000
"""Characters of a frame that are shown."""
MOST_FRAMES = 1_000


def transcript(exchange: Exchange) -> str:
    """Request and response with headers and bodies; a streamed body piece by piece with arrival times in seconds, and
    the frames of a WebSocket one by one.

    Control characters of the hub are escaped, so that the text is inert in a terminal and in a browser's plain view.
    """
    return "\n".join(_lines(exchange)) + "\n"


def _lines(exchange: Exchange) -> Iterator[str]:
    request = exchange.request
    yield f"> {request.method} {printable(request.url)}"
    yield from (f"> {name}: {printable(value)}" for name, value in request.headers)
    yield from _body(request.body)
    yield ""
    if exchange.answered:
        yield f"< {exchange.http_version} {exchange.status} {printable(exchange.reason)}  ({_at(exchange.headers_at)})"
        yield from (f"< {name}: {printable(value)}" for name, value in exchange.headers)
        yield ""
    if exchange.frames:
        yield from _frames(exchange.frames)
    elif len(exchange.pieces) == 1:
        yield from _body(exchange.body)
    else:
        yield from _pieces(exchange)
    problem = f": {printable(exchange.problem)}" if exchange.problem else ""
    yield f"[{exchange.end} after {_at(exchange.ended_at)}{problem}]"


def _pieces(exchange: Exchange) -> Iterator[str]:
    shown = 0
    for piece in exchange.pieces:
        if shown > LONGEST_BODY:
            yield f"… {len(exchange.pieces)} pieces, {len(exchange.body)} bytes in all"
            return
        text = printable(piece.data[:LONGEST_BODY].decode("utf-8", "backslashreplace"))
        shown += len(text)
        yield f"{_at(piece.at):>9} | {text[:LONGEST_BODY]}"


def _frames(frames: tuple[Frame, ...]) -> Iterator[str]:
    for number, frame in enumerate(frames[:MOST_FRAMES], start=1):
        text = printable(frame.data[:LONGEST_BODY].decode("utf-8", "backslashreplace"))
        if len(text) > LONGEST_FRAME:
            text = f"{text[:LONGEST_FRAME]}… ({len(frame.data)} bytes)"
        words = [">" if frame.sent else "<", str(frame.kind), "" if frame.code is None else str(frame.code), text]
        more = "" if frame.fin else " (to be continued)"
        yield f"{_at(frame.at):>9} | frame {number} {' '.join(word for word in words if word)}{more}"
    if len(frames) > MOST_FRAMES:
        yield f"… {len(frames)} frames in all"


def _body(body: bytes) -> Iterator[str]:
    if not body:
        return
    text = body[:LONGEST_BODY].decode("utf-8", "backslashreplace")
    yield ""
    yield from (printable(line) for line in text.splitlines())
    if len(body) > LONGEST_BODY:
        yield f"… {len(body)} bytes in all"


def _at(seconds: float | None) -> str:
    return "never" if seconds is None else f"{seconds:.3f} s"


def printable(text: str) -> str:
    """Text with every character escaped that could move a cursor or hide another one."""
    return "".join(c if c.isprintable() else repr(c)[1:-1] for c in text)
