"""Faults of chat completions."""

import copy
import json
import re
from collections.abc import Callable, Iterable, Iterator
from typing import Any

from conformance.hub.faults import shaping
from conformance.hub.faults.base import Ask, Reply, Spoil, event_bytes, fault
from conformance.hub.faults.shaping import Body, When, always, has

Change = Callable[[Body], Any]
Rewrite = Callable[[list[Body]], Iterable[Any]]

CHAT = "chat-completions"
ASTRAL = re.compile("[\U00010000-\U0010ffff]")


def plain(body: Body) -> bool:
    """Nothing but messages: no tools, no form, no limit of its own, one choice."""
    options = ("tools", "stop", "n", "logprobs", "response_format", "modalities", "max_completion_tokens")
    return not any(body.get(name) is not None for name in options)


def chooses(choice: str) -> When:
    """Requests with this tool_choice; `named` for any function."""
    return lambda body: (
        body.get("tool_choice") == choice or (choice == "named" and isinstance(body.get("tool_choice"), dict))
    )


def asks_usage(body: Body) -> bool:
    """Streams whose usage was asked for."""
    return bool((body.get("stream_options") or {}).get("include_usage"))


def asks_no_usage(body: Body) -> bool:
    return not asks_usage(body)


def formed(kind: str) -> When:
    """Requests with this response_format."""
    return lambda body: (body.get("response_format") or {}).get("type") == kind


def in_scripts(body: Body) -> bool:
    """Requests whose last turn is not plain ASCII."""
    return bool(body.get("messages")) and not json.dumps(body["messages"][-1], ensure_ascii=False).isascii()


def both(*conditions: When) -> When:
    return lambda body: all(condition(body) for condition in conditions)


def has_turn(role: str) -> When:
    """Conversations with a turn of this role."""
    return lambda body: any(turn.get("role") == role for turn in body["messages"] if isinstance(turn, dict))


def has_part(kind: str) -> When:
    """Conversations with a content part of this type."""
    return lambda body: any(
        isinstance(part, dict) and part.get("type") == kind
        for turn in body["messages"]
        if isinstance(turn, dict) and isinstance(turn.get("content"), list)
        for part in turn["content"]
    )


def _talks(when: When) -> When:
    """What `when` holds for, as long as there are messages at all."""
    return lambda body: isinstance(body.get("messages"), list) and when(body)


def on_answers(when: When = always) -> Callable[[Change], Spoil]:
    """Makes a fault of a function that changes a whole answer in place."""
    return lambda change: shaping.on_answers(CHAT, when=_talks(when))(lambda _asked, answer: change(answer))


def on_choices(when: When = always) -> Callable[[Change], Spoil]:
    """Makes a fault of a function that changes one choice of a whole answer in place."""

    def wrap(change: Change) -> Spoil:
        return on_answers(when)(lambda answer: [change(choice) for choice in answer["choices"]])

    return wrap


def on_chunks(when: When = always) -> Callable[[Change], Spoil]:
    """Makes a fault of a function that changes one chunk of a stream in place."""
    return lambda change: shaping.on_chunks(CHAT, when=_talks(when))(lambda _asked, chunk: change(chunk))


def on_deltas(when: When = always) -> Callable[[Change], Spoil]:
    """Makes a fault of a function that changes one choice of a chunk in place."""

    def wrap(change: Change) -> Spoil:
        return on_chunks(when)(lambda chunk: [change(choice) for choice in chunk["choices"]])

    return wrap


def on_stream(when: When = always, done: Iterable[Any] = ("[DONE]",)) -> Callable[[Rewrite], Spoil]:
    """Makes a fault of a function from the chunks of a stream to its events, to which `done` is added."""
    return lambda rewrite: shaping.on_stream(CHAT, when=_talks(when), done=done)(lambda _asked, chunks: rewrite(chunks))


def on_requests(when: When) -> Callable[[Callable[[Body], Body | None]], Spoil]:
    """Makes a fault of a function from a request to the body of a 400; it may return None to let the request pass."""

    def wrap(refuse: Callable[[Body], Body | None]) -> Spoil:
        def spoil(ask: Ask, reply: Reply) -> Reply:
            if ask.operation != CHAT or reply.status != 200 or not _talks(when)(ask.json or {}):
                return reply
            error = refuse(ask.json or {})
            plain_reply = reply.with_header("content-type", "application/json")
            return reply if error is None else plain_reply.with_status(400).with_json({"error": error})

        return spoil

    return wrap


def serves(field: str, wrong: Callable[[Any], bool]) -> Spoil:
    """A fault that answers requests whose field is wrong; a missing field is `...`."""
    return shaping.serves(CHAT, field, wrong, _greeting())


def _greeting() -> Body:
    usage = {"prompt_tokens": 4, "completion_tokens": 1, "total_tokens": 5}
    message = {"role": "assistant", "content": "Hello"}
    return {
        "id": "chatcmpl-lenient",
        "object": "chat.completion",
        "created": 1767225600,
        "model": "gpt-4o-mini",
        "choices": [{"index": 0, "message": message, "finish_reason": "stop"}],
        "usage": usage,
    }


def _refusal(param: str | None, message: str = "The request is not valid.") -> Body:
    return {"message": message, "type": "invalid_request_error", "param": param, "code": "invalid_value"}


def set_usage(holder: Body, prompt: int | None = None, completion: int | None = None) -> None:
    """Other counts, with a total that fits and no details."""
    usage = holder["usage"]
    if not usage:
        return
    prompt = usage["prompt_tokens"] if prompt is None else prompt
    completion = usage["completion_tokens"] if completion is None else completion
    holder["usage"] = {
        "prompt_tokens": prompt,
        "completion_tokens": completion,
        "total_tokens": prompt + completion,
    }


def is_finish(chunk: Body) -> bool:
    return any(choice.get("finish_reason") for choice in chunk["choices"])


def is_usage(chunk: Body) -> bool:
    return not chunk["choices"]


def delta_of(chunk: Body) -> Body:
    """The delta of the first choice; an empty one when there is none."""
    choices = chunk["choices"]
    found: Body = choices[0]["delta"] if choices else {}
    return found


def fragments(delta: Body) -> list[Body]:
    found: list[Body] = delta.get("tool_calls") or []
    return found


def like(chunk: Body, **delta: Any) -> Body:
    """A chunk like another one, with a delta of its own."""
    made = copy.deepcopy(chunk)
    made["choices"] = [{"index": 0, "delta": delta, "logprobs": None, "finish_reason": None}]
    return made


def text_answer(choice: Body, text: str) -> None:
    """Turns a choice with tool calls into one with text."""
    choice["message"] = {"role": "assistant", "content": text}
    choice["finish_reason"] = "stop"


def text_stream(chunks: list[Body], text: str) -> list[Body]:
    """Turns a stream with tool calls into one with text."""
    told = [like(chunks[0], role="assistant", content=""), like(chunks[0], content=text), like(chunks[0])]
    told[2]["choices"][0]["finish_reason"] = "stop"
    return told + [chunk for chunk in chunks if is_usage(chunk)]


# ------------------------------------------------------------------------------------------------ answers


@fault("chat.answer.null-id", "The id of an answer is null.", "chat.answer.envelope", source="microsoft/autogen#4878")
@on_answers()
def null_id(answer: Body) -> None:
    answer["id"] = None


@fault(
    "chat.answer.empty-id",
    "The id of an answer with tool calls is an empty text.",
    "chat.answer.envelope",
    source="microsoft/autogen#4878",
)
@on_answers(has("tools"))
def empty_id(answer: Body) -> None:
    answer["id"] = ""


@fault(
    "chat.answer.no-choices",
    "An answer to a picture has no choices at all, as gateways do when the upstream blocked something.",
    "chat.answer.envelope",
    "chat.request.image",
    source="OpenAI API reference, Chat Completions: choices",
)
@on_answers(has_part("image_url"))
def no_choices(answer: Body) -> None:
    answer["choices"] = []


@fault(
    "chat.answer.wrong-object",
    "The object of an answer is text_completion.",
    "chat.answer.envelope",
    source="OpenAI API reference, Chat Completions: object",
)
@on_answers()
def wrong_object(answer: Body) -> None:
    answer["object"] = "text_completion"


@fault(
    "chat.answer.created-with-fraction",
    "The time of an answer has a fraction.",
    "chat.answer.envelope",
    source="Mintplex-Labs/anything-llm#2920",
)
@on_answers()
def created_with_fraction(answer: Body) -> None:
    answer["created"] += 0.123


@fault(
    "chat.answer.created-with-point",
    "The time of an answer is a whole number with a decimal point.",
    "chat.answer.created-now",
    source="Mintplex-Labs/anything-llm#2920",
)
@on_answers()
def created_with_point(answer: Body) -> None:
    answer["created"] = float(answer["created"])


@fault(
    "chat.answer.created-in-milliseconds",
    "The time of an answer counts milliseconds.",
    "chat.answer.created-now",
    source="OpenAI API reference, Chat Completions: created",
)
@on_answers()
def created_in_milliseconds(answer: Body) -> None:
    answer["created"] *= 1000


