"""The text that chat repeats, asked of chat's model in the other formats: what it counts there can be compared.

The token comes in the format's own header where it has one. Counts within a format rest on what its family asks.
"""

from __future__ import annotations

from collections.abc import Iterable

from conformance.engine.contract import Contract
from conformance.engine.kit.echo import COPYIST
from conformance.engine.kit.prompts import REPEAT
from conformance.engine.probe import Admit, Conversation, Group, Hub, Phase, Probe, probe
from conformance.everywhere.common import model_for
from conformance.everywhere.talk import CHAT, question, talking

FEW_TOKENS = 16
TEXT = f"{COPYIST} {REPEAT}"


def others(contract: Contract) -> Iterable[str]:
    """The formats beside chat."""
    return [operation for operation in talking(contract) if operation != CHAT]


@probe(admit=Admit.REFUSAL, phase=Phase.ANSWERS, each=others)
async def metering_formats(hub: Hub, operation: str) -> Conversation:
    """The text to the model that chat uses; where the format does not serve that, to the format's own model."""
    op = hub.contract.operation(operation)
    scheme = op.auth[1] if len(op.auth) > 1 else "default"
    first = await hub.send(operation, auth=scheme, **question(op, hub.target, TEXT, FEW_TOKENS, hub.model()))
    served_elsewhere = first.answered and not first.ok and first.status not in (401, 429)
    if model_for(op, hub.target) == hub.model() or not (served_elsewhere or hub.target.one_by_one):
        return (first,)
    return first, await hub.send(operation, auth=scheme, **question(op, hub.target, TEXT, FEW_TOKENS))


def _asks(candidate: Probe) -> bool:
    return candidate.name == metering_formats.__name__


metering_responses = Group("metering_responses", _asks, only=lambda op: op.family == "responses")
metering_claude = Group("metering_claude", _asks, only=lambda op: op.family == "claude")
metering_gemini = Group("metering_gemini", _asks, only=lambda op: op.family == "gemini")
