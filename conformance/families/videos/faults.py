"""Faults of videos."""

import time
from collections import Counter
from collections.abc import Callable
from email.utils import parsedate_to_datetime
from typing import Any

from conformance.hub.faults.base import Ask, Reply, Spoil, fault
from conformance.hub.faults.shaping import Body

CREATE, RETRIEVE, CONTENT, REMIX = "videos-create", "videos-retrieve", "videos-content", "videos-remix"
SORA = (CREATE, RETRIEVE, REMIX)
KLING_SUBMIT = ("kling-text2video-create", "kling-image2video-create")
KLING_POLL = ("kling-text2video-retrieve", "kling-image2video-retrieve")
SUBMIT, POLL = "video-generations-create", "video-generations-retrieve"
JIMENG = "jimeng-video"
FILM = "videos-film"
STORED = {"queued": "QUEUED", "in_progress": "IN_PROGRESS", "completed": "SUCCESS", "failed": "FAILURE"}
FROM_JIMENG = {"in_queue": "QUEUED", "generating": "IN_PROGRESS", "done": "SUCCESS"}
NOW = 1_790_000_000
UNFINISHED = ("queued", "in_progress")
CLAIMED = "what a claimed operation answers is not 200"
ERROR_500 = "a valid request is answered with a server error"

Change = Callable[[Ask, Body], Any]
When = Callable[[Ask, Body], bool]


def on_told(*operations: str, when: When = lambda _ask, _answer: True) -> Callable[[Change], Spoil]:
    """Makes a fault of a function `(ask, answer)` that changes an answer about a task in place, or returns another."""

    def wrap(change: Change) -> Spoil:
        def spoil(ask: Ask, reply: Reply) -> Reply:
            if ask.operation not in operations or reply.status != 200 or not reply.is_json:
                return reply
            answer = reply.json
            if not when(ask, answer):
                return reply
            made = change(ask, answer)
            told = answer if made is None else made
            return reply if told == reply.json else reply.with_json(told)

        return spoil

    return wrap


def on_repeats(*operations: str, when: When, after: int = 0) -> Callable[[Change], Callable[[], Spoil]]:
    """The same for answers about one task of which `when` is true, from the one after the first `after` on; the number
    of those before is in `answer["nth"]`."""

    def wrap(change: Change) -> Callable[[], Spoil]:
        def fresh() -> Spoil:
            seen: Counter[str] = Counter()

            def counted(ask: Ask, answer: Body) -> Any:
                nth = seen[_task(ask)]
                seen[_task(ask)] += 1
                if nth < after:
                    return None
                answer["nth"] = nth
                made = change(ask, answer)
                answer.pop("nth", None)
                return made

            return on_told(*operations, when=when)(counted)

        return fresh

    return wrap


def _task(ask: Ask) -> str:
    return str((ask.json or {}).get("task_id")) if ask.operation == JIMENG else ask.path


def refuses(
    *operations: str,
    status: int,
    code: str,
    when: Callable[[Ask, Reply], bool] = lambda _ask, _reply: True,
    was: tuple[int, ...] = (200,),
) -> Spoil:
    """A fault that answers with an error, in the envelope of the operation."""

    def spoil(ask: Ask, reply: Reply) -> Reply:
        if ask.operation not in operations or reply.status not in was or not when(ask, reply):
            return reply
        error: Any = {"code": code, "message": "It cannot be served.", "data": None}
        if ask.operation in (CONTENT, FILM):
            kind = "server_error" if status >= 500 else "invalid_request_error"
            error = {"error": {"message": "It cannot be served.", "type": kind, "param": None, "code": code}}
        return reply.with_header("content-type", "application/json").with_status(status).with_json(error)

    return spoil


def instead(
    *operations: str, answer: Body, when: Callable[[Ask, Body], bool], was: tuple[int, ...] = (400, 404)
) -> Spoil:
    """A fault that serves what it should refuse; `when` sees the refusal."""

    def spoil(ask: Ask, reply: Reply) -> Reply:
        if ask.operation not in operations or reply.status not in was or not reply.is_json or not when(ask, reply.json):
            return reply
        return reply.with_header("content-type", "application/json").with_status(200).with_json(answer)

    return spoil


def status(*words: str) -> When:
    """Answers with one of these statuses."""
    return lambda _ask, answer: _inner(answer).get("status") in words


def _inner(answer: Body) -> Body:
    """The object that tells of the task: Jimeng has it in `data`."""
    data = answer.get("data")
    return data if isinstance(data, dict) else answer


def submits(ask: Ask, _answer: Body) -> bool:
    """Submissions in the Jimeng format."""
    return "SubmitTask" in ask.query


def looks_up(ask: Ask, answer: Body) -> bool:
    """Look-ups in the Jimeng format."""
    return not submits(ask, answer)


# ------------------------------------------------------------------------------------------------------------- shapes


def _video(id: str, model: str, reply: Reply) -> Body:
    """A video object as new as the reply: evidence may be spoiled long after it was recorded."""
    date = reply.header("date")
    return {
        "id": id,
        "task_id": id,
        "object": "video",
        "model": model,
        "status": "",
        "progress": 0,
        "created_at": int(parsedate_to_datetime(date).timestamp() if date else time.time()),
    }


def _stored(id: str, word: str, link: str | None, reason: str) -> Body:
    over = word in ("SUCCESS", "FAILURE")
    return {
        "code": "success",
        "message": "",
        "data": {
            "task_id": id,
            "action": "generate",
            "status": word,
            "fail_reason": link or reason,
            "submit_time": NOW,
            "start_time": 0 if word == "QUEUED" else NOW + 1,
            "finish_time": NOW + 2 if over else 0,
            "progress": {"QUEUED": "20%", "IN_PROGRESS": "30%"}.get(word, "100%"),
            "data": {"task_id": id, "task_status": word.lower()},
        },
    }


