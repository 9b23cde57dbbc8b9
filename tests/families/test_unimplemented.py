"""Judges of the operations that nobody has built, on evidence of a server that has built some."""

from __future__ import annotations

from dataclasses import replace

import pytest

from conformance.engine.judge import Broken, NotTestable
from conformance.families.unimplemented import test_refusals as judges
from conformance.wire.exchange import Exchange, Request
from tests.support import answer

NO_FILE = {"error": {"message": "No such file: file-example", "type": "invalid_request_error"}}
NO_ROUTE = {"error": {"message": "Not found", "type": "not_found"}}


def _at(path: str, exchange: Exchange) -> Exchange:
    return replace(exchange, request=Request("GET", f"http://127.0.0.1:1{path}", operation="fine-tunes-list"))


KEPT = _at("/v1/files", answer({"object": "list", "data": []}))
ABSENT = _at("/v1/files", answer(NO_ROUTE, status=404))
FINE_TUNES = _at("/v1/fine-tunes", answer(NO_ROUTE, status=404))
ONE_FILE = _at("/v1/files/file-example", answer(NO_FILE, status=404))


def test_a_file_that_is_not_there_is_no_refusal_of_the_operation() -> None:
    with pytest.raises(NotTestable):
        judges.test_it_is_refused_with_501(ONE_FILE, KEPT)
    with pytest.raises(NotTestable):
        judges.test_all_are_refused_alike(ONE_FILE, FINE_TUNES, KEPT)


def test_a_404_is_blamed_where_no_files_are_kept_and_elsewhere() -> None:
    for exchange, files in ((ONE_FILE, ABSENT), (FINE_TUNES, KEPT), (FINE_TUNES, ABSENT)):
        with pytest.raises(Broken):
            judges.test_it_is_refused_with_501(exchange, files)
    with pytest.raises(Broken):
        judges.test_all_are_refused_alike(ONE_FILE, FINE_TUNES, ABSENT)
