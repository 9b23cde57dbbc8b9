"""Judges of Realtime: what they may not blame, and that no hub brings them down."""

from __future__ import annotations

import importlib
import inspect
import json
import random
from collections.abc import Callable, Iterator, Mapping
from dataclasses import replace
from pathlib import Path
from typing import Any

import pytest

from conformance.engine.judge import Bench, Case, Outcome, Verdict, cases
from conformance.engine.requirement import load_catalogue, requirement_ids
from conformance.families import realtime
from conformance.wire.exchange import End, Exchange, Piece
from conformance.wire.frames import Frame, Kind
from tests.matrix import CleanRun, case_id

RED = (Verdict.FAIL, Verdict.WARN, Verdict.ERROR)
ROUNDS = 40
ODD_VALUES: tuple[Any, ...] = (None, 0, -1, 1.5, "", "text", [], [None], {}, {"id": 5}, True, 10**30, "\ud800", [[]])


@pytest.fixture(scope="module")
def clean_run(tmp_path_factory: pytest.TempPathFactory) -> CleanRun:
    return CleanRun.record(tmp_path_factory.mktemp("evidence"), lambda probe: probe.family == "realtime")


@pytest.fixture(scope="module")
def judged(clean_run: CleanRun) -> list[Case]:
    return [case for judge in _judges() for case in cases(judge, clean_run.registry)]


def _judges() -> Iterator[Callable[..., None]]:
    for path in sorted(Path(realtime.__path__[0]).glob("test_*.py")):
        values = vars(importlib.import_module(f"{realtime.__name__}.{path.stem}")).values()
        yield from (value for value in values if inspect.isfunction(value) and requirement_ids(value))


def outcomes(run: CleanRun, chosen: list[Case], changed: Mapping[str, Exchange]) -> dict[str, Outcome]:
    """How cases end with other exchanges as the first ones of some probes."""
    records = dict(run.records)
    for key, exchange in changed.items():
        record = records[key]
        records[key] = replace(record, exchanges=(exchange, *record.exchanges[1:]))
    bench = Bench(replace(run.target, claims=frozenset()), load_catalogue(), run.registry, records.__getitem__)
    return {case_id(case): bench.evaluate(case) for case in chosen}


def red(found: Mapping[str, Outcome]) -> dict[str, str]:
    return {name: outcome.reason + outcome.trace for name, outcome in found.items() if outcome.verdict in RED}


def session(run: CleanRun, key: str) -> Exchange:
    return run.records[key].exchanges[0]


def text(value: Any) -> bytes:
    return (value if isinstance(value, str) else json.dumps(value)).encode("utf-8", "surrogatepass")


def test_the_clean_hub_is_not_blamed(clean_run: CleanRun, judged: list[Case]) -> None:
    found = outcomes(clean_run, judged, {})
    assert red(found) == {}
    passed = {i for case in judged if found[case_id(case)].verdict is Verdict.PASS for i in case.ids}
    assert passed == {i for case in judged for i in case.ids}


def test_a_beta_that_is_declined_is_not_offered(clean_run: CleanRun, judged: list[Case]) -> None:
    problem = {
        "type": "invalid_request_error",
        "code": "beta_api_shape_disabled",
        "message": "No longer.",
        "param": None,
    }
    frames = (
        Frame(0.1, False, Kind.text, text({"type": "error", "event_id": "e1", "error": problem})),
        Frame(0.1, False, Kind.close, b"invalid_request_error.beta_api_shape_disabled", 4000),
        Frame(0.1, True, Kind.close, b"", 4000),
    )
    declined = replace(session(clean_run, "realtime_beta"), frames=frames)
    assert red(outcomes(clean_run, judged, {"realtime_beta": declined})) == {}


def test_a_beta_that_is_refused_is_not_offered(clean_run: CleanRun, judged: list[Case]) -> None:
    refused = replace(session(clean_run, "realtime_beta"), status=400, frames=(), headers=())
    assert red(outcomes(clean_run, judged, {"realtime_beta": refused})) == {}


def test_a_token_in_the_wrong_place_is_one_finding(clean_run: CleanRun, judged: list[Case]) -> None:
    refused = replace(session(clean_run, "realtime_browser"), status=401, frames=(), headers=())
    found = outcomes(clean_run, judged, {"realtime_browser": refused})
    (name,) = red(found)
    assert "test_the_token_is_taken_from_the_subprotocols" in name
    assert Verdict.INCONCLUSIVE not in {outcome.verdict for outcome in found.values()}


def test_a_hub_without_realtime_is_not_blamed(clean_run: CleanRun, judged: list[Case]) -> None:
    gone = {
        key: replace(session(clean_run, key), status=404, frames=(), headers=(("content-type", "text/html"),))
        for key, record in clean_run.records.items()
        if record.exchanges[0].switched
    }
    found = outcomes(clean_run, judged, gone)
    assert red(found) == {}


