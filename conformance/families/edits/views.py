"""Lenient views of edited texts."""

from __future__ import annotations

from typing import Any

from pydantic import Field

from conformance.engine.views import View


class Choice(View):
    index: int | None = None
    text: str | None = None


class Answer(View):
    created: Any = None
    choices: list[Choice] = Field(default_factory=list)
    usage: dict[str, Any] | None = None
