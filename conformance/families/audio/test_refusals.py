"""Requests to the audio routes that no hub can serve as they stand."""

from __future__ import annotations

from conformance.engine.judge import NotOffered, expect, inconclusive, not_testable
from conformance.engine.kit.costs import ABSENT, expect_refused
from conformance.engine.kit.refusals import error_of, expect_params, reply_to
from conformance.engine.requirement import requirement
from conformance.families.audio.probes import NO_INPUT
from conformance.families.audio.reading import Evidence
from conformance.wire.exchange import Exchange


@requirement("audio.refusal.input-missing")
def test_speech_of_nothing_is_refused(audio_speech_no_input: Evidence) -> None:
    expect_refused(reply_to(audio_speech_no_input, NO_INPUT, "input"))


@requirement("audio.refusal.param")
def test_refusal_names_the_input(audio_speech_no_input: Evidence) -> None:
    if all(exchange.status in ABSENT for exchange in audio_speech_no_input):
        raise NotOffered("the hub answers as if nothing were there")
    expect_params(audio_speech_no_input, NO_INPUT)


@requirement("audio.refusal.param")
def test_refusal_names_the_file(audio_transcript_no_recording: Evidence) -> None:
    error = error_of(_reply(audio_transcript_no_recording, 0))
    if error is None:
        not_testable("this was not refused with an error object")
    param = error.get("param")
    expect(isinstance(param, str) and "file" in param, "a param that names file", param, "/error/param")


@requirement("audio.refusal.file-empty")
def test_an_empty_file_is_refused(audio_transcript_no_recording: Evidence) -> None:
    expect_refused(_reply(audio_transcript_no_recording, 0))


@requirement("audio.refusal.no-recording")
def test_a_file_that_is_no_recording_is_refused(audio_transcript_no_recording: Evidence) -> None:
    expect_refused(_reply(audio_transcript_no_recording, 1))


def _reply(conversation: Evidence, number: int) -> Exchange:
    if number >= len(conversation):
        inconclusive("this request was not sent: the run ended before")
    return conversation[number]