def test_a_framework_that_knows_no_websocket_is_not_blamed(clean_run: CleanRun, judged: list[Case]) -> None:
    """As ASGI servers refuse every handshake of an application without WebSockets, without a look at the credential."""
    silent = {
        key: replace(record, exchanges=tuple(_refused_by_asgi(one) for one in record.exchanges))
        for key, record in clean_run.records.items()
    }
    run = replace(clean_run, records={**clean_run.records, **silent})
    found = outcomes(run, judged, {})
    assert red(found) == {}
    kept = {name for name, outcome in found.items() if outcome.verdict is not Verdict.NOT_OFFERED}
    plain_get, nothing_to_judge = (
        "test_a_plain_get_is_refused[",
        "test_names_are_of_the_present_generation[realtime_beta]",
    )
    assert all(plain_get in name or nothing_to_judge in name for name in kept)


def _refused_by_asgi(exchange: Exchange) -> Exchange:
    version = exchange.request.header("sec-websocket-version")
    status, body = {None: (404, b'{"detail":"Not Found"}'), "13": (403, b"")}.get(version, (400, b"Failed to open"))
    media_type = "application/json" if version is None else "text/plain; charset=utf-8"
    pieces = (Piece(0.01, body),) if body else ()
    return replace(exchange, status=status, frames=(), headers=(("content-type", media_type),), pieces=pieces)


def test_a_stranger_is_still_refused_with_401_where_sessions_are_opened(
    clean_run: CleanRun, judged: list[Case]
) -> None:
    found = outcomes(
        clean_run, judged, {"realtime_strangers": _refused_by_asgi(session(clean_run, "realtime_session"))}
    )
    (name,) = red(found)
    assert "test_a_stranger_is_refused" in name


def test_sound_that_is_declined_is_not_offered(clean_run: CleanRun, judged: list[Case]) -> None:
    spoken = session(clean_run, "realtime_pair")
    told = next(place for place, frame in enumerate(spoken.frames) if frame.sent and b"kx-sound" in frame.data)
    problem = {"type": "invalid_request_error", "message": "No sound here."}
    answer = Frame(9.0, False, Kind.text, text({"type": "error", "event_id": "e9", "error": problem}))
    declined = replace(spoken, frames=(*spoken.frames[: told + 1], answer))
    assert red(outcomes(clean_run, judged, {"realtime_pair": declined})) == {}


def test_an_end_without_a_close_frame_after_broken_text_is_allowed(clean_run: CleanRun, judged: list[Case]) -> None:
    turns = session(clean_run, "realtime_turns")
    frames = tuple(frame for frame in turns.frames if frame.kind is not Kind.close)
    assert red(outcomes(clean_run, judged, {"realtime_turns": replace(turns, frames=frames)})) == {}


def test_a_late_cancellation_blames_nobody(clean_run: CleanRun, judged: list[Case]) -> None:
    spoken, counted = clean_run.records["realtime_pair"].exchanges
    frames = tuple(
        replace(
            frame,
            data=frame.data.replace(b'"status":"cancelled"', b'"status":"completed"').replace(
                b'"status":"incomplete"', b'"status":"completed"'
            ),
        )
        for frame in counted.frames
    )
    record = replace(clean_run.records["realtime_pair"], exchanges=(spoken, replace(counted, frames=frames)))
    records = {**clean_run.records, "realtime_pair": record}
    bench = Bench(clean_run.target, load_catalogue(), clean_run.registry, records.__getitem__)
    assert red({case_id(case): bench.evaluate(case) for case in judged}) == {}


def _shaken(value: Any, dice: random.Random) -> Any:
    """The value with something odd somewhere in it."""
    if isinstance(value, dict) and value and dice.random() < 0.8:
        name = dice.choice(list(value))
        return {**value, name: _shaken(value[name], dice)}
    if isinstance(value, list) and value and dice.random() < 0.8:
        place = dice.randrange(len(value))
        return [*value[:place], _shaken(value[place], dice), *value[place + 1 :]]
    return dice.choice(ODD_VALUES)


def _hostile(exchange: Exchange, dice: random.Random) -> Exchange:
    frames = []
    for frame in exchange.frames:
        fate = dice.random()
        if frame.sent or frame.kind is not Kind.text or fate > 0.25:
            frames.append(frame)
        elif fate > 0.1:
            frames.append(replace(frame, data=text(_shaken(json.loads(frame.data), dice))))
        elif fate > 0.07:
            frames.append(replace(frame, data=text(dice.choice(["", "{", "null", "5", "[]", '{"type": 5}', "\ud800"]))))
        elif fate > 0.04:
            frames += [frame, frame]
    if dice.random() < 0.3:
        frames = frames[: dice.randrange(len(frames) + 1)]
        return replace(exchange, frames=tuple(frames), end=End.reset, problem="the connection broke")
    return replace(exchange, frames=tuple(frames))


@pytest.mark.parametrize("seed", range(ROUNDS))
def test_no_hub_brings_a_judge_down(clean_run: CleanRun, judged: list[Case], seed: int) -> None:
    dice = random.Random(seed)
    keys = ("realtime_session", "realtime_turns", "realtime_pair", "realtime_beta", "realtime_no_model")
    changed = {key: _hostile(session(clean_run, key), dice) for key in keys}
    found = outcomes(clean_run, judged, changed)
    assert {name: o.trace for name, o in found.items() if o.verdict is Verdict.ERROR} == {}
