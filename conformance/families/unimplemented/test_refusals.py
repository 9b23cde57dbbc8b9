"""Judges of how operations are refused that nobody has built."""

from __future__ import annotations

from typing import Any
from urllib.parse import urlsplit

from conformance.engine.contract import load_contract
from conformance.engine.judge import NotOffered, Words, expect, not_testable
from conformance.engine.requirement import requirement
from conformance.wire.exchange import Exchange

NOT_IMPLEMENTED = 501
NO_CONTENT = 204
NO_SUCH_ROUTE = (404, 405)


def _status(exchange: Exchange) -> Words:
    return Words(f"HTTP {exchange.status}: {exchange.text[:160]!r}")


def _is_refusal(exchange: Exchange) -> bool:
    return exchange.status is not None and (400 <= exchange.status < 500 or exchange.status == NOT_IMPLEMENTED)


def _refused(exchange: Exchange) -> Exchange:
    if exchange.status == 401:
        not_testable("the hub answered 401: it does not take the token here, which `auth` judges")
    if not _is_refusal(exchange):
        not_testable(f"the hub answered {exchange.status}, which another sentence judges")
    return exchange


def _error(exchange: Exchange) -> dict[str, Any]:
    value = exchange.json if exchange.is_json else None
    error = value.get("error") if isinstance(value, dict) else None
    if not isinstance(error, dict):
        not_testable("the refusal has no error object, which another sentence judges")
    return error


@requirement("unimplemented.refused")
def test_it_is_refused(unimplemented_call: Exchange) -> None:
    right = _is_refusal(unimplemented_call) or _is_served(unimplemented_call)
    expect(right, "HTTP 501, or at least 4xx", _status(unimplemented_call))


def _is_served(exchange: Exchange) -> bool:
    """Whether the hub does what the documents say that nobody has built."""
    told = bool(exchange.body.strip()) or exchange.status == NO_CONTENT
    return exchange.ok and exchange.media_type != "text/html" and told


@requirement("unimplemented.not-served")
def test_it_is_not_served(unimplemented_call: Exchange) -> None:
    got = Words(f"an answer: {unimplemented_call.text[:160]!r}")
    expect(not _is_served(unimplemented_call), "HTTP 501, as the documents say", got)


@requirement("unimplemented.status")
def test_it_is_refused_with_501(unimplemented_call: Exchange, unimplemented_files: Exchange) -> None:
    refusal = _built_by_nobody(_refused(unimplemented_call), unimplemented_files)
    expect(refusal.status == NOT_IMPLEMENTED, "HTTP 501", _status(refusal))


def _built_by_nobody(exchange: Exchange, files: Exchange) -> Exchange:
    """The exchange, unless it may be about a file that is not there, of a hub that does keep files."""
    path = urlsplit(files.request.url).path
    if exchange.status == 404 and _is_served(files) and urlsplit(exchange.request.url).path.startswith(f"{path}/"):
        not_testable("the hub keeps files: this may be about the one that was asked for")
    return exchange


@requirement("unimplemented.envelope")
def test_the_refusal_has_the_envelope(unimplemented_call: Exchange) -> None:
    refusal = _refused(unimplemented_call)
    op = load_contract().operation(str(refusal.request.operation))
    violations = load_contract().violations(op.error_schema, refusal.json) if refusal.is_json else None
    if violations != [] and refusal.status in NO_SUCH_ROUTE:
        raise NotOffered("the hub has no such path; `errors.unknown-route` judges how it says so")
    expect(violations is not None, f"a JSON body that fits {op.error_schema}", _status(refusal))
    shown = Words("; ".join(str(one) for one in (violations or [])[:3]))
    expect(not violations, f"the error envelope {op.error_schema}", shown, violations[0].pointer if violations else "")


@requirement("unimplemented.code")
def test_the_refusal_has_a_code(unimplemented_call: Exchange) -> None:
    if unimplemented_call.status != NOT_IMPLEMENTED:
        not_testable("the refusal is no 501, which another sentence judges")
    code = _error(unimplemented_call).get("code")
    expect(isinstance(code, str) and code.strip(), "a word such as not_implemented", code, "/error/code")


@requirement("unimplemented.alike")
def test_all_are_refused_alike(
    unimplemented_other: Exchange, unimplemented_first: Exchange, unimplemented_files: Exchange
) -> None:
    _built_by_nobody(unimplemented_other, unimplemented_files)
    wanted, got = _manner(unimplemented_first), _manner(unimplemented_other)
    path = load_contract().operation(str(unimplemented_first.request.operation)).path
    expect(got == wanted, f"{wanted} as at {path}", got, exchange=unimplemented_other)


def _manner(exchange: Exchange) -> Words:
    error = _error(_refused(exchange))
    return Words(f"HTTP {exchange.status}, type {error.get('type')!r}, code {error.get('code')!r}")


@requirement("unimplemented.no-retry")
def test_clients_are_told_not_to_repeat_it(unimplemented_call: Exchange) -> None:
    if unimplemented_call.status != NOT_IMPLEMENTED:
        not_testable("the refusal is no 501, which another sentence judges")
    value = unimplemented_call.header("x-should-retry")
    got = value or Words("no such header")
    expect((value or "").strip().lower() == "false", "false", got, "x-should-retry")
