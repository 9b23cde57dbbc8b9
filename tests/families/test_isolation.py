"""Judges of what another account is shown, where the hub does not serve what could be shown."""

from __future__ import annotations

from dataclasses import replace
from pathlib import Path

import pytest

from conformance.engine.evidence import Record
from conformance.engine.judge import Bench, Outcome, Verdict, cases
from conformance.engine.requirement import load_catalogue
from conformance.everywhere.isolation import test_requests as judges
from conformance.wire.exchange import Exchange
from tests.matrix import CleanRun
from tests.support import answer

ABOUT_STRANGERS = ("isolation_strangers", "isolation_stranger_answer")


@pytest.fixture(scope="module")
def clean_run(tmp_path_factory: pytest.TempPathFactory) -> CleanRun:
    folder: Path = tmp_path_factory.mktemp("evidence")
    return CleanRun.record(folder, lambda probe: probe.name in ABOUT_STRANGERS)


def _judged(run: CleanRun, records: dict[str, Record]) -> list[Outcome]:
    bench = Bench(replace(run.target, claims=frozenset()), load_catalogue(), run.registry, records.__getitem__)
    found = (judges.test_answers_are_known_to_their_owner_alone, judges.test_tasks_are_shown_to_their_owner_alone)
    return [bench.evaluate(case) for judge in found for case in cases(judge, run.registry)]


def _not_served(run: CleanRun) -> dict[str, Record]:
    """The records of a hub that refuses every operation: a probe behind a refused plain request holds that refusal."""
    refused: tuple[Exchange, ...] = (answer({"detail": "Not Found"}, status=404),)
    records = {key: replace(record, exchanges=refused) for key, record in run.records.items()}
    for slot in (slot for name in ABOUT_STRANGERS for slot in run.registry.slots(name)):
        if run.registry.base_of(slot.operation) is None:
            records[slot.key] = replace(records[slot.key], exchanges=())
    return records


def test_what_a_hub_does_not_serve_is_neither_kept_nor_shown_to_strangers(clean_run: CleanRun) -> None:
    verdicts = {outcome.verdict for outcome in _judged(clean_run, _not_served(clean_run))}
    assert verdicts == {Verdict.NOT_OFFERED, Verdict.NOT_TESTABLE}
