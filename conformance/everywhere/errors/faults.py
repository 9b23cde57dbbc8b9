"""Faults of refusals: their status, their envelope, and what slips into their text."""

import json
from typing import Any

from conformance.hub.faults.base import Ask, Reply, Spoil, fault

CHAT = "chat-completions"
CHAT_ANSWER: dict[str, Any] = {
    "id": "chatcmpl-1",
    "object": "chat.completion",
    "created": 1_735_689_600,
    "model": "gpt-4o-mini",
    "choices": [{"index": 0, "message": {"role": "assistant", "content": "Hello."}, "finish_reason": "stop"}],
    "usage": {"prompt_tokens": 4, "completion_tokens": 2, "total_tokens": 6},
}
BAIT = {"errors.no-retry-bait": "clients repeat every 5xx"}


def _unreadable(ask: Ask, reply: Reply) -> bool:
    """Whether the body was refused because it is no JSON."""
    return reply.status == 400 and bool(ask.body) and not _is_json(ask.body)


def _is_json(body: bytes) -> bool:
    try:
        json.loads(body)
    except ValueError:
        return False
    return True


def _crash(reply: Reply) -> Reply:
    error = {"message": "Internal server error", "type": "server_error", "param": None, "code": None}
    return reply.without_header("x-should-retry").with_status(500).with_json({"error": error})


def _answer(ask: Ask, reply: Reply) -> Reply:
    model = (ask.json or {}).get("model")
    return reply.with_status(200).with_json({**CHAT_ANSWER, "model": model or CHAT_ANSWER["model"]})


def _unknown_model(ask: Ask, reply: Reply) -> bool:
    named = b"no-such-model" in ask.body or "no-such-model" in ask.path
    return reply.status == 404 and ask.method == "POST" and named


def _message(reply: Reply, change: Any) -> Reply:
    """The same error with another message, in whatever envelope has an error object."""
    try:
        value = reply.json
        error = {**value["error"], "message": change(value["error"]["message"])}
    except (ValueError, KeyError, TypeError):
        return reply
    return reply.with_json({**value, "error": error})


@fault(
    "errors.malformed-json.crash",
    "A body that is no JSON ends in a server error.",
    "errors.malformed-json.refused",
    also=BAIT,
    source="logic: the parser's exception is caught nowhere",
)
def malformed_crashes(ask: Ask, reply: Reply) -> Reply:
    return _crash(reply) if ask.operation == "claude-messages" and _unreadable(ask, reply) else reply


@fault(
    "errors.malformed-json.repaired",
    "A body that lacks its last brace is repaired and served.",
    "errors.malformed-json.refused",
    source="logic: a lenient parser in front of the hub",
)
def malformed_repaired(ask: Ask, reply: Reply) -> Reply:
    repaired = ask.operation == CHAT and _unreadable(ask, reply) and b"\xff" not in ask.body and ask.body
    return _answer(ask, reply) if repaired and _is_json(ask.body + b"}") else reply


@fault(
    "errors.malformed-json.one-vendor",
    "The routes of one vendor's format answer a body that is no JSON with 500.",
    "errors.malformed-json.refused",
    also=BAIT,
    source="QuantumNous/new-api: 500 on the Google routes and 400 on the others",
)
def malformed_of_one_vendor(ask: Ask, reply: Reply) -> Reply:
    vendor = ask.path.startswith("/v1beta") and _unreadable(ask, reply)
    return reply.without_header("x-should-retry").with_status(500) if vendor else reply


@fault(
    "errors.array-body.crash",
    "An array as the body ends in a server error.",
    "errors.array-body.refused",
    also=BAIT,
    source="logic: fields are read from a list",
)
def array_crashes(ask: Ask, reply: Reply) -> Reply:
    return _crash(reply) if ask.operation == CHAT and ask.body == b"[]" else reply


