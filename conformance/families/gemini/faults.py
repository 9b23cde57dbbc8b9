"""Faults of the Google format."""

import base64
import copy
import json
import re
from collections.abc import Callable, Iterable, Iterator
from typing import Any

from conformance.hub.faults.base import Ask, Reply, Spoil, event_bytes, fault
from conformance.hub.faults.shaping import Body, timed
from conformance.hub.picture import png

When = Callable[[Ask], bool]
Change = Callable[[Body], Any]

GENERATE, STREAM = "gemini-generate-content", "gemini-stream-generate-content"
OPERATIONS = (GENERATE, STREAM)
FALSE_ENDS = re.compile("[\u2028\u2029\x85]")
ESCAPED = re.compile(r"\\u(2028|2029|0085)")


def always(_ask: Ask) -> bool:
    """Every request."""
    return True


def body_of(ask: Ask) -> Body:
    """The body of a request, empty when it is none."""
    return ask.json or {}


def config_of(ask: Ask) -> Body:
    config = body_of(ask).get("generationConfig")
    return config if isinstance(config, dict) else {}


def configured(*names: str) -> When:
    """Requests with all of these members in their generationConfig."""
    return lambda ask: all(config_of(ask).get(name) is not None for name in names)


def has(*names: str) -> When:
    """Requests with all of these members."""
    return lambda ask: all(body_of(ask).get(name) is not None for name in names)


def wants(modality: str) -> When:
    """Requests for pictures or speech."""
    return lambda ask: modality in (config_of(ask).get("responseModalities") or ())


def mode(name: str) -> When:
    """Requests with this mode of function calling."""

    def holds(ask: Ask) -> bool:
        calling = (body_of(ask).get("toolConfig") or {}).get("functionCallingConfig") or {}
        return bool(calling.get("mode") == name)

    return holds


def parts_with(name: str) -> When:
    """Conversations with a part of this kind."""
    return lambda ask: any(name in part for turn in _turns(ask) for part in turn.get("parts") or ())


def _turns(ask: Ask) -> list[Body]:
    contents = body_of(ask).get("contents")
    return [turn for turn in contents if isinstance(turn, dict)] if isinstance(contents, list) else []


def in_scripts(ask: Ask) -> bool:
    """Requests to repeat text of many scripts."""
    return "qz7" in json.dumps(_turns(ask))


def plain(ask: Ask) -> bool:
    """The plainest questions: contents and a limit."""
    return set(body_of(ask)) == {"contents", "generationConfig"} and set(config_of(ask)) == {"maxOutputTokens"}


def below(prefix: str) -> When:
    return lambda ask: ask.path.startswith(prefix)


def whole(ask: Ask) -> bool:
    """Requests for one object."""
    return ask.operation == GENERATE and "alt=sse" not in ask.query


def by_events(ask: Ask) -> bool:
    """Requests for an event stream."""
    return "alt=sse" in ask.query


def by_array(ask: Ask) -> bool:
    """Streams without alt=sse."""
    return ask.operation == STREAM and not by_events(ask)


def in_series(ask: Ask) -> bool:
    """Requests for a stream of either form."""
    return by_events(ask) or by_array(ask)


def both(*conditions: When) -> When:
    return lambda ask: all(condition(ask) for condition in conditions)


def _asked(ask: Ask, reply: Reply, when: When) -> bool:
    return ask.operation in OPERATIONS and reply.status == 200 and when(ask)


def on_series(when: When = always) -> Callable[[Callable[[list[Body]], Iterable[Any]]], Spoil]:
    """Makes a fault of a function from the objects of an answer (one, when it is whole) to other objects."""

    def wrap(rewrite: Callable[[list[Body]], Iterable[Any]]) -> Spoil:
        def spoil(ask: Ask, reply: Reply) -> Reply:
            if not _asked(ask, reply, when):
                return reply
            if reply.is_stream:
                made = [framed(one) for one in rewrite([json.loads(data) for _, data in reply.events])]
                return reply.with_pieces(timed(made, [at for at, _ in reply.events]), reply.end)
            value = reply.json
            if isinstance(value, list):
                return reply.with_json(list(rewrite(value)))
            return reply.with_json(next(iter(rewrite([value]))))

        return spoil

    return wrap


def on_objects(when: When = always) -> Callable[[Change], Spoil]:
    """Makes a fault of a function that changes one object in place."""

    def wrap(change: Change) -> Spoil:
        def rewrite(values: list[Body]) -> list[Body]:
            for value in values:
                change(value)
            return values

        return on_series(when)(rewrite)

    return wrap


def on_candidates(when: When = always) -> Callable[[Change], Spoil]:
    """Makes a fault of a function that changes one candidate in place."""
    return lambda change: on_objects(when)(lambda value: [change(one) for one in value["candidates"]])


def on_parts(when: When = always) -> Callable[[Change], Spoil]:
    """Makes a fault of a function that changes one part in place."""
    return lambda change: on_candidates(when)(lambda one: [change(part) for part in one["content"]["parts"]])


def on_usage(when: When = always) -> Callable[[Change], Spoil]:
    """Makes a fault of a function that changes the counts in place."""
    return lambda change: on_objects(when)(lambda value: change(value["usageMetadata"]))


def on_lines(when: When = always) -> Callable[[Callable[[list[bytes]], Iterable[bytes]]], Spoil]:
    """Makes a fault of a function from the events of a stream, as bytes with their blank lines, to other bytes."""

    def wrap(rewrite: Callable[[list[bytes]], Iterable[bytes]]) -> Spoil:
        def spoil(ask: Ask, reply: Reply) -> Reply:
            if not _asked(ask, reply, when) or not reply.is_stream:
                return reply
            times = [at for at, _ in reply.blocks]
            return reply.with_pieces(timed(list(rewrite([block for _, block in reply.blocks])), times), reply.end)

        return spoil

    return wrap


def framed(value: Any) -> bytes:
    """One event, the line ends of other scripts escaped as the clean hub does it."""
    text = event_bytes(value).decode("utf-8", "surrogatepass")
    return FALSE_ENDS.sub(lambda found: f"\\u{ord(found[0]):04x}", text).encode("utf-8", "surrogatepass")


def refuses(when: When, status: int = 400) -> Spoil:
    """A fault that refuses what the hub has to serve."""

    def spoil(ask: Ask, reply: Reply) -> Reply:
        if not _asked(ask, reply, when):
            return reply
        word = "NOT_FOUND" if status == 404 else "INVALID_ARGUMENT"
        error = {"code": status, "message": "This cannot be served.", "status": word}
        return reply.with_header("content-type", "application/json").with_status(status).with_json({"error": error})

    return spoil


