"""Midjourney tasks of the embedded hub."""

from __future__ import annotations

import base64
import io
from typing import Any

import pytest
from PIL import Image

from conformance.engine.contract import load_contract
from conformance.hub.app import create_app
from conformance.hub.picture import png
from tests.hub.conftest import TOKEN, Api

PICTURE = "data:image/png;base64," + base64.b64encode(png(16, 16)).decode()


@pytest.fixture
def api() -> Api:
    return Api(create_app(TOKEN))


def submit(api: Api, kind: str, prefix: str = "", **body: Any) -> str:
    response = api.ask("POST", f"{prefix}/mj/submit/{kind}", json=body)
    assert response.status_code == 200, response.text
    answer = response.json()
    assert (answer["code"], load_contract().violations("MjTaskResponse", answer)) == (1, [])
    return str(answer["result"])


def fetch(api: Api, id: str, prefix: str = "") -> dict[str, Any]:
    answer = api.ask("GET", f"{prefix}/mj/task/{id}/fetch").json()
    assert load_contract().violations("MjTaskResult", answer) == []
    return dict(answer)


def course(api: Api, id: str) -> list[dict[str, Any]]:
    """All that is told of a task until its end."""
    told = [fetch(api, id)]
    for _ in range(10):
        if told[-1]["status"] in ("SUCCESS", "FAILURE"):
            return told
        told.append(fetch(api, id))
    raise AssertionError("no end")


def picture(api: Api, task: dict[str, Any]) -> Image.Image:
    response = api.ask("GET", task["imageUrl"].removeprefix("http://hub"), {})
    assert response.headers["content-type"] == "image/png"
    return Image.open(io.BytesIO(response.content))


def test_a_new_picture_passes_all_stages(api: Api) -> None:
    told = course(api, submit(api, "imagine", prompt="A red square", state="mine"))
    words = [task["status"] for task in told]
    assert words == sorted(words, key=["SUBMITTED", "IN_PROGRESS", "SUCCESS"].index)
    assert set(words) == {"SUBMITTED", "IN_PROGRESS", "SUCCESS"}
    last = told[-1]
    assert (last["action"], last["prompt"], last["state"], last["progress"]) == (
        "IMAGINE",
        "A red square",
        "mine",
        "100%",
    )
    assert last["submitTime"] <= last["startTime"] <= last["finishTime"]
    assert last["submitTime"] > 10**12
    assert fetch(api, last["id"]) == last


@pytest.mark.parametrize(("option", "size"), [("", (256, 256)), (" --ar 3:2", (384, 256)), (" --ar 9:16", (256, 455))])
def test_the_shape_is_the_one_asked_for(api: Api, option: str, size: tuple[int, int]) -> None:
    last = course(api, submit(api, "imagine", prompt="A square" + option))[-1]
    assert picture(api, last).size == size


def test_both_ways_lead_to_the_same_picture(api: Api) -> None:
    last = course(api, submit(api, "imagine", prompt="A square"))[-1]
    response = api.ask("GET", f"/mj/image/{last['id']}", {})
    assert Image.open(io.BytesIO(response.content)).tobytes() == picture(api, last).tobytes()


@pytest.mark.parametrize("prompt", ["a --a cute cat", "a cat --ar 9", "a cat --ar 0:1", "a cat —unknown 1"])
def test_what_the_vendor_does_not_know_fails_later(api: Api, prompt: str) -> None:
    last = course(api, submit(api, "imagine", prompt=prompt))[-1]
    assert (last["status"], last["imageUrl"]) == ("FAILURE", "")
    assert last["failReason"].startswith("Invalid parameter")
    assert api.ask("GET", f"/mj/image/{last['id']}", {}).status_code == 400


def test_a_step_is_a_task_of_its_own(api: Api) -> None:
    source = submit(api, "imagine", prompt="A square")
    body = {"taskId": source, "action": "UPSCALE", "index": 2}
    early = api.ask("POST", "/mj/submit/change", json=body)
    assert (early.status_code, early.json()["code"]) == (400, 4)
    before = course(api, source)[-1]
    last = course(api, submit(api, "change", **body))[-1]
    assert (last["action"], last["prompt"]) == ("UPSCALE", "A square")
    assert last["id"] != source
    assert picture(api, last).size == (512, 512)
    assert fetch(api, source) == before
    again = api.ask("POST", "/mj/submit/change", json={**body, "taskId": last["id"]})
    assert again.status_code == 400


