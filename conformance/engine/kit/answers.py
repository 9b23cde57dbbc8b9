"""What the answers of all text formats tell alike, whole or streamed: their text, their id, and what they cost.

Nothing here knows which operation was asked: the names of the members say what they are.
"""

from __future__ import annotations

from collections.abc import Iterator
from dataclasses import dataclass
from typing import Any

from conformance.engine.kit.replies import is_count
from conformance.engine.kit.streams import value_of
from conformance.wire.exchange import Exchange

Body = dict[str, Any]


@dataclass(frozen=True)
class Counts:
    """Tokens of a prompt and of its answer, cached and hidden ones included; None where nothing is told."""

    prompt: int | None
    answer: int | None


def counts_of(exchange: Exchange) -> Counts:
    """What an answer says that it cost. Of several counts in a stream the last one of each name holds."""
    told: dict[str, int] = {}
    for usage in _usages(exchange):
        told.update({name: value for name, value in usage.items() if is_count(value)})
    return Counts(_first(told, PROMPT), _first(told, ANSWER))


PROMPT = (
    ("prompt_tokens",),
    ("promptTokenCount",),
    ("input_tokens", "cache_creation_input_tokens", "cache_read_input_tokens"),
)
ANSWER = (("completion_tokens",), ("candidatesTokenCount", "thoughtsTokenCount"), ("output_tokens",))
"""Names of a count, one format a line; what stands behind the first name is counted beside it."""


def _first(told: dict[str, int], formats: tuple[tuple[str, ...], ...]) -> int | None:
    return next((sum(told.get(name, 0) for name in names) for names in formats if names[0] in told), None)


def _usages(exchange: Exchange) -> Iterator[Body]:
    for value in objects(exchange):
        for holder in (value, value.get("message"), value.get("response")):
            for name in ("usage", "usageMetadata"):
                if isinstance(holder, dict) and isinstance(holder.get(name), dict):
                    yield holder[name]


def objects(exchange: Exchange) -> Iterator[Body]:
    """The JSON objects of an answer: the body, the entries of its list, or the data of the events."""
    values = [exchange.json] if exchange.is_json else [value_of(event) for event in exchange.events]
    for value in values:
        yield from (one for one in (value if isinstance(value, list) else [value]) if isinstance(one, dict))


def id_of(exchange: Exchange) -> str | None:
    """The id of an answer, in a stream that of the first object that has one; None when there is none."""
    for value in objects(exchange):
        for holder in (value.get("response"), value.get("message"), value):
            found = (holder.get("id") or holder.get("responseId")) if isinstance(holder, dict) else None
            if isinstance(found, str) and found:
                return found
    return None


def text_of(exchange: Exchange) -> str:
    """The words of the model, all choices joined; empty when there are none."""
    return "".join(text for value in objects(exchange) for text in _texts(value))


def _texts(value: Body) -> Iterator[str]:
    kind = str(value.get("type", ""))
    if kind.startswith("response."):
        if kind.endswith("_text.delta") and isinstance(value.get("delta"), str):
            yield value["delta"]
        return
    for name in ("choices", "candidates", "output"):
        for entry in _list(value.get(name)):
            holder = next((entry[part] for part in ("message", "delta") if isinstance(entry.get(part), dict)), entry)
            yield from _words(holder)
    for holder in (value, value.get("delta")):
        if isinstance(holder, dict):
            yield from _words(holder)


def _words(holder: Body) -> Iterator[str]:
    content = holder.get("content")
    for text in (holder.get("text"), content):
        if isinstance(text, str):
            yield text
    inner = content.get("parts") if isinstance(content, dict) else content
    yield from (part["text"] for part in _list(inner) if isinstance(part.get("text"), str))


def _list(value: Any) -> list[Body]:
    return [one for one in value if isinstance(one, dict)] if isinstance(value, list) else []
