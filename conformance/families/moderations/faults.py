"""Faults of moderations."""

from collections.abc import Callable, Iterator
from typing import Any

from conformance.hub.faults.base import Spoil, fault
from conformance.hub.faults.shaping import Body, When, always, has, lacks, nameless, on_answers, refuses, serves

MODERATE = "moderations"
NAMES = ("categories", "category_scores")


def answers(when: When = always) -> Callable[[Callable[[Body, Body], Any]], Spoil]:
    return on_answers(MODERATE, when=when)


def batch(asked: Body) -> bool:
    return isinstance(asked["input"], list) and isinstance(asked["input"][0], str)


def parts(asked: Body) -> bool:
    return isinstance(asked["input"], list) and isinstance(asked["input"][0], dict)


def objects_of(answer: Body) -> Iterator[Body]:
    """Both objects with categories, of all verdicts."""
    return (result[name] for result in answer["results"] for name in NAMES)


@fault(
    "moderations.result-bare",
    "The verdict on a text is not in a list.",
    "moderations.answer.envelope",
    also={"moderations.input.text": "there is no list with one verdict"},
    source="OpenAI API reference, Moderations: results",
)
@answers(lambda asked: isinstance(asked["input"], str))
def result_bare(_asked: Body, answer: Body) -> None:
    answer["results"] = answer["results"][0]


@fault(
    "moderations.no-model-told",
    "The answer does not tell its model when none was named.",
    "moderations.answer.envelope",
    source="OpenAI API reference, Moderations: model",
)
@answers(lacks("model"))
def no_model_told(_asked: Body, answer: Body) -> None:
    del answer["model"]


@fault(
    "moderations.flagged-number",
    "flagged is 0 or 1.",
    "moderations.answer.flagged",
    source="gateways in languages without booleans",
)
@answers()
def flagged_number(_asked: Body, answer: Body) -> None:
    for result in answer["results"]:
        result["flagged"] = int(result["flagged"])


@fault(
    "moderations.flagged-missing",
    "The last verdict of a list has no flagged.",
    "moderations.answer.flagged",
    source="OpenAI API reference, Moderations: results.flagged",
)
@answers(batch)
def flagged_missing(_asked: Body, answer: Body) -> None:
    del answer["results"][-1]["flagged"]


@fault(
    "moderations.categories-list",
    "categories is a list of those that are true.",
    "moderations.answer.categories",
    source="classifiers that name what they found",
)
@answers()
def categories_list(_asked: Body, answer: Body) -> None:
    for result in answer["results"]:
        result["categories"] = [name for name, value in result["categories"].items() if value]


@fault(
    "moderations.category-as-text",
    "True categories are the text `true`.",
    "moderations.answer.categories",
    also={"moderations.flagged.any-category": "text is not true"},
    source="gateways that keep flags as text",
)
@answers()
def category_as_text(_asked: Body, answer: Body) -> None:
    for result in answer["results"]:
        result["categories"] = {name: "true" if value else value for name, value in result["categories"].items()}


@fault(
    "moderations.scores-as-text",
    "Scores are text.",
    "moderations.answer.scores",
    source="gateways that keep numbers as text",
)
@answers(parts)
def scores_as_text(_asked: Body, answer: Body) -> None:
    for result in answer["results"]:
        result["category_scores"] = {name: str(value) for name, value in result["category_scores"].items()}


@fault(
    "moderations.scores-missing",
    "Verdicts of a list have no scores.",
    "moderations.answer.scores",
    source="classifiers without scores",
)
@answers(batch)
def scores_missing(_asked: Body, answer: Body) -> None:
    for result in answer["results"]:
        del result["category_scores"]


@fault(
    "moderations.one-id",
    "Every answer has the same id.",
    "moderations.answer.id-unique",
    source="ogx-ai/ogx#2994",
)
@answers()
def one_id(_asked: Body, answer: Body) -> None:
    answer["id"] = "modr-1"


@fault(
    "moderations.other-model",
    "The answer names the upstream's own model.",
    "moderations.answer.model-named",
    source="gateways that map model names and do not map them back",
)
@answers(has("model"))
def other_model(_asked: Body, answer: Body) -> None:
    answer["model"] = "llama-guard-4"


@fault(
    "moderations.verdict-for-each-word",
    "A text has a verdict for each of its words.",
    "moderations.input.text",
    source="gateways that walk over a text as over a list",
)
@answers(lambda asked: isinstance(asked["input"], str))
def verdict_for_each_word(asked: Body, answer: Body) -> None:
    answer["results"] *= len(asked["input"].split())


@fault(
    "moderations.first-text-only",
    "Only the first text of a list is screened.",
    "moderations.input.list",
    source="gateways that read input as text",
)
@answers(batch)
def first_text_only(_asked: Body, answer: Body) -> None:
    del answer["results"][1:]


