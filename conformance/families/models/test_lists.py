"""Judges of the model lists."""

from __future__ import annotations

from collections import Counter
from urllib.parse import unquote, urlsplit

from conformance.engine.contract import load_contract
from conformance.engine.judge import NotOffered, Words, expect, not_testable, parsed
from conformance.engine.probe import Conversation
from conformance.engine.requirement import requirement
from conformance.families.models.views import GeminiList, Model, ModelList
from conformance.wire.exchange import Exchange

ENDPOINT_TYPES = frozenset(
    {
        "openai",
        "openai-response",
        "openai-response-compact",
        "anthropic",
        "gemini",
        "jina-rerank",
        "image-generation",
        "embeddings",
        "openai-video",
    }
)
MILLISECONDS = 10**11
"""Unix times from here on are not in seconds: as such they would be in the year 5138."""


def _shaped(exchange: Exchange, schema: str) -> None:
    violations = load_contract().violations(schema, parsed(exchange))
    at = violations[0].pointer if violations else ""
    expect(not violations, f"a body that fits {schema}", Words("; ".join(str(v) for v in violations[:3])), at, exchange)


def _once(names: list[str], exchange: Exchange) -> None:
    twice = sorted(name for name, count in Counter(names).items() if count > 1)
    expect(not twice, "every name once", twice, exchange=exchange)


@requirement("models.list.shape")
def test_the_list_has_its_shape(models_list: Exchange) -> None:
    _shaped(models_list, "ModelsResponse")


@requirement("models.list.not-empty")
def test_the_list_names_a_model(models_list: Exchange) -> None:
    expect(ModelList.of(models_list).ids, "at least one model", Words("none"), "/data")


@requirement("models.list.unique")
def test_models_are_listed_once(models_list: Exchange) -> None:
    _once(ModelList.of(models_list).ids, models_list)


@requirement("models.list.stable")
def test_the_list_is_stable(models_list: Exchange, isolation_sequence: Conversation) -> None:
    first, second = (set(ModelList.of(exchange).ids) for exchange in (models_list, _later(isolation_sequence)))
    changed = sorted(first ^ second)
    expect(not changed, "the same models in both lists", changed, "/data", isolation_sequence[1])


@requirement("models.created.stable")
def test_the_time_of_creation_is_stable(models_list: Exchange, isolation_sequence: Conversation) -> None:
    lists = (models_list, _later(isolation_sequence))
    first, second = ({e.id: e.created for e in ModelList.of(exchange).data} for exchange in lists)
    for name in first.keys() & second.keys():
        got = Words(f"{second[name]} for {name}")
        expect(first[name] == second[name], f"{first[name]} as in the list before", got, "/data", isolation_sequence[1])


def _later(exchanges: Conversation) -> Exchange:
    """The list as it was given again, later in the run."""
    again = exchanges[1]
    if not again.ok or not again.is_json:
        not_testable(f"the list was not given again: HTTP {again.status}")
    return again


@requirement("models.created.seconds")
def test_the_time_of_creation_is_in_seconds(models_list: Exchange) -> None:
    times = [(number, e.created) for number, e in enumerate(ModelList.of(models_list).data) if e.created is not None]
    if not times:
        not_testable("no entry has a time as an integer; `models.list.shape` judges that")
    for number, created in times:
        expect(created < MILLISECONDS, "Unix seconds", created, f"/data/{number}/created")


@requirement("models.list.endpoint-types")
def test_endpoint_types_are_known_words(models_list: Exchange) -> None:
    typed = [(n, e.supported_endpoint_types) for n, e in enumerate(ModelList.of(models_list).data)]
    listed = [(number, types) for number, types in typed if types is not None]
    if not listed:
        not_testable("no entry has supported_endpoint_types")
    for number, types in listed:
        strange = [word for word in types if not (isinstance(word, str) and word in ENDPOINT_TYPES)]
        at = f"/data/{number}/supported_endpoint_types"
        expect(not strange, f"words of {', '.join(sorted(ENDPOINT_TYPES))}", strange, at)


@requirement("models.list.usable")
def test_a_listed_model_can_be_used(
    models_list: Exchange, chat_reply: Exchange, errors_unknown_route: Conversation
) -> None:
    asked = _asked_model(chat_reply)
    if any(_alike(chat_reply, nowhere) for nowhere in errors_unknown_route):
        raise NotOffered(f"the hub answers as if there were no chat: HTTP {chat_reply.status}")
    if asked not in ModelList.of(models_list).ids:
        not_testable("chat was not asked with a model of the list")
    if chat_reply.status not in (200, 400, 404):
        not_testable(f"chat answered {chat_reply.status}")
    got = Words(f"HTTP {chat_reply.status}: {chat_reply.text[:120]!r}")
    expect(chat_reply.ok, f"an answer of {asked}", got, exchange=chat_reply)


