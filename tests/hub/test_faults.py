"""Faults: the machinery, and that each fault of the catalogue changes something and nothing breaks."""

from __future__ import annotations

import asyncio
import json
from typing import Any

import pytest

from conformance.hub.app import create_app
from conformance.hub.faults import Ask, Fault, FaultyHub, Reply, fault, load_faults
from conformance.hub.faults.base import event_bytes

JSON = (("content-type", "application/json"), ("content-length", "7"))
SSE = (("content-type", "text/event-stream"),)
ASK = Ask("chat-completions", "POST", "/v1/chat/completions", "", (("X-A", "b"),), b'{"stream": true}')


def stream(*data: Any) -> Reply:
    return Reply(200, SSE, tuple((place / 10, event_bytes(one)) for place, one in enumerate(data)), 0.9)


def test_asks_are_read_with_ease() -> None:
    assert ASK.json == {"stream": True}
    assert ASK.streams
    assert ASK.header("x-a") == "b"
    for body in (b"", b"[]", b"{", b"\xff"):
        assert Ask(None, "POST", "/", "", (), body).json is None


def test_a_json_reply_is_changed_with_its_length() -> None:
    reply = Reply(200, JSON, ((0.1, b'{"a":1}'),), 0.1)
    changed = reply.with_json({**reply.json, "b": "é"})
    assert changed.json == {"a": 1, "b": "é"}
    assert changed.header("Content-Length") == str(len(changed.body))
    assert changed.pieces[0][0] == 0.1
    assert reply.json == {"a": 1}


def test_headers_are_set_added_and_removed() -> None:
    reply = Reply(200, JSON, ()).with_header("Content-Type", "text/html").with_header("x-new", "1")
    assert reply.headers == (("content-type", "text/html"), ("content-length", "7"), ("x-new", "1"))
    assert reply.without_header("X-NEW").without_header("content-length").headers == (("content-type", "text/html"),)


def test_events_come_with_their_times() -> None:
    reply = stream({"a": 1}, "[DONE]")
    assert reply.is_stream
    assert reply.events == [(0.0, '{"a":1}'), (0.1, "[DONE]")]
    assert reply.with_events(reply.events, reply.end) == reply
    changed = reply.with_events([(0.0, {"b": 2}), (2.0, b"raw")])
    assert changed.pieces == ((0.0, b'data: {"b":2}\n\n'), (2.0, b"raw"))
    assert changed.end == 2.0


def test_an_event_may_be_spread_over_writes() -> None:
    reply = Reply(200, SSE, ((0.0, b"data: o"), (0.5, b"ne\n\ndata: two\n"), (0.7, b"\n")), 0.8)
    assert reply.events == [(0.5, "one"), (0.7, "two")]


def test_chunks_are_changed_left_out_and_multiplied() -> None:
    def change(chunk: dict[str, Any]) -> Any:
        return {1: None, 2: [chunk, chunk], 3: {"n": 9}}[chunk["n"]]

    changed = stream({"n": 1}, {"n": 2}, {"n": 3}, "[DONE]").map_chunks(change)
    assert [data for _, data in changed.events] == ['{"n":2}', '{"n":2}', '{"n":9}', "[DONE]"]


def test_two_faults_of_one_name_are_an_error() -> None:
    known = next(iter(load_faults()))
    with pytest.raises(ValueError, match=known):
        fault(known, "again", "x")(lambda ask, reply: reply)


def test_a_stateful_fault_starts_anew_in_every_run() -> None:
    known = load_faults()["transport.request-id.repeated"]
    first, second = known.fresh(), known.fresh()
    replies = [Reply(200, (("x-request-id", name),), ()) for name in "abc"]
    assert [first(ASK, reply).header("x-request-id") for reply in replies] == ["a", "a", "a"]
    assert second(ASK, replies[2]).header("x-request-id") == "c"


@pytest.mark.parametrize("known", load_faults().values(), ids=lambda known: known.id)
def test_every_fault_is_well_described(known: Fault) -> None:
    assert known.sentence.endswith(".")
    assert known.turns_red
    assert known.source


def test_the_clean_hub_is_heard_unchanged_through_a_fault_that_does_nothing(api: Any) -> None:
    nothing = Fault("x", "Nothing.", ("x",), fresh=lambda: lambda _ask, reply: reply)
    faulty = type(api)(FaultyHub(api.app, nothing))
    clean, heard = api.chat("Count to 5"), faulty.chat("Count to 5")
    assert clean["choices"] == heard["choices"]
    assert [chunk["choices"] for chunk in api.stream("hi")] == [chunk["choices"] for chunk in faulty.stream("hi")]
    assert faulty.ask("HEAD", "/v1/models").content == b""


def test_faults_reach_the_caller(api: Any) -> None:
    def faulty(name: str) -> Any:
        return type(api)(FaultyHub(api.app, load_faults()[name]))

    body = {"model": "gpt-4o-mini", "messages": [{"role": "user", "content": "hi"}], "stream": True}
    assert b"[DONE]" in api.post(body).content
    assert b"[DONE]" not in faulty("chat.stream.no-done").post(body).content
    assert "www-authenticate" not in faulty("auth.no-challenge").ask("GET", "/v1/models", {}).headers
    repeated = faulty("transport.request-id.repeated")
    assert len({repeated.ask("GET", "/v1/models").headers["x-request-id"] for _ in range(3)}) == 1


def test_the_fault_knows_what_was_asked(api: Any) -> None:
    asked: list[Ask] = []

    def listen(ask: Ask, reply: Reply) -> Reply:
        asked.append(ask)
        return reply

    faulty = type(api)(FaultyHub(api.app, Fault("x", "Nothing.", ("x",), fresh=lambda: listen)))
    faulty.chat("hi")
    faulty.ask("GET", "/v1/models?key=k")
    faulty.ask("GET", "/nothing")
    assert [(ask.operation, ask.number, ask.query) for ask in asked] == [
        ("chat-completions", 1, ""),
        ("list-models-openai", 2, "key=k"),
        (None, 3, ""),
    ]
    assert (asked[0].json or {})["model"] == "gpt-4o-mini"


def test_replies_are_played_in_their_own_time() -> None:
    slow = Fault(
        "x", "Slow.", ("x",), fresh=lambda: lambda _ask, reply: reply.with_pieces([(0.0, b"a"), (0.1, b"b")], 0.2)
    )
    written: list[tuple[float, Any]] = []

    async def run() -> None:
        loop = asyncio.get_running_loop()
        started = loop.time()

        async def receive() -> dict[str, Any]:
            return {"type": "http.request", "body": b"", "more_body": False}

        async def send(message: Any) -> None:
            written.append((loop.time() - started, message))

        scope = {"type": "http", "method": "GET", "path": "/x", "query_string": b"", "headers": []}
        await FaultyHub(create_app("t"), slow)(scope, receive, send)

    asyncio.run(run())
    times = [at for at, _ in written]
    assert [message.get("body") for _, message in written] == [None, b"a", b"b", b""]
    assert times[2] - times[1] >= 0.09
    assert times[3] - times[2] >= 0.09


def test_strange_values_can_be_written() -> None:
    reply = Reply(200, JSON, ((0.0, b"{}"),))
    assert reply.with_json({"a": float("nan")}).body == b'{"a":NaN}'
    assert b"\xed\xa0\x80" in reply.with_json({"a": "\ud800"}).body
    assert json.loads(reply.with_status(500).body) == {}
