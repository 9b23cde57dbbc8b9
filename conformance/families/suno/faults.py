"""Faults of the Suno routes."""

from collections.abc import Callable
from typing import Any

from conformance.hub.faults.base import Ask, Reply, Spoil, fault
from conformance.hub.faults.shaping import Body

SUBMIT, FETCH, BATCH, SONG = "suno-submit", "suno-fetch", "suno-fetch-batch", "suno-song"
SOME_ID = "7f3a9c41-d2e8-4b60-9c41-0000000000aa"
TAKEN: Body = {"code": "success", "message": "", "data": SOME_ID}
ENDS = ("SUCCESS", "FAILURE")
Change = Callable[[Body], Any]


def on_submits(change: Callable[[Body], Any]) -> Spoil:
    """Makes a fault of a function that changes the answer to a submission in place."""

    def spoil(ask: Ask, reply: Reply) -> Reply:
        if ask.operation != SUBMIT or reply.status != 200:
            return reply
        answer = reply.json
        change(answer)
        return reply.with_json(answer)

    return spoil


def on_tasks(*operations: str) -> Callable[[Change], Spoil]:
    """Makes a fault of a function that changes a task in place, wherever one is told."""

    def wrap(change: Change) -> Spoil:
        def spoil(ask: Ask, reply: Reply) -> Reply:
            if ask.operation not in (operations or (FETCH, BATCH)) or reply.status != 200:
                return reply
            value = reply.json
            for task in value["data"] if isinstance(value["data"], list) else [value["data"]]:
                change(task)
            return reply if value == reply.json else reply.with_json(value)

        return spoil

    return wrap


def on_songs(change: Change, *, first: bool = False) -> Spoil:
    """Makes a fault of a function that changes a song of a finished task in place; with `first` the first one only."""

    @on_tasks()
    def spoil(task: Body) -> None:
        songs = task["data"] if isinstance(task["data"], list) and task["status"] == "SUCCESS" else []
        for song in songs[:1] if first else songs:
            change(song)

    return spoil


def on_later(change: Change) -> Callable[[], Spoil]:
    """A fault of every fetch of a finished task but the first one."""

    def start() -> Spoil:
        told: set[str] = set()

        @on_tasks(FETCH)
        def spoil(task: Body) -> None:
            if task["status"] in ENDS and task["task_id"] in told:
                change(task)
            elif task["status"] in ENDS:
                told.add(task["task_id"])

        return spoil

    return start


def _problem(reply: Reply, status: int, code: str = "task_not_exist", **more: Any) -> Reply:
    error = {"code": code, "message": "The request cannot be served.", "data": None, **more}
    return reply.with_header("content-type", "application/json").with_status(status).with_json(error)


def done(task: Body) -> bool:
    """Whether a task has succeeded."""
    return bool(task["status"] == "SUCCESS")


# -------------------------------------------------------------------------------------------------------- submissions


@fault(
    "suno.code-number",
    "The code of a submission is a number.",
    "suno.submit.envelope",
    source="vendors whose envelope has 200 as its code",
)
@on_submits
def code_number(answer: Body) -> None:
    answer.update(code=200, data={"task_id": answer["data"]})


@fault(
    "suno.id-in-object",
    "The id of a new task stands in an object.",
    "suno.submit.envelope",
    source="gateways that pass the vendor's answer through",
)
@on_submits
def id_in_object(answer: Body) -> None:
    answer["data"] = {"task_id": answer["data"], "status": "SUBMITTED"}


@fault(
    "suno.no-id",
    "A submission is taken in, and not said as what.",
    "suno.submit.id",
    source="gateways that store the task after they have answered",
)
@on_submits
def no_id(answer: Body) -> None:
    answer["data"] = ""


@fault(
    "suno.same-id",
    "Every task has the same id.",
    "suno.submit.new-id",
    source="ids that are made of the caller and the second",
    stateful=True,
)
def same_id() -> Spoil:
    first: list[str] = []

    @on_submits
    def spoil(answer: Body) -> None:
        first.append(answer["data"])
        answer["data"] = first[0]

    return spoil


