"""Scenes of the Anthropic client for Python."""

from __future__ import annotations

from collections.abc import Mapping
from typing import Any

import anthropic
from anthropic import Anthropic
from anthropic.types import Message

from conformance.clients.players.play import Scene, Turn, misfits

Request = Mapping[str, Any]


def version() -> str:
    return f"anthropic-sdk-python {anthropic.__version__}"


def connect(request: Request, key: str = "") -> Anthropic:
    return Anthropic(
        base_url=request["base_url"], api_key=key or request["key"], max_retries=0, timeout=request["seconds"]
    )


def message(said: Message) -> Turn:
    """What a message holds, as the client hands it over."""
    text = "".join(block.text for block in said.content if block.type == "text")
    calls = [(block.name, block.input) for block in said.content if block.type == "tool_use"]
    return {"id": said.id, "text": text, "calls": calls, "usage": [said.usage.input_tokens, said.usage.output_tokens]}


def plain(request: Request) -> dict[str, Any]:
    turns = [{"role": "user", "content": request["task"]}]
    return {"model": request["models"]["claude"], "max_tokens": request["tokens"], "messages": turns}


def tools(request: Request) -> dict[str, Any]:
    """A conversation in which one tool has to be used."""
    tool = request["tool"]
    known = {"name": tool["name"], "description": tool["description"], "input_schema": tool["parameters"]}
    turns = [{"role": "user", "content": request["question"]}]
    choice = {"type": "tool", "name": tool["name"]}
    return {**plain(request), "messages": turns, "tools": [known], "tool_choice": choice, "max_tokens": request["room"]}


def messages(request: Request) -> list[Turn]:
    with connect(request) as client:
        raw = client.messages.with_raw_response.create(**plain(request))
        return [message(raw.parse()) | {"misfits": misfits(Message, raw.http_response.content)}]


def stream(request: Request) -> list[Turn]:
    with connect(request) as client, client.messages.stream(**plain(request)) as events:
        return [message(events.get_final_message())]


def two_turns(request: Request) -> list[Turn]:
    given = tools(request)
    with connect(request) as client:
        first = client.messages.create(**given)
        uses = [block for block in first.content if block.type == "tool_use"]
        if not uses:
            return [message(first)]
        results = [{"type": "tool_result", "tool_use_id": use.id, "content": request["tool_result"]} for use in uses]
        given["messages"] += [{"role": "assistant", "content": first.content}, {"role": "user", "content": results}]
        given["tool_choice"] = {"type": "auto"}
        return [message(first), message(client.messages.create(**given))]


def tools_stream(request: Request) -> list[Turn]:
    with connect(request) as client, client.messages.stream(**tools(request)) as events:
        return [message(events.get_final_message())]


def models(request: Request) -> list[Turn]:
    with connect(request) as client:
        return [{"models": [model.id for model in client.models.list()]}]


def wrong_key(request: Request) -> list[Turn]:
    with connect(request, request["wrong_key"]) as client:
        client.messages.create(**plain(request))
    return []


def wrong_request(request: Request) -> list[Turn]:
    with connect(request) as client:
        client.messages.create(**{**plain(request), "messages": "no list of messages"})
    return []


SCENES: dict[str, Scene] = {
    scene.__name__: scene for scene in (messages, stream, two_turns, tools_stream, models, wrong_key, wrong_request)
}
