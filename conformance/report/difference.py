"""What makes one recorded answer differ from another: the smallest part of it, with both sides as text."""

from __future__ import annotations

import difflib
import json
import re
from collections.abc import Iterator
from dataclasses import dataclass
from typing import Any

from conformance.wire.exchange import Exchange

LONGEST = 320
"""Characters of one side."""
AROUND = 24
"""Bytes that are shown on both sides of a difference in a body that is no text of JSON."""
MOST_EVENTS = 3
NOTHING = "(nothing)"
_ESCAPES = {"\n": "\\n", "\r": "\\r", "\t": "\\t"}


@dataclass(frozen=True)
class Difference:
    """`where` is a header, a JSON pointer, an event or a frame; `right` and `wrong` are printable."""

    where: str
    right: str
    wrong: str

    @property
    def size(self) -> int:
        return len(self.right) + len(self.wrong)


def differences(right: Exchange, wrong: Exchange) -> Iterator[Difference]:
    """The differing parts, most telling first: status, headers, body, frames, end, times."""
    if right.status != wrong.status:
        yield Difference("status", _status(right), _status(wrong))
    if not wrong.answered:
        return
    yield from _headers(right, wrong)
    if right.body != wrong.body:
        yield _bodies(right, wrong)
    if right.frames != wrong.frames:
        yield from _frames(right, wrong)
    if right.end is not wrong.end:
        yield Difference("end", f"{right.end} {right.problem}".strip(), f"{wrong.end}: {wrong.problem}")
    if right.body == wrong.body and [p.at for p in right.pieces] != [p.at for p in wrong.pieces]:
        yield Difference("times of the pieces", _times(right), _times(wrong))
    if right.body == wrong.body and right.end is wrong.end and right.ended_at != wrong.ended_at:
        yield Difference("time of the end", *(f"{side.ended_at or 0:.2f} s" for side in (right, wrong)))


def _status(exchange: Exchange) -> str:
    return f"HTTP {exchange.status}" if exchange.answered else f"no answer ({exchange.problem})"


def _headers(right: Exchange, wrong: Exchange) -> Iterator[Difference]:
    names = dict.fromkeys(name.lower() for name, _ in (*right.headers, *wrong.headers))
    for name in (name for name in names if name != "content-length" or right.body == wrong.body):
        pair = [tuple(f"{n}: {v}" for n, v in side.headers if n.lower() == name) for side in (right, wrong)]
        if pair[0] != pair[1]:
            yield Difference(f"header {name}", *(_plain(" · ".join(side)) or NOTHING for side in pair))


def _bodies(right: Exchange, wrong: Exchange) -> Difference:
    if right.media_type == "text/event-stream":
        return _events(right.body, wrong.body)
    both = _parsed(right.body), _parsed(wrong.body)
    if None not in both and _same(both[0]) != _same(both[1]):
        return _values(*both)
    return _bytes(right.body, wrong.body)


def _parsed(body: bytes) -> Any:
    try:
        return json.loads(body)
    except (ValueError, RecursionError):
        return None


def _values(right: Any, wrong: Any, pointer: str = "") -> Difference:
    """Descend as long as a single member differs."""
    if isinstance(right, dict) and isinstance(wrong, dict):
        changed = [key for key in {**right, **wrong} if _member(right, key) != _member(wrong, key)]
        if len(changed) == 1 and changed[0] in right and changed[0] in wrong:
            return _values(right[changed[0]], wrong[changed[0]], f"{pointer}/{_escaped(changed[0])}")
        sides = ({key: side[key] for key in changed if key in side} for side in (right, wrong))
        return Difference(pointer or "body", *(_compact(side) if side else NOTHING for side in sides))
    if isinstance(right, list) and isinstance(wrong, list) and len(right) == len(wrong):
        places = [n for n, pair in enumerate(zip(right, wrong, strict=True)) if _same(pair[0]) != _same(pair[1])]
        if len(places) == 1:
            return _values(right[places[0]], wrong[places[0]], f"{pointer}/{places[0]}")
    return Difference(pointer or "body", _compact(right), _compact(wrong))


def _member(value: dict[str, Any], key: str) -> tuple[bool, str]:
    return key in value, _same(value.get(key))


def _same(value: Any) -> str:
    """For comparing: 1, 1.0 and true are three things."""
    return json.dumps(value)


def _escaped(key: str) -> str:
    return key.replace("~", "~0").replace("/", "~1")


