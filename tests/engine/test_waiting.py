"""What can be seen of the tasks that a run waits for."""

from __future__ import annotations

import asyncio
from pathlib import Path

import httpx
import pytest

from conformance.engine.contract import load_contract
from conformance.engine.kit.journey import poll, status_line
from conformance.engine.probe import Hub
from conformance.engine.schedule import Governor
from conformance.engine.target import Target
from conformance.engine.waiting import WAITING_FILE, WaitingList, waiting_tasks
from conformance.wire.exchange import Exchange
from conformance.wire.http import Client
from conformance.wire.redact import Redactor

WORDS = ("queued", "in_progress\x1b[2J", "completed")


def polled(folder: Path, words: tuple[str, ...], timeout: float = 5.0) -> tuple[int, list[str]]:
    """The number of polls, and what the file said whenever the hub was asked."""
    seen: list[str] = []
    left = list(words)

    def answer(_request: httpx.Request) -> httpx.Response:
        seen.append(" | ".join(f"{task.probe}: {task.status} ({task.polls})" for task in waiting_tasks(folder)))
        return httpx.Response(200, json={"status": left.pop(0) if len(left) > 1 else left[0]})

    async def run() -> int:
        async with Client(transport=httpx.MockTransport(answer)) as client:
            target = Target("https://hub.example.com", task_timeout=timeout, poll_interval=0.01)
            waiting = WaitingList(folder)
            hub = Hub(target, load_contract(), client, Governor(1), Redactor(), key="a_task", waiting=waiting)
            return len(await poll(hub, lambda: hub.send("videos-retrieve"), is_over, word))

    return asyncio.run(run()), seen


def word(exchange: Exchange) -> str:
    return status_line(exchange.json["status"], None)


def is_over(exchange: Exchange) -> bool:
    return bool(exchange.json["status"] == "completed")


def test_a_task_is_told_until_it_is_over(tmp_path: Path) -> None:
    polls, seen = polled(tmp_path, WORDS)
    assert polls == 3
    assert seen == ["", "a_task: queued (1)", "a_task: in_progress\\u001b[2J (2)"]
    assert waiting_tasks(tmp_path) == ()
    assert list(tmp_path.iterdir()) == []


def test_a_task_that_never_ends_is_told_until_the_time_is_up(tmp_path: Path) -> None:
    polls, seen = polled(tmp_path, ("queued",), timeout=0.1)
    assert polls == len(seen) > 2
    assert waiting_tasks(tmp_path) == ()


def test_tasks_are_told_oldest_first_with_their_age_and_their_time_limit(tmp_path: Path) -> None:
    waiting = WaitingList(tmp_path)
    waiting.start("first", "videos-retrieve", 600)
    waiting.start("second", "suno-fetch", 600)
    waiting.seen("first", "queued")
    first, second = waiting_tasks(tmp_path)
    assert (first.probe, first.operation, first.status, first.polls) == ("first", "videos-retrieve", "queued", 1)
    assert (second.probe, second.status, second.polls) == ("second", "", 0)
    assert first.until - first.since == pytest.approx(600)
    assert first.age(first.since + 12) == pytest.approx(12)
    assert first.age(first.since - 5) == 0
    waiting.ended("first")
    assert [task.probe for task in waiting_tasks(tmp_path)] == ["second"]


@pytest.mark.parametrize("text", ["", "no json", "{}", "[1]", '[{"probe": "x"}]'])
def test_a_file_that_cannot_be_read_tells_of_no_task(tmp_path: Path, text: str) -> None:
    (tmp_path / WAITING_FILE).write_text(text)
    assert waiting_tasks(tmp_path) == ()


def test_a_folder_that_is_gone_harms_no_probe(tmp_path: Path) -> None:
    assert polled(tmp_path / "gone", WORDS)[0] == 3


@pytest.mark.parametrize(
    ("status", "progress", "line"),
    [("queued", None, "queued"), ("in_progress", 40, "in_progress 40%"), ("IN", "40%", "IN 40%"), (3, [], "")],
)
def test_a_status_is_one_line(status: object, progress: object, line: str) -> None:
    assert status_line(status, progress) == line