@fault(
    "errors.null-body.crash",
    "The text null as the body ends in a server error.",
    "errors.null-body.refused",
    also=BAIT,
    source="logic: fields are read from nothing",
)
def null_crashes(ask: Ask, reply: Reply) -> Reply:
    return _crash(reply) if ask.operation == CHAT and ask.body == b"null" else reply


@fault(
    "errors.empty-body.crash",
    "An empty body ends in a server error.",
    "errors.empty-body.refused",
    also=BAIT,
    source="logic: the parser is given nothing",
)
def empty_crashes(ask: Ask, reply: Reply) -> Reply:
    return _crash(reply) if ask.operation == CHAT and not ask.body and reply.status == 400 else reply


@fault(
    "errors.empty-body.served",
    "An empty body is answered like an empty object, by a default model.",
    "errors.empty-body.refused",
    source="logic: every field has a default",
)
def empty_served(ask: Ask, reply: Reply) -> Reply:
    return _answer(ask, reply) if ask.operation == CHAT and not ask.body and reply.status == 400 else reply


@fault(
    "errors.text-plain.crash",
    "A body with another label is not parsed, and its fields are read all the same.",
    "errors.text-plain.no-server-error",
    also=BAIT,
    source="logic: a body parser that only minds one media type",
)
def text_plain_crashes(ask: Ask, reply: Reply) -> Reply:
    return _crash(reply) if (ask.header("content-type") or "").startswith("text/plain") else reply


def _not_utf8(ask: Ask) -> bool:
    try:
        ask.body.decode()
    except UnicodeDecodeError:
        return ask.operation == CHAT
    return False


@fault(
    "errors.invalid-utf8.crash",
    "Bytes that are not UTF-8 end in a server error.",
    "errors.invalid-utf8.no-server-error",
    also=BAIT,
    source="Atomic-Germ/OpenFlowLM-Next#69",
)
def utf8_crashes(ask: Ask, reply: Reply) -> Reply:
    return _crash(reply) if _not_utf8(ask) else reply


@fault(
    "errors.invalid-utf8.repaired",
    "Bytes that are not UTF-8 become replacement characters, and the request is served.",
    "errors.invalid-utf8.refused",
    source="the JSON package of the Go library",
)
def utf8_repaired(ask: Ask, reply: Reply) -> Reply:
    return _answer(ask, reply) if _not_utf8(ask) else reply


@fault(
    "errors.invalid-utf8.wedges",
    "After a body with invalid UTF-8 the next chat request gets no answer.",
    "errors.invalid-utf8.isolated",
    "errors.no-retry-bait",
    also={"errors.envelope": "what the wedged worker says is no JSON"},
    source="Atomic-Germ/OpenFlowLM-Next#69",
    stateful=True,
)
def utf8_wedges() -> Spoil:
    wanted = b""

    def spoil(ask: Ask, reply: Reply) -> Reply:
        nonlocal wanted
        if _not_utf8(ask):
            wanted = b"x_made_up"
        elif wanted and wanted in ask.body and reply.status == 200:
            wanted = b""
            return reply.with_status(503).with_header("content-type", "text/plain").with_body(b"no healthy worker")
        return reply

    return spoil


@fault(
    "errors.unknown-model.503",
    "An unknown model is answered with 503.",
    "errors.unknown-model.refused",
    "errors.unknown-model.not-found",
    "errors.no-retry-bait",
    source="QuantumNous/new-api#6310; Wei-Shaw/sub2api#1489",
)
def unknown_model_503(ask: Ask, reply: Reply) -> Reply:
    return reply.without_header("x-should-retry").with_status(503) if _unknown_model(ask, reply) else reply


@fault(
    "errors.unknown-model.served",
    "An unknown model is served by another one, under the name that was asked for.",
    "errors.unknown-model.refused",
    source="logic: a default channel for everything",
)
def unknown_model_served(ask: Ask, reply: Reply) -> Reply:
    plain = ask.operation == CHAT and not ask.streams and _unknown_model(ask, reply)
    return _answer(ask, reply) if plain else reply


