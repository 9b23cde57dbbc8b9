"""The session: its greeting, its settings, and the form and names of its events."""

from __future__ import annotations

from typing import Any
from urllib.parse import parse_qs, urlsplit

from conformance.engine.judge import NotOffered, Words, expect, not_testable
from conformance.engine.kit.replies import same_model
from conformance.engine.requirement import requirement
from conformance.families.realtime.probes import FORBIDDEN_ORDERS, LIMIT, NEW_ORDERS, ORDERS, TIME_TOOL
from conformance.families.realtime.reading import (
    ONLY_PRESENT,
    PRESENT_NAMES,
    SHARED,
    Evidence,
    Step,
    created,
    events,
    expect_reaction,
    messages,
    misshapen,
    needed,
    reaction,
)
from conformance.wire.exchange import Exchange

PROMPT_GREETING = 5.0
"""Seconds from the handshake to the greeting."""
KNOWN_TYPES = frozenset(
    f"{room}.{name}"
    for room, names in {
        "session": "created updated",
        "transcription_session": "created updated",
        "conversation": "created",
        "conversation.item": "created added done retrieved truncated deleted",
        "conversation.item.input_audio_transcription": "delta completed failed segment",
        "input_audio_buffer": "committed cleared speech_started speech_stopped timeout_triggered dtmf_event_received",
        "output_audio_buffer": "started stopped cleared",
        "response": "created done",
        "response.output_item": "added done",
        "response.content_part": "added done",
        "response.output_text": "delta done",
        "response.output_audio": "delta done",
        "response.output_audio_transcript": "delta done",
        "response.function_call_arguments": "delta done",
        "response.mcp_call_arguments": "delta done",
        "response.mcp_call": "in_progress completed failed",
        "mcp_list_tools": "in_progress completed failed",
        "rate_limits": "updated",
    }.items()
    for name in names.split()
) | {"error"}


def opening(exchange: Exchange) -> Step:
    """The first event of the hub."""
    found = [message for message in messages(exchange) if not message.sent]
    if not found:
        not_testable("the hub sent no message")
    return events(exchange)[0]


@requirement("realtime.session.created-first")
def test_the_greeting_comes_first(any_realtime_session: Evidence) -> None:
    for exchange in any_realtime_session:
        heard = [message for message in messages(exchange) if not message.sent]
        got = heard[0].data[:300] if heard else Words(exchange.problem or "no event")
        first = events(exchange)[0] if heard and events(exchange)[0].number == heard[0].number else None
        if first is not None and first.type == "error" and _declines_beta(exchange):
            raise NotOffered(f"the hub declines the beta generation: {_message(first)}")
        right = first is not None and first.type == "session.created"
        expect(right, "session.created as the first event", got, "", exchange)


def _declines_beta(exchange: Exchange) -> bool:
    return exchange.request.header("openai-beta") is not None


def _message(step: Step) -> str:
    return (step.view.error.message if step.view.error else None) or "an error event"


@requirement("realtime.session.created-soon")
def test_the_greeting_comes_soon(any_realtime_session: Evidence) -> None:
    for exchange in any_realtime_session:
        waited = created(exchange).when - (exchange.headers_at or 0.0)
        got = Words(f"{waited:.1f} s")
        expect(waited <= PROMPT_GREETING, f"at most {PROMPT_GREETING:g} s", got, created(exchange).at, exchange)


@requirement("realtime.session.id")
def test_the_greeting_holds_a_session(any_realtime_session: Evidence) -> None:
    for exchange in any_realtime_session:
        session = created(exchange).view.session
        got = created(exchange).value.get("session")
        expect(session and session.id, "a session with an id", got, created(exchange).place("/session"), exchange)


@requirement("realtime.session.model")
def test_the_session_is_of_the_model(realtime_session: Exchange) -> None:
    step = created(realtime_session)
    named = step.view.session.model if step.view.session else None
    wanted = parse_qs(urlsplit(realtime_session.request.url).query).get("model", [""])[0]
    if named is None:
        not_testable("the session names no model")
    expect(same_model(wanted, named), f"{wanted} or a variant of it", named, step.place("/session/model"))


@requirement("realtime.event.json")
def test_every_message_is_one_object(any_realtime_session: Evidence) -> None:
    for exchange in any_realtime_session:
        read = {step.number for step in events(exchange)}
        for message in messages(exchange):
            if not message.sent:
                right = message.is_text and message.number in read
                wanted = "one JSON object in a text message"
                expect(right, wanted, message.data[:200], f"frame {message.number}", exchange)


@requirement("realtime.event.shape")
def test_events_have_their_shape(any_realtime_session: Evidence) -> None:
    _expect_shapes(any_realtime_session, "event")


@requirement("realtime.event.id")
def test_events_have_an_id(any_realtime_session: Evidence) -> None:
    _expect_shapes(any_realtime_session, "id")


@requirement("realtime.error.shape")
def test_errors_have_their_shape(any_realtime_session: Evidence) -> None:
    _expect_shapes(any_realtime_session, "error")


@requirement("realtime.response.place")
def test_events_of_an_answer_say_where_they_belong(any_realtime_session: Evidence) -> None:
    _expect_shapes(any_realtime_session, "place")


def _expect_shapes(exchanges: Evidence, part: str) -> None:
    for exchange in exchanges:
        for step in events(exchange):
            for wrong in misshapen(step, part):
                wanted = "what the contract's schema says"
                expect(False, wanted, Words(f"{step.view.type}: {wrong.message}"), step.place(wrong.pointer), exchange)