@fault(
    "videos.sora-enveloped",
    "Look-ups in the Sora format have an envelope around the video.",
    "videos.sora.shape",
    source="tigerowo/infinite-canvas#39",
)
@on_told(RETRIEVE)
def sora_enveloped(_ask: Ask, answer: Body) -> Body:
    return {"code": "success", "message": "", "data": dict(answer)}


@fault(
    "videos.sora-created-as-text",
    "created_at is text.",
    "videos.sora.shape",
    source="gateways that keep times as text",
)
@on_told(*SORA)
def sora_created_as_text(_ask: Ask, answer: Body) -> None:
    answer["created_at"] = str(answer["created_at"])


@fault(
    "videos.remix-object",
    "A remix has another word in object.",
    "videos.sora.shape",
    source="vendors that call it video.remix",
)
@on_told(REMIX)
def remix_object(_ask: Ask, answer: Body) -> None:
    answer["object"] = "video.remix"


@fault(
    "videos.sora-without-progress",
    "A video that waits has no progress.",
    "videos.sora.shape",
    source="servers that leave zeros out",
)
@on_told(*SORA, when=status("queued"))
def sora_without_progress(_ask: Ask, answer: Body) -> None:
    del answer["progress"]


@fault(
    "videos.sora-nulls-left-out",
    "Members that are null are left out.",
    "videos.sora.members",
    source="new-api: omitempty",
)
@on_told(*SORA)
def sora_nulls_left_out(_ask: Ask, answer: Body) -> Body:
    return {name: value for name, value in answer.items() if value is not None}


@fault(
    "videos.seconds-as-number",
    "The length is a number.",
    "videos.sora.seconds-told",
    source="servers that follow the type of the vendor's own field",
)
@on_told(*SORA)
def seconds_as_number(_ask: Ask, answer: Body) -> None:
    answer["seconds"] = int(answer["seconds"])


@fault(
    "videos.seconds-left-out",
    "Look-ups do not tell the length.",
    "videos.sora.seconds-told",
    also={"videos.sora.members": "it is one of the members"},
    source="new-api: seconds is left out when the vendor does not repeat it",
)
@on_told(RETRIEVE)
def seconds_left_out(_ask: Ask, answer: Body) -> None:
    del answer["seconds"]


@fault(
    "videos.size-replaced",
    "The size is that of the vendor's default.",
    "videos.sora.settings",
    also={"videos.result.size": "the film has the size that was asked for"},
    source="gateways that do not pass the size on",
)
@on_told(*SORA)
def size_replaced(_ask: Ask, answer: Body) -> None:
    answer["size"] = "1280x720"


@fault(
    "videos.length-replaced",
    "The length is that of the vendor's default.",
    "videos.sora.settings",
    also={"videos.result.length": "the film has the length that was asked for"},
    source="gateways that do not pass the length on",
)
@on_told(*SORA)
def length_replaced(_ask: Ask, answer: Body) -> None:
    answer["seconds"] = "8"


@fault("videos.model-replaced", "The model is the vendor's name of it.", "videos.sora.model", source="plain logic")
@on_told(*SORA)
def model_replaced(_ask: Ask, answer: Body) -> None:
    answer["model"] = "video-worker-7b"


@fault(
    "videos.json-refused",
    "A submission as JSON is refused.",
    "videos.sora.json",
    source="servers that know the form alone",
)
def json_refused(ask: Ask, reply: Reply) -> Reply:
    return refuses(CREATE, status=415, code="invalid_request", when=lambda ask, _reply: ask.json is not None)(
        ask, reply
    )


@fault(
    "videos.kling-submit-as-video",
    "A submission in the Kling format is answered with a video object whose status is empty.",
    "videos.kling.submit-shape",
    source="new-api before 2026-02",
)
def kling_submit_as_video(ask: Ask, reply: Reply) -> Reply:
    def as_video(ask: Ask, answer: Body) -> Body:
        return _video(answer["task_id"], (ask.json or {}).get("model", ""), reply)

    return on_told(*KLING_SUBMIT)(as_video)(ask, reply)


@fault(
    "videos.kling-poll-stored",
    "A look-up in the Kling format is answered with the stored task in an envelope, its words in capitals.",
    "videos.kling.poll-shape",
    source="new-api: TaskDto",
)
@on_told(*KLING_POLL)
def kling_poll_stored(_ask: Ask, answer: Body) -> Body:
    reason = (answer["error"] or {}).get("message", "")
    return _stored(answer["task_id"], STORED[answer["status"]], answer["url"], reason)


@fault(
    "videos.kling-poll-native",
    "A look-up in the Kling format is answered in the vendor's own form.",
    "videos.kling.poll-shape",
    source="gateways that relay Kling's answers; QuantumNous/new-api#2532",
)
@on_told(*KLING_POLL)
def kling_poll_native(_ask: Ask, answer: Body) -> Body:
    word = {"queued": "submitted", "in_progress": "processing", "completed": "succeed", "failed": "failed"}
    videos = [{"id": "v1", "url": answer["url"], "duration": "5"}] if answer["url"] else []
    data: Body = {"task_id": answer["task_id"], "task_status": word[answer["status"]], "created_at": NOW * 1000}
    data |= {"task_status_msg": (answer["error"] or {}).get("message", ""), "task_result": {"videos": videos}}
    return {"code": 0, "message": "SUCCEED", "request_id": "r1", "data": data}


