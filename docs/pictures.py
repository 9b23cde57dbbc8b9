"""Draws the README's terminal picture from real runs of the suite: `python docs/pictures.py`.

It judges the embedded hub twice, once clean and once with a fault, and writes `docs/img/run.svg`.
"""

from __future__ import annotations

import subprocess
import sys
import tempfile
from pathlib import Path

from rich.console import Console
from rich.text import Text

ROOT = Path(__file__).resolve().parent.parent
PICTURE = ROOT / "docs" / "img" / "run.svg"
WIDTH = 112
FAULT = "chat.stream.no-done"


def run(*arguments: str) -> list[str]:
    """The lines that a run prints from its findings on, without the path of the report folder."""
    with tempfile.TemporaryDirectory() as folder:
        done = subprocess.run(
            [sys.executable, "-m", "pytest", "-q", "-p", "no:cacheprovider", f"--report={folder}", *arguments],
            cwd=ROOT,
            capture_output=True,
            text=True,
            check=False,
            env={"PATH": "", "COLUMNS": str(WIDTH)},
        )
    lines = done.stdout.replace(folder, "reports").splitlines()
    start = next(i for i, line in enumerate(lines) if line.startswith(("FAIL", "WARN", "family")))
    return lines[start:-1]


def main() -> None:
    console = Console(record=True, width=WIDTH, file=sys.stderr)
    for command, arguments in (
        ("pytest", ()),
        (f"pytest --family chat --fault {FAULT}", ("--family", "chat", "--fault", FAULT)),
    ):
        console.print(Text(f"$ {command}", style="bold"))
        for line in run(*arguments):
            style = "bold red" if line.startswith("FAIL") else "bold green" if line.startswith("conformant") else ""
            console.print(Text(line, style=style))
        console.print()
    PICTURE.parent.mkdir(exist_ok=True)
    console.save_svg(str(PICTURE), title="hub-conformance")


if __name__ == "__main__":
    main()
