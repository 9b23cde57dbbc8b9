"""Forms with files (multipart/form-data, RFC 7578): how they are sent, and how a sent one is read again."""

from __future__ import annotations

from collections.abc import Iterable
from dataclasses import dataclass
from email.parser import BytesParser
from email.policy import HTTP
from functools import lru_cache
from typing import Any

from conformance.wire.exchange import Request

BOUNDARY = "hub-conformance-4b8e21d7"
FORM = "multipart/form-data"


@dataclass(frozen=True)
class File:
    """A file of a form."""

    name: str
    media_type: str
    content: bytes


def form(fields: Iterable[tuple[str, str | File]]) -> dict[str, Any]:
    """A form as arguments of `Hub.send`; a name may come several times."""
    parts = [_part(name, value) for name, value in fields]
    body = b"".join(parts) + f"--{BOUNDARY}--\r\n".encode()
    return {"body": body, "headers": {"Content-Type": f"{FORM}; boundary={BOUNDARY}"}}


def _part(name: str, value: str | File) -> bytes:
    head, content = f'form-data; name="{name}"', value.encode() if isinstance(value, str) else value.content
    if isinstance(value, File):
        head += f'; filename="{value.name}"\r\nContent-Type: {value.media_type}'
    return f"--{BOUNDARY}\r\nContent-Disposition: {head}\r\n\r\n".encode() + content + b"\r\n"


@lru_cache(maxsize=256)
def form_fields(request: Request) -> dict[str, list[str]]:
    """The text fields of a form that was sent; empty when the body is none."""
    label = request.header("content-type") or ""
    if not label.startswith(FORM):
        return {}
    message = BytesParser(policy=HTTP).parsebytes(f"Content-Type: {label}\r\n\r\n".encode() + request.body)
    found: dict[str, list[str]] = {}
    for part in message.iter_parts():
        name = part.get_param("name", header="content-disposition")
        content = part.get_payload(decode=True)
        if isinstance(name, str) and part.get_filename() is None and isinstance(content, bytes):
            found.setdefault(name, []).append(content.decode("utf-8", "replace").removesuffix("\r\n"))
    return found
