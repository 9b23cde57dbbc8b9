"""What is asked of edits: a text with an instruction, an instruction alone, two choices, wrong requests."""

from __future__ import annotations

from typing import Any

from conformance.engine.kit.reading import offered
from conformance.engine.kit.refusals import ask_wrongly
from conformance.engine.kit.together import alone, ask_together
from conformance.engine.probe import Admit, Conversation, Hub, probe
from conformance.wire.exchange import Exchange

EDIT = "edits-create"
TEXT = "What day of the wek is it?"
INSTRUCTION = "Fix the spelling mistakes."
CHOICES = 2

WRONG: dict[str, Any] = {"instruction": ...}
"""Values by words of which the first is the field; `...` leaves it out."""


@probe(EDIT, base=True)
async def edits_answer(hub: Hub) -> Exchange:
    """A text to be mended."""
    return await hub.ask(EDIT, input=TEXT, instruction=INSTRUCTION)


@probe(EDIT, admit=Admit.REPLY, together=True)
async def edits_free(hub: Hub) -> Conversation:
    """An instruction and no text, and two choices; each alone."""
    written, several = {"instruction": "Write the word hello."}, {"n": CHOICES}
    edited = {"input": TEXT, "instruction": INSTRUCTION}
    return await ask_together(hub, EDIT, written | several, written, edited | several)


@probe(EDIT, admit=Admit.REFUSAL)
async def edits_wrong(hub: Hub) -> Conversation:
    """A request that lacks what it needs; see `WRONG`."""
    return await ask_wrongly(hub, EDIT, _plain(hub), WRONG)


def _plain(hub: Hub) -> dict[str, Any]:
    return {"model": hub.model("edits"), "input": TEXT, "instruction": INSTRUCTION}


any_answer = offered("any_edits_answer", edits_answer, edits_free)
two = alone("edits_two", 2, edits_free)
