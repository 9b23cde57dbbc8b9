"""Several tasks looked up at once."""

from __future__ import annotations

from conformance.engine.judge import Words, expect, not_testable, nothing_here, parsed
from conformance.engine.kit.courses import expect_alike
from conformance.engine.kit.reading import asked, served
from conformance.engine.requirement import requirement
from conformance.families.midjourney.probes import NO_SUCH_TASK
from conformance.families.midjourney.reading import KEPT, LIST, Evidence, Work, listed, works
from conformance.wire.exchange import Exchange


def _lists(evidence: Evidence) -> list[Exchange]:
    found = [exchange for exchange in evidence if exchange.request.operation == LIST]
    return [served(exchange) for exchange in found] or nothing_here("nothing was looked up at once")


@requirement("midjourney.list.array")
def test_a_list_is_a_bare_array(any_midjourney_work: Evidence) -> None:
    for exchange in _lists(any_midjourney_work):
        expect(isinstance(parsed(exchange), list), "an array", parsed(exchange), "", exchange)


@requirement("midjourney.list.array")
def test_no_tasks_are_a_bare_array(any_midjourney_list: Evidence) -> None:
    for exchange in _lists(any_midjourney_list):
        expect(isinstance(parsed(exchange), list), "an array", parsed(exchange), "", exchange)


@requirement("midjourney.list.exact")
def test_a_list_holds_what_was_asked_for(any_midjourney_work: Evidence) -> None:
    for exchange in _lists(any_midjourney_work):
        stages = listed(exchange)
        if stages is None:
            not_testable("there is no list, which another sentence judges")
        wanted = sorted({id for id in asked(exchange)["ids"] if id != NO_SUCH_TASK})
        got = [stage.task.get("id") for stage in stages]
        shown = Words(", ".join(map(str, got[:8])) or "nothing")
        expect(sorted(map(str, got)) == wanted, f"{', '.join(wanted)} once each, in any order", shown, "", exchange)


@requirement("midjourney.list.same")
def test_a_list_tells_what_a_fetch_tells(any_midjourney_work: Evidence) -> None:
    judged = 0
    by_id: dict[str, Work] = {work.id: work for work in works(any_midjourney_work)}
    for exchange in _lists(any_midjourney_work):
        for stage in listed(exchange) or ():
            work = by_id.get(str(stage.task.get("id")))
            if work is not None:
                judged += 1
                expect_alike(work.end.task, stage, ("status", *KEPT))
    if not judged:
        not_testable("none of the tasks stands in the list, which another sentence judges")


@requirement("midjourney.list.empty")
def test_no_ids_give_no_tasks(any_midjourney_list: Evidence) -> None:
    _expect_none(any_midjourney_list[0])


@requirement("midjourney.list.unknown")
def test_an_unknown_id_is_left_out(any_midjourney_list: Evidence) -> None:
    if len(any_midjourney_list) < 2:
        not_testable("the second list was not asked for")
    served(any_midjourney_list[0])
    second = any_midjourney_list[1]
    expect(second.ok, "HTTP 200 with an empty list", Words(f"HTTP {second.status}: {second.text[:160]}"), "", second)
    _expect_none(second)


def _expect_none(exchange: Exchange) -> None:
    served(exchange)
    stages = listed(exchange)
    if stages is None:
        not_testable("there is no list, which another sentence judges")
    ids = Words(f"{len(stages)} tasks: {', '.join(str(stage.task.get('id'))[:40] for stage in stages[:4])}")
    expect(not stages, "no task at all", ids, "", exchange)
