"""Probes: what is asked of a hub, once each, and recorded for all judges.

A probe is an async function decorated with `probe`. It gets a `Hub` (and, with `each`, one argument) and returns one
`Exchange`, or a tuple of them when it is a conversation. Its name is the fixture by which judges ask for its evidence.
"""

from __future__ import annotations

import contextlib
import importlib
import importlib.util
import inspect
import json
import pkgutil
from collections.abc import Awaitable, Callable, Iterable, Iterator, Mapping, Sequence
from dataclasses import dataclass, field, replace
from enum import IntEnum, StrEnum
from functools import cached_property
from typing import Any, TypeAlias
from urllib.parse import quote, urlencode

from conformance.engine.contract import Contract, Operation
from conformance.engine.dialogue import Dialogue, Talk
from conformance.engine.evidence import ProblemKind
from conformance.engine.schedule import TALK, Governor
from conformance.engine.target import Target
from conformance.engine.tokens import UNLIMITED, Output, allowed, output
from conformance.engine.waiting import WaitingList
from conformance.wire.exchange import End, Exchange
from conformance.wire.http import Client
from conformance.wire.limits import Limits
from conformance.wire.redact import Redactor
from conformance.wire.websocket import Session, Socket, open_socket

Conversation: TypeAlias = tuple[Exchange, ...]
ProbeFunction = Callable[..., Awaitable[Exchange | Conversation]]
Headers = Mapping[str, str] | Sequence[tuple[str, str]]
Connected = Callable[[Exchange, Session], Awaitable[None]]
"""What is done with an open WebSocket; the exchange is that of the handshake."""

OUTPUT_TOKENS = 64
"""Upper bound on the output of an answer that a probe asks for without a bound of its own."""
TALK_BYTES = 2**20
"""Most bytes that are taken of an answer made of text; pictures and sounds are larger."""
SECOND_TOKEN = "second"
"""In the place of an auth scheme: the token of another account, by the scheme that is used by default."""
WRONG_TOKEN = "sk-NobodyWasGivenThisTokenOfHubConformance7Qx4"
"""A credential that no hub knows. Evidence shows it as it is, so that a judge sees a hub repeat it."""


class Phase(IntEnum):
    """When a probe runs. Refusals come last, because some gateways cool down after an error."""

    ANSWERS = 1
    EITHER = 2
    REFUSALS = 3


class Admit(StrEnum):
    """What a judge insists on before it looks at evidence.

    answer: the hub served the request. refusal: the operation is offered. reply: something came back. raw: nothing.
    """

    ANSWER = "answer"
    REFUSAL = "refusal"
    REPLY = "reply"
    RAW = "raw"


_PHASES = {
    Admit.ANSWER: Phase.ANSWERS,
    Admit.REPLY: Phase.EITHER,
    Admit.RAW: Phase.EITHER,
    Admit.REFUSAL: Phase.REFUSALS,
}


class StopProbe(Exception):
    """A probe cannot go on; what it has got so far is kept as evidence."""

    def __init__(self, reason: str, kind: ProblemKind = "not-testable") -> None:
        super().__init__(reason)
        self.kind: ProblemKind = kind


@dataclass(frozen=True)
class Probe:
    """One question to a hub.

    `each` gives the arguments of a probe that is asked once per argument; without `operation` an argument is the id of
    the operation that the evidence is about. `base` marks the plainest question of its operation: how it is answered
    decides whether the hub offers the operation at all. `apart` marks a probe that computes a lot: it is asked in a
    process of its own, and belongs to no group that does not ask for such. `together` marks a conversation that asks
    several things in its first exchange, and each of them alone in the others where the first was refused.
    """

    name: str
    function: ProbeFunction
    family: str
    operation: str = ""
    admit: Admit = Admit.ANSWER
    phase: Phase = Phase.ANSWERS
    base: bool = False
    each: Callable[[Contract], Iterable[str]] | None = None
    apart: bool = False
    together: bool = False

    @property
    def many(self) -> bool:
        """Whether the probe is a conversation, by its return annotation."""
        return "Conversation" in str(self.function.__annotations__.get("return", ""))


