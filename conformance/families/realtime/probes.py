"""What is asked of Realtime: sessions without and with answers, two side by side, a browser's, and a beta one.

Five small answers are paid for: a call, a text, a short sound, a long text that is cancelled at once, and a few words
in the beta generation. Handshakes that have to be refused cost nothing, and are asked of every hub. Every event of ours
has an id, by which judges find what the hub answered to it.
"""

from __future__ import annotations

import asyncio
import base64
import contextlib
from collections.abc import Sequence
from dataclasses import replace
from typing import Any

from conformance.engine.dialogue import Dialogue, Event
from conformance.engine.kit.echo import COPYIST, ECHO
from conformance.engine.kit.samples import wav
from conformance.engine.probe import WRONG_TOKEN, Admit, Conversation, Group, Hub, Phase, probe
from conformance.wire.exchange import Exchange
from conformance.wire.frames import Kind
from conformance.wire.limits import Limits

REALTIME = "realtime"
SUBPROTOCOL = "realtime"
KEY_SUBPROTOCOL = "openai-insecure-api-key."
BETA_HEADER = ("OpenAI-Beta", "realtime=v1")
OLD_VERSION = "12"

WHOLE_SESSION = 240.0
"""Seconds that a session may last."""
GREETING_SECONDS = 15.0
ACKNOWLEDGED_SECONDS = 8.0
"""How long the answer to an event is waited for that needs no model."""
AFTERWARDS_SECONDS = 2.0
"""How long the second of two events is waited for."""
REFUSAL_SECONDS = 10.0
"""How long a session without a model is waited for."""

PING = b"kx41"
ORDERS = "You are the voice of a small museum. Be brief."
NEW_ORDERS = "You are the voice of a small library. Be brief."
FORBIDDEN_ORDERS = "kx-never-applied"
LIMIT = 77
FIRST_ITEM, SECOND_ITEM, THIRD_ITEM = "kx_item_one", "kx_item_two", "kx_item_three"
FIRST_WORDS, SECOND_WORDS, THIRD_WORDS = "The code word is kx7431umber.", "Thank you.", "This stands second."
SOUND_SECONDS = 0.4
TIME_TOOL = {
    "type": "function",
    "name": "get_time",
    "description": "The current time in a time zone.",
    "parameters": {
        "type": "object",
        "properties": {"zone": {"type": "string", "enum": ["UTC", "CET"]}},
        "required": ["zone"],
    },
}
LONG_COUNT = "Count from 1 to 300, the numbers separated by a comma and a space, nothing else."
SPOKEN_WORDS = "Say: amber seven"
SPOKEN_NONCE, COUNTED_NONCE = "kx-amber-5519", "kx-cobalt-8264"
TEXT_TOKENS, SOUND_TOKENS, COUNT_TOKENS, BETA_TOKENS = 300, 400, 1024, 32
TEXT_ONLY = ["text"]
IN_BETA = {"output_modalities": "modalities", "max_output_tokens": "max_response_output_tokens"}
"""What the beta generation calls some settings."""

Update = dict[str, Any]


def said(text: str, id: str | None = None) -> Event:
    """An item in which a user says something."""
    item: Event = {"type": "message", "role": "user", "content": [{"type": "input_text", "text": text}]}
    return item if id is None else {"id": id, **item}


def sound() -> str:
    """A short tone as base64 of PCM with 16 bits and 24000 samples a second."""
    return base64.b64encode(wav(SOUND_SECONDS, rate=24_000)[44:]).decode()


def speaks_beta(session: Any) -> bool:
    """Whether a session object has the settings of the beta generation, and none of the present one."""
    if not isinstance(session, dict):
        return False
    return "modalities" in session and not {"audio", "output_modalities", "type"} & set(session)


