"""`python -m conformance.clients.players.play CLIENT`: reads scenes from standard input, and writes what was seen."""

from __future__ import annotations

import importlib
import json
import os
import sys
from collections.abc import Callable, Mapping, Sequence
from typing import Any

from pydantic import BaseModel, ValidationError

LONGEST_MESSAGE = 600
"""Characters of an exception's text that are kept."""
Turn = dict[str, Any]
Scene = Callable[[Mapping[str, Any]], list[Turn]]


def described(problem: Exception) -> dict[str, Any]:
    """An exception of a client as plain data: its class, its text, and what it says of the answer."""
    refused = getattr(problem, "response", None)
    found = (getattr(problem, name, None) for name in ("status_code", "code"))
    status = next((value for value in (*found, getattr(refused, "status_code", None)) if isinstance(value, int)), None)
    text = f"{problem}" or repr(problem)
    return {
        "kind": type(problem).__name__,
        "message": text if len(text) <= LONGEST_MESSAGE else text[:LONGEST_MESSAGE] + "…",
        "status": status,
        "told": told_by(problem),
    }


def told_by(problem: Exception) -> str:
    """The hub's own words in an exception, as this client lays them open; empty when it found none."""
    body = getattr(problem, "body", None)
    inner = body.get("error", body) if isinstance(body, dict) else None
    words = inner.get("message") if isinstance(inner, dict) else getattr(problem, "message", None)
    return words if isinstance(words, str) and (inner or body is None) else ""


def misfits(model: type[BaseModel], body: bytes) -> list[str]:
    """Where the values of a body are of another kind than the client's own type says.

    What is missing, unknown, or none of the listed words is left aside: clients are newer than the hub, and take it.
    """
    try:
        model.model_validate_json(body, strict=True)
    except ValidationError as problem:
        found = [e for e in problem.errors() if e["type"].endswith("_type")]
        return [f"/{'/'.join(map(str, e['loc']))}: {e['msg']}" for e in found[:5]]
    return []


def tried(call: Callable[[], Turn]) -> Turn:
    """What a further call of a scene saw, in its last exchange, or what it raised."""
    try:
        return {"exchange": -1, **call()}
    except Exception as problem:
        return {"exchange": -1, "raised": described(problem)}


def fingerprint(vector: Sequence[float]) -> list[float]:
    """The length of a vector, and a sum in which every number and its place count."""
    return [len(vector), sum(value * place for place, value in enumerate(vector))]


def main() -> None:
    """Play until standard input ends. What a client prints goes to standard error."""
    out = os.fdopen(os.dup(sys.stdout.fileno()), "w", encoding="utf-8")
    sys.stdout = sys.stderr

    def say(value: Mapping[str, Any]) -> None:
        out.write(json.dumps(value) + "\n")
        out.flush()

    client = sys.argv[1]
    try:
        player = importlib.import_module(f"conformance.clients.players.{client}_player")
    except ImportError as problem:
        say({"missing": problem.name})
        return
    say({"version": player.version()})
    scenes: Mapping[str, Scene] = player.SCENES
    for line in sys.stdin:
        request = json.loads(line)
        try:
            say({"turns": scenes[request["scene"]](request)})
        except Exception as problem:
            say({"raised": described(problem)})


if __name__ == "__main__":
    main()
