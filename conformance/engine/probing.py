"""Asking: runs the probes that a run needs, phase by phase and concurrently, and keeps what they record."""

from __future__ import annotations

import asyncio
import itertools
import json
import threading
import traceback
from collections import Counter
from collections.abc import Callable, Iterable, Mapping
from concurrent.futures import Executor, ThreadPoolExecutor
from dataclasses import asdict, dataclass, field, replace
from pathlib import Path
from typing import Any

from filelock import FileLock, Timeout

from conformance.engine.apart import Helpers
from conformance.engine.contract import Contract
from conformance.engine.evidence import Record, Store
from conformance.engine.judge import refusal_of
from conformance.engine.probe import WRONG_TOKEN, Admit, Hub, Registry, Slot, StopProbe
from conformance.engine.progress import Progress, ProgressFile
from conformance.engine.schedule import SILENCES, Governor, Pace
from conformance.engine.target import Target
from conformance.engine.waiting import WaitingList
from conformance.wire.exchange import Exchange
from conformance.wire.http import Client
from conformance.wire.redact import Redactor

LEADER_LOCK = ".lock"
DONE_MARK = ".done"
SPEND_FILE = ".spend"


@dataclass
class Spend:
    """Requests of a run. `billable` counts those of `priced`.

    `output` are output tokens as the hub reported them, with `estimated` ones among them where it reported nothing;
    `allowed` is what the requests that were served had set as their limits.
    """

    requests: int = 0
    by_family: dict[str, int] = field(default_factory=dict)
    billable: int = 0
    retried: int = 0
    waited: float = 0.0
    output: int = 0
    estimated: int = 0
    allowed: int = 0


