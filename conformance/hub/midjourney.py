"""Midjourney tasks in the format of midjourney-proxy, under /mj and, by speed, under /mj-fast/mj and the like.

A new picture is a sheet of four chequered ones; a step from it (`change`) gives one of them or a new sheet. Options at
the end of a prompt are read as Midjourney reads them: `--ar` decides the shape, an unknown one makes the task fail.
"""

import hashlib
import re
from collections.abc import Mapping
from dataclasses import dataclass
from typing import Any

from starlette.responses import JSONResponse, Response

from conformance.hub import fields
from conformance.hub.app import Call
from conformance.hub.body import read_json
from conformance.hub.content import decoded
from conformance.hub.errors import HubError, invalid
from conformance.hub.fields import Check, integer, listing, text, thing, word
from conformance.hub.picture import opened, png
from conformance.hub.routes import Route
from conformance.hub.schemas import check_request
from conformance.hub.tasks import AFTER_A_WAIT, AT_ONCE, Phase, State, Task, Tasks

KIND = "midjourney"
PACES = {"mj-fast": 1.0, "mj-relax": 2.0, "mj-turbo": 0.5}
"""How long a task takes by the speed in its path, as parts of the usual time."""
QUICK = 0.5
"""The same for work on pictures that are there already."""
BOTS = ("MID_JOURNEY", "NIJI_JOURNEY")
ACTIONS = ("UPSCALE", "VARIATION", "REROLL")
DIMENSIONS = {"PORTRAIT": (2, 3), "SQUARE": (1, 1), "LANDSCAPE": (3, 2)}
DESCRIBE, UPSCALE = "DESCRIBE", "UPSCALE"
SHORT_SIDE = 256
"""Pixels of a sheet; an upscaled picture has twice as many."""
WIDEST = 4
OPTION = re.compile(r"(?:^|\s)(?:--|—)(\S+)(?:\s+([^\s—-][^\s]*))?")
OPTIONS = re.compile(
    r"ar|aspect|c|chaos|cref|cw|draft|exp|fast|hd|iw|niji|no|ow|oref|p|profile|q|quality|r|raw|relax|repeat|s|seed|sref"
    r"|stealth|stop|style|stylize|sv|sw|tile|turbo|v|version|video|w|weird",
    re.IGNORECASE,
)
RATIO = re.compile(r"(\d{1,3}):(\d{1,3})")
WORDS = {
    Phase.QUEUED: "SUBMITTED",
    Phase.RUNNING: "IN_PROGRESS",
    Phase.DONE: "SUCCESS",
    Phase.FAILED: "FAILURE",
}
_TASKS = Tasks()


