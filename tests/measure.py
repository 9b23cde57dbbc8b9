"""Measures what each probe asks of the embedded hub and writes `conformance/report/measured.json`.

Run `python tests/measure.py` after a probe was added or changed; a test holds the file against the probes.
"""

from __future__ import annotations

import json
import tempfile
from pathlib import Path

from conformance.engine.options import EMBEDDED_POLL_INTERVAL
from conformance.report.plan import MEASURED
from tests.matrix import CleanRun


def main() -> None:
    with tempfile.TemporaryDirectory() as folder:
        clean = CleanRun.record(Path(folder), task_seconds=None, poll_interval=EMBEDDED_POLL_INTERVAL, one_by_one=False)
        records = clean.records
    rows = ",\n".join(f"  {json.dumps(key)}: {json.dumps(records[key].cost)}" for key in sorted(records))
    MEASURED.write_text("{\n" + rows + "\n}\n", encoding="ascii")


if __name__ == "__main__":
    main()
