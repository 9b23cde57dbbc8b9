"""Who is let in, and how the others are turned away."""

from __future__ import annotations

import re
from typing import Any

import pytest

from conformance.hub.app import Hub
from conformance.hub.routes import Route, contract_routes

LOCKED = [route for route in contract_routes() if route.auth != ("none",)]
WRONG = "sk-wrong-but-marked-7f3a"


def path_of(route: Route) -> str:
    return re.sub(r"{[^}]*}", "x", route.path)


def name_of(route: Route) -> str:
    return f"{route.method} {route.path}"


def as_presented(scheme: str, token: str) -> dict[str, Any]:
    """What a request needs to present `token` by `scheme`."""
    ways: dict[str, dict[str, Any]] = {
        "bearer": {"headers": {"authorization": f"Bearer {token}"}},
        "x-api-key": {"headers": {"x-api-key": token}},
        "x-goog-api-key": {"headers": {"x-goog-api-key": token}},
        "query-key": {"headers": {}, "params": {"key": token}},
        "ws-subprotocol": {"headers": {"sec-websocket-protocol": f"realtime, openai-insecure-api-key.{token}"}},
        "session": {"headers": {"cookie": f"session={token}", "new-api-user": "1"}},
    }
    return ways[scheme]


@pytest.mark.parametrize("route", LOCKED, ids=name_of)
def test_every_route_is_locked(api: Any, route: Route) -> None:
    presented: list[dict[str, Any]] = [{"headers": {}}, {"headers": {"authorization": api.token}}]
    for asked in [*presented, as_presented("bearer", WRONG)]:
        answer = api.ask(route.method, path_of(route), content=b"{", **asked)
        assert answer.status_code == 401
        assert answer.headers["www-authenticate"].startswith("Bearer")
        assert WRONG not in answer.text + str(answer.headers)
        error = answer.json()["error"]
        if route.error == "claude":
            assert error["type"] == "authentication_error"
        elif route.error == "gemini":
            assert (error["code"], error["status"]) == (401, "UNAUTHENTICATED")
        else:
            assert error["code"] == "invalid_api_key"


@pytest.mark.parametrize("route", LOCKED, ids=name_of)
def test_every_documented_scheme_opens_its_route(api: Any, route: Route) -> None:
    for scheme in route.auth:
        assert api.ask(route.method, path_of(route), **as_presented(scheme, api.token)).status_code != 401
        assert api.ask(route.method, path_of(route), **as_presented(scheme, WRONG)).status_code == 401


@pytest.mark.parametrize("value", ["bearer {}", "BEARER {}", "Bearer  {}"])
def test_the_scheme_name_may_be_written_in_any_case(api: Any, value: str) -> None:
    assert api.ask("GET", "/v1/models", {"authorization": value.format(api.token)}).status_code == 200


@pytest.mark.parametrize("value", ["", "Bearer", "Bearer ", "Basic {}", "{}", "Bearer {}x", "Bearer x{}", "Bearer é"])
def test_malformed_credentials_are_refused(api: Any, value: str) -> None:
    headers = {"authorization": value.format(api.token).encode()}
    assert api.ask("GET", "/v1/models", headers).status_code == 401


def test_a_scheme_of_another_family_does_not_open_a_route(api: Any) -> None:
    for scheme in ("x-api-key", "x-goog-api-key", "query-key", "session"):
        answer = api.ask("POST", "/v1/chat/completions", json={}, **as_presented(scheme, api.token))
        assert answer.status_code == 401


def test_the_session_needs_its_user(api: Any) -> None:
    answer = api.ask("POST", "/pg/chat/completions", {"cookie": f"session={api.token}"}, json={})
    assert answer.status_code == 401


def test_the_picture_route_is_open(api: Any) -> None:
    assert api.ask("GET", "/mj/image/x", {}).status_code != 401


@pytest.mark.parametrize("path", ["//v1/models", "/V1/MODELS", "/v1/./models", "/v1/models/", "/v1%2Fmodels"])
def test_variants_of_a_path_never_skip_the_check(api: Any, path: str) -> None:
    assert api.ask("GET", path, {}).status_code in (401, 404)


def test_the_credential_comes_before_the_method_and_the_body(api: Any) -> None:
    assert api.ask("DELETE", "/v1/chat/completions", {}).status_code == 401
    assert api.ask("POST", "/v1/chat/completions", {"content-type": "text/plain"}, content=b"{").status_code == 401


def test_every_family_of_the_contract_is_routed(api: Any) -> None:
    assert isinstance(api.app, Hub)
    assert {name_of(route) for route in contract_routes()} <= {name_of(route) for route in api.app.table.routes()}