@dataclass(frozen=True)
class Group:
    """Several probes under one fixture name, for sentences that hold on all their evidence.

    `flat` hands every judge a tuple of exchanges, whatever the probe returns. `admit` overrides that of the probes.
    `only` leaves out operations; `apart` is for probes that are asked apart, and for them alone. `alone` is for one
    probe that asks several things together: the number of the exchange that asks for one of them alone. `one` makes a
    flat group one test, where it is one for each family otherwise.
    """

    name: str
    choose: Callable[[Probe], bool]
    admit: Admit | None = None
    flat: bool = False
    only: Callable[[Operation], bool] | None = None
    apart: bool = False
    alone: int = 0
    one: bool = False


@dataclass(frozen=True, repr=False)
class Slot:
    """One piece of evidence that a judge may be given."""

    probe: Probe
    argument: str
    operation: str
    family: str
    admit: Admit
    flat: bool = False
    alone: int = 0
    """Of several things that were asked together: the one that is judged here, 0 for all of them."""

    @property
    def key(self) -> str:
        """Name of the evidence; stable across runs and workers."""
        return f"{self.probe.name}[{self.argument}]" if self.argument else self.probe.name

    def __repr__(self) -> str:
        return self.key  # reporters take a parameter's repr as part of a test's identity


@dataclass(frozen=True, repr=False)
class Bundle:
    """Pieces of evidence that one pytest test judges one by one: all those of a flat group that are of one family."""

    key: str
    slots: tuple[Slot, ...]

    def __repr__(self) -> str:
        return self.key


@dataclass(eq=False)
class Registry:
    """All probes and groups of the package by fixture name."""

    contract: Contract
    probes: dict[str, Probe] = field(default_factory=dict)
    groups: dict[str, Group] = field(default_factory=dict)

    def add(self, item: Probe | Group) -> None:
        """Take in a probe or a group.

        Raises:
            ValueError: the name is taken.
        """
        if item.name in self.probes or item.name in self.groups:
            raise ValueError(f"two probes or groups are called {item.name!r}")
        if isinstance(item, Probe):
            self.probes[item.name] = item
        else:
            self.groups[item.name] = item

    def __contains__(self, name: str) -> bool:
        return name in self.probes or name in self.groups

    def slots(self, name: str) -> tuple[Slot, ...]:
        """The pieces of evidence behind a fixture name.

        Raises:
            KeyError: no probe or group has that name.
        """
        cached = self._slots.get(name)
        if cached is None:
            cached = self._slots[name] = tuple(self._find(name))
        return cached

    def bundles(self, name: str) -> list[Bundle]:
        """The same as tests: one for each slot, or for each family where the name is a flat group's."""
        slots = self.slots(name)
        if name not in self.groups or not self.groups[name].flat:
            return [Bundle(slot.key, (slot,)) for slot in slots]
        if self.groups[name].one:
            return [Bundle(name, slots)]
        families: dict[str, list[Slot]] = {}
        for slot in slots:
            families.setdefault(slot.family, []).append(slot)
        return [Bundle(f"{name}[{family}]", tuple(members)) for family, members in families.items()]

    @cached_property
    def _slots(self) -> dict[str, tuple[Slot, ...]]:
        return {}

    def _find(self, name: str) -> Iterator[Slot]:
        group = self.groups.get(name)
        if group is None:
            yield from self._slots_of(self.probes[name], self.probes[name].admit, False)
            return
        for probe in self.probes.values():
            if probe.apart is group.apart and group.choose(probe):
                slots = self._slots_of(probe, group.admit or probe.admit, group.flat, group.alone)
                yield from (slot for slot in slots if not group.only or self._is_about(slot, group.only))

    def _is_about(self, slot: Slot, only: Callable[[Operation], bool]) -> bool:
        return bool(slot.operation) and only(self.contract.operation(slot.operation))

    def _slots_of(self, probe: Probe, admit: Admit, flat: bool, alone: int = 0) -> Iterator[Slot]:
        for argument in probe.each(self.contract) if probe.each else ("",):
            operation = probe.operation or argument
            family = self.contract.operation(operation).family if operation else probe.family
            yield Slot(probe, argument, operation, family, admit, flat, alone)

    def base_of(self, operation: str) -> Slot | None:
        """The slot whose answer says whether an operation is offered, or None when no probe asks plainly."""
        return self._bases.get(operation)

    def bases_in(self, family: str) -> list[Slot]:
        """The slots whose answers say which operations of a family are offered."""
        return [slot for slot in self._bases.values() if slot.family == family]

    @cached_property
    def _bases(self) -> dict[str, Slot]:
        bases = (slot for probe in self.probes.values() if probe.base for slot in self.slots(probe.name))
        return {slot.operation: slot for slot in bases}

    def needed(self, slots: Iterable[Slot]) -> list[Slot]:
        """The distinct slots and their base slots in the order in which they are to be asked.

        Plainest questions first, then conversations, because they take longest.
        """
        wanted: dict[str, Slot] = {}
        for slot in slots:
            base = self.base_of(slot.operation)
            for one in (base, slot) if base else (slot,):
                wanted.setdefault(one.key, one)
        order = {name: number for number, name in enumerate(self.probes)}
        return sorted(
            wanted.values(), key=lambda s: (s.probe.phase, not s.probe.base, not s.probe.many, order[s.probe.name])
        )


