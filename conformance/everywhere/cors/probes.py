"""What a browser sends for a page of another host: permission first, then requests that say where they come from.

The requests for permission name no operation: whatever they are answered with, it is no answer of that operation. The
requests of a page are those of `isolation`: the model list, a refused key, and streams.
"""

from __future__ import annotations

from collections.abc import Iterable

from conformance.engine.contract import Contract, Operation
from conformance.engine.probe import Admit, Group, Hub, Phase, probe
from conformance.everywhere.common import valid_request
from conformance.everywhere.isolation.probes import FROM_PAGE
from conformance.wire.exchange import Exchange

CHAT = "chat-completions"
SAFELISTED = frozenset({"GET", "HEAD", "POST"})
"""Methods that a browser lets pass without being told."""


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
async def cors_options(hub: Hub) -> Exchange:
    """OPTIONS with all that a valid chat request has, and without an origin."""
    return await hub.send(method="OPTIONS", **valid_request(hub.contract.operation(CHAT), hub.target))


ASKED = frozenset({"cors_preflight", "cors_options"})
PAGE = frozenset({"isolation_sequence", "isolation_after_drop"})
any_options = Group("any_options", lambda p: p.name in ASKED, Admit.REPLY, flat=True)
any_cors_reply = Group("any_cors_reply", lambda p: p.name in ASKED | PAGE, Admit.REPLY, flat=True)
