"""Faults of the Anthropic format."""

import copy
import json
import re
from collections.abc import Callable, Iterable, Iterator
from typing import Any
from urllib.parse import parse_qs

from conformance.hub.faults.base import Ask, Reply, Spoil, fault
from conformance.hub.faults.shaping import Body, When, always, has, lacks, named, on_answers, refuses, serves, timed

CLAUDE = "claude-messages"
COUNT = "claude-count-tokens"
LIST = "list-models-openai"
ASTRAL = re.compile("[\U00010000-\U0010ffff]")
FIRST_PICTURE_TOKENS = 85
CANNED: Body = {
    "id": "msg_lenient",
    "type": "message",
    "role": "assistant",
    "model": "claude-3-5-haiku",
    "content": [{"type": "text", "text": "Hello"}],
    "stop_reason": "end_turn",
    "stop_sequence": None,
    "usage": {"input_tokens": 4, "output_tokens": 1},
}
NO_TERMINAL = {"transport.stream.terminal": "message_stop is what ends a stream of this format"}
Events = list[Body]
Rewrite = Callable[[Body, Events], Iterable[Any]]


def capped(asked: Body) -> bool:
    """The long count under a small limit."""
    return bool(asked.get("max_tokens") == 16 and "300" in json.dumps(asked["messages"]))


def plain(asked: Body) -> bool:
    """Nothing but messages, which hold texts."""
    bare = lacks("tools", "stop_sequences", "thinking", "system")(asked) and not capped(asked)
    return bare and isinstance(asked["messages"][0]["content"], str)


def copies(asked: Body) -> bool:
    """Text of many scripts to be repeated."""
    return "qz7" in json.dumps(asked["messages"])


def chooses(kind: str) -> When:
    """Requests with a tool_choice of this type."""
    return lambda asked: (asked.get("tool_choice") or {}).get("type") == kind


def in_blocks(asked: Body) -> bool:
    """Requests whose system text is a list."""
    return isinstance(asked.get("system"), list)


def has_block(kind: str) -> When:
    """Conversations with a block of this type."""
    return lambda asked: any(
        isinstance(block, dict) and block.get("type") == kind
        for turn in asked["messages"]
        if isinstance(turn, dict) and isinstance(turn.get("content"), list)
        for block in turn["content"]
    )


def answers(when: When = always) -> Callable[[Callable[[Body], Any]], Spoil]:
    """Makes a fault of a function that changes a whole answer in place."""

    def wrap(change: Callable[[Body], Any]) -> Spoil:
        return on_answers(CLAUDE, when=when)(lambda _asked, answer: change(answer))

    return wrap


def streams(when: When = always) -> Callable[[Callable[[Events], Iterable[Any]]], Spoil]:
    """Makes a fault of a function from the events of a stream to its events: objects, which are named by their type,
    or bytes, which are written as they are."""

    def wrap(rewrite: Callable[[Events], Iterable[Any]]) -> Spoil:
        def spoil(ask: Ask, reply: Reply) -> Reply:
            asked = ask.json
            if ask.operation != CLAUDE or asked is None or not reply.is_stream or not when(asked):
                return reply
            times = [at for at, _ in reply.events]
            made = rewrite([json.loads(data) for _, data in reply.events])
            return reply.with_pieces(timed(map(named, made), times), reply.end)

        return spoil

    return wrap


def events(*types: str, when: When = always) -> Callable[[Callable[[Body], Any]], Spoil]:
    """Makes a fault of a function that changes one event of these types in place."""

    def wrap(change: Callable[[Body], Any]) -> Spoil:
        def rewrite(found: Events) -> Events:
            for event in found:
                if event["type"] in types:
                    change(event)
            return found

        return streams(when)(rewrite)

    return wrap


def delta_of(index: int, **delta: Any) -> Body:
    return {"type": "content_block_delta", "index": index, "delta": delta}


def places(found: Events, kind: str) -> list[int]:
    """Where events of a type stand."""
    return [place for place, event in enumerate(found) if event["type"] == kind]


def without(found: Events, *kinds: str) -> Events:
    return [event for event in found if event["type"] not in kinds]


def text_instead(answer: Body) -> None:
    """The answer says something where it should call a tool."""
    answer["content"] = [{"type": "text", "text": "I would rather not."}]
    answer["stop_reason"] = "end_turn"


# Answers


@fault(
    "claude.answer.content-null",
    "An answer to a picture has null as its content.",
    "claude.answer.envelope",
    also={"claude.answer.says-something": "there is nothing to say it in"},
    source="anthropic-python and anthropic-sdk-typescript: content is iterated unchecked",
)
@answers(has_block("image"))
def content_null(answer: Body) -> None:
    answer["content"] = None


@fault(
    "claude.answer.role-missing",
    "The answer to a request with a system text has no role.",
    "claude.answer.envelope",
    source="Anthropic API reference, Messages: role",
)
@answers(copies)
def role_missing(answer: Body) -> None:
    del answer["role"]


@fault(
    "claude.answer.type-of-chat",
    "The type of an answer is chat.completion.",
    "claude.answer.envelope",
    source="Anthropic API reference, Messages: type",
)
@answers()
def type_of_chat(answer: Body) -> None:
    answer["type"] = "chat.completion"


@fault(
    "claude.answer.openai-shape",
    "A request for a picture to be described gets a chat completion.",
    "claude.answer.envelope",
    "claude.answer.stop-reason-given",
    "claude.usage.shape",
    "claude.request.image",
    also={
        "claude.answer.stop-sequence-member": "the other format has no such member",
        "claude.answer.id-prefix": "the other format has another prefix",
    },
    source="gateways that forget to translate one kind of request",
)
@answers(has_block("image"))
def openai_shape(answer: Body) -> None:
    message = {"role": "assistant", "content": "Hello."}
    choices = [{"index": 0, "message": message, "finish_reason": "stop"}]
    model = answer["model"]
    answer.clear()
    answer |= {"id": "chatcmpl-1", "object": "chat.completion", "created": 1, "model": model, "choices": choices}


@fault(
    "claude.answer.input-as-text",
    "The input of a call is the text of a JSON object.",
    "claude.answer.blocks",
    source="converters that do not parse the arguments of an OpenAI call",
)
@answers(has("tools"))
def input_as_text(answer: Body) -> None:
    for block in answer["content"]:
        if block["type"] == "tool_use":
            block["input"] = json.dumps(block["input"])


@fault(
    "claude.answer.id-of-call-empty",
    "A call that had to be made has an empty id.",
    "claude.answer.blocks",
    source="converters of upstreams without call ids",
)
@answers(chooses("tool"))
def id_of_call_empty(answer: Body) -> None:
    answer["content"][0]["id"] = ""


@fault(
    "claude.answer.block-untyped",
    "The text block of an answer that a stop sequence ended has no type.",
    "claude.answer.blocks",
    also={"claude.stream.same-structure": "the block of the stream has its type"},
    source="anthropic-python types: TextBlock.type",
)
@answers(has("stop_sequences"))
def block_untyped(answer: Body) -> None:
    del answer["content"][0]["type"]