@fault(
    "errors.unknown-model.400",
    "An unknown model is answered with 400.",
    "errors.unknown-model.not-found",
    source="BerriAI/litellm#39037: invalid model name as 400",
)
def unknown_model_400(ask: Ask, reply: Reply) -> Reply:
    return reply.with_status(400) if ask.operation == "responses-create" and _unknown_model(ask, reply) else reply


@fault(
    "errors.missing-model.crash",
    "Chat without a model ends in a server error.",
    "errors.missing-model.no-server-error",
    also=BAIT,
    source="QuantumNous/new-api: 500 for fields that are missing",
)
def missing_model_crashes(ask: Ask, reply: Reply) -> Reply:
    return _crash(reply) if _lacks_model(ask) else reply


@fault(
    "errors.missing-model.served",
    "Chat without a model is served by a default one.",
    "errors.missing-model.refused",
    source="logic: a default for a required field",
)
def missing_model_served(ask: Ask, reply: Reply) -> Reply:
    return _answer(ask, reply) if _lacks_model(ask) else reply


def _lacks_model(ask: Ask) -> bool:
    body = ask.json or {}
    return ask.operation == CHAT and "model" not in body and "max_tokens" in body and "messages" in body


@fault(
    "errors.stream.status-200",
    "An unknown model is 200 when a stream is asked for, with the error in the body.",
    "errors.stream.same-status",
    "errors.unknown-model.refused",
    "errors.status",
    source="coder/aibridge#56; QuantumNous/new-api#3142",
)
def stream_status_200(ask: Ask, reply: Reply) -> Reply:
    return reply.with_status(200) if ask.streams and _unknown_model(ask, reply) else reply


@fault(
    "errors.stream.other-status",
    "An unknown model of chat is 404 without and 400 with stream.",
    "errors.stream.same-status",
    "errors.unknown-model.not-found",
    also={"claude.error.type": "not_found_error goes with 404"},
    source="logic: two handlers for one route",
)
def stream_other_status(ask: Ask, reply: Reply) -> Reply:
    there = ask.operation == CHAT and ask.streams and _unknown_model(ask, reply)
    return reply.with_status(400) if there else reply


@fault(
    "errors.stream.label",
    "The refusal of a stream is labelled as an event stream.",
    "errors.stream.plain-json",
    "errors.content-type",
    source="QuantumNous/new-api: the headers of the stream are fixed before upstream is asked",
)
def stream_label(ask: Ask, reply: Reply) -> Reply:
    early = ask.streams and _unknown_model(ask, reply)
    return reply.with_header("content-type", "text/event-stream") if early else reply


@fault(
    "errors.stream.framed",
    "The refusal of a stream is framed as an event.",
    "errors.stream.plain-json",
    "errors.envelope",
    source="QuantumNous/new-api#3142",
)
def stream_framed(ask: Ask, reply: Reply) -> Reply:
    if not (ask.operation == CHAT and ask.streams and _unknown_model(ask, reply)):
        return reply
    return reply.with_header("content-type", "text/event-stream").with_body(b"data: " + reply.body + b"\n\n")


@fault(
    "errors.wrong-method.served",
    "A wrong method is answered like the right one.",
    "errors.wrong-method.refused",
    source="logic: a route for any method",
)
def wrong_method_served(ask: Ask, reply: Reply) -> Reply:
    served = ask.method == "PUT" and ask.path == "/v1/chat/completions"
    return reply.with_status(200).with_json({"object": "list", "data": []}) if served else reply


@fault(
    "errors.wrong-method.crash",
    "A wrong method ends in a server error.",
    "errors.wrong-method.refused",
    also=BAIT,
    source="RFC 9110 section 15.5.6",
)
def wrong_method_crashes(ask: Ask, reply: Reply) -> Reply:
    return _crash(reply) if ask.method == "PUT" and reply.status == 405 else reply


@fault(
    "errors.wrong-method.no-allow",
    "A 405 has no Allow header.",
    "errors.wrong-method.allow",
    source="RFC 9110 section 15.5.6",
)
def no_allow(_ask: Ask, reply: Reply) -> Reply:
    return reply.without_header("allow") if reply.status == 405 else reply


