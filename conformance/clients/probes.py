"""What the official clients are asked to play: one scene each, in a process of the client's own."""

from __future__ import annotations

from collections.abc import Callable

from conformance.clients.lane import play
from conformance.engine.probe import Conversation, Group, Hub, Probe, probe

CHAT = "chat-completions"
RESPONSES = "responses-create"
CLAUDE = "claude-messages"
GEMINI = "gemini-generate-content"
GEMINI_STREAM = "gemini-stream-generate-content"
COMPLETIONS = "completions-create"
EMBEDDINGS = "embeddings"
MODERATIONS = "moderations"
IMAGES = "images-generations"
SPEECH = "audio-speech"
TRANSCRIPTIONS = "audio-transcriptions"
MODELS = "list-models-openai"
GEMINI_MODELS = "list-models-gemini"
VIDEOS = "videos-create"
REALTIME = "realtime"
GEMINI_EMBEDDINGS = "gemini-embeddings"


@probe(CHAT, apart=True)
async def clients_openai_chat(hub: Hub) -> Conversation:
    return await play(hub, "openai", "chat", CHAT)


@probe(CHAT, apart=True)
async def clients_openai_chat_stream(hub: Hub) -> Conversation:
    return await play(hub, "openai", "chat_stream", CHAT)


@probe(CHAT, apart=True)
async def clients_openai_chat_tools(hub: Hub) -> Conversation:
    return await play(hub, "openai", "chat_tools", CHAT)


@probe(CHAT, apart=True)
async def clients_openai_chat_tools_stream(hub: Hub) -> Conversation:
    return await play(hub, "openai", "chat_tools_stream", CHAT)


@probe(CHAT, apart=True)
async def clients_openai_chat_structured(hub: Hub) -> Conversation:
    return await play(hub, "openai", "chat_structured", CHAT)


@probe(RESPONSES, apart=True)
async def clients_openai_responses(hub: Hub) -> Conversation:
    return await play(hub, "openai", "responses", RESPONSES)


@probe(RESPONSES, apart=True)
async def clients_openai_responses_stream(hub: Hub) -> Conversation:
    return await play(hub, "openai", "responses_stream", RESPONSES)


@probe(RESPONSES, apart=True)
async def clients_openai_responses_tools(hub: Hub) -> Conversation:
    return await play(hub, "openai", "responses_tools", RESPONSES)


@probe(COMPLETIONS, apart=True)
async def clients_openai_completions(hub: Hub) -> Conversation:
    return await play(hub, "openai", "completions", COMPLETIONS)


@probe(EMBEDDINGS, apart=True)
async def clients_openai_embeddings(hub: Hub) -> Conversation:
    return await play(hub, "openai", "embeddings", EMBEDDINGS)


@probe(MODERATIONS, apart=True)
async def clients_openai_moderations(hub: Hub) -> Conversation:
    return await play(hub, "openai", "moderations", MODERATIONS)


@probe(IMAGES, apart=True)
async def clients_openai_images(hub: Hub) -> Conversation:
    return await play(hub, "openai", "images", IMAGES)


@probe(SPEECH, apart=True)
async def clients_openai_speech(hub: Hub) -> Conversation:
    return await play(hub, "openai", "speech", SPEECH)


@probe(TRANSCRIPTIONS, apart=True)
async def clients_openai_transcription(hub: Hub) -> Conversation:
    return await play(hub, "openai", "transcription", TRANSCRIPTIONS)


@probe(MODELS, apart=True)
async def clients_openai_models(hub: Hub) -> Conversation:
    return await play(hub, "openai", "models", MODELS)


@probe(VIDEOS, apart=True)
async def clients_openai_videos(hub: Hub) -> Conversation:
    return await play(hub, "openai", "videos", VIDEOS)


@probe(REALTIME, apart=True)
async def clients_openai_realtime(hub: Hub) -> Conversation:
    return await play(hub, "openai", "realtime", REALTIME)


@probe(REALTIME, apart=True)
async def clients_openai_realtime_tools(hub: Hub) -> Conversation:
    return await play(hub, "openai", "realtime_tools", REALTIME)


@probe(REALTIME, apart=True)
async def clients_openai_realtime_wrong_key(hub: Hub) -> Conversation:
    return await play(hub, "openai", "realtime_wrong_key", REALTIME)


@probe(CHAT, apart=True)
async def clients_openai_wrong_key(hub: Hub) -> Conversation:
    return await play(hub, "openai", "wrong_key", CHAT)


@probe(CHAT, apart=True)
async def clients_openai_wrong_request(hub: Hub) -> Conversation:
    return await play(hub, "openai", "wrong_request", CHAT)


@probe(CLAUDE, apart=True)
async def clients_anthropic_messages(hub: Hub) -> Conversation:
    return await play(hub, "anthropic", "messages", CLAUDE)


