"""Whether a request is one that the contract calls valid, by the bytes that are sent and by nothing else."""

from __future__ import annotations

import json
import re
from collections.abc import Collection, Iterator, Mapping
from dataclasses import dataclass
from email.parser import BytesParser
from email.policy import HTTP
from enum import StrEnum
from functools import cache
from typing import Any
from urllib.parse import parse_qsl, unquote, urlsplit

from jsonschema import Draft202012Validator

from conformance.engine.contract import Contract, Operation, Violation
from conformance.fuzz.case import JSON_TYPE, Aim, Case
from conformance.wire import strictjson

DEEPEST = 3
"""Tokens of a JSON pointer down to which a violation surely matters: deeper ones may lie in an alternative that the hub
does not look at."""
EXACT = 2**53 - 1
"""The largest integer that every JSON parser reads alike (RFC 8259 section 6): as a bound it binds the caller alone."""
MALFORMED = frozenset({"required", "type", "not-json"})
LENIENT = frozenset(
    {"duplicate-keys", "lone-surrogate", "bom", "too-deep", "nan", "invalid-utf8", "trailing-data"},
)
"""Liberties with which a parser may still read a body (RFC 8259 section 9)."""
_FORM = "multipart/form-data"


class Fit(StrEnum):
    """What the contract says of a request."""

    VALID = "valid"
    INVALID = "invalid"
    UNSURE = "unsure"
    """It may be read either way: a null for an absent member, a form, an odd spelling of a path."""


@dataclass(frozen=True)
class Validity:
    """`wrongs` say in which way a request is invalid; pointers begin with body, path, query or header."""

    fit: Fit
    wrongs: tuple[Violation, ...] = ()
    plain_path: bool = True
    """Whether the path's parameters are spelled as the contract wants them."""

    def covers(self, other: Validity) -> bool:
        """Whether another request, made from this one, has nothing wrong that this one has not."""
        return {(w.pointer, w.keyword) for w in other.wrongs} <= {(w.pointer, w.keyword) for w in self.wrongs}

    @property
    def malformed(self) -> bool:
        """Whether something required is missing or of the wrong type, beside values that are out of range."""
        return any(wrong.keyword in MALFORMED for wrong in self.wrongs)


def examine(contract: Contract, operation: Operation, case: Case) -> Validity:
    """Hold a request against its operation."""
    if case.aim is not Aim.DATA or case.method != operation.method:
        return Validity(Fit.UNSURE)
    parameters = _parameters(operation, case)
    if parameters is None:
        return Validity(Fit.UNSURE, plain_path=False)
    odd_path = [wrong for wrong in parameters if wrong.pointer.startswith("path/") and wrong.keyword != "enum"]
    body = _body(contract, operation, case)
    wrongs = [*(wrong for wrong in parameters if wrong not in odd_path), *body.wrongs]
    if wrongs:
        return Validity(Fit.INVALID, tuple(wrongs), not odd_path)
    return Validity(Fit.UNSURE if odd_path else body.fit, (), not odd_path)


def path_values(operation: Operation, path: str) -> Mapping[str, str] | None:
    """The decoded path parameters of a request; None when the path is not one of this operation."""
    found = _pattern(operation.path).fullmatch(urlsplit(path).path)
    return {name: unquote(value) for name, value in found.groupdict().items()} if found else None


@cache
def _pattern(template: str) -> re.Pattern[str]:
    parts = re.split(r"{([^}]*)}", template)
    return re.compile("".join(f"(?P<{part}>[^/]+)" if i % 2 else re.escape(part) for i, part in enumerate(parts)))


def _parameters(operation: Operation, case: Case) -> list[Violation] | None:
    path = path_values(operation, case.path)
    if path is None:
        return None
    query = parse_qsl(urlsplit(case.path).query, keep_blank_values=True)
    names = [name for name, _ in query]
    given = {"path": path, "query": dict(query), "header": {name.lower(): value for name, value in case.headers}}
    wrongs: list[Violation] = []
    for parameter in operation.parameters:
        name, where = parameter["name"], parameter["in"]
        if where not in given or names.count(name) > 1:
            continue
        text = given[where].get(name.lower() if where == "header" else name)
        wrongs += _wrongs_of(parameter, f"{where}/{name}", text)
    return wrongs


def _wrongs_of(parameter: Mapping[str, Any], pointer: str, text: str | None) -> Iterator[Violation]:
    if text is None:
        if parameter.get("required"):
            yield Violation(pointer, "is missing", "missing-parameter")
        return
    schema = parameter["schema"]
    if text in ("", "null") and parameter["schema"].get("type") != "string":
        return  # an absent value, as many clients spell it
    if not parameter.get("required") and "enum" not in parameter["schema"]:
        return  # servers pass over optional parameters that they cannot read
    readings = [text, *_as_json(text)] if schema.get("type") != "string" else [text]
    errors = [next(Draft202012Validator(schema).iter_errors(reading), None) for reading in readings]
    if None not in errors and errors[-1] is not None:
        wanted = f"{errors[-1].validator} {errors[-1].validator_value}"
        yield Violation(pointer, f"is {text[:80]!r}, expected {wanted}", "enum" if "enum" in schema else "value")


def _as_json(text: str) -> list[Any]:
    try:
        return [json.loads(text)]
    except (ValueError, RecursionError):
        return []


