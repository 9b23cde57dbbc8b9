"""Requirements: one sentence each, with an id, a level, a source, the reason it matters and the way to keep it."""

from __future__ import annotations

from collections.abc import Callable, Iterator, Mapping
from enum import StrEnum
from functools import cache
from pathlib import Path
from typing import Annotated, Any, TypeVar

import yaml
from pydantic import BaseModel, ConfigDict, Field, RootModel, StringConstraints, ValidationError, model_validator

PACKAGE = Path(__file__).resolve().parent.parent
LANGUAGES = ("en", "zh")
"""Languages of the sentences: the first is that of `requirements.yaml`, `requirements.zh.yaml` beside it is Chinese."""
ROOMS = ("families", "everywhere", "fuzz", "clients")
"""Folders of the package whose sub-folders hold a `requirements.yaml` (or hold one themselves)."""

Sentence = Annotated[str, StringConstraints(strip_whitespace=True, min_length=8)]
Translated = Annotated[str, StringConstraints(strip_whitespace=True, min_length=4)]
RequirementId = Annotated[str, StringConstraints(pattern=r"^[a-z0-9]+(-[a-z0-9]+)*(\.[a-z0-9]+(-[a-z0-9]+)*){1,3}$")]


class Level(StrEnum):
    """How binding a sentence is, in the words of RFC 2119."""

    MUST = "MUST"
    SHOULD = "SHOULD"
    MAY = "MAY"


class Authority(StrEnum):
    """Who says so: the hub's documents, the vendor of the format, a protocol standard, or plain logic."""

    DOCUMENT = "document"
    VENDOR = "vendor"
    PROTOCOL = "protocol"
    INVARIANT = "invariant"


class Requirement(BaseModel):
    """One sentence about a hub that can be true or false.

    `operations` are documented operation ids; empty means that the judge's evidence says which operation it is about.
    `excluded` holds the reason when the sentence cannot be judged from outside; such a requirement has no judge.
    """

    model_config = ConfigDict(frozen=True, extra="forbid")

    id: RequirementId
    family: str
    level: Level
    authority: Authority
    statement: Sentence
    source: Sentence
    why: Sentence
    fix: Sentence
    operations: tuple[str, ...] = ()
    excluded: Sentence | None = None


EVERYWHERE = frozenset({"auth", "errors", "transport", "cors", "metering", "isolation", "fuzz", "clients"})
"""Families whose sentences hold on the operations of all others."""


class _Room(BaseModel):
    """The content of one `requirements.yaml`."""

    model_config = ConfigDict(frozen=True, extra="forbid")

    family: str
    operations: tuple[str, ...] = ()
    requirements: tuple[dict[str, Any], ...] = Field(min_length=1)

    @model_validator(mode="after")
    def _ids_are_unique(self) -> _Room:
        ids = [row.get("id") for row in self.requirements]
        twice = sorted({str(i) for i in ids if ids.count(i) > 1})
        if twice:
            raise ValueError(f"ids used twice: {', '.join(twice)}")
        return self


class Texts(BaseModel):
    """What is told of a requirement, in another language. Ids, sources and code in backticks are never translated."""

    model_config = ConfigDict(frozen=True, extra="forbid")

    statement: Translated
    why: Translated
    fix: Translated
    excluded: Translated | None = None


class CatalogueError(Exception):
    """A `requirements.yaml` is not what it should be; the text names file, id and field."""


class Catalogue(Mapping[str, Requirement]):
    """All requirements by id, in the order of their files."""

    def __init__(self, requirements: Mapping[str, Requirement], language: str = LANGUAGES[0]) -> None:
        self._by_id = dict(requirements)
        self.language = language

    def __getitem__(self, key: str) -> Requirement:
        return self._by_id[key]

    def __iter__(self) -> Iterator[str]:
        return iter(self._by_id)

    def __len__(self) -> int:
        return len(self._by_id)

    @property
    def judged(self) -> tuple[Requirement, ...]:
        """The requirements that a judge must exist for."""
        return tuple(r for r in self.values() if r.excluded is None)

    def own(self, operation: str) -> tuple[Requirement, ...]:
        """The judged requirements of one documented operation, beside those that hold on the operations of others."""
        return tuple(r for r in self.judged if operation in r.operations and r.family not in EVERYWHERE)


def read_room(path: Path) -> list[Requirement]:
    """Read one `requirements.yaml`.

    Raises:
        CatalogueError: with the file's name, the id and the field that is wrong.
    """
    try:
        room = _Room.model_validate(_load(path))
    except (ValidationError, yaml.YAMLError) as problem:
        raise CatalogueError(f"{path}: {problem}") from problem
    found = []
    for row in room.requirements:
        try:
            found.append(Requirement.model_validate({"family": room.family, "operations": room.operations, **row}))
        except ValidationError as problem:
            raise CatalogueError(f"{path}: {row.get('id')}: {problem}") from problem
    return found


def read_translation(path: Path) -> dict[str, Texts]:
    """Read one `requirements.zh.yaml`: texts by id.

    Raises:
        CatalogueError: with the file's name and the field that is wrong.
    """
    try:
        return _Translation.model_validate(_load(path)).root
    except (ValidationError, yaml.YAMLError) as problem:
        raise CatalogueError(f"{path}: {problem}") from problem


class _Translation(RootModel[dict[str, Texts]]):
    """The content of one `requirements.zh.yaml`."""


def _load(path: Path) -> Any:
    # libyaml, where PyYAML was built with it, reads the catalogue ten times as fast.
    return yaml.load(path.read_bytes(), Loader=getattr(yaml, "CSafeLoader", yaml.SafeLoader))


def requirement_files() -> list[Path]:
    """Every `requirements.yaml` of the package, sorted, so that the catalogue's order never changes by itself."""
    return sorted(path for room in ROOMS for path in (PACKAGE / room).glob("**/requirements.yaml"))


@cache
def load_catalogue() -> Catalogue:
    """Read all rooms once.

    Raises:
        CatalogueError: a file is malformed, or an id stands in two files.
    """
    by_id: dict[str, Requirement] = {}
    for path in requirement_files():
        for item in read_room(path):
            if item.id in by_id:
                raise CatalogueError(f"{path}: {item.id} stands in another file too")
            by_id[item.id] = item
    return Catalogue(by_id)


@cache
def catalogue_in(language: str) -> Catalogue:
    """The catalogue with its texts in one of `LANGUAGES`; a text that nobody has translated stays as it is.

    Raises:
        CatalogueError: as `load_catalogue`, or a translation is malformed.
    """
    original = load_catalogue()
    if language == LANGUAGES[0]:
        return original
    told: dict[str, Texts] = {}
    for path in requirement_files():
        translation = path.with_name(f"requirements.{language}.yaml")
        if translation.exists():
            told |= read_translation(translation)
    return Catalogue({i: _told(r, told[i]) if i in told else r for i, r in original.items()}, language)


def _told(original: Requirement, texts: Texts) -> Requirement:
    return original.model_copy(update=texts.model_dump(exclude_none=True))


Judge = TypeVar("Judge", bound=Callable[..., None])


def requirement(*ids: str) -> Callable[[Judge], Judge]:
    """Name the requirement(s) that a judge decides. All of them break when the judge finds a break."""

    def mark(function: Judge) -> Judge:
        function.requirement_ids = ids  # type: ignore[attr-defined]
        return function

    return mark


def requirement_ids(function: Callable[..., Any]) -> tuple[str, ...]:
    """The ids that `requirement` put on a judge; empty for any other function."""
    return tuple(getattr(function, "requirement_ids", ()))
