"""The faces of a run: inert whatever a hub says, equal for equal runs, bounded in size, and honest."""

from __future__ import annotations

import json
import re
import xml.etree.ElementTree as ET
from collections import Counter
from html.parser import HTMLParser
from pathlib import Path

import pytest
from markdown_it import MarkdownIt

from conformance.__main__ import main
from conformance.engine.judge import Verdict
from conformance.engine.requirement import Catalogue
from conformance.report import html as html_module
from conformance.report.badge import badge_json, badge_svg
from conformance.report.html import render
from conformance.report.junit import junit
from conformance.report.markdown import code, markdown
from conformance.report.result import Result
from conformance.report.write import FACES, write_all
from tests.report.example import HOSTILE, catalogue, hostile, large, result_of, row, small

ELEMENTS = """
html head meta title style body svg symbol path circle a header div span button h1 p ul li b dl dt dd details
summary table caption thead tbody tr th td nav form input select option output main section h2 h3 code small pre mark ol
figure figcaption line text rect article br i footer script use"""

FROM_EVIDENCE = re.compile(r"onerror|onmouseover|evil\.example|alert", re.I)


class Reader(HTMLParser):
    """What elements, attributes and scripts a page has."""

    def __init__(self) -> None:
        super().__init__(convert_charrefs=True)
        self.elements: Counter[str] = Counter()
        self.attributes: list[tuple[str, str, str]] = []
        self.scripts: list[str] = []
        self.comments: list[str] = []
        self.text: list[str] = []
        self._inside = ""

    def handle_starttag(self, tag: str, attrs: list[tuple[str, str | None]]) -> None:
        self.elements[tag] += 1
        self.attributes += [(tag, name, value or "") for name, value in attrs]
        self._inside = tag

    def handle_endtag(self, tag: str) -> None:
        self._inside = ""

    def handle_comment(self, data: str) -> None:
        self.comments.append(data)

    def handle_data(self, data: str) -> None:
        (self.scripts if self._inside in ("script", "style") else self.text).append(data)


def read(page: str) -> Reader:
    reader = Reader()
    reader.feed(page)
    reader.close()
    return reader


@pytest.fixture(scope="module")
def bad(tmp_path_factory: pytest.TempPathFactory) -> tuple[Result, Catalogue, Path]:
    folder = tmp_path_factory.mktemp("hostile")
    return *hostile(folder), folder


@pytest.fixture(scope="module")
def bad_page(bad: tuple[Result, Catalogue, Path]) -> str:
    result, known, folder = bad
    return render(result, folder, known)


def test_a_hostile_hub_adds_no_element_and_no_attribute(bad_page: str) -> None:
    found = read(bad_page)
    assert set(found.elements) <= set(ELEMENTS.split())
    assert found.elements["script"] == found.elements["style"] == 1
    assert not found.comments
    assert not [name for _, name, _ in found.attributes if name.startswith("on") or name in ("src", "style", "srcdoc")]
    assert all(value.startswith("#") for _, name, value in found.attributes if name == "href")
    assert {value for _, name, value in found.attributes if name == "class" and FROM_EVIDENCE.search(value)} == set()


def test_a_hostile_hub_s_words_are_all_there_as_text(bad_page: str) -> None:
    text = "".join(read(bad_page).text)
    assert "<script>alert(1)</script>" in text
    assert "{{ 7*7 }}" in text
    assert "49" not in [word for word in text.split() if word == "49"]


@pytest.mark.parametrize("character", ["\x1b", "\x07", "\x00", "\u202e", "\u2066", "\r", "\ud800"])
def test_no_face_holds_a_control_character(character: str, bad: tuple[Result, Catalogue, Path]) -> None:
    result, known, folder = bad
    holding = [name for name, face in FACES.items() if character in face(result, folder, known)]
    assert not holding


def test_the_scripts_of_a_page_are_ours_alone(bad_page: str) -> None:
    here = Path(html_module.__file__).parent
    ours = "".join((here / name).read_text(encoding="utf-8") for name in ("report.css", "report.js"))
    assert "".join(read(bad_page).scripts) == ours


