"""What is asked in the Anthropic format: answers in every documented form, streams, and what has to be refused.

Prompts construct their answers (an echo, a count, a forced tool), so that judges need no words of a model. Every
request says which generation of the format it reads, as the official clients do.
"""

from __future__ import annotations

import base64
from typing import Any

from conformance.engine.kit.echo import COPYIST
from conformance.engine.kit.prompts import (
    BATTERY,
    CAP,
    COUNT_TO_NINE,
    GREETING,
    LONG_COUNT,
    REPEAT,
    STOP_SEQUENCES,
    TIME,
    TWO_TOOLS,
    WEATHER,
)
from conformance.engine.kit.reading import offered
from conformance.engine.kit.samples import png
from conformance.engine.probe import Admit, Conversation, Group, Hub, Phase, StopProbe, credential, group, probe
from conformance.wire.exchange import Exchange

CLAUDE = "claude-messages"
LIST = "list-models-openai"
COUNT_PATH = "/v1/messages/count_tokens"
VERSION = {"anthropic-version": "2023-06-01"}
NEWER_VERSION = {"anthropic-version": "2026-10-21"}
LONG_GREETING = f"{GREETING} {' '.join(f'This is sentence number {number} of a long prompt.' for number in range(40))}"
ECHO_TOKENS, TOOL_TOKENS = 128, 320
"""Bounds where the usual one might cut the answer."""
THOUGHT_TOKENS = 1024
"""Least budget that the format allows."""
NO_SUCH_MODEL = "no-such-model-7f3a9c41"
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


async def _ask(hub: Hub, **fields: Any) -> Exchange:
    """A valid request: model, bound on the output and version are filled in; a field given as `...` is left out."""
    return await hub.send(CLAUDE, json=_body(hub, **fields), headers=VERSION)


async def _stream(hub: Hub, **fields: Any) -> Exchange:
    return await _ask(hub, stream=True, **fields)


def _body(hub: Hub, **fields: Any) -> dict[str, Any]:
    body = {"model": hub.model("claude"), "max_tokens": 64, "messages": user(GREETING), **fields}
    return {name: value for name, value in body.items() if value is not ...}


@probe(CLAUDE, base=True)
async def claude_answer(hub: Hub) -> Exchange:
    """The plainest question."""
    return await _ask(hub)


@probe(CLAUDE, admit=Admit.REFUSAL, phase=Phase.ANSWERS)
async def claude_versions(hub: Hub) -> Conversation:
    """The newer published version of the format, then none at all."""
    newer = await hub.send(CLAUDE, json=_body(hub, max_tokens=CAP), headers=NEWER_VERSION)
    return newer, await hub.send(CLAUDE, json=_body(hub, max_tokens=CAP))


@probe(CLAUDE)
async def claude_echo(hub: Hub) -> Exchange:
    """Text of many scripts to be repeated, under a system text."""
    return await _ask(hub, system=COPYIST, messages=user(REPEAT), max_tokens=ECHO_TOKENS)


@probe(CLAUDE)
async def claude_echo_stream(hub: Hub) -> Exchange:
    """The same as a stream."""
    return await _stream(hub, system=COPYIST, messages=user(REPEAT), max_tokens=ECHO_TOKENS)


@probe(CLAUDE, admit=Admit.REFUSAL, phase=Phase.ANSWERS)
async def claude_blocks(hub: Hub) -> Exchange:
    """The same words as lists of text blocks, system text and user turn alike."""
    return await _ask(hub, system=text(COPYIST), messages=user(text(REPEAT)), max_tokens=ECHO_TOKENS)


@probe(CLAUDE)
async def claude_image(hub: Hub) -> Exchange:
    """The plainest question with a small picture beside it."""
    source = {"type": "base64", "media_type": "image/png", "data": base64.b64encode(png()).decode()}
    return await _ask(hub, messages=user([{"type": "image", "source": source}, *text(GREETING)]))


@probe(CLAUDE)
async def claude_cap(hub: Hub) -> Exchange:
    """A long task under a small limit, and a stop sequence that does not occur in it."""
    return await _ask(hub, messages=user(LONG_COUNT), max_tokens=CAP, stop_sequences=["zebra"])


@probe(CLAUDE)
async def claude_cap_stream(hub: Hub) -> Exchange:
    """A long task under a small limit, streamed."""
    return await _stream(hub, messages=user(LONG_COUNT), max_tokens=CAP)


