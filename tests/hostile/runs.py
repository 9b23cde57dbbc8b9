"""Whole runs of the suite as a user starts them, seen from outside: time, memory, words, and what is left on disk."""

from __future__ import annotations

import contextlib
import json
import os
import signal
import subprocess
import sys
import time
from collections import Counter
from collections.abc import Iterable, Iterator
from dataclasses import dataclass, replace
from pathlib import Path
from typing import Any

from tests.hostile.cases import HUBS, OTHER_HOST, Case
from tests.hostile.server import Ask, HostileHub

ROOT = Path(__file__).resolve().parents[2]
CANARY = "sk-canary-7Rk2vQ9xLw4mTz8pBn3c"
MOST_MEGABYTES = 300
DISCOVERY = 2
"""Requests that a run sends before it collects: the model list and one answer."""


@dataclass(frozen=True)
class Ended:
    """What a run came to. `megabytes` is the greatest resident size of its process."""

    status: int
    text: str
    report: Path
    cache: Path
    seconds: float
    megabytes: int
    strangers: int = 0

    @property
    def result(self) -> dict[str, Any]:
        return dict(json.loads((self.report / "result.json").read_text(encoding="utf-8")))

    @property
    def verdicts(self) -> Counter[str]:
        if not (self.report / "result.json").exists():
            return Counter()
        return Counter(row["verdict"] for row in self.result["rows"])


@contextlib.contextmanager
def started(
    folder: Path, arguments: Iterable[str], *, file_size: int | None = None
) -> Iterator[tuple[subprocess.Popen[bytes], Path]]:
    """Start the suite in a process of its own; its words go to the file that is yielded beside the process."""
    words = folder / "words.txt"
    environment = {k: v for k, v in os.environ.items() if k not in ("HUB_BASE_URL", "PYTEST_ADDOPTS")}
    environment |= {"HUB_TOKEN": CANARY, "COLUMNS": "110"}
    command = [sys.executable, "-m", "tests.hostile.watch", str(folder / "watched.json"), str(file_size or 0)]
    command += ["-m", "pytest", f"--report={folder / 'report'}", "-o", f"cache_dir={folder / 'cache'}", *arguments]
    with words.open("wb") as out:
        process = subprocess.Popen(command, cwd=ROOT, env=environment, stdout=out, stderr=out, start_new_session=True)
        try:
            yield process, words
        finally:
            if process.poll() is None:
                os.killpg(process.pid, signal.SIGKILL)
                process.wait()


def wait(process: subprocess.Popen[bytes], words: Path, began: float, strangers: int = 0, limit: float = 600) -> Ended:
    """Wait for the end of a run.

    Raises:
        TimeoutError: it has not ended `limit` seconds after `began`.
    """
    try:
        status = process.wait(limit - (time.monotonic() - began))
    except subprocess.TimeoutExpired:
        raise TimeoutError(f"the run has not ended after {limit:g} s") from None
    folder = words.parent
    return Ended(
        status,
        words.read_text(encoding="utf-8", errors="backslashreplace"),
        folder / "report",
        folder / "cache",
        time.monotonic() - began,
        json.loads((folder / "watched.json").read_text(encoding="utf-8")),
        strangers,
    )


def attacked(case: Case, upstream: str, folder: Path, arguments: Iterable[str], limit: float = 600) -> Ended:
    """Run the suite against a hostile hub."""

    def harmful(ask: Ask) -> bool:
        return case.from_the_start or ask.number > DISCOVERY

    folder.mkdir(parents=True, exist_ok=True)
    with HostileHub(upstream, case.answer, harmful) as hub:
        HUBS.append(hub)
        OTHER_HOST.append(hub.other_url.encode())
        began = time.monotonic()
        with started(folder, ["--base-url", hub.url, "--fuzz", "off", *arguments]) as (process, words):
            ended = wait(process, words, began, limit=limit)
        HUBS.clear()
        if hub.mistakes:
            raise RuntimeError(f"the hostile hub itself went wrong: {hub.mistakes[0]}")
        return replace(ended, strangers=hub.strangers)


def leaks(ended: Ended) -> list[str]:
    """Where the token stands: files of the report and of pytest's cache, and the terminal."""
    folder = ended.report.parent
    files = [path for path in folder.rglob("*") if path.is_file()]
    return [str(path.relative_to(folder)) for path in files if CANARY.encode() in path.read_bytes()]


def live_escapes(ended: Ended) -> list[str]:
    """Lines of the terminal with characters that move a cursor or hide others."""
    return [line for line in ended.text.split("\n") if not line.isprintable()]
