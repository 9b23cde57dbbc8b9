"""Lenient views of answers; one set of classes reads whole answers and the objects of a stream."""

from __future__ import annotations

from typing import Any

from pydantic import Field

from conformance.engine.views import View


class FunctionCall(View):
    name: str | None = None
    args: dict[str, Any] | None = None


class InlineData(View):
    mimeType: str | None = None
    data: str | None = None


class Part(View):
    text: str | None = None
    thought: bool | None = None
    thoughtSignature: str | None = None
    functionCall: FunctionCall | None = None
    inlineData: InlineData | None = None

    @property
    def speaks(self) -> bool:
        """Whether there is anything in it for the caller."""
        return bool(self.text or self.functionCall or self.inlineData)


class Content(View):
    role: str | None = None
    parts: list[Part] = Field(default_factory=list)


class Rating(View):
    category: str | None = None
    probability: str | None = None


class Candidate(View):
    index: int | None = None
    content: Content | None = None
    finishReason: str | None = None
    safetyRatings: list[Rating] = Field(default_factory=list)

    @property
    def parts(self) -> list[Part]:
        return self.content.parts if self.content else []


class ModalityCount(View):
    modality: str | None = None
    tokenCount: int | None = None


class Usage(View):
    promptTokenCount: int | None = None
    candidatesTokenCount: int | None = None
    thoughtsTokenCount: int | None = None
    toolUsePromptTokenCount: int | None = None
    totalTokenCount: int | None = None
    promptTokensDetails: list[ModalityCount] = Field(default_factory=list)
    candidatesTokensDetails: list[ModalityCount] = Field(default_factory=list)


class Feedback(View):
    blockReason: str | None = None


class Answer(View):
    """A whole answer, or one object of a stream."""

    candidates: list[Candidate] = Field(default_factory=list)
    promptFeedback: Feedback | None = None
    usageMetadata: Usage | None = None
    modelVersion: str | None = None
    responseId: str | None = None


class Vector(View):
    values: list[Any] = Field(default_factory=list)


class Embeddings(View):
    """The answer of embedContent (`embedding`) or of batchEmbedContents (`embeddings`)."""

    embedding: Vector | None = None
    embeddings: list[Vector] = Field(default_factory=list)
