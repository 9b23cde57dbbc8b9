"""Runs a command of the suite where there is no network, on another day: `python offline.py DAYS pytest|conformance …`.

Started as a file, in a process of its own: an audit hook cannot be taken back.
"""

from __future__ import annotations

import sys
import time
from pathlib import Path


def no_network(event: str, arguments: tuple[object, ...]) -> None:
    if event.startswith("socket.") and event != "socket.gethostname":
        raise RuntimeError(f"there is no network here: {event}")


def shift_clock(days: float) -> None:
    now = time.time
    time.time = lambda: now() + days * 86_400


def main() -> int:
    sys.path[0] = str(Path(__file__).resolve().parents[2])
    sys.addaudithook(no_network)
    shift_clock(float(sys.argv[1]))
    if sys.argv[2] == "pytest":
        import pytest

        return int(pytest.main(sys.argv[3:]))
    from conformance.__main__ import main as conformance

    return conformance(sys.argv[3:])


if __name__ == "__main__":
    sys.exit(main())
