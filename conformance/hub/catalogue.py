"""The models of the hub: names of several kinds, none of them with a model behind it."""

from dataclasses import dataclass

CREATED = 1_735_689_600
TEXT_FORMATS = ("openai", "openai-response", "anthropic", "gemini")


@dataclass(frozen=True)
class Entry:
    """One model. `kind` says what it does; `formats` are the values of `supported_endpoint_types`."""

    id: str
    kind: str
    owner: str
    name: str
    formats: tuple[str, ...] = ()
    methods: tuple[str, ...] = ()


def _chat(id: str, owner: str, name: str) -> Entry:
    methods = ("generateContent", "streamGenerateContent", "countTokens")
    return Entry(id, "chat", owner, name, TEXT_FORMATS, methods)


ENTRIES = (
    _chat("gpt-4o-mini", "openai", "GPT-4o mini"),
    _chat("gpt-4o", "openai", "GPT-4o"),
    _chat("gpt-4o-audio-preview", "openai", "GPT-4o Audio"),
    _chat("o-reason-mini", "openai", "O Reason mini"),
    _chat("claude-3-5-haiku", "anthropic", "Claude 3.5 Haiku"),
    _chat("gemini-2.0-flash", "google", "Gemini 2.0 Flash"),
    _chat("vendor/model-with:tag.1", "vendor", "A model with a difficult name"),
    Entry("gpt-3.5-turbo-instruct", "completion", "openai", "GPT-3.5 Turbo Instruct"),
    Entry("text-davinci-edit-001", "edit", "openai", "Davinci Edit"),
    Entry(
        "text-embedding-3-small", "embedding", "openai", "Text Embedding 3 small", ("embeddings",), ("embedContent",)
    ),
    Entry("rerank-v3", "rerank", "cohere", "Rerank v3", ("jina-rerank",)),
    Entry("omni-moderation-latest", "moderation", "openai", "Omni Moderation"),
    Entry("dall-e-2", "image", "openai", "DALL·E 2", ("image-generation",)),
    Entry("gpt-image-1", "image", "openai", "GPT Image 1", ("image-generation",)),
    Entry("qwen-image", "image", "qwen", "Qwen Image", ("image-generation",)),
    Entry("qwen-image-edit", "image", "qwen", "Qwen Image Edit", ("image-generation",)),
    Entry("gpt-4o-mini-tts", "speech", "openai", "GPT-4o mini TTS"),
    Entry("whisper-1", "transcription", "openai", "Whisper"),
    Entry("sora-2", "video", "openai", "Sora 2", ("openai-video",)),
    Entry("kling-v1", "video", "kling", "Kling v1"),
    Entry("jimeng-video-3", "video", "jimeng", "Jimeng Video 3"),
    Entry("suno-music", "music", "suno", "Suno Music"),
    Entry("gpt-realtime", "realtime", "openai", "GPT Realtime"),
)
BY_ID = {entry.id: entry for entry in ENTRIES}
