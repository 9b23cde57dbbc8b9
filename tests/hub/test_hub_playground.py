"""The playground of the embedded hub: who gets in, and that chat answers."""

from __future__ import annotations

from typing import Any

import pytest

from tests.hub.conftest import BEARER, TOKEN, Api

SESSION = {"cookie": f"session={TOKEN}", "new-api-user": "1"}
PATH = "/pg/chat/completions"


def body(**fields: Any) -> dict[str, Any]:
    return {"model": "gpt-4o-mini", "messages": [{"role": "user", "content": "Say: pong"}], **fields}


def test_a_session_opens_it(api: Api) -> None:
    answer = api.ask("POST", PATH, SESSION, json=body(group="default")).json()
    assert answer["object"] == "chat.completion"
    assert answer["choices"][0]["message"]["content"] == "pong"


def test_it_streams(api: Api) -> None:
    response = api.ask("POST", PATH, SESSION, json=body(stream=True))
    assert response.headers["content-type"] == "text/event-stream"
    assert response.text.endswith("data: [DONE]\n\n")


@pytest.mark.parametrize(
    "headers",
    [
        {},
        BEARER,
        {**BEARER, "new-api-user": "1"},
        {"x-api-key": TOKEN},
        {"cookie": f"session={TOKEN}"},
        {**SESSION, "new-api-user": "2"},
        {"cookie": "session=somebody", "new-api-user": "1"},
    ],
)
def test_nothing_else_does(api: Api, headers: dict[str, str]) -> None:
    response = api.ask("POST", PATH, headers, json=body())
    assert response.status_code == 401
    assert response.json()["error"]["code"] == "invalid_api_key"


@pytest.mark.parametrize(("fields", "param"), [({"messages": None}, "messages"), ({"group": 5}, "group")])
def test_it_refuses_as_chat_does(api: Api, fields: dict[str, Any], param: str) -> None:
    response = api.ask("POST", PATH, SESSION, json=body(**fields))
    assert (response.status_code, response.json()["error"]["param"]) == (400, param)


def test_the_session_opens_nothing_else(api: Api) -> None:
    assert api.ask("POST", "/v1/chat/completions", SESSION, json=body()).status_code == 401
