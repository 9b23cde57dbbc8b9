"""The relay between the clients and the hub, held open by a WebSocket client that is none of ours."""

from __future__ import annotations

import asyncio
import json
import re
from collections.abc import AsyncIterator, Iterator
from contextlib import asynccontextmanager, contextmanager

import pytest
from httpx import AsyncClient
from websockets.asyncio.client import connect
from websockets.exceptions import ConnectionClosedError, InvalidStatus
from websockets.frames import Frame, Opcode
from websockets.typing import Subprotocol
from websockets.utils import accept_key

from conformance.clients.relay import KEY, Relay
from conformance.engine.contract import load_contract
from conformance.engine.embedded import EmbeddedHub
from conformance.engine.probe import WRONG_TOKEN, BudgetSpent, Hub
from conformance.engine.schedule import Governor
from conformance.engine.target import Target
from conformance.wire.exchange import Exchange
from conformance.wire.http import Client
from conformance.wire.limits import Limits
from conformance.wire.redact import Redactor, Secret
from tests.clients.support import TOKEN

MODEL = "gpt-realtime"


@contextmanager
def hub_with(fault: str | None = None) -> Iterator[str]:
    hub = EmbeddedHub.start(TOKEN, fault)
    try:
        yield hub.base_url
    finally:
        hub.stop()


@asynccontextmanager
async def relayed(base_url: str, *, requests: int | None = None) -> AsyncIterator[tuple[Relay, Hub]]:
    relay = Relay()
    await relay.start()
    target = Target(base_url, Secret(TOKEN), limits=Limits(between_bytes=0.5))
    async with Client() as client:
        governor = Governor(2, requests)
        relay.hub = Hub(target, load_contract(), client, governor, Redactor([TOKEN], shown=[WRONG_TOKEN]))
        relay.operation = "realtime"
        try:
            yield relay, relay.hub
        finally:
            await relay.close()


def opened(relay: Relay, key: str = KEY, *subprotocols: str) -> connect:
    address = f"{relay.base_url.replace('http', 'ws')}/v1/realtime?model={MODEL}"
    headers = {} if subprotocols else {"Authorization": f"Bearer {key}"}
    return connect(address, additional_headers=headers, subprotocols=[Subprotocol(s) for s in subprotocols] or None)


def written(exchange: Exchange) -> str:
    return json.dumps(exchange.to_dict())


def test_what_both_sides_say_is_passed_on_and_recorded_without_the_token() -> None:
    async def scene(base_url: str) -> None:
        async with relayed(base_url) as (relay, hub):
            async with opened(relay) as socket:
                created = json.loads(await socket.recv())
                await socket.send('{"event_id": "kx-ours", "type": "kx.no.such.event"}')
                refused = json.loads(await socket.recv())
            await relay.settle()
            (exchange,) = hub.exchanges
            told = [frame.data.decode() for frame in exchange.frames if frame.kind == "text"]
            assert [created["type"], refused["error"]["event_id"]] == ["session.created", "kx-ours"]
            assert len(told) == 3
            assert exchange.frames[-1].kind == "close"
            assert TOKEN not in written(exchange)
            assert KEY not in written(exchange)

    with hub_with() as base_url:
        asyncio.run(scene(base_url))


def test_the_key_among_the_subprotocols_becomes_the_token_and_the_choice_of_the_hub_comes_back() -> None:
    async def scene(base_url: str) -> None:
        async with relayed(base_url) as (relay, hub):
            async with opened(relay, "", "realtime", f"openai-insecure-api-key.{KEY}") as socket:
                assert socket.subprotocol == "realtime"
                await socket.recv()
            await relay.settle()
            assert hub.exchanges[0].status == 101
            assert TOKEN not in written(hub.exchanges[0])

    with hub_with() as base_url:
        asyncio.run(scene(base_url))


def test_a_refused_handshake_reaches_the_client_as_the_hub_gave_it() -> None:
    async def scene(base_url: str) -> None:
        async with relayed(base_url) as (relay, hub):
            with pytest.raises(InvalidStatus) as caught:
                await opened(relay, WRONG_TOKEN)
            response = caught.value.response
            assert response.status_code == 401
            assert response.body == hub.exchanges[0].body
            assert response.headers["www-authenticate"] == hub.exchanges[0].header("www-authenticate")

    with hub_with() as base_url:
        asyncio.run(scene(base_url))


def test_a_token_that_the_hub_repeats_in_an_event_does_not_reach_the_client() -> None:
    async def scene(base_url: str) -> None:
        async with relayed(base_url) as (relay, _hub), opened(relay) as socket:
            first = str(await socket.recv())
            assert "authorization" in first
            assert TOKEN not in first

    with hub_with("realtime.token.in-session") as base_url:
        asyncio.run(scene(base_url))


