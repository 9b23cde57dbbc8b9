"""Draws the README's pictures from real runs of the suite: `python docs/pictures.py`.

It judges the embedded hub, clean and with a fault, and writes `docs/img/run.svg` (the terminal) and
`docs/img/report.png` (the page, for which Chromium is needed).
"""

from __future__ import annotations

import subprocess
import sys
import tempfile
from pathlib import Path

from PIL import Image
from rich.console import Console
from rich.text import Text

ROOT = Path(__file__).resolve().parent.parent
IMAGES = ROOT / "docs" / "img"
WIDE, TALL = 1120, 1300
"""Pixels of the page that are pictured."""
COLOURS = 96
LARGEST = 250_000
"""Bytes."""
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


def terminal() -> None:
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
    console.save_svg(str(IMAGES / "run.svg"), title="hub-conformance")


def page() -> None:
    sys.path.insert(0, str(ROOT))
    from tests.browser import page as open_page

    picture = IMAGES / "report.png"
    with tempfile.TemporaryDirectory() as folder:
        arguments = ["-q", "-p", "no:cacheprovider", f"--report={folder}", "--profile", "core", "--fault", FAULT]
        subprocess.run([sys.executable, "-m", "pytest", *arguments], cwd=ROOT, capture_output=True, check=False)
        with open_page() as browser:
            browser.resize(WIDE, TALL)
            browser.open(Path(folder) / "report.html")
            browser.picture(picture)
    with Image.open(picture) as image:
        image.convert("RGB").quantize(COLOURS).save(picture, optimize=True)
    if picture.stat().st_size > LARGEST:
        raise SystemExit(f"{picture} has {picture.stat().st_size} bytes, more than {LARGEST}")


def main() -> None:
    IMAGES.mkdir(exist_ok=True)
    terminal()
    page()


if __name__ == "__main__":
    main()
