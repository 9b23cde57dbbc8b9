"""The one record of a run, `result.json`. Every other face of a run is a pure function of it.

The models below are the format; `result.schema.json` beside this file is their published JSON Schema.
"""

from __future__ import annotations

import hashlib
import json
from collections import Counter
from collections.abc import Callable, Iterable, Mapping, Set
from dataclasses import dataclass
from datetime import UTC, datetime
from functools import cache
from types import MappingProxyType
from typing import Literal

from pydantic import BaseModel, ConfigDict, Field

from conformance import EDITION, __version__
from conformance.engine.contract import load_contract
from conformance.engine.judge import SEVERITY, Case, Judged, Outcome, Verdict, all_tests, worst
from conformance.engine.probe import load_registry
from conformance.engine.probing import Spend
from conformance.engine.requirement import Authority, Catalogue, Level, Requirement, load_catalogue
from conformance.engine.target import Target
from conformance.wire.curl import curl

SCHEMA_VERSION = 1
JUDGED = (Verdict.PASS, Verdict.FAIL, Verdict.WARN)
DECIDING = ((Verdict.ERROR, 3), (Verdict.FAIL, 1), (Verdict.INCONCLUSIVE, 2))
"""Verdicts that keep a run from being conformant, with its exit status; the first that occurs counts."""
NOTHING_JUDGED = 2
Pair = tuple[str, str]
"""A requirement's id, and an operation's id or "" when the sentence is about no single one."""


class _Part(BaseModel):
    model_config = ConfigDict(frozen=True, extra="forbid")


class FindingRow(_Part):
    """What a broken sentence looks like on the wire."""

    expected: str
    got: str
    at: str = Field(description="JSON pointer, event number or header name; empty when the whole answer is meant")
    curl: str = Field(description="reproduces the request; the token stands as $HUB_TOKEN")
    exchange: int = Field(
        default=0, ge=0, description="which exchange shows it, counted from 0 over the records that `evidence` names"
    )


class Expectation(_Part):
    """What a baseline says about a row."""

    flaky: bool = Field(description="the verdict comes and goes: it is counted and decides nothing")
    reason: str
    link: str = ""
    where: str = Field(description="file:line of the baseline's entry")


class Row(_Part):
    """One requirement on one operation, by one test."""

    requirement: str
    level: Level
    authority: Authority
    family: str
    operation: str = Field(description="documented operation id; empty when the sentence is about no single one")
    verdict: Verdict
    reason: str = Field(description="why it was not judged, or the finding in one line; empty on a pass")
    test: str = Field(description="pytest node id of the judge")
    evidence: tuple[str, ...] = Field(description="keys of the records under evidence/ that gave this verdict")
    finding: FindingRow | None = None
    expected: Expectation | None = Field(default=None, description="set when a baseline knew of it; null otherwise")

    @property
    def pair(self) -> Pair:
        return self.requirement, self.operation

    @property
    def decides(self) -> bool:
        """Whether the exit status depends on it; what a baseline knew of does not count, errors of the suite aside."""
        return self.expected is None or self.verdict is Verdict.ERROR


class SpendPart(_Part):
    """Requests that were sent, and the output tokens that they came to."""

    requests: int
    by_family: dict[str, int]
    billable: int = Field(description="requests that asked a priced operation to do its work")
    retried: int
    waited_seconds: float
    output_tokens: int = Field(default=0, description="as the hub reported them; where it did not, an estimate of ours")
    output_tokens_estimated: int = Field(default=0, description="how many of them are an estimate")
    output_tokens_allowed: int = Field(
        default=0, description="what the limits of the requests that were served add up to"
    )

    def as_spend(self) -> Spend:
        """The same as the engine counts it."""
        return Spend(
            requests=self.requests,
            by_family=self.by_family,
            billable=self.billable,
            retried=self.retried,
            waited=self.waited_seconds,
            output=self.output_tokens,
            estimated=self.output_tokens_estimated,
            allowed=self.output_tokens_allowed,
        )


