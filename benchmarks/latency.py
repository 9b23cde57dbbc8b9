"""How close a run comes to the shortest time that a slow hub allows.

    python -m benchmarks.latency [--latency 300] [--concurrency 4] [--profile full]

The embedded hub answers every request so many milliseconds late, and is judged as a deployment. No run can be shorter
than its requests' latencies shared out over its concurrency, nor than its longest journey: from the first request of a
probe, a task's submission say, to its last. Prints the time from start to exit and how many times that bound it was;
ends with status 1 when it was more than `MOST`.
"""

from __future__ import annotations

import argparse
import json
import os
import subprocess
import sys
import tempfile
import time
from collections.abc import Sequence
from dataclasses import dataclass
from pathlib import Path

from conformance.engine.embedded import EmbeddedHub
from conformance.engine.evidence import Record, Store

ROOT = Path(__file__).resolve().parent.parent
TOKEN = "sk-benchmark-of-latency"
MOST = 1.5
POLL_INTERVAL = 1.0
"""Seconds between two looks at a task; each look costs the latency, too."""


@dataclass(frozen=True)
class Measured:
    """A run. Times are in seconds."""

    took: float
    requests: int
    shared: float
    """All requests' latencies, shared out over the concurrency."""
    longest: float
    """The longest journey."""
    journey: str

    @property
    def bound(self) -> float:
        return max(self.shared, self.longest)

    @property
    def factor(self) -> float:
        return self.took / self.bound


def measure(latency: int, concurrency: int, profile: str) -> Measured:
    """Judge a hub that answers every request `latency` milliseconds late.

    Raises:
        SystemExit: the run did not end well, so that its time says nothing.
    """
    hub = EmbeddedHub.start(TOKEN, latency=str(latency))
    try:
        with tempfile.TemporaryDirectory() as folder:
            command = [sys.executable, "-m", "pytest", "-q", "-p", "no:cacheprovider", f"--report={folder}"]
            command += ["--base-url", hub.base_url, "--allow-expensive", "--claim", "videos", "--claim", "midjourney"]
            command += ["--fuzz", "off", "--profile", profile, "--concurrency", str(concurrency)]
            command += ["--poll-interval", str(POLL_INTERVAL)]
            started = time.monotonic()
            done = subprocess.run(
                command,
                cwd=ROOT,
                env={**os.environ, "HUB_TOKEN": TOKEN},
                capture_output=True,
                text=True,
                check=False,
            )
            took = time.monotonic() - started
            if done.returncode not in (0, 1):
                raise SystemExit(f"the run ended with status {done.returncode}:\n{done.stdout[-2000:]}")
            requests = json.loads((Path(folder) / "result.json").read_text(encoding="utf-8"))["spend"]["requests"]
            lengths = {record.key: _length(record) for record in Store(Path(folder) / "evidence")}
    finally:
        hub.stop()
    journey = max(lengths, key=lambda key: lengths[key])
    return Measured(took, requests, requests * latency / 1000 / concurrency, lengths[journey], journey)


def _length(record: Record) -> float:
    """Seconds from the first request of a probe to the end of its last."""
    if not record.exchanges:
        return 0.0
    ends = (exchange.started + exchange.elapsed for exchange in record.exchanges)
    return max(ends) - min(exchange.started for exchange in record.exchanges)


def main(argv: Sequence[str] | None = None) -> int:
    parser = argparse.ArgumentParser(prog="benchmarks.latency", description=(__doc__ or "").partition("\n")[0])
    parser.add_argument("--latency", type=int, default=300, metavar="MS", help="of every answer (default: 300)")
    parser.add_argument("--concurrency", type=int, default=4, metavar="N", help="requests in flight (default: 4)")
    parser.add_argument("--profile", default="full", help="what is judged (default: full)")
    options = parser.parse_args(argv)
    found = measure(options.latency, options.concurrency, options.profile)
    print(f"{found.requests} requests of {options.latency} ms, {options.concurrency} at once: {found.shared:.1f} s")
    print(f"longest journey, {found.journey}: {found.longest:.1f} s")
    print(f"the run took {found.took:.1f} s, {found.factor:.2f} times the bound (at most {MOST} is wanted)")
    return 0 if found.factor <= MOST else 1


if __name__ == "__main__":
    sys.exit(main())
