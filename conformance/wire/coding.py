"""Content codings undone within a bound, so that a body which swells a thousandfold harms nobody."""

from __future__ import annotations

import zlib
from collections.abc import Sequence

__all__ = ["MAX_DECODED", "MAX_RATIO", "undo"]

MAX_DECODED = 2 * 2**20
"""Bytes that a body may grow to when its coding is undone."""
MAX_RATIO = 1032
"""How much longer than its deflated form a text can be."""
_KEPT_OF_TOO_MUCH = 2**16
MAX_MEMBERS = 1000
"""Members of gzip that a body may have: each costs a copy of what follows it, and honest bodies have one."""

_ANY_HEADER = 32 + zlib.MAX_WBITS
_NO_HEADER = -zlib.MAX_WBITS


def undo(coding: str, parts: Sequence[bytes], bound: int = MAX_DECODED) -> tuple[list[bytes], str]:
    """The parts with the content coding undone, one for one, and a sentence about what went wrong ("" if nothing).

    Parts that could not be decoded are empty; those of an unknown coding are returned as they are.
    """
    name = coding.strip().lower()
    if name in ("", "identity") or not any(parts):
        return list(parts), ""
    if name not in ("gzip", "x-gzip", "deflate"):
        return list(parts), f"the content coding {name!r} was not asked for, and is none that this suite undoes"
    inflater = _Inflater(_wrapping(name, parts), bound)
    try:
        decoded = [inflater.feed(part) for part in parts]
        return _beginning(decoded) if inflater.overflow else decoded, inflater.problem()
    except zlib.error:
        done = [*inflater.done, *([b""] * len(parts))][: len(parts)]
        return done, f"the body is labelled {name} and cannot be inflated as such"


def _beginning(parts: Sequence[bytes]) -> list[bytes]:
    """The parts up to some length, and empty ones: what swelled beyond the bound is not worth its memory."""
    kept, left = [], _KEPT_OF_TOO_MUCH
    for part in parts:
        kept.append(part[:left])
        left -= len(kept[-1])
    return kept


def _wrapping(name: str, parts: Sequence[bytes]) -> int:
    """RFC 9110 8.4.1.2: "deflate" is the zlib format, yet some servers send the bare stream without its header."""
    head = b"".join(parts[:2])[:2]
    is_zlib = len(head) == 2 and head[0] & 0x0F == 8 and int.from_bytes(head, "big") % 31 == 0
    return _NO_HEADER if name == "deflate" and not is_zlib else _ANY_HEADER


class _Inflater:
    def __init__(self, wrapping: int, bound: int) -> None:
        self.done: list[bytes] = []
        self._wrapping = wrapping
        self._left = bound
        self._bound = bound
        self._stream = zlib.decompressobj(wrapping)
        self.overflow = False
        self._begun = False
        self._members = 1

    def feed(self, data: bytes) -> bytes:
        out = bytearray()
        while data and not self.overflow:
            if self._stream.eof:
                # RFC 1952 2.2: a gzip body may be several members one after another.
                self._stream = zlib.decompressobj(self._wrapping)
                self._members += 1
            piece = self._stream.decompress(data, self._left + 1)
            self._begun = True
            self.overflow = len(piece) > self._left or self._members > MAX_MEMBERS
            out += piece[: self._left]
            self._left -= min(len(piece), self._left)
            data = self._stream.unused_data
        self.done.append(bytes(out))
        return self.done[-1]

    def problem(self) -> str:
        if self._members > MAX_MEMBERS:
            return f"the body is more than {MAX_MEMBERS} pieces of gzip, one after another"
        if self.overflow:
            return f"the body inflates to more than {self._bound} bytes"
        if self._begun and not self._stream.eof:
            return "the compressed body is cut short"
        return ""