@fault(
    "suno.message-null",
    "The message of a submission is null.",
    "suno.submit.shape",
    source="languages in which an absent text is null",
)
@on_submits
def message_null(answer: Body) -> None:
    answer["message"] = None


# ------------------------------------------------------------------------------------------------ what a fetch tells


@fault(
    "suno.not-yet-stored",
    "The first fetch of a new task does not find it.",
    "suno.poll.found",
    source="hubs that store tasks in a queue of their own",
    stateful=True,
)
def not_yet_stored() -> Spoil:
    seen: set[str] = set()

    def spoil(ask: Ask, reply: Reply) -> Reply:
        if ask.operation != FETCH or reply.status != 200 or ask.path in seen:
            return reply
        seen.add(ask.path)
        return _problem(reply, 400)

    return spoil


@fault(
    "suno.vendor-unreachable",
    "A fetch fails while the vendor cannot be asked.",
    "suno.poll.found",
    source="elizaOS/eliza#18719",
)
def vendor_unreachable(ask: Ask, reply: Reply) -> Reply:
    running = ask.operation == FETCH and reply.status == 200 and reply.json["data"]["status"] == "IN_PROGRESS"
    return _problem(reply, 503, "fail_to_fetch_task") if running else reply


@fault(
    "suno.failed-vanishes",
    "A task that has failed is told as nothing.",
    "suno.poll.found",
    also={"errors.status": "the answer says that it is no success"},
    source="AceDataCloud/Nexior#1355",
)
def failed_vanishes(ask: Ask, reply: Reply) -> Reply:
    if ask.operation != FETCH or reply.status != 200 or reply.json["data"]["status"] != "FAILURE":
        return reply
    return reply.with_json({"success": False, "task_id": reply.json["data"]["task_id"], "data": []})


@fault(
    "suno.task-at-top",
    "A task is told without the envelope.",
    "suno.poll.envelope",
    source="hubs that translate tasks into the format of videos",
)
def task_at_top(ask: Ask, reply: Reply) -> Reply:
    return reply.with_json(reply.json["data"]) if ask.operation == FETCH and reply.status == 200 else reply


@fault(
    "suno.code-of-task",
    "The code of the envelope is the status of the task.",
    "suno.poll.envelope",
    source="gateways with one word for both",
)
def code_of_task(ask: Ask, reply: Reply) -> Reply:
    if ask.operation != FETCH or reply.status != 200 or reply.json["data"]["status"] != "FAILURE":
        return reply
    return reply.with_json({**reply.json, "code": "FAILURE"})


@fault(
    "suno.vendor-id",
    "A fetch tells the vendor's id of the task.",
    "suno.poll.same-id",
    source="gateways that pass the vendor's task through",
)
@on_tasks(FETCH)
def vendor_id(task: Body) -> None:
    if task["status"] != "QUEUED":
        task["task_id"] = SOME_ID


@fault(
    "suno.submitted-later",
    "The time of submission is told anew when the task runs.",
    "suno.poll.constant",
    source="hubs that store a task again when the vendor takes it in",
)
@on_tasks()
def submitted_later(task: Body) -> None:
    if task["status"] == "QUEUED":
        task["submit_time"] -= 2


fault(
    "suno.metadata-as-text",
    "A song's metadata are JSON inside text.",
    "suno.poll.shape",
    source="hubs that keep metadata in a column of text",
)(on_songs(lambda song: song.update(metadata="{}")))


@fault(
    "suno.action-small",
    "The action is written in small letters.",
    "suno.poll.action",
    source="hubs that store the word of the path",
)
@on_tasks()
def action_small(task: Body) -> None:
    task["action"] = task["action"].lower()


# -------------------------------------------------------------------------------------------------- course of a task


@fault(
    "suno.vendor-words",
    "A finished task has the vendor's word.",
    "suno.status.words",
    source="gateways that copy the vendor's status",
)
@on_tasks()
def vendor_words(task: Body) -> None:
    if done(task):
        task["status"] = "Success"


