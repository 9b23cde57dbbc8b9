"""Asks the reference hub in this process, without a network."""

from __future__ import annotations

import asyncio
import json
from dataclasses import dataclass
from typing import Any

import httpx
import pytest

from conformance.hub.app import create_app

TOKEN = "sk-test-of-the-hub"
BEARER = {"authorization": f"Bearer {TOKEN}"}


@dataclass(frozen=True)
class Api:
    """A client of one hub; synchronous, for plain tests."""

    app: Any
    token: str = TOKEN

    def ask(self, method: str, path: str, headers: dict[str, str] | None = None, **rest: Any) -> httpx.Response:
        return asyncio.run(self.aask(method, path, BEARER if headers is None else headers, **rest))

    async def aask(self, method: str, path: str, headers: dict[str, str], **rest: Any) -> httpx.Response:
        transport = httpx.ASGITransport(self.app)
        async with httpx.AsyncClient(transport=transport, base_url="http://hub") as client:
            return await client.request(method, path, headers=headers, **rest)

    def post(self, body: Any) -> httpx.Response:
        """A chat request with exactly this body."""
        return self.ask("POST", "/v1/chat/completions", json=body)

    def raw(self, body: bytes, content_type: str = "application/json") -> httpx.Response:
        """A chat request with exactly these bytes."""
        headers = {**BEARER, "content-type": content_type}
        return self.ask("POST", "/v1/chat/completions", headers, content=body)

    def chat(self, prompt: Any, **rest: Any) -> dict[str, Any]:
        """The answer to one user turn (or to a list of messages); must be a success."""
        response = self.post(body_of(prompt, **rest))
        assert response.status_code == 200, response.text
        answer: dict[str, Any] = response.json()
        return answer

    def text(self, prompt: Any, **rest: Any) -> str:
        """The text of the first choice."""
        text = self.chat(prompt, **rest)["choices"][0]["message"]["content"]
        assert isinstance(text, str)
        return text

    def stream(self, prompt: Any, **rest: Any) -> list[dict[str, Any]]:
        """The chunks of a stream, whose framing is checked on the way."""
        response = self.post(body_of(prompt, stream=True, **rest))
        assert response.status_code == 200, response.text
        assert response.headers["content-type"] == "text/event-stream"
        *blocks, last, rest_of_body = response.content.decode().split("\n\n")
        assert (last, rest_of_body) == ("data: [DONE]", "")
        assert all(block.startswith("data: {") and "\n" not in block for block in blocks)
        return [json.loads(block[6:]) for block in blocks]

    def problem(self, prompt: Any = "hi", **rest: Any) -> tuple[int, str | None, str | None]:
        """Status, param and code of the refusal of a chat request; the same with and without a stream."""
        answers = [self.post(body_of(prompt, **rest)), self.post({"stream": True, **body_of(prompt, **rest)})]
        assert answers[0].status_code == answers[1].status_code
        error = answers[0].json()["error"]
        assert set(error) == {"message", "type", "param", "code"}
        assert error["message"]
        assert answers[1].headers["content-type"] == "application/json"
        return answers[0].status_code, error["param"], error["code"]


def body_of(prompt: Any, **rest: Any) -> dict[str, Any]:
    messages = prompt if isinstance(prompt, list) else [{"role": "user", "content": prompt}]
    return {"model": "gpt-4o-mini", "messages": messages, **rest}


@pytest.fixture(scope="session")
def api() -> Api:
    return Api(create_app(TOKEN, chunk_delay=0, first_delay=0))
