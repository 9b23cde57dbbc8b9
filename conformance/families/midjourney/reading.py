"""Reads conversations about Midjourney tasks: which were taken in, and what was told of each."""

from __future__ import annotations

import re
from collections.abc import Iterator, Sequence
from typing import Any
from urllib.parse import unquote, urlsplit

from conformance.engine.judge import NotOffered, inconclusive, not_testable
from conformance.engine.kit.courses import Course, Format, Stage, need_channel
from conformance.engine.kit.reading import asked, served
from conformance.engine.kit.replies import is_count
from conformance.families.midjourney.views import Submitted, Task
from conformance.wire.exchange import Exchange

Evidence = tuple[Exchange, ...]
IMAGINE, CHANGE, DESCRIBE, BLEND = "mj-imagine", "mj-change", "mj-describe", "mj-blend"
FETCH, LIST, IMAGE = "mj-task-fetch", "mj-task-list-by-condition", "mj-image"
SUBMITS = (IMAGINE, CHANGE, DESCRIBE, BLEND)
FAST = "/mj-fast"
"""What the paths of one of the speeds begin with."""
ACCEPTED = (1, 21, 22)
"""Codes of a submission: accepted, exists already, queued."""
FULL = (3, 5, 23, 30)
"""Codes of a moment: no account, no upstream, queue full, too fast."""
WORDS = ("", "NOT_START", "SUBMITTED", "MODAL", "IN_PROGRESS", "SUCCESS", "FAILURE")
WAITING = ("", "NOT_START", "SUBMITTED")
MIDJOURNEY = Format(
    ranks={"": 0, "NOT_START": 1, "SUBMITTED": 2, "IN_PROGRESS": 3, "SUCCESS": 4, "FAILURE": 4},
    submitted="submitTime",
    started="startTime",
    ended="finishTime",
    waiting=frozenset({"MODAL"}),
    unit=1000,
)
KEPT = ("action", "prompt", "submitTime", "startTime", "finishTime", "imageUrl", "progress", "failReason")
"""What a finished task goes on telling in the same way. Buttons may change: they show what was pressed."""
LONGEST_ID = 256


def code_of(exchange: Exchange) -> int | None:
    """The code of an answer to a submission, also when it came as text; None when there is none."""
    value = exchange.json if exchange.is_json else None
    code = value.get("code") if isinstance(value, dict) else None
    if isinstance(code, str) and re.fullmatch(r"[0-9]{1,4}", code):
        return int(code)
    return code if is_count(code) and abs(code) < 10_000 else None


def id_in(exchange: Exchange) -> str | None:
    """The id of the task that a submission was taken in as; None when it was refused, or when the id is unusable.

    Ids that came as numbers are read as well, and so is an answer without any code.
    """
    value = exchange.json if exchange.ok and exchange.is_json else None
    if not isinstance(value, dict) or code_of(exchange) not in (None, *ACCEPTED):
        return None
    result = Submitted.read(value).result
    named = str(result) if is_count(result) and 0 < result < 10**LONGEST_ID else result
    usable = isinstance(named, str) and named.strip() == named and 0 < len(named) <= LONGEST_ID
    return named if usable and named.isprintable() and "/" not in named else None


def accepted(exchange: Exchange) -> bool:
    """Whether a submission was taken in."""
    return exchange.ok and (code_of(exchange) in ACCEPTED or id_in(exchange) is not None)


def declined(exchange: Exchange) -> bool:
    """Whether a submission was refused in the format's own way: with a code, whatever the status."""
    return exchange.ok and code_of(exchange) is not None and not accepted(exchange)


def expect_taken(exchange: Exchange) -> None:
    """Say why there is nothing to judge when a submission was not taken in.

    Raises:
        NotOffered, Inconclusive, NotTestable: it was not.
    """
    need_channel(exchange)
    served(exchange)
    if declined(exchange):
        if code_of(exchange) in FULL:
            inconclusive(f"the hub has no room for the task: code {code_of(exchange)}")
        raise NotOffered(f"the hub refuses this request with code {code_of(exchange)}")


def submits(evidence: Sequence[Exchange]) -> list[Exchange]:
    """The submissions that were taken in; raises when there are none."""
    found = [exchange for exchange in evidence if exchange.request.operation in SUBMITS and accepted(exchange)]
    if not found:
        expect_taken(evidence[0])
        not_testable("nothing was taken in")
    return found