@fault(
    "chat.stream.created-zero",
    "The time of the chunks is 0.",
    "chat.answer.created-now",
    source="microsoft/autogen#6465 (frame with created 0)",
)
@on_chunks()
def created_zero(chunk: Body) -> None:
    chunk["created"] = 0


@fault(
    "chat.answer.same-id",
    "Every answer has the same id.",
    "chat.answer.id-unique",
    source="OpenAI API reference, Chat Completions: id",
)
@on_answers()
def same_id(answer: Body) -> None:
    answer["id"] = "chatcmpl-1"


@fault(
    "chat.stream.same-id",
    "Every stream has the same id.",
    "chat.answer.id-unique",
    source="OpenAI API reference, Chat Completions: id",
)
@on_chunks()
def same_stream_id(chunk: Body) -> None:
    chunk["id"] = "chatcmpl-0"


@fault(
    "chat.answer.role-model",
    "The role of an answer is the upstream's word for it.",
    "chat.answer.message",
    source="Gemini API: role model; OpenAI API reference, Chat Completions: message.role",
)
@on_choices()
def role_model(choice: Body) -> None:
    choice["message"]["role"] = "model"


@fault(
    "chat.answer.content-parts",
    "The content of an answer is a list of parts.",
    "chat.answer.message",
    source="openai-python: a list reaches code that expects text",
)
@on_choices(plain)
def content_parts(choice: Body) -> None:
    choice["message"]["content"] = [{"type": "text", "text": choice["message"]["content"]}]


@fault(
    "chat.answer.no-content",
    "A message with tool calls has no member content.",
    "chat.answer.content-present",
    source="OpenAI API description: content is required and nullable",
)
@on_choices(has("tools"))
def no_content(choice: Body) -> None:
    if choice["message"].get("tool_calls"):
        del choice["message"]["content"]


@fault(
    "chat.answer.finish-null",
    "The finish_reason of a whole answer is null.",
    "chat.answer.finish-reason",
    source="OpenAI API reference, Chat Completions: finish_reason",
)
@on_choices(plain)
def finish_null(choice: Body) -> None:
    choice["finish_reason"] = None


@fault(
    "chat.answer.finish-upper-case",
    "The upstream's upper-case finish reason leaks into an answer.",
    "chat.answer.finish-reason",
    source="higress-group/higress#2408",
)
@on_choices(formed("json_object"))
def finish_upper_case(choice: Body) -> None:
    choice["finish_reason"] = "STOP"


@fault(
    "chat.answer.fingerprint-number",
    "The system_fingerprint of an answer is a number.",
    "chat.answer.other-fields",
    source="hub documents: Chat, example of the answer",
)
@on_answers()
def fingerprint_number(answer: Body) -> None:
    answer["system_fingerprint"] = 7


@fault(
    "chat.answer.second-index-zero",
    "Both choices of an answer have the index 0.",
    "chat.answer.indexes",
    source="OpenAI API reference, Chat Completions: choices.index",
)
@on_choices(has("n"))
def second_index_zero(choice: Body) -> None:
    choice["index"] = 0


@fault(
    "chat.answer.no-index",
    "The choice of an answer has no index.",
    "chat.answer.indexes",
    source="OpenAI API reference, Chat Completions: choices.index",
)
@on_choices(plain)
def no_index(choice: Body) -> None:
    del choice["index"]


@fault(
    "chat.answer.foreign-model",
    "An answer names the upstream's deployment.",
    "chat.answer.model-named",
    source="OpenAI API reference, Chat Completions: model",
)
@on_answers()
def foreign_model(answer: Body) -> None:
    answer["model"] = "upstream-deployment-7"


@fault(
    "chat.answer.empty",
    "An answer that is not streamed has empty text and ends with stop.",
    "chat.answer.says-something",
    source="plain logic: it cannot be told from a lost answer",
)
@on_choices(plain)
def empty_answer(choice: Body) -> None:
    if choice["finish_reason"] == "stop":
        choice["message"]["content"] = ""


@fault(
    "chat.stream.think-marks",
    "Thoughts stand between <think> marks in the text of a stream.",
    "chat.answer.no-think-marks",
    "chat.reasoning.same-field",
    source="BerriAI/litellm#15233; langchain-ai/langchainjs#11518",
)
@on_stream(always)
def think_marks(chunks: list[Body]) -> Iterator[Body]:
    for chunk in chunks:
        thought = delta_of(chunk).pop("reasoning_content", None)
        if thought is not None:
            delta_of(chunk)["content"] = f"<think>{thought}</think>"
        yield chunk


@fault(
    "chat.answer.logprobs-always",
    "Every answer has likelihoods.",
    "chat.answer.logprobs-unasked",
    source="OpenAI API reference, Chat Completions: logprobs",
)
@on_choices(plain)
def logprobs_always(choice: Body) -> None:
    choice["logprobs"] = {"content": [{"token": "Hi", "logprob": -0.1, "bytes": None, "top_logprobs": []}]}


# -------------------------------------------------------------------------------------------------- usage


@fault(
    "chat.usage.none",
    "An answer has no usage.",
    "chat.usage.present",
    source="hub documents: Chat, example of the answer",
)
@on_answers(plain)
def no_usage(answer: Body) -> None:
    del answer["usage"]


@fault(
    "chat.usage.empty",
    "The usage of an answer is an empty object.",
    "chat.usage.shape",
    source="MiniMax-AI/MiniMax-M2.5#2",
)
@on_answers(plain)
def empty_usage(answer: Body) -> None:
    answer["usage"] = {}


@fault(
    "chat.usage.empty-in-chunks",
    "Every chunk has an empty usage object.",
    "chat.usage.shape",
    source="higress-group/higress#2039",
)
@on_chunks(asks_no_usage)
def empty_usage_in_chunks(chunk: Body) -> None:
    chunk["usage"] = {}


@fault(
    "chat.usage.only-total",
    "The usage of a stream has a total alone.",
    "chat.usage.shape",
    source="MiniMax-AI/MiniMax-M2.5#2",
)
@on_chunks(asks_usage)
def only_total(chunk: Body) -> None:
    if chunk["usage"]:
        chunk["usage"] = {"total_tokens": 0, "total_characters": 0}


@fault(
    "chat.usage.as-text",
    "A token count is text.",
    "chat.usage.shape",
    source="openai-python: CompletionUsage holds integers",
)
@on_answers(has("tools"))
def count_as_text(answer: Body) -> None:
    answer["usage"]["prompt_tokens"] = str(answer["usage"]["prompt_tokens"])


@fault(
    "chat.usage.total-off-by-one",
    "The total of a stream's usage is one more than its parts.",
    "chat.usage.total",
    source="plain logic",
)
@on_chunks(asks_usage)
def total_off_by_one(chunk: Body) -> None:
    if chunk["usage"]:
        chunk["usage"]["total_tokens"] += 1


@fault(
    "chat.usage.thoughts-beside",
    "Thoughts count into the total, but not into the tokens of the answer.",
    "chat.usage.total",
    source="Gemini API: thoughtsTokenCount stands beside candidatesTokenCount",
)
@on_answers(always)
def thoughts_beside(answer: Body) -> None:
    usage = answer["usage"]
    thoughts = usage["completion_tokens_details"]["reasoning_tokens"]
    usage["completion_tokens"] -= thoughts
    if thoughts > usage["completion_tokens"]:
        usage["completion_tokens_details"] = None


@fault(
    "chat.usage.too-many-thoughts",
    "More tokens of thoughts are told than tokens of the whole answer.",
    "chat.usage.details",
    source="OpenAI API reference, Chat Completions: usage",
)
@on_answers(plain)
def too_many_thoughts(answer: Body) -> None:
    answer["usage"]["completion_tokens_details"]["reasoning_tokens"] = answer["usage"]["completion_tokens"] + 7


@fault(
    "chat.usage.cached-beside",
    "Cached tokens are not counted into the prompt of a stream.",
    "chat.usage.details",
    source="Anthropic API: cache_read_input_tokens stand beside input_tokens",
)
@on_chunks(both(asks_usage, has("logprobs")))
def cached_beside(chunk: Body) -> None:
    if chunk["usage"]:
        chunk["usage"]["prompt_tokens_details"]["cached_tokens"] = chunk["usage"]["prompt_tokens"] + 1024


@fault(
    "chat.usage.no-prompt-in-stream",
    "The usage of a stream with tools counts no prompt.",
    "chat.usage.prompt-positive",
    source="tashfeenahmed/freellmapi#845",
)
@on_chunks(both(asks_usage, has("tools")))
def no_prompt_in_stream(chunk: Body) -> None:
    set_usage(chunk, prompt=0)


@fault(
    "chat.usage.no-completion",
    "An answer with tool calls costs no tokens.",
    "chat.usage.completion-positive",
    source="plain logic",
)
@on_answers(chooses("auto"))
def no_completion(answer: Body) -> None:
    set_usage(answer, completion=0)


