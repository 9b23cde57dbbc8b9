"""Spoiled evidence: what a run would have recorded had the hub had a fault, computed from a clean recording.

Faults are functions on what a hub says; here they are put to recorded exchanges, so that a judge can be seen to fail
without a server.
"""

from __future__ import annotations

import itertools
from collections.abc import Mapping
from dataclasses import replace
from urllib.parse import unquote, urlsplit

from conformance.engine.evidence import Record
from conformance.hub.app import Hub, create_app
from conformance.hub.faults import CUT, Ask, Fault, Reply, Spoil, Tell
from conformance.hub.faults import Frame as HubFrame
from conformance.wire.exchange import End, Exchange, Piece
from conformance.wire.frames import Frame, Kind

CleanReplies = dict[str, list[tuple[Ask, Reply] | None]]
_TOKEN = "hub-token-that-routes-alone"


def spoil_records(records: Mapping[str, Record], clean: CleanReplies, fault: Fault) -> dict[str, Record]:
    """The records as they would be had the hub had the fault; a record that it does not touch stays the same object."""
    spoil = fault.fresh()
    spoiled = {}
    for key, record in records.items():
        pairs = zip(record.exchanges, clean[key], strict=True)
        exchanges = tuple(_spoiled(exchange, asked, spoil, fault) for exchange, asked in pairs)
        same = all(new is old for new, old in zip(exchanges, record.exchanges, strict=True))
        spoiled[key] = record if same else replace(record, exchanges=exchanges)
    return spoiled


def _spoiled(exchange: Exchange, clean: tuple[Ask, Reply] | None, spoil: Spoil, fault: Fault) -> Exchange:
    replied = spoil_exchange(exchange, clean, spoil)
    return retold(replied, clean[0], fault.tell()) if clean and fault.tell else replied


def clean_replies(records: Mapping[str, Record]) -> CleanReplies:
    """What was asked and answered in each exchange, as faults see it; None where nothing was answered."""
    router = create_app(_TOKEN)
    numbers = itertools.count(1)
    return {
        key: [_asked_and_answered(exchange, router, next(numbers)) for exchange in record.exchanges]
        for key, record in records.items()
    }


def _asked_and_answered(exchange: Exchange, router: Hub, number: int) -> tuple[Ask, Reply] | None:
    if exchange.status is None:
        return None
    url = urlsplit(exchange.request.url)
    method, path = exchange.request.method, unquote(url.path)
    headers = tuple((name.lower(), value) for name, value in exchange.request.headers)
    ask = Ask(router.operation(method, path), method, path, url.query, headers, exchange.request.body, number)
    pieces = tuple((piece.at, piece.data) for piece in exchange.pieces)
    return ask, Reply(exchange.status, exchange.headers, pieces, exchange.elapsed)


def spoil_exchange(exchange: Exchange, clean: tuple[Ask, Reply] | None, spoil: Spoil) -> Exchange:
    """The exchange with its answer spoiled; the same object when the fault leaves it alone."""
    if clean is None:
        return exchange
    reply = spoil(*clean)
    return exchange if reply == clean[1] else _with_reply(exchange, reply)


def _with_reply(exchange: Exchange, reply: Reply) -> Exchange:
    if reply.silent:
        gone = replace(exchange, status=None, headers=(), headers_at=None, pieces=(), end=End.timeout)
        return replace(gone, problem="no answer within the time limit", ended_at=exchange.elapsed)
    if exchange.switched or reply.frames:
        return _with_handshake(exchange, reply)
    length = reply.header("content-length")
    short = exchange.request.method != "HEAD" and length is not None and len(reply.body) < int(length)
    broken = reply.cut or short
    return replace(
        exchange,
        status=reply.status,
        headers=reply.headers,
        pieces=tuple(Piece(at, data) for at, data in reply.pieces),
        ended_at=reply.end,
        end=End.truncated if broken else End.complete,
        problem="the connection closed before the end of the body" if broken else "",
    )


def _with_handshake(exchange: Exchange, reply: Reply) -> Exchange:
    """A WebSocket whose handshake is answered otherwise: in other words, refused, or accepted for all that."""
    spoiled = replace(exchange, status=reply.status, headers=reply.headers)
    if reply.frames:
        frames = tuple(_recorded(frame, exchange.elapsed) for frame in reply.frames)
        return replace(spoiled, frames=frames, pieces=())
    if reply.cut:
        return replace(spoiled, frames=(), end=End.reset, problem="the connection broke without a close frame")
    return spoiled if reply.status == 101 else replace(spoiled, frames=())


def retold(exchange: Exchange, ask: Ask, tell: Tell) -> Exchange:
    """The session with the hub's frames spoiled, up to the end that the fault puts to it if it does."""
    before: list[HubFrame] = []
    frames: list[Frame] = []
    for frame in exchange.frames:
        clean = HubFrame(str(frame.kind), frame.data, frame.code, not frame.sent, frame.fin)
        told = [clean] if frame.sent else list(tell(ask, tuple(before), clean))
        before.append(clean)
        if told == [clean]:
            frames.append(frame)
            continue
        for one in told:
            if one.kind == CUT:
                problem = "the connection broke without a close frame"
                return replace(exchange, frames=tuple(frames), end=End.reset, problem=problem)
            frames.append(_recorded(one, frame.at))
            if one.kind == "close" and frame.kind is not Kind.close:
                return replace(exchange, frames=(*frames, Frame(frame.at, True, Kind.close, b"", one.code)))
    return exchange if tuple(frames) == exchange.frames else replace(exchange, frames=tuple(frames))


def _recorded(frame: HubFrame, at: float) -> Frame:
    return Frame(at, not frame.mine, Kind(frame.kind), frame.data, frame.code, frame.fin)
