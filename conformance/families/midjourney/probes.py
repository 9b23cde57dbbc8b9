"""What is asked of the Midjourney routes: tasks from their submission to their end, and wrong requests.

Pictures cost money: of a hub that allows them two are bought, a sheet of four and one of its pictures in large. Only a
hub that claims more is asked for descriptions, blends, and for a picture that cannot be made.
"""

from __future__ import annotations

import base64
from dataclasses import replace
from typing import Any

from conformance.engine.kit.costs import with_claim
from conformance.engine.kit.journey import poll, status_line
from conformance.engine.kit.links import MOST_BYTES, follow
from conformance.engine.kit.reading import offered
from conformance.engine.kit.samples import png
from conformance.engine.probe import Admit, Conversation, Hub, Phase, probe
from conformance.families.midjourney.reading import (
    BLEND,
    CHANGE,
    DESCRIBE,
    FAST,
    FETCH,
    IMAGE,
    IMAGINE,
    LIST,
    MIDJOURNEY,
    id_in,
    task_in,
)
from conformance.families.midjourney.views import Task
from conformance.wire.exchange import Exchange
from conformance.wire.limits import Limits

WORDS = "A red square on a white ground, naïve 漢字"
RATIO = (3, 2)
PROMPT = f"{WORDS} --ar {RATIO[0]}:{RATIO[1]}"
STATE = "hub-conformance 7f3a"
BAD_PROMPT = f"{WORDS} --no-such-parameter-of-hub-conformance 1"
"""Midjourney refuses what it does not know behind two hyphens."""
INDEX, WRONG_INDEX = 2, 9
SIDE = 64
NO_SUCH_TASK = "1320098173412546999"
ODD_ID = "no such task 漢字'\"%" + "9" * 600
SLOW = 120.0
"""Seconds that a submission may take: some hubs wait for the vendor."""


def _url(content: bytes) -> str:
    return f"data:image/png;base64,{base64.b64encode(content).decode()}"


PICTURE = _url(png(SIDE, SIDE))
NO_PICTURE = _url(b"These bytes are no picture.")


@probe(IMAGINE, base=True, admit=Admit.REPLY, phase=Phase.ANSWERS)
async def midjourney_imagine(hub: Hub) -> Conversation:
    """A new picture to its end, what must not work before; then one of its four in large; and both looked up at once.

    Beside the usual paths, the task is fetched once on a path that begins with a speed. The last fetch shows whether
    the finished task has stayed what it was.
    """
    submit = await _submit(hub, IMAGINE, prompt=PROMPT, state=STATE)
    id = id_in(submit)
    if id is None:
        return (submit,)
    found = [submit, await _fetch(hub, id)]
    if not _is_over(found[-1]):
        found += [await _image(hub, id), await _change(hub, id, INDEX), *(await _to_the_end(hub, id))]
    last = found[-1]
    if not _is_over(last):
        return tuple(found)
    found.append(await _fetch(hub, id, FAST))
    if not _is_done(last):
        return *found, await _list(hub, [NO_SUCH_TASK, id]), await _fetch(hub, id)
    found += [await _image(hub, id), *(await _picture(hub, last)), await _change(hub, id, WRONG_INDEX)]
    return *found, *(await _enlarged(hub, id)), await _fetch(hub, id)


async def _enlarged(hub: Hub, source: str) -> Conversation:
    """A step from a finished picture to its end; then both looked up at once."""
    change = await _change(hub, source, INDEX)
    id = id_in(change)
    if id is None:
        return change, await _list(hub, [NO_SUCH_TASK, source])
    polls = await _to_the_end(hub, id)
    return change, *polls, await _list(hub, [id, NO_SUCH_TASK, source])


@probe(DESCRIBE, base=True, admit=Admit.REPLY, phase=Phase.ANSWERS)
async def midjourney_describe(hub: Hub) -> Conversation:
    """A picture described. Only of a hub that claims it."""
    with_claim(hub, DESCRIBE)
    submit = await _submit(hub, DESCRIBE, base64=PICTURE, state=STATE)
    id = id_in(submit)
    return submit, *(await _to_the_end(hub, id) if id else ())


@probe(BLEND, base=True, admit=Admit.REPLY, phase=Phase.ANSWERS)
async def midjourney_blend(hub: Hub) -> Conversation:
    """Two pictures blended into an upright one. Only of a hub that claims it."""
    with_claim(hub, BLEND)
    other = _url(png(SIDE, SIDE, (0, 0, 255)))
    submit = await _submit(hub, BLEND, base64Array=[PICTURE, other], dimensions="PORTRAIT")
    id = id_in(submit)
    if id is None:
        return (submit,)
    polls = await _to_the_end(hub, id)
    return submit, *polls, *(await _picture(hub, polls[-1]))


@probe(IMAGINE, admit=Admit.REPLY, phase=Phase.ANSWERS)
async def midjourney_bad_parameter(hub: Hub) -> Conversation:
    """A prompt that Midjourney cannot read, on a path that begins with a speed, and on the usual one when it is refused
    there. When it is taken in, it is followed to its end. Only of a hub that claims new pictures."""
    with_claim(hub, IMAGINE)
    found = [await _submit(hub, IMAGINE, FAST, prompt=BAD_PROMPT)]
    if id_in(found[0]) is None:
        found.append(await _submit(hub, IMAGINE, prompt=BAD_PROMPT))
    id = id_in(found[-1])
    if id is None:
        return tuple(found)
    polls = await _to_the_end(hub, id)
    return *found, *polls, await _list(hub, [id, NO_SUCH_TASK])


