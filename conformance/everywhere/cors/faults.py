"""Faults of browser access."""

from dataclasses import replace
from typing import Any

from conformance.hub.faults.base import Ask, Reply, fault

ALLOW_ORIGIN = "access-control-allow-origin"
ALLOW_HEADERS = "access-control-allow-headers"
CHAT = "chat-completions"
LIST = "list-models-openai"
ANSWER: dict[str, Any] = {
    "id": "chatcmpl-7",
    "object": "chat.completion",
    "created": 1_735_689_600,
    "model": "gpt-4o-mini",
    "choices": [{"index": 0, "message": {"role": "assistant", "content": "Hello."}, "finish_reason": "stop"}],
}


def _is_preflight(ask: Ask) -> bool:
    return ask.method == "OPTIONS" and ask.header("access-control-request-method") is not None


def _from_page(ask: Ask) -> bool:
    return ask.header("origin") is not None and ask.method != "OPTIONS"


def _error(reply: Reply, status: int) -> Reply:
    value = {"error": {"message": "No.", "type": "invalid_request_error", "param": None, "code": None}}
    return reply.with_status(status).with_header("content-type", "application/json").with_json(value)


@fault(
    "cors.preflight.405",
    "OPTIONS is not known on the Anthropic route.",
    "cors.preflight.ok",
    source="paiml/aprender#671",
)
def not_known(ask: Ask, reply: Reply) -> Reply:
    there = _is_preflight(ask) and ask.operation == "claude-messages"
    return _error(reply, 405).with_header("allow", "POST") if there else reply


@fault(
    "cors.preflight.key-wanted",
    "A request for permission is refused because it carries no key.",
    "cors.preflight.ok",
    source="WHATWG Fetch: the request for permission carries no credentials",
)
def key_wanted(ask: Ask, reply: Reply) -> Reply:
    return _error(reply, 401).with_header("www-authenticate", "Bearer") if _is_preflight(ask) else reply


@fault(
    "cors.preflight.redirect",
    "A request for permission is redirected.",
    "cors.preflight.ok",
    source="QuantumNous/new-api: slashes are redirected without these headers",
)
def redirected(ask: Ask, reply: Reply) -> Reply:
    there = _is_preflight(ask) and ask.path.startswith("/v1/messages")
    return reply.with_status(307).with_header("location", "/v1/messages/") if there else reply


@fault(
    "cors.preflight.no-origin",
    "A permission names no origin.",
    "cors.preflight.origin",
    source="paiml/aprender#671",
)
def no_origin(ask: Ask, reply: Reply) -> Reply:
    return reply.without_header(ALLOW_ORIGIN) if _is_preflight(ask) else reply


@fault(
    "cors.preflight.other-origin",
    "A permission names the operator's own page, whoever asks.",
    "cors.preflight.origin",
    source="WHATWG Fetch, CORS check",
)
def other_origin(ask: Ask, reply: Reply) -> Reply:
    return reply.with_header(ALLOW_ORIGIN, "https://hub.example") if _is_preflight(ask) else reply


@fault(
    "cors.preflight.no-delete",
    "A permission lists GET and POST alone.",
    "cors.preflight.method",
    source="WHATWG Fetch, CORS-safelisted method",
)
def no_delete(ask: Ask, reply: Reply) -> Reply:
    return reply.with_header("access-control-allow-methods", "GET, POST, OPTIONS") if _is_preflight(ask) else reply


@fault(
    "cors.preflight.star-for-headers",
    "A permission allows all headers with a star.",
    "cors.preflight.authorization",
    source="QuantumNous/new-api: all headers are allowed with a star; WHATWG Fetch",
)
def star_for_headers(ask: Ask, reply: Reply) -> Reply:
    return reply.with_header(ALLOW_HEADERS, "*") if _is_preflight(ask) else reply


@fault(
    "cors.preflight.openai-headers-only",
    "A permission knows the headers of OpenAI's clients alone.",
    "cors.preflight.headers",
    source="anthropic-sdk-typescript in a browser sends x-api-key and anthropic-version",
)
def openai_headers_only(ask: Ask, reply: Reply) -> Reply:
    return reply.with_header(ALLOW_HEADERS, "authorization, content-type") if _is_preflight(ask) else reply


