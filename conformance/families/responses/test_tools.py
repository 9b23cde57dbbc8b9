"""Calls of functions, in answers and in the last event of streams."""

from __future__ import annotations

import json
from collections.abc import Iterator
from typing import Any

from jsonschema import Draft202012Validator

from conformance.engine.judge import Words, expect, not_testable
from conformance.engine.kit.reading import asked, served
from conformance.engine.kit.replies import expect_served
from conformance.engine.kit.together import telling
from conformance.engine.requirement import requirement
from conformance.families.responses.probes import called_items
from conformance.families.responses.reading import Evidence, answers, finished, said, taken
from conformance.families.responses.views import Item
from conformance.wire.exchange import Exchange


@requirement("responses.tools.named")
def test_named_tool_is_called(responses_tool_named_stream: Exchange) -> None:
    wanted = asked(responses_tool_named_stream)["tool_choice"]["name"]
    one = finished(responses_tool_named_stream)
    names = [call.name for call in one.view.calls]
    expect(names, f"a call of {wanted}", Words("no call"), one.place("/output"))
    others = [name for name in names if name and name != wanted]
    expect(not others, f"calls of {wanted} alone", names, one.place("/output"))


@requirement("responses.tools.none")
def test_forbidden_tools_are_not_called(responses_form: Evidence) -> None:
    forbidden = telling(responses_form, lambda body: "tools" in body)
    names = [call.name for call in said(forbidden).view.calls]
    expect(not names, "no call, because tool_choice is none", names, "/output", forbidden)


@requirement("responses.tools.required")
def test_some_tool_is_called_when_required(responses_tool_loop: Evidence) -> None:
    one = finished(served(responses_tool_loop[0]))
    got = Words("no call")
    expect(one.view.calls, "a call, because tool_choice is required", got, "/output", responses_tool_loop[0])


@requirement("responses.tools.declared-name")
def test_only_declared_tools_are_called(any_responses_tool_reply: Evidence) -> None:
    for exchange, call, at in _calls(any_responses_tool_reply):
        names = list(_declared(exchange))
        if call.name:
            expect(call.name in names, f"one of {', '.join(names)}", call.name, at, exchange)


@requirement("responses.tools.arguments-object")
def test_arguments_are_a_json_object(any_responses_tool_reply: Evidence) -> None:
    for exchange, call, at in _calls(any_responses_tool_reply):
        if call.arguments is None or call.status == "incomplete":
            not_testable("the arguments are cut or no text, which another sentence judges")
        expect(isinstance(_object(call), dict), "the text of a JSON object", call.arguments, at, exchange)


@requirement("responses.tools.arguments-fit")
def test_arguments_fit_the_parameters(any_responses_tool_reply: Evidence) -> None:
    for exchange, call, at in _calls(any_responses_tool_reply):
        value, schema = _object(call), _declared(exchange).get(call.name or "")
        if not isinstance(value, dict) or schema is None:
            not_testable("another sentence judges the name and the JSON of this call")
        fits = Draft202012Validator(schema).is_valid(value)
        expect(fits, "arguments that fit the declared parameters", value, at, exchange)


def _calls(evidence: Evidence) -> Iterator[tuple[Exchange, Item, str]]:
    for exchange, one in answers(evidence):
        for place, item in enumerate(one.view.output):
            if item.type == "function_call":
                yield exchange, item, one.place(f"/output/{place}")


def _declared(exchange: Exchange) -> dict[str, Any]:
    """The parameters of the tools that the request offers, by name."""
    return {tool["name"]: tool["parameters"] for tool in asked(exchange).get("tools", [])}


def _object(call: Item) -> Any:
    try:
        return json.loads(call.arguments or "")
    except (ValueError, RecursionError):
        return None


@requirement("responses.tools.round-trip")
def test_results_are_taken_and_answered(responses_tool_loop: Evidence) -> None:
    second = _second_turn(responses_tool_loop)
    expect_served(second)
    got = second.text[:200]
    expect(said(second).view.output, "an answer with an item", got, "/output", second)


@requirement("responses.tools.history-counted")
def test_history_costs_tokens(responses_tool_loop: Evidence) -> None:
    second = served(_second_turn(responses_tool_loop))
    before, after = taken(responses_tool_loop[0]), taken(second)
    wanted = f"more than the {before} tokens of the turn before"
    expect(after > before, wanted, after, "/usage/input_tokens", second)


def _second_turn(conversation: Evidence) -> Exchange:
    served(conversation[0])
    if len(conversation) < 2 or called_items(conversation[0]) is None:
        not_testable("the first answer holds no call with an id, which other sentences judge")
    return conversation[1]


@requirement("responses.reasoning.counted")
def test_thoughts_are_counted(responses_reasoning_stream: Exchange) -> None:
    one = said(responses_reasoning_stream)
    shown = [part.text for item in one.view.output if item.type == "reasoning" for part in item.summary]
    if not any(shown) or one.view.usage is None or one.view.usage.thought is None:
        not_testable("the answer shows no thoughts, or no details of its usage")
    at = one.place("/usage/output_tokens_details/reasoning_tokens")
    expect(one.view.usage.thought > 0, "a count above 0, because thoughts are shown", one.view.usage.thought, at)


@requirement("responses.reasoning.first")
def test_thoughts_come_before_the_message(responses_reasoning_stream: Exchange) -> None:
    one = said(responses_reasoning_stream)
    kinds = [item.type for item in one.view.output]
    if "reasoning" not in kinds or "message" not in kinds:
        not_testable("the answer does not hold both thoughts and a message")
    first = kinds.index("reasoning") < kinds.index("message")
    expect(first, "the thoughts before the message that they led to", kinds, one.place("/output"))