@dataclass(frozen=True)
class Order:
    """What was asked for. `ratio` is width to height, `drawn` the seed of the pattern."""

    action: str
    prompt: str = ""
    bot: str = BOTS[0]
    state: str = ""
    ratio: tuple[int, int] = (1, 1)
    drawn: str = ""

    @property
    def shows(self) -> bool:
        """Whether it ends in a picture."""
        return self.action != DESCRIBE

    def picture(self) -> bytes:
        """The picture as PNG."""
        short = SHORT_SIDE * (2 if self.action == UPSCALE else 1)
        shorter = min(self.ratio)
        width, height = (short * side // shorter for side in self.ratio)
        return png(width, height, self.drawn)


def _data_url(value: Any, name: str) -> bytes:
    """The picture behind a data URL."""
    url: str = text(empty=False)(value, name)
    head, comma, data = url.partition(",")
    if not comma or not head.startswith("data:") or not head.endswith(";base64"):
        raise invalid(f"'{name}' must be a data URL that holds base64.", name)
    picture = decoded(data, name)
    try:
        opened(picture)
    except ValueError:
        raise invalid(f"'{name}' is not a PNG, JPEG or WebP picture of a bearable size.", name) from None
    return picture


COMMON: Mapping[str, Check] = {
    "botType": word(*BOTS),
    "accountFilter": thing,
    "notifyHook": text(),
    "state": text(),
}
IMAGINE: Mapping[str, Check] = {**COMMON, "prompt": text(empty=False), "base64Array": listing(_data_url, most=5)}
CHANGE: Mapping[str, Check] = {
    "taskId": text(empty=False),
    "action": word(*ACTIONS),
    "index": integer(1, 4),
    "state": text(),
    "notifyHook": text(),
}
DESCRIBED: Mapping[str, Check] = {**COMMON, "base64": _data_url}
BLEND: Mapping[str, Check] = {
    **COMMON,
    "base64Array": listing(_data_url, 2, 5),
    "dimensions": word(*DIMENSIONS),
}
LISTING: Mapping[str, Check] = {"ids": listing(text())}


async def _take_in(call: Call, checks: Mapping[str, Check], *required: str) -> dict[str, Any]:
    _pace(call)
    body = await read_json(call.request)
    request = fields.read(body, checks, required)
    if call.route.request:
        check_request(call.route.request, fields.without_nulls(body))
    return request


def _pace(call: Call) -> float:
    mode = call.params.get("mode")
    if mode is not None and mode not in PACES:
        raise HubError(404, f"There is no such speed: it is one of {', '.join(PACES)}.", "not_found")
    return PACES.get(mode or "", 1.0)


def _submitted(call: Call, order: Order, failure: str = "", quick: bool = False) -> Response:
    seconds = call.settings.task_seconds * _pace(call) * (QUICK if quick else 1)
    looks = AT_ONCE if quick else AFTER_A_WAIT
    task = _TASKS.submit(KIND, order, seconds, prompt=order.prompt, failure=failure, looks=looks)
    return JSONResponse({"code": 1, "description": "Submit success", "result": task.id, "properties": {}})


async def imagine(call: Call) -> Response:
    """Takes in a new picture."""
    request = await _take_in(call, IMAGINE, "prompt")
    prompt, drawn = request["prompt"], _digest(*request.get("base64Array", ()))
    ratio, failure = _options(prompt)
    order = Order("IMAGINE", prompt, _bot(request), request.get("state", ""), ratio, f"{prompt} {drawn}")
    return _submitted(call, order, failure)


def _options(prompt: str) -> tuple[tuple[int, int], str]:
    """The shape that a prompt asks for, and why it cannot be made."""
    ratio = (1, 1)
    for name, value in OPTION.findall(prompt):
        if not OPTIONS.fullmatch(name):
            return ratio, f"Invalid parameter: unrecognized parameter --{name[:40]}"
        if name.lower() in ("ar", "aspect"):
            found = RATIO.fullmatch(value)
            sides = tuple(map(int, found.groups())) if found else (0, 0)
            if not all(sides) or max(sides) > WIDEST * min(sides):
                return ratio, f"Invalid parameter: --{name} must be width:height"
            ratio = (sides[0], sides[1])
    return ratio, ""


def _digest(*pictures: bytes) -> str:
    return hashlib.sha256(b"".join(pictures)).hexdigest()[:16] if pictures else ""


def _bot(request: Mapping[str, Any]) -> str:
    return str(request.get("botType", BOTS[0]))


async def change(call: Call) -> Response:
    """Takes in a step from a picture that is done."""
    request = await _take_in(call, CHANGE, "taskId", "action", "index")
    task, action, index = _find(request["taskId"]), request["action"], request["index"]
    if task.state().phase is not Phase.DONE:
        raise invalid("The task is not finished, or has failed.", "taskId", "task_status_not_success")
    source: Order = task.order
    if source.action in (DESCRIBE, UPSCALE):
        raise invalid("There is no sheet of four pictures behind this task.", "taskId")
    drawn = f"{action} {0 if action == 'REROLL' else index} {source.drawn}"
    order = Order(action, source.prompt, source.bot, request.get("state", source.state), source.ratio, drawn)
    return _submitted(call, order, quick=action == UPSCALE)


async def describe(call: Call) -> Response:
    """Takes in a picture to be described."""
    request = await _take_in(call, DESCRIBED, "base64")
    picture = opened(request["base64"])
    words = "\n\n".join(
        f"{number}. a picture of {picture.width} by {picture.height} pixels, {manner}"
        for number, manner in enumerate(("flat colours", "geometric", "minimalism", "graphic design"), 1)
    )
    order = Order(DESCRIBE, words, _bot(request), request.get("state", ""))
    return _submitted(call, order, quick=True)


async def blend(call: Call) -> Response:
    """Takes in pictures to be blended."""
    request = await _take_in(call, BLEND, "base64Array")
    ratio = DIMENSIONS[request.get("dimensions", "SQUARE")]
    drawn = _digest(*request["base64Array"])
    return _submitted(call, Order("BLEND", "", _bot(request), request.get("state", ""), ratio, drawn), quick=True)


def _find(id: str) -> Task:
    task = _TASKS.find(id, KIND)
    if task is None:
        raise HubError(404, "There is no such task, or no longer.", "task_not_found")
    return task


async def fetch(call: Call) -> Response:
    """How far one task is."""
    _pace(call)
    return JSONResponse(_told(call, _find(call.params["id"])))


async def fetch_many(call: Call) -> Response:
    """How far several tasks are; unknown ones are left out."""
    request = await _take_in(call, LISTING)
    found = (_TASKS.find(id, KIND) for id in dict.fromkeys(request.get("ids", ())))
    return JSONResponse([_told(call, task) for task in found if task is not None])


async def image(call: Call) -> Response:
    """The picture of a task that is done; needs no credential."""
    _pace(call)
    task = _TASKS.find(call.params["id"], KIND)
    if task is None:
        return JSONResponse({"error": "midjourney_task_not_found"}, 404)
    if not _shown(task, task.state()):
        return JSONResponse({"error": "midjourney_task_has_no_picture"}, 400)
    return _picture(task)


async def show(call: Call) -> Response:
    """The picture that a task links to."""
    task = _find(call.params["name"].removesuffix(".png"))
    if not _shown(task, task.state()):
        raise HubError(404, "There is no such picture.", "not_found")
    return _picture(task)


def _picture(task: Task) -> Response:
    return Response(task.order.picture(), media_type="image/png", headers={"cache-control": "public, max-age=3600"})


def _shown(task: Task, state: State) -> bool:
    return state.phase is Phase.DONE and task.order.shows


def _told(call: Call, task: Task) -> dict[str, Any]:
    state, order = task.looked_at(), task.order
    done = state.phase is Phase.DONE
    silent = order.action == DESCRIBE and not done
    prompt = "" if silent else order.prompt
    return {
        "id": task.id,
        "action": order.action,
        "customId": "",
        "botType": order.bot,
        "prompt": prompt,
        "promptEn": prompt,
        "description": "Submit success",
        "state": order.state,
        "submitTime": _milliseconds(task.submitted),
        "startTime": _milliseconds(state.started),
        "finishTime": _milliseconds(state.ended),
        "imageUrl": f"{call.request.base_url}mj-pictures/{task.id}.png" if _shown(task, state) else "",
        "videoUrl": "",
        "videoUrls": None,
        "status": WORDS[state.phase],
        "progress": f"{state.progress}%",
        "failReason": task.failure if state.phase is Phase.FAILED else "",
        "buttons": _buttons(task) if _shown(task, state) else [],
        "maskBase64": "",
        "properties": {"finalPrompt": prompt, "finalZhPrompt": ""},
    }


def _milliseconds(moment: float | None) -> int:
    return 0 if moment is None else int(moment * 1000)


def _buttons(task: Task) -> list[dict[str, Any]]:
    """What can be done with a sheet; an upscaled picture stands for itself."""
    if task.order.action == UPSCALE:
        return []
    names = [*(f"U{number}" for number in range(1, 5)), "REROLL", *(f"V{number}" for number in range(1, 5))]
    return [
        {"customId": f"MJ::JOB::{name}::{task.id}", "emoji": "", "label": name, "type": 2, "style": 2} for name in names
    ]


HANDLERS = {
    "mj-imagine": imagine,
    "mj-change": change,
    "mj-describe": describe,
    "mj-blend": blend,
    "mj-task-fetch": fetch,
    "mj-task-list-by-condition": fetch_many,
    "mj-image": image,
    "mj-picture": show,
}
EXTRA_ROUTES = (Route("GET", "/mj-pictures/{name}", "mj-picture", "midjourney", ("none",), "openai"),)
