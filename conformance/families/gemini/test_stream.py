"""Streams: the bytes of the events, and what their objects are together."""

from __future__ import annotations

import re
from collections.abc import Iterator

from conformance.engine.judge import Words, expect, not_testable, nothing_here, parsed
from conformance.engine.kit.reading import expect_client_error, served
from conformance.engine.kit.streams import EVENT_STREAM, expect_increments, is_terminator
from conformance.engine.requirement import requirement
from conformance.families.gemini.reading import (
    Evidence,
    Step,
    blocked,
    blocks,
    final_usage,
    series_in,
    steps,
    told,
    usages,
    whole_series,
)
from conformance.wire.exchange import Exchange

LINE = re.compile(r"data: .*|")
FALSE_ENDS = ("\u2028", "\u2029", "\x85")
ROUNDING = 1


@requirement("gemini.stream.plain-lines")
def test_lines_are_data_lines(any_gemini_stream: Evidence) -> None:
    for line in _lines(served(series_in(any_gemini_stream))):
        plain = LINE.fullmatch(line) is not None
        expect(plain, "lines that begin with `data: `, and blank ones", line[:80], "", series_in(any_gemini_stream))


def _lines(exchange: Exchange) -> list[str]:
    _needs_events(exchange)
    return re.split(r"\r\n|\n|\r", exchange.decoded_body.decode("utf-8", "replace"))


def _needs_events(exchange: Exchange) -> None:
    if exchange.media_type != EVENT_STREAM and not exchange.events:
        not_testable("this is no event stream; `transport` judges that")


@requirement("gemini.stream.one-line")
def test_objects_stand_on_one_line(any_gemini_stream: Evidence) -> None:
    for event in served(series_in(any_gemini_stream)).events:
        expect("\n" not in event.data, "the whole object on one line", event.data[:120], f"event {event.number}")


@requirement("gemini.stream.line-ends-escaped")
def test_line_ends_of_other_scripts_are_escaped(any_gemini_stream: Evidence) -> None:
    exchange = served(series_in(any_gemini_stream))
    for event in exchange.events:
        raw = [f"U+{ord(one):04X}" for one in FALSE_ENDS if one in event.data]
        expect(not raw, "U+2028, U+2029 and U+0085 escaped", raw, f"event {event.number}")
    if not any(one in answer.text for answer in told(exchange) for one in FALSE_ENDS):
        nothing_here("there is none of these characters in the answer")


@requirement("gemini.stream.no-done")
def test_nothing_like_done_ends_the_stream(any_gemini_stream: Evidence) -> None:
    for event in served(series_in(any_gemini_stream)).events:
        marked = is_terminator(event.data)
        expect(not marked, "no terminator: the end of the body ends the stream", event.data, f"event {event.number}")


@requirement("gemini.stream.objects")
def test_every_event_is_an_answer(any_gemini_stream: Evidence) -> None:
    exchange = served(series_in(any_gemini_stream))
    _needs_events(exchange)
    expect(exchange.events, "at least one event", Words("none"), "", exchange)
    for block in blocks(exchange):
        got = list(block.value) if isinstance(block.value, dict) else block.value
        known = isinstance(block.value, dict) and {"candidates", "promptFeedback", "usageMetadata"} & set(block.value)
        expect(known, "an object with candidates, promptFeedback or usageMetadata", got, block.at)


@requirement("gemini.stream.not-empty")
def test_streams_are_not_empty(any_gemini_series: Evidence) -> None:
    exchange = served(series_in(any_gemini_series))
    said = any(told(exchange)) or blocked(exchange) if exchange.decoded_body.strip() else False
    expect(said, "an answer, or an error with its own status", exchange.text[:200] or Words("an empty body"))


@requirement("gemini.stream.increments")
def test_texts_are_increments(any_gemini_series: Evidence) -> None:
    for lane in _lanes(series_in(any_gemini_series)):
        parts = [(part, at) for step in lane for _, part, at in step.parts if part.text]
        for thought in (True, False):
            expect_increments([(at, part.text or "") for part, at in parts if bool(part.thought) is thought])


@requirement("gemini.stream.finish-given")
def test_each_candidate_finishes(any_gemini_series: Evidence) -> None:
    whole_series(series_in(any_gemini_series))
    for lane in _lanes(series_in(any_gemini_series)):
        if any("finish_reason" in step.raw for step in lane):
            not_testable("the name is in snake_case, which another sentence judges")
        ends = [step for step in lane if step.raw.get("finishReason") is not None]
        expect(ends, "a finishReason in the last object", Words("none"), lane[-1].at("/finishReason"))


