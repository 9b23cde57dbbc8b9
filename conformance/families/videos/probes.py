"""What is asked of the video routes: one task in each format from its submission to its end, and wrong requests.

Videos cost money. A hub that allows them is asked for one in each of the four formats; only one that claims more
is asked for the second ways of a format too: JSON in the place of a form, a remix, a picture to begin with. `--model
videos=NAME`, `kling=NAME`, `jimeng=NAME` and `video-generations=NAME` name models.
"""

from __future__ import annotations

import base64
import re
from collections.abc import Awaitable, Callable, Iterable
from dataclasses import replace
from typing import Any

from conformance.engine.contract import Contract
from conformance.engine.kit.costs import ABSENT, with_claim, with_consent
from conformance.engine.kit.forms import File, form
from conformance.engine.kit.journey import poll, status_line
from conformance.engine.kit.links import MOST_BYTES, follow, on_host_of, web_address
from conformance.engine.kit.reading import offered
from conformance.engine.kit.samples import png
from conformance.engine.probe import Admit, Conversation, Group, Hub, Phase, probe
from conformance.families.videos.reading import (
    CONTENT,
    GENERIC,
    JIMENG,
    KLING,
    KLING_IMAGE,
    LOOK_UP,
    REMIX,
    SORA,
    Format,
    id_in,
    is_over,
    readable,
)
from conformance.wire.exchange import Exchange
from conformance.wire.limits import Limits

PROMPT = "A red ball rolls over a table."
CHANGE = "The ball is blue."
OF_SORA = re.compile(r"sora", re.IGNORECASE)
SECONDS, SIZE = "4", "720x1280"
"""The shortest and smallest that Sora makes."""
KLING_SECONDS = 5
NO_LENGTH = "soon"
SIDE = 256
NO_SUCH_TASK = "task_7f3a9c41d2e84b60"
ODD_ID = "no such task 漢字'\"%"
NO_PICTURE = b"These bytes are no picture."
NOWHERE = "https://pictures.hub-conformance.invalid/ball.png"
"""An address that cannot exist (RFC 2606)."""
SLOW = 180.0
"""Seconds that a film may take to arrive, and a vendor to take in a task."""
PART = (0, 99)
"""First and last byte of the part of a film that is asked for."""
REFUSED = (401, 403)
SUBMIT_QUERY = {"Action": "CVSync2AsyncSubmitTask", "Version": "2022-08-31"}
LOOK_UP_QUERY = {**SUBMIT_QUERY, "Action": LOOK_UP}
Send = Callable[[], Awaitable[Exchange]]


@probe(SORA.submit, base=True)
async def videos_sora(hub: Hub) -> Conversation:
    """A video in the Sora format, submitted as a form as the official client does; its film, and a part of it."""
    submit = await hub.send(SORA.submit, **form(_sora_fields(hub)), limits=_patient(hub))
    polls = await _to_the_end(hub, SORA, submit)
    films: Conversation = ()
    if polls and _is_done(polls[-1]):
        films = await _films(hub, submit)
    return submit, *polls, *films


@probe(REMIX, admit=Admit.REPLY, phase=Phase.ANSWERS)
async def videos_remix(hub: Hub) -> Conversation:
    """A video submitted as JSON, its film and a remix asked for too early; a remix when it is done. Only of a hub that
    claims remixes."""
    with_claim(hub, REMIX)
    submit = await hub.send(SORA.submit, json=dict(_sora_fields(hub)), limits=_patient(hub))
    if not id_in(submit):
        return (submit,)
    early = (await _content(hub, submit), await _remix(hub, submit))
    polls = await _to_the_end(hub, SORA, submit, again=False)
    if not _is_done(polls[-1]):
        return submit, *early, *polls
    made = await _remix(hub, submit)
    looked_up = [await _look_up(hub, SORA, made)] if id_in(made) else []
    return submit, *early, *polls, made, *looked_up


@probe(KLING.submit, base=True)
async def videos_kling(hub: Hub) -> Conversation:
    """A video in the Kling format from words alone."""
    body = {"model": _model(hub, KLING.submit, "kling"), "prompt": PROMPT}
    return await _journey(hub, KLING, body)


@probe(KLING_IMAGE.submit, base=True)
async def videos_kling_image(hub: Hub) -> Conversation:
    """A video in the Kling format from a picture, with its length as a number as the documents have it, to its end.
    Only of a hub that claims it."""
    with_claim(hub, KLING_IMAGE.submit)
    image = base64.b64encode(png(SIDE, SIDE)).decode()
    submit = await _submit(hub, KLING_IMAGE, {**_kling_body(hub, image), "duration": KLING_SECONDS})
    return submit, *(await _to_the_end(hub, KLING_IMAGE, submit, again=False))


@probe(JIMENG.submit, base=True)
async def videos_jimeng(hub: Hub) -> Conversation:
    """A video in the Jimeng format."""
    return await _journey(hub, JIMENG, {"req_key": _req_key(hub), "prompt": PROMPT})


