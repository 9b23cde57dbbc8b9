"""What is asked of a hub that it has to refuse, and what it must not refuse although it looks odd."""

from __future__ import annotations

import json
from collections.abc import Iterable, Iterator
from typing import Any

from conformance.engine.contract import Contract, Operation
from conformance.engine.probe import Admit, Conversation, Group, Hub, Phase, Probe, probe
from conformance.everywhere.common import valid_request
from conformance.wire.exchange import Exchange

CHAT = "chat-completions"
NO_SUCH_MODEL = "no-such-model-7f3a9c41"
NO_SUCH_ROUTE = "/v1/no-such-route-7f3a9c41"
WRONG_METHOD = "PUT"
"""No operation of the contract takes it."""
SDK_HEADERS = {
    "User-Agent": "OpenAI/Python 3.54.0",
    "OpenAI-Organization": "org-example",
    "OpenAI-Project": "proj-example",
    "X-Stainless-Lang": "python",
    "X-Stainless-Package-Version": "3.54.0",
    "X-Stainless-OS": "Linux",
    "X-Stainless-Arch": "x64",
    "X-Stainless-Runtime": "CPython",
    "X-Stainless-Runtime-Version": "3.13.1",
    "X-Stainless-Async": "false",
    "X-Stainless-Retry-Count": "0",
    "X-Stainless-Read-Timeout": "600",
    "anthropic-beta": "none-2026-01-01",
    "x-goog-api-client": "google-genai-sdk/3.4.0 gl-python/3.13.1",
}


def _neighbourhoods(operations: Iterable[Operation]) -> list[str]:
    """The first operation of each family under each two leading segments of a path: routers treat the rest alike."""
    first: dict[tuple[str, ...], str] = {}
    for op in operations:
        first.setdefault((op.family, *op.path.split("/")[1:3]), op.id)
    return list(first.values())


def _plain(contract: Contract) -> Iterator[Operation]:
    return (op for op in contract.operations if op.alias_of is None and op.implemented)


def taking_json(contract: Contract) -> list[str]:
    """Operations with a JSON body, one a neighbourhood; an unknown id in the path would be a reason of its own."""
    return _neighbourhoods(
        op
        for op in _plain(contract)
        if op.method == "POST" and op.content_types[:1] == ("application/json",) and "id}" not in op.path
    )


def taking_model(contract: Contract) -> list[str]:
    """Affordable operations that name a model and take a hub token, one a neighbourhood."""
    return _neighbourhoods(
        op for op in _plain(contract) if op.cost == "cheap" and "session" not in op.auth and _names_model(op)
    )


def _names_model(op: Operation) -> bool:
    return "{model}" in op.path or "model" in (op.request_example() or {})


def one_an_envelope(contract: Contract) -> list[str]:
    """The first affordable operation of each error envelope and method: a hub's formats are routed apart."""
    first: dict[tuple[str, str], str] = {}
    for op in _plain(contract):
        if op.cost != "expensive" and "session" not in op.auth and "none" not in op.auth:
            first.setdefault((op.error, op.method), op.id)
    return list(first.values())


def _chat(hub: Hub, **fields: Any) -> dict[str, Any]:
    message = {"role": "user", "content": "Say hello."}
    body = {"model": hub.model(), "messages": [message], "max_tokens": 16, **fields}
    return {name: value for name, value in body.items() if value is not ...}


@probe(admit=Admit.REFUSAL, each=taking_json)
async def errors_malformed_json(hub: Hub, operation: str) -> Exchange:
    """A valid request whose body lacks its last brace."""
    request = valid_request(hub.contract.operation(operation), hub.target)
    return await hub.send(operation, **{**request, "body": request["body"][:-1]})


@probe(admit=Admit.REFUSAL, each=taking_model)
async def errors_unknown_model(hub: Hub, operation: str) -> Conversation:
    """A model that no hub has; then the same as a stream, where the body can ask for one."""
    op = hub.contract.operation(operation)
    request = valid_request(op, hub.target, **({"model": NO_SUCH_MODEL} if _in_body(op) else {}))
    if "{model}" in op.path:
        request["path"] = op.path_with(model=NO_SUCH_MODEL)
    plain = await hub.send(operation, **request)
    trigger = op.streaming.trigger
    if trigger is None or trigger.where != "body":
        return (plain,)
    body = {**json.loads(request["body"]), trigger.name: trigger.value}
    return plain, await hub.send(operation, **{**request, "body": json.dumps(body).encode()})


