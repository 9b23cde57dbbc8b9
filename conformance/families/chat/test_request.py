"""What a request may look like: forms of a message, nulls, roles, limits, stop sequences, several choices."""

from __future__ import annotations

import base64
import binascii
import re
from collections.abc import Iterator

from conformance.engine.judge import Words, expect, not_testable
from conformance.engine.kit.prompts import CAP
from conformance.engine.kit.reading import all_served, asked
from conformance.engine.kit.replies import expect_served, streamed
from conformance.engine.requirement import requirement
from conformance.families.chat.reading import Told, broken_shapes, final_usage, parts, told
from conformance.families.chat.views import Answer
from conformance.wire.exchange import Exchange

SAME_PROMPT_TOLERANCE = 4
"""Tokens by which two spellings of one prompt may differ."""

Evidence = tuple[Exchange, ...]


def _expect_answered(exchange: Exchange) -> None:
    expect_served(exchange)
    expect(told(exchange), "an answer with a choice", exchange.text[:200], "/choices", exchange)


@requirement("chat.request.text-part")
def test_content_may_be_a_list_of_parts(chat_parts: Exchange) -> None:
    expect_served(chat_parts)


@requirement("chat.request.text-part-equal")
def test_text_part_counts_like_a_string(chat_capped_stream: Exchange, chat_parts: Exchange) -> None:
    plain, in_parts = (final_usage(all_served([e])[0]).prompt_tokens or 0 for e in (chat_capped_stream, chat_parts))
    close = abs(plain - in_parts) <= SAME_PROMPT_TOLERANCE
    expect(close, f"about {plain} prompt tokens, as for the string", in_parts, "/usage/prompt_tokens", chat_parts)


@requirement("chat.request.nulls")
def test_null_equals_leaving_out(chat_nulls: Exchange) -> None:
    _expect_answered(chat_nulls)


@requirement("chat.request.system-role")
def test_system_role_is_accepted(chat_system_turn: Evidence) -> None:
    _expect_answered(chat_system_turn[0])


@requirement("chat.request.developer-role")
def test_developer_role_is_accepted(chat_developer: Exchange) -> None:
    expect_served(chat_developer)


@requirement("chat.request.image")
def test_picture_as_data_url_is_accepted(chat_image: Exchange) -> None:
    _expect_answered(chat_image)


@requirement("chat.request.image-counted")
def test_picture_costs_tokens(chat_answer: Exchange, chat_image: Exchange) -> None:
    plain, pictured = (final_usage(exchange).prompt_tokens or 0 for exchange in (chat_answer, chat_image))
    where = "/usage/prompt_tokens"
    expect(pictured > plain, f"more than the {plain} prompt tokens of the text alone", pictured, where, chat_image)


@requirement("chat.request.audio-out")
def test_spoken_answer_holds_a_recording(chat_audio: Exchange) -> None:
    for at, message in broken_shapes(chat_audio, "audio"):
        expect(False, "what the contract's schema says", Words(message), at)
    choices = Answer.of(chat_audio).choices
    speech = choices[0].message.audio if choices and choices[0].message else None
    expect(speech is not None, "a recording, because one was asked for", Words("none"), "/choices/0/message/audio")


@requirement("chat.request.audio-format")
def test_recording_is_in_the_format_asked_for(chat_audio: Exchange) -> None:
    choices = Answer.of(chat_audio).choices
    speech = choices[0].message.audio if choices and choices[0].message else None
    if speech is None or speech.data is None:
        not_testable("there is no recording, which another sentence judges")
    at = "/choices/0/message/audio/data"
    try:
        data = base64.b64decode(speech.data, validate=True)
    except (binascii.Error, ValueError):
        data = b""
        expect(False, "base64", speech.data[:80], at)
    expect(data[:4] == b"RIFF" and data[8:12] == b"WAVE", "a WAV file", data[:16], at)


@requirement("chat.limit.tokens")
def test_cap_is_kept(any_chat_cap: Exchange) -> None:
    limit = f"at most {CAP} tokens"
    usage = final_usage(any_chat_cap)
    at = "usage/completion_tokens" if streamed(any_chat_cap) else "/usage/completion_tokens"
    expect((usage.completion_tokens or 0) <= CAP, limit, usage.completion_tokens, at)
    for choice in told(any_chat_cap):
        words = re.findall(r"\w+", choice.text)
        expect(len(words) <= CAP, limit, choice.text, f"/choices/{choice.index}")


@requirement("chat.limit.finish")
def test_cap_is_told(any_chat_cap: Exchange) -> None:
    usage = final_usage(any_chat_cap)
    if (usage.completion_tokens or 0) < CAP:
        not_testable("the model stopped before the limit by itself")
    if (usage.completion_tokens or 0) > CAP:
        not_testable("the limit was not kept, which another sentence judges")
    for choice in told(any_chat_cap):
        if choice.finish:
            expect(choice.finish == "length", "length, because the limit was hit", choice.finish, _finish_of(choice))


@requirement("chat.stop.not-in-text")
def test_stop_sequence_is_not_in_the_text(any_chat_stop: Exchange) -> None:
    for choice, sequence in _stops(any_chat_stop):
        expect(sequence not in choice.text, f"text without {sequence!r}", choice.text, f"/choices/{choice.index}")


@requirement("chat.stop.no-part-of-it")
def test_no_part_of_a_stop_sequence_is_left(any_chat_stop: Exchange) -> None:
    for choice, sequence in _stops(any_chat_stop):
        beginnings = tuple(sequence[:length] for length in range(1, len(sequence)))
        left = choice.finish == "stop" and sequence not in choice.text and choice.text.endswith(beginnings)
        expect(not left, f"text that ends before {sequence!r}", choice.text, f"/choices/{choice.index}")


@requirement("chat.stop.finish")
def test_stop_sequence_ends_with_stop(any_chat_stop: Exchange) -> None:
    for choice, sequence in _stops(any_chat_stop):
        counted = re.findall(r"\d", choice.text)
        if counted != ["1", "2", "3", "4"] or sequence in choice.text:
            not_testable("the model did not count up to the stop sequence")
        if choice.finish:
            expect(choice.finish == "stop", "stop", choice.finish, _finish_of(choice))


def _stops(exchange: Exchange) -> Iterator[tuple[Told, str]]:
    """Each choice with the stop sequence that a count from 1 runs into."""
    given = asked(exchange)["stop"]
    for choice in told(exchange):
        if not choice.text:
            not_testable("the answer has no text")
        yield choice, given if isinstance(given, str) else given[0]


def _finish_of(choice: Told) -> str:
    return f"/choices/{choice.index}/finish_reason"


@requirement("chat.choices.count")
def test_as_many_choices_as_asked(any_chat_two: Exchange) -> None:
    found: list[int | None] = [choice.index for choice in told(any_chat_two)]
    if streamed(any_chat_two) and any(
        choice.index is None for part in parts(any_chat_two) for choice in part.view.choices
    ):
        not_testable("a choice has no index, which another sentence judges")
    if not streamed(any_chat_two):
        found = [choice.index for choice in parts(any_chat_two)[0].view.choices]
    expect(len(found) == asked(any_chat_two)["n"], "two choices, because n is 2", found, "/choices")
