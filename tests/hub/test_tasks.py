"""Tasks of the embedded hub by a clock that the test sets."""

from __future__ import annotations

from itertools import pairwise

import pytest

from conformance.hub.tasks import FAILURE_WORD, Phase, Task, Tasks


class Clock:
    def __init__(self) -> None:
        self.now = 100.0

    def __call__(self) -> float:
        return self.now


def task(clock: Clock, failure: str = "") -> Task:
    return Task("task_1", "song", None, 10.0, failure, submitted=5000.0, clock=clock, begun=clock.now)


@pytest.mark.parametrize(
    ("after", "phase", "progress"),
    [(0, "queued", 0), (2.4, "queued", 0), (2.6, "running", 20), (9.9, "running", 90), (10, "done", 100)],
)
def test_a_task_goes_by_the_clock(after: float, phase: str, progress: int) -> None:
    clock = Clock()
    found = task(clock)
    clock.now += after
    assert (found.state().phase, found.state().progress) == (phase, progress)
    assert found.state().over == (phase == "done")


def test_it_never_goes_back_and_its_end_stays() -> None:
    clock = Clock()
    found, order = task(clock), list(Phase)
    states = []
    for _ in range(200):
        states.append(found.state())
        clock.now += 0.1
    assert all(order.index(a.phase) <= order.index(b.phase) and a.progress <= b.progress for a, b in pairwise(states))
    assert len({state.phase for state in states}) == 3
    assert states[-1] == states[-90]
    assert (states[-1].started, states[-1].ended) == (5002.5, 5010.0)


def test_a_failure_comes_before_the_time_is_over() -> None:
    clock = Clock()
    found = task(clock, "no")
    clock.now += 6.1
    state = found.state()
    assert (state.phase, state.progress, state.ended) == ("failed", 60, 5006.0)


def test_a_task_of_no_time_is_done() -> None:
    assert Task("task_1", "song", None, 0.0).state().phase is Phase.DONE


def test_tasks_are_found_by_id_and_kind() -> None:
    tasks = Tasks(most=2)
    first, second = tasks.submit("song", 1, 1.0), tasks.submit("picture", 2, 1.0)
    assert first.id != second.id
    assert tasks.find(first.id) is tasks.find(first.id, "song", "picture") is first
    assert tasks.find(first.id, "picture") is tasks.find("task_0") is None
    tasks.submit("song", 3, 1.0)
    assert tasks.find(first.id) is None


def test_a_prompt_can_ask_for_failure() -> None:
    tasks = Tasks()
    assert tasks.submit("song", None, 1.0, prompt=f"please {FAILURE_WORD}").failure
    assert not tasks.submit("song", None, 1.0, prompt="please").failure
