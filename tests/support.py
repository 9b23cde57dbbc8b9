"""Hand-made evidence for tests."""

from __future__ import annotations

import gzip
import json
from pathlib import Path
from typing import Any

from conformance.wire.exchange import End, Exchange, Piece, Request


def answer(
    value: Any = None,
    *,
    status: int | None = 200,
    body: bytes | None = None,
    media_type: str = "application/json",
    headers: tuple[tuple[str, str], ...] = (),
    operation: str = "chat-completions",
    end: End = End.complete,
    problem: str = "",
) -> Exchange:
    """An exchange that ended after 20 ms with one piece; `status=None` for one that got no answer."""
    content = json.dumps(value).encode() if body is None else body
    return Exchange(
        request=Request("POST", "http://127.0.0.1:1/v1/chat/completions", operation=operation),
        status=status,
        http_version="HTTP/1.1",
        headers=(("content-type", media_type), *headers) if status is not None else (),
        headers_at=0.01 if status is not None else None,
        pieces=(Piece(0.02, content),) if status is not None else (),
        ended_at=0.02,
        end=end,
        problem=problem,
    )


def holding(folder: Path, word: str) -> list[Path]:
    """The files of a folder that hold a word, also where they are compressed."""
    files = [path for path in sorted(folder.rglob("*")) if path.is_file()]
    return [path for path in files if word.encode() in plain(path)]


def plain(path: Path) -> bytes:
    """The bytes of a file with its compression undone."""
    content = path.read_bytes()
    return gzip.decompress(content) if path.suffix == ".gz" else content
