"""Faults of text completions."""

from collections.abc import Callable, Iterable
from typing import Any

from conformance.hub.faults.base import Ask, Reply, Spoil, event_bytes, fault
from conformance.hub.faults.shaping import (
    Body,
    When,
    always,
    has,
    lacks,
    nameless,
    on_answers,
    on_chunks,
    on_stream,
    refuses,
    serves,
)

COMPLETE = "completions-create"


def answers(when: When = always) -> Callable[[Callable[[Body, Body], Any]], Spoil]:
    return on_answers(COMPLETE, when=when)


def chunks(when: When = always) -> Callable[[Callable[[Body, Body], Any]], Spoil]:
    return on_chunks(COMPLETE, when=when)


def streams(
    when: When = always, done: Iterable[Any] = ("[DONE]",)
) -> Callable[[Callable[[Body, list[Body]], Iterable[Any]]], Spoil]:
    return on_stream(COMPLETE, when=when, done=done)


def echoes(asked: Body) -> bool:
    return asked.get("echo") is True


def asks_usage(asked: Body) -> bool:
    return bool((asked.get("stream_options") or {}).get("include_usage"))


def asks_no_usage(asked: Body) -> bool:
    return not asks_usage(asked)


def several(asked: Body) -> bool:
    return isinstance(asked.get("prompt"), list) and isinstance(asked["prompt"][0], str)


def capped(asked: Body) -> bool:
    return not echoes(asked) and isinstance(asked.get("prompt"), str) and "300" in asked["prompt"]


def cut(asked: Body) -> bool:
    return bool(asked.get("max_tokens") == 16)


def both(answer_fault: Spoil, stream_fault: Spoil) -> Spoil:
    """Spoils answers in one way and streams in another."""
    return lambda ask, reply: stream_fault(ask, reply) if reply.is_stream else answer_fault(ask, reply)


def content(found: list[Body]) -> list[Body]:
    """The chunks that have choices."""
    return [chunk for chunk in found if chunk["choices"]]


# ------------------------------------------------------------------------------------------------------ answers


@fault(
    "completions.chat-object",
    "An answer calls itself chat.completion.",
    "completions.answer.envelope",
    source="gateways that serve text completions by chat models",
)
@answers()
def chat_object(_asked: Body, answer: Body) -> None:
    answer["object"] = "chat.completion"


@fault(
    "completions.no-created",
    "With likelihoods there is no `created`.",
    "completions.answer.envelope",
    source="OpenAI API reference, Completions: the completion object",
)
@answers(has("logprobs"))
def no_created(_asked: Body, answer: Body) -> None:
    del answer["created"]


@fault(
    "completions.chat-message",
    "Choices hold a chat message in the place of text.",
    "completions.answer.text",
    also={
        "completions.echo.prefix": "there is no text",
        "completions.logprobs.join": "there is no text",
    },
    source="gateways that serve text completions by chat models",
)
@answers()
def chat_message(_asked: Body, answer: Body) -> None:
    for choice in answer["choices"]:
        choice["message"] = {"role": "assistant", "content": choice.pop("text")}


@fault(
    "completions.finish-null",
    "A whole answer has finish_reason null.",
    "completions.answer.finish-reason",
    source="gateways that put streams together",
)
@answers(lacks("n"))
def finish_null(_asked: Body, answer: Body) -> None:
    for choice in answer["choices"]:
        choice["finish_reason"] = None


@fault(
    "completions.finish-upstream-word",
    "The reason for the end is the upstream's word.",
    "completions.answer.finish-reason",
    also={
        "completions.limit.finish": "it is another word",
        "completions.stop.finish": "it is another word",
        "completions.stream.same-structure": "streams have the right word",
    },
    source="upstreams with words of their own, such as max_tokens and eos",
)
@answers()
def finish_upstream_word(_asked: Body, answer: Body) -> None:
    for choice in answer["choices"]:
        choice["finish_reason"] = {"length": "max_tokens", "stop": "eos"}[choice["finish_reason"]]


@fault(
    "completions.index-for-each-prompt",
    "The choices are numbered for each prompt anew.",
    "completions.answer.indexes",
    also={"completions.choices.count": "several choices share a number"},
    source="gateways that ask upstream once for each prompt and join the answers",
)
@answers(several)
def index_for_each_prompt(asked: Body, answer: Body) -> None:
    for place, choice in enumerate(answer["choices"]):
        choice["index"] = place % asked["n"]


