"""Faults against judges, without a server: clean evidence is recorded once, spoiled, and judged again."""

from __future__ import annotations

import asyncio
from collections.abc import Callable, Mapping
from dataclasses import dataclass, replace
from functools import cached_property
from pathlib import Path

from conformance.engine.contract import load_contract
from conformance.engine.discovery import discover
from conformance.engine.embedded import EmbeddedHub
from conformance.engine.evidence import Record, Store
from conformance.engine.judge import Bench, Case, Outcome, Verdict, cases, load_judges
from conformance.engine.options import EMBEDDED_POLL_INTERVAL
from conformance.engine.probe import Probe, Registry, load_registry
from conformance.engine.probing import Inquiry
from conformance.engine.requirement import load_catalogue
from conformance.engine.target import EVERYTHING, Target
from conformance.hub.faults import Fault
from conformance.spoiling import CleanReplies, clean_replies, spoil_records
from conformance.wire.redact import Secret

TOKEN = "hub-token-for-the-fault-matrix"
SECOND_TOKEN = "hub-token-of-another-account"
OVER_THE_WIRE = frozenset({"fuzz", "clients"})
"""Families whose faults show themselves to a search or to a client, and not in evidence; tests/fuzz and tests/clients
try them on a running hub."""
RED = (Verdict.FAIL, Verdict.WARN, Verdict.ERROR)


@dataclass(frozen=True)
class CleanRun:
    """The evidence of the clean embedded hub, and every case judged on it."""

    target: Target
    registry: Registry
    records: Mapping[str, Record]

    @classmethod
    def record(
        cls, folder: Path, wanted: Callable[[Probe], bool] = lambda _probe: True, *, one_by_one: bool = True
    ) -> CleanRun:
        """Ask the clean hub everything once, or what is wanted of it and what that needs.

        With `one_by_one` also what a run asks only after a refusal: a fault may be one that makes the hub refuse.
        """
        registry = load_registry(load_contract())
        hub = EmbeddedHub.start(TOKEN, second_token=SECOND_TOKEN)
        try:
            target = Target(
                hub.base_url,
                Secret(TOKEN),
                embedded=True,
                claims=frozenset({EVERYTHING}),
                poll_interval=EMBEDDED_POLL_INTERVAL,
            )
            target = replace(target, one_by_one=one_by_one, second_token=Secret(SECOND_TOKEN))
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
