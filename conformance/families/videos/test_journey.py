"""The way of a task from its submission to its end, as the polls tell it."""

from __future__ import annotations

from itertools import pairwise
from typing import Any

from conformance.engine.judge import Words, expect, not_testable, nothing_here
from conformance.engine.kit.replies import expect_now, is_count
from conformance.engine.requirement import requirement
from conformance.families.videos.reading import (
    JIMENG,
    SORA,
    Evidence,
    Phase,
    Told,
    completed,
    ended,
    id_in,
    journey,
    times,
)

FACTS = ("model", "created_at", "submit_time", "prompt", "seconds", "size", "remixed_from_video_id")
"""What is true of a task from its submission on."""
RESULTS = ("completed_at", "finish_time", "expires_at", "progress", "status", "task_status", "fail_reason")
"""What is true of a task from its end on, beside its facts."""
SUCCESS_CODES = (0, 10000, "success", "Success", "SUCCESS")
"""Codes of envelopes that say that all went well."""


@requirement("videos.task.known")
def test_a_new_task_is_known_at_once(any_video_task: Evidence) -> None:
    found = journey(any_video_task)
    if not id_in(found.submit):
        not_testable("the submission was answered without a usable id, which another sentence judges")
    if not found.asked:
        not_testable("the task was not looked up")
    for poll in found.asked:
        got = Words(f"HTTP {poll.status}: {poll.text[:200]}")
        expect(poll.ok, "an answer about the task that was just taken in", got, "", poll)


@requirement("videos.task.id-kept")
def test_polls_repeat_the_id(any_video_task: Evidence) -> None:
    found = journey(any_video_task)
    named = [one for one in (*found.polls, *found.later) if one.id is not None or found.format is not JIMENG]
    if not named:
        not_testable("no answer names the task, which Jimeng's documents do not promise")
    for one in named:
        expect(one.id == id_in(found.submit), f"the id {id_in(found.submit)}", one.id, one.at, one.exchange)


@requirement("videos.task.facts-kept")
def test_facts_do_not_change(any_video_task: Evidence) -> None:
    _expect_kept(journey(any_video_task).all, FACTS)


def _expect_kept(answers: tuple[Told, ...], names: tuple[str, ...]) -> None:
    """Break when a member that is told twice is told differently."""
    compared = False
    for name in names:
        told = [(one, value) for one in answers if (value := getattr(one.task, name)) not in (None, "", 0)]
        for (_, before), (one, after) in pairwise(told):
            compared = True
            expect(after == before, f"{before!r} as before", after, f"{one.at}/{name}", one.exchange)
    if not compared:
        nothing_here("nothing is told twice")


@requirement("videos.task.forward")
def test_a_task_only_moves_forward(any_video_task: Evidence) -> None:
    moved = [(one, one.phase) for one in journey(any_video_task).all if one.phase is not None]
    if len(moved) < 2:
        not_testable("there are no two answers with a status that is understood")
    for (earlier, before), (one, after) in pairwise(moved):
        if before.over:
            continue  # what follows an end is another sentence
        got = Words(f"{one.word!r} after {earlier.word!r}")
        expect(after >= before, "a status that is not behind the one before", got, one.word_at, one.exchange)


@requirement("videos.task.ends")
def test_a_task_ends(any_video_task: Evidence) -> None:
    found = journey(any_video_task)
    if not found.polls or not found.asked[-1].ok:
        not_testable("the task could not be looked up, which another sentence judges")
    last = found.polls[-1]
    waited = last.exchange.started - found.submit.started
    got = Words(f"{last.word!r} after {waited:.0f} s")
    expect(found.end is not None, "an end within the time limit (--task-timeout)", got, last.word_at, last.exchange)


@requirement("videos.task.succeeds")
def test_a_plain_task_ends_well(any_video_task: Evidence) -> None:
    end = ended(any_video_task)
    got = Words(f"{end.word!r}: {end.reason}" if end.reason else f"{end.word!r}: no reason")
    expect(end.phase is Phase.DONE, "a film, as for every plain request", got, end.word_at, end.exchange)


@requirement("videos.task.end-kept")
def test_an_end_stays_an_end(any_video_journey: Evidence) -> None:
    end, later = ended(any_video_journey), journey(any_video_journey).later
    if not later:
        not_testable("the task was not looked up again after its end")
    for one in later:
        got = Words(f"{one.word!r} after {end.word!r}")
        expect(one.phase is end.phase, f"{end.word}, now and for ever", got, one.word_at, one.exchange)


@requirement("videos.task.answer-kept")
def test_the_answer_after_the_end_stays_the_same(any_video_journey: Evidence) -> None:
    end, later = ended(any_video_journey), journey(any_video_journey).later
    same = tuple(one for one in later if one.phase is end.phase)
    if not same:
        not_testable("there is no second answer after the end to compare")
    _expect_kept((end, *same), (*FACTS, *RESULTS))
    for one in same:
        kept = bool(one.links) == bool(end.links)
        got = Words(f"{len(one.links)} after {len(end.links)}")
        expect(kept, "as many links to the film as before", got, one.at, one.exchange)


