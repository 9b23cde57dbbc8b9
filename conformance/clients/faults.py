"""Faults that the official clients stumble over.

They are proven over the wire, with the clients themselves, and not on recorded evidence: what a client makes of an
answer is known only when it has read it.
"""

import json
from typing import Any

from conformance.hub.faults.base import Ask, Frame, Reply, Tell, fault, frame_fault
from conformance.hub.faults.shaping import Body, named, on_answers, on_events, on_stream, refuses

CHAT, RESPONSES, CLAUDE = "chat-completions", "responses-create", "claude-messages"
GENERATE, STREAM = "gemini-generate-content", "gemini-stream-generate-content"
REALTIME = "realtime"
TALK = (CHAT, RESPONSES, CLAUDE, GENERATE, STREAM)
WRONG_KEYS = (
    "clients.openai.wrong-key",
    "clients.anthropic.wrong-key",
    "clients.openai-node.wrong-key",
    "clients.ai.wrong-key",
    "clients.anthropic-node.wrong-key",
)


def _labelled_gzip(ask: Ask, reply: Reply) -> Reply:
    packed = reply.status == 200 and "gzip" in (ask.header("accept-encoding") or "")
    return reply.with_header("content-encoding", "gzip") if packed else reply


@fault(
    "clients.label.gzip",
    "A proxy unpacks the answers of callers that take gzip, and leaves the label on them that they are packed.",
    "clients.openai.chat",
    "clients.openai.chat-tools",
    "clients.openai.chat-structured",
    "clients.openai.responses",
    "clients.openai.responses-tools",
    "clients.openai.completions",
    "clients.openai.embeddings",
    "clients.openai.moderations",
    "clients.openai.images",
    "clients.openai.transcription",
    "clients.openai.models",
    "clients.openai.videos",
    "clients.anthropic.messages",
    "clients.anthropic.tools",
    "clients.anthropic.models",
    "clients.google.generate",
    "clients.google.tools",
    "clients.google.structured",
    "clients.google.embed",
    "clients.google.models",
    "clients.openai-node.chat",
    "clients.openai-node.responses",
    "clients.openai-node.embeddings",
    "clients.openai-node.moderations",
    "clients.openai-node.images",
    "clients.openai-node.transcription",
    "clients.openai-node.videos",
    "clients.openai-node.models",
    "clients.ai.generate",
    "clients.ai.object",
    "clients.ai.embed",
    "clients.ai.image",
    "clients.ai.transcription",
    "clients.anthropic-node.messages",
    "clients.anthropic-node.tools",
    "clients.google-node.generate",
    "clients.google-node.tools",
    "clients.google-node.structured",
    "clients.google-node.embed",
    source="RFC 9110 section 8.4; proxies that decode an answer have to take its content coding off",
)
def label_gzip(ask: Ask, reply: Reply) -> Reply:
    return _labelled_gzip(ask, reply) if reply.is_json else reply


@fault(
    "clients.speech.label-gzip",
    "Speech for callers that take gzip is labelled as packed, and is not.",
    "clients.openai.speech",
    "clients.openai-node.speech",
    "clients.ai.speech",
    source="RFC 9110 section 8.4",
)
def speech_label_gzip(ask: Ask, reply: Reply) -> Reply:
    return _labelled_gzip(ask, reply) if ask.operation == "audio-speech" else reply


@fault(
    "clients.videos.label-gzip",
    "The file of a video for callers that take gzip is labelled as packed, and is not.",
    "clients.openai.videos-content",
    "clients.openai-node.videos-content",
    source="RFC 9110 section 8.4",
)
def videos_label_gzip(ask: Ask, reply: Reply) -> Reply:
    return _labelled_gzip(ask, reply) if ask.operation == "videos-content" else reply


