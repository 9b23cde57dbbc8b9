"""The option that has the official clients judge, which is not done by default."""

from __future__ import annotations

import pytest

from conformance.engine.requirement import requirement_ids
from conformance.engine.running import RUN

FAMILY = "clients"


def pytest_addoption(parser: pytest.Parser) -> None:
    parser.getgroup("conformance", "judging a hub").addoption(
        "--clients",
        action="store_true",
        help="have the official clients talk to the hub too, those that are installed "
        "(extra `clients`; those for Node from this folder's node_modules)",
    )


@pytest.hookimpl(trylast=True)
def pytest_configure(config: pytest.Config) -> None:
    if config.stash.get(RUN, None) is not None and config.option.clients and config.option.family:
        config.option.family.append(FAMILY)  # what is wanted is named, and these are wanted too


@pytest.hookimpl(tryfirst=True)
def pytest_collection_modifyitems(config: pytest.Config, items: list[pytest.Item]) -> None:
    if config.stash.get(RUN, None) is None or config.option.clients or FAMILY in config.option.family:
        return
    dropped = [item for item in items if _is_played(item)]
    if dropped:
        config.hook.pytest_deselected(items=dropped)
        items[:] = [item for item in items if not _is_played(item)]


def _is_played(item: pytest.Item) -> bool:
    function = getattr(item, "function", None)
    return function is not None and any(i.startswith(f"{FAMILY}.") for i in requirement_ids(function))
