"""What is known of a hub: how it is read, what it covers, when it is stale, and what it changes in a run's outcome."""

from __future__ import annotations

import tomllib
from datetime import date
from pathlib import Path

import pytest

from conformance.engine.judge import Verdict
from conformance.engine.requirement import Level, load_catalogue
from conformance.report.baseline import Baseline, BaselineError, read_baseline, written
from conformance.report.html import headline
from conformance.report.result import Pair, Result, Row, judgeable, status_of
from conformance.report.words import Words
from tests.report.example import result_of, row

CHAT = "chat-completions"
TEXT = f"""\
# a comment
[[fail]]
requirement = "chat.stream.*"
operation = "{CHAT}"
reason = "the gateway cuts it"
link = "https://tracker.example/1"

[[flaky]]
requirement = "chat.slow"
reason = "comes and goes"

[["not-offered"]]   # quoted names are names, too
requirement = "*"
operation = "videos-*"
reason = "no videos"
expires = 2026-06-30
"""
PAIRS: set[Pair] = {
    ("chat.stream.done", CHAT),
    ("chat.stream.order", CHAT),
    ("chat.slow", CHAT),
    ("chat.other", CHAT),
    ("videos.a", "videos-create"),
}


JUDGEABLE = {pair: frozenset({row(pair[0], Verdict.PASS, operation=pair[1]).test}) for pair in PAIRS}


def baseline(text: str, folder: Path, today: date = date(2026, 6, 30)) -> Baseline:
    path = folder / "known.toml"
    path.write_text(text, encoding="utf-8")
    found = read_baseline(path, "known.toml")
    return Baseline(found.name, found.entries, today)


def marked(known: Baseline, *rows: Row) -> list[Row]:
    return [known.marked(one) for one in rows]


def stale(known: Baseline, *rows: Row) -> list[tuple[str, str]]:
    return [(entry.where, entry.why) for entry in known.part(marked(known, *rows), JUDGEABLE).stale]


def test_entries_are_read_with_their_lines(tmp_path: Path) -> None:
    entries = baseline(TEXT, tmp_path).entries
    assert [(e.kind, e.line, e.operation) for e in entries] == [
        ("fail", 2, CHAT),
        ("flaky", 8, "*"),
        ("not-offered", 12, "videos-*"),
    ]
    assert entries[2].expires == date(2026, 6, 30)


@pytest.mark.parametrize(
    ("text", "words"),
    [
        ("[[fail]\n", "not TOML"),
        ("[[broken]]\nrequirement = 'a'\n", "'broken' is no list of entries"),
        ("fail = [{requirement = 'a.b', reason = ''}]\n", "write each as [[fail]]"),
        ("\n[[fail]]\nreason = 'x'\n", "known.toml:2: the entry has no requirement"),
        ("[[fail]]\nrequirement = 'a'\n", "known.toml:1: the entry has no reason"),
        ("[[fail]]\nrequirement = 'a'\nreason = 'x'\nuntil = 1\n", "'until' is no field"),
        ("[[warn]]\nrequirement = 'a'\nreason = 'x'\nexpires = '2027-01-01'\n", "without quotation marks"),
        ("[[warn]]\nrequirement = 'a'\nreason = 7\n", "reason is a text"),
        ("[[warn]]\nrequirement = '''\n[[warn]]\n'''\nreason = ''\n", "write each as"),
    ],
)
def test_what_is_no_baseline_is_refused_in_one_line(tmp_path: Path, text: str, words: str) -> None:
    with pytest.raises(BaselineError) as refused:
        baseline(text, tmp_path)
    assert words in str(refused.value)
    assert "\n" not in str(refused.value)
    assert "known.toml" in str(refused.value)


def test_a_missing_file_is_named(tmp_path: Path) -> None:
    with pytest.raises(BaselineError, match=r"cannot read the baseline .*none\.toml"):
        read_baseline(tmp_path / "none.toml")


