"""Two runs set against each other: what broke, what was mended, and what a hub adds to the server behind it."""

from __future__ import annotations

import json
from collections.abc import Iterable, Iterator, Mapping
from dataclasses import asdict, dataclass
from typing import Any

from conformance.engine.judge import SEVERITY, Verdict
from conformance.report.findings import BROKEN, cause
from conformance.report.markdown import code, prose
from conformance.report.result import LatencyPart, Pair, Result, Row
from conformance.report.timeline import duration
from conformance.report.transcript import printable

SLOWER, SECONDS = 1.5, 0.05
"""A median counts as changed when it grew or shrank by this factor and by this many seconds."""
MOST_LINES = 60
"""Changes of a kind that are listed as text; JSON holds all."""


@dataclass(frozen=True)
class Change:
    """One requirement on one operation, before and after. A verdict is empty where there is no row."""

    requirement: str
    operation: str
    level: str
    before: str
    after: str
    reason: str
    """What is wrong after, or was wrong before when it is mended; empty when neither says so."""

    @property
    def is_regression(self) -> bool:
        """A MUST is newly broken, or what was kept is no longer offered."""
        return self.after in (Verdict.FAIL, Verdict.NOT_OFFERED)


@dataclass(frozen=True)
class Speed:
    """Median seconds of whole answers of an operation."""

    operation: str
    before: float
    after: float


@dataclass(frozen=True)
class Diff:
    """What changed from one run to the next."""

    newly_broken: tuple[Change, ...]
    newly_kept: tuple[Change, ...]
    changed: tuple[Change, ...]
    """Broken before and after, in another way."""
    withdrawn: tuple[Change, ...]
    """Kept before and not offered any more."""
    otherwise: tuple[Change, ...]
    """Any other change of a verdict."""
    appeared: tuple[str, ...]
    """Requirements that the edition of the later run has and the other one's has not."""
    vanished: tuple[str, ...]
    not_compared: int
    """Checks that one of the runs left out."""
    spend: Mapping[str, tuple[int, int]]
    latency: tuple[Speed, ...]
    editions: tuple[str, str]

    @property
    def has_regression(self) -> bool:
        return any(change.is_regression for change in (*self.newly_broken, *self.withdrawn))


@dataclass(frozen=True)
class Minus:
    """What a hub adds to the deviations of the server behind it."""

    added: tuple[Change, ...]
    """Broken in the hub and kept by the server behind it."""
    differently: tuple[Change, ...]
    """Broken in both, in different ways."""
    inherited: tuple[Change, ...]
    mended: tuple[Change, ...]
    """Broken behind the hub, and kept by the hub."""
    unknown: tuple[Change, ...]
    """Broken in the hub, and not judged behind it."""

    @property
    def has_regression(self) -> bool:
        return any(change.is_regression for change in self.added)


def worst(rows: Iterable[Row]) -> dict[Pair, Row]:
    """The row that counts for each requirement on each operation."""
    found: dict[Pair, Row] = {}
    for row in rows:
        known = found.get(row.pair)
        if known is None or SEVERITY.index(row.verdict) < SEVERITY.index(known.verdict):
            found[row.pair] = row
    return dict(sorted(found.items()))


def diff(before: Result, after: Result) -> Diff:
    """Compare two runs, of the same hub or of two."""
    old, new = worst(before.rows), worst(after.rows)
    kinds: dict[str, list[Change]] = {}
    for pair in sorted(old.keys() & new.keys()):
        kind = _kind(old[pair], new[pair])
        if kind:
            kinds.setdefault(kind, []).append(_change(old[pair], new[pair]))
    known_before, known_after = _edition(before), _edition(after)
    both = known_before & known_after
    return Diff(
        newly_broken=tuple(kinds.get("newly broken", ())),
        newly_kept=tuple(kinds.get("newly kept", ())),
        changed=tuple(kinds.get("changed", ())),
        withdrawn=tuple(kinds.get("withdrawn", ())),
        otherwise=tuple(kinds.get("otherwise", ())),
        appeared=tuple(sorted(known_after - known_before)),
        vanished=tuple(sorted(known_before - known_after)),
        not_compared=sum(1 for pair in old.keys() ^ new.keys() if pair[0] in both),
        spend={
            "requests": (before.spend.requests, after.spend.requests),
            "billable": (before.spend.billable, after.spend.billable),
        },
        latency=tuple(_speeds(before.latency, after.latency)),
        editions=(before.suite.edition, after.suite.edition),
    )


def minus(hub: Result, upstream: Result) -> Minus:
    """Take the deviations of the server behind a hub from those of the hub."""
    behind = worst(upstream.rows)
    kinds: dict[str, list[Change]] = {}
    for pair, row in worst(hub.rows).items():
        other = behind.get(pair)
        kind = _inheritance(other, row)
        if kind:
            kinds.setdefault(kind, []).append(_change(other, row))
    return Minus(
        added=tuple(kinds.get("added", ())),
        differently=tuple(kinds.get("differently", ())),
        inherited=tuple(kinds.get("inherited", ())),
        mended=tuple(kinds.get("mended", ())),
        unknown=tuple(kinds.get("unknown", ())),
    )


def _edition(result: Result) -> set[str]:
    return {row.requirement for row in result.rows} | set(result.not_selected)


