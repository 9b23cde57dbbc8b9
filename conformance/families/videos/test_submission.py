"""The answer to a submission, and the shape of everything that is told of a task."""

from __future__ import annotations

from collections.abc import Sequence

from conformance.engine.judge import NotOffered, Words, expect, not_testable, nothing_here, parsed
from conformance.engine.kit.costs import ABSENT
from conformance.engine.kit.forms import form_fields
from conformance.engine.kit.reading import asked
from conformance.engine.kit.replies import expect_served, misshapen, same_model
from conformance.engine.requirement import requirement
from conformance.families.videos.reading import (
    GEMINI_WORDS,
    JIMENG,
    NATIVE_WORDS,
    REMIX,
    SORA,
    STORED_WORDS,
    Evidence,
    Phase,
    Told,
    journey,
    readable,
)
from conformance.wire.exchange import Exchange

PLACES = (
    ("judged apart", r".*/(id|task_id|status|progress|completed_at|expires_at|seconds|error|url|video_url)"),
    ("error", r"/error/.*"),
    ("shape", r".*"),
)
"""Parts of an answer, each with the places (JSON pointers) in it; the first that matches counts."""
PENDING = ("queued", "in_progress")
ELSEWHERE = frozenset((*STORED_WORDS, *NATIVE_WORDS, *GEMINI_WORDS))
"""Words of the known other shapes, which are legal in those."""
NULLABLE = ("completed_at", "expires_at", "prompt", "size", "seconds", "remixed_from_video_id", "error")


def expect_shape(answers: Sequence[Told], schema: str) -> None:
    """Break when an answer is not what the contract's schema says; of the known other shapes with their name."""
    if not answers:
        not_testable("no answer can be read, which other sentences judge")
    for one in answers:
        keys = ", ".join(list(one.value)[:8])
        got = Words(f"another known shape, with the members {keys}: {one.exchange.text[:160]}")
        expect(not one.wrapped, f"the documented {schema}", got, one.at, one.exchange)
        value = parsed(one.exchange)
        for found in misshapen(schema, value, PLACES, ("shape", "error") if one.phase is Phase.FAILED else ("shape",)):
            expect(False, f"the documented {schema}", Words(found.message), found.pointer, one.exchange)
        missing = [name for name in ("status", "progress") if name in _required(schema) and name not in value]
        expect(not missing, f"the documented {schema}", Words(f"{', '.join(missing)} missing"), "", one.exchange)


def _required(schema: str) -> tuple[str, ...]:
    """What the finer sentences judge when it is there, and the shape when it is not."""
    return {"OpenAIVideo": ("status", "progress"), "JimengResponse": ()}.get(schema, ("status",))


@requirement("videos.sora.shape")
def test_sora_answers_have_their_shape(any_sora_task: Evidence) -> None:
    expect_shape(journey(any_sora_task).all, "OpenAIVideo")


@requirement("videos.sora.shape")
def test_remixes_have_the_same_shape(videos_remix: Evidence) -> None:
    made = [
        found for exchange in videos_remix[1:] if exchange.request.operation == REMIX if (found := readable(exchange))
    ]
    if not made:
        not_testable("no remix was taken in")
    expect_shape(made, "OpenAIVideo")


@requirement("videos.kling.submit-shape")
def test_kling_submissions_have_their_shape(any_kling_task: Evidence) -> None:
    expect_shape([journey(any_kling_task).submitted], "VideoResponse")


@requirement("videos.kling.poll-shape")
def test_kling_polls_have_their_shape(any_kling_task: Evidence) -> None:
    found = journey(any_kling_task)
    expect_shape((*found.polls, *found.later), "VideoTaskResponse")


@requirement("videos.generic.submit-shape")
def test_generic_submissions_have_their_shape(any_generic_task: Evidence) -> None:
    expect_shape([journey(any_generic_task).submitted], "VideoResponse")


@requirement("videos.generic.poll-shape")
def test_generic_polls_have_their_shape(any_generic_task: Evidence) -> None:
    found = journey(any_generic_task)
    expect_shape((*found.polls, *found.later), "VideoTaskResponse")


@requirement("videos.jimeng.submit-shape")
def test_jimeng_submissions_have_their_shape(any_jimeng_task: Evidence) -> None:
    submitted = journey(any_jimeng_task).submitted
    expect_shape([submitted], "JimengResponse")
    expect(submitted.code == 10000, "code 10000 for a task that was taken in", submitted.code, "/code")


@requirement("videos.jimeng.poll-shape")
def test_jimeng_polls_have_their_shape(any_jimeng_task: Evidence) -> None:
    found = journey(any_jimeng_task)
    expect_shape((*found.polls, *found.later), "JimengResponse")


@requirement("videos.submit.id")
def test_a_submission_is_answered_with_an_id(any_video_task: Evidence) -> None:
    submitted = journey(any_video_task).submitted
    name = "id" if submitted.task.id is not None else "task_id"
    expect(submitted.id, "an id, as text that is not empty", submitted.id, f"{submitted.at}/{name}")


@requirement("videos.submit.unique")
def test_two_submissions_have_two_ids(any_sora_journey: Evidence, any_video_remix: Evidence) -> None:
    _expect_two_ids(journey(any_sora_journey).submitted, journey(any_video_remix).submitted)


