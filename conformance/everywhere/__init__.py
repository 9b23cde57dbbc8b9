"""Sentences that hold on every operation."""
