"""Faults: promises of the contract that the hub can be told to break, one at a time.

A fault is a pure function from what was asked and the clean reply to a spoiled reply, or from a frame of a WebSocket
to what is sent in its place. Each room of sentences registers its own in its `faults.py`, with `@fault(...)` and
`@frame_fault(...)`; `load_faults()` finds them all. Such a module knows this package and nothing of its room: neither
the hub nor a fault shares code with a judge.
"""

import functools
import importlib
from pathlib import Path

from conformance.hub.faults.base import CUT, REGISTRY, Ask, Fault, Frame, Reply, Spoil, Tell, fault, frame_fault
from conformance.hub.faults.middleware import FaultyHub

__all__ = [
    "CUT",
    "Ask",
    "Fault",
    "FaultyHub",
    "Frame",
    "Reply",
    "Spoil",
    "Tell",
    "fault",
    "frame_fault",
    "load_faults",
]

_PACKAGE = Path(__file__).resolve().parents[2]


@functools.cache
def load_faults() -> dict[str, Fault]:
    """Every fault by id, in the order of their ids."""
    for path in sorted(_PACKAGE.rglob("faults.py")):
        importlib.import_module(".".join((_PACKAGE.name, *path.relative_to(_PACKAGE).with_suffix("").parts)))
    return dict(sorted(REGISTRY.items()))
