"""Judges of which requests are refused, and with which status."""

from __future__ import annotations

from typing import Any

from conformance.engine.judge import NotOffered, Words, expect, inconclusive, not_testable, nothing_here
from conformance.engine.probe import Conversation
from conformance.engine.requirement import requirement
from conformance.everywhere.common import operation_of, refused, unserved
from conformance.everywhere.errors.probes import NO_SUCH_MODEL
from conformance.everywhere.errors.views import CLIENT, UNKNOWN_FIELD, is_error_body, may_be_absent, message_of, odd
from conformance.wire.exchange import Exchange

OVERLOADED = (503, 529)


def _status(exchange: Exchange) -> Words:
    kind = f" ({exchange.media_type})" if exchange.media_type else ""
    return Words(f"HTTP {exchange.status}{kind}")


def _is_4xx(exchange: Exchange) -> bool:
    return exchange.status is not None and 400 <= exchange.status < 500


def _no_server_error(exchange: Exchange, expected: str) -> None:
    expect((exchange.status or 0) < 500, expected, _status(exchange), exchange=exchange)


def _needs_to_be_there(exchange: Exchange) -> None:
    if may_be_absent(exchange):
        raise NotOffered(f"the hub answers {_status(exchange)}, as if nothing were there")


@requirement("errors.malformed-json.refused")
def test_malformed_json_is_refused(errors_malformed_json: Exchange) -> None:
    _needs_to_be_there(errors_malformed_json)
    expect(_is_4xx(errors_malformed_json), "HTTP 4xx, best 400", _status(errors_malformed_json))


@requirement("errors.array-body.refused")
def test_an_array_is_no_request(errors_odd_bodies: Conversation) -> None:
    array = errors_odd_bodies[0]
    expect(_is_4xx(array), "HTTP 4xx, best 400", _status(array), exchange=array)


@requirement("errors.null-body.refused")
def test_null_is_no_request(errors_odd_bodies: Conversation) -> None:
    null = errors_odd_bodies[1]
    expect(_is_4xx(null), "HTTP 4xx, best 400", _status(null), exchange=null)


@requirement("errors.empty-body.refused")
def test_nothing_is_no_request(errors_odd_bodies: Conversation) -> None:
    empty = errors_odd_bodies[2]
    expect(_is_4xx(empty), "HTTP 4xx, best 400", _status(empty), exchange=empty)


@requirement("errors.text-plain.no-server-error")
def test_a_wrong_label_is_no_server_error(errors_text_plain: Exchange) -> None:
    _no_server_error(errors_text_plain, "an answer, or HTTP 415 or 400")


@requirement("errors.invalid-utf8.no-server-error")
def test_invalid_utf8_is_no_server_error(errors_oddities: Conversation) -> None:
    _no_server_error(errors_oddities[0], "HTTP 400")


@requirement("errors.invalid-utf8.refused")
def test_invalid_utf8_is_refused(errors_oddities: Conversation) -> None:
    broken = errors_oddities[0]
    expect(refused(broken), "HTTP 400", _status(broken), exchange=broken)


@requirement("errors.invalid-utf8.isolated")
def test_the_next_request_is_served(errors_oddities: Conversation) -> None:
    after, *alone = errors_oddities[1:]
    if not after.ok and not all(exchange.ok for exchange in alone):
        not_testable("it is odd in other ways, too, and refused for one of these")
    expect(after.ok, "HTTP 200 as for the same requests later", _status(after), exchange=after)


@requirement("errors.missing-model.no-server-error")
def test_a_missing_model_is_no_server_error(errors_missing_model: Exchange) -> None:
    _no_server_error(errors_missing_model, "HTTP 400")


@requirement("errors.missing-model.refused")
def test_a_missing_model_is_refused(errors_missing_model: Exchange) -> None:
    expect(refused(errors_missing_model), "HTTP 400", _status(errors_missing_model))


@requirement("errors.unknown-model.refused")
def test_an_unknown_model_is_refused(errors_unknown_model: Conversation, model_list_reply: Exchange) -> None:
    for exchange in errors_unknown_model:
        _needs_to_be_there(exchange)
        if exchange.ok:
            names = _listed(model_list_reply)
            if not names or NO_SUCH_MODEL in names:
                not_testable("the hub has no list of its models, so that it may know this one")
        expect(_is_4xx(exchange), "HTTP 404", _status(exchange), exchange=exchange)


def _listed(exchange: Exchange) -> set[str]:
    if not exchange.ok or not exchange.is_json or not isinstance(exchange.json, dict):
        return set()
    data = exchange.json.get("data")
    entries = data if isinstance(data, list) else []
    return {e["id"] for e in entries if isinstance(e, dict) and isinstance(e.get("id"), str)}


@requirement("errors.unknown-model.not-found")
def test_an_unknown_model_is_not_found(errors_unknown_model: Conversation) -> None:
    refusals = [exchange for exchange in errors_unknown_model if refused(exchange)]
    if not refusals:
        not_testable("the hub serves this model")
    _needs_to_be_there(refusals[0])
    for exchange in refusals:
        expect(exchange.status == 404, "HTTP 404", _status(exchange), exchange=exchange)


@requirement("errors.stream.same-status")
def test_an_error_has_the_same_status_in_a_stream(unknown_chat_model: Conversation) -> None:
    plain, as_stream = unknown_chat_model
    if not refused(plain):
        not_testable("this model was not refused without stream")
    got = _status(as_stream)
    expect(as_stream.status == plain.status, f"HTTP {plain.status} as without stream", got, "", as_stream)


