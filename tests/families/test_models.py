"""Judges of the model lists on evidence of servers that serve no chat."""

from __future__ import annotations

import json
from dataclasses import replace

import pytest

from conformance.engine.judge import Broken, NotOffered
from conformance.families.models import test_lists as judges
from conformance.wire.exchange import Exchange, Request
from tests.support import answer

LIST = answer({"object": "list", "data": [{"id": "tiny-embed", "object": "model", "created": 1, "owned_by": "us"}]})
ELSEWHERE = "/v1/no-such-route"


def _refusal(path: str, body: bytes) -> Exchange:
    """A refusal of a chat with the listed model, at some path."""
    asked = json.dumps({"model": "tiny-embed", "messages": []}).encode()
    request = Request("POST", f"http://127.0.0.1:1{path}", body=asked, operation="chat-completions")
    return replace(answer(status=404, body=body), request=request)


@pytest.mark.parametrize("body", ['{"detail":"Not Found"}', "404: Not Found", "POST %s does not exist"])
def test_a_model_for_vectors_is_not_blamed_where_there_is_no_chat(body: str) -> None:
    def refused(path: str) -> Exchange:
        return _refusal(path, body.replace("%s", path).encode())

    with pytest.raises(NotOffered):
        judges.test_a_listed_model_can_be_used(LIST, refused("/v1/chat/completions"), (refused(ELSEWHERE),))


def test_a_listed_model_that_chat_does_not_know_is_blamed() -> None:
    unknown = _refusal("/v1/chat/completions", b'{"error":{"message":"no such model","code":"model_not_found"}}')
    with pytest.raises(Broken):
        judges.test_a_listed_model_can_be_used(LIST, unknown, (_refusal(ELSEWHERE, b'{"detail":"Not Found"}'),))
