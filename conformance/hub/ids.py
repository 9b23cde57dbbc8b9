"""Identifiers that never repeat within a process, nor (practically) over processes."""

import itertools
import secrets

_counter = itertools.count(1)


def unique(prefix: str) -> str:
    """`prefix` followed by a running number and 64 random bits, in hex digits only."""
    return f"{prefix}{next(_counter):06x}{secrets.token_hex(8)}"
