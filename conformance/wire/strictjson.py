"""JSON as RFC 8259 words it: a strict parser, and a list of the liberties that a body takes.

The parser answers "can every JSON parser read this?". The list also names what is grammatical but read differently by
different parsers (duplicate names, lone surrogates), so that a judge can decide.
"""

from __future__ import annotations

import codecs
import json
import re
from collections.abc import Iterator
from dataclasses import dataclass
from typing import Any

__all__ = ["MAX_DEPTH", "MAX_VALUES", "JsonIrregularity", "irregularities", "parse"]

MAX_DEPTH = 256
"""Levels of nesting that are read (RFC 8259 section 9 allows a bound); a fixed number makes verdicts repeatable."""

MAX_VALUES = 100_000
"""Members and entries that are read: small values take a hundred times the memory of their text."""
# Possessive: a repetition that can be taken back costs a hundred bytes of memory a character.
_TOKEN = re.compile(r'"(?:[^"\\]++|\\.)*+"|[\[{]|[\]}]')
_STRING = re.compile(r'"(?:[^"\\]++|\\.)*+"', re.DOTALL)
_SURROGATE = re.compile("[\ud800-\udfff]")
_SPACE = " \t\n\r"


@dataclass(frozen=True, slots=True)
class JsonIrregularity:
    """One liberty that a body takes.

    ``kind`` is one of: empty, bom, invalid-utf8, not-json, too-deep, too-large, trailing-data, nan, duplicate-keys,
    lone-surrogate.
    ``pointer`` is the JSON pointer (RFC 6901) of the value concerned, "" for the whole body.
    """

    kind: str
    pointer: str
    detail: str


def parse(data: bytes | str) -> Any:
    """The value of exactly one JSON text; raises ValueError with a sentence that says what is wrong, and where."""
    text = data if isinstance(data, str) else _decoded(data)
    if text.startswith("\ufeff"):
        raise ValueError("the text starts with a byte order mark, which RFC 8259 forbids to send")
    if not text.strip(_SPACE):
        raise ValueError("expected one JSON text, got nothing")
    value, end = _raw(_STRICT, text)
    if text[end:].strip(_SPACE):
        raise ValueError(f"more text after the JSON value, at character {end}: {_excerpt(text, end)}")
    if _too_deep(text[:end]):
        raise _TooDeep
    return value


def irregularities(data: bytes | str) -> tuple[JsonIrregularity, ...]:
    """Everything about the bytes that a parser may stumble over; empty for an impeccable body. Never raises."""
    return tuple(_irregularities(data))


def _irregularities(data: bytes | str) -> Iterator[JsonIrregularity]:
    raw = data.encode("utf-8", "surrogatepass") if isinstance(data, str) else data
    if raw.startswith(codecs.BOM_UTF8):
        yield JsonIrregularity("bom", "", "the body starts with a byte order mark")
        raw = raw.removeprefix(codecs.BOM_UTF8)
    try:
        text = raw.decode("utf-8")
    except UnicodeDecodeError as error:
        yield JsonIrregularity("invalid-utf8", "", _utf8_sentence(error))
        text = raw.decode("utf-8", "replace")
    if not text.strip(_SPACE):
        yield JsonIrregularity("empty", "", "the body is empty")
        return
    try:
        value, end = _raw(_LENIENT, text)
    except _Unread as error:
        yield JsonIrregularity(error.kind, "", str(error))
        return
    except ValueError as error:
        yield JsonIrregularity("not-json", "", str(error))
        return
    if text[end:].strip(_SPACE):
        yield JsonIrregularity("trailing-data", "", f"at character {end}: {_excerpt(text, end)}")
    if _too_deep(text[:end]):
        yield JsonIrregularity("too-deep", "", str(_TooDeep()))
        return
    yield from _inside(value)


def _inside(value: Any) -> Iterator[JsonIrregularity]:
    stack = [("", value)]
    while stack:
        pointer, item = stack.pop()
        if isinstance(item, _Object):
            yield from _names(pointer, item)
            stack.extend((f"{pointer}/{_escaped(name)}", member) for name, member in reversed(item.members))
        elif isinstance(item, list):
            stack.extend((f"{pointer}/{index}", item[index]) for index in reversed(range(len(item))))
        elif isinstance(item, _Constant):
            yield JsonIrregularity("nan", pointer, f"{item.word} is not a JSON number")
        elif isinstance(item, str) and _SURROGATE.search(item):
            yield JsonIrregularity("lone-surrogate", pointer, "an escaped surrogate stands without its partner")


def _names(pointer: str, item: _Object) -> Iterator[JsonIrregularity]:
    seen: set[str] = set()
    for name, _ in item.members:
        if name in seen:
            yield JsonIrregularity("duplicate-keys", f"{pointer}/{_escaped(name)}", "the name stands more than once")
        if _SURROGATE.search(name):
            yield JsonIrregularity("lone-surrogate", pointer, "a name holds an escaped surrogate without its partner")
        seen.add(name)


class _Unread(ValueError):
    """It may be JSON, and it is too much of it."""

    kind = "too-large"


class _TooDeep(_Unread):
    kind = "too-deep"

    def __init__(self) -> None:
        super().__init__(f"nested deeper than {MAX_DEPTH} levels")


@dataclass(frozen=True, slots=True)
class _Object:
    """An object with all its members, those that a dict would swallow included."""

    members: list[tuple[str, Any]]


@dataclass(frozen=True, slots=True)
class _Constant:
    word: str


def _refuse(word: str) -> Any:
    raise ValueError(f"{word} is not a JSON number (RFC 8259 section 6)")


_STRICT = json.JSONDecoder(parse_constant=_refuse)
_LENIENT = json.JSONDecoder(parse_constant=_Constant, object_pairs_hook=_Object)


def _raw(decoder: json.JSONDecoder, text: str) -> tuple[Any, int]:
    start = len(text) - len(text.lstrip(_SPACE))
    if text.count(",") > MAX_VALUES and _commas_between(text) > MAX_VALUES:
        raise _Unread(f"more than {MAX_VALUES} values, which is more than this suite reads")
    try:
        return decoder.raw_decode(text, start)
    except json.JSONDecodeError as error:
        raise ValueError(f"not JSON at character {error.pos} ({error.msg}): {_excerpt(text, error.pos)}") from None
    except RecursionError:
        raise _TooDeep from None
    except ValueError as error:
        if str(error).startswith("Exceeds the limit"):
            raise _Unread("a number with thousands of digits, which this suite does not read") from None
        raise


def _commas_between(text: str) -> int:
    """Commas outside of strings."""
    return _STRING.sub("", text).count(",")


def _decoded(data: bytes) -> str:
    try:
        return data.decode("utf-8")
    except UnicodeDecodeError as error:
        raise ValueError(_utf8_sentence(error)) from None


def _utf8_sentence(error: UnicodeDecodeError) -> str:
    cut = bytes(error.object[error.start : error.start + 4])
    return f"not valid UTF-8 at byte {error.start}: {cut!r} ({error.reason})"


def _too_deep(text: str) -> bool:
    if text.count("[") + text.count("{") <= MAX_DEPTH:
        return False
    depth = 0
    for token in _TOKEN.finditer(text):
        mark = text[token.start()]
        depth += (mark in "[{") - (mark in "]}")
        if depth > MAX_DEPTH:
            return True
    return False


def _excerpt(text: str, position: int) -> str:
    cut = text[position : position + 40]
    return ascii(cut) if cut else "the end of the body"


def _escaped(name: str) -> str:
    return name.replace("~", "~0").replace("/", "~1")
