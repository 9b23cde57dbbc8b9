"""Faults that odd requests bring to light: each hub here behaves well until something unusual is asked.

They are proven over the wire and not on recorded evidence, because what finds them is the search itself.
"""

import json
import re
from collections.abc import Callable
from typing import Any

from conformance.hub.faults.base import Ask, Reply, Spoil, fault

Condition = Callable[[Ask], bool]
CHAT = "chat-completions"
TRACEBACK = (
    'Traceback (most recent call last):\n  File "/srv/hub/relay.py", line 211, in relay\n'
    "    tokens = count(request.messages)\nRecursionError: maximum recursion depth exceeded"
)
WHOLE_FRACTION = re.compile(rb'"(?:max_tokens|n|top_n|max_completion_tokens)": ?\d+\.0\b')


def _chat(ask: Ask, name: str, *values: Any) -> bool:
    body = ask.json if ask.operation == CHAT else None
    return body is not None and name in body and any(body[name] == value for value in values)


def _error(status: int, message: str) -> bytes:
    kind = "server_error" if status >= 500 else "invalid_request_error"
    error = {"message": message, "type": kind, "param": None, "code": None}
    return json.dumps({"error": error}).encode()


def _refuse(reply: Reply, status: int, message: str = "The hub failed.") -> Reply:
    plain = reply.with_status(status).with_header("content-type", "application/json")
    return plain.with_pieces([(0.0, _error(status, message))], end=0.0).without_header("transfer-encoding")


def _answers(ask: Ask, reply: Reply) -> bool:
    return ask.operation == CHAT and reply.status == 200 and not reply.is_stream and ask.method == "POST"


def _empty_list(value: Any) -> bool:
    if isinstance(value, dict):
        return any(map(_empty_list, value.values()))
    return isinstance(value, list) and (not value or any(map(_empty_list, value)))


def _fails_when(condition: Condition) -> Spoil:
    return lambda ask, reply: _refuse(reply, 500) if condition(ask) and reply.status != 401 else reply


SERVER_ERRORS: dict[str, tuple[str, Condition, str]] = {
    "zero-temperature": (
        "A temperature of zero, taken for a missing one, ends in a division by zero.",
        lambda ask: _chat(ask, "temperature", 0),
        "a falsy zero taken for absent is a common slip of dynamic languages",
    ),
    "nul-in-text": (
        "U+0000 in a text reaches a database that does not take it.",
        lambda ask: ask.operation == CHAT and b"\\u0000" in ask.body,
        "PostgreSQL: text values cannot hold a zero byte",
    ),
    "half-character": (
        "Half of a surrogate pair reaches an encoder that does not take it.",
        lambda ask: ask.operation == CHAT and b"\\ud800" in ask.body,
        "Python: UnicodeEncodeError, surrogates not allowed",
    ),
    "fraction-of-zero": (
        "An integer that is spelled 4.0 is not one for the code behind the validation.",
        lambda ask: ask.operation == CHAT and bool(WHOLE_FRACTION.search(ask.body)),
        "JSON Schema 2020-12: a number with a zero fraction is an integer; Go: json: cannot unmarshal number 4.0",
    ),
    "empty-list": (
        "An empty list is looked into without looking whether something is in it.",
        lambda ask: ask.operation == CHAT and _empty_list(ask.json),
        "index out of range is among the commonest panics of gateways",
    ),
    "null-in-list": (
        "A null in a list is taken for an object.",
        lambda ask: ask.operation == CHAT and b"[null]" in ask.body,
        "nil pointer dereference is among the commonest panics of gateways",
    ),
    "deep-body": (
        "Objects in objects bring the parser to the end of its stack.",
        lambda ask: ask.operation == CHAT and ask.body.count(b"{") > 200,
        "RecursionError in recursive parsers",
    ),
    "long-id": (
        "A long id does not fit its column, and the database's refusal comes through.",
        lambda ask: ask.operation == "files-retrieve" and len(ask.path) > 1000,
        "value too long for type character varying",
    ),
    "body-is-null": (
        "A body of null is taken for an object.",
        lambda ask: ask.operation == CHAT and ask.body == b"null",
        "null is valid JSON, and many frameworks pass it on",
    ),
}


def _register_server_errors() -> None:
    for name, (sentence, condition, source) in SERVER_ERRORS.items():
        fault(f"fuzz.{name}", sentence, "fuzz.no-server-error", source=source)(_fails_when(condition))


_register_server_errors()


@fault(
    "fuzz.deep-body-breaks",
    "Objects in objects end the process, and with it the connection.",
    "fuzz.answered",
    source="stack overflows are not caught by a handler",
)
def deep_body_breaks(ask: Ask, reply: Reply) -> Reply:
    if ask.operation != CHAT or ask.body.count(b"{") <= 200:
        return reply
    return Reply(
        200, (("content-type", "application/json"), ("content-length", "400")), ((0.0, b'{"id"'),), 0.0, cut=True
    )


