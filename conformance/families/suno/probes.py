"""What is asked of the Suno routes: tasks from their submission to their end, and wrong requests.

Music costs money: of a hub that allows it one task is bought. Only a hub that claims more is asked for lyrics, and for
music by a model that does not exist. `--model suno=NAME` names the model (mv).
"""

from __future__ import annotations

from dataclasses import replace
from typing import Any

from conformance.engine.kit.costs import with_claim
from conformance.engine.kit.journey import poll, status_line
from conformance.engine.kit.links import MOST_BYTES, follow
from conformance.engine.kit.reading import offered
from conformance.engine.probe import Admit, Conversation, Hub, Phase, probe
from conformance.families.suno.reading import (
    BATCH,
    FETCH,
    LYRICS,
    MUSIC,
    SUBMIT,
    SUNO,
    id_in,
    songs_of,
    stage_of,
    task_in,
)
from conformance.wire.exchange import Exchange
from conformance.wire.limits import Limits

TITLE = "Hub Conformance 7f3a"
TEXT = "[Verse]\nA red square on a white ground\nnaïve 漢字, qz7 and nothing more"
TAGS = "solo piano, slow"
TOPIC = "a red square on a white ground"
NO_SUCH_MODEL = "no-such-model-7f3a9c41"
NO_SUCH_TASK = "task_7f3a9c41d2e84b60"
NO_SUCH_CLIP = "7f3a9c41-d2e8-4b60-9c41-7f3a9c41d2e8"
NO_SUCH_KIND = "no-such-kind"
ODD_ID = "no such task 漢字'\"%" + "9" * 600
SLOW = 120.0
"""Seconds that a submission may take: some hubs wait for the vendor."""
NOTHING: dict[str, Any] = {"title": TITLE}
CLIP_ALONE: dict[str, Any] = {"prompt": TEXT, "continue_clip_id": NO_SUCH_CLIP, "continue_at": 10}


@probe(SUBMIT, base=True, admit=Admit.REPLY, phase=Phase.ANSWERS)
async def suno_music(hub: Hub) -> Conversation:
    """Music for given words, followed to its end; then looked up in a list; and the sound of the first song."""
    named = hub.target.models.get("suno")
    submit = await _submit(hub, MUSIC, prompt=TEXT, title=TITLE, tags=TAGS, **({"mv": named} if named else {}))
    id = id_in(submit)
    if id is None:
        return (submit,)
    polls = await _to_the_end(hub, id)
    again = [await _fetch(hub, id)] if _is_over(polls[-1]) else []
    batch = await _batch(hub, [NO_SUCH_TASK, id])
    return submit, *polls, *again, batch, *(await _sound(hub, polls[-1]))


@probe(SUBMIT, admit=Admit.REPLY, phase=Phase.ANSWERS)
async def suno_lyrics(hub: Hub) -> Conversation:
    """Lyrics, followed to their end. Only of a hub that claims them."""
    with_claim(hub, SUBMIT)
    submit = await _submit(hub, LYRICS, prompt=TOPIC)
    id = id_in(submit)
    return submit, *(await _to_the_end(hub, id) if id else ())


@probe(SUBMIT, admit=Admit.REPLY, phase=Phase.ANSWERS)
async def suno_unknown_model(hub: Hub) -> Conversation:
    """Music by a model that does not exist. When it is taken in all the same, it is followed to its end, and looked up
    in a list. Only of a hub that claims music."""
    with_claim(hub, SUBMIT)
    submit = await _submit(hub, MUSIC, prompt=TEXT, mv=NO_SUCH_MODEL)
    id = id_in(submit)
    if id is None:
        return (submit,)
    return submit, *(await _to_the_end(hub, id)), await _batch(hub, [id, NO_SUCH_TASK])


@probe(BATCH, base=True, admit=Admit.REPLY, phase=Phase.ANSWERS)
async def suno_batch(hub: Hub) -> Conversation:
    """No tasks looked up, and then one that nobody has."""
    return await _batch(hub, []), await _batch(hub, [NO_SUCH_TASK])


@probe(SUBMIT, admit=Admit.REFUSAL)
async def suno_nothing(hub: Hub) -> Conversation:
    """Music without words and topic, and lyrics about nothing."""
    return await _submit(hub, MUSIC, **NOTHING), await _submit(hub, LYRICS, **NOTHING)


@probe(SUBMIT, admit=Admit.REFUSAL)
async def suno_continued(hub: Hub) -> Conversation:
    """A clip continued without its task, and with a task that nobody has."""
    bodies = (CLIP_ALONE, {**CLIP_ALONE, "task_id": NO_SUCH_TASK})
    return tuple([await _submit(hub, MUSIC, **body) for body in bodies])


@probe(SUBMIT, admit=Admit.REFUSAL)
async def suno_no_such_kind(hub: Hub) -> Exchange:
    """Work of a kind that does not exist."""
    return await _submit(hub, NO_SUCH_KIND, prompt=TOPIC)


@probe(FETCH, admit=Admit.REFUSAL)
async def suno_unknown(hub: Hub) -> Conversation:
    """A task that nobody has, then an id that none can have: of odd characters, and very long."""
    return await _fetch(hub, NO_SUCH_TASK), await _fetch(hub, ODD_ID)


any_work = offered("any_suno_work", suno_music, suno_lyrics, suno_unknown_model)
music = offered("any_suno_music", suno_music)
lyrics = offered("any_suno_lyrics", suno_lyrics)
unknown_model = offered("any_suno_unknown_model", suno_unknown_model)
batch = offered("any_suno_batch", suno_batch)
refusals = offered("any_suno_refusal", suno_nothing, suno_continued, suno_no_such_kind, suno_unknown)


async def _submit(hub: Hub, kind: str, **fields: Any) -> Exchange:
    path = hub.contract.operation(SUBMIT).path_with(action=kind)
    return await hub.send(SUBMIT, path=path, json=fields, limits=_patient(hub))


async def _fetch(hub: Hub, id: str) -> Exchange:
    return await hub.send(FETCH, path=hub.contract.operation(FETCH).path_with(id=id))


async def _batch(hub: Hub, ids: list[str]) -> Exchange:
    return await hub.send(BATCH, json={"ids": ids})


async def _to_the_end(hub: Hub, id: str) -> Conversation:
    """A task looked up until it is over."""
    return await poll(hub, lambda: _fetch(hub, id), _is_over, _told)


async def _sound(hub: Hub, last: Exchange) -> list[Exchange]:
    """What the link of the first song leads to."""
    stage = stage_of(last)
    links = [song.audio_url for _, song in songs_of(stage)] if stage and SUNO.over(stage.task) else []
    found = await follow(hub, links[0]) if links and isinstance(links[0], str) else None
    return [found] if found else []


def _told(exchange: Exchange) -> str:
    task = task_in(exchange)[0]
    return status_line(task.get(SUNO.status), task.get(SUNO.progress))


def _is_over(exchange: Exchange) -> bool:
    return SUNO.over(task_in(exchange)[0])


def _patient(hub: Hub) -> Limits:
    limits = hub.target.limits
    body_bytes = max(MOST_BYTES, limits.body_bytes)
    return replace(
        limits, first_byte=max(SLOW, limits.first_byte), whole=max(SLOW, limits.whole), body_bytes=body_bytes
    )
