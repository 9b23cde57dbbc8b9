"""Refusals: status, envelope, the field that is named."""

from __future__ import annotations

import json
from typing import Any

import pytest

from conformance.hub.body import LARGEST_BODY
from conformance.hub.chat_request import CHECKS

GOOD = '{"model":"gpt-4o-mini","messages":[{"role":"user","content":"hi"}],"x":%s}'


@pytest.mark.parametrize(
    "body",
    [
        b"",
        b"{",
        b"[]",
        b"null",
        b"1",
        b'"x"',
        b"\xff\xfe",
        b"\xef\xbb\xbf{}",
        b"{}{}",
        (GOOD % "NaN").encode(),
        (GOOD % "-Infinity").encode(),
        (GOOD % "1e999").encode(),
        (GOOD % ("9" * 400)).encode(),
        (GOOD % ("9" * 5000)).encode(),
        (GOOD % r'"\ud800"').encode(),
        (GOOD % r'{"\udfff": 1}').encode(),
        (GOOD % ("[" * 101 + "]" * 101)).encode(),
        b"[" * 100_000,
        b'{"a":' * 50_000,
        GOOD.encode("utf-16"),
    ],
    ids=lambda body: repr(body[:12] + b".." + body[-12:]),
)
def test_what_is_not_a_sound_json_object_is_refused(api: Any, body: bytes) -> None:
    answer = api.raw(body)
    assert answer.status_code == 400
    assert answer.headers["content-type"] == "application/json"
    assert answer.json()["error"]["code"] == "invalid_json"


@pytest.mark.parametrize(
    "value", ["[[[[]]]]", "1e300", "-0", r'"\ud83d\ude42"', "9007199254740993", '"' + "x" * 10**5 + '"']
)
def test_unknown_fields_with_odd_values_are_ignored(api: Any, value: str) -> None:
    assert api.raw((GOOD % value).encode()).status_code == 200


@pytest.mark.parametrize("content_type", ["text/plain", "application/xml", "multipart/form-data; boundary=x", "json"])
def test_another_content_type_is_refused(api: Any, content_type: str) -> None:
    answer = api.raw((GOOD % 1).encode(), content_type)
    assert (answer.status_code, answer.json()["error"]["code"]) == (415, "unsupported_media_type")


@pytest.mark.parametrize("content_type", ["application/json; charset=utf-8", "Application/JSON"])
def test_spellings_of_the_content_type_are_accepted(api: Any, content_type: str) -> None:
    assert api.raw((GOOD % 1).encode(), content_type).status_code == 200


def test_compressed_bodies_are_refused(api: Any) -> None:
    headers = {"authorization": f"Bearer {api.token}", "content-encoding": "gzip"}
    assert api.ask("POST", "/v1/chat/completions", headers, content=b"x").status_code == 415


def test_too_large_bodies_are_refused(api: Any) -> None:
    answer = api.raw(b" " * (LARGEST_BODY + 1))
    assert (answer.status_code, answer.json()["error"]["code"]) == (413, "request_too_large")


@pytest.mark.parametrize(
    ("change", "param"),
    [
        ({"model": None}, "model"),
        ({"model": 4}, "model"),
        ({"model": ""}, "model"),
        ({"messages": None}, "messages"),
        ({"messages": "hi"}, "messages"),
        ({"messages": []}, "messages"),
        ({"messages": ["hi"]}, "messages[0]"),
        ({"messages": [{"role": "user"}]}, "messages[0].content"),
        ({"messages": [{"role": "user", "content": None}]}, "messages[0].content"),
        ({"messages": [{"content": "hi"}]}, "messages[0].role"),
        ({"messages": [{"role": "robot", "content": "hi"}]}, "messages[0].role"),
        ({"messages": [{"role": "user", "content": 4}]}, "messages[0].content"),
        ({"messages": [{"role": "user", "content": [{"type": "text"}]}]}, "messages[0].content[0].text"),
        ({"temperature": "hot"}, "temperature"),
        ({"temperature": 99}, "temperature"),
        ({"temperature": True}, "temperature"),
        ({"top_p": -1}, "top_p"),
        ({"n": 0}, "n"),
        ({"n": 1.5}, "n"),
        ({"n": "2"}, "n"),
        ({"max_tokens": 0}, "max_tokens"),
        ({"max_tokens": {}}, "max_tokens"),
        ({"max_completion_tokens": -1}, "max_completion_tokens"),
        ({"stream": "yes"}, "stream"),
        ({"stream_options": []}, "stream_options"),
        ({"stop": ["1", "2", "3", "4", "5"]}, "stop"),
        ({"stop": 4}, "stop"),
        ({"stop": ""}, "stop"),
        ({"logprobs": 1}, "logprobs"),
        ({"logprobs": True, "top_logprobs": 50}, "top_logprobs"),
        ({"top_logprobs": 2}, "top_logprobs"),
        ({"presence_penalty": 3}, "presence_penalty"),
        ({"logit_bias": {"1": "a"}}, "logit_bias.1"),
        ({"tools": {}}, "tools"),
        ({"tool_choice": "required"}, "tool_choice"),
        ({"tool_choice": "perhaps"}, "tool_choice"),
        ({"response_format": {"type": "xml"}}, "response_format.type"),
        ({"response_format": {"type": "json_schema"}}, "response_format.json_schema"),
        ({"reasoning_effort": "enormous"}, "reasoning_effort"),
        ({"modalities": ["smell"]}, "modalities[0]"),
        ({"modalities": ["audio"]}, "audio"),
        ({"modalities": ["audio"], "audio": {"voice": "a", "format": "ogg"}}, "audio.format"),
    ],
    ids=str,
)
def test_a_bad_field_is_named(api: Any, change: dict[str, Any], param: str) -> None:
    body = {"model": "gpt-4o-mini", "messages": [{"role": "user", "content": "hi"}], **change}
    answer = api.post(body)
    assert answer.status_code == 400, answer.text
    error = answer.json()["error"]
    assert set(error) == {"message", "type", "param", "code"}
    assert error["param"] == param


