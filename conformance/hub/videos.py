"""Videos in four formats: Sora's (`/v1/videos`), Kling's, Jimeng's, and the one that all vendors share.

Each answers with a task at once and with a small real MP4 when the task is done.
"""

import asyncio
import re
from collections.abc import Mapping
from dataclasses import dataclass, replace
from typing import Any
from urllib.parse import urlsplit

from starlette.responses import JSONResponse, Response

from conformance.hub import fields
from conformance.hub.app import Call
from conformance.hub.body import read_json
from conformance.hub.content import decoded, size_behind
from conformance.hub.errors import HubError, invalid, missing
from conformance.hub.fields import Check, integer, listing, number, text, thing, word
from conformance.hub.film import mp4
from conformance.hub.form import FORM, media_type, read_form
from conformance.hub.intake import check_model
from conformance.hub.picture import opened
from conformance.hub.routes import Route
from conformance.hub.schemas import check_request
from conformance.hub.tasks import AT_ONCE, IN_TWO_LOOKS, Phase, State, Task, Tasks

SORA, JIMENG = "sora", "jimeng"
"""Kinds of tasks; those of the other formats are called like their operations."""
SORA_SECONDS, SECONDS = 4, 5
"""Of a video when nothing is said."""
SORA_SIZES = ("720x1280", "1280x720", "1024x1792", "1792x1024")
SORA_FPS = 3
RATIOS = {"1:1": (320, 320), "16:9": (320, 180), "9:16": (180, 320)}
SIDE, FPS = 320, 8
SHORTEST_SIDE, LONGEST_SIDE = 16, 1920
LONGEST = 600
"""Seconds of a video."""
FASTEST = 120
"""Pictures a second."""
EXPIRY = 24 * 3600
"""Seconds for which a video is kept, by its word; in truth as long as there is room."""
REQ_KEYS = ("jimeng-video-3", "jimeng_vgfm_t2v_l20", "jimeng_vgfm_i2v_l20", "jimeng_t2v_v30", "jimeng_i2v_first_v30")
SUBMIT, LOOK_UP = "CVSync2AsyncSubmitTask", "CVSync2AsyncGetResult"
ALL_WELL, GONE_WRONG = 10000, 50500
VERSION = re.compile(r"\d{4}-\d{2}-\d{2}")
RANGE = re.compile(r"bytes=(\d{0,15})-(\d{0,15})")
UNREACHABLE = ".invalid"
"""Hosts that never exist (RFC 2606). A picture there is taken in with the task, which fails later on."""
WORDS = {
    Phase.QUEUED: "queued",
    Phase.RUNNING: "in_progress",
    Phase.DONE: "completed",
    Phase.FAILED: "failed",
}
JIMENG_WORDS = {Phase.QUEUED: "in_queue", Phase.RUNNING: "generating", Phase.DONE: "done"}
LOOKS = {SORA: IN_TWO_LOOKS, JIMENG: IN_TWO_LOOKS, "kling-text2video": IN_TWO_LOOKS}
"""The courses of tasks by their kind; the others are done at the first look."""
_TASKS = Tasks()


@dataclass(frozen=True)
class Film:
    """What was ordered."""

    model: str
    prompt: str
    seconds: float
    width: int = SIDE
    height: int = SIDE
    fps: int = FPS
    seed: int | None = None
    picture: bytes = b""
    source: str | None = None
    """Id of the video that it is a remix of."""

    def mp4(self) -> bytes:
        """The film itself."""
        drawn = f"{self.seed} {self.model} {self.prompt} {self.source}"
        return mp4(self.width, self.height, self.seconds, self.fps, drawn, self.picture)

    @property
    def size(self) -> str:
        return f"{self.width}x{self.height}"


# ----------------------------------------------------------------------------------------------- fields and pictures


def _sora_seconds(value: Any, name: str) -> int:
    given = text(empty=False)(value, name)
    if not re.fullmatch(r"[1-9][0-9]?", given) or int(given) > 60:
        raise invalid(f"'{name}' must be a whole number of seconds up to 60, as text.", name)
    return int(given)


def _kling_seconds(value: Any, name: str) -> float:
    """A number as the shared format has it, or one as text as Kling's own has it."""
    if isinstance(value, str):
        if not re.fullmatch(r"[1-9][0-9]{0,2}", value):
            raise invalid(f"'{name}' must be a number of seconds.", name)
        value = int(value)
    return _seconds(value, name)


