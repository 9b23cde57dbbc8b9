"""What every pytest session in an environment with this package loads.

It is nearly nothing, because most of these sessions test something else: the suite's plugins, and with them its
options, come only when the command line names this package.
"""

from __future__ import annotations

from collections.abc import Sequence
from pathlib import Path

import pytest

PACKAGE = Path(__file__).resolve().parent
PLUGINS = ("conformance.engine.plugin", "conformance.fuzz.plugin")

UNUSED_PLUGINS = ("-p", "no:base_url", "-p", "no:schemathesis", "-p", "no:hypothesispytest")
"""Arguments that keep out what would slow every start down, or claim one of our options."""

BASE_URL_TAKEN = "pytest-base-url takes --base-url: use `hub-conformance run`, or add `-p no:base_url`"


@pytest.hookimpl(tryfirst=True)
def pytest_load_initial_conftests(early_config: pytest.Config) -> None:
    known = early_config.known_args_namespace
    if names_this_package(known.file_or_dir, known.pyargs, early_config.invocation_params.dir):
        if early_config.pluginmanager.has_plugin("base_url"):
            raise pytest.UsageError(BASE_URL_TAKEN)
        for plugin in PLUGINS:
            early_config.pluginmanager.import_plugin(plugin)


def names_this_package(arguments: Sequence[str], pyargs: bool, folder: Path) -> bool:
    """Whether one of the arguments is `conformance` or inside of it, as a module (with `--pyargs`) or as a path."""
    names = [argument.partition("::")[0] for argument in arguments]
    if pyargs and any(name.partition(".")[0] == PACKAGE.name for name in names):
        return True
    return any((folder / name).is_relative_to(PACKAGE) for name in names)