def serves(wrong: When) -> Spoil:
    """A fault that answers what the hub has to refuse."""

    def spoil(ask: Ask, reply: Reply) -> Reply:
        if ask.operation not in OPERATIONS or reply.status != 400 or ask.json is None or not wrong(ask):
            return reply
        return reply.with_status(200).with_json(_greeting())

    return spoil


def _greeting() -> Body:
    candidate = {"content": {"role": "model", "parts": [{"text": "Hello"}]}, "index": 0, "finishReason": "STOP"}
    return {"candidates": [candidate], "usageMetadata": counts(4, 1)}


def counts(prompt: int, answered: int) -> Body:
    """Token counts that add up."""
    return {"promptTokenCount": prompt, "candidatesTokenCount": answered, "totalTokenCount": prompt + answered}


def recount(usage: Body, prompt: int | None = None, answered: int | None = None) -> None:
    """Other counts with a total that fits and no details."""
    new = counts(
        usage["promptTokenCount"] if prompt is None else prompt,
        usage["candidatesTokenCount"] if answered is None else answered,
    )
    thoughts = usage.get("thoughtsTokenCount")
    if thoughts:
        new |= {"thoughtsTokenCount": thoughts, "totalTokenCount": new["totalTokenCount"] + thoughts}
    usage.clear()
    usage.update(new)


def texts(value: Body) -> list[Body]:
    """The parts of an object that hold text."""
    return [part for one in value["candidates"] for part in one["content"]["parts"] if "text" in part]


def calls(value: Body) -> list[Body]:
    """The function calls of an object."""
    parts = [part for one in value["candidates"] for part in one["content"]["parts"]]
    return [part["functionCall"] for part in parts if "functionCall" in part]


def set_parts(value: Body, *parts: Body) -> None:
    for one in value["candidates"]:
        one["content"]["parts"] = [copy.deepcopy(part) for part in parts]


def set_text(text: str) -> Change:
    """A change that makes one text of the whole content."""
    return lambda value: set_parts(value, {"text": text})


def snake(name: str) -> str:
    return re.sub(r"([A-Z])", lambda found: f"_{found[1].lower()}", name)


def rename(holder: Body, name: str, other: str) -> None:
    if name in holder:
        holder[other] = holder.pop(name)


# Paths and requests --------------------------------------------------------------------------------------------------

fault(
    "gemini.route.no-v1",
    "The paths below /v1 do not exist.",
    "gemini.route.v1",
    source="google-genai for Python 3.x asks below /v1",
)(refuses(below("/v1/"), 404))
fault(
    "gemini.route.no-v1-generate",
    "Only the stream exists below /v1.",
    "gemini.route.v1",
    source="google-genai for Python 3.x asks below /v1",
)(refuses(both(below("/v1/"), whole), 404))
fault(
    "gemini.request.no-top-k",
    "topK is refused, because the upstream has no such setting.",
    "gemini.request.settings",
    source="hub documents: Gemini, generationConfig",
)(refuses(configured("topK")))
fault(
    "gemini.request.no-safety-settings",
    "safetySettings are refused.",
    "gemini.request.settings",
    source="hub documents: Gemini, safetySettings",
)(refuses(has("safetySettings")))


def _as_without_instruction(value: Body) -> None:
    set_text("What is new? Nothing.")(value)
    recount(value["usageMetadata"], prompt=7)


fault(
    "gemini.request.system-dropped",
    "systemInstruction does not reach the model.",
    "gemini.request.system",
    source="Gemini API reference, generateContent: systemInstruction",
    also={"gemini.stream.increments": "each object repeats the same text"},
)(on_objects(both(has("systemInstruction"), lambda ask: not in_scripts(ask)))(_as_without_instruction))
fault(
    "gemini.request.snake-case-dropped",
    "system_instruction is taken for an unknown field and ignored.",
    "gemini.request.snake-case",
    source="ProtoJSON: both spellings of a name are read",
)(on_objects(has("system_instruction"))(_as_without_instruction))
fault(
    "gemini.request.picture-dropped",
    "A picture is left out of the prompt.",
    "gemini.request.picture-counted",
    source="Gemini API documentation, tokens of pictures",
)(on_usage(parts_with("inlineData"))(lambda usage: recount(usage, prompt=8)))


@fault(
    "gemini.request.alt-ignored",
    "generateContent ignores alt=sse.",
    "gemini.request.alt-sse",
    source="Google APIs, system parameters: alt",
)
def alt_ignored(ask: Ask, reply: Reply) -> Reply:
    if not _asked(ask, reply, both(by_events, lambda one: one.operation == GENERATE)):
        return reply
    values = [json.loads(data) for _, data in reply.events]
    answer = values[-1]
    set_text("".join(part["text"] for value in values for part in texts(value)))(answer)
    return reply.with_header("content-type", "application/json").with_json(answer)


# Limits --------------------------------------------------------------------------------------------------------------


def capped(ask: Ask) -> bool:
    return config_of(ask).get("maxOutputTokens") == 16 and "temperature" not in config_of(ask)


@fault(
    "gemini.limit.not-kept",
    "maxOutputTokens is ignored.",
    "gemini.limit.tokens",
    source="Gemini API reference, generateContent: maxOutputTokens",
)
@on_objects(both(capped, whole))
def limit_not_kept(value: Body) -> None:
    set_text(", ".join(map(str, range(1, 60))))(value)
    recount(value["usageMetadata"], answered=118)
    for one in value["candidates"]:
        one["finishReason"] = "STOP"


@fault(
    "gemini.limit.not-kept-in-streams",
    "maxOutputTokens is ignored in streams, where the counts say otherwise.",
    "gemini.limit.tokens",
    source="Gemini API reference, generateContent: maxOutputTokens",
)
@on_series(both(capped, by_events))
def limit_not_kept_in_streams(values: list[Body]) -> list[Body]:
    texts(values[-1])[0]["text"] += ", " + ", ".join(map(str, range(30, 60)))
    return values


@fault(
    "gemini.limit.stop-instead",
    "A cut answer ends with STOP.",
    "gemini.limit.finish",
    source="Gemini API reference, generateContent: FinishReason",
)
@on_candidates(both(capped, whole))
def stop_instead(candidate: Body) -> None:
    candidate["finishReason"] = "STOP"


@fault(
    "gemini.limit.other-in-streams",
    "A cut stream ends with OTHER.",
    "gemini.limit.finish",
    source="Gemini API reference, generateContent: FinishReason",
)
@on_candidates(both(capped, by_events))
def other_in_streams(candidate: Body) -> None:
    if "finishReason" in candidate:
        candidate["finishReason"] = "OTHER"


def _with_tail(tail: str) -> Callable[[list[Body]], list[Body]]:
    def rewrite(values: list[Body]) -> list[Body]:
        texts(values[-1])[-1]["text"] += tail
        return values

    return rewrite


