"""What no answer may look like, whatever was asked: plain functions on a request, what the contract says of it, and the
exchange. Each says whether it applies, and what it finds.
"""

from __future__ import annotations

import re
from collections.abc import Callable, Iterator
from dataclasses import dataclass

from conformance.engine.contract import Contract, Operation, Violation
from conformance.engine.judge import show
from conformance.engine.kit.streams import (
    EVENT_STREAM,
    TERMINALS,
    asks_for_stream,
    event_data_schema,
    is_terminal,
    is_terminator,
    value_of,
)
from conformance.fuzz.case import JSON_TYPE, Aim, Case
from conformance.fuzz.odd import id_parameters
from conformance.fuzz.validity import MALFORMED, Fit, Validity, path_values
from conformance.wire.exchange import End, Exchange, json_irregularities
from conformance.wire.leaks import inside_shown
from conformance.wire.redact import marker_in
from conformance.wire.sse import Kind

OF_HTTP = frozenset({405, 406, 408, 411, 413, 414, 415, 417, 421, 426, 431, 505, 511})
"""Statuses by which a server speaks of the message itself; no operation needs to document them."""
PASSING = frozenset({502, 503, 504})
"""Statuses of a moment: they count when the same request brings them again."""
NOT_OF_THE_VALUE = frozenset({0, 401, 402, 403, 404, 429})
"""No answer, or refusals for what is asked by whom, how often, and of which model: not for a value in the request."""
BROKEN_JSON = ("bom", "invalid-utf8", "not-json", "trailing-data", "nan", "empty", "lone-surrogate", "duplicate-keys")
BODILESS = (204, 205, 304)
BREAKS_FRAMING = (Kind.bom, Kind.invalid_utf8, Kind.unknown_field, Kind.event_without_data)


@dataclass(frozen=True)
class Asked:
    """A request, what the contract says of it, and what came back."""

    contract: Contract
    operation: Operation
    case: Case
    validity: Validity
    exchange: Exchange

    @property
    def status(self) -> int:
        """The status, 0 when none came."""
        return self.exchange.status or 0

    @property
    def has_body(self) -> bool:
        """Whether a body may be expected."""
        return self.exchange.request.method != "HEAD" and self.status not in BODILESS

    @property
    def is_json(self) -> bool:
        """Whether the answer is labelled as JSON."""
        return self.exchange.media_type == JSON_TYPE or self.exchange.media_type.endswith("+json")

    @property
    def is_stream(self) -> bool:
        """Whether the answer is the event stream that was asked for."""
        asked = asks_for_stream(self.operation, self.exchange.request)
        return asked and self.exchange.ok and self.exchange.media_type == EVENT_STREAM


@dataclass(frozen=True)
class Finding:
    """One broken sentence. `code` tells kinds of breaks of one check apart."""

    check: str
    code: str
    expected: str
    got: str
    at: str = ""

    @property
    def key(self) -> tuple[str, str, str]:
        """The same for the same break, whatever the values and list positions are."""
        return self.check, self.code, re.sub(r"\d+", "*", self.at)


Check = Callable[[Asked], Iterator[Finding] | None]
"""Gives the findings; None when the check does not apply."""
CHECKS: dict[str, Check] = {}


def check(name: str) -> Callable[[Check], Check]:
    """Register a check; its name is the last word of its requirement's id."""

    def register(function: Check) -> Check:
        CHECKS[name] = function
        return function

    return register


def run_checks(asked: Asked) -> Iterator[tuple[str, list[Finding]]]:
    """Every check that applies, with its findings."""
    for name, function in CHECKS.items():
        found = function(asked)
        if found is not None:
            yield name, list(found)


def _one(finding: Finding | None) -> Iterator[Finding]:
    return iter(() if finding is None else (finding,))


def _http(asked: Asked) -> str:
    kind = f" ({asked.exchange.media_type})" if asked.exchange.media_type else ""
    return f"HTTP {asked.status}{kind}"


def _violation(name: str, what: str, found: Violation, at: str) -> Finding:
    return Finding(name, found.keyword, what, f"{found.pointer or 'the whole value'} {found.message}", at)


@check("answered")
def answered(asked: Asked) -> Iterator[Finding] | None:
    """A whole answer comes."""
    exchange = asked.exchange
    if exchange.end in (End.refused, End.too_large):
        return None
    fine = exchange.answered and exchange.end is End.complete
    return _one(None if fine else Finding("answered", str(exchange.end), "a whole answer", exchange.problem))


@check("no-server-error")
def no_server_error(asked: Asked) -> Iterator[Finding] | None:
    """No 5xx; a 501 says that something is not there, and is no accident."""
    if not asked.status:
        return None
    fine = asked.status < 500 or asked.status == 501
    found = Finding("no-server-error", str(asked.status), "no 5xx, whatever the request is", _got_error(asked))
    return _one(None if fine else found)


def _got_error(asked: Asked) -> str:
    words = asked.exchange.text.strip()
    return f"HTTP {asked.status}: {show(words[:200])}" if words else f"HTTP {asked.status} with an empty body"