@fault(
    "claude.answer.thoughts-under-text",
    "A thinking block has its thoughts in the member text.",
    "claude.answer.blocks",
    source="anthropic-python types: ThinkingBlock.thinking",
)
@answers(has("thinking"))
def thoughts_under_text(answer: Body) -> None:
    answer["content"][0]["text"] = answer["content"][0].pop("thinking")


@fault(
    "claude.answer.unsigned",
    "A thinking block has no signature.",
    "claude.answer.signature",
    source="ENTERPILOT/GoModel#964; dirge-code/dirge#823",
)
@answers(has("thinking"))
def unsigned(answer: Body) -> None:
    del answer["content"][0]["signature"]


@fault(
    "claude.answer.signature-null",
    "The signature of a thinking block is null.",
    "claude.answer.signature",
    "claude.answer.blocks",
    source="ENTERPILOT/GoModel#964",
)
@answers(has("thinking"))
def signature_null(answer: Body) -> None:
    answer["content"][0]["signature"] = None


@fault(
    "claude.answer.stop-word",
    "A plain answer ended with the word stop.",
    "claude.answer.stop-reason",
    source="converters of chat completions that pass finish_reason on",
)
@answers(plain)
def stop_word(answer: Body) -> None:
    answer["stop_reason"] = "stop"


@fault(
    "claude.answer.tool-calls-word",
    "An answer with a call ended with the word tool_calls.",
    "claude.answer.stop-reason",
    "claude.tools.stop-reason",
    source="converters of chat completions that pass finish_reason on",
)
@answers(has("tools"))
def tool_calls_word(answer: Body) -> None:
    if answer["stop_reason"] == "tool_use":
        answer["stop_reason"] = "tool_calls"


@fault(
    "claude.answer.reason-null",
    "An answer that ran into its limit has no stop_reason.",
    "claude.answer.stop-reason-given",
    source="theopenco/llmgateway#2974: an unmapped finish reason becomes null",
)
@answers(capped)
def reason_null(answer: Body) -> None:
    answer["stop_reason"] = None


@fault(
    "claude.answer.no-stop-sequence",
    "Answers have no member stop_sequence unless one was hit.",
    "claude.answer.stop-sequence-member",
    source="Anthropic API reference, Messages: stop_sequence",
)
@answers()
def no_stop_sequence(answer: Body) -> None:
    if answer["stop_sequence"] is None:
        del answer["stop_sequence"]


@fault(
    "claude.answer.id-constant",
    "All answers have the same id.",
    "claude.answer.id-unique",
    source="converters of upstreams without ids",
)
@answers()
def id_constant(answer: Body) -> None:
    answer["id"] = "msg_0"


@fault(
    "claude.answer.id-of-upstream",
    "Streams keep the id of the chat completion behind them.",
    "claude.answer.id-prefix",
    source="BerriAI/litellm#27492",
)
@events("message_start")
def id_of_upstream(event: Body) -> None:
    event["message"]["id"] = event["message"]["id"].replace("msg_", "chatcmpl-")


@fault(
    "claude.answer.model-of-upstream",
    "Streams with tools name the model behind the one that was asked for.",
    "claude.answer.model-named",
    source="gateways with a table of model names",
)
@events("message_start", when=has("tools"))
def model_of_upstream(event: Body) -> None:
    event["message"]["model"] = "deepseek-chat"


@fault(
    "claude.answer.blocked-as-success",
    "What upstream's filter blocked is an empty answer that ended by itself.",
    "claude.answer.says-something",
    source="BerriAI/litellm#40864",
)
@answers(plain)
def blocked_as_success(answer: Body) -> None:
    answer["content"] = []


@fault(
    "claude.answer.think-marks",
    "A plain answer has its thoughts between marks in the text.",
    "claude.answer.no-think-marks",
    source="gateways before models that write <think> themselves",
)
@answers(plain)
def think_marks(answer: Body) -> None:
    answer["content"][0]["text"] = "<think>Hm.</think>" + answer["content"][0]["text"]


@fault(
    "claude.text.astral-replaced",
    "Characters beyond the basic plane become replacement characters.",
    "claude.text.unicode",
    source="hubs that decode upstream's bytes piece by piece",
)
@answers()
def astral_replaced(answer: Body) -> None:
    for block in answer["content"]:
        if "text" in block:
            block["text"] = ASTRAL.sub("\ufffd", block["text"])


@fault(
    "claude.text.misread",
    "The bytes of a streamed text are taken for Latin-1.",
    "claude.text.unicode",
    source="HTTP clients that guess the charset of text/event-stream",
)
@events("content_block_delta", when=copies)
def misread(event: Body) -> None:
    event["delta"]["text"] = event["delta"]["text"].encode().decode("latin-1")


# Usage


@fault(
    "claude.usage.output-missing",
    "The usage of an answer with a call has no output_tokens.",
    "claude.usage.shape",
    source="anthropic-python types: Usage.output_tokens",
)
@answers(has("tools"))
def output_missing(answer: Body) -> None:
    del answer["usage"]["output_tokens"]


@fault(
    "claude.usage.names-of-openai",
    "The usage of a thoughtful answer is that of a chat completion.",
    "claude.usage.shape",
    source="converters of chat completions that pass usage on",
)
@answers(has("thinking"))
def names_of_openai(answer: Body) -> None:
    answer["usage"] = {"prompt_tokens": 9, "completion_tokens": 12, "total_tokens": 21}


@fault(
    "claude.usage.input-zero",
    "Prompts with thinking are billed at zero.",
    "claude.usage.input-positive",
    source="gateways that do not know upstream's count",
)
@answers(has("thinking"))
def input_zero(answer: Body) -> None:
    answer["usage"]["input_tokens"] = 0


@fault(
    "claude.usage.input-zero-in-streams",
    "A stream that is cut by its limit never tells the tokens of the prompt.",
    "claude.usage.input-positive",
    "claude.stream.usage-at-start",
    source="gateways that do not ask upstream for the usage of a stream",
)
@events("message_start", "message_delta", when=capped)
def input_zero_in_streams(event: Body) -> None:
    (event.get("usage") or event["message"]["usage"])["input_tokens"] = 0


@fault(
    "claude.usage.output-zero",
    "The output of a thoughtful answer is billed at zero.",
    "claude.usage.output-positive",
    source="gateways that do not know upstream's count",
)
@answers(has("thinking"))
def output_zero(answer: Body) -> None:
    answer["usage"]["output_tokens"] = 0


@fault(
    "claude.usage.calls-free",
    "Calls of a stream cost no output tokens.",
    "claude.usage.output-positive",
    source="gateways that count the text alone",
)
@events("message_delta", when=has("tools"))
def calls_free(event: Body) -> None:
    event["usage"]["output_tokens"] = 0


# Requests


@fault(
    "claude.version.newer-refused",
    "The newer version of the format is refused.",
    "claude.version.newer",
    source="hubs that compare the header with one value",
)
def newer_refused(ask: Ask, reply: Reply) -> Reply:
    if ask.operation != CLAUDE or ask.header("anthropic-version") != "2026-10-21":
        return reply
    return reply.with_status(400).with_json(error_of("invalid_request_error", "Unknown version."))


