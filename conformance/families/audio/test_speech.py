"""What speech is made of: the format asked for, bytes that decode, a fitting label; and speech in events."""

from __future__ import annotations

from conformance.engine.contract import load_contract
from conformance.engine.judge import Words, expect, not_testable
from conformance.engine.kit.media import Sound, Undecodable, from_base64, raw_of, sound_of
from conformance.engine.kit.reading import served
from conformance.engine.kit.replies import is_count
from conformance.engine.requirement import requirement
from conformance.families.audio.reading import (
    MEDIA_TYPES,
    OPAQUE,
    Evidence,
    spoken_format,
    told_events,
    whole_events,
)
from conformance.wire.exchange import Exchange

DELTA, DONE = "speech.audio.delta", "speech.audio.done"
NOT_ACCEPTABLE = 406


def sound_in(data: bytes, format: str) -> Sound:
    """Read a recording; what has no head is taken for raw samples where these were asked for.

    Raises:
        Undecodable: it is neither.
    """
    try:
        return sound_of(data)
    except Undecodable:
        if format != "pcm":
            raise
        return raw_of(data)


def expect_sound(data: bytes, format: str, at: str, exchange: Exchange) -> None:
    """Break unless the bytes are a recording in the format."""
    try:
        sound = sound_in(data, format)
    except Undecodable as problem:
        got = Words(f"{problem}; it begins with {data[:24]!r}")
        expect(False, f"a recording in {format}", got, at, exchange)
        return
    expect(sound.format == format, f"a recording in {format}", Words(f"one in {sound.format}"), at, exchange)


@requirement("audio.speech.raw")
def test_the_body_is_sound(any_audio_speech: Evidence) -> None:
    exchange = served(any_audio_speech[0])
    try:
        sound = sound_in(exchange.decoded_body, spoken_format(exchange))
    except Undecodable as problem:
        got = Words(f"{problem}; it begins with {exchange.decoded_body[:40]!r}")
        expect(False, "the bytes of a recording that decodes", got)
        return
    expect(sound.seconds > 0, "some sound", Words("none"))


@requirement("audio.speech.format")
def test_speech_is_in_the_format_asked_for(any_audio_speech: Evidence) -> None:
    exchange = served(any_audio_speech[0])
    wanted = spoken_format(exchange)
    try:
        sound = sound_in(exchange.decoded_body, wanted)
    except Undecodable:
        not_testable("the body is no recording, which another sentence judges")
    expect(sound.format == wanted, f"a recording in {wanted}", Words(f"one in {sound.format}"))


@requirement("audio.speech.media-type")
def test_the_label_fits_the_bytes(any_audio_speech: Evidence) -> None:
    exchange = served(any_audio_speech[0])
    try:
        sound = sound_in(exchange.decoded_body, spoken_format(exchange))
    except Undecodable:
        not_testable("the body is no recording, which another sentence judges")
    fitting = MEDIA_TYPES[sound.format]
    got = Words(exchange.header("content-type") or "no such header")
    fits = exchange.media_type in (*fitting, *OPAQUE)
    expect(fits, f"{fitting[0]}, because the bytes are {sound.format}", got, "content-type")


@requirement("audio.speech.accept")
def test_clients_that_accept_bytes_are_served(audio_binary_speech: Evidence) -> None:
    got = Words(f"HTTP {audio_binary_speech[0].status}")
    expect(audio_binary_speech[0].status != NOT_ACCEPTABLE, "an answer, or a refusal for another reason", got)


@requirement("audio.speech.accept")
def test_errors_are_json_whatever_is_accepted(audio_speech_no_input: Evidence) -> None:
    refusals = [exchange for exchange in audio_speech_no_input if 400 <= (exchange.status or 0) < 500]
    if not refusals:
        not_testable("nothing was refused here, which another sentence judges")
    for exchange in refusals:
        label = exchange.media_type
        got = Words(f"HTTP {exchange.status} ({label})" if label else f"HTTP {exchange.status} (no content-type)")
        fine = exchange.status != NOT_ACCEPTABLE and (exchange.is_json or exchange.media_type == "text/html")
        expect(fine, "a JSON error although bytes were accepted", got, "", exchange)


@requirement("audio.speech.events")
def test_speech_comes_in_two_kinds_of_events(audio_speech_events: Exchange) -> None:
    labelled = audio_speech_events.media_type == "text/event-stream"
    got = Words(audio_speech_events.header("content-type") or "no content-type")
    expect(labelled, "an event stream, because stream_format is sse", got, "content-type")
    expect(audio_speech_events.events, "events", Words("none"))
    for at, value in told_events(audio_speech_events):
        for one in load_contract().violations("SpeechStreamResponse", value):
            expect(False, "what the contract's schema says", Words(one.message), f"{at} {one.pointer}".strip())


@requirement("audio.speech.events-end")
def test_done_comes_last_and_once(audio_speech_events: Exchange) -> None:
    kinds = [value.get("type") for _, value in whole_events(audio_speech_events)]
    expect(kinds[-1] == DONE, f"{DONE} at the end", kinds[-1], f"event {len(kinds)}")
    expect(kinds.count(DONE) == 1, f"one {DONE}", Words(f"{kinds.count(DONE)} of them"))


@requirement("audio.speech.events-sound")
def test_deltas_join_to_a_recording(audio_speech_events: Exchange) -> None:
    joined = b""
    for at, value in whole_events(audio_speech_events):
        audio = value.get("audio")
        if value.get("type") != DELTA or not isinstance(audio, str):
            continue
        try:
            joined += from_base64(audio)
        except Undecodable as problem:
            expect(False, "plain base64, padded", Words(str(problem)), f"{at} /audio")
    expect(joined, "a recording", Words("no sound at all"))
    expect_sound(joined, spoken_format(audio_speech_events), "all deltas together", audio_speech_events)


@requirement("audio.speech.events-usage")
def test_done_tells_the_usage(audio_speech_events: Exchange) -> None:
    done = [(at, value) for at, value in told_events(audio_speech_events) if value.get("type") == DONE]
    if not done:
        not_testable("there is no closing event, which another sentence judges")
    at, value = done[-1]
    usage = value.get("usage")
    expect(isinstance(usage, dict), "a usage object", usage, f"{at} /usage")
    assert isinstance(usage, dict)
    counts = [usage.get(name) for name in ("input_tokens", "output_tokens", "total_tokens")]
    complete = all(is_count(count) for count in counts)
    expect(complete, "input_tokens, output_tokens and total_tokens", usage, f"{at} /usage")
    inward, outward, total = counts
    expect(inward + outward == total, f"{inward} + {outward}", total, f"{at} /usage/total_tokens")  # type: ignore[operator]
