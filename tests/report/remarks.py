"""What the judges say of evidence, as it stands in the code: each remark with numbers in the place of its values."""

from __future__ import annotations

import ast
import re
from collections.abc import Iterator
from pathlib import Path

SAYING = {
    "expect": (1,),
    "Broken": (0, 1),
    "Words": (0,),
    "not_testable": (0,),
    "nothing_here": (0,),
    "inconclusive": (0,),
    "NotTestable": (0,),
    "NothingHere": (0,),
    "Inconclusive": (0,),
    "NotOffered": (0,),
    "StopProbe": (0,),
    "_Stop": (1,),
    "_stop": (1,),
    "_within": (1,),
    "Finding": (2, 3),
}
"""Which arguments of a call are remarks."""
NAMED = ("expected", "got", "reason", "problem")
"""Which arguments with names are remarks, whatever is called."""
LETTERS = re.compile(r"[a-z]{2}")
PLACES = re.compile(r"\{\d+\}")


def remarks_in(path: Path) -> Iterator[str]:
    """The remarks of a module in the order of its lines, `{1}` and so on standing for values."""
    for node in ast.walk(ast.parse(path.read_text(encoding="utf-8"))):
        if isinstance(node, ast.Call):
            wanted = SAYING.get(_name(node.func), ())
            values = [value for at, value in enumerate(node.args) if at in wanted]
            for value in (*values, *(keyword.value for keyword in node.keywords if keyword.arg in NAMED)):
                yield from filter(has_words, _templates(value))


def has_words(template: str) -> bool:
    """Whether there is anything to translate beside the values."""
    return bool(LETTERS.search(PLACES.sub("", template)))


def _templates(value: ast.expr) -> Iterator[str]:
    if isinstance(value, ast.Constant) and isinstance(value.value, str):
        yield value.value
    elif isinstance(value, ast.JoinedStr):
        yield _template(value)
        for part in value.values:
            if isinstance(part, ast.FormattedValue):
                yield from _templates(part.value)
    elif isinstance(value, ast.IfExp):
        yield from (*_templates(value.body), *_templates(value.orelse))
    elif isinstance(value, ast.BoolOp):
        for part in value.values:
            yield from _templates(part)
    elif isinstance(value, ast.BinOp):
        yield from (*_templates(value.left), *_templates(value.right))


def _template(value: ast.JoinedStr) -> str:
    text, number = "", 0
    for part in value.values:
        if isinstance(part, ast.Constant):
            text += str(part.value)
        else:
            number += 1
            text += f"{{{number}}}"
    return text


def _name(function: ast.expr) -> str:
    if isinstance(function, ast.Attribute):
        return function.attr
    return function.id if isinstance(function, ast.Name) else ""
