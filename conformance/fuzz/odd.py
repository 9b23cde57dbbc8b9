"""Odd requests: the documented example with one thing changed in a way that has broken servers before.

They come from the contract alone, without any randomness, and each is one request: what a random search finds after
hundreds is asked for at once.
"""

from __future__ import annotations

import copy
import json
from collections.abc import Iterator, Mapping
from dataclasses import replace
from typing import Any
from urllib.parse import quote

from conformance.engine.contract import Contract, Operation
from conformance.fuzz.bounds import LARGEST
from conformance.fuzz.case import JSON_TYPE, Case

PHASE = "odd"
INDEPENDENT = frozenset(
    {
        "temperature",
        "top_p",
        "topP",
        "presence_penalty",
        "frequency_penalty",
        "n",
        "max_tokens",
        "max_completion_tokens",
        "max_output_tokens",
        "maxOutputTokens",
        "speed",
        "top_n",
    }
)
"""Numeric members which every value that the contract allows leaves the request one that any model can serve."""
MANY_SCRIPTS = (
    "Grüße, 世界! עולם مرحبا \U0001f469\u200d\U0001f467 e\u0301 \u2028\u202e\ufeff \x7f\n\n"
    'data: [DONE] "quoted" \\back\\slash </script> %00 ${x}'
)
"""Text of many scripts, with everything in it that is quoted, joined or turned around somewhere."""
DEEP = 250
DEEP_JSON = b'{"a":' * DEEP + b"1" + b"}" * DEEP
UNREADABLE = (
    ("an empty body", b""),
    ("null", b"null"),
    ("an empty list", b"[]"),
    ("a number", b"1"),
    ("half of an object", b'{"model":'),
    ("objects in objects, 250 deep", DEEP_JSON),
)
ALMOST_JSON = (
    ("a number that JSON does not have", b"NaN"),
    ("bytes that are no UTF-8", b'"\xff\xfe"'),
)
"""Values that some parsers take, as RFC 8259 section 9 allows them; what matters is how a hub fails on them."""
WORDS_FOR_IDS = (
    ("an id that nobody was given", "hub-conformance-unknown-7Qx4"),
    ("a long id", "a" * 2000),
    ("zero", "0"),
    ("a negative number", "-1"),
    ("two dots", ".."),
    ("U+0000", "\0"),
    ("a quote", "' OR '1'='1"),
    ("another script", "日本語"),
)
NOT_IDS = frozenset({"model", "action", "mode"})


def odd_cases(contract: Contract, operation: Operation, example: Case | None) -> Iterator[Case]:
    """The odd requests of an operation, the likeliest to find something first."""
    yield from _odd_paths(operation)
    if example is None or example.media_type != JSON_TYPE:
        return
    value = json.loads(example.body)
    base = replace(example, phase=PHASE, independent=False)
    for what, changed, independent in _odd_members(contract, operation, value):
        yield replace(base, body=_bytes(changed), what=what, independent=independent)
    for what, changed in _odd_streams(contract, operation, value):
        yield replace(base, body=_bytes(changed), what=what)
    for what, odd in ALMOST_JSON:
        body = b'{"hub_conformance_unknown_member": ' + odd + b", " + example.body[1:]
        yield replace(base, body=body, what=f"the body holds {what}")
    for what, body in UNREADABLE:
        yield replace(base, body=body, what=f"the body is {what}")


def id_parameters(operation: Operation) -> list[str]:
    """Names of the path parameters that name an object which a hub has or has not."""
    return [p["name"] for p in operation.parameters if p["in"] == "path" and p["name"] not in NOT_IDS]


def _odd_paths(operation: Operation) -> Iterator[Case]:
    for name in id_parameters(operation):
        for what, text in WORDS_FOR_IDS:
            path = operation.path_with(**{name: text}).replace("/../", "/%2E%2E/").removesuffix("..")
            headers = ((("Content-Type", JSON_TYPE)),) if operation.content_types else ()
            body = _bytes(operation.request_example(JSON_TYPE)) if JSON_TYPE in operation.content_types else b""
            if not path.endswith("/"):
                yield Case(operation.method, path, headers, body, PHASE, f"{name} is {what}")


