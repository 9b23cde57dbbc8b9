"""The files for CI: that they parse, and that every command in them and in the documents is one that there is."""

from __future__ import annotations

import re
import shlex
from collections.abc import Iterator
from pathlib import Path
from typing import Any

import pytest
import yaml

from conformance.__main__ import _parser
from conformance.engine.options import add_options
from conformance.report import plugin

ROOT = Path(__file__).resolve().parents[2]
ACTION = ROOT / ".github" / "actions" / "judge" / "action.yml"
EXAMPLES = sorted((ROOT / "docs" / "ci").glob("*.yml"))
PAGES = [ROOT / "docs" / name for name in ("ci.md", "certificate.md", "evidence.md")]
COMMANDS = ("diff", "merge", "certify", "verify", "index")


class Options:
    """Collects the names of the options that a plugin of pytest adds."""

    def __init__(self) -> None:
        self.names: set[str] = set()

    def getgroup(self, *_: str) -> Options:
        return self

    def addoption(self, name: str, **_: Any) -> None:
        self.names.add(name)


@pytest.fixture(scope="module")
def options() -> set[str]:
    found = Options()
    add_options(found)  # type: ignore[arg-type]
    plugin.pytest_addoption(found)  # type: ignore[arg-type]
    return found.names | {"--fuzz"}


def scripts(node: Any) -> Iterator[str]:
    """Every shell script of a workflow, an action or a pipeline."""
    if isinstance(node, dict):
        for key, value in node.items():
            if key in ("run", "script", "before_script"):
                yield from [value] if isinstance(value, str) else value
            else:
                yield from scripts(value)
    elif isinstance(node, list):
        for item in node:
            yield from scripts(item)


def commands(text: str) -> Iterator[list[str]]:
    """The words of each call of the suite in a script or a page."""
    joined = text.replace("\\\n", " ")
    for found in re.finditer(r"(?:^|[\s;|])((?:hub-conformance|pytest) [^#\n]*)", joined, re.MULTILINE):
        line = re.split(r" (?:>>|\|\||&&|;)", found[1])[0]
        yield shlex.split(line)


def test_there_are_examples() -> None:
    assert [path.name for path in EXAMPLES] == ["github-nightly.yml", "gitlab-ci.yml"]


def test_the_action_is_composite_and_every_script_names_its_shell() -> None:
    action = yaml.safe_load(ACTION.read_text(encoding="utf-8"))
    assert action["runs"]["using"] == "composite"
    for step in action["runs"]["steps"]:
        assert ("uses" in step) != ("run" in step)
        assert "shell" in step or "uses" in step
        # What a caller gives is data: it reaches a script by the environment, never as a part of its text.
        assert "${{" not in step.get("run", "")
    used = set(re.findall(r"inputs\.([a-z-]+)", ACTION.read_text(encoding="utf-8")))
    assert used == set(action["inputs"])


def test_the_nightly_workflow_calls_the_action_with_inputs_that_it_has() -> None:
    action = yaml.safe_load(ACTION.read_text(encoding="utf-8"))
    workflow = yaml.safe_load((ROOT / "docs" / "ci" / "github-nightly.yml").read_text(encoding="utf-8"))
    calls = [
        step for job in workflow["jobs"].values() for step in job["steps"] if "/actions/judge@" in step.get("uses", "")
    ]
    assert calls
    assert all(set(call["with"]) <= set(action["inputs"]) for call in calls)


@pytest.mark.parametrize("path", [ACTION, *EXAMPLES, *PAGES[:2]], ids=lambda path: path.name)
def test_every_command_is_one_that_there_is(path: Path, options: set[str]) -> None:
    text = path.read_text(encoding="utf-8")
    texts = [text] if path.suffix == ".md" else list(scripts(yaml.safe_load(text)))
    found = [words for text in texts for words in commands(text)]
    assert found
    for program, *words in found:
        if program == "hub-conformance" and words[0] in COMMANDS:
            _parser().parse_args(words)
        elif program == "pytest" or words[0] == "run":
            named = {word.partition("=")[0] for word in words if word.startswith("--")}
            assert named <= options, words
        else:
            assert words[0] in ("X",), words


@pytest.mark.parametrize("path", PAGES, ids=lambda path: path.name)
def test_every_link_of_a_page_leads_somewhere(path: Path) -> None:
    for target in re.findall(r"\]\(([^)#:]+)\)", path.read_text(encoding="utf-8")):
        assert (path.parent / target).exists(), target
