"""Suno tasks: music and lyrics, told in the envelope `{code, message, data}`.

A music task gives two songs: short tunes whose notes depend on the words, as MP3. Lyrics are lines about the prompt.
"""

import asyncio
import functools
import re
import zlib
from collections.abc import Mapping
from dataclasses import dataclass
from typing import Any

from starlette.responses import JSONResponse, Response

from conformance.hub import fields
from conformance.hub.app import Call
from conformance.hub.body import read_json
from conformance.hub.errors import HubError, invalid, missing
from conformance.hub.fields import Check, flag, listing, number, text
from conformance.hub.picture import png
from conformance.hub.routes import Route
from conformance.hub.schemas import check_request
from conformance.hub.sound import encoded, tone
from conformance.hub.tasks import AFTER_A_WAIT, AT_ONCE, Phase, State, Task, Tasks

MUSIC, LYRICS = "MUSIC", "LYRICS"
PACES = {MUSIC: 1.0, LYRICS: 0.5}
"""How long a task takes, as parts of the usual time."""
LOOKS = {MUSIC: AFTER_A_WAIT, LYRICS: AT_ONCE}
DEFAULT_MODEL = "chirp-v3-0"
MODEL = re.compile(r"chirp-(v\d+(-\d+)?(-xxl-alpha)?|auk|bluejay|crow)(-\w+)?")
SONGS = 2
NOTES, NOTE_SECONDS = 8, 0.4
PITCHES = (262, 294, 330, 392, 440, 523)
COVER_SIDE = 256
LONGEST_TITLE = 80
WORDS = {
    Phase.QUEUED: "QUEUED",
    Phase.RUNNING: "IN_PROGRESS",
    Phase.DONE: "SUCCESS",
    Phase.FAILED: "FAILURE",
}
SONG_NAME = re.compile(r"([A-Za-z0-9_]+)-([12])\.(mp3|png)")
_TASKS = Tasks()

FIELDS: Mapping[str, Check] = {
    "gpt_description_prompt": text(empty=False),
    "prompt": text(empty=False),
    "mv": text(),
    "title": text(),
    "tags": text(),
    "continue_at": number(0),
    "task_id": text(),
    "continue_clip_id": text(),
    "make_instrumental": flag,
}
LISTING: Mapping[str, Check] = {"ids": listing(text()), "action": text()}


@dataclass(frozen=True)
class Order:
    """What was asked for; `request` holds the checked fields."""

    action: str
    request: Mapping[str, Any]

    def said(self, name: str) -> str:
        """A text of the request, empty when it is not there."""
        return str(self.request.get(name, ""))

    @property
    def topic(self) -> str:
        """What it is about."""
        return self.said("gpt_description_prompt") or self.said("prompt")

    @property
    def title(self) -> str:
        """The title given, or the first words of the topic."""
        return self.said("title") or " ".join(self.topic.split()[:5])[:LONGEST_TITLE]

    @property
    def words(self) -> str:
        """What is sung: the words given, or some about the topic."""
        if self.request.get("make_instrumental"):
            return ""
        if self.action == MUSIC and self.said("prompt"):
            return self.said("prompt")
        return f"[Verse]\nA line about {self.topic}\nAnd another line\n\n[Chorus]\nOnce more about {self.topic}"


async def submit(call: Call) -> Response:
    """Takes in a song or lyrics."""
    action = call.params["action"].upper()
    if action not in PACES:
        raise HubError(404, "There is nothing of this kind: it is music or lyrics.", "invalid_action")
    body = await read_json(call.request)
    request = fields.read(body, FIELDS)
    _check(call, body, request, action)
    model = request.get("mv", DEFAULT_MODEL)
    failure = "" if action == LYRICS or MODEL.fullmatch(model) else "The model (mv) is not known."
    order = Order(action, request)
    seconds = call.settings.task_seconds * PACES[action]
    weight, looks = _weight(request), LOOKS[action]
    task = _TASKS.submit(action, order, seconds, prompt=order.topic, failure=failure, weight=weight, looks=looks)
    return _answer(task.id)


def _weight(request: Mapping[str, Any]) -> int:
    return 1024 + sum(len(value) for value in request.values() if isinstance(value, str))


def _check(call: Call, body: Mapping[str, Any], request: Mapping[str, Any], action: str) -> None:
    if action == LYRICS and "prompt" not in request:
        raise missing("prompt")
    if "prompt" not in request and "gpt_description_prompt" not in request:
        raise missing("prompt")
    if call.route.request:
        check_request(call.route.request, fields.without_nulls(body))
    if request.get("continue_clip_id") and not request.get("task_id"):
        raise missing("task_id")
    if request.get("continue_clip_id"):
        _check_clip(request["task_id"], request["continue_clip_id"])


