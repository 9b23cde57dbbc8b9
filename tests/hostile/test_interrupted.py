"""Runs that are cut short from our side: an interrupt, a full disk, a report folder that goes away."""

from __future__ import annotations

import os
import re
import shutil
import signal
import subprocess
import time
from collections.abc import Iterator
from pathlib import Path

import pytest

from conformance.engine.embedded import EmbeddedHub
from tests.hostile.cases import Case, honest_but_slow, never_answers_at_all
from tests.hostile.runs import CANARY, ON_A_DISK_OF, Ended, leaks, started, wait
from tests.hostile.server import HostileHub

QUICK = ["-q", "--family", "chat", "--fuzz", "off"]
EVIDENCE_BEFORE = 6
"""Records that are there when the run is cut short."""


@pytest.fixture(scope="module")
def slow_hub() -> Iterator[str]:
    hub = EmbeddedHub.start(CANARY)
    case = Case("slow", honest_but_slow)
    with HostileHub(hub.base_url, case.answer, lambda ask: ask.number > 2) as slow:
        yield slow.url
    hub.stop()


def reached(report: Path, records: int, limit: float = 30) -> None:
    deadline = time.monotonic() + limit
    while len(list((report / "evidence").glob("*.json.gz"))) < records:
        assert time.monotonic() < deadline, "the run recorded nothing"
        time.sleep(0.02)


def judged(words: Path, limit: float = 30) -> None:
    """Wait until the terminal shows the first verdicts."""
    deadline = time.monotonic() + limit
    while not re.search(r"(?m)^[.FwiI?-]{3}", words.read_text(encoding="utf-8")):
        assert time.monotonic() < deadline, f"the run judged nothing: {words.read_text(encoding='utf-8')}"
        time.sleep(0.02)


def one_clear_line(ended: Ended, *words: str) -> None:
    assert "Traceback" not in ended.text, ended.text[-9000:]
    assert "INTERNALERROR" not in ended.text
    (line,) = [line for line in ended.text.splitlines() if line.startswith("ERROR")]
    assert all(word in line for word in words), line
    assert leaks(ended) == []


def test_an_interrupt_keeps_what_was_recorded_and_says_so(slow_hub: str, tmp_path: Path) -> None:
    began = time.monotonic()
    with started(tmp_path, ["--base-url", slow_hub, *QUICK]) as (process, words):
        judged(words)
        os.killpg(process.pid, signal.SIGINT)
        at = time.monotonic()
        ended = wait(process, words, began)
    assert time.monotonic() - at < 15
    assert ended.status == 2, ended.text[-9000:]
    assert "Traceback" not in ended.text
    assert "interrupted: " in ended.text
    assert ended.result["rows"]
    assert len(list((ended.report / "evidence").glob("*.json.gz"))) >= EVIDENCE_BEFORE
    assert leaks(ended) == []


def test_an_interrupt_before_anything_was_collected_is_no_traceback(tmp_path: Path) -> None:
    began = time.monotonic()
    with (
        HostileHub("http://127.0.0.1:1", never_answers_at_all, lambda ask: True) as hub,
        started(tmp_path, ["--base-url", hub.url, *QUICK]) as (process, words),
    ):
        while not hub.requests:
            assert time.monotonic() < began + 30, "the run asked nothing"
            time.sleep(0.02)
        os.killpg(process.pid, signal.SIGINT)
        ended = wait(process, words, began, limit=60)
    assert ended.status == 2, ended.text[-9000:]
    assert "Traceback" not in ended.text, ended.text[-9000:]


@pytest.mark.parametrize("size", [2_000, 30_000])
def test_a_full_disk_is_one_clear_line(slow_hub: str, tmp_path: Path, size: int) -> None:
    """No file may grow beyond some bytes: none at all, or `result.json` and a large record."""
    began = time.monotonic()
    with started(tmp_path, ["--base-url", slow_hub, *QUICK], file_size=size) as (process, words):
        ended = wait(process, words, began, limit=60)
    assert ended.status == 4, ended.text[-9000:]
    one_clear_line(ended, "cannot write to", "File too large")


@pytest.mark.parametrize("size", [65_536, 400_000])
def test_a_disk_that_fills_up_is_one_clear_line(slow_hub: str, tmp_path: Path, size: int) -> None:
    """There is room for the first records, or for most and not for the report."""
    try:
        allowed = subprocess.run([*ON_A_DISK_OF, "65536", str(tmp_path), "true"], capture_output=True).returncode == 0
    except OSError:
        allowed = False
    if not allowed:
        pytest.skip("this machine lets nobody mount a small disk")
    began = time.monotonic()
    with started(tmp_path, ["--base-url", slow_hub, *QUICK], disk=size) as (process, words):
        ended = wait(process, words, began, limit=120)
    assert ended.status == 4, ended.text[-9000:]
    one_clear_line(ended, "cannot write to", "No space left on device")


def test_a_report_folder_that_goes_away_is_one_clear_line(slow_hub: str, tmp_path: Path) -> None:
    began = time.monotonic()
    with started(tmp_path, ["--base-url", slow_hub, "--concurrency", "1", *QUICK]) as (process, words):
        reached(tmp_path / "report", EVIDENCE_BEFORE)
        (tmp_path / "report").rename(tmp_path / "moved")
        (tmp_path / "report").write_text("in the way")
        ended = wait(process, words, began, limit=60)
    shutil.rmtree(tmp_path / "moved")
    assert ended.status == 4, ended.text[-9000:]
    one_clear_line(ended, "cannot write to", str(tmp_path / "report"))
