"""Makes values for JSON Schemas, with words, numbers and places from the prompt where they fit."""

import math
import re
from collections.abc import Sequence
from importlib import import_module
from typing import Any

from conformance.hub.schemas import fits
from conformance.hub.text import quotations

_parser: Any = import_module("re._parser")
_constants: Any = import_module("re._constants")

PLACE_KEYS = re.compile(r"city|cities|location|place|town|country|destination|origin|capital|region", re.IGNORECASE)
TEXT_KEYS = re.compile(r"query|text|message|content|prompt|question|answer|summary|expression", re.IGNORECASE)
CAPITALISED = r"[A-ZÀ-Þ][\w'’-]*(?:\s[A-ZÀ-Þ][\w'’-]*)*"
ANOTHER = rf"(?:\s*,\s*(?:and\s+)?|\s+and\s+|\s+or\s+)(?:(?:in|for|at)\s+)?{CAPITALISED}"
AFTER_PREPOSITION = re.compile(
    rf"\b(?:in|for|at|of|from|to|between|near|with)\s+(?:(?:the|both|either)\s+)?({CAPITALISED}(?:{ANOTHER})*)"
)
FORMATS = {
    "date-time": "2025-01-15T12:00:00Z",
    "date": "2025-01-15",
    "time": "12:00:00Z",
    "duration": "PT1H",
    "email": "someone@example.com",
    "idn-email": "someone@example.com",
    "hostname": "example.com",
    "ipv4": "192.0.2.1",
    "ipv6": "2001:db8::1",
    "uri": "https://example.com/",
    "uri-reference": "/example",
    "iri": "https://example.com/",
    "uuid": "123e4567-e89b-42d3-a456-426614174000",
    "json-pointer": "/example",
    "regex": "^example$",
}
FOUND_FORMATS = {
    "date": r"\b\d{4}-\d{2}-\d{2}\b",
    "date-time": r"\b\d{4}-\d{2}-\d{2}T[\d:.]+(?:Z|[+-]\d{2}:\d{2})",
    "email": r"\b[\w.+-]{1,64}@[\w-]{1,64}\.[\w.-]{0,64}\w",
    "uri": r"https?://[^\s\"'<>]+",
}
DEEPEST = 24


class Hints:
    """What a prompt offers for filling in: quoted strings, numbers, places, `key is value` pairs."""

    def __init__(self, prompt: str, answer: str = "") -> None:
        self.prompt = prompt
        self.answer = answer
        self.quoted = quotations(prompt)
        self.numbers = [float(found) for found in re.findall(r"(?<![\w.-])-?\d++(?:\.\d++)?(?![\w.:-]*\w)", prompt)]
        self.places = _places(prompt)
        self._used: set[str] = set()

    def named(self, key: str) -> str | None:
        """The value that the prompt gives to `key`: `nonce: abc`, `the nonce is "abc"`, `nonce "abc"`."""
        spaced = re.escape(key).replace("_", "[ _-]?")
        value = r"(?:\"([^\"]+)\"|'([^']+)'|`([^`]+)`|“([^”]+)”"
        quoted = rf"\b{spaced}\b[\"'`]?\s*(?:is|=|:|of|to|as|set to|equal to)?\s*{value})"
        bare = rf"\b{spaced}\b[\"'`]?\s*(?:\bis\b|=|:|\bof\b|\bequal to\b)\s*{value}|([^\s,;\"'`]+))"
        telling = rf"\b{spaced}\s+([\w-]*\d[\w-]*)"
        patterns = (quoted, bare, telling)
        found = next(filter(None, (re.search(pattern, self.prompt, re.I) for pattern in patterns)), None)
        return str(next(filter(None, found.groups()))).rstrip(".!?") if found else None

    def take(self, offered: Sequence[str]) -> str | None:
        """The first offered string that was not taken before, else the first."""
        fresh = [text for text in offered if text not in self._used]
        if fresh:
            self._used.add(fresh[0])
        return next(iter(fresh or offered), None)


def _places(prompt: str) -> list[str]:
    found: list[str] = []
    for group in AFTER_PREPOSITION.findall(prompt):
        names = re.split(r"\s*,\s*(?:and\s+)?|\s+and\s+|\s+or\s+", group)
        found += [re.sub(r"^(?:in|for|at)\s+|['’]s$", "", name) for name in names]
    found = found or re.findall(rf"(?<=[\w,:] )({CAPITALISED})", prompt)
    return list(dict.fromkeys(found))


def fill(schema: Any, hints: Hints) -> tuple[bool, Any]:
    """Whether a valid value for `schema` was found, and the value. Falls back to a value without the hints."""
    value: Any = None
    for source in (hints, Hints("")):
        try:
            value = _Filler(schema, source).value(schema, "", 0)
        except Exception:  # the schema is the caller's, and may be anything
            continue
        if fits(value, schema):
            return True, value
    return False, value


