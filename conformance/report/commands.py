"""The commands about results: diff, merge, certify, verify, index. Each returns its exit status.

0 is good news, 1 bad news about a hub, 4 a line on standard error about what was given.
"""

from __future__ import annotations

import argparse
import sys
from collections.abc import Callable
from functools import wraps
from pathlib import Path

from conformance.report.archive import ArchiveError
from conformance.report.baseline import BaselineError
from conformance.report.kept import KeptError

USAGE = 4
Command = Callable[[argparse.Namespace], int]


def _teaching(command: Command) -> Command:
    """Turn what is wrong with the input into one line."""

    @wraps(command)
    def run(options: argparse.Namespace) -> int:
        try:
            return command(options)
        except (KeptError, ArchiveError, BaselineError) as problem:
            return _refuse(str(problem))
        except OSError as problem:
            return _refuse(f"{problem.filename or 'a file'}: {problem.strerror or problem}")

    return run


def _refuse(line: str) -> int:
    print(line, file=sys.stderr)
    return USAGE


@_teaching
def diff(options: argparse.Namespace) -> int:
    """Compare two results, or take one from the other."""
    from conformance.report.diff import as_json, as_markdown, as_text
    from conformance.report.diff import diff as compare
    from conformance.report.diff import minus as subtract
    from conformance.report.kept import read_result

    results = [read_result(Path(name)) for name in options.results]
    if len(results) != (1 if options.minus else 2):
        wanted = "diff HUB --minus UPSTREAM" if options.minus else "diff BEFORE AFTER"
        return _refuse(f"diff takes {'one result' if options.minus else 'two results'}: {wanted}")
    found = subtract(results[0], read_result(Path(options.minus))) if options.minus else compare(*results)
    print({"text": as_text, "json": as_json, "markdown": as_markdown}[options.format](found))
    return 1 if found.has_regression else 0


@_teaching
def merge(options: argparse.Namespace) -> int:
    """Join the shards of a run."""
    import os

    from conformance.engine.requirement import catalogue_in
    from conformance.report.baseline import read_baseline
    from conformance.report.merge import merge as join
    from conformance.report.terminal import summary
    from conformance.report.words import chosen
    from conformance.report.write import write_all

    report = Path(options.report)
    baseline = read_baseline(Path(options.baseline)) if options.baseline else None
    result = join([Path(name) for name in options.folders], report, baseline)
    catalogue = catalogue_in(chosen(options.lang, os.environ))
    problems = write_all(result, report / "evidence", report, catalogue)
    print("\n".join(summary(result, catalogue, report)))
    for line in problems:
        print(line, file=sys.stderr)
    return 3 if problems else result.exit_status


@_teaching
def certify(options: argparse.Namespace) -> int:
    """Make the certificate of a report."""
    from conformance.report.certificate import Refused
    from conformance.report.certificate import certify as make

    report = Path(options.report)
    out = Path(options.out) if options.out else report / "certificate.zip"
    try:
        content = make(report)
    except Refused as problem:
        print(problem, file=sys.stderr)
        return 1
    out.write_bytes(content)
    print(f"{out}: {len(content):,} bytes, unsigned; docs/certificate.md says how to sign it")
    return 0


@_teaching
def verify(options: argparse.Namespace) -> int:
    """Judge the evidence of a certificate once more."""
    from conformance.report.certificate import Refused, lines
    from conformance.report.certificate import verify as check

    path = Path(options.bundle)
    try:
        verified = check(path)
    except Refused as problem:
        print(f"refused: {problem}", file=sys.stderr)
        return 1
    print("\n".join(lines(verified, path)))
    return 0


@_teaching
def index(options: argparse.Namespace) -> int:
    """Put many results on one page."""
    import os

    from conformance.report.index import lines, render
    from conformance.report.words import Words, chosen

    out = Path(options.out)
    listed = lines([Path(name) for name in options.folders], out)
    page = render(listed, Words(chosen(options.lang, os.environ)))
    out.write_text(page, encoding="utf-8", errors="backslashreplace")
    print(f"{out}: {len(listed)} results")
    return 0