stopping = both(by_events, configured("stopSequences"))
fault(
    "gemini.stop.kept",
    "The stop sequence is part of the text.",
    "gemini.stop.not-in-text",
    source="Gemini API reference, generateContent: stopSequences",
)(on_series(stopping)(_with_tail("zebra, over")))
fault(
    "gemini.stop.half-kept",
    "The first token of a stop sequence has been sent before the rest was seen.",
    "gemini.stop.no-part-of-it",
    source="Gemini API reference, generateContent: stopSequences",
)(on_series(stopping)(_with_tail("zebra,")))


@fault(
    "gemini.stop.other-reason",
    "A text that a stop sequence ended has the finishReason OTHER.",
    "gemini.stop.finish",
    also={"gemini.stream.same-answer": "the whole answer ends with STOP"},
    source="Gemini API reference, generateContent: FinishReason",
)
@on_candidates(stopping)
def stop_other_reason(candidate: Body) -> None:
    if "finishReason" in candidate:
        candidate["finishReason"] = "OTHER"


@fault(
    "gemini.candidates.one",
    "candidateCount is ignored.",
    "gemini.candidates.count",
    source="Gemini API reference, generateContent: candidateCount",
)
@on_objects(configured("candidateCount"))
def one_candidate(value: Body) -> None:
    del value["candidates"][1:]


@fault(
    "gemini.candidates.all-zero",
    "All candidates have the index 0.",
    "gemini.candidates.indexes",
    source="Gemini API reference, generateContent: Candidate.index",
)
@on_candidates(configured("candidateCount"))
def all_zero(candidate: Body) -> None:
    candidate["index"] = 0


@fault(
    "gemini.candidates.from-one",
    "Candidates of streams are numbered from 1.",
    "gemini.candidates.indexes",
    source="Gemini API reference, generateContent: Candidate.index",
)
@on_candidates(in_series)
def from_one(candidate: Body) -> None:
    candidate["index"] += 1


# Answers -------------------------------------------------------------------------------------------------------------


@fault(
    "gemini.answer.openai-shape",
    "A converter forgets the way back and sends the message of another format.",
    "gemini.answer.candidates",
    "gemini.answer.parts",
    source="Gemini API reference, generateContent: Candidate.content",
    also={"gemini.answer.says-something": "the text is not where it belongs"},
)
@on_candidates(both(whole, plain))
def openai_shape(candidate: Body) -> None:
    candidate["content"] = candidate["content"]["parts"][0]["text"]


@fault(
    "gemini.answer.no-candidates",
    "The list of candidates is empty where an instruction in snake_case was given.",
    "gemini.answer.candidates",
    source="Gemini API reference, generateContent: candidates",
)
@on_objects(both(whole, has("system_instruction")))
def no_candidates(value: Body) -> None:
    value["candidates"] = []


@fault(
    "gemini.answer.role-assistant",
    "The role is assistant.",
    "gemini.answer.role",
    source="Gemini API reference, Content.role",
)
@on_candidates(whole)
def role_assistant(candidate: Body) -> None:
    candidate["content"]["role"] = "assistant"


@fault(
    "gemini.answer.no-role-in-streams",
    "Only the first object of a stream has a role.",
    "gemini.answer.role",
    source="google-genai for Python: a chat keeps each content as it is",
)
@on_series(by_events)
def no_role_in_streams(values: list[Body]) -> list[Body]:
    for value in values[1:]:
        for one in value["candidates"]:
            one["content"].pop("role")
    return values


@fault(
    "gemini.answer.no-parts",
    "A finished candidate has no parts.",
    "gemini.answer.parts",
    source="google-genai for Python: text is None without parts",
)
@on_candidates(both(whole, configured("topK")))
def no_parts(candidate: Body) -> None:
    candidate["content"].pop("parts")


@fault(
    "gemini.answer.text-beside-call",
    "A part with a call holds an empty text, too.",
    "gemini.answer.part-data",
    source="Gemini API reference, Content: Part.data is a union",
)
@on_parts(has("tools"))
def text_beside_call(part: Body) -> None:
    if "functionCall" in part:
        part["text"] = ""


@fault(
    "gemini.answer.no-finish-reason",
    "A whole answer has no finishReason.",
    "gemini.answer.finish-present",
    source="Gemini API reference, generateContent: Candidate.finishReason",
)
@on_candidates(both(whole, plain))
def no_finish_reason(candidate: Body) -> None:
    candidate.pop("finishReason", None)


@fault(
    "gemini.answer.finish-in-lower-case",
    "The finishReason is that of another format: stop, length.",
    "gemini.answer.finish-reason",
    source="google-genai for Python passes length on as an unknown value",
    also={
        "gemini.limit.finish": "MAX_TOKENS is not told",
        "gemini.stop.finish": "STOP is not told",
        "gemini.tools.finish": "STOP is not told",
    },
)
@on_candidates()
def finish_in_lower_case(candidate: Body) -> None:
    words = {"STOP": "stop", "MAX_TOKENS": "length"}
    if "finishReason" in candidate:
        candidate["finishReason"] = words[candidate["finishReason"]]


@fault(
    "gemini.answer.finish-tool-calls",
    "A candidate with a call ends with TOOL_CALLS.",
    "gemini.answer.finish-reason",
    "gemini.tools.finish",
    source="Gemini API reference, generateContent: FinishReason",
)
@on_objects(has("tools"))
def finish_tool_calls(value: Body) -> None:
    for one in value["candidates"]:
        if "finishReason" in one and any("functionCall" in part for part in one["content"]["parts"]):
            one["finishReason"] = "TOOL_CALLS"


@fault(
    "gemini.answer.usage-in-snake-case",
    "The counts stand under usage_metadata.",
    "gemini.answer.camel-case",
    source="maximhq/bifrost#3194",
)
@on_objects(both(whole, plain))
def usage_in_snake_case(value: Body) -> None:
    rename(value, "usageMetadata", "usage_metadata")
    value["usage_metadata"] = {snake(name): count for name, count in value["usage_metadata"].items()}


@fault(
    "gemini.answer.finish-in-snake-case",
    "In streams the finishReason is called finish_reason.",
    "gemini.answer.camel-case",
    source="google-genai for Python and JavaScript drop the name without a word",
    also={"transport.stream.terminal": "no finishReason is seen"},
)
@on_candidates(in_series)
def finish_in_snake_case(candidate: Body) -> None:
    rename(candidate, "finishReason", "finish_reason")


@fault(
    "gemini.answer.counts-in-snake-case",
    "The modality counts have names in snake_case.",
    "gemini.answer.camel-case",
    source="maximhq/bifrost#3194",
)
@on_usage(has("systemInstruction"))
def counts_in_snake_case(usage: Body) -> None:
    rename(usage, "promptTokensDetails", "prompt_tokens_details")


