"""Mistakes of a client: each is answered with an error event, and the session goes on."""

from __future__ import annotations

from conformance.engine.judge import Words, expect, not_testable
from conformance.engine.requirement import requirement
from conformance.families.realtime.reading import ended_at, expect_reaction, reaction, told
from conformance.wire.exchange import Exchange

EVERY_MISTAKE = (
    "kx-wrong-field",
    "kx-broken",
    "kx-unknown-type",
    "kx-delete-again",
    "kx-commit-nothing",
    "kx-commit-cleared",
    "kx-cancel",
)
MISTAKES = ("kx-unknown-type", "kx-delete-again", "kx-commit-nothing", "kx-cancel")


@requirement("realtime.error.broken-json")
def test_broken_json_is_an_error(realtime_session: Exchange) -> None:
    expect_reaction(realtime_session, "kx-broken", "error")


@requirement("realtime.error.unknown-type")
def test_an_unknown_type_is_an_error(realtime_session: Exchange) -> None:
    expect_reaction(realtime_session, "kx-unknown-type", "error")


@requirement("realtime.error.wrong-field")
def test_a_wrong_field_is_an_error(realtime_session: Exchange) -> None:
    expect_reaction(realtime_session, "kx-wrong-field", "error")


@requirement("realtime.error.nothing-to-cancel")
def test_there_must_be_something_to_cancel(realtime_session: Exchange) -> None:
    expect_reaction(realtime_session, "kx-cancel", "error")


@requirement("realtime.error.goes-on")
def test_the_session_goes_on_after_errors(realtime_session: Exchange) -> None:
    if reaction(realtime_session, "kx-first", "session.updated") is None:
        not_testable("the hub acknowledges no update, which another sentence judges")
    for id in EVERY_MISTAKE:
        number = told(realtime_session, id).number
        over = ended_at(realtime_session, id)
        expect(not over, "an error event, and no more", Words("the end of the session"), f"frame {number}")
    expect_reaction(realtime_session, "kx-last", "session.updated")


@requirement("realtime.error.names-event")
def test_an_error_names_the_event(realtime_session: Exchange) -> None:
    errors = [(id, reaction(realtime_session, id, "error")) for id in MISTAKES]
    found = [(id, step) for id, step in errors if step is not None]
    if not found:
        not_testable("there is no error event, which other sentences judge")
    for id, step in found:
        named = step.view.error.event_id if step.view.error else None
        expect(named == id, id, named, step.place("/error/event_id"))
