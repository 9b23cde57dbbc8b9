"""Bytes that are a film, and bytes that are none."""

from __future__ import annotations

import pytest

from conformance.engine.kit.films import Film, film_of
from conformance.engine.kit.media import Undecodable
from conformance.engine.kit.samples import png, wav
from conformance.hub.film import mp4

DATA = mp4(64, 48, 2, 4, "test")


def test_a_film_is_read() -> None:
    assert film_of(DATA) == Film(64, 48, 2.0)


def test_a_box_may_reach_to_the_end() -> None:
    place = DATA.index(b"moov") - 4
    assert film_of(DATA[:place] + b"\0\0\0\0" + DATA[place + 4 :]) == Film(64, 48, 2.0)


@pytest.mark.parametrize(
    "data",
    [
        b"",
        b"ftyp",
        b"\0\0\0\x18ftypisom",
        DATA[: len(DATA) // 2],
        DATA[:-1],
        DATA + b"more",
        DATA.replace(b"trak", b"free"),
        b'{"error": "expired"}',
        png(),
        wav(0.1),
        b"\0\0\0\x10ftypisom\0\0\0\0",
    ],
    ids=range(11),
)
def test_what_is_none_is_named(data: bytes) -> None:
    with pytest.raises(Undecodable) as problem:
        film_of(data)
    assert len(str(problem.value)) < 300
