"""Judges of videos on evidence of a server that gives every task one id."""

from __future__ import annotations

from dataclasses import replace
from typing import Any

import pytest

from conformance.engine.judge import Broken, NothingHere
from conformance.families.videos import test_submission as judges
from conformance.wire.exchange import Exchange, Request
from tests.support import answer


def _submitted(id: str, operation: str = "videos-create", path: str = "/v1/videos", **more: Any) -> Exchange:
    told = answer({"id": id, "status": "completed", "created_at": 1795430673, **more})
    return replace(told, request=Request("POST", f"http://127.0.0.1:1{path}", operation=operation))


FIRST = (_submitted("video_probe1"),)
KLING = _submitted("video_probe1", "kling-image2video-create", "/kling/v1/videos/image2video", task_id="video_probe1")


def test_one_id_for_two_submissions_is_blamed() -> None:
    with pytest.raises(Broken):
        judges.test_a_submission_with_a_bad_picture_has_its_own_id(FIRST, (_submitted("video_probe1"),))
    judges.test_a_submission_with_a_bad_picture_has_its_own_id(FIRST, (_submitted("video_probe2"),))


@pytest.mark.parametrize("other", [answer({"error": {"message": "no picture"}}, status=400), KLING])
def test_a_refused_picture_and_another_format_say_nothing_of_ids(other: Exchange) -> None:
    with pytest.raises(NothingHere):
        judges.test_a_submission_with_a_bad_picture_has_its_own_id(FIRST, (other,))
