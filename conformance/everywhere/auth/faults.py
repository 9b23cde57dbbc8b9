"""Faults of the credential check."""

from dataclasses import replace
from typing import Any

from conformance.hub.faults.base import Ask, Reply, fault

LIST: dict[str, Any] = {
    "object": "list",
    "data": [{"id": "gpt-4o-mini", "object": "model", "created": 1_735_689_600, "owned_by": "openai"}],
}
MESSAGE: dict[str, Any] = {
    "id": "msg_01",
    "type": "message",
    "role": "assistant",
    "model": "claude-3-5-haiku",
    "content": [{"type": "text", "text": "Hello."}],
    "stop_reason": "end_turn",
    "stop_sequence": None,
    "usage": {"input_tokens": 4, "output_tokens": 2},
}


def _credential(ask: Ask) -> str:
    """Whatever the caller presents, in any documented place."""
    return (
        ask.header("authorization")
        or ask.header("x-api-key")
        or ask.header("x-goog-api-key")
        or ask.header("cookie")
        or ""
    )


def _is_missing(ask: Ask, reply: Reply) -> bool:
    return reply.status == 401 and not _credential(ask) and "key=" not in ask.query


def _is_wrong(ask: Ask, reply: Reply) -> bool:
    return reply.status == 401 and _credential(ask).startswith("Bearer sk-")


def _plain(reply: Reply, status: int, value: Any) -> Reply:
    return reply.without_header("www-authenticate").with_status(status).with_json(value)


@fault(
    "auth.no-challenge",
    "A 401 comes without a WWW-Authenticate header.",
    "auth.challenge",
    source="RFC 9110 section 15.5.2: a 401 must send a challenge",
)
def no_challenge(_ask: Ask, reply: Reply) -> Reply:
    return reply.without_header("www-authenticate") if reply.status == 401 else reply


@fault(
    "auth.challenge.empty",
    "A 401 has a WWW-Authenticate header with nothing in it.",
    "auth.challenge",
    source="RFC 9110 section 11.6.1: a challenge names a scheme",
)
def empty_challenge(_ask: Ask, reply: Reply) -> Reply:
    return reply.with_header("www-authenticate", "") if reply.status == 401 else reply


@fault(
    "auth.missing.open-route",
    "The Anthropic route checks no credential at all.",
    "auth.wrong.refused",
    source="diegosouzapw/OmniRoute#3134",
)
def open_route(ask: Ask, reply: Reply) -> Reply:
    stranger = ask.operation == "claude-messages" and (_is_missing(ask, reply) or _is_wrong(ask, reply))
    return _plain(reply, 200, MESSAGE) if stranger else reply


@fault(
    "auth.missing.403",
    "A request without credential is refused with 403.",
    "auth.missing.refused",
    also={
        "realtime.handshake.stranger": "a handshake is a request",
        "realtime.handshake.wrong-token": "a handshake is a request",
    },
    source="the default of a common Python framework's bearer scheme",
)
def missing_is_forbidden(ask: Ask, reply: Reply) -> Reply:
    return reply.with_status(403) if _is_missing(ask, reply) else reply


@fault(
    "auth.missing.crash",
    "A request without an Authorization header ends in a server error on task routes.",
    "auth.missing.refused",
    source="logic: the header is split before it is known to be there",
)
def missing_crashes(ask: Ask, reply: Reply) -> Reply:
    return reply.with_status(500) if ask.operation == "videos-create" and _is_missing(ask, reply) else reply


@fault(
    "auth.missing.body-first",
    "Rerank looks for the model before the credential, and refuses a stranger with 400.",
    "auth.missing.refused",
    source="logic: a check in the handler runs after the body is read",
)
def missing_is_bad_request(ask: Ask, reply: Reply) -> Reply:
    return reply.with_status(400) if ask.operation == "rerank" and _is_missing(ask, reply) else reply


@fault(
    "auth.wrong.any-token-will-do",
    "Any token at all opens the moderations route.",
    "auth.wrong.refused",
    source="diegosouzapw/OmniRoute#3134",
)
def any_token(ask: Ask, reply: Reply) -> Reply:
    if not (ask.operation == "moderations" and _is_wrong(ask, reply)):
        return reply
    result = {"flagged": False, "categories": {}, "category_scores": {}}
    return _plain(reply, 200, {"id": "modr-1", "model": "omni-moderation-latest", "results": [result]})


@fault(
    "auth.wrong.404",
    "A wrong token on the chat route is answered as if the model did not exist.",
    "auth.wrong.refused",
    also={"auth.before-body": "the same check answers a wrong token with a broken body"},
    source="logic: channels are looked up by the token's group",
)
def wrong_is_not_found(ask: Ask, reply: Reply) -> Reply:
    return reply.with_status(404) if ask.operation == "chat-completions" and _is_wrong(ask, reply) else reply


