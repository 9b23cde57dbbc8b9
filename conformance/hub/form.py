"""Reads forms with files (multipart/form-data, RFC 7578)."""

import math
from collections.abc import AsyncGenerator
from dataclasses import dataclass, field
from typing import Any

from starlette.datastructures import Headers, UploadFile
from starlette.formparsers import MultiPartException, MultiPartParser
from starlette.requests import Request

from conformance.hub.body import LARGEST_BODY, read_body
from conformance.hub.errors import HubError, invalid
from conformance.hub.fields import Check, text

FORM = "multipart/form-data"
MOST_PARTS = 200


@dataclass(frozen=True)
class Form:
    """What a form holds, in the order of its parts. A field that is sent empty counts as absent."""

    texts: dict[str, list[str]] = field(default_factory=dict)
    files: dict[str, list[bytes]] = field(default_factory=dict)

    def values(self) -> dict[str, str]:
        """The text fields; of a repeated one the last."""
        return {name: given[-1] for name, given in self.texts.items()}

    def uploads(self, name: str) -> list[bytes]:
        """The files sent as `name`, `name[]` or `name[0]`, `name[1]`; 400 for text in the place of a file."""
        spellings = (name, f"{name}[]", *(f"{name}[{number}]" for number in range(16)))
        for spelling in spellings:
            if spelling in self.texts:
                raise invalid(f"'{name}' must be a file, not text.", name, "invalid_type")
        return [content for spelling in spellings for content in self.files.get(spelling, ())]

    def listed(self, name: str) -> list[str]:
        """The values of a text field that may be repeated, with or without brackets behind its name."""
        return [*self.texts.get(name, ()), *self.texts.get(f"{name}[]", ())]


def media_type(request: Request) -> str:
    """The media type of the body in lower case, without parameters."""
    return request.headers.get("content-type", "").partition(";")[0].strip().lower()


async def read_form(request: Request) -> Form:
    """The form; 415 for another content type, 400 for a body that is no whole form."""
    if media_type(request) != FORM:
        raise HubError(415, f"The content type must be {FORM}.", "unsupported_media_type")
    body = await read_body(request)
    boundary = _boundary(request)
    if f"--{boundary}--".encode("latin-1") not in body:
        raise invalid("The form breaks off before its end.", code="invalid_form")
    parser = MultiPartParser(
        Headers(raw=request.headers.raw),
        _once(body),
        max_files=MOST_PARTS,
        max_fields=MOST_PARTS,
        max_part_size=LARGEST_BODY,
    )
    parser.spool_max_size = LARGEST_BODY
    try:
        parsed = await parser.parse()
    except (MultiPartException, ValueError, LookupError):
        raise invalid("The form cannot be read.", code="invalid_form") from None
    form = Form()
    for name, value in parsed.multi_items():
        if isinstance(value, UploadFile):
            form.files.setdefault(name, []).append(await value.read())
        elif value:
            form.texts.setdefault(name, []).append(value)
    return form


def _boundary(request: Request) -> str:
    _, _, rest = request.headers["content-type"].partition("boundary=")
    boundary = rest.split(";")[0].strip().strip('"')
    if not boundary:
        raise invalid("The content type names no boundary.", code="invalid_form")
    return boundary


async def _once(body: bytes) -> AsyncGenerator[bytes, None]:
    yield body


def spelled(check: Check) -> Check:
    """A check of a number for the text that a form holds in its place."""

    def read(value: Any, name: str) -> Any:
        try:
            number = float(text()(value, name))
        except ValueError:
            number = math.nan
        if not math.isfinite(number):
            raise invalid(f"'{name}' must be a number.", name, "invalid_type")
        return check(number, name)

    return read
