"""Lenient views of answers and stream chunks; one set of classes reads both."""

from __future__ import annotations

from typing import Any

from pydantic import Field

from conformance.engine.views import View


class Function(View):
    name: str | None = None
    arguments: str | None = None


class ToolCall(View):
    """A call of an answer, or a fragment of one in a stream."""

    index: int | None = None
    id: str | None = None
    type: str | None = None
    function: Function | None = None

    @property
    def name(self) -> str:
        return (self.function and self.function.name) or ""

    @property
    def arguments(self) -> str:
        return (self.function and self.function.arguments) or ""


class Speech(View):
    id: str | None = None
    data: str | None = None
    expires_at: int | None = None
    transcript: str | None = None


class Message(View):
    """The `message` of an answer, or the `delta` of a chunk."""

    role: str | None = None
    content: str | None = None
    reasoning_content: str | None = None
    reasoning: str | None = None
    refusal: str | None = None
    tool_calls: list[ToolCall] = Field(default_factory=list)
    audio: Speech | None = None

    @property
    def thoughts(self) -> str:
        """Reasoning text, whichever of the two common fields holds it."""
        return self.reasoning_content or self.reasoning or ""

    @property
    def speaks(self) -> bool:
        """Whether there is anything in it for the caller."""
        return bool(self.content or self.thoughts or self.refusal or self.tool_calls or self.audio)


class LogProbs(View):
    content: list[dict[str, Any]] | None = None


class Choice(View):
    index: int | None = None
    message: Message | None = None
    delta: Message | None = None
    finish_reason: str | None = None
    logprobs: LogProbs | None = None


class Details(View):
    cached_tokens: int | None = None
    text_tokens: int | None = None
    audio_tokens: int | None = None
    image_tokens: int | None = None
    reasoning_tokens: int | None = None
    accepted_prediction_tokens: int | None = None
    rejected_prediction_tokens: int | None = None


class Usage(View):
    prompt_tokens: int | None = None
    completion_tokens: int | None = None
    total_tokens: int | None = None
    prompt_tokens_details: Details | None = None
    completion_tokens_details: Details | None = None


class Answer(View):
    """A whole answer, or one chunk of a stream."""

    id: str | None = None
    object: str | None = None
    created: int | None = None
    model: str | None = None
    choices: list[Choice] = Field(default_factory=list)
    usage: Usage | None = None
