"""Measures what each probe asks of the embedded hub and writes `conformance/report/measured.json`.

Run `python tests/measure.py` after a probe was added or changed; a test holds the file against the probes.
"""

from __future__ import annotations

import json
import tempfile
from pathlib import Path
from typing import Any

from conformance.engine.evidence import Record
from conformance.report.plan import MEASURED
from conformance.wire.exchange import Exchange
from tests.matrix import CleanRun

LIMITS = ("max_tokens", "max_completion_tokens", "max_output_tokens", "maxOutputTokens")
COUNTS = ("n", "candidateCount")


def cost(record: Record) -> tuple[int, int]:
    """Requests, and the output tokens that their limits allow."""
    sent = sum(exchange.attempts for exchange in record.exchanges)
    return sent, sum(_allowed(exchange) for exchange in record.exchanges if exchange.ok)


def _allowed(exchange: Exchange) -> int:
    try:
        body = exchange.request.json
    except ValueError:
        return 0
    if not isinstance(body, dict):
        return 0
    settings = body.get("generationConfig")
    fields: dict[str, Any] = {**body, **(settings if isinstance(settings, dict) else {})}
    limit = max((_whole(fields.get(name)) for name in LIMITS), default=0)
    return limit * max(1, *(_whole(fields.get(name)) for name in COUNTS))


def _whole(value: object) -> int:
    return value if isinstance(value, int) and not isinstance(value, bool) and value > 0 else 0


def main() -> None:
    with tempfile.TemporaryDirectory() as folder:
        records = CleanRun.record(Path(folder)).records
    rows = ",\n".join(f"  {json.dumps(key)}: {json.dumps(cost(records[key]))}" for key in sorted(records))
    MEASURED.write_text("{\n" + rows + "\n}\n", encoding="ascii")


if __name__ == "__main__":
    main()
