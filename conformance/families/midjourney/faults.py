"""Faults of the Midjourney routes."""

import io
from collections.abc import Callable
from typing import Any

from conformance.hub.faults.base import Ask, Reply, Spoil, fault
from conformance.hub.faults.shaping import Body
from conformance.hub.picture import png

IMAGINE, CHANGE, DESCRIBE, BLEND = "mj-imagine", "mj-change", "mj-describe", "mj-blend"
SUBMITS = (IMAGINE, CHANGE, DESCRIBE, BLEND)
FETCH, LIST, IMAGE, PICTURE = "mj-task-fetch", "mj-task-list-by-condition", "mj-image", "mj-picture"
SOME_ID = "1688000000000001"
TAKEN: Body = {"code": 1, "description": "Submit success", "result": SOME_ID, "properties": {}}
ENDS = ("SUCCESS", "FAILURE")
Change = Callable[[Body], Any]


def on_submits(*operations: str) -> Callable[[Callable[[Body, Body], Any]], Spoil]:
    """Makes a fault of a function `(asked, answer)` that changes the answer to a submission in place."""

    def wrap(change: Callable[[Body, Body], Any]) -> Spoil:
        def spoil(ask: Ask, reply: Reply) -> Reply:
            if ask.operation not in operations or reply.status != 200 or ask.json is None:
                return reply
            answer = reply.json
            change(ask.json, answer)
            return reply.with_json(answer)

        return spoil

    return wrap


def on_tasks(*operations: str) -> Callable[[Change], Spoil]:
    """Makes a fault of a function that changes a task in place, wherever one is told."""

    def wrap(change: Change) -> Spoil:
        def spoil(ask: Ask, reply: Reply) -> Reply:
            if ask.operation not in (operations or (FETCH, LIST)) or reply.status != 200:
                return reply
            value = reply.json
            for task in value if isinstance(value, list) else [value]:
                change(task)
            return reply if value == reply.json else reply.with_json(value)

        return spoil

    return wrap


def on_later(change: Change, *, prefixed: bool = False) -> Callable[[], Spoil]:
    """A fault of every fetch of a finished task but the first one."""

    def start() -> Spoil:
        told: set[str] = set()

        def spoil(ask: Ask, reply: Reply) -> Reply:
            if ask.operation != FETCH or reply.status != 200 or (_is_prefixed(ask) and not prefixed):
                return reply
            task = reply.json
            if task["status"] not in ENDS:
                return reply
            if task["id"] not in told:
                told.add(task["id"])
                return reply
            change(task)
            return reply.with_json(task)

        return spoil

    return start


def _is_prefixed(ask: Ask) -> bool:
    return not ask.path.startswith("/mj/")


def _problem(reply: Reply, status: int, code: int = 4, **more: Any) -> Reply:
    error = {"description": "The request cannot be served.", "type": "upstream_error", "code": code, **more}
    return reply.with_header("content-type", "application/json").with_status(status).with_json(error)


def _reworked(data: bytes, change: Callable[[Any], Any]) -> bytes:
    from PIL import Image

    file = io.BytesIO()
    change(Image.open(io.BytesIO(data))).save(file, "PNG")
    return file.getvalue()


def done(task: Body) -> bool:
    """Whether a task has succeeded."""
    return bool(task["status"] == "SUCCESS")


def enlarged(task: Body) -> bool:
    """Whether a task is a step from another one."""
    return bool(task["action"] == "UPSCALE")


# -------------------------------------------------------------------------------------------------------- submissions


@fault(
    "midjourney.code-as-text",
    "The code of a step from a picture is text.",
    "midjourney.submit.code",
    source="gateways that keep the vendor's answer in a table of texts",
)
@on_submits(CHANGE)
def code_as_text(_asked: Body, answer: Body) -> None:
    answer["code"] = "1"


@fault(
    "midjourney.success-around-code",
    "The code stands inside another envelope, which always says success.",
    "midjourney.submit.code",
    source="yokonsan/midjourney-api#42",
)
@on_submits(CHANGE)
def success_around_code(_asked: Body, answer: Body) -> None:
    inner = dict(answer)
    answer.clear()
    answer.update(status="success", data=inner)


@fault(
    "midjourney.no-result",
    "The answer to a description says that it was taken in, and not as what.",
    "midjourney.submit.id",
    source="gateways that store the task after they have answered",
)
@on_submits(DESCRIBE)
def no_result(_asked: Body, answer: Body) -> None:
    answer["result"] = None


@fault(
    "midjourney.result-object",
    "The id of a step from a picture stands in an object.",
    "midjourney.submit.id",
    source="gateways that pass the vendor's answer through",
)
@on_submits(CHANGE)
def result_object(_asked: Body, answer: Body) -> None:
    answer["result"] = {"taskId": answer["result"]}


