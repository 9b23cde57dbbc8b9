"""What a finished task links to: where the links may lead, and how what is behind them is served."""

from __future__ import annotations

from urllib.parse import urlsplit

from conformance.engine.judge import Words, expect
from conformance.engine.kit.links import Reach, reach_of, web_address
from conformance.wire.exchange import Exchange

OPAQUE_TYPES = ("application/octet-stream", "binary/octet-stream")


def expect_web_address(link: object, at: str, exchange: Exchange) -> None:
    """Break when a link is no absolute web address."""
    expect(isinstance(link, str) and web_address(link), "an http or https address", link, at, exchange)


def expect_reachable(link: object, at: str, exchange: Exchange) -> bool:
    """Break when a link leads to this machine, or to a network of its own, although the hub is farther away.

    Returns:
        whether there was a web address to look at.
    """
    parts = web_address(link) if isinstance(link, str) else None
    if parts is None:
        return False
    own, host = urlsplit(exchange.request.url).hostname or "", parts.hostname or ""
    farther = host == own or reach_of(host) >= max(reach_of(own), Reach.MACHINE)
    got = Words(f"{parts.scheme}://{parts.netloc}/…")
    expect(farther, f"a host that callers of {own} can reach", got, at, exchange)
    return True


def expect_open(exchange: Exchange, kind: str, *more: str) -> None:
    """Break when what a link leads to is not served without a credential, under a media type of this kind.

    `more` are media types that will do as well; bytes of no particular type always do.
    """
    typed = exchange.media_type
    got = Words(f"HTTP {exchange.status} ({typed})" if typed else f"HTTP {exchange.status} (no content-type)")
    expect(exchange.status == 200, "HTTP 200 without a credential", got, "", exchange)
    fitting = typed.startswith(f"{kind}/") or typed in (*OPAQUE_TYPES, *more)
    expect(fitting, f"{kind}/… as content type", got, "content-type", exchange)
