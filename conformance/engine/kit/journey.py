"""Journeys: work that a hub takes in now and finishes later. One journey is one probe and one conversation."""

from __future__ import annotations

import asyncio
import time
from collections.abc import Awaitable, Callable

from conformance.engine.judge import inert
from conformance.engine.kit.replies import is_count
from conformance.engine.probe import Hub
from conformance.engine.schedule import retry_after
from conformance.wire.exchange import Exchange

LONGEST_WORD = 60
"""Characters of a hub's word about a task that are shown while it waits."""
LONGEST_PAUSE = 30.0
"""Seconds that a Retry-After may put between two polls."""


async def poll(
    hub: Hub,
    ask: Callable[[], Awaitable[Exchange]],
    ended: Callable[[Exchange], bool],
    told: Callable[[Exchange], str],
) -> tuple[Exchange, ...]:
    """Ask about a task until it has ended, or until `Target.task_timeout` seconds have passed since the first poll.

    Between two polls lie `Target.poll_interval` seconds, or what the hub's Retry-After says. Polling also stops when a
    poll gets no answer or a refusal, which is then the last exchange. Meanwhile the task is on `Hub.waiting`.

    Args:
        ask: sends one poll.
        ended: whether an answer says that the task is over, well or badly.
        told: what an answer says of the task, in a word or two; for people who wait.

    Returns:
        all polls in order, at least one; the last one shows the end, or that there was none in time.
    """
    deadline = time.monotonic() + hub.target.task_timeout
    polls = [await ask()]
    hub.waiting.start(hub.key, polls[0].request.operation or "", hub.target.task_timeout)
    try:
        while polls[-1].ok and not ended(polls[-1]) and time.monotonic() < deadline:
            hub.waiting.seen(hub.key, inert(told(polls[-1]), LONGEST_WORD))
            asked = retry_after(polls[-1])
            pause = hub.target.poll_interval if asked is None else min(asked, LONGEST_PAUSE)
            await asyncio.sleep(min(pause, max(0.0, deadline - time.monotonic())))
            polls.append(await ask())
    finally:
        hub.waiting.ended(hub.key)
    return tuple(polls)


def status_line(status: object, progress: object) -> str:
    """What an answer says of a task as one line: its status, and its progress where that is told."""
    percent = f"{progress}%" if is_count(progress) else progress
    return " ".join(part for part in (status, percent) if isinstance(part, str) and part)
