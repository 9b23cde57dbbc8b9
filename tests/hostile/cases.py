"""What hostile hubs do, one function each."""

from __future__ import annotations

import asyncio
import base64
import gzip
import hashlib
import itertools
import json
import re
import zlib
from collections.abc import Callable, Iterator, Sequence
from dataclasses import dataclass, replace
from typing import Any, Literal
from urllib.parse import quote

from conformance.engine.probe import TALK_BYTES
from tests.hostile.server import Answer, Ask, Good, HostileHub, Line, Raw, Reply

ESCAPES = "\x1b[2J\x1b]0;owned\x07\x9b31m\r\b\u202e<script>alert(1)</script><img src=x onerror=alert(1)>\u2028"
JSON_HEAD = b"HTTP/1.1 200 OK\r\ncontent-type: application/json\r\n"
EVENTS_HEAD = b"HTTP/1.1 200 OK\r\ncontent-type: text/event-stream\r\ntransfer-encoding: chunked\r\n\r\n"
HUGE = ("1e400", "-1e400", "1" + "0" * 4000, "-" + "9" * 300, "1" + "0" * 6000, "1e308", "0.1e-400", "9007199254740993")
BELOW_LIMIT = TALK_BYTES - 4096
"""Bytes of a body just below what the suite takes of an answer made of text."""


@dataclass(frozen=True)
class Case:
    """One way to mean harm. `from_the_start` does not even leave the suite its first two requests."""

    id: str
    answer: Answer
    from_the_start: bool = False
    families: tuple[str, ...] = ()
    """The families that it is about, where those of the core profile do not meet it."""
    bound: Literal["work", "hangs", "waits"] = "work"
    """What bounds the time of a run against it: its own work, what it spends on hanging requests, or on waits."""

    @property
    def sentence(self) -> str:
        """What the hub does, from the function's description."""
        return str(self.answer.__doc__).strip().split("\n")[0].rstrip(".")


CASES: list[Case] = []


def case(**given: Any) -> Callable[[Answer], Answer]:
    """Declare a case; its id is the function's name."""

    def declare(answer: Answer) -> Answer:
        CASES.append(Case(answer.__name__.replace("_", "-"), answer, **given))  # type: ignore[attr-defined]
        return answer

    return declare


@case(bound="hangs")
async def never_answers(ask: Ask, line: Line, good: Good) -> None:
    """Takes requests and never answers."""
    await line.hold()


@case(from_the_start=True, bound="hangs")
async def never_answers_at_all(ask: Ask, line: Line, good: Good) -> None:
    """Takes requests and never answers, from the first one on."""
    await line.hold()


@case(bound="hangs")
async def hangs_on_refusals(ask: Ask, line: Line, good: Good) -> None:
    """Answers what is right, and never answers what it should refuse."""
    reply = await good()
    if reply.status >= 400:
        await line.hold()
    await line.send(reply.sent())


@case(bound="hangs")
async def drips_a_body(ask: Ask, line: Line, good: Good) -> None:
    """Sends a byte of the body a second."""
    await line.send(JSON_HEAD + b"content-length: 100000\r\n\r\n")
    for _ in range(3600):
        await line.send(b" ")
        await asyncio.sleep(1 if ask.number % 2 else 0.2)


@case(bound="hangs")
async def drips_a_header(ask: Ask, line: Line, good: Good) -> None:
    """Sends a byte of the header section a second."""
    for byte in itertools.cycle(b"HTTP/1.1 200 OK\r\nx-slow: " + b"a" * 10_000):
        await line.send(bytes([byte]))
        await asyncio.sleep(0.2)


@case()
async def streams_without_end(ask: Ask, line: Line, good: Good) -> None:
    """Streams events as fast as it can, without end."""
    event = b'data: {"id":"x","object":"chat.completion.chunk","choices":[{"index":0,"delta":{"content":"more "}}]}\n\n'
    await line.send(EVENTS_HEAD)
    while True:
        await line.send(b"%x\r\n%b\r\n" % (len(event), event))


@case(bound="hangs")
async def streams_slowly_without_end(ask: Ask, line: Line, good: Good) -> None:
    """Streams a comment ten times a second, without end."""
    await line.send(EVENTS_HEAD)
    while True:
        await line.send(b"3\r\n:\n\n\r\n")
        await asyncio.sleep(0.1)


