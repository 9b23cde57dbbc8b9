"""What faults work on: an `Ask`, a `Reply`, a `Frame` of a WebSocket, and the catalogue of `Fault`s."""

import json
from collections.abc import Callable, Iterable, Sequence
from dataclasses import dataclass, field, replace
from typing import Any

EVENT_STREAM = "text/event-stream"


@dataclass(frozen=True)
class Ask:
    """A request as the hub got it. `operation` is the documented id of its route, None for an unknown route; `number`
    counts the requests of this hub from 1."""

    operation: str | None
    method: str
    path: str
    query: str
    headers: tuple[tuple[str, str], ...]
    body: bytes
    number: int = 1

    @property
    def json(self) -> dict[str, Any] | None:
        """The body as a JSON object, None when it is none."""
        try:
            value = json.loads(self.body)
        except (ValueError, RecursionError):
            return None
        return value if isinstance(value, dict) else None

    def header(self, name: str) -> str | None:
        """The first header of that name, in any letter case."""
        return next((value for key, value in self.headers if key.lower() == name.lower()), None)

    @property
    def streams(self) -> bool:
        """Whether the body asks for an event stream."""
        return bool((self.json or {}).get("stream"))


CUT = "cut"


@dataclass(frozen=True)
class Frame:
    """A frame of a WebSocket. `kind` is text, binary, continuation, ping, pong or close, `code` that of a close frame,
    whose `data` is the reason; `mine` says that it is the hub's. A frame of the kind `CUT` breaks the connection."""

    kind: str
    data: bytes = b""
    code: int | None = None
    mine: bool = True
    fin: bool = True

    @property
    def json(self) -> dict[str, Any] | None:
        """The event in a text frame, None when there is none."""
        if self.kind != "text" or not self.fin:
            return None
        try:
            value = json.loads(self.data)
        except (ValueError, RecursionError):
            return None
        return value if isinstance(value, dict) else None

    def with_json(self, value: Any) -> "Frame":
        """The same with another event in it."""
        return replace(self, data=_compact(value))


def event_frame(value: Any) -> Frame:
    """An event of the hub as a text frame."""
    return Frame("text", _compact(value))


def _compact(value: Any) -> bytes:
    return json.dumps(value, ensure_ascii=False, separators=(",", ":")).encode("utf-8", "surrogatepass")


@dataclass(frozen=True)
class Reply:
    """A reply on its way out. `pieces` are the writes of the body, each with the seconds after the request's arrival;
    the body ends at `end`. With `cut` the connection breaks there instead, without a proper end of the message. With
    `silent` nothing is sent at all and the caller is left waiting. `frames` follow a reply that accepts a WebSocket
    where the hub has refused it; the frames of a session that the hub itself accepted are no part of its reply."""

    status: int
    headers: tuple[tuple[str, str], ...]
    pieces: tuple[tuple[float, bytes], ...]
    end: float = 0.0
    cut: bool = False
    silent: bool = False
    frames: tuple[Frame, ...] = ()

    @property
    def body(self) -> bytes:
        return b"".join(data for _, data in self.pieces)

    @property
    def json(self) -> Any:
        """The body as JSON; raises `ValueError` when it is none."""
        return json.loads(self.body)

    def header(self, name: str) -> str | None:
        """The first header of that name, in any letter case."""
        return next((value for key, value in self.headers if key.lower() == name.lower()), None)

    @property
    def is_stream(self) -> bool:
        """Whether the reply is an event stream."""
        return (self.header("content-type") or "").startswith(EVENT_STREAM)

    @property
    def is_json(self) -> bool:
        """Whether the reply is labelled as JSON."""
        return (self.header("content-type") or "").startswith("application/json")

    def with_status(self, status: int) -> "Reply":
        return replace(self, status=status)

    def with_header(self, name: str, value: str) -> "Reply":
        """Sets the header, in the place of the old one if there was one."""
        lowered = name.lower()
        kept = [(key, value if key.lower() == lowered else old) for key, old in self.headers]
        added = [] if any(key.lower() == lowered for key, _ in self.headers) else [(name, value)]
        return replace(self, headers=(*kept, *added))

    def without_header(self, name: str) -> "Reply":
        return replace(self, headers=tuple(pair for pair in self.headers if pair[0].lower() != name.lower()))

    def with_body(self, body: bytes) -> "Reply":
        """The whole body in one write, at the time of the first one; a content length is put right."""
        at = self.pieces[0][0] if self.pieces else self.end
        return self.with_pieces([(at, body)])

    def with_json(self, value: Any) -> "Reply":
        """The body as compact JSON. NaN and lone surrogates may be written: faults are about such things."""
        text = json.dumps(value, ensure_ascii=False, separators=(",", ":"))
        return self.with_body(text.encode("utf-8", "surrogatepass"))

    def with_pieces(self, pieces: Iterable[tuple[float, bytes]], end: float | None = None) -> "Reply":
        """Other writes; a content length is put right, and the body does not end before its last write."""
        written = tuple(pieces)
        last = max((at for at, _ in written), default=0.0)
        changed = replace(self, pieces=written, end=max(self.end, last) if end is None else end)
        if changed.header("content-length") is None:
            return changed
        return changed.with_header("content-length", str(len(changed.body)))

    @property
    def blocks(self) -> list[tuple[float, bytes]]:
        """The events of a stream of this hub as bytes, each with its blank line; `at` is the time of its last write."""
        found, open_block = [], b""
        for at, data in self.pieces:
            open_block += data
            while b"\n\n" in open_block:
                block, open_block = open_block.split(b"\n\n", 1)
                found.append((at, block + b"\n\n"))
        return found

    @property
    def events(self) -> list[tuple[float, str]]:
        """The `data` of each event of a stream of this hub, with its time."""
        return [(at, _data_of(block)) for at, block in self.blocks]

    def with_events(self, events: Iterable[tuple[float, Any]], end: float | None = None) -> "Reply":
        """Other events: a dict becomes `data: {json}`, a string `data: text`, bytes are written as they are."""
        return self.with_pieces([(at, event_bytes(data)) for at, data in events], end)

    def map_chunks(self, change: Callable[[dict[str, Any]], Any]) -> "Reply":
        """Passes every JSON event of a data-only stream through `change`, which returns what to send: a dict, a
        string, bytes, a list of such, or None to leave the event out. `[DONE]` is kept."""
        changed: list[tuple[float, Any]] = []
        for at, data in self.events:
            made = change(json.loads(data)) if data.startswith("{") else data
            several = made if isinstance(made, list) else [] if made is None else [made]
            changed += [(at, one) for one in several]
        return self.with_events(changed, self.end)


