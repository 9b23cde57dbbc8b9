"""What is asked of the audio routes: speech in every format, transcripts in every format, and wrong requests.

There are nine answers to pay for: the formats that clients use most. A hub that claims the operations is asked for the
rest as well. `--model speech=NAME` and `--model transcription=NAME` name models. The recording that is sent along is
a tone made on the spot, so that no judge relies on what a model hears in it.
"""

from __future__ import annotations

import re
from dataclasses import replace
from typing import Any

from conformance.engine.kit.costs import with_claim
from conformance.engine.kit.forms import File, form
from conformance.engine.kit.reading import offered
from conformance.engine.kit.refusals import Wrongs
from conformance.engine.kit.samples import wav
from conformance.engine.probe import Admit, Conversation, Hub, Phase, StopProbe, probe
from conformance.wire.exchange import Exchange
from conformance.wire.limits import Limits

SPEECH = "audio-speech"
TRANSCRIBE = "audio-transcriptions"
TRANSLATE = "audio-translations"
SPOKEN = "One, two, three, four, five."
VOICE = "alloy"
SECONDS = 3.0
"""Length of the recording that is sent along."""
RATE = 8_000
LONGEST_INPUT = 4_096
SLOW = 120.0
"""Seconds that an answer may take."""
HEAVY = 64 * 2**20
"""Bytes that an answer may have."""
WITHOUT_EVENTS = re.compile(r"\btts-1", re.IGNORECASE)
BINARY = {"Accept": "application/octet-stream"}
"""What official clients say with every request for speech."""
NO_SOUND = b"These bytes are no recording."
GRANULARITIES = [("timestamp_granularities[]", "word"), ("timestamp_granularities[]", "segment")]
Fields = list[tuple[str, str | File]]


@probe(SPEECH, base=True)
async def audio_speech(hub: Hub) -> Exchange:
    """A few words, and nothing said of the format."""
    return await _speak(hub)


@probe(SPEECH)
async def audio_speech_opus(hub: Hub) -> Exchange:
    """The same in opus, asked for as official clients do."""
    body = {**_plain_speech(hub), "response_format": "opus"}
    return await hub.send(SPEECH, json=body, headers=BINARY, limits=_patient(hub))


@probe(SPEECH)
async def audio_speech_pcm(hub: Hub) -> Exchange:
    """The same as raw samples. Asked only of a hub that claims speech; of others the events carry them."""
    with_claim(hub, SPEECH)
    return await _speak(hub, response_format="pcm")


@probe(SPEECH)
async def audio_speech_events(hub: Hub) -> Exchange:
    """The same as raw samples in events."""
    if WITHOUT_EVENTS.search(_speech_model(hub)):
        raise StopProbe("models of this name send no events: name another with --model speech=NAME")
    return await _speak(hub, response_format="pcm", stream_format="sse")


@probe(TRANSCRIBE, base=True)
async def audio_transcript(hub: Hub) -> Exchange:
    """A recording, and nothing said of the format."""
    return await _hear(hub, TRANSCRIBE)


@probe(TRANSCRIBE)
async def audio_transcript_verbose(hub: Hub) -> Exchange:
    """The same in verbose_json, with the times of words and segments, spelled as official clients do."""
    return await _hear(hub, TRANSCRIBE, "verbose_json", *GRANULARITIES)


@probe(TRANSCRIBE)
async def audio_transcript_text(hub: Hub) -> Exchange:
    """The same as text."""
    return await _hear(hub, TRANSCRIBE, "text")


@probe(TRANSCRIBE)
async def audio_transcript_srt(hub: Hub) -> Exchange:
    """The same as SubRip subtitles."""
    return await _hear(hub, TRANSCRIBE, "srt")


