"""What the pages say is so: links lead somewhere, commands exist, and the tutorial can be followed literally."""

from __future__ import annotations

import os
import re
import shlex
import shutil
import subprocess
import sys
import time
from collections.abc import Iterator
from pathlib import Path
from urllib.parse import unquote

import pytest
from markdown_it import MarkdownIt
from markdown_it.token import Token

ROOT = Path(__file__).resolve().parents[2]
PAGES = sorted([*ROOT.glob("*.md"), *(ROOT / "docs").glob("*.md"), ROOT / "reports" / "README.md"])
TUTORIAL = ROOT / "docs" / "writing-a-requirement.md"
MOST_SECONDS = 300
"""Machine time that a new requirement may take."""


def tokens(page: Path) -> Iterator[Token]:
    """All tokens of a page, those inside of paragraphs included."""
    for token in MarkdownIt("commonmark").enable("table").parse(page.read_text(encoding="utf-8")):
        yield token
        yield from token.children or ()


def links(page: Path) -> Iterator[str]:
    for token in tokens(page):
        target = token.attrGet("href") or token.attrGet("src")
        if target:
            yield unquote(str(target))


def headings(page: Path) -> set[str]:
    """The anchors of a page's headings, as the usual hosts make them."""
    found = re.findall(r"^#+ +(.*)$", page.read_text(encoding="utf-8"), re.MULTILINE)
    return {re.sub(r"[^\w\- ]", "", heading.lower()).strip().replace(" ", "-") for heading in found}


@pytest.mark.parametrize("page", PAGES, ids=lambda page: page.relative_to(ROOT).as_posix())
def test_relative_links_lead_somewhere(page: Path) -> None:
    lost = []
    for link in links(page):
        if re.match(r"[a-z]+:", link):
            continue
        path, _, anchor = link.partition("#")
        target = (page.parent / path).resolve() if path else page
        if not target.exists() or (anchor and target.suffix == ".md" and anchor not in headings(target)):
            lost.append(link)
    assert lost == []


def test_every_page_is_named_in_the_index() -> None:
    named = {link.partition("#")[0] for link in links(ROOT / "docs" / "README.md")}
    pages = {page.name for page in (ROOT / "docs").glob("*.md")} - {"README.md"}
    assert pages - named == set()


def test_options_and_commands_of_the_pages_exist() -> None:
    text = "\n".join(page.read_text(encoding="utf-8") for page in PAGES if "CHANGELOG" not in page.name)
    lines = [line for block in re.findall(r"```console\n(.*?)```", text, re.DOTALL) for line in block.splitlines()]
    ours = [line for line in lines if re.match(r"(\$ )?(hub-conformance|python -m conformance|pytest) ", line)]
    asked = {word.partition("=")[0] for line in ours for word in line.split("#")[0].split() if word.startswith("--")}
    known = helps("run", "--help") + helps("hub", "--help")
    commands = {line.split()[1] for line in ours if line.startswith("hub-conformance ")}
    known += "".join(helps(command, "--help") for command in commands - {"run", "hub"})
    assert ours
    assert {option for option in asked if not re.search(rf"{option}\b", known)} == set()


def helps(*arguments: str) -> str:
    command = [sys.executable, "-m", "conformance", *arguments]
    done = subprocess.run(command, cwd=ROOT, capture_output=True, text=True, timeout=60, check=False)
    assert done.returncode == 0, done.stderr
    return done.stdout


@pytest.fixture
def copy(tmp_path: Path) -> Path:
    """The tree as somebody has cloned it."""
    folder = tmp_path / "clone"
    left_out = shutil.ignore_patterns(
        ".git", "__pycache__", "*.egg-info", "build", "node_modules", ".*_cache", "reports"
    )
    shutil.copytree(ROOT, folder, ignore=left_out)
    return folder


def test_the_tutorial_can_be_followed_literally(copy: Path) -> None:
    before = contents(copy)
    started = time.monotonic()
    for kind, block, path in steps():
        if kind == "console":
            for line in block.splitlines():
                carry_out(line.removeprefix("$ "), copy)
        else:
            target = copy / path
            gap = "\n\n" if kind == "python" else ""
            target.write_text(target.read_text(encoding="utf-8") + gap + block, encoding="utf-8")
    assert time.monotonic() - started < MOST_SECONDS
    after = contents(copy)
    changed = {name for name in before.keys() | after.keys() if before.get(name) != after.get(name)}
    assert changed
    assert {name for name in changed if not name.startswith("conformance/families/models/")} == set()


def steps() -> Iterator[tuple[str, str, str]]:
    """The tutorial's blocks in order: language, content, and the file that the words before it name."""
    words = ""
    for token in MarkdownIt("commonmark").parse(TUTORIAL.read_text(encoding="utf-8")):
        if token.type == "inline":
            words = token.content
        if token.type == "fence":
            named = re.fullmatch(r"Append to `([^`]+)`:", words)
            assert token.info == "console" or named, f"no file is named before: {token.content}"
            yield token.info, token.content, named[1] if named else ""


def carry_out(line: str, folder: Path) -> None:
    """Run a line of the tutorial, a chain of commands, and expect the status that its comment names, else 0."""
    text, _, comment = line.partition("#")
    wanted = int(found[1]) if (found := re.search(r"status (\d)", comment)) else 0
    environment = {k: v for k, v in os.environ.items() if k != "PYTEST_ADDOPTS"} | {"PYTHONPATH": str(folder)}
    for command in text.split("&&"):
        words = [sys.executable, "-m", *shlex.split(command)]
        done = subprocess.run(
            words, cwd=folder, env=environment, capture_output=True, text=True, timeout=MOST_SECONDS, check=False
        )
        assert done.returncode == wanted, f"{command}\n{done.stdout[-3000:]}{done.stderr[-1000:]}"
        if wanted:
            assert "FAIL  models.list.no-blanks" in done.stdout


def contents(folder: Path) -> dict[str, bytes]:
    """Every file but those that a run makes."""
    made = {"__pycache__", "reports", ".pytest_cache", ".ruff_cache", ".hypothesis", ".schemathesis"}
    files = (path for path in folder.rglob("*") if path.is_file() and not made & set(path.relative_to(folder).parts))
    return {path.relative_to(folder).as_posix(): path.read_bytes() for path in files}
