"""`python -m conformance.hub`: serves the reference hub."""

import argparse
import os
import sys
from collections.abc import Sequence
from difflib import get_close_matches
from typing import NoReturn

from conformance.hub.app import TASK_SECONDS
from conformance.hub.latency import NO_LATENCY, Latency
from conformance.hub.server import serve

USAGE_ERROR = 4
DEFAULT_TOKEN = "sk-embedded-hub"


class _Parser(argparse.ArgumentParser):
    def error(self, message: str) -> NoReturn:
        self.exit(USAGE_ERROR, f"{self.prog}: {message}\n")


def _port(text: str) -> int:
    port = int(text)
    if not 0 <= port <= 65535:
        raise ValueError
    return port


def _seconds(text: str) -> float:
    value = float(text)
    if not 0 < value < float("inf"):
        raise ValueError
    return value


def _latency(text: str) -> Latency:
    return Latency.parse(text)


_port.__name__, _latency.__name__, _seconds.__name__ = "port", "latency, as in 300 or 300~100", "number of seconds"


def parser(prog: str = "conformance.hub") -> argparse.ArgumentParser:
    """The options of the hub's command line."""
    options = _Parser(prog=prog, description="Serves the reference hub; its base URL is the first line of output.")
    options.add_argument("--host", default="127.0.0.1", help="address to listen on (default: %(default)s)")
    options.add_argument("--port", type=_port, default=0, help="port to listen on (default: any free one)")
    token = os.environ.get("HUB_TOKEN") or DEFAULT_TOKEN
    options.add_argument(
        "--token", default=token, help="the token to accept (default: $HUB_TOKEN, else sk-embedded-hub)"
    )
    options.add_argument(
        "--second-token",
        default=os.environ.get("HUB_SECOND_TOKEN", ""),
        help="the token of another account, to which the first one's tasks are unknown (default: $HUB_SECOND_TOKEN)",
    )
    options.add_argument(
        "--latency",
        type=_latency,
        default=NO_LATENCY,
        metavar="MS[~JITTER]",
        help="wait this long before every answer, with a jitter of so many milliseconds on it and on every later piece",
    )
    options.add_argument(
        "--task-seconds",
        type=_seconds,
        default=TASK_SECONDS,
        metavar="S",
        help="time that a video, a picture of Midjourney or a song takes (default: a few look-ups)",
    )
    options.add_argument("--fault", metavar="ID", help="break one promise; see --list-faults")
    options.add_argument("--list-faults", action="store_true", help="list the promises that can be broken, and stop")
    options.add_argument(
        "--until-stdin-closes",
        action="store_true",
        help="stop when standard input closes, as it does when a parent dies",
    )
    return options


def main(arguments: Sequence[str] | None = None, prog: str = "conformance.hub") -> int:
    """Runs the command line; returns the exit status."""
    options = parser(prog).parse_args(arguments)
    if options.list_faults:
        return _list_faults()
    if options.fault is not None and (problem := _unknown_fault(options.fault)):
        return _fail(prog, problem)
    try:
        serve(
            options.host,
            options.port,
            options.token,
            options.latency,
            fault=options.fault,
            until_stdin_closes=options.until_stdin_closes,
            task_seconds=options.task_seconds,
            second_token=options.second_token,
        )
    except OSError as error:
        return _fail(prog, f"cannot listen on {options.host} port {options.port}: {error.strerror or error}")
    return 0


def _list_faults() -> int:
    from conformance.hub.faults import load_faults

    for fault in load_faults().values():
        print(f"{fault.id}  {fault.sentence}")
    return 0


def _unknown_fault(name: str) -> str | None:
    from conformance.hub.faults import load_faults

    known = load_faults()
    if name in known:
        return None
    near = get_close_matches(name, known, n=3, cutoff=0.4)
    return f"there is no fault {name!r}" + (f"; did you mean {' or '.join(near)}?" if near else "; see --list-faults")


def _fail(prog: str, problem: str) -> int:
    print(f"{prog}: {problem}", file=sys.stderr)
    return USAGE_ERROR


if __name__ == "__main__":
    sys.exit(main())