@fault(
    "midjourney.id-number",
    "The id of a new task is a number.",
    "midjourney.submit.id-text",
    source="older pages of the hub's documents show a number",
)
@on_submits(BLEND)
def id_number(_asked: Body, answer: Body) -> None:
    answer["result"] = 1_320_098_173_412_546


@fault(
    "midjourney.old-id",
    "A step from a picture has the id of the picture.",
    "midjourney.submit.new-id",
    source="proxies that keep one row for each message of the vendor",
)
@on_submits(CHANGE)
def old_id(asked: Body, answer: Body) -> None:
    answer["result"] = asked["taskId"]


@fault(
    "midjourney.submit-properties",
    "properties is a list.",
    "midjourney.submit.shape",
    source="languages that write an empty map as []",
)
@on_submits(*SUBMITS)
def submit_properties(_asked: Body, answer: Body) -> None:
    answer["properties"] = []


def _wrongly_asked(ask: Ask) -> bool:
    """Submissions without words or pictures, and steps from a task that nobody has."""
    asked = ask.json or {}
    return ask.operation in SUBMITS and not asked.get("prompt") and asked.get("index") is None


@fault(
    "midjourney.refused-with-task",
    "A refusal names a task.",
    "midjourney.submit.declined",
    source="proxies that store the task before they look at the request",
)
def refused_with_task(ask: Ask, reply: Reply) -> Reply:
    return _problem(reply, 400, result=SOME_ID) if _wrongly_asked(ask) and reply.status == 400 else reply


@fault(
    "midjourney.refused-as-accepted",
    "A refusal has the status of one and the code of success.",
    "midjourney.submit.declined",
    source="gateways that set the code when they make the answer, and the status when they send it",
)
def refused_as_accepted(ask: Ask, reply: Reply) -> Reply:
    return _problem(reply, 400, code=1) if _wrongly_asked(ask) and reply.status == 400 else reply


# ------------------------------------------------------------------------------------------------ what a fetch tells


@fault(
    "midjourney.not-yet-stored",
    "The first fetch of a new task does not find it.",
    "midjourney.poll.found",
    source="hubs that store tasks in a queue of their own",
    stateful=True,
)
def not_yet_stored() -> Spoil:
    seen: set[str] = set()

    def spoil(ask: Ask, reply: Reply) -> Reply:
        if ask.operation != FETCH or reply.status != 200 or ask.path in seen:
            return reply
        seen.add(ask.path)
        return reply if _is_prefixed(ask) else _problem(reply, 400)

    return spoil


@fault(
    "midjourney.forgotten",
    "A finished task is found once, and then no more.",
    "midjourney.poll.found",
    source="proxies that keep running tasks in memory",
    stateful=True,
)
def forgotten() -> Spoil:
    told: set[str] = set()

    def spoil(ask: Ask, reply: Reply) -> Reply:
        if ask.operation != FETCH or reply.status != 200 or _is_prefixed(ask) or reply.json["status"] not in ENDS:
            return reply
        if ask.path in told:
            return _problem(reply, 404, code=3)
        told.add(ask.path)
        return reply

    return spoil


@fault(
    "midjourney.failed-not-found",
    "A task that has failed is not found.",
    "midjourney.poll.found",
    source="hubs that delete what is given back the price of",
)
def failed_not_found(ask: Ask, reply: Reply) -> Reply:
    failed = ask.operation == FETCH and reply.status == 200 and reply.json["status"] == "FAILURE"
    return _problem(reply, 404, code=3) if failed else reply


@fault(
    "midjourney.vendor-id",
    "A fetch tells the vendor's id of the task.",
    "midjourney.poll.same-id",
    source="gateways that pass the vendor's task through",
)
@on_tasks(FETCH)
def vendor_id(task: Body) -> None:
    task["id"] = f"mj-{task['submitTime']}"


@fault(
    "midjourney.source-id",
    "A step from a picture is told under the id of the picture.",
    "midjourney.poll.same-id",
    source="proxies that find the task by the message of the vendor",
)
@on_tasks(FETCH)
def source_id(task: Body) -> None:
    if enlarged(task):
        task["id"] = SOME_ID


@fault(
    "midjourney.submitted-now",
    "The time of submission is the time of the fetch.",
    "midjourney.poll.constant",
    source="hubs that fill missing times with the present one",
)
@on_tasks(FETCH)
def submitted_now(task: Body) -> None:
    if task["status"] == "IN_PROGRESS":
        task["submitTime"] -= 1


@fault(
    "midjourney.prompt-appears-late",
    "The words of a task are told when it is finished.",
    "midjourney.poll.constant",
    also={"midjourney.poll.prompt": "before the end there is no prompt at all"},
    source="gateways that take the prompt from the vendor's news",
)
@on_tasks(FETCH)
def prompt_appears_late(task: Body) -> None:
    if task["action"] == "IMAGINE" and task["status"] not in ENDS:
        task["prompt"] = ""


