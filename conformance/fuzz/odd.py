"""Odd requests: the documented example with one thing changed in a way that has broken servers before.

They come from the contract alone, without any randomness, and each is one request: what a random search finds after
hundreds is asked for at once.
"""

from __future__ import annotations

import copy
import itertools
import json
from collections.abc import Iterable, Iterator, Mapping
from dataclasses import replace
from typing import Any, TypeVar
from urllib.parse import quote

from conformance.engine.contract import Contract, Operation
from conformance.fuzz.bounds import LARGEST
from conformance.fuzz.case import JSON_TYPE, Case

T = TypeVar("T")
Oddity = tuple[str, Any, bool]
"""What is odd in words, the body, and whether the contract alone decides that it has to be served."""

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
        "maxOutputTokens",
        "speed",
        "top_n",
    }
)
"""Numeric members which every value that the contract allows leaves the request one that any model can serve.
`max_output_tokens` is not among them: OpenAI's own schema of Responses begins at 16, the hub's at 1."""
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
    """The odd requests of an operation: one of each kind, and so on, because what fails on one mostly fails on many."""
    yield from _odd_paths(operation)
    if example is None or example.media_type != JSON_TYPE:
        return
    value = json.loads(example.body)
    base = replace(example, phase=PHASE, independent=False)
    members = (
        replace(base, body=_bytes(changed), what=what, independent=independent)
        for what, changed, independent in by_turns(
            _odd_numbers(contract, operation, value),
            _odd_ranges(contract, operation, value),
            _odd_texts(value),
            _odd_lists(value),
            _odd_wholes(value),
            _odd_streams(contract, operation, value),
        )
    )
    yield from by_turns(members, _odd_bytes(base))


def by_turns(*kinds: Iterable[T]) -> Iterator[T]:
    """One of each kind, then a second one of each, until none is left."""
    for row in itertools.zip_longest(*(((item,) for item in kind) for kind in kinds), fillvalue=()):
        yield from itertools.chain.from_iterable(row)


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


def _odd_bytes(example: Case) -> Iterator[Case]:
    for what, body in UNREADABLE:
        yield replace(example, body=body, what=f"the body is {what}")
    for what, odd in ALMOST_JSON:
        body = b'{"hub_conformance_unknown_member": ' + odd + b", " + example.body[1:]
        yield replace(example, body=body, what=f"the body holds {what}")


def _odd_numbers(contract: Contract, operation: Operation, value: Any) -> Iterator[Oddity]:
    for name, number in _numbers_of(contract, operation):
        surely = name in INDEPENDENT and (operation.cost == "cheap" or name != "n")
        yield f"{name} is {json.dumps(number)}", {**value, name: number}, surely


def _odd_ranges(contract: Contract, operation: Operation, value: Any) -> Iterator[Oddity]:
    for name, shape, _ in _numeric_members(contract, operation):
        if name in INDEPENDENT and name not in LARGEST and "maximum" in shape:
            yield f"{name} is above its range", {**value, name: shape["maximum"] + 1}, False


def _odd_texts(value: Any) -> Iterator[Oddity]:
    for pointer, old in _scalars(value):
        if isinstance(old, str) and pointer[-1] not in ("model", "role", "type"):
            yield f"{_name(pointer)} holds U+0000", _with(value, pointer, f"{old}\0{old}"), False
            yield f"{_name(pointer)} holds many scripts", _with(value, pointer, MANY_SCRIPTS), _is_prose(pointer)
            yield f"{_name(pointer)} is empty", _with(value, pointer, ""), False
            yield f"{_name(pointer)} holds half of a surrogate pair", _with(value, pointer, "a\ud800b"), False


def _odd_lists(value: Any) -> Iterator[Oddity]:
    for pointer, old in _lists(value):
        yield f"{_name(pointer)} is an empty list", _with(value, pointer, []), False
        yield f"{_name(pointer)} holds null", _with(value, pointer, [None]), False
        yield f"{_name(pointer)} holds a list", _with(value, pointer, [old]), False


def _odd_wholes(value: Any) -> Iterator[Oddity]:
    yield "model is unknown", {**value, "model": "hub-conformance-no-such-model"}, False
    yield "a member that no schema names", {**value, "hub_conformance_unknown_member": {"a": [1, None]}}, False
    yield "a very large number", {**value, "hub_conformance_unknown_member": 10**400}, False


def _odd_streams(contract: Contract, operation: Operation, value: Any) -> Iterator[Oddity]:
    """The same as a stream, where the body says so: the code that writes streams is another one."""
    trigger = operation.streaming.trigger
    if trigger is None or trigger.where != "body" or not operation.streaming.kind.startswith("sse"):
        return
    streamed = {**value, trigger.name: trigger.value}
    ends: dict[str, Any] = {}
    for name, number in _numbers_of(contract, operation):
        if name in INDEPENDENT and number in (0, 1):
            ends.setdefault(name, number)
    yield "a stream with every number at its lower end", {**streamed, **ends}, False
    for pointer, old in _scalars(value):
        if isinstance(old, str) and _is_prose(pointer):
            yield f"a stream, and {_name(pointer)} holds many scripts", _with(streamed, pointer, MANY_SCRIPTS), False


def _numbers_of(contract: Contract, operation: Operation) -> Iterator[tuple[str, int | float]]:
    """Names of the body's numeric members, each with one value after the other."""
    for name, shape, whole in _numeric_members(contract, operation):
        yield from ((name, number) for number in _numbers(name, shape, whole))


def _numeric_members(contract: Contract, operation: Operation) -> Iterator[tuple[str, Mapping[str, Any], bool]]:
    """Names and shapes of the body's numeric members, and whether only whole numbers will do."""
    schema = contract.schema(operation.request_schema(JSON_TYPE) or "")
    for name, shape in schema.get("properties", {}).items():
        kinds = shape.get("type") if isinstance(shape, dict) else None
        kinds = {kinds} if isinstance(kinds, str) else {*(kinds or ())}
        if kinds & {"integer", "number"}:
            yield name, shape, "integer" in kinds


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
