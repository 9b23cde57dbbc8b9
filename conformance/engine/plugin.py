"""The pytest side: options, fixtures, judging, verdicts and exit status.

A session judges a hub when what it collects lies in this package; any other session (the suite's own tests) is left
alone. The run is: collect, plan, probe in the background, judge, result.
"""

from __future__ import annotations

import contextlib
import gc
import itertools
import os
import sys
from collections.abc import Generator, Iterable
from pathlib import Path
from types import ModuleType
from typing import Any

import pytest

from conformance.engine.discovery import LIST_OPERATION, TALK_OPERATION, told
from conformance.engine.embedded import EmbeddedHubError
from conformance.engine.judge import SEVERITY, Bench, Case, Judged, Verdict, worst
from conformance.engine.options import (
    LEVELS,
    NOTES,
    add_options,
    is_wanted,
    models,
    settle,
    wanted_families,
)
from conformance.engine.probe import Bundle, Registry, Slot
from conformance.engine.probing import Asker, read_spend
from conformance.engine.requirement import (
    PACKAGE,
    Catalogue,
    CatalogueError,
    catalogue_in,
    load_catalogue,
    requirement_ids,
)
from conformance.engine.running import RUN, Run, for_worker, new_run, planned_run, worker_run
from conformance.engine.target import TargetError
from conformance.report.latency import latency
from conformance.report.result import (
    Result,
    Row,
    SelectionPart,
    Tally,
    representatives,
    rows_of,
    status_of,
)

RED = (Verdict.ERROR, Verdict.FAIL, Verdict.WARN)
USAGE = 4
LETTERS = {
    Verdict.WARN: ("w", "WARN"),
    Verdict.NOT_OFFERED: ("-", "NOT-OFFERED"),
    Verdict.NOT_TESTABLE: ("?", "NOT-TESTABLE"),
    Verdict.INCONCLUSIVE: ("i", "INCONCLUSIVE"),
}


CASES = pytest.StashKey[list[Case]]()
ROWS = pytest.StashKey[list[Row]]()
VACUOUS = pytest.StashKey[bool]()
RESULT = pytest.StashKey[Result]()
TROUBLE = pytest.StashKey[list[str]]()
"""What went wrong around the judging, one line each."""


def pytest_addoption(parser: pytest.Parser) -> None:
    add_options(parser)


def _is_judging(config: pytest.Config) -> bool:
    """Whether this session collects from the package: by path, by `--pyargs conformance`, or by default."""
    names = [str(arg).split("::")[0] for arg in config.args]
    if config.option.pyargs and any(name.split(".")[0] == "conformance" for name in names):
        return True
    paths = [(config.invocation_params.dir / name).resolve() for name in names]
    return any(path == PACKAGE or PACKAGE in path.parents or path in PACKAGE.parents for path in paths)


def _is_worker(config: pytest.Config) -> bool:
    return hasattr(config, "workerinput")


@pytest.hookimpl(tryfirst=True)
def pytest_configure(config: pytest.Config) -> None:
    if not _is_judging(config) or config.option.help or getattr(config.option, "collectonly", False):
        return
    _quiet(config)
    try:
        settle(config)
        if config.option.plan:
            run = planned_run(config)
        else:
            run = worker_run(config) if _is_worker(config) else _own_run(config)
    except (TargetError, EmbeddedHubError, CatalogueError) as problem:
        raise pytest.UsageError(str(problem).replace("\n", "\nERROR: ")) from None
    except OSError as problem:
        raise pytest.UsageError(f"cannot write to --report {config.option.report}: {problem.strerror}") from None
    config.stash[RUN] = run
    for name in [*sorted({r.family for r in load_catalogue().values()}), "must", "should", "may"]:
        config.addinivalue_line("markers", f"{name}: judges of this family or level")
    config.pluginmanager.register(_fixtures(run.registry), "conformance-probes")
    if not config.option.plan:
        _arrange_allure(config, run)


def _own_run(config: pytest.Config) -> Run:
    other: Run | None = config.hook.pytest_conformance_run(config=config)
    return other or new_run(config)


def _quiet(config: pytest.Config) -> None:
    """Findings are shown once, by our own summary, instead of as tracebacks and one-line repeats."""
    config.option.tbstyle = "no" if config.option.tbstyle == "auto" else config.option.tbstyle
    if config.option.reportchars == "fE":
        config.option.reportchars = ""


