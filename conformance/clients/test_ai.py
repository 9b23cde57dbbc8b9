"""The AI SDK against the hub.

Beside each scene stands the plain request of the suite that the hub has to serve first.
"""

from __future__ import annotations

from conformance.clients.verdict import expect_parsed, expect_refusal, expect_same
from conformance.engine.evidence import Record
from conformance.engine.requirement import requirement


@requirement("clients.ai.generate")
def test_ai_generate(clients_ai_generate: Record, chat_answer: object) -> None:
    expect_same(clients_ai_generate, "chat")


@requirement("clients.ai.stream")
def test_ai_stream(clients_ai_stream: Record, chat_echo_stream: object) -> None:
    expect_same(clients_ai_stream, "chat")


@requirement("clients.ai.tools")
def test_ai_tools(clients_ai_tools: Record, chat_tool_forced: object) -> None:
    expect_same(clients_ai_tools, "chat", turns=2)


@requirement("clients.ai.tools-stream")
def test_ai_tools_stream(clients_ai_tools_stream: Record, chat_tool_forced_stream: object) -> None:
    expect_same(clients_ai_tools_stream, "chat")


@requirement("clients.ai.object")
def test_ai_object(clients_ai_object: Record, chat_schema: object) -> None:
    expect_parsed(clients_ai_object, "chat")


@requirement("clients.ai.embed")
def test_ai_embed(clients_ai_embed: Record, embeddings_batch: object) -> None:
    expect_same(clients_ai_embed, "embeddings")


@requirement("clients.ai.image")
def test_ai_image(clients_ai_image: Record, images_answer: object) -> None:
    expect_same(clients_ai_image, "images")


@requirement("clients.ai.speech")
def test_ai_speech(clients_ai_speech: Record, audio_speech: object) -> None:
    expect_same(clients_ai_speech, "sound")


@requirement("clients.ai.transcription")
def test_ai_transcription(clients_ai_transcription: Record, audio_transcript: object) -> None:
    expect_same(clients_ai_transcription, "transcript")


@requirement("clients.ai.wrong-key")
def test_ai_wrong_key(clients_ai_wrong_key: Record, chat_answer: object) -> None:
    expect_refusal(clients_ai_wrong_key, "APICallError", 401)