@fault(
    "suno.queued-again",
    "A task that runs waits again before it ends.",
    "suno.status.forward",
    source="hubs that take over news in the order in which they come",
)
@on_tasks(FETCH)
def queued_again(task: Body) -> None:
    swapped = {"QUEUED": "IN_PROGRESS", "IN_PROGRESS": "QUEUED"}
    task["status"] = swapped.get(task["status"], task["status"])


@fault(
    "suno.lyrics-hang",
    "Lyrics that are finished are still told as running.",
    "suno.status.ends",
    source="gateways that wait for a sound in every task",
)
@on_tasks()
def lyrics_hang(task: Body) -> None:
    if task["action"] == "LYRICS" and done(task):
        task.update(status="IN_PROGRESS", progress="0%", finish_time=0, data=None)


@fault(
    "suno.failed-hangs",
    "A task that the vendor has given up hangs.",
    "suno.status.ends",
    source="daiki-beppu/youtube-automation#2543",
)
@on_tasks()
def failed_hangs(task: Body) -> None:
    if task["status"] == "FAILURE":
        task.update(status="IN_PROGRESS", progress="0%", finish_time=0, fail_reason="")


def _fails_later(task: Body) -> None:
    if done(task):
        task.update(status="FAILURE", fail_reason="The task has timed out.")


def _song_goes(task: Body) -> None:
    if isinstance(task["data"], list):
        task["data"] = task["data"][:1]


def _link_moves(task: Body) -> None:
    if isinstance(task["data"], list):
        task["data"][1]["audio_url"] = task["data"][1]["audio_url"].replace("/songs/", "/kept/")


fault(
    "suno.times-out-later",
    "A task that is finished fails later, as timed out.",
    "suno.finished.stays",
    source="sweepers that look at the time alone",
    stateful=True,
)(on_later(_fails_later))
fault(
    "suno.song-goes",
    "The second fetch of a finished task has one song less.",
    "suno.finished.same",
    source="hubs that keep one clip of a task",
    stateful=True,
)(on_later(_song_goes))
fault(
    "suno.link-moves",
    "The link of a song leads elsewhere at the second fetch.",
    "suno.finished.same",
    source="hubs that store the sound anew at every fetch",
    stateful=True,
)(on_later(_link_moves))


@fault(
    "suno.progress-number",
    "Progress is a number.",
    "suno.progress.percent",
    source="hubs that translate tasks into the format of videos",
)
@on_tasks()
def progress_number(task: Body) -> None:
    task["progress"] = int(task["progress"].rstrip("%"))


@fault(
    "suno.progress-falls",
    "Progress of a running task is lost between two fetches.",
    "suno.progress.rises",
    source="hubs with two copies of a task",
    stateful=True,
)
def progress_falls() -> Spoil:
    seen: set[str] = set()

    @on_tasks(FETCH)
    def spoil(task: Body) -> None:
        if task["task_id"] not in seen:
            seen.add(task["task_id"])
            task["progress"] = task["progress"] if task["status"] in ENDS else "30%"

    return spoil


@fault(
    "suno.done-at-0",
    "A task succeeds at 0%.",
    "suno.progress.complete",
    source="hubs that never look at progress",
)
@on_tasks()
def done_at_0(task: Body) -> None:
    if done(task):
        task["progress"] = "0%"


@fault(
    "suno.complete-too-early",
    "A running task says 100%.",
    "suno.progress.not-early",
    source="hubs that know two figures only",
)
@on_tasks()
def complete_too_early(task: Body) -> None:
    if task["status"] == "IN_PROGRESS":
        task["progress"] = "100%"


@fault(
    "suno.start-before-submission",
    "A task starts before its submission.",
    "suno.time.order",
    source="vendors whose clock is behind",
)
@on_tasks()
def start_before_submission(task: Body) -> None:
    if task["start_time"]:
        task["start_time"] = task["submit_time"] - 7


@fault(
    "suno.end-before-start",
    "A task that fails ends before it started.",
    "suno.time.order",
    source="hubs that fill the start of failed tasks in afterwards",
)
@on_tasks()
def end_before_start(task: Body) -> None:
    if task["status"] == "FAILURE":
        task["finish_time"] = task["start_time"] - 1