@probe(LIST, base=True, admit=Admit.REPLY, phase=Phase.ANSWERS)
async def midjourney_list(hub: Hub) -> Conversation:
    """No tasks looked up, and then one that nobody has."""
    return await _list(hub, []), await _list(hub, [NO_SUCH_TASK])


@probe(IMAGINE, admit=Admit.REFUSAL)
async def midjourney_no_prompt(hub: Hub) -> Exchange:
    """A request for a picture without a prompt."""
    return await _submit(hub, IMAGINE)


@probe(DESCRIBE, admit=Admit.REFUSAL)
async def midjourney_no_picture(hub: Hub) -> Exchange:
    """What is no picture, to be described."""
    return await _submit(hub, DESCRIBE, base64=NO_PICTURE)


@probe(BLEND, admit=Admit.REFUSAL)
async def midjourney_few_pictures(hub: Hub) -> Exchange:
    """One picture alone, to be blended."""
    return await _submit(hub, BLEND, base64Array=[PICTURE])


@probe(CHANGE, admit=Admit.REFUSAL)
async def midjourney_no_task(hub: Hub) -> Exchange:
    """A step from a task that nobody has."""
    return await _change(hub, NO_SUCH_TASK, INDEX)


@probe(FETCH, admit=Admit.REFUSAL)
async def midjourney_unknown(hub: Hub) -> Conversation:
    """A task that nobody has, then an id that none can have: of odd characters, and very long."""
    return await _fetch(hub, NO_SUCH_TASK), await _fetch(hub, ODD_ID)


@probe(IMAGE, admit=Admit.REFUSAL)
async def midjourney_no_image(hub: Hub) -> Exchange:
    """The picture of a task that nobody has."""
    return await _image(hub, NO_SUCH_TASK)


any_work = offered(
    "any_midjourney_work", midjourney_imagine, midjourney_describe, midjourney_blend, midjourney_bad_parameter
)
listing = offered("any_midjourney_list", midjourney_list)
imagined = offered("any_midjourney_imagine", midjourney_imagine)
described = offered("any_midjourney_describe", midjourney_describe)
blended = offered("any_midjourney_blend", midjourney_blend)
bad_parameter = offered("any_midjourney_bad_parameter", midjourney_bad_parameter)
refusals = offered(
    "any_midjourney_refusal",
    midjourney_no_prompt,
    midjourney_no_picture,
    midjourney_few_pictures,
    midjourney_no_task,
    midjourney_unknown,
)


async def _submit(hub: Hub, operation: str, prefix: str = "", **fields: Any) -> Exchange:
    path = prefix + hub.contract.operation(operation).path
    return await hub.send(operation, path=path, json=fields, limits=_patient(hub))


async def _change(hub: Hub, id: str, index: int) -> Exchange:
    body = {"taskId": id, "action": "UPSCALE", "index": index, "state": STATE}
    return await hub.send(CHANGE, json=body, limits=_patient(hub))


async def _fetch(hub: Hub, id: str, prefix: str = "") -> Exchange:
    return await hub.send(FETCH, path=prefix + hub.contract.operation(FETCH).path_with(id=id))


async def _image(hub: Hub, id: str) -> Exchange:
    return await hub.send(IMAGE, path=hub.contract.operation(IMAGE).path_with(id=id), limits=_heavy(hub))


async def _list(hub: Hub, ids: list[str]) -> Exchange:
    return await hub.send(LIST, json={"ids": ids})


async def _to_the_end(hub: Hub, id: str) -> Conversation:
    """A task looked up until it is over, or waits for its caller."""
    return await poll(hub, lambda: _fetch(hub, id), _is_stuck, _told)


async def _picture(hub: Hub, last: Exchange) -> list[Exchange]:
    """What the link of a finished task leads to."""
    link = Task.read(task_in(last) or {}).imageUrl if _is_done(last) else None
    found = await follow(hub, link) if link else None
    return [found] if found else []


def _told(exchange: Exchange) -> str:
    task = task_in(exchange) or {}
    return status_line(task.get(MIDJOURNEY.status), task.get(MIDJOURNEY.progress))


def _is_over(exchange: Exchange) -> bool:
    return MIDJOURNEY.over(task_in(exchange) or {})


def _is_stuck(exchange: Exchange) -> bool:
    return MIDJOURNEY.stuck(task_in(exchange) or {})


def _is_done(exchange: Exchange) -> bool:
    return MIDJOURNEY.word(task_in(exchange) or {}) == MIDJOURNEY.done


def _patient(hub: Hub) -> Limits:
    limits = hub.target.limits
    return replace(limits, first_byte=max(SLOW, limits.first_byte), whole=max(SLOW, limits.whole))


def _heavy(hub: Hub) -> Limits:
    patient = _patient(hub)
    return replace(patient, body_bytes=max(MOST_BYTES, patient.body_bytes))
