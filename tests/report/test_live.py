"""What a run shows while it runs: a line on a terminal, lines in CI, nothing when it is piped."""

from __future__ import annotations

import io
import os
import pty
import re
import subprocess
import sys
from pathlib import Path

import pytest

from conformance.engine.progress import Progress, ProgressFile, read_progress
from conformance.engine.waiting import WaitingTask
from conformance.report.live import manner, told

ROOT = Path(__file__).resolve().parents[2]


class Terminal(io.StringIO):
    def isatty(self) -> bool:
        return True


@pytest.mark.parametrize(
    ("stream", "environment", "verbose", "how"),
    [
        (Terminal(), {"TERM": "xterm"}, 0, "line"),
        (Terminal(), {"TERM": "xterm", "CI": "true"}, 0, "line"),
        (Terminal(), {"TERM": "dumb"}, 0, "none"),
        (Terminal(), {"TERM": "xterm"}, 1, "none"),
        (io.StringIO(), {"TERM": "xterm"}, 0, "none"),
        (io.StringIO(), {"CI": "true"}, 0, "plain"),
        (io.StringIO(), {"CI": "false"}, 0, "none"),
    ],
)
def test_progress_is_shown_as_the_place_allows(
    stream: io.StringIO, environment: dict[str, str], verbose: int, how: str
) -> None:
    assert manner(stream, environment, verbose) == how


def test_the_line_tells_probes_tasks_spend_and_verdicts() -> None:
    tasks = (
        WaitingTask("videos_sora", "videos-retrieve", 100.0, 700.0, "in_progress 40%"),
        WaitingTask("suno_song", "suno-fetch", 120.0, 700.0),
    )
    verdicts = {"pass": 8, "fail": 1, "error": 1, "warn": 3, "not-testable": 5}
    assert told(Progress(30, 12, 40, 321), tasks, verdicts, 135.0) == [
        "12 of 30 probes",
        "2 tasks waiting, for 35 s: videos_sora in_progress 40%",
        "40 requests, 321 output tokens",
        "8 kept, 2 broken, 3 not as they should",
    ]
    assert told(Progress(), (), {}, 0.0) == ["starting"]


def test_progress_goes_from_process_to_process_by_a_file(tmp_path: Path) -> None:
    assert read_progress(tmp_path) == Progress()
    written = ProgressFile(tmp_path, Progress(planned=3, requests=2))
    written.add(4, 50)
    assert read_progress(tmp_path) == Progress(3, 1, 6, 50)
    written.add(1, 1)
    written.tell()
    assert read_progress(tmp_path) == Progress(3, 2, 7, 51)
    ProgressFile(tmp_path / "gone", Progress()).tell()


def on_a_terminal(tmp_path: Path, *arguments: str, **environment: str) -> tuple[int, str]:
    """Exit status, and all that was written to a terminal of 120 columns."""
    ours, theirs = pty.openpty()
    kept = {k: v for k, v in os.environ.items() if k not in ("CI", "NO_COLOR", "HUB_BASE_URL", "PYTEST_ADDOPTS")}
    process = subprocess.Popen(
        [sys.executable, "-m", "pytest", f"--report={tmp_path}", "-p", "no:cacheprovider", "--fuzz", "off", *arguments],
        cwd=ROOT,
        env={**kept, "TERM": "xterm-256color", "COLUMNS": "120", **environment},
        stdout=theirs,
        stderr=theirs,
        stdin=theirs,
    )
    os.close(theirs)
    said = b""
    while True:
        try:
            more = os.read(ours, 65536)
        except OSError:
            break
        if not more:
            break
        said += more
    os.close(ours)
    return process.wait(60), said.decode("utf-8", "replace")


@pytest.mark.parametrize("workers", [(), ("-n", "2")])
def test_on_a_terminal_one_line_is_drawn_over_and_over(tmp_path: Path, workers: tuple[str, ...]) -> None:
    status, said = on_a_terminal(tmp_path, "--family", "models", "--fault", "models.created.milliseconds", *workers)
    assert status == 1, said[-400:]
    drawn = re.findall(r"(\d+) of (\d+) probes · (\d+) requests", said)
    assert drawn
    assert len({planned for _, planned, _ in drawn}) == 1
    assert "\x1b[31m" in said
    assert re.search(r"FAIL +models\.", said)
    assert not re.search(r"test_lists\.py [.F]+", said)


def test_without_colour_there_is_none(tmp_path: Path) -> None:
    status, said = on_a_terminal(tmp_path, "--family", "models", NO_COLOR="1")
    assert status == 0, said
    assert re.search(r"\d+ of \d+ probes", said)
    assert not re.search(r"\x1b\[[0-9;]*[1-9][0-9;]*m", said)


def test_a_piped_run_shows_no_line(tmp_path: Path) -> None:
    ended = subprocess.run(
        [sys.executable, "-m", "pytest", f"--report={tmp_path}", "--family", "models", "--fuzz", "off"],
        cwd=ROOT,
        env={k: v for k, v in os.environ.items() if k != "CI"},
        capture_output=True,
        text=True,
        timeout=60,
        check=False,
    )
    assert ended.returncode == 0, ended.stdout
    assert "probes ·" not in ended.stdout
    assert "\x1b" not in ended.stdout
