"""POST /v1/images/generations and /v1/images/edits, in the OpenAI and in the Qwen format, and the pictures themselves.

A picture is a chequered pattern whose colours depend on the prompt. An edit keeps the caller's picture and draws the
pattern where the mask is transparent. What an answer links to is served, without a credential, as long as it is
remembered.
"""

import asyncio
import base64
import re
import time
from collections.abc import Mapping, Sequence
from dataclasses import dataclass
from typing import TYPE_CHECKING, Any

from starlette.responses import JSONResponse, Response

from conformance.hub import fields
from conformance.hub.app import Call
from conformance.hub.body import read_json
from conformance.hub.content import decoded, size_behind
from conformance.hub.errors import HubError, invalid, missing
from conformance.hub.fields import Check, anything, flag, integer, text, thing, word
from conformance.hub.form import FORM, Form, media_type, read_form, spelled
from conformance.hub.ids import unique
from conformance.hub.intake import check_model
from conformance.hub.memory import Memory
from conformance.hub.picture import converted, opened, png, repainted
from conformance.hub.routes import Route
from conformance.hub.schemas import check_request
from conformance.hub.text import count_tokens

if TYPE_CHECKING:
    from PIL.Image import Image

DEFAULT_MODEL = "dall-e-2"
GPT = "gpt-image"
"""Models whose names begin so answer with the picture itself, and choose its format."""
SQUARE = "1024x1024"
SIZES = ("256x256", "512x512", SQUARE, "1792x1024", "1024x1792", "1536x1024", "1024x1536")
QWEN_SIZE = re.compile(r"(\d{3,4})\*(\d{3,4})")
QWEN_DEFAULT = "1328*1328"
QWEN_SIDES = range(256, 2049)
PIXELS_PER_TOKEN = 1024
TOKENS_OF_A_PICTURE = 85
MOST_PICTURES = 16
GPT_ONLY = ("output_format", "output_compression", "background", "moderation")
_SHOWN: Memory[tuple[bytes, str]] = Memory(most=512, heaviest=64 * 1024 * 1024)


def _not_offered(value: Any, name: str) -> Any:
    if value not in (False, 0, "false", "0"):
        raise invalid(f"This hub has no '{name}' for pictures.", name, "unsupported_parameter")
    return value


COMMON: Mapping[str, Check] = {
    "model": text(empty=False),
    "prompt": text(empty=False),
    "n": integer(1, 10),
    "size": word(*SIZES, "auto"),
    "quality": word("standard", "hd", "low", "medium", "high", "auto"),
    "style": word("vivid", "natural"),
    "response_format": word("url", "b64_json"),
    "user": text(),
    "output_format": word("png", "jpeg", "webp"),
    "output_compression": integer(0, 100),
    "background": word("transparent", "opaque", "auto"),
    "moderation": word("low", "auto"),
    "stream": _not_offered,
    "partial_images": _not_offered,
}
IN_FORMS = {**COMMON, "n": spelled(COMMON["n"]), "output_compression": spelled(COMMON["output_compression"])}
QWEN: Mapping[str, Check] = {"model": text(empty=False), "input": thing, "parameters": thing}
QWEN_PARAMETERS: Mapping[str, Check] = {
    "negative_prompt": text(),
    "prompt_extend": flag,
    "watermark": flag,
    "n": integer(1, 6),
    "size": anything,
}