@fault(
    "videos.kling-duration-refused",
    "A length as a number is a server error in the Kling format.",
    "videos.kling.duration-number",
    also={"errors.valid-request-served": ERROR_500},
    source="new-api: build_request_failed",
)
def kling_duration_refused(ask: Ask, reply: Reply) -> Reply:
    def numeric(ask: Ask, _reply: Reply) -> bool:
        return isinstance((ask.json or {}).get("duration"), int)

    return refuses(*KLING_SUBMIT, status=500, code="build_request_failed", when=numeric)(ask, reply)


@fault(
    "videos.generic-submit-bare",
    "A submission in the generic format is answered with the id and nothing else.",
    "videos.generic.submit-shape",
    source="new-api: Doubao and Vertex",
)
@on_told(SUBMIT)
def generic_submit_bare(_ask: Ask, answer: Body) -> Body:
    return {"task_id": answer["task_id"]}


@fault(
    "videos.generic-poll-stored",
    "A look-up in the generic format is answered with the stored task in an envelope, its words in capitals.",
    "videos.generic.poll-shape",
    source="new-api: TaskDto",
)
@on_told(POLL)
def generic_poll_stored(_ask: Ask, answer: Body) -> Body:
    return _stored(answer["task_id"], STORED[answer["status"]], answer["url"], "")


@fault(
    "videos.generic-poll-live",
    "A look-up in the generic format has an envelope around the vendor's own words.",
    "videos.generic.poll-shape",
    source="new-api: Gemini and Vertex",
)
@on_told(POLL)
def generic_poll_live(_ask: Ask, answer: Body) -> Body:
    word = {"in_progress": "processing", "completed": "succeeded"}.get(answer["status"], answer["status"])
    return {"code": "success", "message": "", "data": {**answer, "status": word, "metadata": None}}


@fault(
    "videos.generic-metadata-as-text",
    "The length in metadata is text.",
    "videos.generic.poll-shape",
    source="gateways that relay the vendor's text",
)
@on_told(POLL, when=status("completed"))
def generic_metadata_as_text(_ask: Ask, answer: Body) -> None:
    answer["metadata"]["duration"] = str(round(answer["metadata"]["duration"]))


@fault(
    "videos.jimeng-submit-as-video",
    "A submission in the Jimeng format is answered with a video object.",
    "videos.jimeng.submit-shape",
    source="new-api",
)
def jimeng_submit_as_video(ask: Ask, reply: Reply) -> Reply:
    def as_video(ask: Ask, answer: Body) -> Body:
        return _video(answer["data"]["task_id"], (ask.json or {}).get("req_key", ""), reply)

    return on_told(JIMENG, when=submits)(as_video)(ask, reply)


@fault(
    "videos.jimeng-code",
    "A submission in the Jimeng format that was taken in is answered with code 0.",
    "videos.jimeng.submit-shape",
    also={"videos.task.ends": "the code says that something went wrong"},
    source="gateways with a code of their own",
)
@on_told(JIMENG, when=submits)
def jimeng_code(_ask: Ask, answer: Body) -> None:
    answer["code"] = 0


@fault(
    "videos.jimeng-poll-stored",
    "A look-up in the Jimeng format is answered with the stored task in an envelope.",
    "videos.jimeng.poll-shape",
    source="new-api: TaskDto",
)
@on_told(JIMENG, when=looks_up)
def jimeng_poll_stored(_ask: Ask, answer: Body) -> Body:
    data = answer["data"]
    return _stored(data["task_id"], FROM_JIMENG[data["status"]], data["video_url"], "")


@fault(
    "videos.jimeng-code-as-text",
    "The code of a look-up in the Jimeng format is text.",
    "videos.jimeng.poll-shape",
    source="hubs whose codes are words",
)
@on_told(JIMENG, when=looks_up)
def jimeng_code_as_text(_ask: Ask, answer: Body) -> None:
    answer["code"] = str(answer["code"])


@fault(
    "videos.jimeng-words",
    "A task in the Jimeng format that is being made is called processing.",
    "videos.jimeng.words",
    source="gateways with words of their own",
)
@on_told(JIMENG, when=status("generating"))
def jimeng_words(_ask: Ask, answer: Body) -> None:
    answer["data"]["status"] = "processing"


# -------------------------------------------------------------------------------------------------------- submissions


@fault(
    "videos.id-empty",
    "A submission in the generic format is answered with an empty id.",
    "videos.submit.id",
    source="gateways that answer before the vendor has named the task",
)
@on_told(SUBMIT)
def id_empty(_ask: Ask, answer: Body) -> None:
    answer["task_id"] = ""


@fault(
    "videos.id-null",
    "A submission as a form in the Sora format is answered with null for an id.",
    "videos.submit.id",
    source="gateways that answer before the vendor has named the task",
)
@on_told(CREATE, when=lambda ask, _answer: ask.json is None)
def id_null(_ask: Ask, answer: Body) -> None:
    answer["id"] = None


@fault(
    "videos.id-used-twice",
    "Two submissions in the Sora format get one id.",
    "videos.submit.unique",
    also={"videos.remix.source": "the remix names another id than its source was given"},
    source="ids that are made of what was asked for",
    stateful=True,
)
def id_used_twice() -> Spoil:
    given: list[str] = []

    def again(_ask: Ask, answer: Body) -> None:
        given.append(answer["id"])
        answer["id"] = given[0]

    return on_told(CREATE)(again)


@fault(
    "videos.submitted-word",
    "A new task in the Kling format has the vendor's word for waiting.",
    "videos.submit.pending",
    source="gateways that relay Kling's words",
)
@on_told(*KLING_SUBMIT)
def submitted_word(_ask: Ask, answer: Body) -> None:
    answer["status"] = "submitted"


# ------------------------------------------------------------------------------------------- from submission to end


