"""What transcripts and translations are made of, in every format."""

from __future__ import annotations

import math
from collections.abc import Sequence

from conformance.engine.judge import Words, expect, not_testable, nothing_here
from conformance.engine.kit.reading import served
from conformance.engine.kit.replies import expect_fit, expect_served, is_count
from conformance.engine.requirement import requirement
from conformance.families.audio.probes import SECONDS
from conformance.families.audio.reading import (
    PLACES,
    SUBTITLES,
    Evidence,
    NoSubtitles,
    cues,
    subtitles,
    written_format,
)
from conformance.families.audio.views import Span, Transcript
from conformance.wire.exchange import Exchange

SLACK = 0.5
"""Seconds that a time may be beyond the end of the recording."""
ENGLISH = ("english", "en")


def expect_shape(evidence: Evidence, *names: str) -> None:
    """Break when something in these parts of the answer is not what the contract's schema says."""
    expect_fit("AudioTranscriptionResponse", served(evidence[0]), PLACES, names)


def _transcript(evidence: Evidence) -> Transcript:
    return Transcript.of(served(evidence[0]))


@requirement("audio.transcript.text")
def test_there_is_a_text(any_audio_transcript_object: Evidence) -> None:
    expect_shape(any_audio_transcript_object, "text")


@requirement("audio.transcript.other-fields")
def test_other_fields_fit_the_schema(any_audio_transcript_object: Evidence) -> None:
    expect_shape(any_audio_transcript_object, "other")


@requirement("audio.transcript.no-more-than-asked")
def test_plain_json_has_no_segments(any_audio_transcript_in_json: Evidence) -> None:
    found = Transcript.of(served(any_audio_transcript_in_json[0]))
    more = [name for name in ("segments", "words") if getattr(found, name)]
    expect(not more, "the text alone, because nothing else was asked for", Words(" and ".join(more)))


@requirement("audio.transcript.usage")
def test_counts_of_tokens_add_up(any_audio_transcript_object: Evidence) -> None:
    usage = _transcript(any_audio_transcript_object).usage or {}
    inward, outward, total = (usage.get(name) for name in ("input_tokens", "output_tokens", "total_tokens"))
    if not (is_count(inward) and is_count(outward) and is_count(total)):
        nothing_here("the answer counts no tokens, which it need not")
    fine = inward + outward == total
    expect(fine, f"{inward} + {outward}", total, "/usage/total_tokens")


@requirement("audio.transcript.bare")
def test_text_formats_are_not_json(any_audio_bare_transcript: Evidence) -> None:
    exchange = served(any_audio_bare_transcript[-1])
    value = exchange.json if exchange.is_json else None
    quoted = isinstance(value, str) and ("\\" in exchange.text or exchange.media_type.endswith("json"))
    if written_format(exchange) != "text":
        quoted = isinstance(value, str)
    expect(not (quoted or isinstance(value, dict | list)), "bare text, not JSON", exchange.text[:120])


@requirement("audio.transcript.media-type")
def test_text_formats_are_labelled(any_audio_bare_transcript: Evidence) -> None:
    exchange = served(any_audio_bare_transcript[-1])
    fitting = SUBTITLES[written_format(exchange)]
    got = Words(exchange.header("content-type") or "no such header")
    expect(exchange.media_type in fitting, " or ".join(fitting), got, "content-type")


@requirement("audio.subtitles.srt")
def test_srt_is_subrip(audio_transcript_srt: Exchange) -> None:
    expect_subtitles(audio_transcript_srt)
    numbers = [cue.number for cue in subtitles(audio_transcript_srt)]
    wanted = [str(place) for place in range(1, len(numbers) + 1)]
    expect(numbers == wanted, "cues that are numbered 1, 2, 3 and so on", numbers)


@requirement("audio.subtitles.vtt")
def test_vtt_is_webvtt(any_audio_vtt: Evidence) -> None:
    expect_subtitles(served(any_audio_vtt[-1]))


def expect_subtitles(exchange: Exchange) -> None:
    """Break unless an answer is in the subtitle format that was asked for.

    Raises:
        NotTestable: it is empty, or JSON, which another sentence judges.
    """
    if not exchange.text.strip():
        not_testable("nothing was heard in the recording")
    if exchange.is_json and isinstance(exchange.json, dict | list | str):
        not_testable("the answer is JSON, which another sentence judges")
    format = written_format(exchange)
    try:
        cues(exchange.text, format)
    except NoSubtitles as problem:
        expect(False, f"subtitles in {format}", Words(f"{problem}; it begins with {exchange.text[:60]!r}"))