@fault(
    "clients.transcription.segments-cut",
    "A transcript in JSON has segments that hold their times and words alone.",
    "clients.ai.transcription",
    source="OpenAI API reference, Create transcription: a segment has seek, tokens, temperature and three measures too",
)
def segments_cut(ask: Ask, reply: Reply) -> Reply:
    if ask.operation != "audio-transcriptions" or reply.status != 200 or not reply.is_json:
        return reply
    segment = {"id": 0, "start": 0.0, "end": 0.5, "text": reply.json["text"]}
    return reply.with_json({**reply.json, "segments": [segment]})


@fault(
    "clients.images.url-instead",
    "Pictures come as addresses, whatever was asked for.",
    "clients.ai.image",
    source="OpenAI API reference, Images: b64_json for GPT image models, and where response_format says so",
)
@on_answers("images-generations")
def url_instead(_asked: Body, answer: Body) -> None:
    for picture in answer["data"]:
        if picture.pop("b64_json", None):
            picture["url"] = "https://files.example.com/picture.png"


@fault(
    "clients.chat.choices-null",
    "A model behind the hub failed, and its answer is passed on as a success with choices null.",
    "clients.openai.chat",
    "clients.openai.chat-tools",
    "clients.openai.chat-structured",
    "clients.openai.completions",
    "clients.openai-node.chat",
    "clients.openai-node.chat-tools",
    "clients.ai.generate",
    "clients.ai.tools",
    "clients.ai.object",
    source="OpenAI API reference: choices is a list; gateways in front of failing models send null",
)
@on_answers(CHAT, "completions-create")
def choices_null(_asked: Body, answer: Body) -> None:
    answer["choices"] = None


@fault(
    "clients.chat.chunk-torn",
    "A chunk is cut where a buffer of the hub ends, and sent in two events.",
    "clients.openai.chat-stream",
    "clients.openai.chat-tools-stream",
    "clients.openai-node.chat-stream",
    "clients.openai-node.chat-tools-stream",
    "clients.ai.stream",
    "clients.ai.tools-stream",
    "clients.google.stream",
    "clients.google.tools-stream",
    "clients.google-node.stream",
    "clients.google-node.tools-stream",
    source="WHATWG HTML 9.2.6: an event ends at a blank line; relays that split by read size",
)
def chunk_torn(ask: Ask, reply: Reply) -> Reply:
    if ask.operation not in (CHAT, STREAM) or not reply.is_stream or not reply.events:
        return reply
    events = reply.events
    at, data = events[0]
    middle = len(data) // 2
    return reply.with_events([(at, data[:middle]), (at, data[middle:]), *events[1:]], reply.end)


@fault(
    "clients.chat.history-refused",
    "Members of an assistant message that the hub itself has sent are refused when it comes back.",
    "clients.openai.chat-tools",
    "clients.openai-node.chat-tools",
    "clients.ai.tools",
    source="OpenAI API reference, Function calling: the message with tool_calls is sent back as it came",
)
def history_refused(ask: Ask, reply: Reply) -> Reply:
    turns = (ask.json or {}).get("messages")
    told = isinstance(turns, list) and any(isinstance(t, dict) and t.get("tool_calls") for t in turns)
    return _refused(reply, 400, "Unknown parameter: 'tool_calls'.") if ask.operation == CHAT and told else reply


@fault(
    "clients.responses.items-refused",
    "Output items of an earlier answer are refused as input, because they carry an id and a status.",
    "clients.openai.responses-tools",
    source="OpenAI API reference, Function calling with Responses: output items are added to the input as they came",
)
def items_refused(ask: Ask, reply: Reply) -> Reply:
    items = (ask.json or {}).get("input")
    told = isinstance(items, list) and any(isinstance(i, dict) and i.get("type") == "function_call" for i in items)
    return (
        _refused(reply, 400, "Unknown parameter: 'input[1].status'.") if ask.operation == RESPONSES and told else reply
    )


