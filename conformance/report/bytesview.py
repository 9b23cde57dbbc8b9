"""An exchange as a page shows it: bytes as text that hides nothing, the finding's place marked, long things cut."""

from __future__ import annotations

from collections.abc import Iterator, Sequence
from dataclasses import dataclass

from conformance.report.pointing import LAST, Aim, Span, aim, locate
from conformance.report.remarks import phrasebook
from conformance.report.timeline import Timeline, duration, timeline
from conformance.report.words import ENGLISH, Words
from conformance.wire.exchange import Exchange, Headers
from conformance.wire.frames import Frame
from conformance.wire.sse import Event

LONGEST_REQUEST = 1_500
LONGEST_TEXT = 5_000
LONGEST_EVENT = 1_500
LONGEST_STREAM = 7_000
"""Characters shown of a request's body, an answer's body, one event, and all events together."""
EVENTS_AROUND = 3
HEX_BYTES = 128
HEX_LINE = 16
MOST_HEADERS = 40
LONGEST_HEADER = 300


@dataclass(frozen=True)
class Segment:
    """A run of characters; `kind` is empty, `mark` for what the finding points at, or `cut` for a note of ours."""

    text: str
    kind: str = ""


@dataclass(frozen=True)
class Block:
    """An event or frame, or (`name` empty) bytes that are none, or a note about what was left out."""

    name: str
    at: str
    segments: tuple[Segment, ...]
    marked: bool = False


@dataclass(frozen=True)
class HeaderLine:
    name: str
    value: str
    marked: bool = False


@dataclass(frozen=True)
class ExchangeView:
    """Everything that a page shows of an exchange, all of it plain text."""

    request_line: str
    request_headers: tuple[HeaderLine, ...]
    request_body: tuple[Segment, ...]
    status_line: str
    answered_after: str
    headers: tuple[HeaderLine, ...]
    blocks: tuple[Block, ...]
    body: tuple[Segment, ...]
    ending: str
    ended_well: bool
    note: str
    timeline: Timeline | None

    @property
    def size(self) -> int:
        """About how many characters of markup it takes in a page; a quotation mark takes five."""
        texts = [segment.text for segment in (*self.request_body, *self.body)]
        texts += [segment.text for block in self.blocks for segment in block.segments]
        texts += [line.name + line.value for line in (*self.request_headers, *self.headers)]
        ticks = len(self.timeline.ticks) if self.timeline else 0
        return sum(len(text) + 4 * text.count('"') for text in texts) + 80 * len(self.blocks) + 70 * ticks + 1_500


def view(exchange: Exchange, at: str = "", say: Words = ENGLISH) -> ExchangeView:
    """What to show of an exchange, with the place `at` marked (a finding's `at`; empty for none).

    Args:
        say: the language of the notes; what the hub sent stays as it came.
    """
    wanted = aim(at)
    event: Event | None = None
    blocks: tuple[Block, ...] = ()
    if exchange.frames:
        blocks = tuple(_frames(exchange.frames, wanted, say))
    elif _is_stream(exchange):
        event = _event(exchange, wanted)
        blocks = tuple(_blocks(exchange, event, wanted, say))
    body, note = ((), "") if blocks else _body(exchange, wanted, say)
    if (wanted.event, wanted.frame) != (None, None) and not any(block.marked for block in blocks):
        note = say("what the finding names is not in this answer")
    moment, word = _moment(exchange, event, wanted, say)
    return ExchangeView(
        request_line=visible(f"{exchange.request.method} {exchange.request.url}"[:1_000]),
        request_headers=_headers(exchange.request.headers, "", say),
        request_body=_cut(_text(exchange.request.body[: LONGEST_REQUEST * 4]), None, LONGEST_REQUEST, say),
        status_line=visible(f"{exchange.http_version} {exchange.status} {exchange.reason}")
        if exchange.answered
        else "",
        answered_after=duration(exchange.headers_at) if exchange.answered else "",
        headers=_headers(exchange.headers, wanted.header, say),
        blocks=blocks,
        body=body,
        ending=_ending(exchange, say),
        ended_well=not exchange.problem,
        note=note or _header_note(exchange, wanted, say),
        timeline=timeline(exchange, moment, word, say=say) if len(exchange.pieces) > 1 or blocks else None,
    )


def visible(text: str) -> str:
    """The text with every character escaped that could hide, move or reorder others; line feeds and tabs stay."""
    if text.isprintable():
        return text
    return "".join(c if c.isprintable() or c in "\n\t" else _escape(c) for c in text)