def _first_look(*operations: str, status: int, code: str) -> Callable[[], Spoil]:
    def fresh() -> Spoil:
        seen: set[str] = set()

        def first(ask: Ask, _reply: Reply) -> bool:
            new = _task(ask) not in seen and (ask.operation != JIMENG or "GetResult" in ask.query)
            seen.add(_task(ask))
            return new

        return refuses(*operations, status=status, code=code, when=first)

    return fresh


@fault(
    "videos.unknown-at-first",
    "A task in the Sora format is unknown when it is first looked up.",
    "videos.task.known",
    also={"transport.status-200": CLAIMED},
    source="hubs that store tasks after they have answered",
    stateful=True,
)
def unknown_at_first() -> Spoil:
    return _first_look(RETRIEVE, status=404, code="task_not_exist")()


@fault(
    "videos.broken-at-first",
    "A task in the generic format is a server error when it is first looked up.",
    "videos.task.known",
    also={"errors.valid-request-served": ERROR_500},
    source="QuantumNous/new-api#5927",
    stateful=True,
)
def broken_at_first() -> Spoil:
    return _first_look(POLL, status=500, code="get_task_failed")()


@fault(
    "videos.vendor-id",
    "Look-ups name the vendor's id of the task.",
    "videos.task.id-kept",
    source="gateways that relay the vendor's answer",
)
@on_told(RETRIEVE, POLL)
def vendor_id(_ask: Ask, answer: Body) -> None:
    answer["id" if "id" in answer else "task_id"] = "cgt-20261123-x7"


@fault(
    "videos.id-missing",
    "Look-ups in the Kling format do not name the task when it is done.",
    "videos.task.id-kept",
    source="gateways that relay the vendor's answer",
)
@on_told(*KLING_POLL, when=status("completed"))
def id_missing(_ask: Ask, answer: Body) -> None:
    del answer["task_id"]


@fault(
    "videos.created-anew",
    "created_at is the time of the look-up.",
    "videos.task.facts-kept",
    source="gateways that build the object for every answer",
    stateful=True,
)
def created_anew() -> Spoil:
    def later(_ask: Ask, answer: Body) -> None:
        answer["created_at"] += 0 if answer["completed_at"] else 1 + answer["nth"]

    return on_repeats(RETRIEVE, when=lambda _ask, _answer: True)(later)()


@fault(
    "videos.prompt-rewritten",
    "The prompt of a completed video is the vendor's version of it.",
    "videos.task.facts-kept",
    source="vendors that revise prompts",
)
@on_told(RETRIEVE, when=status("completed"))
def prompt_rewritten(_ask: Ask, answer: Body) -> None:
    answer["prompt"] += " Cinematic, 35 mm."


@fault(
    "videos.word-processing",
    "A video in the Sora format that is being made is called processing.",
    "videos.task.words",
    source="ArcReel/ArcReel#410",
)
@on_told(*SORA, when=status("in_progress"))
def word_processing(_ask: Ask, answer: Body) -> None:
    answer["status"] = "processing"


@fault(
    "videos.word-not-start",
    "A new video in the Sora format is called NOT_START.",
    "videos.task.words",
    also={
        "videos.submit.pending": "it is the first status",
        "videos.remix.pending": "it is the first status of a remix",
    },
    source="ArcReel/ArcReel#1889",
)
@on_told(*SORA, when=status("queued"))
def word_not_start(_ask: Ask, answer: Body) -> None:
    answer["status"] = "NOT_START"


@fault(
    "videos.word-succeeded",
    "A completed video in the generic format is called succeeded.",
    "videos.task.words",
    source="new-api: the example of its own documents",
)
@on_told(POLL, when=status("completed"))
def word_succeeded(_ask: Ask, answer: Body) -> None:
    answer["status"] = "succeeded"


@fault(
    "videos.word-capitals",
    "The words of the Kling format are in capitals.",
    "videos.task.words",
    source="hubs that show what they store",
)
@on_told(*KLING_POLL)
def word_capitals(_ask: Ask, answer: Body) -> None:
    answer["status"] = answer["status"].upper()


@fault(
    "videos.back-to-queued",
    "A video in the Sora format that is said to be made when it is taken in is queued at the first look-up.",
    "videos.task.forward",
    source="gateways that answer with the vendor's word and store one of their own",
)
@on_told(CREATE, RETRIEVE, when=status(*UNFINISHED))
def back_to_queued(ask: Ask, answer: Body) -> None:
    answer["status"] = "in_progress" if ask.operation == CREATE else "queued"


@fault(
    "videos.back-in-queue",
    "A video in the Jimeng format is in the queue again after it was being made.",
    "videos.task.forward",
    source="several writers of one row",
    stateful=True,
)
def back_in_queue() -> Spoil:
    def back(_ask: Ask, answer: Body) -> None:
        if not answer["nth"]:
            answer["data"].update(status="in_queue", video_url=None)

    return on_repeats(JIMENG, when=status("done"))(back)()


@fault(
    "videos.endless",
    "A video in the Sora format never ends.",
    "videos.task.ends",
    source="hubs that lose the vendor's task",
)
@on_told(RETRIEVE, when=status("completed"))
def endless(_ask: Ask, answer: Body) -> None:
    answer.update(status="in_progress", progress=90, completed_at=None, expires_at=None)


@fault(
    "videos.generic-endless",
    "A video in the generic format never ends.",
    "videos.task.ends",
    source="hubs that do not know the vendor's word for success",
)
@on_told(POLL, when=status("completed"))
def generic_endless(_ask: Ask, answer: Body) -> None:
    answer.update(status="in_progress", url=None, metadata=None, format=None)


