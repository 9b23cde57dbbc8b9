"""`report.html`: one self-contained page about a run, a pure function of its result and evidence.

Nothing in it is loaded from elsewhere and nothing of a hub is ever markup: the template escapes everything, control
characters are shown as escapes, and the page's own policy allows no script and no style but the two it brings along.
"""

from __future__ import annotations

import base64
import hashlib
from collections import Counter
from collections.abc import Iterable, Iterator, Mapping
from dataclasses import dataclass
from functools import cache
from itertools import groupby
from pathlib import Path
from typing import TYPE_CHECKING, Any

from markupsafe import Markup, escape

from conformance.engine.contract import load_contract
from conformance.engine.evidence import SUFFIX, EvidenceError, Record, Store, unpacked
from conformance.engine.judge import SEVERITY, Verdict
from conformance.engine.requirement import Catalogue
from conformance.report.bytesview import ExchangeView, view, visible
from conformance.report.findings import UNJUDGED, Group, Sentence, groups, in_one_line, unfolded
from conformance.report.matrix import Matrix, matrix
from conformance.report.remarks import translated
from conformance.report.result import Result, Row
from conformance.report.timeline import Timeline, duration, journey, timeline
from conformance.report.words import Words
from conformance.wire.exchange import Exchange

if TYPE_CHECKING:
    from jinja2 import Template

HERE = Path(__file__).resolve().parent
ROOM = 1_000_000
"""Characters of markup for curl lines, places and exchanges; findings that come later are told in short."""
MOST_FINDINGS = 250
MOST_PLACES, FEW_PLACES = 100, 5
LONG_CURL, SHORT_CURL = 4_000, 300
A_PLACE = 250
"""Characters of markup that one more place takes, beside its texts."""
MOST_JOURNEYS = 40
MOST_STREAMS = 60
MOST_OTHERS = 30
"""Other exchanges of the same conversation that are listed under the one that is shown."""
LONGEST_PART = 2_000
LONGEST_GOT = 160
"""Characters of `got` in the list of places."""
MOST_REASONS = 60
OPEN_AT_FIRST = 1
"""Findings that stand open when the page is opened."""


@dataclass(frozen=True)
class Shown:
    """The exchange that a finding is about, and its neighbours of the same conversation in one line each."""

    key: str
    file: str
    number: int
    view: ExchangeView
    others: tuple[str, ...]
    others_left_out: int


@dataclass(frozen=True)
class FindingView:
    """A group of rows with one root cause, in its six parts."""

    anchor: str
    group: Group
    sentence: Sentence
    shown: Shown | None
    curl: str
    same_as: str
    """Anchor of the finding that shows the same exchange already; empty when this one shows it, or none does."""
    places: tuple[Row, ...]
    places_left_out: int
    marks: str

    @property
    def first(self) -> Row:
        return self.group.first


@dataclass(frozen=True)
class StreamView:
    """One recorded stream in one line."""

    key: str
    operation: str
    timeline: Timeline


@dataclass(frozen=True)
class Reason:
    """Why something was not judged, and where."""

    verdict: Verdict
    text: str
    count: int
    operations: tuple[str, ...]


@dataclass(frozen=True)
class Outcome:
    """Operations of a sentence that share verdict and reason."""

    verdict: Verdict
    reason: str
    operations: tuple[str, ...]


@dataclass(frozen=True)
class SentenceView:
    """A sentence and what became of it, operation by operation."""

    sentence: Sentence
    level: str
    verdict: Verdict
    counts: tuple[tuple[Verdict, int], ...]
    outcomes: tuple[Outcome, ...]
    marks: str


@dataclass(frozen=True)
class FamilyView:
    name: str
    counts: tuple[tuple[Verdict, int], ...]
    sentences: tuple[SentenceView, ...]


