"""Several tasks looked up at once."""

from __future__ import annotations

from conformance.engine.judge import Words, expect, not_testable, parsed
from conformance.engine.kit.courses import expect_alike
from conformance.engine.kit.reading import asked, served
from conformance.engine.requirement import requirement
from conformance.families.suno.probes import NO_SUCH_TASK
from conformance.families.suno.reading import KEPT, OF_SONG, SUCCESS, Evidence, batches, listed, work
from conformance.families.suno.songs import expect_songs_of
from conformance.wire.exchange import Exchange


def _expect_envelope(exchange: Exchange) -> None:
    value = parsed(exchange)
    expect(isinstance(value, dict), "an object", value, "", exchange)
    expect(value.get("code") == SUCCESS, f"{SUCCESS!r}", value.get("code"), "/code", exchange)
    data = value.get("data", ...)
    expect(data is None or isinstance(data, list), "a list", None if data is ... else data, "/data", exchange)


@requirement("suno.batch.envelope")
def test_several_tasks_are_told_in_the_envelope(any_suno_work: Evidence) -> None:
    for exchange in batches(any_suno_work):
        _expect_envelope(exchange)


@requirement("suno.batch.envelope")
def test_no_tasks_are_told_in_the_envelope(any_suno_batch: Evidence) -> None:
    for exchange in batches(any_suno_batch):
        _expect_envelope(exchange)


@requirement("suno.batch.exact")
def test_a_list_holds_what_was_asked_for(any_suno_work: Evidence) -> None:
    for exchange in batches(any_suno_work):
        stages = listed(exchange)
        if stages is None:
            not_testable("there is no list, which another sentence judges")
        wanted = [id for id in asked(exchange)["ids"] if id != NO_SUCH_TASK]
        got = [str(stage.task.get("task_id")) for stage in stages]
        expect(got == wanted, f"{', '.join(wanted)} and nothing else", Words(", ".join(got[:8])), "/data", exchange)


@requirement("suno.batch.same")
def test_a_list_tells_what_a_fetch_tells(any_suno_work: Evidence) -> None:
    task = work(any_suno_work)
    found = [
        stage
        for exchange in batches(any_suno_work)
        for stage in listed(exchange) or ()
        if stage.task.get("task_id") == task.id
    ]
    if not found:
        not_testable("the task does not stand in the list, which another sentence judges")
    for stage in found:
        expect_alike(task.end.task, stage, ("status", *KEPT))
        expect_songs_of(task.end, stage, OF_SONG)


@requirement("suno.batch.empty")
def test_no_ids_give_no_tasks(any_suno_batch: Evidence) -> None:
    _expect_none(any_suno_batch[0])


@requirement("suno.batch.unknown")
def test_an_unknown_id_is_left_out(any_suno_batch: Evidence) -> None:
    second = _second(any_suno_batch)
    expect(second.ok, "HTTP 200 with no task", Words(f"HTTP {second.status}: {second.text[:160]}"), "", second)
    _expect_none(second)


@requirement("suno.batch.list")
def test_no_task_is_an_empty_list(any_suno_batch: Evidence) -> None:
    for exchange in (served(any_suno_batch[0]), _second(any_suno_batch)):
        if not exchange.ok or listed(exchange) is None:
            not_testable("there is no list, which another sentence judges")
        value = parsed(exchange)
        data = value.get("data") if isinstance(value, dict) else value
        expect(isinstance(data, list), "[]", data, "/data", exchange)


def _second(evidence: Evidence) -> Exchange:
    served(evidence[0])
    return evidence[1] if len(evidence) > 1 else not_testable("the second list was not asked for")


def _expect_none(exchange: Exchange) -> None:
    served(exchange)
    stages = listed(exchange)
    if stages is None:
        not_testable("there is no list, which another sentence judges")
    ids = Words(f"{len(stages)} tasks: {', '.join(str(stage.task.get('task_id'))[:40] for stage in stages[:4])}")
    expect(not stages, "no task at all", ids, "/data", exchange)
