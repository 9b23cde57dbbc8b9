"""Checks credentials by the schemes that the contract names for a route (`x-hub-auth`)."""

import hmac
from collections.abc import Callable, Iterable, Sequence
from typing import Any

from starlette.requests import HTTPConnection

from conformance.hub.errors import GateError

SUBPROTOCOL = "openai-insecure-api-key."


def _bearer(request: HTTPConnection) -> str | None:
    scheme, _, token = request.headers.get("authorization", "").strip().partition(" ")
    return token.strip() if scheme.lower() == "bearer" else None


def _query_key(request: HTTPConnection) -> str | None:
    return request.query_params.get("key")


def _subprotocol(request: HTTPConnection) -> str | None:
    offered = (item.strip() for item in request.headers.get("sec-websocket-protocol", "").split(","))
    return next((item[len(SUBPROTOCOL) :] for item in offered if item.startswith(SUBPROTOCOL)), None)


def _session(request: HTTPConnection) -> str | None:
    """The dashboard session of this hub: the cookie `session` holds the token, `New-Api-User` says user 1."""
    return request.cookies.get("session") if request.headers.get("new-api-user") == "1" else None


SCHEMES: dict[str, Callable[[HTTPConnection], str | None]] = {
    "bearer": _bearer,
    "x-api-key": lambda request: request.headers.get("x-api-key"),
    "x-goog-api-key": lambda request: request.headers.get("x-goog-api-key"),
    "query-key": _query_key,
    "ws-subprotocol": _subprotocol,
    "session": _session,
}


def account_of(request: HTTPConnection[Any], schemes: Iterable[str], tokens: Sequence[str]) -> int | None:
    """Whose token one of the accepted `schemes` presents, by its place in `tokens`; None where none is wanted.

    Raises 401 when it is nobody's. What was presented is never repeated."""
    accepted = tuple(schemes)
    if "none" in accepted:
        return None
    presented = [key for scheme in accepted if (key := SCHEMES[scheme](request)) is not None]
    for place, token in enumerate(tokens):
        if token and any(hmac.compare_digest(key.encode(), token.encode()) for key in presented):
            return place
    what = "The credential is not valid." if presented else "No credential was given."
    raise GateError(401, what, "invalid_api_key", headers={"www-authenticate": 'Bearer realm="hub"'})
