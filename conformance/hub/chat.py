"""POST /v1/chat/completions: OpenAI Chat Completions, whole or as an event stream."""

import base64
import time
from collections.abc import Iterator, Mapping, Sequence
from dataclasses import dataclass
from typing import Any

from starlette.responses import JSONResponse, Response

from conformance.hub.app import Call as Request
from conformance.hub.body import read_json
from conformance.hub.chat_request import read_chat, task_of
from conformance.hub.events import DONE, EventStream, data_event
from conformance.hub.generate import Call, Outcome, Usage, work
from conformance.hub.ids import unique
from conformance.hub.pieces import groups, logprobs, pauses_of
from conformance.hub.sound import tone, wav

FINGERPRINT = "fp_reference_hub"
SECONDS_PER_TOKEN = 0.02
LONGEST_SPEECH = 0.6
AUDIO_PIECE = 6_000  # bytes; a multiple of three, so that each piece is whole base64
Event = dict[str, Any]


@dataclass(frozen=True)
class Choices:
    """What the choices of one answer show, apart from their text."""

    count: int
    logprobs: int | None
    speech: str | None

    @classmethod
    def of(cls, request: Mapping[str, Any]) -> "Choices":
        logprobs = request.get("top_logprobs", 0) if request.get("logprobs") else None
        speech = request["audio"]["format"] if "audio" in request.get("modalities", ()) else None
        return cls(request.get("n", 1), logprobs, speech)


async def create(call: Request) -> Response:
    """Answers one chat request."""
    request = read_chat(await read_json(call.request), call.route.request)
    choices = Choices.of(request)
    task = task_of(request)
    outcomes = [work(task, choices.count) for _ in range(choices.count)]
    head = {"id": unique("chatcmpl-"), "object": "chat.completion", "created": int(time.time()), "model": task.model}
    if not request.get("stream"):
        return JSONResponse(whole(head, outcomes, choices))
    events = list(chunks(outcomes, choices, request["stream_options"].get("include_usage", False)))
    framed = [data_event(chunk_head(head) | event) for event in events]
    return EventStream(zip(pauses_of(events, call.settings), [*framed, DONE], strict=True))


def whole(head: Event, outcomes: Sequence[Outcome], choices: Choices) -> Event:
    """The answer as one object."""
    shown = [
        {
            "index": index,
            "message": message(outcome, choices),
            "logprobs": logprobs(outcome.tokens, choices.logprobs),
            "finish_reason": outcome.reason,
        }
        for index, outcome in enumerate(outcomes)
    ]
    return {**head, "choices": shown, "usage": usage_of(outcomes[0].usage), "system_fingerprint": FINGERPRINT}


def message(outcome: Outcome, choices: Choices) -> Event:
    """The assistant's turn."""
    spoken = choices.speech is not None and not outcome.calls
    shown: Event = {
        "role": "assistant",
        "content": None if outcome.calls or spoken else outcome.text,
        "refusal": None,
    }
    if outcome.thoughts:
        shown["reasoning_content"] = "".join(outcome.thoughts)
    if outcome.calls:
        shown["tool_calls"] = [tool_call(call) for call in outcome.calls]
    if choices.speech is not None and not outcome.calls:
        data = base64.b64encode(recording(outcome, choices.speech)).decode()
        shown["audio"] = {**audio_head(), "data": data, "transcript": outcome.text}
    return shown


def tool_call(call: Call) -> Event:
    """One call of a function."""
    return {"id": call.id, "type": "function", "function": {"name": call.name, "arguments": call.arguments}}


def audio_head() -> Event:
    """The id of a recording and when it goes away (Unix seconds)."""
    return {"id": unique("audio_"), "expires_at": int(time.time()) + 3600}


def recording(outcome: Outcome, format: str) -> bytes:
    """A tone, the longer the more tokens it stands for."""
    pcm = tone(min(SECONDS_PER_TOKEN * (1 + len(outcome.tokens)), LONGEST_SPEECH))
    return wav(pcm) if format == "wav" else pcm


def usage_of(usage: Usage) -> Event:
    """The token counts."""
    text = usage.completion - usage.reasoning - usage.audio
    return {
        "prompt_tokens": usage.prompt,
        "completion_tokens": usage.completion,
        "total_tokens": usage.total,
        "prompt_tokens_details": {
            "cached_tokens": 0,
            "text_tokens": usage.prompt - usage.prompt_images - usage.prompt_audio,
            "audio_tokens": usage.prompt_audio,
            "image_tokens": usage.prompt_images,
        },
        "completion_tokens_details": {
            "text_tokens": text,
            "audio_tokens": usage.audio,
            "reasoning_tokens": usage.reasoning,
        },
    }


def chunk_head(head: Event) -> Event:
    """What all chunks of one stream have in common."""
    return {**head, "object": "chat.completion.chunk", "system_fingerprint": FINGERPRINT}


def chunks(outcomes: Sequence[Outcome], choices: Choices, include_usage: bool) -> Iterator[Event]:
    """The chunks of a stream, without what they have in common."""
    usage: Event = {"usage": None} if include_usage else {}
    lanes = [list(_lane(outcome, choices)) for outcome in outcomes]
    for step in range(max(map(len, lanes))):
        for index, lane in enumerate(lanes):
            if step < len(lane):
                yield {"choices": [{"index": index, **lane[step]}], **usage}
    if include_usage:
        yield {"choices": [], "usage": usage_of(outcomes[0].usage)}


def _lane(outcome: Outcome, choices: Choices) -> Iterator[Event]:
    """The chunks of one choice: role, thoughts, content or calls, finish."""
    silent = outcome.calls or choices.speech is not None
    yield _piece({"role": "assistant", "content": None if silent else ""})
    for group in groups(outcome.thoughts):
        yield _piece({"reasoning_content": "".join(group)})
    if outcome.calls:
        yield from (_piece({"tool_calls": [part]}) for part in _call_parts(outcome.calls))
    elif choices.speech is not None:
        yield from (_piece({"audio": part}) for part in _audio_parts(outcome, choices.speech))
    else:
        for group in groups(outcome.tokens):
            yield _piece({"content": "".join(group)}, logprobs(group, choices.logprobs))
    yield _piece({}, reason=outcome.reason)


def _piece(delta: Event, likelihood: Event | None = None, reason: str | None = None) -> Event:
    return {"delta": delta, "logprobs": likelihood, "finish_reason": reason}


def _call_parts(calls: Sequence[Call]) -> Iterator[Event]:
    for index, call in enumerate(calls):
        start = tool_call(call)
        yield {"index": index, **start, "function": {**start["function"], "arguments": ""}}
        for place in range(0, len(call.arguments), 12):
            yield {"index": index, "function": {"arguments": call.arguments[place : place + 12]}}


def _audio_parts(outcome: Outcome, format: str) -> Iterator[Event]:
    head = audio_head()
    yield {"id": head["id"]}
    for group in groups(outcome.tokens):
        yield {"transcript": "".join(group)}
    sound = recording(outcome, format)
    for place in range(0, len(sound), AUDIO_PIECE):
        yield {"data": base64.b64encode(sound[place : place + AUDIO_PIECE]).decode()}
    yield {"expires_at": head["expires_at"]}


HANDLERS = {"chat-completions": create}
