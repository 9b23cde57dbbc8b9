"""Sentences about putting documents into the order of their relevance."""
