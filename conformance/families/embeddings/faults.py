"""Faults of embeddings."""

import base64
import struct
from collections.abc import Callable
from typing import Any

from conformance.hub.faults.base import Spoil, fault
from conformance.hub.faults.shaping import Body, has, lacks, nameless, on_answers, refuses, serves

OPERATIONS = ("embeddings", "gemini-embeddings")
NATIVE = 1536
"""Numbers in a vector of this hub when no length is asked for."""


def texts(asked: Body) -> bool:
    """Whether the input is a list of texts."""
    return isinstance(asked["input"], list) and isinstance(asked["input"][0], str)


def several(asked: Body) -> bool:
    """Whether the request is a batch of texts."""
    return texts(asked) and len(asked["input"]) > 1


def shortens(asked: Body) -> bool:
    return bool(asked.get("dimensions", NATIVE) < NATIVE)


def packs(asked: Body) -> bool:
    return asked.get("encoding_format") == "base64"


def numbers_of(embedding: Any) -> list[float]:
    """The numbers of a vector of this hub in either encoding."""
    if isinstance(embedding, list):
        return list(embedding)
    data = base64.b64decode(embedding)
    return list(struct.unpack(f"<{len(data) // 4}f", data))


def packed(numbers: list[float], form: str = "<f") -> str:
    return base64.b64encode(b"".join(struct.pack(form, number) for number in numbers)).decode()


def rewrite(answer: Body, change: Callable[[list[float]], list[float]]) -> None:
    """Passes every vector through `change`, in the encoding that it has."""
    for entry in answer["data"]:
        changed = change(numbers_of(entry["embedding"]))
        entry["embedding"] = changed if isinstance(entry["embedding"], list) else packed(changed)


@fault(
    "embeddings.object-wrong",
    "The answer to one text calls itself an embedding, not a list.",
    "embeddings.answer.envelope",
    source="OpenAI API reference, Embeddings: object is list",
)
@on_answers(*OPERATIONS, when=lambda asked: not several(asked))
def object_wrong(_asked: Body, answer: Body) -> None:
    answer["object"] = "embedding"


@fault(
    "embeddings.entry-object-missing",
    "The entries of a base64 answer have no `object`.",
    "embeddings.answer.envelope",
    source="OpenAI API reference, Embeddings: the embedding object",
)
@on_answers(*OPERATIONS, when=packs)
def entry_object_missing(_asked: Body, answer: Body) -> None:
    for entry in answer["data"]:
        del entry["object"]


@fault(
    "embeddings.vector-null",
    "The last text of a batch gets null in the place of its vector.",
    "embeddings.answer.vector",
    source="gateways that answer for an upstream error inside a batch",
)
@on_answers(*OPERATIONS)
def vector_null(asked: Body, answer: Body) -> None:
    if several(asked) and not packs(asked):
        answer["data"][-1]["embedding"] = None


@fault(
    "embeddings.float-as-base64",
    "A batch comes as base64 although float was asked for.",
    "embeddings.answer.float-list",
    source="openai-python hands base64 text to the caller when float was asked for",
)
@on_answers(*OPERATIONS, when=lambda asked: asked.get("encoding_format") == "float")
def float_as_base64(_asked: Body, answer: Body) -> None:
    for entry in answer["data"]:
        entry["embedding"] = packed(entry["embedding"])


@fault(
    "embeddings.default-base64",
    "Vectors come as base64 when no encoding is named.",
    "embeddings.answer.float-list",
    source="gateways that ask their upstream for base64 and pass the answer on",
)
@on_answers(*OPERATIONS, when=lacks("encoding_format"))
def default_base64(_asked: Body, answer: Body) -> None:
    for entry in answer["data"]:
        entry["embedding"] = packed(entry["embedding"])


@fault(
    "embeddings.batch-cut",
    "The last text of a batch gets no vector.",
    "embeddings.answer.count",
    also={
        "embeddings.tokens.count": "a list of token lists is a batch too",
    },
    source="upstreams with a smaller batch size than the caller's",
)
@on_answers(*OPERATIONS)
def batch_cut(_asked: Body, answer: Body) -> None:
    if len(answer["data"]) > 1:
        answer["data"].pop()


@fault(
    "embeddings.index-always-zero",
    "All entries of a batch have the index 0.",
    "embeddings.answer.index",
    source="getzep/graphiti#1732",
)
@on_answers(*OPERATIONS)
def index_always_zero(_asked: Body, answer: Body) -> None:
    for entry in answer["data"]:
        entry["index"] = 0