@fault(
    "videos.fails-always",
    "A plain task in the generic format fails.",
    "videos.task.succeeds",
    source="QuantumNous/new-api#5927",
)
@on_told(POLL, when=status("completed"))
def fails_always(_ask: Ask, answer: Body) -> None:
    error = {"code": 50500, "message": "The vendor's message was not understood."}
    answer.update(status="failed", url=None, metadata=None, format=None, error=error)


@fault(
    "videos.goes-on-after-its-end",
    "A completed video in the Sora format is being made again.",
    "videos.task.end-kept",
    source="several writers of one row",
    stateful=True,
)
def goes_on_after_its_end() -> Spoil:
    def again(_ask: Ask, answer: Body) -> None:
        answer.update(status="in_progress", completed_at=None, expires_at=None)

    return on_repeats(RETRIEVE, when=status("completed"), after=1)(again)()


@fault(
    "videos.fails-after-its-end",
    "A completed video in the Kling format fails later.",
    "videos.task.end-kept",
    source="hubs that ask the vendor again, who has forgotten",
    stateful=True,
)
def fails_after_its_end() -> Spoil:
    def gone(_ask: Ask, answer: Body) -> None:
        answer.update(status="failed", url=None, metadata=None, error={"code": 404, "message": "It is gone."})

    return on_repeats(*KLING_POLL, when=status("completed"), after=1)(gone)()


@fault(
    "videos.link-only-once",
    "The link to the film is there in one answer alone.",
    "videos.task.answer-kept",
    source="hubs that relay the vendor's answer and do not store it",
    stateful=True,
)
def link_only_once() -> Spoil:
    def gone(_ask: Ask, answer: Body) -> None:
        answer["url"] = None

    return on_repeats(POLL, when=status("completed"), after=1)(gone)()


@fault(
    "videos.completed-anew",
    "completed_at is the time of the look-up.",
    "videos.task.answer-kept",
    source="gateways that build the object for every answer",
    stateful=True,
)
def completed_anew() -> Spoil:
    def later(_ask: Ask, answer: Body) -> None:
        answer["completed_at"] += answer["nth"]

    return on_repeats(RETRIEVE, when=status("completed"))(later)()


@fault(
    "videos.progress-as-text",
    "Progress is a percentage in text.",
    "videos.progress.range",
    source="new-api: the progress of a stored task",
)
@on_told(*SORA)
def progress_as_text(_ask: Ask, answer: Body) -> None:
    answer["progress"] = f"{answer['progress']}%"


@fault(
    "videos.progress-as-fraction",
    "Progress is a fraction.",
    "videos.progress.range",
    also={"videos.progress.complete": "it is 1 at the end"},
    source="vendors that tell a share",
)
@on_told(*SORA)
def progress_as_fraction(_ask: Ask, answer: Body) -> None:
    answer["progress"] /= 100


@fault(
    "videos.progress-negative",
    "Progress is -1 while a video waits.",
    "videos.progress.range",
    source="servers for which -1 is unknown",
)
@on_told(*SORA, when=status("queued"))
def progress_negative(_ask: Ask, answer: Body) -> None:
    answer["progress"] = -1


@fault(
    "videos.progress-falls",
    "Progress counts the upload first, and then starts anew.",
    "videos.progress.forward",
    source="vendors with several stages",
)
@on_told(CREATE, RETRIEVE, when=status(*UNFINISHED))
def progress_falls(ask: Ask, answer: Body) -> None:
    answer["progress"] = 90 if ask.operation == CREATE else 10


@fault(
    "videos.progress-incomplete",
    "Progress is 99 when a video is completed.",
    "videos.progress.complete",
    source="servers that never tell the last step",
)
@on_told(RETRIEVE, when=status("completed"))
def progress_incomplete(_ask: Ask, answer: Body) -> None:
    answer["progress"] = 99


@fault(
    "videos.milliseconds",
    "Times are in milliseconds.",
    "videos.times.now",
    source="vendors that count milliseconds",
)
@on_told(*SORA)
def milliseconds(_ask: Ask, answer: Body) -> None:
    for name in ("created_at", "completed_at", "expires_at"):
        if answer[name] is not None:
            answer[name] *= 1000


@fault(
    "videos.completed-before-created",
    "A video is completed eight hours before it was created.",
    "videos.times.order",
    source="a clock of another time zone",
)
@on_told(RETRIEVE, when=status("completed"))
def completed_before_created(_ask: Ask, answer: Body) -> None:
    answer["completed_at"] -= 8 * 3600


@fault(
    "videos.expires-before-completed",
    "The film expires before it is completed.",
    "videos.times.order",
    source="the validity in the place of the time",
)
@on_told(RETRIEVE, when=status("completed"))
def expires_before_completed(_ask: Ask, answer: Body) -> None:
    answer["expires_at"] = 86_400


@fault(
    "videos.completed-from-the-start",
    "completed_at is there from the start.",
    "videos.times.completed-at-the-end",
    source="servers that fill all times in",
)
@on_told(*SORA, when=status(*UNFINISHED))
def completed_from_the_start(_ask: Ask, answer: Body) -> None:
    answer["completed_at"] = answer["created_at"]


# ------------------------------------------------------------------------------------------------------------ failures


@fault(
    "videos.failure-without-reason",
    "A task that failed has no error.",
    "videos.failure.reason",
    source="hubs that do not store why",
)
@on_told(*KLING_POLL, when=status("failed"))
def failure_without_reason(_ask: Ask, answer: Body) -> None:
    answer["error"] = None


@fault(
    "videos.failure-without-code",
    "The error of a task that failed has no code.",
    "videos.failure.reason",
    source="hubs that store the vendor's text alone",
)
@on_told(*KLING_POLL, when=status("failed"))
def failure_without_code(_ask: Ask, answer: Body) -> None:
    del answer["error"]["code"]


