"""Realtime of the reference hub, over a real WebSocket."""

from __future__ import annotations

import asyncio
import base64
import json
from collections.abc import Awaitable, Callable, Iterator
from typing import Any

import pytest
from websockets.asyncio.client import ClientConnection, connect
from websockets.exceptions import ConnectionClosed, InvalidStatus

from conformance.engine.embedded import EmbeddedHub

TOKEN = "sk-for-tests-of-realtime"
BEARER = {"Authorization": f"Bearer {TOKEN}"}
BETA = {**BEARER, "OpenAI-Beta": "realtime=v1"}
TOOL = {
    "type": "function",
    "name": "get_time",
    "parameters": {"type": "object", "properties": {"zone": {"enum": ["UTC", "CET"]}}, "required": ["zone"]},
}
SOUND = base64.b64encode(bytes([1, 0]) * 4800).decode()
Event = dict[str, Any]
Use = Callable[["Talk"], Awaitable[None]]


@pytest.fixture(scope="module")
def address() -> Iterator[str]:
    hub = EmbeddedHub.start(TOKEN)
    yield hub.base_url.replace("http:", "ws:") + "/v1/realtime"
    hub.stop()


class Talk:
    """A session whose greeting is read already."""

    def __init__(self, socket: ClientConnection, created: Event) -> None:
        self.socket = socket
        self.created = created
        self.heard: list[Event] = [created]

    async def hear(self, *types: str) -> Event:
        """The next event of one of the types, or the next error."""
        while True:
            event: Event = json.loads(await asyncio.wait_for(self.socket.recv(), 5))
            self.heard.append(event)
            if not types or event["type"] in (*types, "error"):
                return event

    async def tell(self, type: str, **members: Any) -> None:
        await self.socket.send(json.dumps({"type": type, **members}))

    async def ask(self, type: str, *answers: str, **members: Any) -> Event:
        await self.tell(type, **members)
        return await self.hear(*answers)

    async def update(self, **session: Any) -> Event:
        return await self.ask("session.update", "session.updated", session=session)

    async def say(self, text: str, **members: Any) -> Event:
        item = {"type": "message", "role": "user", "content": [{"type": "input_text", "text": text}], **members}
        return await self.ask("conversation.item.create", "conversation.item.done", item=item)

    async def answer(self, **response: Any) -> Event:
        """The response at the end of an answer."""
        done = await self.ask("response.create", "response.done", response=response)
        assert done["type"] == "response.done", done
        told: Event = done["response"]
        return told

    def of(self, *types: str) -> list[Event]:
        return [event for event in self.heard if event["type"] in types]


def talk(address: str, use: Use, headers: dict[str, str] | None = None, query: str = "model=gpt-realtime") -> Talk:
    async def run() -> Talk:
        async with connect(f"{address}?{query}", additional_headers=headers or BEARER) as socket:
            session = Talk(socket, json.loads(await socket.recv()))
            await use(session)
            return session

    return asyncio.run(run())


def refusal(address: str, query: str, headers: dict[str, str]) -> tuple[int, Any]:
    async def run() -> tuple[int, Any]:
        with pytest.raises(InvalidStatus) as caught:
            async with connect(f"{address}?{query}", additional_headers=headers):
                pass
        response = caught.value.response
        return response.status_code, json.loads(response.body or b"{}")

    return asyncio.run(run())


def code_of(event: Event) -> str | None:
    assert event["type"] == "error", event
    assert set(event["error"]) == {"type", "code", "message", "param", "event_id"}
    code: str | None = event["error"]["code"]
    return code


def test_handshakes_are_refused_before_the_upgrade(address: str) -> None:
    status, body = refusal(address, "model=gpt-realtime", {})
    assert (status, body["error"]["code"]) == (401, "invalid_api_key")
    status, body = refusal(address, "", BEARER)
    assert (status, body["error"]["param"]) == (400, "model")
    assert refusal(address, "model=no-such", BEARER)[0] == 404
    status, body = refusal(address, "model=gpt-4o-mini", BEARER)
    assert (status, body["error"]["code"]) == (400, "model_not_supported")


def test_a_browser_gets_in(address: str) -> None:
    async def run() -> str | None:
        offered: Any = ["realtime", f"openai-insecure-api-key.{TOKEN}"]
        async with connect(f"{address}?model=gpt-realtime", subprotocols=offered) as socket:
            return socket.subprotocol

    assert asyncio.run(run()) == "realtime"


