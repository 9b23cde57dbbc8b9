"""Work that takes time: tasks that run by the clock, from their submission to exactly one of two ends."""

import time
from collections.abc import Callable
from dataclasses import dataclass, field, replace
from enum import StrEnum
from typing import Any

from conformance.hub.ids import unique
from conformance.hub.memory import Memory

FAILURE_WORD = "make-this-task-fail"
"""A prompt that holds it is taken in and fails later."""
QUEUED_SHARE, FAILURE_SHARE = 0.25, 0.6
"""Parts of a task's time after which it begins to run, and after which one that fails does so."""
STEP = 10
"""Progress is told in steps of so many percent."""
SHARE_OF_A_LOOK = 0.21
"""Part of a watched task's time that may pass between two looks at it."""
PATIENCE = 5.0
"""Seconds after which a watched task ends whether anybody looks or not."""


class Phase(StrEnum):
    """Where a task is; each family has words of its own for these."""

    QUEUED = "queued"
    RUNNING = "running"
    DONE = "done"
    FAILED = "failed"


@dataclass(frozen=True)
class State:
    """How far a task is. Times are Unix seconds, None for what has not come yet; `progress` is in percent."""

    phase: Phase
    progress: int
    started: float | None = None
    ended: float | None = None

    @property
    def over(self) -> bool:
        """Whether it has ended, well or badly."""
        return self.ended is not None


class WatchedClock:
    """A clock that goes on by one step at most from one look to the next, until the task is late: whoever looks again
    and again sees every stage, however slow the machine is."""

    def __init__(self, begun: float, seconds: float, now: Callable[[], float] = time.monotonic) -> None:
        self._begun = begun
        self._seconds = seconds
        self._now = now
        self._looks = 0

    def look(self) -> None:
        """Lets it go on."""
        self._looks += 1

    def __call__(self) -> float:
        now = self._now()
        late = now - self._begun > self._seconds + PATIENCE
        return now if late else min(now, self._begun + self._looks * SHARE_OF_A_LOOK * self._seconds)


@dataclass(frozen=True)
class Task:
    """Work that was taken in. `kind` is the format that it was submitted in, `order` what its family remembers of it,
    `seconds` the time it takes, and `failure` says why it is going to fail, empty when it is not."""

    id: str
    kind: str
    order: Any
    seconds: float
    failure: str = ""
    submitted: float = field(default_factory=time.time)
    clock: Callable[[], float] = field(default=time.monotonic, repr=False, compare=False)
    begun: float = field(default_factory=time.monotonic, repr=False, compare=False)

    def looked_at(self) -> State:
        """How far it is by now, for its caller: a watched task goes on."""
        if isinstance(self.clock, WatchedClock):
            self.clock.look()
        return self.state()

    def state(self) -> State:
        """How far it is by now. It never goes back, and an end stays what it is."""
        share = (self.clock() - self.begun) / self.seconds if self.seconds > 0 else 1.0
        end = FAILURE_SHARE if self.failure else 1.0
        if share < min(QUEUED_SHARE, end):
            return State(Phase.QUEUED, 0)
        started = self.submitted + QUEUED_SHARE * self.seconds
        if share < end:
            return State(Phase.RUNNING, _step(share), started)
        ended = self.submitted + end * self.seconds
        if self.failure:
            return State(Phase.FAILED, _step(end), started, ended)
        return State(Phase.DONE, 100, started, ended)


def _step(share: float) -> int:
    return int(share * 100 / STEP) * STEP


class Tasks:
    """The tasks that a hub remembers, bounded in number and in weight: the oldest goes first."""

    def __init__(self, most: int = 1024, heaviest: int = 64 * 1024 * 1024) -> None:
        self._kept: Memory[Task] = Memory(most, heaviest)

    def submit(
        self,
        kind: str,
        order: Any,
        seconds: float,
        *,
        prompt: str = "",
        failure: str = "",
        weight: int = 1024,
        watched: bool = False,
    ) -> Task:
        """Takes in a task under a new id. It fails with `failure`, or when `prompt` holds the word for that; `weight`
        is about the bytes that `order` takes. A `watched` task has a `WatchedClock`."""
        wished = "The prompt asks for a failure." if FAILURE_WORD in prompt else ""
        task = Task(unique("task_"), kind, order, seconds, failure or wished)
        if watched:
            task = replace(task, clock=WatchedClock(task.begun, seconds))
        self._kept.keep(task.id, task, weight + len(prompt))
        return task

    def find(self, id: str, *kinds: str) -> Task | None:
        """The task, when it is of one of the kinds (any when none is named); None for an unknown or forgotten one."""
        task = self._kept.find(id)
        return task if task is not None and (not kinds or task.kind in kinds) else None