def _spare_the_cache(config: pytest.Config) -> None:
    """A full disk is told in one line of ours: pytest's own cache is no reason to end in a traceback."""
    cache = getattr(config, "cache", None)
    if cache is None:
        return
    write = cache.set

    def write_or_not(key: str, value: object) -> None:
        with contextlib.suppress(OSError):
            write(key, value)

    cache.set = write_or_not


def _arrange_allure(config: pytest.Config, run: Run) -> None:
    if not hasattr(config.option, "allure_report_dir"):
        return
    if not config.option.allure_report_dir:
        config.option.allure_report_dir = str(run.report / "allure-results")
        config.option.clean_alluredir = True
    from conformance.report.allure import AllureReporter

    config.pluginmanager.register(AllureReporter(_told(config)), "conformance-allure")


def _arrange_view(config: pytest.Config, run: Run) -> None:
    reporter = config.pluginmanager.get_plugin("terminalreporter")
    if reporter is None:
        return
    from conformance.report.live import LiveView, manner
    from conformance.report.words import Words

    how = manner(sys.stdout, os.environ, config.option.verbose)
    if how != "none":
        colour, say = config.get_terminal_writer().hasmarkup, Words(_told(config).language)
        view = LiveView(run.store.folder, how, reporter, colour=colour, say=say)
        config.pluginmanager.register(view, "conformance-live")


@pytest.hookimpl(optionalhook=True)
def pytest_configure_node(node: Any) -> None:
    """Hand the controller's knowledge to an xdist worker; a real token stays in the environment they share."""
    run = node.config.stash.get(RUN, None)
    if run is None:
        return
    node.workerinput |= for_worker(run, node.config.option)


def _fixtures(registry: Registry) -> ModuleType:
    """A plugin with one fixture a probe or group. Its value is a bundle; the evidence is fetched when it is judged."""

    def make(name: str) -> Any:
        def evidence(request: pytest.FixtureRequest) -> Bundle:
            bundle: Bundle = request.param
            return bundle

        evidence.__doc__ = f"Evidence of {name}."
        return pytest.fixture(name=name)(evidence)

    names = [*registry.probes, *registry.groups]
    plugin = ModuleType("conformance_probes")
    for name in names:
        setattr(plugin, name, make(name))
    return plugin


def pytest_generate_tests(metafunc: pytest.Metafunc) -> None:
    run = metafunc.config.stash.get(RUN, None)
    if run is None or not requirement_ids(metafunc.function):
        return
    for name in metafunc.fixturenames:
        if name in run.registry:
            bundles = run.registry.bundles(name)
            metafunc.parametrize(name, bundles, ids=[bundle.key for bundle in bundles], indirect=True)


@pytest.hookimpl(wrapper=True)
def pytest_collection(session: pytest.Session) -> Generator[None, object, object]:
    """Thousands of tests are made here, and none is garbage: to look for some would take a fifth of the time."""
    if session.config.stash.get(RUN, None) is None:
        return (yield)
    gc.disable()
    try:
        return (yield)
    finally:
        gc.freeze()
        gc.enable()


def pytest_ignore_collect(collection_path: Path, config: pytest.Config) -> bool | None:
    """Do not even read the rooms of families that are not wanted."""
    run = config.stash.get(RUN, None)
    wanted = wanted_families(config.option) if run else frozenset()
    is_room = collection_path.parent == PACKAGE / "families" and collection_path.is_dir()
    return True if wanted and is_room and collection_path.name not in wanted else None


@pytest.hookimpl(tryfirst=True)
def pytest_collection_modifyitems(config: pytest.Config, items: list[pytest.Item]) -> None:
    """Mark judges by family and level, for `-m`, and keep those of the wanted families."""
    run = config.stash.get(RUN, None)
    if run is None:
        return
    wanted, levels = wanted_families(config.option), LEVELS[config.option.level]
    kept: list[pytest.Item] = []
    dropped: list[pytest.Item] = []
    for item in items:
        found = _cases(item)
        if not found:
            kept.append(item)
            continue
        _mark(item, found[0])
        # The evidence is fetched when it is judged; to set up a fixture for each test would only cost time and files.
        item.fixturenames = []  # type: ignore[attr-defined]
        item.stash[CASES] = [case for case in found if is_wanted(case, wanted, levels)]
        (kept if item.stash[CASES] else dropped).append(item)
    if dropped:
        config.hook.pytest_deselected(items=dropped)
    items[:] = _early_first(kept, run.registry)


