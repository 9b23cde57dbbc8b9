"""The OpenAI client for JavaScript against the hub.

Beside each scene stands the plain request of the suite that the hub has to serve first.
"""

from __future__ import annotations

from conformance.clients.verdict import expect_refusal, expect_same
from conformance.engine.evidence import Record
from conformance.engine.requirement import requirement


@requirement("clients.openai-node.chat")
def test_openai_node_chat(clients_openai_node_chat: Record, chat_answer: object) -> None:
    expect_same(clients_openai_node_chat, "chat")


@requirement("clients.openai-node.chat-stream")
def test_openai_node_chat_stream(clients_openai_node_chat_stream: Record, chat_echo_stream: object) -> None:
    expect_same(clients_openai_node_chat_stream, "chat")


@requirement("clients.openai-node.chat-tools")
def test_openai_node_chat_tools(clients_openai_node_chat_tools: Record, chat_tool_forced: object) -> None:
    expect_same(clients_openai_node_chat_tools, "chat", turns=2)


@requirement("clients.openai-node.chat-tools-stream")
def test_openai_node_chat_tools_stream(
    clients_openai_node_chat_tools_stream: Record, chat_tool_forced_stream: object
) -> None:
    expect_same(clients_openai_node_chat_tools_stream, "chat")


@requirement("clients.openai-node.responses")
def test_openai_node_responses(clients_openai_node_responses: Record, responses_answer: object) -> None:
    expect_same(clients_openai_node_responses, "responses")


@requirement("clients.openai-node.responses-stream")
def test_openai_node_responses_stream(
    clients_openai_node_responses_stream: Record, responses_cap_stream: object
) -> None:
    expect_same(clients_openai_node_responses_stream, "responses")


@requirement("clients.openai-node.embeddings")
def test_openai_node_embeddings(clients_openai_node_embeddings: Record, embeddings_batch: object) -> None:
    expect_same(clients_openai_node_embeddings, "embeddings")


@requirement("clients.openai-node.moderations")
def test_openai_node_moderations(clients_openai_node_moderations: Record, moderations_answer: object) -> None:
    expect_same(clients_openai_node_moderations, "moderations")


@requirement("clients.openai-node.images")
def test_openai_node_images(clients_openai_node_images: Record, images_answer: object) -> None:
    expect_same(clients_openai_node_images, "images")


@requirement("clients.openai-node.speech")
def test_openai_node_speech(clients_openai_node_speech: Record, audio_speech: object) -> None:
    expect_same(clients_openai_node_speech, "sound")


@requirement("clients.openai-node.transcription")
def test_openai_node_transcription(clients_openai_node_transcription: Record, audio_transcript: object) -> None:
    expect_same(clients_openai_node_transcription, "transcript")


@requirement("clients.openai-node.videos")
def test_openai_node_videos(clients_openai_node_videos: Record, any_sora_journey: object) -> None:
    expect_same(clients_openai_node_videos, "task", only=0)


@requirement("clients.openai-node.videos-content")
def test_openai_node_videos_content(clients_openai_node_videos: Record, videos_sora: object) -> None:
    expect_same(clients_openai_node_videos, "film", only=1)


@requirement("clients.openai-node.models")
def test_openai_node_models(clients_openai_node_models: Record, models_list: object) -> None:
    expect_same(clients_openai_node_models, "models")


@requirement("clients.openai-node.wrong-key")
def test_openai_node_wrong_key(clients_openai_node_wrong_key: Record, chat_answer: object) -> None:
    expect_refusal(clients_openai_node_wrong_key, "AuthenticationError", 401)
