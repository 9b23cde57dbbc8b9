"""Command line: `hub-conformance COMMAND`, or `python -m conformance COMMAND`."""

from __future__ import annotations

import argparse
import io
import os
import sys
from collections.abc import Sequence
from pathlib import Path
from typing import TYPE_CHECKING

if TYPE_CHECKING:
    from conformance.engine.requirement import Catalogue


NOBODY_READS = 141
"""Exit status of a command whose output nobody takes any more: that of one which SIGPIPE ends."""


def main(argv: Sequence[str] | None = None) -> int:
    """Run one command and return its exit status. Heavy modules are imported by the command that needs them."""
    arguments = list(sys.argv[1:] if argv is None else argv)
    if arguments[:1] == ["hub"]:
        from conformance.hub.__main__ import main as hub_main

        return hub_main(arguments[1:], prog="hub-conformance hub")
    if arguments[:1] == ["run"]:
        return _run(arguments[1:])
    parser = _parser()
    options = parser.parse_args(arguments)
    for stream in (sys.stdout, sys.stderr):
        if isinstance(stream, io.TextIOWrapper):
            stream.reconfigure(errors="backslashreplace")  # a terminal may know fewer letters than a report has
    try:
        status: int = options.run(options)
        sys.stdout.flush()
    except BrokenPipeError:
        # Whoever reads has seen enough, as `head` has. The interpreter's own last flush must go somewhere, too.
        os.dup2(os.open(os.devnull, os.O_WRONLY), sys.stdout.fileno())
        return NOBODY_READS
    return status


class _Parser(argparse.ArgumentParser):
    """Ends with status 4 on bad arguments, as every bad input to the suite does."""

    def error(self, message: str) -> None:  # type: ignore[override]
        self.exit(4, f"{self.prog}: {message}; try --help\n")


def _parser() -> argparse.ArgumentParser:
    parser = _Parser(prog="hub-conformance", description="A contract conformance suite for LLM hubs.")
    commands = parser.add_subparsers(metavar="COMMAND", required=True)
    commands.add_parser("run", help="judge a hub; all arguments go to pytest (see: run --help)", add_help=False)
    commands.add_parser("hub", help="start the embedded reference hub (see: hub --help)", add_help=False)
    init = commands.add_parser("init", help="look at a hub's model list and write a hub.toml with comments")
    init.add_argument("--base-url", metavar="URL", required=True, help="the hub, as https://host or http://host:port")
    init.add_argument("--token-env", metavar="NAME", default="HUB_TOKEN", help="variable with its token (HUB_TOKEN)")
    init.add_argument("--output", metavar="FILE", default="hub.toml", help="where to write it (default: hub.toml)")
    init.add_argument("--force", action="store_true", help="write over a file that is there")
    init.set_defaults(run=_init)
    spec = commands.add_parser("spec", help="print the contract as one OpenAPI document")
    spec.add_argument("--json", action="store_true", help="as JSON instead of YAML")
    spec.set_defaults(run=_spec)
    explain = commands.add_parser("explain", help="print what stands behind a requirement's id")
    _in_a_language(explain)
    explain.add_argument("id", metavar="ID", help="for example chat.stream.done-last")
    explain.set_defaults(run=_explain)
    report = commands.add_parser("report", help="write a run's report.html, summary, badges and junit.xml once more")
    _in_a_language(report)
    report.add_argument("folder", metavar="DIR", help="the run's report folder, with result.json and evidence/")
    report.set_defaults(run=_report)
    _add_results(commands)
    return parser


def _add_results(commands: argparse._SubParsersAction[_Parser]) -> None:
    """The commands about results, which `conformance.report.commands` runs."""
    result = "a report folder or its result.json"
    diff = commands.add_parser("diff", help="say what changed between two runs; status 1 when something got worse")
    diff.add_argument("results", nargs="+", metavar="RESULT", help=f"before and after, each {result}")
    diff.add_argument("--minus", metavar="UPSTREAM", help="what one result adds to that of the server behind the hub")
    diff.add_argument("--format", choices=("text", "json", "markdown"), default="text")
    merge = commands.add_parser("merge", help="join the report folders of all shards of a run")
    _in_a_language(merge)
    merge.add_argument("folders", nargs="+", metavar="DIR", help="the report folder of a shard")
    merge.add_argument("--report", metavar="DIR", required=True, help="where the report of the whole goes")
    merge.add_argument("--baseline", metavar="FILE", help="what is known of the hub, held against the whole")
    certify = commands.add_parser("certify", help="put a result and its evidence into one file to be judged again")
    certify.add_argument("--report", metavar="DIR", default="reports", help="the run's report folder")
    certify.add_argument("--out", metavar="FILE", help="the certificate (default: certificate.zip in that folder)")
    verify = commands.add_parser("verify", help="judge the evidence of a certificate once more; asks no network")
    verify.add_argument("bundle", metavar="FILE", help="the certificate")
    index = commands.add_parser("index", help="put the results of many hubs on one page")
    _in_a_language(index)
    index.add_argument("folders", nargs="+", metavar="DIR", help="a report folder")
    index.add_argument("--out", metavar="FILE", default="index.html")
    for name, command in {"diff": diff, "merge": merge, "certify": certify, "verify": verify, "index": index}.items():
        command.set_defaults(run=_result_command, command=name)