@fault(
    "midjourney.buttons-as-text",
    "The buttons of a sheet are JSON inside text.",
    "midjourney.poll.shape",
    also={"midjourney.result.buttons": "there is no list of buttons"},
    source="hubs that keep buttons in a column of text",
)
@on_tasks()
def buttons_as_text(task: Body) -> None:
    if task["buttons"]:
        task["buttons"] = "[{}]"


@fault(
    "midjourney.action-of-source",
    "A step from a picture is told as a new picture.",
    "midjourney.poll.action",
    source="hubs that copy the row of the picture",
)
@on_tasks()
def action_of_source(task: Body) -> None:
    if enlarged(task):
        task["action"] = "IMAGINE"


@fault(
    "midjourney.prompt-in-ascii",
    "Characters of other scripts are lost from the prompt.",
    "midjourney.poll.prompt",
    source="databases without utf8mb4",
)
@on_tasks()
def prompt_in_ascii(task: Body) -> None:
    if task["action"] == "IMAGINE":
        task["prompt"] = task["prompt"].encode("ascii", "replace").decode()


@fault(
    "midjourney.state-dropped",
    "The state of a description is dropped.",
    "midjourney.poll.state",
    source="gateways that know the fields of new pictures only",
)
@on_tasks()
def state_dropped(task: Body) -> None:
    if task["action"] == "DESCRIBE":
        task["state"] = ""


@fault(
    "midjourney.lost-below-speed",
    "A task is not found below a speed that it was not submitted with.",
    "midjourney.mode.same",
    source="hubs that keep the tasks of each speed apart",
)
def lost_below_speed(ask: Ask, reply: Reply) -> Reply:
    return _problem(reply, 400) if ask.operation == FETCH and _is_prefixed(ask) and reply.status == 200 else reply


@fault(
    "midjourney.stale-below-speed",
    "Below a speed a finished task still waits.",
    "midjourney.mode.same",
    source="routes that pass fetches on to the vendor's other account",
)
def stale_below_speed(ask: Ask, reply: Reply) -> Reply:
    if ask.operation != FETCH or not _is_prefixed(ask) or reply.status != 200:
        return reply
    return reply.with_json({**reply.json, "status": "NOT_START", "progress": "0%", "imageUrl": "", "finishTime": 0})


# -------------------------------------------------------------------------------------------------- course of a task


@fault(
    "midjourney.small-letters",
    "The end of a step from a picture is written in small letters.",
    "midjourney.status.words",
    source="gateways that pass on the words of another vendor",
)
@on_tasks()
def small_letters(task: Body) -> None:
    if enlarged(task) and done(task):
        task["status"] = "success"


@fault(
    "midjourney.word-of-video",
    "A running task has a word of another format.",
    "midjourney.status.words",
    source="hubs with one table of tasks for all vendors",
)
@on_tasks()
def word_of_video(task: Body) -> None:
    if task["status"] == "IN_PROGRESS":
        task["status"] = "PROCESSING"


@fault(
    "midjourney.modal-first",
    "A new description waits for its caller at first.",
    "midjourney.status.first",
    source="proxies that open the vendor's window for every task",
    stateful=True,
)
def modal_first() -> Spoil:
    seen: set[str] = set()

    @on_tasks(FETCH)
    def spoil(task: Body) -> None:
        if task["action"] == "DESCRIBE" and task["id"] not in seen:
            seen.add(task["id"])
            task["status"] = "MODAL"

    return spoil


@fault(
    "midjourney.queued-again",
    "A task that runs waits again before it ends.",
    "midjourney.status.forward",
    source="hubs that take over news in the order in which they come",
)
@on_tasks(FETCH)
def queued_again(task: Body) -> None:
    swapped = {"SUBMITTED": "IN_PROGRESS", "IN_PROGRESS": "SUBMITTED"}
    task["status"] = swapped.get(task["status"], task["status"])


@fault(
    "midjourney.fails-before-it-works",
    "A new picture fails at first, and then goes on.",
    "midjourney.finished.stays",
    also={
        "midjourney.finished.same": "what is told after the first end is not what was told at it",
        "midjourney.time.finish": "a failure that is not one has no time",
        "midjourney.failure.reason": "a failure that is not one has no reason",
        "midjourney.mode.same": "the first end is not the one that stays",
        "midjourney.list.same": "the first end is not the one that stays",
        "midjourney.image.served": "the picture is not there yet",
        "midjourney.change.accepted": "the picture is not there yet",
    },
    source="novicezk/midjourney-proxy#93",
    stateful=True,
)
def fails_before_it_works() -> Spoil:
    seen: set[str] = set()

    @on_tasks(FETCH)
    def spoil(task: Body) -> None:
        if task["action"] == "IMAGINE" and task["id"] not in seen:
            seen.add(task["id"])
            task["status"] = "FAILURE"

    return spoil


def _stuck(task: Body, status: str, progress: str) -> None:
    task.update(status=status, progress=progress, imageUrl="", finishTime=0, failReason="", buttons=[])


