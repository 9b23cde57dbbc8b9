"""The frames of a WebSocket as plain data, and the messages that they make up."""

from __future__ import annotations

import base64
from collections.abc import Iterable, Mapping
from dataclasses import dataclass
from enum import StrEnum
from functools import cached_property
from typing import Any

from conformance.wire import strictjson

__all__ = ["Assembler", "Frame", "Kind", "Message", "messages_in"]


class Kind(StrEnum):
    """What a frame is (RFC 6455 5.2)."""

    text = "text"
    binary = "binary"
    continuation = "continuation"
    ping = "ping"
    pong = "pong"
    close = "close"


OPENS_MESSAGE = (Kind.text, Kind.binary)


@dataclass(frozen=True, slots=True)
class Frame:
    """One frame in either direction, unmasked."""

    at: float
    """Seconds since the request was started, by a monotonic clock, to the microsecond."""
    sent: bool
    """Whether it is ours."""
    kind: Kind
    data: bytes = b""
    """The payload; of a close frame the reason alone."""
    code: int | None = None
    """The code of a close frame that has one."""
    fin: bool = True
    """Whether it ends its message."""

    def to_dict(self) -> dict[str, Any]:
        """JSON-safe; members that say nothing are left out."""
        found: dict[str, Any] = {"at": round(self.at, 6), "sent": self.sent, "kind": str(self.kind)}
        if self.data:
            found |= _bytes_to_dict(self.data)
        if self.code is not None:
            found["code"] = self.code
        if not self.fin:
            found["fin"] = False
        return found

    @classmethod
    def from_dict(cls, data: Mapping[str, Any]) -> Frame:
        """The frame that `to_dict` was called on."""
        payload = data["utf8"].encode() if "utf8" in data else base64.b64decode(data.get("base64", ""), validate=True)
        return cls(data["at"], data["sent"], Kind(data["kind"]), payload, data.get("code"), data.get("fin", True))


@dataclass(frozen=True)
class Message:
    """A text or binary message, put together from its frames.

    `number` is the place of its last frame among all frames of the session, counted from 1, and `at` the time of it.
    """

    number: int
    at: float
    sent: bool
    kind: Kind
    data: bytes

    @property
    def is_text(self) -> bool:
        return self.kind is Kind.text

    @cached_property
    def json(self) -> Any:
        """The message read as strict JSON; raises ValueError if it is none."""
        return strictjson.parse(self.data)


class Assembler:
    """Puts messages together while frames arrive."""

    def __init__(self) -> None:
        self._begun: dict[bool, tuple[Kind, list[bytes]]] = {}
        self._count = 0

    def add(self, frame: Frame) -> Message | None:
        """Take the next frame of the session; the message that it ends, if it ends one."""
        self._count += 1
        if frame.kind in OPENS_MESSAGE:
            self._begun[frame.sent] = frame.kind, [frame.data]
        elif frame.kind is Kind.continuation and frame.sent in self._begun:
            self._begun[frame.sent][1].append(frame.data)
        else:
            return None
        if not frame.fin:
            return None
        kind, parts = self._begun.pop(frame.sent)
        return Message(self._count, frame.at, frame.sent, kind, b"".join(parts))


def messages_in(frames: Iterable[Frame]) -> tuple[Message, ...]:
    """The whole messages of both directions in the order of their last frames."""
    assembler = Assembler()
    found = (assembler.add(frame) for frame in frames)
    return tuple(message for message in found if message is not None)


def _bytes_to_dict(data: bytes) -> dict[str, str]:
    try:
        return {"utf8": data.decode("utf-8")}
    except UnicodeDecodeError:
        return {"base64": base64.b64encode(data).decode("ascii")}