def test_the_policy_forbids_everything_but_the_page_s_own_script_and_style(bad_page: str) -> None:
    metas = [value for tag, name, value in read(bad_page).attributes if (tag, name) == ("meta", "content")]
    policy = next(value for value in metas if "default-src" in value)
    assert policy.startswith("default-src 'none'; style-src 'sha256-")
    assert "unsafe" not in policy


def test_assets_load_nothing_and_hold_nothing_that_ends_them() -> None:
    here = Path(html_module.__file__).parent
    for name in ("report.css", "report.js"):
        text = (here / name).read_text(encoding="utf-8")
        assert "</" not in text
        assert not re.search(r"https?:|url\(|@import|fetch\(|XMLHttpRequest|innerHTML|eval\(", text)


def test_a_summary_of_a_hostile_run_is_inert_markdown(bad: tuple[Result, Catalogue, Path]) -> None:
    result, known, _ = bad
    text = markdown(result, known)
    page = MarkdownIt("commonmark", {"html": True, "linkify": False}).enable("table").render(text)
    found = read(page)
    allowed = {"h2", "h3", "p", "ul", "li", "code", "strong", "br", "table", "thead", "tbody", "tr", "th", "td"}
    assert set(found.elements) <= allowed | {"details", "summary"}
    assert {name for _, name, _ in found.attributes} <= {"style"}
    assert found.elements["h2"] == 1
    outside = re.sub(r"(`+) .*? \1", "", text)
    assert not re.search(r"@everyone|evil\.example|alert", outside)


@pytest.mark.parametrize("text", ["", "`", "``a`", "a`" * 30, "|", "a\nb", " x ", "\\", "</code>", HOSTILE])
def test_a_code_span_is_literal(text: str) -> None:
    page = MarkdownIt("commonmark", {"html": True}).enable("table").render(f"| a |\n| - |\n| {code(text)} |\n")
    found = read(page)
    assert found.elements["code"] == found.elements["td"] == 1
    assert set(found.elements) <= {"table", "thead", "tbody", "tr", "th", "td", "code"}


def test_faces_of_a_hostile_run_parse(bad: tuple[Result, Catalogue, Path]) -> None:
    result, _, _ = bad
    assert len(list(ET.fromstring(junit(result)).iter("testcase"))) == len(result.rows)
    assert json.loads(badge_json(result))["schemaVersion"] == 1
    assert {element.tag.partition("}")[2] for element in ET.fromstring(badge_svg(result)).iter()} <= {
        "svg",
        "title",
        "clipPath",
        "g",
        "rect",
        "text",
    }


@pytest.mark.parametrize("name", list(FACES))
def test_equal_runs_give_equal_bytes(name: str, tmp_path: Path) -> None:
    texts = []
    for folder in (tmp_path / "a", tmp_path / "b"):
        result, known = small(folder)
        texts.append(FACES[name](result, folder, known))
    assert texts[0] == texts[1]


def test_a_very_bad_run_stays_below_three_megabytes(tmp_path: Path) -> None:
    result, known = large(tmp_path)
    assert len(result.rows) == 4_800
    page = render(result, tmp_path, known)
    assert len(page.encode()) < 3_000_000
    assert "more, in result.json" in page
    assert len(markdown(result, known).encode()) < 200_000


def test_a_page_shows_the_six_parts_and_where_the_exchange_is_marked(tmp_path: Path) -> None:
    result, known = small(tmp_path)
    page = render(result, tmp_path, known)
    text = "".join(read(page).text)
    for part in ("Expected", "Got", "Why it matters", "How to fix it", "Who says so", "Reproduce it"):
        assert part in text
    assert re.search(r'<li class="here"><span class="eventname">▶ event 5', page)
    assert '<mark>{"content": "5"}</mark>' in page.replace("&#34;", '"')
    assert "/error/param is not in this body" in text
    assert "▶ ← frame 3" in text
    assert "2 places" in text
    assert "in_progress" in text


def test_a_page_without_its_evidence_still_says_what_is_wrong(tmp_path: Path) -> None:
    result, known = small(tmp_path / "evidence")
    (tmp_path / "evidence" / "chat_stream.json.gz").write_text("{", encoding="utf-8")
    (tmp_path / "evidence" / "chat_json.json.gz").unlink()
    page = render(result, tmp_path / "evidence", known)
    assert "recorded in <code>evidence/chat_stream.json.gz</code>" in page
    assert "chat.error.param" in render(result, tmp_path / "none", Catalogue({}))


