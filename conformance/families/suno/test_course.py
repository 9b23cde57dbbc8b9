"""How a task goes: statuses, progress, times, and its one end."""

from __future__ import annotations

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
from conformance.families.suno.reading import KEPT, OF_SONG, SUNO, WAITING, WORDS, Evidence, work
from conformance.families.suno.songs import expect_same_songs


@requirement("suno.status.words")
def test_statuses_are_documented(any_suno_work: Evidence) -> None:
    expect_documented(SUNO, work(any_suno_work).stages, WORDS)


@requirement("suno.status.forward")
def test_the_status_goes_forward(any_suno_work: Evidence) -> None:
    expect_forward(SUNO, work(any_suno_work).stages)


@requirement("suno.status.ends")
def test_every_task_ends(any_suno_work: Evidence) -> None:
    task = work(any_suno_work)
    expect_an_end(SUNO, task.stages, task.polls)


@requirement("suno.finished.stays")
def test_a_finished_task_stays_finished(any_suno_music: Evidence) -> None:
    expect_one_end(SUNO, work(any_suno_music).stages)


@requirement("suno.finished.same")
def test_a_finished_task_is_told_alike(any_suno_music: Evidence) -> None:
    stages = work(any_suno_music).stages
    expect_kept(SUNO, stages, KEPT)
    expect_same_songs(SUNO, stages, OF_SONG)


@requirement("suno.progress.percent")
def test_progress_is_a_percentage(any_suno_work: Evidence) -> None:
    expect_percent(SUNO, work(any_suno_work).stages, before=(*WAITING, "FAILURE"))


@requirement("suno.progress.rises")
def test_progress_does_not_fall(any_suno_work: Evidence) -> None:
    expect_rising(SUNO, work(any_suno_work).stages)


@requirement("suno.progress.complete")
def test_success_is_complete(any_suno_work: Evidence) -> None:
    expect_complete(SUNO, work(any_suno_work).stages)


@requirement("suno.progress.not-early")
def test_nothing_is_complete_before_its_end(any_suno_work: Evidence) -> None:
    expect_incomplete(SUNO, work(any_suno_work).stages)


@requirement("suno.time.order")
def test_times_are_in_order(any_suno_work: Evidence) -> None:
    expect_times_in_order(SUNO, work(any_suno_work).stages)


@requirement("suno.time.seconds")
def test_times_are_seconds(any_suno_work: Evidence) -> None:
    task = work(any_suno_work)
    expect_submitted_now(SUNO, task.stages, task.submit)


@requirement("suno.time.finish")
def test_the_end_has_its_time(any_suno_work: Evidence) -> None:
    expect_end_time_at_end(SUNO, work(any_suno_work).stages)


@requirement("suno.failure.reason")
def test_failure_says_why(any_suno_work: Evidence) -> None:
    expect_reason(SUNO, work(any_suno_work).stages, "fail_reason")


@requirement("suno.result.no-reason")
def test_success_has_no_reason_for_failure(any_suno_work: Evidence) -> None:
    expect_no_reason(SUNO, work(any_suno_work).stages, "fail_reason")
