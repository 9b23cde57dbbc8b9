"""Faults of Responses: answers, their streams, and what is remembered of them."""

import copy
import json
import re
from collections.abc import Callable, Iterable
from dataclasses import replace
from typing import Any

from conformance.hub.faults.base import Ask, Reply, Spoil, event_bytes, fault
from conformance.hub.faults.shaping import Body, When, always, has, named, refuses, timed

Event = dict[str, Any]
Change = Callable[[Body], Any]
Retell = Callable[[list[Event]], Iterable[Any]]

CREATE, RETRIEVE = "responses-create", "responses-retrieve"
TERMINAL = ("response.completed", "response.incomplete", "response.failed")
ADDED, DONE = "response.output_item.added", "response.output_item.done"
DELTA, TEXT_DONE = "response.output_text.delta", "response.output_text.done"
PART_ADDED, PART_DONE = "response.content_part.added", "response.content_part.done"
ARGUMENTS_DELTA, ARGUMENTS_DONE = "response.function_call_arguments.delta", "response.function_call_arguments.done"
SUMMARY_DELTA, SUMMARY_DONE = "response.reasoning_summary_text.delta", "response.reasoning_summary_text.done"
SUMMARY_PART_ADDED = "response.reasoning_summary_part.added"


# Which requests -------------------------------------------------------------------------------------------------------


def greets(body: Body) -> bool:
    """A string as input, and nothing but a limit beside it."""
    return isinstance(body.get("input"), str) and not set(body) - {"model", "input", "max_output_tokens", "stream"}


def thinks(body: Body) -> bool:
    """Requests for thoughts."""
    return body.get("reasoning") is not None


def chooses(choice: str) -> When:
    """Requests with this tool_choice; `named` for a function."""
    return lambda body: (
        body.get("tool_choice") == choice or (choice == "named" and isinstance(body.get("tool_choice"), dict))
    )


def listed(body: Body) -> bool:
    """A list of words as input, without pictures and results."""
    words = json.dumps(body.get("input"))
    return isinstance(body.get("input"), list) and "input_image" not in words and "call_output" not in words


def in_parts(kind: str) -> When:
    """Requests with a part of this type in their input."""
    return lambda body: isinstance(body.get("input"), list) and f'"type": "{kind}"' in json.dumps(body["input"])


def open_ended(body: Body) -> bool:
    """Requests whose answer comes to its own end."""
    return not capped(body)


def capped(body: Body) -> bool:
    """Requests with a limit that their answer hits."""
    return body.get("max_output_tokens") == 16 and "Count" in str(body.get("input"))


# How their replies are changed ----------------------------------------------------------------------------------------


def retold(change: Retell, when: When = always, written: Callable[[Any], Any] = named) -> Spoil:
    """Streams whose events are told otherwise. `change` gets copies of all events and gives new ones, in order."""

    def spoil(ask: Ask, reply: Reply) -> Reply:
        if ask.operation != CREATE or not reply.is_stream or not when(ask.json or {}):
            return reply
        events = map(written, change([json.loads(data) for _, data in reply.events]))
        return reply.with_events(timed(events, [at for at, _ in reply.events]), reply.end)

    return spoil


def each(change: Change, *types: str) -> Retell:
    """Every event (of these types) passed through `change`: None leaves it out, an object or a list replaces it."""

    def retell(events: list[Event]) -> Iterable[Any]:
        for event in events:
            made = change(event) if not types or event["type"] in types else event
            yield from made if isinstance(made, list) else [] if made is None else [made]

    return retell


def changed(change: Callable[[Body], object]) -> Change:
    """A change in place."""

    def apply(value: Body) -> Body:
        change(value)
        return value

    return apply


def without(*names: str) -> Change:
    """Takes members out."""
    return lambda value: {name: entry for name, entry in value.items() if name not in names}


def whole(change: Callable[[Body], object], when: When = always) -> Spoil:
    """Answers that are not streamed, changed in place; stored ones too when all are."""

    def spoil(ask: Ask, reply: Reply) -> Reply:
        stored = ask.operation == RETRIEVE and when is always
        answers = stored or (ask.operation == CREATE and when(ask.json or {}))
        if not answers or reply.status != 200 or not reply.is_json or "output" not in reply.json:
            return reply
        value = reply.json
        change(value)
        return reply.with_json(value)

    return spoil


def final(change: Callable[[Body], object], when: When = always) -> Spoil:
    """The response in the last event of streams, changed in place."""
    return retold(each(changed(lambda event: change(event["response"])), *TERMINAL), when)


def both(change: Callable[[Body], object], when: When = always) -> Spoil:
    """Answers of both modes, changed in place."""
    return chained(whole(change, when), final(change, when))


def chained(*spoils: Spoil) -> Spoil:
    """One after the other."""

    def spoil(ask: Ask, reply: Reply) -> Reply:
        for one in spoils:
            reply = one(ask, reply)
        return reply

    return spoil


def put(name: str, value: Any) -> Callable[[Body], object]:
    """Sets a member."""
    return lambda body: body.__setitem__(name, value)


def accepted(when: When) -> Spoil:
    """Requests that ought to be refused and are answered."""

    def spoil(ask: Ask, reply: Reply) -> Reply:
        if ask.operation != CREATE or reply.status != 400 or not when(ask.json or {}):
            return reply
        return reply.with_status(200).with_json(_invented())

    return spoil


def _invented() -> Body:
    part = {"type": "output_text", "text": "Hello.", "annotations": []}
    item = {"id": "msg_1", "type": "message", "status": "completed", "role": "assistant", "content": [part]}
    usage = {"input_tokens": 5, "output_tokens": 2, "total_tokens": 7}
    head = {"id": "resp_invented", "object": "response", "created_at": 1_735_689_600, "status": "completed"}
    return {**head, "model": "gpt-4o-mini", "output": [item], "usage": usage}