class TargetPart(_Part):
    """What was judged."""

    base_url: str
    embedded: bool
    models: dict[str, str]
    claims: tuple[str, ...]


class SuitePart(_Part):
    """What judged it."""

    name: Literal["hub-conformance"] = "hub-conformance"
    version: str
    edition: str = Field(default="", description="date of the catalogue")
    catalogue: str = Field(default="", description="SHA-256 of the catalogue's sentences, in hexadecimal")
    contract: str = Field(default="", description="SHA-256 of the OpenAPI document, in hexadecimal")

    @classmethod
    def this(cls) -> SuitePart:
        """The suite that is running."""
        return cls(
            version=__version__,
            edition=EDITION,
            catalogue=_digest({r.id: r.model_dump(mode="json") for r in load_catalogue().values()}),
            contract=_digest(load_contract().document),
        )


def _digest(value: object) -> str:
    text = json.dumps(value, sort_keys=True, ensure_ascii=True, separators=(",", ":"))
    return hashlib.sha256(text.encode("ascii")).hexdigest()


class LatencyPart(_Part):
    """How long an operation took to answer with success, medians over its probes."""

    exchanges: int
    headers_seconds: float = Field(description="from the start of a request to the end of the answer's header section")
    whole_seconds: float


class StalePart(_Part):
    """An entry of a baseline that is to be deleted."""

    where: str = Field(description="file:line")
    requirement: str
    operation: str
    why: str


class SelectionPart(_Part):
    """What of the catalogue was to be judged."""

    families: tuple[str, ...] = Field(default=(), description="empty for all")
    levels: tuple[str, ...] = Field(default=("MUST", "SHOULD", "MAY"))


class BaselinePart(_Part):
    """What was expected of the hub, and how that came out."""

    file: str
    known: dict[str, int] = Field(description="verdict -> number of rows that it knew of")
    flaky: dict[str, int] = Field(description="verdict -> number of rows that decide nothing")
    stale: tuple[StalePart, ...] = ()


