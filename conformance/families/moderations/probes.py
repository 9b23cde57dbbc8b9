"""What is asked of moderations: a harmless text, a list with a threat in it, text with a picture, wrong requests."""

from __future__ import annotations

import base64
from typing import Any

from conformance.engine.kit.reading import offered
from conformance.engine.kit.refusals import ask_wrongly
from conformance.engine.kit.samples import png
from conformance.engine.kit.together import alone, ask_together
from conformance.engine.probe import Admit, Conversation, Hub, probe
from conformance.wire.exchange import Exchange

MODERATE = "moderations"
USUAL_MODEL = "omni-moderation-latest"
HARMLESS = "Have a nice day."
BATCH = ("The meeting is at noon.", "I will find you and kill you.", HARMLESS)

WRONG: dict[str, Any] = {"input": ...}
"""Values by words of which the first is the field; `...` leaves it out."""


@probe(MODERATE, base=True)
async def moderations_answer(hub: Hub) -> Exchange:
    """One harmless text."""
    return await hub.ask(MODERATE, model=_model(hub), input=HARMLESS)


@probe(MODERATE, admit=Admit.REPLY, together=True)
async def moderations_several(hub: Hub) -> Conversation:
    """Three texts, the second of them a threat, and no model named; each alone."""
    batch, nameless = {"input": list(BATCH)}, {"model": ...}
    return await ask_together(
        hub, MODERATE, batch | nameless, {**batch, "model": _model(hub)}, {"input": HARMLESS, **nameless}
    )


@probe(MODERATE)
async def moderations_parts(hub: Hub) -> Exchange:
    """A text and a small picture as parts of one input."""
    url = f"data:image/png;base64,{base64.b64encode(png()).decode()}"
    parts = [{"type": "text", "text": HARMLESS}, {"type": "image_url", "image_url": {"url": url}}]
    return await hub.ask(MODERATE, model=_model(hub), input=parts)


@probe(MODERATE, admit=Admit.REFUSAL)
async def moderations_wrong(hub: Hub) -> Conversation:
    """A request that lacks what it needs; see `WRONG`."""
    return await ask_wrongly(hub, MODERATE, _plain(hub), WRONG)


def _model(hub: Hub) -> str:
    """The model to ask; the vendor's when the list names none, because a model that talks screens nothing."""
    return hub.target.models.get(MODERATE) or USUAL_MODEL


def _plain(hub: Hub) -> dict[str, Any]:
    return {"model": _model(hub), "input": HARMLESS}


any_answer = offered("any_moderations_answer", moderations_answer, moderations_several, moderations_parts)
later_answer = offered("later_moderations_answer", moderations_several, moderations_parts)
batch = alone("moderations_batch", 1, moderations_several)
no_model = alone("moderations_no_model", 2, moderations_several, admit=Admit.REPLY)