def test_the_session_is_greeted_and_changed(address: str) -> None:
    async def use(session: Talk) -> None:
        assert session.created["session"]["output_modalities"] == ["audio"]
        updated = await session.update(type="realtime", instructions="Be brief.", tools=[TOOL], max_output_tokens=9)
        assert updated["session"]["instructions"] == "Be brief."
        assert updated["session"]["tools"] == [TOOL]
        assert updated["session"]["max_output_tokens"] == 9
        voice = {"output": {"voice": "cedar", "speed": 1.2}, "input": {"transcription": {"model": "whisper-1"}}}
        again = await session.update(type="realtime", audio=voice)
        assert again["session"]["instructions"] == "Be brief."
        assert again["session"]["audio"]["output"]["voice"] == "cedar"
        off = await session.update(type="realtime", audio={"input": {"transcription": None}})
        assert off["session"]["audio"]["input"]["transcription"] is None
        assert len({event["event_id"] for event in session.heard}) == len(session.heard)

    talk(address, use)


@pytest.mark.parametrize(
    ("session", "param"),
    [
        ({}, "session.type"),
        ({"type": "transcription"}, "session.type"),
        ({"type": "realtime", "wings": 2}, "session.wings"),
        ({"type": "realtime", "audio": {"output": {"wings": 2}}}, "session.audio.output.wings"),
        ({"type": "realtime", "audio": 5}, "session.audio"),
        ({"type": "realtime", "output_modalities": []}, "session.output_modalities"),
        ({"type": "realtime", "output_modalities": ["text", "audio"]}, "session.output_modalities"),
        ({"type": "realtime", "instructions": 5}, "session.instructions"),
        ({"type": "realtime", "tools": [{"type": "function"}]}, "session.tools[0].name"),
        ({"type": "realtime", "tool_choice": "required"}, "session.tool_choice"),
        ({"type": "realtime", "tool_choice": {"type": "function", "name": "x"}}, "session.tool_choice"),
        ({"type": "realtime", "max_output_tokens": 0}, "session.max_output_tokens"),
        ({"type": "realtime", "max_output_tokens": 10**40}, "session.max_output_tokens"),
        ({"type": "realtime", "model": "gpt-4o-mini"}, "session.model"),
        (
            {"type": "realtime", "audio": {"input": {"turn_detection": {"type": "server_vad"}}}},
            "session.audio.input.turn_detection",
        ),
        (
            {"type": "realtime", "audio": {"output": {"format": {"type": "audio/pcmu"}}}},
            "session.audio.output.format.type",
        ),
        (5, "session"),
        (None, "session"),
    ],
)
def test_a_wrong_setting_changes_nothing(address: str, session: Any, param: str) -> None:
    async def use(talking: Talk) -> None:
        told = {"instructions": "never", **session} if isinstance(session, dict) and session.get("type") else session
        if isinstance(session, dict) and "instructions" in session:
            told = session
        refused = await talking.ask("session.update", "session.updated", session=told, event_id="mine")
        assert code_of(refused)
        assert refused["error"]["param"] == param
        assert refused["error"]["event_id"] == "mine"
        kept = await talking.update(type="realtime")
        assert kept["session"] == talking.created["session"]

    talk(address, use)


def test_a_text_has_the_whole_grammar(address: str) -> None:
    async def use(session: Talk) -> None:
        await session.say("Say: naïve 漢字 🚀")
        done = await session.answer(output_modalities=["text"], metadata={"a": "b"})
        assert done["status"] == "completed"
        assert done["metadata"] == {"a": "b"}
        (item,) = done["output"]
        assert item["content"] == [{"type": "output_text", "text": "naïve 漢字 🚀"}]
        deltas = session.of("response.output_text.delta")
        assert "".join(event["delta"] for event in deltas) == "naïve 漢字 🚀"
        usage = done["usage"]
        assert usage["total_tokens"] == usage["input_tokens"] + usage["output_tokens"]
        names = [event["type"] for event in session.heard[session.heard.index(session.of("response.created")[0]) :]]
        plain = [name for name in names if not name.endswith(".delta")]
        assert plain == [
            "response.created",
            "rate_limits.updated",
            "response.output_item.added",
            "conversation.item.added",
            "response.content_part.added",
            "response.output_text.done",
            "response.content_part.done",
            "conversation.item.done",
            "response.output_item.done",
            "response.done",
        ]

    talk(address, use)


