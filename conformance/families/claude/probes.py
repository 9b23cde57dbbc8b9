"""What is asked in the Anthropic format: answers in every documented form, streams, and what has to be refused.

Prompts construct their answers (an echo, a count, a forced tool), so that judges need no words of a model. Every
request says which generation of the format it reads, as the official clients do.
"""

from __future__ import annotations

import base64
from collections.abc import Mapping
from typing import Any

from conformance.engine.kit.echo import COPYIST
from conformance.engine.kit.prompts import (
    BATTERY,
    CAP,
    COUNT_TO_NINE,
    GREETING,
    LONG_COUNT,
    LONG_GREETING,
    REPEAT_ON,
    STOP,
    STOP_SEQUENCES,
    STOP_WORDS,
    TIME,
    TWO_TOOLS,
    WEATHER,
)
from conformance.engine.kit.reading import offered
from conformance.engine.kit.refusals import Wrongs
from conformance.engine.kit.samples import png
from conformance.engine.kit.together import Body, alone, asks_on
from conformance.engine.probe import Admit, Conversation, Group, Hub, Phase, StopProbe, credential, group, probe
from conformance.wire.exchange import Exchange

CLAUDE = "claude-messages"
LIST = "list-models-openai"
COUNT_PATH = "/v1/messages/count_tokens"
VERSION = {"anthropic-version": "2023-06-01"}
NEWER_VERSION = {"anthropic-version": "2026-10-21"}
ORDERS = "You help travellers on their way through the city. Be brief and polite, and use the tools that you are given."
TWO_PRIMES = ("Is 97 a prime number? Answer yes or no.", "Thank you. And is 91 one? Answer yes or no.")
ECHO_TOKENS, TOOL_TOKENS = 128, 320
"""Bounds where the usual one might cut the answer."""
THOUGHT_TOKENS = 1024
"""Least budget that the format allows."""
PAGE = 2
"""Models that are asked for at once."""
TIME_TOOL, WEATHER_TOOL, BATTERY_TOOL = (
    {"name": function.name, "description": function.description, "input_schema": function.parameters}
    for function in (TIME, WEATHER, BATTERY)
)


def user(content: Any) -> list[dict[str, Any]]:
    """A conversation of one user turn."""
    return [{"role": "user", "content": content}]


def text(words: str) -> list[dict[str, Any]]:
    """The same words as a list with one text block."""
    return [{"type": "text", "text": words}]


async def _ask(hub: Hub, version: Mapping[str, str] = VERSION, **fields: Any) -> Exchange:
    """A valid request: model, bound on the output and version are filled in; a field given as `...` is left out."""
    return await hub.send(CLAUDE, json=_body(hub, **fields), headers=version)


async def _ask_together(hub: Hub, together: Body, *alone: Body) -> Conversation:
    """The reply to a request with the fields of `together`, and where it is refused those to each of `alone`."""
    first = await _ask(hub, **together)
    return (first, *[await _ask(hub, **fields) for fields in alone]) if asks_on(hub, first) else (first,)


def _body(hub: Hub, **fields: Any) -> Body:
    body = {"model": hub.model("claude"), "max_tokens": 64, "messages": user(GREETING), **fields}
    return {name: value for name, value in body.items() if value is not ...}


@probe(CLAUDE, base=True)
async def claude_answer(hub: Hub) -> Exchange:
    """The plainest question."""
    return await _ask(hub)


@probe(CLAUDE, together=True)
async def claude_echo(hub: Hub) -> Conversation:
    """Text of many scripts to be repeated up to a stop sequence, under a system text; each alone."""
    stopped = {"stop_sequences": [STOP_WORDS[0]]}
    return await _ask_together(hub, {**ECHO_TURNS, **stopped}, ECHO_TURNS, {**COUNTED, "stop_sequences": [STOP]})


@probe(CLAUDE, together=True)
async def claude_echo_stream(hub: Hub) -> Conversation:
    """The same as a stream, with two stop sequences; each alone."""
    stopped = {"stop_sequences": list(STOP_WORDS)}
    return await _ask_together(
        hub,
        {**ECHO_TURNS, **stopped, **STREAMED},
        {**ECHO_TURNS, **STREAMED},
        {**COUNTED, "stop_sequences": list(STOP_SEQUENCES), **STREAMED},
    )


@probe(CLAUDE)
async def claude_image(hub: Hub) -> Exchange:
    """The plainest question with a small picture beside it."""
    source = {"type": "base64", "media_type": "image/png", "data": base64.b64encode(png()).decode()}
    return await _ask(hub, messages=user([{"type": "image", "source": source}, *text(GREETING)]))


