"""The baseline: what is known of a hub, so that a run speaks up when something else happens, good or bad.

A TOML file with entries of four kinds, `[[fail]]`, `[[warn]]`, `[[not-offered]]` and `[[flaky]]`:

    [[fail]]
    requirement = "errors.status.*"         # an id, or a pattern with * and ?
    operation = "chat-completions"          # an id or a pattern; left out: on any operation
    reason = "semantic faults are answered with 500"
    link = "https://tracker.example/42"     # if you like
    expires = 2027-06-30                    # if you like: the last day on which it counts
"""

from __future__ import annotations

import re
import tomllib
from collections import Counter
from collections.abc import Iterable, Iterator, Mapping, Set
from dataclasses import dataclass
from datetime import UTC, date, datetime
from fnmatch import translate
from functools import cached_property
from pathlib import Path
from typing import Any, Literal, get_args

from conformance.engine.judge import Verdict
from conformance.report.result import JUDGED, BaselinePart, Expectation, Pair, Row, StalePart
from conformance.report.transcript import printable

Kind = Literal["fail", "warn", "not-offered", "flaky"]
KINDS: tuple[Kind, ...] = get_args(Kind)
FLAKY: Kind = "flaky"
ANY = "*"
LONGEST_NOTE = 160
"""Characters of a finding in the comment over a written entry."""

_AMISS: Mapping[Verdict, Kind] = {Verdict.FAIL: "fail", Verdict.WARN: "warn", Verdict.NOT_OFFERED: "not-offered"}
_HEADER = re.compile(r"^\s*\[\[\s*[\"']?([A-Za-z-]+)[\"']?\s*\]\]")
_FIELDS = {"requirement", "operation", "reason", "link", "expires"}
_HEAD = """\
# What is known of {hub}, written on {day} by hub-conformance, edition {edition}.
# Say in each reason why it is so. `pytest --baseline FILE` names every entry that is no longer needed.
"""


class BaselineError(Exception):
    """A baseline that cannot be used; the text is one line with the file and the line in it."""


@dataclass(frozen=True)
class Entry:
    """One thing that is known. `operation` is a pattern, too, and `*` where the file leaves it out."""

    kind: Kind
    requirement: str
    operation: str
    reason: str
    link: str
    expires: date | None
    line: int

    def covers(self, pair: Pair) -> bool:
        return bool(self._patterns[0].match(pair[0]) and self._patterns[1].match(pair[1]))

    @cached_property
    def _patterns(self) -> tuple[re.Pattern[str], re.Pattern[str]]:
        return re.compile(translate(self.requirement)), re.compile(translate(self.operation))

    def has_expired(self, today: date) -> bool:
        return self.expires is not None and self.expires < today