PAGE = b"<!doctype html><html><head><title>Hub</title></head><body><div id=root></div></body></html>"


def _unknown_route(ask: Ask, reply: Reply) -> bool:
    return reply.status == 404 and "no-such-route" in ask.path


@fault(
    "errors.unknown-route.dashboard",
    "An unknown path below /v1 shows the dashboard's page.",
    "errors.unknown-route.not-found",
    "errors.unknown-route.json",
    source="QuantumNous/new-api: the page answers every path that it does not know",
)
def dashboard(ask: Ask, reply: Reply) -> Reply:
    if not _unknown_route(ask, reply):
        return reply
    return reply.with_status(200).with_header("content-type", "text/html").with_body(PAGE)


@fault(
    "errors.unknown-route.text",
    "An unknown path is refused with a line of text.",
    "errors.unknown-route.json",
    source="the default of several web frameworks",
)
def text_404(ask: Ask, reply: Reply) -> Reply:
    if not _unknown_route(ask, reply):
        return reply
    return reply.with_header("content-type", "text/plain").with_body(b"404 page not found")


@fault(
    "errors.unknown-route.400",
    "An unknown path that is posted to is refused with 400.",
    "errors.unknown-route.not-found",
    source="logic: the body is looked at before the path",
)
def unknown_route_400(ask: Ask, reply: Reply) -> Reply:
    return reply.with_status(400) if _unknown_route(ask, reply) and ask.method == "POST" else reply


@fault(
    "errors.unknown-route.detail",
    "An unknown path is refused with the body of the web framework.",
    "errors.unknown-route.envelope",
    source="the default of a common Python framework",
)
def detail_404(ask: Ask, reply: Reply) -> Reply:
    return reply.with_json({"detail": "Not Found"}) if _unknown_route(ask, reply) else reply


def _made_up(ask: Ask) -> bool:
    return b"x_made_up_by_hub_conformance" in ask.body


@fault(
    "errors.unknown-field.crash",
    "An unknown field ends in a server error.",
    "errors.unknown-field.no-server-error",
    "errors.unknown-field.ignored",
    also=BAIT,
    source="logic: fields become arguments of a function",
)
def unknown_field_crashes(ask: Ask, reply: Reply) -> Reply:
    return _crash(reply) if _made_up(ask) else reply


@fault(
    "errors.unknown-field.refused",
    "An unknown field is refused.",
    "errors.unknown-field.ignored",
    source="logic: requests are validated against a closed schema",
)
def unknown_field_refused(ask: Ask, reply: Reply) -> Reply:
    if not _made_up(ask):
        return reply
    error = {"message": "Unknown field.", "type": "invalid_request_error", "param": None, "code": None}
    return reply.with_status(400).with_json({"error": error})


@fault(
    "errors.sdk-headers.refused",
    "A request for an organization that the hub does not know is refused.",
    "errors.sdk-headers.tolerated",
    source="openai-python sends OpenAI-Organization when it is configured",
)
def organization_refused(ask: Ask, reply: Reply) -> Reply:
    if ask.header("openai-organization") is None:
        return reply
    error = {"message": "No such organization.", "type": "invalid_request_error", "param": None, "code": None}
    return reply.with_status(400).with_json({"error": error})


@fault(
    "errors.valid-request-served.500",
    "The Google list ends in a server error.",
    "errors.valid-request-served",
    source="logic: a failure of the store behind the list",
)
def list_fails(ask: Ask, reply: Reply) -> Reply:
    return _crash(reply) if ask.operation == "list-models-gemini" and reply.status == 200 else reply