def counted(**counts: int) -> Callable[[Body], object]:
    """Other token counts, with a total that fits them."""

    def change(response: Body) -> None:
        usage = response["usage"]
        usage.update(counts)
        usage["total_tokens"] = usage["input_tokens"] + usage["output_tokens"]

    return change


def _items(response: Body, kind: str) -> list[Body]:
    return [item for item in response["output"] if item["type"] == kind]


def _parts(response: Body) -> list[Body]:
    return [part for item in _items(response, "message") for part in item["content"]]


def _every_item(change: Callable[[Body], object]) -> Retell:
    """Items changed wherever a stream shows them."""

    def one(event: Event) -> Event:
        shown = [event["item"]] if "item" in event else event["response"]["output"] if "response" in event else []
        for item in shown:
            change(item)
        return event

    return each(one)


def _arguments(change: Callable[[str], str]) -> Retell:
    """Arguments changed wherever a stream tells them, each told in one piece."""

    def item(value: Body) -> None:
        if value.get("arguments"):
            value["arguments"] = change(value["arguments"])

    def one(event: Event) -> Any:
        if event["type"] == ARGUMENTS_DELTA:
            return None
        if event["type"] != ARGUMENTS_DONE:
            return event
        event["arguments"] = change(event["arguments"])
        piece = {**event, "type": ARGUMENTS_DELTA, "delta": event["arguments"]}
        return [piece, event] if event["arguments"] else [event]

    return lambda events: _numbered(each(one)(list(_every_item(item)(events))))


def _numbered(events: Iterable[Event]) -> Iterable[Event]:
    return ({**event, "sequence_number": number} for number, event in enumerate(events))


def _first(type: str, change: Change) -> Retell:
    """The first event of a type passed through `change`."""

    def retell(events: list[Event]) -> Iterable[Any]:
        place = next((number for number, event in enumerate(events) if event["type"] == type), None)
        for number, event in enumerate(events):
            made = change(event) if number == place else event
            yield from made if isinstance(made, list) else [] if made is None else [made]

    return retell


def _swapped(first: str, second: str) -> Retell:
    """The first event of one type moved behind the first one of another."""

    def retell(events: list[Event]) -> Iterable[Event]:
        types = [event["type"] for event in events]
        if first not in types or second not in types:
            return events
        moved = events.pop(types.index(first))
        events.insert(next(place for place, event in enumerate(events) if event["type"] == second) + 1, moved)
        return _numbered(events)

    return retell


def declare(id: str, sentence: str, *red: str, spoil: Spoil, also: dict[str, str] | None = None, source: str) -> None:
    """Registers a fault that is put together from the functions above."""

    def run(ask: Ask, reply: Reply) -> Reply:
        return spoil(ask, reply)

    run.__module__ = __name__
    fault(f"responses.{id}", sentence, *(f"responses.{name}" for name in red), also=also, source=source)(run)


def _also(reason: str, *names: str) -> dict[str, str]:
    return {f"responses.{name}": reason for name in names}


# Answers --------------------------------------------------------------------------------------------------------------

declare(
    "answer.no-model",
    "The answer at the end of a stream does not name its model.",
    "answer.envelope",
    spoil=final(lambda r: r.pop("model")),
    source="hub documents: ResponsesResponse.model",
)
declare(
    "answer.created-as-text",
    "created_at is a date as text.",
    "answer.envelope",
    spoil=whole(put("created_at", "2026-01-01T00:00:00Z")),
    source="OpenAI API description: Response.created_at is a number",
)
declare(
    "answer.few-members",
    "The answer has the members of the hub documents alone.",
    "answer.vendor-members",
    spoil=whole(lambda r: [r.pop(name) for name in ("tools", "tool_choice", "metadata", "parallel_tool_calls")]),
    source="OpenAI API description: Response lists them as required",
)
declare(
    "answer.chat-word",
    "The status is stop, the finish word of Chat Completions.",
    "answer.status",
    spoil=both(put("status", "stop"), lambda body: greets(body) and open_ended(body)),
    also=_also("the word is not completed", "answer.completed-at"),
    source="maiphucgiang/codebuddy2api#12",
)
declare(
    "answer.never-final",
    "An answer that is not streamed says in_progress for ever.",
    "answer.final",
    spoil=whole(lambda r: r.update(status="in_progress", completed_at=None), open_ended),
    source="openai-python 3.x: Response.status",
)
declare(
    "answer.completed-with-details",
    "A completed answer has incomplete_details.",
    "answer.status-fits",
    spoil=both(lambda r: r["status"] == "completed" and r.update(incomplete_details={"reason": "stop"})),
    source="OpenAI API description: Response.incomplete_details",
)
declare(
    "answer.incomplete-without-reason",
    "An incomplete answer does not say why.",
    "answer.status-fits",
    spoil=final(lambda r: r["status"] == "incomplete" and r.update(incomplete_details=None)),
    also=_also("the reason of the cut is missing", "limit.incomplete"),
    source="OpenAI API description: Response.incomplete_details",
)
declare(
    "answer.cut-but-completed-at",
    "A cut answer has a time of completion.",
    "answer.completed-at",
    spoil=both(lambda r: r["status"] == "incomplete" and r.update(completed_at=r["created_at"])),
    source="OpenAI API description: Response.completed_at",
)
declare(
    "answer.milliseconds",
    "created_at counts milliseconds.",
    "answer.created-now",
    spoil=final(lambda r: r.update(created_at=r["created_at"] * 1000, completed_at=None)),
    source="OpenAI API description: Response.created_at is in seconds",
)
declare(
    "answer.other-model",
    "The answer names a model of the hub's supplier.",
    "answer.model-named",
    spoil=both(put("model", "upstream-large-7b")),
    source="OpenAI API description: Response.model",
)


