"""`hub.toml`: what is known about a deployment, written down once instead of typed for every run.

The models below are the format; `hub.schema.json` beside this file is their published JSON Schema, and
`docs/hub-toml.md` explains them. Everything is optional, and the command line wins.
"""

from __future__ import annotations

import difflib
import os
import re
import tomllib
from collections.abc import Iterable, Iterator, Mapping
from dataclasses import dataclass
from pathlib import Path
from typing import Annotated, Any, Literal, Self

from pydantic import (
    AfterValidator,
    BaseModel,
    ConfigDict,
    Field,
    StringConstraints,
    ValidationError,
    model_validator,
)

from conformance.engine.contract import load_contract
from conformance.engine.discovery import KINDS
from conformance.engine.requirement import load_catalogue
from conformance.engine.target import Header, TargetError, clean_base_url
from conformance.wire.redact import CREDENTIAL_HEADERS, Secret

FILE_NAME = "hub.toml"
LARGEST = 2**20
"""Bytes of a file that somebody may have written by hand."""
LONGEST_QUOTE = 60
RESERVED_HEADERS = frozenset({"host", "content-length", "content-type", "transfer-encoding", "connection", "upgrade"})
"""Headers that frame a request: the suite sets them, and judges what follows from them."""


def _kebab(name: str) -> str:
    return name.replace("_", "-")


def _base_url(given: str) -> str:
    try:
        return clean_base_url(given)
    except TargetError as problem:
        raise ValueError(re.sub(r"^--base-url '?[^ ]*'? ", "", str(problem))) from None


def _host(given: str) -> str:
    if not re.fullmatch(r"(\*\.)?[A-Za-z0-9]([A-Za-z0-9.-]*[A-Za-z0-9])?", given):
        raise ValueError("must be the name of a host, as cdn.example.com or *.example.com, without scheme and port")
    return given.lower()


Seconds = Annotated[float, Field(gt=0)]
Count = Annotated[int, Field(gt=0)]
Text = Annotated[str, StringConstraints(min_length=1, max_length=500, pattern=r"^[^\x00-\x1f\x7f]+$")]
Variable = Annotated[str, StringConstraints(pattern=r"^[A-Za-z_][A-Za-z0-9_]*$")]
"""Name of an environment variable."""
Scheme = Literal["bearer", "x-api-key", "x-goog-api-key", "query-key"]


class _Table(BaseModel):
    model_config = ConfigDict(extra="forbid", strict=True, frozen=True, alias_generator=_kebab)


class HubTable(_Table):
    """Which hub, who we are to it, and what it says that it offers."""

    base_url: Annotated[str, AfterValidator(_base_url)] | None = Field(
        default=None, description="address of the hub, as https://host or http://host:port, without /v1"
    )
    token_env: Variable | None = Field(default=None, description="environment variable that holds the hub's token")
    second_token_env: Variable | None = Field(
        default=None, description="environment variable with the token of another account, for what must be kept apart"
    )
    claims: tuple[Text, ...] = Field(
        default=(), description="families or operations that the hub offers: a refusal is a fail"
    )
    not_offered: tuple[Text, ...] = Field(default=(), description="families or operations that are not asked at all")
    result_hosts: tuple[Annotated[str, AfterValidator(_host)], ...] = Field(
        default=(), description="other hosts from which pictures, films and songs may be fetched, as *.example.com"
    )


class HeaderTable(_Table):
    """A header whose value comes from the environment, or must not be shown."""

    env: Variable | None = Field(default=None, description="environment variable that holds the value")
    value: Text | None = Field(default=None, description="the value itself")
    secret: bool = Field(default=True, description="whether evidence and reports show asterisks in place of the value")

    @model_validator(mode="after")
    def _one_of_both(self) -> Self:
        if (self.env is None) == (self.value is None):
            raise ValueError("must have either env or value")
        return self


class BudgetTable(_Table):
    """What a run may cost. What it could not ask for is inconclusive."""

    requests: Count | None = Field(default=None, description="most requests of a run")
    tokens: Count | None = Field(default=None, description="most output tokens of a run")
    allow_expensive: bool | None = Field(default=None, description="consent to ask for images, audio, video and music")


class PaceTable(_Table):
    """How gently the hub is asked."""

    concurrency: Count | None = Field(default=None, description="requests in flight at once")
    serial: bool | None = Field(default=None, description="one request after the other")
    pause: Seconds | None = Field(default=None, description="seconds between the starts of two requests")
    requests_per_minute: Count | None = Field(default=None, description="the same as a rate")

    @model_validator(mode="after")
    def _one_rate(self) -> Self:
        if self.pause is not None and self.requests_per_minute is not None:
            raise ValueError("must have either pause or requests-per-minute")
        return self

    @property
    def seconds(self) -> float | None:
        """The pause, however it was written."""
        return 60 / self.requests_per_minute if self.requests_per_minute else self.pause


