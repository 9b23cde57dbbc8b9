"""Requests that carry marks of their own, among and after others.

No model can guess a mark; where one turns up that was not in the request, the hub has mixed two callers. Whatever else
is asked in these moments is asked at the same time, and judged for the marks as well. All come from a page of another
host, so that the same replies show what a browser makes of them.
"""

from __future__ import annotations

import json
from collections.abc import Iterable
from dataclasses import replace
from typing import Any
from urllib.parse import quote

from conformance.engine.contract import Contract, Operation
from conformance.engine.kit.alone import own_connection
from conformance.engine.probe import SECOND_TOKEN, WRONG_TOKEN, Admit, Conversation, Group, Hub, Phase, Probe, probe
from conformance.everywhere.talk import CHAT
from conformance.wire.exchange import Exchange

LIST = "list-models-openai"
RESPONSES = "responses-create"
FEW_TOKENS = 16
REFUSED_MARK, DROPPED_MARK, LATER_MARK, CODE_WORD = "wib17", "nyf39", "jek60", "sab93"
MARKS = frozenset({REFUSED_MARK, DROPPED_MARK, LATER_MARK, CODE_WORD})
ORIGIN = "https://page.hub-conformance.example"
FROM_PAGE = ("Origin", ORIGIN)
REPEATS = 6
MARK_TOKENS = 64
LARGE_REFUSED = 128 * 2**10
LARGE_PROMPT = 70 * 2**10
"""Bytes; more than the 64 KiB at which buffers like to end."""
DROPPED_TOKENS = 200
_FORMATS = frozenset({"chat", "responses", "claude", "gemini", "completions", "metering", "transport"})


def repeated(mark: str) -> str:
    """A text that holds a mark several times, so that a piece of its stream shows whose it is."""
    return " ".join(f"{mark}-{number}" for number in range(1, REPEATS + 1))


async def _stream(hub: Hub, turns: list[dict[str, Any]], most: int, **how: Any) -> Exchange:
    body = {"model": hub.model(), "messages": turns, "max_tokens": most, "stream": True}
    return await hub.send(CHAT, json={**body, "stream_options": {"include_usage": True}}, headers=[FROM_PAGE], **how)


def _user(text: str) -> dict[str, Any]:
    return {"role": "user", "content": text}


@probe(CHAT, admit=Admit.REPLY)
async def isolation_sequence(hub: Hub) -> Conversation:
    """On one connection: a refusal of a large body, the model list, and a stream that asks for a word of long ago."""
    async with own_connection(hub) as alone:
        return (
            await _refused(alone),
            await alone.send(path=hub.contract.operation(LIST).path, headers=[FROM_PAGE]),
            await _stream(alone, _large_prompt(), MARK_TOKENS),
        )


async def _refused(hub: Hub) -> Exchange:
    """A wrong token without a scheme, and a large body that is no JSON, so that nobody does any work for it."""
    headers = [("Authorization", WRONG_TOKEN), ("Content-Type", "application/json"), FROM_PAGE]
    body = json.dumps({"model": hub.model(), "user": REFUSED_MARK})[:-1].encode() + b" " * LARGE_REFUSED
    return await hub.send(CHAT, auth=None, headers=headers, body=body, retry=False)


