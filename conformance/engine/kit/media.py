"""Bytes of pictures and sounds: whether they are what they are said to be.

They come from a hub that nobody vouches for: only formats that are named here are opened, and what would unpack to more
than a bound is refused before it is unpacked. The decoders are imported where they are used.
"""

from __future__ import annotations

import base64
import binascii
import io
import re
import struct
import warnings
from collections import OrderedDict
from collections.abc import Callable
from dataclasses import dataclass
from hashlib import sha256
from typing import TYPE_CHECKING, Any, TypeVar

if TYPE_CHECKING:
    from av.container import InputContainer

T = TypeVar("T")

MOST_PIXELS = 4096 * 4096
"""Pictures with more pixels are not unpacked: 67 MB of memory."""
MOST_REMEMBERED = 64
MOST_SECONDS = 900
"""Of a longer recording no more is decoded."""
PICTURES = ("PNG", "JPEG", "WEBP", "GIF")
DEMUXERS = {
    "mp3": "mp3",
    "opus": "ogg",
    "vorbis": "ogg",
    "aac": "aac",
    "flac": "flac",
    "wav": "wav",
    "mp4": "mp4",
    "webm": "matroska",
}
"""How FFmpeg calls the container of each format of sound."""
RAW_RATE = 24_000
"""Samples a second of raw sound whose label does not tell it."""


class Undecodable(ValueError):
    """The bytes are not what they should be; the text says in which way."""


@dataclass(frozen=True)
class Picture:
    """`format` is png, jpeg, webp or gif; sizes are in pixels."""

    format: str
    width: int
    height: int


@dataclass(frozen=True)
class Sound:
    """`format` is mp3, opus (in Ogg), vorbis, aac (ADTS), flac, wav, mp4, webm or pcm."""

    format: str
    rate: int
    channels: int
    seconds: float


def from_base64(text: str) -> bytes:
    """The bytes behind plain base64 in the standard alphabet, padded.

    Raises:
        Undecodable: it is something else, such as a data URL.
    """
    if text.startswith("data:"):
        raise Undecodable("a data: URL in the place of base64")
    try:
        return base64.b64decode(text, validate=True)
    except (binascii.Error, ValueError) as problem:
        raise Undecodable(f"no base64 ({problem})") from problem


def read_once(read: Callable[[bytes], T]) -> Callable[[bytes], T]:
    """Remember what was made of the last files by their digests, for a file itself may be large."""
    known: OrderedDict[bytes, T | str] = OrderedDict()

    def remembered(data: bytes) -> T:
        digest = sha256(data).digest()
        if digest not in known:
            try:
                known[digest] = read(data)
            except Undecodable as problem:
                known[digest] = str(problem)
            if len(known) > MOST_REMEMBERED:
                known.popitem(last=False)
        found = known[digest]
        if isinstance(found, str):
            raise Undecodable(found)
        return found

    return remembered


@read_once
def picture_of(data: bytes) -> Picture:
    """Unpack a picture to its last pixel.

    Raises:
        Undecodable: it is of no known format, broken, or not whole.
    """
    from PIL import Image, UnidentifiedImageError

    try:
        with warnings.catch_warnings():
            warnings.simplefilter("ignore")
            picture = Image.open(io.BytesIO(data), formats=PICTURES)
            if picture.width * picture.height <= MOST_PIXELS:
                picture.load()
    except UnidentifiedImageError as problem:
        raise Undecodable(f"bytes of no known picture format: {data[:12]!r}") from problem
    except Exception as problem:  # what a decoder raises on bytes that were made to upset it, nobody has listed
        raise Undecodable(f"a picture that cannot be read ({problem})") from problem
    return Picture(str(picture.format).lower(), picture.width, picture.height)


def sound_format(data: bytes) -> str:
    """The format of a recording by its first bytes; empty when they are those of none."""
    if data[:4] == b"RIFF" and data[8:12] == b"WAVE":
        return "wav"
    if data[:4] == b"OggS":
        return "opus" if b"OpusHead" in data[:128] else "vorbis"
    if data[:4] == b"fLaC":
        return "flac"
    if data[4:8] == b"ftyp":
        return "mp4"
    if data[:4] == b"\x1aE\xdf\xa3":
        return "webm"
    if data[:3] == b"ID3":
        return "mp3"
    if len(data) > 1 and data[0] == 0xFF and data[1] & 0xE0 == 0xE0:
        return "mp3" if data[1] & 0x06 else "aac"
    return ""