def _early_first(items: list[pytest.Item], registry: Registry) -> list[pytest.Item]:
    """Files whose evidence is asked for early first, so that judging does not wait for what comes last."""
    needed = {item: [s for case in item.stash.get(CASES, []) for s in case.slots.values()] for item in items}
    asked = registry.needed(slot for slots in needed.values() for slot in slots)
    order = {slot.key: number for number, slot in enumerate(asked)}
    known = (registry.base_of(operation) for operation in (LIST_OPERATION, TALK_OPERATION))
    order |= {slot.key: -1 for slot in known if slot}  # discovery has asked these
    latest: dict[Path, int] = {}
    for item, slots in needed.items():
        latest[item.path] = max(latest.get(item.path, -1), *(order[slot.key] for slot in slots), -1)
    return sorted(items, key=lambda item: latest[item.path])


def _mark(item: pytest.Item, case: Case) -> None:
    catalogue = load_catalogue()
    for identifier in case.ids:
        if identifier not in catalogue:
            raise pytest.UsageError(f"{item.nodeid} judges {identifier}, which no requirements.yaml holds")
        item.add_marker(catalogue[identifier].family)
        item.add_marker(catalogue[identifier].level.lower())


def pytest_collection_finish(session: pytest.Session) -> None:
    """Plan what the selected judges need, and have it asked while they begin to judge."""
    run = session.config.stash.get(RUN, None)
    if run is None or _is_controller(session.config):
        return
    needed: list[Slot] = []
    for item in session.items:
        for case in item.stash.get(CASES, []):
            needed.extend(case.slots.values())
    slots = run.registry.needed(needed)
    if session.config.option.plan:
        run.planned = slots
        return
    run.asker = Asker(run.inquiry, slots)
    try:
        run.asker.start()
    except OSError as problem:
        raise pytest.UsageError(f"cannot write to {run.store.folder}: {problem.strerror}") from None


def pytest_runtestloop(session: pytest.Session) -> bool | None:
    """With `--plan` the run ends where it would begin."""
    return True if session.config.stash.get(RUN, None) and session.config.option.plan else None


def _is_controller(config: pytest.Config) -> bool:
    return not _is_worker(config) and bool(getattr(config.option, "numprocesses", None))


def _cases(item: pytest.Item) -> list[Case]:
    callspec = getattr(item, "callspec", None)
    function = getattr(item, "function", None)
    if function is None or callspec is None or not requirement_ids(function):
        return []
    bundles = {name: value.slots for name, value in callspec.params.items() if isinstance(value, Bundle)}
    choices = itertools.product(*bundles.values())
    return [Case(function, dict(zip(bundles, choice, strict=True))) for choice in choices]


@pytest.hookimpl(tryfirst=True)
def pytest_pyfunc_call(pyfuncitem: pytest.Function) -> bool | None:
    run = pyfuncitem.config.stash.get(RUN, None)
    found = pyfuncitem.stash.get(CASES, None)
    if run is None or not found:
        return None
    bench = run.bench
    judged = _judged(bench, found)
    rows = rows_of(judged, load_catalogue(), check_id(pyfuncitem))
    rows = pyfuncitem.ihook.pytest_conformance_rows(config=pyfuncitem.config, rows=rows) or rows
    pyfuncitem.stash[ROWS] = rows
    pyfuncitem.stash[VACUOUS] = all(one.outcome.vacuous for one in judged)
    pyfuncitem.ihook.pytest_conformance_judged(item=pyfuncitem, judged=judged, rows=rows)
    told = worst(judged).light()
    # What is raised now keeps this frame alive, and evidence with it, until the garbage collector comes by.
    del judged
    if rows and not any(row.decides for row in rows):
        _tell_expected(told, rows[0])
    _tell_pytest(told)
    return True


def check_id(item: pytest.Item) -> str:
    """A test's id as in the suite's own tree, wherever pytest was started."""
    return f"{item.path.relative_to(PACKAGE.parent).as_posix()}::{item.nodeid.partition('::')[2]}"


def _tell_expected(judged: Judged, row: Row) -> None:
    """What a baseline knows is expected to fail; pytest's word for that keeps it apart from a pass and from a skip."""
    if judged.outcome.verdict is not Verdict.PASS:
        told = row.expected.reason if row.expected and row.expected.reason else judged.outcome.reason
        pytest.xfail(f"known: {told}")


def _judged(bench: Bench, cases: Iterable[Case]) -> list[Judged]:
    """Judge one case after the other; only the one that counts keeps its bytes, since evidence may be large."""
    judged: list[Judged] = []
    counts = 0
    for number, case in enumerate(cases):
        one = Judged(case, bench.evaluate(case))
        judged.append(one)
        if number and worst((judged[counts], one)) is one:
            judged[counts], counts = judged[counts].light(), number
        elif number:
            judged[number] = one.light()
    return judged


