"""Reads what hubs tell of a video task: in the documented shape of each format, and in others that are known.

Documents and hubs disagree about several answers. An answer in a known other shape breaks the one sentence about the
shape; here it is read all the same, so that everything else about the task can be judged.
"""

from __future__ import annotations

import re
from collections.abc import Iterator, Mapping, Sequence
from dataclasses import dataclass, field
from enum import IntEnum
from typing import Any
from urllib.parse import parse_qs, unquote, urlsplit

from conformance.engine.judge import not_testable, parsed
from conformance.engine.kit.reading import served
from conformance.engine.kit.replies import is_finite
from conformance.families.videos.views import Task
from conformance.wire.exchange import Exchange, remembered

Evidence = tuple[Exchange, ...]
CONTENT, REMIX = "videos-content", "videos-remix"
LOOK_UP = "CVSync2AsyncGetResult"
JIMENG_WELL = 10000
LONGEST_ID = 1024
"""Characters of an id that is asked for again."""


class Phase(IntEnum):
    """Where a task is, in the only order in which it may move; both ends are equally far."""

    QUEUED = 1
    RUNNING = 2
    DONE = 3
    FAILED = 4

    @property
    def over(self) -> bool:
        return self >= Phase.DONE


@dataclass(frozen=True, eq=False)
class Format:
    """One way of asking for videos. `words` are the documented ones, `pointer` is where the documents put a link."""

    name: str
    submit: str
    poll: str
    submit_schema: str
    poll_schema: str
    words: Mapping[str, Phase] = field(default_factory=dict)
    pointer: str = "/url"


WORDS = {"queued": Phase.QUEUED, "in_progress": Phase.RUNNING, "completed": Phase.DONE, "failed": Phase.FAILED}
JIMENG_WORDS = {
    "in_queue": Phase.QUEUED,
    "generating": Phase.RUNNING,
    "done": Phase.DONE,
    "not_found": Phase.FAILED,
    "expired": Phase.FAILED,
}
STORED_WORDS = {
    "NOT_START": Phase.QUEUED,
    "SUBMITTED": Phase.QUEUED,
    "QUEUED": Phase.QUEUED,
    "IN_PROGRESS": Phase.RUNNING,
    "SUCCESS": Phase.DONE,
    "FAILURE": Phase.FAILED,
    "UNKNOWN": None,
}
"""Those of a task as some hubs store it."""
NATIVE_WORDS = {
    "submitted": Phase.QUEUED,
    "processing": Phase.RUNNING,
    "succeed": Phase.DONE,
    "failed": Phase.FAILED,
}
"""Kling's own."""
GEMINI_WORDS = {
    "queued": Phase.QUEUED,
    "processing": Phase.RUNNING,
    "succeeded": Phase.DONE,
    "failed": Phase.FAILED,
}
"""Those of Gemini's videos behind some hubs."""
ALIEN_WORDS: Mapping[str, Phase | None] = {
    **WORDS,
    **JIMENG_WORDS,
    **{word.lower(): phase for word, phase in STORED_WORDS.items()},
    **NATIVE_WORDS,
    **GEMINI_WORDS,
    "": Phase.QUEUED,
    "pending": Phase.QUEUED,
    "created": Phase.QUEUED,
    "accepted": Phase.QUEUED,
    "starting": Phase.QUEUED,
    "running": Phase.RUNNING,
    "preparing": Phase.RUNNING,
    "finished": Phase.DONE,
    "complete": Phase.DONE,
    "error": Phase.FAILED,
    "cancelled": Phase.FAILED,
    "canceled": Phase.FAILED,
    "rejected": Phase.FAILED,
}
"""Words of other interfaces in lower case: not legal here, and yet understood."""
SORA = Format("Sora", "videos-create", "videos-retrieve", "OpenAIVideo", "OpenAIVideo", WORDS, "")
KLING = Format(
    "Kling",
    "kling-text2video-create",
    "kling-text2video-retrieve",
    "VideoResponse",
    "VideoTaskResponse",
    WORDS,
)
KLING_IMAGE = Format(
    "Kling", "kling-image2video-create", "kling-image2video-retrieve", "VideoResponse", "VideoTaskResponse", WORDS
)
JIMENG = Format(
    "Jimeng", "jimeng-video", "jimeng-video", "JimengResponse", "JimengResponse", JIMENG_WORDS, "/data/video_url"
)
GENERIC = Format(
    "generic",
    "video-generations-create",
    "video-generations-retrieve",
    "VideoResponse",
    "VideoTaskResponse",
    WORDS,
)
FORMATS = (SORA, KLING, KLING_IMAGE, JIMENG, GENERIC)
_BY_OPERATION = {operation: one for one in FORMATS for operation in (one.submit, one.poll)} | {REMIX: SORA}


