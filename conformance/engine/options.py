"""What a run is told: the command line, `hub.toml` for what it leaves open, and defaults for the rest."""

from __future__ import annotations

import os
from collections.abc import Iterable
from dataclasses import replace
from pathlib import Path
from typing import Any

import pytest

from conformance.engine.judge import Case
from conformance.engine.requirement import EVERYWHERE, LANGUAGES, load_catalogue
from conformance.engine.target import Target, TargetError, clean_base_url
from conformance.wire.limits import Limits
from conformance.wire.redact import Secret

_TEXT = frozenset({"responses", "claude", "gemini", "completions", "edits", "embeddings", "rerank", "moderations"})
_CORE = EVERYWHERE | {"chat", "models"}
_TASKS = frozenset({"videos", "midjourney", "suno"})
PROFILES: dict[str, frozenset[str]] = {
    "core": _CORE,
    "text": _CORE | _TEXT | {"playground", "unimplemented"},
    "media": EVERYWHERE | _TASKS | {"images", "audio"},
    "tasks": EVERYWHERE | _TASKS,
    "realtime": EVERYWHERE | {"realtime"},
    "full": frozenset(),
}
LEVELS = {"must": ("MUST",), "should": ("MUST", "SHOULD"), "may": ("MUST", "SHOULD", "MAY")}
"""Levels that are judged, by the lowest one that is wanted."""
DEFAULTS: dict[str, Any] = {
    "token_env": "HUB_TOKEN",
    "profile": "full",
    "level": "may",
    "concurrency": 4,
    "request_timeout": 60.0,
    "task_timeout": 600.0,
    "allow_expensive": False,
    "serial": False,
}
"""What holds when neither the command line nor `hub.toml` says anything."""
POLL_INTERVAL = 5.0
EMBEDDED_POLL_INTERVAL = 0.05
"""Seconds between two polls; the embedded hub finishes its tasks within a few of them."""
_TOKEN_ADVICE = "set it without quotation marks, line breaks or spaces around it"
HUB_FILE = pytest.StashKey[Any]()
"""The `HubFile` of the run; its defaults where there is none."""
NOTES = pytest.StashKey[list[str]]()
"""Lines about the settings for the head of the run."""


def add_options(parser: pytest.Parser) -> None:
    """Declare the options. Those that `hub.toml` may set have no default here: see `DEFAULTS`."""
    add = parser.getgroup("conformance", "judging a hub").addoption
    add(
        "--base-url",
        metavar="URL",
        default=None,
        help="the hub to judge, as https://host or http://host:port; default: HUB_BASE_URL, else the embedded hub",
    )
    add(
        "--hub",
        metavar="FILE",
        default=None,
        help="what is known about the hub (default: hub.toml of this folder, where there is one); "
        "`python -m conformance init` writes one",
    )
    add(
        "--token-env",
        metavar="NAME",
        default=None,
        help="environment variable that holds the hub's token (default: HUB_TOKEN)",
    )
    add(
        "--second-token-env",
        metavar="NAME",
        default=None,
        help="environment variable that holds a token of another account: what is the first one's must not be shown "
        "to it",
    )
    add("--family", metavar="NAME", action="append", default=[], help="judge this family only (may be repeated)")
    add(
        "--profile",
        choices=sorted(PROFILES),
        default=None,
        help="core: chat, models and what holds everywhere; text: and all other text; media: images, audio, video, "
        "music; tasks: video and music alone; realtime; full: everything (default)",
    )
    add("--level", choices=list(LEVELS), default=None, help="judge sentences of this level and above (default: may)")
    add(
        "--model",
        metavar="[KIND=]NAME",
        action="append",
        default=[],
        help="model to ask for chat, or for another kind of work: --model embeddings=NAME (may be repeated)",
    )
    add(
        "--claim",
        metavar="FAMILY",
        action="append",
        default=[],
        help="family or operation that the hub claims to offer: refusing it is then a fail (may be repeated)",
    )
    add("--concurrency", metavar="N", type=int, default=None, help="requests in flight at once (default: 4)")
    add("--serial", action="store_true", default=None, help="send one request after the other")
    add(
        "--allow-expensive",
        action="store_true",
        default=None,
        help="ask a deployment for images, audio, video and music too, which costs real money",
    )
    add("--max-requests", metavar="N", type=int, default=None, help="send no more requests than this")
    add(
        "--max-tokens",
        metavar="N",
        type=int,
        default=None,
        help="ask for no more output tokens than this; a request counts with its limit until its answer says less",
    )
    add(
        "--request-timeout",
        metavar="SECONDS",
        type=float,
        default=None,
        help="longest time that one whole exchange may take (default: 60, and more for a hub that is seen to be slow)",
    )
    add(
        "--task-timeout",
        metavar="SECONDS",
        type=float,
        default=None,
        help="longest time that a video, picture or song may take (default: 600)",
    )
    add(
        "--poll-interval",
        metavar="SECONDS",
        type=float,
        default=None,
        help="time between two polls of a task (default: 5; on the embedded hub 0.05)",
    )
    add("--report", metavar="DIR", default="reports", help="folder for result.json and all else (default: reports)")
    add(
        "--lang",
        choices=LANGUAGES,
        default=None,
        help="language of sentences and reports: en (English) or zh (Chinese); default: that of the locale",
    )
    add("--plan", action="store_true", help="say what would be asked and what it would cost, and send nothing")
    add("--fault", metavar="ID", default=None, help="spoil one promise of the embedded hub, to see a judge fail")
    add(
        "--hub-latency",
        metavar="MS[~JITTER]",
        default="",
        help="put the embedded hub so many milliseconds away, to see that no verdict depends on it",
    )


