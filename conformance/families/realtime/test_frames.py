"""Below the events: frames, pings, and how a connection ends."""

from __future__ import annotations

from conformance.engine.judge import Words, expect, not_testable
from conformance.engine.requirement import requirement
from conformance.families.realtime.probes import PING
from conformance.families.realtime.reading import Evidence, closings, expect_reaction, hub_ended, messages, opened
from conformance.wire.exchange import End, Exchange
from conformance.wire.frames import Kind
from conformance.wire.leaks import inside_shown
from conformance.wire.redact import marker_in

LONGEST_CONTROL = 125
DATA = (Kind.text, Kind.binary, Kind.continuation)
MAY_BE_SENT = (*range(1000, 1004), *range(1007, 1015), *range(3000, 5000))
"""Close codes that may stand in a frame (RFC 6455 7.4, and the registry of IANA)."""


@requirement("realtime.frames.legal")
def test_frames_are_legal(any_realtime_socket: Evidence) -> None:
    for exchange in opened(any_realtime_socket):
        broken = exchange.end is End.malformed
        expect(not broken, "frames as RFC 6455 allows them", Words(exchange.problem), "", exchange)
        for number, frame in enumerate(exchange.frames, start=1):
            if frame.kind not in DATA and not frame.sent:
                short = len(frame.data) <= LONGEST_CONTROL and frame.fin
                got = Words(f"{len(frame.data)} bytes")
                expect(short, f"a control frame of at most {LONGEST_CONTROL} bytes", got, f"frame {number}", exchange)
        for message in messages(exchange):
            if message.is_text and not message.sent:
                right = _is_utf8(message.data)
                expect(right, "text in UTF-8", message.data[:200], f"frame {message.number}", exchange)


def _is_utf8(data: bytes) -> bool:
    try:
        data.decode("utf-8")
    except UnicodeDecodeError:
        return False
    return True


@requirement("realtime.frames.pong")
def test_a_ping_is_answered(realtime_session: Exchange) -> None:
    opened((realtime_session,))
    asked = [n for n, f in enumerate(realtime_session.frames, start=1) if f.sent and f.kind is Kind.ping]
    if not asked:
        not_testable("the session ended before a ping was sent")
    pongs = [frame.data for frame in realtime_session.frames if frame.kind is Kind.pong and not frame.sent]
    got = Words("no pong") if not pongs else pongs[-1]
    expect(PING in pongs, f"a pong with {PING.decode()!r} in it", got, f"frame {asked[0]}")


@requirement("realtime.frames.fragments")
def test_a_message_may_come_in_frames(realtime_session: Exchange) -> None:
    expect_reaction(realtime_session, "kx-parts", "session.updated")


@requirement("realtime.frames.bad-text")
def test_a_text_that_is_no_utf8_ends_the_connection(realtime_turns: Exchange) -> None:
    sent = [message for message in messages(realtime_turns) if message.sent and not _is_utf8(message.data)]
    if not sent:
        not_testable("the session ended before this message was sent")
    got = Words("an open connection")
    wanted = "the end of the connection, with code 1007"
    expect(hub_ended(realtime_turns), wanted, got, f"frame {sent[0].number}")


@requirement("realtime.close.answered")
def test_a_close_frame_is_answered(realtime_session: Exchange) -> None:
    opened((realtime_session,))
    ours = closings(realtime_session, sent=True)
    theirs = closings(realtime_session, sent=False)
    if not ours or realtime_session.end is not End.complete:
        not_testable("the suite did not close this connection, or could not")
    expect(theirs, "a close frame", Words("none"), f"frame {ours[0][0]}")


@requirement("realtime.close.code")
def test_close_codes_are_legal(any_realtime_socket: Evidence) -> None:
    for exchange in opened(any_realtime_socket):
        for number, frame in closings(exchange, sent=False):
            if frame.code is not None:
                right = frame.code in MAY_BE_SENT
                expect(right, "a code that may be sent", frame.code, f"frame {number}", exchange)
            expect(_is_utf8(frame.data), "a reason in UTF-8", frame.data, f"frame {number}", exchange)


@requirement("realtime.close.by-frame")
def test_the_hub_closes_with_a_frame(any_realtime_socket: Evidence) -> None:
    for exchange in opened(any_realtime_socket):
        broke = exchange.end is End.reset
        expect(not broke, "a close frame before the end", Words(exchange.problem), "", exchange)


@requirement("realtime.close.no-internals")
def test_the_reason_shows_nothing_internal(any_realtime_socket: Evidence) -> None:
    for exchange in opened(any_realtime_socket):
        for number, frame in closings(exchange, sent=False):
            reason = frame.data.decode("utf-8", "replace")
            found = inside_shown(reason) or _exception(reason)
            expect(not found, "no words of the hub's inside", reason, f"frame {number}", exchange)


def _exception(reason: str) -> bool:
    words = ("Error:", "Exception", "unexpected keyword argument", "NoneType", "undefined is not", "nil pointer")
    return any(word in reason for word in words)


@requirement("realtime.token.not-repeated")
def test_the_token_is_in_no_frame(any_realtime_socket: Evidence) -> None:
    for exchange in opened(any_realtime_socket):
        for number, frame in enumerate(exchange.frames, start=1):
            shown = not frame.sent and marker_in(frame.data)
            expect(not shown, "no copy of the token", Words("the whole token"), f"frame {number}", exchange)