@probe(GENERIC.submit, base=True)
async def videos_generic(hub: Hub) -> Conversation:
    """A video in the format that all vendors share. Its film is that of the Kling format's shape, and not fetched."""
    model = hub.target.models.get("video-generations") or _model(hub, GENERIC.submit, "videos")
    submit = await _submit(hub, GENERIC, {"model": model, "prompt": PROMPT})
    return submit, *(await _to_the_end(hub, GENERIC, submit))


@probe(SORA.submit, admit=Admit.REFUSAL)
async def videos_no_prompt(hub: Hub) -> Exchange:
    """A submission in the Sora format without a prompt."""
    return await hub.send(SORA.submit, **form([("model", _model(hub, SORA.submit, "videos"))]))


def looked_up(_contract: Contract) -> Iterable[str]:
    """The operations that are asked for a task that nobody has."""
    return [SORA.poll, JIMENG.poll]


@probe(admit=Admit.REFUSAL, each=looked_up)
async def videos_unknown(hub: Hub, operation: str) -> Exchange:
    """A task looked up that nobody has, by an id that it could have."""
    return await _find(hub, JIMENG if operation == JIMENG.poll else SORA, NO_SUCH_TASK)


@probe(SORA.poll, admit=Admit.REFUSAL)
async def videos_odd_id(hub: Hub) -> Exchange:
    """A task looked up by an id of odd characters, which none can have."""
    return await _find(hub, SORA, ODD_ID)


@probe(CONTENT, admit=Admit.REFUSAL)
async def videos_unknown_film(hub: Hub) -> Exchange:
    """The film of a task that nobody has."""
    return await hub.send(CONTENT, path=_path(hub, CONTENT, NO_SUCH_TASK))


@probe(JIMENG.submit, admit=Admit.REFUSAL)
async def videos_jimeng_refusals(hub: Hub) -> Exchange:
    """A look-up in the Jimeng format that names no task."""
    return await hub.send(JIMENG.poll, path=_jimeng_path(hub), query=LOOK_UP_QUERY, json={"req_key": _req_key(hub)})


@probe(KLING_IMAGE.submit, admit=Admit.REFUSAL)
async def videos_bad_picture(hub: Hub) -> Conversation:
    """A video that shall begin with a picture at an address that does not exist, in the Sora format with a file that is
    none where a hub has no other. When it is taken in all the same, it is looked up to its end."""
    with_consent(hub, KLING_IMAGE.submit)
    submit, format = await _submit(hub, KLING_IMAGE, _kling_body(hub, NOWHERE)), KLING_IMAGE
    if submit.status in ABSENT:
        fields = [*_sora_fields(hub), ("input_reference", File("ball.png", "image/png", NO_PICTURE))]
        submit, format = await hub.send(SORA.submit, **form(fields), limits=_patient(hub)), SORA
    return submit, *(await _to_the_end(hub, format, submit, again=False))


@probe(SORA.submit, admit=Admit.REFUSAL)
async def videos_wrong_length(hub: Hub) -> Exchange:
    """A submission in the Sora format with a length that is no number. A hub that does not look at it makes a video all
    the same, at a price."""
    with_consent(hub, SORA.submit)
    fields = {**dict(_sora_fields(hub)), "seconds": NO_LENGTH}
    return await hub.send(SORA.submit, **form(fields.items()), limits=_patient(hub))


any_task = offered(
    "any_video_task", videos_sora, videos_remix, videos_kling, videos_kling_image, videos_jimeng, videos_generic
)
any_failure = offered(
    "any_video_failure",
    videos_sora,
    videos_remix,
    videos_kling,
    videos_kling_image,
    videos_jimeng,
    videos_generic,
    videos_bad_picture,
)
any_journey = offered("any_video_journey", videos_sora, videos_kling, videos_jimeng, videos_generic)
any_film = offered("any_video_film", videos_sora, videos_kling, videos_jimeng)
sora_task = offered("any_sora_task", videos_sora, videos_remix)
sora_journey = offered("any_sora_journey", videos_sora)
remix_task = offered("any_video_remix", videos_remix)
kling_task = offered("any_kling_task", videos_kling, videos_kling_image)
jimeng_task = offered("any_jimeng_task", videos_jimeng)
generic_task = offered("any_generic_task", videos_generic)
kling_picture_reply = Group(
    "any_kling_picture_reply", lambda candidate: candidate.name == "videos_kling_image", Admit.REPLY, flat=True
)
linked_task = offered("any_linked_video", videos_kling, videos_jimeng, videos_generic)
linked_film = offered("any_linked_film", videos_kling, videos_jimeng)


async def _journey(hub: Hub, format: Format, body: dict[str, Any]) -> Conversation:
    """Submit, look up to the end and beyond, and fetch the film that the answer links to."""
    submit = await _submit(hub, format, body)
    polls = await _to_the_end(hub, format, submit)
    return submit, *polls, *(await _linked_film(hub, polls))


