"""Helper processes: what they are told, and what becomes of a run when one dies."""

from __future__ import annotations

import asyncio
from pathlib import Path

import pytest

from conformance.engine import apart
from conformance.engine.apart import Helpers, Job
from conformance.engine.contract import load_contract
from conformance.engine.evidence import Store
from conformance.engine.probe import load_registry
from conformance.engine.probing import Inquiry, read_spend
from conformance.engine.target import Target
from conformance.wire.limits import Limits
from conformance.wire.redact import Secret


def test_a_job_survives_its_way_to_the_helper(tmp_path: Path) -> None:
    target = Target(
        "http://127.0.0.1:1",
        token=Secret("sk-something-secret"),
        models={"chat": "a"},
        claims=frozenset({"chat"}),
        max_requests=7,
        limits=Limits(whole=9),
        allow_expensive=True,
    )
    job = Job(target, tmp_path, ("a[b]", "c"), {"budget": 3}, 3)
    read = Job.from_json(job.to_json())
    assert (read.target, read.folder, read.keys, read.terms, read.budget) == (target, tmp_path, job.keys, job.terms, 3)


def test_what_a_dead_helper_leaves_is_an_error_with_its_last_words(
    tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    registry = load_registry(load_contract())
    inquiry = Inquiry(Target("http://127.0.0.1:1"), registry.contract, registry, Store(tmp_path))
    slots = list(registry.slots("fuzz_run")[:2])
    monkeypatch.setattr(apart.Job, "to_json", lambda _: "this is no job")

    async def run() -> None:
        async with Helpers(inquiry, slots) as helpers:
            await helpers.finish()

    asyncio.run(run())
    for slot in slots:
        record = inquiry.store.get(slot.key)
        assert record is not None
        assert record.problem_kind == "error"
        assert "JSONDecodeError" in record.problem
    assert read_spend(tmp_path).requests == 0


def test_without_anything_to_ask_no_process_is_started(tmp_path: Path) -> None:
    registry = load_registry(load_contract())
    inquiry = Inquiry(Target("http://127.0.0.1:1", embedded=True), registry.contract, registry, Store(tmp_path))

    async def run() -> None:
        async with Helpers(inquiry, []) as helpers:
            await helpers.finish()

    asyncio.run(run())
    assert list(tmp_path.iterdir()) == []
