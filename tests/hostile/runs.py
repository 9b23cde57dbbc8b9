"""Whole runs of the suite as a user starts them, seen from outside: time, memory, words, and what is left on disk."""

from __future__ import annotations

import base64
import contextlib
import json
import os
import re
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
from tests.support import plain

ROOT = Path(__file__).resolve().parents[2]
CANARY = "sk-canary-7Rk2vQ9xLw4mTz8pBn3c"
MOST_MEGABYTES = 300
ON_A_DISK_OF = ("unshare", "-rm", "sh", "-c", 'mount -t tmpfs -o size="$0" tmpfs "$1" && shift && exec "$@"')
"""Begins a command that has so many bytes of disk in a folder; wants Linux, and the right to name spaces."""
DISCOVERY = 2
"""Requests that a run sends before it collects: the model list and one answer."""


@dataclass(frozen=True)
class Ended:
    """What a run came to. `megabytes` is the greatest resident size of its process, `cpu_seconds` what it used."""

    status: int
    text: str
    report: Path
    cache: Path
    seconds: float
    megabytes: int
    cpu_seconds: float
    strangers: int = 0

    @property
    def result(self) -> dict[str, Any]:
        return dict(json.loads((self.report / "result.json").read_text(encoding="utf-8")))

    @property
    def verdicts(self) -> Counter[str]:
        if not (self.report / "result.json").exists():
            return Counter()
        return Counter(row["verdict"] for row in self.result["rows"])

    def of_verdict(self, verdict: str) -> list[str]:
        """The requirements with this verdict, each with what it is about."""
        if not (self.report / "result.json").exists():
            return []
        rows = [row for row in self.result["rows"] if row["verdict"] == verdict]
        return [f"{row['requirement']} {row['operation']}: {row['reason'][-300:]}" for row in rows]


@contextlib.contextmanager
def started(
    folder: Path, arguments: Iterable[str], *, file_size: int | None = None, disk: int | None = None
) -> Iterator[tuple[subprocess.Popen[bytes], Path]]:
    """Start the suite in a process of its own; its words go to the file that is yielded beside the process.

    `file_size` bounds every file that it writes, `disk` the report folder as a whole, both in bytes. Such a folder is a
    file system that nobody else sees, and gone with the process.
    """
    words = folder / "words.txt"
    # In CI a run tells of itself in other words.
    environment = {k: v for k, v in os.environ.items() if k not in ("HUB_BASE_URL", "PYTEST_ADDOPTS", "CI")}
    environment |= {"HUB_TOKEN": CANARY, "COLUMNS": "110"}
    command = [sys.executable, "-m", "tests.hostile.watch", str(folder / "watched.json"), str(file_size or 0)]
    command += ["-m", "pytest", f"--report={folder / 'report'}", "-o", f"cache_dir={folder / 'cache'}", *arguments]
    if disk:
        (folder / "report").mkdir()
        command = [*ON_A_DISK_OF, str(disk), str(folder / "report"), *command]
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
        *json.loads((folder / "watched.json").read_text(encoding="utf-8")),
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


def faults_of(ended: Ended) -> list[str]:
    """What went against the rules that hold of every run, whatever the hub did; empty when nothing did."""
    found = [f"{word} on the terminal" for word in ("Traceback", "INTERNALERROR") if word in ended.text]
    found += [f"the token stands in {place}" for place in leaks(ended)]
    found += [f"control characters on the terminal: {line!r}" for line in live_escapes(ended)[:3]]
    found += [f"live markup in {place}" for place in live_script(ended)]
    found += ["it connected to the host of a redirect"] if ended.strangers else []
    found += [f"{ended.megabytes} MB"] if ended.megabytes >= MOST_MEGABYTES else []
    found += [f"errors of ours: {rows}"] if (rows := ended.of_verdict("error")) else []
    if ended.status not in (1, 2, 4):
        found.append(f"exit status {ended.status}: {ended.text[-1000:]}")
    elif ended.status == 4 and len([line for line in ended.text.splitlines() if line.startswith("ERROR")]) != 1:
        found.append(f"more or less than one clear line: {ended.text[-1000:]}")
    elif ended.status != 4 and not (ended.of_verdict("fail") or ended.of_verdict("inconclusive")):
        found.append("neither a finding nor an inconclusive verdict")
    return found


def leaks(ended: Ended) -> list[str]:
    """Where the token stands, in any usual spelling: files of the report and of pytest's cache, and the terminal."""
    folder = ended.report.parent
    files = [path for path in folder.rglob("*") if path.is_file()]
    return [str(path.relative_to(folder)) for path in files if spelt(plain(path))]


def spelt(data: bytes) -> bool:
    """Whether the token stands in some bytes."""
    return _SPELT.search(data) is not None


def _spellings() -> re.Pattern[bytes]:
    """The canary by itself, in base64 and hexadecimal, and with any of its characters escaped."""
    raw = CANARY.encode()
    letters = (
        rf"(?:{re.escape(c)}|\\{{1,16}}u{ord(c):04x}|%{ord(c):02x}|\\{{1,16}}x{ord(c):02x}|&#x0*{ord(c):x};|&#0*{ord(c)};)"
        for c in CANARY
    )
    # The middle of each of the three ways in which base64 may align it.
    coded = [base64.b64encode(bytes(shift) + raw)[4:-4].decode() for shift in range(3)]
    choices = ["".join(letters), raw.hex(), *map(re.escape, coded)]
    return re.compile("|".join(choices).encode(), re.IGNORECASE)


_SPELT = _spellings()


def live_escapes(ended: Ended) -> list[str]:
    """Lines of the terminal with characters that move a cursor or hide others."""
    return [line for line in ended.text.split("\n") if not line.isprintable()]


_MARKUP = (".html", ".md", ".svg", ".xml")
_CODE_SPAN = re.compile(r"(`+)(?!`).*?(?<!`)\1(?!`)", re.S)


def live_script(ended: Ended) -> list[str]:
    """Files of the report in which what the hub said is markup, or moves a terminal's cursor."""
    found = []
    for path in ended.report.rglob("*"):
        if path.suffix not in _MARKUP:
            continue
        text = path.read_text(encoding="utf-8")
        shown = _CODE_SPAN.sub("", text) if path.suffix == ".md" else text
        if re.search(r"<script>alert|<img src=x|\x1b", shown):
            found.append(str(path.relative_to(ended.report)))
    return found
