"""Decoding of pictures and sounds that come from nobody knows where."""

from __future__ import annotations

import io
import struct
import sys
import zlib

import pytest
from PIL import Image

from conformance.engine.kit.media import (
    Picture,
    Undecodable,
    from_base64,
    pcm_of,
    picture_of,
    raw_of,
    read_once,
    sound_format,
    sound_of,
    wav_of,
)
from conformance.engine.kit.samples import png, png_with_hole, wav
from conformance.hub.sound import encoded, heard, tone


def encoded_picture(format: str) -> bytes:
    file = io.BytesIO()
    Image.new("RGB", (40, 30), "red").save(file, format)
    return file.getvalue()


@pytest.mark.parametrize("format", ["png", "jpeg", "webp", "gif"])
def test_pictures_are_read(format: str) -> None:
    assert picture_of(encoded_picture(format)) == Picture(format, 40, 30)


@pytest.mark.parametrize("format", ["png", "jpeg", "webp"])
def test_half_a_picture_is_none(format: str) -> None:
    data = encoded_picture(format)
    with pytest.raises(Undecodable):
        picture_of(data[: len(data) // 2])


@pytest.mark.parametrize(
    "data", [b"", b"{}", b"\x89PNG\r\n\x1a\n", b"<svg/>", b"BM" + bytes(60), b"%!PS-Adobe-3.0 EPSF"]
)
def test_other_bytes_are_no_picture(data: bytes) -> None:
    with pytest.raises(Undecodable):
        picture_of(data)


def test_a_bomb_is_not_unpacked() -> None:
    side = 1 << 16
    head = struct.pack(">IIBBBBB", side, side, 8, 2, 0, 0, 0)
    chunk = struct.pack(">I", len(head)) + b"IHDR" + head + struct.pack(">I", zlib.crc32(b"IHDR" + head))
    with pytest.raises(Undecodable, match="pixels"):
        picture_of(png().replace(png()[8:33], chunk))


def test_samples_are_what_they_seem() -> None:
    assert picture_of(png(8, 9)) == Picture("png", 8, 9)
    assert picture_of(png_with_hole(64, 32)) == Picture("png", 64, 32)
    assert wav_of(wav(2.0)).seconds == 2.0


@pytest.mark.parametrize("format", ["mp3", "opus", "aac", "flac", "wav"])
def test_recordings_are_decoded(format: str) -> None:
    data = encoded(tone(1.0), format)
    sound = sound_of(data)
    assert (sound.format, sound.channels) == (format, 1)
    assert sound.seconds == pytest.approx(1.0, abs=0.1)
    assert sound_format(data) == format


@pytest.mark.parametrize(
    "data",
    [b"", b"{}", b"RIFF\0\0\0\0WAVE", b"ID3", b"\xff\xfb" + bytes(9), b"OggS" + bytes(99), b"#EXTM3U\nfile:///x"],
)
def test_other_bytes_are_no_recording(data: bytes) -> None:
    with pytest.raises(Undecodable):
        sound_of(data)


def test_tags_in_another_encoding_harm_no_recording() -> None:
    words = b"\x03caf\xe9"
    title = b"TIT2" + struct.pack(">I", len(words)) + bytes(2) + words
    tagged = b"ID3\x03" + bytes(5) + bytes([len(title)]) + title + encoded(tone(1.0), "mp3")
    assert sound_of(tagged).seconds == pytest.approx(1.0, abs=0.1)
    assert heard(tagged)[0] == pytest.approx(1.0, abs=0.1)


def test_raw_samples_are_told_from_text_and_files() -> None:
    assert raw_of(tone(0.5)).seconds == 0.5
    assert raw_of(bytes(480)).seconds == 0.01
    assert raw_of(b"\xff\xfb" + tone(0.5)).format == "pcm"
    mp3 = encoded(tone(0.5), "mp3")
    for data in (b"", b"abc", b"some text!", b'{"audio": "x"}', encoded(tone(0.5), "wav"), mp3[: len(mp3) // 2 * 2]):
        with pytest.raises(Undecodable):
            raw_of(data)


def test_raw_samples_take_their_rate_from_the_label() -> None:
    assert pcm_of(tone(0.5), "audio/L16;codec=pcm;rate=24000").seconds == 0.5
    with pytest.raises(Undecodable):
        pcm_of(tone(0.5), "audio/L16")


@pytest.mark.parametrize("text", ["data:image/png;base64,AAAA", "AAA", "AA\nAA", "A_-A", "\ud800"])
def test_only_plain_base64_is_base64(text: str) -> None:
    with pytest.raises(Undecodable):
        from_base64(text)


def test_a_file_is_read_once_and_not_kept() -> None:
    read: list[bytes] = []

    @read_once
    def length(data: bytes) -> int:
        read.append(data[:4])
        if not data:
            raise Undecodable("nothing there")
        return len(data)

    data = bytes(100_000)
    before = sys.getrefcount(data)
    assert (length(data), length(bytes(100_000))) == (100_000, 100_000)
    assert sys.getrefcount(data) == before
    for _ in range(2):
        with pytest.raises(Undecodable, match="nothing there"):
            length(b"")
    assert len(read) == 2
