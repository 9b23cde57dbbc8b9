"""Every judge has been seen to fail: each fault turns red what it names, and nothing that it should not."""

from __future__ import annotations

import time

import pytest

from conformance.engine.judge import Verdict
from conformance.engine.requirement import Level, load_catalogue
from conformance.hub.faults import Fault, load_faults
from tests.kill_matrix import field_reports
from tests.matrix import OVER_THE_WIRE, CleanRun

LATER = 4_000
"""Seconds by which the clock goes on between evidence and judgement, as on a machine with much to do."""
FAULTS = load_faults()
IN_EVIDENCE = {name: fault for name, fault in FAULTS.items() if fault.family not in OVER_THE_WIRE}


def test_the_clean_hub_is_never_blamed(clean_run: CleanRun) -> None:
    blamed = {
        name: f"{outcome.verdict}: {outcome.reason}"
        for name, outcome in clean_run.outcomes.items()
        if outcome.verdict in (Verdict.FAIL, Verdict.WARN, Verdict.ERROR, Verdict.INCONCLUSIVE)
    }
    assert not blamed


def test_every_must_is_decided_on_the_clean_hub(clean_run: CleanRun) -> None:
    passed = {
        requirement
        for case in clean_run.cases
        for requirement in case.ids
        if clean_run.outcomes[f"{case.judge.__module__}::{case.name}"].verdict is Verdict.PASS
    }
    musts = {r.id for r in load_catalogue().judged if r.level is Level.MUST and r.family not in OVER_THE_WIRE}
    undecided = musts - passed
    assert not undecided


@pytest.mark.parametrize("fault", IN_EVIDENCE.values(), ids=IN_EVIDENCE)
def test_a_fault_turns_red_exactly_what_it_names(
    clean_run: CleanRun, fault: Fault, monkeypatch: pytest.MonkeyPatch
) -> None:
    now = time.time()
    monkeypatch.setattr(time, "time", lambda: now + LATER)
    red = clean_run.red_with(fault)
    errors = {i: outcome.trace for i, outcome in red.items() if outcome.verdict is Verdict.ERROR}
    assert not errors
    assert set(fault.turns_red) - set(red) == set(), "promises that the fault breaks unnoticed"
    strangers = {i: outcome.reason for i, outcome in red.items() if i not in {*fault.turns_red, *fault.also}}
    assert strangers == {}, "judges that blame it for something else"


def test_every_must_has_a_fault() -> None:
    killed = {i for fault in FAULTS.values() for i in fault.turns_red}
    assert {r.id for r in load_catalogue().judged if r.level is Level.MUST} - killed == set()


def test_faults_name_requirements_that_are_judged() -> None:
    judged = {r.id for r in load_catalogue().judged}
    named = {i for fault in FAULTS.values() for i in (*fault.turns_red, *fault.also)}
    assert named - judged == set()


def test_every_fault_says_what_it_breaks_and_why_else() -> None:
    for fault in FAULTS.values():
        assert fault.turns_red, fault.id
        assert len(fault.sentence) > 12, fault.id
        assert all(len(reason) > 8 for reason in fault.also.values()), fault.id


def test_every_field_report_is_a_fault_or_says_why_not() -> None:
    rows = field_reports()
    assert len({row["report"] for row in rows}) == len(rows) == 144
    for row in rows:
        assert set(row.get("faults", ())) <= set(FAULTS), row["report"]
        assert bool(row.get("faults")) != bool(row.get("not_a_fault")), row["report"]
    assert sum(bool(row.get("faults")) for row in rows) >= 90