def _same_id(event: Event) -> Event:
    if "response" in event:
        event["response"]["id"] = "resp_1"
    return event


declare(
    "answer.one-id",
    "Every answer has the same id.",
    "answer.id-unique",
    spoil=chained(whole(put("id", "resp_1")), retold(each(_same_id))),
    source="OpenAI API description: Response.id",
)
declare(
    "answer.empty",
    "A plain question gets a completed answer without any item.",
    "answer.says-something",
    spoil=whole(put("output", []), lambda body: greets(body) and open_ended(body)),
    source="Wei-Shaw/sub2api#2826",
)
declare(
    "answer.parallel-constant",
    "parallel_tool_calls is true whatever was asked for.",
    "answer.settings-echoed",
    spoil=both(put("parallel_tool_calls", True)),
    source="maiphucgiang/codebuddy2api#12",
)
declare(
    "answer.settings-forgotten",
    "Instructions and metadata are not repeated.",
    "answer.settings-echoed",
    spoil=whole(lambda r: r.update(instructions=None, metadata={})),
    source="OpenAI API description: Response",
)

# Items ----------------------------------------------------------------------------------------------------------------

declare(
    "items.no-role",
    "A message does not say that it is the assistant's.",
    "items.shape",
    spoil=both(lambda r: [item.pop("role") for item in _items(r, "message")]),
    source="hub documents: ResponsesResponse.output[].role",
)
declare(
    "items.arguments-object",
    "The arguments of a call are an object instead of text.",
    "items.call-shape",
    spoil=whole(lambda r: [c.update(arguments=json.loads(c["arguments"])) for c in _items(r, "function_call")]),
    source="ggml-org/llama.cpp#20198",
)
declare(
    "items.no-call-id",
    "A call at the end of a stream has no call_id.",
    "items.call-shape",
    spoil=final(lambda r: [c.pop("call_id") for c in _items(r, "function_call")]),
    source="OpenAI API description: FunctionToolCall.call_id",
)
declare(
    "items.empty-lists-left-out",
    "Items are opened without their empty lists.",
    "items.lists",
    spoil=retold(each(changed(lambda e: e.update(item=without("content", "summary")(e["item"]))), ADDED)),
    also=_also("the item in the event lacks what its type requires", "stream.item-shape"),
    source="QuantumNous/new-api#7087",
)
declare(
    "items.no-status",
    "Messages have no status.",
    "items.message-status",
    spoil=chained(
        whole(lambda r: [item.pop("status") for item in _items(r, "message")]),
        retold(_every_item(lambda item: item["type"] == "message" and item.pop("status"))),
    ),
    source="OpenAI API description: OutputMessage.status",
)
declare(
    "items.no-annotations",
    "Texts have no list of annotations.",
    "items.annotations",
    spoil=both(lambda r: [part.pop("annotations") for part in _parts(r)]),
    source="OpenAI API description: OutputTextContent.annotations",
)


def _one_item_id(event: Event) -> Event:
    for item in [event["item"]] if "item" in event else event.get("response", {}).get("output", []):
        item["id"] = "item_1"
    return {**event, "item_id": "item_1"} if "item_id" in event else event


declare(
    "items.one-id",
    "All items of a stream have the same id.",
    "items.ids-unique",
    spoil=retold(each(_one_item_id)),
    source="Open Responses specification: Items",
)
declare(
    "items.one-call-id",
    "All calls of an answer have the same call_id.",
    "items.call-ids-unique",
    spoil=retold(_every_item(lambda item: item["type"] == "function_call" and item.update(call_id="call_0"))),
    source="Open Responses specification: Tool Calling",
)

# Usage ----------------------------------------------------------------------------------------------------------------

declare(
    "usage.not-in-streams",
    "Streams end without a usage.",
    "usage.present",
    spoil=final(put("usage", None)),
    source="OpenAI API description: ResponseCompletedEvent",
)
declare(
    "usage.as-text",
    "Token counts are text.",
    "usage.shape",
    spoil=whole(lambda r: r["usage"].update(input_tokens=str(r["usage"]["input_tokens"]))),
    source="OpenAI API description: ResponseUsage",
)


def _chat_words(response: Body) -> None:
    usage = response["usage"]
    usage["prompt_tokens"], usage["completion_tokens"] = usage.pop("input_tokens"), usage.pop("output_tokens")


declare(
    "usage.chat-words",
    "The counts have the names of Chat Completions.",
    "usage.words",
    spoil=both(_chat_words),
    source="hub documents: ResponsesResponse.usage",
)
declare(
    "usage.no-details",
    "The usage has no details.",
    "usage.details-present",
    spoil=both(lambda r: [r["usage"].pop(f"{side}_tokens_details") for side in ("input", "output")]),
    source="OpenAI API description: ResponseUsage",
)


def _thoughts_for_nothing(response: Body) -> None:
    usage = response["usage"]
    usage["total_tokens"] -= usage["output_tokens_details"]["reasoning_tokens"]