class Result(_Part):
    """A whole run."""

    schema_version: Literal[1] = 1
    suite: SuitePart
    started: datetime
    finished: datetime
    target: TargetPart
    exit_status: int
    conformant: bool | None = Field(description="null when the run is inconclusive or judged nothing")
    counts: dict[str, dict[str, int]] = Field(description="level -> verdict -> number of rows")
    families: dict[str, dict[str, int]] = Field(description="family -> verdict -> number of rows")
    requirements: dict[str, int] = Field(description="verdict -> number of requirements, each by its worst row")
    spend: SpendPart
    rows: tuple[Row, ...]
    selection: SelectionPart = SelectionPart()
    not_selected: tuple[str, ...] = Field(
        default=(), description="requirements of the edition that no row is about, because the run left them out"
    )
    silent: tuple[str, ...] = Field(
        default=(), description="tests that were judged and had nothing to judge; of a requirement alone one has a row"
    )
    left_out: int = Field(
        default=0,
        ge=0,
        description="tests of the edition that gave no row, because they were not run",
    )
    latency: dict[str, LatencyPart] = Field(default={}, description="by operation")
    baseline: BaselinePart | None = None
    shard: str = Field(default="", description='"2/3" when this is the second of three parts of a run')
    replayed: bool = Field(default=False, description="judged from kept evidence; nothing was asked")

    def why_partial(self, say: Callable[..., str]) -> list[str]:
        """Why this result does not speak for the whole contract, in the language of `say`; empty when it does."""
        undecided = sum(1 for row in self.rows if row.verdict in (Verdict.INCONCLUSIVE, Verdict.ERROR))
        said = (
            (bool(self.shard), say("it is shard {shard} of a run", shard=self.shard)),
            (self.left_out > 0, say("{count} tests were left out", count=self.left_out)),
            (undecided > 0, say("{count} checks could not be decided", count=undecided)),
        )
        return [phrase for holds, phrase in said if holds]

    @property
    def partial(self) -> list[str]:
        """The same in English."""
        return self.why_partial(str.format)

    @classmethod
    def of(
        cls,
        target: Target,
        rows: list[Row],
        tally: Tally,
        spend: Spend,
        started: datetime,
        exit_status: int,
        *,
        selection: SelectionPart | None = None,
        silent: Iterable[str] = (),
        latency: Mapping[str, LatencyPart] = MappingProxyType({}),
        baseline: BaselinePart | None = None,
        shard: str = "",
        replays: Result | None = None,
    ) -> Result:
        """Put a run's parts together. Rows are sorted, so that equal runs give equal records."""
        ordered = sorted(rows, key=lambda r: (r.family, r.requirement, r.operation, r.test))
        return cls(
            suite=SuitePart.this(),
            started=replays.started if replays else started,
            finished=replays.finished if replays else datetime.now(UTC),
            target=TargetPart(
                base_url=target.base_url,
                embedded=target.embedded,
                models=dict(target.models),
                claims=tuple(sorted(target.claims)),
            ),
            exit_status=exit_status,
            conformant=_conformant(ordered, exit_status),
            counts=_count(ordered, lambda r: r.level),
            families=_count(ordered, lambda r: r.family),
            requirements=dict(Counter(str(v) for v in tally.worst.values())),
            spend=SpendPart(
                requests=spend.requests,
                by_family=dict(sorted(spend.by_family.items())),
                billable=spend.billable,
                retried=spend.retried,
                waited_seconds=spend.waited,
                output_tokens=spend.output,
                output_tokens_estimated=spend.estimated,
                output_tokens_allowed=spend.allowed,
            ),
            rows=tuple(ordered),
            selection=selection or SelectionPart(),
            not_selected=_not_selected(ordered),
            silent=tuple(sorted(set(silent))),
            left_out=_left_out(ordered, silent),
            latency=dict(latency),
            baseline=baseline,
            shard=shard,
            replayed=replays is not None,
        )


@cache
def judgeable() -> Mapping[Pair, frozenset[str]]:
    """Every requirement with every operation that the package can judge it on, and the tests that do."""
    registry, catalogue = load_registry(load_contract()), load_catalogue()
    found: dict[Pair, set[str]] = {}
    for test, cases in all_tests(registry):
        for case in cases:
            for identifier in case.ids:
                found.setdefault((identifier, operation_of(case, catalogue[identifier])), set()).add(test)
    return {pair: frozenset(tests) for pair, tests in found.items()}


def _left_out(rows: Iterable[Row], silent: Iterable[str]) -> int:
    """Tests of the package that were not run."""
    return len(frozenset().union(*judgeable().values()) - {row.test for row in rows} - set(silent))


def representatives(vacuous: Iterable[Row], judged: Set[str]) -> list[Row]:
    """One row for each requirement of which no test had anything to judge, whatever the order of the tests was.

    Args:
        vacuous: rows of tests that had nothing to judge.
        judged: requirements of which other rows tell.
    """
    first: dict[str, Row] = {}
    for row in sorted(vacuous, key=lambda row: (row.requirement, row.operation, row.test)):
        if row.requirement not in judged:
            first.setdefault(row.requirement, row)
    return list(first.values())


def _not_selected(rows: Iterable[Row]) -> tuple[str, ...]:
    seen = {row.requirement for row in rows}
    return tuple(sorted(r.id for r in load_catalogue().judged if r.id not in seen))


def _conformant(rows: Iterable[Row], exit_status: int) -> bool | None:
    """A broken MUST stays one when it is known; one that comes and goes leaves the question open."""
    listed = list(rows)
    firm = {row.verdict for row in listed if row.expected is None or not row.expected.flaky}
    if exit_status not in (0, 1):
        return None
    if Verdict.FAIL in firm:
        return False
    open_to_doubt = Verdict.INCONCLUSIVE in firm or any(row.verdict is Verdict.FAIL for row in listed)
    return None if open_to_doubt or not Tally.of(listed).judged else True