@fault(
    "completions.logprobs-absent",
    "logprobs is missing when nobody asked for it.",
    "completions.answer.logprobs-null",
    source="OpenAI API description: logprobs is required and nullable",
)
@answers(lacks("logprobs"))
def logprobs_absent(_asked: Body, answer: Body) -> None:
    for choice in answer["choices"]:
        del choice["logprobs"]


@fault(
    "completions.one-id-for-all",
    "Every answer has the same id.",
    "completions.answer.id-unique",
    source="mocks and caches that hand out a constant",
)
def one_id_for_all(ask: Ask, reply: Reply) -> Reply:
    def change(_asked: Body, part: Body) -> None:
        part["id"] = "cmpl-1"

    return both(answers()(change), chunks()(change))(ask, reply)


@fault(
    "completions.created-in-milliseconds",
    "`created` is in milliseconds in streams.",
    "completions.answer.created-now",
    source="JavaScript gateways: Date.now()",
)
@chunks()
def created_in_milliseconds(_asked: Body, chunk: Body) -> None:
    chunk["created"] *= 1000


@fault(
    "completions.other-model",
    "The answer names the upstream's own model.",
    "completions.answer.model-named",
    source="gateways that map model names and do not map them back",
)
@answers()
def other_model(_asked: Body, answer: Body) -> None:
    answer["model"] = "llama-3-8b"


@fault(
    "completions.no-usage",
    "An answer has no usage.",
    "completions.usage.present",
    source="upstreams that tell no counts",
)
@answers()
def no_usage(_asked: Body, answer: Body) -> None:
    del answer["usage"]


@fault(
    "completions.usage-incomplete",
    "The usage of a stream has no total.",
    "completions.usage.shape",
    source="openai-python: CompletionUsage needs all three",
)
@chunks(asks_usage)
def usage_incomplete(_asked: Body, chunk: Body) -> None:
    if chunk["usage"]:
        del chunk["usage"]["total_tokens"]


@fault(
    "completions.total-without-prompt",
    "The total counts the continuations only.",
    "completions.usage.total",
    source="OpenAI API reference, Completions: prompt plus completion",
)
@answers(several)
def total_without_prompt(_asked: Body, answer: Body) -> None:
    answer["usage"]["total_tokens"] = answer["usage"]["completion_tokens"]


@fault(
    "completions.prompt-free",
    "Prompts cost nothing.",
    "completions.usage.prompt-positive",
    also={"completions.stream.same-usage": "in streams they do", "completions.suffix.counted": "suffixes cost nothing"},
    source="gateways that count what they send, not what they get",
)
@answers()
def prompt_free(_asked: Body, answer: Body) -> None:
    usage = answer["usage"]
    usage.update(prompt_tokens=0, total_tokens=usage["completion_tokens"])


@fault(
    "completions.text-free",
    "Text costs nothing in streams.",
    "completions.usage.completion-positive",
    also={"completions.stream.same-usage": "in whole answers it does"},
    source="streams whose upstream tells no counts",
)
@chunks(asks_usage)
def text_free(_asked: Body, chunk: Body) -> None:
    if chunk["usage"]:
        chunk["usage"].update(completion_tokens=0, total_tokens=chunk["usage"]["prompt_tokens"])


# ----------------------------------------------------------------------------------------------------- requests

fault(
    "completions.null-refused",
    "Null in an optional field is refused.",
    "completions.request.nulls",
    source="gateways with strict request types",
)(refuses(COMPLETE, when=lambda asked: any(value is None for value in asked.values())))
fault(
    "completions.tokens-break",
    "Token numbers as prompt make the hub fail.",
    "completions.request.tokens",
    source="gateways that read prompt as text without looking",
)(refuses(COMPLETE, when=lambda asked: isinstance(asked["prompt"], list) and not several(asked), status=500))


@fault(
    "completions.chat-model-breaks",
    "A model that talks makes the hub fail.",
    "completions.request.chat-model",
    source="gateways whose upstream refuses the model in a way that they do not understand",
)
def chat_model_breaks(ask: Ask, reply: Reply) -> Reply:
    body = ask.json or {}
    if ask.operation != COMPLETE or reply.status != 400 or "instruct" in str(body.get("model", "instruct")):
        return reply
    error = {"message": "bad response", "type": "server_error", "param": None, "code": "bad_response"}
    return reply.with_status(502).with_json({"error": error})


