"""What is asked of the door: nothing, a wrong key, a broken key, and the right key in every documented pocket.

A request that must be refused is otherwise a valid one, so that a hub that reads the body first is not blamed for it.
"""

from __future__ import annotations

from collections.abc import Callable, Iterable
from functools import cache
from typing import Any

from conformance.engine.contract import Contract, Operation, load_contract
from conformance.engine.probe import (
    WRONG_TOKEN,
    Admit,
    Conversation,
    Group,
    Hub,
    Phase,
    Probe,
    StopProbe,
    credential,
    probe,
)
from conformance.everywhere.common import unserved, valid_request
from conformance.wire.exchange import Exchange

LIST = "list-models-openai"
CHAT = "chat-completions"
MISSING, WRONG, OTHER_SCHEME = "missing", "wrong", "other scheme"
TRIED_OTHERWISE = {CHAT: (MISSING, WRONG), "list-models-gemini": (OTHER_SCHEME,)}
"""Operations that do not take their turn: the one that every hub has, and one that costs nothing."""


def guarded(contract: Contract) -> Iterable[str]:
    """Ids of the operations that want a credential, one per path and method.

    WebSocket handshakes have sentences of their own. Of what nobody has built the shortest path stands for all.
    """
    closed = [op for op in contract.operations if op.alias_of is None and "none" not in op.auth]
    built = [op for op in closed if op.implemented and op.streaming.kind != "websocket"]
    unbuilt = sorted((op for op in closed if not op.implemented), key=lambda op: len(op.path))
    return [op.id for op in (*built, *unbuilt[:1])]


@cache
def flaws() -> dict[str, tuple[str, ...]]:
    """How each guarded operation is tried: those of a family take turns without and with a wrong credential.

    Families begin in turns, too, so that those of one operation are tried in both ways as well.
    """
    families: dict[str, list[str]] = {}
    for identifier in guarded(load_contract()):
        families.setdefault(load_contract().operation(identifier).family, []).append(identifier)
    turns = (MISSING, WRONG)
    found: dict[str, tuple[str, ...]] = {
        identifier: (turns[(place + number) % 2],)
        for place, members in enumerate(families.values())
        for number, identifier in enumerate(members)
    }
    return found | TRIED_OTHERWISE


@probe(admit=Admit.REFUSAL, each=guarded)
async def auth_refusals(hub: Hub, operation: str) -> Conversation:
    """A valid request with each flaw of the credential that this operation is tried with.

    Where the answer is as if nothing were there, the last request carries the good token instead: it tells a hub that
    hides an operation from one that does not have it. That is never asked where it could cost much.
    """
    op = hub.contract.operation(operation)
    costly = op.cost == "expensive"
    if costly and hub.target.token is None:
        raise StopProbe("no token is given, so that a request without credential could be served, at a price")
    request = valid_request(op, hub.target)
    sent = []
    for flaw in flaws()[operation]:
        sent.append(await hub.send(operation, auth=None, retry=False, **_with(flaw, op, request)))
        if costly and sent[-1].ok:
            return tuple(sent)
    if all(unserved(exchange) for exchange in sent) and op.implemented and not costly:
        sent.append(await hub.send(operation, retry=False, **request))
    return tuple(sent)


def _with(flaw: str, op: Operation, request: dict[str, Any]) -> dict[str, Any]:
    if flaw == MISSING:
        return request
    headers, query = credential(op.auth[0], WRONG_TOKEN)
    if flaw == OTHER_SCHEME:
        headers, query = [("Authorization", "Basic aHViOmNvbmZvcm1hbmNl")], {}
    return {**request, "headers": [*request.get("headers", ()), *headers], "query": query}


@probe(LIST, admit=Admit.REFUSAL)
async def auth_empty(hub: Hub) -> Exchange:
    """The scheme word with nothing behind it."""
    return await hub.send(LIST, auth=None, headers={"Authorization": "Bearer"}, retry=False)


@probe(LIST, admit=Admit.REFUSAL)
async def auth_detours(hub: Hub) -> Conversation:
    """The model list under spellings of its path that a router may fold, without a credential."""
    return tuple([await hub.send(path=path, auth=None, retry=False) for path in ("//v1/models", "/V1/MODELS/")])


def first_accepting(scheme: str) -> Callable[[Contract], Iterable[str]]:
    """The first affordable operation that takes a scheme beside the suite's own, in a family that does work."""

    def choose(contract: Contract) -> Iterable[str]:
        fitting = (op.id for op in contract.operations if op.cost == "cheap" and scheme in op.auth[1:])
        return [next(fitting)]

    return choose


@probe(admit=Admit.REFUSAL, phase=Phase.ANSWERS, each=first_accepting("query-key"))
async def auth_by_query_key(hub: Hub, operation: str) -> Exchange:
    """The good token as the query parameter `key`."""
    if hub.target.token is None:
        raise StopProbe("no token is given")
    request = valid_request(hub.contract.operation(operation), hub.target)
    return await hub.send(operation, auth="query-key", **request)


def _refuses(candidate: Probe) -> bool:
    return candidate.name == auth_refusals.__name__


def _tried(flaw: str) -> Callable[[Operation], bool]:
    return lambda op: flaw in flaws()[op.id]


strangers = Group("strangers", _refuses, only=_tried(MISSING))
wrong_tokens = Group("wrong_tokens", _refuses, only=_tried(WRONG))
other_schemes = Group("other_schemes", _refuses, only=_tried(OTHER_SCHEME))
