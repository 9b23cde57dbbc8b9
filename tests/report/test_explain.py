"""What stands behind an id, with an example that was computed."""

from __future__ import annotations

import pytest

from conformance.__main__ import main
from conformance.engine.requirement import load_catalogue
from conformance.explain import example, faults_of


def test_an_id_is_explained_with_its_faults_and_an_example(capsys: pytest.CaptureFixture[str]) -> None:
    assert main(["explain", "chat.stream.done-last", "--lang", "en"]) == 0
    text = capsys.readouterr().out
    for part in ("MUST", "source", "why", "fix", "chat.stream.no-done", "right", "wrong", "expected", "got"):
        assert part in text
    assert "right  data: [DONE]" in text


def test_a_mistyped_id_brings_the_nearest(capsys: pytest.CaptureFixture[str]) -> None:
    assert main(["explain", "chat.stream.dome-last"]) == 4
    captured = capsys.readouterr()
    assert captured.out == ""
    assert "chat.stream.done-last" in captured.err
    assert captured.err.count("\n") == 1


@pytest.mark.parametrize("identifier", ["auth.missing.refused", "realtime.frames.legal", "transport.json.strict"])
def test_examples_are_found_for_sentences_of_all_kinds(identifier: str) -> None:
    shown = example(identifier, faults_of(identifier))
    assert shown is not None
    assert identifier in shown.fault.turns_red
    assert shown.found[0].right != shown.found[0].wrong


def test_an_excluded_sentence_says_why(capsys: pytest.CaptureFixture[str]) -> None:
    excluded = next(r for r in load_catalogue().values() if r.excluded)
    assert main(["explain", excluded.id, "--lang", "en"]) == 0
    assert "not judged, because" in capsys.readouterr().out
