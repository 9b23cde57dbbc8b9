"""Judges of how callers without a good credential are refused."""

from __future__ import annotations

from conformance.engine.contract import Operation
from conformance.engine.judge import NotOffered, Words, expect, inconclusive, not_testable
from conformance.engine.probe import WRONG_TOKEN, Conversation
from conformance.engine.requirement import requirement
from conformance.everywhere.common import envelope_violations, operation_of, unserved
from conformance.everywhere.errors.views import LOWER_CASE, odd
from conformance.wire.exchange import Exchange
from conformance.wire.redact import CREDENTIAL_HEADERS, marker_in


def _operation(exchange: Exchange) -> Operation:
    op = operation_of(exchange)
    if op is None:
        not_testable("this request is about no operation")
    return op


def _words(op: Operation, google: tuple[int, ...], playground: tuple[int, ...]) -> tuple[int, ...]:
    return {"gemini": google, "api": playground}.get(op.error, (401,))


def _either(statuses: tuple[int, ...]) -> str:
    return "HTTP " + " or ".join(str(status) for status in statuses)


def _status(exchange: Exchange) -> Words:
    kind = f" ({exchange.media_type})" if exchange.media_type else ""
    return Words(f"HTTP {exchange.status}{kind}")


def _needs_to_be_served(exchanges: Conversation) -> None:
    """Stop when the replies may mean that the operation does not exist; a last exchange with the good token tells."""
    strangers = [exchange for exchange in exchanges if not _is_good(exchange)]
    if not all(unserved(exchange) for exchange in strangers):
        return
    if not any(_is_good(exchange) and exchange.ok and not unserved(exchange) for exchange in exchanges):
        raise NotOffered(f"to a stranger the hub answers {_status(strangers[0])}, as if nothing were there")


def _is_good(exchange: Exchange) -> bool:
    return any(marker_in(value) for _, value in exchange.request.headers) or marker_in(exchange.request.url)


def _is_wrong(exchange: Exchange) -> bool:
    return WRONG_TOKEN in exchange.request.url or any(WRONG_TOKEN in value for _, value in exchange.request.headers)


@requirement("auth.missing.refused")
def test_a_stranger_is_refused(strangers: Conversation) -> None:
    _needs_to_be_served(strangers)
    stranger = strangers[0]
    allowed = _words(_operation(stranger), (401, 403), (401, 403))
    expect(stranger.status in allowed, _either(allowed), _status(stranger), exchange=stranger)


@requirement("auth.wrong.refused")
def test_a_wrong_token_is_refused(wrong_tokens: Conversation) -> None:
    _needs_to_be_served(wrong_tokens)
    wrong = next((exchange for exchange in wrong_tokens if _is_wrong(exchange)), None)
    if wrong is None:
        not_testable("the request without credential was served, and the wrong one not sent any more")
    allowed = _words(_operation(wrong), (400, 401, 403), (401, 403))
    expect(wrong.status in allowed, _either(allowed), _status(wrong), exchange=wrong)


@requirement("auth.empty.refused")
def test_an_empty_token_is_refused(auth_empty: Exchange) -> None:
    expect(auth_empty.status == 401, "HTTP 401", _status(auth_empty))


@requirement("auth.malformed.refused")
def test_another_scheme_is_refused(other_schemes: Conversation) -> None:
    _needs_to_be_served(other_schemes)
    expect(other_schemes[0].status in (400, 401, 403), "HTTP 401, 400 or 403", _status(other_schemes[0]))


@requirement("auth.malformed.refused")
def test_a_bare_word_is_refused(isolation_sequence: Conversation) -> None:
    bare = isolation_sequence[0]
    fine = bare.status in (400, 401, 403, 413)
    expect(fine, "HTTP 401, 400 or 403", _status(bare), exchange=bare)


@requirement("auth.detours.closed")
def test_no_detour_leads_past_the_check(auth_detours: Conversation) -> None:
    for exchange in auth_detours:
        open_list = exchange.ok and exchange.is_json and _lists(exchange.json)
        expect(not open_list, "a refusal", Words(f"{_status(exchange)} with a list"), exchange=exchange)


def _lists(value: object) -> bool:
    return isinstance(value, dict) and any(isinstance(value.get(name), list) for name in ("data", "models"))


@requirement("auth.before-body")
def test_the_credential_is_checked_before_the_body(isolation_sequence: Conversation) -> None:
    refusal = isolation_sequence[0]
    if refusal.status == 413:
        not_testable("the body is too large for the hub")
    expect(refusal.status in (401, 403), "HTTP 401", _status(refusal), exchange=refusal)