declare(
    "usage.total-without-thoughts",
    "The total leaves the thoughts out.",
    "usage.total",
    spoil=both(_thoughts_for_nothing),
    source="openai-python 3.x: ResponseUsage",
)
declare(
    "usage.cached-beyond",
    "More tokens are cached than there are.",
    "usage.details",
    spoil=both(lambda r: r["usage"]["input_tokens_details"].update(cached_tokens=r["usage"]["input_tokens"] + 1)),
    source="maiphucgiang/codebuddy2api#12",
)
declare(
    "usage.free-prompt",
    "The prompt of a stream counts as 0 tokens.",
    "usage.input-positive",
    spoil=final(counted(input_tokens=0)),
    source="maiphucgiang/codebuddy2api#12",
)
declare(
    "usage.free-answer",
    "The answer counts as 0 tokens.",
    "usage.output-positive",
    spoil=whole(counted(output_tokens=0)),
    source="maiphucgiang/codebuddy2api#12",
)

# Requests and their settings ------------------------------------------------------------------------------------------

declare(
    "request.strings-only",
    "A list of messages is refused.",
    "request.message-list",
    spoil=refuses(CREATE, when=listed),
    source="hub documents: ResponsesRequest.input",
)
declare(
    "request.list-twice",
    "A list of messages reaches the model twice.",
    "request.same-prompt",
    spoil=whole(
        lambda r: counted(input_tokens=2 * r["usage"]["input_tokens"])(r),
        listed,
    ),
    source="Open Responses specification: Chat Inference",
)
declare(
    "request.nulls-refused",
    "A null is refused.",
    "request.nulls",
    spoil=refuses(CREATE, when=lambda body: None in body.values()),
    source="OpenAI API description: nullable fields",
)
declare(
    "request.instructions-dropped",
    "Instructions are dropped.",
    "request.instructions-counted",
    spoil=whole(counted(input_tokens=7), has("instructions")),
    source="hub documents: ResponsesRequest.instructions",
)
declare(
    "request.picture-dropped",
    "Pictures are dropped.",
    "request.image-counted",
    spoil=whole(counted(input_tokens=7), in_parts("input_image")),
    source="OpenAI API description: InputImageContent",
)
declare(
    "limit.not-kept",
    "The limit is not kept.",
    "limit.tokens",
    spoil=both(counted(output_tokens=300), capped),
    source="hub documents: ResponsesRequest.max_output_tokens",
)


def _as_completed(response: Body) -> None:
    response.update(status="completed", incomplete_details=None)


declare(
    "limit.cut-is-completed",
    "A cut answer is completed.",
    "limit.incomplete",
    spoil=whole(_as_completed, capped),
    source="maiphucgiang/codebuddy2api#12",
)


def _cut_event(event: Event) -> Event:
    _as_completed(event["response"])
    return {**event, "type": "response.completed"}


declare(
    "limit.cut-stream-is-completed",
    "A cut stream ends with response.completed.",
    "limit.incomplete",
    spoil=retold(each(_cut_event, *TERMINAL), capped),
    source="maiphucgiang/codebuddy2api#12",
)
declare(
    "limit.cut-item-is-completed",
    "The item that the limit cut is completed.",
    "limit.item",
    spoil=both(lambda r: r["output"][-1].update(status="completed"), capped),
    source="Open Responses specification: Items are state machines",
)


def _rewritten(pattern: str, by: str) -> Retell:
    """Characters replaced in all texts of a stream."""

    def inside(value: Any) -> Any:
        if isinstance(value, str):
            return re.sub(pattern, by, value)
        if isinstance(value, list):
            return [inside(entry) for entry in value]
        return {name: inside(entry) for name, entry in value.items()} if isinstance(value, dict) else value

    return each(inside)


declare(
    "text.question-marks",
    "Characters beyond ASCII become question marks.",
    "text.unicode",
    spoil=retold(_rewritten("[^\x00-\x7f]", "?")),
    source="RFC 8259 section 8.1",
)
declare(
    "text.split-characters",
    "Characters of four bytes are cut between deltas.",
    "text.unicode",
    spoil=retold(_rewritten("[\U00010000-\U0010ffff]", "\ufffd")),
    source="WHATWG HTML 9.2.6",
)
declare(
    "format.fenced",
    "JSON comes in a fence of Markdown.",
    "format.json-schema",
    spoil=whole(lambda r: [p.update(text=f"```json\n{p['text']}\n```") for p in _parts(r)], has("text")),
    source="OpenAI guide, Structured Outputs",
)

# Tools ----------------------------------------------------------------------------------------------------------------

declare(
    "tools.other-function",
    "Another function is called than the named one.",
    "tools.named",
    spoil=retold(
        _every_item(lambda item: item["type"] == "function_call" and item.update(name="get_weather")), chooses("named")
    ),
    also=_also("the arguments are those of the other function", "tools.arguments-fit"),
    source="hub documents: ResponsesRequest.tool_choice",
)


def _call(name: str, arguments: str) -> Body:
    head = {"id": "fc_1", "type": "function_call", "status": "completed"}
    return {**head, "call_id": "call_1", "name": name, "arguments": arguments}


