"""Secrets leave no trace in evidence, and evidence stays true to the byte."""

from __future__ import annotations

import base64
import copy
import json
import pickle
import time
import traceback
from dataclasses import asdict, dataclass
from urllib.parse import quote

import pytest
from hypothesis import given, settings
from hypothesis import strategies as st

from conformance.wire.exchange import Piece
from conformance.wire.redact import CREDENTIAL_HEADERS, Redactor, Secret, marker_in

TOKEN = "sk-Ab/cd+ef&Gh12345"
MASK = "[token]" + "*" * (len(TOKEN) - 7)
REDACTOR = Redactor([TOKEN])


@pytest.mark.parametrize(
    "spelling",
    [
        TOKEN,
        TOKEN.lower(),
        TOKEN.upper(),
        quote(TOKEN, safe=""),
        quote(TOKEN, safe="").lower(),
        quote(TOKEN),
        json.dumps(TOKEN)[1:-1],
        TOKEN.replace("/", "\\/"),
        TOKEN.replace("&", "\\u0026"),
        base64.b64encode(TOKEN.encode()).decode(),
        base64.b64encode(TOKEN.encode()).decode().rstrip("="),
        base64.urlsafe_b64encode(TOKEN.encode()).decode(),
        base64.b64encode(f"{TOKEN}:more".encode()).decode(),
        "".join(f"\\u{ord(letter):04x}" for letter in TOKEN),
        "".join(f"\\\\u{ord(letter):04X}" for letter in TOKEN),
        "".join(f"\\\\\\\\x{ord(letter):02x}" for letter in TOKEN),
    ],
)
def test_every_spelling_is_replaced_in_place(spelling: str) -> None:
    before = f'{{"message": "bad key {spelling}."}}'.encode()
    after = REDACTOR.bytes(before)
    assert len(after) == len(before)
    assert spelling.rstrip("=")[:-1].encode() not in after
    assert (after[:21], after[-3:]) == (before[:21], before[-3:])
    assert marker_in(after)
    assert not marker_in(before)
    assert REDACTOR.text(before.decode()) == after.decode()


def test_text_without_secret_stays() -> None:
    assert REDACTOR.bytes(b"\xff\x00 sk-Ab") == b"\xff\x00 sk-Ab"
    assert REDACTOR.text("\u20ac \ud800") == "\u20ac \ud800"
    assert Redactor().bytes(b"x") == b"x"
    assert Redactor(["", Secret("")]).text("abc") == "abc"


def test_a_secret_cut_by_pieces_is_found() -> None:
    text = f"data: {TOKEN}\n\n".encode()
    pieces = [Piece(0.1, text[:9]), Piece(0.2, b""), Piece(0.3, text[9:12]), Piece(0.4, text[12:])]
    clean = REDACTOR.pieces(pieces)
    assert [(piece.at, len(piece.data)) for piece in clean] == [(piece.at, len(piece.data)) for piece in pieces]
    assert b"".join(piece.data for piece in clean) == f"data: {MASK}\n\n".encode()


@settings(max_examples=40, deadline=None, derandomize=True, database=None)
@given(parts=st.lists(st.sampled_from([TOKEN, TOKEN[:5], TOKEN[5:], "x", "[token]", "\n"]), max_size=8))
def test_nothing_but_the_secret_changes(parts: list[str]) -> None:
    before = "".join(parts)
    after = REDACTOR.text(before)
    assert TOKEN not in after
    assert after == before.replace(TOKEN, MASK)
    assert REDACTOR.text(after) == after


@pytest.mark.parametrize("name", sorted(CREDENTIAL_HEADERS))
def test_credential_headers_show_no_value(name: str) -> None:
    assert REDACTOR.headers([(name.title(), TOKEN)]) == ((name.title(), MASK),)
    assert REDACTOR.headers([(name, "some-other-value")]) == ((name, "[other]*********"),)
    assert REDACTOR.headers([(name, "")]) == ((name, ""),)


@pytest.mark.parametrize("scheme", ["Bearer ", "bearer  ", "Basic ", "midjourney-proxy "])
def test_the_scheme_word_stays(scheme: str) -> None:
    assert REDACTOR.headers([("Authorization", scheme + TOKEN)]) == (("Authorization", scheme + MASK),)


def test_an_unknown_first_word_is_no_scheme() -> None:
    assert REDACTOR.headers([("authorization", "half of-it")]) == (("authorization", "[other]***"),)


def test_other_headers_lose_known_secrets_only() -> None:
    headers = [("sec-websocket-protocol", f"realtime, openai-insecure-api-key.{TOKEN}"), ("new-api-user", "1")]
    assert REDACTOR.headers(headers) == (
        ("sec-websocket-protocol", f"realtime, openai-insecure-api-key.{MASK}"),
        ("new-api-user", "1"),
    )


