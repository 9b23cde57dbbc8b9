"""An exchange as text that a person can read: what was sent, what came back, and when."""

from __future__ import annotations

from collections.abc import Iterator

from conformance.wire.exchange import Exchange

LONGEST_BODY = 20_000
"""Characters of a body that are shown; the rest is counted."""


def transcript(exchange: Exchange) -> str:
    """Request and response with headers and bodies; a streamed body piece by piece with arrival times in seconds.

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
    if len(exchange.pieces) == 1:
        yield from _body(exchange.body)
    else:
        yield from _pieces(exchange)
    yield f"[{exchange.end} after {_at(exchange.ended_at)}{': ' + exchange.problem if exchange.problem else ''}]"


def _pieces(exchange: Exchange) -> Iterator[str]:
    shown = 0
    for piece in exchange.pieces:
        if shown > LONGEST_BODY:
            yield f"… {len(exchange.pieces)} pieces, {len(exchange.body)} bytes in all"
            return
        text = printable(piece.data.decode("utf-8", "backslashreplace"))
        shown += len(text)
        yield f"{_at(piece.at):>9} | {text[:LONGEST_BODY]}"


def _body(body: bytes) -> Iterator[str]:
    if not body:
        return
    text = body.decode("utf-8", "backslashreplace")
    yield ""
    yield from (printable(line) for line in text[:LONGEST_BODY].splitlines())
    if len(text) > LONGEST_BODY:
        yield f"… {len(body)} bytes in all"


def _at(seconds: float | None) -> str:
    return "never" if seconds is None else f"{seconds:.3f} s"


def printable(text: str) -> str:
    """Text with every character escaped that could move a cursor or hide another one."""
    return "".join(c if c.isprintable() else repr(c)[1:-1] for c in text)
