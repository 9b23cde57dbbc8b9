"""The page of many results."""

from __future__ import annotations

from html.parser import HTMLParser
from pathlib import Path

from conformance.__main__ import main
from conformance.engine.judge import Verdict
from tests.report.example import HOSTILE, result_of, row


class Page(HTMLParser):
    def __init__(self) -> None:
        super().__init__()
        self.tags: set[str] = set()
        self.links: list[str] = []
        self.words: list[str] = []

    def handle_starttag(self, tag: str, attributes: list[tuple[str, str | None]]) -> None:
        self.tags.add(tag)
        self.links += [value or "" for name, value in attributes if name in ("href", "src")]
        assert not [name for name, _ in attributes if name.startswith("on")]

    def handle_data(self, data: str) -> None:
        self.words.append(data)


def test_each_result_has_a_line_with_a_link_and_a_missing_one_says_so(tmp_path: Path) -> None:
    for name, verdict in (("good hub", Verdict.PASS), ("bad", Verdict.FAIL)):
        folder = tmp_path / "all" / name
        folder.mkdir(parents=True)
        result = result_of([row("chat.a", verdict)], base_url=f"http://{HOSTILE}".replace("\ud800", ""))
        (folder / "result.json").write_text(result.model_dump_json(), encoding="utf-8")
        (folder / "report.html").write_text("", encoding="utf-8")
    folders = [str(tmp_path / "all" / name) for name in ("good hub", "bad", "none")]
    assert main(["index", *folders, "--out", str(tmp_path / "index.html")]) == 0
    page = Page()
    page.feed((tmp_path / "index.html").read_text(encoding="utf-8"))
    assert page.links == ["all/bad/report.html", "all/good%20hub/report.html"]
    assert page.tags.isdisjoint({"script", "img", "svg", "textarea"})
    text = " ".join(page.words)
    assert "Not conformant" in text
    assert "cannot read" in text
    assert "\x1b" not in text


def test_a_page_that_cannot_be_written_is_told_in_a_line(tmp_path: Path) -> None:
    assert main(["index", str(tmp_path), "--out", str(tmp_path / "no" / "index.html")]) == 4
