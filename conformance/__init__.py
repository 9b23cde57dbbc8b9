"""A contract conformance test suite for LLM hubs.

PYTEST_DONT_REWRITE: it holds no assertion, and `hub-conformance run` has it imported before pytest could rewrite it.
"""

__version__ = "0.1.0"
EDITION = "2026-11-23"
"""Date of the catalogue: results of one edition can be compared sentence by sentence."""
