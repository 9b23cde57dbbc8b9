"""A judging session: what it knows, and how it comes to know it."""

from __future__ import annotations

import argparse
import os
import secrets
from dataclasses import dataclass, field
from datetime import UTC, datetime
from functools import cached_property
from pathlib import Path
from typing import Any

import pytest

from conformance.engine.contract import load_contract
from conformance.engine.discovery import discover
from conformance.engine.embedded import EmbeddedHub
from conformance.engine.evidence import Store
from conformance.engine.judge import Bench
from conformance.engine.options import report_folder, second_token, token, with_terms
from conformance.engine.probe import Registry, Slot, load_registry
from conformance.engine.probing import Asker, Inquiry
from conformance.engine.requirement import load_catalogue
from conformance.engine.schedule import Pace
from conformance.engine.target import EVERYTHING, Target, clean_base_url
from conformance.report.result import BaselinePart, Result, Row
from conformance.wire.redact import Secret


@dataclass
class Run:
    """What a judging session knows. Workers get `target` and `folder` from the controller."""

    target: Target
    report: Path
    registry: Registry
    started: datetime = field(default_factory=lambda: datetime.now(UTC))
    hub: EmbeddedHub | None = None
    asker: Asker | None = None
    rows: list[Row] = field(default_factory=list)
    vacuous: list[Row] = field(default_factory=list)
    """Rows of tests that had nothing which their sentence is about."""
    planned: list[Slot] = field(default_factory=list)
    terms: dict[str, Any] = field(default_factory=dict)
    pace: Pace = field(default_factory=Pace)
    replays: Result | None = None
    """The result of the run whose evidence is judged once more."""
    shard: str = ""
    baseline: BaselinePart | None = None

    @property
    def silent(self) -> set[str]:
        """The tests that were judged and had nothing to judge."""
        return {row.test for row in self.vacuous}

    @property
    def store(self) -> Store:
        return self._store

    def __post_init__(self) -> None:
        self._store = Store(self.report / "evidence")

    @property
    def inquiry(self) -> Inquiry:
        return Inquiry(self.target, self.registry.contract, self.registry, self._store, self.terms, self.pace)

    @cached_property
    def bench(self) -> Bench:
        assert self.asker is not None
        return Bench(self.target, load_catalogue(), self.registry, self.asker.evidence)


RUN = pytest.StashKey[Run]()


def planned_run(config: pytest.Config) -> Run:
    """A run that never starts: nothing is sent, written, or handed to other workers."""
    option = config.option
    option.dist, option.numprocesses, option.tx = "no", None, []
    url = clean_base_url(option.base_url) if option.base_url else "http://127.0.0.1"
    embedded = not option.base_url
    claims = frozenset({EVERYTHING}) if embedded else frozenset(option.claim)
    target = with_terms(Target(url, embedded=embedded, claims=claims), config)
    return Run(target, report_folder(config), load_registry(load_contract()))


def fresh_report(config: pytest.Config) -> Path:
    """The report folder of a run, without what an earlier run left in it."""
    report = report_folder(config)
    evidence = report / "evidence"
    evidence.mkdir(parents=True, exist_ok=True)
    from conformance.report.write import FACES

    for left_over in (*evidence.iterdir(), report / "result.json", *(report / name for name in FACES)):
        left_over.unlink(missing_ok=True)
    return report


def new_run(config: pytest.Config) -> Run:
    """A run against the embedded hub, started here, or against a deployment, after a first look at it.

    Raises:
        TargetError: the hub cannot be asked, or an option does not fit it.
        EmbeddedHubError: the embedded hub did not start.
        OSError: the report folder cannot be written.
    """
    option = config.option
    report = fresh_report(config)
    secret, second_secret = (secrets.token_urlsafe(24) for _ in range(2))
    hub = None
    if not option.base_url:
        hub = EmbeddedHub.launch(secret, option.fault, option.hub_latency, second_token=second_secret)
    try:
        registry = load_registry(load_contract())  # while the hub starts
        if hub:
            tokens = (Secret(secret), Secret(second_secret))
            target = Target(hub.ready().base_url, *tokens, embedded=True, claims=frozenset({EVERYTHING}))
        else:
            given = (token(option.token_env), second_token(option.second_token_env))
            target = Target(clean_base_url(option.base_url), *given, claims=frozenset(option.claim))
        run = Run(with_terms(target, config), report, registry, hub=hub)
        run.target = discover(run.inquiry, option.token_env)
    except BaseException:
        if hub:
            hub.stop()
        raise
    return run


def worker_run(config: pytest.Config) -> Run:
    """The run of an xdist worker, as the controller has told it."""
    given: dict[str, Any] = vars(config)["workerinput"]
    value = os.environ.get(given["token_env"]) or given["token"]
    second = os.environ.get(given["second_token_env"]) or given["second_token"]
    target = Target(
        base_url=given["base_url"],
        token=Secret(value) if value else None,
        second_token=Secret(second) if second else None,
        embedded=given["embedded"],
        models=given["models"],
        claims=frozenset(given["claims"]),
    )
    return Run(with_terms(target, config), Path(given["report"]), load_registry(load_contract()))


def for_worker(run: Run, option: argparse.Namespace) -> dict[str, Any]:
    """The controller's knowledge for an xdist worker; a real token stays in the environment that they share."""
    target = run.target
    return {
        "base_url": target.base_url,
        "embedded": target.embedded,
        "token_env": option.token_env if not target.embedded else "",
        "token": target.token.reveal() if target.embedded and target.token else "",
        "second_token_env": (option.second_token_env or "") if not target.embedded else "",
        "second_token": target.second_token.reveal() if target.embedded and target.second_token else "",
        "models": dict(target.models),
        "claims": sorted(target.claims),
        "report": str(run.report),
    }
