"""Thoughts: blocks of their own, signed, and taken back unchanged."""

from __future__ import annotations

from conformance.engine.judge import Words, expect, not_testable
from conformance.engine.kit.reading import served
from conformance.engine.kit.replies import expect_served
from conformance.engine.requirement import requirement
from conformance.families.claude.reading import Evidence, Told, told
from conformance.wire.exchange import Exchange

THOUGHTS = ("thinking", "redacted_thinking")


@requirement("claude.thinking.shown")
def test_thoughts_are_shown_when_asked_for(any_claude_thinking: Evidence) -> None:
    types = _types(told(any_claude_thinking[0]))
    shown = any(kind in THOUGHTS for kind in types)
    expect(shown, "a block of thoughts, because thinking is enabled", types, "/content")


@requirement("claude.thinking.first")
def test_thoughts_come_before_the_text(any_claude_thinking: Evidence) -> None:
    types = _types(told(any_claude_thinking[0]))
    if not any(kind in THOUGHTS for kind in types):
        not_testable("the model shows no thoughts")
    expect(types[0] in THOUGHTS, "thoughts in the first block", types, "/content")


@requirement("claude.thinking.replay")
def test_thoughts_are_taken_back(any_claude_thoughtful_answer: Evidence) -> None:
    served(any_claude_thoughtful_answer[0])
    if len(any_claude_thoughtful_answer) < 2:
        not_testable("the model shows no thoughts that could be sent back")
    expect_served(any_claude_thoughtful_answer[1])


@requirement("claude.thinking.signed-alike")
def test_signature_is_told_in_both_modes(claude_thinking: Evidence, claude_thinking_stream: Exchange) -> None:
    if not _signatures(told(claude_thinking[0])):
        not_testable("the whole answer holds no signature")
    streamed = told(claude_thinking_stream)
    if "thinking" not in _types(streamed):
        not_testable("the model shows no thoughts in the stream")
    got = Words("thoughts without one")
    expect(_signatures(streamed), "a signature, as in the whole answer", got, "", claude_thinking_stream)


def _types(one: Told) -> list[str]:
    return [block.type for block in one.blocks]


def _signatures(one: Told) -> list[str]:
    return [block.signature for block in one.blocks if block.type == "thinking" and block.signature]
