"""What every answer of chat completions is made of, whole or streamed."""

from __future__ import annotations

from collections.abc import Iterator

from conformance.engine.judge import Words, expect, not_testable
from conformance.engine.kit.reading import all_served, asked
from conformance.engine.kit.replies import expect_model, expect_now
from conformance.engine.requirement import requirement
from conformance.families.chat.reading import broken_shapes, parts, told, usages
from conformance.families.chat.views import Usage
from conformance.wire.exchange import Exchange

GOES_WITH = {
    "prompt_tokens": ("prompt_tokens_details", ("cached_tokens", "text_tokens", "audio_tokens", "image_tokens")),
    "completion_tokens": (
        "completion_tokens_details",
        ("text_tokens", "audio_tokens", "reasoning_tokens", "rejected_prediction_tokens"),
    ),
}

Evidence = tuple[Exchange, ...]


def expect_shape(evidence: Evidence, *names: str) -> None:
    """Break when something in these parts of the replies is not what the contract's schema says."""
    for exchange in all_served(evidence):
        for at, message in broken_shapes(exchange, *names):
            expect(False, "what the contract's schema says", Words(message), at, exchange)


@requirement("chat.answer.envelope")
def test_answer_has_its_envelope(any_chat_answer: Evidence) -> None:
    expect_shape(any_chat_answer, "head", "object", "choices")


@requirement("chat.answer.message")
def test_message_is_an_assistant_turn(any_chat_answer: Evidence) -> None:
    expect_shape(any_chat_answer, "message")


@requirement("chat.answer.content-present")
def test_content_is_present_even_when_null(any_chat_answer: Evidence) -> None:
    for exchange in all_served(any_chat_answer):
        for part in parts(exchange):
            for place, choice in enumerate(part.view.choices):
                if choice.message is not None:
                    has = "content" in choice.message.model_fields_set
                    keys = Words("a message without it")
                    expect(has, "a member `content`", keys, f"/choices/{place}/message", exchange)


@requirement("chat.answer.finish-reason")
def test_finish_reason_is_one_of_five(any_chat_answer: Evidence) -> None:
    expect_shape(any_chat_answer, "finish")


@requirement("chat.answer.other-fields")
def test_other_fields_fit_the_schema(any_chat_answer: Evidence) -> None:
    expect_shape(any_chat_answer, "other")


@requirement("chat.answer.indexes")
def test_choices_are_numbered_from_zero(any_chat_answer: Evidence) -> None:
    expect_shape(any_chat_answer, "index")
    for exchange in all_served(any_chat_answer):
        found = [choice.index for choice in parts(exchange)[0].view.choices]
        expect(
            sorted(i for i in found if i is not None) == list(range(len(found))),
            "each of 0 to the number of choices less one, once",
            found,
            "/choices",
            exchange,
        )


@requirement("chat.answer.id-unique")
def test_ids_are_unique(chat_answer: Exchange, later_chat_reply: Evidence) -> None:
    _expect_other_id(chat_answer, later_chat_reply)


@requirement("chat.answer.id-unique")
def test_ids_of_streams_are_unique(chat_echo_stream: Exchange, later_chat_stream: Evidence) -> None:
    _expect_other_id(chat_echo_stream, later_chat_stream)


def _expect_other_id(first: Exchange, evidence: Evidence) -> None:
    known = parts(first)[0].view.id
    if not known:
        not_testable("the first answer has no id, which another sentence judges")
    for exchange in all_served(evidence):
        expect(parts(exchange)[0].view.id != known, "an id of its own for every answer", known, "/id", exchange)


@requirement("chat.answer.created-now")
def test_created_is_now_in_seconds(any_chat_reply: Evidence) -> None:
    for exchange in all_served(any_chat_reply):
        for part in parts(exchange):
            if isinstance(part.value, dict):
                expect_now(part.value.get("created"), exchange, part.place("/created"))


@requirement("chat.answer.model-named")
def test_model_is_the_one_asked_for(any_chat_reply: Evidence) -> None:
    for exchange in all_served(any_chat_reply):
        for part in parts(exchange):
            expect_model(exchange, part.view.model, part.place("/model"))


