"""Kept evidence judged once more: the same verdicts with no network, elsewhere, later; or one clear line."""

from __future__ import annotations

import gzip
import json
import shutil
from collections.abc import Callable
from pathlib import Path
from typing import Any

import pytest

import conformance.engine.evidence as evidence_module
from conformance.engine.contract import load_contract
from conformance.engine.evidence import EvidenceError, Record, Store, packed, read_record, unpacked
from conformance.engine.judge import all_tests
from conformance.engine.probe import load_registry
from conformance.engine.replay import rejudge
from conformance.report.archive import write_archive
from conformance.report.kept import KeptError, read_result, unpack
from tests.report.runs import Ended, conformance_offline, judge, judge_offline, result, verdicts

CHOICE = ("--family", "chat", "--fault", "chat.stream.no-done")


@pytest.fixture(scope="module")
def kept(tmp_path_factory: pytest.TempPathFactory) -> Path:
    report = tmp_path_factory.mktemp("kept") / "report"
    ended = judge(report, *CHOICE)
    assert ended.status == 1, ended.text
    return report


def one_clear_line(ended: Ended, *words: str) -> None:
    assert ended.status == 4, ended.text
    assert "Traceback" not in ended.text
    (line,) = [line for line in ended.text.splitlines() if line.startswith("ERROR")]
    for word in words:
        assert word in line


def test_verdicts_are_the_same_with_no_network_elsewhere_and_years_later(kept: Path, tmp_path: Path) -> None:
    ended = judge_offline(tmp_path / "again", f"--replay={kept}", days=3650)
    assert ended.status == 1, ended.text[-3000:]
    assert verdicts(tmp_path / "again") == verdicts(kept)
    again, before = result(tmp_path / "again"), result(kept)
    assert again["replayed"] is True
    for name in ("counts", "spend", "started", "finished", "latency", "not_selected", "rows"):
        assert again[name] == before[name], name


def test_a_zip_of_a_report_gives_the_same_verdicts(kept: Path, tmp_path: Path) -> None:
    packed_report = Path(shutil.make_archive(str(tmp_path / "kept"), "zip", kept.parent, "report"))
    ended = judge_offline(tmp_path / "again", f"--replay={packed_report}")
    assert ended.status == 1, ended.text[-3000:]
    assert verdicts(tmp_path / "again") == verdicts(kept)


def test_a_judging_run_needs_the_network_that_a_replay_does_without(tmp_path: Path) -> None:
    ended = judge_offline(tmp_path / "none", "--family", "models")
    assert ended.status != 0
    assert "there is no network here" in ended.text


def test_judged_again_without_pytest_the_rows_are_the_same(kept: Path) -> None:
    before = read_result(kept)
    rows = sorted(rejudge(before, kept / "evidence"), key=lambda r: (r.family, r.requirement, r.operation, r.test))
    assert rows == list(before.rows)


def test_tests_are_named_as_pytest_names_them(kept: Path) -> None:
    names = {name for name, _ in all_tests(load_registry(load_contract()))}
    assert {row.test for row in read_result(kept).rows} <= names


def test_a_part_of_what_was_recorded_can_be_judged(kept: Path, tmp_path: Path) -> None:
    ended = judge_offline(tmp_path / "part", f"--replay={kept}", "-k", "done")
    assert ended.status == 1, ended.text
    part = verdicts(tmp_path / "part")
    assert 0 < len(part) < 5
    assert part.items() <= verdicts(kept).items()


def test_two_workers_replay_alike(kept: Path, tmp_path: Path) -> None:
    ended = judge_offline(tmp_path / "again", f"--replay={kept}", "-n", "2")
    assert ended.status == 1, ended.text[-3000:]
    assert verdicts(tmp_path / "again") == verdicts(kept)


@pytest.mark.parametrize(
    ("arguments", "words"),
    [
        (("--replay={kept}", "--report={kept}"), ("give another --report=DIR",)),
        (("--replay={kept}", "--fault", "chat.stream.no-done"), ("asks no hub",)),
        (("--replay={kept}/nowhere",), ("cannot read", "nowhere")),
        (("--replay={kept}/summary.md",), ("not a whole ZIP file",)),
    ],
)
def test_what_cannot_be_replayed_is_told(
    arguments: tuple[str, ...], words: tuple[str, ...], kept: Path, tmp_path: Path
) -> None:
    filled = [argument.replace("{kept}", str(kept)) for argument in arguments]
    before = sorted(path.name for path in (kept / "evidence").iterdir())
    one_clear_line(judge_offline(tmp_path / "out", *filled), *words)
    assert sorted(path.name for path in (kept / "evidence").iterdir()) == before