class Talker:
    """Tells events under ids of ours, in the generation that the hub greets with."""

    def __init__(self, dialogue: Dialogue) -> None:
        self.dialogue = dialogue
        self.beta = False

    async def greeted(self) -> bool:
        """Wait for the greeting; whether it came."""
        created = await self.dialogue.hear("session.created", "error", within=GREETING_SECONDS)
        self.beta = created is not None and speaks_beta(created.get("session"))
        return created is not None and created.get("type") == "session.created"

    async def tell(self, id: str, type: str, **members: Any) -> None:
        await self.dialogue.tell({"event_id": id, "type": type, **members})

    async def ask(self, id: str, type: str, answers: Sequence[str], **members: Any) -> Event | None:
        """Tell an event, and wait for one of the answers or an error."""
        await self.tell(id, type, **members)
        seconds = GREETING_SECONDS if type == "response.create" else ACKNOWLEDGED_SECONDS
        return await self.dialogue.hear(*answers, "error", within=seconds)

    async def update(self, id: str, session: Update) -> Event | None:
        """Change the session; `session` is in the words of the present generation."""
        return await self.ask(id, "session.update", ["session.updated"], session=self.worded(session))

    def worded(self, session: Update) -> Update:
        """Settings of a session in the hub's generation."""
        if not self.beta:
            return {"type": "realtime", **session}
        renamed = {IN_BETA.get(name, name): value for name, value in session.items() if name != "audio"}
        return renamed | ({"turn_detection": None} if "audio" in session else {})

    async def create(self, id: str, item: Event, after: str | None = None) -> None:
        """Put an item into the conversation, and wait until it is there."""
        names = ["conversation.item.added", "conversation.item.created"]
        told = {"item": item} if after is None else {"item": item, "previous_item_id": after}
        there = await self.ask(id, "conversation.item.create", names, **told)
        if there is not None and there.get("type") == "conversation.item.added":
            await self.dialogue.hear("conversation.item.done", "error", within=AFTERWARDS_SECONDS)

    async def answer(self, id: str, **settings: Any) -> Event | None:
        """Have an answer begun, and wait until it has."""
        renamed = IN_BETA if self.beta else {}
        response = {renamed.get(name, name): value for name, value in settings.items()}
        return await self.ask(id, "response.create", ["response.created"], response=response)

    async def answered(self) -> Event | None:
        """Wait for the end of the answer."""
        return await self.dialogue.hear("response.done")


def where(hub: Hub) -> dict[str, str]:
    """The query of a handshake."""
    return {"model": hub.model("realtime")}


def patient(hub: Hub) -> Limits:
    """Time enough for a whole session."""
    return replace(hub.target.limits, whole=max(hub.target.limits.whole, WHOLE_SESSION))


@probe(REALTIME, base=True)
async def realtime_session(hub: Hub) -> Exchange:
    """A session by the token in a header, in which everything happens that needs no model."""

    async def talk(dialogue: Dialogue) -> None:
        talker = Talker(dialogue)
        if not await talker.greeted():
            return
        await dialogue.frame(Kind.ping, PING)
        await dialogue.hear_pong(PING, AFTERWARDS_SECONDS)
        await _change(talker)
        await _mistake(talker)
        await _arrange(talker)
        await _record(talker)
        await talker.ask("kx-cancel", "response.cancel", ["response.done"])
        await talker.update("kx-last", {"tool_choice": "none"})

    return await hub.converse(REALTIME, talk, query=where(hub), limits=patient(hub))


async def _change(talker: Talker) -> None:
    silent = {"input": {"turn_detection": None}}
    first = {"instructions": ORDERS, "output_modalities": TEXT_ONLY, "audio": silent}
    await talker.update("kx-first", first)
    await talker.update("kx-second", {"tools": [TIME_TOOL], "max_output_tokens": LIMIT})
    session = talker.worded({"instructions": NEW_ORDERS})
    await talker.dialogue.tell_in_parts({"event_id": "kx-parts", "type": "session.update", "session": session}, 3)
    await talker.dialogue.hear("session.updated", "error", within=ACKNOWLEDGED_SECONDS)


async def _mistake(talker: Talker) -> None:
    await talker.update("kx-wrong-field", {"instructions": FORBIDDEN_ORDERS, "max_output_tokens": "many"})
    await talker.dialogue.tell('{"event_id": "kx-broken", "type": "session.update", ')
    await talker.dialogue.hear("error", within=ACKNOWLEDGED_SECONDS)
    await talker.ask("kx-unknown-type", "kx.no.such.event", [])


async def _arrange(talker: Talker) -> None:
    await talker.create("kx-one", said(FIRST_WORDS, FIRST_ITEM))
    await talker.create("kx-two", said(SECOND_WORDS, SECOND_ITEM))
    await talker.create("kx-three", said(THIRD_WORDS, THIRD_ITEM), after=FIRST_ITEM)
    for id in ("kx-delete", "kx-delete-again"):
        await talker.ask(id, "conversation.item.delete", ["conversation.item.deleted"], item_id=THIRD_ITEM)