@fault(
    "gemini.answer.version-number",
    "modelVersion is a number.",
    "gemini.answer.other-fields",
    source="Gemini API reference, generateContent: modelVersion",
)
@on_objects(whole)
def version_number(value: Body) -> None:
    value["modelVersion"] = 2.0


@fault(
    "gemini.answer.says-nothing",
    "A finished answer of two candidates has empty texts.",
    "gemini.answer.says-something",
    source="logic: the model stopped by itself",
)
@on_parts(configured("candidateCount"))
def says_nothing(part: Body) -> None:
    part["text"] = ""


@fault(
    "gemini.answer.other-model",
    "Another model answers streams.",
    "gemini.answer.model-version",
    source="Gemini API reference, generateContent: modelVersion",
)
@on_objects(by_events)
def other_model(value: Body) -> None:
    value["modelVersion"] = "tiny-model-1"


@fault(
    "gemini.answer.one-response-id",
    "All answers have the same responseId.",
    "gemini.answer.response-id",
    source="Gemini API reference, generateContent: responseId",
)
@on_objects()
def one_response_id(value: Body) -> None:
    value["responseId"] = "resp-1"


@fault(
    "gemini.answer.ratings-twice",
    "A category is rated twice.",
    "gemini.answer.safety-ratings",
    source="Gemini API reference, SafetyRating",
)
@on_candidates(both(whole, plain))
def ratings_twice(candidate: Body) -> None:
    candidate["safetyRatings"] *= 2


@fault(
    "gemini.answer.ratings-as-numbers",
    "The probability of a rating is a number in text.",
    "gemini.answer.safety-ratings",
    source="Gemini API reference, SafetyRating",
)
@on_candidates()
def ratings_as_numbers(candidate: Body) -> None:
    for rating in candidate.get("safetyRatings", ()):
        rating["probability"] = "0.01"


# Token counts --------------------------------------------------------------------------------------------------------


@fault(
    "gemini.usage.none",
    "A whole answer has no counts.",
    "gemini.usage.present",
    source="hub documents: Gemini, GeminiResponse",
)
@on_objects(both(whole, plain))
def no_usage(value: Body) -> None:
    value.pop("usageMetadata")


@fault(
    "gemini.usage.none-in-streams",
    "Streams have no counts.",
    "gemini.usage.present",
    source="Gemini API documentation, streaming",
)
@on_objects(both(by_events, plain))
def no_usage_in_streams(value: Body) -> None:
    value.pop("usageMetadata")


@fault(
    "gemini.usage.fraction",
    "The counts are fractions.",
    "gemini.usage.shape",
    source="google-genai for Python raises on a fractional count",
)
@on_usage(both(whole, parts_with("inlineData")))
def fraction(usage: Body) -> None:
    usage.update(
        {"promptTokenCount": usage["promptTokenCount"] + 0.5, "totalTokenCount": usage["totalTokenCount"] + 0.5}
    )


@fault(
    "gemini.usage.no-total",
    "The counts have no total.",
    "gemini.usage.shape",
    source="hub documents: Gemini, GeminiResponse",
)
@on_usage(both(by_events, plain))
def no_total(usage: Body) -> None:
    usage.pop("totalTokenCount")


@fault(
    "gemini.usage.wrong-total",
    "The total leaves the prompt out.",
    "gemini.usage.total",
    source="logic: a total is the sum of its parts",
)
@on_usage()
def wrong_total(usage: Body) -> None:
    usage["totalTokenCount"] -= usage["promptTokenCount"]


@fault(
    "gemini.usage.total-without-thoughts",
    "The total leaves the thoughts out.",
    "gemini.usage.total",
    source="google-genai for Python: GenerateContentResponseUsageMetadata.total_token_count",
)
@on_usage(configured("thinkingConfig"))
def total_without_thoughts(usage: Body) -> None:
    usage["totalTokenCount"] -= usage.get("thoughtsTokenCount", 0)


@fault(
    "gemini.usage.details-too-small",
    "The modality counts leave the picture out.",
    "gemini.usage.details",
    source="Gemini API reference, generateContent: ModalityTokenCount",
)
@on_usage(parts_with("inlineData"))
def details_too_small(usage: Body) -> None:
    usage["promptTokensDetails"] = usage["promptTokensDetails"][:1]


@fault(
    "gemini.usage.free-prompt",
    "Prompts with functions cost nothing.",
    "gemini.usage.prompt-positive",
    source="logic: no prompt is empty",
)
@on_usage(has("tools"))
def free_prompt(usage: Body) -> None:
    recount(usage, prompt=0)


@fault(
    "gemini.usage.free-answer",
    "Streams do not count the answer.",
    "gemini.usage.answer-positive",
    source="logic: a text has tokens",
    also={
        "gemini.stream.same-usage": "the other mode counts",
    },
)
@on_usage(by_events)
def free_answer(usage: Body) -> None:
    if "thoughtsTokenCount" not in usage:
        recount(usage, answered=0)


@fault(
    "gemini.usage.calls-uncounted",
    "An answer with a call has no count of its own.",
    "gemini.usage.answer-positive",
    source="logic: a call has tokens",
)
@on_usage(both(whole, mode("ANY")))
def calls_uncounted(usage: Body) -> None:
    recount(usage, answered=0)
    usage.pop("candidatesTokenCount")


@fault(
    "gemini.usage.other-tokeniser",
    "countTokens counts with another tokeniser.",
    "gemini.usage.count-tokens",
    source="Gemini API reference, countTokens",
)
def other_tokeniser(ask: Ask, reply: Reply) -> Reply:
    if ask.operation != "countTokens" or reply.status != 200:
        return reply
    return reply.with_json({"totalTokens": reply.json["totalTokens"] * 2})


# Text and thoughts ---------------------------------------------------------------------------------------------------


def _garbled(text: str) -> str:
    return text.encode().decode("latin-1")


@fault(
    "gemini.text.garbled",
    "UTF-8 is read as Latin-1 on the way.",
    "gemini.text.unicode",
    source="RFC 3629",
)
@on_parts(both(whole, in_scripts))
def garbled(part: Body) -> None:
    part["text"] = _garbled(part["text"])


@fault(
    "gemini.text.astral-lost",
    "Characters beyond the basic plane are replaced in streams.",
    "gemini.text.unicode",
    source="RFC 8259 8.2",
)
@on_parts(both(by_events, in_scripts))
def astral_lost(part: Body) -> None:
    part["text"] = re.sub("[\U00010000-\U0010ffff]", "\ufffd", part["text"])


