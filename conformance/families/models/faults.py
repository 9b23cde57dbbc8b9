"""Faults of the model lists."""

from collections.abc import Callable
from typing import Any

from conformance.hub.faults.base import Ask, Reply, Spoil, fault

LIST = "list-models-openai"
GEMINI_LIST = "list-models-gemini"


def _is_openai_list(ask: Ask, reply: Reply) -> bool:
    selected = ask.header("anthropic-version") or ask.header("x-goog-api-key") or "key=" in ask.query
    return ask.operation == LIST and ask.method == "GET" and reply.status == 200 and not selected


def _entries(reply: Reply, change: Callable[[dict[str, Any]], dict[str, Any]]) -> Reply:
    value = reply.json
    return reply.with_json({**value, "data": [change(entry) for entry in value["data"]]})


def _retrieves(ask: Ask) -> bool:
    return ask.path.startswith("/v1/models/") and ask.method == "GET" and len(ask.path) > len("/v1/models/")


@fault(
    "models.list.no-owner",
    "Entries lack owned_by.",
    "models.list.shape",
    also={"models.retrieve.same": "the entry lacks what the retrieved model has"},
    source="pollinations/pollinations#13839",
)
def no_owner(ask: Ask, reply: Reply) -> Reply:
    if not _is_openai_list(ask, reply):
        return reply
    return _entries(reply, lambda entry: {name: value for name, value in entry.items() if name != "owned_by"})


@fault(
    "models.list.bare-array",
    "The list is a bare array.",
    "models.list.shape",
    source="openai-python raises on a bare array",
)
def bare_array(ask: Ask, reply: Reply) -> Reply:
    return reply.with_json(reply.json["data"]) if _is_openai_list(ask, reply) else reply


@fault(
    "models.list.other-wrapper",
    "The list stands under models instead of data.",
    "models.list.shape",
    also={"models.list.not-empty": "there are no entries under data"},
    source="ollama's own list, sent on the OpenAI path",
)
def other_wrapper(ask: Ask, reply: Reply) -> Reply:
    if not _is_openai_list(ask, reply):
        return reply
    return reply.with_json({"object": "list", "models": reply.json["data"]})


@fault(
    "models.list.created-text",
    "The time of creation is a text.",
    "models.list.shape",
    source="pydantic models of OpenAI clients want an integer",
)
def created_text(ask: Ask, reply: Reply) -> Reply:
    if not _is_openai_list(ask, reply):
        return reply
    return _entries(reply, lambda entry: {**entry, "created": "2025-01-01T00:00:00Z"})


@fault(
    "models.list.object-of-entries",
    "Entries call themselves a list.",
    "models.list.shape",
    also={"models.retrieve.same": "the retrieved model calls itself a model"},
    source="OpenAI OpenAPI description, Model.object",
)
def object_of_entries(ask: Ask, reply: Reply) -> Reply:
    return _entries(reply, lambda entry: {**entry, "object": "list"}) if _is_openai_list(ask, reply) else reply


@fault(
    "models.list.empty",
    "The list is empty.",
    "models.list.not-empty",
    source="logic: the caller's group has no channel",
)
def empty(ask: Ask, reply: Reply) -> Reply:
    return reply.with_json({"object": "list", "data": []}) if _is_openai_list(ask, reply) else reply


@fault(
    "models.list.twice",
    "A model that two channels serve is listed twice.",
    "models.list.unique",
    source="logic: the list is made of channels and not of models",
)
def twice(ask: Ask, reply: Reply) -> Reply:
    if not _is_openai_list(ask, reply):
        return reply
    data = reply.json["data"]
    return reply.with_json({"object": "list", "data": [*data, {**data[0], "owned_by": "another-channel"}]})


@fault(
    "models.list.flickers",
    "Every list but the first one lacks a model, each time another one.",
    "models.list.stable",
    source="logic: channels that are cooling down are left out",
    stateful=True,
)
def flickers() -> Spoil:
    seen = 0

    def spoil(ask: Ask, reply: Reply) -> Reply:
        nonlocal seen
        if not _is_openai_list(ask, reply):
            return reply
        seen += 1
        data = reply.json["data"]
        kept = [entry for number, entry in enumerate(data) if seen == 1 or number != len(data) - seen % len(data) - 1]
        return reply.with_json({"object": "list", "data": kept})

    return spoil