def _in_body(op: Operation) -> bool:
    return "model" in (op.request_example() or {})


@probe(CHAT, admit=Admit.REFUSAL)
async def errors_missing_model(hub: Hub) -> Exchange:
    """Chat without a model."""
    return await hub.send(CHAT, json=_chat(hub, model=...))


@probe(CHAT, admit=Admit.REFUSAL)
async def errors_odd_bodies(hub: Hub) -> Conversation:
    """Chat with an array, with null, and with nothing as its body."""
    label = {"Content-Type": "application/json"}
    return tuple([await hub.send(CHAT, body=body, headers=label) for body in (b"[]", b"null", b"")])


@probe(CHAT, admit=Admit.REFUSAL)
async def errors_text_plain(hub: Hub) -> Exchange:
    """A valid chat request that is labelled text/plain."""
    body = json.dumps(_chat(hub)).encode()
    return await hub.send(CHAT, body=body, headers={"Content-Type": "text/plain"})


@probe(CHAT, admit=Admit.REFUSAL)
async def errors_invalid_utf8(hub: Hub) -> Conversation:
    """Bytes that are not UTF-8 inside a string, and then a valid request."""
    body = json.dumps(_chat(hub)).encode().replace(b"Say hello.", b"Say \xff\xfe hello.")
    broken = await hub.send(CHAT, body=body, headers={"Content-Type": "application/json"})
    return broken, await hub.send(CHAT, json=_chat(hub))


@probe(admit=Admit.REFUSAL, each=one_an_envelope)
async def errors_wrong_method(hub: Hub, operation: str) -> Exchange:
    """A method that no operation has, on the path of one."""
    path = valid_request(hub.contract.operation(operation), hub.target)["path"]
    return await hub.send(method=WRONG_METHOD, path=path, json={})


@probe(admit=Admit.REPLY, phase=Phase.REFUSALS)
async def errors_unknown_route(hub: Hub) -> Conversation:
    """GET and POST on a path below /v1 that nobody serves."""
    read = await hub.send(path=NO_SUCH_ROUTE)
    return read, await hub.send(method="POST", path=NO_SUCH_ROUTE, json=_chat(hub))


@probe(CHAT, admit=Admit.REFUSAL, phase=Phase.EITHER)
async def errors_unknown_field(hub: Hub) -> Exchange:
    """A valid chat request with a made-up field at the top and in a message."""
    fields = _chat(hub, x_made_up_by_hub_conformance={"a": [1, None]})
    fields["messages"][0]["x_made_up_by_hub_conformance"] = True
    return await hub.send(CHAT, json=fields)


@probe(CHAT, admit=Admit.REFUSAL, phase=Phase.EITHER)
async def errors_sdk_headers(hub: Hub) -> Exchange:
    """A valid chat request with all that official clients add to it."""
    return await hub.send(CHAT, json=_chat(hub), headers=SDK_HEADERS, query={"beta": "true"})


def _refuses(candidate: Probe) -> bool:
    return not candidate.base and candidate.phase is Phase.REFUSALS


def _permanent(candidate: Probe) -> bool:
    return candidate.family == "errors" and _refuses(candidate)


any_wrong_request = Group("any_wrong_request", _refuses, flat=True)
wrong_request = Group("wrong_request", lambda p: p.family != "auth" and _refuses(p), flat=True)
permanent_mistake = Group("permanent_mistake", _permanent, flat=True)
valid_question = Group("valid_question", lambda p: p.admit is Admit.ANSWER, Admit.RAW, flat=True)
any_refusal = Group("any_refusal", lambda p: not p.base and p.name != "auth_refusals", Admit.REFUSAL, flat=True)
model_list_reply = Group("model_list_reply", lambda p: p.name == "models_list", Admit.RAW)