@fault(
    "fuzz.undocumented-status",
    "An empty list of messages is refused with a status that nobody documents.",
    "fuzz.status-documented",
    source="FastAPI answers 422 where its routes document nothing of the kind",
)
def undocumented_status(ask: Ask, reply: Reply) -> Reply:
    return reply.with_status(422) if ask.operation == CHAT and _empty_list(ask.json) and reply.status == 400 else reply


@fault(
    "fuzz.page-for-bad-json",
    "A body that is no JSON is refused with a web page.",
    "fuzz.content-type-documented",
    "fuzz.error-envelope",
    source="default error handlers of web frameworks",
)
def page_for_bad_json(ask: Ask, reply: Reply) -> Reply:
    if ask.operation != CHAT or reply.status != 400 or ask.json is not None:
        return reply
    return reply.with_header("content-type", "text/html; charset=utf-8").with_body(b"<h1>400 Bad Request</h1>")


@fault(
    "fuzz.bare-error",
    "A wrong type is refused in the framework's own format instead of the envelope.",
    "fuzz.error-envelope",
    source="FastAPI: {detail: [...]}; field reports on every hub that is written with it",
)
def bare_error(ask: Ask, reply: Reply) -> Reply:
    if ask.operation != CHAT or reply.status != 400 or ask.json is None:
        return reply
    return reply.with_json({"detail": [{"loc": ["body"], "msg": "Input should be valid", "type": "type_error"}]})


@fault(
    "fuzz.traceback-in-error",
    "What cannot be parsed comes back with the parser's stack trace.",
    "fuzz.no-internals",
    source="CWE-209",
)
def traceback_in_error(ask: Ask, reply: Reply) -> Reply:
    if ask.operation != CHAT or reply.status != 400 or ask.body.count(b"{") <= 200:
        return reply
    return reply.with_body(_error(400, TRACEBACK))


@fault(
    "fuzz.token-in-error",
    "An error about an unknown model repeats the whole request, headers included.",
    "fuzz.token-not-repeated",
    source="CWE-532 and CWE-209; seen in debug output of proxies",
)
def token_in_error(ask: Ask, reply: Reply) -> Reply:
    if ask.operation != CHAT or reply.status != 404:
        return reply
    return reply.with_body(_error(404, f"no channel for this request: {dict(ask.headers)}"))


@fault(
    "fuzz.lenient-types",
    "A member of the wrong type is passed over, and the request served.",
    "fuzz.malformed-refused",
    also={"fuzz.bad-value-refused": "what looks at no type looks at no range either"},
    source="map[string]interface{} in front of a model that takes anything",
    stateful=True,
)
def lenient_types() -> Spoil:
    served: list[Reply] = []

    def spoil(ask: Ask, reply: Reply) -> Reply:
        if _answers(ask, reply):
            served.append(reply)
        invalid = ask.operation == CHAT and reply.status == 400 and ask.json is not None and ask.method == "POST"
        return served[0] if invalid and served else reply

    return spoil


@fault(
    "fuzz.lenient-range",
    "A temperature far out of its range is served.",
    "fuzz.bad-value-refused",
    source="values that are handed on unseen",
    stateful=True,
)
def lenient_range() -> Spoil:
    served: list[Reply] = []

    def spoil(ask: Ask, reply: Reply) -> Reply:
        if _answers(ask, reply):
            served.append(reply)
        value = (ask.json or {}).get("temperature") if ask.operation == CHAT else None
        number = isinstance(value, int | float) and not isinstance(value, bool)
        return served[0] if number and reply.status == 400 and served else reply

    return spoil


@fault(
    "fuzz.zero-refused",
    "A temperature of zero is refused, as if it were missing.",
    "fuzz.valid-input-accepted",
    source="a falsy zero taken for absent",
)
def zero_refused(ask: Ask, reply: Reply) -> Reply:
    if not _chat(ask, "temperature", 0) or not _answers(ask, reply):
        return reply
    return _refuse(reply, 400, "temperature is required")


@fault(
    "fuzz.fraction-refused",
    "An integer that is spelled 4.0 is refused.",
    "fuzz.valid-input-accepted",
    source="JSON Schema 2020-12 Validation section 6.1.1; Go: json: cannot unmarshal number 4.0 into int",
)
def fraction_refused(ask: Ask, reply: Reply) -> Reply:
    if not _answers(ask, reply) or not WHOLE_FRACTION.search(ask.body):
        return reply
    return _refuse(reply, 400, "max_tokens must be an integer")