as_json = configured("responseMimeType")
fault(
    "gemini.json.fenced",
    "The JSON stands in a fence of Markdown.",
    "gemini.json.parses",
    source="google-genai for Python: parsed is None when it does not parse",
)(on_parts(as_json)(lambda part: part.update(text=f"```json\n{part['text']}\n```")))
fault(
    "gemini.json.prose",
    "responseMimeType is ignored.",
    "gemini.json.parses",
    source="Gemini API reference, generateContent: responseMimeType",
)(on_objects(as_json)(set_text("I decide for the first one.")))
fault(
    "gemini.json.schema-ignored",
    "The schema is ignored: any object is sent.",
    "gemini.json.fits",
    source="Gemini API reference, generateContent: responseSchema",
)(on_objects(as_json)(set_text('{"answer": "kx-41"}')))
fault(
    "gemini.json.enum-ignored",
    "A value is none of the enumeration.",
    "gemini.json.fits",
    source="Gemini API reference, generateContent: responseSchema",
)(on_objects(as_json)(set_text('{"verdict": "kx-43", "sure": true}')))


thinking = configured("thinkingConfig")


@fault(
    "gemini.thoughts.flag-as-text",
    "The flag of a thought is text.",
    "gemini.thoughts.shape",
    source="Gemini API reference, Content: Part.thought",
)
@on_parts(thinking)
def flag_as_text(part: Body) -> None:
    if "thought" in part:
        part["thought"] = "true"


@fault(
    "gemini.thoughts.in-marks",
    "Thoughts stand between marks in the text.",
    "gemini.thoughts.apart",
    source="google-genai for Python: text leaves flagged parts out",
)
@on_series(thinking)
def in_marks(values: list[Body]) -> list[Body]:
    parts = [part for value in values for part in texts(value)]
    thoughts = [part for part in parts if part.pop("thought", None)]
    thoughts[0]["text"] = "<think>" + thoughts[0]["text"]
    thoughts[-1]["text"] += "</think>"
    return values


@fault(
    "gemini.thoughts.shown-unasked",
    "Thoughts are shown although nobody asked.",
    "gemini.thoughts.unasked",
    source="Gemini API documentation, thinking",
)
@on_candidates(both(whole, plain))
def shown_unasked(candidate: Body) -> None:
    candidate["content"]["parts"].insert(0, {"text": "Let me see.", "thought": True})


@fault(
    "gemini.thoughts.uncounted",
    "Thoughts are not counted.",
    "gemini.thoughts.counted",
    source="Gemini API reference, generateContent: thoughtsTokenCount",
)
@on_usage(thinking)
def thoughts_uncounted(usage: Body) -> None:
    usage["totalTokenCount"] -= usage.pop("thoughtsTokenCount", 0)


@fault(
    "gemini.thoughts.signature-cut",
    "A signature is cut.",
    "gemini.thoughts.signature-base64",
    source="Gemini API reference, Content: Part.thoughtSignature",
)
@on_parts(thinking)
def signature_cut(part: Body) -> None:
    if "thoughtSignature" in part:
        part["thoughtSignature"] = part["thoughtSignature"][:21]


@fault(
    "gemini.thoughts.signature-in-call",
    "The signature stands inside the functionCall.",
    "gemini.thoughts.signature-place",
    source="farion1231/cc-switch#7143",
)
@on_objects(mode("ANY"))
def signature_in_call(value: Body) -> None:
    for call in calls(value):
        call["thoughtSignature"] = base64.b64encode(b"thoughts").decode()


# Function calls ------------------------------------------------------------------------------------------------------


@fault(
    "gemini.tools.args-as-text",
    "The args of a call are text.",
    "gemini.tools.call-shape",
    source="google-genai for Python raises on args as text",
)
@on_objects(both(whole, has("tools")))
def args_as_text(value: Body) -> None:
    for call in calls(value):
        call["args"] = json.dumps(call["args"])


@fault(
    "gemini.tools.empty-args-as-text",
    "In streams the args of a function without parameters are an empty text.",
    "gemini.tools.call-shape",
    source="google-genai for Python raises on args as text",
)
@on_objects(by_events)
def empty_args_as_text(value: Body) -> None:
    for call in calls(value):
        call["args"] = call["args"] or ""


@fault(
    "gemini.tools.no-name",
    "A call has no name.",
    "gemini.tools.call-shape",
    source="Gemini API reference, FunctionCall",
)
@on_objects(both(by_events, has("tools")))
def no_name(value: Body) -> None:
    for call in calls(value):
        call.pop("name")


@fault(
    "gemini.tools.args-renamed",
    "An argument has another name.",
    "gemini.tools.args-fit",
    source="Gemini API documentation, function calling",
)
@on_objects(mode("ANY"))
def args_renamed(value: Body) -> None:
    for call in calls(value):
        call["args"] = {f"{name}_": entry for name, entry in call["args"].items()}


@fault(
    "gemini.tools.prefixed-name",
    "The name of a function keeps the prefix that it had for the upstream.",
    "gemini.tools.declared-name",
    source="Gemini API documentation, function calling",
)
@on_objects(by_events)
def prefixed_name(value: Body) -> None:
    for call in calls(value):
        call["name"] = f"proxy_{call['name']}"


fault(
    "gemini.tools.any-ignored",
    "The mode ANY is ignored: the model talks.",
    "gemini.tools.any",
    source="Gemini API documentation, function calling: mode ANY",
)(on_objects(mode("ANY"))(set_text("I would like to help you with the weather.")))


@fault(
    "gemini.tools.allowed-ignored",
    "allowedFunctionNames are ignored.",
    "gemini.tools.allowed",
    source="Gemini API documentation, function calling: allowedFunctionNames",
)
@on_objects(mode("ANY"))
def allowed_ignored(value: Body) -> None:
    for call in calls(value):
        call.update(name="get_weather", args={"city": "Paris", "unit": "celsius"})


WEATHER_CALL = {"functionCall": {"name": "get_weather", "args": {"city": "Paris", "unit": "celsius"}}}
fault(
    "gemini.tools.none-ignored",
    "The mode NONE is ignored.",
    "gemini.tools.none",
    source="Gemini API documentation, function calling: mode NONE",
)(on_objects(mode("NONE"))(lambda value: set_parts(value, WEATHER_CALL)))


@fault(
    "gemini.tools.finish-other",
    "A candidate with a call ends with OTHER.",
    "gemini.tools.finish",
    source="Gemini API reference, generateContent: FinishReason",
)
@on_objects(both(by_events, has("tools")))
def finish_other(value: Body) -> None:
    for one in value["candidates"]:
        if "finishReason" in one:
            one["finishReason"] = "OTHER"


fault(
    "gemini.tools.history-refused",
    "A history with a functionCall is refused.",
    "gemini.tools.round-trip",
    source="lbjlaq/Antigravity-Manager#3202",
)(refuses(parts_with("functionResponse")))
fault(
    "gemini.tools.history-dropped",
    "Calls and results are left out of the history.",
    "gemini.tools.history-counted",
    source="logic: the history has grown",
)(on_usage(parts_with("functionResponse"))(lambda usage: recount(usage, prompt=12)))