def format_of(exchange: Exchange) -> Format | None:
    """The format of a request for a task; None for requests for films, and for those that are about no operation."""
    return _BY_OPERATION.get(exchange.request.operation or "")


def is_poll(exchange: Exchange) -> bool:
    """Whether a request looks a task up."""
    found = format_of(exchange)
    if found is JIMENG:
        return parse_qs(urlsplit(exchange.request.url).query).get("Action") == [LOOK_UP]
    return found is not None and exchange.request.operation == found.poll


@dataclass(frozen=True)
class Told:
    """What one answer tells of a task.

    `at` is the JSON pointer of the object that does so: "/data" in the known other shape of an envelope around it.
    `word` is the status as it came, `code` that of an envelope; None for what is not told.
    """

    exchange: Exchange
    format: Format
    value: dict[str, Any]
    at: str
    task: Task

    @property
    def wrapped(self) -> bool:
        """Whether it has one of the known shapes that are not the documented one."""
        if self.format is JIMENG:
            return not self.at or self.value.get("code") == "success"
        return bool(self.at) or (self.format is not SORA and not is_poll(self.exchange) and self.task.object == "video")

    @property
    def id(self) -> str | None:
        """The task's id; in the Sora shape `id`, elsewhere `task_id`, and each of them stands in for the other."""
        task = self.task
        return (task.id or task.task_id) if self.format is SORA else (task.task_id or task.id)

    @property
    def word(self) -> Any:
        return self.task.status if self.task.status is not None else self.task.task_status

    @property
    def word_at(self) -> str:
        return f"{self.at}/{'status' if self.task.status is not None else 'task_status'}"

    @property
    def code(self) -> Any:
        return self.value.get("code")

    @property
    def phase(self) -> Phase | None:
        """Where the task is; None when nothing that is known says so."""
        if self.format is JIMENG and self._jimeng_failed:
            return Phase.FAILED
        return self.format.words.get(self.word, ALIEN_WORDS.get(self.word.lower())) if self._has_word else None

    @property
    def _has_word(self) -> bool:
        return isinstance(self.word, str)

    @property
    def _jimeng_failed(self) -> bool:
        code = self.code
        return isinstance(code, int) and not isinstance(code, bool) and code != JIMENG_WELL and not self._has_word

    @property
    def reason(self) -> str:
        """Why it failed, for people; empty when nothing says so."""
        task, error = self.task, self.task.error
        texts = [error.get("message") if isinstance(error, dict) else error, task.fail_reason, task.task_status_msg]
        if self.format is JIMENG:
            texts.append(self.value.get("message"))
        return next((text.strip() for text in texts if isinstance(text, str) and text.strip()), "")

    @property
    def reason_code(self) -> Any:
        """The same for programs; None when there is none."""
        error = self.task.error
        if self.format is JIMENG and not self.wrapped:
            return None if self.code == JIMENG_WELL else self.code
        return error.get("code") if isinstance(error, dict) else None

    @property
    def progress(self) -> float | None:
        """Percent, told as a number or as `30%`; None for anything else."""
        raw = self.task.progress
        if isinstance(raw, str):
            found = re.fullmatch(r"([0-9]{1,3}(?:\.[0-9]{1,4})?)\s?%", raw)
            return float(found[1]) if found else None
        return float(raw) if is_finite(raw) else None

    @property
    def links(self) -> list[tuple[str, str]]:
        """Where films are said to be, with the place of each link in the answer."""
        task = self.task
        places: list[tuple[str, str | None]] = [
            ("/url", task.url),
            ("/video_url", task.video_url),
            ("/result_url", task.result_url),
            ("/video/url", task.video.url if task.video else None),
            ("/metadata/url", task.metadata.url if task.metadata else None),
        ]
        for at, result in (("", task.task_result), ("/data", task.data.task_result if task.data else None)):
            videos = result.videos if result else []
            places += [(f"{at}/task_result/videos/{place}/url", one.url) for place, one in enumerate(videos)]
        if self.phase is Phase.DONE and (task.fail_reason or "").startswith("http"):
            places.append(("/fail_reason", task.fail_reason))
        return [(f"{self.at}{at}", link) for at, link in places if link]