def test_sound_is_pcm_that_depends_on_voice_and_speed(address: str) -> None:
    async def use(session: Talk) -> None:
        await session.say("Say: one two three")
        sounds = []
        for settings in ({"voice": "marin", "speed": 1.0}, {"voice": "marin", "speed": 0.5}, {"voice": "cedar"}):
            await session.update(type="realtime", audio={"output": settings})
            session.heard.clear()
            done = await session.answer()
            assert done["output"][0]["content"] == [{"type": "output_audio", "transcript": "one two three"}]
            deltas = session.of("response.output_audio.delta")
            sounds.append(b"".join(base64.b64decode(event["delta"]) for event in deltas))
            assert done["usage"]["output_token_details"]["audio_tokens"] == done["usage"]["output_tokens"]
        assert all(len(sound) % 2 == 0 and any(sound) for sound in sounds)
        assert len(sounds[1]) == 2 * len(sounds[0])
        assert sounds[0] != sounds[2]

    talk(address, use)


def test_a_limit_cuts(address: str) -> None:
    async def use(session: Talk) -> None:
        await session.say("Count from 1 to 50")
        done = await session.answer(output_modalities=["text"], max_output_tokens=5)
        assert done["status"] == "incomplete"
        assert done["status_details"] == {"type": "incomplete", "reason": "max_output_tokens"}
        assert done["output"][0]["status"] == "incomplete"
        assert done["usage"]["output_tokens"] == 5

    talk(address, use)


def test_a_call_its_result_and_the_answer(address: str) -> None:
    async def use(session: Talk) -> None:
        await session.say("What is the time?")
        choice = {"type": "function", "name": "get_time"}
        done = await session.answer(tools=[TOOL], tool_choice=choice, output_modalities=["text"])
        (call,) = done["output"]
        assert (call["type"], call["name"]) == ("function_call", "get_time")
        assert json.loads(call["arguments"])["zone"] == "UTC"
        finished = session.of("response.function_call_arguments.done")[0]
        assert (finished["call_id"], finished["arguments"]) == (call["call_id"], call["arguments"])
        result = {"type": "function_call_output", "call_id": call["call_id"], "output": "12:05"}
        assert (await session.ask("conversation.item.create", "conversation.item.done", item=result))["type"] != "error"
        answer = await session.answer(output_modalities=["text"])
        assert "12:05" in answer["output"][0]["content"][0]["text"]
        stranger = {**result, "call_id": "call_nobody"}
        assert code_of(await session.ask("conversation.item.create", item=stranger)) == "call_not_found"

    talk(address, use)


def test_one_answer_at_a_time_and_cancelling(address: str) -> None:
    async def use(session: Talk) -> None:
        assert code_of(await session.ask("response.cancel")) == "response_cancel_not_active"
        await session.say("Count from 1 to 300")
        created = await session.ask("response.create", "response.created", response={"output_modalities": ["text"]})
        assert created["response"]["status"] == "in_progress"
        await session.tell("response.create")
        assert code_of(await session.hear("error")) == "conversation_already_has_active_response"
        await session.tell("response.cancel", response_id="resp_other")
        assert code_of(await session.hear("error")) == "response_cancel_not_active"
        await session.hear("response.output_text.delta")
        cancelled = await session.ask("response.cancel", "response.done", response_id=created["response"]["id"])
        response = cancelled["response"]
        assert response["status"] == "cancelled"
        assert response["status_details"] == {"type": "cancelled", "reason": "client_cancelled"}
        text = response["output"][0]["content"][0]["text"]
        assert text.startswith("1, 2")
        assert not text.endswith("300")
        assert (await session.answer(output_modalities=["text"]))["status"] == "completed"

    talk(address, use)


def test_items_are_kept_in_order(address: str) -> None:
    async def use(session: Talk) -> None:
        await session.say("one", id="a")
        await session.say("two", id="b")
        item = {"id": "c", "type": "message", "role": "system", "content": [{"type": "input_text", "text": "x"}]}
        placed = await session.ask(
            "conversation.item.create", "conversation.item.added", item=item, previous_item_id="a"
        )
        assert (placed["previous_item_id"], placed["item"]["id"]) == ("a", "c")
        first = await session.ask(
            "conversation.item.create", "conversation.item.added", item={**item, "id": "d"}, previous_item_id="root"
        )
        assert first["previous_item_id"] is None
        assert code_of(await session.ask("conversation.item.create", "-", item=item)) == "item_already_exists"
        lost = await session.ask("conversation.item.create", "-", item={**item, "id": "e"}, previous_item_id="nobody")
        assert (code_of(lost), lost["error"]["param"]) == ("item_not_found", "previous_item_id")
        got = await session.ask("conversation.item.retrieve", "conversation.item.retrieved", item_id="b")
        assert got["item"]["content"][0]["text"] == "two"
        gone = await session.ask("conversation.item.delete", "conversation.item.deleted", item_id="b")
        assert gone["item_id"] == "b"
        assert code_of(await session.ask("conversation.item.delete", "-", item_id="b")) == "item_not_found"

    talk(address, use)