@fault(
    "midjourney.submitted-for-ever",
    "A picture that is finished is still told as submitted.",
    "midjourney.status.ends",
    also={"midjourney.status.forward": "it ran in between"},
    source="novicezk/midjourney-proxy#217, #261, #93, #175",
)
@on_tasks()
def submitted_for_ever(task: Body) -> None:
    if done(task):
        _stuck(task, "SUBMITTED", "")


@fault(
    "midjourney.running-for-ever",
    "A picture is never more than nearly finished.",
    "midjourney.status.ends",
    source="QuantumNous/new-api#1673",
)
@on_tasks()
def running_for_ever(task: Body) -> None:
    if done(task):
        _stuck(task, "IN_PROGRESS", "99%")


@fault(
    "midjourney.refused-hangs",
    "A task that the vendor refuses hangs instead of failing.",
    "midjourney.status.ends",
    source="trueai-org/midjourney-proxy#65; zcpua/midjourney-api#164",
)
@on_tasks()
def refused_hangs(task: Body) -> None:
    if task["status"] == "FAILURE":
        _stuck(task, "IN_PROGRESS", task["progress"])


def _times_out(task: Body) -> None:
    if done(task):
        task.update(status="FAILURE", failReason="The task has timed out.")


fault(
    "midjourney.times-out-later",
    "A picture that is finished fails later, as timed out.",
    "midjourney.finished.stays",
    source="novicezk/midjourney-proxy#217",
    stateful=True,
)(on_later(_times_out))


@fault(
    "midjourney.runs-after-end",
    "A step from a finished picture sets the picture running again.",
    "midjourney.finished.stays",
    also={"midjourney.progress.not-early": "it runs with the progress of its end"},
    source="hubs that keep one row for a picture and the steps from it",
    stateful=True,
)
def runs_after_end() -> Spoil:
    stepped: set[str] = set()

    def spoil(ask: Ask, reply: Reply) -> Reply:
        if ask.operation == CHANGE and reply.status == 200:
            stepped.add((ask.json or {})["taskId"])
        if ask.operation != FETCH or reply.status != 200 or reply.json["id"] not in stepped:
            return reply
        return reply.with_json({**reply.json, "status": "IN_PROGRESS", "progress": "100%", "finishTime": 0})

    return spoil


def _ends_now(task: Body) -> None:
    task["finishTime"] += 1


def _elsewhere(task: Body) -> None:
    if task["imageUrl"]:
        task["imageUrl"] = task["imageUrl"].replace(".png", "-2.png")


fault(
    "midjourney.ends-at-fetch",
    "The time of the end moves with every fetch.",
    "midjourney.finished.same",
    source="hubs that fill missing times with the present one",
    stateful=True,
)(on_later(_ends_now))
fault(
    "midjourney.link-moves",
    "The link of a picture leads elsewhere at the second fetch.",
    "midjourney.finished.same",
    source="hubs that store the picture anew at every fetch",
    stateful=True,
)(on_later(_elsewhere))


@fault(
    "midjourney.progress-number",
    "Progress is a number.",
    "midjourney.progress.percent",
    source="gateways that translate tasks into the format of videos",
)
@on_tasks()
def progress_number(task: Body) -> None:
    task["progress"] = int(task["progress"].rstrip("%"))


@fault(
    "midjourney.progress-over-100",
    "Progress is beyond 100% for a while.",
    "midjourney.progress.percent",
    also={"midjourney.progress.rises": "it comes back to 100%"},
    source="hubs that reckon progress from the usual time",
)
@on_tasks()
def progress_over_100(task: Body) -> None:
    if task["status"] == "IN_PROGRESS":
        task["progress"] = f"{100 + int(task['progress'].rstrip('%'))}%"


@fault(
    "midjourney.progress-falls",
    "Progress starts again in the middle of a task.",
    "midjourney.progress.rises",
    source="upscaling in two passes, each with its own progress",
)
@on_tasks()
def progress_falls(task: Body) -> None:
    if task["status"] in ("SUBMITTED", "IN_PROGRESS"):
        task["progress"] = "90%" if task["status"] == "SUBMITTED" else "5%"


@fault(
    "midjourney.done-at-99",
    "A step from a picture succeeds at 99%.",
    "midjourney.progress.complete",
    source="novicezk/midjourney-proxy#217",
)
@on_tasks()
def done_at_99(task: Body) -> None:
    if enlarged(task) and done(task):
        task["progress"] = "99%"


@fault(
    "midjourney.done-without-progress",
    "A description succeeds without any progress.",
    "midjourney.progress.complete",
    also={"midjourney.progress.percent": "there is no percentage"},
    source="novicezk/midjourney-proxy#217",
)
@on_tasks()
def done_without_progress(task: Body) -> None:
    if task["action"] == "DESCRIBE" and done(task):
        task["progress"] = ""