@dataclass(frozen=True)
class Baseline:
    """The entries of a file, which is called `name` wherever a line of it is named."""

    name: str
    entries: tuple[Entry, ...]
    today: date

    def marked(self, row: Row) -> Row:
        """The row with what is known of it, if anything is. An entry that has expired says nothing any more."""
        entry = self.entry_for(row)
        if entry is None:
            return row
        where = f"{self.name}:{entry.line}"
        known = Expectation(flaky=entry.kind == FLAKY, reason=entry.reason, link=entry.link, where=where)
        return row.model_copy(update={"expected": known})

    def entry_for(self, row: Row) -> Entry | None:
        """The first entry of the row's verdict, else the first one that calls it flaky."""
        fitting = [e for e in self._valid if e.kind in (str(row.verdict), FLAKY) and e.covers(row.pair)]
        return min(fitting, key=lambda e: e.kind == FLAKY, default=None)

    @cached_property
    def _valid(self) -> list[Entry]:
        return [entry for entry in self.entries if not entry.has_expired(self.today)]

    def part(self, rows: Iterable[Row], judgeable: Mapping[Pair, Set[str]], silent: Iterable[str] = ()) -> BaselinePart:
        """How the baseline came out.

        Args:
            rows: all rows of the run, marked.
            judgeable: every pair that this suite can judge with its tests, whether the run did or not.
            silent: tests that were run and have no row.
        """
        listed = list(rows)
        return BaselinePart(
            file=self.name,
            stale=tuple(self._stale(listed, judgeable, {row.test for row in listed} | set(silent))),
            **counts(listed),
        )

    def _stale(self, rows: list[Row], judgeable: Mapping[Pair, Set[str]], run: Set[str]) -> Iterator[StalePart]:
        for entry in self.entries:
            why = self._why_stale(entry, rows, judgeable, run)
            if why:
                yield StalePart(
                    where=f"{self.name}:{entry.line}",
                    requirement=entry.requirement,
                    operation=entry.operation,
                    why=why,
                )

    def _why_stale(self, entry: Entry, rows: list[Row], judgeable: Mapping[Pair, Set[str]], run: Set[str]) -> str:
        if entry.has_expired(self.today):
            return f"it expired on {entry.expires}"
        meant = {pair for pair in judgeable if entry.covers(pair)}
        if not meant:
            return "it matches nothing that this edition judges"
        if entry.kind == FLAKY:
            return ""
        found = [row for row in rows if row.pair in meant]
        verdicts = {row.verdict for row in found}
        undecided = verdicts & {Verdict.INCONCLUSIVE, Verdict.ERROR}
        left_out = any(not tests & run for pair, tests in judgeable.items() if pair in meant)
        if Verdict(entry.kind) in verdicts or undecided or left_out or not verdicts & set(JUDGED):
            return ""
        return "it now passes" if verdicts & set(JUDGED) == {Verdict.PASS} else f"it is no longer {entry.kind}"


def counts(rows: Iterable[Row]) -> dict[str, dict[str, int]]:
    """How many rows are `known`, and how many `flaky`, by verdict."""
    found: dict[str, Counter[str]] = {"known": Counter(), "flaky": Counter()}
    for row in rows:
        if row.expected:
            found["flaky" if row.expected.flaky else "known"][str(row.verdict)] += 1
    return {name: dict(sorted(counter.items())) for name, counter in found.items()}


def today() -> date:
    """The day in UTC, so that an entry expires everywhere at once."""
    return datetime.now(UTC).date()


def read_baseline(path: Path, name: str = "") -> Baseline:
    """Read a baseline.

    Args:
        name: how the file is called in reports; by default as it was given.

    Raises:
        BaselineError: with the file, and the line where there is one.
    """
    shown = name or str(path)
    try:
        text = path.read_text(encoding="utf-8")
        data = tomllib.loads(text)
    except OSError as problem:
        raise BaselineError(f"cannot read the baseline {shown}: {problem.strerror or problem}") from None
    except (tomllib.TOMLDecodeError, UnicodeDecodeError) as problem:
        raise BaselineError(f"the baseline {shown} is not TOML: {problem}") from None
    lines = _lines_of(text)
    for kind, entries in data.items():
        if kind not in KINDS or not isinstance(entries, list) or len(entries) != len(lines.get(kind, ())):
            raise BaselineError(f"{shown}: {kind!r} is no list of entries: write each as [[fail]], [[warn]], …")
    found = [
        _entry(kind, fields, line, f"{shown}:{line}")
        for kind in KINDS
        for fields, line in zip(data.get(kind, ()), lines.get(kind, ()), strict=True)
    ]
    return Baseline(shown, tuple(sorted(found, key=lambda entry: entry.line)), today())


def _lines_of(text: str) -> dict[str, list[int]]:
    lines: dict[str, list[int]] = {}
    for number, line in enumerate(text.splitlines(), start=1):
        if header := _HEADER.match(line):
            lines.setdefault(header[1], []).append(number)
    return lines