def test_what_is_known_decides_nothing_and_what_is_new_does(tmp_path: Path) -> None:
    known = baseline(TEXT, tmp_path)
    broken, other = row("chat.stream.done", Verdict.FAIL), row("chat.other", Verdict.FAIL)
    passed = row("chat.other", Verdict.PASS)
    assert status_of([broken, passed]) == 1
    assert status_of(marked(known, broken, passed)) == 0
    assert status_of(marked(known, broken, other)) == 1


def test_an_entry_is_about_its_verdict_alone(tmp_path: Path) -> None:
    known = baseline(TEXT, tmp_path)
    (warned,) = marked(known, row("chat.stream.done", Verdict.WARN))
    assert warned.expected is None


def test_an_error_of_the_suite_is_never_expected(tmp_path: Path) -> None:
    known = baseline(TEXT, tmp_path)
    assert status_of(marked(known, row("chat.slow", Verdict.ERROR))) == 3


@pytest.mark.parametrize("verdict", [Verdict.FAIL, Verdict.INCONCLUSIVE, Verdict.PASS])
def test_what_is_flaky_is_counted_and_decides_nothing(tmp_path: Path, verdict: Verdict) -> None:
    known = baseline(TEXT, tmp_path)
    rows = marked(known, row("chat.slow", verdict), row("chat.other", Verdict.PASS))
    assert status_of(rows) == 0
    assert known.part(rows, JUDGEABLE).flaky == {str(verdict): 1}
    assert stale(known, *rows) == []


def test_a_known_fail_is_no_conformity_and_a_flaky_one_leaves_it_open(tmp_path: Path) -> None:
    known = baseline(TEXT, tmp_path)
    firm = result_of(marked(known, row("chat.stream.done", Verdict.FAIL)), status=0)
    open_ = result_of(marked(known, row("chat.slow", Verdict.FAIL), row("chat.other", Verdict.PASS)), status=0)
    assert (firm.conformant, open_.conformant) == (False, None)
    assert headline(firm, Words("en"))[1] == "Not conformant, as expected"


def test_an_entry_that_is_kept_again_is_stale_and_fails_the_run(tmp_path: Path) -> None:
    known = baseline(TEXT, tmp_path)
    rows = [row("chat.stream.done", Verdict.PASS), row("chat.stream.order", Verdict.PASS)]
    assert stale(known, *rows) == [("known.toml:2", "it now passes")]
    assert status_of(rows, stale=True) == 1


@pytest.mark.parametrize(
    "rows",
    [
        [row("chat.stream.done", Verdict.PASS)],  # the other one was left out of the run
        [row("chat.stream.done", Verdict.PASS), row("chat.stream.order", Verdict.INCONCLUSIVE)],
        [row("chat.stream.done", Verdict.PASS), row("chat.stream.order", Verdict.ERROR)],
        [row("chat.stream.done", Verdict.NOT_TESTABLE), row("chat.stream.order", Verdict.NOT_OFFERED)],
        [row("chat.stream.done", Verdict.PASS), row("chat.stream.order", Verdict.FAIL)],
        [],
    ],
)
def test_what_was_not_judged_makes_no_entry_stale(tmp_path: Path, rows: list[Row]) -> None:
    assert stale(baseline(TEXT, tmp_path), *rows) == []


def test_what_is_not_testable_now_and_then_does_not_keep_an_entry_alive(tmp_path: Path) -> None:
    rows = [row("chat.stream.done", Verdict.PASS), row("chat.stream.order", Verdict.NOT_TESTABLE)]
    assert stale(baseline(TEXT, tmp_path), *rows) == [("known.toml:2", "it now passes")]


def test_an_entry_that_matches_nothing_is_stale_whatever_was_run(tmp_path: Path) -> None:
    text = '[[warn]]\nrequirement = "chat.sream.*"\nreason = "a slip of the pen"\n'
    assert stale(baseline(text, tmp_path)) == [("known.toml:1", "it matches nothing that this edition judges")]


