"""Scenes of the Google Gen AI client for Python."""

from __future__ import annotations

from collections.abc import Mapping
from typing import Any

from google import genai
from google.genai import types

from conformance.clients.players.play import Scene, Turn, fingerprint

Request = Mapping[str, Any]


def version() -> str:
    return f"google-genai {genai.__version__}"


def connect(request: Request, key: str = "") -> genai.Client:
    options = types.HttpOptions(
        base_url=request["base_url"], api_version="v1beta", timeout=round(request["seconds"] * 1000)
    )
    return genai.Client(vertexai=False, api_key=key or request["key"], http_options=options)


def answer(said: types.GenerateContentResponse) -> Turn:
    """What an answer holds, as the client hands it over."""
    calls = [(call.name, dict(call.args or {})) for call in said.function_calls or []]
    return {"text": (said.text or "") if not calls else None, "calls": calls, "usage": counts(said.usage_metadata)}


def counts(usage: types.GenerateContentResponseUsageMetadata | None) -> list[int | None] | None:
    return [usage.prompt_token_count, usage.candidates_token_count] if usage else None


def bounded(request: Request) -> types.GenerateContentConfig:
    return types.GenerateContentConfig(max_output_tokens=request["tokens"])


def tools(request: Request, **more: Any) -> types.GenerateContentConfig:
    tool = request["tool"]
    schema = {key: value for key, value in tool["parameters"].items() if key != "additionalProperties"}
    function = types.FunctionDeclaration(
        name=tool["name"], description=tool["description"], parameters_json_schema=schema
    )
    never = types.AutomaticFunctionCallingConfig(disable=True)
    return types.GenerateContentConfig(
        tools=[types.Tool(function_declarations=[function])],
        automatic_function_calling=never,
        max_output_tokens=request["room"],
        **more,
    )


def forced(request: Request) -> types.GenerateContentConfig:
    chosen = types.FunctionCallingConfig(
        mode=types.FunctionCallingConfigMode.ANY, allowed_function_names=[request["tool"]["name"]]
    )
    return tools(request, tool_config=types.ToolConfig(function_calling_config=chosen))


def generate(request: Request) -> list[Turn]:
    client = connect(request)
    said = client.models.generate_content(
        model=request["models"]["gemini"], contents=request["task"], config=bounded(request)
    )
    return [answer(said)]


def stream(request: Request) -> list[Turn]:
    client = connect(request)
    chunks = list(
        client.models.generate_content_stream(
            model=request["models"]["gemini"], contents=request["task"], config=bounded(request)
        )
    )
    told = [counts(chunk.usage_metadata) for chunk in chunks if chunk.usage_metadata]
    return [{"text": "".join(chunk.text or "" for chunk in chunks), "calls": [], "usage": told[-1] if told else None}]


def tools_stream(request: Request) -> list[Turn]:
    client = connect(request)
    chunks = list(
        client.models.generate_content_stream(
            model=request["models"]["gemini"], contents=request["question"], config=forced(request)
        )
    )
    told = [counts(chunk.usage_metadata) for chunk in chunks if chunk.usage_metadata]
    calls = [call for chunk in chunks for call in answer(chunk)["calls"]]
    return [{"calls": calls, "usage": told[-1] if told else None}]


def two_turns(request: Request) -> list[Turn]:
    client, model = connect(request), request["models"]["gemini"]
    question = types.Content(role="user", parts=[types.Part(text=request["question"])])
    first = client.models.generate_content(model=model, contents=[question], config=forced(request))
    if not first.function_calls or not first.candidates or not first.candidates[0].content:
        return [answer(first)]
    results = [
        types.Part.from_function_response(name=call.name or "", response={"result": request["tool_result"]})
        for call in first.function_calls
    ]
    turns = [question, first.candidates[0].content, types.Content(role="user", parts=results)]
    second = client.models.generate_content(model=model, contents=turns, config=tools(request))
    return [answer(first), answer(second)]


def structured(request: Request) -> list[Turn]:
    schema = {key: value for key, value in request["schema"].items() if key != "additionalProperties"}
    config = types.GenerateContentConfig(
        response_mime_type="application/json", response_schema=schema, max_output_tokens=request["room"]
    )
    client = connect(request)
    said = client.models.generate_content(model=request["models"]["gemini"], contents=request["verdict"], config=config)
    return [answer(said) | {"parsed": said.parsed}]


def embed(request: Request) -> list[Turn]:
    client = connect(request)
    said = client.models.embed_content(
        model=request["models"]["embeddings"], contents=[request["task"], request["question"]]
    )
    vectors = [one.values or [] for one in said.embeddings or []]
    return [{"vectors": [fingerprint(vector) for vector in vectors]}]


def models(request: Request) -> list[Turn]:
    client = connect(request)
    return [{"models": [model.name for model in client.models.list()]}]


def wrong_key(request: Request) -> list[Turn]:
    client = connect(request, request["wrong_key"])
    client.models.generate_content(model=request["models"]["gemini"], contents=request["task"], config=bounded(request))
    return []


def wrong_request(request: Request) -> list[Turn]:
    """An answer of less than no token, which the client sends as it is given."""
    config = types.GenerateContentConfig(max_output_tokens=-1)
    client = connect(request)
    client.models.generate_content(model=request["models"]["gemini"], contents=request["task"], config=config)
    return []


SCENES: dict[str, Scene] = {
    scene.__name__: scene
    for scene in (generate, stream, two_turns, tools_stream, structured, embed, models, wrong_key, wrong_request)
}
