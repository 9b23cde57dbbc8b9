"""Signs of a server's inside in what it sends: stack traces, source files, queries."""

from __future__ import annotations

import re

__all__ = ["inside_shown"]

_SIGNS = (
    ("a Python traceback", re.compile(r"Traceback \(most recent call last\)|File \"[^\"\n]+\", line \d+")),
    ("a JavaScript stack", re.compile(r"(?:\s|\\n)\s*at [^\n]{0,200}:\d+:\d+\)?|node:internal/")),
    ("a Go panic", re.compile(r"goroutine \d+ \[|runtime error: |/[\w./-]+\.go:\d+")),
    ("a Java stack", re.compile(r"\bat [\w$.]+\([\w$]+\.(?:java|kt|scala):\d+\)|Exception in thread \"")),
    ("a Rust panic", re.compile(r"\bpanicked at |RUST_BACKTRACE")),
    ("a path of its packages", re.compile(r"/(?:site|dist)-packages/|/node_modules/")),
    ("a PHP error", re.compile(r"(?:Fatal error|Warning|Notice)(?:</b>)?: .{0,300} on line ")),
    ("a .NET stack", re.compile(r"\bat [\w.<>`]+\(.{0,200}\) in .{1,200}:line \d+")),
    (
        "a database's words",
        re.compile(r"SQLSTATE\[|\bpq: \w|syntax error at or near|ORA-\d{5}|sqlite3?\.\w*Error", re.I),
    ),
)
_LONGEST_QUOTE = 160


def inside_shown(text: str) -> tuple[str, str] | None:
    """The first sign of a server's inside: what it is, and the words; None when there is none.

    Meant for error answers: what a model writes may look like a stack trace and betray nothing.
    """
    for name, pattern in _SIGNS:
        found = pattern.search(text)
        if found:
            return name, found[0].strip()[:_LONGEST_QUOTE]
    return None