@fault(
    "suno.milliseconds",
    "Times are in milliseconds.",
    "suno.time.seconds",
    source="hubs with one table of tasks for all vendors",
)
@on_tasks()
def milliseconds(task: Body) -> None:
    for name in ("submit_time", "start_time", "finish_time"):
        task[name] *= 1000


@fault(
    "suno.no-end-time",
    "A task that has failed has no time of its end.",
    "suno.time.finish",
    source="hubs that set it with success alone",
)
@on_tasks()
def no_end_time(task: Body) -> None:
    if task["status"] == "FAILURE":
        task["finish_time"] = 0


def _failure(reason: Any) -> Spoil:
    @on_tasks()
    def spoil(task: Body) -> None:
        if task["status"] == "FAILURE":
            task["fail_reason"] = reason

    return spoil


fault(
    "suno.failure-without-reason",
    "A task fails without a reason.",
    "suno.failure.reason",
    source="AceDataCloud/Nexior#1355",
)(_failure(""))
fault(
    "suno.reason-null",
    "The reason of a failure is the word for nothing.",
    "suno.failure.reason",
    source="gateways that turn every value into text",
)(_failure("null"))


@fault(
    "suno.link-as-reason",
    "The reason of a success is a link.",
    "suno.result.no-reason",
    source="QuantumNous/new-api does so with videos",
)
@on_tasks()
def link_as_reason(task: Body) -> None:
    if done(task) and task["action"] == "MUSIC":
        task["fail_reason"] = task["data"][0]["audio_url"]


# ------------------------------------------------------------------------------------------------------------ results


@fault(
    "suno.no-songs",
    "A task succeeds without any song.",
    "suno.songs.present",
    source="AceDataCloud/Nexior#1355",
)
@on_tasks()
def no_songs(task: Body) -> None:
    if done(task) and task["action"] == "MUSIC":
        task["data"] = []


fault(
    "suno.song-without-id",
    "The second song has no id.",
    "suno.songs.present",
    source="gateways that copy the members they know",
)(on_songs(lambda song: song.update(id="") if song["id"].endswith("-2") else None))
fault(
    "suno.success-without-sound",
    "The first song of a finished task has no link yet.",
    "suno.songs.link",
    source="gcui-art/suno-api#85",
)(on_songs(lambda song: song.update(audio_url=""), first=True))
fault(
    "suno.none-mp3",
    "The link of the first song ends in None.mp3.",
    "suno.songs.placeholder",
    source="gcui-art/suno-api#146, #135, #119",
)(on_songs(lambda song: song.update(audio_url="https://cdn1.example.com/None.mp3"), first=True))


@fault(
    "suno.none-mp3-early",
    "The links of songs that are not finished end in undefined.mp3.",
    "suno.songs.placeholder",
    source="gcui-art/suno-api#146",
)
@on_tasks()
def none_mp3_early(task: Body) -> None:
    if task["status"] == "IN_PROGRESS":
        for song in task["data"] or ():
            song["audio_url"] = "https://cdn1.example.com/undefined.mp3"


fault(
    "suno.link-to-nowhere",
    "The link of the second song leads to the address that the hub listens on.",
    "suno.songs.reachable",
    source="hubs that build links from the address they listen on",
)(on_songs(lambda song: song.update(audio_url="http://0.0.0.0:3000/2.mp3") if song["id"].endswith("-2") else None))


def _on_sound(change: Callable[[Reply], Reply]) -> Spoil:
    return lambda ask, reply: change(reply) if ask.operation == SONG and reply.status == 200 else reply


fault(
    "suno.sound-forbidden",
    "The link of a song is served to callers with a credential only.",
    "suno.songs.served",
    source="gcui-art/suno-api#135",
)(_on_sound(lambda reply: _problem(reply, 403)))
fault(
    "suno.sound-as-page",
    "The sound behind a link is labelled as a web page.",
    "suno.songs.served",
    source="stores without media types",
)(_on_sound(lambda reply: reply.with_header("content-type", "text/html")))
fault(
    "suno.sound-empty",
    "The file behind the link of a song is empty.",
    "suno.songs.sound",
    source="gcui-art/suno-api#119",
)(_on_sound(lambda reply: reply.with_body(b"")))
fault(
    "suno.error-as-sound",
    "The link of a song leads to an error under the label of a sound.",
    "suno.songs.sound",
    source="stores that fix the label by the ending of the name",
)(_on_sound(lambda reply: reply.with_body(b"<Error><Code>AccessDenied</Code></Error>")))
fault(
    "suno.duration-in-milliseconds",
    "The length of a song is told in milliseconds.",
    "suno.songs.duration",
    source="vendors that reckon in milliseconds",
)(on_songs(lambda song: song["metadata"].update(duration=3200)))


