"""Requests that carry marks of their own, sent together and one after another.

No model can guess a mark; where one turns up that was not in the request, the hub has mixed two callers. Requests
beside chat name no operation, so that a hub without that format is not blamed for how it says so.
"""

from __future__ import annotations

import asyncio
import json
from dataclasses import replace
from typing import Any

from conformance.engine.kit.alone import own_connection
from conformance.engine.probe import WRONG_TOKEN, Admit, Conversation, Hub, probe
from conformance.everywhere.talk import CHAT, question, streamed
from conformance.wire.exchange import Exchange

LIST = "list-models-openai"
BURST_MARKS = ("vek41", "lom52", "tiq63", "pud74", "gax85", "zon96")
FIRST_MARK, SECOND_MARK, DROPPED_MARK, LATER_MARK, CODE_WORD = "wib17", "hur28", "nyf39", "jek60", "sab93"
MARKS = frozenset({*BURST_MARKS, FIRST_MARK, SECOND_MARK, DROPPED_MARK, LATER_MARK, CODE_WORD})
REPEATS = 6
MARK_TOKENS = 64
LARGE_REFUSED = 128 * 2**10
LARGE_PROMPT = 70 * 2**10
"""Bytes; more than the 64 KiB at which buffers like to end."""
DROPPED_TOKENS = 200


def repeated(mark: str) -> str:
    """A text that holds a mark several times, so that a piece of its stream shows whose it is."""
    return " ".join(f"{mark}-{number}" for number in range(1, REPEATS + 1))


def _plain(hub: Hub, mark: str, operation: str = CHAT, most: int = MARK_TOKENS) -> dict[str, Any]:
    text = f"Repeat exactly, and write nothing else: {repeated(mark)}"
    return question(hub.contract.operation(operation), hub.target, text, most)


def _stream(hub: Hub, mark: str, operation: str = CHAT, most: int = MARK_TOKENS) -> dict[str, Any]:
    return streamed(_plain(hub, mark, operation, most), hub.contract.operation(operation))


@probe(CHAT, admit=Admit.REPLY)
async def isolation_burst(hub: Hub) -> Conversation:
    """Six requests at once, as far as the run allows: two chat streams, a chat answer, and streams in other formats."""
    one, two, three, four, five, six = BURST_MARKS
    sent = (
        hub.send(CHAT, **_stream(hub, one)),
        hub.send(CHAT, **_stream(hub, two)),
        hub.send(CHAT, **_plain(hub, three)),
        hub.send(**_stream(hub, four, "claude-messages")),
        hub.send(**_stream(hub, five, "responses-create")),
        hub.send(**_stream(hub, six, "gemini-stream-generate-content")),
    )
    return tuple(await asyncio.gather(*sent))


@probe(CHAT, admit=Admit.REPLY)
async def isolation_sequence(hub: Hub) -> Conversation:
    """On one connection: an answer, a refusal of a large body, the model list, the first request spelled otherwise,
    and a stream."""
    async with own_connection(hub) as alone:
        first = _plain(hub, FIRST_MARK)
        return (
            await alone.send(CHAT, **first),
            await _refused(alone),
            await alone.send(path=hub.contract.operation(LIST).path),
            await alone.send(CHAT, **_otherwise(first)),
            await alone.send(CHAT, **_stream(hub, SECOND_MARK)),
        )


async def _refused(hub: Hub) -> Exchange:
    """A wrong token and a large body; without messages, so that a hub that takes any token does no work for it."""
    headers = {"Authorization": f"Bearer {WRONG_TOKEN}", "Content-Type": "application/json"}
    body = json.dumps({"model": hub.model()}).encode() + b" " * LARGE_REFUSED
    return await hub.send(CHAT, auth=None, headers=headers, body=body, retry=False)


def _otherwise(request: dict[str, Any]) -> dict[str, Any]:
    """The same request with its members in another order, with blanks, escapes, and headers in capitals."""
    body = dict(reversed(json.loads(request["body"]).items()))
    text = json.dumps(body, indent=4).replace("Repeat", "\\u0052epeat")
    return {**request, "headers": [(name.upper(), value) for name, value in request["headers"]], "body": text.encode()}


@probe(CHAT, admit=Admit.REPLY)
async def isolation_after_drop(hub: Hub) -> Exchange:
    """A stream after another one that was hung up on at its first bytes. The one that was dropped is no evidence."""
    text = f"Count from 1 to 200, and write {DROPPED_MARK} behind every number."
    op = hub.contract.operation(CHAT)
    dropped = streamed(question(op, hub.target, text, DROPPED_TOKENS), op)
    await hub.send(CHAT, limits=replace(hub.target.limits, body_bytes=1), retry=False, **dropped)
    return await hub.send(CHAT, **_stream(hub, LATER_MARK))


@probe(CHAT, admit=Admit.REPLY)
async def isolation_large(hub: Hub) -> Exchange:
    """A code word, then some 70 KiB of text, and then the question for the word."""
    filler = " ".join(f"Line {number} of the report says nothing new." for number in range(LARGE_PROMPT // 42))
    turns = [
        {"role": "user", "content": f"The code word is {CODE_WORD}. Here is a report. {filler}"},
        {"role": "assistant", "content": "I have read it."},
        {"role": "user", "content": "What is the code word?"},
    ]
    return await hub.ask(CHAT, messages=turns, max_tokens=MARK_TOKENS)
