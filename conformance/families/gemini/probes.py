"""What is asked of the Google format: whole answers and streams, pictures and speech, and requests to be refused.

Prompts construct their answers (an echo, a count, a forced call, a schema of enums), so that judges need no words of a
model. The second spelling of the paths, below /v1, is asked with questions that serve other sentences as well.
"""

from __future__ import annotations

import base64
from collections.abc import Mapping
from typing import Any

from conformance.engine.kit.answers import text_of
from conformance.engine.kit.echo import COPYIST
from conformance.engine.kit.prompts import (
    BEYOND,
    CAP,
    COUNT_TO_NINE,
    GREETING,
    LONG_COUNT,
    LONG_GREETING,
    REPEAT,
    STOP,
    STOP_SEQUENCES,
    STOP_WORDS,
    TWO_TOOLS,
)
from conformance.engine.kit.reading import offered
from conformance.engine.kit.samples import png
from conformance.engine.kit.together import Body, alone, asks_on
from conformance.engine.probe import Admit, Conversation, Group, Hub, StopProbe, group, probe
from conformance.wire.exchange import Exchange

GENERATE = "gemini-generate-content"
STREAM = "gemini-stream-generate-content"
IMAGE = "gemini-image"
AUDIO = "gemini-audio"
SSE = {"alt": "sse"}
OUTPUT = 512
"""Output tokens of an ordinary answer; models of this format may spend most of them on thoughts."""
REASONING_TOKENS = 2048
NONCE = "kx-4171"
QUESTION = "What is new?"
ORDER = f"Always answer with the single word {NONCE} and nothing else."
LINES = "one\u2028two\u2029three\x85four"
"""Characters that some readers of lines take for the end of one."""
EMBEDDED = ("The cat sleeps on the warm stove.", "7", "Invoice 2291 is overdue since March.")
DIMENSIONS = 256
WIDE = "16:9"

TIME = {
    "name": "get_time",
    "description": "The current time in a time zone.",
    "parameters": {
        "type": "OBJECT",
        "properties": {"zone": {"type": "STRING", "enum": ["UTC", "CET"]}},
        "required": ["zone"],
    },
}
WEATHER = {
    "name": "get_weather",
    "description": "The weather in a city.",
    "parameters": {
        "type": "OBJECT",
        "properties": {"city": {"type": "STRING"}, "unit": {"type": "STRING", "enum": ["celsius", "fahrenheit"]}},
        "required": ["city", "unit"],
    },
}
BATTERY = {"name": "get_battery", "description": "The charge of this device in percent."}
VERDICT = {
    "type": "OBJECT",
    "properties": {"verdict": {"type": "STRING", "enum": ["kx-41", "kx-42"]}, "sure": {"type": "BOOLEAN"}},
    "required": ["verdict", "sure"],
}
SETTINGS: Body = {
    "generationConfig": {
        "temperature": 0.5,
        "topP": 0.9,
        "topK": 40,
        "maxOutputTokens": OUTPUT,
        "stopSequences": [STOP_WORDS[0]],
    },
    "safetySettings": [{"category": "HARM_CATEGORY_HARASSMENT", "threshold": "BLOCK_ONLY_HIGH"}],
}
"""Every documented setting."""


def user(*parts: Mapping[str, Any] | str) -> list[dict[str, Any]]:
    """A conversation of one user turn."""
    return [{"role": "user", "parts": [{"text": part} if isinstance(part, str) else dict(part) for part in parts]}]


def path_of(hub: Hub, operation: str, model: str, version: str = "v1beta") -> str:
    """The path of an operation for a model, in one of its two spellings."""
    path = hub.contract.operation(operation).path_with(model=model)
    return path.replace("/v1beta/", f"/{version}/", 1)


async def ask(
    hub: Hub,
    operation: str,
    *,
    model: str = "",
    version: str = "v1beta",
    query: Mapping[str, str] | None = None,
    config: Mapping[str, Any] | None = None,
    **fields: Any,
) -> Exchange:
    """A request with a bound on its output. A field given as `...` is left out."""
    body = {"generationConfig": {"maxOutputTokens": OUTPUT, **(config or {})}, **fields}
    path = path_of(hub, operation, model or hub.model("gemini"), version)
    return await hub.send(operation, path=path, query=query, json={k: v for k, v in body.items() if v is not ...})


