"""Faults of rerank."""

import json
from collections.abc import Callable
from typing import Any

from conformance.hub.faults.base import Spoil, fault
from conformance.hub.faults.shaping import Body, has, lacks, nameless, on_answers, serves

RERANK = "rerank"


def shows(asked: Body) -> bool:
    return asked.get("return_documents") is True


def hides(asked: Body) -> bool:
    return not shows(asked)


def objects(asked: Body) -> bool:
    """Whether the documents are objects."""
    return isinstance(asked["documents"][0], dict)


def later(asked: Body) -> bool:
    """Requests with any option."""
    return has("return_documents")(asked) or has("top_n")(asked)


@fault(
    "rerank.results-renamed",
    "The list is called data, as in the upstream's own form, when documents are asked for.",
    "rerank.answer.results",
    also={"rerank.count.top-n": "there are no results to count"},
    source="Voyage API: data in the place of results",
)
@on_answers(RERANK, when=shows)
def results_renamed(_asked: Body, answer: Body) -> None:
    answer["data"] = answer.pop("results")


@fault(
    "rerank.score-as-text",
    "Scores are text.",
    "rerank.answer.results",
    source="gateways that keep numbers as text",
)
@on_answers(RERANK, when=later)
def score_as_text(_asked: Body, answer: Body) -> None:
    for result in answer["results"]:
        result["relevance_score"] = str(result["relevance_score"])


@fault(
    "rerank.score-renamed",
    "The score is called score.",
    "rerank.answer.results",
    source="Text Embeddings Inference: score in the place of relevance_score",
)
@on_answers(RERANK)
def score_renamed(_asked: Body, answer: Body) -> None:
    for result in answer["results"]:
        result["score"] = result.pop("relevance_score")


@fault(
    "rerank.index-missing",
    "With documents there is no index.",
    "rerank.answer.index",
    source="gateways that think the document is enough",
)
@on_answers(RERANK, when=shows)
def index_missing(_asked: Body, answer: Body) -> None:
    for result in answer["results"]:
        del result["index"]


@fault(
    "rerank.id-number",
    "The id is a number.",
    "rerank.answer.other-fields",
    source="hub documents: RerankResponse, id is text",
)
@on_answers(RERANK)
def id_number(_asked: Body, answer: Body) -> None:
    answer["id"] = 17


@fault(
    "rerank.meta-list",
    "meta is a list.",
    "rerank.answer.other-fields",
    source="hub documents: RerankResponse, meta is an object",
)
@on_answers(RERANK, when=has("top_n"))
def meta_list(_asked: Body, answer: Body) -> None:
    answer["meta"] = [answer["meta"]]


@fault(
    "rerank.bare",
    "There is nothing but results.",
    "rerank.answer.one-shape",
    source="gateways that build the answer anew",
)
@on_answers(RERANK)
def bare(_asked: Body, answer: Body) -> None:
    for name in ("id", "model", "usage", "meta"):
        del answer[name]


@fault(
    "rerank.index-from-one",
    "Documents are counted from 1.",
    "rerank.index.in-range",
    also={"rerank.document.returned": "the index points to the next document"},
    source="upstreams that count from 1",
)
@on_answers(RERANK)
def index_from_one(_asked: Body, answer: Body) -> None:
    for result in answer["results"]:
        result["index"] += 1


@fault(
    "rerank.result-twice",
    "The best document is there twice.",
    "rerank.index.unique",
    also={"rerank.document.returned": "the second document is not that of its index"},
    source="mudler/LocalAI#6700",
)
@on_answers(RERANK)
def result_twice(_asked: Body, answer: Body) -> None:
    answer["results"][1]["index"] = answer["results"][0]["index"]


@fault(
    "rerank.index-of-the-rank",
    "The index is the place in the ranking.",
    "rerank.index.refers",
    also={
        "rerank.score.same": "scores are told of other documents",
        "rerank.document.returned": "the document is not that of the index",
    },
    source="gateways that sort and number the results anew",
)
@on_answers(RERANK)
def index_of_the_rank(_asked: Body, answer: Body) -> None:
    for rank, result in enumerate(answer["results"]):
        result["index"] = rank