def _entry(kind: Kind, fields: Any, line: int, where: str) -> Entry:
    if not isinstance(fields, dict):
        raise BaselineError(f"{where}: an entry is a table with a requirement and a reason")
    unknown = sorted(set(fields) - _FIELDS)
    if unknown:
        raise BaselineError(f"{where}: {unknown[0]!r} is no field of an entry; fields are {', '.join(sorted(_FIELDS))}")
    expires = fields.get("expires")
    if expires is not None and (not isinstance(expires, date) or isinstance(expires, datetime)):
        raise BaselineError(f"{where}: expires is a date without quotation marks, like 2027-06-30")
    for name in ("requirement", "reason"):
        if name not in fields:
            raise BaselineError(f"{where}: the entry has no {name}")
    texts = {name: fields.get(name, ANY if name == "operation" else "") for name in _FIELDS - {"expires"}}
    for name, value in texts.items():
        if not isinstance(value, str):
            raise BaselineError(f"{where}: {name} is a text, not {value!r}")
    return Entry(kind, **texts, expires=expires, line=line)


def written(rows: Iterable[Row], hub: str, edition: str, before: Baseline | None = None) -> str:
    """A baseline of everything that a run found amiss, sorted, with reasons to fill in.

    Args:
        before: the baseline of the run: entries of it that still fit are kept with their reasons, and flaky ones.
    """
    listed = list(rows)
    kept = [entry for entry in before.entries if _still_fits(entry, listed, before.today)] if before else []
    unserved = {row.operation for row in listed if _is_unserved(row)}
    entries = {(e.kind, e.requirement, e.operation): _text(e) for e in kept}
    for row in listed:
        known = any(entry.kind in (row.verdict, FLAKY) and entry.covers(row.pair) for entry in kept)
        if row.verdict in _AMISS and not known:
            entry = _new_entry(row, unserved)
            entries.setdefault((entry.kind, entry.requirement, entry.operation), _note(row) + _text(entry))
    head = _HEAD.format(hub=printable(hub), day=today(), edition=edition)
    ordered = sorted(entries.items(), key=lambda item: (KINDS.index(item[0][0]), item[0][1:]))
    return "\n".join([head, *(text for _, text in ordered)])


def _still_fits(entry: Entry, rows: list[Row], today: date) -> bool:
    if entry.has_expired(today):
        return False
    return entry.kind == FLAKY or any(entry.kind == row.verdict and entry.covers(row.pair) for row in rows)


def _is_unserved(row: Row) -> bool:
    """Whether the hub does not serve the row's operation at all: then one entry is enough for it."""
    return row.verdict is Verdict.NOT_OFFERED and row.reason.startswith(f"{row.operation} is not served")


def _new_entry(row: Row, unserved: Set[str]) -> Entry:
    kind = _AMISS[row.verdict]
    whole = kind == "not-offered" and bool(row.operation) and row.operation in unserved
    return Entry(kind, ANY if whole else row.requirement, row.operation, "", "", None, 0)


def _note(row: Row) -> str:
    line = printable(" ".join(row.reason.split()))
    return f"# {line[:LONGEST_NOTE]}{'…' if len(line) > LONGEST_NOTE else ''}\n"


def _text(entry: Entry) -> str:
    lines = [f"[[{entry.kind}]]", f"requirement = {_quoted(entry.requirement)}"]
    lines += [f"operation = {_quoted(entry.operation)}"] if entry.operation != ANY else []
    lines.append(f"reason = {_quoted(entry.reason)}")
    lines += [f"link = {_quoted(entry.link)}"] if entry.link else []
    lines += [f"expires = {entry.expires}"] if entry.expires else []
    return "\n".join(lines) + "\n"


def _quoted(text: str) -> str:
    """A TOML basic string: what it may not hold as it is, is escaped."""
    escaped = text.replace("\\", "\\\\").replace('"', '\\"')
    return '"' + "".join(c if c.isprintable() else f"\\U{ord(c):08x}" for c in escaped) + '"'
