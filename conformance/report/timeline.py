"""Time lines drawn to scale: the pieces of an answer, the statuses of a task. Positions are percents of the width."""

from __future__ import annotations

import itertools
import math
import re
from collections.abc import Iterator, Sequence
from dataclasses import dataclass
from typing import Any
from urllib.parse import urlsplit

from conformance.engine.evidence import Record
from conformance.report.words import ENGLISH, Words
from conformance.wire.exchange import End, Exchange

HEIGHT = 30
"""Height of the tallest tick, in pixels."""
MOST_STEPS = 60
"""Steps of a task that are listed one by one."""
DEEPEST = 3

_STATUS_NAMES = ("status", "task_status", "state")
_PROGRESS_NAMES = ("progress", "task_progress")
_MOODS = {
    "waiting": re.compile(r"queue|pending|wait|submit|not_?start|creat|accept|unstart", re.I),
    "failed": re.compile(r"fail|error|cancel|expire|reject|abort", re.I),
    "done": re.compile(r"complete|succe|done|finish|ready", re.I),
    "running": re.compile(r"progress|process|run|generat|work|start", re.I),
}


@dataclass(frozen=True)
class Tick:
    """One or more pieces that arrived at (nearly) the same time. `height` in pixels grows with their bytes."""

    x: float
    height: int


@dataclass(frozen=True)
class Label:
    """A word on the axis; `anchor` is start, middle or end."""

    x: float
    text: str
    anchor: str


@dataclass(frozen=True)
class Timeline:
    """When the bytes of one answer arrived."""

    waited: float
    ticks: tuple[Tick, ...]
    mark: Label | None
    axis: tuple[Label, ...]
    ended_well: bool
    facts: str


@dataclass(frozen=True)
class Step:
    """One exchange of a task's journey, times as text."""

    at: str
    request: str
    http: str
    status: str
    progress: str


@dataclass(frozen=True)
class Stretch:
    """A time in which the task had one status. `x` and `width` in percent; `mood` chooses colour and pattern."""

    x: float
    width: float
    status: str
    mood: str
    lasted: str


@dataclass(frozen=True)
class Journey:
    """A task from its submission to its end, as its polls saw it."""

    key: str
    operation: str
    stretches: tuple[Stretch, ...]
    polls: tuple[float, ...]
    axis: tuple[Label, ...]
    steps: tuple[Step, ...]
    left_out: int
    facts: str


def duration(seconds: float | None) -> str:
    """Three digits at most: 0.42 ms, 12.3 ms, 1.52 s, 83 s."""
    if seconds is None:
        return "never"
    value, unit = (seconds, "s") if seconds >= 1 else (seconds * 1000, "ms")
    digits = 0 if value >= 100 else 1 if value >= 10 else 2
    text = f"{value:.{digits}f}"
    return f"{text.rstrip('0').rstrip('.') if '.' in text else text} {unit}"


def timeline(
    exchange: Exchange, marked: float | None = None, word: str = "", finest: float = 0.25, say: Words = ENGLISH
) -> Timeline | None:
    """The time line of an answer, with the moment `marked` (seconds) named by `word`; None when nothing came in time.

    Args:
        finest: pieces closer than this many percent of the width share a tick.
        say: the language of the facts.
    """
    arrivals = _arrivals(exchange)
    whole = max([exchange.elapsed, *(at for at, _ in arrivals)])
    if not exchange.answered or not arrivals or whole <= 0:
        return None
    scale = 100 / whole
    return Timeline(
        waited=_percent((exchange.headers_at or 0.0) * scale),
        ticks=tuple(_ticks(arrivals, scale, finest)),
        mark=None if marked is None else _label(_percent(marked * scale), word),
        axis=tuple(_axis(whole)),
        ended_well=exchange.end is End.complete,
        facts=_facts(exchange, arrivals, whole, say),
    )


def _arrivals(exchange: Exchange) -> list[tuple[float, int]]:
    """When something came, and how many bytes: the frames of the hub, or the pieces of a body."""
    if exchange.frames:
        return [(frame.at, len(frame.data)) for frame in exchange.frames if not frame.sent]
    return [(piece.at, len(piece.data)) for piece in exchange.pieces]


def _ticks(arrivals: list[tuple[float, int]], scale: float, finest: float) -> Iterator[Tick]:
    sizes: dict[int, int] = {}
    for at, size in arrivals:
        slot = round(at * scale / finest)
        sizes[slot] = sizes.get(slot, 0) + size
    largest = max(sizes.values()) or 1
    for slot, size in sorted(sizes.items()):
        yield Tick(_percent(slot * finest), max(6, round(HEIGHT * math.sqrt(size / largest))))


