"""Commands that a shell understands, and that send what was recorded."""

from __future__ import annotations

import asyncio
import os
import shlex
import shutil
import subprocess
from collections.abc import Callable
from contextlib import AbstractAsyncContextManager
from typing import Any

import pytest

from conformance.wire.curl import curl
from conformance.wire.exchange import Request
from conformance.wire.redact import Redactor

TOKEN = "sk-0123456789abcdef"
BEARER = ("authorization", "Bearer [token]************")
JSON = ("content-type", "application/json")
NASTY = """it's "$HOME" `id` \\ \\n !! \u20ac [x] {a,b} ; | & # \n\t"""

Serving = Callable[..., AbstractAsyncContextManager[Any]]


def words(command: str) -> list[str]:
    return shlex.split(command.replace(" \\\n", " "), comments=True)


def test_a_usual_request_reads_well() -> None:
    request = Request(
        "POST",
        "https://hub.test/v1/chat/completions",
        (("Host", "hub.test"), ("Content-Length", "16"), BEARER, JSON, ("accept", "*/*"), ("user-agent", "x")),
        b'{"stream": true}',
    )
    assert curl(request) == (
        "curl -i -N -X POST https://hub.test/v1/chat/completions \\\n"
        '  -H "authorization: Bearer $HUB_TOKEN" \\\n'
        "  -H 'content-type: application/json' \\\n"
        "  --data-raw '{\"stream\": true}'"
    )


@pytest.mark.parametrize(
    ("request_", "expected"),
    [
        (Request("GET", "http://h/x"), ["curl", "-i", "http://h/x"]),
        (Request("HEAD", "http://h/x"), ["curl", "-i", "--head", "http://h/x"]),
        (Request("DELETE", "http://h/x"), ["curl", "-i", "-X", "DELETE", "http://h/x"]),
        (
            Request("POST", "http://h/x"),
            ["curl", "-i", "-X", "POST", "http://h/x", "-H", "Content-Type:", "--data-raw", ""],
        ),
        (
            Request("GET", "http://h/x?key=[token]***&a={b}"),
            ["curl", "-i", "--globoff", "http://h/x?key=$HUB_TOKEN&a={b}"],
        ),
        (Request("GET", "http://h/x?key=[**]"), ["curl", "-i", "http://h/x?key=$HUB_TOKEN"]),
        (Request("GET", "http://h/x:streamGenerateContent"), ["curl", "-i", "-N", "http://h/x:streamGenerateContent"]),
        (Request("GET", "http://h/x", (("X-Empty", ""),)), ["curl", "-i", "http://h/x", "-H", "X-Empty;"]),
        (
            Request("GET", "http://h/x", (("x-api-key", "[other]**"), ("api-key", "[*]"))),
            ["curl", "-i", "http://h/x", "-H", "x-api-key: $OTHER_TOKEN", "-H", "api-key: $HUB_TOKEN"],
        ),
        (Request("GET", "http://h/x", (("x-note", "[*]"),)), ["curl", "-i", "http://h/x", "-H", "x-note: [*]"]),
        (
            Request(
                "GET",
                "http://h/v1/realtime",
                (
                    ("Host", "h"),
                    ("Upgrade", "websocket"),
                    ("Connection", "Upgrade"),
                    ("Sec-WebSocket-Protocol", "realtime, openai-insecure-api-key.[**]"),
                ),
            ),
            [
                *("curl", "-i", "-N", "http://h/v1/realtime"),
                *("-H", "Upgrade: websocket", "-H", "Connection: Upgrade"),
                *("-H", "Sec-WebSocket-Protocol: realtime, openai-insecure-api-key.$HUB_TOKEN"),
            ],
        ),
        (
            Request(
                "POST", "http://h/x", (("Connection", "keep-alive"), ("Transfer-Encoding", "chunked"), JSON), b"{}"
            ),
            [
                *("curl", "-i", "-X", "POST", "http://h/x", "-H", "Transfer-Encoding: chunked"),
                *("-H", "content-type: application/json", "--data-raw", "{}"),
            ],
        ),
    ],
)
def test_requests_as_words(request_: Request, expected: list[str]) -> None:
    assert words(curl(request_)) == expected


def test_streaming_can_be_said() -> None:
    assert "-N" in words(curl(Request("GET", "http://h/"), stream=True))
    assert "-N" not in words(curl(Request("GET", "http://h/", (), b'{"stream":true}'), stream=False))


@pytest.mark.parametrize("body", [b"\xff\xfe", b"a\0b", b"x" * 200_000], ids=["binary", "NUL", "long"])
def test_bodies_that_a_shell_cannot_take_are_named(body: bytes) -> None:
    command = curl(Request("POST", "http://h/", (("content-type", "audio/wav"),), body))
    assert command.startswith(f"# body.bin holds the recorded body of this request: {len(body)} bytes of audio/wav\n")
    assert words(command)[-2:] == ["--data-binary", "@body.bin"]


def test_multipart_is_never_pasted() -> None:
    command = curl(Request("POST", "http://h/", (("Content-Type", "Multipart/Form-Data; boundary=x"),), b"--x--\r\n"))
    assert words(command)[-2:] == ["--data-binary", "@body.bin"]


def test_nasty_text_survives_the_shell() -> None:
    request = Request("POST", "http://h/", (("x-a", NASTY.strip()), JSON), NASTY.encode())
    assert words(curl(request))[-1] == NASTY


@pytest.mark.skipif(shutil.which("curl") is None or shutil.which("sh") is None, reason="needs curl and a shell")
@pytest.mark.parametrize("body", [b'{"q": 1}', f"{NASTY} {TOKEN} {NASTY}".encode(), b""])
def test_curl_sends_what_was_recorded(serving: Serving, body: bytes) -> None:
    redactor = Redactor([TOKEN])

    async def replay() -> bytes:
        async with serving([b"HTTP/1.1 200 OK\r\nContent-Length: 2\r\n\r\n{}"]) as server:
            request = Request(
                "POST",
                redactor.url(f"{server.url}/v1/x?a=[b]&key={TOKEN}"),
                redactor.headers([("Authorization", f"Bearer {TOKEN}"), ("X-Quote", "it's !"), ("X-Empty", "")]),
                redactor.bytes(body),
            )
            command = ["sh", "-c", curl(request)]
            env = {"PATH": os.environ["PATH"], "HUB_TOKEN": TOKEN}
            done = await asyncio.to_thread(subprocess.run, command, env=env, capture_output=True, timeout=5, check=True)
            assert done.stdout.endswith(b"{}")
            return bytes(server.requests[0])

    head, _, sent = asyncio.run(replay()).partition(b"\r\n\r\n")
    lines = head.decode().split("\r\n")
    assert lines[0] == f"POST /v1/x?a=[b]&key={TOKEN} HTTP/1.1"
    assert {f"Authorization: Bearer {TOKEN}", "X-Quote: it's !", f"Content-Length: {len(body)}"} < set(lines)
    assert "X-Empty:" in [line.strip() for line in lines]
    assert not any(line.lower().startswith("content-type") for line in lines)
    assert sent == body
