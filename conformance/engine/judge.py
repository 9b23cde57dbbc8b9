"""Judging: what a judge may say, what it is given, and how its word becomes a verdict.

A judge is a pytest test function whose parameters are all probes or groups of probes. It does no I/O. It says "broken"
with `expect` (or a bare `assert`), and "this evidence cannot tell" with `not_testable` or `inconclusive`.
"""

from __future__ import annotations

import importlib
import inspect
import itertools
import json
import traceback
from collections.abc import Callable, Iterable, Iterator, Mapping
from dataclasses import dataclass, replace
from enum import StrEnum
from pathlib import Path
from typing import Any, NoReturn

from conformance.engine.evidence import ProblemKind, Record
from conformance.engine.probe import Admit, Registry, Slot
from conformance.engine.requirement import PACKAGE, ROOMS, Catalogue, Level, requirement_ids
from conformance.engine.target import Target
from conformance.wire.exchange import End, Exchange
from conformance.wire.redact import Redactor

CLEAN_REFUSALS = frozenset({400, 404, 405, 410, 415, 422, 501})
"""Statuses by which a hub says "I do not serve this" to a request that the contract calls valid."""
NO_ACCESS = frozenset({401, 402, 403})
GOT_LIMIT = 600
"""Longest quotation of a hub's bytes in a finding, in characters."""
REASON_LIMIT = 2_000
TRACE_LIMIT = 20_000
"""Longest text of a verdict, and of our own traceback, in characters."""


class Verdict(StrEnum):
    """What became of one requirement on one piece of evidence."""

    PASS = "pass"
    FAIL = "fail"
    WARN = "warn"
    NOT_OFFERED = "not-offered"
    NOT_TESTABLE = "not-testable"
    INCONCLUSIVE = "inconclusive"
    ERROR = "error"


class Undecided(Exception):
    """The evidence does not decide the sentence; `verdict` says in which way."""

    verdict = Verdict.NOT_TESTABLE


class NotTestable(Undecided):
    """The hub answered, but the answer gives the sentence nothing to hold on to."""


class NothingHere(NotTestable):
    """This evidence has nothing of the kind that the sentence is about, and that is all right.

    Of a sentence that is judged on several operations by one test, those without anything of the kind make no row.
    """


class NotOffered(Undecided):
    """The hub cleanly refuses what the sentence is about, and does not claim it."""

    verdict = Verdict.NOT_OFFERED


class Inconclusive(Undecided):
    """Rate limit, budget, or a connection lost on our side: neither a pass nor a fail."""

    verdict = Verdict.INCONCLUSIVE


class ProbeFailed(Exception):
    """A probe of ours went wrong; the text is its traceback."""


_PROBLEMS: dict[ProblemKind, type[Exception]] = {
    "inconclusive": Inconclusive,
    "not-testable": NotTestable,
    "not-offered": NotOffered,
    "error": ProbeFailed,
}


class Broken(AssertionError):
    """The sentence does not hold. `at` is a JSON pointer, an event's number, or a header's name."""

    def __init__(self, expected: str, got: str, at: str = "", exchange: Exchange | None = None) -> None:
        super().__init__(f"expected {expected}, got {got}" + (f" at {at}" if at else ""))
        self.expected = expected
        self.got = got
        self.at = at
        self.exchange = exchange


def show(value: object) -> str:
    """A hub's value as one short line of text, safe for any terminal: control characters are escaped."""
    if isinstance(value, bytes):
        text = repr(value)[1:]
    elif isinstance(value, str):
        text = json.dumps(value, ensure_ascii=False)
    else:
        try:
            text = json.dumps(value, ensure_ascii=False)
        except (TypeError, ValueError):
            text = repr(value)
    text = "".join(c if c.isprintable() else f"\\u{ord(c):04x}" for c in text)
    return text if len(text) <= GOT_LIMIT else f"{text[:GOT_LIMIT]}… ({len(text)} characters)"


def inert(text: str, limit: int = REASON_LIMIT) -> str:
    """Text that may hold words of a hub, safe for any terminal and of bounded length; line ends stay."""
    cut = text if len(text) <= limit else f"{text[:limit]}… ({len(text)} characters)"
    return "".join(c if c.isprintable() or c == "\n" else f"\\u{ord(c):04x}" for c in cut)


