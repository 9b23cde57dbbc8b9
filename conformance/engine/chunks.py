"""Answers that come whole or as a data-only stream of chunks, read alike: OpenAI's chat and text completions."""

from __future__ import annotations

from collections.abc import Iterator
from dataclasses import dataclass
from functools import lru_cache
from typing import Any

from conformance.engine.judge import not_testable, parsed
from conformance.engine.reading import served
from conformance.engine.replies import streamed
from conformance.engine.streams import DONE
from conformance.wire import strictjson
from conformance.wire.exchange import End, Exchange


@dataclass(frozen=True)
class Part:
    """A whole answer, or one chunk of a stream: `at` is where it stands, empty for an answer."""

    value: Any
    at: str = ""

    def place(self, pointer: str) -> str:
        """A place in it, for a finding."""
        return f"{self.at} {pointer}".strip()

    @property
    def choices(self) -> list[dict[str, Any]]:
        """The entries of `choices` that are objects."""
        found = self.value.get("choices") if isinstance(self.value, dict) else None
        return [one for one in found if isinstance(one, dict)] if isinstance(found, list) else []

    @property
    def usage(self) -> Any:
        """The member `usage`; None when there is none."""
        return self.value.get("usage") if isinstance(self.value, dict) else None


@lru_cache(maxsize=256)
def parts(exchange: Exchange) -> tuple[Part, ...]:
    """The answer, or the chunks of the stream.

    Raises:
        NotTestable: there is no JSON in it, or the stream reports an error; other sentences judge that.
    """
    served(exchange)
    if not streamed(exchange):
        return (Part(parsed(exchange)),)
    found = tuple(_chunks(exchange))
    if not found:
        not_testable("there is no chunk in this stream; `transport` judges what a stream is made of")
    if any(isinstance(part.value, dict) and "error" in part.value and not part.choices for part in found):
        not_testable("the stream reports an error")
    return found


def _chunks(exchange: Exchange) -> Iterator[Part]:
    for event in exchange.events:
        if event.data == DONE or not event.complete:
            continue
        try:
            value = strictjson.parse(event.data)
        except ValueError:
            continue
        yield Part(value, f"event {event.number}")


def whole_stream(exchange: Exchange) -> tuple[Part, ...]:
    """The chunks of a stream that arrived to its end.

    Raises:
        NotTestable: the connection broke or was slow, so that its end is not known.
    """
    found = parts(exchange)
    if exchange.end is not End.complete:
        not_testable(f"the stream was not received to its end ({exchange.problem}), which `transport` judges")
    return found
