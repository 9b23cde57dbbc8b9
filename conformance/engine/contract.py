"""The hub contract as data: `openapi/` loaded once, bundled into one document, and asked by operation or model name.

The folder is many YAML files that refer to each other. Here it becomes one OpenAPI 3.1 document whose only references
are `#/components/schemas/NAME`, a tuple of `Operation` (one per path and method, second spellings of a path included),
and a validator per named model.
"""

from __future__ import annotations

import copy
import hashlib
import itertools
import json
import posixpath
from collections.abc import Iterator, Mapping
from dataclasses import dataclass, field, replace
from functools import cached_property, lru_cache
from pathlib import Path
from typing import Any
from urllib.parse import parse_qsl, quote, unquote, urlencode, urlsplit

import yaml
from jsonschema import Draft202012Validator
from jsonschema.exceptions import ValidationError
from referencing import Registry
from referencing.jsonschema import DRAFT202012

METHODS = ("get", "put", "post", "delete", "options", "head", "patch", "trace")
_ROOT = "hub.yaml"
_SCHEMA_PREFIX = "#/components/schemas/"
_BUNDLE_URI = "urn:hub-contract"
MOST_KNOWN = 4096
"""Values whose violations are remembered: many sentences are judged on the same few bodies."""
MOST_VIOLATIONS = 1000
"""Of a value that breaks its schema in more places, the first ones are told."""
_LOADER: Any = getattr(yaml, "CSafeLoader", yaml.SafeLoader)


@dataclass(frozen=True)
class Violation:
    """One way in which a value is not what a schema says."""

    pointer: str
    """JSON pointer into the value; the empty string is the value itself."""
    message: str
    """Short; shows scalars only, never a whole object."""
    keyword: str = field(default="", compare=False)
    """The JSON Schema keyword that is not kept; `then` for one that holds under a condition only."""

    def __str__(self) -> str:
        return f"{self.pointer or '(root)'}: {self.message}"


@dataclass(frozen=True)
class Documented:
    """One entry of the documents' navigation that a path and method serves."""

    id: str
    n: int
    title_en: str
    title_zh: str
    authority: str
    confidence: str
    cost: str


@dataclass(frozen=True)
class Trigger:
    """What makes an operation stream: `where` is body, query or always (then `name` is empty and `value` is None)."""

    where: str
    name: str = ""
    value: Any = None


@dataclass(frozen=True)
class Streaming:
    """`kind` is none, sse-openai, sse-responses, sse-claude, sse-gemini, binary or websocket."""

    kind: str
    trigger: Trigger | None = None


