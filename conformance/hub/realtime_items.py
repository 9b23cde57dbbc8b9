"""The items of a Realtime conversation: how clients write them, what a model reads in them, and how they are shown."""

import base64
from collections.abc import Callable, Iterator, Mapping
from dataclasses import dataclass, field
from typing import Any

from conformance.hub.content import decoded, size_behind
from conformance.hub.errors import invalid, missing
from conformance.hub.fields import Check, listing, text, thing, word
from conformance.hub.generate import IMAGE_TOKENS
from conformance.hub.ids import unique
from conformance.hub.text import Turn

BYTES_PER_SECOND = 48_000
"""Of PCM with 16 bits and 24000 samples a second."""
AUDIO_TOKENS_PER_SECOND = 10
LONGEST_ID = 32
MOST_ITEMS = 1_000
FIRST = "root"
"""In the place of an item's id: before all others."""
BETA_PARTS = {"output_text": "text", "output_audio": "audio"}
"""What the beta generation calls the parts of an answer."""


@dataclass(frozen=True)
class Item:
    """One item. `value` is what events show of it, `turn` what a model reads in it; `sound` counts bytes of PCM."""

    value: Mapping[str, Any]
    turn: Turn
    sound: int = 0

    @property
    def id(self) -> str:
        return str(self.value["id"])

    def shown(self, beta: bool) -> dict[str, Any]:
        """The item as an event shows it."""
        if not beta or "content" not in self.value:
            return dict(self.value)
        parts = [{**part, "type": BETA_PARTS.get(part["type"], part["type"])} for part in self.value["content"]]
        return {**self.value, "content": parts}


@dataclass
class Conversation:
    """The items of a session in their order."""

    items: list[Item] = field(default_factory=list)

    def find(self, id: Any, place: str) -> Item:
        """The item of that id; 400 when there is none."""
        wanted = text()(id, place)
        found = next((item for item in self.items if item.id == wanted), None)
        if found is None:
            raise invalid("There is no item with this id in the conversation.", place, "item_not_found")
        return found

    def insert(self, item: Item, after: str | None = None) -> str | None:
        """Puts an item behind another one, or at the end; gives the id of the one before it."""
        if any(known.id == item.id for known in self.items):
            raise invalid("There is an item with this id already.", "item.id", "item_already_exists")
        if len(self.items) >= MOST_ITEMS:
            raise invalid("The conversation has too many items.", code="conversation_too_long")
        if after == FIRST:
            place = 0
        elif after is None:
            place = len(self.items)
        else:
            place = self.items.index(self.find(after, "previous_item_id")) + 1
        self.items.insert(place, item)
        return self.items[place - 1].id if place else None

    def replace(self, old: Item, new: Item) -> None:
        self.items[self.items.index(old)] = new

    def remove(self, item: Item) -> None:
        self.items.remove(item)

    @property
    def turns(self) -> tuple[Turn, ...]:
        return tuple(item.turn for item in self.items)


def read_item(told: Any, calls: frozenset[str], place: str = "item") -> Item:
    """An item as a client writes it. `calls` are the ids of the calls that may be answered. Raises 400."""
    item = thing(told, place)
    for name in ("id", "object", "status"):
        if name in item:
            text(empty=False)(item[name], f"{place}.{name}")
    id = item.get("id") or unique("item_")
    if len(id) > LONGEST_ID:
        raise invalid(f"An id has at most {LONGEST_ID} characters.", f"{place}.id")
    if "type" not in item:
        raise missing(f"{place}.type")
    kind = word(*_READERS)(item["type"], f"{place}.type")
    head = {"id": id, "object": "realtime.item", "type": kind, "status": "completed"}
    return _READERS[kind](item, head, calls, place)


def _needed(item: Mapping[str, Any], name: str, check: Check, place: str) -> Any:
    if name not in item:
        raise missing(f"{place}.{name}")
    return check(item[name], f"{place}.{name}")


def _message(item: Mapping[str, Any], head: dict[str, Any], _calls: frozenset[str], place: str) -> Item:
    role = _needed(item, "role", word("user", "assistant", "system"), place)
    parts = _needed(item, "content", listing(thing, least=1), place)
    read = [_part(part, role, f"{place}.content[{number}]") for number, part in enumerate(parts)]
    sound = sum(part.sound for part in read)
    turn = Turn(
        role,
        "\n".join(part.words for part in read if part.words),
        images=sum(part.images for part in read),
        audio=tokens_of_sound(sound),
    )
    return Item({**head, "role": role, "content": [part.value for part in read]}, turn, sound)


