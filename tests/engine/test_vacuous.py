"""Rows of what had nothing to judge: left out where the sentence is judged elsewhere, else one stands for all."""

from __future__ import annotations

from pathlib import Path

from conformance.engine.contract import load_contract
from conformance.engine.evidence import Record
from conformance.engine.judge import Bench, Case, Judged, Verdict, expect, nothing_here
from conformance.engine.plugin import _unjudged_otherwise
from conformance.engine.probe import Admit, Conversation, Slot, load_registry
from conformance.engine.requirement import load_catalogue, requirement
from conformance.engine.running import Run
from conformance.engine.target import Target
from conformance.report.result import Row, rows_of
from conformance.wire.exchange import Exchange, Request

URL = "http://127.0.0.1:1/v1"


@requirement("errors.envelope")
def told_where_refused(any_refusal: Conversation) -> None:
    refused = [exchange for exchange in any_refusal if exchange.status != 200]
    if not refused:
        nothing_here("nothing was refused here")
    expect(refused[0].status == 400, "HTTP 400", refused[0].status)


def reply(operation: str, status: int) -> Exchange:
    return Exchange(Request("GET", URL, operation=operation), status=status)


def judged(statuses: dict[str, int]) -> list[Row]:
    """The rows of the judge above on one answer for each operation."""
    registry = load_registry(load_contract())
    probe = registry.probes["auth_refusals"]
    slots = [Slot(probe, name, name, "family", Admit.RAW, flat=True) for name in statuses]
    answers = {slot.key: Record(slot.key, (reply(slot.operation, statuses[slot.operation]),)) for slot in slots}
    bench = Bench(Target(URL), load_catalogue(), registry, answers.__getitem__)
    cases = [Case(told_where_refused, {"any_refusal": slot}) for slot in slots]
    return rows_of([Judged(case, bench.evaluate(case)) for case in cases], load_catalogue(), "test")


def test_operations_without_anything_to_judge_make_no_row() -> None:
    rows = judged({"chat-completions": 200, "embeddings": 400, "rerank": 500})
    assert {row.operation: row.verdict for row in rows} == {"embeddings": Verdict.PASS, "rerank": Verdict.FAIL}


def test_one_row_stands_for_all_where_there_is_nothing_at_all() -> None:
    rows = judged({"chat-completions": 200, "embeddings": 200})
    assert [(row.operation, row.verdict) for row in rows] == [("chat-completions", Verdict.NOT_TESTABLE)]


def test_a_test_without_anything_to_judge_makes_no_row_where_another_one_judges(tmp_path: Path) -> None:
    nothing = judged({"chat-completions": 200})
    run = Run(Target(URL), tmp_path, load_registry(load_contract()), vacuous=nothing)
    assert _unjudged_otherwise(run) == nothing
    run.rows = judged({"embeddings": 400})
    assert _unjudged_otherwise(run) == []