async def _ask_together(hub: Hub, together: Body, *alone: Body) -> Conversation:
    """The reply to a request with the fields of `together`, and where it is refused those to each of `alone`."""
    first = await ask(hub, **together)
    return (first, *[await ask(hub, **fields) for fields in alone]) if asks_on(hub, first) else (first,)


ORDERS: Body = {"parts": [{"text": ORDER}]}
ECHO_TURNS: Body = {
    "contents": user(f"{REPEAT} {LINES} {BEYOND}"),
    "systemInstruction": {"parts": [{"text": COPYIST}]},
}
COUNTED: Body = {"contents": user(COUNT_TO_NINE)}
LONG: Body = {"contents": user(LONG_COUNT), "config": {"maxOutputTokens": CAP}}
WHOLE: Body = {"operation": GENERATE}
EVENTS: Body = {"operation": STREAM, "query": SSE}
ARRAY: Body = {"operation": STREAM}


@probe(GENERATE, base=True)
async def gemini_answer(hub: Hub) -> Exchange:
    """The plainest question."""
    return await ask(hub, GENERATE, contents=user(GREETING))


@probe(GENERATE, admit=Admit.REPLY, together=True)
async def gemini_snake(hub: Hub) -> Conversation:
    """A question under a system instruction, the names in snake_case, below /v1; each alone."""
    snake = {
        "contents": user(QUESTION),
        "generationConfig": ...,
        "generation_config": {"max_output_tokens": OUTPUT},
        "system_instruction": ORDERS,
    }
    below_v1 = {**WHOLE, "version": "v1"}
    return await _ask_together(hub, {**below_v1, **snake}, {**WHOLE, **snake}, {**below_v1, "contents": user(GREETING)})


@probe(GENERATE, together=True)
async def gemini_picture(hub: Hub) -> Conversation:
    """A long task under a small limit with a small picture beside it; then without the picture."""
    blob = {"mimeType": "image/png", "data": base64.b64encode(png()).decode()}
    pictured = user(LONG_COUNT, {"inlineData": blob})
    return await _ask_together(hub, {**WHOLE, **LONG, "contents": pictured}, {**WHOLE, **LONG})


@probe(GENERATE, admit=Admit.REPLY, together=True)
async def gemini_echo(hub: Hub) -> Conversation:
    """Text of many scripts and line ends to be repeated up to a stop sequence, every setting given; each alone."""
    stopped = {"config": {"stopSequences": [STOP]}}
    return await _ask_together(
        hub,
        {**WHOLE, **ECHO_TURNS, **SETTINGS},
        {**WHOLE, **ECHO_TURNS},
        {**WHOLE, **COUNTED, **stopped},
        {**WHOLE, **SETTINGS, "contents": user(GREETING)},
    )


@probe(GENERATE, admit=Admit.REPLY, together=True)
async def gemini_form(hub: Hub) -> Conversation:
    """Two JSON objects whose form only the schema tells, and a function whose use is forbidden; each alone.

    Each is asked for alone also where the function is called for all that.
    """
    form = {"responseMimeType": "application/json", "responseSchema": VERDICT}
    two = {"candidateCount": 2}
    forbidden: Body = {
        "contents": user("What is the weather in Paris? Use the function get_weather."),
        "tools": [{"functionDeclarations": [WEATHER]}],
        "toolConfig": {"functionCallingConfig": {"mode": "NONE"}},
    }
    first = await ask(hub, GENERATE, config={**form, **two}, **forbidden)
    if not asks_on(hub, first) and (text_of(first) or not first.ok):
        return (first,)
    return (
        first,
        await ask(hub, GENERATE, **forbidden),
        await ask(hub, GENERATE, contents=user("Decide."), config=form),
        await ask(hub, GENERATE, contents=user(GREETING), config=two),
    )


@probe(GENERATE, admit=Admit.REPLY)
async def gemini_tool_loop(hub: Hub) -> Conversation:
    """A call of one of three functions is enforced; then the hub's own turn goes back with the result.

    With it two other calls are wished for in one turn, one of a function without parameters; the model decides, in an
    event stream.
    """
    question = user(f"{LONG_GREETING} What is the weather in Paris?")
    tools = [{"functionDeclarations": [WEATHER, TIME, BATTERY]}]
    forced = {"functionCallingConfig": {"mode": "ANY", "allowedFunctionNames": [TIME["name"]]}}
    first = await ask(hub, GENERATE, contents=question, tools=tools, toolConfig=forced)
    turn = called_turn(first)
    results = [
        {"functionResponse": _result_of(part["functionCall"])}
        for part in (turn or {"parts": []})["parts"]
        if "functionCall" in part
    ]
    before = [*question, turn, *user(*results)] if turn else []
    second = await ask(hub, STREAM, query=SSE, contents=[*before, *user(TWO_TOOLS)], tools=tools)
    if not (turn and asks_on(hub, second)):
        return first, second
    return first, second, await ask(hub, STREAM, query=SSE, contents=user(TWO_TOOLS), tools=tools)


