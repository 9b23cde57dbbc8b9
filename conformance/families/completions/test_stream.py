"""The chunks of a stream: what each is made of, and what they are together."""

from __future__ import annotations

from collections.abc import Callable
from typing import Any

from conformance.engine.judge import expect, not_testable
from conformance.engine.kit import chunks
from conformance.engine.kit.chunks import whole_stream
from conformance.engine.kit.streams import expect_increments
from conformance.engine.requirement import requirement
from conformance.families.completions.reading import final_counts, heads, lanes, steps, told
from conformance.families.completions.test_answer import expect_shape
from conformance.families.completions.views import Answer
from conformance.wire.exchange import Exchange

FINISH_KEYS = ("stop", "length", "content_filter")

Evidence = tuple[Exchange, ...]


@requirement("completions.stream.envelope")
def test_chunks_have_their_envelope(any_completions_stream: Evidence) -> None:
    expect_shape(any_completions_stream, "head", "object", "choices")


@requirement("completions.stream.text")
def test_chunks_hold_text_like_answers(any_completions_stream: Evidence) -> None:
    expect_shape(any_completions_stream, "text")


@requirement("completions.stream.index")
def test_choices_have_an_index(any_completions_stream: Evidence) -> None:
    expect_shape(any_completions_stream, "index")


@requirement("completions.stream.index-from-zero")
def test_choices_are_numbered_from_zero(any_completions_stream: Evidence) -> None:
    order = sorted(lanes(any_completions_stream[0]))
    if not order:
        not_testable("no choice has an index, which another sentence judges")
    expect(order == list(range(len(order))), "indexes that start at 0 and grow by one", order)


@requirement("completions.stream.finish-value")
def test_finish_reason_is_one_of_three_or_null(any_completions_stream: Evidence) -> None:
    for step in steps(any_completions_stream[0]):
        value = step.raw.get("finish_reason")
        right = value in (None, "") or (isinstance(value, str) and value in FINISH_KEYS)
        expect(right, f"null or one of {', '.join(FINISH_KEYS)}", value, step.at)


@requirement("completions.stream.finish-null")
def test_finish_reason_is_null_before_the_end(any_completions_stream: Evidence) -> None:
    for step in steps(any_completions_stream[0]):
        expect(step.raw.get("finish_reason") != "", "null", "", step.at)


@requirement("completions.stream.one-id")
def test_chunks_share_one_id(any_completions_stream: Evidence) -> None:
    _expect_one(any_completions_stream[0], "id", lambda view: view.id)


@requirement("completions.stream.one-created")
def test_chunks_share_one_time(any_completions_stream: Evidence) -> None:
    _expect_one(any_completions_stream[0], "created", lambda view: view.created)


@requirement("completions.stream.one-model")
def test_chunks_share_one_model(any_completions_stream: Evidence) -> None:
    _expect_one(any_completions_stream[0], "model", lambda view: view.model)


def _expect_one(exchange: Exchange, name: str, value_of: Callable[[Answer], Any]) -> None:
    first: Any = None
    for part, view in heads(exchange):
        value = value_of(view)
        if value in (None, ""):
            continue
        first = value if first is None else first
        expect(value == first, f"{first}, as in the chunks before", value, part.place(f"/{name}"))


@requirement("completions.stream.increments")
def test_chunks_are_increments(any_completions_stream: Evidence) -> None:
    for lane in lanes(any_completions_stream[0]).values():
        expect_increments([(step.at, step.view.text or "") for step in lane])


@requirement("completions.stream.finish-once")
def test_each_choice_finishes_once(any_completions_stream: Evidence) -> None:
    whole_stream(any_completions_stream[0])
    for index, lane in lanes(any_completions_stream[0]).items():
        ends = [step for step in lane if step.view.finish_reason]
        got, at = [step.view.finish_reason for step in ends], (ends or lane)[-1].at
        expect(len(ends) == 1, f"one finish_reason for choice {index}", got, at)


@requirement("completions.stream.finish-last")
def test_nothing_follows_the_finish_reason(any_completions_stream: Evidence) -> None:
    for index, lane in lanes(any_completions_stream[0]).items():
        ends = [number for number, step in enumerate(lane) if step.view.finish_reason]
        if not ends:
            not_testable("there is no finish_reason, which another sentence judges")
        for step in lane[ends[0] + 1 :]:
            more = step.view.text
            expect(not more, f"no text of choice {index} after its finish_reason", more, step.at)


@requirement("completions.stream.done-last")
def test_done_comes_last(any_completions_stream: Evidence) -> None:
    chunks.expect_done_last(any_completions_stream[0])


@requirement("completions.stream.done-once")
def test_nothing_follows_done(any_completions_stream: Evidence) -> None:
    chunks.expect_done_once(any_completions_stream[0])


@requirement("completions.stream.unnamed-events")
def test_events_have_no_name(any_completions_stream: Evidence) -> None:
    chunks.expect_unnamed(any_completions_stream[0])


@requirement("completions.stream.usage-given")
def test_usage_is_given_when_asked(any_completions_stream_with_usage: Evidence) -> None:
    chunks.expect_usage_given(any_completions_stream_with_usage[0])


@requirement("completions.stream.usage-chunk")
def test_usage_has_a_chunk_of_its_own(any_completions_stream_with_usage: Evidence) -> None:
    chunks.expect_usage_apart(any_completions_stream_with_usage[0])


@requirement("completions.stream.usage-last")
def test_usage_is_in_the_last_chunk(any_completions_stream_with_usage: Evidence) -> None:
    chunks.expect_usage_last(any_completions_stream_with_usage[0])


@requirement("completions.stream.usage-unasked")
def test_no_usage_chunk_when_not_asked(any_completions_stream_without_usage: Evidence) -> None:
    chunks.expect_no_bare_chunk(any_completions_stream_without_usage[0])


@requirement("completions.stream.same-structure")
def test_both_modes_tell_the_same(completions_echo: Exchange, completions_echo_streamed: Exchange) -> None:
    here, there = told(completions_echo), told(completions_echo_streamed)
    count = f"{len(here)} choices, as without streaming"
    expect(len(here) == len(there), count, len(there), "choices", completions_echo_streamed)
    for whole, piecewise in zip(here, there, strict=True):
        if whole.text == piecewise.text and whole.finish and piecewise.finish:
            at = f"finish_reason of choice {whole.index}"
            same = whole.finish == piecewise.finish
            expect(same, f"{whole.finish}, as without streaming", piecewise.finish, at, completions_echo_streamed)


@requirement("completions.stream.same-usage")
def test_usage_is_the_same_in_both_modes(completions_echo: Exchange, completions_echo_streamed: Exchange) -> None:
    here, there = ([choice.text for choice in told(e)] for e in (completions_echo, completions_echo_streamed))
    if here != there:
        not_testable("the model used other words in the other mode")
    whole, piecewise = (final_counts(e) for e in (completions_echo, completions_echo_streamed))
    close = all(abs(whole[name] - piecewise[name]) <= 1 for name in ("prompt_tokens", "completion_tokens"))
    expect(close, f"{whole}, as without streaming", piecewise, "usage", completions_echo_streamed)
