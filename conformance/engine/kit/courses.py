"""The course of a task as the answers about it tell it: a status that goes forward, progress that rises, times in
order, and one end.

The names of the members are the format's own. A status is read whatever its letters' case is: whether the words are
the documented ones is a sentence of its own, and a hub that breaks it is not blamed for it again.
"""

from __future__ import annotations

import re
from collections.abc import Mapping, Sequence
from dataclasses import dataclass, field
from itertools import pairwise
from typing import Any

from conformance.engine.judge import NotOffered, Words, expect, not_testable
from conformance.engine.kit.replies import CLOCK_TOLERANCE, is_count
from conformance.wire.exchange import Exchange

PERCENT = re.compile(r"([0-9]{1,3}(?:\.[0-9]{1,6})?)%")
SIGNED = re.compile(r"[?#].*", re.DOTALL)
DEEPEST = 20
LATEST = 10**16
"""Beyond any time in milliseconds."""
NOTHING_SAID = ("", "none", "null", "undefined", "<nil>", "nan")


@dataclass(frozen=True)
class Format:
    """How a format tells about tasks. `ranks` orders the words that have an order; `unit` is what a second counts in
    its times. `waiting` are words of a task that waits for its caller and does not go on by itself."""

    ranks: Mapping[str, int]
    status: str = "status"
    progress: str = "progress"
    submitted: str = "submit_time"
    started: str = "start_time"
    ended: str = "finish_time"
    done: str = "SUCCESS"
    failed: str = "FAILURE"
    waiting: frozenset[str] = frozenset()
    unit: int = 1

    def word(self, task: Mapping[str, Any]) -> str | None:
        """The status in capital letters; None when it is no text."""
        value = task.get(self.status)
        return value.strip().upper() if isinstance(value, str) else None

    def over(self, task: Mapping[str, Any]) -> bool:
        """Whether a task has come to an end, good or bad."""
        return self.word(task) in (self.done, self.failed)

    def stuck(self, task: Mapping[str, Any]) -> bool:
        """Whether a task has ended, or will not go on without its caller."""
        return self.over(task) or self.word(task) in self.waiting


@dataclass(frozen=True)
class Stage:
    """What one answer says of a task; `at` is the JSON pointer of the task in it."""

    exchange: Exchange
    task: Mapping[str, Any] = field(default_factory=dict)
    at: str = ""


Stages = Sequence[Stage]


def lacks_channel(exchange: Exchange) -> bool:
    """Whether a 5xx says that nobody is there to do the work: hubs route tasks by their kind as if it were a model."""
    value = exchange.json if (exchange.status or 0) >= 500 and exchange.is_json else None
    error = value.get("error") if isinstance(value, dict) else None
    return isinstance(error, dict) and error.get("code") == "model_not_found"


def need_channel(exchange: Exchange) -> None:
    """Say that the hub does not offer this kind of work when it has nobody to do it.

    Raises:
        NotOffered: it has nobody.
    """
    if lacks_channel(exchange):
        raise NotOffered(f"the hub has no channel for this: HTTP {exchange.status}")


def ends_of(how: Format, stages: Stages, word: str = "") -> list[Stage]:
    """The stages at which the task is over, with this word where one is given.

    Raises:
        NotTestable: there are none.
    """
    found = [stage for stage in stages if how.over(stage.task) and word in ("", how.word(stage.task))]
    return found or not_testable(f"the task did not end with {word}" if word else "the task did not end")


@dataclass(frozen=True)
class Course:
    """A task that was taken in and then asked about. `polls` are all answers, refusals too, `told` what they tell."""

    how: Format
    submit: Exchange
    id: str
    polls: tuple[Exchange, ...]
    told: tuple[Stage, ...]

    @property
    def stages(self) -> Stages:
        """What was told of it; raises `NotTestable` when nothing was."""
        return self.told or not_testable("nothing was told of the task, which another sentence judges")

    @property
    def done(self) -> Stage:
        """The first answer that tells of success; raises `NotTestable` when there is none."""
        found = [stage for stage in self.stages if self.how.word(stage.task) == self.how.done]
        return found[0] if found else not_testable("the task did not end with success")

    @property
    def end(self) -> Stage:
        """The first answer that tells of an end; raises `NotTestable` when there is none."""
        return ends_of(self.how, self.stages)[0]


