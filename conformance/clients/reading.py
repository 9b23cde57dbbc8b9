"""What the bytes on the wire say, read without any client, in the words in which the players tell what they saw."""

from __future__ import annotations

import base64
import hashlib
import json
from collections.abc import Callable, Mapping, Sequence
from typing import Any

from conformance.engine.judge import not_testable
from conformance.engine.kit.answers import counts_of, id_of, objects
from conformance.engine.kit.answers import text_of as words_of
from conformance.wire.exchange import Exchange
from conformance.wire.frames import messages_in

Said = dict[str, Any]
Body = Mapping[str, Any]


def said(exchange: Exchange, dialect: str, answer: int = 0) -> Said:
    """What an answer of a dialect says; a member that it does not tell is missing or None.

    `answer` is the place of the answer among those of one session; everywhere else an exchange has one.

    Raises:
        NotTestable: it is no JSON and no stream of it, which other sentences judge.
    """
    try:
        told = realtime(exchange, answer) if dialect == "realtime" else DIALECTS[dialect](exchange)
        return {name: value for name, value in told.items() if value is not None}
    except ValueError as problem:
        not_testable(f"the answer cannot be read without the client either ({problem}), which other sentences judge")


def text(exchange: Exchange) -> Said:
    """Chat and text completions, whole or streamed."""
    return {
        "id": id_of(exchange),
        "text": words_of(exchange),
        "calls": _chat_calls(exchange),
        "usage": _usage(exchange),
    }


def _counts(exchange: Exchange) -> list[Any]:
    """Tokens in and out by these very names, the last count of each; cached ones have names of their own."""
    told: Said = {}
    for value in objects(exchange):
        for holder in (value, value.get("message"), value.get("response")):
            usage = _object(_object(holder).get("usage"))
            told.update({name: count for name, count in usage.items() if isinstance(count, int)})
    return [told.get("input_tokens"), told.get("output_tokens")]


def _usage(exchange: Exchange) -> list[int | None]:
    counts = counts_of(exchange)
    return [counts.prompt, counts.answer]


def _chat_calls(exchange: Exchange) -> list[list[str]]:
    calls: dict[int, list[str]] = {}
    for value in objects(exchange):
        for choice in _objects(value.get("choices"))[:1]:
            told: Body = next((choice[part] for part in ("message", "delta") if isinstance(choice.get(part), dict)), {})
            for place, call in enumerate(_objects(told.get("tool_calls"))):
                index = call["index"] if isinstance(call.get("index"), int) else place
                function = _object(call.get("function"))
                one = calls.setdefault(index, ["", ""])
                one[0] = one[0] or _text(function.get("name"))
                one[1] += _text(function.get("arguments"))
    return [calls[index] for index in sorted(calls)]


def responses(exchange: Exchange) -> Said:
    """A response, or the one that the last event of a stream holds."""
    found = [value for value in objects(exchange) if isinstance(value.get("output"), list)]
    found += [value["response"] for value in objects(exchange) if isinstance(value.get("response"), dict)]
    if not found:
        return {}
    output = _objects(found[-1].get("output"))
    parts = [part for item in output if item.get("type") == "message" for part in _objects(item.get("content"))]
    calls = [[_text(i.get("name")), _text(i.get("arguments"))] for i in output if i.get("type") == "function_call"]
    told = "".join(_text(part.get("text")) for part in parts if part.get("type") == "output_text")
    return {"id": found[-1].get("id"), "text": told, "calls": calls, "usage": _counts(exchange)}


def claude(exchange: Exchange) -> Said:
    """A message, whole or streamed."""
    blocks: dict[int, Said] = {}
    for value in objects(exchange):
        index = value["index"] if isinstance(value.get("index"), int) else 0
        for place, block in enumerate(_objects(value.get("content"))):
            blocks[place] = {**block, "json": ""}
        if isinstance(value.get("content_block"), dict):
            blocks[index] = {**value["content_block"], "json": ""}
        delta = _object(value.get("delta"))
        if index in blocks and delta:
            blocks[index]["text"] = _text(blocks[index].get("text")) + _text(delta.get("text"))
            blocks[index]["json"] += _text(delta.get("partial_json"))
    used = [block for block in blocks.values() if block.get("type") == "tool_use"]
    calls = [[_text(b.get("name")), json.loads(b["json"]) if b["json"] else b.get("input")] for b in used]
    told = "".join(_text(block.get("text")) for block in blocks.values() if block.get("type") == "text")
    return {"id": id_of(exchange), "text": told, "calls": calls, "usage": _counts(exchange)}


def gemini(exchange: Exchange) -> Said:
    """An answer, whole or as a stream of events; thoughts are no part of its text."""
    first = [one for value in objects(exchange) for one in _objects(value.get("candidates"))[:1]]
    parts = [part for candidate in first for part in _objects(_object(candidate.get("content")).get("parts"))]
    told = "".join(_text(part.get("text")) for part in parts if not part.get("thought"))
    found = [part["functionCall"] for part in parts if isinstance(part.get("functionCall"), dict)]
    calls = [[_text(call.get("name")), call.get("args") or {}] for call in found]
    told_last = [value["usageMetadata"] for value in objects(exchange) if isinstance(value.get("usageMetadata"), dict)]
    usage = told_last[-1] if told_last else {}
    counts = [usage.get("promptTokenCount"), usage.get("candidatesTokenCount")]
    return {"text": told, "calls": calls, "usage": counts}


