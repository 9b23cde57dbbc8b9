"""The routes of the hub, read from the contract: `openapi/hub.yaml` and its `x-hub-*` extensions."""

import functools
import re
from collections.abc import Iterable, Mapping
from dataclasses import dataclass, field
from pathlib import Path
from typing import Any
from urllib.parse import unquote

import yaml

METHODS = ("get", "put", "post", "delete", "patch")
PACKAGE = Path(__file__).resolve().parent.parent
_LOADER: Any = getattr(yaml, "CSafeLoader", yaml.SafeLoader)


@dataclass(frozen=True)
class Route:
    """One method on one path template.

    `operation` is the first documented id (aliases carry the id of what they stand for), `error` the envelope of the
    family, `request` the place of the JSON request schema as an absolute reference, None when there is none.
    """

    method: str
    path: str
    operation: str
    family: str
    auth: tuple[str, ...]
    error: str
    implemented: bool = True
    ids: tuple[str, ...] = ()
    request: str | None = None


@dataclass(frozen=True)
class Match:
    """What a path leads to: the routes by method, and the values of the path parameters."""

    methods: Mapping[str, Route]
    params: Mapping[str, str]

    def route(self, method: str) -> Route | None:
        """The route that answers `method`; HEAD works wherever GET does."""
        return self.methods.get("GET" if method == "HEAD" else method)

    @property
    def allow(self) -> str:
        """The value of an Allow header."""
        names = set(self.methods) | {"OPTIONS"} | ({"HEAD"} if "GET" in self.methods else set())
        return ", ".join(sorted(names))


@dataclass
class Table:
    """All routes, found by path. The template with the most literal characters wins."""

    groups: dict[str, dict[str, Route]] = field(default_factory=dict)
    patterns: list[tuple[re.Pattern[str], str]] = field(default_factory=list)

    @classmethod
    def of(cls, routes: Iterable[Route]) -> "Table":
        table = cls()
        for route in routes:
            table.groups.setdefault(_plain(route.path), {}).setdefault(route.method, route)
        templates = sorted(table.groups, key=lambda path: -len(re.sub(r"{[^}]*}", "", path)))
        table.patterns = [(_pattern(path), path) for path in templates]
        return table

    def match(self, path: str) -> Match | None:
        """The match of a decoded path, with or without a slash at its end; None for an unknown path."""
        for pattern, template in self.patterns:
            if found := pattern.fullmatch(_plain(path)):
                return Match(self.groups[template], found.groupdict())
        return None

    def routes(self) -> Iterable[Route]:
        """Every route once."""
        return (route for group in self.groups.values() for route in group.values())


def _plain(path: str) -> str:
    return path.rstrip("/") or "/"


def _pattern(template: str) -> re.Pattern[str]:
    """Model names may contain slashes; every other parameter is one segment."""
    parts = re.split(r"{([^}]*)}", template)
    turned = [re.escape(part) if i % 2 == 0 else f"(?P<{_word(part)}>{_value(part)})" for i, part in enumerate(parts)]
    return re.compile("".join(turned), re.DOTALL)


def _word(name: str) -> str:
    return re.sub(r"\W", "_", name)


def _value(name: str) -> str:
    return ".+" if name == "model" else "[^/]+"


def contract_folder() -> Path:
    """The folder of the contract: packaged with the suite, or at the top of a checkout."""
    packaged = PACKAGE / "_openapi"
    return packaged if packaged.is_dir() else PACKAGE.parent / "openapi"


@functools.cache
def load_file(path: Path) -> Any:
    """The content of one YAML file of the contract."""
    with path.open("rb") as file:
        return yaml.load(file, Loader=_LOADER)


def resolve(reference: str, base: Path) -> tuple[Any, Path]:
    """Follows a `$ref` that stands in the file `base`; gives the value and the file it stands in."""
    name, _, pointer = reference.partition("#")
    path = (base.parent / name).resolve() if name else base
    value = load_file(path)
    for step in filter(None, unquote(pointer).split("/")):
        value = value[step.replace("~1", "/").replace("~0", "~")]
    return value, path


@functools.cache
def contract_routes() -> tuple[Route, ...]:
    """Every operation of the contract as a route."""
    root = contract_folder() / "hub.yaml"
    routes = []
    for path, item in load_file(root)["paths"].items():
        found, place = resolve(item["$ref"], root) if "$ref" in item else (item, root)
        routes += [_route(path, method, found[method], place) for method in METHODS if method in found]
    return tuple(routes)


def _route(path: str, method: str, operation: Mapping[str, Any], place: Path) -> Route:
    ids = tuple(entry["id"] for entry in operation.get("x-hub-operations", ()))
    return Route(
        method=method.upper(),
        path=path,
        operation=operation["operationId"].partition("--")[0],
        family=operation["x-hub-family"],
        auth=tuple(operation["x-hub-auth"]),
        error=operation["x-hub-error"],
        implemented=operation.get("x-hub-implemented", True),
        ids=ids,
        request=_request_reference(operation, place),
    )


def _request_reference(operation: Mapping[str, Any], place: Path) -> str | None:
    schema = operation.get("requestBody", {}).get("content", {}).get("application/json", {}).get("schema", {})
    if "$ref" not in schema:
        return None
    name, _, pointer = schema["$ref"].partition("#")
    file = (place.parent / name).resolve() if name else place
    return f"{file.as_uri()}#{pointer}"
