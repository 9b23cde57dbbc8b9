"""Conversations over a WebSocket as probes hold them, against the embedded hub."""

from __future__ import annotations

import asyncio
from collections.abc import Awaitable, Callable, Iterator
from typing import Any

import pytest

from conformance.engine.contract import load_contract
from conformance.engine.dialogue import Dialogue
from conformance.engine.embedded import EmbeddedHub
from conformance.engine.probe import BudgetSpent, Hub, StopProbe
from conformance.engine.schedule import Governor
from conformance.engine.target import Target
from conformance.wire.exchange import End, Exchange
from conformance.wire.frames import Kind
from conformance.wire.http import Client
from conformance.wire.redact import Redactor, Secret

TOKEN = "sk-for-tests-of-conversations"
MODEL = {"model": "gpt-realtime"}
HELLO: dict[str, Any] = {"type": "message", "role": "user", "content": [{"type": "input_text", "text": "Say: hi"}]}


@pytest.fixture(scope="module")
def address() -> Iterator[str]:
    hub = EmbeddedHub.start(TOKEN)
    yield hub.base_url
    hub.stop()


def with_hub(address: str, use: Callable[[Hub], Awaitable[Any]], governor: Governor | None = None) -> Any:
    async def run() -> Any:
        target = Target(address, Secret(TOKEN), embedded=True)
        async with Client() as client:
            return await use(Hub(target, load_contract(), client, governor or Governor(1), Redactor([TOKEN])))

    return asyncio.run(run())


def converse(address: str, talk: Callable[[Dialogue], Awaitable[None]]) -> Exchange:
    exchange: Exchange = with_hub(address, lambda hub: hub.converse("realtime", talk, query=MODEL))
    return exchange


def test_events_are_heard_in_order_and_passed_over(address: str) -> None:
    heard: list[Any] = []

    async def talk(dialogue: Dialogue) -> None:
        heard.append(await dialogue.hear())
        await dialogue.tell({"type": "conversation.item.create", "item": HELLO})
        heard.append(await dialogue.hear("conversation.item.done"))
        heard.append(await dialogue.hear("conversation.item.added", within=0.05))
        await dialogue.tell("{")
        heard.append(await dialogue.hear("no.such.event", within=0.1))
        heard.append(await dialogue.hear("error"))
        await dialogue.tell_in_parts({"type": "input_audio_buffer.clear"}, 3)
        heard.append(await dialogue.hear("input_audio_buffer.cleared"))

    exchange = converse(address, talk)
    names = [event and event["type"] for event in heard]
    assert names == [
        "session.created",
        "conversation.item.done",
        None,
        None,
        "error",
        "input_audio_buffer.cleared",
    ]
    assert exchange.end is End.complete
    assert exchange.attempts == 1


def test_pings_and_the_end(address: str) -> None:
    seen: list[bool] = []

    async def talk(dialogue: Dialogue) -> None:
        await dialogue.frame(Kind.ping, b"abc")
        seen.append(await dialogue.hear_pong(b"abc", 2))
        seen.append(await dialogue.hear_pong(b"abd", 0.05))
        seen.append(await dialogue.hear_end(0.05))
        await dialogue.close()
        seen.append(dialogue.is_open)

    converse(address, talk)
    assert seen == [True, False, False, False]


def test_a_handshake_is_one_request_and_holds_nobody_up(address: str) -> None:
    governor = Governor(1)
    met = asyncio.Event()

    async def first(dialogue: Dialogue) -> None:
        await asyncio.wait_for(met.wait(), 5)
        await dialogue.hear("session.created")

    async def second(dialogue: Dialogue) -> None:
        met.set()
        await dialogue.hear("session.created")

    async def both(hub: Hub) -> list[Exchange]:
        return await asyncio.gather(*(hub.converse("realtime", talk, query=MODEL) for talk in (first, second)))

    exchanges = with_hub(address, both, governor)
    assert [exchange.status for exchange in exchanges] == [101, 101]
    assert governor.total == 2


def test_what_a_talk_raises_is_passed_on_and_recorded(address: str) -> None:
    async def talk(dialogue: Dialogue) -> None:
        await dialogue.hear("session.created")
        raise StopProbe("enough")

    async def use(hub: Hub) -> None:
        with pytest.raises(StopProbe, match="enough"):
            await hub.converse("realtime", talk, query=MODEL)
        (exchange,) = hub.exchanges
        assert exchange.switched
        assert [frame.kind for frame in exchange.frames][-1] is Kind.close

    with_hub(address, use)


def test_a_refused_handshake_talks_to_nobody(address: str) -> None:
    async def talk(_dialogue: Dialogue) -> None:
        raise AssertionError("there is nobody to talk to")

    async def use(hub: Hub) -> None:
        refused = await hub.converse("realtime", talk, query=MODEL, auth=None)
        assert (refused.status, refused.is_json, refused.frames) == (401, True, ())
        plain = await hub.converse(path="/v1/realtime", talk=talk)
        assert (plain.status, plain.request.operation) == (400, None)
        assert hub.exchanges == [refused, plain]

    with_hub(address, use)


def test_handshakes_count_against_the_budget(address: str) -> None:
    async def use(hub: Hub) -> None:
        await hub.converse("realtime", query=MODEL)
        with pytest.raises(BudgetSpent):
            await hub.converse("realtime", query=MODEL)

    with_hub(address, use, Governor(1, 1))


def test_the_token_is_in_no_record(address: str) -> None:
    async def talk(dialogue: Dialogue) -> None:
        await dialogue.tell({"type": "session.update", "event_id": TOKEN, "session": {}})
        await dialogue.hear("error")

    async def use(hub: Hub) -> Exchange:
        return await hub.converse("realtime", talk, query=MODEL, auth="ws-subprotocol")

    exchange = with_hub(address, use)
    assert exchange.switched
    assert TOKEN not in str(exchange.to_dict())
