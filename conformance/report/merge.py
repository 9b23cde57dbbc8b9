"""Joining the shards of a run into the report of the whole."""

from __future__ import annotations

import shutil
from collections import Counter
from collections.abc import Sequence
from pathlib import Path

from conformance.engine.contract import load_contract
from conformance.engine.evidence import SUFFIX, Store
from conformance.engine.probe import Registry, load_registry
from conformance.engine.probing import Spend
from conformance.engine.replay import target_of
from conformance.engine.shard import Shard
from conformance.report.baseline import Baseline, counts
from conformance.report.kept import EVIDENCE, RESULT, KeptError, check_evidence, read_result
from conformance.report.latency import latency
from conformance.report.result import BaselinePart, Result, Row, Tally, judgeable, representatives, status_of


def merge(folders: Sequence[Path], report: Path, baseline: Baseline | None = None) -> Result:
    """Write into `report` what one run would have left there.

    Args:
        folders: the report folders of all shards of one run, in any order.
        baseline: what is known of the hub; by default what the shards' own baseline said of each row.

    Raises:
        KeptError: a report cannot be read, or they are not the shards of one run.
        OSError: the report cannot be written.
    """
    parts = {folder: read_result(folder) for folder in folders}
    _check_shards(parts)
    _check_alike(parts)
    evidence = report / EVIDENCE
    if report.resolve() in {folder.resolve() for folder in folders}:
        raise KeptError(f"--report {report} is one of the shards: give another folder")
    if evidence.exists() and any(evidence.iterdir()):
        raise KeptError(f"--report {report} holds evidence of another run: give an empty folder")
    evidence.mkdir(parents=True, exist_ok=True)
    registry = load_registry(load_contract())
    _gather(parts, evidence, registry)
    result = _joined(list(parts.values()), evidence, registry, baseline)
    (report / RESULT).write_text(result.model_dump_json(indent=2) + "\n", encoding="utf-8")
    return result


def _check_shards(parts: dict[Path, Result]) -> None:
    shards: dict[Shard, Path] = {}
    for folder, result in parts.items():
        if not result.shard:
            raise KeptError(f"{folder} is no shard: it was run without --shard")
        shard = Shard.parse(result.shard)
        if shard in shards:
            raise KeptError(f"{folder} and {shards[shard]} are both shard {shard}")
        shards[shard] = folder
    of = {shard.of for shard in shards}
    if len(of) != 1:
        raise KeptError(f"these are shards of different runs: of {', '.join(map(str, sorted(of)))} parts")
    missing = [str(Shard(number, max(of))) for number in range(1, max(of) + 1) if Shard(number, max(of)) not in shards]
    if missing:
        raise KeptError(f"shard {missing[0]} is missing: give the report folders of all shards")


def _check_alike(parts: dict[Path, Result]) -> None:
    first_folder, first = next(iter(parts.items()))
    for folder, result in parts.items():
        for name, one, other in (
            ("suite", first.suite, result.suite),
            ("hub", _hub(first), _hub(result)),
            ("models", first.target.models, result.target.models),
            ("claims", first.target.claims, result.target.claims),
        ):
            if one != other:
                raise KeptError(f"{first_folder} and {folder} are no shards of one run: they differ in {name}")


def _hub(result: Result) -> str:
    """Every run starts an embedded hub of its own, on a port of its own."""
    return "embedded" if result.target.embedded else result.target.base_url


def _gather(parts: dict[Path, Result], evidence: Path, registry: Registry) -> None:
    """Copy each record from the shard that judged its operation; what all shards asked, all have."""
    names = Store(evidence)
    operations = {
        names.path(slot.key).name: slot.operation for name in registry.probes for slot in registry.slots(name)
    }
    for folder, result in parts.items():
        judged = {row.operation for row in result.rows} | {""}
        for path in sorted((folder / EVIDENCE).glob(f"*{SUFFIX}")):
            if operations.get(path.name, "") in judged or not (evidence / path.name).exists():
                shutil.copyfile(path, evidence / path.name)
    check_evidence(evidence, evidence.parent)


def _joined(parts: list[Result], evidence: Path, registry: Registry, baseline: Baseline | None) -> Result:
    rows, vacuous = _told_apart(parts)
    silent = {test for part in parts for test in part.silent} - {row.test for row in rows}
    rows += representatives(vacuous, {row.requirement for row in rows})
    twice = [key for key, count in Counter((row.test, row.pair) for row in rows).items() if count > 1]
    if twice:
        raise KeptError(f"two shards judged {twice[0][0]}: were they run with the same options?")
    if baseline:
        rows = [baseline.marked(row.model_copy(update={"expected": None})) for row in rows]
    told = baseline.part(rows, judgeable(), silent) if baseline else _told(parts, rows)
    families: Counter[str] = Counter()
    for part in parts:
        families.update(part.spend.by_family)
    spend = Spend(
        requests=sum(part.spend.requests for part in parts),
        by_family=dict(families),
        billable=sum(part.spend.billable for part in parts),
        retried=sum(part.spend.retried for part in parts),
        waited=sum(part.spend.waited_seconds for part in parts),
    )
    result = Result.of(
        target_of(parts[0]),
        rows,
        Tally.of(rows),
        spend,
        min(part.started for part in parts),
        _status(parts, rows, bool(told and told.stale)),
        selection=parts[0].selection,
        silent=silent,
        latency=latency(Store(evidence), registry),
        baseline=told,
    )
    return result.model_copy(update={"finished": max(part.finished for part in parts)})


def _told_apart(parts: list[Result]) -> tuple[list[Row], list[Row]]:
    """The rows of tests that had something to judge, and the others; a test may have something in one shard alone."""
    rows: list[Row] = []
    vacuous: list[Row] = []
    for part in parts:
        silent = set(part.silent)
        for row in part.rows:
            (vacuous if row.test in silent else rows).append(row)
    return rows, vacuous


def _told(parts: list[Result], rows: list[Row]) -> BaselinePart | None:
    """What the shards found of their baseline; an entry about several shards is stale when all of it is told anew."""
    told = [part.baseline for part in parts if part.baseline]
    if not told:
        return None
    stale = {entry.where: entry for part in told for entry in part.stale}
    return told[0].model_copy(update={**counts(rows), "stale": tuple(stale[where] for where in sorted(stale))})


def _status(parts: list[Result], rows: list[Row], stale: bool) -> int:
    """As one run would have ended; a shard that was interrupted or went wrong takes the whole along."""
    status = status_of(rows, stale=stale)
    trouble = max((part.exit_status for part in parts if part.exit_status != _own_status(part)), default=0)
    return trouble if trouble > 2 or status == 0 else status


def _own_status(part: Result) -> int:
    return status_of(part.rows, stale=bool(part.baseline and part.baseline.stale))
