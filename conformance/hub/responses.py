"""POST /v1/responses: OpenAI Responses, whole or as typed events; and GET and DELETE of what was stored."""

import base64
import hashlib
import json
import re
import time
from collections.abc import Iterator, Mapping, Sequence
from dataclasses import dataclass, replace
from typing import Any

from starlette.responses import JSONResponse, Response

from conformance.hub.app import Call as Request
from conformance.hub.app import Settings
from conformance.hub.errors import HubError, invalid, shown
from conformance.hub.events import EventStream, data_event
from conformance.hub.generate import Call, Outcome, Task, Usage, work
from conformance.hub.ids import unique
from conformance.hub.memory import Memory
from conformance.hub.pieces import groups, logprobs
from conformance.hub.responses_request import Past, read_responses, task_of
from conformance.hub.routes import Route
from conformance.hub.text import Turn

LOGPROBS = "message.output_text.logprobs"
SEALED = "reasoning.encrypted_content"
ARGUMENTS_PIECE = 12
Event = dict[str, Any]
Item = dict[str, Any]


@dataclass(frozen=True)
class Stored:
    """One answered request: the object that was sent, and the conversation with the answer in it."""

    response: Event
    past: Past


MEMORY: Memory[Stored] = Memory()
"""By token and id."""


async def create(call: Request) -> Response:
    """Answers one request."""
    request = await read_responses(call)
    task, told = task_of(request, _past(request.get("previous_response_id"), call.settings))
    outcome = _worked(task)
    response = whole(outcome, request)
    if request.get("store", True):
        _store(response, told, outcome, call.settings)
    if not request.get("stream"):
        return JSONResponse(response)
    events = [{**event, "sequence_number": number} for number, event in enumerate(stream_of(response, outcome))]
    framed = [data_event(event, event["type"]) for event in events]
    return EventStream(zip(pauses_of(events, call.settings), framed, strict=True))


async def retrieve(call: Request) -> Response:
    """GET of a stored answer."""
    if call.request.query_params.get("stream") == "true":
        raise invalid("This hub does not stream stored answers.", "stream", "unsupported_parameter")
    return JSONResponse(_stored(call).response)


async def delete(call: Request) -> Response:
    """DELETE of a stored answer."""
    _stored(call)
    MEMORY.forget((call.settings.token, call.params["response_id"]))
    return JSONResponse({"id": call.params["response_id"], "object": "response", "deleted": True})


def _stored(call: Request) -> Stored:
    name = call.params["response_id"]
    found = MEMORY.find((call.settings.token, name))
    if found is None:
        raise HubError(404, f"There is no stored response {shown(name)}.", "response_not_found", "response_id")
    return found


def _past(name: str | None, settings: Settings) -> Past:
    if name is None:
        return Past()
    found = MEMORY.find((settings.token, name))
    if found is None:
        message = f"There is no stored response {shown(name)} to continue."
        raise invalid(message, "previous_response_id", "previous_response_not_found")
    return found.past


def _store(response: Event, told: Past, outcome: Outcome, settings: Settings) -> None:
    turn = Turn("assistant", outcome.text, calls=tuple(call.name + call.arguments for call in outcome.calls))
    past = Past((*told.turns, turn), told.calls | {call.id for call in outcome.calls})
    weight = len(json.dumps(response)) + sum(len(turn.text) for turn in past.turns)
    MEMORY.keep((settings.token, response["id"]), Stored(response, past), weight)


def _worked(task: Task) -> Outcome:
    try:
        return work(task)
    except HubError as error:
        raise replace(error, param="text.format.schema") if error.param == "response_format" else error from None


def whole(outcome: Outcome, request: Mapping[str, Any]) -> Event:
    """The answer as one object; the settings of the request are in it as they took effect."""
    cut = outcome.reason == "length"
    now = int(time.time())
    return {
        "id": unique("resp_"),
        "object": "response",
        "created_at": now,
        "status": "incomplete" if cut else "completed",
        "background": False,
        "completed_at": None if cut else now,
        "error": None,
        "incomplete_details": {"reason": "max_output_tokens"} if cut else None,
        "instructions": request.get("instructions"),
        "max_output_tokens": request.get("max_output_tokens"),
        "max_tool_calls": request.get("max_tool_calls"),
        "model": request["model"],
        "output": items_of(outcome, request),
        "parallel_tool_calls": request.get("parallel_tool_calls", True),
        "previous_response_id": request.get("previous_response_id"),
        "prompt_cache_key": request.get("prompt_cache_key"),
        "reasoning": {"effort": None, "summary": None, **request["reasoning"]},
        "safety_identifier": request.get("safety_identifier"),
        "service_tier": "default",
        "store": request.get("store", True),
        "temperature": request.get("temperature", 1.0),
        "text": {"format": {"type": "text"}, "verbosity": "medium", **request["text"]},
        "tool_choice": request.get("tool_choice", "auto"),
        "tools": [{"description": None, "parameters": {}, "strict": True, **tool} for tool in request.get("tools", ())],
        "top_logprobs": request.get("top_logprobs", 0),
        "top_p": request.get("top_p", 1.0),
        "truncation": request.get("truncation", "disabled"),
        "usage": usage_of(outcome.usage),
        "user": request.get("user"),
        "metadata": request.get("metadata", {}),
    }


def usage_of(usage: Usage) -> Event:
    """The token counts."""
    return {
        "input_tokens": usage.prompt,
        "input_tokens_details": {"cached_tokens": 0},
        "output_tokens": usage.completion,
        "output_tokens_details": {"reasoning_tokens": usage.reasoning},
        "total_tokens": usage.total,
    }


