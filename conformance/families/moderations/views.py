"""Lenient views of verdicts."""

from __future__ import annotations

from typing import Any

from pydantic import Field

from conformance.engine.views import View


class Result(View):
    flagged: bool | None = None
    categories: dict[str, Any] | None = None
    category_scores: dict[str, Any] | None = None


class Answer(View):
    id: str | None = None
    model: str | None = None
    results: list[Result] = Field(default_factory=list)