@fault(
    "embeddings.index-missing",
    "Entries have no index.",
    "embeddings.answer.index",
    source="leonardovida/duckdb-ai#80",
)
@on_answers(*OPERATIONS)
def index_missing(_asked: Body, answer: Body) -> None:
    for entry in answer["data"]:
        del entry["index"]


@fault(
    "embeddings.out-of-order",
    "The entries of a batch come in the order in which they were ready, each with the right index.",
    "embeddings.answer.index",
    also={
        "embeddings.batch.order": "clients that pair by place get the wrong vectors",
        "embeddings.text.same-vector": "the first entry is that of another text",
    },
    source="getzep/graphiti#1732; leonardovida/duckdb-ai#80",
)
@on_answers(*OPERATIONS)
def out_of_order(asked: Body, answer: Body) -> None:
    if several(asked) and not packs(asked):
        answer["data"] = [*answer["data"][1:], answer["data"][0]]


@fault(
    "embeddings.other-model",
    "The answer names the upstream's own model.",
    "embeddings.answer.model-named",
    source="gateways that map model names and do not map them back",
)
@on_answers(*OPERATIONS)
def other_model(_asked: Body, answer: Body) -> None:
    answer.update(model="bge-m3")


@fault(
    "embeddings.usage-missing",
    "A base64 answer has no usage.",
    "embeddings.usage.shape",
    source="openai-python: CreateEmbeddingResponse needs usage",
)
@on_answers(*OPERATIONS, when=packs)
def usage_missing(_asked: Body, answer: Body) -> None:
    del answer["usage"]


@fault(
    "embeddings.usage-null",
    "The counts of the usage are null.",
    "embeddings.usage.shape",
    source="upstreams that tell no counts",
)
@on_answers(*OPERATIONS)
def usage_null(_asked: Body, answer: Body) -> None:
    answer["usage"] = {"prompt_tokens": None, "total_tokens": None}


@fault(
    "embeddings.total-differs",
    "total_tokens of a batch counts one token more for each text.",
    "embeddings.usage.total",
    source="mudler/LocalAI#6700, the same slip at rerank",
)
@on_answers(*OPERATIONS, when=several)
def total_differs(_asked: Body, answer: Body) -> None:
    answer["usage"]["total_tokens"] += len(answer["data"])


@fault(
    "embeddings.usage-zero",
    "All counts are zero.",
    "embeddings.usage.positive",
    also={"embeddings.usage.grows": "zero does not grow"},
    source="upstreams that tell no counts",
)
@on_answers(*OPERATIONS)
def usage_zero(_asked: Body, answer: Body) -> None:
    answer.update(usage={"prompt_tokens": 0, "total_tokens": 0})


@fault(
    "embeddings.usage-of-the-first",
    "A batch is counted as if it were its first text.",
    "embeddings.usage.grows",
    source="gateways that count tokens themselves and read text only",
)
@on_answers(*OPERATIONS, when=several)
def usage_of_the_first(_asked: Body, answer: Body) -> None:
    answer["usage"] = {"prompt_tokens": 8, "total_tokens": 8}


@fault(
    "embeddings.nan",
    "One number of a base64 vector is NaN.",
    "embeddings.vector.finite",
    also={"embeddings.base64.equal": "the list of numbers has none"},
    source="half precision that overflows",
)
@on_answers(*OPERATIONS)
def nan(asked: Body, answer: Body) -> None:
    if packs(asked) and several(asked):
        numbers = numbers_of(answer["data"][-1]["embedding"])
        answer["data"][-1]["embedding"] = packed([*numbers[:-1], float("nan")])


@fault(
    "embeddings.zeros",
    "Shortened vectors are zeros.",
    "embeddings.vector.not-zero",
    source="placeholders for a failed upstream call",
)
@on_answers(*OPERATIONS, when=shortens)
def zeros(_asked: Body, answer: Body) -> None:
    rewrite(answer, lambda numbers: [0.0] * len(numbers))


@fault(
    "embeddings.ragged",
    "The last vector of a batch is one number short.",
    "embeddings.vector.one-length",
    source="an upstream that cuts its answer",
)
@on_answers(*OPERATIONS)
def ragged(asked: Body, answer: Body) -> None:
    if several(asked) and not packs(asked):
        answer["data"][-1]["embedding"].pop()