def _body(contract: Contract, operation: Operation, case: Case) -> Validity:
    if not operation.content_types:
        return Validity(Fit.UNSURE if case.body else Fit.VALID)
    if case.media_type == _FORM and _FORM in operation.content_types:
        return _form(contract, operation, case)
    if case.media_type != JSON_TYPE or JSON_TYPE not in operation.content_types:
        return Validity(Fit.UNSURE)
    name = operation.request_schema(JSON_TYPE)
    try:
        value = strictjson.parse(case.body)
    except (ValueError, RecursionError) as problem:
        return _unreadable(case.body, str(problem))
    if name is None:
        return Validity(Fit.UNSURE)
    if not contract.violations(name, value):
        return Validity(Fit.VALID)
    required = _required(contract, name)
    sure = [v for v in _violations(contract, name, value) if _matters(operation, v, required)]
    wrongs = tuple(Violation(f"body{v.pointer}", v.message, v.keyword) for v in sure)
    return Validity(Fit.INVALID if wrongs else Fit.UNSURE, wrongs)


def _required(contract: Contract, name: str) -> set[str]:
    """Members that a body must have, in any of the formats that the operation takes."""
    schema = contract.schema(name)
    formats = [branch["$ref"].rpartition("/")[2] for branch in schema.get("anyOf", ()) if "$ref" in branch]
    return {*schema.get("required", ())}.union(*(_required(contract, name) for name in formats))


def _violations(contract: Contract, name: str, value: Any) -> Iterator[Violation]:
    """What is wrong whether null is read as absent or as null; a member that may be null is not missing when it is."""
    as_it_stands = contract.violations(name, value)
    places = {violation.pointer for violation in as_it_stands}
    kinds = {(violation.pointer, violation.keyword) for violation in as_it_stands}
    for violation in contract.violations(name, without_nulls(value)):
        absent = any(f"{violation.pointer}/{member}" in places for member in _missing(violation))
        if (absent or (violation.pointer, violation.keyword) in kinds) and not _calls_only(violation, value):
            yield violation


def _calls_only(violation: Violation, value: Any) -> bool:
    """Whether all that is missing is the content of an assistant's turn that calls tools: a vendor needs none there."""
    found = re.fullmatch(r"/messages/(\d+)", violation.pointer)
    if not found or _missing(violation) != ["content"]:
        return False
    turn = value["messages"][int(found[1])]
    return turn.get("role") == "assistant" and bool(turn.get("tool_calls"))


def _missing(violation: Violation) -> list[str]:
    return violation.message.removesuffix(" is missing").split(", ") if violation.keyword == "required" else []


def _matters(operation: Operation, violation: Violation, required: Collection[str]) -> bool:
    """Whether a hub surely has to refuse it. `required` are the members that the body must have."""
    if violation.pointer.count("/") > DEEPEST or violation.keyword == "minLength":
        return False  # an empty text is how many clients spell an absent one
    if violation.keyword == "minItems" and violation.pointer[1:] not in required:
        return False  # and an empty list says that there are none of what may be left out
    if violation.keyword in ("minimum", "maximum") and violation.message.endswith(str(EXACT)):
        return False
    about_model = violation.pointer == "/model" or (not violation.pointer and violation.message == "model is missing")
    return not ("{model}" in operation.path and about_model)


def _unreadable(body: bytes, problem: str) -> Validity:
    lenient = {found.kind for found in strictjson.irregularities(body)} <= LENIENT
    if lenient:
        return Validity(Fit.UNSURE)
    return Validity(Fit.INVALID, (Violation("body", f"is not JSON: {problem}", "not-json"),))


def without_nulls(value: Any) -> Any:
    """The value with every null member left out: most servers read null as absent."""
    if isinstance(value, dict):
        return {name: without_nulls(item) for name, item in value.items() if item is not None}
    if isinstance(value, list):
        return [without_nulls(item) for item in value]
    return value


def _form(contract: Contract, operation: Operation, case: Case) -> Validity:
    name = operation.request_schema(_FORM)
    fields = form_fields(case)
    if name is None or fields is None:
        return Validity(Fit.UNSURE)
    schema = contract.schema(name)
    missing = [field for field in schema.get("required", ()) if field not in fields]
    wrongs = [Violation("body", f"{field} is missing", "required") for field in missing]
    for field, text in fields.items():
        shape = schema.get("properties", {}).get(field)
        if isinstance(shape, dict) and text is not None and _is_scalar(shape):
            wrongs += _wrongs_of({"schema": shape, "required": True}, f"body/{field}", text)
    return Validity(Fit.INVALID if wrongs else Fit.UNSURE, tuple(wrongs))


def _is_scalar(shape: Mapping[str, Any]) -> bool:
    return shape.get("type") in ("integer", "number", "boolean") or "enum" in shape


def form_fields(case: Case) -> dict[str, str | None] | None:
    """The fields of a multipart body as text, None for a file; None when it cannot be read or a field comes twice."""
    head = f"Content-Type: {case.header('content-type')}\r\n\r\n".encode("latin-1", "replace")
    message = BytesParser(policy=HTTP).parsebytes(head + case.body)
    if not message.is_multipart():
        return None
    fields: dict[str, str | None] = {}
    for part in message.iter_parts():
        name = part.get_param("name", header="content-disposition")
        if not isinstance(name, str) or name in fields:
            return None
        content = part.get_payload(decode=True)
        is_text = part.get_filename() is None and isinstance(content, bytes)
        fields[name] = content.decode("utf-8", "replace") if is_text and isinstance(content, bytes) else None
    return fields