def embeddings(exchange: Exchange) -> Said:
    """Vectors as numbers or as base64 of little-endian floats, by their fingerprints; of OpenAI or of Google."""
    body = _object(exchange.json)
    found = [one.get("embedding") for one in _objects(body.get("data"))]
    found += [one.get("values") for one in _objects(body.get("embeddings"))]
    return {"vectors": [fingerprint(_numbers(vector)) for vector in found]}


def _numbers(vector: Any) -> Sequence[float]:
    if isinstance(vector, str):
        data = base64.b64decode(vector, validate=True)
        if len(data) % 4:
            raise ValueError("a vector in base64 is no row of 4-byte numbers")
        return memoryview(data).cast("f")
    if isinstance(vector, list) and all(isinstance(number, int | float) for number in vector):
        return vector
    raise ValueError("a vector is neither a list of numbers nor base64")


def fingerprint(vector: Sequence[float]) -> list[float]:
    """The length of a vector, and a sum in which every number and its place count."""
    return [len(vector), sum(value * place for place, value in enumerate(vector))]


def moderations(exchange: Exchange) -> Said:
    return {"flagged": [one.get("flagged") for one in _objects(_object(exchange.json).get("results"))]}


def images(exchange: Exchange) -> Said:
    """Pictures by the digest of their bytes, or by their address."""
    found = _objects(_object(exchange.json).get("data"))
    return {
        "pictures": [_digest(base64.b64decode(p["b64_json"])) if p.get("b64_json") else p.get("url") for p in found]
    }


def sound(exchange: Exchange) -> Said:
    return {"sound": _digest(exchange.decoded_body)}


def film(exchange: Exchange) -> Said:
    return {"film": _digest(exchange.decoded_body)}


def transcript(exchange: Exchange) -> Said:
    return {"text": _object(exchange.json).get("text")}


def models(exchange: Exchange) -> Said:
    """Ids of a list of models, in its order; of OpenAI and Anthropic, or of Google where these have none."""
    body = _object(exchange.json)
    listed = body["data"] if isinstance(body.get("data"), list) else body.get("models")
    return {"models": [one.get("id") or one.get("name") for one in _objects(listed)]}


def task(exchange: Exchange) -> Said:
    body = _object(exchange.json)
    return {"id": body.get("id"), "status": body.get("status")}


def realtime(exchange: Exchange, answer: int = 0) -> Said:
    """The answer at a place in a session: the events from the end of the one before it to its own `response.done`.

    Its pieces count whatever answer they say that they belong to, and whatever generation has named them.
    """
    events = [_object(message.json) for message in messages_in(exchange.frames) if not message.sent]
    ends = [place for place, event in enumerate(events) if event.get("type") == "response.done"]
    if answer >= len(ends):
        return {}
    turn = events[ends[answer - 1] + 1 if answer else 0 : ends[answer] + 1]
    response = _object(turn[-1].get("response"))
    items = [_object(event.get("item")) for event in turn if event.get("type") == "response.output_item.done"]
    items = items or _objects(response.get("output"))
    parts = [part for item in items if item.get("type") == "message" for part in _objects(item.get("content"))]
    text = _joined(turn, "response.output_text.delta", "response.text.delta")
    usage = _object(response.get("usage"))
    return {
        "id": response.get("id"),
        "text": text,
        "final": "".join(_text(part.get("text")) for part in parts) or text,
        "calls": [[_text(i.get("name")), _text(i.get("arguments"))] for i in items if i.get("type") == "function_call"],
        "arguments": _joined(turn, "response.function_call_arguments.delta"),
        "usage": [usage.get("input_tokens"), usage.get("output_tokens")],
    }


def _joined(events: Sequence[Body], *types: str) -> str | None:
    """The pieces in events of these types; None when there are none."""
    return "".join(_text(event.get("delta")) for event in events if event.get("type") in types) or None


def error_words(exchange: Exchange) -> str:
    """The message in an error answer of any of the formats; empty when there is none."""
    try:
        body = _object(exchange.json)
    except ValueError:
        return ""
    return _text(_object(body.get("error")).get("message"))


def _digest(data: bytes) -> str:
    return hashlib.sha256(data).hexdigest()


def _objects(value: Any) -> list[dict[str, Any]]:
    return [one for one in value if isinstance(one, dict)] if isinstance(value, list) else []


def _object(value: Any) -> dict[str, Any]:
    return value if isinstance(value, dict) else {}


def _text(value: Any) -> str:
    return value if isinstance(value, str) else ""


DIALECTS: Mapping[str, Callable[[Exchange], Said]] = {
    "chat": text,
    "responses": responses,
    "claude": claude,
    "gemini": gemini,
    "embeddings": embeddings,
    "moderations": moderations,
    "images": images,
    "sound": sound,
    "film": film,
    "transcript": transcript,
    "models": models,
    "task": task,
}
