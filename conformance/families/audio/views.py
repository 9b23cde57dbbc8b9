"""Lenient views of transcripts."""

from __future__ import annotations

from typing import Any

from pydantic import Field

from conformance.engine.views import View


class Span(View):
    """A segment or a word, with the seconds at which it begins and ends."""

    start: float | None = None
    end: float | None = None
    text: str | None = None
    word: str | None = None


class Transcript(View):
    text: str | None = None
    language: str | None = None
    duration: float | str | None = None
    segments: list[Span] = Field(default_factory=list)
    words: list[Span] = Field(default_factory=list)
    usage: dict[str, Any] | None = None
