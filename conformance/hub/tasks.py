"""Work that takes time: tasks that run by the clock or with the looks of their caller, from their submission to exactly
one of two ends."""

import time
from collections.abc import Callable, Sequence
from dataclasses import dataclass, field
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
AT_ONCE, IN_TWO_LOOKS, AFTER_A_WAIT = (1.0,), (0.5, 1.0), (0.0, 0.5, 1.0)
"""Courses of tasks, as the parts of the work that are done at each look of their caller."""
PATIENCE = 30.0
"""Seconds after which a task ends whether anybody looks or not."""


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


class Looks:
    """Has a task go on with the looks of its caller, so that he sees every stage, however fast or slow the machine is.

    `shares` are the parts of the work, from 0 to 1 and rising, that are done at the first look, the second, and so on;
    the last one is 1.
    """

    def __init__(self, *shares: float) -> None:
        self._shares = (0.0, *shares)
        self._count = 0

    def look(self) -> None:
        """Lets it go on."""
        self._count = min(self._count + 1, len(self._shares) - 1)

    @property
    def share(self) -> float:
        """The part of the work that is done by now."""
        return self._shares[self._count]


@dataclass(frozen=True)
class Task:
    """Work that was taken in. `kind` is the format that it was submitted in, `order` what its family remembers of it,
    and `failure` says why it is going to fail, empty when it is not. It takes so many `seconds`; one of no time goes on
    with its `looks`, if it has any."""

    id: str
    kind: str
    order: Any
    seconds: float
    failure: str = ""
    looks: Looks | None = field(default=None, repr=False, compare=False)
    submitted: float = field(default_factory=time.time)
    clock: Callable[[], float] = field(default=time.monotonic, repr=False, compare=False)
    begun: float = field(default_factory=time.monotonic, repr=False, compare=False)

    def looked_at(self) -> State:
        """How far it is by now, for its caller, whose look lets it go on."""
        if self.looks:
            self.looks.look()
        return self.state()

    def state(self) -> State:
        """How far it is by now. It never goes back, and an end stays what it is."""
        share = self._share()
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

    def _share(self) -> float:
        passed = self.clock() - self.begun
        if self.seconds > 0:
            return passed / self.seconds
        return 1.0 if self.looks is None or passed > PATIENCE else self.looks.share


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
        looks: Sequence[float] = IN_TWO_LOOKS,
    ) -> Task:
        """Takes in a task under a new id. It fails with `failure`, or when `prompt` holds the word for that; `weight`
        is about the bytes that `order` takes. A task of no time goes on with `looks` of its caller, which are the
        shares of `Looks`; one that fails does so at the first."""
        wished = "The prompt asks for a failure." if FAILURE_WORD in prompt else ""
        failure = failure or wished
        task = Task(unique("task_"), kind, order, seconds, failure, Looks(*(AT_ONCE if failure else looks)))
        self._kept.keep(task.id, task, weight + len(prompt))
        return task

    def find(self, id: str, *kinds: str) -> Task | None:
        """The task, when it is of one of the kinds (any when none is named); None for an unknown or forgotten one."""
        task = self._kept.find(id)
        return task if task is not None and (not kinds or task.kind in kinds) else None
