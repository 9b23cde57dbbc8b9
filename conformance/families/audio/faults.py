"""Faults of the audio routes."""

import base64
import json
import re
from collections.abc import Callable, Iterable
from typing import Any

from conformance.hub.faults.base import Ask, Reply, Spoil, fault
from conformance.hub.faults.shaping import Body, When, lacks, nameless, on_stream, serves
from conformance.hub.sound import encoded, tone, wav

SPEECH, TRANSCRIBE, TRANSLATE = "audio-speech", "audio-transcriptions", "audio-translations"
HEARING = (TRANSCRIBE, TRANSLATE)
DELTA, DONE = "speech.audio.delta", "speech.audio.done"
_FORMAT = re.compile(rb'name="response_format"\r\n\r\n(\w+)')
_CLOCK = re.compile(r"(\d\d:\d\d:\d\d)[,.](\d{3})")


def in_format(*formats: str) -> When:
    """Requests for speech in one of the formats, whole."""
    return lambda asked: asked.get("response_format", "mp3") in formats and "stream_format" not in asked


def on_speech(when: When, change: Callable[[Reply], Reply]) -> Spoil:
    """A fault of whole recordings."""

    def spoil(ask: Ask, reply: Reply) -> Reply:
        asked = ask.json
        spoken = ask.operation == SPEECH and asked is not None and reply.status == 200 and not reply.is_stream
        return change(reply) if spoken and asked is not None and when(asked) else reply

    return spoil


def _recording(format: str, media_type: str) -> Callable[[Reply], Reply]:
    data = encoded(tone(0.5), format)
    return lambda reply: reply.with_header("content-type", media_type).with_body(data)


def _labelled(media_type: str, body: bytes) -> Callable[[Reply], Reply]:
    return lambda reply: reply.with_header("content-type", media_type).with_body(body)


def on_events(rewrite: Callable[[list[Body]], Iterable[Any]]) -> Spoil:
    """A fault of the events of streamed speech."""
    return on_stream(SPEECH, done=())(lambda _asked, events: rewrite(events))


def format_of(ask: Ask) -> str:
    """The format in which a transcript was asked for."""
    found = _FORMAT.search(ask.body)
    return found[1].decode() if found else "json"


def on_transcripts(*formats: str, operations: tuple[str, ...] = HEARING) -> Callable[[Callable[[Body], Any]], Spoil]:
    """Makes a fault of a function that changes the JSON of a transcript in place."""

    def wrap(change: Callable[[Body], Any]) -> Spoil:
        def spoil(ask: Ask, reply: Reply) -> Reply:
            if ask.operation not in operations or reply.status != 200 or format_of(ask) not in formats:
                return reply
            answer = reply.json
            change(answer)
            return reply if answer == reply.json else reply.with_json(answer)

        return spoil

    return wrap


def on_texts(*formats: str, label: str = "") -> Callable[[Callable[[str], str]], Spoil]:
    """Makes a fault of a function that changes a transcript in a text format."""

    def wrap(change: Callable[[str], str]) -> Spoil:
        def spoil(ask: Ask, reply: Reply) -> Reply:
            if ask.operation not in HEARING or reply.status != 200 or format_of(ask) not in formats:
                return reply
            changed = reply.with_body(change(reply.body.decode()).encode())
            return changed.with_header("content-type", label) if label else changed

        return spoil

    return wrap


# ------------------------------------------------------------------------------------------------------------- speech

_WAV = _recording("wav", "audio/wav")

