"""The governor: how many requests, how politely, and how many in all."""

from __future__ import annotations

import asyncio
from datetime import UTC, datetime

import pytest

from conformance.engine import schedule
from conformance.engine.schedule import Governor, retry_after
from conformance.wire.exchange import End, Exchange, Request

NOW = datetime(2026, 1, 2, 3, 4, 5, tzinfo=UTC)


def reply(status: int, *headers: tuple[str, str]) -> Exchange:
    return Exchange(
        request=Request("GET", "http://127.0.0.1/"),
        started=0.0,
        status=status,
        reason="",
        http_version="HTTP/1.1",
        headers=headers,
        headers_at=0.0,
        pieces=(),
        ended_at=0.0,
        end=End.complete,
        problem="",
    )


@pytest.mark.parametrize(
    ("value", "seconds"),
    [
        ("0", 0.0),
        ("7", 7.0),
        ("1.5", 1.5),
        ("-3", 0.0),
        ("Fri, 02 Jan 2026 03:04:15 GMT", 10.0),
        ("Fri, 02 Jan 2026 03:04:00 GMT", 0.0),
        ("soon", None),
        ("", None),
    ],
)
def test_retry_after_is_read_as_seconds_or_date(value: str, seconds: float | None) -> None:
    assert retry_after(reply(429, ("Retry-After", value)), NOW) == seconds


def test_no_retry_after_is_none() -> None:
    assert retry_after(reply(429), NOW) is None


def test_no_more_requests_at_once_than_allowed() -> None:
    flying = most = 0

    async def send() -> Exchange:
        nonlocal flying, most
        flying += 1
        most = max(most, flying)
        await asyncio.sleep(0.005)
        flying -= 1
        return reply(200)

    async def main() -> None:
        governor = Governor(3)
        await asyncio.gather(*(governor.run(send, "chat", retry=True) for _ in range(12)))
        assert governor.total == 12

    asyncio.run(main())
    assert most == 3


def test_a_429_is_waited_out_and_asked_again() -> None:
    answers = [reply(429, ("Retry-After", "0.05")), reply(200)]

    async def send() -> Exchange:
        return answers.pop(0)

    async def main() -> None:
        governor = Governor(1)
        exchange = await governor.run(send, "chat", retry=True)
        assert exchange is not None
        assert (exchange.status, exchange.attempts) == (200, 2)
        assert 0.04 <= exchange.waited <= 2
        assert (governor.total, governor.retried) == (2, 1)

    asyncio.run(main())


def test_one_429_holds_back_every_other_request() -> None:
    times: list[float] = []
    first = True

    async def send() -> Exchange:
        nonlocal first
        times.append(asyncio.get_running_loop().time())
        if first:
            first = False
            return reply(429, ("Retry-After", "0.1"))
        return reply(200)

    async def main() -> None:
        governor = Governor(1)
        await asyncio.gather(governor.run(send, "chat", retry=True), governor.run(send, "chat", retry=True))

    asyncio.run(main())
    assert len(times) == 3
    assert all(later - times[0] >= 0.09 for later in times[1:])


def test_a_429_for_ever_is_taken_as_the_answer(monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr(schedule, "DEFAULT_WAIT", 0.01)

    async def send() -> Exchange:
        return reply(429)

    async def main() -> None:
        governor = Governor(1)
        exchange = await governor.run(send, "chat", retry=True)
        assert exchange is not None
        assert (exchange.status, governor.total) == (429, schedule.RETRIES + 1)

    asyncio.run(main())


def test_a_pause_longer_than_a_run_can_wait_is_not_waited_for() -> None:
    async def send() -> Exchange:
        return reply(429, ("Retry-After", "86400"))

    async def main() -> None:
        governor = Governor(1)
        exchange = await asyncio.wait_for(governor.run(send, "chat", retry=True), 1)
        assert exchange is not None
        assert (exchange.status, governor.total) == (429, 1)

    asyncio.run(main())


def test_patience_ends(monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr(schedule, "PATIENCE", 0.05)

    async def send() -> Exchange:
        return reply(429, ("Retry-After", "0.04"))

    async def main() -> None:
        governor = Governor(1)
        for _ in range(5):
            await asyncio.wait_for(governor.run(send, "chat", retry=True), 1)
        assert governor.retried <= 2

    asyncio.run(main())


def test_a_spent_budget_gives_nothing_more() -> None:
    async def send() -> Exchange:
        return reply(200)

    async def main() -> None:
        governor = Governor(2, max_requests=1)
        assert await governor.run(send, "chat", retry=True) is not None
        assert await governor.run(send, "chat", retry=True) is None

    asyncio.run(main())
