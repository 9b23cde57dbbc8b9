"""Lenient views of answers, stream events, model lists and counts of the Anthropic format."""

from __future__ import annotations

from typing import Any

from pydantic import Field

from conformance.engine.views import View


class Block(View):
    """A block of an answer, or the start of one in a stream."""

    type: str | None = None
    text: str | None = None
    thinking: str | None = None
    signature: str | None = None
    id: str | None = None
    name: str | None = None
    input: dict[str, Any] | None = None


class Usage(View):
    input_tokens: int | None = None
    output_tokens: int | None = None
    cache_creation_input_tokens: int | None = None
    cache_read_input_tokens: int | None = None

    @property
    def prompt(self) -> int | None:
        """All tokens of the prompt, those from the cache included; None when nothing is told of them."""
        told = (self.input_tokens, self.cache_creation_input_tokens, self.cache_read_input_tokens)
        return None if self.input_tokens is None else sum(count or 0 for count in told)


class Message(View):
    """A whole answer, or what `message_start` says of one."""

    id: str | None = None
    type: str | None = None
    role: str | None = None
    model: str | None = None
    content: list[Block] = Field(default_factory=list)
    stop_reason: str | None = None
    stop_sequence: str | None = None
    usage: Usage | None = None


class Delta(View):
    """What is new in a block, or (in `message_delta`) in the message."""

    type: str | None = None
    text: str | None = None
    partial_json: str | None = None
    thinking: str | None = None
    signature: str | None = None
    stop_reason: str | None = None
    stop_sequence: str | None = None


class StreamEvent(View):
    """The data of one event of a stream."""

    type: str | None = None
    index: int | None = None
    message: Message | None = None
    content_block: Block | None = None
    delta: Delta | None = None
    usage: Usage | None = None


class Count(View):
    """What the count of a request's tokens answers."""

    input_tokens: int | None = None


class Entry(View):
    """One model of a list."""

    id: str | None = None
    created_at: str | None = None


class Page(View):
    """A list of models, or a part of one."""

    data: list[Entry] = Field(default_factory=list)
    first_id: str | None = None
    last_id: str | None = None
    has_more: bool | None = None

    @property
    def ids(self) -> list[str]:
        return [entry.id for entry in self.data if entry.id]
