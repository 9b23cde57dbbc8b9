"""Two sessions at once, and an answer that is cancelled."""

from __future__ import annotations

from collections.abc import Iterator

from conformance.engine.judge import Words, expect, not_testable
from conformance.engine.probe import Conversation
from conformance.engine.requirement import requirement
from conformance.families.realtime.probes import COUNTED_NONCE, SPOKEN_NONCE
from conformance.families.realtime.reading import Step, Turn, ended, events, told, turn_of
from conformance.wire.exchange import Exchange


def _both(conversation: Conversation) -> tuple[Exchange, Exchange]:
    if len(conversation) < 2:
        not_testable("there were no two sessions")
    return conversation[0], conversation[1]


def _ids(exchange: Exchange) -> Iterator[tuple[str, Step]]:
    """The ids of a session and of the answers in it. Those of events and items need not differ from another one's."""
    for step in events(exchange):
        session = step.view.session.id if step.view.session else None
        response = step.view.response.id if step.view.response else step.view.response_id
        yield from ((id, step) for id in (session, response) if id)


@requirement("realtime.sessions.ids-apart")
def test_two_sessions_share_no_id(realtime_pair: Conversation) -> None:
    first, second = _both(realtime_pair)
    known = {id for id, _ in _ids(first)}
    for id, step in _ids(second):
        expect(id not in known, "no id of the session beside it", id, step.at, second)


@requirement("realtime.sessions.words-apart")
def test_two_sessions_share_no_words(realtime_pair: Conversation) -> None:
    first, second = _both(realtime_pair)
    for exchange, foreign in ((first, COUNTED_NONCE), (second, SPOKEN_NONCE)):
        for step in events(exchange):
            shown = foreign.encode() in step.data
            expect(not shown, "nothing of the session beside it", Words(foreign), step.at, exchange)


def _cancelled(conversation: Conversation) -> tuple[Exchange, Turn]:
    """The answer that was to be cancelled while it was being given."""
    _, counted = _both(conversation)
    turn = turn_of(counted, "kx-count")
    asked = told(counted, "kx-cancel").number
    if turn.done is not None and turn.done.number < asked:
        not_testable("the answer had ended before it was cancelled")
    return counted, turn


@requirement("realtime.cancel.ends")
def test_a_cancelled_answer_ends(realtime_pair: Conversation) -> None:
    counted, turn = _cancelled(realtime_pair)
    at = f"frame {told(counted, 'kx-cancel').number}"
    expect(turn.done is not None, "response.done", Words("none"), at, counted)


@requirement("realtime.cancel.status")
def test_a_cancelled_answer_says_so(realtime_pair: Conversation) -> None:
    counted, turn = _cancelled(realtime_pair)
    step = ended(turn)
    if turn.status == "completed" and _may_be_late(counted, turn):
        not_testable("the answer may have come to its own end before the hub read that it was cancelled")
    expect(turn.status == "cancelled", "cancelled", turn.status, step.place("/response/status"), counted)


NOTICED_SECONDS = 1.0
"""How long a cancellation may take to arrive."""


def _may_be_late(exchange: Exchange, turn: Turn) -> bool:
    return ended(turn).when - told(exchange, "kx-cancel").at < NOTICED_SECONDS