def _facts(exchange: Exchange, arrivals: list[tuple[float, int]], whole: float, say: Words) -> str:
    times = [at for at, _ in arrivals]
    first, alone = duration(times[0]), len(times) == 1
    if exchange.frames:
        begun = say("first frame after {time}", time=first)
        many = say("1 frame") if alone else say("{count} frames", count=len(times))
    else:
        begun = say("first byte after {time}", time=first)
        many = say("1 piece") if alone else say("{count} pieces", count=len(times))
    parts = [begun, many, say("{size} bytes", size=f"{sum(size for _, size in arrivals):,}")]
    if len(times) > 1:
        gap = max(later - earlier for earlier, later in itertools.pairwise(times))
        parts.append(say("longest gap {time}", time=duration(gap)))
    parts.append(say("{end} after {time}", end=say(str(exchange.end)), time=duration(whole)))
    return " · ".join(parts)


def _axis(whole: float) -> Iterator[Label]:
    step = _round_step(whole / 4)
    count = int(whole / step)
    digits = max(0, -math.floor(math.log10(step * (1000 if whole < 1 else 1))))
    for number in range(count + 1):
        at = number * step
        if number and 100 - at / whole * 100 < 9:
            break
        text = f"{at * 1000:.{digits}f} ms" if whole < 1 else f"{at:.{digits}f} s"
        yield Label(_percent(at / whole * 100), "0" if number == 0 else text, "start" if number == 0 else "middle")
    yield Label(100.0, duration(whole), "end")


def _round_step(about: float) -> float:
    power = 10.0 ** math.floor(math.log10(about))
    return next(power * factor for factor in (1, 2, 5, 10) if power * factor >= about * 0.999)


def _label(x: float, text: str) -> Label:
    return Label(x, text, "start" if x < 15 else "end" if x > 85 else "middle")


def _percent(value: float) -> float:
    return round(min(max(value, 0.0), 100.0), 2)


def journey(record: Record, say: Words = ENGLISH) -> Journey | None:
    """The journey that a conversation shows; None when it is about no task that somebody waited for."""
    exchanges = [exchange for exchange in record.exchanges if exchange.answered]
    if len(exchanges) < 3:
        return None
    words = [_word(exchange, _STATUS_NAMES) for exchange in exchanges]
    if not _is_journey(exchanges, words):
        return None
    first = min(exchange.started for exchange in exchanges)
    times = [exchange.started - first + exchange.elapsed for exchange in exchanges]
    whole = max(times)
    if whole <= 0:
        return None
    steps = [_step(exchange, word, exchange.started - first) for exchange, word in zip(exchanges, words, strict=True)]
    named = [(at, word) for at, word in zip(times, words, strict=True) if word]
    operations = dict.fromkeys(exchange.request.operation or "" for exchange in exchanges)
    return Journey(
        key=record.key,
        operation=" → ".join(name for name in operations if name),
        stretches=tuple(_stretches(named, whole)),
        polls=tuple(_percent(at / whole * 100) for at in times),
        axis=tuple(_axis(whole)),
        steps=tuple(steps[:MOST_STEPS]),
        left_out=max(0, len(steps) - MOST_STEPS),
        facts=say(
            "{count} exchanges in {time}, last status: {status}",
            count=len(steps),
            time=duration(whole),
            status=named[-1][1],
        ),
    )


def _is_journey(exchanges: Sequence[Exchange], words: Sequence[str]) -> bool:
    if sum(1 for word in words if word) < 2:
        return False
    asked = [
        (e.request.method, e.request.url, e.request.body) for e, word in zip(exchanges, words, strict=True) if word
    ]
    return len(set(asked)) < len(asked) and len({word for word in words if word}) > 1


def _stretches(named: Sequence[tuple[float, str]], whole: float) -> Iterator[Stretch]:
    begun, status = named[0]
    begun = 0.0
    for at, word in [*named[1:], (whole, "")]:
        if word == status:
            continue
        yield Stretch(
            _percent(begun / whole * 100),
            _percent((at - begun) / whole * 100),
            status,
            mood(status),
            duration(at - begun),
        )
        begun, status = at, word


def mood(status: str) -> str:
    """waiting, running, done, failed or other, by the words that hubs use."""
    return next((name for name, words in _MOODS.items() if words.search(status)), "other")


def _step(exchange: Exchange, word: str, at: float) -> Step:
    parts = urlsplit(exchange.request.url)
    return Step(
        at=duration(at) if at > 0 else "0",
        request=f"{exchange.request.method} {parts.path}"[:200],
        http=str(exchange.status),
        status=word,
        progress=_word(exchange, _PROGRESS_NAMES),
    )


def _word(exchange: Exchange, names: tuple[str, ...]) -> str:
    """The first member of one of the names in an answer, wherever it stands near the top; empty when there is none."""
    if len(exchange.body) > 1_000_000 or not exchange.is_json:
        return ""
    return _search(exchange.json, names, DEEPEST)


def _search(value: Any, names: tuple[str, ...], depth: int) -> str:
    if isinstance(value, list):
        value = value[0] if value else None
    if not isinstance(value, dict) or depth == 0:
        return ""
    for name in names:
        found = value.get(name)
        if isinstance(found, str | int | float) and not isinstance(found, bool) and str(found).strip():
            return str(found)[:60]
    return next(
        (
            word
            for inner in value.values()
            if isinstance(inner, dict | list)
            for word in [_search(inner, names, depth - 1)]
            if word
        ),
        "",
    )
