"""Several things asked in one request, and one by one only where the hub refuses them together.

A good hub serves them at the cost of one request; a bad one is asked again, so that it is blamed for the right one.
"""

from __future__ import annotations

from collections.abc import Callable, Sequence
from typing import Any

from conformance.engine.judge import NO_ACCESS
from conformance.engine.kit.answers import text_of
from conformance.engine.kit.reading import asked
from conformance.engine.probe import Admit, Conversation, Group, Hub, ProbeFunction
from conformance.wire.exchange import Exchange

Body = dict[str, Any]
OUR_LIMIT = frozenset({*NO_ACCESS, 429})
"""Refusals that say nothing about what was asked for."""


async def ask_together(hub: Hub, operation: str, together: Body, *alone: Body) -> Conversation:
    """The reply to a request with the fields of `together`, and where it is refused those to each of `alone`."""
    first = await hub.ask(operation, **together)
    if not asks_on(hub, first):
        return (first,)
    return first, *[await hub.ask(operation, **fields) for fields in alone]


def asks_on(hub: Hub, first: Exchange) -> bool:
    """Whether each thing has to be asked alone after this reply to all of them together."""
    refused = first.answered and not first.ok and first.status not in OUR_LIMIT
    return refused or hub.target.one_by_one


def alone(name: str, number: int, *probes: ProbeFunction, admit: Admit = Admit.ANSWER) -> Group:
    """One of the things that probes ask together, by its number from 1, under a name of its own."""
    names = {function.__name__ for function in probes}
    return Group(name, lambda candidate: candidate.name in names, admit, alone=number)


async def ask_for_text(hub: Hub, operation: str, together: Body, *alone: Body) -> Conversation:
    """The same, and each alone also where the reply has no text: one that calls a tool for all that tells little."""
    first = await hub.ask(operation, **together)
    if not asks_on(hub, first) and (text_of(first) or not first.ok):
        return (first,)
    return first, *[await hub.ask(operation, **fields) for fields in alone]


def telling(conversation: Sequence[Exchange], holds: Callable[[Body], bool]) -> Exchange:
    """The exchange that tells of one of these things: the first where it has text, else the last that asks for it.

    Args:
        holds: whether the body of a request asks for it.
    """
    first, *_ = conversation
    asking = [one for one in conversation if holds(asked(one))] or [first]
    return first if first is asking[0] and first.ok and text_of(first) else asking[-1]
