"""What a whole run leaves in its report folder, and that Allure can follow a check from run to run."""

from __future__ import annotations

import json
import os
import subprocess
import sys
from collections import Counter
from pathlib import Path
from typing import Any

import pytest

from conformance.report.write import FACES

ROOT = Path(__file__).resolve().parent.parent.parent
FAMILIES = ("--family", "chat")
WITHIN = 120
"""Seconds."""


def run(report: Path, *arguments: str) -> Path:
    environment = {k: v for k, v in os.environ.items() if k not in ("HUB_TOKEN", "HUB_BASE_URL", "PYTEST_ADDOPTS")}
    subprocess.run(
        [sys.executable, "-m", "pytest", "-q", "-p", "no:cacheprovider", f"--report={report}", *FAMILIES, *arguments],
        cwd=ROOT,
        env=environment,
        capture_output=True,
        timeout=WITHIN,
        check=False,
    )
    return report


@pytest.fixture(scope="module")
def spoilt(tmp_path_factory: pytest.TempPathFactory) -> Path:
    return run(tmp_path_factory.mktemp("spoilt"), "--fault", "chat.stream.no-done")


def results(report: Path) -> list[dict[str, Any]]:
    files = sorted((report / "allure-results").glob("*-result.json"))
    return [json.loads(path.read_text(encoding="utf-8")) for path in files]


def test_a_run_leaves_every_face(spoilt: Path) -> None:
    assert not [name for name in FACES if not (spoilt / name).is_file()]
    assert "chat.stream.done-last" in (spoilt / "report.html").read_text(encoding="utf-8")
    assert "broken" in json.loads((spoilt / "badge.json").read_text(encoding="utf-8"))["message"]


def test_allure_knows_a_check_again_in_another_run_and_in_another_worker(spoilt: Path, tmp_path: Path) -> None:
    one = Counter(result["historyId"] for result in results(spoilt))
    other = Counter(result["historyId"] for result in results(run(tmp_path, "-n", "2")))
    assert one == other
    assert set(one.values()) == {1}


def test_an_allure_result_says_what_it_is_about(spoilt: Path) -> None:
    (broken,) = (
        result
        for result in results(spoilt)
        if result["status"] == "failed" and "chat.stream.done-last" in json.dumps(result["labels"])
    )
    labels = {label["name"]: label["value"] for label in broken["labels"]}
    assert {name: labels[name] for name in ("feature", "story", "level", "verdict")} == {
        "feature": "chat",
        "story": "chat-completions",
        "level": "MUST",
        "verdict": "fail",
    }
    assert {"finding", "curl", "exchange 1"} <= {attachment["name"] for attachment in broken["attachments"]}
    assert "fix: " in broken["description"]


def test_allure_gets_its_environment_and_categories(spoilt: Path) -> None:
    environment = (spoilt / "allure-results" / "environment.properties").read_text(encoding="utf-8")
    assert "hub=embedded\n" in environment
    categories = json.loads((spoilt / "allure-results" / "categories.json").read_text(encoding="utf-8"))
    assert all({"name", "matchedStatuses"} <= set(category) for category in categories)


def test_equal_evidence_gives_equal_pages(spoilt: Path, tmp_path: Path) -> None:
    before = {name: (spoilt / name).read_bytes() for name in FACES}
    subprocess.run([sys.executable, "-m", "conformance", "report", str(spoilt)], cwd=ROOT, check=True, timeout=WITHIN)
    assert before == {name: (spoilt / name).read_bytes() for name in FACES}
