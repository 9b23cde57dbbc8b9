"""Text: characters survive, and answers have the form that was asked for."""

from __future__ import annotations

import json
from collections.abc import Iterator
from typing import Any

from jsonschema import Draft202012Validator

from conformance.engine.judge import expect, not_testable
from conformance.engine.kit.echo import expect_survival
from conformance.engine.kit.prompts import VERDICT
from conformance.engine.requirement import requirement
from conformance.families.chat.reading import Part, Told, parts, told
from conformance.wire.exchange import Exchange


@requirement("chat.text.unicode")
def test_characters_survive(any_chat_echo: Exchange) -> None:
    pieces = [piece for part in parts(any_chat_echo) for piece in _pieces(part)]
    for answer in told(any_chat_echo):
        expect_survival(pieces, answer.text, _content_of(answer))


def _pieces(part: Part) -> list[tuple[str, str]]:
    spoken = [choice.message or choice.delta for choice in part.view.choices]
    return [(part.at or "/choices/0/message/content", one.content) for one in spoken if one and one.content]


@requirement("chat.format.json-object")
def test_json_object_is_one(chat_json: Exchange) -> None:
    for choice in _whole_texts(chat_json):
        value = _json_of(choice)
        expect(isinstance(value, dict), "text that is a JSON object", choice.text, _content_of(choice))


@requirement("chat.format.json-schema")
def test_text_fits_the_schema(any_chat_schema: Exchange) -> None:
    for choice in _whole_texts(any_chat_schema):
        value = _json_of(choice)
        fits = Draft202012Validator(VERDICT).is_valid(value)
        expect(fits, "a JSON object with verdict (kx-41 or kx-42) and sure", choice.text, _content_of(choice))


def _whole_texts(exchange: Exchange) -> Iterator[Told]:
    for choice in told(exchange):
        if not choice.complete or not choice.text:
            not_testable("the answer was cut, filtered, refused or has no text")
        yield choice


def _json_of(choice: Told) -> Any:
    try:
        return json.loads(choice.text)
    except (ValueError, RecursionError):
        return None


def _content_of(choice: Told) -> str:
    return f"/choices/{choice.index}/message/content"
