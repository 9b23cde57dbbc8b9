"""The last screen of a run: a table of families, the findings in their six parts, and what was not judged."""

from __future__ import annotations

import shutil
from collections.abc import Iterator
from pathlib import Path

from conformance.engine.judge import Verdict
from conformance.engine.requirement import Catalogue, Requirement
from conformance.report.findings import Group, groups
from conformance.report.remarks import translated
from conformance.report.result import Result, Row
from conformance.report.words import Words, cells, fitted, padded, wrapped

WIDEST = 118
ALL_IN_FULL = 3
"""So many findings are shown with all their parts. Of more, the first one is, and the others have a line each."""
LISTED = 24
"""Findings that have a line; the others are counted and stand in the report."""
KNOWN_SHOWN = 24
"""Entries of a baseline whose findings are named."""
PLACES_SHOWN = 6
"""Other places of the same finding that are named."""
LONGEST_GOT = 300
"""Characters of what was got; report.html has the bytes."""
REASONS_SHOWN = 3
"""Reasons that are given for each verdict that is none."""
COLUMNS = (
    Verdict.PASS,
    Verdict.FAIL,
    Verdict.WARN,
    Verdict.NOT_OFFERED,
    Verdict.NOT_TESTABLE,
    Verdict.INCONCLUSIVE,
    Verdict.ERROR,
)


def summary(result: Result, catalogue: Catalogue, report: Path, width: int = 0, *, full: bool = False) -> Iterator[str]:
    """The lines of the summary, without colour, at most `width` characters wide where words allow it.

    Args:
        full: whether every finding is shown with all its parts, however many there are.
    """
    width = min(width or shutil.get_terminal_size((WIDEST, 24)).columns, WIDEST)
    say = Words(catalogue.language)
    result = translated(result, catalogue.language)
    yield ""
    yield from _findings(result, catalogue, width, say, full)
    yield from _table(result, say)
    yield ""
    yield from _unjudged(result, width, say)
    yield from _baseline(result, width, say)
    yield _spend_line(result, say)
    yield f"{say('report')}: {report / 'report.html'}"
    if command := _next_command(result):
        yield f"{say('next')}: {command}"
    yield _verdict_line(result, say)


def _next_command(result: Result) -> str:
    """What helps most now: to understand the first finding, or after a green run at home to judge a deployment."""
    found = groups(result.rows)
    if found:
        return f"python -m conformance explain {found[0].first.requirement}"
    clean_at_home = result.target.embedded and result.exit_status == 0
    return "python -m conformance init --base-url https://…" if clean_at_home else ""


def _table(result: Result, say: Words) -> Iterator[str]:
    used = [
        v for v in COLUMNS if v in (Verdict.PASS, Verdict.FAIL) or any(str(v) in f for f in result.families.values())
    ]
    names = [say(str(v)) for v in used]
    widest = max(cells(name) for name in [*result.families, say("family")])
    yield f"{padded(say('family'), widest)}  " + "  ".join(names)
    for family, counts in result.families.items():
        numbers = (str(counts.get(str(v), 0) or "·") for v in used)
        columns = (padded(number, cells(name), right=True) for number, name in zip(numbers, names, strict=True))
        yield f"{family:<{widest}}  " + "  ".join(columns)


def _findings(result: Result, catalogue: Catalogue, width: int, say: Words, full: bool) -> Iterator[str]:
    found = [group for group in groups(result.rows) if group.expected is None]
    shown = len(found) if full or len(found) <= ALL_IN_FULL else 1
    for group in found[:shown]:
        yield from _finding(group.rows, catalogue[group.first.requirement], width, say)
    for group in found[shown : shown + LISTED]:
        yield _one_line(group, catalogue, width, say)
    if len(found) > shown + LISTED:
        yield say("… and {count} more, in {place}", count=len(found) - shown - LISTED, place="report.html")
    if len(found) > shown:
        yield ""


def _one_line(group: Group, catalogue: Catalogue, width: int, say: Words) -> str:
    verdict = padded(say(str(group.verdict)).upper(), 5)
    many = say("{count} places", count=len(group.rows)) if len(group.rows) > 1 else group.first.operation
    head = f"{verdict} {group.first.requirement}  "
    tail = f"  ({many})" if many else ""
    return head + fitted(catalogue[group.first.requirement].statement, width - cells(head) - cells(tail)) + tail


