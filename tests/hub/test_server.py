"""The process: ready line, signals, closed input, wrong options; and the raw connection."""

from __future__ import annotations

import http.client
import json
import signal
import socket
import subprocess
import sys
import time
from collections.abc import Iterator
from urllib.parse import urlsplit

import pytest

from conformance.hub.body import LARGEST_BODY
from conformance.hub.server import listen

COMMAND = [sys.executable, "-m", "conformance.hub"]
TOKEN = "sk-of-the-process"
BODY = {"model": "gpt-4o-mini", "messages": [{"role": "user", "content": "Count to 40"}]}


def start(*options: str) -> subprocess.Popen[str]:
    process = subprocess.Popen(
        [*COMMAND, "--token", TOKEN, *options],
        stdin=subprocess.PIPE,
        stdout=subprocess.PIPE,
        stderr=subprocess.PIPE,
        text=True,
    )
    return process


def end(process: subprocess.Popen[str]) -> str:
    """Waits for the end and gives what was said on stderr."""
    _, said = process.communicate(timeout=10)
    return said


@pytest.fixture(scope="module")
def hub() -> Iterator[str]:
    """The base URL of a running hub; its end is a test of its own."""
    process = start("--until-stdin-closes")
    assert process.stdout is not None
    yield process.stdout.readline().strip()
    assert process.poll() is None
    assert end(process) == ""  # closes its input
    assert process.returncode == 0


def connect(url: str) -> http.client.HTTPConnection:
    parts = urlsplit(url)
    assert parts.hostname
    return http.client.HTTPConnection(parts.hostname, parts.port, timeout=10)


HEADERS = {"authorization": f"Bearer {TOKEN}", "content-type": "application/json"}


def test_it_serves_chat(hub: str) -> None:
    connection = connect(hub)
    connection.request("POST", "/v1/chat/completions", json.dumps(BODY), HEADERS)
    answer = connection.getresponse()
    assert (answer.status, answer.getheader("content-type")) == (200, "application/json")
    assert answer.getheader("date")
    assert json.loads(answer.read())["choices"][0]["message"]["content"].endswith("39, 40")
    connection.close()


def test_streams_arrive_piece_by_piece(hub: str) -> None:
    connection = connect(hub)
    connection.request("POST", "/v1/chat/completions", json.dumps({**BODY, "stream": True}), HEADERS)
    answer = connection.getresponse()
    times = [time.monotonic() for line in answer if line.startswith(b"data:")]
    assert times[-1] - times[0] > 0.04
    assert times[1] - times[0] < (times[-1] - times[0]) / 2
    connection.close()


def test_small_answers_come_at_once(hub: str) -> None:
    """Nagle's algorithm would add 40 ms to each of them."""
    connection = connect(hub)
    started = time.monotonic()
    for _ in range(10):
        connection.request("GET", "/v1/models", headers=HEADERS)
        connection.getresponse().read()
    assert time.monotonic() - started < 0.3
    connection.close()


def test_the_connection_survives_refused_bodies(hub: str) -> None:
    connection = connect(hub)
    for headers, size, status in [({}, 1 << 20, 401), (HEADERS, 1 << 20, 400), (HEADERS, LARGEST_BODY + 1, 413)]:
        connection.request("POST", "/v1/chat/completions", b"x" * size, headers)
        answer = connection.getresponse()
        assert answer.status == status
        assert "error" in json.loads(answer.read())
    connection.request("GET", "/v1/models", headers=HEADERS)
    assert connection.getresponse().status == 200
    connection.close()


def test_invalid_http_is_refused_in_silence(hub: str) -> None:
    parts = urlsplit(hub)
    with socket.create_connection((parts.hostname, parts.port), 5) as raw:
        raw.sendall(b"NOT HTTP\r\n\r\n")
        assert b" 400 " in raw.recv(1000)


@pytest.mark.parametrize("number", [signal.SIGTERM, signal.SIGINT])
def test_signals_end_it_cleanly(number: signal.Signals) -> None:
    process = start()
    assert process.stdout is not None
    assert process.stdout.readline().startswith("http://127.0.0.1:")
    process.send_signal(number)
    assert end(process) == ""
    assert process.returncode == 0


def test_a_fault_can_be_switched_on() -> None:
    process = start("--fault", "auth.no-challenge", "--until-stdin-closes")
    assert process.stdout is not None
    connection = connect(process.stdout.readline().strip())
    connection.request("GET", "/v1/models")
    answer = connection.getresponse()
    assert (answer.status, answer.getheader("www-authenticate")) == (401, None)
    connection.close()
    end(process)


def test_wrong_options_are_one_clear_line() -> None:
    with listen("127.0.0.1", 0) as taken:
        port = str(taken.getsockname()[1])
        wrong = [
            (["--port", port], "in use"),
            (["--port", "x"], "port"),
            (["--nonsense"], "--nonsense"),
            (["--latency", "20ms"], "300~100"),
            (["--fault", "auth.no-chalenge"], "did you mean auth.no-challenge"),
        ]
        processes = [(start(*options), words) for options, words in wrong]
        for process, words in processes:
            said = end(process)
            assert (process.returncode, said.count("\n")) == (4, 1)
            assert words in said


def test_faults_can_be_listed() -> None:
    process = start("--list-faults")
    out, _ = process.communicate(timeout=10)
    assert process.returncode == 0
    assert any(line.startswith("auth.no-challenge  ") for line in out.splitlines())