def event_bytes(data: Any) -> bytes:
    """One event of a data-only stream; bytes are taken as they are."""
    if isinstance(data, bytes):
        return data
    text = data if isinstance(data, str) else json.dumps(data, ensure_ascii=False, separators=(",", ":"))
    return b"data: " + text.encode("utf-8", "surrogatepass") + b"\n\n"


def _data_of(block: bytes) -> str:
    lines = block.decode().split("\n")
    return "\n".join(line[5:].removeprefix(" ") for line in lines if line.startswith("data:"))


Spoil = Callable[[Ask, Reply], Reply]
Tell = Callable[[Ask, Sequence[Frame], Frame], Iterable[Frame]]
"""What is sent in the place of a frame of the hub: from the handshake, the frames of both sides before it, and it."""


@dataclass(frozen=True)
class Fault:
    """A broken promise.

    `turns_red` are the requirement ids that must fail with it, `also` those that fail with it by logic (id to why),
    `source` where the fault was seen or which rule it breaks. `fresh()` gives the spoiling function of one run, so
    that a fault with a memory starts anew.
    """

    id: str
    sentence: str
    turns_red: tuple[str, ...]
    also: dict[str, str] = field(default_factory=dict)
    source: str = ""
    fresh: Callable[[], Spoil] = field(default=lambda: lambda _ask, reply: reply, repr=False)
    family: str = ""
    tell: Callable[[], Tell] | None = field(default=None, repr=False)
    """Gives the function that spoils the frames of one WebSocket; None when the fault leaves them alone."""

    @property
    def spoil(self) -> Spoil:
        """A spoiling function with a memory of its own; the same as `fresh()`."""
        return self.fresh()


REGISTRY: dict[str, Fault] = {}


def fault(
    id: str,
    sentence: str,
    *turns_red: str,
    also: dict[str, str] | None = None,
    source: str = "",
    stateful: bool = False,
) -> Callable[[Callable[..., Any]], Callable[..., Any]]:
    """Registers the decorated function `(ask, reply) -> reply` as a fault; returns it unchanged.

    With `stateful` the function takes nothing and returns such a function, one for each run. Raises `ValueError` for
    an id that is taken.
    """

    def register(function: Callable[..., Any]) -> Callable[..., Any]:
        fresh = function if stateful else lambda: function
        _add(Fault(id, sentence, turns_red, also or {}, source, fresh, id.partition(".")[0]))
        return function

    return register


def frame_fault(
    id: str,
    sentence: str,
    *turns_red: str,
    also: dict[str, str] | None = None,
    source: str = "",
    stateful: bool = False,
) -> Callable[[Callable[..., Any]], Callable[..., Any]]:
    """Registers the decorated function `(ask, before, frame) -> frames` as a fault of the frames that the hub sends.

    With `stateful` the function takes nothing and returns such a function, one for each session. Raises `ValueError`
    for an id that is taken.
    """

    def register(function: Callable[..., Any]) -> Callable[..., Any]:
        tell = function if stateful else lambda: function
        _add(Fault(id, sentence, turns_red, also or {}, source, family=id.partition(".")[0], tell=tell))
        return function

    return register


def _add(fault: Fault) -> None:
    if fault.id in REGISTRY:
        raise ValueError(f"two faults are called {fault.id}")
    REGISTRY[fault.id] = fault
