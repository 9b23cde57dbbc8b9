"""Secrets taken out of evidence at the moment it is recorded.

A secret is replaced by a marker of exactly its length, so that byte offsets, Content-Length and chunk boundaries stay
true, and a judge still sees that a hub repeated the token, and where.

Secrets of eight and more characters are replaced wherever they stand, in every spelling that a server is likely to give
them. Shorter ones ("test", "1234") occur in honest text as well, and replacing them everywhere would falsify evidence:
they are replaced where credentials stand, and elsewhere only as whole words. Not even that is done with fewer than four
characters or with digits alone, since a number in a body must stay a number.
"""

from __future__ import annotations

import base64
import hmac
import json
import re
from collections.abc import Iterable, Iterator, Sequence
from dataclasses import replace
from typing import TYPE_CHECKING, NoReturn
from urllib.parse import quote, quote_plus

if TYPE_CHECKING:
    from conformance.wire.exchange import Piece

__all__ = ["CREDENTIAL_HEADERS", "MARKER", "OTHER_MARKER", "Redactor", "Secret", "marker_in"]

CREDENTIAL_HEADERS = frozenset(
    {"authorization", "proxy-authorization", "x-api-key", "x-goog-api-key", "mj-api-secret", "api-key", "cookie"}
)
CREDENTIAL_PARAMETERS = ("key", "api_key", "api-key", "apikey", "access_token", "token")
CREDENTIAL_PROTOCOL = "openai-insecure-api-key."
"""Begins the WebSocket subprotocol that carries a token, for browsers can set no header."""

MARKER = "[token]"
"""Begins the replacement of a known secret; asterisks fill it up to the length of the secret."""
OTHER_MARKER = "[other]"
"""Begins the replacement of a credential that is none of the known secrets."""

_SHORT = 8
_WORD = 4
_SCHEME = re.compile(r"((?:bearer|basic|digest|token|apikey|negotiate|midjourney-proxy)\s+)(\S.*)", re.I | re.S)
_PARAMETER = re.compile(rf"([?&](?:{'|'.join(CREDENTIAL_PARAMETERS)})=)([^&#]*)", re.I)
_PROTOCOL = re.compile(rf"((?:^|[\s,]){re.escape(CREDENTIAL_PROTOCOL)})([^\s,]+)", re.I)
_USERINFO = re.compile(r"(?<=://)[^/?#@]*(?=@)")
_WHOLE_MARKER = re.compile(r"\[(?:token|other)\]\**|\[?\**\]?")
_ESCAPES = (b"\\u", b"\\x", b"%", b"&#")
_REPEATED = re.compile(rb"\[token\]\*")

Data = bytes


class Secret:
    """A text which nothing shows by accident: not repr, str, format, a traceback, a log record or a pickle."""

    __slots__ = ("__value",)

    def __init__(self, value: str) -> None:
        self.__value = value

    def reveal(self) -> str:
        """The text itself; call this where it goes on the wire and nowhere else."""
        return self.__value

    def __repr__(self) -> str:
        return "Secret(****)"

    def __format__(self, spec: str) -> str:
        return format(repr(self), spec)

    def __bool__(self) -> bool:
        return bool(self.__value)

    def __eq__(self, other: object) -> bool:
        if not isinstance(other, Secret):
            return NotImplemented
        return hmac.compare_digest(self.__value.encode(), other.__value.encode())

    def __hash__(self) -> int:
        return hash(self.__value)

    def __copy__(self) -> Secret:
        return self

    def __deepcopy__(self, memo: object) -> Secret:
        return self

    def __reduce__(self) -> NoReturn:
        raise TypeError("a Secret is not pickled; give the other process the name of its environment variable")


def marker_in(data: bytes | str) -> bool:
    """Whether recorded bytes or text repeat a secret of eight or more characters."""
    return _REPEATED.search(data.encode("utf-8", "replace") if isinstance(data, str) else data) is not None


