"""What every pytest session in an environment with this package loads.

It is nearly nothing, because most of these sessions test something else: the suite's plugins, and with them its
options, come only when the command line names this package.
"""

from __future__ import annotations

import itertools
from collections.abc import Generator, Sequence
from pathlib import Path

import pytest

PACKAGE = Path(__file__).resolve().parent
PLUGINS = (
    "conformance.engine.plugin",
    "conformance.fuzz.plugin",
    "conformance.clients.plugin",
    "conformance.report.plugin",
)

UNUSED_PLUGINS = ("-p", "no:base_url", "-p", "no:schemathesis", "-p", "no:hypothesispytest")
"""Arguments that keep out what would slow every start down, or claim one of our options."""

LOOSE = "write {option}={value}, with the sign: pytest takes a path after a blank for one of tests"
BASE_URL_TAKEN = "pytest-base-url takes --base-url: use `hub-conformance run`, or add `-p no:base_url`"


PATH_OPTIONS = ("--report", "--hub", "--save-cases", "--baseline", "--write-baseline", "--replay")
"""Options of the suite whose value may be a path that exists. Before pytest knows these options, it takes the path for
one of tests, and looks there for its settings."""


def joined(arguments: Sequence[str]) -> list[str]:
    """The arguments with each path option and its value as one word: `--report DIR` becomes `--report=DIR`."""
    found: list[str] = []
    rest = iter(arguments)
    for argument in rest:
        value = next(rest, None) if argument in PATH_OPTIONS else None
        found.append(argument if value is None else f"{argument}={value}")
    return found


@pytest.hookimpl(wrapper=True)
def pytest_load_initial_conftests(early_config: pytest.Config) -> Generator[None]:
    known = early_config.known_args_namespace
    if names_this_package(known.file_or_dir, known.pyargs, early_config.invocation_params.dir):
        if early_config.pluginmanager.has_plugin("base_url"):
            raise pytest.UsageError(BASE_URL_TAKEN)
        for plugin in PLUGINS:
            early_config.pluginmanager.import_plugin(plugin)
    yield
    if not early_config.pluginmanager.has_plugin(PLUGINS[0]):
        _explain_loose(early_config)


def _explain_loose(config: pytest.Config) -> None:
    """Say what is wrong where a path option has led pytest away from the suite, which is about to miss all options."""
    for option, value in itertools.pairwise(config.invocation_params.args):
        unknown = not hasattr(config.known_args_namespace, str(option).lstrip("-").replace("-", "_"))
        if option in PATH_OPTIONS and unknown and value in config.known_args_namespace.file_or_dir:
            raise pytest.UsageError(LOOSE.format(option=option, value=value))


def names_this_package(arguments: Sequence[str], pyargs: bool, folder: Path) -> bool:
    """Whether one of the arguments is `conformance` or inside of it, as a module (with `--pyargs`) or as a path."""
    names = [argument.partition("::")[0] for argument in arguments]
    if pyargs and any(name.partition(".")[0] == PACKAGE.name for name in names):
        return True
    return any((folder / name).is_relative_to(PACKAGE) for name in names)
