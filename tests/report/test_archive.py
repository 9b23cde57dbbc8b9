"""ZIP files of strangers: what is refused before anything is unpacked, each in one line."""

from __future__ import annotations

import io
import stat
import zipfile
import zlib
from collections.abc import Callable
from pathlib import Path

import pytest

import conformance.report.archive as archive_module
from conformance.report.archive import ArchiveError, read_archive, write_archive

Pack = Callable[[zipfile.ZipFile], None]


def packed(pack: Pack, path: Path) -> Path:
    with zipfile.ZipFile(path, "w", zipfile.ZIP_DEFLATED) as archive:
        archive.writestr("result.json", b"{}")
        pack(archive)
    return path


def named(name: str) -> Pack:
    return lambda archive: archive.writestr(zipfile.ZipInfo(name), b"x")


def link(archive: zipfile.ZipFile) -> None:
    entry = zipfile.ZipInfo("evidence/link.json.gz")
    entry.create_system = 3
    entry.external_attr = (stat.S_IFLNK | 0o777) << 16
    archive.writestr(entry, b"/etc/passwd")


def twice(archive: zipfile.ZipFile) -> None:
    with pytest.warns(UserWarning, match="Duplicate"):
        archive.writestr("result.json", b"[]")


def bomb(archive: zipfile.ZipFile) -> None:
    archive.writestr("evidence/bomb.json.gz", b"\0" * (2 * archive_module.SMALL))


def strange(archive: zipfile.ZipFile) -> None:
    archive.writestr("evidence/a.json.gz", b"x", zipfile.ZIP_BZIP2)


TRICKS: dict[str, tuple[Pack, str]] = {
    "absolute": (named("/etc/passwd"), "leads elsewhere"),
    "drive": (named("C:/windows"), "leads elsewhere"),
    "upwards": (named("evidence/../../x.json.gz"), "leads elsewhere"),
    "backslash": (named("evidence\\..\\x"), "leads elsewhere"),
    "dot": (named("./result.json"), "leads elsewhere"),
    "control character": (named("evidence/a\x1b[2J.json.gz"), "leads elsewhere"),
    "link": (link, "link or a device"),
    "the same name twice": (twice, "twice"),
    "the same name in capitals": (named("RESULT.json"), "twice"),
    "bomb": (bomb, "unpacks from"),
    "another packing": (strange, "does not read"),
}


@pytest.mark.parametrize("trick", TRICKS)
def test_a_trick_is_refused_in_one_line(trick: str, tmp_path: Path) -> None:
    pack, words = TRICKS[trick]
    with pytest.raises(ArchiveError) as refused:
        read_archive(packed(pack, tmp_path / "a.zip"))
    assert words in str(refused.value)
    assert "\n" not in str(refused.value)
    assert "\x1b" not in str(refused.value)


def test_too_many_files_and_too_much_of_them(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    path = packed(lambda archive: archive.writestr("report.html", b"abc" * 100), tmp_path / "a.zip")
    monkeypatch.setattr(archive_module, "MOST_BYTES", 300)
    with pytest.raises(ArchiveError, match="unpacks to"):
        read_archive(path)
    monkeypatch.setattr(archive_module, "MOST_FILES", 1)
    with pytest.raises(ArchiveError, match="2 files"):
        read_archive(path)


def test_an_encrypted_file_is_refused(tmp_path: Path) -> None:
    content = bytearray(write_archive({"result.json": b"{}"}))
    content[content.index(b"PK\x01\x02") + 8] |= 1
    (tmp_path / "a.zip").write_bytes(content)
    with pytest.raises(ArchiveError, match="encrypted"):
        read_archive(tmp_path / "a.zip")


def test_sizes_that_are_not_true_are_not_believed(tmp_path: Path) -> None:
    """A directory that says 3 bytes of a file that unpacks to a million gives at most 3."""
    content = bytearray(packed(lambda a: a.writestr("b.json", b"\0" * 1_000_000), tmp_path / "a.zip").read_bytes())
    where = content.rindex(b"PK\x01\x02") + 24
    content[where : where + 4] = (3).to_bytes(4, "little")
    (tmp_path / "a.zip").write_bytes(content)
    with pytest.raises(ArchiveError, match="not a whole ZIP file"):
        read_archive(tmp_path / "a.zip")


@pytest.mark.parametrize("content", [b"", b"PK", b"no zip at all" * 100])
def test_what_is_no_archive_is_refused(content: bytes, tmp_path: Path) -> None:
    (tmp_path / "a.zip").write_bytes(content)
    with pytest.raises(ArchiveError, match="not a whole ZIP file"):
        read_archive(tmp_path / "a.zip")


def test_a_damaged_file_is_refused(tmp_path: Path) -> None:
    content = bytearray(write_archive({"result.json": b"{}" * 50}))
    content[content.index(b"{}") + 3] ^= 1
    (tmp_path / "a.zip").write_bytes(content)
    with pytest.raises(ArchiveError, match="CRC"):
        read_archive(tmp_path / "a.zip")


def test_equal_files_give_equal_bytes_and_come_back(tmp_path: Path) -> None:
    files = {"result.json": b"{}", "evidence/chat_answer.json.gz": zlib.compress(b"x")}
    content = write_archive(files)
    assert content == write_archive(dict(reversed(files.items())))
    (tmp_path / "a.zip").write_bytes(content)
    assert read_archive(tmp_path / "a.zip") == files
    with zipfile.ZipFile(io.BytesIO(content)) as archive:
        assert archive.testzip() is None
