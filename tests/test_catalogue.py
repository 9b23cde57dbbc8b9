"""The catalogue held against the judges, both ways."""

from __future__ import annotations

from pathlib import Path

import pytest

from conformance.engine.contract import load_contract
from conformance.engine.judge import load_judges
from conformance.engine.probe import load_registry
from conformance.engine.requirement import CatalogueError, load_catalogue, read_room, requirement_ids

ROW = """
  - id: room.topic.words
    level: MUST
    authority: vendor
    statement: A sentence that can be true or false.
    source: Somebody's reference
    why: Clients break otherwise.
    fix: Do the right thing.
"""


def test_every_judged_requirement_has_a_judge_and_every_judge_a_requirement() -> None:
    catalogue = load_catalogue()
    judged = {i for judge in load_judges() for i in requirement_ids(judge)}
    assert judged - set(catalogue) == set(), "judges name requirements that no file holds"
    assert {r.id for r in catalogue.judged} - judged == set(), "requirements without a judge"
    assert {i for i in judged if catalogue[i].excluded} == set(), "excluded requirements that are judged"


def test_every_parameter_of_a_judge_is_a_probe_or_a_group() -> None:
    registry = load_registry(load_contract())
    strangers = [
        f"{judge.__module__}.{judge.__name__}({name})"
        for judge in load_judges()
        for name in judge.__code__.co_varnames[: judge.__code__.co_argcount]
        if name not in registry
    ]
    assert not strangers


def test_every_probe_is_used_by_a_judge() -> None:
    registry = load_registry(load_contract())
    names = {name for judge in load_judges() for name in judge.__code__.co_varnames[: judge.__code__.co_argcount]}
    used = {slot.probe.name for name in names for slot in registry.slots(name)}
    assert set(registry.probes) - used == set()


def test_operations_of_requirements_are_documented() -> None:
    contract = load_contract()
    for requirement in load_catalogue().values():
        for operation in requirement.operations:
            assert contract.operation(operation).id == operation, requirement.id


def test_every_documented_operation_has_requirements_of_its_own() -> None:
    documented = {one.id for operation in load_contract().operations for one in operation.documented}
    assert len(documented) == 55
    catalogue = load_catalogue()
    assert {one for one in documented if not catalogue.own(one)} == set()


def test_a_good_room_is_read(tmp_path: Path) -> None:
    path = tmp_path / "requirements.yaml"
    path.write_text(f"family: room\noperations: [chat-completions]\nrequirements:{ROW}")
    (requirement,) = read_room(path)
    assert (requirement.id, requirement.family, requirement.operations) == (
        "room.topic.words",
        "room",
        ("chat-completions",),
    )


@pytest.mark.parametrize(
    ("change", "complaint"),
    [
        (("level: MUST", "level: OUGHT"), "level"),
        (("id: room.topic.words", "id: Room"), "id"),
        (("why: Clients break otherwise.", ""), "why"),
        (("fix:", "cure:"), "cure"),
    ],
)
def test_a_malformed_row_is_named(tmp_path: Path, change: tuple[str, str], complaint: str) -> None:
    path = tmp_path / "requirements.yaml"
    path.write_text(f"family: room\nrequirements:{ROW.replace(*change)}")
    with pytest.raises(CatalogueError, match=complaint):
        read_room(path)


def test_an_id_used_twice_is_named(tmp_path: Path) -> None:
    path = tmp_path / "requirements.yaml"
    path.write_text(f"family: room\nrequirements:{ROW}{ROW}")
    with pytest.raises(CatalogueError, match=r"room\.topic\.words"):
        read_room(path)
