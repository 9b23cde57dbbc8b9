"""Answers that come whole or as a data-only stream of chunks, read alike: OpenAI's chat and text completions."""

from __future__ import annotations

from collections.abc import Iterator
from dataclasses import dataclass
from typing import Any

from conformance.engine.judge import Words, expect, not_testable, parsed
from conformance.engine.kit.reading import need_end, served
from conformance.engine.kit.replies import streamed
from conformance.engine.kit.streams import DONE
from conformance.wire import strictjson
from conformance.wire.exchange import Exchange, remembered


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


@remembered
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
    need_end(exchange)
    return found


def expect_done_last(exchange: Exchange) -> None:
    """Break unless [DONE] ends a stream that arrived to its end."""
    whole_stream(exchange)
    events = exchange.events
    if not events:
        not_testable("there is no event in this stream; `transport` judges what a stream is made of")
    ended = any(event.data == DONE for event in events)
    expect(ended, "data: [DONE] at the end", events[-1].data, f"event {events[-1].number}")


def expect_done_once(exchange: Exchange) -> None:
    """Break when anything follows the first [DONE]."""
    events = served(exchange).events
    ends = [number for number, event in enumerate(events) if event.data == DONE]
    if not ends:
        not_testable("there is no [DONE], which another sentence judges")
    for event in events[ends[0] + 1 :]:
        expect(False, "nothing after the first [DONE]", event.data, f"event {event.number}")


def expect_unnamed(exchange: Exchange) -> None:
    """Break when an event has a name."""
    for event in served(exchange).events:
        expect(event.event is None, "data alone, without an event: line", event.event, f"event {event.number}")


def expect_usage_given(exchange: Exchange) -> None:
    """Break when a stream whose usage was asked for has none."""
    found = whole_stream(exchange)
    given = any(part.usage is not None for part in found)
    expect(given, "a usage object, because include_usage is true", Words("none"), found[-1].at)


def expect_usage_apart(exchange: Exchange) -> None:
    """Break unless one chunk holds the usage and no choice."""
    found = _with_usage(exchange)
    alone = [part.at for part in found if part.value.get("choices") == []]
    got = found[-1].value.get("choices")
    expect(len(alone) == 1, "one chunk with usage whose choices are empty", alone or got, found[-1].at)


def expect_usage_last(exchange: Exchange) -> None:
    """Break when a chunk follows the last one with usage."""
    last = parts(exchange)[-1]
    expect(last is _with_usage(exchange)[-1], "the usage in the last chunk before [DONE]", last.value, last.at)


def expect_no_bare_chunk(exchange: Exchange) -> None:
    """Break when a chunk has an empty list of choices, as only usage that was asked for comes in."""
    for part in parts(exchange):
        bare = isinstance(part.value, dict) and part.value.get("choices") == []
        expect(not bare, "no chunk with empty choices, because include_usage was not asked for", part.value, part.at)


def _with_usage(exchange: Exchange) -> list[Part]:
    found = [part for part in whole_stream(exchange) if part.usage is not None]
    return found or not_testable("there is no usage in this stream, which another sentence judges")
