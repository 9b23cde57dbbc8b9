"""A run in parts: who judges what, and that the parts joined are the whole."""

from __future__ import annotations

import json
import shutil
from collections import Counter
from pathlib import Path

import pytest

from conformance.__main__ import main
from conformance.engine.contract import load_contract
from conformance.engine.judge import Case, cases, load_judges
from conformance.engine.probe import Registry, load_registry
from conformance.engine.shard import Shard, ShardError, shares, subject, weights_of
from conformance.report.certificate import certify
from conformance.report.kept import KeptError
from conformance.report.merge import merge
from conformance.report.plan import measured
from tests.report.runs import conformance, judge, result, verdicts

CHOICE = ("--family", "chat", "--family", "embeddings", "--family", "moderations", "--family", "models")
PARTS = 3


@pytest.fixture(scope="module")
def registry() -> Registry:
    return load_registry(load_contract())


@pytest.fixture(scope="module")
def every_case(registry: Registry) -> list[Case]:
    return [case for judge in load_judges() for case in cases(judge, registry)]


@pytest.fixture(scope="module")
def shards(tmp_path_factory: pytest.TempPathFactory) -> list[Path]:
    """The parts of one run on the embedded hub, with a fault."""
    folder = tmp_path_factory.mktemp("shards")
    reports = [folder / str(number) for number in range(1, PARTS + 1)]
    for number, report in enumerate(reports, start=1):
        ended = judge(report, *CHOICE, "--fault", "chat.stream.no-done", "--shard", f"{number}/{PARTS}")
        assert ended.status in (0, 1), ended.text
    return reports


@pytest.fixture(scope="module")
def whole(tmp_path_factory: pytest.TempPathFactory) -> Path:
    report = tmp_path_factory.mktemp("whole") / "report"
    ended = judge(report, *CHOICE, "--fault", "chat.stream.no-done")
    assert ended.status == 1, ended.text
    return report


def test_three_shards_joined_are_the_whole_verdict_by_verdict(shards: list[Path], whole: Path, tmp_path: Path) -> None:
    ended = conformance("merge", *reversed(shards), "--report", tmp_path / "merged")
    assert ended.status == 1, ended.text
    assert all(verdicts(shard) for shard in shards)
    assert verdicts(tmp_path / "merged") == verdicts(whole)
    joined, one = result(tmp_path / "merged"), result(whole)
    for name in ("counts", "families", "requirements", "conformant", "exit_status", "not_selected", "suite", "shard"):
        assert joined[name] == one[name], name
    assert {row["test"]: row["evidence"] for row in joined["rows"]} == {r["test"]: r["evidence"] for r in one["rows"]}
    kept = [{path.name for path in (report / "evidence").glob("*.gz")} for report in (tmp_path / "merged", whole)]
    assert kept[0] == kept[1]
    assert (tmp_path / "merged" / "report.html").exists()


def test_the_joined_report_can_be_certified(shards: list[Path], tmp_path: Path) -> None:
    merge(shards, tmp_path / "merged")
    assert certify(tmp_path / "merged")


def test_probes_are_asked_once_but_for_the_two_that_begin_every_run(shards: list[Path], whole: Path) -> None:
    asked = Counter(path.name for report in shards for path in (report / "evidence").glob("*.gz"))
    assert {name for name, count in asked.items() if count > 1} == {"models_list.json.gz", "chat_answer.json.gz"}
    assert set(asked) == {path.name for path in (whole / "evidence").glob("*.gz")}


@pytest.mark.parametrize("parts", [1, 2, 3, 5, 200])
def test_every_case_has_one_shard_and_all_that_share_a_row_the_same(
    parts: int, registry: Registry, every_case: list[Case]
) -> None:
    place = shares(every_case, registry, weights_of(measured(), 20), parts)
    assert place == shares(list(reversed(every_case)), registry, weights_of(measured(), 20), parts)
    assert {place[subject(case)] for case in every_case} <= set(range(1, parts + 1))
    operations: dict[str, set[int]] = {}
    for case in every_case:
        operations.setdefault(case.operation or subject(case), set()).add(place[subject(case)])
    assert all(len(numbers) == 1 for numbers in operations.values())


def test_the_work_is_shared_out_evenly(registry: Registry, every_case: list[Case]) -> None:
    """Official clients aside, which are left out unless they are asked for, and tie many operations together."""
    weight = weights_of(measured(), 20)
    usual = [case for case in every_case if not any(i.startswith("clients.") for i in case.ids)]
    place = shares(usual, registry, weight, PARTS)
    asked = {slot.key: (slot, place[subject(case)]) for case in usual for slot in case.slots.values()}
    loads: Counter[int] = Counter()
    for slot, number in asked.values():
        loads[number] += weight(slot)
    assert max(loads.values()) < 1.35 * sum(loads.values()) / PARTS