fault(
    "audio.speech-always-wav",
    "Speech is wav whatever format is asked for.",
    "audio.speech.format",
    source="jundot/omlx#2231, #1013, #753",
)(on_speech(in_format("opus", "aac", "flac", "pcm"), _WAV))
fault(
    "audio.speech-default-wav",
    "Speech is wav when no format is asked for.",
    "audio.speech.format",
    source="mudler/LocalAI#2732",
)(on_speech(lacks("response_format"), _WAV))
fault(
    "audio.speech-opus-as-mp3",
    "opus is not known, and mp3 comes in its place.",
    "audio.speech.format",
    source="servers that take mp3 for every format they do not know",
)(on_speech(in_format("opus"), _recording("mp3", "audio/mpeg")))
fault(
    "audio.speech-pcm-with-head",
    "Raw samples come with the head of a wav file.",
    "audio.speech.format",
    source="servers whose encoder writes wav, and no less",
)(on_speech(in_format("pcm"), lambda reply: _labelled("audio/wav", wav(reply.body))(reply)))
fault(
    "audio.speech-as-json",
    "The recording comes as base64 in JSON.",
    "audio.speech.raw",
    source="gateways that pass on the answer of a vendor with JSON",
)(on_speech(in_format("mp3"), _labelled("application/json", b'{"audio": "SUQzBAAAAAAAI1RTU0U="}')))
fault(
    "audio.speech-as-base64",
    "Raw samples come as base64.",
    "audio.speech.raw",
    source="gateways that pass on the base64 of a vendor with JSON",
)(on_speech(in_format("pcm"), lambda reply: reply.with_body(base64.b64encode(reply.body))))
fault(
    "audio.speech-empty",
    "The body of an opus recording is empty.",
    "audio.speech.raw",
    source="encoders that are missing on the server",
)(on_speech(in_format("opus"), lambda reply: reply.with_body(b"")))


def _heads(ogg: bytes) -> bytes:
    """The first two pages, which hold no sound."""
    return b"".join(b"OggS" + page for page in ogg.split(b"OggS")[1:3])


fault(
    "audio.speech-head-only",
    "A recording in opus has its heads and no sound.",
    "audio.speech.raw",
    source="streamed recordings of which only the first write arrives",
)(on_speech(in_format("opus"), lambda reply: reply.with_body(_heads(reply.body))))
fault(
    "audio.speech-label",
    "opus is labelled as mp3.",
    "audio.speech.media-type",
    source="gateways that label all speech audio/mpeg, as the documents do",
)(on_speech(in_format("opus"), lambda reply: reply.with_header("content-type", "audio/mpeg")))
fault(
    "audio.speech-label-text",
    "Raw samples are labelled as text.",
    "audio.speech.media-type",
    source="frameworks with a default label",
)(on_speech(in_format("pcm"), lambda reply: reply.with_header("content-type", "text/plain; charset=utf-8")))


@fault(
    "audio.accept-not-acceptable",
    "Who accepts bytes alone is refused with 406.",
    "audio.speech.accept",
    source="frameworks that choose the answer by the Accept header",
)
def not_acceptable(ask: Ask, reply: Reply) -> Reply:
    if ask.operation != SPEECH or ask.header("accept") != "application/octet-stream":
        return reply
    if not reply.is_json:
        error = {"message": "Not acceptable.", "type": "invalid_request_error", "param": None, "code": None}
        reply = reply.with_header("content-type", "application/json").with_json({"error": error})
    return reply.with_status(406)


@fault(
    "audio.accept-plain-errors",
    "Errors are plain text for who accepts bytes alone.",
    "audio.speech.accept",
    also={
        "errors.envelope": "plain text is no envelope",
        "errors.content-type": "plain text is not labelled as JSON",
    },
    source="frameworks that choose the form of an error by the Accept header",
)
def plain_errors(ask: Ask, reply: Reply) -> Reply:
    bytes_only = ask.operation == SPEECH and ask.header("accept") == "application/octet-stream"
    return _labelled("text/plain", b"input is missing")(reply) if bytes_only and reply.status == 400 else reply


# ------------------------------------------------------------------------------------------------------------- events


@fault(
    "audio.events-ignored",
    "stream_format is ignored.",
    "audio.speech.events",
    source="gateways that drop what their upstream does not know",
)
def events_ignored(ask: Ask, reply: Reply) -> Reply:
    return _recording("pcm", "audio/pcm")(reply) if ask.operation == SPEECH and reply.is_stream else reply


