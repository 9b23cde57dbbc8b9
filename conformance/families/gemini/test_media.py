"""Pictures and speech: the bytes are what they are said to be."""

from __future__ import annotations

from conformance.engine.judge import Words, expect, not_testable
from conformance.engine.kit.media import Picture, Sound, Undecodable, from_base64, pcm_of, picture_of, wav_of
from conformance.engine.requirement import requirement
from conformance.families.gemini.probes import WIDE
from conformance.families.gemini.reading import Medium, expect_shape, final_usage, told
from conformance.wire.exchange import Exchange

RATIO_TOLERANCE = 0.06
"""Share by which the sides of a picture may differ from the ratio; the vendor's own sizes differ by up to 0.03."""
SHORTEST_SPEECH = 0.05
"""Seconds below which nothing can have been said."""
COMPRESSED = ("mpeg", "mp3", "ogg", "opus", "aac", "flac", "webm", "mp4")


@requirement("gemini.image.given")
def test_a_picture_is_given(gemini_image: Exchange) -> None:
    expect_shape((gemini_image,), "media")
    expect(_media(gemini_image), "a picture in inlineData, because IMAGE was asked for", Words("none"))


@requirement("gemini.image.mime-type")
def test_pictures_are_labelled_as_pictures(gemini_image: Exchange) -> None:
    for medium in _given(gemini_image):
        labelled = medium.mime_type.startswith("image/")
        expect(labelled, "a mimeType of a picture", medium.mime_type, f"{medium.at}/mimeType")


@requirement("gemini.image.base64")
def test_pictures_are_plain_base64(gemini_image: Exchange) -> None:
    _expect_base64(gemini_image)


@requirement("gemini.image.decodes")
def test_pictures_can_be_decoded(gemini_image: Exchange) -> None:
    for medium in _given(gemini_image):
        picture = _picture(medium)
        named = medium.mime_type.lower().removeprefix("image/").replace("jpg", "jpeg")
        if medium.mime_type.startswith("image/"):
            expect(picture.format == named, f"a picture of {medium.mime_type}", picture.format, f"{medium.at}/data")


@requirement("gemini.image.aspect")
def test_pictures_have_the_shape_asked_for(gemini_image: Exchange) -> None:
    across, down = map(int, WIDE.split(":"))
    for medium in _given(gemini_image):
        picture = _picture(medium)
        ratio = picture.width / picture.height * down / across
        got = Words(f"{picture.width} x {picture.height}")
        expect(abs(ratio - 1) <= RATIO_TOLERANCE, f"a picture of {WIDE}", got, f"{medium.at}/data")


@requirement("gemini.image.counted")
def test_pictures_cost_tokens(gemini_image: Exchange) -> None:
    _given(gemini_image)
    count = final_usage(gemini_image).candidatesTokenCount
    expect((count or 0) > 0, "more than 0, because there is a picture", count, "/usageMetadata/candidatesTokenCount")


@requirement("gemini.audio.given")
def test_speech_is_given(gemini_audio: Exchange) -> None:
    expect_shape((gemini_audio,), "media")
    expect(_media(gemini_audio), "a recording in inlineData, because AUDIO was asked for", Words("none"))


@requirement("gemini.audio.mime-type")
def test_speech_is_labelled_as_audio(gemini_audio: Exchange) -> None:
    for medium in _given(gemini_audio):
        labelled = medium.mime_type.lower().startswith("audio/")
        expect(labelled, "a mimeType of audio", medium.mime_type, f"{medium.at}/mimeType")


@requirement("gemini.audio.base64")
def test_speech_is_plain_base64(gemini_audio: Exchange) -> None:
    _expect_base64(gemini_audio)


@requirement("gemini.audio.decodes")
def test_speech_can_be_decoded(gemini_audio: Exchange) -> None:
    for medium in _given(gemini_audio):
        _sound(medium)


@requirement("gemini.audio.audible")
def test_speech_lasts_some_time(gemini_audio: Exchange) -> None:
    for medium in _given(gemini_audio):
        seconds = _sound(medium).seconds
        got = Words(f"{seconds:.3f} s")
        expect(seconds >= SHORTEST_SPEECH, f"at least {SHORTEST_SPEECH} s of sound", got, f"{medium.at}/data")


def _media(exchange: Exchange) -> list[Medium]:
    for one in told(exchange):
        if not one.complete or (one.finish and one.finish != "STOP"):
            not_testable(f"the answer ended with {one.finish}")
    return [medium for one in told(exchange) for medium in one.media]


def _given(exchange: Exchange) -> list[Medium]:
    return _media(exchange) or not_testable("there is no inlineData, which another sentence judges")


def _expect_base64(exchange: Exchange) -> None:
    for medium in _given(exchange):
        try:
            held = bool(from_base64(medium.data))
        except Undecodable as problem:
            expect(False, "plain base64", Words(str(problem)), f"{medium.at}/data")
        else:
            expect(held, "some bytes", Words("none"), f"{medium.at}/data")


def _bytes(medium: Medium) -> bytes:
    try:
        return from_base64(medium.data)
    except Undecodable:
        not_testable("this is no base64, which another sentence judges")


def _picture(medium: Medium) -> Picture:
    try:
        return picture_of(_bytes(medium))
    except Undecodable as problem:
        expect(False, "a picture that can be decoded", Words(str(problem)), f"{medium.at}/data")
        raise


def _sound(medium: Medium) -> Sound:
    """The recording: WAV by its head, otherwise raw samples by their label."""
    kind, data = medium.mime_type.lower(), _bytes(medium)
    if not kind.startswith("audio/") or any(word in kind for word in COMPRESSED):
        not_testable(f"{kind} is not decoded here")
    try:
        return wav_of(data) if "wav" in kind or data[:4] == b"RIFF" else pcm_of(data, kind)
    except Undecodable as problem:
        expect(False, f"{medium.mime_type} that can be decoded", Words(str(problem)), f"{medium.at}/data")
        raise
