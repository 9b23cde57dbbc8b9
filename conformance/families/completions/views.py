"""Lenient views of continuations and of the chunks of their streams; one set of classes reads both."""

from __future__ import annotations

from typing import Any

from pydantic import Field

from conformance.engine.views import View


class Likelihoods(View):
    """Four lists of one length; their entries are looked at one by one."""

    tokens: list[Any] = Field(default_factory=list)
    token_logprobs: list[Any] = Field(default_factory=list)
    top_logprobs: list[Any] = Field(default_factory=list)
    text_offset: list[Any] = Field(default_factory=list)


class Choice(View):
    text: str | None = None
    index: int | None = None
    finish_reason: str | None = None
    logprobs: Likelihoods | None = None


class Answer(View):
    """A whole answer, or one chunk of a stream."""

    id: str | None = None
    created: int | None = None
    model: str | None = None
    choices: list[Choice] = Field(default_factory=list)
