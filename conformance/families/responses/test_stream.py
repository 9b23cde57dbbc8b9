"""The events of a stream: what each is made of, their numbers, and how a stream begins and ends."""

from __future__ import annotations

from collections.abc import Iterator
from typing import Any

from conformance.engine.judge import Words, expect, not_testable
from conformance.engine.kit.replies import misshapen, stream_in
from conformance.engine.requirement import requirement
from conformance.families.responses.reading import (
    EVENT_PLACES,
    LIFECYCLE,
    TERMINAL,
    TEXT_EVENTS,
    Evidence,
    Step,
    is_error,
    output,
    said,
    steps,
    threads,
    whole_stream,
)
from conformance.wire.exchange import Exchange

SAME_PROMPT_TOLERANCE = 1
"""Tokens by which one prompt may differ in the two modes."""
KNOWN_TYPES = frozenset(
    f"response.{name}"
    for family in (
        "created in_progress queued completed incomplete failed output_item.added output_item.done",
        "content_part.added content_part.done output_text.delta output_text.done output_text.annotation.added",
        "refusal.delta refusal.done reasoning_text.delta reasoning_text.done",
        "reasoning_summary_part.added reasoning_summary_part.done",
        "reasoning_summary_text.delta reasoning_summary_text.done",
        "function_call_arguments.delta function_call_arguments.done",
        "custom_tool_call_input.delta custom_tool_call_input.done",
        "mcp_call_arguments.delta mcp_call_arguments.done",
        "mcp_call.in_progress mcp_call.completed mcp_call.failed",
        "mcp_list_tools.in_progress mcp_list_tools.completed mcp_list_tools.failed",
        "file_search_call.in_progress file_search_call.searching file_search_call.completed",
        "web_search_call.in_progress web_search_call.searching web_search_call.completed",
        "code_interpreter_call.in_progress code_interpreter_call.interpreting code_interpreter_call.completed",
        "code_interpreter_call_code.delta code_interpreter_call_code.done",
        "image_generation_call.in_progress image_generation_call.generating image_generation_call.completed",
        "image_generation_call.partial_image compaction.compacting",
        "shell_call_command.added shell_call_command.delta shell_call_command.done",
        "shell_call_output_content.delta shell_call_output_content.done",
        "audio.delta audio.done audio.transcript.delta audio.transcript.done",
        "steer.accepted steer.pending steer.failed",
    )
    for name in family.split()
)
OTHER_TYPES = frozenset({"error", "keepalive"})


def expect_events(exchange: Exchange, name: str) -> None:
    """Break when something in this part of an event is not what the contract's schema says."""
    for step in steps(exchange):
        for wrong in misshapen("ResponsesStreamResponse", step.value, EVENT_PLACES, [name]):
            if not is_error(step):
                expect(False, "what the contract's schema says", Words(wrong.message), step.place(wrong.pointer))


@requirement("responses.stream.event-shape")
def test_events_have_their_shape(any_responses_stream: Evidence) -> None:
    expect_events(stream_in(any_responses_stream), "event")


@requirement("responses.stream.place")
def test_events_say_where_they_belong(any_responses_stream: Evidence) -> None:
    expect_events(stream_in(any_responses_stream), "place")


@requirement("responses.stream.item-shape")
def test_items_in_events_have_their_shape(any_responses_stream: Evidence) -> None:
    expect_events(stream_in(any_responses_stream), "item")


@requirement("responses.stream.whole-responses")
def test_responses_in_events_are_whole(any_responses_stream: Evidence) -> None:
    for step in steps(stream_in(any_responses_stream)):
        if step.type in LIFECYCLE and step.type not in TERMINAL:
            for wrong in misshapen("ResponsesStreamResponse", step.value, EVENT_PLACES, ["response"]):
                got = Words(wrong.message)
                expect(False, "a whole response object at every stage", got, step.place(wrong.pointer))