@fault(
    "models.created.of-the-request",
    "The time of creation is that of the request.",
    "models.created.stable",
    source="ggml-org/llama.cpp, model list of the server",
)
def created_now(ask: Ask, reply: Reply) -> Reply:
    if not _is_openai_list(ask, reply):
        return reply
    return _entries(reply, lambda entry: {**entry, "created": 1_760_000_000 + ask.number})


@fault(
    "models.created.milliseconds",
    "The time of creation is in milliseconds.",
    "models.created.seconds",
    source="Date.now() of JavaScript servers",
)
def created_milliseconds(ask: Ask, reply: Reply) -> Reply:
    if not _is_openai_list(ask, reply):
        return reply
    return _entries(reply, lambda entry: {**entry, "created": entry["created"] * 1000})


@fault(
    "models.endpoint-types.numbers",
    "Endpoint types are the numbers of the hub's own table.",
    "models.list.endpoint-types",
    also={"models.list.shape": "the documents say that they are words"},
    source="logic: an enumeration written without its names",
)
def numbered_types(ask: Ask, reply: Reply) -> Reply:
    if not _is_openai_list(ask, reply):
        return reply
    return _entries(reply, lambda entry: {**entry, "supported_endpoint_types": [1, 2]})


@fault(
    "models.endpoint-types.unknown",
    "Endpoint types are paths.",
    "models.list.endpoint-types",
    source="logic: the route is written where its name belongs",
)
def path_types(ask: Ask, reply: Reply) -> Reply:
    if not _is_openai_list(ask, reply):
        return reply
    return _entries(reply, lambda entry: {**entry, "supported_endpoint_types": ["/v1/chat/completions"]})


@fault(
    "models.retrieve.other-owner",
    "A model retrieved by its name has another owner than in the list.",
    "models.retrieve.same",
    source="pollinations/pollinations#13795",
)
def other_owner(ask: Ask, reply: Reply) -> Reply:
    if not _retrieves(ask) or reply.status != 200:
        return reply
    return reply.with_json({**reply.json, "owned_by": "custom"})


@fault(
    "models.retrieve.first-only",
    "Only the first listed model can be retrieved.",
    "models.retrieve.same",
    also={"models.retrieve.slash": "the model with a slash in its name is not the first one"},
    source="pollinations/pollinations#13795",
)
def first_only(ask: Ask, reply: Reply) -> Reply:
    if not _retrieves(ask) or reply.status != 200 or ask.path.endswith("/gpt-4o-mini"):
        return reply
    return _not_found(reply)


def _not_found(reply: Reply) -> Reply:
    error = {"message": "There is no such model.", "type": "invalid_request_error", "param": None, "code": None}
    return reply.with_status(404).with_json({"error": error})


@fault(
    "models.retrieve.slash",
    "A slash in a model's name, percent-encoded, is taken for the end of the name.",
    "models.retrieve.slash",
    also={"models.retrieve.same": "a listed model cannot be retrieved"},
    source="openai-python 2.x percent-encodes the slash",
)
def slash(ask: Ask, reply: Reply) -> Reply:
    return _not_found(reply) if _retrieves(ask) and ask.path.count("/") > 3 and reply.status == 200 else reply


@fault(
    "models.retrieve.unknown-exists",
    "An unknown model is made up on the spot.",
    "models.retrieve.unknown",
    source="logic: the route echoes the name that it is given",
)
def unknown_exists(ask: Ask, reply: Reply) -> Reply:
    if not _retrieves(ask) or reply.status != 404:
        return reply
    name = ask.path.removeprefix("/v1/models/")
    made_up = {"id": name, "object": "model", "created": 0, "owned_by": "system"}
    return reply.with_status(200).with_json(made_up)


