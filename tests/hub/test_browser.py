"""HEAD, OPTIONS and CORS."""

from __future__ import annotations

from typing import Any

import pytest

ORIGIN = {"origin": "https://page.example"}
PREFLIGHT = {**ORIGIN, "access-control-request-method": "POST", "access-control-request-headers": "authorization"}


def test_head_works_where_get_does(api: Any) -> None:
    got, asked = api.ask("GET", "/v1/models"), api.ask("HEAD", "/v1/models")
    assert (asked.status_code, asked.content) == (200, b"")
    for name in ("content-type", "content-length"):
        assert asked.headers[name] == got.headers[name]
    assert api.ask("HEAD", "/v1/models", {}).status_code == 401
    assert api.ask("HEAD", "/v1/chat/completions").status_code == 405


@pytest.mark.parametrize("path", ["/v1/chat/completions", "/v1/models", "/v1beta/models", "/nothing"])
def test_preflight_needs_no_key(api: Any, path: str) -> None:
    answer = api.ask("OPTIONS", path, PREFLIGHT)
    assert answer.status_code == 204
    assert answer.headers["access-control-allow-origin"] == "*"
    assert "access-control-allow-credentials" not in answer.headers
    allowed = set(answer.headers["access-control-allow-headers"].split(", "))
    assert {"authorization", "content-type", "x-api-key", "x-goog-api-key", "anthropic-version"} <= allowed
    assert {"POST", "GET", "DELETE"} <= set(answer.headers["access-control-allow-methods"].split(", "))


def test_real_replies_may_be_read_by_the_page(api: Any) -> None:
    body = {"model": "gpt-4o-mini", "messages": [{"role": "user", "content": "hi"}], "stream": True}
    bearer = {"authorization": f"Bearer {api.token}"}
    answers = [
        api.ask("GET", "/v1/models", {**bearer, **ORIGIN}),
        api.ask("GET", "/v1/models", ORIGIN),
        api.ask("GET", "/nothing", ORIGIN),
        api.ask("POST", "/v1/chat/completions", {**bearer, **ORIGIN}, json=body),
    ]
    assert [answer.status_code for answer in answers] == [200, 401, 404, 200]
    assert all(answer.headers["access-control-allow-origin"] == "*" for answer in answers)
    assert all("x-request-id" in answer.headers["access-control-expose-headers"] for answer in answers)


def test_other_callers_get_no_browser_headers(api: Any) -> None:
    assert not [name for name in api.ask("GET", "/v1/models").headers if name.startswith("access-control")]


def test_options_without_an_origin_lists_the_methods(api: Any) -> None:
    answer = api.ask("OPTIONS", "/v1/models", {})
    assert (answer.status_code, answer.headers["allow"]) == (204, "GET, HEAD, OPTIONS")


def test_a_slash_at_the_end_changes_nothing(api: Any) -> None:
    assert api.ask("GET", "/v1/models/").json() == api.ask("GET", "/v1/models").json()
    body = {"model": "gpt-4o-mini", "messages": [{"role": "user", "content": "Say hi"}]}
    assert api.ask("POST", "/v1/chat/completions/", json=body).status_code == 200