@requirement("gemini.stream.finish-last")
def test_nothing_follows_the_finish_reason(any_gemini_series: Evidence) -> None:
    for lane in _lanes(series_in(any_gemini_series)):
        reasons = [number for number, step in enumerate(lane) if step.candidate.finishReason]
        for step in lane[reasons[0] + 1 :] if reasons else ():
            more = any(part.speaks for _, part, _ in step.parts) or step.candidate.finishReason
            expect(not more, "nothing more of a candidate after its finishReason", step.raw, step.at())


@requirement("gemini.stream.usage-last")
def test_usage_is_in_the_last_object(any_gemini_series: Evidence) -> None:
    found = whole_series(series_in(any_gemini_series))
    if not usages(series_in(any_gemini_series)):
        not_testable("there is no usageMetadata, which another sentence judges")
    given = found[-1].view.usageMetadata is not None
    expect(given, "the final usageMetadata in the last object", Words("none there"), found[-1].place("/usageMetadata"))


@requirement("gemini.stream.counts-grow")
def test_counts_never_fall(any_gemini_series: Evidence) -> None:
    for name in ("promptTokenCount", "candidatesTokenCount", "thoughtsTokenCount", "totalTokenCount"):
        counts = [(at, getattr(usage, name)) for at, usage in usages(series_in(any_gemini_series))]
        last = 0
        for at, count in counts:
            if count is not None:
                expect(count >= last, f"at least the {last} of before", count, f"{at}/{name}")
                last = count


@requirement("gemini.stream.same-id")
def test_objects_share_their_id(any_gemini_series: Evidence) -> None:
    for name in ("responseId", "modelVersion"):
        first = ""
        for block in blocks(series_in(any_gemini_series)):
            value = getattr(block.view, name)
            first = first or value or ""
            expect(not value or value == first, f"{first}, as before", value, block.place(f"/{name}"))


@requirement("gemini.stream.array")
def test_without_alt_sse_it_is_an_array(gemini_ordered: Exchange) -> None:
    kind = served(gemini_ordered).media_type
    expect(kind == "application/json", "application/json, because alt is not sse", kind, "content-type")
    value = parsed(gemini_ordered)
    got = list(value) if isinstance(value, dict) else value
    listed = isinstance(value, list) and bool(value) and all(isinstance(one, dict) for one in value)
    expect(listed, "one JSON array of response objects", got)


@requirement("gemini.stream.refused-at-once")
def test_an_error_before_the_stream_has_its_status(gemini_wrong_stream: Exchange) -> None:
    if gemini_wrong_stream.ok and b'"candidates"' in gemini_wrong_stream.decoded_body:
        not_testable("the hub answers this, which `gemini.refusal.contents-missing` judges")
    expect_client_error(gemini_wrong_stream)
    kind = gemini_wrong_stream.media_type
    expect(kind != "text/event-stream", "an error as plain JSON, because no event was sent yet", kind, "content-type")


@requirement("gemini.stream.same-answer")
def test_echo_is_told_alike_in_both_modes(gemini_echo_whole: Exchange, gemini_echo_streamed: Exchange) -> None:
    whole, piecewise = told(gemini_echo_whole), told(gemini_echo_streamed)
    expect(len(whole) == len(piecewise), f"{len(whole)} candidates", len(piecewise), "", gemini_echo_streamed)
    for one, other in zip(whole, piecewise, strict=True):
        if one.text == other.text and one.finish and other.finish:
            same = one.finish == other.finish
            expect(same, f"{one.finish}, as without streaming", other.finish, other.finish_at, gemini_echo_streamed)


@requirement("gemini.stream.same-usage")
def test_usage_is_the_same_in_both_modes(gemini_echo_whole: Exchange, gemini_echo_streamed: Exchange) -> None:
    texts = [[one.text for one in told(exchange)] for exchange in (gemini_echo_whole, gemini_echo_streamed)]
    if texts[0] != texts[1]:
        not_testable("the model used other words in the other mode")
    whole, piecewise = (_visible(exchange) for exchange in (gemini_echo_whole, gemini_echo_streamed))
    close = all(abs(one - other) <= ROUNDING for one, other in zip(whole, piecewise, strict=True))
    wanted = f"{whole} tokens (prompt, text), as without streaming"
    expect(close, wanted, piecewise, "usageMetadata", gemini_echo_streamed)


def _visible(exchange: Exchange) -> tuple[int, int]:
    usage = final_usage(exchange)
    return usage.promptTokenCount or 0, usage.candidatesTokenCount or 0


def _lanes(exchange: Exchange) -> Iterator[list[Step]]:
    """The objects of a stream by candidate."""
    lanes: dict[int, list[Step]] = {}
    for step in steps(exchange):
        lanes.setdefault(step.index, []).append(step)
    yield from lanes.values()
