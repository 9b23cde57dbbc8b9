"""One operation under fuzz: what is sent in which order, within its bounds, and what is found in the answers."""

from __future__ import annotations

import asyncio
import hashlib
import itertools
import random
import re
import time
from collections.abc import Callable, Iterable, Iterator, Sequence
from dataclasses import dataclass, replace
from pathlib import Path
from typing import Any

from conformance.engine.contract import Operation
from conformance.engine.judge import show
from conformance.engine.kit.streams import asks_for_stream
from conformance.engine.probe import WRONG_TOKEN, BudgetSpent, Hub, credential
from conformance.fuzz.adapter import Source
from conformance.fuzz.bounds import too_costly
from conformance.fuzz.case import Aim, Case
from conformance.fuzz.checks import PASSING, Asked, Finding, run_checks
from conformance.fuzz.document import documented, model_of, narrowed
from conformance.fuzz.kept import keep, kept
from conformance.fuzz.notes import Noted, Notes
from conformance.fuzz.odd import by_turns, odd_cases
from conformance.fuzz.shrink import shrink
from conformance.fuzz.terms import Terms
from conformance.fuzz.validity import Fit, Validity, examine
from conformance.wire.exchange import End, Exchange

NOT_SERVED = frozenset({404, 405, 410, 501})
NO_ACCESS = frozenset({401, 402, 403})
SILENCES = 3
"""Requests in a row without an answer, or with 429, after which the operation is left alone."""
STRANGERS = 3
"""Accepted requests that are sent again without a credential."""
DEPENDENT = frozenset({"links", "again", "smaller"})
"""Phases whose requests follow from what the hub has answered: ids that it gave, findings that are looked at again."""
AS_ASKED = frozenset({"valid-input-accepted"})
"""Checks whose requests differ from a served one in one value: with another part left out, that might be to blame."""
METHODS_TRIED = 3
CONTENT_TYPES_TRIED = 2
SHALLOW = 0.7
"""Share of the drawn coverage cases that are about top-level members."""
_POINTER = re.compile(r"\$response\.body#(/.*)")


@dataclass(frozen=True)
class Reply:
    """A case that was sent, and what came back."""

    case: Case
    asked: Asked

    @property
    def exchange(self) -> Exchange:
        return self.asked.exchange


@dataclass(frozen=True)
class Shown:
    """A finding, and the request that shows it."""

    finding: Finding
    asked: Asked


class Stop(Exception):
    """No further request is to be sent to this operation; the text says why."""


class GivenUp(Stop):
    """It took too long, or no answers came any more: what is not judged by now is left open."""