@fault(
    "chat.stream.overcounted",
    "A gateway counts the chunks of a stream in the place of its tokens.",
    "chat.stream.same-usage",
    source="Augustas11/macprovider#255",
)
@on_chunks(lambda body: asks_usage(body) and not _is_capped(body))
def overcounted(chunk: Body) -> None:
    if chunk["usage"]:
        set_usage(chunk, completion=chunk["usage"]["completion_tokens"] + 6)


@fault(
    "chat.stream.estimated-prompt",
    "The prompt of a stream is estimated from its characters.",
    "chat.stream.same-usage",
    source="tashfeenahmed/freellmapi#845",
)
@on_chunks(both(asks_usage, in_scripts))
def estimated_prompt(chunk: Body) -> None:
    set_usage(chunk, prompt=1)


# ----------------------------------------------------------------------------------------------- requests


def _holds_text_parts_only(body: Body) -> bool:
    return has_part("text")(body) and not has_part("image_url")(body) and not has_part("input_audio")(body)


@fault(
    "chat.request.no-parts",
    "Content as a list of parts is refused.",
    "chat.request.text-part",
    source="OpenAI API reference, Chat Completions: user message content parts",
)
@on_requests(_holds_text_parts_only)
def refuse_parts(_body: Body) -> Body:
    return _refusal("messages[0].content", "Content must be a string.")


@fault(
    "chat.request.parts-as-json",
    "A list of parts goes to the model as its JSON text.",
    "chat.request.text-part-equal",
    source="plain logic: the model is shown something else",
)
@on_answers(_holds_text_parts_only)
def parts_as_json(answer: Body) -> None:
    set_usage(answer, prompt=answer["usage"]["prompt_tokens"] + 17)


@fault(
    "chat.request.no-nulls",
    "Null in an optional field is refused.",
    "chat.request.nulls",
    source="OpenAI API description: nullable fields",
)
@on_requests(lambda body: any(value is None for value in body.values()))
def refuse_nulls(body: Body) -> Body:
    return _refusal(next(name for name, value in body.items() if value is None), "Null is not allowed.")


@fault(
    "chat.request.null-as-zero",
    "Null in n is taken for 0, so that there are no choices.",
    "chat.request.nulls",
    "chat.answer.envelope",
    source="OpenAI API description: nullable fields",
)
@on_answers(lambda body: "n" in body and body["n"] is None)
def null_as_zero(answer: Body) -> None:
    answer["choices"] = []


@fault(
    "chat.request.no-developer",
    "The role developer is refused.",
    "chat.request.developer-role",
    source="OpenAI API reference, Chat Completions: developer message",
)
@on_requests(has_turn("developer"))
def refuse_developer(_body: Body) -> Body:
    return _refusal("messages[0].role", "The role is not known.")


@fault(
    "chat.request.no-system",
    "The role system is refused.",
    "chat.request.system-role",
    also={
        "chat.text.unicode": "the text of many scripts is asked for under a system turn",
        "chat.stream.same-structure": "the same answer is compared with its stream",
        "chat.stream.same-usage": "the same answer is compared with its stream",
        "transport.status-200": "the hub claims to serve the refused request",
        "metering.prompt.grows": "the same text is counted",
        "metering.prompt.plausible": "the same text is counted",
        "metering.formats.close": "the same text is counted",
        "isolation.ids.unique": "the same answer is compared with those of other formats",
    },
    source="hub documents: Chat, example of the request",
)
@on_requests(has_turn("system"))
def refuse_system(body: Body) -> Body | None:
    return None if body.get("stream") else _refusal("messages[0].role", "The role is not known.")


@fault(
    "chat.request.picture-dropped",
    "A picture is dropped on its way to the model.",
    "chat.request.image-counted",
    source="plain logic: the model answers without having seen it",
)
@on_answers(has_part("image_url"))
def picture_dropped(answer: Body) -> None:
    images = answer["usage"]["prompt_tokens_details"]["image_tokens"]
    set_usage(answer, prompt=answer["usage"]["prompt_tokens"] - images)


@fault(
    "chat.request.no-sound",
    "The modality audio is ignored.",
    "chat.request.audio-out",
    source="OpenAI API reference, Chat Completions: modalities",
)
@on_choices(has("modalities"))
def no_sound(choice: Body) -> None:
    sound = choice["message"].pop("audio")
    choice["message"]["content"] = sound["transcript"]


@fault(
    "chat.request.sound-without-end",
    "A spoken answer does not say when it expires.",
    "chat.request.audio-out",
    source="openai-python: ChatCompletionAudio",
)
@on_choices(has("modalities"))
def sound_without_end(choice: Body) -> None:
    del choice["message"]["audio"]["expires_at"]


@fault(
    "chat.request.raw-sound",
    "A spoken answer is raw samples although a WAV file was asked for.",
    "chat.request.audio-format",
    source="OpenAI API reference, Chat Completions: audio.format",
)
@on_choices(has("modalities"))
def raw_sound(choice: Body) -> None:
    choice["message"]["audio"]["data"] = "AAAA" * 400


@fault(
    "chat.request.sound-as-data-url",
    "The sound of an answer is a data URL.",
    "chat.request.audio-format",
    source="OpenAI API reference, Chat Completions: message.audio.data",
)
@on_choices(has("modalities"))
def sound_as_data_url(choice: Body) -> None:
    choice["message"]["audio"]["data"] = "data:audio/wav;base64," + choice["message"]["audio"]["data"]


def _is_capped(body: Body) -> bool:
    caps = [body.get(name) for name in ("max_tokens", "max_completion_tokens")]
    return plain({**body, "max_completion_tokens": None, "logprobs": None}) and any(
        isinstance(cap, int) and cap < 30 for cap in caps
    )


@fault(
    "chat.limit.ignored",
    "max_tokens is ignored.",
    "chat.limit.tokens",
    also={"chat.logprobs.join": "likelihoods are told up to the limit"},
    source="OpenAI API reference, Chat Completions: max_tokens",
)
@on_answers(_is_capped)
def limit_ignored(answer: Body) -> None:
    choice = answer["choices"][0]
    if choice["finish_reason"] == "length":
        choice["message"]["content"] = ", ".join(map(str, range(1, 301)))
        choice["finish_reason"] = "stop"
        set_usage(answer, completion=600)


@fault(
    "chat.limit.new-name-ignored",
    "max_completion_tokens is ignored in a stream, whose usage hides it.",
    "chat.limit.tokens",
    also={
        "chat.limit.finish": "the usage says that the limit was hit, the finish_reason that it was not",
        "chat.logprobs.join": "likelihoods are told up to the limit",
    },
    source="OpenAI API reference, Chat Completions: max_completion_tokens",
)
@on_stream(both(_is_capped, has("max_completion_tokens")))
def new_name_ignored(chunks: list[Body]) -> Iterator[Body]:
    for chunk in chunks:
        if is_finish(chunk):
            yield like(chunk, content=", ".join(map(str, range(7, 301))))
            chunk["choices"][0]["finish_reason"] = "stop"
        yield chunk


@fault(
    "chat.limit.says-stop", "An answer that was cut says stop.", "chat.limit.finish", source="mozilla-ai/any-llm#1202"
)
@on_choices(_is_capped)
def says_stop(choice: Body) -> None:
    choice["finish_reason"] = "stop"


@fault(
    "chat.limit.stream-says-stop",
    "A stream that was cut says stop.",
    "chat.limit.finish",
    source="mozilla-ai/any-llm#1202",
)
@on_deltas(_is_capped)
def stream_says_stop(choice: Body) -> None:
    choice["finish_reason"] = choice["finish_reason"] and "stop"


@fault("chat.stop.ignored", "stop is ignored.", "chat.stop.not-in-text", source="OpenAI API reference: stop")
@on_choices(has("stop"))
def stop_ignored(choice: Body) -> None:
    choice["message"]["content"] = "1, 2, 3, 4, 5, 6, 7, 8, 9"


@fault(
    "chat.stop.kept",
    "The stop sequence itself is left at the end of the text of a stream.",
    "chat.stop.not-in-text",
    source="OpenAI API reference, Chat Completions: the returned text will not contain the stop sequence",
)
@on_stream(has("stop"))
def stop_kept(chunks: list[Body]) -> Iterator[Body]:
    for chunk in chunks:
        if is_finish(chunk) and chunk["choices"][0]["index"] == 0:
            yield like(chunk, content="5, ")
            yield like(chunk, content="6")
        yield chunk


@fault(
    "chat.stop.leaks-its-beginning",
    "The beginning of a stop sequence is sent before the rest of it is seen.",
    "chat.stop.no-part-of-it",
    source="OpenAI API reference, Chat Completions: stop; a sequence cut over two chunks",
)
@on_stream(has("stop"))
def stop_leaks(chunks: list[Body]) -> Iterator[Body]:
    for chunk in chunks:
        if is_finish(chunk) and chunk["choices"][0]["index"] == 0:
            yield like(chunk, content="5,")
        yield chunk


@fault(
    "chat.stop.says-length",
    "A text that a stop sequence ended says length.",
    "chat.stop.finish",
    source="OpenAI API reference, Chat Completions: finish_reason",
)
@on_deltas(has("stop"))
def stop_says_length(choice: Body) -> None:
    choice["finish_reason"] = choice["finish_reason"] and "length"


