"""One operation's fuzz run against a URL, without the machinery of a whole run."""

from __future__ import annotations

import tempfile
from dataclasses import replace
from typing import Any

from conformance.engine.contract import load_contract
from conformance.engine.probe import WRONG_TOKEN, Hub
from conformance.engine.schedule import Governor
from conformance.engine.target import Target
from conformance.fuzz import adapter
from conformance.fuzz.notes import Notes
from conformance.fuzz.run import OperationRun
from conformance.fuzz.terms import LEVELS
from conformance.wire.exchange import Exchange
from conformance.wire.http import Client
from conformance.wire.redact import Redactor, Secret

STORAGE = tempfile.TemporaryDirectory(prefix="hub-conformance-tests-")
"""Requests are made once for all tests of a session."""
TOKEN = "sk-canary-for-the-fuzz-tests-51fa"
MODELS = {"chat": "gpt-4o-mini", "videos": "sora-2", "embeddings": "text-embedding-3-small"}


async def fuzz(
    base_url: str,
    operation: str,
    *,
    embedded: bool = False,
    seed: int = 1,
    share: int | None = None,
    allow_expensive: bool = False,
    token: str = TOKEN,
    **changes: Any,
) -> tuple[Notes, tuple[Exchange, ...]]:
    """The notes and the exchanges of one run at the quick level."""
    adapter.start(STORAGE.name)
    contract = load_contract()
    target = Target(base_url, Secret(token), embedded=embedded, models=MODELS, allow_expensive=allow_expensive)
    redactor = Redactor([token], shown=[WRONG_TOKEN])
    async with Client() as client:
        hub = Hub(target, contract, client, Governor(4, share), redactor)
        hub.share = share
        terms = replace(LEVELS["quick"], **{"cases": 30, "random": 1, "storage": STORAGE.name, **changes}, seed=seed)
        run = OperationRun(hub, contract.operation(operation), terms)
        exchanges = await run.run()
    return run.notes, exchanges