@fault(
    "videos.failure-succeeds",
    "The answer about a task that failed begins like a success.",
    "videos.failure.no-success",
    source="QuantumNous/new-api#2532",
)
@on_told(*KLING_POLL, when=status("failed"))
def failure_succeeds(_ask: Ask, answer: Body) -> Body:
    return {"code": 0, "message": "SUCCEED", **answer}


@fault(
    "videos.failure-with-link",
    "A task that failed has a link.",
    "videos.failure.no-success",
    source="hubs with one member for links and reasons",
)
@on_told(*KLING_POLL, when=status("failed"))
def failure_with_link(_ask: Ask, answer: Body) -> None:
    answer["url"] = "https://films.example.com/none.mp4"


@fault(
    "videos.jimeng-failure-succeeds",
    "A failed task in the Jimeng format has code 10000.",
    "videos.failure.no-success",
    also={
        "videos.failure.reason": "the code is that of success",
        "videos.jimeng.words": "the vendor has no word for it",
        "videos.task.succeeds": "a plain task fails",
    },
    source="QuantumNous/new-api#2532",
)
@on_told(JIMENG, when=status("done"))
def jimeng_failure_succeeds(_ask: Ask, answer: Body) -> None:
    answer["data"].update(status="failed", video_url=None)


@fault(
    "videos.empty-error",
    "A video that is being made has an empty error.",
    "videos.failure.error-only-then",
    source="servers that fill all members in",
)
@on_told(*SORA, when=status("in_progress"))
def empty_error(_ask: Ask, answer: Body) -> None:
    answer["error"] = {"code": "", "message": ""}


@fault(
    "videos.early-error",
    "A task in the Kling format that runs has an error.",
    "videos.failure.error-only-then",
    source="QuantumNous/new-api#5927",
)
@on_told(*KLING_POLL, when=status(*UNFINISHED))
def early_error(_ask: Ask, answer: Body) -> None:
    answer["error"] = {"code": 1, "message": "There is no answer yet."}


# --------------------------------------------------------------------------------------------------------------- films


@fault(
    "videos.link-empty",
    "A completed task in the Kling format has an empty link.",
    "videos.result.given",
    source="TheSmallHanCat/flow2api#160",
)
@on_told(*KLING_POLL, when=status("completed"))
def link_empty(_ask: Ask, answer: Body) -> None:
    answer["url"] = ""


@fault(
    "videos.link-elsewhere",
    "The link is in another member.",
    "videos.result.given",
    source="tigerowo/infinite-canvas#39",
)
@on_told(POLL, when=status("completed"))
def link_elsewhere(_ask: Ask, answer: Body) -> None:
    answer["video"] = {"url": answer.pop("url")}


@fault(
    "videos.jimeng-link-missing",
    "A task in the Jimeng format that is done has no link.",
    "videos.result.given",
    source="QuantumNous/new-api#5927",
)
@on_told(JIMENG, when=status("done"))
def jimeng_link_missing(_ask: Ask, answer: Body) -> None:
    del answer["data"]["video_url"]


@fault(
    "videos.link-relative",
    "The link is a path.",
    "videos.result.absolute",
    source="tigerowo/infinite-canvas#39",
)
@on_told(POLL, when=status("completed"))
def link_relative(_ask: Ask, answer: Body) -> None:
    answer["url"] = "/films/" + answer["url"].rpartition("/")[2]


@fault(
    "videos.sora-link-relative",
    "A completed video in the Sora format has a path as a link.",
    "videos.result.absolute",
    source="tigerowo/infinite-canvas#39",
)
@on_told(RETRIEVE, when=status("completed"))
def sora_link_relative(_ask: Ask, answer: Body) -> None:
    answer["metadata"] = {"url": f"/v1/videos/{answer['id']}/content"}


@fault(
    "videos.link-inside",
    "The link leads to the address that the server listens on.",
    "videos.result.reachable",
    source="xtekky/gpt4free#2740",
)
@on_told(JIMENG, when=status("done"))
def link_inside(_ask: Ask, answer: Body) -> None:
    answer["data"]["video_url"] = "http://0.0.0.0:3000/" + answer["data"]["video_url"].partition("/films/")[2]


@fault(
    "videos.link-forbidden",
    "The link is refused to the owner.",
    "videos.result.served",
    source="links whose signature is cut off",
)
def link_forbidden(ask: Ask, reply: Reply) -> Reply:
    return refuses(FILM, status=403, code="signature_expired")(ask, reply)


@fault(
    "videos.link-labelled-as-text",
    "What the link leads to is labelled as text.",
    "videos.result.type",
    source="stores that do not know the type",
)
def link_labelled_as_text(ask: Ask, reply: Reply) -> Reply:
    return reply.with_header("content-type", "text/plain") if ask.operation == FILM else reply


