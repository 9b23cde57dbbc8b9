"""Allure results: one test per judged case, labelled by family, operation, requirement and level."""

from __future__ import annotations

import json
from collections.abc import Callable
from pathlib import Path

import allure
import allure_commons
import pytest
from allure_commons.logger import AllureFileLogger

from conformance.engine.judge import Judged, Outcome, Verdict, worst
from conformance.engine.requirement import Catalogue, Level, Requirement
from conformance.report.remarks import Phrasebook, phrasebook, room_of
from conformance.report.result import Result, Row
from conformance.report.transcript import transcript
from conformance.report.words import Words, padded
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
    {"name": "Known (baseline)", "matchedStatuses": ["skipped"], "messageRegex": r"(?s).*known: .*"},
    {"name": "Not offered by this hub", "matchedStatuses": ["skipped"], "messageRegex": r"(?s).*not-offered: .*"},
    {"name": "The evidence cannot tell", "matchedStatuses": ["skipped"], "messageRegex": r"(?s).*not-testable: .*"},
    {"name": "Inconclusive", "matchedStatuses": ["skipped"], "messageRegex": r"(?s).*inconclusive: .*"},
)


class Writer(AllureFileLogger):
    """Writes Allure's files, and gives up quietly when that fails: a full disk must not end the run."""

    def __init__(self, folder: Path) -> None:
        # The package of Allure has no types.
        super().__init__(folder)  # type: ignore[no-untyped-call]
        self.problem = ""

    @allure_commons.hookimpl
    def report_result(self, result: object) -> None:
        """Write the result of a test."""
        self._try(super().report_result, result)

    @allure_commons.hookimpl
    def report_container(self, container: object) -> None:
        """Write what was set up around tests."""
        self._try(super().report_container, container)

    @allure_commons.hookimpl
    def report_attached_file(self, source: str, file_name: str) -> None:
        """Copy a file beside the results."""
        self._try(super().report_attached_file, source, file_name)

    @allure_commons.hookimpl
    def report_attached_data(self, body: str | bytes, file_name: str) -> None:
        """Write an attachment."""
        self._try(super().report_attached_data, body, file_name)

    def _try(self, write: Callable[..., None], *arguments: object) -> None:
        if self.problem:
            return
        try:
            write(*arguments)
        except OSError as problem:
            self.problem = f"cannot write to {self._report_dir}: {problem.strerror}"


class AllureReporter:
    """Describes each case to Allure while its test is running."""

    def __init__(self, catalogue: Catalogue) -> None:
        self._catalogue = catalogue
        self._say = Words(catalogue.language)
        self._replaced: tuple[AllureFileLogger, Writer] | None = None

    @property
    def problem(self) -> str:
        """Why no more was written; empty when all was."""
        return self._replaced[1].problem if self._replaced else ""

    def pytest_sessionstart(self) -> None:
        """Put our writer in the place of Allure's own."""
        plugins = allure_commons.plugin_manager
        own = next((plugin for plugin in plugins.get_plugins() if type(plugin) is AllureFileLogger), None)
        if own is not None:
            self._replaced = own, Writer(own._report_dir)
            _exchange(*self._replaced)

    def pytest_unconfigure(self) -> None:
        """Leave Allure as it was found: it cleans up after itself."""
        if self._replaced:
            _exchange(*reversed(self._replaced))

    @pytest.hookimpl
    def pytest_conformance_judged(self, judged: list[Judged], rows: list[Row]) -> None:
        """Label the running test; attach the exchanges and a curl line where something is broken."""
        case, outcome = worst(judged).case, worst(judged).outcome
        requirements = [self._catalogue[i] for i in case.ids]
        first = requirements[0]
        allure.dynamic.title(first.statement)
        allure.dynamic.description("\n\n".join(_describe(r, self._say) for r in requirements))
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
        _tell_known(rows)
        if outcome.verdict in SHOWN_WITH_BYTES:
            _attach(outcome, phrasebook(self._catalogue.language, room_of(first.id)), self._say)


def _exchange(old: object, new: object) -> None:
    allure_commons.plugin_manager.unregister(old)
    allure_commons.plugin_manager.register(new)


def _describe(requirement: Requirement, say: Words) -> str:
    parts = (
        f"**{requirement.id}** ({requirement.level}, {say(str(requirement.authority))})",
        requirement.statement,
        f"{say('source')}: {requirement.source}",
        f"{say('why')}: {requirement.why}",
        f"{say('fix')}: {requirement.fix}",
    )
    return "\n\n".join(parts)


def _tell_known(rows: list[Row]) -> None:
    """Label a test that a baseline speaks of, with its link; pytest is told "xfail", which Allure shows as skipped."""
    for expected in {row.expected.where: row.expected for row in rows if row.expected}.values():
        allure.dynamic.tag("flaky" if expected.flaky else "known")
        allure.dynamic.label("baseline", expected.where)
        if expected.link.startswith(("https://", "http://")):
            allure.dynamic.issue(expected.link, expected.reason or expected.link)


def _attach(outcome: Outcome, remarks: Phrasebook, say: Words) -> None:
    if outcome.finding:
        found = outcome.finding
        lines = [
            (say("expected"), remarks.say(found.expected)),
            (say("got"), remarks.say(found.got)),
            (say("at"), say.place(found.at)),
        ]
        text = "".join(f"{padded(name, 8)} {words}\n" for name, words in lines if words)
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
