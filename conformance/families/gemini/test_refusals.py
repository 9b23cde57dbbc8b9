"""Requests that no hub can serve as they stand, and the Google error envelope."""

from __future__ import annotations

from collections.abc import Iterator
from typing import Any

from conformance.engine.judge import expect, not_testable, nothing_here
from conformance.engine.kit.reading import expect_client_error
from conformance.engine.kit.refusals import error_of
from conformance.engine.kit.replies import is_count
from conformance.engine.requirement import requirement
from conformance.families.gemini.reading import Evidence
from conformance.wire.exchange import Exchange

STATUS_WORDS = {
    "INVALID_ARGUMENT": 400,
    "FAILED_PRECONDITION": 400,
    "OUT_OF_RANGE": 400,
    "UNAUTHENTICATED": 401,
    "PERMISSION_DENIED": 403,
    "NOT_FOUND": 404,
    "ALREADY_EXISTS": 409,
    "ABORTED": 409,
    "RESOURCE_EXHAUSTED": 429,
    "CANCELLED": 499,
    "INTERNAL": 500,
    "UNKNOWN": 500,
    "DATA_LOSS": 500,
    "UNIMPLEMENTED": 501,
    "UNAVAILABLE": 503,
    "DEADLINE_EXCEEDED": 504,
}
OTHER_CLIENT_ERRORS = ("INVALID_ARGUMENT", "FAILED_PRECONDITION", "UNIMPLEMENTED")
"""Words that go with 4xx statuses which have none of their own (405, 413, 415, 422)."""


@requirement("gemini.refusal.contents-missing")
def test_missing_contents_are_refused(gemini_wrong_stream: Exchange) -> None:
    expect_client_error(gemini_wrong_stream)


@requirement("gemini.refusal.max-tokens-type")
def test_text_as_max_output_tokens_is_refused(gemini_wrong: Exchange) -> None:
    expect_client_error(gemini_wrong)


@requirement("gemini.error.google")
def test_refusals_have_the_google_envelope(any_gemini_refusal: Evidence) -> None:
    for exchange, error in _errors(any_gemini_refusal):
        whole = is_count(error.get("code")) and all(isinstance(error.get(n), str) for n in ("message", "status"))
        expect(whole, "code (a number), message and status", error, "/error", exchange)


@requirement("gemini.error.code")
def test_code_is_the_http_status(any_gemini_refusal: Evidence) -> None:
    for exchange, error in _google_errors(any_gemini_refusal):
        code = error.get("code")
        expect(code == exchange.status and is_count(code), f"{exchange.status}", code, "/error/code", exchange)


@requirement("gemini.error.status")
def test_status_word_goes_with_the_http_status(any_gemini_refusal: Evidence) -> None:
    for exchange, error in _google_errors(any_gemini_refusal):
        word, status = error["status"], exchange.status
        wanted = [name for name, code in STATUS_WORDS.items() if code == status] or list(OTHER_CLIENT_ERRORS)
        expect(word in wanted, f"one of {', '.join(wanted)} with HTTP {status}", word, "/error/status", exchange)


@requirement("gemini.error.details")
def test_details_say_what_they_are(gemini_wrong: Exchange) -> None:
    found = [
        (exchange, number, entry)
        for exchange, error in _errors((gemini_wrong,))
        for number, entry in enumerate(error["details"] if isinstance(error.get("details"), list) else [])
    ]
    if not found:
        nothing_here("no error has details")
    for exchange, number, entry in found:
        typed = isinstance(entry, dict) and isinstance(entry.get("@type"), str)
        expect(typed, "an @type in every entry", entry, f"/error/details/{number}", exchange)


def _google_errors(conversation: Evidence) -> Iterator[tuple[Exchange, dict[str, Any]]]:
    """The errors in the Google envelope, told by their status word."""
    found = [(exchange, error) for exchange, error in _errors(conversation) if isinstance(error.get("status"), str)]
    yield from found or not_testable("no refusal has the Google envelope")


def _errors(conversation: Evidence) -> list[tuple[Exchange, dict[str, Any]]]:
    found = [(exchange, error) for exchange in conversation if (error := error_of(exchange)) is not None]
    return found or not_testable("no request was refused with an error object")
