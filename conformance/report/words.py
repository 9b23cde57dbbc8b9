"""The words that reports are made of: English stands in the code, other languages in `words.LANGUAGE.yaml`."""

from __future__ import annotations

import re
from collections.abc import Iterator, Mapping
from functools import cache
from pathlib import Path
from typing import Any

from conformance.engine.requirement import LANGUAGES

HERE = Path(__file__).resolve().parent

_WIDE = "\u2e80-\u9fff\uf900-\ufaff\uff00-\uffef\u3000-\u303f"
_CLOSING = "，。；：、）》」】？！…”"
_EVENT, _FRAME = re.compile(r"\bevent (\d+)"), re.compile(r"\bframe (\d+)")
_TOKEN = re.compile(rf"\s+|[{_WIDE}][{_CLOSING}]*|[^\s{_WIDE}]+[{_CLOSING}]*")


def chosen(asked: str | None, environment: Mapping[str, str]) -> str:
    """The language asked for, else that of the locale, else English."""
    locale = next((environment[name] for name in ("LC_ALL", "LC_MESSAGES", "LANG") if environment.get(name)), "")
    return asked or next((name for name in LANGUAGES if locale.lower().startswith(name)), LANGUAGES[0])


class Words:
    """Says a phrase in one language. A phrase that nobody has translated is said in English."""

    def __init__(self, language: str) -> None:
        self.language = language
        self._known = _phrases(language)

    def __call__(self, phrase: str, **values: Any) -> str:
        """The phrase with its `{names}` filled in."""
        said = self._known.get(phrase, phrase)
        return said.format(**values) if values else said

    def place(self, at: str) -> str:
        """Where a finding points at, with the names of events and frames in this language."""
        if self.language == LANGUAGES[0]:
            return at
        told = at.replace("the last event", self("the last event"))
        told = _EVENT.sub(lambda found: self("event {number}", number=found[1]), told)
        return _FRAME.sub(lambda found: self("frame {number}", number=found[1]), told)


@cache
def _phrases(language: str) -> Mapping[str, str]:
    path = HERE / f"words.{language}.yaml"
    if not path.exists():
        return {}
    import yaml

    read: dict[str, str] = yaml.load(path.read_bytes(), Loader=getattr(yaml, "CSafeLoader", yaml.SafeLoader))
    return read


ENGLISH = Words(LANGUAGES[0])


def cells(text: str) -> int:
    """Columns that a text takes on a terminal: Chinese characters take two."""
    from wcwidth import wcswidth

    return max(wcswidth(text), 0) if not text.isascii() else len(text)


def padded(text: str, width: int, right: bool = False) -> str:
    """The text filled up with blanks to `width` columns."""
    blanks = " " * (width - cells(text))
    return blanks + text if right else text + blanks


def fitted(text: str, width: int) -> str:
    """The text, cut with an ellipsis to at most `width` columns."""
    if cells(text) <= width:
        return text
    while text and cells(text) > width - 1:
        text = text[:-1]
    return f"{text.rstrip()}…"


def wrapped(text: str, width: int, head: str = "") -> Iterator[str]:
    """Lines of at most `width` columns where words allow it, `head` before the first, as many blanks before others.

    Chinese breaks between any two characters, but never before a closing mark.
    """
    indent = " " * cells(head)
    line, used = head, cells(head)
    empty = True
    for token in _TOKEN.findall(text.strip()):
        if token.isspace():
            token = " "
        size = cells(token)
        if not empty and used + size > width:
            yield line.rstrip()
            line, used, empty = indent, cells(indent), True
        if empty and token == " ":
            continue
        while size > width - used and len(token) > width - used > 0 and empty:
            yield line + token[: width - used]
            token = token[width - used :]
            size, line, used = cells(token), indent, cells(indent)
        line, used, empty = line + token, used + size, False
    if not empty:
        yield line.rstrip()
