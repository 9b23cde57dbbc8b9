"""How fast the hub answered, operation by operation: medians, to be set against those of another run."""

from __future__ import annotations

from statistics import median

from conformance.engine.evidence import EvidenceError, Store
from conformance.engine.probe import Registry
from conformance.report.result import LatencyPart


def latency(store: Store, registry: Registry) -> dict[str, LatencyPart]:
    """Medians over the answers with success to the probes' own requests; random requests of fuzzing do not count."""
    times: dict[str, list[tuple[float, float]]] = {}
    for probe in registry.probes.values():
        for slot in registry.slots(probe.name) if not probe.apart else ():
            for operation, headers, whole in _times(store, slot.key):
                times.setdefault(operation, []).append((headers, whole))
    return {
        operation: LatencyPart(
            exchanges=len(found),
            headers_seconds=round(median(headers for headers, _ in found), 6),
            whole_seconds=round(median(whole for _, whole in found), 6),
        )
        for operation, found in sorted(times.items())
    }


def _times(store: Store, key: str) -> list[tuple[str, float, float]]:
    try:
        record = store.get(key)
    except (EvidenceError, OSError):
        return []
    return [
        (exchange.request.operation, exchange.headers_at, exchange.elapsed)
        for exchange in (record.exchanges if record else ())
        if exchange.ok and exchange.request.operation and exchange.headers_at is not None
    ]
