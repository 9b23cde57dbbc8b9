"""Runs of the suite and its commands in processes of their own, as a vendor starts them."""

from __future__ import annotations

import json
import os
import subprocess
import sys
from collections.abc import Mapping
from dataclasses import dataclass
from pathlib import Path
from typing import Any

ROOT = Path(__file__).resolve().parents[2]
OFFLINE = Path(__file__).with_name("offline.py")
ELSEWHERE = {"TZ": "Pacific/Kiritimati", "LC_ALL": "C", "LANG": "C", "PYTHONUTF8": "0", "PYTHONCOERCECLOCALE": "0"}
"""Another machine's environment: the furthest time zone, and a locale that knows ASCII alone."""


@dataclass(frozen=True)
class Ended:
    status: int
    text: str

    def line(self, *words: str) -> str:
        """The line that holds all the words."""
        return next(line for line in self.text.splitlines() if all(word in line for word in words))


def judge(report: Path, *arguments: str) -> Ended:
    """Judge a hub."""
    return _run([sys.executable, "-m", "pytest", *_options(report), *arguments])


def conformance(*arguments: object) -> Ended:
    """Run one of the commands."""
    return _run([sys.executable, "-m", "conformance", *map(str, arguments)])


def judge_offline(report: Path, *arguments: str, days: int = 0) -> Ended:
    """Judge kept evidence where there is no network, elsewhere, so many days from now."""
    return _run([sys.executable, str(OFFLINE), str(days), "pytest", *_options(report), *arguments], ELSEWHERE)


def conformance_offline(*arguments: object) -> Ended:
    """Run one of the commands where there is no network, elsewhere, years from now."""
    return _run([sys.executable, str(OFFLINE), "3650", "conformance", *map(str, arguments)], ELSEWHERE)


def result(report: Path) -> dict[str, Any]:
    return dict(json.loads((report / "result.json").read_text(encoding="utf-8")))


def verdicts(report: Path) -> dict[tuple[str, str, str], str]:
    return {(r["test"], r["requirement"], r["operation"]): r["verdict"] for r in result(report)["rows"]}


def _options(report: Path) -> list[str]:
    return [f"--report={report}", "-q", "-p", "no:cacheprovider", "--fuzz", "off"]


def _run(command: list[str], further: Mapping[str, str] | None = None) -> Ended:
    hidden = ("HUB_TOKEN", "HUB_BASE_URL", "PYTEST_ADDOPTS", "COLUMNS")
    environment = {name: value for name, value in os.environ.items() if name not in hidden}
    done = subprocess.run(
        command,
        cwd=ROOT,
        env={**environment, **(further or {})},
        capture_output=True,
        encoding="utf-8",
        errors="replace",
        timeout=180,
        check=False,
    )
    return Ended(done.returncode, done.stdout + done.stderr)
