"""Tool calls in a stream, fragment by fragment."""

from __future__ import annotations

import json
from collections.abc import Iterator
from dataclasses import dataclass

from conformance.engine.judge import expect, not_testable
from conformance.engine.requirement import requirement
from conformance.families.chat.reading import Step, by_index, steps, told
from conformance.families.chat.test_answer import expect_shape
from conformance.families.chat.views import ToolCall
from conformance.wire.exchange import Exchange

Evidence = tuple[Exchange, ...]


@dataclass(frozen=True)
class Fragment:
    """A piece of a call; `opens` says that no piece of the same call came before."""

    at: str
    piece: ToolCall
    opens: bool


@requirement("chat.stream.tool-shape")
def test_fragments_have_their_shape(any_chat_stream: Evidence) -> None:
    expect_shape(any_chat_stream, "calls")


@requirement("chat.stream.tool-indexes")
def test_calls_are_numbered_from_zero(any_chat_tool_stream: Evidence) -> None:
    for lane in _lanes(any_chat_tool_stream[0]):
        found = sorted({fragment.piece.index for fragment in lane if fragment.piece.index is not None})
        expect(found == list(range(len(found))), "indexes that start at 0 and grow by one", found, lane[0].at)


@requirement("chat.stream.tool-opening")
def test_first_fragment_says_which_call(any_chat_tool_stream: Evidence) -> None:
    for lane in _lanes(any_chat_tool_stream[0]):
        for fragment in lane:
            piece = fragment.piece
            if fragment.opens:
                got = {"id": piece.id, "type": piece.type, "name": piece.name or None}
                right = piece.id and piece.type == "function" and piece.name
                expect(right, "an id, the type function and a name", got, fragment.at)


@requirement("chat.stream.tool-once")
def test_id_and_name_are_told_once(any_chat_tool_stream: Evidence) -> None:
    for lane in _lanes(any_chat_tool_stream[0]):
        for fragment in lane:
            piece = fragment.piece
            if not fragment.opens:
                got = {"id": piece.id, "name": piece.name or None}
                expect(not piece.id and not piece.name, "id and name in the first fragment only", got, fragment.at)


@requirement("chat.stream.tool-arguments")
def test_argument_fragments_join_to_an_object(any_chat_tool_stream: Evidence) -> None:
    expect_shape(any_chat_tool_stream, "arguments")
    _require_calls(any_chat_tool_stream[0])
    for choice in told(any_chat_tool_stream[0]):
        for place, call in enumerate(choice.calls):
            if not choice.complete:
                not_testable("the answer was cut")
            at = f"choice {choice.index}, call {place}"
            expect(_is_object(call.arguments), "fragments that join to a JSON object", call.arguments, at)


@requirement("chat.stream.tool-distinct")
def test_calls_have_an_index_and_an_id_of_their_own(any_chat_tool_stream: Evidence) -> None:
    for lane in _lanes(any_chat_tool_stream[0]):
        place_of: dict[str, int] = {}
        id_at: dict[int, str] = {}
        for fragment in lane:
            name, index = fragment.piece.id, fragment.piece.index
            if not name or index is None:
                continue
            known = id_at.setdefault(index, name)
            expect(known == name, f"call {known} alone at index {index}", name, fragment.at)
            place = place_of.setdefault(name, index)
            expect(place == index, f"the id {name} at index {place} alone", index, fragment.at)


@requirement("chat.stream.tool-order")
def test_calls_come_one_after_the_other(any_chat_tool_stream: Evidence) -> None:
    for lane in _lanes(any_chat_tool_stream[0]):
        highest = 0
        for fragment in lane:
            index = fragment.piece.index
            if index is not None:
                expect(index >= highest, f"no more of a call once call {highest} has begun", index, fragment.at)
                highest = index


def _lanes(exchange: Exchange) -> Iterator[list[Fragment]]:
    """The fragments of each choice, in order of arrival."""
    found = [_fragments(lane) for lane in by_index(steps(exchange)).values()]
    if not any(found):
        _require_calls(exchange)
    yield from (lane for lane in found if lane)


def _fragments(lane: list[Step]) -> list[Fragment]:
    found: list[Fragment] = []
    open_ids: dict[int, str] = {}
    for step in lane:
        for piece in step.delta.tool_calls if step.delta else []:
            index = piece.index or 0
            opens = index not in open_ids or bool(piece.id and open_ids[index] and piece.id != open_ids[index])
            open_ids[index] = (piece.id or "") if opens else (open_ids[index] or piece.id or "")
            found.append(Fragment(step.at, piece, opens))
    return found


def _require_calls(exchange: Exchange) -> None:
    if not any(choice.calls for choice in told(exchange)):
        not_testable("there is no tool call in this stream")


def _is_object(text: str) -> bool:
    try:
        return isinstance(json.loads(text), dict)
    except (ValueError, RecursionError):
        return False
