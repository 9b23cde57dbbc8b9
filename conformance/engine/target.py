"""The hub under test: where it is, who we are to it, and what is asked of it."""

from __future__ import annotations

from collections.abc import Mapping
from dataclasses import dataclass, field
from urllib.parse import urlsplit

from conformance.wire.limits import Limits
from conformance.wire.redact import Secret

EVERYTHING = "*"
DEFAULT_MODELS: Mapping[str, str] = {"chat": "gpt-4o-mini"}
"""Asked for when the hub has no model list and the user named none."""


class TargetError(Exception):
    """The target cannot be judged as it was given; the text is one line that says what to do."""


@dataclass(frozen=True)
class Header:
    """A header that every request carries; evidence shows its value only where `shown`."""

    name: str
    value: Secret
    shown: bool = True


@dataclass(frozen=True)
class Target:
    """One deployment and the terms on which it is judged.

    `base_url` has no trailing slash and no `/v1`. `models` maps a kind of work ("chat") to a model's name. `claims` are
    families or operation ids that the hub says it offers; there a refusal is a fail instead of "not-offered".
    """

    base_url: str
    token: Secret | None = None
    second_token: Secret | None = None
    """A token of another account, to which nothing of the first one's may be shown."""
    embedded: bool = False
    models: Mapping[str, str] = field(default_factory=dict)
    claims: frozenset[str] = frozenset()
    not_offered: frozenset[str] = frozenset()
    """Families or operation ids that its owner says it lacks: they are not asked."""
    headers: tuple[Header, ...] = ()
    key_schemes: Mapping[str, str] = field(default_factory=dict)
    """How the token is sent, by family, where that is not the contract's first way."""
    result_hosts: frozenset[str] = frozenset()
    """Other hosts from which results may be fetched, in lower case; `*.` before a name stands for all below it."""
    concurrency: int = 4
    max_requests: int | None = None
    max_tokens: int | None = None
    """Most output tokens of a run."""
    pause: float = 0.0
    """Seconds between the starts of two requests."""
    limits: Limits = field(default_factory=Limits)
    fixed_limits: bool = False
    """Whether the time limits stay as they are; else they grow with the time that the hub is seen to take."""
    verify_tls: bool | str = True
    """False takes any certificate; a text is the path of a PEM file of authorities."""
    task_timeout: float = 600.0
    """Seconds that a task may take from its first poll to its end."""
    poll_interval: float = 5.0
    """Seconds between two polls of a task."""
    allow_expensive: bool = False
    """Whether images, audio, video and music may be asked for; the embedded hub gives them for nothing."""
    one_by_one: bool = False
    """Whether what was asked together, and served, is asked alone as well; faults are tried on such evidence."""

    def model(self, kind: str) -> str:
        """The model to ask for this kind of work, or the commonest one where none was named or found."""
        return self.models.get(kind) or self.models.get("chat") or DEFAULT_MODELS["chat"]

    def may_ask(self, cost: str) -> bool:
        """Whether work of this cost class (free, cheap, expensive) may be asked of the hub."""
        return cost != "expensive" or self.embedded or self.allow_expensive

    @property
    def secrets(self) -> list[str]:
        """What must be found nowhere in what a run writes."""
        tokens = [token.reveal() for token in (self.token, self.second_token) if token]
        return tokens + [header.value.reveal() for header in self.headers if not header.shown]

    def lacks_operation(self, operation: str, family: str) -> bool:
        """Whether its owner says that it does not offer this operation."""
        return bool(self.not_offered & {operation, family})

    def claims_operation(self, operation: str, family: str) -> bool:
        """Whether the hub says that it offers this operation."""
        return bool(self.claims & {EVERYTHING, operation, family})


def clean_base_url(given: str) -> str:
    """Check a base URL and bring it into one form: scheme and host, maybe a path, no trailing slash, no `/v1`.

    Raises:
        TargetError: it is no http(s) URL, or it carries a query, a fragment, or a password.
    """
    parts = urlsplit(given.strip())
    try:
        port_is_fine = parts.port is None or 0 < parts.port < 65536
    except ValueError:
        port_is_fine = False
    if parts.scheme not in ("http", "https") or not parts.hostname or not port_is_fine:
        raise TargetError(f"--base-url {given!r} is not a URL: give it as https://host or http://host:port")
    if parts.username or parts.password:
        raise TargetError("--base-url carries a user or password: leave them out and put the token into HUB_TOKEN")
    if parts.query or parts.fragment:
        raise TargetError("--base-url carries a query or fragment: give the address that comes before /v1/…")
    path = parts.path.rstrip("/").removesuffix("/v1").rstrip("/")
    return f"{parts.scheme}://{parts.netloc}{path}"
