"""Videos of the embedded hub: tasks in four formats, films, refusals."""

from __future__ import annotations

import base64
import io
import time
from typing import Any

import av
import pytest

from conformance.engine.contract import load_contract
from conformance.engine.kit.films import film_of
from conformance.engine.kit.samples import png
from conformance.hub.app import create_app
from conformance.hub.film import mp4
from conformance.hub.tasks import FAILURE_WORD
from tests.hub.conftest import TOKEN, Api

SECONDS = 0.08
PROMPT = "A red ball."
SORA = {"model": "sora-2", "prompt": PROMPT}
KLING = {"model": "kling-v1", "prompt": PROMPT}
JIMENG = {"req_key": "jimeng_vgfm_t2v_l20", "prompt": PROMPT}
SUBMIT, LOOK_UP = (f"/jimeng/?Action=CVSync2Async{word}&Version=2022-08-31" for word in ("SubmitTask", "GetResult"))
PICTURE = base64.b64encode(png(40, 30)).decode()


@pytest.fixture(scope="module")
def quick() -> Api:
    return Api(create_app(TOKEN, task_seconds=SECONDS))


@pytest.fixture(scope="module")
def slow() -> Api:
    return Api(create_app(TOKEN, task_seconds=600))


def submit(api: Api, path: str, body: Any, **rest: Any) -> Any:
    response = api.ask("POST", path, json=body, **rest)
    assert response.status_code == 200, response.text
    return response.json()


def problem(api: Api, path: str, body: Any) -> tuple[int, str]:
    response = api.ask("POST", path, json=body)
    return response.status_code, response.json()["code"]


def end(api: Api, path: str, body: Any = None) -> Any:
    """The answer to a look-up after the task's time."""
    time.sleep(SECONDS)
    response = api.ask("GET" if body is None else "POST", path, **({} if body is None else {"json": body}))
    assert response.status_code == 200, response.text
    return response.json()


def link(api: Api, url: str) -> bytes:
    response = api.ask("GET", url.removeprefix("http://hub"), headers={})
    assert (response.status_code, response.headers["content-type"]) == (200, "video/mp4")
    return response.content


def test_a_video_in_the_sora_format(quick: Api) -> None:
    form = {name: (None, value) for name, value in {**SORA, "seconds": "8", "size": "1280x720"}.items()}
    new = quick.ask("POST", "/v1/videos", files=form).json()
    assert (new["status"], new["progress"], new["completed_at"]) == ("queued", 0, None)
    assert (new["seconds"], new["size"]) == ("8", "1280x720")
    done = end(quick, f"/v1/videos/{new['id']}")
    assert (done["status"], done["progress"], done["error"]) == ("completed", 100, None)
    assert done["created_at"] <= done["completed_at"] < done["expires_at"]
    assert done == end(quick, f"/v1/videos/{new['id']}")
    for video in (new, done):
        assert not load_contract().violations("OpenAIVideo", video)
    whole = quick.ask("GET", f"/v1/videos/{new['id']}/content")
    film = film_of(whole.content)
    assert (film.width, film.height, film.seconds) == (1280, 720, 8)
    assert whole.content == quick.ask("GET", f"/v1/videos/{new['id']}/content").content


@pytest.mark.parametrize(
    ("asked", "status", "first", "last"),
    [
        ("bytes=0-99", 206, 0, 100),
        ("bytes=100-", 206, 100, None),
        ("bytes=-7", 206, -7, None),
        ("bytes=9999999-", 200, 0, None),
        ("bytes=5-2", 200, 0, None),
        ("bytes=-", 200, 0, None),
        ("bytes=-0", 200, 0, None),
        ("lines=1-2", 200, 0, None),
    ],
)
def test_parts_of_a_film(quick: Api, asked: str, status: int, first: int, last: int | None) -> None:
    path = f"/v1/videos/{submit(quick, '/v1/videos', SORA)['id']}/content"
    time.sleep(SECONDS)
    whole = quick.ask("GET", path).content
    headers = {"authorization": f"Bearer {TOKEN}", "range": asked}
    part = quick.ask("GET", path, headers)
    assert (part.status_code, part.content) == (status, whole[first:last])
    assert ("content-range" in part.headers) == (status == 206)


def test_a_remix(quick: Api) -> None:
    source = submit(quick, "/v1/videos", {**SORA, "input_reference": PICTURE})
    early = quick.ask("POST", f"/v1/videos/{source['id']}/remix", json={"prompt": "blue"})
    assert (early.status_code, early.json()["code"]) == (400, "video_not_ready")
    time.sleep(SECONDS)
    remix = submit(quick, f"/v1/videos/{source['id']}/remix", {"prompt": "blue"})
    assert remix["id"] != remix["remixed_from_video_id"] == source["id"]
    assert (remix["prompt"], remix["status"]) == ("blue", "queued")
    contents = [f"/v1/videos/{one['id']}/content" for one in (source, remix)]
    time.sleep(SECONDS)
    assert quick.ask("GET", contents[0]).content != quick.ask("GET", contents[1]).content


