"""Faults over the wire: for each family one fault is served by a running hub and seen as it is in spoiled evidence."""

from __future__ import annotations

import asyncio
from dataclasses import replace
from pathlib import Path

import pytest

from conformance.engine.contract import load_contract
from conformance.engine.discovery import discover
from conformance.engine.embedded import EmbeddedHub
from conformance.engine.evidence import Record, Store
from conformance.engine.judge import Bench, Case, cases, load_judges
from conformance.engine.probe import load_registry
from conformance.engine.probing import Inquiry
from conformance.engine.requirement import load_catalogue, requirement_ids
from conformance.engine.target import EVERYTHING, Target
from conformance.hub.faults import Fault, load_faults
from conformance.wire.redact import Secret
from tests.matrix import OVER_THE_WIRE, RED

TOKEN = "hub-token-for-faults-over-the-wire"
ONE_A_FAMILY = (
    "audio.formats.always-mp3",
    "auth.wrong.any-token-will-do",
    "chat.stream.no-done",
    "errors.wrong-method.served",
    "models.retrieve.unknown-200",
    "transport.stream.comments",
)


def chosen() -> list[Fault]:
    """The named faults, and for every family without one its first fault in the order of the catalogue."""
    faults = load_faults()
    picked = {faults[name].family: faults[name] for name in ONE_A_FAMILY if name in faults}
    for fault in faults.values():
        if fault.family not in OVER_THE_WIRE and "stateful" not in fault.id:
            picked.setdefault(fault.family, fault)
    return sorted(picked.values(), key=lambda fault: fault.family)


@pytest.mark.parametrize("fault", chosen(), ids=lambda fault: fault.id)
def test_a_served_fault_turns_red_what_it_names(fault: Fault, tmp_path: Path) -> None:
    registry = load_registry(load_contract())
    judges = [judge for judge in load_judges() if set(requirement_ids(judge)) & set(fault.turns_red)]
    found: list[Case] = [case for judge in judges for case in cases(judge, registry)]
    hub = EmbeddedHub.start(TOKEN, fault.id)
    try:
        target = Target(hub.base_url, Secret(TOKEN), embedded=True, claims=frozenset({EVERYTHING}), poll_interval=0.05)
        inquiry = Inquiry(target, registry.contract, registry, Store(tmp_path))
        inquiry = replace(inquiry, target=discover(inquiry, "HUB_TOKEN"))
        slots = [slot for case in found for slot in case.slots.values() if not slot.probe.apart]
        asyncio.run(inquiry.ask(registry.needed(slots)))
    finally:
        hub.stop()
    records: dict[str, Record] = {record.key: record for record in inquiry.store}
    bench = Bench(inquiry.target, load_catalogue(), registry, records.__getitem__)
    red = {i for case in found for i in case.ids if bench.evaluate(case).verdict in RED}
    assert set(fault.turns_red) <= red
