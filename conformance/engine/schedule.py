"""When requests are sent: how many at once, how politely, and how many at all."""

from __future__ import annotations

import asyncio
import contextlib
import heapq
import itertools
import math
import re
import time
from collections import Counter
from collections.abc import AsyncIterator, Awaitable, Callable
from dataclasses import dataclass, replace
from datetime import UTC, datetime
from email.utils import parsedate_to_datetime

from conformance.engine.tokens import Output, output
from conformance.wire.exchange import End, Exchange
from conformance.wire.limits import Limits

RETRIES = 2
"""How often a 429 is waited out before it is taken as the answer."""
LONGEST_WAIT = 30.0
"""Seconds that one Retry-After may hold the run back; a hub that asks for more is not asked again, but for once."""
COOLDOWN = 90.0
"""Seconds that a hub may name once in a run beyond `LONGEST_WAIT`: a cooldown, which is waited out a single time."""
PATIENCE = 90.0
"""Seconds that all pauses of a run may add up to; after that a 429 is taken as the answer."""
HANGS = 3
"""Requests to one operation that may end at a limit of time or size; after that it is asked nothing more."""
SILENCES = 10
"""How often the longest time of an exchange may be spent on exchanges that end at a time limit, in the whole run."""
TALK = frozenset(
    {"chat", "responses", "claude", "completions", "edits", "embeddings", "rerank", "moderations", "realtime"}
)
"""Families whose answers are made of text."""
TALK_IN_ALL = 8 * 2**20
"""Bytes that all answers of these families may add up to; a usual run of everything takes a tenth of that."""
REST_IN_ALL = 256 * 2**20
"""The same for all other answers, which hold pictures, sounds and films."""
CUT_ON_PURPOSE = 1024
"""A body that was cut before this many bytes was not cut for its size: probes hang up early, too."""
AWAY = 2.0
"""Seconds to wait for a hub that has answered before and takes no connections now."""
DEFAULT_WAIT = 1.0
"""Seconds to wait on a 429 that names no time."""


STRETCH = 4
"""How many times longer than the slowest answer so far the next one may take."""
LONGEST_STRETCH = 300.0
"""Seconds that a time limit may grow to by itself."""
BUSY = frozenset({429, 503})
"""Statuses that ask for a pause; 503 does so only where it names a time."""
_NAMED = re.compile(
    rb'"retryDelay"\s*:\s*"(\d{1,6}(?:\.\d+)?)s"'
    rb"|(?:try again|retry|available again|wait)[^.\"]{0,40}?"
    rb"\b(\d{1,6}(?:\.\d+)?) ?(ms|milliseconds?|s|secs?|seconds?|m|minutes?)\b",
    re.IGNORECASE,
)


def asked_wait(exchange: Exchange, now: datetime | None = None) -> float | None:
    """Seconds that a hub wants to be left alone: by a Retry-After header, or else by words or a member of its error.

    None when it names no time. Hubs that cool a route down say so in the text alone: "try again in 20s".
    """
    milliseconds = exchange.header("retry-after-ms")
    if milliseconds is not None and re.fullmatch(r"\d{1,9}(\.\d+)?", milliseconds):
        return float(milliseconds) / 1000
    named = retry_after(exchange, now)
    if named is not None or exchange.header("retry-after") is not None:
        return named
    found = _NAMED.search(exchange.body[:4096])
    if not found:
        return None
    if found[1]:
        return float(found[1])
    unit = found[3].decode().lower()
    scale = 0.001 if unit.startswith(("ms", "milli")) else 60.0 if unit.startswith("m") else 1.0
    return float(found[2]) * scale


def retry_after(exchange: Exchange, now: datetime | None = None) -> float | None:
    """Seconds that a Retry-After header asks for, given as seconds or as a date; None when absent or unreadable."""
    value = exchange.header("retry-after")
    if value is None:
        return None
    if re.fullmatch(r"[+-]?\d{1,12}(\.\d+)?", value.strip()):
        return max(0.0, float(value))
    try:
        moment = parsedate_to_datetime(value)
    except (ValueError, OverflowError):
        return None
    if moment.tzinfo is None:
        moment = moment.replace(tzinfo=UTC)
    return max(0.0, (moment - (now or datetime.now(UTC))).total_seconds())


