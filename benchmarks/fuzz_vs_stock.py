"""This suite beside stock `schemathesis run`: same contract, same operations, same hub, same faults, same seeds.

    python -m benchmarks.fuzz_vs_stock [--seeds 1 2] [--faults ID ...] [--examples 50] [--keep DIR]

A run ends at the first thing that it finds which is not found on the clean hub. Counted are the requests that the hub
has got when the answer that shows it is complete; what either tool sends afterwards to make a request smaller does not
count. This suite fuzzes first; where that finds nothing its handwritten judges are asked, with a count of their own.

What stock says of the clean hub is handed to it as its baseline, so that it has to report something new; the entries of
that baseline are its false accusations. Prints tables in Markdown. One process works at a time, and nothing runs this
automatically. With `--keep` every run is appended to a file of JSON lines, and what stands there is not repeated.
"""

from __future__ import annotations

import argparse
import asyncio
import base64
import contextlib
import io
import json
import os
import re
import subprocess
import sys
import tempfile
import time
import urllib.request
from collections.abc import Callable, Iterator, Sequence
from contextlib import contextmanager
from dataclasses import asdict, dataclass, replace
from functools import partial
from pathlib import Path
from statistics import median
from typing import Any

from benchmarks.counting_hub import TIMES_PATH
from conformance.engine.apart import Job, ordered, work
from conformance.engine.contract import load_contract
from conformance.engine.discovery import discover
from conformance.engine.evidence import Store, unpacked
from conformance.engine.probe import load_registry
from conformance.engine.probing import Inquiry
from conformance.engine.target import Target
from conformance.fuzz.notes import Notes
from conformance.fuzz.terms import LEVELS
from conformance.hub.faults import load_faults
from conformance.wire.redact import Secret

ROOT = Path(__file__).resolve().parent.parent
TOKEN = "sk-benchmark-of-two-fuzzers"
OPERATIONS = (
    *("chat-completions", "list-models-openai", "list-models-gemini", "moderations", "videos-create"),
    *("videos-retrieve", "videos-content", "videos-remix", "files-list", "files-retrieve", "files-content"),
)
FAMILIES = ("chat", "models", "moderations", "videos", "unimplemented", "auth", "errors", "transport")
LEFT_OUT = "not kling and not jimeng and not generations and not fine-tunes and not upload and not delete"
BY_HAND = (
    *("auth.wrong.any-token-will-do", "errors.content-type.text", "errors.no-page.proxy"),
    *("chat.answer.no-choices", "chat.stream.no-done", "chat.stream.id-each", "chat.limit.ignored"),
    *("chat.stop.ignored", "chat.usage.total-off-by-one", "chat.text.mojibake", "videos.goes-on-after-its-end"),
)
"""Faults of other rooms: some that every answer shows, some that only a judge can see who asks for them."""
OURS = "this suite"
STOCK = "stock"


@dataclass(frozen=True)
class Run:
    """One tool on one hub. `what` is what it reported first; empty when it found nothing."""

    found: bool
    requests: int
    seconds: float
    what: str = ""


@contextmanager
def hub(fault: str) -> Iterator[str]:
    command = [sys.executable, "-m", "benchmarks.counting_hub", fault]
    environment = {**os.environ, "HUB_TOKEN": TOKEN}
    process = subprocess.Popen(
        command, stdin=subprocess.PIPE, stdout=subprocess.PIPE, text=True, env=environment, cwd=ROOT
    )
    assert process.stdin is not None
    assert process.stdout is not None
    try:
        yield process.stdout.readline().strip()
    finally:
        process.stdin.close()
        process.wait(10)
        process.stdout.close()


def times(url: str) -> list[float]:
    """When the hub's requests came, as Unix times."""
    with urllib.request.urlopen(url + TIMES_PATH) as answer:
        return [float(moment) for moment in json.loads(answer.read())]


def document(folder: Path) -> Path:
    """The bundled contract with the paths of the compared operations alone."""
    contract = load_contract()
    wanted = {contract.operation(name).path for name in OPERATIONS}
    paths = {path: item for path, item in contract.document["paths"].items() if path in wanted}
    target = folder / "contract.json"
    target.write_text(json.dumps({**contract.document, "paths": paths}), encoding="utf-8")
    return target


