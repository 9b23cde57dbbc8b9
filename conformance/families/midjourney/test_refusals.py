"""Requests that no hub can serve as they stand."""

from __future__ import annotations

from conformance.engine.contract import load_contract
from conformance.engine.judge import NotOffered, Words, expect, not_testable
from conformance.engine.kit.costs import ABSENT, expect_refused
from conformance.engine.kit.courses import lacks_channel, need_channel
from conformance.engine.kit.reading import asked
from conformance.engine.requirement import requirement
from conformance.families.midjourney.probes import WRONG_INDEX
from conformance.families.midjourney.reading import (
    CHANGE,
    MIDJOURNEY,
    Evidence,
    accepted,
    declined,
    end_of,
    is_unrouted,
    submits,
    works,
)
from conformance.wire.exchange import Exchange


def _expect_not_taken(exchange: Exchange) -> None:
    """Break unless a submission was refused: with a 4xx status, or with a code of the format."""
    need_channel(exchange)
    if not declined(exchange):
        expect_refused(exchange)


def _expect_not_found(exchange: Exchange) -> None:
    """Break unless a request about what nobody has was refused with a 4xx status, 404 in the format's words too."""
    need_channel(exchange)
    if not (exchange.status == 404 and _is_ours(exchange)):
        expect_refused(exchange)


def _is_ours(exchange: Exchange) -> bool:
    """Whether a refusal is in the format's envelope, so that its 404 is not that of a path which nobody serves."""
    value = exchange.json if exchange.is_json else None
    return isinstance(value, dict) and "description" in value and "code" in value


@requirement("midjourney.refusal.prompt-missing")
def test_missing_prompt_is_refused(midjourney_no_prompt: Exchange) -> None:
    _expect_not_taken(midjourney_no_prompt)


@requirement("midjourney.refusal.no-picture")
def test_what_is_no_picture_is_refused(midjourney_no_picture: Exchange) -> None:
    _expect_not_taken(midjourney_no_picture)


@requirement("midjourney.refusal.few-pictures")
def test_one_picture_cannot_be_blended(midjourney_few_pictures: Exchange) -> None:
    _expect_not_taken(midjourney_few_pictures)


@requirement("midjourney.refusal.task-unknown")
def test_a_step_from_an_unknown_task_is_refused(midjourney_no_task: Exchange) -> None:
    if not declined(midjourney_no_task):
        _expect_not_found(midjourney_no_task)


@requirement("midjourney.change.too-early")
def test_an_unfinished_picture_cannot_be_enlarged(any_midjourney_imagine: Evidence) -> None:
    submits(any_midjourney_imagine)
    before = any_midjourney_imagine[: end_of(any_midjourney_imagine)]
    early = [exchange for exchange in before if exchange.request.operation == CHANGE]
    if not early:
        not_testable("the picture was finished at once, or never")
    _expect_not_taken(early[0])


@requirement("midjourney.change.index")
def test_a_picture_that_is_not_on_the_sheet_is_refused(any_midjourney_imagine: Evidence) -> None:
    works(any_midjourney_imagine)
    changes = [e for e in any_midjourney_imagine if e.request.operation == CHANGE]
    wrong = [exchange for exchange in changes if asked(exchange).get("index") == WRONG_INDEX]
    if not wrong:
        not_testable("no picture was finished, so that nothing was asked of it")
    _expect_not_taken(wrong[0])


@requirement("midjourney.failure.bad-parameter")
def test_an_unknown_parameter_is_not_passed_over(any_midjourney_bad_parameter: Evidence) -> None:
    if not any(accepted(exchange) for exchange in any_midjourney_bad_parameter):
        _expect_not_taken(any_midjourney_bad_parameter[-1])
        return
    for work in works(any_midjourney_bad_parameter):
        last = work.stages[-1]
        if not MIDJOURNEY.over(last.task):
            not_testable("the task did not end, which another sentence judges")
        word = MIDJOURNEY.word(last.task)
        expect(word != MIDJOURNEY.done, "a refusal, or FAILURE", last.task.get("status"), "/status", last.exchange)


@requirement("midjourney.unknown.refused")
def test_an_unknown_task_is_refused(midjourney_unknown: Evidence) -> None:
    _expect_not_found(midjourney_unknown[0])


@requirement("midjourney.unknown.not-found")
def test_an_unknown_task_is_not_found(midjourney_unknown: Evidence) -> None:
    exchange = midjourney_unknown[0]
    if exchange.ok or (exchange.status or 0) >= 500:
        not_testable("the task was not refused, which another sentence judges")
    if is_unrouted(exchange):
        raise NotOffered("the hub answers as if nothing were there")
    expect(exchange.status == 404, "HTTP 404", Words(f"HTTP {exchange.status}"), "", exchange)


@requirement("midjourney.unknown.odd-id")
def test_an_impossible_id_is_refused(midjourney_unknown: Evidence) -> None:
    for exchange in midjourney_unknown[1:]:
        _expect_not_found(exchange)


@requirement("midjourney.image.unknown")
def test_an_unknown_picture_is_refused(midjourney_no_image: Exchange) -> None:
    value = midjourney_no_image.json if midjourney_no_image.is_json else None
    ours = isinstance(value, dict) and isinstance(value.get("error"), str)
    if not (midjourney_no_image.status == 404 and ours):
        _expect_not_found(midjourney_no_image)


def _refusals(evidence: Evidence) -> list[Exchange]:
    found = [e for e in evidence if not e.ok and e.status not in (401, 403) and not lacks_channel(e)]
    found = [e for e in found if _is_ours(e) or not (e.status in ABSENT or e.media_type == "text/html")]
    if not found:
        raise NotOffered("nothing was refused here, or the hub answers as if nothing were there")
    return found


@requirement("midjourney.refusal.envelope")
def test_refusals_have_the_envelope_of_the_format(any_midjourney_refusal: Evidence) -> None:
    for exchange in _refusals(any_midjourney_refusal):
        got = Words(exchange.text[:160])
        expect(exchange.is_json, "an object with description, type and code", got, "", exchange)
        violations = load_contract().violations("MidjourneyErrorResponse", exchange.json)
        at = violations[0].pointer if violations else ""
        expect(not violations, "an object with description and a whole number as code", got, at, exchange)