def _escape(character: str) -> str:
    return character.encode("unicode_escape").decode("ascii") if ord(character) > 0xFF else f"\\x{ord(character):02x}"


def _ending(exchange: Exchange, say: Words) -> str:
    remark = phrasebook(say.language, "").say
    problem = f": {visible(remark(exchange.problem))}" if exchange.problem else ""
    return say("{end} after {time}", end=say(str(exchange.end)), time=duration(exchange.ended_at)) + problem


def _header_note(exchange: Exchange, wanted: Aim, say: Words) -> str:
    if wanted.header and exchange.answered and exchange.header(wanted.header) is None:
        return say("there is no header {name} in this answer", name=wanted.header)
    return ""


def _moment(exchange: Exchange, event: Event | None, wanted: Aim, say: Words) -> tuple[float | None, str]:
    """When the thing arrived that the finding points at, and its name."""
    if event is not None:
        return event.at, say("event {number}", number=event.number)
    if wanted.frame is not None and 0 < wanted.frame <= len(exchange.frames):
        return exchange.frames[wanted.frame - 1].at, say("frame {number}", number=wanted.frame)
    return None, ""


def _is_stream(exchange: Exchange) -> bool:
    if exchange.media_type == "text/event-stream":
        return bool(exchange.events)
    return bool(exchange.events) and not exchange.is_json and exchange.media_type.startswith("text/plain")


def _event(exchange: Exchange, wanted: Aim) -> Event | None:
    events = exchange.events
    if wanted.event is None or not events:
        return None
    if wanted.event == LAST:
        return events[-1]
    return events[wanted.event] if wanted.event < len(events) else None


def _blocks(exchange: Exchange, marked: Event | None, wanted: Aim, say: Words) -> Iterator[Block]:
    events = exchange.events
    shown = _shown([len(event.raw) for event in events], marked.number if marked else -1)
    body = exchange.event_stream.body
    end = 0
    skipped: list[Event] = []
    for event in events:
        if event.number not in shown:
            skipped.append(event)
            end = event.end
            continue
        if skipped:
            yield _left_out(skipped, say)
            skipped = []
        if between := body[end : event.offset].strip(b"\r\n"):
            yield Block("", "", _cut(_text(between[:LONGEST_EVENT]), None, LONGEST_EVENT, say))
        yield _block(event, event is marked, wanted.pointer if event is marked else "", say)
        end = event.end
    if skipped:
        yield _left_out(skipped, say)
    if rest := body[end:].strip(b"\r\n"):
        yield Block("", "", _cut(_text(rest[: LONGEST_EVENT * 4]), None, LONGEST_EVENT, say))


def _frames(frames: tuple[Frame, ...], wanted: Aim, say: Words) -> Iterator[Block]:
    marked = (wanted.frame or 0) - 1
    shown = _shown([len(frame.data) for frame in frames], marked)
    skipped = 0
    for number, frame in enumerate(frames):
        if number not in shown:
            skipped += 1
            continue
        if skipped:
            yield Block("", "", (Segment(say("{count} frames, not shown here", count=skipped), "cut"),))
            skipped = 0
        more = "" if frame.fin else say(", to be continued")
        words = f"{frame.kind} {'' if frame.code is None else frame.code}{more}"
        text = _text(frame.data[: LONGEST_EVENT * 4])
        span = locate(text, wanted.pointer) if number == marked and wanted.pointer else None
        yield Block(
            f"{'→' if frame.sent else '←'} {say('frame {number}', number=number + 1)}",
            f"{words.strip()}, {duration(frame.at)}",
            _cut(text, span if span and span.found else None, LONGEST_EVENT, say),
            number == marked,
        )
    if skipped:
        yield Block("", "", (Segment(say("{count} frames, not shown here", count=skipped), "cut"),))


def _shown(sizes: Sequence[int], marked: int) -> set[int]:
    """Numbers of the events to show: the marked one and its neighbours, the first and the last, then what fits."""
    last = len(sizes) - 1
    centre = max(marked, 0)
    order = [n for d in range(EVENTS_AROUND + 1) for n in (centre - d, centre + d)]
    order += [n for d in range(EVENTS_AROUND) for n in (d, last - d)]
    order += [n for d in range(40) for n in (d, last - d)]
    room, shown = LONGEST_STREAM, set[int]()
    for number in dict.fromkeys(n for n in order if 0 <= n <= last):
        room -= min(sizes[number], LONGEST_EVENT) + 20
        if room < 0 and shown:
            break
        shown.add(number)
    return shown


