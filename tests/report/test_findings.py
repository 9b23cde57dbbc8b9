"""Grouping by root cause."""

from __future__ import annotations

import pytest

from conformance.engine.judge import Verdict
from conformance.report.findings import Sentence, groups, in_one_line, kind_of
from tests.report.example import catalogue, row


def test_one_cause_in_many_places_is_one_finding() -> None:
    rows = [
        row("errors.code", Verdict.FAIL, operation=f"operation-{n}", got=f'{{"code": {n}}}', at=f"/choices/{n}/id")
        for n in range(50)
    ]
    (found,) = groups(rows)
    assert (len(found.rows), found.first.operation) == (50, "operation-0")


@pytest.mark.parametrize(
    ("one", "other"),
    [
        ({"got": "HTTP 200"}, {"got": "HTTP 500"}),
        ({"got": '"text"'}, {"got": '{"a": 1}'}),
        ({"got": "nothing"}, {"got": "7"}),
        ({"at": "/id"}, {"at": "/object"}),
        ({"expected": "a refusal"}, {"expected": "an answer, because the hub claims to offer this"}),
    ],
)
def test_another_kind_of_got_is_another_finding(one: dict[str, str], other: dict[str, str]) -> None:
    rows = [row("chat.a", Verdict.FAIL, **one), row("chat.a", Verdict.FAIL, operation="o", **other)]  # type: ignore[arg-type]
    assert len(groups(rows)) == 2


def test_errors_come_first_then_fails_then_warnings_and_passes_are_none() -> None:
    verdicts = (Verdict.WARN, Verdict.PASS, Verdict.FAIL, Verdict.NOT_OFFERED, Verdict.ERROR)
    rows = [row(f"chat.{verdict}", verdict) for verdict in verdicts]
    assert [found.verdict for found in groups(rows)] == [Verdict.ERROR, Verdict.FAIL, Verdict.WARN]


def test_a_probe_that_crashed_is_one_finding_whatever_it_took_along() -> None:
    rows = [row(f"chat.{n}", Verdict.ERROR, reason="ProbeFailed: boom") for n in range(5)]
    (found,) = groups(rows)
    assert len(found.requirements) == 5


@pytest.mark.parametrize(
    ("got", "kind"),
    [
        ("HTTP 200: {...}", "HTTP caa: an object"),
        ("12 of 13", "# of #"),
        ('["a"]', "a list"),
        ("none", "none"),
    ],
)
def test_kinds_of_got(got: str, kind: str) -> None:
    assert kind_of(got) == kind


def test_a_sentence_of_another_version_is_still_named() -> None:
    assert Sentence.of("chat.gone", catalogue("chat.a")).id == "chat.gone"


@pytest.mark.parametrize(
    ("reason", "line"),
    [
        ("ProbeFailed('Traceback:\\n  File \"x.py\"\\nKeyError: \\'id\\'\\n')", "KeyError: 'id'"),
        ("ValueError('no')", "ValueError('no')"),
        ("", ""),
    ],
)
def test_an_error_is_told_by_the_last_line_of_its_traceback(reason: str, line: str) -> None:
    assert in_one_line(reason) == line
