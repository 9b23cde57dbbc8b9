"""POST /v1/audio/speech, /v1/audio/transcriptions and /v1/audio/translations.

Speech is a row of tones, one a word, whose pitches depend on the word and the voice. What is heard in a recording are
words that depend on nothing but its length, two and a half a second; in silence nothing is heard.
"""

import asyncio
import base64
import functools
import re
import zlib
from collections.abc import Iterator, Mapping, Sequence
from dataclasses import dataclass
from typing import Any

from starlette.responses import JSONResponse, Response

from conformance.hub import fields
from conformance.hub.app import Call, Settings
from conformance.hub.body import read_json
from conformance.hub.errors import HubError, invalid, missing
from conformance.hub.events import EventStream, data_event
from conformance.hub.fields import Check, number, text, word
from conformance.hub.form import Form, read_form, spelled
from conformance.hub.intake import check_model
from conformance.hub.schemas import check_request
from conformance.hub.sound import encoded, heard, tone
from conformance.hub.text import count_tokens, tokens_of, words

MEDIA_TYPES = {
    "mp3": "audio/mpeg",
    "opus": "audio/ogg",
    "aac": "audio/aac",
    "flac": "audio/flac",
    "wav": "audio/wav",
    "pcm": "audio/pcm",
}
VOICES = (
    "alloy",
    "ash",
    "ballad",
    "cedar",
    "coral",
    "echo",
    "fable",
    "marin",
    "nova",
    "onyx",
    "sage",
    "shimmer",
    "verse",
)
LONGEST_INPUT = 4_096
SECONDS_PER_WORD = 0.2
LONGEST_SPEECH = 60.0
PITCHES = range(180, 700, 20)
TOKENS_PER_SECOND = 20
PIECES = 8
"""Pieces in which a recording is sent."""

LARGEST_FILE = 25 * 1024 * 1024
WORDS_PER_SECOND = 2.5
WORDS_PER_SEGMENT = 6
LANGUAGES = {
    "ar": "arabic",
    "de": "german",
    "en": "english",
    "es": "spanish",
    "fr": "french",
    "it": "italian",
    "ja": "japanese",
    "ko": "korean",
    "pt": "portuguese",
    "ru": "russian",
    "zh": "chinese",
}
LANGUAGE = re.compile(r"[A-Za-z]{2,3}(-[A-Za-z0-9]{2,8})?")
GRANULARITIES = "timestamp_granularities"
Event = dict[str, Any]


def _spoken(value: Any, name: str) -> str:
    spoken: str = text(empty=False)(value, name)
    if len(spoken) > LONGEST_INPUT:
        raise invalid(f"'{name}' is longer than {LONGEST_INPUT} characters.", name, "string_above_max_length")
    return spoken


SPEECH: Mapping[str, Check] = {
    "model": text(empty=False),
    "input": _spoken,
    "voice": word(*VOICES),
    "response_format": word(*MEDIA_TYPES),
    "speed": number(0.25, 4),
    "instructions": text(),
    "stream_format": word("audio", "sse"),
}


class Recording(EventStream):
    """Sends the pieces of a recording, each a pair (seconds to wait before it, its bytes)."""

    def __init__(self, pieces: Iterator[tuple[float, bytes]], media_type: str) -> None:
        super().__init__(pieces)
        self.init_headers({"content-type": media_type})


async def speak(call: Call) -> Response:
    """Answers one request for speech, as bytes or as events."""
    body = await read_json(call.request)
    request = fields.read(body, SPEECH, ("model", "input", "voice"))
    if call.route.request:
        check_request(call.route.request, fields.without_nulls(body))
    check_model(request["model"], ("speech",))
    format = request.get("response_format", "mp3")
    pcm = speech(request["input"], request["voice"] + request.get("instructions", ""), request.get("speed", 1))
    pieces = list(_pieces(await asyncio.to_thread(encoded, pcm, format)))
    if request.get("stream_format") != "sse":
        return Recording(zip(_pauses(len(pieces), call.settings), pieces, strict=True), MEDIA_TYPES[format])
    heard_in, said = count_tokens(request["input"]), 1 + round(_seconds(pcm) * TOKENS_PER_SECOND)
    usage = {"input_tokens": heard_in, "output_tokens": said, "total_tokens": heard_in + said}
    events: list[Event] = [
        {"type": "speech.audio.delta", "audio": base64.b64encode(piece).decode()} for piece in pieces
    ]
    events.append({"type": "speech.audio.done", "usage": usage})
    return EventStream(zip(_pauses(len(events), call.settings), map(data_event, events), strict=True))