def expect_documented(how: Format, stages: Stages, words: Sequence[str]) -> None:
    """Break when a status is not one of the words, letter by letter."""
    for stage in stages:
        value = stage.task.get(how.status)
        listed = isinstance(value, str) and value in words
        named = ", ".join(word or '""' for word in words)
        expect(listed, f"one of {named}", value, f"{stage.at}/{how.status}", stage.exchange)


def expect_forward(how: Format, stages: Stages) -> None:
    """Break when the status goes back. An end that changes into another end is left to `expect_one_end`."""
    furthest, before = -1, ""
    for stage in stages:
        word = how.word(stage.task)
        rank = how.ranks.get(word) if word is not None else None
        if rank is None:
            continue
        shown = Words(f"{word!r} after {before!r}")
        forward = rank >= furthest or furthest == how.ranks[how.done]
        expect(forward, f"{before!r} or a later status", shown, f"{stage.at}/{how.status}", stage.exchange)
        furthest, before = max((furthest, before), (rank, word or ""))


def expect_an_end(how: Format, stages: Stages, polls: Sequence[Exchange]) -> None:
    """Break when the task was still not over when the suite stopped asking."""
    if any(how.over(stage.task) for stage in stages):
        return
    if not stages or stages[-1].exchange is not polls[-1]:
        not_testable("asking about the task was refused, which another sentence judges")
    last = stages[-1]
    if how.stuck(last.task):
        not_testable(f"the task waits for its caller: {how.word(last.task)}")
    seconds = last.exchange.started - stages[0].exchange.started
    got = Words(f"{last.task.get(how.status)!r} after {len(stages)} polls in {seconds:.1f} s")
    expect(False, f"{how.done} or {how.failed} within --task-timeout", got, f"{last.at}/{how.status}", last.exchange)


def expect_one_end(how: Format, stages: Stages) -> None:
    """Break when a task that was over is no longer so, or is over in another way."""
    first = ends_of(how, stages)[0]
    later = stages[list(stages).index(first) + 1 :]
    if not later:
        not_testable("nothing was asked after the end")
    for stage in later:
        at = f"{stage.at}/{how.status}"
        wanted = how.word(first.task)
        expect(how.word(stage.task) == wanted, f"{wanted} as before", stage.task.get(how.status), at, stage.exchange)


def expect_kept(how: Format, stages: Stages, names: Sequence[str]) -> None:
    """Break when one of the members differs between two answers about a task that is over in the same way.

    What follows the path of a web address is not compared: signatures are made anew for every answer.
    """
    first = ends_of(how, stages)[0]
    for stage in stages[list(stages).index(first) + 1 :]:
        if how.word(stage.task) == how.word(first.task):
            expect_alike(first.task, stage, names)


def expect_alike(wanted: Mapping[str, Any], stage: Stage, names: Sequence[str]) -> None:
    """Break when a task is told otherwise than before in one of the members; absent, null and empty count as one."""
    for name in names:
        one, other = _plain(wanted.get(name)), _plain(stage.task.get(name))
        shown = Words(f"{str(one)[:120]!r} as before")
        expect(one == other, shown, stage.task.get(name), f"{stage.at}/{name}", stage.exchange)


def _plain(value: Any, depth: int = 0) -> Any:
    if depth > DEEPEST:
        return None
    if isinstance(value, str):
        return SIGNED.sub("", value) if value.startswith(("http://", "https://")) else value
    if isinstance(value, list):
        return [_plain(one, depth + 1) for one in value]
    if isinstance(value, dict):
        return {name: _plain(one, depth + 1) for name, one in value.items() if one not in (None, "")}
    return value or ""


# ----------------------------------------------------------------------------------------------------------- progress


def percent_of(value: Any) -> float | None:
    """Progress in percent, told as text with or without the sign, or as a number; None for anything else."""
    if isinstance(value, str):
        found = re.fullmatch(r"\s*([0-9]{1,6}(?:\.[0-9]{1,6})?)\s*%?\s*", value)
        return float(found[1]) if found else None
    return float(value) if is_count(value) and abs(value) < 10**6 else None


def expect_percent(how: Format, stages: Stages, *, before: Sequence[str] = ()) -> None:
    """Break when progress is no text such as 45% from 0% to 100%. With one of the statuses `before` it may be empty."""
    for stage in stages:
        value = stage.task.get(how.progress)
        if value in ("", None) and how.word(stage.task) in before:
            continue
        found = PERCENT.fullmatch(value) if isinstance(value, str) else None
        fine = found is not None and float(found[1]) <= 100
        expect(fine, "text from 0% to 100%", value, f"{stage.at}/{how.progress}", stage.exchange)


