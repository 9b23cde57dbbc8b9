"""What is asked of chat completions: answers in every documented form, streams, and requests that must be refused.

Prompts construct their answers (an echo, a count, a forced tool, a schema of enums), so that judges need no words of a
model. Numbers are kept small: one answer serves many sentences.
"""

from __future__ import annotations

import base64
from dataclasses import asdict
from typing import Any

from conformance.engine.kit.echo import COPYIST
from conformance.engine.kit.prompts import (
    BATTERY,
    CAP,
    COUNT_TO_NINE,
    GREETING,
    LONG_COUNT,
    REPEAT,
    STOP,
    STOP_SEQUENCES,
    TIME,
    TWO_TOOLS,
    VERDICT,
    WEATHER,
)
from conformance.engine.kit.reading import offered
from conformance.engine.kit.refusals import Wrongs, ask_wrongly
from conformance.engine.kit.samples import png, wav
from conformance.engine.kit.together import alone, ask_together
from conformance.engine.probe import Admit, Conversation, Hub, StopProbe, group, probe
from conformance.wire.exchange import Exchange

CHAT = "chat-completions"
REASONING_TOKENS = 1024
TIME_TOOL, WEATHER_TOOL, BATTERY_TOOL = (
    {"type": "function", "function": asdict(function)} for function in (TIME, WEATHER, BATTERY)
)


NULLABLE = (
    "n",
    "stop",
    "stream",
    "stream_options",
    "temperature",
    "top_p",
    "max_tokens",
    "max_completion_tokens",
    "presence_penalty",
    "frequency_penalty",
    "logit_bias",
    "seed",
    "logprobs",
    "top_logprobs",
)


def user(content: Any) -> list[dict[str, Any]]:
    """A conversation of one user turn."""
    return [{"role": "user", "content": content}]


ECHO_TURNS = [
    {"role": "system", "content": COPYIST},
    *user(REPEAT),
]


@probe(CHAT, base=True)
async def chat_answer(hub: Hub) -> Exchange:
    """The plainest question."""
    return await hub.ask(CHAT, messages=user(GREETING))


@probe(CHAT)
async def chat_image(hub: Hub) -> Exchange:
    """The plainest question with a small picture beside it, as a data URL."""
    url = f"data:image/png;base64,{base64.b64encode(png()).decode()}"
    parts = [{"type": "text", "text": GREETING}, {"type": "image_url", "image_url": {"url": url, "detail": "low"}}]
    return await hub.ask(CHAT, messages=user(parts))


@probe(CHAT)
async def chat_audio(hub: Hub) -> Exchange:
    """A recording among the parts, and a spoken answer asked for. `--model chat-audio=NAME` names a model for it."""
    sound = {"data": base64.b64encode(wav(0.2)).decode(), "format": "wav"}
    parts = [{"type": "text", "text": GREETING}, {"type": "input_audio", "input_audio": sound}]
    return await hub.ask(
        CHAT,
        model=hub.model("chat-audio"),
        messages=user(parts),
        modalities=["text", "audio"],
        audio={"voice": "alloy", "format": "wav"},
    )


@probe(CHAT)
async def chat_echo(hub: Hub) -> Exchange:
    """Text of many scripts to be repeated, under a system turn."""
    return await hub.ask(CHAT, messages=ECHO_TURNS, max_tokens=128)


@probe(CHAT)
async def chat_echo_stream(hub: Hub) -> Exchange:
    """The same as a stream, usage asked for."""
    return await hub.stream(CHAT, messages=ECHO_TURNS, max_tokens=128, stream_options={"include_usage": True})


@probe(CHAT, admit=Admit.REPLY, together=True)
async def chat_capped(hub: Hub) -> Conversation:
    """A long task under a small `max_tokens`, with likelihoods, text in a part, and nulls; each alone."""
    capped, likely = {"messages": user(LONG_COUNT), "max_tokens": CAP}, {"logprobs": True}
    in_a_part = {**capped, "messages": user([{"type": "text", "text": LONG_COUNT}])}
    nulls = dict.fromkeys(NULLABLE)
    return await ask_together(
        hub,
        CHAT,
        {**nulls, **in_a_part, **likely},
        capped,
        {**capped, **likely},
        in_a_part,
        {**nulls, "messages": user(GREETING)},
    )


@probe(CHAT, admit=Admit.REPLY, together=True)
async def chat_cap_stream(hub: Hub) -> Conversation:
    """A long task under a small `max_completion_tokens`, streamed, with likelihoods; each alone."""
    capped = {
        "messages": user(LONG_COUNT),
        "max_tokens": ...,
        "max_completion_tokens": CAP,
        "stream": True,
        "stream_options": {"include_usage": True},
    }
    likely = {**capped, "logprobs": True, "top_logprobs": 2}
    return await ask_together(hub, CHAT, likely, capped, likely)