@remembered
def told(exchange: Exchange) -> Told:
    """Read an answer about a task.

    Raises:
        NotTestable: it is no JSON object, or about something else.
    """
    format, value = format_of(exchange), parsed(exchange)
    if format is None or not isinstance(value, dict):
        not_testable("a JSON object about a task is needed to judge this, which another sentence judges")
    inner, at = value, ""
    if isinstance(value.get("data"), dict) and not {"id", "task_id", "status"} & set(value):
        inner, at = value["data"], "/data"
    elif format is JIMENG and value.get("data") is None and "code" in value:
        inner, at = {}, "/data"
    return Told(exchange, format, value, at, Task.read(inner))


def is_over(exchange: Exchange) -> bool:
    """Whether a poll says that the task has ended; for probes, so that it never raises."""
    told_of = readable(exchange)
    return told_of is not None and told_of.phase is not None and told_of.phase.over


def readable(exchange: Exchange) -> Told | None:
    """What an answer tells, None when it was refused or cannot be read."""
    if not exchange.ok or not exchange.is_json or not isinstance(exchange.json, dict) or not format_of(exchange):
        return None
    return told(exchange)


def id_in(exchange: Exchange) -> str | None:
    """The id of the task that a submission was answered with, when it can be asked for."""
    found = readable(exchange)
    usable = found is not None and found.id and len(found.id) <= LONGEST_ID
    return found.id if found is not None and usable else None


@dataclass(frozen=True)
class Journey:
    """One task from its submission on. `polls` end with the first one that says it is over; `later` follow that."""

    submit: Exchange
    format: Format
    asked: tuple[Exchange, ...]
    polls: tuple[Told, ...]
    later: tuple[Told, ...]
    downloads: tuple[Exchange, ...]

    @property
    def submitted(self) -> Told:
        """What the answer to the submission tells; raises `NotTestable` when it cannot be read."""
        return told(self.submit)

    @property
    def all(self) -> tuple[Told, ...]:
        """Everything that was told, in order."""
        first = readable(self.submit)
        return (*((first,) if first else ()), *self.polls, *self.later)

    @property
    def end(self) -> Told | None:
        """What the first answer after the end tells; None when there was none."""
        last = self.polls[-1] if self.polls else None
        return last if last is not None and last.phase is not None and last.phase.over else None


def journey(evidence: Sequence[Exchange]) -> Journey:
    """The task that the first exchange submits.

    Raises:
        NotOffered, Inconclusive, NotTestable: it was not taken in.
    """
    submit = served(evidence[0])
    format = format_of(submit)
    if format is None:
        not_testable("nothing was submitted here")
    asked = tuple(exchange for exchange in evidence[1:] if is_poll(exchange) and _is_about(exchange, submit))
    read = [found for exchange in asked if (found := readable(exchange))]
    ends = [place for place, found in enumerate(read) if found.phase is not None and found.phase.over]
    cut = ends[0] + 1 if ends else len(read)
    downloads = tuple(e for e in evidence[1:] if e.request.operation in (CONTENT, None))
    return Journey(submit, format, asked, tuple(read[:cut]), tuple(read[cut:]), downloads)


def _is_about(poll: Exchange, submit: Exchange) -> bool:
    """Whether a poll asks for the task of this submission: probes with several tasks ask for the others later."""
    return submission_of(poll) == id_in(submit)


def submission_of(poll: Exchange) -> str | None:
    """The id that a poll asks for."""
    if format_of(poll) is JIMENG:
        value = poll.request.json
        return value.get("task_id") if isinstance(value, dict) else None
    return unquote(urlsplit(poll.request.url).path.rpartition("/")[2])


def ended(evidence: Sequence[Exchange]) -> Told:
    """How the task ended.

    Raises:
        NotTestable: it did not, which another sentence judges.
    """
    return journey(evidence).end or not_testable("the task did not end, which another sentence judges")


def completed(evidence: Sequence[Exchange]) -> Told:
    """The same for a task that ended well.

    Raises:
        NotTestable: it did not.
    """
    end = ended(evidence)
    return end if end.phase is Phase.DONE else not_testable("the task failed, which another sentence judges")


def times(one: Told) -> Iterator[tuple[str, float]]:
    """The times that an answer tells, in the order in which they have to be; 0 stands for none in stored tasks."""
    task = one.task
    names = ("submit_time", "start_time", "finish_time") if task.submit_time is not None else ("created_at",)
    for name in (*names, "completed_at", "expires_at"):
        value = getattr(task, name)
        if is_finite(value) and value > 0:
            yield name, float(value)
