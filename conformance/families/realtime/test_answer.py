"""Answers: the order of their events, their words, their items at the end, and what they cost."""

from __future__ import annotations

from conformance.engine.judge import NotOffered, Words, expect, not_testable
from conformance.engine.kit.echo import expect_survival
from conformance.engine.kit.replies import is_count
from conformance.engine.requirement import requirement
from conformance.families.realtime.reading import (
    ARGUMENTS,
    PART_ADDED,
    PART_DONE,
    SOUND,
    TERMINAL,
    TEXT,
    TRANSCRIPT,
    Evidence,
    Step,
    Turn,
    all_turns,
    ended,
    events,
    expect_final,
    expect_joined,
    expect_reaction,
    joined,
    messages,
    misshapen,
    output,
    reaction,
    strangers,
    threads,
    told,
    turn_of,
    turns,
)
from conformance.wire.exchange import Exchange

STREAMS = (TEXT, SOUND, TRANSCRIPT)
SPOKEN = "kx-sound"
ASKED = ("kx-call", "kx-text", SPOKEN, "kx-count")


def _asked(exchange: Exchange) -> list[str]:
    marks = {id: f'"{id}"'.encode() for id in ASKED}
    sent = [message.data for message in messages(exchange) if message.sent]
    found = [id for id, mark in marks.items() if any(mark in data for data in sent)]
    return found or not_testable("no answer was asked for: the session ended before, which other sentences judge")


@requirement("realtime.response.created")
def test_an_answer_begins_with_created(any_realtime_answer: Evidence) -> None:
    declined = None
    for exchange in any_realtime_answer:
        for id in _asked(exchange):
            if id == SPOKEN and reaction(exchange, id, "response.created") is None:
                declined = reaction(exchange, id, "error") or declined
            if id != SPOKEN or not declined:
                expect_reaction(exchange, id, "response.created")
        for turn in turns(exchange):
            first = turn.steps[0]
            wanted = "response.created as the first event of an answer"
            expect(first.type == "response.created", wanted, first.view.type, first.at, exchange)
            response = first.view.response
            running = response is not None and response.status == "in_progress"
            got = response and response.status
            expect(running, "in_progress", got, first.place("/response/status"), exchange)
    if declined is not None:
        raise NotOffered(f"the hub declines to speak: {declined.value.get('error')}")


@requirement("realtime.response.done")
def test_an_answer_ends_with_done(any_realtime_answer: Evidence) -> None:
    for exchange, turn in all_turns(any_realtime_answer):
        got = turn.steps[-1].view.type
        expect(turn.done is not None, "response.done at the end", got, turn.steps[-1].at, exchange)


@requirement("realtime.response.nothing-after")
def test_nothing_comes_after_the_end(any_realtime_answer: Evidence) -> None:
    for exchange, turn in all_turns(any_realtime_answer):
        for step in turn.after:
            expect(False, "no event of an answer that has ended", step.view.type, step.at, exchange)


@requirement("realtime.response.status")
def test_the_end_has_a_terminal_status(any_realtime_answer: Evidence) -> None:
    for exchange, turn in all_turns(any_realtime_answer):
        step = ended(turn)
        right = turn.status in TERMINAL
        wanted = "completed or incomplete or failed or cancelled"
        expect(right, wanted, turn.status, step.place("/response/status"), exchange)


@requirement("realtime.response.served")
def test_an_answer_does_not_fail(any_realtime_answer: Evidence) -> None:
    for exchange, turn in all_turns(any_realtime_answer):
        step = ended(turn)
        response = step.value.get("response")
        details = response.get("status_details") if isinstance(response, dict) else None
        if turn.status == "failed" and _spoken(exchange):
            raise NotOffered(f"the hub does not speak: {str(details)[:200]}")
        got = Words(f"failed: {str(details)[:200]}")
        expect(turn.status != "failed", "an answer", got, step.place("/response/status"), exchange)


def _spoken(exchange: Exchange) -> bool:
    return any(message.sent and f'"{SPOKEN}"'.encode() in message.data for message in messages(exchange))


@requirement("realtime.response.items")
def test_items_are_opened_and_closed(any_realtime_answer: Evidence) -> None:
    for exchange, turn, thread in threads(any_realtime_answer):
        first = thread.steps[0]
        wanted = "response.output_item.added before anything else of an item"
        expect(first is thread.opened, wanted, first.view.type, first.at, exchange)
        if not turn.whole:
            continue
        last = thread.steps[-1]
        wanted = "response.output_item.done after everything else of an item"
        expect(last is thread.closed, wanted, last.view.type, last.at, exchange)
        for kind in ("added", "done"):
            count = len(thread.of(f"response.output_item.{kind}"))
            expect(count == 1, f"one response.output_item.{kind}", count, first.at, exchange)


