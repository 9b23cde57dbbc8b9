"""The chunks of a stream: what each is made of, and what they are together."""

from __future__ import annotations

from collections.abc import Callable, Iterator
from typing import Any

from conformance.engine.judge import Words, expect, not_testable
from conformance.engine.kit import chunks
from conformance.engine.kit.streams import expect_increments
from conformance.engine.requirement import requirement
from conformance.families.chat.reading import Part, Step, by_index, parts, steps, told, whole_stream
from conformance.families.chat.test_answer import expect_shape
from conformance.families.chat.views import Usage
from conformance.wire.exchange import Exchange

BYTES_PER_TOKEN = 2
"""Fewer bytes of the repeated text than this make no token in any tokeniser at large."""
FINISH_KEYS = ("stop", "length", "tool_calls", "content_filter", "function_call")

Evidence = tuple[Exchange, ...]


@requirement("chat.stream.envelope")
def test_chunks_have_their_envelope(any_chat_stream: Evidence) -> None:
    expect_shape(any_chat_stream, "head", "other")


@requirement("chat.stream.object")
def test_chunks_say_what_they_are(any_chat_stream: Evidence) -> None:
    expect_shape(any_chat_stream, "object")


@requirement("chat.stream.choices-list")
def test_choices_is_always_a_list(any_chat_stream: Evidence) -> None:
    expect_shape(any_chat_stream, "choices")


@requirement("chat.stream.delta")
def test_delta_is_always_an_object(any_chat_stream: Evidence) -> None:
    expect_shape(any_chat_stream, "message")


@requirement("chat.stream.index")
def test_choices_have_an_index(any_chat_stream: Evidence) -> None:
    expect_shape(any_chat_stream, "index")


@requirement("chat.stream.finish-value")
def test_finish_reason_is_one_of_five(any_chat_stream: Evidence) -> None:
    for step in steps(any_chat_stream[0]):
        value = step.raw.get("finish_reason")
        right = value in (None, "") or (isinstance(value, str) and value in FINISH_KEYS)
        expect(right, f"null or one of {', '.join(FINISH_KEYS)}", value, step.at)


@requirement("chat.stream.finish-null")
def test_finish_reason_is_null_before_the_end(any_chat_stream: Evidence) -> None:
    for step in steps(any_chat_stream[0]):
        expect(step.raw.get("finish_reason") != "", "null", "", step.at)


@requirement("chat.stream.finish-present")
def test_finish_reason_is_in_every_chunk(any_chat_stream: Evidence) -> None:
    for step in steps(any_chat_stream[0]):
        keys = Words(", ".join(map(str, step.raw)))
        expect("finish_reason" in step.raw, "a member finish_reason, null before the end", keys, step.at)


@requirement("chat.stream.one-id")
def test_chunks_share_one_id(any_chat_stream: Evidence) -> None:
    _expect_one(any_chat_stream[0], "id", lambda part: part.view.id)


@requirement("chat.stream.one-created")
def test_chunks_share_one_time(any_chat_stream: Evidence) -> None:
    _expect_one(any_chat_stream[0], "created", lambda part: part.view.created)


@requirement("chat.stream.one-model")
def test_chunks_share_one_model(any_chat_stream: Evidence) -> None:
    _expect_one(any_chat_stream[0], "model", lambda part: part.view.model)


def _expect_one(exchange: Exchange, name: str, value_of: Callable[[Part], Any]) -> None:
    first: Any = None
    for part in parts(exchange):
        value = value_of(part)
        if value in (None, ""):
            continue
        first = value if first is None else first
        expect(value == first, f"{first}, as in the chunks before", value, part.place(f"/{name}"))


@requirement("chat.stream.role-first")
def test_first_delta_tells_the_role(any_chat_stream: Evidence) -> None:
    for index, lane in _lanes(any_chat_stream[0]):
        role = lane[0].delta.role if lane[0].delta else None
        expect(role == "assistant", f"role assistant in the first delta of choice {index}", role, lane[0].at)


