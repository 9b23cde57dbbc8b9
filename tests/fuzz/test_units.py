"""The parts: what is valid, what gets smaller, what is kept, what is drawn."""

from __future__ import annotations

import asyncio
import json
import random
from dataclasses import replace
from pathlib import Path
from typing import Any

import pytest

from conformance.engine.contract import load_contract
from conformance.engine.evidence import Record
from conformance.engine.judge import Broken, Inconclusive, NotOffered, NotTestable
from conformance.fuzz.case import JSON_TYPE, Aim, Case
from conformance.fuzz.checks import Asked, stream_framing
from conformance.fuzz.kept import keep, kept
from conformance.fuzz.notes import Noted, Notes
from conformance.fuzz.odd import odd_cases
from conformance.fuzz.run import sample
from conformance.fuzz.shrink import shrink
from conformance.fuzz.validity import Fit, examine
from conformance.fuzz.views import judge
from conformance.wire.leaks import inside_shown
from tests.support import answer

CONTRACT = load_contract()
CHAT = {"model": "m", "messages": [{"role": "user", "content": "hi"}]}
CALL = {"id": "c1", "type": "function", "function": {"name": "f", "arguments": "{}"}}


def case(body: Any, path: str = "/v1/chat/completions", *, raw: bytes | None = None) -> Case:
    content = json.dumps(body).encode() if raw is None else raw
    return Case("POST", path, (("Content-Type", JSON_TYPE),), content)


@pytest.mark.parametrize(
    ("body", "fit", "malformed"),
    [
        (CHAT, Fit.VALID, False),
        ({**CHAT, "temperature": 0}, Fit.VALID, False),
        ({**CHAT, "max_tokens": 4.0}, Fit.VALID, False),
        ({**CHAT, "unknown": [None]}, Fit.VALID, False),
        ({**CHAT, "parallel_tool_calls": None}, Fit.UNSURE, False),
        ({**CHAT, "temperature": 3}, Fit.INVALID, False),
        ({**CHAT, "stop": []}, Fit.UNSURE, False),
        ({**CHAT, "messages": []}, Fit.INVALID, False),
        ({**CHAT, "stop": ""}, Fit.UNSURE, False),
        ({**CHAT, "max_tokens": -1}, Fit.VALID, False),
        ({**CHAT, "seed": -(2**53)}, Fit.UNSURE, False),
        ({**CHAT, "temperature": "hot"}, Fit.INVALID, True),
        ({"model": "m"}, Fit.INVALID, True),
        ({**CHAT, "messages": None}, Fit.INVALID, True),
        ({**CHAT, "messages": [{"role": "nobody", "content": None}]}, Fit.INVALID, False),
        ({**CHAT, "messages": [{"role": "user"}]}, Fit.INVALID, True),
        ({**CHAT, "messages": [{"role": "assistant", "tool_calls": [CALL]}]}, Fit.UNSURE, False),
        ({**CHAT, "audio": {"voice": "alloy", "format": None}}, Fit.INVALID, True),
        ([], Fit.INVALID, True),
    ],
)
def test_bodies(body: Any, fit: Fit, malformed: bool) -> None:
    found = examine(CONTRACT, CONTRACT.operation("chat-completions"), case(body))
    assert (found.fit, found.malformed) == (fit, malformed)


@pytest.mark.parametrize(
    ("tokens", "fit", "malformed"),
    [
        ([-1], Fit.VALID, False),
        ([[1, 2]], Fit.VALID, False),
        ([[]], Fit.UNSURE, False),
        ([[1], []], Fit.UNSURE, False),
        ([], Fit.INVALID, False),
        ([{}], Fit.INVALID, True),
    ],
)
def test_lists_of_tokens(tokens: Any, fit: Fit, malformed: bool) -> None:
    body = case({"model": "m", "input": tokens}, "/v1/embeddings")
    found = examine(CONTRACT, CONTRACT.operation("embeddings"), body)
    assert (found.fit, found.malformed) == (fit, malformed)


def test_an_empty_text_in_a_list_that_may_hold_objects_is_unsure() -> None:
    body = case({"input": [""]}, "/v1/moderations")
    assert examine(CONTRACT, CONTRACT.operation("moderations"), body).fit is Fit.UNSURE


