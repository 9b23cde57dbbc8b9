"""Faults of Realtime: its handshake, its frames, its settings, and the events of its answers.

Which event of a client a frame answers is told by the id of the last event before it; the ids are those that the suite
gives its events.
"""

import base64
import hashlib
import json
from collections.abc import Callable, Sequence
from dataclasses import replace
from typing import Any

from conformance.hub.faults.base import CUT, Ask, Frame, Reply, Spoil, Tell, event_frame, fault, frame_fault
from conformance.hub.faults.shaping import on_events as events

Event = dict[str, Any]
Change = Callable[[Event], Any]
When = Callable[[Sequence[Frame]], bool]

OPERATION = "realtime"
KEY = "openai-insecure-api-key."
ADDED, DONE = "conversation.item.added", "conversation.item.done"
CREATED, UPDATED = "session.created", "session.updated"
BEGUN, ENDED = "response.created", "response.done"
ITEM_ADDED, ITEM_DONE = "response.output_item.added", "response.output_item.done"
PART_ADDED, PART_DONE = "response.content_part.added", "response.content_part.done"
TEXT_DELTA, TEXT_DONE = "response.output_text.delta", "response.output_text.done"
SOUND_DELTA = "response.output_audio.delta"
SAID_DELTA, SAID_DONE = "response.output_audio_transcript.delta", "response.output_audio_transcript.done"
ARGUMENTS_DELTA, ARGUMENTS_DONE = "response.function_call_arguments.delta", "response.function_call_arguments.done"
COMMITTED, CLEARED = "input_audio_buffer.committed", "input_audio_buffer.cleared"
BETA_NAMES = {
    ADDED: "conversation.item.created",
    TEXT_DELTA: "response.text.delta",
    TEXT_DONE: "response.text.done",
    SOUND_DELTA: "response.audio.delta",
    "response.output_audio.done": "response.audio.done",
    SAID_DELTA: "response.audio_transcript.delta",
    SAID_DONE: "response.audio_transcript.done",
}
PRESENT_NAMES = {beta: present for present, beta in BETA_NAMES.items()}
NEW_ID = "event_invented"
PROBLEM = {"type": "invalid_request_error", "code": None, "message": "This does not work.", "param": None}


# When -----------------------------------------------------------------------------------------------------------------


def always(_before: Sequence[Frame]) -> bool:
    """In every session, at any time."""
    return True


def after(id: str) -> When:
    """Between a client's event of this id and its next one."""
    mark = f'"{id}"'.encode()

    def when(before: Sequence[Frame]) -> bool:
        last = next((frame for frame in reversed(before) if not frame.mine and frame.kind != "ping"), None)
        return last is not None and mark in _whole(before, last)

    return when


def _whole(before: Sequence[Frame], last: Frame) -> bytes:
    """The message that ends with a frame of the client."""
    data = [last.data]
    if last.kind == "continuation":
        for frame in reversed([frame for frame in before if not frame.mine][:-1]):
            data.append(frame.data)
            if frame.kind != "continuation":
                break
    return b"".join(reversed(data))


def since(id: str) -> When:
    """From a client's event of this id to the end of its session."""
    mark = f'"{id}"'.encode()
    return lambda before: any(not frame.mine and mark in frame.data for frame in before)


def asking(*ids: str) -> When:
    """In the sessions in which one of these events is the last that asked for an answer."""
    marks = {id: f'"{id}"'.encode() for id in (*ids, "kx-call", "kx-text", "kx-sound", "kx-count")}

    def when(before: Sequence[Frame]) -> bool:
        told = [id for frame in before if not frame.mine for id, mark in marks.items() if mark in frame.data]
        return bool(told) and told[-1] in ids

    return when


def first_of(type: str) -> When:
    """Before there was another event of this type in the session."""
    return lambda before: not any((frame.json or {}).get("type") == type for frame in before if frame.mine)


def both(*conditions: When) -> When:
    return lambda before: all(condition(before) for condition in conditions)


# How ------------------------------------------------------------------------------------------------------------------


def closes(change: Callable[[Frame], list[Frame]], when: When = always) -> Tell:
    """Close frames of the hub."""
    return lambda _ask, before, frame: change(frame) if frame.kind == "close" and when(before) else [frame]


def dropped(*types: str, when: When = always) -> Tell:
    """Events of these types are not sent."""
    return events(lambda _event: None, *types, when=when)


def put(path: str, value: Any) -> Change:
    """Sets a member, by a dotted path through objects and lists; a missing way there leaves the event alone."""
    return at(path, lambda _old: value)


def at(path: str, change: Callable[[Any], Any]) -> Change:
    """Changes a member, by a dotted path through objects and lists; a missing way there leaves the event alone."""
    way, last = _steps(path)

    def apply(event: Event) -> Event:
        place = _reached(event, way)
        if isinstance(place, dict):
            place[last] = change(place.get(last))
        return event

    return apply


def without(path: str) -> Change:
    """Takes a member out, by a dotted path through objects and lists."""
    way, last = _steps(path)

    def apply(event: Event) -> Event:
        place = _reached(event, way)
        if isinstance(place, dict):
            place.pop(last, None)
        return event

    return apply


def _steps(path: str) -> tuple[list[int | str], str]:
    *way, last = path.split(".")
    return [int(step) if step.isdigit() else step for step in way], last


def _reached(place: Any, way: Sequence[int | str]) -> Any:
    for step in way:
        try:
            place = place[step]
        except (KeyError, IndexError, TypeError):
            return None
    return place


def error(_event: Event) -> Event:
    """An error in the place of an event."""
    return {"type": "error", "event_id": NEW_ID, "error": {**PROBLEM, "event_id": None}}


