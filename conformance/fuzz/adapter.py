"""Schemathesis as a source of requests, and nothing more: what is sent, judged and reported is decided elsewhere.

Everything that depends on its insides, which are no stable interface, stands in this module.
"""

from __future__ import annotations

import contextlib
import hashlib
import json
import os
import re
import sys
import tempfile
import warnings
from collections.abc import Callable, Iterable, Iterator
from dataclasses import dataclass
from functools import cache, cached_property
from importlib.metadata import version
from pathlib import Path
from typing import TYPE_CHECKING, Any

from conformance.fuzz.case import CREDENTIALS, Aim, Case

if TYPE_CHECKING:
    from schemathesis.generation.case import Case as _Generated
    from schemathesis.schemas import APIOperation as _Operation

    Generated = _Generated[Any]
    APIOperation = _Operation[Any, Any, Any, Any]

NOWHERE = "http://hub.invalid"
"""Base URL of the generated requests, which are never sent by their generator."""
BOUNDARY = "hub-conformance-fuzz-0123456789abcdef"
_BOUNDARY = re.compile(rb"--([0-9a-f]{32})(?:\r\n|--)")
_OWN_HEADERS = frozenset({"content-length", "host", "user-agent", "accept", "accept-encoding", "connection"})
_NOISE = frozenset({"x-schemathesis-testcaseid"})
_SCENARIO_AIMS = {
    "unspecified_http_method": Aim.METHOD,
    "malformed_content_type": Aim.CONTENT_TYPE,
    "unsupported_content_type": Aim.CONTENT_TYPE,
}
_TEMPORARY: list[tempfile.TemporaryDirectory[str]] = []
_UNSENDABLE = re.compile(r"[\x00-\x1f\x7f]")


@cache
def start(storage: str = "") -> Path:
    """Have the generator keep its own files in `storage`, or in a folder that goes with this process; gives that."""
    if not storage:
        _TEMPORARY.append(tempfile.TemporaryDirectory(prefix="hub-conformance-"))
    folder = Path(storage or _TEMPORARY[-1].name)
    os.environ["HYPOTHESIS_STORAGE_DIRECTORY"] = str(folder)
    warnings.simplefilter("ignore")
    return folder


