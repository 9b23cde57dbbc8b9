"""The certificate: a result and all its evidence in one file that anybody can judge again.

A ZIP file of `result.json`, `evidence/` and `statement.json`, an in-toto Statement (v1) with the test-result predicate
(v0.1) about them. Its bytes follow from the result and the evidence alone, so that one that was changed is told from
one that was not. `docs/certificate.md` says how it is signed, and what it proves.
"""

from __future__ import annotations

import hashlib
import json
import tempfile
from collections.abc import Iterable, Iterator, Mapping
from dataclasses import dataclass
from pathlib import Path
from typing import Any

from conformance.engine.contract import load_contract
from conformance.engine.evidence import SUFFIX, Store
from conformance.engine.judge import SEVERITY, Verdict
from conformance.engine.probe import load_registry
from conformance.engine.replay import rejudge, target_of
from conformance.report.archive import read_archive, write_archive
from conformance.report.kept import EVIDENCE, RESULT, KeptError, check_evidence, parse_result
from conformance.report.latency import latency
from conformance.report.result import Pair, Result, Row, SuitePart, Tally

STATEMENT = "statement.json"
STATEMENT_TYPE = "https://in-toto.io/Statement/v1"
PREDICATE_TYPE = "https://in-toto.io/attestation/test-result/v0.1"
NAMED = 3
"""Differences that are told one by one."""


class Refused(Exception):
    """A certificate that does not hold what it says; the text is one line."""


@dataclass(frozen=True)
class Verified:
    """A certificate whose evidence gave the same verdicts once more. `digest` is the SHA-256 of its file."""

    result: Result
    digest: str


def certify(report: Path) -> bytes:
    """The certificate of a report folder, as the bytes of its file.

    Raises:
        KeptError: there is no result or no evidence that this suite reads, or it is of another edition.
        Refused: the evidence does not give the verdicts of the result.
    """
    try:
        found = {RESULT: (report / RESULT).read_bytes()}
        kept = sorted((report / EVIDENCE).glob(f"*{SUFFIX}"))
        found |= {f"{EVIDENCE}/{path.name}": path.read_bytes() for path in kept}
    except OSError as problem:
        raise KeptError(f"cannot read {problem.filename or report}: {problem.strerror or problem}") from None
    result = parse_result(found[RESULT], str(report / RESULT))
    _judge_again(result, found, report)
    return write_archive({**found, STATEMENT: _statement(result, found)})


def verify(path: Path) -> Verified:
    """Read a certificate, and judge its evidence once more.

    Raises:
        ArchiveError: it is no archive that may be opened.
        KeptError: what is in it is none of this suite's, or of another edition.
        Refused: something in it was changed, added or left out, or its evidence gives other verdicts.
        OSError: it cannot be read.
    """
    files = read_archive(path)
    missing = {RESULT, STATEMENT} - set(files)
    if missing:
        raise Refused(f"{path} is no certificate: {min(missing)} is missing")
    stated = files.pop(STATEMENT)
    strangers = [name for name in files if name != RESULT and not _is_evidence(name)]
    if strangers:
        raise Refused(f"{path}: {strangers[0]} was added")
    for change in _changes(files, stated):
        raise Refused(f"{path}: {change}")
    result = parse_result(files[RESULT], f"{path}:{RESULT}")
    if stated != _statement(result, files):
        raise Refused(f"{path}: {STATEMENT} does not follow from what it is about: it was changed")
    content = path.read_bytes()
    if content != write_archive({**files, STATEMENT: stated}):
        raise Refused(f"{path}: something beside its files was changed or added")
    _judge_again(result, files, path)
    return Verified(result, hashlib.sha256(content).hexdigest())


def _is_evidence(name: str) -> bool:
    folder, _, file = name.rpartition("/")
    return folder == EVIDENCE and file.endswith(SUFFIX)


def _changes(files: Mapping[str, bytes], stated: bytes) -> Iterator[str]:
    """What is not as the statement says, by its digests."""
    try:
        subjects = {subject["name"]: subject["digest"]["sha256"] for subject in json.loads(stated)["subject"]}
    except (ValueError, KeyError, TypeError, RecursionError):
        yield f"{STATEMENT} cannot be read: it was changed"
        return
    for name, content in files.items():
        if name not in subjects:
            yield f"{name} was added, or its name in {STATEMENT} was changed"
        elif subjects[name] != hashlib.sha256(content).hexdigest():
            yield f"{name} was changed, or its digest in {STATEMENT}"
    yield from (f"{str(name)[:80]} is missing" for name in subjects if name not in files)


def _statement(result: Result, files: Mapping[str, bytes]) -> bytes:
    subjects = [{"name": n, "digest": {"sha256": hashlib.sha256(files[n]).hexdigest()}} for n in sorted(files)]
    statement = {
        "_type": STATEMENT_TYPE,
        "subject": subjects,
        "predicateType": PREDICATE_TYPE,
        "predicate": _predicate(result),
    }
    return (json.dumps(statement, indent=2, ensure_ascii=True) + "\n").encode("ascii")