def instead(type: str, **members: Any) -> Change:
    """Another event in the place of one."""
    return lambda _event: {"type": type, "event_id": NEW_ID, **members}


def handshakes(change: Callable[[Ask, Reply], Reply], when: Callable[[Ask], bool] = lambda _ask: True) -> Spoil:
    """Replies to handshakes, of whatever status."""

    def spoil(ask: Ask, reply: Reply) -> Reply:
        asked = ask.operation == OPERATION and ask.method == "GET"
        return change(ask, reply) if asked and ask.header("upgrade") is not None and when(ask) else reply

    return spoil


def accepted(change: Callable[[Ask, Reply], Reply]) -> Spoil:
    """Replies that accept a handshake."""
    return handshakes(lambda ask, reply: change(ask, reply) if reply.status == 101 else reply)


def refused(status: int, *, was: int) -> Callable[[Ask, Reply], Reply]:
    """Another status in the place of one."""
    return lambda _ask, reply: reply.with_status(status).with_json({"error": PROBLEM}) if reply.status == was else reply


def by_key(ask: Ask) -> bool:
    """Handshakes with a token among the subprotocols."""
    return KEY in (ask.header("sec-websocket-protocol") or "")


def stranger(ask: Ask) -> bool:
    """Handshakes without any token."""
    return ask.header("authorization") is None and not by_key(ask)


def let_in(*frames: Frame, was: int = 401) -> Callable[[Ask, Reply], Reply]:
    """A refused handshake is accepted, and these frames follow."""

    def spoil(ask: Ask, reply: Reply) -> Reply:
        if reply.status != was:
            return reply
        salted = (ask.header("sec-websocket-key") or "") + "258EAFA5-E914-47DA-95CA-C5AB0DC85B11"
        answer = base64.b64encode(hashlib.sha1(salted.encode()).digest()).decode()
        headers = (("upgrade", "websocket"), ("connection", "Upgrade"), ("sec-websocket-accept", answer))
        return replace(reply, status=101, headers=headers, pieces=(), frames=frames)

    return spoil


def plain_gets(change: Callable[[Reply], Reply]) -> Spoil:
    """Replies to requests that ask for no WebSocket, and are let in."""

    def spoil(ask: Ask, reply: Reply) -> Reply:
        concerned = ask.operation == OPERATION and ask.header("upgrade") is None and reply.status == 426
        return change(reply) if concerned else reply

    return spoil


def _given(event: Event) -> bool:
    return bool(event.get("item", {}).get("status") == "in_progress")


def _invented(status: str) -> Event:
    return {"id": "resp_invented", "object": "realtime.response", "status": status, "output": [], "usage": None}


def _second(type: str, change: Change) -> Tell:
    """The second event of a type in each session."""
    seen = 0

    def tell(_ask: Ask, _before: Sequence[Frame], frame: Frame) -> list[Frame]:
        nonlocal seen
        event = frame.json
        if event is None or event.get("type") != type:
            return [frame]
        seen += 1
        if seen != 2:
            return [frame]
        made = change(event)
        return [] if made is None else [event_frame(made)]

    return tell


GREETING = event_frame({"type": CREATED, "event_id": NEW_ID, "session": {"id": "sess_invented", "type": "realtime"}})
FAREWELL = Frame("close", b"", 1000)


# Handshake ------------------------------------------------------------------------------------------------------------

fault(
    "realtime.handshake.accept-of-another-key",
    "Sec-WebSocket-Accept does not belong to the key.",
    "realtime.handshake.switched",
    source="RFC 6455 4.2.2; caching proxies",
)(accepted(lambda _ask, reply: reply.with_header("sec-websocket-accept", "AAAAAAAAAAAAAAAAAAAAAAAAAAA=")))
fault(
    "realtime.handshake.connection-lost",
    "A proxy takes Connection: Upgrade out of the answer.",
    "realtime.handshake.switched",
    source="RFC 6455 4.2.2; proxies without WebSocket support",
)(accepted(lambda _ask, reply: reply.with_header("connection", "keep-alive")))
fault(
    "realtime.handshake.compression-unasked",
    "Compression is agreed on that nobody offered.",
    "realtime.handshake.no-extension",
    source="RFC 6455 9.1",
)(accepted(lambda _ask, reply: reply.with_header("sec-websocket-extensions", "permessage-deflate")))
fault(
    "realtime.handshake.header-only",
    "The token is looked for in Authorization only.",
    "realtime.handshake.subprotocol-token",
    source="hubs that know no browsers",
)(handshakes(refused(401, was=101), by_key))
fault(
    "realtime.handshake.no-subprotocol",
    "No subprotocol is chosen.",
    "realtime.handshake.subprotocol",
    source="WHATWG WebSockets",
)(accepted(lambda _ask, reply: reply.without_header("sec-websocket-protocol")))
fault(
    "realtime.handshake.subprotocol-always",
    "The subprotocol realtime is chosen where none was offered.",
    "realtime.handshake.subprotocol-offered",
    source="RFC 6455 4.2.2",
)(accepted(lambda _ask, reply: reply.with_header("sec-websocket-protocol", "realtime")))


@fault(
    "realtime.handshake.token-echoed",
    "The subprotocol with the token is chosen.",
    "realtime.handshake.subprotocol-offered",
    also={
        "realtime.handshake.subprotocol": "realtime is not chosen then",
        "auth.own-token.not-repeated": "the answer repeats the token",
    },
    source="servers that choose the last subprotocol",
)
def echo_of_the_token(ask: Ask, reply: Reply) -> Reply:
    if ask.operation != OPERATION or reply.status != 101 or not by_key(ask):
        return reply
    offered = (ask.header("sec-websocket-protocol") or "").split(",")
    return reply.with_header("sec-websocket-protocol", offered[-1].strip())