@pytest.mark.parametrize(
    ("verdicts", "status", "message", "colour"),
    [
        ((Verdict.PASS, Verdict.PASS), 0, "2 kept", "brightgreen"),
        ((Verdict.PASS, Verdict.WARN), 0, "1 kept, 1 warned", "yellow"),
        ((Verdict.PASS, Verdict.FAIL), 1, "1 kept, 1 broken", "red"),
        ((Verdict.PASS, Verdict.INCONCLUSIVE), 2, "1 kept, 1 undecided", "lightgrey"),
        ((Verdict.ERROR,), 3, "1 gone wrong", "lightgrey"),
        ((Verdict.NOT_OFFERED,), 2, "nothing judged", "lightgrey"),
    ],
)
def test_a_badge_counts(verdicts: tuple[Verdict, ...], status: int, message: str, colour: str) -> None:
    result = result_of([row(f"chat.s{n}", verdict) for n, verdict in enumerate(verdicts)], status=status)
    shown = json.loads(badge_json(result))
    assert (shown["message"], shown["color"]) == (message, colour)
    assert message in badge_svg(result)


def test_junit_tells_every_verdict_as_what_it_is(tmp_path: Path) -> None:
    result = result_of(row(f"chat.{verdict}", verdict) for verdict in Verdict)
    root = ET.fromstring(junit(result))
    children = {
        str(case.get("name")).partition(" ")[0]: [child.tag for child in case] for case in root.iter("testcase")
    }
    assert children == {
        "chat.pass": [],
        "chat.fail": ["failure"],
        "chat.error": ["error"],
        "chat.warn": ["system-out"],
        "chat.not-offered": ["skipped"],
        "chat.not-testable": ["skipped"],
        "chat.inconclusive": ["skipped"],
    }
    assert {name: root.get(name) for name in ("tests", "failures", "errors", "skipped")} == {
        "tests": "7",
        "failures": "1",
        "errors": "1",
        "skipped": "3",
    }


def test_a_face_that_cannot_be_written_is_one_line_and_the_others_are_written(tmp_path: Path) -> None:
    result, known = small(tmp_path / "evidence")
    (tmp_path / "summary.md").mkdir()
    (problem,) = write_all(result, tmp_path / "evidence", tmp_path, known)
    assert problem.startswith("cannot write ")
    assert "\n" not in problem
    assert all((tmp_path / name).is_file() for name in FACES if name != "summary.md")


def test_the_command_draws_the_faces_once_more(tmp_path: Path, capsys: pytest.CaptureFixture[str]) -> None:
    result, _ = small(tmp_path / "evidence")
    (tmp_path / "result.json").write_text(result.model_dump_json(), encoding="utf-8")
    assert main(["report", str(tmp_path)]) == 0
    assert capsys.readouterr().out.splitlines() == [str(tmp_path / name) for name in FACES]
    first = {name: (tmp_path / name).read_bytes() for name in FACES}
    assert main(["report", str(tmp_path)]) == 0
    assert first == {name: (tmp_path / name).read_bytes() for name in FACES}


@pytest.mark.parametrize("content", [None, "{", "{}"])
def test_the_command_says_what_it_cannot_read(
    content: str | None, tmp_path: Path, capsys: pytest.CaptureFixture[str]
) -> None:
    if content is not None:
        (tmp_path / "result.json").write_text(content, encoding="utf-8")
    assert main(["report", str(tmp_path)]) == 4
    (line,) = capsys.readouterr().err.splitlines()
    assert str(tmp_path / "result.json") in line


def test_an_empty_run_has_faces_too(tmp_path: Path) -> None:
    result = result_of([], status=2)
    assert write_all(result, tmp_path, tmp_path, catalogue()) == []
    assert "Nothing was judged" in (tmp_path / "report.html").read_text(encoding="utf-8")


def test_allure_s_categories_go_by_our_verdicts(bad: tuple[Result, Catalogue, Path]) -> None:
    rules = json.loads(FACES["allurerc.json"](bad[0], bad[2], bad[1]))["categories"]["rules"]
    named = [rule["matchers"]["labels"]["verdict"] for rule in rules]
    assert sorted(named) == sorted(verdict for verdict in Verdict if verdict is not Verdict.PASS)