def speech(spoken: str, voice: str, speed: float = 1.0) -> bytes:
    """The speech as raw PCM: a tone for each word, and a pause behind it."""
    seconds = SECONDS_PER_WORD / speed
    most = int(LONGEST_SPEECH / seconds)
    found = (re.findall(r"\w+", spoken) or ["hm"])[:most]
    silence = bytes(2 * (len(tone(seconds * 0.2, PITCHES.start)) // 2))
    return b"".join(tone(seconds * 0.8, _pitch(one, voice)) + silence for one in found)


def _pitch(spoken: str, voice: str) -> int:
    return PITCHES[zlib.crc32(f"{voice} {spoken}".encode()) % len(PITCHES)]


def _seconds(pcm: bytes) -> float:
    return len(pcm) / 2 / 24_000


def _pieces(recording: bytes) -> Iterator[bytes]:
    size = -(-len(recording) // PIECES)
    return (recording[start : start + size] for start in range(0, len(recording), size))


def _pauses(count: int, settings: Settings) -> list[float]:
    return [settings.first_delay, *[settings.chunk_delay] * (count - 1)]


# ----------------------------------------------------------------------------------------------- words of recordings


def _language(value: Any, name: str) -> str:
    code: str = text(empty=False)(value, name)
    if not LANGUAGE.fullmatch(code):
        raise invalid(f"'{name}' must be an ISO 639-1 code.", name)
    return code.lower().partition("-")[0]


def _no_stream(value: Any, name: str) -> Any:
    if value.lower() not in ("false", "0"):
        raise invalid("This hub does not stream what it hears.", name, "unsupported_parameter")
    return value


HEARING: Mapping[str, Check] = {
    "model": text(empty=False),
    "prompt": text(),
    "response_format": word("json", "text", "srt", "verbose_json", "vtt"),
    "temperature": spelled(number(0, 1)),
    "stream": _no_stream,
}


@dataclass(frozen=True)
class Heard:
    """What was heard: words with the seconds at which they begin and end."""

    task: str
    language: str
    duration: float
    words: tuple[tuple[str, float, float], ...]

    @property
    def segments(self) -> list[Sequence[tuple[str, float, float]]]:
        return [self.words[start : start + WORDS_PER_SEGMENT] for start in range(0, len(self.words), WORDS_PER_SEGMENT)]

    @property
    def lines(self) -> list[tuple[str, float, float]]:
        """The text of each segment, its begin and its end."""
        return [(" ".join(one[0] for one in part), part[0][1], part[-1][2]) for part in self.segments]

    @property
    def text(self) -> str:
        return " ".join(line for line, _, _ in self.lines)


async def transcribe(call: Call) -> Response:
    """Writes down what is said in a recording."""
    form = await read_form(call.request)
    return await _write_down(form, "transcribe", {**HEARING, "language": _language})


async def translate(call: Call) -> Response:
    """Writes down in English what is said in a recording."""
    return await _write_down(await read_form(call.request), "translate", HEARING)


async def _write_down(form: Form, task: str, checks: Mapping[str, Check]) -> Response:
    for name in form.files:
        if name in checks:
            raise invalid(f"'{name}' must be text, not a file.", name, "invalid_type")
    request = fields.read(form.values(), checks, ("model",))
    wanted = _granularities(form, request)
    check_model(request["model"], ("transcription",))
    heard_text = await asyncio.to_thread(_listen, _file(form), task, request)
    return _written(heard_text, request.get("response_format", "json"), wanted)


def _file(form: Form) -> bytes:
    uploads = form.uploads("file")
    if not uploads:
        raise missing("file")
    if len(uploads[-1]) > LARGEST_FILE:
        raise HubError(413, f"The file is larger than {LARGEST_FILE} bytes.", "request_too_large", "file")
    return uploads[-1]


def _granularities(form: Form, request: Mapping[str, Any]) -> tuple[str, ...]:
    found = tuple(word("word", "segment")(one, GRANULARITIES) for one in form.listed(GRANULARITIES))
    if found and request.get("response_format") != "verbose_json":
        raise invalid(f"'{GRANULARITIES}' works with verbose_json only.", GRANULARITIES)
    return found or ("segment",)


def _listen(recording: bytes, task: str, request: Mapping[str, Any]) -> Heard:
    try:
        seconds, loud = heard(recording)
    except ValueError as problem:
        raise invalid(f"The file cannot be read: {problem}.", "file", "invalid_file") from None
    code = request.get("language", "en") if task == "transcribe" else "en"
    spoken = _words(round(seconds, 1), code) if loud else ()
    pace = seconds / max(1, len(spoken))
    timed = tuple((one, round(place * pace, 2), round((place + 1) * pace, 2)) for place, one in enumerate(spoken))
    return Heard(task, LANGUAGES.get(code, code), round(seconds, 3), timed)


@functools.lru_cache(maxsize=64)
def _words(seconds: float, language: str) -> tuple[str, ...]:
    count = max(1, round(seconds * WORDS_PER_SECOND))
    found = words(f"{seconds} {language}", count)
    sentences = (found[start : start + WORDS_PER_SEGMENT] for start in range(0, count, WORDS_PER_SEGMENT))
    return tuple(one for part in sentences for one in f"{' '.join(part).capitalize()}.".split())


def _written(found: Heard, format: str, granularities: Sequence[str]) -> Response:
    if format == "text":
        return Response(f"{found.text}\n", media_type="text/plain")
    if format == "srt":
        cues = (f"{place}\n{_cue(*line, ',')}\n" for place, line in enumerate(found.lines, 1))
        return Response("\n".join(cues), media_type="application/x-subrip")
    if format == "vtt":
        return Response(
            "\n".join(["WEBVTT\n", *(f"{_cue(*line, '.')}\n" for line in found.lines)]), media_type="text/vtt"
        )
    if format == "json":
        return JSONResponse({"text": found.text, "usage": _usage(found)})
    return JSONResponse(_verbose(found, granularities))


def _cue(line: str, begin: float, end: float, point: str) -> str:
    return f"{_clock(begin, point)} --> {_clock(end, point)}\n{line}"


def _clock(seconds: float, point: str) -> str:
    whole, thousandths = divmod(round(seconds * 1000), 1000)
    return f"{whole // 3600:02}:{whole // 60 % 60:02}:{whole % 60:02}{point}{thousandths:03}"


def _usage(found: Heard) -> Event:
    return {"type": "duration", "seconds": max(1, round(found.duration))}


def _verbose(found: Heard, granularities: Sequence[str]) -> Event:
    answer: Event = {
        "task": found.task,
        "language": found.language,
        "duration": found.duration,
        "text": found.text,
    }
    if "segment" in granularities:
        answer["segments"] = [_segment(place, *line) for place, line in enumerate(found.lines)]
    if "word" in granularities:
        answer["words"] = [{"word": one.rstrip("."), "start": begin, "end": end} for one, begin, end in found.words]
    return {**answer, "usage": _usage(found)}


def _segment(place: int, line: str, begin: float, end: float) -> Event:
    return {
        "id": place,
        "seek": 0,
        "start": begin,
        "end": end,
        "text": line,
        "tokens": [zlib.crc32(token.encode()) % 50_000 for token in tokens_of(line)],
        "temperature": 0.0,
        "avg_logprob": -0.25,
        "compression_ratio": 1.1,
        "no_speech_prob": 0.01,
    }


HANDLERS = {"audio-speech": speak, "audio-transcriptions": transcribe, "audio-translations": translate}