@requirement("chat.stream.role-once")
def test_role_is_told_once(any_chat_stream: Evidence) -> None:
    for index, lane in _lanes(any_chat_stream[0]):
        telling = [step for step in lane if step.delta and step.delta.role]
        for step in telling[1:]:
            expect(False, f"the role of choice {index} once", step.delta.role, step.at)


@requirement("chat.stream.increments")
def test_deltas_are_increments(any_chat_stream: Evidence) -> None:
    for _, lane in _lanes(any_chat_stream[0]):
        for name in ("content", "reasoning_content"):
            expect_increments([(step.at, getattr(step.delta, name, None) or "") for step in lane])


@requirement("chat.stream.finish-once")
def test_each_choice_finishes_once(any_chat_stream: Evidence) -> None:
    whole_stream(any_chat_stream[0])
    for index, lane in _lanes(any_chat_stream[0]):
        reasons = [step.finish for step in lane if step.finish]
        at = next((step.at for step in reversed(lane) if step.finish), lane[-1].at)
        expect(len(reasons) == 1, f"one finish_reason for choice {index}", reasons, at)


@requirement("chat.stream.finish-last")
def test_nothing_follows_the_finish_reason(any_chat_stream: Evidence) -> None:
    for index, lane in _lanes(any_chat_stream[0]):
        ends = [number for number, step in enumerate(lane) if step.finish]
        if not ends:
            not_testable("there is no finish_reason, which another sentence judges")
        for step in lane[ends[0] + 1 :]:
            more = step.delta is not None and step.delta.speaks
            got = step.raw.get("delta")
            expect(not more, f"nothing more of choice {index} after its finish_reason", got, step.at)


@requirement("chat.stream.index-order")
def test_choices_appear_in_order(chat_two_stream: Exchange) -> None:
    order = list(by_index(steps(chat_two_stream)))
    expect(order == sorted(order), "choices that first appear in ascending order", order)


@requirement("chat.stream.index-from-zero")
def test_choices_are_numbered_from_zero(any_chat_stream: Evidence) -> None:
    order = sorted(by_index(steps(any_chat_stream[0])))
    if not order:
        not_testable("no choice has an index, which another sentence judges")
    expect(order == list(range(len(order))), "indexes that start at 0 and grow by one", order)


@requirement("chat.stream.lists")
def test_lists_in_deltas_can_be_joined(any_chat_stream: Evidence) -> None:
    for _, lane in _lanes(any_chat_stream[0]):
        seen: set[str] = set()
        for step in lane:
            for name, entries in _lists_of(step.raw.get("delta")):
                numbered = all(isinstance(entry, dict) and isinstance(entry.get("index"), int) for entry in entries)
                again = name in seen and not numbered
                expect(not again, f"an index in the entries of {name}, or the list in one chunk only", entries, step.at)
                seen.add(name)


def _lists_of(delta: Any) -> Iterator[tuple[str, list[Any]]]:
    for name, value in (delta if isinstance(delta, dict) else {}).items():
        if (
            name not in ("tool_calls", "content")
            and isinstance(value, list)
            and any(isinstance(entry, dict) for entry in value)
        ):
            yield name, value


@requirement("chat.stream.done-last")
def test_done_comes_last(any_chat_stream: Evidence) -> None:
    chunks.expect_done_last(any_chat_stream[0])


@requirement("chat.stream.done-once")
def test_nothing_follows_done(any_chat_stream: Evidence) -> None:
    chunks.expect_done_once(any_chat_stream[0])


@requirement("chat.stream.unnamed-events")
def test_events_have_no_name(any_chat_stream: Evidence) -> None:
    chunks.expect_unnamed(any_chat_stream[0])


@requirement("chat.stream.usage-given")
def test_usage_is_given_when_asked(any_chat_stream_with_usage: Evidence) -> None:
    chunks.expect_usage_given(any_chat_stream_with_usage[0])


@requirement("chat.stream.usage-chunk")
def test_usage_has_a_chunk_of_its_own(any_chat_stream_with_usage: Evidence) -> None:
    chunks.expect_usage_apart(any_chat_stream_with_usage[0])


