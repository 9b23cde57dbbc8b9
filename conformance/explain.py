"""What stands behind a requirement's id, with an example of right and wrong that is computed, never written down.

The judge's own probes are put to the embedded hub; one of its faults spoils the evidence until the judge objects; what
differs is the example.
"""

from __future__ import annotations

import asyncio
import secrets
import tempfile
from collections.abc import Callable, Iterable, Iterator, Mapping
from dataclasses import dataclass, replace
from itertools import islice
from pathlib import Path
from urllib.parse import urlsplit

from conformance.engine.contract import load_contract
from conformance.engine.discovery import discover
from conformance.engine.embedded import EmbeddedHub
from conformance.engine.evidence import Record, Store
from conformance.engine.judge import Bench, Case, Finding, Verdict, cases, load_judges
from conformance.engine.options import EMBEDDED_POLL_INTERVAL
from conformance.engine.probe import Registry, load_registry
from conformance.engine.probing import Inquiry
from conformance.engine.requirement import Catalogue, Requirement, load_catalogue, requirement_ids
from conformance.engine.target import EVERYTHING, Target
from conformance.hub.faults import Fault, load_faults
from conformance.report.difference import LONGEST, Difference, differences
from conformance.report.remarks import phrasebook, room_of
from conformance.report.words import Words, padded, wrapped
from conformance.spoiling import clean_replies, spoil_records
from conformance.wire.exchange import Exchange
from conformance.wire.redact import Secret

RED = (Verdict.FAIL, Verdict.WARN)
FEW = 12
"""Pieces of evidence that are tried first; a judge may have hundreds, and one is enough for an example."""
PLAIN = ("chat", "models", "embeddings", "claude", "gemini", "responses")
"""Families whose answers are quick to get and easy to read, best first."""
WIDTH = 118
SHOWN = 2
"""Differences of an example that are shown."""


@dataclass(frozen=True)
class Example:
    """One fault at work: the request, what differs in the answers, and what the judge says of the wrong one."""

    fault: Fault
    method: str
    path: str
    found: tuple[Difference, ...]
    finding: Finding

    @property
    def size(self) -> int:
        return sum(one.size for one in self.found)


def faults_of(identifier: str) -> list[Fault]:
    """The embedded hub's faults that break this sentence, those that break nothing else first."""
    return sorted(
        (fault for fault in load_faults().values() if identifier in fault.turns_red),
        key=lambda fault: (len(fault.turns_red) + len(fault.also), fault.id),
    )


def example(identifier: str, faults: Iterable[Fault]) -> Example | None:
    """The shortest example that one of the faults gives; None when none does without a search of minutes."""
    registry = load_registry(load_contract())
    judges = [judge for judge in load_judges() if identifier in requirement_ids(judge)]
    found = [case for judge in judges for case in cases(judge, registry)]
    found = [case for case in found if not any(slot.probe.apart for slot in case.slots.values())]
    ordered = sorted(found, key=_plainness)
    for chosen in (ordered[:FEW], ordered[FEW:]):
        if chosen and (shown := _best(chosen, registry, list(faults))):
            return shown
    return None


def _plainness(case: Case) -> tuple[int, int]:
    families = [slot.family for slot in case.slots.values()]
    return max(PLAIN.index(name) if name in PLAIN else len(PLAIN) for name in families), len(families)


def _best(chosen: list[Case], registry: Registry, faults: list[Fault]) -> Example | None:
    records, target = _recorded(chosen, registry)
    clean = clean_replies(records)
    right = Bench(target, load_catalogue(), registry, records.__getitem__)
    kept = [case for case in chosen if right.evaluate(case).verdict not in RED]
    found: list[Example] = []
    for fault in faults:
        spoiled = spoil_records(records, clean, fault)
        wrong = Bench(target, load_catalogue(), registry, spoiled.__getitem__)
        found += islice(_examples(fault, kept, wrong, records, spoiled), 3)
    return min(found, key=lambda one: one.size, default=None)


