"""Every face of a run, written beside its `result.json`. Each is a pure function of the result and the evidence."""

from __future__ import annotations

from collections.abc import Callable
from pathlib import Path

from conformance.engine.requirement import Catalogue, load_catalogue
from conformance.report.result import Result

Face = Callable[[Result, Path, Catalogue], str]


def write_all(result: Result, evidence: Path, report: Path, catalogue: Catalogue | None = None) -> list[str]:
    """Write `report.html`, `summary.md`, `badge.json`, `badge.svg`, `junit.xml` and `allurerc.json` into `report`.

    Args:
        evidence: the folder of the run's records; what is missing there is missing in the page.
        catalogue: the sentences; by default those of this suite.

    Returns:
        One line of text for each face that could not be written; the others are.
    """
    known = load_catalogue() if catalogue is None else catalogue
    problems = []
    for name, face in FACES.items():
        try:
            _replace(report / name, face(result, evidence, known))
        except OSError as problem:
            problems.append(f"cannot write {report / name}: {problem.strerror or problem}")
        except Exception as problem:
            problems.append(f"cannot draw {name}: {problem!r}")
    return problems


def _replace(path: Path, text: str) -> None:
    """Put a whole file in place at once: whoever looks meanwhile sees the old one."""
    path.parent.mkdir(parents=True, exist_ok=True)
    draft = path.with_name(f".{path.name}.part")
    # Half of a surrogate pair, as JSON may hold it, is no text that can be encoded.
    draft.write_text(text, encoding="utf-8", errors="backslashreplace", newline="\n")
    draft.replace(path)


def _html(result: Result, evidence: Path, catalogue: Catalogue) -> str:
    from conformance.report.html import render

    return render(result, evidence, catalogue)


def _summary(result: Result, evidence: Path, catalogue: Catalogue) -> str:
    from conformance.report.markdown import markdown

    return markdown(result, catalogue)


def _badge_json(result: Result, evidence: Path, catalogue: Catalogue) -> str:
    from conformance.report.badge import badge_json

    return badge_json(result)


def _badge_svg(result: Result, evidence: Path, catalogue: Catalogue) -> str:
    from conformance.report.badge import badge_svg

    return badge_svg(result)


def _junit(result: Result, evidence: Path, catalogue: Catalogue) -> str:
    from conformance.report.junit import junit

    return junit(result)


def _allurerc(result: Result, evidence: Path, catalogue: Catalogue) -> str:
    from conformance.report.allurerc import allurerc

    return allurerc(result)


FACES: dict[str, Face] = {
    "report.html": _html,
    "summary.md": _summary,
    "badge.json": _badge_json,
    "badge.svg": _badge_svg,
    "junit.xml": _junit,
    "allurerc.json": _allurerc,
}
