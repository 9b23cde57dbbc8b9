"""What every answer is made of, whole or streamed: its members, its end, its usage."""

from __future__ import annotations

from collections.abc import Iterator

from conformance.engine.judge import Words, expect, not_testable, parsed, show
from conformance.engine.kit.echo import expect_survival
from conformance.engine.kit.reading import all_served, asked
from conformance.engine.kit.replies import expect_model, streamed, whole_answers
from conformance.engine.requirement import requirement
from conformance.families.claude.reading import Evidence, Told, expect_answer_shape, steps, told
from conformance.families.claude.views import Block, Message
from conformance.wire.exchange import Exchange

ID_PREFIX = "msg_"


@requirement("claude.answer.envelope")
def test_answer_has_its_envelope(any_claude_answer: Evidence) -> None:
    expect_answer_shape(any_claude_answer, "head")


@requirement("claude.answer.blocks")
def test_content_is_made_of_typed_blocks(any_claude_answer: Evidence) -> None:
    expect_answer_shape(any_claude_answer, "blocks")


@requirement("claude.answer.signature")
def test_thoughts_have_a_signature(any_claude_thoughtful_reply: Evidence) -> None:
    found = [
        (exchange, place, block)
        for exchange in whole_answers(any_claude_thoughtful_reply)
        for place, block in enumerate(Message.of(exchange).content)
        if block.type == "thinking"
    ]
    if not found:
        not_testable("the model shows no thoughts")
    for exchange, place, block in found:
        got = _signature_of(block)
        expect(block.signature is not None, "a text, empty when unsigned", got, f"/content/{place}/signature", exchange)


def _signature_of(block: Block) -> object:
    return block.signature if "signature" in block.model_fields_set else Words("none")


@requirement("claude.answer.stop-reason")
def test_stop_reason_is_one_of_seven(any_claude_answer: Evidence) -> None:
    for exchange in whole_answers(any_claude_answer):
        if _raw_reason(exchange) is None:
            not_testable("there is no stop_reason, which another sentence judges")
    expect_answer_shape(any_claude_answer, "stop-reason")


@requirement("claude.answer.stop-reason-given")
def test_whole_answer_says_why_it_ended(any_claude_answer: Evidence) -> None:
    for exchange in whole_answers(any_claude_answer):
        reason = _raw_reason(exchange)
        expect(reason is not None, "a stop_reason, because the answer has ended", reason, "/stop_reason", exchange)


def _raw_reason(exchange: Exchange) -> object:
    value = parsed(exchange)
    return value.get("stop_reason") if isinstance(value, dict) else None


@requirement("claude.answer.stop-sequence-member")
def test_stop_sequence_is_always_there(any_claude_answer: Evidence) -> None:
    expect_answer_shape(any_claude_answer, "stop-sequence")
    for exchange in whole_answers(any_claude_answer):
        has = "stop_sequence" in Message.of(exchange).model_fields_set
        expect(has, "a member stop_sequence, null as a rule", Words("none"), "/stop_sequence", exchange)


@requirement("claude.answer.id-unique")
def test_ids_are_unique(claude_answer: Exchange, later_claude_reply: Evidence) -> None:
    first = told(claude_answer).id
    if not first:
        not_testable("the plain answer has no id, which another sentence judges")
    for exchange in all_served(later_claude_reply):
        expect(told(exchange).id != first, "an id of its own for every answer", first, "/id", exchange)


@requirement("claude.answer.id-prefix")
def test_ids_look_like_those_of_the_format(any_claude_reply: Evidence) -> None:
    for exchange in all_served(any_claude_reply):
        found = told(exchange).id
        expect(not found or found.startswith(ID_PREFIX), f"an id that begins with {ID_PREFIX}", found, "/id", exchange)


@requirement("claude.answer.model-named")
def test_model_is_the_one_asked_for(any_claude_reply: Evidence) -> None:
    for exchange in all_served(any_claude_reply):
        expect_model(exchange, told(exchange).model)


@requirement("claude.answer.says-something")
def test_finished_answer_says_something(any_claude_plain_end: Exchange) -> None:
    one = told(any_claude_plain_end)
    if one.stop_reason != "end_turn":
        not_testable("the answer did not end by itself")
    said = any(block.text or block.thinking or block.type not in ("text", "thinking") for block in one.blocks)
    expect(said, "a block with something in it", Words("nothing"), "/content")


@requirement("claude.answer.no-think-marks")
def test_thoughts_are_not_mixed_into_the_text(any_claude_reply: Evidence) -> None:
    for exchange in all_served(any_claude_reply):
        for block in told(exchange).blocks:
            marked = "<think>" in block.text or "</think>" in block.text
            start = block.text.lstrip()[:40]
            expect(not marked, "text without <think> marks", start, f"/content/{block.position}", exchange)


@requirement("claude.text.unicode")
def test_characters_survive(any_claude_echo: Exchange) -> None:
    one = told(any_claude_echo)
    if streamed(any_claude_echo):
        pieces = [(step.at, step.delta.text or "") for step in steps(any_claude_echo)]
    else:
        pieces = [(f"/content/{block.position}", block.text) for block in one.blocks]
    expect_survival(pieces, one.text, "/content")


@requirement("claude.usage.shape")
def test_usage_has_its_counts(any_claude_answer: Evidence) -> None:
    expect_answer_shape(any_claude_answer, "usage")


@requirement("claude.usage.input-positive")
def test_prompt_costs_tokens(any_claude_reply: Evidence) -> None:
    for exchange, one in _messages(any_claude_reply):
        count = one.usage.prompt
        at = "/usage/input_tokens"
        expect(count is None or count > 0, "more than 0 with the cached ones, for a prompt", count, at, exchange)


@requirement("claude.usage.output-positive")
def test_answer_costs_tokens(any_claude_reply: Evidence) -> None:
    for exchange, one in _messages(any_claude_reply):
        count = one.usage.output_tokens
        said = any(block.text or block.thinking or block.name for block in one.blocks)
        fine = not said or count is None or count > 0
        expect(fine, "more than 0, because there is an answer", count, "/usage/output_tokens", exchange)


def _messages(evidence: Evidence) -> Iterator[tuple[Exchange, Told]]:
    for exchange in all_served(evidence):
        yield exchange, told(exchange)


@requirement("claude.stop.sequence-null")
def test_no_stop_sequence_where_none_was_hit(any_claude_reply: Evidence) -> None:
    for exchange, one in _messages(any_claude_reply):
        if one.stop_reason != "stop_sequence":
            got, reason = one.stop_sequence, show(one.stop_reason)
            expect(got is None, f"null, because the stop_reason is {reason}", got, "/stop_sequence", exchange)


@requirement("claude.stop.sequence-asked")
def test_no_unasked_stop_sequence_is_hit(any_claude_reply: Evidence) -> None:
    for exchange, one in _messages(any_claude_reply):
        unasked = one.stop_reason == "stop_sequence" and not asked(exchange).get("stop_sequences")
        expect(
            not unasked, "another reason, because no sequences were given", one.stop_reason, "/stop_reason", exchange
        )
