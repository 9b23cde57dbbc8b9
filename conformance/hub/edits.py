"""POST /v1/edits: the legacy edits. An instruction that this hub understands is carried out, by rules.

Understood are: spelling and grammar, upper and lower case, `Replace A with B`, `Remove A`, `Append A`, `Reverse`. Any
other instruction leaves the text as it is; without a text the instruction is answered like a prompt.
"""

import re
import time
from collections.abc import Callable

from starlette.responses import JSONResponse, Response

from conformance.hub.app import Call
from conformance.hub.errors import invalid
from conformance.hub.fields import integer, number, text
from conformance.hub.intake import take_in
from conformance.hub.text import Turn, answer, count_tokens, quotations

MOST_CHOICES = 20
MOST_TOKENS = 4_096
"""Tokens of the text and the instruction together."""
LONGEST_EDIT = 50_000
SPELLING = {
    "wek": "week",
    "teh": "the",
    "recieve": "receive",
    "adress": "address",
    "definately": "definitely",
    "seperate": "separate",
    "untill": "until",
    "wich": "which",
    "beleive": "believe",
    "speling": "spelling",
}
MISSPELT = re.compile(rf"\b(?:{'|'.join(SPELLING)})\b", re.IGNORECASE)

CHECKS = {
    "model": text(empty=False),
    "input": text(),
    "instruction": text(empty=False),
    "n": integer(1, MOST_CHOICES),
    "temperature": number(0, 2),
    "top_p": number(0, 1),
}


async def create(call: Call) -> Response:
    """Answers one request for an edit; models that talk edit as well."""
    request = await take_in(call, CHECKS, ("model", "instruction"), ("edit", "completion", "chat"))
    given, instruction = request.get("input", ""), request["instruction"]
    prompt = count_tokens(given) + count_tokens(instruction)
    if prompt > MOST_TOKENS:
        raise invalid(f"This model reads at most {MOST_TOKENS} tokens.", "input", "context_length_exceeded")
    edited = edit(given, instruction)[:LONGEST_EDIT]
    n = request.get("n", 1)
    completion = count_tokens(edited) * n
    return JSONResponse(
        {
            "object": "edit",
            "created": int(time.time()),
            "choices": [{"text": edited, "index": index} for index in range(n)],
            "usage": {
                "prompt_tokens": prompt,
                "completion_tokens": completion,
                "total_tokens": prompt + completion,
            },
        }
    )


def edit(given: str, instruction: str) -> str:
    """The text after the edit."""
    if not given:
        return answer((Turn("user", instruction),))
    for pattern, change in RULES:
        if found := pattern.search(instruction):
            return change(given, found)
    return given


def _respell(found: re.Match[str]) -> str:
    right = SPELLING[found[0].lower()]
    return right.capitalize() if found[0][0].isupper() else right


def _wording(words: str) -> str:
    return next(iter(quotations(words)), words.strip(" .!"))


def _replaced(given: str, words: str, others: str) -> str:
    wanted = _wording(words)
    return given.replace(wanted, _wording(others)) if wanted else given


Change = Callable[[str, re.Match[str]], str]
RULES: tuple[tuple[re.Pattern[str], Change], ...] = tuple(
    (re.compile(pattern, re.IGNORECASE | re.DOTALL), change)
    for pattern, change in (
        (
            r"\b(?:replace|change)\s+(?:every\s+|all\s+)?(.+?)\s+(?:with|by|to|into)\s+(.+)",
            lambda given, found: _replaced(given, found[1], found[2]),
        ),
        (
            r"\b(?:remove|delete)\s+(?:every\s+|all\s+)?(.+)",
            lambda given, found: _replaced(given, found[1], ""),
        ),
        (r"\b(?:append|add)\s+(.+)", lambda given, found: f"{given} {_wording(found[1])}"),
        (r"\b(?:upper ?case|capital letters)\b", lambda given, _: given.upper()),
        (r"\b(?:lower ?case|small letters)\b", lambda given, _: given.lower()),
        (r"\breverse", lambda given, _: given[::-1]),
        (r"\b(?:spelling|grammar|mistakes?|typos?|correct|fix)\b", lambda given, _: MISSPELT.sub(_respell, given)),
    )
)

HANDLERS = {"edits-create": create}
