"""Thoughts: blocks of their own, signed, and taken back unchanged."""

from __future__ import annotations

from conformance.engine.judge import Words, expect, not_testable
from conformance.engine.kit.reading import all_served, asked, served
from conformance.engine.kit.replies import expect_served, stream_in
from conformance.engine.requirement import requirement
from conformance.families.claude.reading import Evidence, Told, told

THOUGHTS = ("thinking", "redacted_thinking")


@requirement("claude.thinking.shown")
def test_thoughts_are_shown_when_asked_for(claude_thinking: Evidence) -> None:
    for exchange in all_served(claude_thinking):
        types = _types(told(exchange))
        shown = any(kind in THOUGHTS for kind in types)
        expect(shown, "a block of thoughts, because thinking is enabled", types, "/content", exchange)


@requirement("claude.thinking.first")
def test_thoughts_come_before_the_text(claude_thinking: Evidence) -> None:
    shown = [(exchange, _types(told(exchange))) for exchange in all_served(claude_thinking)]
    if not any(kind in THOUGHTS for _, types in shown for kind in types):
        not_testable("the model shows no thoughts")
    for exchange, types in shown:
        first = types[:1] if any(kind in THOUGHTS for kind in types) else THOUGHTS
        expect(first[0] in THOUGHTS, "thoughts in the first block", types, "/content", exchange)


@requirement("claude.thinking.replay")
def test_thoughts_are_taken_back(claude_thinking: Evidence) -> None:
    served(claude_thinking[0])
    replayed = [exchange for exchange in claude_thinking if len(asked(exchange)["messages"]) > 1]
    if not replayed:
        not_testable("the model shows no thoughts that could be sent back")
    expect_served(replayed[0])


@requirement("claude.thinking.signed-alike")
def test_signature_is_told_in_both_modes(claude_thinking: Evidence) -> None:
    if not _signatures(told(claude_thinking[0])):
        not_testable("the whole answer holds no signature")
    stream = stream_in(claude_thinking)
    if "thinking" not in _types(told(stream)):
        not_testable("the model shows no thoughts in the stream")
    got = Words("thoughts without one")
    expect(_signatures(told(stream)), "a signature, as in the whole answer", got, "", stream)


def _types(one: Told) -> list[str]:
    return [block.type for block in one.blocks]


def _signatures(one: Told) -> list[str]:
    return [block.signature for block in one.blocks if block.type == "thinking" and block.signature]