@fault(
    "claude.version.missing-crashes",
    "A request without a version ends in a server error.",
    "claude.version.missing",
    source="hubs that read the header unchecked",
)
def missing_crashes(ask: Ask, reply: Reply) -> Reply:
    if ask.operation != CLAUDE or ask.header("anthropic-version") is not None or reply.status != 400:
        return reply
    return reply.with_status(500).with_json(error_of("api_error", "Something went wrong."))


def error_of(kind: str, message: str) -> Body:
    return {"type": "error", "error": {"type": kind, "message": message}}


fault(
    "claude.request.blocks-refused",
    "A system text that is a list is refused.",
    "claude.request.text-blocks",
    source="hubs whose request type has a plain string there",
)(refuses(CLAUDE, when=in_blocks))


@fault(
    "claude.request.blocks-dropped",
    "A system text that is a list is dropped.",
    "claude.request.text-blocks-equal",
    source="converters that read the system text as a string only",
)
@answers(in_blocks)
def blocks_dropped(answer: Body) -> None:
    answer["usage"]["input_tokens"] -= 16


@fault(
    "claude.request.picture-not-answered",
    "A request with a picture gets an answer with nothing in it.",
    "claude.request.image",
    "claude.answer.stop-reason-given",
    source="hubs that lose the request on the way to a model for pictures",
)
@answers(has_block("image"))
def picture_not_answered(answer: Body) -> None:
    answer |= {"content": [], "stop_reason": None}


@fault(
    "claude.request.picture-dropped",
    "Pictures are dropped before the prompt is counted.",
    "claude.request.image-counted",
    source="converters that keep the text blocks only",
)
@answers(has_block("image"))
def picture_dropped(answer: Body) -> None:
    answer["usage"]["input_tokens"] -= FIRST_PICTURE_TOKENS


# Ends


@fault(
    "claude.stop.limit-ignored",
    "max_tokens is ignored.",
    "claude.stop.limit",
    source="converters that forget the limit",
)
@answers(capped)
def limit_ignored(answer: Body) -> None:
    answer["content"][0]["text"] = ", ".join(map(str, range(1, 61)))
    answer["usage"]["output_tokens"] = 119
    answer["stop_reason"] = "end_turn"


@fault(
    "claude.stop.limit-ignored-in-streams",
    "max_tokens is raised to 40 in streams.",
    "claude.stop.limit",
    source="hubs with a least number of tokens",
)
@events("message_delta", when=capped)
def limit_ignored_in_streams(event: Body) -> None:
    event["usage"]["output_tokens"] = 40


@fault(
    "claude.stop.cut-is-end",
    "An answer that is cut by its limit ended with end_turn.",
    "claude.stop.max-tokens",
    source="converters that map every finish reason to end_turn",
)
@answers(capped)
def cut_is_end(answer: Body) -> None:
    answer["stop_reason"] = "end_turn"


@fault(
    "claude.stop.cut-is-end-in-streams",
    "A stream that is cut by its limit ended with end_turn.",
    "claude.stop.max-tokens",
    source="converters that map every finish reason to end_turn",
)
@events("message_delta", when=capped)
def cut_is_end_in_streams(event: Body) -> None:
    event["delta"]["stop_reason"] = "end_turn"


@fault(
    "claude.stop.sequence-is-end",
    "A text that a stop sequence ended has the reason end_turn.",
    "claude.stop.sequence-reason",
    also={"claude.stream.same-structure": "the stream has the right reason"},
    source="converters of chat completions, whose finish_reason is stop for both",
)
@answers(has("stop_sequences"))
def sequence_is_end(answer: Body) -> None:
    if answer["stop_reason"] == "stop_sequence":
        answer |= {"stop_reason": "end_turn", "stop_sequence": None}


@fault(
    "claude.stop.sequence-is-end-in-streams",
    "A streamed text that a stop sequence ended has the reason end_turn.",
    "claude.stop.sequence-reason",
    also={"claude.stream.same-structure": "the whole answer has the right reason"},
    source="converters of chat completions, whose finish_reason is stop for both",
)
@events("message_delta", when=has("stop_sequences"))
def sequence_is_end_in_streams(event: Body) -> None:
    event["delta"] = {"stop_reason": "end_turn", "stop_sequence": None}


@fault(
    "claude.stop.sequence-unnamed",
    "The stop sequence that ended a text is not named.",
    "claude.stop.sequence-named",
    source="Anthropic API reference, Messages: stop_sequence",
)
@answers(has("stop_sequences"))
def sequence_unnamed(answer: Body) -> None:
    answer["stop_sequence"] = None


@fault(
    "claude.stop.wrong-sequence-named",
    "Streams name the last of the given sequences, whichever came.",
    "claude.stop.sequence-named",
    source="Anthropic API reference, Messages: stop_sequence",
)
@events("message_delta", when=has("stop_sequences"))
def wrong_sequence_named(event: Body) -> None:
    event["delta"]["stop_sequence"] = "crocodile"


@fault(
    "claude.stop.sequence-of-cut",
    "An answer that is cut by its limit names a stop sequence.",
    "claude.stop.sequence-null",
    source="Anthropic API reference, Messages: stop_sequence",
)
@answers(capped)
def sequence_of_cut(answer: Body) -> None:
    answer["stop_sequence"] = "zebra"


@fault(
    "claude.stop.sequence-unasked",
    "A natural end is called a stop sequence.",
    "claude.stop.sequence-asked",
    source="converters that map stop to stop_sequence",
)
@answers(plain)
def sequence_unasked(answer: Body) -> None:
    answer |= {"stop_reason": "stop_sequence", "stop_sequence": "\n"}


@fault(
    "claude.stop.sequence-in-text",
    "The stop sequence is left in the text.",
    "claude.stop.not-in-text",
    source="hubs that cut behind the sequence",
)
@answers(has("stop_sequences"))
def sequence_in_text(answer: Body) -> None:
    if answer["stop_sequence"]:
        answer["content"][0]["text"] += answer["stop_sequence"]


@fault(
    "claude.stop.sequence-streamed",
    "The stop sequence is streamed before it is recognised.",
    "claude.stop.not-in-text",
    source="hubs that look for a sequence in the text that was already sent",
)
@streams(has("stop_sequences"))
def sequence_streamed(found: Events) -> Events:
    last = places(found, "content_block_stop")[-1]
    return [*found[:last], delta_of(0, type="text_delta", text="zebra, over"), *found[last:]]


@fault(
    "claude.stop.beginning-streamed",
    "The first token of a stop sequence is streamed before the rest is seen.",
    "claude.stop.no-part-of-it",
    source="hubs that compare token by token",
)
@streams(has("stop_sequences"))
def beginning_streamed(found: Events) -> Events:
    last = places(found, "content_block_stop")[-1]
    return [*found[:last], delta_of(0, type="text_delta", text="zebra,"), *found[last:]]


# Tools


