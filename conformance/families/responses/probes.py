"""What is asked of Responses: answers, streams, a conversation that the hub remembers, and requests to be refused.

Prompts construct their answers (an echo, a count, a forced tool, a schema of enums, a code word), so that judges need
no words of a model. The last event of a stream holds a whole answer, so that most questions are asked in one mode only.
"""

from __future__ import annotations

import base64
from dataclasses import asdict
from typing import Any

from conformance.engine.kit import answers
from conformance.engine.kit.echo import COPYIST
from conformance.engine.kit.prompts import (
    BATTERY,
    CAP,
    GREETING,
    LONG_COUNT,
    LONG_GREETING,
    REPEAT,
    TIME,
    TWO_TOOLS,
    VERDICT,
    WEATHER,
)
from conformance.engine.kit.reading import offered
from conformance.engine.kit.refusals import Wrongs, ask_wrongly
from conformance.engine.kit.samples import png
from conformance.engine.kit.together import Body, alone, ask_for_text, ask_together, asks_on
from conformance.engine.probe import Admit, Conversation, Hub, StopProbe, probe
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


SUGGESTION = "What is the weather in Paris? Use the tool get_weather."
SHORT: Body = {"max_output_tokens": BOUND}
LONG: Body = {"max_output_tokens": CAP, "input": LONG_COUNT}
NULLABLE = (
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


async def ask(hub: Hub, **fields: Any) -> Exchange:
    """A short answer."""
    return await hub.ask(RESPONSES, **{**SHORT, **fields})


async def stream(hub: Hub, **fields: Any) -> Exchange:
    """The same as a stream."""
    return await ask(hub, stream=True, **fields)


@probe(RESPONSES, base=True)
async def responses_answer(hub: Hub) -> Exchange:
    """The plainest question."""
    return await ask(hub, input=GREETING)


@probe(RESPONSES, together=True)
async def responses_settings(hub: Hub) -> Conversation:
    """The same question under instructions, and with settings that the answer repeats; each alone."""
    plain, orders = {**SHORT, "input": GREETING}, {"instructions": ORDERS}
    labels, warmth = {"metadata": {"suite": "kx-41"}}, {"temperature": 0.5}
    return await ask_together(
        hub,
        RESPONSES,
        {**plain, **orders, **labels, **warmth},
        {**plain, **orders},
        {**plain, **labels},
        {**plain, **warmth},
    )


@probe(RESPONSES)
async def responses_image(hub: Hub) -> Exchange:
    """The same question with a small picture beside it, as a data URL."""
    url = f"data:image/png;base64,{base64.b64encode(png()).decode()}"
    picture = {"type": "input_image", "image_url": url, "detail": "low"}
    return await ask(hub, input=user([{"type": "input_text", "text": GREETING}, picture]))


@probe(RESPONSES, admit=Admit.REPLY, together=True)
async def responses_capped(hub: Hub) -> Conversation:
    """A long task under a small limit, as a list with one message; each alone."""
    return await ask_together(hub, RESPONSES, {**LONG, "input": user(LONG_COUNT)}, LONG, {"input": user(GREETING)})


@probe(RESPONSES)
async def responses_cap_stream(hub: Hub) -> Exchange:
    """The same as a stream, as a string."""
    return await stream(hub, **LONG)


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


@probe(RESPONSES, admit=Admit.REPLY)
async def responses_tool_loop(hub: Hub) -> Conversation:
    """Any call is required of a model that has no reason for one; then its own items go back with the results.

    With them two calls are wished for in one turn, one of a function without parameters; the model decides, streamed.
    """
    tools = [WEATHER_TOOL, BATTERY_TOOL]
    first = await ask(hub, input=LONG_GREETING, tools=tools, tool_choice="required")
    items = called_items(first) or []
    results = [
        {"type": "function_call_output", "call_id": item["call_id"], "output": '{"percent": 81}'}
        for item in items
        if item["type"] == "function_call"
    ]
    before = [*user(LONG_GREETING), *items, *results] if items else []
    wish = {"tools": tools, "tool_choice": "auto"}
    second = await stream(hub, input=[*before, *user(TWO_TOOLS)], **wish)
    if not (before and asks_on(hub, second)):
        return first, second
    return first, second, await stream(hub, input=TWO_TOOLS, **wish)


@probe(RESPONSES, admit=Admit.REPLY, together=True)
async def responses_form(hub: Hub) -> Conversation:
    """A JSON object whose form only the schema tells, a tool whose use is forbidden, and nulls; each alone."""
    nulls = dict.fromkeys(NULLABLE)
    form = {**SHORT, "text": {"format": {"type": "json_schema", "name": "verdict", "strict": True, "schema": VERDICT}}}
    forbidden = {**SHORT, "input": SUGGESTION, "tools": [WEATHER_TOOL], "tool_choice": "none"}
    return await ask_for_text(
        hub,
        RESPONSES,
        {**nulls, **form, **forbidden},
        forbidden,
        {**form, "input": "Decide."},
        {**nulls, "input": GREETING},
    )


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
    """A code word is told with text of many scripts that is to be repeated, streamed, and is asked for later.

    Where no stream tells an id, a whole answer has to. It is asked for by `previous_response_id`; then that answer is
    read, deleted, and read again.
    """
    told = f"The code word is {CODE_WORD}. Please keep it in mind for later. {REPEAT}"
    turn = {"instructions": COPYIST, "input": told, "max_output_tokens": 128, "store": True}
    opening = [await stream(hub, **turn)]
    if id_of(opening[0]) is None or not opening[0].events:
        opening.append(await ask(hub, **turn))
    name = id_of(opening[-1])
    if name is None:
        return tuple(opening)
    second = await ask(hub, input="What is the code word?", previous_response_id=name, store=True)
    path = f"{PATH}/{id_of(second) or name}"
    read = await hub.send(path=path)
    if not read.ok:
        return *opening, second, read
    return *opening, second, read, await hub.send(path=path, method="DELETE"), await hub.send(path=path)


@probe(RESPONSES, admit=Admit.REPLY)
async def responses_unknown_past(hub: Hub) -> Exchange:
    """A conversation is continued that never was."""
    return await ask(hub, input=GREETING, previous_response_id=UNKNOWN_ID)


@probe(RESPONSES, admit=Admit.REFUSAL)
async def responses_wrong(hub: Hub) -> Conversation:
    """Requests with a value of a kind that does not exist; see `WRONGS`."""
    plain = {"model": hub.model("responses"), "input": GREETING, "max_output_tokens": CAP}
    return await ask_wrongly(hub, RESPONSES, plain, WRONGS)


WRONGS: Wrongs = {"tools of an unknown type": [{"type": "crystal_ball"}]}
"""What real hubs get wrong most; the fuzzer tries every other field."""

ANSWERS = (
    responses_answer,
    responses_settings,
    responses_image,
    responses_capped,
    responses_tool_loop,
    responses_form,
)
STREAMS = (
    responses_cap_stream,
    responses_tool_named_stream,
    responses_tool_loop,
    responses_reasoning_stream,
    responses_memory,
)
any_answer = offered("any_responses_answer", *ANSWERS)
any_stream = offered("any_responses_stream", *STREAMS)
any_reply = offered("any_responses_reply", *ANSWERS, *STREAMS)
later_reply = offered("later_responses_reply", *(p for p in (*ANSWERS, *STREAMS) if p is not responses_answer))
tool_replies = offered("any_responses_tool_reply", responses_tool_named_stream, responses_tool_loop, responses_form)
instructed = alone("responses_instructed", 1, responses_settings)
any_cap = alone("any_responses_cap", 1, responses_capped, responses_cap_stream)
listed = alone("responses_list", 2, responses_capped, admit=Admit.REPLY)


def id_of(exchange: Exchange) -> str | None:
    """The id of a served answer, None when it has none that can stand in a path."""
    name = answers.id_of(exchange) or ""
    fits = 0 < len(name) <= 256 and name.isascii() and name.isprintable() and not set(name) & set("/?#% ")
    return name if exchange.ok and fits else None


def called_items(exchange: Exchange) -> list[dict[str, Any]] | None:
    """The output exactly as the hub sent it, when it holds function calls with ids; None otherwise."""
    try:
        items = exchange.json["output"]
        calls = [item for item in items if item["type"] == "function_call"]
        known = all(isinstance(call["call_id"], str) and call["call_id"] for call in calls)
    except (ValueError, KeyError, TypeError):
        return None
    return items if isinstance(items, list) and calls and known else None
