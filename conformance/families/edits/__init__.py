"""Sentences about OpenAI's legacy edits."""