declare(
    "tools.none-ignored",
    "A function is called although tool_choice is none.",
    "tools.none",
    spoil=whole(
        put("output", [_call("get_weather", '{"city":"Paris","unit":"celsius"}')]),
        chooses("none"),
    ),
    source="hub documents: ResponsesRequest.tool_choice",
)
declare(
    "tools.required-ignored",
    "No function is called although tool_choice is required.",
    "tools.required",
    spoil=whole(lambda r: r.update(output=_invented()["output"]), chooses("required")),
    source="hub documents: ResponsesRequest.tool_choice",
)
declare(
    "tools.renamed",
    "The name of a function comes back with a prefix.",
    "tools.declared-name",
    spoil=retold(
        _every_item(lambda item: item["type"] == "function_call" and item.update(name=f"default_api.{item['name']}")),
        chooses("auto"),
    ),
    source="Open Responses specification: Tool Calling",
)
declare(
    "tools.no-arguments",
    "A function without parameters is called with empty text.",
    "tools.arguments-object",
    spoil=retold(_arguments(lambda text: "" if text == "{}" else text)),
    source="sigoden/aichat#1217",
)
declare(
    "tools.other-enum",
    "An argument is none of the values that its function takes.",
    "tools.arguments-fit",
    spoil=retold(_arguments(lambda text: text.replace("UTC", "GMT").replace("CET", "GMT")), chooses("named")),
    source="OpenAI guide, Function calling: strict mode",
)
declare(
    "tools.results-refused",
    "The result of a call is refused.",
    "tools.round-trip",
    spoil=refuses(CREATE, when=lambda body: "function_call_output" in json.dumps(body.get("input"))),
    source="Open Responses specification: Tool Calling",
)
declare(
    "tools.history-dropped",
    "Of a conversation with a call only the result reaches the model.",
    "tools.history-counted",
    spoil=final(counted(input_tokens=9), lambda body: "function_call_output" in json.dumps(body.get("input"))),
    source="plain logic: the prompt holds more",
)
declare(
    "reasoning.not-counted",
    "Thoughts are shown and not counted.",
    "reasoning.counted",
    spoil=final(lambda r: r["usage"]["output_tokens_details"].update(reasoning_tokens=0), thinks),
    source="OpenAI API description: ResponseUsage",
)
declare(
    "reasoning.behind",
    "The last event puts the thoughts behind the message.",
    "reasoning.first",
    spoil=final(lambda r: r["output"].reverse(), thinks),
    also=_also(
        "the items stand at other places than in the stream",
        "stream.final-items",
        "stream.item-ids",
        "stream.final-text",
    ),
    source="OpenAI guide, Reasoning models",
)

# What is remembered ---------------------------------------------------------------------------------------------------


def _forgetful(response: Body) -> None:
    counted(input_tokens=12)(response)
    response["output"] = _invented()["output"]


declare(
    "memory.ignored",
    "previous_response_id is ignored.",
    "memory.continued",
    spoil=whole(_forgetful, has("previous_response_id")),
    also=_also("what is stored is another answer", "stored.same"),
    source="Open Responses specification: previous_response_id",
)
declare(
    "memory.unknown-ignored",
    "A conversation that never was is continued.",
    "memory.unknown-id",
    also={"isolation.stranger.answer": "what is not known here is not looked up at all"},
    spoil=accepted(has("previous_response_id")),
    source="Open Responses specification: previous_response_id",
)


@fault(
    "responses.stored.made-anew",
    "A stored answer has other item ids each time that it is read.",
    "responses.stored.same",
    source="OpenAI API description: GET /responses/response_id",
)
def made_anew(ask: Ask, reply: Reply) -> Reply:
    if ask.operation != RETRIEVE or reply.status != 200:
        return reply
    value = reply.json
    value["output"][0]["id"] += "x"
    return reply.with_json(value)


@fault(
    "responses.stored.crash",
    "Reading a stored answer fails in the hub.",
    "responses.stored.same",
    also=_also("the answer says that it is stored", "stored.honest") | _also("no 404 ever comes", "stored.deleted"),
    source="janhq/server#96",
)
def crash(ask: Ask, reply: Reply) -> Reply:
    if ask.operation != RETRIEVE:
        return reply
    return reply.with_status(500).with_json({"detail": "Internal Server Error"})


@fault(
    "responses.stored.not-at-all",
    "Answers say that they are stored, and cannot be read.",
    "responses.stored.honest",
    source="QuantumNous/new-api#5036",
)
def not_at_all(ask: Ask, reply: Reply) -> Reply:
    if ask.operation != RETRIEVE:
        return reply
    error = {"message": "Invalid URL.", "type": "invalid_request_error", "param": None, "code": None}
    return reply.with_status(404).with_json({"error": error})


@fault(
    "responses.stored.kept",
    "A deleted answer can still be read.",
    "responses.stored.deleted",
    source="OpenAI API description: DELETE /responses/response_id",
    stateful=True,
)
def kept() -> Spoil:
    read: dict[str, Reply] = {}

    def spoil(ask: Ask, reply: Reply) -> Reply:
        if ask.operation != RETRIEVE:
            return reply
        if reply.status == 200:
            read[ask.path] = reply
        return read.get(ask.path, reply)

    return spoil


# Refusals -------------------------------------------------------------------------------------------------------------

declare(
    "refusal.tool",
    "A tool of an unknown type is dropped.",
    "refusal.tool-type",
    spoil=accepted(has("tools")),
    source="OpenAI API description: Response request",
)


@fault(
    "responses.refusal.no-param",
    "Refusals do not name the field.",
    "responses.refusal.param",
    source="openai-python 3.x: APIError.param",
)
def no_param(ask: Ask, reply: Reply) -> Reply:
    if ask.operation != CREATE or reply.status != 400:
        return reply
    value = reply.json
    value["error"]["param"] = None
    return reply.with_json(value)


# Events of a stream ---------------------------------------------------------------------------------------------------

