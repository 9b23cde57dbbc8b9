"""The contract against the facts of the documents, and against the rules that the contract sets itself.

Every rule is a function from a contract to a list of complaints, so that the last tests can show each of them a broken
copy and see it complain.
"""

from __future__ import annotations

import copy
import json
from collections.abc import Callable, Iterator
from pathlib import Path
from typing import Any

import pytest
import yaml
from jsonschema import Draft202012Validator
from openapi_spec_validator import validate
from openapi_spec_validator.readers import read_from_filename

from conformance.engine.contract import METHODS, Contract, contract_folder, load_contract

DATA = Path(__file__).parent / "data"
OPERATIONS: list[dict[str, Any]] = yaml.safe_load((DATA / "documented-operations.yaml").read_text("utf-8"))
MODELS: dict[str, Any] = yaml.safe_load((DATA / "documented-models.yaml").read_text("utf-8"))
CHAT: dict[str, Any] = json.loads((DATA / "documented-chat.json").read_text("utf-8"))
VOCABULARY: dict[str, Any] = json.loads((contract_folder() / "x-hub.schema.json").read_text("utf-8"))

KEYWORDS = {
    *("$ref", "type", "enum", "const", "properties", "required", "items", "contains", "propertyNames"),
    *("additionalProperties", "anyOf", "allOf", "oneOf", "not", "if", "then", "else", "minimum", "maximum"),
    *("exclusiveMinimum", "minLength", "maxLength", "minItems", "maxItems", "pattern", "format", "default"),
    *("description", "examples", "deprecated", "contentMediaType", "contentSchema"),
    *("x-hub-authority", "x-hub-vendor-values", "x-hub-tightens"),
}
LITERAL = {"enum", "const", "default", "examples", "required", "x-hub-vendor-values"}
BY_NAME = {"properties"}


# Operations ----------------------------------------------------------------------------------------------------------


def missing_operations(contract: Contract) -> list[str]:
    served = [entry.id for operation in contract.operations if not operation.alias_of for entry in operation.documented]
    wanted = [entry["id"] for entry in OPERATIONS]
    return sorted({f"{name} is missing" for name in set(wanted) - set(served)}) + sorted(
        f"{name} is not documented or served twice" for name in served if name not in wanted or served.count(name) > 1
    )


def wrong_operations(contract: Contract) -> list[str]:
    return [
        f"{entry['id']}: {complaint}"
        for entry in OPERATIONS
        if entry["id"] in {name for operation in contract.operations for name in operation.ids}
        for complaint in _differences(contract, entry)
    ]


def _differences(contract: Contract, entry: dict[str, Any]) -> Iterator[str]:
    operation = contract.operation(entry["id"])
    documented = next(each for each in operation.documented if each.id == entry["id"])
    spellings = {each.path for each in contract.operations if entry["id"] in each.ids}
    pairs = {
        "method": (operation.method, entry["method"]),
        "path": (operation.path, entry["paths"][0]),
        "spellings": (spellings, set(entry["paths"])),
        "streaming": (operation.streaming.kind, entry["streaming"]),
        "task": (operation.task, entry["task"]),
        "implemented": (operation.implemented, entry["implemented"]),
        "title": (operation.title_zh, entry["title_zh"]),
        "n": (documented.n, entry["n"]),
        "confidence": (documented.confidence, entry["confidence"]),
        "schemes": (set(entry["auth"]) - set(operation.auth), set()),
        "statuses": (set(entry["statuses"]) - set(operation.statuses), set()),
        "query": (set(entry.get("query", ())) - _required_query(operation.parameters), set()),
    }
    for what, (ours, theirs) in pairs.items():
        if ours != theirs:
            yield f"{what} is {ours}, documented is {theirs}"


def _required_query(parameters: tuple[Any, ...]) -> set[str]:
    return {each["name"] for each in parameters if each["in"] == "query" and each.get("required")}


def broken_extensions(contract: Contract) -> list[str]:
    validator = Draft202012Validator(VOCABULARY)
    field = Draft202012Validator({"$ref": "#/$defs/field", "$defs": VOCABULARY["$defs"]})
    found = [
        f"{each.operation_id}: {error.message}"
        for each in contract.operations
        for error in validator.iter_errors({**each.spec})
    ]
    for name in contract.schema_names:
        for where, schema in _subschemas(contract.schema(name), name):
            found += [f"{where}: {error.message}" for error in field.iter_errors(schema)]
    return found


