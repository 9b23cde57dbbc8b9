"""Reads answers with pictures, whichever way the pictures come."""

from __future__ import annotations

import re
from collections.abc import Iterator, Sequence
from dataclasses import dataclass
from typing import Any

from conformance.engine.judge import not_testable, nothing_here
from conformance.engine.kit.forms import form_fields
from conformance.engine.kit.links import came
from conformance.engine.kit.media import Picture, Undecodable, from_base64, picture_of
from conformance.engine.kit.reading import all_served, asked
from conformance.families.images.views import Answer, Entry
from conformance.wire.exchange import Exchange

PLACES = (
    ("usage", r"/usage\b.*"),
    ("entry", r"/data/\d+(/(url|b64_json))?"),
    ("head", r"(/(created|data))?"),
    ("other", r".*"),
)
"""Parts of an answer, each with the places (JSON pointers) in it; the first that matches counts."""
Evidence = tuple[Exchange, ...]


def answers(evidence: Sequence[Exchange]) -> list[Exchange]:
    """The served answers of the picture routes, without what their links lead to; raises when there are none."""
    return all_served([exchange for exchange in evidence if exchange.request.operation])


def followed(evidence: Sequence[Exchange]) -> list[Exchange]:
    """What the links of an answer led to."""
    return [exchange for exchange in evidence if not exchange.request.operation]


def wish(exchange: Exchange) -> dict[str, Any]:
    """What was asked for, be it in JSON or in a form; of the Qwen format its parameters are taken in."""
    body = asked(exchange) or {name: values[-1] for name, values in form_fields(exchange.request).items()}
    parameters = body.get("parameters")
    return {**body, **parameters} if isinstance(parameters, dict) else body


def wanted_count(exchange: Exchange) -> int:
    """How many pictures were asked for."""
    return int(wish(exchange).get("n", 1))


def wanted_size(exchange: Exchange) -> tuple[int, int] | None:
    """The width and height that were asked for in pixels; None when none were."""
    found = re.fullmatch(r"(\d+)[x*](\d+)", str(wish(exchange).get("size", "")))
    return (int(found[1]), int(found[2])) if found else None


def entries(exchange: Exchange) -> list[Entry]:
    """The entries of an answer as far as they can be read; empty for anything else."""
    if not exchange.ok or not exchange.is_json or not isinstance(exchange.json, dict):
        return []
    return Answer.read(exchange.json).data


@dataclass(frozen=True)
class Made:
    """The bytes of one picture: `at` is the place in the answer, empty for what a link led to."""

    answer: Exchange
    source: Exchange
    data: bytes
    at: str = ""


def made(evidence: Sequence[Exchange]) -> list[Made]:
    """The pictures that came as base64, and those that links led to.

    Raises:
        NotTestable: there are none.
    """
    found = [*_sent(evidence), *_fetched(evidence)]
    return found or nothing_here("no picture came here, or it cannot be had")


def _sent(evidence: Sequence[Exchange]) -> Iterator[Made]:
    for answer in answers(evidence):
        for place, entry in enumerate(entries(answer)):
            try:
                data = from_base64(entry.b64_json or "")
            except Undecodable:
                continue
            if data:
                yield Made(answer, answer, data, f"/data/{place}/b64_json")


def _fetched(evidence: Sequence[Exchange]) -> Iterator[Made]:
    for exchange in followed(evidence):
        if came(exchange):
            yield Made(answers(evidence)[0], exchange, exchange.decoded_body)


def pictures(evidence: Sequence[Exchange]) -> list[tuple[Made, Picture]]:
    """The same, unpacked.

    Raises:
        NotTestable: none of them is a picture, which another sentence judges.
    """
    found = []
    for one in made(evidence):
        try:
            found.append((one, picture_of(one.data)))
        except Undecodable:
            continue
    return found or not_testable("no picture can be read, which another sentence judges")
