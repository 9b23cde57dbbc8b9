"""The audio routes of the hub: speech in every format, and what is heard in recordings."""

from __future__ import annotations

import base64
import json
from typing import Any

import httpx
import pytest

from conformance.engine.kit.forms import File, form
from conformance.engine.kit.media import raw_of, sound_of
from conformance.engine.kit.samples import wav
from conformance.hub.sound import encoded, heard, tone
from tests.hub.conftest import BEARER, Api

SPEECH, HEAR, TRANSLATE = "/v1/audio/speech", "/v1/audio/transcriptions", "/v1/audio/translations"
TYPES = {"mp3": "mpeg", "opus": "ogg", "aac": "aac", "flac": "flac", "wav": "wav"}


def speak(api: Api, **fields: Any) -> httpx.Response:
    plain = {"model": "gpt-4o-mini-tts", "input": "One two three four five.", "voice": "alloy"}
    return api.ask("POST", SPEECH, json={**plain, **fields})


def hear(api: Api, *parts: tuple[str, str | File], content: bytes | None = None, path: str = HEAR) -> httpx.Response:
    file = File("a.wav", "audio/wav", wav(4.0) if content is None else content)
    sent = form([("file", file), ("model", "whisper-1"), *parts])
    return api.ask("POST", path, {**BEARER, **sent["headers"]}, content=sent["body"])


def refused(response: httpx.Response) -> tuple[int, str | None]:
    assert set(response.json()) == {"error"}, response.text
    return response.status_code, response.json()["error"]["param"]


@pytest.mark.parametrize("format", TYPES)
def test_speech_is_in_the_format_asked_for(api: Api, format: str) -> None:
    response = speak(api, response_format=format)
    assert response.headers["content-type"] == f"audio/{TYPES[format]}"
    sound = sound_of(response.content)
    assert sound.format == format
    assert sound.seconds == pytest.approx(1.0, abs=0.1)


def test_raw_samples_have_no_head(api: Api) -> None:
    assert raw_of(speak(api, response_format="pcm").content).seconds == pytest.approx(1.0)


def test_mp3_is_the_default_and_the_same_every_time(api: Api) -> None:
    assert sound_of(speak(api).content).format == "mp3"
    assert speak(api).content == speak(api).content != speak(api, voice="nova").content


def test_speed_makes_it_shorter(api: Api) -> None:
    assert raw_of(speak(api, response_format="pcm", speed=4).content).seconds == pytest.approx(0.25, abs=0.01)


def test_events_carry_the_same_recording(api: Api) -> None:
    response = speak(api, response_format="wav", stream_format="sse")
    assert response.headers["content-type"] == "text/event-stream"
    events = [json.loads(line[6:]) for line in response.text.split("\n\n") if line]
    assert [event["type"] for event in events[:-1]] == ["speech.audio.delta"] * (len(events) - 1)
    joined = b"".join(base64.b64decode(event["audio"]) for event in events[:-1])
    assert joined == speak(api, response_format="wav").content
    usage = events[-1]["usage"]
    assert usage["input_tokens"] + usage["output_tokens"] == usage["total_tokens"]


@pytest.mark.parametrize(
    ("fields", "param"),
    [
        ({"input": None}, "input"),
        ({"input": ""}, "input"),
        ({"input": []}, "input"),
        ({"input": "a" * 4097}, "input"),
        ({"voice": None}, "voice"),
        ({"voice": "nobody"}, "voice"),
        ({"speed": 0.2}, "speed"),
        ({"speed": 9}, "speed"),
        ({"speed": "fast"}, "speed"),
        ({"response_format": "midi"}, "response_format"),
        ({"stream_format": "ws"}, "stream_format"),
        ({"model": "whisper-1"}, "model"),
    ],
)
def test_wrong_speech_is_refused(api: Api, fields: dict[str, Any], param: str) -> None:
    assert refused(speak(api, **fields)) == (400, param)


def test_odd_but_valid_speech_is_served(api: Api) -> None:
    assert speak(api, input="\0", speed=4, instructions=None, made_up=[{}]).status_code == 200
    assert speak(api, input="a " * 2048, response_format="opus").status_code == 200


