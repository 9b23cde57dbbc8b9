"""Faults of requests that ought to have nothing to do with each other."""

import json
import re
from collections.abc import Callable
from dataclasses import replace
from datetime import timedelta
from email.utils import format_datetime, parsedate_to_datetime
from typing import Any

from conformance.hub.faults.base import Ask, Reply, Spoil, fault

CHAT = "chat-completions"
LIST = "list-models-openai"
MARKED = b"write nothing else: "
"""In the requests that carry a mark."""
AFTER_DROP = b"jek60"
"""The mark of the request that follows a dropped one."""
LARGE = 64 * 2**10
SLOW = 12.0
SONG = {"action": "MUSIC", "status": "SUCCESS", "progress": "100%"}


def _marked(ask: Ask, reply: Reply, operation: str = CHAT) -> bool:
    return ask.operation == operation and MARKED in ask.body and reply.status == 200


def _failure(reply: Reply, status: int) -> Reply:
    error = {"message": "No.", "type": "server_error", "param": None, "code": None}
    plain = reply.with_header("content-type", "application/json").without_header("cache-control")
    return plain.with_status(status).with_json({"error": error})


def _content(reply: Reply) -> str:
    """The text of a chat stream."""
    chunks = [json.loads(data) for _, data in reply.events if data.startswith("{")]
    return "".join(choice["delta"].get("content") or "" for chunk in chunks for choice in chunk["choices"])


def _with_first_text(reply: Reply, text: str) -> Reply:
    """The chat stream with `text` in front of its first words."""
    waiting = [text]

    def change(chunk: dict[str, Any]) -> dict[str, Any]:
        for choice in chunk["choices"]:
            if waiting and choice["delta"].get("content"):
                choice["delta"]["content"] = waiting.pop() + choice["delta"]["content"]
        return chunk

    return reply.map_chunks(change)


@fault(
    "isolation.fragments",
    "The end of one stream turns up in the next one that is under way.",
    "isolation.burst.apart",
    also={"chat.format.json-schema": "the next stream may be one that a schema forms"},
    source="BerriAI/litellm#35023; theroyallab/tabbyAPI#107",
    stateful=True,
)
def fragments() -> Spoil:
    last = ""

    def spoil(ask: Ask, reply: Reply) -> Reply:
        nonlocal last
        if ask.operation != CHAT or reply.status != 200 or not reply.is_stream or len(ask.body) > LARGE:
            return reply
        before, last = last, _content(reply)[-8:] if MARKED in ask.body else ""
        return _with_first_text(reply, before) if before else reply

    return spoil


@fault(
    "isolation.formats-mixed",
    "An answer of the Anthropic format carries the words of a chat stream.",
    "isolation.burst.apart",
    source="BerriAI/litellm#35023",
    stateful=True,
)
def formats_mixed() -> Spoil:
    last = ""

    def spoil(ask: Ask, reply: Reply) -> Reply:
        nonlocal last
        if _marked(ask, reply) and reply.is_stream:
            last = _content(reply)
        if not (ask.operation == "claude-messages" and reply.status == 200 and reply.is_json and last):
            return reply
        answer = reply.json
        texts = [block for block in answer["content"] if block["type"] == "text"]
        for block in texts[:1]:
            block["text"], last = f"{last} {block['text']}", ""
        return reply.with_json(answer)

    return spoil


@fault(
    "isolation.overload",
    "A stream is refused with 503 while others are under way.",
    "errors.valid-request-served",
    source="plain logic: a hub with a single worker",
)
def overload(ask: Ask, reply: Reply) -> Reply:
    there = ask.operation == CHAT and reply.status == 200 and reply.is_stream and b"json_schema" in ask.body
    return _failure(reply, 503) if there else reply


@fault(
    "isolation.workers-count",
    "The ids of streams are numbers that two workers count for themselves.",
    "isolation.ids.unique",
    also={"chat.answer.id-unique": "one of the later streams may have the number of the first one"},
    source="plain logic: a counter of a process is no id",
    stateful=True,
)
def workers_count() -> Spoil:
    number = 0

    def spoil(ask: Ask, reply: Reply) -> Reply:
        nonlocal number
        if ask.operation != CHAT or not reply.is_stream or reply.status != 200:
            return reply
        number += 1
        return reply.map_chunks(lambda chunk: {**chunk, "id": f"chatcmpl-{number // 2}"})

    return spoil