@fault(
    "errors.valid-request-served.gateway",
    "A long stream ends in the gateway's own page, with 502.",
    "errors.valid-request-served",
    also={"errors.envelope": "the text of the gateway is no envelope"},
    source="perplexityai/api-discussion#284; OpenHands/OpenHands#1451",
)
def gateway_page(ask: Ask, reply: Reply) -> Reply:
    if not (ask.streams and b"Count from 1 to 100" in ask.body):
        return reply
    return reply.with_status(502).with_header("content-type", "text/plain").with_body(b"Bad Gateway")


@fault(
    "errors.status.success-false",
    "A failed listing is a 200 that says: success false.",
    "errors.status",
    also={"models.gemini.shape": "there is no list in it"},
    source="QuantumNous/new-api: dashboard routes",
)
def success_false(ask: Ask, reply: Reply) -> Reply:
    if ask.operation != "list-models-gemini" or reply.status != 200:
        return reply
    return reply.with_json({"success": False, "message": "no permission"})


@fault(
    "errors.envelope.detail",
    "Chat is refused with the body of the web framework.",
    "errors.envelope",
    source="BerriAI/litellm#1554",
)
def framework_detail(ask: Ask, reply: Reply) -> Reply:
    return reply.with_json({"detail": [{"loc": ["body"], "msg": "wrong"}]}) if _array(ask, reply) else reply


def _array(ask: Ask, reply: Reply) -> bool:
    """The one refusal in whose body no family takes an interest."""
    return ask.operation == CHAT and ask.body == b"[]" and reply.status == 400


@fault(
    "errors.envelope.string",
    "An error is a string instead of an object.",
    "errors.envelope",
    source="openai-python loses code, type and param",
)
def string_error(ask: Ask, reply: Reply) -> Reply:
    return reply.with_json({"error": "The request body must be a JSON object."}) if _array(ask, reply) else reply


@fault(
    "errors.envelope.empty",
    "A refusal has an empty body.",
    "errors.envelope",
    source="coder/aibridge#56",
)
def empty_refusal(ask: Ask, reply: Reply) -> Reply:
    return reply.without_header("content-type").with_body(b"") if _array(ask, reply) else reply


@fault(
    "errors.message.empty",
    "A refusal has an empty message.",
    "errors.message",
    source="OpenAI OpenAPI description, Error",
)
def empty_message(ask: Ask, reply: Reply) -> Reply:
    return _message(reply, lambda _: "") if _array(ask, reply) else reply


@fault(
    "errors.message.object",
    "The message of a refusal is an object.",
    "errors.message",
    "errors.envelope",
    source="BerriAI/litellm#4336",
)
def object_message(ask: Ask, reply: Reply) -> Reply:
    return _message(reply, lambda text: {"text": text}) if _array(ask, reply) else reply


def _error(reply: Reply, **fields: Any) -> Reply:
    value = reply.json
    return reply.with_json({**value, "error": {**value["error"], **fields}})


@fault(
    "errors.type.none",
    "The type of an error is the word None.",
    "errors.type",
    source="BerriAI/litellm#39037",
)
def type_none(ask: Ask, reply: Reply) -> Reply:
    return _error(reply, type="None") if _array(ask, reply) else reply


@fault(
    "errors.type.empty",
    "The type of an error is empty.",
    "errors.type",
    source="OpenAI OpenAPI description, Error",
)
def type_empty(ask: Ask, reply: Reply) -> Reply:
    return _error(reply, type="") if _array(ask, reply) else reply


@fault(
    "errors.code.number",
    "The code of an error is the HTTP status as a number.",
    "errors.code",
    source="garrytan/gbrain#3699; BerriAI/litellm#4336",
)
def code_number(ask: Ask, reply: Reply) -> Reply:
    return _error(reply, code=400) if _array(ask, reply) else reply


@fault(
    "errors.content-type.text",
    "Refusals are labelled as text.",
    "errors.content-type",
    source="RFC 9110 section 8.3",
)
def labelled_text(ask: Ask, reply: Reply) -> Reply:
    return reply.with_header("content-type", "text/plain; charset=utf-8") if _array(ask, reply) else reply


