"""Judges request bodies against the schemas of the contract, and generated values against the caller's own schemas.

`jsonschema` takes a tenth of a second to import, so that happens on first use, or in `warm_up` beside the start.
"""

import functools
from pathlib import Path
from typing import TYPE_CHECKING, Any
from urllib.parse import unquote, urlsplit

from conformance.hub.errors import HubError, invalid, missing
from conformance.hub.routes import load_file

if TYPE_CHECKING:
    from jsonschema.exceptions import ValidationError
    from jsonschema.protocols import Validator
    from referencing import Resource


def warm_up() -> None:
    """Imports what the first validation needs."""
    import jsonschema  # noqa: F401


@functools.cache
def contract_validator(reference: str) -> "Validator":
    """The validator of one schema of the contract, `reference` being `file:///.../schemas/chat.yaml#/Name`."""
    from jsonschema import Draft202012Validator
    from referencing import Registry

    registry: Registry[Any] = Registry(retrieve=_retrieve)  # type: ignore[call-arg]
    return Draft202012Validator({"$ref": reference}, registry=registry)


def _retrieve(uri: str) -> "Resource[Any]":
    from referencing.jsonschema import DRAFT202012

    return DRAFT202012.create_resource(load_file(Path(unquote(urlsplit(uri).path))))


def check_request(reference: str, body: Any) -> None:
    """Raises 400, naming the field, when `body` does not fit the contract's schema."""
    errors = sorted(contract_validator(reference).iter_errors(body), key=lambda error: list(map(str, error.path)))
    if errors:
        raise refusal_of(errors[0])


def refusal_of(error: "ValidationError") -> HubError:
    """The 400 that tells one schema error; the value itself is not repeated."""
    if error.validator == "required" and isinstance(error.instance, dict):
        required: Any = error.validator_value
        absent = next(name for name in required if name not in error.instance)
        return missing(dotted([*error.absolute_path, absent]))
    param = dotted(error.absolute_path) or None
    return invalid(f"'{param or 'body'}' breaks the rule '{error.validator}' of the schema.", param)


def dotted(path: Any) -> str:
    """A path into a body as the vendors write it: `messages[0].content`."""
    text = ""
    for step in path:
        text += f"[{step}]" if isinstance(step, int) else f".{step}" if text else str(step)
    return text


def is_schema(schema: Any) -> bool:
    """Whether the caller's `schema` is a JSON Schema that can be worked with, without fetching anything."""
    from jsonschema import Draft202012Validator
    from jsonschema.exceptions import SchemaError

    try:
        Draft202012Validator.check_schema(schema)
    except (SchemaError, RecursionError):
        return False
    return True


def fits(value: Any, schema: Any) -> bool:
    """Whether `value` is valid against the caller's own `schema`; False when the schema cannot be evaluated."""
    from jsonschema import Draft202012Validator

    try:
        return bool(Draft202012Validator(schema, registry=_no_registry()).is_valid(value))
    except Exception:  # unresolvable references, broken patterns, endless recursion: the schema is the caller's
        return False


@functools.cache
def _no_registry() -> Any:
    from referencing import Registry

    return Registry()