def _seconds(value: Any, name: str) -> float:
    given = float(number()(value, name))
    if not 0 < given <= LONGEST:
        raise invalid(f"'{name}' must be more than 0 and at most {LONGEST} seconds.", name)
    return given


def _side(value: Any, name: str) -> int:
    given = int(integer(SHORTEST_SIDE, LONGEST_SIDE)(value, name))
    return given + given % 2  # the encoder wants even numbers


SORA_FIELDS: Mapping[str, Check] = {
    "model": text(empty=False),
    "prompt": text(empty=False),
    "seconds": _sora_seconds,
    "size": word(*SORA_SIZES),
}
SHARED_FIELDS: Mapping[str, Check] = {
    "model": text(empty=False),
    "prompt": text(empty=False),
    "image": text(),
    "duration": _seconds,
    "width": _side,
    "height": _side,
    "fps": integer(1, FASTEST),
    "seed": integer(),
    "n": integer(1, 1),
    "response_format": text(),
    "user": text(),
    "metadata": thing,
}
KLING_FIELDS: Mapping[str, Check] = {
    **SHARED_FIELDS,
    "model_name": text(empty=False),
    "duration": _kling_seconds,
    "negative_prompt": text(),
    "cfg_scale": number(0, 1),
    "mode": word("std", "pro"),
    "aspect_ratio": word(*RATIOS),
    "image_tail": text(),
    "external_task_id": text(),
}
JIMENG_FIELDS: Mapping[str, Check] = {
    "req_key": text(empty=False),
    "prompt": text(),
    "binary_data_base64": listing(text(), most=4),
    "image_urls": listing(text(), most=4),
    "seed": integer(),
    "task_id": text(empty=False),
}


async def _take_in(
    call: Call, checks: Mapping[str, Check], required: tuple[str, ...], either: tuple[str, ...] = ()
) -> dict[str, Any]:
    """The checked body, in which all `required` fields are, and at least one of `either`."""
    body = await read_json(call.request)
    request = fields.read(body, checks, required)
    if either and not set(either) & set(request):
        raise missing(either[0])
    if call.route.request:
        check_request(call.route.request, fields.without_nulls(body))
    return request


def _picture(given: str, place: str) -> tuple[bytes, str]:
    """The picture behind base64, a data URL or an address, and why it will not be there when it is needed.

    Addresses are never fetched: those of hosts that cannot exist lead nowhere, all others count as no picture at all.
    """
    if not given:
        return b"", ""
    if given.startswith(("http://", "https://")):
        return b"", _unreachable(given, place)
    if given.startswith("data:"):
        size_behind(given, place)
        given = given.partition(",")[2]
    return _checked(decoded(given, place), place), ""


def _unreachable(address: str, place: str) -> str:
    try:
        host = urlsplit(address).hostname or ""
    except ValueError:
        raise invalid("This is no web address.", place) from None
    return "The picture cannot be fetched." if host.endswith(UNREACHABLE) else ""


def _checked(picture: bytes, place: str) -> bytes:
    try:
        opened(picture)
    except ValueError:
        raise invalid(f"'{place}' is not a PNG, JPEG or WebP picture of a bearable size.", place) from None
    return picture


# -------------------------------------------------------------------------------------------------------------- tasks


def _submit(call: Call, kind: str, film: Film, failure: str = "") -> Task:
    weight = 1024 + len(film.picture)
    seconds, looks = call.settings.task_seconds, LOOKS.get(kind, AT_ONCE)
    return _TASKS.submit(kind, film, seconds, prompt=film.prompt, failure=failure, weight=weight, looks=looks)


def _find(id: str, *kinds: str) -> Task:
    task = _TASKS.find(id, *kinds)
    if task is None:
        raise HubError(404, "There is no such task, or no longer.", "task_not_exist")
    return task


def _link(call: Call, task: Task) -> str:
    return f"{call.request.base_url}films/{task.id}.mp4"


async def _film(call: Call, task: Task) -> Response:
    """The film of a task that is done, or the part of it that a Range header asks for (RFC 9110 section 14)."""
    data = await asyncio.to_thread(task.order.mp4)
    headers = {"accept-ranges": "bytes", "cache-control": "private, max-age=3600"}
    part = _part(call.request.headers.get("range", ""), len(data))
    if part is None:
        return Response(data, media_type="video/mp4", headers=headers)
    headers["content-range"] = f"bytes {part.start}-{part.stop - 1}/{len(data)}"
    return Response(data[part.start : part.stop], 206, media_type="video/mp4", headers=headers)