def _predicate(result: Result) -> dict[str, Any]:
    worst = _worst(result.rows)
    named = {v: [_name(pair) for pair, found in sorted(worst.items()) if found is v] for v in Verdict}
    suite, target = result.suite, result.target
    if named[Verdict.FAIL]:
        outcome = "FAILED"
    else:
        outcome = "PASSED" if result.conformant and not named[Verdict.WARN] and not result.partial else "WARNED"
    return {
        "result": outcome,
        "configuration": [
            {"name": suite.name, "uri": f"pkg:pypi/{suite.name}@{suite.version}"},
            {
                "name": "catalogue",
                "digest": {"sha256": suite.catalogue},
                "annotations": {"edition": suite.edition, "partial": result.partial},
            },
            {"name": "contract", "digest": {"sha256": suite.contract}},
            {
                "name": "hub",
                "uri": target.base_url,
                "annotations": {
                    "embedded": target.embedded,
                    "models": dict(sorted(target.models.items())),
                    "claims": list(target.claims),
                    "started": result.started.isoformat(),
                },
            },
        ],
        "passedTests": named[Verdict.PASS],
        "warnedTests": named[Verdict.WARN],
        "failedTests": named[Verdict.FAIL],
    }


def _worst(rows: Iterable[Row]) -> dict[Pair, Verdict]:
    worst: dict[Pair, Verdict] = {}
    for row in rows:
        worst[row.pair] = min(row.verdict, worst.get(row.pair, row.verdict), key=SEVERITY.index)
    return worst


def _name(pair: Pair) -> str:
    return f"{pair[0]} on {pair[1]}" if pair[1] else pair[0]


def _judge_again(result: Result, files: Mapping[str, bytes], source: Path) -> None:
    """Hold a result against what its evidence gives."""
    this = SuitePart.this()
    if (result.suite.catalogue, result.suite.contract) != (this.catalogue, this.contract):
        raise KeptError(
            f"{source} is of edition {result.suite.edition or 'unknown'}, hub-conformance {result.suite.version}, and "
            f"this is edition {this.edition}, {this.version}: use that version"
        )
    with tempfile.TemporaryDirectory() as folder:
        evidence = Path(folder)
        for name, content in files.items():
            if _is_evidence(name):
                (evidence / name.rpartition("/")[2]).write_bytes(content)
        check_evidence(evidence, source)
        rows = rejudge(result, evidence)
        times = latency(Store(evidence), load_registry(load_contract()))
    differences = list(_differences(result, rows))
    if differences:
        more = f", and {len(differences) - NAMED} more" if len(differences) > NAMED else ""
        raise Refused(f"{source}: the evidence does not give this result: {'; '.join(differences[:NAMED])}{more}")
    if _rebuilt(result, rows).model_copy(update={"latency": times}) != result:
        raise Refused(f"{source}: the evidence gives these verdicts, but {RESULT} does not add up: it was changed")


def _differences(result: Result, rows: Iterable[Row]) -> Iterator[str]:
    given = {(row.test, row.pair): row for row in result.rows}
    found = {(row.test, row.pair): row for row in rows}
    for key in sorted(given.keys() | found.keys()):
        told, true = given.get(key), found.get(key)
        if told is None or true is None:
            yield f"{_name(key[1])} is judged by one of them alone"
        elif told.verdict is not true.verdict:
            yield f"{_name(key[1])} is {true.verdict}, not {told.verdict}"
        elif told.model_copy(update={"expected": None}) != true:
            yield f"{_name(key[1])} is {true.verdict} in other words"


def _rebuilt(result: Result, rows: list[Row]) -> Result:
    """The result as this suite writes it when the evidence gives these rows; what no evidence shows is taken over."""
    expected = {(row.test, row.pair): row.expected for row in result.rows}
    marked = [row.model_copy(update={"expected": expected[row.test, row.pair]}) for row in rows]
    rebuilt = Result.of(
        target_of(result),
        marked,
        Tally.of(marked),
        result.spend.as_spend(),
        result.started,
        result.exit_status,
        selection=result.selection,
        silent=result.silent,
        baseline=result.baseline,
        shard=result.shard,
        replays=result,
    )
    return rebuilt.model_copy(update={"replayed": result.replayed, "suite": result.suite})


def lines(verified: Verified, path: Path) -> Iterator[str]:
    """What a verified certificate says, what that proves, and what it does not."""
    result = verified.result
    counts = ", ".join(f"{n} {v}" for v in SEVERITY if (n := sum(1 for row in result.rows if row.verdict is v)))
    where = "the embedded hub" if result.target.embedded else result.target.base_url
    yield f"{path}: whole, and its evidence gives every verdict once more"
    yield f"hub       {where}, asked {result.started:%Y-%m-%d %H:%M} UTC"
    yield f"edition   {result.suite.edition}, hub-conformance {result.suite.version}"
    yield f"verdict   {_conformity(result)}"
    yield f"checks    {counts}"
    yield f"partial   {'; '.join(result.partial) or 'no'}"
    yield f"claims    {', '.join(result.target.claims) or 'nothing: what the hub refuses is not held against it'}"
    yield f"sha256    {verified.digest}"
    yield "It proves that these recorded answers give these verdicts by this edition, and that nothing in the file was"
    yield "changed by itself. It does not prove that this hub gave these answers, when, or at what cost: the file is"
    yield "not signed, and a signature would say who vouches for that (docs/certificate.md)."


def _conformity(result: Result) -> str:
    if result.conformant:
        return "conformant" if not result.partial else "conformant in what was judged"
    return "not conformant" if result.conformant is False else "undecided"
