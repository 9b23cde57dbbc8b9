"""`index.html`: many results on one page, a line for each, with a link to each report."""

from __future__ import annotations

import os
from collections.abc import Iterable
from dataclasses import dataclass
from pathlib import Path
from urllib.parse import quote

from markupsafe import Markup, escape

from conformance.engine.judge import SEVERITY, Verdict
from conformance.report.bytesview import visible
from conformance.report.html import headline
from conformance.report.kept import KeptError, read_result
from conformance.report.result import Result
from conformance.report.words import ENGLISH, Words

PAGE = "report.html"
_STYLE = """
:root { color-scheme: light dark; font: 15px/1.5 system-ui, sans-serif; }
body { margin: 2rem auto; max-width: 75rem; padding: 0 1rem; }
table { border-collapse: collapse; width: 100%; }
th, td { text-align: right; padding: .35rem .6rem; border-bottom: 1px solid light-dark(#ddd, #444); }
th:first-child, td:first-child, .words { text-align: left; }
.fail, .error { color: light-dark(#b3261e, #ff8a80); font-weight: 600; }
.warn { color: light-dark(#8a5a00, #f0b849); }
.pass { color: light-dark(#1c7c46, #6fd69a); }
small { color: light-dark(#666, #aaa); }
"""


@dataclass(frozen=True)
class Line:
    """One result, or why there is none. `link` is relative to the page; empty when there is nothing to open."""

    name: str
    link: str
    result: Result | None
    problem: str = ""


def lines(folders: Iterable[Path], page: Path) -> list[Line]:
    """The results of the report folders, by name; a folder without one has a line that says so."""
    found = []
    for folder in folders:
        link = folder / PAGE
        relative = quote(os.path.relpath(link, page.parent).replace(os.sep, "/")) if link.exists() else ""
        name = folder.resolve().name
        try:
            found.append(Line(name, relative, read_result(folder)))
        except KeptError as problem:
            found.append(Line(name, relative, None, str(problem)))
    return sorted(found, key=lambda line: line.name)


def render(listed: Iterable[Line], say: Words = ENGLISH) -> str:
    """The page, said by `say`. It loads nothing and runs nothing; what a hub or a folder is called is text."""
    body = Markup("\n").join(_row(line, say) for line in listed)
    heads = Markup("").join(Markup("<th scope=col>{}</th>").format(say(str(v))) for v in SEVERITY)
    return str(
        Markup(
            "<!doctype html>\n<html lang={lang}><head><meta charset=utf-8>"
            "<meta name=viewport content='width=device-width, initial-scale=1'>"
            "<meta http-equiv=Content-Security-Policy content=\"default-src 'none'; style-src 'unsafe-inline'\">"
            "<title>{title}</title><style>{style}</style></head><body>\n"
            "<h1>{title}</h1>\n<p>{counted}</p>\n"
            "<table><thead><tr><th scope=col>{hub}</th><th scope=col class=words>{comes_to}</th>{heads}"
            "<th scope=col>{new}</th><th scope=col>{requests}</th><th scope=col>{judged}</th></tr></thead><tbody>\n"
            "{body}\n</tbody></table></body></html>\n"
        ).format(
            lang=say.language,
            title=say("Hubs judged by hub-conformance"),
            style=Markup(_STYLE),
            counted=say("Requirements, each counted once by its worst verdict."),
            hub=say("hub"),
            comes_to=say("comes to"),
            heads=heads,
            new=say("new"),
            requests=say("requests"),
            judged=say("judged"),
            body=body,
        )
    )


def _row(line: Line, say: Words) -> Markup:
    name = visible(line.name)
    title = Markup('<a href="{}">{}</a>').format(line.link, name) if line.link else escape(name)
    if line.result is None:
        problem = escape(visible(line.problem))
        return Markup("<tr><td>{}</td><td class='words error' colspan={}>{}</td></tr>").format(
            title, len(SEVERITY) + 4, problem
        )
    result = line.result
    verdict, words = headline(result, say)
    cells = Markup("").join(_cell(v, result.requirements.get(v, 0)) for v in SEVERITY)
    where = say("the embedded hub") if result.target.embedded else result.target.base_url
    partial = "; ".join(result.why_partial(say))
    new = len({row.requirement for row in result.rows if row.verdict is Verdict.FAIL and row.decides})
    return Markup(
        "<tr><td>{}<br><small>{}</small></td><td class='words {}'>{}<br><small>{}</small></td>{}"
        "<td>{}</td><td>{}</td><td>{}<br><small>{}</small></td></tr>"
    ).format(
        title,
        visible(where),
        verdict,
        words,
        visible(partial),
        cells,
        new or "·",
        result.spend.requests,
        f"{result.started:%Y-%m-%d %H:%M}",
        say("edition {edition}", edition=visible(result.suite.edition) or say("unknown")),
    )


def _cell(verdict: Verdict, count: int) -> Markup:
    return Markup("<td class={}>{}</td>").format(verdict if count else "none", count or "·")
