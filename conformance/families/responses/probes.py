"""What is asked of Responses: answers, streams, a conversation that the hub remembers, and requests to be refused.

Prompts construct their answers (an echo, a count, a forced tool, a schema of enums, a code word), so that judges need
no words of a model. The last event of a stream holds a whole answer, so that most questions are asked in one mode only.
"""

from __future__ import annotations

import base64
from dataclasses import asdict
from typing import Any

from conformance.engine.kit.echo import COPYIST
from conformance.engine.kit.prompts import BATTERY, CAP, GREETING, LONG_COUNT, REPEAT, TIME, TWO_TOOLS, VERDICT, WEATHER
from conformance.engine.kit.reading import offered
from conformance.engine.kit.refusals import ask_wrongly
from conformance.engine.kit.samples import png
from conformance.engine.probe import Admit, Conversation, Hub, StopProbe, group, probe
from conformance.wire.exchange import Exchange

RESPONSES = "responses-create"
PATH = "/v1/responses"
BOUND = 64
"""Output tokens of a plain answer."""
REASONING_BOUND = 1024
ORDERS = "You are a polite assistant of a small museum. Keep every reply short and friendly, and never use emoji."
CODE_WORD = "kx7431umber"
UNKNOWN_ID = "resp_00000000000000000000000000000000"
TIME_TOOL, WEATHER_TOOL, BATTERY_TOOL = (
    {"type": "function", **asdict(function), "strict": True} for function in (TIME, WEATHER, BATTERY)
)
"""The vendor's description requires `strict`, and strict functions require every parameter."""


def user(content: Any) -> list[dict[str, Any]]:
    """An input of one user message."""
    return [{"role": "user", "content": content}]


async def ask(hub: Hub, **fields: Any) -> Exchange:
    """A short answer."""
    return await hub.ask(RESPONSES, **{"max_output_tokens": BOUND, **fields})


async def stream(hub: Hub, **fields: Any) -> Exchange:
    """The same as a stream."""
    return await ask(hub, stream=True, **fields)


@probe(RESPONSES, base=True)
async def responses_answer(hub: Hub) -> Exchange:
    """The plainest question."""
    return await ask(hub, input=GREETING)


@probe(RESPONSES)
async def responses_stream(hub: Hub) -> Exchange:
    """The same question as a stream."""
    return await stream(hub, input=GREETING)


@probe(RESPONSES, admit=Admit.REPLY)
async def responses_list(hub: Hub) -> Exchange:
    """The same question as a list with one message."""
    return await ask(hub, input=user(GREETING))


@probe(RESPONSES, admit=Admit.REPLY)
async def responses_nulls(hub: Hub) -> Exchange:
    """The same question with every nullable field given as null."""
    nullable = (
        "instructions",
        "max_output_tokens",
        "temperature",
        "top_p",
        "stream",
        "reasoning",
        "previous_response_id",
        "truncation",
        "metadata",
        "store",
        "parallel_tool_calls",
    )
    return await ask(hub, input=GREETING, **dict.fromkeys(nullable))


@probe(RESPONSES)
async def responses_settings(hub: Hub) -> Exchange:
    """The same question under instructions, with settings whose effect the answer repeats."""
    return await ask(hub, input=GREETING, instructions=ORDERS, temperature=0.5, metadata={"suite": "kx-41"})


@probe(RESPONSES)
async def responses_image(hub: Hub) -> Exchange:
    """The same question with a small picture beside it, as a data URL."""
    url = f"data:image/png;base64,{base64.b64encode(png()).decode()}"
    picture = {"type": "input_image", "image_url": url, "detail": "low"}
    return await ask(hub, input=user([{"type": "input_text", "text": GREETING}, picture]))


@probe(RESPONSES)
async def responses_echo_stream(hub: Hub) -> Exchange:
    """Text of many scripts to be repeated, streamed."""
    return await stream(hub, instructions=COPYIST, input=REPEAT, max_output_tokens=128)


@probe(RESPONSES)
async def responses_cap(hub: Hub) -> Exchange:
    """A long task under a small `max_output_tokens`."""
    return await ask(hub, input=LONG_COUNT, max_output_tokens=CAP)


@probe(RESPONSES)
async def responses_cap_stream(hub: Hub) -> Exchange:
    """The same as a stream."""
    return await stream(hub, input=LONG_COUNT, max_output_tokens=CAP)


@probe(RESPONSES)
async def responses_tool_named_stream(hub: Hub) -> Exchange:
    """One of two tools is named, and it is not the one that the question suggests; streamed."""
    return await stream(
        hub,
        input="What is the weather in Paris?",
        tools=[WEATHER_TOOL, TIME_TOOL],
        tool_choice={"type": "function", "name": "get_time"},
        parallel_tool_calls=False,
    )


@probe(RESPONSES)
async def responses_tools_two_stream(hub: Hub) -> Exchange:
    """Two calls wished for in one turn, one of a function without parameters; the model decides; streamed."""
    return await stream(hub, input=TWO_TOOLS, tools=[WEATHER_TOOL, BATTERY_TOOL], tool_choice="auto")


@probe(RESPONSES)
async def responses_tool_none(hub: Hub) -> Exchange:
    """A question that suggests a tool whose use is forbidden."""
    question = "What is the weather in Paris? Use the tool get_weather."
    return await ask(hub, input=question, tools=[WEATHER_TOOL], tool_choice="none")


