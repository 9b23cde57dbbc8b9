"""Lenient views of answers about Midjourney tasks."""

from __future__ import annotations

from typing import Any

from pydantic import Field

from conformance.engine.views import View


class Submitted(View):
    code: Any = None
    description: Any = None
    result: Any = None


class Button(View):
    customId: str | None = None
    label: str | None = None
    emoji: str | None = None


class Final(View):
    finalPrompt: str | None = None


class Task(View):
    id: Any = None
    action: Any = None
    prompt: str | None = None
    promptEn: str | None = None
    description: str | None = None
    state: Any = None
    imageUrl: str | None = None
    buttons: list[Button] = Field(default_factory=list)
    properties: Final | None = None