@fault(
    "completions.echo-dropped",
    "echo is dropped.",
    "completions.echo.prefix",
    source="QuantumNous/new-api: the request type knows no echo",
)
@answers(echoes)
def echo_dropped(asked: Body, answer: Body) -> None:
    for choice in answer["choices"]:
        choice["text"] = choice["text"].removeprefix(asked["prompt"])


@fault(
    "completions.echo-dropped-in-streams",
    "echo is dropped in streams.",
    "completions.echo.prefix",
    source="llama.cpp knows no echo",
)
@streams(echoes)
def echo_dropped_in_streams(asked: Body, found: list[Body]) -> list[Body]:
    left = len(asked["prompt"])
    for chunk in content(found):
        text = chunk["choices"][0]["text"]
        chunk["choices"][0]["text"], left = text[left:], max(0, left - len(text))
    return found


@fault(
    "completions.characters-lost",
    "Characters beyond the basic plane are replaced.",
    "completions.text.unicode",
    also={
        "completions.echo.prefix": "the prompt comes back with other characters",
        "completions.logprobs.join": "the likelihoods name the right characters",
    },
    source="gateways that decode upstream bytes piece by piece",
)
@chunks()
def characters_lost(_asked: Body, chunk: Body) -> None:
    for choice in chunk["choices"]:
        choice["text"] = "".join(c if ord(c) < 0x10000 else "\ufffd" for c in choice["text"])


@fault(
    "completions.limit-dropped",
    "max_tokens is dropped.",
    "completions.limit.tokens",
    also={"completions.logprobs.join": "the likelihoods are those of the short text"},
    source="gateways that send the limit upstream under another name",
)
@answers(capped)
def limit_dropped(_asked: Body, answer: Body) -> None:
    answer["choices"][0].update(text=", ".join(map(str, range(1, 301))), finish_reason="stop")
    prompt = answer["usage"]["prompt_tokens"]
    answer["usage"].update(completion_tokens=900, total_tokens=prompt + 900)


@fault(
    "completions.limit-dropped-in-text",
    "The limit holds for the count only.",
    "completions.limit.tokens",
    also={"completions.logprobs.join": "the likelihoods are those of the short text"},
    source="gateways that count up to the limit and send more",
)
@answers(capped)
def limit_dropped_in_text(_asked: Body, answer: Body) -> None:
    answer["choices"][0]["text"] = ", ".join(map(str, range(1, 301)))


@fault(
    "completions.limit-ends-with-stop",
    "A cut stream says stop.",
    "completions.limit.finish",
    also={"completions.stream.same-structure": "the whole answer says length"},
    source="mozilla-ai/any-llm#1202",
)
@chunks(cut)
def limit_ends_with_stop(_asked: Body, chunk: Body) -> None:
    for choice in chunk["choices"]:
        choice["finish_reason"] = choice["finish_reason"] and "stop"


@fault(
    "completions.stop-dropped",
    "A stop sequence given as text is dropped.",
    "completions.stop.not-in-text",
    source="gateways that read stop as a list only",
)
@answers(lambda asked: isinstance(asked.get("stop"), str))
def stop_dropped(_asked: Body, answer: Body) -> None:
    answer["choices"][0]["text"] += "5, 6, 7, 8, 9"


@fault(
    "completions.stop-half-shown",
    "Streams show the beginning of a long stop sequence.",
    "completions.stop.no-part-of-it",
    source="gateways that look for stop sequences token by token",
)
@streams(has("stop"))
def stop_half_shown(_asked: Body, found: list[Body]) -> list[Body]:
    found[-1]["choices"][0]["text"] = "5,"
    return found


@fault(
    "completions.stop-says-length",
    "A text that a stop sequence ended says length.",
    "completions.stop.finish",
    source="OpenAI API reference, Completions: finish_reason",
)
@answers(has("stop"))
def stop_says_length(_asked: Body, answer: Body) -> None:
    answer["choices"][0]["finish_reason"] = "length"


@fault(
    "completions.first-prompt-only",
    "Only the first prompt is continued.",
    "completions.choices.count",
    source="gateways that read prompt as text",
)
@answers(several)
def first_prompt_only(asked: Body, answer: Body) -> None:
    del answer["choices"][asked["n"] :]