def test_an_unknown_model_is_not_found(api: Any) -> None:
    assert api.problem(model="no-such-model") == (404, "model", "model_not_found")


def test_a_model_of_another_kind_is_refused(api: Any) -> None:
    assert api.problem(model="whisper-1") == (400, "model", "model_not_supported")


def test_unknown_routes_are_not_found_with_and_without_a_key(api: Any) -> None:
    for path in ("/", "/nothing", "/v1/nothing", "/v1/chat", "/v1/chat/completions/x"):
        for answer in (api.ask("POST", path, json={}), api.ask("POST", path, {}, json={})):
            assert (answer.status_code, answer.json()["error"]["code"]) == (404, "unknown_url")
    assert api.ask("GET", "/v1beta/nothing").json()["error"]["status"] == "NOT_FOUND"


@pytest.mark.parametrize("method", ["GET", "PUT", "PATCH", "DELETE", "TRACE", "BREW"])
def test_a_wrong_method_says_which_are_right(api: Any, method: str) -> None:
    answer = api.ask(method, "/v1/chat/completions")
    assert (answer.status_code, answer.headers["allow"]) == (405, "OPTIONS, POST")
    assert answer.json()["error"]["code"] == "method_not_allowed"


def test_unimplemented_operations_say_so(api: Any) -> None:
    for method, path in [("GET", "/v1/files"), ("POST", "/v1/fine-tunes"), ("DELETE", "/v1/files/x")]:
        answer = api.ask(method, path)
        assert (answer.status_code, answer.json()["error"]["code"]) == (501, "not_implemented")
        assert answer.headers["x-should-retry"] == "false"


def test_every_reply_has_an_id_of_its_own(api: Any) -> None:
    answers = [api.ask("GET", path) for path in ("/v1/models", "/v1/files", "/nothing", "/v1/chat/completions")]
    assert len({answer.headers["x-request-id"] for answer in answers}) == len(answers)


def test_messages_route_has_the_id_that_its_clients_read(api: Any) -> None:
    answer = api.ask("POST", "/v1/messages", {}, json={})
    assert answer.headers["request-id"] == answer.headers["x-request-id"] == answer.json()["request_id"]


def test_no_family_gets_a_server_error_for_wild_input(api: Any) -> None:
    wild: list[Any] = [None, 0, -1, 1e300, "", "x" * 1000, [], [None], {}, {"a": {"b": [1]}}, True, "\0", "💥"]
    for name in CHECKS:
        for value in wild:
            body = {"model": "gpt-4o-mini", "messages": [{"role": "user", "content": "hi"}], name: value}
            assert api.post(body).status_code in (200, 400, 404), (name, value)


def test_wild_messages_get_no_server_error(api: Any) -> None:
    good = {"role": "assistant", "content": "x", "tool_calls": [], "name": "n", "tool_call_id": "t"}
    wild: list[Any] = [
        None,
        0,
        "",
        [],
        [None],
        [{}],
        {},
        [{"type": "text", "text": None}],
        [{"type": "image_url"}],
        [{"id": "a", "type": "function", "function": {"name": "f", "arguments": {}}}],
    ]
    for name in good:
        for value in wild:
            answer = api.post({"model": "gpt-4o-mini", "messages": [{**good, name: value}]})
            assert answer.status_code in (200, 400), (name, value, answer.text)


def test_error_bodies_are_compact_json(api: Any) -> None:
    body = api.post({}).content
    assert json.loads(body) == json.loads(body.decode("ascii"))
