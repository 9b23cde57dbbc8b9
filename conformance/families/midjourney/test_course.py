"""How a task goes: statuses, progress, times, and its one end."""

from __future__ import annotations

from conformance.engine.judge import NotTestable, expect, not_testable, nothing_here
from conformance.engine.kit.courses import (
    expect_an_end,
    expect_complete,
    expect_documented,
    expect_end_time_at_end,
    expect_forward,
    expect_incomplete,
    expect_kept,
    expect_no_reason,
    expect_one_end,
    expect_percent,
    expect_reason,
    expect_rising,
    expect_submitted_now,
    expect_times_in_order,
)
from conformance.engine.requirement import requirement
from conformance.families.midjourney.reading import (
    KEPT,
    MIDJOURNEY,
    WAITING,
    WORDS,
    Evidence,
    Work,
    finished,
    works,
)

FIRST = (*WAITING, "IN_PROGRESS", "SUCCESS", "FAILURE")


@requirement("midjourney.status.words")
def test_statuses_are_documented(any_midjourney_work: Evidence) -> None:
    for work in works(any_midjourney_work):
        expect_documented(MIDJOURNEY, work.stages, WORDS)


@requirement("midjourney.status.first")
def test_a_new_task_waits_or_runs(any_midjourney_work: Evidence) -> None:
    for work in works(any_midjourney_work):
        first = work.stages[0]
        word = MIDJOURNEY.word(first.task)
        if word is None or word not in WORDS:
            not_testable("the status is none of the documented ones, which another sentence judges")
        expect(word in FIRST, "a task that waits, runs, or is over", word, "/status", first.exchange)


@requirement("midjourney.status.forward")
def test_the_status_goes_forward(any_midjourney_work: Evidence) -> None:
    for work in works(any_midjourney_work):
        expect_forward(MIDJOURNEY, work.stages)


@requirement("midjourney.status.ends")
def test_every_task_ends(any_midjourney_work: Evidence) -> None:
    for work in works(any_midjourney_work):
        expect_an_end(MIDJOURNEY, work.stages, work.polls)


@requirement("midjourney.finished.stays")
def test_a_finished_task_stays_finished(any_midjourney_imagine: Evidence) -> None:
    for work in _asked_again(any_midjourney_imagine):
        expect_one_end(MIDJOURNEY, work.stages)


@requirement("midjourney.finished.same")
def test_a_finished_task_is_told_alike(any_midjourney_imagine: Evidence) -> None:
    for work in _asked_again(any_midjourney_imagine):
        expect_kept(MIDJOURNEY, work.stages, KEPT)


def _asked_again(evidence: Evidence) -> list[Work]:
    """The tasks that were fetched again after their end."""
    found = [work for work in works(evidence) if any(MIDJOURNEY.over(stage.task) for stage in work.stages[:-1])]
    return found or not_testable("no task ended, or none was asked about after its end")


@requirement("midjourney.progress.percent")
def test_progress_is_a_percentage(any_midjourney_work: Evidence) -> None:
    for work in works(any_midjourney_work):
        expect_percent(MIDJOURNEY, work.stages, before=(*WAITING, "FAILURE"))


@requirement("midjourney.progress.rises")
def test_progress_does_not_fall(any_midjourney_work: Evidence) -> None:
    for work in works(any_midjourney_work):
        expect_rising(MIDJOURNEY, work.stages)


@requirement("midjourney.progress.complete")
def test_success_is_complete(any_midjourney_work: Evidence) -> None:
    for work in finished(any_midjourney_work):
        expect_complete(MIDJOURNEY, work.stages)


@requirement("midjourney.progress.not-early")
def test_nothing_is_complete_before_its_end(any_midjourney_work: Evidence) -> None:
    for work in works(any_midjourney_work):
        expect_incomplete(MIDJOURNEY, work.stages)


@requirement("midjourney.time.order")
def test_times_are_in_order(any_midjourney_work: Evidence) -> None:
    for work in works(any_midjourney_work):
        expect_times_in_order(MIDJOURNEY, work.stages)


@requirement("midjourney.time.milliseconds")
def test_times_are_milliseconds(any_midjourney_work: Evidence) -> None:
    for work in works(any_midjourney_work):
        expect_submitted_now(MIDJOURNEY, work.stages, work.submit)


@requirement("midjourney.time.finish")
def test_the_end_has_its_time(any_midjourney_work: Evidence) -> None:
    for work in works(any_midjourney_work):
        expect_end_time_at_end(MIDJOURNEY, work.stages)


@requirement("midjourney.failure.reason")
def test_failure_says_why(any_midjourney_work: Evidence) -> None:
    judged = 0
    for work in works(any_midjourney_work):
        try:
            expect_reason(MIDJOURNEY, work.stages, "failReason")
        except NotTestable:
            continue
        judged += 1
    if not judged:
        nothing_here("no task failed")


@requirement("midjourney.result.no-reason")
def test_success_has_no_reason_for_failure(any_midjourney_work: Evidence) -> None:
    for work in finished(any_midjourney_work):
        expect_no_reason(MIDJOURNEY, work.stages, "failReason")