@fault(
    "auth.wrong.server-error",
    "A token that is in no table ends in a server error.",
    "auth.wrong.refused",
    also={
        "realtime.handshake.wrong-token": "a handshake is a request",
        "auth.malformed.refused": "a bare word is looked up in the same table",
        "auth.before-body": "a wrong token with a broken body is looked up in the same table",
    },
    source="logic: the row is read before it is known to be there",
)
def wrong_crashes(ask: Ask, reply: Reply) -> Reply:
    return reply.with_status(500) if reply.status == 401 and "sk-Nobody" in _credential(ask) else reply


@fault(
    "auth.empty.open",
    "The scheme word with an empty token opens the hub.",
    "auth.empty.refused",
    source="diegosouzapw/OmniRoute#3134",
)
def empty_opens(ask: Ask, reply: Reply) -> Reply:
    # Recorded evidence may show another word in its place, of the same length.
    empty = len(ask.header("authorization") or "") == len("Bearer")
    return _plain(reply, 200, LIST) if empty and reply.status == 401 else reply


@fault(
    "auth.malformed.open",
    "Whatever begins with another scheme is passed over, and the caller is let in.",
    "auth.malformed.refused",
    source="logic: the check only looks at headers that begin with Bearer",
)
def other_scheme_opens(ask: Ask, reply: Reply) -> Reply:
    return _plain(reply, 200, LIST) if _credential(ask).startswith("Basic") else reply


@fault(
    "auth.malformed.crash",
    "An Authorization header without a blank ends in a server error.",
    "auth.malformed.refused",
    also={"auth.before-body": "the body behind it is broken, too"},
    source="logic: the second word is taken without looking whether there is one",
)
def bare_word_crashes(ask: Ask, reply: Reply) -> Reply:
    bare = reply.status == 401 and _credential(ask).startswith("sk-")
    return reply.with_status(500) if bare else reply


@fault(
    "auth.scheme.case-sensitive",
    "The scheme word in lower case is not understood.",
    "auth.scheme.any-case",
    source="QuantumNous/new-api before 24 December 2025",
)
def lower_case_refused(ask: Ask, reply: Reply) -> Reply:
    return _unauthorized(reply) if _credential(ask).startswith("bearer ") else reply


def _unauthorized(reply: Reply) -> Reply:
    error = {"message": "The credential is not valid.", "type": "invalid_request_error", "param": None, "code": None}
    challenged = reply.with_header("www-authenticate", "Bearer")
    return challenged.with_header("content-type", "application/json").with_status(401).with_json({"error": error})


@fault(
    "auth.bearer.refused",
    "The Google model list takes Google keys and no bearer token.",
    "auth.bearer.accepted",
    source="the mirror image of sxueck/llm-gateway#5",
)
def bearer_refused(ask: Ask, reply: Reply) -> Reply:
    refused = ask.operation == "list-models-gemini" and reply.status == 200 and ask.header("authorization")
    return _unauthorized(reply) if refused else reply


@fault(
    "auth.api-key.refused",
    "The Anthropic route does not read x-api-key.",
    "auth.api-key.accepted",
    source="sxueck/llm-gateway#5; xinhai-ai/endpoint_forwarder#4",
)
def api_key_refused(ask: Ask, reply: Reply) -> Reply:
    alone = ask.header("x-api-key") and not ask.header("authorization") and ask.operation == "claude-messages"
    return _unauthorized(reply) if alone else reply


@fault(
    "auth.goog-key.refused",
    "The Google routes do not read x-goog-api-key.",
    "auth.goog-key.accepted",
    source="Gemini API, API keys: the header of the official clients",
)
def goog_key_refused(ask: Ask, reply: Reply) -> Reply:
    alone = ask.header("x-goog-api-key") and not ask.header("authorization")
    return _unauthorized(reply) if alone else reply


@fault(
    "auth.query-key.refused",
    "The Google routes do not read the query parameter key.",
    "auth.query-key.accepted",
    source="Gemini API, API keys: the parameter of the curl examples",
)
def query_key_refused(ask: Ask, reply: Reply) -> Reply:
    return _unauthorized(reply) if "key=" in ask.query and not _credential(ask) else reply


@fault(
    "auth.before-body.parsed-first",
    "The body is parsed before the credential is checked.",
    "auth.before-body",
    source="logic: validation in front of authentication",
)
def parsed_first(ask: Ask, reply: Reply) -> Reply:
    unreadable = ask.operation == "chat-completions" and ask.body and ask.json is None
    return reply.with_status(400) if unreadable and reply.status == 401 else reply


