"""Faults of odd requests, over the wire: each is found by the fuzz run of the operation that it spoils."""

from __future__ import annotations

import asyncio

import pytest

from conformance.engine.embedded import EmbeddedHub
from conformance.engine.requirement import Level, load_catalogue
from conformance.hub.faults import Fault, load_faults
from tests.fuzz.support import TOKEN, fuzz

FAULTS = {name: fault for name, fault in load_faults().items() if fault.family == "fuzz"}
SPOILED = {
    "fuzz.any-id": "videos-retrieve",
    "fuzz.lost-task": "videos-create",
    "fuzz.long-id": "files-retrieve",
}


@pytest.mark.parametrize("embedded", [True, False], ids=["embedded", "deployed"])
@pytest.mark.parametrize("fault", FAULTS.values(), ids=FAULTS)
def test_a_fault_is_found(fault: Fault, embedded: bool) -> None:
    operation = SPOILED.get(fault.id, "chat-completions")
    hub = EmbeddedHub.start(TOKEN, fault.id)
    try:
        notes, exchanges = asyncio.run(fuzz(hub.base_url, operation, embedded=embedded, allow_expensive=True))
    finally:
        hub.stop()
    found = {f"fuzz.{noted.check}" for noted in notes.findings}
    assert set(fault.turns_red) - found == set()
    assert found - {*fault.turns_red, *fault.also} == set()
    assert all(noted.exchange < len(exchanges) for noted in notes.findings)


@pytest.mark.parametrize("seed", [7, 8])
def test_the_clean_hub_is_never_blamed(seed: int) -> None:
    hub = EmbeddedHub.start(TOKEN)
    try:
        for operation in ("chat-completions", "list-models-openai", "files-retrieve"):
            notes, _ = asyncio.run(fuzz(hub.base_url, operation, embedded=True, seed=seed))
            assert notes.findings == []
            assert notes.requests > 8
    finally:
        hub.stop()


def test_every_must_of_this_room_has_a_fault() -> None:
    killed = {i for fault in FAULTS.values() for i in fault.turns_red}
    musts = {r.id for r in load_catalogue().judged if r.family == "fuzz" and r.level is Level.MUST}
    assert musts - killed == set()
    assert all(i.startswith("fuzz.") for i in killed)
