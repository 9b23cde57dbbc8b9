"""Several things asked in one request: which reply counts for which of them."""

from __future__ import annotations

from dataclasses import replace

import pytest

from conformance.engine.contract import load_contract
from conformance.engine.evidence import Record
from conformance.engine.judge import decisive
from conformance.engine.probe import Slot, load_registry
from conformance.wire.exchange import Exchange, Request

STOPPED = load_registry(load_contract()).slots("chat_stopped")[0]


def record(*statuses: int) -> Record:
    request = Request("POST", "http://127.0.0.1:1/v1/chat/completions", operation="chat-completions")
    return Record("chat_stopped", tuple(Exchange(request, status=status) for status in statuses), many=True)


def shown(found: Record, number: int) -> list[int | None]:
    slot: Slot = replace(STOPPED, alone=number)
    return [exchange.status for exchange in decisive(found, slot).exchanges]


@pytest.mark.parametrize("number", [1, 2, 3])
def test_what_was_served_together_is_judged_together(number: int) -> None:
    assert shown(record(200), number) == [200]
    assert shown(record(200, 400, 400, 400), number) == [200]


@pytest.mark.parametrize(("number", "status"), [(1, 201), (2, 422), (3, 203)])
def test_what_was_refused_together_is_judged_alone(number: int, status: int) -> None:
    assert shown(record(400, 201, 422, 203), number) == [status]


def test_a_refusal_of_all_together_blames_none_of_them() -> None:
    assert shown(record(400, 201, 422, 203), 0) == [201, 422, 203]


def test_what_was_not_asked_alone_any_more_is_judged_on_the_refusal() -> None:
    assert shown(record(400, 201), 3) == [400]
