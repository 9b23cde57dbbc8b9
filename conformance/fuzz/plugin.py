"""The options of fuzzing, and the one line that says what they come to."""

from __future__ import annotations

from dataclasses import replace
from pathlib import Path

import pytest

from conformance.engine.requirement import requirement_ids
from conformance.engine.running import RUN
from conformance.engine.target import Target, TargetError
from conformance.fuzz.terms import DEFAULT_SEED, LEVELS, REMOTE_BUDGET, Terms

OFF = "off"
SLOWER = 2
"""How many times longer than the embedded hub a deployment may take for one operation."""
FAMILY = "fuzz"
_TERMS = pytest.StashKey[Terms | None]()


def pytest_addoption(parser: pytest.Parser) -> None:
    add = parser.getgroup("conformance", "judging a hub").addoption
    add(
        "--fuzz",
        metavar="LEVEL",
        choices=[OFF, *LEVELS],
        default=None,
        help="send odd and random requests: off, quick, standard or deep "
        "(default: quick on the embedded hub, off on a deployment and in the profile core)",
    )
    add(
        "--fuzz-budget",
        metavar="N",
        type=int,
        default=None,
        help="most requests that fuzzing sends in all "
        f"(default: {REMOTE_BUDGET} to a deployment, no bound to the embedded hub)",
    )
    add(
        "--fuzz-seed",
        metavar="N",
        type=int,
        default=DEFAULT_SEED,
        help=f"another seed draws other requests, the same one the same (default: {DEFAULT_SEED})",
    )
    add(
        "--fuzz-examples",
        metavar="N",
        type=int,
        default=None,
        help="random requests of each kind (valid, invalid) an operation, instead of the level's number",
    )
    add(
        "--save-cases",
        metavar="DIR",
        default=None,
        help="keep the requests that show something in this folder, and send those kept there first",
    )


@pytest.hookimpl(trylast=True)
def pytest_configure(config: pytest.Config) -> None:
    run = config.stash.get(RUN, None)
    if run is None:
        return
    try:
        terms = _terms(config, run.target)
    except TargetError as problem:
        raise pytest.UsageError(str(problem)) from None
    config.stash[_TERMS] = terms
    if terms is not None:
        run.terms = replace(terms, storage=str(run.report / "cache")).to_dict()


def _terms(config: pytest.Config, target: Target) -> Terms | None:
    option = config.option
    asked_for = (target.embedded and option.profile != "core") or FAMILY in option.family
    level = option.fuzz or ("quick" if asked_for else OFF)
    if level == OFF:
        return None
    for name in ("fuzz_budget", "fuzz_examples"):
        value = getattr(option, name)
        if value is not None and value < 0:
            raise TargetError(f"--{name.replace('_', '-')} must not be negative, and is {value}")
    terms = LEVELS[level]
    budget = option.fuzz_budget if option.fuzz_budget is not None else None if target.embedded else REMOTE_BUDGET
    folder = (config.invocation_params.dir / option.save_cases).resolve() if option.save_cases else Path()
    return replace(
        terms,
        seed=option.fuzz_seed,
        budget=budget,
        seconds=terms.seconds if target.embedded else terms.seconds * SLOWER,
        random=terms.random if option.fuzz_examples is None else option.fuzz_examples,
        save=str(folder) if option.save_cases else "",
    )


@pytest.hookimpl(tryfirst=True)
def pytest_collection_modifyitems(config: pytest.Config, items: list[pytest.Item]) -> None:
    if config.stash.get(_TERMS, None) is not None or config.stash.get(RUN, None) is None:
        return
    dropped = [item for item in items if _is_fuzz(item)]
    if dropped:
        config.hook.pytest_deselected(items=dropped)
        items[:] = [item for item in items if not _is_fuzz(item)]


def _is_fuzz(item: pytest.Item) -> bool:
    return any(i.startswith(f"{FAMILY}.") for i in requirement_ids(getattr(item, "function", None) or (lambda: None)))


def pytest_report_header(config: pytest.Config) -> list[str]:
    run = config.stash.get(RUN, None)
    if run is None:
        return []
    terms = config.stash.get(_TERMS, None)
    if terms is None:
        if run.target.embedded:
            return ["fuzzing: off"]
        return [f"fuzzing: off; --fuzz quick sends at most {REMOTE_BUDGET} requests, none that costs real money"]
    most = "" if terms.budget is None else f", at most {terms.budget} requests"
    return [f"fuzzing: {terms.level}, seed {terms.seed}{most}"]