@probe(GENERATE, admit=Admit.REPLY)
async def gemini_generate_sse(hub: Hub) -> Exchange:
    """The plainest question to generateContent with alt=sse.

    It is sent as a request about no operation, because the sentences on streams in general take the answer for
    granted, which is no more than a wish here.
    """
    path = path_of(hub, GENERATE, hub.model("gemini"))
    body = {"contents": user(GREETING), "generationConfig": {"maxOutputTokens": OUTPUT}}
    return await hub.send(path=path, method="POST", query=SSE, json=body)


@probe(STREAM, base=True)
async def gemini_stream(hub: Hub) -> Exchange:
    """A long task under a small limit as an event stream, and nothing else."""
    return await ask(hub, **EVENTS, **LONG)


@probe(STREAM, admit=Admit.REPLY, together=True)
async def gemini_stream_array(hub: Hub) -> Conversation:
    """A question under a system instruction, as a stream without alt=sse, below /v1; each alone."""
    ordered = {"contents": user(QUESTION), "systemInstruction": ORDERS}
    below_v1 = {"version": "v1"}
    return await _ask_together(
        hub,
        {**ARRAY, **ordered, **below_v1},
        {**ARRAY, **ordered},
        {**EVENTS, "contents": user(GREETING), **below_v1},
    )


@probe(STREAM, together=True)
async def gemini_echo_stream(hub: Hub) -> Conversation:
    """Text of many scripts to be repeated up to one of two stop sequences, as an event stream; each alone."""
    return await _ask_together(
        hub,
        {**EVENTS, **ECHO_TURNS, "config": {"stopSequences": list(STOP_WORDS)}},
        {**EVENTS, **ECHO_TURNS},
        {**EVENTS, **COUNTED, "config": {"stopSequences": list(STOP_SEQUENCES)}},
    )


@probe(STREAM)
async def gemini_thoughts_stream(hub: Hub) -> Exchange:
    """A question for a thinking model, its thoughts asked for. `--model reasoning=NAME` names one."""
    if not hub.target.models.get("reasoning"):
        raise StopProbe("no thinking model is known: name one with --model reasoning=NAME")
    config = {"maxOutputTokens": REASONING_TOKENS, "thinkingConfig": {"includeThoughts": True}}
    question = user("Is 97 a prime number? Answer yes or no.")
    return await ask(hub, STREAM, model=hub.model("reasoning"), query=SSE, contents=question, config=config)


@probe(IMAGE, base=True)
async def gemini_image(hub: Hub) -> Exchange:
    """A picture of the shape that is named, as in the documents. `--model gemini-image=NAME` names a model for it."""
    model = hub.target.models.get("gemini-image", "")
    config = {"responseModalities": ["TEXT", "IMAGE"], "imageConfig": {"aspectRatio": WIDE}}
    return await ask(hub, IMAGE, model=model, contents=user("Draw a red square."), generationConfig=config)


@probe(AUDIO, base=True)
async def gemini_audio(hub: Hub) -> Exchange:
    """A word spoken. `--model gemini-audio=NAME` names a model for it."""
    voice = {"voiceConfig": {"prebuiltVoiceConfig": {"voiceName": "Kore"}}}
    model = hub.target.models.get("gemini-audio", "")
    config = {"responseModalities": ["AUDIO"], "speechConfig": voice}
    return await ask(hub, AUDIO, model=model, contents=user("Say cheerfully: Hello!"), generationConfig=config)


@probe()
async def gemini_count(hub: Hub) -> Exchange:
    """The tokens of the plainest question. The documents do not list this route; the Google clients call it."""
    path = path_of(hub, GENERATE, hub.model("gemini")).replace("generateContent", "countTokens")
    return await hub.send(path=path, method="POST", json={"contents": user(GREETING)})