def expect(holds: object, expected: str, got: object, at: str = "", exchange: Exchange | None = None) -> None:
    """Say that the sentence is broken unless `holds`.

    Args:
        expected: what should be there, as the end of "expected …".
        got: the value that is there instead; a `Words` is printed as it is.
        at: JSON pointer, "event 3", or a header's name.
        exchange: which exchange of a conversation is meant; by default the first one of the evidence.

    Raises:
        Broken: when it does not hold.
    """
    if not holds:
        raise Broken(expected, got if isinstance(got, Words) else show(got), at, exchange)


class Words(str):
    """Text of ours in the place of a hub's value, to be shown without quotation marks."""


def not_testable(reason: str) -> NoReturn:
    """Say that this evidence cannot decide the sentence, and why."""
    raise NotTestable(reason)


def nothing_here(reason: str) -> NoReturn:
    """Say that this evidence has nothing that the sentence is about, as it may well be."""
    raise NothingHere(reason)


def inconclusive(reason: str) -> NoReturn:
    """Say that chance or our own limits stood in the way, and why."""
    raise Inconclusive(reason)


def parsed(exchange: Exchange) -> Any:
    """The JSON value of an answer's body.

    Raises:
        NotTestable: the body is not JSON; `transport.json.strict` and `transport.content-type` judge that.
    """
    try:
        return exchange.json
    except ValueError as problem:
        raise NotTestable(f"the body is not JSON ({problem}), which another sentence judges") from problem


@dataclass(frozen=True)
class Finding:
    """One broken sentence on one piece of evidence, in the six parts that every report shows."""

    expected: str
    got: str
    at: str
    exchange: int
    """Index of the exchange in the case's evidence that shows it."""


@dataclass(frozen=True)
class Outcome:
    """A verdict and what stands behind it. `trace` is our own traceback, for `error` alone."""

    verdict: Verdict
    reason: str = ""
    finding: Finding | None = None
    exchanges: tuple[Exchange, ...] = ()
    trace: str = ""
    vacuous: bool = False
    """Whether there was nothing that the sentence is about."""


@dataclass(frozen=True)
class Case:
    """One judge on one choice of evidence."""

    judge: Callable[..., None]
    slots: Mapping[str, Slot]

    @property
    def ids(self) -> tuple[str, ...]:
        return requirement_ids(self.judge)

    @property
    def name(self) -> str:
        """`module-less` test name, as pytest shows it."""
        choice = "-".join(slot.key for slot in self.slots.values())
        return f"{self.judge.__name__}[{choice}]"

    @property
    def operation(self) -> str:
        """Id of the operation that the first piece of evidence is about; empty when it is about none."""
        return next((slot.operation for slot in self.slots.values() if slot.operation), "")


SEVERITY = (
    Verdict.ERROR,
    Verdict.FAIL,
    Verdict.INCONCLUSIVE,
    Verdict.WARN,
    Verdict.PASS,
    Verdict.NOT_TESTABLE,
    Verdict.NOT_OFFERED,
)
"""Worst first: of several verdicts on one sentence the first of these counts."""


@dataclass(frozen=True)
class Judged:
    """A case and what became of it."""

    case: Case
    outcome: Outcome

    def light(self) -> Judged:
        """The same without what the hub has sent: enough for a row of the result."""
        requests = tuple(Exchange(exchange.request) for exchange in self.outcome.exchanges)
        return replace(self, outcome=replace(self.outcome, exchanges=requests))


def worst(judged: Iterable[Judged]) -> Judged:
    """The one that counts; of equals the first."""
    return min(judged, key=lambda one: SEVERITY.index(one.outcome.verdict))


def cases(judge: Callable[..., None], registry: Registry) -> Iterator[Case]:
    """All choices of evidence for one judge, in the order of the registry."""
    names = list(inspect.signature(judge).parameters)
    for choice in itertools.product(*(registry.slots(name) for name in names)):
        yield Case(judge, dict(zip(names, choice, strict=True)))


def load_judges() -> list[Callable[..., None]]:
    """Every judge of the package, without pytest: for self-tests, plans and documents."""
    paths = sorted(path for room in ROOMS for path in (PACKAGE / room).glob("**/test_*.py"))
    modules = [".".join(("conformance", *path.relative_to(PACKAGE).with_suffix("").parts)) for path in paths]
    found = (vars(importlib.import_module(name)).values() for name in modules)
    return [value for values in found for value in values if inspect.isfunction(value) and requirement_ids(value)]


