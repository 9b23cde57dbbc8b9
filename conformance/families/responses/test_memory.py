"""What the hub remembers of an answer: for a conversation that goes on, and for whoever asks for it again."""

from __future__ import annotations

from conformance.engine.judge import CLEAN_REFUSALS, NotOffered, Words, expect, not_testable
from conformance.engine.kit.reading import asked, expect_client_error, served
from conformance.engine.requirement import requirement
from conformance.families.responses.probes import CODE_WORD
from conformance.families.responses.reading import Evidence, said, taken
from conformance.wire.exchange import Exchange


@requirement("responses.memory.continued")
def test_conversation_is_continued(responses_memory: Evidence) -> None:
    first, second = _turn(responses_memory, 0), _turn(responses_memory, 1)
    if not second.ok:
        expect_client_error(second)
        return
    one = said(second)
    if CODE_WORD in one.view.text:
        return
    before, after = taken(first), taken(second)
    wanted = f"the code word of the turn before, or more tokens than the {before} of that turn alone"
    got = {"text": one.view.text, "input_tokens": after}
    expect(after > before, wanted, got, "/output", second)
    not_testable("the history was counted, but the model did not find the code word in it")


@requirement("responses.memory.unknown-id")
def test_unknown_past_is_refused(responses_unknown_past: Exchange) -> None:
    if responses_unknown_past.status == 501:
        return
    expect_client_error(responses_unknown_past)


@requirement("responses.stored.same")
def test_stored_answer_is_the_same(responses_memory: Evidence) -> None:
    sent, read = _sent(responses_memory), _turn(responses_memory, 2)
    if read.status in CLEAN_REFUSALS:
        raise NotOffered(f"the hub does not hand out stored answers: HTTP {read.status}")
    got = Words(f"HTTP {read.status}: {read.text[:200]}")
    expect(read.ok, "the answer again, or a refusal such as 404", got, "", read)
    told, again = said(sent), said(read)
    for name in ("id", "output"):
        before = told.value.get(name) if isinstance(told.value, dict) else None
        now = again.value.get(name) if isinstance(again.value, dict) else None
        expect(now == before, f"the {name} that was sent at first", now, f"/{name}", read)


@requirement("responses.stored.honest")
def test_answer_does_not_claim_to_be_stored(responses_memory: Evidence) -> None:
    sent, read = _sent(responses_memory), _turn(responses_memory, 2)
    store = said(sent).view.store
    if store is None:
        not_testable("the answer does not say whether it is stored")
    got = Words(f"store {str(store).lower()}, and HTTP {read.status} for the stored answer")
    expect(read.ok or not store, "store false, or an answer that can be read again", got, "/store", sent)


@requirement("responses.stored.deleted")
def test_deleted_answer_is_gone(responses_memory: Evidence) -> None:
    if not _turn(responses_memory, 2).ok:
        not_testable("the hub does not hand out stored answers")
    deleted, again = _turn(responses_memory, 3), _turn(responses_memory, 4)
    if not deleted.ok:
        not_testable(f"the hub does not delete answers (HTTP {deleted.status})")
    expect(again.status == 404, "404 after the deletion", Words(f"HTTP {again.status}"), "", again)


def _sent(conversation: Evidence) -> Exchange:
    """The answer that is asked for again: that of the second turn, or of the first where there is no second."""
    second = _turn(conversation, 1)
    return second if second.ok else _turn(conversation, 0)


def _turn(conversation: Evidence, number: int) -> Exchange:
    """An exchange by its number; where the opening was asked for twice, the second one counts as the first turn."""
    asked_again = len(conversation) > 1 and "instructions" in asked(conversation[1])
    turns = conversation[1:] if asked_again else conversation
    served(turns[0])
    if number >= len(turns):
        not_testable("the first answer has no id, which another sentence judges")
    return turns[number]