@probe(RESPONSES, admit=Admit.REPLY)
async def responses_tool_loop(hub: Hub) -> Conversation:
    """Any call is required of a model that has no reason for one; then its own items go back with the results."""
    first = await ask(hub, input=GREETING, tools=[BATTERY_TOOL], tool_choice="required")
    items = called_items(first)
    if items is None:
        return (first,)
    results = [
        {"type": "function_call_output", "call_id": item["call_id"], "output": '{"percent": 81}'}
        for item in items
        if item["type"] == "function_call"
    ]
    return first, await ask(hub, input=[*user(GREETING), *items, *results], tools=[BATTERY_TOOL])


@probe(RESPONSES)
async def responses_schema(hub: Hub) -> Exchange:
    """A JSON object whose form the question does not tell, only the schema."""
    form = {"type": "json_schema", "name": "verdict", "strict": True, "schema": VERDICT}
    return await ask(hub, input="Decide.", text={"format": form})


@probe(RESPONSES)
async def responses_reasoning_stream(hub: Hub) -> Exchange:
    """A question for a reasoning model, with a summary of its thoughts. `--model reasoning=NAME` names one."""
    if not hub.target.models.get("reasoning"):
        raise StopProbe("no reasoning model is known: name one with --model reasoning=NAME")
    return await stream(
        hub,
        model=hub.model("reasoning"),
        input="Is 97 a prime number? Answer yes or no.",
        reasoning={"effort": "low", "summary": "auto"},
        max_output_tokens=REASONING_BOUND,
    )


@probe(RESPONSES, admit=Admit.REPLY)
async def responses_memory(hub: Hub) -> Conversation:
    """A code word is told, and asked for by `previous_response_id`; then the first answer is read and deleted."""
    told = f"The code word is {CODE_WORD}. Please keep it in mind for later. Answer with the single word: ok"
    first = await ask(hub, input=told, store=True)
    name = id_of(first)
    if name is None:
        return (first,)
    second = await ask(hub, input="What is the code word?", previous_response_id=name)
    path = f"{PATH}/{name}"
    read = await hub.send(path=path)
    if not read.ok:
        return first, second, read
    return first, second, read, await hub.send(path=path, method="DELETE"), await hub.send(path=path)


@probe(RESPONSES, admit=Admit.REPLY)
async def responses_unknown_past(hub: Hub) -> Exchange:
    """A conversation is continued that never was."""
    return await ask(hub, input=GREETING, previous_response_id=UNKNOWN_ID)


@probe(RESPONSES, admit=Admit.REFUSAL)
async def responses_wrong_types(hub: Hub) -> Conversation:
    """Requests with a field missing or of a wrong JSON type; see `WRONG_TYPES`."""
    return await ask_wrongly(hub, RESPONSES, _plain(hub), WRONG_TYPES)


@probe(RESPONSES, admit=Admit.REFUSAL)
async def responses_wrong_values(hub: Hub) -> Conversation:
    """Requests with a value out of its range, or of a kind that does not exist; see `WRONG_VALUES`."""
    return await ask_wrongly(hub, RESPONSES, _plain(hub), WRONG_VALUES)


WRONG_TYPES: dict[str, Any] = {
    "input": ...,
    "input as a number": 7,
    "stream": "yes",
    "max_output_tokens": "many",
    "temperature": "hot",
}
WRONG_VALUES: dict[str, Any] = {
    "max_output_tokens": -1,
    "temperature": 99,
    "input of an unknown type": [{"type": "crystal_ball", "content": GREETING}],
    "tools of an unknown type": [{"type": "crystal_ball"}],
}


def _plain(hub: Hub) -> dict[str, Any]:
    return {"model": hub.model("responses"), "input": GREETING, "max_output_tokens": CAP}


ANSWERS = (
    responses_answer,
    responses_list,
    responses_nulls,
    responses_settings,
    responses_image,
    responses_cap,
    responses_tool_none,
    responses_tool_loop,
    responses_schema,
)
STREAMS = (
    responses_stream,
    responses_echo_stream,
    responses_cap_stream,
    responses_tool_named_stream,
    responses_tools_two_stream,
    responses_reasoning_stream,
)
any_answer = offered("any_responses_answer", *ANSWERS)
any_stream = offered("any_responses_stream", *STREAMS)
any_reply = offered("any_responses_reply", *ANSWERS, *STREAMS)
later_reply = offered("later_responses_reply", *(p for p in (*ANSWERS, *STREAMS) if p is not responses_answer))
tool_replies = offered(
    "any_responses_tool_reply",
    responses_tool_named_stream,
    responses_tools_two_stream,
    responses_tool_none,
    responses_tool_loop,
)
any_cap = group("any_responses_cap", responses_cap, responses_cap_stream)


def id_of(exchange: Exchange) -> str | None:
    """The id of a served answer, None when it has none that can stand in a path."""
    try:
        name = exchange.json["id"]
    except (ValueError, KeyError, TypeError):
        return None
    fits = isinstance(name, str) and 0 < len(name) <= 256 and name.isascii() and name.isprintable()
    return name if exchange.ok and fits and not set(name) & set("/?#% ") else None


def called_items(exchange: Exchange) -> list[dict[str, Any]] | None:
    """The output exactly as the hub sent it, when it holds function calls with ids; None otherwise."""
    try:
        items = exchange.json["output"]
        calls = [item for item in items if item["type"] == "function_call"]
        known = all(isinstance(call["call_id"], str) and call["call_id"] for call in calls)
    except (ValueError, KeyError, TypeError):
        return None
    return items if isinstance(items, list) and calls and known else None
