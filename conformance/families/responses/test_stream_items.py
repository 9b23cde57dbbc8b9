"""The items of a stream: opened, filled, closed, and the same in every telling."""

from __future__ import annotations

from collections.abc import Iterator

from conformance.engine.judge import Words, expect, not_testable
from conformance.engine.kit.replies import stream_in
from conformance.engine.requirement import requirement
from conformance.families.responses.reading import (
    ITEM_EVENTS,
    Evidence,
    Lane,
    Step,
    Thread,
    expect_agreement,
    final_items,
    part_kind,
    said,
    steps,
    threads,
    versions,
    whole_stream,
)
from conformance.wire.exchange import Exchange


def _threads(evidence: Evidence) -> Iterator[Thread]:
    """The items of a stream.

    Raises:
        NotTestable: it shows none.
    """
    found = threads(evidence[0])
    if not found:
        not_testable("no event of this stream is about an item")
    yield from found


def _ended_well(exchange: Exchange) -> bool:
    """Whether a stream came to an end at which everything in it has to be closed."""
    events = whole_stream(exchange)
    return any(step.type in ("response.completed", "response.incomplete") for step in events)


@requirement("responses.stream.item-opened")
def test_items_are_opened_once_and_first(any_responses_stream: Evidence) -> None:
    for thread in _threads(any_responses_stream):
        first = thread.steps[0]
        wanted = f"response.output_item.added before any other event of item {thread.index}"
        expect(first.type == ITEM_EVENTS[0], wanted, first.type, first.at)
        for step in thread.opened[1:]:
            expect(False, f"item {thread.index} opened once", step.type, step.at)


@requirement("responses.stream.item-closed")
def test_items_are_closed_once_and_last(any_responses_stream: Evidence) -> None:
    for thread in _threads(any_responses_stream):
        if thread.closed:
            for step in thread.steps[thread.steps.index(thread.closed[0]) + 1 :]:
                expect(False, f"nothing of item {thread.index} after it is closed", step.type, step.at)
        elif _ended_well(stream_in(any_responses_stream)):
            got = Words("none")
            expect(False, f"response.output_item.done for item {thread.index}", got, thread.steps[-1].at)


@requirement("responses.stream.item-indexes")
def test_items_are_numbered_from_zero(any_responses_stream: Evidence) -> None:
    opened = [step for step in steps(stream_in(any_responses_stream)) if step.type == ITEM_EVENTS[0]]
    told = [step for step in opened if step.view.output_index is not None]
    if not told or len(told) < len(opened):
        not_testable("items are opened without an output_index, which another sentence judges")
    seen: list[int] = []
    for step in told:
        if step.view.output_index not in seen:  # an item that is opened twice is another sentence's affair
            got, wanted = step.view.output_index, f"output_index {len(seen)}"
            expect(got == len(seen), wanted, got, step.place("/output_index"))
            seen.append(step.view.output_index or 0)


@requirement("responses.stream.item-ids")
def test_items_keep_their_ids(any_responses_stream: Evidence) -> None:
    final = final_items(stream_in(any_responses_stream))
    for thread in _threads(any_responses_stream):
        later = [(step.view.item, step.place("/item")) for step in thread.closed if step.view.item]
        if thread.place < len(final):
            place = f"/output/{thread.place}"
            later.append((final[thread.place], said(stream_in(any_responses_stream)).place(place)))
        for item, at in later:
            for name in ("id", "call_id"):
                before, now = getattr(thread.first, name), getattr(item, name)
                same = before is None or now is None or before == now
                expect(same, f"{before}, as when the item was opened", now, f"{at}/{name}")


@requirement("responses.stream.item-named")
def test_events_name_their_item(any_responses_stream: Evidence) -> None:
    for thread in _threads(any_responses_stream):
        for step in thread.steps:
            if step.type not in ITEM_EVENTS and thread.first.id:
                got = step.value.get("item_id", Words("none"))
                expect(step.view.item_id == thread.first.id, thread.first.id, got, step.place("/item_id"))


@requirement("responses.stream.item-states")
def test_items_go_from_open_to_done(any_responses_stream: Evidence) -> None:
    for thread in _threads(any_responses_stream):
        for step in thread.steps:
            status = step.view.item.status if step.view.item else None
            if status is None:
                continue
            allowed = ("in_progress",) if step.type == ITEM_EVENTS[0] else ("completed", "incomplete")
            expect(status in allowed, " or ".join(allowed), status, step.place("/item/status"))