def status_of(rows: Iterable[Row], *, stale: bool = False) -> int:
    """Exit status: 0 conformant or as expected, 1 not so or the baseline is stale, 2 undecided, 3 an error of ours."""
    listed = list(rows)
    found = {row.verdict for row in listed if row.decides}
    for verdict, status in DECIDING:
        if stale and verdict is Verdict.INCONCLUSIVE:
            return 1
        if verdict in found:
            return status
    return 0 if Tally.of(listed).judged else NOTHING_JUDGED


def _count(rows: Iterable[Row], key: object) -> dict[str, dict[str, int]]:
    assert callable(key)
    table: dict[str, Counter[str]] = {}
    for row in rows:
        table.setdefault(str(key(row)), Counter())[str(row.verdict)] += 1
    return {name: dict(sorted(counter.items())) for name, counter in sorted(table.items())}


@dataclass(frozen=True)
class Tally:
    """Counts over all rows."""

    verdicts: dict[Verdict, int]
    worst: dict[str, Verdict]

    @classmethod
    def of(cls, rows: Iterable[Row]) -> Tally:
        verdicts: Counter[Verdict] = Counter()
        seen: dict[str, set[Verdict]] = {}
        for row in rows:
            verdicts[row.verdict] += 1
            seen.setdefault(row.requirement, set()).add(row.verdict)
        return cls(dict(verdicts), {i: next(v for v in SEVERITY if v in found) for i, found in seen.items()})

    @property
    def judged(self) -> int:
        """Rows with a real verdict."""
        return sum(self.verdicts.get(v, 0) for v in JUDGED)


def rows_of(judged: Iterable[Judged], catalogue: Catalogue, test: str) -> list[Row]:
    """The rows of one test: one for each requirement that the judge names and each operation that it was judged on.

    Operations with nothing that the sentence is about are left out where there is another one; of several like them
    alone the first stands for all.
    """
    found: dict[tuple[str, str], list[Judged]] = {}
    for one in judged:
        for identifier in one.case.ids:
            found.setdefault((identifier, operation_of(one.case, catalogue[identifier])), []).append(one)
    telling = {key: several for key, several in found.items() if not all(one.outcome.vacuous for one in several)}
    shown = telling or {key: found[key] for key in sorted(found, key=lambda key: (key[1], key[0]))[:1]}
    return [_row(catalogue[key[0]], key[1], several, test) for key, several in shown.items()]


def operation_of(case: Case, requirement: Requirement) -> str:
    """Id of the operation that a case judges a requirement on; empty when it is no single one."""
    return case.operation or (requirement.operations[0] if len(requirement.operations) == 1 else "")


def _row(requirement: Requirement, operation: str, judged: list[Judged], test: str) -> Row:
    decisive = worst(judged)
    alike = [one for one in judged if one.outcome.verdict is decisive.outcome.verdict]
    return Row(
        requirement=requirement.id,
        level=requirement.level,
        authority=requirement.authority,
        family=requirement.family,
        operation=operation,
        verdict=decisive.outcome.verdict,
        reason=decisive.outcome.reason,
        test=test,
        evidence=tuple(slot.key for one in alike for slot in one.case.slots.values()),
        finding=_finding(decisive.outcome),
    )


def _finding(outcome: Outcome) -> FindingRow | None:
    if outcome.finding is None:
        return None
    found = outcome.finding
    request = outcome.exchanges[found.exchange].request if outcome.exchanges else None
    return FindingRow(
        expected=found.expected,
        got=found.got,
        at=found.at,
        curl=curl(request) if request is not None else "",
        exchange=found.exchange,
    )
