"""Faults against judges, without a server: clean evidence is recorded once, spoiled, and judged again."""

from __future__ import annotations

import asyncio
from collections.abc import Mapping
from dataclasses import dataclass, replace
from functools import cached_property
from pathlib import Path
from urllib.parse import unquote, urlsplit

from conformance.engine.contract import load_contract
from conformance.engine.discovery import discover
from conformance.engine.embedded import EmbeddedHub
from conformance.engine.evidence import Record, Store
from conformance.engine.judge import Bench, Case, Outcome, Verdict, cases, load_judges
from conformance.engine.probe import Registry, load_registry
from conformance.engine.probing import Inquiry
from conformance.engine.requirement import load_catalogue
from conformance.engine.target import EVERYTHING, Target
from conformance.hub.app import create_app
from conformance.hub.faults import Ask, Fault, Reply, Spoil
from conformance.wire.exchange import End, Exchange, Piece
from conformance.wire.redact import Secret

TOKEN = "hub-token-for-the-fault-matrix"
RED = (Verdict.FAIL, Verdict.WARN, Verdict.ERROR)


@dataclass(frozen=True)
class CleanRun:
    """The evidence of the clean embedded hub, and every case judged on it."""

    target: Target
    registry: Registry
    records: Mapping[str, Record]

    @classmethod
    def record(cls, folder: Path) -> CleanRun:
        """Ask the clean hub everything once."""
        registry = load_registry(load_contract())
        hub = EmbeddedHub.start(TOKEN)
        try:
            target = Target(hub.base_url, Secret(TOKEN), embedded=True, claims=frozenset({EVERYTHING}))
            inquiry = Inquiry(target, registry.contract, registry, Store(folder))
            inquiry = replace(inquiry, target=discover(inquiry, "HUB_TOKEN"))
            beside = [name for name, probe in registry.probes.items() if not probe.apart]
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
        spoiled = spoil_records(self.records, fault)
        changed = {key for key, record in spoiled.items() if record is not self.records[key]}
        touched = tuple(case for case in self.cases if self._keys(case) & changed)
        red: dict[str, Outcome] = {}
        for case in touched:
            outcome = self.judge(spoiled, (case,))[case_id(case)]
            if outcome.verdict in RED and outcome.verdict is not self.outcomes[case_id(case)].verdict:
                red.update(dict.fromkeys(case.ids, outcome))
        return red

    def _keys(self, case: Case) -> set[str]:
        bases = (self.registry.base_of(slot.operation) for slot in case.slots.values())
        return {slot.key for slot in case.slots.values()} | {base.key for base in bases if base}


def case_id(case: Case) -> str:
    return f"{case.judge.__module__}::{case.name}"


def spoil_records(records: Mapping[str, Record], fault: Fault) -> dict[str, Record]:
    """The records as they would be had the hub had the fault; a record that it does not touch stays the same object."""
    spoil = fault.fresh()
    router = create_app(TOKEN)
    number = 0
    spoiled = {}
    for key, record in records.items():
        exchanges = []
        for exchange in record.exchanges:
            number += 1
            path = unquote(urlsplit(exchange.request.url).path)
            exchanges.append(spoil_exchange(exchange, spoil, router.operation(exchange.request.method, path), number))
        same = all(new is old for new, old in zip(exchanges, record.exchanges, strict=True))
        spoiled[key] = record if same else replace(record, exchanges=tuple(exchanges))
    return spoiled


def spoil_exchange(exchange: Exchange, spoil: Spoil, operation: str | None, number: int) -> Exchange:
    """The exchange with its answer spoiled; the same object when the fault leaves it alone."""
    if exchange.status is None:
        return exchange
    url = urlsplit(exchange.request.url)
    ask = Ask(
        operation,
        exchange.request.method,
        unquote(url.path),
        url.query,
        tuple((name.lower(), value) for name, value in exchange.request.headers),
        exchange.request.body,
        number,
    )
    pieces = tuple((piece.at, piece.data) for piece in exchange.pieces)
    clean = Reply(exchange.status, exchange.headers, pieces, exchange.elapsed)
    reply = spoil(ask, clean)
    return exchange if reply == clean else _with_reply(exchange, reply)


def _with_reply(exchange: Exchange, reply: Reply) -> Exchange:
    if reply.silent:
        gone = replace(exchange, status=None, headers=(), headers_at=None, pieces=(), end=End.timeout)
        return replace(gone, problem="no answer within the time limit", ended_at=exchange.elapsed)
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
