"""Loads the suite's plugins, so that `--base-url` and its fellows are known wherever pytest is started in this tree."""

pytest_plugins = [
    "conformance.engine.plugin",
    "conformance.fuzz.plugin",
    "conformance.clients.plugin",
    "conformance.report.plugin",
]
