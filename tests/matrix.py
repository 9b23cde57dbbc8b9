"""Faults against judges, without a server: clean evidence is recorded once, spoiled, and judged again."""

from __future__ import annotations

import asyncio
import itertools
from collections.abc import Callable, Mapping
from dataclasses import dataclass, replace
from functools import cached_property
from pathlib import Path
from urllib.parse import unquote, urlsplit

from conformance.engine.contract import load_contract
from conformance.engine.discovery import discover
from conformance.engine.embedded import EmbeddedHub
from conformance.engine.evidence import Record, Store
from conformance.engine.judge import Bench, Case, Outcome, Verdict, cases, load_judges
from conformance.engine.probe import Probe, Registry, load_registry
from conformance.engine.probing import Inquiry
from conformance.engine.requirement import load_catalogue
from conformance.engine.target import EVERYTHING, Target
from conformance.hub.app import Hub, create_app
from conformance.hub.faults import CUT, Ask, Fault, Reply, Spoil, Tell
from conformance.hub.faults import Frame as HubFrame
from conformance.wire.exchange import End, Exchange, Piece
from conformance.wire.frames import Frame, Kind
from conformance.wire.redact import Secret

TOKEN = "hub-token-for-the-fault-matrix"
CleanReplies = dict[str, list[tuple[Ask, Reply] | None]]
POLL_INTERVAL = 0.15
TASK_SECONDS = 2.0
"""Long enough that a busy machine still meets tasks that are not finished."""
RED = (Verdict.FAIL, Verdict.WARN, Verdict.ERROR)


@dataclass(frozen=True)
class CleanRun:
    """The evidence of the clean embedded hub, and every case judged on it."""

    target: Target
    registry: Registry
    records: Mapping[str, Record]

    @classmethod
    def record(
        cls,
        folder: Path,
        wanted: Callable[[Probe], bool] = lambda _probe: True,
        *,
        task_seconds: float | None = TASK_SECONDS,
        poll_interval: float = POLL_INTERVAL,
        one_by_one: bool = True,
    ) -> CleanRun:
        """Ask the clean hub everything once, or what is wanted of it and what that needs.

        With `one_by_one` also what a run asks only after a refusal: a fault may be one that makes the hub refuse.
        """
        registry = load_registry(load_contract())
        hub = EmbeddedHub.start(TOKEN, task_seconds=task_seconds)
        try:
            target = Target(
                hub.base_url, Secret(TOKEN), embedded=True, claims=frozenset({EVERYTHING}), poll_interval=poll_interval
            )
            target = replace(target, one_by_one=one_by_one)
            inquiry = Inquiry(target, registry.contract, registry, Store(folder))
            inquiry = replace(inquiry, target=discover(inquiry, "HUB_TOKEN"))
            beside = [name for name, probe in registry.probes.items() if wanted(probe) and not probe.apart]
            slots = (slot for name in beside for slot in registry.slots(name))
            asyncio.run(inquiry.ask(registry.needed(slots)))
        finally:
            hub.stop()
        return cls(inquiry.target, registry, {record.key: record for record in inquiry.store})

    @cached_property
    def cases(self) -> tuple[Case, ...]:
        found = (case for judge in load_judges() for case in cases(judge, self.registry))
        return tuple(case for case in found if not any(slot.probe.apart for slot in case.slots.values()))

    @cached_property
    def outcomes(self) -> dict[str, Outcome]:
        """Outcome of every case on the clean evidence, by `case_id`."""
        return self.judge(self.records, self.cases)

    def judge(self, records: Mapping[str, Record], chosen: tuple[Case, ...]) -> dict[str, Outcome]:
        bench = Bench(self.target, load_catalogue(), self.registry, records.__getitem__)
        return {case_id(case): bench.evaluate(case) for case in chosen}

    def red_with(self, fault: Fault) -> dict[str, Outcome]:
        """What turns red when a fault spoils the evidence: requirement id to one outcome that shows it."""
        spoiled = spoil_records(self.records, self._clean, fault)
        changed = {key for key, record in spoiled.items() if record is not self.records[key]}
        touched = {name: case for key in changed for name, case in self._cases_on.get(key, {}).items()}
        red: dict[str, Outcome] = {}
        for name, outcome in self.judge(spoiled, tuple(touched.values())).items():
            if outcome.verdict in RED and outcome.verdict is not self.outcomes[name].verdict:
                red.update(dict.fromkeys(touched[name].ids, outcome))
        return red

    @cached_property
    def _clean(self) -> CleanReplies:
        return clean_replies(self.records)

    @cached_property
    def _cases_on(self) -> dict[str, dict[str, Case]]:
        """Evidence key to the cases that rest on it, by `case_id`; a case rests on its operations' bases too."""
        found: dict[str, dict[str, Case]] = {}
        for case in self.cases:
            bases = (self.registry.base_of(slot.operation) for slot in case.slots.values())
            for slot in (*case.slots.values(), *(base for base in bases if base)):
                found.setdefault(slot.key, {})[case_id(case)] = case
        return found


def case_id(case: Case) -> str:
    return f"{case.judge.__module__}::{case.name}"


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
    router = create_app(TOKEN)
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