@fault(
    "audio.events-renamed",
    "Deltas have the name of another event.",
    "audio.speech.events",
    also={"audio.speech.events-sound": "a client finds no deltas to join"},
    source="gateways that confuse the events of Realtime and of speech",
)
@on_events
def events_renamed(events: list[Body]) -> list[Body]:
    return [{**event, "type": "response.audio.delta"} if event["type"] == DELTA else event for event in events]


@fault(
    "audio.events-data",
    "Deltas hold their sound in a member called data.",
    "audio.speech.events",
    also={"audio.speech.events-sound": "a client finds no sound to join"},
    source="gateways that confuse the events of chat audio and of speech",
)
@on_events
def events_data(events: list[Body]) -> list[Body]:
    return [{"type": DELTA, "data": event["audio"]} if event["type"] == DELTA else event for event in events]


fault(
    "audio.events-no-done",
    "The closing event is missing.",
    "audio.speech.events-end",
    source="gateways that stop at the end of the sound",
)(on_events(lambda events: events[:-1]))
fault(
    "audio.events-done-twice",
    "The closing event comes twice.",
    "audio.speech.events-end",
    source="gateways that add their own closing event to the upstream's",
)(on_events(lambda events: [*events, events[-1]]))
fault(
    "audio.events-done-first",
    "The closing event comes before the last sound.",
    "audio.speech.events-end",
    source="writers of events that run beside one another",
)(on_events(lambda events: [*events[:-2], events[-1], events[-2]]))


def _on_deltas(change: Callable[[str], str]) -> Spoil:
    return on_events(lambda events: [{**e, "audio": change(e["audio"])} if e["type"] == DELTA else e for e in events])


fault(
    "audio.events-data-urls",
    "The sound in events is a data URL.",
    "audio.speech.events-sound",
    source="servers that keep recordings as data URLs",
)(_on_deltas(lambda text: f"data:audio/pcm;base64,{text}"))
fault(
    "audio.events-wav-pieces",
    "Every piece of raw samples has the head of a wav file.",
    "audio.speech.events-sound",
    source="servers that make a file of every piece",
)(_on_deltas(lambda text: base64.b64encode(wav(base64.b64decode(text))).decode()))
fault(
    "audio.events-silent",
    "Deltas are empty.",
    "audio.speech.events-sound",
    source="gateways that look for the sound in the wrong place",
)(_on_deltas(lambda _text: ""))


@fault(
    "audio.events-no-usage",
    "The closing event has no usage.",
    "audio.speech.events-usage",
    source="gateways that write the closing event themselves",
)
@on_events
def events_no_usage(events: list[Body]) -> list[Body]:
    return [*events[:-1], {"type": DONE}]


@fault(
    "audio.events-total",
    "The total of the closing event leaves the input out.",
    "audio.speech.events-usage",
    source="gateways that count the output alone",
)
@on_events
def events_total(events: list[Body]) -> list[Body]:
    usage = events[-1]["usage"]
    return [*events[:-1], {"type": DONE, "usage": {**usage, "total_tokens": usage["output_tokens"]}}]


# -------------------------------------------------------------------------------------------------------- transcripts


@fault(
    "audio.transcript-null",
    "The text of a plain transcript is null.",
    "audio.transcript.text",
    source="gateways that look for the text in the wrong place",
)
@on_transcripts("json")
def transcript_null(answer: Body) -> None:
    answer["text"] = None


@fault(
    "audio.transcript-renamed",
    "The text of a translation is called translation.",
    "audio.transcript.text",
    source="servers with a form of their own",
)
@on_transcripts("json", operations=(TRANSLATE,))
def transcript_renamed(answer: Body) -> None:
    answer["translation"] = answer.pop("text")