async def _record(talker: Talker) -> None:
    committed = ["input_audio_buffer.committed"]
    await talker.ask("kx-commit-nothing", "input_audio_buffer.commit", committed)
    await talker.tell("kx-append", "input_audio_buffer.append", audio=sound())
    if await talker.ask("kx-commit", "input_audio_buffer.commit", committed):
        names = ["conversation.item.done", "conversation.item.created"]
        await talker.dialogue.hear(*names, "error", within=AFTERWARDS_SECONDS)
    await talker.tell("kx-append-again", "input_audio_buffer.append", audio=sound())
    await talker.ask("kx-clear", "input_audio_buffer.clear", ["input_audio_buffer.cleared"])
    await talker.ask("kx-commit-cleared", "input_audio_buffer.commit", committed)


@probe(REALTIME)
async def realtime_turns(hub: Hub) -> Exchange:
    """A session with answers: a call that is forced, its result, and a text that is dictated.

    While the text is being given a second answer is asked for. At the end comes a text message that is no UTF-8.
    """

    async def talk(dialogue: Dialogue) -> None:
        talker = Talker(dialogue)
        if not await talker.greeted():
            return
        silent = {"input": {"turn_detection": None}}
        await talker.update("kx-first", {"instructions": COPYIST, "output_modalities": TEXT_ONLY, "audio": silent})
        await talker.create("kx-question", said("Say hello."))
        await _call(talker)
        await talker.create("kx-dictation", said(f"Repeat exactly: {ECHO}"))
        await _two_at_once(talker)
        await dialogue.frame(Kind.text, b'{"type": "session.update\xff\xfe"}')
        await dialogue.hear_end(ACKNOWLEDGED_SECONDS)

    return await hub.converse(REALTIME, talk, query=where(hub), limits=patient(hub))


async def _call(talker: Talker) -> None:
    choice = {"type": "function", "name": TIME_TOOL["name"]}
    begun = await talker.answer("kx-call", tools=[TIME_TOOL], tool_choice=choice, output_modalities=TEXT_ONLY)
    if begun is None or begun.get("type") == "error":
        return
    call_id = _called(await talker.answered())
    if call_id is not None:
        result = {"type": "function_call_output", "call_id": call_id, "output": '{"time": "12:05"}'}
        await talker.create("kx-result", result)


def _called(done: Event | None) -> str | None:
    response = (done or {}).get("response")
    output = response.get("output") if isinstance(response, dict) else None
    for item in output if isinstance(output, list) else []:
        if isinstance(item, dict) and isinstance(item.get("call_id"), str):
            return str(item["call_id"])
    return None


async def _two_at_once(talker: Talker) -> None:
    begun = await talker.answer("kx-text", output_modalities=TEXT_ONLY, max_output_tokens=TEXT_TOKENS)
    if begun is None or begun.get("type") == "error":
        return
    await talker.tell("kx-second-answer", "response.create", response={"max_output_tokens": TEXT_TOKENS})
    seen = {"response.done": 0, "response.created": 1, "error": 0}
    while seen["response.done"] < seen["response.created"]:
        event = await talker.dialogue.hear(*seen)
        if event is None:
            return
        seen[str(event["type"])] += 1
    if not seen["error"] and seen["response.created"] == 1:
        late = await talker.dialogue.hear("error", "response.created", within=AFTERWARDS_SECONDS)
        if late is not None and late.get("type") == "response.created":
            await talker.answered()


@probe(REALTIME, admit=Admit.REPLY, phase=Phase.ANSWERS)
async def realtime_browser(hub: Hub) -> Exchange:
    """A session as browsers open it, with the token among the subprotocols. Nothing is asked in it."""

    async def talk(dialogue: Dialogue) -> None:
        await Talker(dialogue).greeted()

    return await hub.converse(REALTIME, talk, query=where(hub), auth="ws-subprotocol", limits=patient(hub))


@probe(REALTIME)
async def realtime_pair(hub: Hub) -> Conversation:
    """Two sessions at once: one gives an answer in sound, the other a long text that is cancelled."""
    meeting = _Meeting()

    async def speak(dialogue: Dialogue) -> None:
        talker = Talker(dialogue)
        if not await talker.greeted():
            return
        await meeting.arrive()
        await talker.update("kx-first", {"instructions": f"{COPYIST} Ticket {SPOKEN_NONCE}.", "audio": _SILENT})
        await talker.create("kx-words", said(SPOKEN_WORDS))
        wanted = ["audio", "text"] if talker.beta else ["audio"]
        begun = await talker.answer("kx-sound", output_modalities=wanted, max_output_tokens=SOUND_TOKENS)
        if begun is not None and begun.get("type") == "response.created":
            await talker.answered()

    async def count(dialogue: Dialogue) -> None:
        talker = Talker(dialogue)
        if not await talker.greeted():
            return
        await meeting.arrive()
        settings = {"instructions": f"Ticket {COUNTED_NONCE}.", "output_modalities": TEXT_ONLY, "audio": _SILENT}
        await talker.update("kx-first", settings)
        await talker.create("kx-words", said(LONG_COUNT))
        begun = await talker.answer("kx-count", output_modalities=TEXT_ONLY, max_output_tokens=COUNT_TOKENS)
        if begun is None or begun.get("type") == "error":
            return
        await dialogue.hear("response.output_text.delta", "response.text.delta", "response.done")
        await talker.tell("kx-cancel", "response.cancel")
        await dialogue.hear("response.done", "error")

    async def session(talk: Any) -> Exchange:
        try:
            return await hub.converse(REALTIME, talk, query=where(hub), limits=patient(hub))
        finally:
            meeting.leave()

    spoken, counted = await asyncio.gather(session(speak), session(count))
    return spoken, counted