def probe(
    operation: str = "",
    *,
    admit: Admit = Admit.ANSWER,
    phase: Phase | None = None,
    base: bool = False,
    each: Callable[[Contract], Iterable[str]] | None = None,
    apart: bool = False,
    together: bool = False,
) -> Callable[[ProbeFunction], ProbeFunction]:
    """Declare a probe. Its module's folder is its family; `load_registry` finds it there."""

    def declare(function: ProbeFunction) -> ProbeFunction:
        family = function.__module__.split(".")[-2]
        chosen = phase or _PHASES[admit]
        function.declared = Probe(  # type: ignore[attr-defined]
            function.__name__, function, family, operation, admit, chosen, base, each, apart, together
        )
        return function

    return declare


def group(name: str, *probes: ProbeFunction) -> Group:
    """Declare that some probes are judged alike under one name."""
    names = {function.__name__ for function in probes}
    return Group(name, lambda candidate: candidate.name in names)


def load_registry(contract: Contract) -> Registry:
    """Import every `probes` module of the rooms and collect what it declares."""
    registry = Registry(contract)
    for module_name in sorted(_probe_modules()):
        module = importlib.import_module(module_name)
        for value in vars(module).values():
            declared = value if isinstance(value, Group) else getattr(value, "declared", None)
            if isinstance(declared, Group) or (isinstance(declared, Probe) and value.__module__ == module_name):
                registry.add(declared)
    return registry


def _probe_modules() -> Iterator[str]:
    for room in ("conformance.families", "conformance.everywhere"):
        package = importlib.import_module(room)
        for info in pkgutil.iter_modules(package.__path__, f"{room}."):
            if info.ispkg and importlib.util.find_spec(f"{info.name}.probes"):
                yield f"{info.name}.probes"
    for room in ("conformance.clients", "conformance.fuzz"):
        if importlib.util.find_spec(f"{room}.probes"):
            yield f"{room}.probes"


class BudgetSpent(StopProbe):
    """The run may send no further request, or none to this operation."""

    def __init__(self, reason: str = "the request budget (--max-requests) is used up") -> None:
        super().__init__(reason, "inconclusive")