def test_an_entry_counts_on_its_last_day_and_not_after(tmp_path: Path) -> None:
    gone = row("videos.a", Verdict.NOT_OFFERED, operation="videos-create")
    on_time, late = baseline(TEXT, tmp_path), baseline(TEXT, tmp_path, date(2026, 7, 1))
    assert marked(on_time, gone)[0].expected is not None
    assert stale(on_time, gone) == []
    assert marked(late, gone)[0].expected is None
    assert stale(late, gone) == [("known.toml:12", "it expired on 2026-06-30")]


def test_a_written_baseline_covers_the_run_that_it_was_made_from(tmp_path: Path) -> None:
    rows = [
        row("chat.b", Verdict.FAIL, reason='got "\x1b[2J\n[[fail]]\nquote" \\ end'),
        row("chat.a", Verdict.WARN),
        row("chat.a", Verdict.FAIL, operation=""),
        row("videos.a", Verdict.NOT_OFFERED, operation="videos-create", reason="videos-create is not served: HTTP 404"),
        row("videos.b", Verdict.NOT_OFFERED, operation="videos-create", reason="the hub does not serve this request"),
        row("chat.c", Verdict.PASS),
    ]
    text = written(rows, "http://127.0.0.1:1/\x1b", "2026-01-01")
    known = baseline(text, tmp_path)
    assert [(e.kind, e.requirement, e.operation) for e in known.entries] == [
        ("fail", "chat.a", ""),
        ("fail", "chat.b", CHAT),
        ("warn", "chat.a", CHAT),
        ("not-offered", "*", "videos-create"),
    ]
    assert "\x1b" not in text
    assert status_of(marked(known, *rows)) == 0


def test_a_baseline_written_anew_keeps_reasons_and_drops_what_is_mended(tmp_path: Path) -> None:
    known = baseline(TEXT, tmp_path)
    rows = [row("chat.stream.done", Verdict.FAIL), row("chat.new", Verdict.FAIL), row("videos.a", Verdict.PASS)]
    data = tomllib.loads(written(rows, "hub", "2026-01-01", known))
    assert {kind: [e["requirement"] for e in found] for kind, found in data.items()} == {
        "fail": ["chat.new", "chat.stream.*"],
        "flaky": ["chat.slow"],
    }
    assert data["fail"][1]["reason"] == "the gateway cuts it"
    assert data["fail"][1]["link"] == "https://tracker.example/1"


def test_a_result_with_a_baseline_survives_being_written_and_read(tmp_path: Path) -> None:
    known = baseline(TEXT, tmp_path)
    rows = marked(known, row("chat.stream.done", Verdict.FAIL))
    result = result_of(rows, status=0).model_copy(update={"baseline": known.part(rows, JUDGEABLE)})
    assert Result.model_validate_json(result.model_dump_json()) == result


SHIPPED = sorted((Path(__file__).resolve().parents[2] / "baselines").glob("*.toml"))


@pytest.mark.parametrize("path", SHIPPED, ids=lambda path: path.stem)
def test_every_entry_of_a_shipped_baseline_means_something_and_has_a_reason(path: Path) -> None:
    catalogue = load_catalogue()
    expected = {"fail": {Level.MUST}, "warn": {Level.SHOULD, Level.MAY}}
    for entry in read_baseline(path).entries:
        where = f"{path.name}:{entry.line}"
        meant = [pair for pair in judgeable() if entry.covers(pair)]
        assert meant, f"{where} matches nothing that is judged"
        levels = {catalogue[identifier].level for identifier, _ in meant}
        assert levels & expected.get(entry.kind, set(Level)), f"{where} has no requirement of its level"
        assert entry.reason, where


def test_there_is_a_shipped_baseline() -> None:
    assert [path.name for path in SHIPPED] == ["new-api.toml"]
