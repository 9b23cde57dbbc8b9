"""Faults of the playground."""

from typing import Any

from conformance.hub.faults.base import Ask, Reply, fault
from conformance.hub.faults.shaping import Body, has, on_answers, on_chunks, refuses

PLAYGROUND = "playground-chat"
ANSWER: Body = {
    "id": "chatcmpl-9",
    "object": "chat.completion",
    "created": 1_735_689_600,
    "model": "gpt-4o-mini",
    "choices": [{"index": 0, "message": {"role": "assistant", "content": "Hello."}, "finish_reason": "stop"}],
    "usage": {"prompt_tokens": 6, "completion_tokens": 2, "total_tokens": 8},
}


def _by_key(ask: Ask, reply: Reply) -> bool:
    credential = ask.header("authorization") or ""
    return ask.operation == PLAYGROUND and reply.status == 401 and credential.startswith("Bearer ")


@fault(
    "playground.session-ignored",
    "The playground wants an API key, and takes no session.",
    "playground.session.opens",
    source="routes that are mounted under the middleware of the API",
)
def session_ignored(ask: Ask, reply: Reply) -> Reply:
    signed_in = ask.operation == PLAYGROUND and ask.header("cookie") and reply.status == 200
    if not signed_in:
        return reply
    error = {"message": "No API key.", "type": "invalid_request_error", "param": None, "code": "invalid_api_key"}
    plain = reply.with_header("content-type", "application/json").with_header("www-authenticate", "Bearer")
    return plain.with_status(401).with_json({"error": error})


@fault(
    "playground.open-to-keys",
    "An API key opens the playground.",
    "playground.api-key.closed",
    source="middleware that signs in whoever has a good token",
)
def open_to_keys(ask: Ask, reply: Reply) -> Reply:
    if not _by_key(ask, reply):
        return reply
    return reply.without_header("www-authenticate").with_status(200).with_json(ANSWER)


@fault(
    "playground.open-to-keys-with-user",
    "An API key with the number of a user beside it opens the playground, as a stream.",
    "playground.api-key.closed",
    source="QuantumNous/new-api: the number of a user is looked at beside the credential",
)
def open_with_user(ask: Ask, reply: Reply) -> Reply:
    if not _by_key(ask, reply) or not ask.header("new-api-user"):
        return reply
    chunk = {**ANSWER, "object": "chat.completion.chunk"}
    chunk["choices"] = [{"index": 0, "delta": {"role": "assistant", "content": "Hello."}, "finish_reason": "stop"}]
    plain = reply.without_header("www-authenticate").with_status(200).without_header("content-length")
    return plain.with_header("content-type", "text/event-stream").with_events([(0.01, chunk), (0.01, "[DONE]")])


@fault(
    "playground.key-crashes",
    "An API key with the number of a user gets past the gate and ends in a server error.",
    "playground.api-key.status",
    source="QuantumNous/new-api: access tokens get past the gate and are answered with 500",
)
def key_crashes(ask: Ask, reply: Reply) -> Reply:
    return reply.with_status(500) if _by_key(ask, reply) and ask.header("new-api-user") else reply


@fault(
    "playground.wrapped-answer",
    "An answer is wrapped into the envelope of the dashboard.",
    "playground.answer.envelope",
    also={"playground.usage.total": "the usage is not where chat has it"},
    source="QuantumNous/new-api: other answers of the dashboard are {success, message, data}",
)
@on_answers(PLAYGROUND)
def wrapped_answer(_asked: Body, answer: Body) -> None:
    whole = dict(answer)
    answer.clear()
    answer |= {"success": True, "message": "", "data": whole}


@fault(
    "playground.chunks-as-answers",
    "The chunks of a stream call themselves answers.",
    "playground.stream.chunks",
    source="higress-group/higress#2039",
)
@on_chunks(PLAYGROUND)
def chunks_as_answers(_asked: Body, chunk: Body) -> None:
    chunk["object"] = "chat.completion"


def _each_text(part: Body, change: Any) -> None:
    for choice in part["choices"]:
        spoken = choice.get("message") or choice.get("delta")
        if spoken.get("content"):
            spoken["content"] = change(spoken["content"])


@fault(
    "playground.misread-text",
    "Text is read as Latin-1 on its way into the page.",
    "playground.answer.text",
    source="pages and proxies without a charset",
)
@on_answers(PLAYGROUND)
def misread_text(_asked: Body, answer: Body) -> None:
    _each_text(answer, lambda text: text.encode().decode("latin-1"))


@fault(
    "playground.ascii-stream",
    "A stream has question marks in the place of other scripts.",
    "playground.answer.text",
    source="writers with an ASCII charset",
)
@on_chunks(PLAYGROUND)
def ascii_stream(_asked: Body, chunk: Body) -> None:
    _each_text(chunk, lambda text: text.encode("ascii", "replace").decode())


fault(
    "playground.one-id-for-all",
    "Every reply has the same id.",
    "playground.answer.ids",
    source="mocks and caches that hand out a constant",
)(
    lambda ask, reply: on_chunks(PLAYGROUND)(_same_id)(ask, on_answers(PLAYGROUND)(_same_id)(ask, reply)),
)


def _same_id(_asked: Body, part: Body) -> None:
    part["id"] = "chatcmpl-1"


@fault(
    "playground.id-of-every-chunk",
    "Every chunk has an id of its own.",
    "playground.answer.ids",
    source="gateways that make an id wherever they make an object",
)
@on_chunks(PLAYGROUND)
def id_of_every_chunk(_asked: Body, chunk: Body) -> None:
    text = "".join(choice["delta"].get("content") or "" for choice in chunk["choices"])
    chunk["id"] = f"chatcmpl-{text.encode().hex()}"


@fault(
    "playground.no-usage",
    "An answer does not tell its usage.",
    "playground.usage.total",
    source="gateways that keep the usage for their own books",
)
@on_answers(PLAYGROUND)
def no_usage(_asked: Body, answer: Body) -> None:
    del answer["usage"]


@fault(
    "playground.wrong-total",
    "The total is that of the answer alone.",
    "playground.usage.total",
    source="plain logic",
)
@on_answers(PLAYGROUND)
def wrong_total(_asked: Body, answer: Body) -> None:
    answer["usage"]["total_tokens"] = answer["usage"]["completion_tokens"]


@fault(
    "playground.stream-without-usage",
    "A stream tells no usage although it was asked for.",
    "playground.stream.same-usage",
    source="FastGPT and other pages: stream_options is dropped",
)
@on_chunks(PLAYGROUND, when=has("stream_options"))
def stream_without_usage(_asked: Body, chunk: Body) -> None:
    chunk["usage"] = None


@fault(
    "playground.stream-counts-chunks",
    "A stream counts its chunks in the place of its tokens.",
    "playground.stream.same-usage",
    source="Augustas11/macprovider#255",
)
@on_chunks(PLAYGROUND)
def stream_counts_chunks(_asked: Body, chunk: Body) -> None:
    if chunk.get("usage"):
        chunk["usage"]["completion_tokens"] += 3
        chunk["usage"]["total_tokens"] += 3


fault(
    "playground.group-refused",
    "A request that names a group is refused.",
    "playground.request.group",
    also={
        "playground.answer.text": "there is no stream",
        "playground.answer.ids": "there is no stream",
        "playground.stream.chunks": "there is no stream",
        "playground.stream.same-usage": "there is no stream",
        "transport.status-200": "the hub claims to serve the refused request",
    },
    source="validators that know the fields of chat alone",
)(refuses(PLAYGROUND, when=has("group")))
