"""GET /v1/realtime: OpenAI's Realtime API over a WebSocket, in its present generation and, when asked for, in the beta.

Sound is PCM of 16 bits and 24000 samples a second. A client tells where a turn ends: this hub listens to nobody's
pauses, and refuses a session that asks for that.
"""

import asyncio
import contextlib
import json
import sys
import time
import traceback
from collections.abc import Awaitable, Callable, Mapping
from dataclasses import dataclass, replace
from typing import Any

from starlette.responses import Response
from starlette.websockets import WebSocket, WebSocketDisconnect

from conformance.hub.app import Call, Settings
from conformance.hub.body import parse_json
from conformance.hub.errors import HubError, invalid, missing
from conformance.hub.fields import integer, text
from conformance.hub.ids import unique
from conformance.hub.intake import check_model
from conformance.hub.realtime_answer import Answer
from conformance.hub.realtime_items import (
    BYTES_PER_SECOND,
    Conversation,
    answer_item,
    calls_in,
    heard_item,
    pcm,
    read_item,
)
from conformance.hub.realtime_settings import Config, Identity, for_response, shown, updated
from conformance.hub.text import Turn

Event = dict[str, Any]
SUBPROTOCOL = "realtime"
BETA_SUBPROTOCOL = "openai-beta.realtime-v1"
SESSION_SECONDS = 3600
SHORTEST_COMMIT = BYTES_PER_SECOND // 10
LARGEST_BUFFER = 32 * 1024 * 1024
LONGEST_EVENT_ID = 512
INTERNAL_ERROR = 1011
BETA_NAMES = {
    "conversation.item.added": "conversation.item.created",
    "response.output_text.delta": "response.text.delta",
    "response.output_text.done": "response.text.done",
    "response.output_audio.delta": "response.audio.delta",
    "response.output_audio.done": "response.audio.done",
    "response.output_audio_transcript.delta": "response.audio_transcript.delta",
    "response.output_audio_transcript.done": "response.audio_transcript.done",
}
NOT_IN_BETA = frozenset({"conversation.item.done"})


async def plain(_call: Call) -> Response:
    """A request that does not ask for a WebSocket."""
    headers = {"upgrade": "websocket", "connection": "upgrade"}
    raise HubError(426, "This is a WebSocket: ask for an upgrade.", "upgrade_required", headers=headers)


async def converse(socket: WebSocket, settings: Settings) -> None:
    """One session, from the handshake to its end. Raises `HubError` for a handshake that is to be refused."""
    model = socket.query_params.get("model")
    if not model:
        raise missing("model")
    check_model(model, ("realtime",))
    offered = socket.scope.get("subprotocols", [])
    beta = BETA_SUBPROTOCOL in offered or "realtime=v1" in socket.headers.get("openai-beta", "")
    headers = [(b"x-request-id", unique("req_").encode())]
    await socket.accept(subprotocol=SUBPROTOCOL if SUBPROTOCOL in offered else None, headers=headers)
    expires = int(time.time()) + SESSION_SECONDS
    session = Session(socket, settings, Identity(unique("sess_"), model, expires, beta, unique("conv_")))
    with contextlib.suppress(WebSocketDisconnect):
        try:
            await session.run()
        except WebSocketDisconnect:
            raise
        except Exception:
            traceback.print_exc(file=sys.stderr)
            await socket.close(INTERNAL_ERROR, "The hub failed.")
        finally:
            await session.end()


@dataclass
class Running:
    """An answer that is being given."""

    answer: Answer
    cancel: asyncio.Event
    task: asyncio.Task[None] | None = None


