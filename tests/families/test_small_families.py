"""Judges of embeddings, rerank, completions, moderations and edits on evidence that real servers gave, and on evidence
that nobody should give.
"""

from __future__ import annotations

import base64
import inspect
import json
import struct
from collections.abc import Callable
from dataclasses import replace
from typing import Any

import pytest

from conformance.engine.contract import load_contract
from conformance.engine.judge import Broken, Undecided, load_judges
from conformance.engine.probe import Registry, load_registry
from conformance.families.completions import test_request as completion_judges
from conformance.families.embeddings import test_vectors as vector_judges
from conformance.families.moderations import test_answer as verdict_judges
from conformance.families.rerank import test_answer as result_judges
from conformance.families.rerank import test_ranking as ranking_judges
from conformance.wire.exchange import Exchange
from tests.support import answer

FAMILIES = ("embeddings", "rerank", "completions", "moderations", "edits")
JUDGES = [judge for judge in load_judges() if judge.__module__.split(".")[2] in FAMILIES]
ASKED = {
    "model": "m",
    "input": ["a", "b"],
    "prompt": "Say hello.",
    "query": "a",
    "documents": ["a", "b"],
    "stop": ["5"],
    "dimensions": 2,
}


def exchange(value: Any, **asked: Any) -> Exchange:
    """An exchange with these fields in its request; a list becomes an event stream."""
    streams = isinstance(value, list)
    body = b"".join(b"data: " + json.dumps(event).encode() + b"\n\n" for event in value) if streams else None
    media_type = "text/event-stream" if streams else "application/json"
    made = answer(None if streams else value, body=body, media_type=media_type)
    request = replace(made.request, body=json.dumps({**ASKED, "stream": streams, **asked}).encode())
    return replace(made, request=request)


def vectors(*found: Any, **asked: Any) -> Exchange:
    data = [{"object": "embedding", "index": index, "embedding": one} for index, one in enumerate(found)]
    return exchange({"object": "list", "data": data, "model": "m"}, **asked)


def packed(form: str, *numbers: float) -> str:
    return base64.b64encode(struct.pack(f"{form}{len(numbers)}f", *numbers)).decode()


def test_a_model_that_is_not_exact_is_not_blamed_for_its_encoding() -> None:
    vector_judges.test_both_encodings_tell_the_same_vectors(
        vectors([0.8, 0.6, 0.1]), vectors(packed("<", 0.85, 0.5, 0.15), input="a")
    )
    with pytest.raises(Broken):
        vector_judges.test_both_encodings_tell_the_same_vectors(
            vectors([0.8, 0.6, 0.1]), vectors(packed(">", 0.8, 0.6, 0.1), input="a")
        )


def ranking(*found: tuple[int, float], **asked: Any) -> Exchange:
    results = [{"index": index, "relevance_score": score} for index, score in found]
    return exchange({"results": results}, **asked)


def test_documents_of_one_score_may_come_in_any_order() -> None:
    forth = ranking((0, 0.9), (1, 0.5), (2, 0.5001), documents=["a", "b", "c"])
    back = ranking((2, 0.9), (1, 0.5001), (0, 0.5), documents=["c", "b", "a"])
    ranking_judges.test_indexes_refer_to_the_documents(forth, back)
    top = ranking((0, 0.9), (1, 0.5), documents=["a", "b", "c"])
    ranking_judges.test_the_results_asked_for_are_the_best(forth, top)


def test_a_returned_document_may_be_text() -> None:
    results = [{"index": 0, "relevance_score": 0.5, "document": "a"}]
    result_judges.test_documents_come_back_as_they_were((exchange({"results": results}),))


def test_null_is_no_document() -> None:
    results = [{"index": 0, "relevance_score": 0.5, "document": None}]
    result_judges.test_documents_do_not_come_back_unasked((exchange({"results": results}),))


def test_a_model_that_does_not_repeat_its_prompt_is_not_blamed_for_the_order() -> None:
    choices = [{"index": index, "text": "and then", "finish_reason": "length"} for index in range(4)]
    with pytest.raises(Undecided):
        completion_judges.test_choices_follow_their_prompts(exchange({"choices": choices}))


def test_a_category_may_be_unknown_to_a_model() -> None:
    result = {"flagged": False, "categories": {"hate": False, "illicit": None}, "category_scores": {"hate": 0.1}}
    evidence = (exchange({"id": "modr-1", "model": "m", "results": [result]}),)
    verdict_judges.test_categories_are_true_or_false(evidence)
    verdict_judges.test_categories_and_scores_have_the_same_names(evidence)


LIKELIHOODS = {"tokens": [7, None], "token_logprobs": ["x"], "top_logprobs": {"a": 1}, "text_offset": [10**40, -1]}
ODD: list[Any] = [
    *(None, 7, "text", {}, [], [None, 7, "text", [], {}]),
    {"data": 7, "results": 7, "choices": 7, "usage": 7, "created": 10**400},
    {"data": [None, 7, {}, [[]]], "results": [None, 7, {}, [[]]], "choices": [None, 7, {}, [[]]], "usage": []},
    {"data": [{"embedding": 7}], "results": [{"index": -1, "relevance_score": 10**400, "document": 7}]},
    {"data": [{"embedding": []}, {"embedding": [None]}], "results": [{"index": 0, "relevance_score": True}]},
    {"data": [{"embedding": [10**400, 0]}, {"embedding": [0, 0]}], "results": [{"flagged": "no", "categories": []}]},
    {"data": [{"embedding": "AAA="}, {"embedding": "ÿ"}], "results": [{"categories": {"a": 7}, "category_scores": {}}]},
    {"data": [{"embedding": "AADAfw=="}], "meta": [], "results": [{"category_scores": {"a": 10**400, "b": "x"}}]},
    {"choices": [{"index": 10**30, "text": 7, "logprobs": 7}, {"index": -5, "text": "x", "finish_reason": []}]},
    {"choices": [{"index": 0, "text": "1, 2", "logprobs": LIKELIHOODS}], "usage": {"prompt_tokens": 1.5}},
    [{"choices": [{"index": 0, "text": "x", "logprobs": LIKELIHOODS}], "usage": 7}, {"choices": [], "usage": {}}],
    [{"id": 7, "created": 1e30, "choices": {}}, {"error": 7, "choices": [{"index": "0"}]}],
]


@pytest.fixture(scope="module")
def registry() -> Registry:
    return load_registry(load_contract())


@pytest.mark.parametrize("judge", JUDGES, ids=lambda judge: f"{judge.__module__.split('.')[2]}:{judge.__name__}")
def test_a_judge_survives_whatever_a_hub_sends(judge: Callable[..., None], registry: Registry) -> None:
    slots = [registry.slots(name)[0] for name in inspect.signature(judge).parameters]
    for odd in ODD:
        strange = exchange(odd)
        try:
            judge(*((strange,) * 8 if (slot.flat or slot.probe.many) and not slot.alone else strange for slot in slots))
        except (Broken, Undecided):
            continue
