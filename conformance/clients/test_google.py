"""The Google Gen AI client for Python against the hub.

Beside each scene stands the plain request of the suite that the hub has to serve first.
"""

from __future__ import annotations

from conformance.clients.verdict import expect_parsed, expect_refusal, expect_same
from conformance.engine.evidence import Record
from conformance.engine.requirement import requirement


@requirement("clients.google.generate")
def test_google_generate(clients_google_generate: Record, gemini_answer: object) -> None:
    expect_same(clients_google_generate, "gemini")


@requirement("clients.google.stream")
def test_google_stream(clients_google_stream: Record, gemini_stream: object) -> None:
    expect_same(clients_google_stream, "gemini")


@requirement("clients.google.tools")
def test_google_two_turns(clients_google_two_turns: Record, gemini_calling: object) -> None:
    expect_same(clients_google_two_turns, "gemini", turns=2)


@requirement("clients.google.tools-stream")
def test_google_tools_stream(clients_google_tools_stream: Record, gemini_stream: object) -> None:
    expect_same(clients_google_tools_stream, "gemini")


@requirement("clients.google.structured")
def test_google_structured(clients_google_structured: Record, gemini_json: object) -> None:
    expect_parsed(clients_google_structured, "gemini")


@requirement("clients.google.embed")
def test_google_embed(clients_google_embed: Record, gemini_embed_batch: object) -> None:
    expect_same(clients_google_embed, "embeddings")


@requirement("clients.google.models")
def test_google_models(clients_google_models: Record, models_gemini: object) -> None:
    expect_same(clients_google_models, "models")


@requirement("clients.google.wrong-key")
def test_google_wrong_key(clients_google_wrong_key: Record, gemini_answer: object) -> None:
    expect_refusal(clients_google_wrong_key, "ClientError")


@requirement("clients.google.wrong-request")
def test_google_wrong_request(clients_google_wrong_request: Record, gemini_answer: object) -> None:
    expect_refusal(clients_google_wrong_request, "ClientError", 400)