@fault(
    "rerank.order-of-the-request",
    "Results come in the order of the documents.",
    "rerank.order.descending",
    source="Hugging Face cross encoders give scores in the order of the request",
)
@on_answers(RERANK, when=lacks("top_n"))
def order_of_the_request(_asked: Body, answer: Body) -> None:
    answer["results"].sort(key=lambda result: result["index"])


@fault(
    "rerank.worst-first",
    "The ranking is upside down when documents are objects.",
    "rerank.order.descending",
    source="distances taken for similarities",
)
@on_answers(RERANK, when=objects)
def worst_first(_asked: Body, answer: Body) -> None:
    answer["results"].reverse()


@fault(
    "rerank.score-huge",
    "The best score is a number beyond what a double holds.",
    "rerank.score.finite",
    source="half precision that overflows",
)
@on_answers(RERANK)
def score_huge(_asked: Body, answer: Body) -> None:
    answer["results"][0]["relevance_score"] = 10**400


@fault(
    "rerank.logits",
    "Scores are logits.",
    "rerank.score.range",
    source="cross encoders without the sigmoid",
)
@on_answers(RERANK)
def logits(_asked: Body, answer: Body) -> None:
    for result in answer["results"]:
        result["relevance_score"] = round(result["relevance_score"] * 12 - 6, 6)


@fault(
    "rerank.score-by-place",
    "Scores are made relative to the first document of the list.",
    "rerank.score.same",
    source="scores normalised over the batch",
)
@on_answers(RERANK, when=lambda asked: asked.get("return_documents") is False)
def score_by_place(_asked: Body, answer: Body) -> None:
    for result in answer["results"]:
        result["relevance_score"] = round(result["relevance_score"] * 0.8 + 0.1, 6)


@fault(
    "rerank.best-three",
    "Without top_n only the best three come back.",
    "rerank.count.all",
    source="a default of the gateway",
)
@on_answers(RERANK, when=lacks("top_n"))
def best_three(_asked: Body, answer: Body) -> None:
    del answer["results"][3:]


@fault(
    "rerank.top-n-ignored",
    "top_n is ignored.",
    "rerank.count.top-n",
    source="mudler/LocalAI#6700",
)
@on_answers(RERANK, when=lambda asked: asked.get("top_n") == 2)
def top_n_ignored(asked: Body, answer: Body) -> None:
    known = {result["index"] for result in answer["results"]}
    for index, text in enumerate(asked["documents"]):
        if index not in known:
            answer["results"].append({"index": index, "relevance_score": 0.0, "document": {"text": text}})


@fault(
    "rerank.padded",
    "A large top_n is filled up with results of the last document.",
    "rerank.count.beyond",
    also={"rerank.index.unique": "the last document is there again and again"},
    source="fixed-size batches",
)
@on_answers(RERANK, when=lambda asked: (asked.get("top_n") or 0) > 10)
def padded(_asked: Body, answer: Body) -> None:
    answer["results"] += [answer["results"][-1]] * 3


@fault(
    "rerank.cut-before-ranking",
    "The documents are cut at top_n before they are ranked.",
    "rerank.count.best",
    source="mudler/LocalAI#6700",
)
@on_answers(RERANK, when=lambda asked: asked.get("top_n") == 2)
def cut_before_ranking(asked: Body, answer: Body) -> None:
    answer["results"] = [
        {"index": index, "relevance_score": score, "document": {"text": asked["documents"][index]}}
        for index, score in ((1, 0.5), (0, 0.1))
    ]


@fault(
    "rerank.documents-not-returned",
    "return_documents is ignored.",
    "rerank.document.returned",
    source="hub documents: RerankRequest, return_documents",
)
@on_answers(RERANK)
def documents_not_returned(_asked: Body, answer: Body) -> None:
    for result in answer["results"]:
        result.pop("document", None)


