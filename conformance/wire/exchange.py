"""One request and everything that came back for it, as plain data.

An exchange is recorded once, is never changed afterwards, and can be written to a file and read back without loss.
"""

from __future__ import annotations

import base64
import re
from collections.abc import Callable, Mapping
from dataclasses import dataclass
from enum import StrEnum
from functools import cached_property, wraps
from typing import Any, TypeVar

from conformance.wire import coding, sse, strictjson
from conformance.wire.frames import Frame

__all__ = ["End", "Exchange", "Piece", "Request", "json_irregularities", "remembered"]

Headers = tuple[tuple[str, str], ...]

T = TypeVar("T")

_LONGEST_TEXT = 2**16
_CONTROLS = re.compile("[\0-\x08\x0b\x0c\x0e-\x1f\x7f-\x9f]")
_CHARSET = re.compile(r';\s*charset\s*=\s*"?([^";\s]+)', re.IGNORECASE)


class End(StrEnum):
    """How an exchange ended."""

    complete = "complete"
    """The whole response arrived."""
    refused = "refused"
    """No connection: refused, host unknown, or TLS failed."""
    reset = "reset"
    """The connection broke, before the answer or inside it."""
    timeout = "timeout"
    """One of the time limits struck; the problem text says which."""
    truncated = "truncated"
    """Fewer bytes than Content-Length promised, or chunked coding without its last chunk."""
    too_large = "too_large"
    """Header section or body exceeded its limit."""
    malformed = "malformed"
    """What arrived is not HTTP/1.1."""


@dataclass(frozen=True)
class Request:
    """What was sent. Secrets are replaced by markers of the same length in every field."""

    method: str
    url: str
    """Absolute, as sent."""
    headers: Headers = ()
    """All headers really sent, in order."""
    body: bytes = b""
    operation: str | None = None
    """Id of the operation of the contract, None for a request that belongs to none."""

    def header(self, name: str) -> str | None:
        """The first value of a header, whatever the case of its name."""
        return next((value for key, value in self.headers if key.lower() == name.lower()), None)

    @cached_property
    def json(self) -> Any:
        """The body read as strict JSON; raises ValueError if it is none."""
        return strictjson.parse(self.body)

    def to_dict(self) -> dict[str, Any]:
        return {
            "operation": self.operation,
            "method": self.method,
            "url": self.url,
            "headers": [list(pair) for pair in self.headers],
            "body": _bytes_to_dict(self.body),
        }

    @classmethod
    def from_dict(cls, data: Mapping[str, Any]) -> Request:
        return cls(
            operation=data["operation"],
            method=data["method"],
            url=data["url"],
            headers=_headers(data["headers"]),
            body=_bytes_from_dict(data["body"]),
        )


@dataclass(frozen=True, slots=True)
class Piece:
    """Bytes of a body as they arrived together."""

    at: float
    """Seconds since the request was started, by a monotonic clock, to the microsecond."""
    data: bytes