@fault(
    "claude.tools.name-mangled",
    "The names of tools in a stream keep the prefix that they had upstream.",
    "claude.tools.declared-name",
    source="gateways that rename tools for upstream",
)
@events("content_block_start", when=chooses("auto"))
def name_mangled(event: Body) -> None:
    event["content_block"]["name"] = "functions." + event["content_block"]["name"]


@fault(
    "claude.tools.input-misfit",
    "The input of a call that had to be made is another value than the schema allows.",
    "claude.tools.input-fits",
    source="gateways that drop enum from schemas",
)
@answers(chooses("tool"))
def input_misfit(answer: Body) -> None:
    answer["content"][0]["input"] = {"zone": "MARS"}


@fault(
    "claude.tools.one-id",
    "The calls of one streamed message have the same id.",
    "claude.tools.id-unique",
    source="converters that derive the id from the message",
)
@events("content_block_start", when=chooses("auto"))
def one_id(event: Body) -> None:
    event["content_block"]["id"] = "toolu_0"


@fault(
    "claude.tools.other-tool",
    "Another tool than the named one is called.",
    "claude.tools.named",
    also={"claude.stream.same-structure": "the stream of the same request has the named call"},
    source="converters that turn the type tool into required",
)
@answers(chooses("tool"))
def other_tool(answer: Body) -> None:
    answer["content"][0] |= {"name": "get_weather", "input": {"city": "Paris", "unit": "celsius"}}


@fault(
    "claude.tools.named-ignored-in-streams",
    "In streams the choice of a tool is dropped, and the model answers with text.",
    "claude.tools.named",
    also={"claude.stream.same-structure": "the whole answer to the same request has the call"},
    source="kittors/CliRelay#1042",
)
@streams(chooses("tool"))
def named_ignored_in_streams(found: Events) -> Iterator[Body]:
    yield from found[:2]
    yield {"type": "content_block_start", "index": 0, "content_block": {"type": "text", "text": ""}}
    yield delta_of(0, type="text_delta", text="I would rather not.")
    yield {"type": "content_block_stop", "index": 0}
    found[-2]["delta"]["stop_reason"] = "end_turn"
    yield from found[-2:]


fault(
    "claude.tools.any-ignored",
    "The choice any is dropped, and the model answers with text.",
    "claude.tools.any",
    source="kittors/CliRelay#1042",
)(answers(chooses("any"))(text_instead))


@fault(
    "claude.tools.none-is-auto",
    "The choice none becomes auto.",
    "claude.tools.none",
    source="kittors/CliRelay#1042",
)
@answers(chooses("none"))
def none_is_auto(answer: Body) -> None:
    call = {"type": "tool_use", "id": "toolu_1", "name": "get_weather", "input": {"city": "Paris", "unit": "celsius"}}
    answer |= {"content": [call], "stop_reason": "tool_use"}
    answer["usage"]["output_tokens"] = 9


@fault(
    "claude.tools.calls-end-turn",
    "An answer with the call that had to be made ended with end_turn.",
    "claude.tools.stop-reason",
    source="upstreams that say stop when a function was named",
)
@answers(chooses("tool"))
def calls_end_turn(answer: Body) -> None:
    answer["stop_reason"] = "end_turn"


@fault(
    "claude.tools.streamed-calls-end-turn",
    "Streams with calls ended with end_turn.",
    "claude.tools.stop-reason",
    source="converters that map the finish reason without a look at the content",
)
@events("message_delta", when=has("tools"))
def streamed_calls_end_turn(event: Body) -> None:
    event["delta"]["stop_reason"] = "end_turn"


@fault(
    "claude.tools.announced-only",
    "A plain answer ended with tool_use.",
    "claude.tools.stop-reason-without-call",
    source="converters that lose calls",
)
@answers(plain)
def announced_only(answer: Body) -> None:
    answer["stop_reason"] = "tool_use"


fault(
    "claude.tools.results-refused",
    "A turn with the result of a tool is refused.",
    "claude.tools.round-trip",
    source="hubs whose request type has no such block",
)(refuses(CLAUDE, when=has_block("tool_result")))


@fault(
    "claude.tools.history-dropped",
    "Only the last text of a conversation with results goes upstream.",
    "claude.tools.history-counted",
    source="converters that keep the text blocks only",
)
@events("message_start", "message_delta", when=has_block("tool_result"))
def history_dropped(event: Body) -> None:
    (event.get("usage") or event["message"]["usage"])["input_tokens"] = 7


# Thoughts


@fault(
    "claude.thinking.dropped",
    "Thoughts are dropped from whole answers.",
    "claude.thinking.shown",
    source="converters that keep the text alone",
)
@answers(has("thinking"))
def thoughts_dropped(answer: Body) -> None:
    answer["content"] = [block for block in answer["content"] if block["type"] != "thinking"]


@fault(
    "claude.thinking.behind",
    "Thoughts come behind the text.",
    "claude.thinking.first",
    source="converters that append reasoning_content",
)
@answers(has("thinking"))
def thoughts_behind(answer: Body) -> None:
    answer["content"].reverse()


fault(
    "claude.thinking.replay-refused",
    "A turn with its thoughts is refused when it comes back.",
    "claude.thinking.replay",
    source="hubs whose request type has no such block",
)(refuses(CLAUDE, when=has_block("thinking")))


@fault(
    "claude.thinking.unsigned-in-streams",
    "Streams have no signature_delta.",
    "claude.thinking.signed-alike",
    source="converters that know thoughts but no signatures",
)
@streams()
def unsigned_in_streams(found: Events) -> Events:
    return [event for event in found if event.get("delta", {}).get("type") != "signature_delta"]


# Streams


@fault(
    "claude.stream.unnamed",
    "Events have no name.",
    "claude.stream.event-names",
    source="Calcium-Ion/new-api-horizon#6",
)
@streams()
def unnamed(found: Events) -> list[bytes]:
    return [named(event, None) for event in found]


@fault(
    "claude.stream.ping-unnamed",
    "Pings have no name.",
    "claude.stream.event-names",
    source="Anthropic API reference, streaming: event ping",
)
@streams(has("thinking"))
def ping_unnamed(found: Events) -> list[bytes]:
    return [named(event, None if event["type"] == "ping" else "") for event in found]


@fault(
    "claude.stream.all-named-message",
    "All events of a stream with tools are named message.",
    "claude.stream.event-names",
    source="servers that use the name that browsers take for granted",
)
@streams(has("tools"))
def all_named_message(found: Events) -> list[bytes]:
    return [named(event, "message") for event in found]


@fault(
    "claude.stream.done-added",
    "A stream ends with [DONE] behind message_stop.",
    "claude.stream.no-done",
    source="gateways with one writer for all formats",
)
@streams(copies)
def done_added(found: Events) -> list[Any]:
    return [*found, b"data: [DONE]\n\n"]


@fault(
    "claude.stream.no-start",
    "A stream has no message_start.",
    "claude.stream.start-first",
    source="anthropic-python and anthropic-sdk-typescript raise",
)
@streams(has("thinking"))
def no_start(found: Events) -> Events:
    return without(found, "message_start")


