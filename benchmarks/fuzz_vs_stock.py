"""This suite beside stock `schemathesis run`: same contract, same hub, same faults, same seeds.

    python -m benchmarks.fuzz_vs_stock [--seeds 1 2] [--faults ID ...] [--examples 50]

Both stop at the first thing that they find; what is counted are the requests that the hub had got when the one came
whose answer shows it. What stock says of the clean hub is taken as its baseline, so that a fault
counts as found only when something new is reported; the entries of that baseline are its false accusations. Prints a
table in Markdown. Takes about an hour with two seeds; nothing runs it automatically.
"""

from __future__ import annotations

import argparse
import json
import os
import subprocess
import sys
import tempfile
import time
import urllib.request
from collections.abc import Iterator, Sequence
from contextlib import contextmanager
from dataclasses import dataclass
from pathlib import Path
from typing import Any

from benchmarks.counting_hub import TIMES_PATH
from conformance.engine.contract import load_contract
from conformance.engine.evidence import Store

ROOT = Path(__file__).resolve().parent.parent
TRANSIT = 0.05
"""Seconds that a request may be on its way."""
TOKEN = "sk-benchmark-of-two-fuzzers"
OPERATIONS = (
    *("chat-completions", "list-models-openai", "list-models-gemini", "moderations", "videos-create"),
    *("videos-retrieve", "videos-content", "files-list", "files-retrieve", "files-content"),
)
FAMILIES = ("chat", "models", "moderations", "videos", "unimplemented", "auth", "errors", "transport", "fuzz")
LEFT_OUT = "not kling and not jimeng and not generations and not remix and not fine-tunes and not upload and not delete"
BY_SEARCH = (
    *("fuzz.zero-temperature", "fuzz.nul-in-text", "fuzz.fraction-of-zero", "fuzz.empty-list", "fuzz.deep-body"),
    *("fuzz.undocumented-status", "fuzz.bare-error", "fuzz.token-in-error", "fuzz.lenient-types"),
    *("fuzz.lenient-range", "fuzz.zero-refused", "fuzz.open-streams", "fuzz.any-method", "fuzz.any-id"),
    *("fuzz.lost-task", "fuzz.nan-in-answer", "fuzz.short-answer", "fuzz.short-stream-unended"),
)
BY_HAND = (
    *("auth.wrong.any-token-will-do", "auth.missing.open-route", "errors.content-type.text", "errors.no-page.proxy"),
    *("chat.answer.no-choices", "chat.stream.no-done", "chat.stream.id-each", "chat.limit.ignored"),
    *("chat.stop.ignored", "videos.goes-on-after-its-end"),
)


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


def ours(fault: str, seed: int, folder: Path) -> Run:
    with hub(fault) as url:
        command = [sys.executable, "-m", "pytest", "-q", "-x", "-p", "no:cacheprovider", "--base-url", url]
        command += [f"--report={folder / 'ours'}", "--fuzz=quick", f"--fuzz-seed={seed}", "--fuzz-budget=100000"]
        command += ["--allow-expensive", "-k", LEFT_OUT]
        command += [word for family in FAMILIES for word in ("--family", family)]
        started = time.monotonic()
        environment = {**os.environ, "HUB_TOKEN": TOKEN}
        done = subprocess.run(command, cwd=ROOT, env=environment, capture_output=True, text=True, check=False)
        seconds = time.monotonic() - started
        result = json.loads((folder / "ours" / "result.json").read_text(encoding="utf-8"))
        red = [row for row in result["rows"] if row["verdict"] in ("fail", "warn")]
        if done.returncode not in (0, 1, 2):
            raise SystemExit(f"{fault}: the suite ended with {done.returncode}\n{done.stdout[-2000:]}")
        came = times(url)
        if not red:
            return Run(False, len(came), seconds)
        until, what = min((shown_at(row, folder / "ours" / "evidence"), row["requirement"]) for row in red)
        return Run(True, sum(moment <= until + TRANSIT for moment in came), seconds, what)


def shown_at(row: dict[str, Any], evidence: Path) -> float:
    """When the request was sent whose answer shows a finding; for handwritten judges the last one that they look at."""
    records = [json.loads(Store(evidence).path(key).read_text(encoding="ascii")) for key in row["evidence"]]
    for record in records:
        for noted in (record["notes"] or {}).get("findings", ()):
            if row["requirement"] == f"fuzz.{noted['check']}":
                return float(record["exchanges"][noted["exchange"]]["started"])
    return max(float(exchange["started"]) for record in records for exchange in record["exchanges"])


