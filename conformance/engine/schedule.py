"""When requests are sent: how many at once, how politely, and how many at all."""

from __future__ import annotations

import asyncio
import math
import time
from collections import Counter
from collections.abc import Awaitable, Callable
from dataclasses import replace
from datetime import UTC, datetime
from email.utils import parsedate_to_datetime

from conformance.wire.exchange import End, Exchange

RETRIES = 2
"""How often a 429 is waited out before it is taken as the answer."""
LONGEST_WAIT = 30.0
"""Seconds that one Retry-After may hold the run back; a hub that asks for more is not asked again."""
PATIENCE = 90.0
"""Seconds that all pauses of a run may add up to; after that a 429 is taken as the answer."""
HANGS = 3
"""Requests to one operation that may end at a time limit; after that it is asked nothing more."""
SILENCES = 10
"""How often the longest time of an exchange may be spent on exchanges that end at a time limit, in the whole run."""
DEFAULT_WAIT = 1.0
"""Seconds to wait on a 429 that names no time."""


def retry_after(exchange: Exchange, now: datetime | None = None) -> float | None:
    """Seconds that a Retry-After header asks for, given as seconds or as a date; None when absent or unreadable."""
    value = exchange.header("retry-after")
    if value is None:
        return None
    try:
        return max(0.0, float(value))
    except ValueError:
        pass
    try:
        moment = parsedate_to_datetime(value)
    except ValueError:
        return None
    if moment.tzinfo is None:
        moment = moment.replace(tzinfo=UTC)
    return max(0.0, (moment - (now or datetime.now(UTC))).total_seconds())


class Governor:
    """Bounds the requests of a run: in flight at once, in all, and none while the hub asks for a pause.

    It also gives up a hub that hangs: `patience` is the most seconds that all exchanges together may have spent before
    a time limit struck. One governor serves one run, in one event loop.
    """

    def __init__(self, concurrency: int, max_requests: int | None = None, patience: float = math.inf) -> None:
        self._slots = asyncio.Semaphore(concurrency)
        self._max_requests = max_requests
        self._patience = patience
        self._lost = 0.0
        self._hangs: Counter[str] = Counter()
        self._resume_at = 0.0
        self.sent: Counter[str] = Counter()
        self.retried = 0
        self.waited = 0.0

    @property
    def total(self) -> int:
        """Requests sent so far, repeated ones included."""
        return sum(self.sent.values())

    async def run(
        self, send: Callable[[], Awaitable[Exchange]], family: str, *, retry: bool, operation: str = ""
    ) -> Exchange | None:
        """Send one request, waiting out the hub's 429 where `retry` allows; None when it may not be sent.

        `refusal` then says why.
        """
        waited = 0.0
        for attempt in range(1, RETRIES + 2):
            async with self._slots:
                waited += await self._pause()
                if self.refusal(operation):
                    return None
                self.sent[family] += 1
                exchange = replace(await send(), attempts=attempt, waited=waited)
                self._note_hang(exchange, operation)
                again = retry and exchange.status == 429 and attempt <= RETRIES and self._hold(exchange)
            if not again:
                return exchange
            self.retried += 1
        raise AssertionError("unreachable: the last attempt returns")

    def refusal(self, operation: str = "") -> str:
        """Why no further request to an operation may be sent; empty when it may."""
        if self._max_requests is not None and self.total >= self._max_requests:
            return "the request budget (--max-requests) is used up"
        if self._lost > self._patience:
            return f"not asked: this run has spent {self._lost:.0f} s on requests that the hub left hanging"
        if operation and self._hangs[operation] >= HANGS:
            return f"not asked: the hub left {self._hangs[operation]} requests to this operation hanging"
        return ""

    def _note_hang(self, exchange: Exchange, operation: str) -> None:
        if exchange.end is End.timeout:
            self._lost += exchange.elapsed
            self._hangs[operation] += 1

    def _hold(self, exchange: Exchange) -> bool:
        """Pause all requests as the hub asks; False when it asks for more than this run can wait."""
        asked = retry_after(exchange)
        wait = DEFAULT_WAIT if asked is None else asked
        if wait > LONGEST_WAIT or self.waited + wait > PATIENCE:
            return False
        self._resume_at = max(self._resume_at, time.monotonic() + wait)
        return True

    async def _pause(self) -> float:
        start = time.monotonic()
        while (left := self._resume_at - time.monotonic()) > 0:
            await asyncio.sleep(left)
        waited = time.monotonic() - start
        self.waited += waited
        return waited
