"""Lenient views of what is told of a task, whatever the shape of the answer."""

from __future__ import annotations

from typing import Any

from pydantic import Field

from conformance.engine.views import View


class Place(View):
    """An object that may hold the address of a film."""

    url: str | None = None
    video_url: str | None = None


class Result(View):
    """Kling's own object of results."""

    videos: list[Place] = Field(default_factory=list)


class Stored(View):
    """What a vendor's answer says that the hub has kept beside the task."""

    task_result: Result | None = None


class Task(View):
    """A task. Members of all known shapes stand side by side; `status` and `progress` are left as they came."""

    id: str | None = None
    task_id: str | None = None
    object: str | None = None
    model: str | None = None
    status: Any = None
    task_status: Any = None
    progress: Any = None
    created_at: Any = None
    completed_at: Any = None
    expires_at: Any = None
    submit_time: Any = None
    start_time: Any = None
    finish_time: Any = None
    prompt: str | None = None
    seconds: Any = None
    size: Any = None
    remixed_from_video_id: str | None = None
    error: Any = None
    fail_reason: str | None = None
    task_status_msg: str | None = None
    url: str | None = None
    video_url: str | None = None
    result_url: str | None = None
    video: Place | None = None
    metadata: Place | None = None
    task_result: Result | None = None
    data: Stored | None = None
