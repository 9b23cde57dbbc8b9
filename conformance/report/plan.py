"""What a run would ask of a hub, before it asks: requests, priced answers and output tokens, family by family.

The numbers of each probe were measured on the embedded hub (`measured.json`, written by `python tests/measure.py`).
"""

from __future__ import annotations

import json
from collections.abc import Iterable, Iterator, Mapping
from dataclasses import dataclass
from functools import cache
from pathlib import Path

from conformance.engine.contract import Contract
from conformance.engine.probe import Admit, Slot
from conformance.engine.target import Target
from conformance.report.words import ENGLISH, Words, cells, padded

MEASURED = Path(__file__).with_name("measured.json")


@dataclass
class Share:
    """What one family's operations are asked."""

    family: str
    operations: set[str]
    probes: int = 0
    requests: int = 0
    billable: int = 0
    output_tokens: int = 0
    allowed_tokens: int = 0
    held_back: int = 0
    """Probes that are not asked without consent."""
    lacking: int = 0
    """Probes that are not asked because the operation is said not to be offered."""


@cache
def measured() -> dict[str, tuple[int, int, int, int]]:
    """Requests sent, billable ones of them, output tokens that came, and output tokens that were allowed, by evidence
    key."""
    rows = json.loads(MEASURED.read_text(encoding="ascii"))
    return {key: (sent, billable, tokens, allowed) for key, (sent, billable, tokens, allowed) in rows.items()}


def shares(slots: Iterable[Slot], target: Target, contract: Contract) -> list[Share]:
    """The plan, a share for each family; probes without an operation count as `everywhere`."""
    found: dict[str, Share] = {}
    for slot in slots:
        operation = contract.operation(slot.operation) if slot.operation else None
        family = operation.family if operation else "everywhere"
        share = found.setdefault(family, Share(family, set()))
        works = slot.probe.admit is Admit.ANSWER
        if operation is not None:
            share.operations.add(operation.id)
            if target.lacks_operation(operation.id, operation.family):
                share.lacking += 1
                continue
            dear = works or slot.probe.family == operation.family
            if dear and not target.may_ask(operation.cost):
                share.held_back += 1
                continue
        sent, billable, tokens, allowed = measured().get(slot.key, (1, 1, 0, 0))
        share.probes += 1
        share.requests += sent
        share.billable += billable
        share.output_tokens += tokens
        share.allowed_tokens += allowed
    return [found[name] for name in sorted(found)]


def lines(slots: list[Slot], target: Target, contract: Contract, say: Words = ENGLISH) -> Iterator[str]:
    """The plan as text, in the language of `say`."""
    planned = shares([slot for slot in slots if not slot.probe.apart], target, contract)
    heads = (say("operations"), say("probes"), say("requests"), say("priced"), say("output tokens"), say("at most"))
    rows = [_numbers(share) for share in planned]
    totals = tuple(sum(column) for column in zip(*rows, strict=True)) if rows else (0,) * len(heads)
    widths = [max(cells(head), len(str(total))) for head, total in zip(heads, totals, strict=True)]
    first = max(cells(name) for name in ("everywhere", say("family"), *(share.family for share in planned)))
    yield _row(say("family"), first, heads, widths)
    for share, numbers in zip(planned, rows, strict=True):
        yield _row(share.family, first, numbers, widths)
    yield _row(say("all"), first, totals, widths)
    yield ""
    held = {share.family: share.held_back for share in planned if share.held_back}
    if held:
        yield say("not asked without --allow-expensive: {probes}", probes=_counted(held, say))
    lacking = {share.family: share.lacking for share in planned if share.lacking}
    if lacking:
        yield say("not asked, said not to be offered: {probes}", probes=_counted(lacking, say))
    yield from _budgets(target, planned, say)
    fuzzed = sum(slot.probe.family == "fuzz" for slot in slots)
    if fuzzed:
        told = "fuzzing comes on top, on {count} operations; --fuzz-budget bounds it, --fuzz off leaves it out"
        yield say(told, count=fuzzed)
    played = sum(slot.probe.family == "clients" for slot in slots)
    if played:
        yield say("the official clients play {count} scenes on top, of one request or a few each", count=played)
    yield say("priced: requests that make a priced operation work")
    yield say("output tokens: as the embedded hub answers, and at most, as the limits of the requests allow")
    yield say("nothing was sent")


def _counted(probes: Mapping[str, int], say: Words) -> str:
    return ", ".join(say("{count} probes of {family}", count=n, family=family) for family, n in probes.items())


def _budgets(target: Target, planned: list[Share], say: Words) -> Iterator[str]:
    """What the budgets will cut off, as far as that is known beforehand."""
    requests = sum(share.requests for share in planned)
    if target.max_requests is not None and requests > target.max_requests:
        told = "--max-requests {most} stops the run before {missed} of the requests"
        yield say(told, most=target.max_requests, missed=requests - target.max_requests)
    allowed = sum(share.allowed_tokens for share in planned)
    if target.max_tokens is not None and allowed > target.max_tokens:
        told = "--max-tokens {most} may stop the run: the requests allow {allowed}"
        yield say(told, most=target.max_tokens, allowed=allowed)


def _numbers(share: Share) -> tuple[int, ...]:
    return (
        len(share.operations),
        share.probes,
        share.requests,
        share.billable,
        share.output_tokens,
        share.allowed_tokens,
    )


def _row(name: str, first: int, columns: Iterable[object], widths: Iterable[int]) -> str:
    filled = (padded(str(column), width, right=True) for column, width in zip(columns, widths, strict=True))
    return "  ".join([padded(name, first), *filled])
