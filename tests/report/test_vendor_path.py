"""What a vendor does with the suite, from the first red run to the certificate that a buyer verifies."""

from __future__ import annotations

from pathlib import Path

import pytest

from conformance.report.archive import ArchiveError, read_archive, write_archive
from conformance.report.certificate import Refused, verify
from conformance.report.kept import KeptError
from tests.report.runs import Ended, conformance, conformance_offline, judge, verdicts

CHOICE = ("--family", "chat")
FAULT = ("--fault", "chat.stream.no-done")
BROKEN = "chat.stream.done-last"


@pytest.fixture(scope="module")
def folder(tmp_path_factory: pytest.TempPathFactory) -> Path:
    return tmp_path_factory.mktemp("vendor")


@pytest.fixture(scope="module")
def red(folder: Path) -> Ended:
    """The first run: the hub has a fault, and a baseline is written."""
    return judge(folder / "red", *CHOICE, *FAULT, f"--write-baseline={folder / 'known.toml'}")


@pytest.fixture(scope="module")
def expected(folder: Path, red: Ended) -> Ended:
    """The second run, with the same fault and the baseline."""
    return judge(folder / "expected", *CHOICE, *FAULT, f"--baseline={folder / 'known.toml'}")


@pytest.fixture(scope="module")
def mended(folder: Path, red: Ended) -> Ended:
    """The third run: the fault is mended, and the baseline is not."""
    return judge(folder / "mended", *CHOICE, f"--baseline={folder / 'known.toml'}")


@pytest.fixture(scope="module")
def bundle(folder: Path, expected: Ended) -> Path:
    made = conformance("certify", "--report", folder / "expected", "--out", folder / "certificate.zip")
    assert made.status == 0, made.text
    return folder / "certificate.zip"


def test_the_first_run_is_red_and_leaves_a_baseline(folder: Path, red: Ended) -> None:
    assert red.status == 1, red.text
    assert f'requirement = "{BROKEN}"' in (folder / "known.toml").read_text(encoding="utf-8")


def test_the_same_fault_is_expected_then(folder: Path, expected: Ended) -> None:
    assert expected.status == 0, expected.text
    assert "as expected: 1 checks failed, all of them known" in expected.text
    assert verdicts(folder / "expected") == verdicts(folder / "red")


def test_the_mended_hub_makes_the_baseline_stale_at_its_line(folder: Path, mended: Ended) -> None:
    lines = (folder / "known.toml").read_text(encoding="utf-8").splitlines()
    number = lines.index("[[fail]]") + 1
    assert mended.status == 1, mended.text
    assert mended.line("STALE", f"known.toml:{number}", "delete this entry", BROKEN)
    assert set(verdicts(folder / "mended").values()) <= {"pass", "not-testable"}


def test_the_difference_is_shown_both_ways(folder: Path, expected: Ended, mended: Ended) -> None:
    better = conformance("diff", folder / "expected", folder / "mended")
    assert better.status == 0, better.text
    assert "newly kept: 1" in better.text
    worse = conformance("diff", folder / "mended", folder / "expected")
    assert worse.status == 1, worse.text
    assert worse.line(BROKEN, "pass -> fail")


def test_the_certificate_is_verified_where_there_is_no_network(bundle: Path) -> None:
    ended = conformance_offline("verify", bundle)
    assert ended.status == 0, ended.text
    assert ended.line("whole", "every verdict once more")
    assert ended.line("verdict", "not conformant")
    assert ended.line("partial", "tests were left out")
    assert ended.line("not signed")


def test_one_byte_changed_in_any_file_is_refused(bundle: Path, tmp_path: Path) -> None:
    files = read_archive(bundle)
    assert len(files) > 20
    for name, content in files.items():
        for place in (0, len(content) // 2, len(content) - 1):
            changed = bytearray(content)
            changed[place] ^= 0x01
            (tmp_path / "changed.zip").write_bytes(write_archive({**files, name: bytes(changed)}))
            with pytest.raises(Refused, match=r"changed|added|missing"):
                verify(tmp_path / "changed.zip")


def test_one_byte_changed_anywhere_in_the_file_itself_is_refused(bundle: Path, tmp_path: Path) -> None:
    content = bundle.read_bytes()
    directory = content.index(b"PK\x01\x02")
    places = [*range(0, directory, 1709), *range(directory, len(content), 13)]
    assert len(places) > 200
    for place in places:
        changed = bytearray(content)
        changed[place] ^= 0x01
        (tmp_path / "changed.zip").write_bytes(changed)
        with pytest.raises((Refused, ArchiveError, KeptError)):
            verify(tmp_path / "changed.zip")


def test_a_byte_or_a_file_more_or_less_is_refused(bundle: Path, tmp_path: Path) -> None:
    files, content = read_archive(bundle), bundle.read_bytes()
    name = next(name for name in files if name.startswith("evidence/"))
    fewer = {other: data for other, data in files.items() if other != name}
    spoilt = {
        "is missing": write_archive(fewer),
        "was added": write_archive({**files, "evidence/more.json.gz": files[name]}),
        "read-me.txt was added": write_archive({**files, "read-me.txt": b""}),
        "beside its files": content + b"\n",
        "something beside": b"#!/bin/sh\n" + content,
        "statement.json is missing": write_archive({n: d for n, d in files.items() if n != "statement.json"}),
        "not a whole": content[:-30],
    }
    for words, changed in spoilt.items():
        (tmp_path / "changed.zip").write_bytes(changed)
        with pytest.raises((Refused, ArchiveError), match=words):
            verify(tmp_path / "changed.zip")


def test_a_refusal_is_one_line_and_a_status(bundle: Path, tmp_path: Path) -> None:
    files = read_archive(bundle)
    changed = files["result.json"].replace(b'"fail"', b'"pass"')
    (tmp_path / "changed.zip").write_bytes(write_archive({**files, "result.json": changed}))
    ended = conformance_offline("verify", tmp_path / "changed.zip")
    assert ended.status == 1
    (line,) = ended.text.strip().splitlines()
    assert line.startswith("refused: ")
    (tmp_path / "none.zip").write_bytes(b"nothing")
    ended = conformance_offline("verify", tmp_path / "none.zip")
    assert (ended.status, len(ended.text.strip().splitlines())) == (4, 1)