@fault(
    "completions.n-dropped-in-streams",
    "n is dropped in streams.",
    "completions.choices.count",
    also={"completions.choices.order": "the second choice is that of the second prompt"},
    source="vllm-project/vllm-omni#4269",
)
@streams(several)
def n_dropped_in_streams(asked: Body, found: list[Body]) -> list[Body]:
    kept = []
    for chunk in found:
        choices = chunk["choices"]
        if not choices or choices[0]["index"] % asked["n"] == 0:
            kept.append(chunk)
            for choice in choices:
                choice["index"] //= asked["n"]
    return kept


@fault(
    "completions.interleaved",
    "Choices are numbered round by round instead of prompt by prompt.",
    "completions.choices.order",
    source="gateways that ask for one round of all prompts after the other",
)
def interleaved(ask: Ask, reply: Reply) -> Reply:
    def number(asked: Body, choice: Body) -> None:
        choice["index"] = choice["index"] % asked["n"] * len(asked["prompt"]) + choice["index"] // asked["n"]

    def whole(asked: Body, answer: Body) -> None:
        for choice in answer["choices"]:
            number(asked, choice)
        answer["choices"].sort(key=lambda choice: choice["index"])

    def piecewise(asked: Body, chunk: Body) -> None:
        for choice in chunk["choices"]:
            number(asked, choice)

    return both(answers(several)(whole), chunks(several)(piecewise))(ask, reply)


@fault(
    "completions.suffix-dropped",
    "The suffix is dropped.",
    "completions.suffix.counted",
    source="llama.cpp knows no suffix at this path",
)
@answers(has("suffix"))
def suffix_dropped(_asked: Body, answer: Body) -> None:
    usage = answer["usage"]
    usage.update(prompt_tokens=4, total_tokens=4 + usage["completion_tokens"])


# -------------------------------------------------------------------------------------------------- likelihoods


@fault(
    "completions.logprobs-dropped",
    "logprobs is dropped in streams.",
    "completions.logprobs.present",
    source="gateways that know the chat form only",
)
@chunks(has("logprobs"))
def logprobs_dropped(_asked: Body, chunk: Body) -> None:
    for choice in chunk["choices"]:
        choice["logprobs"] = None


@fault(
    "completions.logprobs-of-chat",
    "Likelihoods have the form of chat completions.",
    "completions.logprobs.lists",
    source="llama.cpp answers with a list content at this path",
)
def logprobs_of_chat(ask: Ask, reply: Reply) -> Reply:
    def change(_asked: Body, part: Body) -> None:
        for choice in part["choices"]:
            if choice["logprobs"]:
                pairs = zip(choice["logprobs"]["tokens"], choice["logprobs"]["token_logprobs"], strict=True)
                choice["logprobs"] = {"content": [{"token": token, "logprob": value} for token, value in pairs]}

    return both(answers()(change), chunks()(change))(ask, reply)


@fault(
    "completions.logprobs-ragged",
    "The last token has no offset.",
    "completions.logprobs.lists",
    source="OpenAI API reference, Completions: choices.logprobs",
)
@answers(has("logprobs"))
def logprobs_ragged(_asked: Body, answer: Body) -> None:
    answer["choices"][0]["logprobs"]["text_offset"].pop()


@fault(
    "completions.offsets-of-the-chunk",
    "Offsets count from the beginning of each chunk.",
    "completions.logprobs.offsets",
    source="streams that build the lists chunk by chunk",
)
@chunks(has("logprobs"))
def offsets_of_the_chunk(_asked: Body, chunk: Body) -> None:
    for choice in chunk["choices"]:
        if choice["logprobs"]:
            offsets = choice["logprobs"]["text_offset"]
            choice["logprobs"]["text_offset"] = [offset - offsets[0] for offset in offsets]


@fault(
    "completions.offsets-reversed",
    "Offsets count from the end.",
    "completions.logprobs.offsets",
    source="OpenAI API reference, Completions: choices.logprobs.text_offset",
)
@answers(has("logprobs"))
def offsets_reversed(_asked: Body, answer: Body) -> None:
    answer["choices"][0]["logprobs"]["text_offset"].reverse()


@fault(
    "completions.tokens-lost",
    "The likelihoods of the last token are lost.",
    "completions.logprobs.join",
    source="streams that send likelihoods one chunk late",
)
@streams(has("logprobs"))
def tokens_lost(_asked: Body, found: list[Body]) -> list[Body]:
    [chunk for chunk in content(found) if chunk["choices"][0]["logprobs"]][-1]["choices"][0]["logprobs"] = None
    return found


