"""Before the first judgement: is there a hub, does it take our token, and which of its models serves which work?"""

from __future__ import annotations

import asyncio
import re
from collections.abc import Iterable, Mapping
from dataclasses import dataclass, replace
from typing import Any

from conformance.engine.evidence import Record
from conformance.engine.judge import NO_ACCESS
from conformance.engine.probing import Inquiry
from conformance.engine.target import Target, TargetError
from conformance.wire.exchange import End, Exchange

LIST_OPERATION = "list-models-openai"
TALK_OPERATION = "chat-completions"
LONGEST_NAME = 200
"""Characters of the name of a model; a longer one is none that anybody could ask for."""


@dataclass(frozen=True)
class Kind:
    """A kind of work: which endpoint types of a model list serve it, and which names suggest it, best first."""

    name: str
    endpoint_types: tuple[str, ...]
    names: tuple[str, ...]


NOT_FOR_TALK = re.compile(
    r"embed|rerank|moderation|image|dall-?e|tts|whisper|transcribe|sora|veo|kling|video|realtime|midjourney|suno|audio"
    r"|instruct$|davinci|babbage",
    re.IGNORECASE,
)
KINDS = (
    Kind("chat", ("openai",), (r"^gpt-4o-mini$", r"mini|nano|flash|lite|small|haiku|tiny", r"gpt|claude|gemini|qwen")),
    Kind("reasoning", (), (r"reason|^o[1-9]|-r1|thinking",)),
    Kind("chat-audio", (), (r"audio-preview|gpt-audio",)),
    Kind("responses", ("openai-response",), (r"^gpt-4o-mini$", r"^gpt.*(mini|nano)", r"^gpt")),
    Kind("claude", ("anthropic",), (r"claude.*haiku", r"claude")),
    Kind("gemini", ("gemini",), (r"gemini.*flash(?!.*(image|tts|audio))", r"gemini(?!.*(image|tts|audio|embed))")),
    Kind("gemini-image", (), (r"gemini.*image",)),
    Kind("gemini-audio", (), (r"gemini.*(tts|audio)",)),
    Kind("completions", (), (r"instruct", r"davinci|babbage", r"^gpt-4o-mini$", r"gpt")),
    Kind("embeddings", ("embeddings",), (r"text-embedding-3-small", r"embed")),
    Kind("rerank", ("jina-rerank",), (r"rerank",)),
    Kind("moderations", (), (r"moderation",)),
    Kind("images", ("image-generation",), (r"gpt-image|dall-?e", r"image")),
    Kind("speech", (), (r"tts",)),
    Kind("transcription", (), (r"whisper|transcribe",)),
    Kind("videos", ("openai-video",), (r"sora", r"video")),
    Kind("realtime", (), (r"realtime",)),
)


BY_NAME = "by its name"
BY_TYPE = "by its endpoint types"
FIRST = "the first of the list"
FAMILY_OF_TYPE = {
    "openai": "chat",
    "openai-response": "responses",
    "anthropic": "claude",
    "gemini": "gemini",
    "embeddings": "embeddings",
    "jina-rerank": "rerank",
    "image-generation": "images",
    "openai-video": "videos",
}
"""What an endpoint type of a model list says that the hub offers."""


@dataclass(frozen=True)
class Choice:
    """A model for a kind of work, and why this one: `BY_NAME`, `BY_TYPE` or `FIRST`."""

    kind: str
    model: str
    why: str


def choose_models(listed: Iterable[Mapping[str, Any]]) -> dict[str, str]:
    """Pick one listed model for each kind of work, by `supported_endpoint_types` and by name.

    Args:
        listed: entries of `GET /v1/models`; anything that is no object with a printable `id` is passed over.
    """
    return {choice.kind: choice.model for choice in choices(listed)}


def choices(listed: Iterable[Mapping[str, Any]]) -> list[Choice]:
    """The same with the reasons."""
    entries = [e for e in listed if isinstance(e, Mapping) and _is_name(e.get("id"))]
    chosen = [choice for kind in KINDS if (choice := _choose(kind, entries))]
    if entries and not any(choice.kind == "chat" for choice in chosen):
        talkers = [e["id"] for e in entries if not NOT_FOR_TALK.search(e["id"])]
        chosen.insert(0, Choice("chat", (talkers or [entries[0]["id"]])[0], FIRST))
    return chosen


def endpoint_types(entry: Mapping[str, Any]) -> list[str]:
    """The `supported_endpoint_types` of a listed model that are words at all."""
    types = entry.get("supported_endpoint_types") if isinstance(entry, Mapping) else None
    return [one for one in types if isinstance(one, str)] if isinstance(types, list) else []


