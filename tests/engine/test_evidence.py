"""Evidence in memory: how much of it stays there, whatever a hub sends."""

from __future__ import annotations

import gzip
import tracemalloc
from pathlib import Path

import pytest

from conformance.engine import evidence
from conformance.engine.evidence import Record, Store
from conformance.wire.exchange import Exchange
from tests.support import answer

LENGTH = 200_000
BODIES = {
    "text": b'"' + b"x" * LENGTH + b'"',
    "control characters": b'"' + b"\\u0001" * (LENGTH // 6) + b'"',
    "empty objects": b"[" + b"{}," * (LENGTH // 3) + b"{}]",
    "empty lists": b"[" + b"[]," * (LENGTH // 3) + b"[]]",
    "numbers": b"[" + b"123456," * (LENGTH // 7) + b"1]",
    "names": b"{" + b",".join(b'"%d":1' % number for number in range(LENGTH // 9)) + b"}",
    "tiny events": b"data:\n\n" * (LENGTH // 7),
    "comments": b":\n" * (LENGTH // 2),
    "usual events": b'data: {"id":"c","choices":[{"index":0,"delta":{"content":"x"}}]}\n\n' * (LENGTH // 70),
}


def read(exchange: Exchange) -> None:
    """What judges make of a body."""
    assert exchange.text or exchange.event_stream.events or not exchange.is_json
    for event in exchange.events:
        try:
            _ = event.json
        except ValueError:
            continue


@pytest.mark.parametrize("packed", [False, True], ids=["plain", "gzip"])
@pytest.mark.parametrize("name", BODIES)
def test_the_guess_of_what_a_record_takes_is_from_above(name: str, packed: bool) -> None:
    body = gzip.compress(BODIES[name]) if packed else BODIES[name]
    headers = (("content-encoding", "gzip"),) if packed else ()
    tracemalloc.start()
    exchange = answer(body=bytes(bytearray(body)), headers=headers)
    read(exchange)
    taken = tracemalloc.get_traced_memory()[0]
    tracemalloc.stop()
    assert taken <= Record("a", (exchange,)).size


def test_what_was_used_last_stays_in_memory_and_the_rest_is_read_again(
    tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    records = [Record(str(number), (answer({"n": number}),)) for number in range(4)]
    monkeypatch.setattr(evidence, "MOST_KEPT", 2 * records[0].size)
    store = Store(tmp_path)
    for record in records[:3]:
        store.put(record)
    assert store.get("1") is records[1]
    store.put(records[3])
    assert [store.get(record.key) is record for record in (records[3], records[1])] == [True, True]
    again = store.get("0")
    assert again == records[0]
    assert again is not records[0]
