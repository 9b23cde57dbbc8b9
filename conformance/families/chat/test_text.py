"""Text: characters survive, and answers have the form that was asked for."""

from __future__ import annotations

import json
import re
import unicodedata
from collections.abc import Iterator
from typing import Any

from jsonschema import Draft202012Validator

from conformance.engine.judge import expect, not_testable
from conformance.engine.requirement import requirement
from conformance.families.chat.probes import ECHO, VERDICT_SCHEMA
from conformance.families.chat.reading import Part, Told, parts, told
from conformance.wire.exchange import Exchange

SURROGATE = re.compile("[\ud800-\udfff]")


def _misread(text: str, encoding: str) -> str:
    """What UTF-8 looks like to somebody who takes it for another encoding."""
    return text.encode().decode(encoding, "replace")


GARBLED = tuple(_misread(word, encoding) for word in ("漢字", "한글", "Ж", "ï") for encoding in ("latin-1", "cp1252"))

CRIPPLED = tuple(
    " ".join(form.split())
    for form in (
        *(ECHO.encode("ascii", way).decode() for way in ("replace", "ignore", "backslashreplace", "xmlcharrefreplace")),
        json.dumps(ECHO)[1:-1],
    )
)
"""What is left of the text when somebody on the way knows ASCII alone."""


@requirement("chat.text.unicode")
def test_characters_survive(any_chat_echo: Exchange) -> None:
    for part in parts(any_chat_echo):
        for text in _texts(part):
            expect(not SURROGATE.search(text), "whole characters", text, part.at or "/choices/0/message/content")
    for answer in told(any_chat_echo):
        _expect_echo(answer.text, f"/choices/{answer.index}")


def _texts(part: Part) -> list[str]:
    spoken = [choice.message or choice.delta for choice in part.view.choices]
    return [one.content for one in spoken if one is not None and one.content]


def _expect_echo(text: str, at: str) -> None:
    expect("\ufffd" not in text, "text without U+FFFD", text, at)
    mangled = [word for word in GARBLED if word in text]
    expect(not mangled, "the characters that were sent, not another reading of their bytes", text, at)
    if unicodedata.normalize("NFC", ECHO) in unicodedata.normalize("NFC", text):
        return
    crippled = [form for form in CRIPPLED if form in " ".join(text.split())]
    expect(not crippled, f"{ECHO!r}, as it was sent", text, at)
    not_testable("the model did not repeat the text, or did so with changes of its own")


@requirement("chat.format.json-object")
def test_json_object_is_one(chat_json: Exchange) -> None:
    for choice in _whole_texts(chat_json):
        value = _json_of(choice)
        expect(isinstance(value, dict), "text that is a JSON object", choice.text, _content_of(choice))


@requirement("chat.format.json-schema")
def test_text_fits_the_schema(any_chat_schema: Exchange) -> None:
    for choice in _whole_texts(any_chat_schema):
        value = _json_of(choice)
        fits = Draft202012Validator(VERDICT_SCHEMA).is_valid(value)
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