@requirement("responses.stream.event-name")
def test_events_are_named_by_their_type(any_responses_stream: Evidence) -> None:
    for step in steps(stream_in(any_responses_stream)):
        if step.type:
            got = Words("no event: line") if step.name is None else step.name
            expect(step.name == step.type, f"event: {step.type}, as in the data", got, step.at)


@requirement("responses.stream.foreign-types")
def test_no_event_is_of_another_api(any_responses_stream: Evidence) -> None:
    for step in steps(stream_in(any_responses_stream)):
        own = step.type.startswith("response.") or step.type in OTHER_TYPES or ":" in step.type
        got = step.type or step.value
        expect(own, "a type that begins with response., error, keepalive, or a vendor's prefix", got, step.at)


@requirement("responses.stream.known-types")
def test_event_types_are_known(any_responses_stream: Evidence) -> None:
    for step in steps(stream_in(any_responses_stream)):
        if step.type.startswith("response.") and ":" not in step.type:
            expect(step.type in KNOWN_TYPES, "a type that the vendor has published", step.type, step.at)


@requirement("responses.stream.sequence-present")
def test_events_are_numbered(any_responses_stream: Evidence) -> None:
    expect_events(stream_in(any_responses_stream), "sequence")
    for step in steps(stream_in(any_responses_stream)):
        if not is_error(step) and step.type != "keepalive":
            got = step.value.get("sequence_number", Words("none"))
            numbered = step.view.sequence_number is not None
            expect(numbered, "a sequence_number", got, step.place("/sequence_number"))


@requirement("responses.stream.sequence-rises")
def test_numbers_rise(any_responses_stream: Evidence) -> None:
    for before, step in _numbered(stream_in(any_responses_stream)):
        number = step.view.sequence_number or 0
        expect(number > before, f"more than {before}, the number of the event before", number, step.at)


@requirement("responses.stream.sequence-steps")
def test_numbers_leave_no_gap(any_responses_stream: Evidence) -> None:
    for before, step in _numbered(stream_in(any_responses_stream)):
        number = step.view.sequence_number or 0
        expect(number <= before + 1, f"{before + 1}, the next number", number, step.at)


def _numbered(exchange: Exchange) -> Iterator[tuple[int, Step]]:
    """Each numbered event with the highest number before it."""
    found = [step for step in steps(exchange) if step.view.sequence_number is not None]
    if len(found) < 2:
        not_testable("the events are not numbered, which another sentence judges")
    highest = found[0].view.sequence_number or 0
    for step in found[1:]:
        yield highest, step
        highest = max(highest, step.view.sequence_number or 0)


@requirement("responses.stream.created-first")
def test_created_comes_first(any_responses_stream: Evidence) -> None:
    events = steps(stream_in(any_responses_stream))
    first = next((step for step in events if not is_error(step) and step.type != "keepalive"), None)
    if first is None:
        not_testable("the stream holds nothing but an error")
    expect(first.type == "response.created", "response.created as the first event", first.type, first.at)
    again = [step for step in events if step.type == "response.created"][1:]
    for step in again:
        expect(False, "response.created once", step.type, step.at)


@requirement("responses.stream.created-whole")
def test_created_holds_a_response_without_items(any_responses_stream: Evidence) -> None:
    created = [step for step in steps(stream_in(any_responses_stream)) if step.type == "response.created"]
    if not created:
        not_testable("there is no response.created, which another sentence judges")
    response = created[0].value.get("response")
    at = created[0].place("/response")
    expect(isinstance(response, dict), "a response object", response, at)
    listed = isinstance(response, dict) and isinstance(response.get("output"), list)
    expect(listed, "a response whose output is a list", response, f"{at}/output")
    status = response.get("status") if isinstance(response, dict) else None
    expect(status in ("in_progress", "queued"), "status in_progress or queued", status, f"{at}/status")


@requirement("responses.stream.response-id")
def test_response_keeps_its_id(any_responses_stream: Evidence) -> None:
    first = None
    for step in steps(stream_in(any_responses_stream)):
        name = step.view.response.id if step.view.response and step.type in LIFECYCLE else None
        first = first or name
        expect(name in (None, first), f"{first}, as in the events before", name, step.place("/response/id"))
    if first is None:
        not_testable("no response has an id, which another sentence judges")