class OperationRun:
    """The fuzz run of one operation. Its cases depend on seed, contract and models; what is found, on the hub."""

    def __init__(self, hub: Hub, operation: Operation, terms: Terms) -> None:
        self.hub = hub
        self.operation = operation
        self.terms = terms
        self.seed = seed_of(terms.seed, operation.id)
        self.notes = Notes(seed=terms.seed, level=terms.level)
        self.exchanges: list[Exchange] = []
        self.replies: list[Reply] = []
        self._digest = hashlib.sha256()
        self._known: set[str] = set()
        self._keys: dict[tuple[str, str, str], int] = {}
        self._silent = 0
        self._broken_off: Asked | None = None
        """The last request whose answer broke off, as long as none was answered since: it may have ended the hub."""
        self._strangers: set[tuple[str, bool]] = set()
        """The kinds of accepted requests that were sent again without a credential: phase, and whether it streams."""
        self._baseline = False
        """Whether the example was served that odd requests are made from: only then what is odd can be to blame."""
        self._end = time.monotonic() + terms.seconds

    async def run(self) -> tuple[Exchange, ...]:
        """Send everything; the exchanges are those that `findings` and `stop` in `notes` are about."""
        try:
            await self._phases()
        except (Stop, BudgetSpent) as stop:
            self.notes.stop = str(stop)
            self.notes.given_up = isinstance(stop, GivenUp)
        self.notes.digest = self._digest.hexdigest()
        return tuple(self.exchanges)

    async def _phases(self) -> None:
        document = narrowed(self.hub.contract, self.operation, self.hub.target)
        method, storage = self.operation.method.lower(), self.terms.storage
        source = Source(document, self.operation.path, method, self.seed, storage)
        examples = documented(self.operation, model_of(self.operation, self.hub.target)) or source.examples()
        odd = list(odd_cases(self.hub.contract, self.operation, next(iter(examples), None)))
        if not await self._is_served(itertools.chain(odd, _later(source.coverage)), examples):
            return
        if self.terms.save:
            await self._send(kept(Path(self.terms.save), self.operation.id))
        await self._without_credential(examples)
        messages, data = self._drawn(source.coverage())
        await self._send(messages)
        await self._send(list(by_turns(odd, data)))
        await self._send(source.random(self.terms.random, valid=False))
        await self._send(source.random(self.terms.random, valid=True))
        await self._without_credential(examples)
        await self._links()

    async def _is_served(self, others: Iterable[Case], examples: Sequence[Case]) -> bool:
        """Send the examples, or where they cost too much one wrong request; judge the answers if they tell anything."""
        ready = list(self._admitted(examples)) or list(itertools.islice(self._admitted(others), 1))
        answers: list[tuple[Case, Validity, Exchange]] = []
        for case, validity in ready:
            self._check_room(1)
            exchange = await self._exchange(case)
            if exchange is not None:
                answers.append((case, validity, exchange))
        self._baseline = bool(answers) and answers[0][2].ok
        self.notes.unserved = await self._why_unserved([exchange for _, _, exchange in answers])
        if not self.notes.unserved:
            for case, validity, exchange in answers:
                await self._judge(self._as_it_counts(case), validity, exchange)
        return not self.notes.unserved

    def _drawn(self, cases: list[Case]) -> tuple[list[Case], list[Case]]:
        """Coverage cases about the message itself, and about its data: samples in which every kind occurs alike."""
        chance = random.Random(self.seed)
        data = [case for case in cases if case.aim is Aim.DATA]
        deep = [case for case in data if "->" in case.what]
        shallow = [case for case in data if "->" not in case.what]
        first = sample(shallow, max(round(self.terms.cases * SHALLOW), self.terms.cases - len(deep)), chance)
        rest = sample(deep, self.terms.cases - len(first), chance)
        methods = sample([case for case in cases if case.aim is Aim.METHOD], METHODS_TRIED, chance)
        types = sample([case for case in cases if case.aim is Aim.CONTENT_TYPE], CONTENT_TYPES_TRIED, chance)
        return [*methods, *types], [*first, *rest]

    async def _send(self, cases: Sequence[Case]) -> None:
        """Send what may be sent, several at once where the hub is ours, and look at the answers in order."""
        ready = list(self._admitted(cases))
        window = self.hub.target.concurrency if self.hub.target.embedded else 1
        for start in range(0, len(ready), window):
            batch = ready[start : start + window]
            self._check_room(len(batch))
            exchanges = await asyncio.gather(*(self._exchange(case) for case, _ in batch))
            for (case, validity), exchange in zip(batch, exchanges, strict=True):
                if exchange is not None:
                    await self._judge(self._as_it_counts(case), validity, exchange)

    def _as_it_counts(self, case: Case) -> Case:
        return replace(case, independent=case.independent and self._baseline)

    def _admitted(self, cases: Iterable[Case]) -> Iterator[tuple[Case, Validity]]:
        for case in cases:
            if case.digest in self._known:
                continue
            self._known.add(case.digest)
            validity = examine(self.hub.contract, self.operation, case)
            reason = too_costly(self.operation, case, validity, self.hub.target)
            if reason:
                self.notes.withheld[reason] += 1
            else:
                yield case, validity

    def _check_room(self, wanted: int) -> None:
        if self.hub.share is not None and self.notes.requests + wanted > self.hub.share:
            raise Stop("its share of the request budget is used up")
        if time.monotonic() > self._end:
            raise GivenUp(f"it took longer than {self.terms.seconds:g} s")

    async def _exchange(self, case: Case, **options: Any) -> Exchange | None:
        self._count(case)
        try:
            exchange = await self.hub.send(
                self.operation.id, method=case.method, path=case.path, body=case.body, headers=case.headers, **options
            )
        except ValueError:
            self.notes.requests -= 1
            self.notes.sent[case.phase] -= 1
            self.notes.withheld["HTTP cannot express it"] += 1
            return None
        if exchange.ok and self.operation.cost != "free":
            self.notes.billable += 1
        return exchange

    def _count(self, case: Case) -> None:
        self.notes.requests += 1
        self.notes.sent[case.phase] += 1
        if case.phase not in DEPENDENT:
            self._digest.update(case.digest.encode())

    async def _judge(self, case: Case, validity: Validity, exchange: Exchange) -> None:
        asked = Asked(self.hub.contract, self.operation, case, validity, exchange)
        self._count_silence(exchange)
        if exchange.status == 429:
            return
        if exchange.answered:
            self._broken_off = None
        self.replies.append(Reply(case, asked))
        await self._look_at(asked)
        if exchange.ok and not self.hub.target.may_ask(self.operation.cost):
            raise Stop("it began to work on an invalid request, and that costs real money")

    def _count_silence(self, exchange: Exchange) -> None:
        dumb = not exchange.answered or exchange.status == 429
        self._silent = self._silent + 1 if dumb else 0
        if self._silent >= SILENCES:
            words = "with 429" if exchange.status == 429 else f"with nothing ({exchange.problem})"
            raise GivenUp(f"the hub answered {SILENCES} requests in a row {words}{self._suspicion()}")

    def _suspicion(self) -> str:
        """What was asked when the hub was last there: nobody is blamed for it, but somebody will want to look."""
        if self._broken_off is None:
            return ""
        self.exchanges.append(self._broken_off.exchange)
        return f"; before that an answer broke off, to the request with {show(self._broken_off.case.what)}"

    async def _look_at(self, asked: Asked) -> None:
        for name, found in run_checks(asked):
            self.notes.ran[name] += 1
            for finding in found:
                await self._add(finding, asked)

    async def _add(self, finding: Finding, asked: Asked) -> None:
        if finding.key in self._keys:
            number = self._keys[finding.key]
            self.notes.findings[number] = replace(
                self.notes.findings[number], seen=self.notes.findings[number].seen + 1
            )
            return
        first, shown = self.notes.requests, Shown(finding, asked)
        if _passing(asked.exchange) and await self._shows(shown, replace(asked.case, phase="again")) is None:
            self._broken_off = asked if not asked.exchange.answered else self._broken_off
            return  # a moment's trouble is nobody's fault
        minimal = False
        if all(noted.check != finding.check for noted in self.notes.findings):
            shown, minimal = await self._smaller(shown)  # the first finding of a check is the one that a judge shows
        self._note(shown, finding.key, asked, first, minimal)
        if self.terms.save:
            keep(Path(self.terms.save), self.operation.id, finding.check, shown.asked.case, self.terms.seed)

    def _note(self, shown: Shown, key: tuple[str, str, str], seen: Asked, first: int, minimal: bool) -> None:
        """Note what is shown. `seen` is what showed it first, `first` the number of requests until then."""
        self._keys[key] = len(self.notes.findings)
        self.exchanges.append(shown.asked.exchange)
        parts = {name: getattr(shown.finding, name) for name in ("check", "code", "expected", "got", "at")}
        exchange, what = len(self.exchanges) - 1, shown.asked.case.what
        at = seen.exchange.started + seen.exchange.elapsed
        noted = Noted(**parts, exchange=exchange, what=what, phase=seen.case.phase, first=first, first_at=at)
        self.notes.findings.append(replace(noted, minimal=minimal))

    async def _smaller(self, shown: Shown) -> tuple[Shown, bool]:
        tries = self.terms.smaller
        if self.hub.share is not None:
            tries = min(tries, max(0, self.hub.share - self.notes.requests) // 3)
        if not self.hub.target.may_ask(self.operation.cost) or shown.finding.check in AS_ASKED:
            return shown, False
        smallest = shown

        async def still(candidate: Case) -> bool:
            nonlocal smallest
            found = await self._shows(shown, replace(candidate, phase="smaller"))
            smallest = found or smallest
            return found is not None

        _, minimal = await shrink(shown.asked.case, still, tries)
        return smallest, minimal

    async def _shows(self, known: Shown, case: Case) -> Shown | None:
        """The same finding on another request; None when that does not show it, or may not be sent."""
        validity = examine(self.hub.contract, self.operation, case)
        room = self.hub.share is None or self.notes.requests < self.hub.share
        # Where one invalid request was served, a smaller one may be, too: it is bounded like a valid one.
        smaller = known.asked.exchange.ok and case.phase != "again"
        cost = replace(validity, fit=Fit.UNSURE) if smaller else validity
        if not room or too_costly(self.operation, case, cost, self.hub.target):
            return None
        if not known.asked.validity.covers(validity):
            return None
        exchange = await self._exchange(case)
        if exchange is None:
            return None
        asked = Asked(self.hub.contract, self.operation, case, validity, exchange)
        same = (f for _, found in run_checks(asked) for f in found)
        kind = (known.finding.check, known.finding.code)
        return next((Shown(f, asked) for f in same if (f.check, f.code) == kind), None)

    async def _why_unserved(self, answers: Sequence[Exchange]) -> str:
        """Why answers to valid requests say nothing of the operation; empty when they do."""
        statuses = {exchange.status for exchange in answers} - {None, 429}
        if not statuses:
            return ""
        if not self.operation.implemented:
            # What the documents call unimplemented may be absent, or be more than they promise.
            return "" if statuses == {501} else f"{self.operation.id} is promised by nobody: {_listed(statuses)}"
        refused = statuses <= NOT_SERVED or all(_is_page(exchange) for exchange in answers)
        if statuses <= NO_ACCESS:
            return f"this token may not use {self.operation.id}: HTTP {statuses.pop()}"
        if not refused:
            return ""
        if statuses == {404} and not await self._is_any_404(answers[0]):
            return ""
        return f"{self.operation.id} is not served: {_listed(statuses)}"

    async def _is_any_404(self, answer: Exchange) -> bool:
        """Whether a path that surely does not exist is refused in the same words."""
        path = f"{self.operation.path_example}/hub-conformance-no-such-route"
        exchange = await self._exchange(Case(self.operation.method, path, phase="control"))
        return exchange is not None and exchange.status == 404 and _wording(exchange) == _wording(answer)

    async def _without_credential(self, examples: Sequence[Case]) -> None:
        """One request of each kind that was accepted, without a credential; the first one with a wrong one, too."""
        if self.hub.target.token is None or "none" in self.operation.auth:
            return
        headers, query = credential(self.operation.auth[0], WRONG_TOKEN)
        accepted = [r for r in self.replies if r.exchange.ok and r.case.method == self.operation.method]
        cases = [(_kind(reply), reply.case) for reply in accepted] or [(("", False), case) for case in examples[:1]]
        for kind, case in cases:
            if kind in self._strangers or len(self._strangers) == STRANGERS or not self._may_be_sent(case):
                continue
            await self._stranger(replace(case, phase="strangers"), "no credential")
            if not self._strangers and not query:
                wrong = replace(case, phase="strangers", headers=(*case.headers, *headers))
                await self._stranger(wrong, "a wrong token")
            self._strangers.add(kind)

    def _may_be_sent(self, case: Case) -> bool:
        validity = examine(self.hub.contract, self.operation, case)
        return not too_costly(self.operation, case, validity, self.hub.target)

    async def _stranger(self, case: Case, what: str) -> None:
        self._check_room(1)
        exchange = await self._exchange(case, auth=None)
        if exchange is None or not exchange.answered or exchange.status == 429:
            return
        self.notes.ran["auth-enforced"] += 1
        if exchange.ok:
            asked = Asked(self.hub.contract, self.operation, case, Validity(Fit.UNSURE), exchange)
            await self._found(Finding("auth-enforced", what, f"a refusal (401), with {what}", _status(exchange)), asked)

    async def _found(self, finding: Finding, asked: Asked) -> None:
        """Add a finding whose request is as small as it gets."""
        if finding.key in self._keys:
            return
        self._note(Shown(finding, asked), finding.key, asked, self.notes.requests, False)

    async def _links(self) -> None:
        """Follow the documented links of an accepted request: what was made can be found, and nothing else."""
        links = self.operation.spec["responses"].get("200", {}).get("links", {})
        made = next((reply for reply in self.replies if reply.exchange.ok and reply.exchange.is_json), None)
        if made is None:
            return
        for link in links.values():
            target = self.hub.contract.operation(link["operationId"])
            values = {name: _resolve(made.exchange, text) for name, text in link.get("parameters", {}).items()}
            if target.method == "GET" and values and all(isinstance(v, str) and v for v in values.values()):
                await self._follow(target, {name: str(value) for name, value in values.items()})

    async def _follow(self, target: Operation, values: dict[str, str]) -> None:
        case = Case(target.method, target.path_with(**values), phase="links", what=f"what {self.operation.id} gave")
        exchange = await self._at(target, case)
        if target.task == "poll" and exchange is not None:
            self.notes.ran["created-is-found"] += 1
            if exchange.status == 404:
                await asyncio.sleep(1)
                exchange = await self._at(target, replace(case, what=f"{case.what}, a second later")) or exchange
            if 400 <= (exchange.status or 0) < 500 and exchange.status != 429:
                expected = f"the task that {self.operation.id} has just given"
                asked = Asked(self.hub.contract, target, case, Validity(Fit.VALID), exchange)
                await self._found(Finding("created-is-found", str(exchange.status), expected, _status(exchange)), asked)
        longer = {name: f"{value}0" for name, value in values.items()}
        stranger = Case(target.method, target.path_with(**longer), phase=case.phase, what="an id with one more digit")
        await self._at(target, replace(stranger, phase="odd"))

    async def _at(self, target: Operation, case: Case) -> Exchange | None:
        """Ask another operation, and judge its answer by its own contract."""
        self._check_room(1)
        self._count(replace(case, phase="links"))
        exchange = await self.hub.send(target.id, method=case.method, path=case.path, headers=case.headers)
        if exchange.status == 429 or not exchange.answered:
            return None
        validity = examine(self.hub.contract, target, case)
        asked = Asked(self.hub.contract, target, case, validity, exchange)
        for name, found in run_checks(asked):
            self.notes.ran[name] += 1
            for finding in found:
                await self._found(replace(finding, code=f"{target.id} {finding.code}"), asked)
        return exchange


def seed_of(seed: int, operation: str) -> int:
    """The seed of one operation: it depends on nothing else, so that the order of operations does not matter."""
    return int.from_bytes(hashlib.sha256(f"{seed} {operation}".encode()).digest()[:4], "big")


def sample(cases: Sequence[Case], count: int, chance: random.Random) -> list[Case]:
    """At most `count` cases, one of each kind before a second of any kind; kinds are told by their description."""
    kinds: dict[str, list[Case]] = {}
    for case in cases:
        kinds.setdefault(case.what, []).append(case)
    piles = list(kinds.values())
    chance.shuffle(piles)
    for pile in piles:
        chance.shuffle(pile)
    rounds = (pile[depth] for depth in range(max(map(len, piles), default=0)) for pile in piles if depth < len(pile))
    return [case for case, _ in zip(rounds, range(max(0, count)), strict=False)]


def _later(make: Callable[[], list[Case]]) -> Iterator[Case]:
    """The cases, made when the first one is wanted."""
    yield from make()


def _kind(reply: Reply) -> tuple[str, bool]:
    return reply.case.phase, asks_for_stream(reply.asked.operation, reply.exchange.request)


def _passing(exchange: Exchange) -> bool:
    return exchange.status in PASSING or exchange.end is not End.complete


def _is_page(exchange: Exchange) -> bool:
    return exchange.media_type == "text/html"


def _status(exchange: Exchange) -> str:
    return f"HTTP {exchange.status}" + (f" ({exchange.media_type})" if exchange.media_type else "")


def _listed(statuses: Iterable[int | None]) -> str:
    return "HTTP " + ", ".join(str(status) for status in sorted(status or 0 for status in statuses))


def _wording(exchange: Exchange) -> str:
    path = exchange.request.url.partition("://")[2].partition("/")[2]
    text = exchange.text.replace(path, "").replace(exchange.request.method, "")
    return re.sub(r"[/\w-]*(?:hub-conformance|example)[/\w-]*|\d|req_\w+", "", text)


def _resolve(exchange: Exchange, expression: Any) -> Any:
    """The value of a link's runtime expression in an answer; None when there is none."""
    found = _POINTER.fullmatch(expression) if isinstance(expression, str) else None
    if found is None:
        return None
    value = exchange.json
    for token in found[1].split("/")[1:]:
        value = value.get(token) if isinstance(value, dict) else None
    return value