@fault(
    "midjourney.complete-too-early",
    "A task that nearly has ended says 100%.",
    "midjourney.progress.not-early",
    source="hubs that round progress up",
)
@on_tasks()
def complete_too_early(task: Body) -> None:
    if task["status"] == "IN_PROGRESS" and int(task["progress"].rstrip("%")) >= 50:
        task["progress"] = "100%"


@fault(
    "midjourney.start-in-seconds",
    "The time of the start is in seconds.",
    "midjourney.time.order",
    source="hubs with two columns of times in two units",
)
@on_tasks()
def start_in_seconds(task: Body) -> None:
    task["startTime"] //= 1000


@fault(
    "midjourney.failure-before-start",
    "A task that fails ends before it started.",
    "midjourney.time.order",
    source="hubs that fill the start of failed tasks in afterwards",
)
@on_tasks()
def failure_before_start(task: Body) -> None:
    if task["status"] == "FAILURE":
        task["finishTime"] = task["startTime"] - 1


@fault(
    "midjourney.seconds",
    "All times are in seconds.",
    "midjourney.time.milliseconds",
    source="hubs with one table of tasks for all vendors",
)
@on_tasks()
def seconds(task: Body) -> None:
    for name in ("submitTime", "startTime", "finishTime"):
        task[name] //= 1000


@fault(
    "midjourney.end-from-the-start",
    "The time of the end is there from the start.",
    "midjourney.time.finish",
    source="hubs that set all times with the submission",
)
@on_tasks()
def end_from_the_start(task: Body) -> None:
    task["finishTime"] = task["finishTime"] or task["startTime"] or task["submitTime"]


# ------------------------------------------------------------------------------------------------------------ results


def _link(change: Callable[[str], Any], when: Callable[[Body], bool] = done) -> Spoil:
    """A fault of links."""

    @on_tasks()
    def spoil(task: Body) -> None:
        if task["imageUrl"] and when(task):
            task["imageUrl"] = change(task["imageUrl"])

    return spoil


fault(
    "midjourney.relative-link",
    "The link of a picture has no host.",
    "midjourney.result.link",
    source="hubs whose own address was never set",
)(_link(lambda link: "/" + link.split("/", 3)[3]))
fault(
    "midjourney.no-link",
    "A step from a picture succeeds without a link.",
    "midjourney.result.link",
    source="novicezk/midjourney-proxy#261",
)(_link(lambda link: None, enlarged))
fault(
    "midjourney.link-to-nowhere",
    "The link of a picture leads to the address that the hub listens on.",
    "midjourney.result.reachable",
    source="QuantumNous/new-api builds links from a server address that nobody has set",
)(_link(lambda link: "http://0.0.0.0:3000/" + link.split("/", 3)[3]))


def _on_picture(*operations: str) -> Callable[[Callable[[Reply], Reply]], Spoil]:
    def wrap(change: Callable[[Reply], Reply]) -> Spoil:
        return lambda ask, reply: change(reply) if ask.operation in operations and reply.status == 200 else reply

    return wrap


