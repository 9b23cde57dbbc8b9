"""A client in a process of its own: started once for all its scenes, asked for one after another.

Both sides write one JSON object a line. The process begins with `{"version": …}` or `{"missing": package}`; then each
`{"scene": …}` is answered with `{"turns": […]}`, what the client saw, or with `{"raised": {…}}`.
"""

from __future__ import annotations

import asyncio
import base64
import contextlib
import importlib.util
import json
import os
import shutil
import subprocess
import sys
from collections.abc import Mapping
from dataclasses import asdict, dataclass, field
from pathlib import Path
from typing import Any

from conformance.clients.relay import KEY, Relay
from conformance.engine.kit.prompts import COUNT_TO_NINE, VERDICT, WEATHER
from conformance.engine.kit.samples import wav
from conformance.engine.probe import OUTPUT_TOKENS, WRONG_TOKEN, Hub, StopProbe
from conformance.wire.exchange import Exchange

CALL_TOKENS = 4 * OUTPUT_TOKENS
"""Bound on the output of an answer that must not be cut: a call, or a structured one."""
START_SECONDS = 60.0
"""Longest time that a client may take to be imported, on a busy machine."""
IDLE_SECONDS = 20.0
"""How long a client may do nothing that can be seen from outside, its pauses between polls aside."""
MOST_REQUESTS = 50
"""Requests of a scene that polls nothing; the pages of a model list are the most."""
LONGEST_ANSWERS = 3
"""How many answers of the longest time a scene may take that polls nothing."""
NODE_FOLDER = Path(__file__).parent / "node"
_LONGEST_LINE = 1 << 26
PYTHON = {"openai": "openai", "anthropic": "anthropic", "google": "google.genai"}
"""Clients for Python by our name for them, with their modules. All others are for Node."""


@dataclass
class Lane:
    """A running client, or the reason why there is none."""

    relay: Relay = field(default_factory=Relay)
    version: str = ""
    missing: str = ""
    process: asyncio.subprocess.Process | None = None

    async def close(self) -> None:
        if self.process is not None:
            await _end(self.process)
        await self.relay.close()


_LANES: dict[str, Lane] = {}
"""The clients of this process by name; they end when it does, because their standard input ends then."""


async def play(hub: Hub, client: str, scene: str, operation: str) -> tuple[Exchange, ...]:
    """Have a scene played, leave what the client saw in the notes, and return what went over the wire.

    Raises:
        StopProbe: the scene costs real money that nobody allowed, the budget is used up, or a task did not end.
    """
    asked = hub.contract.operation(operation)
    if not hub.target.may_ask(asked.cost):
        raise StopProbe("not asked, because it costs real money: allow it with --allow-expensive")
    lane = await _lane(client)
    if lane.process is None:
        hub.notes = {"client": client, "missing": lane.missing, "billable": 0}
        return ()
    polls = asked.task == "submit"
    seconds = hub.target.task_timeout if polls else LONGEST_ANSWERS * hub.target.limits.whole
    lane.relay.begin(hub, operation, None if polls else MOST_REQUESTS)
    told = await _asked(lane, _request(hub, lane, scene), IDLE_SECONDS + hub.target.poll_interval, seconds)
    lane.relay.hub = None
    await lane.relay.settle()
    if lane.relay.problem:
        raise lane.relay.problem
    if told is None and polls:
        raise StopProbe("the task did not end within --task-timeout")
    if told is None or lane.relay.endless:
        told = _without_client("(endless)", f"the client was not done after {len(hub.exchanges)} requests")
    hub.notes = {"client": lane.version, "billable": _billable(hub, operation), **told}
    return tuple(hub.exchanges)


def _billable(hub: Hub, operation: str) -> int:
    """How many requests of a scene may cost; looking a task up and fetching its result does not."""
    asked = hub.contract.operation(operation)
    return sum(asked.cost != "free" and exchange.request.method == asked.method for exchange in hub.exchanges)


def available(client: str) -> bool:
    """Whether a client is installed here."""
    if client in PYTHON:
        with contextlib.suppress(ModuleNotFoundError):
            return importlib.util.find_spec(PYTHON[client]) is not None
        return False
    node = shutil.which("node")
    if node is None:
        return False
    command = [node, str(NODE_FOLDER / "play.mjs"), client]
    done = subprocess.run(
        command, input=b"", capture_output=True, env=_environment(), timeout=START_SECONDS, check=False
    )
    return b'"version"' in done.stdout


async def close() -> None:
    """End the clients of this process."""
    for lane in _LANES.values():
        await lane.close()
    _LANES.clear()