@read_once
def sound_of(data: bytes) -> Sound:
    """Decode a recording.

    Raises:
        Undecodable: it is of no known format, broken, or without any sound in it.
    """
    import av

    format = sound_format(data)
    if not format:
        raise Undecodable(f"bytes of no known sound format: {data[:12]!r}")
    try:
        with av.open(io.BytesIO(data), mode="r", format=DEMUXERS[format], **_any_tags(av.__version__)) as container:
            rate, channels, samples = _decoded(container)
    except Exception as problem:  # what a decoder raises on bytes that were made to upset it, nobody has listed
        raise Undecodable(f"a recording that cannot be decoded ({problem})") from problem
    if not rate or not samples:
        raise Undecodable("a recording without any sound in it")
    return Sound(format, rate, channels, samples / rate)


def _any_tags(version: str) -> dict[str, Any]:
    """What makes PyAV take tags in other encodings than UTF-8, which are common and harmless; from 19 on it does."""
    return {} if int(version.partition(".")[0]) >= 19 else {"metadata_errors": "ignore"}


def _decoded(container: InputContainer) -> tuple[int, int, int]:
    """Sample rate, channels, and the number of samples of one channel."""
    stream = container.streams.audio[0]
    rate, channels, samples = 0, 0, 0
    for frame in container.decode(stream):
        rate, channels = frame.sample_rate, len(frame.layout.channels)
        samples += frame.samples
        if samples > MOST_SECONDS * rate:
            break
    return rate, channels, samples


def wav_of(data: bytes) -> Sound:
    """Read a WAV file and hold its head against what it holds.

    Raises:
        Undecodable: it is none, or holds less than it promises.
    """
    if data[:4] != b"RIFF" or data[8:12] != b"WAVE":
        raise Undecodable(f"no WAV file: {data[:12]!r}")
    place, head = 12, None
    try:
        while place < len(data):
            kind, (length,) = data[place : place + 4], struct.unpack_from("<I", data, place + 4)
            if kind == b"fmt ":
                head = struct.unpack_from("<HHIIHH", data, place + 8)
            if kind == b"data":
                break
            place += 8 + length + length % 2
        else:
            raise Undecodable("a WAV file without samples")
    except struct.error as problem:
        raise Undecodable("a WAV file that breaks off") from problem
    if head is None or not head[1] or not head[2] or not head[3]:
        raise Undecodable("a WAV file without a proper head")
    held = len(data) - place - 8
    if length not in (0, 0xFFFFFFFF) and held < length:
        raise Undecodable(f"a WAV file with {held} of {length} bytes of samples")
    return Sound("wav", head[2], head[1], min(held, length or held) / head[3])


def pcm_of(data: bytes, mime_type: str) -> Sound:
    """Read raw samples of 16 bits as `audio/L16` and its kin label them (RFC 2586): the rate is in the label.

    Raises:
        Undecodable: the label has no rate, or the bytes are no whole number of samples.
    """
    rate = _parameter(mime_type, "rate")
    if rate is None or not 1_000 <= rate <= 400_000:
        raise Undecodable(f"raw samples without their rate: {mime_type!r}")
    return raw_of(data, rate, _parameter(mime_type, "channels") or 1)


def raw_of(data: bytes, rate: int = RAW_RATE, channels: int = 1) -> Sound:
    """Read raw samples of 16 bits.

    Raises:
        Undecodable: the bytes are no whole number of samples, or something else: text, or a recording with a head.
    """
    if len(data) % (2 * channels) or not data:
        raise Undecodable(f"{len(data)} bytes, no whole number of samples")
    if data.isascii() and b"\0" not in data:
        raise Undecodable(f"text in the place of samples: {data[:24]!r}")
    format = _known_format(data)
    if format:
        raise Undecodable(f"a recording in the format {format} in the place of raw samples")
    return Sound("pcm", rate, channels, len(data) / (2 * channels * rate))


def _known_format(data: bytes) -> str:
    """The format of a recording that can be decoded: two bytes of raw samples may look like the head of an MP3."""
    try:
        return sound_of(data).format
    except Undecodable:
        return ""


def _parameter(mime_type: str, name: str) -> int | None:
    found = re.search(rf";\s*{name}\s*=\s*\"?([0-9]{{1,9}})", mime_type, re.IGNORECASE)
    return int(found[1]) if found else None
