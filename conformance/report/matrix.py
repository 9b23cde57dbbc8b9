"""The matrix of a run: a line for each operation of the contract, a column for each family of sentences."""

from __future__ import annotations

from collections.abc import Iterable
from dataclasses import dataclass

from conformance.engine.contract import Contract
from conformance.engine.judge import SEVERITY, Verdict
from conformance.report.result import Row

OWN = "own"
"""The column of the sentences that an operation's own family holds."""
OTHER = "other"
"""The family of operations that this version's contract does not know."""
COLUMNS = (OWN, "errors", "transport", "auth", "cors", "isolation", "metering", "fuzz", "clients")


@dataclass(frozen=True)
class Cell:
    """What became of some sentences on one operation (or on all of a family)."""

    counts: tuple[tuple[Verdict, int], ...]

    @property
    def worst(self) -> Verdict:
        return self.counts[0][0]

    @property
    def shown(self) -> int:
        """How many sentences have the worst verdict."""
        return self.counts[0][1]


@dataclass(frozen=True)
class Line:
    """One operation. `cells` has an entry for every column, None where nothing was judged."""

    operation: str
    title: str
    route: str
    cells: tuple[Cell | None, ...]


@dataclass(frozen=True)
class Family:
    name: str
    cells: tuple[Cell | None, ...]
    lines: tuple[Line, ...]

    @property
    def troubled(self) -> bool:
        """Whether something in it is broken."""
        broken = (Verdict.ERROR, Verdict.FAIL, Verdict.WARN)
        return any(cell.worst in broken for cell in self.cells if cell)


@dataclass(frozen=True)
class Matrix:
    columns: tuple[str, ...]
    families: tuple[Family, ...]


def matrix(rows: Iterable[Row], contract: Contract, language: str = "en") -> Matrix:
    """Sort rows into lines and columns. Every documented operation has a line, judged or not.

    `language` is that of the titles, en or zh, both as the contract has them.
    """
    described = {
        entry.id: (
            operation.family,
            entry.title_zh if language == "zh" else entry.title_en,
            f"{operation.method} {operation.path}",
        )
        for operation in contract.operations
        if operation.alias_of is None
        for entry in operation.documented
    }
    own = {family for family, _, _ in described.values()}
    families: dict[str, dict[str, dict[str, list[Verdict]]]] = {}
    for name, (family, _, _) in described.items():
        families.setdefault(family, {})[name] = {}
    for row in rows:
        column = OWN if row.family in own else row.family
        family = (
            described[row.operation][0] if row.operation in described else row.family if row.family in own else OTHER
        )
        families.setdefault(family, {}).setdefault(row.operation, {}).setdefault(column, []).append(row.verdict)
    used = {column for lines in families.values() for cells in lines.values() for column in cells}
    columns = (*(name for name in COLUMNS if name in used), *sorted(used - set(COLUMNS)))
    return Matrix(columns, tuple(_family(name, lines, columns, described) for name, lines in families.items()))


def _family(
    name: str,
    lines: dict[str, dict[str, list[Verdict]]],
    columns: tuple[str, ...],
    described: dict[str, tuple[str, str, str]],
) -> Family:
    together = [[v for cells in lines.values() for v in cells.get(column, ())] for column in columns]
    return Family(
        name,
        tuple(_cell(verdicts) for verdicts in together),
        tuple(
            Line(
                operation,
                described[operation][1] if operation in described else operation,
                described[operation][2] if operation in described else "",
                tuple(_cell(cells.get(column, [])) for column in columns),
            )
            for operation, cells in lines.items()
        ),
    )


def _cell(verdicts: list[Verdict]) -> Cell | None:
    counts = tuple((v, verdicts.count(v)) for v in SEVERITY if v in verdicts)
    return Cell(counts) if counts else None
