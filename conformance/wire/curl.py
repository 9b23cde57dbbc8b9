"""A recorded request as a shell command that sends it again.

The token is taken from the environment: markers of the redactor become ``$HUB_TOKEN``, and those of a
credential that was none of the known secrets become ``$OTHER_TOKEN``.
"""

from __future__ import annotations

import re
import shlex
from collections.abc import Iterator

from conformance.wire.exchange import Request
from conformance.wire.redact import CREDENTIAL_HEADERS, CREDENTIAL_PARAMETERS, CREDENTIAL_PROTOCOL

__all__ = ["curl"]

_LONGEST_ARGUMENT = 100_000
"""Linux takes no single argument above 128 KiB."""

_OWN = {"host", "content-length", "connection"}
_DEFAULTS = {("accept", "*/*"), ("accept-encoding", "identity")}
_VARIABLES = {"token": "$HUB_TOKEN", "other": "$OTHER_TOKEN"}
_MARKER = re.compile(r"\[(token|other)\]\**")
_SHORT_MARKER = re.compile(r"(?:^|(?<=\s))(?:\[\*{1,4}\]|\*{1,2})$")
_SHORT_PROTOCOL = re.compile(rf"(?i:(?<={re.escape(CREDENTIAL_PROTOCOL)}))(?:\[\*{{1,4}}\]|\*{{1,2}})(?=[\s,]|$)")
_PARAMETER = re.compile(rf"(?<=[?&])((?:{'|'.join(CREDENTIAL_PARAMETERS)})=)(\[\*{{1,4}}\]|\*{{1,2}})(?=[&#]|$)", re.I)
_PLAIN_IN_DOUBLE_QUOTES = re.compile(r"[^\"\\$`!\x00-\x1f\x7f]*")
_STREAMS = re.compile(rb'"stream"\s*:\s*true')


def curl(request: Request, *, stream: bool | None = None) -> str:
    """The command, over several lines; ``stream`` prints bytes as they come (None: if the request asks for a stream).

    A body that a shell cannot take is named ``body.bin``, with a comment line on top.
    """
    lines = [_first(request, _streams(request) if stream is None else stream)]
    lines += [f"-H {_quoted(text)}" for text in _headers(request)]
    note = ""
    if request.body or request.method in ("POST", "PUT", "PATCH"):
        argument, note = _body(request)
        lines.append(argument)
    return note + " \\\n  ".join(lines)


def _first(request: Request, stream: bool) -> str:
    words = ["curl", "-i"]
    if stream:
        words.append("-N")
    if request.method == "HEAD":
        words.append("--head")
    elif request.method != "GET" or request.body:
        words += ["-X", shlex.quote(request.method)]
    url = _PARAMETER.sub(r"\1[token]", request.url)
    if re.search(r"[\[\]{}]", _MARKER.sub("", url)):
        words.append("--globoff")
    return " ".join([*words, _quoted(url)])


def _streams(request: Request) -> bool:
    accept = request.header("accept") or ""
    return (
        request.header("upgrade") is not None
        or "text/event-stream" in accept
        or "streamGenerateContent" in request.url
        or _STREAMS.search(request.body) is not None
    )


def _headers(request: Request) -> Iterator[str]:
    for name, value in request.headers:
        lower = name.lower()
        kept = lower == "connection" and value.lower() == "upgrade"
        if (lower in _OWN and not kept) or lower == "user-agent" or (lower, value) in _DEFAULTS:
            continue
        if lower in CREDENTIAL_HEADERS:
            value = _SHORT_MARKER.sub("[token]", value)
        elif lower == "sec-websocket-protocol":
            value = _SHORT_PROTOCOL.sub("[token]", value)
        # curl takes "Name:" as the wish to send no such header, and "Name;" as an empty one.
        yield f"{name}: {value}" if value else f"{name};"
    if request.header("content-type") is None and (request.body or request.method in ("POST", "PUT", "PATCH")):
        yield "Content-Type:"


def _body(request: Request) -> tuple[str, str]:
    kind = (request.header("content-type") or "").partition(";")[0].strip().lower()
    text = _shell_text(request.body)
    if text is None or kind.startswith("multipart/"):
        size = len(request.body)
        note = f"# body.bin holds the recorded body of this request: {size} bytes{f' of {kind}' if kind else ''}\n"
        return "--data-binary @body.bin", note
    return f"--data-raw {_quoted(text)}", ""


def _shell_text(body: bytes) -> str | None:
    try:
        text = body.decode("utf-8")
    except UnicodeDecodeError:
        return None
    # A body may repeat what the hub has said; on a terminal that must neither move the cursor nor hide anything.
    inert = all(character.isprintable() or character in "\n\t" for character in text)
    return text if inert and len(body) <= _LONGEST_ARGUMENT else None


def _quoted(text: str) -> str:
    """The text as one shell word in which markers are variables."""
    if not _MARKER.search(text):
        return shlex.quote(text)
    if _PLAIN_IN_DOUBLE_QUOTES.fullmatch(_MARKER.sub("", text)):
        return '"' + _MARKER.sub(lambda found: _VARIABLES[found[1]], text) + '"'
    parts = _MARKER.split(text)
    # Even places hold text, odd ones the word of the marker between.
    quoted = [f'"{_VARIABLES[part]}"' if place % 2 else shlex.quote(part) for place, part in enumerate(parts) if part]
    return "".join(quoted)
