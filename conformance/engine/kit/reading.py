"""What readers of every family share: which exchanges were served at all, what was asked in them, and groups of them.

A feature that a hub refuses with a clean 4xx is not offered; these functions turn that into the right word before a
family looks at an answer's content.
"""

from __future__ import annotations

from collections.abc import Sequence
from typing import Any

from conformance.engine.judge import NO_ACCESS, NotOffered, Words, expect, inconclusive, not_testable, refusal_of
from conformance.engine.probe import Admit, Group, ProbeFunction
from conformance.wire.exchange import End, Exchange, Request


def served(exchange: Exchange) -> Exchange:
    """The exchange, when the hub served the request.

    Raises:
        NotOffered: the hub refused it cleanly.
        Inconclusive: this token may not do that.
        NotTestable: it answered with some other error.
    """
    refusal = refusal_of(exchange)
    if refusal:
        raise NotOffered(f"the hub does not serve this request: {refusal}")
    if exchange.status in NO_ACCESS:
        inconclusive(f"the hub answered {exchange.status}: this token may not do that")
    if not exchange.ok:
        not_testable(f"the hub answered {exchange.status}; `errors.valid-request-served` judges that")
    return exchange


def all_served(evidence: Sequence[Exchange]) -> list[Exchange]:
    """Those exchanges of a probe that the hub served; raises like `served` when there are none."""
    found = [exchange for exchange in evidence if exchange.ok and not refusal_of(exchange)]
    return found or [served(evidence[0])]


def need_end(exchange: Exchange) -> None:
    """Go on only with a stream that arrived to its end.

    Raises:
        NotTestable: the connection broke or was slow, so that its end is not known.
    """
    if exchange.end is not End.complete:
        not_testable(f"the stream was not received to its end ({exchange.problem}), which `transport` judges")


def asked(exchange: Exchange) -> dict[str, Any]:
    """The JSON body of an exchange's request; empty when it has none."""
    return body_of(exchange.request)


def body_of(request: Request) -> dict[str, Any]:
    """The JSON body of a request; empty when it has none."""
    try:
        value = request.json
    except ValueError:
        return {}
    return value if isinstance(value, dict) else {}


def offered(name: str, *probes: ProbeFunction) -> Group:
    """A group whose judges see every reply of an offered operation, refusals of single requests included."""
    names = {function.__name__ for function in probes}
    return Group(name, lambda candidate: candidate.name in names, admit=Admit.REFUSAL, flat=True)


def expect_client_error(exchange: Exchange) -> None:
    """Break when a request that cannot be served as it stands is not refused with a 4xx status."""
    refused = exchange.status is not None and 400 <= exchange.status < 500
    said = Words(f"HTTP {exchange.status}: {exchange.text[:200]}")
    expect(refused, "a refusal with a 4xx status", said, "", exchange)
