"""Judges of event streams: their framing, their place, and their pace."""

from __future__ import annotations

from conformance.engine.judge import Words, expect, not_testable, nothing_here
from conformance.engine.kit.streams import DONE, EVENT_STREAM, TERMINALS, is_terminal, is_terminator, value_of
from conformance.engine.probe import Conversation
from conformance.engine.requirement import requirement
from conformance.everywhere.common import asks_stream
from conformance.everywhere.transport.views import (
    FEWEST_EVENTS,
    PROMPT_END,
    kind_of,
    streams_in,
    timing_of,
)
from conformance.wire.exchange import json_irregularities
from conformance.wire.sse import Event, Kind

DISPATCHES_NOTHING = (Kind.event_without_data, Kind.id_only, Kind.retry_only)
OTHER_ENDINGS = (Kind.crlf, Kind.cr, Kind.mixed_line_endings)


def _event(event: Event) -> str:
    return f"event {event.number}"


def _none_of(exchanges: Conversation, *kinds: Kind, expected: str) -> None:
    for exchange in streams_in(exchanges):
        found = exchange.event_stream.of_kind(*kinds)
        if found:
            first = found[0]
            got = Words(f"{first.kind} ({len(found)} of them)")
            if first.detail:
                got = Words(f"{first.kind} ({len(found)} of them): {first.detail}")
            expect(False, expected, got, f"byte {first.offset}", exchange)


@requirement("transport.stream.asked-and-given")
def test_a_stream_is_given_where_it_is_asked_for(every_stream: Conversation) -> None:
    asked = [exchange for exchange in every_stream if exchange.ok and asks_stream(exchange.request)]
    if not asked:
        nothing_here("no stream was asked for with success here")
    for exchange in asked:
        plain = not exchange.events and (exchange.is_json or not exchange.body.strip())
        got = Words("one JSON text" if exchange.body.strip() else "an empty body")
        expect(not plain, "an event stream", got, exchange=exchange)


@requirement("transport.stream.only-when-asked")
def test_no_stream_where_none_is_asked_for(plain_answer: Conversation) -> None:
    plain = [exchange for exchange in plain_answer if exchange.ok and not asks_stream(exchange.request)]
    if not plain:
        nothing_here("no answer without a stream was asked for here")
    for exchange in plain:
        streamed = exchange.media_type == EVENT_STREAM or exchange.body.lstrip().startswith((b"data:", b"event:"))
        got = Words(exchange.header("content-type") or "a body of events")
        expect(not streamed, "one answer and no event stream", got, exchange=exchange)


@requirement("transport.stream.content-type")
def test_a_stream_is_labelled(every_stream: Conversation) -> None:
    for exchange in streams_in(every_stream):
        got = Words(exchange.header("content-type") or "no such header")
        fine = exchange.media_type == EVENT_STREAM and exchange.charset in (None, "utf-8", "utf8")
        expect(fine, "text/event-stream, in utf-8", got, "content-type", exchange)


@requirement("transport.stream.no-bom")
def test_no_byte_order_mark(every_stream: Conversation) -> None:
    _none_of(every_stream, Kind.bom, expected="a field name in the first bytes")


@requirement("transport.stream.blank-lines")
def test_events_are_closed_by_blank_lines(every_stream: Conversation) -> None:
    for exchange in streams_in(every_stream):
        for event in exchange.events:
            merged = _documents(event) > 1
            expect(not merged, "one JSON text an event", event.raw, _event(event), exchange)


def _documents(event: Event) -> int:
    """How many data lines of an event are a JSON object, or the terminator, of their own."""
    lines = event.data.split("\n")
    if len(lines) < 2:
        return len(lines)
    whole = [line for line in lines if line.strip() == DONE or (line.startswith("{") and line.rstrip().endswith("}"))]
    return len(whole)


@requirement("transport.stream.last-event-closed")
def test_the_last_event_is_closed(every_stream: Conversation) -> None:
    for exchange in streams_in(every_stream):
        open_end = [event for event in exchange.events if not event.complete]
        for event in open_end:
            expect(False, "a blank line behind the last event", event.raw, _event(event), exchange)


@requirement("transport.stream.payload")
def test_every_payload_is_json_or_the_terminator(every_stream: Conversation) -> None:
    for exchange in streams_in(every_stream):
        for event in exchange.events:
            if not event.data or is_terminator(event.data):
                continue
            expect(value_of(event) is not None, "one JSON text other than null", event.data, _event(event), exchange)