def _part(header: str, size: int) -> range | None:
    """The bytes that a Range header asks for; None for the whole, also when the header cannot be satisfied."""
    found = RANGE.fullmatch(header.strip())
    if not found or not any(found.groups()):
        return None
    first, last = found.groups()
    if not first:
        return range(max(0, size - int(last)), size) if int(last) else None
    stop = min(int(last) + 1, size) if last else size
    return range(int(first), stop) if int(first) < stop else None


async def show(call: Call) -> Response:
    """A film that an answer has linked to."""
    task = _find(call.params["name"].removesuffix(".mp4"))
    if task.state().phase is not Phase.DONE:
        raise HubError(404, "There is no such film.", "not_found")
    return await _film(call, task)


# --------------------------------------------------------------------------------------------------- the Sora format


async def create(call: Call) -> Response:
    """Takes in a video in the Sora format, as a form or as JSON."""
    if media_type(call.request) == FORM:
        form = await read_form(call.request)
        for name in ("model", "prompt", "seconds", "size"):
            if name in form.files:
                raise invalid(f"'{name}' must be text, not a file.", name, "invalid_type")
        request, uploads = fields.read(form.values(), SORA_FIELDS, ("model", "prompt")), form.uploads("input_reference")
        picture, failure = _checked(uploads[0], "input_reference") if uploads else b"", ""
    else:
        request = await _take_in(call, {**SORA_FIELDS, "input_reference": text()}, ("model", "prompt"))
        picture, failure = _picture(request.get("input_reference", ""), "input_reference")
    check_model(request["model"], ("video",))
    width, height = map(int, request.get("size", SORA_SIZES[0]).split("x"))
    seconds = request.get("seconds", SORA_SECONDS)
    film = Film(request["model"], request["prompt"], seconds, width, height, SORA_FPS, picture=picture)
    task = _submit(call, SORA, film, failure)
    return JSONResponse(_sora(task, task.state()))


async def retrieve(call: Call) -> Response:
    """How far a task in the Sora format is."""
    task = _find(call.params["task_id"], SORA)
    return JSONResponse(_sora(task, task.looked_at()))


async def content(call: Call) -> Response:
    """The video of a task in the Sora format."""
    task = _find(call.params["task_id"], SORA)
    phase = task.state().phase
    if phase is not Phase.DONE:
        raise HubError(404, f"There is no video: the task is {WORDS[phase]}.", "video_not_ready")
    return await _film(call, task)


async def remix(call: Call) -> Response:
    """Takes in a new video after one that is done."""
    task = _find(call.params["video_id"], SORA)
    request = await _take_in(call, {"prompt": text(empty=False)}, ("prompt",))
    if task.state().phase is not Phase.DONE:
        raise invalid("Only a video that is completed can be remixed.", code="video_not_ready")
    film = replace(task.order, prompt=request["prompt"], source=task.id, picture=b"")
    made = _submit(call, SORA, film)
    return JSONResponse(_sora(made, made.state()))


def _sora(task: Task, state: State) -> dict[str, Any]:
    film = task.order
    ended = None if state.ended is None else int(state.ended)
    done = state.phase is Phase.DONE
    return {
        "id": task.id,
        "object": "video",
        "model": film.model,
        "status": WORDS[state.phase],
        "progress": state.progress,
        "created_at": int(task.submitted),
        "completed_at": ended,
        "expires_at": ended + EXPIRY if done and ended is not None else None,
        "prompt": film.prompt,
        "size": film.size,
        "seconds": str(film.seconds),
        "remixed_from_video_id": film.source,
        "error": _why(task, state, "generation_failed"),
    }


def _why(task: Task, state: State, code: str | int) -> dict[str, Any] | None:
    return {"code": code, "message": task.failure} if state.phase is Phase.FAILED else None


# ------------------------------------------------------------------------------ the shared format, and Kling's beside


async def create_generic(call: Call) -> Response:
    """Takes in a video in the format that all vendors share."""
    return _accepted(call, await _take_in(call, SHARED_FIELDS, ("model", "prompt")))


async def create_kling(call: Call) -> Response:
    """Takes in a video in the shared format or in Kling's own."""
    request = await _take_in(call, KLING_FIELDS, ("prompt",), either=("model", "model_name"))
    request.setdefault("model", request.get("model_name"))
    return _accepted(call, request)