def _result_command(options: argparse.Namespace) -> int:
    from conformance.report import commands

    status: int = getattr(commands, options.command)(options)
    return status


def _run(arguments: Sequence[str]) -> int:
    """Judge a hub with pytest in this process: all of the package, or what the arguments name of it."""
    import pytest

    from conformance.entry import PACKAGE, UNUSED_PLUGINS, joined, names_this_package

    arguments = joined(arguments)
    parts = [argument for argument in arguments if argument != PACKAGE.name]
    chosen = () if names_this_package(parts, True, Path()) else (PACKAGE.name,)
    return int(pytest.main([*UNUSED_PLUGINS, "--pyargs", *arguments, *chosen]))


def _in_a_language(parser: argparse.ArgumentParser) -> None:
    words = "language: en (English) or zh (Chinese); default: that of the locale"
    parser.add_argument("--lang", choices=("en", "zh"), default=None, help=words)


def _catalogue(options: argparse.Namespace) -> Catalogue:
    import os

    from conformance.engine.requirement import catalogue_in
    from conformance.report.words import chosen

    return catalogue_in(chosen(options.lang, os.environ))


def _init(options: argparse.Namespace) -> int:
    from conformance.engine.firstfile import look_and_write
    from conformance.engine.target import TargetError

    path = Path(options.output)
    if path.exists() and not options.force:
        print(f"{path} is there already: --force writes over it, --output FILE writes another", file=sys.stderr)
        return 4
    try:
        found = look_and_write(path, options.base_url, options.token_env)
    except TargetError as problem:
        print(problem, file=sys.stderr)
        return 4
    except OSError as problem:
        print(f"cannot write {path}: {problem.strerror}", file=sys.stderr)
        return 4
    use = "" if options.output == "hub.toml" else f" --hub={path}"
    print(f"{path}: written after a look at {found} models. Read it, then: pytest --plan{use}, and pytest{use}")
    return 0


def _spec(options: argparse.Namespace) -> int:
    import json

    import yaml

    from conformance.engine.contract import load_contract

    document = load_contract().document
    if options.json:
        print(json.dumps(document, indent=2, ensure_ascii=False))
    else:
        print(yaml.safe_dump(document, sort_keys=False, allow_unicode=True, width=120), end="")
    return 0


def _explain(options: argparse.Namespace) -> int:
    import difflib

    catalogue = _catalogue(options)
    if options.id not in catalogue:
        near = difflib.get_close_matches(options.id, catalogue, n=3, cutoff=0.5)
        hint = f"; near it: {', '.join(near)}" if near else ""
        print(f"there is no requirement {options.id!r}{hint}", file=sys.stderr)
        return 4
    from conformance.engine.embedded import EmbeddedHubError
    from conformance.explain import lines

    try:
        for line in lines(catalogue[options.id], catalogue):
            print(line, flush=True)
    except EmbeddedHubError as problem:
        print(f"no example: {problem}", file=sys.stderr)
        return 3
    return 0


def _report(options: argparse.Namespace) -> int:
    from conformance.report.kept import KeptError, read_result
    from conformance.report.write import FACES, write_all

    folder = Path(options.folder)
    try:
        result = read_result(folder)
    except KeptError as problem:
        print(problem, file=sys.stderr)
        return 4
    problems = write_all(result, folder / "evidence", folder, _catalogue(options))
    for line in problems:
        print(line, file=sys.stderr)
    for name in FACES:
        print(folder / name)
    return 3 if problems else 0


if __name__ == "__main__":
    sys.exit(main())
