"""Who may import whom: the walls of the design, held against the code."""

from __future__ import annotations

import ast
from collections.abc import Iterator
from pathlib import Path

import pytest

PACKAGE = Path(__file__).resolve().parent.parent / "conformance"
HEAVY = {"schemathesis", "hypothesis", "openai", "anthropic", "google", "starlette", "uvicorn", "PIL", "av", "jinja2"}
FORBIDDEN = {
    "hub": {"wire", "engine", "families", "everywhere", "fuzz", "report", "clients"},
    "wire": {"engine", "families", "everywhere", "fuzz", "report", "clients", "hub"},
    "families": {"hub", "report", "fuzz", "clients"},
    "everywhere": {"hub", "report", "fuzz", "clients", "families"},
    "fuzz": {"hub", "report", "clients", "families", "everywhere"},
    "clients": {"hub", "report", "families", "everywhere", "fuzz"},
    "report": {"families", "everywhere", "fuzz", "clients", "hub"},
}
ENGINE_MAY_NOT = {"families", "everywhere", "fuzz", "clients", "hub"}


def imports(path: Path, *, at_top_only: bool = False) -> Iterator[str]:
    tree = ast.parse(path.read_text(encoding="utf-8"))
    for node in tree.body if at_top_only else ast.walk(tree):
        if isinstance(node, ast.Import):
            yield from (alias.name for alias in node.names)
        elif isinstance(node, ast.ImportFrom):
            yield node.module or ""
            yield from (f"{node.module}.{alias.name}" for alias in node.names)


def modules(room: str) -> list[Path]:
    """The modules of a room but its faults, which belong to the hub."""
    return sorted(path for path in (PACKAGE / room).rglob("*.py") if path.name != "faults.py")


@pytest.mark.parametrize("room", sorted(FORBIDDEN))
def test_a_room_imports_only_what_it_may(room: str) -> None:
    walls = {f"conformance.{name}" for name in FORBIDDEN[room]}
    crossed = [
        f"{path.relative_to(PACKAGE)} imports {name}"
        for path in modules(room)
        for name in imports(path)
        if any(name == wall or name.startswith(wall + ".") for wall in walls)
    ]
    assert not crossed


def test_faults_know_the_hub_alone_and_no_room_knows_its_faults() -> None:
    crossed = [
        f"{path.relative_to(PACKAGE)} imports {name}"
        for path in sorted(PACKAGE.rglob("*.py"))
        for name in imports(path)
        if (path.name == "faults.py" and name.startswith("conformance.") and not name.startswith("conformance.hub"))
        or (name.startswith("conformance.") and not name.startswith("conformance.hub.") and name.endswith(".faults"))
    ]
    assert not crossed
    assert len(list(PACKAGE.rglob("faults.py"))) > 20


def test_the_engine_knows_no_family_and_no_hub() -> None:
    walls = {f"conformance.{name}" for name in ENGINE_MAY_NOT}
    crossed = [
        f"{path.name} imports {name}"
        for path in modules("engine")
        for name in imports(path)
        if any(name == wall or name.startswith(wall + ".") for wall in walls)
    ]
    assert not crossed


def test_no_family_imports_another() -> None:
    crossed = []
    for path in modules("families"):
        own = path.relative_to(PACKAGE / "families").parts[0]
        for name in imports(path):
            parts = name.split(".")
            if parts[:2] == ["conformance", "families"] and len(parts) > 2 and parts[2] != own:
                crossed.append(f"{path.relative_to(PACKAGE)} imports {name}")
    assert not crossed


def test_heavy_packages_are_imported_only_where_they_are_used() -> None:
    early = [
        f"{path.relative_to(PACKAGE)} imports {name}"
        for path in sorted(PACKAGE.rglob("*.py"))
        if path.relative_to(PACKAGE).parts[0] not in ("hub", "fuzz", "clients")
        for name in imports(path, at_top_only=True)
        if name.split(".")[0] in HEAVY
    ]
    assert not early


def test_the_engine_runs_without_its_kit() -> None:
    crossed = [
        f"{path.name} imports {name}"
        for path in (PACKAGE / "engine").glob("*.py")
        for name in imports(path)
        if name.startswith("conformance.engine.kit")
    ]
    assert not crossed
