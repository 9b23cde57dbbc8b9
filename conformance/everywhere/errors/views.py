"""Reading of error bodies, whatever their envelope."""

from __future__ import annotations

import re
from functools import cache
from typing import Any
from urllib.parse import urlsplit

from conformance.engine.contract import load_contract
from conformance.engine.probe import WRONG_TOKEN, Conversation, load_registry
from conformance.everywhere.common import NOT_SERVED, operation_of, refused
from conformance.wire.exchange import Exchange

LONGEST_READ = 64 * 2**10
PAGE = re.compile(r"<!doctype html|<html[\s>]|<head[\s>]|<body[\s>]", re.IGNORECASE)
PRIVATE_HOST = (
    r"(?:10(?:\.\d{1,3}){3}|127(?:\.\d{1,3}){3}|192\.168(?:\.\d{1,3}){2}|172\.(?:1[6-9]|2\d|3[01])(?:\.\d{1,3}){2}"
    r"|169\.254(?:\.\d{1,3}){2}|localhost|\[::1\]|[\w.-]+\.(?:svc\.cluster\.local|internal))"
)
INTERNAL = re.compile(rf"(?://{PRIVATE_HOST}(?![\w.-])|(?<![\w.]){PRIVATE_HOST}:\d{{2,5}}\b)", re.IGNORECASE)
CREDENTIAL = re.compile(
    r"\bsk-(?:ant-|proj-|or-)?[A-Za-z0-9_-]{20,}|\bAIza[0-9A-Za-z_-]{30,}|\bBearer\s+[A-Za-z0-9._~+/-]{20,}"
)


CLIENT, UNKNOWN_FIELD, LOWER_CASE, SPELLING = "client", "unknown field", "lower case", "spelling"
ODDITIES = (CLIENT, UNKNOWN_FIELD, LOWER_CASE, SPELLING)
"""In which ways a valid request may be odd: what clients add to it, a made-up field, a scheme word, its spelling."""


def odd(exchanges: Conversation, oddity: str) -> Exchange:
    """The reply to an oddity: to all together where that was served, else to this one alone."""
    together, *alone = exchanges[1:]
    number = ODDITIES.index(oddity)
    return together if together.ok or number >= len(alone) else alone[number]


def message_of(value: Any) -> Any:
    """What an error body has to say to people, None when it has no place for it."""
    if not isinstance(value, dict):
        return None
    error = value.get("error")
    if isinstance(error, dict):
        return error.get("message")
    if isinstance(error, str):
        return error
    return value.get("message", value.get("description"))


def is_error_body(value: Any) -> bool:
    """Whether a JSON body is an error and nothing else: an error member or `success: false`, and no result beside."""
    if not isinstance(value, dict):
        return False
    if value.get("type") == "error" or value.get("success") is False:
        return True
    error = value.get("error")
    results = ("id", "object", "status", "data", "choices", "output", "candidates", "content", "results", "task_id")
    return bool(error) and isinstance(error, dict | str) and not any(name in value for name in results)


def may_be_absent(exchange: Exchange) -> bool:
    """Whether a refusal may say that the operation is not there, where no plain question has shown the opposite."""
    op = operation_of(exchange)
    if op is None or exchange.status not in NOT_SERVED:
        return False
    return exchange.status == 501 or op.cost == "expensive" or op.task != "none" or op.id not in _plainly_asked()


@cache
def _plainly_asked() -> frozenset[str]:
    """The operations that some probe asks plainly: a judge gets to see their refusals only where they are served."""
    registry = load_registry(load_contract())
    bases = (slot for probe in registry.probes.values() if probe.base for slot in registry.slots(probe.name))
    return frozenset(slot.operation for slot in bases)


def refusals_in(exchanges: tuple[Exchange, ...]) -> list[Exchange]:
    """The refused ones that are about an operation which the hub has, refused credentials left out."""
    return [
        e
        for e in exchanges
        if refused(e)
        and e.request.method != "HEAD"
        and e.status != 401
        and e.request.operation is not None
        and not may_be_absent(e)
    ]


def own_words(exchange: Exchange) -> str:
    """The text of a reply without what the suite itself has told the hub: its address, and the wrong token."""
    text = exchange.text[:LONGEST_READ].replace(WRONG_TOKEN, "")
    parts = urlsplit(exchange.request.url)
    for own in (parts.netloc, f"{parts.hostname}:{parts.port}", f"//{parts.hostname}"):
        text = text.replace(own, "")
    return text
