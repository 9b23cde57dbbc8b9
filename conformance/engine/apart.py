"""Asking apart: probes that compute a lot run in processes of their own, beside the run, into the same evidence folder.

A helper process gets one line of JSON on standard input, the token in it; it claims one probe after another by a lock
file, so that any number of helpers share the work, and reports on standard output what each probe has sent. It ends
when its standard input does.
"""

from __future__ import annotations

import asyncio
import contextlib
import gc
import json
import os
import sys
import threading
from collections.abc import Iterable, Mapping
from dataclasses import asdict, dataclass, field
from pathlib import Path
from types import TracebackType
from typing import TYPE_CHECKING, Any, Self

from filelock import FileLock, Timeout

from conformance.engine.contract import load_contract
from conformance.engine.evidence import Record, Store
from conformance.engine.probe import WRONG_TOKEN, Hub, Slot, load_registry
from conformance.engine.schedule import Governor
from conformance.engine.target import Header, Target
from conformance.wire.http import Client
from conformance.wire.limits import Limits
from conformance.wire.redact import Redactor, Secret

if TYPE_CHECKING:
    from conformance.engine.probing import Inquiry

MOST_HELPERS = 2
GARBAGE = 50_000
"""New objects between two collections: generating requests makes a lot of them, and a helper lives for seconds."""
NICENESS = 5
"""Helpers give way to the hub and to the probes whose timing is judged."""
PLENTY = 1000
"""Requests for each probe from which on a budget is not scarce."""
_LONGEST_LINE = 1 << 24
_SETS = ("claims", "not_offered", "result_hosts")
_TOKENS = ("token", "second_token")
"""What of a target JSON has no word for."""
_COST_FIRST_UNLIMITED = ("cheap", "expensive", "free")
_COST_FIRST_LIMITED = ("expensive", "free", "cheap")


@dataclass(frozen=True)
class Job:
    """What a helper is told."""

    target: Target
    folder: Path
    keys: tuple[str, ...]
    terms: Mapping[str, Any] = field(default_factory=dict)
    budget: int | None = None
    tokens: int | None = None

    def to_json(self) -> str:
        target = {**vars(self.target), "limits": asdict(self.target.limits)}
        for name in _TOKENS:
            token = getattr(self.target, name)
            target[name] = token.reveal() if token else None
        target |= {"models": dict(self.target.models), "key_schemes": dict(self.target.key_schemes)}
        target |= {name: sorted(getattr(self.target, name)) for name in _SETS}
        target["headers"] = [[header.name, header.value.reveal(), header.shown] for header in self.target.headers]
        rest = {"folder": str(self.folder), "keys": self.keys, "terms": dict(self.terms), "budget": self.budget}
        rest["tokens"] = self.tokens
        return json.dumps({"target": target, **rest})

    @classmethod
    def from_json(cls, text: str) -> Self:
        given = json.loads(text)
        target = given["target"]
        target |= {name: Secret(target[name]) if target[name] else None for name in _TOKENS}
        target["limits"] = Limits(**target["limits"])
        target |= {name: frozenset(target[name]) for name in _SETS}
        target["headers"] = tuple(Header(name, Secret(value), shown) for name, value, shown in target["headers"])
        folder, keys = Path(given["folder"]), tuple(given["keys"])
        return cls(Target(**target), folder, keys, given["terms"], given["budget"], given["tokens"])


