"""Judges of time blame a hub for what it does, and never for what the suite, or its machine, was too slow to see."""

from __future__ import annotations

import pytest

from conformance.everywhere.transport.views import Timing

ROLE = (0.02,)
HELD_BACK = tuple(0.5 + number / 1000 for number in range(30))
STEADY = tuple(0.1 + number / 50 for number in range(30))


@pytest.mark.parametrize("times", [HELD_BACK, ROLE + HELD_BACK], ids=["at once", "at once after a first one"])
def test_a_burst_after_silence_is_held_back(times: tuple[float, ...]) -> None:
    assert Timing(times).held_back
    assert not Timing(times).incremental


@pytest.mark.parametrize("stalled", [0.25, 0.4])
def test_a_burst_after_a_silence_of_the_suite_itself_is_not(stalled: float) -> None:
    assert not Timing(HELD_BACK, stalled).held_back


def test_a_short_stall_does_not_excuse_a_long_silence() -> None:
    late = tuple(2.0 + time for time in HELD_BACK)
    assert Timing(late, 0.4).held_back


def test_a_steady_stream_is_incremental_and_a_short_one_tells_nothing() -> None:
    assert Timing(STEADY).incremental
    short = Timing(tuple(number / 1000 for number in range(30)))
    assert not short.incremental
    assert not short.held_back
