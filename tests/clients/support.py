"""Plays scenes of the official clients against an embedded hub, and judges them as a run does."""

from __future__ import annotations

import asyncio
from collections.abc import Iterable
from dataclasses import replace
from pathlib import Path
from typing import Any

from conformance.clients import lane as lanes
from conformance.clients.lane import available, close
from conformance.engine.contract import load_contract
from conformance.engine.discovery import discover
from conformance.engine.embedded import EmbeddedHub
from conformance.engine.evidence import Store
from conformance.engine.judge import Bench, Case, Outcome, cases, load_judges
from conformance.engine.probe import Hub, Registry, Slot, load_registry
from conformance.engine.probing import Inquiry
from conformance.engine.requirement import load_catalogue, requirement_ids
from conformance.engine.schedule import Governor
from conformance.engine.target import EVERYTHING, Target
from conformance.wire.http import Client
from conformance.wire.limits import Limits
from conformance.wire.redact import Redactor, Secret

TOKEN = "sk-canary-of-the-clients-5d20"
POLL_SECONDS, TASK_SECONDS = 0.1, 0.5
SILENCE = Limits(between_bytes=6.0)
"""Some clients wait where others raise."""


def client_of(identifier: str) -> str:
    """The client that a requirement is about."""
    return identifier.split(".")[1]


def requirements() -> list[str]:
    """The ids of this room that can be judged here: those of the clients that are installed."""
    there = {name for name in {client_of(i) for i in _all()} if available(name)}
    return [i for i in _all() if client_of(i) in there]


def _all() -> list[str]:
    return [r.id for r in load_catalogue().judged if r.family == "clients"]


def cases_of(registry: Registry, wanted: Iterable[str]) -> list[Case]:
    chosen = set(wanted)
    judges = [judge for judge in load_judges() if chosen & set(requirement_ids(judge))]
    return [case for judge in judges for case in cases(judge, registry)]


class Stage:
    """One event loop for all scenes, so that every client is started once; leaving it ends them."""

    def __init__(self) -> None:
        self._runner = asyncio.Runner()

    def __enter__(self) -> Stage:
        self._runner.__enter__()
        return self

    def __exit__(self, *problem: Any) -> None:

        self._runner.run(close())
        self._runner.__exit__(*problem)

    def close_clients(self) -> None:
        """End the clients, and forget them."""
        self._runner.run(close())

    def kill_clients(self) -> None:
        """End the processes of the clients behind their lanes' backs."""
        self._runner.run(_kill())

    def judge(
        self, folder: Path, wanted: Iterable[str], fault: str | None = None, **terms: Any
    ) -> tuple[dict[str, Outcome], Store]:
        """The worst outcome of each wanted requirement against a hub with this fault, and the evidence.

        `terms` are further ones of the target.
        """
        registry = load_registry(load_contract())
        found = cases_of(registry, wanted)
        hub = EmbeddedHub.start(TOKEN, fault, task_seconds=TASK_SECONDS)
        try:
            target = Target(hub.base_url, Secret(TOKEN), embedded=True, claims=frozenset({EVERYTHING}))
            target = replace(target, poll_interval=POLL_SECONDS, limits=SILENCE, **terms)
            inquiry = Inquiry(target, registry.contract, registry, Store(folder))
            inquiry = replace(inquiry, target=discover(inquiry, "HUB_TOKEN"))
            slots = {slot.key: slot for case in found for slot in case.slots.values()}
            self._runner.run(self._ask(inquiry, list(slots.values())))
        finally:
            hub.stop()
        records = {record.key: record for record in inquiry.store}
        bench = Bench(inquiry.target, load_catalogue(), registry, records.__getitem__)
        outcomes: dict[str, Outcome] = {}
        for case in found:
            outcome = bench.evaluate(case)
            for identifier in case.ids:
                if identifier not in outcomes or outcome.finding:
                    outcomes[identifier] = outcome
        return outcomes, inquiry.store

    async def _ask(self, inquiry: Inquiry, slots: list[Slot]) -> None:
        await inquiry.ask(slot for slot in inquiry.registry.needed(slots) if not slot.probe.apart)
        async with Client() as client:
            for slot in slots:
                if slot.probe.apart:
                    hub = Hub(inquiry.target, inquiry.contract, client, Governor(4), Redactor([TOKEN]))
                    inquiry.store.put(await inquiry.asked(slot, hub))


async def _kill() -> None:
    for lane in lanes._LANES.values():
        if lane.process is not None:
            lane.process.kill()
            await lane.process.wait()