@requirement("realtime.response.parts")
def test_parts_are_opened_and_closed(any_realtime_answer: Evidence) -> None:
    for exchange, turn, thread in threads(any_realtime_answer):
        for steps in thread.parts.values():
            _expect_part(exchange, steps, finished=turn.whole)


def _expect_part(exchange: Exchange, steps: list[Step], *, finished: bool) -> None:
    first, last = steps[0], steps[-1]
    wanted = f"{PART_ADDED} before anything else of a part"
    expect(first.type == PART_ADDED, wanted, first.view.type, first.at, exchange)
    if finished:
        wanted = f"{PART_DONE} after everything else of a part"
        expect(last.type == PART_DONE, wanted, last.view.type, last.at, exchange)
    for kind in (PART_ADDED, PART_DONE):
        count = sum(step.type == kind for step in steps)
        expect(count <= 1, f"one {kind}", count, first.at, exchange)


@requirement("realtime.response.deltas-then-done")
def test_deltas_are_followed_by_done(any_realtime_answer: Evidence) -> None:
    for exchange, turn, thread in threads(any_realtime_answer):
        for name in (*STREAMS, ARGUMENTS):
            deltas, done = thread.of(f"response.{name}.delta"), thread.of(f"response.{name}.done")
            if not deltas or not turn.whole:
                continue
            expect(len(done) == 1, f"one response.{name}.done", len(done), deltas[-1].at, exchange)
            late = deltas[-1].number > done[0].number
            expect(not late, f"no delta after response.{name}.done", deltas[-1].view.type, deltas[-1].at, exchange)


@requirement("realtime.response.in-conversation")
def test_items_of_an_answer_join_the_conversation(any_realtime_answer: Evidence) -> None:
    for exchange, _turn, thread in threads(any_realtime_answer):
        if thread.opened is None or thread.closed is None:
            continue
        added = [
            step
            for step in events(exchange)
            if step.type == "conversation.item.added" and step.view.item and step.view.item.id == thread.id
        ]
        place = thread.opened.at
        expect(added, "conversation.item.added for the item", Words("none"), place, exchange)
        between = thread.opened.number < added[0].number < thread.closed.number
        expect(between, "conversation.item.added while the item is open", Words("elsewhere"), added[0].at, exchange)


@requirement("realtime.response.indexes")
def test_indexes_are_consistent(any_realtime_answer: Evidence) -> None:
    for exchange, turn in all_turns(any_realtime_answer):
        for place, thread in enumerate(turn.items):
            for step in thread.steps:
                index = step.view.output_index
                right = index in (None, place)
                expect(right, f"{place}, the place of its item", index, step.place("/output_index"), exchange)
            for number, index in enumerate(sorted(thread.parts)):
                at = thread.parts[index][0].place("/content_index")
                expect(index == number, f"{number}, the place of its part", index, at, exchange)


@requirement("realtime.response.known-ids")
def test_events_belong_to_an_answer(any_realtime_answer: Evidence) -> None:
    for exchange, turn in all_turns(any_realtime_answer):
        for stranger in strangers(exchange):
            at = stranger.steps[0].place("/response_id")
            expect(False, "the id of an answer of this session", stranger.id, at, exchange)
        for thread in turn.strangers:
            at = thread.steps[0].place("/item_id")
            expect(False, "the id of an item of the answer", thread.id, at, exchange)


@requirement("realtime.text.joined")
def test_deltas_join_to_the_text(any_realtime_answer: Evidence) -> None:
    expect_joined(any_realtime_answer, TEXT, "text")


@requirement("realtime.text.final")
def test_the_end_repeats_the_text(any_realtime_answer: Evidence) -> None:
    expect_final(any_realtime_answer, TEXT, "text")


@requirement("realtime.text.survives")
def test_characters_survive(realtime_turns: Exchange) -> None:
    deltas = turn_of(realtime_turns, "kx-text").of(f"response.{TEXT}.delta")
    done = turn_of(realtime_turns, "kx-text").of(f"response.{TEXT}.done")
    if not done or done[0].view.text is None:
        not_testable("there is no text, which another sentence judges")
    expect_survival(((step.at, step.view.delta or "") for step in deltas), done[0].view.text, done[0].at)


@requirement("realtime.text.given")
def test_a_text_is_given_where_one_is_asked_for(realtime_turns: Exchange) -> None:
    turn = turn_of(realtime_turns, "kx-text")
    ended(turn)
    if not turn.whole:
        not_testable("this answer did not come to its end")
    others = turn.of(f"response.{SOUND}.delta", f"response.{ARGUMENTS}.delta")
    for step in others:
        expect(False, "deltas of text and of nothing else", step.view.type, step.at)
    got = Words("no delta of text")
    expect(turn.of(f"response.{TEXT}.delta"), f"response.{TEXT}.delta", got, turn.at)