@fault(
    "claude.stream.block-before-start",
    "In streams with calls the first block starts before the message.",
    "claude.stream.start-first",
    source="converters that write message_start when upstream's first text comes",
)
@streams(chooses("tool"))
def block_before_start(found: Events) -> Events:
    first = places(found, "content_block_start")[0]
    return [found[first], *found[:first], *found[first + 1 :]]


@fault(
    "claude.stream.started-twice",
    "message_start is sent again before the text.",
    "claude.stream.start-once",
    source="gateways that ask a second upstream when the first is slow",
)
@streams(has("stop_sequences"))
def started_twice(found: Events) -> Events:
    return [found[0], *found]


@fault(
    "claude.stream.start-without-content",
    "message_start has no content.",
    "claude.stream.start-shape",
    source="farion1231/cc-switch#7390; justlovemaki/AIClient2API#362",
)
@events("message_start")
def start_without_content(event: Body) -> None:
    del event["message"]["content"]


@fault(
    "claude.stream.start-without-usage",
    "message_start has no usage in streams with tools.",
    "claude.stream.start-shape",
    source="anthropic-python and anthropic-sdk-typescript raise",
)
@events("message_start", when=has("tools"))
def start_without_usage(event: Body) -> None:
    del event["message"]["usage"]


@fault(
    "claude.stream.start-with-content",
    "message_start already holds the text block that follows.",
    "claude.stream.start-shape",
    source="the official clients show such a block twice",
)
@events("message_start", when=capped)
def start_with_content(event: Body) -> None:
    event["message"]["content"] = [{"type": "text", "text": ""}]


@fault(
    "claude.stream.start-with-reason",
    "message_start already has a stop_reason.",
    "claude.stream.start-shape",
    source="Anthropic API reference, streaming: stop_reason is null in message_start",
)
@events("message_start", when=copies)
def start_with_reason(event: Body) -> None:
    event["message"]["stop_reason"] = "end_turn"


@fault(
    "claude.stream.start-counts-nothing",
    "message_start tells zero tokens of the prompt, message_delta the true number.",
    "claude.stream.usage-at-start",
    source="converters of streams whose usage comes last",
)
@events("message_start")
def start_counts_nothing(event: Body) -> None:
    event["message"]["usage"]["input_tokens"] = 0


@fault(
    "claude.stream.input-without-index",
    "The deltas of a call's input have no index.",
    "claude.stream.index",
    also={"claude.tools.input-fits": "a client cannot put the input together"},
    source="decolua/9router#2218",
)
@events("content_block_delta", when=has("tools"))
def input_without_index(event: Body) -> None:
    del event["index"]


@fault(
    "claude.stream.stop-without-index",
    "content_block_stop has no index.",
    "claude.stream.index",
    also={"claude.stream.block-stopped": "no stop says which block it is about"},
    source="anthropic-python types: RawContentBlockStopEvent",
)
@events("content_block_stop", when=copies)
def stop_without_index(event: Body) -> None:
    del event["index"]


@fault(
    "claude.stream.index-from-one",
    "Blocks are numbered from 1.",
    "claude.stream.index-order",
    source="anthropic-python raises, anthropic-sdk-typescript loses the text",
)
@streams()
def index_from_one(found: Events) -> Events:
    for event in found:
        if "index" in event:
            event["index"] += 1
    return found


@fault(
    "claude.stream.index-gap",
    "The second call of a message has index 2.",
    "claude.stream.index-order",
    source="converters that reserve an index for text that never comes",
)
@streams(chooses("auto"))
def index_gap(found: Events) -> Events:
    for event in found:
        if event.get("index") == 1:
            event["index"] = 2
    return found


@fault(
    "claude.stream.delta-without-start",
    "Text comes without content_block_start.",
    "claude.stream.block-opened",
    source="justlovemaki/AIClient2API#362",
)
@streams(capped)
def delta_without_start(found: Events) -> Events:
    return without(found, "content_block_start")


@fault(
    "claude.stream.delta-of-lost-block",
    "Deltas name a block that never started.",
    "claude.stream.block-opened",
    source="router-for-me/CLIProxyAPI#3720",
)
@events("content_block_delta", when=capped)
def delta_of_lost_block(event: Body) -> None:
    event["index"] = 1


@fault(
    "claude.stream.never-stopped",
    "The last block is never stopped.",
    "claude.stream.block-stopped",
    source="justlovemaki/AIClient2API#362",
)
@streams()
def never_stopped(found: Events) -> Events:
    last = places(found, "content_block_stop")[-1]
    return [*found[:last], *found[last + 1 :]]


@fault(
    "claude.stream.stopped-twice",
    "Thoughts are stopped twice.",
    "claude.stream.block-stopped",
    source="converters that close the open block at every change",
)
@streams(has("thinking"))
def stopped_twice(found: Events) -> Events:
    first = places(found, "content_block_stop")[0]
    return [*found[: first + 1], *found[first:]]


@fault(
    "claude.stream.next-before-stop",
    "The second call starts before the first is stopped.",
    "claude.stream.blocks-apart",
    source="Anthropic API reference, streaming: event flow",
)
@streams(chooses("auto"))
def next_before_stop(found: Events) -> Events:
    first = places(found, "content_block_stop")[0]
    return [*found[:first], found[first + 1], found[first], *found[first + 2 :]]


@fault(
    "claude.stream.all-stopped-late",
    "All blocks are stopped at the end.",
    "claude.stream.blocks-apart",
    source="converters that close what they opened only when upstream ends",
)
@streams(has("thinking"))
def all_stopped_late(found: Events) -> Events:
    stops = [event for event in found if event["type"] == "content_block_stop"]
    rest = without(found, "content_block_stop")
    return [*rest[:-2], *stops, *rest[-2:]]


@fault(
    "claude.stream.delta-behind-stop",
    "The last piece of text comes behind the stop of its block.",
    "claude.stream.blocks-apart",
    source="servers that write from two threads",
)
@streams(capped)
def delta_behind_stop(found: Events) -> Events:
    last = places(found, "content_block_stop")[-1]
    return [*found[: last - 1], found[last], found[last - 1], *found[last + 1 :]]


@fault(
    "claude.stream.text-start-without-text",
    "A text block starts without text.",
    "claude.stream.block-shape",
    source="anthropic-python raises",
)
@events("content_block_start")
def text_start_without_text(event: Body) -> None:
    event["content_block"].pop("text", None)


@fault(
    "claude.stream.thoughts-start-without-thinking",
    "A thinking block starts without thinking.",
    "claude.stream.block-shape",
    source="anthropic-sdk-typescript writes the word undefined into the thoughts",
)
@events("content_block_start")
def thoughts_start_without_thinking(event: Body) -> None:
    event["content_block"].pop("thinking", None)


@fault(
    "claude.stream.call-start-without-id",
    "A call starts without its id.",
    "claude.stream.block-shape",
    source="anthropic-python types: ToolUseBlock.id",
)
@events("content_block_start", when=chooses("tool"))
def call_start_without_id(event: Body) -> None:
    del event["content_block"]["id"]


