"""How long and how much a single exchange may take before the suite hangs up."""

from __future__ import annotations

from dataclasses import dataclass, fields

__all__ = ["Limits"]


@dataclass(frozen=True, slots=True)
class Limits:
    """Bounds of one exchange. Times are in seconds, sizes in bytes; every one must be greater than zero.

    A bound that strikes ends the exchange with ``End.timeout`` or ``End.too_large``: it is a fact for a judge, never an
    exception.
    """

    connect: float = 5.0
    """Name lookup, TCP connection and TLS handshake, each."""

    first_byte: float = 30.0
    """From the open connection to the complete header section of the final response; 1xx responses do not count."""

    between_bytes: float = 30.0
    """Longest silence inside a body, and longest stall while the request is being sent."""

    whole: float = 120.0
    """From the start of the request to the end of the body, whatever arrives meanwhile."""

    body_bytes: int = 8 * 2**20
    """Body as it comes over the wire. Of one that is larger, or comes in too many pieces, the beginning is recorded."""

    pieces: int = 10_000
    """Pieces of a body; each costs some hundred bytes of memory, however small it is."""

    header_bytes: int = 64 * 2**10
    """Names and values of the header section together. Common clients and proxies give up between 8 and 64 KiB."""

    def __post_init__(self) -> None:
        for name in (field.name for field in fields(self)):
            if not getattr(self, name) > 0:
                raise ValueError(f"Limits.{name} must be greater than zero, not {getattr(self, name)!r}")
