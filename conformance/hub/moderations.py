"""POST /v1/moderations: thirteen categories, each recognised by a few words."""

import re
import zlib
from typing import Any

from starlette.responses import JSONResponse, Response

from conformance.hub.app import Call
from conformance.hub.content import size_behind
from conformance.hub.errors import invalid, missing
from conformance.hub.fields import listing, text, thing, word
from conformance.hub.ids import unique
from conformance.hub.intake import take_in

DEFAULT_MODEL = "omni-moderation-latest"
MOST_INPUTS = 1024
THRESHOLD = 0.5
PICTURE_CATEGORIES = re.compile(r"self-harm|sexual$|violence")
WORDS = {
    "harassment": r"idiot|moron|loser|shut up|stupid",
    "harassment/threatening": r"i(?:'ll| will) (?:hurt|find|kill|beat) you",
    "hate": r"subhuman|inferior race|vermin",
    "hate/threatening": r"(?:wipe out|exterminate) (?:them|all)",
    "illicit": r"shoplift|pick a lock|launder money|fake passport",
    "illicit/violent": r"build a bomb|make a bomb|buy a gun illegally",
    "self-harm": r"cut myself|hurt myself|kill myself|suicide",
    "self-harm/intent": r"i (?:want|am going|plan) to (?:die|kill myself|hurt myself)",
    "self-harm/instructions": r"how to (?:kill|hurt|cut) (?:myself|yourself)",
    "sexual": r"porn|erotic|naked",
    "sexual/minors": r"sexual\w* .{0,20}(?:minor|child)",
    "violence": r"kill|murder|stab|shoot|beat you",
    "violence/graphic": r"blood everywhere|guts|gore|dismember",
}
PATTERNS = {name: re.compile(rf"\b(?:{words})", re.IGNORECASE) for name, words in WORDS.items()}
Item = tuple[str, bool]
"""A text to be screened, and whether there are pictures with it."""


def _parts(value: list[Any], name: str) -> Item:
    """A text of several parts, pictures among them; they are screened together."""
    texts, pictures = [], 0
    for place, part in enumerate(listing(thing, 1, MOST_INPUTS)(value, name)):
        at = f"{name}[{place}]"
        if "type" not in part:
            raise missing(f"{at}.type")
        kind = word("text", "image_url")(part["type"], f"{at}.type")
        if kind not in part:
            raise missing(f"{at}.{kind}")
        if kind == "text":
            texts.append(text()(part["text"], f"{at}.text"))
        else:
            _check_picture(thing(part["image_url"], f"{at}.image_url"), f"{at}.image_url")
            pictures += 1
    return "\n".join(texts), pictures > 0


def _check_picture(picture: dict[str, Any], name: str) -> None:
    if "url" not in picture:
        raise missing(f"{name}.url")
    size_behind(text()(picture["url"], f"{name}.url"), f"{name}.url")


def _items(value: Any, name: str) -> list[Item]:
    if isinstance(value, str):
        return [(text(empty=False)(value, name), False)]
    if not isinstance(value, list) or not value:
        raise invalid(f"'{name}' must be text or a list that is not empty.", name, "invalid_type")
    if isinstance(value[0], dict):
        return [_parts(value, name)]
    return [(entry, False) for entry in listing(text(empty=False), 1, MOST_INPUTS)(value, name)]


CHECKS = {"model": text(empty=False), "input": _items}


async def create(call: Call) -> Response:
    """Answers one request for verdicts."""
    request = await take_in(call, CHECKS, ("input",), ("moderation",), DEFAULT_MODEL)
    results = [verdict(*item) for item in request["input"]]
    return JSONResponse({"id": unique("modr-"), "model": request["model"], "results": results})


def verdict(words: str, pictures: bool = False) -> dict[str, Any]:
    """What is found in one text."""
    scores = {name: score(name, words) for name in PATTERNS}
    categories = {name: value > THRESHOLD for name, value in scores.items()}
    return {
        "flagged": any(categories.values()),
        "categories": categories,
        "category_scores": scores,
        "category_applied_input_types": {
            name: ["text", "image"] if pictures and PICTURE_CATEGORIES.match(name) else ["text"] for name in PATTERNS
        },
    }


def score(category: str, words: str) -> float:
    """From 0 to 1: near 0 without a word of the category, above the threshold with one, more with every further one."""
    noise = zlib.crc32(f"{category}\0{words}".encode()) / 2**32
    hits = min(sum(1 for _ in PATTERNS[category].finditer(words)), 5)
    return round(0.9 - 0.3 / hits + 0.09 * noise if hits else 0.002 * noise, 8)


HANDLERS = {"moderations": create}