declare(
    "stream.delta-as-object",
    "A delta is an object instead of text.",
    "stream.event-shape",
    spoil=retold(_first(DELTA, changed(lambda e: e.update(delta={"content": e["delta"]})))),
    also=_also("the text in the object is lost", "stream.deltas-join"),
    source="OpenAI API description: ResponseTextDeltaEvent",
)
declare(
    "stream.done-without-text",
    "The event that ends a text does not hold it.",
    "stream.event-shape",
    spoil=retold(each(without("text"), TEXT_DONE)),
    source="hub documents: ResponsesStreamResponse",
)
declare(
    "stream.no-output-index",
    "Text deltas carry no output_index.",
    "stream.place",
    spoil=retold(each(without("output_index"), DELTA)),
    source="openai-node 6.x raises without output_index",
)
declare(
    "stream.no-content-index",
    "Parts of a message carry no content_index.",
    "stream.place",
    spoil=retold(each(without("content_index"), PART_ADDED, PART_DONE, DELTA, TEXT_DONE)),
    source="openai-python 3.x raises without content_index",
)
declare(
    "stream.item-without-role",
    "A message is closed without its role.",
    "stream.item-shape",
    spoil=retold(each(changed(lambda e: e["item"].pop("role", None)), DONE)),
    source="hub documents: ResponsesStreamResponse.item",
)
declare(
    "stream.progress-in-part",
    "The response in response.in_progress has only an id and a status.",
    "stream.whole-responses",
    spoil=retold(
        each(
            changed(lambda e: e.update(response={name: e["response"][name] for name in ("id", "object", "status")})),
            "response.in_progress",
        )
    ),
    source="OpenAI API description: ResponseInProgressEvent",
)


def _anonymous(event: Any) -> Any:
    return event


declare(
    "stream.no-names",
    "Events have no event: line.",
    "stream.event-name",
    spoil=retold(lambda events: events, written=_anonymous),
    source="vllm-project/agentic-api#168",
)


def _misnamed(event: Any) -> bytes:
    kind = event["type"].replace("function_call_arguments", "tool_call_arguments")
    return f"event: {kind}\n".encode() + event_bytes(event)


declare(
    "stream.other-name-for-calls",
    "Events about arguments are named otherwise than their type.",
    "stream.event-name",
    spoil=retold(lambda events: events, has("tools"), written=_misnamed),
    source="Open Responses specification: Streaming",
)


def _ping(event: Event) -> list[Event]:
    return [event, {"type": "ping", "sequence_number": event["sequence_number"]}]


declare(
    "stream.ping",
    "A ping of the Anthropic format is in the stream.",
    "stream.foreign-types",
    spoil=retold(lambda events: _numbered(_first("response.in_progress", _ping)(events))),
    source="openai-node 6.x: the stream helper raises on unknown types",
)
declare(
    "stream.own-type",
    "The hub sends events of its own under response.",
    "stream.known-types",
    spoil=retold(
        lambda events: _numbered(
            _first("response.in_progress", lambda e: [e, {"type": "response.hub_status", "sequence_number": 0}])(events)
        )
    ),
    source="openai-node 6.x: the stream helper raises on unknown types",
)
declare(
    "stream.zero-left-out",
    "The sequence_number 0 is left out.",
    "stream.sequence-present",
    spoil=retold(each(lambda e: e if e["sequence_number"] else without("sequence_number")(e))),
    source="Wei-Shaw/sub2api#7129",
)
declare(
    "stream.arguments-from-zero",
    "Events about arguments have the sequence_number 0.",
    "stream.sequence-rises",
    spoil=retold(each(changed(put("sequence_number", 0)), ARGUMENTS_DELTA, ARGUMENTS_DONE)),
    also=_also("the numbers of these events are missing in the row", "stream.sequence-steps"),
    source="BerriAI/litellm#28899",
)
declare(
    "stream.gaps",
    "Only every second number is used.",
    "stream.sequence-steps",
    spoil=retold(each(lambda e: {**e, "sequence_number": 2 * e["sequence_number"]})),
    source="Open Responses specification: Streaming",
)
declare(
    "stream.no-created",
    "A stream begins with its item.",
    "stream.created-first",
    spoil=retold(lambda events: _numbered(events[2:])),
    source="BerriAI/litellm#22102",
)
declare(
    "stream.created-without-output",
    "response.created holds a response without the list output.",
    "stream.created-whole",
    spoil=retold(each(changed(lambda e: e["response"].pop("output")), "response.created")),
    also=_also("the response is not whole", "stream.whole-responses"),
    source="openai-node 6.x: the stream helper raises",
)
declare(
    "stream.created-completed",
    "response.created says that the response is completed.",
    "stream.created-whole",
    spoil=retold(each(changed(lambda e: e["response"].update(status="completed")), "response.created")),
    source="OpenAI API description: ResponseCreatedEvent",
)
declare(
    "stream.other-response-id",
    "The last event has the id of the response behind the hub.",
    "stream.response-id",
    spoil=final(put("id", "resp_upstream_7")),
    also=_also("all streams now end with the same id, unlike the plain answer", "answer.id-unique"),
    source="openai-python 3.x: the stream helper raises",
)
declare(
    "stream.no-terminal",
    "Streams end without a last event.",
    "stream.terminal",
    spoil=retold(lambda events: events[:-1]),
    also={"transport.stream.terminal": "the general sentence about the ends of streams"},
    source="farion1231/cc-switch#2750",
)
declare(
    "stream.two-terminals",
    "response.completed is sent twice.",
    "stream.terminal",
    spoil=retold(lambda events: _numbered([*events, events[-1]])),
    source="Open Responses specification: Streaming",
)
declare(
    "stream.terminal-in-progress",
    "The last event says that the response is in progress.",
    "stream.terminal-status",
    spoil=final(lambda r: r.update(status="in_progress", completed_at=None), open_ended),
    source="OpenAI API description: ResponseCompletedEvent",
)
declare(
    "stream.empty-end",
    "The response in the last event has no items.",
    "stream.final-items",
    spoil=final(put("output", [])),
    also=_also(
        "nothing is left of the answer",
        "answer.says-something",
        "tools.named",
        "tools.round-trip",
        "stream.same-structure",
    )
    | _also("a text is missing in the last event", "stream.final-text"),
    source="maximhq/bifrost#5259",
)
declare(
    "stream.lost-last-item",
    "The last event lacks the last of two items.",
    "stream.final-items",
    spoil=final(lambda r: r["output"].pop() if len(r["output"]) > 1 else None),
    also=_also("what is left are thoughts", "answer.says-something"),
    source="maximhq/bifrost#5259",
)


