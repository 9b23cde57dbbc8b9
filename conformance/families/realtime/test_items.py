"""The conversation and the buffer for sound: what a client puts in, and what the hub makes of it."""

from __future__ import annotations

from conformance.engine.judge import Words, expect
from conformance.engine.requirement import requirement
from conformance.families.realtime.probes import FIRST_ITEM, FIRST_WORDS, SECOND_ITEM, SECOND_WORDS, THIRD_ITEM
from conformance.families.realtime.reading import expect_reaction, needed, reaction, reactions
from conformance.wire.exchange import Exchange

ADDED, DONE = "conversation.item.added", "conversation.item.done"
COMMITTED = "input_audio_buffer.committed"


@requirement("realtime.item.added")
def test_an_item_is_acknowledged(realtime_session: Exchange) -> None:
    for id in ("kx-one", "kx-two"):
        expect_reaction(realtime_session, id, ADDED)


@requirement("realtime.item.done")
def test_an_item_is_finished(realtime_session: Exchange) -> None:
    for id in ("kx-one", "kx-two"):
        added = needed(realtime_session, id, ADDED)
        if added.view.type == ADDED:
            expect_reaction(realtime_session, id, DONE)


@requirement("realtime.item.kept")
def test_an_item_keeps_its_id_and_words(realtime_session: Exchange) -> None:
    for told, id, words in (("kx-one", FIRST_ITEM, FIRST_WORDS), ("kx-two", SECOND_ITEM, SECOND_WORDS)):
        added = needed(realtime_session, told, ADDED)
        item = added.view.item
        expect(item and item.id == id, id, item and item.id, added.place("/item/id"))
        expect(item and item.words == words, repr(words), item and item.words, added.place("/item/content"))
        expect(item and item.role == "user", "user", item and item.role, added.place("/item/role"))


@requirement("realtime.item.order")
def test_an_item_says_what_is_before_it(realtime_session: Exchange) -> None:
    for told, before in (("kx-two", FIRST_ITEM), ("kx-three", FIRST_ITEM)):
        added = needed(realtime_session, told, ADDED)
        got = added.value.get("previous_item_id", Words("no such member"))
        expect(got == before, before, got, added.place("/previous_item_id"))


@requirement("realtime.item.deleted")
def test_an_item_can_be_deleted(realtime_session: Exchange) -> None:
    needed(realtime_session, "kx-three", ADDED)
    deleted = expect_reaction(realtime_session, "kx-delete", "conversation.item.deleted")
    expect(deleted.view.item_id == THIRD_ITEM, THIRD_ITEM, deleted.view.item_id, deleted.place("/item_id"))


@requirement("realtime.item.deleted-once")
def test_an_item_that_is_gone_cannot_be_deleted(realtime_session: Exchange) -> None:
    needed(realtime_session, "kx-delete", "conversation.item.deleted")
    expect_reaction(realtime_session, "kx-delete-again", "error")


@requirement("realtime.buffer.committed")
def test_sound_is_committed(realtime_session: Exchange) -> None:
    expect_reaction(realtime_session, "kx-commit", COMMITTED)


@requirement("realtime.buffer.item")
def test_committed_sound_becomes_an_item(realtime_session: Exchange) -> None:
    committed = needed(realtime_session, "kx-commit", COMMITTED)
    added = reaction(realtime_session, "kx-commit", ADDED)
    got = [step.view.type for step in reactions(realtime_session, "kx-commit")]
    expect(added is not None, "an item after the commitment", got, committed.at)
    assert added is not None
    item = added.view.item
    wanted = f"{committed.view.item_id}, as committed"
    expect(item and item.id == committed.view.item_id, wanted, item and item.id, added.place("/item/id"))
    kinds = [part.type for part in item.content] if item else []
    heard = item is not None and item.role == "user" and kinds == ["input_audio"]
    expect(heard, "a message of the user with a part input_audio", added.value.get("item"), added.place("/item"))


@requirement("realtime.buffer.empty")
def test_nothing_cannot_be_committed(realtime_session: Exchange) -> None:
    expect_reaction(realtime_session, "kx-commit-nothing", "error")


@requirement("realtime.buffer.cleared")
def test_sound_can_be_cleared(realtime_session: Exchange) -> None:
    expect_reaction(realtime_session, "kx-clear", "input_audio_buffer.cleared")


@requirement("realtime.buffer.empty-after-clear")
def test_cleared_sound_is_gone(realtime_session: Exchange) -> None:
    needed(realtime_session, "kx-clear", "input_audio_buffer.cleared")
    expect_reaction(realtime_session, "kx-commit-cleared", "error")