@dataclass(frozen=True)
class Inquiry:
    """All that is needed to ask: the target, the contract, the probes, and where evidence goes.

    `terms` are for the probes that are asked apart; the engine knows `budget` alone of them, the most requests that
    these may send together.
    """

    target: Target
    contract: Contract
    registry: Registry
    store: Store
    terms: Mapping[str, Any] = field(default_factory=dict)
    pace: Pace = field(default_factory=Pace)
    progress: ProgressFile | None = None
    served: dict[str, Exchange] = field(default_factory=dict, repr=False)
    """The first success of each operation, by its id."""

    async def ask(self, slots: Iterable[Slot]) -> None:
        """Ask what is not yet recorded. Phases follow one another; within one, requests run side by side, and an
        operation's plainest question comes before its others."""
        todo = [slot for slot in slots if self.store.get(slot.key) is None]
        if not todo:
            return
        redactor = Redactor(self.target.secrets, shown=[WRONG_TOKEN])
        patience = SILENCES * self.target.limits.whole
        requests, tokens = self.left()
        governor = Governor(
            self.target.concurrency,
            requests,
            patience,
            max_tokens=tokens,
            pause=self.target.pause,
            pace=self.pace,
        )
        # One thread writes, one record after the other: the text of a large one takes several times its memory.
        with ThreadPoolExecutor(1, "evidence") as writer:
            billable = await self._ask_waves(todo, governor, redactor, writer)
        self._add_spend(governor, billable)

    async def _ask_waves(self, todo: list[Slot], governor: Governor, redactor: Redactor, writer: Executor) -> int:
        """The number of billable requests."""
        billable = 0
        waiting = WaitingList(self.store.folder)
        async with Client(verify=self.target.verify_tls) as client:
            for _, wave in itertools.groupby(todo, key=lambda s: s.probe.phase):
                slots = list(wave)
                hubs = [
                    Hub(self.target, self.contract, client, governor, redactor, key=slot.key, waiting=waiting)
                    for slot in slots
                ]
                for hub in hubs:
                    hub.earlier, hub.served = self._first_exchange, self.served.get
                plain = {slot.key: asyncio.Event() for slot in slots if slot.probe.base}
                asking = (self._in_turn(slot, hub, writer, plain) for slot, hub in zip(slots, hubs, strict=True))
                sent = await asyncio.gather(*asking)
                billable += sum(sent)
        return billable

    async def _in_turn(self, slot: Slot, hub: Hub, writer: Executor, plain: Mapping[str, asyncio.Event]) -> int:
        """Ask when the plainest question of the same operation is answered, which may say that there is no point."""
        base = self.registry.base_of(slot.operation)
        if base is not None and base.key != slot.key and base.key in plain:
            await plain[base.key].wait()
        try:
            return await self._record(slot, hub, writer)
        finally:
            if slot.key in plain:
                plain[slot.key].set()

    def _first_exchange(self, key: str) -> Exchange | None:
        record = self.store.get(key)
        return record.exchanges[0] if record and record.exchanges else None

    def note(self, requests: int, tokens: int) -> None:
        """Tell whoever watches that a probe has ended."""
        if self.progress:
            self.progress.add(requests, tokens)

    def left(self) -> tuple[int | None, int | None]:
        """Requests and output tokens that may still be spent; None for any number."""
        spend, target = read_spend(self.store.folder), self.target
        requests = None if target.max_requests is None else max(0, target.max_requests - spend.requests)
        tokens = None if target.max_tokens is None else max(0, target.max_tokens - spend.output)
        return requests, tokens

    async def _record(self, slot: Slot, hub: Hub, writer: Executor) -> int:
        """The number of billable requests. Nothing else is kept: evidence may be large."""
        record = self._skipped(slot) or await self.asked(slot, hub)
        for exchange in record.exchanges:
            if exchange.ok and exchange.is_json and exchange.request.operation:
                self.served.setdefault(exchange.request.operation, exchange)
        billable = priced(hub.exchanges, slot, self.contract)
        sent, come, allowed = hub.cost
        record = replace(record, cost=(sent, billable, come, allowed))
        await asyncio.get_running_loop().run_in_executor(writer, self.store.put, record)
        self.note(sent, come)
        return billable

    def _skipped(self, slot: Slot) -> Record | None:
        """A record that says why there was no point in asking, when the plainest question already failed."""
        if slot.operation and self.target.lacks_operation(slot.operation, slot.family):
            return Record(slot.key, problem="not asked: it is said not to be offered", problem_kind="not-offered")
        if self._could_cost(slot) and not self.target.may_ask(self.contract.operation(slot.operation).cost):
            return Record(slot.key, problem="not asked, because it costs real money: allow it with --allow-expensive")
        base = self.registry.base_of(slot.operation)
        if base is None or base.key == slot.key:
            return None
        plain = self.store.get(base.key)
        if plain is None or not plain.exchanges:
            return None
        first = plain.exchanges[0]
        if not first.answered:
            return Record(slot.key, problem=f"not asked, because the plainest request got no answer ({first.problem})")
        if refusal_of(first):
            return Record(slot.key, exchanges=(first,), many=slot.probe.many)
        return None

    async def asked(self, slot: Slot, hub: Hub) -> Record:
        arguments = (slot.argument,) if slot.argument else ()
        try:
            result = await slot.probe.function(hub, *arguments)
        except StopProbe as stop:
            return Record(slot.key, tuple(hub.exchanges), slot.probe.many, str(stop), stop.kind, hub.notes)
        except Exception:
            return Record(slot.key, tuple(hub.exchanges), slot.probe.many, traceback.format_exc(), "error")
        exchanges = result if isinstance(result, tuple) else (result,)
        return Record(slot.key, exchanges, slot.probe.many, notes=hub.notes)

    def _could_cost(self, slot: Slot) -> bool:
        """Whether a lenient hub might do the work: also where a family asks its own operation wrongly on purpose."""
        return bool(slot.operation) and (_asks_for_work(slot) or slot.probe.family == slot.family)

    def _add_spend(self, governor: Governor, billable: int) -> None:
        waited, output = round(governor.waited, 3), governor.output
        spend = Spend(governor.total, dict(governor.sent), billable, governor.retried, waited)
        spend.output, spend.estimated, spend.allowed = output.tokens, output.estimated, output.allowed
        add_spend(self.store.folder, spend)


def priced(exchanges: Iterable[Exchange], slot: Slot, contract: Contract) -> int:
    """How many of a probe's requests are billable: they asked an operation of cost class cheap or expensive to work, or
    were wrong ones that the hub served all the same. To look a task up and to fetch its result is free."""
    return sum(_is_priced(one, contract) for one in exchanges if one.ok or _asks_for_work(slot))