@probe(CLAUDE)
async def claude_stop(hub: Hub) -> Exchange:
    """A count that a stop sequence has to end."""
    return await _ask(hub, messages=user(COUNT_TO_NINE), stop_sequences=["5"])


@probe(CLAUDE)
async def claude_stop_stream(hub: Hub) -> Exchange:
    """The same as a stream, with two sequences, one of them longer than a token."""
    return await _stream(hub, messages=user(COUNT_TO_NINE), stop_sequences=list(STOP_SEQUENCES))


@probe(CLAUDE)
async def claude_tool_forced(hub: Hub) -> Exchange:
    """One of two tools is named, and it is not the one that the question suggests."""
    return await _ask(hub, **_forced())


@probe(CLAUDE)
async def claude_tool_forced_stream(hub: Hub) -> Exchange:
    """The same as a stream."""
    return await _stream(hub, **_forced())


@probe(CLAUDE)
async def claude_tools_two_stream(hub: Hub) -> Exchange:
    """Two calls wished for in one turn, one of a tool without parameters; the model decides."""
    tools = [WEATHER_TOOL, BATTERY_TOOL]
    return await _stream(
        hub, messages=user(TWO_TOOLS), tools=tools, tool_choice={"type": "auto"}, max_tokens=TOOL_TOKENS
    )


@probe(CLAUDE)
async def claude_tool_none(hub: Hub) -> Exchange:
    """A question that suggests a tool whose use is forbidden."""
    messages = user("What is the weather in Paris? Use the tool get_weather.")
    return await _ask(hub, messages=messages, tools=[WEATHER_TOOL], tool_choice={"type": "none"})


@probe(CLAUDE, admit=Admit.REPLY, phase=Phase.ANSWERS)
async def claude_tool_loop(hub: Hub) -> Conversation:
    """Any call is required of a model that has no reason for one; then its own turn goes back with the results."""
    tools = [BATTERY_TOOL]
    first = await _ask(hub, tools=tools, tool_choice={"type": "any"}, max_tokens=TOOL_TOKENS)
    content = content_of(first)
    calls = calls_in(content)
    if not calls:
        return (first,)
    results = [{"type": "tool_result", "tool_use_id": call["id"], "content": '{"percent": 81}'} for call in calls]
    turns = [*user(GREETING), {"role": "assistant", "content": content}, *user(results)]
    return first, await _ask(hub, messages=turns, tools=tools)


@probe(CLAUDE, admit=Admit.REPLY, phase=Phase.ANSWERS)
async def claude_thinking(hub: Hub) -> Conversation:
    """A question to be thought about; then the turn with its thoughts goes back. `--model claude-thinking=NAME`."""
    puzzle = _puzzle(hub)
    first = await _ask(hub, **puzzle)
    content = content_of(first)
    if not any(block.get("type") in ("thinking", "redacted_thinking") for block in content):
        return (first,)
    turns = [*puzzle["messages"], {"role": "assistant", "content": content}, *user("Thank you. Say goodbye.")]
    return first, await _ask(hub, **{**puzzle, "messages": turns})


@probe(CLAUDE)
async def claude_thinking_stream(hub: Hub) -> Exchange:
    """The same question as a stream."""
    return await _stream(hub, **_puzzle(hub))


@probe(CLAUDE, admit=Admit.REFUSAL, phase=Phase.EITHER)
async def claude_count(hub: Hub) -> Conversation:
    """How many tokens the plainest question has, and a longer one, asked as coding agents do. No document knows it."""
    bodies = [_body(hub, max_tokens=..., messages=user(words)) for words in (GREETING, LONG_GREETING)]
    query = {"beta": "true"}
    return tuple(
        [await hub.send(method="POST", path=COUNT_PATH, query=query, json=body, headers=VERSION) for body in bodies]
    )