def test_another_index_is_another_picture(api: Api) -> None:
    source = submit(api, "imagine", prompt="A square")
    course(api, source)
    pictures = [
        picture(api, course(api, submit(api, "change", taskId=source, action="VARIATION", index=index))[-1]).convert(
            "RGB"
        )
        for index in (1, 2)
    ]
    assert pictures[0].tobytes() != pictures[1].tobytes()


def test_a_description_has_words_and_no_picture(api: Api) -> None:
    last = course(api, submit(api, "describe", base64=PICTURE))[-1]
    assert (last["action"], last["imageUrl"]) == ("DESCRIBE", "")
    assert "16 by 16" in last["properties"]["finalPrompt"]


@pytest.mark.parametrize(("dimensions", "size"), [("PORTRAIT", (256, 384)), ("LANDSCAPE", (384, 256))])
def test_a_blend_has_the_dimensions_asked_for(api: Api, dimensions: str, size: tuple[int, int]) -> None:
    last = course(api, submit(api, "blend", base64Array=[PICTURE, PICTURE], dimensions=dimensions))[-1]
    assert picture(api, last).size == size


@pytest.mark.parametrize("prefix", ["/mj-fast", "/mj-relax", "/mj-turbo"])
def test_all_speeds_share_their_tasks(api: Api, prefix: str) -> None:
    id = submit(api, "imagine", prefix, prompt="A square")
    assert fetch(api, id)["id"] == fetch(api, id, prefix)["id"] == id
    assert api.ask("GET", f"/mj-slow/mj/task/{id}/fetch").status_code == 404


def test_a_list_holds_what_is_known_once(api: Api) -> None:
    ids = [submit(api, "imagine", prompt="A square") for _ in range(2)]
    found = api.ask("POST", "/mj/task/list-by-condition", json={"ids": [ids[1], "nobody", ids[0], ids[1]]}).json()
    assert [task["id"] for task in found] == [ids[1], ids[0]]
    for nothing in ({"ids": []}, {}, {"ids": None}):
        assert api.ask("POST", "/mj/task/list-by-condition", json=nothing).json() == []


@pytest.mark.parametrize(
    ("kind", "body"),
    [
        ("imagine", {}),
        ("imagine", {"prompt": ""}),
        ("imagine", {"prompt": 5}),
        ("imagine", {"prompt": "x", "botType": "ROBOT"}),
        ("imagine", {"prompt": "x", "base64Array": ["data:image/png;base64,AAAA"]}),
        ("imagine", {"prompt": "x", "state": {}}),
        ("change", {"taskId": "x", "action": "EXPLODE", "index": 1}),
        ("change", {"taskId": "x", "action": "UPSCALE", "index": 5}),
        ("change", {"taskId": "x", "action": "UPSCALE"}),
        ("change", {"taskId": "\x00", "action": "UPSCALE", "index": 1.5}),
        ("describe", {"base64": "AAAA"}),
        ("describe", {"base64": "https://example.com/1.png"}),
        ("describe", {"base64": "data:image/png;base64,%%"}),
        ("blend", {"base64Array": [PICTURE]}),
        ("blend", {"base64Array": [PICTURE] * 6}),
        ("blend", {"base64Array": [PICTURE] * 2, "dimensions": "ROUND"}),
    ],
)
def test_what_cannot_be_done_is_refused(api: Api, kind: str, body: dict[str, Any]) -> None:
    response = api.ask("POST", f"/mj/submit/{kind}", json=body)
    assert response.status_code == 400
    assert load_contract().violations("MidjourneyErrorResponse", response.json()) == []
    assert response.json()["code"] == 4


def test_an_index_may_be_written_as_a_float(api: Api) -> None:
    source = submit(api, "imagine", prompt="A square")
    course(api, source)
    assert submit(api, "change", taskId=source, action="REROLL", index=4.0)


def test_what_nobody_has_is_not_found(api: Api) -> None:
    change = {"taskId": "nobody", "action": "UPSCALE", "index": 1}
    replies = [api.ask("GET", "/mj/task/nobody/fetch"), api.ask("POST", "/mj/submit/change", json=change)]
    assert [(reply.status_code, reply.json()["code"]) for reply in replies] == [(404, 3), (404, 3)]
    image = api.ask("GET", "/mj/image/nobody", {})
    assert (image.status_code, image.json()) == (404, {"error": "midjourney_task_not_found"})
    assert api.ask("GET", "/mj-pictures/nobody.png", {}).status_code == 404