def test_an_unfinished_film_is_refused(slow: Api) -> None:
    id = submit(slow, "/v1/videos", SORA)["id"]
    response = slow.ask("GET", f"/v1/videos/{id}/content")
    assert (response.status_code, response.json()["error"]["code"]) == (404, "video_not_ready")
    assert slow.ask("GET", f"/films/{id}.mp4", headers={}).status_code == 404


@pytest.mark.parametrize(
    "kind", ["/kling/v1/videos/text2video", "/kling/v1/videos/image2video", "/v1/video/generations"]
)
def test_a_video_in_the_shared_format(quick: Api, kind: str) -> None:
    body = {**KLING, "image": PICTURE, "duration": 2.5, "width": 64, "height": 48, "fps": 10, "seed": 7}
    new = submit(quick, kind, body)
    assert not load_contract().violations("VideoResponse", new)
    done = end(quick, f"{kind}/{new['task_id']}")
    assert not load_contract().violations("VideoTaskResponse", done)
    assert done["metadata"] == {"duration": 2.5, "fps": 10, "width": 64, "height": 48, "seed": 7}
    film = film_of(link(quick, done["url"]))
    assert (film.width, film.height) == (64, 48)
    assert film.seconds == pytest.approx(2.5, abs=0.2)


def test_a_video_in_klings_own_format(quick: Api) -> None:
    body = {"model_name": "kling-v1", "prompt": PROMPT, "duration": "10", "aspect_ratio": "16:9", "mode": "pro"}
    new = submit(quick, "/kling/v1/videos/text2video", body)
    done = end(quick, f"/kling/v1/videos/text2video/{new['task_id']}")
    assert (done["metadata"]["duration"], done["metadata"]["width"], done["metadata"]["height"]) == (10, 320, 180)


def test_a_video_in_the_jimeng_format(quick: Api) -> None:
    new = submit(quick, SUBMIT, {**JIMENG, "binary_data_base64": [PICTURE]})
    assert (new["code"], list(new["data"])) == (10000, ["task_id"])
    query = {"req_key": JIMENG["req_key"], "task_id": new["data"]["task_id"]}
    assert submit(quick, LOOK_UP, query)["data"]["status"] in ("in_queue", "generating")
    done = end(quick, LOOK_UP, query)
    assert not load_contract().violations("JimengResponse", done)
    assert done["data"]["status"] == "done"
    assert film_of(link(quick, done["data"]["video_url"])).seconds == 5


@pytest.mark.parametrize("image", ["https://a.invalid/1.png", "http://b.c.invalid:8080/x?y=1"])
def test_a_picture_that_cannot_be_fetched_fails_the_task(quick: Api, image: str) -> None:
    new = submit(quick, "/kling/v1/videos/image2video", {**KLING, "image": image})
    failed = end(quick, f"/kling/v1/videos/image2video/{new['task_id']}")
    assert (failed["status"], failed["url"], failed["error"]["code"]) == ("failed", None, 50500)
    assert failed["error"]["message"]


def test_failures_have_a_reason_in_every_format(quick: Api) -> None:
    wish = {"prompt": FAILURE_WORD}
    video = end(quick, f"/v1/videos/{submit(quick, '/v1/videos', {**SORA, **wish})['id']}")
    assert (video["status"], video["error"]["code"]) == ("failed", "generation_failed")
    assert quick.ask("GET", f"/v1/videos/{video['id']}/content").status_code == 404
    task = submit(quick, SUBMIT, {**JIMENG, **wish})["data"]["task_id"]
    answer = end(quick, LOOK_UP, {"req_key": JIMENG["req_key"], "task_id": task})
    assert (answer["code"], answer["data"]) == (50500, None)


