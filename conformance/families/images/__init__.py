"""Sentences about pictures that are made and changed, in the OpenAI and in the Qwen format."""