class Evidence:
    """The records of a folder. One that is missing or cannot be read is as good as none: the page then says less."""

    def __init__(self, folder: Path) -> None:
        self._store = Store(folder)

    def get(self, key: str) -> Record | None:
        try:
            return self._store.get(key)
        except (EvidenceError, OSError, ValueError):
            return None

    def file(self, key: str) -> str:
        """Name of a record's file."""
        return self._store.path(key).name

    def holding(self, *words: bytes) -> Iterator[Record]:
        """The records whose file holds all the words, in the order of their names."""
        for path in self._store.files:
            content = self._text(path)
            if all(word in content for word in words) and (record := self._read(path)) is not None:
                yield record

    @staticmethod
    def _text(path: Path) -> bytes:
        try:
            return unpacked(path.read_bytes())
        except (EvidenceError, OSError):
            return b""

    def _read(self, path: Path) -> Record | None:
        # The name of the file is a key with some characters replaced: `Store.path` finds the same file by it.
        return self.get(path.name.removesuffix(SUFFIX))


def render(result: Result, evidence_folder: Path, catalogue: Catalogue) -> str:
    """The page as text. Equal results and evidence give equal pages."""
    result = translated(result, catalogue.language)
    evidence = Evidence(evidence_folder)
    numbers = {name: str(number) for number, name in enumerate(sorted({row.operation for row in result.rows}))}
    found = groups(result.rows)
    say = Words(catalogue.language)
    conversations = [journey(record, say) for record in evidence.holding(b'"many": true', b"status")]
    streams = list(_streams(evidence, say))
    table = matrix(result.rows, load_contract(), catalogue.language)
    return _template().render(
        result=result,
        style=Markup(_asset("report.css")),
        script=Markup(_asset("report.js")),
        policy=_policy(),
        file=evidence.file,
        sign=_SIGNS.__getitem__,
        verdicts=SEVERITY,
        say=say,
        cell_words=lambda cell: ", ".join(f"{count} {say(str(verdict))}" for verdict, count in cell.counts),
        headline=headline(result, say),
        seconds=duration((result.finished - result.started).total_seconds()),
        bunches=_bunches(_findings(found[:MOST_FINDINGS], evidence, catalogue, numbers)),
        told_apart=Counter(group.first.requirement for group in found),
        findings_left_out=max(0, len(found) - MOST_FINDINGS),
        findings_counts=_counted(group.verdict for group in found),
        matrix=table,
        operations=_choices(table, numbers),
        numbers=numbers,
        reasons=_reasons(result.rows),
        journeys=[one for one in conversations if one][:MOST_JOURNEYS],
        journeys_left_out=max(0, sum(1 for one in conversations if one) - MOST_JOURNEYS),
        streams=streams[:MOST_STREAMS],
        streams_left_out=max(0, len(streams) - MOST_STREAMS),
        families=_families(result.rows, catalogue, numbers),
        letters=LETTERS,
        words=WORDS,
        open_at_first=OPEN_AT_FIRST,
        longest_got=LONGEST_GOT,
    )


def _bunches(findings: Iterable[FindingView]) -> list[list[FindingView]]:
    """The findings under one heading each: those of one verdict and family, known ones apart."""
    return [
        list(several)
        for _, several in groupby(findings, key=lambda f: (bool(f.group.expected), f.group.verdict, f.first.family))
    ]


LETTERS = {
    Verdict.PASS: "p",
    Verdict.FAIL: "f",
    Verdict.WARN: "w",
    Verdict.NOT_OFFERED: "o",
    Verdict.NOT_TESTABLE: "t",
    Verdict.INCONCLUSIVE: "i",
    Verdict.ERROR: "e",
}
"""How the page's filters name the verdicts in a row's marks: a letter and the operation's number."""
WORDS = {
    Verdict.PASS: "the sentence holds",
    Verdict.FAIL: "a MUST is broken",
    Verdict.WARN: "a SHOULD is not kept",
    Verdict.NOT_OFFERED: "the hub cleanly refuses it and does not claim it",
    Verdict.NOT_TESTABLE: "the evidence cannot tell",
    Verdict.INCONCLUSIVE: "a rate limit, a budget or a lost connection stood in the way",
    Verdict.ERROR: "the suite itself went wrong",
}


_SIGNS = {
    verdict: Markup('<svg class="sign s-{0}" aria-hidden="true"><use href="#i-{0}"/></svg>').format(str(verdict))
    for verdict in Verdict
}
"""Drawn beside the word, so that colour is never all that tells verdicts apart."""


