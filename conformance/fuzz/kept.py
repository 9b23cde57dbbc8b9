"""Findings that are kept as files, to be asked for first the next time."""

from __future__ import annotations

import json
from collections.abc import Iterable
from dataclasses import replace
from pathlib import Path

from conformance.fuzz.case import Case

FORMAT = 1
MOST = 50
"""Kept cases of one operation that are replayed."""


def keep(folder: Path, operation: str, check: str, case: Case, seed: int) -> Path:
    """Write a case that showed a finding; the same request is written once."""
    path = folder / operation / f"{check}-{case.digest[:12]}.json"
    path.parent.mkdir(parents=True, exist_ok=True)
    content = {"format": FORMAT, "operation": operation, "check": check, "seed": seed, "case": case.to_dict()}
    draft = path.with_suffix(".part")
    draft.write_text(json.dumps(content, indent=2, ensure_ascii=True) + "\n", encoding="ascii")
    return draft.replace(path)


def kept(folder: Path, operation: str) -> list[Case]:
    """The cases of an operation that were kept, in the order of their names. A file of another kind is passed over."""
    return list(_read(sorted((folder / operation).glob("*.json"))[:MOST]))


def _read(paths: Iterable[Path]) -> Iterable[Case]:
    for path in paths:
        try:
            content = json.loads(path.read_text(encoding="ascii"))
            if content["format"] == FORMAT:
                yield replace(Case.from_dict(content["case"]), phase="saved")
        except (ValueError, KeyError, TypeError):
            continue