@pytest.mark.parametrize(
    ("changed", "pointer"),
    [
        ({"safetySettings": "AAA"}, "/safetySettings"),
        ({"toolConfig": 0, "tools": 0}, "/toolConfig"),
        ({"generationConfig": {"maxOutputTokens": 16, "topP": "AAA"}}, "/generationConfig/topP"),
        ({"contents": [{"role": "AAA", "parts": [{"text": "hi"}]}]}, "/contents/0/role"),
        ({"contents": [{}]}, "/contents/0"),
        ({"contents": []}, "/contents"),
    ],
)
def test_a_wrong_member_is_named_where_another_format_is_taken_too(changed: Any, pointer: str) -> None:
    op = CONTRACT.operation("gemini-generate-content")
    body = {"contents": [{"parts": [{"text": "hi"}]}], "generationConfig": {"maxOutputTokens": 16}, **changed}
    found = examine(CONTRACT, op, case(body, "/v1beta/models/m:generateContent"))
    assert found.wrongs[0].pointer == f"body{pointer}"


def test_what_is_no_json_is_invalid_and_what_is_odd_json_is_unsure() -> None:
    op = CONTRACT.operation("chat-completions")
    assert examine(CONTRACT, op, case(None, raw=b'{"model": ')).fit is Fit.INVALID
    assert examine(CONTRACT, op, case(None, raw=b'{"model": NaN}')).fit is Fit.UNSURE
    assert examine(CONTRACT, op, case(None, raw=b'{"model": 1, "model": "m"}')).fit is not Fit.VALID
    assert examine(CONTRACT, op, Case("PUT", op.path, (), b"", aim=Aim.METHOD)).fit is Fit.UNSURE


def test_paths_and_queries() -> None:
    fetch = CONTRACT.operation("videos-retrieve")
    assert examine(CONTRACT, fetch, Case("GET", "/v1/videos/abc")).fit is Fit.VALID
    odd = examine(CONTRACT, fetch, Case("GET", "/v1/videos/a%00b"))
    assert (odd.fit, odd.plain_path) == (Fit.UNSURE, False)
    assert not examine(CONTRACT, fetch, Case("GET", "/v1/videos/a/b")).plain_path
    jimeng = CONTRACT.operation("jimeng-video")
    assert examine(CONTRACT, jimeng, case({}, "/jimeng/?Action=Nonsense&Version=2022-08-31")).fit is Fit.INVALID


@pytest.mark.parametrize(
    ("temperature", "wanted"), [("2", "expected maximum 1"), ("-1", "expected minimum 0"), ("hot", "type number")]
)
def test_a_value_in_a_form_is_told_from_one_of_the_wrong_type(temperature: str, wanted: str) -> None:
    fields = {"file": "RIFF", "model": "m", "temperature": temperature}
    parts = (f'--b\r\nContent-Disposition: form-data; name="{name}"\r\n\r\n{text}\r\n' for name, text in fields.items())
    body = ("".join(parts) + "--b--\r\n").encode()
    sent = Case("POST", "/v1/audio/translations", (("Content-Type", "multipart/form-data; boundary=b"),), body)
    (wrong,) = examine(CONTRACT, CONTRACT.operation("audio-translations"), sent).wrongs
    assert wrong.message.endswith(wanted)


def test_odd_requests_cover_what_random_ones_find_late() -> None:
    op = CONTRACT.operation("chat-completions")
    example = case(op.request_example())
    told = [one.what for one in odd_cases(CONTRACT, op, example)]
    for what in (
        *("temperature is 0", "temperature is above its range", "max_tokens is 4.0"),
        *("messages is an empty list", "messages holds null"),
    ):
        assert what in told
    assert any("U+0000" in what for what in told)
    assert len(told) < 70


def test_what_vendors_refuse_is_not_asked_of_every_hub() -> None:
    for name in ("chat-completions", "claude-messages", "responses-create"):
        op = CONTRACT.operation(name)
        example = case(op.request_example(), op.path)
        sure = {one.what for one in odd_cases(CONTRACT, op, example) if one.independent}
        assert "temperature is 0" in sure
        assert "a member that no schema names" not in sure
        assert "max_output_tokens is 1" not in sure


def test_a_request_gets_as_small_as_its_finding_allows() -> None:
    big = {**CHAT, "temperature": 0, "user": "x" * 200, "stop": ["a", "b"], "metadata": {"a": 1}}
    asked: list[bytes] = []

    async def still(candidate: Case) -> bool:
        asked.append(candidate.body)
        return json.loads(candidate.body).get("temperature") == 0

    smallest, minimal = asyncio.run(shrink(case(big, "/v1/chat/completions?a=1"), still, 100))
    assert json.loads(smallest.body) == {"temperature": 0}
    assert smallest.path == "/v1/chat/completions"
    assert minimal
    asked.clear()
    _, minimal = asyncio.run(shrink(case(big), still, 3))
    assert (len(asked), minimal) == (3, False)