@dataclass(frozen=True)
class Operation:
    """A path and method of the contract.

    `id` and the titles and cost beside it are those of one documented operation. Where several documented operations
    share a path and method, `Contract.operations` holds the first of them (in the order of the documents), and
    `Contract.operation(id)` gives the same route as seen from any other.
    """

    id: str
    operation_id: str
    """`id`, or for a second spelling of a path `<id>--<word>`."""
    documented: tuple[Documented, ...]
    family: str
    method: str
    """Upper case."""
    path: str
    """With its `{parameters}`."""
    auth: tuple[str, ...]
    streaming: Streaming
    task: str
    """none, submit, poll or fetch."""
    error: str
    """Name of the error envelope: openai, claude, gemini, midjourney, task or api."""
    cost: str
    """free, cheap or expensive."""
    implemented: bool
    alias_of: str | None
    title_en: str
    title_zh: str
    spec: Mapping[str, Any] = field(compare=False, repr=False)
    """The operation object of the bundled document, path-level parameters included. Not to be changed."""

    @property
    def ids(self) -> tuple[str, ...]:
        """The documented operations served here."""
        return tuple(entry.id for entry in self.documented)

    def looks_up(self, url: str) -> bool:
        """Whether a request to this URL asks about work that was taken in before, and not for new work."""
        given = dict(parse_qsl(urlsplit(url).query))
        responses = self.spec["responses"].values()
        links = (link for response in responses for link in response.get("links", {}).values())
        own = (link["parameters"] for link in links if link["operationId"] == self.operation_id)
        return self.task in ("poll", "fetch") or any(wanted.items() <= given.items() for wanted in own)

    @property
    def statuses(self) -> tuple[int, ...]:
        """Documented statuses, rising."""
        return tuple(sorted(int(status) for status in self.spec["responses"]))

    @property
    def content_types(self) -> tuple[str, ...]:
        """Media types of the request body, the documented one first; empty when there is no body."""
        return tuple(self._bodies)

    @property
    def parameters(self) -> tuple[Mapping[str, Any], ...]:
        """Parameter objects, those of the path item included."""
        return tuple(self.spec.get("parameters", ()))

    @property
    def path_example(self) -> str:
        """The path with example values in it, and with the required query parameters."""
        return self.path_with()

    @property
    def error_schema(self) -> str:
        """Name of the schema that an error answer of this operation has to fit, the gate's envelope included."""
        for status in self.statuses:
            name = self.response_schema(status) if status >= 400 else None
            if name is not None:
                return name
        raise ValueError(f"{self.operation_id} documents no error")

    def path_with(self, **values: Any) -> str:
        """The path with `values` in it; parameters that are not given take their example, other names become query."""
        rest = {name: _text(value) for name, value in values.items()}
        path, query = self.path, {}
        for parameter in self.parameters:
            name, where = parameter["name"], parameter["in"]
            if where == "path":
                path = path.replace("{" + name + "}", quote(rest.pop(name, _text(parameter["example"])), safe=""))
            elif where == "query" and parameter.get("required"):
                query[name] = rest.pop(name, _text(parameter["example"]))
        query.update(rest)
        return f"{path}?{urlencode(query)}" if query else path

    def request_example(self, content_type: str | None = None, name: str | None = None) -> Any:
        """A fresh copy of a documented example body; None when the operation has no body.

        Without `content_type` that of the first content type. Without `name` the example called like this operation,
        else `minimal`. Raises KeyError for an unknown content type or name.
        """
        if not self._bodies:
            return None
        examples = self._bodies[content_type or self.content_types[0]]["examples"]
        chosen = name or (self.id if self.id in examples else "minimal")
        return copy.deepcopy(examples[chosen]["value"])

    def request_examples(self) -> Iterator[tuple[str, str, Any]]:
        """(content type, name, value) of every documented example body."""
        for content_type, media in self._bodies.items():
            for name, example in media.get("examples", {}).items():
                yield content_type, name, copy.deepcopy(example["value"])

    def request_schema(self, content_type: str | None = None) -> str | None:
        """Name of the schema of the body; None when there is no body. Raises KeyError for an unknown content type."""
        return _schema_name(self._bodies[content_type or self.content_types[0]]) if self._bodies else None

    def response_content_types(self, status: int) -> tuple[str, ...]:
        """Documented media types for a status; empty for an undocumented status or one without a body."""
        return tuple(self.spec["responses"].get(str(status), {}).get("content", {}))

    def response_schema(self, status: int, content_type: str = "application/json") -> str | None:
        """Name of the schema for a status and media type (ranges such as `audio/*` count); None if undocumented."""
        content = self.spec["responses"].get(str(status), {}).get("content", {})
        for key in (content_type, content_type.partition("/")[0] + "/*", "*/*"):
            if key in content:
                return _schema_name(content[key])
        return None

    @property
    def _bodies(self) -> Mapping[str, Any]:
        content: Mapping[str, Any] = self.spec.get("requestBody", {}).get("content", {})
        return content


class Contract:
    """The bundled document and what can be asked of it."""

    def __init__(self, document: dict[str, Any]) -> None:
        self.document = document
        self.operations = tuple(_operations(document))
        self._by_id = _index(self.operations)
        self._validators: dict[str, Draft202012Validator] = {}
        self._known: dict[tuple[str, bytes], tuple[Violation, ...]] = {}

    def operation(self, name: str) -> Operation:
        """By documented id or by operationId. Raises KeyError for a name that the contract does not have."""
        try:
            return self._by_id[name]
        except KeyError:
            raise KeyError(f"the contract has no operation {name!r}") from None

    @property
    def schema_names(self) -> tuple[str, ...]:
        """All named models, in the order of the files."""
        return tuple(self.document["components"]["schemas"])

    def schema(self, name: str) -> dict[str, Any]:
        """The named model as written, with `#/components/schemas/NAME` references. Raises KeyError if unknown."""
        try:
            found: dict[str, Any] = self.document["components"]["schemas"][name]
        except KeyError:
            raise KeyError(f"the contract has no schema {name!r}") from None
        return found

    def violations(self, name: str, value: Any) -> list[Violation]:
        """How `value` differs from the named model, in the order of the value; empty when it fits.

        Of several alternatives only the one that the value resembles most is reported. Raises KeyError if unknown.
        """
        text = json.dumps(value, ensure_ascii=False).encode("utf-8", "surrogatepass")
        key = (name, hashlib.sha256(text).digest())
        known = self._known.get(key)
        if known is None:
            if len(self._known) >= MOST_KNOWN:
                self._known.clear()
            known = self._known[key] = self._find_violations(name, value)
        return list(known)

    def _find_violations(self, name: str, value: Any) -> tuple[Violation, ...]:
        errors = itertools.islice(self._validator(name).iter_errors(value), MOST_VIOLATIONS)
        found = {_violation(leaf) for error in errors for leaf in _leaves(error)}
        return tuple(sorted(found, key=lambda violation: (violation.pointer, violation.message)))

    def _validator(self, name: str) -> Draft202012Validator:
        if name not in self._validators:
            self.schema(name)
            reference = {"$ref": f"{_BUNDLE_URI}{_SCHEMA_PREFIX}{name}"}
            self._validators[name] = Draft202012Validator(reference, registry=self._registry)
        return self._validators[name]

    @cached_property
    def _registry(self) -> Registry[Any]:
        resource = DRAFT202012.create_resource(self.document)
        registry: Registry[Any] = Registry().with_resource(_BUNDLE_URI, resource)
        return registry


