"""Text: characters survive, answers have the form that was asked for, thoughts are kept apart."""

from __future__ import annotations

import base64
import binascii
import json
from collections.abc import Iterator
from typing import Any

from jsonschema import Draft202012Validator

from conformance.engine.judge import expect, not_testable, nothing_here
from conformance.engine.kit.echo import expect_survival
from conformance.engine.kit.reading import all_served, asked
from conformance.engine.kit.together import telling
from conformance.engine.requirement import requirement
from conformance.families.gemini.probes import VERDICT
from conformance.families.gemini.reading import (
    Evidence,
    Told,
    config_of,
    configures,
    expect_shape,
    final_usage,
    json_schema,
    steps,
    told,
)
from conformance.wire.exchange import Exchange


@requirement("gemini.text.unicode")
def test_characters_survive(any_gemini_echo: Exchange) -> None:
    pieces = [(at, part.text) for step in steps(any_gemini_echo) for _, part, at in step.parts if part.text]
    for one in told(any_gemini_echo):
        expect_survival(pieces, one.text, one.at)


@requirement("gemini.json.parses")
def test_text_is_json(gemini_form: Evidence) -> None:
    for one, value in _values(_form(gemini_form)):
        expect(isinstance(value, dict), "text that is a JSON object", one.text, one.at, _form(gemini_form))


@requirement("gemini.json.fits")
def test_text_fits_the_schema(gemini_form: Evidence) -> None:
    for one, value in _values(_form(gemini_form)):
        if value is None:
            not_testable("the text is no JSON, which another sentence judges")
        fits = Draft202012Validator(json_schema(VERDICT)).is_valid(value)
        expect(fits, "an object with verdict (kx-41 or kx-42) and sure", one.text, one.at, _form(gemini_form))


def _form(evidence: Evidence) -> Exchange:
    return telling(evidence, configures("responseSchema"))


def _values(exchange: Exchange) -> Iterator[tuple[Told, Any]]:
    for one in told(exchange):
        if not one.complete or not one.text:
            not_testable("the answer was cut, filtered, or has no text")
        try:
            yield one, json.loads(one.text)
        except (ValueError, RecursionError):
            yield one, None


@requirement("gemini.thoughts.shape")
def test_thought_marks_have_their_types(any_gemini_reply: Evidence) -> None:
    expect_shape(any_gemini_reply, "thoughts")


@requirement("gemini.thoughts.apart")
def test_thoughts_are_not_mixed_into_the_text(any_gemini_reply: Evidence) -> None:
    for exchange in all_served(any_gemini_reply):
        for one in told(exchange):
            marked = "<think>" in one.text or "</think>" in one.text
            expect(not marked, "text without <think> marks", one.text.lstrip()[:40], one.at, exchange)


@requirement("gemini.thoughts.unasked")
def test_no_thoughts_unless_asked(any_gemini_reply: Evidence) -> None:
    for exchange in all_served(any_gemini_reply):
        if config_of(exchange).get("thinkingConfig"):
            not_testable("thoughts were asked for here")
        for one in told(exchange):
            expect(not one.thoughts, "no thoughts, because nobody asked", one.thoughts[:80], one.at, exchange)


@requirement("gemini.thoughts.counted")
def test_thoughts_cost_tokens(gemini_thoughts_stream: Exchange) -> None:
    thoughts = [one for one in told(gemini_thoughts_stream) if one.thoughts]
    if not thoughts:
        not_testable("the model showed no thoughts")
    count = final_usage(gemini_thoughts_stream).thoughtsTokenCount
    expect((count or 0) > 0, "more than 0, because there are thoughts", count, "usageMetadata/thoughtsTokenCount")


@requirement("gemini.thoughts.signature-base64")
def test_thought_signatures_are_base64(any_gemini_reply: Evidence) -> None:
    seen = False
    for exchange in all_served(any_gemini_reply):
        for step in steps(exchange):
            for _, part, at in step.parts:
                signature = part.thoughtSignature
                if signature is not None:
                    seen = True
                    expect(_is_base64(signature), "base64", signature[:80], f"{at}/thoughtSignature", exchange)
    if not seen:
        nothing_here("there is no thoughtSignature")


def _is_base64(text: str) -> bool:
    try:
        return bool(base64.b64decode(text, validate=True))
    except (binascii.Error, ValueError):
        return False


@requirement("gemini.thoughts.signature-place")
def test_signatures_stand_beside_the_call(any_gemini_tool_reply: Evidence) -> None:
    for exchange in all_served(any_gemini_tool_reply):
        if "tools" not in asked(exchange):
            not_testable("no function was offered here")
        for one in told(exchange):
            for call in one.calls:
                inside = [name for name in ("thoughtSignature", "thought_signature") if name in call.raw]
                expect(not inside, "the thoughtSignature in the part, beside functionCall", inside, call.at, exchange)