@check("status-documented")
def status_documented(asked: Asked) -> Iterator[Finding] | None:
    """The status is documented for the operation, or one by which HTTP speaks of the message itself."""
    accident = asked.status >= 500 and asked.status != 501
    if not asked.status or accident or asked.case.aim is not Aim.DATA or not asked.validity.plain_path:
        return None
    fine = asked.status in asked.operation.statuses or asked.status in OF_HTTP
    documented = ", ".join(map(str, asked.operation.statuses))
    found = Finding("status-documented", str(asked.status), f"one of {documented}", _http(asked))
    return _one(None if fine else found)


@check("content-type-documented")
def content_type_documented(asked: Asked) -> Iterator[Finding] | None:
    """The media type is documented for the status."""
    documented = asked.operation.response_content_types(asked.status)
    if not documented or not asked.has_body or asked.case.aim is not Aim.DATA or not asked.validity.plain_path:
        return None
    media_type = asked.exchange.media_type
    fine = media_type in documented or f"{media_type.partition('/')[0]}/*" in documented
    wanted, got = " or ".join(documented), asked.exchange.header("content-type") or "no such header"
    code = f"{asked.status // 100}xx"
    return _one(None if fine else Finding("content-type-documented", code, wanted, got, "content-type"))


@check("strict-json")
def strict_json(asked: Asked) -> Iterator[Finding] | None:
    """What is labelled as JSON is one JSON text that every parser reads alike."""
    if not asked.is_json or not asked.has_body or asked.exchange.end is not End.complete:
        return None
    found = [f for f in json_irregularities(asked.exchange.decoded_body) if f.kind in BROKEN_JSON]
    return (Finding("strict-json", f.kind, "one JSON text in UTF-8", f"{f.kind}: {f.detail}", f.pointer) for f in found)


@check("answer-fits-schema")
def answer_fits_schema(asked: Asked) -> Iterator[Finding] | None:
    """A JSON answer fits the documented schema."""
    name = asked.operation.response_schema(asked.status, asked.exchange.media_type)
    if not asked.exchange.ok or not asked.is_json or name is None or not asked.exchange.is_json:
        return None
    if asked.validity.fit is Fit.INVALID:
        return None  # that it was served at all is the finding
    violations = asked.contract.violations(name, asked.exchange.json)
    return (_violation("answer-fits-schema", f"an answer that fits {name}", v, v.pointer) for v in violations)


@check("error-envelope")
def error_envelope(asked: Asked) -> Iterator[Finding] | None:
    """A refusal has the envelope of its format."""
    refused = 400 <= asked.status < 500 or asked.status == 501
    if not refused or asked.case.aim is not Aim.DATA or not asked.validity.plain_path:
        return None
    if asked.status == 429 or not asked.has_body:
        return None
    name = asked.operation.response_schema(asked.status) or asked.operation.error_schema
    if not asked.exchange.is_json:
        got = f"{_http(asked)}: {show(asked.exchange.text[:120])}"
        return _one(Finding("error-envelope", "no JSON", f"a JSON body that fits {name}", got))
    violations = asked.contract.violations(name, asked.exchange.json)
    return (_violation("error-envelope", f"the error envelope {name}", v, v.pointer) for v in violations)


@check("malformed-refused")
def malformed_refused(asked: Asked) -> Iterator[Finding] | None:
    """A request that lacks something required, or has something of the wrong type, is refused."""
    if asked.validity.fit is not Fit.INVALID or not asked.validity.malformed or not asked.status:
        return None
    return _accepted("malformed-refused", asked)


@check("bad-value-refused")
def bad_value_refused(asked: Asked) -> Iterator[Finding] | None:
    """A request with a value that the contract rules out is refused."""
    if asked.validity.fit is not Fit.INVALID or asked.validity.malformed or not asked.status:
        return None
    return _accepted("bad-value-refused", asked)


def _accepted(name: str, asked: Asked) -> Iterator[Finding]:
    if not asked.exchange.ok or asked.exchange.end is not End.complete:
        return
    wrongs = asked.validity.wrongs
    wrong = next((w for w in wrongs if w.keyword in MALFORMED), wrongs[0])
    expected = f"a refusal (4xx), because {wrong.pointer.partition('/')[0]} {_place(wrong)}{wrong.message}"
    yield Finding(name, wrong.keyword, expected, _http(asked), wrong.pointer.removeprefix("body") or "/")


def _place(wrong: Violation) -> str:
    rest = wrong.pointer.partition("/")[2]
    return f"/{rest} " if rest else ""


@check("valid-input-accepted")
def valid_input_accepted(asked: Asked) -> Iterator[Finding] | None:
    """A valid request is served when no value in it depends on the model or on another value."""
    case = asked.case
    if not case.independent or asked.validity.fit is not Fit.VALID or id_parameters(asked.operation):
        return None
    if not asked.operation.implemented or asked.status in NOT_OF_THE_VALUE or asked.status >= 500:
        return None
    got = f"{_http(asked)}: {show(asked.exchange.text[:200])}"
    return _one(
        None if asked.exchange.ok else Finding("valid-input-accepted", case.what, f"an answer ({case.what})", got)
    )