@probe(CLAUDE, together=True)
async def claude_cap(hub: Hub) -> Conversation:
    """A long task under a small limit, and a tool that the question suggests and whose use is forbidden; each alone.

    The stop sequence does not occur in the answer.
    """
    limits = {"max_tokens": CAP, "stop_sequences": ["zebra"]}
    forbidden = {"tools": [WEATHER_TOOL], "tool_choice": {"type": "none"}}
    suggestion = f"{PARIS} Use the tool get_weather."
    return await _ask_together(
        hub,
        {"messages": user(f"{suggestion} {LONG_COUNT}"), **forbidden, **limits},
        {"messages": user(LONG_COUNT), **limits},
        {"messages": user(suggestion), **forbidden},
    )


@probe(CLAUDE, admit=Admit.REPLY, together=True)
async def claude_cap_stream(hub: Hub) -> Conversation:
    """A long task under a small limit, streamed, in the newer published version of the format; each alone."""
    capped = {"messages": user(LONG_COUNT), "max_tokens": CAP, **STREAMED}
    newer = {"version": NEWER_VERSION}
    return await _ask_together(hub, {**capped, **newer}, capped, {"max_tokens": CAP, **newer})


@probe(CLAUDE, admit=Admit.REPLY, together=True)
async def claude_tool_forced(hub: Hub) -> Conversation:
    """One of two tools is named, not the one that the question suggests, and all texts are lists of blocks; each alone.

    The system text and the question are the same in the stream, as texts.
    """
    return await _ask_together(
        hub,
        {**FORCED, "system": text(ORDERS), "messages": user(text(PARIS))},
        FORCED,
        {"system": text(ORDERS), "messages": user(text(GREETING))},
    )


@probe(CLAUDE)
async def claude_tool_forced_stream(hub: Hub) -> Exchange:
    """The same as a stream, its texts as texts."""
    return await _ask(hub, **FORCED, **STREAMED)


@probe(CLAUDE, admit=Admit.REPLY, phase=Phase.ANSWERS)
async def claude_tool_loop(hub: Hub) -> Conversation:
    """Any call is required of a model that has no reason for one; then its own turn goes back with the results.

    With them two calls are wished for in one turn, one of a tool without parameters; the model decides, streamed.
    """
    tools: Body = {"tools": [WEATHER_TOOL, BATTERY_TOOL], "max_tokens": TOOL_TOKENS}
    first = await _ask(hub, messages=user(LONG_GREETING), tool_choice={"type": "any"}, **tools)
    content = content_of(first)
    calls = calls_in(content)
    results = [{"type": "tool_result", "tool_use_id": call["id"], "content": '{"percent": 81}'} for call in calls]
    before = [*user(LONG_GREETING), {"role": "assistant", "content": content}] if calls else []
    wish = {**tools, "tool_choice": {"type": "auto"}}
    second = await _ask(hub, messages=[*before, *user([*results, *text(TWO_TOOLS)])], **wish, **STREAMED)
    if not (calls and asks_on(hub, second)):
        return first, second
    return first, second, await _ask(hub, messages=user(TWO_TOOLS), **wish, **STREAMED)


@probe(CLAUDE, admit=Admit.REPLY, phase=Phase.ANSWERS)
async def claude_thinking(hub: Hub) -> Conversation:
    """A question to be thought about; then the turn with its thoughts goes back with another one, streamed.

    `--model claude-thinking=NAME` names a model for it.
    """
    settings: Body = {
        "model": hub.target.models.get("claude-thinking") or hub.model("claude"),
        "thinking": {"type": "enabled", "budget_tokens": THOUGHT_TOKENS},
        "max_tokens": THOUGHT_TOKENS + 64,
    }
    question, another = (user(words) for words in TWO_PRIMES)
    first = await _ask(hub, messages=question, **settings)
    content = content_of(first)
    thoughtful = any(block.get("type") in ("thinking", "redacted_thinking") for block in content)
    before = [*question, {"role": "assistant", "content": content}] if thoughtful else []
    second = await _ask(hub, messages=[*before, *another], **settings, **STREAMED)
    if not (thoughtful and asks_on(hub, second)):
        return first, second
    return first, second, await _ask(hub, messages=question, **settings, **STREAMED)


@probe(CLAUDE, admit=Admit.REFUSAL, phase=Phase.EITHER)
async def claude_count(hub: Hub) -> Exchange:
    """How many tokens the text to be repeated has, asked as coding agents do. No document knows it."""
    body = _body(hub, **{**ECHO_TURNS, "max_tokens": ...})
    return await hub.send(method="POST", path=COUNT_PATH, query={"beta": "true"}, json=body, headers=VERSION)


@probe(LIST, admit=Admit.REFUSAL, phase=Phase.ANSWERS)
async def claude_model_pages(hub: Hub) -> Conversation:
    """The whole Anthropic model list, the page behind its first model, and the page behind its last one.

    The newer clients ask for the whole list with their version and a bearer token alone; where that does not give it,
    it is asked for as the older ones do.
    """
    if hub.target.token is None:
        raise StopProbe("no token is given, and the format is chosen by the header that carries it")
    headers = [*VERSION.items(), *credential("x-api-key", hub.target.token.reveal())[0]]
    lists = [await hub.send(LIST, headers=NEWER_VERSION)]
    if not ids_in(lists[0]) or hub.target.one_by_one:
        lists.append(await hub.send(LIST, headers=headers))
    ends = ids_in(lists[-1])
    pages = [
        await hub.send(LIST, headers=headers, query={"limit": str(PAGE), "after_id": end})
        for end in (*ends[:1], *ends[-1:])
    ]
    return *lists, *pages


