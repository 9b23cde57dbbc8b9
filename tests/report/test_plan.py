"""The plan: what it promises is what a run does."""

from __future__ import annotations

import pytest

from conformance.engine.target import Target
from conformance.report.plan import lines, measured, shares
from tests.matrix import CleanRun


@pytest.fixture(scope="module")
def usual_run(tmp_path_factory: pytest.TempPathFactory) -> CleanRun:
    """What a run asks of a hub that refuses nothing."""
    return CleanRun.record(tmp_path_factory.mktemp("usual"), one_by_one=False)


def test_the_measured_numbers_are_those_of_the_probes(usual_run: CleanRun) -> None:
    found = {key: record.cost for key, record in usual_run.records.items()}
    assert set(measured()) == set(found), "run python tests/measure.py"
    # What comes depends on the moment at which a probe hangs up; what is sent does not.
    stale = {
        key: (measured()[key], now)
        for key, now in found.items()
        if (*measured()[key][:2], measured()[key][3]) != (*now[:2], now[3])
    }
    assert stale == {}


def test_the_measured_tokens_are_those_that_come(usual_run: CleanRun) -> None:
    found = sum(record.cost[2] for record in usual_run.records.values())
    assert found == pytest.approx(sum(tokens for _, _, tokens, _ in measured().values()), rel=0.1)


def test_dear_work_is_held_back_from_a_deployment_and_counted_with_consent(clean_run: CleanRun) -> None:
    registry = clean_run.registry
    slots = [slot for name in ("chat_answer", "images_answer") for slot in registry.slots(name)]
    careful = {s.family: s for s in shares(slots, Target("http://127.0.0.1:1"), registry.contract)}
    allowed = {
        s.family: s for s in shares(slots, Target("http://127.0.0.1:1", allow_expensive=True), registry.contract)
    }
    assert (careful["images"].requests, careful["images"].held_back) == (0, 1)
    assert (allowed["images"].requests, allowed["images"].held_back) == (1, 0)
    assert careful["chat"].billable == allowed["chat"].billable == 1
    assert careful["chat"].output_tokens > 0


def test_the_page_names_what_is_held_back_and_sends_nothing(clean_run: CleanRun) -> None:
    registry = clean_run.registry
    slots = [slot for name in registry.probes for slot in registry.slots(name)]
    text = "\n".join(lines(slots, Target("http://127.0.0.1:1"), registry.contract))
    assert "not asked without --allow-expensive" in text
    assert "of images" in text
    assert text.endswith("nothing was sent")


def test_the_page_says_what_budgets_and_the_hub_file_leave_out(clean_run: CleanRun) -> None:
    registry = clean_run.registry
    slots = [slot for name in ("chat_echo", "images_answer") for slot in registry.slots(name)]
    target = Target("http://127.0.0.1:1", not_offered=frozenset({"images"}), max_requests=0, max_tokens=1)
    text = "\n".join(lines(slots, target, registry.contract))
    assert "said not to be offered: 1 probes of images" in text
    assert "--max-requests 0 stops the run" in text
    assert "--max-tokens 1 may stop the run" in text