def _tell_pytest(judged: Judged) -> None:
    outcome = judged.outcome
    if outcome.verdict is Verdict.FAIL:
        pytest.fail(f"{', '.join(judged.case.ids)}: {outcome.reason}", pytrace=False)
    if outcome.verdict is Verdict.ERROR:
        pytest.fail(f"a judge or probe of the suite went wrong:\n{outcome.trace or outcome.reason}", pytrace=False)
    if outcome.verdict in (Verdict.NOT_OFFERED, Verdict.NOT_TESTABLE, Verdict.INCONCLUSIVE):
        pytest.skip(f"{outcome.verdict}: {outcome.reason}")


class Hooks:
    """Hooks of ours that reporters may implement."""

    @staticmethod
    def pytest_conformance_judged(item: pytest.Item, judged: list[Judged], rows: list[Row]) -> None:
        """The cases of one test were judged; pytest is told next."""

    @staticmethod
    @pytest.hookspec(firstresult=True)
    def pytest_conformance_run(config: pytest.Config) -> Run | None:
        """A run that is to take the place of asking a hub."""

    @staticmethod
    @pytest.hookspec(firstresult=True)
    def pytest_conformance_rows(config: pytest.Config, rows: list[Row]) -> list[Row] | None:
        """The rows of one test, with what somebody knows of them."""

    @staticmethod
    def pytest_conformance_finish(config: pytest.Config, run: Run) -> None:
        """All is judged; the result is written next."""


def pytest_addhooks(pluginmanager: pytest.PytestPluginManager) -> None:
    pluginmanager.add_hookspecs(Hooks)


@pytest.hookimpl(wrapper=True)
def pytest_runtest_makereport(item: pytest.Item) -> Generator[None, pytest.TestReport, pytest.TestReport]:
    report = yield
    rows = item.stash.get(ROWS, None)
    if rows is not None and report.when == "call":
        report.conformance = [row.model_dump(mode="json") for row in rows]  # type: ignore[attr-defined]
        # A report's own attributes are all that travels from a worker; pytest declares none.
        report.conformance_vacuous = item.stash[VACUOUS]  # type: ignore[attr-defined]
        report.sections.clear()
    return report


def pytest_report_teststatus(report: pytest.TestReport) -> tuple[str, str, str] | None:
    rows = getattr(report, "conformance", None)
    if not rows or report.when != "call":
        return None
    verdict = min((Verdict(row["verdict"]) for row in rows), key=SEVERITY.index)
    if verdict not in LETTERS:
        return None
    letter, word = LETTERS[verdict]
    return str(verdict), letter, word


_CURRENT: list[Run] = []
"""The run of this process, for the one hook that pytest calls without a config."""


def pytest_runtest_logreport(report: pytest.TestReport) -> None:
    rows = getattr(report, "conformance", None)
    if rows and _CURRENT:
        run = _CURRENT[-1]
        found = run.vacuous if report.conformance_vacuous else run.rows
        found.extend(Row.model_validate(row) for row in rows)


def pytest_sessionstart(session: pytest.Session) -> None:
    run = session.config.stash.get(RUN, None)
    if run is not None and not _is_worker(session.config):
        _spare_the_cache(session.config)
        _CURRENT.append(run)
        if not session.config.option.plan:
            _arrange_view(session.config, run)


@pytest.hookimpl(trylast=True)
def pytest_sessionfinish(session: pytest.Session, exitstatus: int) -> None:
    run = session.config.stash.get(RUN, None)
    if run is None:
        return
    if session.config.option.plan:
        session.exitstatus = 0
        return
    if run.asker:
        run.asker.stop()
    if _is_worker(session.config):
        return
    run.rows += _unjudged_otherwise(run)
    tally = Tally.of(run.rows)
    trouble = _trouble(session.config, run)
    session.config.hook.pytest_conformance_finish(config=session.config, run=run)
    status = USAGE if trouble else _exit_status(run, exitstatus)
    result = Result.of(
        run.target,
        run.rows,
        tally,
        read_spend(run.store.folder),
        run.started,
        status,
        selection=_selection(session.config),
        silent=run.silent,
        latency=latency(run.store, run.registry),
        baseline=run.baseline,
        shard=run.shard,
        replays=run.replays,
    )
    try:
        (run.report / "result.json").write_text(result.model_dump_json(indent=2) + "\n", encoding="utf-8")
        if getattr(session.config.option, "allure_report_dir", None):
            from conformance.report.allure import write_companions

            write_companions(Path(session.config.option.allure_report_dir), result)
        from conformance.report.write import write_all

        trouble += write_all(result, run.store.folder, run.report, _told(session.config))
    except OSError as problem:
        trouble.append(f"cannot write to {run.report}: {problem.strerror}")
        status = USAGE
    if exitstatus == pytest.ExitCode.INTERRUPTED:
        trouble.append(f"interrupted: {len(run.rows)} rows were judged, what was recorded is kept in {run.report}")
    session.config.stash[RESULT] = result
    session.config.stash[TROUBLE] = trouble
    session.exitstatus = status


