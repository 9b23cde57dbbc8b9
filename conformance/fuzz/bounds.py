"""What a fuzz run never sends, so that nobody is surprised by a bill."""

from __future__ import annotations

from collections.abc import Iterator, Mapping
from typing import Any

from conformance.engine.contract import Operation
from conformance.engine.target import Target
from conformance.fuzz.case import JSON_TYPE, Case
from conformance.fuzz.validity import Fit, Validity, form_fields
from conformance.wire import strictjson

LARGEST: Mapping[str, float] = {
    "max_tokens": 16,
    "max_completion_tokens": 16,
    "max_output_tokens": 16,
    "maxOutputTokens": 16,
    "budget_tokens": 1024,
    "n": 2,
    "best_of": 2,
    "candidateCount": 2,
    "num_images": 1,
    "duration": 5,
    "seconds": 4,
    "fps": 30,
    "width": 1024,
    "height": 1024,
    "dimensions": 1024,
    "outputDimensionality": 1024,
}
"""Members of request bodies that decide what an answer costs, with the most that is asked for."""
LARGEST_BODY = 1 << 16
LONGEST_LIST = 64
"""Entries of a list in a body: many operations do the work once for each."""
OUTPUT_LIMITS: Mapping[str, tuple[str, ...]] = {
    "chat": ("max_tokens", "max_completion_tokens"),
    "playground": ("max_tokens", "max_completion_tokens"),
    "completions": ("max_tokens",),
    "claude": ("max_tokens",),
    "responses": ("max_output_tokens",),
}
"""Top-level members of which one has to be there, by family, lest an answer be as long as the model likes."""


def too_costly(operation: Operation, case: Case, validity: Validity, target: Target) -> str:
    """Why a request must not be sent to this hub; empty when it may."""
    if not target.may_ask(operation.cost) and validity.fit is not Fit.INVALID:
        return "it asks for work that costs real money"
    if len(case.body) > LARGEST_BODY:
        return f"the body is larger than {LARGEST_BODY} bytes"
    body = _values(case)
    if _longest_list(body) > LONGEST_LIST:
        return f"a list is longer than {LONGEST_LIST}"
    for name, value in _members(body):
        if name in LARGEST and _number(value) > LARGEST[name]:
            return f"{name} is larger than {LARGEST[name]}"
    return "" if target.embedded else _unbounded(operation, body, validity)


def _longest_list(value: Any) -> int:
    if isinstance(value, dict):
        return max(map(_longest_list, value.values()), default=0)
    return max(len(value), *map(_longest_list, value)) if isinstance(value, list) and value else 0


def _unbounded(operation: Operation, body: Any, validity: Validity) -> str:
    limits = OUTPUT_LIMITS.get(operation.family)
    if limits is None or validity.fit is Fit.INVALID or not isinstance(body, dict):
        return ""
    given = [body[name] for name in limits if isinstance(body.get(name), int | float)]
    return "" if given and min(given) > 0 else "nothing bounds the length of the answer"


def _values(case: Case) -> Any:
    if case.media_type != JSON_TYPE:
        return form_fields(case) if case.media_type.startswith("multipart/") else None
    try:
        return strictjson.parse(case.body)
    except (ValueError, RecursionError):
        return None


def _members(value: Any) -> Iterator[tuple[str, Any]]:
    if isinstance(value, dict):
        for name, item in value.items():
            yield name, item
            yield from _members(item)
    elif isinstance(value, list):
        for item in value:
            yield from _members(item)


def _number(value: Any) -> float:
    if isinstance(value, bool) or not isinstance(value, int | float | str):
        return 0
    try:
        return float(value)
    except (ValueError, OverflowError):
        return float("inf") if isinstance(value, int) else 0
