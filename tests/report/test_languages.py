"""Sentences and reports in two languages: nothing is missing or left over, and what must agree does."""

from __future__ import annotations

import ast
import re
from collections import Counter
from collections.abc import Iterator
from pathlib import Path

import pytest

from conformance.engine.judge import Verdict
from conformance.engine.requirement import Authority, catalogue_in, read_room, read_translation, requirement_files
from conformance.report.html import WORDS
from conformance.report.matrix import COLUMNS
from conformance.report.words import Words, _phrases, cells, chosen, padded, wrapped
from conformance.wire.exchange import End

PACKAGE = Path(__file__).resolve().parents[2] / "conformance"
CODE = re.compile(r"`[^`]+`")
SAID = re.compile(r'say\("([^"]+)"')
NAMES = re.compile(r"\{\w+\}")


def phrases() -> Iterator[str]:
    """Every phrase that the reports say, as it stands in the code."""
    yield from map(str, [*Verdict, *Authority, *End, *COLUMNS, *WORDS.values()])
    yield from SAID.findall((PACKAGE / "report" / "report.html.j2").read_text(encoding="utf-8"))
    for path in [*(PACKAGE / "report").glob("*.py"), PACKAGE / "__main__.py", PACKAGE / "explain.py"]:
        for node in ast.walk(ast.parse(path.read_text(encoding="utf-8"))):
            if isinstance(node, ast.Call) and isinstance(node.func, ast.Name) and node.func.id in ("say", "self"):
                yield from (a.value for a in node.args if isinstance(a, ast.Constant) and isinstance(a.value, str))
            if isinstance(node, ast.Assign) and any(isinstance(t, ast.Name) and t.id == "told" for t in node.targets):
                yield from (node.value.value,) if isinstance(node.value, ast.Constant) else ()


def test_every_phrase_of_the_reports_is_translated_and_none_is_left_over() -> None:
    said = {str(phrase) for phrase in phrases()}
    known = set(_phrases("zh"))
    assert said - known == set()
    assert known - said == set()


def test_translated_phrases_keep_their_placeholders() -> None:
    wrong = [k for k, v in _phrases("zh").items() if Counter(NAMES.findall(k)) != Counter(NAMES.findall(v))]
    assert not wrong


@pytest.mark.parametrize("path", requirement_files(), ids=lambda path: path.parent.name)
def test_every_sentence_is_translated_with_its_code(path: Path) -> None:
    told = read_translation(path.with_name("requirements.zh.yaml"))
    original = {r.id: r for r in read_room(path)}
    assert list(told) == list(original)
    for identifier, texts in told.items():
        english = original[identifier]
        assert (texts.excluded is None) == (english.excluded is None), identifier
        for name in ("statement", "why", "fix", "excluded"):
            ours, theirs = getattr(texts, name) or "", getattr(english, name) or ""
            assert Counter(CODE.findall(ours)) == Counter(CODE.findall(theirs)), f"{identifier} {name}"


def test_the_chinese_catalogue_is_chinese() -> None:
    chinese = re.compile("[\u4e00-\u9fff]")
    english = [r.id for r in catalogue_in("zh").values() if not all(map(chinese.search, (r.statement, r.why, r.fix)))]
    assert not english


@pytest.mark.parametrize(
    ("asked", "environment", "language"),
    [
        (None, {}, "en"),
        (None, {"LANG": "zh_CN.UTF-8"}, "zh"),
        (None, {"LANG": "zh_CN.UTF-8", "LC_ALL": "C"}, "en"),
        (None, {"LANG": "de_DE.UTF-8"}, "en"),
        ("en", {"LANG": "zh_CN.UTF-8"}, "en"),
        ("zh", {}, "zh"),
    ],
)
def test_the_language_is_asked_for_or_that_of_the_locale(
    asked: str | None, environment: dict[str, str], language: str
) -> None:
    assert chosen(asked, environment) == language


def test_chinese_lines_fit_their_columns_and_closing_marks_never_begin_one() -> None:
    text = "流的最后一个事件是 `data: [DONE]`，此后不再有任何内容。" * 5
    lines = list(wrapped(text, 40, "期望      "))
    assert len(lines) > 5
    assert all(cells(line) <= 41 for line in lines)
    assert not any(line.strip()[0] in "，。" for line in lines)
    assert "".join(line.strip() for line in lines).replace(" ", "") == ("期望" + text).replace(" ", "")


def test_places_are_named_in_the_language_and_pointers_stay() -> None:
    assert Words("zh").place("event 3 /choices/0/delta") == "事件 3 /choices/0/delta"
    assert Words("zh").place("frame 7") == "帧 7"
    assert Words("en").place("event 3") == "event 3"


def test_columns_count_wide_characters_twice() -> None:
    assert (cells("中文ab"), padded("中文", 6), padded("中文", 6, right=True)) == (6, "中文  ", "  中文")


def test_a_word_longer_than_the_line_is_cut() -> None:
    assert list(wrapped("a" * 25 + " b", 10, "x  ")) == ["x  " + "a" * 7, "   " + "a" * 7, "   " + "a" * 7, "   aaaa b"]