class _Filler:
    def __init__(self, root: Any, hints: Hints) -> None:
        self.root = root
        self.hints = hints

    def value(self, schema: Any, key: str, depth: int) -> Any:
        if depth > DEEPEST:
            raise RecursionError
        if not isinstance(schema, dict):
            return "value" if schema else None
        schema = self._merged(schema, depth)
        if "const" in schema:
            return schema["const"]
        if "enum" in schema:
            return self._choice(schema["enum"])
        for word in ("anyOf", "oneOf"):
            if word in schema:
                return self._one_of(schema, word, key, depth)
        makers = {"object": self._object, "array": self._array, "string": self._string, "boolean": self._boolean}
        kind = _kind(schema)
        if kind in makers:
            return makers[kind](schema, key, depth)
        return self._number(schema, key) if kind in ("integer", "number") else None

    def _merged(self, schema: dict[str, Any], depth: int) -> dict[str, Any]:
        """`schema` with its local reference and its `allOf` taken in."""
        if depth > 4 * DEEPEST:
            raise RecursionError
        parts = list(schema.get("allOf", ()))
        if "$ref" in schema:
            parts.append(self._resolved(schema["$ref"]))
        merged = {name: rule for name, rule in schema.items() if name not in ("allOf", "$ref")}
        for part in (self._merged(part, depth + 1) for part in parts if isinstance(part, dict)):
            properties = {**part.get("properties", {}), **merged.get("properties", {})}
            required = [*part.get("required", ()), *merged.get("required", ())]
            merged = {**part, **merged}
            merged |= {"properties": properties} if properties else {}
            merged |= {"required": required} if required else {}
        return merged

    def _resolved(self, reference: str) -> Any:
        if not reference.startswith("#"):
            raise KeyError(reference)
        node = self.root
        for step in filter(None, reference[1:].split("/")):
            step = step.replace("~1", "/").replace("~0", "~")
            node = node[int(step)] if isinstance(node, list) else node[step]
        return node

    def _choice(self, options: list[Any]) -> Any:
        prompt = self.hints.prompt.lower()
        mentioned = (word for word in options if isinstance(word, str) and word and word.lower() in prompt)
        return next(mentioned, next((option for option in options if option is not None), options[0]))

    def _one_of(self, schema: dict[str, Any], word: str, key: str, depth: int) -> Any:
        rest = {name: rule for name, rule in schema.items() if name != word}
        # Null comes last, but deep inside a recursive schema it is the way out.
        branches = sorted(schema[word], key=lambda branch: _is_null(branch) == (depth < 4))
        for branch in branches:
            whole = {"allOf": [branch], **rest} if isinstance(branch, dict) else rest
            try:
                value = self.value(whole, key, depth + 1)
            except (RecursionError, KeyError, ValueError, TypeError):
                continue
            definitions = {name: self.root[name] for name in ("$defs", "definitions") if name in self.root}
            if fits(value, {**definitions, **schema}):
                return value
        return self.value({"allOf": [branches[0]], **rest}, key, depth + 1)

    def _object(self, schema: dict[str, Any], key: str, depth: int) -> dict[str, Any]:
        properties = schema.get("properties", {})
        required = list(dict.fromkeys(schema.get("required", ())))
        names = required if required or depth > 3 else list(properties)
        names += [name for name in properties if name not in names and self.hints.named(name) is not None]
        made = {name: self.value(properties.get(name, True), name, depth + 1) for name in names}
        more = schema.get("additionalProperties", True)
        spare = [name for name in properties if name not in made] + [f"key{number}" for number in range(1, 100)]
        while len(made) < schema.get("minProperties", 0):
            name = spare.pop(0)
            made[name] = self.value(properties.get(name, more), name, depth + 1)
        return made

    def _array(self, schema: dict[str, Any], key: str, depth: int) -> list[Any]:
        made = [self.value(part, key, depth + 1) for part in schema.get("prefixItems", ())]
        items = schema.get("items", True)
        least = schema.get("minItems", 0)
        wanted = max(least, min(1, schema.get("maxItems", 1)) if depth < 6 and items is not True else 0)
        for position in range(len(made), wanted):
            value = self.value(items, key, depth + 1)
            made.append(_varied(value, items, position) if schema.get("uniqueItems") and value in made else value)
        return made

    def _boolean(self, schema: dict[str, Any], key: str, depth: int) -> bool:
        told = rf"\b{re.escape(key)}\b\W*(?:is|to|of)?\W*(true|false|yes|no|on|off)\b"
        found = re.search(told, self.hints.prompt, re.IGNORECASE)
        return found is None or found[1].lower() in ("true", "yes", "on")

    def _string(self, schema: dict[str, Any], key: str, depth: int) -> str:
        for offered in self._offers(schema, key):
            if offered is not None and fits(offered, {**schema, "type": "string"}):
                return offered
        if "format" in schema and schema["format"] in FORMATS:
            return FORMATS[schema["format"]]
        made = _matching(schema["pattern"]) if "pattern" in schema else (key or "example")
        least, most = schema.get("minLength", 0), schema.get("maxLength", math.inf)
        if "pattern" not in schema:
            made += "x" * (int(least) - len(made))
            made = made if len(made) <= most else made[: int(most)]
        return made

    def _offers(self, schema: dict[str, Any], key: str) -> list[str | None]:
        hints = self.hints
        if schema.get("format") in FOUND_FORMATS:
            return [hints.take(re.findall(FOUND_FORMATS[schema["format"]], hints.prompt))]
        if "format" in schema:
            return []
        by_key = [hints.named(key) if key else None]
        if PLACE_KEYS.search(key):
            return [*by_key, hints.take(hints.places), hints.take(hints.quoted)]
        if "email" in key.lower():
            by_key.append(hints.take(re.findall(FOUND_FORMATS["email"], hints.prompt)))
        if "date" in key.lower():
            by_key.append(hints.take(re.findall(FOUND_FORMATS["date"], hints.prompt)))
        texts = [hints.answer or None, hints.prompt or None] if TEXT_KEYS.search(key) else []
        return [*by_key, hints.take(hints.quoted), *texts]

    def _number(self, schema: dict[str, Any], key: str) -> float:
        whole = _kind(schema) == "integer"
        named = self.hints.named(key)
        offers = [float(named)] if named and re.fullmatch(r"-?\d+(\.\d+)?", named) else []
        for offered in [*offers, *self.hints.numbers, *_candidates(schema)]:
            value = int(offered) if float(offered).is_integer() else offered
            if not (whole and isinstance(value, float)) and fits(value, schema):
                return value
        return 0