def _left_out(events: list[Event], say: Words) -> Block:
    size = sum(len(event.raw) for event in events)
    first, last = events[0].number, events[-1].number
    one = first == last
    names = say("event {number}", number=first) if one else say("events {first} to {last}", first=first, last=last)
    told = say("{events}, {size} bytes, not shown here", events=names, size=f"{size:,}")
    return Block("", "", (Segment(told, "cut"),))


def _block(event: Event, marked: bool, pointer: str, say: Words) -> Block:
    text = _text(event.raw).strip("\n")
    span = _span_in_event(text, event, pointer) if marked and pointer else None
    name = say("event {number}", number=event.number)
    return Block(name, duration(event.at), _cut(text, span, LONGEST_EVENT, say), marked)


def _span_in_event(text: str, event: Event, pointer: str) -> Span | None:
    start = text.find(visible(event.data))
    span = locate(text[start:], pointer) if start >= 0 else None
    if span is None or not span.found:
        return None
    return Span(span.start + start, span.end + start, span.found)


def _body(exchange: Exchange, wanted: Aim, say: Words) -> tuple[tuple[Segment, ...], str]:
    body = exchange.decoded_body
    if _is_binary(body[:4096]):
        return _hex(body, say), ""
    text = _text(body[:8_000_000])
    span = locate(text, wanted.pointer) if wanted.pointer else None
    note = ""
    if wanted.pointer and (span is None or span.found != wanted.pointer):
        note = say("{place} is not in this body", place=wanted.pointer)
    return _cut(text, span if span and span.found else None, LONGEST_TEXT, say), note


def _is_binary(data: bytes) -> bool:
    if b"\0" in data:
        return True
    try:
        data.decode("utf-8")
    except UnicodeDecodeError as problem:
        return problem.start < len(data) - 4
    return False


def _hex(data: bytes, say: Words) -> tuple[Segment, ...]:
    lines = []
    for start in range(0, min(len(data), HEX_BYTES), HEX_LINE):
        part = data[start : start + HEX_LINE]
        text = "".join(chr(byte) if 32 <= byte < 127 else "." for byte in part)
        lines.append(f"{start:06x}  {part.hex(' '):<{HEX_LINE * 3}} {text}")
    note = (Segment(say("{size} bytes in all", size=f"{len(data):,}"), "cut"),) if len(data) > HEX_BYTES else ()
    return (Segment("\n".join(lines)), *note)


def _text(data: bytes) -> str:
    return visible(data.decode("utf-8", "backslashreplace"))


def _cut(text: str, span: Span | None, longest: int, say: Words) -> tuple[Segment, ...]:
    """The text around the span, at most about `longest` characters of it, with notes where something is missing."""
    if not text:
        return ()
    start = max(0, min(span.start - longest // 3, len(text) - longest)) if span else 0
    end = min(len(text), start + longest)
    parts = []
    if start:
        parts.append(Segment(say("{count} characters before", count=f"{start:,}"), "cut"))
    if span:
        marked_end = min(span.end, end)
        parts += [Segment(text[start : span.start]), Segment(text[span.start : marked_end], "mark")]
        parts.append(Segment(text[marked_end:end]))
    else:
        parts.append(Segment(text[start:end]))
    if end < len(text):
        parts.append(Segment(say("{count} characters more", count=f"{len(text) - end:,}"), "cut"))
    return tuple(part for part in parts if part.text)


def _headers(headers: Headers, wanted: str, say: Words) -> tuple[HeaderLine, ...]:
    lines = [
        HeaderLine(visible(name[:LONGEST_HEADER]), _shortened(value, say), bool(wanted) and name.lower() == wanted)
        for name, value in headers[:MOST_HEADERS]
    ]
    if len(headers) > MOST_HEADERS:
        lines.append(HeaderLine("…", say("{count} more headers", count=len(headers) - MOST_HEADERS)))
    return tuple(lines)


def _shortened(value: str, say: Words) -> str:
    text = visible(value[: LONGEST_HEADER + 1])
    if len(value) <= LONGEST_HEADER:
        return text
    return f"{text[:LONGEST_HEADER]}… " + say("({count} characters)", count=len(value))