@lru_cache(maxsize=4)
def load_contract(folder: Path | None = None) -> Contract:
    """The contract of `folder`, or the one that comes with this package. Loaded once per folder."""
    return Contract(bundle(folder))


def bundle(folder: Path | None = None) -> dict[str, Any]:
    """One self-contained OpenAPI document of `folder` (default: the one that comes with this package).

    Every model of `schemas/` is in it, used by an operation or not. Raises FileNotFoundError when there is no contract
    and ValueError when a reference leads nowhere or a model's name is taken twice.
    """
    return _Bundler(folder or contract_folder()).document()


def contract_folder() -> Path:
    """Where the contract's files are: beside this module in an installed package, at the top in a checkout."""
    package = Path(__file__).resolve().parents[1]
    for folder in (package / "_openapi", package.parent / "openapi"):
        if (folder / _ROOT).is_file():
            return folder
    raise FileNotFoundError("no openapi/hub.yaml beside the conformance package")


class _Bundler:
    def __init__(self, folder: Path) -> None:
        paths = [folder / _ROOT, *sorted(folder.glob("paths/*.yaml")), *sorted(folder.glob("schemas/*.yaml"))]
        self._files = {path.relative_to(folder).as_posix(): _load_yaml(path) for path in paths}

    def document(self) -> dict[str, Any]:
        root = {key: value for key, value in self._files[_ROOT].items() if key != "components"}
        bundled: dict[str, Any] = self._rewrite(root, _ROOT)
        schemes = self._files[_ROOT].get("components", {}).get("securitySchemes", {})
        bundled["components"] = {"securitySchemes": copy.deepcopy(schemes), "schemas": self._schemas()}
        return bundled

    def _schemas(self) -> dict[str, Any]:
        schemas: dict[str, Any] = {}
        for file, models in self._files.items():
            if not file.startswith("schemas/"):
                continue
            for name, model in models.items():
                if name in schemas:
                    raise ValueError(f"{file}: the model {name} exists already in another file")
                schemas[name] = self._rewrite(model, file)
        return schemas

    def _rewrite(self, node: Any, file: str) -> Any:
        if isinstance(node, list):
            return [self._rewrite(item, file) for item in node]
        if not isinstance(node, dict):
            return node
        reference = node.get("$ref")
        if not isinstance(reference, str):
            return {key: self._rewrite(value, file) for key, value in node.items()}
        target, pointer = self._split(reference, file)
        value = self._find(target, pointer, reference, file)
        rest = {key: self._rewrite(value, file) for key, value in node.items() if key != "$ref"}
        if target.startswith("schemas/"):
            return {"$ref": _SCHEMA_PREFIX + "/".join(pointer), **rest}
        return {**self._rewrite(value, target), **rest}

    @staticmethod
    def _split(reference: str, file: str) -> tuple[str, list[str]]:
        target, _, fragment = reference.partition("#")
        resolved = posixpath.normpath(posixpath.join(posixpath.dirname(file), target)) if target else file
        tokens = [unquote(token).replace("~1", "/").replace("~0", "~") for token in fragment.split("/")[1:]]
        return resolved, tokens

    def _find(self, target: str, pointer: list[str], reference: str, file: str) -> Any:
        value = self._files.get(target)
        for token in pointer:
            value = value.get(token) if isinstance(value, dict) else None
        if value is None:
            raise ValueError(f"{file}: {reference} leads nowhere")
        return value


def _load_yaml(path: Path) -> dict[str, Any]:
    loaded: dict[str, Any] = yaml.load(path.read_bytes(), Loader=_LOADER)
    return loaded


def _operations(document: dict[str, Any]) -> Iterator[Operation]:
    for path, item in document["paths"].items():
        for method in METHODS:
            if method in item:
                yield _operation(path, method, item[method], item.get("parameters", []))


