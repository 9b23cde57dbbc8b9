"""Thoughts of reasoning models: a field of their own, alike in both modes."""

from __future__ import annotations

from conformance.engine.judge import Words, expect, not_testable
from conformance.engine.requirement import requirement
from conformance.families.chat.reading import by_index, parts, steps, told
from conformance.families.chat.views import Message
from conformance.wire.exchange import Exchange

FIELDS = ("reasoning_content", "reasoning")


@requirement("chat.reasoning.same-field")
def test_thoughts_are_told_alike_in_both_modes(chat_reasoning: Exchange, chat_reasoning_stream: Exchange) -> None:
    fields = _fields(chat_reasoning), _fields(chat_reasoning_stream)
    if not any(fields):
        not_testable("the model shows no thoughts in either mode")
    for exchange, found in zip((chat_reasoning, chat_reasoning_stream), fields, strict=True):
        if not found and not _thought(exchange):
            not_testable("the model did not think in one of the two modes")
    whole, piecewise = (sorted(found) for found in fields)
    expect(whole == piecewise, f"{whole}, as in the answer that is not streamed", piecewise, "", chat_reasoning_stream)


def _fields(exchange: Exchange) -> set[str]:
    found = set()
    for part in parts(exchange):
        for choice in part.view.choices:
            spoken = choice.message or choice.delta or Message()
            found |= {name for name in FIELDS if getattr(spoken, name)}
    return found


def _thought(exchange: Exchange) -> bool:
    """Whether the usage says that the model thought."""
    details = [part.view.usage.completion_tokens_details for part in parts(exchange) if part.view.usage]
    return any(one is not None and (one.reasoning_tokens or 0) > 0 for one in details)


@requirement("chat.reasoning.first")
def test_thoughts_come_before_the_text(chat_reasoning_stream: Exchange) -> None:
    if not any(choice.thoughts for choice in told(chat_reasoning_stream)):
        not_testable("the model shows no thoughts here")
    for index, lane in by_index(steps(chat_reasoning_stream)).items():
        deltas = [step.delta for step in lane if step.delta is not None]
        first_text = next((n for n, delta in enumerate(deltas) if delta.content), len(deltas))
        late = next((delta.thoughts for delta in deltas[first_text + 1 :] if delta.thoughts), "")
        expect(not late, "all thoughts before the first text", late, f"choice {index}")


@requirement("chat.reasoning.counted")
def test_thoughts_are_counted(chat_reasoning: Exchange) -> None:
    usage = parts(chat_reasoning)[0].view.usage
    details = usage.completion_tokens_details if usage else None
    if not any(choice.thoughts for choice in told(chat_reasoning)) or details is None:
        not_testable("the answer shows no thoughts, or no details of its usage")
    got = Words("none") if details.reasoning_tokens is None else details.reasoning_tokens
    at = "/usage/completion_tokens_details/reasoning_tokens"
    expect((details.reasoning_tokens or 0) > 0, "a count above 0, because thoughts are shown", got, at)
