"""OpenAI Responses: POST /v1/responses, whole and streamed, and what it remembers."""