def pytest_run(url: str, folder: Path, arguments: Sequence[str]) -> Run:
    """This suite on a hub, up to its first finding."""
    report = folder / "report"
    command = [sys.executable, "-m", "pytest", "-q", "-x", "-p", "no:cacheprovider", "--base-url", url]
    before, started = len(times(url)), time.monotonic()
    done = subprocess.run(
        [*command, f"--report={report}", "--allow-expensive", *arguments],
        cwd=ROOT,
        env={**os.environ, "HUB_TOKEN": TOKEN},
        capture_output=True,
        text=True,
        check=False,
    )
    seconds = time.monotonic() - started
    if done.returncode not in (0, 1, 2):
        raise SystemExit(f"the suite ended with {done.returncode}\n{done.stdout[-2000:]}")
    result = json.loads((report / "result.json").read_text(encoding="utf-8"))
    red = [row for row in result["rows"] if row["verdict"] in ("fail", "warn")]
    came = times(url)[before:]
    if not red:
        return Run(False, len(came), seconds)
    until, what = min((shown_at(row, report / "evidence"), row["requirement"]) for row in red)
    return Run(True, sum(moment <= until for moment in came), seconds, what)


def ours(fault: str, seed: int, folder: Path) -> Run:
    """Fuzzing; where that finds nothing, the handwritten judges."""
    with hub(fault) as url:
        searched = fuzzed(url, seed, folder)
        if searched.found or not fault:
            return searched
        families = (word for family in FAMILIES for word in ("--family", family))
        asked = pytest_run(url, folder, ("--fuzz=off", "-k", LEFT_OUT, *families))
        return Run(asked.found, asked.requests, searched.seconds + asked.seconds, asked.what)


def fuzzed(url: str, seed: int, folder: Path) -> Run:
    """What `pytest conformance/fuzz --fuzz quick --fuzz-seed SEED` sends, up to the operation that shows something."""
    started = time.monotonic()
    registry = load_registry(load_contract())
    terms = replace(LEVELS["quick"], seed=seed, storage=str(folder / "cache")).to_dict()
    with tempfile.TemporaryDirectory() as evidence, contextlib.redirect_stdout(io.StringIO()):
        target = Target(url, Secret(TOKEN), allow_expensive=True)
        inquiry = Inquiry(target, registry.contract, registry, Store(Path(evidence)), terms)
        inquiry = replace(inquiry, target=discover(inquiry, "HUB_TOKEN"))
        slots = [slot for slot in registry.slots("fuzz_run") if slot.argument in OPERATIONS]
        asyncio.run(inquiry.ask(slot for slot in registry.needed(slots) if not slot.probe.apart))
        for slot in ordered(slots, limited=False):
            asyncio.run(work(Job(inquiry.target, inquiry.store.folder, (slot.key,), terms)))
            record = inquiry.store.get(slot.key)
            found = Notes.of(record).findings if record else []
            if found:
                first = min(found, key=lambda noted: noted.first_at)
                requests = sum(moment <= first.first_at for moment in times(url))
                return Run(True, requests, time.monotonic() - started, f"fuzz.{first.check}")
    return Run(False, len(times(url)), time.monotonic() - started)


def shown_at(row: dict[str, Any], evidence: Path) -> float:
    """When the answer that shows a finding was complete; for a handwritten judge the last one that it looks at."""
    records = [json.loads(unpacked(Store(evidence).path(key).read_bytes())) for key in row["evidence"]]
    for record in records:
        for noted in (record["notes"] or {}).get("findings", ()):
            if row["requirement"] == f"fuzz.{noted['check']}":
                return float(noted["first_at"])
    exchanges = [exchange for record in records for exchange in record["exchanges"]]
    return max(float(exchange["started"] + (exchange["ended_at"] or 0)) for exchange in exchanges)


