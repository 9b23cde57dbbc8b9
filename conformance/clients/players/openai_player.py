"""Scenes of the OpenAI client for Python."""

from __future__ import annotations

import asyncio
import base64
import hashlib
import json
from collections.abc import Mapping
from typing import Any

import openai
from openai import AsyncOpenAI, OpenAI
from openai.resources.realtime.realtime import AsyncRealtimeConnection
from openai.types import CreateEmbeddingResponse
from openai.types.chat import ChatCompletion
from openai.types.responses import Response
from pydantic import BaseModel

from conformance.clients.players.play import Scene, Turn, fingerprint, misfits, tried

Request = Mapping[str, Any]


class Verdict(BaseModel):
    """The shape of the request's `schema`."""

    verdict: str
    sure: bool


def version() -> str:
    return f"openai-python {openai.__version__}"


def connect(request: Request, key: str = "") -> OpenAI:
    return OpenAI(
        base_url=f"{request['base_url']}/v1",
        api_key=key or request["key"],
        max_retries=0,
        timeout=request["seconds"],
    )


def completion(said: ChatCompletion) -> Turn:
    """What a chat completion holds, as the client hands it over."""
    message = said.choices[0].message
    calls = [(c.function.name, c.function.arguments) for c in message.tool_calls or [] if c.type == "function"]
    usage = [said.usage.prompt_tokens, said.usage.completion_tokens] if said.usage else None
    return {"id": said.id, "text": message.content or "", "calls": calls, "usage": usage}


def user(text: str) -> list[Any]:
    return [{"role": "user", "content": text}]


def tools(request: Request) -> dict[str, Any]:
    """A conversation in which one function has to be called."""
    function = {"type": "function", "function": request["tool"]}
    choice = {"type": "function", "function": {"name": request["tool"]["name"]}}
    bound = {"max_tokens": request["room"]}
    return {"messages": user(request["question"]), "tools": [function], "tool_choice": choice, **bound}


def chat(request: Request) -> list[Turn]:
    with connect(request) as client:
        raw = client.chat.completions.with_raw_response.create(
            model=request["models"]["chat"], messages=user(request["task"]), max_tokens=request["tokens"]
        )
        return [completion(raw.parse()) | {"misfits": misfits(ChatCompletion, raw.content)}]


def chat_stream(request: Request) -> list[Turn]:
    with (
        connect(request) as client,
        client.chat.completions.stream(
            model=request["models"]["chat"],
            messages=user(request["task"]),
            max_tokens=request["tokens"],
            stream_options={"include_usage": True},
        ) as stream,
    ):
        return [completion(stream.get_final_completion())]


def chat_tools(request: Request) -> list[Turn]:
    given, model = tools(request), request["models"]["chat"]
    with connect(request) as client:
        first = client.chat.completions.create(model=model, **given)
        calls = first.choices[0].message.tool_calls or []
        if not calls:
            return [completion(first)]
        results = [{"role": "tool", "tool_call_id": call.id, "content": request["tool_result"]} for call in calls]
        given["messages"] += [first.choices[0].message, *results]
        second = client.chat.completions.create(
            model=model, messages=given["messages"], tools=given["tools"], max_tokens=request["tokens"]
        )
        return [completion(first), completion(second)]


def chat_tools_stream(request: Request) -> list[Turn]:
    with (
        connect(request) as client,
        client.chat.completions.stream(model=request["models"]["chat"], **tools(request)) as stream,
    ):
        return [completion(stream.get_final_completion())]


def chat_structured(request: Request) -> list[Turn]:
    with connect(request) as client:
        said = client.chat.completions.parse(
            model=request["models"]["chat"],
            messages=user(request["verdict"]),
            max_tokens=request["room"],
            response_format=Verdict,
        )
        parsed = said.choices[0].message.parsed
        return [completion(said) | {"parsed": parsed.model_dump() if parsed else None}]


def answer(said: Response) -> Turn:
    """What a response holds, as the client hands it over."""
    calls = [(item.name, item.arguments) for item in said.output if item.type == "function_call"]
    usage = [said.usage.input_tokens, said.usage.output_tokens] if said.usage else None
    return {"id": said.id, "text": said.output_text, "calls": calls, "usage": usage}


def responses(request: Request) -> list[Turn]:
    with connect(request) as client:
        raw = client.responses.with_raw_response.create(
            model=request["models"]["responses"], input=request["task"], max_output_tokens=request["tokens"]
        )
        return [answer(raw.parse()) | {"misfits": misfits(Response, raw.content)}]


