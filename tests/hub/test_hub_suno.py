"""Suno tasks of the embedded hub."""

from __future__ import annotations

from typing import Any

import pytest

from conformance.engine.contract import load_contract
from conformance.engine.kit.media import picture_of, sound_of
from conformance.hub.app import create_app
from tests.hub.conftest import TOKEN, Api


@pytest.fixture
def api() -> Api:
    return Api(create_app(TOKEN))


def submit(api: Api, kind: str = "music", **body: Any) -> str:
    response = api.ask("POST", f"/suno/submit/{kind}", json=body)
    assert response.status_code == 200, response.text
    assert load_contract().violations("SunoSubmitAnswer", response.json()) == []
    return str(response.json()["data"])


def fetch(api: Api, id: str) -> dict[str, Any]:
    answer = api.ask("GET", f"/suno/fetch/{id}").json()
    assert load_contract().violations("SunoFetchAnswer", answer) == []
    assert load_contract().violations("SunoTaskResult", answer["data"]) == []
    return dict(answer["data"])


def course(api: Api, id: str) -> list[dict[str, Any]]:
    """All that is told of a task until its end."""
    told = [fetch(api, id)]
    for _ in range(10):
        if told[-1]["status"] in ("SUCCESS", "FAILURE"):
            return told
        told.append(fetch(api, id))
    raise AssertionError("no end")


def test_music_passes_all_stages(api: Api) -> None:
    told = course(api, submit(api, prompt="La la", title="A song", tags="piano"))
    words = [task["status"] for task in told]
    assert words == sorted(words, key=["QUEUED", "IN_PROGRESS", "SUCCESS"].index)
    assert set(words) == {"QUEUED", "IN_PROGRESS", "SUCCESS"}
    assert {task["progress"] for task in told[:-1]} == {"0%"}
    last = told[-1]
    assert (last["action"], last["progress"], last["fail_reason"]) == ("MUSIC", "100%", "")
    assert last["submit_time"] <= last["start_time"] <= last["finish_time"] < 10**10
    assert fetch(api, last["task_id"]) == last


def test_songs_can_be_heard(api: Api) -> None:
    songs = course(api, submit(api, prompt="La la", title="A song", tags="piano"))[-1]["data"]
    assert len({song["audio_url"] for song in songs}) == 2
    for song in songs:
        assert (song["title"], song["text"], song["metadata"]["tags"]) == ("A song", "La la", "piano")
        sound = api.ask("GET", song["audio_url"].removeprefix("http://hub"), {})
        assert sound.headers["content-type"] == "audio/mpeg"
        assert sound_of(sound.content).seconds == pytest.approx(song["metadata"]["duration"], abs=0.2)
        cover = api.ask("GET", song["image_url"].removeprefix("http://hub"), {})
        assert picture_of(cover.content).format == "png"


def test_a_running_task_has_no_links(api: Api) -> None:
    id = submit(api, gpt_description_prompt="The sea")
    running = next(task for task in course(api, id) if task["status"] == "IN_PROGRESS")
    assert {song["audio_url"] for song in running["data"]} == {""}


def test_a_topic_becomes_words_and_an_instrumental_has_none(api: Api) -> None:
    sung, played = (
        course(api, submit(api, gpt_description_prompt="The sea", make_instrumental=plain))[-1]["data"][0]["text"]
        for plain in (False, True)
    )
    assert "The sea" in sung
    assert played == ""


@pytest.mark.parametrize("kind", ["lyrics", "LYRICS"])
def test_lyrics_are_an_object(api: Api, kind: str) -> None:
    last = course(api, submit(api, kind, prompt="The sea"))[-1]
    assert last["action"] == "LYRICS"
    assert "The sea" in last["data"]["text"]


def test_an_unknown_model_fails_later(api: Api) -> None:
    last = course(api, submit(api, prompt="La la", mv="no-such-model"))[-1]
    assert (last["status"], last["data"], last["progress"]) == ("FAILURE", None, "100%")
    assert "mv" in last["fail_reason"]


@pytest.mark.parametrize("mv", ["chirp-v3-0", "chirp-v4", "chirp-v2-xxl-alpha", "chirp-auk"])
def test_known_models_sing(api: Api, mv: str) -> None:
    assert course(api, submit(api, prompt="La la", mv=mv))[-1]["data"][0]["model_name"] == mv


def test_a_clip_can_be_continued(api: Api) -> None:
    id = submit(api, prompt="La la")
    clip = {"prompt": "Lu lu", "task_id": id, "continue_clip_id": f"{id}-2", "continue_at": 2}
    assert api.ask("POST", "/suno/submit/music", json=clip).status_code == 400
    course(api, id)
    song = course(api, submit(api, **clip))[-1]["data"][0]
    assert song["metadata"]["audio_prompt_id"] == f"{id}-2"
    assert api.ask("POST", "/suno/submit/music", json={**clip, "continue_clip_id": "x"}).status_code == 404


def test_a_list_holds_what_is_known_once(api: Api) -> None:
    ids = [submit(api, prompt="La la") for _ in range(2)]
    found = api.ask("POST", "/suno/fetch", json={"ids": [ids[1], "nobody", ids[0], ids[1]]}).json()
    assert [task["task_id"] for task in found["data"]] == [ids[1], ids[0]]
    for nothing in ({"ids": []}, {"ids": ["nobody"]}, {}):
        assert api.ask("POST", "/suno/fetch", json=nothing).json() == {"code": "success", "message": "", "data": []}


@pytest.mark.parametrize(
    ("kind", "body"),
    [
        ("music", {}),
        ("music", {"title": "x"}),
        ("music", {"prompt": ""}),
        ("music", {"prompt": 5}),
        ("music", {"prompt": "x", "make_instrumental": "yes"}),
        ("music", {"prompt": "x", "continue_at": -1}),
        ("music", {"prompt": "x", "continue_clip_id": "y"}),
        ("lyrics", {"gpt_description_prompt": "x"}),
        ("lyrics", {"prompt": None}),
    ],
)
def test_what_cannot_be_done_is_refused(api: Api, kind: str, body: dict[str, Any]) -> None:
    response = api.ask("POST", f"/suno/submit/{kind}", json=body)
    assert response.status_code == 400
    assert load_contract().violations("TaskErrorResponse", response.json()) == []


def test_what_nobody_has_is_not_found(api: Api) -> None:
    replies = [
        api.ask("GET", "/suno/fetch/nobody"),
        api.ask("POST", "/suno/submit/opera", json={"prompt": "x"}),
        api.ask("POST", "/suno/submit/music", json={"prompt": "x", "task_id": "a", "continue_clip_id": "b"}),
    ]
    assert [reply.status_code for reply in replies] == [404, 404, 404]
    assert {reply.json()["data"] for reply in replies} == {None}
    for name in ("nobody-1.mp3", "x.mp3", "nobody-1.exe"):
        assert api.ask("GET", f"/songs/{name}", {}).status_code == 404
