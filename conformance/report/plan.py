"""What a run would ask of a hub, before it asks: requests, priced answers and output tokens, family by family.

The numbers of each probe were measured on the embedded hub (`measured.json`, written by `python tests/measure.py`).
"""

from __future__ import annotations

import json
from collections.abc import Iterable, Iterator
from dataclasses import dataclass
from functools import cache
from pathlib import Path

from conformance.engine.contract import Contract
from conformance.engine.probe import Admit, Slot
from conformance.engine.target import Target

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


def lines(slots: list[Slot], target: Target, contract: Contract) -> Iterator[str]:
    """The plan as text."""
    planned = shares([slot for slot in slots if not slot.probe.apart], target, contract)
    names = ("operations", "probes", "requests", "priced", "output tokens", "at most")
    width = max([len("everywhere"), *(len(share.family) for share in planned)])
    yield f"{'family':<{width}}  " + "  ".join(names)
    for share in planned:
        yield _row(share.family, width, _numbers(share), names)
    totals = tuple(sum(column) for column in zip(*map(_numbers, planned), strict=True)) if planned else (0,) * 6
    yield _row("all", width, totals, names)
    yield ""
    held = {share.family: share.held_back for share in planned if share.held_back}
    if held:
        yield "not asked without --allow-expensive: " + ", ".join(f"{n} probes of {f}" for f, n in held.items())
    lacking = {share.family: share.lacking for share in planned if share.lacking}
    if lacking:
        yield "not asked, said not to be offered: " + ", ".join(f"{n} probes of {f}" for f, n in lacking.items())
    yield from _budgets(target, planned)
    fuzzed = sum(slot.probe.family == "fuzz" for slot in slots)
    if fuzzed:
        yield f"fuzzing comes on top, on {fuzzed} operations; --fuzz-budget bounds it, --fuzz off leaves it out"
    played = sum(slot.probe.family == "clients" for slot in slots)
    if played:
        yield f"the official clients play {played} scenes on top, of one request or a few each"
    yield "priced: requests that make a priced operation work"
    yield "output tokens: as the embedded hub answers, and at most, as the limits of the requests allow"
    yield "nothing was sent"


def _budgets(target: Target, planned: list[Share]) -> Iterator[str]:
    """What the budgets will cut off, as far as that is known beforehand."""
    requests = sum(share.requests for share in planned)
    if target.max_requests is not None and requests > target.max_requests:
        missed = requests - target.max_requests
        yield f"--max-requests {target.max_requests} stops the run before {missed} of the requests"
    allowed = sum(share.allowed_tokens for share in planned)
    if target.max_tokens is not None and allowed > target.max_tokens:
        yield f"--max-tokens {target.max_tokens} may stop the run: the requests allow {allowed}"


def _numbers(share: Share) -> tuple[int, ...]:
    return (
        len(share.operations),
        share.probes,
        share.requests,
        share.billable,
        share.output_tokens,
        share.allowed_tokens,
    )


def _row(name: str, width: int, numbers: tuple[int, ...], names: tuple[str, ...]) -> str:
    cells = "  ".join(f"{number:>{len(column)}}" for number, column in zip(numbers, names, strict=True))
    return f"{name:<{width}}  {cells}"
