"""The words of the hub."""

from __future__ import annotations

import time
from typing import Any

import pytest

from conformance.hub.generate import ANY_OBJECT, Task, Tool, work
from conformance.hub.text import Turn, answer, count_tokens, sentence, tokens_of

TEXTS = [
    "hello",
    "héllo wörld",
    "你好，世界 🙂👩‍👩‍👧 שלום عربى",
    "line one\n\tline two\n",
    '{"a": [1, 2]}  "q"',
    "x" * 100,
]


def said(prompt: str, *before: Turn) -> str:
    return answer((*before, Turn("user", prompt)))


@pytest.mark.parametrize("text", [*TEXTS, "", " ", "\n\n\n\n\n", "a_b-c.d"])
def test_tokens_join_to_the_text(text: str) -> None:
    tokens = tokens_of(text)
    assert "".join(tokens) == text
    assert all(0 < len(token.strip() or token) <= 4 for token in tokens)
    assert len(tokens) == count_tokens(text)


@pytest.mark.parametrize("text", [text.strip() for text in TEXTS])
@pytest.mark.parametrize(
    "frame",
    [
        "Repeat exactly: {}",
        "repeat exactly:\n{}",
        "Repeat the following text exactly, and nothing else: {}",
        "Say: {}",
        "Reply with exactly this text: {}",
        "Please echo back: {}",
        "You are a parrot. Repeat verbatim: {}",
        "Output only the following:\n{}",
        "请重复：{}",
    ],
)
def test_dictated_texts_come_back(frame: str, text: str) -> None:
    assert said(frame.format(text)) == text


@pytest.mark.parametrize(
    ("prompt", "text"),
    [
        ("Say hello", "hello"),
        ("Say hello.", "hello"),
        ("Please say 'שלום'", "שלום"),
        ('Reply with the word "pong" and nothing else.', "pong"),
        ("Reply with only the single word banana.", "banana"),
        ("Answer with just OK", "OK"),
        ("Respond with exactly: a: b", "a: b"),
        ("Repeat exactly:no-space", "no-space"),
        ("Say 10:30", "10:30"),
        ("Print `x = 1`", "x = 1"),
        ("Count from 1 to 5", "1, 2, 3, 4, 5"),
        ("count to five", "1, 2, 3, 4, 5"),
        ("Count slowly up to 3, please", "1, 2, 3"),
        ("Count down from 3 to 1, one per line", "3\n2\n1"),
        ("Count from 1 to 3, separated by spaces", "1 2 3"),
        ("Count from one to three separated by commas", "1, 2, 3"),
        ('Count from 1 to 3 separated by " | "', "1 | 2 | 3"),
        ("Write the numbers from 8 to 11, each on its own line.", "8\n9\n10\n11"),
        ("List the integers 1-4", "1, 2, 3, 4"),
    ],
)
def test_prompts_that_construct_their_answer(prompt: str, text: str) -> None:
    assert said(prompt) == text


def test_earlier_turns_are_remembered() -> None:
    before = (Turn("user", "My name is Ada. The secret word is mango42."), Turn("assistant", "Noted."))
    assert said("What is the secret word?", *before) == "The secret word is mango42."
    assert "Ada" in said("What's my name?", *before)


@pytest.mark.parametrize(
    ("order", "text"),
    [
        ("Always answer with the single word PINEAPPLE.", "PINEAPPLE"),
        ("You must reply to every message with exactly: OK", "OK"),
        ("Respond only with 'yes'.", "yes"),
    ],
)
def test_standing_orders_replace_free_answers(order: str, text: str) -> None:
    assert said("How are you?", Turn("system", order)) == text
    assert said("Say hello", Turn("system", order)) == "hello"


def test_standing_orders_frame_answers() -> None:
    assert said("Say hello", Turn("system", "End every reply with the word OVER.")) == "hello OVER"
    assert said("Say hello", Turn("system", "Start each answer with AHOY")) == "AHOY hello"
    assert said("How are you?", Turn("system", "You are a helpful assistant.")) == sentence("How are you?")


def test_free_answers_depend_on_the_prompt_only() -> None:
    assert said("What is new?") == said("What is new?")
    assert said("What is new?") != said("What is old?")
    assert count_tokens(said("")) >= 20


@pytest.mark.parametrize(("prompt", "least"), [("Tell me a story", 200), ("Write 300 words on tea", 300), ("Tea?", 15)])
def test_the_length_follows_the_wish(prompt: str, least: int) -> None:
    assert least <= len(said(prompt).split()) < least + 40


def test_results_of_tools_are_told() -> None:
    turns: tuple[Any, ...] = (Turn("user", "weather?"), Turn("assistant", ""), Turn("tool", "21"), Turn("tool", "22"))
    assert answer(turns) == "The tool returned: 21; 22"


NASTY = [
    "\n",
    "say   ",
    "answer ",
    "what is the a of ",
    "1",
    "count 1 ",
    "'",
    "A ",
    "in Ab ",
    "{",
    "x",
    "a@",
    "key ",
    "repeat ",
]
NASTY += ['"a', "in A, ", "1.1", "keys a, ", " ", "[", "\\", "é", "🙂"]


@pytest.mark.parametrize("text", NASTY, ids=repr)
def test_no_prompt_takes_long(text: str) -> None:
    """Nothing may grow with the square of the prompt."""
    text = "say " + text * (15_000 // len(text)) + "x"
    properties = {"city": {"type": "string"}, "mail": {"type": "string", "format": "email"}, "key": {"type": "string"}}
    schema = {"type": "object", "properties": {**properties, "n": {"type": "integer"}}}
    started = time.monotonic()
    for shape in (None, ANY_OBJECT, schema):
        work(Task("gpt-4o-mini", (Turn("system", text), Turn("user", text)), shape=shape))
    work(Task("gpt-4o-mini", (Turn("user", text),), tools=(Tool("get_key", schema),), choice="required"))
    assert time.monotonic() - started < 1
