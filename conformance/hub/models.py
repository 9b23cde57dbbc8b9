"""Model lists: one catalogue in the shapes of three vendors, chosen by what the caller sends."""

from collections.abc import Mapping
from datetime import UTC, datetime
from typing import Any

from starlette.requests import HTTPConnection
from starlette.responses import JSONResponse, Response

from conformance.hub.app import Call
from conformance.hub.catalogue import BY_ID, CREATED, ENTRIES, Entry
from conformance.hub.errors import invalid, unknown_model
from conformance.hub.routes import Route

Query = Mapping[str, str]
LARGEST_PAGE = 1000
EVERY_VENDOR = ("bearer", "x-api-key", "x-goog-api-key", "query-key")


def envelope(request: HTTPConnection[Any], route: Route) -> str:
    """The vendor whose shapes the caller reads: `anthropic-version` or a Google key decide on the shared path."""
    if route.path.startswith("/v1beta"):
        return "gemini"
    if "anthropic-version" in request.headers:
        return "claude"
    google = "x-goog-api-key" in request.headers or "key" in request.query_params
    return "gemini" if google else "openai"


async def list_models(call: Call) -> Response:
    """GET /v1/models and /v1beta/models."""
    return JSONResponse(_LISTS[envelope(call.request, call.route)](call.request.query_params))


async def one_model(call: Call) -> Response:
    """GET /v1/models/{model} and /v1beta/models/{model}; the entry equals that of the list."""
    vendor = envelope(call.request, call.route)
    entry = BY_ID.get(call.params["model"])
    if entry is None:
        raise unknown_model(call.params["model"])
    return JSONResponse(_ENTRIES[vendor](entry))


def _openai(entry: Entry) -> dict[str, Any]:
    return {
        "id": entry.id,
        "object": "model",
        "created": CREATED,
        "owned_by": entry.owner,
        "supported_endpoint_types": list(entry.formats),
    }


def _claude(entry: Entry) -> dict[str, Any]:
    created = datetime.fromtimestamp(CREATED, UTC).strftime("%Y-%m-%dT%H:%M:%SZ")
    return {"id": entry.id, "type": "model", "display_name": entry.name, "created_at": created}


def _gemini(entry: Entry) -> dict[str, Any]:
    return {
        "name": f"models/{entry.id}",
        "version": "001",
        "displayName": entry.name,
        "description": f"A {entry.kind} model of the reference hub.",
        "inputTokenLimit": 131_072,
        "outputTokenLimit": 16_384,
        "supportedGenerationMethods": list(entry.methods),
    }


def _openai_list(_: Query) -> dict[str, Any]:
    return {"object": "list", "data": [_openai(entry) for entry in ENTRIES]}


def _claude_list(query: Query) -> dict[str, Any]:
    """One page: the models behind `after_id` or before `before_id`, all of them without `limit`."""
    limit = _limit(query)
    after, before = (_place(query, name) for name in ("after_id", "before_id"))
    first = 0 if after is None else after + 1
    last = len(ENTRIES) if before is None else before
    if limit is not None and after is None and before is not None:
        first = max(first, last - limit)
    page = [_claude(entry) for entry in ENTRIES[first:last][:limit]]
    more = first > 0 if after is None and before is not None else first + len(page) < last
    ends = (page[0]["id"], page[-1]["id"]) if page else (None, None)
    return {"data": page, "has_more": more, "first_id": ends[0], "last_id": ends[1]}


def _limit(query: Query) -> int | None:
    if "limit" not in query:
        return None
    text = query["limit"]
    if not (text.isascii() and text.isdigit() and len(text) <= 4 and 1 <= int(text) <= LARGEST_PAGE):
        raise invalid(f"'limit' must be a number from 1 to {LARGEST_PAGE}.", "limit")
    return int(text)


def _place(query: Query, name: str) -> int | None:
    if name not in query:
        return None
    if query[name] not in BY_ID:
        raise invalid(f"'{name}' names no model of this list.", name)
    return ENTRIES.index(BY_ID[query[name]])


def _gemini_list(_: Query) -> dict[str, Any]:
    return {"models": [_gemini(entry) for entry in ENTRIES]}


_ENTRIES = {"openai": _openai, "claude": _claude, "gemini": _gemini}
_LISTS = {"openai": _openai_list, "claude": _claude_list, "gemini": _gemini_list}

HANDLERS = {
    "list-models-openai": list_models,
    "list-models-gemini": list_models,
    "retrieve-model": one_model,
    "retrieve-model-gemini": one_model,
}
ENVELOPES = dict.fromkeys(HANDLERS, envelope)
# The documents promise a bearer token on /v1/models; the vendors' own clients send the key their own way.
ALSO_ACCEPTED = dict.fromkeys(HANDLERS, EVERY_VENDOR)
EXTRA_ROUTES = (
    Route("GET", "/v1/models/{model}", "retrieve-model", "models", EVERY_VENDOR, "openai"),
    Route("GET", "/v1beta/models/{model}", "retrieve-model-gemini", "models", EVERY_VENDOR, "gemini"),
)
