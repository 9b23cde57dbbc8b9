"""Bytes of videos: whether they are an MP4 file that a player opens. The decoder is imported where it is used."""

from __future__ import annotations

import io
import struct
from dataclasses import dataclass
from typing import TYPE_CHECKING

from conformance.engine.kit.media import Undecodable, read_once

if TYPE_CHECKING:
    from av.container import InputContainer

MOST_PIXELS_OF_FRAMES = 3840 * 2160
"""Films with larger pictures are not decoded: a decoder keeps a dozen frames at once, 12 MB each."""
MOST_FRAMES = 48
"""Of a longer film no more frames are decoded."""
_MICROSECONDS = 1_000_000


@dataclass(frozen=True)
class Film:
    """Sizes are in pixels; `seconds` is None when the file does not tell."""

    width: int
    height: int
    seconds: float | None


@read_once
def film_of(data: bytes) -> Film:
    """Open an MP4 file and decode its first frames.

    Raises:
        Undecodable: it is none, broken, not whole, or without any picture in it.
    """
    import av

    _check_boxes(data)
    try:
        with av.open(io.BytesIO(data), mode="r", format="mp4") as container:
            return _decoded(container)
    except (av.error.FFmpegError, ValueError, IndexError, OSError) as problem:
        raise Undecodable(f"a film that cannot be decoded ({problem})") from problem


def _check_boxes(data: bytes) -> None:
    """Walk over the outermost boxes (ISO/IEC 14496-12, 4.2): each has its length, and the last one ends the file."""
    if data[4:8] != b"ftyp":
        raise Undecodable(f"no MP4 file: {data[:16]!r}")
    place = 0
    while place < len(data):
        head = data[place : place + 16]
        if len(head) < 8:
            raise Undecodable(f"an MP4 file with {len(head)} stray bytes at its end")
        length = struct.unpack(">I", head[:4])[0]
        if length == 1 and len(head) == 16:
            length = struct.unpack(">Q", head[8:])[0]
        if length == 0:
            return
        if length < 8 or place + length > len(data):
            kind = head[4:8].decode("latin-1")
            raise Undecodable(f"an MP4 file that breaks off: box {kind!r} of {length} bytes at {place} of {len(data)}")
        place += length


def _decoded(container: InputContainer) -> Film:
    stream = container.streams.video[0]
    if stream.codec_context is None:
        raise Undecodable("a film of a kind that no decoder is known for")
    width, height = stream.codec_context.width, stream.codec_context.height
    if width * height > MOST_PIXELS_OF_FRAMES:
        return Film(width, height, _seconds(container))
    seen = 0
    for frame in container.decode(stream):
        width, height, seen = frame.width, frame.height, seen + 1
        if seen >= MOST_FRAMES:
            break
    if not seen:
        raise Undecodable("a film without any picture in it")
    return Film(width, height, _seconds(container))


def _seconds(container: InputContainer) -> float | None:
    return container.duration / _MICROSECONDS if container.duration else None