@probe(CHAT, admit=Admit.REPLY, together=True)
async def chat_stopped(hub: Hub) -> Conversation:
    """A count that a stop sequence, given as a string, has to end, two choices, and a developer turn; each alone."""
    opened = [{"role": "developer", "content": "Be brief."}]
    counted = {"messages": user(COUNT_TO_NINE)}
    return await ask_together(
        hub,
        CHAT,
        {"messages": [*opened, *user(COUNT_TO_NINE)], "stop": STOP, "n": 2},
        {**counted, "stop": STOP},
        {**counted, "n": 2},
        {"messages": [*opened, *user(GREETING)]},
    )


@probe(CHAT, admit=Admit.REPLY, together=True)
async def chat_stop_stream(hub: Hub) -> Conversation:
    """The count streamed, with a list of sequences, one of them longer than a token, and two choices; each alone.

    Usage is not asked for.
    """
    counted = {"messages": user(COUNT_TO_NINE), "stream": True}
    stopped, several = {**counted, "stop": list(STOP_SEQUENCES)}, {**counted, "n": 2}
    return await ask_together(hub, CHAT, stopped | several, stopped, several)


@probe(CHAT)
async def chat_tool_forced(hub: Hub) -> Exchange:
    """One of two tools is named, and it is not the one that the question suggests."""
    return await hub.ask(CHAT, **_forced())


@probe(CHAT)
async def chat_tool_forced_stream(hub: Hub) -> Exchange:
    """The same as a stream, usage asked for."""
    return await hub.stream(CHAT, **_forced(), stream_options={"include_usage": True})


@probe(CHAT)
async def chat_tools_two(hub: Hub) -> Exchange:
    """Two calls wished for in one turn, one of a function without parameters; the model decides."""
    return await hub.ask(CHAT, messages=user(TWO_TOOLS), tools=[WEATHER_TOOL, BATTERY_TOOL], tool_choice="auto")


@probe(CHAT)
async def chat_tools_two_stream(hub: Hub) -> Exchange:
    """The same as a stream, usage not asked for."""
    return await hub.stream(CHAT, messages=user(TWO_TOOLS), tools=[WEATHER_TOOL, BATTERY_TOOL], tool_choice="auto")


@probe(CHAT)
async def chat_tool_none(hub: Hub) -> Exchange:
    """A question that suggests a tool whose use is forbidden."""
    messages = user("What is the weather in Paris? Use the tool get_weather.")
    return await hub.ask(CHAT, messages=messages, tools=[WEATHER_TOOL], tool_choice="none")


@probe(CHAT, admit=Admit.REPLY)
async def chat_tool_loop(hub: Hub) -> Conversation:
    """Any call is required of a model that has no reason for one; then its own turn goes back with the results."""
    first = await hub.ask(CHAT, messages=user(GREETING), tools=[BATTERY_TOOL], tool_choice="required")
    turn = called_turn(first)
    if turn is None:
        return (first,)
    results = [
        {"role": "tool", "tool_call_id": call["id"], "content": '{"percent": 81}'} for call in turn["tool_calls"]
    ]
    second = await hub.ask(CHAT, messages=[*user(GREETING), turn, *results], tools=[BATTERY_TOOL])
    return first, second


@probe(CHAT)
async def chat_json(hub: Hub) -> Exchange:
    """Any JSON object."""
    messages = user("Name one colour. Answer with a JSON object that has the key colour.")
    return await hub.ask(CHAT, messages=messages, response_format={"type": "json_object"})


@probe(CHAT)
async def chat_schema(hub: Hub) -> Exchange:
    """A JSON object whose form the question does not tell, only the schema."""
    return await hub.ask(CHAT, **_shaped())


@probe(CHAT)
async def chat_schema_stream(hub: Hub) -> Exchange:
    """The same as a stream, usage not asked for."""
    return await hub.stream(CHAT, **_shaped())


@probe(CHAT)
async def chat_reasoning(hub: Hub) -> Exchange:
    """A question for a reasoning model. `--model reasoning=NAME` names one."""
    return await hub.ask(CHAT, **_puzzle(hub))


@probe(CHAT)
async def chat_reasoning_stream(hub: Hub) -> Exchange:
    """The same as a stream, usage asked for."""
    return await hub.stream(CHAT, **_puzzle(hub), stream_options={"include_usage": True})


@probe(CHAT, admit=Admit.REFUSAL)
async def chat_wrong(hub: Hub) -> Conversation:
    """Requests with a field missing or of a wrong JSON type; see `WRONGS`."""
    plain = {"model": hub.model("chat"), "messages": user(GREETING), "max_tokens": CAP}
    return await ask_wrongly(hub, CHAT, plain, WRONGS)