def test_a_spoken_answer_can_be_cut(address: str) -> None:
    async def use(session: Talk) -> None:
        await session.say("Say: one two three")
        id = (await session.answer())["output"][0]["id"]
        cut = {"item_id": id, "content_index": 0}
        truncated = await session.ask(
            "conversation.item.truncate", "conversation.item.truncated", **cut, audio_end_ms=40
        )
        assert (truncated["item_id"], truncated["audio_end_ms"]) == (id, 40)
        assert code_of(await session.ask("conversation.item.truncate", "-", **cut, audio_end_ms=60_000))
        words = await session.say("hello")
        assert code_of(
            await session.ask(
                "conversation.item.truncate", "-", item_id=words["item"]["id"], content_index=0, audio_end_ms=0
            )
        )

    talk(address, use)


def test_the_buffer(address: str) -> None:
    async def use(session: Talk) -> None:
        assert code_of(await session.ask("input_audio_buffer.commit")) == "input_audio_buffer_commit_empty"
        for wrong in ("no base64!", base64.b64encode(b"odd").decode(), 5, None):
            assert (await session.ask("input_audio_buffer.append", "-", audio=wrong))["error"]["param"] == "audio"
        await session.update(type="realtime", audio={"input": {"transcription": {"model": "whisper-1"}}})
        await session.tell("input_audio_buffer.append", audio=SOUND)
        committed = await session.ask("input_audio_buffer.commit", "input_audio_buffer.committed")
        added = await session.hear("conversation.item.added")
        assert added["item"]["id"] == committed["item_id"]
        heard = await session.hear("conversation.item.input_audio_transcription.completed")
        assert (heard["item_id"], heard["usage"]["type"]) == (committed["item_id"], "duration")
        await session.tell("input_audio_buffer.append", audio=SOUND)
        assert (await session.ask("input_audio_buffer.clear"))["type"] == "input_audio_buffer.cleared"
        assert code_of(await session.ask("input_audio_buffer.commit")) == "input_audio_buffer_commit_empty"
        done = await session.answer(output_modalities=["text"])
        assert done["usage"]["input_token_details"]["audio_tokens"] == 2

    talk(address, use)


def test_an_answer_beside_the_conversation(address: str) -> None:
    async def use(session: Talk) -> None:
        await session.say("Say: main", id="main")
        item = {"type": "message", "role": "user", "content": [{"type": "input_text", "text": "Say: aside"}]}
        session.heard.clear()
        aside = await session.answer(conversation="none", input=[item], output_modalities=["text"])
        assert aside["conversation_id"] is None
        assert aside["output"][0]["content"][0]["text"] == "aside"
        assert not session.of("conversation.item.added")
        known = await session.answer(
            conversation="none", input=[{"type": "item_reference", "id": "main"}], output_modalities=["text"]
        )
        assert known["output"][0]["content"][0]["text"] == "main"
        lost = [{"type": "item_reference", "id": "nobody"}]
        assert code_of(await session.ask("response.create", "-", response={"input": lost})) == "item_not_found"

    talk(address, use)


def test_an_answer_that_cannot_be_given_fails(address: str) -> None:
    async def use(session: Talk) -> None:
        tool = {
            "type": "function",
            "name": "f",
            "parameters": {"type": "object", "properties": {"a": False}, "required": ["a"]},
        }
        choice = {"type": "function", "name": "f"}
        done = await session.ask("response.create", "response.done", response={"tools": [tool], "tool_choice": choice})
        assert done["response"]["status"] == "failed"
        assert done["response"]["status_details"]["error"]["message"]
        assert (await session.answer(output_modalities=["text"]))["status"] == "completed"

    talk(address, use)


