"""Allure results: one test per judged case, labelled by family, operation, requirement and level."""

from __future__ import annotations

import json
from pathlib import Path

import allure
import pytest

from conformance.engine.judge import Judged, Outcome, Verdict, worst
from conformance.engine.requirement import Level, Requirement, load_catalogue
from conformance.report.result import Result
from conformance.report.transcript import transcript
from conformance.wire.curl import curl

SEVERITIES = {
    Level.MUST: allure.severity_level.CRITICAL,
    Level.SHOULD: allure.severity_level.NORMAL,
    Level.MAY: allure.severity_level.MINOR,
}
SHOWN_WITH_BYTES = (Verdict.FAIL, Verdict.WARN, Verdict.ERROR)
CATEGORIES = (
    {
        "name": "A promise is broken (MUST)",
        "matchedStatuses": ["failed"],
        "messageRegex": r"(?s)^(Failed: )?[a-z0-9-]+\..*",
    },
    {
        "name": "The suite went wrong",
        "matchedStatuses": ["failed", "broken"],
        "messageRegex": r"(?s).*judge or probe.*",
    },
    {"name": "Not offered by this hub", "matchedStatuses": ["skipped"], "messageRegex": r"(?s).*not-offered: .*"},
    {"name": "The evidence cannot tell", "matchedStatuses": ["skipped"], "messageRegex": r"(?s).*not-testable: .*"},
    {"name": "Inconclusive", "matchedStatuses": ["skipped"], "messageRegex": r"(?s).*inconclusive: .*"},
)


class AllureReporter:
    """Describes each case to Allure while its test is running."""

    @pytest.hookimpl
    def pytest_conformance_judged(self, judged: list[Judged]) -> None:
        """Label the running test; attach the exchanges and a curl line where something is broken."""
        case, outcome = worst(judged).case, worst(judged).outcome
        requirements = [load_catalogue()[i] for i in case.ids]
        first = requirements[0]
        allure.dynamic.title(first.statement)
        allure.dynamic.description("\n\n".join(_describe(r) for r in requirements))
        allure.dynamic.severity(SEVERITIES[first.level])
        allure.dynamic.epic("hub-conformance")
        allure.dynamic.feature(first.family)
        allure.dynamic.story(case.operation or "every operation")
        for name, value in (
            ("family", first.family),
            ("operation", case.operation or "every operation"),
            ("level", str(first.level)),
            ("verdict", str(outcome.verdict)),
        ):
            allure.dynamic.label(name, value)
        for requirement in requirements:
            allure.dynamic.label("requirement", requirement.id)
        if outcome.verdict in SHOWN_WITH_BYTES:
            _attach(outcome)


def _describe(requirement: Requirement) -> str:
    return (
        f"**{requirement.id}** ({requirement.level}, {requirement.authority})\n\n{requirement.statement}\n\n"
        f"Source: {requirement.source}\n\nWhy: {requirement.why}\n\nFix: {requirement.fix}"
    )


def _attach(outcome: Outcome) -> None:
    if outcome.finding:
        found = outcome.finding
        text = f"expected {found.expected}\ngot      {found.got}\n" + (f"at       {found.at}\n" if found.at else "")
        allure.attach(text, "finding", allure.attachment_type.TEXT)
        if outcome.exchanges:
            line = curl(outcome.exchanges[found.exchange].request)
            allure.attach(line, "curl", allure.attachment_type.TEXT)
    for number, exchange in enumerate(outcome.exchanges, start=1):
        allure.attach(transcript(exchange), f"exchange {number}", allure.attachment_type.TEXT)


def write_companions(folder: Path, result: Result) -> None:
    """Write `environment.properties` and `categories.json` beside the results."""
    if not folder.is_dir():
        return
    environment = {
        "hub": "embedded" if result.target.embedded else result.target.base_url,
        "suite": f"{result.suite.name} {result.suite.version}",
        **{f"model.{kind}": name for kind, name in sorted(result.target.models.items())},
        "requests": result.spend.requests,
    }
    lines = "".join(f"{name}={_property(str(value))}\n" for name, value in environment.items())
    (folder / "environment.properties").write_text(lines, encoding="utf-8")
    (folder / "categories.json").write_text(json.dumps(CATEGORIES, indent=2) + "\n", encoding="utf-8")


def _property(value: str) -> str:
    return value.replace("\\", "\\\\").replace("\n", " ").replace("\r", " ")