def settle(config: pytest.Config) -> None:
    """Fill in what the command line leaves open, from `hub.toml` and then from the defaults.

    An xdist worker gets the same command line and does the same. `config.option` is complete afterwards; what has no
    option stands in `config.stash[HUB_FILE]`.

    Raises:
        TargetError: the file, or an option, is wrong.
    """
    from conformance.engine.hubfile import FILE_NAME, HubFile, read

    option, folder = config.option, config.invocation_params.dir
    notes: list[str] = []
    environment = os.environ.get("HUB_BASE_URL") or None
    if option.hub is not None:
        file = read(folder / option.hub, option.hub)
        notes.append(f"settings: {option.hub}")
    elif (folder / FILE_NAME).is_file():
        file = read(folder / FILE_NAME, FILE_NAME)
        given = option.base_url or environment
        about = file.hub.base_url
        if given and about and clean_base_url(given) != about:
            # What belongs to one hub, headers with keys above all, is not sent to another by accident.
            notes.append(
                f"settings: {FILE_NAME} of this folder is about {about} and not used; --hub {FILE_NAME} uses it"
            )
            file = HubFile()
        else:
            notes.append(f"settings: {FILE_NAME} of this folder")
            option.hub = FILE_NAME
            option.base_url = given
    else:
        file = HubFile()
    option.hub = str((folder / option.hub).resolve()) if option.hub else None
    _fill(option, file)
    option.base_url = option.base_url or environment
    if not file.tls.verify:
        notes.append("WARNING: certificates are not verified (tls.verify = false): anybody between may read the token")
    config.stash[HUB_FILE] = file
    config.stash[NOTES] = notes
    _check(option)


def _fill(option: Any, file: Any) -> None:
    """Copy what the file says into the options that nobody gave, and the defaults into the rest."""
    told = {
        "base_url": file.hub.base_url,
        "token_env": file.hub.token_env,
        "second_token_env": file.hub.second_token_env,
        "profile": file.run.profile,
        "level": file.run.level,
        "concurrency": file.pace.concurrency,
        "serial": file.pace.serial,
        "allow_expensive": file.budget.allow_expensive,
        "max_requests": file.budget.requests,
        "max_tokens": file.budget.tokens,
        "request_timeout": file.timeouts.request,
        "task_timeout": file.timeouts.task,
        "poll_interval": file.timeouts.poll_interval,
    }
    if option.family:
        told["profile"] = None  # what is judged was said on the command line, whole
    option.fixed_limits = (option.request_timeout or told["request_timeout"]) is not None
    if option.profile is None and not option.family:
        option.family = list(file.run.families)
    option.claim = option.claim or list(file.hub.claims)
    option.model = [*(f"{kind}={name}" for kind, name in file.models.items()), *option.model]
    for name, value in told.items():
        if getattr(option, name, None) is None:
            setattr(option, name, value if value is not None else DEFAULTS.get(name))


