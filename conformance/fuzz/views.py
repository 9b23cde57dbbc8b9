"""What judges of fuzz runs read: one check's findings in one operation's run."""

from __future__ import annotations

from typing import NoReturn

from conformance.engine.evidence import Record
from conformance.engine.judge import Broken, NotOffered, inconclusive, not_testable, show
from conformance.fuzz.notes import Noted, Notes


def judge(run: Record, check: str) -> None:
    """Say what a run shows of one check.

    Raises:
        Broken: it found something; the first finding is shown, the others are counted.
        NotOffered: the operation is not served.
        NotTestable: no request of the run could show it.
        Inconclusive: nothing was sent.
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
        not_testable("no request of this run could show it")


def _broken(run: Record, notes: Notes, found: list[Noted]) -> NoReturn:
    first = found[0]
    # What is quoted, and what stands behind it, is not looked at where findings of one cause are put together.
    source = f"; first with {show(first.what)}, --fuzz {notes.level} --fuzz-seed {notes.seed}"
    more = [f"{noted.got}{' at ' + noted.at if noted.at else ''}" for noted in found[1:4]]
    rest = f" (and {len(found) - 1} more of this kind: {'; '.join(more)})" if more else ""
    raise Broken(first.expected, first.got + source + rest, first.at, run.exchanges[first.exchange])