# Streams -------------------------------------------------------------------------------------------------------------


@fault(
    "gemini.stream.text-alone",
    "The events of an echo hold the texts alone.",
    "gemini.stream.objects",
    source="google-genai for Python: _api_client parses each data line",
    also={
        "gemini.answer.candidates": "there is no candidate",
        "gemini.stream.not-empty": "nothing is said in the format",
        "gemini.usage.present": "there are no counts",
        "gemini.stream.same-answer": "there is no candidate",
        "transport.stream.terminal": "there is no finishReason",
    },
)
@on_series(both(by_events, in_scripts))
def text_alone(values: list[Body]) -> Iterator[Body]:
    for value in values:
        yield {"text": texts(value)[0]["text"]}


@fault(
    "gemini.stream.empty",
    "A failed upstream gives an empty stream with status 200.",
    "gemini.stream.not-empty",
    "gemini.stream.objects",
    source="snailyp/gemini-balance#347",
    also={"transport.stream.asked-and-given": "nothing was sent", "transport.stream.terminal": "nothing was sent"},
)
@on_series(both(by_events, capped))
def empty_stream(_values: list[Body]) -> list[Body]:
    return []


@fault(
    "gemini.stream.comment",
    "A comment opens the stream.",
    "gemini.stream.plain-lines",
    source="google-genai for Python raises on comment lines",
    also={"transport.stream.no-comments": "it is a comment"},
)
@on_lines()
def comment(blocks: list[bytes]) -> list[bytes]:
    return [b": ok\n\n", *blocks]


@fault(
    "gemini.stream.ping",
    "A comment between the events keeps the connection open.",
    "gemini.stream.plain-lines",
    source="google-genai for Python raises on comment lines",
    also={"transport.stream.no-comments": "it is a comment"},
)
@on_lines(in_scripts)
def ping(blocks: list[bytes]) -> list[bytes]:
    return [*blocks[:2], b": PING\n\n", *blocks[2:]]


@fault(
    "gemini.stream.named",
    "The last event has a name.",
    "gemini.stream.plain-lines",
    source="google-genai for JavaScript loses events with an event line",
)
@on_lines()
def named(blocks: list[bytes]) -> list[bytes]:
    return [*blocks[:-1], b"event: done\n" + blocks[-1]]


@fault(
    "gemini.stream.with-ids",
    "Events have ids.",
    "gemini.stream.plain-lines",
    source="google-genai for Python raises on id lines",
    also={"transport.stream.no-ids": "they are ids"},
)
@on_lines()
def with_ids(blocks: list[bytes]) -> list[bytes]:
    return [b"id: %d\n" % number + block for number, block in enumerate(blocks)]


@fault(
    "gemini.stream.no-space",
    "No space stands behind the colon.",
    "gemini.stream.plain-lines",
    source="google-genai for Python raises on a missing space",
    also={"transport.stream.space-after-colon": "there is none"},
)
@on_lines()
def no_space(blocks: list[bytes]) -> list[bytes]:
    return [block.replace(b"data: ", b"data:", 1) for block in blocks]


@fault(
    "gemini.stream.pretty",
    "The JSON of an event stands on several lines.",
    "gemini.stream.one-line",
    source="google-genai for JavaScript fails on several data lines",
)
@on_lines()
def pretty(blocks: list[bytes]) -> list[bytes]:
    return [block.replace(b',"usageMetadata"', b',\ndata: "usageMetadata"') for block in blocks]


@fault(
    "gemini.stream.raw-line-ends",
    "U+2028 and its kin stand unescaped in the events.",
    "gemini.stream.line-ends-escaped",
    source="google-genai for Python 1.x splits lines there and raises",
)
@on_lines()
def raw_line_ends(blocks: list[bytes]) -> list[bytes]:
    return [ESCAPED.sub(lambda found: chr(int(found[1], 16)), block.decode()).encode() for block in blocks]


@fault(
    "gemini.stream.done",
    "[DONE] ends the stream.",
    "gemini.stream.no-done",
    source="google-genai for Python and JavaScript raise on it",
)
@on_series(by_events)
def done(values: list[Body]) -> list[Any]:
    return [*values, "[DONE]"]


def _snapshots(values: list[Body]) -> list[Body]:
    said = ""
    for value in values:
        for part in texts(value):
            if not part.get("thought"):
                said += part["text"]
                part["text"] = said
    return values


long_texts = both(by_events, in_scripts)
fault(
    "gemini.stream.snapshots",
    "Each object repeats the whole text so far.",
    "gemini.stream.increments",
    source="Gemini API documentation, streaming",
)(on_series(long_texts)(_snapshots))


@fault(
    "gemini.stream.whole-text-last",
    "The last object repeats the whole text.",
    "gemini.stream.increments",
    source="Gemini API documentation, streaming",
)
@on_series(long_texts)
def whole_text_last(values: list[Body]) -> list[Body]:
    said = "".join(part["text"] for value in values for part in texts(value))
    last = copy.deepcopy(values[-1])
    for one in values[-1]["candidates"]:
        one.pop("finishReason")
    texts(last)[0]["text"] = said
    return [*values, last]


@fault(
    "gemini.stream.no-finish",
    "A stream ends without a finishReason.",
    "gemini.stream.finish-given",
    source="Gemini API documentation, streaming",
    also={"transport.stream.terminal": "there is no finishReason"},
)
@on_candidates(by_events)
def no_finish(candidate: Body) -> None:
    candidate.pop("finishReason", None)


@fault(
    "gemini.stream.no-finish-in-array",
    "An array ends without a finishReason.",
    "gemini.stream.finish-given",
    source="Gemini API documentation, streaming",
)
@on_candidates(by_array)
def no_finish_in_array(candidate: Body) -> None:
    candidate.pop("finishReason", None)


@fault(
    "gemini.stream.finish-everywhere",
    "Every object of a stream has the finishReason.",
    "gemini.stream.finish-last",
    source="google-genai for Python: types.Candidate.finish_reason",
)
@on_series(both(by_events, capped))
def finish_everywhere(values: list[Body]) -> list[Body]:
    last = values[-1]["candidates"][0]["finishReason"]
    for value in values:
        for one in value["candidates"]:
            one["finishReason"] = last
    return values


@fault(
    "gemini.stream.finish-before-text",
    "The finishReason comes before the last text.",
    "gemini.stream.finish-last",
    source="google-genai for Python: types.Candidate.finish_reason",
)
@on_series(both(by_events, capped))
def finish_before_text(values: list[Body]) -> list[Body]:
    reason = values[-1]["candidates"][0].pop("finishReason")
    values[-2]["candidates"][0]["finishReason"] = reason
    return values