fault(
    "realtime.handshake.stranger-403",
    "A stranger is refused with 403, as frameworks do that close a socket before they accept it.",
    "realtime.handshake.stranger",
    source="BerriAI/litellm#41080",
)(handshakes(refused(403, was=401), stranger))
fault(
    "realtime.handshake.refused-late",
    "The upgrade is accepted before the credential is looked at; then the session is closed.",
    "realtime.handshake.stranger",
    "realtime.handshake.wrong-token",
    source="frameworks that can refuse after the upgrade only",
)(handshakes(let_in(event_frame(error({})), Frame("close", b"invalid_api_key", 4001))))
fault(
    "realtime.handshake.any-subprotocol-token",
    "A token among the subprotocols is not checked.",
    "realtime.handshake.wrong-token",
    source="plain logic: two doors, one lock",
)(handshakes(let_in(GREETING, FAREWELL), by_key))
fault(
    "realtime.handshake.refused-without-words",
    "A refused handshake has no body that a program could read.",
    "realtime.handshake.refusal-body",
    source="WebSocket libraries that write the refusal themselves",
)(
    handshakes(
        lambda _ask, reply: (
            reply.with_header("content-type", "text/plain").with_body(b"Unauthorized") if reply.status == 401 else reply
        )
    )
)
fault(
    "realtime.handshake.plain-get-served",
    "A request that asks for no WebSocket gets an empty success.",
    "realtime.handshake.plain-get",
    "realtime.handshake.plain-get-status",
    source="RFC 6455 4.2.1",
)(plain_gets(lambda reply: reply.with_status(200).with_json({"object": "realtime"})))
fault(
    "realtime.handshake.plain-get-422",
    "A request that asks for no WebSocket is refused as if its content were wrong.",
    "realtime.handshake.plain-get-status",
    source="RFC 9110 15.5.22",
)(plain_gets(lambda reply: reply.with_status(422)))
fault(
    "realtime.handshake.version-untold",
    "A handshake of another version is refused without the version that is spoken.",
    "realtime.handshake.version",
    source="RFC 6455 4.4; WebSocket libraries that answer 400 only",
)(
    handshakes(
        lambda _ask, reply: (
            reply.with_status(400).without_header("sec-websocket-version") if reply.status == 426 else reply
        )
    )
)
fault(
    "realtime.handshake.no-model-500",
    "A handshake without a model is a server error.",
    "realtime.handshake.no-model",
    source="hubs that read the parameter without looking",
)(handshakes(refused(500, was=400)))


# Frames ---------------------------------------------------------------------------------------------------------------

frame_fault(
    "realtime.frames.half-a-character",
    "A text message ends inside a character.",
    "realtime.frames.legal",
    also={"realtime.event.json": "it is no JSON either"},
    source="RFC 6455 8.1; gateways that cut messages by bytes",
)(events(lambda event: Frame("text", json.dumps(event).encode()[:-2] + b"\xe6\xbc"), "rate_limits.updated"))


@frame_fault(
    "realtime.frames.no-pong",
    "Pings are not answered.",
    "realtime.frames.pong",
    source="RFC 6455 5.5.2; gateways that pass on messages only",
)
def no_pong(_ask: Ask, _before: Sequence[Frame], frame: Frame) -> list[Frame]:
    return [] if frame.kind == "pong" else [frame]


@frame_fault(
    "realtime.frames.empty-pong",
    "Pongs are empty.",
    "realtime.frames.pong",
    source="RFC 6455 5.5.3",
)
def empty_pong(_ask: Ask, _before: Sequence[Frame], frame: Frame) -> list[Frame]:
    return [Frame("pong")] if frame.kind == "pong" else [frame]


frame_fault(
    "realtime.frames.one-frame-a-message",
    "A message in several frames is not understood.",
    "realtime.frames.fragments",
    source="RFC 6455 5.4; hand-made WebSocket code",
)(events(error, UPDATED, when=after("kx-parts")))
frame_fault(
    "realtime.frames.any-bytes",
    "A text message that is no UTF-8 is passed over.",
    "realtime.frames.bad-text",
    source="RFC 6455 8.1",
)(closes(lambda _frame: [], both(since("kx-text"), since("kx-second-answer"))))
frame_fault(
    "realtime.close.unanswered",
    "A close frame is not answered; the connection just ends.",
    "realtime.close.answered",
    source="RFC 6455 5.5.1; gateways that close both sides at once",
)(closes(lambda _frame: [], since("kx-last")))
frame_fault(
    "realtime.close.code-1006",
    "A close frame holds the code that stands for the lack of one.",
    "realtime.close.code",
    source="RFC 6455 7.4.1",
)(closes(lambda frame: [replace(frame, code=1006)]))
frame_fault(
    "realtime.close.broken-reason",
    "The reason in a close frame is cut inside a character.",
    "realtime.close.code",
    source="RFC 6455 5.5.1: at most 123 bytes",
)(closes(lambda frame: [replace(frame, code=frame.code or 1000, data=b"Auf Wiederh\xc3")]))
frame_fault(
    "realtime.close.cut-on-broken-json",
    "A message that is no JSON breaks the connection, without an error event and a close frame.",
    "realtime.error.broken-json",
    "realtime.error.goes-on",
    "realtime.close.by-frame",
    also={"transport.complete": "the session ends in the middle"},
    source="gateways that read events only to bill them",
)(events(lambda _event: Frame(CUT), "error", when=after("kx-broken")))
frame_fault(
    "realtime.close.python-in-reason",
    "The session is closed at once with an exception's words as the reason.",
    "realtime.session.created-first",
    "realtime.close.no-internals",
    source="openai/openai-agents-python#2240",
)(
    events(
        lambda _event: Frame("close", b"connect() got an unexpected keyword argument 'additional_headers'", 1011),
        CREATED,
    )
)