_SILENT = {"input": {"turn_detection": None}}


class _Meeting:
    """Where two sessions wait for each other, unless one of them never opens."""

    def __init__(self) -> None:
        self._missing = 2
        self._complete = asyncio.Event()

    async def arrive(self) -> None:
        self.leave()
        with contextlib.suppress(TimeoutError):
            await asyncio.wait_for(self._complete.wait(), GREETING_SECONDS)

    def leave(self) -> None:
        self._missing -= 1
        if self._missing <= 0:
            self._complete.set()


@probe(REALTIME, admit=Admit.REPLY, phase=Phase.ANSWERS)
async def realtime_beta(hub: Hub) -> Exchange:
    """A session with the mark of the beta generation, and a few words in it."""

    async def talk(dialogue: Dialogue) -> None:
        talker = Talker(dialogue)
        if not await talker.greeted():
            return
        await talker.update("kx-first", {"instructions": COPYIST, "output_modalities": TEXT_ONLY, "audio": _SILENT})
        await talker.create("kx-words", said("Say: beta nine", "kx_item_beta"))
        begun = await talker.answer("kx-text", output_modalities=TEXT_ONLY, max_output_tokens=BETA_TOKENS)
        if begun is not None and begun.get("type") == "response.created":
            await talker.answered()

    return await hub.converse(REALTIME, talk, query=where(hub), headers=[BETA_HEADER], limits=patient(hub))


@probe(admit=Admit.REFUSAL)
async def realtime_strangers(hub: Hub) -> Conversation:
    """Handshakes without a credential, with a wrong one in a header, and with a wrong one among the subprotocols."""
    wrong: tuple[list[tuple[str, str]], ...] = (
        [],
        [("Authorization", f"Bearer {WRONG_TOKEN}")],
        [("Sec-WebSocket-Protocol", f"{SUBPROTOCOL}, {KEY_SUBPROTOCOL}{WRONG_TOKEN}")],
    )

    async def talk(dialogue: Dialogue) -> None:
        await dialogue.hear(within=AFTERWARDS_SECONDS)

    return tuple(
        [
            await hub.converse(REALTIME, talk, query=where(hub), headers=headers, auth=None, retry=False)
            for headers in wrong
        ]
    )


@probe(admit=Admit.REFUSAL)
async def realtime_no_model(hub: Hub) -> Exchange:
    """A handshake without a model."""

    async def talk(dialogue: Dialogue) -> None:
        first = await dialogue.hear(within=REFUSAL_SECONDS)
        if first is not None and first.get("type") != "session.created":
            await dialogue.hear_end(AFTERWARDS_SECONDS)

    return await hub.converse(REALTIME, talk)


@probe(admit=Admit.REFUSAL)
async def realtime_no_handshakes(hub: Hub) -> Conversation:
    """A request that asks for no WebSocket, and one that asks for it in an old version of the protocol."""
    path = hub.contract.operation(REALTIME).path
    plain = await hub.send(path=path, query=where(hub))
    headers = [("Sec-WebSocket-Version", OLD_VERSION)]
    return plain, await hub.converse(path=path, query=where(hub), headers=headers)


_SESSIONS = frozenset({"realtime_session", "realtime_turns", "realtime_browser", "realtime_pair", "realtime_beta"})
_ANSWERS = frozenset({"realtime_turns", "realtime_pair", "realtime_beta"})
any_realtime_session = Group("any_realtime_session", lambda p: p.name in _SESSIONS, flat=True)
any_realtime_answer = Group("any_realtime_answer", lambda p: p.name in _ANSWERS, flat=True)
plain_handshake = Group("plain_handshake", lambda p: p.name == realtime_session.__name__, Admit.RAW, flat=True)
any_realtime_socket = Group("any_realtime_socket", lambda p: p.family == REALTIME, Admit.REPLY, flat=True)