@fault(
    "chat.choices.n-ignored",
    "n is ignored.",
    "chat.choices.count",
    source="abetlen/llama-cpp-python#1906; InternLM/lmdeploy#4419",
)
@on_answers(has("n"))
def n_ignored(answer: Body) -> None:
    del answer["choices"][1:]


@fault(
    "chat.choices.n-ignored-in-stream",
    "n is ignored in streams only.",
    "chat.choices.count",
    source="vllm-project/vllm-omni#4269",
)
@on_stream(has("n"))
def n_ignored_in_stream(chunks: list[Body]) -> list[Body]:
    return [chunk for chunk in chunks if is_usage(chunk) or chunk["choices"][0]["index"] == 0]


# --------------------------------------------------------------------------------------------- text, form


def _each_text(change: Callable[[str], str]) -> Change:
    def spoil(choice: Body) -> None:
        holder = choice.get("message") or choice.get("delta") or {}
        if isinstance(holder.get("content"), str):
            holder["content"] = change(holder["content"])

    return spoil


fault(
    "chat.text.mojibake",
    "UTF-8 is read as Latin-1 on its way through the hub.",
    "chat.text.unicode",
    source="RFC 8259 section 8.1",
)(on_choices(in_scripts)(_each_text(lambda text: text.encode().decode("latin-1"))))
fault(
    "chat.text.question-marks",
    "Characters beyond ASCII become question marks.",
    "chat.text.unicode",
    source="RFC 8259 section 8.1",
)(on_choices(in_scripts)(_each_text(lambda text: text.encode("ascii", "replace").decode())))
fault(
    "chat.text.escaped-twice",
    "Characters beyond ASCII come as the text of their JSON escapes.",
    "chat.text.unicode",
    source="RFC 8259 section 7",
)(on_deltas(in_scripts)(_each_text(lambda text: json.dumps(text)[1:-1])))
fault(
    "chat.text.astral-replaced",
    "Characters beyond the basic plane become U+FFFD in streams.",
    "chat.text.unicode",
    source="RFC 3629: four-byte sequences cut between two reads",
)(on_deltas(in_scripts)(_each_text(lambda text: ASTRAL.sub("\ufffd", text))))


@fault(
    "chat.text.split-pair",
    "The two halves of a surrogate pair come in two chunks.",
    "chat.text.unicode",
    also={"transport.stream.whole-characters": "half a pair is no character"},
    source="RFC 8259 section 8.2",
)
@on_stream(in_scripts)
def split_pair(chunks: list[Body]) -> Iterator[Any]:
    for chunk in chunks:
        text = delta_of(chunk).get("content") or ""
        found = ASTRAL.search(text)
        if not found:
            yield chunk
            continue
        high, low = (chr(unit) for unit in _units(found[0]))
        yield _escaped(like(chunk, content=text[: found.start()] + high))
        yield _escaped(like(chunk, content=low + text[found.end() :]))


def _units(character: str) -> tuple[int, int]:
    data = character.encode("utf-16-be")
    return int.from_bytes(data[:2]), int.from_bytes(data[2:])


def _escaped(chunk: Body) -> bytes:
    return b"data: " + json.dumps(chunk).encode("ascii") + b"\n\n"


@fault(
    "chat.format.fenced",
    "The JSON object stands in a code fence.",
    "chat.format.json-object",
    source="OpenAI API reference, Chat Completions: response_format",
)
@on_choices(formed("json_object"))
def fenced(choice: Body) -> None:
    choice["message"]["content"] = f"```json\n{choice['message']['content']}\n```"


@fault(
    "chat.format.object-ignored",
    "response_format json_object is ignored.",
    "chat.format.json-object",
    source="BerriAI/litellm#38269",
)
@on_choices(formed("json_object"))
def object_ignored(choice: Body) -> None:
    choice["message"]["content"] = "The colour is red."


@fault(
    "chat.format.schema-ignored",
    "response_format json_schema is taken for json_object.",
    "chat.format.json-schema",
    source="BerriAI/litellm#38269",
)
@on_choices(formed("json_schema"))
def schema_ignored(choice: Body) -> None:
    choice["message"]["content"] = '{"decision":"yes"}'


@fault(
    "chat.format.schema-ignored-in-stream",
    "response_format json_schema is ignored in streams only.",
    "chat.format.json-schema",
    source="BerriAI/litellm#38269",
)
@on_stream(formed("json_schema"))
def schema_ignored_in_stream(chunks: list[Body]) -> list[Body]:
    return text_stream(chunks, "Yes.")


@fault(
    "chat.stream.lost-chunk",
    "One chunk in the middle of a structured answer is lost.",
    "chat.format.json-schema",
    source="plain logic",
)
@on_stream(formed("json_schema"))
def lost_chunk(chunks: list[Body]) -> list[Body]:
    return chunks[:3] + chunks[4:]


# ----------------------------------------------------------------------------------------------- logprobs


@fault(
    "chat.logprobs.ignored",
    "logprobs is ignored.",
    "chat.logprobs.present",
    source="OpenAI API reference, Chat Completions: logprobs",
)
@on_choices(has("logprobs"))
def logprobs_ignored(choice: Body) -> None:
    choice["logprobs"] = None


@fault(
    "chat.logprobs.ignored-in-stream",
    "logprobs is ignored in streams only.",
    "chat.logprobs.present",
    source="OpenAI API reference, Chat Completions: logprobs",
)
@on_deltas(has("logprobs"))
def logprobs_ignored_in_stream(choice: Body) -> None:
    choice["logprobs"] = None


@fault(
    "chat.logprobs.needs-top",
    "logprobs without top_logprobs is refused.",
    "chat.logprobs.present",
    also={
        "chat.logprobs.shape": "the hub claims to serve the refused request, of which this is judged too",
        "chat.logprobs.join": "the hub claims to serve the refused request, of which this is judged too",
        "chat.logprobs.values": "the hub claims to serve the refused request, of which this is judged too",
        "transport.status-200": "the hub claims to serve the refused request",
    },
    source="vllm-project/vllm#4795",
)
@on_requests(lambda body: bool(body.get("logprobs")) and body.get("top_logprobs") is None)
def needs_top(_body: Body) -> Body:
    return _refusal("top_logprobs", "Top logprobs must be set when logprobs is.")


@fault(
    "chat.logprobs.no-list",
    "Likelihoods without alternatives have null in the place of the list.",
    "chat.logprobs.shape",
    source="openai-python: ChatCompletionTokenLogprob.top_logprobs",
)
@on_choices(has("logprobs"))
def no_list(choice: Body) -> None:
    for token in choice["logprobs"]["content"]:
        token["top_logprobs"] = None


@fault(
    "chat.logprobs.bytes-as-text",
    "The bytes of a token are base64 text.",
    "chat.logprobs.shape",
    source="OpenAI API reference, Chat Completions: logprobs.content.bytes",
)
@on_deltas(has("logprobs"))
def bytes_as_text(choice: Body) -> None:
    for token in (choice["logprobs"] or {}).get("content", []):
        token["bytes"] = "AA=="


@fault(
    "chat.logprobs.trimmed",
    "Tokens lose the space that they begin with.",
    "chat.logprobs.join",
    source="OpenAI API reference, Chat Completions: logprobs.content.token",
)
@on_choices(has("logprobs"))
def trimmed(choice: Body) -> None:
    for token in choice["logprobs"]["content"]:
        token["token"] = token["token"].strip()
        token["bytes"] = None


@fault(
    "chat.logprobs.last-missing",
    "The last chunk with text has no likelihoods.",
    "chat.logprobs.join",
    source="OpenAI API reference, Chat Completions: chunk, choices.logprobs",
)
@on_stream(has("logprobs"))
def last_missing(chunks: list[Body]) -> list[Body]:
    told = [chunk for chunk in chunks if chunk["choices"] and chunk["choices"][0]["logprobs"]]
    told[-1]["choices"][0]["logprobs"] = None
    return chunks


@fault(
    "chat.logprobs.probabilities",
    "Likelihoods are probabilities in percent.",
    "chat.logprobs.values",
    source="OpenAI API reference, Chat Completions: the log probability",
)
@on_choices(has("logprobs"))
def probabilities(choice: Body) -> None:
    for token in choice["logprobs"]["content"]:
        token["logprob"] = 97.5


@fault(
    "chat.logprobs.one-above-zero",
    "One alternative in a stream is likelier than certain.",
    "chat.logprobs.values",
    source="OpenAI API reference, Chat Completions: the log probability",
)
@on_stream(has("logprobs"))
def one_above_zero(chunks: list[Body]) -> list[Body]:
    told = [chunk for chunk in chunks if chunk["choices"] and chunk["choices"][0]["logprobs"]]
    told[-1]["choices"][0]["logprobs"]["content"][-1]["top_logprobs"][-1]["logprob"] = 0.5
    return chunks