async def _submit(hub: Hub, format: Format, body: dict[str, Any]) -> Exchange:
    if format is JIMENG:
        return await hub.send(
            format.submit, path=_jimeng_path(hub), query=SUBMIT_QUERY, json=body, limits=_patient(hub)
        )
    return await hub.send(format.submit, json=body, limits=_patient(hub))


async def _to_the_end(hub: Hub, format: Format, submit: Exchange, again: bool = True) -> Conversation:
    """Look a task up until it is over, and then once `again`; nothing when it was not taken in."""
    if not id_in(submit):
        return ()
    polls = await poll(hub, lambda: _look_up(hub, format, submit), is_over, _told)
    return (*polls, await _look_up(hub, format, submit)) if again and is_over(polls[-1]) else polls


def _told(exchange: Exchange) -> str:
    found = readable(exchange)
    return status_line(found.word, found.task.progress) if found else ""


async def _look_up(hub: Hub, format: Format, submit: Exchange) -> Exchange:
    return await _find(hub, format, id_in(submit) or NO_SUCH_TASK)


async def _find(hub: Hub, format: Format, id: str) -> Exchange:
    if format is not JIMENG:
        return await hub.send(format.poll, path=_path(hub, format.poll, id))
    body = {"req_key": _req_key(hub), "task_id": id}
    return await hub.send(format.poll, path=_jimeng_path(hub), query=LOOK_UP_QUERY, json=body)


def _is_done(exchange: Exchange) -> bool:
    found = readable(exchange)
    return found is not None and found.phase is not None and found.phase.name == "DONE"


async def _content(hub: Hub, submit: Exchange, **rest: Any) -> Exchange:
    path = _path(hub, CONTENT, id_in(submit) or NO_SUCH_TASK)
    return await hub.send(CONTENT, path=path, limits=_heavy(hub), **rest)


async def _films(hub: Hub, submit: Exchange) -> Conversation:
    """The film, and a part of it; where a hub has no parts, the film again."""
    first, last = PART
    whole, part = await _content(hub, submit), await _content(hub, submit, headers={"Range": f"bytes={first}-{last}"})
    return (whole, part) if part.ok else (whole, part, await _content(hub, submit))


async def _remix(hub: Hub, submit: Exchange) -> Exchange:
    path = _path(hub, REMIX, id_in(submit) or NO_SUCH_TASK)
    return await hub.send(REMIX, path=path, json={"prompt": CHANGE}, limits=_patient(hub))


async def _linked_film(hub: Hub, polls: Conversation) -> list[Exchange]:
    """What the first link of a finished task leads to; where the hub itself wants a credential for it, with that."""
    found = readable(polls[-1]) if polls else None
    links = found.links if found else []
    if not links:
        return []
    plain = await follow(hub, links[0][1])
    if plain is None:
        return []
    parts = web_address(links[0][1])
    own = parts is not None and on_host_of(hub.target.base_url, parts)
    if plain.status not in REFUSED or not own or parts is None or not links[0][1].startswith(hub.target.base_url):
        return [plain]
    path = links[0][1].removeprefix(hub.target.base_url)
    return [plain, await hub.send(path=path, limits=_heavy(hub))]


def _path(hub: Hub, operation: str, id: str) -> str:
    name = "video_id" if operation == REMIX else "task_id"
    return hub.contract.operation(operation).path_with(**{name: id})


def _jimeng_path(hub: Hub) -> str:
    return hub.contract.operation(JIMENG.submit).path


def _model(hub: Hub, operation: str, kind: str) -> str:
    example = hub.contract.operation(operation).request_example()
    return hub.target.models.get(kind) or str(example["model"])


def _req_key(hub: Hub) -> str:
    return hub.target.models.get("jimeng") or str(hub.contract.operation(JIMENG.submit).request_example()["req_key"])


def _sora_fields(hub: Hub) -> list[tuple[str, Any]]:
    """Length and size are asked for of Sora's own models alone: others make other ones."""
    model = _model(hub, SORA.submit, "videos")
    wish = [("seconds", SECONDS), ("size", SIZE)] if OF_SORA.search(model) else []
    return [("model", model), ("prompt", PROMPT), *wish]


def _kling_body(hub: Hub, image: str) -> dict[str, Any]:
    model = _model(hub, KLING_IMAGE.submit, "kling")
    return {"model": model, "prompt": PROMPT, "image": image}


def _patient(hub: Hub) -> Limits:
    limits = hub.target.limits
    return replace(limits, first_byte=max(SLOW, limits.first_byte), whole=max(SLOW, limits.whole))


def _heavy(hub: Hub) -> Limits:
    patient = _patient(hub)
    return replace(patient, body_bytes=max(MOST_BYTES, patient.body_bytes))
