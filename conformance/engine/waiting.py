"""Tasks that the run is waiting for: videos, pictures and songs that a hub has taken in and not yet finished.

The process that asks writes them into a small file of the evidence folder, each time that something is new; whoever
knows the folder can read them, a terminal reporter first of all. Under xdist that is the controller, which asks nothing
itself. The file is gone when nothing is waited for.
"""

from __future__ import annotations

import contextlib
import json
import time
from dataclasses import asdict, dataclass, replace
from pathlib import Path

WAITING_FILE = ".waiting"


@dataclass(frozen=True)
class WaitingTask:
    """A task that is not over. Times are Unix seconds, because one process writes them and another reads them."""

    probe: str
    """Key of the evidence that its probe records."""
    operation: str
    """Id of the operation by which it is looked up."""
    since: float
    """When it was first looked up."""
    until: float
    """When the suite stops waiting for it."""
    status: str = ""
    """What the hub said of it last, safe to print: its status, with its progress where that is told."""
    polls: int = 0
    """How often it was looked up so far."""

    def age(self, now: float | None = None) -> float:
        """Seconds since it was first looked up."""
        return max(0.0, (time.time() if now is None else now) - self.since)


class WaitingList:
    """The tasks of one asking process. Without a folder nobody else can see them."""

    def __init__(self, folder: Path | None = None) -> None:
        self._path = folder and folder / WAITING_FILE
        self._tasks: dict[str, WaitingTask] = {}

    def start(self, probe: str, operation: str, timeout: float) -> None:
        """A probe begins to look a task up, for at most `timeout` seconds."""
        now = time.time()
        self._tasks[probe] = WaitingTask(probe, operation, now, now + timeout)
        self._tell()

    def seen(self, probe: str, status: str) -> None:
        """A look-up said that the task of this probe is not over."""
        known = self._tasks[probe]
        self._tasks[probe] = replace(known, status=status, polls=known.polls + 1)
        self._tell()

    def ended(self, probe: str) -> None:
        """The task of this probe is over, or is not waited for any longer."""
        self._tasks.pop(probe, None)
        self._tell()

    def _tell(self) -> None:
        """Write the file anew. It is a courtesy: no probe fails because the folder is gone or full."""
        if self._path is None:
            return
        with contextlib.suppress(OSError):
            if not self._tasks:
                self._path.unlink(missing_ok=True)
                return
            draft = self._path.with_name(f"{WAITING_FILE}.part")
            draft.write_text(json.dumps([asdict(task) for task in self._tasks.values()]), encoding="ascii")
            draft.replace(self._path)


def waiting_tasks(folder: Path) -> tuple[WaitingTask, ...]:
    """The tasks that the run into this evidence folder is waiting for now, the oldest first; none when it waits for
    nothing."""
    try:
        told = json.loads((folder / WAITING_FILE).read_text(encoding="ascii"))
        return tuple(sorted((WaitingTask(**task) for task in told), key=lambda task: task.since))
    except (OSError, ValueError, TypeError):
        return ()
