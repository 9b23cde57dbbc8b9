"""What the sentences about every operation share: valid requests made from the contract, and reading of replies."""

from __future__ import annotations

import json
from typing import Any

from conformance.engine.contract import Operation, Violation, load_contract
from conformance.engine.kit.forms import FORM, File, form
from conformance.engine.kit.samples import png, wav
from conformance.engine.kit.streams import asks_for_stream
from conformance.engine.target import Target
from conformance.wire.exchange import Exchange, Request

FILES = {"image": File("square.png", "image/png", png()), "file": File("tone.wav", "audio/wav", wav(0.1))}
"""What the fields of a form carry that are files."""
NOT_SERVED = frozenset({404, 405, 501})
_KINDS = {
    "audio-speech": "speech",
    "audio-transcriptions": "transcription",
    "audio-translations": "transcription",
}


def model_for(op: Operation, target: Target) -> str | None:
    """The model to name in a request of the operation; None where the contract's example is as good as any."""
    kind = _KINDS.get(op.id, op.family)
    return target.models.get(kind) or (None if op.cost == "expensive" else target.model(kind))


def valid_request(op: Operation, target: Target, **fields: Any) -> dict[str, Any]:
    """The contract's example of an operation as arguments of `Hub.send`, with a model that the hub has.

    `fields` are set in a JSON body; one that is `...` is taken out.
    """
    model = model_for(op, target)
    path = op.path_with(**({"model": model} if model and "{model}" in op.path else {}))
    headers = [
        (p["name"], str(p["example"])) for p in op.parameters if p["in"] == "header" and p.get("required") is True
    ]
    value = op.request_example()
    if value is None:
        return {"path": path, "headers": headers}
    if model and "model" in value:
        value["model"] = model
    value = {name: item for name, item in {**value, **fields}.items() if item is not ...}
    if op.content_types[0] == FORM:
        sent = form((name, FILES.get(name) or str(item)) for name, item in value.items())
        return {"path": path, "headers": [*sent["headers"].items(), *headers], "body": sent["body"]}
    body = json.dumps(value, ensure_ascii=False).encode()
    return {"path": path, "headers": [("Content-Type", "application/json"), *headers], "body": body}


def operation_of(exchange: Exchange) -> Operation | None:
    """The operation of the contract that a request was about; None for a request that is about none."""
    name = exchange.request.operation
    return load_contract().operation(name) if name else None


def unserved(exchange: Exchange) -> bool:
    """Whether a reply may mean that there is nothing behind the path: 404, 405, 501 or a web page.

    A WebSocket route that is asked without an upgrade may also answer 400 or 426.
    """
    op = operation_of(exchange)
    if op and op.streaming.kind == "websocket" and exchange.status in (400, 426):
        return True
    return exchange.status in NOT_SERVED or exchange.media_type == "text/html"


def envelope_violations(exchange: Exchange, op: Operation) -> list[Violation]:
    """How a JSON body differs from the error envelope of an operation.

    A `code` or `param` that is no text is left out: the clients cope, and a sentence of its own judges it.
    """
    tolerated = () if op.error == "gemini" else ("/error/code", "/error/param")
    found = load_contract().violations(op.error_schema, exchange.json)
    return [violation for violation in found if violation.pointer not in tolerated]


def refused(exchange: Exchange) -> bool:
    """Whether the status is 4xx or 5xx."""
    return exchange.status is not None and exchange.status >= 400


def asks_stream(request: Request) -> bool:
    """Whether a request asks for an event stream, by what the contract says of its operation."""
    operation = request.operation
    return operation is not None and asks_for_stream(load_contract().operation(operation), request)