@fault(
    "embeddings.batch-by-another-model",
    "Batches go to an upstream model with longer vectors.",
    "embeddings.vector.same-length",
    source="one model name spread over two upstream models",
)
@on_answers(*OPERATIONS, when=several)
def batch_by_another_model(_asked: Body, answer: Body) -> None:
    rewrite(answer, lambda numbers: [*numbers, 0.0, 0.0])


@fault(
    "embeddings.not-normalised",
    "Shortened vectors are cut and not brought to length 1 again.",
    "embeddings.vector.unit",
    source="OpenAI documentation, Vector embeddings: shortened vectors need to be normalized",
)
@on_answers(*OPERATIONS, when=shortens)
def not_normalised(_asked: Body, answer: Body) -> None:
    rewrite(answer, lambda numbers: [number * 0.7 for number in numbers])


@fault(
    "embeddings.one-vector-for-two",
    "Short texts get the vector of the text before them.",
    "embeddings.vector.distinct",
    also={"embeddings.base64.equal": "the base64 answer is right"},
    source="a cache whose key leaves out a part of the text",
)
@on_answers(*OPERATIONS)
def one_vector_for_two(asked: Body, answer: Body) -> None:
    for place, text in enumerate(asked.get("input", "")):
        if several(asked) and not packs(asked) and place and len(text) < 3:
            answer["data"][place]["embedding"] = answer["data"][place - 1]["embedding"]


@fault(
    "embeddings.sorted-by-length",
    "The texts of a batch are sorted by length for speed, and the vectors are not sorted back.",
    "embeddings.batch.order",
    also={"embeddings.text.same-vector": "the first entry is that of another text"},
    source="getzep/graphiti#1732",
)
@on_answers(*OPERATIONS, when=several)
def sorted_by_length(asked: Body, answer: Body) -> None:
    order = sorted(range(len(asked["input"])), key=lambda place: len(asked["input"][place]))
    found = [answer["data"][place]["embedding"] for place in order]
    for entry, embedding in zip(answer["data"], found, strict=True):
        entry["embedding"] = embedding


@fault(
    "embeddings.reversed",
    "The vectors of a batch come in the reverse order.",
    "embeddings.batch.order",
    also={"embeddings.text.same-vector": "the first entry is that of the last text"},
    source="leonardovida/duckdb-ai#80",
)
@on_answers(*OPERATIONS, when=several)
def reversed_batch(_asked: Body, answer: Body) -> None:
    found = [entry["embedding"] for entry in answer["data"]][::-1]
    for entry, embedding in zip(answer["data"], found, strict=True):
        entry["embedding"] = embedding


@fault(
    "embeddings.another-model-now-and-then",
    "A batch goes to another model.",
    "embeddings.text.same-vector",
    source="one model name spread over two upstream models",
)
@on_answers(*OPERATIONS, when=several)
def another_model_now_and_then(_asked: Body, answer: Body) -> None:
    rewrite(answer, lambda numbers: numbers[::-1])


@fault(
    "embeddings.batch-unmasked",
    "Padding of a batch leaks into its vectors.",
    "embeddings.text.same-vector",
    source="attention without a mask over padded batches",
)
@on_answers(*OPERATIONS, when=several)
def batch_unmasked(_asked: Body, answer: Body) -> None:
    rewrite(answer, lambda numbers: [0.98 * numbers[0] + 0.05, *numbers[1:]])


@fault(
    "embeddings.engine-elsewhere",
    "The path with the model asks another model.",
    "embeddings.engine.same-vector",
    source="hub documents: two paths for one model",
)
@on_answers("gemini-embeddings")
def engine_elsewhere(_asked: Body, answer: Body) -> None:
    rewrite(answer, lambda numbers: numbers[::-1])


@fault(
    "embeddings.base64-ignored",
    "encoding_format base64 is ignored.",
    "embeddings.base64.text",
    source="sgl-project/sglang#28803; ai-forever/gpt2giga#108; runpod-workers/worker-infinity-embedding#30",
)
@on_answers(*OPERATIONS)
def base64_ignored(_asked: Body, answer: Body) -> None:
    for entry in answer["data"]:
        entry["embedding"] = [round(number, 8) for number in numbers_of(entry["embedding"])]


