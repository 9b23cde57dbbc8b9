"""Lenient views of answers with pictures."""

from __future__ import annotations

from typing import Any

from pydantic import Field

from conformance.engine.views import View


class Entry(View):
    url: str | None = None
    b64_json: str | None = None
    revised_prompt: str | None = None


class Answer(View):
    created: Any = None
    data: list[Entry] = Field(default_factory=list)
    usage: dict[str, Any] | None = None
