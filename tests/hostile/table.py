"""Runs the suite against every hostile hub, one by one, and writes `docs/robustness.md`.

`python tests/hostile/table.py [CASE ...]`; with cases named, it measures these and keeps the other rows. Its exit
status is 1 when a run broke a bound, ended in an error of ours, or gave the token away.
"""

from __future__ import annotations

import sys
import tempfile
from pathlib import Path

ROOT = Path(__file__).resolve().parents[2]
sys.path.insert(0, str(ROOT))

from conformance.engine.embedded import EmbeddedHub  # noqa: E402
from conformance.engine.schedule import COOLDOWN, LONGEST_STRETCH, PATIENCE, SILENCES  # noqa: E402
from tests.hostile.cases import CASES, Case  # noqa: E402
from tests.hostile.runs import CANARY, DISCOVERY, MOST_MEGABYTES, Ended, attacked, faults_of  # noqa: E402

REQUEST_TIMEOUT = 5.0
CONCURRENCY = 4
OWN_SECONDS = 120
"""What a run of these families may take by itself, on a machine with two cores and other work."""
ARGUMENTS = ("-q", "--request-timeout", f"{REQUEST_TIMEOUT:g}", "--concurrency", str(CONCURRENCY), "--allow-expensive")
VERDICTS = ("pass", "fail", "warn", "inconclusive", "not-testable", "not-offered", "error")
TARGET = ROOT / "docs" / "robustness.md"
HEAD = f"""\
# Hubs that mean harm

What a hub sends is untrusted input. Each row is a whole run of the suite against a hub that does one harmful thing,
measured by `python tests/hostile/table.py`, which writes this page; the machine had two cores and other work besides,
hence the seconds of CPU. The hub answers the first {{discovery}} requests well unless the row says "from the first
request", so that the run gets under way; then it does harm.

Every run keeps to these rules, and the script fails when one does not:

- it ends within the bound stated in its row;
- its process stays below {MOST_MEGABYTES} MB of resident memory;
- it ends with findings or inconclusive verdicts, or with one clear line and exit status 4, and never with an error of
  ours: no verdict `error`, no traceback;
- the token stands in no file of the report, of Allure's results or of pytest's cache, and not on the terminal, neither
  plainly nor in base64, hexadecimal, percent, JSON or HTML escapes;
- no line of the terminal holds a control character, and no file holds markup that the hub has sent;
- nothing connects to the host to which the hub redirects;
- what the hub still answers well is judged as ever.

## Where the bounds come from

Runs: `pytest {{arguments}}`
with the families of the row; by default, `--request-timeout` is 60 s.

| Bound | Formula | Here |
| --- | --- | --- |
| work | what the run takes by itself; a harmful answer is cut at its limit at once | {OWN_SECONDS} s |
| hangs | work + ({SILENCES} + 1) x `--request-timeout`: then the run gives up what hangs | {{hangs:g}} s |
| waits | work + {PATIENCE:g} s + {COOLDOWN:g} s: all waits for 429 and 503, and one cooldown | {{waits:g}} s |

An operation that leaves three requests hanging is asked nothing more; {SILENCES} times `--request-timeout` of hanging
exchanges end the asking altogether. Unless `--request-timeout` is given, the limit of an exchange grows with what the
hub was seen to need, up to {LONGEST_STRETCH:g} s; pictures, films and songs may take up to 180 s to begin.

A hub that answers every request, each just before the limit, is not given up: such a run takes up to requests /
concurrency x `--request-timeout`, which `--max-requests` bounds. Tasks (videos, songs, pictures) are bounded by
`--task-timeout`.

Answers made of text are taken up to 1 MiB each and 8 MiB together, files that answers link to up to 16 MiB each; an
operation whose answers were too large three times is asked nothing more.

## Measured
"""


def bound(case: Case) -> float:
    """Seconds that a run against this hub may take."""
    extra = {"work": 0.0, "hangs": (SILENCES + 1) * REQUEST_TIMEOUT, "waits": PATIENCE + COOLDOWN}
    return OWN_SECONDS + extra[case.bound]


def cells(case: Case, ended: Ended) -> list[str]:
    """A row of the table."""
    verdicts = ", ".join(f"{ended.verdicts[name]} {name}" for name in VERDICTS if ended.verdicts[name])
    families = ", ".join(case.families) or "core"
    sentence = case.sentence + (" (from the first request)" if case.from_the_start else "")
    said = verdicts or f"one line: `{last_line(ended)}`"
    figures = [
        f"{case.bound}: {bound(case):g} s",
        f"{ended.seconds:.1f}",
        f"{ended.cpu_seconds:.1f}",
        str(ended.megabytes),
        str(ended.status),
    ]
    return [f"`{case.id}`", sentence, families, *figures, said]


def last_line(ended: Ended) -> str:
    """The last thing that a run said, without its address."""
    return ended.text.strip().rpartition("\n")[2].removeprefix("ERROR: ")


def arguments(case: Case) -> list[str]:
    """Options of the run against this hub."""
    chosen = [word for name in case.families for word in ("--family", name)]
    return [*ARGUMENTS, *(chosen or ["--profile", "core"])]


def main() -> int:
    """Measure all or the named cases; the exit status."""
    names = sys.argv[1:]
    rows, broken = [], []
    hub = EmbeddedHub.start(CANARY)
    try:
        for case in [case for case in CASES if not names or case.id in names]:
            with tempfile.TemporaryDirectory(prefix="hostile-") as folder:
                ended = attacked(case, hub.base_url, Path(folder) / "run", arguments(case))
                rows.append(cells(case, ended))
                print(" | ".join(rows[-1]), flush=True)
                problems = faults_of(ended)
            problems += [f"it took more than {bound(case):g} s"] if ended.seconds > bound(case) else []
            broken += [f"{case.id}: {problem}" for problem in problems]
    finally:
        hub.stop()
    TARGET.write_text(page(rows), encoding="utf-8")
    print("\n".join(broken) or f"{len(rows)} hostile hubs, every bound kept")
    return 1 if broken else 0


def kept() -> dict[str, list[str]]:
    """The rows of the page that is there, by their first cell."""
    lines = TARGET.read_text(encoding="utf-8").splitlines() if TARGET.exists() else []
    rows = [line[2:-2].split(" | ") for line in lines if line.startswith("| `")]
    return {row[0]: row for row in rows}


def page(measured: list[list[str]]) -> str:
    """The whole document."""
    known = kept() | {row[0]: row for row in measured}
    rows = [known[f"`{case.id}`"] for case in CASES if f"`{case.id}`" in known]
    spans = {"hangs": OWN_SECONDS + (SILENCES + 1) * REQUEST_TIMEOUT, "waits": OWN_SECONDS + PATIENCE + COOLDOWN}
    head = ("Case", "What the hub does", "Families", "Bound", "Seconds", "CPU seconds", "MB", "Exit", "Verdicts")
    lines = [head, ["---"] * len(head), *rows]
    table = "\n".join(f"| {' | '.join(line)} |" for line in lines)
    return HEAD.format(discovery=DISCOVERY, arguments=" ".join(ARGUMENTS), **spans) + "\n" + table + "\n"


if __name__ == "__main__":
    sys.exit(main())