@probe(CLAUDE, admit=Admit.REFUSAL, phase=Phase.ANSWERS)
async def claude_unversioned(hub: Hub) -> Exchange:
    """The plainest question without a version of the format."""
    return await hub.send(CLAUDE, json=_body(hub, max_tokens=CAP))


@probe(CLAUDE, admit=Admit.REFUSAL)
async def claude_wrong(hub: Hub) -> Conversation:
    """Requests with a field missing; see `WRONGS`."""
    bodies = [_body(hub, **{"max_tokens": CAP, name: value}) for name, value in WRONGS.items()]
    return tuple([await hub.send(CLAUDE, json=body, headers=VERSION) for body in bodies])


PARIS = "What is the weather in Paris?"
STREAMED: Body = {"stream": True}
COUNTED: Body = {"messages": user(COUNT_TO_NINE)}
ECHO_TURNS: Body = {"system": COPYIST, "messages": user(REPEAT_ON), "max_tokens": ECHO_TOKENS}
FORCED: Body = {
    "system": ORDERS,
    "messages": user(PARIS),
    "tools": [WEATHER_TOOL, TIME_TOOL],
    "tool_choice": {"type": "tool", "name": TIME.name},
    "max_tokens": TOOL_TOKENS,
}
WRONGS: Wrongs = {"max_tokens": ..., "messages": ...}
"""What real hubs get wrong most; the fuzzer tries every other field."""

ANSWERS = (
    claude_answer,
    claude_echo,
    claude_image,
    claude_cap,
    claude_tool_forced,
    claude_tool_loop,
    claude_thinking,
)
STREAMS = (claude_echo_stream, claude_cap_stream, claude_tool_forced_stream, claude_tool_loop, claude_thinking)
CALLING = (claude_cap, claude_tool_forced, claude_tool_forced_stream, claude_tool_loop)

any_answer = offered("any_claude_answer", *ANSWERS)
any_stream = offered("any_claude_stream", *STREAMS)
any_reply = offered("any_claude_reply", *ANSWERS, *STREAMS)
later_reply = offered("later_claude_reply", *(one for one in (*ANSWERS, *STREAMS) if one is not claude_answer))
thoughtful_reply = offered("any_claude_thoughtful_reply", claude_thinking)
tool_replies = offered("any_claude_tool_reply", *CALLING)
named_tool = alone("any_claude_named_tool", 1, claude_tool_forced, claude_tool_forced_stream)
tool_forced = alone("claude_tool_forced_whole", 1, claude_tool_forced)
tool_none = alone("claude_tool_none", 2, claude_cap)
blocks = alone("claude_blocks", 2, claude_tool_forced, admit=Admit.REPLY)
capped = alone("any_claude_cap", 1, claude_cap, claude_cap_stream)
newer = alone("claude_newer", 2, claude_cap_stream, admit=Admit.REPLY)
echoes = alone("any_claude_echo", 1, claude_echo, claude_echo_stream)
echo_whole = alone("claude_echo_whole", 1, claude_echo)
echo_streamed = alone("claude_echo_streamed", 1, claude_echo_stream)
stopped = alone("any_claude_stop", 2, claude_echo, claude_echo_stream)
unknown_model = Group(
    "claude_unknown_model", lambda p: p.name == "errors_unknown_model", Admit.REFUSAL, True, lambda op: op.id == CLAUDE
)
plain_ends = group("any_claude_plain_end", claude_answer, claude_image)


def content_of(exchange: Exchange) -> list[dict[str, Any]]:
    """The blocks of an answer exactly as the hub sent them; empty when it is none."""
    try:
        content = exchange.json["content"]
    except (ValueError, KeyError, TypeError):
        return []
    whole = isinstance(content, list) and all(isinstance(block, dict) for block in content)
    return content if whole else []


def calls_in(content: list[dict[str, Any]]) -> list[dict[str, Any]]:
    """The tool calls among blocks, when each of them can be answered; empty otherwise."""
    calls = [block for block in content if block.get("type") == "tool_use"]
    known = all(isinstance(call.get("id"), str) and call["id"] for call in calls)
    return calls if known else []


def ids_in(exchange: Exchange) -> list[str]:
    """The ids of a model list in the Anthropic format, as far as they can be sent in a URL; empty when it is none."""
    try:
        value = exchange.json
        ids = [entry["id"] for entry in value["data"] if "last_id" in value]
    except (ValueError, KeyError, TypeError):
        return []
    return [name for name in ids if isinstance(name, str) and name and name.isprintable()]