def _kind(old: Row, new: Row) -> str:
    if new.verdict in BROKEN and old.verdict in BROKEN:
        if new.verdict is old.verdict:
            return "changed" if cause(old) != cause(new) else ""
        return "newly broken" if new.verdict is Verdict.FAIL else "changed"
    if new.verdict is old.verdict:
        return ""
    if new.verdict in BROKEN:
        return "newly broken"
    if new.verdict is Verdict.PASS and old.verdict in BROKEN:
        return "newly kept"
    if new.verdict is Verdict.NOT_OFFERED and old.verdict is Verdict.PASS:
        return "withdrawn"
    return "otherwise"


def _inheritance(behind: Row | None, row: Row) -> str:
    if row.verdict in BROKEN:
        if behind is None or behind.verdict not in (*BROKEN, Verdict.PASS):
            return "unknown"
        if behind.verdict is Verdict.PASS:
            return "added"
        return "inherited" if cause(behind) == cause(row) else "differently"
    return "mended" if row.verdict is Verdict.PASS and behind and behind.verdict in BROKEN else ""


def _change(old: Row | None, new: Row) -> Change:
    told = new if new.verdict in BROKEN or old is None else old
    return Change(
        requirement=new.requirement,
        operation=new.operation,
        level=str(new.level),
        before=str(old.verdict) if old else "",
        after=str(new.verdict),
        reason=told.reason if told.verdict in BROKEN else new.reason,
    )


def _speeds(before: Mapping[str, LatencyPart], after: Mapping[str, LatencyPart]) -> Iterator[Speed]:
    for operation in sorted(before.keys() & after.keys()):
        old, new = before[operation].whole_seconds, after[operation].whole_seconds
        if abs(new - old) > SECONDS and max(old, new) > SLOWER * min(old, new):
            yield Speed(operation, old, new)


def as_json(found: Diff | Minus) -> str:
    """Everything, for programs."""
    data: dict[str, Any] = asdict(found)
    return json.dumps({**data, "regression": found.has_regression}, indent=2, ensure_ascii=True)


def as_text(found: Diff | Minus) -> str:
    """For a terminal."""
    lines: list[str] = []
    for title, changes in _sections(found):
        if changes:
            lines.append(f"{title}: {len(changes)}")
            lines += [f"  {_words(change)}" for change in changes[:MOST_LINES]]
            lines += [f"  and {len(changes) - MOST_LINES} more"] if len(changes) > MOST_LINES else []
    lines += _rest(found) if isinstance(found, Diff) else []
    return "\n".join([*lines, _verdict(found)])


def as_markdown(found: Diff | Minus) -> str:
    """For the summary of a CI job or a comment on a change."""
    lines = [f"## {_verdict(found).capitalize()}", ""]
    for title, changes in _sections(found):
        if changes:
            lines += [f"### {title.capitalize()}: {len(changes)}", ""]
            lines += [_item(change) for change in changes[:MOST_LINES]]
            lines += [f"- and {len(changes) - MOST_LINES} more"] if len(changes) > MOST_LINES else []
            lines.append("")
    lines += [f"- {prose(line)}" for line in _rest(found)] if isinstance(found, Diff) else []
    return "\n".join(lines)


def _sections(found: Diff | Minus) -> list[tuple[str, tuple[Change, ...]]]:
    if isinstance(found, Minus):
        return [
            ("added by the hub", found.added),
            ("broken in both, in different ways", found.differently),
            ("broken in the hub, not judged behind it", found.unknown),
            ("inherited", found.inherited),
            ("mended by the hub", found.mended),
        ]
    return [
        ("newly broken", found.newly_broken),
        ("no longer offered", found.withdrawn),
        ("newly kept", found.newly_kept),
        ("broken in another way", found.changed),
        ("judged otherwise", found.otherwise),
    ]


def _rest(found: Diff) -> list[str]:
    lines = [f"new in the later edition: {', '.join(found.appeared)}"] if found.appeared else []
    lines += [f"gone from the later edition: {', '.join(found.vanished)}"] if found.vanished else []
    lines += [f"left out by one of the runs: {found.not_compared} checks"] if found.not_compared else []
    if found.editions[0] != found.editions[1]:
        lines.append(f"edition: {found.editions[0] or 'unknown'} -> {found.editions[1] or 'unknown'}")
    for name, (old, new) in found.spend.items():
        lines += [f"{name}: {old} -> {new}"] if old != new else []
    for speed in found.latency[:MOST_LINES]:
        lines.append(f"median of {speed.operation}: {duration(speed.before)} -> {duration(speed.after)}")
    return [printable(line) for line in lines]


def _verdict(found: Diff | Minus) -> str:
    if isinstance(found, Minus):
        count = len(found.added)
        return f"the hub adds {count} deviations to those behind it" if count else "the hub adds no deviation"
    if found.has_regression:
        return "worse: something that was kept is not kept any more"
    changed = any(changes for _, changes in _sections(found))
    return "no regression" if changed else "no verdict changed"


def _words(change: Change) -> str:
    on = f" on {change.operation}" if change.operation else ""
    reason = " ".join(change.reason.split())
    cut = reason if len(reason) <= 200 else f"{reason[:200]}..."
    verdicts = f"{change.before or 'not judged'} -> {change.after}"
    return printable(f"{change.requirement}{on} ({change.level}): {verdicts}" + (f": {cut}" if cut else ""))


def _item(change: Change) -> str:
    on = f" on {code(change.operation)}" if change.operation else ""
    reason = f"<br>{code(change.reason)}" if change.reason else ""
    verdicts = f"{change.before or 'not judged'} → {change.after}"
    return f"- {code(change.requirement)}{on} ({change.level}): {verdicts}{reason}"
