"""Courses of tasks as judges read them, hostile values included."""

from __future__ import annotations

from typing import Any

import pytest

from conformance.engine.judge import Broken, NotTestable
from conformance.engine.kit import courses
from conformance.engine.kit.courses import Format, Stage
from conformance.wire.exchange import End, Exchange, Piece, Request

RANKS = {"QUEUED": 0, "RUNNING": 1, "SUCCESS": 2, "FAILURE": 2}
HOW = Format(ranks=RANKS, waiting=frozenset({"MODAL"}))
HOSTILE: tuple[Any, ...] = (None, True, 0, -1, 10**400, 1e308, "", "\ud800", "5%%", [[]], {"a": {}}, "success")


def answer(status: int = 200, started: float = 1000.0) -> Exchange:
    request = Request("suno-fetch", "GET", "http://127.0.0.1/suno/fetch/1", (), b"")
    return Exchange(
        request=request,
        started=started,
        status=status,
        reason="",
        http_version="1.1",
        headers=(),
        headers_at=0.1,
        pieces=(Piece(0.1, b"{}"),),
        ended_at=0.1,
        end=End.complete,
        problem="",
        attempts=1,
        waited=0.0,
    )


def stages(*tasks: dict[str, Any]) -> list[Stage]:
    return [Stage(answer(started=1000.0 + place), task) for place, task in enumerate(tasks)]


def words(*told: str) -> list[Stage]:
    return stages(*({"status": word} for word in told))


@pytest.mark.parametrize(
    "told", [("QUEUED", "RUNNING", "SUCCESS"), ("SUCCESS", "FAILURE"), ("queued", "ODD", "MODAL", "failure")]
)
def test_forward_is_forward(told: tuple[str, ...]) -> None:
    courses.expect_forward(HOW, words(*told))


def test_back_is_not_forward() -> None:
    with pytest.raises(Broken, match="'QUEUED' after 'RUNNING'"):
        courses.expect_forward(HOW, words("QUEUED", "RUNNING", "ODD", "QUEUED"))


def test_one_end_and_no_other() -> None:
    courses.expect_one_end(HOW, words("RUNNING", "SUCCESS", "success"))
    with pytest.raises(NotTestable):
        courses.expect_one_end(HOW, words("RUNNING", "SUCCESS"))
    for later in ("FAILURE", "RUNNING", ""):
        with pytest.raises(Broken):
            courses.expect_one_end(HOW, words("SUCCESS", later))


def test_an_end_must_come_unless_asking_was_refused() -> None:
    told = words("QUEUED", "RUNNING")
    polls = [stage.exchange for stage in told]
    with pytest.raises(Broken, match=r"2 polls in 1\.0 s"):
        courses.expect_an_end(HOW, told, polls)
    with pytest.raises(NotTestable):
        courses.expect_an_end(HOW, told, [*polls, answer(503)])
    waiting = words("QUEUED", "MODAL")
    with pytest.raises(NotTestable, match="MODAL"):
        courses.expect_an_end(HOW, waiting, [stage.exchange for stage in waiting])


def test_signatures_of_links_may_change_and_nothing_else() -> None:
    one = {"status": "SUCCESS", "link": "https://a.example/1.png?sig=1", "more": {"x": None, "y": 1}}
    courses.expect_kept(
        HOW, stages(one, {**one, "link": "https://a.example/1.png?sig=2", "more": {"y": 1}}), tuple(one)
    )
    for name, other in (("link", "https://a.example/2.png"), ("more", {"y": 2})):
        with pytest.raises(Broken, match=name):
            courses.expect_kept(HOW, stages(one, {**one, name: other}), tuple(one))


@pytest.mark.parametrize("value", ["0%", "100%", "45.5%"])
def test_percentages(value: str) -> None:
    courses.expect_percent(HOW, stages({"status": "RUNNING", "progress": value}))


@pytest.mark.parametrize("value", ["", None, 45, "45", "101%", "-1%", "4 %", "1e1%", "٤%"])
def test_no_percentages(value: Any) -> None:
    with pytest.raises(Broken):
        courses.expect_percent(HOW, stages({"status": "RUNNING", "progress": value}))


def test_progress_may_be_empty_before_it_begins() -> None:
    courses.expect_percent(HOW, stages({"status": "QUEUED", "progress": ""}), before=("QUEUED",))


@pytest.mark.parametrize("value", [100, "100", "100%", "100.0%"])
def test_progress_in_another_form_is_read_all_the_same(value: Any) -> None:
    courses.expect_complete(HOW, stages({"status": "SUCCESS", "progress": value}))


def test_zero_and_null_are_no_times() -> None:
    running = {"status": "RUNNING", "submit_time": 1000, "start_time": 1001, "finish_time": 0}
    courses.expect_times_in_order(HOW, stages(running, {**running, "finish_time": None}))
    courses.expect_end_time_at_end(HOW, stages(running))
    with pytest.raises(Broken):
        courses.expect_end_time_at_end(HOW, stages({**running, "status": "SUCCESS"}))


@pytest.mark.parametrize("value", HOSTILE)
@pytest.mark.parametrize("name", ["status", "progress", "submit_time", "start_time", "finish_time", "fail_reason"])
@pytest.mark.parametrize("at", [0, 1, 2])
def test_no_value_makes_a_judge_fall(value: Any, name: str, at: int) -> None:
    plain = {"progress": "10%", "submit_time": 1000, "start_time": 1000, "finish_time": 0, "fail_reason": ""}
    told = [{**plain, "status": word} for word in ("QUEUED", "RUNNING", "SUCCESS")]
    told[at] = {**told[at], name: value}
    course = stages(*told, told[2])
    polls = [stage.exchange for stage in course]
    for judge in (
        lambda: courses.expect_documented(HOW, course, tuple(RANKS)),
        lambda: courses.expect_forward(HOW, course),
        lambda: courses.expect_an_end(HOW, course, polls),
        lambda: courses.expect_one_end(HOW, course),
        lambda: courses.expect_kept(HOW, course, tuple(plain)),
        lambda: courses.expect_percent(HOW, course),
        lambda: courses.expect_rising(HOW, course),
        lambda: courses.expect_complete(HOW, course),
        lambda: courses.expect_incomplete(HOW, course),
        lambda: courses.expect_times_in_order(HOW, course),
        lambda: courses.expect_submitted_now(HOW, course, polls[0]),
        lambda: courses.expect_end_time_at_end(HOW, course),
        lambda: courses.expect_reason(HOW, course, "fail_reason"),
        lambda: courses.expect_no_reason(HOW, course, "fail_reason"),
    ):
        try:
            judge()
        except (AssertionError, NotTestable):
            continue