@pytest.mark.parametrize(
    ("value", "clean"),
    [
        (f"realtime, openai-insecure-api-key.{TOKEN}", f"realtime, openai-insecure-api-key.{MASK}"),
        ("openai-insecure-api-key.somebody-else,realtime", "openai-insecure-api-key.[other]******,realtime"),
        ("realtime, OpenAI-insecure-API-key.1234, x", "realtime, OpenAI-insecure-API-key.[**], x"),
        ("realtime, openai-insecure-api-key.1234", "realtime, openai-insecure-api-key.[**]"),
        ("realtime, openai-beta.realtime-v1", "realtime, openai-beta.realtime-v1"),
        ("openai-insecure-api-key.", "openai-insecure-api-key."),
    ],
)
def test_a_token_among_subprotocols_is_a_credential(value: str, clean: str) -> None:
    redactor = Redactor([TOKEN, "1234"])
    once = redactor.headers([("Sec-WebSocket-Protocol", value)])
    assert once[0][1] == clean
    assert redactor.headers(once) == once


def test_made_up_credentials_may_be_shown() -> None:
    redactor = Redactor([TOKEN], shown=["sk-wrong-on-purpose", TOKEN])
    assert redactor.headers([("authorization", "Bearer sk-wrong-on-purpose")])[0][1] == "Bearer sk-wrong-on-purpose"
    assert redactor.headers([("authorization", f"Bearer {TOKEN}")])[0][1] == f"Bearer {MASK}"
    assert redactor.url("http://h/?key=sk-wrong-on-purpose") == "http://h/?key=sk-wrong-on-purpose"


@pytest.mark.parametrize(
    ("url", "clean"),
    [
        ("https://h/v1?key=unknown99&alt=sse", "https://h/v1?key=[other]**&alt=sse"),
        (f"https://h/v1?a=1&KEY={quote(TOKEN, safe='')}#f", "https://h/v1?a=1&KEY=[token]" + "*" * 18 + "#f"),
        ("https://user:pass@h/v1", "https://[other]**@h/v1"),
        (f"https://h/{TOKEN.lower()}/x", f"https://h/{MASK}/x"),
        ("https://h/v1?monkey=banana&key=", "https://h/v1?monkey=banana&key="),
    ],
)
def test_urls(url: str, clean: str) -> None:
    assert REDACTOR.url(url) == clean


def test_redacting_twice_changes_nothing() -> None:
    once = REDACTOR.headers([("authorization", f"Bearer {TOKEN}"), ("cookie", "a=b"), ("x-api-key", "abc")])
    assert REDACTOR.headers(once) == once
    assert REDACTOR.url(REDACTOR.url(f"http://h/?key={TOKEN}")) == REDACTOR.url(f"http://h/?key={TOKEN}")


def test_short_secrets_are_replaced_with_care() -> None:
    redactor = Redactor(["token", "1234", "abc"])
    assert redactor.text("a token, tokens, my-token") == "a [***], tokens, my-token"
    assert redactor.text('{"total_tokens": 1234, "c": "abc"}') == '{"total_tokens": 1234, "c": "abc"}'
    assert redactor.headers([("x-api-key", "abc"), ("authorization", "Bearer 1234")]) == (
        ("x-api-key", "[*]"),
        ("authorization", "Bearer [**]"),
    )
    assert redactor.url("http://h/?key=1234&n=1234") == "http://h/?key=[**]&n=1234"


def test_a_short_secret_does_not_spoil_the_marker_of_a_long_one() -> None:
    assert Redactor(["token", TOKEN]).text(f"token {TOKEN} token") == f"[***] {MASK} [***]"


def test_of_nested_secrets_the_longest_is_taken() -> None:
    assert Redactor(["abcdefgh", "abcdefghijkl"]).text("abcdefghijkl abcdefgh") == "[token]***** [token]*"


def test_a_body_of_backslashes_is_redacted_quickly() -> None:
    start = time.process_time()
    assert REDACTOR.bytes(b"\\" * 2**20) == b"\\" * 2**20
    assert time.process_time() - start < 5


def test_a_large_body_is_redacted_quickly() -> None:
    body = b"data: some words of a model\n\n" * 250_000
    start = time.process_time()
    REDACTOR.bytes(body)
    assert time.process_time() - start < 1


def test_a_secret_shows_itself_only_when_asked() -> None:
    secret = Secret(TOKEN)

    @dataclass
    class Target:
        token: Secret

    target = Target(secret)
    shown = [repr(secret), str(secret), f"{secret}", f"{secret:>30}", f"{secret!s} {secret!r}", repr(target)]
    shown.append(repr(asdict(target)))
    assert not any(TOKEN in text for text in shown)
    assert secret.reveal() == TOKEN
    assert Redactor([secret]).text(TOKEN) == MASK
    assert TOKEN not in repr(Redactor([secret]))


def test_a_secret_can_be_compared_and_copied_but_not_pickled() -> None:
    secret = Secret(TOKEN)
    assert secret == Secret(TOKEN)
    assert secret != Secret("x")
    assert secret != TOKEN
    assert len({secret, Secret(TOKEN)}) == 1
    assert bool(secret)
    assert not Secret("")
    assert copy.deepcopy(secret) is secret
    assert copy.copy(secret) is secret
    with pytest.raises(TypeError, match="not pickled") as caught:
        pickle.dumps(secret)
    assert TOKEN not in "".join(traceback.format_exception(caught.value))