@fault(
    "chat.logprobs.no-alternatives",
    "top_logprobs is ignored.",
    "chat.logprobs.alternatives",
    source="OpenAI API reference, Chat Completions: top_logprobs",
)
@on_deltas(has("top_logprobs"))
def no_alternatives(choice: Body) -> None:
    for token in (choice["logprobs"] or {}).get("content", []):
        token["top_logprobs"] = []


@fault(
    "chat.logprobs.too-many-alternatives",
    "Five alternatives come, whatever top_logprobs says.",
    "chat.logprobs.alternatives",
    source="OpenAI API reference, Chat Completions: top_logprobs",
)
@on_deltas(has("top_logprobs"))
def too_many_alternatives(choice: Body) -> None:
    for token in (choice["logprobs"] or {}).get("content", []):
        token["top_logprobs"] = token["top_logprobs"][:1] * 5


# -------------------------------------------------------------------------------------------------- tools


def _on_calls(when: When) -> Callable[[Change], Spoil]:
    """Makes a fault of a function that changes one tool call of a whole answer in place."""

    def wrap(change: Change) -> Spoil:
        return on_choices(when)(lambda choice: [change(call) for call in choice["message"].get("tool_calls") or []])

    return wrap


def _on_fragments(when: When) -> Callable[[Change], Spoil]:
    """Makes a fault of a function that changes one tool call fragment of a stream in place."""

    def wrap(change: Change) -> Spoil:
        return on_deltas(when)(lambda choice: [change(part) for part in fragments(choice["delta"])])

    return wrap


@fault(
    "chat.tools.arguments-as-object",
    "The arguments of a call are an object.",
    "chat.tools.call-shape",
    source="ggml-org/llama.cpp#20198",
)
@_on_calls(always)
def arguments_as_object(call: Body) -> None:
    call["function"]["arguments"] = json.loads(call["function"]["arguments"])


@fault("chat.tools.empty-id", "The id of a call is empty.", "chat.tools.call-shape", source="microsoft/autogen#4878")
@_on_calls(always)
def empty_call_id(call: Body) -> None:
    call["id"] = ""


@fault(
    "chat.tools.no-type",
    "A call has no type.",
    "chat.tools.call-shape",
    source="openai-python: ChatCompletionMessageToolCall.type",
)
@_on_calls(always)
def no_type(call: Body) -> None:
    del call["type"]


@fault(
    "chat.tools.empty-arguments",
    "A call of a function without parameters has empty arguments.",
    "chat.tools.arguments-object",
    source="sigoden/aichat#1217",
)
@_on_calls(always)
def empty_arguments(call: Body) -> None:
    if call["function"]["arguments"] == "{}":
        call["function"]["arguments"] = ""


@fault(
    "chat.tools.arguments-serialised-twice",
    "Arguments are JSON text of JSON text.",
    "chat.tools.arguments-object",
    source="OpenAI API reference, Chat Completions: function.arguments",
)
@_on_calls(chooses("auto"))
def serialised_twice(call: Body) -> None:
    call["function"]["arguments"] = json.dumps(call["function"]["arguments"])


@fault(
    "chat.tools.arguments-emptied",
    "All arguments are lost in the translation.",
    "chat.tools.arguments-fit",
    source="router-for-me/CLIProxyAPI#3256",
)
@_on_calls(chooses("named"))
def arguments_emptied(call: Body) -> None:
    call["function"]["arguments"] = "{}"


@fault(
    "chat.tools.argument-stripped",
    "One argument is lost in the translation.",
    "chat.tools.arguments-fit",
    source="router-for-me/CLIProxyAPIPlus#78",
)
@_on_calls(chooses("auto"))
def argument_stripped(call: Body) -> None:
    arguments = json.loads(call["function"]["arguments"])
    arguments.pop("unit", None)
    call["function"]["arguments"] = json.dumps(arguments)


@fault(
    "chat.tools.joined-name",
    "The name of a call is joined with itself.",
    "chat.tools.declared-name",
    source="maximhq/bifrost#1829",
)
@_on_calls(chooses("auto"))
def joined_name(call: Body) -> None:
    call["function"]["name"] *= 2


@fault(
    "chat.tools.prefixed-name",
    "The name of a streamed call has the gateway's prefix.",
    "chat.tools.declared-name",
    source="plain logic: the caller has nothing to run",
)
@_on_fragments(chooses("auto"))
def prefixed_name(part: Body) -> None:
    if part["function"].get("name"):
        part["function"]["name"] = "functions." + part["function"]["name"]


@fault(
    "chat.tools.same-id",
    "Parallel calls share one id.",
    "chat.tools.id-unique",
    source="OpenAI API reference, Chat Completions: tool_call_id",
)
@_on_calls(always)
def same_call_id(call: Body) -> None:
    call["id"] = "call_0"


@fault(
    "chat.tools.named-ignored",
    "A named tool_choice is ignored.",
    "chat.tools.named",
    also={"chat.stream.same-structure": "the stream of the same request has the call"},
    source="OpenAI API reference, Chat Completions: tool_choice",
)
@on_choices(chooses("named"))
def named_ignored(choice: Body) -> None:
    text_answer(choice, "It is sunny.")


@fault(
    "chat.tools.named-as-required",
    "In a stream a named tool_choice is taken for required, and another tool is called.",
    "chat.tools.named",
    also={
        "chat.stream.same-structure": "the answer that is not streamed calls the named tool",
        "chat.tools.arguments-fit": "the arguments are those of the other tool",
    },
    source="OpenAI API reference, Chat Completions: tool_choice",
)
@_on_fragments(chooses("named"))
def named_as_required(part: Body) -> None:
    if part["function"].get("name"):
        part["function"]["name"] = "get_weather"


@fault(
    "chat.tools.none-ignored",
    "tool_choice none is ignored.",
    "chat.tools.none",
    source="OpenAI API reference, Chat Completions: tool_choice",
)
@on_choices(chooses("none"))
def none_ignored(choice: Body) -> None:
    function = {"name": "get_weather", "arguments": '{"city":"Paris","unit":"celsius"}'}
    call = {"id": "call_unwanted", "type": "function", "function": function}
    choice["message"] = {"role": "assistant", "content": None, "tool_calls": [call]}
    choice["finish_reason"] = "tool_calls"


@fault(
    "chat.tools.required-ignored",
    "tool_choice required is ignored.",
    "chat.tools.required",
    source="OpenAI API reference, Chat Completions: tool_choice",
)
@on_choices(chooses("required"))
def required_ignored(choice: Body) -> None:
    text_answer(choice, "Hello.")


@fault(
    "chat.tools.says-stop",
    "An answer with calls of the model's own says stop.",
    "chat.tools.finish",
    source="BerriAI/litellm#12862",
)
@on_choices(has("tools"))
def calls_say_stop(choice: Body) -> None:
    choice["finish_reason"] = "stop"


@fault(
    "chat.tools.stream-says-stop",
    "A stream with calls of the model's own says stop.",
    "chat.tools.finish",
    source="BerriAI/litellm#12249",
)
@on_deltas(has("tools"))
def streamed_calls_say_stop(choice: Body) -> None:
    choice["finish_reason"] = choice["finish_reason"] and "stop"


@fault(
    "chat.tools.calls-lost",
    "The calls are lost, but finish_reason tells of them.",
    "chat.tools.finish-without-call",
    source="OpenAI API reference, Chat Completions: finish_reason",
)
@on_choices(chooses("auto"))
def calls_lost(choice: Body) -> None:
    choice["message"] = {"role": "assistant", "content": "One moment."}


@fault(
    "chat.tools.calls-lost-in-stream",
    "The calls of a stream are lost, but finish_reason tells of them.",
    "chat.tools.finish-without-call",
    source="langwatch/langwatch#6196",
)
@on_deltas(chooses("auto"))
def calls_lost_in_stream(choice: Body) -> None:
    choice["delta"].pop("tool_calls", None)


@fault(
    "chat.tools.history-refused",
    "A history with null content beside tool calls is refused.",
    "chat.tools.round-trip",
    source="mistralai/mistral-common#324; cubist38/mlx-openai-server#205",
)
@on_requests(has_turn("tool"))
def history_refused(_body: Body) -> Body:
    return _refusal("messages[1].content", "Content must be a string.")


@fault(
    "chat.tools.history-empty-answer",
    "The turn after a tool's result has no choices.",
    "chat.tools.round-trip",
    "chat.answer.envelope",
    source="OpenAI API reference, Chat Completions: choices",
)
@on_answers(has_turn("tool"))
def history_empty_answer(answer: Body) -> None:
    answer["choices"] = []


@fault(
    "chat.tools.history-dropped",
    "Turns with calls and results are dropped on their way to the model.",
    "chat.tools.history-counted",
    source="plain logic: a longer prompt never counts fewer tokens",
)
@on_answers(has_turn("tool"))
def history_dropped(answer: Body) -> None:
    set_usage(answer, prompt=5)


# ----------------------------------------------------------------------------------------------- thoughts