def _check_clip(task_id: str, clip_id: str) -> None:
    task = _find(task_id)
    if task.state().phase is not Phase.DONE or task.kind != MUSIC:
        raise invalid("The task to be continued has no songs.", "task_id", "task_not_finished")
    if clip_id not in [f"{task.id}-{number}" for number in range(1, SONGS + 1)]:
        raise HubError(404, "The task has no such clip.", "clip_not_exist", "continue_clip_id")


def _find(id: str) -> Task:
    task = _TASKS.find(id)
    if task is None:
        raise HubError(404, "There is no such task, or no longer.", "task_not_exist")
    return task


def _answer(data: Any) -> Response:
    return JSONResponse({"code": "success", "message": "", "data": data})


async def fetch(call: Call) -> Response:
    """How far one task is."""
    return _answer(_told(call, _find(call.params["id"])))


async def fetch_many(call: Call) -> Response:
    """How far several tasks are; unknown ones are left out."""
    body = await read_json(call.request)
    request = fields.read(body, LISTING)
    if call.route.request:
        check_request(call.route.request, fields.without_nulls(body))
    found = (_TASKS.find(id) for id in dict.fromkeys(request.get("ids", ())))
    return _answer([_told(call, task) for task in found if task is not None])


def _told(call: Call, task: Task) -> dict[str, Any]:
    state = task.looked_at()
    return {
        "task_id": task.id,
        "action": task.kind,
        "status": WORDS[state.phase],
        "fail_reason": task.failure if state.phase is Phase.FAILED else "",
        "submit_time": int(task.submitted),
        "start_time": int(state.started or 0),
        "finish_time": int(state.ended or 0),
        "progress": "100%" if state.over else "0%",
        "data": _result(call, task, state),
    }


def _result(call: Call, task: Task, state: State) -> Any:
    if state.phase in (Phase.QUEUED, Phase.FAILED):
        return None
    done = state.phase is Phase.DONE
    if task.kind == MUSIC:
        return [_song(call, task, number, done) for number in range(1, SONGS + 1)]
    lyrics = {"id": f"{task.id}-1", "status": "complete", "title": task.order.title, "text": task.order.words}
    return lyrics if done else None


def _song(call: Call, task: Task, number: int, done: bool) -> dict[str, Any]:
    order: Order = task.order
    name = f"{task.id}-{number}"
    model = order.said("mv") or DEFAULT_MODEL
    place = f"{call.request.base_url}songs/{name}"
    cover = f"{place}.png" if done else ""
    return {
        "id": name,
        "status": "complete" if done else "submitted",
        "title": order.title,
        "text": order.words,
        "audio_url": f"{place}.mp3" if done else "",
        "video_url": "",
        "image_url": cover,
        "image_large_url": cover,
        "model_name": model,
        "major_model_version": ".".join(re.findall(r"v\d+", model)[:1]),
        "metadata": {
            "tags": order.said("tags"),
            "prompt": order.words,
            "gpt_description_prompt": order.request.get("gpt_description_prompt"),
            "audio_prompt_id": order.request.get("continue_clip_id"),
            "duration": NOTES * NOTE_SECONDS if done else None,
            "error_type": None,
            "error_message": None,
        },
    }


@functools.lru_cache(maxsize=16)
def tune(words: str) -> bytes:
    """A tune whose notes depend on the words, as MP3."""
    seed = zlib.crc32(words.encode())
    notes = (PITCHES[(seed >> 3 * place) % len(PITCHES)] for place in range(NOTES))
    return encoded(b"".join(tone(NOTE_SECONDS, note) for note in notes), "mp3")


async def show(call: Call) -> Response:
    """What a song links to: its sound, or its cover."""
    found = SONG_NAME.fullmatch(call.params["name"])
    task = _TASKS.find(found[1], MUSIC) if found else None
    if found is None or task is None or task.state().phase is not Phase.DONE:
        raise HubError(404, "There is no such song, or no longer.", "not_found")
    seed = f"{found[2]} {task.order.title} {task.order.words} {task.order.said('tags')}"
    headers = {"cache-control": "private, max-age=3600"}
    if found[3] == "png":
        return Response(png(COVER_SIDE, COVER_SIDE, seed), media_type="image/png", headers=headers)
    return Response(await asyncio.to_thread(tune, seed), media_type="audio/mpeg", headers=headers)


HANDLERS = {"suno-submit": submit, "suno-fetch": fetch, "suno-fetch-batch": fetch_many, "suno-song": show}
EXTRA_ROUTES = (Route("GET", "/songs/{name}", "suno-song", "suno", ("none",), "openai"),)