class Hub:
    """The hub under test as a probe sees it. Every exchange is recorded, whatever the probe does with it."""

    def __init__(
        self,
        target: Target,
        contract: Contract,
        client: Client,
        governor: Governor,
        redactor: Redactor,
        *,
        key: str = "",
        waiting: WaitingList | None = None,
    ) -> None:
        self.target = target
        self.key = key
        """Name of the evidence that is being recorded."""
        self.waiting = waiting or WaitingList()
        """Where a probe says that it waits for a task."""
        self.contract = contract
        self.exchanges: list[Exchange] = []
        self.notes: dict[str, Any] | None = None
        """What the probe says beside its exchanges, as JSON."""
        self.terms: Mapping[str, Any] = {}
        """What was said about probes that are asked apart: how much, how far."""
        self.earlier: Callable[[str], Exchange | None] = lambda _key: None
        """The first exchange of another probe's evidence, by its key; None when there is none yet."""
        self.served: Callable[[str], Exchange | None] = lambda _operation: None
        """The first success of an operation in this run so far, by its id; None when there is none yet."""
        self.share: int | None = None
        """Requests that a probe which is asked apart may send; None for any number."""
        self._client = client
        self._governor = governor
        self._redactor = redactor

    @property
    def cost(self) -> tuple[int, int, int]:
        """Requests so far, output tokens that came, and output tokens that were allowed."""
        come = Output()
        for exchange in self.exchanges:
            family = self._family(exchange.request.operation)
            come += output(exchange, allowed(exchange.request.body, family, exchange.request.method))
        return sum(exchange.attempts for exchange in self.exchanges), come.tokens, come.allowed

    def _family(self, operation: str | None) -> str:
        return self.contract.operation(operation).family if operation else "everywhere"

    def model(self, kind: str = "chat") -> str:
        """The model to ask for a kind of work."""
        return self.target.model(kind)

    async def ask(self, operation: str, **fields: Any) -> Exchange:
        """A valid JSON request of an operation: its model and a bound on the output are filled in.

        A field given as `...` is left out of the body, `None` is sent as null.
        """
        op = self.contract.operation(operation)
        body = {"model": self.model(op.family), **_bound(op), **fields}
        return await self.send(operation, json={k: v for k, v in body.items() if v is not ...})

    async def stream(self, operation: str, **fields: Any) -> Exchange:
        """The same with `stream: true`, recorded piece by piece as it arrives."""
        return await self.ask(operation, stream=True, **fields)

    async def send(
        self,
        operation: str = "",
        *,
        method: str = "",
        path: str = "",
        json: Any = ...,
        body: bytes | None = None,
        query: Mapping[str, str] | None = None,
        headers: Headers = (),
        auth: str | None = "default",
        limits: Limits | None = None,
        retry: bool = True,
    ) -> Exchange:
        """Send one request as it is given.

        Args:
            operation: id of the operation that it is about; gives method and path where they are not given.
            json: value of a JSON body; `body` sends bytes instead.
            query: appended to the path, percent-encoded.
            headers: further headers; one given here replaces the suite's own of the same name.
            auth: "default" for the operation's first accepted scheme, another scheme's name, SECOND_TOKEN for the other
                account's token by that scheme, or None for no credential.
            limits: bounds of this exchange, by default the target's.
            retry: whether a 429 is waited out and asked again.

        Raises:
            BudgetSpent: no further request may be sent in this run.
        """
        op = self.contract.operation(operation) if operation else None
        own, extra_query = self._credential(op, auth)
        content = _json_bytes(json) if body is None else body
        if json is not ...:
            own = [("Content-Type", "application/json"), *own]
        address = self._url(path or (op.path_example if op else "/"), {**(query or {}), **extra_query})
        verb = method or (op.method if op else "GET")
        merged = _merge(_merge(self._standing(), own), headers)
        exchange = await self._paced(verb, address, merged, content, operation, limits, retry)
        self.exchanges.append(exchange)
        return exchange

    async def converse(
        self,
        operation: str = "",
        talk: Talk | None = None,
        *,
        path: str = "",
        query: Mapping[str, str] | None = None,
        headers: Headers = (),
        auth: str | None = "default",
        limits: Limits | None = None,
        retry: bool = True,
    ) -> Exchange:
        """Ask for a WebSocket, and talk over it when it opens; without `talk` it is closed at once.

        The handshake is one request, and counts and waits as such; the session after it holds nobody up.

        Args:
            operation: id of the operation that it is about; gives the path where it is not given.
            talk: what to do with the open conversation. What it raises is passed on, after the session is recorded.
            query, headers, auth, limits, retry: as for `send`.

        Raises:
            BudgetSpent: no further request may be sent in this run.
        """
        op = self.contract.operation(operation) if operation else None
        bounds = limits or self._limits(op)

        async def talked(_handshake: Exchange, session: Session) -> None:
            if talk is not None:
                await talk(Dialogue(session, bounds.between_bytes))

        return await self.connect(
            operation, talked, path=path, query=query, headers=headers, auth=auth, limits=bounds, retry=retry
        )

    async def connect(
        self,
        operation: str,
        script: Connected,
        *,
        path: str = "",
        query: Mapping[str, str] | None = None,
        headers: Headers = (),
        auth: str | None = "default",
        limits: Limits | None = None,
        retry: bool = True,
    ) -> Exchange:
        """The same for a script that holds the open WebSocket itself, and is given the answer to the handshake too."""
        op = self.contract.operation(operation) if operation else None
        own, extra_query = self._credential(op, auth)
        url = self._url(path or (op.path_example if op else "/"), {**(query or {}), **extra_query})
        family = self._family(operation)
        bounds = limits or self._limits(op)
        opened: list[Socket] = []

        async def handshake() -> Exchange:
            socket = await open_socket(
                url,
                _merge(_merge(self._standing(), own), headers),
                operation=operation or None,
                limits=bounds,
                redactor=self._redactor,
                verify=self.target.verify_tls,
            )
            opened[:] = [socket]
            return socket.exchange() if socket.is_open else await socket.finish()

        tokens = UNLIMITED.get(family, 0)
        first = await self._governor.run(
            handshake, family, retry=retry, operation=operation, tokens=tokens, under_way=bool(self.exchanges)
        )
        if first is None:
            raise BudgetSpent(self._governor.refusal(operation, tokens, family))
        exchange = first
        try:
            await opened[0].run(lambda session: script(first, session))
        finally:
            if first.switched:
                exchange = replace(await opened[0].finish(), attempts=first.attempts, waited=first.waited)
                self._governor.note_session(exchange)
            self.exchanges.append(exchange)
        return exchange

    async def fetch(self, url: str, limits: Limits | None = None) -> Exchange:
        """GET an absolute URL without any credential, wherever it leads, once.

        Raises:
            BudgetSpent: no further request may be sent in this run.
        """
        exchange = await self._paced("GET", url, [], b"", "", limits, retry=False)
        self.exchanges.append(exchange)
        return exchange

    def over(self, client: Client) -> Hub:
        """The same hub with the same record over other connections."""
        other = Hub(
            self.target, self.contract, client, self._governor, self._redactor, key=self.key, waiting=self.waiting
        )
        other.exchanges, other.earlier, other.served = self.exchanges, self.earlier, self.served
        return other

    async def _paced(
        self,
        method: str,
        url: str,
        headers: list[tuple[str, str]],
        body: bytes,
        operation: str,
        limits: Limits | None,
        retry: bool,
    ) -> Exchange:
        family = self._family(operation)

        heavy = limits is not None and limits.body_bytes > self.target.limits.body_bytes

        async def once() -> Exchange:
            async with self._governor.large if heavy else contextlib.nullcontext():
                return await sent()

        async def sent() -> Exchange:
            exchange = await self._once(method, url, headers, body, operation, limits)
            if exchange.end is End.reset and exchange.reused and not exchange.answered:
                # The hub may close an idle connection at the very moment of its reuse: that blames nobody.
                return await self._once(method, url, headers, body, operation, limits)
            return exchange

        tokens = allowed(body, family, method)
        exchange = await self._governor.run(
            once, family, retry=retry, operation=operation, tokens=tokens, under_way=bool(self.exchanges)
        )
        if exchange is None:
            raise BudgetSpent(self._governor.refusal(operation, tokens, family))
        return exchange

    async def _once(
        self,
        method: str,
        url: str,
        headers: list[tuple[str, str]],
        body: bytes,
        operation: str,
        limits: Limits | None,
    ) -> Exchange:
        return await self._client.send(
            method,
            url,
            headers,
            body,
            operation=operation or None,
            limits=limits or self._limits(self.contract.operation(operation) if operation else None),
            redactor=self._redactor,
        )

    def _limits(self, op: Operation | None) -> Limits:
        bounds = self.target.limits
        if not self.target.fixed_limits:
            bounds = self._governor.pace.limits(bounds)
        if op is not None and op.family not in TALK:
            return bounds
        return replace(bounds, body_bytes=min(bounds.body_bytes, TALK_BYTES))

    def _url(self, path: str, query: Mapping[str, str]) -> str:
        joined = f"{self.target.base_url}{quote(path, safe='/:?=&%{}@+,;~-._!$()*')}"
        if not query:
            return joined
        return joined + ("&" if "?" in path else "?") + urlencode(query)

    def _credential(self, op: Operation | None, auth: str | None) -> tuple[list[tuple[str, str]], dict[str, str]]:
        token = self.target.second_token if auth == SECOND_TOKEN else self.target.token
        if auth is None or token is None:
            return [], {}
        usual = op.auth[0] if op and op.auth else "bearer"
        chosen = self.target.key_schemes.get(op.family, usual) if op and usual != "session" else usual
        scheme = auth if auth not in ("default", SECOND_TOKEN) else chosen
        return credential(scheme, token.reveal())

    def _standing(self) -> list[tuple[str, str]]:
        return [(header.name, header.value.reveal()) for header in self.target.headers]