@frame_fault(
    "realtime.token.in-session",
    "The session object holds the token.",
    "realtime.token.not-repeated",
    source="hubs that show the request in the session",
)
def token_in_session(ask: Ask, _before: Sequence[Frame], frame: Frame) -> list[Frame]:
    event = frame.json
    if event is None or event.get("type") != CREATED or ask.header("authorization") is None:
        return [frame]
    return [event_frame({**event, "request": {"authorization": ask.header("authorization")}})]


# Session --------------------------------------------------------------------------------------------------------------

frame_fault(
    "realtime.session.no-greeting",
    "No session.created is sent.",
    "realtime.session.created-first",
    source="gateways that swallow the upstream's first event",
)(dropped(CREATED))
frame_fault(
    "realtime.session.greeting-second",
    "The limits come before session.created.",
    "realtime.session.created-first",
    source="BerriAI/litellm#8828",
)(events(lambda event: [instead("rate_limits.updated", rate_limits=[])(event), event], CREATED))
frame_fault(
    "realtime.session.no-id",
    "The session of session.created has no id.",
    "realtime.session.id",
    also={"realtime.update.same-session": "there is no id to keep"},
    source="mock servers",
)(events(without("session.id"), CREATED))
frame_fault(
    "realtime.session.other-model",
    "The session names an upstream's model.",
    "realtime.session.model",
    source="hubs that map model names",
)(events(put("session.model", "internal-voice-7"), CREATED))
frame_fault(
    "realtime.event.two-in-one",
    "Two events stand in one message.",
    "realtime.event.json",
    source="gateways that join what arrives together",
)(
    events(
        lambda event: Frame("text", (json.dumps(event) + json.dumps({**event, "event_id": NEW_ID})).encode()),
        "rate_limits.updated",
    )
)
frame_fault(
    "realtime.event.binary",
    "Some events are binary messages.",
    "realtime.event.json",
    source="gateways that forward bytes",
)(events(lambda event: Frame("binary", json.dumps(event).encode()), "rate_limits.updated"))
frame_fault(
    "realtime.event.number-for-id",
    "previous_item_id is a number.",
    "realtime.event.shape",
    source="hubs that number items",
)(events(put("previous_item_id", 5), DONE))
frame_fault(
    "realtime.event.part-missing",
    "The end of a part lacks the part.",
    "realtime.event.shape",
    also={
        "realtime.text.final": "there are no words to repeat in it",
        "realtime.sound.transcript-final": "there are no words to repeat in it",
    },
    source="hubs that translate events by hand",
)(events(without("part"), PART_DONE))
frame_fault(
    "realtime.event.own-without-id",
    "Events that the hub makes itself have no event_id: its errors.",
    "realtime.event.id",
    source="gateways in front of an upstream",
)(events(without("event_id"), "error"))
frame_fault(
    "realtime.event.id-repeated",
    "All deltas have one event_id.",
    "realtime.event.id-unique",
    source="mock servers",
)(events(put("event_id", "event_delta"), TEXT_DELTA, SOUND_DELTA, SAID_DELTA, ARGUMENTS_DELTA))
frame_fault(
    "realtime.event.invented-type",
    "The end of an answer is told by an event of an own type as well.",
    "realtime.event.known-types",
    source="hubs that add events",
)(events(lambda event: [event, {"type": "usage.recorded", "event_id": f"{event['event_id']}x"}], ENDED))


def beta_name(event: Event) -> Any:
    if event.get("type") == DONE:
        return None
    return {**event, "type": BETA_NAMES.get(event["type"], event["type"])}


frame_fault(
    "realtime.names.all-beta",
    "Every session has the event names of the beta generation.",
    "realtime.names.present",
    source="OpenWhispr/openwhispr#811; mastra-ai/mastra#16941",
)(events(beta_name))
frame_fault(
    "realtime.names.beta-text",
    "Texts alone have the event names of the beta generation.",
    "realtime.names.present",
    "realtime.names.one-generation",
    source="TanStack/ai#699",
)(events(lambda event: {**event, "type": BETA_NAMES[event["type"]]}, TEXT_DELTA, TEXT_DONE))
frame_fault(
    "realtime.names.done-in-beta",
    "A session of the beta generation has events of the present one beside its own.",
    "realtime.names.one-generation",
    "realtime.names.beta",
    source="hubs that translate half of the names",
)(
    events(
        lambda event: [event, {**event, "type": DONE, "event_id": f"{event['event_id']}x"}],
        "conversation.item.created",
    )
)
frame_fault(
    "realtime.names.no-beta",
    "A session that is asked for in the beta generation has the present names.",
    "realtime.names.beta",
    source="hubs that pass over the header",
)(events(lambda event: {**event, "type": PRESENT_NAMES.get(event["type"], event["type"])}))


# Settings -------------------------------------------------------------------------------------------------------------