def items_of(outcome: Outcome, request: Mapping[str, Any]) -> list[Item]:
    """The output: thoughts first, then calls or a message. A cut answer is cut in its last item."""
    items = [reasoning_item(outcome, request)] if outcome.thoughts else []
    if outcome.calls:
        items += [call_item(call) for call in outcome.calls]
    elif outcome.tokens or not items or outcome.reason != "length":
        items.append(message_item(outcome, request))
    if outcome.reason == "length":
        items[-1]["status"] = "incomplete"
    return items


def reasoning_item(outcome: Outcome, request: Mapping[str, Any]) -> Item:
    """The thoughts: told in a summary, or sealed for the next request, when that was asked for."""
    thoughts = "".join(outcome.thoughts)
    told = re.split(r"(?<=[.]) ", thoughts) if request["reasoning"].get("summary") else []
    item: Item = {
        "id": unique("rs_"),
        "type": "reasoning",
        "status": "completed",
        "summary": [{"type": "summary_text", "text": part} for part in told],
    }
    if SEALED in request.get("include", ()):
        item["encrypted_content"] = base64.b64encode(hashlib.sha256(thoughts.encode()).digest()).decode()
    return item


def call_item(call: Call) -> Item:
    """One call of a function."""
    return {
        "id": unique("fc_"),
        "type": "function_call",
        "status": "completed",
        "call_id": call.id,
        "name": call.name,
        "arguments": call.arguments,
    }


def message_item(outcome: Outcome, request: Mapping[str, Any]) -> Item:
    """The assistant's words."""
    top = request.get("top_logprobs", 0) if LOGPROBS in request.get("include", ()) else None
    likelihoods = (logprobs(outcome.tokens, top) or {"content": []})["content"]
    part = {"type": "output_text", "text": outcome.text, "annotations": [], "logprobs": likelihoods}
    return {
        "id": unique("msg_"),
        "type": "message",
        "status": "completed",
        "role": "assistant",
        "content": [part],
    }


def stream_of(response: Event, outcome: Outcome) -> Iterator[Event]:
    """The events of a stream, without their numbers."""
    begun = {
        **response,
        "status": "in_progress",
        "completed_at": None,
        "incomplete_details": None,
        "output": [],
        "usage": None,
    }
    yield {"type": "response.created", "response": begun}
    yield {"type": "response.in_progress", "response": begun}
    for index, item in enumerate(response["output"]):
        yield {"type": "response.output_item.added", "output_index": index, "item": _opened(item)}
        where = {"item_id": item["id"], "output_index": index}
        for event in _INSIDE[item["type"]](item, outcome):
            yield {**event, **where}
        yield {"type": "response.output_item.done", "output_index": index, "item": item}
    yield {"type": f"response.{response['status']}", "response": response}


def _opened(item: Item) -> Item:
    """An item before anything is in it."""
    empty = {"content": [], "summary": [], "arguments": ""}
    return {**item, "status": "in_progress", **{name: value for name, value in empty.items() if name in item}}


def _inside_message(item: Item, outcome: Outcome) -> Iterator[Event]:
    (part,) = item["content"]
    place = {"content_index": 0}
    yield {"type": "response.content_part.added", **place, "part": {**part, "text": "", "logprobs": []}}
    told = 0
    for group in groups(outcome.tokens):
        likelihoods = part["logprobs"][told : told + len(group)]
        told += len(group)
        yield {"type": "response.output_text.delta", **place, "delta": "".join(group), "logprobs": likelihoods}
    yield {"type": "response.output_text.done", **place, "text": part["text"], "logprobs": part["logprobs"]}
    yield {"type": "response.content_part.done", **place, "part": part}


def _inside_call(item: Item, _outcome: Outcome) -> Iterator[Event]:
    arguments = item["arguments"]
    for start in range(0, len(arguments), ARGUMENTS_PIECE):
        delta = arguments[start : start + ARGUMENTS_PIECE]
        yield {"type": "response.function_call_arguments.delta", "delta": delta}
    yield {"type": "response.function_call_arguments.done", "name": item["name"], "arguments": arguments}


def _inside_reasoning(item: Item, _outcome: Outcome) -> Iterator[Event]:
    for index, part in enumerate(item["summary"]):
        place = {"summary_index": index}
        yield {"type": "response.reasoning_summary_part.added", **place, "part": {**part, "text": ""}}
        for word in re.findall(r"\S+\s*", part["text"]):
            yield {"type": "response.reasoning_summary_text.delta", **place, "delta": word}
        yield {"type": "response.reasoning_summary_text.done", **place, "text": part["text"]}
        yield {"type": "response.reasoning_summary_part.done", **place, "part": part}


_INSIDE = {"message": _inside_message, "function_call": _inside_call, "reasoning": _inside_reasoning}


def pauses_of(events: Sequence[Event], settings: Settings) -> list[float]:
    """The seconds to wait before each event: deltas take their time, the first of them the longest."""
    pauses = [settings.chunk_delay if event["type"].endswith(".delta") else 0.0 for event in events]
    first = next((place for place, event in enumerate(events) if event["type"].endswith(".delta")), len(events) - 1)
    pauses[first] += settings.first_delay
    return pauses


HANDLERS = {"responses-create": create, "responses-retrieve": retrieve, "responses-delete": delete}
EXTRA_ROUTES = tuple(
    Route(method, "/v1/responses/{response_id}", operation, "responses", ("bearer",), "openai")
    for method, operation in (("GET", "responses-retrieve"), ("DELETE", "responses-delete"))
)