@fault(
    "suno.same-song-twice",
    "The second song is the first one.",
    "suno.songs.different",
    source="gateways that repeat one clip to fill the list",
)
@on_tasks()
def same_song_twice(task: Body) -> None:
    if done(task) and isinstance(task["data"], list):
        task["data"][1] = task["data"][0]


fault(
    "suno.title-dropped",
    "Songs have a title of the vendor's own.",
    "suno.songs.title",
    source="gateways that pass the words on alone",
)(on_songs(lambda song: song.update(title="Untitled")))


def _rewrites(song: Body) -> None:
    song["text"] = "[Verse]\nSomething else entirely"
    song["metadata"]["prompt"] = song["text"]


def _flattens(song: Body) -> None:
    song["text"] = song["text"].encode("ascii", "replace").decode()
    song["metadata"]["prompt"] = song["text"]


fault(
    "suno.words-as-topic",
    "The words that were sent are taken for a topic.",
    "suno.songs.words",
    source="gateways that know one of the two fields",
)(on_songs(_rewrites))
fault(
    "suno.words-in-ascii",
    "Characters of other scripts are lost from the words.",
    "suno.songs.words",
    source="databases without utf8mb4",
)(on_songs(_flattens))
fault(
    "suno.tags-dropped",
    "Songs have a style of the vendor's own.",
    "suno.songs.tags",
    source="gateways that pass the words on alone",
)(on_songs(lambda song: song["metadata"].update(tags="pop")))


@fault(
    "suno.lyrics-as-songs",
    "Lyrics come as a list of songs.",
    "suno.lyrics.text",
    source="gateways with one form for both kinds",
)
@on_tasks()
def lyrics_as_songs(task: Body) -> None:
    if done(task) and task["action"] == "LYRICS":
        task["data"] = [task["data"]]


@fault(
    "suno.lyrics-empty",
    "Lyrics are empty.",
    "suno.lyrics.text",
    source="gateways that look for the text in the wrong place",
)
@on_tasks()
def lyrics_empty(task: Body) -> None:
    if done(task) and task["action"] == "LYRICS":
        task["data"]["text"] = ""


# -------------------------------------------------------------------------------------------------- several at once


def on_batches(change: Callable[[Body, Any], Any]) -> Spoil:
    """A fault of a function from `(asked, tasks)` to what is sent as data instead."""

    def spoil(ask: Ask, reply: Reply) -> Reply:
        if ask.operation != BATCH or reply.status != 200 or ask.json is None:
            return reply
        return reply.with_json({**reply.json, "data": change(ask.json, reply.json["data"])})

    return spoil


@fault(
    "suno.batch-bare",
    "Several tasks come without the envelope.",
    "suno.batch.envelope",
    source="vendors whose feed is a bare list",
)
def batch_bare(ask: Ask, reply: Reply) -> Reply:
    return reply.with_json(reply.json["data"]) if ask.operation == BATCH and reply.status == 200 else reply


fault(
    "suno.batch-by-id",
    "Several tasks come as an object by their ids.",
    "suno.batch.envelope",
    source="hubs that keep tasks in a map",
)(on_batches(lambda _asked, tasks: {task["task_id"]: task for task in tasks} or tasks))
fault(
    "suno.failed-not-listed",
    "Tasks that have failed are left out of lists.",
    "suno.batch.exact",
    source="daiki-beppu/youtube-automation#2543",
)(on_batches(lambda _asked, tasks: [task for task in tasks if task["status"] != "FAILURE"]))