@fault(
    "audio.transcript-language-list",
    "The language is a list of guesses.",
    "audio.transcript.other-fields",
    also={"audio.verbose.members": "there is no language as text"},
    source="servers that pass on what their detector says",
)
@on_transcripts("verbose_json")
def transcript_languages(answer: Body) -> None:
    answer["language"] = [answer["language"], "welsh"]


@fault(
    "audio.transcript-forced-verbose",
    "Plain json comes with segments.",
    "audio.transcript.no-more-than-asked",
    source="BerriAI/litellm#31457",
)
@on_transcripts("json")
def forced_verbose(answer: Body) -> None:
    answer["segments"] = [{"id": 0, "start": 0.0, "end": 1.0, "text": answer["text"]}]


@fault(
    "audio.transcript-total",
    "The total of counted tokens leaves the input out.",
    "audio.transcript.usage",
    source="gateways that count the output alone",
)
@on_transcripts("json", "verbose_json")
def transcript_total(answer: Body) -> None:
    answer["usage"] = {"type": "tokens", "input_tokens": 30, "output_tokens": 9, "total_tokens": 9}


fault(
    "audio.text-quoted",
    "Subtitles come as a JSON string.",
    "audio.transcript.bare",
    source="Nyralei/whisperx-api-server#4",
)(on_texts("srt", "vtt")(json.dumps))
fault(
    "audio.text-quoted-plain",
    "A transcript as text comes as a JSON string.",
    "audio.transcript.bare",
    source="Nyralei/whisperx-api-server#4",
)(on_texts("text")(json.dumps))
fault(
    "audio.text-in-object",
    "Text formats come as an object with the text in it.",
    "audio.transcript.bare",
    also={"audio.transcript.media-type": "the label says JSON"},
    source="openai-python: a JSON body is handed to the caller as text",
)(on_texts("text", "srt", "vtt", label="application/json")(lambda text: json.dumps({"text": text})))
fault(
    "audio.text-label",
    "Subtitles are labelled as bytes.",
    "audio.transcript.media-type",
    source="servers that send subtitles as files",
)(on_texts("srt", "vtt", label="application/octet-stream")(lambda text: text))
fault(
    "audio.srt-points",
    "The times of srt have points.",
    "audio.subtitles.srt",
    source="writers of subtitles with one clock for both formats",
)(on_texts("srt")(lambda text: _CLOCK.sub(r"\1.\2", text)))
fault(
    "audio.srt-from-zero",
    "The cues of srt are numbered from 0.",
    "audio.subtitles.srt",
    source="writers of subtitles that number by the place in a list",
)(on_texts("srt")(lambda text: re.sub(r"^(\d)$", lambda found: str(int(found[1]) - 1), text, flags=re.MULTILINE)))
fault(
    "audio.srt-is-text",
    "srt is the bare transcript.",
    "audio.subtitles.srt",
    source="servers that take every format they do not know for text",
)(on_texts("srt")(lambda text: "\n".join(re.findall(r"^[A-Za-z].*", text, re.MULTILINE))))
fault(
    "audio.vtt-headless",
    "vtt lacks its first line.",
    "audio.subtitles.vtt",
    source="writers of subtitles with one form for both formats",
)(on_texts("vtt")(lambda text: text.removeprefix("WEBVTT\n\n")))
fault(
    "audio.vtt-commas",
    "The times of vtt have commas.",
    "audio.subtitles.vtt",
    source="writers of subtitles with one clock for both formats",
)(on_texts("vtt")(lambda text: _CLOCK.sub(r"\1,\2", text)))


def _backwards(text: str) -> str:
    """The times of the first and the last cue of subtitles, swapped."""
    lines = text.split("\n")
    places = [place for place, line in enumerate(lines) if "-->" in line]
    lines[places[0]], lines[places[-1]] = lines[places[-1]], lines[places[0]]
    return "\n".join(lines)


