"""What runs have left: reading a result, and the evidence beside it, from a report folder or from a ZIP file of one."""

from __future__ import annotations

import json
import shutil
from pathlib import Path, PurePosixPath

from pydantic import ValidationError

from conformance.engine.evidence import MOST_TEXT, SUFFIX, EvidenceError, Store, read_record
from conformance.report.archive import ArchiveError, read_archive
from conformance.report.result import SCHEMA_VERSION, Result

RESULT = "result.json"
EVIDENCE = "evidence"
MOST_EVIDENCE = 4 * MOST_TEXT
"""Bytes of JSON in all evidence files of a run together, as they are read."""


class KeptError(Exception):
    """A report that cannot be used; the text is one line that names the file and says what to do."""


def read_result(path: Path) -> Result:
    """The result of a report folder, or of a `result.json`.

    Raises:
        KeptError: there is none, or it is none that this suite reads.
    """
    file = path / RESULT if path.is_dir() else path
    try:
        return parse_result(file.read_bytes(), str(file))
    except OSError as problem:
        raise KeptError(f"cannot read {file}: {problem.strerror or problem}") from None


def parse_result(content: bytes, name: str) -> Result:
    """The result that the bytes of a `result.json` hold.

    Raises:
        KeptError: they hold none, or one of another version.
    """
    try:
        data = json.loads(content)
        version = data.get("schema_version")
    except (ValueError, AttributeError, RecursionError):
        raise KeptError(f"{name} is not a result of this suite: it is no JSON object") from None
    if version != SCHEMA_VERSION:
        by = data.get("suite") if isinstance(data.get("suite"), dict) else {}
        raise KeptError(
            f"{name} is of version {version!r}, written by hub-conformance {by.get('version', 'unknown')}: "
            f"this suite reads version {SCHEMA_VERSION}"
        )
    try:
        return Result.model_validate_json(content)
    except ValidationError as problem:
        first = problem.errors()[0]
        place = "/".join(str(part) for part in first["loc"])
        raise KeptError(f"{name} is not a result of this suite: /{place}: {first['msg']}") from None


def unpack(source: Path, folder: Path) -> Result:
    """Put the evidence of a run into `folder`, and return its result.

    Args:
        source: a report folder, or a ZIP file that holds one (at its root or deeper), a certificate for example.
        folder: exists and is empty.

    Raises:
        KeptError: there is no run, or its evidence is none that this suite reads.
        OSError: the folder cannot be written.
    """
    if source.is_dir():
        result = read_result(source)
        for path in sorted((source / EVIDENCE).glob(f"*{SUFFIX}")):
            shutil.copyfile(path, folder / path.name)
    else:
        result = _unzip(source, folder)
    check_evidence(folder, source)
    return result


def _unzip(source: Path, folder: Path) -> Result:
    try:
        files = read_archive(source)
    except ArchiveError as problem:
        raise KeptError(str(problem)) from None
    except OSError as problem:
        raise KeptError(f"cannot read {source}: {problem.strerror or problem}") from None
    found = sorted((name for name in files if PurePosixPath(name).name == RESULT), key=lambda name: name.count("/"))
    if not found:
        raise KeptError(f"{source} holds no {RESULT}: give a report folder, a ZIP file of one, or a certificate")
    home = PurePosixPath(found[0]).parent / EVIDENCE
    for name, content in files.items():
        path = PurePosixPath(name)
        if path.parent == home and path.name.endswith(SUFFIX):
            (folder / path.name).write_bytes(content)
    return parse_result(files[found[0]], f"{source}:{found[0]}")


def check_evidence(folder: Path, source: Path) -> None:
    """Look once at every evidence file before anything is judged by it.

    Raises:
        KeptError: there is none, one cannot be read, or a key stands in another key's file.
    """
    store = Store(folder)
    whole = 0
    for path in store.files:
        try:
            record = read_record(path)
        except (EvidenceError, OSError) as problem:
            raise KeptError(str(problem).replace(f"{folder}/", f"{source}: ")) from None
        whole += record.size
        if store.path(record.key).name != path.name:
            raise KeptError(f"{source}: {path.name} holds the evidence of {record.key[:80]!r}, which is another file's")
        if whole > MOST_EVIDENCE:
            raise KeptError(f"{source}: the evidence comes to more than {MOST_EVIDENCE >> 20} MiB")
    if not store.files:
        raise KeptError(f"{source} holds no evidence: there is no {EVIDENCE}/*{SUFFIX}")
