"""The record of a run: its published schema, its counts, and that equal runs give equal rows."""

from __future__ import annotations

import json
from datetime import UTC, datetime
from pathlib import Path

import pytest
from jsonschema import Draft202012Validator

import conformance.report.result as result_module
from conformance.engine.judge import Verdict
from conformance.engine.probing import Spend
from conformance.engine.requirement import Authority, Level
from conformance.engine.target import Target
from conformance.report.result import FindingRow, Result, Row, Tally
from conformance.wire.redact import Secret

SCHEMA = Path(result_module.__file__).parent / "result.schema.json"


def row(requirement: str, verdict: Verdict, *, level: Level = Level.MUST, operation: str = "chat-completions") -> Row:
    broken = verdict in (Verdict.FAIL, Verdict.WARN)
    finding = FindingRow(expected="a string", got="1", at="/id", curl="curl http://127.0.0.1:1/") if broken else None
    return Row(
        requirement=requirement,
        level=level,
        authority=Authority.VENDOR,
        family=requirement.split(".")[0],
        operation=operation,
        verdict=verdict,
        reason="" if verdict is Verdict.PASS else "because",
        test=f"test_{requirement}[{operation}]",
        evidence=("chat_answer",),
        finding=finding,
    )


def result_of(*rows: Row, status: int = 0) -> Result:
    target = Target("http://127.0.0.1:1", Secret("sk-never-shown-in-a-result"), models={"chat": "m"})
    started = datetime(2026, 1, 1, tzinfo=UTC)
    return Result.of(target, list(rows), Tally.of(rows), Spend(3, {"chat": 3}, 2), started, status)


def test_the_published_schema_is_the_model_s() -> None:
    assert json.loads(SCHEMA.read_text(encoding="utf-8")) == Result.model_json_schema(mode="serialization")


def test_a_result_fits_the_schema_and_holds_no_token() -> None:
    text = result_of(row("chat.a", Verdict.PASS), row("chat.b", Verdict.FAIL), status=1).model_dump_json()
    Draft202012Validator(json.loads(SCHEMA.read_text(encoding="utf-8"))).validate(json.loads(text))
    assert "sk-never" not in text


def test_counts_are_by_level_family_and_worst_row() -> None:
    result = result_of(
        row("chat.a", Verdict.PASS),
        row("chat.a", Verdict.FAIL, operation="completions-create"),
        row("chat.b", Verdict.WARN, level=Level.SHOULD),
        row("auth.c", Verdict.NOT_OFFERED),
        status=1,
    )
    assert result.counts == {"MUST": {"fail": 1, "not-offered": 1, "pass": 1}, "SHOULD": {"warn": 1}}
    assert result.families == {"auth": {"not-offered": 1}, "chat": {"fail": 1, "pass": 1, "warn": 1}}
    assert result.requirements == {"fail": 1, "warn": 1, "not-offered": 1}
    assert result.conformant is False


@pytest.mark.parametrize(
    ("verdicts", "worst"),
    [
        ((Verdict.PASS, Verdict.NOT_OFFERED), Verdict.PASS),
        ((Verdict.PASS, Verdict.INCONCLUSIVE), Verdict.INCONCLUSIVE),
        ((Verdict.WARN, Verdict.FAIL, Verdict.PASS), Verdict.FAIL),
        ((Verdict.NOT_TESTABLE, Verdict.NOT_OFFERED), Verdict.NOT_TESTABLE),
    ],
)
def test_the_worst_row_decides_a_requirement(verdicts: tuple[Verdict, ...], worst: Verdict) -> None:
    assert Tally.of([row("chat.a", v) for v in verdicts]).worst == {"chat.a": worst}


def test_nothing_judged_is_told_from_something_judged() -> None:
    assert Tally.of([row("chat.a", Verdict.NOT_OFFERED), row("chat.b", Verdict.INCONCLUSIVE)]).judged == 0
    assert Tally.of([row("chat.a", Verdict.WARN)]).judged == 1


def test_rows_are_sorted_whatever_order_workers_sent_them_in() -> None:
    rows = [row("chat.b", Verdict.PASS), row("chat.a", Verdict.PASS), row("auth.a", Verdict.PASS)]
    assert result_of(*rows).rows == result_of(*reversed(rows)).rows
