"""What the judges say of evidence, in another language than English.

A judge says in English what was expected, what was got and why it cannot tell, with values of the hub inside. That is
what `result.json` keeps. Beside the judges stands `remarks.LANGUAGE.yaml`: each remark as it stands in the code, `{1}`
and so on in the place of its values, and its translation.
"""

from __future__ import annotations

import json
import re
from collections.abc import Mapping
from dataclasses import dataclass
from functools import cache
from pathlib import Path
from typing import Final

from conformance.engine.judge import Verdict
from conformance.engine.requirement import LANGUAGES, PACKAGE, ROOMS
from conformance.report.result import Result, Row

SHARED: Final = ("wire", "engine", "engine/kit")
"""Folders whose remarks every room may make."""
DEEPEST = 5
"""How often a remark may stand inside another."""
SAYS_LITTLE = 12
"""A remark with fewer characters beside its values has only compact ones: else it would fit sentences of a hub."""
_PLACE = re.compile(r"\{(\d+)\}")
_ITEM = r"""(?:"(?:[^"\\]|\\.)*"|'(?:[^'\\]|\\.)*'|["'][^\s"']*…|[^\s"'\[{][^\s"']*)"""
_COMPACT = rf"{_ITEM}(?:(?:, | or ){_ITEM})*|[a-z]+ \d+|[\[{{].*[\]}}]"
"""Words or quoted texts with commas between them, the number of a frame, or a JSON value."""
_CUT = r"[\[{].*"
"""The beginning of a JSON value, which may stand at the end of a remark."""
_VIOLATION = re.compile(r"(?s)(\(root\)|/\S*): (.*)")
_NEXT_VIOLATION = re.compile(r"; (?=(?:\(root\)|/\S*): )")
_JOINTS = ("; ", ": ")
"""Where two remarks are put together, unless it is inside a quoted value."""
_QUOTE = re.compile(r"""["'\[{]""")
_QUOTED = re.compile(r"""(?s)b?(?:"[^"]*"|'[^']*')\Z|["'\[{].* \(\d+ characters\)\Z|HTTP (?:\d+|None)(?: \(\S+\))?: """)


@dataclass(frozen=True)
class Pattern:
    """A remark with values, and its translation with the places of these values."""

    fits: re.Pattern[str]
    places: tuple[str, ...]
    said: str
    literal: int
    """Characters of the remark beside its values: of two that fit, the one with more says more."""

    def filled(self, values: Mapping[str, str]) -> str:
        """The translation with the values, by the numbers of their places."""
        return _PLACE.sub(lambda place: values[place[1]], self.said)


@dataclass(frozen=True)
class Phrasebook:
    """Remarks of a room and of what it builds on: whole ones by their text, and those with values."""

    whole: Mapping[str, str]
    patterns: tuple[Pattern, ...]

    def say(self, text: str, depth: int = 0) -> str:
        """The remark in the other language, or as it is when nobody has translated it."""
        if text in self.whole:
            return self.whole[text]
        if depth > DEEPEST or _is_value(text):
            return text
        if all(listed := [_VIOLATION.fullmatch(one) for one in _NEXT_VIOLATION.split(text)]):
            return "; ".join(f"{one[1]}: {self.say(one[2], depth + 1)}" for one in listed if one)
        for pattern in self.patterns:
            if found := pattern.fits.fullmatch(text):
                values = (self.say(value, depth + 1) for value in found.groups())
                return pattern.filled(dict(zip(pattern.places, values, strict=True)))
        for join in _JOINTS:
            first, found_join, rest = text.partition(join)
            if found_join and not _QUOTE.search(first):
                return f"{self.say(first, depth + 1)}{join}{self.say(rest, depth + 1)}"
        return text


def translated(result: Result, language: str) -> Result:
    """The result with the remarks of its rows in a language; all that is no remark of the suite stays as it is."""
    if language == LANGUAGES[0]:
        return result
    return result.model_copy(update={"rows": [_row(row, language) for row in result.rows]})


def remarks_files(language: str) -> dict[str, Path]:
    """The files of remarks by the folder they stand in, relative to the package."""
    found = PACKAGE.rglob(f"remarks.{language}.yaml")
    return {path.parent.relative_to(PACKAGE).as_posix(): path for path in sorted(found)}


def read_remarks(path: Path) -> dict[str, str]:
    """Remarks and their translations."""
    import yaml

    read: dict[str, str] = yaml.load(path.read_bytes(), Loader=getattr(yaml, "CSafeLoader", yaml.SafeLoader))
    return read


def room_of(requirement: str) -> str:
    """The room whose judges speak of a requirement."""
    return requirement.split(".")[0]


@cache
def phrasebook(language: str, room: str) -> Phrasebook:
    """What is said by the judges of a room, or by none of a room but by what all build on, when it is empty."""
    files = remarks_files(language)
    own = [folder for folder in files if folder.split("/")[0] in ROOMS and folder.split("/")[-1] == room]
    told: dict[str, str] = {}
    for folder in (*own, *SHARED):
        if folder in files:
            told = read_remarks(files[folder]) | told
    patterns = [pattern_of(text, said) for text, said in told.items() if _PLACE.search(text)]
    patterns.sort(key=lambda pattern: -pattern.literal)
    return Phrasebook({text: said for text, said in told.items() if not _PLACE.search(text)}, tuple(patterns))


def pattern_of(text: str, said: str) -> Pattern:
    """A remark with values as it stands in the code, `{1}` and so on in the place of them, and its translation."""
    pieces = _PLACE.split(text)
    literals, places = pieces[::2], pieces[1::2]
    literal = sum(map(len, literals))
    values = [_COMPACT if literal < SAYS_LITTLE else ".*?"] * len(places)
    if literal < SAYS_LITTLE and not literals[-1]:
        values[-1] = f"{_COMPACT}|{_CUT}"
    fits = "".join(f"{re.escape(piece)}({value})" for piece, value in zip(literals, values, strict=False))
    return Pattern(re.compile(fits + re.escape(literals[-1]), re.DOTALL), tuple(places), said, literal)


def _row(row: Row, language: str) -> Row:
    say = phrasebook(language, room_of(row.requirement)).say
    if row.verdict is Verdict.ERROR:
        return row
    if row.finding is None:
        return row.model_copy(update={"reason": say(row.reason)}) if row.reason else row
    said = {"expected": say(row.finding.expected), "got": say(row.finding.got)}
    return row.model_copy(update={"finding": row.finding.model_copy(update=said)})


def _is_value(text: str) -> bool:
    """Whether it is a value of the hub or the beginning of its answer, which is nobody's to translate."""
    if _QUOTED.match(text):
        return True
    try:
        json.loads(text)
    except ValueError:
        return False
    return True