fault(
    "audio.cues-backwards",
    "The cues of srt are not in the order of their start.",
    "audio.subtitles.in-time",
    source="servers that hear pieces of a recording side by side",
)(on_texts("srt")(_backwards))
fault(
    "audio.cues-end-first",
    "The cues of vtt end before they start.",
    "audio.subtitles.in-time",
    source="servers that hear pieces of a recording side by side",
)(on_texts("vtt")(lambda text: re.sub(r"(\S+) --> (\S+)", r"\2 --> \1", text)))


@fault(
    "audio.verbose-text-only",
    "verbose_json has the text alone.",
    "audio.verbose.members",
    "audio.verbose.segments",
    "audio.verbose.words",
    source="BerriAI/litellm#25633",
)
@on_transcripts("verbose_json")
def verbose_text_only(answer: Body) -> None:
    for name in ("language", "duration", "segments", "words"):
        answer.pop(name, None)


@fault(
    "audio.verbose-no-duration",
    "Translations in verbose_json have no duration.",
    "audio.verbose.members",
    source="BerriAI/litellm#25633",
)
@on_transcripts("verbose_json", operations=(TRANSLATE,))
def verbose_no_duration(answer: Body) -> None:
    del answer["duration"]


@fault(
    "audio.verbose-duration-doubled",
    "The duration is twice that of the recording.",
    "audio.verbose.duration",
    source="servers that take one channel for two",
)
@on_transcripts("verbose_json")
def verbose_duration_doubled(answer: Body) -> None:
    answer["duration"] *= 2


@fault(
    "audio.verbose-no-segments",
    "The list of segments is empty.",
    "audio.verbose.segments",
    source="BerriAI/litellm#25633",
)
@on_transcripts("verbose_json")
def verbose_no_segments(answer: Body) -> None:
    answer["segments"] = []


@fault(
    "audio.verbose-segment-times-missing",
    "The last segment has no end.",
    "audio.verbose.segments",
    source="servers that pass on what their model says",
)
@on_transcripts("verbose_json")
def verbose_endless_segment(answer: Body) -> None:
    del answer["segments"][-1]["end"]


@fault(
    "audio.verbose-no-words",
    "timestamp_granularities[] is not read.",
    "audio.verbose.words",
    source="openai-python sends the name with brackets",
)
@on_transcripts("verbose_json")
def verbose_no_words(answer: Body) -> None:
    answer.pop("words", None)


@fault(
    "audio.verbose-segments-backwards",
    "Segments start anew with each piece of the recording.",
    "audio.verbose.segments-in-time",
    source="servers that cut a long recording into pieces",
)
@on_transcripts("verbose_json")
def verbose_segments_backwards(answer: Body) -> None:
    first, last = answer["segments"][0], answer["segments"][-1]
    first["start"], last["start"] = last["start"], 0.0
    first["end"], last["end"] = last["end"], first["end"]


@fault(
    "audio.verbose-segment-too-long",
    "The last segment ends long after the recording.",
    "audio.verbose.segments-in-time",
    source="models that count in windows of thirty seconds",
)
@on_transcripts("verbose_json")
def verbose_segment_too_long(answer: Body) -> None:
    answer["segments"][-1]["end"] = 30.0


@fault(
    "audio.verbose-word-backwards",
    "A word ends before it starts.",
    "audio.verbose.words-in-time",
    source="aligners that fail on single words",
)
@on_transcripts("verbose_json", operations=(TRANSCRIBE,))
def verbose_word_backwards(answer: Body) -> None:
    word = answer["words"][1]
    word["start"], word["end"] = word["end"], word["start"]


@fault(
    "audio.verbose-segment-lost",
    "The last segment is missing.",
    "audio.verbose.segments-join",
    source="BerriAI/litellm#25633",
)
@on_transcripts("verbose_json")
def verbose_segment_lost(answer: Body) -> None:
    answer["segments"].pop()