@fault(
    "claude.stream.text-at-start",
    "A text block starts with its first words.",
    "claude.stream.block-starts-empty",
    source="converters that open the block when the first text comes",
)
@streams(copies)
def text_at_start(found: Events) -> Events:
    first = places(found, "content_block_start")[0]
    found[first]["content_block"]["text"] = found[first + 1]["delta"]["text"]
    return [*found[: first + 1], *found[first + 2 :]]


@fault(
    "claude.stream.input-at-start",
    "A call starts with its whole input, and there are no deltas.",
    "claude.stream.block-starts-empty",
    source="converters of formats whose calls come whole",
)
@streams(chooses("tool"))
def input_at_start(found: Events) -> Events:
    first = places(found, "content_block_start")[0]
    joined = "".join(found[place]["delta"]["partial_json"] for place in places(found, "content_block_delta"))
    found[first]["content_block"]["input"] = json.loads(joined)
    return without(found, "content_block_delta")


@fault(
    "claude.stream.thoughts-start-without-signature",
    "A thinking block starts without a signature.",
    "claude.stream.signature-at-start",
    source="ENTERPILOT/GoModel#964",
)
@events("content_block_start")
def thoughts_start_without_signature(event: Body) -> None:
    event["content_block"].pop("signature", None)


@fault(
    "claude.stream.text-null",
    "A delta without news has null as its text.",
    "claude.stream.delta-shape",
    source="converters of chunks whose content is null",
)
@streams(has("stop_sequences"))
def text_null(found: Events) -> Events:
    first = places(found, "content_block_delta")[0]
    return [*found[:first], delta_of(0, type="text_delta", text=None), *found[first:]]


@fault(
    "claude.stream.partial-json-object",
    "The input of a call comes as an object in one delta.",
    "claude.stream.delta-shape",
    also={"claude.tools.input-fits": "a client appends text and finds none"},
    source="anthropic-python types: InputJSONDelta.partial_json is a text",
)
@streams(chooses("tool"))
def partial_json_object(found: Events) -> Events:
    spots = places(found, "content_block_delta")
    joined = "".join(found[place]["delta"]["partial_json"] for place in spots)
    whole = delta_of(0, type="input_json_delta", partial_json=json.loads(joined))
    return [*found[: spots[0]], whole, *found[spots[-1] + 1 :]]


@fault(
    "claude.stream.delta-untyped",
    "Deltas of thoughts have no type.",
    "claude.stream.delta-shape",
    source="anthropic-python types: ThinkingDelta.type",
)
@events("content_block_delta", when=has("thinking"))
def delta_untyped(event: Body) -> None:
    if event["delta"]["type"] == "thinking_delta":
        del event["delta"]["type"]


@fault(
    "claude.stream.thoughts-as-text",
    "Thoughts come as text_delta in their block.",
    "claude.stream.delta-fits",
    source="anthropic-python: accumulate_event passes over them",
)
@events("content_block_delta", when=has("thinking"))
def thoughts_as_text(event: Body) -> None:
    if event["delta"]["type"] == "thinking_delta":
        event["delta"] = {"type": "text_delta", "text": event["delta"]["thinking"]}


@fault(
    "claude.stream.input-in-text-block",
    "Calls come as blocks of type text with deltas of input.",
    "claude.stream.delta-fits",
    "claude.stream.block-shape",
    "claude.tools.stop-reason-without-call",
    also={
        "claude.tools.named": "a client finds no call",
        "claude.stream.same-structure": "the whole answer has the call",
    },
    source="converters that open every block as text",
)
@events("content_block_start", when=chooses("tool"))
def input_in_text_block(event: Body) -> None:
    event["content_block"] = {"type": "text"}


@fault(
    "claude.stream.input-cut",
    "The last piece of each call's input is lost.",
    "claude.stream.input-json",
    source="the official clients hand on a partial input without a word",
)
@streams(chooses("tool"))
def input_cut(found: Events) -> Events:
    last = places(found, "content_block_delta")[-1]
    return [*found[:last], *found[last + 1 :]]


@fault(
    "claude.stream.input-twice",
    "The input of each of two calls is sent in pieces, and then once more as a whole.",
    "claude.stream.input-json",
    source="converters of streams that end with the whole arguments",
)
@streams(chooses("auto"))
def input_twice(found: Events) -> Iterator[Body]:
    joined = ""
    for event in found:
        joined += event.get("delta", {}).get("partial_json", "")
        if event["type"] == "content_block_stop":
            yield delta_of(event["index"], type="input_json_delta", partial_json=joined)
            joined = ""
        yield event


@fault(
    "claude.stream.signature-in-pieces",
    "The signature of thoughts comes in two pieces.",
    "claude.stream.signature",
    source="the official clients keep the last piece only",
)
@streams(has("thinking"))
def signature_in_pieces(found: Events) -> Iterator[Body]:
    for event in found:
        signature = event.get("delta", {}).get("signature")
        if signature is None:
            yield event
            continue
        for piece in (signature[:40], signature[40:]):
            yield {**event, "delta": {**event["delta"], "signature": piece}}


@fault(
    "claude.stream.thoughts-behind-signature",
    "The last thought comes behind the signature.",
    "claude.stream.signature",
    source="Anthropic API reference, streaming: signature_delta just before content_block_stop",
)
@streams(has("thinking"))
def thoughts_behind_signature(found: Events) -> Events:
    spot = next(place for place, event in enumerate(found) if "signature" in event.get("delta", {}))
    return [*found[: spot - 1], found[spot], found[spot - 1], *found[spot + 1 :]]


@fault(
    "claude.stream.cumulative-text",
    "Each delta holds the whole text so far.",
    "claude.stream.increments",
    source="converters of upstreams that send the whole text each time",
)
@streams(copies)
def cumulative_text(found: Events) -> Events:
    before = ""
    for place in places(found, "content_block_delta"):
        before += found[place]["delta"]["text"]
        found[place]["delta"]["text"] = before
    return found


@fault(
    "claude.stream.no-message-delta",
    "A stream has no message_delta.",
    "claude.stream.message-delta",
    also={"claude.usage.output-positive": "nothing but message_start tells the output tokens"},
    source="theopenco/llmgateway#2974",
)
@streams(has("thinking"))
def no_message_delta(found: Events) -> Events:
    return without(found, "message_delta")


@fault(
    "claude.stream.early-message-delta",
    "message_delta comes before the last block is stopped.",
    "claude.stream.message-delta",
    source="converters that pass the finish reason on as soon as it comes",
)
@streams(has("tools"))
def early_message_delta(found: Events) -> Events:
    last = places(found, "content_block_stop")[-1]
    return [*found[:last], found[last + 1], found[last], *found[last + 2 :]]


@fault(
    "claude.stream.message-delta-without-usage",
    "message_delta has no usage.",
    "claude.stream.message-delta-shape",
    also={"claude.usage.output-positive": "nothing but message_start tells the output tokens"},
    source="anthropic-python and anthropic-sdk-typescript raise",
)
@events("message_delta", when=has("thinking"))
def message_delta_without_usage(event: Body) -> None:
    del event["usage"]