frame_fault(
    "realtime.update.silent",
    "An update of the tools is not acknowledged.",
    "realtime.update.acknowledged",
    source="gateways that keep tools to themselves",
)(dropped(UPDATED, when=after("kx-second")))
frame_fault(
    "realtime.update.not-shown",
    "session.updated shows the instructions of before.",
    "realtime.update.shown",
    also={"realtime.update.kept": "the next one shows other instructions"},
    source="hubs that answer before they apply",
)(events(put("session.instructions", "You are a helpful assistant."), UPDATED, when=after("kx-first")))
frame_fault(
    "realtime.update.limit-dropped",
    "The limit of tokens is taken and dropped.",
    "realtime.update.shown",
    source="mock servers",
)(events(put("session.max_output_tokens", "inf"), UPDATED))
frame_fault(
    "realtime.update.forgets",
    "An update resets what it does not mention.",
    "realtime.update.kept",
    source="hubs that replace the session by what is sent",
)(events(put("session.instructions", ""), UPDATED, when=after("kx-second")))
frame_fault(
    "realtime.update.new-id",
    "Every update gives the session a new id.",
    "realtime.update.same-session",
    source="hubs that draw ids in the answer",
)(events(lambda event: put("session.id", "sess_" + event["event_id"])(event), UPDATED))
frame_fault(
    "realtime.update.half-applied",
    "An update with a wrong field is refused, and its other fields are applied.",
    "realtime.update.whole-or-not",
    source="OpenWhispr/openwhispr#811",
)(events(put("session.instructions", "kx-never-applied"), UPDATED, when=after("kx-last")))


# Mistakes of clients --------------------------------------------------------------------------------------------------

frame_fault(
    "realtime.error.no-message",
    "An error event has no message.",
    "realtime.error.shape",
    source="hubs that pass on a code only",
)(events(without("error.message"), "error", when=after("kx-unknown-type")))
frame_fault(
    "realtime.error.text",
    "The error is a text instead of an object.",
    "realtime.error.shape",
    also={"realtime.error.names-event": "a text names nothing"},
    source="hubs with an error format of their own",
)(events(put("error", "unknown event"), "error", when=after("kx-unknown-type")))
for word, id in (("broken-json", "kx-broken"), ("unknown-type", "kx-unknown-type"), ("nothing-to-cancel", "kx-cancel")):
    frame_fault(
        f"realtime.error.{word}-unsaid",
        f"Nothing is said to a mistake: {word.replace('-', ' ')}.",
        f"realtime.error.{word}",
        source="gateways that pass over what they do not know; mock servers",
    )(dropped("error", when=after(id)))
frame_fault(
    "realtime.error.wrong-field-taken",
    "A field of a wrong type is passed over, and the update is acknowledged.",
    "realtime.error.wrong-field",
    also={"realtime.update.same-session": "the session that is shown is invented"},
    source="hubs that check nothing",
)(events(instead(UPDATED, session={"id": "sess_invented"}), "error", when=after("kx-wrong-field")))
frame_fault(
    "realtime.error.fatal",
    "The session is closed after an error.",
    "realtime.error.goes-on",
    source="gateways that take every error of an upstream for its end",
)(
    events(
        lambda event: [event_frame(event), Frame("close", b"bad request", 1008)],
        "error",
        when=after("kx-unknown-type"),
    )
)
frame_fault(
    "realtime.error.anonymous",
    "Error events do not name the event at fault.",
    "realtime.error.names-event",
    source="mock servers",
)(events(put("error.event_id", None), "error"))


# Items, and sound of the client ---------------------------------------------------------------------------------------

frame_fault(
    "realtime.item.silent",
    "The second item is not acknowledged.",
    "realtime.item.added",
    source="hubs that acknowledge a conversation once",
)(dropped(ADDED, when=after("kx-two")))
frame_fault(
    "realtime.item.never-done",
    "Items of clients are never finished.",
    "realtime.item.done",
    source="mock servers",
)(dropped(DONE, when=after("kx-one")))
frame_fault(
    "realtime.item.new-id",
    "An item gets an id of the hub's instead of the client's.",
    "realtime.item.kept",
    source="hubs that store items under ids of their own",
)(events(put("item.id", "item_invented"), ADDED, when=after("kx-two")))
frame_fault(
    "realtime.item.words-lost",
    "The acknowledged item has lost its words.",
    "realtime.item.kept",
    source="hubs that translate items",
)(events(put("item.content", []), ADDED, when=after("kx-one")))
frame_fault(
    "realtime.item.appended",
    "An item is put at the end, wherever the client wants it.",
    "realtime.item.order",
    source="hubs that keep a list of messages",
)(events(put("previous_item_id", "kx_item_two"), ADDED, when=after("kx-three")))
frame_fault(
    "realtime.item.never-deleted",
    "Deleting an item is not supported.",
    "realtime.item.deleted",
    source="mock servers",
)(events(error, "conversation.item.deleted"))
frame_fault(
    "realtime.item.other-deleted",
    "The event names another item than the deleted one.",
    "realtime.item.deleted",
    source="hubs that number items",
)(events(put("item_id", "item_0"), "conversation.item.deleted"))
frame_fault(
    "realtime.item.deleted-for-ever",
    "Deleting what is not there is acknowledged.",
    "realtime.item.deleted-once",
    source="hubs that do not look",
)(events(instead("conversation.item.deleted", item_id="kx_item_three"), "error", when=after("kx-delete-again")))
frame_fault(
    "realtime.buffer.silent",
    "A commitment is not acknowledged.",
    "realtime.buffer.committed",
    source="hubs that wait for the end of speech",
)(dropped(COMMITTED))
frame_fault(
    "realtime.buffer.other-item",
    "The commitment names another item than the one that comes.",
    "realtime.buffer.item",
    source="hubs that draw two ids",
)(events(put("item_id", "item_invented"), COMMITTED))
frame_fault(
    "realtime.buffer.no-item",
    "Committed sound becomes no item.",
    "realtime.buffer.item",
    source="mock servers",
)(dropped(ADDED, DONE, when=after("kx-commit")))
frame_fault(
    "realtime.buffer.nothing-committed",
    "An empty buffer is committed.",
    "realtime.buffer.empty",
    source="mock servers",
)(events(instead(COMMITTED, item_id="item_invented"), "error", when=after("kx-commit-nothing")))
frame_fault(
    "realtime.buffer.clear-unsaid",
    "Clearing is not acknowledged.",
    "realtime.buffer.cleared",
    source="hubs that pass sound on at once",
)(dropped(CLEARED))
frame_fault(
    "realtime.buffer.never-cleared",
    "Cleared sound can still be committed.",
    "realtime.buffer.empty-after-clear",
    source="hubs that pass sound on at once",
)(events(instead(COMMITTED, item_id="item_invented"), "error", when=after("kx-commit-cleared")))