def expect_rising(how: Format, stages: Stages) -> None:
    """Break when progress falls before the end."""
    highest = 0.0
    for stage in stages:
        done = percent_of(stage.task.get(how.progress))
        if done is None or how.word(stage.task) == how.failed:
            continue
        at, shown = f"{stage.at}/{how.progress}", Words(f"{stage.task.get(how.progress)} after {highest:g}%")
        expect(done >= highest, f"{highest:g}% or more", shown, at, stage.exchange)
        highest = max(highest, done)


def expect_complete(how: Format, stages: Stages) -> None:
    """Break when a task that succeeded says less than 100%."""
    for stage in ends_of(how, stages, how.done):
        value = stage.task.get(how.progress)
        if value not in ("", None) and percent_of(value) is None:
            not_testable("progress cannot be read, which another sentence judges")
        expect(percent_of(value) == 100, "100%", value, f"{stage.at}/{how.progress}", stage.exchange)


def expect_incomplete(how: Format, stages: Stages) -> None:
    """Break when a task that is not over says 100%."""
    for stage in stages:
        if not how.stuck(stage.task):
            done = percent_of(stage.task.get(how.progress))
            shown = Words(f"{stage.task.get(how.progress)} at {how.word(stage.task)}")
            expect(done != 100, "less than 100%", shown, f"{stage.at}/{how.progress}", stage.exchange)


# -------------------------------------------------------------------------------------------------------------- times


def time_of(task: Mapping[str, Any], name: str) -> int | None:
    """A time, None where none is told: absent, null, zero, or of a wrong type."""
    value = task.get(name)
    return value if is_count(value) and 0 < value < LATEST else None


def expect_times_in_order(how: Format, stages: Stages) -> None:
    """Break when a task starts before it was submitted, or ends before it started.

    Raises:
        NotTestable: no two times were told.
    """
    judged = 0
    for stage in stages:
        told = [(name, time_of(stage.task, name)) for name in (how.submitted, how.started, how.ended)]
        known = [(name, value) for name, value in told if value is not None]
        judged += len(known) > 1
        for (name, value), (later, after) in pairwise(known):
            shown = f"{value} ({name}) or later"
            expect(after >= value, shown, after, f"{stage.at}/{later}", stage.exchange)
    if not judged:
        not_testable("no two times of the task are told")


def expect_submitted_now(how: Format, stages: Stages, submit: Exchange) -> None:
    """Break when the time of submission is not that of the submit in the format's unit."""
    for stage in stages:
        told = stage.task.get(how.submitted)
        at = f"{stage.at}/{how.submitted}"
        expect(time_of(stage.task, how.submitted), "the time of submission as a whole number", told, at, stage.exchange)
        near = abs((time_of(stage.task, how.submitted) or 0) - submit.started * how.unit)
        unit = {1: "seconds", 1000: "milliseconds"}[how.unit]
        now = f"Unix {unit} within {CLOCK_TOLERANCE:.0f} s of {submit.started * how.unit:.0f}"
        expect(near <= CLOCK_TOLERANCE * how.unit, now, told, at, stage.exchange)


def expect_end_time_at_end(how: Format, stages: Stages) -> None:
    """Break when a time of the end stands there before the end, or not at it."""
    for stage in stages:
        at, told = f"{stage.at}/{how.ended}", stage.task.get(how.ended)
        if how.over(stage.task):
            expect(time_of(stage.task, how.ended), "the time of the end as a whole number", told, at, stage.exchange)
        elif how.word(stage.task) in how.ranks:
            expect(told in (None, 0, ""), "0 or null before the end", told, at, stage.exchange)


# ------------------------------------------------------------------------------------------------------------ reasons


def expect_reason(how: Format, stages: Stages, name: str) -> None:
    """Break when a task that failed does not say why."""
    for stage in ends_of(how, stages, how.failed):
        value = stage.task.get(name)
        told = isinstance(value, str) and value.strip().lower() not in NOTHING_SAID
        expect(told, "a reason in words", value, f"{stage.at}/{name}", stage.exchange)


def expect_no_reason(how: Format, stages: Stages, name: str) -> None:
    """Break when a task that succeeded says why it failed."""
    for stage in ends_of(how, stages, how.done):
        value = stage.task.get(name)
        expect(value in (None, ""), "nothing", value, f"{stage.at}/{name}", stage.exchange)