@dataclass(frozen=True)
class Source:
    """Requests for one operation of a document. Equal seeds give equal requests, in equal order."""

    document: dict[str, Any]
    path: str
    method: str
    seed: int
    storage: str = ""
    """Folder in which made requests are kept, since making them takes most of the time; empty for none."""

    def examples(self) -> list[Case]:
        """The documented examples."""
        return self._kept("examples", self._examples)

    def coverage(self) -> list[Case]:
        """Every boundary, wrong type, missing member and wrong method that the schemas suggest."""
        return self._kept("coverage", self._coverage)

    def random(self, count: int, *, valid: bool) -> list[Case]:
        """At most `count` random requests: valid ones, or ones with something wrong in them."""
        if count < 1:
            return []
        return self._kept(f"random {count} {valid}", lambda: self._random(count, valid))

    def _kept(self, kind: str, make: Callable[[], list[Case]]) -> list[Case]:
        if not self.storage:
            return make()
        path = Path(self.storage) / "requests" / f"{self._digest(kind)}.json"
        with contextlib.suppress(OSError, ValueError, KeyError, TypeError):
            return [Case.from_dict(item) for item in json.loads(path.read_text(encoding="ascii"))]
        made = make()
        path.parent.mkdir(parents=True, exist_ok=True)
        draft = path.with_suffix(f".{os.getpid()}.part")
        draft.write_text(json.dumps([case.to_dict() for case in made]), encoding="ascii")
        draft.replace(path)
        return made

    def _digest(self, kind: str) -> str:
        about = [kind, self.path, self.method, self.seed, self.document, *_versions()]
        return hashlib.sha256(json.dumps(about).encode()).hexdigest()[:32]

    def _examples(self) -> list[Case]:
        from schemathesis.generation.drivers import ExamplesGenerator

        made = ExamplesGenerator(
            operation=self._operation, override=_no_override(), feedback=_no_feedback(), fill_missing=False
        )
        return list(self._cases("examples", lambda: iter(made)))

    def _coverage(self) -> list[Case]:
        from schemathesis.generation.coverage import GenerationSession
        from schemathesis.generation.drivers import CoverageGenerator

        generation = self._operation.schema.config.generation_for(operation=self._operation, phase="coverage")
        made = CoverageGenerator(
            operation=self._operation,
            generation_modes=generation.modes,
            generation_config=generation,
            auth_storage=None,
            override=_no_override(),
            feedback=_no_feedback(),
            session=GenerationSession(),
        )
        return list(self._cases("coverage", lambda: iter(made)))

    def _random(self, count: int, valid: bool) -> list[Case]:
        from schemathesis.generation import GenerationMode

        mode = GenerationMode.POSITIVE if valid else GenerationMode.NEGATIVE
        drawn = self._draw(self._operation.as_strategy(generation_mode=mode), count)
        return list(self._cases("random", lambda: iter(drawn)))

    def _draw(self, strategy: Any, count: int) -> list[Generated]:
        from hypothesis import HealthCheck, Phase, given, settings
        from hypothesis import seed as seeded
        from hypothesis.errors import HypothesisException

        drawn: list[Generated] = []

        @seeded(self.seed)
        @settings(
            max_examples=count,
            database=None,
            deadline=None,
            phases=[Phase.generate],
            suppress_health_check=list(HealthCheck),
        )
        @given(strategy)
        def collect(case: Generated) -> None:
            drawn.append(case)

        # Some operations have no invalid requests, or hardly any valid ones: what came is what there is.
        with contextlib.suppress(HypothesisException):
            collect()
        return drawn

    @cached_property
    def _operation(self) -> APIOperation:
        import schemathesis
        from schemathesis.config import SchemathesisConfig

        _forget_our_own_code()
        config = SchemathesisConfig.from_dict(
            {
                "base-url": NOWHERE,
                "seed": self.seed,
                "cache": {"enabled": False},
                "generation": {"database": "none"},
            }
        )
        schema = schemathesis.openapi.from_dict(self.document, config=config)
        schema.adapt_to_null_byte_in_header_failure()
        operation: APIOperation = schema[self.path][self.method]
        return operation

    def _cases(self, phase: str, generate: Callable[[], Iterator[Generated]]) -> Iterator[Case]:
        from schemathesis.generation.hypothesis.reporting import ignore_hypothesis_output

        with ignore_hypothesis_output(), warnings.catch_warnings():
            warnings.simplefilter("ignore")
            for generated in generate():
                case = self._case(phase, generated)
                if case is not None:
                    yield case

    def _case(self, phase: str, generated: Generated) -> Case | None:
        import requests
        from schemathesis.core.errors import SchemathesisError

        transport = self._operation.schema.transport
        try:
            prepared = requests.Request(**transport.serialize_case(generated, base_url=NOWHERE)).prepare()
        except (SchemathesisError, ValueError, UnicodeError):
            return None  # HTTP cannot express it
        headers = list(_headers(prepared.headers.items()))
        if any(_UNSENDABLE.search(name + value) or not (name + value).isascii() for name, value in headers):
            return None
        body = _bytes(prepared.body)
        boundary = _BOUNDARY.match(body)
        if boundary:
            body = body.replace(boundary[1], BOUNDARY.encode())
            headers = [(name, value.replace(boundary[1].decode(), BOUNDARY)) for name, value in headers]
        what, aim = _telling(generated)
        path = (prepared.url or "").removeprefix(NOWHERE)
        return Case(str(prepared.method), path, tuple(headers), body, phase, what, aim)


@cache
def _versions() -> tuple[str, ...]:
    own = hashlib.sha256(Path(__file__).read_bytes()).hexdigest()
    return version("schemathesis"), version("hypothesis"), sys.version, own


def _forget_our_own_code() -> None:
    """Hypothesis draws constants that it finds in the code around it: then other requests came with every edit."""
    from hypothesis.internal.conjecture import providers

    providers._get_local_constants = lambda: providers._local_constants


def _headers(items: Iterable[tuple[str, str | bytes]]) -> Iterator[tuple[str, str]]:
    for name, value in items:
        if name.lower() not in _OWN_HEADERS | _NOISE | CREDENTIALS:
            yield name, value.decode("latin-1") if isinstance(value, bytes) else str(value)


def _bytes(body: Any) -> bytes:
    if body is None:
        return b""
    return body if isinstance(body, bytes) else str(body).encode("utf-8", "surrogatepass")


def _telling(generated: Generated) -> tuple[str, Aim]:
    meta = generated.meta
    if meta is None:
        return "", Aim.DATA
    data = meta.phase.data
    scenario = getattr(data, "scenario", None)
    aim = _SCENARIO_AIMS.get(str(scenario.value), Aim.DATA) if scenario is not None else Aim.DATA
    return (data.description or "")[:120], aim


def _no_override() -> Any:
    from schemathesis.generation.overrides import Override

    return Override()


def _no_feedback() -> Any:
    from schemathesis.generation.feedback import NO_FEEDBACK

    return NO_FEEDBACK
