"""Reading and writing ZIP files without believing them.

What somebody else packed is looked at before anything is unpacked: names, kinds, sizes, and how they add up.
"""

from __future__ import annotations

import io
import re
import stat
import zipfile
import zlib
from collections.abc import Iterator, Mapping
from pathlib import Path

MOST_FILES = 20_000
MOST_BYTES = 2**30
"""Unpacked size of a whole archive."""
LARGEST_FILE = 256 * 2**20
STEEPEST = 200
"""How many times larger than packed a file may be; evidence is compressed already, and text comes to about 20."""
SMALL = 2**20
"""Bytes below which a file may be packed as steeply as it likes."""

_NAME = re.compile(r"[A-Za-z0-9_.~+@ ()\[\]/-]+")
_EPOCH = (1980, 1, 1, 0, 0, 0)
_ENCRYPTED = 0x1


class ArchiveError(Exception):
    """An archive that is not opened; the text is one line that says why."""


def read_archive(path: Path) -> dict[str, bytes]:
    """Every file of an archive by its name.

    Raises:
        ArchiveError: it is no ZIP file, is damaged, or holds something that a report never does: a name that leads
            elsewhere, the same name twice, a link, a password, or more than could be meant.
        OSError: it cannot be read.
    """
    content = path.read_bytes()
    try:
        with zipfile.ZipFile(io.BytesIO(content)) as archive:
            listed = [entry for entry in archive.infolist() if not entry.is_dir()]
            _check(archive.infolist(), path)
            return {entry.filename: archive.read(entry) for entry in listed}
    except (zipfile.BadZipFile, zlib.error, NotImplementedError, RuntimeError, EOFError, ValueError) as problem:
        raise ArchiveError(f"{path} is not a whole ZIP file: {_line(problem)}") from None


def write_archive(files: Mapping[str, bytes]) -> bytes:
    """The files as a ZIP file: sorted, uncompressed and without dates, so that equal files give equal bytes."""
    buffer = io.BytesIO()
    with zipfile.ZipFile(buffer, "w", zipfile.ZIP_STORED) as archive:
        for name in sorted(files):
            entry = zipfile.ZipInfo(name, _EPOCH)
            entry.create_system = 3
            entry.external_attr = (stat.S_IFREG | 0o644) << 16
            archive.writestr(entry, files[name])
    return buffer.getvalue()


def _check(entries: list[zipfile.ZipInfo], path: Path) -> None:
    for reason in _objections(entries):
        raise ArchiveError(f"{path} is refused: {reason}")


def _objections(entries: list[zipfile.ZipInfo]) -> Iterator[str]:
    if len(entries) > MOST_FILES:
        yield f"it holds {len(entries)} files, and no report has more than {MOST_FILES}"
    seen: set[str] = set()
    for entry in entries:
        yield from _objections_to(entry)
        # Some file systems hold two names for one that differ in case alone.
        if entry.filename.lower() in seen:
            yield f"it holds {entry.filename[:80]!r} twice"
        seen.add(entry.filename.lower())
    whole = sum(entry.file_size for entry in entries)
    if whole > MOST_BYTES:
        yield f"it unpacks to {whole >> 20} MiB, and no report has more than {MOST_BYTES >> 20}"


def _objections_to(entry: zipfile.ZipInfo) -> Iterator[str]:
    # What stands in the file, before `zipfile` brings separators and NUL into order.
    name = entry.orig_filename
    shown = repr(name[:80])
    parts = name.rstrip("/").split("/")
    if not _NAME.fullmatch(name) or any(part in ("", ".", "..") for part in parts):
        yield f"the name {shown} leads elsewhere, or is no name of a report's file"
    if stat.S_IFMT(entry.external_attr >> 16) not in (0, stat.S_IFREG, stat.S_IFDIR):
        yield f"{shown} is a link or a device"
    if entry.flag_bits & _ENCRYPTED:
        yield f"{shown} is encrypted"
    if entry.compress_type not in (zipfile.ZIP_STORED, zipfile.ZIP_DEFLATED):
        yield f"{shown} is packed in a way that this suite does not read"
    if entry.file_size > LARGEST_FILE or entry.file_size > max(SMALL, STEEPEST * entry.compress_size):
        yield f"{shown} unpacks from {entry.compress_size} to {entry.file_size} bytes"


def _line(problem: Exception) -> str:
    return str(problem).splitlines()[0][:200] if str(problem) else type(problem).__name__