@requirement("realtime.event.id-unique")
def test_event_ids_differ(any_realtime_session: Evidence) -> None:
    for exchange in any_realtime_session:
        seen: set[str] = set()
        for step in events(exchange):
            id = step.view.event_id
            if id:
                expect(id not in seen, "an id of its own", id, step.place("/event_id"), exchange)
                seen.add(id)


@requirement("realtime.event.known-types")
def test_event_types_are_known(any_realtime_session: Evidence) -> None:
    for exchange in any_realtime_session:
        for step in events(exchange):
            if step.view.type:
                known = step.type in KNOWN_TYPES
                expect(known, "a type that the vendor has published", step.view.type, step.at, exchange)


def generations(exchange: Exchange) -> tuple[list[Step], list[Step]]:
    """Events whose names only the present generation has, and those that only the beta one has."""
    found = events(exchange)
    present = [step for step in found if step.view.type in ONLY_PRESENT]
    beta = [step for step in found if step.view.type in PRESENT_NAMES]
    return present, beta


@requirement("realtime.names.present")
def test_names_are_of_the_present_generation(any_realtime_session: Evidence) -> None:
    for exchange in any_realtime_session:
        if exchange.request.header("openai-beta") is not None:
            not_testable("this session was asked for in the beta generation")
        for step in generations(exchange)[1]:
            if step.view.type not in SHARED:
                expect(False, step.type, step.view.type, step.at, exchange)


@requirement("realtime.names.one-generation")
def test_names_of_the_generations_are_not_mixed(any_realtime_session: Evidence) -> None:
    for exchange in any_realtime_session:
        present, beta = generations(exchange)
        told = [step for step in beta if step.view.type not in SHARED]
        if not present and not beta:
            not_testable("no event here has a name that the generations differ in")
        if present and told:
            wanted = f"names of one generation, as in {present[0].view.type}"
            expect(False, wanted, told[0].view.type, told[0].at, exchange)


@requirement("realtime.names.beta")
def test_the_beta_generation_has_its_names(realtime_beta: Exchange) -> None:
    first = opening(realtime_beta)
    if first.type != "session.created":
        raise NotOffered(f"the hub declines the beta generation: {_message(first)}")
    present, beta = generations(realtime_beta)
    if not present and not beta:
        not_testable("no event here has a name that the generations differ in")
    old = {new: name for name, new in PRESENT_NAMES.items()}
    for step in present:
        expect(False, old.get(step.view.type, "no such event"), step.view.type, step.at)


@requirement("realtime.update.acknowledged")
def test_an_update_is_acknowledged(realtime_session: Exchange) -> None:
    for id in ("kx-first", "kx-second"):
        expect_reaction(realtime_session, id, "session.updated")


@requirement("realtime.update.shown")
def test_the_acknowledgement_shows_the_change(realtime_session: Exchange) -> None:
    first = needed(realtime_session, "kx-first", "session.updated")
    got = _setting(first, "instructions")
    expect(got == ORDERS, repr(ORDERS), got, first.place("/session/instructions"))
    got = _setting(first, "output_modalities", "modalities")
    expect(got == ["text"], "['text']", got, first.place("/session/output_modalities"))
    second = needed(realtime_session, "kx-second", "session.updated")
    names = [tool.get("name") for tool in second.view.session.tools] if second.view.session else []
    expect(names == [TIME_TOOL["name"]], f"the tool {TIME_TOOL['name']}", names, second.place("/session/tools"))
    got = _setting(second, "max_output_tokens", "max_response_output_tokens")
    expect(got == LIMIT, str(LIMIT), got, second.place("/session/max_output_tokens"))


@requirement("realtime.update.kept")
def test_an_update_keeps_the_rest(realtime_session: Exchange) -> None:
    first = needed(realtime_session, "kx-first", "session.updated")
    second = needed(realtime_session, "kx-second", "session.updated")
    for names in (("instructions",), ("output_modalities", "modalities")):
        before, after = _setting(first, *names), _setting(second, *names)
        wanted = f"{before!r}, as in frame {first.number}"
        expect(before == after, wanted, after, second.place(f"/session/{names[0]}"))


@requirement("realtime.update.same-session")
def test_the_session_keeps_its_id(realtime_session: Exchange) -> None:
    start = created(realtime_session).view.session
    for step in events(realtime_session):
        if step.type == "session.updated":
            id = step.view.session.id if step.view.session else None
            wanted = f"{start.id if start else None}, as at the start"
            expect(start and id == start.id, wanted, id, step.place("/session/id"))


@requirement("realtime.update.whole-or-not")
def test_a_refused_update_changes_nothing(realtime_session: Exchange) -> None:
    if reaction(realtime_session, "kx-wrong-field", "error") is None:
        not_testable("the update with a wrong field was not refused, which another sentence judges")
    last = needed(realtime_session, "kx-last", "session.updated")
    got = _setting(last, "instructions")
    wanted = f"the instructions of before, such as {NEW_ORDERS!r}"
    expect(got != FORBIDDEN_ORDERS, wanted, got, last.place("/session/instructions"))


def _setting(step: Step, *names: str) -> Any:
    session = step.value.get("session")
    if not isinstance(session, dict):
        return None
    return next((session[name] for name in names if name in session), None)
