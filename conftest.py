"""Loads the suite's plugin, so that `--base-url` and its fellows are known wherever pytest is started in this tree."""

pytest_plugins = ["conformance.engine.plugin"]