def broken_promises(contract: Contract) -> list[str]:
    """What every operation has to have, by its own x-hub-* members."""
    return [f"{each.operation_id}: {complaint}" for each in contract.operations for complaint in _broken_promises(each)]


def _broken_promises(operation: Any) -> Iterator[str]:
    schemes = {name for alternative in operation.spec["security"] for name in alternative}
    if schemes != set(operation.auth) - {"none"}:
        yield "security and x-hub-auth differ"
    if operation.auth != ("none",) and not {401, 429} <= set(operation.statuses):
        yield "401 or 429 is not documented"
    if (501 in operation.statuses) == operation.implemented:
        yield "501 does not fit x-hub-implemented"
    if operation.implemented and ("{" in operation.path or operation.content_types) and 404 not in operation.statuses:
        yield "404 is not documented"
    if operation.implemented and operation.content_types and 400 not in operation.statuses:
        yield "400 is not documented"
    if operation.streaming.kind.startswith("sse") and "text/event-stream" not in operation.response_content_types(200):
        yield "no event stream is documented"
    for status in operation.statuses:
        kinds = operation.response_content_types(status)
        if status >= 400 and not kinds:
            yield f"{status} has no schema"
        for kind in kinds:
            if operation.response_schema(status, kind) is None:
                yield f"{status} {kind} has no named schema"
    if operation.alias_of and not operation.operation_id.startswith(operation.id + "--"):
        yield "an alias needs an operationId of its own"


def broken_examples(contract: Contract) -> list[str]:
    found = []
    for operation in contract.operations:
        for kind in operation.content_types:
            names = {name for each, name, _ in operation.request_examples() if each == kind}
            if "minimal" not in names:
                found.append(f"{operation.operation_id}: {kind} has no minimal example")
            trigger = operation.streaming.trigger
            if trigger and trigger.where == "body" and "stream" not in names:
                found.append(f"{operation.operation_id}: {kind} has no streaming example")
        for kind, name, value in operation.request_examples():
            violations = contract.violations(operation.request_schema(kind) or "", value)
            found += [f"{operation.operation_id}: example {name}: {violation}" for violation in violations]
            trigger = operation.streaming.trigger
            if name == "stream" and trigger and trigger.where == "body" and value.get(trigger.name) != trigger.value:
                found.append(f"{operation.operation_id}: example {name} does not stream")
        found += [f"{operation.operation_id}: {complaint}" for complaint in _broken_parameters(operation)]
    return found


def _broken_parameters(operation: Any) -> Iterator[str]:
    for parameter in operation.parameters:
        if "example" not in parameter:
            yield f"parameter {parameter['name']} has no example"
        elif not Draft202012Validator(parameter["schema"]).is_valid(parameter["example"]):
            yield f"the example of {parameter['name']} does not fit"


def missing_links(contract: Contract) -> list[str]:
    """Every submission leads to a poll, and something leads to every poll and every fetch."""
    found: list[str] = []
    fetched: set[str] = set()
    for operation in contract.operations:
        targets = {
            link["operationId"]: link
            for response in operation.spec["responses"].values()
            for link in response.get("links", {}).values()
        }
        known = {each.operation_id: each for each in contract.operations}
        found += [f"{operation.operation_id}: links to unknown {name}" for name in targets if name not in known]
        fetched |= targets.keys()
        polls = {name for name in targets if name in known and known[name].task == "poll"}
        asks_itself = operation.operation_id in targets
        if operation.task == "submit" and not polls and not asks_itself:
            found.append(f"{operation.operation_id}: no link to a poll")
    for operation in contract.operations:
        if operation.task in ("poll", "fetch") and not operation.alias_of and operation.operation_id not in fetched:
            found.append(f"{operation.operation_id}: nothing links here")
    return found


# Models --------------------------------------------------------------------------------------------------------------


def missing_models(contract: Contract) -> list[str]:
    wanted = [*MODELS["models"], *MODELS["inline"]]
    return [f"{name} is missing" for name in wanted if name not in contract.schema_names]


def wrong_models(contract: Contract) -> list[str]:
    found = []
    for name, model in MODELS["models"].items():
        if name in contract.schema_names:
            found += _compare({"type": "object", "fields": model["fields"]}, {"$ref": _ref(name)}, name, contract)
    return found