def name_of_test(judge: Callable[..., None], choice: str) -> str:
    """A judge on one choice of evidence as a result names it: its file inside the package, and pytest's name."""
    path = Path(inspect.getfile(judge)).resolve().relative_to(PACKAGE.parent).as_posix()
    return f"{path}::{judge.__name__}[{choice}]"


def all_tests(registry: Registry) -> Iterator[tuple[str, list[Case]]]:
    """Every test of the package with its cases, named as pytest names them."""
    for judge in load_judges():
        names = list(inspect.signature(judge).parameters)
        for bundles in itertools.product(*(registry.bundles(name) for name in names)):
            choices = itertools.product(*(bundle.slots for bundle in bundles))
            cases = [Case(judge, dict(zip(names, choice, strict=True))) for choice in choices]
            yield name_of_test(judge, "-".join(bundle.key for bundle in bundles)), cases


class Bench:
    """Where cases are judged: the evidence, the catalogue, and what the hub claims to offer."""

    def __init__(
        self, target: Target, catalogue: Catalogue, registry: Registry, evidence: Callable[[str], Record]
    ) -> None:
        self.target = target
        self.catalogue = catalogue
        self.registry = registry
        self.evidence = evidence
        # Evidence is without secrets as it was sent; a judge reads what a coding or an escape hides in it.
        self._redactor = Redactor(target.secrets)

    def evaluate(self, case: Case) -> Outcome:
        """Judge one case. Never raises: a fault in a judge of ours becomes `error` with its traceback."""
        exchanges: tuple[Exchange, ...] = ()
        judged: tuple[Exchange, ...] = ()
        try:
            recorded = {name: self.evidence(slot.key) for name, slot in case.slots.items()}
            exchanges = tuple(e for record in recorded.values() for e in record.exchanges)
            records = {name: decisive(record, case.slots[name]) for name, record in recorded.items()}
            judged = tuple(e for record in records.values() for e in record.exchanges)
            given = {name: self._admit(slot, records[name]) for name, slot in case.slots.items()}
            case.judge(**given)
        except Undecided as problem:
            vacuous = isinstance(problem, NothingHere)
            return Outcome(problem.verdict, self._clean(str(problem)), exchanges=exchanges, vacuous=vacuous)
        except AssertionError as problem:
            return self._broken(case, problem, exchanges, judged)
        except Exception as problem:
            trace = self._clean(traceback.format_exc(), TRACE_LIMIT)
            return Outcome(Verdict.ERROR, self._clean(repr(problem)), exchanges=exchanges, trace=trace)
        return Outcome(Verdict.PASS, exchanges=exchanges)

    def _broken(
        self, case: Case, problem: AssertionError, exchanges: tuple[Exchange, ...], judged: tuple[Exchange, ...]
    ) -> Outcome:
        levels = [self.catalogue[i].level for i in case.ids]
        verdict = Verdict.FAIL if Level.MUST in levels else Verdict.WARN
        if isinstance(problem, _ClaimedButRefused):
            verdict = Verdict.FAIL
        if not isinstance(problem, Broken):
            sentence = self.catalogue[case.ids[0]].statement
            problem = Broken(sentence, str(problem).split("\n", 1)[0] or "the opposite")
        shown = problem.exchange or next(iter(judged), None)
        index = next((i for i, e in enumerate(exchanges) if e is shown), 0)
        finding = Finding(self._clean(problem.expected), self._clean(problem.got), self._clean(problem.at), index)
        return Outcome(verdict, self._clean(str(problem)), finding, exchanges)

    def _clean(self, text: str, limit: int = REASON_LIMIT) -> str:
        return inert(self._redactor.text(text), limit)

    def _admit(self, slot: Slot, record: Record) -> Any:
        """Hand a record to a judge, or say why it cannot be judged."""
        if record.problem:
            if record.problem_kind == "not-testable" and not record.exchanges:
                self._admit_family(slot)
            raise _PROBLEMS[record.problem_kind](record.problem)
        if slot.probe.apart:
            self._admit_apart(slot)
            return record
        if slot.admit is not Admit.RAW:
            for exchange in record.exchanges:
                self._admit_reply(exchange)
        if slot.operation and not (slot.admit is Admit.RAW or (slot.admit is Admit.REPLY and slot.flat)):
            self._admit_operation(slot)
        if slot.admit is Admit.ANSWER:
            for exchange in record.exchanges:
                self._admit_answer(slot, exchange)
        return record.exchanges if slot.flat or record.many else record.exchanges[0]

    def _admit_family(self, slot: Slot) -> None:
        """Say that what was not asked is not offered, where all that was asked plainly of its family was refused."""
        plain = [self.evidence(base.key) for base in self.registry.bases_in(slot.family) if base.key != slot.key]
        answered = [record.exchanges[0] for record in plain if not record.problem and record.exchanges[0].answered]
        refusals = [refusal_of(exchange) for exchange in answered]
        if refusals and all(refusals) and not self.target.claims_operation(slot.operation, slot.family):
            raise NotOffered(f"nothing of {slot.family} is served: {refusals[0]}")

    def _admit_apart(self, slot: Slot) -> None:
        """Refuse what is about an operation that the hub does not offer. Whether it should, other sentences judge."""
        base = self.registry.base_of(slot.operation)
        if base is None or not self.registry.contract.operation(slot.operation).implemented:
            return
        plain = self.evidence(base.key)
        refusal = "" if plain.problem or not plain.exchanges[0].answered else refusal_of(plain.exchanges[0])
        if refusal:
            raise NotOffered(f"{slot.operation} is not served: {refusal}")

    def _admit_reply(self, exchange: Exchange) -> None:
        if not exchange.answered:
            raise NotTestable(f"no answer ({exchange.problem}); `transport.answered` judges that")
        if exchange.status == 429:
            raise Inconclusive("the hub answered 429: its rate limit stood in the way")

    def _admit_operation(self, slot: Slot) -> None:
        base = self.registry.base_of(slot.operation)
        if base is None or base.key == slot.key:
            return
        record = self.evidence(base.key)
        if record.problem or not record.exchanges[0].answered:
            return
        refusal = refusal_of(record.exchanges[0])
        if refusal:
            self._refused(slot, record.exchanges[0], f"{slot.operation} is not served: {refusal}")

    def _admit_answer(self, slot: Slot, exchange: Exchange) -> None:
        if exchange.status in NO_ACCESS and not knows_no_websocket(exchange):
            raise Inconclusive(f"the hub answered {exchange.status}: this token may not do that")
        refusal = refusal_of(exchange)
        if refusal:
            self._refused(slot, exchange, f"the hub does not serve this request: {refusal}")
        if exchange.end is End.too_large and exchange.request.operation:
            raise NotTestable(f"{exchange.problem}; `transport.complete` judges that")
        if not exchange.ok:
            raise NotTestable(f"the hub answered {exchange.status}; `errors.valid-request-served` judges that")

    def _refused(self, slot: Slot, exchange: Exchange, reason: str) -> None:
        if self.target.claims_operation(slot.operation, slot.family):
            raise _ClaimedButRefused("an answer, because the hub claims to offer this", reason, "", exchange)
        raise NotOffered(reason)