@case()
async def tiny_events(ask: Ask, line: Line, good: Good) -> None:
    """Streams 150 000 empty events in one body of 1 MiB."""
    body = b"data:\n\n" * (BELOW_LIMIT // 7)
    await line.send(JSON_HEAD.replace(b"application/json", b"text/event-stream"), _length(body), body)


@case(bound="hangs")
async def only_103(ask: Ask, line: Line, good: Good) -> None:
    """Sends 103 Early Hints for ever."""
    while True:
        await line.send(b"HTTP/1.1 103 Early Hints\r\nlink: </a>\r\n\r\n")


@case()
async def ten_gigabytes(ask: Ask, line: Line, good: Good) -> None:
    """Answers with a body of 10 GB."""
    await line.send(JSON_HEAD + b"content-length: 10000000000\r\n\r\n" + b'{"a":"')
    part = b"x" * 2**16
    while True:
        await line.send(part)


@case()
async def just_below_the_limit(ask: Ask, line: Line, good: Good) -> None:
    """Answers with 1 MiB of control characters in a JSON string, each time."""
    body = b'{"a":"' + b"\\u0000" * ((BELOW_LIMIT - 8) // 6) + b'"}'
    await line.send(JSON_HEAD, _length(body), body)


@case(families=("images", "videos", "midjourney"))
async def large_files(ask: Ask, line: Line, good: Good) -> None:
    """Answers well, and makes every picture and film a file of 60 MB."""
    reply = await good()
    if not reply.media_type.startswith(("image/", "video/")):
        await line.send(reply.sent())
        return
    begin, size = reply.body[:64], 60_000_000
    await line.send(reply.sent(length=size)[: -len(reply.body)], begin)
    for _ in range((size - len(begin)) // 2**16 + 1):
        await line.send(bytes(2**16))


@case()
async def many_values(ask: Ask, line: Line, good: Good) -> None:
    """Answers with 350 000 empty objects in a list."""
    body = b'{"data":[' + b"{}," * (BELOW_LIMIT // 3 - 8) + b"{}]}"
    await line.send(JSON_HEAD, _length(body), body)


@case()
async def white_space(ask: Ask, line: Line, good: Good) -> None:
    """Answers with errors of 1 MB of white space, to slow regular expressions down."""
    body = json.dumps({"error": {"message": " \n at " * 75_000 + " " * 450_000, "type": "x", "code": "at" * 9}})
    status = b"500" if ask.number % 2 else b"400"
    await line.send(JSON_HEAD.replace(b"200", status), _length(body.encode()), body.encode())


@case()
async def gzip_bomb(ask: Ask, line: Line, good: Good) -> None:
    """Answers with gzip that grows a thousandfold, to 1 GB, although no coding was asked for."""
    await line.send(JSON_HEAD + b"content-encoding: gzip\r\n", _length(_BOMB), _BOMB)


@case()
async def packed_values(ask: Ask, line: Line, good: Good) -> None:
    """Answers with 600 000 empty objects or lists in gzip, and with 40 000 gzip members that hold nothing."""
    await line.send(
        JSON_HEAD + b"content-encoding: gzip\r\n", _length(_PACKED[ask.number % 3]), _PACKED[ask.number % 3]
    )


@case()
async def five_thousand_headers(ask: Ask, line: Line, good: Good) -> None:
    """Adds 5000 headers, and to every second answer one header of 300 kB."""
    reply = await good()
    more = [(f"x-{n}", "v") for n in range(5000)] if ask.number % 2 else [("x-long", "v" * 300_000)]
    await line.send(reply.sent(*more))


@case()
async def invalid_utf8(ask: Ask, line: Line, good: Good) -> None:
    """Puts bytes that are not UTF-8 into every string."""
    reply = await good()
    body = re.sub(rb':\s*"', b':"\xff\xc3\x28\xed\xa0\x80', reply.body)
    await line.send(Reply(reply.status, reply.headers, body).sent(("x-raw", "\xff\xfe")))


@case()
async def deep_json(ask: Ask, line: Line, good: Good) -> None:
    """Puts lists nested 200 deep into every place; every third answer is nested 100 000 deep."""
    if ask.number % 3 == 0:
        body = b"[" * 100_000 + b"]" * 100_000
        await line.send(JSON_HEAD, _length(body), body)
        return
    deep = "[" * 200 + '{"a":1}' + "]" * 200
    await line.send((await good()).with_values(lambda value: Raw(deep)).sent())


@case()
async def huge_numbers(ask: Ask, line: Line, good: Good) -> None:
    """Puts infinities and numbers of thousands of digits in the place of every number."""
    numbers = itertools.cycle(HUGE[ask.number % 8 :] + HUGE[: ask.number % 8])
    await line.send((await good()).with_values(lambda value: Raw(next(numbers)) if _is_number(value) else value).sent())


@case()
async def wrong_types(ask: Ask, line: Line, good: Good) -> None:
    """Puts a value of another type into every place, and no two answers alike."""
    values = itertools.cycle([None, True, -1, 1.5, "", [], {}, [None], {"a": None}, "x", 0, [[]], [{}]])
    for _ in range(ask.number % 13):
        next(values)
    await line.send((await good()).with_values(lambda value: next(values)).sent())


@case(from_the_start=True)
async def lone_surrogates(ask: Ask, line: Line, good: Good) -> None:
    """Puts halves of characters and NUL into every string, names of models included."""
    await line.send((await good()).with_values(lambda v: f"\ud800{v}\udfff\0" if isinstance(v, str) else v).sent())


@case(from_the_start=True)
async def escapes_and_script(ask: Ask, line: Line, good: Good) -> None:
    """Puts terminal escapes and script elements into every string and into headers."""
    reply = (await good()).with_values(lambda v: ESCAPES + v if isinstance(v, str) else v)
    head = ESCAPES.translate({13: None, 10: None}).encode().decode("latin-1")
    headers = tuple(
        (n, head + v if n.lower() == "content-type" and ask.number % 5 == 0 else v) for n, v in reply.headers
    )
    await line.send(Reply(reply.status, headers, reply.body).sent(("x-note", head), ("x-request-id", head)))


@case()
async def escapes_for_errors(ask: Ask, line: Line, good: Good) -> None:
    """Answers with errors and web pages made of terminal escapes and script elements."""
    text = ESCAPES.encode()
    kind = (b"text/html", b"text/plain\x1b[31m", b"application/json", b"x/\x9b31m<script>")[ask.number % 4]
    status = (b"200", b"400", b"404", b"503")[ask.number // 4 % 4]
    head = b"HTTP/1.1 %b \x1b[31m<script>\r\ncontent-type: %b\r\n" % (status, kind)
    await line.send(head, _length(text), text)


@case()
async def redirects_to_another_host(ask: Ask, line: Line, good: Good) -> None:
    """Redirects to another host, by 307 and 302."""
    status = b"307 Temporary Redirect" if ask.number % 2 else b"302 Found"
    await line.send(b"HTTP/1.1 %b\r\nlocation: %b/v1/models\r\ncontent-length: 0\r\n\r\n" % (status, OTHER_HOST[-1]))


@case()
async def redirects_to_a_file(ask: Ask, line: Line, good: Good) -> None:
    """Redirects to file:///etc/passwd."""
    await line.send(b"HTTP/1.1 302 Found\r\nlocation: file:///etc/passwd\r\ncontent-length: 0\r\n\r\n")


@case()
async def promises_too_many_bytes(ask: Ask, line: Line, good: Good) -> None:
    """Promises more bytes than it sends, and closes."""
    reply = await good()
    await line.send(reply.sent(length=len(reply.body) + 1000))


@case()
async def promises_too_few_bytes(ask: Ask, line: Line, good: Good) -> None:
    """Promises fewer bytes than it sends, or two lengths, or both framings, or none that is a number."""
    reply = await good()
    bare = [
        reply.sent(length=max(0, len(reply.body) - 5)),
        reply.sent(("content-length", "7")),
        reply.sent(("transfer-encoding", "chunked")),
        reply.sent(length=-1),
        b"HTTP/1.1 200 OK\r\ncontent-type: application/json\r\ntransfer-encoding: chunked\r\n\r\nzz\r\n{}\r\n",
        b"HTTP/1.1 200 OK\r\ntransfer-encoding: chunked\r\n\r\n" + b"f" * 40 + b"\r\n{}",
    ]
    await line.send(bare[ask.number % len(bare)])


@case()
async def no_http(ask: Ask, line: Line, good: Good) -> None:
    """Speaks something else than HTTP, or closes in every state."""
    whole = (await good()).sent()
    words = [
        b"",
        b"SSH-2.0-hub\r\n",
        b"HTTP/9.9 200 OK\r\n\r\n",
        b"HTTP/1.1 999 Odd\r\ncontent-length: 0\r\n\r\n",
        b"HTTP/1.1 101 Switching Protocols\r\nupgrade: x\r\nconnection: upgrade\r\n\r\n",
        b"HTTP/1.1 204 No Content\r\ncontent-length: 5\r\n\r\nabcde",
        b"\0" * 1000,
        whole[:9],
        whole[: whole.index(b"\r\n\r\n") - 3],
        whole[: whole.index(b"\r\n\r\n") + 4],
        whole[:-1],
    ]
    await line.send(words[ask.number % len(words)])


@case()
async def resets(ask: Ask, line: Line, good: Good) -> None:
    """Resets the connection: before an answer, in its head, and in its body."""
    whole = (await good()).sent()
    await line.send(whole[: (0, 20, len(whole) - 10)[ask.number % 3]])
    line.reset()


@case()
async def echoes_the_token(ask: Ask, line: Line, good: Good) -> None:
    """Repeats the token in headers, strings, names, events and links, in a dozen spellings."""
    token = _token_of(ask)
    spellings = itertools.cycle(_spellings(token))
    reply = (await good()).with_values(lambda v: _echo(v, token, spellings))
    if ask.number % 6 == 0:
        packed = gzip.compress(json.dumps({"error": {"message": f"bad key {token}"}}).encode())
        await line.send(JSON_HEAD + b"content-encoding: gzip\r\n", _length(packed), packed)
        return
    if ask.number % 6 == 1 and reply.media_type == "application/json":
        body = json.dumps({token: token, "error": {"message": _escaped(token), token: {token: 1}}}).encode()
        reply = Reply((400, 200, 500)[ask.number % 3], reply.headers, body)
    more = [("x-key", token), ("x-api-key", token), ("set-cookie", f"key={token}"), (f"x-{token}", "1")]
    more += [("location", f"/?key={quote(token)}"), ("www-authenticate", f'Bearer realm="{token}"'), ("allow", token)]
    await line.send(reply.sent(*more))


@case(bound="waits")
async def too_many_requests(ask: Ask, line: Line, good: Good) -> None:
    """Answers 429 for ever, and asks for waits of a second, of a century, or of no number."""
    wait = (b"1", b"3155760000", b"soon", b"nan", b"-5", b"Wed, 21 Oct 9999 07:28:00 GMT", b"1e999")[ask.number % 7]
    body = b'{"error":{"message":"slow down","type":"rate_limit_error","param":null,"code":"rate_limit_exceeded"}}'
    await line.send(
        JSON_HEAD.replace(b"200 OK", b"429 Too Many Requests") + b"retry-after: " + wait + b"\r\n", _length(body), body
    )


@case()
async def restarts(ask: Ask, line: Line, good: Good) -> None:
    """Goes away in the middle of the run, drops all connections, and comes back after a second."""
    if ask.number == RESTART_AT:
        HUBS[-1].restart(1.0)
        await line.hold()
    await line.send((await good()).sent())


@case(families=("realtime",), bound="hangs")
async def wrong_frames(ask: Ask, line: Line, good: Good) -> None:
    """Opens WebSockets; sends wrong opcodes, lengths, texts, pings for ever, 350 000 values; closes in every state."""
    key = ask.header("sec-websocket-key")
    if not key:
        await line.send((await good()).sent())
        return
    accept = base64.b64encode(hashlib.sha1(key.encode() + b"258EAFA5-E914-47DA-95CA-C5AB0DC85B11").digest())
    head = b"HTTP/1.1 101 Switching Protocols\r\nupgrade: websocket\r\nconnection: upgrade\r\n"
    protocol = b"sec-websocket-protocol: realtime\r\n" if ask.header("sec-websocket-protocol") else b""
    await line.send(head, protocol, b"sec-websocket-accept: ", accept, b"\r\n\r\n")
    play = _FRAMES[ask.number % len(_FRAMES)]
    await line.send(play)
    while play is _PING:
        await line.send(_PING * 100)
    if ask.number % 2:
        await line.hold()


_PING = b"\x89\x02hi"
_MANY = b'{"type":"session.created","session":[' + b"{}," * (BELOW_LIMIT // 3 - 20) + b"{}]}"
_FRAMES = (
    b"",
    _PING,
    b"\x8b\x00",
    b"\x83\x01a",
    b"\xf1\x02{}",
    b"\x80\x02{}",
    b"\x81\x82abcd{}",
    b"\x81\x02\xff\xfe",
    b"\x81\x7f\x7f\xff\xff\xff\xff\xff\xff\xff{",
    b"\x01\x7f\x00\x00\x00\x00\x40\x00\x00\x00" + b" " * 2**20,
    b"\x89\x7e\x01\x00" + b"x" * 256,
    b"\x88\x01\x03",
    b"\x88\x02\x03\xed",
    b"\x88\x04\xff\xff\xff\xfe",
    b'\x81\x19{"type":"session.created"',
    b"\x82\x04\x00\x01\x02\x03",
    b"\x81" + b'\x7e\x03\xe8{"type":"error","error":' + b"[" * 977,
    b"HTTP/1.1 200 OK\r\n\r\n",
    *[b"\x81\x7f" + len(_MANY).to_bytes(8, "big") + _MANY] * 6,
)
RESTART_AT = 12
HUBS: list[HostileHub] = []
"""The running hub, for the case that restarts it."""
OTHER_HOST: list[bytes] = []
"""Where redirects lead."""


def _length(body: bytes) -> bytes:
    return b"content-length: %d\r\n\r\n" % len(body)


def _is_number(value: Any) -> bool:
    return isinstance(value, int | float) and not isinstance(value, bool)


def _bomb() -> bytes:
    packer = zlib.compressobj(9, wbits=31)
    zeros = b" " * 2**20
    return b"".join(packer.compress(zeros) for _ in range(1024)) + packer.flush()


_BOMB = _bomb()
_PACKED = (
    gzip.compress(b"[" + b"{}," * 600_000 + b"{}]"),
    gzip.compress(b"[" + b"[]," * 600_000 + b"[]]"),
    gzip.compress(b"", mtime=0) * 40_000,
)


def _token_of(ask: Ask) -> str:
    return ask.header("authorization").removeprefix("Bearer ") or ask.header("x-api-key") or "none"


def _echo(value: Any, token: str, spellings: Iterator[str]) -> Any:
    if not isinstance(value, str):
        return value
    return Raw(f'"{next(spellings)}"') if "/" not in value else f"http://127.0.0.1:1/?key={token}"


def _spellings(token: str) -> list[str]:
    raw = token.encode()
    pair = base64.b64encode(b"user:" + raw).decode()
    return [
        token,
        token.upper(),
        _escaped(token),
        quote(token),
        base64.b64encode(raw).decode(),
        pair,
        f"Bearer {token}",
    ]


def _escaped(token: str) -> str:
    return "".join(f"\\u{ord(letter):04x}" for letter in token)


async def honest_but_slow(ask: Ask, line: Line, good: Good) -> None:
    """Answers well after a third of a second, so that a run can be cut short while it waits."""
    reply = await good()
    await asyncio.sleep(0.3)
    await line.send(reply.sent())


def mixed(name: str, ids: Sequence[str]) -> Case:
    """A hub that plays several cases in turn, another one for each request."""
    chosen = [case for case in CASES if case.id in ids]

    async def answer(ask: Ask, line: Line, good: Good) -> None:
        one = chosen[ask.number % len(chosen)]
        # Cases vary by the number of the request: within a mix they shall come by all their variants too.
        await one.answer(replace(ask, number=ask.number // len(chosen) if len(chosen) > 1 else ask.number), line, good)

    return Case(name, answer, from_the_start=all(case.from_the_start for case in chosen))
