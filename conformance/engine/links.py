"""Links in answers: which of them the suite follows, and how it does so without giving anything away."""

from __future__ import annotations

import asyncio
import ipaddress
import socket
from dataclasses import replace
from urllib.parse import SplitResult, urlsplit

from conformance.engine.probe import Hub
from conformance.wire.exchange import Exchange

MOST_BYTES = 64 * 2**20
_INNER_NAMES = (".local", ".internal", ".localhost", ".lan", ".home.arpa")


async def follow(hub: Hub, link: str) -> Exchange | None:
    """GET what a link of an answer leads to, without any credential; None for a link that is not followed.

    Followed are web addresses on the hub's own host, and on others as long as these are public: an answer must not
    make the suite ask machines that only the suite can reach.
    """
    parts = web_address(link)
    if parts is None or not (on_host_of(hub.target.base_url, parts) or await _is_public(parts)):
        return None
    limits = replace(hub.target.limits, body_bytes=max(MOST_BYTES, hub.target.limits.body_bytes))
    exchange = await hub._paced("GET", link, [], b"", "", limits, retry=False)
    hub.exchanges.append(exchange)
    return exchange


def web_address(link: str) -> SplitResult | None:
    """The parts of an absolute http(s) URL; None for anything else."""
    try:
        parts = urlsplit(link)
        known = parts.scheme in ("http", "https") and bool(parts.hostname) and (parts.port or 1) > 0
    except ValueError:
        return None
    return parts if known and link.isascii() and link.isprintable() and " " not in link else None


def on_host_of(base_url: str, parts: SplitResult) -> bool:
    """Whether an address is on the host of another, whatever the port."""
    return parts.hostname == urlsplit(base_url).hostname


def is_inner(host: str) -> bool:
    """Whether a host's name alone says that it cannot be reached from everywhere."""
    try:
        return not ipaddress.ip_address(host).is_global
    except ValueError:
        return "." not in host or host.lower().endswith(_INNER_NAMES)


async def _is_public(parts: SplitResult) -> bool:
    host = parts.hostname or ""
    if is_inner(host):
        return False
    try:
        found = await asyncio.get_running_loop().getaddrinfo(host, parts.port, type=socket.SOCK_STREAM)
    except OSError:
        return False
    return all(ipaddress.ip_address(str(entry[4][0]).partition("%")[0]).is_global for entry in found)
