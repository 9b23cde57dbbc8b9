"""Sentences about verdicts on content."""
