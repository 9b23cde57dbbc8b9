"""What is asked of the picture routes: new and changed pictures in two formats, what they link to, wrong requests.

Pictures cost money: there are five answers to pay for, of the cheapest quality where there is a choice. What vendors
offer differs by model, so that counts, sizes and formats are asked for as the model's name suggests. `--model
images=NAME`, `image-edits=NAME`, `qwen-images=NAME` and `qwen-image-edits=NAME` name models.
"""

from __future__ import annotations

import base64
import re
from collections.abc import Mapping
from dataclasses import dataclass, field, replace
from typing import Any

from conformance.engine.kit.costs import with_claim, with_consent
from conformance.engine.kit.forms import File, form
from conformance.engine.kit.links import follow
from conformance.engine.kit.reading import offered
from conformance.engine.kit.refusals import Wrongs, ask_wrongly
from conformance.engine.kit.samples import png, png_with_hole
from conformance.engine.probe import Admit, Conversation, Hub, Phase, probe
from conformance.families.images.reading import entries
from conformance.wire.exchange import Exchange
from conformance.wire.limits import Limits

GENERATE = "images-generations"
EDIT = "images-edits"
QWEN = "qwen-images-generations"
QWEN_EDIT = "qwen-images-edits"
PROMPT = "A red square on a white ground."
CHANGE = "Make it blue."
SIDE = 256
"""Pixels of the pictures that are sent along."""
QWEN_SIZE = "1664*928"
SLOW = 180.0
"""Seconds that a picture may take."""
HEAVY = 64 * 2**20
"""Bytes that an answer with pictures may have."""
MOST_LINKS = 2
GPT = re.compile(r"gpt-image|gpt-4o-image", re.IGNORECASE)
DALLE = re.compile(r"dall-?e", re.IGNORECASE)
DALLE_3 = re.compile(r"dall-?e-?3", re.IGNORECASE)
OF_QWEN = re.compile(r"qwen|wan\d", re.IGNORECASE)
NO_PICTURE = b"These bytes are no picture."


@dataclass(frozen=True)
class Manner:
    """How several pictures of a size other than the usual one are asked of a model."""

    count: int
    size: str
    rest: Mapping[str, Any] = field(default_factory=dict)


def manner_of(model: str) -> Manner:
    """By the vendors' documents; a model of another name is asked for what the hub's documents say."""
    if GPT.search(model):
        return Manner(2, "1536x1024", {"output_format": "jpeg", "quality": "low"})
    if DALLE_3.search(model):
        return Manner(1, "1792x1024", {"response_format": "url"})
    return Manner(2, "512x512", {"response_format": "url"})


@probe(GENERATE, base=True)
async def images_answer(hub: Hub) -> Exchange:
    """One picture, and nothing said of its size and form."""
    model = _model(hub)
    cheap = {"quality": "low"} if GPT.search(model) else {}
    return await hub.send(GENERATE, json={"model": model, "prompt": PROMPT, **cheap}, limits=_patient(hub))


@probe(GENERATE, admit=Admit.REPLY, phase=Phase.ANSWERS)
async def images_several(hub: Hub) -> Conversation:
    """Two pictures of an unusual size, as links where the model has a choice; then what the links lead to."""
    with_consent(hub, GENERATE)
    model = _model(hub)
    manner = manner_of(model)
    body = {"model": model, "prompt": PROMPT, "n": manner.count, "size": manner.size, **manner.rest}
    answer = await hub.send(GENERATE, json=body, limits=_patient(hub))
    links = [entry.url for entry in entries(answer) if entry.url]
    followed = [await follow(hub, link) for link in links[:MOST_LINKS]]
    return answer, *(exchange for exchange in followed if exchange)


@probe(EDIT, base=True)
async def images_edit(hub: Hub) -> Exchange:
    """One picture and a mask, as a form; the changed picture itself is asked for, not a link."""
    model = _edit_model(hub)
    return await hub.send(EDIT, **form([*_plain_edit(model), ("mask", _mask())]), limits=_patient(hub))


@probe(EDIT, admit=Admit.REPLY, phase=Phase.ANSWERS)
async def images_edit_list(hub: Hub) -> Exchange:
    """Two pictures in the spelling that official clients use for lists. Asked only of a hub that claims edits."""
    with_claim(hub, EDIT)
    texts = [(name, value) for name, value in _plain_edit(_edit_model(hub)) if name != "image"]
    files = [("image[]", _picture()), ("image[]", _picture("naïve 漢字.png"))]
    return await hub.send(EDIT, **form([*files, *texts]), limits=_patient(hub))