@pytest.mark.parametrize("text", ["0/3", "4/3", "1", "1/", "a/b", "1/3/5", "-1/3", "1/0", "١/٣"])
def test_a_part_that_there_is_not_is_refused(text: str) -> None:
    with pytest.raises(ShardError, match="from 1/3 to 3/3"):
        Shard.parse(text)


def changed(source: Path, copy: Path, **changes: object) -> Path:
    shutil.copytree(source, copy)
    data = json.loads((copy / "result.json").read_bytes())
    (copy / "result.json").write_text(json.dumps({**data, **changes}), encoding="utf-8")
    return copy


def test_what_is_not_one_run_is_not_joined(shards: list[Path], whole: Path, tmp_path: Path) -> None:
    out = tmp_path / "out"
    models = {**result(shards[1])["target"], "models": {"chat": "another"}}
    other = changed(shards[1], tmp_path / "other", target=models)
    overlapping = changed(shards[0], tmp_path / "overlapping", shard="2/3")
    twin = changed(shards[0], tmp_path / "twin")
    for given, words in (
        (shards[:2], "shard 3/3 is missing"),
        ([*shards, twin], "are both shard 1/3"),
        ([*shards, tmp_path / "none"], "cannot read"),
        ([whole], "no shard"),
        ([shards[0], other, shards[2]], "differ in models"),
        ([shards[0], overlapping, shards[2]], "two shards judged"),
        ([shards[0], changed(shards[1], tmp_path / "half", shard="2/2")], "parts"),
    ):
        shutil.rmtree(out, ignore_errors=True)
        with pytest.raises(KeptError, match=words):
            merge(given, out)
        assert not (out / "result.json").exists()


def test_a_report_is_not_written_over_another(shards: list[Path], tmp_path: Path) -> None:
    with pytest.raises(KeptError, match="one of the shards"):
        merge(shards, shards[0])
    (tmp_path / "evidence").mkdir()
    (tmp_path / "evidence" / "old").touch()
    with pytest.raises(KeptError, match="another run"):
        merge(shards, tmp_path)


def test_a_shard_that_was_interrupted_takes_the_whole_along(shards: list[Path], tmp_path: Path) -> None:
    quiet = [changed(s, tmp_path / str(n), rows=[], exit_status=2) for n, s in enumerate(shards[1:])]
    (clean,) = [changed(shards[0], tmp_path / "first", rows=_passed(shards[0]), exit_status=0)]
    assert merge([clean, *quiet], tmp_path / "a").exit_status == 0, "an empty shard is no trouble"
    cut = changed(clean, tmp_path / "cut", exit_status=2)
    assert merge([cut, *quiet], tmp_path / "b").exit_status == 2


def _passed(report: Path) -> list[object]:
    return [row for row in result(report)["rows"] if row["verdict"] == "pass"]


def test_a_test_that_has_nothing_to_judge_in_one_part_keeps_its_rows_of_another(
    shards: list[Path], tmp_path: Path
) -> None:
    before = merge(shards, tmp_path / "before")
    test = result(shards[1])["rows"][0]["test"]
    silent = [*result(shards[0])["silent"], test]
    after = merge([changed(shards[0], tmp_path / "quiet", silent=silent), *shards[1:]], tmp_path / "after")
    assert test in {row.test for row in before.rows}
    assert test not in {row["test"] for row in result(shards[0])["rows"]}
    assert (after.rows, after.silent) == (before.rows, before.silent)


def test_a_baseline_is_held_against_the_whole(shards: list[Path], tmp_path: Path) -> None:
    known = tmp_path / "known.toml"
    entry = '[[fail]]\nrequirement = "{}"\noperation = "chat-completions"\nreason = "known"\n'
    known.write_text(entry.format("chat.stream.done-last") + entry.format("transport.stream.terminal"), "utf-8")
    arguments = ["merge", *map(str, shards), "--baseline", str(known)]
    assert main([*arguments, "--report", str(tmp_path / "a")]) == 0
    known.write_text(known.read_text("utf-8") + entry.format("chat.answer.envelope"), "utf-8")
    ended = conformance(*arguments, "--report", tmp_path / "b")
    assert ended.status == 1, ended.text
    assert ended.line("STALE", "known.toml:9")
