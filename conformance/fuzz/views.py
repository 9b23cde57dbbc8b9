"""What judges of fuzz runs read: one check's findings in one operation's run."""

from __future__ import annotations

from typing import NoReturn

from conformance.engine.evidence import Record
from conformance.engine.judge import Broken, NotOffered, inconclusive, not_testable, show
from conformance.fuzz.notes import Noted, Notes

NEEDED = {
    "answered": "a request that was sent",
    "answer-fits-schema": "a valid request that was served with JSON",
    "error-envelope": "a request that was refused with 4xx or 501",
    "malformed-refused": "a member or parameter that is required, or has a type that can be wrong",
    "bad-value-refused": "a member or parameter with a range or a list of words",
    "valid-input-accepted": "a served example in which a value can be replaced by another that any model takes",
    "auth-enforced": "a credential to leave out",
    "unsupported-method": "an answer to a method that the path does not have",
    "allow-header": "a 405",
    "unknown-id-refused": "an answer to an id that the hub never gave",
    "created-is-found": "something that was made, and a link by which the document leads to it",
    "no-internals": "an error",
    "stream-framing": "a stream that was asked for and served",
    "stream-events-fit": "a stream that was asked for and served",
    "stream-terminated": "a stream that was asked for and came whole",
}
"""What a check needs to see before it can say anything, where not any answer will do."""


def judge(run: Record, check: str) -> None:
    """Say what a run shows of one check.

    Raises:
        Broken: it found something; the first finding is shown, the others are counted.
        NotOffered: the operation is not served.
        NotTestable: no request of the run could show it.
        Inconclusive: nothing was sent, or the run was given up before.
    """
    notes = Notes.of(run)
    found = [noted for noted in notes.findings if noted.check == check]
    if found:
        _broken(run, notes, found)
    if notes.unserved:
        raise NotOffered(notes.unserved)
    if not notes.requests:
        inconclusive(notes.stop or "no request was sent")
    if not notes.ran[check]:
        early = f"; the run ended early: {notes.stop}" if notes.stop else ""
        reason = f"not seen in this run: {NEEDED.get(check, 'an answer')}{early}"
        inconclusive(reason) if notes.given_up else not_testable(reason)


def _broken(run: Record, notes: Notes, found: list[Noted]) -> NoReturn:
    first = found[0]
    # What is quoted, and what stands behind it, is not looked at where findings of one cause are put together.
    source = f"; first with {show(first.what)}, --fuzz {notes.level} --fuzz-seed {notes.seed}"
    more = [f"{noted.got}{' at ' + noted.at if noted.at else ''}" for noted in found[1:4]]
    rest = f" (and {len(found) - 1} more of this kind: {'; '.join(more)})" if more else ""
    raise Broken(first.expected, first.got + source + rest, first.at, run.exchanges[first.exchange])
