"""What is asked of HTTP itself, and the groups under which all evidence of a run is judged.

`every_exchange` is whatever was sent, `every_reply` what was answered, `every_answer` what answers a valid request,
and `every_stream` the probes with `stream` or `sse` in their name. For what a hub does alike everywhere,
`sampled_reply` takes the plain question of each operation and the rooms beside the families.
"""

from __future__ import annotations

from conformance.engine.contract import Operation, load_contract
from conformance.engine.probe import Admit, Conversation, Group, Hub, Phase, Probe, probe
from conformance.everywhere.transport.views import looks_held_back
from conformance.wire.exchange import Exchange

LIST = "list-models-openai"
CHAT = "chat-completions"
LONG_ANSWER = "Count from 1 to 100, separated by spaces. Write the numbers and nothing else."
LONG_ANSWER_TOKENS = 240
ROOMS = frozenset({"models", "errors", "transport"})
RAISES_ON_NOTHING = ("sse-openai", "sse-responses")
"""Kinds of streams whose official clients parse a block without data as JSON."""


@probe(LIST, admit=Admit.REFUSAL, phase=Phase.ANSWERS)
async def transport_head(hub: Hub) -> Exchange:
    """HEAD on the model list."""
    return await hub.send(LIST, method="HEAD")


@probe(CHAT, admit=Admit.REFUSAL, phase=Phase.EITHER)
async def transport_slash(hub: Hub) -> Exchange:
    """A POST to the path of chat with a slash at its end. The empty body makes sure that it costs nothing."""
    path = hub.contract.operation(CHAT).path + "/"
    return await hub.send(path=path, method="POST", json={})


@probe(CHAT)
async def transport_long_stream(hub: Hub) -> Conversation:
    """A stream of some hundred events. When it comes all at once it is asked for again: a stall of ours looks alike."""
    messages = [{"role": "user", "content": LONG_ANSWER}]
    first = await hub.stream(CHAT, messages=messages, max_tokens=LONG_ANSWER_TOKENS)
    if not looks_held_back(first):
        return (first,)
    return first, await hub.stream(CHAT, messages=messages, max_tokens=LONG_ANSWER_TOKENS)


def _streams(candidate: Probe) -> bool:
    return ("stream" in candidate.name or "sse" in candidate.name) and _can_stream(candidate)


def _can_stream(candidate: Probe) -> bool:
    return any(kind.startswith("sse") for kind in _kinds(candidate))


def _kinds(candidate: Probe) -> set[str]:
    """How the operations stream that a probe is about; empty for a probe about none."""
    contract = load_contract()
    ids = [candidate.operation] if candidate.operation else list(candidate.each(contract)) if candidate.each else []
    return {contract.operation(one).streaming.kind for one in ids}


def _has_messages(candidate: Probe) -> bool:
    return "websocket" not in _kinds(candidate)


def _may_be_served(candidate: Probe) -> bool:
    return _has_messages(candidate) and candidate.phase is not Phase.REFUSALS and candidate.family != "cors"


def _is_sampled(candidate: Probe) -> bool:
    return candidate.base or candidate.family in ROOMS


def _raises_on_nothing(op: Operation) -> bool:
    return op.streaming.kind in RAISES_ON_NOTHING


every_exchange = Group("every_exchange", lambda _: True, Admit.RAW, flat=True)
every_reply = Group("every_reply", lambda _: True, Admit.REPLY, flat=True)
every_message = Group("every_message", _has_messages, Admit.REPLY, flat=True)
every_served_message = Group("every_served_message", _may_be_served, Admit.REPLY, flat=True)
every_answer = Group("every_answer", lambda p: p.admit is Admit.ANSWER, Admit.ANSWER, flat=True)
every_stream = Group("every_stream", _streams, Admit.REPLY, flat=True)
every_strict_stream = Group("every_strict_stream", _streams, Admit.REPLY, flat=True, only=_raises_on_nothing)
plain_answer = Group("plain_answer", lambda p: p.admit is Admit.ANSWER and _can_stream(p), Admit.REPLY, flat=True)
plain_question = Group("plain_question", lambda p: p.base, Admit.REPLY, flat=True)
sampled_reply = Group("sampled_reply", _is_sampled, Admit.REPLY, flat=True)
limited_exchange = Group("limited_exchange", _is_sampled, Admit.RAW, flat=True, one=True)
sampled_conversation = Group(
    "sampled_conversation", lambda p: p.many and p.family in ROOMS and not p.each, Admit.REPLY, flat=True
)
