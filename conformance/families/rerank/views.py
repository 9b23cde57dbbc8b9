"""Lenient views of ranked documents."""

from __future__ import annotations

from typing import Any

from pydantic import Field

from conformance.engine.kit.replies import is_finite
from conformance.engine.views import View


class Result(View):
    index: int | None = None
    relevance_score: Any = None
    document: Any = None

    @property
    def score(self) -> float | None:
        """The score, when it is a number that can be compared."""
        return float(self.relevance_score) if is_finite(self.relevance_score) else None


class Units(View):
    search_units: float | None = None
    input_tokens: float | None = None


class Version(View):
    version: str | None = None


class Meta(View):
    api_version: Version | None = None
    billed_units: Units | None = None


class Answer(View):
    id: str | None = None
    model: str | None = None
    results: list[Result] = Field(default_factory=list)
    meta: Meta | None = None
    usage: dict[str, Any] | None = None
