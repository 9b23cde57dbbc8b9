"""Links in answers: which of them the suite follows, and how it does so without giving anything away."""

from __future__ import annotations

import asyncio
import ipaddress
import socket
from dataclasses import replace
from enum import IntEnum
from urllib.parse import SplitResult, urlsplit

from conformance.engine.judge import inconclusive
from conformance.engine.probe import Hub
from conformance.wire.exchange import End, Exchange

MOST_BYTES = 16 * 2**20
"""A picture or film is held in memory several times over while it is recorded and judged."""
_INNER_NAMES = (".local", ".internal", ".lan", ".home.arpa")


async def follow(hub: Hub, link: str) -> Exchange | None:
    """GET what a link of an answer leads to, without any credential; None for a link that is not followed.

    Followed are web addresses on the hub's own host, and on those that `Target.result_hosts` names. Where it names
    none, on others as long as these are public: an answer must not make the suite ask machines that only it can reach.
    """
    parts = web_address(link)
    if parts is None or not (on_host_of(hub.target.base_url, parts) or await _is_accepted(hub, parts)):
        return None
    limits = replace(hub.target.limits, body_bytes=max(MOST_BYTES, hub.target.limits.body_bytes))
    return await hub.fetch(link, limits)


def came(exchange: Exchange) -> bool:
    """Whether a file was served.

    Raises:
        Inconclusive: it is larger than the suite takes, so that its beginning tells nothing.
    """
    if exchange.status == 200 and exchange.end is End.too_large:
        inconclusive(f"only the beginning was taken: {exchange.problem}")
    return exchange.status == 200


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


async def _is_accepted(hub: Hub, parts: SplitResult) -> bool:
    named = hub.target.result_hosts
    return is_named(named, parts.hostname or "") if named else await _is_public(parts)


def is_named(hosts: frozenset[str], host: str) -> bool:
    """Whether a host is one of those named, or below one that is named as `*.example.com`."""
    return host.lower() in hosts or any(one.startswith("*.") and host.lower().endswith(one[1:]) for one in hosts)


class Reach(IntEnum):
    """From where a host can be reached, as far as its name or number tells."""

    NOWHERE = 0
    MACHINE = 1
    NETWORK = 2
    WORLD = 3


def reach_of(host: str) -> Reach:
    """From where a host can be reached. A name with a dot counts as known to the world unless it is a local one."""
    try:
        address = ipaddress.ip_address(host)
    except ValueError:
        name = host.lower().rstrip(".")
        if name == "localhost" or name.endswith(".localhost"):
            return Reach.MACHINE
        return Reach.NETWORK if "." not in name or name.endswith(_INNER_NAMES) else Reach.WORLD
    if address.is_loopback:
        return Reach.MACHINE
    if address.is_unspecified or address.is_multicast:
        return Reach.NOWHERE
    return Reach.WORLD if address.is_global else Reach.NETWORK


async def _is_public(parts: SplitResult) -> bool:
    host = parts.hostname or ""
    if reach_of(host) is not Reach.WORLD:
        return False
    try:
        found = await asyncio.get_running_loop().getaddrinfo(host, parts.port, type=socket.SOCK_STREAM)
    except OSError:
        return False
    return all(reach_of(str(entry[4][0]).partition("%")[0]) is Reach.WORLD for entry in found)
