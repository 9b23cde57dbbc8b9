"""What a submission is answered with: a code, the id of a new task, and nothing misleading."""

from __future__ import annotations

from conformance.engine.contract import load_contract
from conformance.engine.judge import Words, expect, not_testable, nothing_here, parsed
from conformance.engine.kit.courses import lacks_channel, need_channel
from conformance.engine.kit.reading import asked, served
from conformance.engine.requirement import requirement
from conformance.families.midjourney.probes import INDEX
from conformance.families.midjourney.reading import (
    ACCEPTED,
    CHANGE,
    FULL,
    SUBMITS,
    Evidence,
    code_of,
    declined,
    end_of,
    expect_taken,
    id_in,
    is_unrouted,
    submits,
    works,
)
from conformance.families.midjourney.views import Submitted
from conformance.wire.exchange import Exchange


def _answers(evidence: Evidence) -> list[Exchange]:
    """The answers to submissions that came with success, whatever they say."""
    found = [exchange for exchange in evidence if exchange.request.operation in SUBMITS and exchange.ok]
    if not found:
        need_channel(evidence[0])
    return found or [served(evidence[0])]


@requirement("midjourney.submit.code")
def test_a_submission_is_answered_with_a_code(any_midjourney_work: Evidence) -> None:
    for exchange in _answers(any_midjourney_work):
        value = parsed(exchange)
        expect(isinstance(value, dict), "an object", value, "", exchange)
        code = value.get("code")
        whole = isinstance(code, int) and not isinstance(code, bool)
        expect(whole, f"a whole number such as {ACCEPTED[0]}", code, "/code", exchange)


@requirement("midjourney.submit.id")
def test_a_submission_names_its_task(any_midjourney_work: Evidence) -> None:
    for exchange in submits(any_midjourney_work):
        got = Submitted.of(exchange).result
        expect(id_in(exchange) is not None, "the id of the task as text", got, "/result", exchange)


@requirement("midjourney.submit.id-text")
def test_the_id_is_text(any_midjourney_work: Evidence) -> None:
    for exchange in submits(any_midjourney_work):
        if id_in(exchange) is None:
            not_testable("there is no id, which another sentence judges")
        got = Submitted.of(exchange).result
        expect(isinstance(got, str), "text", got, "/result", exchange)


@requirement("midjourney.submit.new-id")
def test_every_task_has_an_id_of_its_own(any_midjourney_work: Evidence) -> None:
    ids = [(exchange, id) for exchange in submits(any_midjourney_work) if (id := id_in(exchange))]
    if len(ids) < 2:
        nothing_here("there are no two tasks here")
    for place, (exchange, id) in enumerate(ids):
        earlier = [other for _, other in ids[:place]]
        expect(id not in earlier, "an id that no other task has", id, "/result", exchange)


@requirement("midjourney.submit.shape")
def test_the_rest_of_a_submission_fits(any_midjourney_work: Evidence) -> None:
    for exchange in submits(any_midjourney_work):
        for one in load_contract().violations("MjTaskResponse", parsed(exchange)):
            if not (one.pointer + one.message).startswith(("/code", "/result", "code ", "result ")):
                expect(False, "what the contract's schema says", Words(one.message), one.pointer, exchange)


@requirement("midjourney.submit.declined")
def test_a_declined_submission_names_no_task(any_midjourney_refusal: Evidence) -> None:
    judged = 0
    for exchange in any_midjourney_refusal:
        if exchange.request.operation not in SUBMITS or is_unrouted(exchange) or lacks_channel(exchange):
            continue
        if exchange.ok and not declined(exchange):
            continue
        value = exchange.json if exchange.is_json else None
        if isinstance(value, dict):
            judged += 1
            code, result = value.get("code"), value.get("result")
            refusing = code not in ACCEPTED and str(code) not in map(str, ACCEPTED)
            expect(refusing, "a code of refusal", code, "/code", exchange)
            expect(not isinstance(result, int | str) or result == "", "no task", result, "/result", exchange)
    if not judged:
        nothing_here("no submission was refused with an object")


@requirement("midjourney.change.accepted")
def test_a_finished_picture_can_be_enlarged(any_midjourney_imagine: Evidence) -> None:
    works(any_midjourney_imagine)
    late = any_midjourney_imagine[end_of(any_midjourney_imagine) or len(any_midjourney_imagine) :]
    wanted = [e for e in late if e.request.operation == CHANGE and asked(e).get("index") == INDEX]
    if not wanted:
        not_testable("no picture was finished, so that nothing was asked of it")
    last = wanted[0]
    if is_unrouted(last):
        served(last)
    need_channel(last)
    if code_of(last) in FULL:
        expect_taken(last)
    got = Words(f"HTTP {last.status}: {last.text[:160]}")
    expect(last.ok and not declined(last), "a new task", got, "", last)


@requirement("midjourney.mode.same")
def test_a_submission_may_name_its_speed(any_midjourney_bad_parameter: Evidence) -> None:
    first = any_midjourney_bad_parameter[0]
    if first.ok:
        return
    usual = next((e for e in any_midjourney_bad_parameter[1:] if e.request.operation in SUBMITS), None)
    if usual is None:
        not_testable("only one path was asked")
    got = Words(f"HTTP {first.status}: {first.text[:160]}")
    expect(first.status == usual.status, f"HTTP {usual.status} as on the usual path", got, "", first)
