"""Answers in sound: their bytes, and the transcript that comes with them."""

from __future__ import annotations

from conformance.engine.judge import Words, expect, not_testable
from conformance.engine.kit.media import Undecodable, from_base64
from conformance.engine.probe import Conversation
from conformance.engine.requirement import requirement
from conformance.families.realtime.reading import (
    SOUND,
    TRANSCRIPT,
    Evidence,
    Step,
    ended,
    expect_final,
    expect_joined,
    turn_of,
)

SAMPLE = 2
"""Bytes of one sample."""
RATE = 24_000
SHORTEST = 0.05
"""Seconds of sound that any word takes."""


def sounds(conversation: Conversation) -> list[Step]:
    """The pieces of sound of the spoken answer.

    Raises:
        NotTestable: there are none.
    """
    found = turn_of(conversation[0], "kx-sound").of(f"response.{SOUND}.delta")
    return found or not_testable("there is no sound, which another sentence judges")


def _bytes(step: Step) -> bytes:
    try:
        return from_base64(step.view.delta or "")
    except Undecodable:
        not_testable("a piece of sound is no base64, which another sentence judges")


@requirement("realtime.sound.given")
def test_sound_is_given_where_it_is_asked_for(realtime_pair: Conversation) -> None:
    turn = turn_of(realtime_pair[0], "kx-sound")
    ended(turn)
    if not turn.whole:
        not_testable("this answer did not come to its end")
    got = sorted({step.view.type for step in turn.steps if step.type.endswith(".delta")})
    has_sound = bool(turn.of(f"response.{SOUND}.delta"))
    expect(has_sound, f"response.{SOUND}.delta", got or Words("no delta"), turn.at, realtime_pair[0])


@requirement("realtime.sound.base64")
def test_sound_is_base64(realtime_pair: Conversation) -> None:
    for step in sounds(realtime_pair):
        try:
            data, problem = from_base64(step.view.delta or ""), ""
        except Undecodable as wrong:
            data, problem = b"", str(wrong)
        got = Words(problem or "nothing")
        expect(data, "base64 of some bytes", got, step.place("/delta"), realtime_pair[0])


@requirement("realtime.sound.samples")
def test_sound_has_whole_samples(realtime_pair: Conversation) -> None:
    data = b"".join(_bytes(step) for step in sounds(realtime_pair))
    last = sounds(realtime_pair)[-1]
    got = Words(f"{len(data)} bytes, {len(data) / SAMPLE / RATE:.2f} s")
    whole = len(data) % SAMPLE == 0 and len(data) >= SHORTEST * RATE * SAMPLE
    expect(whole, f"whole samples of {SAMPLE} bytes, at least {SHORTEST:g} s", got, last.at, realtime_pair[0])


@requirement("realtime.sound.heard")
def test_sound_is_no_silence(realtime_pair: Conversation) -> None:
    data = b"".join(_bytes(step) for step in sounds(realtime_pair))
    got = Words(f"{len(data)} bytes of zero")
    expect(any(data), "samples that differ from zero", got, sounds(realtime_pair)[0].at, realtime_pair[0])


@requirement("realtime.sound.transcript")
def test_sound_comes_with_its_words(realtime_pair: Conversation) -> None:
    turn = turn_of(realtime_pair[0], "kx-sound")
    sounds(realtime_pair)
    done = turn.of(f"response.{TRANSCRIPT}.done")
    got = done[0].view.transcript if done else Words("no such event")
    has_words = bool(done and done[0].view.transcript)
    at = done[0].place("/transcript") if done else turn.at
    expect(has_words, f"response.{TRANSCRIPT}.done with the words", got, at, realtime_pair[0])


@requirement("realtime.sound.transcript-joined")
def test_deltas_join_to_the_transcript(any_realtime_answer: Evidence) -> None:
    expect_joined(any_realtime_answer, TRANSCRIPT, "transcript")


@requirement("realtime.sound.transcript-final")
def test_the_end_repeats_the_transcript(any_realtime_answer: Evidence) -> None:
    expect_final(any_realtime_answer, TRANSCRIPT, "transcript")
