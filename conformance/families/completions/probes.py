"""What is asked of text completions: continuations in every documented form, streams, and wrong requests.

Prompts construct their answers as far as a model that continues text can be led: an echo, a count, two words.
"""

from __future__ import annotations

from typing import Any

from conformance.engine.kit.echo import ECHO, HEAD
from conformance.engine.kit.prompts import CAP, COUNT_TO_NINE, GREETING, LONG_COUNT, REPEAT, STOP, STOP_SEQUENCES
from conformance.engine.kit.reading import offered
from conformance.engine.kit.refusals import Wrongs, ask_wrongly
from conformance.engine.kit.together import alone, ask_together
from conformance.engine.probe import Admit, Conversation, Hub, Phase, probe
from conformance.wire.exchange import Exchange

COMPLETE = "completions-create"
TWO_PROMPTS = [COUNT_TO_NINE, REPEAT]
WORDS = ("1, 2", HEAD)
"""What the continuation of each of the two prompts holds, and that of the other does not."""
CHOICES = 2
ALTERNATIVES = 2
SUFFIX = " and so they all came home before the winter began, each with a story of a road that nobody had taken." * 3
USAGE = {"include_usage": True}
NULLABLE = ("n", "stop", "stream", "temperature", "top_p", "max_tokens", "suffix", "echo", "logprobs", "stream_options")
WRONGS: Wrongs = {"prompt": ..., "max_tokens": "many"}
"""What real hubs get wrong most; the fuzzer tries every other field."""

ECHO_BACK: dict[str, Any] = {"prompt": f"{ECHO} {LONG_COUNT}", "echo": True, "max_tokens": CAP}
LONG: dict[str, Any] = {"prompt": LONG_COUNT, "max_tokens": CAP}
LIKELY: dict[str, Any] = {"logprobs": ALTERNATIVES}
MANY: dict[str, Any] = {"prompt": TWO_PROMPTS, "n": CHOICES}
STREAMED: dict[str, Any] = {"stream": True, "stream_options": USAGE}


@probe(COMPLETE, base=True)
async def completions_answer(hub: Hub) -> Exchange:
    """The plainest prompt."""
    return await hub.ask(COMPLETE, prompt=GREETING)


@probe(COMPLETE, admit=Admit.REPLY, together=True)
async def completions_gap(hub: Hub) -> Conversation:
    """The plainest prompt with a long text behind the gap, and what may be null given as null; each alone."""
    nulls = dict.fromkeys(NULLABLE)
    plain, gap = {"prompt": GREETING}, {"suffix": SUFFIX}
    return await ask_together(hub, COMPLETE, {**plain, **nulls, **gap}, {**plain, **gap}, {**plain, **nulls})


@probe(COMPLETE)
async def completions_echo(hub: Hub) -> Exchange:
    """A prompt of many scripts that shall stand before the beginning of a long continuation."""
    return await hub.ask(COMPLETE, **ECHO_BACK)


@probe(COMPLETE, together=True)
async def completions_echo_stream(hub: Hub) -> Conversation:
    """The same as a stream, usage asked for; then the long task without its prompt."""
    return await ask_together(hub, COMPLETE, {**STREAMED, **ECHO_BACK}, {**STREAMED, **LONG})


@probe(COMPLETE, together=True)
async def completions_capped(hub: Hub) -> Conversation:
    """A long task under a small limit, and likelihoods with two alternatives; each alone."""
    return await ask_together(hub, COMPLETE, {**LONG, **LIKELY}, LONG, {"prompt": COUNT_TO_NINE, **LIKELY})


@probe(COMPLETE)
async def completions_stop_stream(hub: Hub) -> Exchange:
    """A count that one of two stop sequences has to end, streamed; usage is not asked for."""
    return await hub.stream(COMPLETE, prompt=COUNT_TO_NINE, stop=list(STOP_SEQUENCES))


@probe(COMPLETE, together=True)
async def completions_many(hub: Hub) -> Conversation:
    """Two continuations of each of two prompts, and a stop sequence, given as text, that one runs into; each alone."""
    stopped = {"stop": STOP}
    return await ask_together(hub, COMPLETE, {**MANY, **stopped}, MANY, {"prompt": COUNT_TO_NINE, **stopped})


@probe(COMPLETE, together=True)
async def completions_many_stream(hub: Hub) -> Conversation:
    """Two continuations of each of two prompts, and likelihoods, as a stream, usage asked for; each alone."""
    likely = {"prompt": COUNT_TO_NINE, **LIKELY}
    return await ask_together(
        hub, COMPLETE, {**STREAMED, **MANY, **LIKELY}, {**STREAMED, **MANY}, {**STREAMED, **likely}
    )


@probe(COMPLETE, admit=Admit.REFUSAL, phase=Phase.EITHER)
async def completions_tokens(hub: Hub) -> Exchange:
    """Numbers of tokens in the place of the prompt."""
    return await hub.ask(COMPLETE, prompt=[11, 12, 13], max_tokens=CAP)


@probe(COMPLETE, admit=Admit.REFUSAL, phase=Phase.EITHER)
async def completions_chat_model(hub: Hub) -> Exchange:
    """The plainest prompt for a model that talks."""
    return await hub.ask(COMPLETE, model=hub.model("chat"), prompt=GREETING, max_tokens=CAP)


@probe(COMPLETE, admit=Admit.REFUSAL)
async def completions_wrong(hub: Hub) -> Conversation:
    """Requests with a field missing or of a wrong JSON type; see `WRONGS`."""
    plain = {"model": hub.model("completions"), "prompt": GREETING, "max_tokens": CAP}
    return await ask_wrongly(hub, COMPLETE, plain, WRONGS)


ANSWERS = (completions_answer, completions_gap, completions_echo, completions_capped, completions_many)
STREAMS = (completions_echo_stream, completions_stop_stream, completions_many_stream)
any_answer = offered("any_completions_answer", *ANSWERS)
any_stream = offered("any_completions_stream", *STREAMS)
any_reply = offered("any_completions_reply", *ANSWERS, *STREAMS)
later_reply = offered("later_completions_reply", *ANSWERS[1:], *STREAMS)
without_logprobs = offered(
    "any_completions_reply_without_logprobs",
    *(p for p in (*ANSWERS, *STREAMS) if p not in (completions_capped, completions_many_stream)),
)
asked_usage = offered("any_completions_stream_with_usage", completions_echo_stream, completions_many_stream)
unasked_usage = offered("any_completions_stream_without_usage", completions_stop_stream)
suffix = alone("completions_suffix", 1, completions_gap)
nulls = alone("completions_nulls", 2, completions_gap, admit=Admit.REPLY)
any_echo = alone("any_completions_echo", 2, completions_echo, completions_echo_stream)
echo_streamed = alone("completions_echo_streamed", 2, completions_echo_stream)
any_cap = alone("any_completions_cap", 1, completions_capped, completions_echo_stream)
any_stop = alone("any_completions_stop", 2, completions_many, completions_stop_stream)
any_many = alone("any_completions_many", 1, completions_many, completions_many_stream)
any_logprobs = alone("any_completions_logprobs", 2, completions_capped, completions_many_stream)