@fault(
    "clients.responses.no-completed",
    "A streamed response ends without its last event.",
    "clients.openai.responses-stream",
    "clients.openai-node.responses-stream",
    source="OpenAI API reference, Streaming events: response.completed",
)
@on_stream(RESPONSES, done=())
def no_completed(_asked: Body, events: list[Body]) -> list[Any]:
    return [named(event) for event in events if event["type"] != "response.completed"]


base64_refused = fault(
    "clients.embeddings.base64-refused",
    "Embeddings are served as numbers alone, and base64, which the client asks for by itself, is refused.",
    "clients.openai.embeddings",
    "clients.openai-node.embeddings",
    source="openai-python and openai-node ask for encoding_format base64 when the program names none",
)(refuses("embeddings", when=lambda asked: asked.get("encoding_format") == "base64", param="encoding_format"))


@fault(
    "clients.models.more-for-ever",
    "A model list always has another page, which is the same.",
    "clients.anthropic.models",
    source="Anthropic API reference, List Models: has_more",
)
def more_for_ever(ask: Ask, reply: Reply) -> Reply:
    if ask.operation != "list-models-openai" or reply.status != 200:
        return reply
    models = reply.json
    return reply.with_json({**models, "has_more": True, "last_id": models["data"][-1]["id"]})


@fault(
    "clients.videos.id-missing",
    "A task of a video has no id, only a task_id.",
    "clients.openai.videos",
    "clients.openai-node.videos",
    source="OpenAI API reference, Videos: id",
)
def id_missing(ask: Ask, reply: Reply) -> Reply:
    if ask.operation != "videos-create" or reply.status != 200:
        return reply
    task = dict(reply.json)
    return reply.with_json({"task_id": task.pop("id"), **task})


frame_fault(
    "clients.realtime.beta-names",
    "The text of an answer comes in events that have the names of the beta generation.",
    "clients.openai.realtime",
    "clients.openai.realtime-tools",
    source="OpenWhispr/openwhispr#811; mastra-ai/mastra#16941; TanStack/ai#699",
)(
    on_events(
        lambda event: {**event, "type": event["type"].replace("output_text", "text")},
        "response.output_text.delta",
        "response.output_text.done",
    )
)


@frame_fault(
    "clients.realtime.delta-of-another",
    "The first piece of an answer's text names another answer.",
    "clients.openai.realtime",
    "clients.openai.realtime-tools",
    source="OpenAI API reference, Realtime server events: response_id; gateways that ask a second upstream",
    stateful=True,
)
def delta_of_another() -> Tell:
    seen: list[Body] = []

    def change(event: Body) -> Body:
        seen.append(event)
        return event if seen[1:] else {**event, "response_id": "resp_of_another"}

    return on_events(change, "response.output_text.delta")


def _emptied(event: Body) -> Body:
    for item in event["response"]["output"]:
        if item["type"] == "message":
            item["content"] = []
    return event


def _unknown_call(event: Body) -> Body:
    if event["item"]["type"] != "function_call_output":
        return event
    error = {
        "type": "invalid_request_error",
        "code": None,
        "message": "There is no such call.",
        "param": "item.call_id",
    }
    return {"type": "error", "event_id": event["event_id"], "error": {**error, "event_id": None}}


frame_fault(
    "clients.realtime.end-without-text",
    "The end of an answer names its message without the text.",
    "clients.openai.realtime",
    "clients.openai.realtime-tools",
    source="OpenAI API reference, Realtime server events: response.done holds all output items, without audio",
)(on_events(_emptied, "response.done"))
frame_fault(
    "clients.realtime.never-done",
    "The end of an answer is not told.",
    "clients.openai.realtime",
    "clients.openai.realtime-tools",
    source="OpenAI API reference, Realtime server events: response.done",
)(on_events(lambda _event: None, "response.done"))
frame_fault(
    "clients.realtime.closed-at-once",
    "A session is accepted, and closed in the place of its greeting, because the upstream cannot be reached.",
    "clients.openai.realtime",
    "clients.openai.realtime-tools",
    source="openai/openai-agents-python#2240; BerriAI/litellm#8828",
)(on_events(lambda _event: Frame("close", b"Internal server error", 1011), "session.created"))
frame_fault(
    "clients.realtime.result-refused",
    "The result of a function call is refused, as if there had been no call.",
    "clients.openai.realtime-tools",
    source="OpenAI API reference, Realtime client events: conversation.item.create with function_call_output",
)(on_events(_unknown_call, "conversation.item.added"))