class Helpers:
    """The helper processes of a run, as an async context manager; leaving it ends them.

    On the embedded hub they work beside the other probes. On any other hub, and with a budget, a single one starts when
    those are done: one after another is polite, and one counter cannot be exceeded.
    """

    def __init__(self, inquiry: Inquiry, slots: list[Slot]) -> None:
        self._inquiry = inquiry
        self._slots = [slot for slot in slots if inquiry.store.get(slot.key) is None]
        self._processes: list[asyncio.subprocess.Process] = []

    async def __aenter__(self) -> Self:
        if self._slots and self._unlimited:
            for _ in range(min(MOST_HELPERS, os.cpu_count() or 1, len(self._slots))):
                await self._start(None)
        return self

    async def __aexit__(
        self, kind: type[BaseException] | None, error: BaseException | None, trace: TracebackType | None
    ) -> None:
        for process in self._processes:
            if process.returncode is None:
                process.kill()
        await asyncio.gather(*(process.wait() for process in self._processes))

    async def finish(self) -> None:
        """Wait until all is asked. What no helper could record becomes a record that says why."""
        if not self._slots:
            return
        if not self._processes:
            await self._start(self._budget())
        reasons = await asyncio.gather(*(self._attend(process) for process in self._processes))
        reason = next((text for text in reasons if text), "the helper processes ended before")
        for slot in self._slots:
            if self._inquiry.store.get(slot.key) is None:
                self._inquiry.store.put(Record(slot.key, problem=f"this was not asked: {reason}", problem_kind="error"))

    @property
    def _unlimited(self) -> bool:
        target = self._inquiry.target
        bounds = (target.max_requests, target.max_tokens, self._inquiry.terms.get("budget"))
        return target.embedded and all(bound is None for bound in bounds)

    def _budget(self) -> int | None:
        wanted: int | None = self._inquiry.terms.get("budget")
        left, _ = self._inquiry.left()
        return min((n for n in (wanted, left) if n is not None), default=None)

    async def _start(self, budget: int | None) -> None:
        inquiry = self._inquiry
        scarce = budget is not None and budget < PLENTY * len(self._slots)
        keys = tuple(slot.key for slot in ordered(self._slots, limited=scarce))
        _, tokens = inquiry.left()
        job = Job(inquiry.target, inquiry.store.folder, keys, inquiry.terms, budget, tokens)
        process = await asyncio.create_subprocess_exec(
            sys.executable,
            "-m",
            "conformance.engine.apart",
            stdin=asyncio.subprocess.PIPE,
            stdout=asyncio.subprocess.PIPE,
            stderr=asyncio.subprocess.PIPE,
            limit=_LONGEST_LINE,
            env={**os.environ, "PYTHONHASHSEED": "0"},
        )
        self._processes.append(process)
        assert process.stdin is not None
        process.stdin.write(job.to_json().encode() + b"\n")
        await process.stdin.drain()

    async def _attend(self, process: asyncio.subprocess.Process) -> str:
        """Count what a helper sends until it ends; its last words when it ended badly."""
        from conformance.engine.probing import Spend, add_spend

        assert process.stdout is not None
        assert process.stderr is not None
        errors = asyncio.create_task(process.stderr.read())
        async for line in process.stdout:
            spend = Spend(**json.loads(line))
            add_spend(self._inquiry.store.folder, spend)
            self._inquiry.note(spend.requests, spend.output)
        status = await process.wait()
        words = (await errors).decode("utf-8", "replace").strip()
        return f"a helper process ended with status {status}\n{words}" if status else ""


def ordered(slots: Iterable[Slot], *, limited: bool) -> list[Slot]:
    """The longest work first, so that helpers end together; with a scarce budget, what needs little of it first."""
    contract = load_contract()
    order = _COST_FIRST_LIMITED if limited else _COST_FIRST_UNLIMITED
    return sorted(slots, key=lambda slot: order.index(contract.operation(slot.operation).cost))


async def work(job: Job) -> None:
    """Ask the probes of a job that no other helper has claimed, one after another."""
    from conformance.engine.probing import Inquiry

    registry = load_registry(load_contract())
    inquiry = Inquiry(job.target, registry.contract, registry, Store(job.folder), job.terms)
    slots = {slot.key: slot for probe in registry.probes.values() if probe.apart for slot in registry.slots(probe.name)}
    redactor = Redactor(job.target.secrets, shown=[WRONG_TOKEN])
    governor = Governor(job.target.concurrency, job.budget, max_tokens=job.tokens, pause=job.target.pause)
    async with Client(verify=job.target.verify_tls) as client:
        for number, key in enumerate(job.keys):
            lock = FileLock(job.folder / f".{inquiry.store.path(key).stem}.lock", blocking=False)
            with contextlib.suppress(Timeout), lock:
                if inquiry.store.get(key) is None:
                    hub = Hub(job.target, registry.contract, client, governor, redactor)
                    hub.terms, hub.share = job.terms, _share(governor, job, number)
                    await _record(inquiry, slots[key], hub, governor)


def _share(governor: Governor, job: Job, number: int) -> int | None:
    if job.budget is None:
        return None
    return max(0, job.budget - governor.total) // (len(job.keys) - number)


async def _record(inquiry: Inquiry, slot: Slot, hub: Hub, governor: Governor) -> None:
    before, retried, waited, output = governor.total, governor.retried, governor.waited, governor.output
    record = await inquiry.asked(slot, hub)
    inquiry.store.put(record)
    sent = governor.total - before
    spend = {
        "requests": sent,
        "by_family": {slot.probe.family: sent} if sent else {},
        "billable": (record.notes or {}).get("billable", 0),
        "retried": governor.retried - retried,
        "waited": round(governor.waited - waited, 3),
        "output": governor.output.tokens - output.tokens,
        "estimated": governor.output.estimated - output.estimated,
        "allowed": governor.output.allowed - output.allowed,
    }
    print(json.dumps(spend), flush=True)


def _end_with_parent() -> None:
    while os.read(sys.stdin.fileno(), 4096):
        pass
    os._exit(0)


def main() -> None:
    """Run a helper: the job comes as the first line of standard input."""
    if hasattr(os, "nice"):
        os.nice(NICENESS)
    gc.set_threshold(GARBAGE)
    job = Job.from_json(sys.stdin.readline())
    threading.Thread(target=_end_with_parent, daemon=True).start()
    asyncio.run(work(job))


if __name__ == "__main__":
    main()