def _check(option: Any) -> None:
    for name in ("concurrency", "task_timeout", "request_timeout", "poll_interval"):
        value = getattr(option, name)
        if value is not None and value <= 0:
            raise TargetError(f"--{name.replace('_', '-')} must be greater than 0, not {value}")
    for name in ("max_requests", "max_tokens"):
        value = getattr(option, name)
        if value is not None and value < 0:
            raise TargetError(f"--{name.replace('_', '-')} must not be negative, and is {value}")
    known = {r.family for r in load_catalogue().values()}
    for name in option.family:
        if name not in known:
            raise TargetError(f"--family {name}: there is no such family; known are {', '.join(sorted(known))}")
    from conformance.engine.hubfile import offerable

    names = offerable()
    for name in option.claim:
        if name not in names.known:
            raise TargetError(f"--claim {name}: {names.mistake((), name).words}")
    if option.fault and option.base_url:
        raise TargetError("--fault spoils the embedded hub: use it without --base-url")
    if option.hub_latency and option.base_url:
        raise TargetError("--hub-latency is for the embedded hub: use it without --base-url")


def with_terms(target: Target, config: pytest.Config) -> Target:
    """The target on the terms that were settled; where it is, who we are to it and what it claims is left alone.

    Raises:
        TargetError: a term makes no sense.
    """
    from conformance.engine.hubfile import headers_of

    option, file = config.option, config.stash[HUB_FILE]
    ca_file = str(Path(option.hub).parent / file.tls.ca_file) if file.tls.ca_file else None
    polled = option.poll_interval or (EMBEDDED_POLL_INTERVAL if target.embedded else POLL_INTERVAL)
    return replace(
        target,
        models=target.models or models(option.model),
        not_offered=frozenset() if target.embedded else frozenset(file.hub.not_offered),
        headers=headers_of(file),
        key_schemes=dict(file.key_headers),
        result_hosts=frozenset(file.hub.result_hosts),
        concurrency=1 if option.serial else option.concurrency,
        max_requests=option.max_requests,
        max_tokens=option.max_tokens,
        pause=file.pace.seconds or 0.0,
        allow_expensive=option.allow_expensive,
        task_timeout=option.task_timeout,
        poll_interval=polled,
        limits=limits(option.request_timeout),
        fixed_limits=option.fixed_limits,
        verify_tls=ca_file or file.tls.verify,
    )


def second_token(name: str | None) -> Secret | None:
    """The token of another account; None where no variable is named.

    Raises:
        TargetError: the variable is empty, or its value cannot be sent in a header.
    """
    if name is None:
        return None
    found = token(name)
    if found is None:
        raise TargetError(f"--second-token-env {name}: there is nothing in this environment variable")
    return found


def token(name: str) -> Secret | None:
    """The token in an environment variable; None where there is none.

    Raises:
        TargetError: no header can carry it.
    """
    value = os.environ.get(name, "")
    if not value:
        return None
    if value != value.strip() or not value.isprintable() or not value.isascii():
        raise TargetError(f"the token in {name} cannot be sent in a header: {_TOKEN_ADVICE}")
    return Secret(value)


def models(given: Iterable[str]) -> dict[str, str]:
    """Models by kind of work, from `KIND=NAME` and `NAME`; of several for one kind the last.

    Raises:
        TargetError: a name is missing.
    """
    chosen = {}
    for item in given:
        kind, sign, name = item.partition("=")
        chosen.update({kind: name} if sign else {"chat": item})
    if not all(chosen.values()):
        raise TargetError("--model needs a name: --model gpt-4o-mini, or --model embeddings=text-embedding-3-small")
    return chosen


def limits(whole: float) -> Limits:
    """The bounds of an exchange that may take this many seconds in all."""
    standard = Limits()
    return replace(
        standard,
        whole=whole,
        first_byte=min(standard.first_byte, whole),
        between_bytes=min(standard.between_bytes, whole),
        connect=min(standard.connect, whole),
    )


def report_folder(config: pytest.Config) -> Path:
    """Where the run leaves its report, as an absolute path."""
    return Path(config.invocation_params.dir, config.option.report).resolve()


def is_wanted(case: Case, wanted: frozenset[str], levels: tuple[str, ...]) -> bool:
    """Whether a case's sentence is of a wanted level and family; one that holds everywhere, on wanted operations."""
    catalogue = load_catalogue()
    if not any(catalogue[i].level in levels for i in case.ids):
        return False
    if not wanted:
        return True
    families = {catalogue[i].family for i in case.ids} & wanted
    operations_of = wanted - EVERYWHERE
    about = {family for slot in case.slots.values() for family in (slot.family, slot.probe.family)} - EVERYWHERE
    return bool(families - EVERYWHERE) or (bool(families) and (not operations_of or about <= operations_of))


def wanted_families(option: Any) -> frozenset[str]:
    """The families to judge; empty for all."""
    return frozenset(option.family) | PROFILES[option.profile]