@fault(
    "auth.detours.two-slashes",
    "A path with two slashes at its beginning is routed, but not checked.",
    "auth.detours.closed",
    source="OWASP API Security Top 10: check and router read the path differently",
)
def two_slashes(ask: Ask, reply: Reply) -> Reply:
    return _plain(reply, 200, LIST) if ask.path.startswith("//") and reply.status != 200 else reply


@fault(
    "auth.detours.capitals",
    "A path in capital letters is routed, but not checked.",
    "auth.detours.closed",
    source="OWASP API Security Top 10: check and router read the path differently",
)
def capitals(ask: Ask, reply: Reply) -> Reply:
    return _plain(reply, 200, LIST) if ask.path == "/V1/MODELS/" else reply


@fault(
    "auth.refusal.detail",
    "A 401 has the body of the web framework.",
    "auth.refusal.envelope",
    also={"realtime.handshake.refusal-body": "a handshake is a request"},
    source="BerriAI/litellm#1554",
)
def framework_body(_ask: Ask, reply: Reply) -> Reply:
    return reply.with_json({"detail": "Authentication Error"}) if reply.status == 401 else reply


@fault(
    "auth.refusal.empty",
    "A 401 has no body.",
    "auth.refusal.envelope",
    also={"realtime.handshake.refusal-body": "a handshake is a request"},
    source="openai-python shows: 401 status code (no body)",
)
def empty_refusal(_ask: Ask, reply: Reply) -> Reply:
    return reply.without_header("content-type").with_body(b"") if reply.status == 401 else reply


@fault(
    "auth.refusal.string",
    "A 401 has its error as a string.",
    "auth.refusal.envelope",
    also={"realtime.handshake.refusal-body": "a handshake is a request"},
    source="xinhai-ai/endpoint_forwarder#4",
)
def string_error(_ask: Ask, reply: Reply) -> Reply:
    return reply.with_json({"error": "Unauthorized - Invalid token"}) if reply.status == 401 else reply


@fault(
    "auth.wrong-token.in-body",
    "The refused token stands in the message.",
    "auth.wrong-token.not-repeated",
    source="Unstructured-IO/unstructured-api#578",
)
def reflected_in_body(ask: Ask, reply: Reply) -> Reply:
    if not _is_wrong(ask, reply):
        return reply
    token = _credential(ask).removeprefix("Bearer ")
    return reply.with_body(reply.body.replace(b"The credential", f"The API key {token}".encode()))


@fault(
    "auth.wrong-token.in-header",
    "The refused token stands in the challenge.",
    "auth.wrong-token.not-repeated",
    source="Unstructured-IO/unstructured-api#578",
)
def reflected_in_header(ask: Ask, reply: Reply) -> Reply:
    if not _is_wrong(ask, reply):
        return reply
    return reply.with_header("www-authenticate", f'Bearer realm="hub", error_description="{_credential(ask)}"')


@fault(
    "auth.own-token.in-header",
    "Request headers are copied into a debugging header of the answer.",
    "auth.own-token.not-repeated",
    source="maximhq/bifrost#3954",
)
def own_token_in_header(ask: Ask, reply: Reply) -> Reply:
    good = reply.status == 200 and (ask.header("authorization") or "").startswith("Bearer ")
    return reply.with_header("x-debug-request", f"Authorization={ask.header('authorization')}") if good else reply


@fault(
    "auth.own-token.in-body",
    "The refusal of an unknown model tells the whole request, headers included.",
    "auth.own-token.not-repeated",
    source="Unstructured-IO/unstructured-api#578, with a good token",
)
def own_token_in_body(ask: Ask, reply: Reply) -> Reply:
    if reply.status != 404 or not reply.is_json or not (ask.header("authorization") or "").startswith("Bearer "):
        return reply
    value = reply.json
    if not isinstance(value.get("error"), dict):
        return reply
    error = {**value["error"], "message": f"{value['error']['message']} ({ask.header('authorization')})"}
    return reply.with_json({**value, "error": error})


@fault(
    "auth.credential-headers.upstream",
    "The header with the operator's upstream key is passed on to the caller.",
    "auth.credential-headers.absent",
    source="maximhq/bifrost#3954",
)
def upstream_key(ask: Ask, reply: Reply) -> Reply:
    answered = reply.status == 200 and ask.operation == "chat-completions"
    return replace(reply, headers=(*reply.headers, ("x-goog-api-key", "key-of-the-operator"))) if answered else reply