@fault(
    "completions.probabilities",
    "Likelihoods are probabilities.",
    "completions.logprobs.values",
    source="OpenAI API reference, Completions: log probabilities",
)
@answers(has("logprobs"))
def probabilities(_asked: Body, answer: Body) -> None:
    known = answer["choices"][0]["logprobs"]
    known["token_logprobs"] = [1 + value / 10 for value in known["token_logprobs"]]


@fault(
    "completions.five-alternatives",
    "There are always five alternatives.",
    "completions.logprobs.alternatives",
    source="OpenAI API reference, Completions: logprobs",
)
@answers(has("logprobs"))
def five_alternatives(_asked: Body, answer: Body) -> None:
    for top in answer["choices"][0]["logprobs"]["top_logprobs"]:
        top.update({f"x{number}": -9.0 for number in range(3)})


# ------------------------------------------------------------------------------------------------------ streams


@fault(
    "completions.chunk-of-chat",
    "Chunks call themselves chat.completion.chunk.",
    "completions.stream.envelope",
    source="gateways that serve text completions by chat models",
)
@chunks()
def chunk_of_chat(_asked: Body, chunk: Body) -> None:
    chunk["object"] = "chat.completion.chunk"


@fault(
    "completions.chunk-null",
    "A chunk is null.",
    "completions.stream.envelope",
    also={"transport.stream.payload": "null is no chunk"},
    source="llama.cpp sends data: null for the choices of several prompts",
)
@streams(several)
def chunk_null(_asked: Body, found: list[Body]) -> list[Any]:
    return [found[0], b"data: null\n\n", *found[1:]]


@fault(
    "completions.last-chunk-bare",
    "The chunk that ends a choice has no model.",
    "completions.stream.envelope",
    source="gateways that make the last chunk themselves",
)
@streams()
def last_chunk_bare(_asked: Body, found: list[Body]) -> list[Body]:
    del content(found)[-1]["model"]
    return found


@fault(
    "completions.delta",
    "Chunks hold a chat delta in the place of text.",
    "completions.stream.text",
    also={
        "completions.echo.prefix": "there is no text",
        "completions.logprobs.join": "there is no text",
    },
    source="gateways that serve text completions by chat models",
)
@chunks()
def delta(_asked: Body, chunk: Body) -> None:
    for choice in chunk["choices"]:
        choice["delta"] = {"content": choice.pop("text")}


@fault(
    "completions.end-without-text",
    "The chunk that ends a choice has no text at all.",
    "completions.stream.text",
    source="openai-python 3.x: CompletionChoice.text",
)
@chunks()
def end_without_text(_asked: Body, chunk: Body) -> None:
    for choice in chunk["choices"]:
        if choice["finish_reason"]:
            del choice["text"]


@fault(
    "completions.chunk-without-index",
    "Chunks of streams with one choice have no index.",
    "completions.stream.index",
    source="openai-python 3.x: CompletionChoice.index",
)
@chunks(lacks("n"))
def chunk_without_index(_asked: Body, chunk: Body) -> None:
    for choice in chunk["choices"]:
        del choice["index"]


@fault(
    "completions.index-from-one",
    "Streams number their choices from 1.",
    "completions.stream.index-from-zero",
    also={"completions.choices.count": "other numbers are expected", "completions.choices.order": "they are shifted"},
    source="upstreams that count from 1",
)
@chunks()
def index_from_one(_asked: Body, chunk: Body) -> None:
    for choice in chunk["choices"]:
        choice["index"] += 1


@fault(
    "completions.chunk-upstream-word",
    "The reason for the end of a stream is the upstream's word.",
    "completions.stream.finish-value",
    also={
        "completions.limit.finish": "it is another word",
        "completions.stop.finish": "it is another word",
        "completions.stream.same-structure": "whole answers have the right word",
    },
    source="upstreams with words of their own, such as eos",
)
@chunks()
def chunk_upstream_word(_asked: Body, chunk: Body) -> None:
    for choice in chunk["choices"]:
        choice["finish_reason"] = choice["finish_reason"] and "eos"


@fault(
    "completions.finish-empty-text",
    "finish_reason is empty text before the end.",
    "completions.stream.finish-null",
    source="ollama/ollama#4357, the same at chat",
)
@chunks()
def finish_empty_text(_asked: Body, chunk: Body) -> None:
    for choice in chunk["choices"]:
        choice["finish_reason"] = choice["finish_reason"] or ""


