"""`summary.md`: a run on one screen of a CI job summary.

What a hub said stands in code spans alone, on one line and without control characters, where neither Markdown nor HTML
means anything.
"""

from __future__ import annotations

import re
from collections.abc import Iterator

from conformance.engine.judge import SEVERITY, Verdict
from conformance.engine.requirement import Catalogue
from conformance.report.findings import UNJUDGED, Group, Sentence, groups, in_one_line
from conformance.report.remarks import translated
from conformance.report.result import Result
from conformance.report.timeline import duration
from conformance.report.transcript import printable
from conformance.report.words import Words

MOST_FINDINGS = 40
MOST_REASONS = 12
LONGEST = 200
"""Characters of a quotation."""
SIGNS = {Verdict.FAIL: "❌", Verdict.WARN: "⚠️", Verdict.ERROR: "💥", Verdict.PASS: "✅"}

_TICKS = re.compile(r"`+")
_MARKUP = re.compile(r"([\\`*_{}\[\]()<>#+!|~&@:.-])")


def markdown(result: Result, catalogue: Catalogue) -> str:
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


def _lines(result: Result, catalogue: Catalogue) -> Iterator[str]:
    from conformance.report.html import headline

    say = Words(catalogue.language)
    result = translated(result, catalogue.language)
    verdict, words = headline(result, say)
    where = say("the embedded hub") if result.target.embedded else code(result.target.base_url)
    yield f"## {SIGNS.get(verdict, '❔')} {words}: {where}"
    yield ""
    took = duration((result.finished - result.started).total_seconds())
    counts = ", ".join(f"{result.requirements[v]} {say(str(v))}" for v in SEVERITY if result.requirements.get(v))
    spend = result.spend
    yield " · ".join(
        (
            say("{counts} sentences", counts=counts) if counts else say("No sentence was judged"),
            say("{requests} requests ({billable} billable)", requests=spend.requests, billable=spend.billable),
            took,
        )
    )
    yield ""
    if result.partial:
        yield f"{say('Partial')}: {prose('; '.join(result.why_partial(say)))}"
        yield ""
    yield from _table(result, say)
    yield from _stale(result, say)
    yield from _findings(groups(result.rows), catalogue, say)
    yield from _unjudged(result, say)


def _table(result: Result, say: Words) -> Iterator[str]:
    used = [v for v in SEVERITY if any(v in counts for counts in result.families.values())]
    if not used:
        return
    yield f"| {say('family')} | " + " | ".join(say(str(v)) for v in used) + " |"
    yield "| :-- |" + " --: |" * len(used)
    for name, counts in result.families.items():
        yield f"| {prose(name)} | " + " | ".join(str(counts.get(v) or "·") for v in used) + " |"
    yield ""


def _stale(result: Result, say: Words) -> Iterator[str]:
    if result.baseline is None or not result.baseline.stale:
        return
    yield f"### {say('The baseline is stale: delete these entries')}"
    yield ""
    for entry in result.baseline.stale[:MOST_FINDINGS]:
        yield f"- {code(entry.where)} {code(entry.requirement)} {code(entry.operation)}: {prose(entry.why)}"
    left = len(result.baseline.stale) - MOST_FINDINGS
    if left > 0:
        yield "- " + say("… and {count} more, in {place}", count=left, place="`report.html`")
    yield ""


def _findings(found: list[Group], catalogue: Catalogue, say: Words) -> Iterator[str]:
    if not found:
        return
    yield f"### {say('Findings')}"
    yield ""
    for group in found[:MOST_FINDINGS]:
        yield from _finding(group, Sentence.of(group.first.requirement, catalogue), say)
    if len(found) > MOST_FINDINGS:
        yield "- " + say("… and {count} more, in {place}", count=len(found) - MOST_FINDINGS, place="`report.html`")
    yield ""


def _finding(group: Group, sentence: Sentence, say: Words) -> Iterator[str]:
    first = group.first
    places = " · " + say("{count} places", count=len(group.rows)) if len(group.rows) > 1 else ""
    operation = " " + say("on {operation}", operation=code(first.operation)) if first.operation else ""
    known = "" if group.expected is None else (say("flaky") if group.expected.flaky else say("known")) + " "
    verdict = known + say(str(group.verdict))
    yield f"- {SIGNS[group.verdict]} **{verdict}** {code(first.requirement)}{operation}{places}<br>"
    if group.expected is not None:
        reason = group.expected.reason or say("no reason is given yet")
        yield f"  {prose(reason)} ({code(group.expected.where)})<br>"
    if group.verdict is not Verdict.ERROR:
        yield f"  {prose(sentence.statement)}<br>"
    if first.finding is None:
        yield f"  {code(in_one_line(first.reason))}"
        return
    at = " " + say("at {place}", place=code(say.place(first.finding.at))) if first.finding.at else ""
    expected, got = code(first.finding.expected), code(first.finding.got)
    line = say("expected {expected}, got {got}", expected=expected, got=got) + at
    yield f"  {line}" + ("<br>" if sentence.fix else "")
    if sentence.fix:
        yield f"  {say('Fix')}: {prose(sentence.fix)}"


def _unjudged(result: Result, say: Words) -> Iterator[str]:
    reasons: dict[tuple[Verdict, str], int] = {}
    for row in result.rows:
        if row.verdict in UNJUDGED:
            reasons[row.verdict, row.reason] = reasons.get((row.verdict, row.reason), 0) + 1
    if not reasons:
        return
    yield f"<details><summary>{say('What was not judged, and why')}</summary>"
    yield ""
    ordered = sorted(reasons.items(), key=lambda item: (-item[1], item[0]))
    for (verdict, reason), count in ordered[:MOST_REASONS]:
        yield f"- {count} × {say(str(verdict))}: {code(reason)}"
    if len(ordered) > MOST_REASONS:
        yield "- " + say("… and {count} more, in {place}", count=len(ordered) - MOST_REASONS, place="`report.html`")
    yield ""
    yield "</details>"