def _broken_off(error: Event) -> Retell:
    def retell(events: list[Event]) -> Iterable[Event]:
        failed = copy.deepcopy(events[-1])
        failed["type"] = "response.failed"
        failed["response"].update(status="failed", error={"code": "server_error", "message": "gone"}, output=[])
        failed["response"].update(completed_at=None, incomplete_details=None, usage=None)
        return [*_numbered([*events[:4], error]), {**failed, "sequence_number": 5}]

    return retell


declare(
    "stream.wrapped-error",
    "A broken stream tells its error in the envelope of HTTP answers.",
    "stream.error-flat",
    spoil=retold(_broken_off({"type": "error", "error": {"message": "gone", "code": None}}), has("instructions")),
    source="OpenAI API description: ResponseErrorEvent",
)


def _gone(events: list[Event]) -> Iterable[Event]:
    error = {"type": "error", "code": "server_error", "message": "gone", "param": None}
    return _numbered([*events[:4], error])


declare(
    "stream.error-alone",
    "A broken stream ends with its error.",
    "stream.error-then-failed",
    spoil=retold(_gone, has("instructions")),
    source="Open Responses specification: Errors",
)
declare(
    "stream.no-logprobs",
    "Text events have no list of likelihoods.",
    "stream.logprobs-list",
    spoil=retold(each(without("logprobs"), DELTA, TEXT_DONE)),
    source="FMXExpress/PasClaw#62",
)

# Items of a stream ----------------------------------------------------------------------------------------------------

declare(
    "stream.item-not-opened",
    "Items are not opened.",
    "stream.item-opened",
    spoil=retold(lambda events: _numbered(each(lambda _: None, ADDED)(events))),
    source="BerriAI/litellm#22102",
)
declare(
    "stream.item-opened-twice",
    "An item is opened a second time.",
    "stream.item-opened",
    spoil=retold(lambda events: _numbered(_first(ADDED, lambda e: [e, e])(events))),
    source="openai-python 3.x: the stream helper raises",
)
declare(
    "stream.item-not-closed",
    "Calls are not closed.",
    "stream.item-closed",
    spoil=retold(lambda events: _numbered(each(lambda _: None, DONE)(events)), has("tools")),
    source="Open Responses specification: Items are streamable",
)
declare(
    "stream.item-closed-early",
    "An item is closed before its text is.",
    "stream.item-closed",
    spoil=retold(_swapped(PART_DONE, DONE), greets),
    source="Open Responses specification: Items are streamable",
)


def _shifted(event: Event) -> Event:
    return {**event, "output_index": event["output_index"] + 1} if "output_index" in event else event


declare(
    "stream.items-from-one",
    "The first item has the output_index 1.",
    "stream.item-indexes",
    spoil=retold(each(_shifted)),
    source="openai-node 6.x: the stream helper raises",
)
declare(
    "stream.gap-behind-thoughts",
    "The message behind the thoughts has the output_index 2.",
    "stream.item-indexes",
    spoil=retold(each(lambda e: _shifted(e) if e.get("output_index") == 1 else e), thinks),
    source="openai-node 6.x: the stream helper raises",
)
declare(
    "stream.other-item-id",
    "An item has another id when it is closed.",
    "stream.item-ids",
    spoil=retold(each(changed(lambda e: e["item"].update(id=e["item"]["id"] + "x")), DONE)),
    source="openai-python 3.x: the stream helper raises",
)
declare(
    "stream.other-call-id",
    "A call has another call_id in the last event.",
    "stream.item-ids",
    spoil=final(lambda r: [c.update(call_id=c["call_id"] + "x") for c in _items(r, "function_call")]),
    source="openai-python 3.x: the stream helper raises",
)
declare(
    "stream.no-item-id",
    "Deltas do not name their item.",
    "stream.item-named",
    spoil=retold(each(without("item_id"), DELTA)),
    source="OpenAI API description: ResponseTextDeltaEvent.item_id",
)
declare(
    "stream.done-in-progress",
    "A closed item is in progress.",
    "stream.item-states",
    spoil=retold(each(changed(lambda e: e["item"].update(status="in_progress")), DONE)),
    source="Open Responses specification: Items are state machines",
)
declare(
    "stream.part-not-opened",
    "Parts are not opened.",
    "stream.part-opened",
    spoil=retold(lambda events: _numbered(each(lambda _: None, PART_ADDED)(events))),
    source="BerriAI/litellm#22102",
)


def _part_one(event: Event) -> Event:
    return {**event, "content_index": 1} if "content_index" in event else event


