"""Lenient views of the events of a Realtime session."""

from __future__ import annotations

from typing import Any

from pydantic import Field

from conformance.engine.views import View


class Part(View):
    """A part of an item, or of a message while it is being given."""

    type: str | None = None
    text: str | None = None
    transcript: str | None = None
    audio: str | None = None

    @property
    def words(self) -> str | None:
        return self.text if self.text is not None else self.transcript


class Item(View):
    """One item of a conversation."""

    id: str | None = None
    type: str | None = None
    status: str | None = None
    role: str | None = None
    content: list[Part] = Field(default_factory=list)
    call_id: str | None = None
    name: str | None = None
    arguments: str | None = None
    output: str | None = None

    @property
    def words(self) -> str:
        return "".join(part.words or "" for part in self.content)


class Details(View):
    """Parts of a count of tokens."""

    text_tokens: int | None = None
    audio_tokens: int | None = None
    image_tokens: int | None = None
    cached_tokens: int | None = None


class Usage(View):
    total_tokens: int | None = None
    input_tokens: int | None = None
    output_tokens: int | None = None
    input_token_details: Details | None = None
    output_token_details: Details | None = None


class Response(View):
    id: str | None = None
    status: str | None = None
    output: list[Item] = Field(default_factory=list)
    usage: Usage | None = None


class Session(View):
    id: str | None = None
    model: str | None = None
    instructions: str | None = None
    tools: list[dict[str, Any]] = Field(default_factory=list)


class Error(View):
    type: str | None = None
    message: str | None = None
    event_id: str | None = None


class Event(View):
    """One event, of either side."""

    type: str = ""
    event_id: str | None = None
    session: Session | None = None
    item: Item | None = None
    part: Part | None = None
    response: Response | None = None
    error: Error | None = None
    response_id: str | None = None
    item_id: str | None = None
    previous_item_id: str | None = None
    output_index: int | None = None
    content_index: int | None = None
    delta: str | None = None
    text: str | None = None
    transcript: str | None = None
    arguments: str | None = None
    call_id: str | None = None
    name: str | None = None