def is_prefixed(exchange: Exchange) -> bool:
    """Whether a request went to a path that begins with a speed."""
    return f"{FAST}/mj/" in urlsplit(exchange.request.url).path


def task_in(exchange: Exchange) -> dict[str, Any] | None:
    """The task that an answer to a fetch tells; None when it tells none."""
    value = exchange.json if exchange.ok and exchange.is_json else None
    return value if isinstance(value, dict) and ("status" in value or "id" in value) else None


def stage_of(exchange: Exchange) -> Stage | None:
    """The answer to a fetch as a stage of its task; None when it tells none."""
    task = task_in(exchange)
    return None if task is None else Stage(exchange, task)


def fetched_id(exchange: Exchange) -> str:
    """The id that a fetch or a request for a picture asks for."""
    parts = unquote(urlsplit(exchange.request.url).path).split("/")
    return parts[-2] if exchange.request.operation == FETCH else parts[-1]


class Work(Course):
    """A task on the usual path."""

    @property
    def shows(self) -> bool:
        """Whether it has to end in a picture."""
        return self.submit.request.operation != DESCRIBE

    @property
    def state(self) -> Any:
        """The text that was sent along."""
        return asked(self.submit).get("state")


def works(evidence: Sequence[Exchange]) -> list[Work]:
    """The tasks of a conversation that were asked about; raises when there are none."""
    found = list(_works(evidence))
    if not found:
        submits(evidence)
        not_testable("no task was asked about: its id cannot be used, which another sentence judges")
    return found


def _works(evidence: Sequence[Exchange]) -> Iterator[Work]:
    seen: set[str] = set()
    for submit in submits(evidence):
        id = id_in(submit)
        if id is None or id in seen:
            continue
        seen.add(id)
        fetches = (e for e in evidence if e.request.operation == FETCH and not is_prefixed(e))
        polls = tuple(exchange for exchange in fetches if fetched_id(exchange) == id)
        if polls:
            told = tuple(stage for poll in polls if (stage := stage_of(poll)))
            yield Work(MIDJOURNEY, submit, id, polls, told)


def finished(evidence: Sequence[Exchange]) -> list[Work]:
    """The tasks that ended with success; raises when there are none."""
    found = []
    for work in works(evidence):
        stages = (stage for poll in work.polls if (stage := stage_of(poll)))
        if any(MIDJOURNEY.word(stage.task) == MIDJOURNEY.done for stage in stages):
            found.append(work)
    return found or not_testable("no task ended with success")


def link_of(stage: Stage) -> str:
    """The link to the picture, empty when there is none."""
    return Task.read(dict(stage.task)).imageUrl or ""


def followed(evidence: Sequence[Exchange]) -> list[Exchange]:
    """What the links of finished tasks led to."""
    return [exchange for exchange in evidence if exchange.request.operation is None]


def images(evidence: Sequence[Exchange], id: str) -> list[Exchange]:
    """What was answered to requests for the picture of a task, in order."""
    return [e for e in evidence if e.request.operation == IMAGE and fetched_id(e) == id]


def end_of(evidence: Sequence[Exchange]) -> int:
    """The place of the first answer that tells of an end; 0 when there is none."""
    places = (place for place, exchange in enumerate(evidence) if MIDJOURNEY.over(task_in(exchange) or {}))
    return next(places, 0)


def is_unrouted(exchange: Exchange) -> bool:
    """Whether a path is answered as if nothing were there: a 404 counts unless it has words of this format."""
    value = exchange.json if exchange.is_json else None
    ours = isinstance(value, dict) and ("description" in value or isinstance(value.get("error"), str))
    absent = exchange.status in (405, 501) or exchange.media_type == "text/html"
    return absent or (exchange.status == 404 and not ours)


def listed(exchange: Exchange) -> list[Stage] | None:
    """The tasks of a list; one in an envelope is read too. None when there is no list."""
    value, at = (exchange.json if exchange.ok and exchange.is_json else None), ""
    if isinstance(value, dict):
        at = next((f"/{name}" for name in ("result", "data", "list") if isinstance(value.get(name), list)), "")
        value = value[at[1:]] if at else None
    if not isinstance(value, list):
        return None
    return [Stage(exchange, task, f"{at}/{place}") for place, task in enumerate(value) if isinstance(task, dict)]
