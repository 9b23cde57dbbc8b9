"""Texts of a stream as increments: what counts as telling the same again."""

from __future__ import annotations

import pytest

from conformance.engine.kit.streams import expect_increments

HONEST = {
    "words": ["The ", "cat ", "sleeps."],
    "doubled syllable": ["ha", "ha", "ha", "ha"],
    "short beginning again": ["1, ", "1, 2, ", "3"],
    "blank pieces": ["", "a", "", "a", ""],
    "a chain by chance": ["a", "ab", "abc", "d"],
    "nothing": [],
}
REPEATED = {
    "all so far": ["The cat ", "The cat sleeps."],
    "all so far from a short beginning": ["He", "Hello", "Hello wo", "Hello world"],
    "all so far without a blank beginning": ["\n", "He", "Hello", "Hello wo", "Hello world"],
    "all at the end": ["The cat ", "sleeps.", "The cat sleeps."],
}


@pytest.mark.parametrize("texts", HONEST.values(), ids=HONEST)
def test_increments_pass(texts: list[str]) -> None:
    expect_increments(("", text) for text in texts)


@pytest.mark.parametrize("texts", REPEATED.values(), ids=REPEATED)
def test_what_was_said_is_not_said_again(texts: list[str]) -> None:
    with pytest.raises(AssertionError):
        expect_increments(("", text) for text in texts)
