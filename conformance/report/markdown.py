"""`summary.md`: a run on one screen of a CI job summary.

What a hub said stands in code spans alone, on one line and without control characters, where neither Markdown nor HTML
means anything.
"""

from __future__ import annotations

import re
from collections.abc import Iterator, Mapping

from conformance.engine.judge import SEVERITY, Verdict
from conformance.engine.requirement import Requirement
from conformance.report.findings import UNJUDGED, Group, Sentence, groups, in_one_line
from conformance.report.result import Result
from conformance.report.timeline import duration
from conformance.report.transcript import printable

MOST_FINDINGS = 40
MOST_REASONS = 12
LONGEST = 200
"""Characters of a quotation."""
SIGNS = {Verdict.FAIL: "❌", Verdict.WARN: "⚠️", Verdict.ERROR: "💥", Verdict.PASS: "✅"}

_TICKS = re.compile(r"`+")
_MARKUP = re.compile(r"([\\`*_{}\[\]()<>#+!|~&@:.-])")


def markdown(result: Result, catalogue: Mapping[str, Requirement]) -> str:
    """The summary as GitHub-flavoured Markdown. Equal results give equal text."""
    return "\n".join(_lines(result, catalogue)) + "\n"


def code(text: str) -> str:
    """A code span of at most `LONGEST` characters: literal whatever the text holds, also inside a table."""
    line = printable(" ".join(text.split()))
    line = line if len(line) <= LONGEST else line[:LONGEST] + "…"
    # A pipe ends a table's cell even inside a code span.
    line = line.replace("|", "¦")
    fence = "`" * (max((len(run) for run in _TICKS.findall(line)), default=0) + 1)
    return f"{fence} {line or '(nothing)'} {fence}"


def prose(text: str) -> str:
    """A sentence of ours with every character escaped that could be markup."""
    return _MARKUP.sub(r"\\\1", printable(" ".join(text.split())))


def _lines(result: Result, catalogue: Mapping[str, Requirement]) -> Iterator[str]:
    from conformance.report.html import headline

    verdict, words = headline(result)
    where = "the embedded hub" if result.target.embedded else code(result.target.base_url)
    yield f"## {SIGNS.get(verdict, '❔')} {words}: {where}"
    yield ""
    took = duration((result.finished - result.started).total_seconds())
    counts = ", ".join(f"{result.requirements[v]} {v}" for v in SEVERITY if result.requirements.get(v))
    yield f"{counts or 'No'} sentences · {result.spend.requests} requests ({result.spend.billable} billable) · {took}"
    yield ""
    yield from _table(result)
    yield from _findings(groups(result.rows), catalogue)
    yield from _unjudged(result)


def _table(result: Result) -> Iterator[str]:
    used = [v for v in SEVERITY if any(v in counts for counts in result.families.values())]
    if not used:
        return
    yield "| family | " + " | ".join(used) + " |"
    yield "| :-- |" + " --: |" * len(used)
    for name, counts in result.families.items():
        yield f"| {prose(name)} | " + " | ".join(str(counts.get(v) or "·") for v in used) + " |"
    yield ""


def _findings(found: list[Group], catalogue: Mapping[str, Requirement]) -> Iterator[str]:
    if not found:
        return
    yield "### Findings"
    yield ""
    for group in found[:MOST_FINDINGS]:
        yield from _finding(group, Sentence.of(group.first.requirement, catalogue))
    if len(found) > MOST_FINDINGS:
        yield f"- and {len(found) - MOST_FINDINGS} more, in `report.html`"
    yield ""


def _finding(group: Group, sentence: Sentence) -> Iterator[str]:
    first = group.first
    places = f" · {len(group.rows)} places" if len(group.rows) > 1 else ""
    operation = f" on {code(first.operation)}" if first.operation else ""
    yield f"- {SIGNS[group.verdict]} **{group.verdict}** {code(first.requirement)}{operation}{places}<br>"
    if group.verdict is not Verdict.ERROR:
        yield f"  {prose(sentence.statement)}<br>"
    if first.finding is None:
        yield f"  {code(in_one_line(first.reason))}"
        return
    at = f" at {code(first.finding.at)}" if first.finding.at else ""
    yield f"  expected {code(first.finding.expected)}, got {code(first.finding.got)}{at}" + (
        "<br>" if sentence.fix else ""
    )
    if sentence.fix:
        yield f"  Fix: {prose(sentence.fix)}"


def _unjudged(result: Result) -> Iterator[str]:
    reasons: dict[tuple[Verdict, str], int] = {}
    for row in result.rows:
        if row.verdict in UNJUDGED:
            reasons[row.verdict, row.reason] = reasons.get((row.verdict, row.reason), 0) + 1
    if not reasons:
        return
    yield "<details><summary>What was not judged, and why</summary>"
    yield ""
    ordered = sorted(reasons.items(), key=lambda item: (-item[1], item[0]))
    for (verdict, reason), count in ordered[:MOST_REASONS]:
        yield f"- {count} × {verdict}: {code(reason)}"
    if len(ordered) > MOST_REASONS:
        yield f"- and {len(ordered) - MOST_REASONS} more reasons, in `report.html`"
    yield ""
    yield "</details>"
