"""The one record of a run, `result.json`. Every other face of a run is a pure function of it.

The models below are the format; `result.schema.json` beside this file is their published JSON Schema.
"""

from __future__ import annotations

import itertools
from collections import Counter
from collections.abc import Iterable
from dataclasses import dataclass
from datetime import UTC, datetime
from typing import Literal

from pydantic import BaseModel, ConfigDict, Field

from conformance import __version__
from conformance.engine.judge import SEVERITY, Case, Judged, Outcome, Verdict, worst
from conformance.engine.probing import Spend
from conformance.engine.requirement import Authority, Catalogue, Level, Requirement
from conformance.engine.target import Target
from conformance.wire.curl import curl

SCHEMA_VERSION = 1
JUDGED = (Verdict.PASS, Verdict.FAIL, Verdict.WARN)


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

    @classmethod
    def of(
        cls, target: Target, rows: list[Row], tally: Tally, spend: Spend, started: datetime, exit_status: int
    ) -> Result:
        """Put a run's parts together. Rows are sorted, so that equal runs give equal records."""
        ordered = sorted(rows, key=lambda r: (r.family, r.requirement, r.operation, r.test))
        return cls(
            suite=SuitePart(version=__version__),
            started=started,
            finished=datetime.now(UTC),
            target=TargetPart(
                base_url=target.base_url,
                embedded=target.embedded,
                models=dict(target.models),
                claims=tuple(sorted(target.claims)),
            ),
            exit_status=exit_status,
            conformant={0: True, 1: False}.get(exit_status),
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
        )


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
            found.setdefault((identifier, _operation(one.case, catalogue[identifier])), []).append(one)
    telling = {key: several for key, several in found.items() if not all(one.outcome.vacuous for one in several)}
    shown = telling or dict(itertools.islice(found.items(), 1))
    return [_row(catalogue[key[0]], key[1], several, test) for key, several in shown.items()]


def _operation(case: Case, requirement: Requirement) -> str:
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