@fault(
    "videos.link-to-half-a-film",
    "What the link leads to is half a film.",
    "videos.result.film",
    source="downloads that are stored although they broke off",
)
def link_to_half_a_film(ask: Ask, reply: Reply) -> Reply:
    if ask.operation != FILM or reply.status != 200:
        return reply
    return reply.with_body(reply.body[: len(reply.body) // 2])


@fault(
    "videos.film-is-an-error",
    "The vendor's words about an error are served as the film, with status 200.",
    "videos.result.film",
    source="QuantumNous/new-api#2751",
)
def film_is_an_error(ask: Ask, reply: Reply) -> Reply:
    if ask.operation != CONTENT or reply.status not in (200, 206):
        return reply
    return reply.with_status(200).with_body(b"The link has expired.")


@fault(
    "videos.duration-told-wrong",
    "The length that is told is another than the film's.",
    "videos.result.length",
    source="hubs that tell the vendor's default",
)
@on_told(*KLING_POLL, when=status("completed"))
def duration_told_wrong(_ask: Ask, answer: Body) -> None:
    answer["metadata"]["duration"] = 10


@fault(
    "videos.size-told-wrong",
    "The size that is told is another than the film's.",
    "videos.result.size",
    source="hubs that tell the vendor's default",
)
@on_told(*KLING_POLL, when=status("completed"))
def size_told_wrong(_ask: Ask, answer: Body) -> None:
    answer["metadata"].update(width=1920, height=1080)


@fault(
    "videos.content-fails",
    "The film of a completed video is a server error.",
    "videos.content.served",
    also={"errors.valid-request-served": ERROR_500},
    source="QuantumNous/new-api#2751; TheSmallHanCat/flow2api#160",
)
def content_fails(ask: Ask, reply: Reply) -> Reply:
    return refuses(CONTENT, status=502, code="upstream_error", was=(200, 206))(ask, reply)


@fault(
    "videos.content-unlabelled",
    "The film is labelled as bytes.",
    "videos.content.type",
    source="stores that do not know the type",
)
def content_unlabelled(ask: Ask, reply: Reply) -> Reply:
    if ask.operation != CONTENT or reply.status != 200:
        return reply
    return reply.with_header("content-type", "application/octet-stream")


@fault(
    "videos.content-differs",
    "The second download has other bytes.",
    "videos.content.same",
    source="gateways that pack the film anew",
    stateful=True,
)
def content_differs() -> Spoil:
    seen: Counter[str] = Counter()

    def spoil(ask: Ask, reply: Reply) -> Reply:
        if ask.operation != CONTENT or reply.status not in (200, 206):
            return reply
        seen[ask.path] += 1
        return reply if seen[ask.path] % 2 else reply.with_body(reply.body[::-1])

    return spoil


@fault(
    "videos.part-without-range",
    "A part of a film does not say which one it is.",
    "videos.content.part",
    source="gateways that drop headers",
)
def part_without_range(ask: Ask, reply: Reply) -> Reply:
    return reply.without_header("content-range") if ask.operation == CONTENT and reply.status == 206 else reply


@fault(
    "videos.content-early-ok",
    "The film of a video that is being made is its task, with status 200.",
    "videos.content.early",
    source="hubs that answer every question about a task alike",
)
def content_early_ok(ask: Ask, reply: Reply) -> Reply:
    early = {"object": "video", "status": "in_progress", "id": "video_1"}
    return instead(CONTENT, answer=early, when=_not_ready)(ask, reply)


@fault(
    "videos.content-early-broken",
    "The film of a video that is being made is a server error.",
    "videos.content.early",
    source="TheSmallHanCat/flow2api#160",
)
def content_early_broken(ask: Ask, reply: Reply) -> Reply:
    early = refuses(
        CONTENT, status=502, code="upstream_error", was=(404,), when=lambda ask, reply: _not_ready(ask, reply.json)
    )
    return early(ask, reply)


def _not_ready(_ask: Ask, refusal: Body) -> bool:
    error = refusal.get("error")
    return (error if isinstance(error, dict) else refusal).get("code") == "video_not_ready"


# ------------------------------------------------------------------------------------------------------------- remixes


@fault(
    "videos.remix-fails",
    "A completed video cannot be remixed.",
    "videos.remix.served",
    source="new-api: the task of another channel",
)
def remix_fails(ask: Ask, reply: Reply) -> Reply:
    return refuses(REMIX, status=400, code="task_origin_not_exist")(ask, reply)


@fault(
    "videos.remix-in-place",
    "A remix has the id of its source.",
    "videos.remix.new-id",
    source="hubs that store it over the source",
)
@on_told(REMIX)
def remix_in_place(_ask: Ask, answer: Body) -> None:
    answer["id"] = answer["remixed_from_video_id"]


@fault(
    "videos.remix-without-source",
    "A remix does not name its source.",
    "videos.remix.source",
    source="hubs that do not relay the member",
)
@on_told(REMIX)
def remix_without_source(_ask: Ask, answer: Body) -> None:
    answer["remixed_from_video_id"] = None


@fault(
    "videos.remix-source-forgotten",
    "A remix that is looked up names the vendor's id of its source.",
    "videos.remix.source",
    source="gateways that relay the vendor's answer",
)
@on_told(RETRIEVE, when=lambda _ask, answer: answer["remixed_from_video_id"] is not None)
def remix_source_forgotten(_ask: Ask, answer: Body) -> None:
    answer["remixed_from_video_id"] = "video_vendor_1"


@fault(
    "videos.remix-done-at-once",
    "A new remix has the state of its source.",
    "videos.remix.pending",
    source="hubs that copy the row",
)
@on_told(REMIX)
def remix_done_at_once(_ask: Ask, answer: Body) -> None:
    answer.update(status="completed", progress=100)


@fault(
    "videos.remix-early",
    "A remix of a video that is being made is taken in.",
    "videos.remix.early",
    source="hubs that leave it to the vendor",
)
def remix_early(ask: Ask, reply: Reply) -> Reply:
    made = {**_video("video_2", "sora-2", reply), "status": "queued", "remixed_from_video_id": ask.path.split("/")[-2]}
    return instead(REMIX, answer=made, when=_not_ready)(ask, reply)


# ------------------------------------------------------------------------------------------------------------ refusals


def _without_prompt(ask: Ask, refusal: Body) -> bool:
    lacking = (ask.json or {}).get("prompt") is None and b'name="prompt"' not in ask.body
    return lacking and refusal.get("code") == "missing_required_parameter" and "GetResult" not in ask.query


@fault(
    "videos.sora-takes-nothing",
    "A form without a prompt is taken in.",
    "videos.refusal.prompt-missing",
    source="hubs that leave it to the vendor",
)
def sora_takes_nothing(ask: Ask, reply: Reply) -> Reply:
    answer = {**_video("video_3", "sora-2", reply), "status": "queued"}
    return instead(CREATE, answer=answer, when=_without_prompt)(ask, reply)


@fault(
    "videos.without-prompt-broken",
    "A submission without a prompt is a server error.",
    "videos.refusal.prompt-missing",
    source="new-api: semantic faults are server errors",
)
def without_prompt_broken(ask: Ask, reply: Reply) -> Reply:
    def lacking(ask: Ask, reply: Reply) -> bool:
        return _without_prompt(ask, reply.json)

    return refuses(CREATE, status=500, code="build_request_failed", was=(400,), when=lacking)(ask, reply)


@fault(
    "videos.unknown-served",
    "An unknown task in the Sora format is queued.",
    "videos.unknown.refused",
    also={"videos.unknown.odd-id": "every unknown task is"},
    source="hubs that answer from memory",
)
def unknown_served(ask: Ask, reply: Reply) -> Reply:
    return instead(RETRIEVE, answer=_video("task_1", "sora-2", reply), when=lambda _ask, _refusal: True)(ask, reply)


@fault(
    "videos.jimeng-unknown-served",
    "An unknown task in the Jimeng format is in the queue.",
    "videos.unknown.refused",
    also={"videos.unknown.odd-id": "every unknown task is"},
    source="hubs that answer from memory",
)
def jimeng_unknown_served(ask: Ask, reply: Reply) -> Reply:
    answer = {"code": 10000, "message": "Success", "data": {"status": "in_queue"}}
    return instead(JIMENG, answer=answer, when=lambda _ask, refusal: refusal.get("code") == "task_not_exist")(
        ask, reply
    )


@fault(
    "videos.unknown-broken",
    "An unknown task in the Sora format is a server error.",
    "videos.unknown.refused",
    also={"videos.unknown.odd-id": "every unknown task is"},
    source="hubs that ask the vendor",
)
def unknown_broken(ask: Ask, reply: Reply) -> Reply:
    return refuses(RETRIEVE, status=500, code="get_task_failed", was=(404,))(ask, reply)


@fault(
    "videos.unknown-is-400",
    "An unknown task is refused with status 400.",
    "videos.unknown.not-found",
    source="new-api: task_not_exist",
)
def unknown_is_400(ask: Ask, reply: Reply) -> Reply:
    return refuses(RETRIEVE, *KLING_POLL, POLL, status=400, code="task_not_exist", was=(404,))(ask, reply)


@fault(
    "videos.odd-id-broken",
    "An id of odd characters is a server error.",
    "videos.unknown.odd-id",
    source="databases that are asked with unescaped text",
)
def odd_id_broken(ask: Ask, reply: Reply) -> Reply:
    def odd(ask: Ask, _reply: Reply) -> bool:
        return not ask.path.isascii()

    return refuses(RETRIEVE, *KLING_POLL, POLL, status=500, code="get_task_failed", was=(404,), when=odd)(ask, reply)


@fault(
    "videos.unknown-film-broken",
    "The film of an unknown task is a server error.",
    "videos.unknown.content-refused",
    source="hubs that ask the vendor",
)
def unknown_film_broken(ask: Ask, reply: Reply) -> Reply:
    def unknown(ask: Ask, reply: Reply) -> bool:
        return not _not_ready(ask, reply.json)

    return refuses(CONTENT, status=500, code="internal_error", was=(404,), when=unknown)(ask, reply)


@fault(
    "videos.unknown-film-is-400",
    "The film of an unknown task is refused with status 400.",
    "videos.unknown.content",
    source="hubs with one answer to all that is wrong",
)
def unknown_film_is_400(ask: Ask, reply: Reply) -> Reply:
    return refuses(CONTENT, status=400, code="task_not_exist", was=(404,))(ask, reply)


@fault(
    "videos.picture-left-out",
    "A picture that cannot be fetched is left out.",
    "videos.refusal.picture",
    source="gateways that go on without it",
)
@on_told(*KLING_POLL, when=status("failed"))
def picture_left_out(_ask: Ask, answer: Body) -> None:
    answer.update(status="completed", url="https://films.example.com/1.mp4", format="mp4", error=None)


@fault(
    "videos.picture-broken",
    "A picture that cannot be fetched is a server error.",
    "videos.refusal.picture",
    source="gateways that open it without care",
)
def picture_broken(ask: Ask, reply: Reply) -> Reply:
    def nowhere(ask: Ask, _reply: Reply) -> bool:
        return b".invalid" in ask.body

    return refuses(*KLING_SUBMIT, status=500, code="internal_error", when=nowhere)(ask, reply)


def _form_with(words: bytes) -> Callable[[Ask, Any], bool]:
    return lambda ask, _reply: words in ask.body


@fault(
    "videos.length-not-checked",
    "A length that is no number is taken in.",
    "videos.refusal.seconds",
    source="hubs that leave it to the vendor",
)
def length_not_checked(ask: Ask, reply: Reply) -> Reply:
    answer = {**_video("video_4", "sora-2", reply), "status": "queued"}
    return instead(CREATE, answer=answer, when=_form_with(b"\r\nsoon\r\n"))(ask, reply)


@fault(
    "videos.task-missing-broken",
    "A look-up in the Jimeng format that names no task is a server error.",
    "videos.refusal.task-missing",
    source="hubs that trust the body",
)
def task_missing_broken(ask: Ask, reply: Reply) -> Reply:
    def nameless(ask: Ask, _reply: Reply) -> bool:
        return "GetResult" in ask.query and "task_id" not in (ask.json or {})

    return refuses(JIMENG, status=500, code="internal_error", was=(400,), when=nameless)(ask, reply)