@check("unsupported-method")
def unsupported_method(asked: Asked) -> Iterator[Finding] | None:
    """A method that the path does not have is not served."""
    if asked.case.aim is not Aim.METHOD or asked.case.method in ("OPTIONS", "HEAD") or not asked.status:
        return None
    expected = f"a refusal: the contract has no {asked.case.method} here"
    return _one(Finding("unsupported-method", "served", expected, _http(asked)) if asked.exchange.ok else None)


@check("allow-header")
def allow_header(asked: Asked) -> Iterator[Finding] | None:
    """A 405 says in Allow which methods there are."""
    if asked.status != 405:
        return None
    allowed = [m.strip().upper() for value in asked.exchange.header_all("allow") for m in value.split(",")]
    if not any(allowed):
        return _one(Finding("allow-header", "missing", "an Allow header with the 405", "none", "allow"))
    fine = asked.operation.method in allowed
    expected = f"an Allow header that names {asked.operation.method}"
    return _one(None if fine else Finding("allow-header", "wrong", expected, ", ".join(allowed), "allow"))


@check("unknown-id-refused")
def unknown_id_refused(asked: Asked) -> Iterator[Finding] | None:
    """An id that the hub never gave is refused."""
    ids = id_parameters(asked.operation)
    if not ids or asked.case.method != asked.operation.method or not asked.status or asked.case.phase == "links":
        return None
    given = path_values(asked.operation, asked.exchange.request.url) or path_values(asked.operation, asked.case.path)
    value = (given or {}).get(ids[0])
    if value is None:
        return None
    expected = f"404, because no task or object has the id {show(value[:60])}"
    return _one(Finding("unknown-id-refused", "served", expected, _http(asked)) if asked.exchange.ok else None)


@check("token-not-repeated")
def token_not_repeated(asked: Asked) -> Iterator[Finding] | None:
    """The caller's token is in no answer."""
    if not asked.status:
        return None
    header = next((name for name, value in asked.exchange.headers if marker_in(value)), "")
    where = header or ("the body" if marker_in(asked.exchange.decoded_body) else "")
    found = Finding("token-not-repeated", where, "no copy of the token", "the whole token", where)
    return _one(found if where else None)


@check("no-internals")
def no_internals(asked: Asked) -> Iterator[Finding] | None:
    """An error shows nothing of the server's inside."""
    if asked.status < 400:
        return None
    sign = inside_shown(asked.exchange.text)
    found = sign and Finding("no-internals", sign[0], "an error in words for callers", f"{sign[0]}: {show(sign[1])}")
    return _one(found or None)


@check("stream-framing")
def stream_framing(asked: Asked) -> Iterator[Finding] | None:
    """An event stream is given where it is asked for, and framed as the standard says."""
    wanted = asks_for_stream(asked.operation, asked.exchange.request) and asked.case.aim is Aim.DATA
    if not asked.exchange.ok or not wanted:
        return None
    if asked.exchange.media_type != EVENT_STREAM:
        trigger = asked.operation.streaming.trigger
        if trigger is not None and trigger.where == "query":
            return None  # how much a query parameter binds is a sentence of its own in the family
        return _one(Finding("stream-framing", "no stream", "an event stream", _http(asked), "content-type"))
    return _framing(asked)


def _framing(asked: Asked) -> Iterator[Finding]:
    stream = asked.exchange.event_stream
    for kind in BREAKS_FRAMING:
        for found in stream.of_kind(kind)[:1]:
            got = f"{kind}: {found.detail}" if found.detail else str(kind)
            yield Finding("stream-framing", str(kind), "lines of UTF-8 as the standard words them", got, "")
    for event in stream.events:
        readable = is_terminator(event.data) or value_of(event) is not None
        if not readable or not event.complete:
            got, at = show(event.raw[:160]), f"event {event.number}"
            yield Finding("stream-framing", "payload", "one JSON text, closed by a blank line", got, at)


@check("stream-events-fit")
def stream_events_fit(asked: Asked) -> Iterator[Finding] | None:
    """The events of a stream fit the documented schema."""
    name = event_data_schema(asked.contract, asked.operation)
    if not asked.is_stream or name is None or asked.validity.fit is Fit.INVALID:
        return None
    return _event_violations(asked, name)


def _event_violations(asked: Asked, name: str) -> Iterator[Finding]:
    for event in asked.exchange.events:
        value = value_of(event)
        if value is None or (isinstance(value, dict) and value.get("error")):
            continue
        for found in asked.contract.violations(name, value)[:3]:
            yield _violation(
                "stream-events-fit", f"data that fits {name}", found, f"event {event.number}{found.pointer}"
            )


@check("stream-terminated")
def stream_terminated(asked: Asked) -> Iterator[Finding] | None:
    """A stream shows its end."""
    if not asked.is_stream or asked.exchange.end is not End.complete:
        return None
    kind, events = asked.operation.streaming.kind, asked.exchange.events
    ended = any(is_terminal(kind, event) for event in events)
    got = show(events[-1].data[:160]) if events else "no event at all"
    expected = TERMINALS.get(kind, "a terminal event")
    return _one(None if ended else Finding("stream-terminated", kind, expected, got, "the last event"))
