"""Small real films: a band that wanders over a ground of one colour or over a picture, as MP4 (H.264, by PyAV)."""

import functools
import hashlib
import io
from typing import TYPE_CHECKING, cast

from conformance.hub.picture import opened

if TYPE_CHECKING:
    from av import VideoFrame
    from av.video import VideoStream

CODECS: tuple[tuple[str, dict[str, str]], ...] = (("libx264", {"preset": "ultrafast"}), ("mpeg4", {}))
"""Encoders of FFmpeg with their options, the better one first: not every build has it."""
MOST_FRAMES = 48
_GROUND, _BAND = 60, 200


@functools.lru_cache(maxsize=16)
def mp4(width: int, height: int, seconds: float, fps: int, seed: str, picture: bytes = b"") -> bytes:
    """A film; the same bytes every time. A long one shows each of its frames longer.

    `width` and `height` are even numbers of pixels, `seed` decides the colours, `picture` lies under the band.
    """
    import av

    count = min(max(1, round(seconds * fps)), MOST_FRAMES)
    codec, options = next((name, given) for name, given in CODECS if name in av.codecs_available)
    ground = _ground(width, height, seed, picture)
    file = io.BytesIO()
    with av.open(file, "w", format="mp4", options={"fflags": "+bitexact"}) as output:
        stream = cast("VideoStream", output.add_stream(codec, rate=fps, options=options))
        stream.width, stream.height, stream.pix_fmt = width, height, "yuv420p"
        stream.codec_context.thread_count = 1
        pause = max(1, round(seconds * fps / count))
        for number in range(count):
            frame = _frame(width, height, ground, number / count)
            frame.pts, frame.duration = number * pause, pause
            for packet in stream.encode(frame):
                packet.duration = pause
                output.mux(packet)
        for packet in stream.encode(None):
            packet.duration = pause
            output.mux(packet)
    return file.getvalue()


def _ground(width: int, height: int, seed: str, picture: bytes) -> "VideoFrame":
    import av

    if picture:
        shown = opened(picture).convert("RGB").resize((width, height))
        # PyAV leaves these two methods without types.
        turned = av.VideoFrame.from_image(shown).reformat(format="yuv420p")  # type: ignore[no-untyped-call]
        return cast("VideoFrame", turned)
    frame = av.VideoFrame(width, height, "yuv420p")
    colours = hashlib.sha256(seed.encode("utf-8", "surrogatepass")).digest()
    for plane, value in zip(frame.planes, (_GROUND, *colours[:2]), strict=True):
        plane.update(bytes([value]) * plane.buffer_size)
    return frame


def _frame(width: int, height: int, ground: "VideoFrame", share: float) -> "VideoFrame":
    import av

    frame = av.VideoFrame(width, height, "yuv420p")
    for plane, under in zip(frame.planes, ground.planes, strict=True):
        plane.update(bytes(under))
    brightness = frame.planes[0]
    line, thickness = brightness.line_size, max(1, height // 8)
    top = int(share * (height - thickness))
    rows = bytes(brightness)
    brightness.update(rows[: top * line] + bytes([_BAND]) * (thickness * line) + rows[(top + thickness) * line :])
    return frame
