"""What a submission is answered with: the envelope, and the id of a new task."""

from __future__ import annotations

from conformance.engine.contract import load_contract
from conformance.engine.judge import Words, expect, not_testable, parsed
from conformance.engine.kit.courses import need_channel
from conformance.engine.kit.reading import served
from conformance.engine.requirement import requirement
from conformance.families.suno.reading import SUCCESS, Evidence, id_in, submission, value_of


@requirement("suno.submit.envelope")
def test_a_submission_is_answered_in_the_envelope(any_suno_work: Evidence) -> None:
    need_channel(any_suno_work[0])
    submit = served(any_suno_work[0])
    value = parsed(submit)
    expect(isinstance(value, dict), "an object", value, "", submit)
    declined = isinstance(value.get("code"), str) and value["code"] != SUCCESS and not value.get("data")
    expect(value.get("code") == SUCCESS or declined, f"{SUCCESS!r}", value.get("code"), "/code", submit)
    if not declined:
        expect(isinstance(value.get("data"), str), "the id of the task as text", value.get("data"), "/data", submit)


@requirement("suno.submit.id")
def test_a_submission_names_its_task(any_suno_work: Evidence) -> None:
    submit = submission(any_suno_work)
    expect(id_in(submit) is not None, "the id of the task", value_of(submit).get("data"), "/data", submit)


@requirement("suno.submit.new-id")
def test_every_task_has_an_id_of_its_own(any_suno_music: Evidence, any_suno_lyrics: Evidence) -> None:
    first, second = submission(any_suno_music), submission(any_suno_lyrics)
    if id_in(first) is None or id_in(second) is None:
        not_testable("there is no id, which another sentence judges")
    expect(id_in(first) != id_in(second), "an id that no other task has", id_in(second), "/data", second)


@requirement("suno.submit.shape")
def test_the_rest_of_a_submission_fits(any_suno_work: Evidence) -> None:
    submit = submission(any_suno_work)
    for one in load_contract().violations("SunoTaskResponse", parsed(submit)):
        if one.pointer == "/message":
            expect(False, "what the contract's schema says", Words(one.message), one.pointer, submit)