@requirement("responses.stream.terminal")
def test_one_terminal_event_comes_last(any_responses_stream: Evidence) -> None:
    events = whole_stream(stream_in(any_responses_stream))
    ends = [step for step in events if step.type in TERMINAL]
    if not ends and any(is_error(step) for step in events):
        not_testable("the stream ends with an error")
    wanted = "response.completed, response.incomplete or response.failed as the last event"
    expect(ends, wanted, events[-1].type, events[-1].at)
    for step in events[events.index(ends[0]) + 1 :]:
        expect(False, f"nothing after {ends[0].type}", step.type, step.at)


@requirement("responses.stream.terminal-status")
def test_status_at_the_end_fits_the_event(any_responses_stream: Evidence) -> None:
    for step in steps(stream_in(any_responses_stream)):
        if step.type in TERMINAL and step.view.response:
            status = step.view.response.status
            right = status in (None, TERMINAL[step.type])
            expect(right, TERMINAL[step.type], status, step.place("/response/status"))


@requirement("responses.stream.final-items")
def test_last_event_holds_all_items(any_responses_stream: Evidence) -> None:
    exchange = stream_in(any_responses_stream)
    final = output(said(exchange))
    shown = [thread for thread in threads(exchange) if thread.closed]
    got = [item.view.type for item in final]
    at = said(exchange).place("/output")
    if any(thread.opened for thread in threads(exchange)):
        wanted = f"all {len(shown)} items that were closed before"
        expect(len(final) >= len(shown), wanted, got, at)
    for thread in shown:
        kind = final[thread.place].view.type if thread.place < len(final) else None
        if thread.last.type and kind:
            expect(kind == thread.last.type, f"{thread.last.type} at place {thread.place}", got, at)


@requirement("responses.stream.error-flat")
def test_error_event_is_flat(any_responses_stream: Evidence) -> None:
    for step in steps(stream_in(any_responses_stream)):
        if is_error(step):
            members = ("type", "code", "message", "param", "sequence_number")
            right = all(name in step.value for name in members) and step.type == "error"
            wanted = "an event of type error with message, code, param and sequence_number in it"
            expect(right and isinstance(step.value["message"], str), wanted, step.value, step.at)


@requirement("responses.stream.error-then-failed")
def test_error_is_followed_by_failed(any_responses_stream: Evidence) -> None:
    events = steps(stream_in(any_responses_stream))
    for number, step in enumerate(events):
        if is_error(step):
            failed = any(later.type == "response.failed" for later in events[number + 1 :])
            expect(failed, "response.failed after the error", Words("none"), events[-1].at)


@requirement("responses.stream.logprobs-list")
def test_text_events_have_a_list_of_likelihoods(any_responses_stream: Evidence) -> None:
    for step in steps(stream_in(any_responses_stream)):
        if step.type in TEXT_EVENTS[:2]:
            got = step.value.get("logprobs", Words("none"))
            expect(isinstance(got, list), "a list, empty as a rule", got, step.place("/logprobs"))


@requirement("responses.stream.same-structure")
def test_answer_has_the_same_members_in_both_modes(responses_list: Exchange, responses_cap_stream: Exchange) -> None:
    plain, piecewise = (said(exchange) for exchange in (responses_list, responses_cap_stream))
    kinds = [_kinds(one.value) for one in (plain, piecewise)]
    if plain.view.status != piecewise.view.status:
        not_testable("the two answers ended differently")
    at = piecewise.place("/output")
    expect(
        kinds[0] == kinds[1], f"items of the types {kinds[0]}, as without streaming", kinds[1], at, responses_cap_stream
    )


def _kinds(value: Any) -> list[Any]:
    listed = value.get("output") if isinstance(value, dict) else None
    kinds = [item.get("type") for item in listed if isinstance(item, dict)] if isinstance(listed, list) else []
    return [kind for kind in kinds if kind != "reasoning"]
