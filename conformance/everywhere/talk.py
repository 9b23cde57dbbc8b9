"""One question in the words of every text format, made from the contract."""

from __future__ import annotations

import json
from collections.abc import Callable, Iterable, Mapping
from typing import Any

from conformance.engine.contract import Contract, Operation
from conformance.engine.target import Target
from conformance.everywhere.common import model_for

Body = dict[str, Any]
CHAT = "chat-completions"


def _turns(text: str, most: int) -> Body:
    return {"messages": [{"role": "user", "content": text}], "max_tokens": most}


def _input(text: str, most: int) -> Body:
    return {"input": text, "max_output_tokens": most}


def _contents(text: str, most: int) -> Body:
    return {"contents": [{"role": "user", "parts": [{"text": text}]}], "generationConfig": {"maxOutputTokens": most}}


_FORMATS: Mapping[str, Callable[[str, int], Body]] = {
    "chat": _turns,
    "responses": _input,
    "claude": _turns,
    "gemini": _contents,
}


def talking(contract: Contract) -> Iterable[str]:
    """The first operation of each family that holds conversations."""
    first: dict[str, str] = {}
    for op in contract.operations:
        if op.family in _FORMATS and op.alias_of is None:
            first.setdefault(op.family, op.id)
    return list(first.values())


def question(op: Operation, target: Target, text: str, most: int, model: str = "") -> dict[str, Any]:
    """A question of one user turn as arguments of `Hub.send`, path and method included.

    Args:
        most: bound on the output in tokens.
        model: by default the one that the target has for this format.
    """
    named = model or model_for(op, target) or ""
    in_path = "{model}" in op.path
    body = _FORMATS[op.family](text, most) | ({} if in_path else {"model": named})
    headers = [("Content-Type", "application/json")]
    headers += [
        (str(p["name"]), str(p["example"])) for p in op.parameters if p["in"] == "header" and p.get("required") is True
    ]
    path = op.path_with(model=named) if in_path else op.path_example
    return {"method": op.method, "path": path, "headers": headers, "body": json.dumps(body).encode()}


def streamed(request: dict[str, Any], op: Operation) -> dict[str, Any]:
    """The same question as a stream; for a format whose path says so, `op` is the operation of the stream."""
    trigger = op.streaming.trigger
    if trigger is None or trigger.where == "always":
        return request
    if trigger.where == "query":
        return {**request, "query": {trigger.name: str(trigger.value)}}
    body = {**json.loads(request["body"]), trigger.name: trigger.value}
    return {**request, "body": json.dumps(body).encode()}