class Session:
    """What one client and this hub know of each other."""

    def __init__(self, socket: WebSocket, settings: Settings, identity: Identity) -> None:
        self.socket = socket
        self.settings = settings
        self.identity = identity
        self.config = Config(modalities=("audio", "text"), voice="alloy") if identity.beta else Config()
        self.conversation = Conversation()
        self.buffer = bytearray()
        self.running: Running | None = None

    async def run(self) -> None:
        """Greets, and answers events until the client goes."""
        await self.emit({"type": "session.created", "session": self._shown()})
        while True:
            message = await self.socket.receive()
            if message["type"] == "websocket.disconnect":
                return
            await self._take(message)

    async def end(self) -> None:
        """Stops the answer that is being given."""
        if self.running and self.running.task:
            self.running.task.cancel()
            with contextlib.suppress(asyncio.CancelledError, WebSocketDisconnect):
                await self.running.task

    async def emit(self, event: Event) -> None:
        """Sends one event, under the name of this session's generation."""
        name = event["type"]
        if self.identity.beta:
            if name in NOT_IN_BETA:
                return
            name = BETA_NAMES.get(name, name)
        told = {**event, "type": name, "event_id": unique("event_")}
        await self.socket.send_text(json.dumps(told, ensure_ascii=False, separators=(",", ":"), allow_nan=False))

    async def _take(self, message: Mapping[str, Any]) -> None:
        event_id = None
        try:
            event = _event_in(message)
            told = event.get("event_id")
            event_id = told if isinstance(told, str) and len(told) <= LONGEST_EVENT_ID else None
            if told != event_id:
                raise invalid("'event_id' must be a short text.", "event_id")
            await self._handle(event)
        except HubError as error:
            await self.emit(_error_event(error, event_id))

    async def _handle(self, event: Event) -> None:
        if event.get("type") is None:
            raise missing("type")
        name = text()(event["type"], "type")
        handler = _HANDLERS.get(name)
        if handler is None:
            raise invalid("This hub does not know this type of event.", "type")
        await handler(self, event)

    def _shown(self) -> Event:
        return shown(self.config, self.identity)

    async def update(self, event: Event) -> None:
        if event.get("session") is None:
            raise missing("session")
        self.config = updated(self.config, event["session"], self.identity.beta, self.identity.model)
        await self.emit({"type": "session.updated", "session": self._shown()})

    async def create_item(self, event: Event) -> None:
        if event.get("item") is None:
            raise missing("item")
        item = read_item(event["item"], frozenset(calls_in(self.conversation.items)))
        after = event.get("previous_item_id")
        before = self.conversation.insert(item, None if after is None else text()(after, "previous_item_id"))
        await self._tell_of(item.shown(self.identity.beta), before)

    async def _tell_of(self, value: Event, before: str | None) -> None:
        for name in ("added", "done"):
            await self.emit({"type": f"conversation.item.{name}", "previous_item_id": before, "item": value})

    async def retrieve_item(self, event: Event) -> None:
        item = self.conversation.find(_needed(event, "item_id"), "item_id")
        await self.emit({"type": "conversation.item.retrieved", "item": item.shown(self.identity.beta)})

    async def delete_item(self, event: Event) -> None:
        item = self.conversation.find(_needed(event, "item_id"), "item_id")
        self.conversation.remove(item)
        await self.emit({"type": "conversation.item.deleted", "item_id": item.id})

    async def truncate_item(self, event: Event) -> None:
        item = self.conversation.find(_needed(event, "item_id"), "item_id")
        integer(0, 0)(_needed(event, "content_index"), "content_index")
        end = integer(0)(_needed(event, "audio_end_ms"), "audio_end_ms")
        if item.value.get("role") != "assistant" or not item.sound:
            raise invalid("Only an answer in sound can be cut.", "item_id")
        if end * BYTES_PER_SECOND > item.sound * 1000:
            raise invalid("The sound of this item ends before that.", "audio_end_ms")
        self.conversation.replace(item, answer_item(item.id, "", True, sound=end * BYTES_PER_SECOND // 1000))
        cut = {"item_id": item.id, "content_index": 0, "audio_end_ms": end}
        await self.emit({"type": "conversation.item.truncated", **cut})

    async def append_audio(self, event: Event) -> None:
        data = pcm(text()(_needed(event, "audio"), "audio"), "audio")
        if len(self.buffer) + len(data) > LARGEST_BUFFER:
            raise invalid("There is too much sound in the buffer.", "audio", "input_audio_buffer_full")
        self.buffer += data

    async def commit_audio(self, _event: Event) -> None:
        if len(self.buffer) < SHORTEST_COMMIT:
            message = "The buffer is too small: at least 100 ms of sound are needed."
            raise invalid(message, code="input_audio_buffer_commit_empty")
        item = heard_item(unique("item_"), len(self.buffer))
        self.buffer.clear()
        before = self.conversation.insert(item)
        await self.emit({"type": "input_audio_buffer.committed", "previous_item_id": before, "item_id": item.id})
        await self._tell_of(item.shown(self.identity.beta), before)
        if self.config.transcription is not None:
            await self._transcribe(item.id, item.sound)

    async def _transcribe(self, id: str, sound: int) -> None:
        seconds = sound / BYTES_PER_SECOND
        words = f"A recording of {seconds:.1f} seconds."
        name = "conversation.item.input_audio_transcription"
        place = {"item_id": id, "content_index": 0}
        await self.emit({"type": f"{name}.delta", **place, "delta": words})
        usage = {"type": "duration", "seconds": seconds}
        await self.emit({"type": f"{name}.completed", **place, "transcript": words, "usage": usage})

    async def clear_audio(self, _event: Event) -> None:
        self.buffer.clear()
        await self.emit({"type": "input_audio_buffer.cleared"})

    async def create_response(self, event: Event) -> None:
        if self.running is not None:
            message = f"An answer is being given already: {self.running.answer.id}."
            raise invalid(message, code="conversation_already_has_active_response")
        config = for_response(self.config, event.get("response"), self.identity.beta)
        cancel = asyncio.Event()
        answer = Answer(
            identity=self.identity,
            config=config,
            turns=self._turns(config),
            conversation=self.conversation if config.conversation == "auto" else None,
            rest=lambda seconds: _rest(cancel, seconds),
            first_delay=self.settings.first_delay,
            chunk_delay=self.settings.chunk_delay,
        )
        self.running = Running(answer, cancel)
        self.running.task = asyncio.create_task(self._answer(answer))

    def _turns(self, config: Config) -> tuple[Turn, ...]:
        """What is read for an answer: the conversation, unless the client names something else."""
        if config.input is None:
            return self.conversation.turns
        turns = []
        calls = set(calls_in(self.conversation.items))
        for place, told in enumerate(config.input):
            at = f"response.input[{place}]"
            if told.get("type") == "item_reference":
                item = self.conversation.find(told.get("id"), f"{at}.id")
            else:
                item = read_item(told, frozenset(calls), at)
            calls.update(calls_in([item]))
            turns.append(item.turn)
        return tuple(turns)

    async def _answer(self, answer: Answer) -> None:
        try:
            async for event in answer.events():
                if event["type"] == "response.done":
                    self.running = None
                await self.emit(event)
        except WebSocketDisconnect:
            return
        except Exception:
            traceback.print_exc(file=sys.stderr)
            await self.socket.close(INTERNAL_ERROR, "The hub failed.")
        finally:
            self.running = None

    async def cancel_response(self, event: Event) -> None:
        wanted = event.get("response_id")
        if wanted is not None:
            text()(wanted, "response_id")
        if self.running is None or wanted not in (None, self.running.answer.id):
            raise invalid("There is no such answer to cancel.", code="response_cancel_not_active")
        self.running.cancel.set()


def _needed(event: Event, name: str) -> Any:
    if event.get(name) is None:
        raise missing(name)
    return event[name]


async def _rest(cancel: asyncio.Event, seconds: float) -> bool:
    if not cancel.is_set():
        with contextlib.suppress(TimeoutError):
            await asyncio.wait_for(cancel.wait(), seconds)
    return cancel.is_set()


def _event_in(message: Mapping[str, Any]) -> Event:
    words = message.get("text")
    if words is None:
        raise invalid("Events are text messages.", code="invalid_json")
    try:
        value = parse_json(words.encode("utf-8", "surrogatepass"))
    except HubError as error:
        raise replace(error, message="The event is not sound JSON.") from None
    if not isinstance(value, dict):
        raise invalid("An event is a JSON object.", code="invalid_json")
    return value


def _error_event(error: HubError, event_id: str | None) -> Event:
    what = {"type": error.type, "code": error.code, "message": error.message, "param": error.param}
    return {"type": "error", "error": {**what, "event_id": event_id}}


_HANDLERS: Mapping[str, Callable[[Session, Event], Awaitable[None]]] = {
    "session.update": Session.update,
    "conversation.item.create": Session.create_item,
    "conversation.item.retrieve": Session.retrieve_item,
    "conversation.item.delete": Session.delete_item,
    "conversation.item.truncate": Session.truncate_item,
    "input_audio_buffer.append": Session.append_audio,
    "input_audio_buffer.commit": Session.commit_audio,
    "input_audio_buffer.clear": Session.clear_audio,
    "response.create": Session.create_response,
    "response.cancel": Session.cancel_response,
}

HANDLERS = {"realtime": plain}
SOCKETS = {"realtime": converse}