@dataclass(frozen=True)
class Exchange:
    """A request and its answer. All times but ``started`` are seconds since the request was started."""

    request: Request
    started: float = 0.0
    """Unix time in seconds."""
    status: int | None = None
    """None when no response header section arrived."""
    reason: str = ""
    http_version: str = ""
    """As the status line says it: "HTTP/1.1"."""
    headers: Headers = ()
    """As received: order, case and duplicates kept; text is latin-1."""
    headers_at: float | None = None
    pieces: tuple[Piece, ...] = ()
    """The body as received, transfer coding removed, content coding left as it is."""
    ended_at: float | None = None
    end: End = End.complete
    problem: str = ""
    """One sentence on why the exchange did not end well; "" when it is complete."""
    attempts: int = 1
    waited: float = 0.0
    """Seconds spent in politeness waits before this attempt."""
    reused: bool = False
    """Whether the connection had served an earlier exchange."""
    stalled: float = 0.0
    """Longest time, in seconds, for which the suite itself did not get to run meanwhile: what the hub sent in it seems
    to have come at once."""
    frames: tuple[Frame, ...] = ()
    """What went over the connection in both directions once it had become a WebSocket."""

    @property
    def answered(self) -> bool:
        """Whether a status arrived, whatever became of the body."""
        return self.status is not None

    @property
    def switched(self) -> bool:
        """Whether the connection became what the request asked it to become: a WebSocket."""
        return self.status == 101 and self.request.header("upgrade") is not None

    @property
    def ok(self) -> bool:
        """Whether the request was served: the status is 2xx, or 101 where that was asked for."""
        return self.switched or (self.status is not None and 200 <= self.status < 300)

    @property
    def elapsed(self) -> float:
        """Seconds from the start of the request to the end of the exchange."""
        if self.ended_at is not None:
            return self.ended_at
        last = (self.frames or self.pieces)[-1:]
        return last[0].at if last else self.headers_at or 0.0

    def header(self, name: str) -> str | None:
        """The first value of a header, whatever the case of its name."""
        return next(iter(self.header_all(name)), None)

    def header_all(self, name: str) -> tuple[str, ...]:
        """Every value of a header in the order of arrival."""
        wanted = name.lower()
        return tuple(value for key, value in self.headers if key.lower() == wanted)

    @property
    def media_type(self) -> str:
        """Media type in lower case without parameters, "" when the header is missing."""
        return (self.header("content-type") or "").partition(";")[0].strip().lower()

    @property
    def charset(self) -> str | None:
        """The charset parameter of the media type in lower case."""
        found = _CHARSET.search(self.header("content-type") or "")
        return found[1].lower() if found else None

    @cached_property
    def body(self) -> bytes:
        """The body exactly as it came over the wire."""
        return b"".join(piece.data for piece in self.pieces)

    @cached_property
    def decoded_body(self) -> bytes:
        """The body with gzip or deflate undone, up to 2 MiB; see ``coding_problem`` for what went wrong with it."""
        if self.decoded_pieces is self.pieces:
            return self.body
        return b"".join(piece.data for piece in self.decoded_pieces)

    @property
    def decoded_pieces(self) -> tuple[Piece, ...]:
        """The pieces with the content coding undone, arrival times kept."""
        return self._decoded[0]

    @property
    def coding_problem(self) -> str:
        """One sentence on a content coding that could not be undone (completely); "" if there is none."""
        return self._decoded[1]

    @cached_property
    def _decoded(self) -> tuple[tuple[Piece, ...], str]:
        names = ", ".join(self.header_all("content-encoding"))
        if not names:
            return self.pieces, ""
        if self.end is End.too_large:
            return self.pieces, f"the body is too large, and labelled {names!r} besides"
        parts, problem = coding.undo(names, [piece.data for piece in self.pieces])
        return tuple(Piece(piece.at, part) for piece, part in zip(self.pieces, parts, strict=True)), problem

    @cached_property
    def text(self) -> str:
        """The body as UTF-8; wrong bytes become U+FFFD."""
        return self.decoded_body.decode("utf-8", "replace")

    @property
    def json(self) -> Any:
        """The body as strict JSON (one text, valid UTF-8, no byte order mark, no NaN).

        Raises ValueError with a sentence that says what is wrong, and where.
        """
        value, problem = self._parsed
        if problem:
            raise ValueError(problem)
        return value

    @property
    def is_json(self) -> bool:
        """Whether ``json`` can be read, whatever the media type says."""
        return not self._parsed[1]

    @cached_property
    def _parsed(self) -> tuple[Any, str]:
        if self.coding_problem:
            return None, self.coding_problem
        try:
            return strictjson.parse(self.decoded_body), ""
        except ValueError as error:
            return None, f"the body is not strict JSON: {error}"

    @cached_property
    def event_stream(self) -> sse.EventStream:
        """The body read as an event stream, whatever the media type says."""
        return sse.decode(self.decoded_pieces)

    @property
    def events(self) -> tuple[sse.Event, ...]:
        return self.event_stream.events

    def to_dict(self) -> dict[str, Any]:
        """JSON-safe; times are rounded to microseconds."""
        return {
            "request": self.request.to_dict(),
            "started": _micro(self.started),
            "status": self.status,
            "reason": self.reason,
            "http_version": self.http_version,
            "headers": [list(pair) for pair in self.headers],
            "headers_at": _micro(self.headers_at),
            "pieces": [[_micro(piece.at), _bytes_to_dict(piece.data)] for piece in self.pieces],
            "ended_at": _micro(self.ended_at),
            "end": str(self.end),
            "problem": self.problem,
            "attempts": self.attempts,
            "waited": _micro(self.waited),
            "reused": self.reused,
            "stalled": _micro(self.stalled),
            "frames": [frame.to_dict() for frame in self.frames],
        }

    @classmethod
    def from_dict(cls, data: Mapping[str, Any]) -> Exchange:
        """The exchange that ``to_dict`` was called on."""
        return cls(
            request=Request.from_dict(data["request"]),
            started=data["started"],
            status=data["status"],
            reason=data["reason"],
            http_version=data["http_version"],
            headers=_headers(data["headers"]),
            headers_at=data["headers_at"],
            pieces=tuple(Piece(at, _bytes_from_dict(part)) for at, part in data["pieces"]),
            ended_at=data["ended_at"],
            end=End(data["end"]),
            problem=data["problem"],
            attempts=data["attempts"],
            waited=data["waited"],
            reused=data["reused"],
            stalled=data.get("stalled", 0.0),
            frames=tuple(Frame.from_dict(frame) for frame in data.get("frames", ())),
        )


def remembered(function: Callable[[Exchange], T]) -> Callable[[Exchange], T]:
    """Keep what a function makes of an exchange with that exchange, so that both go together."""
    name = f"{function.__module__}.{function.__qualname__}"

    @wraps(function)
    def once(exchange: Exchange) -> T:
        known = vars(exchange)
        if name not in known:
            known[name] = function(exchange)
        value: T = known[name]
        return value

    return once


def json_irregularities(body: bytes | str) -> tuple[strictjson.JsonIrregularity, ...]:
    """What a JSON parser may stumble over in a body, as data; see ``strictjson.JsonIrregularity`` for the kinds."""
    return strictjson.irregularities(body)


def _headers(pairs: Any) -> Headers:
    return tuple((name, value) for name, value in pairs)


def _micro(seconds: float | None) -> float | None:
    return None if seconds is None else round(seconds, 6)


def _bytes_to_dict(data: bytes) -> dict[str, str]:
    try:
        text = data.decode("utf-8")
    except UnicodeDecodeError:
        text = None
    # A control character takes six bytes of JSON text, and what is long takes its time to be read again.
    if text is None or len(data) > _LONGEST_TEXT or _CONTROLS.search(text):
        return {"base64": base64.b64encode(data).decode("ascii")}
    return {"utf8": text}


def _bytes_from_dict(data: Mapping[str, str]) -> bytes:
    return data["utf8"].encode("utf-8") if "utf8" in data else base64.b64decode(data["base64"])
