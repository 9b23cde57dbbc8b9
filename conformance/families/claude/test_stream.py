"""The events of a stream: their names, their order, and what each is made of."""

from __future__ import annotations

from conformance.engine.contract import load_contract
from conformance.engine.judge import Words, expect, not_testable
from conformance.engine.kit.replies import stream_in
from conformance.engine.requirement import requirement
from conformance.families.claude.reading import (
    Evidence,
    all_steps,
    expect_event_shape,
    is_error,
    of_type,
    steps,
    terminators,
    whole_stream,
)
from conformance.families.claude.views import Message, Usage

BLOCK_EVENTS = ("content_block_start", "content_block_delta", "content_block_stop")


@requirement("claude.stream.event-names")
def test_events_are_named_by_their_type(any_claude_stream: Evidence) -> None:
    for step in all_steps(stream_in(any_claude_stream)):
        if is_error(step):
            continue
        expect(step.type, "a type in the data of every event", step.value, step.at)
        named = Words("no event: line") if step.name is None else step.name
        expect(step.name == step.type, f"event: {step.type}", named, step.at)


@requirement("claude.stream.no-done")
def test_terminator_of_another_format_is_not_sent(any_claude_stream: Evidence) -> None:
    for at in terminators(stream_in(any_claude_stream)):
        expect(False, "message_stop alone at the end", "[DONE]", at)


@requirement("claude.stream.start-first")
def test_message_start_comes_first(any_claude_stream: Evidence) -> None:
    first = next((step for step in steps(stream_in(any_claude_stream)) if step.type != "ping"), None)
    if first is None:
        not_testable("there is nothing but pings in this stream; `transport.stream.terminal` judges that")
    expect(first.type == "message_start", "message_start before all but pings", first.type or first.value, first.at)


@requirement("claude.stream.start-once")
def test_message_starts_once(any_claude_stream: Evidence) -> None:
    for step in list(of_type(steps(stream_in(any_claude_stream)), "message_start"))[1:]:
        expect(False, "one message_start", Words("a second one"), step.at)


@requirement("claude.stream.start-shape")
def test_message_start_holds_a_whole_message(any_claude_stream: Evidence) -> None:
    expect_event_shape(any_claude_stream, ("message_start",), "start")


@requirement("claude.stream.usage-at-start")
def test_message_start_tells_the_prompt(any_claude_stream: Evidence) -> None:
    for step in of_type(steps(stream_in(any_claude_stream)), "message_start"):
        count = ((step.view.message or Message()).usage or Usage()).prompt
        if count is None:
            not_testable("there is no usage in message_start, which another sentence judges")
        expect(count > 0, "the tokens of the prompt", count, step.place("/message/usage/input_tokens"))


@requirement("claude.stream.index")
def test_block_events_have_an_index(any_claude_stream: Evidence) -> None:
    expect_event_shape(any_claude_stream, BLOCK_EVENTS, "index")


@requirement("claude.stream.index-order")
def test_blocks_are_numbered_from_zero(any_claude_stream: Evidence) -> None:
    starts = [
        step for step in of_type(steps(stream_in(any_claude_stream)), "content_block_start") if step.index is not None
    ]
    for place, step in enumerate(starts):
        expect(step.index == place, f"index {place}, the place of the block in the content", step.index, step.at)


@requirement("claude.stream.block-opened")
def test_deltas_belong_to_a_block_that_has_started(any_claude_stream: Evidence) -> None:
    started: set[int] = set()
    for step in steps(stream_in(any_claude_stream)):
        if step.type == "content_block_start" and step.index is not None:
            started.add(step.index)
        elif step.type in BLOCK_EVENTS and step.index is not None:
            there = step.index in started
            expect(there, f"content_block_start of block {step.index} before it", step.type, step.at)


@requirement("claude.stream.block-stopped")
def test_every_block_is_stopped_once(any_claude_stream: Evidence) -> None:
    found = whole_stream(stream_in(any_claude_stream))
    stops = [step for step in of_type(found, "content_block_stop") if step.index is not None]
    for start in of_type(found, "content_block_start"):
        if start.index is not None:
            ends = [stop.at for stop in stops if stop.index == start.index]
            expect(len(ends) == 1, f"one content_block_stop of block {start.index}", ends, start.at)


@requirement("claude.stream.blocks-apart")
def test_blocks_do_not_interleave(any_claude_stream: Evidence) -> None:
    started: set[int] = set()
    current: int | None = None
    for step in of_type(steps(stream_in(any_claude_stream)), *BLOCK_EVENTS):
        if step.index is None:
            continue
        if step.type == "content_block_start":
            got = Words(f"the start of block {step.index}")
            expect(current is None, f"content_block_stop of block {current} before the next block", got, step.at)
            started.add(step.index)
            current = step.index
        elif step.index in started and (step.type == "content_block_delta" or current is not None):
            open_one = "no block is open" if current is None else f"block {current} is open"
            expect(step.index == current, f"nothing of block {step.index}, because {open_one}", step.type, step.at)
        if step.type == "content_block_stop":
            current = None


