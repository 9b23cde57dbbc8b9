"""What the deltas of a stream join to."""

from __future__ import annotations

from conformance.engine.judge import Words, expect, not_testable
from conformance.engine.kit.replies import stream_in
from conformance.engine.kit.streams import expect_increments
from conformance.engine.requirement import requirement
from conformance.families.claude.reading import Evidence, Told, json_of, told
from conformance.wire import strictjson
from conformance.wire.exchange import Exchange

HOMES = {
    "text_delta": ("text",),
    "input_json_delta": ("tool_use", "server_tool_use", "mcp_tool_use"),
    "thinking_delta": ("thinking",),
    "signature_delta": ("thinking",),
}
"""Types of blocks that a type of delta may stand in."""


@requirement("claude.stream.delta-fits")
def test_deltas_fit_their_block(any_claude_stream: Evidence) -> None:
    for block in told(stream_in(any_claude_stream)).blocks:
        for step in block.pieces:
            homes = HOMES.get(step.delta.type or "")
            if homes and block.type:
                got = Words(f"{step.delta.type} in a block of type {block.type}")
                expect(block.type in homes, f"{step.delta.type} in {' or '.join(homes)}", got, step.at)


@requirement("claude.stream.input-json")
def test_pieces_of_an_input_join_to_an_object(any_claude_stream: Evidence) -> None:
    one = told(stream_in(any_claude_stream))
    if not one.calls:
        not_testable("there is no tool call in this stream")
    if not one.complete:
        not_testable("the answer was cut")
    for call in one.calls:
        joined = json_of(call)
        last = call.pieces[-1].at if call.pieces else f"block {call.position}"
        expect(not joined or _is_object(joined), "pieces that join to a JSON object", joined, last)


def _is_object(text: str) -> bool:
    try:
        return isinstance(strictjson.parse(text), dict)
    except ValueError:
        return False


@requirement("claude.stream.signature")
def test_signature_comes_whole_behind_the_thoughts(claude_thinking: Evidence) -> None:
    for block in told(stream_in(claude_thinking)).blocks:
        signed = [step for step in block.pieces if step.delta.type == "signature_delta"]
        for step in signed[1:]:
            expect(False, "one signature_delta for a block", Words("a second one"), step.at)
        for step in block.pieces:
            late = bool(signed) and step.number > signed[0].number and step.delta.type == "thinking_delta"
            expect(not late, "no more thoughts behind their signature", step.delta.thinking, step.at)


@requirement("claude.stream.increments")
def test_deltas_are_increments(any_claude_stream: Evidence) -> None:
    for block in told(stream_in(any_claude_stream)).blocks:
        for name in ("text", "thinking"):
            expect_increments([(step.at, getattr(step.delta, name) or "") for step in block.pieces])


@requirement("claude.stream.same-structure")
def test_echo_is_told_alike_in_both_modes(claude_echo_whole: Exchange, claude_echo_streamed: Exchange) -> None:
    whole, piecewise = told(claude_echo_whole), told(claude_echo_streamed)
    if whole.text != piecewise.text or not whole.text:
        not_testable("the model used other words in the other mode")
    _expect_same(_reasons(whole), _reasons(piecewise), "stop_reason", claude_echo_streamed)
    _expect_same(_types(whole), _types(piecewise), "the types of the blocks", claude_echo_streamed)


@requirement("claude.stream.same-structure")
def test_forced_call_is_told_alike_in_both_modes(
    claude_tool_forced_whole: Exchange, claude_tool_forced_stream: Exchange
) -> None:
    whole, piecewise = told(claude_tool_forced_whole), told(claude_tool_forced_stream)
    if not (whole.complete and piecewise.complete):
        not_testable("the answer was cut in one of the modes")
    _expect_same(_names(whole), _names(piecewise), "the names of the calls", claude_tool_forced_stream)


def _expect_same(whole: object, piecewise: object, at: str, exchange: Exchange) -> None:
    expect(whole == piecewise, f"{whole}, as without streaming", piecewise, at, exchange)


def _reasons(one: Told) -> str:
    return one.stop_reason or not_testable("there is no stop_reason, which another sentence judges")


def _types(one: Told) -> list[str]:
    return [block.type for block in one.blocks if block.type not in ("thinking", "redacted_thinking")]


def _names(one: Told) -> list[str]:
    return sorted({call.name for call in one.calls if call.name})


@requirement("claude.stream.same-usage")
def test_usage_is_the_same_in_both_modes(claude_echo_whole: Exchange, claude_echo_streamed: Exchange) -> None:
    whole, piecewise = told(claude_echo_whole), told(claude_echo_streamed)
    if whole.text != piecewise.text or _thinks(whole) or _thinks(piecewise):
        not_testable("the model used other words in the other mode, or thought about them")
    counts = [_counts(one) for one in (whole, piecewise)]
    close = all(abs(one - other) <= 1 for one, other in zip(*counts, strict=True))
    expect(
        close, f"{counts[0]} tokens (prompt, answer), as without streaming", counts[1], "usage", claude_echo_streamed
    )


def _thinks(one: Told) -> bool:
    return any(block.type in ("thinking", "redacted_thinking") for block in one.blocks)


def _counts(one: Told) -> list[int]:
    prompt, output = one.usage.prompt, one.usage.output_tokens
    if prompt is None or output is None:
        not_testable("the usage is not complete, which another sentence judges")
    return [prompt, output]