@probe(LIST, admit=Admit.REFUSAL, phase=Phase.ANSWERS)
async def claude_model_pages(hub: Hub) -> Conversation:
    """The Anthropic model list, its first page, the page behind that one, and the page behind the last model."""
    if hub.target.token is None:
        raise StopProbe("no token is given, and the format is chosen by the header that carries it")
    headers = [*VERSION.items(), *credential("x-api-key", hub.target.token.reveal())[0]]
    whole = await hub.send(LIST, headers=headers)
    first = await hub.send(LIST, headers=headers, query={"limit": str(PAGE)})
    pages = [whole, first]
    for page in (first, whole):
        last = last_id_of(page)
        if last is None:
            return tuple(pages)
        pages.append(await hub.send(LIST, headers=headers, query={"limit": str(PAGE), "after_id": last}))
    return tuple(pages)


@probe(LIST, admit=Admit.REFUSAL, phase=Phase.ANSWERS)
async def claude_models_bearer(hub: Hub) -> Exchange:
    """The model list as the newer Anthropic clients ask for it: their version, and a bearer token alone."""
    return await hub.send(LIST, headers=NEWER_VERSION)


@probe(CLAUDE, admit=Admit.REFUSAL)
async def claude_wrong(hub: Hub) -> Conversation:
    """Requests with a field missing, of a wrong type or out of its range; see `WRONG`."""
    bodies = [_body(hub, **{"max_tokens": CAP, words.partition(" ")[0]: value}) for words, value in WRONG.items()]
    return tuple([await hub.send(CLAUDE, json=body, headers=VERSION) for body in bodies])


WRONG: dict[str, Any] = {
    "max_tokens": ...,
    "max_tokens as text": "many",
    "max_tokens below zero": -1,
    "messages": ...,
    "messages as text": GREETING,
    "messages of nobody": [],
    "messages of a stranger": [{"role": "robot", "content": GREETING}],
    "stream": "yes",
    "temperature": 99,
    "model": NO_SUCH_MODEL,
}
"""Value of the field that the key begins with; `...` leaves it out."""

ANSWERS = (
    claude_answer,
    claude_versions,
    claude_echo,
    claude_blocks,
    claude_image,
    claude_cap,
    claude_stop,
    claude_tool_forced,
    claude_tool_none,
    claude_tool_loop,
    claude_thinking,
)
STREAMS = (
    claude_echo_stream,
    claude_cap_stream,
    claude_stop_stream,
    claude_tool_forced_stream,
    claude_tools_two_stream,
    claude_thinking_stream,
)
CALLING = (claude_tool_forced, claude_tool_forced_stream, claude_tools_two_stream, claude_tool_none, claude_tool_loop)

any_answer = offered("any_claude_answer", *ANSWERS)
any_stream = offered("any_claude_stream", *STREAMS)
any_reply = offered("any_claude_reply", *ANSWERS, *STREAMS)
later_reply = offered("later_claude_reply", *(one for one in (*ANSWERS, *STREAMS) if one is not claude_answer))
thoughtful_answer = offered("any_claude_thoughtful_answer", claude_thinking)
tool_replies = offered("any_claude_tool_reply", *CALLING)
named_tool = group("any_claude_named_tool", claude_tool_forced, claude_tool_forced_stream)
capped = group("any_claude_cap", claude_cap, claude_cap_stream)
stopped = group("any_claude_stop", claude_stop, claude_stop_stream)
echoes = group("any_claude_echo", claude_echo, claude_echo_stream)
plain_ends = group("any_claude_plain_end", claude_answer, claude_echo, claude_echo_stream)
thinking = Group("any_claude_thinking", lambda p: p.name in ("claude_thinking", "claude_thinking_stream"), flat=True)


def _forced() -> dict[str, Any]:
    return {
        "messages": user("What is the weather in Paris?"),
        "tools": [WEATHER_TOOL, TIME_TOOL],
        "tool_choice": {"type": "tool", "name": "get_time"},
        "max_tokens": TOOL_TOKENS,
    }


def _puzzle(hub: Hub) -> dict[str, Any]:
    return {
        "model": hub.target.models.get("claude-thinking") or hub.model("claude"),
        "messages": user("Is 97 a prime number? Answer yes or no."),
        "thinking": {"type": "enabled", "budget_tokens": THOUGHT_TOKENS},
        "max_tokens": THOUGHT_TOKENS + 64,
    }


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


def last_id_of(exchange: Exchange) -> str | None:
    """The `last_id` of a model list that can be sent in a URL."""
    try:
        last = exchange.json["last_id"]
    except (ValueError, KeyError, TypeError):
        return None
    return last if isinstance(last, str) and last and last.isprintable() else None
