"""How what a client saw becomes a verdict: it must come through, and must have seen what the bytes say."""

from __future__ import annotations

import json
import math
from typing import Any

from conformance.clients.reading import error_words, said
from conformance.engine.evidence import Record
from conformance.engine.judge import Broken, Words, expect, inconclusive, not_testable
from conformance.wire.exchange import End, Exchange

TOO_MANY, NOT_ALLOWED = 429, (402, 403)
MODELS_DOING = {
    "LengthFinishReasonError": "the model was still speaking when its limit was reached",
    "ToolChoiceViolationError": "the model did not call the function, which the sentences on forced calls judge",
}
"""Exceptions by which clients complain of the model, and not of the hub."""
CLOSE = 1e-4
"""Relative difference of two sums of the same numbers in single and in double precision."""


def expect_same(played: Record, dialect: str, *, turns: int = 1, only: int | None = None) -> None:
    """The client raised nothing, and of each turn of the scene it handed over what the bytes say.

    `only` is the place of the one turn that counts, where a scene asks for several things.

    Raises:
        Broken: it raised something, or saw something else.
        NotTestable: it is not installed, the hub gave no answer, or the model did not do what `turns` need.
        Inconclusive: a rate limit or a missing right stood in the way.
    """
    notes = _played(played)
    if notes.get("raised"):
        _raised(notes, played)
    told = notes["turns"] if only is None else notes["turns"][only : only + 1]
    compared = 0
    for turn in told:
        if turn.get("raised"):
            _raised({**notes, "raised": turn["raised"]}, played)
        exchange = played.exchanges[turn.get("exchange", notes["turns"].index(turn))]
        known = said(exchange, dialect, turn.get("answer", 0))
        for name in known.keys() & turn.keys():
            compared += turn[name] is not None
            expect(
                turn[name] is None or alike(turn[name], known[name]),
                f"the {notes['client']} client to see what the bytes say, {short(known[name])}",
                Words(short(turn[name])),
                f"{name} of the answer",
                exchange,
            )
    if not told:
        not_testable("the task was not completed, so that there was nothing to fetch")
    if len(notes["turns"]) < turns:
        not_testable("the model did not call the function, so that there was no second turn")
    if not compared:
        not_testable("the bytes say nothing that the client could be held against")


def expect_parsed(played: Record, dialect: str) -> None:
    """The client read a structured answer, and gave the value that the text of the answer spells."""
    notes = _played(played)
    if notes.get("raised"):
        _raised(notes, played)
    (turn,) = notes["turns"]
    words = said(played.exchanges[0], dialect).get("text", "")
    try:
        value = json.loads(words)
    except ValueError:
        not_testable("the text of the answer is no JSON, which the sentences on structured answers judge")
    expect(turn["parsed"] == value, f"the client to see {short(value)}", Words(short(turn["parsed"])), "parsed value")


def expect_refusal(played: Record, kind: str, status: int | None = None) -> None:
    """The client raised the exception by which its users know this refusal, with the hub's words in it.

    Without `status` any 4xx will do.
    """
    raised = expect_raised(played, kind, status)
    exchange = played.exchanges[-1]
    words = error_words(exchange)
    expect(
        words and raised["told"] == words,
        f"the exception to hold the hub's words, {short(words)}" if words else "a message in the error envelope",
        Words(short(raised["told"]) if raised["told"] else "an exception without any"),
        "/error/message",
        exchange,
    )


def expect_raised(played: Record, kind: str, status: int | None = None) -> dict[str, Any]:
    """The client raised the exception by which its users know this refusal; gives what was noted of it.

    Without `status` any 4xx will do.
    """
    notes = _played(played, allowed=True)
    raised: dict[str, Any] = notes.get("raised") or {"kind": "", "status": None, "told": "", "message": ""}
    wanted = status or "4xx"
    right = raised["status"] == status if status else raised["status"] in range(400, 500)
    expect(
        right and raised["kind"] == kind,
        f"the {notes['client']} client to raise {kind} with status {wanted}",
        Words(f"{raised['kind']}, status {raised['status']}: {raised['message']}" if raised["kind"] else "an answer"),
        "",
        played.exchanges[-1],
    )
    return raised


def expect_types(played: Record) -> None:
    """The values of the answer are of the kinds that the client's own types say, read strictly."""
    notes = _played(played)
    if notes.get("raised"):
        not_testable("the client raised an exception, which the sentence on this call judges")
    for place, turn in enumerate(notes["turns"]):
        found = turn.get("misfits", [])
        got = Words("; ".join(found))
        expect(not found, f"what the types of {notes['client']} say", got, "", played.exchanges[place])


def _played(played: Record, *, allowed: bool = False) -> dict[str, Any]:
    """What was noted of a scene that got answers; with `allowed` a missing right is one of them."""
    notes = played.notes or {}
    if not notes or notes.get("missing"):
        not_testable(notes.get("missing") or "the client was not played")
    for exchange in played.exchanges:
        _need_answer(exchange)
        if exchange.status in NOT_ALLOWED and not allowed:
            inconclusive(f"the hub answered {exchange.status}: this token may not do that")
    if not played.exchanges:
        _raised(notes, played)
    return notes


def _need_answer(exchange: Exchange) -> None:
    if not exchange.answered:
        not_testable(f"no answer ({exchange.problem}); `transport.answered` judges that")
    if exchange.status == TOO_MANY:
        inconclusive("the hub answered 429: its rate limit stood in the way")
    if exchange.end is End.too_large:
        inconclusive("the answer is larger than the suite takes, and so the client got its beginning alone")


def _raised(notes: dict[str, Any], played: Record) -> None:
    raised = notes["raised"]
    if not played.exchanges:
        not_testable(f"{notes['client']} sent no request: {raised['kind']}: {raised['message']}")
    if raised["kind"] in MODELS_DOING:
        not_testable(MODELS_DOING[raised["kind"]])
    got = Words(f"{raised['kind']}: {raised['message']}")
    raise Broken(f"the {notes['client']} client to hand over the answer", got, "", played.exchanges[-1])


def alike(seen: Any, known: Any) -> bool:
    """Whether two values are the same: numbers about, a call's arguments as JSON, None like anything in a list."""
    if isinstance(seen, list) and isinstance(known, list):
        return len(seen) == len(known) and all(
            one is None or two is None or alike(one, two) for one, two in zip(seen, known, strict=True)
        )
    if isinstance(seen, str) != isinstance(known, str):
        seen, known = _value(seen), _value(known)
    if isinstance(seen, int | float) and isinstance(known, int | float):
        return math.isclose(seen, known, rel_tol=CLOSE, abs_tol=CLOSE)
    return bool(seen == known)


def _value(text: Any) -> Any:
    try:
        return json.loads(text) if isinstance(text, str) else text
    except ValueError:
        return text


def short(value: Any) -> str:
    """A value as one line of at most some hundred characters."""
    line = json.dumps(value, ensure_ascii=False)
    return line if len(line) <= 300 else f"{line[:300]}…"
