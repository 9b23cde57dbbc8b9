"""Requests for videos that no hub can serve as they stand."""

from __future__ import annotations

from urllib.parse import urlsplit

from conformance.engine.judge import NotOffered, Words, expect, not_testable, refusal_of
from conformance.engine.kit.costs import ABSENT, expect_refused
from conformance.engine.kit.reading import expect_client_error
from conformance.engine.requirement import requirement
from conformance.families.videos.reading import (
    JIMENG,
    JIMENG_WELL,
    Evidence,
    Phase,
    format_of,
    journey,
    readable,
)
from conformance.wire.exchange import Exchange


def _routed(reply: Exchange) -> Exchange:
    """A reply by a route that exists. A 404 for a task and one for a path are told apart by their words.

    Raises:
        NotOffered: nothing says that there is such a route.
    """
    value = reply.json if reply.is_json else None
    worded = isinstance(value, dict) and ("error" in value or {"code", "message"} <= set(value))
    about_task = reply.status == 404 and worded and urlsplit(reply.request.url).path not in reply.text
    if (reply.status in ABSENT or reply.media_type == "text/html") and not about_task:
        raise NotOffered(f"the hub answers as if nothing were there: {refusal_of(reply)}")
    return reply


@requirement("videos.refusal.prompt-missing")
def test_a_submission_without_prompt_is_refused(videos_no_prompt: Exchange) -> None:
    expect_refused(videos_no_prompt)


@requirement("videos.refusal.task-missing")
def test_a_look_up_that_names_no_task_is_refused(videos_jimeng_refusals: Exchange) -> None:
    expect_refused(videos_jimeng_refusals)


@requirement("videos.unknown.refused")
def test_an_unknown_task_is_refused(videos_unknown: Exchange) -> None:
    _expect_unknown(_routed(videos_unknown))


@requirement("videos.unknown.odd-id")
def test_an_id_of_odd_characters_is_refused(videos_odd_id: Exchange) -> None:
    _expect_unknown(_routed(videos_odd_id))


def _expect_unknown(reply: Exchange) -> None:
    """Break unless a look-up of an unknown task is refused. Jimeng's own way is an answer that says so."""
    found = readable(reply)
    if found is not None and format_of(reply) is JIMENG and not found.wrapped:
        said = found.word == "not_found" or found.code != JIMENG_WELL
        expect(said, "a refusal, or the status not_found", found.word, found.word_at, reply)
        return
    expect_client_error(reply)


@requirement("videos.unknown.not-found")
def test_an_unknown_task_is_not_found(videos_unknown: Exchange) -> None:
    if format_of(videos_unknown) is JIMENG:
        not_testable("the documents do not say how Jimeng's format tells that there is no such task")
    _expect_not_found(_routed(videos_unknown))


@requirement("videos.unknown.content")
def test_an_unknown_film_is_not_found(videos_unknown_film: Exchange) -> None:
    _expect_not_found(_routed(videos_unknown_film))


def _expect_not_found(reply: Exchange) -> None:
    if reply.status is None or not 400 <= reply.status < 500:
        not_testable("it is not refused, which another sentence judges")
    expect(reply.status == 404, "HTTP 404", Words(f"HTTP {reply.status}: {reply.text[:200]}"), "", reply)


@requirement("videos.unknown.content-refused")
def test_an_unknown_film_is_refused(videos_unknown_film: Exchange) -> None:
    expect_client_error(_routed(videos_unknown_film))


@requirement("videos.refusal.picture")
def test_what_is_no_picture_makes_no_film(videos_bad_picture: Evidence) -> None:
    submit = videos_bad_picture[0]
    if not submit.ok:
        expect_refused(submit)
        return
    end = journey(videos_bad_picture).end
    if end is None:
        not_testable("the task did not end, which another sentence judges")
    got = Words(f"{end.word!r}, as if there had been no picture")
    expect(end.phase is Phase.FAILED, "a refusal, or a task that fails", got, end.word_at, end.exchange)


@requirement("videos.refusal.seconds")
def test_a_length_that_is_no_number_is_refused(videos_wrong_length: Exchange) -> None:
    expect_refused(videos_wrong_length)
