"""Judges of fuzz runs. What is odd about a request, and how its answer is looked at, stands in `checks`."""

from __future__ import annotations

from conformance.engine.evidence import Record
from conformance.engine.requirement import requirement
from conformance.fuzz.views import judge


@requirement("fuzz.answered")
def test_every_request_gets_a_whole_answer(fuzz_run: Record) -> None:
    judge(fuzz_run, "answered")


@requirement("fuzz.no-server-error")
def test_no_request_is_answered_with_5xx(fuzz_run: Record) -> None:
    judge(fuzz_run, "no-server-error")


@requirement("fuzz.status-documented")
def test_statuses_are_documented(fuzz_run: Record) -> None:
    judge(fuzz_run, "status-documented")


@requirement("fuzz.content-type-documented")
def test_content_types_are_documented(fuzz_run: Record) -> None:
    judge(fuzz_run, "content-type-documented")


@requirement("fuzz.strict-json")
def test_json_is_one_strict_text(fuzz_run: Record) -> None:
    judge(fuzz_run, "strict-json")


@requirement("fuzz.answer-fits-schema")
def test_answers_fit_the_schema(fuzz_served: Record) -> None:
    judge(fuzz_served, "answer-fits-schema")


@requirement("fuzz.error-envelope")
def test_refusals_have_the_envelope(fuzz_run: Record) -> None:
    judge(fuzz_run, "error-envelope")


@requirement("fuzz.malformed-refused")
def test_malformed_requests_are_refused(fuzz_with_body: Record) -> None:
    judge(fuzz_with_body, "malformed-refused")


@requirement("fuzz.bad-value-refused")
def test_bad_values_are_refused(fuzz_with_body: Record) -> None:
    judge(fuzz_with_body, "bad-value-refused")


@requirement("fuzz.valid-input-accepted")
def test_valid_requests_are_served(fuzz_without_id: Record) -> None:
    judge(fuzz_without_id, "valid-input-accepted")


@requirement("fuzz.auth-enforced")
def test_no_request_leads_past_the_credential_check(fuzz_locked: Record) -> None:
    judge(fuzz_locked, "auth-enforced")


@requirement("fuzz.unsupported-method")
def test_other_methods_are_not_served(fuzz_run: Record) -> None:
    judge(fuzz_run, "unsupported-method")


@requirement("fuzz.allow-header")
def test_a_405_names_the_methods(fuzz_run: Record) -> None:
    judge(fuzz_run, "allow-header")


@requirement("fuzz.unknown-id-refused")
def test_unknown_ids_are_refused(fuzz_with_id: Record) -> None:
    judge(fuzz_with_id, "unknown-id-refused")


@requirement("fuzz.created-is-found")
def test_what_was_made_is_found(fuzz_submitting: Record) -> None:
    judge(fuzz_submitting, "created-is-found")


@requirement("fuzz.token-not-repeated")
def test_the_token_is_not_repeated(fuzz_run: Record) -> None:
    judge(fuzz_run, "token-not-repeated")


@requirement("fuzz.no-internals")
def test_errors_show_nothing_of_the_inside(fuzz_run: Record) -> None:
    judge(fuzz_run, "no-internals")


@requirement("fuzz.stream-framing")
def test_streams_are_framed(fuzz_streaming: Record) -> None:
    judge(fuzz_streaming, "stream-framing")


@requirement("fuzz.stream-events-fit")
def test_events_fit_the_schema(fuzz_streaming: Record) -> None:
    judge(fuzz_streaming, "stream-events-fit")


@requirement("fuzz.stream-terminated")
def test_streams_show_their_end(fuzz_streaming: Record) -> None:
    judge(fuzz_streaming, "stream-terminated")
