"""Requests that no hub can serve as they stand, and the envelope of their refusals."""

from __future__ import annotations

from conformance.engine.contract import load_contract
from conformance.engine.judge import Words, expect, not_testable
from conformance.engine.kit.reading import expect_client_error
from conformance.engine.kit.refusals import error_of, reply_to
from conformance.engine.requirement import requirement
from conformance.families.claude.probes import WRONGS
from conformance.families.claude.reading import Evidence
from conformance.wire.exchange import Exchange

TYPES = {
    400: "invalid_request_error",
    401: "authentication_error",
    402: "billing_error",
    403: "permission_error",
    404: "not_found_error",
    409: "conflict_error",
    413: "request_too_large",
    429: "rate_limit_error",
    500: "api_error",
    504: "timeout_error",
    529: "overloaded_error",
}
"""What the vendor calls an error of each status; other statuses have no word of their own."""


@requirement("claude.refusal.max-tokens-missing")
def test_missing_limit_is_refused(claude_wrong: Evidence) -> None:
    expect_client_error(reply_to(claude_wrong, WRONGS, "max_tokens"))


@requirement("claude.refusal.messages-missing")
def test_missing_messages_are_refused(claude_wrong: Evidence) -> None:
    expect_client_error(reply_to(claude_wrong, WRONGS, "messages"))


@requirement("claude.error.envelope")
def test_refusals_have_the_envelope_of_the_format(claude_wrong: Evidence) -> None:
    for exchange in _refused(claude_wrong):
        violations = load_contract().violations("ClaudeErrorResponse", exchange.json)
        got = Words("; ".join(str(violation) for violation in violations))
        expect(not violations, "an object with type error and an error with type and message", got, "", exchange)


@requirement("claude.error.type")
def test_type_says_the_same_as_the_status(claude_wrong: Evidence) -> None:
    _expect_types(claude_wrong)


@requirement("claude.error.type")
def test_type_of_an_unknown_model_says_the_same(claude_unknown_model: Evidence) -> None:
    _expect_types(claude_unknown_model)


def _expect_types(evidence: Evidence) -> None:
    judged = 0
    for exchange in _refused(evidence):
        error = error_of(exchange)
        wanted = TYPES.get(exchange.status or 0)
        if error is not None and wanted is not None and "type" in error:
            judged += 1
            kind = error["type"]
            expect(kind == wanted, f"{wanted}, because the status is {exchange.status}", kind, "/error/type", exchange)
    if not judged:
        not_testable("no refusal has an error with a type, which another sentence judges")


@requirement("claude.error.request-id")
def test_error_repeats_the_request_id(claude_wrong: Evidence) -> None:
    pairs = [(e, e.json.get("request_id"), e.header("request-id")) for e in _refused(claude_wrong) if _is_object(e)]
    told = [(exchange, inside, outside) for exchange, inside, outside in pairs if inside and outside]
    if not told:
        not_testable("no refusal has a request id both in the body and in the header request-id")
    for exchange, inside, outside in told:
        expect(inside == outside, f"{outside}, as in the header request-id", inside, "/request_id", exchange)


def _is_object(exchange: Exchange) -> bool:
    return isinstance(exchange.json, dict)


def _refused(evidence: Evidence) -> list[Exchange]:
    """The refusals with a JSON body."""
    found = [e for e in evidence if e.status is not None and e.status >= 400 and e.is_json]
    return found or not_testable("no request was refused with a JSON body; `errors.envelope` judges that")
