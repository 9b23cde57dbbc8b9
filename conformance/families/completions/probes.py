"""What is asked of text completions: continuations in every documented form, streams, and wrong requests.

Prompts construct their answers as far as a model that continues text can be led: an echo, a count, two words.
"""

from __future__ import annotations

from typing import Any

from conformance.engine.kit.prompts import CAP, COUNT_TO_NINE, GREETING, LONG_COUNT, REPEAT, STOP, STOP_SEQUENCES
from conformance.engine.kit.reading import offered
from conformance.engine.kit.refusals import ask_wrongly
from conformance.engine.probe import Admit, Conversation, Hub, Phase, group, probe
from conformance.wire.exchange import Exchange

COMPLETE = "completions-create"
WORDS = ("kx-41", "qv-87")
TWO_PROMPTS = [f"Repeat exactly: {word}" for word in WORDS]
CHOICES = 2
ALTERNATIVES = 2
SUFFIX = " and so they all came home before the winter began, each with a story of a road that nobody had taken." * 3
USAGE = {"include_usage": True}

WRONG_TYPES: dict[str, Any] = {
    "prompt": ...,
    "prompt as number": 5,
    "stream": "yes",
    "max_tokens": "many",
    "temperature": "hot",
}
"""Values by words of which the first is the field; `...` leaves it out."""
WRONG_VALUES: dict[str, Any] = {
    "n": 0,
    "temperature": 99,
    "max_tokens": -1,
    "logprobs": 99,
}
NULLABLE = ("n", "stop", "stream", "temperature", "top_p", "max_tokens", "suffix", "echo", "logprobs", "stream_options")


@probe(COMPLETE, base=True)
async def completions_answer(hub: Hub) -> Exchange:
    """The plainest prompt."""
    return await hub.ask(COMPLETE, prompt=GREETING)


@probe(COMPLETE)
async def completions_stream(hub: Hub) -> Exchange:
    """The same as a stream, usage asked for."""
    return await hub.stream(COMPLETE, prompt=GREETING, stream_options=USAGE)


@probe(COMPLETE, admit=Admit.REFUSAL, phase=Phase.EITHER)
async def completions_nulls(hub: Hub) -> Exchange:
    """The same prompt with every nullable field given as null."""
    return await hub.ask(COMPLETE, prompt=GREETING, **dict.fromkeys(NULLABLE))


@probe(COMPLETE)
async def completions_echo(hub: Hub) -> Exchange:
    """A prompt of many scripts that shall stand before the continuation."""
    return await hub.ask(COMPLETE, prompt=REPEAT, echo=True)


@probe(COMPLETE)
async def completions_echo_stream(hub: Hub) -> Exchange:
    """The same as a stream, usage asked for."""
    return await hub.stream(COMPLETE, prompt=REPEAT, echo=True, stream_options=USAGE)


@probe(COMPLETE)
async def completions_cap(hub: Hub) -> Exchange:
    """A long task under a small limit."""
    return await hub.ask(COMPLETE, prompt=LONG_COUNT, max_tokens=CAP)


@probe(COMPLETE)
async def completions_cap_stream(hub: Hub) -> Exchange:
    """The same as a stream, usage asked for."""
    return await hub.stream(COMPLETE, prompt=LONG_COUNT, max_tokens=CAP, stream_options=USAGE)


@probe(COMPLETE)
async def completions_stop(hub: Hub) -> Exchange:
    """A count that a stop sequence, given as text, has to end."""
    return await hub.ask(COMPLETE, prompt=COUNT_TO_NINE, stop=STOP)


@probe(COMPLETE)
async def completions_stop_stream(hub: Hub) -> Exchange:
    """The same streamed, with a list of sequences; usage is not asked for."""
    return await hub.stream(COMPLETE, prompt=COUNT_TO_NINE, stop=list(STOP_SEQUENCES))