@fault(
    "suno.unknown-listed",
    "An unknown id is listed as an empty task.",
    "suno.batch.exact",
    "suno.batch.unknown",
    source="hubs that make one entry for each id",
)
@on_batches
def unknown_listed(asked: Body, tasks: list[Body]) -> list[Body]:
    known = {task["task_id"] for task in tasks}
    return tasks + [{"task_id": id, "status": "UNKNOWN"} for id in asked.get("ids", ()) if id not in known]


@fault(
    "suno.batch-lags",
    "A list tells an older state than a fetch.",
    "suno.batch.same",
    source="hubs that answer lists from a cache",
)
@on_batches
def batch_lags(_asked: Body, tasks: list[Body]) -> list[Body]:
    return [{**task, "status": "IN_PROGRESS", "progress": "0%", "finish_time": 0, "data": None} for task in tasks]


@fault(
    "suno.batch-without-songs",
    "Songs in a list have no links.",
    "suno.batch.same",
    source="hubs that rewrite links in one of two places",
)
@on_batches
def batch_without_songs(_asked: Body, tasks: list[Body]) -> list[Body]:
    for task in tasks:
        for song in task["data"] or ():
            song["audio_url"] = ""
    return tasks


fault(
    "suno.everything-listed",
    "An empty list of ids gives the tasks of everybody.",
    "suno.batch.empty",
    source="queries that leave out an empty condition",
)(on_batches(lambda asked, tasks: tasks if asked.get("ids") else [{"task_id": SOME_ID, "status": "SUCCESS"}]))


@fault(
    "suno.unknown-refuses-batch",
    "A list with nothing but an unknown id is refused.",
    "suno.batch.unknown",
    source="hubs that take an empty result for an error",
)
def unknown_refuses_batch(ask: Ask, reply: Reply) -> Reply:
    nobody = ask.operation == BATCH and reply.status == 200 and (ask.json or {}).get("ids")
    return _problem(reply, 400) if nobody and reply.json["data"] == [] else reply


fault(
    "suno.batch-null",
    "The list of tasks is null when none is known.",
    "suno.batch.list",
    source="QuantumNous/new-api: a nil slice as JSON",
)(on_batches(lambda asked, tasks: tasks or (None if asked.get("ids") else [])))


# ----------------------------------------------------------------------------------------------------------- refusals


def _asked_for(kind: str, wrong: Callable[[Body], bool]) -> Callable[[Ask, Reply], bool]:
    """Refused submissions of a kind whose body is wrong in this way."""

    def chosen(ask: Ask, reply: Reply) -> bool:
        asked = ask.json
        refused = ask.operation == SUBMIT and reply.status in (400, 404) and asked is not None
        return refused and ask.path.endswith(f"/{kind}") and wrong(asked or {})

    return chosen


def _when(chosen: Callable[[Ask, Reply], bool], change: Callable[[Reply], Reply]) -> Spoil:
    return lambda ask, reply: change(reply) if chosen(ask, reply) else reply


def _taken(reply: Reply) -> Reply:
    return reply.with_status(200).with_json(TAKEN)


def _fails(reply: Reply) -> Reply:
    return reply.with_status(500)


fault(
    "suno.nothing-sung",
    "Music of nothing is made.",
    "suno.refusal.nothing",
    source="gateways that leave all checks to the vendor",
)(_when(_asked_for("music", lambda asked: "prompt" not in asked), _taken))
fault(
    "suno.nothing-fails",
    "Music of nothing makes the hub fail.",
    "suno.refusal.nothing",
    source="gateways that report what they cannot read as their own failure",
)(_when(_asked_for("music", lambda asked: "prompt" not in asked), _fails))
fault(
    "suno.nothing-written",
    "Lyrics about nothing are taken in.",
    "suno.refusal.lyrics-prompt",
    source="gateways that check the fields of music for both kinds",
)(_when(_asked_for("lyrics", lambda asked: "prompt" not in asked), _taken))
fault(
    "suno.clip-alone",
    "A clip without its task is continued as a new song.",
    "suno.refusal.clip-alone",
    source="gateways that leave all checks to the vendor",
)(_when(_asked_for("music", lambda asked: "continue_clip_id" in asked and "task_id" not in asked), _taken))
fault(
    "suno.clip-of-nobody",
    "A clip of an unknown task is continued as a new song.",
    "suno.refusal.task-unknown",
    source="gateways that leave all checks to the vendor",
)(_when(_asked_for("music", lambda asked: "task_id" in asked), _taken))
fault(
    "suno.kind-overloaded",
    "Work of an unknown kind makes the hub look overloaded.",
    "suno.refusal.kind",
    source="QuantumNous/new-api: 503 model_not_found",
)(_when(_asked_for("no-such-kind", lambda _asked: True), lambda reply: reply.with_status(503)))
fault(
    "suno.kind-guessed",
    "Work of an unknown kind is taken for music.",
    "suno.refusal.kind",
    source="routers with a default",
)(_when(_asked_for("no-such-kind", lambda _asked: True), _taken))


