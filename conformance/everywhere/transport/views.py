"""Reading of replies below their formats: event streams with their times, and what a stream's last event has to be."""

from __future__ import annotations

from dataclasses import dataclass
from itertools import pairwise
from typing import Any

from conformance.engine.contract import load_contract
from conformance.engine.judge import not_testable
from conformance.engine.probe import Conversation
from conformance.everywhere.common import asks_stream
from conformance.wire.exchange import Exchange
from conformance.wire.sse import Event

DONE = "[DONE]"
EVENT_STREAM = "text/event-stream"
FEWEST_EVENTS = 8
"""Events that a stream needs before its timing says anything."""
SILENCE = 0.3
"""Seconds without an event after which a burst of events looks held back."""
BURST = 0.05
"""Seconds in which no model writes the long answer: it would have to make some 4000 tokens a second."""
MOST = 0.8
"""Share of the events in the burst; a first event with the role often comes before it."""
PROMPT_END = 2.0
"""Seconds that may pass between the last event and the end of the body."""


def streams_in(exchanges: Conversation) -> list[Exchange]:
    """The successful answers to requests for an event stream that are one.

    Raises:
        NotTestable: there is none among them.
    """
    found = [e for e in exchanges if e.ok and asks_stream(e.request) and (e.media_type == EVENT_STREAM or e.events)]
    if not found:
        not_testable("there is no event stream here")
    return found


def value_of(event: Event) -> Any:
    """The event's data as JSON, None when it is none."""
    try:
        return event.json
    except ValueError:
        return None


def is_terminator(text: str) -> bool:
    """Whether data is the terminator of OpenAI streams, in any spelling; its exact spelling is the family's affair."""
    return text.strip().strip("\"'").upper() == DONE


def kind_of(exchange: Exchange) -> str:
    """How the exchange's operation streams: `sse-openai` and so on; empty when it belongs to no operation."""
    operation = exchange.request.operation
    return load_contract().operation(operation).streaming.kind if operation else ""


def is_terminal(kind: str, event: Event) -> bool:
    """Whether an event ends a stream of this kind. An error ends every kind."""
    value = value_of(event)
    fields = value if isinstance(value, dict) else {}
    if fields.get("error") or event.event == "error" or fields.get("type") == "error":
        return True
    if kind == "sse-openai":
        return is_terminator(event.data)
    if kind == "sse-responses":
        return fields.get("type") in ("response.completed", "response.incomplete", "response.failed")
    if kind == "sse-claude":
        return fields.get("type") == "message_stop"
    return _ends_gemini(fields)


def _ends_gemini(fields: dict[str, Any]) -> bool:
    feedback = fields.get("promptFeedback")
    if isinstance(feedback, dict) and feedback.get("blockReason"):
        return True
    candidates = fields.get("candidates")
    listed = candidates if isinstance(candidates, list) else []
    return any(isinstance(candidate, dict) and candidate.get("finishReason") for candidate in listed)


@dataclass(frozen=True)
class Timing:
    """When the events of a stream came, in seconds since the request and in order."""

    times: tuple[float, ...]

    @property
    def events(self) -> int:
        return len(self.times)

    @property
    def silence(self) -> float:
        """The longest time without an event."""
        return max(self._gaps, default=0.0)

    @property
    def burst(self) -> tuple[float, ...]:
        """The times of the events after the longest silence."""
        return self.times[self._gaps.index(self.silence) :] if self.times else ()

    @property
    def burst_length(self) -> float:
        return self.burst[-1] - self.burst[0] if self.burst else 0.0

    @property
    def held_back(self) -> bool:
        """Whether nearly all came at once after a silence."""
        many = self.events >= FEWEST_EVENTS and len(self.burst) >= MOST * self.events
        return many and self.silence >= SILENCE and self.burst_length <= BURST

    @property
    def incremental(self) -> bool:
        """Whether the events visibly came one after another."""
        spread = self.times[-1] - self.times[0] if self.times else 0.0
        return len(set(self.times)) >= 3 and spread > BURST and not self.held_back

    @property
    def _gaps(self) -> list[float]:
        return [later - earlier for earlier, later in pairwise((0.0, *self.times))]


def timing_of(exchange: Exchange) -> Timing:
    """The arrival of the events, the terminator left out."""
    return Timing(tuple(event.at for event in exchange.events if not is_terminator(event.data)))


def looks_held_back(exchange: Exchange) -> bool:
    """Whether a stream seems to have been held back and sent at once."""
    return exchange.ok and timing_of(exchange).held_back
