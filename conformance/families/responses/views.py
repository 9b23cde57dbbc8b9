"""Lenient views of response objects and of the events of a stream."""

from __future__ import annotations

from typing import Any

from pydantic import Field

from conformance.engine.views import View


class Part(View):
    """A part of a message, or of a summary of thoughts."""

    type: str | None = None
    text: str | None = None
    refusal: str | None = None
    annotations: list[Any] | None = None

    @property
    def words(self) -> str:
        return self.text or self.refusal or ""


class Item(View):
    """One item of the output, whatever its type."""

    type: str | None = None
    id: str | None = None
    status: str | None = None
    role: str | None = None
    content: list[Part] = Field(default_factory=list)
    summary: list[Part] = Field(default_factory=list)
    call_id: str | None = None
    name: str | None = None
    arguments: str | None = None

    @property
    def text(self) -> str:
        """What a message says, refusals aside."""
        return "".join(part.text or "" for part in self.content if part.type in (None, "output_text"))


class InputDetails(View):
    cached_tokens: int | None = None


class OutputDetails(View):
    reasoning_tokens: int | None = None


class Usage(View):
    """Token counts, in the words of this API or in those of Chat Completions, which the hub documents show."""

    input_tokens: int | None = None
    output_tokens: int | None = None
    prompt_tokens: int | None = None
    completion_tokens: int | None = None
    total_tokens: int | None = None
    input_tokens_details: InputDetails | None = None
    output_tokens_details: OutputDetails | None = None
    prompt_tokens_details: InputDetails | None = None
    completion_tokens_details: OutputDetails | None = None

    @property
    def taken(self) -> int | None:
        """Tokens of the prompt."""
        return self.input_tokens if self.input_tokens is not None else self.prompt_tokens

    @property
    def given(self) -> int | None:
        """Tokens of the answer."""
        return self.output_tokens if self.output_tokens is not None else self.completion_tokens

    @property
    def cached(self) -> int | None:
        details = self.input_tokens_details or self.prompt_tokens_details
        return details.cached_tokens if details else None

    @property
    def thought(self) -> int | None:
        details = self.output_tokens_details or self.completion_tokens_details
        return details.reasoning_tokens if details else None


class Cut(View):
    reason: str | None = None


class Answer(View):
    """A response object."""

    id: str | None = None
    object: str | None = None
    created_at: int | float | None = None
    completed_at: int | float | None = None
    status: str | None = None
    model: str | None = None
    output: list[Item] = Field(default_factory=list)
    usage: Usage | None = None
    error: dict[str, Any] | None = None
    incomplete_details: Cut | None = None
    store: bool | None = None

    @property
    def text(self) -> str:
        return "".join(item.text for item in self.output if item.type == "message")

    @property
    def calls(self) -> list[Item]:
        return [item for item in self.output if item.type == "function_call"]


class Event(View):
    """The data of one event."""

    type: str = ""
    sequence_number: int | None = None
    output_index: int | None = None
    content_index: int | None = None
    summary_index: int | None = None
    item_id: str | None = None
    delta: str | None = None
    text: str | None = None
    refusal: str | None = None
    arguments: str | None = None
    part: Part | None = None
    item: Item | None = None
    response: Answer | None = None