@fault(
    "suno.another-model-sings",
    "Another model sings in the place of an unknown one.",
    "suno.refusal.unknown-model",
    source="gateways that fall back to a default model",
)
@on_tasks()
def another_model_sings(task: Body) -> None:
    if task["status"] == "FAILURE":
        song = {"id": SOME_ID, "audio_url": "https://cdn1.example.com/1.mp3"}
        task.update(status="SUCCESS", fail_reason="", data=[song])


@fault(
    "suno.refused-as-success",
    "The code of a refusal is success.",
    "suno.refusal.code",
    also={"suno.refusal.envelope": "the schema rules that word out", "errors.envelope": "so does the contract's"},
    source="gateways that set the code when they make the answer, and the status when they send it",
)
def refused_as_success(ask: Ask, reply: Reply) -> Reply:
    wrong = ask.operation == SUBMIT and reply.status == 400 and ask.path.endswith("/lyrics")
    return reply.with_json({**reply.json, "code": "success"}) if wrong else reply


@fault(
    "suno.refused-with-task",
    "A refusal names a task.",
    "suno.refusal.code",
    source="hubs that store the task before they look at the request",
)
def refused_with_task(ask: Ask, reply: Reply) -> Reply:
    wrong = ask.operation == SUBMIT and reply.status == 400 and "title" in (ask.json or {})
    return reply.with_json({**reply.json, "data": SOME_ID}) if wrong else reply


@fault(
    "suno.openai-refusals",
    "Refusals have the envelope of another format.",
    "suno.refusal.envelope",
    source="gateways with one envelope for all formats",
)
def openai_refusals(ask: Ask, reply: Reply) -> Reply:
    if ask.operation != SUBMIT or reply.status != 400 or "title" not in (ask.json or {}):
        return reply
    error = {"message": reply.json["message"], "type": "invalid_request_error", "param": None, "code": None}
    return reply.with_json({"error": error})


def _unknown(ask: Ask, reply: Reply) -> bool:
    return ask.operation == FETCH and reply.status == 404 and ask.path.isascii() and len(ask.path) < 100


def _odd(ask: Ask, reply: Reply) -> bool:
    return ask.operation == FETCH and reply.status == 404 and (not ask.path.isascii() or len(ask.path) > 100)


fault(
    "suno.unknown-as-null",
    "A task that nobody has is told as null, with success.",
    "suno.unknown.refused",
    source="hubs that send the empty row",
)(_when(_unknown, lambda reply: reply.with_status(200).with_json({**TAKEN, "data": None})))
fault(
    "suno.unknown-fails",
    "A task that nobody has makes the hub fail.",
    "suno.unknown.refused",
    source="gateways that read the row without looking",
)(_when(_unknown, _fails))
fault(
    "suno.unknown-is-wrong",
    "A task that nobody has is a wrong request.",
    "suno.unknown.not-found",
    source="QuantumNous/new-api: 400 task_not_exist",
)(_when(_unknown, lambda reply: reply.with_status(400)))
fault(
    "suno.odd-id-fails",
    "An id that no task can have makes the hub fail.",
    "suno.unknown.odd-id",
    source="databases that refuse what is too long for a column",
)(_when(_odd, _fails))