def _selection(config: pytest.Config) -> SelectionPart:
    option = config.option
    return SelectionPart(families=tuple(sorted(wanted_families(option))), levels=LEVELS[option.level])


def _told(config: pytest.Config) -> Catalogue:
    """The catalogue in the language that the user reads."""
    from conformance.report.words import chosen

    return catalogue_in(chosen(config.option.lang, os.environ))


def _unjudged_otherwise(run: Run) -> list[Row]:
    """One row for each requirement of which no test had anything to judge."""
    return representatives(run.vacuous, {row.requirement for row in run.rows})


def _trouble(config: pytest.Config, run: Run) -> list[str]:
    """What could not be written until now."""
    reporter = config.pluginmanager.get_plugin("conformance-allure")
    found = (run.asker.problem if run.asker else "", reporter.problem if reporter else "")
    return [problem for problem in found if problem]


def _exit_status(run: Run, pytest_status: int) -> int:
    """0 conformant, 1 not, 2 inconclusive or nothing judged, 3 an error of ours; trouble of pytest stays as it is."""
    if pytest_status in (pytest.ExitCode.INTERRUPTED, pytest.ExitCode.INTERNAL_ERROR, pytest.ExitCode.USAGE_ERROR):
        return int(pytest_status)
    return status_of(run.rows, stale=bool(run.baseline and run.baseline.stale))


def pytest_terminal_summary(terminalreporter: pytest.TerminalReporter, config: pytest.Config) -> None:
    run, result = config.stash.get(RUN, None), config.stash.get(RESULT, None)
    if run is not None and config.option.plan:
        from conformance.report.plan import lines
        from conformance.report.words import Words

        say = Words(_told(config).language)
        for line in lines(run.planned, run.target, run.registry.contract, say):
            terminalreporter.write_line(line)
    if result is None:
        return
    from conformance.report.terminal import summary

    full = config.option.verbose > 0
    shown = list(summary(result, _told(config), config.stash[RUN].report, full=full))
    for line in shown[:-1]:
        terminalreporter.write_line(line, **_colour(line, result))
    terminalreporter.write_line(shown[-1], bold=True, green=result.exit_status == 0, red=result.exit_status == 1)
    for problem in config.stash.get(TROUBLE, [])[:1]:
        terminalreporter.write_line(problem if problem.startswith("interrupted") else f"ERROR: {problem}")


def _colour(line: str, result: Result) -> dict[str, bool]:
    """The heads of findings stand out; pytest leaves colours out where they are not wanted."""
    head = line.split("  ")[1:2]
    found = next((row.verdict for row in result.rows if head == [row.requirement] and row.verdict in RED), None)
    return {"red": found in (Verdict.FAIL, Verdict.ERROR), "yellow": found is Verdict.WARN} if found else {}


def pytest_report_header(config: pytest.Config) -> list[str]:
    run = config.stash.get(RUN, None)
    if run is None:
        return []
    from conformance.report.remarks import phrasebook

    say = phrasebook(_told(config).language, "").say
    return [say(line) for line in _header(config, run)]


def _header(config: pytest.Config, run: Run) -> list[str]:
    if run.target.embedded:
        return [f"hub: the embedded hub, chat model {run.target.model('chat')}", *config.stash[NOTES]]
    lines = [f"hub: {run.target.base_url}", *config.stash[NOTES]]
    listing = run.registry.base_of(LIST_OPERATION)
    if listing is None or config.option.plan:
        return lines
    return lines + told(run.target, run.store.get(listing.key), models(config.option.model))


def pytest_unconfigure(config: pytest.Config) -> None:
    run = config.stash.get(RUN, None)
    if run is None:
        return
    with contextlib.suppress(ValueError):
        _CURRENT.remove(run)
    if run.hub:
        run.hub.stop()