@probe(CLAUDE, apart=True)
async def clients_anthropic_stream(hub: Hub) -> Conversation:
    return await play(hub, "anthropic", "stream", CLAUDE)


@probe(CLAUDE, apart=True)
async def clients_anthropic_two_turns(hub: Hub) -> Conversation:
    return await play(hub, "anthropic", "two_turns", CLAUDE)


@probe(CLAUDE, apart=True)
async def clients_anthropic_tools_stream(hub: Hub) -> Conversation:
    return await play(hub, "anthropic", "tools_stream", CLAUDE)


@probe(MODELS, apart=True)
async def clients_anthropic_models(hub: Hub) -> Conversation:
    return await play(hub, "anthropic", "models", MODELS)


@probe(CLAUDE, apart=True)
async def clients_anthropic_wrong_key(hub: Hub) -> Conversation:
    return await play(hub, "anthropic", "wrong_key", CLAUDE)


@probe(CLAUDE, apart=True)
async def clients_anthropic_wrong_request(hub: Hub) -> Conversation:
    return await play(hub, "anthropic", "wrong_request", CLAUDE)


@probe(GEMINI, apart=True)
async def clients_google_generate(hub: Hub) -> Conversation:
    return await play(hub, "google", "generate", GEMINI)


@probe(GEMINI_STREAM, apart=True)
async def clients_google_stream(hub: Hub) -> Conversation:
    return await play(hub, "google", "stream", GEMINI_STREAM)


@probe(GEMINI_STREAM, apart=True)
async def clients_google_tools_stream(hub: Hub) -> Conversation:
    return await play(hub, "google", "tools_stream", GEMINI_STREAM)


@probe(GEMINI, apart=True)
async def clients_google_two_turns(hub: Hub) -> Conversation:
    return await play(hub, "google", "two_turns", GEMINI)


@probe(GEMINI, apart=True)
async def clients_google_structured(hub: Hub) -> Conversation:
    return await play(hub, "google", "structured", GEMINI)


@probe(GEMINI_EMBEDDINGS, apart=True)
async def clients_google_embed(hub: Hub) -> Conversation:
    return await play(hub, "google", "embed", GEMINI_EMBEDDINGS)


@probe(GEMINI_MODELS, apart=True)
async def clients_google_models(hub: Hub) -> Conversation:
    return await play(hub, "google", "models", GEMINI_MODELS)


@probe(GEMINI, apart=True)
async def clients_google_wrong_key(hub: Hub) -> Conversation:
    return await play(hub, "google", "wrong_key", GEMINI)


@probe(GEMINI, apart=True)
async def clients_google_wrong_request(hub: Hub) -> Conversation:
    return await play(hub, "google", "wrong_request", GEMINI)


@probe(CHAT, apart=True)
async def clients_openai_node_chat(hub: Hub) -> Conversation:
    return await play(hub, "openai-node", "chat", CHAT)


@probe(CHAT, apart=True)
async def clients_openai_node_chat_stream(hub: Hub) -> Conversation:
    return await play(hub, "openai-node", "chat_stream", CHAT)


@probe(CHAT, apart=True)
async def clients_openai_node_chat_tools(hub: Hub) -> Conversation:
    return await play(hub, "openai-node", "chat_tools", CHAT)


@probe(CHAT, apart=True)
async def clients_openai_node_chat_tools_stream(hub: Hub) -> Conversation:
    return await play(hub, "openai-node", "chat_tools_stream", CHAT)


@probe(RESPONSES, apart=True)
async def clients_openai_node_responses(hub: Hub) -> Conversation:
    return await play(hub, "openai-node", "responses", RESPONSES)


@probe(RESPONSES, apart=True)
async def clients_openai_node_responses_stream(hub: Hub) -> Conversation:
    return await play(hub, "openai-node", "responses_stream", RESPONSES)


@probe(EMBEDDINGS, apart=True)
async def clients_openai_node_embeddings(hub: Hub) -> Conversation:
    return await play(hub, "openai-node", "embeddings", EMBEDDINGS)


@probe(MODERATIONS, apart=True)
async def clients_openai_node_moderations(hub: Hub) -> Conversation:
    return await play(hub, "openai-node", "moderations", MODERATIONS)


@probe(IMAGES, apart=True)
async def clients_openai_node_images(hub: Hub) -> Conversation:
    return await play(hub, "openai-node", "images", IMAGES)


@probe(SPEECH, apart=True)
async def clients_openai_node_speech(hub: Hub) -> Conversation:
    return await play(hub, "openai-node", "speech", SPEECH)


@probe(TRANSCRIPTIONS, apart=True)
async def clients_openai_node_transcription(hub: Hub) -> Conversation:
    return await play(hub, "openai-node", "transcription", TRANSCRIPTIONS)