def _finding(rows: tuple[Row, ...], requirement: Requirement, width: int, say: Words) -> Iterator[str]:
    first = rows[0]
    verdict, authority = say(str(first.verdict)).upper(), say(str(requirement.authority))
    yield f"{verdict}  {requirement.id}  ({requirement.level}, {authority})  {_where(first)}"
    yield from _part("", requirement.statement, width)
    if first.finding is None:
        yield from _part("", first.reason, width)
    else:
        at = " " + say("at {place}", place=say.place(first.finding.at)) if first.finding.at else ""
        yield from _part(say("expected"), first.finding.expected, width)
        got = first.finding.got
        shown = got if len(got) <= LONGEST_GOT else f"{got[:LONGEST_GOT]}…"
        yield from _part(say("got"), shown + at, width)
        yield from _part(say("why"), requirement.why, width)
        yield from _part(say("fix"), requirement.fix, width)
        yield from (f"      {line}" if number else f"curl  {line}" for number, line in _numbered(first.finding.curl))
    if len(rows) > 1:
        others = [_where(row) for row in rows[1:]]
        more = " " + say("and {count} more", count=len(others) - PLACES_SHOWN) if len(others) > PLACES_SHOWN else ""
        yield from _part(say("also"), ", ".join(others[:PLACES_SHOWN]) + more, width)
    yield ""


def _numbered(text: str) -> Iterator[tuple[int, str]]:
    yield from enumerate(text.splitlines())


def _where(row: Row) -> str:
    return " + ".join(row.evidence) or row.operation


def _part(name: str, text: str, width: int) -> Iterator[str]:
    yield from wrapped(text, width, f"{padded(name, 9)} " if name else "")


def _unjudged(result: Result, width: int, say: Words) -> Iterator[str]:
    for verdict in (Verdict.NOT_OFFERED, Verdict.NOT_TESTABLE, Verdict.INCONCLUSIVE):
        reasons: dict[str, int] = {}
        for row in result.rows:
            if row.verdict is verdict:
                reasons[row.reason] = reasons.get(row.reason, 0) + 1
        for reason, count in sorted(reasons.items(), key=lambda item: (-item[1], item[0]))[:REASONS_SHOWN]:
            yield from _part(f"{say(str(verdict))}:", f"{count} × {reason}", width)


def _baseline(result: Result, width: int, say: Words) -> Iterator[str]:
    """What is known in one line each, and which entries of the baseline are to go."""
    known: dict[tuple[str, str], list[Row]] = {}
    for row in result.rows:
        if row.expected and row.verdict in (Verdict.FAIL, Verdict.WARN):
            known.setdefault((row.expected.where, str(row.verdict)), []).append(row)
    for (where, verdict), rows in list(known.items())[:KNOWN_SHOWN]:
        said = rows[0].expected
        kind = say("flaky") if said and said.flaky else say("known")
        reason = (said and said.reason) or say("no reason is given yet")
        names = ", ".join(dict.fromkeys(row.requirement for row in rows))
        yield from _part(f"{kind} {say(verdict)}:", f"{len(rows)} × {names}: {reason} ({where})", width)
    if len(known) > KNOWN_SHOWN:
        yield say("… and {count} more, in {place}", count=len(known) - KNOWN_SHOWN, place="report.html")
    for stale in result.baseline.stale if result.baseline else ():
        where = f"{stale.requirement} on {stale.operation}" if stale.operation != "*" else stale.requirement
        yield f"{say('STALE')}  {stale.where}: {say('delete this entry')}: {stale.why} ({where})"


def _spend_line(result: Result, say: Words) -> str:
    spend = result.spend
    seconds = f"{(result.finished - result.started).total_seconds():.1f}"
    line = say(
        "{requests} requests ({billable} billable), {tokens} output tokens, in {seconds} s",
        requests=spend.requests,
        billable=spend.billable,
        tokens=("≈ " if spend.output_tokens_estimated else "") + str(spend.output_tokens),
        seconds=seconds,
    )
    return line + (say(", {count} repeated after 429", count=spend.retried) if spend.retried else "")


def _verdict_line(result: Result, say: Words) -> str:
    must = result.counts.get("MUST", {})
    failed = [row for row in result.rows if row.verdict is Verdict.FAIL]
    broken = len({row.requirement for row in failed if row.decides})
    known = sum(1 for row in failed if not row.decides)
    warned = len({r.requirement for r in result.rows if r.verdict is Verdict.WARN})
    tail = say("; {count} SHOULD not kept", count=warned) if warned else ""
    if result.exit_status == 0 and known:
        told = "as expected: {known} checks failed, all of them known; {count} MUST checks passed"
        return say(told, known=known, count=must.get("pass", 0)) + tail
    if result.exit_status == 0:
        return say("conformant: {count} MUST checks passed, none failed", count=must.get("pass", 0)) + tail
    if result.exit_status == 1 and not broken and result.baseline:
        told = "the baseline is stale: {count} entries are to be deleted"
        return say(told, count=len(result.baseline.stale)) + tail
    if result.exit_status == 1:
        told = "not conformant: {broken} requirements broken in {checks} checks"
        beside = say(", {count} known ones aside", count=known) if known else ""
        return say(told, broken=broken, checks=len(failed) - known) + beside + tail
    if result.exit_status == 2 and not result.rows:
        return say("inconclusive: nothing was judged")
    return say("exit {status}: not everything could be judged", status=result.exit_status) + tail
