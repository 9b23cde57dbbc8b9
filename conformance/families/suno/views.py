"""Lenient views of answers about Suno tasks."""

from __future__ import annotations

from typing import Any

from pydantic import Field

from conformance.engine.views import View


class Metadata(View):
    tags: str | None = None
    prompt: str | None = None
    duration: Any = None


class Song(View):
    id: str | None = None
    title: str | None = None
    text: str | None = None
    audio_url: Any = None
    metadata: Metadata | None = None


class Music(View):
    data: list[Song] = Field(default_factory=list)


class Lyrics(View):
    text: str | None = None