@fault(
    "fuzz.open-streams",
    "Streams are served without a credential.",
    "fuzz.auth-enforced",
    source="a branch for streams in front of the check",
    stateful=True,
)
def open_streams() -> Spoil:
    served: list[Reply] = []

    def spoil(ask: Ask, reply: Reply) -> Reply:
        if ask.operation == CHAT and reply.is_stream and reply.status == 200:
            served.append(reply)
        return served[0] if ask.streams and reply.status == 401 and served else reply

    return spoil


@fault(
    "fuzz.any-method",
    "Chat is served whatever the method is.",
    "fuzz.unsupported-method",
    also={"fuzz.auth-enforced": "the route without methods stands in front of the check"},
    source="routes that are registered for any method",
    stateful=True,
)
def any_method() -> Spoil:
    served: list[Reply] = []

    def spoil(ask: Ask, reply: Reply) -> Reply:
        if _answers(ask, reply):
            served.append(reply)
        return served[0] if ask.operation == CHAT and reply.status == 405 and served else reply

    return spoil


@fault(
    "fuzz.silent-405",
    "A 405 does not say which methods there are.",
    "fuzz.allow-header",
    source="RFC 9110 section 15.5.6",
)
def silent_405(_ask: Ask, reply: Reply) -> Reply:
    return reply.without_header("allow") if reply.status == 405 else reply


@fault(
    "fuzz.any-id",
    "Whatever id is asked for is said to be a task in the queue.",
    "fuzz.unknown-id-refused",
    source="a cache that makes the entry it does not find",
)
def any_id(ask: Ask, reply: Reply) -> Reply:
    if ask.operation != "videos-retrieve" or reply.status != 404:
        return reply
    task = {"id": ask.path.rpartition("/")[2], "object": "video", "model": "sora-2", "status": "queued", "progress": 0}
    return reply.with_status(200).with_json({**task, "created_at": 1_760_000_000})


@fault(
    "fuzz.lost-task",
    "A task that was just given out is not found.",
    "fuzz.created-is-found",
    also={
        f"fuzz.{name}": "the answer is not the one that the contract has for it"
        for name in ("answer-fits-schema", "status-documented")
    },
    source="instances of a hub that do not share their tasks",
)
def lost_task(ask: Ask, reply: Reply) -> Reply:
    if ask.operation != "videos-retrieve" or reply.status != 200:
        return reply
    return reply.with_status(404).with_json({"code": "task_not_exist", "message": "task_not_exist", "data": None})


@fault(
    "fuzz.nan-in-answer",
    "With top_p at zero a probability comes out as NaN, and is written as such.",
    "fuzz.strict-json",
    source="Python's json.dumps writes NaN by default",
)
def nan_in_answer(ask: Ask, reply: Reply) -> Reply:
    if not _answers(ask, reply) or not _chat(ask, "top_p", 0):
        return reply
    return reply.with_json({**reply.json, "score": float("nan")})


@fault(
    "fuzz.short-answer",
    "With one token to spend there is no choice in the answer.",
    "fuzz.answer-fits-schema",
    source="choices left out when a model returns nothing",
)
def short_answer(ask: Ask, reply: Reply) -> Reply:
    if not _answers(ask, reply) or not _chat(ask, "max_tokens", 1):
        return reply
    return reply.with_json({name: value for name, value in reply.json.items() if name != "choices"})


def _stream_at_low_end(ask: Ask, reply: Reply) -> bool:
    return ask.operation == CHAT and reply.is_stream and _chat(ask, "max_tokens", 1)


@fault(
    "fuzz.short-stream-unended",
    "A stream of one token ends without its terminator.",
    "fuzz.stream-terminated",
    source="an early return that forgets [DONE]",
)
def short_stream_unended(ask: Ask, reply: Reply) -> Reply:
    if not _stream_at_low_end(ask, reply):
        return reply
    return reply.with_events([(at, data) for at, data in reply.events if data != "[DONE]"], reply.end)


@fault(
    "fuzz.stream-torn-by-text",
    "Text of many scripts is written into a stream without being encoded, and tears its lines.",
    "fuzz.stream-framing",
    source="events that are joined from strings",
)
def stream_torn_by_text(ask: Ask, reply: Reply) -> Reply:
    if ask.operation != CHAT or not reply.is_stream or ask.body.isascii():
        return reply
    return reply.with_events([(at, data[:-2] if data != "[DONE]" else data) for at, data in reply.events], reply.end)


@fault(
    "fuzz.short-stream-chunk",
    "A stream of one token has chunks whose choices are no list.",
    "fuzz.stream-events-fit",
    source="null for an empty list",
)
def short_stream_chunk(ask: Ask, reply: Reply) -> Reply:
    if not _stream_at_low_end(ask, reply):
        return reply
    return reply.map_chunks(lambda chunk: {**chunk, "choices": None})
