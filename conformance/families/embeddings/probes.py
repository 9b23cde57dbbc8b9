"""What is asked of embeddings: one text and a batch in both encodings and two orders, lengths, tokens, wrong requests.

The texts of the batch differ in length and script and have nothing in common, so that their vectors can be told apart
whatever the model is.
"""

from __future__ import annotations

from typing import Any

from conformance.engine.contract import load_contract
from conformance.engine.kit.reading import offered
from conformance.engine.kit.refusals import ask_wrongly
from conformance.engine.probe import Admit, Conversation, Hub, Phase, StopProbe, probe
from conformance.families.embeddings.reading import first_length
from conformance.wire.exchange import Exchange

EMBED = "embeddings"
ENGINE = "gemini-embeddings"
PLAIN = "The quick brown fox jumps over the lazy dog."
BATCH = (
    PLAIN,
    "7",
    "Ω 漢字かな 한글 🚀 naïve Ж",
    "Invoice 2291 is overdue since March; please pay it within ten days, or call us to agree on instalments.",
    "def add(a, b):\n    return a + b",
)
"""The first text is also asked for alone."""
REVERSED = BATCH[::-1]

WRONG_TYPES: dict[str, Any] = {
    "input": ...,
    "input as number": 5,
    "encoding_format": 7,
    "dimensions": "many",
}
"""Values by words of which the first is the field; `...` leaves it out."""
WRONG_VALUES: dict[str, Any] = {
    "input": [],
    "input as empty text": "",
    "encoding_format": "hex",
    "dimensions": 0,
}


@probe(EMBED, base=True)
async def embeddings_answer(hub: Hub) -> Exchange:
    """One text, and nothing said of the encoding."""
    return await hub.ask(EMBED, input=PLAIN)


@probe(EMBED)
async def embeddings_batch(hub: Hub) -> Exchange:
    """Five texts as lists of numbers."""
    return await hub.ask(EMBED, input=list(BATCH), encoding_format="float")


@probe(EMBED)
async def embeddings_reversed(hub: Hub) -> Exchange:
    """The same texts in the reverse order."""
    return await hub.ask(EMBED, input=list(REVERSED), encoding_format="float")


@probe(EMBED)
async def embeddings_base64(hub: Hub) -> Exchange:
    """The same texts as base64."""
    return await hub.ask(EMBED, input=list(BATCH), encoding_format="base64")


@probe(EMBED, admit=Admit.REFUSAL, phase=Phase.ANSWERS)
async def embeddings_lengths(hub: Hub) -> Conversation:
    """The plain text as a list of one, then with the length that its vector had, then with half, in both encodings."""
    plain = await hub.ask(EMBED, input=[PLAIN])
    native = first_length(plain)
    if native < 2:
        raise StopProbe("the length of the vectors is not known")
    own = await hub.ask(EMBED, input=PLAIN, dimensions=native)
    half = await hub.ask(EMBED, input=PLAIN, dimensions=native // 2)
    packed = await hub.ask(EMBED, input=PLAIN, dimensions=native // 2, encoding_format="base64")
    return plain, own, half, packed


@probe(EMBED, admit=Admit.REFUSAL, phase=Phase.EITHER)
async def embeddings_tokens(hub: Hub) -> Conversation:
    """Numbers of tokens in the place of texts: of one text, and of two."""
    one = await hub.ask(EMBED, input=[11, 12, 13])
    return one, await hub.ask(EMBED, input=[[11, 12, 13], [14]])


@probe(EMBED, admit=Admit.REFUSAL)
async def embeddings_wrong_types(hub: Hub) -> Conversation:
    """Requests with a field missing or of a wrong JSON type; see `WRONG_TYPES`."""
    return await ask_wrongly(hub, EMBED, _plain(hub), WRONG_TYPES)


@probe(EMBED, admit=Admit.REFUSAL)
async def embeddings_wrong_values(hub: Hub) -> Conversation:
    """Requests with a value that is not allowed; see `WRONG_VALUES`."""
    return await ask_wrongly(hub, EMBED, _plain(hub), WRONG_VALUES)


@probe(ENGINE, base=True)
async def embeddings_engine(hub: Hub) -> Exchange:
    """The plain text at the path that names the model."""
    path = load_contract().operation(ENGINE).path_with(model=hub.model(EMBED))
    return await hub.send(ENGINE, path=path, json=_plain(hub))


def _plain(hub: Hub) -> dict[str, Any]:
    return {"model": hub.model(EMBED), "input": PLAIN}


any_answer = offered(
    "any_embeddings_answer",
    embeddings_answer,
    embeddings_batch,
    embeddings_reversed,
    embeddings_base64,
    embeddings_lengths,
    embeddings_engine,
)
any_batch = offered("any_embeddings_batch", embeddings_batch, embeddings_reversed, embeddings_base64)
