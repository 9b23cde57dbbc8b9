"""Judging once more: kept evidence, no hub, no network. What decides is in the evidence, never in the machine."""

from __future__ import annotations

from pathlib import Path

from conformance.engine.contract import load_contract
from conformance.engine.evidence import Record, Store
from conformance.engine.judge import Bench, Judged, all_tests
from conformance.engine.options import is_wanted
from conformance.engine.probe import load_registry
from conformance.engine.requirement import load_catalogue
from conformance.engine.target import Target
from conformance.report.result import Result, Row, rows_of


def target_of(result: Result) -> Target:
    """The hub that a result is about, as far as judges need to know it."""
    told = result.target
    return Target(told.base_url, embedded=told.embedded, models=told.models, claims=frozenset(told.claims))


def rejudge(result: Result, evidence: Path) -> list[Row]:
    """The rows that this suite gives for the tests of a result, from the evidence in a folder.

    A test that this suite does not have gives none, and so does one that is said to be silent, and is.
    """
    store, registry, catalogue = Store(evidence), load_registry(load_contract()), load_catalogue()
    bench = Bench(target_of(result), catalogue, registry, lambda key: store.get(key) or missing(key))
    told, silent = {row.test for row in result.rows}, set(result.silent)
    families, levels = frozenset(result.selection.families), result.selection.levels
    rows: list[Row] = []
    for name, cases in all_tests(registry):
        if name in told or name in silent:
            chosen = [case for case in cases if is_wanted(case, families, levels)]
            judged = [Judged(case, bench.evaluate(case)).light() for case in chosen]
            if name not in told and all(one.outcome.vacuous for one in judged):
                continue
            rows.extend(rows_of(judged, catalogue, name))
    return rows


def missing(key: str) -> Record:
    """What stands in the place of evidence that was not kept."""
    return Record(key, problem="this was never asked, or was not kept", problem_kind="inconclusive")
