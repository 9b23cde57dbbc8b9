"""What a request may look like: paths, spellings, settings, limits, stop sequences."""

from __future__ import annotations

import re
from collections.abc import Iterator

from conformance.engine.judge import Words, expect, not_testable
from conformance.engine.kit.prompts import CAP, STOP_WORDS
from conformance.engine.kit.reading import served
from conformance.engine.kit.replies import expect_served
from conformance.engine.requirement import requirement
from conformance.families.gemini.probes import LINES, NONCE
from conformance.families.gemini.reading import Told, config_of, counted_prompt, final_usage, told
from conformance.wire.exchange import Exchange

SYSTEM_TOKENS = 6
"""Tokens that the order of the system instruction costs at the very least."""


@requirement("gemini.route.v1")
def test_paths_below_v1_are_served(any_gemini_v1: Exchange) -> None:
    expect_served(any_gemini_v1)


@requirement("gemini.request.settings")
def test_documented_settings_are_accepted(gemini_settings: Exchange) -> None:
    expect_served(gemini_settings)


@requirement("gemini.request.system")
def test_system_instruction_is_read(gemini_answer: Exchange, gemini_ordered: Exchange) -> None:
    _expect_obeyed(gemini_answer, served(gemini_ordered))


@requirement("gemini.request.snake-case")
def test_snake_case_is_read(gemini_answer: Exchange, gemini_ordered_in_snake_case: Exchange) -> None:
    _expect_obeyed(gemini_answer, served(gemini_ordered_in_snake_case))


def _expect_obeyed(plain: Exchange, ordered: Exchange) -> None:
    """The word that the instruction asks for, or the tokens that it costs, show that it was read."""
    if any(NONCE in one.text for one in told(ordered)):
        return
    before, after = (counted_prompt(exchange) for exchange in (plain, ordered))
    got = Words(f"another answer, and {after} prompt tokens where {before} are without an instruction")
    expect(after >= before + SYSTEM_TOKENS, f"{NONCE}, because the system instruction says so", got, "", ordered)
    not_testable("the model did not obey the instruction, but its tokens were counted")


@requirement("gemini.request.picture-counted")
def test_picture_costs_tokens(gemini_stream: Exchange, gemini_pictured: Exchange) -> None:
    plain, pictured = (counted_prompt(exchange) for exchange in (gemini_stream, gemini_pictured))
    at = "/usageMetadata/promptTokenCount"
    expect(pictured > plain, f"more than the {plain} prompt tokens of the text alone", pictured, at, gemini_pictured)


@requirement("gemini.request.alt-sse")
def test_generate_content_streams_with_alt_sse(gemini_generate_sse: Exchange) -> None:
    kind = served(gemini_generate_sse).media_type
    expect(kind == "text/event-stream", "an event stream, because alt is sse", kind, "content-type")


@requirement("gemini.limit.tokens")
def test_cap_is_kept(any_gemini_cap: Exchange) -> None:
    limit = f"at most {CAP} tokens"
    count = final_usage(any_gemini_cap).candidatesTokenCount or 0
    expect(count <= CAP, limit, count, "usageMetadata/candidatesTokenCount")
    for one in told(any_gemini_cap):
        expect(len(re.findall(r"\w+", one.text)) <= CAP, limit, one.text, one.at)


@requirement("gemini.limit.finish")
def test_cap_is_told(any_gemini_cap: Exchange) -> None:
    usage = final_usage(any_gemini_cap)
    spent = (usage.candidatesTokenCount or 0) + (usage.thoughtsTokenCount or 0)
    if spent != CAP:
        not_testable("the model stopped before the limit, or the limit was not kept, which another sentence judges")
    for one in told(any_gemini_cap):
        if one.finish:
            expect(one.finish == "MAX_TOKENS", "MAX_TOKENS, because the limit was hit", one.finish, one.finish_at)


@requirement("gemini.stop.not-in-text")
def test_stop_sequence_is_not_in_the_text(any_gemini_stop: Exchange) -> None:
    for one, sequence in _stops(any_gemini_stop):
        expect(sequence not in one.text, f"text without {sequence!r}", one.text, one.at)


@requirement("gemini.stop.no-part-of-it")
def test_no_part_of_a_stop_sequence_is_left(any_gemini_stop: Exchange) -> None:
    for one, sequence in _stops(any_gemini_stop):
        beginnings = tuple(sequence[:length] for length in range(1, len(sequence)))
        left = one.finish == "STOP" and sequence not in one.text and one.text.endswith(beginnings)
        expect(not left, f"text that ends before {sequence!r}", one.text, one.at)


@requirement("gemini.stop.finish")
def test_stop_sequence_ends_with_stop(any_gemini_stop: Exchange) -> None:
    for one, sequence in _stops(any_gemini_stop):
        if not _came_to(sequence, one.text):
            not_testable("the model did not come to the stop sequence")
        if one.finish:
            expect(one.finish == "STOP", "STOP", one.finish, one.finish_at)


def _stops(exchange: Exchange) -> Iterator[tuple[Told, str]]:
    """Each candidate with the stop sequence that the model runs into."""
    if not any(one.text for one in told(exchange)):
        not_testable("the answer has no text")
    for one in told(exchange):
        yield one, config_of(exchange)["stopSequences"][0]


def _came_to(sequence: str, text: str) -> bool:
    """Whether a text ends where the sequence stands in what the model shall count or repeat."""
    if sequence in STOP_WORDS:
        return text.rstrip().endswith(LINES[-4:])
    return re.findall(r"\d", text) == ["1", "2", "3", "4"] and sequence not in text
