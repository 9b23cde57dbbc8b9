"""The governor: how many requests, how politely, and how many in all."""

from __future__ import annotations

import asyncio
from dataclasses import replace
from datetime import UTC, datetime

import pytest

from conformance.engine import schedule
from conformance.engine.schedule import Governor, Pace, asked_wait, retry_after
from conformance.wire.exchange import End, Exchange, Piece, Request
from conformance.wire.limits import Limits

NOW = datetime(2026, 1, 2, 3, 4, 5, tzinfo=UTC)


def reply(status: int, *headers: tuple[str, str], body: bytes = b"", after: float = 0.0) -> Exchange:
    return Exchange(
        request=Request("GET", "http://127.0.0.1/"),
        started=0.0,
        status=status,
        reason="",
        http_version="HTTP/1.1",
        headers=headers,
        headers_at=after,
        pieces=(Piece(after, body),) if body else (),
        ended_at=after,
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
        ("nan", None),
        ("inf", None),
        ("Fri, 99 Jan 2026 03:04:00 GMT", None),
        ("", None),
    ],
)
def test_retry_after_is_read_as_seconds_or_date(value: str, seconds: float | None) -> None:
    assert retry_after(reply(429, ("Retry-After", value)), NOW) == seconds


def test_no_retry_after_is_none() -> None:
    assert retry_after(reply(429), NOW) is None


@pytest.mark.parametrize(
    ("headers", "body", "seconds"),
    [
        ([("retry-after", "7")], b"try again in 20s", 7.0),
        ([("retry-after", "0")], b"try again in 20s", 0.0),
        ([("retry-after-ms", "250")], b"", 0.25),
        ([], b'{"error":{"message":"Rate limit: 3 a minute. Please try again in 20s."}}', 20.0),
        ([], b"No deployments available. Try again in 5 seconds", 5.0),
        ([], b"try again in 300ms", 0.3),
        ([], b"please wait 2 minutes", 120.0),
        ([], b'{"@type": "RetryInfo", "retryDelay": "34.5s"}', 34.5),
        ([], b'{"error":{"message":"Rate limit: 60 requests in 60 seconds"}}', None),
        ([("retry-after", "soon")], b"", None),
        ([], b"", None),
    ],
)
def test_a_hub_names_its_pause_in_a_header_or_in_words(
    headers: list[tuple[str, str]], body: bytes, seconds: float | None
) -> None:
    assert asked_wait(reply(429, *headers, body=body), NOW) == seconds


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


