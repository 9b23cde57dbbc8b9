"""What is declared is what is imported, and the lowest versions are those that the lowest environment installs."""

from __future__ import annotations

import ast
import re
import sys
import tomllib
from collections.abc import Iterable, Iterator
from importlib.metadata import packages_distributions
from pathlib import Path
from typing import Any

ROOT = Path(__file__).resolve().parents[2]
WITHOUT_IMPORT = {
    "pytest-xdist": "serves -n, as a plugin of pytest",
    "python-multipart": "reads forms for starlette, which imports it by itself",
}
BY_OTHERS = {
    "allure": "allure-pytest",
    "allure_commons": "allure-pytest",
    "hypothesis": "schemathesis",
    "markupsafe": "jinja2",
    "referencing": "jsonschema",
    "requests": "schemathesis",
}
"""Modules that come with the named package by its own declaration, and are used as it hands them out."""
LAZY = {"openai": "openai", "anthropic": "anthropic", "google": "google-genai"}
"""Modules of the extra `clients`, which need not be installed here."""


def project() -> dict[str, Any]:
    found: dict[str, Any] = tomllib.loads((ROOT / "pyproject.toml").read_text(encoding="utf-8"))["project"]
    return found


def name_of(requirement: str) -> str:
    return re.split(r"[<>=!~ \[;]", requirement, maxsplit=1)[0].lower()


def names(requirements: Iterable[str]) -> set[str]:
    return {name_of(requirement) for requirement in requirements}


def imported(path: Path) -> Iterator[str]:
    """Top-level names of all that a module imports, at any place in it."""
    for node in ast.walk(ast.parse(path.read_text(encoding="utf-8"))):
        if isinstance(node, ast.Import):
            yield from (alias.name.partition(".")[0] for alias in node.names)
        elif isinstance(node, ast.ImportFrom) and node.module and not node.level:
            yield node.module.partition(".")[0]


def modules() -> list[Path]:
    return sorted((ROOT / "conformance").rglob("*.py"))


def distributions() -> set[str]:
    """The packages that the suite imports, by the names under which they are installed."""
    every = {name for path in modules() for name in imported(path)}
    strangers = every - set(sys.stdlib_module_names) - {"conformance"} - set(LAZY)
    known = packages_distributions()
    return {(BY_OTHERS.get(name) or known[name][0]).lower() for name in strangers}


def test_dependencies_are_what_is_imported() -> None:
    declared = names(project()["dependencies"])
    used = distributions()
    assert used - declared == set(), "imported and not declared"
    assert declared - used == set(WITHOUT_IMPORT), "declared and not imported"


def test_the_clients_are_an_extra_and_imported_in_one_place() -> None:
    declared = names(project()["optional-dependencies"]["clients"])
    assert declared == set(LAZY.values())
    places = {path for path in modules() if set(imported(path)) & set(LAZY)}
    assert places
    assert {path.parent for path in places} == {ROOT / "conformance" / "clients" / "players"}


def test_the_lowest_versions_are_the_declared_bounds() -> None:
    pinned = dict(line.split("==") for line in (ROOT / "constraints-lowest.txt").read_text().split())
    bounds = {}
    for requirement in project()["dependencies"]:
        (bound,) = re.findall(r">=([\d.]+)", requirement)
        bounds[re.split(r"[<>=]", requirement, maxsplit=1)[0]] = bound
    assert set(pinned) == set(bounds)
    wrong = {name: (pinned[name], bound) for name, bound in bounds.items() if padded(pinned[name]) != padded(bound)}
    assert wrong == {}


def padded(version: str) -> str:
    """A version with three parts."""
    return ".".join([*version.split("."), "0", "0"][:3])


def test_an_upper_bound_has_its_reason_beside_it() -> None:
    lines = (ROOT / "pyproject.toml").read_text(encoding="utf-8").splitlines()
    bounded = [line for line in lines if re.match(r'\s+"[\w-]+>=[^"]*,<', line)]
    assert bounded
    assert [line for line in bounded if "#" not in line] == []