class TimeoutsTable(_Table):
    """How long things may take, in seconds."""

    request: Seconds | None = Field(default=None, description="longest time of one whole exchange")
    task: Seconds | None = Field(default=None, description="longest time of a video, picture or song")
    poll_interval: Seconds | None = Field(default=None, description="time between two looks at a task")


class TlsTable(_Table):
    """Whom to believe."""

    ca_file: Text | None = Field(default=None, description="PEM file of certificate authorities, relative to this file")
    verify: bool = Field(default=True, description="false takes any certificate, and is warned about")

    @model_validator(mode="after")
    def _one_of_both(self) -> Self:
        if self.ca_file is not None and not self.verify:
            raise ValueError("must not have both ca-file and verify = false")
        return self


class RunTable(_Table):
    """What is judged."""

    families: tuple[Text, ...] = Field(default=(), description="families to judge")
    profile: Literal["core", "text", "media", "tasks", "realtime", "full"] | None = None
    level: Literal["must", "should", "may"] | None = Field(
        default=None, description="sentences of this level and above"
    )


class HubFile(_Table):
    """A whole file."""

    hub: HubTable = HubTable()
    headers: Mapping[Text, Text | HeaderTable] = Field(default={}, description="headers that every request carries")
    key_headers: Mapping[Text, Scheme] = Field(default={}, description="how the token is sent, by family")
    models: Mapping[Text, Text] = Field(default={}, description="model by kind of work")
    budget: BudgetTable = BudgetTable()
    pace: PaceTable = PaceTable()
    timeouts: TimeoutsTable = TimeoutsTable()
    tls: TlsTable = TlsTable()
    run: RunTable = RunTable()


class HubFileError(TargetError):
    """The file is wrong: `lines` has one clear line for each mistake, with file, line number and key."""

    def __init__(self, lines: Iterable[str]) -> None:
        self.lines = tuple(lines)
        super().__init__("\n".join(self.lines))


@dataclass(frozen=True)
class _Mistake:
    path: tuple[str, ...]
    words: str


def schema() -> dict[str, Any]:
    """The format as JSON Schema."""
    return {"$schema": "https://json-schema.org/draft/2020-12/schema", **HubFile.model_json_schema()}


def read(path: Path, shown: str = "") -> HubFile:
    """Read and check a file.

    Args:
        shown: the file's name as errors show it; by default its path.

    Raises:
        HubFileError: it cannot be read, or something in it is wrong.
    """
    name = shown or str(path)
    try:
        raw = path.read_bytes()
        text = raw[: LARGEST + 1].decode("utf-8-sig")
    except OSError as problem:
        raise HubFileError([f"--hub {name}: {problem.strerror}"]) from None
    except UnicodeDecodeError as problem:
        raise HubFileError([f"{name}: is not UTF-8 text (byte {problem.start})"]) from None
    if len(raw) > LARGEST:
        raise HubFileError([f"{name}: is larger than {LARGEST} bytes, which no hub.toml is"])
    text = text.replace("\r\n", "\n")
    try:
        given = tomllib.loads(text)
    except (tomllib.TOMLDecodeError, RecursionError) as problem:
        raise HubFileError([_no_toml(name, str(problem), text)]) from None
    mistakes = list(_mistakes(given, path.parent))
    if mistakes:
        lines = line_numbers(text)
        ordered = sorted(mistakes, key=lambda m: _line(lines, m.path))
        raise HubFileError(f"{name}:{_line(lines, m.path)}: {'.'.join(m.path)}: {m.words}" for m in ordered)
    return HubFile.model_validate(given, strict=False)


def _no_toml(name: str, words: str, text: str) -> str:
    last = len(text.rstrip().split("\n"))
    found = re.fullmatch(r"(.*) \((?:at line (\d+), column \d+|at end of document)\)", words, re.S)
    return f"{name}:{found[2] or last}: is no TOML: {found[1]}" if found else f"{name}: is no TOML: {words}"


def line_numbers(text: str) -> dict[tuple[str, ...], int]:
    """Where each table and key of a valid TOML text begins, counted from 1.

    The standard library's reader tells no places, so the text is read statement by statement: as many lines as it takes
    until they are TOML.
    """
    found: dict[tuple[str, ...], int] = {}
    table: tuple[str, ...] = ()
    lines = text.split("\n")
    start = 0
    while start < len(lines):
        end = start + 1
        while (parsed := _parsed(lines[start:end])) is None and end < len(lines):
            end += 1
        paths = list(_paths(parsed or {}))
        is_header = lines[start].lstrip().startswith("[")
        for path in paths:
            found.setdefault(path if is_header else (*table, *path), start + 1)
        table = max(paths, key=len, default=()) if is_header else table
        start = end
    return found


