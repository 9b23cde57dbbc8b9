"""Time lines: scale, journeys of tasks, and what is none."""

from __future__ import annotations

import pytest

from conformance.engine.evidence import Record
from conformance.report.timeline import duration, journey, mood, timeline
from conformance.wire.exchange import Exchange, Request
from tests.report.example import answer, stream, task


@pytest.mark.parametrize(
    ("seconds", "text"),
    [(0.00042, "0.42 ms"), (0.0123, "12.3 ms"), (0.25, "250 ms"), (1.5, "1.5 s"), (83.0, "83 s"), (None, "never")],
)
def test_durations(seconds: float | None, text: str) -> None:
    assert duration(seconds) == text


def test_pieces_stand_where_their_time_is() -> None:
    drawn = timeline(stream([b"data: 1\n\n"] * 4), 0.03, "event 1")
    assert drawn is not None
    assert [tick.x for tick in drawn.ticks] == pytest.approx([20 / 0.51, 30 / 0.51, 40 / 0.51, 50 / 0.51], abs=0.3)
    assert drawn.waited == pytest.approx(15 / 0.51, abs=0.01)
    assert drawn.mark is not None
    assert drawn.mark.x == pytest.approx(30 / 0.51, abs=0.01)
    assert (drawn.axis[0].text, drawn.axis[-1].text) == ("0", "51 ms")


def test_pieces_that_came_together_share_a_tick() -> None:
    drawn = timeline(stream([b"x"] * 5_000))
    assert drawn is not None
    assert len(drawn.ticks) <= 401


def test_an_answer_that_never_came_has_no_time_line() -> None:
    assert timeline(Exchange(Request("GET", "http://x/"), ended_at=3.0)) is None


def test_a_task_is_drawn_from_its_submission_to_its_end() -> None:
    drawn = journey(Record("videos_task", task("queued", "queued", "running", "done"), many=True))
    assert drawn is not None
    assert [(s.status, s.mood) for s in drawn.stretches] == [
        ("queued", "waiting"),
        ("running", "running"),
        ("done", "done"),
    ]
    assert sum(stretch.width for stretch in drawn.stretches) == pytest.approx(100, abs=0.1)
    assert [step.progress for step in drawn.steps] == ["0", "1", "2", "3"]


@pytest.mark.parametrize(
    "exchanges",
    [
        (),
        tuple(answer({"id": n}) for n in range(5)),
        tuple(answer({"status": "completed"}, url=f"http://x/{n}") for n in range(5)),
        tuple(answer(b"\xff\xfe[[[[") for _ in range(5)),
        tuple(answer({"status": ["a"], "state": {"b": 1}}) for _ in range(5)),
    ],
)
def test_other_conversations_are_no_journeys(exchanges: tuple[Exchange, ...]) -> None:
    assert journey(Record("talk", exchanges, many=True)) is None


@pytest.mark.parametrize(
    ("status", "expected"),
    [
        ("NOT_START", "waiting"),
        ("in_queue", "waiting"),
        ("SUBMITTED", "waiting"),
        ("IN_PROGRESS", "running"),
        ("generating", "running"),
        ("succeed", "done"),
        ("FAILURE", "failed"),
        ("zzz", "other"),
    ],
)
def test_moods(status: str, expected: str) -> None:
    assert mood(status) == expected