def credential(scheme: str, token: str) -> tuple[list[tuple[str, str]], dict[str, str]]:
    """Headers and query parameters that carry a token by one of the contract's schemes.

    Raises:
        ValueError: the scheme is none of the contract's.
    """
    carriers: dict[str, tuple[list[tuple[str, str]], dict[str, str]]] = {
        "bearer": ([("Authorization", f"Bearer {token}")], {}),
        "x-api-key": ([("x-api-key", token)], {}),
        "x-goog-api-key": ([("x-goog-api-key", token)], {}),
        "query-key": ([], {"key": token}),
        "ws-subprotocol": ([("Sec-WebSocket-Protocol", f"realtime, openai-insecure-api-key.{token}")], {}),
        "session": ([("Cookie", f"session={token}"), ("New-Api-User", "1")], {}),
        "none": ([], {}),
    }
    if scheme not in carriers:
        raise ValueError(f"no such auth scheme: {scheme!r}")
    return carriers[scheme]


def _bound(op: Operation) -> dict[str, Any]:
    return {"max_tokens": OUTPUT_TOKENS} if op.family in ("chat", "completions", "claude") else {}


def _json_bytes(value: Any) -> bytes:
    return b"" if value is ... else json.dumps(value, ensure_ascii=False).encode("utf-8", "surrogatepass")


def _merge(own: list[tuple[str, str]], given: Headers) -> list[tuple[str, str]]:
    extra = list(given.items()) if isinstance(given, Mapping) else list(given)
    taken = {name.lower() for name, _ in extra}
    return [(name, value) for name, value in own if name.lower() not in taken] + extra


def wants_argument(function: ProbeFunction) -> bool:
    """Whether a probe's function takes an argument beside the hub."""
    return len(inspect.signature(function).parameters) > 1