# Answers --------------------------------------------------------------------------------------------------------------

frame_fault(
    "realtime.response.unannounced",
    "An answer begins with its first item.",
    "realtime.response.created",
    also={"realtime.call.answer-after": "nothing says that the next answer has begun"},
    source="hubs that make the events from another format",
)(dropped(BEGUN))
frame_fault(
    "realtime.response.begun-completed",
    "response.created has the status completed.",
    "realtime.response.created",
    source="mock servers",
)(events(put("response.status", "completed"), BEGUN))
frame_fault(
    "realtime.response.endless",
    "A text has no response.done.",
    "realtime.response.done",
    source="gateways that stop reading at the last word",
)(dropped(ENDED, when=asking("kx-text")))
frame_fault(
    "realtime.response.done-twice",
    "response.done is sent twice.",
    "realtime.response.nothing-after",
    source="gateways that add the end of an answer for billing",
)(events(lambda event: [event, {**event, "event_id": NEW_ID}], ENDED, when=first_of(ENDED)))
frame_fault(
    "realtime.response.stop",
    "The status at the end is a word of another API.",
    "realtime.response.status",
    also={"realtime.event.shape": "the contract lists the words"},
    source="hubs that make the events from another format",
)(events(put("response.status", "stop"), ENDED, when=asking("kx-text")))
frame_fault(
    "realtime.response.fails-with-tools",
    "Answers with tools fail.",
    "realtime.response.served",
    source="hubs that translate tools wrongly",
)(
    events(
        lambda event: put("response.status_details", {"type": "failed", "error": PROBLEM})(
            put("response.status", "failed")(event)
        ),
        ENDED,
        when=asking("kx-call"),
    )
)
frame_fault(
    "realtime.response.no-index",
    "A part that begins does not say in which item.",
    "realtime.response.place",
    source="hubs that make the events from another format",
)(events(without("output_index"), PART_ADDED))
frame_fault(
    "realtime.response.other-response",
    "Deltas of a text belong to an answer that was never begun.",
    "realtime.response.known-ids",
    also={
        "realtime.text.joined": "they are missing in their own answer",
        "realtime.text.given": "there is no text in the answer",
    },
    source="hubs that draw an id for every piece",
)(events(put("response_id", "resp_invented"), TEXT_DELTA))
frame_fault(
    "realtime.response.other-item",
    "The second delta of a text belongs to an item that was never opened.",
    "realtime.response.known-ids",
    also={"realtime.text.joined": "it is missing in its own item"},
    source="hubs that draw an id for every piece",
    stateful=True,
)(lambda: _second(TEXT_DELTA, put("item_id", "item_invented")))
frame_fault(
    "realtime.response.index-one",
    "Items are counted from 1 where they end.",
    "realtime.response.indexes",
    source="hubs that count by hand",
)(events(put("output_index", 1), ITEM_DONE))
frame_fault(
    "realtime.response.part-one",
    "Parts are counted from 1.",
    "realtime.response.indexes",
    source="hubs that count by hand",
)(events(lambda event: put("content_index", 1)(event) if "content_index" in event else event))
frame_fault(
    "realtime.response.call-unopened",
    "The item of a call is closed without having been opened.",
    "realtime.response.items",
    source="hubs that know items for texts only",
)(dropped(ITEM_ADDED, when=asking("kx-call")))
frame_fault(
    "realtime.response.item-reopened",
    "The item of a text is opened twice.",
    "realtime.response.items",
    source="gateways that repeat an event after a reconnection",
)(events(lambda event: [event, {**event, "event_id": NEW_ID}], ITEM_ADDED, when=asking("kx-text")))
frame_fault(
    "realtime.response.part-unopened",
    "Texts come in parts that were never opened.",
    "realtime.response.parts",
    source="hubs that make the events from another format",
)(dropped(PART_ADDED, when=asking("kx-text")))
frame_fault(
    "realtime.response.part-unclosed",
    "Parts of sound are not closed.",
    "realtime.response.parts",
    source="hubs that make the events from another format",
)(dropped(PART_DONE, when=asking("kx-sound")))
frame_fault(
    "realtime.response.no-text-done",
    "A text has no done event.",
    "realtime.response.deltas-then-done",
    source="hubs that make the events from another format",
)(dropped(TEXT_DONE, when=asking("kx-text")))
frame_fault(
    "realtime.response.not-in-conversation",
    "Items of answers do not join the conversation.",
    "realtime.response.in-conversation",
    source="mock servers",
)(
    events(
        lambda event: None if _given(event) else event,
        ADDED,
    )
)


