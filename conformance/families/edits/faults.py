"""Faults of edits."""

from collections.abc import Callable
from typing import Any

from conformance.hub.faults.base import Spoil, fault
from conformance.hub.faults.shaping import Body, has, lacks, nameless, on_answers, serves

EDIT = "edits-create"


@fault(
    "edits.chat-object",
    "An edit is answered with a chat completion.",
    "edits.answer.envelope",
    also={"edits.answer.choices": "a chat message is no text"},
    source="gateways that serve edits by chat models",
)
@on_answers(EDIT)
def chat_object(_asked: Body, answer: Body) -> None:
    answer["object"] = "chat.completion"
    for choice in answer["choices"]:
        choice["message"] = {"role": "assistant", "content": choice.pop("text")}


@fault(
    "edits.completion-object",
    "An edit calls itself text_completion.",
    "edits.answer.envelope",
    source="gateways that serve edits by text completions",
)
@on_answers(EDIT)
def completion_object(_asked: Body, answer: Body) -> None:
    answer["object"] = "text_completion"


@fault(
    "edits.text-null",
    "Without input the text is null.",
    "edits.answer.choices",
    source="gateways that put the text of the wrong member into the answer",
)
@on_answers(EDIT, when=lacks("input"))
def text_null(_asked: Body, answer: Body) -> None:
    for choice in answer["choices"]:
        choice["text"] = None


@fault(
    "edits.index-zero-twice",
    "Both choices have the index 0.",
    "edits.answer.indexes",
    source="gateways that ask upstream once for each choice and join the answers",
)
@on_answers(EDIT, when=has("n"))
def index_zero_twice(_asked: Body, answer: Body) -> None:
    for choice in answer["choices"]:
        choice["index"] = 0


@fault(
    "edits.index-missing",
    "Choices have no index.",
    "edits.answer.indexes",
    source="OpenAI API description before 2024: CreateEditResponse",
)
@on_answers(EDIT)
def index_missing(_asked: Body, answer: Body) -> None:
    for choice in answer["choices"]:
        del choice["index"]


@fault(
    "edits.created-in-milliseconds",
    "`created` is in milliseconds.",
    "edits.answer.created-now",
    source="JavaScript gateways: Date.now()",
)
@on_answers(EDIT)
def created_in_milliseconds(_asked: Body, answer: Body) -> None:
    answer["created"] *= 1000


@fault(
    "edits.n-dropped",
    "n is dropped.",
    "edits.choices.count",
    source="vllm-project/vllm-omni#4269, the same at chat",
)
@on_answers(EDIT)
def n_dropped(_asked: Body, answer: Body) -> None:
    del answer["choices"][1:]


@fault(
    "edits.no-usage",
    "There is no usage.",
    "edits.usage.shape",
    source="OpenAI API description before 2024: usage is required",
)
@on_answers(EDIT)
def no_usage(_asked: Body, answer: Body) -> None:
    del answer["usage"]


@fault(
    "edits.total-of-one-choice",
    "The total counts one choice only.",
    "edits.usage.total",
    source="gateways that ask upstream once for each choice",
)
@on_answers(EDIT, when=has("n"))
def total_of_one_choice(_asked: Body, answer: Body) -> None:
    answer["usage"]["total_tokens"] -= answer["usage"]["completion_tokens"] // 2


@fault(
    "edits.prompt-free",
    "Without input the prompt costs nothing.",
    "edits.usage.prompt-positive",
    source="gateways that count the text and forget the instruction",
)
@on_answers(EDIT, when=lacks("input"))
def prompt_free(_asked: Body, answer: Body) -> None:
    usage = answer["usage"]
    usage.update(prompt_tokens=0, total_tokens=usage["completion_tokens"])


@fault(
    "edits.text-free",
    "The edited text costs nothing.",
    "edits.usage.completion-positive",
    source="gateways that count what they get, not what they send",
)
@on_answers(EDIT)
def text_free(_asked: Body, answer: Body) -> None:
    usage = answer["usage"]
    usage.update(completion_tokens=0, total_tokens=usage["prompt_tokens"])


# ----------------------------------------------------------------------------------------------------- refusals

UNCHANGED: Body = {
    "object": "edit",
    "created": 1767225600,
    "choices": [{"text": "hello", "index": 0}],
    "usage": {"prompt_tokens": 1, "completion_tokens": 1, "total_tokens": 2},
}


def _serves(field: str, wrong: Callable[[Any], bool]) -> Spoil:
    return serves(EDIT, field, wrong, UNCHANGED)


fault(
    "edits.refusal.nothing-to-do",
    "A request without an instruction gives the text back.",
    "edits.refusal.instruction-missing",
    source="hub documents: Create edit",
)(_serves("instruction", lambda value: value is ...))
fault(
    "edits.refusal.no-param",
    "Refusals name no field.",
    "edits.refusal.param",
    source="OpenAI API description: Error.param",
)(nameless(EDIT))