@dataclass
class Pace:
    """How long a hub takes, as seen so far in a run. Times are in seconds."""

    first_byte: float = 0.0
    whole: float = 0.0

    def note(self, exchange: Exchange) -> None:
        """Learn from an answer that came to its end."""
        if exchange.answered and exchange.end is End.complete:
            self.first_byte = max(self.first_byte, exchange.headers_at or 0.0)
            self.whole = max(self.whole, exchange.elapsed)

    def limits(self, given: Limits) -> Limits:
        """The limits, wider for a hub that is seen to be slow: waiting is no proof of a broken promise."""
        return replace(
            given,
            first_byte=_stretched(given.first_byte, self.first_byte),
            between_bytes=_stretched(given.between_bytes, self.first_byte),
            whole=_stretched(given.whole, max(self.whole, self.first_byte)),
        )


def _stretched(limit: float, seen: float) -> float:
    return max(limit, min(LONGEST_STRETCH, STRETCH * seen))


class _Gate:
    """So many requests at once. Of those who wait, who has something under way goes first: else every request of a
    conversation would stand behind all that has not even begun, and the longest conversation would end last."""

    def __init__(self, places: int) -> None:
        self._free = places
        self._line: list[tuple[bool, int, asyncio.Future[None]]] = []
        self._numbers = itertools.count()

    @contextlib.asynccontextmanager
    async def passed(self, under_way: bool) -> AsyncIterator[None]:
        await self._enter(under_way)
        try:
            yield
        finally:
            self._leave()

    async def _enter(self, under_way: bool) -> None:
        if self._free:
            self._free -= 1
            return
        turn: asyncio.Future[None] = asyncio.get_running_loop().create_future()
        heapq.heappush(self._line, (not under_way, next(self._numbers), turn))
        try:
            await turn
        except asyncio.CancelledError:
            if not turn.cancelled():
                self._leave()
            raise

    def _leave(self) -> None:
        while self._line:
            *_, turn = heapq.heappop(self._line)
            if not turn.done():
                turn.set_result(None)
                return
        self._free += 1