@fault(
    "completions.id-of-its-own",
    "The last chunk with text has another id.",
    "completions.stream.one-id",
    source="gateways that make the last chunk themselves",
)
@streams()
def id_of_its_own(_asked: Body, found: list[Body]) -> list[Body]:
    content(found)[-1]["id"] += "x"
    return found


@fault(
    "completions.created-of-its-own",
    "Every chunk has the time of its sending.",
    "completions.stream.one-created",
    source="gateways that take the time for each chunk",
)
@streams()
def created_of_its_own(_asked: Body, found: list[Body]) -> list[Body]:
    for number, chunk in enumerate(found):
        chunk["created"] += number
    return found


@fault(
    "completions.model-of-its-own",
    "The first chunk names a dated model, the others do not.",
    "completions.stream.one-model",
    source="gateways that make the last chunk themselves",
)
@streams()
def model_of_its_own(_asked: Body, found: list[Body]) -> list[Body]:
    found[0]["model"] += "-0914"
    return found


@fault(
    "completions.snapshots",
    "Chunks hold the whole text so far.",
    "completions.stream.increments",
    also={
        "completions.limit.tokens": "the text is there many times",
        "completions.echo.prefix": "the prompt does not come first in one piece",
    },
    source="upstreams that send snapshots",
)
@streams(lacks("n"))
def snapshots(_asked: Body, found: list[Body]) -> list[Body]:
    text = ""
    for chunk in content(found):
        text += chunk["choices"][0]["text"]
        chunk["choices"][0]["text"] = text
    return found


@fault(
    "completions.no-finish",
    "The last choice of a stream never ends.",
    "completions.stream.finish-once",
    source="adolfousier/opencrabs#1499, the same at chat",
)
@streams(several)
def no_finish(_asked: Body, found: list[Body]) -> list[Body]:
    content(found)[-1]["choices"][0]["finish_reason"] = None
    return found


@fault(
    "completions.finish-twice",
    "The end of a choice is told twice.",
    "completions.stream.finish-once",
    source="gateways that add an end to that of the upstream",
)
@streams(asks_no_usage)
def finish_twice(_asked: Body, found: list[Body]) -> list[Body]:
    return [*found, found[-1]]


@fault(
    "completions.text-after-the-end",
    "The end is told before the last text.",
    "completions.stream.finish-last",
    source="gateways that tell the end early",
)
@streams(lacks("n"))
def text_after_the_end(_asked: Body, found: list[Body]) -> list[Body]:
    parts = content(found)
    last = parts[-1]["choices"][0]
    last["finish_reason"], parts[-2]["choices"][0]["finish_reason"] = None, last["finish_reason"]
    last["text"], parts[-2]["choices"][0]["text"] = parts[-2]["choices"][0]["text"], ""
    known = parts[-2]["choices"][0]["logprobs"]
    last["logprobs"], parts[-2]["choices"][0]["logprobs"] = known, None
    return found


fault(
    "completions.no-done",
    "A stream ends without `data: [DONE]`.",
    "completions.stream.done-last",
    also={"transport.stream.terminal": "every stream has to show its end"},
    source="OpenAI API reference, Completions: stream, terminated by a data: [DONE] message",
)(streams(done=())(lambda _asked, found: found))
fault(
    "completions.done-in-small-letters",
    "A stream ends with `data: [done]`.",
    "completions.stream.done-last",
    source="OpenAI API reference, Completions: stream",
)(streams(done=("[done]",))(lambda _asked, found: found))
fault(
    "completions.done-twice",
    "`data: [DONE]` is sent twice when usage was asked for.",
    "completions.stream.done-once",
    source="gateways that add their own to that of the upstream",
)(streams(asks_usage, done=("[DONE]", "[DONE]"))(lambda _asked, found: found))
fault(
    "completions.usage-after-done",
    "The usage comes after `data: [DONE]`.",
    "completions.stream.done-once",
    source="gateways that count after the stream",
)(streams(asks_usage, done=())(lambda _asked, found: [*found[:-1], "[DONE]", found[-1]]))


