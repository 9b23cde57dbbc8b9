"""What the answers of several families have alike: their time, model, counts, and the parts that their schema tells."""

from __future__ import annotations

import math
import re
from collections.abc import Iterable, Iterator, Sequence
from email.utils import parsedate_to_datetime
from typing import Any, TypeGuard

from conformance.engine.contract import Violation, load_contract
from conformance.engine.judge import Words, expect, not_testable, parsed
from conformance.engine.kit.reading import all_served, asked
from conformance.wire.exchange import Exchange

CLOCK_TOLERANCE = 300.0
"""Seconds that a time stamp may be off the clock."""
Places = Sequence[tuple[str, str]]
"""Names of the parts of an answer, each with a pattern of the JSON pointers in it; the first that matches counts."""


def expect_served(exchange: Exchange) -> None:
    """Break when the hub does not answer this request, although it answers the plain one of the operation."""
    said = Words(f"HTTP {exchange.status}: {exchange.text[:200]}")
    expect(exchange.ok, "an answer, as to the plain request", said, "", exchange)


def streamed(exchange: Exchange) -> bool:
    """Whether a stream was asked for in the body."""
    return asked(exchange).get("stream") is True


def stream_in(evidence: Sequence[Exchange]) -> Exchange:
    """The reply of a probe that was asked for as a stream: the first that was served, if one was.

    Raises:
        NotTestable: none was asked for.
    """
    found = [exchange for exchange in evidence if streamed(exchange)]
    return next((one for one in (*(e for e in found if e.ok), *found)), None) or not_testable("no stream was asked for")


def whole_answers(evidence: Sequence[Exchange]) -> list[Exchange]:
    """Those replies of a probe that were asked for as a whole, and served; raises like `served` when none was."""
    return all_served([exchange for exchange in evidence if not streamed(exchange)] or evidence)


def misshapen(schema: str, value: Any, places: Places, names: Iterable[str]) -> Iterator[Violation]:
    """What breaks a schema of the contract in the named parts of a value."""
    wanted = set(names)
    return (one for one in load_contract().violations(schema, value) if part_of(one, places) in wanted)


def expect_fit(schema: str, exchange: Exchange, places: Places, names: Iterable[str]) -> None:
    """Break when something in the named parts of a JSON answer is not what a schema of the contract says."""
    for one in misshapen(schema, parsed(exchange), places, names):
        expect(False, "what the contract's schema says", Words(one.message), one.pointer, exchange)


def part_of(violation: Violation, places: Places) -> str:
    """The name of the part that a violation is in; a missing member counts to the part that it belongs to."""
    missing = violation.message.removesuffix(" is missing")
    place = violation.pointer + (f"/{missing}" if missing != violation.message else "")
    return next((name for name, pattern in places if re.fullmatch(pattern, place)), "")


def expect_now(created: Any, exchange: Exchange, at: str = "/created") -> None:
    """Break unless a time stamp is the present time in whole Unix seconds; one that is no number is passed over."""
    if not is_count(created) and not (isinstance(created, float) and created.is_integer()):
        return
    expect(not isinstance(created, float), "a whole number without a decimal point", created, at, exchange)
    close = is_finite(created) and any(abs(created - clock) <= CLOCK_TOLERANCE for clock in _clocks(exchange))
    now = f"Unix seconds within {CLOCK_TOLERANCE:.0f} s of {exchange.started:.0f}"
    expect(close, now, created, at, exchange)


def _clocks(exchange: Exchange) -> Iterator[float]:
    """Our clock, and the hub's, so that a wrong clock on our side accuses nobody."""
    yield exchange.started
    try:
        yield parsedate_to_datetime(exchange.header("date") or "").timestamp()
    except (ValueError, OverflowError):
        return


def expect_model(exchange: Exchange, named: str | None, at: str = "/model") -> None:
    """Break when a reply names another model than the request; a reply that names none is passed over."""
    wanted = str(asked(exchange).get("model") or "")
    if named and wanted:
        expect(same_model(wanted, named), f"{wanted} or a variant of it", named, at, exchange)


def same_model(wanted: str, named: str) -> bool:
    """Whether one name is the beginning of the other, vendor prefix and a closing `latest` aside."""
    one, other = (name.lower().rpartition("/")[2].removesuffix("latest").rstrip("-:@") for name in (wanted, named))
    return one.startswith(other) or other.startswith(one)


def expect_counts(value: Any, exchange: Exchange, at: str = "/usage") -> None:
    """Break when total_tokens of a usage object is not the sum of its prompt and completion tokens.

    A usage object without completion_tokens counts as one of a service that generates nothing.
    """
    if not isinstance(value, dict):
        not_testable("there is no usage object, which another sentence judges")
    prompt, completion, total = (value.get(name) for name in ("prompt_tokens", "completion_tokens", "total_tokens"))
    completion = 0 if completion is None else completion
    if not (is_count(prompt) and is_count(completion) and is_count(total)):
        not_testable("the usage object is not complete, which another sentence judges")
    wanted = prompt + completion
    expect(total == wanted, f"{prompt} + {completion} = {wanted}", total, f"{at}/total_tokens", exchange)


def is_count(value: Any) -> TypeGuard[int]:
    """Whether a JSON value is a whole number."""
    return isinstance(value, int) and not isinstance(value, bool)


def is_finite(value: Any) -> TypeGuard[float]:
    """Whether a JSON value is a number that can be calculated with."""
    if isinstance(value, int) and not isinstance(value, bool):
        return value.bit_length() < 1024
    return isinstance(value, float) and math.isfinite(value)
