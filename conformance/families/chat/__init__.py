"""OpenAI Chat Completions, whole and streamed."""
