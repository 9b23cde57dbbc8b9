"""Tool calls, in answers and (put together) in streams."""

from __future__ import annotations

from collections.abc import Iterator
from typing import Any

from jsonschema import Draft202012Validator

from conformance.engine.judge import Words, expect, not_testable
from conformance.engine.kit.reading import all_served, asked, served
from conformance.engine.kit.replies import expect_served
from conformance.engine.requirement import requirement
from conformance.families.claude.probes import calls_in, content_of
from conformance.families.claude.reading import CUT_SHORT, Evidence, Said, told
from conformance.wire.exchange import Exchange

ENDS_ANYWAY = (*CUT_SHORT, "stop_sequence", "")
"""Reasons that may end an answer after a call, and the missing one, which another sentence judges."""


@requirement("claude.tools.declared-name")
def test_only_declared_tools_are_called(any_claude_tool_reply: Evidence) -> None:
    for exchange, call in _calls(any_claude_tool_reply):
        names = list(_declared(exchange))
        if call.name:
            expect(call.name in names, f"one of {', '.join(names)}", call.name, _at(call), exchange)


@requirement("claude.tools.input-fits")
def test_input_fits_the_schema(any_claude_tool_reply: Evidence) -> None:
    for exchange, call in _calls(any_claude_tool_reply):
        schema = _declared(exchange).get(call.name)
        if not isinstance(call.input, dict) or schema is None:
            not_testable("another sentence judges the name and the JSON of this call")
        wrong = [error.message for error in Draft202012Validator(schema).iter_errors(call.input)]
        expect(not wrong, "input that fits the declared schema", call.input, f"{_at(call)}/input", exchange)


@requirement("claude.tools.id-unique")
def test_call_ids_are_unique(any_claude_tool_reply: Evidence) -> None:
    for exchange in all_served(any_claude_tool_reply):
        ids = [call.id for call in told(exchange).calls if call.id]
        expect(len(set(ids)) == len(ids), "an id of its own for every call", ids, "/content", exchange)


@requirement("claude.tools.named")
def test_named_tool_is_called(any_claude_named_tool: Exchange) -> None:
    wanted = asked(any_claude_named_tool)["tool_choice"]["name"]
    names = _names_of_uncut(any_claude_named_tool)
    expect(names, f"a call of {wanted}", Words("no call"), "/content")
    others = [name for name in names if name and name != wanted]
    expect(not others, f"calls of {wanted} alone", names, "/content")


@requirement("claude.tools.any")
def test_some_tool_is_called_when_any_must_be(claude_tool_loop: Evidence) -> None:
    first = served(claude_tool_loop[0])
    names = _names_of_uncut(first)
    expect(names, "a call, because tool_choice is any", Words("no call"), "/content", first)


def _names_of_uncut(exchange: Exchange) -> list[str]:
    one = told(exchange)
    if not one.complete:
        not_testable(f"the answer ended with {one.stop_reason}")
    return [call.name for call in one.calls]


@requirement("claude.tools.none")
def test_forbidden_tools_are_not_called(claude_tool_none: Exchange) -> None:
    names = [call.name for call in told(claude_tool_none).calls]
    expect(not names, "no call, because tool_choice is none", names, "/content")


@requirement("claude.tools.stop-reason")
def test_calls_end_with_tool_use(any_claude_tool_reply: Evidence) -> None:
    for exchange in all_served(any_claude_tool_reply):
        one = told(exchange)
        if one.blocks and one.blocks[-1].calls and one.stop_reason not in ENDS_ANYWAY:
            told_so = one.stop_reason == "tool_use"
            expect(told_so, "tool_use, because the answer ends in a call", one.stop_reason, "/stop_reason", exchange)


@requirement("claude.tools.stop-reason-without-call")
def test_calls_are_there_when_announced(any_claude_reply: Evidence) -> None:
    for exchange in all_served(any_claude_reply):
        one = told(exchange)
        if one.stop_reason == "tool_use":
            expect(one.calls, "the call that tool_use announces", Words("no call"), "/stop_reason", exchange)


@requirement("claude.tools.round-trip")
def test_results_are_taken_and_answered(claude_tool_loop: Evidence) -> None:
    expect_served(_second_turn(claude_tool_loop))


@requirement("claude.tools.history-counted")
def test_history_costs_tokens(claude_tool_loop: Evidence) -> None:
    second = served(_second_turn(claude_tool_loop))
    before, after = (told(exchange).usage.prompt for exchange in (claude_tool_loop[0], second))
    if before is None or after is None:
        not_testable("there is no count of input tokens, which another sentence judges")
    more = f"more than the {before} input tokens of the turn before"
    expect(after > before, more, after, "/usage/input_tokens", second)


def _second_turn(conversation: Evidence) -> Exchange:
    served(conversation[0])
    if len(conversation) < 2 or not calls_in(content_of(conversation[0])):
        not_testable("the first turn holds no tool call with an id, which other sentences judge")
    return conversation[1]


def _calls(evidence: Evidence) -> Iterator[tuple[Exchange, Said]]:
    """The calls of answers that were not cut; those of a stream come last, as far as they could be read."""
    found = [
        (exchange, call)
        for exchange in all_served(evidence)
        for call in told(exchange).calls
        if told(exchange).complete
    ]
    if not found:
        not_testable("there is no tool call here that is whole")
    yield from found


def _at(call: Said) -> str:
    return f"/content/{call.position}"


def _declared(exchange: Exchange) -> dict[str, Any]:
    """The schemas of the tools that the request offers, by name."""
    return {tool["name"]: tool["input_schema"] for tool in asked(exchange).get("tools", [])}
