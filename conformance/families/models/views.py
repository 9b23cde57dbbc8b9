"""Lenient reading of model lists."""

from __future__ import annotations

from typing import Any

from pydantic import Field

from conformance.engine.views import View


class Model(View):
    """An entry of the OpenAI list."""

    id: str | None = None
    object: str | None = None
    created: int | None = None
    owned_by: str | None = None
    supported_endpoint_types: list[Any] | None = None


class ModelList(View):
    """The OpenAI list."""

    object: str | None = None
    data: list[Model] = Field(default_factory=list)

    @property
    def ids(self) -> list[str]:
        return [entry.id for entry in self.data if entry.id]


class GeminiModel(View):
    """An entry of the Google list."""

    name: str | None = None


class GeminiList(View):
    """The Google list."""

    models: list[GeminiModel] = Field(default_factory=list)