@requirement("realtime.response.final-items")
def test_the_end_holds_all_items(any_realtime_answer: Evidence) -> None:
    for exchange, turn in all_turns(any_realtime_answer):
        if not turn.whole:
            continue
        closed = [thread.id for thread in turn.items if thread.closed is not None]
        listed = [item.id for item in output(turn)]
        at = ended(turn).place("/response/output")
        expect(listed == closed, f"the items {', '.join(closed)}", listed, at, exchange)


@requirement("realtime.response.no-sound-at-end")
def test_the_end_holds_no_sound(any_realtime_answer: Evidence) -> None:
    for exchange, turn in all_turns(any_realtime_answer):
        for item in output(turn) if turn.done else []:
            heavy = any(part.audio for part in item.content)
            got = Words("a part with audio")
            expect(not heavy, "items without their sound", got, ended(turn).place("/response/output"), exchange)


@requirement("realtime.usage.present")
def test_the_end_tells_the_cost(any_realtime_answer: Evidence) -> None:
    for exchange, turn in all_turns(any_realtime_answer):
        step = ended(turn)
        response = step.value.get("response")
        if not turn.whole or not isinstance(response, dict):
            continue
        at = step.place("/response/usage")
        got = response.get("usage", Words("no such member"))
        whole = isinstance(got, dict) and all(is_count(got.get(name)) for name in COUNTS)
        expect(whole, "an object with the counts total_tokens, input_tokens and output_tokens", got, at, exchange)
        for wrong in misshapen(step, "usage"):
            expect(False, "whole numbers of tokens", Words(wrong.message), step.place(wrong.pointer), exchange)


COUNTS = ("total_tokens", "input_tokens", "output_tokens")


def counted(exchanges: Evidence) -> list[tuple[Exchange, Turn, int, int, int]]:
    """The answers with whole counts: total, input, output.

    Raises:
        NotTestable: there is none.
    """
    found = []
    for exchange, turn in all_turns(exchanges):
        usage = turn.done.view.response.usage if turn.done and turn.done.view.response else None
        counts = [getattr(usage, name) for name in COUNTS] if usage else []
        if counts and all(isinstance(count, int) for count in counts):
            found.append((exchange, turn, *counts))
    return found or not_testable("no answer tells its cost, which another sentence judges")


@requirement("realtime.usage.total")
def test_the_total_is_the_sum(any_realtime_answer: Evidence) -> None:
    for exchange, turn, total, taken, given in counted(any_realtime_answer):
        at = ended(turn).place("/response/usage/total_tokens")
        expect(total == taken + given, f"{taken} + {given} = {taken + given}", total, at, exchange)


@requirement("realtime.usage.details")
def test_no_part_is_larger_than_its_whole(any_realtime_answer: Evidence) -> None:
    for exchange, turn, _total, taken, given in counted(any_realtime_answer):
        response = ended(turn).view.response
        usage = response.usage if response else None
        for name, whole, details in (
            ("input_token_details", taken, usage and usage.input_token_details),
            ("output_token_details", given, usage and usage.output_token_details),
        ):
            parts = [details.text_tokens, details.audio_tokens, details.image_tokens] if details else []
            at = ended(turn).place(f"/response/usage/{name}")
            total = sum(part for part in parts if part is not None)
            expect(total <= whole, f"parts of at most {whole} together", total, at, exchange)
            cached = details.cached_tokens if details else None
            expect((cached or 0) <= whole, f"at most {whole}", cached, f"{at}/cached_tokens", exchange)


@requirement("realtime.usage.positive")
def test_what_was_said_was_counted(any_realtime_answer: Evidence) -> None:
    for exchange, turn, _total, taken, given in counted(any_realtime_answer):
        if not turn.whole:
            continue
        at = ended(turn).place("/response/usage")
        expect(taken > 0, "more than 0 tokens of input", taken, f"{at}/input_tokens", exchange)
        said = any(joined(turn.of(f"response.{name}.delta")) for name in (*STREAMS, ARGUMENTS))
        expect(given > 0 or not said, "more than 0 tokens of output", given, f"{at}/output_tokens", exchange)


@requirement("realtime.response.one-at-a-time")
def test_a_second_answer_waits_for_the_first(realtime_turns: Exchange) -> None:
    first = turn_of(realtime_turns, "kx-text")
    second = told(realtime_turns, "kx-second-answer")
    if first.done is not None and first.done.number < second.number:
        not_testable("the first answer had ended before the second was asked for")
    end = first.done.number if first.done else len(realtime_turns.frames)
    for turn in turns(realtime_turns):
        if turn.begun and second.number < turn.begun.number < end:
            expect(False, "an error event, as one answer is being given", turn.begun.view.type, turn.begun.at)