def _events(right: bytes, wrong: bytes) -> Difference:
    """The first events that differ, as they stand on the wire."""
    blocks = [[b for b in re.split(rb"(?:\r\n|\n|\r){2,}", body) if b] for body in (right, wrong)]
    if blocks[0] == blocks[1]:
        return _bytes(right, wrong)
    matcher = difflib.SequenceMatcher(None, blocks[0], blocks[1], autojunk=False)
    _, a, b, c, d = next(code for code in matcher.get_opcodes() if code[0] != "equal")
    where = f"event {a}" if b - a <= 1 else f"events {a} to {b - 1}"
    if b - a == d - c == 1:
        inside = _inside_event(blocks[0][a], blocks[1][c])
        if inside is not None:
            return Difference(f"{where} {inside.where}", inside.right, inside.wrong)
    return Difference(where, _blocks(blocks[0][a:b]), _blocks(blocks[1][c:d]))


def _inside_event(right: bytes, wrong: bytes) -> Difference | None:
    found = [re.fullmatch(rb"((?:event|id|retry): ?[^\n\r]*[\r\n]+)?data: ?(.*)", side) for side in (right, wrong)]
    if not found[0] or not found[1] or found[0][1] != found[1][1]:
        return None
    both = _parsed(found[0][2]), _parsed(found[1][2])
    alike = both[0] == both[1] or not (isinstance(both[0], dict) and isinstance(both[1], dict))
    return None if alike else _values(*both)


def _blocks(blocks: list[bytes]) -> str:
    shown = [_plain(_text(block)) for block in blocks[:MOST_EVENTS]]
    more = f" … and {len(blocks) - MOST_EVENTS} more" if len(blocks) > MOST_EVENTS else ""
    return (" ⏎ ".join(shown) + more) or NOTHING


def _bytes(right: bytes, wrong: bytes) -> Difference:
    """The bytes between the common beginning and the common end, with some around them."""
    start = 0
    while start < min(len(right), len(wrong)) and right[start] == wrong[start]:
        start += 1
    end = 0
    while end < min(len(right), len(wrong)) - start and right[-1 - end] == wrong[-1 - end]:
        end += 1
    low = max(0, start - AROUND)
    sides = (side[low : min(len(side), len(side) - end + AROUND)] for side in (right, wrong))
    return Difference(f"byte {start}", *(_plain(_text(side)) or NOTHING for side in sides))


def _frames(right: Exchange, wrong: Exchange) -> Iterator[Difference]:
    lists = [[(f.sent, str(f.kind), f.data, f.code) for f in side.frames] for side in (right, wrong)]
    matcher = difflib.SequenceMatcher(None, lists[0], lists[1], autojunk=False)
    for _, a, b, c, d in (code for code in matcher.get_opcodes() if code[0] != "equal"):
        where = f"frame {a + 1}"
        if b - a == d - c == 1:
            both = _parsed(lists[0][a][2]), _parsed(lists[1][c][2])
            if isinstance(both[0], dict) and isinstance(both[1], dict) and both[0] != both[1]:
                inside = _values(*both)
                yield Difference(f"{where} {inside.where}", inside.right, inside.wrong)
                return
        yield Difference(where, *(_told(side) for side in (lists[0][a:b], lists[1][c:d])))
        return


def _told(frames: list[tuple[bool, str, bytes, int | None]]) -> str:
    shown = [
        f"{kind}{f' {code}' if code else ''} {_plain(_text(data))}".strip()
        for _, kind, data, code in frames[:MOST_EVENTS]
    ]
    return " ⏎ ".join(shown) or NOTHING


def _times(exchange: Exchange) -> str:
    shown = [f"{piece.at:.2f} s" for piece in exchange.pieces[:8]]
    return ", ".join(shown) + (" …" if len(exchange.pieces) > len(shown) else "")


def _text(data: bytes) -> str:
    return data.decode("utf-8", "backslashreplace")


def _compact(value: Any) -> str:
    return _plain(json.dumps(value, ensure_ascii=False, separators=(", ", ": ")))


def _plain(text: str) -> str:
    """Safe for any terminal, on one line, of bounded length."""
    text = "".join(
        c if c.isprintable() else {"\n": "\\n", "\r": "\\r", "\t": "\\t"}.get(c, f"\\u{ord(c):04x}") for c in text
    )
    return text if len(text) <= LONGEST else f"{text[: LONGEST // 2]} … {text[-LONGEST // 2 :]}"