@fault(
    "cors.reply.success.bare",
    "Answers of the model list name no origin.",
    "cors.reply.success",
    source="WHATWG Fetch, CORS check",
)
def bare_success(ask: Ask, reply: Reply) -> Reply:
    there = _from_page(ask) and ask.operation == LIST
    return reply.without_header(ALLOW_ORIGIN) if there else reply


@fault(
    "cors.reply.refusal.bare",
    "A refused key is answered before the header is added.",
    "cors.reply.refusal",
    source="middleware in the wrong order",
)
def bare_refusal(ask: Ask, reply: Reply) -> Reply:
    return reply.without_header(ALLOW_ORIGIN) if _from_page(ask) and reply.status == 401 else reply


@fault(
    "cors.reply.stream.bare",
    "Streams write their headers themselves, and forget this one.",
    "cors.reply.stream",
    source="handlers that bypass the framework to stream",
)
def bare_stream(ask: Ask, reply: Reply) -> Reply:
    return reply.without_header(ALLOW_ORIGIN) if _from_page(ask) and reply.is_stream else reply


@fault(
    "cors.origin.twice",
    "The hub adds the header to one that upstream has added.",
    "cors.origin.once",
    source="proxy and hub both add the header",
)
def origin_twice(ask: Ask, reply: Reply) -> Reply:
    if not (_from_page(ask) and reply.is_stream):
        return reply
    return replace(reply, headers=(*reply.headers, (ALLOW_ORIGIN, "*")))


@fault(
    "cors.origin.star-and-origin",
    "The header lists a star and the origin.",
    "cors.origin.once",
    also={"cors.origin.vary": "the origin is repeated"},
    source="WHATWG Fetch, CORS check: one value",
)
def star_and_origin(ask: Ask, reply: Reply) -> Reply:
    return reply.with_header(ALLOW_ORIGIN, f"*, {ask.header('origin')}") if _from_page(ask) else reply


@fault(
    "cors.origin.no-vary",
    "The page's origin is repeated, and caches are not told.",
    "cors.origin.vary",
    source="WHATWG Fetch, CORS protocol and HTTP caches",
)
def no_vary(ask: Ask, reply: Reply) -> Reply:
    return reply.with_header(ALLOW_ORIGIN, ask.header("origin") or "") if _from_page(ask) else reply


@fault(
    "cors.exposed.nothing",
    "No header is exposed.",
    "cors.exposed",
    source="the default of most frameworks",
)
def nothing_exposed(_ask: Ask, reply: Reply) -> Reply:
    return reply.without_header("access-control-expose-headers")


@fault(
    "cors.credentials.star",
    "A star goes with credentials.",
    "cors.credentials.no-star",
    source="WHATWG Fetch, CORS protocol and credentials",
)
def star_with_credentials(ask: Ask, reply: Reply) -> Reply:
    return reply.with_header("access-control-allow-credentials", "true") if ask.header("origin") else reply


@fault(
    "cors.credentials.star-on-refusals",
    "A star goes with credentials on refusals alone.",
    "cors.credentials.no-star",
    source="WHATWG Fetch, CORS protocol and credentials",
)
def star_on_refusals(ask: Ask, reply: Reply) -> Reply:
    there = _from_page(ask) and reply.status == 401
    return reply.with_header("access-control-allow-credentials", "true") if there else reply


@fault(
    "cors.options.crash",
    "OPTIONS that comes from no page ends in a server error.",
    "cors.options.no-server-error",
    source="plain logic: a header is read that only browsers send",
)
def options_crash(ask: Ask, reply: Reply) -> Reply:
    there = ask.method == "OPTIONS" and not ask.header("origin")
    return _error(reply, 500) if there else reply


@fault(
    "cors.options.preflight-crash",
    "A request for permission on the Anthropic route ends in a server error.",
    "cors.options.no-server-error",
    also={"cors.preflight.ok": "it is no success"},
    source="plain logic: the form is read before the method is looked at",
)
def preflight_crash(ask: Ask, reply: Reply) -> Reply:
    return _error(reply, 502) if _is_preflight(ask) and ask.path.startswith("/v1/messages") else reply


@fault(
    "cors.options.answered",
    "OPTIONS with a good body is answered like POST.",
    "cors.options.no-work",
    source="routes that are bound to any method",
)
def options_answered(ask: Ask, reply: Reply) -> Reply:
    if ask.method != "OPTIONS" or not ask.body:
        return reply
    return reply.with_status(200).with_header("content-type", "application/json").with_json(ANSWER)