@fault(
    "completions.named-events",
    "The first event has a name.",
    "completions.stream.unnamed-events",
    source="openai-node 4.x wraps named events so that choices vanish",
)
@streams()
def named_events(_asked: Body, found: list[Body]) -> list[Any]:
    return [b"event: message\n" + event_bytes(found[0]), *found[1:]]


@fault(
    "completions.usage-forgotten",
    "include_usage is dropped.",
    "completions.stream.usage-given",
    source="ogx-ai/ogx#6541",
)
@streams(asks_usage)
def usage_forgotten(_asked: Body, found: list[Body]) -> list[Body]:
    for chunk in found:
        del chunk["usage"]
    return content(found)


@fault(
    "completions.usage-with-a-choice",
    "The usage comes with the end of the last choice.",
    "completions.stream.usage-chunk",
    source="llama.cpp; ogx-ai/ogx#6541",
)
@streams(asks_usage)
def usage_with_a_choice(_asked: Body, found: list[Body]) -> list[Body]:
    found[-2]["usage"] = found[-1]["usage"]
    return found[:-1]


@fault(
    "completions.usage-first",
    "The usage comes before the end of the last choice.",
    "completions.stream.usage-last",
    source="OpenAI API reference, Completions: stream_options.include_usage",
)
@streams(asks_usage)
def usage_first(_asked: Body, found: list[Body]) -> list[Body]:
    return [*found[:-2], found[-1], found[-2]]


@fault(
    "completions.usage-unasked",
    "A chunk with empty choices comes although nobody asked for usage.",
    "completions.stream.usage-unasked",
    source="Arthur-Ficial/apfel#100, the same at chat",
)
@streams(asks_no_usage)
def usage_unasked(_asked: Body, found: list[Body]) -> list[Body]:
    usage = {"prompt_tokens": 9, "completion_tokens": 9, "total_tokens": 18}
    return [*found, {**found[-1], "choices": [], "usage": usage}]


@fault(
    "completions.stream-tells-more",
    "A stream has a second choice that nobody asked for.",
    "completions.stream.same-structure",
    source="plain logic: stream changes the transport, not the answer",
)
@streams(echoes)
def stream_tells_more(_asked: Body, found: list[Body]) -> list[Body]:
    more = []
    for chunk in content(found):
        more.append({**chunk, "choices": [{**chunk["choices"][0], "index": 1}]})
    return [*found[:-1], *more, found[-1]]


@fault(
    "completions.stream-says-length",
    "A stream says length where the whole answer says stop.",
    "completions.stream.same-structure",
    source="plain logic: stream changes the transport, not the answer",
)
@answers(echoes)
def stream_says_length(_asked: Body, answer: Body) -> None:
    for choice in answer["choices"]:
        choice["finish_reason"] = "stop"


@fault(
    "completions.stream-costs-less",
    "Streams count two tokens for one, because they come in one chunk.",
    "completions.stream.same-usage",
    source="gateways that count chunks",
)
@chunks(echoes)
def stream_costs_less(_asked: Body, chunk: Body) -> None:
    if chunk["usage"]:
        fewer = chunk["usage"]["completion_tokens"] // 2
        chunk["usage"]["completion_tokens"] -= fewer
        chunk["usage"]["total_tokens"] -= fewer


# ----------------------------------------------------------------------------------------------------- refusals

HELLO: Body = {
    "id": "cmpl-lenient",
    "object": "text_completion",
    "created": 1767225600,
    "model": "gpt-3.5-turbo-instruct",
    "choices": [{"text": "hello", "index": 0, "logprobs": None, "finish_reason": "stop"}],
    "usage": {"prompt_tokens": 4, "completion_tokens": 1, "total_tokens": 5},
}


def _serves(field: str, wrong: Callable[[Any], bool]) -> Spoil:
    return serves(COMPLETE, field, wrong, HELLO)


fault(
    "completions.refusal.no-prompt-served",
    "A request without a prompt is answered.",
    "completions.refusal.prompt-missing",
    source="OpenAI API description: prompt is required",
)(_serves("prompt", lambda value: value is ...))
fault(
    "completions.refusal.text-limit-dropped",
    "Text in max_tokens is dropped.",
    "completions.refusal.max-tokens-type",
    source="OpenAI API description: max_tokens is an integer",
)(_serves("max_tokens", lambda value: isinstance(value, str)))
fault(
    "completions.refusal.no-param",
    "Refusals name no field.",
    "completions.refusal.param",
    source="openai-python: APIError.param",
)(nameless(COMPLETE))
