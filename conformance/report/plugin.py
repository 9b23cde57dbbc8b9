"""The options by which runs depend on other runs: --baseline, --write-baseline, --replay and --shard."""

from __future__ import annotations

from pathlib import Path
from typing import Any

import pytest

from conformance import EDITION
from conformance.engine.contract import load_contract
from conformance.engine.options import LEVELS, wanted_families
from conformance.engine.plugin import CASES, check_id
from conformance.engine.probe import load_registry
from conformance.engine.probing import DONE_MARK, add_spend
from conformance.engine.running import RUN, Run, fresh_report
from conformance.report.baseline import Baseline, BaselineError, read_baseline, written
from conformance.report.result import Result, Row, SuitePart, judgeable

_BASELINE = pytest.StashKey[Baseline]()
_SAID = pytest.StashKey[list[str]]()
FUZZ_WEIGHT = 20
"""Requests that fuzzing one operation is taken for when work is shared out."""


def pytest_addoption(parser: pytest.Parser) -> None:
    add = parser.getgroup("conformance", "judging a hub").addoption
    add(
        "--baseline",
        metavar="FILE",
        default=None,
        help="what is known of the hub (TOML): only what differs decides, and entries no longer needed fail the run",
    )
    add("--write-baseline", metavar="FILE", default=None, help="write what this run finds amiss as a baseline")
    add(
        "--replay",
        metavar="DIR|ZIP",
        default=None,
        help="judge the evidence of an earlier run, from its report folder or a ZIP file of it, and ask nothing",
    )
    add("--shard", metavar="I/N", default=None, help="judge part I of N parts; python -m conformance merge joins them")


def pytest_conformance_run(config: pytest.Config) -> Run | None:
    """With --replay: a run whose evidence is all there already."""
    if not config.option.replay:
        return None
    from conformance.engine.replay import target_of
    from conformance.report.kept import KeptError, unpack

    source = (config.invocation_params.dir / config.option.replay).resolve()
    if source == (config.invocation_params.dir / config.option.report).resolve():
        raise pytest.UsageError(f"--replay and --report are both {config.option.report}: give another --report=DIR")
    if config.option.fault:
        raise pytest.UsageError("--replay asks no hub: use it without --fault")
    evidence = fresh_report(config) / "evidence"
    try:
        result = unpack(source, evidence)
    except KeptError as problem:
        raise pytest.UsageError(str(problem)) from None
    (evidence / DONE_MARK).touch()
    add_spend(evidence, result.spend.as_spend())
    _select(config.option, result)
    return Run(target_of(result), evidence.parent, load_registry(load_contract()), replays=result)


def _select(option: Any, result: Result) -> None:
    """Select what was selected; the command line may ask for less."""
    option.fuzz = "quick" if any(row.family == "fuzz" for row in result.rows) else "off"
    option.clients = any(row.family == "clients" for row in result.rows)
    if not wanted_families(option):
        option.family = list(result.selection.families)
    if LEVELS[option.level] == LEVELS["may"]:
        option.level = next((name for name, levels in LEVELS.items() if levels == result.selection.levels), "may")


@pytest.hookimpl(trylast=True)
def pytest_configure(config: pytest.Config) -> None:
    run = config.stash.get(RUN, None)
    if run is None:
        return
    config.stash[_SAID] = []
    option = config.option
    if run.replays and run.replays.suite.edition != EDITION:
        of = run.replays.suite.edition or "unknown"
        config.stash[_SAID].append(f"recorded for edition {of}, judged by edition {EDITION}")
    if option.shard:
        from conformance.engine.shard import Shard, ShardError

        try:
            run.shard = str(Shard.parse(option.shard))
        except ShardError as problem:
            raise pytest.UsageError(str(problem)) from None
    try:
        if option.baseline:
            path = config.invocation_params.dir / option.baseline
            config.stash[_BASELINE] = read_baseline(path, option.baseline)
    except BaselineError as problem:
        raise pytest.UsageError(str(problem)) from None
    if option.write_baseline and not (folder := _to_be_written(config).parent).is_dir():
        raise pytest.UsageError(f"--write-baseline {option.write_baseline}: there is no folder {folder}")


def _to_be_written(config: pytest.Config) -> Path:
    path: Path = config.invocation_params.dir / config.option.write_baseline
    return path


