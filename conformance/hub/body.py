"""Reads request bodies: bounded, and strict about what JSON is (RFC 8259)."""

import json
import math
from typing import Any, Never

from starlette.requests import Request

from conformance.hub.errors import HubError, invalid

LARGEST_BODY = 32 * 1024 * 1024
DEEPEST_NESTING = 100
WIDEST_INTEGER = 1023  # bits: what still fits a double


async def read_body(request: Request) -> bytes:
    """The whole body; 413 as soon as it is known to be too large, 415 for a content coding."""
    if request.headers.get("content-encoding", "identity").lower() not in ("", "identity"):
        raise HubError(415, "Request bodies must not be compressed.", "unsupported_encoding", None)
    declared = request.headers.get("content-length", "0")
    if declared.isdecimal() and int(declared) > LARGEST_BODY:
        raise _too_large()
    pieces, size = [], 0
    async for piece in request.stream():
        size += len(piece)
        if size > LARGEST_BODY:
            raise _too_large()
        pieces.append(piece)
    return b"".join(pieces)


async def read_json(request: Request) -> dict[str, Any]:
    """The body as a JSON object. An absent content type counts as JSON; any other type is refused with 415."""
    media_type = request.headers.get("content-type", "application/json").partition(";")[0].strip().lower()
    if media_type != "application/json":
        raise HubError(415, "The content type must be application/json.", "unsupported_media_type")
    value = parse_json(await read_body(request))
    if not isinstance(value, dict):
        raise invalid("The request body must be a JSON object.", code="invalid_json")
    return value


def parse_json(body: bytes) -> Any:
    """Parses strictly: no NaN, no numbers beyond a double, no lone surrogates, bounded depth. Raises `HubError` 400."""
    try:
        value = json.loads(body.decode("utf-8"), parse_constant=_no_constant, parse_float=_finite)
    except UnicodeDecodeError:
        raise invalid("The request body is not valid UTF-8.", code="invalid_json") from None
    except (ValueError, RecursionError):
        raise invalid("The request body is not valid JSON.", code="invalid_json") from None
    _check_soundness(value)
    return value


def _check_soundness(value: Any) -> None:
    level, depth = [value], 0
    while level:
        if depth > DEEPEST_NESTING:
            raise invalid("The request body is nested too deeply.", code="invalid_json")
        below: list[Any] = []
        for node in level:
            if isinstance(node, str):
                _check_text(node)
            elif isinstance(node, dict):
                below.extend(node)
                below.extend(node.values())
            elif isinstance(node, list):
                below.extend(node)
            elif isinstance(node, int) and node.bit_length() > WIDEST_INTEGER:
                raise invalid("A number in the request body is out of range.", code="invalid_json")
        level, depth = below, depth + 1


def _check_text(text: str) -> None:
    if text.isascii():
        return
    try:
        text.encode()
    except UnicodeEncodeError:
        raise invalid("A string in the request body holds half of a surrogate pair.", code="invalid_json") from None


def _no_constant(name: str) -> Never:
    raise ValueError(f"{name} is not JSON")


def _finite(digits: str) -> float:
    number = float(digits)
    if not math.isfinite(number):
        raise ValueError("number out of range")
    return number


def _too_large() -> HubError:
    return HubError(413, f"The request body is larger than {LARGEST_BODY} bytes.", "request_too_large")
