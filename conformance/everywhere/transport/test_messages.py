"""Judges of HTTP messages, and of JSON as text."""

from __future__ import annotations

from email.utils import parsedate_to_datetime

from conformance.engine.judge import Words, expect, inconclusive, not_testable, nothing_here
from conformance.engine.kit.streams import EVENT_STREAM
from conformance.engine.probe import Conversation
from conformance.engine.requirement import requirement
from conformance.engine.schedule import TALK
from conformance.everywhere.common import operation_of
from conformance.wire.exchange import End, Exchange, json_irregularities

BROKEN_JSON = ("bom", "invalid-utf8", "not-json", "trailing-data", "nan", "empty")
BODILESS = (204, 205, 304)
TURNS_INTO_GET = (301, 302, 303)
REQUEST_IDS = ("x-request-id", "request-id")


def _media_type(exchange: Exchange) -> Words:
    return Words(exchange.header("content-type") or "no content-type header")


def _json_like(media_type: str) -> bool:
    return media_type == "application/json" or media_type.endswith("+json")


def _with_body(exchanges: Conversation) -> list[Exchange]:
    return [e for e in exchanges if e.answered and e.request.method != "HEAD" and e.status not in BODILESS]


def _labelled_json(exchanges: Conversation) -> list[Exchange]:
    found = [e for e in _with_body(exchanges) if e.end is End.complete and _json_like(e.media_type)]
    if not found:
        nothing_here("no reply here is labelled as JSON")
    return found


@requirement("transport.answered")
def test_every_request_is_answered(every_exchange: Conversation) -> None:
    for exchange in every_exchange:
        lost = exchange.end is End.refused or (exchange.end is End.reset and exchange.reused)
        if not exchange.answered and lost:
            inconclusive(f"the request did not reach the hub ({exchange.problem})")
        expect(exchange.answered, "an answer", Words(exchange.problem), exchange=exchange)


@requirement("transport.complete")
def test_every_answer_is_whole(every_exchange: Conversation) -> None:
    answered = [exchange for exchange in every_exchange if exchange.answered]
    if not answered:
        not_testable("no answer began; `transport.answered` judges that")
    for exchange in answered:
        op = operation_of(exchange)
        if exchange.end is End.too_large and not (op and op.family in TALK):
            inconclusive(f"only a part was taken: {exchange.problem}")
        expect(exchange.end is End.complete, "the whole body", Words(exchange.problem), exchange=exchange)


@requirement("transport.length.unambiguous")
def test_the_length_is_unambiguous(every_reply: Conversation) -> None:
    for exchange in every_reply:
        lengths = {part.strip() for value in exchange.header_all("content-length") for part in value.split(",")}
        chunked = exchange.header("transfer-encoding") is not None
        expect(
            not (lengths and chunked), "one of the two", Words("both"), "content-length, transfer-encoding", exchange
        )
        fine = len(lengths) <= 1 and all(length.isascii() and length.isdigit() for length in lengths)
        expect(fine, "one number", Words(", ".join(sorted(lengths))), "content-length", exchange)


@requirement("transport.identity")
def test_no_coding_that_was_not_asked_for(every_reply: Conversation) -> None:
    for exchange in every_reply:
        coding = exchange.header("content-encoding") or "identity"
        expect(coding.lower() == "identity", "no coding, as asked for", coding, "content-encoding", exchange)


@requirement("transport.no-redirect")
def test_routes_answer_without_redirect(every_reply: Conversation) -> None:
    for exchange in every_reply:
        if exchange.request.operation is None:
            continue
        moved = exchange.status is not None and 300 <= exchange.status < 400
        expect(not moved, "an answer", Words(f"HTTP {exchange.status} to {exchange.header('location')}"), "", exchange)


@requirement("transport.slash.keeps-method")
def test_a_slash_does_not_turn_post_into_get(transport_slash: Exchange) -> None:
    got = Words(f"HTTP {transport_slash.status}")
    expect(transport_slash.status not in TURNS_INTO_GET, "an answer, a refusal, or 307 or 308", got)


@requirement("transport.head")
def test_head_works_where_get_works(transport_head: Exchange) -> None:
    expect(transport_head.status == 200, "HTTP 200 as with GET", Words(f"HTTP {transport_head.status}"))


