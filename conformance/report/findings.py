"""What is broken, grouped by root cause: the same sentence broken in the same way in many places is one finding."""

from __future__ import annotations

import re
from collections.abc import Iterable, Mapping
from dataclasses import dataclass

from conformance.engine.judge import SEVERITY, Verdict
from conformance.engine.requirement import Requirement
from conformance.report.result import Expectation, Row

BROKEN = (Verdict.ERROR, Verdict.FAIL, Verdict.WARN)
UNJUDGED = (Verdict.INCONCLUSIVE, Verdict.NOT_TESTABLE, Verdict.NOT_OFFERED)

_HTTP_STATUS = re.compile(r"HTTP (\d{3})")
_JSON = re.compile(r'["{\[]')
_NUMBER = re.compile(r"\d+")
_LETTER = str.maketrans("0123456789", "abcdefghij")
_JSON_KINDS = {'"': "a string", "{": "an object", "[": "a list"}


@dataclass(frozen=True)
class Sentence:
    """A requirement as a report tells it; that of another version of the suite has nothing but its id."""

    id: str
    statement: str
    source: str = ""
    why: str = ""
    fix: str = ""

    @classmethod
    def of(cls, identifier: str, catalogue: Mapping[str, Requirement]) -> Sentence:
        found = catalogue.get(identifier)
        if found is None:
            return cls(identifier, "A sentence of another version of this suite.")
        return cls(found.id, found.statement, found.source, found.why, found.fix)


@dataclass(frozen=True)
class Group:
    """Rows with one root cause, sorted; the first of them is shown, the others are its places."""

    rows: tuple[Row, ...]

    @property
    def first(self) -> Row:
        return self.rows[0]

    @property
    def verdict(self) -> Verdict:
        return self.first.verdict

    @property
    def requirements(self) -> tuple[str, ...]:
        """More than one for an error of the suite alone: one crashed probe takes all its sentences along."""
        return tuple(dict.fromkeys(row.requirement for row in self.rows))

    @property
    def expected(self) -> Expectation | None:
        """What a baseline says about it; None when it is new."""
        return None if self.first.decides else self.first.expected


def in_one_line(reason: str) -> str:
    """What an error comes to: the last line of its traceback that holds words, or the reason as it is."""
    lines = [line.strip() for line in unfolded(reason).splitlines()]
    return next((line for line in reversed(lines) if any(map(str.isalpha, line))), reason)


def unfolded(reason: str) -> str:
    """An error's reason with the line breaks that its representation wrote as two characters."""
    return reason.replace("\\n", "\n").replace("\\'", "'")


def groups(rows: Iterable[Row]) -> list[Group]:
    """Errors of the suite first, then what MUST not be, then what should not be; within these by requirement.

    What a baseline knew of comes after all that is new.
    """
    found: dict[tuple[str, ...], list[Row]] = {}
    for row in rows:
        if row.verdict in BROKEN:
            known = "" if row.decides or row.expected is None else row.expected.where
            found.setdefault((known, *cause(row)), []).append(row)
    together = [Group(tuple(several)) for several in found.values()]
    return sorted(together, key=lambda g: (bool(g.expected), SEVERITY.index(g.verdict), g.first.requirement))


def cause(row: Row) -> tuple[str, ...]:
    """What rows with one root cause have in common."""
    if row.verdict is Verdict.ERROR:
        return (str(row.verdict), row.reason)
    if row.finding is None:
        return (str(row.verdict), row.requirement, kind_of(row.reason))
    found = row.finding
    return (str(row.verdict), row.requirement, kind_of(found.expected), kind_of(found.got), _without_numbers(found.at))


def kind_of(got: str) -> str:
    """What a quoted value has in common with its likes: its words up to the first JSON, statuses kept, numbers gone."""
    start = _JSON.search(got)
    words = got[: start.start()] if start else got
    kept = _HTTP_STATUS.sub(lambda found: "HTTP " + found[1].translate(_LETTER), words)
    return _without_numbers(kept) + (_JSON_KINDS[start[0]] if start else "")


def _without_numbers(text: str) -> str:
    return _NUMBER.sub("#", text)