def _parsed(lines: list[str]) -> dict[str, Any] | None:
    try:
        return tomllib.loads("\n".join(lines))
    except tomllib.TOMLDecodeError:
        return None


def _paths(value: Any) -> Iterator[tuple[str, ...]]:
    if isinstance(value, list):
        value = value[0] if value and isinstance(value[0], dict) else {}
    if not isinstance(value, dict):
        return
    for name, inner in value.items():
        yield (name,)
        yield from ((name, *path) for path in _paths(inner))


def _line(lines: Mapping[tuple[str, ...], int], path: tuple[str, ...]) -> int:
    """The line of a path, or of the nearest thing around it that stands in the file."""
    ends = (path[:length] for length in range(len(path), 0, -1))
    return next((lines[end] for end in ends if end in lines), 1)


def _mistakes(given: dict[str, Any], folder: Path) -> Iterator[_Mistake]:
    try:
        file = HubFile.model_validate(_tuples(given))
    except ValidationError as problem:
        seen: set[tuple[str, ...]] = set()
        # An unknown key first: of a header's several complaints it is the one that helps.
        for error in sorted(problem.errors(include_url=False), key=lambda e: e["type"] != "extra_forbidden"):
            mistake = _mistake(error)
            place = mistake.path[:2] if mistake.path[0] == "headers" else mistake.path
            if place not in seen:
                seen.add(place)
                yield mistake
        return
    yield from _unknown_names(file)
    yield from _header_mistakes(file.headers)
    if file.tls.ca_file and not (folder / file.tls.ca_file).is_file():
        yield _Mistake(("tls", "ca-file"), f"there is no file {file.tls.ca_file} beside this one")


def _tuples(value: Any) -> Any:
    """Lists as tuples, which is what strict models of frozen data take."""
    if isinstance(value, dict):
        return {name: _tuples(inner) for name, inner in value.items()}
    return tuple(_tuples(inner) for inner in value) if isinstance(value, list) else value


_ALLOWED = {
    "string_type": "must be text in quotation marks",
    "string_too_short": "must not be empty",
    "string_too_long": "must be shorter",
    "int_type": "must be a whole number",
    "int_from_float": "must be a whole number",
    "float_type": "must be a number",
    "finite_number": "must be a number",
    "bool_type": "must be true or false",
    "tuple_type": 'must be a list, as ["chat", "models"]',
    "dict_type": "must be a table",
    "mapping_type": "must be a table",
    "model_type": "must be a table",
    "model_attributes_type": "must be a table",
}


def _mistake(error: Any) -> _Mistake:
    steps = tuple(str(step) for step in error["loc"] if not isinstance(step, int))
    kind, context = error["type"], error.get("ctx", {})
    if steps[0] == "headers" and len(steps) > 1:
        return _header_mistake(steps, kind)
    path = steps
    if kind == "extra_forbidden":
        return _Mistake(path, _unknown_key(path))
    if kind == "value_error":
        words = str(context["error"])
    elif kind == "literal_error":
        allowed = re.findall(r"'([^']*)'", str(context["expected"]))
        near = difflib.get_close_matches(str(error.get("input")), allowed, n=1)
        words = f"must be one of {', '.join(allowed)}" + (f" (did you mean {near[0]}?)" if near else "")
    elif kind in ("greater_than", "greater_than_equal"):
        words = "must be greater than 0"
    elif kind == "string_pattern_mismatch":
        is_name = path and path[-1].endswith("env")
        words = "must be the name of an environment variable" if is_name else "must be one line of printable text"
    else:
        words = _ALLOWED.get(kind, error["msg"])
    value = error.get("input")
    shown = isinstance(value, (str, int, float, bool)) and not path[-1].endswith("env")
    return _Mistake(path, f"{words}, not {_quoted(value)}" if shown and kind != "value_error" else words)


def _header_mistake(steps: tuple[str, ...], kind: str) -> _Mistake:
    """What a union of text and table complains of is one mistake, told at the header."""
    if kind == "extra_forbidden":
        return _Mistake((*steps[:2], steps[-1]), _unknown_key((*steps[:2], steps[-1])))
    return _Mistake(steps[:2], "must be text, or a table with either env or value, and secret = true or false")


def _quoted(value: Any) -> str:
    text = str(value).lower() if isinstance(value, bool) else repr(value)
    return text if len(text) <= LONGEST_QUOTE else f"{text[:LONGEST_QUOTE]}…"