def spoilt(kept: Path, folder: Path, spoil: Callable[[dict[str, Any]], None]) -> Path:
    """The report with one evidence file changed."""
    shutil.copytree(kept / "evidence", folder / "evidence")
    shutil.copy(kept / "result.json", folder)
    path = folder / "evidence" / "chat_answer.json.gz"
    data = json.loads(gzip.decompress(path.read_bytes()))
    spoil(data)
    path.write_bytes(gzip.compress(json.dumps(data).encode()))
    return folder


@pytest.mark.parametrize(
    ("spoil", "words"),
    [
        (lambda data: data.update(format=0), "format 0 cannot be read: this suite reads 1"),
        (lambda data: data.update(format=99), "format 99 cannot be read: this suite reads 1"),
        (lambda data: data.pop("exchanges"), "not evidence of this suite"),
        (lambda data: data["exchanges"][0].update(end="well"), "not evidence of this suite"),
        (lambda data: data.update(key="models_list"), "holds the evidence of 'models_list'"),
    ],
)
def test_evidence_that_is_not_ours_is_refused_before_anything_is_judged(
    spoil: Callable[[dict[str, Any]], None], words: str, kept: Path, tmp_path: Path
) -> None:
    (tmp_path / "into").mkdir()
    with pytest.raises(KeptError) as refused:
        unpack(spoilt(kept, tmp_path, spoil), tmp_path / "into")
    assert words in str(refused.value)
    assert "chat_answer.json.gz" in str(refused.value)
    assert "\n" not in str(refused.value)


@pytest.mark.parametrize(
    ("content", "words"),
    [
        (b"{", "no JSON object"),
        (b"[]", "no JSON object"),
        (b"[" * 100_000, "no JSON object"),
        (b'{"schema_version": 7, "suite": {"version": "9.9"}}', "version 7, written by hub-conformance 9.9"),
        (b'{"schema_version": 1}', "/suite: Field required"),
    ],
)
def test_a_result_that_is_not_ours_is_refused_in_one_line(content: bytes, words: str, tmp_path: Path) -> None:
    (tmp_path / "result.json").write_bytes(content)
    with pytest.raises(KeptError) as refused:
        read_result(tmp_path)
    assert words in str(refused.value)
    assert "\n" not in str(refused.value)


def test_evidence_of_another_edition_is_judged_as_far_as_it_goes(kept: Path, tmp_path: Path) -> None:
    """Another catalogue: what the result does not name is judged where the evidence is there."""
    data = result(kept)
    data["suite"] |= {"edition": "2020-01-01", "catalogue": "0" * 64}
    data["rows"] = [row for row in data["rows"] if row["requirement"] != "chat.stream.done-last"]
    old = tmp_path / "old"
    shutil.copytree(kept / "evidence", old / "evidence")
    (old / "result.json").write_text(json.dumps(data), encoding="utf-8")
    ended = judge_offline(tmp_path / "again", f"--replay={old}")
    assert ended.status == 1, ended.text[-2000:]
    assert "for edition 2020-01-01, judged by edition" in ended.text
    found = {(requirement, verdict) for (_, requirement, _), verdict in verdicts(tmp_path / "again").items()}
    assert ("chat.stream.done-last", "fail") in found
    assert "inconclusive" not in {verdict for _, verdict in found}


def test_evidence_that_is_read_is_written_alike(kept: Path) -> None:
    paths = Store(kept / "evidence").files
    assert len(paths) > 20
    for path in paths:
        assert packed(read_record(path)) == path.read_bytes(), path.name


@pytest.mark.parametrize(
    "content", [b"", b"no gzip", packed(Record("a"))[:-3], packed(Record("a")) + b"x", packed(Record("a")) * 2]
)
def test_damaged_evidence_is_told(content: bytes) -> None:
    with pytest.raises(EvidenceError):
        unpacked(content)


def test_evidence_that_swells_beyond_reason_is_not_unpacked(monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr(evidence_module, "MOST_TEXT", 2**20)
    with pytest.raises(EvidenceError, match="more than 1 MiB"):
        unpacked(gzip.compress(b"0" * (2**20 + 1)))
    assert len(unpacked(gzip.compress(b"0" * 2**20))) == 2**20


def test_a_zip_without_a_result_is_told(tmp_path: Path) -> None:
    (tmp_path / "a.zip").write_bytes(write_archive({"evidence/a.json.gz": b"x"}))
    (tmp_path / "into").mkdir()
    with pytest.raises(KeptError, match=r"holds no result\.json"):
        unpack(tmp_path / "a.zip", tmp_path / "into")


def test_the_commands_say_in_one_line_what_is_not_there(tmp_path: Path) -> None:
    ended = conformance_offline("diff", tmp_path / "a", tmp_path / "b")
    assert ended.status == 4
    assert ended.text.strip().splitlines() == [f"cannot read {tmp_path}/a: No such file or directory"]
