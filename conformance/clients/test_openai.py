"""The OpenAI client for Python against the hub.

Beside each scene stands the plain request of the suite that the hub has to serve first.
"""

from __future__ import annotations

from conformance.clients.verdict import expect_parsed, expect_raised, expect_refusal, expect_same, expect_types
from conformance.engine.evidence import Record
from conformance.engine.requirement import requirement


@requirement("clients.openai.chat")
def test_openai_chat(clients_openai_chat: Record, chat_answer: object) -> None:
    expect_same(clients_openai_chat, "chat")


@requirement("clients.openai.chat-stream")
def test_openai_chat_stream(clients_openai_chat_stream: Record, chat_echo_stream: object) -> None:
    expect_same(clients_openai_chat_stream, "chat")


@requirement("clients.openai.chat-tools")
def test_openai_chat_tools(clients_openai_chat_tools: Record, chat_tool_forced: object) -> None:
    expect_same(clients_openai_chat_tools, "chat", turns=2)


@requirement("clients.openai.chat-tools-stream")
def test_openai_chat_tools_stream(clients_openai_chat_tools_stream: Record, chat_tool_forced_stream: object) -> None:
    expect_same(clients_openai_chat_tools_stream, "chat")


@requirement("clients.openai.chat-structured")
def test_openai_chat_structured(clients_openai_chat_structured: Record, chat_schema: object) -> None:
    expect_parsed(clients_openai_chat_structured, "chat")


@requirement("clients.openai.responses")
def test_openai_responses(clients_openai_responses: Record, responses_answer: object) -> None:
    expect_same(clients_openai_responses, "responses")


@requirement("clients.openai.responses-stream")
def test_openai_responses_stream(clients_openai_responses_stream: Record, responses_cap_stream: object) -> None:
    expect_same(clients_openai_responses_stream, "responses")


@requirement("clients.openai.responses-tools")
def test_openai_responses_tools(clients_openai_responses_tools: Record, responses_tool_named_stream: object) -> None:
    expect_same(clients_openai_responses_tools, "responses", turns=2)


@requirement("clients.openai.completions")
def test_openai_completions(clients_openai_completions: Record, completions_answer: object) -> None:
    expect_same(clients_openai_completions, "chat")


@requirement("clients.openai.embeddings")
def test_openai_embeddings(clients_openai_embeddings: Record, embeddings_batch: object) -> None:
    expect_same(clients_openai_embeddings, "embeddings")


@requirement("clients.openai.moderations")
def test_openai_moderations(clients_openai_moderations: Record, moderations_answer: object) -> None:
    expect_same(clients_openai_moderations, "moderations")


@requirement("clients.openai.images")
def test_openai_images(clients_openai_images: Record, images_answer: object) -> None:
    expect_same(clients_openai_images, "images")


@requirement("clients.openai.speech")
def test_openai_speech(clients_openai_speech: Record, audio_speech: object) -> None:
    expect_same(clients_openai_speech, "sound")


@requirement("clients.openai.transcription")
def test_openai_transcription(clients_openai_transcription: Record, audio_transcript: object) -> None:
    expect_same(clients_openai_transcription, "transcript")


@requirement("clients.openai.models")
def test_openai_models(clients_openai_models: Record, models_list: object) -> None:
    expect_same(clients_openai_models, "models")


@requirement("clients.openai.videos")
def test_openai_videos(clients_openai_videos: Record, any_sora_journey: object) -> None:
    expect_same(clients_openai_videos, "task", only=0)


@requirement("clients.openai.videos-content")
def test_openai_videos_content(clients_openai_videos: Record, videos_sora: object) -> None:
    expect_same(clients_openai_videos, "film", only=1)


@requirement("clients.openai.realtime")
def test_openai_realtime(clients_openai_realtime: Record, realtime_session: object) -> None:
    expect_same(clients_openai_realtime, "realtime")


@requirement("clients.openai.realtime-tools")
def test_openai_realtime_tools(clients_openai_realtime_tools: Record, realtime_turns: object) -> None:
    expect_same(clients_openai_realtime_tools, "realtime", turns=2)


@requirement("clients.openai.realtime-wrong-key")
def test_openai_realtime_wrong_key(clients_openai_realtime_wrong_key: Record, realtime_session: object) -> None:
    expect_raised(clients_openai_realtime_wrong_key, "InvalidStatus", 401)


@requirement("clients.openai.wrong-key")
def test_openai_wrong_key(clients_openai_wrong_key: Record, chat_answer: object) -> None:
    expect_refusal(clients_openai_wrong_key, "AuthenticationError", 401)


@requirement("clients.openai.wrong-request")
def test_openai_wrong_request(clients_openai_wrong_request: Record, chat_answer: object) -> None:
    expect_refusal(clients_openai_wrong_request, "BadRequestError", 400)


@requirement("clients.openai.types")
def test_openai_types(clients_openai_plain: Record) -> None:
    expect_types(clients_openai_plain)
