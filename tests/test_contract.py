"""The loader of the contract: bundling, look-ups, violations."""

from __future__ import annotations

import copy
import time
from collections.abc import Iterator
from pathlib import Path
from typing import Any

import pytest
import yaml

from conformance.engine.contract import Contract, Streaming, Trigger, Violation, bundle, load_contract

ANSWER: dict[str, Any] = {
    "id": "chatcmpl-1",
    "object": "chat.completion",
    "created": 1700000000,
    "model": "gpt-4o-mini",
    "choices": [{"index": 0, "message": {"role": "assistant", "content": "Hello."}, "finish_reason": "stop"}],
    "usage": {"prompt_tokens": 8, "completion_tokens": 2, "total_tokens": 10},
}


@pytest.fixture(scope="module")
def contract() -> Contract:
    return load_contract()


def _references(node: Any) -> Iterator[str]:
    if isinstance(node, dict):
        if isinstance(node.get("$ref"), str):
            yield node["$ref"]
        for value in node.values():
            yield from _references(value)
    elif isinstance(node, list):
        for value in node:
            yield from _references(value)


def test_the_bundle_refers_only_to_its_own_schemas(contract: Contract) -> None:
    found = set(_references(contract.document))
    assert found
    assert found <= {f"#/components/schemas/{name}" for name in contract.schema_names}


def test_the_contract_is_loaded_once_and_fast() -> None:
    assert load_contract() is load_contract()
    started = time.perf_counter()
    bundle()
    assert time.perf_counter() - started < 1  # a quarter of this on an idle machine


def test_operations_are_found_by_any_of_their_names(contract: Contract) -> None:
    assert contract.operation("chat-completions").path == "/v1/chat/completions"
    assert contract.operation("mj-imagine").path == "/mj/submit/imagine"
    assert contract.operation("mj-imagine--mode").alias_of == "/mj/submit/imagine"
    with pytest.raises(KeyError, match="no operation"):
        contract.operation("nothing")


def test_a_shared_route_is_seen_as_the_operation_that_was_asked_for(contract: Contract) -> None:
    text, speech = contract.operation("gemini-generate-content"), contract.operation("gemini-audio")
    assert (text.path, text.ids) == (speech.path, speech.ids)
    assert (text.cost, speech.cost) == ("cheap", "expensive")
    assert "speechConfig" not in text.request_example()["generationConfig"]
    assert "speechConfig" in speech.request_example()["generationConfig"]


def test_what_an_operation_tells(contract: Contract) -> None:
    chat = contract.operation("chat-completions")
    assert (chat.method, chat.family, chat.auth, chat.error) == ("POST", "chat", ("bearer",), "openai")
    assert chat.streaming == Streaming("sse-openai", Trigger("body", "stream", True))
    assert chat.statuses == (200, 400, 401, 404, 429)
    assert chat.content_types == ("application/json",)
    assert chat.request_schema() == "ChatCompletionRequest"
    assert chat.response_schema(200) == "ChatCompletionResponse"
    assert chat.response_schema(200, "text/event-stream") == "ChatCompletionStreamEvent"
    assert chat.response_schema(418) is None
    assert chat.error_schema == "ErrorResponse"
    assert contract.operation("claude-messages").error_schema == "ClaudeRouteError"
    assert contract.operation("files-list").implemented is False
    assert contract.operation("videos-create").content_types[0] == "multipart/form-data"
    assert contract.operation("audio-speech").response_schema(200, "audio/flac") == "Binary"
    assert contract.operation("list-models-openai").request_example() is None


def test_examples_are_fresh_copies(contract: Contract) -> None:
    chat = contract.operation("chat-completions")
    chat.request_example()["messages"].clear()
    assert chat.request_example()["messages"]
    assert chat.request_example(name="stream")["stream"] is True
    with pytest.raises(KeyError):
        chat.request_example("text/plain")


@pytest.mark.parametrize(
    ("name", "values", "path"),
    [
        ("chat-completions", {}, "/v1/chat/completions"),
        ("videos-content", {}, "/v1/videos/video_example/content"),
        ("videos-retrieve", {"task_id": "a/b?c"}, "/v1/videos/a%2Fb%3Fc"),
        ("gemini-generate-content", {"alt": "sse"}, "/v1beta/models/gemini-2.0-flash:generateContent?alt=sse"),
        ("jimeng-video", {}, "/jimeng/?Action=CVSync2AsyncSubmitTask&Version=2022-08-31"),
        ("claude-messages", {"beta": True}, "/v1/messages?beta=true"),
        ("mj-imagine--mode", {}, "/mj-fast/mj/submit/imagine"),
    ],
)
def test_paths_are_filled(contract: Contract, name: str, values: dict[str, Any], path: str) -> None:
    assert contract.operation(name).path_with(**values) == path
    if not values:
        assert contract.operation(name).path_example == path


def test_aliases_point_at_a_path_with_the_same_promises(contract: Contract) -> None:
    aliases = [each for each in contract.operations if each.alias_of]
    assert len(aliases) == 9
    for alias in aliases:
        original = contract.operation(alias.id)
        assert original.path == alias.alias_of
        assert original.spec["responses"] == alias.spec["responses"]


def test_a_good_value_has_no_violations(contract: Contract) -> None:
    assert contract.violations("ChatCompletionResponse", ANSWER) == []


