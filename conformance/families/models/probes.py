"""What is asked of the model lists. All of it is free."""

from __future__ import annotations

from typing import Any
from urllib.parse import quote

from conformance.engine.probe import Admit, Conversation, Group, Hub, Phase, StopProbe, credential, probe
from conformance.wire.exchange import Exchange

LIST = "list-models-openai"
GEMINI_LIST = "list-models-gemini"
NO_SUCH_MODEL = "no-such-model-7f3a9c41"


@probe(LIST, base=True)
async def models_list(hub: Hub) -> Exchange:
    """The list in the OpenAI format."""
    return await hub.send(LIST)


@probe(LIST, admit=Admit.REFUSAL, phase=Phase.ANSWERS)
async def models_retrieve(hub: Hub) -> Conversation:
    """A listed model by its name, best one with a slash in it, and then a model that no hub has.

    Where the one with a slash is not found, one without is asked for as well. The route for one model is none of the
    documents: it is asked for without an operation.
    """
    names = _ids(hub.earlier(models_list.__name__))
    chosen = [*[name for name in names if "/" in name][:1], *[name for name in names if "/" not in name][:1]]
    if not chosen:
        raise StopProbe("the list names no model that could be retrieved")
    answers = []
    for name in chosen:
        answers.append(await hub.send(path=f"/v1/models/{quote(name, safe='')}"))
        if answers[-1].ok and not hub.target.one_by_one:
            break
    return *answers, await hub.send(path=f"/v1/models/{NO_SUCH_MODEL}")


def _ids(listing: Exchange | None) -> list[str]:
    try:
        data: Any = listing.json["data"] if listing else []
    except (ValueError, KeyError, TypeError):
        return []
    entries = data if isinstance(data, list) else []
    return [e["id"] for e in entries if isinstance(e, dict) and isinstance(e.get("id"), str) and e["id"].isprintable()]


@probe(GEMINI_LIST, base=True)
async def models_gemini(hub: Hub) -> Exchange:
    """The list in the Google format."""
    return await hub.send(GEMINI_LIST)


async def _with_both_keys(hub: Hub, scheme: str, *more: tuple[str, str]) -> Exchange:
    if hub.target.token is None:
        raise StopProbe("no token is given, and the format is chosen by the header that carries it")
    headers, _ = credential(scheme, hub.target.token.reveal())
    return await hub.send(LIST, headers=[*headers, *more])


@probe(LIST, admit=Admit.REFUSAL, phase=Phase.ANSWERS)
async def models_as_anthropic(hub: Hub) -> Exchange:
    """The shared path as the Anthropic clients ask for it, with a bearer token beside their own header."""
    return await _with_both_keys(hub, "x-api-key", ("anthropic-version", "2023-06-01"))


@probe(LIST, admit=Admit.REFUSAL, phase=Phase.ANSWERS)
async def models_as_google(hub: Hub) -> Exchange:
    """The shared path as the Google clients ask for it, with a bearer token beside their own header."""
    return await _with_both_keys(hub, "x-goog-api-key")


chat_reply = Group("chat_reply", lambda p: p.name == "chat_answer", Admit.RAW)