def _accepted(call: Call, request: Mapping[str, Any]) -> Response:
    check_model(request["model"], ("video",))
    picture, failure = _picture(request.get("image", ""), "image")
    width, height = RATIOS[request.get("aspect_ratio", "1:1")]
    film = Film(
        model=request["model"],
        prompt=request["prompt"],
        seconds=request.get("duration", SECONDS),
        width=request.get("width", width),
        height=request.get("height", height),
        fps=request.get("fps", FPS),
        seed=request.get("seed"),
        picture=picture,
    )
    task = _submit(call, call.route.operation.removesuffix("-create"), film, failure)
    return JSONResponse({"task_id": task.id, "status": WORDS[task.state().phase]})


async def retrieve_task(call: Call) -> Response:
    """How far a task in the shared format or in Kling's is."""
    task = _find(call.params["task_id"], call.route.operation.removesuffix("-retrieve"))
    state, film = task.looked_at(), task.order
    done = state.phase is Phase.DONE
    metadata = {"duration": film.seconds, "fps": film.fps, "width": film.width, "height": film.height}
    answer = {
        "task_id": task.id,
        "status": WORDS[state.phase],
        "url": _link(call, task) if done else None,
        "format": "mp4" if done else None,
        "metadata": {**metadata, "seed": film.seed} if done else None,
        "error": _why(task, state, GONE_WRONG),
    }
    return JSONResponse(answer)


# ------------------------------------------------------------------------------------------------- the Jimeng format


async def jimeng(call: Call) -> Response:
    """Takes in a video in the Jimeng format, or tells how far one is: the query parameter Action says which."""
    action, version = (call.request.query_params.get(name) for name in ("Action", "Version"))
    if action not in (SUBMIT, LOOK_UP):
        raise missing("Action") if action is None else invalid(f"Action must be {SUBMIT} or {LOOK_UP}.", "Action")
    if version is None:
        raise missing("Version")
    if not VERSION.fullmatch(version):
        raise invalid("Version must be a date.", "Version")
    request = await _take_in(call, JIMENG_FIELDS, ("req_key", "prompt" if action == SUBMIT else "task_id"))
    if request["req_key"] not in REQ_KEYS:
        raise HubError(404, "There is no such req_key.", "model_not_found", "req_key")
    return _jimeng_submit(call, request) if action == SUBMIT else _jimeng_look_up(call, request["task_id"])


def _jimeng_submit(call: Call, request: Mapping[str, Any]) -> Response:
    if not request["prompt"]:
        raise invalid("'prompt' must not be empty.", "prompt")
    pictures = [
        _checked(decoded(given, "binary_data_base64"), "binary_data_base64")
        for given in request.get("binary_data_base64", ())
    ]
    failure = ""
    for address in request.get("image_urls", ()):
        size_behind(address, "image_urls")
        failure = failure or _unreachable(address, "image_urls")
    picture = pictures[0] if pictures else b""
    film = Film(request["req_key"], request["prompt"], SECONDS, picture=picture)
    task = _submit(call, JIMENG, replace(film, seed=request.get("seed")), failure)
    return _jimeng_answer({"task_id": task.id})


def _jimeng_look_up(call: Call, id: str) -> Response:
    task = _find(id, JIMENG)
    phase = task.looked_at().phase
    if phase is Phase.FAILED:
        return JSONResponse({"code": GONE_WRONG, "message": task.failure, "data": None})
    url = _link(call, task) if phase is Phase.DONE else None
    return _jimeng_answer({"task_id": task.id, "status": JIMENG_WORDS[phase], "video_url": url})


def _jimeng_answer(data: dict[str, Any]) -> Response:
    return JSONResponse({"code": ALL_WELL, "message": "Success", "data": data})


HANDLERS = {
    "videos-create": create,
    "videos-retrieve": retrieve,
    "videos-content": content,
    "videos-remix": remix,
    "kling-text2video-create": create_kling,
    "kling-text2video-retrieve": retrieve_task,
    "kling-image2video-create": create_kling,
    "kling-image2video-retrieve": retrieve_task,
    "jimeng-video": jimeng,
    "video-generations-create": create_generic,
    "video-generations-retrieve": retrieve_task,
    "videos-film": show,
}
EXTRA_ROUTES = (Route("GET", "/films/{name}", "videos-film", "videos", ("none",), "openai"),)
