"""Whole runs with fuzzing, as a user starts them: what is sent, what is said, what is left on disk."""

from __future__ import annotations

import json
import os
import subprocess
import sys
from collections.abc import Iterator
from dataclasses import dataclass
from pathlib import Path
from typing import Any

import pytest

from conformance.engine.embedded import EmbeddedHub
from tests.support import holding, plain

ROOT = Path(__file__).resolve().parents[2]
TOKEN = "sk-canary-fuzz-9b1f60c2d7"
LIMITED = ("-k", "files or moderations")
"""Judges of few operations, so that a run is short."""
TASKS = ("-k", "files-list or files-retrieve or moderations or videos-create")
"""With one whose tasks are followed."""


@dataclass(frozen=True)
class Ended:
    status: int
    text: str
    result: dict[str, Any]
    notes: dict[str, dict[str, Any]]

    @property
    def sent(self) -> dict[str, tuple[str, int, dict[str, int]]]:
        """For each operation the digest of the requests, their number, and their numbers by phase."""
        return {name: (notes["digest"], notes["requests"], notes["sent"]) for name, notes in self.notes.items()}


def run(report: Path, *arguments: str, folder: Path = ROOT, **variables: str) -> Ended:
    """Pytest on the fuzz room in a process of its own, with further variables in its environment."""
    environment = {k: v for k, v in os.environ.items() if k not in ("HUB_TOKEN", "HUB_BASE_URL", "PYTEST_ADDOPTS")}
    done = subprocess.run(
        [
            *(sys.executable, "-m", "pytest", str(ROOT / "conformance" / "fuzz"), f"--report={report}"),
            *("-p", "no:cacheprovider", "-c", str(ROOT / "pyproject.toml"), *arguments),
        ],
        cwd=folder,
        env={**environment, "HUB_TOKEN": TOKEN, **variables},
        capture_output=True,
        text=True,
        timeout=120,
        check=False,
    )
    path = report / "result.json"
    result = json.loads(path.read_text(encoding="utf-8")) if path.exists() else {}
    paths = sorted((report / "evidence").glob("fuzz_run*"))
    notes = {path.name: json.loads(plain(path))["notes"] for path in paths}
    return Ended(done.returncode, done.stdout + done.stderr, result, notes)


@pytest.fixture(scope="module")
def report(tmp_path_factory: pytest.TempPathFactory) -> Path:
    """One report folder for many runs, so that requests are made once."""
    return tmp_path_factory.mktemp("fuzz") / "report"


@pytest.fixture(scope="module")
def hub() -> Iterator[str]:
    running = EmbeddedHub.start(TOKEN)
    yield running.base_url
    running.stop()


@pytest.fixture(scope="module")
def broken_hub() -> Iterator[str]:
    running = EmbeddedHub.start(TOKEN, "fuzz.token-in-error")
    yield running.base_url
    running.stop()


def test_a_deployment_is_not_fuzzed_unasked(hub: str, report: Path) -> None:
    ended = run(report, "--base-url", hub)
    assert "fuzzing: off; --fuzz quick sends at most 300 requests" in ended.text
    assert ended.result["rows"] == []
    assert ended.notes == {}


def test_the_budget_holds_over_all_operations(hub: str, report: Path) -> None:
    ended = run(report, "--base-url", hub, "--fuzz", "quick", "--fuzz-budget", "120")
    assert "fuzzing: quick, seed 1, at most 120 requests" in ended.text
    assert 60 < ended.result["spend"]["by_family"]["fuzz"] <= 120
    assert sum(notes["requests"] for notes in ended.notes.values()) <= 120
    assert ended.status == 0


def test_the_run_s_budget_binds_the_fuzzing_too(hub: str, report: Path) -> None:
    ended = run(report, "--base-url", hub, "--fuzz", "quick", "--max-requests", "70", *LIMITED)
    assert ended.result["spend"]["requests"] <= 70


def test_the_same_seed_asks_the_same_whatever_the_number_of_workers(tmp_path: Path) -> None:
    one = run(tmp_path / "one", *TASKS)
    two = run(tmp_path / "two", "-n", "2", *TASKS)
    other = run(tmp_path / "other", "--fuzz-seed", "2", "-k", "moderations or files-list")
    assert one.status == two.status == other.status == 0
    assert len(one.sent) == 4
    assert one.sent == two.sent
    assert len(other.sent) == 2
    assert all(one.sent[name][0] != digest for name, (digest, *_) in other.sent.items())