def _is_name(value: Any) -> bool:
    return isinstance(value, str) and 0 < len(value) <= LONGEST_NAME and value.isprintable()


def _choose(kind: Kind, entries: list[Mapping[str, Any]]) -> Choice | None:
    talk = kind.name in ("chat", "responses", "claude", "gemini", "reasoning")
    fitting = [e for e in entries if not (talk and NOT_FOR_TALK.search(e["id"]))]
    for pattern in kind.names:
        named = [e["id"] for e in fitting if re.search(pattern, e["id"], re.IGNORECASE)]
        if named:
            return Choice(kind.name, named[0], BY_NAME)
    for entry in fitting:
        if set(endpoint_types(entry)) & set(kind.endpoint_types):
            return Choice(kind.name, entry["id"], BY_TYPE)
    return None


def look(inquiry: Inquiry, token_name: str) -> list[Mapping[str, Any]]:
    """Ask for the model list alone; empty where there is none.

    Raises:
        TargetError: nobody answers there, the token is refused or missing, or it is a web site instead of an API.
    """
    record = _ask_base(inquiry, LIST_OPERATION)
    _check(list(record.exchanges) if record else [], inquiry.target, token_name)
    return listed_models(record)


def discover(inquiry: Inquiry, token_name: str) -> Target:
    """Ask for the model list and for one short answer, and complete the target with what they tell.

    Both are recorded as the evidence of their probes and not asked again.

    Raises:
        TargetError: nobody answers there, the token is refused or missing, or it is a web site instead of an API.
    """
    listing = _ask_base(inquiry, LIST_OPERATION)
    target = replace(inquiry.target, models={**choose_models(listed_models(listing)), **inquiry.target.models})
    talk = _ask_base(replace(inquiry, target=target), TALK_OPERATION)
    _check([e for record in (listing, talk) if record for e in record.exchanges], target, token_name)
    return target


def _ask_base(inquiry: Inquiry, operation: str) -> Record | None:
    slot = inquiry.registry.base_of(operation)
    if slot is None:
        return None
    asyncio.run(inquiry.ask([slot]))
    return inquiry.store.get(slot.key)


def listed_models(listing: Record | None) -> list[Mapping[str, Any]]:
    """The entries of a recorded model list; empty when there is none that can be read."""
    if listing is None or not listing.exchanges or not listing.exchanges[0].ok:
        return []
    try:
        data = listing.exchanges[0].json["data"]
    except (ValueError, KeyError, TypeError):
        return []
    return [entry for entry in data if isinstance(entry, Mapping)] if isinstance(data, list) else []


def told(target: Target, listing: Record | None, said: Mapping[str, str]) -> list[str]:
    """Lines that say which models a run asks for, why these, and how to have others.

    Args:
        said: models by kind of work that the user has named.
    """
    found = choices(listed_models(listing))
    if not found and not said:
        return [f"models: the hub lists none, so {target.model('chat')} is asked for; --model NAME names another"]
    groups: dict[str, list[str]] = {}
    for kind, name in said.items():
        groups.setdefault("as told", []).append(f"{kind} {name}")
    for choice in found:
        if choice.kind not in said:
            groups.setdefault(choice.why, []).append(f"{choice.kind} {choice.model}")
    lines = [f"models, {why}: {', '.join(names)}" for why, names in groups.items()]
    return [*lines, "models: others with --model KIND=NAME, or under [models] in hub.toml"]


def _check(exchanges: list[Exchange], target: Target, token_name: str) -> None:
    if not exchanges:
        return
    if all(e.end is End.refused for e in exchanges):
        raise TargetError(f"cannot connect to {target.base_url} ({exchanges[0].problem}): is the hub running there?")
    if not any(e.answered for e in exchanges):
        raise TargetError(f"{target.base_url} accepts connections but answers nothing ({exchanges[0].problem})")
    answered = [e for e in exchanges if e.answered]
    if any(e.status in NO_ACCESS for e in answered) and not any(e.ok for e in answered[-1:]):
        status = next(e.status for e in answered if e.status in NO_ACCESS)
        if target.token is None:
            raise TargetError(f"the hub wants a token (HTTP {status}): put it into the environment as {token_name}")
        raise TargetError(
            f"the hub refuses the token in {token_name} (HTTP {status}): is it the right one, and active?"
        )
    if all(e.media_type == "text/html" for e in answered):
        raise TargetError(
            f"{target.base_url} answers with a web page instead of an API: give the address that comes before /v1/…"
        )
