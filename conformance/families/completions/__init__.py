"""Sentences about OpenAI's legacy text completions."""