declare(
    "stream.parts-from-one",
    "The first part has the content_index 1.",
    "stream.part-indexes",
    spoil=retold(each(_part_one)),
    also=_also(
        "no text stands at that place in the item", "stream.deltas-join", "stream.item-done", "stream.final-text"
    ),
    source="openai-python 3.x and openai-node 6.x raise",
)
declare(
    "stream.part-named-text",
    "A part is opened with the type text.",
    "stream.delta-kind",
    spoil=retold(each(changed(lambda e: e["part"].update(type="text")), PART_ADDED)),
    source="openai-python 3.x and openai-node 6.x raise",
)
declare(
    "stream.text-not-ended",
    "Texts are not ended.",
    "stream.part-closed",
    spoil=retold(lambda events: _numbered(each(lambda _: None, TEXT_DONE)(events))),
    source="Open Responses specification: Items are streamable",
)
declare(
    "stream.part-closed-twice",
    "Parts are closed twice.",
    "stream.part-closed",
    spoil=retold(lambda events: _numbered(each(lambda e: [e, e], PART_DONE)(events))),
    source="Open Responses specification: Items are streamable",
)
declare(
    "stream.lost-delta",
    "The first piece of a text is lost.",
    "stream.deltas-join",
    spoil=retold(lambda events: _numbered(_first(DELTA, lambda _: None)(events))),
    also=_also("beginning and sign of the repeated text may be lost with it", "text.unicode"),
    source="openai-python 3.x: the stream helper does not notice",
)


def _cumulative(events: list[Event]) -> Iterable[Event]:
    before = ""
    for event in events:
        if event["type"] == DELTA:
            before += event["delta"]
            event["delta"] = before
        yield event


declare(
    "stream.cumulative",
    "Every delta repeats what came before.",
    "stream.deltas-join",
    spoil=retold(_cumulative),
    source="maximhq/bifrost#5259",
)
declare(
    "stream.no-deltas",
    "The text comes at once when the item is closed.",
    "stream.deltas-join",
    spoil=retold(lambda events: _numbered(each(lambda _: None, DELTA)(events))),
    also=_also("there is no delta to be repeated", "text.unicode"),
    source="Soju06/codex-lb#504",
)
declare(
    "stream.text-cut-at-end",
    "The text is cut in the event that ends it.",
    "stream.text-done",
    spoil=retold(each(changed(lambda e: e.update(text=e["text"][:-1])), TEXT_DONE)),
    source="maximhq/bifrost#5259",
)
declare(
    "stream.part-empty",
    "The part that is closed holds no text.",
    "stream.part-done",
    spoil=retold(each(changed(lambda e: e["part"].update(text="")), PART_DONE)),
    source="maximhq/bifrost#5259",
)
declare(
    "stream.item-trimmed",
    "The item that is closed lacks the last word of its text.",
    "stream.item-done",
    spoil=retold(each(changed(lambda e: [p.update(text=p["text"][:-3]) for p in e["item"].get("content", ())]), DONE)),
    source="maximhq/bifrost#5259",
)
declare(
    "stream.end-without-text",
    "The message in the last event has lost its last character.",
    "stream.final-text",
    spoil=final(lambda r: [p.update(text=p["text"][:-1]) for p in _parts(r)], greets),
    source="openai-python 3.x: the stream helper does not notice",
)
declare(
    "stream.call-without-arguments",
    "A call is opened with null as arguments.",
    "stream.call-opened",
    spoil=retold(
        each(changed(lambda e: e["item"]["type"] == "function_call" and e["item"].update(arguments=None)), ADDED)
    ),
    also=_also("the item in the event lacks what its type requires", "stream.item-shape"),
    source="openai-python 3.x: the stream helper raises",
)
declare(
    "stream.lost-argument-piece",
    "The first piece of the arguments is lost.",
    "stream.arguments-join",
    spoil=retold(lambda events: _numbered(_first(ARGUMENTS_DELTA, lambda _: None)(events))),
    source="openai-python 3.x: the stream helper does not notice",
)
declare(
    "stream.arguments-not-ended",
    "The arguments of calls are not ended.",
    "stream.arguments-done",
    spoil=retold(lambda events: _numbered(each(lambda _: None, ARGUMENTS_DONE)(events))),
    source="Open Responses specification: Items are streamable",
)
declare(
    "stream.summary-not-opened",
    "The parts of a summary are not opened.",
    "stream.summary-order",
    spoil=retold(lambda events: _numbered(each(lambda _: None, SUMMARY_PART_ADDED)(events))),
    source="OpenAI API description: reasoning summary events",
)
declare(
    "stream.summary-empty",
    "The text that ends a summary is empty.",
    "stream.summary-join",
    spoil=retold(each(changed(put("text", "")), SUMMARY_DONE)),
    source="maximhq/bifrost#5259",
)
declare(
    "stream.dearer",
    "A streamed prompt costs more.",
    "request.same-prompt",
    spoil=retold(
        each(
            changed(lambda e: counted(input_tokens=e["response"]["usage"]["input_tokens"] + 6)(e["response"])),
            *TERMINAL,
        )
    ),
    source="plain logic: it is the same prompt",
)
declare(
    "stream.flattened",
    "Streams hold a text item where whole answers hold a message.",
    "stream.same-structure",
    spoil=retold(_every_item(lambda item: item["type"] == "message" and item.update(type="text")), greets),
    source="maximhq/bifrost#5259",
)


@fault(
    "responses.stream.unasked",
    "A request without stream gets its answer as an event stream.",
    "transport.stream.only-when-asked",
    source="Wei-Shaw/sub2api#2826",
)
def unasked(ask: Ask, reply: Reply) -> Reply:
    if ask.operation != CREATE or ask.streams or reply.status != 200:
        return reply
    event = {"type": "response.completed", "sequence_number": 0, "response": reply.json}
    return reply.with_header("content-type", "text/event-stream").with_body(named(event))


@fault(
    "responses.stream.held-open",
    "The connection stays open after the last event.",
    "transport.stream.prompt-end",
    source="vastsa/PI-Desktop#217",
)
def held_open(ask: Ask, reply: Reply) -> Reply:
    return replace(reply, end=reply.end + 5) if ask.operation == CREATE and reply.is_stream else reply