def _operation(path: str, method: str, spec: dict[str, Any], shared: list[Any]) -> Operation:
    documented = tuple(Documented(**entry) for entry in spec["x-hub-operations"])
    first = documented[0]
    streaming = spec["x-hub-streaming"]
    trigger = streaming["trigger"]
    return Operation(
        id=first.id,
        operation_id=spec["operationId"],
        documented=documented,
        family=spec["x-hub-family"],
        method=method.upper(),
        path=path,
        auth=tuple(spec["x-hub-auth"]),
        streaming=Streaming(
            kind=streaming["kind"],
            trigger=trigger and Trigger(trigger["in"], trigger.get("name", ""), trigger.get("value")),
        ),
        task=spec["x-hub-task"]["role"],
        error=spec["x-hub-error"],
        cost=first.cost,
        implemented=spec["x-hub-implemented"],
        alias_of=spec.get("x-hub-alias-of"),
        title_en=first.title_en,
        title_zh=first.title_zh,
        spec={**spec, "parameters": [*shared, *spec.get("parameters", [])]},
    )


def _index(operations: tuple[Operation, ...]) -> dict[str, Operation]:
    index = {operation.operation_id: operation for operation in operations}
    for operation in operations:
        if operation.alias_of is None:
            index.update({entry.id: _seen_as(operation, entry) for entry in operation.documented})
    return index


def _seen_as(operation: Operation, entry: Documented) -> Operation:
    return replace(operation, id=entry.id, cost=entry.cost, title_en=entry.title_en, title_zh=entry.title_zh)


def _schema_name(media: Mapping[str, Any]) -> str | None:
    reference: str = media.get("schema", {}).get("$ref", "")
    return reference.removeprefix(_SCHEMA_PREFIX) or None


def _text(value: Any) -> str:
    return str(value).lower() if isinstance(value, bool) else str(value)


def _leaves(error: ValidationError) -> Iterator[ValidationError]:
    """The errors behind an error: of an anyOf or oneOf those of the branch that comes nearest to the value."""
    if error.validator not in ("anyOf", "oneOf") or not error.context:
        yield error
        return
    branches: dict[Any, list[ValidationError]] = {}
    for inner in error.context:
        branches.setdefault(inner.schema_path[0], []).append(inner)
    nearest = min(branches.values(), key=_distance)
    if any(_is_misfit(inner) for inner in nearest):
        yield error
        return
    for inner in nearest:
        yield from _leaves(inner)


def _is_misfit(error: ValidationError) -> bool:
    """Whether the value as a whole, not a member of it, is of the wrong kind."""
    return not error.path and error.validator in ("type", "const", "enum")


def _distance(errors: list[ValidationError]) -> tuple[int, ...]:
    """Orders branches: farthest is a value of the wrong kind, then one without the right members or constants, then one
    whose parts lack members or are of the wrong kind; of two as far, that is nearer in which the fault lies deeper.
    """
    misfits = sum(_is_misfit(error) for error in errors)
    missing = [len(error.path) for error in errors if error.validator == "required"]
    constants = sum(error.validator in ("const", "enum") and len(error.path) < 2 for error in errors)
    kinds = sum(error.validator in ("type", "anyOf", "oneOf") for error in errors)
    depth = min(len(error.path) for error in errors)
    return misfits, missing.count(0), constants, len(missing), kinds, -depth, len(errors)


def _violation(error: ValidationError) -> Violation:
    pointer = "".join("/" + str(token).replace("~", "~0").replace("/", "~1") for token in error.absolute_path)
    conditional = not {"then", "else", "dependentSchemas"}.isdisjoint(error.absolute_schema_path)
    return Violation(pointer, _message(error), "then" if conditional else str(error.validator))


def _message(error: ValidationError) -> str:
    expected: Any = error.validator_value
    value: Any = error.instance
    match error.validator:
        case "required":
            missing = [name for name in expected if name not in value]
            named = [name for name in missing if repr(name) in error.message]
            return f"{', '.join(named or missing)} is missing"
        case "type" | "const" | "enum":
            return f"is {_show(value)}, expected {_wanted(error)}"
        case "anyOf" | "oneOf":
            wanted = dict.fromkeys(_wanted(inner) for inner in error.context or () if _is_misfit(inner))
            return f"is {_show(value)}, expected {' or '.join(wanted) or 'one of the documented forms'}"
        case "not":
            return f"is {_show(value)}, which is ruled out"
        case _:
            return f"is {_show(value)}, expected {error.validator!s} {_shorten(repr(expected), 80)}"


def _wanted(error: ValidationError) -> str:
    expected: Any = error.validator_value
    match error.validator:
        case "const":
            return repr(expected)
        case "enum":
            return f"one of {_shorten(', '.join(map(repr, expected)), 200)}"
        case _:
            return expected if isinstance(expected, str) else " or ".join(expected)


def _show(value: Any) -> str:
    if isinstance(value, dict):
        return f"an object with {_shorten(', '.join(map(str, value)), 80) or 'no members'}"
    if isinstance(value, list):
        return f"a list of {len(value)}"
    return "null" if value is None else _shorten(repr(value), 80)


def _shorten(text: str, limit: int) -> str:
    return text if len(text) <= limit else text[: limit - 1] + "…"