def test_the_beta_generation(address: str) -> None:
    async def use(session: Talk) -> None:
        created = session.created["session"]
        assert (created["modalities"], created["voice"], created["input_audio_format"]) == (
            ["audio", "text"],
            "alloy",
            "pcm16",
        )
        updated = await session.update(modalities=["text"], temperature=0.7, max_response_output_tokens=50)
        assert updated["session"]["modalities"] == ["text"]
        assert code_of(await session.update(type="realtime"))
        item = {"type": "message", "role": "user", "content": [{"type": "input_text", "text": "Say: hi there"}]}
        assert (await session.ask("conversation.item.create", item=item))["type"] == "conversation.item.created"
        done = await session.answer()
        assert done["output"][0]["content"] == [{"type": "text", "text": "hi there"}]
        assert done["modalities"] == ["text"]
        spoken = await session.answer(modalities=["audio", "text"])
        assert spoken["output"][0]["content"] == [{"type": "audio", "transcript": "hi there"}]
        names = {event["type"] for event in session.heard}
        assert {"response.text.delta", "response.audio.delta", "response.audio_transcript.done"} <= names
        assert not {name for name in names if "output_text" in name or name == "conversation.item.done"}

    talk(address, use, BETA)


def test_two_sessions_know_nothing_of_each_other(address: str) -> None:
    async def other(session: Talk) -> None:
        assert session.created["session"]["instructions"] != "mine"
        assert code_of(await session.ask("conversation.item.delete", "-", item_id="a")) == "item_not_found"

    async def use(session: Talk) -> None:
        await session.update(type="realtime", instructions="mine")
        await session.say("hello", id="a")
        second = await asyncio.to_thread(talk, address, other)
        assert second.created["session"]["id"] != session.created["session"]["id"]

    talk(address, use)


ODD_MESSAGES: list[Any] = [
    "",
    "{",
    "null",
    "5",
    "[]",
    '"text"',
    b"\x00\x01",
    "NaN",
    '{"type": "session.update", "session": {"type": "realtime", "instructions": "\\ud800"}}',
    '{"type": 5}',
    '{"type": null}',
    "{}",
    '{"type": "response.create", "event_id": 5}',
    '{"type": "session.update"}',
    '{"type": "conversation.item.create"}',
    '{"type": "conversation.item.create", "item": 5}',
    '{"type": "conversation.item.create", "item": {}}',
    '{"type": "conversation.item.create", "item": {"type": "message", "role": "user", "content": []}}',
    '{"type": "conversation.item.create", "item": {"type": "message", "role": "user", "content": [{"type": []}]}}',
    '{"type": "conversation.item.create", "item": {"type": "message", "role": "nobody", "content": [{}]}}',
    '{"type": "conversation.item.create", "item": {"type": "function_call", "name": "f"}}',
    '{"type": "conversation.item.create", "item": {"type": "item_reference", "id": "x"}}',
    '{"type": "conversation.item.create", "item": {"id": "' + "x" * 99 + '", "type": "message"}}',
    '{"type": "conversation.item.delete"}',
    '{"type": "conversation.item.delete", "item_id": {}}',
    '{"type": "conversation.item.truncate", "item_id": "x", "content_index": 4.5, "audio_end_ms": -1}',
    '{"type": "input_audio_buffer.append"}',
    '{"type": "response.create", "response": []}',
    '{"type": "response.create", "response": {"conversation": "x"}}',
    '{"type": "response.create", "response": {"input": [5]}}',
    '{"type": "response.create", "response": {"input": [{"type": "item_reference"}]}}',
    '{"type": "response.create", "response": {"metadata": {"a": 5}}}',
    '{"type": "response.cancel", "response_id": 5}',
    '{"type": "session.update", "session": ' + "[" * 5000 + "]" * 5000 + "}",
    '{"type": "session.update", "session": {"type": "realtime", "max_output_tokens": 1e999}}',
]


@pytest.mark.parametrize("headers", [BEARER, BETA])
def test_odd_messages_are_errors_and_the_session_goes_on(address: str, headers: dict[str, str]) -> None:
    async def use(session: Talk) -> None:
        for message in ODD_MESSAGES:
            await session.socket.send(message)
            answer = await session.hear("error", "response.done")
            assert answer["type"] == "error", message
            assert code_of(answer)
        assert (await session.ask("input_audio_buffer.clear"))["type"] == "input_audio_buffer.cleared"

    talk(address, use, headers)


def test_text_that_is_no_utf8_ends_the_session(address: str) -> None:
    async def use(session: Talk) -> None:
        await session.socket.send(b'"\xff"', text=True)
        with pytest.raises(ConnectionClosed) as caught:
            await session.hear("-")
        assert caught.value.rcvd is not None
        assert caught.value.rcvd.code == 1007

    talk(address, use)
