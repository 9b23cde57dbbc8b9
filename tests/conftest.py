"""Fixtures that several modules share. Light to import: pytest reads this file when it judges a hub, too."""

from __future__ import annotations

from typing import TYPE_CHECKING

import pytest

if TYPE_CHECKING:
    from tests.matrix import CleanRun


@pytest.fixture(scope="session")
def clean_run(tmp_path_factory: pytest.TempPathFactory) -> CleanRun:
    """The clean embedded hub's evidence, recorded once a session."""
    from tests.matrix import CleanRun

    return CleanRun.record(tmp_path_factory.mktemp("evidence"))