@requirement("errors.stream.plain-json")
def test_an_early_error_of_a_stream_is_json(unknown_model_stream: Conversation) -> None:
    as_stream = unknown_model_stream[-1]
    if not refused(as_stream):
        not_testable("the stream was not refused")
    _needs_to_be_there(as_stream)
    plain = as_stream.is_json and as_stream.media_type != "text/event-stream"
    got = Words(f"{as_stream.media_type or 'no content type'}: {as_stream.text[:80]!r}")
    expect(plain, "a JSON body, labelled so", got, exchange=as_stream)


@requirement("errors.wrong-method.refused")
def test_a_wrong_method_is_refused(errors_wrong_method: Exchange) -> None:
    expect(_is_4xx(errors_wrong_method), "HTTP 405 or 404", _status(errors_wrong_method))


@requirement("errors.wrong-method.allow")
def test_405_names_the_methods(errors_wrong_method: Exchange) -> None:
    if errors_wrong_method.status != 405:
        not_testable(f"the hub answers {errors_wrong_method.status}")
    allowed = errors_wrong_method.header("allow")
    expect(allowed is not None, "the supported methods", Words("no such header"), "allow")


@requirement("errors.unknown-route.not-found")
def test_an_unknown_route_is_not_found(errors_unknown_route: Conversation) -> None:
    for exchange in errors_unknown_route:
        expect(exchange.status == 404, "HTTP 404", _status(exchange), exchange=exchange)


@requirement("errors.unknown-route.json")
def test_an_unknown_route_is_refused_in_json(errors_unknown_route: Conversation) -> None:
    for exchange in errors_unknown_route:
        plain = exchange.is_json and isinstance(exchange.json, dict)
        expect(plain, "a JSON object", Words(f"{exchange.text[:80]!r}"), exchange=exchange)


@requirement("errors.unknown-route.envelope")
def test_an_unknown_route_has_the_envelope(errors_unknown_route: Conversation) -> None:
    for exchange in errors_unknown_route:
        if not refused(exchange) or not exchange.is_json:
            not_testable("the reply is no refusal in JSON")
        value = exchange.json
        error = value.get("error") if isinstance(value, dict) else None
        told = isinstance(error, dict) and isinstance(error.get("message"), str)
        expect(told, "an object error with a message", value, exchange=exchange)


@requirement("errors.unknown-field.no-server-error")
def test_an_unknown_field_is_no_server_error(errors_oddities: Conversation) -> None:
    _no_server_error(odd(errors_oddities, UNKNOWN_FIELD), "an answer, or HTTP 400")


@requirement("errors.unknown-field.ignored")
def test_an_unknown_field_is_ignored(errors_oddities: Conversation) -> None:
    _expect_served(odd(errors_oddities, UNKNOWN_FIELD))


@requirement("errors.sdk-headers.tolerated")
def test_what_clients_add_is_tolerated(errors_oddities: Conversation) -> None:
    _expect_served(odd(errors_oddities, CLIENT))


def _expect_served(exchange: Exchange) -> None:
    expect(exchange.ok, "an answer", _status(exchange), exchange=exchange)


@requirement("errors.valid-request-served")
def test_valid_requests_are_served(valid_question: Conversation) -> None:
    answered = [exchange for exchange in valid_question if exchange.answered]
    if not answered:
        not_testable("there was no answer; `transport.answered` judges that")
    for exchange in answered:
        if exchange.status in OVERLOADED and exchange.header("retry-after"):
            inconclusive(f"the hub answered {exchange.status}: it is overloaded for the moment")
        if (exchange.status or 0) >= 500 and _lacks_model(exchange):
            raise NotOffered(f"the hub has no model for this ({_status(exchange)})")
        failed = (exchange.status or 0) >= 500 and not unserved(exchange)
        got = Words(f"{_status(exchange)}: {exchange.text[:200]!r}")
        expect(not failed, "an answer, or a refusal with 4xx", got, exchange=exchange)


def _lacks_model(exchange: Exchange) -> bool:
    """Whether a 5xx says that there is no such model: that is judged where an unknown model is asked for on purpose."""
    value: Any = exchange.json if exchange.is_json else None
    error = value.get("error") if isinstance(value, dict) else None
    return isinstance(error, dict) and error.get("code") == "model_not_found"


@requirement("errors.status")
def test_an_error_is_no_success(every_reply: Conversation) -> None:
    for exchange in every_reply:
        if not (exchange.ok and exchange.is_json):
            continue
        failed = is_error_body(exchange.json)
        got = Words(f"HTTP {exchange.status} with the error {message_of(exchange.json)!r}")
        expect(not failed, "HTTP 4xx or 5xx for an error", got, exchange=exchange)


@requirement("errors.no-retry-bait")
def test_permanent_mistakes_do_not_invite_a_retry(permanent_mistake: Conversation) -> None:
    refusals = [exchange for exchange in permanent_mistake if refused(exchange) and not _absent(exchange)]
    if not refusals:
        nothing_here("nothing was refused here")
    for exchange in refusals:
        bait = exchange.status in (408, 409, 425) or (exchange.status or 0) >= 500
        told = (exchange.header("x-should-retry") or "").lower() == "false"
        expect(not bait or told, "a status that no client repeats", _status(exchange), exchange=exchange)


def _absent(exchange: Exchange) -> bool:
    return operation_of(exchange) is not None and exchange.status == 501