@requirement("responses.stream.part-opened")
def test_parts_are_opened_before_their_text(any_responses_stream: Evidence) -> None:
    for place, lane in _texts(any_responses_stream):
        events = sorted((*lane.opened, *lane.deltas, *lane.done, *lane.closed), key=lambda step: step.number)
        wanted = f"response.content_part.added before any other event of part {place}"
        right = events[0].type == "response.content_part.added"
        expect(right, wanted, events[0].type, events[0].at)
        for step in lane.opened[1:]:
            expect(False, f"part {place} opened once", step.type, step.at)


@requirement("responses.stream.part-indexes")
def test_parts_are_numbered_from_zero(any_responses_stream: Evidence) -> None:
    for thread in _threads(any_responses_stream):
        opened = [step for lane in thread.texts.values() for step in lane.opened]
        told = [step.view.content_index for step in sorted(opened, key=lambda step: step.number)]
        if None in told:
            not_testable("parts are opened without a content_index, which another sentence judges")
        order = list(dict.fromkeys(told))
        at = opened[0].place("/content_index") if opened else ""
        expect(order == list(range(len(order))), "content_index that starts at 0 and grows by one", order, at)


@requirement("responses.stream.delta-kind")
def test_text_goes_into_parts_of_its_kind(any_responses_stream: Evidence) -> None:
    for place, lane in _texts(any_responses_stream):
        kind = part_kind(lane)
        if kind is None:
            not_testable("a part was not opened, or has no type, which another sentence judges")
        for step in (*lane.deltas, *lane.done):
            wanted = "refusal" if step.type.startswith("response.refusal") else "output_text"
            expect(kind == wanted, f"a part of type {wanted} for {step.type}", kind, f"{step.at} (part {place})")


@requirement("responses.stream.part-closed")
def test_parts_and_texts_are_closed_once(any_responses_stream: Evidence) -> None:
    if not _ended_well(stream_in(any_responses_stream)):
        not_testable("the stream did not end well")
    for place, lane in _texts(any_responses_stream):
        last = (lane.deltas or lane.opened or lane.done or lane.closed)[-1]
        texts, parts = len(lane.done), len(lane.closed)
        if lane.deltas or part_kind(lane) in ("output_text", "refusal"):
            expect(texts == 1, f"one event that ends the text of part {place}", Words(f"{texts} of them"), last.at)
        expect(parts == 1, f"one response.content_part.done for part {place}", Words(f"{parts} of them"), last.at)
        if lane.done and lane.closed:
            in_order = lane.done[0].number < lane.closed[0].number
            expect(in_order, "the end of the text before the end of its part", lane.closed[0].type, lane.closed[0].at)


def _texts(evidence: Evidence) -> Iterator[tuple[int, Lane]]:
    found = [pair for thread in _threads(evidence) for pair in sorted(thread.texts.items())]
    if not found:
        not_testable("there is no text in this stream")
    yield from found


@requirement("responses.stream.deltas-join")
def test_deltas_join_to_the_text(any_responses_stream: Evidence) -> None:
    _expect_versions(any_responses_stream, "deltas")


@requirement("responses.stream.text-done")
def test_text_is_whole_when_it_ends(any_responses_stream: Evidence) -> None:
    _expect_versions(any_responses_stream, "text")


@requirement("responses.stream.part-done")
def test_text_is_whole_in_its_part(any_responses_stream: Evidence) -> None:
    _expect_versions(any_responses_stream, "part")


@requirement("responses.stream.item-done")
def test_text_is_whole_in_its_item(any_responses_stream: Evidence) -> None:
    _expect_versions(any_responses_stream, "item")


@requirement("responses.stream.final-text")
def test_text_is_whole_in_the_last_event(any_responses_stream: Evidence) -> None:
    _expect_versions(any_responses_stream, "final")
    final = final_items(stream_in(any_responses_stream))
    for thread in _threads(any_responses_stream):
        if thread.last.text and thread.place < len(final) and final[thread.place].type == "message":
            place = f"/output/{thread.place}/content"
            got = [part.words for part in final[thread.place].content]
            wanted = f"the {len(thread.last.content)} parts of the closed item"
            whole = len(got) >= len(thread.last.content)
            expect(whole, wanted, got, said(stream_in(any_responses_stream)).place(place))