def _compare(documented: dict[str, Any], schema: dict[str, Any], where: str, contract: Contract) -> list[str]:
    if "model" in documented:
        return [] if documented["model"] in _names(schema, contract) else [f"{where}: is not {documented['model']}"]
    forms = list(_forms(schema, contract))
    if "either" in documented:
        return _compare_either(documented["either"], forms, where, contract)
    if documented["type"] == "any":
        return []
    found = []
    types = {kind for form in forms for kind in _types(form)}
    if types != {documented["type"]}:
        found.append(f"{where}: is {sorted(types)}, documented is {documented['type']}")
    if "enum" in documented and _values(forms) != set(documented["enum"]):
        found.append(f"{where}: allows {_values(forms)}, documented is {documented['enum']}")
    for form in forms:
        if "items" in documented and "items" in form:
            found += _compare(documented["items"], form["items"], where + "[]", contract)
        if "fields" in documented:
            found += _compare_fields(documented["fields"], form, where, contract)
    return found


def _compare_either(
    alternatives: list[dict[str, Any]], forms: list[dict[str, Any]], where: str, contract: Contract
) -> list[str]:
    found = [
        f"{where}: no form fits the documented {alternative}"
        for alternative in alternatives
        if all(_compare(alternative, form, where, contract) for form in forms)
    ]
    kinds = {alternative.get("type", "object") for alternative in alternatives}
    extra = {kind for form in forms for kind in _types(form)} - kinds
    return found + [f"{where}: {kind} is not documented" for kind in sorted(extra)]


def _compare_fields(fields: dict[str, Any], schema: dict[str, Any], where: str, contract: Contract) -> Iterator[str]:
    properties = schema.get("properties", {})
    for name, field in fields.items():
        if name not in properties:
            yield f"{where}.{name}: is missing"
            continue
        if field.get("required") and name not in schema.get("required", ()):
            yield f"{where}.{name}: is documented as required"
        yield from _compare(field, properties[name], f"{where}.{name}", contract)
    for name in properties.keys() - fields.keys():
        if "x-hub-authority" not in _resolved(properties[name], contract):
            yield f"{where}.{name}: is not documented and names no other authority"


def _ref(name: str) -> str:
    return f"#/components/schemas/{name}"


def _name(schema: dict[str, Any]) -> str:
    return str(schema["$ref"]).rpartition("/")[2]


def _resolved(schema: dict[str, Any], contract: Contract) -> dict[str, Any]:
    return {**contract.schema(_name(schema)), **schema} if "$ref" in schema else schema


def _names(schema: dict[str, Any], contract: Contract) -> set[str]:
    """The models that stand behind a schema, those they are stricter forms of included."""
    found = set()
    for each in [schema, *schema.get("anyOf", ())]:
        if "$ref" in each:
            found |= {_name(each), contract.schema(_name(each)).get("x-hub-tightens", "")}
    return found


def _forms(schema: dict[str, Any], contract: Contract) -> Iterator[dict[str, Any]]:
    """The documented alternatives of a schema: those of a vendor and null are left out."""
    resolved = _resolved(schema, contract)
    if "type" in resolved or "anyOf" not in resolved:
        yield resolved
        return
    for alternative in resolved["anyOf"]:
        inner = _resolved(alternative, contract)
        if inner.get("x-hub-authority", "document") == "document" and inner.get("type") != "null":
            yield from _forms(inner, contract)


def _types(schema: dict[str, Any]) -> set[str]:
    kinds = schema.get("type", [])
    return {kinds} - {"null"} if isinstance(kinds, str) else set(kinds) - {"null"}


def _values(forms: list[dict[str, Any]]) -> set[Any]:
    return {
        value
        for form in forms
        for value in form.get("enum", ())
        if value is not None and value not in form.get("x-hub-vendor-values", ())
    }


def slips(contract: Contract) -> list[str]:
    """Unknown keywords (a comma inside an unquoted description makes one) and schemas that forbid unknown members."""
    found = []
    for name in contract.schema_names:
        if "description" not in contract.schema(name):
            found.append(f"{name}: has no description")
        for where, schema in _subschemas(contract.schema(name), name):
            found += [f"{where}: what is {keyword}?" for keyword in schema.keys() - KEYWORDS]
            if schema.get("additionalProperties") is False:
                found.append(f"{where}: forbids unknown members")
    return found