@fault(
    "gemini.stream.usage-first",
    "Only the first object has counts.",
    "gemini.stream.usage-last",
    source="Gemini API documentation, streaming",
)
@on_series(in_series)
def usage_first(values: list[Body]) -> list[Body]:
    if len(values) > 1:
        values[0]["usageMetadata"] = values[-1]["usageMetadata"]
    for value in values[1:]:
        value.pop("usageMetadata")
    return values


@fault(
    "gemini.stream.counts-fall",
    "The counts of the last object are those of its own text.",
    "gemini.stream.counts-grow",
    source="logic: the counts of a stream are running totals",
    also={"gemini.stream.same-usage": "the last counts are not the final ones"},
)
@on_series(long_texts)
def counts_fall(values: list[Body]) -> list[Body]:
    recount(values[-1]["usageMetadata"], answered=1)
    return values


@fault(
    "gemini.stream.ids-change",
    "Every object has a responseId of its own.",
    "gemini.stream.same-id",
    source="Gemini API reference, generateContent: responseId",
)
@on_series(in_series)
def ids_change(values: list[Body]) -> list[Body]:
    for number, value in enumerate(values):
        value["responseId"] += f"-{number}"
    return values


@fault(
    "gemini.stream.call-in-pieces",
    "A call arrives in pieces.",
    "gemini.stream.call-whole",
    source="google-genai for Python: types.FunctionCall, partialArgs",
    also={"gemini.tools.args-fit": "no piece has all arguments"},
)
@on_objects(both(by_events, has("tools")))
def call_in_pieces(value: Body) -> None:
    for call in calls(value):
        args = call.pop("args")
        call["partialArgs"] = [{"jsonPath": f"$.{name}", "stringValue": entry} for name, entry in args.items()]
        call["willContinue"] = bool(args)


@fault(
    "gemini.stream.one-object",
    "Without alt=sse a stream is one response object.",
    "gemini.stream.array",
    source="ankit373/hydra#855",
)
def one_object(ask: Ask, reply: Reply) -> Reply:
    if not _asked(ask, reply, by_array):
        return reply
    values = reply.json
    answer = values[-1]
    set_text("".join(part["text"] for value in values for part in texts(value)))(answer)
    return reply.with_json(answer)


@fault(
    "gemini.stream.events-without-alt",
    "Without alt=sse a stream comes as events.",
    "gemini.stream.array",
    source="ankit373/hydra#855",
    also={"transport.stream.only-when-asked": "nobody asked for events"},
)
def events_without_alt(ask: Ask, reply: Reply) -> Reply:
    if not _asked(ask, reply, by_array):
        return reply
    events = [(reply.end, event_bytes(value)) for value in reply.json]
    return reply.with_header("content-type", "text/event-stream").with_pieces(events, reply.end)


@fault(
    "gemini.stream.refused-in-stream",
    "A refusal comes as an event with status 200.",
    "gemini.stream.refused-at-once",
    also={"gemini.refusal.contents-missing": "the status is 200"},
    source="snailyp/gemini-balance#347",
)
def refused_in_stream(ask: Ask, reply: Reply) -> Reply:
    if ask.operation != STREAM or reply.status != 400 or not by_events(ask) or not reply.is_json:
        return reply
    spoiled = reply.with_status(200).with_header("content-type", "text/event-stream")
    labelled = spoiled.with_header("cache-control", "no-cache").with_header("x-accel-buffering", "no")
    return labelled.with_body(event_bytes(reply.json))


@fault(
    "gemini.stream.other-end",
    "An echo ends with OTHER when streamed.",
    "gemini.stream.same-answer",
    also={"gemini.stop.finish": "a stop sequence ended it"},
    source="logic: both modes answer one request",
)
@on_candidates(long_texts)
def other_end(candidate: Body) -> None:
    if "finishReason" in candidate:
        candidate["finishReason"] = "OTHER"


@fault(
    "gemini.stream.other-price",
    "Streams count twice as much.",
    "gemini.stream.same-usage",
    source="logic: both modes answer one request",
)
@on_usage(long_texts)
def other_price(usage: Body) -> None:
    recount(usage, prompt=usage["promptTokenCount"] * 2)


# Refusals ------------------------------------------------------------------------------------------------------------


def _contents(ask: Ask) -> Any:
    return body_of(ask).get("contents", ...)


fault(
    "gemini.refusal.serves-nothing",
    "A request without contents is answered.",
    "gemini.refusal.contents-missing",
    also={"transport.stream.asked-and-given": "the answer is no stream"},
    source="Gemini API reference, generateContent: contents",
)(serves(lambda ask: _contents(ask) is ...))
fault(
    "gemini.refusal.serves-any-limit",
    "A maxOutputTokens that is no number is ignored.",
    "gemini.refusal.max-tokens-type",
    source="hub documents: Gemini, generationConfig",
)(serves(lambda ask: isinstance(config_of(ask).get("maxOutputTokens"), str)))


def on_errors(change: Change) -> Spoil:
    """Makes a fault of a function that changes the error of a refusal in place."""

    def spoil(ask: Ask, reply: Reply) -> Reply:
        if ask.operation != GENERATE or reply.status != 400 or not reply.is_json:
            return reply
        body = reply.json
        change(body["error"])
        return reply.with_json(body)

    return spoil


@fault(
    "gemini.error.openai-envelope",
    "Refusals have the OpenAI envelope.",
    "gemini.error.google",
    source="google-genai for Python: APIError has status None",
)
@on_errors
def openai_envelope(error: Body) -> None:
    message = error["message"]
    error.clear()
    error.update(message=message, type="invalid_request_error", param=None, code="invalid_value")


@fault(
    "gemini.error.other-code",
    "The code of a refusal is 500 where the HTTP status is 400.",
    "gemini.error.code",
    source="google.rpc error model",
)
@on_errors
def other_code(error: Body) -> None:
    error["code"] = 500


@fault(
    "gemini.error.other-status",
    "The status word of every refusal is INTERNAL.",
    "gemini.error.status",
    source="google/rpc/code.proto",
)
@on_errors
def other_status(error: Body) -> None:
    error["status"] = "INTERNAL"


@fault(
    "gemini.error.untyped-details",
    "The details of an error do not say what they are.",
    "gemini.error.details",
    source="google.rpc error model",
)
@on_errors
def untyped_details(error: Body) -> None:
    error["details"] = [{"field": "contents"}]


# Pictures and speech -------------------------------------------------------------------------------------------------

picture, speech = wants("IMAGE"), wants("AUDIO")
fault(
    "gemini.image.described",
    "A description comes in the place of the picture.",
    "gemini.image.given",
    source="Gemini API reference, generateContent: responseModalities",
)(on_objects(picture)(set_text("Here is a red square: ...")))


@fault(
    "gemini.image.as-link",
    "The picture is a link of Markdown in the text.",
    "gemini.image.given",
    source="Gemini API reference, generateContent: responseModalities",
)
@on_objects(picture)
def as_link(value: Body) -> None:
    set_text("![picture](https://example.com/picture.png)")(value)


