"""Two results set against each other, and one taken from another."""

from __future__ import annotations

import json
from pathlib import Path

import pytest

from conformance.__main__ import main
from conformance.engine.judge import Verdict
from conformance.report.diff import Diff, as_json, as_markdown, as_text, diff, minus
from conformance.report.result import LatencyPart, Result, Row
from tests.report.example import HOSTILE, result_of, row

PASS, FAIL, WARN = Verdict.PASS, Verdict.FAIL, Verdict.WARN
OFFERED, UNDECIDED = Verdict.NOT_OFFERED, Verdict.INCONCLUSIVE


def ids(found: Diff, kind: str) -> list[str]:
    return [change.requirement for change in getattr(found, kind)]


def result(*rows: Row, **changes: object) -> Result:
    return result_of(rows).model_copy(update={"not_selected": (), **changes})


@pytest.mark.parametrize(
    ("before", "after", "kind", "regression"),
    [
        (PASS, FAIL, "newly_broken", True),
        (WARN, FAIL, "newly_broken", True),
        (PASS, WARN, "newly_broken", False),
        (UNDECIDED, FAIL, "newly_broken", True),
        (OFFERED, FAIL, "newly_broken", True),
        (FAIL, PASS, "newly_kept", False),
        (FAIL, WARN, "changed", False),
        (PASS, OFFERED, "withdrawn", True),
        (PASS, UNDECIDED, "otherwise", False),
        (FAIL, OFFERED, "otherwise", False),
        (OFFERED, PASS, "otherwise", False),
        (PASS, PASS, "", False),
        (FAIL, FAIL, "", False),
    ],
)
def test_a_change_is_of_one_kind(before: Verdict, after: Verdict, kind: str, regression: bool) -> None:
    found = diff(result(row("chat.a", before)), result(row("chat.a", after)))
    kinds = ("newly_broken", "newly_kept", "changed", "withdrawn", "otherwise")
    assert [name for name in kinds if ids(found, name)] == ([kind] if kind else [])
    assert found.has_regression is regression


def test_a_finding_that_changed_is_told_and_one_with_other_numbers_is_not() -> None:
    before = result(row("chat.a", FAIL, got="HTTP 500"), row("chat.b", FAIL, got="id 17"))
    after = result(row("chat.a", FAIL, got="HTTP 503"), row("chat.b", FAIL, got="id 18"))
    assert ids(diff(before, after), "changed") == ["chat.a"]


def test_the_worst_row_of_several_tests_counts() -> None:
    twice = [row("chat.a", PASS), row("chat.a", FAIL).model_copy(update={"test": "another"})]
    assert ids(diff(result(row("chat.a", PASS)), result(*twice)), "newly_broken") == ["chat.a"]


def test_what_a_run_left_out_is_neither_new_nor_gone() -> None:
    before = result(row("chat.a", PASS), row("chat.old", PASS), row("chat.b", PASS))
    after = result(row("chat.a", PASS), row("chat.new", PASS), not_selected=("chat.b",))
    found = diff(before, after)
    assert (found.appeared, found.vanished, found.not_compared) == (("chat.new",), ("chat.old",), 1)


def test_spend_and_latency_are_compared() -> None:
    slow = {"chat-completions": LatencyPart(exchanges=3, headers_seconds=0.1, whole_seconds=1.0)}
    fast = {"chat-completions": LatencyPart(exchanges=3, headers_seconds=0.1, whole_seconds=0.2)}
    near = {"chat-completions": LatencyPart(exchanges=3, headers_seconds=0.1, whole_seconds=1.2)}
    found = diff(result(latency=slow), result(latency=fast))
    assert [(one.operation, one.before, one.after) for one in found.latency] == [("chat-completions", 1.0, 0.2)]
    assert diff(result(latency=slow), result(latency=near)).latency == ()
    assert found.spend["requests"] == (31, 31)
    assert not found.has_regression


def test_what_a_hub_adds_to_the_server_behind_it() -> None:
    behind = result(
        row("chat.kept", PASS),
        row("chat.same", FAIL, got="HTTP 500"),
        row("chat.other", FAIL, got="HTTP 500"),
        row("chat.mended", FAIL),
        row("chat.refused", OFFERED),
    )
    hub = result(
        row("chat.kept", FAIL),
        row("chat.same", FAIL, got="HTTP 500"),
        row("chat.other", FAIL, got="nothing"),
        row("chat.mended", PASS),
        row("chat.refused", FAIL),
        row("chat.never", FAIL),
    )
    found = minus(hub, behind)
    told = {name: [change.requirement for change in getattr(found, name)] for name in vars(found)}
    assert told == {
        "added": ["chat.kept"],
        "differently": ["chat.other"],
        "inherited": ["chat.same"],
        "mended": ["chat.mended"],
        "unknown": ["chat.never", "chat.refused"],
    }
    assert found.has_regression
    assert not minus(behind, behind).has_regression


def test_every_format_tells_the_same_and_nothing_of_a_hub_is_markup() -> None:
    found = diff(
        result(row("chat.a", PASS), row("chat.b", FAIL)),
        result(row("chat.a", FAIL, reason=HOSTILE), row("chat.b", PASS)),
    )
    data = json.loads(as_json(found))
    assert data["regression"] is True
    assert data["newly_broken"][0]["requirement"] == "chat.a"
    text, page = as_text(found), as_markdown(found)
    for words in ("chat.a", "chat.b", "ewly broken: 1", "ewly kept: 1"):
        assert words in text
        assert words in page
    assert not any(c in text + page for c in "\x1b\x00\u202e")
    (item,) = [line for line in page.splitlines() if "chat.a" in line]
    assert item.count("<script>") == item[item.index("`", 10) :].count("<script>")


def written(result: Result, folder: Path) -> str:
    folder.mkdir()
    (folder / "result.json").write_text(result.model_dump_json(), encoding="utf-8")
    return str(folder)


def test_the_command_takes_folders_and_files_and_its_status_is_the_news(
    tmp_path: Path, capsys: pytest.CaptureFixture[str]
) -> None:
    good, bad = (
        written(result(row("chat.a", PASS)), tmp_path / "a"),
        written(result(row("chat.a", FAIL)), tmp_path / "b"),
    )
    assert main(["diff", good, f"{bad}/result.json"]) == 1
    assert main(["diff", bad, good, "--format", "json"]) == 0
    assert main(["diff", bad, "--minus", good]) == 1
    assert main(["diff", bad, "--minus", bad]) == 0
    capsys.readouterr()
    assert main(["diff", good]) == 4
    assert main(["diff", good, bad, "--minus", good]) == 4
    assert main(["diff", good, f"{bad}/none"]) == 4
    told = capsys.readouterr()
    assert told.out == ""
    assert len(told.err.splitlines()) == 3