def _expect_versions(evidence: Evidence, source: str) -> None:
    found = [told for told in versions(evidence[0]) if any(version.source == source for version in told)]
    if not found:
        not_testable("no text is told there")
    for told in found:
        expect_agreement(told, source)


@requirement("responses.stream.call-opened")
def test_calls_are_opened_with_empty_arguments(any_responses_stream: Evidence) -> None:
    for thread in _calls(any_responses_stream):
        for step in thread.opened:
            item = step.value.get("item")
            got = item.get("arguments", Words("none")) if isinstance(item, dict) else Words("none")
            expect(isinstance(got, str), "arguments as text, empty at first", got, step.place("/item/arguments"))


@requirement("responses.stream.arguments-join")
def test_argument_pieces_join(any_responses_stream: Evidence) -> None:
    final = final_items(stream_in(any_responses_stream))
    for thread in _calls(any_responses_stream):
        lane = thread.arguments
        told: list[tuple[str | None, str]] = [(lane.joined, lane.deltas[-1].at)] if lane.deltas else []
        told += [(step.view.arguments, step.at) for step in lane.done if step.view.arguments is not None]
        told += [(thread.last.arguments, step.place("/item/arguments")) for step in thread.closed[:1]]
        if thread.place < len(final):
            place = said(stream_in(any_responses_stream)).place(f"/output/{thread.place}/arguments")
            told.append((final[thread.place].arguments, place))
        for text, at in told:
            if text is not None:
                expect(text == told[0][0], f"{told[0][0]!r}, as it was told first", text, at)


@requirement("responses.stream.arguments-done")
def test_arguments_are_ended_once(any_responses_stream: Evidence) -> None:
    if not _ended_well(stream_in(any_responses_stream)):
        not_testable("the stream did not end well")
    for thread in _calls(any_responses_stream):
        count = len(thread.arguments.done)
        wanted = "one response.function_call_arguments.done for the call"
        expect(count == 1, wanted, Words(f"{count} of them"), thread.steps[-1].at)


def _calls(evidence: Evidence) -> list[Thread]:
    found = [thread for thread in threads(evidence[0]) if "function_call" in (thread.first.type, thread.last.type)]
    return found or not_testable("there is no call in this stream")


@requirement("responses.stream.summary-order")
def test_summaries_are_told_in_order(any_responses_stream: Evidence) -> None:
    for thread in _summaries(any_responses_stream):
        indexes = list(dict.fromkeys(step.view.summary_index for step in _summary_steps(thread)))
        at = _summary_steps(thread)[0].at
        expect(indexes == list(range(len(indexes))), "summary_index that starts at 0 and grows by one", indexes, at)
        for place, lane in thread.summaries.items():
            told = [*lane.opened, *lane.deltas, *lane.done, *lane.closed]
            numbers = [step.number for step in told]
            once = len(lane.opened) == len(lane.done) == len(lane.closed) == 1
            wanted = f"part.added, text.delta, text.done and part.done of summary {place} in this order"
            got = [step.type for step in sorted(told, key=lambda step: step.number)]
            expect(once and numbers == sorted(numbers), wanted, got, (lane.deltas or _summary_steps(thread))[0].at)


@requirement("responses.stream.summary-join")
def test_summary_pieces_join(any_responses_stream: Evidence) -> None:
    for thread in _summaries(any_responses_stream):
        for place, lane in thread.summaries.items():
            told = [(step.view.text, step.at) for step in lane.done]
            told += [(step.view.part.text, step.at) for step in lane.closed if step.view.part]
            if 0 <= place < len(thread.last.summary):
                pointer = f"/item/summary/{place}"
                told.append((thread.last.summary[place].text, thread.closed[-1].place(pointer)))
            for text, at in told:
                if text is not None:
                    expect(text == lane.joined, f"{lane.joined!r}, as the deltas tell it", text, at)


def _summaries(evidence: Evidence) -> list[Thread]:
    found = [thread for thread in threads(evidence[0]) if thread.summaries]
    return found or not_testable("there is no summary of thoughts in this stream")


def _summary_steps(thread: Thread) -> list[Step]:
    return [step for step in thread.steps if step.view.summary_index is not None] or thread.steps
