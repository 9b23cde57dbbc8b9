"""What the hub remembers belongs to an account."""

from __future__ import annotations

from collections.abc import Iterator

import pytest

from conformance.hub.memory import ACCOUNT, Memory


@pytest.fixture(autouse=True)
def nobody() -> Iterator[None]:
    before = ACCOUNT.set(None)
    yield
    ACCOUNT.reset(before)


@pytest.fixture
def kept() -> Memory[str]:
    """A memory in which the first account keeps one text."""
    memory: Memory[str] = Memory()
    ACCOUNT.set(0)
    memory.keep("id", "text", 4)
    return memory


@pytest.mark.parametrize(("account", "found"), [(0, "text"), (1, None), (None, "text")])
def test_what_is_kept_is_found_by_its_owner_and_through_links_alone(
    kept: Memory[str], account: int | None, found: str | None
) -> None:
    ACCOUNT.set(account)
    assert kept.find("id") == found


def test_another_account_makes_nothing_forgotten(kept: Memory[str]) -> None:
    ACCOUNT.set(1)
    assert not kept.forget("id")
    ACCOUNT.set(0)
    assert kept.find("id") == "text"
    assert kept.forget("id")
    assert kept.find("id") is None
