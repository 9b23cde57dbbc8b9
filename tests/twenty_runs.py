"""Judges the clean embedded hub again and again under changing conditions, and compares the verdicts row by row.

`python tests/twenty_runs.py [--runs N] [PYTEST ARGUMENTS]`, for example `python tests/twenty_runs.py --fuzz off`. Some
runs share the machine with a busy process a core, some have a hub that is far away and whose answers jitter, some
both. Verdicts must not depend on it: the exit status is 1 when any row of any run differs, and the rows are printed.
"""

from __future__ import annotations

import argparse
import contextlib
import json
import os
import subprocess
import sys
import tempfile
import time
from collections import Counter, defaultdict
from collections.abc import Iterator, Sequence
from dataclasses import dataclass
from pathlib import Path

ROOT = Path(__file__).resolve().parents[1]
FOREIGN = ("HUB_BASE_URL", "HUB_TOKEN", "PYTEST_ADDOPTS")
BUSY = "import os\nparent = os.getppid()\nwhile os.getppid() == parent: pass"

Row = tuple[str, str, str]
"""Requirement, operation, and test."""


@dataclass(frozen=True)
class Condition:
    """What a run has to bear: other work on the machine, and the way to the hub as `--hub-latency` takes it."""

    loaded: bool = False
    latency: str = ""

    def __str__(self) -> str:
        words = ["a busy process a core"] if self.loaded else []
        words += [f"latency {self.latency} ms"] if self.latency else []
        return " and ".join(words) or "nothing else"


CONDITIONS = (
    Condition(),
    Condition(loaded=True),
    Condition(latency="20~20"),
    Condition(),
    Condition(latency="100~100"),
    Condition(loaded=True, latency="10~30"),
    Condition(loaded=True),
    Condition(latency="5~50"),
    Condition(),
    Condition(loaded=True, latency="50~50"),
)
"""Taken in turn."""


def main() -> int:
    """Run, compare, print; the exit status."""
    parser = argparse.ArgumentParser(description=__doc__.split("\n")[0])
    parser.add_argument("--runs", type=int, default=20, help="how many runs (default: 20)")
    options, arguments = parser.parse_known_args()
    runs: list[dict[Row, str]] = []
    for number in range(1, options.runs + 1):
        condition = CONDITIONS[(number - 1) % len(CONDITIONS)]
        began = time.monotonic()
        runs.append(verdicts(condition, arguments))
        counts = ", ".join(f"{count} {verdict}" for verdict, count in Counter(runs[-1].values()).most_common())
        print(f"run {number}, {condition}: {counts}; {time.monotonic() - began:.0f} s", flush=True)
    lines = list(differences(runs))
    print("\n".join(lines) or f"{len(runs)} runs, {len(runs[0])} rows each, all verdicts identical")
    return 1 if lines else 0


def verdicts(condition: Condition, arguments: Sequence[str]) -> dict[Row, str]:
    """The verdict of every row of one run.

    Raises:
        RuntimeError: the run wrote no result.
    """
    around = load() if condition.loaded else contextlib.nullcontext()
    with around, tempfile.TemporaryDirectory(prefix="twenty-") as folder:
        command = [sys.executable, "-m", "pytest", "-q", "-p", "no:cacheprovider", f"--report={folder}", *arguments]
        command += ["--hub-latency", condition.latency] if condition.latency else []
        environment = {name: value for name, value in os.environ.items() if name not in FOREIGN}
        ended = subprocess.run(command, cwd=ROOT, env=environment, capture_output=True, text=True)
        written = Path(folder) / "result.json"
        if not written.exists():
            raise RuntimeError(f"a run wrote no result:\n{ended.stdout[-2000:]}{ended.stderr[-2000:]}")
        rows = json.loads(written.read_text(encoding="utf-8"))["rows"]
    return {(row["requirement"], row["operation"], row["test"]): row["verdict"] for row in rows}


@contextlib.contextmanager
def load() -> Iterator[None]:
    """Keep every core busy with something else; what is started here ends with this process, however that ends."""
    busy = [subprocess.Popen([sys.executable, "-c", BUSY]) for _ in range(os.cpu_count() or 1)]
    try:
        yield
    finally:
        for process in busy:
            process.kill()
            process.wait()


def differences(runs: Sequence[dict[Row, str]]) -> Iterator[str]:
    """A line for each row whose verdict is not the same in all runs."""
    for row in sorted({row for run in runs for row in run}):
        seen: defaultdict[str, list[int]] = defaultdict(list)
        for number, run in enumerate(runs, start=1):
            seen[run.get(row, "missing")].append(number)
        if len(seen) > 1:
            words = "; ".join(f"{verdict} in {', '.join(map(str, numbers))}" for verdict, numbers in seen.items())
            yield f"{row[0]} on {row[1] or 'no operation'} ({row[2]}): {words}"


if __name__ == "__main__":
    sys.exit(main())
