"""What is asked of a hub that it has to refuse, and what it must not refuse although it looks odd."""

from __future__ import annotations

import json
from collections.abc import Iterator
from typing import Any

from conformance.engine.contract import Contract, Operation
from conformance.engine.probe import Admit, Conversation, Group, Hub, Phase, Probe, probe
from conformance.everywhere.common import valid_request
from conformance.everywhere.errors.views import CLIENT, LOWER_CASE, ODDITIES, SPELLING, UNKNOWN_FIELD
from conformance.everywhere.talk import question, streamed, talking
from conformance.wire.exchange import Exchange

CHAT = "chat-completions"
NO_SUCH_MODEL = "no-such-model-7f3a9c41"
NO_SUCH_ROUTE = "/v1/no-such-route-7f3a9c41"
MADE_UP = "x_made_up_by_hub_conformance"
FEW_TOKENS = 16
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


def _plain(contract: Contract) -> Iterator[Operation]:
    return (op for op in contract.operations if op.alias_of is None and op.implemented and "session" not in op.auth)


def one_an_envelope(contract: Contract) -> list[str]:
    """The first operation with a JSON body of each error envelope, which is to say of each family of handlers.

    An unknown id in the path would be a reason of its own.
    """
    first: dict[str, str] = {}
    for op in _plain(contract):
        if op.method == "POST" and op.content_types[:1] == ("application/json",) and "id}" not in op.path:
            first.setdefault(op.error, op.id)
    return list(first.values())


def one_a_vendor(contract: Contract) -> list[str]:
    """The same of the vendors' own formats, which a hub routes apart."""
    talks = set(talking(contract))
    return [operation for operation in one_an_envelope(contract) if operation in talks]


def _chat(hub: Hub, **fields: Any) -> dict[str, Any]:
    message = {"role": "user", "content": "Say hello."}
    body = {"model": hub.model(), "messages": [message], "max_tokens": FEW_TOKENS, **fields}
    return {name: value for name, value in body.items() if value is not ...}


@probe(admit=Admit.REFUSAL, each=one_an_envelope)
async def errors_malformed_json(hub: Hub, operation: str) -> Exchange:
    """A valid request whose body lacks its last brace."""
    request = valid_request(hub.contract.operation(operation), hub.target)
    return await hub.send(operation, **{**request, "body": request["body"][:-1]})


@probe(admit=Admit.REFUSAL, each=talking)
async def errors_unknown_model(hub: Hub, operation: str) -> Conversation:
    """A model that no hub has, as a stream where the body can ask for one; of chat without a stream as well."""
    op = hub.contract.operation(operation)
    request = question(op, hub.target, "Say hello.", FEW_TOKENS, NO_SUCH_MODEL)
    as_stream = streamed(request, op)
    if operation != CHAT:
        return (await hub.send(operation, **as_stream),)
    return await hub.send(operation, **request), await hub.send(operation, **as_stream)


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
async def errors_oddities(hub: Hub) -> Conversation:
    """Bytes that are not UTF-8 inside a string; then a valid request that is odd in every way that is allowed.

    It is asked again with one oddity at a time where it is refused, in the order of `ODDITIES`.
    """
    body = json.dumps(_chat(hub)).encode().replace(b"Say hello.", b"Say \xff\xfe hello.")
    broken = await hub.send(CHAT, body=body, headers={"Content-Type": "application/json"})
    together = await hub.send(CHAT, retry=False, **_odd_request(hub, *ODDITIES))
    refused = together.answered and not together.ok and together.status != 429
    if not (refused or hub.target.one_by_one):
        return broken, together
    return broken, together, *[await hub.send(CHAT, retry=False, **_odd_request(hub, one)) for one in ODDITIES]


def _odd_request(hub: Hub, *oddities: str) -> dict[str, Any]:
    fields, headers, query = _chat(hub), {"Content-Type": "application/json"}, {}
    if CLIENT in oddities:
        headers, query = headers | SDK_HEADERS, {"beta": "true"}
    if UNKNOWN_FIELD in oddities:
        fields[MADE_UP] = {"a": [1, None]}
        fields["messages"][0][MADE_UP] = True
    if LOWER_CASE in oddities and hub.target.token:
        headers["Authorization"] = f"bearer {hub.target.token.reveal()}"
    body = json.dumps(fields)
    if SPELLING in oddities:
        headers = {name.upper(): value for name, value in headers.items()}
        body = json.dumps(dict(reversed(fields.items())), indent=4).replace("Say", "\\u0053ay")
    return {"body": body.encode(), "headers": headers, "query": query}


@probe(admit=Admit.REFUSAL, each=one_a_vendor)
async def errors_wrong_method(hub: Hub, operation: str) -> Exchange:
    """A method that no operation has, on the path of one."""
    path = valid_request(hub.contract.operation(operation), hub.target)["path"]
    return await hub.send(method=WRONG_METHOD, path=path, json={})


@probe(admit=Admit.REPLY, phase=Phase.REFUSALS)
async def errors_unknown_route(hub: Hub) -> Conversation:
    """GET and POST on a path below /v1 that nobody serves."""
    read = await hub.send(path=NO_SUCH_ROUTE)
    return read, await hub.send(method="POST", path=NO_SUCH_ROUTE, json=_chat(hub))


def _refuses(candidate: Probe) -> bool:
    return not candidate.base and candidate.phase is Phase.REFUSALS


def _permanent(candidate: Probe) -> bool:
    return candidate.family == "errors" and _refuses(candidate)


def _asks_unknown_model(candidate: Probe) -> bool:
    return candidate.name == errors_unknown_model.__name__


def _streams_by_body(op: Operation) -> bool:
    return op.streaming.trigger is not None and op.streaming.trigger.where == "body"


unknown_chat_model = Group("unknown_chat_model", _asks_unknown_model, only=lambda op: op.id == CHAT)
unknown_model_stream = Group("unknown_model_stream", _asks_unknown_model, only=_streams_by_body)


def _is_built(op: Operation) -> bool:
    return op.implemented


def _has_openai_errors(op: Operation) -> bool:
    return op.error == "openai"


def _refuses_a_request(candidate: Probe) -> bool:
    return candidate.family not in ("auth", "playground") and _refuses(candidate)


any_wrong_request = Group("any_wrong_request", _refuses, flat=True)
any_openai_refusal = Group("any_openai_refusal", _refuses, flat=True, only=_has_openai_errors)
wrong_request = Group("wrong_request", _refuses_a_request, flat=True, only=_is_built)
wrong_openai_request = Group(
    "wrong_openai_request", _refuses_a_request, flat=True, only=lambda op: _is_built(op) and _has_openai_errors(op)
)
permanent_mistake = Group("permanent_mistake", _permanent, flat=True)
valid_question = Group("valid_question", lambda p: p.admit is Admit.ANSWER, Admit.RAW, flat=True)
any_refusal = Group("any_refusal", lambda p: not p.base and p.family != "auth", Admit.REFUSAL, True, only=_is_built)
model_list_reply = Group("model_list_reply", lambda p: p.name == "models_list", Admit.RAW)