def headline(result: Result, say: Words) -> tuple[Verdict, str]:
    """What the run comes to, as a verdict (for its sign) and a few words."""
    if result.conformant:
        return Verdict.PASS, say("Conformant")
    if result.conformant is False and result.exit_status == 0:
        return Verdict.WARN, say("Not conformant, as expected")
    if result.conformant is False:
        return Verdict.FAIL, say("Not conformant")
    if any(row.verdict is Verdict.ERROR for row in result.rows):
        return Verdict.ERROR, say("The suite went wrong")
    if not result.rows:
        return Verdict.INCONCLUSIVE, say("Nothing was judged")
    return Verdict.INCONCLUSIVE, say("Inconclusive")


@cache
def _template() -> Template:
    from jinja2 import Environment, FileSystemLoader, StrictUndefined

    environment = Environment(
        loader=FileSystemLoader(HERE),
        autoescape=True,
        undefined=StrictUndefined,
        trim_blocks=True,
        lstrip_blocks=True,
        finalize=_shown,
    )
    environment.filters["cut"] = _cut
    environment.filters |= {"words": _words, "unfolded": unfolded, "in_one_line": in_one_line}
    return environment.get_template("report.html.j2")


def _shown(value: Any) -> Any:
    """Every value that the template prints passes here: no control character reaches the page."""
    return visible(value) if isinstance(value, str) and not isinstance(value, Markup) else value


def _cut(text: str, longest: int = LONGEST_PART) -> str:
    return text if len(text) <= longest else f"{text[:longest]}… ({len(text):,} characters)"


def _words(text: str) -> Markup:
    """A sentence of the catalogue, with what stands in backticks set as code."""
    parts = visible(text).split("`")
    if len(parts) % 2 == 0:
        return escape(visible(text))
    return Markup("").join(Markup("<code>{}</code>").format(p) if n % 2 else escape(p) for n, p in enumerate(parts))


@cache
def _asset(name: str) -> str:
    return (HERE / name).read_text(encoding="utf-8")


def _policy() -> str:
    def digest(name: str) -> str:
        return "'sha256-" + base64.b64encode(hashlib.sha256(_asset(name).encode()).digest()).decode() + "'"

    return (
        f"default-src 'none'; style-src {digest('report.css')}; script-src {digest('report.js')}; "
        "base-uri 'none'; form-action 'none'"
    )


def _findings(
    found: Iterable[Group], evidence: Evidence, catalogue: Catalogue, numbers: Mapping[str, str]
) -> Iterator[FindingView]:
    room = ROOM
    seen: dict[tuple[str, int, str], str] = {}
    for count, group in enumerate(found, start=1):
        anchor = f"finding-{count}"
        generous = room > 0
        places = group.rows[: MOST_PLACES if generous else FEW_PLACES]
        curl = _cut(group.first.finding.curl if group.first.finding else "", LONG_CURL if generous else SHORT_CURL)
        room -= sum(A_PLACE + _weight(row.finding.got[:LONGEST_GOT]) for row in places if row.finding) + _weight(curl)
        shown, same_as = None, ""
        place = _place(group.first, evidence)
        if place is not None:
            record, number, at = place
            same_as = seen.get((record.key, number, at), "")
            if generous and not same_as:
                shown = _exchange(evidence, record, number, at, Words(catalogue.language))
                room -= shown.view.size
                seen[record.key, number, at] = anchor
        yield FindingView(
            anchor=anchor,
            group=group,
            sentence=Sentence.of(group.first.requirement, catalogue),
            shown=shown,
            curl=curl,
            same_as=same_as,
            places=places,
            places_left_out=len(group.rows) - len(places),
            marks=_marks(group.rows, numbers),
        )


def _weight(text: str) -> int:
    """Characters that a text takes when it is escaped."""
    return len(escape(text))