@dataclass(frozen=True)
class _Part:
    value: dict[str, Any]
    words: str = ""
    images: int = 0
    sound: int = 0


def _part(part: Mapping[str, Any], role: str, place: str) -> _Part:
    if "type" not in part:
        raise missing(f"{place}.type")
    kind = word(*_PARTS[role])(part["type"], f"{place}.type")
    if kind == "input_audio":
        data = pcm(_needed(part, "audio", text(empty=False), place), f"{place}.audio")
        words = text()(part.get("transcript", ""), f"{place}.transcript")
        return _Part({"type": kind, "transcript": words or None}, words, sound=len(data))
    if kind == "input_image":
        size_behind(_needed(part, "image_url", text(empty=False), place), f"{place}.image_url")
        return _Part({"type": kind, "image_url": part["image_url"]}, images=IMAGE_TOKENS)
    if kind in ("audio", "output_audio"):
        words = _needed(part, "transcript", text(), place)
        return _Part({"type": "output_audio", "transcript": words}, words)
    words = _needed(part, "text", text(), place)
    return _Part({"type": "output_text" if role == "assistant" else kind, "text": words}, words)


_PARTS = {
    "user": ("input_text", "input_audio", "input_image"),
    "system": ("input_text",),
    "assistant": ("output_text", "text", "output_audio", "audio"),
}


def _function_call(item: Mapping[str, Any], head: dict[str, Any], _calls: frozenset[str], place: str) -> Item:
    name = _needed(item, "name", text(empty=False), place)
    arguments = _needed(item, "arguments", text(), place)
    call_id = text(empty=False)(item.get("call_id", unique("call_")), f"{place}.call_id")
    return call_item(head["id"], call_id, name, arguments)


def _function_output(item: Mapping[str, Any], head: dict[str, Any], calls: frozenset[str], place: str) -> Item:
    call_id = _needed(item, "call_id", text(empty=False), place)
    output = _needed(item, "output", text(), place)
    if call_id not in calls:
        raise invalid("There is no call with this id in the conversation.", f"{place}.call_id", "call_not_found")
    return Item({**head, "call_id": call_id, "output": output}, Turn("tool", output))


_READERS: Mapping[str, Callable[[Mapping[str, Any], dict[str, Any], frozenset[str], str], Item]] = {
    "message": _message,
    "function_call": _function_call,
    "function_call_output": _function_output,
}


def call_item(id: str, call_id: str, name: str, arguments: str, status: str = "completed") -> Item:
    """A call of a function, by the model or as a client remembers it."""
    value = {
        "id": id,
        "object": "realtime.item",
        "type": "function_call",
        "status": status,
        "name": name,
        "call_id": call_id,
        "arguments": arguments,
    }
    return Item(value, Turn("assistant", "", calls=(name + arguments,)))


def answer_item(id: str, words: str | None, spoken: bool, status: str = "completed", sound: int = 0) -> Item:
    """A message of the model, without its sound; `words` None for one that nothing is in yet."""
    member, kind = ("transcript", "output_audio") if spoken else ("text", "output_text")
    value = {
        "id": id,
        "object": "realtime.item",
        "type": "message",
        "status": status,
        "role": "assistant",
        "content": [] if words is None else [{"type": kind, member: words}],
    }
    return Item(value, Turn("assistant", words or ""), sound)


def heard_item(id: str, sound: int) -> Item:
    """What a client said into the buffer."""
    value = {
        "id": id,
        "object": "realtime.item",
        "type": "message",
        "status": "completed",
        "role": "user",
        "content": [{"type": "input_audio", "transcript": None}],
    }
    return Item(value, Turn("user", "", audio=tokens_of_sound(sound)), sound)


def calls_in(items: list[Item]) -> Iterator[str]:
    """The ids of the calls among the items."""
    return (item.value["call_id"] for item in items if item.value["type"] == "function_call")


def tokens_of_sound(size: int) -> int:
    """Tokens of so many bytes of PCM."""
    return -(-size * AUDIO_TOKENS_PER_SECOND // BYTES_PER_SECOND)


def pcm(data: str, place: str) -> bytes:
    """PCM of 16 bits behind base64; 400 for what is none."""
    found = decoded(data, place)
    if len(found) % 2:
        raise invalid("This is not PCM of 16 bits: half of a sample is missing.", place)
    return found


def in_base64(data: bytes) -> str:
    return base64.b64encode(data).decode()
