"""What a request may look like: versions, blocks, pictures, limits, stop sequences."""

from __future__ import annotations

import re
from collections.abc import Iterator

from conformance.engine.judge import expect, not_testable
from conformance.engine.kit.echo import TAIL
from conformance.engine.kit.prompts import CAP, STOP_WORDS
from conformance.engine.kit.reading import asked, expect_client_error, served
from conformance.engine.kit.replies import expect_served
from conformance.engine.requirement import requirement
from conformance.families.claude.reading import Told, told
from conformance.wire.exchange import Exchange

SAME_PROMPT_TOLERANCE = 4
"""Tokens by which two spellings of one prompt may differ."""
INPUT = "/usage/input_tokens"
OUTPUT = "/usage/output_tokens"


@requirement("claude.version.newer")
def test_newer_version_is_accepted(claude_newer: Exchange) -> None:
    expect_served(claude_newer)


@requirement("claude.version.missing")
def test_missing_version_makes_no_server_error(claude_unversioned: Exchange) -> None:
    if not claude_unversioned.ok:
        expect_client_error(claude_unversioned)


@requirement("claude.request.text-blocks")
def test_texts_may_be_lists_of_blocks(claude_blocks: Exchange) -> None:
    expect_served(claude_blocks)


@requirement("claude.request.text-blocks-equal")
def test_blocks_count_like_texts(
    claude_blocks: Exchange,
    claude_tool_forced_stream: Exchange,
    claude_echo_whole: Exchange,
    claude_echo_streamed: Exchange,
) -> None:
    if asked(claude_blocks).get("tools") != asked(claude_tool_forced_stream)["tools"]:
        not_testable("the blocks were refused where the texts were asked for")
    if _prompt(claude_echo_whole) != _prompt(claude_echo_streamed):
        not_testable("prompts count otherwise in streams, which another sentence judges")
    in_blocks, plain = _prompt(claude_blocks), _prompt(claude_tool_forced_stream)
    close = abs(plain - in_blocks) <= SAME_PROMPT_TOLERANCE
    expect(close, f"about {plain} input tokens, as for the texts", in_blocks, INPUT, claude_blocks)


@requirement("claude.request.image")
def test_picture_is_accepted(claude_image: Exchange) -> None:
    one = told(claude_image)
    expect(one.blocks or one.stop_reason, "an answer", claude_image.text[:200], "/content")


@requirement("claude.request.image-counted")
def test_picture_costs_tokens(claude_answer: Exchange, claude_image: Exchange) -> None:
    plain, pictured = (_prompt(exchange) for exchange in (claude_answer, claude_image))
    more = f"more than the {plain} input tokens of the text alone"
    expect(pictured > plain, more, pictured, INPUT, claude_image)


def _prompt(exchange: Exchange) -> int:
    count = told(served(exchange)).usage.prompt
    return count if count is not None else not_testable("there is no count of input tokens, which others judge")


@requirement("claude.stop.limit")
def test_limit_is_kept(any_claude_cap: Exchange) -> None:
    one = told(any_claude_cap)
    limit = f"at most {CAP} tokens"
    expect(_output(one) <= CAP, limit, one.usage.output_tokens, OUTPUT)
    words = re.findall(r"\w+", one.text)
    expect(len(words) <= CAP, limit, one.text, "/content")


@requirement("claude.stop.max-tokens")
def test_limit_is_told(any_claude_cap: Exchange) -> None:
    one = told(any_claude_cap)
    if _output(one) < CAP:
        not_testable("the model stopped before the limit by itself")
    if _output(one) > CAP:
        not_testable("the limit was not kept, which another sentence judges")
    if one.stop_reason:
        hit = one.stop_reason in ("max_tokens", "model_context_window_exceeded")
        expect(hit, "max_tokens, because the limit was hit", one.stop_reason, "/stop_reason")


def _output(one: Told) -> int:
    count = one.usage.output_tokens
    return count if count is not None else not_testable("there is no count of output tokens, which others judge")


@requirement("claude.stop.not-in-text")
def test_stop_sequence_is_not_in_the_text(any_claude_stop: Exchange) -> None:
    for one, sequence in _stops(any_claude_stop):
        expect(sequence not in one.text, f"text without {sequence!r}", one.text, "/content")


@requirement("claude.stop.no-part-of-it")
def test_no_part_of_a_stop_sequence_is_left(any_claude_stop: Exchange) -> None:
    for one, sequence in _stops(any_claude_stop):
        beginnings = tuple(sequence[:length] for length in range(1, len(sequence)))
        left = one.stop_reason == "stop_sequence" and sequence not in one.text and one.text.endswith(beginnings)
        expect(not left, f"text that ends before {sequence!r}", one.text, "/content")


@requirement("claude.stop.sequence-reason")
def test_stop_sequence_is_the_reason(any_claude_stop: Exchange) -> None:
    for one, sequence in _stops(any_claude_stop):
        if not _came_to(sequence, one.text):
            not_testable("the model did not come to the stop sequence")
        if one.stop_reason:
            expect(one.stop_reason == "stop_sequence", "stop_sequence", one.stop_reason, "/stop_reason")


@requirement("claude.stop.sequence-named")
def test_stop_sequence_is_named(any_claude_stop: Exchange) -> None:
    one = told(any_claude_stop)
    given = asked(any_claude_stop)["stop_sequences"]
    if one.stop_reason != "stop_sequence":
        not_testable("no stop sequence ended this answer")
    ran_into = given[:1] if _came_to(given[0], one.text) else given
    expect(one.stop_sequence in ran_into, f"one of {ran_into}", one.stop_sequence, "/stop_sequence")


def _stops(exchange: Exchange) -> Iterator[tuple[Told, str]]:
    """The message with the stop sequence that the model runs into."""
    one = told(exchange)
    if not one.text:
        not_testable("the answer has no text")
    yield one, asked(exchange)["stop_sequences"][0]


def _came_to(sequence: str, text: str) -> bool:
    """Whether a text ends where the sequence stands in what the model shall count or repeat."""
    if sequence in STOP_WORDS:
        return text.rstrip().endswith(TAIL)
    return re.findall(r"\d", text) == ["1", "2", "3", "4"] and sequence not in text