def _place(row: Row, evidence: Evidence) -> tuple[Record, int, str] | None:
    """The record and the number of the exchange in it that a row's finding is about."""
    wanted, at = (row.finding.exchange, row.finding.at) if row.finding else (0, "")
    for key in row.evidence:
        record = evidence.get(key)
        if record is None:
            return None
        if wanted < len(record.exchanges):
            return record, wanted, at
        wanted -= len(record.exchanges)
    return None


def _exchange(evidence: Evidence, record: Record, number: int, at: str, say: Words) -> Shown:
    others = [f"{place + 1}. {_line(exchange)}" for place, exchange in enumerate(record.exchanges) if place != number]
    return Shown(
        record.key,
        evidence.file(record.key),
        number + 1,
        view(record.exchanges[number], at, say),
        tuple(others[:MOST_OTHERS]),
        max(0, len(others) - MOST_OTHERS),
    )


def _line(exchange: Exchange) -> str:
    answer = f"HTTP {exchange.status}" if exchange.answered else str(exchange.end)
    return f"{exchange.request.method} {exchange.request.url[:200]} → {answer}, {duration(exchange.elapsed)}"


def _streams(evidence: Evidence, say: Words) -> Iterator[StreamView]:
    for record in evidence.holding(b"text/event-stream"):
        for exchange in record.exchanges:
            if exchange.media_type == "text/event-stream" and len(exchange.pieces) > 1:
                drawn = timeline(exchange, finest=1.0, say=say)
                if drawn is not None:
                    yield StreamView(record.key, exchange.request.operation or "", drawn)


def _reasons(rows: Iterable[Row]) -> list[Reason]:
    found: dict[tuple[Verdict, str], list[str]] = {}
    for row in rows:
        if row.verdict in UNJUDGED:
            found.setdefault((row.verdict, row.reason), []).append(row.operation)
    listed = [
        Reason(verdict, text, len(names), tuple(sorted({name for name in names if name})))
        for (verdict, text), names in found.items()
    ]
    listed.sort(key=lambda one: (SEVERITY.index(one.verdict), -one.count, one.text))
    return listed[:MOST_REASONS]


def _families(rows: Iterable[Row], catalogue: Catalogue, numbers: Mapping[str, str]) -> list[FamilyView]:
    families: dict[str, dict[str, list[Row]]] = {}
    for row in rows:
        families.setdefault(row.family, {}).setdefault(row.requirement, []).append(row)
    return [
        FamilyView(
            name,
            _counted(row.verdict for several in sentences.values() for row in several),
            tuple(_sentence(identifier, several, catalogue, numbers) for identifier, several in sentences.items()),
        )
        for name, sentences in families.items()
    ]


def _sentence(identifier: str, rows: list[Row], catalogue: Catalogue, numbers: Mapping[str, str]) -> SentenceView:
    together: dict[tuple[Verdict, str], list[str]] = {}
    for row in rows:
        reason = row.reason if row.verdict in UNJUDGED else ""
        together.setdefault((row.verdict, reason), []).append(row.operation)
    outcomes = [
        Outcome(verdict, reason, tuple(name for name in dict.fromkeys(names) if name))
        for (verdict, reason), names in together.items()
    ]
    outcomes.sort(key=lambda one: (SEVERITY.index(one.verdict), one.reason))
    return SentenceView(
        sentence=Sentence.of(identifier, catalogue),
        level=str(rows[0].level),
        verdict=outcomes[0].verdict,
        counts=_counted(row.verdict for row in rows),
        outcomes=tuple(outcomes),
        marks=_marks(rows, numbers),
    )


def _marks(rows: Iterable[Row], numbers: Mapping[str, str]) -> str:
    return " ".join(sorted({LETTERS[row.verdict] + numbers[row.operation] for row in rows}))


def _counted(verdicts: Iterable[Verdict]) -> tuple[tuple[Verdict, int], ...]:
    listed = list(verdicts)
    return tuple((verdict, listed.count(verdict)) for verdict in SEVERITY if verdict in listed)


def _choices(table: Matrix, numbers: Mapping[str, str]) -> list[tuple[str, str]]:
    names = [line.operation for family in table.families for line in family.lines if line.operation in numbers]
    return [(numbers[name], name) for name in names if name]
