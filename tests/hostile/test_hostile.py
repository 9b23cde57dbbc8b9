"""Hubs that mean harm: the run ends in time and in bounds, says what it found, and gives nothing away.

Each mix plays its cases in turn, one a request; `tests/hostile/table.py` runs them one by one.
"""

from __future__ import annotations

import base64
import json
from collections.abc import Iterator
from pathlib import Path

import pytest

from conformance.engine.embedded import EmbeddedHub
from tests.hostile.cases import CASES, Case, mixed
from tests.hostile.runs import CANARY, attacked, faults_of, spelt

MOST_SECONDS = 150
"""For one mix, on a machine with other work; most take five."""
QUICK = ["-q", "--concurrency", "8", "--request-timeout", "1"]
FAMILIES = {"too-much": ("chat",), "rate-limit": ("models", "transport"), "frames": ("realtime",)}
"""What is judged: what holds everywhere and two families, less where that takes its time."""
MIXES = {
    "silence": ("never-answers", "drips-a-body", "drips-a-header", "only-103", "streams-slowly-without-end"),
    "refusals": ("hangs-on-refusals",),
    "too-much": (
        "ten-gigabytes",
        "gzip-bomb",
        "packed-values",
        "many-values",
        "just-below-the-limit",
        "tiny-events",
        "white-space",
        "streams-without-end",
        "five-thousand-headers",
    ),
    "odd-json": ("invalid-utf8", "deep-json", "huge-numbers", "wrong-types"),
    "escapes": ("escapes-and-script", "escapes-for-errors", "lone-surrogates"),
    "broken-http": (
        "promises-too-many-bytes",
        "promises-too-few-bytes",
        "no-http",
        "resets",
        "redirects-to-another-host",
        "redirects-to-a-file",
    ),
    "token": ("echoes-the-token",),
    "rate-limit": ("too-many-requests",),
    "restart": ("restarts",),
    "frames": ("wrong-frames",),
}


@pytest.fixture(scope="module")
def upstream() -> Iterator[str]:
    hub = EmbeddedHub.start(CANARY)
    yield hub.base_url
    hub.stop()


@pytest.mark.parametrize("name", MIXES)
def test_a_hostile_hub_is_judged(name: str, upstream: str, tmp_path: Path) -> None:
    case = mixed(name, MIXES[name])
    ended = attacked(
        case, upstream, tmp_path, quickly(*FAMILIES.get(name, ("chat", "models", "transport"))), MOST_SECONDS
    )
    assert faults_of(ended) == []
    assert ended.status in (1, 2), ended.text[-3000:]


def test_a_hub_that_never_answers_ends_in_one_clear_line(upstream: str, tmp_path: Path) -> None:
    ended = attacked(by_id("never-answers-at-all"), upstream, tmp_path, quickly("chat"), MOST_SECONDS)
    assert faults_of(ended) == []
    assert ended.status == 4
    assert "answers nothing" in ended.text


def test_every_case_is_in_a_mix() -> None:
    mixed_ids = {identifier for ids in MIXES.values() for identifier in ids}
    # Files of 60 MB take their time: the table has them.
    assert mixed_ids | {"never-answers-at-all", "large-files"} == {case.id for case in CASES}


@pytest.mark.parametrize(
    "spelling",
    [
        CANARY,
        CANARY.upper(),
        f"Bearer {CANARY}",
        "".join(f"\\u{ord(c):04x}" for c in CANARY),
        "".join(f"%{ord(c):02X}" for c in CANARY),
        "".join(f"&#{ord(c)};" for c in CANARY),
        CANARY.encode().hex(),
        base64.b64encode(CANARY.encode()).decode(),
        base64.b64encode(f"u:{CANARY}".encode()).decode(),
        base64.b64encode(f"user:{CANARY}".encode()).decode(),
        json.dumps(json.dumps({"key": "".join(f"\\u{ord(c):04x}" for c in CANARY)})),
    ],
)
def test_the_search_for_the_token_finds_every_spelling(spelling: str) -> None:
    assert spelt(f"before {spelling} after".encode())
    assert not spelt(f"before {spelling[: len(spelling) // 2]} after".encode())


def quickly(*families: str) -> list[str]:
    """Arguments of a run that judges some families."""
    return [*QUICK, "--allow-expensive", *(word for name in families for word in ("--family", name))]


def by_id(identifier: str) -> Case:
    return next(case for case in CASES if case.id == identifier)
