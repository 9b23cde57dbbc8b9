"""Text of many scripts that a model is asked to repeat, and what may not become of it on the way."""

from __future__ import annotations

import re
import unicodedata
from collections.abc import Iterable

from conformance.engine.judge import expect, not_testable

HEAD, TAIL = "qz7", "end7"
ECHO = f"{HEAD} naïve Ω 漢字かな 한글 𠮷 𝄞 🚀 e\u0301 Ж {TAIL}"
"""Two, three and four byte characters, characters beyond the basic plane, and a combining accent."""
COPYIST = "You are a copying machine: no comments, no corrections."
"""What a system turn says to a model that has to repeat."""
_SURROGATE = re.compile("[\ud800-\udfff]")
_ESCAPE = re.compile(r"\\u[0-9a-fA-F]{4}|&#x?[0-9a-fA-F]+;")
_GARBLED = tuple(
    word.encode().decode(encoding, "replace")
    for word in ("漢字", "한글", "Ж", "ï")
    for encoding in ("latin-1", "cp1252")
)
"""What UTF-8 looks like to somebody who takes it for another encoding."""


def expect_survival(pieces: Iterable[tuple[str, str]], text: str, at: str) -> None:
    """Break when characters of `ECHO` came back other than they were sent.

    Args:
        pieces: (place, text) of every piece that came, for halves of characters.
        text: what the pieces join to.
        at: the place of the text.

    Raises:
        NotTestable: the model did not repeat the text.
    """
    for place, piece in pieces:
        expect(not _SURROGATE.search(piece), "whole characters", piece, place)
    expect("\ufffd" not in text, "text without U+FFFD", text, at)
    mangled = [word for word in _GARBLED if word in text]
    expect(not mangled, "the characters that were sent, not another reading of their bytes", text, at)
    if unicodedata.normalize("NFC", ECHO) in unicodedata.normalize("NFC", text):
        return
    between = re.search(rf"{HEAD}(.*){TAIL}", text, re.DOTALL)
    if not between:
        not_testable("the model did not repeat the text")
    lost = between[1].isascii() or bool(_ESCAPE.search(between[1]))
    expect(not lost, f"{ECHO!r}, as it was sent", text, at)
    not_testable("the model repeated the text with changes of its own")