class Governor:
    """Bounds the requests of a run: in flight at once, in all, and none while the hub asks for a pause.

    It also gives up a hub that hangs: `patience` is the most seconds that all exchanges together may have spent before
    a time limit struck. One governor serves one run, in one event loop.

    Args:
        max_tokens: most output tokens; a request counts with what it allows until its answer says less.
        pause: seconds between the starts of two requests.
        pace: what is known of the hub's time; learns from every answer.
    """

    def __init__(
        self,
        concurrency: int,
        max_requests: int | None = None,
        patience: float = math.inf,
        *,
        max_tokens: int | None = None,
        pause: float = 0.0,
        pace: Pace | None = None,
    ) -> None:
        self._gate = _Gate(concurrency)
        self._max_requests = max_requests
        self._max_tokens = max_tokens
        self._patience = patience
        self._between = pause
        self._lost = 0.0
        self._hangs: Counter[str] = Counter()
        self._cuts: Counter[str] = Counter()
        self._taken: Counter[bool] = Counter()
        self._resume_at = 0.0
        self._paused = 0.0
        self._next_start = 0.0
        self._reserved = 0
        self._cooled_down = False
        self._met = False
        self.pace = pace or Pace()
        self.output = Output()
        self.sent: Counter[str] = Counter()
        self.retried = 0
        self.waited = 0.0
        self.large = asyncio.Lock()
        """Held while a large file is fetched: one at a time, for each takes several times its size in memory."""

    @property
    def total(self) -> int:
        """Requests sent so far, repeated ones included."""
        return sum(self.sent.values())

    async def run(
        self,
        send: Callable[[], Awaitable[Exchange]],
        family: str,
        *,
        retry: bool,
        operation: str = "",
        tokens: int = 0,
        under_way: bool = False,
    ) -> Exchange | None:
        """Send one request, waiting out a 429 and a restart where `retry` allows; None when it may not be sent.

        `refusal` then says why. `tokens` is the most output that the request allows. A request that is `under_way`
        continues something, and goes before those that begin.
        """
        waited = 0.0
        for attempt in range(1, RETRIES + 2):
            async with self._gate.passed(under_way or attempt > 1):
                waited += await self._pause()
                if self.refusal(operation, tokens, family):
                    return None
                self.sent[family] += 1
                self._reserved += tokens
                try:
                    exchange = replace(await send(), attempts=attempt, waited=waited)
                finally:
                    self._reserved -= tokens
                self._note(exchange, operation, tokens, family)
                again = retry and attempt <= RETRIES and (self._hold(exchange) or self._is_away(exchange))
            if not again:
                return exchange
            self.retried += 1
        raise AssertionError("unreachable: the last attempt returns")

    def note_session(self, exchange: Exchange) -> None:
        """Count what a session said after its handshake."""
        self.output += output(exchange, 0)

    def refusal(self, operation: str = "", tokens: int = 0, family: str = "") -> str:
        """Why no further request to an operation may be sent; empty when it may."""
        if self._max_requests is not None and self.total >= self._max_requests:
            return "the request budget (--max-requests) is used up"
        if self._max_tokens is not None and tokens and self.output.tokens + self._reserved + tokens > self._max_tokens:
            return "the token budget (--max-tokens) is used up"
        if self._lost > self._patience:
            return f"not asked: this run has spent {self._lost:.0f} s on requests that the hub left hanging"
        if operation and self._hangs[operation] >= HANGS:
            return f"not asked: the hub left {self._hangs[operation]} requests to this operation hanging"
        if operation and self._cuts[operation] >= HANGS:
            return f"not asked: {self._cuts[operation]} answers of this operation were too large"
        talks = family in TALK
        if self._taken[talks] > (TALK_IN_ALL if talks else REST_IN_ALL):
            return f"not asked: answers of this kind already take {self._taken[talks] // 2**20} MiB in this run"
        return ""

    def _note(self, exchange: Exchange, operation: str, tokens: int, family: str) -> None:
        self.pace.note(exchange)
        self._met = self._met or exchange.answered
        if not exchange.switched:
            self.output += output(exchange, tokens)
        size = sum(len(piece.data) for piece in exchange.pieces)
        self._taken[family in TALK] += size
        if exchange.end is End.timeout:
            self._lost += exchange.elapsed
            self._hangs[operation] += 1
        elif exchange.end is End.too_large and (size > CUT_ON_PURPOSE or not exchange.pieces):
            self._cuts[operation] += 1

    def _hold(self, exchange: Exchange) -> bool:
        """Pause all requests as the hub asks; False when it does not, or asks for more than this run can wait."""
        if exchange.status not in BUSY:
            return False
        asked = asked_wait(exchange)
        if asked is None and exchange.status != 429:
            return False
        wait = DEFAULT_WAIT if asked is None else asked
        now = time.monotonic()
        longer = max(0.0, now + wait - max(now, self._resume_at))
        if longer > LONGEST_WAIT:
            if self._cooled_down or longer > COOLDOWN:
                return False
            self._cooled_down = True
        elif self._paused + longer > PATIENCE:
            return False
        else:
            self._paused += longer
        self._resume_at = max(self._resume_at, now + wait)
        return True

    def _is_away(self, exchange: Exchange) -> bool:
        """Pause all requests for a hub that takes no connections any more, as one does that is started anew.

        The request has not reached it, so that asking again does no work twice. One that never answered is not there.
        """
        if exchange.end is not End.refused or not self._met or self._paused + AWAY > PATIENCE:
            return False
        now = time.monotonic()
        self._paused += max(0.0, now + AWAY - max(now, self._resume_at))
        self._resume_at = max(self._resume_at, now + AWAY)
        return True

    async def _pause(self) -> float:
        start = time.monotonic()
        while (left := self._resume_at - time.monotonic()) > 0:
            await asyncio.sleep(left)
        waited = time.monotonic() - start
        self.waited += waited
        await self._take_turn()
        return waited

    async def _take_turn(self) -> None:
        """Keep the pause between two starts; its time is nobody's waiting."""
        if not self._between:
            return
        now = time.monotonic()
        turn = max(now, self._next_start)
        self._next_start = turn + self._between
        await asyncio.sleep(turn - now)
