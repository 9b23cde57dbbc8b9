"""What the judges say is said in Chinese too: every remark in the code, and what the faults make them say."""

from __future__ import annotations

import re
from collections import Counter
from pathlib import Path

import pytest

from conformance.engine.requirement import ROOMS
from conformance.hub.faults import Fault, load_faults
from conformance.report.remarks import PACKAGE, Phrasebook, pattern_of, phrasebook, read_remarks, remarks_files
from tests.matrix import OVER_THE_WIRE, CleanRun
from tests.report.remarks import PLACES, remarks_in

CHINESE = re.compile("[\u4e00-\u9fff]")
CODE = re.compile(r"`[^`]+`")
PROSE = re.compile(r"^[a-z][a-z'-]* [a-z]|[a-z]{2} [a-z]+ [a-z]{2}")
"""English beside values: two words at the beginning, or three somewhere."""
FOLDERS = sorted(
    {
        path.parent
        for room in ("wire", "engine", *ROOMS)
        for path in (PACKAGE / room).rglob("*.py")
        if any(remarks_in(path))
    }
)


@pytest.mark.parametrize("folder", FOLDERS, ids=lambda folder: folder.relative_to(PACKAGE).as_posix())
def test_every_remark_of_a_room_is_translated_and_none_is_left_over(folder: Path) -> None:
    said = list(dict.fromkeys(remark for path in sorted(folder.glob("*.py")) for remark in remarks_in(path)))
    told = read_remarks(folder / "remarks.zh.yaml")
    assert [remark for remark in said if remark not in told] == []
    code = "".join(path.read_text(encoding="utf-8") for path in folder.glob("*.py"))
    assert [remark for remark in told if remark not in said and not stands_in(code, remark)] == []


def stands_in(code: str, remark: str) -> bool:
    """Whether the words of a remark stand somewhere else in the code, as in a table of them."""
    return all(piece in code for piece in PLACES.split(remark))


@pytest.mark.parametrize("path", remarks_files("zh").values(), ids=lambda path: path.parent.name)
def test_translated_remarks_keep_their_values_and_their_code(path: Path) -> None:
    for remark, said in read_remarks(path).items():
        assert Counter(PLACES.findall(said)) == Counter(PLACES.findall(remark)), remark
        assert Counter(CODE.findall(said)) == Counter(CODE.findall(remark)), remark
        # A word alone may be a value of the protocol, as `stop` is.
        assert CHINESE.search(said) or (said == remark and " " not in remark), remark


@pytest.mark.parametrize(
    "words",
    [
        "HTTP 400: no field at all after nothing",
        "HTTP 502 (text/html): nothing after it",
        "HTTP None: one of none",
        '"nothing after it"',
        "b'nothing after it'",
    ],
)
def test_words_of_the_hub_stay_as_they_are(words: str) -> None:
    assert phrasebook("zh", "chat").say(words) == words


def test_violations_of_a_schema_are_said_one_by_one() -> None:
    violations = "(root): type is missing; /error/type: is null, expected string; /error: code is missing"
    said = "(root): 缺少 type; /error/type: 是 null，期望 string; /error: 缺少 code"
    assert phrasebook("zh", "").say(violations) == said


@pytest.mark.parametrize(
    ("words", "said"),
    [
        ("'queued' after 'it\\'s done'", "'it\\'s done' 之后为 'queued'"),
        ("None after a, key.[token]**", "a, key.[token]** 之后为 None"),
        ("None after 'a', 'b…", "'a', 'b… 之后为 None"),
        ('["a"] after {"b": "cut', '{"b": "cut 之后为 ["a"]'),
        ("frame 7 after 3.5", "3.5 之后为 frame 7"),
        ("'failed': The vendor gave up after 30 s", None),
        ("error: Try again after some time", None),
        ('{"message": "Try again after 5', None),
    ],
)
def test_a_remark_with_few_words_of_its_own_fits_no_sentence_of_a_hub(words: str, said: str | None) -> None:
    book = Phrasebook({}, (pattern_of("{1} after {2}", "{2} 之后为 {1}"),))
    assert book.say(words) == (said or words)


def one_for_each_requirement() -> dict[str, Fault]:
    """So few faults that nearly every sentence is broken by one."""
    first: dict[str, Fault] = {}
    for fault in load_faults().values():
        if fault.family not in OVER_THE_WIRE:
            for requirement in fault.turns_red:
                first.setdefault(requirement, fault)
    return {fault.id: fault for fault in first.values()}


@pytest.mark.parametrize("room", sorted({name.split(".")[0] for name in one_for_each_requirement()}))
def test_what_is_expected_of_a_broken_hub_is_said_in_chinese(clean_run: CleanRun, room: str) -> None:
    found = [fault for name, fault in one_for_each_requirement().items() if name.split(".")[0] == room]
    outcomes = {pair for fault in found for pair in clean_run.red_with(fault).items()}
    told = {(r.split(".")[0], outcome.finding.expected) for r, outcome in outcomes if outcome.finding}
    said = {expected: phrasebook("zh", home).say(expected) for home, expected in told}
    assert said
    in_english = [expected for expected, chinese in said.items() if not CHINESE.search(chinese)]
    assert [expected for expected in in_english if PROSE.search(expected)] == []