def _with_progress(evidence: Evidence) -> list[Told]:
    found = [one for one in journey(evidence).all if one.task.progress is not None]
    return found or nothing_here("no progress is told, which is promised in the Sora format alone")


@requirement("videos.progress.range")
def test_progress_is_a_percentage(any_video_task: Evidence) -> None:
    for one in _with_progress(any_video_task):
        raw, percent = one.task.progress, one.progress
        whole = percent is not None and (one.wrapped or one.format is not SORA or is_count(raw))
        fine = whole and percent is not None and 0 <= percent <= 100
        expect(fine, "a whole number from 0 to 100", raw, f"{one.at}/progress", one.exchange)


@requirement("videos.progress.forward")
def test_progress_never_falls(any_video_task: Evidence) -> None:
    told = [(one, one.progress) for one in _with_progress(any_video_task) if one.progress is not None]
    if len(told) < 2:
        not_testable("there are no two answers with a progress that can be read")
    for (_, before), (one, after) in pairwise(told):
        if one.phase is Phase.FAILED:
            continue  # hubs that store a failure with 0 or 100 lose nothing
        expect(after >= before, f"at least {before:.0f}", one.task.progress, f"{one.at}/progress", one.exchange)


@requirement("videos.progress.complete")
def test_progress_is_complete_at_the_end(any_video_task: Evidence) -> None:
    end = completed(any_video_task)
    if end.task.progress is None:
        nothing_here("no progress is told, which is promised in the Sora format alone")
    expect(
        end.progress == 100, "100 for a task that is completed", end.task.progress, f"{end.at}/progress", end.exchange
    )


@requirement("videos.times.now")
def test_a_new_task_was_created_now(any_video_task: Evidence) -> None:
    submitted = journey(any_video_task).submitted
    name = "created_at" if submitted.task.created_at is not None else "submit_time"
    value: Any = getattr(submitted.task, name)
    if value is None:
        nothing_here("no time is told, which is promised in the Sora format alone")
    expect_now(value, submitted.exchange, f"{submitted.at}/{name}")


@requirement("videos.times.order")
def test_times_follow_each_other(any_video_task: Evidence) -> None:
    dated = [(one, list(times(one))) for one in journey(any_video_task).all]
    if not any(told for _, told in dated):
        nothing_here("no time is told, which is promised in the Sora format alone")
    for one, told in dated:
        for (earlier, before), (name, after) in pairwise(told):
            expect(after >= before, f"not before {earlier} {before:.0f}", after, f"{one.at}/{name}", one.exchange)


@requirement("videos.times.completed-at-the-end")
def test_nothing_is_completed_before_its_end(any_sora_task: Evidence) -> None:
    judged = 0
    for one in journey(any_sora_task).all:
        if one.phase is None or one.phase.over:
            continue
        judged += 1
        value = one.task.completed_at
        expect(value in (None, 0), "null, as the task is not over", value, f"{one.at}/completed_at", one.exchange)
    if not judged:
        not_testable("the task was over at once")


@requirement("videos.failure.error-only-then")
def test_only_failed_tasks_have_an_error(any_video_failure: Evidence) -> None:
    judged = 0
    for one in journey(any_video_failure).all:
        if one.phase is None or one.phase is Phase.FAILED:
            continue
        judged += 1
        error = one.task.error
        told = error is not None and (one.format is SORA or bool(_content(error)))
        expect(not told, "null, as the task has not failed", error, f"{one.at}/error", one.exchange)
    if not judged:
        not_testable("no status that is understood is told before the failure")


def _content(error: Any) -> Any:
    """What an error object says; empty members are as good as none."""
    return any(error.values()) if isinstance(error, dict) else error


@requirement("videos.failure.reason")
def test_a_failure_has_its_reason(any_video_failure: Evidence) -> None:
    end = _failed(any_video_failure)
    at = f"{end.at}/error"
    expect(end.reason, "a reason for people", end.task.error, at, end.exchange)
    if not end.wrapped:
        told = end.reason_code not in (None, "", 0)
        expect(told, "a code for programs beside the reason", end.reason_code, f"{at}/code", end.exchange)


@requirement("videos.failure.no-success")
def test_a_failure_is_no_success_elsewhere(any_video_failure: Evidence) -> None:
    end = _failed(any_video_failure)
    if end.wrapped:
        not_testable("the answer has another known shape, whose envelope speaks of the look-up alone")
    links = [link for _, link in end.links]
    expect(not links, "no link to a film", links[:1], end.at, end.exchange)
    expect(end.code not in SUCCESS_CODES, "no code of success", end.code, "/code", end.exchange)


def _failed(evidence: Evidence) -> Told:
    end = ended(evidence)
    return end if end.phase is Phase.FAILED else nothing_here("the task did not fail")
