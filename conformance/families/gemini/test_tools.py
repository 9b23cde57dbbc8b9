"""Function calls, and their results on the way back."""

from __future__ import annotations

from collections.abc import Iterator
from typing import Any

from jsonschema import Draft202012Validator

from conformance.engine.judge import Words, expect, not_testable
from conformance.engine.kit.reading import all_served, asked, served
from conformance.engine.kit.together import telling
from conformance.engine.requirement import requirement
from conformance.families.gemini.probes import TIME, called_turn
from conformance.families.gemini.reading import (
    Called,
    Evidence,
    Told,
    counted_prompt,
    expect_shape,
    json_schema,
    series_in,
    told,
)
from conformance.wire.exchange import Exchange


@requirement("gemini.tools.call-shape")
def test_calls_have_their_shape(any_gemini_reply: Evidence) -> None:
    expect_shape(any_gemini_reply, "calls")


@requirement("gemini.tools.args-fit")
def test_arguments_fit_the_parameters(any_gemini_tool_reply: Evidence) -> None:
    for exchange, _, call in _calls(any_gemini_tool_reply):
        args = {} if call.args is None else call.args
        declared = _declared(exchange).get(call.name)
        if declared is None or not isinstance(args, dict):
            not_testable("another sentence judges the name and the form of this call")
        wrong = [error.message for error in Draft202012Validator(json_schema(declared)).iter_errors(args)]
        expect(not wrong, "arguments that fit the declared parameters", args, f"{call.at}/args", exchange)


@requirement("gemini.tools.declared-name")
def test_only_declared_functions_are_called(any_gemini_tool_reply: Evidence) -> None:
    for exchange, _, call in _calls(any_gemini_tool_reply):
        names = list(_declared(exchange))
        expect(call.name in names or not call.name, f"one of {', '.join(names)}", call.name, call.at, exchange)


@requirement("gemini.tools.any")
def test_some_function_is_called_with_any(gemini_tool_loop: Evidence) -> None:
    first = served(gemini_tool_loop[0])
    for one in told(first):
        if not one.complete:
            not_testable(f"the answer ended with {one.finish}")
        expect(one.calls, "a call, because the mode is ANY", Words("no call"), one.at, first)


@requirement("gemini.tools.allowed")
def test_only_allowed_functions_are_called(gemini_tool_loop: Evidence) -> None:
    first = served(gemini_tool_loop[0])
    allowed = TIME["name"]
    for one in told(first):
        others = [call.name for call in one.calls if call.name and call.name != allowed]
        expect(not others, f"calls of {allowed} alone, because only it is allowed", others, one.at, first)


@requirement("gemini.tools.none")
def test_forbidden_functions_are_not_called(gemini_form: Evidence) -> None:
    forbidden = telling(gemini_form, lambda body: "tools" in body)
    for one in told(forbidden):
        names = [call.name for call in one.calls]
        expect(not names, "no call, because the mode is NONE", names, one.at, forbidden)


@requirement("gemini.tools.finish")
def test_calls_end_with_stop(any_gemini_tool_reply: Evidence) -> None:
    for exchange, one, _ in _calls(any_gemini_tool_reply):
        if one.finish and one.finish != "MAX_TOKENS":
            expect(one.finish == "STOP", "STOP, beside the call", one.finish, one.finish_at, exchange)


@requirement("gemini.tools.round-trip")
def test_results_are_taken_and_answered(gemini_tool_loop: Evidence) -> None:
    second = _second_turn(gemini_tool_loop)
    said = Words(f"HTTP {second.status}: {second.text[:200]}")
    expect(second.ok, "an answer to the hub's own turn with the function's result", said, "", second)
    expect(told(second), "an answer with a candidate", second.text[:200], "/candidates", second)


@requirement("gemini.tools.history-counted")
def test_history_costs_tokens(gemini_tool_loop: Evidence) -> None:
    second = served(_second_turn(gemini_tool_loop))
    before, after = (counted_prompt(exchange) for exchange in (gemini_tool_loop[0], second))
    at = "/usageMetadata/promptTokenCount"
    expect(after > before, f"more than the {before} prompt tokens of the turn before", after, at, second)


@requirement("gemini.stream.call-whole")
def test_calls_arrive_whole(gemini_tool_loop: Evidence) -> None:
    stream = series_in(gemini_tool_loop)
    for _, _, call in _calls((stream,)):
        pieces = [name for name in ("partialArgs", "willContinue") if call.raw.get(name)]
        expect(not pieces, "whole calls, because nobody asked for pieces", pieces, call.at, stream)
        whole = "args" in call.raw or _takes_nothing(stream, call)
        expect(whole, "a call with its args", call.raw, call.at, stream)


def _takes_nothing(exchange: Exchange, call: Called) -> bool:
    return not _declared(exchange).get(call.name, {}).get("required")


def _second_turn(conversation: Evidence) -> Exchange:
    served(conversation[0])
    if len(conversation) < 2 or called_turn(conversation[0]) is None:
        not_testable("the first turn calls no function by name, which other sentences judge")
    return conversation[1]


def _calls(evidence: Evidence) -> Iterator[tuple[Exchange, Told, Called]]:
    for exchange in all_served(evidence):
        for one in told(exchange):
            if one.finish == "MAX_TOKENS":
                not_testable("the answer was cut")
            for call in one.calls:
                yield exchange, one, call


def _declared(exchange: Exchange) -> dict[str, Any]:
    """The parameters of the functions that the request offers, by name."""
    declared = (one for tool in asked(exchange).get("tools", []) for one in tool["functionDeclarations"])
    return {one["name"]: one.get("parameters", {}) for one in declared}
