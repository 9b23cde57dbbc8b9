"""What the sentences about every operation share: valid requests made from the contract, and reading of replies."""

from __future__ import annotations

import base64
import json
import struct
from typing import Any
from urllib.parse import parse_qs, urlsplit

from conformance.engine.contract import Operation, Violation, load_contract
from conformance.engine.target import Target
from conformance.wire.exchange import Exchange, Request

BOUNDARY = "hub-conformance-7d1f4c"
PIXEL = base64.b64decode("iVBORw0KGgoAAAANSUhEUgAAAAEAAAABCAQAAAC1HAwCAAAAC0lEQVR42mNkYAAAAAYAAjCB0C8AAAAASUVORK5CYII=")
"""A PNG of one pixel."""
SILENCE = (
    b"RIFF"
    + struct.pack("<I", 36 + 1600)
    + b"WAVEfmt "
    + struct.pack("<IHHIIHH", 16, 1, 1, 8000, 16000, 2, 16)
    + b"data"
    + struct.pack("<I", 1600)
    + bytes(1600)
)
"""A WAV file of a tenth of a second."""
FILES = {"image": ("pixel.png", "image/png", PIXEL), "file": ("silence.wav", "audio/wav", SILENCE)}
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
    media_type, body = _encoded(op.content_types[0], value)
    return {"path": path, "headers": [("Content-Type", media_type), *headers], "body": body}


def _encoded(media_type: str, value: dict[str, Any]) -> tuple[str, bytes]:
    if media_type == "multipart/form-data":
        return f"{media_type}; boundary={BOUNDARY}", multipart(value)
    return media_type, json.dumps(value, ensure_ascii=False).encode()


def multipart(fields: dict[str, Any]) -> bytes:
    """A form; the fields `image` and `file` carry a tiny picture and a tiny recording."""
    parts = []
    for name, value in fields.items():
        if name in FILES:
            filename, media_type, content = FILES[name]
            head = f'name="{name}"; filename="{filename}"\r\nContent-Type: {media_type}'
        else:
            head, content = f'name="{name}"', str(value).encode()
        parts.append(f"--{BOUNDARY}\r\nContent-Disposition: form-data; {head}\r\n\r\n".encode() + content + b"\r\n")
    return b"".join(parts) + f"--{BOUNDARY}--\r\n".encode()


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
    if not request.operation:
        return False
    streaming = load_contract().operation(request.operation).streaming
    if not streaming.kind.startswith("sse") or streaming.trigger is None:
        return False
    trigger = streaming.trigger
    if trigger.where == "query":
        return str(trigger.value) in parse_qs(urlsplit(request.url).query).get(trigger.name, [])
    return trigger.where == "always" or _body_of(request).get(trigger.name) is trigger.value


def _body_of(request: Request) -> dict[str, Any]:
    try:
        value = request.json
    except ValueError:
        return {}
    return value if isinstance(value, dict) else {}