@pytest.mark.parametrize(
    ("pointer", "value", "message"),
    [
        ("/object", "chat.completion.chunk", "is 'chat.completion.chunk', expected 'chat.completion'"),
        ("/created", "now", "is 'now', expected integer"),
        ("/created", 1.5, "is 1.5, expected integer"),
        ("/choices/0/message/role", "system", "is 'system', expected 'assistant'"),
        ("/choices/0/message/content", [{"text": "a"}], "is a list of 1, expected string or null"),
        ("/choices/0/finish_reason", None, "is null, expected string"),
        ("/usage/total_tokens", {"a": 1}, "is an object with a, expected integer"),
    ],
)
def test_violations_name_the_place(contract: Contract, pointer: str, value: Any, message: str) -> None:
    answer = copy.deepcopy(ANSWER)
    *parents, last = pointer[1:].split("/")
    place: Any = answer
    for token in parents:
        place = place[int(token) if isinstance(place, list) else token]
    place[last] = value
    assert Violation(pointer, message) in contract.violations("ChatCompletionResponse", answer)


def test_missing_members_are_named_one_by_one(contract: Contract) -> None:
    found = contract.violations("ErrorResponse", {"error": {}})
    assert found == [Violation("/error", "message is missing"), Violation("/error", "type is missing")]
    assert str(found[0]) == "/error: message is missing"
    assert str(contract.violations("ErrorResponse", [])[0]) == "(root): is a list of 0, expected object"


def test_pointers_are_escaped(contract: Contract) -> None:
    scores = {
        "id": "m",
        "model": "m",
        "results": [{"flagged": False, "categories": {}, "category_scores": {"a/b~c": ""}}],
    }
    pointers = [violation.pointer for violation in contract.violations("ModerationResponse", scores)]
    assert pointers == ["/results/0/category_scores/a~1b~0c"]


def test_messages_stay_short(contract: Contract) -> None:
    answer = {**ANSWER, "id": list(range(10_000)), "model": ["x" * 100] * 1000, "object": "y" * 100_000}
    assert all(len(violation.message) < 300 for violation in contract.violations("ChatCompletionResponse", answer))


def test_of_several_forms_the_nearest_is_reported(contract: Contract) -> None:
    claude = {"type": "error", "error": {"type": "api_error", "message": 5}}
    assert contract.violations("ClaudeRouteError", claude) == [Violation("/error/message", "is 5, expected string")]
    listing = {"object": "list", "data": [{"id": "a", "object": "model", "created": "then", "owned_by": "b"}]}
    assert contract.violations("ModelListAnswer", listing) == [
        Violation("/data/0/created", "is 'then', expected integer")
    ]
    stop = {**contract.operation("chat-completions").request_example(), "stop": 5}
    assert contract.violations("ChatCompletionRequest", stop) == [
        Violation("/stop", "is 5, expected string or array or null")
    ]


def test_unknown_members_are_legal(contract: Contract) -> None:
    assert contract.violations("ChatCompletionResponse", {**ANSWER, "vendor_extra": {"a": 1}}) == []


def test_an_unknown_model_is_refused(contract: Contract) -> None:
    with pytest.raises(KeyError, match="no schema"):
        contract.violations("Nothing", {})
    with pytest.raises(KeyError, match="no schema"):
        contract.schema("Nothing")


ROOT = {"openapi": "3.1.0", "info": {"title": "t", "version": "1"}, "paths": {"/a": {"$ref": "paths/a.yaml#/~1a"}}}


def _folder(root: Path, paths: dict[str, Any], **schemas: dict[str, Any]) -> Path:
    files = {
        "hub.yaml": ROOT,
        "paths/a.yaml": paths,
        **{f"schemas/{name}.yaml": models for name, models in schemas.items()},
    }
    for name, content in files.items():
        file = root / name
        file.parent.mkdir(exist_ok=True)
        file.write_text(yaml.safe_dump(content), "utf-8")
    return root


def test_references_between_files_are_followed(tmp_path: Path) -> None:
    paths = {"/a": {"description": "b", "x": {"$ref": "../schemas/one.yaml#/One"}}}
    folder = _folder(
        tmp_path, paths, one={"One": {"items": {"$ref": "two.yaml#/Two"}}}, two={"Two": {"type": "string"}}
    )
    document = bundle(folder)
    assert document["paths"]["/a"]["x"] == {"$ref": "#/components/schemas/One"}
    assert document["components"]["schemas"] == {
        "One": {"items": {"$ref": "#/components/schemas/Two"}},
        "Two": {"type": "string"},
    }


def test_a_reference_to_nothing_is_refused(tmp_path: Path) -> None:
    with pytest.raises(ValueError, match=r"paths/a\.yaml: \.\./schemas/one\.yaml#/Two leads nowhere"):
        bundle(_folder(tmp_path, {"/a": {"$ref": "../schemas/one.yaml#/Two"}}, one={"One": {}}))


def test_a_name_for_two_models_is_refused(tmp_path: Path) -> None:
    with pytest.raises(ValueError, match="One exists already"):
        bundle(_folder(tmp_path, {"/a": {"description": "b"}}, one={"One": {"type": "string"}}, two={"One": {}}))


def test_a_folder_without_a_contract_is_refused(tmp_path: Path) -> None:
    with pytest.raises(FileNotFoundError):
        bundle(tmp_path)
