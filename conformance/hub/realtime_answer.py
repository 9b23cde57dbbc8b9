"""One answer of a Realtime session: its items and events, under their present names and with the pauses between."""

import functools
import hashlib
from collections.abc import AsyncIterator, Awaitable, Callable, Mapping, Sequence
from dataclasses import dataclass, field, replace
from typing import Any

from conformance.hub.errors import HubError
from conformance.hub.generate import Call, Outcome, Task, Usage, work
from conformance.hub.ids import unique
from conformance.hub.pieces import groups
from conformance.hub.realtime_items import Conversation, Item, answer_item, call_item, in_base64
from conformance.hub.realtime_settings import Config, Identity, shown_in_response
from conformance.hub.sound import tone
from conformance.hub.text import Turn, count_tokens

Event = dict[str, Any]
Rest = Callable[[float], Awaitable[bool]]
"""Waits so many seconds; whether the answer was cancelled before or meanwhile."""
SECONDS_PER_TOKEN = 0.04
ARGUMENTS_PIECE = 12
REQUESTS_A_MINUTE, TOKENS_A_MINUTE = 1_000, 1_000_000


@dataclass
class Answer:
    """One answer while it is being given. `conversation` is None for one that is not to be remembered."""

    identity: Identity
    config: Config
    turns: tuple[Turn, ...]
    conversation: Conversation | None
    rest: Rest
    first_delay: float
    chunk_delay: float
    id: str = field(default_factory=lambda: unique("resp_"))
    output: list[Item] = field(default_factory=list)
    told: int = 0
    """Tokens that were sent."""
    cancelled: bool = False

    async def events(self) -> AsyncIterator[Event]:
        """From `response.created` to `response.done`."""
        yield {"type": "response.created", "response": self.shown("in_progress")}
        yield {"type": "rate_limits.updated", "rate_limits": _rate_limits()}
        try:
            outcome = work(self._task())
        except HubError as error:
            reason = {"type": error.type, "code": error.code, "message": error.message}
            yield {"type": "response.done", "response": self.shown("failed", {"type": "failed", "error": reason})}
            return
        self.cancelled = await self.rest(self.first_delay)
        if outcome.calls:
            for call in outcome.calls:
                async for event in self._call(call):
                    yield event
        else:
            async for event in self._message(outcome):
                yield event
        yield {"type": "response.done", "response": self._ended(outcome)}

    def _task(self) -> Task:
        choice = self.config.tool_choice
        return Task(
            model=self.identity.model,
            turns=(Turn("system", self.config.instructions), *self.turns),
            tools=self.config.functions,
            choice=f"={choice['name']}" if isinstance(choice, Mapping) else choice,
            parallel=self.config.parallel,
            limit=None if self.config.limit == "inf" else self.config.limit,
            spoken=self.config.spoken,
        )

    def shown(self, status: str, details: Any = None, usage: Usage | None = None) -> Event:
        """The response as an event shows it."""
        remembered = self.conversation is not None
        return {
            "object": "realtime.response",
            "id": self.id,
            "status": status,
            "status_details": details,
            "output": [item.shown(self.identity.beta) for item in self.output],
            "conversation_id": self.identity.conversation if remembered else None,
            **shown_in_response(self.config, self.identity),
            "usage": None if usage is None else usage_of(usage),
            "metadata": self.config.metadata,
        }

    def _ended(self, outcome: Outcome) -> Event:
        usage = replace(outcome.usage, completion=self.told, audio=self.told if self._sounds(outcome) else 0)
        if self.cancelled:
            return self.shown("cancelled", {"type": "cancelled", "reason": "client_cancelled"}, usage)
        if outcome.reason == "length":
            return self.shown("incomplete", {"type": "incomplete", "reason": "max_output_tokens"}, usage)
        return self.shown("completed", None, usage)

    def _sounds(self, outcome: Outcome) -> bool:
        return self.config.spoken and not outcome.calls

    async def _message(self, outcome: Outcome) -> AsyncIterator[Event]:
        id, spoken = unique("item_"), self.config.spoken
        for event in self._opened(answer_item(id, None, spoken, "in_progress")):
            yield event
        kind, member = ("audio", "transcript") if spoken else ("text", "text")
        place = {**self._place(id), "content_index": 0}
        yield {"type": "response.content_part.added", **place, "part": {"type": kind, member: ""}}
        words, sound = "", 0
        for group in groups(outcome.tokens):
            self.cancelled = self.cancelled or await self.rest(self.chunk_delay)
            if self.cancelled:
                break
            delta = "".join(group)
            words += delta
            self.told += len(group)
            name = "output_audio_transcript" if spoken else "output_text"
            yield {"type": f"response.{name}.delta", **place, "delta": delta}
            if spoken:
                data = self._sound(len(group))
                sound += len(data)
                yield {"type": "response.output_audio.delta", **place, "delta": in_base64(data)}
        if spoken:
            yield {"type": "response.output_audio.done", **place}
            yield {"type": "response.output_audio_transcript.done", **place, "transcript": words}
        else:
            yield {"type": "response.output_text.done", **place, "text": words}
        yield {"type": "response.content_part.done", **place, "part": {"type": kind, member: words}}
        whole = not self.cancelled and outcome.reason != "length"
        for event in self._closed(answer_item(id, words, spoken, "completed" if whole else "incomplete", sound)):
            yield event

    def _sound(self, tokens: int) -> bytes:
        return tone(round(tokens * SECONDS_PER_TOKEN / self.config.speed, 3), _pitch(self.config.voice))

    async def _call(self, call: Call) -> AsyncIterator[Event]:
        id = unique("item_")
        for event in self._opened(call_item(id, call.id, call.name, "", "in_progress")):
            yield event
        place = {**self._place(id), "call_id": call.id}
        told = ""
        for start in range(0, len(call.arguments), ARGUMENTS_PIECE):
            self.cancelled = self.cancelled or await self.rest(self.chunk_delay)
            if self.cancelled:
                break
            delta = call.arguments[start : start + ARGUMENTS_PIECE]
            told += delta
            yield {"type": "response.function_call_arguments.delta", **place, "delta": delta}
        self.told += count_tokens(call.name) + count_tokens(told)
        done = {"name": call.name, "arguments": told}
        yield {"type": "response.function_call_arguments.done", **place, **done}
        status = "incomplete" if self.cancelled else "completed"
        for event in self._closed(call_item(id, call.id, call.name, told, status)):
            yield event

    def _place(self, id: str) -> Event:
        return {"response_id": self.id, "item_id": id, "output_index": len(self.output)}

    def _opened(self, item: Item) -> Sequence[Event]:
        value = item.shown(self.identity.beta)
        added = {"response_id": self.id, "output_index": len(self.output), "item": value}
        events: list[Event] = [{"type": "response.output_item.added", **added}]
        if self.conversation is not None:
            before = self.conversation.insert(item)
            events.append({"type": "conversation.item.added", "previous_item_id": before, "item": value})
        return events

    def _closed(self, item: Item) -> Sequence[Event]:
        value = item.shown(self.identity.beta)
        events: list[Event] = []
        if self.conversation is not None:
            before = self._remember(item)
            events.append({"type": "conversation.item.done", "previous_item_id": before, "item": value})
        done = {"response_id": self.id, "output_index": len(self.output), "item": value}
        self.output.append(item)
        return [*events, {"type": "response.output_item.done", **done}]

    def _remember(self, item: Item) -> str | None:
        """Puts the finished item in the place of the open one, unless the client has deleted that meanwhile."""
        assert self.conversation is not None
        items = self.conversation.items
        place = next((place for place, known in enumerate(items) if known.id == item.id), None)
        if place is None:
            return None
        items[place] = item
        return items[place - 1].id if place else None


def usage_of(usage: Usage) -> Event:
    """The token counts."""
    words = usage.prompt - usage.prompt_images - usage.prompt_audio
    cached = {"text_tokens": 0, "audio_tokens": 0, "image_tokens": 0}
    return {
        "total_tokens": usage.total,
        "input_tokens": usage.prompt,
        "output_tokens": usage.completion,
        "input_token_details": {
            "text_tokens": words,
            "audio_tokens": usage.prompt_audio,
            "image_tokens": usage.prompt_images,
            "cached_tokens": 0,
            "cached_tokens_details": cached,
        },
        "output_token_details": {"text_tokens": usage.completion - usage.audio, "audio_tokens": usage.audio},
    }


def _rate_limits() -> list[Event]:
    limits = {"requests": REQUESTS_A_MINUTE, "tokens": TOKENS_A_MINUTE}
    return [{"name": name, "limit": most, "remaining": most, "reset_seconds": 0.0} for name, most in limits.items()]


@functools.cache
def _pitch(voice: str) -> float:
    """Each voice has a pitch of its own, in hertz."""
    return 220.0 + hashlib.sha256(voice.encode()).digest()[0]
