"""Event streams: who asks for one, how one ends, what its events hold, and that each tells only what is new."""

from __future__ import annotations

from collections.abc import Iterable
from typing import Any
from urllib.parse import parse_qs, urlsplit

from conformance.engine.contract import Contract, Operation
from conformance.engine.judge import expect
from conformance.engine.kit.reading import body_of
from conformance.wire.exchange import Request
from conformance.wire.sse import Event

DONE = "[DONE]"
EVENT_STREAM = "text/event-stream"
TERMINALS = {
    "sse-openai": "data: [DONE] at the end",
    "sse-responses": "response.completed, response.incomplete or response.failed at the end",
    "sse-claude": "message_stop at the end",
    "sse-gemini": "a finishReason at the end",
}
"""How a stream of each kind shows that it is complete, in words."""
LONG_ENOUGH = 6
"""Characters of text that no honest increment begins with by chance; twice as many to be the whole increment."""
MOST_CHANCES = 2
"""So many times in turn no honest increment begins with the one before it, and goes on."""
_SCHEMA_PREFIX = "#/components/schemas/"


def asks_for_stream(operation: Operation, request: Request) -> bool:
    """Whether a request asks the operation for an event stream."""
    streaming = operation.streaming
    if not streaming.kind.startswith("sse") or streaming.trigger is None:
        return False
    trigger = streaming.trigger
    if trigger.where == "query":
        return str(trigger.value) in parse_qs(urlsplit(request.url).query).get(trigger.name, [])
    return trigger.where == "always" or body_of(request).get(trigger.name) is trigger.value


def value_of(event: Event) -> Any:
    """The event's data as JSON, None when it is none."""
    try:
        return event.json
    except ValueError:
        return None


def is_terminator(text: str) -> bool:
    """Whether data is the terminator of OpenAI streams, in any spelling; its exact spelling is the family's affair."""
    return text.strip().strip("\"'").upper() == DONE


def is_terminal(kind: str, event: Event) -> bool:
    """Whether an event ends a stream of this kind. An error ends every kind."""
    value = value_of(event)
    fields = value if isinstance(value, dict) else {}
    if fields.get("error") or event.event == "error" or fields.get("type") == "error":
        return True
    if kind == "sse-openai":
        return is_terminator(event.data)
    if kind == "sse-responses":
        return fields.get("type") in ("response.completed", "response.incomplete", "response.failed")
    if kind == "sse-claude":
        return fields.get("type") == "message_stop"
    return _ends_gemini(fields)


def _ends_gemini(fields: dict[str, Any]) -> bool:
    feedback = fields.get("promptFeedback")
    if isinstance(feedback, dict) and feedback.get("blockReason"):
        return True
    candidates = fields.get("candidates")
    listed = candidates if isinstance(candidates, list) else []
    return any(isinstance(candidate, dict) and candidate.get("finishReason") for candidate in listed)


def event_data_schema(contract: Contract, operation: Operation) -> str | None:
    """Name of the schema that the JSON data of the operation's events has to fit; None when it has no event stream."""
    name = operation.response_schema(200, EVENT_STREAM)
    return _content_schema(contract.schema(name)) if name else None


def _content_schema(node: Any) -> str | None:
    if isinstance(node, dict):
        reference = node.get("contentSchema", {}).get("$ref", "")
        inner = (_content_schema(value) for value in node.values())
        return str(reference).removeprefix(_SCHEMA_PREFIX) or next((name for name in inner if name), None)
    return None


def expect_increments(pieces: Iterable[tuple[str, str]]) -> None:
    """Break when a piece of text begins with all that was said before, or several in turn with the piece before them.

    Args:
        pieces: (place, text) in order of arrival; texts that are empty are passed over.
    """
    before, last, chances = "", "", 0
    for place, news in pieces:
        if not news:
            continue
        chances = chances + 1 if last and len(news) > len(last) and news.startswith(last) else 0
        grown = chances >= MOST_CHANCES and len(last) >= LONG_ENOUGH
        expect(not (grown or _repeats(before, news)), "the text that is new, without what came before", news, place)
        before, last = before + news, news


def _repeats(before: str, news: str) -> bool:
    enough = LONG_ENOUGH if len(news) > len(before) else 2 * LONG_ENOUGH
    return len(before) >= enough and news.startswith(before)
