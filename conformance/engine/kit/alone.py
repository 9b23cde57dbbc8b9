"""Connections of one's own: what a probe sends over them meets nothing that another probe has left there."""

from __future__ import annotations

from collections.abc import AsyncIterator
from contextlib import asynccontextmanager

from conformance.engine.probe import Hub
from conformance.wire.http import Client


@asynccontextmanager
async def own_connection(hub: Hub) -> AsyncIterator[Hub]:
    """The same hub over connections that nobody else uses.

    Requests that are sent through it one after another share one connection as long as the hub keeps it open;
    `Exchange.reused` tells. Limits, politeness and recording are those of the probe.
    """
    async with Client(verify=hub.target.verify_tls) as client:
        yield hub.over(client)
