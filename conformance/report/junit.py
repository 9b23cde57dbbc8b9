"""`junit.xml`, written from the result and not by pytest, so that a CI server shows our verdicts and no others."""

from __future__ import annotations

import xml.etree.ElementTree as ET
from itertools import groupby

from conformance.engine.judge import Verdict
from conformance.report.findings import UNJUDGED
from conformance.report.result import Result, Row
from conformance.report.transcript import printable

LONGEST = 8_000
"""Characters of a text."""


def junit(result: Result) -> str:
    """One suite for each family, one case for each row: a fail is a failure, an error an error, what was not judged is
    skipped with its reason, and so is a known fail; a warning passes with its finding as output."""
    seconds = f"{(result.finished - result.started).total_seconds():.3f}"
    root = ET.Element("testsuites", {"name": result.suite.name, "time": seconds, **_counts(result.rows)})
    for family, rows in groupby(result.rows, key=lambda row: row.family):
        listed = tuple(rows)
        started = result.started.isoformat(timespec="seconds")
        suite = ET.SubElement(root, "testsuite", {"name": _text(family), "timestamp": started, **_counts(listed)})
        for row in listed:
            _case(suite, row)
    ET.indent(root)
    return '<?xml version="1.0" encoding="utf-8"?>\n' + ET.tostring(root, encoding="unicode") + "\n"


def _counts(rows: tuple[Row, ...]) -> dict[str, str]:
    def count(*verdicts: Verdict) -> str:
        return str(sum(1 for row in rows if row.verdict in verdicts and not _is_skipped(row)))

    return {
        "tests": str(len(rows)),
        "failures": count(Verdict.FAIL),
        "errors": count(Verdict.ERROR),
        "skipped": str(sum(1 for row in rows if _is_skipped(row))),
    }


def _is_skipped(row: Row) -> bool:
    return row.verdict in UNJUDGED or (row.verdict is Verdict.FAIL and not row.decides)


def _case(suite: ET.Element, row: Row) -> None:
    case = ET.SubElement(
        suite,
        "testcase",
        classname=_text(f"{row.family}.{row.operation or 'no-single-operation'}"),
        name=_text(f"{row.requirement} {row.test.rpartition('::')[2]}"),
    )
    if row.verdict in UNJUDGED:
        ET.SubElement(case, "skipped", type=str(row.verdict), message=_text(f"{row.verdict}: {row.reason}", 400))
    elif _is_skipped(row) and row.expected is not None:
        ET.SubElement(case, "skipped", type="known", message=_text(f"known: {row.expected.reason}", 400))
        ET.SubElement(case, "system-out").text = _detail(row)
    elif row.verdict is Verdict.FAIL:
        ET.SubElement(case, "failure", type=str(row.level), message=_text(row.reason, 400)).text = _detail(row)
    elif row.verdict is Verdict.ERROR:
        ET.SubElement(case, "error", type="suite", message=_text(row.reason, 400)).text = _detail(row)
    elif row.verdict is Verdict.WARN:
        ET.SubElement(case, "system-out").text = _detail(row)


def _detail(row: Row) -> str:
    lines = [f"{row.verdict} {row.requirement} ({row.level}, {row.authority})"]
    if row.finding is None:
        lines.append(row.reason)
    else:
        lines += [f"expected {row.finding.expected}", f"got      {row.finding.got}"]
        lines += [f"at       {row.finding.at}"] if row.finding.at else []
        lines += row.finding.curl.splitlines()
    lines.append("evidence " + " ".join(row.evidence))
    return "\n".join(_text(line, LONGEST) for line in lines)[: 4 * LONGEST]


def _text(text: str, longest: int = LONGEST) -> str:
    """Without characters that XML 1.0 cannot hold, or that a terminal would obey."""
    shown = text[:longest]
    shown = shown if shown.isprintable() else printable(shown)
    return shown if len(text) <= longest else shown + "…"