frame_fault(
    "realtime.response.empty-end",
    "response.done of a text holds no items.",
    "realtime.response.final-items",
    source="hubs that make the events from another format",
)(events(put("response.output", []), ENDED, when=asking("kx-text")))
frame_fault(
    "realtime.response.sound-at-end",
    "response.done holds the sound once more.",
    "realtime.response.no-sound-at-end",
    source="hubs that collect what they sent",
)(events(put("response.output.0.content.0.audio", "AAAA"), ENDED, when=asking("kx-sound")))
frame_fault(
    "realtime.response.two-at-once",
    "A second answer begins while the first one is being given.",
    "realtime.response.one-at-a-time",
    source="hubs without a state",
)(
    events(
        lambda event: [
            {"type": BEGUN, "event_id": f"{event['event_id']}a", "response": _invented("in_progress")},
            {"type": ENDED, "event_id": f"{event['event_id']}b", "response": _invented("cancelled")},
        ],
        "error",
        when=after("kx-second-answer"),
    )
)


# Words ----------------------------------------------------------------------------------------------------------------

frame_fault(
    "realtime.text.delta-lost",
    "One delta of a text is lost.",
    "realtime.text.joined",
    source="gateways that drop what comes too fast",
    stateful=True,
)(lambda: _second(TEXT_DELTA, lambda _event: None))
frame_fault(
    "realtime.text.no-ascii-lost",
    "Deltas with characters beyond ASCII are lost.",
    "realtime.text.joined",
    source="gateways that read Latin-1",
)(events(lambda event: event if event["delta"].isascii() else None, TEXT_DELTA))
frame_fault(
    "realtime.text.trimmed",
    "The text at the end is trimmed.",
    "realtime.text.final",
    source="hubs that tidy up",
)(events(at("response.output.0.content.0.text", lambda text: (text or "")[:-2]), ENDED, when=asking("kx-text")))
frame_fault(
    "realtime.text.empty-part",
    "The part that ends is empty.",
    "realtime.text.final",
    source="hubs that repeat the part as it began",
)(events(put("part.text", ""), PART_DONE, when=asking("kx-text")))


def garbled(value: Any) -> Any:
    """All texts in a value, read as Latin-1."""
    if isinstance(value, dict):
        return {name: garbled(entry) for name, entry in value.items()}
    if isinstance(value, list):
        return [garbled(entry) for entry in value]
    return value.encode().decode("latin-1") if isinstance(value, str) else value


frame_fault(
    "realtime.text.latin-1",
    "Texts are read as Latin-1 on the way.",
    "realtime.text.survives",
    source="RFC 8259 8.1",
)(events(garbled, when=asking("kx-text")))


def spoken(event: Event) -> Event:
    """An event of a text as one of a transcript."""
    told = {**event, "type": event["type"].replace("output_text", "output_audio_transcript")}
    if "text" in told:
        told["transcript"] = told.pop("text")
    return told


frame_fault(
    "realtime.text.spoken",
    "An answer comes as a transcript although a text was asked for.",
    "realtime.text.given",
    source="hubs that ask the upstream for sound alone",
)(events(spoken, TEXT_DELTA, TEXT_DONE, when=asking("kx-text")))


# Calls ----------------------------------------------------------------------------------------------------------------

frame_fault(
    "realtime.call.other-function",
    "Another function is called than the one that was named.",
    "realtime.call.forced",
    source="hubs that pass tools on and drop tool_choice",
)(events(put("response.output.0.name", "get_weather"), ENDED, when=asking("kx-call")))
frame_fault(
    "realtime.call.no-id",
    "A call has no call_id at the end.",
    "realtime.call.id",
    source="hubs in front of upstreams without ids",
)(events(without("response.output.0.call_id"), ENDED, when=asking("kx-call")))
frame_fault(
    "realtime.call.two-ids",
    "The arguments end under another call_id than that of their item.",
    "realtime.call.id",
    source="hubs that draw an id twice",
)(events(put("call_id", "call_invented"), ARGUMENTS_DONE))
frame_fault(
    "realtime.call.never-done",
    "The arguments have no done event.",
    "realtime.call.done",
    also={"realtime.response.deltas-then-done": "deltas are left without an end"},
    source="hubs that make the events from another format",
)(dropped(ARGUMENTS_DONE))
frame_fault(
    "realtime.call.nameless-end",
    "The done event of the arguments does not name the function.",
    "realtime.call.named-at-end",
    source="mock servers",
)(events(without("name"), ARGUMENTS_DONE))
frame_fault(
    "realtime.call.delta-lost",
    "The second delta of the arguments is lost.",
    "realtime.call.joined",
    source="gateways that drop what comes too fast",
    stateful=True,
)(lambda: _second(ARGUMENTS_DELTA, lambda _event: None))
frame_fault(
    "realtime.call.object",
    "The arguments at the end are an object instead of a string.",
    "realtime.call.final",
    source="ggml-org/llama.cpp#20198",
)(events(at("response.output.0.arguments", lambda text: json.loads(text or "{}")), ENDED, when=asking("kx-call")))


def quoted(event: Event) -> Event:
    """An event with arguments as Python writes them."""
    for path in ("delta", "arguments", "item.arguments", "response.output.0.arguments"):
        way, last = _steps(path)
        place = _reached(event, way)
        if isinstance(place, dict) and isinstance(place.get(last), str):
            place[last] = place[last].replace('"', "'")
    return event


frame_fault(
    "realtime.call.python-arguments",
    "The arguments are written as Python writes a dictionary.",
    "realtime.call.arguments",
    source="mlc-ai/mlc-llm and others: str() in the place of JSON",
)(events(quoted, when=asking("kx-call")))
frame_fault(
    "realtime.call.result-refused",
    "The result of a call is refused.",
    "realtime.call.result-taken",
    source="hubs that know messages only",
)(events(error, ADDED, when=after("kx-result")))
frame_fault(
    "realtime.call.stuck",
    "After a call no other answer can be asked for.",
    "realtime.call.answer-after",
    also={"realtime.response.created": "the answer is refused"},
    source="hubs that wait for the end of a turn",
)(events(error, BEGUN, when=after("kx-text")))


