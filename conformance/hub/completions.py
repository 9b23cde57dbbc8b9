"""POST /v1/completions: OpenAI's legacy text completions, whole or as an event stream.

A prompt is answered as if a user had said it, by the words of `text`. Token numbers stand for words of the hub.
"""

import time
from collections.abc import Iterator, Mapping, Sequence
from dataclasses import dataclass
from typing import Any

from starlette.responses import JSONResponse, Response

from conformance.hub.app import Call
from conformance.hub.errors import invalid
from conformance.hub.events import DONE, EventStream, data_event
from conformance.hub.fields import flag, integer, listing, number, read, stops, text, thing
from conformance.hub.generate import Task, work
from conformance.hub.ids import unique
from conformance.hub.intake import take_in
from conformance.hub.pieces import groups, logprobs, pauses_of
from conformance.hub.text import VOCABULARY, Turn, count_tokens, tokens_of

DEFAULT_LIMIT = 16
MOST_PROMPTS = 64
MOST_CHOICES = 128
MOST_TOKENS = 4_096
"""Tokens of all prompts together."""
MOST_TOKENS_TOLD = 100_000
"""Tokens of all choices together."""
Event = dict[str, Any]

_TOKEN = integer(0)


def _prompts(value: Any, name: str) -> list[str]:
    """The prompts as text; a list of numbers is one prompt."""
    if isinstance(value, str):
        return [text(empty=False)(value, name)]
    entries: list[Any] = listing(lambda entry, _: entry, 1, MOST_PROMPTS)(value, name)
    if all(isinstance(entry, int | float) for entry in entries):
        return [_spelled(entries, name)]
    return [
        _spelled(entry, f"{name}[{place}]") if isinstance(entry, list) else text()(entry, f"{name}[{place}]")
        for place, entry in enumerate(entries)
    ]


def _spelled(numbers: list[Any], name: str) -> str:
    """What token numbers stand for: words of the hub, one each."""
    return " ".join(VOCABULARY[token % len(VOCABULARY)] for token in listing(_TOKEN, 1)(numbers, name))


CHECKS = {
    "model": text(empty=False),
    "prompt": _prompts,
    "max_tokens": integer(0),
    "temperature": number(0, 2),
    "top_p": number(0, 1),
    "n": integer(1, MOST_CHOICES),
    "stream": flag,
    "stream_options": thing,
    "stop": stops,
    "suffix": text(),
    "echo": flag,
    "logprobs": integer(0, 5),
}


@dataclass(frozen=True)
class Choice:
    """One continuation as tokens; `echoed` of them are the prompt."""

    index: int
    tokens: tuple[str, ...]
    reason: str
    echoed: int


async def create(call: Call) -> Response:
    """Answers one request for continuations."""
    request = await take_in(call, CHECKS, ("model", "prompt"), ("completion",))
    options = read(request.get("stream_options", {}), {"include_usage": flag})
    if len(request["prompt"]) * request.get("n", 1) > MOST_CHOICES:
        raise invalid(f"At most {MOST_CHOICES} choices can be asked for at once.", "n")
    if sum(map(count_tokens, request["prompt"])) > MOST_TOKENS:
        raise invalid(f"This model reads at most {MOST_TOKENS} tokens.", "prompt", "context_length_exceeded")
    choices, usage = _choices(request)
    if sum(len(choice.tokens) for choice in choices) > MOST_TOKENS_TOLD:
        raise invalid(f"At most {MOST_TOKENS_TOLD} tokens can be asked for at once.", "n")
    head = {"id": unique("cmpl-"), "object": "text_completion", "created": int(time.time()), "model": request["model"]}
    top = request.get("logprobs")
    if not request.get("stream"):
        shown = [_shown(choice, choice.tokens, 0, top) | {"finish_reason": choice.reason} for choice in choices]
        return JSONResponse({**head, "choices": shown, "usage": usage})
    events = list(_chunks(choices, top, usage if options.get("include_usage") else None))
    framed = [data_event(head | event) for event in events]
    return EventStream(zip(pauses_of(events, call.settings), [*framed, DONE], strict=True))


def _choices(request: Mapping[str, Any]) -> tuple[list[Choice], Event]:
    """The continuations, prompt by prompt, and what they cost together."""
    choices: list[Choice] = []
    prompt_count = completion_count = 0
    for prompt in request["prompt"]:
        outcome = work(_task(request, prompt))
        echo = tokens_of(prompt) if request.get("echo") else ()
        prompt_count += count_tokens(prompt) + count_tokens(request.get("suffix", ""))
        completion_count += len(outcome.tokens) * request.get("n", 1)
        for _ in range(request.get("n", 1)):
            choices.append(Choice(len(choices), echo + outcome.tokens, outcome.reason, len(echo)))
    prompt_count = max(prompt_count, 1)
    total = prompt_count + completion_count
    return choices, {
        "prompt_tokens": prompt_count,
        "completion_tokens": completion_count,
        "total_tokens": total,
    }


def _task(request: Mapping[str, Any], prompt: str) -> Task:
    return Task(
        model=request["model"],
        turns=(Turn("user", prompt),),
        limit=request.get("max_tokens", DEFAULT_LIMIT),
        stops=request.get("stop", ()),
    )


def _shown(choice: Choice, tokens: Sequence[str], first: int, top: int | None) -> Event:
    """A choice, or a part of it that begins with token number `first`."""
    return {
        "text": "".join(tokens),
        "index": choice.index,
        "logprobs": None if top is None else _likelihoods(choice, tokens, first, top),
        "finish_reason": None,
    }


def _likelihoods(choice: Choice, tokens: Sequence[str], first: int, top: int) -> Event:
    """How likely each token was. Nothing stands before the first token of an echoed prompt, so it has no likelihood."""
    known = (logprobs(tokens, top) or {})["content"]
    offset = sum(map(len, choice.tokens[:first]))
    offsets = [offset + sum(map(len, tokens[:place])) for place in range(len(tokens))]
    values: list[Any] = [entry["logprob"] for entry in known]
    tops: list[Any] = [{other["token"]: other["logprob"] for other in entry["top_logprobs"]} for entry in known]
    if choice.echoed and first == 0 and known:
        values[0] = tops[0] = None
    return {"tokens": list(tokens), "token_logprobs": values, "top_logprobs": tops, "text_offset": offsets}


def _chunks(choices: Sequence[Choice], top: int | None, usage: Event | None) -> Iterator[Event]:
    """The chunks of a stream, without what they have in common."""
    member: Event = {} if usage is None else {"usage": None}
    lanes = [list(_lane(choice, top)) for choice in choices]
    for step in range(max(map(len, lanes))):
        for lane in lanes:
            if step < len(lane):
                yield {"choices": [lane[step]], **member}
    if usage is not None:
        yield {"choices": [], "usage": usage}


def _lane(choice: Choice, top: int | None) -> Iterator[Event]:
    first = 0
    for group in groups(choice.tokens):
        yield _shown(choice, group, first, top)
        first += len(group)
    yield _shown(choice, (), first, None) | {"finish_reason": choice.reason}


HANDLERS = {"completions-create": create}