def on_blobs(when: When) -> Callable[[Change], Spoil]:
    """Makes a fault of a function that changes one inlineData in place."""
    return lambda change: on_parts(when)(lambda part: change(part["inlineData"]) if "inlineData" in part else None)


def with_bytes(change: Callable[[bytes], bytes]) -> Change:
    """A change of the bytes behind the base64."""
    return lambda blob: blob.update(data=base64.b64encode(change(base64.b64decode(blob["data"]))).decode())


fault(
    "gemini.image.octets",
    "A picture is labelled application/octet-stream.",
    "gemini.image.mime-type",
    source="Gemini API reference, Blob.mimeType",
)(on_blobs(picture)(lambda blob: blob.update(mimeType="application/octet-stream")))
fault(
    "gemini.image.data-url",
    "A picture is a data URL.",
    "gemini.image.base64",
    source="google-genai for Python raises on a data: prefix",
)(on_blobs(picture)(lambda blob: blob.update(data=f"data:image/png;base64,{blob['data']}")))
fault(
    "gemini.image.without-mime-type",
    "A picture has no mimeType.",
    "gemini.image.given",
    source="Gemini API reference, Blob.mimeType",
    also={"gemini.image.mime-type": "there is none"},
)(on_blobs(picture)(lambda blob: blob.pop("mimeType")))
fault(
    "gemini.image.cut",
    "A picture breaks off.",
    "gemini.image.decodes",
    source="logic: a paid picture can be opened",
    also={"gemini.image.aspect": "it cannot be decoded"},
)(on_blobs(picture)(with_bytes(lambda data: data[: len(data) // 2])))
fault(
    "gemini.image.other-format",
    "A PNG is labelled as JPEG.",
    "gemini.image.decodes",
    source="Gemini API reference, Blob.mimeType",
)(on_blobs(picture)(lambda blob: blob.update(mimeType="image/jpeg")))


@fault(
    "gemini.image.always-square",
    "aspectRatio is ignored.",
    "gemini.image.aspect",
    source="Gemini API documentation, image generation",
)
@on_parts(picture)
def always_square(part: Body) -> None:
    if "inlineData" in part:
        part["inlineData"]["data"] = base64.b64encode(png(64, 64)).decode()


fault(
    "gemini.image.free",
    "Pictures cost nothing.",
    "gemini.image.counted",
    source="Gemini API documentation, image generation",
    also={"gemini.usage.answer-positive": "the picture is the answer"},
)(on_usage(picture)(lambda usage: recount(usage, answered=0)))
fault(
    "gemini.audio.transcript",
    "Text comes in the place of speech.",
    "gemini.audio.given",
    source="Gemini API documentation, speech generation",
)(on_objects(speech)(set_text("Hello!")))
fault(
    "gemini.audio.octets",
    "Speech is labelled application/octet-stream.",
    "gemini.audio.mime-type",
    source="Gemini API documentation, speech generation",
)(on_blobs(speech)(lambda blob: blob.update(mimeType="application/octet-stream")))
fault(
    "gemini.audio.data-url",
    "Speech is a data URL.",
    "gemini.audio.base64",
    source="google-genai for Python raises on a data: prefix",
)(on_blobs(speech)(lambda blob: blob.update(data=f"data:audio/wav;base64,{blob['data']}")))
fault(
    "gemini.audio.no-rate",
    "The type of raw samples has lost its rate.",
    "gemini.audio.decodes",
    source="RFC 2586",
    also={"gemini.audio.audible": "how long it lasts cannot be told"},
)(on_blobs(speech)(lambda blob: blob.update(mimeType="audio/L16")))
fault(
    "gemini.audio.half-sample",
    "The last sample is cut in two.",
    "gemini.audio.decodes",
    source="RFC 2586",
    also={"gemini.audio.audible": "how long it lasts cannot be told"},
)(on_blobs(speech)(with_bytes(lambda data: data[:-1])))
fault(
    "gemini.audio.no-sound",
    "A recording of two samples.",
    "gemini.audio.audible",
    source="logic: nothing can be said in less",
)(on_blobs(speech)(with_bytes(lambda data: data[:4])))


# Embeddings ----------------------------------------------------------------------------------------------------------


def on_vectors(operation: str, change: Change) -> Spoil:
    """Makes a fault of a function that changes the answer of embedContent or batchEmbedContents in place."""

    def spoil(ask: Ask, reply: Reply) -> Reply:
        if ask.operation != operation or reply.status != 200:
            return reply
        body = reply.json
        change(body)
        return reply.with_json(body)

    return spoil


ONE, MANY = "embedContent", "batchEmbedContents"


@fault(
    "gemini.embed.openai-shape",
    "embedContent answers in the OpenAI shape.",
    "gemini.embed.values",
    source="google-genai for Python: types.EmbedContentResponse",
)
def embed_openai_shape(ask: Ask, reply: Reply) -> Reply:
    def change(body: Body) -> None:
        values = body.pop("embedding")["values"]
        body["data"] = [{"object": "embedding", "index": 0, "embedding": values}]

    return on_vectors(ONE, change)(ask, reply)


fault(
    "gemini.embed.zeros",
    "The vector holds zeros.",
    "gemini.embed.values",
    source="logic: a vector of zeros has no direction",
)(on_vectors(ONE, lambda body: body["embedding"].update(values=[0.0] * len(body["embedding"]["values"]))))
fault(
    "gemini.embed.first-only",
    "A batch gives the shape of a single text.",
    "gemini.embed.batch",
    source="google-genai for Python: embed_content finds None",
)(on_vectors(MANY, lambda body: body.update(embedding=body.pop("embeddings")[0])))
fault(
    "gemini.embed.one-for-all",
    "A batch gives one vector.",
    "gemini.embed.batch",
    source="Gemini API reference, batchEmbedContents",
)(on_vectors(MANY, lambda body: body.update(embeddings=body["embeddings"][:1])))
fault(
    "gemini.embed.reversed",
    "The vectors of a batch come in another order.",
    "gemini.embed.order",
    source="Gemini API reference, batchEmbedContents",
)(on_vectors(MANY, lambda body: body["embeddings"].reverse()))


@fault(
    "gemini.embed.native-length",
    "outputDimensionality is ignored.",
    "gemini.embed.dimensions",
    source="Gemini API reference, embedContent: outputDimensionality",
)
def native_length(ask: Ask, reply: Reply) -> Reply:
    def change(body: Body) -> None:
        for vector in [body["embedding"]] if "embedding" in body else body["embeddings"]:
            vector["values"] = vector["values"] * 3

    return on_vectors(MANY, change)(ask, on_vectors(ONE, change)(ask, reply))