@fault(
    "models.retrieve.unknown-empty",
    "An unknown model is a 200 with an empty body.",
    "models.retrieve.unknown",
    source="epam/ai-dial-chat#7926",
)
def unknown_empty(ask: Ask, reply: Reply) -> Reply:
    if not _retrieves(ask) or reply.status != 404:
        return reply
    return reply.with_status(200).without_header("content-type").with_body(b"")


@fault(
    "models.retrieve.unknown-error-in-200",
    "An unknown model is a 200 with an error in it.",
    "models.retrieve.unknown",
    "errors.status",
    source="QuantumNous/new-api, retrieve model",
)
def unknown_error(ask: Ask, reply: Reply) -> Reply:
    return reply.with_status(200) if _retrieves(ask) and reply.status == 404 else reply


@fault(
    "models.retrieve.unknown-detail",
    "The refusal of an unknown model has the body of the web framework.",
    "models.retrieve.unknown-envelope",
    source="BerriAI/litellm#1554, on another route",
)
def unknown_detail(ask: Ask, reply: Reply) -> Reply:
    return reply.with_json({"detail": "Not Found"}) if _retrieves(ask) and reply.status == 404 else reply


def _is_gemini_list(ask: Ask, reply: Reply) -> bool:
    return ask.operation == GEMINI_LIST and ask.method == "GET" and reply.status == 200


@fault(
    "models.gemini.openai-shape",
    "The Google path has the list in the OpenAI format.",
    "models.gemini.shape",
    source="google-genai returns an empty list",
)
def openai_shape(ask: Ask, reply: Reply) -> Reply:
    if not _is_gemini_list(ask, reply):
        return reply
    names = [model["name"].removeprefix("models/") for model in reply.json["models"]]
    data = [{"id": name, "object": "model", "created": 0, "owned_by": "google"} for name in names]
    return reply.with_json({"object": "list", "data": data})


@fault(
    "models.gemini.null-limits",
    "Unknown limits are null in the Google list.",
    "models.gemini.shape",
    source="QuantumNous/new-api: numbers that are not filled in",
)
def null_limits(ask: Ask, reply: Reply) -> Reply:
    if not _is_gemini_list(ask, reply):
        return reply
    models = [{**model, "inputTokenLimit": None} for model in reply.json["models"]]
    return reply.with_json({"models": models})


@fault(
    "models.gemini.twice",
    "A model stands twice in the Google list.",
    "models.gemini.unique",
    source="logic: the list is made of channels and not of models",
)
def gemini_twice(ask: Ask, reply: Reply) -> Reply:
    if not _is_gemini_list(ask, reply):
        return reply
    models = reply.json["models"]
    return reply.with_json({"models": [*models, models[0]]})


@fault(
    "models.gemini.bare-names",
    "Names in the Google list are bare ids.",
    "models.gemini.names",
    source="QuantumNous/new-api: names without models/",
)
def bare_names(ask: Ask, reply: Reply) -> Reply:
    if not _is_gemini_list(ask, reply):
        return reply
    models = [{**model, "name": model["name"].removeprefix("models/")} for model in reply.json["models"]]
    return reply.with_json({"models": models})


def _openai_list(reply: Reply) -> Reply:
    entry = {"id": "gpt-4o-mini", "object": "model", "created": 1_735_689_600, "owned_by": "openai"}
    return reply.with_json({"object": "list", "data": [entry]})


@fault(
    "models.shared-path.no-anthropic",
    "The Anthropic clients get the OpenAI list.",
    "models.shared-path.anthropic",
    also={"claude.models.bearer": "it asks for the same list with a bearer token alone"},
    source="anthropic-python leaves display_name and created_at null",
)
def no_anthropic(ask: Ask, reply: Reply) -> Reply:
    chosen = ask.operation == LIST and ask.header("anthropic-version") and reply.status == 200
    return _openai_list(reply) if chosen else reply


@fault(
    "models.shared-path.no-google",
    "The Google clients get the OpenAI list.",
    "models.shared-path.google",
    source="google-genai returns an empty list",
)
def no_google(ask: Ask, reply: Reply) -> Reply:
    chosen = ask.operation == LIST and ask.header("x-goog-api-key") and reply.status == 200
    return _openai_list(reply) if chosen else reply
