"""What a fuzz run never does: exceed its budget, or ask for work that was not allowed."""

from __future__ import annotations

import asyncio
import json

import pytest

from conformance.engine import schedule
from conformance.engine.contract import load_contract
from conformance.engine.target import Target
from conformance.fuzz.bounds import LARGEST, too_costly
from conformance.fuzz.case import JSON_TYPE, Case
from conformance.fuzz.validity import Fit, examine
from tests.fuzz.conftest import Counting, refuse
from tests.fuzz.support import TOKEN, fuzz

CONTRACT = load_contract()
PICTURE = {"created": 1_760_000_000, "data": [{"url": "https://example.org/1.png"}]}


def case(operation: str, body: object) -> Case:
    op = CONTRACT.operation(operation)
    return Case(op.method, op.path_example, (("Content-Type", JSON_TYPE),), json.dumps(body).encode())


def costly(operation: str, body: object, *, embedded: bool = False, consent: bool = False) -> str:
    op, asked = CONTRACT.operation(operation), case(operation, body)
    target = Target("http://127.0.0.1:1", embedded=embedded, allow_expensive=consent)
    return too_costly(op, asked, examine(CONTRACT, op, asked), target)


@pytest.mark.parametrize("share", [0, 1, 7, 40])
def test_no_request_beyond_the_share(counting: Counting, share: int) -> None:
    notes, _ = asyncio.run(fuzz(counting.base_url, "chat-completions", share=share))
    assert len(counting.seen) == notes.requests <= share
    assert "budget" in notes.stop


def test_no_request_beyond_the_share_when_everything_is_a_finding(counting: Counting) -> None:
    counting.answer = lambda *_: (500, {"oops": 1})
    notes, _ = asyncio.run(fuzz(counting.base_url, "chat-completions", share=30))
    assert notes.findings
    assert len(counting.seen) <= 30


def test_expensive_work_is_asked_for_with_consent_alone(counting: Counting) -> None:
    notes, _ = asyncio.run(fuzz(counting.base_url, "images-generations"))
    op = CONTRACT.operation("images-generations")
    sent = [
        Case(method, path, (("Content-Type", headers.get("Content-Type", "")),), body)
        for method, path, headers, body in counting.seen
        if method == "POST" and headers.get("Content-Type") == JSON_TYPE
    ]
    assert len(sent) >= 15
    assert {examine(CONTRACT, op, one).fit for one in sent} == {Fit.INVALID}
    assert notes.withheld["it asks for work that costs real money"] > 5
    asyncio.run(fuzz(counting.base_url, "images-generations", allow_expensive=True))
    assert any(
        examine(CONTRACT, op, case("images-generations", json.loads(b))).fit is Fit.VALID for b in bodies(counting)
    )


def bodies(counting: Counting) -> list[bytes]:
    found = []
    for *_, body in counting.seen:
        try:
            if isinstance(json.loads(body), dict):
                found.append(body)
        except ValueError:
            continue
    return found


def test_an_expensive_operation_that_starts_to_work_is_left_alone(counting: Counting) -> None:
    counting.answer = lambda *_: (200, PICTURE)
    notes, _ = asyncio.run(fuzz(counting.base_url, "images-generations"))
    assert len(counting.seen) == 1
    assert "costs real money" in notes.stop


def test_amounts_are_bounded_everywhere() -> None:
    body = {"model": "m", "messages": [{"role": "user", "content": "hi"}]}
    assert not costly("chat-completions", {**body, "max_tokens": 16})
    assert costly("chat-completions", {**body, "max_tokens": 17}) == "max_tokens is larger than 16"
    assert costly("chat-completions", {**body, "max_tokens": "100000"})
    assert costly("chat-completions", {**body, "max_tokens": 10**400})
    assert costly("chat-completions", {**body, "n": 128, "max_tokens": 1})
    assert costly("chat-completions", body) == "nothing bounds the length of the answer"
    assert costly("chat-completions", {**body, "max_tokens": -1}) == "nothing bounds the length of the answer"
    assert costly("chat-completions", {**body, "max_tokens": 16, "max_completion_tokens": -1})
    assert not costly("chat-completions", body, embedded=True)
    assert not costly("chat-completions", {"messages": 5, "max_tokens": -1})
    assert costly("embeddings", {"model": "m", "input": ["a"] * 65})
    assert costly("images-generations", {"prompt": "a"}) == "it asks for work that costs real money"
    assert not costly("images-generations", {"prompt": "a", "model": "m"}, consent=True)
    assert costly("images-generations", {"prompt": "a", "model": "m", "n": LARGEST["n"] + 1}, consent=True)


def test_smaller_requests_to_a_hub_that_serves_invalid_ones_are_bounded(counting: Counting) -> None:
    counting.answer = lambda *_: (200, {})
    notes, exchanges = asyncio.run(fuzz(counting.base_url, "chat-completions"))
    first = next(noted for noted in notes.findings if noted.check == "bad-value-refused")
    assert first.minimal
    assert json.loads(exchanges[first.exchange].request.body)["max_tokens"] == 16


def test_a_refused_value_is_shown_in_the_example_that_was_served(counting: Counting) -> None:
    def answer(method: str, path: str, body: bytes) -> tuple[int, object]:
        return refuse(method, path, body) if b'"temperature": 0,' in body or b'"temperature": 0}' in body else (200, {})

    counting.answer = answer
    notes, exchanges = asyncio.run(fuzz(counting.base_url, "chat-completions"))
    (noted,) = (noted for noted in notes.findings if noted.check == "valid-input-accepted")
    shown = json.loads(exchanges[noted.exchange].request.body)
    assert shown.keys() == {"model", "messages", "max_tokens", "temperature"}


def test_a_hub_that_says_429_is_left_alone(counting: Counting) -> None:
    counting.answer = lambda *_: (429, {"error": {"message": "slow down", "type": "rate_limit_error"}})
    notes, _ = asyncio.run(fuzz(counting.base_url, "files-list", share=40))
    assert "429" in notes.stop
    assert notes.findings == []


def test_what_was_asked_when_a_hub_went_away_is_named(counting: Counting, monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr(schedule, "PATIENCE", 0.0)

    def answer(method: str, path: str, body: bytes) -> tuple[int, object]:
        if body == b"[]":
            counting.close()
            raise ConnectionAbortedError
        return refuse(method, path, body)

    counting.answer = answer
    notes, exchanges = asyncio.run(fuzz(counting.base_url, "chat-completions"))
    assert notes.given_up
    assert notes.findings == []
    assert 'the request with "the body is an empty list"' in notes.stop
    assert exchanges[-1].request.body == b"[]"


def test_no_request_carries_a_made_up_credential(counting: Counting) -> None:
    for operation in ("list-models-openai", "claude-messages", "list-models-gemini"):
        asyncio.run(fuzz(counting.base_url, operation))
    for _, path, headers, _ in counting.seen:
        assert "key=" not in path.partition("?")[2]
        assert headers.get("x-api-key") is None
        assert (headers.get("Authorization") or TOKEN).endswith((TOKEN, "7Qx4"))
