"""The last screen of a run: a table of families, the findings in their six parts, and what was not judged."""

from __future__ import annotations

import shutil
import textwrap
from collections.abc import Iterator
from itertools import groupby
from pathlib import Path

from conformance.engine.judge import Verdict
from conformance.engine.requirement import Catalogue, Requirement
from conformance.report.result import Result, Row

WIDEST = 118
FINDINGS_SHOWN = 40
"""Groups of findings shown in full; the others are counted and stand in result.json."""
PLACES_SHOWN = 12
"""Other places of the same finding that are named."""
COLUMNS = (
    Verdict.PASS,
    Verdict.FAIL,
    Verdict.WARN,
    Verdict.NOT_OFFERED,
    Verdict.NOT_TESTABLE,
    Verdict.INCONCLUSIVE,
    Verdict.ERROR,
)


def summary(result: Result, catalogue: Catalogue, report: Path, width: int = 0) -> Iterator[str]:
    """The lines of the summary, without colour, at most `width` characters wide where words allow it."""
    width = min(width or shutil.get_terminal_size((WIDEST, 24)).columns, WIDEST)
    yield ""
    yield from _findings(result, catalogue, width)
    yield from _table(result)
    yield ""
    yield from _unjudged(result, width)
    yield _spend_line(result)
    yield f"result: {report / 'result.json'}"
    yield _verdict_line(result)


def _table(result: Result) -> Iterator[str]:
    used = [
        v for v in COLUMNS if v in (Verdict.PASS, Verdict.FAIL) or any(str(v) in f for f in result.families.values())
    ]
    widest = max([len(name) for name in result.families] + [len("family")])
    yield f"{'family':<{widest}}  " + "  ".join(str(v) for v in used)
    for name, counts in result.families.items():
        cells = "  ".join(f"{counts.get(str(v), 0) or '·':>{len(str(v))}}" for v in used)
        yield f"{name:<{widest}}  {cells}"


def _findings(result: Result, catalogue: Catalogue, width: int) -> Iterator[str]:
    broken = [row for row in result.rows if row.verdict in (Verdict.FAIL, Verdict.WARN, Verdict.ERROR)]
    broken.sort(key=lambda r: (COLUMNS.index(r.verdict) if r.verdict is not Verdict.ERROR else -1, r.requirement))
    groups = [
        list(rows)
        for _, rows in groupby(broken, key=lambda r: (r.verdict, r.requirement, r.finding and r.finding.expected))
    ]
    for rows in groups[:FINDINGS_SHOWN]:
        yield from _finding(rows, catalogue[rows[0].requirement], width)
    if len(groups) > FINDINGS_SHOWN:
        yield f"… and {len(groups) - FINDINGS_SHOWN} more, in result.json"
        yield ""


def _finding(rows: list[Row], requirement: Requirement, width: int) -> Iterator[str]:
    first = rows[0]
    yield f"{first.verdict.upper()}  {requirement.id}  ({requirement.level}, {requirement.authority})  {_where(first)}"
    yield from _part("", requirement.statement, width)
    if first.finding is None:
        yield from _part("", first.reason, width)
    else:
        at = f" at {first.finding.at}" if first.finding.at else ""
        yield from _part("expected", first.finding.expected, width)
        yield from _part("got", first.finding.got + at, width)
        yield from _part("why", requirement.why, width)
        yield from _part("fix", requirement.fix, width)
        yield from (f"      {line}" if number else f"curl  {line}" for number, line in _numbered(first.finding.curl))
    if len(rows) > 1:
        others = [_where(row) for row in rows[1:]]
        more = f" and {len(others) - PLACES_SHOWN} more" if len(others) > PLACES_SHOWN else ""
        yield from _part("also", ", ".join(others[:PLACES_SHOWN]) + more, width)
    yield ""


def _numbered(text: str) -> Iterator[tuple[int, str]]:
    yield from enumerate(text.splitlines())


def _where(row: Row) -> str:
    return " + ".join(row.evidence) or row.operation


def _part(name: str, text: str, width: int) -> Iterator[str]:
    head = f"{name:<9} " if name else ""
    yield from textwrap.wrap(
        text, width, initial_indent=head, subsequent_indent=" " * len(head), break_on_hyphens=False
    )


def _unjudged(result: Result, width: int) -> Iterator[str]:
    for verdict in (Verdict.NOT_OFFERED, Verdict.NOT_TESTABLE, Verdict.INCONCLUSIVE):
        reasons: dict[str, int] = {}
        for row in result.rows:
            if row.verdict is verdict:
                reasons[row.reason] = reasons.get(row.reason, 0) + 1
        for reason, count in sorted(reasons.items(), key=lambda item: (-item[1], item[0]))[:5]:
            yield from _part(f"{verdict}:", f"{count} × {reason}", width)


def _spend_line(result: Result) -> str:
    spend = result.spend
    seconds = (result.finished - result.started).total_seconds()
    line = f"{spend.requests} requests ({spend.billable} billable) in {seconds:.1f} s"
    return line + (f", {spend.retried} repeated after 429" if spend.retried else "")


def _verdict_line(result: Result) -> str:
    must = result.counts.get("MUST", {})
    broken = len({r.requirement for r in result.rows if r.verdict is Verdict.FAIL})
    warned = len({r.requirement for r in result.rows if r.verdict is Verdict.WARN})
    tail = f"; {warned} SHOULD not kept" if warned else ""
    if result.exit_status == 0:
        return f"conformant: {must.get('pass', 0)} MUST checks passed, none failed{tail}"
    if result.exit_status == 1:
        return f"not conformant: {broken} requirements broken in {must.get('fail', 0)} checks{tail}"
    if result.exit_status == 2 and not result.rows:
        return "inconclusive: nothing was judged"
    return f"exit {result.exit_status}: not everything could be judged{tail}"