@pytest.hookimpl(optionalhook=True)
def pytest_configure_node(node: Any) -> None:
    """Tell an xdist worker what was recorded."""
    run = node.config.stash.get(RUN, None)
    if run is not None and run.replays:
        node.workerinput["recorded"] = _recorded(run.replays)


@pytest.hookimpl(trylast=True)
def pytest_collection_modifyitems(config: pytest.Config, items: list[pytest.Item]) -> None:
    """Leave out what was not recorded, and what other shards judge. Runs after -k and -m have chosen."""
    run = config.stash.get(RUN, None)
    if run is None:
        return
    judges = [item for item in items if item.stash.get(CASES, None)]
    if config.option.replay:
        _keep_recorded(run, config, judges)
    if run.shard:
        _keep_share(run, judges)
    dropped = [item for item in judges if not item.stash[CASES]]
    if dropped:
        config.hook.pytest_deselected(items=dropped)
        gone = set(dropped)
        items[:] = [item for item in items if item not in gone]


def _recorded(result: Result) -> dict[str, Any]:
    """The tests of a result, and whether this suite might have more to say about its evidence."""
    this = SuitePart.this()
    return {
        "tests": sorted({row.test for row in result.rows} | set(result.silent)),
        "other": result.suite.catalogue != this.catalogue,
    }


def _keep_recorded(run: Run, config: pytest.Config, judges: list[pytest.Item]) -> None:
    """Judge what was judged; with evidence of another edition also what that evidence is enough for."""
    recorded = _recorded(run.replays) if run.replays else config.workerinput["recorded"]  # type: ignore[attr-defined]
    names = {path.name for path in run.store.files} if recorded["other"] else set()
    tests = set(recorded["tests"])
    for item in judges:
        if check_id(item) not in tests:
            found = item.stash[CASES]
            enough = [all(run.store.path(slot.key).name in names for slot in case.slots.values()) for case in found]
            item.stash[CASES] = [case for case, is_enough in zip(found, enough, strict=True) if is_enough]


def _keep_share(run: Run, judges: list[pytest.Item]) -> None:
    from conformance.engine.shard import Shard, shares, subject, weights_of
    from conformance.report.plan import measured

    own = Shard.parse(run.shard)
    cases = [case for item in judges for case in item.stash[CASES]]
    place = shares(cases, run.registry, weights_of(measured(), FUZZ_WEIGHT), own.of)
    for item in judges:
        item.stash[CASES] = [case for case in item.stash[CASES] if place[subject(case)] == own.number]


def pytest_conformance_rows(config: pytest.Config, rows: list[Row]) -> list[Row] | None:
    """Mark what the baseline knows of."""
    baseline = config.stash.get(_BASELINE, None)
    return [baseline.marked(row) for row in rows] if baseline else None


def pytest_conformance_finish(config: pytest.Config, run: Run) -> None:
    """Hold the whole baseline against the run, and write a new one where that is wanted."""
    baseline = config.stash.get(_BASELINE, None)
    if baseline:
        run.baseline = baseline.part(run.rows, judgeable(), run.silent)
    if config.option.write_baseline:
        text = written(run.rows, run.target.base_url, EDITION, baseline)
        try:
            _to_be_written(config).write_text(text, encoding="utf-8")
        except OSError as problem:
            config.stash[_SAID].append(f"cannot write {config.option.write_baseline}: {problem.strerror}")
            return
        number = text.count("\n[[")
        config.stash[_SAID].append(f"{config.option.write_baseline}: {number} entries; say in each reason why it is so")


@pytest.hookimpl(trylast=True)
def pytest_terminal_summary(terminalreporter: pytest.TerminalReporter, config: pytest.Config) -> None:
    for line in config.stash.get(_SAID, []):
        terminalreporter.write_line(line)


def pytest_report_header(config: pytest.Config) -> list[str]:
    run = config.stash.get(RUN, None)
    if run is None:
        return []
    lines = [f"baseline: {config.option.baseline}"] if config.option.baseline else []
    lines += [f"shard: {run.shard}"] if run.shard else []
    if run.replays:
        of, by = run.replays.suite.edition or "unknown", EDITION
        lines.append(
            f"replay of {config.option.replay}, edition {of}" + (f", judged by edition {by}" if of != by else "")
        )
    return lines