@requirement("auth.challenge")
def test_a_401_names_a_scheme(auth_refusals: Conversation) -> None:
    unauthorized = [exchange for exchange in auth_refusals if exchange.status == 401]
    if not unauthorized:
        not_testable("nothing was answered with 401")
    for exchange in unauthorized:
        challenges = exchange.header_all("www-authenticate")
        expect(
            any(challenge.strip() for challenge in challenges),
            "a scheme such as Bearer",
            challenges[0] if challenges else Words("no such header"),
            "www-authenticate",
            exchange,
        )


@requirement("auth.refusal.envelope")
def test_a_refused_credential_has_the_envelope_of_its_format(auth_refusals: Conversation) -> None:
    refusals = [exchange for exchange in auth_refusals if exchange.status in (401, 403)]
    if not refusals:
        not_testable("nothing was answered with 401 or 403")
    for exchange in refusals:
        op = _operation(exchange)
        expect(exchange.is_json, f"a JSON body that fits {op.error_schema}", exchange.text, exchange=exchange)
        violations = envelope_violations(exchange, op)
        expect(
            not violations,
            f"the error envelope {op.error_schema}",
            Words("; ".join(str(v) for v in violations[:3])),
            violations[0].pointer if violations else "",
            exchange,
        )


@requirement("auth.wrong-token.not-repeated")
def test_a_wrong_token_is_not_repeated(wrong_tokens: Conversation) -> None:
    for exchange in wrong_tokens:
        where = _place_of(WRONG_TOKEN, exchange)
        expect(not where, "no copy of the token", Words("the whole token"), where, exchange)


def _place_of(token: str, exchange: Exchange) -> str:
    if token in exchange.text:
        return "the body"
    return next((name for name, value in exchange.headers if token in value), "")


@requirement("auth.own-token.not-repeated")
def test_the_good_token_is_not_repeated(every_exchange: Conversation) -> None:
    for exchange in every_exchange:
        where = next((name for name, value in exchange.headers if marker_in(value)), "")
        where = where or ("the body" if marker_in(exchange.decoded_body) else "")
        expect(not where, "no copy of the token", Words("the whole token"), where, exchange)


@requirement("auth.credential-headers.absent")
def test_no_answer_carries_a_credential_header(every_exchange: Conversation) -> None:
    for exchange in every_exchange:
        found = [name for name, _ in exchange.headers if name.lower() in CREDENTIAL_HEADERS]
        expect(not found, "no header of this kind", ", ".join(found), found[0] if found else "", exchange)


@requirement("auth.scheme.any-case")
def test_the_scheme_word_may_be_in_lower_case(errors_oddities: Conversation) -> None:
    _accepted(odd(errors_oddities, LOWER_CASE))


@requirement("auth.api-key.accepted")
def test_the_token_is_taken_from_x_api_key(metering_claude: Conversation) -> None:
    _accepted(metering_claude[-1])


@requirement("auth.goog-key.accepted")
def test_the_token_is_taken_from_x_goog_api_key(metering_gemini: Conversation) -> None:
    _accepted(metering_gemini[-1])


@requirement("auth.query-key.accepted")
def test_the_token_is_taken_from_the_query(auth_by_query_key: Exchange) -> None:
    _accepted(auth_by_query_key)


@requirement("auth.bearer.accepted")
def test_the_token_is_taken_as_bearer(plain_question: Conversation) -> None:
    sent = [e for e in plain_question if (e.request.header("authorization") or "").lower().startswith("bearer ")]
    if not sent:
        not_testable("no bearer token was sent here")
    for exchange in sent:
        expect(exchange.status != 401, "any status but 401", _status(exchange), exchange=exchange)


def _accepted(exchange: Exchange) -> None:
    """401 is a refusal of the credential; 403 may be one of this token's rights."""
    if not _is_good(exchange):
        not_testable("no token is given")
    expect(exchange.status != 401, "an answer to the credential", _status(exchange), exchange=exchange)
    if exchange.status == 403:
        inconclusive("the hub answered 403: this token may not do that, or not so")
    if unserved(exchange):
        raise NotOffered(f"the hub answers {_status(exchange)}, as if nothing were there")
    if not exchange.ok:
        not_testable(f"the hub answered {exchange.status}, which says nothing about the credential")
