"""Faults: promises of the contract that the hub can be told to break, one at a time.

A fault is a pure function from what was asked and the clean reply to a spoiled reply, or from a frame of a WebSocket
to what is sent in its place. The modules of this package, one per family, register theirs with `@fault(...)` and
`@frame_fault(...)`; `load_faults()` finds them all.
"""

import functools
import importlib
import pkgutil

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

_MACHINERY = {"base", "middleware", "sockets"}


@functools.cache
def load_faults() -> dict[str, Fault]:
    """Every fault by id, in the order of their ids."""
    for module in pkgutil.iter_modules(__path__):
        if module.name not in _MACHINERY:
            importlib.import_module(f"{__name__}.{module.name}")
    return dict(sorted(REGISTRY.items()))
