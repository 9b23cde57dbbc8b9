"""`report.html` in a real browser: opened from a file, read, filtered, printed, and by keyboard alone."""

from __future__ import annotations

from collections.abc import Iterator
from pathlib import Path

import pytest
from PIL import Image

from conformance.report.html import render
from tests.browser import NoBrowser, Page, page
from tests.report.example import hostile, large, small

SHOWN = "[...document.querySelectorAll('{}')].filter(item => !item.hidden).length"
FINDINGS, SENTENCES = SHOWN.format(".finding"), SHOWN.format(".sentence")


@pytest.fixture(scope="module")
def browser() -> Iterator[Page]:
    try:
        with page() as opened:
            yield opened
    except NoBrowser as problem:
        pytest.skip(str(problem))


@pytest.fixture
def report(tmp_path: Path) -> Path:
    result, known = small(tmp_path / "evidence")
    path = tmp_path / "report.html"
    path.write_text(render(result, tmp_path / "evidence", known), encoding="utf-8")
    return path


@pytest.fixture
def opened(browser: Page, report: Path) -> Page:
    browser.complaints.clear()
    browser.requested.clear()
    browser.pretend()
    browser.resize(1280, 900)
    browser.open(report)
    return browser


def write(browser: Page, text: str) -> None:
    browser.ask(f"search.value = {text!r}; search.dispatchEvent(new Event('input'))")
    browser.settle()


def test_it_opens_without_a_complaint_and_loads_nothing_else(opened: Page, report: Path) -> None:
    assert opened.complaints == []
    assert opened.requested == [report.as_uri()]
    assert opened.ask("document.querySelector('h1').textContent.trim()") == "Not conformant"


def test_search_and_filters_narrow_findings_and_sentences(opened: Page) -> None:
    assert (opened.ask(FINDINGS), opened.ask(SENTENCES)) == (3, 7)
    write(opened, "Param")
    assert (opened.ask(FINDINGS), opened.ask(SENTENCES)) == (1, 1)
    assert opened.ask("shown.textContent") == "1 of 3 findings, 1 of 7 sentences"
    write(opened, "no such word")
    assert opened.ask("[...document.querySelectorAll('.nothing')].every(note => !note.hidden)")
    opened.ask("clear.click()")
    opened.ask("document.querySelector('.chip[data-verdict=w]').click()")
    assert (opened.ask(FINDINGS), opened.ask(SENTENCES)) == (2, 2)
    opened.ask("family.value = 'realtime'; family.dispatchEvent(new Event('change'))")
    assert (opened.ask(FINDINGS), opened.ask(SENTENCES)) == (1, 1)
    opened.ask("clear.click()")
    assert (opened.ask(FINDINGS), opened.ask("document.querySelectorAll('.group[open]').length")) == (3, 0)
    assert opened.complaints == []


def test_a_cell_of_the_matrix_shows_its_sentences(opened: Page) -> None:
    opened.ask("document.querySelector('tr[data-operation] td.c-fail button').click()")
    assert opened.ask(FINDINGS) == 2
    assert opened.ask("operation.value") != ""
    assert opened.ask("family.value") == "chat"


def test_the_keyboard_reaches_and_opens_everything(opened: Page) -> None:
    opened.press("/", text="/")
    assert opened.ask("document.activeElement.id") == "search"
    opened.ask("document.querySelectorAll('.finding')[1].querySelector('summary').focus()")
    assert opened.ask("getComputedStyle(document.activeElement).outlineStyle") in ("auto", "solid")
    opened.press("Enter", text="\r")
    assert opened.ask("document.querySelectorAll('.finding')[1].open") is True
    unreachable = (
        "[...document.querySelectorAll('button, input, select, summary, a')].filter(e => e.tabIndex < 0).length"
    )
    assert opened.ask(unreachable) == 0


def test_every_control_has_a_name(opened: Page) -> None:
    nameless = """[...document.querySelectorAll('button, input, select, svg[role=img], [role=region]')].filter(
        (element) => !['aria-label', 'aria-labelledby'].some((name) => element.getAttribute(name))
            && !element.textContent.trim()
    ).length"""
    assert opened.ask(nameless) == 0