@fault(
    "isolation.id-of-another-format",
    "A response has the id of the chat answer before it.",
    "isolation.ids.unique",
    source="gateways that make one format of another one and keep the first id",
    stateful=True,
)
def id_of_another_format() -> Spoil:
    last = ""

    def spoil(ask: Ask, reply: Reply) -> Reply:
        nonlocal last
        repeats = b"copying machine" in ask.body and reply.status == 200 and reply.is_json
        if repeats and ask.operation == CHAT:
            last = reply.json["id"]
        if not (repeats and ask.operation == "responses-create" and last):
            return reply
        return reply.with_json({**reply.json, "id": last})

    return spoil


@fault(
    "isolation.body-of-another",
    "A model list begins with what was refused before it.",
    "isolation.sequence.apart",
    also={
        "isolation.connection.after-refusal": "the list is no list any more",
        "models.list.stable": "the list is no list any more",
    },
    source="plain logic: a buffer that is not cleared",
    stateful=True,
)
def body_of_another() -> Spoil:
    last = b""

    def spoil(ask: Ask, reply: Reply) -> Reply:
        nonlocal last
        if reply.status == 401 and len(ask.body) > LARGE:
            last = ask.body.strip()
        if not last or ask.operation != LIST:
            return reply
        before, last = last, b""
        value = reply.json
        return reply.with_json({**value, "request": before.decode()}) if isinstance(value, dict) else reply

    return spoil


@fault(
    "isolation.stream-remembers",
    "A stream begins with what was asked before it.",
    "isolation.sequence.apart",
    source="plain logic: a buffer that is not cleared",
)
def stream_remembers(ask: Ask, reply: Reply) -> Reply:
    return _with_first_text(reply, "wib17 ") if _is_large(ask, reply) else reply


@fault(
    "isolation.left-over-bytes",
    "The rest of a refused body is read as the next request.",
    "isolation.connection.after-refusal",
    source="RFC 9112 section 9.3",
    stateful=True,
)
def left_over_bytes() -> Spoil:
    left = False

    def spoil(ask: Ask, reply: Reply) -> Reply:
        nonlocal left
        if reply.status == 401 and len(ask.body) > LARGE:
            left = True
        if not left or ask.operation != LIST:
            return reply
        left = False
        return _failure(reply, 400)

    return spoil


@fault(
    "isolation.drop-wedges",
    "After a dropped stream the next one finds no worker.",
    "isolation.drop.served",
    source="plain logic: what a caller held is not given back when he is gone",
)
def drop_wedges(ask: Ask, reply: Reply) -> Reply:
    return _failure(reply, 503) if AFTER_DROP in ask.body else reply


@fault(
    "isolation.drop-spills",
    "The rest of a dropped stream comes at the head of the next one.",
    "isolation.drop.apart",
    source="plain logic: a connection to upstream goes back into the pool with the rest of an answer in it",
)
def drop_spills(ask: Ask, reply: Reply) -> Reply:
    there = AFTER_DROP in ask.body and reply.is_stream
    return _with_first_text(reply, "41 nyf39 42 nyf39 ") if there else reply


@fault(
    "isolation.drop-holds-up",
    "A dropped stream is worked off before the next one begins.",
    "isolation.drop.speed",
    source="plain logic: the work for a caller that is gone is not cancelled",
)
def drop_holds_up(ask: Ask, reply: Reply) -> Reply:
    if AFTER_DROP not in ask.body:
        return reply
    return replace(reply, pieces=tuple((at + SLOW, data) for at, data in reply.pieces), end=reply.end + SLOW)


@fault(
    "isolation.blanks-refused",
    "A body that begins with a line break is refused.",
    "isolation.request.spelling",
    source="plain logic: fields are cut out of the body without a parser",
)
def blanks_refused(ask: Ask, reply: Reply) -> Reply:
    there = ask.operation == CHAT and reply.status == 200 and ask.body.startswith(b"{\n")
    return _failure(reply, 400) if there else reply


def _is_large(ask: Ask, reply: Reply) -> bool:
    return ask.operation == CHAT and len(ask.body) > LARGE and reply.status == 200


@fault(
    "isolation.large-crashes",
    "A prompt of more than 64 KiB ends in a server error.",
    "isolation.large.prompt",
    source="plain logic: the body was cut, and is no JSON any more",
)
def large_crashes(ask: Ask, reply: Reply) -> Reply:
    return _failure(reply, 500) if _is_large(ask, reply) else reply


