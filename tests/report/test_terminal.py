"""The summary screen, word for word: a change of it is a change that people see."""

from __future__ import annotations

from datetime import UTC, datetime, timedelta
from pathlib import Path

import pytest

from conformance.engine.judge import Verdict
from conformance.engine.probing import Spend
from conformance.engine.requirement import Authority, Catalogue, Level, Requirement
from conformance.engine.target import Target
from conformance.report import terminal
from conformance.report.result import FindingRow, Result, Row, Tally
from conformance.report.terminal import summary

SNAPSHOTS = Path(__file__).parent / "snapshots"


def requirement(identifier: str, level: Level) -> Requirement:
    return Requirement(
        id=identifier,
        family="chat",
        level=level,
        authority=Authority.VENDOR,
        statement="The last event of a stream is `data: [DONE]`, and nothing follows it.",
        source="OpenAI API reference",
        why="A client that waits for the end hangs or loses what follows.",
        fix="Write `data: [DONE]` and a blank line after the last chunk, then close.",
    )


CATALOGUE = Catalogue(
    {
        r.id: r
        for r in (requirement("chat.stream.done-last", Level.MUST), requirement("chat.usage.present", Level.SHOULD))
    }
)
CURL = "curl http://127.0.0.1:1/v1/chat/completions \\\n  -H 'Authorization: Bearer '\"$HUB_TOKEN\" \\\n  -N"


def row(identifier: str, verdict: Verdict, evidence: str, reason: str = "", got: str = "") -> Row:
    finding = FindingRow(expected="[DONE] as the last event", got=got, at="event 7", curl=CURL) if got else None
    return Row(
        requirement=identifier,
        level=CATALOGUE[identifier].level,
        authority=Authority.VENDOR,
        family="chat",
        operation="chat-completions",
        verdict=verdict,
        reason=reason,
        test=f"test[{evidence}]",
        evidence=(evidence,),
        finding=finding,
    )


def screen(rows: list[Row], status: int, width: int = 100, *, full: bool = False) -> str:
    started = datetime(2026, 1, 1, tzinfo=UTC)
    target = Target("http://127.0.0.1:1", models={"chat": "m"})
    result = Result.of(target, rows, Tally.of(rows), Spend(31, {"chat": 31}, 24, retried=1), started, status)
    result = result.model_copy(update={"finished": started + timedelta(seconds=2.34)})
    return "\n".join(summary(result, CATALOGUE, Path("reports"), width, full=full)) + "\n"


def check(name: str, text: str) -> None:
    path = SNAPSHOTS / f"{name}.txt"
    assert path.exists(), f"no snapshot {path.name}; this is what it would hold:\n{text}"
    assert text == path.read_text(encoding="utf-8")


def test_a_clean_run() -> None:
    check("clean", screen([row("chat.stream.done-last", Verdict.PASS, "chat_stream")], 0))


def test_a_run_with_findings() -> None:
    rows = [
        row("chat.stream.done-last", Verdict.FAIL, "chat_stream", "broken", '{"id": "c1"}'),
        row("chat.stream.done-last", Verdict.FAIL, "chat_stream_tools", "broken", '{"id": "c2"}'),
        row("chat.usage.present", Verdict.WARN, "chat_answer", "broken", "null"),
        row("chat.usage.present", Verdict.NOT_OFFERED, "chat_n", "the hub does not serve this request: HTTP 400"),
        row("chat.usage.present", Verdict.PASS, "chat_stream"),
    ]
    check("findings", screen(rows, 1))


def test_of_many_findings_one_is_shown_in_full_and_the_others_have_a_line(monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr(terminal, "LISTED", 2)
    got = ["null", '"text"', "[1]", '{"a": 1}', "no value"]
    rows = [row("chat.stream.done-last", Verdict.FAIL, f"probe_{n}", "broken", text) for n, text in enumerate(got)]
    text = screen(rows, 1, width=80)
    assert text.count("\nexpected") == text.count("\ncurl") == 1
    lines = [line for line in text.splitlines() if line.startswith("FAIL ")]
    assert len(lines) == 3
    assert all(len(line) <= 80 for line in lines)
    assert "… and 2 more, in report.html" in text
    assert screen(rows, 1, full=True).count("\nexpected") == 5


def test_a_green_run_at_home_says_how_to_judge_a_deployment() -> None:
    started = datetime(2026, 1, 1, tzinfo=UTC)
    rows = [row("chat.usage.present", Verdict.PASS, "chat_stream")]
    for embedded in (True, False):
        target = Target("http://127.0.0.1:1", embedded=embedded)
        result = Result.of(target, rows, Tally.of(rows), Spend(), started, 0)
        text = "\n".join(summary(result, CATALOGUE, Path("reports"), 100))
        assert ("conformance init --base-url" in text) is embedded


def test_a_run_that_could_not_judge() -> None:
    limited = "the hub answered 429: its rate limit stood in the way"
    check("inconclusive", screen([row("chat.stream.done-last", Verdict.INCONCLUSIVE, "chat_stream", limited)], 2))


def test_nothing_judged() -> None:
    check("nothing", screen([], 2))


def test_lines_stay_within_the_width() -> None:
    rows = [row("chat.stream.done-last", Verdict.FAIL, "chat_stream", "broken", "word " * 60)]
    text = screen(rows, 1, width=70)
    assert max(len(line) for line in text.splitlines() if "curl" not in line and "'" not in line) <= 76
