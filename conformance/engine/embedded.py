"""Starts the embedded reference hub in a process of its own and ends it."""

from __future__ import annotations

import os
import subprocess
import sys
import threading
from dataclasses import dataclass

START_LIMIT = 60.0
"""Seconds that the hub may take to say that it is ready, on a machine that is busy with much else."""


class EmbeddedHubError(Exception):
    """The embedded hub did not start; the text says why."""


@dataclass
class EmbeddedHub:
    """A running hub process. It ends with `stop`, and by itself when this process is gone."""

    base_url: str
    _process: subprocess.Popen[str]

    @classmethod
    def start(
        cls,
        token: str,
        fault: str | None = None,
        latency: str = "",
        task_seconds: float | None = None,
        second_token: str = "",
    ) -> EmbeddedHub:
        """Start a hub on a free port of 127.0.0.1 and wait until it is ready.

        Args:
            token: what it takes; handed over in the environment, never on the command line.
            fault: id of a promise that it shall break.
            latency: milliseconds added to every answer, as in "300", or "300~100" with a jitter of 100.
            task_seconds: how long its videos, pictures and songs take; by default the hub's own choice.
            second_token: that of another account; none when it is empty.

        Raises:
            EmbeddedHubError: it ended instead of becoming ready, or took too long.
        """
        return cls.launch(token, fault, latency, task_seconds, second_token).ready()

    @classmethod
    def launch(
        cls,
        token: str,
        fault: str | None = None,
        latency: str = "",
        task_seconds: float | None = None,
        second_token: str = "",
    ) -> EmbeddedHub:
        """The same without waiting, for who has something else to do meanwhile; `ready` waits."""
        command = [sys.executable, "-m", "conformance.hub", "--port", "0", "--until-stdin-closes"]
        command += ["--fault", fault] if fault else []
        command += ["--latency", latency] if latency else []
        command += ["--task-seconds", str(task_seconds)] if task_seconds else []
        process = subprocess.Popen(
            command,
            stdin=subprocess.PIPE,
            stdout=subprocess.PIPE,
            stderr=subprocess.PIPE,
            text=True,
            env={**os.environ, "HUB_TOKEN": token, "HUB_SECOND_TOKEN": second_token},
        )
        return cls("", process)

    def ready(self) -> EmbeddedHub:
        """Wait until the hub answers, and know its address.

        Raises:
            EmbeddedHubError: it ended instead of becoming ready, or took too long.
        """
        line = _first_line(self._process)
        if not line.startswith("http://"):
            self._process.kill()
            _, errors = self._process.communicate()
            raise EmbeddedHubError(errors.strip().rpartition("\n")[2] or "the embedded hub did not become ready")
        threading.Thread(target=_drain, args=(self._process,), daemon=True).start()
        self.base_url = line
        return self

    def stop(self) -> None:
        """End the process, politely at first."""
        assert self._process.stdin is not None
        self._process.stdin.close()
        self._process.terminate()
        try:
            self._process.wait(5)
        except subprocess.TimeoutExpired:
            self._process.kill()
            self._process.wait(5)
        for pipe in (self._process.stdout, self._process.stderr):
            if pipe:
                pipe.close()


def _first_line(process: subprocess.Popen[str]) -> str:
    assert process.stdout is not None
    watchdog = threading.Timer(START_LIMIT, process.kill)
    watchdog.start()
    line = process.stdout.readline()
    watchdog.cancel()
    return line.strip()


def _drain(process: subprocess.Popen[str]) -> None:
    """Read what the hub says, so that a full pipe never stops it."""
    assert process.stderr is not None
    try:
        for _ in process.stderr:
            pass
    except ValueError:
        return
