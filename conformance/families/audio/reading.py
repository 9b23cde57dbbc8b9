"""Reads evidence of the audio routes: formats that were asked for, subtitles, and the events of streamed speech."""

from __future__ import annotations

import re
from collections.abc import Iterator
from dataclasses import dataclass
from typing import Any

from conformance.engine.judge import not_testable
from conformance.engine.kit.forms import form_fields
from conformance.engine.kit.reading import asked, served
from conformance.wire import strictjson
from conformance.wire.exchange import End, Exchange

Evidence = tuple[Exchange, ...]
MEDIA_TYPES = {
    "mp3": ("audio/mpeg", "audio/mp3", "audio/x-mpeg", "audio/mpeg3"),
    "opus": ("audio/ogg", "audio/opus", "application/ogg", "audio/x-opus+ogg"),
    "vorbis": ("audio/ogg", "audio/vorbis", "application/ogg"),
    "aac": ("audio/aac", "audio/aacp", "audio/x-aac"),
    "flac": ("audio/flac", "audio/x-flac"),
    "wav": ("audio/wav", "audio/x-wav", "audio/wave", "audio/vnd.wave"),
    "mp4": ("audio/mp4", "audio/m4a", "audio/x-m4a", "video/mp4"),
    "webm": ("audio/webm", "video/webm"),
    "pcm": ("audio/pcm", "audio/l16", "audio/x-pcm", "audio/raw"),
}
"""Labels of each format; of all of them `application/octet-stream` says nothing wrong."""
OPAQUE = ("application/octet-stream", "binary/octet-stream")
SUBTITLES = {
    "text": ("text/plain",),
    "srt": ("application/x-subrip", "application/srt", "text/srt", "text/x-srt", "text/plain"),
    "vtt": ("text/vtt", "text/plain"),
}
PLACES = (
    ("text", r"(/text)?"),
    ("spans", r"/(segments|words)\b.*"),
    ("other", r".*"),
)
"""Parts of a transcript, each with the places (JSON pointers) in it; the first that matches counts."""
_CLOCK = r"(?:(\d{2,6}):)?(\d{2}):(\d{2})%s(\d{3})"
_ARROW = r"[ \t]+-->[ \t]+"
_SRT_TIMES = re.compile(_CLOCK % "," + _ARROW + _CLOCK % "," + r"[ \t]*(?:X1:.*)?")
_VTT_TIMES = re.compile(_CLOCK % r"\." + _ARROW + _CLOCK % r"\." + r"(?:[ \t]+.*)?")
_VTT_ASIDES = ("NOTE", "STYLE", "REGION")


def spoken_format(exchange: Exchange) -> str:
    """The format in which speech was asked for."""
    return str(asked(exchange).get("response_format", "mp3"))


def written_format(exchange: Exchange) -> str:
    """The format in which a transcript was asked for."""
    return form_fields(exchange.request).get("response_format", ["json"])[-1]


@dataclass(frozen=True)
class Cue:
    """One cue of subtitles; times in seconds. `at` says where it stands."""

    at: str
    number: str
    start: float
    end: float
    text: str


class NoSubtitles(ValueError):
    """The text is not in the format; the message says what is wrong, and in which block."""


def cues(text: str, format: str) -> list[Cue]:
    """The cues of SubRip (srt) or WebVTT (vtt).

    Raises:
        NoSubtitles: the text is something else.
    """
    blocks = re.split(r"\n[ \t]*(?:\n[ \t]*)+", text.replace("\r\n", "\n").replace("\r", "\n").strip("\ufeff \t\n"))
    if format == "vtt":
        if not re.match(r"WEBVTT(?:[ \t\n]|$)", blocks[0]):
            raise NoSubtitles("it does not begin with WEBVTT")
        blocks = [block for block in blocks[1:] if not block.startswith(_VTT_ASIDES)]
    return [_cue(number, block.split("\n"), format) for number, block in enumerate((b for b in blocks if b), 1)]


def _cue(place: int, lines: list[str], format: str) -> Cue:
    times = _VTT_TIMES if format == "vtt" else _SRT_TIMES
    first = 0 if format == "vtt" and "-->" in lines[0] else 1
    line = lines[first] if len(lines) > first else ""
    found = times.fullmatch(line.strip())
    if not found:
        raise NoSubtitles(f"cue {place} has no line with its times, but {line[:80]!r}")
    groups = found.groups()
    number = lines[0].strip() if first else ""
    return Cue(f"cue {place}", number, _seconds(groups[:4]), _seconds(groups[4:8]), " ".join(lines[first + 1 :]))


def _seconds(parts: tuple[str | None, ...]) -> float:
    hours, minutes, seconds, thousandths = (int(part or 0) for part in parts)
    return hours * 3600 + minutes * 60 + seconds + thousandths / 1000


def subtitles(exchange: Exchange) -> list[Cue]:
    """The cues of an answer.

    Raises:
        NotTestable: there are none, or it is no subtitle file, which another sentence judges.
    """
    try:
        found = cues(served(exchange).text, written_format(exchange))
    except NoSubtitles as problem:
        not_testable(f"these are no subtitles ({problem}), which another sentence judges")
    return found or not_testable("nothing was heard in the recording")


def told_events(exchange: Exchange) -> list[tuple[str, dict[str, Any]]]:
    """The JSON objects in the events of streamed speech, each with its place.

    Raises:
        NotTestable: there are none, which another sentence judges, or the stream reports an error.
    """
    found = list(_objects(served(exchange)))
    if any(value.get("type") == "error" or value.get("error") for _, value in found):
        not_testable("the stream reports an error")
    return found or not_testable("there are no events with JSON, which another sentence judges")


def whole_events(exchange: Exchange) -> list[tuple[str, dict[str, Any]]]:
    """The same of a stream that arrived to its end."""
    if exchange.end is not End.complete:
        not_testable(f"the stream was not received to its end ({exchange.problem}), which `transport` judges")
    return told_events(exchange)


def _objects(exchange: Exchange) -> Iterator[tuple[str, dict[str, Any]]]:
    for event in exchange.events:
        try:
            value = strictjson.parse(event.data)
        except ValueError:
            continue
        if isinstance(value, dict):
            yield f"event {event.number}", value