def decisive(record: Record, slot: Slot) -> Record:
    """The part of a probe's evidence that counts where several things were asked together.

    What was served together is judged there; what was refused together is judged on the request that asks for it alone.
    """
    first, *others = record.exchanges or (None,)
    if not slot.probe.together or first is None:
        return record
    if slot.alone:
        chosen = first if first.ok or slot.alone > len(others) else others[slot.alone - 1]
        return replace(record, exchanges=(chosen,), many=False)
    return replace(record, exchanges=tuple(others)) if others and not first.ok else record


class _ClaimedButRefused(Broken):
    """An operation or feature that the hub claims is refused: a fail whatever the sentence's level."""


def refusal_of(exchange: Exchange) -> str:
    """How an answer says that the hub does not serve a valid request; empty when it does not say so."""
    if exchange.status in CLEAN_REFUSALS:
        return f"HTTP {exchange.status}"
    if exchange.media_type == "text/html":
        return f"HTTP {exchange.status} with a web page"
    if knows_no_websocket(exchange):
        return f"HTTP {exchange.status} with nothing in it, to a handshake"
    return ""


def knows_no_websocket(exchange: Exchange) -> bool:
    """Whether a handshake is refused without a word, as ASGI servers do where an application has no WebSocket at all.

    Source: ASGI specification, WebSocket: a close before the acceptance is HTTP 403.
    """
    asked = exchange.request.header("sec-websocket-key") is not None
    return asked and exchange.status == 403 and not exchange.body.strip()