def _unknown_key(path: tuple[str, ...]) -> str:
    known = _keys(path[:-1])
    if path[-1] in ("token", "api-key", "key"):
        return "a token does not belong into this file: name its environment variable with token-env"
    return f"is no key; {_nearest(path[-1], known)}"


def _keys(table: tuple[str, ...]) -> list[str]:
    model: type[BaseModel] = HubFile
    for step in table:
        if table[0] == "headers":
            model = HeaderTable
            break
        field = next((f for f in model.model_fields.values() if f.alias == step), None)
        if field is None or not isinstance(field.annotation, type) or not issubclass(field.annotation, BaseModel):
            return []
        model = field.annotation
    return [field.alias or name for name, field in model.model_fields.items()]


def _nearest(word: str, known: Iterable[str]) -> str:
    names = list(known)
    near = difflib.get_close_matches(word, names, n=1, cutoff=0.6)
    listed = ", ".join(names)
    return f"did you mean {near[0]}? Known are {listed}" if near else f"known are {listed}"


@dataclass(frozen=True)
class _Names:
    """What may be named in one place. The first of `known` are listed to whom names another."""

    what: str
    known: tuple[str, ...]
    listed: int

    def mistake(self, path: tuple[str, ...], name: str) -> _Mistake:
        near = difflib.get_close_matches(name, self.known, n=1, cutoff=0.5)
        hint = f"did you mean {near[0]}? " if near else ""
        return _Mistake(path, f"no {self.what} is called {_quoted(name)}; {hint}Known are {self._list()}")

    def _list(self) -> str:
        more = len(self.known) - self.listed
        return ", ".join(self.known[: self.listed]) + (f" and {more} operations" if more else "")


def offerable() -> _Names:
    """What a hub may claim to offer, or not to."""
    rooms = sorted({operation.family for operation in load_contract().operations})
    operations = {name for operation in load_contract().operations for name in operation.ids} - set(rooms)
    return _Names("family or operation", (*rooms, *sorted(operations)), len(rooms))


def _unknown_names(file: HubFile) -> Iterator[_Mistake]:
    families = sorted({r.family for r in load_catalogue().values()})
    work = offerable()
    rooms = work.known[: work.listed]
    kinds = sorted({kind.name for kind in KINDS} | set(rooms))
    places: tuple[tuple[tuple[str, ...], Iterable[str], _Names], ...] = (
        (("hub", "claims"), file.hub.claims, work),
        (("hub", "not-offered"), file.hub.not_offered, work),
        (("run", "families"), file.run.families, _Names("family", tuple(families), len(families))),
        (("models",), file.models, _Names("kind of work", tuple(kinds), len(kinds))),
        (("key-headers",), file.key_headers, _Names("family", rooms, len(rooms))),
    )
    for path, given, names in places:
        for name in (name for name in given if name not in names.known):
            yield names.mistake(path if len(path) > 1 else (*path, name), name)
    for name in sorted(set(file.hub.claims) & set(file.hub.not_offered)):
        yield _Mistake(("hub", "not-offered"), f"{name} is claimed and not offered at once")


def _header_mistakes(headers: Mapping[str, str | HeaderTable]) -> Iterator[_Mistake]:
    for name, given in headers.items():
        path = ("headers", name)
        if not re.fullmatch(r"[!#$%&'*+.^_`|~0-9A-Za-z-]+", name):
            yield _Mistake(path, "is no name that a header may have")
        elif name.lower() in RESERVED_HEADERS:
            yield _Mistake(path, "is set by the suite itself for every request")
        elif name.lower() in CREDENTIAL_HEADERS:
            yield _Mistake(path, "carries a credential: use token-env, and key-headers for how it is sent")
        else:
            value = given if isinstance(given, str) else given.value or os.environ.get(given.env or "", "")
            yield from _value_mistakes(path, given, value)


def _value_mistakes(path: tuple[str, ...], given: str | HeaderTable, value: str) -> Iterator[_Mistake]:
    variable = "" if isinstance(given, str) else given.env or ""
    if variable and not value:
        yield _Mistake(path, f"the environment has no {variable}: export it first")
    elif not value.isascii() or not value.isprintable() or value != value.strip():
        source = f"what {variable} holds" if variable else "the value"
        yield _Mistake(path, f"{source} cannot be sent in a header: printable ASCII, no space around it")


def headers_of(file: HubFile) -> tuple[Header, ...]:
    """The headers with their values, those of the environment included. The file has been checked."""
    found: list[Header] = []
    for name, given in file.headers.items():
        if isinstance(given, str):
            found.append(Header(name, Secret(given), shown=True))
        else:
            value = given.value or os.environ[given.env or ""]
            found.append(Header(name, Secret(value), shown=not given.secret))
    return tuple(found)
