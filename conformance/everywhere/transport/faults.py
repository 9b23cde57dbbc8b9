"""Faults below the formats: HTTP itself, JSON as text, event streams."""

import json
from collections.abc import Callable
from dataclasses import replace
from typing import Any

from conformance.hub.faults.base import Ask, Reply, Spoil, fault

LIST = "list-models-openai"
CHAT = "chat-completions"
GEMINI_LIST = "list-models-gemini"


def _good_list(ask: Ask, reply: Reply) -> bool:
    return ask.operation == GEMINI_LIST and reply.status == 200 and ask.method == "GET"


def _long_stream(ask: Ask, reply: Reply) -> bool:
    """The one stream in whose words no family takes an interest."""
    return ask.operation == CHAT and reply.is_stream and b"Count from 1 to 100" in ask.body


@fault(
    "transport.answered.silence",
    "The list of the Anthropic format is never answered.",
    "transport.answered",
    source="Atomic-Germ/OpenFlowLM-Next#69",
)
def silence(ask: Ask, reply: Reply) -> Reply:
    return replace(reply, silent=True) if ask.header("anthropic-version") and ask.operation == LIST else reply


@fault(
    "transport.complete.cut",
    "A long stream breaks off in the middle.",
    "transport.complete",
    also={"transport.stream.terminal": "the end of the stream is lost as well"},
    source="deepseek-ai/DeepSeek-V3#1608, seen through a proxy that closes",
)
def cut(ask: Ask, reply: Reply) -> Reply:
    if not _long_stream(ask, reply):
        return reply
    half = reply.pieces[: len(reply.pieces) // 2]
    return replace(reply.with_pieces(half), cut=True)


@fault(
    "transport.complete.short",
    "Content-Length promises more than comes.",
    "transport.complete",
    source="RFC 9112 section 8",
)
def short(ask: Ask, reply: Reply) -> Reply:
    if not (ask.operation == LIST and ask.header("anthropic-version") and reply.status == 200):
        return reply
    return replace(reply.with_header("content-length", str(len(reply.body) + 100)), cut=True)


@fault(
    "transport.length.both",
    "Upstream's Content-Length is passed on beside chunked coding.",
    "transport.length.unambiguous",
    source="RFC 9112 section 6.2",
)
def both_lengths(ask: Ask, reply: Reply) -> Reply:
    if not _long_stream(ask, reply):
        return reply
    length = str(len(reply.body))
    return reply.with_header("content-length", length).with_header("transfer-encoding", "chunked")


@fault(
    "transport.length.twice",
    "Two different lengths stand in one header.",
    "transport.length.unambiguous",
    source="RFC 9110 section 8.6",
)
def two_lengths(ask: Ask, reply: Reply) -> Reply:
    if not _good_list(ask, reply):
        return reply
    length = str(len(reply.body))
    headers = [pair for pair in reply.headers if pair[0].lower() != "content-length"]
    return replace(reply, headers=(("content-length", length), *headers, ("content-length", "0")))


@fault(
    "transport.identity.gzip-label",
    "A list is labelled as compressed although nobody asked for it.",
    "transport.identity",
    source="editor-code-assistant/eca#479",
)
def gzip_label(ask: Ask, reply: Reply) -> Reply:
    return reply.with_header("content-encoding", "br") if _good_list(ask, reply) else reply


@fault(
    "transport.redirect",
    "The Google list has moved.",
    "transport.no-redirect",
    source="RFC 9110 section 15.4",
)
def moved(ask: Ask, reply: Reply) -> Reply:
    if not _good_list(ask, reply):
        return reply
    return (
        reply.with_status(308).with_header("location", "/v1beta/models/").without_header("content-type").with_body(b"")
    )


@fault(
    "transport.slash.moved",
    "A POST to a path with a slash at its end is redirected with 301.",
    "transport.slash.keeps-method",
    source="QuantumNous/new-api: trailing slashes are redirected",
)
def slash_moved(ask: Ask, reply: Reply) -> Reply:
    if ask.path != "/v1/chat/completions/":
        return reply
    return (
        reply.with_status(301)
        .with_header("location", "/v1/chat/completions")
        .without_header("content-type")
        .with_body(b"")
    )


@fault(
    "transport.head.405",
    "HEAD is not supported.",
    "transport.head",
    source="the default of several Python frameworks",
)
def no_head(ask: Ask, reply: Reply) -> Reply:
    return reply.with_status(405).with_header("allow", "GET") if ask.method == "HEAD" else reply


@fault(
    "transport.date.missing",
    "Replies have no Date header.",
    "transport.date",
    source="RFC 9110 section 6.6.1",
)
def no_date(_ask: Ask, reply: Reply) -> Reply:
    return reply.without_header("date")


@fault(
    "transport.date.word",
    "The Date header is a word.",
    "transport.date",
    source="RFC 9110 section 5.6.7",
)
def word_date(_ask: Ask, reply: Reply) -> Reply:
    return reply.with_header("date", "today")


@fault(
    "transport.status-200.201",
    "A list is answered with 201.",
    "transport.status-200",
    source="google-genai raises on 201",
)
def created(ask: Ask, reply: Reply) -> Reply:
    return reply.with_status(201) if _good_list(ask, reply) else reply


@fault(
    "transport.retry-after.missing",
    "A 429 does not say when to come back.",
    "transport.retry-after",
    source="BerriAI/litellm#30098",
)
def limited(ask: Ask, reply: Reply) -> Reply:
    if ask.method != "HEAD":
        return reply
    return reply.with_status(429).without_header("retry-after")


@fault(
    "transport.request-id.missing",
    "Replies carry no request id.",
    "transport.request-id.present",
    source="openai-python: APIStatusError.request_id",
)
def no_request_id(_ask: Ask, reply: Reply) -> Reply:
    return reply.without_header("x-request-id").without_header("request-id")


@fault(
    "transport.request-id.repeated",
    "Every reply carries the request id of the first one.",
    "transport.request-id.unique",
    source="the request id is what a user quotes to support; two requests with one id cannot be told apart",
    stateful=True,
)
def repeated_request_id() -> Spoil:
    seen: list[str] = []

    def spoil(_ask: Ask, reply: Reply) -> Reply:
        seen.append(reply.header("x-request-id") or "")
        return reply.with_header("x-request-id", seen[0])

    return spoil


@fault(
    "transport.json.text-label",
    "A list is labelled as text.",
    "transport.json.content-type",
    source="QuantumNous/new-api: JSON answers of some routes are labelled text/plain",
)
def text_label(ask: Ask, reply: Reply) -> Reply:
    return reply.with_header("content-type", "text/plain; charset=utf-8") if _good_list(ask, reply) else reply


@fault(
    "transport.json.no-label",
    "A list has no content type.",
    "transport.json.content-type",
    source="RFC 9110 section 8.3",
)
def no_label(ask: Ask, reply: Reply) -> Reply:
    return reply.without_header("content-type") if _good_list(ask, reply) else reply


@fault(
    "transport.json.charset",
    "JSON is labelled with another charset.",
    "transport.json.charset",
    source="RFC 8259 section 8.1",
)
def other_charset(ask: Ask, reply: Reply) -> Reply:
    return reply.with_header("content-type", "application/json; charset=gbk") if _good_list(ask, reply) else reply


def _body(change: Callable[[bytes], bytes]) -> Callable[[Ask, Reply], Reply]:
    def spoil(ask: Ask, reply: Reply) -> Reply:
        return reply.with_body(change(reply.body)) if _good_list(ask, reply) else reply

    return spoil


fault(
    "transport.json.bom",
    "JSON begins with a byte order mark.",
    "transport.json.strict",
    source="RFC 8259 section 8.1",
)(_body(lambda body: b"\xef\xbb\xbf" + body))
fault(
    "transport.json.trailing",
    "Something follows the JSON text.",
    "transport.json.strict",
    source="decolua/9router#3492",
)(_body(lambda body: body + b"\ndata: [DONE]\n\n"))
fault(
    "transport.json.twice",
    "The answer is written twice.",
    "transport.json.strict",
    source="logic: an error after the answer is appended to it",
)(_body(lambda body: body + body))
fault(
    "transport.json.nan",
    "A number is NaN.",
    "transport.json.strict",
    source="RFC 8259 section 6; the JSON module of Python writes it",
)(_body(lambda body: body[:-1] + b',"score":NaN}'))
fault(
    "transport.json.latin",
    "A text is sent in another charset than UTF-8.",
    "transport.json.strict",
    source="RFC 8259 section 8.1; openai-python raises on a GBK body",
)(_body(lambda body: body[:-1] + b',"note":"\xc4\xe3\xba\xc3"}'))
fault(
    "transport.json.empty",
    "A list is an empty body that is labelled as JSON.",
    "transport.json.strict",
    source="coder/aibridge#56; epam/ai-dial-chat#7926",
)(_body(lambda _: b""))
fault(
    "transport.json.duplicate-names",
    "A name stands twice in an object.",
    "transport.json.unique-names",
    source="RFC 8259 section 4",
)(_body(lambda body: body[:-1] + b',"nextPageToken":"a","nextPageToken":"b"}'))
fault(
    "transport.json.half-character",
    "A text ends in half of a surrogate pair.",
    "transport.json.whole-characters",
    source="RFC 8259 section 8.2",
)(_body(lambda body: body[:-1] + b',"note":"cut here \\ud83d"}'))


@fault(
    "transport.stream.plain-json",
    "A stream is answered with one JSON text.",
    "transport.stream.asked-and-given",
    source="openai-python yields no chunk and no error",
)
def plain_json(ask: Ask, reply: Reply) -> Reply:
    if not _long_stream(ask, reply):
        return reply
    whole = {"id": "chatcmpl-1", "object": "chat.completion", "created": 1, "model": "gpt-4o-mini", "choices": []}
    return reply.with_header("content-type", "application/json").with_body(json.dumps(whole).encode())


@fault(
    "transport.stream.empty",
    "A stream is answered with nothing.",
    "transport.stream.asked-and-given",
    also={"transport.stream.terminal": "nothing has no end"},
    source="coder/aibridge#56",
)
def empty_stream(ask: Ask, reply: Reply) -> Reply:
    return reply.with_body(b"") if _long_stream(ask, reply) else reply


@fault(
    "transport.stream.json-label",
    "A stream is labelled as JSON.",
    "transport.stream.content-type",
    also={"transport.json.strict": "what is labelled as JSON is a stream"},
    source="microsoft/foundry-dev-tools#195",
)
def json_label(ask: Ask, reply: Reply) -> Reply:
    return reply.with_header("content-type", "application/json") if _long_stream(ask, reply) else reply


@fault(
    "transport.stream.charset",
    "A stream is labelled with another charset.",
    "transport.stream.content-type",
    source="WHATWG HTML 9.2.3",
)
def stream_charset(ask: Ask, reply: Reply) -> Reply:
    labelled = "text/event-stream; charset=iso-8859-1"
    return reply.with_header("content-type", labelled) if _long_stream(ask, reply) else reply


def _stream_bytes(change: Callable[[bytes], bytes]) -> Callable[[Ask, Reply], Reply]:
    """Changes every write of the long stream."""

    def spoil(ask: Ask, reply: Reply) -> Reply:
        if not _long_stream(ask, reply):
            return reply
        return reply.with_pieces([(at, change(data)) for at, data in reply.blocks], reply.end)

    return spoil


def _first(change: Callable[[bytes], bytes]) -> Callable[[Ask, Reply], Reply]:
    """Changes the first event of the long stream."""

    def spoil(ask: Ask, reply: Reply) -> Reply:
        if not _long_stream(ask, reply):
            return reply
        (at, data), *rest = reply.blocks
        return reply.with_pieces([(at, change(data)), *rest], reply.end)

    return spoil


def _last(change: Callable[[bytes], bytes]) -> Callable[[Ask, Reply], Reply]:
    """Changes the last event of the long stream."""

    def spoil(ask: Ask, reply: Reply) -> Reply:
        if not _long_stream(ask, reply):
            return reply
        *rest, (at, data) = reply.blocks
        return reply.with_pieces([*rest, (at, change(data))], reply.end)

    return spoil


fault(
    "transport.stream.bom",
    "A byte order mark opens a stream.",
    "transport.stream.no-bom",
    source="openai-python loses the first chunk",
)(_first(lambda data: b"\xef\xbb\xbf" + data))
fault(
    "transport.stream.single-line-feeds",
    "Events are separated by single line feeds.",
    "transport.stream.blank-lines",
    also={
        "transport.stream.payload": "all events together are no JSON",
        "transport.stream.last-event-closed": "no event is closed, the last one neither",
        "transport.stream.terminal": "the terminator is a line of the one event",
    },
    source="openai-python and openai-node see no event",
)(_stream_bytes(lambda data: data[:-1]))
fault(
    "transport.stream.last-event-open",
    "The last event of a stream is not closed.",
    "transport.stream.last-event-closed",
    source="WHATWG HTML 9.2.6",
)(_last(lambda data: data[:-1]))
fault(
    "transport.stream.comment-as-data",
    "Upstream's comments are sent on as data.",
    "transport.stream.payload",
    source="mnfst/llm-gateway#2053",
)(_first(lambda data: b"data: : OPENROUTER PROCESSING\n\n" + data))
fault(
    "transport.stream.cut-payload",
    "A payload is cut in two events.",
    "transport.stream.payload",
    source="windingwind/zotero-pdf-translate#806, done by the server",
)(_first(lambda data: data[:30] + b"\n\ndata: " + data[30:]))
fault(
    "transport.stream.pretty",
    "A payload is written over several lines with data on the first one only.",
    "transport.stream.known-fields",
    "transport.stream.payload",
    source="openai-python and openai-node break on it",
)(_first(lambda data: data.replace(b"{", b"{\n", 1)))
fault(
    "transport.stream.bare-json",
    "An object without framing stands between the events.",
    "transport.stream.known-fields",
    source="QuantumNous/new-api: a late error is appended as bare JSON",
)(_first(lambda data: data + b'{"note":"upstream is slow"}\n\n'))
fault(
    "transport.stream.empty-data",
    "An event with empty data is sent as a sign of life.",
    "transport.stream.no-empty-data",
    source="openai-python and openai-node raise on it",
)(_first(lambda data: data + b"data:\n\n"))
fault(
    "transport.stream.ping",
    "A ping event without data is sent as a sign of life.",
    "transport.stream.no-blocks-without-data",
    source="openai-python and openai-node raise on it",
)(_first(lambda data: b"event: ping\n\n" + data))
fault(
    "transport.stream.retry-block",
    "A stream begins with a reconnection time.",
    "transport.stream.no-blocks-without-data",
    source="openai-python raises on it",
)(_first(lambda data: b"retry: 3000\n\n" + data))


def _chunk(text: str) -> bytes:
    delta: dict[str, Any] = {"index": 0, "delta": {"content": text}, "finish_reason": None}
    value = {"id": "x", "object": "chat.completion.chunk", "created": 1, "model": "m", "choices": [delta]}
    return json.dumps(value).encode()


fault(
    "transport.stream.half-surrogates",
    "The halves of a character come in two events.",
    "transport.stream.whole-characters",
    source="RFC 8259 section 8.2",
)(_first(lambda data: data + b"data: " + _chunk("\ud83d") + b"\n\ndata: " + _chunk("\ude00") + b"\n\n"))
fault(
    "transport.stream.half-bytes",
    "The bytes of a character come in two events.",
    "transport.stream.whole-characters",
    source="anomalyco/opencode#39694",
)(_first(lambda data: data + b'data: {"choices":[],"note":"\xe4\xbe"}\n\ndata: {"choices":[],"note":"\xae"}\n\n'))
fault(
    "transport.stream.ids",
    "Events are numbered.",
    "transport.stream.no-ids",
    source="openai-python breaks on ids with an extra blank line",
)(_stream_bytes(lambda data: b"id: 1\n" + data))
fault(
    "transport.stream.comments",
    "Metadata comes as comments inside a stream.",
    "transport.stream.no-comments",
    source="diegosouzapw/OmniRoute#7031; jundot/omlx#1011",
)(_first(lambda data: b": keepalive\n\n" + data))
fault(
    "transport.stream.comment-at-the-end",
    "A comment is glued to the last event.",
    "transport.stream.no-comments",
    source="diegosouzapw/OmniRoute#7031",
)(_last(lambda data: b": tokens-in=178\n" + data))
fault(
    "transport.stream.crlf",
    "Lines of a stream end with CR LF.",
    "transport.stream.line-feeds",
    source="hey-api/hey-api#3054; miruamel/xuan#194",
)(_stream_bytes(lambda data: data.replace(b"\n", b"\r\n")))
fault(
    "transport.stream.no-space",
    "No space stands behind the colon.",
    "transport.stream.space-after-colon",
    source="clients that cut off six characters",
)(_stream_bytes(lambda data: data.replace(b"data: ", b"data:", 1)))
fault(
    "transport.stream.no-end",
    "A stream ends without its terminator.",
    "transport.stream.terminal",
    source="BerriAI/litellm#1255; diegosouzapw/OmniRoute#6777",
)(_last(lambda _: b""))


@fault(
    "transport.stream.late-end",
    "The body of a stream stays open for six seconds after its last event.",
    "transport.stream.prompt-end",
    source="diegosouzapw/OmniRoute#6777",
)
def late_end(ask: Ask, reply: Reply) -> Reply:
    return replace(reply, end=reply.end + 6.0) if _long_stream(ask, reply) else reply


@fault(
    "transport.stream.held-back",
    "A stream is collected and sent at its end.",
    "transport.stream.incremental",
    source="goodrain/rainbond-console#1909; dividor/evidencelab#476",
)
def held_back(ask: Ask, reply: Reply) -> Reply:
    if not _long_stream(ask, reply):
        return reply
    end = max(reply.end, 0.5)
    return reply.with_pieces([(end, reply.body)], end)


@fault(
    "transport.stream.held-back-content",
    "A stream sends its first event at once, and all others together at its end.",
    "transport.stream.incremental",
    source="blinkk/rootjs#1209; ggml-org/llama.cpp#20872",
)
def held_back_content(ask: Ask, reply: Reply) -> Reply:
    if not _long_stream(ask, reply):
        return reply
    first, *rest = reply.blocks
    end = max(reply.end, first[0] + 0.5)
    return reply.with_pieces([first, (end, b"".join(data for _, data in rest))], end)


@fault(
    "transport.stream.unasked",
    "An answer without stream is labelled as one.",
    "transport.stream.only-when-asked",
    source="decolua/9router#3492",
)
def unasked(ask: Ask, reply: Reply) -> Reply:
    plain = ask.operation == CHAT and reply.status == 200 and reply.is_json
    return reply.with_header("content-type", "text/event-stream") if plain else reply


@fault(
    "transport.stream.cached",
    "A stream says nothing about caching.",
    "transport.stream.not-cached",
    source="ggml-org/llama.cpp#20872",
)
def cached(ask: Ask, reply: Reply) -> Reply:
    return reply.without_header("cache-control") if _long_stream(ask, reply) else reply


@fault(
    "transport.stream.proxy-buffering",
    "A stream does not tell proxies to pass it on.",
    "transport.stream.not-buffered-by-proxies",
    source="ggml-org/llama.cpp#20872",
)
def proxy_buffering(ask: Ask, reply: Reply) -> Reply:
    return reply.without_header("x-accel-buffering") if _long_stream(ask, reply) else reply