def _large_prompt() -> list[dict[str, Any]]:
    filler = " ".join(f"Line {number} of the report says nothing new." for number in range(LARGE_PROMPT // 42))
    return [
        _user(f"The code word is {CODE_WORD}. Here is a report. {filler}"),
        {"role": "assistant", "content": "I have read it."},
        _user("What is the code word?"),
    ]


@probe(CHAT, admit=Admit.REPLY)
async def isolation_after_drop(hub: Hub) -> Exchange:
    """A stream after another one that was hung up on at its first bytes. The one that was dropped is no evidence."""
    endless = _user(f"Count from 1 to 200, and write {DROPPED_MARK} behind every number.")
    bounds = replace(hub.target.limits, body_bytes=1)
    await _stream(hub, [endless], DROPPED_TOKENS, limits=bounds, retry=False)
    text = f"Repeat exactly, and write nothing else: {repeated(LATER_MARK)}"
    return await _stream(hub, [_user(text)], MARK_TOKENS)


def of_one_owner(contract: Contract) -> Iterable[str]:
    """The operations that give out tasks by the ids that their caller names.

    One for each way in which a family does so: a task alone, several in a list, and what has become of one.
    """
    first: dict[tuple[str, str, str], str] = {}
    for op in contract.operations:
        if op.alias_of is None and "none" not in op.auth and _looks_up(op):
            first.setdefault((op.family, op.method, op.task), op.id)
    return list(first.values())


def _looks_up(op: Operation) -> bool:
    named = "id}" in op.path or "ids" in (op.request_example() or {})
    return op.task in ("poll", "fetch") and named


def submission_of(contract: Contract, op: Operation) -> Operation:
    """The operation of the family that submits what `op` looks up: the one whose path has most in common with it."""
    submitting = [one for one in contract.operations if one.family == op.family and one.task == "submit"]
    parts = op.path.split("/")
    return max(submitting, key=lambda one: sum(a == b for a, b in zip(one.path.split("/"), parts, strict=False)))


@probe(admit=Admit.REPLY, phase=Phase.REFUSALS, each=of_one_owner)
async def isolation_strangers(hub: Hub, operation: str) -> Conversation:
    """A task of this run, asked for by another account; nothing where there is no such task, or no second token."""
    op = hub.contract.operation(operation)
    submitted = hub.served(submission_of(hub.contract, op).id)
    task = id_of_task(submitted)
    if not task or hub.target.second_token is None:
        return ()
    if op.method == "POST":
        return (await hub.send(operation, auth=SECOND_TOKEN, json={"ids": [task]}),)
    name = op.path.partition("{")[2].partition("}")[0]
    return (await hub.send(operation, auth=SECOND_TOKEN, path=op.path_with(**{name: task})),)


def id_of_task(submitted: Exchange | None) -> str:
    """The id in the answer to a submission, in whatever format; empty when there is none."""
    value = submitted.json if submitted is not None and submitted.is_json else None
    if not isinstance(value, dict):
        return ""
    found = next((value[name] for name in ("id", "task_id", "result", "data") if value.get(name)), "")
    inner = found.get("task_id") if isinstance(found, dict) else found
    return inner if isinstance(inner, str) and inner.isprintable() else ""


@probe(RESPONSES, admit=Admit.REPLY, phase=Phase.REFUSALS)
async def isolation_stranger_answer(hub: Hub) -> Conversation:
    """An answer of this run, gone on with and read again by another account."""
    answer = hub.served(RESPONSES)
    known = id_of_task(answer)
    if not known or hub.target.second_token is None:
        return ()
    body = {"model": hub.model("responses"), "input": "What did I say?", "previous_response_id": known}
    bounded = {**body, "max_output_tokens": FEW_TOKENS}
    path = f"{hub.contract.operation(RESPONSES).path}/{quote(known, safe='')}"
    went_on = await hub.send(RESPONSES, auth=SECOND_TOKEN, json=bounded)
    return went_on, await hub.send(path=path, auth=SECOND_TOKEN)


def _talks_at_the_same_time(candidate: Probe) -> bool:
    return candidate.family in _FORMATS and candidate.phase is not Phase.REFUSALS


strangers_tasks = Group(
    "strangers_tasks", lambda p: p.name == isolation_strangers.__name__, Admit.REFUSAL, True, one=True
)
strangers_answer = Group(
    "strangers_answer", lambda p: p.name == isolation_stranger_answer.__name__, Admit.REFUSAL, True
)
beside_marks = Group("beside_marks", _talks_at_the_same_time, Admit.REPLY, flat=True)
