"""Judges of what stands in the body of a refusal."""

from __future__ import annotations

import json

from conformance.engine.judge import Words, expect, not_testable, nothing_here
from conformance.engine.probe import Conversation
from conformance.engine.requirement import requirement
from conformance.everywhere.common import envelope_violations, operation_of, refused
from conformance.everywhere.errors.views import CREDENTIAL, INTERNAL, PAGE, message_of, own_words, refusals_in
from conformance.wire.exchange import Exchange
from conformance.wire.leaks import inside_shown


def _refusals(exchanges: Conversation) -> list[Exchange]:
    found = refusals_in(exchanges)
    if not found:
        nothing_here("nothing was refused here")
    return found


def _all_refusals(exchanges: Conversation) -> list[Exchange]:
    found = [exchange for exchange in exchanges if refused(exchange)]
    if not found:
        nothing_here("nothing was refused here")
    return found


def _read(exchanges: Conversation) -> list[Exchange]:
    found = [exchange for exchange in _refusals(exchanges) if exchange.is_json]
    if not found:
        not_testable("the refusal is no JSON; `errors.envelope` judges that")
    return found


@requirement("errors.envelope")
def test_refusals_have_the_envelope_of_their_format(any_refusal: Conversation) -> None:
    for exchange in _refusals(any_refusal):
        op = operation_of(exchange)
        assert op is not None
        expect(exchange.is_json, f"a JSON body that fits {op.error_schema}", exchange.text, exchange=exchange)
        violations = envelope_violations(exchange, op)
        got = Words("; ".join(str(v) for v in violations[:3]))
        at = violations[0].pointer if violations else ""
        expect(not violations, f"the error envelope {op.error_schema}", got, at, exchange)


@requirement("errors.message")
def test_refusals_say_why(wrong_request: Conversation) -> None:
    for exchange in _read(wrong_request):
        message = message_of(exchange.json)
        if message is None:
            not_testable("the envelope has no place for a message; `errors.envelope` judges that")
        told = isinstance(message, str) and message.strip()
        expect(told, "a text that is not empty", message, "the message", exchange)


@requirement("errors.type")
def test_refusals_name_their_type(wrong_openai_request: Conversation) -> None:
    for exchange, error in _openai_errors(_refusals(wrong_openai_request)):
        kind = error.get("type")
        named = isinstance(kind, str) and kind.strip() and kind not in ("None", "<nil>", "null")
        expect(named, "a word for the class of the error", kind, "/error/type", exchange)


@requirement("errors.code")
def test_codes_are_words(any_openai_refusal: Conversation) -> None:
    for exchange, error in _openai_errors(_all_refusals(any_openai_refusal)):
        for name in ("code", "param"):
            value = error.get(name)
            expect(value is None or isinstance(value, str), "a string or null", value, f"/error/{name}", exchange)


def _openai_errors(refusals: list[Exchange]) -> list[tuple[Exchange, dict[str, object]]]:
    found = []
    for exchange in refusals:
        op = operation_of(exchange)
        value = exchange.json if exchange.is_json else None
        error = value.get("error") if isinstance(value, dict) else None
        if op and op.error == "openai" and isinstance(error, dict):
            found.append((exchange, error))
    if not found:
        not_testable("there is no error object of the OpenAI format here")
    return found


@requirement("errors.content-type")
def test_refusals_are_labelled_as_json(wrong_request: Conversation) -> None:
    for exchange in _read(wrong_request):
        fine = exchange.media_type == "application/json" or exchange.media_type.endswith("+json")
        got = Words(exchange.header("content-type") or "no such header")
        expect(fine, "application/json", got, "content-type", exchange)


@requirement("errors.no-page")
def test_refusals_hold_no_web_page(wrong_request: Conversation) -> None:
    for exchange in _refusals(wrong_request):
        found = PAGE.search(exchange.text[:4096])
        expect(not found, "no HTML", exchange.text[:200], exchange=exchange)


@requirement("errors.message.unwrapped")
def test_messages_are_no_json(wrong_request: Conversation) -> None:
    for exchange in _read(wrong_request):
        message = message_of(exchange.json)
        if isinstance(message, str):
            expect(not _is_json_object(message), "a sentence", message, "the message", exchange)


def _is_json_object(text: str) -> bool:
    start, end = text.find("{"), text.rfind("}")
    if start < 0 or end < start:
        return False
    try:
        return isinstance(json.loads(text[start : end + 1]), dict)
    except (ValueError, RecursionError):
        return False


@requirement("errors.no-stack-trace")
def test_refusals_show_no_stack_trace(any_wrong_request: Conversation) -> None:
    for exchange in _all_refusals(any_wrong_request):
        found = inside_shown(own_words(exchange))
        expect(not found, "no trace of the hub's code", found and found[1], exchange=exchange)


@requirement("errors.no-internal-address")
def test_refusals_show_no_internal_address(any_wrong_request: Conversation) -> None:
    for exchange in _all_refusals(any_wrong_request):
        found = INTERNAL.search(own_words(exchange))
        expect(not found, "no address inside the operator's network", found and found[0], exchange=exchange)


@requirement("errors.no-credential")
def test_refusals_show_no_credential(any_wrong_request: Conversation) -> None:
    for exchange in _all_refusals(any_wrong_request):
        found = CREDENTIAL.search(own_words(exchange))
        shown = Words(f"{found[0][:8]}… ({len(found[0])} characters)") if found else ""
        expect(not found, "nothing that looks like a key", shown, exchange=exchange)
