"""What is asked of embeddings: one text, and a batch in both encodings and orders, lengths, tokens, wrong requests.

The texts of the batch differ in length and script and have nothing in common, so that their vectors can be told apart
whatever the model is.
"""

from __future__ import annotations

from typing import Any

from conformance.engine.contract import load_contract
from conformance.engine.kit.reading import offered
from conformance.engine.kit.refusals import Wrongs, ask_wrongly
from conformance.engine.kit.together import alone, ask_together
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

WRONGS: Wrongs = {"input": ..., "encoding_format": "hex"}
"""What real hubs get wrong most; the fuzzer tries every other field."""


@probe(EMBED, base=True)
async def embeddings_answer(hub: Hub) -> Exchange:
    """One text, and nothing said of the encoding."""
    return await hub.ask(EMBED, input=PLAIN)


@probe(EMBED)
async def embeddings_batch(hub: Hub) -> Exchange:
    """Five texts as lists of numbers."""
    return await hub.ask(EMBED, input=list(BATCH), encoding_format="float")


@probe(EMBED, admit=Admit.REPLY, together=True)
async def embeddings_packed(hub: Hub) -> Conversation:
    """The same texts in the reverse order, as base64, and in the length that vectors have anyway; each alone."""
    length = _native_length(hub)
    back, packed = {"input": list(REVERSED)}, {"encoding_format": "base64"}
    native = {"dimensions": length} if length else {}
    return await ask_together(
        hub,
        EMBED,
        {**back, **packed, **native},
        {**back, "encoding_format": "float"},
        {**back, **packed},
        {"input": PLAIN, **native},
    )


@probe(EMBED, admit=Admit.REPLY, together=True)
async def embeddings_short(hub: Hub) -> Conversation:
    """The plain text as a list of one, as base64, in half the length; then as a list of numbers."""
    length = _native_length(hub)
    if length < 2:
        raise StopProbe("the length of the vectors is not known")
    half = {"input": [PLAIN], "dimensions": length // 2}
    return await ask_together(hub, EMBED, {**half, "encoding_format": "base64"}, half)


@probe(EMBED, admit=Admit.REFUSAL, phase=Phase.EITHER)
async def embeddings_tokens(hub: Hub) -> Exchange:
    """Numbers of tokens in the place of texts, as a list for each of two, as most libraries send them."""
    return await hub.ask(EMBED, input=[[11, 12, 13], [14]])


@probe(EMBED, admit=Admit.REFUSAL)
async def embeddings_wrong(hub: Hub) -> Conversation:
    """Requests with a field missing or of a value that is not allowed; see `WRONGS`."""
    return await ask_wrongly(hub, EMBED, _plain(hub), WRONGS)


@probe(ENGINE, base=True)
async def embeddings_engine(hub: Hub) -> Exchange:
    """The plain text at the path that names the model."""
    path = load_contract().operation(ENGINE).path_with(model=hub.model(EMBED))
    return await hub.send(ENGINE, path=path, json=_plain(hub))


def _plain(hub: Hub) -> dict[str, Any]:
    return {"model": hub.model(EMBED), "input": PLAIN}


def _native_length(hub: Hub) -> int:
    """How many numbers a vector has when no length is asked for; 0 when that is not known."""
    plain = hub.earlier("embeddings_answer")
    return first_length(plain) if plain else 0


any_answer = offered(
    "any_embeddings_answer",
    embeddings_answer,
    embeddings_batch,
    embeddings_packed,
    embeddings_short,
    embeddings_engine,
)
any_batch = offered("any_embeddings_batch", embeddings_batch, embeddings_packed)
reversed_batch = alone("embeddings_reversed", 1, embeddings_packed)
base64 = alone("embeddings_base64", 2, embeddings_packed)
native = alone("embeddings_native", 3, embeddings_packed, admit=Admit.REPLY)
