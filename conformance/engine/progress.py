"""How far asking has come, told from the process that asks to whoever shows it.

Like the list of waiting tasks, it is a small file of the evidence folder, so that the controller of several workers can
read it, which asks nothing itself.
"""

from __future__ import annotations

import contextlib
import json
import time
from dataclasses import asdict, dataclass, replace
from pathlib import Path

PROGRESS_FILE = ".progress"
OFTEN = 0.1
"""Seconds between two writes of the file."""


@dataclass(frozen=True)
class Progress:
    """Probes that are planned and done, and what they have cost so far."""

    planned: int = 0
    done: int = 0
    requests: int = 0
    tokens: int = 0


class ProgressFile:
    """Writes the file anew as probes end. It is a courtesy: nothing fails because it cannot be written."""

    def __init__(self, folder: Path, begun: Progress) -> None:
        self._path = folder / PROGRESS_FILE
        self._told_at = 0.0
        self.now = begun

    def add(self, requests: int, tokens: int) -> None:
        """A probe has ended, and has sent this much."""
        now = self.now
        self.now = replace(now, done=now.done + 1, requests=now.requests + requests, tokens=now.tokens + tokens)
        if time.monotonic() - self._told_at > OFTEN:
            self.tell()

    def tell(self) -> None:
        self._told_at = time.monotonic()
        with contextlib.suppress(OSError):
            draft = self._path.with_name(f"{PROGRESS_FILE}.part")
            draft.write_text(json.dumps(asdict(self.now)), encoding="ascii")
            draft.replace(self._path)


def read_progress(folder: Path) -> Progress:
    """How far the run into this evidence folder has come; all zero when it has not begun."""
    try:
        return Progress(**json.loads((folder / PROGRESS_FILE).read_text(encoding="ascii")))
    except (OSError, ValueError, TypeError):
        return Progress()