def test_rows_are_of_the_family_and_name_their_operation(report: Path) -> None:
    ended = run(report, "-k", "moderations")
    rows = ended.result["rows"]
    assert {row["family"] for row in rows} == {"fuzz"}
    assert {row["operation"] for row in rows} == {"moderations"}
    assert len({row["requirement"] for row in rows}) == len(rows) > 10


def test_nothing_is_left_outside_the_report(tmp_path: Path) -> None:
    folder, home, temporary = (tmp_path / name for name in ("elsewhere", "home", "temporary"))
    for path in (folder, home, temporary):
        path.mkdir()
    before = set(ROOT.iterdir())
    ended = run(folder / "r", "-n", "2", *LIMITED, folder=folder, HOME=str(home), TMPDIR=str(temporary))
    assert ended.status == 0
    assert [path.name for path in folder.iterdir()] == ["r"]
    assert [path for made in (home, temporary) for path in made.rglob("*") if path.is_file()] == []
    assert set(ROOT.iterdir()) - before <= {ROOT / ".hypothesis", ROOT / ".pytest_cache", ROOT / "reports"}


def test_no_report_holds_the_token(broken_hub: str, tmp_path: Path) -> None:
    kept = tmp_path / "kept"
    ended = run(
        tmp_path / "r", "--base-url", broken_hub, "--fuzz", "quick", "-k", "chat-completions", f"--save-cases={kept}"
    )
    assert ended.status == 1
    assert "fuzz.token-not-repeated" in ended.text
    assert len([path for path in tmp_path.rglob("*") if path.is_file()]) > 10
    assert holding(tmp_path, TOKEN) == []
    assert TOKEN not in ended.text


def test_kept_cases_are_sent_first_the_next_time(report: Path, tmp_path: Path) -> None:
    kept = tmp_path / "kept"
    common = ("-k", "chat-completions", f"--save-cases={kept}")
    first = run(report, "--fault", "fuzz.zero-temperature", *common)
    assert first.status == 1
    (path,) = (kept / "chat-completions").iterdir()
    case = json.loads(path.read_text(encoding="ascii"))
    assert (case["check"], case["operation"]) == ("no-server-error", "chat-completions")
    second = run(report, "--fault", "fuzz.zero-temperature", "--fuzz-seed", "5", *common)
    (notes,) = second.notes.values()
    (finding,) = notes["findings"]
    assert finding["phase"] == "saved"
    assert finding["first"] <= 3  # behind the documented examples
    assert run(report, *common).status == 0


def test_a_finding_reads_like_every_other(report: Path) -> None:
    ended = run(report, "--fault", "fuzz.zero-temperature", "-k", "chat-completions")
    (row,) = [row for row in ended.result["rows"] if row["verdict"] == "fail"]
    assert row["requirement"] == "fuzz.no-server-error"
    assert row["finding"]["got"].startswith("HTTP 500")
    assert '"temperature": 0' in row["finding"]["curl"]
    assert "$HUB_TOKEN" in row["finding"]["curl"]
    assert '"temperature is 0", --fuzz quick --fuzz-seed 1' in row["finding"]["got"]
    for part in ("FAIL  fuzz.no-server-error", "expected", "why", "fix", "curl"):
        assert part in ended.text
    found = [json.loads(path.read_text("utf-8")) for path in (report / "allure-results").glob("*-result.json")]
    (failed,) = [result for result in found if result["status"] == "failed"]
    assert {"name": "requirement", "value": "fuzz.no-server-error"} in failed["labels"]
    assert {"name": "operation", "value": "chat-completions"} in failed["labels"]
    assert len({result["historyId"] for result in found}) == len(found) == len(ended.result["rows"])


@pytest.mark.parametrize("arguments", [("--fuzz", "loud"), ("--fuzz-budget=-1",), ("--fuzz-examples=-1",)])
def test_wrong_options_are_named(report: Path, arguments: tuple[str, ...]) -> None:
    ended = run(report, *arguments)
    assert ended.status == 4
    assert arguments[0].partition("=")[0] in ended.text
    assert "Traceback" not in ended.text