@fault(
    "rerank.objects-not-returned",
    "Documents come back for texts, and as JSON text for objects.",
    "rerank.document.returned",
    also={"rerank.document.object": "text is no object"},
    source="volcengine/OpenViking#3291",
)
@on_answers(RERANK, when=objects)
def objects_not_returned(_asked: Body, answer: Body) -> None:
    for result in answer["results"]:
        result["document"] = json.dumps(result["document"], ensure_ascii=False)


@fault(
    "rerank.non-ascii-lost",
    "Characters beyond ASCII are lost in returned documents.",
    "rerank.document.returned",
    source="gateways that encode twice",
)
@on_answers(RERANK)
def non_ascii_lost(_asked: Body, answer: Body) -> None:
    for result in answer["results"]:
        if "document" in result:
            result["document"]["text"] = result["document"]["text"].encode("ascii", "ignore").decode()


@fault(
    "rerank.document-as-text",
    "Returned documents are text.",
    "rerank.document.object",
    source="hub documents: RerankResponse, document is an object; infinity answers with text",
)
@on_answers(RERANK, when=shows)
def document_as_text(_asked: Body, answer: Body) -> None:
    for result in answer["results"]:
        result["document"] = result["document"]["text"]


@fault(
    "rerank.documents-always",
    "Documents come back although false was said.",
    "rerank.document.unasked",
    source="Cohere API reference, Rerank: return_documents",
)
@on_answers(RERANK, when=lambda asked: asked.get("return_documents") is False)
def documents_always(asked: Body, answer: Body) -> None:
    for result in answer["results"]:
        result["document"] = {"text": asked["documents"][result["index"]]}


@fault(
    "rerank.documents-by-default",
    "Documents come back when nothing is said of them.",
    "rerank.document.unasked",
    source="Jina Reranker API: true is its default, the hub's is false",
)
@on_answers(RERANK, when=lacks("return_documents"))
def documents_by_default(asked: Body, answer: Body) -> None:
    for result in answer["results"]:
        result["document"] = {"text": asked["documents"][result["index"]]}


@fault(
    "rerank.document-null",
    "The document is null when it was not asked for.",
    "rerank.document.null",
    source="joonsoome/embed-rerank#11",
)
@on_answers(RERANK, when=hides)
def document_null(_asked: Body, answer: Body) -> None:
    for result in answer["results"]:
        result["document"] = None


@fault(
    "rerank.object-as-json",
    "Objects are ranked by their JSON.",
    "rerank.objects.same",
    source="volcengine/OpenViking#3291",
)
@on_answers(RERANK, when=objects)
def object_as_json(_asked: Body, answer: Body) -> None:
    for result in answer["results"]:
        result["relevance_score"] = round(result["relevance_score"] * 0.9, 6)


@fault(
    "rerank.usage-differs",
    "prompt_tokens counts the query only.",
    "rerank.usage.total",
    source="mudler/LocalAI#6700",
)
@on_answers(RERANK)
def usage_differs(_asked: Body, answer: Body) -> None:
    answer["usage"]["prompt_tokens"] = 6


@fault(
    "rerank.uncounted",
    "All counts are zero.",
    "rerank.usage.counted",
    source="upstreams that tell no counts",
)
@on_answers(RERANK)
def uncounted(_asked: Body, answer: Body) -> None:
    answer["usage"] = {"prompt_tokens": 0, "total_tokens": 0}
    answer["meta"]["billed_units"] = {"search_units": 0}


# ----------------------------------------------------------------------------------------------------- refusals

EMPTY_RANKING: Body = {
    "id": "rerank-lenient",
    "model": "rerank-v3",
    "results": [],
    "usage": {"prompt_tokens": 1, "total_tokens": 1},
}


def _serves(field: str, wrong: Callable[[Any], bool]) -> Spoil:
    return serves(RERANK, field, wrong, EMPTY_RANKING)


fault(
    "rerank.refusal.no-query-served",
    "A request without a query is answered.",
    "rerank.refusal.query-missing",
    source="Cohere API reference, Rerank: query is required",
)(_serves("query", lambda value: value is ...))
fault(
    "rerank.refusal.no-param",
    "Refusals name no field.",
    "rerank.refusal.param",
    source="OpenAI API description: Error.param",
)(nameless(RERANK))
