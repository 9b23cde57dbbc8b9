"""Work that costs real money: when a probe may ask for it, and what a refusal means where nothing was asked plainly."""

from __future__ import annotations

from conformance.engine.judge import NotOffered, Words, expect, refusal_of
from conformance.engine.probe import Hub, StopProbe
from conformance.wire.exchange import Exchange

ABSENT = frozenset({404, 405, 410, 501})


def with_consent(hub: Hub, operation: str) -> None:
    """Stop the probe unless dear work may be asked of this hub. For probes that the engine does not hold back itself.

    Raises:
        StopProbe: it may not.
    """
    if not hub.target.may_ask(hub.contract.operation(operation).cost):
        raise StopProbe("not asked, because it costs real money: allow it with --allow-expensive")


def with_claim(hub: Hub, operation: str) -> None:
    """Stop the probe unless the hub claims the operation: one that does is asked for every variant of it, and not only
    for a sample.

    Raises:
        StopProbe: it does not.
    """
    with_consent(hub, operation)
    family = hub.contract.operation(operation).family
    if not hub.target.claims_operation(operation, family):
        raise StopProbe(f"asked only of a hub that claims the operation, to save money: --claim {family}")


def expect_refused(exchange: Exchange) -> None:
    """Break unless a wrong request is refused with a 4xx status.

    Raises:
        NotOffered: the reply may as well say that the hub has no such operation.
    """
    if exchange.status in ABSENT or exchange.media_type == "text/html":
        raise NotOffered(f"the hub answers as if nothing were there: {refusal_of(exchange)}")
    refused = exchange.status is not None and 400 <= exchange.status < 500
    expect(refused, "a refusal with a 4xx status", _said(exchange), "", exchange)


def _said(exchange: Exchange) -> Words:
    if exchange.is_json or exchange.media_type.startswith("text/"):
        return Words(f"HTTP {exchange.status}: {exchange.text[:200]}")
    return Words(f"HTTP {exchange.status} with {len(exchange.body)} bytes of {exchange.media_type or 'something'}")