def _subschemas(schema: Any, where: str) -> Iterator[tuple[str, dict[str, Any]]]:
    if isinstance(schema, list):
        for number, each in enumerate(schema):
            yield from _subschemas(each, f"{where}/{number}")
    if not isinstance(schema, dict):
        return
    yield where, schema
    for keyword, value in schema.items():
        if keyword in BY_NAME:
            for name, each in value.items():
                yield from _subschemas(each, f"{where}/{keyword}/{name}")
        elif keyword not in LITERAL:
            yield from _subschemas(value, f"{where}/{keyword}")


# The contract keeps the rules ----------------------------------------------------------------------------------------

RULES = [
    missing_operations,
    wrong_operations,
    broken_extensions,
    broken_promises,
    broken_examples,
    missing_links,
    missing_models,
    wrong_models,
    slips,
]


@pytest.mark.parametrize("rule", RULES)
def test_the_contract_keeps(rule: Callable[[Contract], list[str]]) -> None:
    assert rule(load_contract()) == []


def test_the_facts_are_whole() -> None:
    assert [entry["n"] for entry in OPERATIONS] == list(range(1, 56))
    assert [model["n"] for model in MODELS["models"].values()] == list(range(1, 57))
    assert len(MODELS["inline"]) == 35
    assert sum(not entry["implemented"] for entry in OPERATIONS) == 10


def test_the_bundle_is_openapi() -> None:
    validate(load_contract().document)


def test_the_files_are_openapi() -> None:
    document, base = read_from_filename(str(contract_folder() / "hub.yaml"))
    validate(document, base_uri=base)


def test_every_path_of_the_files_is_listed_under_its_own_name() -> None:
    folder = contract_folder()
    root = yaml.safe_load((folder / "hub.yaml").read_text("utf-8"))["paths"]
    written = {
        path: f"paths/{file.name}#/" + path.replace("/", "~1").replace("{", "%7B").replace("}", "%7D")
        for file in sorted(folder.glob("paths/*.yaml"))
        for path in yaml.safe_load(file.read_text("utf-8"))
        if path.startswith("/")
    }
    assert {path: item["$ref"] for path, item in root.items()} == written


def test_the_chat_example_of_the_documents_is_legal() -> None:
    contract = load_contract()
    assert contract.violations("ChatCompletionRequest", CHAT["request"]) == []
    answer = copy.deepcopy(CHAT["answer"])
    answer["choices"][0]["message"]["role"] = "assistant"  # the documents show `system`: one model for both directions
    assert contract.violations("ChatCompletionResponse", answer) == []


@pytest.mark.parametrize(
    ("name", "example"), [("ChatCompletionRequest", "request"), ("ChatCompletionResponse", "answer")]
)
def test_no_chat_field_of_the_documents_is_forgotten(name: str, example: str) -> None:
    assert list(_unknown_members(CHAT[example], {"$ref": _ref(name)}, name)) == []


def _unknown_members(value: Any, schema: dict[str, Any], where: str) -> Iterator[str]:
    contract = load_contract()
    forms = [_resolved(each, contract) for each in _forms(schema, contract)]
    if isinstance(value, list):
        inner = next(form["items"] for form in forms if "items" in form)
        for each in value:
            yield from _unknown_members(each, inner, where + "[]")
    if not isinstance(value, dict):
        return
    form = next(each for each in forms if "object" in _types(each))
    for name, each in value.items():
        if name in form.get("properties", {}):
            yield from _unknown_members(each, form["properties"][name], f"{where}.{name}")
        elif "properties" in form:
            yield f"{where}.{name}"


# The rules bite ------------------------------------------------------------------------------------------------------

Spoil = Callable[[dict[str, Any]], Any]
CHAT_PATH = "/v1/chat/completions"


def _model(document: dict[str, Any], name: str) -> Any:
    return document["components"]["schemas"][name]


def _field(document: dict[str, Any], name: str, field: str) -> Any:
    return _model(document, name)["properties"][field]


def _post(document: dict[str, Any], path: str) -> Any:
    return document["paths"][path]["post"]


def _drop_fields(model: Any, *names: str) -> None:
    for name in names:
        del model["properties"][name]


