"""A contract conformance test suite for LLM hubs."""

__version__ = "0.1.0"