@requirement("chat.answer.says-something")
def test_finished_answer_says_something(any_chat_reply: Evidence) -> None:
    for exchange in all_served(any_chat_reply):
        for choice in told(exchange):
            if choice.finish != "stop" or _stopped_by_sequence(exchange):
                continue
            said = choice.text or choice.thoughts or choice.refusal or choice.calls or choice.other
            expect(
                said, "text, a refusal, a tool call or sound", Words("nothing"), f"/choices/{choice.index}", exchange
            )


def _stopped_by_sequence(exchange: Exchange) -> bool:
    return asked(exchange).get("stop") is not None


@requirement("chat.answer.no-think-marks")
def test_thoughts_are_not_mixed_into_the_text(any_chat_reply: Evidence) -> None:
    for exchange in all_served(any_chat_reply):
        for choice in told(exchange):
            start = choice.text.lstrip()[:40]
            marked = "<think>" in choice.text or "</think>" in choice.text
            expect(not marked, "text without <think> marks", start, f"/choices/{choice.index}", exchange)


@requirement("chat.answer.logprobs-unasked")
def test_logprobs_only_when_asked(any_chat_reply_without_logprobs: Evidence) -> None:
    for exchange in all_served(any_chat_reply_without_logprobs):
        for choice in told(exchange):
            got = choice.tokens[:1]
            expect(not got, "no likelihoods, because nobody asked", got, f"/choices/{choice.index}/logprobs", exchange)


@requirement("chat.usage.present")
def test_answer_has_usage(any_chat_answer: Evidence) -> None:
    for exchange in all_served(any_chat_answer):
        given = parts(exchange)[0].usage is not None
        expect(given, "a usage object", Words("none"), "/usage", exchange)


@requirement("chat.usage.shape")
def test_usage_has_three_counts(any_chat_reply: Evidence) -> None:
    expect_shape(any_chat_reply, "usage")


@requirement("chat.usage.total")
def test_total_is_the_sum(any_chat_reply: Evidence) -> None:
    for exchange, at, usage in _counted(any_chat_reply):
        prompt, completion, total = usage.prompt_tokens, usage.completion_tokens, usage.total_tokens
        if prompt is None or completion is None or total is None:
            continue
        expect(total == prompt + completion, f"{prompt} + {completion} = {prompt + completion}", total, at, exchange)


@requirement("chat.usage.details")
def test_details_do_not_exceed_their_totals(any_chat_reply: Evidence) -> None:
    for exchange, at, usage in _counted(any_chat_reply):
        for total_name, (details_name, names) in GOES_WITH.items():
            total, details = getattr(usage, total_name), getattr(usage, details_name)
            for name in names:
                part = getattr(details, name, None)
                if part is not None and total is not None:
                    place = f"{at}/{details_name}/{name}"
                    expect(part <= total, f"at most {total_name}, which is {total}", part, place, exchange)


@requirement("chat.usage.prompt-positive")
def test_prompt_costs_tokens(any_chat_reply: Evidence) -> None:
    for exchange, at, usage in _final_counts(any_chat_reply):
        count = usage.prompt_tokens
        expect(count is None or count > 0, "more than 0, because there was a prompt", count, at, exchange)


@requirement("chat.usage.completion-positive")
def test_answer_costs_tokens(any_chat_reply: Evidence) -> None:
    for exchange, at, usage in _final_counts(any_chat_reply):
        count = usage.completion_tokens
        said = any(choice.text or choice.thoughts or choice.calls for choice in told(exchange))
        expect(not said or count is None or count > 0, "more than 0, because there is an answer", count, at, exchange)


def _counted(evidence: Evidence) -> Iterator[tuple[Exchange, str, Usage]]:
    for exchange in all_served(evidence):
        for at, usage in usages(exchange):
            yield exchange, at, usage


def _final_counts(evidence: Evidence) -> Iterator[tuple[Exchange, str, Usage]]:
    """The usage that counts: of a stream the last one, because running totals may start at 0."""
    for exchange in all_served(evidence):
        for at, usage in usages(exchange)[-1:]:
            yield exchange, at, usage
