"""Tool calls, in answers and (put together) in streams."""

from __future__ import annotations

import json
from collections.abc import Iterator
from typing import Any

from jsonschema import Draft202012Validator
from jsonschema.exceptions import SchemaError

from conformance.engine.judge import Words, expect, not_testable
from conformance.engine.kit.reading import all_served, asked, served
from conformance.engine.requirement import requirement
from conformance.families.chat.probes import called_turn
from conformance.families.chat.reading import Called, Told, final_usage, told
from conformance.families.chat.test_answer import expect_shape
from conformance.wire.exchange import Exchange

Evidence = tuple[Exchange, ...]
Found = tuple[Exchange, Told, Called, str]


@requirement("chat.tools.call-shape")
def test_calls_have_their_shape(any_chat_answer: Evidence) -> None:
    expect_shape(any_chat_answer, "calls", "arguments")


@requirement("chat.tools.arguments-object")
def test_arguments_are_a_json_object(any_chat_tool_answer: Evidence) -> None:
    for exchange, choice, call, at in _calls(any_chat_tool_answer):
        if not choice.complete or not _has_text_arguments(exchange):
            not_testable("another sentence judges these arguments, or the answer was cut")
        expect(isinstance(_object(call), dict), "the text of a JSON object", call.arguments, at, exchange)


@requirement("chat.tools.arguments-fit")
def test_arguments_fit_the_parameters(any_chat_tool_reply: Evidence) -> None:
    for exchange, _, call, at in _calls(any_chat_tool_reply):
        value, schema = _object(call), _declared(exchange).get(call.name)
        if not isinstance(value, dict) or schema is None:
            not_testable("another sentence judges the name and the JSON of this call")
        wrong = [error.message for error in Draft202012Validator(schema).iter_errors(value)]
        expect(not wrong, "arguments that fit the declared parameters", value, at, exchange)


@requirement("chat.tools.declared-name")
def test_only_declared_tools_are_called(any_chat_tool_reply: Evidence) -> None:
    for exchange, _, call, at in _calls(any_chat_tool_reply):
        names = list(_declared(exchange))
        if call.name:
            expect(call.name in names, f"one of {', '.join(names)}", call.name, at, exchange)


@requirement("chat.tools.id-unique")
def test_call_ids_are_unique(any_chat_tool_answer: Evidence) -> None:
    for exchange in all_served(any_chat_tool_answer):
        for choice in told(exchange):
            ids = [call.id for call in choice.calls if call.id]
            expect(len(set(ids)) == len(ids), "an id of its own for every call", ids, _calls_of(choice), exchange)


@requirement("chat.tools.named")
def test_named_tool_is_called(any_chat_named_tool: Exchange) -> None:
    wanted = asked(any_chat_named_tool)["tool_choice"]["function"]["name"]
    for choice in told(any_chat_named_tool):
        if choice.finish in ("length", "content_filter"):
            not_testable(f"the answer ended with {choice.finish}")
        names = [call.name for call in choice.calls]
        expect(names, f"a call of {wanted}", Words("no call"), _calls_of(choice))
        others = [name for name in names if name and name != wanted]
        expect(not others, f"calls of {wanted} alone", names, _calls_of(choice))


@requirement("chat.tools.none")
def test_forbidden_tools_are_not_called(chat_tool_none: Exchange) -> None:
    for choice in told(chat_tool_none):
        names = [call.name for call in choice.calls]
        expect(not names, "no call, because tool_choice is none", names, _calls_of(choice))


@requirement("chat.tools.required")
def test_some_tool_is_called_when_required(chat_tool_loop: Evidence) -> None:
    for choice in told(served(chat_tool_loop[0])):
        if choice.finish in ("length", "content_filter"):
            not_testable(f"the answer ended with {choice.finish}")
        got = Words("no call")
        expect(choice.calls, "a call, because tool_choice is required", got, _calls_of(choice), chat_tool_loop[0])


@requirement("chat.tools.finish")
def test_calls_end_with_tool_calls(any_chat_free_tool_reply: Evidence) -> None:
    for exchange in all_served(any_chat_free_tool_reply):
        for choice in told(exchange):
            if choice.calls and choice.finish not in ("", "length", "content_filter"):
                told_so = choice.finish == "tool_calls"
                expect(told_so, "tool_calls, because the model chose to call", choice.finish, _finish(choice), exchange)


@requirement("chat.tools.finish-without-call")
def test_tool_calls_are_there_when_announced(any_chat_reply: Evidence) -> None:
    for exchange in all_served(any_chat_reply):
        for choice in told(exchange):
            if choice.finish == "tool_calls":
                expect(choice.calls, "the calls that tool_calls announces", Words("no call"), _finish(choice), exchange)


@requirement("chat.tools.round-trip")
def test_results_are_taken_and_answered(chat_tool_loop: Evidence) -> None:
    second = _second_turn(chat_tool_loop)
    said = Words(f"HTTP {second.status}: {second.text[:200]}")
    expect(second.ok, "an answer to the hub's own turn with the tool's result", said, "", second)
    expect(told(second), "an answer with a choice", second.text[:200], "/choices", second)


@requirement("chat.tools.history-counted")
def test_history_costs_tokens(chat_tool_loop: Evidence) -> None:
    second = served(_second_turn(chat_tool_loop))
    before, after = (final_usage(exchange).prompt_tokens or 0 for exchange in (chat_tool_loop[0], second))
    at = "/usage/prompt_tokens"
    expect(after > before, f"more than the {before} prompt tokens of the turn before", after, at, second)


def _second_turn(conversation: Evidence) -> Exchange:
    served(conversation[0])
    if len(conversation) < 2 or called_turn(conversation[0]) is None:
        not_testable("the first turn holds no tool call with an id, which other sentences judge")
    return conversation[1]


def _calls(evidence: Evidence) -> Iterator[Found]:
    for exchange in all_served(evidence):
        for choice in told(exchange):
            for place, call in enumerate(choice.calls):
                yield exchange, choice, call, f"{_calls_of(choice)}/{place}"


def _calls_of(choice: Told) -> str:
    return f"/choices/{choice.index}/message/tool_calls"


def _finish(choice: Told) -> str:
    return f"/choices/{choice.index}/finish_reason"


def _declared(exchange: Exchange) -> dict[str, Any]:
    """The parameters of the tools that the request offers, by name."""
    return {tool["function"]["name"]: tool["function"]["parameters"] for tool in asked(exchange).get("tools", [])}


def _has_text_arguments(exchange: Exchange) -> bool:
    turn = called_turn(exchange)
    functions = [call.get("function") for call in (turn or {}).get("tool_calls", [])]
    return all(isinstance(one, dict) and isinstance(one.get("arguments"), str) for one in functions)


def _object(call: Called) -> Any:
    try:
        return json.loads(call.arguments)
    except (ValueError, RecursionError, SchemaError):
        return None