SPOILS: list[tuple[Callable[[Contract], list[str]], str, Spoil]] = [
    (missing_operations, "path", lambda d: d["paths"].pop("/v1/rerank")),
    (missing_operations, "one of several", lambda d: _post(d, "/v1/images/edits")["x-hub-operations"].pop()),
    (wrong_operations, "streaming", lambda d: _post(d, CHAT_PATH)["x-hub-streaming"].update(kind="sse-claude")),
    (wrong_operations, "status", lambda d: _post(d, CHAT_PATH)["responses"].pop("429")),
    (wrong_operations, "alias", lambda d: d["paths"].pop("/{mode}/mj/submit/blend")),
    (wrong_operations, "task", lambda d: _post(d, "/v1/videos")["x-hub-task"].update(role="poll")),
    (wrong_operations, "query", lambda d: _post(d, "/jimeng/")["parameters"].pop()),
    (broken_extensions, "unknown", lambda d: _post(d, CHAT_PATH).update({"x-hub-price": 1})),
    (broken_extensions, "cost", lambda d: _post(d, CHAT_PATH)["x-hub-operations"][0].update(cost="dear")),
    (broken_extensions, "field", lambda d: _model(d, "Tool").update({"x-hub-authority": "rumour"})),
    (broken_promises, "401", lambda d: _post(d, "/v1/edits")["responses"].pop("401")),
    (broken_promises, "401 schema", lambda d: _post(d, "/v1/edits")["responses"]["401"].pop("content")),
    (broken_promises, "501", lambda d: _post(d, "/v1/files")["responses"].pop("501")),
    (broken_promises, "security", lambda d: _post(d, "/v1/messages")["security"].pop()),
    (broken_promises, "stream", lambda d: _post(d, CHAT_PATH)["responses"]["200"]["content"].pop("text/event-stream")),
    (broken_examples, "model", lambda d: _example(d, CHAT_PATH, "minimal").pop("model")),
    (broken_examples, "stream", lambda d: _example(d, CHAT_PATH, "stream").update(stream=False)),
    (broken_examples, "none", lambda d: _body(d, CHAT_PATH)["examples"].pop("minimal")),
    (broken_examples, "parameter", lambda d: _post(d, "/jimeng/")["parameters"][0].update(example="Other")),
    (missing_links, "poll", lambda d: _post(d, "/v1/videos")["responses"]["200"].pop("links")),
    (missing_links, "unknown", lambda d: _links(d, "/v1/videos")["poll"].update(operationId="videos-look")),
    (missing_models, "model", lambda d: d["components"]["schemas"].pop("PageInfo")),
    (missing_models, "inline", lambda d: d["components"]["schemas"].pop("TaskDto")),
    (wrong_models, "field", lambda d: _drop_fields(_model(d, "Usage"), "prompt_tokens_details")),
    (wrong_models, "nested", lambda d: _drop_fields(_field(d, "Usage", "completion_tokens_details"), "text_tokens")),
    (wrong_models, "type", lambda d: _field(d, "Model", "created").update(type="string")),
    (wrong_models, "values", lambda d: _field(d, "Message", "role")["enum"].pop()),
    (wrong_models, "too many values", lambda d: _field(d, "SpeechRequest", "voice").pop("x-hub-vendor-values")),
    (wrong_models, "form", lambda d: _field(d, "EmbeddingRequest", "input")["anyOf"].pop()),
    (wrong_models, "model", lambda d: _model(d, "CompletionResponse")["properties"].update(usage={})),
    (wrong_models, "invented", lambda d: _model(d, "Log")["properties"].update(colour={"type": "string"})),
    (wrong_models, "required", lambda d: _model(d, "RerankRequest")["required"].remove("query")),
    (slips, "comma", lambda d: _model(d, "Log").update({"and a half": None})),
    (slips, "closed", lambda d: _model(d, "Log").update(additionalProperties=False)),
]  # fmt: skip


def _body(document: dict[str, Any], path: str) -> Any:
    return _post(document, path)["requestBody"]["content"]["application/json"]


def _example(document: dict[str, Any], path: str, name: str) -> Any:
    return _body(document, path)["examples"][name]["value"]


def _links(document: dict[str, Any], path: str) -> Any:
    return _post(document, path)["responses"]["200"]["links"]


@pytest.mark.parametrize(
    ("rule", "spoil"), [pytest.param(rule, spoil, id=f"{rule.__name__}: {what}") for rule, what, spoil in SPOILS]
)
def test_a_broken_contract_is_noticed(rule: Callable[[Contract], list[str]], spoil: Spoil) -> None:
    document = copy.deepcopy(load_contract().document)
    spoil(document)
    assert rule(Contract(document)) != []


def test_every_rule_is_seen_to_bite() -> None:
    assert {rule for rule, _, _ in SPOILS} == set(RULES)


def test_methods_are_known() -> None:
    items = load_contract().document["paths"].values()
    assert {key for item in items for key in item} <= {*METHODS, "parameters"}
