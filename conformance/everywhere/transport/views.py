"""Reading of event streams below their formats: which there are, and when their events came."""

from __future__ import annotations

from dataclasses import dataclass
from itertools import pairwise

from conformance.engine.contract import load_contract
from conformance.engine.judge import nothing_here
from conformance.engine.kit.streams import EVENT_STREAM, is_terminator
from conformance.engine.probe import Conversation
from conformance.everywhere.common import asks_stream
from conformance.wire.exchange import Exchange

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
        nothing_here("there is no event stream here")
    return found


def kind_of(exchange: Exchange) -> str:
    """How the exchange's operation streams: `sse-openai` and so on; empty when it belongs to no operation."""
    operation = exchange.request.operation
    return load_contract().operation(operation).streaming.kind if operation else ""


@dataclass(frozen=True)
class Timing:
    """When the events of a stream came, in seconds since the request and in order."""

    times: tuple[float, ...]
    stalled: float = 0.0
    """How long the suite itself did not run meanwhile: so much of a silence, and of a burst, may be its own."""

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
        return many and self.silence - self.stalled >= SILENCE and self.burst_length <= BURST

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
    return Timing(tuple(event.at for event in exchange.events if not is_terminator(event.data)), exchange.stalled)


def looks_held_back(exchange: Exchange) -> bool:
    """Whether a stream seems to have been held back and sent at once."""
    return exchange.ok and timing_of(exchange).held_back
