"""Lenient reading: pydantic views that never complain.

A view makes evidence pleasant to read (`answer.choices[0].message.role`). A field that is missing or of a wrong type is
None, a list entry of a wrong type is left out. Views never judge: shapes are judged against the contract's schemas.
"""

from __future__ import annotations

from typing import Any, Self

from pydantic import BaseModel, ConfigDict, ValidationError, ValidationInfo, field_validator
from pydantic.functional_validators import ModelWrapValidatorHandler

from conformance.engine.judge import NotTestable, parsed
from conformance.wire.exchange import Exchange


class View(BaseModel):
    """Base of all views. Every field of a subclass needs a default; lists default to an empty list."""

    model_config = ConfigDict(frozen=True, extra="allow", strict=True)

    @field_validator("*", mode="wrap")
    @classmethod
    def _wrong_type_is_absent(cls, value: Any, handler: ModelWrapValidatorHandler[Any], info: ValidationInfo) -> Any:
        try:
            return handler(value)
        except ValidationError:
            default = cls.model_fields[str(info.field_name)].get_default(call_default_factory=True)
            if isinstance(value, list) and default == []:
                return _readable(value, handler)
            return default

    @classmethod
    def of(cls, exchange: Exchange) -> Self:
        """Read an answer's JSON body.

        Raises:
            NotTestable: it is not a JSON object, which other sentences judge.
        """
        return cls.read(parsed(exchange))

    @classmethod
    def read(cls, value: Any) -> Self:
        """Read a JSON value.

        Raises:
            NotTestable: it is not a JSON object.
        """
        if not isinstance(value, dict):
            raise NotTestable(f"a JSON object is needed to judge this, not {type(value).__name__}")
        return cls.model_validate(value)


def _readable(values: list[Any], handler: ModelWrapValidatorHandler[Any]) -> list[Any]:
    found: list[Any] = []
    for value in values:
        try:
            found.extend(handler([value]))
        except ValidationError:
            continue
    return found