def test_a_retry_after_of_zero_and_none_at_all_are_asked_again(monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr(schedule, "DEFAULT_WAIT", 0.02)
    answers = [reply(429, ("Retry-After", "0")), reply(429), reply(200)]

    async def send() -> Exchange:
        return answers.pop(0)

    async def main() -> None:
        governor = Governor(1)
        exchange = await asyncio.wait_for(governor.run(send, "chat", retry=True), 1)
        assert exchange is not None
        assert (exchange.status, exchange.attempts) == (200, 3)
        assert 0.01 < governor.waited < 0.9

    asyncio.run(main())


def test_a_503_is_waited_out_only_when_it_names_a_time() -> None:
    answers = [reply(503, ("Retry-After", "0.01")), reply(503)]

    async def send() -> Exchange:
        return answers.pop(0)

    async def main() -> None:
        governor = Governor(1)
        exchange = await governor.run(send, "chat", retry=True)
        assert exchange is not None
        assert (exchange.status, exchange.attempts) == (503, 2)

    asyncio.run(main())


def test_a_named_cooldown_is_waited_out_once_by_all_together(monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr(schedule, "LONGEST_WAIT", 0.05)

    async def send() -> Exchange:
        await asyncio.sleep(0.01)
        return reply(429, ("Retry-After", "0.2"))

    async def main() -> None:
        governor = Governor(3)
        start = asyncio.get_running_loop().time()
        async with asyncio.timeout(2):
            await asyncio.gather(*(governor.run(send, "chat", retry=True) for _ in range(3)))
            again = await governor.run(send, "chat", retry=True)
        assert again is not None
        assert again.attempts == 1
        assert governor.retried == 3
        assert 0.2 <= asyncio.get_running_loop().time() - start < 0.6

    asyncio.run(main())


def test_starts_keep_their_pause() -> None:
    times: list[float] = []
    began: list[float] = []

    async def send() -> Exchange:
        times.append(asyncio.get_running_loop().time())
        return reply(200)

    async def main() -> None:
        governor = Governor(4, pause=0.05)
        began.append(asyncio.get_running_loop().time())
        await asyncio.gather(*(governor.run(send, "chat", retry=True) for _ in range(4)))
        assert governor.waited < 0.05

    asyncio.run(main())
    # Counted from the beginning: one that a busy machine starts late must not make the next one look early.
    assert all(at - began[0] >= number * 0.045 for number, at in enumerate(times))


def test_a_token_budget_counts_what_may_come_until_it_has_come() -> None:
    flying = most = 0

    async def send() -> Exchange:
        nonlocal flying, most
        flying += 1
        most = max(most, flying)
        await asyncio.sleep(0.01)
        flying -= 1
        return reply(200, body=b'{"usage":{"completion_tokens":10}}')

    async def main() -> None:
        governor = Governor(9, max_tokens=100)
        sent = await asyncio.gather(*(governor.run(send, "chat", retry=True, tokens=40) for _ in range(9)))
        assert (len([s for s in sent if s]), most) == (2, 2)
        assert governor.output.tokens == 20
        assert "--max-tokens" in governor.refusal("", 81)
        assert await governor.run(send, "chat", retry=True, tokens=80) is not None
        assert await governor.run(send, "chat", retry=True, tokens=80) is None
        assert await governor.run(send, "models", retry=True) is not None

    asyncio.run(main())


def test_time_limits_grow_with_a_slow_hub_and_never_shrink() -> None:
    pace, given = Pace(), Limits(first_byte=30, between_bytes=30, whole=60)
    pace.note(reply(200, after=0.2))
    assert pace.limits(given) == given
    pace.note(reply(200, after=20))
    assert (pace.limits(given).first_byte, pace.limits(given).whole) == (80, 80)
    pace.note(reply(200, after=5000))
    assert pace.limits(given).whole == schedule.LONGEST_STRETCH


def too_large(size: int) -> Exchange:
    return replace(reply(200), end=End.too_large, pieces=(Piece(0.0, b"x" * size),) if size else ())


@pytest.mark.parametrize("size", [0, 65_536])
def test_an_operation_whose_answers_are_too_large_is_given_up_and_others_are_not(size: int) -> None:
    async def send() -> Exchange:
        return too_large(size)

    async def run() -> tuple[list[Exchange | None], str, str]:
        governor = Governor(1)
        found = [await governor.run(send, "chat", retry=False, operation="one") for _ in range(4)]
        return found, governor.refusal("one", family="chat"), governor.refusal("other", family="chat")

    found, one, other = asyncio.run(run())
    assert [exchange is not None for exchange in found] == [True, True, True, False]
    assert "3 answers of this operation were too large" in one
    assert other == ""


def test_a_body_that_was_cut_at_its_first_bytes_is_not_called_too_large() -> None:
    async def send() -> Exchange:
        return too_large(300)

    async def run() -> list[Exchange | None]:
        governor = Governor(1)
        return [await governor.run(send, "chat", retry=False, operation="one") for _ in range(9)]

    assert all(asyncio.run(run()))


def test_answers_together_are_bounded_text_apart_from_pictures(monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr(schedule, "TALK_IN_ALL", 1000)

    async def send() -> Exchange:
        return replace(reply(200), pieces=(Piece(0.0, b"x" * 600),))

    async def run() -> tuple[list[Exchange | None], str, str]:
        governor = Governor(1)
        found = [await governor.run(send, "chat", retry=False, operation=str(n)) for n in range(3)]
        return found, governor.refusal("new", family="claude"), governor.refusal("new", family="images")

    found, talk, pictures = asyncio.run(run())
    assert [exchange is not None for exchange in found] == [True, True, False]
    assert "not asked: answers of this kind already take" in talk
    assert pictures == ""


def test_what_is_under_way_goes_before_what_begins() -> None:
    order: list[str] = []

    async def ask(governor: Governor, name: str, under_way: bool) -> None:
        async def send() -> Exchange:
            order.append(name)
            await asyncio.sleep(0.005)
            return reply(200)

        await governor.run(send, "chat", retry=True, under_way=under_way)

    async def main() -> None:
        governor = Governor(1)
        await asyncio.gather(
            ask(governor, "first", False), ask(governor, "second", False), ask(governor, "continued", True)
        )
        waiting = [asyncio.create_task(ask(governor, name, False)) for name in ("a", "given up", "b")]
        await asyncio.sleep(0)
        waiting[1].cancel()
        await asyncio.gather(*waiting, return_exceptions=True)
        assert await asyncio.wait_for(ask(governor, "last", False), 1) is None

    asyncio.run(main())
    assert order == ["first", "continued", "second", "a", "b", "last"]


def test_a_restart_is_waited_out_and_a_hub_that_never_answered_is_not_there(monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr(schedule, "AWAY", 0.05)
    away = replace(reply(200), status=None, headers=(), headers_at=None, end=End.refused)

    async def run(*answers: Exchange) -> list[tuple[int | None, int]]:
        coming = iter(answers)

        async def send() -> Exchange:
            return next(coming)

        governor = Governor(1)
        sent = [await governor.run(send, "chat", retry=True) for _ in range(2)]
        return [(exchange.status, exchange.attempts) for exchange in sent if exchange]

    assert asyncio.run(run(away, away)) == [(None, 1), (None, 1)]
    assert asyncio.run(run(reply(200), away, away, reply(201))) == [(200, 1), (201, 3)]
    assert asyncio.run(run(reply(200), away, away, away)) == [(200, 1), (None, 3)]