@requirement("claude.stream.block-shape")
def test_block_starts_with_all_that_its_type_has(any_claude_stream: Evidence) -> None:
    expect_event_shape(any_claude_stream, ("content_block_start",), "block")


@requirement("claude.stream.block-starts-empty")
def test_block_starts_empty(any_claude_stream: Evidence) -> None:
    for step in of_type(steps(stream_in(any_claude_stream)), "content_block_start"):
        block = step.view.content_block
        if block is None or block.type not in ("text", "thinking", "tool_use"):
            continue
        got = {"text": block.text, "thinking": block.thinking, "tool_use": block.input}[block.type]
        expect(not got, "nothing yet, because the content comes in deltas", got, step.place("/content_block"))


@requirement("claude.stream.signature-at-start")
def test_thoughts_start_unsigned(any_claude_stream: Evidence) -> None:
    for step in of_type(steps(stream_in(any_claude_stream)), "content_block_start"):
        block = step.view.content_block
        if block is not None and block.type == "thinking":
            got = block.signature if block.signature is not None else Words("none")
            expect(block.signature == "", "an empty signature", got, step.place("/content_block/signature"))


@requirement("claude.stream.delta-shape")
def test_deltas_hold_what_their_type_says(any_claude_stream: Evidence) -> None:
    expect_event_shape(any_claude_stream, ("content_block_delta",), "delta")


@requirement("claude.stream.message-delta")
def test_message_delta_follows_the_blocks(any_claude_stream: Evidence) -> None:
    found = whole_stream(stream_in(any_claude_stream))
    ends = [step.number for step in of_type(found, "message_delta")]
    expect(ends, "a message_delta behind the blocks", Words("none"), found[-1].at)
    for step in of_type(found, *BLOCK_EVENTS):
        expect(step.number < ends[0], "nothing more of a block behind message_delta", step.type, step.at)


@requirement("claude.stream.message-delta-shape")
def test_message_delta_has_delta_and_usage(any_claude_stream: Evidence) -> None:
    expect_event_shape(any_claude_stream, ("message_delta",), "delta", "usage")


@requirement("claude.stream.stop-reason")
def test_stop_reason_is_one_of_seven(any_claude_stream: Evidence) -> None:
    expect_event_shape(any_claude_stream, ("message_delta",), "stop-reason")


@requirement("claude.stream.stop-reason-given")
def test_stream_says_why_it_ended(any_claude_stream: Evidence) -> None:
    ends = list(of_type(whole_stream(stream_in(any_claude_stream)), "message_delta"))
    if not ends:
        not_testable("there is no message_delta, which another sentence judges")
    last = ends[-1]
    given = any(isinstance(step.value.get("delta"), dict) and step.value["delta"].get("stop_reason") for step in ends)
    expect(given, "a stop_reason", Words("null in all of them"), last.place("/delta/stop_reason"))


@requirement("claude.stream.stop-last")
def test_message_stop_comes_last(any_claude_stream: Evidence) -> None:
    last = [step for step in whole_stream(stream_in(any_claude_stream)) if step.type != "ping"][-1:]
    for step in last:
        expect(step.type == "message_stop", "message_stop at the end", step.type or step.value, step.at)


@requirement("claude.stream.stop-once")
def test_message_stops_once(any_claude_stream: Evidence) -> None:
    for step in list(of_type(steps(stream_in(any_claude_stream)), "message_stop"))[1:]:
        expect(False, "one message_stop", Words("a second one"), step.at)


@requirement("claude.stream.usage-cumulative")
def test_output_tokens_never_fall(any_claude_stream: Evidence) -> None:
    highest = 0
    for step in steps(stream_in(any_claude_stream)):
        usage = (step.view.message and step.view.message.usage) or step.view.usage
        count = usage.output_tokens if usage else None
        if count is not None:
            expect(count >= highest, f"at least the {highest} output tokens told before", count, step.place("/usage"))
            highest = count


@requirement("claude.stream.usage-kept")
def test_the_prompt_is_not_overwritten(any_claude_stream: Evidence) -> None:
    told_first: int | None = None
    for step in of_type(steps(stream_in(any_claude_stream)), "message_start", "message_delta"):
        usage = (step.view.message and step.view.message.usage) or step.view.usage or Usage()
        if step.type == "message_start":
            told_first = usage.prompt
        elif told_first and usage.prompt is not None:
            at = step.place("/usage/input_tokens")
            expect(usage.prompt > 0, f"the {told_first} tokens of message_start, or no such member", usage.prompt, at)


@requirement("claude.stream.errors-named")
def test_errors_are_events_of_their_own(any_claude_stream: Evidence) -> None:
    found = all_steps(stream_in(any_claude_stream))
    for place, step in enumerate(found):
        if not is_error(step):
            continue
        named = Words("no event: line") if step.name is None else step.name
        expect(step.name == "error", "event: error", named, step.at)
        violations = load_contract().violations("ClaudeErrorResponse", step.value)
        expect(not violations, "the error envelope", Words("; ".join(map(str, violations))), step.at)
        for late in found[place + 1 :]:
            expect(False, "nothing behind an error", late.type or late.value, late.at)
