"""What a request may look like, and what its settings do: forms of the input, nulls, instructions, limits, formats."""

from __future__ import annotations

import json
import re

from jsonschema import Draft202012Validator

from conformance.engine.judge import Words, expect, not_testable
from conformance.engine.kit.echo import expect_survival
from conformance.engine.kit.prompts import CAP, VERDICT
from conformance.engine.kit.reading import served
from conformance.engine.kit.replies import expect_served, stream_in
from conformance.engine.kit.together import telling
from conformance.engine.requirement import requirement
from conformance.families.responses.reading import Evidence, Said, finished, said, steps, taken, usage_of
from conformance.wire.exchange import Exchange

SAME_PROMPT_TOLERANCE = 4
"""Tokens by which two spellings of one prompt may differ."""


@requirement("responses.request.message-list")
def test_input_may_be_a_list_of_messages(responses_list: Exchange) -> None:
    expect_served(responses_list)


@requirement("responses.request.same-prompt")
def test_one_prompt_counts_alike(responses_cap_stream: Exchange, responses_list: Exchange) -> None:
    plain, listed = taken(responses_cap_stream), taken(served(responses_list))
    close = abs(plain - listed) <= SAME_PROMPT_TOLERANCE
    wanted = f"about {plain} tokens, as for the string in a stream"
    expect(close, wanted, listed, "/usage/input_tokens", responses_list)


@requirement("responses.request.nulls")
def test_null_equals_leaving_out(responses_form: Evidence) -> None:
    expect_served(telling(responses_form, lambda body: "previous_response_id" in body))


@requirement("responses.request.instructions-counted")
def test_instructions_reach_the_model(responses_answer: Exchange, responses_instructed: Exchange) -> None:
    plain, instructed = taken(responses_answer), taken(responses_instructed)
    wanted = f"more than the {plain} tokens of the input alone, because there were instructions"
    expect(instructed > plain, wanted, instructed, "/usage/input_tokens", responses_instructed)


@requirement("responses.request.image-counted")
def test_picture_costs_tokens(responses_answer: Exchange, responses_image: Exchange) -> None:
    plain, pictured = taken(responses_answer), taken(responses_image)
    wanted = f"more than the {plain} tokens of the text alone"
    expect(pictured > plain, wanted, pictured, "/usage/input_tokens", responses_image)


@requirement("responses.limit.tokens")
def test_cap_is_kept(any_responses_cap: Exchange) -> None:
    one, limit = said(any_responses_cap), f"at most {CAP} tokens"
    given = usage_of(any_responses_cap).given or 0
    expect(given <= CAP, limit, given, one.place("/usage/output_tokens"))
    words = re.findall(r"\w+", one.view.text)
    expect(len(words) <= CAP, limit, one.view.text, one.place("/output"))


@requirement("responses.limit.incomplete")
def test_cap_is_told(any_responses_cap: Exchange) -> None:
    one = _cut(any_responses_cap)
    reason = one.view.incomplete_details.reason if one.view.incomplete_details else None
    got = {"status": one.view.status, "incomplete_details": {"reason": reason} if reason else None}
    right = one.view.status == "incomplete" and reason == "max_output_tokens"
    expect(right, "status incomplete with the reason max_output_tokens, because the limit was hit", got, one.at)


@requirement("responses.limit.item")
def test_cut_item_is_the_last_and_says_so(any_responses_cap: Exchange) -> None:
    one = _cut(any_responses_cap)
    states = [item.status for item in one.view.output]
    if not any(states):
        not_testable("there is no item with a status, which another sentence judges")
    right = states[-1] == "incomplete" and "incomplete" not in states[:-1]
    expect(right, "incomplete for the last item, and for no other", states, one.place("/output"))


def _cut(exchange: Exchange) -> Said:
    given = usage_of(exchange).given or 0
    if given != CAP:
        few = "the model stopped before the limit by itself"
        not_testable(few if given < CAP else "the limit was not kept, which another sentence judges")
    return said(exchange)


@requirement("responses.text.unicode")
def test_characters_survive(responses_memory: Evidence) -> None:
    echo = stream_in(responses_memory)
    deltas = [step for step in steps(echo) if step.type == "response.output_text.delta"]
    joined = "".join(step.view.delta or "" for step in deltas)
    expect_survival([(step.at, step.view.delta or "") for step in deltas], joined, "the deltas")
    one = said(echo)
    expect_survival([], one.view.text, one.place("/output"))


@requirement("responses.format.json-schema")
def test_text_fits_the_schema(responses_form: Evidence) -> None:
    one = finished(served(telling(responses_form, lambda body: "text" in body)))
    if not one.view.text:
        not_testable("the answer has no text, or was refused")
    try:
        value = json.loads(one.view.text)
    except (ValueError, RecursionError):
        value = Words("no JSON")
    fits = Draft202012Validator(VERDICT).is_valid(value)
    expect(fits, "a JSON object with verdict (kx-41 or kx-42) and sure", one.view.text, one.place("/output"))