def stock(fault: str, seed: int, folder: Path, examples: int, baseline: Path | None) -> Run:
    with hub(fault) as url:
        command = [str(Path(sys.executable).with_name("st")), "run", str(document(folder)), "--url", url]
        command += ["--seed", str(seed), "--max-examples", str(examples), "--checks", "all", "--no-color"]
        command += [word for name in OPERATIONS for word in ("--include-operation-id", name)]
        command += ["-H", f"Authorization: Bearer {TOKEN}", "--generation-database", "none"]
        command += ["--baseline", str(baseline), "--max-failures", "1"] if baseline and fault else []
        command += ["--baseline", str(baseline), "--baseline-update", "--continue-on-failure"] if not fault else []
        started = time.monotonic()
        done = subprocess.run(command, cwd=folder, capture_output=True, text=True, check=False)
        seconds = time.monotonic() - started
        what = next((line.strip() for line in done.stdout.splitlines() if line.startswith("- ")), "")
        return Run(bool(what) and bool(fault), len(times(url)), seconds, what)


def accusations(baseline: Path) -> int:
    return len(json.loads(baseline.read_text(encoding="utf-8"))["entries"]) if baseline.exists() else 0


def table(
    faults: Sequence[str], results: dict[tuple[str, int], tuple[Run, Run]], seeds: Sequence[int]
) -> Iterator[str]:
    yield "| fault | this suite | requests | first finding | stock | requests |"
    yield "| --- | --- | --- | --- | --- | --- |"
    for fault in faults:
        pairs = [results[fault, seed] for seed in seeds]
        own, other = [pair[0] for pair in pairs], [pair[1] for pair in pairs]
        cells = (f"`{fault}`", _found(own), _numbers(own), f"`{own[0].what}`", _found(other), _numbers(other))
        yield f"| {' | '.join(cells)} |"


def _found(runs: Sequence[Run]) -> str:
    return ", ".join("yes" if run.found else "no" for run in runs)


def _numbers(runs: Sequence[Run]) -> str:
    return ", ".join(str(run.requests) for run in runs)


def totals(name: str, runs: Sequence[Run], clean: Sequence[Run], false: int) -> str:
    requests, seconds = sum(run.requests for run in runs), sum(run.seconds for run in runs)
    found = sum(run.found for run in runs)
    until = sorted(run.requests for run in runs if run.found)
    median = until[len(until) // 2] if until else 0
    whole = ", ".join(f"{run.requests} in {run.seconds:.0f} s" for run in clean)
    cells = (name, f"{found} of {len(runs)}", str(median), f"{requests / seconds:.0f}", f"{seconds:.0f} s", whole)
    return f"| {' | '.join(cells)} | {false} |"


def main() -> None:
    """Run both tools on every fault and seed, and print the tables."""
    parser = argparse.ArgumentParser(description=__doc__, formatter_class=argparse.RawDescriptionHelpFormatter)
    parser.add_argument("--seeds", type=int, nargs="+", default=[1, 2])
    parser.add_argument("--faults", nargs="+", default=[*BY_SEARCH, *BY_HAND])
    parser.add_argument("--examples", type=int, default=50, help="random examples of stock for each operation")
    options = parser.parse_args()
    results: dict[tuple[str, int], tuple[Run, Run]] = {}
    clean: list[tuple[Run, Run]] = []
    false = [0, 0]
    with tempfile.TemporaryDirectory() as name:
        folder = Path(name)
        for seed in options.seeds:
            baseline = folder / f"baseline-{seed}.json"
            pair = ours("", seed, folder), stock("", seed, folder, options.examples, baseline)
            clean.append(pair)
            false = [false[0] + int(pair[0].found), false[1] + accusations(baseline)]
            for fault in options.faults:
                pair = ours(fault, seed, folder), stock(fault, seed, folder, options.examples, baseline)
                results[fault, seed] = pair
                print(fault, seed, *pair, file=sys.stderr, flush=True)
    print("\n".join(table(options.faults, results, options.seeds)), end="\n\n")
    columns = ("found", "median of requests until found", "requests/s", "wall time", "whole run, clean hub")
    print(f"| | {' | '.join(columns)} | false accusations |")
    print("| --- | --- | --- | --- | --- | --- | --- |")
    for number, tool in enumerate(("this suite", "stock")):
        runs = [pair[number] for pair in results.values()]
        print(totals(tool, runs, [pair[number] for pair in clean], false[number]))


if __name__ == "__main__":
    main()