def stock(fault: str, seed: int, folder: Path, examples: int) -> Run:
    """`schemathesis run` with all checks and phases, up to the first failure that its baseline does not hold.

    A baseline knows operation, check and status alone: a false accusation of the clean hub hides every other finding of
    its kind. So each failed check is held against those of the clean hub, and counts when its kind is new, or when the
    same request of a phase without randomness did not fail there.
    """
    command = [str(Path(sys.executable).with_name("st")), "run", str(document(folder))]
    command += ["--seed", str(seed), "--max-examples", str(examples), "--checks", "all", "--no-color", "--no-shrink"]
    command += [word for name in OPERATIONS for word in ("--include-operation-id", name)]
    command += ["-H", f"Authorization: Bearer {TOKEN}", "--generation-database", "none", "--continue-on-failure"]
    command += ["--baseline", str(folder / f"baseline-{seed}.json")]
    command += ["--report", "ndjson", "--report-ndjson-path", str(events_path(folder, fault, seed))]
    command += ["--max-failures", "1"] if fault else ["--baseline-update"]
    with hub(fault) as url:
        started = time.monotonic()
        done = subprocess.run([*command, "--url", url], cwd=folder, capture_output=True, text=True, check=False)
        seconds, requests = time.monotonic() - started, len(times(url))
    if not fault and "= ERRORS =" in done.stdout:
        raise SystemExit(f"stock cannot work with this document\n{done.stdout[:2000]}")
    new = first_new(events_path(folder, fault, seed), events_path(folder, "", seed))
    if new is not None:
        return Run(True, new[0], seconds, new[1])
    broken = bool(fault) and "Network Error" in done.stdout
    return Run(broken, requests, seconds, "a broken connection" if broken else "")


def events_path(folder: Path, fault: str, seed: int) -> Path:
    return folder / f"events-{fault}-{seed}.ndjson"


@dataclass(frozen=True)
class Failure:
    """A failed check of stock. `kind` is what its baselines tell apart; `request` is empty for a random one."""

    number: int
    kind: str
    request: str


def failures(path: Path) -> Iterator[Failure]:
    """The failed checks of a run of stock, in the order of the requests."""
    number = 0
    for line in path.read_text(encoding="utf-8").splitlines():
        scenario = json.loads(line).get("ScenarioFinished", {})
        recorder = scenario.get("recorder", {})
        for case, interaction in recorder.get("interactions", {}).items():
            number += 1
            status = (interaction.get("response") or {}).get("status_code")
            fixed = scenario["phase"] in ("examples", "coverage")
            for check in recorder["checks"].get(case, ()):
                if check["status"] != "success":
                    kind = f"{check['name']} {recorder['label']} {status}"
                    request = f"{check['name']} {_without_random_parts(interaction['request'])}" if fixed else ""
                    yield Failure(number, kind, request)


def first_new(path: Path, clean: Path) -> tuple[int, str] | None:
    """Number and kind of the first failure that the clean hub has not brought about."""
    known = list(failures(clean))
    kinds, requests = {failure.kind for failure in known}, {failure.request for failure in known} | {""}
    for failure in failures(path):
        if failure.kind not in kinds or failure.request not in requests:
            return failure.number, failure.kind.partition(" ")[0]
    return None


def _without_random_parts(request: dict[str, Any]) -> str:
    body = base64.b64decode((request.get("body") or {}).get("$base64", ""))
    text = f"{request['method']} {request['uri'].partition('://')[2].partition('/')[2]} {body!r}"
    return re.sub(r"task_[0-9a-f]+|[0-9a-f]{32}", "*", text)


def accusations(baseline: Path) -> int:
    return len(json.loads(baseline.read_text(encoding="utf-8"))["entries"]) if baseline.exists() else 0


class Kept:
    """Runs by tool, fault and seed, appended to a file of JSON lines."""

    def __init__(self, folder: Path) -> None:
        self.path = folder / "runs.jsonl"
        self.runs: dict[tuple[str, str, int], Run] = {}
        for line in self.path.read_text(encoding="utf-8").splitlines() if self.path.exists() else []:
            kept = json.loads(line)
            self.runs[kept["tool"], kept["fault"], kept["seed"]] = Run(**kept["run"])

    def run(self, tool: str, fault: str, seed: int, make: Callable[[], Run]) -> None:
        """Do what was not done before."""
        if (tool, fault, seed) in self.runs:
            return
        run = self.runs[tool, fault, seed] = make()
        line = json.dumps({"tool": tool, "fault": fault, "seed": seed, "run": asdict(run)})
        print(line, file=sys.stderr, flush=True)
        with self.path.open("a", encoding="utf-8") as file:
            file.write(line + "\n")

    def of(self, tool: str, fault: str, seeds: Sequence[int]) -> list[Run]:
        return [self.runs[tool, fault, seed] for seed in seeds]