@probe()
async def gemini_embed(hub: Hub) -> Exchange:
    """One text as a vector. The documents do not list this route; the Google clients call it."""
    return await hub.send(path=_embed_path(hub, "embedContent"), method="POST", json=_wish(hub, EMBEDDED[0]))


@probe()
async def gemini_embed_batch(hub: Hub) -> Exchange:
    """The same text last of three. The Google client for Python asks so for a single text, too."""
    wishes = [_wish(hub, text) for text in EMBEDDED[::-1]]
    return await hub.send(path=_embed_path(hub, "batchEmbedContents"), method="POST", json={"requests": wishes})


def _embed_path(hub: Hub, action: str) -> str:
    return path_of(hub, GENERATE, hub.model("embeddings")).replace("generateContent", action)


def _wish(hub: Hub, text: str) -> dict[str, Any]:
    content = {"parts": [{"text": text}]}
    return {"model": f"models/{hub.model('embeddings')}", "content": content, "outputDimensionality": DIMENSIONS}


@probe(GENERATE, admit=Admit.REFUSAL)
async def gemini_wrong(hub: Hub) -> Exchange:
    """A limit that is no number. The fuzzer tries every other field."""
    return await ask(hub, GENERATE, contents=user(GREETING), config={"maxOutputTokens": "many"})


@probe(STREAM, admit=Admit.REFUSAL)
async def gemini_wrong_stream(hub: Hub) -> Exchange:
    """An event stream without contents."""
    return await ask(hub, STREAM, query=SSE)


def called_turn(exchange: Exchange) -> dict[str, Any] | None:
    """The model's turn exactly as the hub sent it, when it calls functions by name; None otherwise."""
    try:
        turn = exchange.json["candidates"][0]["content"]
        calls = [part["functionCall"] for part in turn["parts"] if "functionCall" in part]
        named = all(isinstance(call["name"], str) and call["name"] for call in calls)
    except (ValueError, KeyError, IndexError, TypeError):
        return None
    return turn if calls and named else None


def _result_of(call: Mapping[str, Any]) -> dict[str, Any]:
    result = {"name": call["name"], "response": {"time": "12:00"}}
    return {**result, "id": call["id"]} if isinstance(call.get("id"), str) else result


ANSWERS = (gemini_answer, gemini_snake, gemini_picture, gemini_echo, gemini_form, gemini_tool_loop)
MEDIA = (gemini_image, gemini_audio)
STREAMS = (gemini_generate_sse, gemini_stream, gemini_echo_stream, gemini_tool_loop, gemini_thoughts_stream)
TEXTS = (*ANSWERS, *STREAMS, gemini_stream_array)

any_answer = offered("any_gemini_answer", *ANSWERS, *MEDIA)
any_stream = offered("any_gemini_stream", *STREAMS)
any_series = offered("any_gemini_series", *STREAMS, gemini_stream_array)
any_reply = offered("any_gemini_reply", *TEXTS, *MEDIA)
later_reply = offered("later_gemini_reply", *(p for p in (*TEXTS, *MEDIA) if p is not gemini_answer))
any_tool_reply = offered("any_gemini_tool_reply", gemini_tool_loop, gemini_form)
any_refusal = offered("any_gemini_refusal", gemini_wrong, gemini_wrong_stream)
ordered = alone("gemini_ordered", 1, gemini_stream_array, admit=Admit.REPLY)
ordered_in_snake_case = alone("gemini_ordered_in_snake_case", 1, gemini_snake, admit=Admit.REPLY)
json_form = alone("gemini_json", 2, gemini_form)
calling = Group("gemini_calling", lambda p: p.name == "gemini_tool_loop", Admit.ANSWER)
any_v1 = alone("any_gemini_v1", 2, gemini_snake, gemini_stream_array, admit=Admit.REPLY)
any_echo = alone("any_gemini_echo", 1, gemini_echo, gemini_echo_stream)
echo_whole = alone("gemini_echo_whole", 1, gemini_echo)
echo_streamed = alone("gemini_echo_streamed", 1, gemini_echo_stream)
stopped = alone("any_gemini_stop", 2, gemini_echo, gemini_echo_stream)
settings = alone("gemini_settings", 3, gemini_echo, admit=Admit.REPLY)
any_cap = alone("any_gemini_cap", 1, gemini_picture, gemini_stream)
pictured = alone("gemini_pictured", 2, gemini_picture)
any_embedding = group("any_gemini_embedding", gemini_embed, gemini_embed_batch)
