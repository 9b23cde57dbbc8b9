"""Small real files that probes send along."""

from __future__ import annotations

import array
import io
import math
import struct
import sys
import wave
import zlib

_COLOUR, _COLOUR_WITH_ALPHA = 2, 6


def png(width: int = 32, height: int = 32, colour: tuple[int, int, int] = (255, 0, 0)) -> bytes:
    """A picture of one colour as PNG."""
    return _png(width, height, _COLOUR, (b"\x00" + bytes(colour) * width) * height)


def png_with_hole(width: int = 32, height: int = 32) -> bytes:
    """A black picture as PNG, the right half of which is transparent."""
    left = width // 2
    row = b"\x00" + bytes((0, 0, 0, 255)) * left + bytes(4) * (width - left)
    return _png(width, height, _COLOUR_WITH_ALPHA, row * height)


def wav(seconds: float = 1.0, pitch: float = 440.0, rate: int = 16_000) -> bytes:
    """A tone that swells and fades, as WAV: one channel of 16 bits."""
    count = int(seconds * rate)
    turn = 2 * math.pi / rate
    samples = array.array(
        "h", (int(9000 * math.sin(math.pi * i / count) * math.sin(turn * pitch * i)) for i in range(count))
    )
    if sys.byteorder == "big":
        samples.byteswap()
    file = io.BytesIO()
    with wave.open(file, "wb") as writer:
        writer.setnchannels(1)
        writer.setsampwidth(2)
        writer.setframerate(rate)
        writer.writeframes(samples.tobytes())
    return file.getvalue()


def _png(width: int, height: int, colours: int, rows: bytes) -> bytes:
    head = struct.pack(">IIBBBBB", width, height, 8, colours, 0, 0, 0)
    chunks = ((b"IHDR", head), (b"IDAT", zlib.compress(rows)), (b"IEND", b""))
    return b"\x89PNG\r\n\x1a\n" + b"".join(
        struct.pack(">I", len(data)) + kind + data + struct.pack(">I", zlib.crc32(kind + data)) for kind, data in chunks
    )
