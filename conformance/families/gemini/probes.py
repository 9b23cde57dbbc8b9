"""What is asked of the Google format: whole answers and streams, pictures and speech, and requests to be refused.

Prompts construct their answers (an echo, a count, a forced call, a schema of enums), so that judges need no words of a
model. The second spelling of the paths, below /v1, is asked with questions that serve other sentences as well.
"""

from __future__ import annotations

import base64
from collections.abc import Mapping
from typing import Any

from conformance.engine.kit.echo import COPYIST
from conformance.engine.kit.prompts import CAP, COUNT_TO_NINE, GREETING, LONG_COUNT, REPEAT, STOP_SEQUENCES
from conformance.engine.kit.reading import offered
from conformance.engine.kit.samples import png
from conformance.engine.probe import Admit, Conversation, Hub, StopProbe, group, probe
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
SETTINGS: dict[str, Any] = {
    "generationConfig": {
        "temperature": 0.5,
        "topP": 0.9,
        "topK": 40,
        "maxOutputTokens": OUTPUT,
        "stopSequences": ["@@"],
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


ECHO_TURNS: dict[str, Any] = {
    "contents": user(f"{REPEAT} {LINES}"),
    "systemInstruction": {"parts": [{"text": COPYIST}]},
}


@probe(GENERATE, base=True)
async def gemini_answer(hub: Hub) -> Exchange:
    """The plainest question."""
    return await ask(hub, GENERATE, contents=user(GREETING))


@probe(GENERATE, admit=Admit.REPLY)
async def gemini_v1(hub: Hub) -> Exchange:
    """The plainest question below /v1."""
    return await ask(hub, GENERATE, version="v1", contents=user(GREETING))


@probe(GENERATE, admit=Admit.REPLY)
async def gemini_snake(hub: Hub) -> Exchange:
    """A question under a system instruction, the names in snake_case."""
    return await ask(
        hub,
        GENERATE,
        contents=user(QUESTION),
        generationConfig=...,
        generation_config={"max_output_tokens": OUTPUT},
        system_instruction={"parts": [{"text": ORDER}]},
    )


@probe(GENERATE, admit=Admit.REPLY)
async def gemini_settings(hub: Hub) -> Exchange:
    """The plainest question with every documented setting."""
    return await ask(hub, GENERATE, contents=user(GREETING), **SETTINGS)


@probe(GENERATE)
async def gemini_picture(hub: Hub) -> Exchange:
    """The plainest question with a small picture beside it."""
    blob = {"mimeType": "image/png", "data": base64.b64encode(png()).decode()}
    return await ask(hub, GENERATE, contents=user(GREETING, {"inlineData": blob}))


@probe(GENERATE)
async def gemini_echo(hub: Hub) -> Exchange:
    """Text of many scripts to be repeated, line ends among it, under a system instruction."""
    return await ask(hub, GENERATE, **ECHO_TURNS)


@probe(GENERATE)
async def gemini_cap(hub: Hub) -> Exchange:
    """A long task under a small maxOutputTokens."""
    return await ask(hub, GENERATE, contents=user(LONG_COUNT), config={"maxOutputTokens": CAP})


@probe(GENERATE)
async def gemini_two(hub: Hub) -> Exchange:
    """Two candidates."""
    return await ask(hub, GENERATE, contents=user(GREETING), config={"candidateCount": 2})


@probe(GENERATE)
async def gemini_json(hub: Hub) -> Exchange:
    """A JSON object whose form the question does not tell, only the schema."""
    form = {"responseMimeType": "application/json", "responseSchema": VERDICT}
    return await ask(hub, GENERATE, contents=user("Decide."), config=form)


@probe(GENERATE, admit=Admit.REPLY)
async def gemini_tool_loop(hub: Hub) -> Conversation:
    """A call of one of two functions is enforced; then the hub's own turn goes back with the result."""
    question = user("What is the weather in Paris?")
    tools = [{"functionDeclarations": [WEATHER, TIME]}]
    forced = {"functionCallingConfig": {"mode": "ANY", "allowedFunctionNames": [TIME["name"]]}}
    first = await ask(hub, GENERATE, contents=question, tools=tools, toolConfig=forced)
    turn = called_turn(first)
    if turn is None:
        return (first,)
    results = [
        {"functionResponse": _result_of(part["functionCall"])} for part in turn["parts"] if "functionCall" in part
    ]
    second = await ask(hub, GENERATE, contents=[*question, turn, *user(*results)], tools=tools)
    return first, second


@probe(GENERATE)
async def gemini_tool_none(hub: Hub) -> Exchange:
    """A question that suggests a function whose use is forbidden."""
    return await ask(
        hub,
        GENERATE,
        contents=user("What is the weather in Paris? Use the function get_weather."),
        tools=[{"functionDeclarations": [WEATHER]}],
        toolConfig={"functionCallingConfig": {"mode": "NONE"}},
    )


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
    """The plainest question as an event stream."""
    return await ask(hub, STREAM, query=SSE, contents=user(GREETING))


@probe(STREAM)
async def gemini_stream_array(hub: Hub) -> Exchange:
    """A question under a system instruction, as a stream without alt=sse."""
    return await ask(hub, STREAM, contents=user(QUESTION), systemInstruction={"parts": [{"text": ORDER}]})


@probe(STREAM)
async def gemini_echo_stream(hub: Hub) -> Exchange:
    """Text of many scripts to be repeated, as an event stream."""
    return await ask(hub, STREAM, query=SSE, **ECHO_TURNS)


@probe(STREAM)
async def gemini_cap_stream(hub: Hub) -> Exchange:
    """A long task under a small maxOutputTokens, as an event stream."""
    return await ask(hub, STREAM, query=SSE, contents=user(LONG_COUNT), config={"maxOutputTokens": CAP})


@probe(STREAM, admit=Admit.REPLY)
async def gemini_stop_stream(hub: Hub) -> Exchange:
    """A count that a stop sequence has to end, as an event stream below /v1."""
    stops = {"stopSequences": list(STOP_SEQUENCES)}
    return await ask(hub, STREAM, version="v1", query=SSE, contents=user(COUNT_TO_NINE), config=stops)


@probe(STREAM)
async def gemini_tools_stream(hub: Hub) -> Exchange:
    """Two calls wished for in one turn, one of a function without parameters; the model decides."""
    wish = user("Call get_weather for Paris in celsius, and call get_battery as well, both in this one turn.")
    return await ask(hub, STREAM, query=SSE, contents=wish, tools=[{"functionDeclarations": [WEATHER, BATTERY]}])


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
    """A picture. `--model gemini-image=NAME` names a model for it."""
    return await _draw(hub)


@probe(IMAGE)
async def gemini_image_wide(hub: Hub) -> Exchange:
    """A picture of another shape."""
    return await _draw(hub, imageConfig={"aspectRatio": WIDE})


@probe(AUDIO, base=True)
async def gemini_audio(hub: Hub) -> Exchange:
    """A word spoken. `--model gemini-audio=NAME` names a model for it."""
    voice = {"voiceConfig": {"prebuiltVoiceConfig": {"voiceName": "Kore"}}}
    model = hub.target.models.get("gemini-audio", "")
    config = {"responseModalities": ["AUDIO"], "speechConfig": voice}
    return await ask(hub, AUDIO, model=model, contents=user("Say cheerfully: Hello!"), generationConfig=config)


async def _draw(hub: Hub, **form: Any) -> Exchange:
    model = hub.target.models.get("gemini-image", "")
    config = {"responseModalities": ["TEXT", "IMAGE"], **form}
    return await ask(hub, IMAGE, model=model, contents=user("Draw a red square."), generationConfig=config)


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


WRONGS: Mapping[str, Mapping[str, Any]] = {
    "contents": {"contents": ...},
    "contents as text": {"contents": GREETING},
    "no contents": {"contents": []},
    "maxOutputTokens": {"generationConfig": {"maxOutputTokens": "many"}},
    "temperature": {"generationConfig": {"temperature": 99}},
    "role": {"contents": [{"role": "wizard", "parts": [{"text": GREETING}]}]},
}
"""What is wrong, and the fields that make it so; `...` leaves one out."""


@probe(GENERATE, admit=Admit.REFUSAL)
async def gemini_wrong(hub: Hub) -> Conversation:
    """Requests that cannot be served; see `WRONGS`."""
    plain = {"contents": user(GREETING), "generationConfig": {"maxOutputTokens": CAP}}
    return tuple([await ask(hub, GENERATE, **{**plain, **fields}) for fields in WRONGS.values()])


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


ANSWERS = (
    gemini_answer,
    gemini_v1,
    gemini_snake,
    gemini_settings,
    gemini_picture,
    gemini_echo,
    gemini_cap,
    gemini_two,
    gemini_json,
    gemini_tool_loop,
    gemini_tool_none,
)
MEDIA = (gemini_image, gemini_image_wide, gemini_audio)
STREAMS = (
    gemini_generate_sse,
    gemini_stream,
    gemini_echo_stream,
    gemini_cap_stream,
    gemini_stop_stream,
    gemini_tools_stream,
    gemini_thoughts_stream,
)
TEXTS = (*ANSWERS, *STREAMS, gemini_stream_array)

any_answer = offered("any_gemini_answer", *ANSWERS, *MEDIA)
any_stream = offered("any_gemini_stream", *STREAMS)
any_series = offered("any_gemini_series", *STREAMS, gemini_stream_array)
any_reply = offered("any_gemini_reply", *TEXTS, *MEDIA)
later_reply = offered("later_gemini_reply", *(p for p in (*TEXTS, *MEDIA) if p is not gemini_answer))
ordered = offered("gemini_ordered", gemini_stream_array)
ordered_in_snake_case = offered("gemini_ordered_in_snake_case", gemini_snake)
any_tool_reply = offered("any_gemini_tool_reply", gemini_tool_loop, gemini_tool_none, gemini_tools_stream)
any_echo = group("any_gemini_echo", gemini_echo, gemini_echo_stream)
any_cap = group("any_gemini_cap", gemini_cap, gemini_cap_stream)
any_v1 = group("any_gemini_v1", gemini_v1, gemini_stop_stream)
stopped = offered("gemini_stopped", gemini_stop_stream)
any_image = group("any_gemini_image", gemini_image, gemini_image_wide)
any_embedding = group("any_gemini_embedding", gemini_embed, gemini_embed_batch)
