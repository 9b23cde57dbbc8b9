"""The picture routes of the hub: both formats, forms, and what links lead to."""

from __future__ import annotations

import base64
import io
from typing import Any

import httpx
import pytest
from PIL import Image

from conformance.engine.kit.forms import File, form
from conformance.engine.kit.samples import png, png_with_hole
from tests.hub.conftest import BEARER, Api

GENERATE, EDIT = "/v1/images/generations", "/v1/images/edits"
QWEN = {"messages": [{"role": "user", "content": [{"text": "A red square."}]}]}


def make(api: Api, **fields: Any) -> httpx.Response:
    return api.ask("POST", GENERATE, json={"prompt": "A red square.", **fields})


def change(api: Api, *parts: tuple[str, str | File], model: str = "gpt-image-1") -> httpx.Response:
    sent = form([("model", model), ("prompt", "Make it blue."), *parts])
    return api.ask("POST", EDIT, {**BEARER, **sent["headers"]}, content=sent["body"])


def opened(response: httpx.Response) -> list[Image.Image]:
    assert response.status_code == 200, response.text
    return [Image.open(io.BytesIO(base64.b64decode(one["b64_json"]))) for one in response.json()["data"]]


def refused(response: httpx.Response) -> tuple[int, str | None]:
    assert set(response.json()) == {"error"}, response.text
    return response.status_code, response.json()["error"]["param"]


def picture(content: bytes | None = None) -> File:
    return File("p.png", "image/png", png(64, 64) if content is None else content)


def test_a_link_leads_to_the_picture_without_a_credential(api: Api) -> None:
    answer = make(api).json()
    (entry,) = answer["data"]
    assert list(entry) == ["url"]
    shown = api.ask("GET", entry["url"], {})
    assert (shown.status_code, shown.headers["content-type"]) == (200, "image/png")
    assert Image.open(io.BytesIO(shown.content)).size == (1024, 1024)
    assert api.ask("GET", entry["url"] + "x", {}).status_code == 404


def test_the_same_prompt_makes_the_same_picture(api: Api) -> None:
    once, again = (make(api, response_format="b64_json").json()["data"] for _ in range(2))
    assert once == again
    assert make(api, prompt="Another.", response_format="b64_json").json()["data"] != once


@pytest.mark.parametrize("size", ["256x256", "512x512", "1792x1024", "1024x1792"])
def test_pictures_have_the_size_asked_for(api: Api, size: str) -> None:
    two = opened(make(api, n=2, size=size, response_format="b64_json"))
    assert [f"{one.width}x{one.height}" for one in two] == [size, size]
    assert two[0].tobytes() != two[1].tobytes() or two[0].getpalette() != two[1].getpalette()


@pytest.mark.parametrize("format", ["png", "jpeg", "webp"])
def test_gpt_image_models_answer_in_the_format_asked_for(api: Api, format: str) -> None:
    (one,) = opened(make(api, model="gpt-image-1", output_format=format, response_format="url"))
    assert str(one.format).lower() == format


def test_a_background_can_be_transparent(api: Api) -> None:
    (one,) = opened(make(api, model="gpt-image-1", background="transparent"))
    assert one.has_transparency_data
    assert one.getchannel("A").getextrema() == (0, 255)


def test_usage_adds_up(api: Api) -> None:
    usage = change(api, ("image[]", picture()), ("image[]", picture())).json()["usage"]
    assert usage["total_tokens"] == usage["input_tokens"] + usage["output_tokens"]
    assert usage["input_tokens"] == sum(usage["input_tokens_details"].values())
    assert usage["input_tokens_details"]["image_tokens"] == 2 * 85


@pytest.mark.parametrize(
    ("fields", "param"),
    [
        ({"prompt": None}, "prompt"),
        ({"prompt": ""}, "prompt"),
        ({"prompt": ["a"]}, "prompt"),
        ({"n": 0}, "n"),
        ({"n": 11}, "n"),
        ({"n": "2"}, "n"),
        ({"n": 1.5}, "n"),
        ({"size": "7x7"}, "size"),
        ({"size": 512}, "size"),
        ({"response_format": "gif"}, "response_format"),
        ({"output_format": "jpeg"}, "output_format"),
        ({"model": "gpt-image-1", "output_format": "tiff"}, "output_format"),
        ({"model": "gpt-image-1", "output_compression": 50}, "output_compression"),
        ({"model": "gpt-image-1", "output_format": "jpeg", "background": "transparent"}, "background"),
        ({"stream": True}, "stream"),
        ({"model": "whisper-1"}, "model"),
    ],
)
def test_wrong_values_are_refused(api: Api, fields: dict[str, Any], param: str) -> None:
    assert refused(make(api, **fields)) == (400, param)