@dataclass(frozen=True)
class Order:
    """What an answer has to show. `drawn` is the seed of its pattern, `sources` are the caller's pictures."""

    prompt: str
    drawn: str
    count: int
    size: tuple[int, int]
    format: str = "png"
    quality: int = 90
    transparent: bool = False
    as_url: bool = True
    sources: "tuple[Image, ...]" = ()
    mask: "Image | None" = None

    def pictures(self) -> list[bytes]:
        """The pictures, ready to be sent."""
        return [converted(self._plain(number), self.format, self.quality, self.transparent) for number in self._numbers]

    @property
    def _numbers(self) -> range:
        return range(self.count)

    def _plain(self, number: int) -> bytes:
        seed = f"{number} {self.drawn}"
        if not self.sources:
            return png(*self.size, seed)
        return repainted(self.sources[0], self.mask, self.size, seed)

    def usage(self) -> dict[str, Any]:
        """The token counts."""
        words, given = count_tokens(self.prompt), TOKENS_OF_A_PICTURE * len(self.sources)
        made = self.count * (self.size[0] * self.size[1] // PIXELS_PER_TOKEN)
        return {
            "total_tokens": words + given + made,
            "input_tokens": words + given,
            "output_tokens": made,
            "input_tokens_details": {"text_tokens": words, "image_tokens": given},
        }


async def create(call: Call) -> Response:
    """Answers one request for new pictures, in either format."""
    body = await read_json(call.request)
    if body.get("input") is not None:
        return await _answer(call, _qwen_order(body, call.route.request, edits=False))
    _check_schema(call, body, "ImageGenerationRequest")
    request = fields.read(body, COMMON, ("prompt",))
    order = _order(request)
    return await _answer(call, order, order.usage())


async def edit(call: Call) -> Response:
    """Answers one request to change pictures: a form in the OpenAI format, JSON in the Qwen format."""
    if media_type(call.request) != FORM:
        body = await read_json(call.request)
        return await _answer(call, _qwen_order(body, call.route.request, edits=True))
    order = _form_order(await read_form(call.request))
    return await _answer(call, order, order.usage())


async def show(call: Call) -> Response:
    """One of the pictures that answers have linked to."""
    found = _SHOWN.find(call.params["name"])
    if found is None:
        raise HubError(404, "There is no such picture, or no longer.", "not_found")
    return Response(found[0], media_type=found[1], headers={"cache-control": "private, max-age=3600"})


async def _answer(call: Call, order: Order, usage: Mapping[str, Any] | None = None) -> Response:
    pictures = await asyncio.to_thread(order.pictures)
    data = [{"url": _link(call, one, order)} if order.as_url else {"b64_json": _text(one)} for one in pictures]
    answer: dict[str, Any] = {"created": int(time.time()), "data": data}
    return JSONResponse({**answer, "usage": usage} if usage else answer)


def _link(call: Call, picture: bytes, order: Order) -> str:
    name = f"{unique('img-')}.{order.format}"
    _SHOWN.keep(name, (picture, f"image/{order.format}"), len(picture))
    return f"{call.request.base_url}pictures/{name}"


def _text(picture: bytes) -> str:
    return base64.b64encode(picture).decode()


def _check_schema(call: Call, body: Mapping[str, Any], name: str) -> None:
    if call.route.request:
        file = call.route.request.partition("#")[0]
        check_request(f"{file}#/{name}", fields.without_nulls(body))


# ------------------------------------------------------------------------------------------------ the OpenAI format


def _order(request: Mapping[str, Any], sources: "Sequence[Image]" = (), mask: "Image | None" = None) -> Order:
    model = request.get("model", DEFAULT_MODEL)
    check_model(model, ("image",))
    gpt = model.startswith(GPT)
    for name in GPT_ONLY:
        if name in request and not gpt:
            raise invalid(f"'{name}' works with GPT image models only.", name, "unsupported_parameter")
    format = request.get("output_format", "png")
    transparent = request.get("background") == "transparent"
    if transparent and format == "jpeg":
        raise invalid("A JPEG cannot be transparent.", "background")
    if "output_compression" in request and format == "png":
        raise invalid("'output_compression' works with jpeg and webp only.", "output_compression")
    return Order(
        prompt=request["prompt"],
        drawn=" ".join([request["prompt"], request.get("quality", ""), request.get("style", "")]),
        count=request.get("n", 1),
        size=_pixels(request.get("size", SQUARE)),
        format=format,
        quality=request.get("output_compression", 90),
        transparent=transparent,
        as_url=not gpt and request.get("response_format", "url") == "url",
        sources=tuple(sources),
        mask=mask,
    )


def _pixels(size: str) -> tuple[int, int]:
    width, _, height = (SQUARE if size == "auto" else size).partition("x")
    return int(width), int(height)


def _form_order(form: Form) -> Order:
    for name in ("prompt", "model"):
        if name in form.files:
            raise invalid(f"'{name}' must be text, not a file.", name, "invalid_type")
    uploads, masks = form.uploads("image"), form.uploads("mask")
    if not uploads:
        raise missing("image")
    if len(uploads) > MOST_PICTURES:
        raise invalid(f"At most {MOST_PICTURES} pictures can be sent.", "image")
    request = fields.read(form.values(), IN_FORMS, ("prompt",))
    sources = [_opened(upload, "image") for upload in uploads]
    mask = _opened(masks[0], "mask") if masks else None
    if mask is not None and mask.size != sources[0].size:
        raise invalid("The mask must be as large as the picture.", "mask")
    if mask is not None and not mask.has_transparency_data:
        raise invalid("The mask has nothing transparent.", "mask")
    return _order(request, sources, mask)


def _opened(content: bytes, param: str) -> "Image":
    try:
        return opened(content)
    except ValueError:
        raise invalid(f"'{param}' is not a PNG, JPEG or WebP picture of a bearable size.", param) from None


# -------------------------------------------------------------------------------------------------- the Qwen format


def _qwen_order(body: Mapping[str, Any], contract: str | None, *, edits: bool) -> Order:
    if contract:
        name = "QwenImageEditRequest" if edits else "QwenImageGenerationRequest"
        check_request(f"{contract.partition('#')[0]}#/{name}", fields.without_nulls(body))
    request = fields.read(body, QWEN, ("model", "input"))
    parameters = fields.read(request.get("parameters", {}), QWEN_PARAMETERS)
    check_model(request["model"], ("image",))
    words, pictures = _qwen_parts(request["input"])
    if not words:
        raise missing("input.messages[0].content[0].text")
    if edits and not pictures:
        raise missing("input.messages[0].content[0].image")
    return Order(
        prompt=words,
        drawn=f"{words} - {parameters.get('negative_prompt', '')} {parameters.get('watermark', False)}",
        count=parameters.get("n", 1),
        size=_qwen_pixels(parameters.get("size", QWEN_DEFAULT)),
        sources=tuple(pictures) if edits else (),
    )


def _qwen_parts(given: Mapping[str, Any]) -> "tuple[str, list[Image]]":
    """The words of the last message that has some, and the pictures of all. An address is never fetched: a stand-in
    takes its place."""
    words, pictures = "", []
    for place, message in enumerate(given["messages"]):
        for number, part in enumerate(message.get("content") or ()):
            at = f"input.messages[{place}].content[{number}]"
            words = part.get("text") or words
            if part.get("image") is not None:
                pictures.append(_behind(part["image"], f"{at}.image"))
    if len(pictures) > MOST_PICTURES:
        raise invalid(f"At most {MOST_PICTURES} pictures can be sent.", "input.messages")
    return words, pictures


def _behind(address: str, place: str) -> "Image":
    size_behind(address, place)
    if address.startswith("data:"):
        return _opened(decoded(address.partition(",")[2], place), place)
    return opened(png(64, 64, address))


def _qwen_pixels(size: Any) -> tuple[int, int]:
    found = QWEN_SIZE.fullmatch(size) if isinstance(size, str) else None
    sides = tuple(map(int, found.groups())) if found else (0, 0)
    if not all(side in QWEN_SIDES for side in sides):
        allowed = f"{QWEN_SIDES.start} to {QWEN_SIDES.stop - 1}"
        raise invalid(f"'size' is width*height in pixels, {allowed} each.", "parameters.size")
    return sides[0], sides[1]


HANDLERS = {"images-generations": create, "images-edits": edit, "images-picture": show}
EXTRA_ROUTES = (Route("GET", "/pictures/{name}", "images-picture", "images", ("none",), "openai"),)
