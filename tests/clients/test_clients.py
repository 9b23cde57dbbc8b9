"""The official clients pass against the embedded hub, and notice the faults that they must notice."""

from __future__ import annotations

import subprocess
import sys
from collections.abc import Iterator
from pathlib import Path

import pytest

from conformance.clients import lane
from conformance.engine.judge import Verdict
from conformance.engine.requirement import Level, load_catalogue
from conformance.hub.faults import Fault, load_faults
from tests.clients.support import TOKEN, Stage, client_of, requirements

FAULTS = {name: fault for name, fault in load_faults().items() if fault.family == "clients"}
HERE = requirements()
ROOT = Path(__file__).resolve().parents[2]
RED = (Verdict.FAIL, Verdict.WARN)
needs_clients = pytest.mark.skipif(not HERE, reason="no official client is installed: pip install '.[clients]'")


@pytest.fixture(scope="module")
def stage() -> Iterator[Stage]:
    with Stage() as made:
        yield made


@needs_clients
def test_every_client_passes_against_the_clean_hub_and_never_holds_the_token(stage: Stage, tmp_path: Path) -> None:
    outcomes, store = stage.judge(tmp_path, HERE)
    assert set(outcomes) == set(HERE)
    assert {name: o.reason for name, o in outcomes.items() if o.verdict is not Verdict.PASS} == {}
    assert [path for path in tmp_path.rglob("*") if path.is_file() and TOKEN.encode() in path.read_bytes()] == []
    assert all(record.notes for record in store if record.key.startswith("clients_"))


@needs_clients
@pytest.mark.parametrize("fault", FAULTS.values(), ids=FAULTS)
def test_a_fault_is_noticed_by_the_clients_that_it_names(
    stage: Stage, fault: Fault, tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setattr(lane, "IDLE_SECONDS", 6.0)  # some clients hang where others raise
    wanted = [name for name in fault.turns_red if name in HERE]
    if not wanted:
        pytest.skip(f"not installed: {', '.join(sorted({client_of(name) for name in fault.turns_red}))}")
    outcomes, _ = stage.judge(tmp_path, wanted, fault.id)
    unnoticed = {name: f"{o.verdict}: {o.reason}" for name, o in outcomes.items() if o.verdict not in RED}
    assert unnoticed == {}
    assert all(outcome.finding and outcome.exchanges for outcome in outcomes.values())


@pytest.mark.skipif("clients.openai.videos" not in HERE, reason="openai is not installed: pip install '.[clients]'")
def test_a_task_that_does_not_end_is_given_up_and_blames_nobody(stage: Stage, tmp_path: Path) -> None:
    outcomes, _ = stage.judge(tmp_path, ["clients.openai.videos"], task_timeout=0.3)
    assert outcomes["clients.openai.videos"].verdict is Verdict.NOT_TESTABLE
    assert outcomes["clients.openai.videos"].reason == "the task did not end within --task-timeout"


def test_every_must_of_this_room_has_a_fault_of_this_room() -> None:
    killed = {name for fault in FAULTS.values() for name in fault.turns_red}
    musts = {r.id for r in load_catalogue().judged if r.family == "clients" and r.level is Level.MUST}
    assert musts - killed == set()
    assert all(name.startswith("clients.") for name in killed)


def test_a_client_that_is_not_installed_is_said_and_blames_nobody(
    tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setenv("PATH", str(tmp_path))
    monkeypatch.setattr(lane, "_LANES", {})
    with Stage() as made:
        outcomes, _ = made.judge(tmp_path, ["clients.ai.generate"])
    outcome = outcomes["clients.ai.generate"]
    assert outcome.verdict is Verdict.NOT_TESTABLE
    assert "install Node" in outcome.reason


def planned(tmp_path: Path, *arguments: str) -> str:
    command = [sys.executable, "-m", "pytest", "--plan", f"--report={tmp_path}", *arguments]
    done = subprocess.run(command, cwd=ROOT, capture_output=True, text=True, timeout=100, check=False)
    assert done.returncode == 0, done.stdout + done.stderr
    return done.stdout


def test_the_clients_play_only_when_they_are_asked_for(tmp_path: Path) -> None:
    assert "clients play" not in planned(tmp_path, "--family", "models")
    assert "clients play 4 scenes" in planned(tmp_path, "--family", "models", "--clients")


@needs_clients
def test_a_client_that_dies_is_started_again_for_the_next_scene(
    stage: Stage, tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    identifier = HERE[0]
    monkeypatch.setattr(lane, "_LANES", {})
    for number in range(2):
        outcomes, _ = stage.judge(tmp_path / str(number), [identifier])
        assert outcomes[identifier].verdict is Verdict.PASS
        stage.kill_clients()
    stage.close_clients()
