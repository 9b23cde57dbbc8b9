"""Callers do not meet each other: neither at the same time, nor one after another on the same connection."""