@fault(
    "isolation.large-cut",
    "A prompt of more than 64 KiB is cut to 4096 tokens.",
    "isolation.large.prompt",
    source="servers with a small context that drop the middle of a prompt",
)
def large_cut(ask: Ask, reply: Reply) -> Reply:
    if not _is_large(ask, reply):
        return reply

    def change(chunk: dict[str, Any]) -> dict[str, Any]:
        if usage := chunk.get("usage"):
            usage["total_tokens"] -= usage["prompt_tokens"] - 4096
            usage["prompt_tokens"] = 4096
        return chunk

    return reply.map_chunks(change)


@fault(
    "isolation.local-time",
    "The Date header tells the local time and calls it GMT.",
    "isolation.clock.date",
    source="RFC 9110 section 6.6.1",
)
def local_time(_ask: Ask, reply: Reply) -> Reply:
    told = parsedate_to_datetime(reply.header("date") or "") + timedelta(hours=8)
    return reply.with_header("date", format_datetime(told, usegmt=True))


def _adds(name: str, value: str) -> Callable[[Ask, Reply], Reply]:
    return lambda ask, reply: reply.with_header(name, value) if ask.operation == CHAT else reply


fault(
    "isolation.account-named",
    "The headers of upstream name the operator's account.",
    "isolation.upstream.anonymous",
    source="OpenAI API reference, response headers",
)(_adds("openai-organization", "user-7g3kx1"))
fault(
    "isolation.cookie-of-upstream",
    "A cookie of upstream's network is passed on.",
    "isolation.upstream.anonymous",
    source="gateways that copy all headers of upstream",
)(_adds("set-cookie", "__cf_bm=abc; path=/; domain=.api.openai.com; HttpOnly; Secure"))


def _of_another(ask: Ask, reply: Reply) -> bool:
    """Whether a task of this hub is refused: its ids begin like this, and no made-up one does."""
    return reply.status == 404 and "/task_0" in ask.path


@fault(
    "isolation.any-video",
    "Videos are looked up by their id alone.",
    "isolation.stranger.task",
    source="OWASP API Security Top 10, API1: broken object level authorization",
)
def any_video(ask: Ask, reply: Reply) -> Reply:
    if ask.operation != "videos-retrieve" or not _of_another(ask, reply):
        return reply
    known = ask.path.rpartition("/")[2]
    return reply.with_status(200).with_json({"id": known, "object": "video", "status": "completed", "progress": 100})


@fault(
    "isolation.any-film",
    "The film of a task is sent to whoever has a token.",
    "isolation.stranger.task",
    also={"videos.content.early": "nobody looks at the task any more"},
    source="OWASP API Security Top 10, API1: broken object level authorization",
)
def any_film(ask: Ask, reply: Reply) -> Reply:
    if ask.operation != "videos-content" or not _of_another(ask, reply):
        return reply
    return reply.with_status(200).with_header("content-type", "video/mp4").with_body(b"\x00\x00\x00\x18ftypmp42")


@fault(
    "isolation.any-song-in-lists",
    "Lists of songs are not looked up by their owner.",
    "isolation.stranger.task",
    source="OWASP API Security Top 10, API1: broken object level authorization",
)
def any_song(ask: Ask, reply: Reply) -> Reply:
    found = re.search(rb'"(task_0\w+)"', ask.body)
    if ask.operation != "suno-fetch-batch" or not found or reply.status != 200 or reply.json.get("data") != []:
        return reply
    return reply.with_json({**reply.json, "data": [{"task_id": found[1].decode(), **SONG}]})


@fault(
    "isolation.answer-gone-on-with",
    "A stored answer is gone on with by its id alone.",
    "isolation.stranger.answer",
    source="OWASP API Security Top 10, API1: broken object level authorization",
)
def gone_on_with(ask: Ask, reply: Reply) -> Reply:
    there = ask.operation == "responses-create" and b"What did I say?" in ask.body
    return reply.with_status(200).with_json({"id": "resp_1", "object": "response"}) if there else reply


@fault(
    "isolation.answer-read",
    "A stored answer is read by its id alone.",
    "isolation.stranger.answer",
    source="OWASP API Security Top 10, API1: broken object level authorization",
    stateful=True,
)
def answer_read() -> Spoil:
    deleted: set[str] = set()

    def spoil(ask: Ask, reply: Reply) -> Reply:
        known = ask.path.rpartition("/")[2]
        if ask.method == "DELETE":
            deleted.add(known)
        there = ask.method == "GET" and known.startswith("resp_") and known not in deleted and reply.status == 404
        stored = {"id": known, "object": "response", "status": "completed", "model": "gpt-4o-mini"}
        return reply.with_status(200).with_json(stored) if there else reply

    return spoil