# Sound of the hub -----------------------------------------------------------------------------------------------------

frame_fault(
    "realtime.sound.words-only",
    "An answer that is asked for as sound has a transcript only.",
    "realtime.sound.given",
    source="hubs in front of models of text",
)(dropped(SOUND_DELTA))
frame_fault(
    "realtime.sound.data-url",
    "Pieces of sound are data: URLs.",
    "realtime.sound.base64",
    source="hubs that reuse code for pictures",
)(events(at("delta", lambda data: f"data:audio/pcm;base64,{data}"), SOUND_DELTA))
frame_fault(
    "realtime.sound.no-padding",
    "The base64 of some pieces lacks its padding.",
    "realtime.sound.base64",
    source="RFC 4648 3.2",
)(events(lambda event: {**event, "delta": base64.b64encode(bytes(16)).decode().rstrip("=")}, SOUND_DELTA))
frame_fault(
    "realtime.sound.half-a-sample",
    "Half of a sample is lost in the first piece.",
    "realtime.sound.samples",
    source="gateways that cut by bytes",
    stateful=True,
)(lambda: _second(SOUND_DELTA, at("delta", lambda data: base64.b64encode(base64.b64decode(data)[:-1]).decode())))
frame_fault(
    "realtime.sound.click",
    "The sound is a handful of samples.",
    "realtime.sound.samples",
    source="mock servers",
)(events(put("delta", "AQACAA=="), SOUND_DELTA))
frame_fault(
    "realtime.sound.silence",
    "The sound is silence.",
    "realtime.sound.heard",
    source="hubs that decode the wrong format",
)(events(at("delta", lambda data: base64.b64encode(bytes(len(base64.b64decode(data)))).decode()), SOUND_DELTA))
frame_fault(
    "realtime.sound.no-transcript",
    "Sound comes without a transcript.",
    "realtime.sound.transcript",
    source="hubs that drop what is no sound",
)(dropped(SAID_DELTA, SAID_DONE))
frame_fault(
    "realtime.sound.transcript-delta-lost",
    "One delta of a transcript is lost.",
    "realtime.sound.transcript-joined",
    source="gateways that drop what comes too fast",
    stateful=True,
)(lambda: _second(SAID_DELTA, lambda _event: None))
frame_fault(
    "realtime.sound.transcript-null",
    "The item that ends has no transcript.",
    "realtime.sound.transcript-final",
    source="hubs that keep sound and words apart",
)(events(put("item.content.0.transcript", None), ITEM_DONE, when=asking("kx-sound")))


# Cost -----------------------------------------------------------------------------------------------------------------

frame_fault(
    "realtime.usage.null",
    "An answer in sound does not tell its cost.",
    "realtime.usage.present",
    source="hubs that count texts only",
)(events(put("response.usage", None), ENDED, when=asking("kx-sound")))
frame_fault(
    "realtime.usage.empty",
    "The usage of a call is an empty object.",
    "realtime.usage.present",
    source="higress-group/higress#2039",
)(events(put("response.usage", {}), ENDED, when=asking("kx-call")))
frame_fault(
    "realtime.usage.chat-names",
    "The usage has the names of Chat Completions.",
    "realtime.usage.present",
    source="hubs that count alike for all formats",
)(
    events(
        lambda event: put(
            "response.usage",
            {"prompt_tokens": 9, "completion_tokens": 3, "total_tokens": event["response"]["usage"]["total_tokens"]},
        )(event),
        ENDED,
    )
)
frame_fault(
    "realtime.usage.output-left-out",
    "The total leaves out the tokens of the answer.",
    "realtime.usage.total",
    source="hubs that bill a session by its input",
)(
    events(
        lambda event: put("response.usage.total_tokens", event["response"]["usage"]["input_tokens"])(event),
        ENDED,
    )
)
frame_fault(
    "realtime.usage.audio-twice",
    "Tokens of sound are counted twice in the details.",
    "realtime.usage.details",
    source="hubs that count words and sound apart",
)(
    events(
        at("response.usage.output_token_details.audio_tokens", lambda count: 2 * (count or 0)),
        ENDED,
        when=asking("kx-sound"),
    )
)
frame_fault(
    "realtime.usage.zero",
    "All counts are zero.",
    "realtime.usage.positive",
    source="mock servers",
)(events(put("response.usage", {"total_tokens": 0, "input_tokens": 0, "output_tokens": 0}), ENDED))


# Cancelling, and sessions side by side --------------------------------------------------------------------------------

frame_fault(
    "realtime.cancel.silent",
    "A cancelled answer just stops.",
    "realtime.cancel.ends",
    also={"realtime.response.done": "an answer that has begun has no end"},
    source="gateways that cancel by closing the upstream's stream",
)(dropped(ENDED, when=asking("kx-count")))
frame_fault(
    "realtime.cancel.incomplete",
    "A cancelled answer ends as incomplete.",
    "realtime.cancel.status",
    source="hubs that make the events from another format",
)(events(put("response.status", "incomplete"), ENDED, when=asking("kx-count")))
frame_fault(
    "realtime.sessions.one-id",
    "All sessions have one id.",
    "realtime.sessions.ids-apart",
    source="hubs that keep one connection to their upstream",
)(events(put("session.id", "sess_shared"), CREATED, UPDATED))
frame_fault(
    "realtime.sessions.shared-settings",
    "A session shows the instructions of the session beside it.",
    "realtime.sessions.words-apart",
    source="hubs that keep settings in a global variable",
)(
    events(
        at("session.instructions", lambda text: (text or "").replace("kx-cobalt-8264", "kx-amber-5519")),
        UPDATED,
    )
)
