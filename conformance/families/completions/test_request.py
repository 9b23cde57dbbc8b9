"""What a request asks for: echo, limits, stop sequences, several prompts and choices, a suffix, likelihoods."""

from __future__ import annotations

import re
from collections.abc import Iterator
from itertools import pairwise
from typing import Any

from conformance.engine.judge import Words, expect, not_testable
from conformance.engine.kit.echo import expect_survival
from conformance.engine.kit.prompts import CAP
from conformance.engine.kit.reading import asked, expect_client_error
from conformance.engine.kit.replies import expect_served, is_count
from conformance.engine.requirement import requirement
from conformance.families.completions.probes import ALTERNATIVES, CHOICES, WORDS
from conformance.families.completions.reading import Told, broken_shapes, final_counts, lanes, steps, told
from conformance.wire.exchange import Exchange

ROUNDING = 1e-4
"""By which a likelihood of one may come out above zero."""
LISTS = ("tokens", "token_logprobs", "top_logprobs", "text_offset")


@requirement("completions.request.nulls")
def test_null_equals_leaving_out(completions_nulls: Exchange) -> None:
    expect_served(completions_nulls)


@requirement("completions.request.tokens")
def test_tokens_are_served_or_refused(completions_tokens: Exchange) -> None:
    if not completions_tokens.ok:
        expect_client_error(completions_tokens)


@requirement("completions.request.chat-model")
def test_a_chat_model_is_served_or_refused(completions_chat_model: Exchange) -> None:
    if not completions_chat_model.ok:
        expect_client_error(completions_chat_model)


@requirement("completions.echo.prefix")
def test_the_prompt_comes_first(any_completions_echo: Exchange) -> None:
    prompt = asked(any_completions_echo)["prompt"]
    for choice in told(any_completions_echo):
        first = choice.text.startswith(prompt)
        expect(first, f"text that begins with the prompt {prompt!r}", choice.text, f"{choice.at}/text")


@requirement("completions.text.unicode")
def test_characters_of_the_prompt_survive(any_completions_echo: Exchange) -> None:
    pieces = [(step.at, step.view.text or "") for step in steps(any_completions_echo)]
    for choice in told(any_completions_echo):
        expect_survival(pieces, choice.text, f"{choice.at}/text")


@requirement("completions.text.unicode")
def test_characters_of_the_continuation_survive(any_completions_many: Exchange) -> None:
    repeating = told(any_completions_many)[CHOICES:]
    if not repeating:
        not_testable("there is no continuation of the second prompt, which another sentence judges")
    for choice in repeating:
        pieces = [(step.at, step.view.text or "") for step in lanes(any_completions_many)[choice.index]]
        expect_survival(pieces, choice.text, f"{choice.at}/text")


@requirement("completions.limit.tokens")
def test_cap_is_kept(any_completions_cap: Exchange) -> None:
    request = asked(any_completions_cap)
    repeated = len(_words(request["prompt"])) if request.get("echo") else 0
    for choice in told(any_completions_cap):
        found = len(_words(choice.text))
        expect(found <= CAP + repeated, f"at most {CAP} tokens", choice.text, f"{choice.at}/text")
    count = final_counts(any_completions_cap)["completion_tokens"]
    expect(count <= CAP, f"at most {CAP} tokens", count, "/usage/completion_tokens")


def _words(text: str) -> list[str]:
    return re.findall(r"\w+", text)


@requirement("completions.limit.finish")
def test_cap_is_told(any_completions_cap: Exchange) -> None:
    if final_counts(any_completions_cap)["completion_tokens"] != CAP:
        not_testable("the model stopped before the limit by itself, or the limit was not kept")
    for choice in told(any_completions_cap):
        if choice.finish:
            right = choice.finish == "length"
            expect(right, "length, because the limit was hit", choice.finish, f"{choice.at}/finish_reason")


@requirement("completions.stop.not-in-text")
def test_stop_sequence_is_not_in_the_text(any_completions_stop: Exchange) -> None:
    for choice, sequence in _stops(any_completions_stop):
        expect(sequence not in choice.text, f"text without {sequence!r}", choice.text, f"{choice.at}/text")


@requirement("completions.stop.no-part-of-it")
def test_no_part_of_a_stop_sequence_is_left(any_completions_stop: Exchange) -> None:
    for choice, sequence in _stops(any_completions_stop):
        beginnings = tuple(sequence[:length] for length in range(1, len(sequence)))
        left = choice.finish == "stop" and sequence not in choice.text and choice.text.endswith(beginnings)
        expect(not left, f"text that ends before {sequence!r}", choice.text, f"{choice.at}/text")


@requirement("completions.stop.finish")
def test_stop_sequence_ends_with_stop(any_completions_stop: Exchange) -> None:
    for choice, sequence in _stops(any_completions_stop):
        if re.findall(r"\d", choice.text) != ["1", "2", "3", "4"] or sequence in choice.text:
            not_testable("the model did not count up to the stop sequence")
        if choice.finish:
            expect(choice.finish == "stop", "stop", choice.finish, f"{choice.at}/finish_reason")


def _stops(exchange: Exchange) -> Iterator[tuple[Told, str]]:
    """Each choice that counts from 1, with the stop sequence that it runs into."""
    given, prompts = asked(exchange)["stop"], asked(exchange)["prompt"]
    counting = told(exchange)[:CHOICES] if isinstance(prompts, list) else told(exchange)
    for choice in counting:
        if not choice.text:
            not_testable("the answer has no text")
        yield choice, given if isinstance(given, str) else given[0]