WRONGS: Wrongs = {"messages": ..., "max_tokens": "many"}
"""What real hubs get wrong most; the fuzzer tries every other field."""

ANSWERS = (
    chat_answer,
    chat_capped,
    chat_stopped,
    chat_image,
    chat_audio,
    chat_echo,
    chat_tool_forced,
    chat_tools_two,
    chat_tool_none,
    chat_tool_loop,
    chat_json,
    chat_schema,
    chat_reasoning,
)
STREAMS = (
    chat_echo_stream,
    chat_cap_stream,
    chat_stop_stream,
    chat_tool_forced_stream,
    chat_tools_two_stream,
    chat_schema_stream,
    chat_reasoning_stream,
)


any_answer = offered("any_chat_answer", *ANSWERS)
any_stream = offered("any_chat_stream", *STREAMS)
any_reply = offered("any_chat_reply", *ANSWERS, *STREAMS)
later_stream = offered("later_chat_stream", *(p for p in STREAMS if p is not chat_echo_stream))
without_logprobs = offered(
    "any_chat_reply_without_logprobs",
    *(p for p in (*ANSWERS, *STREAMS) if p not in (chat_capped, chat_cap_stream)),
)
tool_answers = offered("any_chat_tool_answer", chat_tool_forced, chat_tools_two, chat_tool_none, chat_tool_loop)
later_reply = offered("later_chat_reply", *(p for p in (*ANSWERS, *STREAMS) if p is not chat_answer))
unasked_usage = offered("any_chat_stream_without_usage", chat_stop_stream, chat_tools_two_stream, chat_schema_stream)
asked_usage = offered(
    "any_chat_stream_with_usage",
    chat_echo_stream,
    chat_cap_stream,
    chat_tool_forced_stream,
    chat_reasoning_stream,
)
system_turn = offered("chat_system_turn", chat_echo)
tool_replies = offered(
    "any_chat_tool_reply",
    chat_tool_forced,
    chat_tool_forced_stream,
    chat_tools_two,
    chat_tools_two_stream,
    chat_tool_none,
    chat_tool_loop,
)
tool_streams = offered("any_chat_tool_stream", chat_tool_forced_stream, chat_tools_two_stream)
free_tools = offered("any_chat_free_tool_reply", chat_tools_two, chat_tools_two_stream, chat_tool_loop)
any_echo = group("any_chat_echo", chat_echo, chat_echo_stream)
any_cap = alone("any_chat_cap", 1, chat_capped, chat_cap_stream)
capped_stream = alone("chat_capped_stream", 1, chat_cap_stream)
any_logprobs = alone("any_chat_logprobs", 2, chat_capped, chat_cap_stream)
logprobs_stream = alone("chat_logprobs_stream", 2, chat_cap_stream)
parts = alone("chat_parts", 3, chat_capped, admit=Admit.REPLY)
nulls = alone("chat_nulls", 4, chat_capped, admit=Admit.REPLY)
any_stop = alone("any_chat_stop", 1, chat_stopped, chat_stop_stream)
any_two = alone("any_chat_two", 2, chat_stopped, chat_stop_stream)
two_stream = alone("chat_two_stream", 2, chat_stop_stream)
developer = alone("chat_developer", 3, chat_stopped, admit=Admit.REPLY)
any_named = group("any_chat_named_tool", chat_tool_forced, chat_tool_forced_stream)
any_schema = group("any_chat_schema", chat_schema, chat_schema_stream)


def _forced() -> dict[str, Any]:
    return {
        "messages": user("What is the weather in Paris?"),
        "tools": [WEATHER_TOOL, TIME_TOOL],
        "tool_choice": {"type": "function", "function": {"name": "get_time"}},
    }


def _shaped() -> dict[str, Any]:
    form = {"name": "verdict", "strict": True, "schema": VERDICT}
    return {"messages": user("Decide."), "response_format": {"type": "json_schema", "json_schema": form}}


def _puzzle(hub: Hub) -> dict[str, Any]:
    if not hub.target.models.get("reasoning"):
        raise StopProbe("no reasoning model is known: name one with --model reasoning=NAME")
    return {
        "model": hub.model("reasoning"),
        "messages": user("Is 97 a prime number? Answer yes or no."),
        "max_tokens": ...,
        "max_completion_tokens": REASONING_TOKENS,
    }


def called_turn(exchange: Exchange) -> dict[str, Any] | None:
    """The assistant's turn exactly as the hub sent it, when it calls tools by ids; None otherwise."""
    try:
        turn = exchange.json["choices"][0]["message"]
        calls = turn["tool_calls"]
        known = all(isinstance(call["id"], str) and call["id"] for call in calls)
    except (ValueError, KeyError, IndexError, TypeError):
        return None
    return turn if isinstance(calls, list) and calls and known else None
