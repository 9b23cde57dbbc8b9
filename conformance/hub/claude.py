"""POST /v1/messages: the Anthropic format, whole or as named events; and the count of a request's tokens."""

import base64
import hashlib
import json
from collections.abc import Iterator, Sequence
from typing import Any

from starlette.responses import JSONResponse, Response

from conformance.hub.app import Call as Request
from conformance.hub.app import Settings
from conformance.hub.body import read_json
from conformance.hub.claude_request import check_version, read_claude, task_of
from conformance.hub.events import EventStream, data_event
from conformance.hub.fields import without_nulls
from conformance.hub.generate import Call, Outcome, Usage, prompt_tokens, work
from conformance.hub.ids import unique
from conformance.hub.pieces import groups
from conformance.hub.routes import Route, contract_routes

REASONS = {"stop": "end_turn", "length": "max_tokens", "tool_calls": "tool_use"}
INPUT_PIECE = 12
"""Characters of a tool's input in one event."""
ANY_LIMIT = 1_000_000
"""Stands for the limit of the answer where only the prompt counts."""
CONTRACT = next(route.request for route in contract_routes() if route.operation == "claude-messages")
Event = dict[str, Any]
Block = dict[str, Any]


async def create(call: Request) -> Response:
    """Answers one request."""
    check_version(call.request)
    body = await read_json(call.request)
    request = read_claude(body, call.route.request, ("model", "max_tokens", "messages"))
    outcome = work(task_of(request))
    head = {"id": unique("msg_"), "type": "message", "role": "assistant", "model": request["model"]}
    if not request.get("stream"):
        return JSONResponse(whole(head, outcome))
    events = list(events_of(head, outcome))
    framed = [data_event(event, event["type"]) for event in events]
    return EventStream(zip(pauses_of(events, call.settings), framed, strict=True))


async def count(call: Request) -> Response:
    """Says how many tokens the prompt of a request has; the documents do not know this operation, the clients do."""
    check_version(call.request)
    body = {"max_tokens": ANY_LIMIT, **without_nulls(await read_json(call.request))}
    request = read_claude(body, CONTRACT, ("model", "messages"))
    return JSONResponse({"input_tokens": prompt_tokens(task_of(request))[0]})


def pauses_of(events: Sequence[Event], settings: Settings) -> list[float]:
    """The seconds to wait before each event; the first content takes longer."""
    pauses = [settings.chunk_delay if event["type"] == "content_block_delta" else 0.0 for event in events]
    first = next((number for number, event in enumerate(events) if event["type"] == "content_block_start"), 0)
    pauses[first] += settings.first_delay
    return pauses


def whole(head: Event, outcome: Outcome) -> Event:
    """The answer as one object."""
    content = [filled for _, filled, _ in blocks(outcome)]
    return {**head, "content": content, **ending(outcome), "usage": usage_of(outcome.usage)}


def ending(outcome: Outcome) -> Event:
    """Why the answer ended."""
    reason = "stop_sequence" if outcome.stop is not None else REASONS[outcome.reason]
    return {"stop_reason": reason, "stop_sequence": outcome.stop}


def usage_of(usage: Usage) -> Event:
    """The token counts; this hub caches no prompts."""
    return {
        "input_tokens": usage.prompt,
        "cache_creation_input_tokens": 0,
        "cache_read_input_tokens": 0,
        "output_tokens": usage.completion,
    }


def blocks(outcome: Outcome) -> Iterator[tuple[Block, Block, list[Block]]]:
    """The blocks of the answer: each as it starts in a stream, as it is when it is complete, and what comes between."""
    if outcome.thoughts:
        yield _thoughts(outcome.thoughts)
    if outcome.tokens:
        deltas = [{"type": "text_delta", "text": "".join(group)} for group in groups(outcome.tokens)]
        yield {"type": "text", "text": ""}, {"type": "text", "text": outcome.text}, deltas
    yield from (_tool_use(call) for call in outcome.calls)


def _thoughts(tokens: Sequence[str]) -> tuple[Block, Block, list[Block]]:
    text = "".join(tokens)
    signature = base64.b64encode(hashlib.sha512(text.encode()).digest()).decode()
    deltas = [{"type": "thinking_delta", "thinking": "".join(group)} for group in groups(tokens)]
    start = {"type": "thinking", "thinking": "", "signature": ""}
    signed = {"type": "signature_delta", "signature": signature}
    return start, {**start, "thinking": text, "signature": signature}, [*deltas, signed]


def _tool_use(call: Call) -> tuple[Block, Block, list[Block]]:
    pieces = [call.arguments[place : place + INPUT_PIECE] for place in range(0, len(call.arguments), INPUT_PIECE)]
    deltas = [{"type": "input_json_delta", "partial_json": piece} for piece in pieces]
    id = f"toolu_{call.id.removeprefix('call_')}"
    start = {"type": "tool_use", "id": id, "name": call.name, "input": {}}
    return start, {**start, "input": json.loads(call.arguments)}, deltas


def events_of(head: Event, outcome: Outcome) -> Iterator[Event]:
    """The events of a stream."""
    usage = usage_of(outcome.usage)
    empty: Event = {"content": [], "stop_reason": None, "stop_sequence": None}
    yield {"type": "message_start", "message": {**head, **empty, "usage": {**usage, "output_tokens": 0}}}
    yield {"type": "ping"}
    for index, (start, _, deltas) in enumerate(blocks(outcome)):
        yield {"type": "content_block_start", "index": index, "content_block": start}
        for delta in deltas:
            yield {"type": "content_block_delta", "index": index, "delta": delta}
        yield {"type": "content_block_stop", "index": index}
    yield {"type": "message_delta", "delta": ending(outcome), "usage": usage}
    yield {"type": "message_stop"}


HANDLERS = {"claude-messages": create, "claude-count-tokens": count}
EXTRA_ROUTES = (
    Route("POST", "/v1/messages/count_tokens", "claude-count-tokens", "claude", ("bearer", "x-api-key"), "claude"),
)