def test_all_formats_tell_the_same(api: Api) -> None:
    text = hear(api).json()["text"]
    assert len(text.split()) == 10
    assert hear(api, ("response_format", "text")).text == f"{text}\n"
    verbose = hear(api, ("response_format", "verbose_json")).json()
    assert " ".join(segment["text"] for segment in verbose["segments"]) == verbose["text"] == text
    srt, vtt = (hear(api, ("response_format", name)) for name in ("srt", "vtt"))
    assert srt.text.startswith("1\n00:00:00,000 --> 00:00:02,400\n")
    assert vtt.text.startswith("WEBVTT\n\n00:00:00.000 --> 00:00:02.400\n")
    assert (srt.headers["content-type"], vtt.headers["content-type"].split(";")[0]) == (
        "application/x-subrip",
        "text/vtt",
    )


def test_times_of_words_and_segments_come_when_asked(api: Api) -> None:
    name = "timestamp_granularities[]"
    verbose = ("response_format", "verbose_json")
    assert {"segments", "words"} & set(hear(api, verbose).json()) == {"segments"}
    words = hear(api, verbose, (name, "word")).json()
    assert {"segments", "words"} & set(words) == {"words"}
    assert words["words"][-1]["end"] == words["duration"] == 4.0
    assert {"segments", "words"} <= set(hear(api, verbose, (name, "word"), (name, "segment")).json())
    assert refused(hear(api, (name, "word"))) == (400, "timestamp_granularities")


def test_languages(api: Api) -> None:
    verbose = ("response_format", "verbose_json")
    assert hear(api, verbose, ("language", "de")).json()["language"] == "german"
    translated = hear(api, verbose, path=TRANSLATE).json()
    assert (translated["task"], translated["language"]) == ("translate", "english")


def test_nothing_is_heard_in_silence(api: Api) -> None:
    silence = encoded(bytes(48_000), "wav")
    assert hear(api, content=silence).json()["text"] == ""
    for format in ("text", "srt", "vtt"):
        assert hear(api, ("response_format", format), content=silence).text.strip() in ("", "WEBVTT")


@pytest.mark.parametrize("format", TYPES)
def test_every_format_of_speech_can_be_heard(api: Api, format: str) -> None:
    assert hear(api, content=speak(api, response_format=format).content).json()["text"]
    assert heard(encoded(tone(2.0), format))[0] == pytest.approx(2.0, abs=0.1)


@pytest.mark.parametrize("content", [b"", b"RIFF", b"no recording", b"\xff\xfb" + bytes(400), wav()[:30], b"ID3\x04"])
def test_what_is_no_recording_is_refused(api: Api, content: bytes) -> None:
    assert refused(hear(api, content=content)) == (400, "file")


@pytest.mark.parametrize(
    ("part", "param"),
    [
        (("response_format", "pdf"), "response_format"),
        (("temperature", "2"), "temperature"),
        (("temperature", "hot"), "temperature"),
        (("language", "?"), "language"),
        (("stream", "true"), "stream"),
        (("prompt", File("a", "text/plain", b"x")), "prompt"),
        (("file", "text"), "file"),
    ],
)
def test_wrong_forms_are_refused(api: Api, part: tuple[str, str | File], param: str) -> None:
    assert refused(hear(api, part)) == (400, param)


def test_odd_but_valid_forms_are_served(api: Api) -> None:
    parts: list[tuple[str, str | File]] = [("temperature", ""), ("made_up", "1"), ("made_up", "2"), ("stream", "false")]
    assert hear(api, *parts).status_code == 200
    for path in (HEAR, TRANSLATE):
        sent = form([("file", File("naïve 漢字.wav", "audio/wav", wav())), ("model", "whisper-1")])
        assert api.ask("POST", path, {**BEARER, **sent["headers"]}, content=sent["body"]).status_code == 200


def test_forms_without_file_or_model_are_refused(api: Api) -> None:
    for fields, param in (([("model", "whisper-1")], "file"), ([("x", "y")], "model")):
        sent = form(fields)
        assert refused(api.ask("POST", HEAR, {**BEARER, **sent["headers"]}, content=sent["body"])) == (400, param)
    assert api.ask("POST", HEAR, json={"model": "whisper-1"}).status_code == 415