@requirement("chat.stream.usage-last")
def test_usage_is_in_the_last_chunk(any_chat_stream_with_usage: Evidence) -> None:
    chunks.expect_usage_last(any_chat_stream_with_usage[0])


@requirement("chat.stream.usage-unasked")
def test_no_usage_chunk_when_not_asked(any_chat_stream_without_usage: Evidence) -> None:
    chunks.expect_no_bare_chunk(any_chat_stream_without_usage[0])


@requirement("chat.stream.same-structure")
def test_echo_is_told_alike_in_both_modes(chat_echo: Exchange, chat_echo_stream: Exchange) -> None:
    _expect_same_counts(chat_echo, chat_echo_stream)
    for whole, piecewise in zip(told(chat_echo), told(chat_echo_stream), strict=True):
        if whole.text == piecewise.text and whole.finish and piecewise.finish:
            at = f"finish_reason of choice {whole.index}"
            same = whole.finish == piecewise.finish
            expect(same, f"{whole.finish}, as without streaming", piecewise.finish, at, chat_echo_stream)


@requirement("chat.stream.same-structure")
def test_forced_call_is_told_alike_in_both_modes(chat_tool_forced: Exchange, chat_tool_forced_stream: Exchange) -> None:
    _expect_same_counts(chat_tool_forced, chat_tool_forced_stream)
    for whole, piecewise in zip(told(chat_tool_forced), told(chat_tool_forced_stream), strict=True):
        both = [sorted({call.name for call in choice.calls if call.name}) for choice in (whole, piecewise)]
        if whole.complete and piecewise.complete:
            at = f"tool_calls of choice {whole.index}"
            expect(
                both[0] == both[1], f"calls of {both[0]}, as without streaming", both[1], at, chat_tool_forced_stream
            )


def _expect_same_counts(whole: Exchange, piecewise: Exchange) -> None:
    here, there = (len(told(exchange)) for exchange in (whole, piecewise))
    expect(here == there, f"{here} choices, as without streaming", there, "choices", piecewise)


@requirement("chat.stream.same-usage")
def test_usage_is_the_same_in_both_modes(chat_echo: Exchange, chat_echo_stream: Exchange) -> None:
    whole, piecewise = _final(chat_echo), _final(chat_echo_stream)
    at = "usage/prompt_tokens"
    counts = whole.prompt_tokens or 0, piecewise.prompt_tokens or 0
    expect(_close(*counts), f"{counts[0]}, as without streaming", counts[1], at, chat_echo_stream)
    texts = [[choice.text for choice in told(exchange)] for exchange in (chat_echo, chat_echo_stream)]
    if texts[0] != texts[1]:
        not_testable("the model used other words in the other mode")
    longest = sum(len(text.encode()) for text in texts[0]) // BYTES_PER_TOKEN
    counts = _visible_tokens(whole, longest), _visible_tokens(piecewise, longest)
    at = "usage/completion_tokens"
    expect(_close(*counts), f"{counts[0]} for the text, as without streaming", counts[1], at, chat_echo_stream)


def _close(one: int, other: int) -> bool:
    return abs(one - other) <= 1


def _visible_tokens(usage: Usage, longest: int) -> int:
    """Tokens of what the model said without its thoughts.

    Raises:
        NotTestable: the model may have thought without telling how much; the text cannot be that many tokens.
    """
    completion, details = usage.completion_tokens or 0, usage.completion_tokens_details
    thoughts = details.reasoning_tokens if details else None
    if thoughts is None and completion > longest:
        not_testable("the model may have thought, and the usage does not tell")
    if thoughts is not None and thoughts > completion:
        not_testable("more thoughts than tokens are told, which another sentence judges")
    return completion - (thoughts or 0)


def _final(exchange: Exchange) -> Usage:
    found = [part.view.usage for part in parts(exchange) if part.view.usage is not None]
    if not found or found[-1].prompt_tokens is None or found[-1].completion_tokens is None:
        not_testable("there is no complete usage, which another sentence judges")
    return found[-1]


def _lanes(exchange: Exchange) -> Iterator[tuple[int, list[Step]]]:
    """The choices of a stream with their chunks."""
    yield from by_index(steps(exchange)).items()