def test_the_client_is_closed_as_the_hub_closes() -> None:
    async def scene(base_url: str) -> None:
        async with relayed(base_url) as (relay, _hub), opened(relay) as socket:
            with pytest.raises(ConnectionClosedError) as caught:
                await socket.recv()
            assert caught.value.rcvd is not None
            assert (caught.value.rcvd.code, caught.value.rcvd.reason) == (1011, "Internal server error")

    with hub_with("clients.realtime.closed-at-once") as base_url:
        asyncio.run(scene(base_url))


def test_a_session_in_which_nobody_speaks_is_ended(monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr("conformance.clients.relay.SESSION_GRACE", 0.5)

    async def scene(base_url: str) -> None:
        async with relayed(base_url) as (relay, hub), opened(relay) as socket:
            await socket.recv()
            with pytest.raises(ConnectionClosedError):
                await asyncio.wait_for(socket.recv(), 10)
            await relay.settle()
            assert len(hub.exchanges) == 1
            assert relay.problem is None

    with hub_with() as base_url:
        asyncio.run(scene(base_url))


def test_a_spent_budget_opens_no_session() -> None:
    async def scene(base_url: str) -> None:
        async with relayed(base_url, requests=0) as (relay, hub):
            with pytest.raises(InvalidStatus):
                await opened(relay)
            assert hub.exchanges == []
            assert isinstance(relay.problem, BudgetSpent)

    with hub_with() as base_url:
        asyncio.run(scene(base_url))


@asynccontextmanager
async def redirecting(location: str) -> AsyncIterator[str]:
    """A hub that sends every caller elsewhere, but for `/end`; `{base}` stands for its own address."""

    async def answer(reader: asyncio.StreamReader, writer: asyncio.StreamWriter) -> None:
        head = (await reader.readuntil(b"\r\n\r\n")).decode()
        told = location.format(base=base)
        moved = f"HTTP/1.1 302 Found\r\nLocation: {told}\r\nContent-Length: 0\r\nConnection: close\r\n\r\n"
        there = "HTTP/1.1 200 OK\r\nContent-Length: 4\r\nConnection: close\r\n\r\nhere"
        writer.write((there if head.startswith("GET /end ") else moved).encode())
        await writer.drain()
        writer.close()

    server = await asyncio.start_server(answer, "127.0.0.1")
    base = f"http://127.0.0.1:{server.sockets[0].getsockname()[1]}"
    async with server:
        yield base


@pytest.mark.parametrize("location", ["{base}/end", "/end"])
def test_a_redirection_within_the_hub_leads_through_the_relay_again(location: str) -> None:
    async def scene() -> None:
        async with redirecting(location) as base_url, relayed(base_url) as (relay, hub), AsyncClient() as client:
            answer = await client.get(f"{relay.base_url}/v1/models", follow_redirects=True)
            assert answer.text == "here"
            assert [exchange.status for exchange in hub.exchanges] == [302, 200]

    asyncio.run(scene())


def test_no_client_is_sent_to_another_host() -> None:
    async def scene() -> None:
        elsewhere = "http://files.example.com/film.mp4"
        async with redirecting(elsewhere) as base_url, relayed(base_url) as (relay, hub), AsyncClient() as client:
            answer = await client.get(f"{relay.base_url}/v1/models")
            assert answer.status_code == 500
            assert "another host" in str(relay.problem)
            assert [exchange.status for exchange in hub.exchanges] == [302]

    asyncio.run(scene())


def test_a_session_that_the_hub_ends_with_its_first_bytes_reaches_the_client_as_it_was() -> None:
    async def answer(reader: asyncio.StreamReader, writer: asyncio.StreamWriter) -> None:
        head = (await reader.readuntil(b"\r\n\r\n")).decode()
        (key,) = re.findall(r"(?i)sec-websocket-key: (\S+)", head)
        accepted = f"Upgrade: websocket\r\nConnection: Upgrade\r\nSec-WebSocket-Accept: {accept_key(key)}"
        said = Frame(Opcode.TEXT, b'{"type":"error"}').serialize(mask=False)
        closed = Frame(Opcode.CLOSE, b"\x03\xf3no upstream").serialize(mask=False)
        writer.write(f"HTTP/1.1 101 Switching Protocols\r\n{accepted}\r\n\r\n".encode() + said + closed)
        await writer.drain()
        writer.close()

    async def scene() -> None:
        server = await asyncio.start_server(answer, "127.0.0.1")
        base_url = f"http://127.0.0.1:{server.sockets[0].getsockname()[1]}"
        async with server, relayed(base_url) as (relay, hub), opened(relay) as socket:
            assert await socket.recv() == '{"type":"error"}'
            with pytest.raises(ConnectionClosedError) as caught:
                await socket.recv()
            assert caught.value.rcvd is not None
            assert (caught.value.rcvd.code, caught.value.rcvd.reason) == (1011, "no upstream")
            assert len(hub.exchanges) == 1

    asyncio.run(scene())
