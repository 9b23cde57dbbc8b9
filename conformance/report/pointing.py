"""Where in an answer a finding points: at a header, at an event, or with a JSON pointer into a body."""

from __future__ import annotations

import re
from dataclasses import dataclass
from json import JSONDecoder

LONGEST_READ = 2_000_000
"""Characters of a body in which a value is looked for."""

_AT = re.compile(
    r"(?:(?P<last>the last event)|event (?P<event>\d+)|frame (?P<frame>\d+))?(?:[^\w/]*(?P<pointer>/\S*))?"
)
_SPACE = re.compile(r"[ \t\n\r]*")
_DECODER = JSONDecoder()
LAST = -1


@dataclass(frozen=True)
class Aim:
    """A finding's `at`, read. `event` is a number from 0, or `LAST`; `frame` one from 1; `header` is in lower case."""

    event: int | None = None
    frame: int | None = None
    pointer: str = ""
    header: str = ""


@dataclass(frozen=True)
class Span:
    """Characters of a text. `found` is the part of the pointer that exists; a missing member points at its parent."""

    start: int
    end: int
    found: str


def aim(at: str) -> Aim:
    """Read what judges write: "event 3", "the last event", "/error/code", "event 3 /id", "frame 2", "content-type"."""
    text = at.strip()
    if re.fullmatch(r"[a-z0-9_]+(/[a-z0-9_]+)+", text, re.I):
        return Aim(pointer="/" + text)
    found = _AT.match(text)
    if found and found[0]:
        number = LAST if found["last"] else int(found["event"]) if found["event"] else None
        frame = int(found["frame"]) if found["frame"] else None
        return Aim(number, frame, found["pointer"] or "")
    if re.fullmatch(r"[A-Za-z0-9-]+", text):
        return Aim(header=text.lower())
    return Aim()


def locate(text: str, pointer: str) -> Span | None:
    """The characters of the value that a JSON pointer names; None when the text is no JSON."""
    if len(text) > LONGEST_READ:
        return None
    try:
        return _locate(text, pointer)
    except (ValueError, IndexError, RecursionError):
        return None


def _locate(text: str, pointer: str) -> Span:
    place = _after_space(text, 0)
    found = ""
    for step in pointer.split("/")[1:]:
        child = _child(text, place, step.replace("~1", "/").replace("~0", "~"))
        if child is None:
            break
        place, found = child, f"{found}/{step}"
    return Span(place, _DECODER.raw_decode(text, place)[1], found)


def _child(text: str, place: int, step: str) -> int | None:
    """Where the member or item of the value at `place` begins."""
    closing = {"{": "}", "[": "]"}.get(text[place])
    if closing is None:
        return None
    number = 0
    place = _after_space(text, place + 1)
    while text[place] != closing:
        name = str(number)
        if closing == "}":
            name, place = _DECODER.raw_decode(text, place)
            place = _after_space(text, _after_space(text, place) + 1)
        if name == step:
            return place
        place = _after_space(text, _DECODER.raw_decode(text, place)[1])
        if text[place] == ",":
            place = _after_space(text, place + 1)
        number += 1
    return None


def _after_space(text: str, place: int) -> int:
    found = _SPACE.match(text, place)
    return found.end() if found else place