def table(faults: Sequence[str], kept: Kept, seeds: Sequence[int]) -> Iterator[str]:
    """Requests until found, one number for each seed; a dash where it was not found."""
    yield "| fault | this suite | found as | stock | found as |"
    yield "| --- | --- | --- | --- | --- |"
    for fault in faults:
        own, other = kept.of(OURS, fault, seeds), kept.of(STOCK, fault, seeds)
        cells = (f"`{fault}`", _numbers(own), f"`{_what(own)}`", _numbers(other), _what(other))
        yield f"| {' | '.join(cells)} |"


def _numbers(runs: Sequence[Run]) -> str:
    return ", ".join(str(run.requests) if run.found else "-" for run in runs)


def _what(runs: Sequence[Run]) -> str:
    return next((run.what for run in runs if run.found), "")


def comparison(faults: Sequence[str], kept: Kept, seeds: Sequence[int]) -> Iterator[str]:
    """What one tool found and the other did not, and where stock needed fewer requests."""
    pairs = [(f, s, kept.runs[OURS, f, s], kept.runs[STOCK, f, s]) for f in faults for s in seeds]
    missed = ((f, s) for f, s, own, other in pairs if other.found and not own.found)
    unseen = ((f, s) for f, s, own, other in pairs if own.found and not other.found)
    sooner = ((f, s) for f, s, own, other in pairs if own.found and other.found and other.requests < own.requests)
    yield f"* Found by stock alone: {_listed(missed)}"
    yield f"* Found by this suite alone: {_listed(unseen)}"
    yield f"* Found by stock with fewer requests: {_listed(sooner)}"


def _listed(found: Iterator[tuple[str, int]]) -> str:
    seeds: dict[str, list[str]] = {}
    for fault, seed in found:
        seeds.setdefault(fault, []).append(str(seed))
    return ", ".join(f"`{fault}` (seed {' and '.join(which)})" for fault, which in seeds.items()) or "nothing"


def totals(tool: str, runs: Sequence[Run], clean: Sequence[Run], false: int) -> str:
    """One line of the second table."""
    requests, seconds = sum(run.requests for run in clean), sum(run.seconds for run in clean)
    until = [run.requests for run in runs if run.found]
    whole = ", ".join(f"{run.requests} in {run.seconds:.0f} s" for run in clean)
    wall = f"{sum(run.seconds for run in runs):.0f} s"
    cells = (tool, f"{len(until)} of {len(runs)}", f"{median(until or [0]):.0f}", wall, whole)
    return f"| {' | '.join(cells)} | {requests / seconds:.0f} | {false} |"


def main() -> None:
    """Run both tools on every fault and seed, and print the tables."""
    parser = argparse.ArgumentParser(description=__doc__, formatter_class=argparse.RawDescriptionHelpFormatter)
    parser.add_argument("--seeds", type=int, nargs="+", default=[1, 2])
    by_search = [name for name, fault in load_faults().items() if fault.family == "fuzz"]
    parser.add_argument("--faults", nargs="+", default=[*by_search, *BY_HAND])
    parser.add_argument("--examples", type=int, default=50, help="random examples of stock for each operation")
    parser.add_argument("--keep", type=Path, metavar="DIR", help="folder of runs that are not to be repeated")
    options = parser.parse_args()
    with tempfile.TemporaryDirectory() as name:
        folder = (options.keep or Path(name)).resolve()
        folder.mkdir(parents=True, exist_ok=True)
        kept = Kept(folder)
        for seed in options.seeds:
            for fault in ("", *options.faults):
                kept.run(STOCK, fault, seed, partial(stock, fault, seed, folder, options.examples))
                kept.run(OURS, fault, seed, partial(ours, fault, seed, folder))
        false = {
            OURS: sum(kept.runs[OURS, "", seed].found for seed in options.seeds),
            STOCK: sum(accusations(folder / f"baseline-{seed}.json") for seed in options.seeds),
        }
    print("\n".join(table(options.faults, kept, options.seeds)), end="\n\n")
    columns = ("found", "median of requests until found", "wall time of these", "whole run, clean hub", "requests/s")
    print(f"| | {' | '.join(columns)} | false accusations |")
    print("| --- | --- | --- | --- | --- | --- | --- |")
    for tool in (OURS, STOCK):
        runs = [kept.runs[tool, fault, seed] for fault in options.faults for seed in options.seeds]
        print(totals(tool, runs, kept.of(tool, "", options.seeds), false[tool]))
    print("", *comparison(options.faults, kept, options.seeds), sep="\n")


if __name__ == "__main__":
    main()
