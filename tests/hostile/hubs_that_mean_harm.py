"""Hubs that mean harm: the run ends in time and in bounds, says what it found, and gives nothing away.

Each mix plays its cases in turn, one a request; `tests/hostile/table.py` runs them one by one.
"""

from __future__ import annotations

import re
from collections.abc import Iterator
from pathlib import Path

import pytest

from conformance.engine.embedded import EmbeddedHub
from tests.hostile.cases import CASES, Case, mixed
from tests.hostile.runs import CANARY, MOST_MEGABYTES, Ended, attacked, leaks, live_escapes

MOST_SECONDS = 75
"""For one mix, on a machine with other work; most take five."""
QUICK = ["-q", "--family", "chat", "--family", "transport", "--family", "models"]
QUICK += ["--concurrency", "8", "--request-timeout", "1"]
MIXES = {
    "silence": ("never-answers", "drips-a-body", "drips-a-header", "only-103", "streams-slowly-without-end"),
    "refusals": ("hangs-on-refusals",),
    "too-much": (
        "ten-gigabytes",
        "gzip-bomb",
        "many-values",
        "just-below-the-limit",
        "tiny-events",
        "white-space",
        "streams-without-end",
        "five-thousand-headers",
    ),
    "odd-json": ("invalid-utf8", "deep-json", "huge-numbers", "wrong-types"),
    "surrogates": ("lone-surrogates",),
    "escapes": ("escapes-and-script", "escapes-for-errors"),
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
}


@pytest.fixture(scope="module")
def upstream() -> Iterator[str]:
    hub = EmbeddedHub.start(CANARY)
    yield hub.base_url
    hub.stop()


def check(ended: Ended) -> None:
    """What holds of every run, whatever the hub did."""
    assert "Traceback" not in ended.text, ended.text[-3000:]
    assert "INTERNALERROR" not in ended.text, ended.text[-3000:]
    assert leaks(ended) == []
    assert live_escapes(ended) == []
    assert ended.strangers == 0
    assert ended.megabytes < MOST_MEGABYTES


@pytest.mark.parametrize("name", MIXES)
def test_a_hostile_hub_is_judged(name: str, upstream: str, tmp_path: Path) -> None:
    case = mixed(name, MIXES[name])
    ended = attacked(case, upstream, tmp_path, QUICK, MOST_SECONDS)
    check(ended)
    assert ended.status in (1, 2), ended.text[-3000:]
    verdicts = ended.verdicts
    assert verdicts["error"] == 0, [row for row in ended.result["rows"] if row["verdict"] == "error"]
    assert verdicts["fail"] + verdicts["inconclusive"] > 0
    assert verdicts["pass"] > 0


def test_a_hub_that_never_answers_ends_in_one_clear_line(upstream: str, tmp_path: Path) -> None:
    ended = attacked(by_id("never-answers-at-all"), upstream, tmp_path, QUICK, MOST_SECONDS)
    check(ended)
    assert ended.status == 4
    assert "answers nothing" in ended.text


def test_every_case_is_in_a_mix() -> None:
    mixed_ids = {identifier for ids in MIXES.values() for identifier in ids}
    assert mixed_ids | {"never-answers-at-all"} == {case.id for case in CASES}


def test_script_is_inert_in_every_file(upstream: str, tmp_path: Path) -> None:
    ended = attacked(by_id("escapes-and-script"), upstream, tmp_path, QUICK, MOST_SECONDS)
    check(ended)
    for path in ended.report.rglob("*"):
        if path.suffix in (".html", ".md", ".svg", ".xml"):
            text = path.read_text(encoding="utf-8")
            shown = re.sub(r"`[^`]*`", "", text) if path.suffix == ".md" else text
            assert not re.search(r"<script>alert|<img src=x", shown), path
            assert "\x1b" not in text, path


def by_id(identifier: str) -> Case:
    return next(case for case in CASES if case.id == identifier)
