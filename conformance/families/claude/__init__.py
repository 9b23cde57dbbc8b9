"""Anthropic Messages: the sentences, the questions and the judges."""