@probe(TRANSCRIBE, admit=Admit.REPLY, phase=Phase.ANSWERS)
async def audio_transcript_vtt(hub: Hub) -> Conversation:
    """The same as WebVTT subtitles, with a file name of many scripts and a part that nobody knows; plainly when that is
    refused. Asked only of a hub that claims transcriptions."""
    with_claim(hub, TRANSCRIBE)
    file, model = ("file", _recording("naïve 漢字 Ж.wav")), ("model", _hearing_model(hub))
    fields: Fields = [file, model, ("response_format", "vtt"), ("x_made_up", "1")]
    odd = await hub.send(TRANSCRIBE, **form(fields), limits=_patient(hub))
    return (odd,) if odd.ok else (odd, await _hear(hub, TRANSCRIBE, "vtt"))


@probe(TRANSLATE, base=True)
async def audio_translation(hub: Hub) -> Exchange:
    """A recording to be translated, and nothing said of the format."""
    return await _hear(hub, TRANSLATE)


@probe(TRANSLATE)
async def audio_translation_verbose(hub: Hub) -> Exchange:
    """The same in verbose_json. Asked only of a hub that claims translations."""
    with_claim(hub, TRANSLATE)
    return await _hear(hub, TRANSLATE, "verbose_json")


NO_INPUT: Wrongs = {"input": ...}
"""Values by words of which the first is the field; `...` leaves it out. Nobody can speak these."""


@probe(SPEECH, admit=Admit.REFUSAL)
async def audio_speech_no_input(hub: Hub) -> Conversation:
    """A request without words, asked as official clients do; see `NO_INPUT`."""
    body = {name: value for name, value in _plain_speech(hub).items() if name not in NO_INPUT}
    return (await hub.send(SPEECH, json=body, headers=BINARY),)


@probe(TRANSCRIBE, admit=Admit.REFUSAL)
async def audio_transcript_no_recording(hub: Hub) -> Conversation:
    """Forms with an empty file, and with one that is no recording."""
    files = [("file", File("tone.wav", "audio/wav", content)) for content in (b"", NO_SOUND)]
    return tuple([await hub.send(TRANSCRIBE, **form([file, ("model", _hearing_model(hub))])) for file in files])


any_speech = offered(
    "any_audio_speech",
    audio_speech,
    audio_speech_opus,
    audio_speech_pcm,
)
binary_speech = offered("audio_binary_speech", audio_speech_opus)
any_json = offered("any_audio_transcript_in_json", audio_transcript, audio_translation)
any_verbose = offered("any_audio_verbose_transcript", audio_transcript_verbose, audio_translation_verbose)
any_object = offered(
    "any_audio_transcript_object",
    audio_transcript,
    audio_transcript_verbose,
    audio_translation,
    audio_translation_verbose,
)
any_bare = offered("any_audio_bare_transcript", audio_transcript_text, audio_transcript_srt, audio_transcript_vtt)
any_subtitles = offered("any_audio_subtitles", audio_transcript_srt, audio_transcript_vtt)
vtt = offered("any_audio_vtt", audio_transcript_vtt)


def _speech_model(hub: Hub) -> str:
    return hub.target.models.get("speech") or str(hub.contract.operation(SPEECH).request_example()["model"])


def _hearing_model(hub: Hub) -> str:
    return hub.target.models.get("transcription") or str(hub.contract.operation(TRANSCRIBE).request_example()["model"])


def _plain_speech(hub: Hub) -> dict[str, Any]:
    return {"model": _speech_model(hub), "input": SPOKEN, "voice": VOICE}


async def _speak(hub: Hub, **fields: Any) -> Exchange:
    return await hub.send(SPEECH, json={**_plain_speech(hub), **fields}, limits=_patient(hub))


async def _hear(hub: Hub, operation: str, format: str = "", *more: tuple[str, str]) -> Exchange:
    wish = [("response_format", format)] if format else []
    fields: Fields = [("file", _recording()), ("model", _hearing_model(hub)), *wish, *more]
    return await hub.send(operation, **form(fields), limits=_patient(hub))


def _recording(name: str = "tone.wav") -> File:
    return File(name, "audio/wav", wav(SECONDS, rate=RATE))


def _patient(hub: Hub) -> Limits:
    limits = hub.target.limits
    return replace(
        limits,
        first_byte=max(SLOW, limits.first_byte),
        whole=max(SLOW, limits.whole),
        body_bytes=max(HEAVY, limits.body_bytes),
    )