class Redactor:
    """Replaces secrets. ``shown`` are made-up credentials (a wrong token, say) that evidence may show as they are."""

    def __init__(self, secrets: Iterable[str | Secret] = (), *, shown: Iterable[str] = ()) -> None:
        plain = {secret.reveal() if isinstance(secret, Secret) else secret for secret in secrets} - {""}
        forms = {form for secret in plain if len(secret) >= _SHORT for form in _forms(secret)}
        self._plain = frozenset(plain)
        self._shown = frozenset(shown) - self._plain
        # Longest first: a secret may be part of another one.
        self._markers = [(form, _marker(len(form)).encode()) for form in sorted(forms, key=len, reverse=True)]
        self._disguised = [_disguised(secret) for secret in plain if len(secret) >= _SHORT]
        self._words = _words(secret for secret in plain if _WORD <= len(secret) < _SHORT and not secret.isdigit())

    def __repr__(self) -> str:
        return f"Redactor(<{len(self._plain)} secrets>)"

    def text(self, text: str) -> str:
        """The text without secrets."""
        return self.bytes(text.encode("utf-8", "surrogatepass")).decode("utf-8", "surrogatepass")

    def bytes(self, data: Data) -> Data:
        """The bytes without secrets, of the same length."""
        for form, marker in self._markers:
            data = data.replace(form, marker)
        if any(sign in data for sign in _ESCAPES):
            for pattern in self._disguised:
                data = pattern.sub(lambda found: _marker(len(found[0])).encode(), data)
        return self._words.sub(_mask_word, data) if self._words else data

    def pieces(self, pieces: Sequence[Piece]) -> tuple[Piece, ...]:
        """The pieces without secrets, those that a boundary cuts included; boundaries and times are kept."""
        body = b"".join(piece.data for piece in pieces)
        clean = self.bytes(body)
        return tuple(pieces) if clean == body else self._cut(pieces, clean)

    @staticmethod
    def _cut(pieces: Sequence[Piece], body: Data) -> tuple[Piece, ...]:
        cut: list[Piece] = []
        start = 0
        for piece in pieces:
            end = start + len(piece.data)
            cut.append(replace(piece, data=body[start:end]))
            start = end
        return tuple(cut)

    def hides(self, data: Data) -> bool:
        """Whether there is a secret in the bytes."""
        return self.bytes(data) != data

    def blanked(self, pieces: Sequence[Piece]) -> tuple[Piece, ...]:
        """The pieces with a single marker over all of them, for a body from which a secret cannot be cut out."""
        marker = _marker(sum(len(piece.data) for piece in pieces)).encode()
        return self._cut(pieces, marker)

    def headers(self, headers: Iterable[tuple[str, str]]) -> tuple[tuple[str, str], ...]:
        """The headers without secrets.

        What a credential header carries is replaced even if it is no known secret; its scheme word stays.
        """
        return tuple((self.text(name), self._header(name, value)) for name, value in headers)

    def url(self, url: str) -> str:
        """The URL without secrets: those in credential parameters and user information, and known ones anywhere."""
        url = _PARAMETER.sub(lambda found: found[1] + self._credential(found[2]), url)
        url = _USERINFO.sub(lambda found: self._credential(found[0]), url)
        return self.text(url)

    def _header(self, name: str, value: str) -> str:
        if name.lower() == "sec-websocket-protocol":
            value = _PROTOCOL.sub(lambda found: found[1] + self._credential(found[2]), value)
        if name.lower() not in CREDENTIAL_HEADERS:
            return self.text(value)
        scheme = _SCHEME.fullmatch(value)
        return scheme[1] + self._credential(scheme[2]) if scheme else self._credential(value)

    def _credential(self, value: str) -> str:
        if value in self._shown or _WHOLE_MARKER.fullmatch(value):
            return value
        known = value in self._plain or self.text(value) != value
        return _marker(len(value), MARKER if known else OTHER_MARKER)


def _disguised(secret: str) -> re.Pattern[Data]:
    """The secret with any of its characters escaped as in JSON (within JSON), in URLs, in HTML, or in source text."""
    letters = (
        rf"(?:{re.escape(letter)}|(?i:\\{{1,8}}u{ord(letter):04x}|%{ord(letter):02x}|\\{{1,8}}x{ord(letter):02x}"
        rf"|&#x0*{ord(letter):x};|&#0*{ord(letter)};))"
        for letter in secret
    )
    return re.compile("".join(letters).encode("utf-8"))


def _marker(length: int, word: str = MARKER) -> str:
    if length >= len(word):
        return word.ljust(length, "*")
    return "[" + "*" * (length - 2) + "]" if length > 2 else "*" * length


def _mask_word(found: re.Match[Data]) -> Data:
    return found[0] if found[0].startswith((b"[token]", b"[other]")) else _marker(len(found[0])).encode()


def _words(secrets: Iterable[str]) -> re.Pattern[Data] | None:
    words = b"|".join(re.escape(secret.encode()) for secret in sorted(secrets, key=len, reverse=True))
    # A marker is matched first, and left alone, so that the secret "token" does not spoil it.
    return re.compile(rb"\[(?:token|other)\]\**|(?<![\w-])(?:%b)(?![\w-])" % words) if words else None


def _forms(secret: str) -> Iterator[Data]:
    for text in _spellings(secret):
        yield text.encode()
        # Header text is latin-1: what was UTF-8 on the wire reads differently there.
        yield text.encode().decode("latin-1").encode()
    raw = secret.encode()
    yield raw.hex().encode()
    for encode in (base64.b64encode, base64.urlsafe_b64encode):
        yield encode(raw).rstrip(b"=")
        # Inside a longer text the first and the last character depend on what stands around it.
        for shift in range(3):
            yield encode(bytes(shift) + raw)[-(-shift * 8 // 6) : (shift + len(raw)) * 8 // 6]


def _spellings(secret: str) -> Iterator[str]:
    for text in (secret, secret.lower(), secret.upper()):
        yield text
        for coded in (quote(text, safe=""), quote(text), quote_plus(text)):
            yield coded
            yield re.sub("%[0-9A-F]{2}", lambda found: found[0].lower(), coded)
        for escaped in (json.dumps(text)[1:-1], json.dumps(text, ensure_ascii=False)[1:-1]):
            yield escaped
            yield escaped.replace("/", "\\/")
            yield escaped.replace("&", "\\u0026").replace("<", "\\u003c").replace(">", "\\u003e")
