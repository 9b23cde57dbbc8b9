"""The first `hub.toml` of a hub: what its model list tells, with a comment for everything else that may be said."""

from __future__ import annotations

import json
import tempfile
from collections.abc import Iterable, Iterator, Mapping
from pathlib import Path
from typing import Any

from conformance.engine.contract import load_contract
from conformance.engine.discovery import FAMILY_OF_TYPE, KINDS, choices, endpoint_types, look
from conformance.engine.evidence import Store
from conformance.engine.options import token
from conformance.engine.probe import load_registry
from conformance.engine.probing import Inquiry
from conformance.engine.target import Target, clean_base_url

MANY = 20
"""Models that are named in a comment."""


def written(base_url: str, token_env: str, listed: Iterable[Mapping[str, Any]]) -> str:
    """The text of the file. It holds no token, only the name of the variable with it."""
    return "\n".join(_lines(base_url, token_env, list(listed))) + "\n"


def look_and_write(path: Path, base_url: str, token_env: str) -> int:
    """Ask a hub for its model list and write the file.

    Returns:
        how many models the hub lists.

    Raises:
        TargetError: the address or the token is wrong, or nobody answers there.
        OSError: the file cannot be written.
    """
    target = Target(clean_base_url(base_url), token(token_env))
    registry = load_registry(load_contract())
    with tempfile.TemporaryDirectory() as folder:
        listed = look(Inquiry(target, registry.contract, registry, Store(Path(folder))), token_env)
    draft = path.with_name(f".{path.name}.part")
    draft.write_text(written(target.base_url, token_env, listed), encoding="utf-8")
    draft.replace(path)
    return len(listed)


def _lines(base_url: str, token_env: str, listed: list[Mapping[str, Any]]) -> Iterator[str]:
    yield "# What is known about this hub. Everything here is optional; the command line wins."
    yield "# docs/hub-toml.md explains every line."
    yield ""
    yield "[hub]"
    yield f"base-url = {_text(base_url)}"
    yield f"token-env = {_text(token_env)}   # the token itself never stands in this file"
    yield '# second-token-env = "HUB_SECOND_TOKEN"   # token of another account: may it see what is not its own?'
    offered = sorted({FAMILY_OF_TYPE[t] for entry in listed for t in endpoint_types(entry) if t in FAMILY_OF_TYPE})
    yield "# What the hub claims to offer, families or operations: to refuse it is then a fail."
    yield f"# claims = {_list(offered or ['chat'])}" + ("   # as its model list says" if offered else "")
    yield '# not-offered = ["suno", "midjourney"]   # these are not asked at all'
    yield '# result-hosts = ["cdn.example.com"]   # fetch pictures, films and songs from these other hosts alone'
    yield ""
    yield from _models(listed)
    yield ""
    yield "[budget]   # what lies beyond it is inconclusive"
    yield "# requests = 400"
    yield "# tokens = 20000   # output tokens"
    yield "allow-expensive = false   # true: images, audio, video and music too, which costs real money"
    yield ""
    yield "[pace]"
    yield "# concurrency = 4"
    yield "# serial = true"
    yield "# requests-per-minute = 60"
    yield ""
    yield "[timeouts]   # seconds"
    yield "# request = 60"
    yield "# task = 600"
    yield "# poll-interval = 5"
    yield ""
    yield "[headers]   # every request carries them"
    yield '# X-Region = "eu"'
    yield '# X-Gateway-Key = { env = "GATEWAY_KEY" }   # shown as asterisks'
    yield ""
    yield "[key-headers]   # how the token is sent, by family: bearer, x-api-key, x-goog-api-key or query-key"
    yield '# claude = "x-api-key"'
    yield ""
    yield "[tls]"
    yield '# ca-file = "our-ca.pem"'
    yield "# verify = false   # takes any certificate"
    yield ""
    yield "[run]"
    yield '# profile = "core"   # core, text, media, tasks, realtime or full'
    yield '# level = "must"'


def _models(listed: list[Mapping[str, Any]]) -> Iterator[str]:
    names = [name for entry in listed if isinstance(name := entry.get("id"), str) and name.isprintable()]
    yield "[models]   # by kind of work"
    if names:
        more = f" and {len(names) - MANY} more" if len(names) > MANY else ""
        yield f"# The hub lists {len(names)}: {', '.join(names[:MANY])}{more}"
    else:
        yield "# The hub lists no models."
    chosen = {choice.kind: choice for choice in choices(listed)}
    for kind in (kind.name for kind in KINDS):
        if kind in chosen:
            yield f"{kind} = {_text(chosen[kind].model)}   # chosen {chosen[kind].why}"
        elif kind == "chat":
            yield '# chat = "gpt-4o-mini"'
    lacking = [kind.name for kind in KINDS if kind.name not in chosen and kind.name != "chat"]
    if lacking:
        yield f"# no listed model fits: {', '.join(lacking)}"


def _text(value: str) -> str:
    """A TOML basic string: JSON's escapes are all among TOML's."""
    return json.dumps(value, ensure_ascii=False).replace("\x7f", "\\u007f")


def _list(values: Iterable[str]) -> str:
    return f"[{', '.join(_text(value) for value in values)}]"