@requirement("audio.subtitles.in-time")
def test_cues_are_in_time(any_audio_subtitles: Evidence) -> None:
    before = 0.0
    for cue in subtitles(served(any_audio_subtitles[-1])):
        span = Words(f"{cue.start} to {cue.end}")
        expect(cue.start <= cue.end, "an end that is not before the start", span, cue.at)
        expect(cue.start >= before, f"a start not before that of the cue before it, {before}", span, cue.at)
        before = cue.start


@requirement("audio.verbose.members")
def test_verbose_has_language_and_duration(any_audio_verbose_transcript: Evidence) -> None:
    found = _transcript(any_audio_verbose_transcript)
    expect(found.language, "the language in words", found.language, "/language")
    expect(_seconds_of(found) is not None, "the seconds of the recording", found.duration, "/duration")


def _seconds_of(found: Transcript) -> float | None:
    try:
        seconds = float(found.duration) if found.duration is not None else math.nan
    except ValueError:
        return None
    return seconds if math.isfinite(seconds) else None


@requirement("audio.verbose.duration")
def test_duration_is_that_of_the_recording(any_audio_verbose_transcript: Evidence) -> None:
    seconds = _seconds_of(_transcript(any_audio_verbose_transcript))
    if seconds is None:
        not_testable("there is no duration, which another sentence judges")
    expect(abs(seconds - SECONDS) <= SLACK, f"{SECONDS} s, give or take {SLACK} s", seconds, "/duration")


@requirement("audio.verbose.segments")
def test_segments_are_there(any_audio_verbose_transcript: Evidence) -> None:
    expect_spans(_spoken(any_audio_verbose_transcript), "segments")
    expect_shape(any_audio_verbose_transcript, "spans")


@requirement("audio.verbose.words")
def test_words_are_there_when_asked(audio_transcript_verbose: Exchange) -> None:
    expect_spans(_spoken((audio_transcript_verbose,)), "words")


def _spoken(evidence: Evidence) -> Transcript:
    found = _transcript(evidence)
    if not (found.text or "").strip():
        not_testable("nothing was heard in the recording")
    return found


def expect_spans(found: Transcript, name: str) -> None:
    """Break when a transcript with words in it has none of these."""
    expect(getattr(found, name), f"{name}, because there is text", Words("none"), f"/{name}")


@requirement("audio.verbose.segments-in-time")
def test_segments_are_in_time(any_audio_verbose_transcript: Evidence) -> None:
    found = _transcript(any_audio_verbose_transcript)
    expect_in_time(found.segments, "segments", _seconds_of(found))


@requirement("audio.verbose.words-in-time")
def test_words_are_in_time(audio_transcript_verbose: Exchange) -> None:
    found = _transcript((audio_transcript_verbose,))
    expect_in_time(found.words, "words", _seconds_of(found))


def expect_in_time(spans: Sequence[Span], name: str, duration: float | None) -> None:
    """Break when spans run backwards, or beyond the end of the recording."""
    if not spans:
        not_testable(f"there are no {name} here")
    before = 0.0
    for place, span in enumerate(spans):
        if span.start is None or span.end is None:
            continue
        at, told = f"/{name}/{place}", Words(f"{span.start} to {span.end}")
        expect(span.start <= span.end, "an end that is not before the start", told, at)
        expect(span.start >= before, f"a start not before that of the one before it, {before}", told, at)
        if duration is not None:
            expect(span.end <= duration + SLACK, f"an end not after the recording's, {duration}", told, at)
        before = span.start


@requirement("audio.verbose.segments-join")
def test_segments_join_to_the_text(any_audio_verbose_transcript: Evidence) -> None:
    found = _transcript(any_audio_verbose_transcript)
    if not found.segments:
        not_testable("there are no segments here")
    joined, text = ("".join(part.split()) for part in ("".join(s.text or "" for s in found.segments), found.text or ""))
    expect(joined == text, "segments that join to the text", Words(f"{joined[:80]!r} and {text[:80]!r}"), "/segments")


@requirement("audio.translation.english")
def test_translations_are_in_english(audio_translation_verbose: Exchange) -> None:
    language = Transcript.of(audio_translation_verbose).language
    if language is None:
        not_testable("there is no language, which another sentence judges")
    expect(language.lower() in ENGLISH, "english", language, "/language")


@requirement("audio.form.tolerant")
def test_file_names_and_unknown_parts_do_no_harm(any_audio_vtt: Evidence) -> None:
    expect_served(any_audio_vtt[0])