@requirement("videos.submit.unique")
def test_a_submission_with_a_bad_picture_has_its_own_id(
    any_sora_journey: Evidence, videos_bad_picture: Evidence
) -> None:
    if not videos_bad_picture[0].ok:
        nothing_here("the other submission was refused, as it may be")
    other = journey(videos_bad_picture)
    if other.format is not SORA:
        nothing_here("the other submission has another format")
    _expect_two_ids(journey(any_sora_journey).submitted, other.submitted)


def _expect_two_ids(one: Told, other: Told) -> None:
    if not one.id or not other.id:
        not_testable("a submission was answered without an id, which another sentence judges")
    expect(one.id != other.id, f"another id than {one.id}", other.id, f"{other.at}/id", other.exchange)


@requirement("videos.submit.pending")
def test_a_new_task_is_waiting_or_running(any_video_task: Evidence) -> None:
    submitted = journey(any_video_task).submitted
    if submitted.word is None:
        nothing_here("the answer has no status: documents promise none here, or its shape is judged elsewhere")
    if submitted.wrapped:
        not_testable("the answer has another known shape, which another sentence judges")
    pending = isinstance(submitted.word, str) and submitted.word in PENDING
    expect(pending, "queued or in_progress", submitted.word, submitted.word_at)


@requirement("videos.sora.members")
def test_sora_answers_have_all_members(any_sora_task: Evidence) -> None:
    plain = [one for one in journey(any_sora_task).all if not one.wrapped]
    if not plain:
        not_testable("the answers have another known shape, which another sentence judges")
    for one in plain:
        absent = [name for name in NULLABLE if name not in one.value]
        got = Words(f"no {', '.join(absent)}")
        expect(not absent, "every member of a video, null where there is nothing to say", got, "", one.exchange)


def _wish(exchange: Exchange) -> dict[str, object]:
    """What a submission in the Sora format asks for, be it in JSON or in a form."""
    return asked(exchange) or {name: values[-1] for name, values in form_fields(exchange.request).items()}


@requirement("videos.sora.seconds-told")
def test_the_length_is_told_as_text(any_sora_task: Evidence) -> None:
    found = journey(any_sora_task)
    if "seconds" not in _wish(found.submit):
        not_testable("the length was left to the hub: models of this name have their own")
    for one in found.all:
        expect(isinstance(one.task.seconds, str), "the length as text", one.task.seconds, "/seconds", one.exchange)


@requirement("videos.sora.settings")
def test_length_and_size_are_those_asked_for(any_sora_task: Evidence) -> None:
    found, judged = journey(any_sora_task), 0
    wish = _wish(found.submit)
    for one in found.all:
        for name in ("seconds", "size"):
            value = getattr(one.task, name)
            if name in wish and value is not None:
                judged += 1
                expect(str(value) == wish[name], f"{wish[name]}, as asked for", value, f"/{name}", one.exchange)
    if not judged:
        not_testable("neither length nor size was asked for and told")


@requirement("videos.sora.model")
def test_the_model_is_the_one_asked_for(any_sora_task: Evidence) -> None:
    found = journey(any_sora_task)
    wanted = str(_wish(found.submit).get("model") or "")
    named = [one for one in found.all if one.task.model]
    if not named:
        not_testable("no model is named")
    for one in named:
        fine = same_model(wanted, one.task.model or "")
        expect(fine, f"{wanted} or a variant of it", one.task.model, "/model", one.exchange)


@requirement("videos.sora.json")
def test_a_submission_may_be_json(videos_remix: Evidence) -> None:
    expect_served(videos_remix[0])


@requirement("videos.kling.duration-number")
def test_a_length_may_be_a_number(any_kling_picture_reply: Evidence) -> None:
    submit = any_kling_picture_reply[0]
    if submit.status in ABSENT or submit.media_type == "text/html":
        raise NotOffered(f"the hub answers as if nothing were there: HTTP {submit.status}")
    expect_served(submit)


@requirement("videos.task.words")
def test_each_status_is_a_documented_word(any_video_task: Evidence) -> None:
    found = journey(any_video_task)
    if found.format is JIMENG:
        nothing_here("the documents leave Jimeng's words open; another sentence judges them")
    answers = found.all if found.format is SORA else (*found.polls, *found.later)
    worded = [one for one in answers if one.word is not None]
    if not worded:
        not_testable("no status is told")
    for one in worded:
        legal = {*one.format.words, *(ELSEWHERE if one.wrapped else ())}
        fine = isinstance(one.word, str) and one.word in legal
        expect(fine, f"one of {', '.join(one.format.words)}", one.word, one.word_at, one.exchange)


@requirement("videos.jimeng.words")
def test_each_jimeng_status_is_a_vendors_word(any_jimeng_task: Evidence) -> None:
    found = journey(any_jimeng_task)
    answers = [one for one in (*found.polls, *found.later) if not one.wrapped and one.word is not None]
    if not answers:
        not_testable("no status is told in the documented shape")
    for one in answers:
        words = ", ".join(one.format.words)
        fine = isinstance(one.word, str) and one.word in one.format.words
        expect(fine, f"one of {words}", one.word, one.word_at, one.exchange)