def responses_stream(request: Request) -> list[Turn]:
    with (
        connect(request) as client,
        client.responses.stream(
            model=request["models"]["responses"], input=request["task"], max_output_tokens=request["tokens"]
        ) as stream,
    ):
        return [answer(stream.get_final_response())]


def responses_tools(request: Request) -> list[Turn]:
    model, tool = request["models"]["responses"], {"type": "function", "strict": True, **request["tool"]}
    turns: list[Any] = user(request["question"])
    with connect(request) as client:
        choice: Any = {"type": "function", "name": tool["name"]}
        bound = request["room"]
        first = client.responses.create(
            model=model, input=turns, tools=[tool], tool_choice=choice, max_output_tokens=bound
        )
        calls = [item for item in first.output if item.type == "function_call"]
        if not calls:
            return [answer(first)]
        results = [
            {"type": "function_call_output", "call_id": call.call_id, "output": request["tool_result"]}
            for call in calls
        ]
        second = client.responses.create(
            model=model, input=[*turns, *first.output, *results], tools=[tool], max_output_tokens=bound
        )
        return [answer(first), answer(second)]


def completions(request: Request) -> list[Turn]:
    with connect(request) as client:
        said = client.completions.create(
            model=request["models"]["completions"], prompt=request["task"], max_tokens=request["tokens"]
        )
        usage = [said.usage.prompt_tokens, said.usage.completion_tokens] if said.usage else None
        return [{"id": said.id, "text": said.choices[0].text, "usage": usage}]


def embeddings(request: Request) -> list[Turn]:
    """The client asks for base64 of its own accord, and turns it back into numbers."""
    with connect(request) as client:
        raw = client.embeddings.with_raw_response.create(
            model=request["models"]["embeddings"], input=[request["task"], request["question"]]
        )
        vectors = [fingerprint(one.embedding) for one in raw.parse().data]
        plain = client.embeddings.with_raw_response.create(
            model=request["models"]["embeddings"], input=request["task"], encoding_format="float"
        )
        number = plain.parse().data[0].embedding
        misfit = misfits(CreateEmbeddingResponse, plain.content)
        return [{"vectors": vectors}, {"vectors": [fingerprint(number)], "misfits": misfit}]


def moderations(request: Request) -> list[Turn]:
    with connect(request) as client:
        said = client.moderations.create(model=request["models"]["moderations"], input=request["task"])
        return [{"flagged": [one.flagged for one in said.results]}]


def digest(data: bytes) -> str:
    return hashlib.sha256(data).hexdigest()


def images(request: Request) -> list[Turn]:
    with connect(request) as client:
        said = client.images.generate(model=request["models"]["images"], prompt="A red square.", size="1024x1024")
        pictures = [digest(base64.b64decode(one.b64_json)) if one.b64_json else one.url for one in said.data or []]
        return [{"pictures": pictures}]


def speech(request: Request) -> list[Turn]:
    with connect(request) as client:
        said = client.audio.speech.create(model=request["models"]["speech"], voice="alloy", input=request["task"])
        return [{"sound": digest(said.read())}]


def transcription(request: Request) -> list[Turn]:
    with connect(request) as client:
        sound = ("sound.wav", base64.b64decode(request["sound"]), "audio/wav")
        said = client.audio.transcriptions.create(model=request["models"]["transcription"], file=sound)
        return [{"text": said.text}]


def models(request: Request) -> list[Turn]:
    with connect(request) as client:
        return [{"models": [model.id for model in client.models.list()]}]


def videos(request: Request) -> list[Turn]:
    with connect(request) as client:
        film = client.videos.create_and_poll(
            model=request["models"]["videos"],
            prompt="A red square.",
            poll_interval_ms=max(1, round(request["poll_seconds"] * 1000)),
        )
        turn = {"id": film.id, "status": film.status}
        if film.status != "completed":
            return [{"exchange": -1, **turn}]
        content = tried(lambda: {"film": digest(client.videos.download_content(film.id).read())})
        return [{"exchange": -2, **turn}, content]


class ErrorEvent(Exception):
    """The hub has sent an error event, which the client hands over as any other: it is up to the program."""


