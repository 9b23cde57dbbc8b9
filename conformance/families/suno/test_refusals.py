"""Requests that no hub can serve as they stand."""

from __future__ import annotations

from conformance.engine.contract import load_contract
from conformance.engine.judge import NotOffered, Words, expect, inconclusive, not_testable
from conformance.engine.kit.costs import ABSENT, expect_refused
from conformance.engine.kit.courses import lacks_channel, need_channel
from conformance.engine.requirement import requirement
from conformance.families.suno.reading import SUCCESS, Evidence, is_ours
from conformance.wire.exchange import Exchange


def _refused(evidence: Evidence, number: int) -> None:
    if number >= len(evidence):
        inconclusive("this request was not sent: the run ended before")
    _expect_refused(evidence[number])


def _expect_refused(exchange: Exchange) -> None:
    need_channel(exchange)
    if not (exchange.status == 404 and is_ours(exchange)):
        expect_refused(exchange)


@requirement("suno.refusal.nothing")
def test_music_of_nothing_is_refused(suno_nothing: Evidence) -> None:
    _refused(suno_nothing, 0)


@requirement("suno.refusal.lyrics-prompt")
def test_lyrics_about_nothing_are_refused(suno_nothing: Evidence) -> None:
    _refused(suno_nothing, 1)


@requirement("suno.refusal.clip-alone")
def test_a_clip_without_its_task_is_refused(suno_continued: Evidence) -> None:
    _refused(suno_continued, 0)


@requirement("suno.refusal.task-unknown")
def test_a_clip_of_an_unknown_task_is_refused(suno_continued: Evidence) -> None:
    _refused(suno_continued, 1)


@requirement("suno.refusal.kind")
def test_an_unknown_kind_is_refused(suno_no_such_kind: Exchange, any_suno_music: Evidence) -> None:
    need_channel(any_suno_music[0])
    got = Words(f"HTTP {suno_no_such_kind.status}: {suno_no_such_kind.text[:160]}")
    refused = suno_no_such_kind.status is not None and 400 <= suno_no_such_kind.status < 500
    if suno_no_such_kind.media_type == "text/html":
        raise NotOffered("the hub answers with a web page")
    expect(refused, "a refusal with a 4xx status", got, "", suno_no_such_kind)


@requirement("suno.unknown.refused")
def test_an_unknown_task_is_refused(suno_unknown: Evidence) -> None:
    _expect_refused(suno_unknown[0])


@requirement("suno.unknown.not-found")
def test_an_unknown_task_is_not_found(suno_unknown: Evidence) -> None:
    exchange = suno_unknown[0]
    if exchange.ok or (exchange.status or 0) >= 500:
        not_testable("the task was not refused, which another sentence judges")
    if exchange.status in ABSENT and not is_ours(exchange):
        raise NotOffered("the hub answers as if nothing were there")
    expect(exchange.status == 404, "HTTP 404", Words(f"HTTP {exchange.status}"), "", exchange)


@requirement("suno.unknown.odd-id")
def test_an_impossible_id_is_refused(suno_unknown: Evidence) -> None:
    for exchange in suno_unknown[1:]:
        _expect_refused(exchange)


def _refusals(evidence: Evidence) -> list[Exchange]:
    found = [e for e in evidence if not e.ok and e.status not in (401, 403) and not lacks_channel(e)]
    found = [e for e in found if is_ours(e) or not (e.status in ABSENT or e.media_type == "text/html")]
    if not found:
        raise NotOffered("nothing was refused here, or the hub answers as if nothing were there")
    return found


@requirement("suno.refusal.code")
def test_a_refusal_is_no_success(any_suno_refusal: Evidence) -> None:
    for exchange in _refusals(any_suno_refusal):
        value = exchange.json if exchange.is_json else None
        if isinstance(value, dict):
            code = value.get("code")
            expect(code != SUCCESS, "an error word", code, "/code", exchange)
            data = value.get("data")
            expect(not isinstance(data, str) or not data, "no task", data, "/data", exchange)


@requirement("suno.refusal.envelope")
def test_refusals_have_the_envelope_of_the_format(any_suno_refusal: Evidence) -> None:
    for exchange in _refusals(any_suno_refusal):
        expect(exchange.is_json, "an object with code and message", Words(exchange.text[:160]), "", exchange)
        violations = load_contract().violations("TaskErrorResponse", exchange.json)
        at = violations[0].pointer if violations else ""
        expect(not violations, "an object with code and message as text", Words(exchange.text[:160]), at, exchange)