@fault(
    "claude.stream.message-delta-without-delta",
    "message_delta has no delta.",
    "claude.stream.message-delta-shape",
    "claude.stream.stop-reason-given",
    source="anthropic-python and anthropic-sdk-typescript raise",
)
@events("message_delta", when=has("thinking"))
def message_delta_without_delta(event: Body) -> None:
    del event["delta"]


@fault(
    "claude.stream.stop-word",
    "A stream ended with the word stop.",
    "claude.stream.stop-reason",
    source="converters of chat completions that pass finish_reason on",
)
@events("message_delta", when=has("thinking"))
def streamed_stop_word(event: Body) -> None:
    event["delta"]["stop_reason"] = "stop"


@fault(
    "claude.stream.reason-missing",
    "The delta of message_delta has no stop_reason.",
    "claude.stream.stop-reason",
    "claude.stream.stop-reason-given",
    source="anthropic-python types: RawMessageDeltaEvent",
)
@events("message_delta", when=has("thinking"))
def reason_missing(event: Body) -> None:
    del event["delta"]["stop_reason"]


@fault(
    "claude.stream.reason-null",
    "The stop_reason of a stream stays null.",
    "claude.stream.stop-reason-given",
    source="langwatch/langwatch#6207; theopenco/llmgateway#2974",
)
@events("message_delta", when=capped)
def streamed_reason_null(event: Body) -> None:
    event["delta"]["stop_reason"] = None


@fault(
    "claude.stream.no-stop",
    "A stream has no message_stop.",
    "claude.stream.stop-last",
    also=NO_TERMINAL,
    source="theopenco/llmgateway#2974; anthropic-sdk-typescript raises",
)
@streams()
def no_stop(found: Events) -> Events:
    return without(found, "message_stop")


@fault(
    "claude.stream.delta-behind-message-stop",
    "message_delta comes behind message_stop.",
    "claude.stream.stop-last",
    source="gateways that send the usage when the stream has ended",
)
@streams(has("tools"))
def delta_behind_message_stop(found: Events) -> Events:
    return [*found[:-2], found[-1], found[-2]]


@fault(
    "claude.stream.two-stops",
    "message_stop is sent twice.",
    "claude.stream.stop-once",
    source="gateways that append an end of their own",
)
@streams(has("stop_sequences"))
def two_stops(found: Events) -> Events:
    return [*found, found[-1]]


@fault(
    "claude.stream.usage-falls",
    "message_start tells more output tokens than message_delta.",
    "claude.stream.usage-cumulative",
    source="Anthropic API reference, streaming: the counts are cumulative",
)
@events("message_start", when=has("tools"))
def usage_falls(event: Body) -> None:
    event["message"]["usage"]["output_tokens"] = 4096


@fault(
    "claude.stream.usage-in-steps",
    "Of two message_delta the second counts only what is new.",
    "claude.stream.usage-cumulative",
    source="Anthropic API reference, streaming: the counts are cumulative",
)
@streams(has("thinking"))
def usage_in_steps(found: Events) -> Events:
    last = copy.deepcopy(found[-2])
    last["usage"]["output_tokens"] = 1
    found[-2]["delta"]["stop_reason"] = None
    return [*found[:-1], last, found[-1]]


@fault(
    "claude.stream.prompt-overwritten",
    "message_delta tells zero tokens of the prompt.",
    "claude.stream.usage-kept",
    "claude.usage.input-positive",
    also={"claude.stream.same-usage": "the whole answer tells the prompt"},
    source="the official clients overwrite what message_start said",
)
@events("message_delta", when=has("stop_sequences"))
def prompt_overwritten(event: Body) -> None:
    event["usage"]["input_tokens"] = 0


def _broken(found: Events, *end: Any) -> list[Any]:
    middle = places(found, "content_block_delta")[0]
    return [*found[: middle + 1], *end]


@fault(
    "claude.stream.error-unnamed",
    "An error in the middle of a stream has no event name.",
    "claude.stream.errors-named",
    source="anthropic-python ends without an error",
)
@streams(has("stop_sequences"))
def error_unnamed(found: Events) -> list[Any]:
    return _broken(found, named(error_of("overloaded_error", "Overloaded."), None))


@fault(
    "claude.stream.error-of-openai",
    "An error in the middle of a stream has the envelope of another format.",
    "claude.stream.errors-named",
    source="gateways with one writer for all formats",
)
@streams(copies)
def error_of_openai(found: Events) -> list[Any]:
    return _broken(found, named({"error": {"message": "Overloaded.", "type": "server_error"}}, "error"))


@fault(
    "claude.stream.error-and-on",
    "After an error in the middle of a stream the message is ended as if all were well.",
    "claude.stream.errors-named",
    source="Anthropic API reference, streaming: error events",
)
@streams(has("tools"))
def error_and_on(found: Events) -> list[Any]:
    return _broken(found, error_of("overloaded_error", "Overloaded."), *found[-2:])


@fault(
    "claude.stream.other-reason",
    "A stream ended with another reason than the whole answer with the same text.",
    "claude.stream.same-structure",
    also={"claude.stop.sequence-reason": "it was a stop sequence"},
    source="hubs with two translations",
)
@events("message_delta", when=copies)
def other_reason(event: Body) -> None:
    event["delta"] = {"stop_reason": "refusal", "stop_sequence": None}


@fault(
    "claude.stream.block-of-its-own",
    "A streamed text ends with an empty block that the whole answer does not have.",
    "claude.stream.same-structure",
    source="converters that open a block at every change of upstream",
)
@streams(copies)
def block_of_its_own(found: Events) -> list[Any]:
    start = {"type": "content_block_start", "index": 1, "content_block": {"type": "text", "text": ""}}
    return [*found[:-2], start, {"type": "content_block_stop", "index": 1}, *found[-2:]]


@fault(
    "claude.stream.other-usage",
    "Streams count their events instead of tokens.",
    "claude.stream.same-usage",
    source="gateways that do not ask upstream for the usage of a stream",
)
@events("message_delta", when=copies)
def other_usage(event: Body) -> None:
    event["usage"]["output_tokens"] += 7


# Refusals

fault(
    "claude.refusal.default-limit",
    "A request without max_tokens is served with a limit of the hub's choice.",
    "claude.refusal.max-tokens-missing",
    source="hubs with a default limit",
)(serves(CLAUDE, "max_tokens", lambda value: value is ..., CANNED))


fault(
    "claude.refusal.no-messages-served",
    "A request without messages is served.",
    "claude.refusal.messages-missing",
    source="hubs that take a missing list for an empty one",
)(serves(CLAUDE, "messages", lambda value: value is ..., CANNED))


def _refused(change: Callable[[Body, Reply], Any], status: int = 400) -> Spoil:
    """Makes a fault of a function that changes the body of a refusal in place."""

    def spoil(ask: Ask, reply: Reply) -> Reply:
        if ask.operation != CLAUDE or reply.status != status or not reply.is_json:
            return reply
        body = reply.json
        change(body, reply)
        return reply.with_json(body)

    return spoil


