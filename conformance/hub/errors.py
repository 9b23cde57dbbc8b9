"""Refusals, and the envelopes in which each family wants to read them."""

from collections.abc import Callable, Mapping
from dataclasses import dataclass, field
from typing import Any

from starlette.responses import JSONResponse

GOOGLE_STATUS = {
    400: "INVALID_ARGUMENT",
    401: "UNAUTHENTICATED",
    403: "PERMISSION_DENIED",
    404: "NOT_FOUND",
    405: "UNIMPLEMENTED",
    409: "ABORTED",
    413: "INVALID_ARGUMENT",
    415: "INVALID_ARGUMENT",
    429: "RESOURCE_EXHAUSTED",
    500: "INTERNAL",
    501: "UNIMPLEMENTED",
    503: "UNAVAILABLE",
    504: "DEADLINE_EXCEEDED",
}
CLAUDE_TYPE = {
    400: "invalid_request_error",
    401: "authentication_error",
    403: "permission_error",
    404: "not_found_error",
    413: "request_too_large",
    429: "rate_limit_error",
    500: "api_error",
    501: "api_error",
    503: "overloaded_error",
}
MIDJOURNEY_CODE = {400: 4, 404: 3, 429: 23}


@dataclass
class HubError(Exception):
    """A refusal. `param` names the offending field, `code` is the stable word for programs; both may be unknown."""

    status: int
    message: str
    code: str | None = None
    param: str | None = None
    type: str = "invalid_request_error"
    headers: Mapping[str, str] = field(default_factory=dict)

    def __str__(self) -> str:
        return f"{self.status} {self.code}: {self.message}"


class GateError(HubError):
    """A refusal before the request reaches its family: such stages know no task formats and answer as OpenAI does."""


def invalid(message: str, param: str | None = None, code: str = "invalid_value") -> HubError:
    """400 for a request that cannot be served as it stands."""
    return HubError(400, message, code=code, param=param)


def missing(param: str) -> HubError:
    """400 for a required field that is absent or null."""
    return invalid(f"Missing required parameter: '{param}'.", param, "missing_required_parameter")


def unknown_model(model: str, param: str = "model") -> HubError:
    """404 for a model that the hub does not have."""
    return HubError(404, f"The model {shown(model)} does not exist.", code="model_not_found", param=param)


def shown(text: str, limit: int = 80) -> str:
    """`text` quoted for a message, cut when long."""
    return repr(text if len(text) <= limit else text[:limit] + "...")


def _openai(error: HubError, _request_id: str) -> dict[str, Any]:
    return {"error": {"message": error.message, "type": error.type, "param": error.param, "code": error.code}}


def _claude(error: HubError, request_id: str) -> dict[str, Any]:
    kind = CLAUDE_TYPE.get(error.status, "invalid_request_error" if error.status < 500 else "api_error")
    return {"type": "error", "error": {"type": kind, "message": error.message}, "request_id": request_id}


def _gemini(error: HubError, _request_id: str) -> dict[str, Any]:
    status = GOOGLE_STATUS.get(error.status, "INVALID_ARGUMENT" if error.status < 500 else "INTERNAL")
    return {"error": {"code": error.status, "message": error.message, "status": status}}


def _task(error: HubError, _request_id: str) -> dict[str, Any]:
    return {"code": error.code or error.type, "message": error.message, "data": None}


def _midjourney(error: HubError, _request_id: str) -> dict[str, Any]:
    code = MIDJOURNEY_CODE.get(error.status, 4)
    return {"description": error.message, "type": "upstream_error", "code": code}


def _api(error: HubError, _request_id: str) -> dict[str, Any]:
    return {"success": False, "message": error.message}


ENVELOPES: dict[str, Callable[[HubError, str], dict[str, Any]]] = {
    "openai": _openai,
    "claude": _claude,
    "gemini": _gemini,
    "task": _task,
    "midjourney": _midjourney,
    "api": _api,
}


def refusal(error: HubError, envelope: str, request_id: str) -> JSONResponse:
    """The reply that carries `error` in the named envelope. A failure that no retry can cure says so to the clients."""
    headers = dict(error.headers)
    if error.status >= 500 or error.status in (408, 409):
        headers.setdefault("x-should-retry", "false")
    return JSONResponse(ENVELOPES[envelope](error, request_id), error.status, headers)