def _alike(refusal: Exchange, nowhere: Exchange) -> bool:
    """Whether a request is refused with the very words that a path gets which nobody serves."""
    same = refusal.status == nowhere.status and not refusal.ok
    return same and _without_path(refusal) == _without_path(nowhere)


def _without_path(exchange: Exchange) -> str:
    return exchange.text.replace(urlsplit(exchange.request.url).path, "")


def _asked_model(exchange: Exchange) -> str | None:
    try:
        value = exchange.request.json
    except ValueError:
        return None
    model = value.get("model") if isinstance(value, dict) else None
    return model if isinstance(model, str) else None


@requirement("models.retrieve.same")
def test_a_retrieved_model_equals_its_entry(models_list: Exchange, models_retrieve: Conversation) -> None:
    entries = {entry.id: entry for entry in reversed(ModelList.of(models_list).data)}
    for name, exchange in _retrieved(models_list, models_retrieve):
        expect(exchange.ok, f"the model {name}", Words(f"HTTP {exchange.status}"), exchange=exchange)
        model = Model.of(exchange)
        for field in ("id", "object", "owned_by"):
            listed, got = getattr(entries[name], field), getattr(model, field)
            expect(got == listed, f"{listed!r} as in the list", got, f"/{field}", exchange)


@requirement("models.retrieve.slash")
def test_a_name_with_a_slash_can_be_retrieved(models_list: Exchange, models_retrieve: Conversation) -> None:
    slashed = [(name, exchange) for name, exchange in _retrieved(models_list, models_retrieve) if "/" in name]
    if not slashed:
        not_testable("no listed model has a slash in its name")
    for name, exchange in slashed:
        got = Words(f"HTTP {exchange.status}")
        expect(exchange.ok, f"the model {name}, asked for with %2F", got, exchange=exchange)


def _retrieved(listing: Exchange, exchanges: Conversation) -> list[tuple[str, Exchange]]:
    """The listed models that were asked for one by one, each with its reply.

    Raises:
        NotOffered: the hub has no route for that.
    """
    pairs = [(name, e) for e in exchanges[:-1] for name in dict.fromkeys(ModelList.of(listing).ids) if _names(e, name)]
    if not any(e.ok and e.is_json for _, e in pairs):
        statuses = ", ".join(sorted({f"HTTP {e.status}" for e in exchanges[:-1]}))
        raise NotOffered(f"no model can be retrieved by its name ({statuses or 'none was asked for'})")
    return pairs


def _names(exchange: Exchange, name: str) -> bool:
    return unquote(urlsplit(exchange.request.url).path).endswith(f"/v1/models/{name}")


@requirement("models.retrieve.unknown")
def test_an_unknown_model_is_not_found(models_list: Exchange, models_retrieve: Conversation) -> None:
    _retrieved(models_list, models_retrieve)
    unknown = models_retrieve[-1]
    expect(unknown.status == 404, "HTTP 404", Words(f"HTTP {unknown.status}"), exchange=unknown)


@requirement("models.retrieve.unknown-envelope")
def test_an_unknown_model_is_refused_in_the_envelope(models_list: Exchange, models_retrieve: Conversation) -> None:
    _retrieved(models_list, models_retrieve)
    unknown = models_retrieve[-1]
    if unknown.ok:
        not_testable("the unknown model was not refused; `models.retrieve.unknown` judges that")
    expect(unknown.is_json, "an ErrorResponse", unknown.text, exchange=unknown)
    _shaped(unknown, "ErrorResponse")


@requirement("models.gemini.shape")
def test_the_google_list_has_its_shape(models_gemini: Exchange) -> None:
    _shaped(models_gemini, "GeminiModelsResponse")


@requirement("models.gemini.unique")
def test_google_models_are_listed_once(models_gemini: Exchange) -> None:
    _once([entry.name for entry in GeminiList.of(models_gemini).models if entry.name], models_gemini)


@requirement("models.gemini.names")
def test_google_names_are_resource_names(models_gemini: Exchange) -> None:
    for number, entry in enumerate(GeminiList.of(models_gemini).models):
        if entry.name is not None:
            fine = entry.name.startswith(("models/", "tunedModels/", "publishers/"))
            expect(fine, "models/ and the id", entry.name, f"/models/{number}/name")


@requirement("models.shared-path.anthropic")
def test_the_anthropic_clients_get_their_shape(models_as_anthropic: Exchange) -> None:
    _shared(models_as_anthropic, "AnthropicModelsResponse")


@requirement("models.shared-path.google")
def test_the_google_clients_get_their_shape(models_as_google: Exchange) -> None:
    _shared(models_as_google, "GeminiModelsResponse")


def _shared(exchange: Exchange, schema: str) -> None:
    expect(exchange.ok, f"a body that fits {schema}", Words(f"HTTP {exchange.status}"))
    _shaped(exchange, schema)