@fault(
    "embeddings.base64-url-alphabet",
    "Base64 comes in the alphabet for URLs and without padding.",
    "embeddings.base64.readable",
    source="RFC 4648 section 5 in the place of section 4",
)
@on_answers(*OPERATIONS)
def base64_url_alphabet(asked: Body, answer: Body) -> None:
    for entry in answer["data"] if packs(asked) else ():
        data = base64.b64decode(entry["embedding"])
        entry["embedding"] = base64.urlsafe_b64encode(data + b"\xfb\xff").decode().rstrip("=")


def _base64_as(form: str) -> Spoil:
    @on_answers(*OPERATIONS, when=packs)
    def spoil(_asked: Body, answer: Body) -> None:
        for entry in answer["data"]:
            entry["embedding"] = packed(numbers_of(entry["embedding"]), form)

    return spoil


fault(
    "embeddings.base64-big-endian",
    "Base64 holds big-endian numbers.",
    "embeddings.base64.equal",
    also={
        "embeddings.vector.unit": "swapped bytes make other numbers",
    },
    source="openai-python decodes little-endian and gives wrong numbers silently",
)(_base64_as(">f"))

fault(
    "embeddings.base64-double",
    "Base64 holds 64-bit numbers.",
    "embeddings.base64.equal",
    also={
        "embeddings.dimensions.kept": "twice as many numbers are read",
        "embeddings.vector.unit": "halves of numbers are other numbers",
    },
    source="openai-python decodes 32-bit floats and gives wrong numbers silently",
)(_base64_as("<d"))


@fault(
    "embeddings.dimensions-ignored",
    "dimensions is ignored.",
    "embeddings.dimensions.kept",
    source="gateways that drop what they do not know",
)
@on_answers(*OPERATIONS, when=has("dimensions"))
def dimensions_ignored(_asked: Body, answer: Body) -> None:
    rewrite(answer, lambda numbers: [*numbers, *([0.0] * (NATIVE - len(numbers)))])


@fault(
    "embeddings.dimensions-ignored-in-base64",
    "dimensions is ignored when base64 is asked for.",
    "embeddings.dimensions.kept",
    source="two code paths for two encodings",
)
@on_answers(*OPERATIONS)
def dimensions_ignored_in_base64(asked: Body, answer: Body) -> None:
    if "dimensions" in asked and packs(asked):
        rewrite(answer, lambda numbers: [*numbers, *([0.0] * (NATIVE - len(numbers)))])


fault(
    "embeddings.native-refused",
    "The model's own length is refused.",
    "embeddings.dimensions.native",
    source="garrytan/gbrain#3699",
)(refuses(*OPERATIONS, when=lambda asked: asked.get("dimensions") == NATIVE, param="dimensions"))
fault(
    "embeddings.tokens-break",
    "Token numbers as input make the hub fail.",
    "embeddings.tokens.served-or-refused",
    source="gateways that read input as text without looking",
)(refuses(*OPERATIONS, when=lambda asked: isinstance(asked["input"], list) and not texts(asked), status=500))


@fault(
    "embeddings.tokens-as-texts",
    "Every token number gets a vector of its own.",
    "embeddings.tokens.count",
    source="gateways that read a list of numbers as a batch",
)
@on_answers(*OPERATIONS)
def tokens_as_texts(asked: Body, answer: Body) -> None:
    given = asked.get("input")
    if isinstance(given, list) and isinstance(given[0], list):
        answer["data"] = [{**answer["data"][0], "index": place} for place in range(sum(map(len, given)))]


# ----------------------------------------------------------------------------------------------------- refusals

ONE_VECTOR: Body = {
    "object": "list",
    "data": [{"object": "embedding", "index": 0, "embedding": [0.6, 0.8]}],
    "model": "text-embedding-3-small",
    "usage": {"prompt_tokens": 1, "total_tokens": 1},
}


def _serves(field: str, wrong: Callable[[Any], bool]) -> Spoil:
    return serves("embeddings", field, wrong, ONE_VECTOR)


fault(
    "embeddings.refusal.nothing-served",
    "A request without input gets a vector.",
    "embeddings.refusal.input-missing",
    source="OpenAI API description: input is required",
)(_serves("input", lambda value: value is ...))
fault(
    "embeddings.refusal.hex-served",
    "An unknown encoding_format is dropped.",
    "embeddings.refusal.encoding-unknown",
    source="sgl-project/sglang#28803",
)(_serves("encoding_format", lambda value: value == "hex"))
fault(
    "embeddings.refusal.no-param",
    "Refusals name no field.",
    "embeddings.refusal.param",
    source="openai-python: APIError.param",
)(nameless("embeddings"))
