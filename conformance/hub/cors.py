"""Browser access: the lists of the Fetch standard's CORS protocol. No cookies are involved, so any origin may ask."""

from starlette.datastructures import Headers
from starlette.responses import Response

METHODS = "GET, HEAD, POST, PUT, PATCH, DELETE, OPTIONS"
HEADERS = (
    "authorization, content-type, accept, x-api-key, x-goog-api-key, x-goog-api-client, anthropic-version, "
    "anthropic-beta, anthropic-dangerous-direct-browser-access, new-api-user, openai-organization, openai-project, "
    "openai-beta, idempotency-key, x-request-id, x-stainless-arch, x-stainless-custom-poll-interval, "
    "x-stainless-helper-method, x-stainless-lang, x-stainless-os, x-stainless-package-version, "
    "x-stainless-poll-helper, x-stainless-retry-count, x-stainless-runtime, x-stainless-runtime-version, "
    "x-stainless-timeout"
)
EXPOSED = "x-request-id, request-id, retry-after, x-should-retry"


def is_preflight(method: str, headers: Headers) -> bool:
    """Whether a browser asks for permission, without credentials, before the real request."""
    return method == "OPTIONS" and "origin" in headers and "access-control-request-method" in headers


def preflight() -> Response:
    """The permission; the origin itself is added like on every other reply."""
    lists = {
        "access-control-allow-methods": METHODS,
        "access-control-allow-headers": HEADERS,
        "access-control-max-age": "600",
    }
    return Response(status_code=204, headers=lists)


def reply_headers(headers: Headers) -> list[tuple[bytes, bytes]]:
    """What is added to every reply to a request of a browser page."""
    if "origin" not in headers:
        return []
    return [(b"access-control-allow-origin", b"*"), (b"access-control-expose-headers", EXPOSED.encode())]