@probe(QWEN, base=True)
async def images_qwen(hub: Hub) -> Exchange:
    """One picture of an unusual size, in the Qwen format."""
    named = _model(hub)
    model = hub.target.models.get("qwen-images") or (named if OF_QWEN.search(named) else _example(hub, QWEN))
    body = _qwen(model, [{"text": PROMPT}], size=QWEN_SIZE, watermark=False)
    return await hub.send(QWEN, json=body, limits=_patient(hub))


@probe(QWEN_EDIT, base=True)
async def images_qwen_edit(hub: Hub) -> Exchange:
    """One changed picture, in the Qwen format; the picture is sent as a data URL."""
    model = hub.target.models.get("qwen-image-edits") or _example(hub, QWEN_EDIT, "application/json")
    url = f"data:image/png;base64,{base64.b64encode(png(2 * SIDE, 2 * SIDE)).decode()}"
    body = _qwen(model, [{"image": url}, {"text": CHANGE}], n=1, watermark=False)
    return await hub.send(QWEN_EDIT, json=body, limits=_patient(hub))


NO_PROMPT: Wrongs = {"prompt": ...}
"""Values by words of which the first is the field; `...` leaves it out. Nobody can make a picture of these."""


@probe(GENERATE, admit=Admit.REFUSAL)
async def images_no_prompt(hub: Hub) -> Conversation:
    """A request without a prompt; see `NO_PROMPT`."""
    return await ask_wrongly(hub, GENERATE, {"model": _model(hub)}, NO_PROMPT)


@probe(EDIT, admit=Admit.REFUSAL)
async def images_edit_no_prompt(hub: Hub) -> Exchange:
    """A form without a prompt, with its picture in the spelling for lists."""
    return await hub.send(EDIT, **form([("image[]", _picture()), ("model", _edit_model(hub))]))


@probe(EDIT, admit=Admit.REFUSAL)
async def images_edit_no_picture(hub: Hub) -> Exchange:
    """A form whose picture is some other file."""
    file = File("picture.png", "image/png", NO_PICTURE)
    return await hub.send(EDIT, **form([("image", file), *_texts(_edit_model(hub))]))


@probe(EDIT, admit=Admit.REFUSAL)
async def images_edit_bad_mask(hub: Hub) -> Exchange:
    """A form that is in order but for its mask, which is some other file: a hub that serves it did not look at it."""
    with_consent(hub, EDIT)
    file = File("mask.png", "image/png", NO_PICTURE)
    fields = [("image", _picture()), ("mask", file), *_texts(_edit_model(hub))]
    return await hub.send(EDIT, **form(fields), limits=_patient(hub))


any_answer = offered(
    "any_images_answer", images_answer, images_several, images_edit, images_edit_list, images_qwen, images_qwen_edit
)
any_form = offered("any_images_form_choice", images_several, images_edit, images_edit_list)
several = offered("any_images_several", images_several)
edit_list = offered("any_images_edit_list", images_edit_list)


def _model(hub: Hub) -> str:
    return hub.target.models.get("images") or _example(hub, GENERATE)


def _edit_model(hub: Hub) -> str:
    """DALL·E models change squares only, or nothing: beside them the GPT image model is asked."""
    named = _model(hub)
    return hub.target.models.get("image-edits") or ("gpt-image-1" if DALLE.search(named) else named)


def _example(hub: Hub, operation: str, content_type: str | None = None) -> str:
    return str(hub.contract.operation(operation).request_example(content_type)["model"])


def _texts(model: str) -> list[tuple[str, str | File]]:
    return [("model", model), ("prompt", CHANGE)]


def _plain_edit(model: str) -> list[tuple[str, str | File]]:
    gpt: list[tuple[str, str | File]] = [("output_format", "webp"), ("quality", "low")]
    wish = gpt if GPT.search(model) else [("response_format", "b64_json")]
    return [("image", _picture()), *_texts(model), ("size", "1024x1024"), *wish]


def _picture(name: str = "picture.png") -> File:
    return File(name, "image/png", png(SIDE, SIDE))


def _mask() -> File:
    return File("mask.png", "image/png", png_with_hole(SIDE, SIDE))


def _qwen(model: str, content: list[dict[str, str]], **parameters: Any) -> dict[str, Any]:
    return {"model": model, "input": {"messages": [{"role": "user", "content": content}]}, "parameters": parameters}


def _patient(hub: Hub) -> Limits:
    """Pictures take their time, and are heavy as text."""
    limits = hub.target.limits
    return replace(
        limits,
        first_byte=max(SLOW, limits.first_byte),
        between_bytes=max(SLOW, limits.between_bytes),
        whole=max(SLOW, limits.whole),
        body_bytes=max(HEAVY, limits.body_bytes),
    )