@fault(
    "clients.errors.wrong-key-403",
    "A wrong key is answered 403, as if it were known and lacked a right.",
    *WRONG_KEYS,
    "clients.openai.realtime-wrong-key",
    source="RFC 9110 15.5.2 and 15.5.4; the clients map 403 to another class; frameworks refuse a WebSocket with 403",
)
def wrong_key_403(ask: Ask, reply: Reply) -> Reply:
    return reply.with_status(403) if ask.operation in (*TALK, REALTIME) and reply.status == 401 else reply


@fault(
    "clients.errors.no-envelope",
    "Refusals say why in a bare message, without the envelope of the format.",
    *WRONG_KEYS,
    "clients.google.wrong-key",
    "clients.google-node.wrong-key",
    "clients.openai.wrong-request",
    "clients.anthropic.wrong-request",
    "clients.google.wrong-request",
    source="API references of OpenAI, Anthropic and Google on errors; validation errors of web frameworks",
)
def no_envelope(ask: Ask, reply: Reply) -> Reply:
    refused = ask.operation in TALK and reply.status in (400, 401) and reply.is_json
    return reply.with_json({"detail": "The request was refused."}) if refused else reply


@fault(
    "clients.claude.no-start",
    "A streamed message begins with its first block, without message_start.",
    "clients.anthropic.stream",
    "clients.anthropic.tools-stream",
    "clients.anthropic-node.stream",
    "clients.anthropic-node.tools-stream",
    source="Anthropic API reference, Streaming: each stream begins with message_start",
)
@on_stream(CLAUDE, done=())
def no_start(_asked: Body, events: list[Body]) -> list[Any]:
    return [named(event) for event in events if event["type"] != "message_start"]


@fault(
    "clients.claude.content-null",
    "A message that has nothing to say holds null instead of its blocks.",
    "clients.anthropic.messages",
    "clients.anthropic.tools",
    "clients.anthropic-node.messages",
    "clients.anthropic-node.tools",
    source="Anthropic API reference, Messages: content is a list of blocks",
)
@on_answers(CLAUDE)
def content_null(_asked: Body, answer: Body) -> None:
    answer["content"] = None


@fault(
    "clients.gemini.args-text",
    "The arguments of a function call are passed on as the JSON text that another vendor sends.",
    "clients.google.tools",
    source="Gemini API reference, FunctionCall: args is an object; OpenAI's arguments are a text",
)
@on_answers(GENERATE)
def args_text(_asked: Body, answer: Body) -> None:
    for part in answer["candidates"][0]["content"]["parts"]:
        if "functionCall" in part:
            part["functionCall"]["args"] = json.dumps(part["functionCall"]["args"])


@fault(
    "clients.types.counts-as-text",
    "Token counts are sent as texts.",
    "clients.openai.types",
    "clients.anthropic.types",
    source="API references of OpenAI and Anthropic, usage: integers",
)
@on_answers(CHAT, RESPONSES, CLAUDE, "embeddings")
def counts_as_text(_asked: Body, answer: Body) -> None:
    answer["usage"] = {k: str(v) if isinstance(v, int) else v for k, v in answer["usage"].items()}


def _refused(reply: Reply, status: int, message: str) -> Reply:
    error = {"message": message, "type": "invalid_request_error", "param": None, "code": None}
    return reply.with_status(status).with_header("content-type", "application/json").with_json({"error": error})
