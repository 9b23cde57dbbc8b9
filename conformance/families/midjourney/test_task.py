"""What a fetch tells of a task: that it is there, that it is the one, and what was asked for."""

from __future__ import annotations

from conformance.engine.judge import NotOffered, Words, expect, not_testable, nothing_here
from conformance.engine.kit.courses import expect_alike
from conformance.engine.kit.reading import asked
from conformance.engine.kit.replies import misshapen
from conformance.engine.requirement import requirement
from conformance.families.midjourney.probes import WORDS as ASKED_WORDS
from conformance.families.midjourney.reading import (
    FETCH,
    KEPT,
    Evidence,
    Work,
    fetched_id,
    finished,
    is_prefixed,
    is_unrouted,
    stage_of,
    task_in,
    works,
)
from conformance.families.midjourney.views import Task

PLACES = (
    ("id", r"/id"),
    ("status", r"/status"),
    ("progress", r"/progress"),
    ("times", r"/(submit|start|finish)Time"),
    ("action", r"/action"),
    ("link", r"/imageUrl"),
    ("reason", r"/failReason"),
    ("other", r".*"),
)
ACTIONS = {"mj-imagine": "IMAGINE", "mj-change": "UPSCALE", "mj-describe": "DESCRIBE", "mj-blend": "BLEND"}


@requirement("midjourney.poll.found")
def test_an_accepted_task_is_found(any_midjourney_work: Evidence) -> None:
    for work in works(any_midjourney_work):
        for poll in work.polls:
            got = Words(f"HTTP {poll.status}: {poll.text[:160]}")
            expect(poll.ok and task_in(poll) is not None, "HTTP 200 with the task", got, "", poll)


@requirement("midjourney.poll.same-id")
def test_a_fetch_tells_of_the_task_asked_for(any_midjourney_work: Evidence) -> None:
    for work in works(any_midjourney_work):
        for stage in work.stages:
            got = stage.task.get("id")
            expect(got == work.id, f"{work.id}, as text", got, "/id", stage.exchange)


@requirement("midjourney.poll.constant")
def test_what_was_submitted_does_not_change(any_midjourney_work: Evidence) -> None:
    for work in works(any_midjourney_work):
        names = ("action", "state", "submitTime", *(("prompt",) if work.shows else ()))
        for stage in work.stages[1:]:
            expect_alike(work.stages[0].task, stage, names)


@requirement("midjourney.poll.shape")
def test_the_rest_of_a_task_fits(any_midjourney_work: Evidence) -> None:
    for work in works(any_midjourney_work):
        for stage in work.stages:
            for one in misshapen("MjTaskResult", stage.task, PLACES, ("other",)):
                expect(False, "what the contract's schema says", Words(one.message), one.pointer, stage.exchange)


@requirement("midjourney.poll.action")
def test_the_action_is_the_one_asked_for(any_midjourney_work: Evidence) -> None:
    for work in works(any_midjourney_work):
        wanted = ACTIONS[str(work.submit.request.operation)]
        for stage in work.stages:
            got = stage.task.get("action")
            expect(got == wanted, wanted, got, "/action", stage.exchange)


@requirement("midjourney.poll.prompt")
def test_the_prompt_comes_back(any_midjourney_work: Evidence) -> None:
    prompted = [work for work in works(any_midjourney_work) if asked(work.submit).get("prompt")]
    if not prompted:
        nothing_here("no prompt was sent here")
    for work in prompted:
        for stage in work.stages:
            prompt = stage.task.get("prompt")
            whole = isinstance(prompt, str) and ASKED_WORDS in prompt
            expect(whole, f"a prompt that holds {ASKED_WORDS!r}", prompt, "/prompt", stage.exchange)


@requirement("midjourney.poll.state")
def test_the_state_comes_back(any_midjourney_work: Evidence) -> None:
    given = [work for work in works(any_midjourney_work) if work.state]
    if not given:
        nothing_here("no state was sent here")
    for work in given:
        for stage in work.stages:
            got = Task.read(dict(stage.task)).state
            expect(got == work.state, f"{work.state!r}, as it was sent", got, "/state", stage.exchange)


@requirement("midjourney.mode.same")
def test_a_fetch_may_name_a_speed(any_midjourney_imagine: Evidence) -> None:
    work = _first(any_midjourney_imagine)
    prefixed = [e for e in any_midjourney_imagine if e.request.operation == FETCH and is_prefixed(e)]
    asked_for = [exchange for exchange in prefixed if fetched_id(exchange) == work.id]
    if not asked_for:
        not_testable("the task was not fetched on such a path")
    stage = stage_of(asked_for[0])
    if is_unrouted(asked_for[0]):
        raise NotOffered("the hub has no paths that begin with a speed")
    got = Words(f"HTTP {asked_for[0].status}: {asked_for[0].text[:160]}")
    expect(stage is not None, "the task, as on the usual path", got, "", asked_for[0])
    if stage is not None:
        expect_alike(work.end.task, stage, ("id", "status", *KEPT))


def _first(evidence: Evidence) -> Work:
    found = works(evidence)[0]
    return found if len(found.stages) > 1 else not_testable("the task was not followed to its end")


@requirement("midjourney.describe.text")
def test_a_description_says_something(any_midjourney_describe: Evidence) -> None:
    for work in finished(any_midjourney_describe):
        task = Task.read(dict(work.done.task))
        final = task.properties.finalPrompt if task.properties else None
        told = [text for text in (task.prompt, task.promptEn, final) if text and text.strip()]
        expect(told, "words about the picture", task.prompt, "/prompt", work.done.exchange)


@requirement("midjourney.result.buttons")
def test_a_sheet_says_what_can_be_done_with_it(any_midjourney_imagine: Evidence) -> None:
    done = finished(any_midjourney_imagine)[0].done
    buttons = Task.read(dict(done.task)).buttons
    named = [button for button in buttons if button.customId and (button.label or button.emoji)]
    got = done.task.get("buttons")
    expect(named, "buttons with a customId and a label or an emoji", got, "/buttons", done.exchange)
