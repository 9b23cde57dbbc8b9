"""What a fetch tells of a task: that it is there, that it is the one, and in which form."""

from __future__ import annotations

from conformance.engine.judge import Words, expect, parsed
from conformance.engine.kit.courses import expect_alike, need_channel
from conformance.engine.kit.replies import misshapen
from conformance.engine.requirement import requirement
from conformance.families.suno.reading import (
    SUCCESS,
    SUNO,
    Evidence,
    is_music,
    stage_of,
    work,
)
from conformance.families.suno.views import Lyrics

PLACES = (
    ("id", r"/task_id"),
    ("status", r"/status"),
    ("progress", r"/progress"),
    ("times", r"/(submit|start|finish)_time"),
    ("action", r"/action"),
    ("reason", r"/fail_reason"),
    ("songs", r"/data/\d+/(id|audio_url|title|text)"),
    ("other", r".*"),
)


@requirement("suno.poll.found")
def test_an_accepted_task_is_found(any_suno_work: Evidence) -> None:
    for poll in work(any_suno_work).polls:
        got = Words(f"HTTP {poll.status}: {poll.text[:160]}")
        expect(poll.ok and stage_of(poll) is not None, "HTTP 200 with the task", got, "", poll)


@requirement("suno.poll.envelope")
def test_a_task_is_told_in_the_envelope(any_suno_work: Evidence) -> None:
    for stage in work(any_suno_work).stages:
        value = parsed(stage.exchange)
        expect(value.get("code") == SUCCESS, f"{SUCCESS!r}", value.get("code"), "/code", stage.exchange)
        expect(stage.at == "/data", "the task in `data`", Words("the task at the top"), "/data", stage.exchange)


@requirement("suno.poll.same-id")
def test_a_fetch_tells_of_the_task_asked_for(any_suno_work: Evidence) -> None:
    task = work(any_suno_work)
    for stage in task.stages:
        got = stage.task.get("task_id")
        expect(got == task.id, f"{task.id}, as text", got, f"{stage.at}/task_id", stage.exchange)


@requirement("suno.poll.constant")
def test_what_was_submitted_does_not_change(any_suno_work: Evidence) -> None:
    first, *later = work(any_suno_work).stages
    for stage in later:
        expect_alike(first.task, stage, ("action", "submit_time"))


@requirement("suno.poll.shape")
def test_the_rest_of_a_task_fits(any_suno_work: Evidence) -> None:
    for stage in work(any_suno_work).stages:
        for one in misshapen("SunoTaskResult", stage.task, PLACES, ("other",)):
            at = f"{stage.at}{one.pointer}"
            expect(False, "what the contract's schema says", Words(one.message), at, stage.exchange)


@requirement("suno.poll.action")
def test_the_action_is_the_one_asked_for(any_suno_work: Evidence) -> None:
    task = work(any_suno_work)
    wanted = "MUSIC" if is_music(task.submit) else "LYRICS"
    for stage in task.stages:
        got = stage.task.get("action")
        expect(got == wanted, wanted, got, f"{stage.at}/action", stage.exchange)


@requirement("suno.lyrics.text")
def test_lyrics_are_there(any_suno_lyrics: Evidence) -> None:
    done = work(any_suno_lyrics).done
    data = done.task.get("data")
    told = Lyrics.read(data).text if isinstance(data, dict) else None
    expect(told and told.strip(), "an object with the lyrics in `text`", data, f"{done.at}/data", done.exchange)


@requirement("suno.refusal.unknown-model")
def test_an_unknown_model_is_not_passed_over(any_suno_unknown_model: Evidence) -> None:
    submit = any_suno_unknown_model[0]
    need_channel(submit)
    if not submit.ok:
        refused = submit.status is not None and 400 <= submit.status < 500
        expect(refused, "a refusal with a 4xx status, or FAILURE", Words(f"HTTP {submit.status}"), "", submit)
        return
    end = work(any_suno_unknown_model).end
    passed_over = SUNO.word(end.task) == SUNO.done
    got, at = end.task.get("status"), f"{end.at}/status"
    expect(not passed_over, "a refusal with a 4xx status, or FAILURE", got, at, end.exchange)
