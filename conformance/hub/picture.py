"""Small real pictures: drawn with the standard library, changed and turned into other formats with Pillow."""

import functools
import hashlib
import io
import struct
import warnings
import zlib
from typing import TYPE_CHECKING

if TYPE_CHECKING:
    from PIL.Image import Image

SQUARE = 8
"""Side of the squares of the pattern in pixels."""
TAKEN = ("PNG", "JPEG", "WEBP")
MOST_PIXELS = 4096 * 4096
"""Of a caller's picture."""


@functools.lru_cache(maxsize=16)
def png(width: int, height: int, seed: str = "") -> bytes:
    """A chequered picture in two colours that depend on `seed`, as PNG with a palette of one bit a pixel."""
    palette = hashlib.sha256(seed.encode("utf-8", "surrogatepass")).digest()[:6]
    across = -(-width // 8)
    rows = [b"\x00" + (b"\xff\x00" * across)[shift : shift + across] for shift in (0, 1)]
    block = rows[0] * SQUARE + rows[1] * SQUARE
    raw = (block * (height // (2 * SQUARE) + 1))[: height * (across + 1)]
    head = struct.pack(">IIBBBBB", width, height, 1, 3, 0, 0, 0)
    parts = ((b"IHDR", head), (b"PLTE", palette), (b"IDAT", zlib.compress(raw, 9)), (b"IEND", b""))
    return b"\x89PNG\r\n\x1a\n" + b"".join(_chunk(kind, data) for kind, data in parts)


def _chunk(kind: bytes, data: bytes) -> bytes:
    return struct.pack(">I", len(data)) + kind + data + struct.pack(">I", zlib.crc32(kind + data))


def converted(data: bytes, format: str, quality: int = 90, transparent: bool = False) -> bytes:
    """A picture of this module as png, jpeg or webp; with `transparent` one of its two colours lets through."""
    if format == "png" and not transparent:
        return data
    from PIL import Image

    picture = Image.open(io.BytesIO(data)).convert("RGB")
    if transparent:
        picture.putalpha(Image.open(io.BytesIO(data)).convert("P").point([0] + [255] * 255, "L"))
    file = io.BytesIO()
    picture.save(file, format, quality=quality)
    return file.getvalue()


def opened(data: bytes) -> "Image":
    """A caller's picture, unpacked; raises `ValueError` for anything else, and for one that is too large."""
    from PIL import Image

    try:
        with warnings.catch_warnings():
            warnings.simplefilter("ignore")
            picture = Image.open(io.BytesIO(data), formats=TAKEN)
            if picture.width * picture.height > MOST_PIXELS:
                raise ValueError("too many pixels")
            picture.load()
    except Exception as problem:  # what a decoder raises on bytes that were made to upset it, nobody has listed
        raise ValueError("not a picture") from problem
    return picture


def repainted(original: "Image", mask: "Image | None", size: tuple[int, int], seed: str) -> bytes:
    """The picture in another size, chequered where the mask is transparent, or faintly all over; as PNG."""
    from PIL import Image

    before = original.convert("RGB").resize(size)
    after = Image.open(io.BytesIO(png(*size, seed))).convert("RGB")
    if mask is None:
        done = Image.blend(before, after, 0.5)
    else:
        done = Image.composite(before, after, mask.convert("RGBA").getchannel("A").resize(size))
    file = io.BytesIO()
    done.save(file, "png", compress_level=1)
    return file.getvalue()
