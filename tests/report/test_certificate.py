"""Certificates: what the statement says, what a forger meets, and which results are none."""

from __future__ import annotations

import json
import shutil
from collections.abc import Callable
from pathlib import Path
from typing import Any

import pytest

from conformance.report import certificate
from conformance.report.archive import ArchiveError, read_archive, write_archive
from conformance.report.certificate import Refused, certify, lines, verify
from conformance.report.kept import KeptError, parse_result
from tests.report.runs import judge
from tests.report.test_archive import TRICKS, packed

Change = Callable[[dict[str, Any]], None]


@pytest.fixture(scope="module")
def report(tmp_path_factory: pytest.TempPathFactory) -> Path:
    folder = tmp_path_factory.mktemp("certified") / "report"
    ended = judge(folder, "--family", "models", "--fault", "models.list.no-owner")
    assert ended.status == 1, ended.text
    return folder


@pytest.fixture(scope="module")
def bundle(report: Path) -> Path:
    path = report.parent / "certificate.zip"
    path.write_bytes(certify(report))
    return path


def forged(bundle: Path, path: Path, change: Change) -> Path:
    """A certificate whose result says something else, with a statement made for it."""
    files = read_archive(bundle)
    data = json.loads(files["result.json"])
    change(data)
    files["result.json"] = json.dumps(data).encode()
    del files["statement.json"]
    statement = certificate._statement(parse_result(files["result.json"], "forged"), files)
    path.write_bytes(write_archive({**files, "statement.json": statement}))
    return path


def test_the_statement_is_one_of_in_toto_about_every_file(bundle: Path) -> None:
    files = read_archive(bundle)
    statement = json.loads(files["statement.json"])
    assert statement["_type"] == "https://in-toto.io/Statement/v1"
    assert statement["predicateType"] == "https://in-toto.io/attestation/test-result/v0.1"
    assert [subject["name"] for subject in statement["subject"]] == sorted(set(files) - {"statement.json"})
    assert all(set(subject["digest"]) == {"sha256"} for subject in statement["subject"])
    predicate = statement["predicate"]
    assert predicate["result"] == "FAILED"
    assert {"name", "uri"} <= set(predicate["configuration"][0])
    assert all({"uri", "digest", "content"} & set(one) for one in predicate["configuration"])
    assert predicate["failedTests"]
    assert set(predicate["failedTests"]).isdisjoint(predicate["passedTests"])


def test_equal_reports_give_equal_certificates(report: Path, bundle: Path) -> None:
    assert certify(report) == bundle.read_bytes()


def test_a_partial_result_says_so(bundle: Path) -> None:
    verified = verify(bundle)
    text = "\n".join(lines(verified, bundle))
    assert "tests were left out" in text
    configuration = json.loads(read_archive(bundle)["statement.json"])["predicate"]["configuration"]
    (told,) = [one["annotations"]["partial"] for one in configuration if one["name"] == "catalogue"]
    assert told == verified.result.partial


def first_fail(data: dict[str, Any]) -> dict[str, Any]:
    return dict(next(row for row in data["rows"] if row["verdict"] == "fail"))


def passes(data: dict[str, Any]) -> None:
    for row in data["rows"]:
        if row["verdict"] == "fail":
            row.update(verdict="pass", reason="", finding=None)


def leaves_out(data: dict[str, Any]) -> None:
    broken = first_fail(data)
    data["rows"] = [row for row in data["rows"] if row["test"] != broken["test"]]


def says_otherwise(data: dict[str, Any]) -> None:
    for row in data["rows"]:
        if row["verdict"] == "fail":
            row["reason"] = "nothing serious"


def counts_otherwise(data: dict[str, Any]) -> None:
    data["requirements"]["pass"] += 1


def is_conformant(data: dict[str, Any]) -> None:
    data["conformant"], data["exit_status"] = True, 0


def is_faster(data: dict[str, Any]) -> None:
    next(iter(data["latency"].values()))["whole_seconds"] = 0.0001


def is_whole(data: dict[str, Any]) -> None:
    data["not_selected"], data["left_out"] = [], 0


@pytest.mark.parametrize(
    ("change", "words"),
    [
        (passes, "is fail, not pass"),
        (says_otherwise, "in other words"),
        (leaves_out, "does not add up"),
        (counts_otherwise, "does not add up"),
        (is_conformant, "does not add up"),
        (is_faster, "does not add up"),
        (is_whole, "does not add up"),
    ],
)
def test_a_result_that_its_evidence_does_not_give_is_refused_however_well_it_is_packed(
    change: Change, words: str, bundle: Path, tmp_path: Path
) -> None:
    with pytest.raises(Refused, match=words):
        verify(forged(bundle, tmp_path / "forged.zip", change))


def of_another_edition(data: dict[str, Any]) -> None:
    data["suite"] |= {"edition": "2031-01-01", "version": "9.0", "catalogue": "0" * 64}


def test_a_certificate_of_another_edition_names_the_version_that_reads_it(bundle: Path, tmp_path: Path) -> None:
    with pytest.raises(KeptError, match=r"edition 2031-01-01, hub-conformance 9\.0, and this is edition"):
        verify(forged(bundle, tmp_path / "forged.zip", of_another_edition))


def test_what_was_changed_before_is_not_certified(report: Path, tmp_path: Path) -> None:
    shutil.copytree(report, tmp_path / "changed")
    data = json.loads((report / "result.json").read_bytes())
    passes(data)
    (tmp_path / "changed" / "result.json").write_text(json.dumps(data), encoding="utf-8")
    with pytest.raises(Refused, match="the evidence does not give this result"):
        certify(tmp_path / "changed")


def test_a_folder_without_a_report_is_not_certified(tmp_path: Path) -> None:
    with pytest.raises(KeptError, match=r"cannot read .*result\.json"):
        certify(tmp_path)


@pytest.mark.parametrize("trick", TRICKS)
def test_a_trick_of_the_archive_is_refused(trick: str, tmp_path: Path) -> None:
    pack, _ = TRICKS[trick]
    with pytest.raises(ArchiveError):
        verify(packed(pack, tmp_path / "trick.zip"))
