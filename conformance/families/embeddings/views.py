"""Lenient views of answers with vectors."""

from __future__ import annotations

from typing import Any

from pydantic import Field

from conformance.engine.views import View


class Entry(View):
    object: str | None = None
    index: int | None = None
    embedding: Any = None


class Answer(View):
    object: str | None = None
    data: list[Entry] = Field(default_factory=list)
    model: str | None = None
    usage: dict[str, Any] | None = None