def _recorded(chosen: list[Case], registry: Registry) -> tuple[Mapping[str, Record], Target]:
    """What the clean hub answers to the probes of these cases."""
    token = secrets.token_urlsafe(24)
    hub = EmbeddedHub.start(token)
    try:
        with tempfile.TemporaryDirectory() as folder:
            target = Target(
                hub.base_url,
                Secret(token),
                embedded=True,
                claims=frozenset({EVERYTHING}),
                poll_interval=EMBEDDED_POLL_INTERVAL,
            )
            inquiry = Inquiry(target, registry.contract, registry, Store(Path(folder)))
            inquiry = replace(inquiry, target=discover(inquiry, "HUB_TOKEN"))
            slots = registry.needed(slot for case in chosen for slot in case.slots.values())
            asyncio.run(inquiry.ask(slots))
            return {record.key: record for record in inquiry.store}, inquiry.target
    finally:
        hub.stop()


def _examples(
    fault: Fault,
    chosen: list[Case],
    bench: Bench,
    records: Mapping[str, Record],
    spoiled: Mapping[str, Record],
) -> Iterator[Example]:
    for case in chosen:
        keys = [slot.key for slot in case.slots.values()]
        if all(spoiled[key] is records[key] for key in keys):
            continue
        outcome = bench.evaluate(case)
        if outcome.verdict not in RED or outcome.finding is None:
            continue
        pairs = [pair for key in keys for pair in _pairs(records[key], spoiled[key])]
        pointed = pairs[outcome.finding.exchange : outcome.finding.exchange + 1]
        for right, wrong in (pair for pair in (*pointed, *pairs) if pair[0] is not pair[1]):
            found = tuple(islice(differences(right, wrong), SHOWN))
            if found:
                yield Example(fault, right.request.method, _path(right), found, outcome.finding)
                break


def _pairs(right: Record, wrong: Record) -> Iterator[tuple[Exchange, Exchange]]:
    yield from zip(right.exchanges, wrong.exchanges, strict=True)


def _path(exchange: Exchange) -> str:
    parts = urlsplit(exchange.request.url)
    return parts.path + (f"?{parts.query}" if parts.query else "")


def lines(found: Requirement, catalogue: Catalogue) -> Iterator[str]:
    """All that is known of a requirement, as text. The example comes last, because it takes a moment."""
    say = Words(catalogue.language)
    yield f"{found.id}  {found.level}, {say(found.authority)}"
    yield ""
    yield from wrapped(found.statement, WIDTH)
    yield ""
    for name, text in ((say("source"), found.source), (say("why"), found.why), (say("fix"), found.fix)):
        yield from wrapped(text, WIDTH, f"{padded(name, 8)} ")
    if found.excluded:
        yield say("not judged, because {reason}", reason=found.excluded)
        return
    faults = faults_of(found.id)
    yield ""
    yield (
        say("faults that break it (`python -m conformance hub --fault ID`):")
        if faults
        else say("no fault of the embedded hub breaks it")
    )
    for fault in faults:
        yield from wrapped(fault.sentence, WIDTH, f"  {fault.id}  ")
    if faults:
        yield ""
        remarks = phrasebook(say.language, room_of(found.id))
        yield from _example_lines(example(found.id, faults), say, remarks.say)


def _example_lines(shown: Example | None, say: Words, remark: Callable[[str], str]) -> Iterator[str]:
    if shown is None:
        yield say("an example would take a whole run: `pytest --family FAMILY --fault ID` gives one")
        return
    yield say("for example, with the fault {fault}:", fault=shown.fault.id)
    yield f"  {shown.method} {shown.path}"
    for one in shown.found:
        yield f"  {one.where}"
        yield from wrapped(one.right, WIDTH, f"    {padded(say('right'), 6)} ")
        yield from wrapped(one.wrong, WIDTH, f"    {padded(say('wrong'), 6)} ")
    at = f" ({say.place(shown.finding.at)})" if shown.finding.at else ""
    expected, got = remark(shown.finding.expected), remark(shown.finding.got)
    yield from wrapped(expected, WIDTH, f"  {padded(say('expected'), 8)} ")
    got = got if len(got) <= LONGEST else f"{got[:LONGEST]}…"
    yield from wrapped(f"{got}{at}", WIDTH, f"  {padded(say('got'), 8)} ")
