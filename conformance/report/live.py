"""What a run shows while it runs: one line on a terminal, a line now and then in CI, nothing when it is piped."""

from __future__ import annotations

import os
import sys
import threading
import time
from collections import Counter
from collections.abc import Generator, Mapping
from pathlib import Path
from typing import TYPE_CHECKING, Any, Literal, TextIO

import pytest

from conformance.engine.judge import SEVERITY, Verdict
from conformance.engine.progress import Progress, read_progress
from conformance.engine.waiting import WaitingTask, waiting_tasks
from conformance.report.words import ENGLISH, Words, padded

if TYPE_CHECKING:
    from rich.text import Text

INTERVAL = 15.0
"""Seconds between two lines in CI."""
REFRESHES = 4
"""How often a second the line is drawn anew."""
MOST_FINDINGS = 20
"""Broken sentences that are named at once; all of them stand in the summary."""
Manner = Literal["line", "plain", "none"]


def manner(stream: TextIO, environment: Mapping[str, str], verbose: int) -> Manner:
    """How progress is shown: with `-v` pytest shows enough by itself."""
    if verbose > 0:
        return "none"
    if stream.isatty() and environment.get("TERM", "") not in ("", "dumb"):
        return "line"
    return "plain" if environment.get("CI", "").lower() not in ("", "0", "false") and not stream.isatty() else "none"


def told(
    progress: Progress, tasks: tuple[WaitingTask, ...], verdicts: Mapping[str, int], now: float, say: Words = ENGLISH
) -> list[str]:
    """The parts of the line: probes, waiting tasks, spend, verdicts. Empty parts are left out."""
    done = say("{done} of {planned} probes", done=progress.done, planned=progress.planned)
    parts = [done if progress.planned else say("starting")]
    if tasks:
        oldest = tasks[0]
        status = f" {oldest.status}" if oldest.status else ""
        many = say("{count} tasks", count=len(tasks)) if len(tasks) > 1 else say("1 task")
        age = f"{oldest.age(now):.0f}"
        parts.append(say("{tasks} waiting, for {seconds} s", tasks=many, seconds=age) + f": {oldest.probe}{status}")
    if progress.requests:
        spent = say("{requests} requests, {tokens} output tokens", requests=progress.requests, tokens=progress.tokens)
        parts.append(spent)
    broken, warned = verdicts.get(Verdict.FAIL, 0) + verdicts.get(Verdict.ERROR, 0), verdicts.get(Verdict.WARN, 0)
    kept = verdicts.get(Verdict.PASS, 0)
    words = ((kept, say("kept")), (broken, say("broken")), (warned, say("not as they should")))
    judged = ", ".join(f"{number} {word}" for number, word in words if number)
    return [*parts, judged] if judged else parts


class LiveView:
    """A pytest plugin of the process that reports: draws in a thread of its own, since judges wait for evidence."""

    def __init__(self, folder: Path, how: Manner, reporter: Any, *, colour: bool, say: Words = ENGLISH) -> None:
        self._folder = folder
        self._how = how
        self._colour = colour
        self._say = say
        self._verdicts: Counter[str] = Counter()
        self._named: set[str] = set()
        self._started = time.monotonic()
        self._stopped = threading.Event()
        self._live: Any = None
        # While a test runs, pytest holds on to the usual output.
        self._out: TextIO = os.fdopen(os.dup(sys.stdout.fileno()), "w", encoding="utf-8", errors="replace")
        reporter.showfspath = False
        reporter._show_progress_info = False

    @pytest.hookimpl(wrapper=True, tryfirst=True)
    def pytest_runtestloop(self) -> Generator[None, object, object]:
        try:
            return (yield)
        finally:
            self._stop()

    def pytest_runtest_logstart(self) -> None:
        if self._live is None and not self._stopped.is_set():
            self._start()

    @pytest.hookimpl(tryfirst=True)
    def pytest_report_teststatus(self, report: Any) -> tuple[str, str, str] | None:
        """No letter for a judge: the line says it all."""
        rows = getattr(report, "conformance", None)
        if not rows or report.when != "call":
            return None
        verdict = min((Verdict(row["verdict"]) for row in rows), key=SEVERITY.index)
        usual = {Verdict.PASS: "passed", Verdict.FAIL: "failed", Verdict.ERROR: "failed"}
        return usual.get(verdict, str(verdict)), "", ""

    def pytest_runtest_logreport(self, report: Any) -> None:
        for row in getattr(report, "conformance", None) or ():
            self._verdicts[row["verdict"]] += 1
            name = row["requirement"]
            if row["verdict"] in (Verdict.FAIL, Verdict.ERROR) and name not in self._named:
                self._named.add(name)
                if len(self._named) <= MOST_FINDINGS:
                    self._name(row["verdict"], name, row["operation"])

    def _name(self, verdict: str, requirement: str, operation: str) -> None:
        word = padded(self._say(verdict).upper(), 5)
        line = f"{word} {requirement}  {operation}".rstrip()
        if self._how == "line" and self._live is not None:
            from rich.text import Text

            self._live.console.print(Text(line, style="red" if self._colour else ""))
        else:
            self._write(line)

    def _start(self) -> None:
        if self._how == "plain":
            self._live = threading.Thread(target=self._tell_now_and_then, daemon=True)
            self._live.start()
            return
        from rich.console import Console
        from rich.live import Live

        console = Console(file=self._out, force_terminal=True, no_color=not self._colour, highlight=False, markup=False)
        self._live = Live(
            console=console,
            get_renderable=self._text,
            refresh_per_second=REFRESHES,
            transient=True,
            redirect_stdout=False,
            redirect_stderr=False,
        )
        self._live.start(refresh=True)

    def _stop(self) -> None:
        self._stopped.set()
        if self._live is not None and self._how == "line":
            self._live.stop()
        elif self._live is not None:
            self._live.join(1)
        self._out.close()

    def _parts(self) -> list[str]:
        seconds = f"{time.monotonic() - self._started:.0f} s"
        tasks = waiting_tasks(self._folder)
        return [seconds, *told(read_progress(self._folder), tasks, self._verdicts, time.time(), self._say)]

    def _text(self) -> Text:
        from rich.text import Text

        return Text(" · ".join(self._parts()), style="dim" if self._colour else "", no_wrap=True, overflow="ellipsis")

    def _tell_now_and_then(self) -> None:
        while not self._stopped.wait(INTERVAL):
            self._write(" · ".join(self._parts()))

    def _write(self, line: str) -> None:
        if not self._out.closed:
            self._out.write(f"{line}\n")
            self._out.flush()