fault(
    "midjourney.link-needs-credential",
    "The link of a picture is served to callers with a credential only.",
    "midjourney.result.served",
    source="hubs that put all routes behind the gate",
)(_on_picture(PICTURE)(lambda reply: _problem(reply, 401)))
fault(
    "midjourney.link-as-text",
    "The picture behind a link is labelled as text.",
    "midjourney.result.served",
    source="stores without media types",
)(_on_picture(PICTURE)(lambda reply: reply.with_header("content-type", "text/plain")))
fault(
    "midjourney.picture-cut",
    "The second half of the picture behind a link is missing.",
    "midjourney.result.picture",
    source="gateways with a limit on the body of an upstream",
)(_on_picture(PICTURE)(lambda reply: reply.with_body(reply.body[: len(reply.body) // 2])))


@fault(
    "midjourney.ratio-dropped",
    "Parameters are cut off the prompt.",
    "midjourney.result.ratio",
    source="gateways that clean prompts",
)
@_on_picture(PICTURE, IMAGE)
def ratio_dropped(reply: Reply) -> Reply:
    return reply.with_body(_reworked(reply.body, lambda p: p.resize((p.height, p.height)) if p.width > p.height else p))


@fault(
    "midjourney.dimensions-dropped",
    "The shape of a blend is dropped.",
    "midjourney.blend.dimensions",
    source="gateways that know the fields of new pictures only",
)
@_on_picture(PICTURE)
def dimensions_dropped(reply: Reply) -> Reply:
    return reply.with_body(_reworked(reply.body, lambda p: p.resize((p.width, p.width)) if p.height > p.width else p))


@fault(
    "midjourney.reason-of-success",
    "A picture that is finished keeps the reason of an earlier attempt.",
    "midjourney.result.no-reason",
    source="hubs that try again on another account",
)
@on_tasks()
def reason_of_success(task: Body) -> None:
    if done(task):
        task["failReason"] = "The account has no time left."


@fault(
    "midjourney.buttons-without-id",
    "The buttons of a sheet have no customId.",
    "midjourney.result.buttons",
    source="gateways that keep the labels alone",
)
@on_tasks()
def buttons_without_id(task: Body) -> None:
    for button in task["buttons"]:
        button.pop("customId")


@fault(
    "midjourney.image-not-found",
    "The route for pictures does not find any.",
    "midjourney.image.served",
    source="hubs that look the picture up by the vendor's id",
)
@_on_picture(IMAGE)
def image_not_found(reply: Reply) -> Reply:
    error = {"error": "midjourney_task_not_found"}
    return reply.with_header("content-type", "application/json").with_status(400).with_json(error)


fault(
    "midjourney.image-as-text",
    "The picture of the route for pictures is labelled as text.",
    "midjourney.image.served",
    source="proxies that guess the media type",
)(_on_picture(IMAGE)(lambda reply: reply.with_header("content-type", "text/plain; charset=utf-8")))
fault(
    "midjourney.page-as-image",
    "The route for pictures sends an error page under the label of a picture.",
    "midjourney.image.picture",
    source="proxies that pass a body on without its status",
)(_on_picture(IMAGE)(lambda reply: reply.with_body(b"<!doctype html><title>Access denied</title>")))
fault(
    "midjourney.preview-as-image",
    "The route for pictures sends a preview.",
    "midjourney.image.same",
    source="proxies that fetch the vendor's thumbnail",
)(_on_picture(IMAGE)(lambda reply: reply.with_body(png(48, 32))))


def _is_early(ask: Ask, reply: Reply) -> bool:
    return ask.operation == IMAGE and reply.status == 400


@fault(
    "midjourney.early-image-fails",
    "The picture of a task that is not finished makes the hub fail.",
    "midjourney.image.early",
    source="QuantumNous/new-api: http_get_image_failed",
)
def early_image_fails(ask: Ask, reply: Reply) -> Reply:
    return reply.with_status(500).with_json({"error": "http_get_image_failed"}) if _is_early(ask, reply) else reply


@fault(
    "midjourney.early-image-empty",
    "The picture of a task that is not finished is empty.",
    "midjourney.image.early",
    source="proxies that pass on what is not there",
)
def early_image_empty(ask: Ask, reply: Reply) -> Reply:
    if not _is_early(ask, reply):
        return reply
    return reply.with_status(200).with_header("content-type", "image/jpeg").with_body(b"")


def _failure(reason: Any) -> Spoil:
    @on_tasks()
    def spoil(task: Body) -> None:
        if task["status"] == "FAILURE":
            task["failReason"] = reason

    return spoil


fault(
    "midjourney.failure-without-reason",
    "A task fails without a reason.",
    "midjourney.failure.reason",
    source="trueai-org/midjourney-proxy#65",
)(_failure(""))
fault(
    "midjourney.reason-none",
    "The reason of a failure is the word for nothing.",
    "midjourney.failure.reason",
    source="gateways that turn every value into text",
)(_failure("None"))


@fault(
    "midjourney.parameter-passed-over",
    "A parameter that does not exist is passed over.",
    "midjourney.failure.bad-parameter",
    source="novicezk/midjourney-proxy#249",
)
@on_tasks()
def parameter_passed_over(task: Body) -> None:
    if task["status"] == "FAILURE":
        link = "https://pictures.example.com/1.png"
        task.update(status="SUCCESS", progress="100%", failReason="", imageUrl=link)


# ---------------------------------------------------------------------------------------------- steps from a picture


def _steps(index: int, status: int) -> Callable[[Ask, Reply], bool]:
    """Steps from a known picture that name this one of the sheet, and that the hub answers so."""

    def chosen(ask: Ask, reply: Reply) -> bool:
        asked = ask.json or {}
        known = asked.get("action") == "UPSCALE" and "taskId" in asked and asked.get("index") == index
        return ask.operation == CHANGE and reply.status == status and known

    return chosen


def _when(chosen: Callable[[Ask, Reply], bool], change: Callable[[Reply], Reply]) -> Spoil:
    return lambda ask, reply: change(reply) if chosen(ask, reply) else reply


def _taken(reply: Reply) -> Reply:
    return reply.with_status(200).with_json(TAKEN)


fault(
    "midjourney.no-steps",
    "A finished picture is taken for an unfinished one.",
    "midjourney.change.accepted",
    source="hubs that compare the status in small letters",
)(_when(_steps(2, 200), lambda reply: _problem(reply, 400)))
fault(
    "midjourney.steps-declined",
    "A step from a finished picture is declined with HTTP 200.",
    "midjourney.change.accepted",
    source="proxies that have forgotten the message of the vendor",
)(_when(_steps(2, 200), lambda reply: _problem(reply, 200)))
fault(
    "midjourney.steps-from-nothing",
    "A step from an unfinished picture is taken in.",
    "midjourney.change.too-early",
    source="gateways that leave all checks to the vendor",
)(_when(_steps(2, 400), _taken))
fault(
    "midjourney.early-step-fails",
    "A step from an unfinished picture makes the hub fail.",
    "midjourney.change.too-early",
    source="gateways that read the picture's message without looking",
)(_when(_steps(2, 400), lambda reply: reply.with_status(500)))
fault(
    "midjourney.ninth-picture",
    "A ninth picture of a sheet is enlarged.",
    "midjourney.change.index",
    source="QuantumNous/new-api refuses nothing but 0",
)(_when(_steps(9, 400), _taken))


@fault(
    "midjourney.nothing-described",
    "A description is empty.",
    "midjourney.describe.text",
    source="proxies that look for the words in the wrong place of the vendor's message",
)
@on_tasks()
def nothing_described(task: Body) -> None:
    if task["action"] == "DESCRIBE" and done(task):
        task.update(prompt="", promptEn="", properties=None)


# -------------------------------------------------------------------------------------------------- several at once


def on_lists(change: Callable[[Body, list[Body]], Any]) -> Spoil:
    """A fault of a function from `(asked, tasks)` to what is sent instead."""

    def spoil(ask: Ask, reply: Reply) -> Reply:
        if ask.operation != LIST or reply.status != 200 or ask.json is None:
            return reply
        return reply.with_json(change(ask.json, reply.json))

    return spoil


fault(
    "midjourney.list-in-envelope",
    "A list of tasks stands in an envelope.",
    "midjourney.list.array",
    source="gateways with one envelope for all tasks",
)(on_lists(lambda _asked, tasks: {"code": 1, "description": "Success", "result": tasks}))
fault(
    "midjourney.failed-not-listed",
    "Tasks that have failed are left out of lists.",
    "midjourney.list.exact",
    source="daiki-beppu/youtube-automation#2543",
)(on_lists(lambda _asked, tasks: [task for task in tasks if task["status"] != "FAILURE"]))
fault(
    "midjourney.one-listed",
    "A list stops at the first id that is not known.",
    "midjourney.list.exact",
    source="hubs that read tasks one by one",
)(on_lists(lambda _asked, tasks: tasks[:1]))
fault(
    "midjourney.listed-twice",
    "A task of several stands in a list twice.",
    "midjourney.list.exact",
    source="joins over the steps from a task",
)(on_lists(lambda _asked, tasks: tasks + tasks[1:]))


@fault(
    "midjourney.unknown-listed",
    "An unknown id is listed as an empty task.",
    "midjourney.list.exact",
    "midjourney.list.unknown",
    source="hubs that make one entry for each id",
)
@on_lists
def unknown_listed(asked: Body, tasks: list[Body]) -> list[Body]:
    known = {task["id"] for task in tasks}
    return tasks + [{"id": id, "status": "", "progress": ""} for id in asked.get("ids", ()) if id not in known]


@fault(
    "midjourney.list-lags",
    "A list tells an older state than a fetch.",
    "midjourney.list.same",
    source="hubs that answer lists from a cache",
)
@on_lists
def list_lags(_asked: Body, tasks: list[Body]) -> list[Body]:
    for task in tasks:
        _stuck(task, "IN_PROGRESS", "50%")
    return tasks


@fault(
    "midjourney.list-without-link",
    "The picture of a task is not in a list.",
    "midjourney.list.same",
    source="hubs that rewrite links in one of two places",
)
@on_lists
def list_without_link(_asked: Body, tasks: list[Body]) -> list[Body]:
    return [{**task, "imageUrl": ""} for task in tasks]


@fault(
    "midjourney.everything-listed",
    "An empty list of ids gives the tasks of everybody.",
    "midjourney.list.empty",
    source="queries that leave out an empty condition",
)
@on_lists
def everything_listed(asked: Body, tasks: list[Body]) -> list[Body]:
    stranger = {"id": SOME_ID, "action": "IMAGINE", "prompt": "A secret", "status": "SUCCESS", "progress": "100%"}
    return tasks if asked.get("ids") else [stranger]


@fault(
    "midjourney.unknown-refuses-list",
    "A list with nothing but an unknown id is refused.",
    "midjourney.list.unknown",
    source="hubs that take an empty result for an error",
)
def unknown_refuses_list(ask: Ask, reply: Reply) -> Reply:
    nobody = ask.operation == LIST and reply.status == 200 and (ask.json or {}).get("ids") and reply.json == []
    return _problem(reply, 404, code=3) if nobody else reply


# ----------------------------------------------------------------------------------------------------------- refusals


def _wrong(operation: str, field: str, wrong: Callable[[Any], bool]) -> Callable[[Ask, Reply], bool]:
    """Requests that are refused for what is, or is not, in a field; a missing one is `...`."""

    def chosen(ask: Ask, reply: Reply) -> bool:
        refused = ask.operation == operation and reply.status in (400, 404) and ask.json is not None
        return refused and wrong((ask.json or {}).get(field, ...))

    return chosen


def _absent(value: Any) -> bool:
    return value is ...


def _fails(reply: Reply) -> Reply:
    return reply.with_status(500)


fault(
    "midjourney.nothing-imagined",
    "A picture of nothing is made.",
    "midjourney.refusal.prompt-missing",
    source="proxies that send an empty prompt upstream",
)(_when(_wrong(IMAGINE, "prompt", _absent), _taken))
fault(
    "midjourney.nothing-fails",
    "A picture of nothing makes the hub fail.",
    "midjourney.refusal.prompt-missing",
    source="gateways that report what they cannot read as their own failure",
)(_when(_wrong(IMAGINE, "prompt", _absent), _fails))
fault(
    "midjourney.text-described",
    "Text in the place of a picture is taken in.",
    "midjourney.refusal.no-picture",
    source="QuantumNous/new-api: no field is checked",
)(_when(_wrong(DESCRIBE, "base64", lambda value: isinstance(value, str)), _taken))
fault(
    "midjourney.one-blended",
    "A single picture is blended.",
    "midjourney.refusal.few-pictures",
    source="QuantumNous/new-api: no field is checked",
)(_when(_wrong(BLEND, "base64Array", lambda value: isinstance(value, list)), _taken))
fault(
    "midjourney.few-fail",
    "A blend of too few pictures makes the hub fail.",
    "midjourney.refusal.few-pictures",
    source="gateways that read the second picture without looking",
)(_when(_wrong(BLEND, "base64Array", lambda value: isinstance(value, list)), _fails))


def _from_nobody(ask: Ask, reply: Reply) -> bool:
    return ask.operation == CHANGE and reply.status == 404


def _to_nothing(ask: Ask, reply: Reply) -> bool:
    return ask.operation == CHANGE and (ask.json or {}).get("action") == "EXPLODE"


fault(
    "midjourney.step-from-nobody",
    "A step from an unknown task is taken in.",
    "midjourney.refusal.task-unknown",
    source="gateways that leave all checks to the vendor",
)(_when(_from_nobody, _taken))


@fault(
    "midjourney.openai-refusals",
    "Refusals have the envelope of another format.",
    "midjourney.refusal.envelope",
    source="gateways with one envelope for all formats",
)
def openai_refusals(ask: Ask, reply: Reply) -> Reply:
    if ask.operation not in SUBMITS or reply.status != 400:
        return reply
    error = {"message": reply.json["description"], "type": "invalid_request_error", "param": None, "code": None}
    return reply.with_json({"error": error})


@fault(
    "midjourney.code-word",
    "The code of a refusal is a word.",
    "midjourney.refusal.envelope",
    source="gateways that put their own codes into the format's envelope",
)
def code_word(ask: Ask, reply: Reply) -> Reply:
    if ask.operation != FETCH or reply.status != 404:
        return reply
    return reply.with_json({**reply.json, "code": "task_not_found"})


def _unknown(ask: Ask, reply: Reply) -> bool:
    return ask.operation == FETCH and reply.status == 404 and ask.path.isascii() and len(ask.path) < 100


def _odd(ask: Ask, reply: Reply) -> bool:
    return ask.operation == FETCH and reply.status == 404 and (not ask.path.isascii() or len(ask.path) > 100)


fault(
    "midjourney.unknown-as-empty",
    "A task that nobody has is told as an empty one.",
    "midjourney.unknown.refused",
    source="hubs that send the empty row",
)(_when(_unknown, lambda reply: reply.with_status(200).with_json({"id": "", "status": "", "progress": ""})))
fault(
    "midjourney.unknown-fails",
    "A task that nobody has makes the hub fail.",
    "midjourney.unknown.refused",
    source="gateways that read the row without looking",
)(_when(_unknown, _fails))
fault(
    "midjourney.unknown-is-wrong",
    "A task that nobody has is a wrong request.",
    "midjourney.unknown.not-found",
    source="QuantumNous/new-api: 400 task_no_found",
)(_when(_unknown, lambda reply: reply.with_status(400)))
fault(
    "midjourney.odd-id-fails",
    "An id that no task can have makes the hub fail.",
    "midjourney.unknown.odd-id",
    source="databases that refuse what is too long for a column",
)(_when(_odd, _fails))


def _image_of_nobody(ask: Ask, reply: Reply) -> bool:
    return ask.operation == IMAGE and reply.status == 404


fault(
    "midjourney.unknown-image-fails",
    "The picture of a task that nobody has makes the hub fail.",
    "midjourney.image.unknown",
    source="proxies that fetch an empty address",
)(_when(_image_of_nobody, _fails))
fault(
    "midjourney.unknown-image-empty",
    "The picture of a task that nobody has is empty.",
    "midjourney.image.unknown",
    source="proxies that pass on what is not there",
)(_when(_image_of_nobody, lambda reply: reply.with_status(200).with_header("content-type", "image/png").with_body(b"")))
