"""Measures what each probe asks of the embedded hub and writes `conformance/report/measured.json`.

Run `python tests/measure.py` after a probe was added or changed; a test holds the file against the probes.
"""

from __future__ import annotations

import json
import tempfile
from pathlib import Path

from conformance.report.plan import MEASURED
from tests.matrix import CleanRun


def main() -> None:
    with tempfile.TemporaryDirectory() as folder:
        records = CleanRun.record(Path(folder), one_by_one=False).records
    rows = ",\n".join(f"  {json.dumps(key)}: {json.dumps(records[key].cost)}" for key in sorted(records))
    MEASURED.write_text("{\n" + rows + "\n}\n", encoding="ascii")


if __name__ == "__main__":
    main()