@fault(
    "chat.reasoning.only-streamed",
    "Thoughts are told in streams only.",
    "chat.reasoning.same-field",
    source="decolua/9router#1189",
)
@on_choices()
def only_streamed(choice: Body) -> None:
    choice["message"].pop("reasoning_content", None)


@fault(
    "chat.reasoning.renamed",
    "Thoughts have another field in streams.",
    "chat.reasoning.same-field",
    source="langchain-ai/langchainjs#11518",
)
@on_deltas()
def renamed(choice: Body) -> None:
    if "reasoning_content" in choice["delta"]:
        choice["delta"]["reasoning"] = choice["delta"].pop("reasoning_content")


@fault(
    "chat.reasoning.late",
    "Some thoughts of a stream come after the text began.",
    "chat.reasoning.first",
    source="DeepSeek API: thoughts are streamed before the content",
)
@on_stream()
def late_thoughts(chunks: list[Body]) -> list[Body]:
    thoughts = [chunk for chunk in chunks if delta_of(chunk).get("reasoning_content")]
    texts = [chunk for chunk in chunks if delta_of(chunk).get("content")]
    if thoughts and texts:
        chunks.remove(thoughts[-1])
        chunks.insert(chunks.index(texts[0]) + 1, thoughts[-1])
    return chunks


@fault(
    "chat.reasoning.uncounted",
    "Thoughts are shown and not counted.",
    "chat.reasoning.counted",
    source="hub documents: Usage, completion_tokens_details.reasoning_tokens",
)
@on_answers()
def uncounted(answer: Body) -> None:
    answer["usage"]["completion_tokens_details"]["reasoning_tokens"] = 0


# ------------------------------------------------------------------------------------------------ streams


@fault(
    "chat.stream.no-created",
    "The first chunk has no time.",
    "chat.stream.envelope",
    source="openai-php/client#292",
)
@on_stream()
def no_created(chunks: list[Body]) -> list[Body]:
    del chunks[0]["created"]
    return chunks


@fault(
    "chat.stream.bare-usage-chunk",
    "The chunk with the usage has no id and no model.",
    "chat.stream.envelope",
    source="MiniMax-AI/MiniMax-M2.5#2",
)
@on_chunks()
def bare_usage_chunk(chunk: Body) -> None:
    if is_usage(chunk):
        del chunk["id"], chunk["model"]


@fault(
    "chat.stream.null-model",
    "The model of the chunks is null.",
    "chat.stream.envelope",
    source="microsoft/foundry-local#144",
)
@on_chunks()
def null_model(chunk: Body) -> None:
    chunk["model"] = None


@fault(
    "chat.stream.filter-chunk",
    "A first chunk with filter results has an empty id, object and model, and no choices.",
    "chat.stream.envelope",
    "chat.stream.object",
    "chat.stream.usage-unasked",
    also={
        "chat.answer.created-now": "its time is 0",
        "chat.stream.one-created": "its time is 0",
    },
    source="microsoft/autogen#6465",
)
@on_stream(asks_no_usage)
def filter_chunk(chunks: list[Body]) -> list[Body]:
    empty = {"id": "", "object": "", "created": 0, "model": "", "choices": [], "prompt_filter_results": []}
    return [empty, *chunks]


@fault(
    "chat.stream.whole-object",
    "The object of the chunks is that of a whole answer.",
    "chat.stream.object",
    source="higress-group/higress#2039",
)
@on_chunks()
def whole_object(chunk: Body) -> None:
    chunk["object"] = "chat.completion"


@fault(
    "chat.stream.usage-object",
    "The object of the chunk with the usage is that of a whole answer.",
    "chat.stream.object",
    source="openai-python: the stream helper skips other objects",
)
@on_chunks()
def usage_object(chunk: Body) -> None:
    if is_usage(chunk):
        chunk["object"] = "chat.completion"


@fault(
    "chat.stream.null-choices",
    "The chunk with the usage has null in the place of its choices.",
    "chat.stream.choices-list",
    also={"chat.stream.usage-chunk": "the usage has no chunk with an empty list of choices"},
    source="openai-python and openai-node: both stream helpers raise",
)
@on_chunks()
def null_choices(chunk: Body) -> None:
    chunk["choices"] = chunk["choices"] or None


@fault(
    "chat.stream.no-choices",
    "A chunk in the middle of a stream has no choices member.",
    "chat.stream.choices-list",
    source="openai-python and openai-node: both stream helpers raise",
)
@on_stream(formed("json_schema"))
def chunk_without_choices(chunks: list[Body]) -> list[Body]:
    bare = {name: value for name, value in chunks[0].items() if name != "choices"}
    return [chunks[0], bare, *chunks[1:]]


@fault(
    "chat.stream.null-delta",
    "The last delta is null.",
    "chat.stream.delta",
    source="openai-python: the stream helper raises",
)
@on_deltas()
def null_delta(choice: Body) -> None:
    choice["delta"] = choice["delta"] or None


@fault(
    "chat.stream.no-delta",
    "A trailing choice with filter results has no delta.",
    "chat.stream.delta",
    source="microsoft/autogen#6465",
)
@on_stream(has("n"))
def no_delta(chunks: list[Body]) -> Iterator[Body]:
    for chunk in chunks:
        yield chunk
        if is_finish(chunk):
            index = chunk["choices"][0]["index"]
            yield {**chunk, "choices": [{"index": index, "finish_reason": None, "content_filter_results": {}}]}


@fault(
    "chat.stream.content-parts",
    "The content of deltas is a list of parts.",
    "chat.stream.delta",
    source="openai-python: deltas are joined as text",
)
@on_deltas(both(plain, asks_usage))
def streamed_content_parts(choice: Body) -> None:
    if choice["delta"].get("content"):
        choice["delta"]["content"] = [{"type": "text", "text": choice["delta"]["content"]}]


@fault(
    "chat.stream.no-index",
    "Choices of chunks have no index.",
    "chat.stream.index",
    source="openai-python: the stream helper raises",
)
@on_deltas(both(asks_usage, plain))
def no_chunk_index(choice: Body) -> None:
    del choice["index"]


@fault(
    "chat.stream.upper-case-finish",
    "The upstream's upper-case finish reason leaks into a stream.",
    "chat.stream.finish-value",
    also={"chat.stop.finish": "the count that is stopped is asked for twice over"},
    source="higress-group/higress#2408",
)
@on_deltas(has("n"))
def upper_case_finish(choice: Body) -> None:
    choice["finish_reason"] = choice["finish_reason"] and "STOP"


@fault(
    "chat.stream.empty-finish",
    "finish_reason is an empty text before the end.",
    "chat.stream.finish-null",
    source="ollama/ollama#4357",
)
@on_deltas()
def empty_finish(choice: Body) -> None:
    choice["finish_reason"] = choice["finish_reason"] or ""


@fault(
    "chat.stream.empty-finish-with-tools",
    "finish_reason is an empty text in chunks with tool calls.",
    "chat.stream.finish-null",
    source="adolfousier/opencrabs#1499",
)
@on_deltas(has("tools"))
def empty_finish_with_tools(choice: Body) -> None:
    if choice["delta"].get("tool_calls"):
        choice["finish_reason"] = ""


@fault(
    "chat.stream.no-finish-member",
    "Chunks before the end have no finish_reason.",
    "chat.stream.finish-present",
    source="Oaklight/llm-rosetta#444; danny-avila/LibreChat#5563",
)
@on_deltas()
def no_finish_member(choice: Body) -> None:
    if choice["finish_reason"] is None:
        del choice["finish_reason"]


@fault(
    "chat.stream.id-each",
    "Every chunk has an id of its own.",
    "chat.stream.one-id",
    source="microsoft/foundry-local#144; BerriAI/litellm#1571; modelscope/ms-swift#9926",
)
@on_stream()
def id_each(chunks: list[Body]) -> Iterator[Body]:
    for number, chunk in enumerate(chunks):
        yield {**chunk, "id": f"{chunk['id']}.{number}"}


@fault(
    "chat.stream.last-id",
    "The last chunk has another id.",
    "chat.stream.one-id",
    source="microsoft/foundry-local#221",
)
@on_stream()
def last_id(chunks: list[Body]) -> list[Body]:
    chunks[-1]["id"] += "-usage"
    return chunks


@fault(
    "chat.stream.moving-time",
    "Every chunk has the time at which it was made.",
    "chat.stream.one-created",
    source="microsoft/foundry-local#144",
)
@on_stream()
def moving_time(chunks: list[Body]) -> list[Body]:
    chunks[-1]["created"] += 1
    return chunks


@fault(
    "chat.stream.two-models",
    "The chunk with the usage names the dated model, the others do not.",
    "chat.stream.one-model",
    source="OpenAI API reference, Chat Completions: chunk, model",
)
@on_chunks()
def two_models(chunk: Body) -> None:
    if is_usage(chunk):
        chunk["model"] += "-2024-07-18"


@fault(
    "chat.stream.no-role",
    "No delta tells the role.",
    "chat.stream.role-first",
    source="langwatch/langwatch#6196; maximhq/bifrost#6523; tensorzero/tensorzero#1265; lemonade-sdk/lemonade#350",
)
@on_deltas()
def no_role(choice: Body) -> None:
    choice["delta"].pop("role", None)


