"""Calls of functions, and their results."""

from __future__ import annotations

import json
from typing import Any

from conformance.engine.judge import Words, expect, not_testable
from conformance.engine.requirement import requirement
from conformance.families.realtime.probes import TIME_TOOL
from conformance.families.realtime.reading import (
    ARGUMENTS,
    Evidence,
    Turn,
    ended,
    expect_joined,
    expect_reaction,
    output,
    reaction,
    threads,
    turn_of,
)
from conformance.families.realtime.views import Item
from conformance.wire.exchange import Exchange


def _turn(exchange: Exchange) -> Turn:
    turn = turn_of(exchange, "kx-call")
    ended(turn)
    if turn.status != "completed":
        not_testable(f"this answer ended with the status {turn.status}")
    return turn


def calls(exchange: Exchange) -> list[Item]:
    """The calls at the end of the answer that was forced to make one.

    Raises:
        NotTestable: there is none.
    """
    found = [item for item in output(_turn(exchange)) if item.type == "function_call"]
    return found or not_testable("there is no call, which another sentence judges")


@requirement("realtime.call.forced")
def test_a_forced_call_is_made(realtime_turns: Exchange) -> None:
    turn = _turn(realtime_turns)
    items = output(turn)
    made = [item for item in items if item.type == "function_call" and item.name == TIME_TOOL["name"]]
    got = [item.type for item in items]
    expect(made, f"a call of {TIME_TOOL['name']}", got, ended(turn).place("/response/output"))


@requirement("realtime.call.id")
def test_a_call_has_an_id(realtime_turns: Exchange) -> None:
    for item in calls(realtime_turns):
        expect(item.call_id, "a call_id", item.call_id, ended(_turn(realtime_turns)).place("/response/output"))
    done = _turn(realtime_turns).of(f"response.{ARGUMENTS}.done")
    known = {item.call_id for item in calls(realtime_turns)}
    for step in done:
        if step.view.call_id is not None:
            right = step.view.call_id in known
            expect(right, "the call_id of its item", step.view.call_id, step.place("/call_id"))


@requirement("realtime.call.done")
def test_arguments_are_finished(realtime_turns: Exchange) -> None:
    calls(realtime_turns)
    turn = _turn(realtime_turns)
    done = turn.of(f"response.{ARGUMENTS}.done")
    expect(done, f"response.{ARGUMENTS}.done", Words("none"), turn.at)


@requirement("realtime.call.named-at-end")
def test_finished_arguments_name_the_function(realtime_turns: Exchange) -> None:
    calls(realtime_turns)
    for step in _turn(realtime_turns).of(f"response.{ARGUMENTS}.done"):
        got = step.value.get("name", Words("no such member"))
        expect(got == TIME_TOOL["name"], str(TIME_TOOL["name"]), got, step.place("/name"))


@requirement("realtime.call.joined")
def test_deltas_join_to_the_arguments(any_realtime_answer: Evidence) -> None:
    expect_joined(any_realtime_answer, ARGUMENTS, "arguments")


@requirement("realtime.call.final")
def test_the_end_repeats_the_arguments(any_realtime_answer: Evidence) -> None:
    found = False
    for exchange, turn, thread in threads(any_realtime_answer):
        done = thread.of(f"response.{ARGUMENTS}.done")
        words = done[0].view.arguments if done else None
        if words is None:
            continue
        found = True
        closing = [(thread.closed.view.item, thread.closed.place("/item"))] if thread.closed else []
        final = [(item, ended(turn).place("/response/output")) for item in output(turn)] if turn.done else []
        for item, at in [*closing, *((item, at) for item, at in final if item.id == thread.id)]:
            got = item.arguments if item else None
            expect(got == words, f"{words!r}, as in {done[0].at}", got, f"{at}/arguments", exchange)
    if not found:
        not_testable("there is no call here")


@requirement("realtime.call.arguments")
def test_arguments_are_an_object_of_the_schema(realtime_turns: Exchange) -> None:
    turn = _turn(realtime_turns)
    calls(realtime_turns)
    for step in turn.of(f"response.{ARGUMENTS}.done"):
        value = _parsed(step.view.arguments)
        right = isinstance(value, dict) and value.get("zone") in ("UTC", "CET")
        wanted = "JSON of an object with the zone UTC or CET"
        expect(right, wanted, step.view.arguments, step.place("/arguments"))


def _parsed(text: str | None) -> Any:
    try:
        return json.loads(text or "")
    except (ValueError, RecursionError):
        return None


@requirement("realtime.call.result-taken")
def test_a_result_is_taken(realtime_turns: Exchange) -> None:
    calls(realtime_turns)
    expect_reaction(realtime_turns, "kx-result", "conversation.item.added")


@requirement("realtime.call.answer-after")
def test_the_conversation_goes_on_after_a_call(realtime_turns: Exchange) -> None:
    if reaction(realtime_turns, "kx-result", "conversation.item.added") is None:
        not_testable("the result was not taken, which another sentence judges")
    expect_reaction(realtime_turns, "kx-text", "response.created")