@pytest.mark.parametrize(
    ("path", "body", "status", "code"),
    [
        ("/v1/videos", {"model": "sora-2"}, 400, "missing_required_parameter"),
        ("/v1/videos", {"prompt": PROMPT}, 400, "missing_required_parameter"),
        ("/v1/videos", {**SORA, "model": "gpt-4o"}, 400, "model_not_supported"),
        ("/v1/videos", {**SORA, "model": "nothing"}, 404, "model_not_found"),
        ("/v1/videos", {**SORA, "prompt": ""}, 400, "invalid_value"),
        ("/v1/videos", {**SORA, "prompt": None}, 400, "missing_required_parameter"),
        ("/v1/videos", {**SORA, "seconds": 4}, 400, "invalid_type"),
        ("/v1/videos", {**SORA, "seconds": "four"}, 400, "invalid_value"),
        ("/v1/videos", {**SORA, "seconds": "٤"}, 400, "invalid_value"),
        ("/v1/videos", {**SORA, "size": "7x7"}, 400, "invalid_value"),
        ("/v1/videos", {**SORA, "input_reference": "nothing"}, 400, "invalid_value"),
        ("/v1/videos", {**SORA, "input_reference": "data:image/png,x"}, 400, "invalid_value"),
        ("/v1/videos", [], 400, "invalid_json"),
        ("/v1/videos/none/remix", {"prompt": PROMPT}, 404, "task_not_exist"),
        ("/kling/v1/videos/text2video", {"prompt": PROMPT}, 400, "missing_required_parameter"),
        ("/kling/v1/videos/text2video", {"model": "kling-v1"}, 400, "missing_required_parameter"),
        ("/kling/v1/videos/text2video", {**KLING, "duration": "5s"}, 400, "invalid_value"),
        ("/kling/v1/videos/text2video", {**KLING, "duration": True}, 400, "invalid_type"),
        ("/kling/v1/videos/text2video", {**KLING, "cfg_scale": 2}, 400, "invalid_value"),
        ("/kling/v1/videos/image2video", {**KLING, "image": "http://[::1"}, 400, "invalid_value"),
        ("/v1/video/generations", {**KLING, "duration": 0}, 400, "invalid_value"),
        ("/v1/video/generations", {**KLING, "duration": 1e300}, 400, "invalid_value"),
        ("/v1/video/generations", {**KLING, "width": 100000}, 400, "invalid_value"),
        ("/v1/video/generations", {**KLING, "metadata": []}, 400, "invalid_type"),
        ("/v1/video/generations", {**KLING, "image": "AAAA"}, 400, "invalid_value"),
        (SUBMIT, {"req_key": "x", "prompt": PROMPT}, 404, "model_not_found"),
        (SUBMIT, {"req_key": JIMENG["req_key"]}, 400, "missing_required_parameter"),
        (SUBMIT, {**JIMENG, "prompt": ""}, 400, "invalid_value"),
        (SUBMIT, {**JIMENG, "image_urls": ["ftp://x"]}, 400, "invalid_value"),
        (SUBMIT, {**JIMENG, "binary_data_base64": ["%"]}, 400, "invalid_value"),
        (LOOK_UP, {"req_key": JIMENG["req_key"]}, 400, "missing_required_parameter"),
        (LOOK_UP, {"req_key": JIMENG["req_key"], "task_id": "none"}, 404, "task_not_exist"),
        ("/jimeng/?Version=2022-08-31", JIMENG, 400, "missing_required_parameter"),
        ("/jimeng/?Action=Submit&Version=2022-08-31", JIMENG, 400, "invalid_value"),
        ("/jimeng/?Action=CVSync2AsyncSubmitTask", JIMENG, 400, "missing_required_parameter"),
        ("/jimeng/?Action=CVSync2AsyncSubmitTask&Version=new", JIMENG, 400, "invalid_value"),
    ],
)
def test_what_cannot_be_served(quick: Api, path: str, body: Any, status: int, code: str) -> None:
    assert problem(quick, path, body) == (status, code)


@pytest.mark.parametrize(
    "path",
    ["/v1/videos/{}", "/kling/v1/videos/text2video/{}", "/kling/v1/videos/image2video/{}", "/v1/video/generations/{}"],
)
@pytest.mark.parametrize("id", ["none", "%E6%BC%A2%20%27%00", "..%2e"])
def test_unknown_tasks_are_not_found(quick: Api, path: str, id: str) -> None:
    response = quick.ask("GET", path.format(id))
    assert (response.status_code, response.json()["code"]) == (404, "task_not_exist")


def test_tasks_are_found_in_their_own_format_alone(quick: Api) -> None:
    id = submit(quick, "/v1/video/generations", KLING)["task_id"]
    assert quick.ask("GET", f"/v1/videos/{id}").status_code == 404
    assert quick.ask("GET", f"/kling/v1/videos/text2video/{id}").status_code == 404


def test_a_form_that_is_wrong(quick: Api) -> None:
    files = {"model": (None, "sora-2"), "prompt": (None, PROMPT), "input_reference": ("a.png", b"text", "image/png")}
    assert quick.ask("POST", "/v1/videos", files=files).status_code == 400
    assert quick.ask("POST", "/v1/videos", files={"prompt": ("p.txt", b"words", "text/plain")}).status_code == 400
    assert quick.ask("POST", "/v1/videos", content=b"x", headers={"content-type": "text/plain"}).status_code == 401


@pytest.mark.parametrize(("width", "height"), [(16, 16), (70, 50), (322, 18), (1920, 1080)])
def test_films_of_any_size_are_whole(width: int, height: int) -> None:
    for picture in (b"", png(33, 21)):
        data = mp4(width, height, 1, 8, "seed", picture)
        mp4.cache_clear()
        assert data == mp4(width, height, 1, 8, "seed", picture)
        with av.open(io.BytesIO(data), format="mp4") as container:
            assert sum(1 for _ in container.decode(container.streams.video[0])) == 8
    assert mp4(64, 64, 600, 120, "long") != mp4(64, 64, 600, 120, "other")