@fault(
    "chat.stream.no-second-role",
    "The second choice of a stream tells no role.",
    "chat.stream.role-first",
    source="diegosouzapw/OmniRoute#3911",
)
@on_deltas()
def no_second_role(choice: Body) -> None:
    if choice["index"] == 1:
        choice["delta"].pop("role", None)


@fault(
    "chat.stream.no-role-with-tools",
    "A stream of tool calls tells no role.",
    "chat.stream.role-first",
    source="diegosouzapw/OmniRoute#3911",
)
@on_deltas(has("tools"))
def no_role_with_tools(choice: Body) -> None:
    choice["delta"].pop("role", None)


@fault(
    "chat.stream.role-always",
    "Every delta tells the role.",
    "chat.stream.role-once",
    source="openai-python: the stream helper joins them; ollama/ollama#4357 (captured chunks)",
)
@on_deltas()
def role_always(choice: Body) -> None:
    choice["delta"]["role"] = "assistant"


@fault(
    "chat.stream.role-again",
    "The last delta tells the role once more.",
    "chat.stream.role-once",
    source="openai-python: the stream helper joins them",
)
@on_deltas(plain)
def role_again(choice: Body) -> None:
    if choice["finish_reason"]:
        choice["delta"]["role"] = "assistant"


@fault(
    "chat.stream.cumulative",
    "Every delta holds the whole text so far.",
    "chat.stream.increments",
    source="openai-python joins the deltas",
)
@on_stream(has("stop"))
def cumulative(chunks: list[Body]) -> list[Body]:
    text = ""
    for chunk in chunks:
        if delta_of(chunk).get("content"):
            text += delta_of(chunk)["content"]
            delta_of(chunk)["content"] = text
    return chunks


@fault(
    "chat.stream.snapshots",
    "After a blank delta, every delta holds the whole text so far, without the blank.",
    "chat.stream.increments",
    source="upstreams that send the trimmed text each time",
)
@on_stream(has("stop"))
def snapshots(chunks: list[Body]) -> Iterator[Body]:
    text = ""
    for chunk in chunks:
        if delta_of(chunk).get("content"):
            if not text:
                yield like(chunk, content=" ")
            text += delta_of(chunk)["content"]
            delta_of(chunk)["content"] = text
        yield chunk


@fault(
    "chat.stream.whole-text-at-end",
    "A closing delta holds the whole text again.",
    "chat.stream.increments",
    source="openai-python joins the deltas",
)
@on_stream(in_scripts)
def whole_text_at_end(chunks: list[Body]) -> Iterator[Body]:
    text = "".join(delta_of(chunk).get("content") or "" for chunk in chunks)
    for chunk in chunks:
        if is_finish(chunk):
            yield like(chunk, content=text)
        yield chunk


@fault(
    "chat.stream.no-finish",
    "No chunk has a finish_reason.",
    "chat.stream.finish-once",
    source="openai-node: missing finish_reason for choice",
)
@on_deltas(has("logprobs"))
def no_finish(choice: Body) -> None:
    choice["finish_reason"] = None


@fault(
    "chat.stream.two-finishes",
    "Two chunks have a finish_reason.",
    "chat.stream.finish-once",
    source="adolfousier/opencrabs#1499",
)
@on_stream()
def two_finishes(chunks: list[Body]) -> Iterator[Body]:
    for chunk in chunks:
        yield chunk
        if is_finish(chunk):
            yield chunk


@fault(
    "chat.stream.second-unfinished",
    "Only the first of two choices has a finish_reason.",
    "chat.stream.finish-once",
    source="vllm-project/vllm-omni#4269",
)
@on_deltas(has("n"))
def second_unfinished(choice: Body) -> None:
    if choice["index"] == 1:
        choice["finish_reason"] = None


@fault(
    "chat.stream.text-after-finish",
    "The last text comes after the finish_reason.",
    "chat.stream.finish-last",
    source="adolfousier/opencrabs#1499",
)
@on_stream(plain)
def text_after_finish(chunks: list[Body]) -> list[Body]:
    return _finish_earlier(chunks)


@fault(
    "chat.stream.arguments-after-finish",
    "The last arguments come after the finish_reason.",
    "chat.stream.finish-last",
    source="adolfousier/opencrabs#1499",
)
@on_stream(has("tools"))
def arguments_after_finish(chunks: list[Body]) -> list[Body]:
    return _finish_earlier(chunks)


def _finish_earlier(chunks: list[Body]) -> list[Body]:
    place = next(number for number, chunk in enumerate(chunks) if is_finish(chunk))
    chunks[place - 1], chunks[place] = chunks[place], chunks[place - 1]
    return chunks


@fault(
    "chat.stream.second-first",
    "The second choice of a stream appears before the first.",
    "chat.stream.index-order",
    source="openai-python: IndexError when choice 1 comes first",
)
@on_stream(has("n"))
def second_first(chunks: list[Body]) -> list[Body]:
    return [chunks[1], chunks[0], *chunks[2:]]


@fault(
    "chat.stream.index-from-one",
    "The only choice of a stream has the index 1.",
    "chat.stream.index-from-zero",
    source="OpenAI API reference, Chat Completions: chunk, choices.index",
)
@on_deltas(plain)
def index_from_one(choice: Body) -> None:
    choice["index"] = 1


@fault(
    "chat.stream.annotations-twice",
    "Two deltas hold lists of annotations without indexes.",
    "chat.stream.lists",
    source="openai-python: the stream helper raises on the second list",
)
@on_deltas(plain)
def annotations_twice(choice: Body) -> None:
    if choice["delta"].get("content") or choice["finish_reason"]:
        choice["delta"]["annotations"] = [{"type": "url_citation", "url_citation": {"url": "https://example.com/"}}]


NO_TERMINAL = {"transport.stream.terminal": "the same line is the terminal event of the format"}


@fault(
    "chat.stream.no-done",
    "A chat stream ends without `data: [DONE]`.",
    "chat.stream.done-last",
    also=NO_TERMINAL,
    source="BerriAI/litellm#1255",
)
@on_stream(done=())
def no_done(chunks: list[Body]) -> list[Body]:
    return chunks


@fault(
    "chat.stream.no-done-with-tools",
    "A stream of tool calls ends without `data: [DONE]`.",
    "chat.stream.done-last",
    also=NO_TERMINAL,
    source="diegosouzapw/OmniRoute#6777",
)
@on_stream(has("tools"), done=())
def no_done_with_tools(chunks: list[Body]) -> list[Body]:
    return chunks


@fault(
    "chat.stream.done-lower-case",
    "The end of a stream is marked with `[done]`.",
    "chat.stream.done-last",
    source="openai-python and openai-node: both raise",
)
@on_stream(done=("[done]",))
def done_lower_case(chunks: list[Body]) -> list[Body]:
    return chunks


@fault(
    "chat.stream.done-quoted",
    'The end of a stream is marked with `"[DONE]"`.',
    "chat.stream.done-last",
    also={
        "chat.stream.envelope": "the quoted mark is read as a chunk",
        "chat.stream.usage-last": "the quoted mark is read as a chunk",
    },
    source="openai-python and openai-node: both raise",
)
@on_stream(done=('"[DONE]"',))
def done_quoted(chunks: list[Body]) -> list[Body]:
    return chunks


@fault(
    "chat.stream.done-twice",
    "The gateway adds a `data: [DONE]` to that of the upstream.",
    "chat.stream.done-once",
    source="OpenAI API reference, Chat Completions: stream",
)
@on_stream(done=("[DONE]", "[DONE]"))
def done_twice(chunks: list[Body]) -> list[Body]:
    return chunks


@fault(
    "chat.stream.usage-after-done",
    "The usage comes after `data: [DONE]`.",
    "chat.stream.done-once",
    source="openai-python stops reading there",
)
@on_stream(asks_usage, done=())
def usage_after_done(chunks: list[Body]) -> list[Any]:
    return [*chunks[:-1], "[DONE]", chunks[-1]]


@fault(
    "chat.stream.named-events",
    "Every chunk is sent under an event name.",
    "chat.stream.unnamed-events",
    source="openai-node 4.x wraps named events so that choices vanish",
)
@on_stream()
def named_events(chunks: list[Body]) -> list[bytes]:
    return [b"event: message\n" + event_bytes(chunk) for chunk in chunks]


@fault(
    "chat.stream.no-usage",
    "include_usage is ignored.",
    "chat.stream.usage-given",
    source="tashfeenahmed/freellmapi#845",
)
@on_stream()
def no_stream_usage(chunks: list[Body]) -> list[Body]:
    return [chunk for chunk in chunks if not is_usage(chunk)]


@fault(
    "chat.stream.no-usage-with-tools",
    "include_usage is ignored when there are tools.",
    "chat.stream.usage-given",
    source="tashfeenahmed/freellmapi#845",
)
@on_stream(has("tools"))
def no_usage_with_tools(chunks: list[Body]) -> list[Body]:
    return [chunk for chunk in chunks if not is_usage(chunk)]


