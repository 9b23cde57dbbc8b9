"""Sentences about vectors of texts."""
