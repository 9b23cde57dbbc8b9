"""Typed reading of request fields: each wrong type or value is a 400 that names the field."""

from collections.abc import Callable, Mapping
from typing import Any

from conformance.hub.errors import invalid, missing

Check = Callable[[Any, str], Any]


def _wrong_type(name: str, expected: str) -> Exception:
    return invalid(f"Invalid type for '{name}': expected {expected}.", name, "invalid_type")


def integer(low: int | None = None, high: int | None = None) -> Check:
    """An integer within the bounds; a number without a fraction counts, as in JSON Schema."""

    def check(value: Any, name: str) -> int:
        if isinstance(value, float) and value.is_integer():
            value = int(value)
        if not isinstance(value, int) or isinstance(value, bool):
            raise _wrong_type(name, "an integer")
        _check_range(value, low, high, name)
        return value

    return check


def number(low: float | None = None, high: float | None = None) -> Check:
    """Any number within the bounds."""

    def check(value: Any, name: str) -> float:
        if not isinstance(value, int | float) or isinstance(value, bool):
            raise _wrong_type(name, "a number")
        _check_range(value, low, high, name)
        return value

    return check


def text(*, empty: bool = True) -> Check:
    """A string, `empty` or not."""

    def check(value: Any, name: str) -> str:
        if not isinstance(value, str):
            raise _wrong_type(name, "a string")
        if not empty and not value:
            raise invalid(f"'{name}' must not be empty.", name)
        return value

    return check


def word(*allowed: str) -> Check:
    """One of the words."""

    def check(value: Any, name: str) -> str:
        if not isinstance(value, str):
            raise _wrong_type(name, "a string")
        if value not in allowed:
            raise invalid(f"Invalid value for '{name}': expected one of {', '.join(allowed)}.", name)
        return value

    return check


def flag(value: Any, name: str) -> bool:
    """A boolean."""
    if not isinstance(value, bool):
        raise _wrong_type(name, "a boolean")
    return value


def thing(value: Any, name: str) -> dict[str, Any]:
    """An object, of which null members count as absent."""
    if not isinstance(value, dict):
        raise _wrong_type(name, "an object")
    return without_nulls(value)


def listing(of: Check, least: int = 0, most: int | None = None) -> Check:
    """A list whose entries all pass `of`."""

    def check(value: Any, name: str) -> list[Any]:
        if not isinstance(value, list):
            raise _wrong_type(name, "a list")
        if len(value) < least or (most is not None and len(value) > most):
            bounds = f"at least {least}" if len(value) < least else f"at most {most}"
            raise invalid(f"'{name}' must have {bounds} entries.", name)
        return [of(entry, f"{name}[{position}]") for position, entry in enumerate(value)]

    return check


def mapping(of: Check) -> Check:
    """An object whose values all pass `of`."""

    def check(value: Any, name: str) -> dict[str, Any]:
        return {key: of(entry, f"{name}.{key}") for key, entry in thing(value, name).items()}

    return check


def stops(value: Any, name: str) -> tuple[str, ...]:
    """Stop sequences: a text, or up to four of them."""
    if isinstance(value, str):
        return (text(empty=False)(value, name),)
    return tuple(listing(text(empty=False), 1, 4)(value, name))


def anything(value: Any, name: str) -> Any:
    """No rule."""
    return value


def without_nulls(value: Mapping[str, Any]) -> dict[str, Any]:
    """The members that are not null: explicit null equals leaving an optional field out."""
    return {name: entry for name, entry in value.items() if entry is not None}


def read(value: Mapping[str, Any], checks: Mapping[str, Check], required: tuple[str, ...] = ()) -> dict[str, Any]:
    """The checked members of `value`; unknown members are kept as they are."""
    present = without_nulls(value)
    for name in required:
        if name not in present:
            raise missing(name)
    return {name: checks[name](entry, name) if name in checks else entry for name, entry in present.items()}


def _check_range(value: float, low: float | None, high: float | None, name: str) -> None:
    if (low is not None and value < low) or (high is not None and value > high):
        bounds = f"at least {low}" if high is None else f"between {low} and {high}"
        raise invalid(f"Invalid value for '{name}': it must be {bounds}.", name, "invalid_value")
