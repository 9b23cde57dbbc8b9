"""The Google Gen AI client for JavaScript against the hub.

Beside each scene stands the plain request of the suite that the hub has to serve first.
"""

from __future__ import annotations

from conformance.clients.verdict import expect_parsed, expect_refusal, expect_same
from conformance.engine.evidence import Record
from conformance.engine.requirement import requirement


@requirement("clients.google-node.generate")
def test_google_node_generate(clients_google_node_generate: Record, gemini_answer: object) -> None:
    expect_same(clients_google_node_generate, "gemini")


@requirement("clients.google-node.stream")
def test_google_node_stream(clients_google_node_stream: Record, gemini_stream: object) -> None:
    expect_same(clients_google_node_stream, "gemini")


@requirement("clients.google-node.tools")
def test_google_node_two_turns(clients_google_node_two_turns: Record, gemini_calling: object) -> None:
    expect_same(clients_google_node_two_turns, "gemini", turns=2)


@requirement("clients.google-node.tools-stream")
def test_google_node_tools_stream(clients_google_node_tools_stream: Record, gemini_stream: object) -> None:
    expect_same(clients_google_node_tools_stream, "gemini")


@requirement("clients.google-node.structured")
def test_google_node_structured(clients_google_node_structured: Record, gemini_json: object) -> None:
    expect_parsed(clients_google_node_structured, "gemini")


@requirement("clients.google-node.embed")
def test_google_node_embed(clients_google_node_embed: Record, gemini_embed_batch: object) -> None:
    expect_same(clients_google_node_embed, "embeddings")


@requirement("clients.google-node.wrong-key")
def test_google_node_wrong_key(clients_google_node_wrong_key: Record, gemini_answer: object) -> None:
    expect_refusal(clients_google_node_wrong_key, "ApiError")