def test_a_sample_takes_one_of_each_kind_first() -> None:
    cases = [Case("GET", f"/{kind}/{n}", what=kind) for kind in "abc" for n in range(5)]
    drawn = sample(cases, 4, random.Random(1))
    assert {one.what for one in drawn[:3]} == {"a", "b", "c"}
    assert sample(cases, 4, random.Random(1)) == drawn
    assert len(sample(cases, 99, random.Random(1))) == 15
    assert sample([], 4, random.Random(1)) == []


def test_kept_cases_are_read_again_and_others_passed_over(tmp_path: Path) -> None:
    first = case({"temperature": 0})
    path = keep(tmp_path, "chat-completions", "no-server-error", first, 7)
    assert keep(tmp_path, "chat-completions", "no-server-error", first, 7) == path
    (path.parent / "z.json").write_text("{}", encoding="ascii")
    (found,) = kept(tmp_path, "chat-completions")
    assert (found.body, found.phase) == (first.body, "saved")
    assert kept(tmp_path, "rerank") == []


def record(notes: Notes) -> Record:
    return Record("fuzz_run[chat-completions]", (answer({}),), True, notes=json.loads(json.dumps(notes.to_dict())))


@pytest.mark.parametrize(
    ("operation", "path", "body", "found"),
    [
        ("chat-completions", "/v1/chat/completions", {**CHAT, "stream": True}, ["no stream"]),
        ("gemini-generate-content", "/v1beta/models/m:generateContent?alt=sse", {"contents": []}, []),
    ],
)
def test_a_whole_answer_in_place_of_a_stream_is_a_finding_where_the_body_asks(
    operation: str, path: str, body: Any, found: list[str]
) -> None:
    op, asked_for = CONTRACT.operation(operation), case(body, path)
    plain = answer({})
    request = replace(plain.request, url=f"http://127.0.0.1:1{path}", body=asked_for.body)
    asked = Asked(CONTRACT, op, asked_for, examine(CONTRACT, op, asked_for), replace(plain, request=request))
    assert [finding.code for finding in stream_framing(asked) or ()] == found


def test_judges_say_what_notes_say() -> None:
    notes = Notes(1, "quick", requests=3)
    with pytest.raises(NotTestable):
        judge(record(notes), "answered")
    notes.stop, notes.given_up = "it took longer than 150 s", True
    with pytest.raises(Inconclusive, match="150 s"):
        judge(record(notes), "answered")
    notes.ran["answered"] = 2
    judge(record(notes), "answered")
    with pytest.raises(Inconclusive):
        judge(record(Notes(1, "quick", stop="no budget")), "answered")
    with pytest.raises(NotOffered):
        judge(record(Notes(1, "quick", unserved="HTTP 404")), "answered")
    for got in ("HTTP 500", "HTTP 502"):
        notes.findings.append(Noted("answered", got, "an answer", got, "", 0, "odd", "odd"))
    with pytest.raises(
        Broken, match=r"HTTP 500; first with \"odd\", --fuzz quick --fuzz-seed 1 .and 1 more of this kind: HTTP 502"
    ):
        judge(record(notes), "answered")


@pytest.mark.parametrize(
    "text",
    [
        'Traceback (most recent call last):\n  File "a.py", line 1',
        "Error: x\n    at Object.<anonymous> (/srv/app/index.js:10:5)",
        "panic: runtime error: index out of range [0]\n\ngoroutine 7 [running]:",
        "java.lang.NullPointerException\n\tat com.acme.Hub.relay(Hub.java:42)",
        'pq: invalid byte sequence for encoding "UTF8": 0x00',
        "Fatal error: Uncaught TypeError in /var/www/hub.php on line 3",
    ],
)
def test_the_inside_of_a_server_is_recognised(text: str) -> None:
    assert inside_shown(text)


@pytest.mark.parametrize("text", ["", "temperature must be at most 2", "look at line 4 of your file", "panic not"])
def test_ordinary_errors_are_not_taken_for_it(text: str) -> None:
    assert inside_shown(text) is None
