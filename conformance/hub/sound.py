"""Small real recordings: made with the standard library, and brought into other formats and back with FFmpeg (PyAV)."""

import array
import functools
import io
import math
import sys
import wave
from typing import TYPE_CHECKING, Any, cast

if TYPE_CHECKING:
    from av.audio import AudioStream
    from av.container import InputContainer

RATE = 24_000
"""Samples a second; one channel of 16 bits."""
ENCODERS = {"mp3": ("mp3", "libmp3lame"), "opus": ("ogg", "libopus"), "aac": ("adts", "aac"), "flac": ("flac", "flac")}
"""Container and codec by format, as FFmpeg calls them."""
LONGEST_RECORDING = 1_500
"""Seconds of a caller's recording."""


@functools.lru_cache(maxsize=16)
def tone(seconds: float, pitch: float = 440.0) -> bytes:
    """A sine tone as raw little-endian PCM."""
    count = int(seconds * RATE)
    samples = array.array("h", (int(8000 * math.sin(2 * math.pi * pitch * i / RATE)) for i in range(count)))
    if sys.byteorder == "big":
        samples.byteswap()
    return samples.tobytes()


def wav(pcm: bytes) -> bytes:
    """`pcm` as a WAV file."""
    file = io.BytesIO()
    with wave.open(file, "wb") as writer:
        writer.setnchannels(1)
        writer.setsampwidth(2)
        writer.setframerate(RATE)
        writer.writeframes(pcm)
    return file.getvalue()


def encoded(pcm: bytes, format: str) -> bytes:
    """`pcm` as mp3, opus (in Ogg), aac (ADTS), flac, wav or pcm; the same bytes every time."""
    if format in ("pcm", "wav"):
        return wav(pcm) if format == "wav" else pcm
    import av

    frame = av.AudioFrame(format="s16", layout="mono", samples=len(pcm) // 2)
    frame.planes[0].update(pcm)
    frame.sample_rate, frame.pts = RATE, 0
    container, codec = ENCODERS[format]
    file = io.BytesIO()
    with av.open(file, "w", format=container, options={"fflags": "+bitexact"}) as output:
        stream = cast("AudioStream", output.add_stream(codec, rate=RATE, layout="mono"))
        for given in (frame, None):
            output.mux(stream.encode(given))
    return file.getvalue()


def heard(data: bytes) -> tuple[float, bool]:
    """How long a caller's recording is in seconds, and whether there is anything but silence in it.

    Raises `ValueError` for what is no recording, and for one that is too long.
    """
    import av

    container = _container_of(data)
    if not container:
        raise ValueError("not a recording")
    try:
        # PyAV minds tags in other encodings than UTF-8 until 19, and has no such argument from then on.
        tags: dict[str, Any] = {} if int(av.__version__.partition(".")[0]) >= 19 else {"metadata_errors": "ignore"}
        with av.open(io.BytesIO(data), "r", format=container, **tags) as source:
            return _heard(source)
    except Exception as problem:  # what a decoder raises on bytes that were made to upset it, nobody has listed
        raise ValueError("not a recording") from problem


def _container_of(data: bytes) -> str:
    """The container of a recording by its first bytes; formats that may refer to other files are not among them."""
    if data[:4] == b"RIFF" and data[8:12] == b"WAVE":
        return "wav"
    marks = {b"OggS": "ogg", b"fLaC": "flac", b"ID3": "mp3", b"\x1aE\xdf\xa3": "matroska"}
    found = next((name for mark, name in marks.items() if data.startswith(mark)), "")
    if found or data[4:8] == b"ftyp":
        return found or "mp4"
    if len(data) > 1 and data[0] == 0xFF and data[1] & 0xE0 == 0xE0:
        return "mp3" if data[1] & 0x06 else "aac"
    return ""


def _heard(source: "InputContainer") -> tuple[float, bool]:
    seconds, loud = 0.0, False
    for frame in source.decode(source.streams.audio[0]):
        seconds += frame.samples / (frame.sample_rate or RATE)
        loud = loud or any(bytes(frame.planes[0]))
        if seconds > LONGEST_RECORDING:
            raise ValueError(f"longer than {LONGEST_RECORDING} s")
    if not seconds:
        raise ValueError("no sound in it")
    return seconds, loud