@requirement("transport.stream.known-fields")
def test_nothing_but_fields_of_the_standard(every_stream: Conversation) -> None:
    _none_of(every_stream, Kind.unknown_field, expected="lines of data, event, id or retry")


@requirement("transport.stream.no-empty-data")
def test_no_event_is_empty(every_stream: Conversation) -> None:
    for exchange in streams_in(every_stream):
        for event in exchange.events:
            expect(event.data, "data in every event", event.raw, _event(event), exchange)


@requirement("transport.stream.no-blocks-without-data")
def test_no_block_lacks_data(every_strict_stream: Conversation) -> None:
    _none_of(every_strict_stream, *DISPATCHES_NOTHING, expected="data in every block")


@requirement("transport.stream.whole-characters")
def test_characters_are_not_split_over_events(every_stream: Conversation) -> None:
    _none_of(every_stream, Kind.invalid_utf8, expected="valid UTF-8")
    for exchange in streams_in(every_stream):
        for event in exchange.events:
            halves = [found for found in json_irregularities(event.data) if found.kind == "lone-surrogate"]
            expect(not halves, "whole characters in every event", event.data, _event(event), exchange)


@requirement("transport.stream.no-ids")
def test_events_have_no_id(every_stream: Conversation) -> None:
    _none_of(every_stream, Kind.id_field, expected="no id lines")


@requirement("transport.stream.no-comments")
def test_streams_have_no_comments(every_stream: Conversation) -> None:
    _none_of(every_stream, Kind.comment, expected="no comment lines in an answer that takes no time")


@requirement("transport.stream.line-feeds")
def test_lines_end_with_line_feeds(every_stream: Conversation) -> None:
    _none_of(every_stream, *OTHER_ENDINGS, expected="lines that end with LF")


@requirement("transport.stream.space-after-colon")
def test_a_space_follows_the_colon(every_stream: Conversation) -> None:
    _none_of(every_stream, Kind.no_space_after_colon, expected="a space behind the colon")


@requirement("transport.stream.not-cached")
def test_streams_are_not_cached(every_stream: Conversation) -> None:
    for exchange in streams_in(every_stream):
        value = exchange.header("cache-control") or ""
        fine = any(word in value.lower() for word in ("no-cache", "no-store"))
        expect(fine, "no-cache or no-store", value or Words("no such header"), "cache-control", exchange)


@requirement("transport.stream.not-buffered-by-proxies")
def test_proxies_are_told_not_to_buffer(every_stream: Conversation) -> None:
    for exchange in streams_in(every_stream):
        value = exchange.header("x-accel-buffering") or ""
        expect(value.lower() == "no", "no", value or Words("no such header"), "x-accel-buffering", exchange)


@requirement("transport.stream.terminal")
def test_a_stream_shows_its_end(every_stream: Conversation) -> None:
    for exchange in streams_in(every_stream):
        kind = kind_of(exchange)
        ended = any(is_terminal(kind, event) for event in exchange.events)
        last = exchange.events[-1].data if exchange.events else Words("no event at all")
        expect(ended, TERMINALS.get(kind, "a terminal event"), last, "the last event", exchange)


@requirement("transport.stream.prompt-end")
def test_the_body_ends_with_the_last_event(every_stream: Conversation) -> None:
    for exchange in streams_in(every_stream):
        if not exchange.events or exchange.ended_at is None:
            continue
        pause = exchange.ended_at - exchange.events[-1].at - exchange.stalled
        got = Words(f"{pause:.1f} s of silence after the last event")
        expect(pause < PROMPT_END, f"the end of the body within {PROMPT_END:g} s", got, exchange=exchange)


@requirement("transport.stream.incremental")
def test_a_stream_comes_as_it_is_made(transport_long_stream: Conversation) -> None:
    timings = [timing_of(exchange) for exchange in streams_in(transport_long_stream)]
    if any(timing.incremental for timing in timings):
        return
    last = timings[-1]
    if last.events < FEWEST_EVENTS:
        not_testable(f"the answer came in {last.events} events, too few to tell")
    silence = (
        f"{len(last.burst)} events within {last.burst_length * 1000:.0f} ms, after {last.silence:.1f} s of silence"
    )
    held_back = all(timing.held_back for timing in timings)
    expect(not held_back, "events while the answer is being made", Words(silence), exchange=transport_long_stream[-1])
    not_testable(f"{last.events} events came within {last.times[-1] * 1000:.0f} ms, which is too short to tell")