@fault(
    "moderations.joined",
    "The texts of a list are screened as one.",
    "moderations.input.list",
    source="gateways that join a list to one text",
)
@answers(batch)
def joined(_asked: Body, answer: Body) -> None:
    answer["results"] = [answer["results"][1]]


@fault(
    "moderations.rotated",
    "The verdicts come in the order in which they were ready.",
    "moderations.input.order",
    source="gateways that screen the texts of a list side by side",
)
@answers(batch)
def rotated(_asked: Body, answer: Body) -> None:
    answer["results"] = [answer["results"][0], answer["results"][2], answer["results"][1]]


@fault(
    "moderations.verdict-for-each-part",
    "Every part has a verdict of its own.",
    "moderations.input.parts",
    source="gateways that take a list of parts for a list of texts",
)
@answers(parts)
def verdict_for_each_part(asked: Body, answer: Body) -> None:
    answer["results"] *= len(asked["input"])


fault(
    "moderations.model-demanded",
    "A request without a model is refused.",
    "moderations.request.no-model",
    source="hub documents: ModerationRequest, model is optional",
)(refuses(MODERATE, when=lacks("model"), param="model", code="missing_required_parameter"))
fault(
    "moderations.default-model-gone",
    "The model for requests that name none is not there.",
    "moderations.request.no-model",
    source="gateways whose default model has no channel",
)(refuses(MODERATE, when=lacks("model"), status=503, code="model_not_found"))


@fault(
    "moderations.own-names",
    "Categories have the classifier's own names.",
    "moderations.categories.names",
    also={"moderations.categories.new-names": "the omni names are gone as well"},
    source="ogx-ai/ogx#2994",
)
@answers()
def own_names(_asked: Body, answer: Body) -> None:
    for result in answer["results"]:
        for name in NAMES:
            result[name] = {f"S{number}": value for number, value in enumerate(result[name].values())}


@fault(
    "moderations.slashes-replaced",
    "Slashes in the names are underscores.",
    "moderations.categories.names",
    also={"moderations.categories.new-names": "illicit/violent is one of them"},
    source="openai-python's names of attributes, sent back over the wire",
)
@answers()
def slashes_replaced(_asked: Body, answer: Body) -> None:
    for result in answer["results"]:
        for name in NAMES:
            result[name] = {key.replace("/", "_"): value for key, value in result[name].items()}


@fault(
    "moderations.no-illicit",
    "The newer categories are dropped.",
    "moderations.categories.new-names",
    source="openai/openai-openapi#72",
)
@answers()
def no_illicit(_asked: Body, answer: Body) -> None:
    for found in objects_of(answer):
        found.pop("illicit")
        found.pop("illicit/violent")


@fault(
    "moderations.score-lost",
    "One category has no score.",
    "moderations.scores.same-names",
    source="betalgo/openai#362",
)
@answers()
def score_lost(_asked: Body, answer: Body) -> None:
    for result in answer["results"]:
        del result["category_scores"]["self-harm/intent"]


@fault(
    "moderations.per-cent",
    "Scores of flagged texts are per cent.",
    "moderations.scores.range",
    source="classifiers that tell per cent",
)
@answers()
def per_cent(_asked: Body, answer: Body) -> None:
    for result in answer["results"]:
        if result["flagged"]:
            result["category_scores"] = {name: value * 100 for name, value in result["category_scores"].items()}


@fault(
    "moderations.flagged-forgotten",
    "flagged is false although a category is true.",
    "moderations.flagged.any-category",
    source="ogx-ai/ogx#2994",
)
@answers()
def flagged_forgotten(_asked: Body, answer: Body) -> None:
    for result in answer["results"]:
        result["flagged"] = False


@fault(
    "moderations.flagged-without-reason",
    "Texts with pictures are flagged and no category is true.",
    "moderations.flagged.any-category",
    source="classifiers with a verdict of their own",
)
@answers(parts)
def flagged_without_reason(_asked: Body, answer: Body) -> None:
    for result in answer["results"]:
        result["flagged"] = True


# ----------------------------------------------------------------------------------------------------- refusals

CLEAN: Body = {
    "id": "modr-lenient",
    "model": "omni-moderation-latest",
    "results": [{"flagged": False, "categories": {}, "category_scores": {}}],
}


def _serves(field: str, wrong: Callable[[Any], bool]) -> Spoil:
    return serves(MODERATE, field, wrong, CLEAN)


fault(
    "moderations.refusal.nothing-served",
    "A request without input gets a clean verdict.",
    "moderations.refusal.input-missing",
    source="OpenAI API description: input is required",
)(_serves("input", lambda value: value is ...))
fault(
    "moderations.refusal.no-param",
    "Refusals name no field.",
    "moderations.refusal.param",
    source="openai-python: APIError.param",
)(nameless(MODERATE))