@requirement("transport.date")
def test_replies_are_dated(sampled_reply: Conversation) -> None:
    for exchange in sampled_reply:
        if exchange.status is None or not 200 <= exchange.status < 500:
            continue
        value = exchange.header("date")
        expect(value is not None, "a Date header", Words("none"), "date", exchange)
        expect(_is_date(value or ""), "an HTTP date", value, "date", exchange)


def _is_date(text: str) -> bool:
    try:
        parsedate_to_datetime(text)
    except ValueError:
        return False
    return True


@requirement("transport.status-200")
def test_success_is_exactly_200(every_answer: Conversation) -> None:
    for exchange in every_answer:
        op = operation_of(exchange)
        if op is None or op.task != "none" or exchange.switched:
            continue
        expect(exchange.status == 200, "HTTP 200", Words(f"HTTP {exchange.status}"), exchange=exchange)


@requirement("transport.request-id.present")
def test_replies_carry_a_request_id(sampled_reply: Conversation) -> None:
    for exchange in sampled_reply:
        op = operation_of(exchange)
        claude = op is not None and op.family == "claude"
        names = ("request-id",) if claude else REQUEST_IDS
        wanted = "a header request-id" if claude else "a header x-request-id or request-id"
        found = [name for name in names if exchange.header(name)]
        expect(found, wanted, Words("none"), names[0], exchange)


@requirement("transport.request-id.unique")
def test_request_ids_differ(sampled_conversation: Conversation) -> None:
    ids = [(e, e.header("x-request-id") or e.header("request-id")) for e in sampled_conversation]
    present = [(exchange, value) for exchange, value in ids if value]
    if len(present) < 2:
        not_testable("there are no two replies with a request id here")
    seen: set[str] = set()
    for exchange, value in present:
        expect(value not in seen, "an id of its own", value, "x-request-id", exchange)
        seen.add(value)


@requirement("transport.json.content-type")
def test_json_is_labelled_as_json(every_served_message: Conversation) -> None:
    bodies = [e for e in _with_body(every_served_message) if e.ok and e.media_type != EVENT_STREAM and _is_object(e)]
    if not bodies:
        nothing_here("no answer here is a JSON object")
    for exchange in bodies:
        expect(_json_like(exchange.media_type), "application/json", _media_type(exchange), "content-type", exchange)


def _is_object(exchange: Exchange) -> bool:
    return exchange.is_json and isinstance(exchange.json, dict | list)


@requirement("transport.json.charset")
def test_json_declares_no_other_charset(every_message: Conversation) -> None:
    for exchange in _labelled_json(every_message):
        charset = exchange.charset
        expect(charset in (None, "utf-8", "utf8"), "utf-8 or no charset", charset, "content-type", exchange)


@requirement("transport.json.strict")
def test_json_is_one_strict_text(every_message: Conversation) -> None:
    for exchange in _labelled_json(every_message):
        for found in json_irregularities(exchange.decoded_body):
            got = Words(f"{found.kind}: {found.detail}")
            expect(found.kind not in BROKEN_JSON, "one JSON text in UTF-8", got, found.pointer, exchange)


@requirement("transport.json.unique-names")
def test_json_names_are_unique(every_message: Conversation) -> None:
    for exchange in _labelled_json(every_message):
        for found in json_irregularities(exchange.decoded_body):
            expect(found.kind != "duplicate-keys", "every name once", Words(found.detail), found.pointer, exchange)


@requirement("transport.json.whole-characters")
def test_json_has_no_half_characters(every_message: Conversation) -> None:
    for exchange in _labelled_json(every_message):
        for found in json_irregularities(exchange.decoded_body):
            expect(found.kind != "lone-surrogate", "whole characters", Words(found.detail), found.pointer, exchange)


@requirement("transport.retry-after")
def test_429_says_when_to_come_back(limited_exchange: Conversation) -> None:
    limited = [exchange for exchange in limited_exchange if exchange.status == 429]
    if not limited:
        nothing_here("no request met a rate limit")
    for exchange in limited:
        value = exchange.header("retry-after")
        expect(value, "seconds or a date", Words("no such header"), "retry-after", exchange)
        fine = (value or "").strip().isdigit() or _is_date(value or "")
        expect(fine, "seconds or a date", value, "retry-after", exchange)
