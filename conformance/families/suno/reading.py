"""Reads conversations about Suno tasks: what was taken in, what was told of it, and the songs.

Everything stands in an envelope of code, message and data. An answer without it, or with an object in the place of a
task's id, breaks the one sentence about the envelope; here it is read all the same.
"""

from __future__ import annotations

from collections.abc import Sequence
from typing import Any
from urllib.parse import unquote, urlsplit

from conformance.engine.judge import NotOffered, not_testable, nothing_here
from conformance.engine.kit.courses import Course, Format, Stage, need_channel
from conformance.engine.kit.reading import served
from conformance.families.suno.views import Music, Song
from conformance.wire.exchange import Exchange

Evidence = tuple[Exchange, ...]
SUBMIT, FETCH, BATCH = "suno-submit", "suno-fetch", "suno-fetch-batch"
MUSIC, LYRICS = "music", "lyrics"
SUCCESS = "success"
WORDS = ("NOT_START", "SUBMITTED", "QUEUED", "IN_PROGRESS", "SUCCESS", "FAILURE", "UNKNOWN")
WAITING = ("NOT_START", "SUBMITTED", "QUEUED", "UNKNOWN")
SUNO = Format(
    ranks={"NOT_START": 0, "SUBMITTED": 1, "QUEUED": 2, "IN_PROGRESS": 3, "SUCCESS": 4, "FAILURE": 4},
)
KEPT = ("action", "submit_time", "start_time", "finish_time", "progress", "fail_reason")
"""What a finished task goes on telling in the same way, beside its songs."""
OF_SONG = ("id", "title", "text", "audio_url")
LONGEST_ID = 256


def value_of(exchange: Exchange) -> dict[str, Any]:
    """The object of a successful answer; empty for anything else."""
    value = exchange.json if exchange.ok and exchange.is_json else None
    return value if isinstance(value, dict) else {}


def id_in(exchange: Exchange) -> str | None:
    """The id of the task that a submission was taken in as, when it can be asked for."""
    value = value_of(exchange)
    data = value.get("data")
    found = data.get("task_id") if isinstance(data, dict) else data or value.get("task_id")
    if "code" in value and value["code"] != SUCCESS and not isinstance(data, dict):
        return None
    if not isinstance(found, str) or not 0 < len(found) <= LONGEST_ID or found.strip() != found:
        return None
    return found if found.isprintable() and "/" not in found else None


def submission(evidence: Sequence[Exchange]) -> Exchange:
    """The submission that a conversation begins with.

    Raises:
        NotOffered, Inconclusive, NotTestable: it was not taken in.
    """
    need_channel(evidence[0])
    submit = served(evidence[0])
    value = value_of(submit)
    if "code" in value and value["code"] != SUCCESS and id_in(submit) is None:
        raise NotOffered(f"the hub refuses this request with code {str(value['code'])[:40]!r}")
    return submit


def task_in(exchange: Exchange) -> tuple[dict[str, Any], str]:
    """The task that an answer tells and its JSON pointer; an empty one when it tells none."""
    value = value_of(exchange)
    if "task_id" in value and "status" in value:
        return value, ""
    return (value["data"], "/data") if isinstance(value.get("data"), dict) else ({}, "")


def stage_of(exchange: Exchange) -> Stage | None:
    """The answer to a fetch as a stage of its task; None when it tells none."""
    task, at = task_in(exchange)
    return Stage(exchange, task, at) if task else None


def fetched_id(exchange: Exchange) -> str:
    """The id that a fetch asks for."""
    return unquote(urlsplit(exchange.request.url).path).rpartition("/")[2]


def is_music(exchange: Exchange) -> bool:
    """Whether a submission is one for music."""
    return urlsplit(exchange.request.url).path.endswith(f"/{MUSIC}")


def work(evidence: Sequence[Exchange]) -> Course:
    """The task of a conversation; raises when it was not taken in, or not asked about."""
    submit = submission(evidence)
    id = id_in(submit)
    fetches = (exchange for exchange in evidence if exchange.request.operation == FETCH)
    polls = tuple(exchange for exchange in fetches if fetched_id(exchange) == id)
    if id is None or not polls:
        not_testable("the task was not asked about: its id cannot be used, which another sentence judges")
    told = tuple(stage for poll in polls if (stage := stage_of(poll)))
    return Course(SUNO, submit, id, polls, told)


def songs_of(stage: Stage) -> list[tuple[str, Song]]:
    """The songs of a task as far as they can be read, each with its JSON pointer."""
    data = stage.task.get("data")
    if not isinstance(data, list):
        return []
    found = ((place, Music.read({"data": [one]}).data) for place, one in enumerate(data))
    return [(f"{stage.at}/data/{place}", songs[0]) for place, songs in found if songs]


def followed(evidence: Sequence[Exchange]) -> list[Exchange]:
    """What the links of a finished task led to."""
    return [exchange for exchange in evidence if exchange.request.operation is None]


def batches(evidence: Sequence[Exchange]) -> list[Exchange]:
    """The successful answers to several ids at once; raises when there are none."""
    found = [exchange for exchange in evidence if exchange.request.operation == BATCH]
    return [served(exchange) for exchange in found] or nothing_here("nothing was looked up at once")


def listed(exchange: Exchange) -> list[Stage] | None:
    """The tasks of a list, null read as none of them; a bare list is read too. None when there is no list."""
    value = exchange.json if exchange.ok and exchange.is_json else None
    at = "/data" if isinstance(value, dict) else ""
    if isinstance(value, dict):
        value = [] if value.get("data", ...) is None else value.get("data")
    if not isinstance(value, list):
        return None
    return [Stage(exchange, task, f"{at}/{place}") for place, task in enumerate(value) if isinstance(task, dict)]


def is_ours(exchange: Exchange) -> bool:
    """Whether a refusal is in the format's envelope, so that its 404 is not that of a path which nobody serves."""
    value = exchange.json if exchange.is_json else None
    return isinstance(value, dict) and "code" in value and "message" in value
