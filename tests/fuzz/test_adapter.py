"""The generator's insides that the suite leans on, and that the same seed gives the same requests."""

from __future__ import annotations

import subprocess
import sys
from importlib.metadata import version
from pathlib import Path

import pytest

from conformance.engine.contract import load_contract
from conformance.engine.target import Target
from conformance.fuzz import adapter
from conformance.fuzz.case import Aim, Case
from conformance.fuzz.document import narrowed
from conformance.fuzz.run import seed_of

CONTRACT = load_contract()
TARGET = Target("http://127.0.0.1:1", models={"chat": "a-model", "images": "a-model"})
PRINT_DIGESTS = """
import hashlib, sys
from conformance.engine.contract import load_contract
from conformance.engine.target import Target
from conformance.fuzz import adapter
from conformance.fuzz.document import narrowed
adapter.start()
contract = load_contract()
for name in sys.argv[2:]:
    op = contract.operation(name)
    document = narrowed(contract, op, Target("http://127.0.0.1:1", models={"chat": "a-model"}))
    made = adapter.Source(document, op.path, op.method.lower(), int(sys.argv[1]))
    cases = made.coverage() + made.random(2, valid=False) + made.random(2, valid=True)
    print(name, hashlib.sha256("".join(case.digest for case in cases).encode()).hexdigest())
"""


def source(operation: str, seed: int = 1) -> adapter.Source:
    adapter.start()
    op = CONTRACT.operation(operation)
    return adapter.Source(narrowed(CONTRACT, op, TARGET), op.path, op.method.lower(), seed)


def test_the_pinned_version_is_there() -> None:
    assert version("schemathesis").startswith("4.32.")


def test_examples_of_forms_are_made() -> None:
    found = source("audio-transcriptions").examples()
    assert found
    assert all(case.media_type == "multipart/form-data" for case in found)
    assert all(adapter.BOUNDARY.encode() in case.body for case in found)


def test_coverage_has_wrong_types_missing_members_and_methods() -> None:
    found = source("moderations").coverage()
    told = " ".join(case.what for case in found)
    assert "Incorrect type" in told
    assert "Missing required property" in told
    assert {case.aim for case in found} == set(Aim)
    assert all(case.path.startswith("/v1/moderations") for case in found)


@pytest.mark.parametrize("valid", [True, False])
def test_random_requests_are_made(valid: bool) -> None:
    found = source("rerank").random(4, valid=valid)
    assert 1 <= len(found) <= 4
    assert source("rerank").random(0, valid=valid) == []


@pytest.mark.parametrize(("operation", "several"), [("chat-completions", 50), ("images-generations", 20)])
def test_positive_requests_name_the_model_that_the_hub_has(operation: str, several: int) -> None:
    found = [case for case in source(operation).coverage() if case.what.startswith("Object with valid")]
    assert len(found) > several
    assert all(b'"a-model"' in case.body for case in found)


def test_equal_seeds_give_equal_requests_in_any_order_and_process() -> None:
    names = ["rerank", "videos-create", "list-models-openai"]

    def digests(seed: int, *operations: str) -> set[str]:
        command = [sys.executable, "-c", PRINT_DIGESTS, str(seed), *operations]
        done = subprocess.run(command, capture_output=True, text=True, check=True, cwd=Path(__file__).parents[2])
        return set(done.stdout.splitlines())

    first = digests(1, *names)
    assert len(first) == 3
    assert digests(1, *reversed(names)) == first
    assert digests(2, *names).isdisjoint(first)


def test_seeds_differ_between_operations() -> None:
    assert seed_of(1, "chat-completions") == seed_of(1, "chat-completions")
    assert len({seed_of(1, "chat-completions"), seed_of(1, "rerank"), seed_of(2, "rerank")}) == 3


def test_made_requests_are_kept_and_read_again(tmp_path: Path) -> None:
    op = CONTRACT.operation("moderations")
    document = narrowed(CONTRACT, op, TARGET)

    def made() -> list[Case]:
        return adapter.Source(document, op.path, "post", 1, str(tmp_path)).coverage()

    first = made()
    (kept,) = (tmp_path / "requests").iterdir()
    assert made() == first
    kept.write_text("broken", encoding="ascii")
    assert made() == first