@probe(VIDEOS, apart=True)
async def clients_openai_node_videos(hub: Hub) -> Conversation:
    return await play(hub, "openai-node", "videos", VIDEOS)


@probe(MODELS, apart=True)
async def clients_openai_node_models(hub: Hub) -> Conversation:
    return await play(hub, "openai-node", "models", MODELS)


@probe(CHAT, apart=True)
async def clients_openai_node_wrong_key(hub: Hub) -> Conversation:
    return await play(hub, "openai-node", "wrong_key", CHAT)


@probe(CHAT, apart=True)
async def clients_ai_generate(hub: Hub) -> Conversation:
    return await play(hub, "ai", "generate", CHAT)


@probe(CHAT, apart=True)
async def clients_ai_stream(hub: Hub) -> Conversation:
    return await play(hub, "ai", "stream", CHAT)


@probe(CHAT, apart=True)
async def clients_ai_tools(hub: Hub) -> Conversation:
    return await play(hub, "ai", "tools", CHAT)


@probe(CHAT, apart=True)
async def clients_ai_tools_stream(hub: Hub) -> Conversation:
    return await play(hub, "ai", "tools_stream", CHAT)


@probe(CHAT, apart=True)
async def clients_ai_object(hub: Hub) -> Conversation:
    return await play(hub, "ai", "object", CHAT)


@probe(EMBEDDINGS, apart=True)
async def clients_ai_embed(hub: Hub) -> Conversation:
    return await play(hub, "ai", "embed", EMBEDDINGS)


@probe(IMAGES, apart=True)
async def clients_ai_image(hub: Hub) -> Conversation:
    return await play(hub, "ai", "image", IMAGES)


@probe(SPEECH, apart=True)
async def clients_ai_speech(hub: Hub) -> Conversation:
    return await play(hub, "ai", "speech", SPEECH)


@probe(TRANSCRIPTIONS, apart=True)
async def clients_ai_transcription(hub: Hub) -> Conversation:
    return await play(hub, "ai", "transcription", TRANSCRIPTIONS)


@probe(CHAT, apart=True)
async def clients_ai_wrong_key(hub: Hub) -> Conversation:
    return await play(hub, "ai", "wrong_key", CHAT)


@probe(CLAUDE, apart=True)
async def clients_anthropic_node_messages(hub: Hub) -> Conversation:
    return await play(hub, "anthropic-node", "messages", CLAUDE)


@probe(CLAUDE, apart=True)
async def clients_anthropic_node_stream(hub: Hub) -> Conversation:
    return await play(hub, "anthropic-node", "stream", CLAUDE)


@probe(CLAUDE, apart=True)
async def clients_anthropic_node_two_turns(hub: Hub) -> Conversation:
    return await play(hub, "anthropic-node", "two_turns", CLAUDE)


@probe(CLAUDE, apart=True)
async def clients_anthropic_node_tools_stream(hub: Hub) -> Conversation:
    return await play(hub, "anthropic-node", "tools_stream", CLAUDE)


@probe(CLAUDE, apart=True)
async def clients_anthropic_node_wrong_key(hub: Hub) -> Conversation:
    return await play(hub, "anthropic-node", "wrong_key", CLAUDE)


@probe(GEMINI, apart=True)
async def clients_google_node_generate(hub: Hub) -> Conversation:
    return await play(hub, "google-node", "generate", GEMINI)


@probe(GEMINI_STREAM, apart=True)
async def clients_google_node_stream(hub: Hub) -> Conversation:
    return await play(hub, "google-node", "stream", GEMINI_STREAM)


@probe(GEMINI, apart=True)
async def clients_google_node_two_turns(hub: Hub) -> Conversation:
    return await play(hub, "google-node", "two_turns", GEMINI)


@probe(GEMINI_STREAM, apart=True)
async def clients_google_node_tools_stream(hub: Hub) -> Conversation:
    return await play(hub, "google-node", "tools_stream", GEMINI_STREAM)


@probe(GEMINI, apart=True)
async def clients_google_node_structured(hub: Hub) -> Conversation:
    return await play(hub, "google-node", "structured", GEMINI)


@probe(GEMINI_EMBEDDINGS, apart=True)
async def clients_google_node_embed(hub: Hub) -> Conversation:
    return await play(hub, "google-node", "embed", GEMINI_EMBEDDINGS)


@probe(GEMINI, apart=True)
async def clients_google_node_wrong_key(hub: Hub) -> Conversation:
    return await play(hub, "google-node", "wrong_key", GEMINI)


def _plain(*names: str) -> Callable[[Probe], bool]:
    return lambda candidate: candidate.name in names


clients_openai_plain = Group(
    "clients_openai_plain",
    _plain("clients_openai_chat", "clients_openai_responses", "clients_openai_embeddings"),
    apart=True,
)
clients_anthropic_plain = Group("clients_anthropic_plain", _plain("clients_anthropic_messages"), apart=True)