@fault(
    "chat.stream.usage-in-finish-chunk",
    "The usage comes in the chunk with the finish_reason.",
    "chat.stream.usage-chunk",
    source="OpenAI API reference, Chat Completions: include_usage",
)
@on_stream(both(asks_usage, plain))
def usage_in_finish_chunk(chunks: list[Body]) -> list[Body]:
    chunks[-2]["usage"] = chunks[-1]["usage"]
    return chunks[:-1]


@fault(
    "chat.stream.usage-twice",
    "Two chunks with the usage come.",
    "chat.stream.usage-chunk",
    source="nguyenphutrong/quotio#460",
)
@on_stream(asks_usage)
def usage_twice(chunks: list[Body]) -> list[Body]:
    return [*chunks, chunks[-1]]


@fault(
    "chat.stream.usage-before-finish",
    "The chunk with the usage comes before that with the finish_reason.",
    "chat.stream.usage-last",
    source="openai-python takes the usage from the last chunk",
)
@on_stream(asks_usage)
def usage_before_finish(chunks: list[Body]) -> list[Body]:
    return [*chunks[:-2], chunks[-1], chunks[-2]]


@fault(
    "chat.stream.usage-always",
    "The chunk with the usage comes although nobody asked.",
    "chat.stream.usage-unasked",
    source="Arthur-Ficial/apfel#100; nguyenphutrong/quotio#460",
)
@on_stream(asks_no_usage)
def usage_always(chunks: list[Body]) -> list[Body]:
    counts = {"prompt_tokens": 1, "completion_tokens": 8, "total_tokens": 9}
    return [*chunks, {**chunks[-1], "choices": [], "usage": counts}]


# -------------------------------------------------------------------------------------- tool calls, streamed


@fault(
    "chat.stream.tool-without-index",
    "Streamed tool calls have no index.",
    "chat.stream.tool-shape",
    source="ollama/ollama#7881; EricLBuehler/mistral.rs#1507",
)
@_on_fragments(always)
def tool_without_index(part: Body) -> None:
    del part["index"]


@fault(
    "chat.stream.later-fragments-without-index",
    "Only the first fragment of a call has an index.",
    "chat.stream.tool-shape",
    also={"chat.stream.tool-arguments": "fragments without an index cannot be told apart and join the first call"},
    source="ollama/ollama#7881",
)
@_on_fragments(always)
def later_without_index(part: Body) -> None:
    if "id" not in part:
        del part["index"]


@fault(
    "chat.stream.tool-index-text",
    "The index of a streamed tool call is text.",
    "chat.stream.tool-shape",
    source="OpenAI API reference, Chat Completions: chunk, delta.tool_calls.index",
)
@_on_fragments(chooses("named"))
def tool_index_text(part: Body) -> None:
    part["index"] = str(part["index"])


@fault(
    "chat.stream.tool-index-from-one",
    "Streamed tool calls are numbered from 1.",
    "chat.stream.tool-indexes",
    source="openai-python and openai-node: both stream helpers fail",
)
@_on_fragments(always)
def tool_index_from_one(part: Body) -> None:
    part["index"] += 1


@fault(
    "chat.stream.tool-index-gap",
    "The number of the second call leaves a gap.",
    "chat.stream.tool-indexes",
    source="vllm-project/vllm#9209",
)
@_on_fragments(always)
def tool_index_gap(part: Body) -> None:
    part["index"] *= 2


@fault(
    "chat.stream.tool-without-type",
    "The first fragment of a call has no type.",
    "chat.stream.tool-opening",
    source="openai-node: the stream helper raises",
)
@_on_fragments(always)
def tool_without_type(part: Body) -> None:
    part.pop("type", None)


@fault(
    "chat.stream.second-tool-without-id",
    "The second of two calls has no id.",
    "chat.stream.tool-opening",
    source="microsoft/autogen#4878",
)
@_on_fragments(always)
def second_tool_without_id(part: Body) -> None:
    if part["index"] == 1:
        part.pop("id", None)


@fault(
    "chat.stream.tool-id-always",
    "Every fragment of a call repeats its id and name.",
    "chat.stream.tool-once",
    source="QwenLM/Qwen-Agent#943",
)
@on_stream(has("tools"))
def tool_id_always(chunks: list[Body]) -> list[Body]:
    first: dict[int, Body] = {}
    for chunk in chunks:
        for part in fragments(delta_of(chunk)):
            opening = first.setdefault(part["index"], copy.deepcopy(part))
            part["id"] = opening["id"]
            part["function"]["name"] = opening["function"]["name"]
    return chunks


@fault(
    "chat.stream.tool-name-again",
    "The last fragment of a call repeats the name.",
    "chat.stream.tool-once",
    source="maximhq/bifrost#1829",
)
@on_stream(chooses("named"))
def tool_name_again(chunks: list[Body]) -> list[Body]:
    told = [part for chunk in chunks for part in fragments(delta_of(chunk))]
    told[-1]["function"]["name"] = told[0]["function"]["name"]
    return chunks


@fault(
    "chat.stream.empty-arguments",
    "A streamed call of a function without parameters has no arguments.",
    "chat.stream.tool-arguments",
    source="sigoden/aichat#1217",
)
@on_stream(has("tools"))
def streamed_empty_arguments(chunks: list[Body]) -> list[Body]:
    return [chunk for chunk in chunks if all(p["function"]["arguments"] != "{}" for p in fragments(delta_of(chunk)))]


@fault(
    "chat.stream.arguments-as-object",
    "Argument fragments are objects.",
    "chat.stream.tool-arguments",
    source="openai-node: an object becomes [object Object]",
)
@_on_fragments(chooses("named"))
def fragments_as_objects(part: Body) -> None:
    part["function"]["arguments"] = {"zone": "UTC"} if part["function"]["arguments"] else {}


@fault(
    "chat.stream.arguments-again",
    "A closing fragment holds the whole arguments again.",
    "chat.stream.tool-arguments",
    source="OpenAI API reference, Chat Completions: chunk, function.arguments",
)
@on_stream(chooses("named"))
def arguments_again(chunks: list[Body]) -> Iterator[Body]:
    told = [p["function"]["arguments"] for chunk in chunks for p in fragments(delta_of(chunk)) if p["index"] == 0]
    for chunk in chunks:
        if is_finish(chunk) and told:
            yield like(chunk, tool_calls=[{"index": 0, "function": {"arguments": "".join(told)}}])
        yield chunk


@fault(
    "chat.stream.tool-index-shared",
    "All parallel calls of a stream have the index 0.",
    "chat.stream.tool-distinct",
    source="0xPlaygrounds/rig#1443; ai-dynamo/dynamo#4723; huggingface/smolagents#1958; mcowger/plexus#691",
)
@_on_fragments(always)
def tool_index_shared(part: Body) -> None:
    part["index"] = 0


@fault(
    "chat.stream.tool-id-shared",
    "All parallel calls of a stream have the same id.",
    "chat.stream.tool-distinct",
    source="microsoft/autogen#4878",
)
@_on_fragments(always)
def tool_id_shared(part: Body) -> None:
    if "id" in part:
        part["id"] = "call_0"


@fault(
    "chat.stream.tools-interleaved",
    "The fragments of two calls are mixed.",
    "chat.stream.tool-order",
    source="maximhq/bifrost#1829",
)
@on_stream(chooses("auto"))
def tools_interleaved(chunks: list[Body]) -> list[Body]:
    openings = [chunk for chunk in chunks if any("id" in part for part in fragments(delta_of(chunk)))]
    if len(openings) > 1:
        chunks.remove(openings[1])
        chunks.insert(chunks.index(openings[0]) + 1, openings[1])
    return chunks


@fault(
    "chat.stream.other-finish",
    "A stream says length where the same whole answer says stop.",
    "chat.stream.same-structure",
    source="plain logic: stream changes the transport, not the answer",
)
@on_deltas(in_scripts)
def other_finish(choice: Body) -> None:
    choice["finish_reason"] = choice["finish_reason"] and "length"


@fault(
    "chat.stream.forced-call-lost",
    "A named tool_choice is ignored in streams.",
    "chat.stream.same-structure",
    "chat.tools.named",
    source="vllm-project/vllm#9209",
)
@on_stream(chooses("named"))
def forced_call_lost(chunks: list[Body]) -> list[Body]:
    return text_stream(chunks, "It is sunny.")


# ----------------------------------------------------------------------------------------------- refusals


fault(
    "chat.refusal.no-messages-served",
    "A request without messages is answered.",
    "chat.refusal.messages-missing",
    source="OpenAI API description: messages is required",
)(serves("messages", lambda value: value is ...))
fault(
    "chat.refusal.text-limit-dropped",
    "Text in max_tokens is dropped.",
    "chat.refusal.max-tokens-type",
    source="entrius/gittensor#1749",
)(serves("max_tokens", lambda value: isinstance(value, str)))
fault(
    "chat.refusal.no-param",
    "Refusals name no field.",
    "chat.refusal.param",
    source="openai-python: APIError.param",
)(shaping.nameless(CHAT))
