"""Smaller requests that may show the same: parts are left out one by one, as long as the finding stays."""

from __future__ import annotations

import copy
import json
from collections.abc import Awaitable, Callable, Iterator
from dataclasses import replace
from typing import Any

from conformance.fuzz.case import JSON_TYPE, Case
from conformance.wire import strictjson

NAMES = (("model",), ("role",), ("type",))
"""Members whose text names something: half of it would name nothing."""
SHORT_TEXT = 24
"""A longer text in a request is replaced by half of it, as long as the finding stays."""


async def shrink(case: Case, still: Callable[[Case], Awaitable[bool]], tries: int) -> tuple[Case, bool]:
    """The smallest request found that `still` holds for, and whether every smaller one was tried.

    Deterministic: the candidates depend on the request alone. `still` is asked at most `tries` times.
    """
    progress = True
    while progress:
        progress = False
        for candidate in smaller(case):
            if tries <= 0:
                return case, False
            tries -= 1
            if await still(candidate):
                case, progress = candidate, True
                break
    return case, True


def smaller(case: Case) -> Iterator[Case]:
    """Requests with one thing less, the biggest steps first."""
    bare = _without_query(case)
    if bare is not None:
        yield bare
    if case.media_type != JSON_TYPE:
        return
    try:
        value = strictjson.parse(case.body)
    except (ValueError, RecursionError):
        return
    for changed in sorted(_less(value), key=_size):
        body = _bytes(changed)
        if len(body) < len(case.body):
            yield replace(case, body=body)


def _without_query(case: Case) -> Case | None:
    path, mark, query = case.path.partition("?")
    return replace(case, path=path) if mark and query else None


def _size(value: Any) -> int:
    return len(_bytes(value))


def _bytes(value: Any) -> bytes:
    try:
        return json.dumps(value, ensure_ascii=False).encode()
    except UnicodeEncodeError:
        return json.dumps(value).encode()


def _less(value: Any) -> Iterator[Any]:
    for pointer, node in _nodes(value):
        if pointer[-1:] not in NAMES:
            for changed in _steps(node):
                yield _with(value, pointer, changed)


def _steps(node: Any) -> Iterator[Any]:
    if isinstance(node, dict):
        for name in node:
            yield {key: item for key, item in node.items() if key != name}
    elif isinstance(node, list):
        for index in range(len(node)):
            yield node[:index] + node[index + 1 :]
    elif isinstance(node, str) and len(node) > SHORT_TEXT:
        yield node[: len(node) // 2]
        yield node[len(node) // 2 :]


def _nodes(value: Any, at: tuple[Any, ...] = ()) -> Iterator[tuple[tuple[Any, ...], Any]]:
    yield at, value
    inner = value.items() if isinstance(value, dict) else enumerate(value) if isinstance(value, list) else ()
    for key, item in inner:
        yield from _nodes(item, (*at, key))


def _with(value: Any, pointer: tuple[Any, ...], new: Any) -> Any:
    if not pointer:
        return new
    changed = copy.deepcopy(value)
    node = changed
    for key in pointer[:-1]:
        node = node[key]
    node[pointer[-1]] = new
    return changed