def _odd_members(contract: Contract, operation: Operation, value: Any) -> Iterator[tuple[str, Any, bool]]:
    schema = contract.schema(operation.request_schema(JSON_TYPE) or "")
    for what, changed, independent in _odd_numbers(schema.get("properties", {}), value):
        yield what, changed, independent and (operation.cost == "cheap" or not what.startswith("n is"))
    for pointer, old in _scalars(value):
        if isinstance(old, str) and pointer[-1] not in ("model", "role", "type"):
            yield f"{_name(pointer)} holds U+0000", _with(value, pointer, f"{old}\0{old}"), False
            yield f"{_name(pointer)} holds many scripts", _with(value, pointer, MANY_SCRIPTS), _is_prose(pointer)
            yield f"{_name(pointer)} is empty", _with(value, pointer, ""), False
            yield f"{_name(pointer)} holds half of a surrogate pair", _with(value, pointer, "a\ud800b"), False
    for pointer, old in _lists(value):
        yield f"{_name(pointer)} is an empty list", _with(value, pointer, []), False
        yield f"{_name(pointer)} holds null", _with(value, pointer, [None]), False
        yield f"{_name(pointer)} holds a list", _with(value, pointer, [old]), False
    yield "model is unknown", {**value, "model": "hub-conformance-no-such-model"}, False
    yield "a member that no schema names", {**value, "hub_conformance_unknown_member": {"a": [1, None]}}, True
    yield "a very large number", {**value, "hub_conformance_unknown_member": 10**400}, False


def _odd_streams(contract: Contract, operation: Operation, value: Any) -> Iterator[tuple[str, Any]]:
    """The same as a stream, where the body says so: the code that writes streams is another one."""
    trigger = operation.streaming.trigger
    if trigger is None or trigger.where != "body" or not operation.streaming.kind.startswith("sse"):
        return
    schema = contract.schema(operation.request_schema(JSON_TYPE) or "")
    streamed = {**value, trigger.name: trigger.value}
    ends: dict[str, Any] = {}
    for what, changed, independent in _odd_numbers(schema.get("properties", {}), {}):
        if independent and what.endswith((" is 0", " is 1")):
            ends.update({name: number for name, number in changed.items() if name not in ends})
    yield "a stream with every number at its lower end", {**streamed, **ends}
    for pointer, old in _scalars(value):
        if isinstance(old, str) and _is_prose(pointer):
            yield f"a stream, and {_name(pointer)} holds many scripts", _with(streamed, pointer, MANY_SCRIPTS)


def _odd_numbers(properties: Mapping[str, Any], value: Mapping[str, Any]) -> Iterator[tuple[str, Any, bool]]:
    for name, shape in properties.items():
        kinds = shape.get("type") if isinstance(shape, dict) else None
        kinds = {kinds} if isinstance(kinds, str) else {*(kinds or ())}
        if not kinds & {"integer", "number"}:
            continue
        for number in _numbers(name, shape, "integer" in kinds):
            spelled = f"{name} is {json.dumps(number)}"
            yield spelled, {**value, name: number}, name in INDEPENDENT


def _numbers(name: str, shape: Mapping[str, Any], whole: bool) -> list[int | float]:
    """The ends of a member's range, and for an integer a number with a fraction of zero, which JSON Schema allows."""
    low = shape.get("minimum", shape.get("exclusiveMinimum", 0))
    high = min(shape.get("maximum", LARGEST.get(name, low + 3)), LARGEST.get(name, float("inf")))
    if whole:
        low = max(low, 1 if name in LARGEST else low)
        return [low, high, float(min(high, low + 3))] if high > low else [low, float(low)]
    inside = [low, high] if "minimum" in shape else [high]
    return list(dict.fromkeys(inside))


def _is_prose(pointer: tuple[Any, ...]) -> bool:
    return pointer[-1] in ("content", "text", "prompt", "input", "query", "instruction")


def _name(pointer: tuple[Any, ...]) -> str:
    return "/".join(map(str, pointer))


def _scalars(value: Any, at: tuple[Any, ...] = ()) -> Iterator[tuple[tuple[Any, ...], Any]]:
    for pointer, item in _nodes(value, at):
        if not isinstance(item, dict | list):
            yield pointer, item


def _lists(value: Any) -> Iterator[tuple[tuple[Any, ...], Any]]:
    return ((pointer, item) for pointer, item in _nodes(value) if isinstance(item, list))


def _nodes(value: Any, at: tuple[Any, ...] = ()) -> Iterator[tuple[tuple[Any, ...], Any]]:
    inner = value.items() if isinstance(value, dict) else enumerate(value) if isinstance(value, list) else ()
    for key, item in inner:
        yield (*at, key), item
        yield from _nodes(item, (*at, key))


def _with(value: Any, pointer: tuple[Any, ...], new: Any) -> Any:
    changed = copy.deepcopy(value)
    node = changed
    for key in pointer[:-1]:
        node = node[key]
    node[pointer[-1]] = new
    return changed


def _bytes(value: Any) -> bytes:
    try:
        return json.dumps(value, ensure_ascii=False).encode()
    except UnicodeEncodeError:
        return json.dumps(value, ensure_ascii=True).encode()


def quoted(text: str) -> str:
    """A path segment, percent-encoded."""
    return quote(text, safe="")