@requirement("completions.choices.count")
def test_as_many_choices_as_prompts_and_n(any_completions_many: Exchange) -> None:
    wanted = list(range(len(WORDS) * CHOICES))
    found = [choice.index for choice in told(any_completions_many)]
    text = f"choices {wanted}, two for each of two prompts"
    expect(found == wanted, text, found, "/choices")


@requirement("completions.choices.order")
def test_choices_follow_their_prompts(any_completions_many: Exchange) -> None:
    judged = 0
    for choice in told(any_completions_many):
        place = choice.index // CHOICES
        if not 0 <= place < len(WORDS):
            not_testable("there are more choices than asked for, which another sentence judges")
        own, others = WORDS[place], [word for word in WORDS if word != WORDS[place]]
        judged += own in choice.text
        strange = [word for word in others if word in choice.text and own not in choice.text]
        expect(not strange, f"a continuation of prompt {place}, which has {own}", choice.text, f"{choice.at}/text")
    if not judged:
        not_testable("the model did not repeat what its prompt says")


@requirement("completions.suffix.counted")
def test_suffix_costs_tokens(completions_answer: Exchange, completions_suffix: Exchange) -> None:
    plain, longer = (final_counts(e)["prompt_tokens"] for e in (completions_answer, completions_suffix))
    wanted = f"more than the {plain} prompt tokens without the suffix"
    expect(longer > plain, wanted, longer, "/usage/prompt_tokens", completions_suffix)


@requirement("completions.logprobs.present")
def test_likelihoods_are_given_when_asked(any_completions_logprobs: Exchange) -> None:
    for choice in told(any_completions_logprobs):
        if choice.text:
            given = choice.likelihoods
            expect(given, "likelihoods, because they were asked for", Words("none"), f"{choice.at}/logprobs")


@requirement("completions.logprobs.lists")
def test_likelihoods_are_four_lists_of_one_length(any_completions_logprobs: Exchange) -> None:
    for at, message in broken_shapes(any_completions_logprobs, "logprobs"):
        expect(False, "lists tokens, token_logprobs, top_logprobs and text_offset", Words(message), at)
    for step in steps(any_completions_logprobs):
        if step.view.logprobs is not None:
            given = step.raw["logprobs"]
            lengths = {name: len(given[name]) for name in LISTS if isinstance(given.get(name), list)}
            expect(len(set(lengths.values())) <= 1, "lists of one length", lengths, f"{step.at}/logprobs")


@requirement("completions.logprobs.offsets")
def test_offsets_rise(any_completions_logprobs: Exchange) -> None:
    for choice in _with_tokens(any_completions_logprobs):
        pairs = zip(_joined(choice, "tokens"), _joined(choice, "text_offset"), strict=False)
        known = [(str(token), offset) for token, offset in pairs if is_count(offset)]
        for (token, before), (_, offset) in pairwise(known):
            rises = offset > before or (offset == before and not (token and choice.text.isascii()))
            expect(rises, f"an offset beyond {before}", offset, f"{choice.at}/logprobs/text_offset")


@requirement("completions.logprobs.join")
def test_tokens_join_to_the_text(any_completions_logprobs: Exchange) -> None:
    judged = 0
    for choice in _with_tokens(any_completions_logprobs):
        tokens = _joined(choice, "tokens")
        if any(not isinstance(token, str) or token.startswith("bytes:") or "\ufffd" in token for token in tokens):
            continue
        judged, joined = judged + 1, "".join(tokens)
        same = joined.strip() == choice.text.strip()
        expect(same, f"tokens that join to {choice.text!r}", joined, f"{choice.at}/logprobs/tokens")
    if not judged:
        not_testable("a character is cut over two tokens")


@requirement("completions.logprobs.values")
def test_likelihoods_are_not_above_zero(any_completions_logprobs: Exchange) -> None:
    for choice in _with_tokens(any_completions_logprobs):
        tops = [value for top in _joined(choice, "top_logprobs") if isinstance(top, dict) for value in top.values()]
        for value in (*_joined(choice, "token_logprobs"), *tops):
            number = isinstance(value, int | float) and not isinstance(value, bool)
            expect(not number or value <= ROUNDING, "at most 0", value, f"{choice.at}/logprobs")


@requirement("completions.logprobs.alternatives")
def test_no_more_alternatives_than_asked(any_completions_logprobs: Exchange) -> None:
    for choice in _with_tokens(any_completions_logprobs):
        for place, top in enumerate(_joined(choice, "top_logprobs")):
            found = len(top) if isinstance(top, dict) else 0
            at = f"{choice.at}/logprobs/top_logprobs/{place}"
            most = ALTERNATIVES + 1
            expect(found <= most, f"at most {most} (the token itself may be added)", Words(f"{found} of them"), at)


def _with_tokens(exchange: Exchange) -> Iterator[Told]:
    for choice in told(exchange):
        if not _joined(choice, "tokens"):
            not_testable("there are no likelihoods, which another sentence judges")
        yield choice


def _joined(choice: Told, name: str) -> list[Any]:
    """One of the four lists over all chunks."""
    return [entry for one in choice.likelihoods for entry in getattr(one, name)]
