"""Judges of transport on pieces of streams that real servers sent."""

from __future__ import annotations

import json
from dataclasses import replace

import pytest

from conformance.engine.judge import Broken
from conformance.everywhere.transport import test_streams as judges
from conformance.wire.exchange import Exchange
from tests.support import answer


def _stream(*data: bytes) -> Exchange:
    body = b"".join(b"data: " + one + b"\n\n" for one in data)
    made = answer(body=body, media_type="text/event-stream")
    return replace(made, request=replace(made.request, body=json.dumps({"stream": True}).encode()))


@pytest.mark.parametrize("odd", [b"null", b": ping", b'{"id":'])
def test_data_that_no_client_can_use_is_blamed(odd: bytes) -> None:
    with pytest.raises(Broken, match="other than null"):
        judges.test_every_payload_is_json_or_the_terminator((_stream(b'{"id":"a"}', odd, b"[DONE]"),))


def test_objects_and_the_terminator_are_not_blamed() -> None:
    judges.test_every_payload_is_json_or_the_terminator((_stream(b'{"id":"a"}', b"[DONE]"),))