def _request(hub: Hub, lane: Lane, scene: str) -> dict[str, Any]:
    kinds = ("chat", "responses", "claude", "gemini", "completions", "embeddings", "moderations", "images", "videos")
    others = ("speech", "transcription", "realtime")
    return {
        "scene": scene,
        "base_url": lane.relay.base_url,
        "key": KEY,
        "wrong_key": WRONG_TOKEN,
        "models": {kind: hub.model(kind) for kind in (*kinds, *others)},
        "seconds": hub.target.limits.whole + IDLE_SECONDS,
        "silence": hub.target.limits.between_bytes,
        "poll_seconds": hub.target.poll_interval,
        "tokens": OUTPUT_TOKENS,
        "room": CALL_TOKENS,
        "task": COUNT_TO_NINE,
        "question": "What is the weather in Paris, in celsius?",
        "tool": asdict(WEATHER),
        "tool_result": '{"degrees": 21}',
        "verdict": "Give your verdict.",
        "schema": VERDICT,
        "sound": base64.b64encode(wav(0.5)).decode(),
    }


async def _lane(client: str) -> Lane:
    lane = _LANES.get(client)
    if lane is None or (lane.process is not None and lane.process.returncode is not None):
        lane = _LANES[client] = await _started(client)
    return lane


async def _started(client: str) -> Lane:
    lane = Lane()
    command = _command(client)
    if isinstance(command, str):
        lane.missing = command
        return lane
    await lane.relay.start()
    process = await asyncio.create_subprocess_exec(
        *command,
        stdin=asyncio.subprocess.PIPE,
        stdout=asyncio.subprocess.PIPE,
        stderr=asyncio.subprocess.DEVNULL,
        limit=_LONGEST_LINE,
        env=_environment(),
    )
    try:
        told = await asyncio.wait_for(_line(process), START_SECONDS)
    except TimeoutError:
        told = {}
    lane.version = str(told.get("version", ""))
    if lane.version:
        lane.process = process
    else:
        lane.missing = _why_missing(client, told)
        await _end(process)
        await lane.relay.close()
    return lane


def _why_missing(client: str, told: Mapping[str, Any]) -> str:
    if not told:
        return f"the client {client} was not ready within {START_SECONDS:g} s"
    if "missing" not in told:
        return f"the client {client} did not start: {told}"
    if client in PYTHON:
        return f"{told['missing']} is not installed: pip install 'hub-conformance[clients]'"
    return f"{told['missing']} is not installed: npm install it in this folder"


def _command(client: str) -> list[str] | str:
    """The program that plays a client, or why it cannot be played."""
    if client in PYTHON:
        return [sys.executable, "-m", "conformance.clients.players.play", client]
    node = shutil.which("node")
    return (
        [node, str(NODE_FOLDER / "play.mjs"), client] if node else "Node is not on the PATH: install Node 20 or newer"
    )


def _environment() -> dict[str, str]:
    """Nothing that names a hub, a key or a proxy: a client reads such from its surroundings."""
    private = ("_KEY", "_TOKEN", "_BASE_URL", "_PROXY")
    return {k: v for k, v in os.environ.items() if not k.upper().endswith(private)} | {
        "HUB_CONFORMANCE_CWD": os.getcwd()
    }


async def _asked(lane: Lane, request: Mapping[str, Any], idle: float, seconds: float) -> dict[str, Any] | None:
    """What the client tells of a scene; None when it goes on for longer than so many seconds."""
    process, clock = lane.process, asyncio.get_running_loop()
    deadline = clock.time() + seconds
    assert process is not None
    assert process.stdin is not None
    with contextlib.suppress(OSError):  # a process that has ended is noticed when it says nothing
        process.stdin.write(json.dumps(request).encode() + b"\n")
        await process.stdin.drain()
    told = asyncio.create_task(_line(process))
    lane.relay.touch()
    while not told.done() and lane.relay.idle < idle and clock.time() < deadline:
        await asyncio.wait([told], timeout=min(idle - lane.relay.idle, deadline - clock.time()))
    if told.done():
        return told.result()
    told.cancel()
    await _end(process)
    if lane.relay.idle < idle:
        return None
    return _without_client("(hung)", f"the client did nothing more for {idle:g} s")


def _without_client(kind: str, message: str) -> dict[str, Any]:
    """What is noted where the client itself can tell nothing."""
    return {"raised": {"kind": kind, "message": message, "status": None, "told": ""}}


async def _end(process: asyncio.subprocess.Process) -> None:
    with contextlib.suppress(ProcessLookupError):
        process.kill()
    await process.wait()


async def _line(process: asyncio.subprocess.Process) -> dict[str, Any]:
    """What the process says next; its end is said as an exception of the client would be."""
    assert process.stdout is not None
    line = await process.stdout.readline()
    if line:
        told: dict[str, Any] = json.loads(line)
        return told
    status = await process.wait()
    return _without_client("(ended)", f"the client's process ended with status {status}")