@fault(
    "errors.no-page.proxy",
    "A refusal is the page of the proxy in front.",
    "errors.no-page",
    also={"errors.envelope": "a page is no envelope"},
    source="open-webui/open-webui#3273",
)
def proxy_page(ask: Ask, reply: Reply) -> Reply:
    if not _array(ask, reply):
        return reply
    page = b"<html>\r\n<head><title>400 Bad Request</title></head>\r\n<body>nginx</body>\r\n</html>"
    return reply.with_header("content-type", "text/html").with_body(page)


@fault(
    "errors.no-page.in-message",
    "The message of a refusal holds the page of a CDN.",
    "errors.no-page",
    source="perplexityai/api-discussion#284; HKUDS/nanobot#536",
)
def page_in_message(ask: Ask, reply: Reply) -> Reply:
    page = "<html><head><title>502 Bad Gateway</title></head><body>cloudflare</body></html>"
    return _message(reply, lambda _: f"upstream said {page}") if _array(ask, reply) else reply


@fault(
    "errors.message.nested",
    "The message of a refusal is upstream's whole error as text.",
    "errors.message.unwrapped",
    source="router-for-me/CLIProxyAPI#2016",
)
def nested_message(ask: Ask, reply: Reply) -> Reply:
    nested = json.dumps({"error": {"code": 400, "message": "API key not valid", "status": "INVALID_ARGUMENT"}})
    return _message(reply, lambda _: nested) if _array(ask, reply) else reply


@fault(
    "errors.no-stack-trace.python",
    "A refusal shows where in the code it was decided.",
    "errors.no-stack-trace",
    source="OWASP Improper Error Handling",
)
def python_trace(ask: Ask, reply: Reply) -> Reply:
    trace = 'Traceback (most recent call last):\n  File "/srv/hub/app.py", line 41, in post\nKeyError: 0'
    return _message(reply, lambda _: trace) if _array(ask, reply) else reply


@fault(
    "errors.no-stack-trace.node",
    "A refusal shows the places of a JavaScript error.",
    "errors.no-stack-trace",
    source="OWASP Improper Error Handling",
)
def node_trace(ask: Ask, reply: Reply) -> Reply:
    trace = "TypeError: body.messages is not iterable\n    at relay (/srv/hub/dist/relay.js:120:17)"
    return _message(reply, lambda _: trace) if _array(ask, reply) else reply


@fault(
    "errors.no-internal-address.upstream",
    "A refusal tells which address inside the network did not answer.",
    "errors.no-internal-address",
    source="QuantumNous/new-api masks such addresses; earlier versions did not",
)
def internal_address(ask: Ask, reply: Reply) -> Reply:
    text = 'Post "http://10.42.0.17:8000/v1/chat/completions": dial tcp 10.42.0.17:8000: connect: connection refused'
    return _message(reply, lambda _: text) if _array(ask, reply) else reply


@fault(
    "errors.no-internal-address.service",
    "A refusal tells the name of a service inside the cluster.",
    "errors.no-internal-address",
    source="OWASP Improper Error Handling",
)
def internal_service(ask: Ask, reply: Reply) -> Reply:
    text = "lookup vllm.models.svc.cluster.local:8000: no such host"
    return _message(reply, lambda _: text) if _array(ask, reply) else reply


@fault(
    "errors.no-credential.upstream",
    "A refusal shows the operator's upstream key.",
    "errors.no-credential",
    source="maximhq/bifrost#3954",
)
def upstream_credential(ask: Ask, reply: Reply) -> Reply:
    text = "Incorrect API key provided: sk-proj-4Jd82hKq0zTn5RbYw7LmXc1V."
    return _message(reply, lambda _: text) if _array(ask, reply) else reply


@fault(
    "errors.no-retry-bait.409",
    "An empty body is refused with 409.",
    "errors.no-retry-bait",
    source="openai-python repeats on 409",
)
def conflict(ask: Ask, reply: Reply) -> Reply:
    empty = ask.operation == CHAT and not ask.body and reply.status == 400
    return reply.with_status(409) if empty else reply