@fault(
    "audio.translation-not-english",
    "A translation is a transcript in the language of the recording.",
    "audio.translation.english",
    source="gateways that know one upstream route for both",
)
@on_transcripts("verbose_json", operations=(TRANSLATE,))
def translation_not_english(answer: Body) -> None:
    answer.update(task="transcribe", language="german")


# -------------------------------------------------------------------------------------------------------------- forms


def _refuses_forms(mark: bytes, status: int) -> Spoil:
    """A fault that refuses good forms with something in them."""
    error = {"message": "The form cannot be read.", "type": "invalid_request_error", "param": None, "code": None}

    def spoil(ask: Ask, reply: Reply) -> Reply:
        if ask.operation not in HEARING or reply.status != 200 or mark not in ask.body:
            return reply
        return reply.with_header("content-type", "application/json").with_status(status).with_json({"error": error})

    return spoil


fault(
    "audio.form-ascii-names",
    "A file name beyond ASCII makes the hub fail.",
    "audio.form.tolerant",
    source="servers that write file names into headers for their upstream",
)(_refuses_forms("漢字".encode(), 500))
fault(
    "audio.form-known-parts",
    "A part that nobody knows is refused.",
    "audio.form.tolerant",
    source="servers that check forms against a closed list",
)(_refuses_forms(b'name="x_made_up"', 400))


# ----------------------------------------------------------------------------------------------------- wrong requests


def _on_refusals(operation: str, when: Callable[[bytes], bool], change: Callable[[Reply], Reply]) -> Spoil:
    """A fault of the refusals of forms."""

    def spoil(ask: Ask, reply: Reply) -> Reply:
        return change(reply) if ask.operation == operation and reply.status == 400 and when(ask.body) else reply

    return spoil


def _heard(reply: Reply) -> Reply:
    return reply.with_status(200).with_json({"text": ""})


def _failed(reply: Reply) -> Reply:
    return reply.with_status(500)


def _served_speech(field: str, wrong: Callable[[Any], bool]) -> Spoil:
    """A fault that answers a wrong request for speech with a recording."""
    answer = serves(SPEECH, field, wrong, {})
    return lambda ask, reply: reply if answer(ask, reply) == reply else _RECORDING(reply.with_status(200))


_RECORDING = _recording("mp3", "audio/mpeg")


def _lacks_file(body: bytes) -> bool:
    return b'name="file"' not in body


def _has_empty_file(body: bytes) -> bool:
    return b"audio/wav\r\n\r\n\r\n" in body


def _has_no_recording(body: bytes) -> bool:
    return b"no recording" in body


fault(
    "audio.refusal.nothing-spoken",
    "A request without input gets a recording.",
    "audio.refusal.input-missing",
    source="gateways that send empty text upstream",
)(_served_speech("input", lambda value: value is ...))


fault(
    "audio.refusal.empty-file-heard",
    "An empty file has an empty transcript.",
    "audio.refusal.file-empty",
    source="servers that read nothing and hear nothing",
)(_on_refusals(TRANSCRIBE, _has_empty_file, _heard))
fault(
    "audio.refusal.no-recording-fails",
    "A file that is no recording makes the hub fail.",
    "audio.refusal.no-recording",
    source="decoders whose errors nobody catches",
)(_on_refusals(TRANSCRIBE, _has_no_recording, _failed))
fault(
    "audio.refusal.no-recording-heard",
    "A file that is no recording has a transcript.",
    "audio.refusal.no-recording",
    source="servers that take unknown bytes for raw samples",
)(_on_refusals(TRANSCRIBE, _has_no_recording, _heard))
fault(
    "audio.refusal.no-param",
    "Refusals of speech name no field.",
    "audio.refusal.param",
    source="openai-python: APIError.param",
)(nameless(SPEECH))
fault(
    "audio.refusal.no-param-of-forms",
    "Refusals of forms name no field.",
    "audio.refusal.param",
    source="openai-python: APIError.param",
)(nameless(TRANSCRIBE))
