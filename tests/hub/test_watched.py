"""Tasks that wait for their caller to look."""

from __future__ import annotations

import pytest

from conformance.hub.tasks import PATIENCE, Phase, Task, Tasks, WatchedClock


class Clock:
    def __init__(self) -> None:
        self.now = 100.0

    def __call__(self) -> float:
        return self.now


def watched(clock: Clock, failure: str = "") -> Task:
    watch = WatchedClock(clock.now, 10.0, clock)
    return Task("task_1", "song", None, 10.0, failure, submitted=5000.0, clock=watch, begun=clock.now)


@pytest.mark.parametrize(("failure", "end"), [("", Phase.DONE), ("why", Phase.FAILED)])
def test_however_late_the_looks_every_stage_is_seen(failure: str, end: Phase) -> None:
    clock = Clock()
    task = watched(clock, failure)
    clock.now += 12
    seen = [task.looked_at().phase for _ in range(6)]
    assert list(dict.fromkeys(seen)) == [Phase.QUEUED, Phase.RUNNING, end]


def test_looking_often_does_not_make_it_fast() -> None:
    clock = Clock()
    task = watched(clock)
    clock.now += 1
    assert {task.looked_at().phase for _ in range(50)} == {Phase.QUEUED}
    clock.now += 9.5
    assert task.looked_at().phase is Phase.DONE


def test_it_ends_without_anybody_looking() -> None:
    clock = Clock()
    task = watched(clock)
    clock.now += 10 + PATIENCE
    assert task.state().phase is Phase.QUEUED
    clock.now += 0.1
    assert task.state().phase is Phase.DONE


def test_only_those_that_ask_for_it_are_watched() -> None:
    tasks = Tasks()
    assert isinstance(tasks.submit("song", None, 1.0, watched=True).clock, WatchedClock)
    plain = tasks.submit("song", None, 0.0)
    assert plain.looked_at().phase is Phase.DONE