def test_odd_but_valid_requests_are_served(api: Api) -> None:
    fine = {"n": 1.0, "size": "auto", "style": None, "user": "\0", "made_up": {"a": [1, None]}, "stream": False}
    assert make(api, prompt="\0 naïve 漢字 🚀", **fine).status_code == 200
    assert refused(make(api, model="no-such-model")) == (404, "model")


def test_a_mask_says_where_to_change(api: Api) -> None:
    source, mask = picture(), File("m.png", "image/png", png_with_hole(64, 64))
    (done,) = opened(change(api, ("image", source), ("mask", mask), ("size", "512x512")))
    kept, changed = done.convert("RGB").crop((0, 0, 240, 512)), done.convert("RGB").crop((272, 0, 512, 512))
    assert kept.getcolors() == [(240 * 512, (255, 0, 0))]
    assert len(changed.getcolors() or ()) > 1


def test_forms_of_dalle_give_links(api: Api) -> None:
    answer = change(api, ("image", picture()), ("n", "2"), model="dall-e-2")
    assert [list(one) for one in answer.json()["data"]] == [["url"], ["url"]]


@pytest.mark.parametrize(
    ("parts", "param"),
    [
        ([], "image"),
        ([("image", "no file")], "image"),
        ([("image", picture(b""))], "image"),
        ([("image", picture(b"no picture"))], "image"),
        ([("image", picture(png()[:60]))], "image"),
        ([("image", picture()), ("mask", picture())], "mask"),
        ([("image", picture()), ("mask", File("m.png", "image/png", png_with_hole(32, 32)))], "mask"),
        ([("image", picture()), ("n", "0")], "n"),
        ([("image", picture()), ("n", "many")], "n"),
        ([("image", picture()), ("n", "nan")], "n"),
        ([("image", picture()), ("prompt", File("p.txt", "text/plain", b"x"))], "prompt"),
    ],
)
def test_wrong_forms_are_refused(api: Api, parts: list[tuple[str, str | File]], param: str) -> None:
    assert refused(change(api, *parts)) == (400, param)


@pytest.mark.parametrize("cut", [0, 10, 80, 200, -1, -4])
def test_a_form_that_breaks_off_is_refused(api: Api, cut: int) -> None:
    sent = form([("image", picture()), ("prompt", "x")])
    response = api.ask("POST", EDIT, {**BEARER, **sent["headers"]}, content=sent["body"].rstrip()[:cut])
    assert response.status_code == 400


@pytest.mark.parametrize("label", ["multipart/form-data", "multipart/form-data; boundary=", "multipart/form-data; x=y"])
def test_a_form_without_boundary_is_refused(api: Api, label: str) -> None:
    assert api.ask("POST", EDIT, {**BEARER, "content-type": label}, content=b"--x--").status_code == 400


def test_qwen_bodies_are_served_on_both_routes(api: Api) -> None:
    made = api.ask("POST", GENERATE, json={"model": "qwen-image", "input": QWEN, "parameters": {"size": "928*1664"}})
    shown = api.ask("GET", made.json()["data"][0]["url"], {})
    assert Image.open(io.BytesIO(shown.content)).size == (928, 1664)
    url = f"data:image/png;base64,{base64.b64encode(png()).decode()}"
    given = {"messages": [{"role": "user", "content": [{"image": url}, {"text": "Make it blue."}]}]}
    body = {"model": "qwen-image-edit", "input": given, "parameters": {"n": 2}}
    assert len(api.ask("POST", EDIT, json=body).json()["data"]) == 2


@pytest.mark.parametrize(
    ("path", "fields", "param"),
    [
        (GENERATE, {"input": {}}, "input.messages"),
        (GENERATE, {"input": {"messages": []}}, "input.messages"),
        (GENERATE, {"input": {"messages": [{"role": "user", "content": []}]}}, "input.messages[0].content[0].text"),
        (GENERATE, {"input": QWEN, "parameters": {"size": "9*9"}}, "parameters.size"),
        (GENERATE, {"input": QWEN, "model": None}, "model"),
        (EDIT, {"input": QWEN}, "input.messages[0].content[0].image"),
    ],
)
def test_wrong_qwen_bodies_are_refused(api: Api, path: str, fields: dict[str, Any], param: str) -> None:
    assert refused(api.ask("POST", path, json={"model": "qwen-image", **fields})) == (400, param)


def test_a_broken_data_url_is_refused(api: Api) -> None:
    for url in ("data:image/png;base64,iVBORw0KGgo=", "data:image/png;base64,***", "data:,x", "ftp://x"):
        given = {"messages": [{"role": "user", "content": [{"image": url}, {"text": "x"}]}]}
        response = api.ask("POST", EDIT, json={"model": "qwen-image-edit", "input": given})
        assert refused(response) == (400, "input.messages[0].content[0].image"), url