@fault(
    "claude.error.openai-envelope",
    "Refused requests are answered in the OpenAI envelope.",
    "claude.error.envelope",
    source="BerriAI/litellm#39037",
)
def openai_envelope(ask: Ask, reply: Reply) -> Reply:
    def change(body: Body, _reply: Reply) -> None:
        message = body["error"]["message"]
        body.clear()
        body["error"] = {"message": message, "type": "invalid_request_error", "param": None, "code": None}

    return _refused(change)(ask, reply)


@fault(
    "claude.error.own-type",
    "The type of every refusal is a word of the hub.",
    "claude.error.type",
    source="BerriAI/litellm#39037: the type is the word None",
)
def own_type(ask: Ask, reply: Reply) -> Reply:
    return _refused(lambda body, _reply: body["error"].update(type="None"))(ask, reply)


@fault(
    "claude.error.not-found-is-invalid",
    "An unknown model is refused with 404 and the type invalid_request_error.",
    "claude.error.type",
    source="Anthropic API reference, errors: not_found_error",
)
def not_found_is_invalid(ask: Ask, reply: Reply) -> Reply:
    return _refused(lambda body, _reply: body["error"].update(type="invalid_request_error"), 404)(ask, reply)


@fault(
    "claude.error.request-id-of-upstream",
    "The request id in an error is that of upstream.",
    "claude.error.request-id",
    source="gateways that pass upstream's error on and write headers of their own",
)
def request_id_of_upstream(ask: Ask, reply: Reply) -> Reply:
    return _refused(lambda body, _reply: body.update(request_id="req_upstream"))(ask, reply)


# Counting tokens


def _counts(change: Callable[[int], Any]) -> Spoil:
    """Makes a fault of a function from the true count to what is sent."""

    def spoil(ask: Ask, reply: Reply) -> Reply:
        if ask.operation != COUNT or reply.status != 200:
            return reply
        return reply.with_json({"input_tokens": change(reply.json["input_tokens"])})

    return spoil


fault(
    "claude.count.as-text",
    "The count of a prompt's tokens is a text.",
    "claude.count.shape",
    source="anthropic-python types: MessageTokensCount.input_tokens",
)(_counts(str))

fault(
    "claude.count.zero",
    "The count of a prompt's tokens is zero.",
    "claude.count.shape",
    source="hubs that answer the question without counting",
)(_counts(lambda _count: 0))

fault(
    "claude.count.constant",
    "Every prompt has five tokens.",
    "claude.count.grows",
    also={"claude.count.equals-usage": "the bill is higher"},
    source="hubs that answer the question without counting",
)(_counts(lambda _count: 5))

fault(
    "claude.count.too-high",
    "The count is three times the bill.",
    "claude.count.equals-usage",
    source="hubs that count characters",
)(_counts(lambda count: 3 * count))


@fault(
    "claude.count.not-found",
    "The count is refused by the web framework.",
    "claude.count.refused-cleanly",
    source="BerriAI/litellm#13252; envoyproxy/ai-gateway#1360",
)
def count_not_found(ask: Ask, reply: Reply) -> Reply:
    return reply.with_status(404).with_json({"detail": "Not Found"}) if ask.operation == COUNT else reply


# The model list


def _lists(
    change: Callable[[Body, dict[str, list[str]]], Any], when: Callable[[Ask], bool] = lambda _ask: True
) -> Spoil:
    """Makes a fault of a function `(list, query)` that changes the Anthropic model list in place."""

    def spoil(ask: Ask, reply: Reply) -> Reply:
        ours = ask.operation == LIST and ask.header("anthropic-version")
        if not ours or reply.status != 200:
            return reply
        page = reply.json
        change(page, parse_qs(ask.query))
        return reply.with_json(page)

    return spoil


@fault(
    "claude.models.seconds",
    "Models were created at a number of seconds, as a text.",
    "claude.models.created",
    source="anthropic-python types: ModelInfo.created_at is a datetime",
)
def created_in_seconds(ask: Ask, reply: Reply) -> Reply:
    def change(page: Body, _query: dict[str, list[str]]) -> None:
        for entry in page["data"]:
            entry["created_at"] = "1735689600"

    return _lists(change)(ask, reply)


@fault(
    "claude.models.last-id-null",
    "Pages do not say where they end.",
    "claude.models.ends",
    source="anthropic-python stops without a word",
)
def last_id_null(ask: Ask, reply: Reply) -> Reply:
    return _lists(lambda page, _query: page.update(last_id=None))(ask, reply)


@fault(
    "claude.models.first-id-of-list",
    "Every page names the first model of the whole list as its first.",
    "claude.models.ends",
    source="Anthropic API reference, Models: first_id",
)
def first_id_of_list(ask: Ask, reply: Reply) -> Reply:
    return _lists(lambda page, _query: page.update(first_id="gpt-4o-mini"))(ask, reply)


@fault(
    "claude.models.limit-ignored",
    "A page has more models than were asked for.",
    "claude.models.limit",
    source="hubs with a page size of their own",
)
def page_too_long(ask: Ask, reply: Reply) -> Reply:
    def change(page: Body, query: dict[str, list[str]]) -> None:
        if "limit" in query and page["data"]:
            page["data"].append({**page["data"][-1], "id": "claude-extra"})
            page["last_id"] = "claude-extra"

    return _lists(change)(ask, reply)


@fault(
    "claude.models.no-more",
    "has_more is always false.",
    "claude.models.has-more",
    source="hubs that obey limit and know no pages",
)
def no_more(ask: Ask, reply: Reply) -> Reply:
    return _lists(lambda page, _query: page.update(has_more=False))(ask, reply)


@fault(
    "claude.models.page-overlaps",
    "A page begins with the model that it should follow.",
    "claude.models.next-page",
    "claude.models.last-page",
    source="Anthropic API reference, Models: after_id is exclusive",
)
def page_overlaps(ask: Ask, reply: Reply) -> Reply:
    def change(page: Body, query: dict[str, list[str]]) -> None:
        for last in query.get("after_id", ()):
            first = {"id": last, "type": "model", "display_name": last, "created_at": "2025-01-01T00:00:00Z"}
            page["data"] = [first, *page["data"][:1]]
            page |= {"first_id": last, "last_id": page["data"][-1]["id"]}

    return _lists(change)(ask, reply)


@fault(
    "claude.models.endless",
    "The page behind the last model says that there is more.",
    "claude.models.last-page",
    source="anthropic-python asks for pages until has_more is false",
)
def endless(ask: Ask, reply: Reply) -> Reply:
    return _lists(lambda page, query: page.update(has_more="limit" in query))(ask, reply)


@fault(
    "claude.models.bearer-is-openai",
    "Callers of the Anthropic format with a bearer token alone get the OpenAI list.",
    "claude.models.bearer",
    source="anthropic-python 2.x sends no x-api-key",
)
def bearer_is_openai(ask: Ask, reply: Reply) -> Reply:
    alone = ask.operation == LIST and ask.header("anthropic-version") and not ask.header("x-api-key")
    if not alone or reply.status != 200:
        return reply
    data = [{"id": e["id"], "object": "model", "created": 1_735_689_600, "owned_by": "x"} for e in reply.json["data"]]
    return reply.with_json({"object": "list", "data": data})