def _is_null(schema: Any) -> bool:
    return isinstance(schema, dict) and schema.get("type") == "null"


def _kind(schema: dict[str, Any]) -> str:
    kind = schema.get("type")
    if isinstance(kind, list):
        kind = next((word for word in kind if word != "null"), "null")
    if kind is not None:
        return str(kind)
    marks = {"properties": "object", "required": "object", "items": "array", "minimum": "number", "maximum": "number"}
    return next((marks[word] for word in marks if word in schema), "string")


def _candidates(schema: dict[str, Any]) -> list[float]:
    step = schema.get("multipleOf", 1)
    bounds = [schema.get(word) for word in ("minimum", "exclusiveMinimum", "maximum", "exclusiveMaximum")]
    edges = [bound for bound in bounds if isinstance(bound, int | float)]
    near = [edge + shift for edge in edges for shift in (0, 1, -1, 0.5, -0.5, 0.001, -0.001)]
    on_step = [math.ceil(edge / step) * step + shift for edge in edges for shift in (0, step, -step)]
    middle = [sum(edges) / len(edges)] if edges else []
    return [1, 0, *near, *on_step, *middle, step]


def _varied(value: Any, schema: Any, position: int) -> Any:
    if isinstance(schema, dict) and "enum" in schema:
        return schema["enum"][position % len(schema["enum"])]
    if isinstance(value, bool):
        return not value
    if isinstance(value, int | float):
        return value + position
    return f"{value} {position + 1}" if isinstance(value, str) else value


def _matching(pattern: str) -> str:
    """A string that the regular expression matches, for the constructs of everyday patterns; `ValueError` otherwise."""
    try:
        return "".join(_piece(op, argument) for op, argument in _parser.parse(pattern))
    except (re.error, IndexError) as error:
        raise ValueError(pattern) from error


def _piece(op: Any, argument: Any) -> str:
    if op is _constants.LITERAL:
        return chr(argument)
    if op in (_constants.AT, _constants.ASSERT, _constants.ASSERT_NOT):
        return ""
    if op is _constants.ANY:
        return "a"
    if op is _constants.NOT_LITERAL:
        return "a" if argument != ord("a") else "b"
    if op is _constants.IN:
        return _member(argument)
    if op in (_constants.MAX_REPEAT, _constants.MIN_REPEAT):
        least, most, inner = argument
        return "".join(_piece(*part) for part in inner) * max(int(least), min(1, int(most)))
    if op is _constants.SUBPATTERN:
        return "".join(_piece(*part) for part in argument[-1])
    if op is _constants.BRANCH:
        return "".join(_piece(*part) for part in argument[1][0])
    raise ValueError(str(op))


def _member(members: list[tuple[Any, Any]]) -> str:
    if members[0][0] is _constants.NEGATE:
        taken = re.compile("[" + "".join(re.escape(_member([member])) for member in members[1:]) + "]")
        return next(letter for letter in "abcxyz019 -_" if not taken.match(letter))
    op, argument = members[0]
    if op is _constants.LITERAL:
        return chr(argument)
    if op is _constants.RANGE:
        return chr(argument[0])
    digits = {_constants.CATEGORY_DIGIT: "1", _constants.CATEGORY_SPACE: " ", _constants.CATEGORY_WORD: "a"}
    return digits.get(argument, "-")
