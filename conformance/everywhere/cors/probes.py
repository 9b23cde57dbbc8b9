"""What a browser sends for a page of another host: permission first, then requests that say where they come from.

The requests for permission name no operation: whatever they are answered with, it is no answer of that operation. Nor
does the one for the list: a hub without a list is not to be blamed for how it says so.
"""

from __future__ import annotations

from collections.abc import Iterable
from typing import Any

from conformance.engine.contract import Contract, Operation
from conformance.engine.probe import Admit, Conversation, Group, Hub, Phase, probe
from conformance.everywhere.common import valid_request
from conformance.wire.exchange import Exchange

LIST = "list-models-openai"
CHAT = "chat-completions"
ORIGIN = "https://page.hub-conformance.example"
FROM_PAGE = ("Origin", ORIGIN)
SAFELISTED = frozenset({"GET", "HEAD", "POST"})
"""Methods that a browser lets pass without being told."""
FEW_TOKENS = 16


def one_a_door(contract: Contract) -> Iterable[str]:
    """An operation for each set of credentials that a page may call with: what a browser asks about is theirs."""
    chosen: dict[tuple[str, ...], Operation] = {}
    for op in contract.operations:
        if op.alias_of is not None or op.streaming.kind == "websocket" or not set(op.auth) - {"session", "none"}:
            continue
        known = chosen.setdefault(op.auth, op)
        if known.method in SAFELISTED and op.method not in SAFELISTED:
            chosen[op.auth] = op
    return [op.id for op in chosen.values()]


def wanted_headers(op: Operation) -> list[str]:
    """Names of the headers that clients of an operation send and that a browser asks about, in lower case."""
    keys = [scheme for scheme in op.auth if scheme.startswith("x-")]
    own = [str(p["name"]).lower() for p in op.parameters if p["in"] == "header"]
    return ["authorization", "content-type", *dict.fromkeys([*keys, *own])]


@probe(admit=Admit.REFUSAL, phase=Phase.EITHER, each=one_a_door)
async def cors_preflight(hub: Hub, operation: str) -> Exchange:
    """What a browser asks before it lets a page call an operation: no credential, no body."""
    op = hub.contract.operation(operation)
    asked = [
        FROM_PAGE,
        ("Access-Control-Request-Method", op.method),
        ("Access-Control-Request-Headers", ",".join(sorted(wanted_headers(op)))),
    ]
    return await hub.send(method="OPTIONS", path=op.path_example, headers=asked, auth=None)


@probe(CHAT, admit=Admit.REPLY)
async def cors_options(hub: Hub) -> Conversation:
    """OPTIONS with all that a valid chat request has, then without a body, then with an origin and nothing else."""
    op = hub.contract.operation(CHAT)
    request = valid_request(op, hub.target)
    whole = await hub.send(method="OPTIONS", **request)
    bare = await hub.send(method="OPTIONS", path=op.path)
    return whole, bare, await hub.send(method="OPTIONS", path=op.path, headers=[FROM_PAGE], auth=None)


@probe(CHAT, admit=Admit.REPLY)
async def cors_replies(hub: Hub) -> Conversation:
    """Requests of a page: the model list, a chat request without a key, and a short stream."""
    op = hub.contract.operation(CHAT)
    listed = await hub.send(path=hub.contract.operation(LIST).path, headers=[FROM_PAGE])
    stranger = await hub.send(CHAT, auth=None, retry=False, **_from_page(valid_request(op, hub.target)))
    stream = _from_page(valid_request(op, hub.target, stream=True, max_tokens=FEW_TOKENS))
    return listed, stranger, await hub.send(CHAT, **stream)


def _from_page(request: dict[str, Any]) -> dict[str, Any]:
    return {**request, "headers": [*request["headers"], FROM_PAGE]}


NAMES = frozenset({"cors_preflight", "cors_options", "cors_replies"})
any_options = Group("any_options", lambda p: p.name in NAMES - {"cors_replies"}, Admit.REPLY, flat=True)
any_cors_reply = Group("any_cors_reply", lambda p: p.name in NAMES, Admit.REPLY, flat=True)