@pytest.mark.parametrize("width", [1280, 768, 390, 320])
def test_no_width_needs_scrolling_sideways(opened: Page, width: int, tmp_path: Path) -> None:
    opened.resize(width, 800)
    opened.ask("document.querySelectorAll('details').forEach(part => (part.open = true))")
    opened.settle()
    assert opened.ask("document.documentElement.scrollWidth") <= width
    opened.picture(tmp_path / "report.png")
    with Image.open(tmp_path / "report.png") as picture:
        assert picture.width == width
        assert len(picture.convert("RGB").getcolors(maxcolors=2**24) or []) > 50


def test_dark_and_light_follow_the_system_and_the_button(opened: Page) -> None:
    background = "getComputedStyle(document.body).backgroundColor"
    light = opened.ask(background)
    opened.pretend(scheme="dark")
    dark = opened.ask(background)
    assert light != dark
    opened.ask("theme.click()")
    assert opened.ask(background) == light
    opened.pretend(scheme="dark", medium="print")
    opened.ask("theme.click()")
    assert opened.ask(background) == "rgb(255, 255, 255)"


def test_texts_have_enough_contrast_in_both_schemes(opened: Page) -> None:
    faint = """(() => {
        const brightness = (css) => {
            const context = document.createElement('canvas').getContext('2d');
            context.fillStyle = css;
            context.fillRect(0, 0, 1, 1);
            const parts = [...context.getImageData(0, 0, 1, 1).data].slice(0, 3).map((c) => {
                c /= 255;
                return c <= 0.03928 ? c / 12.92 : ((c + 0.055) / 1.055) ** 2.4;
            });
            return 0.2126 * parts[0] + 0.7152 * parts[1] + 0.0722 * parts[2];
        };
        const ground = (element) => {
            for (let at = element; at; at = at.parentElement) {
                const colour = getComputedStyle(at).backgroundColor;
                if (!/rgba\\(.*, 0\\)|transparent/.test(colour)) return colour;
            }
            return 'white';
        };
        const found = new Set();
        for (const element of document.querySelectorAll('main *, header *')) {
            if (![...element.childNodes].some((node) => node.nodeType === 3 && node.data.trim())) continue;
            if (element.closest('svg')) continue;
            const one = brightness(getComputedStyle(element).color), other = brightness(ground(element));
            const ratio = (Math.max(one, other) + 0.05) / (Math.min(one, other) + 0.05);
            if (ratio < 4.5) found.add(`${element.tagName}.${element.className} ${ratio.toFixed(2)}`);
        }
        return [...found];
    })()"""
    assert opened.ask(faint) == []
    opened.pretend(scheme="dark")
    assert opened.ask(faint) == []


def test_it_prints(opened: Page, tmp_path: Path) -> None:
    opened.print_to(tmp_path / "report.pdf")
    assert (tmp_path / "report.pdf").read_bytes().startswith(b"%PDF")
    assert opened.ask("[...document.querySelectorAll('.finding')].every(finding => finding.open)")


def test_a_hostile_hub_s_words_stay_words(browser: Page, tmp_path: Path) -> None:
    result, known = hostile(tmp_path / "evidence")
    path = tmp_path / "report.html"
    path.write_text(render(result, tmp_path / "evidence", known), encoding="utf-8")
    browser.complaints.clear()
    browser.requested.clear()
    browser.open(path)
    assert browser.complaints == []
    assert browser.requested == [path.as_uri()]
    assert browser.ask("[document.scripts.length, document.images.length, document.styleSheets.length]") == [1, 0, 1]
    assert browser.ask("document.body.innerText.includes('alert(1)')")


def test_a_very_bad_run_is_searched_in_a_moment(browser: Page, tmp_path: Path) -> None:
    result, known = large(tmp_path / "evidence")
    path = tmp_path / "report.html"
    path.write_text(render(result, tmp_path / "evidence", known), encoding="utf-8")
    browser.open(path)
    write(browser, "sentence-17")
    click = "document.querySelector('.chip').click()"
    took = browser.ask(f"(() => {{ const t = performance.now(); {click}; return performance.now() - t }})()")
    assert browser.ask(FINDINGS) > 0
    assert took < 1_000