def _asks_for_work(slot: Slot) -> bool:
    return bool(slot.operation) and slot.probe.admit is Admit.ANSWER


def _is_priced(exchange: Exchange, contract: Contract) -> bool:
    if not exchange.request.operation:
        return False
    operation = contract.operation(exchange.request.operation)
    return operation.cost != "free" and not operation.looks_up(exchange.request.url)


def read_spend(folder: Path) -> Spend:
    """What the runs into this evidence folder have sent so far."""
    path = folder / SPEND_FILE
    return Spend(**json.loads(path.read_text(encoding="ascii"))) if path.exists() else Spend()


def add_spend(folder: Path, more: Spend) -> None:
    """Add to what the runs into this evidence folder have sent. Only the asking process may."""
    spend = read_spend(folder)
    total = Spend(by_family=dict(Counter(spend.by_family) + Counter(more.by_family)))
    for name in ("requests", "billable", "retried", "waited", "output", "estimated", "allowed"):
        setattr(total, name, getattr(spend, name) + getattr(more, name))
    draft = folder / f"{SPEND_FILE}.part"
    draft.write_text(json.dumps(asdict(total)), encoding="ascii")
    draft.replace(folder / SPEND_FILE)


class Asker:
    """Has the probes of a run asked in the background, once for all processes that share the evidence folder.

    Whoever gets the folder's lock asks; the others wait for the records. When the asking process dies, one of the
    waiting ones takes over what is left.
    """

    def __init__(self, inquiry: Inquiry, slots: list[Slot]) -> None:
        self._inquiry = inquiry
        self._slots = slots
        self._folder = inquiry.store.folder
        self._lock = FileLock(self._folder / LEADER_LOCK)
        self._thread: threading.Thread | None = None
        self._cancel: Callable[[], object] = lambda: None
        self.problem = ""
        """Why asking ended early; empty when it did not."""

    def start(self) -> None:
        """Begin to ask unless another process already does."""
        try:
            self._lock.acquire(blocking=False)
        except Timeout:
            return
        if self._is_done():
            self._lock.release()
            return
        self._thread = threading.Thread(target=self._run, name="probes", daemon=True)
        self._thread.start()

    def evidence(self, key: str) -> Record:
        """The record of a key, waited for; one that says so when it will never come."""
        record = self._inquiry.store.wait(key, self._still_coming)
        reason = self.problem or "the run ended before"
        return record or Record(key, problem=f"this was never asked: {reason}", problem_kind="inconclusive")

    def stop(self) -> None:
        """Stop asking; what is recorded stays. Waits a moment for the thread to end."""
        self._cancel()
        if self._thread:
            self._thread.join(timeout=5)
            self._lock.release()
            self._thread = None

    def _still_coming(self) -> bool:
        if self._thread:
            return self._thread.is_alive()
        if self._is_done():
            return False
        self.start()
        return True

    def _is_done(self) -> bool:
        return (self._folder / DONE_MARK).exists()

    def _run(self) -> None:
        with asyncio.Runner() as runner:
            try:
                runner.run(self._main())
                (self._folder / DONE_MARK).touch()
            except asyncio.CancelledError:
                return
            except OSError as problem:
                self.problem = f"cannot write to {self._folder}: {problem.strerror}"

    async def _main(self) -> None:
        loop, task = asyncio.get_running_loop(), asyncio.current_task()
        assert task is not None
        self._cancel = lambda: loop.is_closed() or loop.call_soon_threadsafe(task.cancel)
        store = self._inquiry.store
        done, spend = sum(store.path(slot.key).exists() for slot in self._slots), read_spend(self._folder)
        progress = ProgressFile(self._folder, Progress(len(self._slots), done, spend.requests, spend.output))
        progress.tell()
        inquiry = replace(self._inquiry, progress=progress)
        beside = [slot for slot in self._slots if not slot.probe.apart]
        async with Helpers(inquiry, [slot for slot in self._slots if slot.probe.apart]) as helpers:
            await inquiry.ask(beside)
            await helpers.finish()
        progress.tell()
