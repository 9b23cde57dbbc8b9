"""One request that a fuzz run sends, before it is sent: nothing in it belongs to a run, a hub or a credential."""

from __future__ import annotations

import base64
import hashlib
from collections.abc import Mapping
from dataclasses import dataclass, replace
from enum import StrEnum
from typing import Any, Self

from conformance.wire.exchange import Headers

JSON_TYPE = "application/json"
CREDENTIALS = frozenset({"authorization", "x-api-key", "x-goog-api-key", "key", "cookie", "new-api-user"})
"""Names, in lower case, of headers and parameters that carry a credential: they are never made up."""


class Aim(StrEnum):
    """What a request is about."""

    DATA = "data"
    """Its parameters and its body."""
    METHOD = "method"
    """A method that the path does not have."""
    CONTENT_TYPE = "content-type"
    """A content type that the operation does not take, or that is none."""


@dataclass(frozen=True)
class Case:
    """A request without credential.

    `path` starts with a slash and is percent-encoded, its query included. `phase` is saved, examples, odd, coverage,
    random or links. With `independent` the contract alone decides whether the request has to be served: no value in it
    depends on the model or on another value.
    """

    method: str
    path: str
    headers: Headers = ()
    body: bytes = b""
    phase: str = ""
    what: str = ""
    aim: Aim = Aim.DATA
    independent: bool = False

    def header(self, name: str) -> str | None:
        """The first value of a header, whatever the case of its name."""
        return next((value for key, value in self.headers if key.lower() == name.lower()), None)

    @property
    def media_type(self) -> str:
        """Media type of the body in lower case, without parameters."""
        return (self.header("content-type") or "").partition(";")[0].strip().lower()

    @property
    def digest(self) -> str:
        """The same for the same bytes: method, path, headers and body."""
        parts = [self.method, self.path, *(f"{name.lower()}: {value}" for name, value in sorted(self.headers))]
        return hashlib.sha256("\n".join(parts).encode("utf-8", "replace") + b"\0" + self.body).hexdigest()

    def with_json(self, body: bytes) -> Self:
        """The same request with another body."""
        return replace(self, body=body)

    def to_dict(self) -> dict[str, Any]:
        return {
            "method": self.method,
            "path": self.path,
            "headers": [list(pair) for pair in self.headers],
            "body": base64.b64encode(self.body).decode("ascii"),
            "phase": self.phase,
            "what": self.what,
            "aim": str(self.aim),
            "independent": self.independent,
        }

    @classmethod
    def from_dict(cls, data: Mapping[str, Any]) -> Self:
        """Read what `to_dict` wrote; raises KeyError, TypeError or ValueError for anything else."""
        return cls(
            method=str(data["method"]),
            path=str(data["path"]),
            headers=tuple((str(name), str(value)) for name, value in data["headers"]),
            body=base64.b64decode(data["body"], validate=True),
            phase=str(data["phase"]),
            what=str(data["what"]),
            aim=Aim(data["aim"]),
            independent=bool(data["independent"]),
        )
