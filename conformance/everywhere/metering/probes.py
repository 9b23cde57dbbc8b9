"""Prompts whose lengths are known, in every format that holds conversations. Answers are kept short."""

from __future__ import annotations

from collections.abc import Iterable

from conformance.engine.contract import Contract
from conformance.engine.probe import Admit, Conversation, Group, Hub, Phase, StopProbe, probe
from conformance.everywhere.common import model_for
from conformance.everywhere.talk import CHAT, question, talking
from conformance.wire.exchange import Exchange

FEW_TOKENS = 16
NOUNS = (
    "river stone garden winter candle bridge market letter window forest "
    "harbor kitchen pencil ladder blanket mirror basket engine orange silver"
)
MORE_WORDS = " ".join([NOUNS] * 10)
"""Two hundred ordinary words."""
SHORT = "Say hello."
LONG = f"Say hello. Pay no attention to these words: {MORE_WORDS}"


def others(contract: Contract) -> Iterable[str]:
    """The formats beside chat."""
    return [operation for operation in talking(contract) if operation != CHAT]


@probe(each=talking)
async def metering_prompts(hub: Hub, operation: str) -> Conversation:
    """A short question, and the same one with two hundred words behind it."""
    op = hub.contract.operation(operation)
    short, long = (question(op, hub.target, text, FEW_TOKENS) for text in (SHORT, LONG))
    return await hub.send(operation, **short), await hub.send(operation, **long)


@probe(admit=Admit.REFUSAL, phase=Phase.EITHER, each=others)
async def metering_elsewhere(hub: Hub, operation: str) -> Exchange:
    """The longer one to the model that chat uses, where the format has a model of its own otherwise."""
    op = hub.contract.operation(operation)
    if model_for(op, hub.target) == hub.model():
        raise StopProbe("the format uses the model of chat anyway, which another judge looks at")
    return await hub.send(operation, **question(op, hub.target, LONG, FEW_TOKENS, hub.model()))


def _is_prompts(name: str) -> bool:
    return name == metering_prompts.__name__


metering_chat = Group("metering_chat", lambda p: _is_prompts(p.name), only=lambda op: op.id == CHAT)
metering_other = Group("metering_other", lambda p: _is_prompts(p.name), only=lambda op: op.id != CHAT)
