"""The part of the contract that a generator of requests gets to see: one path, and narrower than the contract.

Narrower, because most random values of `model` name no model, and most random lengths are long. What a generator takes
for invalid may therefore be valid: `validity` judges every request by the real contract before it is sent.
"""

from __future__ import annotations

import copy
import json
from collections.abc import Iterator, Mapping
from dataclasses import replace
from typing import Any

from conformance.engine.contract import METHODS, Contract, Operation
from conformance.engine.target import Target
from conformance.fuzz.bounds import LARGEST
from conformance.fuzz.case import CREDENTIALS, JSON_TYPE, Case

PHASE = "examples"
_PREFIX = "#/components/schemas/"
_KINDS = {
    "audio-speech": "speech",
    "audio-transcriptions": "transcription",
    "audio-translations": "transcription",
    "gemini-embeddings": "embeddings",
    "playground-chat": "chat",
}


def model_of(operation: Operation, target: Target) -> str | None:
    """The model to name in requests of the operation; None where the contract's example is as good as any."""
    kind = _KINDS.get(operation.id, operation.family)
    return target.models.get(kind) or (target.model(kind) if operation.cost == "cheap" else None)


def documented(operation: Operation, model: str | None) -> list[Case]:
    """The documented examples of an operation without body, or with one in JSON; and one that asks for a stream."""
    types = operation.content_types
    if types and JSON_TYPE not in types:
        return []
    named = {"model": model} if model and "{model}" in operation.path else {}
    path = operation.path_with(**named)
    headers = tuple(
        (p["name"], str(p["example"])) for p in operation.parameters if p["in"] == "header" and p.get("required")
    )
    if not types:
        return [Case(operation.method, path, headers, phase=PHASE, what="the documented request", independent=True)]
    headers = (("Content-Type", JSON_TYPE), *headers)
    found = []
    for media_type, name, value in operation.request_examples():
        if media_type == JSON_TYPE:
            value = {**value, "model": model} if model and "model" in value else value
            body = json.dumps(value, ensure_ascii=False).encode()
            plain = name in ("minimal", "stream", operation.id)
            found.append(Case(operation.method, path, headers, body, PHASE, f"the example {name}", independent=plain))
    found.sort(key=lambda case: b'"stream": true' in case.body)
    return [*found, *_streamed(operation, found)]


def _streamed(operation: Operation, examples: list[Case]) -> Iterator[Case]:
    trigger = operation.streaming.trigger
    if trigger is None or not examples or not operation.streaming.kind.startswith("sse"):
        return
    first = replace(examples[0], what="an example as a stream")
    if trigger.where == "query":
        mark = "&" if "?" in first.path else "?"
        yield replace(first, path=f"{first.path}{mark}{trigger.name}={trigger.value}")
    elif trigger.where == "body" and not any(json.loads(e.body).get(trigger.name) == trigger.value for e in examples):
        yield replace(first, body=json.dumps({**json.loads(first.body), trigger.name: trigger.value}).encode())


def narrowed(contract: Contract, operation: Operation, target: Target) -> dict[str, Any]:
    """An OpenAPI document with the operation's path alone and the schemas that it needs."""
    item = copy.deepcopy(contract.document["paths"][operation.path])
    schemas = {name: copy.deepcopy(contract.schema(name)) for name in _needed(contract, item)}
    model = model_of(operation, target)
    spec = item[operation.method.lower()]
    for method in METHODS:
        item.get(method, {}).pop("security", None)
    for media in spec.get("requestBody", {}).get("content", {}).values():
        _set_model(media, schemas, model)
    for parameter in (*item.get("parameters", ()), *spec.get("parameters", ())):
        if parameter["name"] == "model" and parameter["in"] == "path" and model:
            parameter["schema"] = {"type": "string", "enum": [model]}
            parameter["example"] = model
    for holder in (item, spec):
        if "parameters" in holder:
            holder["parameters"] = [p for p in holder["parameters"] if p["name"].lower() not in CREDENTIALS]
    for schema in schemas.values():
        _bound(schema)
    return {
        "openapi": "3.1.0",
        "info": contract.document["info"],
        "paths": {operation.path: item},
        "components": {"schemas": schemas},
    }


def _needed(contract: Contract, root: Any) -> list[str]:
    found: dict[str, None] = {}
    todo = [root]
    while todo:
        for name in _references(todo.pop()):
            if name not in found:
                found[name] = None
                todo.append(contract.schema(name))
    return list(found)


def _references(node: Any) -> Iterator[str]:
    if isinstance(node, dict):
        reference = node.get("$ref")
        if isinstance(reference, str) and reference.startswith(_PREFIX):
            yield reference.removeprefix(_PREFIX)
        for value in node.values():
            yield from _references(value)
    elif isinstance(node, list):
        for value in node:
            yield from _references(value)


def _set_model(media: dict[str, Any], schemas: Mapping[str, Any], model: str | None) -> None:
    named = [schema["properties"] for schema in _formats(media["schema"], schemas) if "model" in schema["properties"]]
    if model is None or not named:
        return
    for properties in named:
        properties["model"] = {"type": "string", "enum": [model]}
    for example in media.get("examples", {}).values():
        if "model" in example["value"]:
            example["value"]["model"] = model


def _formats(schema: Mapping[str, Any], schemas: Mapping[str, Any]) -> Iterator[Mapping[str, Any]]:
    """The objects that a body may be: one, or several where an operation takes several formats."""
    found = schemas.get(schema.get("$ref", "").removeprefix(_PREFIX), schema)
    if "properties" in found:
        yield found
    for branch in found.get("anyOf", ()):
        yield from _formats(branch, schemas)


def _bound(node: Any) -> None:
    if isinstance(node, list):
        for value in node:
            _bound(value)
    if not isinstance(node, dict):
        return
    properties = node.get("properties")
    for name, shape in properties.items() if isinstance(properties, dict) else ():
        kinds = shape.get("type") if isinstance(shape, dict) else None
        if name in LARGEST and kinds and ({"integer", "number"} & ({kinds} if isinstance(kinds, str) else {*kinds})):
            shape["maximum"] = min(LARGEST[name], shape.get("maximum", LARGEST[name]))
    for value in node.values():
        _bound(value)
