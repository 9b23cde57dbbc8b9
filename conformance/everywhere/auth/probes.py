"""What is asked of the door: nothing, a wrong key, a broken key, and the right key in every documented pocket.

A request that must be refused is otherwise a valid one, so that a hub that reads the body first is not blamed for it.
"""

from __future__ import annotations

from collections.abc import Callable, Iterable
from typing import Any

from conformance.engine.contract import Contract, Operation
from conformance.engine.probe import WRONG_TOKEN, Admit, Conversation, Hub, Phase, StopProbe, credential, group, probe
from conformance.everywhere.common import unserved, valid_request
from conformance.wire.exchange import Exchange

LIST = "list-models-openai"
CHAT = "chat-completions"


def guarded(contract: Contract) -> Iterable[str]:
    """Ids of the operations that want a credential, one per path and method."""
    return [op.id for op in contract.operations if op.alias_of is None and "none" not in op.auth]


def also_accepting(scheme: str) -> Callable[[Contract], Iterable[str]]:
    """The affordable operations that promise a scheme beside the one that the suite uses by default."""

    def choose(contract: Contract) -> Iterable[str]:
        return [op.id for op in contract.operations if _affordable(op) and scheme in op.auth[1:]]

    return choose


def _affordable(op: Operation) -> bool:
    return op.alias_of is None and op.implemented and op.cost != "expensive"


@probe(admit=Admit.REFUSAL, each=guarded)
async def auth_refusals(hub: Hub, operation: str) -> Conversation:
    """A valid request with a credential that nobody was given; for one operation of each family also without any.

    Where the answer is as if nothing were there, the last request carries the good token instead: it tells a hub that
    hides an operation from one that does not have it. That is never asked where it could cost much.
    """
    op = hub.contract.operation(operation)
    costly = op.cost == "expensive"
    if costly and hub.target.token is None:
        raise StopProbe("no token is given, so that a request without credential could be served, at a price")
    request = valid_request(op, hub.target)
    sent = []
    if _leads_its_family(hub.contract, op):
        sent.append(await hub.send(operation, auth=None, retry=False, **request))
        if costly and sent[0].ok:
            return tuple(sent)
    sent.append(await hub.send(operation, auth=None, retry=False, **_with_wrong_token(op, request)))
    if all(unserved(exchange) for exchange in sent) and op.implemented and not costly:
        sent.append(await hub.send(operation, retry=False, **request))
    return tuple(sent)


def _leads_its_family(contract: Contract, op: Operation) -> bool:
    """Whether this is the operation by which its family is tried without a credential."""
    return op.id == next(o for o in guarded(contract) if contract.operation(o).family == op.family)


def _with_wrong_token(op: Operation, request: dict[str, Any]) -> dict[str, Any]:
    headers, query = credential(op.auth[0], WRONG_TOKEN)
    return {**request, "headers": [*request.get("headers", ()), *headers], "query": query}


async def _with_authorization(hub: Hub, value: str) -> Exchange:
    return await hub.send(LIST, auth=None, headers={"Authorization": value}, retry=False)


@probe(LIST, admit=Admit.REFUSAL)
async def auth_empty(hub: Hub) -> Exchange:
    """The scheme word with nothing behind it."""
    return await _with_authorization(hub, "Bearer")


@probe(LIST, admit=Admit.REFUSAL)
async def auth_malformed(hub: Hub) -> Conversation:
    """A scheme that no operation takes, then a bare word without scheme."""
    return await _with_authorization(hub, "Basic aHViOmNvbmZvcm1hbmNl"), await _with_authorization(hub, WRONG_TOKEN)


@probe(LIST, admit=Admit.REFUSAL)
async def auth_detours(hub: Hub) -> Conversation:
    """The model list under spellings of its path that a router may fold, without a credential."""
    paths = ("//v1/models", "/V1/MODELS", "/v1/models/")
    return tuple([await hub.send(path=path, auth=None, retry=False) for path in paths])


@probe(CHAT, admit=Admit.REFUSAL)
async def auth_before_body(hub: Hub) -> Exchange:
    """A wrong token and a body that is no JSON."""
    headers = {"Authorization": f"Bearer {WRONG_TOKEN}", "Content-Type": "application/json"}
    return await hub.send(CHAT, auth=None, headers=headers, body=b'{"model": ', retry=False)


@probe(LIST, admit=Admit.REFUSAL, phase=Phase.ANSWERS)
async def auth_lower_case(hub: Hub) -> Exchange:
    """The good token with the scheme word in lower case."""
    if hub.target.token is None:
        raise StopProbe("no token is given")
    return await hub.send(LIST, auth=None, headers={"Authorization": f"bearer {hub.target.token.reveal()}"})


async def _by(hub: Hub, operation: str, scheme: str) -> Exchange:
    if hub.target.token is None:
        raise StopProbe("no token is given")
    return await hub.send(operation, auth=scheme, **valid_request(hub.contract.operation(operation), hub.target))


@probe(admit=Admit.REFUSAL, phase=Phase.ANSWERS, each=also_accepting("x-api-key"))
async def auth_by_api_key(hub: Hub, operation: str) -> Exchange:
    """The good token in `x-api-key`."""
    return await _by(hub, operation, "x-api-key")


@probe(admit=Admit.REFUSAL, phase=Phase.ANSWERS, each=also_accepting("x-goog-api-key"))
async def auth_by_goog_key(hub: Hub, operation: str) -> Exchange:
    """The good token in `x-goog-api-key`."""
    return await _by(hub, operation, "x-goog-api-key")


@probe(admit=Admit.REFUSAL, phase=Phase.ANSWERS, each=also_accepting("query-key"))
async def auth_by_query_key(hub: Hub, operation: str) -> Exchange:
    """The good token as the query parameter `key`."""
    return await _by(hub, operation, "query-key")


any_wrong_token = group("any_wrong_token", auth_refusals, auth_malformed)
