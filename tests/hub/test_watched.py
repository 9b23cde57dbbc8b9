"""Tasks that go on with the looks of their caller."""

from __future__ import annotations

import pytest

from conformance.hub.tasks import (
    AFTER_A_WAIT,
    AT_ONCE,
    IN_TWO_LOOKS,
    PATIENCE,
    Looks,
    Phase,
    Task,
    Tasks,
)

QUEUED, RUNNING, DONE, FAILED = Phase


class Clock:
    def __init__(self) -> None:
        self.now = 100.0

    def __call__(self) -> float:
        return self.now


def watched(clock: Clock, looks: tuple[float, ...], seconds: float = 0.0) -> Task:
    return Task("task_1", "song", None, seconds, "", Looks(*looks), submitted=5000.0, clock=clock, begun=clock.now)


@pytest.mark.parametrize(
    ("looks", "stages"),
    [
        (AT_ONCE, [(DONE, 100), (DONE, 100)]),
        (IN_TWO_LOOKS, [(RUNNING, 50), (DONE, 100)]),
        (AFTER_A_WAIT, [(QUEUED, 0), (RUNNING, 50), (DONE, 100)]),
    ],
)
def test_every_stage_is_seen_however_late_the_looks(looks: tuple[float, ...], stages: list[tuple[Phase, int]]) -> None:
    clock = Clock()
    task = watched(clock, looks)
    clock.now += 12
    assert task.state().phase is QUEUED
    seen = [task.looked_at() for _ in stages]
    assert [(state.phase, state.progress) for state in seen] == stages


def test_a_task_that_has_its_time_takes_it() -> None:
    clock = Clock()
    task = watched(clock, AT_ONCE, seconds=10.0)
    clock.now += 1
    assert {task.looked_at().phase for _ in range(50)} == {QUEUED}
    clock.now += 9
    assert task.state().phase is DONE


def test_a_task_that_fails_does_so_at_the_first_look() -> None:
    task = Tasks().submit("song", None, 0.0, failure="why", looks=AFTER_A_WAIT)
    assert task.state().phase is QUEUED
    assert task.looked_at().phase is task.looked_at().phase is FAILED


def test_it_ends_without_anybody_looking() -> None:
    clock = Clock()
    task = watched(clock, AFTER_A_WAIT)
    clock.now += PATIENCE
    assert task.state().phase is QUEUED
    clock.now += 0.1
    assert task.state().phase is DONE