@probe(COMPLETE)
async def completions_many(hub: Hub) -> Exchange:
    """Two prompts, two continuations of each."""
    return await hub.ask(COMPLETE, prompt=TWO_PROMPTS, n=CHOICES, max_tokens=CAP)


@probe(COMPLETE)
async def completions_many_stream(hub: Hub) -> Exchange:
    """The same as a stream, usage asked for."""
    return await hub.stream(COMPLETE, prompt=TWO_PROMPTS, n=CHOICES, max_tokens=CAP, stream_options=USAGE)


@probe(COMPLETE)
async def completions_suffix(hub: Hub) -> Exchange:
    """The plainest prompt with a long text that comes after the gap."""
    return await hub.ask(COMPLETE, prompt=GREETING, suffix=SUFFIX)


@probe(COMPLETE)
async def completions_logprobs(hub: Hub) -> Exchange:
    """Likelihoods with two alternatives."""
    return await hub.ask(COMPLETE, prompt=COUNT_TO_NINE, logprobs=ALTERNATIVES)


@probe(COMPLETE)
async def completions_logprobs_stream(hub: Hub) -> Exchange:
    """The same as a stream; usage is not asked for."""
    return await hub.stream(COMPLETE, prompt=COUNT_TO_NINE, logprobs=ALTERNATIVES)


@probe(COMPLETE, admit=Admit.REFUSAL, phase=Phase.EITHER)
async def completions_tokens(hub: Hub) -> Exchange:
    """Numbers of tokens in the place of the prompt."""
    return await hub.ask(COMPLETE, prompt=[11, 12, 13], max_tokens=CAP)


@probe(COMPLETE, admit=Admit.REFUSAL, phase=Phase.EITHER)
async def completions_chat_model(hub: Hub) -> Exchange:
    """The plainest prompt for a model that talks."""
    return await hub.ask(COMPLETE, model=hub.model("chat"), prompt=GREETING, max_tokens=CAP)


@probe(COMPLETE, admit=Admit.REFUSAL)
async def completions_wrong_types(hub: Hub) -> Conversation:
    """Requests with a field missing or of a wrong JSON type; see `WRONG_TYPES`."""
    return await ask_wrongly(hub, COMPLETE, _plain(hub), WRONG_TYPES)


@probe(COMPLETE, admit=Admit.REFUSAL)
async def completions_wrong_values(hub: Hub) -> Conversation:
    """Requests with a value out of its range; see `WRONG_VALUES`."""
    return await ask_wrongly(hub, COMPLETE, _plain(hub), WRONG_VALUES)


def _plain(hub: Hub) -> dict[str, Any]:
    return {"model": hub.model("completions"), "prompt": GREETING, "max_tokens": CAP}


ANSWERS = (
    completions_answer,
    completions_nulls,
    completions_echo,
    completions_cap,
    completions_stop,
    completions_many,
    completions_suffix,
    completions_logprobs,
)
STREAMS = (
    completions_stream,
    completions_echo_stream,
    completions_cap_stream,
    completions_stop_stream,
    completions_many_stream,
    completions_logprobs_stream,
)
any_answer = offered("any_completions_answer", *ANSWERS)
any_stream = offered("any_completions_stream", *STREAMS)
any_reply = offered("any_completions_reply", *ANSWERS, *STREAMS)
later_reply = offered("later_completions_reply", *ANSWERS[1:], *STREAMS)
asked_usage = offered(
    "any_completions_stream_with_usage",
    completions_stream,
    completions_echo_stream,
    completions_cap_stream,
    completions_many_stream,
)
unasked_usage = offered("any_completions_stream_without_usage", completions_stop_stream, completions_logprobs_stream)
any_echo = group("any_completions_echo", completions_echo, completions_echo_stream)
any_cap = group("any_completions_cap", completions_cap, completions_cap_stream)
any_stop = group("any_completions_stop", completions_stop, completions_stop_stream)
any_many = group("any_completions_many", completions_many, completions_many_stream)
any_logprobs = group("any_completions_logprobs", completions_logprobs, completions_logprobs_stream)