async def heard(connection: AsyncRealtimeConnection, silence: float) -> list[Any]:
    """The events up to the end of the next answer; none of them is waited for longer than `silence` seconds."""
    events: list[Any] = []
    while not events or events[-1].type != "response.done":
        try:
            async with asyncio.timeout(silence):
                events.append(await connection.recv())
        except TimeoutError:
            raise TimeoutError(f"no response.done, and no other event within {silence:g} s") from None
        if events[-1].type == "error":
            raise ErrorEvent(events[-1].error.message)
    return events


def spoken(events: list[Any]) -> Turn:
    """What the events of one answer hold: `text` as it came in deltas, `final` as the end of the answer tells it."""
    end = events[-1].response
    deltas = [event for event in events if getattr(event, "response_id", None) == end.id]
    calls = [item for item in end.output or [] if item.type == "function_call"]
    parts = [part for item in end.output or [] if item.type == "message" for part in item.content]
    return {
        "exchange": 0,
        "id": end.id,
        "text": "".join(event.delta for event in deltas if event.type == "response.output_text.delta"),
        "final": "".join(part.text or "" for part in parts if part.type == "output_text"),
        "calls": [(call.name, call.arguments) for call in calls],
        "arguments": "".join(e.delta for e in deltas if e.type == "response.function_call_arguments.delta"),
        "usage": [end.usage.input_tokens, end.usage.output_tokens] if end.usage else None,
    }


def talk(request: Request, key: str = "") -> Any:
    """A session about to be opened. What is said in it comes back as text, and the program says when a turn ends."""
    client = AsyncOpenAI(base_url=f"{request['base_url']}/v1", api_key=key or request["key"])
    return client.realtime.connect(model=request["models"]["realtime"])


SILENT: Any = {"type": "realtime", "output_modalities": ["text"], "audio": {"input": {"turn_detection": None}}}


async def asked(connection: AsyncRealtimeConnection, text: str) -> None:
    content: Any = [{"type": "input_text", "text": text}]
    await connection.conversation.item.create(item={"type": "message", "role": "user", "content": content})


def realtime(request: Request) -> list[Turn]:
    async def session() -> list[Turn]:
        async with talk(request) as connection:
            await connection.session.update(session=SILENT)
            await asked(connection, request["task"])
            await connection.response.create(response={"max_output_tokens": request["tokens"]})
            return [spoken(await heard(connection, request["silence"]))]

    return asyncio.run(session())


def realtime_tools(request: Request) -> list[Turn]:
    tool = {"type": "function", **request["tool"]}
    choice: Any = {"type": "function", "name": tool["name"]}

    async def session() -> list[Turn]:
        async with talk(request) as connection:
            await connection.session.update(session={**SILENT, "tools": [tool]})
            await asked(connection, request["question"])
            await connection.response.create(response={"tool_choice": choice, "max_output_tokens": request["room"]})
            first = await heard(connection, request["silence"])
            calls = [item for item in first[-1].response.output or [] if item.type == "function_call"]
            if not calls:
                return [spoken(first)]
            result: Any = {"type": "function_call_output", "output": request["tool_result"]}
            for call in calls:
                await connection.conversation.item.create(item={**result, "call_id": call.call_id})
            await connection.response.create(response={"max_output_tokens": request["room"]})
            second = await heard(connection, request["silence"])
            return [spoken(first), {**spoken(second), "answer": 1}]

    return asyncio.run(session())


def realtime_wrong_key(request: Request) -> list[Turn]:
    async def session() -> list[Turn]:
        async with talk(request, request["wrong_key"]) as connection, asyncio.timeout(request["silence"]):
            await connection.recv()
        return []

    return asyncio.run(session())


def wrong_key(request: Request) -> list[Turn]:
    with connect(request, request["wrong_key"]) as client:
        client.chat.completions.create(
            model=request["models"]["chat"], messages=user(request["task"]), max_tokens=request["tokens"]
        )
    return []


def wrong_request(request: Request) -> list[Turn]:
    messages: Any = json.loads('"no list of messages"')
    with connect(request) as client:
        client.chat.completions.create(model=request["models"]["chat"], messages=messages, max_tokens=request["tokens"])
    return []


SCENES: dict[str, Scene] = {
    scene.__name__: scene
    for scene in (
        chat,
        chat_stream,
        chat_tools,
        chat_tools_stream,
        chat_structured,
        responses,
        responses_stream,
        responses_tools,
        completions,
        embeddings,
        moderations,
        images,
        speech,
        transcription,
        models,
        videos,
        realtime,
        realtime_tools,
        realtime_wrong_key,
        wrong_key,
        wrong_request,
    )
}
